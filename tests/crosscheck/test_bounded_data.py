"""Data between bounds: all assumptions about one tensor hold, exactly where there is room, else in floating point."""

from __future__ import annotations

import pytest

from derivations.judgement.judge import judge
from derivations.language.document import Document

BOUNDS = (
    ("assume a > 0\nassume a < 1", "a*x == x*a", "proved"),
    ("assume 0 < a\nassume 1 > a", "a*x == x", "false"),
    ("assume a >= 2\nassume a <= 2", "a*x == x*a", "proved"),
    ("assume x > -3\nassume x < 3\nassume x != 0", "relu(x) == x", "false"),
    ("assume x > 1\nassume x > 4\nassume x < 90\nassume x < 50", "relu(x - 60) == x", "false"),
    ("assume a > 5\nassume a < 5", "a*x == x*a", "undecided"),
)


@pytest.mark.parametrize(("assumed", "claim", "word"), BOUNDS)
def test_data_lie_between_their_bounds(assumed: str, claim: str, word: str) -> None:
    """Claims under assumptions that bound one thing from both sides."""
    text = f"```given\ndims n\ntensor x[n]\nscalar a\n{assumed}\n```\n```claim c\n{claim}\n```\n"
    (verdict,) = judge(Document.parse(text).claims[0])
    assert verdict.verdict == word, verdict
