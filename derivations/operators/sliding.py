"""Operators that slide a window: convolution, correlation, pooling. One axis after the other, any rank 1 to 3.

All of them are one relation between an output index i, a tap t and an input index x on each axis,

    x = s·i + o + d·t − p,      0 <= t < k,  0 <= x < n,

so modes are different offsets o, and zero padding is the bound on x [Dumoulin & Visin 2016, ch. 2 and 4].
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sympy import Basic, Expr, Integer

from derivations.core import terms
from derivations.core.terms import Int
from derivations.formulas.expressions import (
    Expression,
    Shape,
    ShapeError,
)
from derivations.formulas.integers import AllOf, AnyOf, Compare, Condition, FloorDiv, Maximum, Minimum, ceiling_division
from derivations.operators.row import POSITIVE_RANKS, Adjoint, Gather, Operator, Parameter, Range, tap, tensor
from derivations.operators.windows import (
    commutative_adjoint,
    data_adjoint,
    kernel_adjoint,
    max_adjoint,
    mean_adjoint,
    pool_adjoint,
    unpool_adjoint,
)

SLIDING = (
    Parameter("mode", "mode", "valid"),
    Parameter("stride", "each", 1),
    Parameter("pad", "padding", 0),
    Parameter("dilation", "each", 1),
)


def same_rank(*nodes: Expression) -> list[Condition]:
    """No condition; raises ShapeError where the ranks differ (checked here, as every use passes here)."""
    if len({node.rank for node in nodes}) > 1:
        ranks = " and ".join(str(node.rank) for node in nodes)
        raise ShapeError(f"the data and the kernel have ranks {ranks}", "both must have the same rank", 1)
    return []


def _steps(n: Any, k: Any, mode: str, stride: Any, pad: Sequence[Any], dilation: Any) -> Any:
    """The last position of the window, before the stride: outputs are at 0, s, 2s, ... up to it."""
    padded = n + pad[0] + pad[1]
    reach = dilation * (k - 1)
    return {"valid": padded - reach - 1, "full": padded + reach - 1, "same": padded - 1}[mode]


def convolution_size(
    x: Expression, k: Expression, mode: Basic, stride: Basic, pad: Basic, dilation: Basic
) -> Shape:
    """(last position)//s + 1 on every axis."""
    same_rank(x, k)
    return tuple(
        FloorDiv(_steps(n, m, str(mode.name), s, p.args, d), s) + 1
        for n, m, s, p, d in zip(x.shape, k.shape, stride.args, pad.args, dilation.args, strict=True)
    )


def _parameters_exist(stride: Basic, pad: Basic, dilation: Basic) -> list[Condition]:
    conditions: list[Condition] = [Compare(">=", s, 1) for s in stride.args]
    conditions += [Compare(">=", d, 1) for d in dilation.args]
    return conditions + [Compare(">=", p, 0) for pair in pad.args for p in pair.args]


def convolution_exists(
    x: Expression, k: Expression, mode: Basic, stride: Basic, pad: Basic, dilation: Basic
) -> list[Condition]:
    """The kernel has a tap, and for `valid` at least one complete overlap; strides and dilations are positive."""
    conditions = _parameters_exist(stride, pad, dilation)
    for n, m, s, p, d in zip(x.shape, k.shape, stride.args, pad.args, dilation.args, strict=True):
        conditions.append(Compare(">=", m, 1))
        conditions.append(Compare(">=", _steps(n, m, str(mode.name), s, p.args, d), 0))
    return conditions


def _convolution_entry(flipped: bool) -> Any:
    def entry(
        index: Sequence[Int],
        x: Sequence[Int],
        k: Sequence[Int],
        mode: str,
        stride: Sequence[Int],
        pad: Sequence[Sequence[Int]],
        dilation: Sequence[Int],
    ) -> Gather:
        bound, conditions, at_x, at_k = [], [], [], []
        for axis, (i, n, m, s, p, d) in enumerate(zip(index, x, k, stride, pad, dilation, strict=True)):
            reach = d * (m - 1)
            offset = {"valid": Int.of(0), "full": -reach, "same": reach // 2 - reach}[mode]
            at = Int.symbol(tap(axis))
            bound.append((tap(axis), Int.of(0), m - 1))
            position = s * i + offset + d * at - p[0]
            conditions.append(terms.between(0, position, n - 1))
            at_x.append(position)
            at_k.append(m - 1 - at if flipped else at)
        return Gather(tuple(bound), terms.all_of(conditions), ((0, tuple(at_x)), (1, tuple(at_k))))

    return entry


def commutative_size(a: Expression, b: Expression, mode: Basic) -> Shape:
    """valid |n − m| + 1, full n + m − 1, same n."""
    same_rank(a, b)

    def size(n: Expr, m: Expr) -> Expr:
        if str(mode.name) == "valid":
            return Maximum(n, m) - Minimum(n, m) + 1
        return n + m - 1 if str(mode.name) == "full" else n

    return tuple(size(n, m) for n, m in zip(a.shape, b.shape, strict=True))


def commutative_exists(a: Expression, b: Expression, mode: Basic) -> list[Condition]:
    """For `valid`, one of the two is at least as large as the other on every axis."""

    pairs = list(zip(a.shape, b.shape, strict=True))
    conditions: list[Condition] = [Compare(">=", size, 1) for pair in pairs for size in pair]
    if str(mode.name) == "valid":
        larger = AllOf(*[Compare(">=", n, m) for n, m in pairs])
        smaller = AllOf(*[Compare("<=", n, m) for n, m in pairs])
        conditions.append(AnyOf(larger, smaller))
    return conditions


def _commutative_entry(index: Sequence[Int], a: Sequence[Int], b: Sequence[Int], mode: str) -> Gather:
    bound, conditions, at_a, at_b = [], [], [], []
    for axis, (i, n, m) in enumerate(zip(index, a, b, strict=True)):
        start = {"valid": terms.least(n, m) - 1, "full": Int.of(0), "same": (m - 1) // 2}[mode]
        at = Int.symbol(tap(axis))
        bound.append((tap(axis), Int.of(0), m - 1))
        position = i + start - at
        conditions.append(terms.between(0, position, n - 1))
        at_a.append(position)
        at_b.append(at)
    return Gather(tuple(bound), terms.all_of(conditions), ((0, tuple(at_a)), (1, tuple(at_b))))


# -- pooling ----------------------------------------------------------------------------------------------------------

POOLING = (
    tensor("x", *POSITIVE_RANKS),
    Parameter("f", "window", required=True),
    Parameter("stride", "each", "window"),
    Parameter("pad", "padding", 0),
    Parameter("ceil", "flag", False),
)


def last_two(rank: int) -> int:
    """Pooling and resampling act on the last two axes; on the only one of a vector."""
    return min(rank, 2)


def _windows(n: Any, f: Any, s: Any, p: Sequence[Any], ceil: bool) -> Expr:
    """How many windows: complete ones, or with `ceil` all that begin inside the data or the leading padding."""
    room = n + p[0] + p[1] - f
    if not ceil:
        return FloorDiv(room, s) + 1
    return Minimum(ceiling_division(room, s), FloorDiv(n + p[0] - 1, s)) + 1


def pooling_size(x: Expression, f: Basic, stride: Basic, pad: Basic, ceil: Basic) -> Shape:
    """floor((h + 2p − f)/s) + 1 on the last two axes [Dumoulin & Visin 2016, rel. 6]; leading axes are kept."""
    lead = x.rank - len(f.args)
    sliding = zip(x.shape[lead:], f.args, stride.args, pad.args, strict=True)
    return (*x.shape[:lead], *[_windows(n, w, s, p.args, bool(ceil)) for n, w, s, p in sliding])


def pooling_exists(x: Expression, f: Basic, stride: Basic, pad: Basic, ceil: Basic) -> list[Condition]:
    """Window and stride are positive and one window fits."""
    conditions = [Compare(">=", value, 1) for value in (*f.args, *stride.args)]
    conditions += [Compare(">=", p, 0) for pair in pad.args for p in pair.args]
    lead = x.rank - len(f.args)
    for n, w, p in zip(x.shape[lead:], f.args, pad.args, strict=True):
        conditions.append(Compare(">=", n, 1))
        conditions.append(Compare(">=", n + p.args[0] + p.args[1] - w, 0))
    return conditions


def max_pooling_exists(x: Expression, f: Basic, stride: Basic, pad: Basic, ceil: Basic) -> list[Condition]:
    """As for the other poolings, and padding below the window's size, so that no window is all padding."""
    conditions = pooling_exists(x, f, stride, pad, ceil)
    return conditions + [
        Compare(">", w, p) for w, pair in zip(f.args, pad.args, strict=True) for p in pair.args
    ]


def window_reads(
    index: Sequence[Int],
    x: Sequence[Int],
    f: Sequence[Int],
    stride: Sequence[Int],
    pad: Sequence[Sequence[Int]],
) -> tuple[tuple[Range, ...], terms.Condition, tuple[Int, ...]]:
    """The taps of the window of output `index`, the condition that a tap lies in x, and its place there."""
    lead = len(x) - len(f)
    bound, conditions, place = [], [], list(index[:lead])
    sliding = zip(index[lead:], x[lead:], f, stride, pad, strict=True)
    for axis, (i, n, w, s, p) in enumerate(sliding):
        at = Int.symbol(tap(axis))
        bound.append((tap(axis), Int.of(0), w - 1))
        position = s * i + at - p[0]
        conditions.append(terms.between(0, position, n - 1))
        place.append(position)
    return tuple(bound), terms.all_of(conditions), tuple(place)


def _sum_pool_entry(
    index: Sequence[Int],
    x: Sequence[Int],
    f: Sequence[Int],
    stride: Sequence[Int],
    pad: Sequence[Sequence[Int]],
    ceil: Int,
) -> Gather:
    bound, condition, place = window_reads(index, x, f, stride, pad)
    return Gather(bound, condition, ((0, place),))


def _mean_pool_entry(
    index: Sequence[Int],
    x: Sequence[Int],
    f: Sequence[Int],
    stride: Sequence[Int],
    pad: Sequence[Sequence[Int]],
    ceil: Int,
) -> Gather:
    bound, condition, place = window_reads(index, x, f, stride, pad)
    lead = len(x) - len(f)
    area = Int.of(1)
    for i, n, w, s, p in zip(index[lead:], x[lead:], f, stride, pad, strict=True):
        # A partial window's mean is over the part inside the padded data, as PyTorch's ceil_mode has it.
        area = area * (w if ceil == 0 else terms.least(w, n + p[0] + p[1] - s * i))
    return Gather(bound, condition, ((0, place),), denominator=area)


def unpooling_size(delta: Expression, x: Expression, f: Basic, stride: Basic) -> Shape:
    """The shape of x."""
    return x.shape


def unpooling_exists(delta: Expression, x: Expression, f: Basic, stride: Basic) -> list[Condition]:
    """The pooling exists and delta has its shape."""
    from sympy import Tuple

    none = Tuple(*[Tuple(Integer(0), Integer(0))] * len(f.args))
    pooled = pooling_size(x, f, stride, none, Integer(0))
    same_rank(delta, x)
    return [
        *pooling_exists(x, f, stride, none, Integer(0)),
        *[Compare("==", left, right) for left, right in zip(delta.shape, pooled, strict=True)],
    ]


def _pooling_latex(symbol: str) -> Any:
    def latex(x: str, f: str, stride: str, pad: str, ceil: str) -> str:
        return rf"\operatorname{{{symbol}}}_{{{f}}}\left({x}\right)"

    return latex


ROWS = (
    Operator(
        "conv", (tensor("x", 1, 2, 3), tensor("k", 1, 2, 3), *SLIDING), convolution_size, convolution_exists,
        _convolution_entry(flipped=True), lambda x, k, mode, *rest: rf"{x} \ast_{{\mathrm{{{mode}}}}} {k}",
        "true convolution, kernel flipped on every axis [Goodfellow, Bengio & Courville 2016, eq. 9.4]",
        adjoints=(
            Adjoint(0, "adjoint of the convolution in its data", "⟨G, da ∗ w⟩ = ⟨G ∗full rot180(w), da⟩",
                    data_adjoint),
            Adjoint(1, "adjoint of the convolution in its kernel", "⟨G, a ∗ dw⟩ = ⟨rot180(a) ∗ G, dw⟩",
                    kernel_adjoint),
        ), spelled=(Parameter("ldilation", "each", 1),)),
    Operator(
        "corr", (tensor("x", 1, 2, 3), tensor("k", 1, 2, 3), *SLIDING), convolution_size, convolution_exists,
        _convolution_entry(flipped=False), lambda x, k, mode, *rest: rf"{x} \star_{{\mathrm{{{mode}}}}} {k}",
        "cross-correlation [Goodfellow, Bengio & Courville 2016, eq. 9.6]",
        adjoints=(
            Adjoint(0, "adjoint of the correlation in its data", "⟨G, da ⋆ w⟩ = ⟨G ∗full w, da⟩",
                    data_adjoint),
            Adjoint(1, "adjoint of the correlation in its kernel", "⟨G, a ⋆ dw⟩ = ⟨a ⋆ G, dw⟩",
                    kernel_adjoint),
        ), spelled=(Parameter("ldilation", "each", 1),)),
    Operator(
        "convolve", (tensor("A", 1, 2, 3), tensor("B", 1, 2, 3), Parameter("mode", "mode", "valid")),
        commutative_size, commutative_exists, _commutative_entry,
        lambda a, b, mode: rf"{a} \circledast_{{\mathrm{{{mode}}}}} {b}",
        "commutative convolution; for valid the smaller slides over the larger, as in scipy.signal.convolve",
        adjoints=(
            Adjoint(0, "adjoint of the convolution", "as for conv, with the larger factor as the data",
                    lambda g, node: commutative_adjoint(g, node, 0)),
            Adjoint(1, "adjoint of the convolution", "as for conv, with the larger factor as the data",
                    lambda g, node: commutative_adjoint(g, node, 1)),
        )),
    Operator(
        "sum_pool", POOLING, pooling_size, pooling_exists, _sum_pool_entry, _pooling_latex("sumpool"),
        "window sums [Bouvrie 2006, sec. 3.2]", last_two,
        adjoints=(
            Adjoint(0, "adjoint of pooling", "⟨G, sumpool(dA, n)⟩ = ⟨up(G, n) in a frame, dA⟩",
                    pool_adjoint),
        ), over_axes=True),
    Operator(
        "mean_pool", POOLING, pooling_size, pooling_exists, _mean_pool_entry, _pooling_latex("meanpool"),
        "window means; padded zeros count [Dumoulin & Visin 2016, ch. 3]", last_two,
        adjoints=(
            Adjoint(0, "adjoint of pooling", "⟨G, meanpool(dA, n)⟩ = ⟨up(G, n)/n² in a frame, dA⟩",
                    mean_adjoint),
        ), over_axes=True),
    Operator(
        "max_pool", POOLING, pooling_size, max_pooling_exists, None, _pooling_latex("maxpool"),
        "window maxima; a padded place is never taken [Goodfellow, Bengio & Courville 2016, sec. 9.3]", last_two,
        adjoints=(
            Adjoint(0, "derivative of the maximum", "⟨G, d maxpool(A)⟩ = ⟨maxunpool(G; A), dA⟩",
                    max_adjoint),
        ), over_axes=True),
    Operator(
        "max_unpool",
        (tensor("delta", *POSITIVE_RANKS), tensor("x", *POSITIVE_RANKS), Parameter("f", "window", required=True),
         Parameter("stride", "each", "window")),
        unpooling_size, unpooling_exists, None,
        lambda delta, x, f, stride: rf"\operatorname{{unpool}}_{{{x},{f}}}\left({delta}\right)",
        "each entry at the place of its window's maximum, overlaps added [Zeiler & Fergus 2014]", last_two,
        adjoints=(
            Adjoint(0, "adjoint of max unpooling", "⟨G, maxunpool(dD; A)⟩ = ⟨sumpool(G ∘ maxunpool(1; A)), dD⟩",
                    unpool_adjoint),
        ), over_axes=True),
)  # fmt: skip
