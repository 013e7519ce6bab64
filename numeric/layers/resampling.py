"""Layers that make maps larger: nearest up-sampling, Kronecker products and transposed convolution.

Why: they are the adjoints that derivations write down for pooling and convolution, here as layers of their
own.

Law: up-sampling is the Kronecker product with ones; transposed convolution is the input gradient of
`correlate`, so ⟨transposed_convolution(x, w), v⟩ = ⟨x, correlate(v, w)⟩ with the same stride, padding,
dilation and groups.

What it cannot see: interpolation other than nearest.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from numeric.layers.convolution import correlate, correlate_backward, input_gradient
from numeric.layers.geometry import (
    Array,
    Axes,
    Axis,
    Padding,
    PerAxis,
    as_array,
    expect_shape,
    padding_pairs,
    per_axis,
)
from numeric.layers.pooling import sum_pool


def upsample_nearest(x: ArrayLike, factor: PerAxis) -> Array:
    """Every entry becomes a block: x (N, C, *sizes) -> (N, C, *sizes · factor);  y[u] = x[u // factor].

    factor is one integer for every spatial axis, or a tuple with one for each of the last axes.

    >>> upsample_nearest(np.array([[[1, 2]]]), 3)
    array([[[1, 1, 1, 2, 2, 2]]])
    """
    y = as_array(x, "x")
    factors = _factors(y, factor)
    for axis, times in zip(range(y.ndim - len(factors), y.ndim), factors, strict=True):
        y = np.repeat(y, times, axis=axis)
    return y


def upsample_nearest_backward(delta: ArrayLike, factor: PerAxis) -> Array:
    """dx: the sum over each block of delta, which is sum pooling with window and stride equal to the factor.

    >>> upsample_nearest_backward(np.array([[[1, 1, 1, 2, 2, 2]]]), 3)
    array([[[3, 6]]])
    """
    delta = as_array(delta, "delta")
    factors = _factors(delta, factor)
    sizes = delta.shape[delta.ndim - len(factors) :]
    if any(size % times for size, times in zip(sizes, factors, strict=True)):
        raise ValueError(f"delta has the sizes {sizes}, which are not multiples of the factors {factors}")
    return sum_pool(delta, factors)


def kron_layer(x: ArrayLike, w: ArrayLike) -> Array:
    """Kronecker product on the last axes: x (..., *sizes), w (*kernel) -> (..., *sizes · kernel).

    y[..., K·i + k] = x[..., i] w[k], with as many axes as w has (1 to 3).  [Magnus & Neudecker 2019, sec.
    2.2]

    >>> kron_layer(np.array([[1, 2]]), np.array([[1, 10]]))
    array([[ 1, 10,  2, 20]])
    """
    x, w = _kron_operands(x, w)
    y: Array = _apart(x, w.ndim) * w.reshape(_interleaved((1,) * w.ndim, w.shape))
    return y.reshape(_kron_shape(x, w))


def kron_layer_backward(delta: ArrayLike, x: ArrayLike, w: ArrayLike) -> tuple[Array, Array]:
    """(dx, dw) of `kron_layer`:  dx[..., i] = Σ_k delta[..., K·i + k] w[k],  dw[k] = Σ_{..., i} delta[...,
    K·i + k] x[..., i].

    >>> kron_layer_backward(np.array([[1, 10, 100, 1000]]), np.array([[1, 2]]), np.array([[1, 10]]))
    (array([[  101, 10100]]), array([[ 201, 2010]]))
    """
    x, w = _kron_operands(x, w)
    delta = as_array(delta, "delta")
    expect_shape(delta, _kron_shape(x, w), "delta", "the output")
    rank = w.ndim
    lead, sizes = x.shape[: x.ndim - rank], x.shape[x.ndim - rank :]
    blocks = delta.reshape(*lead, *_interleaved(sizes, w.shape))
    first = len(lead)
    kernel_axes = tuple(range(first + 1, first + 2 * rank, 2))
    input_axes = (*range(first), *range(first, first + 2 * rank, 2))
    dx = (blocks * w.reshape(_interleaved((1,) * rank, w.shape))).sum(axis=kernel_axes)
    return dx, (blocks * _apart(x, rank)).sum(axis=input_axes)


def transposed_convolution(
    x: ArrayLike,
    w: ArrayLike,
    b: ArrayLike | None = None,
    *,
    stride: PerAxis = 1,
    pad: Padding = 0,
    output_padding: PerAxis = 0,
    dilation: PerAxis = 1,
    groups: int = 1,
) -> Array:
    """The adjoint of `correlate` as a layer: x (N, F, *outputs), w (F, C/groups, *kernel), b (C,) -> (N, C, *sizes).

    y[n, c, u] = b[c] + Σ_{f, i, k: stride·i + dilation·k − pad = u} x[n, f, i] w[f, c, k];  sizes are
    stride·(outputs − 1) + dilation·(kernel − 1) + 1 − pads + output_padding, output_padding < stride.
    [Dumoulin & Visin 2016, relation 14]

    >>> transposed_convolution(np.array([[[1, 2]]]), np.array([[[1, 10]]]), stride=3)
    array([[[ 1, 10,  0,  2, 20]]])
    """
    x, w = as_array(x, "x"), as_array(w, "w")
    y = input_gradient(x, w, _transposed_axes(x, w, stride, pad, output_padding, dilation, groups), groups)
    if b is None:
        return y
    b = as_array(b, "b")
    expect_shape(b, (y.shape[1],), "b", "a bias for each of the output's channels")
    biased: Array = y + b.reshape(-1, *(1,) * (y.ndim - 2))
    return biased


def transposed_convolution_backward(
    delta: ArrayLike,
    x: ArrayLike,
    w: ArrayLike,
    *,
    stride: PerAxis = 1,
    pad: Padding = 0,
    output_padding: PerAxis = 0,
    dilation: PerAxis = 1,
    groups: int = 1,
) -> tuple[Array, Array, Array]:
    """(dx, dw, db) of `transposed_convolution`: dx correlates delta with w; dw is correlate's, with x and
    delta swapped.

    >>> x, w = np.array([[[1, 2]]]), np.array([[[1, 10]]])
    >>> transposed_convolution_backward(np.array([[[1, 2, 3, 4, 5]]]), x, w, stride=3)
    (array([[[21, 54]]]), array([[[ 9, 12]]]), array([15]))
    """
    delta, x, w = as_array(delta, "delta"), as_array(x, "x"), as_array(w, "w")
    axes = _transposed_axes(x, w, stride, pad, output_padding, dilation, groups)
    shape = (x.shape[0], w.shape[1] * groups, *(axis.size for axis in axes))
    expect_shape(delta, shape, "delta", "the output")
    dx = correlate(delta, w, stride=stride, pad=pad, dilation=dilation, groups=groups)
    _, dw, _ = correlate_backward(x, delta, w, stride=stride, pad=pad, dilation=dilation, groups=groups)
    return dx, dw, delta.sum(axis=(0, *range(2, delta.ndim)))


def _transposed_axes(
    x: Array,
    w: Array,
    stride: PerAxis,
    pad: Padding,
    output_padding: PerAxis,
    dilation: PerAxis,
    groups: int,
) -> Axes:
    if x.ndim != w.ndim or not 3 <= x.ndim <= 5:
        raise ValueError(
            f"x has shape {x.shape} and w has shape {w.shape}; expected (N, F, *outputs) and (F, C/groups, "
            "*kernel) "
            "with the same 1 to 3 spatial axes"
        )
    if x.shape[1] != w.shape[0] or groups < 1 or x.shape[1] % groups:
        raise ValueError(
            f"x has {x.shape[1]} channels, w has {w.shape[0]} filters, groups = {groups}; "
            "the first two must be equal and a multiple of groups"
        )
    rank = x.ndim - 2
    strides, dilations = (
        per_axis(stride, rank, "stride", least=1),
        per_axis(dilation, rank, "dilation", least=1),
    )
    extra = per_axis(output_padding, rank, "output_padding", least=0)
    columns = zip(x.shape[2:], w.shape[2:], strides, padding_pairs(pad, rank), dilations, extra, strict=True)
    return tuple(_transposed_axis(number, *column) for number, column in enumerate(columns))


def _transposed_axis(
    number: int, outputs: int, kernel: int, stride: int, pair: tuple[int, int], dilation: int, extra: int
) -> Axis:
    if kernel < 1 or outputs < 1:
        raise ValueError(f"spatial axis {number}: kernel {kernel} and input {outputs} must be at least 1 row each")
    if extra >= stride:
        raise ValueError(f"spatial axis {number}: output_padding {extra} must be smaller than the stride {stride}")
    size = stride * (outputs - 1) + dilation * (kernel - 1) + 1 - sum(pair) + extra
    if size < 1:
        raise ValueError(
            f"spatial axis {number}: pad {pair[0]} + {pair[1]} leaves {size} rows; reduce it by at least {1 - size}"
        )
    return Axis(size, kernel, stride, dilation, pair[0], pair[1], outputs)


def _factors(x: Array, factor: PerAxis) -> tuple[int, ...]:
    rank = x.ndim - 2 if isinstance(factor, int | np.integer) else len(tuple(factor))
    if not 1 <= rank <= min(3, x.ndim):
        raise ValueError(
            f"x has shape {x.shape}; expected (N, C, *sizes) with 1 to 3 spatial axes, or a factor given as a tuple"
        )
    return per_axis(factor, rank, "factor", least=1)


def _kron_operands(x: ArrayLike, w: ArrayLike) -> tuple[Array, Array]:
    x, w = as_array(x, "x"), as_array(w, "w")
    if not 1 <= w.ndim <= min(3, x.ndim):
        raise ValueError(f"w has shape {w.shape} and x {x.shape}; expected 1 to 3 axes, no more than x has")
    return x, w


def _kron_shape(x: Array, w: Array) -> tuple[int, ...]:
    cut = x.ndim - w.ndim
    return (*x.shape[:cut], *(n * k for n, k in zip(x.shape[cut:], w.shape, strict=True)))


def _apart(x: Array, rank: int) -> Array:
    """x with an axis of length 1 after each of its last `rank` axes."""
    cut = x.ndim - rank
    return x.reshape(*x.shape[:cut], *_interleaved(x.shape[cut:], (1,) * rank))


def _interleaved(sizes: tuple[int, ...], kernels: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(entry for pair in zip(sizes, kernels, strict=True) for entry in pair)
