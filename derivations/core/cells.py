"""Pieces that overlap, as disjoint cells: on each a fixed subset of the pieces applies, and their coefficients add up.

Law: the cells that are left out are empty, or their coefficients cancel there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations

from derivations.core.fractions import sum_of_fractions
from derivations.core.implication import Known
from derivations.core.monomials import canonical_leftover
from derivations.core.names import Name
from derivations.core.sums import Piece
from derivations.core.terms import (
    FALSE,
    TRUE,
    Condition,
    Int,
    Sym,
    Zero,
    all_of,
    any_of,
    conjuncts,
    negate,
    substitute_condition,
)

CELL_LIMIT = 4096  # sets of overlapping pieces of one monomial that are compared
GROUP_LIMIT = 64  # pieces of one monomial whose overlaps are looked at, two by two
SOLVING_LIMIT = 12  # equations that are solved to see whether two pieces overlap at all


def merge(pieces: Sequence[Piece]) -> list[Piece]:
    """Add the coefficients of pieces with the same condition; drop those that vanish."""
    found: dict[tuple[frozenset[Condition], frozenset[Name]], Piece] = {}
    for piece in pieces:
        piece = canonical_leftover(piece)
        key = (frozenset(conjuncts(piece.condition)), piece.leftover)
        if key in found:
            old = found[key]
            numerator, denominator = sum_of_fractions(
                (old.numerator, old.denominator), (piece.numerator, piece.denominator)
            )
            piece = Piece(piece.condition, numerator, denominator, piece.leftover, piece.demands | old.demands)
        found[key] = piece
    return [piece for piece in found.values() if piece.numerator.terms]


def cells(pieces: Sequence[Piece], context: Condition = TRUE) -> Iterator[tuple[Condition, Int]]:
    """The disjoint cells on which a fixed subset of the pieces applies and their coefficients do not visibly cancel:
    (condition, numerator of the sum of their coefficients). Within a cell, what is already supposed need not be
    negated: A ∧ B ∧ ¬(A ∧ C) = A ∧ B ∧ ¬C. Subsets with a visibly empty cell are left out early."""
    if len(pieces) > GROUP_LIMIT:
        raise OverflowError
    conflicts = [[False] * len(pieces) for _ in pieces]
    for left, right in combinations(range(len(pieces)), 2):
        found = visibly_false((pieces[left].condition, pieces[right].condition))
        conflicts[left][right] = conflicts[right][left] = found
    for number, piece in enumerate(pieces):
        conflicts[number][number] = visibly_false((piece.condition,))
    negated = [[(part, negate(part)) for part in conjuncts(piece.condition)] for piece in pieces]
    given = frozenset(conjuncts(context))
    known = Known(given)
    path: list[tuple[int, Int, Int, Condition]] = []  # the pieces chosen, with the sum and the conjunction up to each
    for chosen in _subsets(len(pieces), conflicts):
        while path and tuple(step[0] for step in path) != chosen[: len(path)]:
            for part, _ in negated[path.pop()[0]]:
                known.remove(part)
        for number in chosen[len(path) :]:
            _, numerator, denominator, inside = path[-1] if path else (-1, Int.of(0), Int.of(1), TRUE)
            piece = pieces[number]
            numerator, denominator = sum_of_fractions((numerator, denominator), (piece.numerator, piece.denominator))
            path.append((number, numerator, denominator, all_of((inside, piece.condition))))
            for part, _ in negated[number]:
                known.add(part)
        _, numerator, _, inside = path[-1]
        if not numerator.terms:
            continue
        supposed = given.union(conjuncts(inside))
        outside = [
            any_of(no for part, no in negated[number] if part not in supposed and not known.implies(part))
            for number in range(len(pieces))
            if number not in chosen and not any(conflicts[number][other] for other in chosen)
        ]
        cell = all_of((inside, *outside))
        if cell != FALSE:
            yield cell, numerator


def _subsets(size: int, conflicts: Sequence[Sequence[bool]]) -> Iterator[tuple[int, ...]]:
    """The non-empty sets of pieces of which no two conflict."""
    found = 0
    stack: list[tuple[int, ...]] = [(number,) for number in reversed(range(size))]
    while stack:
        chosen = stack.pop()
        found += 1
        if found > CELL_LIMIT:
            raise OverflowError
        yield chosen
        for number in reversed(range(chosen[-1] + 1, size)):
            if not any(conflicts[number][other] for other in chosen):
                stack.append((*chosen, number))


def visibly_false(conditions: Iterable[Condition]) -> bool:
    """Whether a conjunction contradicts itself once its equations are solved; False says nothing."""
    condition = all_of(conditions)
    for _ in range(SOLVING_LIMIT):
        if condition == FALSE:
            return True
        solution = next(filter(None, map(_solution, conjuncts(condition))), None)
        if solution is None:
            break
        condition = substituted(condition, dict([solution]))
    return condition == FALSE


def _solution(part: Condition) -> tuple[Name, Int] | None:
    """A symbol that an equation determines, with its value."""
    if not isinstance(part, Zero):
        return None
    for monomial, coefficient in part.term.terms.items():
        if len(monomial) == 1 and isinstance(monomial[0], Sym) and coefficient in (1, -1):
            name = monomial[0].name
            rest = Int({monomial: coefficient}) - part.term if coefficient == 1 else part.term + Int({monomial: 1})
            if name not in rest.symbols():
                return name, rest
    return None


def substituted(condition: Condition, values: dict[Name, Int]) -> Condition:
    """The condition at given sizes; false where a divisor is not positive."""
    try:
        return substitute_condition(condition, values)
    except ZeroDivisionError:
        return FALSE
