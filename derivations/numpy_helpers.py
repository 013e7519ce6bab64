"""The operators as short NumPy functions, for the programs that `gradproof derive --numpy` prints.

Why not `numeric.operators`: a printed program stands by itself and needs NumPy alone, so it carries the text of the
functions that it uses. They are written with whole-array operations, as one would write them in a project.

Law: a program that uses them is compared with `numeric/` before it is printed. Nothing else calls them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def corr(
    x: Array,
    k: Array,
    mode: str = "valid",
    stride: Sequence[int] = (),
    padding: Sequence[tuple[int, int]] = (),
    dilation: Sequence[int] = (),
) -> Array:
    """Cross-correlation over all axes."""
    reach = [step * (size - 1) for step, size in zip(dilation or [1] * k.ndim, k.shape, strict=True)]
    before = {"valid": [0] * k.ndim, "full": reach, "same": [r - r // 2 for r in reach]}[mode]
    after = {"valid": [0] * k.ndim, "full": reach, "same": [r // 2 for r in reach]}[mode]
    extra = padding or [(0, 0)] * k.ndim
    x = np.pad(x, [(b + p, a + q) for b, a, (p, q) in zip(before, after, extra, strict=True)])
    windows = np.lib.stride_tricks.sliding_window_view(x, [r + 1 for r in reach])
    places = tuple(slice(None, None, step) for step in (*(stride or [1] * k.ndim), *(dilation or [1] * k.ndim)))
    return np.tensordot(windows[places], k, axes=k.ndim)


def conv(
    x: Array,
    k: Array,
    mode: str = "valid",
    stride: Sequence[int] = (),
    padding: Sequence[tuple[int, int]] = (),
    dilation: Sequence[int] = (),
) -> Array:
    """True convolution over all axes: the kernel is flipped."""
    return corr(x, np.flip(k), mode, stride, padding, dilation)


def rot180(x: Array) -> Array:
    """The last two axes reversed."""
    return np.flip(x, axis=(-2, -1))


def up(x: Array, factors: Sequence[int]) -> Array:
    """Each entry repeated in a block."""
    for axis, factor in zip((-2, -1), factors, strict=True):
        x = np.repeat(x, factor, axis=axis)
    return x


def dilate(x: Array, steps: Sequence[int]) -> Array:
    """Zeros put between neighbours."""
    rows, columns = ((size - 1) * step + 1 if size else 0 for size, step in zip(x.shape[-2:], steps, strict=True))
    wide = np.zeros((*x.shape[:-2], rows, columns), x.dtype)
    wide[..., :: steps[0], :: steps[1]] = x
    return wide


def pad(x: Array, pairs: Sequence[tuple[int, int]]) -> Array:
    """Zeros put around the last two axes."""
    return np.pad(x, [(0, 0)] * (x.ndim - 2) + list(pairs))


def crop(x: Array, pairs: Sequence[tuple[int, int]]) -> Array:
    """Rows and columns dropped at the sides of the last two axes."""
    (top, bottom), (left, right) = pairs
    return x[..., top : x.shape[-2] - bottom, left : x.shape[-1] - right]


def resize(x: Array, shape: tuple[int, int]) -> Array:
    """x in the top left corner of a frame of zeros, cut where it is larger."""
    rows, columns = shape
    frame = np.zeros((*x.shape[:-2], rows, columns), x.dtype)
    high, wide = min(rows, x.shape[-2]), min(columns, x.shape[-1])
    frame[..., :high, :wide] = x[..., :high, :wide]
    return frame


def sum_pool(x: Array, window: Sequence[int], stride: Sequence[int]) -> Array:
    """The sums of complete windows."""
    windows = np.lib.stride_tricks.sliding_window_view(x, tuple(window), axis=(-2, -1))
    sums: Array = windows[..., :: stride[0], :: stride[1], :, :].sum(axis=(-2, -1))
    return sums
