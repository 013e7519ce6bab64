"""Matrices, sums, reshaping: the operators of matrix calculus, each by its entries."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sympy import Basic, Expr, Integer, expand

from derivations.core import terms
from derivations.core.terms import Int
from derivations.formulas.expressions import (
    Apply,
    ByIndex,
    Constant,
    Expression,
    Over,
    Shape,
    ShapeError,
    applied,
    entry_count,
)
from derivations.formulas.integers import Compare, Condition
from derivations.operators.building import Whole, axes_of, inverse_order, ones_of, permuted, times, transposed
from derivations.operators.row import (
    AXES,
    NAMED_AXES,
    Adjoint,
    Candidates,
    Gather,
    Lemma,
    Operator,
    OperatorError,
    Parameter,
    Range,
    axis_numbers,
    tap,
    tensor,
)
from derivations.operators.windows import whole_max_adjoint


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


def _kept(a: Expression, axis: Basic) -> Shape:
    """The sizes of the axes that a reduction leaves."""
    return tuple(size for number, size in enumerate(a.shape) if Integer(number) not in axis.args)


def _reduced(a: Expression, axis: Basic) -> Shape:
    return tuple(a.shape[int(number)] for number in axis.args)


def reduction_reads(
    index: Sequence[Int], a: Sequence[Int], axis: Sequence[Int]
) -> tuple[tuple[Range, ...], terms.Condition, tuple[Int, ...]]:
    """The taps of a reduction over some axes, a condition that always holds, and the place of a tap in the tensor."""
    along = [number.constant or 0 for number in axis]
    kept = iter(index)
    place = [Int.symbol(tap(along.index(number))) if number in along else next(kept) for number in range(len(a))]
    bound = tuple((tap(at), Int.of(0), a[number] - 1) for at, number in enumerate(along))
    return bound, terms.TRUE, tuple(place)


def _total_entry(index: Sequence[Int], a: Sequence[Int], axis: Sequence[Int]) -> Gather:
    bound, condition, place = reduction_reads(index, a, axis)
    return Gather(bound, condition, ((0, place),))


def _mean_entry(index: Sequence[Int], a: Sequence[Int], axis: Sequence[Int]) -> Gather:
    total = _total_entry(index, a, axis)
    count = Int.of(1)
    for number in axis:
        count = count * a[number.constant or 0]
    return Gather(total.bound, total.condition, total.reads, denominator=count)


def _permute_entry(index: Sequence[Int], a: Sequence[Int], axes: Sequence[Int]) -> Gather:
    order = [number.constant or 0 for number in axes]
    place = [Int.of(0)] * len(a)
    for i, number in zip(index, order, strict=True):
        place[number] = i
    return Gather(reads=((0, tuple(place)),))


def _broadcast_axes(a: Expression, shape: Basic, axis: Basic) -> tuple[int, ...]:
    """The axes of the result that are those of A, in their order."""
    if len(axis.args) != a.rank:
        fix = "name for each axis of A the axis that it becomes"
        raise OperatorError(f"broadcast of rank {a.rank} to {len(axis.args)} axes", fix, 2)
    return axis_numbers(axis, len(shape.args), "broadcast") if axis.args else ()


def _broadcast_size(a: Expression, shape: Basic, axis: Basic) -> Shape:
    _broadcast_axes(a, shape, axis)
    return tuple(shape.args)


def _broadcast_exists(a: Expression, shape: Basic, axis: Basic) -> list[Condition]:
    kept = _broadcast_axes(a, shape, axis)
    same = [Compare("==", shape.args[number], size) for number, size in zip(kept, a.shape, strict=True)]
    return [*same, *[Compare(">=", size, 0) for size in shape.args]]


def _broadcast_entry(index: Sequence[Int], a: Sequence[Int], shape: Sequence[Int], axis: Sequence[Int]) -> Gather:
    return Gather(reads=((0, tuple(index[(number.constant or 0) % len(shape)] for number in axis)),))


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


def _positive_reduced(a: Expression, axis: Basic) -> list[Condition]:
    return [Compare(">=", size, 1) for size in _reduced(a, axis)]


def _positive_last(a: Expression) -> list[Condition]:
    return [Compare(">=", a.shape[-1], 1)]


def _vec_entry(index: Sequence[Int], a: Sequence[Int]) -> Gather:
    place = unravel(index[0], tuple(reversed(a)))
    return Gather(reads=((0, tuple(reversed(place))),))


def _reshape_exists(a: Expression, shape: Basic) -> list[Condition]:
    return [Compare("==", entry_count(a.shape), entry_count(tuple(shape.args))), *_positive_axes(a)]


def _reshape_entry(index: Sequence[Int], a: Sequence[Int], shape: Sequence[Int]) -> Gather:
    return Gather(reads=((0, unravel(ravel(index, shape), a)),))


# -- adjoints, which no proof rests on --------------------------------------------------------------------------------


def _diagonal_adjoint(g: Expression, node: Apply) -> Candidates:
    (i,), ranges = axes_of(node.arguments[0].shape, "i")
    return [ByIndex(g[i, i], *ranges)]


def _left_factor(g: Expression, node: Apply) -> Candidates:
    a, b = node.tensors
    if a.rank == 2 and b.rank == 2:
        return [g @ transposed(b)]
    if a.rank == 2:
        return [applied("outer", g, b)]
    return [b @ g if b.rank == 2 else times(g, b)]


def _right_factor(g: Expression, node: Apply) -> Candidates:
    a, b = node.tensors
    if a.rank == 2:
        return [transposed(a) @ g]
    return [applied("outer", a, g) if b.rank == 2 else times(g, a)]


def _outer_left(g: Expression, node: Apply) -> Candidates:
    u, v = node.tensors
    if u.rank == 1 and v.rank == 1:
        return [g @ v]
    place, ranges = axes_of(u.shape, "u")
    return [ByIndex(applied("sum", times(g[tuple(place)], v)), *ranges)]


def _outer_right(g: Expression, node: Apply) -> Candidates:
    u, v = node.tensors
    if u.rank == 1 and v.rank == 1:
        return [u @ g]
    place, ranges = axes_of(v.shape, "u")
    return [ByIndex(applied("sum", times(u, g[(*[Whole] * u.rank, *place)])), *ranges)]


def _vec_adjoint(g: Expression, node: Apply) -> Candidates:
    (a,) = node.tensors
    if a.rank == 1:
        return [applied("reshape", g, a.shape)]
    if a.rank == 2:
        return [applied("reshape", g, (a.shape[1], a.shape[0])).T]
    place, ranges = axes_of(a.shape, "u")
    row: Expr = Integer(0)
    for index, size in zip(reversed(place), reversed(a.shape), strict=True):
        row = index + size * row  # the first axis runs fastest
    return [ByIndex(g[expand(row), 0], *ranges)]


def _spread(g: Expression, node: Apply, scale: Expr) -> Expression:
    """G divided by a number, along the axes that a reduction took together."""
    (a,), axis = node.tensors, node.arguments[1]
    value = g if scale == 1 else Over(g, Constant(scale))
    if not g.rank:
        return times(value, ones_of(a.shape))
    kept = tuple(number for number in range(a.rank) if Integer(number) not in axis.args)
    return applied("broadcast", value, a.shape, axis=kept) if len(kept) < a.rank else value


def _sum_adjoint(g: Expression, node: Apply) -> Candidates:
    return [_spread(g, node, Integer(1))]


def _mean_adjoint(g: Expression, node: Apply) -> Candidates:
    return [_spread(g, node, entry_count(_reduced(node.tensors[0], node.arguments[1])))]


def _broadcast_adjoint(g: Expression, node: Apply) -> Candidates:
    """The axes that were added are summed, and those that remain put in A's order."""
    _, shape, axis = node.arguments
    kept = [int(number) % len(shape.args) for number in axis.args]
    added = tuple(number for number in range(len(shape.args)) if number not in kept)
    summed = applied("sum", g, added) if added else g
    order = tuple(sorted(kept).index(number) for number in kept)
    return [permuted(summed, order)]


def _solvable(a: Expression, b: Expression) -> list[Condition]:
    return [*_square(a), Compare("==", a.shape[1], b.shape[0])]


def _solution(a: Expression, b: Expression) -> Expression:
    return applied("matmul", applied("inv", a), b)


def _fence(name: str) -> Any:
    return lambda *parts: rf"\operatorname{{{name}}}\left({', '.join(parts)}\right)"


ROWS = (
    Operator("matmul", (tensor("A", 1, 2), tensor("B", 1, 2)), _matmul_size, _matmul_exists, _matmul_entry,
             lambda a, b: rf"{a} {b}", "matrix product",
             adjoints=(
                 Adjoint(0, "adjoint of the right product", "⟨G, dA B⟩ = ⟨G Bᵀ, dA⟩", _left_factor),
                 Adjoint(1, "adjoint of the left product", "⟨G, A dB⟩ = ⟨Aᵀ G, dB⟩", _right_factor),
             ),
             numpy=lambda a, b: f"({a} @ {b})"),
    Operator("transpose", (tensor("A", 2),), lambda a: (a.shape[1], a.shape[0]), always,
             lambda index, a: Gather(reads=((0, (index[1], index[0])),)), lambda a: rf"{a}^{{T}}",
             "transpose; with the order of the axes given, permute",
             adjoints=(
                 Adjoint(0, "trace of a transpose", "⟨G, dAᵀ⟩ = ⟨Gᵀ, dA⟩", lambda g, node: [g.T]),
             ),
             numpy=lambda a: f"{a}.T", spelled=(Parameter("axes", "order"),)),
    Operator("permute", (tensor("A"), Parameter("axes", "permutation", required=True)),
             lambda a, axes: tuple(a.shape[int(number)] for number in axes.args), always, _permute_entry,
             lambda a, axes: rf"\operatorname{{permute}}_{{{axes}}}\left({a}\right)",
             "the axes in another order, as numpy.transpose and torch.permute",
             adjoints=(
                 Adjoint(0, "adjoint of another order of axes", "⟨G, permute(dA)⟩ = ⟨G in the first order, dA⟩",
                   lambda g, node: [permuted(g, inverse_order([int(number) for number in node.arguments[1].args]))]),
             ),
             numpy=lambda a, axes: f"np.transpose({a}, {axes})",
             lemmas=(
                 Lemma(
                     "adjoint of another order of axes", (("permute", 0),),
                     "dims n, m, k\ntensor v[n, m, k], g[k, n, m]", "sum(g * permute(v, (2, 0, 1)))",
                     (
                         ("sum[c in 0..k - 1, i in 0..n - 1, j in 0..m - 1](g[c, i, j] * v[i, j, c])",
                          "definition of the order"),
                         ("sum(permute(g, (1, 2, 0)) * v)", "the same sum in the first order"),
                     ),
                 ),
             ),
             samples=(((1, 0),), ((0, 1),), ((-1, 0),))),
    Operator("tr", (tensor("A", 2),), lambda a: (), _square, _trace_entry,
             lambda a: rf"\operatorname{{Tr}}\left({a}\right)", "trace",
             adjoints=(
                 Adjoint(0, "trace as an inner product", "g Tr(dA) = ⟨g I, dA⟩",
                   lambda g, node: [times(g, applied("eye", node.tensors[0].shape[0]))]),
             ),
             numpy=lambda a: f"np.trace({a})"),
    Operator("sum", (tensor("A"), AXES), _kept, always, _total_entry,
             lambda a, axis: rf"\operatorname{{sum}}_{{{axis}}}\left({a}\right)",
             "sum of all entries, or along some axes",
             adjoints=(
                 Adjoint(0, "sum as an inner product", "g sum(dA) = ⟨g 1, dA⟩", _sum_adjoint),
             ),
             numpy=lambda a, axis: f"np.sum({a}, {axis})",
             samples=((), (0,), (-1,), ((0, 1),))),
    Operator("mean", (tensor("A"), AXES), _kept, _positive_reduced, _mean_entry,
             lambda a, axis: rf"\operatorname{{mean}}_{{{axis}}}\left({a}\right)",
             "mean of all entries, or along some axes",
             adjoints=(
                 Adjoint(0, "mean as an inner product", "g mean(dA) = ⟨g/N 1, dA⟩", _mean_adjoint),
             ),
             numpy=lambda a, axis: f"np.mean({a}, {axis})",
             samples=((), (0,), (-1,), ((0, 1),))),
    Operator("broadcast",
             (tensor("A"), Parameter("shape", "sizes", required=True), Parameter("axis", "order", required=True)),
             _broadcast_size, _broadcast_exists, _broadcast_entry,
             lambda a, shape, axis: rf"\operatorname{{broadcast}}_{{{shape}}}\left({a}\right)",
             "A repeated along new axes; axis says which axes of the result are A's, in their order",
             adjoints=(
                 Adjoint(0, "adjoint of repetition", "⟨G, broadcast(dA)⟩ = ⟨sum of G along the new axes, dA⟩",
                   _broadcast_adjoint),
             ),
             lemmas=(
                 Lemma(
                     "adjoint of repetition", (("broadcast", 0),), "dims n, m\ntensor v[n], g[m, n]",
                     "sum(g * broadcast(v, (m, n), axis=1))",
                     (
                         ("sum[i in 0..m - 1, j in 0..n - 1](g[i, j] * v[j])", "definition of repetition"),
                         ("sum[j in 0..n - 1](sum(g, 0)[j] * v[j])", "the sum along the new axis gathered"),
                         ("sum(sum(g, 0) * v)", "sum of all entries"),
                     ),
                 ),
             ),
             samples=(((2, 3), (0, 1)), ((2, 3, 2), (1, 0)), ((2, 1, 3, 2), (0, -1)))),
    Operator("ones", (Parameter("shape", "integers", required=True),), lambda shape: tuple(shape.args), sizes_given,
             lambda index, shape: Gather(), lambda shape: rf"\mathbf{{1}}_{{{shape}}}", "all entries 1",
             numpy=lambda shape: f"np.ones({shape}, int)"),
    Operator("zeros", (Parameter("shape", "integers", required=True),), lambda shape: tuple(shape.args), sizes_given,
             lambda index, shape: Gather(condition=terms.FALSE), lambda shape: rf"\mathbf{{0}}_{{{shape}}}",
             "all entries 0",
             numpy=lambda shape: f"np.zeros({shape}, int)"),
    Operator("eye", (Parameter("n", "integer", required=True),), lambda n: (n, n),
             lambda n: [Compare(">=", n, 0)], _identity_entry, lambda n: rf"I_{{{n}}}", "identity matrix",
             numpy=lambda n: f"np.eye({n}, dtype=int)"),
    Operator("pi", (), lambda: (), always, None, lambda: r"\pi", "a circle's circumference by its diameter",
             numpy=lambda: "np.pi"),
    Operator("diag", (tensor("v", 1),), lambda v: (v.shape[0], v.shape[0]), always, _diagonal_entry, _fence("diag"),
             "diagonal matrix of a vector",
             adjoints=(
                 Adjoint(0, "adjoint of diag", "⟨G, diag(dv)⟩ = Σᵢ Gᵢᵢ dvᵢ", _diagonal_adjoint),
             ),
             numpy=lambda a: f"np.diag({a})"),
    Operator("kron", (tensor("A", 1, 2, 3), tensor("B", 1, 2, 3)), _kron_size, _kron_exists, _kron_entry,
             lambda a, b: rf"{a} \otimes {b}", "Kronecker product [Magnus & Neudecker 2019, ch. 2]",
             adjoints=(
                 Adjoint(0, "adjoint of the Kronecker product",
                   "⟨G, dA ⊗ B⟩ = ⟨G ⋆ B with B's shape as stride, dA⟩",
                   lambda g, node: [applied("corr", g, node.tensors[1], stride=node.tensors[1].shape)]),
                 Adjoint(1, "adjoint of the Kronecker product",
                   "⟨G, A ⊗ dB⟩ = ⟨G ⋆ A with B's shape as dilation, dB⟩",
                   lambda g, node: [applied("corr", g, node.tensors[0], dilation=node.tensors[1].shape)]),
             ),
             numpy=lambda a, b: f"np.kron({a}, {b})"),
    Operator("outer", (tensor("u"), tensor("v")), lambda u, v: (*u.shape, *v.shape), always, _outer_entry,
             _fence("outer"), "all products of an entry of u and an entry of v",
             adjoints=(
                 Adjoint(0, "adjoint of the outer product", "⟨G, du vᵀ⟩ = ⟨G v, du⟩", _outer_left),
                 Adjoint(1, "adjoint of the outer product", "⟨G, u dvᵀ⟩ = ⟨Gᵀ u, dv⟩", _outer_right),
             ),
             numpy=lambda a, b: f"np.multiply.outer({a}, {b})"),
    Operator("vec", (tensor("A"),), lambda a: (entry_count(a.shape), Integer(1)), _positive_axes, _vec_entry,
             _fence("vec"), "columns stacked, first axis fastest [Magnus & Neudecker 2019, ch. 2]",
             adjoints=(
                 Adjoint(0, "adjoint of vec", "⟨G, vec(dA)⟩ = ⟨vec⁻¹(G), dA⟩", _vec_adjoint),
             ),
             numpy=lambda a: f"np.reshape({a}, (-1, 1), order='F')"),
    Operator("reshape", (tensor("A"), Parameter("shape", "integers", required=True)),
             lambda a, shape: tuple(shape.args), _reshape_exists, _reshape_entry, _fence("reshape"),
             "row-major, as numpy.reshape",
             adjoints=(
                 Adjoint(0, "adjoint of reshape", "⟨G, reshape(dA)⟩ = ⟨reshape(G), dA⟩",
                   lambda g, node: [applied("reshape", g, node.tensors[0].shape)]),
             ),
             numpy=lambda a, shape: f"np.reshape({a}, {shape})"),
    Operator("inv", (tensor("A", 2),), lambda a: a.shape, _square, None, lambda a: rf"{a}^{{-1}}",
             "inverse of a regular matrix",
             numpy=lambda a: f"np.linalg.inv({a})"),
    Operator("det", (tensor("A", 2),), lambda a: (), _square, None, _fence("det"), "determinant",
             numpy=lambda a: f"np.linalg.det({a})"),
    Operator("solve", (tensor("A", 2), tensor("b", 1, 2)), lambda a, b: (a.shape[1], *b.shape[1:]), _solvable, None,
             lambda a, b: rf"{a}^{{-1}} {b}", "the x with A x = b, as numpy.linalg.solve",
             numpy=lambda a, b: f"np.linalg.solve({a}, {b})", formula=_solution),
    Operator("softmax", (tensor("z", 1, 2, 3, 4),), lambda z: z.shape, _positive_last, None, _fence("softmax"),
             "over the last axis, or others [Goodfellow, Bengio & Courville 2016, eq. 6.29]", spelled=(NAMED_AXES,)),
    Operator("max", (tensor("z"), AXES), _kept, _positive_reduced, None,
             lambda a, axis: rf"\operatorname{{max}}_{{{axis}}}\left({a}\right)",
             "largest of all entries, or along some axes",
             adjoints=(
                 Adjoint(0, "derivative of the maximum", "g d max(A) = ⟨maxunpool(g; A) with one window, dA⟩",
                   whole_max_adjoint),
             ),
             numpy=lambda a, axis: f"np.max({a}, {axis})",
             samples=((), (0,), (-1,), ((0, 1),))),
)  # fmt: skip
