"""Implications that need no decider: p is at least the sum of one or two things known to be non-negative.

    q >= 0,  r >= 0,  p − q − r is a number >= 0
    ────────────────────────────────────────────
    p >= 0

Used to leave out conjuncts that others imply, so that equal conditions come to look equal and most questions are
never asked. Sound and very incomplete.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable
from math import gcd

from derivations.core.terms import Condition, Int, Monomial, NonNegative, Zero, all_of, conjuncts

Shape = frozenset[tuple[Monomial, int]]  # the terms of a polynomial without its number: the first part of `apart`


def _supposed(condition: Condition) -> list[tuple[Shape, int]]:
    """The terms that a condition says are not negative."""
    if isinstance(condition, NonNegative):
        return [condition.term.apart()]
    if isinstance(condition, Zero):
        return [condition.term.apart(), (-condition.term).apart()]
    return []


class Known:
    """Non-negative terms, looked up by shape; for each shape the smallest number is the strongest."""

    def __init__(self, conditions: Iterable[Condition] = ()) -> None:
        self.least: dict[Shape, int] = {}
        self.numbers: dict[Shape, list[int]] = {}  # all that were supposed, the smallest first
        self.having: dict[tuple[Monomial, int], dict[Shape, None]] = {}  # the shapes that have a monomial
        for condition in conditions:
            self.add(condition)

    def add(self, condition: Condition) -> None:
        """Suppose a condition; only equations and inequalities are used."""
        for shape, number in _supposed(condition):
            numbers = self.numbers.get(shape)
            if numbers is None:
                self.numbers[shape] = [number]
                for item in shape:
                    self.having.setdefault(item, {})[shape] = None
            else:
                insort(numbers, number)
            self.least[shape] = self.numbers[shape][0]

    def remove(self, condition: Condition) -> None:
        """Suppose a condition no longer that was added before (once, if it was added twice)."""
        for shape, number in _supposed(condition):
            numbers = self.numbers[shape]
            numbers.remove(number)
            if numbers:
                self.least[shape] = numbers[0]
            else:
                del self.least[shape]

    def implies(self, condition: Condition) -> bool:
        """Whether a condition visibly follows; False says nothing."""
        if isinstance(condition, Zero):
            return self._implies_term(condition.term) and self._implies_term(-condition.term)
        return isinstance(condition, NonNegative) and self._implies_term(condition.term)

    def _implies_term(self, term: Int) -> bool:
        shape, number = term.apart()
        if not shape:
            return number >= 0
        if self._implies_shape(shape, number):
            return True
        common = gcd(*(coefficient for _, coefficient in shape))
        if common == 1:
            return False
        # of integers, c·p + d >= 0 exactly if p + ⌊d / c⌋ >= 0
        lowest = frozenset((monomial, coefficient // common) for monomial, coefficient in shape)
        return self._implies_shape(lowest, number // common)

    def _implies_shape(self, shape: Shape, number: int) -> bool:
        if shape in self.least and self.least[shape] <= number:
            return True
        # p = q + r visibly only where p and q share a monomial with its coefficient.
        for first in dict.fromkeys(known for item in shape for known in self.having.get(item, ())):
            if first not in self.least:
                continue
            rest = dict(shape)
            for monomial, coefficient in first:
                left = rest.get(monomial, 0) - coefficient
                if left:
                    rest[monomial] = left
                else:
                    del rest[monomial]
            second = frozenset(rest.items())
            if second and second not in self.least:
                continue
            if self.least[first] + (self.least[second] if second else 0) <= number:
                return True
        return False


def irredundant(condition: Condition, context: Condition) -> Condition:
    """The conjunction without the inequalities that the others and the context visibly imply."""
    parts = list(conjuncts(condition))
    known = Known([*conjuncts(context), *parts])
    # The longest first, so that what is left are the simple bounds; the order depends on the conditions alone.
    for part in sorted(parts, key=lambda part: (-_length(part), repr(part))):
        if isinstance(part, NonNegative):
            known.remove(part)
            if known.implies(part):
                parts.remove(part)
            else:
                known.add(part)
    return all_of(parts)


def _length(condition: Condition) -> int:
    return len(condition.term.terms) if isinstance(condition, Zero | NonNegative) else 0
