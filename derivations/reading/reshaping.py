"""Rearrangements without arithmetic: reshape with factored axes, transpose, flip, pad, concatenate, repeat, tile.

Law: `reshape` keeps the row-major order; axes are merged and split as lists of factors wherever the sizes say how, and
by `//` and `%` only where they do not. An entry is read only inside its array: what lies between is a sum over places.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from derivations.reading.arrays import Array, Axes, Axis, Index, joined_index, plain_axis, structured
from derivations.reading.elements import ZERO, Element, iff, plus, times, total
from derivations.reading.integers import Int, at_least, both, equal, product
from derivations.reading.machine import Machine

# -- reshape ---------------------------------------------------------------------------------------


def reshaped(machine: Machine, array: Array, shape: Sequence[Any]) -> Array:
    """array.reshape(shape), one size of which may be -1."""
    sizes = _sizes(machine, product(array.shape), shape)
    old = tuple(size for axis in array.axes for size in axis)
    matched = _matched(machine, old, sizes)
    if matched is None:
        axes: Axes = tuple(plain_axis(size) for size in sizes)
        back = _by_division(machine, axes, sizes, array.axes)
    else:
        axes, parts = matched
        for axis in axes:
            if len(axis) > 1:
                machine.factors.setdefault(product(axis), axis)
        back = _by_factors(parts, axes, array.axes)
    return array.view(axes, back, whole=True, loose=not array.whole)


def _sizes(machine: Machine, entries: Int, shape: Sequence[Any]) -> list[Int]:
    sizes: list[Int | None] = []
    for size in shape:
        if not isinstance(size, Int):
            machine.refuse("a size that is no integer")
        if size.constant is not None and size.constant < -1:
            machine.refuse("a negative size", "-1 for the size that is left")
        sizes.append(None if size.constant == -1 else machine.simplify(size))
    known = product([size for size in sizes if size is not None])
    if None not in sizes:
        if machine.simplify(known) != machine.simplify(entries):
            machine.require(equal(known, entries), "fits", "reshape keeps the number of entries")
        return [size for size in sizes if size is not None]
    if sizes.count(None) > 1:
        machine.refuse("two sizes of -1")
    rest = entries.over(known)
    if rest is None:
        machine.require(equal(entries % known, 0), "fits", "reshape keeps the number of entries")
        rest = machine.simplify(entries // known)
    return [rest if size is None else size for size in sizes]


Part = tuple[int, int, Int]  # the axis and the place of a new factor, and its size


def _matched(machine: Machine, old: Sequence[Int], sizes: Sequence[Int]) -> tuple[Axes, list[list[Part]]] | None:
    """The new axes by their factors and, for each old factor, the new ones that it consists of."""
    axes: list[list[Int]] = [[] for _ in sizes]
    parts: list[list[Part]] = [[] for _ in old]
    left = [(number, size) for number, size in enumerate(old)]
    at = 0
    while at < len(sizes):
        size = sizes[at]
        while product(axes[at]) != size:
            if not left:
                return None
            number, factor = left.pop(0)
            missing = size.over(product(axes[at]))
            if missing is None:
                return None
            if missing.over(factor) is not None:
                taken: Int | None = factor
            else:
                rest = factor.over(missing)
                taken = missing if rest is not None else None
                if rest is not None:
                    left.insert(0, (number, rest))
            if taken is None:
                following = _whole_axes(machine, factor, sizes[at:]) if not axes[at] else 0
                if not following:
                    return None
                for more in range(at, at + following):
                    axes[more] = [sizes[more]]
                    parts[number].append((more, 0, sizes[more]))
                at += following - 1
                break
            parts[number].append((at, len(axes[at]), taken))
            axes[at].append(taken)
        at += 1
    if left:
        return None
    return tuple(tuple(axis) for axis in axes), parts


def _whole_axes(machine: Machine, factor: Int, sizes: Sequence[Int]) -> int:
    """How many of these sizes multiply to the factor, which only a proof can tell; 0 for none."""
    for count in range(2, min(len(sizes), 4) + 1):
        condition = equal(product(list(sizes[:count])), factor)
        shared = any(size.symbols & factor.symbols for size in sizes[:count])
        if shared and machine.is_size(condition) and machine.known(condition):
            return count
    return 0


def _by_factors(parts: Sequence[Sequence[Part]], axes: Axes, old: Axes) -> Callable[[Index], Index]:
    def back(index: Index) -> Index:
        cell = [joined_index([index[axis][place] for axis, place, _ in one], [size for _, _, size in one])
                for one in parts]
        return structured(cell, old)

    return back


def _by_division(machine: Machine, axes: Axes, sizes: Sequence[Int], old: Axes) -> Callable[[Index], Index]:
    factors = tuple(size for axis in old for size in axis)

    def back(index: Index) -> Index:
        places = [part[0] if part else Int() for part in index]
        number = joined_index(places, list(sizes))
        return structured(machine.convert((number,), (product(factors),), factors), old)

    return back


# -- order -----------------------------------------------------------------------------------------


def transposed(array: Array, order: Sequence[int]) -> Array:
    """The axes in another order."""
    axes = tuple(array.axes[at] for at in order)
    places = {axis: at for at, axis in enumerate(order)}
    same = list(order) == list(range(len(order)))
    return array.view(axes, lambda index: tuple(index[places[axis]] for axis in range(len(order))), whole=same)


def flipped(array: Array, over: Sequence[int]) -> Array:
    """Reversed over some axes."""
    own = array.axes

    def back(index: Index) -> Index:
        return tuple(
            tuple(n - 1 - i for i, n in zip(part, own[at], strict=True)) if at in over else part
            for at, part in enumerate(index)
        )

    return array.view(own, back)


def broadcast(machine: Machine, array: Array, shape: Sequence[Int]) -> Array:
    """numpy.broadcast_to; as a copy, since NumPy's is read-only."""
    axes = tuple(plain_axis(size) for size in shape)
    back = machine.fitted(array.axes, axes)
    entries = machine.snapshot(array)
    return machine.make(axes, lambda index: entries(back(index)), array.kind)


# -- pieces ----------------------------------------------------------------------------------------


def picked(
    machine: Machine, places: Sequence[tuple[Int, Int, Int]], entry: Callable[[Sequence[Int]], Element]
) -> Element:
    """Σ over t of [u == low + t]·entry(t) for each (u, low, count): the entry at u - low where it is inside, else 0."""
    bound: list[tuple[str, Int, Int]] = []
    inner: list[Int] = []
    conditions = []
    for place, low, count in places:
        inside = place - low
        if machine.facts.nonnegative(inside) and machine.facts.nonnegative(count - 1 - inside):
            inner.append(inside)
            continue
        if machine.facts.nonnegative(-inside - 1) or machine.facts.nonnegative(inside - count):
            return ZERO
        symbol = machine.fresh("t", Int(), count - 1)
        bound.append((next(iter(symbol.symbols)), Int(), count - 1))
        conditions.append(equal(place, low + symbol))
        inner.append(symbol)
    return total(tuple(bound), times(iff(both(*conditions)), entry(inner)))


def padded(machine: Machine, array: Array, widths: Sequence[tuple[Int, Int]]) -> Array:
    """Zeros around the entries, by widths before and after on each axis."""
    entries = machine.snapshot(array)
    old = array.axes
    axes: list[Axis] = []
    for axis, (before, after) in zip(old, widths, strict=True):
        for width in (before, after):
            machine.require(at_least(width, 0), "fits", "a padding is not negative")
        changed = bool(before.terms or after.terms)
        axes.append(plain_axis(machine.simplify(product(axis) + before + after)) if changed else axis)
    moved = [at for at, (before, after) in enumerate(widths) if before.terms or after.terms]

    def entry(index: Index) -> Element:
        def inner(found: Sequence[Int]) -> Element:
            full = list(index)
            for at, place in zip(moved, found, strict=True):
                full[at] = machine.convert((place,), (product(old[at]),), old[at]) if old[at] else ()
            return entries(tuple(full))

        places = [(index[at][0] if index[at] else Int(), widths[at][0], product(old[at])) for at in moved]
        return picked(machine, places, inner)

    return machine.make(tuple(axes), entry, array.kind)


def concatenated(machine: Machine, arrays: Sequence[Array], axis: int) -> Array:
    """One after the other along an axis."""
    first = arrays[0]
    for array in arrays[1:]:
        if array.rank != first.rank:
            machine.refuse("arrays of different rank are concatenated")
        for at in range(first.rank):
            if at != axis:
                what = "concatenated arrays have the same other axes"
                machine.same_size(array.shape[at], first.shape[at], what, [])
    entries = [machine.snapshot(array) for array in arrays]
    sizes = [array.shape[axis] for array in arrays]
    whole = Int()
    lows: list[Int] = []
    for size in sizes:
        lows.append(whole)
        whole = whole + size
    axes = (*first.axes[:axis], plain_axis(whole), *first.axes[axis + 1 :])

    def entry(index: Index) -> Element:
        place = index[axis][0] if index[axis] else Int()
        found = []
        for array, read, low, size in zip(arrays, entries, lows, sizes, strict=True):
            found.append(picked(machine, [(place, low, size)], _reader(machine, array, read, axis, index, axes)))
        return plus(*found)

    kinds = {one.kind for one in arrays}
    return machine.make(tuple(axes), entry, kinds.pop() if len(kinds) == 1 else "real" if "real" in kinds else "int")


def _reader(
    machine: Machine, array: Array, read: Callable[[Index], Element], axis: int, index: Index, axes: Axes
) -> Callable[[Sequence[Int]], Element]:
    def inner(found: Sequence[Int]) -> Element:
        full = [machine.convert(part, axes[at], array.axes[at]) if array.axes[at] else ()
                for at, part in enumerate(index) if at != axis]
        place = found[0]
        own = array.axes[axis]
        full.insert(axis, machine.convert((place,), (product(own),), own) if own else ())
        return read(tuple(full))

    return inner


def stacked(machine: Machine, arrays: Sequence[Array], axis: int) -> Array:
    """Along a new axis."""
    if len(arrays) == 1:
        (array,) = arrays
        axes = (*array.axes[:axis], (), *array.axes[axis:])
        return array.view(axes, lambda index: (*index[:axis], *index[axis + 1 :]))
    one_each = [
        array.view((*array.axes[:axis], (), *array.axes[axis:]), lambda index: (*index[:axis], *index[axis + 1 :]))
        for array in arrays
    ]
    return concatenated(machine, one_each, axis)


def repeated(machine: Machine, array: Array, axis: int, count: Int, inside: bool) -> Array:
    """Each entry count times (inside), or the whole axis count times."""
    machine.require(at_least(count, 0), "fits", "the number of repetitions is not negative")
    entries = machine.snapshot(array)
    own = array.axes[axis]
    extra = plain_axis(count)
    new = (*own, *extra) if inside else (*extra, *own)
    axes = (*array.axes[:axis], new, *array.axes[axis + 1 :])

    def entry(index: Index) -> Element:
        part = index[axis]
        kept = part[: len(own)] if inside else part[len(extra) :]
        return entries((*index[:axis], kept, *index[axis + 1 :]))

    return machine.make(axes, entry, array.kind)
