"""Equations of sizes as words of a region: found wherever all samples satisfy one, and judged like any other word."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from derivations.core.terms import Int, evaluate
from derivations.judgement.judge import judge
from derivations.language.document import Document
from derivations.search.hull import equations

NAMES = ("a", "b", "c", "d")
SMALL = st.integers(-3, 3)


@given(st.lists(SMALL, min_size=3, max_size=3), SMALL, st.lists(st.tuples(SMALL, SMALL, SMALL), min_size=12))
def test_a_planted_equation_is_among_those_found(parts: list[int], number: int, points: list[tuple[int, ...]]) -> None:
    """a = p·b + q·c + r·d + n at all samples: every equation found holds at them, and some combination is that one."""
    samples = []
    for point in points:
        value = sum(part * each for part, each in zip(parts, point, strict=True)) + number
        samples.append(dict(zip(NAMES, (value, *point), strict=True)))
    found = equations(NAMES, samples)
    assert all(evaluate(term, sample) == 0 for term in found for sample in samples)
    if np.linalg.matrix_rank(np.array([[*point, 1] for point in points])) < len(NAMES):
        return  # these samples satisfy other equations too
    planted = Int.symbol("a") - number
    for part, name in zip(parts, NAMES[1:], strict=True):
        planted = planted - Int.symbol(name) * part
    assert len(found) == 1
    assert found[0] in (planted, -planted)


CLAIMS = (
    (
        "dims M, s >= 0, k where s + k <= M\ntensor B[k]", "pad(B, (s, M - k - s)) == pad(B, (M - k - s, s))",
        "M == k + 2*s",
    ),
    (
        "dims M, N, s >= 0, k where s + 2*k <= M, k <= N\ntensor C[k, N]",
        "pad(C, (s, M - 2*k - s), (0, 0)) == pad(C, (M - 2*k - s, s), (0, 0))", "M == 2*k + 2*s",
    ),
    (
        "dims H, W, a, b\ntensor x[H, W]", "sum(ones(H + 2*a)) == sum(ones(W + 3*b + 1))", "H + 2*a == W + 3*b + 1",
    ),
)  # fmt: skip


@pytest.mark.parametrize(("given_", "claim", "region"), CLAIMS)
def test_regions_are_equations(given_: str, claim: str, region: str) -> None:
    """A claim that holds exactly where an equation of several sizes does, which no list of words has."""
    document = Document.parse(f"```given\n{given_}\n```\n```claim c\n{claim}\n```\n")
    (verdict,) = judge(document.claims[0])
    assert verdict.verdict == "holds where"
    assert verdict.holds_where == region
