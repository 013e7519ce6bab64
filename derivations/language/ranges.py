"""The ranges of indices: explicit ones, and those that the entries of a definition by index settle.

    z[i, j] = body    i runs over all integers for which every entry with the subscript i exists

An inferred range must be a box that starts at 0. Three kinds of subscript are told apart:

    x[s*i + r]            s positive, r of sizes and of indices with explicit ranges: 0 <= s*i + r < size throughout
    x[i + p]              p an index of a sum without a range: the windows are complete, for every p that entries with p
                          alone (k[p]) settle
    x[(i // r)*q + c]     anything else settles nothing; a bare x[i] elsewhere must

Where a bare subscript and complete windows say different things (x[i + p]*k[p] beside b[i] for a longer b), the author
writes the range: a range is never guessed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
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


Binder = tuple[IndexRange, IndexSum]  # an index of a sum, and the sum


def entries_of(node: Basic, binders: tuple[Binder, ...] = ()) -> Iterator[tuple[Entry, tuple[Binder, ...]]]:
    """Every entry in a formula with the indices of the sums around it; definitions are closed and not opened."""
    if isinstance(node, Definition | Loss):
        return
    if isinstance(node, IndexSum):
        binders = (*binders, *[(part, node) for part in node.ranges])
    if isinstance(node, Entry):
        yield node, binders
    for part in node.args:
        yield from entries_of(part, binders)


def mentions_index(node: Expression, index: Symbol) -> bool:
    """Whether some entry of the formula has the index in its subscripts."""
    return any(index in subscript.free_symbols for found, _ in entries_of(node) for subscript in found.indices)


@dataclass
class _Bounds:
    """What the subscripts say of an index: the ends that each allows, of those that stand for themselves and of windows
    that must be complete; whether one of the former is the index alone; why others settle nothing: entries must exist
    there (`unsolved`), or a sum takes those that do (`left`)."""

    own: list[tuple[Expr, Expr]] = field(default_factory=list)
    windows: list[tuple[Expr, Expr]] = field(default_factory=list)
    bare: bool = False
    unsolved: list[Unsettled] = field(default_factory=list)
    left: list[Unsettled] = field(default_factory=list)


def inferred_range(body: Expression, index: Symbol, others: set[Symbol], arithmetic: Arithmetic) -> IndexRange:
    """The range 0..high of an index of a definition; raises Unsettled with the reason where there is no
    such box."""
    found = _Bounds()
    for place, size, binders in _places(body, index):
        _read(found, place, size, index, others, binders, arithmetic)
    if found.unsolved and not found.bare:
        raise found.unsolved[0]
    if not found.own and found.left:
        raise found.left[0]
    if not found.own and not found.windows:
        raise Unsettled("no entry bounds it")
    if not found.own:
        return IndexRange(index, 0, _last(found.windows, arithmetic))
    high = _last(found.own, arithmetic)
    for low, end in found.windows:
        if not (_at_most(low, Integer(0), arithmetic) and _at_most(high, end, arithmetic)):
            raise Unsettled(f"alone in a subscript it ends at {to_text(high)}, with complete windows at {to_text(end)}")
    return IndexRange(index, 0, high)


def _last(bounds: list[tuple[Expr, Expr]], arithmetic: Arithmetic) -> Expr:
    """The last index within all these bounds, which must begin at 0."""
    for low, _ in bounds:
        if not _at_most(low, Integer(0), arithmetic):
            raise Unsettled(f"it starts at {to_text(low)}")
    if all(low != 0 for low, _ in bounds):
        raise Unsettled("it does not start at 0")
    return _least(list(dict.fromkeys(high for _, high in bounds)), arithmetic)


def _at_most(left: Expr, right: Expr, arithmetic: Arithmetic) -> bool:
    return bool(left == right) or arithmetic.positive(expand(right - left + 1))


def _places(body: Expression, index: Symbol) -> Iterator[tuple[Expr, Expr, tuple[Binder, ...]]]:
    """The first and last subscript on every axis of every entry that the index stands in."""
    for found, binders in entries_of(body):
        for subscript, size in zip(found.indices, found.of.shape, strict=True):
            if index not in subscript.free_symbols:
                continue
            if isinstance(subscript, Slice):
                yield subscript.start, size, binders
                yield subscript.start + (subscript.count - 1) * subscript.step, size, binders
            else:
                yield subscript, size, binders


def _read(
    found: _Bounds, place: Expr, size: Expr, index: Symbol, others: set[Symbol], binders: tuple[Binder, ...],
    arithmetic: Arithmetic,
) -> None:  # fmt: skip
    """What one subscript says of the index."""
    place = expand(place)
    around = {part.index: (part, node) for part, node in binders}
    summed = [symbol for symbol in place.free_symbols if symbol in around and not around[symbol][0].explicit]
    ranges = {part.index: part for part, _ in binders}
    try:
        for symbol in summed:
            ranges[symbol] = _range_of_its_own(around[symbol][1], symbol, {index, *others}, binders, arithmetic)
        bounds = _solved(place, size, index, others, ranges, arithmetic)
    except Unsettled as reason:
        (found.left if summed else found.unsolved).append(reason)
        return
    (found.windows if summed else found.own).append(bounds)
    found.bare = found.bare or place == index


def _range_of_its_own(
    node: IndexSum, symbol: Symbol, defined: set[Symbol], binders: tuple[Binder, ...], arithmetic: Arithmetic
) -> IndexRange:
    """The range of a sum's index that entries without the indices of the definition settle."""
    explicit = {part.index: part for part, _ in binders if part.explicit}
    free = {part.index for part, _ in binders if not part.explicit} - {symbol}
    bounds = []
    for place, size, _ in _places(node.body, symbol):
        inside = expand(place).free_symbols
        if inside & free:
            raise Unsettled(f"the range of {symbol} hangs together with that of {min(map(str, inside & free))}")
        if not inside & defined:
            bounds.append(_solved(expand(place), size, symbol, set(), explicit, arithmetic))
    if not bounds:
        raise Unsettled(f"no entry bounds {symbol} by itself, so that the windows have no size")
    lows = [low for low, _ in bounds]
    low = next((low for low in lows if all(_at_most(other, low, arithmetic) for other in lows)), None)
    if low is None:
        raise Unsettled(f"where {symbol} starts is not known")
    return IndexRange(symbol, low, _least(list(dict.fromkeys(high for _, high in bounds)), arithmetic))


def _solved(
    place: Expr,
    size: Expr,
    index: Symbol,
    others: set[Symbol],
    ranges: dict[Symbol, IndexRange],
    arithmetic: Arithmetic,
) -> tuple[Expr, Expr]:
    """The least and greatest index with 0 <= place < size, for all values of the summed indices."""
    if any(index in part.free_symbols for part in place.atoms(FloorDiv, Remainder, Minimum, Maximum)):
        raise Unsettled("// and % do not settle it")
    step = place.coeff(index, 1)
    rest = place - step * index
    if index in rest.free_symbols or index in step.free_symbols or not arithmetic.positive(step):
        raise Unsettled("its subscript is not of the form s*i + r with a positive s")
    if rest.free_symbols & others:
        raise Unsettled("a subscript mixes two indices")
    least, greatest = _extremes(rest, ranges, arithmetic)
    low = Integer(0) if least == 0 else -FloorDiv(least, step)
    high = FloorDiv(size - 1 - greatest, step)
    if high.free_symbols & {index, *others} or low.free_symbols & {index, *others}:
        raise Unsettled("a range depends on another index")
    return low, high


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
