"""The catalogue of matrix derivatives: every statement can be read, what stays open says why, and a share is judged."""

from __future__ import annotations

from pathlib import Path

import pytest

import derivations
from derivations.judgement.judge import exists_everywhere, judge
from derivations.language.document import Document

FILE = Path(derivations.__file__).parent / "catalogue" / "matrices" / "derivatives.md"
CLAIMS = {claim.id: claim for claim in Document.read(FILE, exists_everywhere).claims}
JUDGED = [*list(CLAIMS)[::6], "sherman-morrison", "determinant-of-a-symmetric-form", "determinant-of-a-rank-one-update"]


def test_the_tables_are_all_there() -> None:
    """A hundred lines; of those expected to hold, one is beyond the prover."""
    assert len(CLAIMS) >= 100
    assert [name for name, claim in CLAIMS.items() if claim.expectation(1).kind == "undecided"] == [
        "determinant-of-a-rank-one-update"
    ]


@pytest.mark.parametrize("name", dict.fromkeys(JUDGED))
def test_a_share_of_the_tables(name: str) -> None:
    """The verdict is as the file expects."""
    for verdict in judge(CLAIMS[name]):
        assert verdict.as_expected, (verdict.verdict, verdict.reason, verdict.contradiction)
