"""The index form that `explain` prints: polynomials in the order that people write, and sums that keep their value."""

from __future__ import annotations

import random
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from derivations.core.names import in_order
from derivations.core.sums import Term
from derivations.core.terms import Int, evaluate, holds
from derivations.language.document import Document
from derivations.meaning.lowering import Lowering
from derivations.show.index_form import index_form
from derivations.show.index_terms import solved as solve
from derivations.show.index_text import pretty

GIVEN = """```given
dims H, W, m, n, s where m <= H, n <= W
tensor a[H, W], w[m, n]
z = corr(a, w, valid, stride=s)
p = mean_pool(a, (m, n))
loss J(z)
delta = grad(J, z)
loss K(p)
```
"""
CASES = [
    ("grad(J, w)", "conv(rot180(a), delta, valid)"),
    ("grad(J, a)", "a"),
    ("conv(a, w, full)", "conv(w, a, full)"),
    ("grad(K, a)", "up(grad(K, p), m)"),
    ("kron(a, w)", "a @ a.T"),
    ("sum[i, j](a[i, j] * [i <= j])", "sum(a)"),
]
SIZES = [{"H": 3, "W": 4, "m": 2, "n": 3, "s": 2}, {"H": 2, "W": 2, "m": 1, "n": 2, "s": 1}]
LARGEST = 9  # no bound index of these cases is larger at these sizes


def value(term: Term, sizes: dict[str, int]) -> float:
    """The sum of a term at given sizes and indices, each atom a number drawn from its name and indices."""
    total = 0.0
    for values in product(range(-1, LARGEST), repeat=len(term.bound)):
        at: dict[Any, int] = {**sizes, **dict(zip(in_order(term.bound), values, strict=True))}
        if not holds(term.condition, at):
            continue
        amount = float(evaluate(term.numerator, at))
        for atom in term.atoms:
            place = tuple(evaluate(index, at) for index in atom.indices)
            amount *= random.Random(f"{atom.head}{place}").uniform(1, 2)
        total += amount / evaluate(term.denominator, at)
    return total


@pytest.mark.parametrize(("left", "right"), CASES)
@pytest.mark.parametrize("sizes", SIZES, ids=["strided", "plain"])
def test_solving_equations_keeps_the_value(left: str, right: str, sizes: dict[str, int]) -> None:
    """A term with its equations solved for bound indices has the value that it had."""
    [claim] = Document.parse(f"{GIVEN}```claim c\n{left} == {right}\n```\n").claims
    for side in (claim.links[0].left, claim.links[0].right):
        index = tuple(Int.symbol(name) for name in ("i0", "j0")[: side.rank])
        terms = Lowering().lower(side, index, {}, frozenset())
        for term in terms:
            solved = solve(term)
            assert len(solved.bound) <= len(term.bound)
            if len(term.bound) > 4:
                continue  # brute force over more indices takes minutes; these cases have at most four
            at: dict[Any, int] = {**sizes, "i0": 1, "j0": 1}
            assert value(solved, at) == pytest.approx(value(term, at), rel=1e-12)


@given(st.dictionaries(st.sampled_from("abcd"), st.integers(-3, 3), max_size=4), st.integers(-3, 3))
def test_a_polynomial_prints_as_itself(coefficients: dict[str, int], constant: int) -> None:
    """What is printed for a polynomial has its value, and begins with a positive term where there is one."""
    polynomial = Int.of(constant)
    for name, coefficient in coefficients.items():
        polynomial = polynomial + coefficient * Int.symbol(name)
    shown = pretty(polynomial)
    at = {"a": 7, "b": 11, "c": 13, "d": 17}
    total = 0
    for part in shown.replace("- ", "+ -").split(" + "):
        sign = -1 if part.startswith("-") else 1
        amount = sign
        for factor in part.lstrip("-").split("*"):
            amount *= at.get(factor) or int(factor)
        total += amount
    assert total == evaluate(polynomial, at)
    if any(coefficient > 0 for coefficient in coefficients.values()):
        assert not shown.startswith("-")


def test_conditions_on_sizes_are_shown() -> None:
    """What holds at some sizes only is shown with the sizes; what the context says, or a range of indices, is not."""
    [claim] = Document.parse(f"{GIVEN}```claim c\n[m < n, m <= H] == sum(a)\n```\n").claims
    link = claim.links[0]
    assert index_form(link.left, link, claim.context) == ["[n >= m + 1]"]
    assert "[0 <=" not in "".join(index_form(claim.context.names["z"], link, claim.context))


def test_the_forms_are_readable() -> None:
    """The gradient of the kernel is printed with the author's name of the residual and fresh letters."""
    [claim] = Document.parse(f"{GIVEN}```claim c\ngrad(J, w) == w\n```\n").claims
    [form] = index_form(claim.links[0].left, claim.links[0], claim.context)
    assert form == "entry [i, j] = sum[k, l](delta[k, l] * a[i + k*s, j + l*s])"


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("exp(mean(v) + b)", ["exp(sum[i](v[i]) / n + b)"]),  # the sum inside is not left out
        ("v / sqrt(sum(v) + b)", ["entry [i] = v[i] / sqrt(sum[j](v[j]) + b)"]),
        ("v * v + v * v - 3 * (v * v)", ["entry [i] = -v[i]**2"]),  # equal products are one
        ("reshape(reshape(w, m*n), m, n)", ["entry [i, j] = w[i, j]"]),  # quotients that the ranges settle
        ("vec(w)", ["entry [i, j] = w[i % m, i//m]"]),
        ("sum(ones(m, n)) * v", ["entry [i] = m*n * v[i]"]),  # a sum over what does not depend on it is counted
        ("softmax(w)[p]", ["entry [i] = exp(w[p, i]) / (sum[j](exp(w[p, j])))"]),  # what softmax means
    ],
)
def test_simple_formulas_are_short(formula: str, expected: list[str]) -> None:
    """Inner sums stand, equal products are added, indices of reshaped arrays are simplified."""
    text = "```given\ndims m, n\ntensor w[m, n], v[n], u[n]\nscalar b\n```\n```claim c\n"
    left = "w[p]" if "[p]" in formula else "u" if formula.startswith(("v", "sum")) else formula
    [claim] = Document.parse(f"{text}{left} == {formula}\n```\n").claims
    assert index_form(claim.links[0].right, claim.links[0], claim.context) == expected
