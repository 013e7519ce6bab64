"""NumPy's products; more rows of `numpy_table`, under the same law."""

from __future__ import annotations

from typing import Any

from derivations.reading import operations as ops
from derivations.reading import products
from derivations.reading import reshaping as shapes
from derivations.reading.arrays import Array, Index
from derivations.reading.elements import (
    Element,
    times,
)
from derivations.reading.integers import Int
from derivations.reading.machine import Machine
from derivations.reading.numpy_table import METHODS, ROWS, array, array_of, row, sizes_of

__all__ = ["METHODS", "ROWS", "array", "array_of", "row", "sizes_of"]

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
    left, right = (shapes.reshaped(machine, array_of(machine, one), [Int.of(-1)]) for one in (a, b))
    return products.tensordot(machine, left, right, [(0, 0)])


@row("outer")
def outer(machine: Machine, a: Any, b: Any) -> Array:
    """All products, both flattened."""
    left, right = (shapes.reshaped(machine, array_of(machine, one), [Int.of(-1)]) for one in (a, b))
    return products.tensordot(machine, left, right, [])


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
