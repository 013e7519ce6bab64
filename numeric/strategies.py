"""Hypothesis strategies for layers: geometries, arrays that fit them, memory layouts.

Why: wrong formulas survive on friendly data: 1×1 kernels, a kernel as large as the input, square symmetric
data, equal numbers of maps, no remainder. These strategies generate the unfriendly ones, and shrink to the
smallest that fails.

Law: everything drawn is valid input for the layer it is named after. Each docstring says what it shrinks
towards.

What it cannot see: sizes beyond the stated maxima; they are small, because a wrong formula fails at small
sizes first.

Needs the package `hypothesis` (extra `test`); nothing else in `numeric` imports this module.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import Any, NamedTuple

import numpy as np
from hypothesis import strategies as st

from numeric.layers.activations import relu, sigmoid, softplus, swish, tanh
from numeric.layers.geometry import Array, Axes, convolution_axes, pooling_axes
from numeric.networks import Network
from numeric.specifications import (
    BatchNorm,
    Concatenate,
    Convolution,
    Dense,
    Elementwise,
    Flatten,
    Layer,
    LocalResponseNorm,
    Pooling,
    Residual,
    TrainablePooling,
    shape_after,
)

Shape = tuple[int, ...]
Pairs = tuple[tuple[int, int], ...]

__all__ = [
    "ConvolutionCase",
    "ConvolutionGeometry",
    "PoolingCase",
    "PoolingGeometry",
    "complex_arrays",
    "convolution_cases",
    "convolution_geometries",
    "integer_arrays",
    "layer_stacks",
    "layouts",
    "non_symmetric_arrays",
    "one_hot_arrays",
    "pooling_cases",
    "pooling_geometries",
    "real_arrays",
    "tie_free_arrays",
    "tied_arrays",
]


@dataclass(frozen=True)
class ConvolutionGeometry:
    """Every size of one convolution. channels and filters are counted per group; pad holds (before, after) pairs."""

    batch: int
    groups: int
    channels: int
    filters: int
    sizes: Shape
    kernels: Shape
    mode: str | None
    stride: Shape
    pad: Pairs
    dilation: Shape

    @property
    def x_shape(self) -> Shape:
        """(N, C, *sizes)"""
        return (self.batch, self.groups * self.channels, *self.sizes)

    @property
    def w_shape(self) -> Shape:
        """(F, C/groups, *kernel)"""
        return (self.groups * self.filters, self.channels, *self.kernels)

    @property
    def axes(self) -> Axes:
        """The spatial axes, with their numbers of outputs."""
        geometry = {"mode": self.mode, "stride": self.stride, "pad": self.pad, "dilation": self.dilation}
        return convolution_axes(self.sizes, self.kernels, **geometry)  # type: ignore[arg-type]

    @property
    def y_shape(self) -> Shape:
        """(N, F, *outputs)"""
        return (self.batch, self.groups * self.filters, *(axis.outputs for axis in self.axes))

    @property
    def has_tail(self) -> bool:
        """Whether the stride leaves input rows at the end unread."""
        return any(axis.stride * (axis.outputs - 1) + axis.extent < axis.before + axis.size for axis in self.axes)

    def options(self) -> dict[str, Any]:
        """The keyword arguments of `convolve`, `correlate` and their gradients."""
        return {
            "mode": self.mode,
            "stride": self.stride,
            "pad": self.pad,
            "dilation": self.dilation,
            "groups": self.groups,
        }


@dataclass(frozen=True)
class PoolingGeometry:
    """Every size of one pooling layer on maps (N, C, *sizes); pad holds (before, after) pairs."""

    batch: int
    channels: int
    sizes: Shape
    window: Shape
    stride: Shape
    pad: Pairs
    ceil: bool

    @property
    def x_shape(self) -> Shape:
        """(N, C, *sizes)"""
        return (self.batch, self.channels, *self.sizes)

    @property
    def axes(self) -> Axes:
        """The spatial axes, with their numbers of outputs."""
        return pooling_axes(self.sizes, self.window, stride=self.stride, pad=self.pad, ceil=self.ceil)

    @property
    def y_shape(self) -> Shape:
        """(N, C, *outputs)"""
        return (self.batch, self.channels, *(axis.outputs for axis in self.axes))

    @property
    def tiles(self) -> bool:
        """Whether the windows cover every entry of the input exactly once."""
        return all(
            axis.kernel == axis.stride and axis.before == 0 and axis.outputs * axis.kernel == axis.size
            for axis in self.axes
        )

    def options(self) -> dict[str, Any]:
        """The keyword arguments of the pooling functions; the window itself is their argument f."""
        return {"stride": self.stride, "pad": self.pad, "ceil": self.ceil}


@dataclass(frozen=True)
class ConvolutionCase:
    """A geometry with arrays that fit it; delta has the output's shape."""

    geometry: ConvolutionGeometry
    x: Array
    w: Array
    b: Array
    delta: Array


@dataclass(frozen=True)
class PoolingCase:
    """A geometry with an input and a sensitivity that fit it."""

    geometry: PoolingGeometry
    x: Array
    delta: Array


class _Window(NamedTuple):
    """One axis: a window, how it moves, how the input is padded, and how many rows the input has beyond one window."""

    side: int
    stride: int
    dilation: int
    pad: tuple[int, int]
    slack: int

    @property
    def size(self) -> int:
        return max(1, self.dilation * (self.side - 1) + 1 - sum(self.pad)) + self.slack


@cache
def _frames(dilations: int, pads: int, one_sided: bool) -> tuple[tuple[int, int, int], ...]:
    """Every (dilation, before, after) within these maxima, those with the smallest sum first."""
    sides = range(pads + 1)
    every = product(range(1, dilations + 1), sides, sides)
    return tuple(sorted((f for f in every if one_sided or f[1] == f[2]), key=lambda f: (sum(f), f)))


@st.composite
def _windows(
    draw: st.DrawFn, sides: int, strides: int, dilations: int, pads: int | None, slacks: int, one_sided: bool
) -> _Window:
    """pads = None stands for "smaller than the window".

    Four draws for an axis and no more: Hypothesis drops short runs of draws at once, and so drops whole axes.
    """
    side, stride = draw(st.integers(1, sides)), draw(st.integers(1, strides))
    frames = _frames(dilations, side - 1 if pads is None else pads, one_sided)
    dilation, before, after = draw(st.sampled_from(frames))
    return _Window(side, stride, dilation, (before, after), draw(st.integers(0, slacks)))


def _axes(
    draw: st.DrawFn, ranks: tuple[int, ...], window: Callable[[bool], st.SearchStrategy[_Window]]
) -> list[_Window]:
    """Axes for one of the ranks, with the same padding on both sides or not."""
    axes = st.lists(window(draw(st.booleans())), min_size=min(ranks), max_size=max(ranks))
    if len(ranks) < max(ranks) - min(ranks) + 1:
        axes = axes.filter(lambda found: len(found) in ranks)
    return draw(axes)


@st.composite
def convolution_geometries(
    draw: st.DrawFn,
    *,
    ranks: tuple[int, ...] = (1, 2, 3),
    modes: tuple[str | None, ...] = (None, "valid", "full", "same"),
    max_kernel: int = 3,
    max_stride: int = 3,
    max_pad: int = 2,
    max_dilation: int = 2,
    max_slack: int = 4,
    max_maps: int = 2,
    max_groups: int = 2,
    max_batch: int = 2,
) -> ConvolutionGeometry:
    """Geometries of convolutions, tails with a remainder, one-sided padding, groups and kernel = input among them.

    Shrinks towards the smallest rank, the first mode, one map, one group, a kernel of one row on an input
    of one row, stride 1, no padding, no dilation: the smallest geometry that still fails. (The input is as
    large as the kernel plus a slack.)
    """
    mode = draw(st.sampled_from(modes))
    framed = mode in (None, "valid")
    axes = _axes(
        draw,
        ranks,
        lambda uneven: _windows(max_kernel, max_stride, max_dilation, max_pad if framed else 0, max_slack, uneven),
    )
    # 'full' and 'same' have an output for every size, a kernel larger than the input too
    sizes = tuple(axis.size if framed else 1 + axis.slack for axis in axes)
    maps = [draw(st.integers(1, most)) for most in (max_batch, max_groups, max_maps, max_maps)]
    return ConvolutionGeometry(
        maps[0],
        maps[1],
        maps[2],
        maps[3],
        sizes,
        tuple(axis.side for axis in axes),
        mode,
        tuple(axis.stride for axis in axes),
        tuple(axis.pad for axis in axes),
        tuple(axis.dilation for axis in axes),
    )


@st.composite
def pooling_geometries(
    draw: st.DrawFn,
    *,
    ranks: tuple[int, ...] = (1, 2, 3),
    max_window: int = 3,
    max_stride: int = 4,
    max_slack: int = 4,
    max_maps: int = 2,
    max_batch: int = 2,
    ceil: bool | None = None,
    padding: bool = True,
) -> PoolingGeometry:
    """Geometries of pooling layers: overlapping windows, windows with gaps, tails, padding, both rounding modes.

    Shrinks towards the smallest rank, one map, windows of one entry, stride 1, no padding, floor mode and an
    input that one window covers.
    """
    axes = _axes(
        draw,
        ranks,
        lambda uneven: _windows(max_window, max_stride, 1, None if padding else 0, max_slack, uneven),
    )
    batch, channels = draw(st.integers(1, max_batch)), draw(st.integers(1, max_maps))
    return PoolingGeometry(
        batch,
        channels,
        tuple(axis.size for axis in axes),
        tuple(axis.side for axis in axes),
        tuple(axis.stride for axis in axes),
        tuple(axis.pad for axis in axes),
        draw(st.booleans()) if ceil is None else ceil,
    )


def _seeds() -> st.SearchStrategy[int]:
    return st.integers(0, 2**16)


@st.composite
def integer_arrays(draw: st.DrawFn, shape: Shape, *, largest: int = 9, dtype: Any = np.float64) -> Array:
    """Dense integers in [−largest, largest], held in float64 (exact through any multilinear layer).

    Shrinks towards entries of small size (drawn from a seed, so that large arrays cost nothing); for a
    single non-zero entry see `one_hot_arrays`.
    """
    bound = draw(st.integers(1, largest))
    entries = np.random.default_rng(draw(_seeds())).integers(-bound, bound + 1, size=shape)
    return entries.astype(dtype)


@st.composite
def one_hot_arrays(draw: st.DrawFn, shape: Shape) -> Array:
    """Zeros with a single 1. Shrinks towards the 1 in the first place."""
    array = np.zeros(shape)
    if array.size:
        array.flat[draw(st.integers(0, array.size - 1))] = 1.0
    return array


@st.composite
def tie_free_arrays(draw: st.DrawFn, shape: Shape) -> Array:
    """A permutation of 0, 1, 2, …: no two entries are equal, so every maximum is unique, by at least 1.

    Shrinks towards the permutation of seed 0.
    """
    count = int(np.prod(shape, dtype=np.int64))
    return np.random.default_rng(draw(_seeds())).permutation(count).reshape(shape).astype(np.float64)


@st.composite
def tied_arrays(draw: st.DrawFn, shape: Shape) -> Array:
    """Entries from {0, 1}: ties nearly everywhere. Shrinks towards the draw of seed 0."""
    return np.random.default_rng(draw(_seeds())).integers(0, 2, size=shape).astype(np.float64)


@st.composite
def non_symmetric_arrays(draw: st.DrawFn, shape: Shape) -> Array:
    """Integers of distinct, non-zero absolute values and random signs, in random order.

    With more than one entry no reflection, rotation or transposition leaves such an array as it was, and
    no entry can stand in for another. Shrinks towards the order and signs of seed 0.
    """
    generator = np.random.default_rng(draw(_seeds()))
    count = int(np.prod(shape, dtype=np.int64))
    magnitudes = generator.permutation(count) + 1
    signed = magnitudes * generator.choice([-1, 1], size=count)
    return np.asarray(signed.reshape(shape), dtype=np.float64)


@st.composite
def real_arrays(draw: st.DrawFn, shape: Shape, *, exponents: tuple[int, ...] = (0, -9, 9, -3, 3)) -> Array:
    """Normally distributed numbers times a power of ten. Shrinks towards the first exponent and seed 0."""
    scale = 10.0 ** draw(st.sampled_from(exponents))
    return np.asarray(scale * np.random.default_rng(draw(_seeds())).standard_normal(shape))


@st.composite
def complex_arrays(draw: st.DrawFn, shape: Shape, *, largest: int = 9) -> Array:
    """Gaussian integers: integer real and imaginary parts. Shrinks as `integer_arrays`."""
    real = draw(integer_arrays(shape, largest=largest))
    numbers: Array = real + 1j * draw(integer_arrays(shape, largest=largest))
    return numbers


@st.composite
def layouts(draw: st.DrawFn, array: Array) -> Array:
    """The same entries in another memory layout: plain, read-only, Fortran order, every second entry of a
    larger array, or reversed strides. Shrinks towards the plain array.
    """
    kind = draw(st.sampled_from(("plain", "read-only", "fortran", "strided", "reversed")))
    if kind == "fortran":
        return np.asfortranarray(array)
    if kind == "strided" and array.ndim:
        wide = np.repeat(array, 2, axis=-1)
        return wide[..., ::2]
    if kind == "reversed" and array.ndim:
        return np.ascontiguousarray(array[..., ::-1])[..., ::-1]
    copy = array.copy()
    copy.flags.writeable = kind != "read-only"
    return copy


@st.composite
def convolution_cases(draw: st.DrawFn, /, **limits: Any) -> ConvolutionCase:
    """A geometry from `convolution_geometries(**limits)` with non-symmetric kernel and dense integer arrays.

    Shrinks as the geometry does first.
    """
    geometry = draw(convolution_geometries(**limits))
    return ConvolutionCase(
        geometry,
        draw(integer_arrays(geometry.x_shape)),
        draw(non_symmetric_arrays(geometry.w_shape)),
        draw(integer_arrays(geometry.w_shape[:1])),
        draw(integer_arrays(geometry.y_shape)),
    )


@st.composite
def pooling_cases(draw: st.DrawFn, /, *, ties: bool = False, **limits: Any) -> PoolingCase:
    """A geometry from `pooling_geometries(**limits)` with a tie-free input (or one full of ties) and integer delta.

    Shrinks as the geometry does first.
    """
    geometry = draw(pooling_geometries(**limits))
    arrays = tied_arrays if ties else tie_free_arrays
    return PoolingCase(geometry, draw(arrays(geometry.x_shape)), draw(integer_arrays(geometry.y_shape)))


def _one_layer(draw: st.DrawFn, shape: Shape, linear: bool) -> Layer:
    """A layer that fits maps of this shape (without the batch)."""
    least = min(shape[1:])
    kernel, maps = draw(st.integers(1, min(3, least))), draw(st.integers(1, 3))
    stride, pad = draw(st.integers(1, 2)), draw(st.integers(0, 1))
    window = draw(st.integers(1, min(3, least)))
    choices: list[Layer] = [
        Convolution(maps, kernel, stride=stride, pad=pad, bias=draw(st.booleans())),
        Pooling("sum", window, stride=stride, pad=min(pad, window - 1), ceil=draw(st.booleans())),
    ]
    if not linear:
        same = Convolution(shape[0], 3, pad=1)
        choices += [
            Elementwise(draw(st.sampled_from((tanh, sigmoid, softplus, swish, relu)))),
            Pooling(draw(st.sampled_from(("mean", "max"))), window, stride=stride),
            TrainablePooling(window),
            LocalResponseNorm(size=2, alpha=0.5),
            BatchNorm(eps=0.1),
            Residual((same, Elementwise(tanh))),
            Residual((Convolution(maps, 1),), (Convolution(maps, 1, bias=False),)),
            Concatenate(((), (same,), (Convolution(maps, 1), Elementwise(tanh)))),
        ]
    return draw(st.sampled_from(choices))


@st.composite
def layer_stacks(draw: st.DrawFn, *, max_layers: int = 4, max_size: int = 6, linear: bool = False) -> Network:
    """Networks of a few layers on small maps, ending in a dense layer or not.

    linear: only layers that are linear in their input and in their parameters, so that integers stay exact.
    Shrinks towards no layer at all on a single entry, and towards convolutions of one entry.
    """
    sizes = draw(st.lists(st.integers(1, max_size), min_size=1, max_size=2))
    shape = (draw(st.integers(1, 2)), *sizes)
    first, layers = shape, []
    for _ in range(draw(st.integers(0, max_layers))):
        layers.append(_one_layer(draw, shape, linear))
        shape = shape_after(layers[-1], shape)
    if draw(st.booleans()):
        layers += [Flatten(), Dense(draw(st.integers(1, 3)))]
    return Network(tuple(layers), first)
