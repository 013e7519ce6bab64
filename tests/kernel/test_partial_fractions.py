"""Partial fractions: they end, keep the value, divide by nothing new, and are one formula for one function."""

from __future__ import annotations

from fractions import Fraction
from math import prod

from hypothesis import assume
from hypothesis import given as for_all
from hypothesis import strategies as st

from derivations.core.heads import Entry, Head, Reciprocal, Value
from derivations.core.names import Mark, Role
from derivations.core.sums import Atom, Term
from derivations.core.terms import Int
from derivations.meaning.factors import Place, atoms_of, powers_of
from derivations.meaning.partial_fractions import partial_fractions

PLACE = (Int.symbol(Mark(Role.BOUND, 0)),)
UNKNOWNS = ("x", "y")
PARTS = st.lists(
    st.tuples(st.tuples(st.integers(-2, 3), st.integers(-2, 3)), st.sampled_from([-2, -1, 1, 3])),
    min_size=2, max_size=4, unique_by=lambda part: part[0],
)  # fmt: skip
Powers = tuple[int, int]


def monomial(powers: Powers, number: int = 1, below: int = 1) -> Term:
    """number/below · x^p·y^q."""
    atoms = [a for name, p in zip(UNKNOWNS, powers, strict=True) for a in atoms_of(Entry(name), PLACE, Fraction(p))]
    return Term(tuple(atoms), numerator=Int.of(number), denominator=Int.of(below))


def evaluated(found: list[Term], values: dict[Head, Fraction]) -> Fraction:
    total = Fraction(0)
    for term in found:
        top, bottom = term.numerator.constant, term.denominator.constant
        assert top is not None
        assert bottom
        total += Fraction(top, bottom) * prod((values[at[0]] ** n for at, n in exponents(term)), start=Fraction(1))
    return total


def exponents(term: Term) -> list[tuple[tuple[Head, Place], int]]:
    powers = powers_of(term.atoms)
    return [(at, int(amount)) for at, amount in powers.items() if isinstance(amount, Fraction)]


def over(powers: Powers, divisor: Head, bars: int) -> Term:
    return Term((*monomial(powers).atoms, *[Atom(Reciprocal(divisor), PLACE)] * bars), numerator=Int.of(5))


@for_all(
    PARTS, st.tuples(st.integers(-4, 6), st.integers(-4, 6)), st.integers(1, 3), st.booleans(),
    st.sampled_from([Fraction(2), Fraction(-1, 3), Fraction(5, 7)]),
)  # fmt: skip
def test_they_have_the_value_and_are_done_at_once(
    parts: list[tuple[Powers, int]], powers: Powers, bars: int, positive: bool, x: Fraction
) -> None:
    """Of any product over any sum of products; taking apart what comes out finds nothing more."""
    definition = [monomial(each, number, below=3) for each, number in parts]
    divisor = Value(tuple(definition))
    values: dict[Head, Fraction] = {Entry("x"): x, Entry("y"): Fraction(3, 5)}
    values[divisor] = evaluated(definition, values)
    assume(values[divisor])
    given = over(powers, divisor, bars)
    found = partial_fractions(given, Atom(divisor, PLACE), definition, lambda head: positive)
    if found is None:
        return
    assert evaluated(found, values) == evaluated([given], values)
    for term in found:
        if any(at[0] == divisor for at, _ in exponents(term)):
            assert partial_fractions(term, Atom(divisor, PLACE), definition, lambda head: positive) is None


@for_all(PARTS, st.tuples(st.integers(-2, 6), st.integers(-2, 6)), st.integers(1, 3))
def test_nothing_new_is_divided_by(parts: list[tuple[Powers, int]], powers: Powers, bars: int) -> None:
    """Of unknowns that may be 0, none is below a bar in what comes out that was not in the product or the sum."""
    definition = [monomial(each, number) for each, number in parts]
    divisor = Value(tuple(definition))
    given = over(powers, divisor, bars)
    below = {at[0] for term in (given, *definition) for at, amount in exponents(term) if amount < 0}
    found = partial_fractions(given, Atom(divisor, PLACE), definition, lambda head: False) or []
    assert {at[0] for term in found for at, amount in exponents(term) if amount < 0} <= below


@for_all(
    st.tuples(st.integers(-2, 2), st.integers(-2, 2)), st.tuples(st.integers(-2, 2), st.integers(-2, 2)),
    st.tuples(st.integers(-3, 3), st.integers(-3, 3)), st.integers(1, 2),
)  # fmt: skip
def test_one_function_is_one_formula(first: Powers, second: Powers, powers: Powers, bars: int) -> None:
    """Over D_1 + D_2 of positive unknowns, R·(D_1 + D_2)/S and R come out alike, however high their degrees are."""
    assume(first != second)
    definition = [monomial(first), monomial(second, 3)]
    divisor = Value(tuple(definition))
    total: dict[frozenset[tuple[tuple[Head, Place], int]], Fraction] = {}
    shift = lambda part: (powers[0] + part[0], powers[1] + part[1])  # noqa: E731
    products = [(over(shift(first), divisor, bars), 1), (over(shift(second), divisor, bars), 3)]
    products.append((over(powers, divisor, bars - 1), -1))
    for product, number in products:
        barred = any(at[0] == divisor for at, _ in exponents(product))
        found = barred and partial_fractions(product, Atom(divisor, PLACE), definition, lambda head: True)
        for term in found or [product]:
            key = frozenset(exponents(term))
            assert term.numerator.constant is not None
            amount = Fraction(term.numerator.constant, term.denominator.constant or 1)
            total[key] = total.get(key, Fraction(0)) + number * amount
    assert not any(total.values())
