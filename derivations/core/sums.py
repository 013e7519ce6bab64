"""Sums over index relations: what a formula's entry is.

    Term = numerator/denominator · Σ_bound [condition] Π atoms        Atom = head[indices]

A formula's entry is a sum of terms. Two entries are equal for all data exactly when, for every monomial in the data,
the coefficients agree (`monomials`). A *piece* is such a coefficient: what is left of a term once the places at which
its atoms stand are free variables and the bound indices are solved for (`elimination`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import factorial, prod
from typing import Any

from derivations.core.heads import Head, Reciprocal
from derivations.core.names import Mark, Name, Role
from derivations.core.terms import (
    TRUE,
    Condition,
    Int,
    all_of,
    equal,
    substitute,
    substitute_condition,
)

ONE = Int.of(1)
ORDERS = 24  # one head standing five times in a monomial has 120 orders; nobody's gradient has


@dataclass(frozen=True)
class Atom:
    """One entry of a tensor, or of an opaque function of one: an unknown real number."""

    head: Head
    indices: tuple[Int, ...] = ()


@dataclass(frozen=True)
class Term:
    """numerator/denominator · Σ over `bound` (all integers) [condition] Π atoms."""

    atoms: tuple[Atom, ...] = ()
    bound: frozenset[Name] = frozenset()
    condition: Condition = TRUE
    numerator: Int = ONE
    denominator: Int = ONE
    demands: frozenset[Condition] = frozenset()


@dataclass(frozen=True)
class Piece:
    """coefficient · [condition], on (sizes, free indices, places of a monomial's atoms).

    `leftover` are bound indices that neither an equation nor counting removed. `demands` are what a rewriting
    supposed of the sizes (a divisor is positive); whoever uses the piece must prove them from the context.
    """

    condition: Condition
    numerator: Int
    denominator: Int
    leftover: frozenset[Name] = frozenset()
    demands: frozenset[Condition] = frozenset()


def place(slot: int, axis: int) -> Mark:
    """The free variable for one index of one atom of a monomial."""
    return Mark(Role.PLACE, slot, axis)


class LimitReached(Exception):
    """A limit of the kernel: the claim is undecided, and the limit is named."""


def rename_term(term: Term, values: Mapping[Any, Int]) -> Term:
    """A term with symbols replaced, in its atoms too."""
    return Term(
        tuple(Atom(atom.head, tuple(substitute(index, values) for index in atom.indices)) for atom in term.atoms),
        frozenset(
            next(iter(values[name].symbols())) if name in values else name for name in term.bound
        ),
        substitute_condition(term.condition, values),
        substitute(term.numerator, values),
        substitute(term.denominator, values),
        term.demands,
    )  # fmt: skip


def arrangements(term: Term) -> tuple[list[tuple[tuple[Atom, ...], Condition]], int]:
    """The atoms of a term in each different order that moves them among the slots of their head, and the term's
    condition with the places of the slots set equal to their indices; and how often each order comes up. Raises
    LimitReached past ORDERS."""
    atoms = sorted(_without_reciprocals(term.atoms), key=lambda atom: (atom.head.order, len(atom.indices)))
    orders: list[tuple[Atom, ...]] = [()]
    start, times = 0, 1
    while start < len(atoms):
        stop = start
        while stop < len(atoms) and atoms[stop].head is atoms[start].head:
            stop += 1
        alike = Counter(atoms[start:stop])
        often = prod(map(factorial, alike.values()))
        if factorial(stop - start) // often * len(orders) > ORDERS:
            raise LimitReached(f"{stop - start} entries of {atoms[start].head} in one product")
        orders = [(*first, *then) for first in orders for then in _arranged(alike)]
        start, times = stop, times * often
    found = []
    for order in orders:
        places = [
            equal(Int.symbol(place(slot, axis)), index)
            for slot, atom in enumerate(order)
            for axis, index in enumerate(atom.indices)
        ]
        # Equations first: they determine the bound indices that the other conditions then speak of.
        found.append((order, all_of((*places, term.condition))))
    return found, times


def _arranged(alike: Mapping[Atom, int]) -> Iterator[tuple[Atom, ...]]:
    """The different orders of atoms, some of which are alike."""
    if not alike:
        yield ()
    for atom, count in alike.items():
        rest = {other: left for other, left in alike.items() if other is not atom}
        for tail in _arranged(rest if count == 1 else {atom: count - 1, **rest}):
            yield (atom, *tail)


def _without_reciprocals(atoms: Sequence[Atom]) -> list[Atom]:
    """x · (1/x) = 1 where both stand at the same place (every divisor is supposed non-zero)."""
    left = list(atoms)
    for atom in atoms:
        if isinstance(atom.head, Reciprocal):
            partner = Atom(atom.head.of, atom.indices)
            if partner in left and atom in left:
                left.remove(partner)
                left.remove(atom)
    return left
