"""2,000 random claims against evaluation at random admissible sizes: no wrong verdict, no wrong region."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from comparison import guarded
from random_claims import admissible, random_claim

CHUNKS, EACH = 40, 50
SIZES = 5  # sizes at which each verdict is compared here; `benchmarks/soundness.py` takes all
SECONDS = 0.5  # the outer guard for one claim; what is past it counts as undecided


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_verdicts_agree_with_evaluation(chunk: int) -> None:
    """Proved claims agree at all sizes, regions are exact, refuted claims agree nowhere, counterexamples fail."""
    words: Counter[str] = Counter()
    wrong = []
    for number in range(chunk * EACH, (chunk + 1) * EACH):
        claim = random_claim(number)
        sizes = admissible(claim.claim)
        chosen = random.Random(number).sample(sizes, min(SIZES, len(sizes)))
        found = guarded(claim, chosen, SECONDS)
        words[found.word] += 1
        wrong += [f"claim {number}, {claim.text}: {what}" for what in found.wrong]
    assert not wrong, "\n".join(wrong)
    decided = words["proved"] + words["holds where"] + words["refuted"]
    assert decided >= EACH // 2, words
