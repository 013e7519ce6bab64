"""Where coefficients with indices in their denominators fail at given sizes: compared with trying every point."""

from __future__ import annotations

from fractions import Fraction
from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from derivations.core import terms as k
from derivations.core.names import Mark, Role
from derivations.core.sums import Piece
from derivations.core.terms import Int
from derivations.search.decide import Goal, Group, failing_values, holds_at
from derivations.search.solver import Solver

ROW, COLUMN = Mark(Role.ENTRY, 0), Mark(Role.ENTRY, 1)
i, j, n = Int.symbol(ROW), Int.symbol(COLUMN), Int.symbol("n")
NUMERATORS = (Int.of(1), Int.of(-1), i, -i, n, i * j, -(i * j), i + 1, -(i + 1))
DENOMINATORS = (Int.of(1), i + 1, k.least(n, i + 1), (i + 1) * (j + 1), j + 1, n)
CONDITIONS = (k.TRUE, k.at_most(i, 1), k.at_most(2, i), k.equal(i, j), k.at_most(j, i), k.zero(i % 2))
HERE = k.all_of((k.between(0, i, n - 1), k.between(0, j, n)))


@st.composite
def pieces(draw: st.DrawFn) -> Piece:
    """A coefficient in a box whose sides are about n."""
    condition = k.all_of((HERE, draw(st.sampled_from(CONDITIONS))))
    return Piece(condition, draw(st.sampled_from(NUMERATORS)), draw(st.sampled_from(DENOMINATORS)))


def first_failure(found: list[Piece], size: int) -> dict[object, int] | None:
    """By trying: the smallest point at which the coefficients that apply do not add up to 0."""
    for a, b in product(range(size), range(size + 1)):
        values = {"n": size, ROW: a, COLUMN: b}
        applying = [piece for piece in found if k.holds(piece.condition, values)]
        if sum(Fraction(k.evaluate(p.numerator, values), k.evaluate(p.denominator, values)) for p in applying):
            return {ROW: a, COLUMN: b}
    return None


@settings(max_examples=200, deadline=None)
@given(st.lists(pieces(), min_size=1, max_size=3), st.booleans(), st.integers(1, 4))
def test_failures_at_given_sizes_are_those_of_trying(found: list[Piece], cancelled: bool, size: int) -> None:
    """Of pieces, and of pieces with their opposites in another writing, which always add up to 0."""
    if cancelled:
        found = found + [Piece(p.condition, -2 * p.numerator, 2 * p.denominator) for p in found]
    goal = Goal(("n",), k.at_most(1, n), (Group("x", tuple(found), k.TRUE),))
    expected = first_failure(found, size)
    assert holds_at(Solver(), goal, {"n": size}) == (expected is None)
    for _, model in failing_values(Solver(), goal, {"n": size}):
        assert model is not None
        assert {name: value for name, value in model.items() if name in (ROW, COLUMN)} == expected


def test_what_no_condition_bounds_is_not_told() -> None:
    """1/(j + 1) for all j >= 0, or with j in the coefficient alone: no finite number of points to try."""
    for condition in (k.all_of((k.between(0, i, n - 1), k.at_most(0, j))), k.between(0, i, n - 1)):
        group = Group("x", (Piece(condition, Int.of(1), j + 1),), k.TRUE)
        goal = Goal(("n",), k.at_most(1, n), (group,))
        assert [model for _, model in failing_values(Solver(), goal, {"n": 2})] == [None]
        assert holds_at(Solver(), goal, {"n": 2}) is None
