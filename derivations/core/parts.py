"""Parts of a coefficient: numbers on conditions, which may overlap, and their sum.

    Part = numerator/denominator · [condition]

It exists for the referee, which asks where such a sum is other than 0. Law: everything here is an identity of integers
and truth values, by evaluation alone; nothing is concluded that a condition does not say literally.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import prod

from derivations.core.terms import FALSE, TRUE, Condition, Int, Or, all_of, any_of, conjuncts, negate

CELLS = 4096  # sets of parts of one coefficient that may overlap


class TooManyCells(Exception):
    """More sets of overlapping parts than are looked at."""


@dataclass(frozen=True)
class Part:
    """numerator/denominator · [condition]."""

    condition: Condition
    numerator: Int
    denominator: Int


def merged(parts: Sequence[Part]) -> list[Part]:
    """The parts with those of one condition added; those that vanish left out."""
    found: dict[frozenset[Condition], Part] = {}
    for part in parts:
        key = frozenset(conjuncts(part.condition))
        found[key] = Part(part.condition, *added(found[key], part)) if key in found else part
    return [part for part in found.values() if part.numerator.terms]


def simplified(condition: Condition) -> Condition:
    """An equivalent conjunction: of each disjunction, the alternatives that another part denies are left out, and the
    whole where another part is one of them."""
    parts = conjuncts(condition)
    given = {part for part in parts if not isinstance(part, Or)}
    if len(given) == len(parts):
        return condition
    found: list[Condition] = []
    for part in parts:
        if not isinstance(part, Or):
            found.append(part)
        elif given.isdisjoint(part.parts):
            found.append(any_of(each for each in part.parts if negate(each) not in given))
    return all_of(found)


def added(left: Part, right: Part) -> tuple[Int, Int]:
    """The sum of two parts' numbers, as numerator and denominator."""
    if left.denominator == right.denominator:
        return left.numerator + right.numerator, left.denominator
    return (
        left.numerator * right.denominator + right.numerator * left.denominator,
        left.denominator * right.denominator,
    )


def cases(pieces: Sequence[Part]) -> tuple[tuple[Condition, Int], ...]:
    """The pieces' conditions, each with its numerator once all are brought to one denominator."""
    denominators = dict.fromkeys(piece.denominator for piece in pieces)
    return tuple(
        (piece.condition, prod((d for d in denominators if d != piece.denominator), start=piece.numerator))
        for piece in pieces
    )


def cells(pieces: Sequence[Part]) -> Iterator[tuple[Condition, Int]]:
    """The disjoint cells in which exactly some of the pieces apply: (condition, numerator of their sum); those in which
    the sum is 0 as a polynomial, or the condition is visibly false, left out."""
    found = 0
    stack: list[tuple[int, Condition, Part | None]] = [(0, TRUE, None)]
    while stack:
        number, condition, total = stack.pop()
        found += 1
        if found > CELLS:
            raise TooManyCells(f"more than {CELLS} overlapping cases")
        if condition == FALSE:
            continue
        if number == len(pieces):
            if total is not None and total.numerator.terms:
                yield condition, total.numerator
            continue
        piece = pieces[number]
        stack.append((number + 1, simplified(all_of((condition, negate(piece.condition)))), total))
        new = piece if total is None else Part(TRUE, *added(total, piece))
        stack.append((number + 1, simplified(all_of((condition, piece.condition))), new))
