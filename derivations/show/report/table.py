"""The table of what became of each document's statements, for README and report: made from the verdicts,
never by hand.

A statement is what the names of its blocks have in common: `S0-17b-conv`, `S0-17b-corr` and `S0-17b-printed-order` are
about S0-17b, so that a reading and a correction count as claims and not as statements. A misprint is what its author
marks as one: a claim, which has its verdict besides, or a block of its own.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from derivations.judgement.results import WORDS, Results
from derivations.language.remarks import Remark

COLUMNS = ("document", "statements", "claims", "verdicts", *WORDS, "misprints", "remarks")
# what the words of the verdicts say, in Markdown
LEGEND = (
    "*Proved* says: true for every size, stride and entry in its context. *True on a region*: false as it stands, "
    "true exactly at the sizes given. *Refuted*: true at no size. *False*: false at the counterexample; the exact "
    "region was not found. *Undecided* is no success. A chain counts once for each of its steps, and a claim once for "
    "each reading."
)
NUMBERED = re.compile(r"(?:\w+-)?\d+[a-z]?(?=-|\Z)")


@dataclass(frozen=True)
class Row:
    """One document: its name, and the counts in the order of `COLUMNS`."""

    document: str
    counts: tuple[int, ...]

def rows(results: Results) -> list[Row]:
    """A row for each document in the order of the run, and their sum where there are several."""
    names = list(dict.fromkeys([v.document for v in results.verdicts] + [r.document for r in results.remarks]))
    found = [Row(PurePath(name).name, _counts(results, name, results.remarks)) for name in names]
    if len(found) > 1:
        total = tuple(map(sum, zip(*(row.counts for row in found), strict=True)))
        found.append(Row("together", total))
    return found


def _counts(results: Results, document: str, remarks: Sequence[Remark]) -> tuple[int, ...]:
    verdicts = [verdict for verdict in results.verdicts if verdict.document == document]
    words = Counter(str(verdict.verdict) for verdict in verdicts)
    mine = [remark for remark in remarks if remark.document == document]
    return (
        len({*(statement_of(v.id) for v in verdicts), *(statement_of(remark.id) for remark in mine)}),
        len({verdict.id for verdict in verdicts}),
        len(verdicts),
        *(words[word] for word in WORDS),
        len(results.misprints(document)),
        sum(not remark.misprint for remark in mine),
    )


def statement_of(identifier: str) -> str:
    """The statement that a block is about: its number, with a letter for a part, or else its whole name.

    >>> statement_of("S0-17b-printed-order"), statement_of("14-conv"), statement_of("grad-w")
    ('S0-17b', '14', 'grad-w')
    """
    match = NUMBERED.match(identifier)
    return match[0] if match else identifier


def markdown_table(results: Results) -> str:
    """The table in Markdown. A verdict counts once for each link of a chain and each reading."""
    return "\n".join(_lines(results)) + "\n"


def _lines(results: Results) -> Iterator[str]:
    yield f"| {' | '.join(COLUMNS)} |"
    yield "|---" + "|---:" * (len(COLUMNS) - 1) + "|"
    for row in rows(results):
        yield f"| {row.document} | {' | '.join(map(str, row.counts))} |"
