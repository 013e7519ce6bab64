"""Matrices, sums, reshaping: the operators of matrix calculus, each by its entries."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sympy import Basic, Integer

from derivations.core import terms
from derivations.core.terms import Int
from derivations.formulas.expressions import Expression, Shape, ShapeError, entry_count
from derivations.formulas.integers import Compare, Condition
from derivations.operators.row import Gather, Operator, Parameter, tap, tensor


def always(*arguments: Any) -> list[Condition]:
    """Exists wherever its arguments do."""
    return []


def sizes_given(*arguments: Any) -> list[Condition]:
    """Sizes that are given as numbers are not negative."""
    return [Compare(">=", size, 0) for argument in arguments for size in argument.args]


def _square(a: Expression) -> list[Condition]:
    return [Compare("==", a.shape[0], a.shape[1])]


def _matmul_size(a: Expression, b: Expression) -> Shape:
    if not a.rank or not b.rank or 1 == a.rank == b.rank:
        return () if a.rank and b.rank else _no_product(a, b)
    if a.rank == 1:
        return (b.shape[1],)
    return (a.shape[0], *b.shape[1:])


def _no_product(a: Expression, b: Expression) -> Shape:
    raise ShapeError(f"a matrix product of rank {a.rank} and rank {b.rank}", "a scalar multiplies with *", None)


def _matmul_exists(a: Expression, b: Expression) -> list[Condition]:
    return [Compare("==", a.shape[-1], b.shape[0])]


def _matmul_entry(index: Sequence[Int], a: Sequence[Int], b: Sequence[Int]) -> Gather:
    inner = Int.symbol(tap())
    row, column = (index[:1], index[1:]) if len(a) == 2 else ((), tuple(index))
    return Gather(((tap(), 0, a[-1] - 1),), reads=((0, (*row, inner)), (1, (inner, *column))))


def _trace_entry(index: Sequence[Int], a: Sequence[Int]) -> Gather:
    diagonal = Int.symbol(tap())
    return Gather(((tap(), 0, a[0] - 1),), reads=((0, (diagonal, diagonal)),))


def _total_entry(index: Sequence[Int], a: Sequence[Int]) -> Gather:
    names = [tap(axis) for axis in range(len(a))]
    bound = tuple((name, Int.of(0), size - 1) for name, size in zip(names, a, strict=True))
    return Gather(bound, reads=((0, tuple(Int.symbol(name) for name in names)),))


def _mean_entry(index: Sequence[Int], a: Sequence[Int]) -> Gather:
    total = _total_entry(index, a)
    count = Int.of(1)
    for size in a:
        count = count * size
    return Gather(total.bound, total.condition, total.reads, denominator=count)


def _identity_entry(index: Sequence[Int], n: Int) -> Gather:
    return Gather(condition=terms.equal(index[0], index[1]))


def _diagonal_entry(index: Sequence[Int], v: Sequence[Int]) -> Gather:
    return Gather(condition=terms.equal(index[0], index[1]), reads=((0, (index[0],)),))


def _kron_size(a: Expression, b: Expression) -> Shape:
    if a.rank != b.rank:
        raise ShapeError(f"a Kronecker product of rank {a.rank} and rank {b.rank}", "both must have the same rank", 1)
    return tuple(left * right for left, right in zip(a.shape, b.shape, strict=True))


def _kron_exists(a: Expression, b: Expression) -> list[Condition]:
    return [Compare(">=", size, 1) for size in b.shape]


def _kron_entry(index: Sequence[Int], a: Sequence[Int], b: Sequence[Int]) -> Gather:
    outer = tuple(i // q for i, q in zip(index, b, strict=True))
    inner = tuple(i % q for i, q in zip(index, b, strict=True))
    return Gather(reads=((0, outer), (1, inner)))


def _outer_entry(index: Sequence[Int], u: Sequence[Int], v: Sequence[Int]) -> Gather:
    return Gather(reads=((0, tuple(index[: len(u)])), (1, tuple(index[len(u) :]))))


def unravel(position: Int, shape: Sequence[Int]) -> tuple[Int, ...]:
    """The indices of entry number `position` when the last axis runs fastest (row-major)."""
    indices = []
    for size in reversed(shape[1:]):
        indices.append(position % size)
        position = position // size
    return (*[position] * bool(shape), *reversed(indices))


def ravel(index: Sequence[Int], shape: Sequence[Int]) -> Int:
    """The number of an entry when the last axis runs fastest (row-major)."""
    position = Int.of(0)
    for i, size in zip(index, shape, strict=True):
        position = position * size + i
    return position


def _positive_axes(a: Expression) -> list[Condition]:
    return [Compare(">=", size, 1) for size in a.shape]


def _vec_entry(index: Sequence[Int], a: Sequence[Int]) -> Gather:
    place = unravel(index[0], tuple(reversed(a)))
    return Gather(reads=((0, tuple(reversed(place))),))


def _reshape_exists(a: Expression, shape: Basic) -> list[Condition]:
    return [Compare("==", entry_count(a.shape), entry_count(tuple(shape.args))), *_positive_axes(a)]


def _reshape_entry(index: Sequence[Int], a: Sequence[Int], shape: Sequence[Int]) -> Gather:
    return Gather(reads=((0, unravel(ravel(index, shape), a)),))


def _fence(name: str) -> Any:
    return lambda *parts: rf"\operatorname{{{name}}}\left({', '.join(parts)}\right)"


ROWS = (
    Operator("matmul", (tensor("A", 1, 2), tensor("B", 1, 2)), _matmul_size, _matmul_exists, _matmul_entry,
             lambda a, b: rf"{a} {b}", "matrix product"),
    Operator("transpose", (tensor("A", 2),), lambda a: (a.shape[1], a.shape[0]), always,
             lambda index, a: Gather(reads=((0, (index[1], index[0])),)), lambda a: rf"{a}^{{T}}", "transpose"),
    Operator("tr", (tensor("A", 2),), lambda a: (), _square, _trace_entry,
             lambda a: rf"\operatorname{{Tr}}\left({a}\right)", "trace"),
    Operator("sum", (tensor("A"),), lambda a: (), always, _total_entry,
             lambda a: rf"\operatorname{{sum}}\left({a}\right)", "sum of all entries"),
    Operator("mean", (tensor("A"),), lambda a: (), _positive_axes, _mean_entry, _fence("mean"),
             "mean of all entries"),
    Operator("ones", (Parameter("shape", "integers", required=True),), lambda shape: tuple(shape.args), sizes_given,
             lambda index, shape: Gather(), lambda shape: rf"\mathbf{{1}}_{{{shape}}}", "all entries 1"),
    Operator("zeros", (Parameter("shape", "integers", required=True),), lambda shape: tuple(shape.args), sizes_given,
             lambda index, shape: Gather(condition=terms.FALSE), lambda shape: rf"\mathbf{{0}}_{{{shape}}}",
             "all entries 0"),
    Operator("eye", (Parameter("n", "integer", required=True),), lambda n: (n, n),
             lambda n: [Compare(">=", n, 0)], _identity_entry, lambda n: rf"I_{{{n}}}", "identity matrix"),
    Operator("diag", (tensor("v", 1),), lambda v: (v.shape[0], v.shape[0]), always, _diagonal_entry, _fence("diag"),
             "diagonal matrix of a vector"),
    Operator("kron", (tensor("A", 1, 2, 3), tensor("B", 1, 2, 3)), _kron_size, _kron_exists, _kron_entry,
             lambda a, b: rf"{a} \otimes {b}", "Kronecker product [Magnus & Neudecker 2019, ch. 2]"),
    Operator("outer", (tensor("u"), tensor("v")), lambda u, v: (*u.shape, *v.shape), always, _outer_entry,
             _fence("outer"), "all products of an entry of u and an entry of v"),
    Operator("vec", (tensor("A"),), lambda a: (entry_count(a.shape), Integer(1)), _positive_axes, _vec_entry,
             _fence("vec"), "columns stacked, first axis fastest [Magnus & Neudecker 2019, ch. 2]"),
    Operator("reshape", (tensor("A"), Parameter("shape", "integers", required=True)),
             lambda a, shape: tuple(shape.args), _reshape_exists, _reshape_entry, _fence("reshape"),
             "row-major, as numpy.reshape"),
    Operator("inv", (tensor("A", 2),), lambda a: a.shape, _square, None, lambda a: rf"{a}^{{-1}}",
             "inverse of a regular matrix"),
    Operator("det", (tensor("A", 2),), lambda a: (), _square, None, _fence("det"), "determinant"),
    Operator("softmax", (tensor("z", 1, 2, 3, 4),), lambda z: z.shape, always, None, _fence("softmax"),
             "over the last axis [Goodfellow, Bengio & Courville 2016, eq. 6.29]"),
    Operator("max", (tensor("z"),), lambda z: (), _positive_axes, None, _fence("max"), "largest of all entries"),
)  # fmt: skip
