"""The finite box in which an index without a written range can lie.

`sum[i](...)` runs over all integers i for which every entry whose subscripts contain i exists. From each such
entry 0 <= subscript <= size − 1 follows, and interval arithmetic solves that for i as far as it goes: sums,
multiples, floors. The box may be too large, never too small; which of its points count is decided by the
entries themselves.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from sympy import Basic, Expr, Symbol

from derivations.crosscheck.integers import compiled, symbols_of
from derivations.crosscheck.values import NotEvaluable
from derivations.formulas.expressions import ByIndex, Definition, Entry, Expression, IndexRange, IndexSum, Slice
from derivations.formulas.integers import FloorDiv

INFINITE = 2**40
Interval = tuple[Any, Any]
Box = dict[str, Interval]


def constraints(body: Expression, names: frozenset[str]) -> Iterator[tuple[Expr, Expr]]:
    """(subscript, size) of every axis of every entry whose subscripts contain one of the names; of a slice,
    its first and last place."""
    if isinstance(body, Definition):
        return  # a definition has no free indices
    if isinstance(body, Entry):
        subscripts = [symbols_of(index) for index in body.indices]
        if names & frozenset().union(*subscripts):
            for index, size in zip(body.indices, body.of.shape, strict=True):
                yield from _places(index, size)
    for part in body.args:
        if isinstance(part, Expression):
            yield from constraints(part, names)


def _places(index: Basic, size: Expr) -> Iterator[tuple[Expr, Expr]]:
    if isinstance(index, Slice):
        yield index.start, size + 1  # an empty slice may begin one past the end
    else:
        yield index, size


def inner_ranges(body: Expression) -> Iterator[IndexRange]:
    """The ranges that sums inside the body bind."""
    if isinstance(body, IndexSum | ByIndex):
        yield from body.ranges
    if not isinstance(body, Definition):
        for part in body.args:
            if isinstance(part, Expression):
                yield from inner_ranges(part)


def box(body: Expression, ranges: tuple[IndexRange, ...], values: Mapping[str, Any]) -> Box:
    """For each index of `ranges`, an interval (lowest, highest) that contains every value for which all
    entries exist.

    values: the sizes, and arrays of the values of outer indices. Raises NotEvaluable where nothing bounds an
    index.
    """
    unknown = {part.index.name for part in (*ranges, *inner_ranges(body))}
    intervals: Box = {name: (value, value) for name, value in values.items()}
    intervals |= dict.fromkeys(unknown, (-INFINITE, INFINITE))
    for part in (*ranges, *inner_ranges(body)):
        if part.explicit:
            low, _ = interval_of(part.low, intervals)
            _, high = interval_of(part.high, intervals)
            intervals[part.index.name] = (low, high)
    wanted = frozenset(part.index.name for part in ranges)
    facts = list(constraints(body, wanted | unknown))
    for _ in range(2 + len(unknown)):
        for subscript, size in facts:
            _, largest = interval_of(size, intervals)
            narrow(subscript, 0, largest - 1, intervals)
    for name in wanted:
        low, high = intervals[name]
        if np.any(np.less_equal(low, -INFINITE // 2)) or np.any(np.greater_equal(high, INFINITE // 2)):
            raise NotEvaluable(f"nothing bounds the index {name}")
    return {name: intervals[name] for name in wanted}


def interval_of(expression: Expr, intervals: Box) -> Interval:
    """An interval that contains every value of the expression."""
    if isinstance(expression, Symbol):
        return intervals[expression.name]
    names = symbols_of(expression)
    if all(intervals[name][0] is intervals[name][1] for name in names):
        value = compiled(expression)({name: intervals[name][0] for name in names})
        return value, value
    parts = [interval_of(part, intervals) for part in expression.args]
    if expression.is_Add:
        return sum(low for low, _ in parts), sum(high for _, high in parts)
    if expression.is_Mul:
        result = parts[0]
        for part in parts[1:]:
            corners = [a * b for a in result for b in part]
            result = (_least(corners), _most(corners))
        return result
    if isinstance(expression, FloorDiv) and parts[1][0] is parts[1][1]:
        return parts[0][0] // parts[1][0], parts[0][1] // parts[1][0]
    return -INFINITE, INFINITE


def _least(values: list[Any]) -> Any:
    result = values[0]
    for value in values[1:]:
        result = np.minimum(result, value)
    return result


def _most(values: list[Any]) -> Any:
    result = values[0]
    for value in values[1:]:
        result = np.maximum(result, value)
    return result


def narrow(expression: Expr, low: Any, high: Any, intervals: Box) -> None:
    """Shrink the intervals of the indices in `expression` to what low <= expression <= high allows."""
    if isinstance(expression, Symbol):
        first, last = intervals[expression.name]
        if first is not last:
            intervals[expression.name] = (np.maximum(first, low), np.minimum(last, high))
        return
    if expression.is_Add:
        parts = [interval_of(part, intervals) for part in expression.args]
        for number, part in enumerate(expression.args):
            others = [interval for other, interval in enumerate(parts) if other != number]
            narrow(part, low - sum(top for _, top in others), high - sum(bottom for bottom, _ in others), intervals)
    elif expression.is_Mul:
        _narrow_product(expression, low, high, intervals)
    elif isinstance(expression, FloorDiv):
        divisor, other = interval_of(expression.args[1], intervals)
        if divisor is other:
            narrow(expression.args[0], low * divisor, high * divisor + divisor - 1, intervals)


def _narrow_product(expression: Expr, low: Any, high: Any, intervals: Box) -> None:
    for number, part in enumerate(expression.args):
        factor: Any = 1
        for other, rest in enumerate(expression.args):
            if other != number:
                bottom, top = interval_of(rest, intervals)
                if bottom is not top:
                    return  # two unknown factors: nothing follows simply
                factor = factor * bottom
        if interval_of(part, intervals)[0] is interval_of(part, intervals)[1]:
            continue
        if np.any(np.equal(factor, 0)):
            return
        ends = [-((-low) // factor), high // factor]  # for a positive factor: ⌈low/factor⌉ and ⌊high/factor⌋
        swapped = [-((-high) // factor), low // factor]
        positive = np.greater(factor, 0)
        narrow(part, np.where(positive, ends[0], swapped[0]), np.where(positive, ends[1], swapped[1]), intervals)
