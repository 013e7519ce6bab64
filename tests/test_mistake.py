"""The sentence about a wrong entry: each kind of mistake, planted into a polynomial, is named as what it is."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sympy import Add, Expr, Rational, Symbol

from derivations.entries.values import Arbitrary, Step
from derivations.show.counterexample import decided
from derivations.show.mistake import mistake, sum_text

N = 3


def entry(name: str, *index: int) -> Symbol:
    return Symbol(f"{name}[{', '.join(map(str, index))}]", real=True)


def products(move: object = lambda i, j: (i, j)) -> Expr:
    """Σ a[i, j] w[i, j] with the index of w moved."""
    return Add(*(entry("a", i, j) * entry("w", *move(i, j)) for i, j in product(range(N), repeat=2)))  # type: ignore[operator]


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        (products(), products(lambda i, j: (N - 1 - i, N - 1 - j)), "as if a were turned by 180°"),
        (products(), products(lambda i, j: (j, i)), "a is transposed"),
        (products(), products(lambda i, j: (i + 1, j)), "the entries of w shifted by (1, 0)"),
        (products(), -products(), "the opposite sign"),
        (products(), products() / 9, "The left side is 9 (= n**2) times the right side."),
        (products(), 0 * products(), "The right side is 0 there"),
        (products(), products() - entry("a", 0, 1) * entry("w", 0, 1), "The right side lacks a[0, 1]*w[0, 1]."),
        (products(), products() + entry("b", 0), "The right side has b[0] too much."),
        (entry("x", 0), entry("x", 2), "takes x[0], the right side takes x[2]"),
        (entry("x", 0) ** 2, entry("y", 0), "Where the left side has x[0]**2, the right side has y[0]."),
        (Arbitrary("f", 1, entry("x", 0)), Arbitrary("f", 1, entry("x", 1)), "Inside f': Where the left side takes x["),
        (Arbitrary("f", 0, entry("x", 0)), Arbitrary("f", 1, entry("x", 0)), "Where the left side has f(x[0])"),
    ],
)
def test_each_mistake_has_its_sentence(left: Expr, right: Expr, expected: str) -> None:
    """A rotated, transposed, shifted, scaled, negated, missing or superfluous part is named."""
    assert expected in mistake(left, right, {"n": N, "m": 1})


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(-3, 3)), max_size=6), st.integers(1, 5))
def test_a_multiple_is_found_with_its_factor(terms: list[tuple[int, int, int]], factor: int) -> None:
    """Of any polynomial and a multiple of it the sentence gives the factor, from the smaller to the larger."""
    value = Add(*(c * entry("a", i) * entry("w", j) for i, j, c in terms))
    if value == 0 or factor == 1:
        return
    assert f"is {factor} times the left" in mistake(value, factor * value, {})
    assert f"The left side is {factor} times the right" in mistake(value, value * Rational(1, factor), {})


def test_a_long_sum_is_cut() -> None:
    """Of a hundred products the first are shown, and how many follow."""
    assert sum_text(Add(*(entry("x", k) for k in range(100)))).endswith("(88 more)")


def test_maxima_are_decided_by_the_data() -> None:
    """Comparisons of the entries of a window are replaced by what the data say, through the functions given."""
    x = [entry("x", k) for k in range(2)]
    larger = Step(Arbitrary("f", 0, x[1]) - Arbitrary("f", 0, x[0]))
    value = entry("d", 0) * (1 - larger) + entry("d", 1) * larger
    assert decided(value, {"x": [1, 3], "f(t)": "t"}) == entry("d", 1)
    assert decided(value, {"x": [1, 3], "f(t)": "-t"}) == entry("d", 0)
    assert decided(value, {"x": [1, 3]}) == value
