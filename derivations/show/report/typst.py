"""The report's tree as a PDF by Typst, which is one Python wheel, where there is no LaTeX.

Law: as on the other pages, everything a stranger wrote is a string of Typst's, in which nothing is a command; formulas
were read (`mathematics.py`) and are translated by Pandoc. Typst reads the folder that was made for it, nothing else;
should a string have a hole, it still runs in a process of its own, confined as TeX is (`typeset.py`).

What is wider than its room is shrunk to it, and long words break. What it cannot see: a character that no font has, and
a formula that is shrunk beyond reading. Typst says nothing of them, so that this page is not checked as LaTeX's is.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path

from derivations.show.files import write_atomically
from derivations.show.report import nodes as n
from derivations.show.report.breaking import LINE, fold, width
from derivations.show.report.columns import LONG, WIDEST, columns_of
from derivations.show.report.document import COLOURS, SIGNS, Report
from derivations.show.report.escaping import INVISIBLE, LONGEST_WORD
from derivations.show.report.markup import unlinked
from derivations.show.report.mathml import Missing, ours, typst_of
from derivations.show.report.message import Message
from derivations.show.report.pictures import Drawing, to_svg
from derivations.show.report.typeset import NAME, SECONDS, missing_character, run_confined
from derivations.typeset.lines import rule_parts

HOW_TO_GET = "Typst is not installed, so there is no PDF. To get it: pip install 'gradproof[typst]'"
# The second time it is compiled as PDF/A, which may have no character without a glyph: each is an error with its line.
PROGRAM = f"""import sys
sys.path[:] = sys.argv[1:]
import typst
try:
    typst.compile("{NAME}.typ", output="{NAME}.pdf", root=".")
except typst.TypstError as error:
    sys.exit(str(error))
try:
    typst.compile("{NAME}.typ", root=".", pdf_standards=["a-2b"])
except typst.TypstError as error:
    sys.stdout.buffer.write(error.diagnostic.encode())
"""
_MISSING = re.compile(
    r"the text `\"(?P<text>[^\n]*)\"` could not be displayed[^\n]*\n[^\n]*\.typ:(?P<line>\d+):"
)
_PLACE = re.compile(r'#place\("(?P<name>(?:[^"\\]|\\.)*)"\)')
_LONG = re.compile(rf"\S{{{LONGEST_WORD + 1},}}")
_SIGN = re.compile(rf"[_./:,;=()\[\]&?+*-]+(?=.)|[^_./:,;=()\[\]&?+*-]{{{LONGEST_WORD}}}(?=.)")
_CUT = "\x00"
_BREAK = "#h(0.001pt);"  # at which a line may break
SHORT = LINE * 0.24  # a left side; a longer one has a line of its own
NOTE = 0.3  # of a line, for the rule of a step
HEAD = """#set page(paper: "a4", margin: (x: 27mm, y: 27mm), numbering: "1")
#set text(size: 10.5pt,
  font: ("New Computer Modern", "New Computer Modern Math", "Noto Serif CJK SC", "DejaVu Sans Mono",
  "FreeSerif", "DejaVu Sans", "Noto Emoji", "Symbola"))
#set par(leading: 0.6em, spacing: 0.9em)
#show math.equation: set text(font: ("New Computer Modern Math", "DejaVu Sans Mono"))
#show raw: set text(font: ("DejaVu Sans Mono", "Noto Sans CJK SC"), size: 0.9em)
#show raw.where(block: true): it => pad(left: 1.5em, it)
#show heading: set block(above: 1.4em, below: 0.7em)
#show heading.where(level: 1, outlined: true): it => { pagebreak(weak: true); it }
#show link: set text(fill: rgb("#1F5C99"))
#let colours = (proved: rgb("#1B6E3C"), region: rgb("#1F5C99"), refuted: rgb("#A32638"), undecided: rgb("#8A6100"),
  open: rgb("#5C5C5C"))
#let sect = sym.inter // as Pandoc calls it
#let place(name) = [#metadata(none)#label(name)]
#let claim(colour, name, words, body) = block(
  width: 100%, stroke: (left: 2.5pt + colours.at(colour)), inset: (left: 9pt, y: 3pt), above: 1.2em, below: 1.2em,
  { block(sticky: true, grid(columns: (1fr, auto), column-gutter: 1em, strong(name), words)); body },
)
#let given(body) = block(inset: (x: 1.5em), body)
// What is wider than its room is shrunk to it.
#let fit(body) = layout(room => {
  let part = room.width / calc.max(measure(body).width, 1pt) * 100%
  if part < 100% { scale(x: part, y: part, reflow: true, body) } else { body }
})
#let formula(body) = { show math.equation: set align(start); fit(math.equation(block: true, body)) }
#let displayed(body, number) = block(width: 100%, grid(
  columns: (1fr, auto), align: horizon, align(center, fit(math.equation(block: true, body))), number,
))
#let rows(noted, ..cells) = grid(
  columns: if noted { (auto, 1fr, 30%) } else { (auto, 1fr) }, align: horizon, column-gutter: 0.4em, row-gutter: 0.8em,
  ..cells,
)
#let boxed(body) = box(stroke: 0.5pt, inset: (x: 3pt), outset: (y: 3pt), body)
#let note(body) = text(size: 0.8em, fill: rgb("#5C5C5C"), body)
#let drawn(source, width, words) = block(breakable: false, width: 100%, {
  image(bytes(source), format: "svg", width: width)
  text(size: 0.85em, words)
})
"""
SVG = """<style>text{font-family:"DejaVu Sans Mono",sans-serif;fill:#1b1b1b}rect{stroke:#c9ced6;stroke-width:.7}
.c-positive,.c-read{fill:#1F5C99}.c-negative,.c-false{fill:#A32638}.c-true{fill:#1B6E3C}
.c-read,.c-true,.c-false{fill-opacity:.55}.c-plain{fill:#ffffff}.c-outside{fill:#d5d9df}.c-tail{fill:#eef0f3}
rect.c-mark{fill:none;stroke:#1b1b1b;stroke-width:2.2}</style>"""


def string(words: str) -> str:
    r"""Words as a string of Typst's.

    >>> print(string('a "b" #c \\d'))
    "a \"b\" #c \\d"
    """
    escaped = words.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + escaped.replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t") + '"'


class Sheet:
    """Writes one report. `formulas` gives for TeX its Typst, or nothing where there is none; `pictures` collects the
    files that the document needs beside it."""

    def __init__(self, formulas: Callable[[str], str], places: frozenset[str] = frozenset()) -> None:
        self.formulas = formulas
        self.places = places
        self.made: set[str] = set()
        self.pictures: dict[str, Path] = {}
        self.notes: dict[tuple[str, int], n.Blocks] = {}
        self.noted: set[tuple[str, int]] = set()
        self.folds: list[tuple[str, n.Fold]] = []
        self.inside = ""

    # -- the whole --

    def document(self, report: Report) -> str:
        """The document in Typst's language."""
        front = report.front
        for chapter in report.chapters:
            self.notes |= n.notes_in(chapter.blocks)
        chapters = [
            (self._heading(1, each.title, each.id) if each.title else self._place(each.id)) + self.blocks(each.blocks)
            for each in report.chapters
        ]  # fmt: skip
        if self.folds:
            chapters.append("#heading(level: 1)[Complete derivations]\n")
            chapters += [
                f"#strong[{self._link(place, place)}{_words(f': {each.head}')}]\n\n{self.blocks(each.inside)}"
                for place, each in self.folds
            ]
        authors = "".join(f"{string(author)}, " for author in front.authors)
        line = " · ".join(part for part in (", ".join(front.authors), front.date) if part)
        return "\n".join([
            f"#set document(title: {string(front.title)}, author: ({authors}))",
            f"#set text(lang: {string(front.language.split('-')[0].lower())})",
            HEAD,
            f"#align(center)[#text(size: 1.7em)[{_words(front.title)}]\n\n{_words(line)}]",
            "#outline(depth: 2)",
            *chapters,
            "",
        ])  # fmt: skip

    def _heading(self, level: int, inside: n.Inlines, place: str) -> str:
        """A heading. The contents repeat its words, which have no places, links and notes there."""
        listed = unlinked(inside, with_places=False)
        shown = f"#show heading: it => block[{self.inline(inside)}]\n" if listed != inside else ""
        return f"{self._place(place)}\n#[{shown}#heading(level: {level})[{self.inline(listed)}]]\n"

    def _place(self, name: str) -> str:
        if not name or name in self.made:
            return ""
        self.made.add(name)
        return f"#place({string(name)});"

    def _link(self, place: str, words: str) -> str:
        shown = _words(words)
        return f"#link(label({string(place)}))[{shown}];" if place in self.places else shown

    # -- blocks --

    def blocks(self, blocks: n.Blocks) -> str:
        return "\n\n".join(filter(None, map(self._block, blocks)))

    def _block(self, block: n.Block) -> str:
        match block:
            case n.Paragraph(inside):
                return self.inline(inside)
            case n.Heading(level, inside, place):
                return self._heading(min(level + 1, 6), inside, place)
            case n.Listing(words):
                return f"#raw(block: true, {string(words)})"
            case n.Items(items, start):
                listed = ", ".join(f"[{self.blocks(item)}]" for item in items)
                return f"#list({listed})" if start is None else f"#enum(start: {start}, {listed})"
            case n.Quote(inside):
                return f"#quote(block: true)[{self.blocks(inside)}]"
            case n.Table():
                return self._table(block)
            case n.Rule():
                return "#line(length: 100%, stroke: 0.4pt)"
            case n.Equations(rows):
                return self._rows(rows)
            case n.Box():
                return self._box(block)
            case n.Fold(head):
                self.folds.append((self.inside, block))
                return _words(f"{head}: at the end.")
            case n.Figure(drawing, words):
                return f"#{self._drawn(drawing, words)}"
            case n.Figures(figures):
                columns = ", ".join(self._drawn(each.drawing, each.words) for each in figures)
                return f"#grid(columns: {len(figures)} * (1fr,), column-gutter: 1em, align: top, {columns})"
            case n.Footnotes():
                return ""
            case n.References(entries):
                return "\n\n".join(map(self._listed, entries))

    def _listed(self, work: n.Listed) -> str:
        """One work, and the ways back to where it is cited."""
        several = len(work.cited) > 1
        back = " ".join(self._link(place, f"↩{at if several else ''}") for at, place in enumerate(work.cited, 1))
        return f"#par(hanging-indent: 1.6em)[{self._place(work.id)}{self.inline(work.inside)} {back}]"

    def _box(self, block: n.Box) -> str:
        place = self._place(block.id)
        if block.kind == "given":
            return f"#given[{place}{self.blocks(block.inside)}]"
        self.inside = block.id
        name = "".join(self._one(part) for part in block.head if not isinstance(part, n.Badge))
        label = "".join(self._one(part) for part in block.head if isinstance(part, n.Badge))
        colour = string(COLOURS.get(block.kind, "open"))
        return f"#claim({colour}, [{place}{name}], [{label}], [{self.blocks(block.inside)}])"

    def _table(self, table: n.Table) -> str:
        found = columns_of(table)
        count = len(found.longest)
        rows = []
        for number, row in enumerate(table.rows):
            cells = [f"[{self.inline(cell)}]" for cell in row] + ["[]"] * (count - len(row))
            line = ", ".join(cells)
            rows.append(f"table.header({line})" if number == 0 and table.heads else line)
        widths = {
            "natural": ["auto"] * count,
            "shrunk": ["11em" if letters > LONG else "auto" for letters in found.longest],
            "shared": [f"{min(letters, WIDEST):g}fr" for letters in found.longest],
        }[found.kind]
        columns, sides = "".join(f"{each}, " for each in widths), "".join(f"{side}, " for side in found.sides)
        made = f"table(columns: ({columns}), align: ({sides}), stroke: (x: none, y: 0.4pt), {', '.join(rows)})"
        return f"#[#set text(size: 0.85em)\n#{f'fit({made})' if found.kind == 'shrunk' else made}]"

    def _rows(self, rows: tuple[n.Row, ...]) -> str:
        """Equations one under the other: a line of the grid for each line of a right side."""
        noted = any(row.note for row in rows)
        room = LINE * (0.92 - NOTE) if noted else LINE * 0.92
        cells: list[str] = []
        for row in rows:
            first, *more = fold(row.right, room)
            left = f"formula({self._formula(row.left)})" if row.left else "none"
            if width(row.left) > SHORT:
                cells.append(f"grid.cell(colspan: {3 if noted else 2}, {left})")
                left = "none"
            cells += [left, f"formula({self._formula(f'= {first}')})"]
            if noted:
                cells.append(f"grid.cell(rowspan: {1 + len(more)}, align: right + top, note[{self._note(row)}])")
            for part in more:
                cells += ["none", rf"formula({self._formula(rf'{chr(92)}quad {part}')})"]
        return f"#rows({'true' if noted else 'false'}, {', '.join(cells)})"

    def _note(self, row: n.Row) -> str:
        parts = rule_parts(row.note)
        shown = "".join(f"#{self._formula(part)}" if formula else _words(part) for part, formula in parts)
        return f"#link(label({string(row.link)}))[{shown}];" if row.link in self.places else shown

    def _drawn(self, drawing: Drawing, words: str) -> str:
        svg = to_svg(drawing, words, _xml).replace("</title>", f"</title>{SVG}", 1)
        return f"drawn({string(svg)}, {drawing.width * drawing.unit:g}pt, [{_words(words)}])"

    # -- inside of paragraphs --

    def inline(self, inside: n.Inlines) -> str:
        return "".join(map(self._one, inside))

    def _formula(self, tex: str) -> str:
        """A formula of our own, as an argument."""
        shown = self.formulas(ours(tex))
        return f"[${shown}$]" if shown else f"raw({string(tex)})"

    def _display(self, node: n.Mathematics, shown: str) -> str:
        places = {each: self._place(f"equation-{node.document}-{each}") for each in node.numbers}
        numbers = "".join(f"{place}{_words(f'({each})')}" for each, place in places.items())
        return f"#displayed([${shown}$], {f'[{numbers}]' if numbers else 'none'});"

    def _one(self, node: n.Inline) -> str:
        match node:
            case n.Text(words):
                return _words(words)
            case n.Code(words):
                return _code(words)
            case n.Mathematics(tex, display):
                shown = self.formulas(tex)
                if not shown:
                    return _code(node.source or tex)
                return self._display(node, shown) if display else f"#[${shown}$]"
            case n.Marked(kind, inside):
                return f"#{'emph' if kind == 'emphasis' else 'strong'}[{self.inline(inside)}];"
            case n.Link(address, inside):
                if not address.startswith("#"):
                    return f"#link({string(address)})[{self.inline(inside)}];"
                known = address[1:] in self.places
                words = self.inline(inside)
                return f"#link(label({string(address[1:])}))[{words}];" if known else words
            case n.Picture(file, words):
                name = f"picture-{len(self.pictures) + 1}{file.suffix.lower()}"
                self.pictures[name] = file
                return f"#image({string(name)}, alt: {string(words)}, width: 60%);"
            case n.Note(number, place):
                key = (place, number)
                if key in self.noted or key not in self.notes:
                    return f"#super[{number}];"
                self.noted.add(key)
                return f"#footnote[{self.blocks(self.notes[key])}];"
            case n.Citation(place, inside):
                return f"{self._place(place)}{self.inline(inside)}"
            case n.Break():
                return "#linebreak();"
            case n.Badge(verdict, words):
                colour = COLOURS.get(verdict, "open")
                said = f"{SIGNS.get(verdict, '')} {words}".strip()
                return f"#text(fill: colours.{colour})[{_words(said)}];"


def _words(words: str) -> str:
    """Words, of which long ones may break after their signs, and somewhere in any case."""
    return _BREAK.join(f"#{string(part)};" for part in _pieces(words))


def _code(words: str) -> str:
    return _BREAK.join(f"#raw({string(part)});" for part in _pieces(words))


def _pieces(words: str) -> list[str]:
    """The words cut where a long one may break.

    >>> _pieces("a claim_with_a_long_name here")
    ['a claim_', 'with_', 'a_', 'long_', 'name here']
    """
    if not words:
        return []
    cut = _LONG.sub(lambda match: _SIGN.sub(lambda sign: sign[0] + _CUT, match[0]), words.replace("\n", " "))
    return [part for part in cut.split(_CUT) if part]


def _xml(words: str) -> str:
    return words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


def typst_document(
    report: Report, refused: frozenset[str] = frozenset()
) -> tuple[str, Mapping[str, Path], Mapping[str, str]]:
    """The document, the pictures that it needs beside it, and its formulas with their Typst, which is empty where there
    is none; raises `Missing` without Pandoc. Formulas that are refused stand as they were written."""
    asked: dict[str, None] = {}

    def gather(tex: str) -> str:
        asked[tex] = None
        return ""

    first = Sheet(gather)
    first.document(report)
    found = typst_of(list(asked))
    known = {tex: found.get(tex, "") for tex in asked if found.get(tex) not in refused}
    sheet = Sheet(lambda tex: known.get(tex, ""), frozenset(first.made))
    return sheet.document(report), sheet.pictures, known


class Refused(Exception):
    """Typst does not take the document, and says why."""


def compiled(text: str, folder: Path) -> tuple[bytes, list[str]]:
    """The PDF of a document whose pictures lie in a folder, by Typst in a process of its own, and what is missing in
    it, each with its claim; raises `Refused`."""
    (folder / f"{NAME}.typ").write_text(text, encoding="utf-8")
    command = [sys.executable, "-c", PROGRAM, *sys.path]
    try:
        status, output, said = run_confined(command, folder, SECONDS)
    except subprocess.TimeoutExpired:
        raise Refused(f"Typst did not finish within {SECONDS} s") from None
    if status:
        raise Refused(said.decode(errors="replace").strip()[-500:] or "Typst ended before it was done")
    return (folder / f"{NAME}.pdf").read_bytes(), missing_glyphs(text, output.decode(errors="replace"))


def missing_glyphs(text: str, diagnostic: str) -> list[str]:
    """Which characters of a document no font has, by what Typst says of it as PDF/A; each with the claim or the heading
    before it.

    >>> said = 'the text `"\\u2705"` could not be displayed with font X\\n - report.typ:1:1'
    >>> [line.partition(",")[0] for line in missing_glyphs('#place("first")', said)]
    ['first: no font has \u2705 (U+2705']
    """
    lines = text.split("\n")
    found: dict[str, None] = {}
    for match in _MISSING.finditer(diagnostic):
        before = "\n".join(lines[: int(match["line"])])
        places = _PLACE.findall(before)
        place = places[-1] if places else "before the first claim"
        for letter in re.sub(r"\\u\{[0-9a-f]+\}", "", match["text"]):
            if letter not in INVISIBLE:
                found[f"{place}: {missing_character(letter)}"] = None
    return list(found)


def write_typst(directory: Path, name: str, report: Report) -> Iterator[Message]:
    """Writes the document and its PDF; gives messages for the user."""
    if find_spec("typst") is None:
        yield Message(HOW_TO_GET)
        return
    target = directory / f"{name}.pdf"
    with tempfile.TemporaryDirectory(prefix="gradproof-") as made:
        folder = Path(made)
        try:
            text, pictures, formulas = typst_document(report)
        except Missing as error:
            yield Message(f"{error}: Typst needs it for formulas", is_problem=True, failed=True)
            return
        for tex in (tex for tex, shown in formulas.items() if not shown):
            yield Message(f"no Typst for {tex.strip()[:80]}; shown as text", is_problem=True)
        for file, source in pictures.items():
            shutil.copyfile(source, folder / file)
        try:
            pdf, missing = compiled(text, folder)
        except Refused:
            refused = frozenset(_refused(folder, list(filter(None, formulas.values()))))
            for each in refused:
                yield Message(f"Typst refuses ${each}$; shown as text", is_problem=True)
            text, pictures, _ = typst_document(report, refused)
            try:
                pdf, missing = compiled(text, folder)
            except Refused as error:
                write_atomically(directory / f"{name}.typ", text)
                yield Message(f"{name}.typ: no PDF was made: {error}", is_problem=True, failed=True)
                return
    for file, source in pictures.items():
        shutil.copyfile(source, directory / file)
    write_atomically(directory / f"{name}.typ", text)
    yield Message(f"wrote {directory / f'{name}.typ'}")
    target.write_bytes(pdf)
    yield Message(f"wrote {target}")
    for each in missing:
        yield Message(f"{target.name}: {each}", is_problem=True, failed=True)


def _refused(folder: Path, formulas: list[str]) -> Iterator[str]:
    """Those formulas that Typst refuses, found by halves."""
    try:
        compiled("\n\n".join([HEAD, *(f"${each}$" for each in formulas)]), folder)
    except Refused:
        if len(formulas) == 1:
            yield formulas[0]
            return
        middle = len(formulas) // 2
        yield from _refused(folder, formulas[:middle])
        yield from _refused(folder, formulas[middle:])
