"""The peers' catalogues: every statement can be read, what is expected to stay open says why, and a share is judged."""

from __future__ import annotations

from pathlib import Path

import pytest

import derivations
from derivations.formulas.claims import Claim
from derivations.judgement.judge import exists_everywhere, judge
from derivations.language.document import Document

PEERS = sorted((Path(derivations.__file__).parent / "catalogue" / "peers").glob("*.md"))
DOCUMENTS = {path.stem: Document.read(path, exists_everywhere) for path in PEERS}
SHARE = 16  # of so many claims one is judged here, all by tools/write_peers.py
JUDGED = [claim for document in DOCUMENTS.values() for claim in document.claims[::SHARE]]


def test_there_are_two_peers_and_many_rules() -> None:
    """The files are found, and each has more true statements than the peer has."""
    counts = {
        name: sum(claim.expectation(1).kind == "proved" for claim in document.claims)
        for name, document in DOCUMENTS.items()
    }
    assert counts["rewrite-rules"] >= 150
    assert counts["vector-jacobian-products"] >= 50


@pytest.mark.parametrize("name", DOCUMENTS)
def test_what_stays_open_has_its_reason(name: str) -> None:
    """A claim that is expected undecided has a remark of its name."""
    document = DOCUMENTS[name]
    remarks = {block.id for block in document.blocks if block.kind == "remark"}
    open_ = {claim.id for claim in document.claims if claim.expectation(1).kind == "undecided"}
    assert {f"{claim}-undecided" for claim in open_} <= remarks


@pytest.mark.parametrize("claim", JUDGED, ids=lambda claim: str(claim.id))
def test_a_share_of_the_rules(claim: Claim) -> None:
    """The verdict is as the file expects."""
    (verdict,) = judge(claim)
    assert verdict.as_expected, (verdict.verdict, verdict.reason, verdict.contradiction)
