"""The adjoint of every linear operator: ⟨G, L(dX)⟩ = ⟨L*(G), dX⟩, as a table of rules.

⟨A, B⟩ is the sum of all products of entries: Tr(AᵀB) = 1ᵀ(A ∘ B)1 for matrices. One row for each operator
and argument; a row may offer several candidates, the textbook's form first. The law: no row is trusted. A
step made with it is judged by the kernel, and the tests compare every row with explicit entries at small
sizes.

Sources: Dumoulin & Visin 2016, ch. 4 (transposed convolutions, the tail of a stride); Bouvrie 2006 (pooling);
Magnus & Neudecker 2019, ch. 2 (Kronecker product, vec).

What it cannot see: whether G has the shape of L(dX). The kernel compares shapes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sympy import Basic, Expr, Integer, Mul, Poly, Symbol, div, expand

from derivations.formulas.expressions import (
    Apply,
    Bracket,
    ByIndex,
    Constant,
    Expression,
    IndexRange,
    IndexSum,
    Minus,
    Over,
    Plus,
    Shape,
    Slice,
    Times,
    entry_count,
)
from derivations.formulas.integers import AllOf, Compare, Condition, FloorDiv, Minimum, integer_symbol
from derivations.operators import apply
from derivations.steps.differential import NoRule

Candidates = list[Expression]
Whole = slice(None)


@dataclass(frozen=True)
class Adjoint:
    """A row: operator, number of the data argument that varies, printed name, equation, and L*(G) for a
    node."""

    operator: str
    argument: int
    name: str
    equation: str
    rewrite: Callable[[Expression, Any], Candidates]


# -- inner products and small simplifications ------------------------------------------------------


def inner(a: Expression | None, b: Expression) -> Expression:
    """⟨a, b⟩ as a textbook writes it: a trace for matrices, a product of numbers, else the sum of A ∘ B."""
    if a is None:
        return b
    if not b.rank:
        return Times(a, b)
    return apply("tr", a.T @ b) if b.rank == 2 else apply("sum", times(a, b))


def times(*parts: Expression) -> Expression:
    """The entrywise product with nested products opened and factors 1 left out."""
    flat: list[Expression] = []
    for part in parts:
        flat.extend(part.args if isinstance(part, Times) else [part])
    scalars = [part for part in flat if not part.rank and part != Constant(1)]
    tensors = [part for part in flat if part.rank]
    varied = [part for part in tensors if not (_is_ones(part) and _has_partner(part, tensors))]
    ordered = [*scalars, *varied]
    if not ordered:
        return Constant(1)
    return ordered[0] if len(ordered) == 1 else Times(*ordered)


def _is_ones(node: Expression) -> bool:
    return isinstance(node, Apply) and node.operator == "ones"


def _has_partner(ones: Expression, others: Sequence[Expression]) -> bool:
    """Another factor of the same shape, beside which the ones may be left out."""
    return any(
        not _is_ones(other) and all(_same(n, m) for n, m in zip(other.shape, ones.shape, strict=True))
        for other in others
    )


def apart(weight: Expression) -> tuple[Callable[[Expression], Expression], Expression]:
    """A weight as a number times a tensor: β G/n² gives (X ↦ β X/n², G)."""
    if isinstance(weight, Over) and not weight.args[1].rank:
        outer, core = apart(weight.args[0])
        below = weight.args[1]
        return (lambda node: Over(outer(node), below)), core
    if isinstance(weight, Times):
        scalars = [part for part in weight.args if not part.rank]
        tensors = [part for part in weight.args if part.rank]
        if scalars and tensors:
            return (lambda node: times(*scalars, node)), times(*tensors)
    return (lambda node: node), weight


def _same(left: Expr, right: Expr) -> bool:
    """Whether two sizes are equal by ring arithmetic, p·q // q = p and (p + 1) // 2 + p // 2 = p (only a shorter
    notation hangs on it)."""
    return bool(expand(_divided(left - right)) == 0)


def _divided(size: Expr) -> Expr:
    """Every quotient that comes out even as polynomials carried out, and of two halves the larger by the smaller."""

    def divide(p: Expr, q: Expr) -> Expr:
        quotient, rest = div(expand(p), q)
        even = rest == 0 and all(value.is_Integer for value in Poly(quotient).coeffs())
        return quotient if even else FloorDiv(expand(p), q)

    size = size.replace(FloorDiv, divide)
    halved = {part.args[0] for part in size.atoms(FloorDiv) if part.args[1] == 2}
    smaller = {p: expand(p - 1) for p in halved if expand(p - 1) in halved}
    return size.xreplace({FloorDiv(p, 2): r - FloorDiv(r, 2) for p, r in smaller.items()})


def framed(a: Expression, shape: Sequence[Expr]) -> Expression:
    """a in the top left corner of a frame of this shape; a itself where it has the shape already."""
    if all(_same(n, m) for n, m in zip(a.shape, shape, strict=True)):
        return a
    return apply("resize", a, tuple(shape))


def spread(a: Expression, steps: Sequence[Expr]) -> Expression:
    """a with zeros inserted; a itself for steps of 1."""
    return a if all(step == 1 for step in steps) else apply("dilate", a, tuple(steps))


def cropped(a: Expression, widths: Sequence[tuple[Expr, Expr]]) -> Expression:
    """a without a frame; a itself for a frame of 0."""
    if all(width == 0 for pair in widths for width in pair):
        return a
    return apply("crop", a, tuple(widths))


def reversed_axes(a: Expression) -> Expression:
    """a backwards on every axis: rot180, and for rank 3 the first axis as well."""
    turned = apply("rot180", a)
    return apply("flip", turned, 0) if a.rank == 3 else turned


# -- convolution and correlation -------------------------------------------------------------------


@dataclass(frozen=True)
class Sliding:
    """A convolution or correlation with its parameters opened, and any mode as padding of a `valid` one."""

    x: Expression
    k: Expression
    mode: str
    stride: tuple[Expr, ...]
    pad: tuple[tuple[Expr, Expr], ...]
    dilation: tuple[Expr, ...]
    flipped: bool

    @staticmethod
    def of(node: Apply) -> Sliding:
        x, k, mode, stride, pad, dilation = node.arguments
        pairs = tuple((pair.args[0], pair.args[1]) for pair in pad.args)
        return Sliding(x, k, str(mode.name), stride.args, pairs, dilation.args, node.operator == "conv")

    @property
    def plain(self) -> bool:
        """Stride 1, no padding, no dilation."""
        return self.undilated and self.unstrided and all(width == 0 for pair in self.pad for width in pair)

    @property
    def undilated(self) -> bool:
        return all(step == 1 for step in self.dilation)

    @property
    def unstrided(self) -> bool:
        return all(step == 1 for step in self.stride)

    @property
    def frame(self) -> tuple[tuple[Expr, Expr], ...]:
        """The padding with which the `valid` mode gives the same result."""
        frames = []
        for (before, after), size, step in zip(self.pad, self.k.shape, self.dilation, strict=True):
            reach = step * (size - 1)
            extra = {
                "valid": (0, 0),
                "full": (reach, reach),
                "same": (FloorDiv(reach + 1, 2), FloorDiv(reach, 2)),
            }
            frames.append((before + extra[self.mode][0], after + extra[self.mode][1]))
        return tuple(frames)

    @property
    def over_three_axes(self) -> bool:
        """Whether the first of three axes is strided or padded: dilate, crop and pad act on the last two only."""
        return self.x.rank == 3 and (self.stride[0] != 1 or any(width != 0 for width in self.frame[0]))

    def last_two(self, values: Sequence[Any]) -> tuple[Any, ...]:
        return tuple(values[-2:])


def _kernel_adjoint(g: Expression, node: Apply) -> Candidates:
    """Stride and dilation exchange their places; the rows that no output reads are cut."""
    c = Sliding.of(node)
    found: Candidates = []
    if c.plain and c.mode == "valid" and c.flipped:
        found.append(apply("conv", reversed_axes(c.x), g))
    if c.plain and c.mode == "full":
        found.append(apply("corr", g, c.x) if c.flipped else reversed_axes(apply("corr", g, c.x)))
    general = framed(apply("corr", c.x, g, stride=c.dilation, pad=c.frame, dilation=c.stride), c.k.shape)
    return [*found, reversed_axes(general) if c.flipped else general]


def _data_adjoint(g: Expression, node: Apply) -> Candidates:
    """Zeros between the rows of G for the stride, the full result, the tail as a frame, the padding
    dropped."""
    c = Sliding.of(node)
    if c.plain and c.mode == "full":
        return [apply("corr" if c.flipped else "conv", g, c.k)]
    if c.over_three_axes:
        return [_data_by_index(g, c)]
    kernel = reversed_axes(c.k) if c.flipped else c.k
    full = apply("conv", spread(g, c.last_two(c.stride)), kernel, "full", dilation=c.dilation)
    padded = tuple(n + before + after for n, (before, after) in zip(c.x.shape, c.frame, strict=True))
    return [cropped(framed(full, padded), c.last_two(c.frame))]


def _data_by_index(g: Expression, c: Sliding) -> Expression:
    """Σ over outputs i of G[i] k[t] with the tap t for which s·i + q·t − p is the place; true convolutions read the
    tap from the kernel's end."""
    place, ranges = _axes_of(c.x.shape, "u")
    outputs, _ = _axes_of(g.shape, "i")
    bound = [IndexRange(index) for index in outputs]
    conditions: list[Condition] = []
    if c.undilated:
        taps = [u + before - s * i for u, s, i, (before, _) in zip(place, c.stride, outputs, c.frame, strict=True)]
    else:
        taps, _ = _axes_of(c.k.shape, "t")
        bound += [IndexRange(index) for index in taps]
        sizes = zip(place, c.stride, outputs, c.dilation, taps, c.frame, strict=True)
        conditions = [Compare("==", u, s * i + q * t - before) for u, s, i, q, t, (before, _) in sizes]
    read = [n - 1 - t if c.flipped else t for n, t in zip(c.k.shape, taps, strict=True)]
    product = [g[tuple(outputs)], c.k[tuple(read)]]
    body = Times(*product, Bracket(AllOf(*conditions))) if conditions else Times(*product)
    return ByIndex(IndexSum(body, *bound), *ranges)


def _commutative(g: Expression, node: Apply, varying: int) -> Candidates:
    """A ∗ B with either factor as the data: the kernel says which of them is right."""
    a, b, mode = node.arguments
    found: Candidates = []
    for data, kernel in ((a, b), (b, a)):
        try:
            as_conv = apply("conv", data, kernel, str(mode.name))
            is_data = (varying == 0) == (data is a)
            found += (_data_adjoint if is_data else _kernel_adjoint)(g, as_conv)
        except (NoRule, ValueError):
            continue
    return found


# -- pooling ---------------------------------------------------------------------------------------


def _pool_adjoint(g: Expression, node: Apply) -> Candidates:
    """Disjoint windows: every entry of G as a block, in a frame. Overlapping: G spread, convolved with
    ones."""
    x, f, stride, pad, ceil = node.arguments
    widths = tuple((pair.args[0], pair.args[1]) for pair in pad.args)
    sizes = x.shape[-len(f.args) :]
    padded = [n + before + after for n, (before, after) in zip(sizes, widths, strict=True)]
    lead = g.shape[: g.rank - len(padded)]
    if ceil == 1:
        return [_pool_by_index(g, node, mean=False)]
    if f == stride:
        return [cropped(framed(apply("up", g, f), (*lead, *padded)), widths)]
    if g.rank > 3:
        return [_pool_by_index(g, node, mean=False)]
    ones = apply("ones", *[1] * len(lead), *f.args)
    full = apply("conv", spread(g, stride.args), ones, "full")
    return [cropped(framed(full, (*lead, *padded)), widths)]


def _pool_by_index(g: Expression, node: Apply, mean: bool) -> Expression:
    """Σ of G[i] over the windows i that the place is in: s·i ≤ place + p < s·i + f; for a mean over partial windows,
    of G[i] divided by the number of entries of window i."""
    x, f, stride, pad, _ = node.arguments
    lead = x.rank - len(f.args)
    place, ranges = _axes_of(x.shape, "u")
    outputs, _ = _axes_of(g.shape[lead:], "i")
    axes = list(zip(place[lead:], x.shape[lead:], f.args, stride.args, pad.args, outputs, strict=True))
    inside = [
        condition
        for u, _, width, s, p, i in axes
        for condition in (Compare("<=", s * i, u + p.args[0]), Compare("<", u + p.args[0], s * i + width))
    ]
    value: Expression = g[(*place[:lead], *outputs)]
    if mean:
        counts = [Minimum(width, n + p.args[0] + p.args[1] - s * i) for _, n, width, s, p, i in axes]
        value = Over(value, Constant(Mul(*counts)))
    body = Times(value, Bracket(AllOf(*inside)))
    return ByIndex(IndexSum(body, *[IndexRange(index) for index in outputs]), *ranges)


def _mean_adjoint(g: Expression, node: Apply) -> Candidates:
    if node.arguments[4] == 1:
        return [_pool_by_index(g, node, mean=True)]
    area: Expr = Integer(1)
    for width in node.arguments[1].args:
        area = area * width
    return [Over(found, Constant(area)) for found in _pool_adjoint(g, node)]


def _max_adjoint(g: Expression, node: Apply) -> Candidates:
    x, f, stride, pad, ceil = node.arguments
    if ceil == 1 or any(width != 0 for pair in pad.args for width in pair.args):
        raise NoRule("padded or partial max pooling: max_unpool has no padding and no partial windows to write it with")
    return [apply("max_unpool", g, x, f, stride)]


def _whole_max_adjoint(g: Expression, node: Apply) -> Candidates:
    """The maximum of all entries is a pooling with one window."""
    (x,) = node.tensors
    if x.rank > 2:
        raise NoRule("the maximum over three axes: max_unpool, which its gradient is written with, has two")
    one = apply("ones", *[1] * x.rank)
    return [apply("max_unpool", times(g, one), x, x.shape)]


def _unpool_adjoint(g: Expression, node: Apply) -> Candidates:
    """Disjoint windows: the entries of G where the windows' maxima are, summed window by window."""
    delta, x, f, stride = node.arguments
    if f != stride:
        raise NoRule("max_unpool of windows that overlap has no adjoint in these operators: write stride = window")
    places = apply("max_unpool", apply("ones", delta.shape), x, f)
    return [apply("sum_pool", times(g, places), f)]


# -- indices ---------------------------------------------------------------------------------------


def _axes_of(sizes: Sequence[Expr], name: str) -> tuple[list[Symbol], list[IndexRange]]:
    symbols = [integer_symbol(f"{name}{axis + 1}") for axis in range(len(sizes))]
    return symbols, [IndexRange(symbol, 0, size - 1) for symbol, size in zip(symbols, sizes, strict=True)]


def scatter(g: Expression, indices: Sequence[Basic], shape: Shape) -> Expression:
    """The tensor with G at the chosen entries and 0 elsewhere: the adjoint of taking entries and slices."""
    pad = _as_frame(g, indices, shape)
    if pad is not None:
        return pad
    place, ranges = _axes_of(shape, "u")
    lead = len(shape) - g.rank
    if all(not isinstance(index, Slice) for index in indices[:lead]) and all(_whole(indices[lead:], shape[lead:])):
        chosen = AllOf(*[Compare("==", u, index) for u, index in zip(place, indices[:lead], strict=False)])
        return ByIndex(Times(g, Bracket(chosen)), *ranges[:lead])
    taken, taken_ranges = _axes_of([index.count for index in indices if isinstance(index, Slice)], "k")
    conditions, along = [], iter(taken)
    for symbol, index in zip(place, indices, strict=True):
        position = index.start + index.step * next(along) if isinstance(index, Slice) else index
        conditions.append(Compare("==", symbol, position))
    value = g[tuple(taken)] if taken else g
    body: Expression = Times(value, Bracket(AllOf(*conditions)))
    return ByIndex(IndexSum(body, *taken_ranges) if taken else body, *ranges)


def _as_frame(g: Expression, indices: Sequence[Basic], shape: Shape) -> Expression | None:
    """Slices of the last two axes: zeros inserted for their steps, in a frame; without steps, padded."""
    slices = [index for index in indices if isinstance(index, Slice)]
    if len(slices) != len(indices) or not all(_whole(slices, shape)[:-2]):
        return None
    if all(part.start == 0 for part in slices):
        return framed(spread(g, [part.step for part in slices[-2:]]), shape)
    if any(part.step != 1 for part in slices):
        return None  # a slice with steps that begins further in may be empty, and nothing can be put between its rows
    ends = [n - part.start - part.count for part, n in zip(slices, shape, strict=True)]
    pairs = [(part.start, expand(_divided(end))) for part, end in zip(slices, ends, strict=True)]
    return apply("pad", g, tuple(pairs[-2:]))


def _whole(indices: Sequence[Basic], shape: Sequence[Expr]) -> list[bool]:
    """For each axis, whether it is kept whole."""
    return [
        isinstance(part, Slice) and part.start == 0 and part.step == 1 and _same(part.count, n)
        for part, n in zip(indices, shape, strict=True)
    ]


def _diagonal_adjoint(g: Expression, node: Apply) -> Candidates:
    (i,), ranges = _axes_of(node.arguments[0].shape, "i")
    return [ByIndex(g[i, i], *ranges)]


# -- matrices --------------------------------------------------------------------------------------


def transposed(a: Expression) -> Expression:
    """Aᵀ as one writes it: of a transpose the matrix itself, of ones the ones of the other shape."""
    if isinstance(a, Apply) and a.operator == "transpose":
        return a.tensors[0]
    if _is_ones(a):
        return apply("ones", a.shape[1], a.shape[0])
    return a.T


def _left_factor(g: Expression, node: Apply) -> Candidates:
    a, b = node.tensors
    if a.rank == 2 and b.rank == 2:
        return [g @ transposed(b)]
    if a.rank == 2:
        return [apply("outer", g, b)]
    return [b @ g if b.rank == 2 else times(g, b)]


def _right_factor(g: Expression, node: Apply) -> Candidates:
    a, b = node.tensors
    if a.rank == 2:
        return [transposed(a) @ g]
    return [apply("outer", a, g) if b.rank == 2 else times(g, a)]


def _outer_left(g: Expression, node: Apply) -> Candidates:
    u, v = node.tensors
    if u.rank == 1 and v.rank == 1:
        return [g @ v]
    place, ranges = _axes_of(u.shape, "u")
    return [ByIndex(apply("sum", times(g[tuple(place)], v)), *ranges)]


def _outer_right(g: Expression, node: Apply) -> Candidates:
    u, v = node.tensors
    if u.rank == 1 and v.rank == 1:
        return [u @ g]
    place, ranges = _axes_of(v.shape, "u")
    return [ByIndex(apply("sum", times(u, g[(*[Whole] * u.rank, *place)])), *ranges)]


def _ones(shape: Shape) -> Expression:
    return apply("ones", tuple(shape)) if shape else Constant(1)


def _vec_adjoint(g: Expression, node: Apply) -> Candidates:
    (a,) = node.tensors
    if a.rank == 1:
        return [apply("reshape", g, a.shape)]
    if a.rank == 2:
        return [apply("reshape", g, (a.shape[1], a.shape[0])).T]
    place, ranges = _axes_of(a.shape, "u")
    row: Expr = Integer(0)
    for index, size in zip(reversed(place), reversed(a.shape), strict=True):
        row = index + size * row  # the first axis runs fastest
    return [ByIndex(g[expand(row), 0], *ranges)]


def _pairs(padding: Any) -> tuple[tuple[Expr, Expr], ...]:
    return tuple((pair.args[0], pair.args[1]) for pair in padding.args)


def _stride_slices(g: Expression, steps: Any) -> Expression:
    lead = [Whole] * (g.rank - len(steps.args))
    return g[(*lead, *[slice(None, None, step) for step in steps.args])]


ADJOINTS: tuple[Adjoint, ...] = (
    Adjoint("matmul", 0, "adjoint of the right product", "⟨G, dA B⟩ = ⟨G Bᵀ, dA⟩", _left_factor),
    Adjoint("matmul", 1, "adjoint of the left product", "⟨G, A dB⟩ = ⟨Aᵀ G, dB⟩", _right_factor),
    Adjoint("transpose", 0, "trace of a transpose", "⟨G, dAᵀ⟩ = ⟨Gᵀ, dA⟩", lambda g, node: [g.T]),
    Adjoint("tr", 0, "trace as an inner product", "g Tr(dA) = ⟨g I, dA⟩",
            lambda g, node: [times(g, apply("eye", node.tensors[0].shape[0]))]),
    Adjoint("sum", 0, "sum as an inner product", "g sum(dA) = ⟨g 1, dA⟩",
            lambda g, node: [times(g, _ones(node.tensors[0].shape))]),
    Adjoint("mean", 0, "mean as an inner product", "g mean(dA) = ⟨g/N 1, dA⟩",
            lambda g, node: [times(Over(g, Constant(entry_count(node.tensors[0].shape))),
                                   _ones(node.tensors[0].shape))]),
    Adjoint("diag", 0, "adjoint of diag", "⟨G, diag(dv)⟩ = Σᵢ Gᵢᵢ dvᵢ", _diagonal_adjoint),
    Adjoint("kron", 0, "adjoint of the Kronecker product",
            "⟨G, dA ⊗ B⟩ = ⟨G ⋆ B with B's shape as stride, dA⟩",
            lambda g, node: [apply("corr", g, node.tensors[1], stride=node.tensors[1].shape)]),
    Adjoint("kron", 1, "adjoint of the Kronecker product",
            "⟨G, A ⊗ dB⟩ = ⟨G ⋆ A with B's shape as dilation, dB⟩",
            lambda g, node: [apply("corr", g, node.tensors[0], dilation=node.tensors[1].shape)]),
    Adjoint("outer", 0, "adjoint of the outer product", "⟨G, du vᵀ⟩ = ⟨G v, du⟩", _outer_left),
    Adjoint("outer", 1, "adjoint of the outer product", "⟨G, u dvᵀ⟩ = ⟨Gᵀ u, dv⟩", _outer_right),
    Adjoint("vec", 0, "adjoint of vec", "⟨G, vec(dA)⟩ = ⟨vec⁻¹(G), dA⟩", _vec_adjoint),
    Adjoint("reshape", 0, "adjoint of reshape", "⟨G, reshape(dA)⟩ = ⟨reshape(G), dA⟩",
            lambda g, node: [apply("reshape", g, node.tensors[0].shape)]),
    Adjoint("rot180", 0, "adjoint of the rotation", "⟨G, rot180(dA)⟩ = ⟨rot180(G), dA⟩",
            lambda g, node: [apply("rot180", g)]),
    Adjoint("rot90", 0, "adjoint of the rotation", "⟨G, rot90(dA, k)⟩ = ⟨rot90(G, −k), dA⟩",
            lambda g, node: [apply("rot90", g, -node.arguments[1])]),
    Adjoint("flip", 0, "adjoint of the reversal", "⟨G, flip(dA)⟩ = ⟨flip(G), dA⟩",
            lambda g, node: [apply("flip", g, node.arguments[1])]),
    Adjoint("up", 0, "adjoint of up: window sums", "⟨G, up(dA, n)⟩ = ⟨sumpool(G, n), dA⟩",
            lambda g, node: [apply("sum_pool", g, node.arguments[1])]),
    Adjoint("dilate", 0, "adjoint of zero insertion", "⟨G, dilate(dA, s)⟩ = ⟨G[::s, ::s], dA⟩",
            lambda g, node: [_stride_slices(g, node.arguments[1])]),
    Adjoint("pad", 0, "adjoint of padding", "⟨G, pad(dA)⟩ = ⟨crop(G), dA⟩",
            lambda g, node: [apply("crop", g, _pairs(node.arguments[1]))]),
    Adjoint("crop", 0, "adjoint of cropping", "⟨G, crop(dA)⟩ = ⟨pad(G), dA⟩",
            lambda g, node: [apply("pad", g, _pairs(node.arguments[1]))]),
    Adjoint("resize", 0, "adjoint of a frame", "⟨G, resize(dA)⟩ = ⟨resize(G) to dA's shape, dA⟩",
            lambda g, node: [apply("resize", g, node.tensors[0].shape)]),
    Adjoint("conv", 0, "adjoint of the convolution in its data", "⟨G, da ∗ w⟩ = ⟨G ∗full rot180(w), da⟩",
            _data_adjoint),
    Adjoint("conv", 1, "adjoint of the convolution in its kernel", "⟨G, a ∗ dw⟩ = ⟨rot180(a) ∗ G, dw⟩",
            _kernel_adjoint),
    Adjoint("corr", 0, "adjoint of the correlation in its data", "⟨G, da ⋆ w⟩ = ⟨G ∗full w, da⟩",
            _data_adjoint),
    Adjoint("corr", 1, "adjoint of the correlation in its kernel", "⟨G, a ⋆ dw⟩ = ⟨a ⋆ G, dw⟩",
            _kernel_adjoint),
    Adjoint("convolve", 0, "adjoint of the convolution", "as for conv, with the larger factor as the data",
            lambda g, node: _commutative(g, node, 0)),
    Adjoint("convolve", 1, "adjoint of the convolution", "as for conv, with the larger factor as the data",
            lambda g, node: _commutative(g, node, 1)),
    Adjoint("sum_pool", 0, "adjoint of pooling", "⟨G, sumpool(dA, n)⟩ = ⟨up(G, n) in a frame, dA⟩",
            _pool_adjoint),
    Adjoint("mean_pool", 0, "adjoint of pooling", "⟨G, meanpool(dA, n)⟩ = ⟨up(G, n)/n² in a frame, dA⟩",
            _mean_adjoint),
    Adjoint("max_pool", 0, "derivative of the maximum", "⟨G, d maxpool(A)⟩ = ⟨maxunpool(G; A), dA⟩",
            _max_adjoint),
    Adjoint("max", 0, "derivative of the maximum", "g d max(A) = ⟨maxunpool(g; A) with one window, dA⟩",
            _whole_max_adjoint),
    Adjoint("max_unpool", 0, "adjoint of max unpooling", "⟨G, maxunpool(dD; A)⟩ = ⟨sumpool(G ∘ maxunpool(1; A)), dD⟩",
            _unpool_adjoint),
)  # fmt: skip


_TABLE = {(row.operator, row.argument): row for row in ADJOINTS}


def adjoint(g: Expression, node: Expression, place: int) -> tuple[Candidates, str]:
    """Candidates for L*(G), and the rule's name, where L is `node` as a function of its argument number
    `place` (counted in node.args). Raises NoRule."""
    scale, core = apart(g)
    if core is not g:
        candidates, rule = adjoint(core, node, place)
        return [scale(found) for found in candidates], rule
    if isinstance(node, Minus):
        return [Minus(g)], "linearity"
    if isinstance(node, Over):
        if place != 0:
            raise NoRule("a quotient is not linear in its divisor")
        return [Over(g, node.args[1])], "scalar factor moved" if not node.args[1].rank else "Hadamard factor moved"
    if isinstance(node, Times):
        return [
            _times_adjoint(g, node, place)
        ], "scalar factor moved" if not g.rank else "Hadamard factor moved"
    if isinstance(node, Plus):
        raise NoRule("a sum is split before its adjoint is taken")
    if isinstance(node, Apply):
        number = sum(isinstance(part, Expression) for part in node.args[:place])
        row = _TABLE.get((node.operator, number))
        if row is None:
            raise NoRule(f"the adjoint of {node.operator} is not tabulated")
        return row.rewrite(g, node), row.name
    raise NoRule(f"the adjoint of {type(node).__name__} is not tabulated")


def _times_adjoint(g: Expression, node: Times, place: int) -> Expression:
    """⟨G, A ∘ dX⟩ = ⟨G ∘ A, dX⟩; for a number dβ, ⟨G, dβ A⟩ = ⟨G, A⟩ dβ."""
    others = [part for number, part in enumerate(node.args) if number != place]
    if node.args[place].rank or not node.rank:
        return times(g, *others)
    return inner(g, times(*others))


__all__ = ["ADJOINTS", "Adjoint", "adjoint", "inner", "scatter", "times"]
