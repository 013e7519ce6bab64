"""What a report is made of: one tree for the page and for the browser, so that both say the same.

Law: everything a stranger wrote is a `Text`, a `Code`, a `Formula` that was read, an address of an allowed scheme or a
picture that was looked at. There is no node for markup as it stands, so that nothing can pass as such.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from derivations.show.report.pictures import Drawing

# -- inside of a paragraph -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Text:
    """Words."""

    text: str


@dataclass(frozen=True)
class Code:
    """Words in the fixed font."""

    text: str


@dataclass(frozen=True)
class Mathematics:
    """A formula in TeX that was read or that was written here; on a line of its own with its numbers, or in the line.
    `source` is what its author wrote, `place` where; both are empty where it was written here."""

    tex: str
    display: bool = False
    numbers: tuple[int, ...] = ()
    source: str = ""
    place: str = ""
    document: int = 0


@dataclass(frozen=True)
class Marked:
    """Words that are stressed: kind is emphasis or strong."""

    kind: str
    inside: Inlines


@dataclass(frozen=True)
class Link:
    """An address of an allowed scheme, or #id of something in the report."""

    address: str
    inside: Inlines


@dataclass(frozen=True)
class Picture:
    """A picture from beside the document, and the words that stand for it."""

    file: Path
    words: str


@dataclass(frozen=True)
class Note:
    """The mark of a footnote: its number, of which text."""

    number: int
    text: str


@dataclass(frozen=True)
class Citation:
    """A citation, with its place, to which its reference leads back; the way to the reference is a link inside."""

    id: str
    inside: Inlines


@dataclass(frozen=True)
class Break:
    """The end of a line."""


@dataclass(frozen=True)
class Badge:
    """A verdict by symbol, word and colour."""

    verdict: str
    words: str


Inline = Text | Code | Mathematics | Marked | Link | Picture | Note | Citation | Break | Badge
Inlines = tuple[Inline, ...]

# -- blocks ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Paragraph:
    inside: Inlines


@dataclass(frozen=True)
class Heading:
    """level from 1; `id` is its place, for the contents and for links."""

    level: int
    inside: Inlines
    id: str


@dataclass(frozen=True)
class Listing:
    """Code as it stands."""

    text: str


@dataclass(frozen=True)
class Items:
    """A list; `start` is None where it has no numbers."""

    items: tuple[Blocks, ...]
    start: int | None = None


@dataclass(frozen=True)
class Quote:
    inside: Blocks


@dataclass(frozen=True)
class Table:
    """Rows of cells; the first `heads` rows are headings. `aligned` says of each column: left, right or center."""

    rows: tuple[tuple[Inlines, ...], ...]
    aligned: tuple[str, ...]
    heads: int = 1


@dataclass(frozen=True)
class Rule:
    """A line across."""


@dataclass(frozen=True)
class Equations:
    """Rows of one displayed formula: left side, right side, note at the end. They break over pages between rows. Where
    a rule has a lemma, `links` has its place for the row."""

    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Row:
    """left = right; `note` are words with mathematics between dollar signs, `link` the place that explains them."""

    left: str
    right: str
    note: str = ""
    link: str = ""


@dataclass(frozen=True)
class Footnotes:
    """The notes of one text, a document or a remark in it, from number 1."""

    text: str
    notes: tuple[Blocks, ...]


@dataclass(frozen=True)
class Listed:
    """One work of the references: its place, what is said of it, and the places at which it is cited."""

    id: str
    inside: Inlines
    cited: tuple[str, ...]


@dataclass(frozen=True)
class References:
    """The works that a document cites."""

    entries: tuple[Listed, ...]


@dataclass(frozen=True)
class Defined:
    """A definition of a context, and those that its formula mentions."""

    name: str
    uses: tuple[str, ...]


@dataclass(frozen=True)
class Box:
    """A claim, a remark or a context with its place: kind is a verdict's word, open or given. `defines` are a context's
    definitions in their order, with those of the context that it continues; `uses` are those that a claim mentions."""

    kind: str
    id: str
    head: Inlines
    inside: Blocks
    name: str = ""
    defines: tuple[Defined, ...] = ()
    continues: bool = False
    uses: tuple[str, ...] = ()


@dataclass(frozen=True)
class Fold:
    """What is shown on request in the browser; on the page it stands in full, or in the appendix."""

    head: str
    inside: Blocks


@dataclass(frozen=True)
class Figure:
    """A drawing with what it shows in words."""

    drawing: Drawing
    words: str


@dataclass(frozen=True)
class Figures:
    """Drawings that belong together, side by side where there is room."""

    figures: tuple[Figure, ...]


Block = (
    Paragraph
    | Heading
    | Listing
    | Items
    | Quote
    | Table
    | Rule
    | Equations
    | Footnotes
    | References
    | Box
    | Fold
    | Figure
    | Figures
)
Blocks = tuple[Block, ...]


def notes_in(blocks: Blocks) -> dict[tuple[str, int], Blocks]:
    """The notes that stand among blocks and in the boxes of claims and remarks, by their text and number."""
    found: dict[tuple[str, int], Blocks] = {}
    for block in blocks:
        if isinstance(block, Footnotes):
            found |= {(block.text, number): note for number, note in enumerate(block.notes, 1)}
        elif isinstance(block, Box):
            found |= notes_in(block.inside)
    return found
