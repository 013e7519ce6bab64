"""The ranges of indices: explicit ones, and those that the entries of a definition by index settle.

    z[i, j] = body    i runs over all integers for which every entry with the subscript i exists

An inferred range must be a box that starts at 0: each subscript is s·i + r with s positive, r free of the
other indices of the definition, and 0 <= s·i + r < size for all values of the summed indices in r. What
this cannot see: `//` and `%`, and subscripts that mix two indices of the definition; there the author
writes the range.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sympy import Basic, Expr, Integer, Symbol, expand

from derivations.formulas.expressions import Definition, Entry, Expression, IndexRange, IndexSum, Loss, Slice
from derivations.formulas.integers import FloorDiv, Maximum, Minimum, Remainder
from derivations.formulas.text import to_text
from derivations.language.arithmetic import Arithmetic


class Unsettled(ValueError):
    """The entries do not settle a range."""


def explicit_range(elaborator: Any, index: Symbol, low: Any, high: Any) -> IndexRange:
    """`i in low..high`, inclusive, as the author counts; without bounds the range is left to the entries."""
    if low is None:
        return IndexRange(index)
    origin = elaborator.scope.origin
    bounds = [elaborator.integer(bound, "a bound of a range") - origin for bound in (low, high)]
    return IndexRange(index, *bounds)


def entries_of(node: Basic, ranges: tuple[IndexRange, ...] = ()) -> Iterator[tuple[Entry, tuple[IndexRange, ...]]]:
    """Every entry in a formula with the ranges of the sums around it; definitions are closed and not
    opened."""
    if isinstance(node, Definition | Loss):
        return
    if isinstance(node, IndexSum):
        ranges = (*ranges, *node.ranges)
    if isinstance(node, Entry):
        yield node, ranges
    for part in node.args:
        yield from entries_of(part, ranges)


def mentions_index(node: Expression, index: Symbol) -> bool:
    """Whether some entry of the formula has the index in its subscripts."""
    return any(index in subscript.free_symbols for found, _ in entries_of(node) for subscript in found.indices)


def inferred_range(body: Expression, index: Symbol, others: set[Symbol], arithmetic: Arithmetic) -> IndexRange:
    """The range 0..high of an index of a definition; raises Unsettled with the reason where there is no
    such box."""
    highs: list[Expr] = []
    starts_at_zero = False
    for place, size, ranges in _places(body, index):
        bounds = _solved(place, size, index, others, ranges, arithmetic)
        if bounds is None:
            continue
        low, high = bounds
        if low != 0 and not arithmetic.positive(1 - low):
            raise Unsettled(f"it starts at {to_text(low)}")
        starts_at_zero = starts_at_zero or low == 0
        if high not in highs:
            highs.append(high)
    if not highs:
        raise Unsettled("no entry bounds it")
    if not starts_at_zero:
        raise Unsettled("it does not start at 0")
    return IndexRange(index, 0, _least(highs, arithmetic))


def _places(body: Expression, index: Symbol) -> Iterator[tuple[Expr, Expr, tuple[IndexRange, ...]]]:
    """The first and last subscript on every axis of every entry that the index stands in."""
    for found, ranges in entries_of(body):
        for subscript, size in zip(found.indices, found.of.shape, strict=True):
            if index not in subscript.free_symbols:
                continue
            if isinstance(subscript, Slice):
                yield subscript.start, size, ranges
                yield subscript.start + (subscript.count - 1) * subscript.step, size, ranges
            else:
                yield subscript, size, ranges


def _solved(
    place: Expr,
    size: Expr,
    index: Symbol,
    others: set[Symbol],
    ranges: tuple[IndexRange, ...],
    arithmetic: Arithmetic,
) -> tuple[Expr, Expr] | None:
    """The least and greatest index with 0 <= place < size; None where a sum without a range takes care of
    it."""
    place = expand(place)
    bound = {part.index: part for part in ranges}
    if any(symbol in bound and not bound[symbol].explicit for symbol in place.free_symbols):
        return None
    if any(index in part.free_symbols for part in place.atoms(FloorDiv, Remainder, Minimum, Maximum)):
        raise Unsettled("// and % do not settle it")
    step = place.coeff(index, 1)
    rest = place - step * index
    if index in rest.free_symbols or index in step.free_symbols or not arithmetic.positive(step):
        raise Unsettled("its subscript is not of the form s*i + r with a positive s")
    if rest.free_symbols & others:
        raise Unsettled("a subscript mixes two indices")
    least, greatest = _extremes(rest, bound, arithmetic)
    low = Integer(0) if least == 0 else -FloorDiv(least, step)
    return low, FloorDiv(size - 1 - greatest, step)


def _extremes(rest: Expr, bound: dict[Symbol, IndexRange], arithmetic: Arithmetic) -> tuple[Expr, Expr]:
    """The least and greatest value of the rest over the explicit ranges of the summed indices in it."""
    least = greatest = rest
    for symbol in sorted(rest.free_symbols & set(bound), key=str, reverse=True):
        factor = rest.coeff(symbol, 1)
        if symbol in (rest - factor * symbol).free_symbols or factor.free_symbols & set(bound):
            raise Unsettled("a subscript is not linear in the summed indices")
        ends = (bound[symbol].low, bound[symbol].high)
        if arithmetic.positive(-factor):
            ends = ends[::-1]
        elif not arithmetic.positive(factor):
            raise Unsettled(f"the sign of {to_text(factor)} is not known")
        least, greatest = expand(least.subs(symbol, ends[0])), expand(greatest.subs(symbol, ends[1]))
    if (least.free_symbols | greatest.free_symbols) & set(bound):
        raise Unsettled("a range depends on another index")
    return least, greatest


def _least(values: list[Expr], arithmetic: Arithmetic) -> Expr:
    """The least of these bounds, as one of them where a glance can tell which."""
    least = values[0]
    for value in values[1:]:
        if arithmetic.positive(least - value + 1):
            least = value
        elif not arithmetic.positive(value - least + 1):
            least = Minimum(least, value)
    return least
