r"""The report's tree as one LaTeX document.

Law: nothing passes the margin in silence: long formulas are folded (`breaking.py`), what is still too wide is shrunk,
and what would then be unreadable, or is taller than a page, is written to the log under the name of its claim
(`typeset.py` reads it). Equations one under the other break over pages between their rows.

What a stranger wrote is escaped letter by letter; formulas were read (`mathematics.py`).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from derivations.show.report import nodes as n
from derivations.show.report.breaking import LINE, fold, width
from derivations.show.report.columns import LONG, WIDEST, columns_of
from derivations.show.report.document import COLOURS, SIGNS, Report, words_of
from derivations.show.report.escaping import code, text
from derivations.show.report.markup import unlinked
from derivations.show.report.mathematics import BadMathematics, read
from derivations.show.report.pictures import to_picture
from derivations.typeset.lines import rule_parts

CLASS = r"""\documentclass[11pt,a4paper]{article}
\usepackage[a4paper,left=27mm,right=27mm,top=26mm,bottom=28mm]{geometry}
\setcounter{tocdepth}{2}\setcounter{secnumdepth}{0}
\AtBeginDocument{\setlength{\parindent}{0pt}\setlength{\parskip}{6pt plus 2pt minus 1pt}
\setlength{\emergencystretch}{6em}\tolerance=3000\hbadness=9999\vbadness=9999\hfuzz=1pt\vfuzz=1pt
\clubpenalty=9000\widowpenalty=9000\relax}
"""
MACROS = r"""\usepackage{amsmath,amssymb,graphicx,xcolor,booktabs,longtable,array}
\usepackage{fontspec}
\usepackage[unicode,colorlinks,linkcolor=region,urlcolor=region,bookmarksnumbered,bookmarksopen]{hyperref}
\definecolor{proved}{HTML}{1B6E3C}\definecolor{region}{HTML}{1F5C99}
\definecolor{refuted}{HTML}{A32638}\definecolor{undecided}{HTML}{8A6100}\definecolor{open}{HTML}{5C5C5C}
\newsavebox{\gpbox}\newlength{\gpindent}\newlength{\gproom}
% What follows belongs to this place of the document; the log says so.
\newcommand{\gpplace}[1]{\typeout{gradproof place: #1}}
% A box that is wider than the room is shrunk to it; what can hardly be read then is written to the log.
\newcommand{\gpfit}[2]{\sbox{\gpbox}{#2}%
  \ifdim\ht\gpbox>0.9\textheight\typeout{gradproof layout: a formula is taller than the page}\fi
  \ifdim\wd\gpbox>#1\relax
    \ifdim\wd\gpbox>2.4\dimexpr#1\relax\typeout{gradproof layout: a formula is shrunk below what can be read}\fi
    \resizebox{#1}{!}{\usebox{\gpbox}}\else\usebox{\gpbox}\fi}
\newcommand{\gpdisplay}[2]{\par\smallskip{\parfillskip0pt\noindent\hfil
  \gpfit{\dimexpr\linewidth-3em}{$\displaystyle #1$}\hfil\llap{#2}\par}\smallskip}
% Equations one under the other: the relations stand in one column, pages break between rows.
\newcommand{\gpleft}[1]{\sbox{\gpbox}{$\displaystyle #1$}%
  \ifdim\wd\gpbox<0.24\linewidth\setlength{\gpindent}{\wd\gpbox}\gdef\gphead{\usebox{\gpsaved}}%
    \global\sbox{\gpsaved}{\usebox{\gpbox}}%
  \else\setlength{\gpindent}{1.6em}\gdef\gphead{}\fi}
\newsavebox{\gpsaved}
\newcommand{\gpalone}[1]{\par\noindent\gpfit{\linewidth}{$\displaystyle #1$}\par\nobreak\vskip-\parskip\vskip2pt}
\newcommand{\gprow}[3]{\par\noindent\makebox[\gpindent][l]{#1}%
  \setlength{\gproom}{\dimexpr\linewidth-\gpindent-#3\relax}%
  \gpfit{\gproom}{$\displaystyle\ #2$}}
\newcommand{\gpnote}[1]{\hfill\parbox[t]{0.3\linewidth}{\raggedleft\footnotesize #1}}
\newcommand{\gpend}{\par\vskip-\parskip\vskip3pt plus 1pt}
% A page that has less room than this left may end here: left to who breaks pages, who knows what fits. That is
% stretched 4.6 times its own stretch before it counts as infinitely bad.
\newcommand{\roomfor}[1]{\par\setlength{\gproom}{\dimexpr#1*10/46\relax}%
  \vskip0pt plus \gproom\penalty-120\vskip0pt plus -\gproom\relax}
\newcommand{\gphead}{}
% A claim: a coloured rule at the left, its name, its verdict by sign and word.
\newenvironment{claim}[4]{\roomfor{6\baselineskip}\addvspace{9pt}\noindent#4\textcolor{#1}{\rule{3pt}{1.6ex}}\enspace
  \parbox[t]{0.62\linewidth}{\raggedright\bfseries #2}\hfill
  \parbox[t]{0.32\linewidth}{\raggedleft\small\textcolor{#1}{#3}}\par\nobreak
  \begin{list}{}{\leftmargin=1.1em\rightmargin=0pt\topsep=2pt\partopsep=0pt\parsep=3pt\listparindent=0pt}\item[]\small}%
  {\end{list}\addvspace{6pt}}
% Lists and quotes that are deeper than LaTeX's.
\newenvironment{deeper}{\par\advance\leftskip1.4em\relax}{\par}
\newcommand{\deeperitem}[1]{\par\noindent\llap{#1\enspace}\ignorespaces}
\newenvironment{given}{\par\addvspace{6pt}\begin{quote}}{\end{quote}\addvspace{4pt}}
"""
CHINESE = r"""\usepackage{xeCJK}
\IfFontExistsTF{Noto Serif CJK SC}{\setCJKmainfont{Noto Serif CJK SC}\setCJKmonofont{Noto Sans CJK SC}}{%
  \setCJKmainfont{FandolSong-Regular.otf}[ItalicFont=FandolKai-Regular.otf,BoldFont=FandolSong-Bold.otf]%
  \setCJKmonofont{FandolFang-Regular.otf}}
"""
OTHER = r"""\IfFontExistsTF{FreeSerif}{\newfontfamily\gpother{FreeSerif}}{%
  \IfFontExistsTF{DejaVu Sans}{\newfontfamily\gpother{DejaVu Sans}}{\let\gpother\relax}}
% A picture: by the first font that has it; where none has, it is missing, and the log says so.
\newif\ifgpfound
\newcommand{\gptry}[2]{\ifgpfound\else\IfFontExistsTF{#1}{{\fontspec{#1}%
  \iffontchar\font`#2 \global\gpfoundtrue#2\fi}}{}\fi}
\DeclareRobustCommand{\gpsign}[1]{\global\gpfoundfalse%
  \gptry{FreeSerif}{#1}\gptry{DejaVu Sans}{#1}\gptry{Noto Emoji}{#1}\gptry{Symbola}{#1}\ifgpfound\else#1\fi}
\ifdefined\pdfstringdefDisableCommands\pdfstringdefDisableCommands{\def\gpsign#1{#1}}\fi
"""

_COMMENT = "%@"  # begins the source line of a formula that a stranger wrote
DEEPEST = 4  # lists and quotes that LaTeX sets within others; what is deeper is set without its lists
LEAST_FIGURE, FIGURES = 150.0, 415.0  # points: of the words below a drawing, of all that stand side by side
NOTE_WIDTH = 0.31  # of a line, for the rule of a step


def anchor(name: str) -> str:
    """A place's name in letters that TeX does not interpret.

    >>> anchor("a_b"), anchor("grad-w")
    ('a.5f.b', 'grad-w')
    """
    return "".join(c if c.isascii() and (c.isalnum() or c == "-") else f".{ord(c):x}." for c in name)


class Page:
    """Writes one report; formulas whose places are in `spoilt` stand as text. `pictures` collects the files that the
    document needs beside it."""

    def __init__(self, spoilt: frozenset[int] = frozenset()) -> None:
        self.spoilt = spoilt
        self.formulas: list[n.Mathematics] = []
        self.pictures: dict[str, Path] = {}
        self.notes: dict[tuple[str, int], n.Blocks] = {}
        self.noted: set[tuple[str, int]] = set()
        self.folds: list[tuple[str, n.Fold]] = []
        self.place = ""
        self.depth = 0  # of lists and quotes
        self.numbered = 0  # of lists with numbers
        self.appended = True  # whether complete derivations go to an appendix; else they are left out
        self.problems: list[str] = []

    # -- the whole --

    def document(self, report: Report) -> str:
        """The LaTeX document."""
        for chapter in report.chapters:
            self._collect(chapter.blocks)
        bodies = [
            f"\\clearpage\n{self._section(1, chapter.title, chapter.id)}" * bool(chapter.title)
            + self.blocks(chapter.blocks)
            for chapter in report.chapters
        ]
        if self.folds:
            bodies.append(self._appendix())
        body = "\n".join(bodies)
        front = report.front
        chinese = CHINESE if any(unicodedata.east_asian_width(c) in "WF" for c in body + front.title) else ""
        author = ", ".join(front.authors)
        return "\n".join(
            [
                CLASS + MACROS + OTHER + chinese,
                rf"\hypersetup{{pdftitle={{{bookmark(front.title)}}},pdfauthor={{{bookmark(author)}}},"
                rf"pdflang={{{front.language}}},pdfcreator={{gradproof}}}}",
                r"\begin{document}",
                rf"\begin{{center}}{{\LARGE {text(front.title)}\par}}\medskip",
                text(" · ".join(part for part in (author, front.date) if part)),
                r"\end{center}\medskip",
                r"{\setlength{\parskip}{0pt}\tableofcontents}",
                body,
                r"\end{document}",
                "",
            ]
        )

    def _collect(self, blocks: n.Blocks) -> None:
        self.notes |= n.notes_in(blocks)

    def _section(self, level: int, title: n.Inlines, place: str) -> str:
        name = ("section", "subsection", "subsubsection", "paragraph", "subparagraph")[min(level, 5) - 1]
        listed = self.inline(unlinked(title, with_places=False))
        shown = rf"[\texorpdfstring{{{listed}}}{{{bookmark(words_of(title))}}}]{{{self.inline(title)}}}"
        return rf"\roomfor{{8\baselineskip}}\hypertarget{{{anchor(place)}}}{{}}\{name}{shown}" + "\n"

    def _appendix(self) -> str:
        parts = ["\\clearpage\n" + self._section(1, (n.Text("Complete derivations"),), "complete-derivations")]
        for place, fold_ in self.folds:
            self.place = place
            parts.append(
                rf"\roomfor{{6\baselineskip}}\gpplace{{{anchor(place)}}}\hypertarget{{complete-{anchor(place)}}}{{}}"
                rf"\textbf{{\hyperlink{{{anchor(place)}}}{{{text(place)}}}}}: {text(fold_.head)}\par"
            )
            parts.append(rf"{{\small {self.blocks(fold_.inside)}}}")
        return "\n".join(parts)

    # -- blocks --

    def blocks(self, blocks: n.Blocks) -> str:
        return "\n".join(filter(None, map(self._block, blocks)))

    def _block(self, block: n.Block) -> str:
        match block:
            case n.Paragraph(inside):
                return f"{self.inline(inside)}\\par\n"
            case n.Heading(level, inside, place):
                return self._section(level + 1, inside, place)
            case n.Listing(words):
                lines = [code(line).replace("  ", "~~") for line in words.split("\n")]
                return "\\begin{quote}\\small\\raggedright\n" + "\\\\\n".join(line or "~" for line in lines) + (
                    "\n\\end{quote}"
                )
            case n.Items(items, start):
                return self._items(items, start)
            case n.Quote(inside):
                kind = "quote" if self.depth < DEEPEST else "deeper"
                return rf"\begin{{{kind}}}{self._within(inside)}\end{{{kind}}}"
            case n.Table():
                return self._table(block)
            case n.Rule():
                return r"\medskip\noindent\rule{\linewidth}{0.3pt}\medskip"
            case n.Equations(rows):
                return "".join(self._rows(rows))
            case n.Box():
                return self._box(block)
            case n.Fold() if not self.appended:
                return ""
            case n.Fold(head):
                self.folds.append((self.place, block))
                return rf"\hyperlink{{complete-{anchor(self.place)}}}{{{text(head)}}}: in the appendix.\par"
            case n.Figure():
                return self._figures((block,))
            case n.Figures(figures):
                return self._figures(figures)
            case n.Footnotes():
                return ""
            case n.References(entries):
                return "".join(map(self._listed, entries))

    def _within(self, blocks: n.Blocks) -> str:
        """What stands in a list or in a quote."""
        self.depth += 1
        try:
            return self.blocks(blocks)
        finally:
            self.depth -= 1

    def _items(self, items: Sequence[n.Blocks], start: int | None) -> str:
        if self.depth >= DEEPEST:
            marks = [r"\textbullet" if start is None else f"{start + at}." for at in range(len(items))]
            parts = (rf"\deeperitem{{{mark}}}{self._within(item)}" for mark, item in zip(marks, items, strict=True))
            return rf"\begin{{deeper}}{''.join(parts)}\end{{deeper}}"
        kind = "itemize" if start is None else "enumerate"
        counter = ("i", "ii", "iii", "iv")[self.numbered]
        first = rf"\setcounter{{enum{counter}}}{{{start - 1}}}" if start is not None else ""
        self.numbered += start is not None
        listed = "\n".join(rf"\item {self._within(item)}" for item in items) or r"\item"
        self.numbered -= start is not None
        return rf"\begin{{{kind}}}\raggedright\setlength{{\itemsep}}{{2pt}}{first}{listed}\end{{{kind}}}"

    def _listed(self, work: n.Listed) -> str:
        """One work, and the ways back to where it is cited."""
        several = len(work.cited) > 1
        back = "".join(
            rf" \hyperlink{{{anchor(place)}}}{{$\hookleftarrow${at if several else ''}}}"
            for at, place in enumerate(work.cited, 1)
        )
        target = rf"\hypertarget{{{anchor(work.id)}}}{{}}"
        return (
            r"{\raggedright\hangindent=1.6em\hangafter=1\noindent "
            f"{target}{self.inline(work.inside)}{back}\\par}}\n"
        )

    def _box(self, block: n.Box) -> str:
        place = anchor(block.id)
        mark = rf"\gpplace{{{place}}}\hypertarget{{{place}}}{{}}" if block.id else ""
        if block.kind == "given":
            return rf"\begin{{given}}{mark}{self.blocks(block.inside)}\end{{given}}"
        self.place = block.id
        name = "".join(self.inline((part,)) for part in block.head if not isinstance(part, n.Badge))
        label = "".join(self.inline((part,)) for part in block.head if isinstance(part, n.Badge))
        colour = COLOURS.get(block.kind, "open")
        head = rf"\begin{{claim}}{{{colour}}}{{{name}}}{{{label}}}{{{mark}}}"
        return f"{head}\n{self.blocks(block.inside)}\\end{{claim}}"

    def _figures(self, figures: Sequence[n.Figure]) -> str:
        """Drawings with their words, side by side where they have room, else one below the other."""
        widths = [max(each.drawing.width * each.drawing.unit, LEAST_FIGURE) + 8 for each in figures]
        if len(figures) == 1 or sum(widths) > FIGURES:
            widths, groups = [0.0] * len(figures), [[each] for each in figures]
        else:
            widths[-1] += FIGURES - sum(widths)
            groups = [list(figures)]
        return "".join(self._beside(group, widths) for group in groups)

    @staticmethod
    def _beside(figures: Sequence[n.Figure], widths: Sequence[float]) -> str:
        shown = []
        for each, width_ in zip(figures, widths, strict=False):
            drawn = rf"\gpfit{{\linewidth}}{{{to_picture(each.drawing, text)}}}"
            words = rf"{{\raggedright\footnotesize {text(each.words)}\par}}"
            column = rf"\begin{{minipage}}[t]{{{width_:g}pt}}{drawn}\par{words}\end{{minipage}}"
            shown.append(column if len(figures) > 1 else rf"{drawn}\par\nobreak{words}")
        beside = r"\hfill ".join(shown)
        return rf"\par\medskip\noindent {beside}\par\medskip"

    def _table(self, table: n.Table) -> str:
        found = columns_of(table)
        columns = len(found.longest)
        natural = "".join({"right": "r", "center": "c"}.get(side, "l") for side in found.sides)
        if found.kind == "natural":
            return self._rows_of(table, columns, "longtable", natural)
        if found.kind == "shrunk":
            narrow = [r">{\raggedright\arraybackslash}p{11em}" if letters > LONG else "" for letters in found.longest]
            spec = "".join(wide or side for wide, side in zip(narrow, natural, strict=True))
            whole = self._rows_of(table, columns, "tabular", spec)
            return rf"\par\medskip\noindent\gpfit{{\linewidth}}{{{whole}}}\par\medskip"
        kinds = {"right": "raggedleft", "center": "centering", "left": "raggedright"}
        widest = [min(letters, WIDEST) for letters in found.longest]
        share = (0.98 - 0.026 * columns) / sum(widest)
        spec = "".join(
            rf">{{\{kinds[side]}\arraybackslash}}p{{{share * letters:.3f}\linewidth}}"
            for side, letters in zip(found.sides, widest, strict=True)
        )
        return self._rows_of(table, columns, "longtable", spec)

    def _rows_of(self, table: n.Table, columns: int, kind: str, spec: str) -> str:
        lines = [r"\toprule"]
        for number, row in enumerate(table.rows):
            cells = [self.inline(cell) for cell in row] + [""] * (columns - len(row))
            end = r"\endhead" if kind == "longtable" else ""
            lines.append(" & ".join(cells) + r" \\" + (rf" \midrule{end}" if number == table.heads - 1 else ""))
        body = "\n".join([*lines, r"\bottomrule"])
        return rf"{{\small\setlength{{\tabcolsep}}{{3pt}}\begin{{{kind}}}{{@{{}}{spec}@{{}}}}" + (
            f"\n{body}\n\\end{{{kind}}}}}"
        )

    # -- equations --

    def _rows(self, rows: Sequence[n.Row]) -> Iterator[str]:
        noted = any(row.note for row in rows)
        room = LINE * (1 - NOTE_WIDTH) if noted else LINE
        yield "\n{"
        for row in rows:
            left, head = self._checked(row.left), ""
            if left:
                if width(left) < 0.24 * LINE:
                    head = rf"$\displaystyle {left}$"
                    yield rf"\gpleft{{{left}}}" + "\n"
                    indent = width(left)
                else:
                    yield "".join(rf"\gpalone{{{part}}}" for part in fold(left, LINE)) + "\n"
                    yield r"\setlength{\gpindent}{1.6em}" + "\n"
                    indent = 3
                room_left = room - indent - 3
            parts = fold(self._checked(row.right), room_left)
            taken = rf"{NOTE_WIDTH}\linewidth" if noted else "0pt"
            for number, part in enumerate(parts):
                relation = "= " if not number else r"\qquad "
                note = self._note(row) if not number and row.note else ""
                yield rf"\gprow{{{head if not number else ''}}}{{{relation}{part}}}{{{taken}}}{note}\gpend" + "\n"
        yield "}\n"

    def _note(self, row: n.Row) -> str:
        shown = rule_text(row.note)
        return rf"\gpnote{{\hyperlink{{{anchor(row.link)}}}{{{shown}}}}}" if row.link else rf"\gpnote{{{shown}}}"

    def _checked(self, tex: str) -> str:
        """A formula of our own, with letters as mathematics fonts have them."""
        try:
            return read(tex).tex if tex else ""
        except BadMathematics as error:
            self.problems.append(f"{self.place}: a formula cannot be set: {error.message}: {tex[:80]}")
            return rf"\text{{{text(tex)}}}"

    # -- inside of paragraphs --

    def inline(self, inside: n.Inlines) -> str:
        return "".join(map(self._one, inside))

    def _one(self, node: n.Inline) -> str:
        match node:
            case n.Text(words):
                return text(words)
            case n.Code(words):
                return code(words)
            case n.Mathematics():
                return self._formula(node)
            case n.Marked(kind, inside):
                return rf"\{'emph' if kind == 'emphasis' else 'textbf'}{{{self.inline(inside)}}}"
            case n.Link(address, inside):
                if address.startswith("#"):
                    return rf"\hyperlink{{{anchor(address[1:])}}}{{{self.inline(inside)}}}"
                return rf"\href{{{_address(address)}}}{{{self.inline(inside)}}}"
            case n.Picture(file, words):
                name = f"gradproof-picture-{len(self.pictures) + 1}{file.suffix.lower()}"
                self.pictures[name] = file
                return (
                    rf"\gpfit{{\linewidth}}{{\includegraphics[height=0.3\textheight,width=\linewidth,keepaspectratio]"
                    rf"{{{name}}}}}"
                )
            case n.Note(number, place):
                return self._footnote(place, number)
            case n.Citation(place, inside):
                return rf"\hypertarget{{{anchor(place)}}}{{}}{self.inline(inside)}"
            case n.Break():
                return "\\\\\n"
            case n.Badge(verdict, words):
                sign = SIGNS.get(verdict, "")
                colour = COLOURS.get(verdict, "open" if verdict not in ("refuted",) else "refuted")
                return rf"\textcolor{{{colour}}}{{{text(sign)}{'~' if words else ''}{text(words)}}}"

    def _footnote(self, place: str, number: int) -> str:
        key = (place, number)
        if key in self.noted or key not in self.notes:
            return rf"\textsuperscript{{{number}}}"
        self.noted.add(key)
        inside = self.blocks(self.notes[key]).strip().removesuffix("\\par")
        return rf"\footnote{{{inside}}}"

    def _formula(self, node: n.Mathematics) -> str:
        tex, number, mark = node.tex, -1, ""
        if node.source and node.place:
            number = len(self.formulas)
            self.formulas.append(node)
            mark = f"{_COMMENT}{number}\n"
            if number in self.spoilt:
                return code(node.source)
        if not node.display:
            return f"{mark}${tex}$"
        tags = "".join(rf"\hypertarget{{equation-{node.document}-{each}}}{{}}({each})" for each in node.numbers)
        return rf"{mark}\gpdisplay{{{tex}}}{{{tags}}}"


def _address(href: str) -> str:
    return re.sub(r"([%#{}\\^~&_$])", lambda m: rf"\%{ord(m[1]):02X}" if m[1] in "{}\\^~$" else rf"\{m[1]}", href)


def bookmark(words: str) -> str:
    """Words for a bookmark or for the document's metadata: only letters that need no escape there."""
    kept = "".join(c if c.isalnum() or c in " .,:;!?()+=*/-–—∂∇" else " " for c in words)
    return " ".join(kept.split())


def rule_text(rule: str) -> str:
    """A rule's name as LaTeX text; its formulas are read."""
    parts = []
    for part, is_mathematics in rule_parts(rule):
        if not is_mathematics:
            parts.append(text(part))
            continue
        try:
            parts.append(f"${read(part).tex}$")
        except BadMathematics:
            parts.append(code(part))
    return "".join(parts)


def formula_of_line(tex: str, line: int) -> int | None:
    """The number of the stranger's formula that a line of the LaTeX document holds."""
    for above in reversed(tex.split("\n")[: line - 1]):
        match = re.search(rf"(?<!\\){_COMMENT}(\d+)\Z", above)
        if match:
            return int(match[1])
        if above.startswith((r"\begin{claim}", r"\end{claim}")):
            return None
    return None


def snippets_of(report: Report) -> dict[str, str]:
    """Each claim by the name of its file, to be read into a paper with \\input, and what the paper's preamble must
    read."""
    found = {"gradproof-preamble.tex": MACROS + OTHER}
    for chapter in report.chapters:
        for block in chapter.blocks:
            if isinstance(block, n.Box) and block.id and block.kind in COLOURS:
                page = Page()
                page.appended = False
                found[f"{anchor(block.id)}.tex"] = page.blocks((block,)) + "\n"
    return found


def latex_of(report: Report, spoilt: frozenset[int] = frozenset()) -> tuple[str, Mapping[str, Path], Page]:
    """The LaTeX document, the pictures that it needs beside it, and who wrote it."""
    page = Page(spoilt)
    return page.document(report), page.pictures, page
