"""A few claims of each generator of `written_claims.py` against evaluation, and in other words.

`benchmarks/soundness.py --written` takes many."""

from __future__ import annotations

import pytest
from written_claims import GENERATORS, judged, rewritten, same, written

SEEDS = range(1, 5)


@pytest.mark.parametrize("generator", GENERATORS)
def test_verdicts_agree_with_evaluation(generator: str) -> None:
    """What the kernel says of sizes is what evaluation finds at each of the smallest, whatever data are tried."""
    claims = [claim for seed in SEEDS if (claim := written(generator, seed)) is not None]
    assert len(claims) >= len(SEEDS) // 2
    for claim in claims:
        word, wrong = judged(claim.claim, largest=8)
        assert not wrong, f"{claim.given}\n{claim.text}\n{word}: {wrong}"


@pytest.mark.parametrize("generator", GENERATORS)
def test_other_words_are_the_same_claim(generator: str) -> None:
    """Names, the order of the sides and names for parts change no verdict."""
    original = written(generator, 1)
    for how, claim in rewritten(generator, 1).items():
        if original is not None and claim is not None:
            words = [judged(each.claim, largest=0)[0] for each in (original, claim)]
            assert same(how, *words), f"{how}: {words}\n{original.text}\n{claim.given}\n{claim.text}"
