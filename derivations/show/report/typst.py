"""The report's tree as a PDF by Typst, which is one Python wheel, where there is no LaTeX.

Law: as on the other pages, everything a stranger wrote is a string of Typst's, in which nothing is a command; formulas
were read (`mathematics.py`) and are translated by Pandoc. Typst reads the folder that was made for it, nothing else.

What it cannot see: what passes a margin. Typst says nothing of it, so that this page is not checked as LaTeX's is.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from derivations.show.files import write_atomically
from derivations.show.report import nodes as n
from derivations.show.report.breaking import LINE, fold, width
from derivations.show.report.document import COLOURS, SIGNS, Report
from derivations.show.report.markup import unlinked
from derivations.show.report.mathml import Missing, ours, typst_of
from derivations.show.report.message import Message
from derivations.show.report.pictures import Drawing, to_svg
from derivations.typeset.lines import rule_parts

HOW_TO_GET = "Typst is not installed, so there is no PDF. To get it: pip install 'gradproof[typst]'"
SHORT = LINE * 0.24  # a left side; a longer one has a line of its own
NOTE = 0.3  # of a line, for the rule of a step
HEAD = """#set page(paper: "a4", margin: (x: 27mm, y: 27mm), numbering: "1")
#set text(size: 10.5pt, font: ("New Computer Modern", "Noto Serif CJK SC", "DejaVu Sans Mono"))
#set par(leading: 0.6em, spacing: 0.9em)
#show math.equation: set text(font: ("New Computer Modern Math", "DejaVu Sans Mono"))
#show raw: set text(font: ("DejaVu Sans Mono", "Noto Sans CJK SC"), size: 0.9em)
#show heading: set block(above: 1.4em, below: 0.7em)
#show heading.where(level: 1, outlined: true): it => { pagebreak(weak: true); it }
#show link: set text(fill: rgb("#1F5C99"))
#let colours = (proved: rgb("#1B6E3C"), region: rgb("#1F5C99"), refuted: rgb("#A32638"), undecided: rgb("#8A6100"),
  open: rgb("#5C5C5C"))
#let place(name) = [#metadata(none)#label(name)]
#let claim(colour, name, words, body) = block(
  width: 100%, stroke: (left: 2.5pt + colours.at(colour)), inset: (left: 9pt, y: 3pt), above: 1.2em, below: 1.2em,
  { block(sticky: true, grid(columns: (1fr, auto), column-gutter: 1em, strong(name), words)); body },
)
#let given(body) = block(inset: (x: 1.5em), body)
#let rows(noted, ..cells) = grid(
  columns: if noted { (auto, 1fr, 30%) } else { (auto, 1fr) }, column-gutter: 0.4em, row-gutter: 0.7em, ..cells,
)
#let note(body) = align(right, text(size: 0.8em, fill: rgb("#5C5C5C"), body))
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
        self.notes: dict[tuple[int, int], n.Blocks] = {}
        self.noted: set[tuple[int, int]] = set()
        self.folds: list[tuple[str, n.Fold]] = []
        self.inside = ""

    # -- the whole --

    def document(self, report: Report) -> str:
        """The document in Typst's language."""
        front = report.front
        for chapter in report.chapters:
            for block in chapter.blocks:
                if isinstance(block, n.Footnotes):
                    self.notes |= {(block.document, at): note for at, note in enumerate(block.notes, 1)}
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
                return f"#grid(columns: {len(figures)} * (1fr,), column-gutter: 1em, align: bottom, {columns})"
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
        columns = max((len(row) for row in table.rows), default=1)
        sides = [*table.aligned, *["left"] * columns][:columns]
        rows = []
        for number, row in enumerate(table.rows):
            cells = [f"[{self.inline(cell)}]" for cell in row] + ["[]"] * (columns - len(row))
            line = ", ".join(cells)
            rows.append(f"table.header({line})" if number == 0 and table.heads else line)
        aligned = "".join(f"{side}, " for side in sides)
        return (
            f"#[#set text(size: 0.85em)\n#table(columns: {columns}, align: ({aligned}), stroke: (x: none, y: 0.4pt), "
            f"{', '.join(rows)})]"
        )

    def _rows(self, rows: tuple[n.Row, ...]) -> str:
        noted = any(row.note for row in rows)
        room = LINE * (0.92 - NOTE) if noted else LINE * 0.92
        cells = []
        for row in rows:
            first, *more = fold(row.right, room)
            right = " #linebreak();".join(map(self._formula, [f"= {first}", *(rf"\quad {part}" for part in more)]))
            note = "".join(
                self._formula(part, large=False) if is_mathematics else _words(part)
                for part, is_mathematics in rule_parts(row.note)
            )
            if row.link in self.places:
                note = f"#link(label({string(row.link)}))[{note}];"
            left = self._formula(row.left) if row.left else "#h(1.6em)"
            if width(row.left) > SHORT:
                cells.append(f"grid.cell(colspan: {3 if noted else 2})[{left}], []")
            else:
                cells.append(f"[{left}]")
            cells.append(f"[{right}], note[{note}]" if noted else f"[{right}]")
        return f"#rows({'true' if noted else 'false'}, {', '.join(cells)})"

    def _drawn(self, drawing: Drawing, words: str) -> str:
        svg = to_svg(drawing, words, _xml).replace("</title>", f"</title>{SVG}", 1)
        return f"drawn({string(svg)}, {drawing.width * drawing.unit:g}pt, [{_words(words)}])"

    # -- inside of paragraphs --

    def inline(self, inside: n.Inlines) -> str:
        return "".join(map(self._one, inside))

    def _formula(self, tex: str, large: bool = True) -> str:
        shown = self.formulas(ours(tex))
        if not shown:
            return f"#raw({string(tex)});"
        return f"#[$display({shown})$]" if large else f"#[${shown}$]"

    def _one(self, node: n.Inline) -> str:
        match node:
            case n.Text(words):
                return _words(words)
            case n.Code(words):
                return f"#raw({string(words)});"
            case n.Mathematics(tex, display):
                shown = self.formulas(tex)
                if not shown:
                    return f"#raw({string(node.source or tex)});"
                return f"#math.equation(block: true, $display({shown})$);" if display else f"#[${shown}$]"
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
            case n.Note(number, document):
                key = (document, number)
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
    return f"#{string(words.replace(chr(10), ' '))};" if words else ""


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


def write_typst(directory: Path, name: str, report: Report) -> Iterator[Message]:
    """Writes the document and its PDF; gives messages for the user."""
    try:
        import typst
    except ImportError:
        yield Message(HOW_TO_GET)
        return
    target = directory / f"{name}.pdf"
    with tempfile.TemporaryDirectory(prefix="gradproof-") as made:
        folder = Path(made)

        def compiled(text: str) -> bytes:
            (folder / "report.typ").write_text(text, encoding="utf-8")
            found = typst.compile(folder / "report.typ", root=folder)
            assert isinstance(found, bytes)
            return found

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
            pdf = compiled(text)
        except typst.TypstError:
            refused = frozenset(_refused(compiled, list(filter(None, formulas.values())), typst.TypstError))
            for each in refused:
                yield Message(f"Typst refuses ${each}$; shown as text", is_problem=True)
            text, pictures, _ = typst_document(report, refused)
            try:
                pdf = compiled(text)
            except typst.TypstError as error:
                write_atomically(directory / f"{name}.typ", text)
                yield Message(f"{name}.typ: no PDF was made: {error}", is_problem=True, failed=True)
                return
    for file, source in pictures.items():
        shutil.copyfile(source, directory / file)
    write_atomically(directory / f"{name}.typ", text)
    yield Message(f"wrote {directory / f'{name}.typ'}")
    target.write_bytes(pdf)
    yield Message(f"wrote {target}")


def _refused(compiled: Callable[[str], bytes], formulas: list[str], error: type[Exception]) -> Iterator[str]:
    """Those formulas that Typst refuses, found by halves."""
    try:
        compiled("\n\n".join(f"${each}$" for each in formulas))
    except error:
        if len(formulas) == 1:
            yield formulas[0]
            return
        middle = len(formulas) // 2
        yield from _refused(compiled, formulas[:middle], error)
        yield from _refused(compiled, formulas[middle:], error)
