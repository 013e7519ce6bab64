"""Sums over index relations: what a formula's entry is.

    Term = numerator/denominator · Σ_bound [condition] Π atoms        Atom = head[indices]

A formula's entry is a sum of terms. Two entries are equal for all data exactly when, for every monomial in the data,
the coefficients agree (`monomials`). A *piece* is such a coefficient: what is left of a term once the places at which
its atoms stand are free variables and the bound indices are solved for (`elimination`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from derivations.core.heads import Head
from derivations.core.names import Mark, Name, Role
from derivations.core.terms import (
    TRUE,
    Condition,
    Int,
    substitute,
    substitute_condition,
)

ONE = Int.of(1)


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
