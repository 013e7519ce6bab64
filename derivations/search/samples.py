"""Small sizes at which a goal is tried, and what holds at them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from derivations.core import goals
from derivations.core import terms as k
from derivations.core.names import Name
from derivations.core.terms import Condition, Int
from derivations.search.decide import Goal

SIZES_TRIED = 20_000  # of which those that a context admits are taken

Sizes = dict[Any, int]  # by name


def holds_for(condition: Condition, sizes: Sizes) -> bool:
    """Whether a condition holds at sizes; not where it has no meaning there."""
    try:
        return k.holds(condition, sizes)
    except ZeroDivisionError:
        return False


def small_sizes(goal: Goal | goals.Goal, limit: int) -> Iterator[Sizes]:
    """Admissible sizes by increasing sum, then in declaration order."""
    count = len(goal.sizes)
    if not count:
        yield {}
        return
    found = tried = 0
    least = [_least(goal.context, name) for name in goal.sizes]
    for total in range(8 + 2 * count):
        for values in _compositions(total, count):
            tried += 1
            if tried > SIZES_TRIED:
                return
            sizes = {name: low + value for name, low, value in zip(goal.sizes, least, values, strict=True)}
            if holds_for(goal.context, sizes):
                yield sizes
                found += 1
                if found >= limit:
                    return


def _least(context: Condition, name: Name) -> int:
    """The lower bound that a context states for a size; 0 if it states none."""
    symbol = Int.symbol(name)
    bounds = [(symbol - part.term).constant for part in k.conjuncts(context) if isinstance(part, k.NonNegative)]
    return max((bound for bound in bounds if bound is not None), default=0)


def _compositions(total: int, count: int) -> Iterator[tuple[int, ...]]:
    if count == 1:
        yield (total,)
        return
    for first in range(total + 1):
        for rest in _compositions(total - first, count - 1):
            yield (first, *rest)
