"""The adjoints of the operators that slide a window: convolution, correlation, pooling, unpooling.

The law: nothing here is trusted. A step made with it is judged by the kernel, and the tests compare every adjoint with
explicit entries at small sizes.

Sources: Dumoulin & Visin 2016, ch. 4 (transposed convolutions, the tail of a stride); Bouvrie 2006 (pooling).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sympy import Expr, Integer, Mul

from derivations.formulas.expressions import (
    Apply,
    Bracket,
    ByIndex,
    Constant,
    Expression,
    IndexRange,
    IndexSum,
    Over,
    Times,
    applied,
)
from derivations.formulas.integers import AllOf, Compare, Condition, FloorDiv, Minimum
from derivations.operators.building import (
    axes_of,
    cropped,
    framed,
    inverse_order,
    last_axes,
    permuted,
    reversed_axes,
    spread,
    times,
)
from derivations.operators.row import Candidates, NoRule


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


def kernel_adjoint(g: Expression, node: Apply) -> Candidates:
    """Stride and dilation exchange their places; the rows that no output reads are cut."""
    c = Sliding.of(node)
    found: Candidates = []
    if c.plain and c.mode == "valid" and c.flipped:
        found.append(applied("conv", reversed_axes(c.x), g))
    if c.plain and c.mode == "full":
        found.append(applied("corr", g, c.x) if c.flipped else reversed_axes(applied("corr", g, c.x)))
    general = framed(applied("corr", c.x, g, stride=c.dilation, pad=c.frame, dilation=c.stride), c.k.shape)
    return [*found, reversed_axes(general) if c.flipped else general]


def data_adjoint(g: Expression, node: Apply) -> Candidates:
    """Zeros between the rows of G for the stride, the full result, the tail as a frame, the padding
    dropped."""
    c = Sliding.of(node)
    if c.plain and c.mode == "full":
        return [applied("corr" if c.flipped else "conv", g, c.k)]
    if c.over_three_axes:
        return [_data_by_index(g, c)]
    kernel = reversed_axes(c.k) if c.flipped else c.k
    full = applied("conv", spread(g, c.last_two(c.stride)), kernel, "full", dilation=c.dilation)
    padded = tuple(n + before + after for n, (before, after) in zip(c.x.shape, c.frame, strict=True))
    return [cropped(framed(full, padded), c.last_two(c.frame))]


def _data_by_index(g: Expression, c: Sliding) -> Expression:
    """Σ over outputs i of G[i] k[t] with the tap t for which s·i + q·t − p is the place; true convolutions read the
    tap from the kernel's end."""
    place, ranges = axes_of(c.x.shape, "u")
    outputs, _ = axes_of(g.shape, "i")
    bound = [IndexRange(index) for index in outputs]
    conditions: list[Condition] = []
    if c.undilated:
        taps = [u + before - s * i for u, s, i, (before, _) in zip(place, c.stride, outputs, c.frame, strict=True)]
    else:
        taps, _ = axes_of(c.k.shape, "t")
        bound += [IndexRange(index) for index in taps]
        sizes = zip(place, c.stride, outputs, c.dilation, taps, c.frame, strict=True)
        conditions = [Compare("==", u, s * i + q * t - before) for u, s, i, q, t, (before, _) in sizes]
    read = [n - 1 - t if c.flipped else t for n, t in zip(c.k.shape, taps, strict=True)]
    product = [g[tuple(outputs)], c.k[tuple(read)]]
    body = Times(*product, Bracket(AllOf(*conditions))) if conditions else Times(*product)
    return ByIndex(IndexSum(body, *bound), *ranges)


def commutative_adjoint(g: Expression, node: Apply, varying: int) -> Candidates:
    """A ∗ B with either factor as the data: the kernel says which of them is right."""
    a, b, mode = node.arguments
    found: Candidates = []
    for data, kernel in ((a, b), (b, a)):
        try:
            as_conv = applied("conv", data, kernel, str(mode.name))
            is_data = (varying == 0) == (data is a)
            found += (data_adjoint if is_data else kernel_adjoint)(g, as_conv)
        except (NoRule, ValueError):
            continue
    return found


def pool_adjoint(g: Expression, node: Apply) -> Candidates:
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
        return [cropped(framed(applied("up", g, f, axis=last_axes(g, f)), (*lead, *padded)), widths)]
    if g.rank > 3:
        return [_pool_by_index(g, node, mean=False)]
    ones = applied("ones", *[1] * len(lead), *f.args)
    full = applied("conv", spread(g, stride.args), ones, "full")
    return [cropped(framed(full, (*lead, *padded)), widths)]


def _pool_by_index(g: Expression, node: Apply, mean: bool) -> Expression:
    """Σ of G[i] over the windows i that the place is in: s·i ≤ place + p < s·i + f; for a mean over partial windows,
    of G[i] divided by the number of entries of window i."""
    x, f, stride, pad, _ = node.arguments
    lead = x.rank - len(f.args)
    place, ranges = axes_of(x.shape, "u")
    outputs, _ = axes_of(g.shape[lead:], "i")
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


def mean_adjoint(g: Expression, node: Apply) -> Candidates:
    if node.arguments[4] == 1:
        return [_pool_by_index(g, node, mean=True)]
    area: Expr = Integer(1)
    for width in node.arguments[1].args:
        area = area * width
    return [Over(found, Constant(area)) for found in pool_adjoint(g, node)]


def max_adjoint(g: Expression, node: Apply) -> Candidates:
    x, f, stride, pad, ceil = node.arguments
    if ceil == 1 or any(width != 0 for pair in pad.args for width in pair.args):
        raise NoRule("padded or partial max pooling: max_unpool has no padding and no partial windows to write it with")
    return [applied("max_unpool", g, x, f, stride, axis=last_axes(x, f))]


def whole_max_adjoint(g: Expression, node: Apply) -> Candidates:
    """A maximum along some axes is a pooling with one window along them, after they were made the last."""
    (x,), axis = node.tensors, tuple(int(number) for number in node.arguments[1].args)
    if not axis:
        return [g]
    kept = tuple(number for number in range(x.rank) if number not in axis)
    order = (*kept, *axis)
    window = tuple(x.shape[number] for number in axis)
    if kept:
        single = (*[x.shape[number] for number in kept], *[1] * len(axis))
        g = applied("broadcast", g, single, axis=tuple(range(len(kept))))
    else:
        g = times(g, applied("ones", *[1] * x.rank))
    placed = applied("max_unpool", g, permuted(x, order), window, axis=last_axes(x, window))
    return [permuted(placed, inverse_order(order))]


def unpool_adjoint(g: Expression, node: Apply) -> Candidates:
    """Disjoint windows: the entries of G where the windows' maxima are, summed window by window."""
    delta, x, f, stride = node.arguments
    if f != stride:
        raise NoRule("max_unpool of windows that overlap has no adjoint in these operators: write stride = window")
    axes = last_axes(x, f)
    places = applied("max_unpool", applied("ones", delta.shape), x, f, axis=axes)
    return [applied("sum_pool", times(g, places), f, axis=axes)]
