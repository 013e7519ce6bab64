"""NumPy's functions, one row each: what the entries of the result are.

Law: a row takes the machine and the arguments by NumPy's own names, and gives what NumPy gives at every shape; where
that depends on sizes it is an obligation. Parameters that are not read (`dtype` apart, which changes no real number)
are not in the row, so that a call with them is refused. A test compares every row with NumPy at generated shapes.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any, TypeVar

from derivations.reading import operations as ops
from derivations.reading import reshaping as shapes
from derivations.reading.arrays import Array, Axes, Index, joined_index, plain_axis
from derivations.reading.elements import (
    ONE,
    ZERO,
    Chosen,
    Data,
    Element,
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
from derivations.reading.integers import Int, at_least, equal, product
from derivations.reading.machine import Machine
from derivations.reading.masks import unselected
from derivations.reading.program import Library, Selected

Row = Callable[..., Any]
F = TypeVar("F", bound=Row)
ROWS: dict[str, Row] = {}
METHODS: dict[str, str] = {}
CONSTANTS: dict[str, Any] = {"numpy.newaxis": None}
# The numbers that programs have for these, exactly: π itself is none of them.
NUMBERS = {f"{library}.{name}": Fraction(getattr(math, name))
           for library in ("numpy", "math", "torch") for name in ("pi", "e")}  # fmt: skip


def row(*names: str, method: str = "") -> Callable[[F], F]:
    """Register a row under these names of NumPy's, and as a method of arrays."""

    def register(function: F) -> F:
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
            machine.refuse("a size that is no integer", "an integer expression in sizes: `//` where `/` gives a float")
        machine.require(at_least(size, 0), "fits", "a size is not negative")
    return items


# -- functions of entries --------------------------------------------------------------------------


def _unary(name: str, build: Callable[[Element], Element]) -> None:
    def entries(machine: Machine, x: Any) -> Any:
        return ops.entrywise(machine, build, x)

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
    "reciprocal": lambda e: ops.quotient(ONE, e),
    "log1p": lambda e: ops.function("log", plus(ONE, e)),
    "expm1": lambda e: plus(ops.function("exp", e), number(-1)),
    "positive": lambda e: e,
    "sign": lambda e: plus(Data(">", e, ZERO), minus(Data(">", minus(e), ZERO))),
}
for _name, _build in UNARY.items():
    _unary(_name, _build)


def _binary(name: str, word: str) -> None:
    def entries(machine: Machine, x1: Any, x2: Any) -> Any:
        one, other = (x if isinstance(x, Selected) else array_of(machine, x) for x in (x1, x2))
        return ops.arithmetic(machine, word, one, other)

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
def maximum(machine: Machine, x1: Any, x2: Any) -> Any:
    """The larger entry."""
    return ops.entrywise(machine, larger, x1, x2)


@row("minimum", "fmin")
def minimum(machine: Machine, x1: Any, x2: Any) -> Any:
    """The smaller entry."""
    return ops.entrywise(machine, lambda p, q: minus(larger(minus(p), minus(q))), x1, x2)


@row("clip", method="clip")
def clip(machine: Machine, a: Any, a_min: Any = None, a_max: Any = None) -> Any:
    """Entries within bounds."""
    found = a if isinstance(a, Selected) else array_of(machine, a)
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
    return _filled(machine, tuple(machine.axis(size) for size in sizes_of(machine, shape)), element, kind)


def _filled(machine: Machine, axes: Axes, element: Element, kind: str) -> Array:
    found = machine.make(axes, lambda index: element, kind)
    found.storage.made = True
    return found


def kind_of(dtype: Any, otherwise: str = "real") -> str:
    """What a dtype holds."""
    path = dtype.path if isinstance(dtype, Library) else dtype if isinstance(dtype, str) else ""
    if not path:
        return otherwise
    return "bool" if "bool" in path else "int" if "int" in path else "real"


@row("zeros")
def zeros(machine: Machine, shape: Any, dtype: Any = None) -> Array:
    """Zeros."""
    return filled(machine, shape, ZERO, kind_of(dtype))


@row("ones")
def ones(machine: Machine, shape: Any, dtype: Any = None) -> Array:
    """Ones."""
    return filled(machine, shape, ONE, kind_of(dtype))


@row("empty")
def empty(machine: Machine, shape: Any, dtype: Any = None) -> Array:
    """Entries without a value until they are assigned."""
    return filled(machine, shape, Poison("np.empty has no entries until all are assigned"), kind_of(dtype))


@row("full")
def full(machine: Machine, shape: Any, fill_value: Any, dtype: Any = None) -> Array:
    """One number."""
    value = array_of(machine, fill_value)
    return filled(machine, shape, machine.snapshot(value)(()), kind_of(dtype, value.kind))


def _like(name: str, element: Element) -> None:
    def entries(machine: Machine, a: Any, dtype: Any = None) -> Array:
        given = array_of(machine, a)
        return _filled(machine, given.axes, element, kind_of(dtype, given.kind))

    row(name)(entries)


_like("zeros_like", ZERO)
_like("ones_like", ONE)
_like("empty_like", Poison("np.empty_like has no entries until all are assigned"))


@row("full_like")
def full_like(machine: Machine, a: Any, fill_value: Any, dtype: Any = None) -> Array:
    """One number in a's shape."""
    given, value = array_of(machine, a), array_of(machine, fill_value)
    if given.kind != "real" and value.kind == "real":
        machine.refuse("a real number fills an array of integers", "an array of real numbers")
    return _filled(machine, given.axes, machine.snapshot(value)(()), kind_of(dtype, given.kind))


@row("eye", "identity")
def eye(machine: Machine, N: Any, M: Any = None, dtype: Any = None) -> Array:
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
    if kind_of(dtype) == "int":
        first, last = ops.whole_number(machine, first), ops.whole_number(machine, last)
    if not all(isinstance(part, Int) for part in (first, last, width)):
        machine.refuse("arange of what is no integer")
    machine.require(at_least(width, 1), "same", "the step is positive")
    if machine.is_size(last - first) and not machine.decide(at_least(last, first)):
        last = first
    count = machine.simplify((last - first + width - 1) // width)
    axes = (machine.axis(count),)
    return machine.make(axes, lambda index: whole(first + width * joined_index(index[0], axes[0])), "int")


@row("asarray", "asanyarray")
def asarray(machine: Machine, a: Any, dtype: Any = None) -> Array:
    """The array itself, a copy of what is none."""
    return array_of(machine, a)


@row("ascontiguousarray")
def ascontiguousarray(machine: Machine, a: Any, dtype: Any = None) -> Array:
    """The same entries, or a copy of them."""
    given = array_of(machine, a)
    return given.view(given.axes, lambda index: index, loose=True)


@row("array", "copy", method="copy")
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
def sum_(machine: Machine, a: Any, axis: Any = None, keepdims: Any = False, dtype: Any = None) -> Any:
    """Σ over axes; of sizes an integer."""
    if isinstance(a, tuple | list) and a and all(isinstance(one, Int) for one in a) and axis is None:
        return sum(a, Int())
    if isinstance(a, Selected):
        a = unselected(machine, a)
        if axis is not None or _shown(keepdims):
            machine.refuse("a sum along axes of what a mask selects", "np.where, and then the sum")
    return ops.reduced(machine, array_of(machine, a), axis, _shown(keepdims), total)


def count_over(machine: Machine, given: Array, axis: Any) -> Int:
    """The number of entries over axes."""
    return product([given.shape[at] for at in ops.axes_numbers(machine, axis, given.rank)])


@row("prod")
def prod(machine: Machine, a: Any) -> Int:
    """The product of sizes."""
    items = [a] if isinstance(a, Int) else list(a) if isinstance(a, tuple | list) else []
    if not all(isinstance(one, Int) for one in items) or isinstance(a, Array):
        machine.refuse("a product of data")
    return product(items)


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


@row("linalg.norm")
def norm(machine: Machine, x: Any, ord: Any = None, axis: Any = None, keepdims: Any = False) -> Array:
    """The root of the sum of squares: Euclid's norm along one axis, Frobenius's over two or all."""
    given = array_of(machine, x)
    over_axes = len(ops.axes_numbers(machine, axis, given.rank))
    known = ord is None or (ord == Int.of(2) and over_axes == 1) or (ord == "fro" and over_axes == 2)
    if not known or (axis is not None and over_axes > 2):
        machine.refuse("a norm that is not the root of a sum of squares", "np.sqrt((x**2).sum(axis))")
    squares = ops.elementwise(machine, lambda e: power(e, number(2)), given)
    return ops.elementwise(machine, lambda e: ops.function("sqrt", e), sum_(machine, squares, axis, keepdims))


@row("max", "amax", method="max")
def max_(machine: Machine, a: Any, axis: Any = None, keepdims: Any = False) -> Array:
    """The maximum over axes."""
    given = array_of(machine, a)
    for at in ops.axes_numbers(machine, axis, given.rank):
        machine.require(at_least(given.shape[at], 1), "fits", "a maximum is over something")

    def top(bound: Any, body: Element) -> Element:
        inner = ops.opened_maximum(machine, body)
        if inner is not None:  # a maximum of maxima is one over both windows
            return Top((*bound, *inner.bound), inner.body)
        return Top(bound, body) if bound else body

    return ops.reduced(machine, given, axis, _shown(keepdims), top)


@row("min", "amin", method="min")
def min_(machine: Machine, a: Any, axis: Any = None, keepdims: Any = False) -> Array:
    """The minimum over axes."""
    negated = ops.negative(machine, array_of(machine, a))
    return ops.elementwise(machine, minus, max_(machine, negated, axis, keepdims))


@row("argmax", "nanargmax", method="argmax")
def argmax(machine: Machine, a: Any, axis: Any = None, keepdims: Any = False) -> Array:
    """The place of the maximum, row-major over all axes or along one; for subscripts and comparisons with integers."""
    given = array_of(machine, a)
    for at in ops.axes_numbers(machine, axis, given.rank):
        machine.require(at_least(given.shape[at], 1), "fits", "a maximum is over something")

    def place(bound: Any, body: Element) -> Element:
        number = joined_index([Int.symbol(name) for name, _, _ in bound], [high + 1 for _, _, high in bound])
        return Chosen(bound, body, number) if bound else whole(0)

    found = ops.reduced(machine, given, axis, _shown(keepdims), place, "int")
    # one place, however often it is asked for
    return found if found.rank else machine.scalar(machine.snapshot(found)(()), "int")


@row("argmin", "nanargmin", method="argmin")
def argmin(machine: Machine, a: Any, axis: Any = None, keepdims: Any = False) -> Array:
    """The place of the minimum."""
    return argmax(machine, ops.negative(machine, array_of(machine, a)), axis, keepdims)


@row("unravel_index")
def unravel_index(machine: Machine, indices: Any, shape: Any) -> tuple[Any, ...]:
    """The subscripts of row-major numbers in an array of this shape."""
    sizes = sizes_of(machine, shape)
    found: list[Any] = []
    for at, size in enumerate(sizes):
        below = product(sizes[at + 1 :])
        part = indices if below.constant == 1 else ops.arithmetic(machine, "//", indices, below)
        found.append(part if at == 0 else ops.arithmetic(machine, "%", part, size))
    return tuple(found)


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
