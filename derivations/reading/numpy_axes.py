"""NumPy's functions that rearrange: axes, pieces, windows; more rows of `numpy_table`, under the same law."""

from __future__ import annotations

from typing import Any

from derivations.reading import operations as ops
from derivations.reading import products
from derivations.reading import reshaping as shapes
from derivations.reading.arrays import Array, Index, plain_axis
from derivations.reading.elements import ONE, Element, If, iff, times
from derivations.reading.indexing import subscripted
from derivations.reading.integers import Int, at_least, equal, product
from derivations.reading.machine import Machine
from derivations.reading.numpy_products import METHODS, ROWS, array, array_of, row, sizes_of
from derivations.reading.program import Slice

# -- axes ------------------------------------------------------------------------------------------


@row("reshape")
def reshape(machine: Machine, a: Any, shape: Any) -> Array:
    """The same entries, row-major."""
    items = list(shape) if isinstance(shape, tuple | list) else [shape]
    return shapes.reshaped(machine, array_of(machine, a), items)


@row("ndarray.reshape", method="reshape")
def reshape_method(machine: Machine, a: Any, *shape: Any) -> Array:
    """x.reshape(…), of a tuple or of sizes."""
    items = shape[0] if len(shape) == 1 and isinstance(shape[0], tuple | list) else shape
    return reshape(machine, a, items)


@row("ravel", method="ravel")
def ravel(machine: Machine, a: Any) -> Array:
    """One axis."""
    return reshape(machine, a, Int.of(-1))


@row("ndarray.flatten", method="flatten")
def flatten(machine: Machine, a: Any) -> Array:
    """One axis, copied."""
    return array(machine, reshape(machine, array(machine, a), Int.of(-1)))


@row("transpose")
def transpose(machine: Machine, a: Any, axes: Any = None) -> Array:
    """The axes in another order."""
    given = array_of(machine, a)
    order = list(range(given.rank))[::-1] if axes is None else ops.axes_numbers(machine, tuple(axes), given.rank)
    if len(order) != given.rank:
        machine.refuse("an order of some axes only")
    return shapes.transposed(given, order)


@row("ndarray.transpose", method="transpose")
def transpose_method(machine: Machine, a: Any, *axes: Any) -> Array:
    """x.transpose(…), of a tuple or of numbers."""
    items: Any = axes[0] if len(axes) == 1 and not isinstance(axes[0], Int) else axes
    return transpose(machine, a, items or None)


@row("swapaxes", method="swapaxes")
def swapaxes(machine: Machine, a: Any, axis1: Any, axis2: Any) -> Array:
    """Two axes exchanged."""
    given = array_of(machine, a)
    p, q = (ops.axis_number(machine, one, given.rank) for one in (axis1, axis2))
    order = list(range(given.rank))
    order[p], order[q] = order[q], order[p]
    return shapes.transposed(given, order)


@row("moveaxis")
def moveaxis(machine: Machine, a: Any, source: Any, destination: Any) -> Array:
    """Axes moved to other places."""
    given = array_of(machine, a)
    old = ops.axes_numbers(machine, source, given.rank)
    new = ops.axes_numbers(machine, destination, given.rank)
    order = [at for at in range(given.rank) if at not in old]
    for place, at in sorted(zip(new, old, strict=True)):
        order.insert(place, at)
    return shapes.transposed(given, order)


@row("expand_dims")
def expand_dims(machine: Machine, a: Any, axis: Any) -> Array:
    """New axes of size 1."""
    given = array_of(machine, a)
    extra = len(axis) if isinstance(axis, tuple) else 1
    places = ops.axes_numbers(machine, axis, given.rank + extra)
    kept = iter(given.axes)
    axes = tuple(() if at in places else next(kept) for at in range(given.rank + extra))
    return given.view(axes, lambda index: tuple(part for at, part in enumerate(index) if at not in places), whole=True)


@row("squeeze", method="squeeze")
def squeeze(machine: Machine, a: Any, axis: Any = None) -> Array:
    """Without axes of size 1."""
    given = array_of(machine, a)
    if axis is None:
        machine.refuse("squeeze without an axis drops what happens to be 1", "squeeze(axis=…)")
    places = ops.axes_numbers(machine, axis, given.rank)
    for at in places:
        machine.same_size(given.shape[at], Int.of(1), "the axis that is dropped is of size 1", [])
    axes = tuple(one for at, one in enumerate(given.axes) if at not in places)

    def back(index: Index) -> Index:
        rest = iter(index)
        return tuple(tuple(Int() for _ in one) if at in places else next(rest) for at, one in enumerate(given.axes))

    return given.view(axes, back, whole=True)


@row("flip")
def flip(machine: Machine, m: Any, axis: Any = None) -> Array:
    """Reversed."""
    given = array_of(machine, m)
    return shapes.flipped(given, ops.axes_numbers(machine, axis, given.rank))


@row("flipud")
def flipud(machine: Machine, m: Any) -> Array:
    """Reversed over the first axis."""
    return flip(machine, m, Int())


@row("fliplr")
def fliplr(machine: Machine, m: Any) -> Array:
    """Reversed over the second axis."""
    return flip(machine, m, Int.of(1))


@row("rot90")
def rot90(machine: Machine, m: Any, k: Any = None, axes: Any = None) -> Array:
    """Quarter turns from the first of two axes to the second."""
    given = array_of(machine, m)
    turns = 1 if k is None else k.constant
    if turns is None:
        machine.refuse("a number of turns that is not known")
    first, second = ops.axes_numbers(machine, axes if axes is not None else (Int(), Int.of(1)), given.rank)
    for _ in range(turns % 4):
        order = list(range(given.rank))
        order[first], order[second] = order[second], order[first]
        given = shapes.flipped(shapes.transposed(given, order), [first])
    return given


@row("roll")
def roll(machine: Machine, a: Any, shift: Any, axis: Any = None) -> Array:
    """Shifted, wrapped around."""
    given = array_of(machine, a)
    if axis is None and given.rank != 1:
        machine.refuse("roll of several axes as one")
    places = ops.axes_numbers(machine, axis, given.rank)
    shifts = list(shift) if isinstance(shift, tuple) else [shift] * len(places)
    moved = dict(zip(places, shifts, strict=True))
    entries, old = machine.snapshot(given), given.axes
    axes = tuple(plain_axis(product(one)) if at in moved else one for at, one in enumerate(old))

    def entry(index: Index) -> Element:
        full = list(index)
        for at, by in moved.items():
            if old[at]:
                size = product(old[at])
                place = machine.simplify((index[at][0] - by) % size)
                full[at] = machine.convert((place,), (size,), old[at])
        return entries(tuple(full))

    return machine.make(axes, entry)


@row("broadcast_to")
def broadcast_to(machine: Machine, array: Any, shape: Any) -> Array:
    """Repeated along axes of size 1 and new leading ones."""
    return shapes.broadcast(machine, array_of(machine, array), sizes_of(machine, shape))


# -- pieces ----------------------------------------------------------------------------------------


@row("pad")
def pad(machine: Machine, array: Any, pad_width: Any, mode: Any = "constant", constant_values: Any = None) -> Array:
    """Zeros around."""
    given = array_of(machine, array)
    if mode != "constant" or constant_values not in (None, Int()):
        machine.refuse("padding by anything but zeros")
    return shapes.padded(machine, given, _widths(machine, pad_width, given.rank))


def _widths(machine: Machine, width: Any, rank: int) -> list[tuple[Int, Int]]:
    if isinstance(width, Int):
        return [(width, width)] * rank
    if not isinstance(width, tuple | list) or not width:
        machine.refuse("widths that are no integers")
    items = list(width)
    if all(isinstance(item, Int) for item in items):
        if len(items) == 1:
            return [(items[0], items[0])] * rank
        return [(items[0], items[1])] * rank
    pairs = [list(item) if isinstance(item, tuple | list) else [item] for item in items]
    pairs = [one * 2 if len(one) == 1 else one for one in pairs]
    if len(pairs) == 1:
        pairs = pairs * rank
    if len(pairs) != rank or not all(len(one) == 2 and all(isinstance(part, Int) for part in one) for one in pairs):
        machine.refuse(f"widths for {len(pairs)} axes of {rank}")
    return [(one[0], one[1]) for one in pairs]


def _arrays(machine: Machine, items: Any) -> list[Array]:
    if isinstance(items, Array):
        machine.refuse("an array where several are joined")
    found = [array_of(machine, item) for item in items]
    if not found:
        machine.refuse("nothing is joined")
    return found


@row("concatenate")
def concatenate(machine: Machine, arrays: Any, axis: Any = None) -> Array:
    """One after the other."""
    found = _arrays(machine, arrays)
    at = ops.axis_number(machine, axis if axis is not None else Int(), found[0].rank)
    return shapes.concatenated(machine, found, at)


@row("stack")
def stack(machine: Machine, arrays: Any, axis: Any = None) -> Array:
    """Along a new axis."""
    found = _arrays(machine, arrays)
    for one in found[1:]:
        ops.common_axes(machine, [found[0], one])
    at = ops.axis_number(machine, axis if axis is not None else Int(), found[0].rank + 1)
    return shapes.stacked(machine, found, at)


@row("vstack")
def vstack(machine: Machine, tup: Any) -> Array:
    """Along the first axis; vectors as rows."""
    found = [one if one.rank > 1 else expand_dims(machine, one, Int()) for one in _arrays(machine, tup)]
    return shapes.concatenated(machine, found, 0)


@row("hstack")
def hstack(machine: Machine, tup: Any) -> Array:
    """Along the second axis; vectors along the first."""
    found = _arrays(machine, tup)
    return shapes.concatenated(machine, found, 0 if found[0].rank == 1 else 1)


@row("split")
def split(machine: Machine, ary: Any, indices_or_sections: Any, axis: Any = None) -> list[Array]:
    """Equal parts, or parts between places."""
    given = array_of(machine, ary)
    at = ops.axis_number(machine, axis if axis is not None else Int(), given.rank)
    size = given.shape[at]
    if isinstance(indices_or_sections, Int):
        count = indices_or_sections.constant
        if not count or count < 0:
            machine.refuse("a number of parts that is not known")
        machine.require(equal(size % count, 0), "fits", "the axis divides into equal parts")
        width = size.over(Int.of(count)) or machine.simplify(size // count)
        places = [width * part for part in range(1, count)]
    else:
        places = list(indices_or_sections)
    found = []
    for start, stop in zip([Int(), *places], [*places, size], strict=True):
        items: list[Any] = [Slice(None, None, None)] * given.rank
        items[at] = Slice(start, stop, None)
        found.append(subscripted(machine, given, tuple(items)))
    return found


@row("take", method="take")
def take(machine: Machine, a: Any, indices: Any, axis: Any = None) -> Array:
    """x[..., indices, ...] on one axis; of all entries in one row without an axis."""
    given = array_of(machine, a)
    if axis is None:
        return subscripted(machine, ravel(machine, given), (indices,))
    items: list[Any] = [Slice(None, None, None)] * given.rank
    items[ops.axis_number(machine, axis, given.rank)] = indices
    return subscripted(machine, given, tuple(items))


@row("repeat", method="repeat")
def repeat(machine: Machine, a: Any, repeats: Any, axis: Any = None) -> Array:
    """Each entry several times."""
    given = array_of(machine, a)
    if not isinstance(repeats, Int):
        machine.refuse("a number of repetitions that is no integer", "an integer: `//` where `/` gives a float")
    if axis is None:
        given, axis = reshape(machine, given, Int.of(-1)), Int()
    return shapes.repeated(machine, given, ops.axis_number(machine, axis, given.rank), repeats, inside=True)


@row("tile")
def tile(machine: Machine, A: Any, reps: Any) -> Array:
    """Axes several times."""
    given = array_of(machine, A)
    counts = list(reps) if isinstance(reps, tuple | list) else [reps]
    if len(counts) > given.rank:
        given = expand_dims(machine, given, tuple(Int.of(at) for at in range(len(counts) - given.rank)))
    counts = [Int.of(1)] * (given.rank - len(counts)) + counts
    for at, count in enumerate(counts):
        if count.constant != 1:
            given = shapes.repeated(machine, given, at, count, inside=False)
    return given


@row("numpy.lib.stride_tricks.sliding_window_view")
def sliding_window_view(machine: Machine, x: Any, window_shape: Any, axis: Any = None) -> Array:
    """Windows on new last axes."""
    given = array_of(machine, x)
    sizes = sizes_of(machine, window_shape)
    over_axes = ops.axes_numbers(machine, axis, given.rank)
    if len(over_axes) != len(sizes):
        machine.refuse(f"{len(sizes)} windows for {len(over_axes)} axes")
    windows = dict(zip(over_axes, sizes, strict=True))
    old = given.axes
    entries = machine.snapshot(given)
    axes = list(old)
    for at, size in windows.items():
        machine.require(at_least(given.shape[at], size), "fits", "the window is not larger than its axis")
        axes[at] = plain_axis(given.shape[at] - size + 1)
    outer = len(axes)
    axes += [plain_axis(size) for size in sizes]

    def entry(index: Index) -> Element:
        full = list(index[:outer])
        for number_of, at in enumerate(over_axes):
            if old[at]:
                first = index[at][0] if index[at] else Int()
                tap = index[outer + number_of]
                place = first + (tap[0] if tap else Int())
                full[at] = machine.convert((place,), (product(old[at]),), old[at])
        return entries(tuple(full))

    return machine.make(tuple(axes), entry)


@row("diag")
def diag(machine: Machine, v: Any) -> Array:
    """A matrix with this diagonal, or the diagonal of a matrix."""
    given = array_of(machine, v)
    if given.rank == 2:
        return products.contracted(machine, [given], ["aa"], "a")
    entries = machine.snapshot(given)
    (own,) = given.axes

    def entry(index: Index) -> Element:
        same = [equal(p, q) for p, q in zip(index[0], index[1], strict=True)]
        return times(*[If(one) if one.value.terms else ONE for one in same], entries((index[0],)))

    return machine.make((own, own), entry)


@row("diagonal", method="diagonal")
def diagonal(machine: Machine, a: Any) -> Array:
    """The diagonal of a matrix."""
    given = array_of(machine, a)
    if given.rank != 2:
        machine.refuse("the diagonal of what is no matrix", "einsum")
    return diag(machine, given)


@row("tril")
def tril(machine: Machine, m: Any, k: Any = None) -> Array:
    """Zeros above the diagonal."""
    return _triangle(machine, m, k, lower=True)


@row("triu")
def triu(machine: Machine, m: Any, k: Any = None) -> Array:
    """Zeros below the diagonal."""
    return _triangle(machine, m, k, lower=False)


def _triangle(machine: Machine, m: Any, k: Any, lower: bool) -> Array:
    given = array_of(machine, m)
    shift = k if k is not None else Int()
    entries = machine.snapshot(given)
    axes = (*given.axes[:-2], *[plain_axis(size) for size in given.shape[-2:]])

    def entry(index: Index) -> Element:
        row_, column = (part[0] if part else Int() for part in index[-2:])
        inside = at_least(row_ + shift, column) if lower else at_least(column, row_ + shift)
        inner = [machine.convert((place,), (product(own),), own) if own else ()
                 for place, own in zip((row_, column), given.axes[-2:], strict=True)]
        return times(iff(inside), entries((*index[:-2], *inner)))

    return machine.make(axes, entry)

__all__ = ["METHODS", "ROWS"]
