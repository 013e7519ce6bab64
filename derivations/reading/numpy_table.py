"""NumPy's functions, one row each: what the entries of the result are.

Law: a row takes the machine and the arguments by NumPy's own names, and gives what NumPy gives at every shape; where
that depends on sizes it is an obligation. Parameters that are not read (`dtype` apart, which changes no real number) are
not in the row, so that a call with them is refused. A test compares every row with NumPy at generated shapes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from derivations.reading import operations as ops
from derivations.reading import products
from derivations.reading import reshaping as shapes
from derivations.reading.arrays import Array, Index, plain_axis
from derivations.reading.elements import (
    ONE,
    ZERO,
    Data,
    Element,
    If,
    Poison,
    Top,
    constant,
    iff,
    minus,
    number,
    over,
    plus,
    power,
    times,
    total,
    whole,
)
from derivations.reading.indexing import from_start, subscripted
from derivations.reading.integers import Int, at_least, equal, product
from derivations.reading.machine import Machine
from derivations.reading.program import Library, Slice

Row = Callable[..., Any]
ROWS: dict[str, Row] = {}
METHODS: dict[str, str] = {}
CONSTANTS: dict[str, Any] = {"numpy.newaxis": None}


def row(*names: str, method: str = "") -> Callable[[Row], Row]:
    """Register a row under these names of NumPy's, and as a method of arrays."""

    def register(function: Row) -> Row:
        for name in names:
            ROWS[name if name.startswith("numpy.") else f"numpy.{name}"] = function
        for name in method.split():
            METHODS[name] = names[0] if "." in names[0] and names[0].startswith("numpy.") else f"numpy.{names[0]}"
        return function

    return register


def array_of(machine: Machine, value: Any) -> Array:
    """Anything that NumPy takes for an array."""
    return ops.as_array(machine, value)


def sizes_of(machine: Machine, shape: Any) -> list[Int]:
    """A shape argument: a size or several."""
    items = list(shape) if isinstance(shape, tuple | list) else [shape]
    for size in items:
        if not isinstance(size, Int):
            machine.refuse("a size that is no integer", "an integer expression in sizes")
        machine.require(at_least(size, 0), "fits", "a size is not negative")
    return items


# -- functions of entries --------------------------------------------------------------------------


def _unary(name: str, build: Callable[[Element], Element]) -> None:
    def entries(machine: Machine, x: Any) -> Array:
        return ops.elementwise(machine, build, array_of(machine, x))

    row(name)(entries)


def _named(name: str) -> Callable[[Element], Element]:
    return lambda element: ops.function(name, element)


UNARY: dict[str, Callable[[Element], Element]] = {
    "exp": _named("exp"),
    "log": _named("log"),
    "sqrt": _named("sqrt"),
    "tanh": _named("tanh"),
    "abs": _named("abs"),
    "absolute": _named("abs"),
    "negative": minus,
    "square": lambda e: power(e, number(2)),
    "reciprocal": lambda e: over(ONE, e),
    "log1p": lambda e: ops.function("log", plus(ONE, e)),
    "expm1": lambda e: plus(ops.function("exp", e), number(-1)),
    "positive": lambda e: e,
    "sign": lambda e: plus(Data(">", e, ZERO), minus(Data(">", minus(e), ZERO))),
}
for _name, _build in UNARY.items():
    _unary(_name, _build)


def _binary(name: str, word: str) -> None:
    def entries(machine: Machine, x1: Any, x2: Any) -> Any:
        return ops.arithmetic(machine, word, array_of(machine, x1), array_of(machine, x2))

    row(name)(entries)


for _name, _word in {"add": "+", "subtract": "-", "multiply": "*", "divide": "/", "true_divide": "/", "power": "**",
                     "floor_divide": "//", "mod": "%"}.items():  # fmt: skip
    _binary(_name, _word)


def _compared(name: str, word: str) -> None:
    def entries(machine: Machine, x1: Any, x2: Any) -> Any:
        return ops.comparison(machine, word, x1, x2)

    row(name)(entries)


for _name, _word in {"greater": ">", "greater_equal": ">=", "less": "<", "less_equal": "<=", "equal": "==",
                     "not_equal": "!="}.items():  # fmt: skip
    _compared(_name, _word)


def larger(p: Element, q: Element) -> Element:
    """max(p, q), as q + relu(p - q)."""
    left, right = constant(p), constant(q)
    if right == 0:
        return ops.function("relu", p)
    if left == 0:
        return ops.function("relu", q)
    return plus(q, ops.function("relu", plus(p, minus(q))))


@row("maximum", "fmax")
def maximum(machine: Machine, x1: Any, x2: Any) -> Array:
    """The larger entry."""
    return ops.elementwise(machine, larger, x1, x2)


@row("minimum", "fmin")
def minimum(machine: Machine, x1: Any, x2: Any) -> Array:
    """The smaller entry."""
    return ops.elementwise(machine, lambda p, q: minus(larger(minus(p), minus(q))), x1, x2)


@row("clip", method="clip")
def clip(machine: Machine, a: Any, a_min: Any = None, a_max: Any = None) -> Array:
    """Entries within bounds."""
    found = array_of(machine, a)
    if a_min is not None:
        found = maximum(machine, found, a_min)
    return minimum(machine, found, a_max) if a_max is not None else found


@row("where")
def where(machine: Machine, condition: Any, x: Any, y: Any) -> Array:
    """x where the mask is 1, else y."""
    mask = array_of(machine, condition)
    if mask.kind != "bool":
        machine.refuse("where of what is no mask")

    def chosen(m: Element, p: Element, q: Element) -> Element:
        return plus(times(m, p), times(plus(ONE, minus(m)), q))

    return ops.elementwise(machine, chosen, mask, x, y)


def _logical(name: str, word: str) -> None:
    row(name)(lambda machine, x1, x2: ops.arithmetic(machine, word, x1, x2))


_logical("logical_and", "&")
_logical("logical_or", "|")


@row("logical_not")
def logical_not(machine: Machine, x: Any) -> Array:
    """1 - mask."""
    return ops.elementwise(machine, lambda e: plus(ONE, minus(e)), x, kind="bool")


# -- new arrays ------------------------------------------------------------------------------------


def filled(machine: Machine, shape: Any, element: Element, kind: str = "real") -> Array:
    """All entries the same."""
    axes = tuple(plain_axis(size) for size in sizes_of(machine, shape))
    return machine.make(axes, lambda index: element, kind)


@row("zeros")
def zeros(machine: Machine, shape: Any, dtype: Any = None) -> Array:
    """Zeros."""
    return filled(machine, shape, ZERO)


@row("ones")
def ones(machine: Machine, shape: Any, dtype: Any = None) -> Array:
    """Ones."""
    return filled(machine, shape, ONE)


@row("empty")
def empty(machine: Machine, shape: Any, dtype: Any = None) -> Array:
    """Entries without a value until they are assigned."""
    return filled(machine, shape, Poison("np.empty has no entries until all are assigned"))


@row("full")
def full(machine: Machine, shape: Any, fill_value: Any, dtype: Any = None) -> Array:
    """One number."""
    return filled(machine, shape, machine.snapshot(array_of(machine, fill_value))(()))


def _like(name: str, element: Element) -> None:
    def entries(machine: Machine, a: Any, dtype: Any = None) -> Array:
        return machine.make(array_of(machine, a).axes, lambda index: element)

    row(name)(entries)


_like("zeros_like", ZERO)
_like("ones_like", ONE)
_like("empty_like", Poison("np.empty_like has no entries until all are assigned"))


@row("full_like")
def full_like(machine: Machine, a: Any, fill_value: Any, dtype: Any = None) -> Array:
    """One number in a's shape."""
    element = machine.snapshot(array_of(machine, fill_value))(())
    return machine.make(array_of(machine, a).axes, lambda index: element)


@row("eye", "identity")
def eye(machine: Machine, N: Any, M: Any = None, dtype: Any = None) -> Array:  # noqa: N803  NumPy's names
    """1 on the diagonal."""
    sizes = sizes_of(machine, (N, M if M is not None else N))
    axes = tuple(plain_axis(size) for size in sizes)

    def entry(index: Index) -> Element:
        row_, column = (part[0] if part else Int() for part in index)
        return iff(equal(row_, column))

    return machine.make(axes, entry)


@row("arange")
def arange(machine: Machine, start: Any, stop: Any = None, step: Any = None, dtype: Any = None) -> Array:
    """start, start + step, …"""
    first, last = (Int(), start) if stop is None else (start, stop)
    width = step if step is not None else Int.of(1)
    if not all(isinstance(part, Int) for part in (first, last, width)):
        machine.refuse("arange of what is no integer")
    machine.require(at_least(width, 1), "same", "the step is positive")
    if machine.is_size(last - first) and not machine.decide(at_least(last, first)):
        last = first
    count = machine.simplify((last - first + width - 1) // width)
    axes = (plain_axis(count),)
    return machine.make(axes, lambda index: whole(first + width * (index[0][0] if index[0] else Int())), "int")


@row("array", "asarray", "asanyarray", "ascontiguousarray", "copy", method="copy")
def array(machine: Machine, a: Any, dtype: Any = None) -> Array:
    """The entries, copied."""
    given = array_of(machine, a)
    entries = machine.snapshot(given)
    return machine.make(given.axes, entries, given.kind)


@row("astype", "float64", "float32", method="astype")
def astype(machine: Machine, a: Any, dtype: Any = None) -> Array:
    """As real numbers; truncation to integers is refused."""
    given = array_of(machine, a)
    integers = ("builtins.int", "numpy.int64", "numpy.int32", "numpy.intp", "numpy.int_")
    if isinstance(dtype, Library) and dtype.path in integers and given.kind == "real":
        machine.refuse("real numbers are made integers")
    if isinstance(dtype, Library) and "bool" in dtype.path and given.kind != "bool":
        machine.refuse("numbers are made a mask", "compare them")
    return ops.elementwise(machine, lambda e: e, given, kind="int" if given.kind == "int" else "real")


# -- sums and maxima over axes ---------------------------------------------------------------------


def _shown(keepdims: Any) -> bool:
    return bool(keepdims) and keepdims is not None


@row("sum", method="sum")
def sum_(machine: Machine, a: Any, axis: Any = None, keepdims: Any = False, dtype: Any = None) -> Array:
    """Σ over axes."""
    return ops.reduced(machine, array_of(machine, a), axis, _shown(keepdims), total)


def count_over(machine: Machine, given: Array, axis: Any) -> Int:
    """The number of entries over axes."""
    return product([given.shape[at] for at in ops.axes_numbers(machine, axis, given.rank)])


@row("mean", "average", method="mean")
def mean(machine: Machine, a: Any, axis: Any = None, keepdims: Any = False, dtype: Any = None) -> Array:
    """The mean over axes."""
    given = array_of(machine, a)
    count = whole(count_over(machine, given, axis))
    return ops.reduced(machine, given, axis, _shown(keepdims), lambda bound, body: over(total(bound, body), count))


@row("var", method="var")
def var(machine: Machine, a: Any, axis: Any = None, keepdims: Any = False, ddof: Any = None) -> Array:
    """The mean square of what lies off the mean."""
    given = array_of(machine, a)
    centred = ops.elementwise(machine, lambda p, q: plus(p, minus(q)), given, mean(machine, given, axis, True))
    squares = ops.elementwise(machine, lambda e: power(e, number(2)), centred)
    if ddof is None or ddof == Int():
        return mean(machine, squares, axis, keepdims)
    if not isinstance(ddof, Int):
        machine.refuse("ddof that is no integer")
    left = whole(count_over(machine, given, axis) - ddof)
    summed = sum_(machine, squares, axis, keepdims)
    return ops.elementwise(machine, lambda e: over(e, left), summed)


@row("std", method="std")
def std(machine: Machine, a: Any, axis: Any = None, keepdims: Any = False, ddof: Any = None) -> Array:
    """√ var."""
    return ops.elementwise(machine, _named("sqrt"), var(machine, a, axis, keepdims, ddof))


@row("max", "amax", method="max")
def max_(machine: Machine, a: Any, axis: Any = None, keepdims: Any = False) -> Array:
    """The maximum over axes."""
    given = array_of(machine, a)
    for at in ops.axes_numbers(machine, axis, given.rank):
        machine.require(at_least(given.shape[at], 1), "fits", "a maximum is over something")

    def top(bound: Any, body: Element) -> Element:
        return Top(bound, body) if bound else body

    return ops.reduced(machine, given, axis, _shown(keepdims), top)


@row("min", "amin", method="min")
def min_(machine: Machine, a: Any, axis: Any = None, keepdims: Any = False) -> Array:
    """The minimum over axes."""
    negated = ops.negative(machine, array_of(machine, a))
    return ops.negative(machine, max_(machine, negated, axis, keepdims))  # type: ignore[no-any-return]


@row("cumsum", method="cumsum")
def cumsum(machine: Machine, a: Any, axis: Any = None) -> Array:
    """Σ up to each entry."""
    given = array_of(machine, a)
    if axis is None and given.rank > 1:
        given = shapes.reshaped(machine, given, [Int.of(-1)])
    at = ops.axis_number(machine, axis if axis is not None else Int(), given.rank)
    entries, own = machine.snapshot(given), given.axes[at]
    size = product(own)
    axes = (*given.axes[:at], plain_axis(size), *given.axes[at + 1 :])

    def entry(index: Index) -> Element:
        last = index[at][0] if index[at] else Int()
        symbol = machine.fresh("t", Int(), last)
        inner = machine.convert((symbol,), (size,), own) if own else ()
        bound = ((next(iter(symbol.symbols)), Int(), last),) if own else ()
        return total(bound, entries((*index[:at], inner, *index[at + 1 :])))

    return machine.make(axes, entry)


# -- products --------------------------------------------------------------------------------------


@row("dot", method="dot")
def dot(machine: Machine, a: Any, b: Any) -> Any:
    """Over the last axis of a and the last but one of b."""
    left, right = array_of(machine, a), array_of(machine, b)
    return products.dot(machine, left, right) if left.rank and right.rank else ops.arithmetic(machine, "*", left, right)


@row("matmul")
def matmul(machine: Machine, x1: Any, x2: Any) -> Array:
    """Matrices on the last two axes."""
    return products.matmul(machine, array_of(machine, x1), array_of(machine, x2))


@row("inner")
def inner(machine: Machine, a: Any, b: Any) -> Array:
    """Over both last axes."""
    left, right = array_of(machine, a), array_of(machine, b)
    return products.tensordot(machine, left, right, [(left.rank - 1, right.rank - 1)])


@row("vdot")
def vdot(machine: Machine, a: Any, b: Any) -> Array:
    """Over all entries, flattened."""
    flat = [shapes.reshaped(machine, array_of(machine, one), [Int.of(-1)]) for one in (a, b)]
    return products.tensordot(machine, *flat, [(0, 0)])


@row("outer")
def outer(machine: Machine, a: Any, b: Any) -> Array:
    """All products, both flattened."""
    flat = [shapes.reshaped(machine, array_of(machine, one), [Int.of(-1)]) for one in (a, b)]
    return products.tensordot(machine, *flat, [])


@row("tensordot")
def tensordot(machine: Machine, a: Any, b: Any, axes: Any = None) -> Array:
    """Over pairs of axes."""
    left, right = array_of(machine, a), array_of(machine, b)
    count = Int.of(2) if axes is None else axes
    if isinstance(count, Int):
        if count.constant is None or not 0 <= count.constant <= min(left.rank, right.rank):
            machine.refuse("a number of axes that is not known")
        number_of = count.constant
        pairs = [(left.rank - number_of + at, at) for at in range(number_of)]
    else:
        first, second = ([*one] if isinstance(one, tuple | list) else [one] for one in count)
        mine = [ops.axis_number(machine, one, left.rank) for one in first]
        theirs = [ops.axis_number(machine, one, right.rank) for one in second]
        if len(mine) != len(theirs):
            machine.refuse("different numbers of axes are matched")
        pairs = list(zip(mine, theirs, strict=True))
    return products.tensordot(machine, left, right, pairs)


@row("einsum")
def einsum(machine: Machine, subscripts: Any, *operands: Any, optimize: Any = None) -> Array:
    """Σ by letters."""
    return products.einsum(machine, subscripts, [array_of(machine, one) for one in operands])


@row("trace", method="trace")
def trace(machine: Machine, a: Any) -> Array:
    """Σ over the diagonal of the first two axes."""
    given = array_of(machine, a)
    if given.rank != 2:
        machine.refuse("trace of what is no matrix")
    return products.contracted(machine, [given], ["aa"], "")


@row("kron")
def kron(machine: Machine, a: Any, b: Any) -> Array:
    """The Kronecker product: axes are pairs of axes."""
    left, right = array_of(machine, a), array_of(machine, b)
    rank = max(left.rank, right.rank)
    mine, theirs = machine.snapshot(left), machine.snapshot(right)
    first = ((),) * (rank - left.rank) + left.axes
    second = ((),) * (rank - right.rank) + right.axes
    axes = tuple(p + q for p, q in zip(first, second, strict=True))

    def entry(index: Index) -> Element:
        heads = tuple(part[: len(p)] for part, p in zip(index, first, strict=True))[rank - left.rank :]
        tails = tuple(part[len(p) :] for part, p in zip(index, first, strict=True))[rank - right.rank :]
        return times(mine(heads), theirs(tails))

    return machine.make(axes, entry)


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
    return array(machine, reshape(machine, array(machine, a), Int.of(-1)))  # type: ignore[no-any-return]


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
        machine.same_size(given.shape[at], Int.of(1), "the axis that is dropped is of size 1")
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
    return flip(machine, m, Int())  # type: ignore[no-any-return]


@row("fliplr")
def fliplr(machine: Machine, m: Any) -> Array:
    """Reversed over the second axis."""
    return flip(machine, m, Int.of(1))  # type: ignore[no-any-return]


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
    return shapes.concatenated(machine, found, ops.axis_number(machine, axis if axis is not None else Int(), found[0].rank))


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


@row("repeat", method="repeat")
def repeat(machine: Machine, a: Any, repeats: Any, axis: Any = None) -> Array:
    """Each entry several times."""
    given = array_of(machine, a)
    if not isinstance(repeats, Int):
        machine.refuse("different numbers of repetitions")
    if axis is None:
        given, axis = reshape(machine, given, Int.of(-1)), Int()
    return shapes.repeated(machine, given, ops.axis_number(machine, axis, given.rank), repeats, inside=True)


@row("tile")
def tile(machine: Machine, A: Any, reps: Any) -> Array:  # noqa: N803  NumPy's name
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


__all__ = ["CONSTANTS", "METHODS", "ROWS", "from_start"]
