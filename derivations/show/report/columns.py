"""How a table stands on a page: in its natural width, shrunk, or with long cells in several lines.

Why an estimate: LaTeX and Typst set the same tables, and neither asks how wide one may be.
"""

from __future__ import annotations

from dataclasses import dataclass

from derivations.show.report import nodes as n
from derivations.show.report.markup import plain

LETTERS = 76  # of a row in one line of the page
MANY = 5  # columns; a table with more is shrunk rather than torn into narrow columns
LONG = 24  # letters of a cell that stands in several lines where the table is shrunk
ROWS = 24  # of a table that is shrunk: it does not break over pages
WIDEST = 40  # letters that count, of the share of a column


@dataclass(frozen=True)
class Columns:
    """The columns of a table: about how many letters the longest cell of each has, its sides, and how they stand:
    natural, shrunk or shared."""

    longest: tuple[float, ...]
    sides: tuple[str, ...]
    kind: str


def columns_of(table: n.Table) -> Columns:
    """How the columns of a table stand."""
    count = max((len(row) for row in table.rows), default=1)
    longest = tuple(_longest(table, column) for column in range(count))
    sides = tuple([*table.aligned, *["left"] * count][:count])
    if sum(longest) + 2 * count <= LETTERS:
        return Columns(longest, sides, "natural")
    narrow = max(longest) <= LONG or count > MANY
    return Columns(longest, sides, "shrunk" if narrow and len(table.rows) <= ROWS else "shared")


def _longest(table: n.Table, column: int) -> float:
    lengths = [len(plain(row[column])) for row in table.rows if column < len(row)]
    return float(max([*lengths, 3])) + 1
