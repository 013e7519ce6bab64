"""The catalogue of whole blocks: every statement can be read, and some of each block are judged."""

from __future__ import annotations

from pathlib import Path

import pytest

import derivations
from derivations.judgement.judge import exists_everywhere, judge
from derivations.language.document import Document

FILE = Path(derivations.__file__).parent / "catalogue" / "blocks" / "blocks.md"
CLAIMS = {claim.id: claim for claim in Document.read(FILE, exists_everywhere).claims}
JUDGED = (
    "mlp-w1",
    "lenet-b5",
    "lenet-k1",
    "lenet-x",
    "lenet-w3-without-the-sum",
    "lenet-first-bias",
    "bottleneck-x",
    "bottleneck-x-no-shortcut",
    "inverted-w2",
)


@pytest.mark.parametrize("name", JUDGED)
def test_a_share_of_the_blocks(name: str) -> None:
    """The verdict is as the file expects."""
    (verdict,) = judge(CLAIMS[name])
    assert verdict.as_expected, (verdict.verdict, verdict.reason, verdict.contradiction)
