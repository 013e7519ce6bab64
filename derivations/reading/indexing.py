"""Subscripts: views by integers, slices, `None` and `...`; index arrays that are arithmetic in `arange`s.

Law: NumPy clips a slice that leaves its axis in silence and counts negative bounds from the end. Neither is read as
anything else: whether a bound is negative is decided or a case split, and that nothing is clipped is an obligation.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from derivations.reading.arrays import Array, Axis, Cell, Index, joined_index, plain_axis
from derivations.reading.elements import (
    Bound,
    Chosen,
    Element,
    Top,
    TopPlace,
    integer_of,
    replaced,
    times,
    total,
    whole,
)
from derivations.reading.integers import FALSE, TRUE, Cond, Int, at_least, equal, joined, least, negated, product
from derivations.reading.machine import Machine
from derivations.reading.operations import common_axes, elementwise, opened, spread
from derivations.reading.program import Range, Slice


@dataclass(frozen=True)
class Piece:
    """What one item makes of one axis: the axes in its place, and the index on the axis from theirs."""

    axes: tuple[Axis, ...]
    back: Callable[[Sequence[tuple[Int, ...]]], tuple[Int, ...]]


def subscripted(machine: Machine, array: Array, item: Any) -> Array:
    """array[item]: a view, or with index arrays a copy."""
    items = _items(machine, array, item)
    if any(isinstance(one, Array) for one in items):
        return _gathered(machine, array, items)
    return viewed(machine, array, items)


def target_of(machine: Machine, array: Array, item: Any) -> tuple[Array, tuple[Any, ...] | None]:
    """The view that a subscript on the left writes to; with index arrays the array and the items."""
    items = _items(machine, array, item)
    if any(isinstance(one, Array) for one in items):
        return array, items
    return viewed(machine, array, items), None


def _items(machine: Machine, array: Array, item: Any) -> tuple[Any, ...]:
    """One item for each axis of the array, with None for new axes between them."""
    items = list(item) if isinstance(item, tuple) else [item]
    items = [_as_index(machine, one) for one in items]
    used = sum(one is not None and one is not Ellipsis for one in items)
    if used > array.rank:
        machine.refuse(f"{used} subscripts for an array of {array.rank} axes")
    if items.count(Ellipsis) > 1:
        machine.refuse("two `...` in one subscript")
    at = items.index(Ellipsis) if Ellipsis in items else len(items)
    whole = [Slice(None, None, None)] * (array.rank - used)
    return (*items[:at], *whole, *items[at + 1 :])


def _as_index(machine: Machine, item: Any) -> Any:
    if isinstance(item, Array):
        if item.kind == "bool":
            machine.refuse("a subscript by a mask beside others", "multiply by the mask, or use np.where")
        if item.rank == 0:
            element = machine.snapshot(item)(())
            value = integer_of(element)
            if value is None and not isinstance(element, Chosen):
                machine.refuse("a subscript that is data")
            return item if value is None else value
        return item
    if isinstance(item, Range):
        return _counted_up(machine, item)
    if item is None or item is Ellipsis or isinstance(item, Slice):
        return item
    if isinstance(item, bool):
        machine.refuse("a subscript by a mask")
    if isinstance(item, Int):
        return item
    if isinstance(item, list | tuple):
        return [_as_index(machine, one) for one in item] and elementwise(machine, lambda e: e, list(item), kind="int")
    machine.refuse("a subscript that is no integer, slice or index array")


def _counted_up(machine: Machine, item: Range) -> Array:
    """range(…) as an index array."""
    machine.require(at_least(item.step, 1), "same", "the step is positive")
    count = least("max", machine.simplify((item.stop - item.start + item.step - 1) // item.step), Int())
    axes = (machine.axis(machine.simplify(count)),)
    return machine.make(axes, lambda index: whole(item.start + item.step * joined_index(index[0], axes[0])), "int")


def viewed(machine: Machine, array: Array, items: Sequence[Any]) -> Array:
    """The view by integers, slices and new axes."""
    pieces: list[tuple[int | None, Piece]] = []
    axis = 0
    whole = True
    for item in items:
        if item is None:
            pieces.append((None, Piece(((),), lambda parts: ())))
            continue
        piece = _piece(machine, array.axes[axis], item)
        whole = whole and piece.axes == (array.axes[axis],) and isinstance(item, Slice) and item.step is None
        pieces.append((axis, piece))
        axis += 1
    axes = tuple(one for _, piece in pieces for one in piece.axes)

    def back(index: Index) -> Index:
        found: list[tuple[Int, ...]] = []
        at = 0
        for number, piece in pieces:
            inner = piece.back(index[at : at + len(piece.axes)])
            at += len(piece.axes)
            if number is not None:
                found.append(inner)
        return tuple(found)

    return array.view(axes, back, whole)


def _piece(machine: Machine, axis: Axis, item: Any) -> Piece:
    if isinstance(item, Slice):
        return _slice(machine, axis, item)
    place = inside(machine, item, product(axis))
    index = machine.convert((place,), (product(axis),), axis) if axis else ()
    return Piece((), lambda parts: index)


def inside(machine: Machine, place: Int, size: Int) -> Int:
    """A subscript in 0..size-1; a negative one counts from the end."""
    place = machine.simplify(place)
    if machine.is_size(place) and not machine.decide(at_least(place, 0)):
        place = place + size
    machine.require(at_least(place, 0), "same", "the subscript is not negative")
    machine.require(at_least(size - 1, place), "fits", "the subscript is below the axis's size")
    return place


def _slice(machine: Machine, axis: Axis, item: Slice) -> Piece:
    size = product(axis)
    step = item.step if item.step is not None else Int.of(1)
    if not isinstance(step, Int):
        machine.refuse("a step of a slice that is no integer")
    if item.start is None and item.stop is None and step.constant == 1:
        return Piece((axis,), lambda parts: parts[0])
    if item.start is None and item.stop is None and step.constant == -1:
        return Piece((axis,), lambda parts: tuple(n - 1 - i for i, n in zip(parts[0], axis, strict=True)))
    if step.constant is not None and step.constant < 0:
        start, count = _downward(machine, item, size, step)
    else:
        start, count = _upward(machine, item, size, step)
    return from_start(machine, axis, start, step, count)


def from_start(machine: Machine, axis: Axis, start: Int, step: Int, count: Int) -> Piece:
    """count entries from start on, every step-th."""
    size = product(axis)
    if start == Int() and step.constant == 1 and count == size:
        return Piece((axis,), lambda parts: parts[0])
    new = plain_axis(count)

    def back(parts: Sequence[tuple[Int, ...]]) -> tuple[Int, ...]:
        number = parts[0][0] if parts[0] else Int()
        return machine.convert((start + step * number,), (size,), axis) if axis else ()

    return Piece((new,), back)


def _upward(machine: Machine, item: Slice, size: Int, step: Int) -> tuple[Int, Int]:
    """The first place and the number of places of a slice with a positive step."""
    machine.require(at_least(step, 1), "same", "the step is positive")
    start = Int() if item.start is None else _bound(machine, item.start, size)
    stop = size if item.stop is None else _bound(machine, item.stop, size)
    stop = _unclipped(machine, start, stop, size, step)
    if machine.is_size(stop - start):
        if not machine.decide(at_least(stop, start)):
            return start, Int()
    else:
        machine.require(at_least(stop, start), "same", "the slice does not end before it starts")
    count = machine.simplify((stop - start + step - 1) // step)
    if item.stop is not None:
        last = start + step * (count - 1)
        fits = joined("or", [at_least(0, count), at_least(size - 1, last)])
        machine.require(fits, "same", "the slice does not leave its axis, where NumPy clips in silence")
    return start, count


def _unclipped(machine: Machine, start: Int, stop: Int, size: Int, step: Int) -> Int:
    """The stop that NumPy uses: a case split where a slice by sizes alone may leave its axis."""
    if step.constant == 1 and machine.is_size(stop) and stop != size and not machine.decide(at_least(size, stop)):
        return size
    return stop


def _bound(machine: Machine, value: Any, size: Int) -> Int:
    """A bound of a slice, counted from the start."""
    if not isinstance(value, Int):
        machine.refuse("a bound of a slice that is no integer")
    return _counted(machine, machine.simplify(value), size)


def _counted(machine: Machine, value: Int, size: Int) -> Int:
    negative = at_least(-1, value)
    if machine.is_size(value):
        if machine.decide(_sharper(machine, negated(negative), value)):
            return value
        value = value + size
        if not machine.decide(at_least(value, 0)):
            return Int()
        return value
    machine.require(at_least(value, 0), "same", "the bound of the slice is not negative")
    return value


def _sharper(machine: Machine, condition: Cond, value: Int) -> Cond:
    """value >= 0 as value == 0 where it is never positive."""
    return equal(value, 0) if machine.facts.nonnegative(-value) and value.constant is None else condition


def _downward(machine: Machine, item: Slice, size: Int, step: Int) -> tuple[Int, Int]:
    """The first place and the number of places of a slice with a negative step."""
    start = size - 1 if item.start is None else _bound(machine, item.start, size)
    if item.start is not None:
        machine.require(at_least(size - 1, start), "same", "the slice does not leave its axis")
    stop = Int.of(-1) if item.stop is None else _bound(machine, item.stop, size)
    machine.require(at_least(start, stop), "same", "the slice does not end before it starts")
    count = machine.simplify((start - stop - step - 1) // -step)
    return start, count


# -- index arrays ----------------------------------------------------------------------------------


Placed = tuple[Index, Bound, Element]


def index_map(
    machine: Machine, array: Array, items: Sequence[Any]
) -> tuple[tuple[Axis, ...], Callable[[Index], Placed]]:
    """The axes of array[items] with index arrays in it, and from an index of theirs that of the array: beside it the
    bound indices of places that data choose, and 1 where they are these places."""
    if any(item is None for item in items):
        machine.refuse("new axes beside index arrays")
    arrays = [item for item in items if isinstance(item, Array)]
    common = common_axes(machine, arrays)
    numbers = {at: spread(machine, item, common) for at, item in enumerate(items) if isinstance(item, Array)}
    advanced = [at for at, item in enumerate(items) if isinstance(item, Array | Int)]
    first = advanced[0] if advanced == list(range(advanced[0], advanced[-1] + 1)) else None
    pieces = {at: _piece(machine, array.axes[at], item) for at, item in enumerate(items) if not isinstance(item, Array)}
    sliced = [at for at, item in enumerate(items) if isinstance(item, Slice)]
    before = [at for at in sliced if first is not None and at < first]
    after = [at for at in sliced if at not in before]
    axes = (*[pieces[at].axes[0] for at in before], *common, *[pieces[at].axes[0] for at in after])

    # that the numbers are subscripts of their axes is an obligation over the whole index
    _, sample = machine.box(common)
    for at, entries in numbers.items():
        _check(machine, entries(sample), product(array.axes[at]))

    def back(index: Index) -> Placed:
        inner = index[len(before) : len(before) + len(common)]
        outer = {**dict(zip(before, index, strict=False)),
                 **dict(zip(after, index[len(before) + len(common) :], strict=True))}
        found: list[tuple[Int, ...]] = []
        choices = Choices(machine)
        for at, axis in enumerate(array.axes):
            if at in numbers:
                number = choices.number(numbers[at](inner))
                found.append(machine.convert((machine.simplify(number),), (product(axis),), axis) if axis else ())
            elif at in outer:
                found.append(pieces[at].back([outer[at]]))
            else:
                found.append(pieces[at].back([]))
        return tuple(found), tuple(choices.bound), times(*choices.weights)

    return axes, back


class Choices:
    """Integers of one subscript that data choose: those that the same maximum chooses stand at one place."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.bound: list[tuple[str, Int, Int]] = []
        self.weights: list[Element] = []
        self.known: list[tuple[Chosen, dict[str, Int]]] = []

    def number(self, element: Element) -> Int:
        """The integer, in terms of the bound indices."""
        number = integer_of(element)
        if number is not None:
            return number
        if not isinstance(element, Chosen):
            self.machine.refuse("a subscript that is data", "index by arithmetic of aranges, or by argmax")
        for other, names in self.known:
            own = {mine[0]: Int.symbol(theirs[0]) for mine, theirs in zip(element.bound, other.bound, strict=False)}
            if len(element.bound) == len(other.bound) and replaced(element.body, own) == other.body:
                return element.value.replaced(own).replaced(names)
        bound, value, weight = opened(self.machine, element)
        names = {old[0]: Int.symbol(new[0]) for old, new in zip(element.bound, bound, strict=True)}
        self.known.append((element, names))
        self.bound += bound
        self.weights.append(weight)
        return value


def _check(machine: Machine, entry: Element, size: Int) -> None:
    number = Choices(machine).number(entry)
    machine.require(at_least(number, 0), "same", "the index array is not negative")
    machine.require(at_least(size - 1, number), "fits", "the index array is below the axis's size")


def _gathered(machine: Machine, array: Array, items: Sequence[Any]) -> Array:
    axes, back = index_map(machine, array, items)
    entries = machine.snapshot(array)

    def entry(index: Index) -> Element:
        place, bound, weight = back(index)
        value = entries(place)
        if isinstance(weight, TopPlace):
            own = {name: Int.symbol(new[0]) for (name, _, _), new in zip(weight.bound, bound, strict=False)}
            if len(bound) == len(weight.bound) and replaced(weight.body, own) == value:
                return Top(weight.bound, weight.body)
        return total(bound, times(weight, value))

    return machine.make(axes, entry, array.kind)


def scattered_target(machine: Machine, array: Array, items: Sequence[Any]) -> Array:
    """The places that array[items] = … writes to; index arrays may name one place twice."""
    axes, back = index_map(machine, array, items)
    view = array.view(axes, lambda index: back(index)[0])
    _, sample = machine.box(axes)
    if back(sample)[1]:
        place = array.place

        def choice(index: Index) -> tuple[Cell, Bound, Element]:
            found, bound, weight = back(index)
            return place(found), bound, weight

        view.choice = choice
    return view


def check_distinct(machine: Machine, target: Array) -> None:
    """Different indices of a target with index arrays are different places: NumPy keeps one of several writes."""
    left_bound, left = machine.box(target.axes)
    _, right = machine.box(target.axes)
    same_place = [equal(p, q) for p, q in zip(target.place(left), target.place(right), strict=True)]
    pairs = [(p, q) for one, other in zip(left, right, strict=True) for p, q in zip(one, other, strict=True)]
    # one index after the other in row-major order is enough
    sizes = [size for axis in target.axes for size in axis]
    flat_left, flat_right = ([pair[side] for pair in pairs] for side in (0, 1))
    later = at_least(joined_index(flat_right, sizes), joined_index(flat_left, sizes) + 1)
    if not pairs or any(one == FALSE for one in same_place):
        return
    if _separates(machine, target, left, right):
        return
    differs = joined("or", [negated(one) for one in same_place])
    machine.require(differs, "same", "the index arrays name each place once", later if left_bound else TRUE)


def _separates(machine: Machine, target: Array, left: Index, right: Index) -> bool:
    """Whether each index stands alone, up to a constant, on an axis of the place."""
    free = {part for axis in left for part in axis}
    for place in target.place(left):
        found = [part for part in free if (place - part).constant is not None]
        if found:
            free.discard(found[0])
    return not free
