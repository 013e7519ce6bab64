"""Convolution and cross-correlation with their adjoints, in one, two or three spatial dimensions.

Why: these are the layers whose gradients the derivations argue about. They are multilinear in (input,
kernel), so integers held in float64 stay exact (below 2**53) through the matrix products, and complex
numbers pass through without a conjugate, as the complex step needs.

Law: cross-correlation is  y[n, f, i] = b[f] + Σ_{c, k} x[n, c, stride·i + dilation·k − pad] · w[f, c, k]  and
convolution is the same with w reversed on every spatial axis. Padding is entries equal to 0.

What it cannot see: an infinite kernel entry times padding is 0·∞ = NaN, as IEEE 754 says.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from numeric.layers.geometry import (
    Array,
    Axes,
    Padding,
    PerAxis,
    add_windows,
    as_array,
    convolution_axes,
    expect_shape,
    interior,
    sliding_windows,
    window_places,
)

# window entries up to which their places are kept for the next call of the same sizes: half a megabyte
_MOST_PLACES = 1 << 16
# images up to which the kernel's gradient is a product for each and then summed; copying costs more there
_FEW_IMAGES = 8


@dataclass(frozen=True)
class ConvolutionSizes:
    """Every size of one call, checked: batch, groups, channels and filters per group, and the spatial axes."""

    batch: int
    groups: int
    channels: int
    filters: int
    axes: Axes

    @cached_property
    def outputs(self) -> tuple[int, ...]:
        return tuple(axis.outputs for axis in self.axes)

    @cached_property
    def kernels(self) -> tuple[int, ...]:
        return tuple(axis.kernel for axis in self.axes)

    @cached_property
    def output_shape(self) -> tuple[int, ...]:
        return (self.batch, self.groups * self.filters, *self.outputs)

    @cached_property
    def frame_shape(self) -> tuple[int, ...]:
        """(N, C, *padded sizes)."""
        return (self.batch, self.groups * self.channels, *(axis.padded for axis in self.axes))

    @cached_property
    def interior(self) -> tuple[Any, ...]:
        """The index that cuts the input out of its frame."""
        return interior(self.axes)

    @cached_property
    def columns_shape(self) -> tuple[int, int, int, int]:
        """(N, groups, C/groups · kernel entries, output positions)."""
        return self.batch, self.groups, self.channels * math.prod(self.kernels), math.prod(self.outputs)

    @cached_property
    def places(self) -> NDArray[np.intp] | None:
        """Where each entry of the columns lies in the padded input; None where there are too many to keep."""
        if math.prod(self.columns_shape) > _MOST_PLACES:
            return None
        return _places(self.axes, self.batch * self.groups * self.channels).reshape(self.columns_shape)


_places = lru_cache(maxsize=32)(window_places)


def correlate(
    x: ArrayLike,
    w: ArrayLike,
    b: ArrayLike | None = None,
    *,
    mode: str | None = None,
    stride: PerAxis = 1,
    pad: Padding = 0,
    dilation: PerAxis = 1,
    groups: int = 1,
) -> Array:
    """Cross-correlation: x (N, C, *sizes), w (F, C/groups, *kernel), b (F,) -> (N, F, *outputs).

    y[n, f, i] = b[f] + Σ_{c, k} x[n, c, stride·i + dilation·k − pad] w[f, c, k];  with groups, filter f sees
    the channels of its own group.  [Dumoulin & Visin 2016, relation 6; Goodfellow et al. 2016, eq. 9.6]
    Raises ValueError where shapes do not fit, naming both sides.

    >>> correlate(np.array([[[0, 1, 2, -1, 3]]]), np.array([[[1, 1, 0]]]))
    array([[[1, 3, 1]]])
    """
    x, w = as_array(x, "x"), as_array(w, "w")
    sizes = convolution_sizes(x, w, mode=mode, stride=stride, pad=pad, dilation=dilation, groups=groups)
    y = _products(_columns(x, sizes), w, sizes)
    if b is None:
        return y
    column = _bias_column(as_array(b, "b"), y)
    return np.add(y, column, out=y) if y.dtype is column.dtype else y + column


def convolve(
    x: ArrayLike,
    w: ArrayLike,
    b: ArrayLike | None = None,
    *,
    mode: str | None = None,
    stride: PerAxis = 1,
    pad: Padding = 0,
    dilation: PerAxis = 1,
    groups: int = 1,
) -> Array:
    """True convolution: `correlate` with the kernel reversed on every spatial axis; same shapes.

    y[n, f, i] = b[f] + Σ_{c, k} x[n, c, stride·i + dilation·(K − 1 − k) − pad] w[f, c, k].  With
    mode='full' this is the textbook  y[i] = Σ_k x[i − k] w[k].  It never swaps its operands.

    >>> convolve(np.array([[[0, 1, 2, -1, 3]]]), np.array([[[1, 1, 0]]]), mode="full")
    array([[[0, 1, 3, 1, 2, 3, 0]]])
    """
    return correlate(
        x, _reversed(as_array(w, "w")), b, mode=mode, stride=stride, pad=pad, dilation=dilation, groups=groups
    )


def correlate_backward(
    delta: ArrayLike,
    x: ArrayLike,
    w: ArrayLike,
    *,
    mode: str | None = None,
    stride: PerAxis = 1,
    pad: Padding = 0,
    dilation: PerAxis = 1,
    groups: int = 1,
) -> tuple[Array, Array, Array]:
    """Gradients (dx, dw, db) of a loss whose sensitivity at `correlate`'s output is delta (N, F, *outputs).

    dx[n, c, u] = Σ_{f, i, k: stride·i + dilation·k − pad = u} delta[n, f, i] w[f, c, k],
    dw[f, c, k] = Σ_{n, i} delta[n, f, i] x[n, c, stride·i + dilation·k − pad],  db[f] = Σ_{n, i} delta[n,
    f, i]. Rows that no window reads get 0.

    >>> x, w = np.array([[[1, 2, 3, 4]]]), np.array([[[5, 6]]])
    >>> correlate_backward(np.array([[[1]]]), x, w, stride=3)
    (array([[[5, 6, 0, 0]]]), array([[[1, 2]]]), array([1]))
    """
    delta, x, w = as_array(delta, "delta"), as_array(x, "x"), as_array(w, "w")
    sizes = convolution_sizes(x, w, mode=mode, stride=stride, pad=pad, dilation=dilation, groups=groups)
    expect_shape(delta, sizes.output_shape, "delta", "the output")
    dx = _input_gradient(delta, w, sizes)
    dw = _kernel_gradient(delta, _columns(x, sizes), sizes)
    return dx, dw, np.add.reduce(delta, axis=(0, *range(2, delta.ndim)))


def convolve_backward(
    delta: ArrayLike,
    x: ArrayLike,
    w: ArrayLike,
    *,
    mode: str | None = None,
    stride: PerAxis = 1,
    pad: Padding = 0,
    dilation: PerAxis = 1,
    groups: int = 1,
) -> tuple[Array, Array, Array]:
    """Gradients (dx, dw, db) of `convolve`, as `correlate_backward` with w and dw reversed on the spatial axes.

    >>> x, w = np.array([[[1, 2, 3, 4]]]), np.array([[[5, 6]]])
    >>> convolve_backward(np.array([[[1]]]), x, w, stride=3)
    (array([[[6, 5, 0, 0]]]), array([[[2, 1]]]), array([1]))
    """
    dx, dw, db = correlate_backward(
        delta,
        x,
        _reversed(as_array(w, "w")),
        mode=mode,
        stride=stride,
        pad=pad,
        dilation=dilation,
        groups=groups,
    )
    return dx, _reversed(dw), db


def input_gradient(delta: Array, w: Array, axes: Axes, groups: int) -> Array:
    """dx of `correlate` alone: delta (N, F, *outputs), w (F, C/groups, *kernel) -> (N, C, *sizes)."""
    sizes = ConvolutionSizes(delta.shape[0], groups, w.shape[1], delta.shape[1] // groups, axes)
    return _input_gradient(delta, w, sizes)


def _input_gradient(delta: Array, w: Array, sizes: ConvolutionSizes) -> Array:
    batch, groups, height, positions = sizes.columns_shape
    rows = w.reshape(groups, sizes.filters, height).swapaxes(1, 2)
    spread = _matmul(rows, delta.reshape(batch, groups, sizes.filters, positions))
    if sizes.places is None:
        shape = (batch, groups * sizes.channels, *sizes.kernels, *sizes.outputs)
        return add_windows(spread.reshape(shape), sizes.axes)
    framed = np.zeros(sizes.frame_shape, dtype=spread.dtype)
    np.add.at(framed.reshape(-1), sizes.places.reshape(-1), spread.reshape(-1))
    dx: Array = framed[sizes.interior]
    return dx


def _columns(x: Array, sizes: ConvolutionSizes) -> Array:
    """Every window as a column: (N, groups, C/groups · kernel entries, output positions)."""
    framed = x
    if sizes.frame_shape != x.shape:
        framed = np.zeros(sizes.frame_shape, dtype=x.dtype)
        framed[sizes.interior] = x
    if sizes.places is not None:
        taken: Array = framed.take(sizes.places)
        return taken
    view = sliding_windows(framed, sizes.axes)
    rank = len(sizes.axes)
    order = (0, 1, *range(2 + rank, 2 + 2 * rank), *range(2, 2 + rank))
    return view.transpose(order).reshape(sizes.columns_shape)


def _products(columns: Array, w: Array, sizes: ConvolutionSizes) -> Array:
    rows = w.reshape(sizes.groups, sizes.filters, columns.shape[2])
    y: Array = _matmul(rows, columns).reshape(sizes.output_shape)
    return y


def _matmul(left: Array, right: Array) -> Array:
    """left (groups, a, b) or (batch, groups, a, b) times right (batch, groups, b, c); a single product by itself,
    which NumPy hands to BLAS in more cases than many."""
    if right.shape[:2] == (1, 1):
        product: Array = left.reshape(left.shape[-2:]).dot(right[0, 0])
        return product[None, None]
    products: Array = np.matmul(left, right)
    return products


def _kernel_gradient(delta: Array, columns: Array, sizes: ConvolutionSizes) -> Array:
    """dw (F, C/groups, *kernel): over many images one product for batch and positions together, for each group."""
    batch, groups, height, positions = columns.shape
    shape = (groups * sizes.filters, sizes.channels, *sizes.kernels)
    rows = delta.reshape(batch, groups, sizes.filters, positions)
    if batch <= _FEW_IMAGES:
        each: Array = _matmul(rows, columns.swapaxes(2, 3))
        return (each if batch == 1 else np.add.reduce(each)).reshape(shape)
    left = rows.transpose(1, 2, 0, 3)
    right = columns.transpose(1, 0, 3, 2).reshape(groups, batch * positions, height)
    dw: Array = np.matmul(left.reshape(groups, sizes.filters, batch * positions), right)
    return dw.reshape(shape)


def convolution_sizes(
    x: Array,
    w: Array,
    *,
    mode: str | None,
    stride: PerAxis,
    pad: Padding,
    dilation: PerAxis,
    groups: int,
) -> ConvolutionSizes:
    """The sizes of x (N, C, *sizes) against w (F, C/groups, *kernel); ValueError where they do not fit."""
    plain = type(stride) is type(pad) is type(dilation) is type(groups) is int and (mode is None or type(mode) is str)
    sizes = _known_sizes if plain else _sizes
    return sizes(x.shape, w.shape, mode, stride, pad, dilation, groups)


def _sizes(
    x_shape: tuple[int, ...],
    w_shape: tuple[int, ...],
    mode: str | None,
    stride: PerAxis,
    pad: Padding,
    dilation: PerAxis,
    groups: int,
) -> ConvolutionSizes:
    if len(x_shape) != len(w_shape) or not 3 <= len(x_shape) <= 5:
        raise ValueError(
            f"x has shape {x_shape} and w has shape {w_shape}; expected (N, C, *sizes) and (F, C/groups, "
            "*kernel) with the same 1 to 3 spatial axes; reshape the one that lacks its leading axes"
        )
    if isinstance(groups, bool) or not isinstance(groups, int | np.integer) or groups < 1:
        raise ValueError(f"groups = {groups!r}: expected an integer of at least 1")
    channels, filters = x_shape[1], w_shape[0]
    if w_shape[1] * groups != channels:
        raise ValueError(
            f"x has {channels} channels but w has {w_shape[1]} for each of {groups} group(s), "
            f"{w_shape[1] * groups} in all; give w the shape {(filters, channels // groups, *w_shape[2:])}"
        )
    if filters % groups:
        raise ValueError(f"w has {filters} filters, which {groups} groups do not divide")
    axes = convolution_axes(x_shape[2:], w_shape[2:], mode=mode, stride=stride, pad=pad, dilation=dilation)
    return ConvolutionSizes(x_shape[0], int(groups), w_shape[1], filters // groups, axes)


# True == 1, so only plain integers are looked up: other types are examined each time
_known_sizes = lru_cache(maxsize=64)(_sizes)


def _bias_column(b: Array, y: Array) -> Array:
    expect_shape(b, (y.shape[1],), "b", "a bias for each of the output's channels")
    return b.reshape(-1, *(1,) * (y.ndim - 2))


def _reversed(w: Array) -> Array:
    """w reversed on its spatial axes (rot180 in two dimensions)."""
    return np.flip(w, axis=tuple(range(2, w.ndim)))
