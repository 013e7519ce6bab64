"""Repairs beside the textbook: `python benchmarks/bench_repairs.py [--verbose] [--json FILE] [FILE...]`.

Why: a true formula near a false one is worth showing if it is the one that was meant. For each false statement of the
documents and of the acceptance files `tests/textbook.py` has that formula, written from the text and not from what the
search prints; two formulas count as one if they are one by definition (`derivations/repair/normal_form.py`).

Law: processor time of one process; parsing is not counted. Prints a line for each file: false claims, those with a
repair, those whose textbook formula is among the first three, and the seconds a claim (median and largest). Files
without a table (the catalogue) are searched all the same.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

if not __package__:
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from benchmarks.table import Row as Line
from benchmarks.table import machine, versions, write_json
from derivations.batch.run import read, shipped_documents
from derivations.formulas.claims import Claim
from derivations.repair.search import Repair, repairs
from tests.textbook import has_textbook

ROOT = Path(__file__).resolve().parent.parent
ACCEPTANCE = ROOT.parent / "shared" / "acceptance"
LIMIT = 2.0  # seconds a claim


@dataclass(frozen=True)
class Row:
    """One false link: the search's time, what it found, and whether that has the textbook's formula (None: there is
    none, or no table)."""

    claim: Claim
    number: int
    seconds: float
    found: tuple[Repair, ...]
    textbook: bool | None


def rows_of(path: Path) -> list[Row]:
    """The false links of one file."""
    rows = []
    for claim in read([path]).claims:
        for number in range(1, len(claim.links) + 1):
            if claim.expectation(number).kind not in ("proved", "undecided"):
                start = time.process_time()
                found = repairs(claim, number)
                seconds = time.process_time() - start
                rows.append(Row(claim, number, seconds, found, has_textbook(claim, found)))
    return rows


def line(name: str, rows: Sequence[Row]) -> str:
    """The figures of one file."""
    known = [row.textbook for row in rows if row.textbook is not None]
    seconds = [row.seconds for row in rows] or [0.0]
    return (
        f"{name:45}{len(rows):7}{sum(bool(row.found) for row in rows):9}{f'{sum(known)} of {len(known)}':>13}"
        f"{median(seconds):9.2f}{max(seconds):9.2f}"
    )


def lines(rows: Sequence[Row]) -> list[Line]:
    """The two goals as rows of the benchmarks' common table."""
    known = [row.textbook for row in rows if row.textbook is not None]
    slowest = max((row.seconds for row in rows), default=0.0)
    about = {"peer": "none", "machine": machine(), "versions": versions()}
    return [
        Line("the textbook's formula among the first three repairs", f"all {len(known)}", float(sum(known)),
             all(known), unit="", **about),
        Line("repairs of the slowest false claim", f"under {LIMIT:g} s", slowest, slowest < LIMIT, unit="s", **about),
    ]  # fmt: skip


def main(arguments: Sequence[str]) -> int:
    """Prints the table; with --verbose, the claims that miss the goal and what was found for them."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--verbose", action="store_true", help="also print the claims that miss the goal")
    parser.add_argument("--json", metavar="FILE", help="write the rows here")
    options = parser.parse_args(arguments)
    catalogue = sorted((ROOT / "derivations" / "catalogue").glob("*.md"))
    files = options.files or [*shipped_documents(), *sorted(ACCEPTANCE.glob("*.md")), *catalogue]
    print(f"{'file':45}{'false':>7}{'repaired':>9}{'textbook':>13}{'median s':>9}{'most s':>9}")
    every: list[Row] = []
    for path in files:
        rows = rows_of(path)
        every += rows
        print(line(path.name, rows), flush=True)
        for row in rows if options.verbose else ():
            if not row.found or row.textbook is False or row.seconds > LIMIT:
                print(f"    {row.claim.id} {dict(row.claim.reading)} {row.seconds:.2f} s  "
                      f"{row.claim.links[row.number - 1].text}")  # fmt: skip
                for repair in row.found:
                    print(f"        {repair.text}   ({repair.description})")
    print(line("all", every))
    if options.json:
        write_json(lines(every), options.json)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
