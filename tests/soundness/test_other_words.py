"""A verdict does not depend on how a claim is written: shipped claims, rewritten without a change of meaning.

`benchmarks/other_words.py` takes all of them, in every way."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from other_words import REWRITINGS, in_other_words, verdict

from derivations.language.document import Document

ROOT = Path(__file__).resolve().parents[2] / "derivations"
DOCUMENTS = sorted([*(ROOT / "documents").glob("*.md"), *(ROOT / "catalogue").glob("*.md")])
CLAIMS = 3  # of each document


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
def test_other_words_are_the_same_claim(path: Path) -> None:
    """A few claims of each document, each in one other way."""
    chance = random.Random(path.name)
    claims = Document.parse(path.read_text(encoding="utf-8"), path.name).claims
    for claim in chance.sample(claims, CLAIMS):
        ways = list(in_other_words(claim, claim.links[0], chance))
        if ways:
            how, link = chance.choice(ways)
            assert verdict(claim, link) == verdict(claim, claim.links[0]), (claim.id, how, link.left, link.right)


def test_every_rewriting_applies_somewhere() -> None:
    """None of the rewritings is idle on the shipped documents."""
    met: set[str] = set()
    for path in DOCUMENTS:
        for claim in Document.parse(path.read_text(encoding="utf-8"), path.name).claims:
            for rewriting in REWRITINGS:
                if rewriting.__name__ not in met and rewriting(claim, claim.links[0], random.Random(1)) is not None:
                    met.add(rewriting.__name__)
    assert met == {rewriting.__name__ for rewriting in REWRITINGS}
