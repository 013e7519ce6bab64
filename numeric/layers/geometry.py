"""Where a sliding window stands: one axis at a time, with every size checked once.

Why: forward passes, three kinds of backward passes, pooling and the plain loops all walk the same positions.
They read them from here, so that a stride, a dilation, a padding or a tail means the same thing everywhere.

Law: output position i and window offset k read input position  stride·i + dilation·k − before,  and a
position outside [0, size) is padding. Input positions that no pair (i, k) reads (the tail, when (size −
kernel) is not a multiple of the stride, and the gaps between windows) do not influence the output; their
gradient is 0.

What it cannot see: what is done with the entries. It knows sizes only.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[Any]
PerAxis = int | Sequence[int]
Padding = int | Sequence[int | Sequence[int]]

MODES = ("valid", "full", "same")


@dataclass(frozen=True)
class Axis:
    """One spatial axis of a sliding window: sizes in, sizes out, and which entry is read where.

    >>> axis = Axis(size=8, kernel=3, stride=2, dilation=2, before=1, after=0, outputs=3)
    >>> axis.extent, axis.padded
    (5, 9)
    """

    size: int
    kernel: int
    stride: int
    dilation: int
    before: int
    after: int
    outputs: int

    @cached_property
    def extent(self) -> int:
        """How many neighbouring rows the dilated kernel covers."""
        return self.dilation * (self.kernel - 1) + 1

    @cached_property
    def padded(self) -> int:
        """Rows of the padded input, at least as many as the last window reaches (more than the paddings in
        ceil mode)."""
        reach = self.stride * (self.outputs - 1) + self.extent
        return max(self.before + self.size + self.after, reach)


Axes = tuple[Axis, ...]


def as_array(value: ArrayLike, name: str) -> Array:
    """The value as an array that arithmetic is exact or floating in: booleans and small integers become int64.

    uint8 images would overflow in their own type; a boolean product is a logical one. Objects (fractions)
    stay.

    >>> as_array(np.array([True, False]), "x").dtype
    dtype('int64')
    """
    array = np.asarray(value)
    if array.dtype.kind in "fc":
        return array
    if array.dtype.kind in "biu":
        if array.dtype == np.uint64 and array.size and int(array.max()) > np.iinfo(np.int64).max:
            raise ValueError(f"{name} holds unsigned integers beyond 2**63 - 1; convert it to float64 first")
        return array.astype(np.int64, copy=False)
    if array.dtype.kind != "O":
        raise ValueError(f"{name} has the data type {array.dtype}; expected real, complex or integer numbers")
    return array


def per_axis(value: PerAxis, rank: int, name: str, least: int) -> tuple[int, ...]:
    """One integer for each spatial axis, from one integer for all of them or from a sequence.

    >>> per_axis(2, 3, "stride", least=1)
    (2, 2, 2)
    """
    values: tuple[Any, ...] = (value,) * rank if np.ndim(value) == 0 else tuple(value)  # type: ignore[arg-type]
    if len(values) != rank:
        raise ValueError(
            f"{name} = {value!r} has {len(values)} entries but there are {rank} spatial axes; "
            f"give one integer, or {rank} of them"
        )
    for entry in values:
        if isinstance(entry, bool) or not isinstance(entry, int | np.integer) or entry < least:
            raise ValueError(f"{name} = {value!r}: expected integers of at least {least}")
    return tuple(int(entry) for entry in values)


def padding_pairs(pad: Padding, rank: int) -> tuple[tuple[int, int], ...]:
    """(before, after) for each spatial axis, from one integer, one per axis, or one pair per axis.

    >>> padding_pairs(1, 2), padding_pairs((0, 2), 2), padding_pairs(((0, 1), 2), 2)
    (((1, 1), (1, 1)), ((0, 0), (2, 2)), ((0, 1), (2, 2)))
    """
    if isinstance(pad, bool | float | str):
        raise ValueError(f"pad = {pad!r}: expected integers of at least 0")
    if isinstance(pad, int | np.integer):
        pad = (int(pad),) * rank
    if len(pad) != rank:
        raise ValueError(
            f"pad = {pad!r} has {len(pad)} entries but there are {rank} spatial axes; "
            f"give one integer, {rank} integers, or {rank} pairs (before, after)"
        )
    pairs = []
    for entry in pad:
        pair = (entry, entry) if isinstance(entry, int | np.integer) else tuple(entry)
        if len(pair) != 2:
            raise ValueError(f"pad = {pad!r}: {entry!r} is neither an integer nor a pair (before, after)")
        if not all(isinstance(p, int | np.integer) and p >= 0 for p in pair):
            raise ValueError(f"pad = {pad!r}: expected integers of at least 0; to drop rows, slice the input")
        pairs.append((int(pair[0]), int(pair[1])))
    return tuple(pairs)


def convolution_axes(
    sizes: Sequence[int],
    kernels: Sequence[int],
    *,
    mode: str | None,
    stride: PerAxis,
    pad: Padding,
    dilation: PerAxis,
) -> Axes:
    """The axes of a convolution or cross-correlation.

    'valid' (and None) keeps windows that lie inside the padded input; 'full' pads by the kernel's extent −
    1 on both sides; 'same' is the centre of 'full', of the input's size, starting at (extent − 1)//2, as
    SciPy's. A stride then takes every stride-th output. [Dumoulin & Visin 2016, relations 1 to 6]

    >>> convolution_axes((7,), (3,), mode=None, stride=2, pad=1, dilation=1)[0].outputs
    4
    """
    if mode is not None and mode not in MODES:
        raise ValueError(f"mode = {mode!r}; expected 'valid', 'full', 'same', or None with an explicit pad")
    rank = len(sizes)
    strides = per_axis(stride, rank, "stride", least=1)
    dilations = per_axis(dilation, rank, "dilation", least=1)
    pairs = padding_pairs(pad, rank)
    if mode in ("full", "same") and any(p for pair in pairs for p in pair):
        raise ValueError(f"mode = {mode!r} chooses the padding itself; leave out pad = {pad!r} or the mode")
    return tuple(
        _convolution_axis(number, *entry, mode=mode)
        for number, entry in enumerate(zip(sizes, kernels, strides, dilations, pairs, strict=True))
    )


def _convolution_axis(
    number: int,
    size: int,
    kernel: int,
    stride: int,
    dilation: int,
    pair: tuple[int, int],
    *,
    mode: str | None,
) -> Axis:
    if kernel < 1:
        raise ValueError(f"spatial axis {number}: the kernel has {kernel} rows; expected at least 1")
    if size < 1:
        raise ValueError(f"spatial axis {number}: the input has {size} rows; expected at least 1")
    reach = dilation * (kernel - 1)
    if mode == "full":
        pair = (reach, reach)
    elif mode == "same":
        pair = (reach - reach // 2, reach // 2)
    free = size + sum(pair) - reach - 1
    if free < 0:
        raise ValueError(
            f"spatial axis {number}: the kernel covers {reach + 1} rows (kernel {kernel}, dilation "
            f"{dilation}) but the "
            f"padded input has {size + sum(pair)} (size {size}, pad {pair[0]} + {pair[1]}); "
            f"add {-free} row(s) of padding or use mode='full'"
        )
    return Axis(size, kernel, stride, dilation, pair[0], pair[1], free // stride + 1)


def pooling_axes(sizes: Sequence[int], windows: PerAxis, *, stride: PerAxis | None, pad: Padding, ceil: bool) -> Axes:
    """The axes of a pooling layer: floor((size + pads − f)/s) + 1 windows, with ceil instead of floor in ceil mode.

    In ceil mode the last window may hang over the end, but it starts inside the input or its left padding.
    A padding must be smaller than the window, so that every window holds at least one entry of the input.
    [PyTorch documentation of MaxPool2d: shape]

    >>> [pooling_axes((5,), 2, stride=None, pad=0, ceil=c)[0].outputs for c in (False, True)]
    [2, 3]
    """
    rank = len(sizes)
    sides = per_axis(windows, rank, "window", least=1)
    strides = sides if stride is None else per_axis(stride, rank, "stride", least=1)
    pairs = padding_pairs(pad, rank)
    return tuple(
        _pooling_axis(number, *entry, ceil=ceil)
        for number, entry in enumerate(zip(sizes, sides, strides, pairs, strict=True))
    )


def _pooling_axis(number: int, size: int, side: int, stride: int, pair: tuple[int, int], *, ceil: bool) -> Axis:
    if size < 1:
        raise ValueError(f"spatial axis {number}: the input has {size} rows; expected at least 1")
    if max(pair) >= side:
        raise ValueError(
            f"spatial axis {number}: pad {max(pair)} is not smaller than the window {side}, so that a window "
            f"could hold padding only; use a pad of at most {side - 1}"
        )
    before, after = pair
    free = size + before + after - side
    outputs = (-(-free // stride) if ceil else free // stride) + 1
    if ceil and (outputs - 1) * stride >= size + before:
        outputs -= 1
    if outputs < 1:
        raise ValueError(
            f"spatial axis {number}: the window has {side} rows but the padded input "
            f"has {size + before + after}; use a window of at most {size + before + after} or ceil=True"
        )
    return Axis(size, side, stride, 1, before, after, outputs)


def pad_spatial(x: Array, axes: Axes) -> Array:
    """x framed by zeros: (..., *sizes) -> (..., *padded sizes); x itself if there is nothing to add."""
    lead = x.shape[: x.ndim - len(axes)]
    shape = lead + tuple(axis.padded for axis in axes)
    if shape == x.shape:
        return x
    framed = np.zeros(shape, dtype=x.dtype)
    framed[interior(axes)] = x
    return framed


def interior(axes: Axes) -> tuple[Any, ...]:
    """The index that cuts the input out of its padded frame."""
    return (..., *(slice(axis.before, axis.before + axis.size) for axis in axes))


def sliding_windows(framed: Array, axes: Axes) -> Array:
    """A read-only view (..., *padded) -> (..., *outputs, *kernels) of every window, strided and dilated."""
    spatial = tuple(range(framed.ndim - len(axes), framed.ndim))
    extents = tuple(axis.extent for axis in axes)
    view = np.lib.stride_tricks.sliding_window_view(framed, extents, axis=spatial)
    starts = (slice(0, axis.stride * (axis.outputs - 1) + 1, axis.stride) for axis in axes)
    index: Any = (..., *starts, *(slice(None, None, axis.dilation) for axis in axes))
    chosen: Array = view[index]
    return chosen


def add_windows(windows: Array, axes: Axes) -> Array:
    """The adjoint of padding and `sliding_windows`: (..., *kernels, *outputs) -> (..., *sizes).

    Overlaps are added; rows that no window reads stay 0: the tail rule. (The kernel axes come first here,
    as the products leave them.)  One spatial axis is folded after the other.
    """
    rank = len(axes)
    lead = windows.ndim - 2 * rank
    for number in reversed(range(rank)):
        windows = _fold(windows, axes[number], kernel=lead + number, outputs=number - rank)
    inner: Array = windows[interior(axes)]
    return inner


def _fold(windows: Array, axis: Axis, *, kernel: int, outputs: int) -> Array:
    """One axis of `add_windows`: the kernel's rows and the outputs become rows of the padded input."""
    shape = [*windows.shape[:kernel], *windows.shape[kernel + 1 :]]
    shape[outputs] = axis.padded
    framed = np.zeros(shape, dtype=windows.dtype)
    rows = np.moveaxis(framed, outputs, -1)
    pairs = np.moveaxis(windows, (kernel, outputs), (-2, -1))
    if axis.outputs < axis.kernel:
        # few windows: add each of them whole
        for i, start in enumerate(range(0, axis.stride * axis.outputs, axis.stride)):
            rows[..., start : start + axis.extent : axis.dilation] += pairs[..., i]
    else:
        # few kernel rows: add what all windows hold there
        end = axis.stride * (axis.outputs - 1) + 1
        for k, start in enumerate(range(0, axis.extent, axis.dilation)):
            rows[..., start : start + end : axis.stride] += pairs[..., k, :]
    return framed


def window_places(axes: Axes, maps: int) -> NDArray[np.intp]:
    """Where each window entry lies in padded maps laid end to end: (maps, *kernels, *outputs) flat positions.

    >>> window_places((Axis(size=3, kernel=2, stride=1, dilation=1, before=0, after=0, outputs=2),), 1).tolist()
    [[[0, 1], [1, 2]]]
    """
    rank = len(axes)
    padded = tuple(axis.padded for axis in axes)
    flat = np.arange(maps * math.prod(padded), dtype=np.intp).reshape(maps, *padded)
    order = (0, *range(1 + rank, 1 + 2 * rank), *range(1, 1 + rank))
    return np.ascontiguousarray(sliding_windows(flat, axes).transpose(order))


def expect_shape(array: Array, shape: tuple[int, ...], name: str, meaning: str) -> None:
    """Refuse an array of another shape, naming both."""
    if array.shape != shape:
        raise ValueError(f"{name} has shape {array.shape} but {meaning} has shape {shape}")
