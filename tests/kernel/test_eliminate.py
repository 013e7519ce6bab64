"""Removing bound indices keeps a sum's value at every place: the property on which everything else rests."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import product
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from derivations.core import sums
from derivations.core import terms as k
from derivations.core.cells import cells, merge
from derivations.core.elimination import eliminate
from derivations.core.heads import Entry
from derivations.core.monomials import Monomials, canonical_leftover, pieces_of
from derivations.core.names import Mark, Role, in_order
from derivations.core.sums import Atom, LimitReached, Piece, Term
from derivations.core.terms import Condition, Int

REACH = 4  # every bound index lies between 0 and this, by construction
PLACES = (sums.place(0, 0), sums.place(1, 0))
B, C = Mark(Role.BOUND, 0), Mark(Role.BOUND, 1)

sizes = st.sampled_from([Int.symbol("n"), Int.symbol("s"), Int.of(2), Int.of(3)])
steps = st.sampled_from([Int.symbol("s"), Int.of(1), Int.of(2), Int.of(-1)])
offsets = st.integers(-2, 2).map(Int.of)


@st.composite
def positions(draw: st.DrawFn) -> Int:
    """A subscript: linear in the bound indices with a symbolic step, or a quotient or a remainder of such a one."""
    b, c = Int.symbol(B), Int.symbol(C)
    linear = draw(steps) * draw(st.sampled_from([b, c])) + draw(st.sampled_from([Int.of(0), b, c])) + draw(offsets)
    divisor = draw(st.sampled_from([Int.symbol("s"), Int.of(2), Int.of(3)]))
    return draw(
        st.sampled_from(
            [
                linear,
                linear,
                linear // divisor,
                linear % divisor,
                k.least(linear, draw(sizes)),
                k.greatest(linear, draw(offsets)),
            ]
        )
    )


@st.composite
def terms(draw: st.DrawFn) -> Term:
    """Σ over two bound indices in boxes, of up to two entries, with further conditions."""
    b, c = Int.symbol(B), Int.symbol(C)
    limits = [k.between(0, index, draw(sizes) - 1 + draw(st.integers(0, 1))) for index in (b, c)]
    box = [k.between(0, index, REACH) for index in (b, c)] if draw(st.booleans()) else []
    more: list[Condition] = []
    for _ in range(draw(st.integers(0, 2))):
        left, right = draw(positions()), draw(st.sampled_from([Int.of(0), Int.of(1), Int.symbol("p"), b, c]))
        more.append(draw(st.sampled_from([k.equal(left, right), k.at_most(left, right), k.at_most(right, left)])))
    if len(more) == 2 and draw(st.booleans()):
        more = [k.any_of(more)]
    heads = [Entry(draw(st.sampled_from("xy"))) for _ in range(draw(st.integers(0, 2)))]
    atoms = tuple(Atom(head, (draw(positions()),)) for head in heads)
    numerator = draw(st.sampled_from([Int.of(1), Int.symbol("n"), Int.of(-2), Int.symbol("p")]))
    return Term(
        atoms, frozenset({B, C}), k.all_of([*limits, *box, *more]), numerator, draw(st.sampled_from([1, 3]).map(Int.of))
    )


def assignments() -> Iterator[dict[Any, int]]:
    for n, s, p in ((1, 1, 0), (3, 2, 1), (4, 3, 2)):
        yield {"n": n, "s": s, "p": p}


def value(pieces: list[Piece], at: dict[Any, int]) -> Fraction:
    """Σ coefficient·[condition] at places; leftover indices are summed over a box that holds them all."""
    total = Fraction(0)
    for piece in pieces:
        names = in_order(piece.leftover)
        for chosen in product(range(-1, REACH + 2), repeat=len(names)):
            full = {**at, **dict(zip(names, chosen, strict=True))}
            if k.holds(piece.condition, full):
                total += Fraction(k.evaluate(piece.numerator, full), k.evaluate(piece.denominator, full))
    return total


def brute_force(term: Term, at: dict[Any, int]) -> dict[tuple[tuple[str, int], ...], Fraction]:
    """The coefficient of each monomial: (head, place) of its entries, sorted."""
    found: dict[tuple[tuple[str, int], ...], Fraction] = {}
    for b, c in product(range(-1, REACH + 2), repeat=2):
        full = {**at, B: b, C: c}
        if k.holds(term.condition, full):
            entries = tuple(sorted((atom.head.order, k.evaluate(atom.indices[0], full)) for atom in term.atoms))
            amount = Fraction(k.evaluate(term.numerator, full), k.evaluate(term.denominator, full))
            found[entries] = found.get(entries, Fraction(0)) + amount
    return found


@settings(max_examples=400, deadline=None)
@given(terms())
def test_pieces_have_the_coefficients_of_the_sum(term: Term) -> None:
    """At all places, the pieces add up to what direct summation gives, each order of equal heads counted."""
    try:
        found = list(pieces_of(term))
    except LimitReached:
        return
    pieces = [piece for _, piece in found]
    orders = {heads for heads, _ in found}
    assert len(orders) <= 1
    for at in assignments():
        direct = brute_force(term, at)
        some = list(product((-1, 0, 1, 2, 5), repeat=len(term.atoms)))
        for places in {*some, *[tuple(place for _, place in entries) for entries in direct]}:
            full = {**at, **dict(zip(PLACES, places, strict=False))}
            heads = sorted(atom.head.order for atom in term.atoms)
            expected = direct.get(tuple(sorted(zip(heads, places, strict=True))), Fraction(0))
            if len(heads) == 2 and heads[0] == heads[1] and places[0] == places[1]:
                expected *= 2  # both orders of two entries of one tensor at one place
            assert value(pieces, full) == expected, (full, pieces)


@settings(max_examples=40, deadline=None)
@given(terms(), terms())
def test_merging_and_cells_keep_the_sum(left: Term, right: Term) -> None:
    """Merged pieces have the same sum; the cells are disjoint, and outside them the sum is 0."""
    both = [Term((), term.bound, term.condition, term.numerator, term.denominator) for term in (left, right)]
    try:
        pieces = [piece for term in both for piece in eliminate(term)]
    except LimitReached:
        return
    merged = merge(pieces)
    known = [piece for piece in merged if not piece.leftover][:5]
    for at in assignments():
        assert value(pieces, at) == value(merged, at)
        assert value(merged, at) == value([canonical_leftover(piece) for piece in merged], at)
        inside = [numerator for condition, numerator in cells(known) if k.holds(condition, at)]
        assert len(inside) <= 1
        assert (value(known, at) != 0) == any(k.evaluate(numerator, at) for numerator in inside)


@settings(max_examples=40, deadline=None)
@given(terms(), terms())
def test_equal_sums_cancel(left: Term, right: Term) -> None:
    """Adding terms and subtracting them again leaves no coefficient."""
    monomials = Monomials()
    try:
        for sign in (1, -1):
            for term in (left, right) if sign == 1 else (right, left):
                monomials.add(term, sign)
    except LimitReached:
        return
    for pieces in monomials.groups.values():
        assert merge(pieces) == []


def test_a_bound_that_another_implies_is_not_compared_with_it() -> None:
    """The rows a = 2q, 2q + 1 of a window that lies among 2h rows are two, without a minimum of where they end."""
    a, q, h = Int.symbol(B), Int.symbol(PLACES[0]), Int.symbol("h")
    window = k.all_of((k.between(2 * q, a, 2 * q + 1), k.between(0, a, 2 * h - 1), k.between(0, q, h - 1)))
    (piece,) = eliminate(Term((), frozenset((B,)), window))
    assert piece.numerator == 2
    (cut,) = eliminate(Term((), frozenset((B,)), k.all_of((k.between(2 * q, a, 2 * q + 1), k.between(0, a, h)))))
    assert cut.numerator != 2
