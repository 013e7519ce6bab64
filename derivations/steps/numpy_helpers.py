"""The operators as short NumPy functions, for the programs that `gradproof derive --numpy` prints.

Why not `numeric.operators`: a printed program stands by itself and needs NumPy alone, so it carries the text of the
functions that it uses. They are written with whole-array operations, as one would write them in a project.

Law: a program that uses them is compared with `numeric/` before it is printed. Nothing else calls them.
"""

from __future__ import annotations

import math
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
    return np.flip(x, axis=tuple(range(-min(2, x.ndim), 0)))


def up(x: Array, factors: Sequence[int]) -> Array:
    """Each entry repeated in a block."""
    for axis, factor in zip(range(-len(factors), 0), factors, strict=True):
        x = np.repeat(x, factor, axis=axis)
    return x


def dilate(x: Array, steps: Sequence[int]) -> Array:
    """Zeros put between neighbours along the last axes."""
    lead, sizes = x.shape[: x.ndim - len(steps)], x.shape[x.ndim - len(steps) :]
    wide = np.zeros((*lead, *[(n - 1) * s + 1 if n else 0 for n, s in zip(sizes, steps, strict=True)]), x.dtype)
    places: tuple[Any, ...] = (..., *[slice(None, None, step) for step in steps])
    wide[places] = x
    return wide


def pad(x: Array, pairs: Sequence[tuple[int, int]]) -> Array:
    """Zeros put around the last axes."""
    return np.pad(x, [(0, 0)] * (x.ndim - len(pairs)) + list(pairs))


def crop(x: Array, pairs: Sequence[tuple[int, int]]) -> Array:
    """Rows and columns dropped at the sides of the last axes."""
    sizes = x.shape[x.ndim - len(pairs) :]
    kept: tuple[Any, ...] = (..., *[slice(b, n - a) for n, (b, a) in zip(sizes, pairs, strict=True)])
    inside: Array = x[kept]
    return inside


def resize(x: Array, shape: Sequence[int]) -> Array:
    """x in the first corner of a frame of zeros, cut where it is larger."""
    lead, sizes = x.shape[: x.ndim - len(shape)], x.shape[x.ndim - len(shape) :]
    frame = np.zeros((*lead, *shape), x.dtype)
    kept: tuple[Any, ...] = (..., *[slice(0, min(n, size)) for n, size in zip(sizes, shape, strict=True)])
    frame[kept] = x[kept]
    return frame


def broadcast(x: Array, shape: Sequence[int], axes: Sequence[int]) -> Array:
    """x repeated along new axes; `axes` are those of the result that are x's."""
    places = [axis % len(shape) for axis in axes]
    wide = np.transpose(x, np.argsort(places)).reshape([n if t in places else 1 for t, n in enumerate(shape)])
    return np.broadcast_to(wide, shape)


def sum_pool(x: Array, window: Sequence[int], stride: Sequence[int]) -> Array:
    """The sums of complete windows over the last axes."""
    axes = tuple(range(-len(window), 0))
    windows = np.lib.stride_tricks.sliding_window_view(x, tuple(window), axis=axes)
    taken: tuple[Any, ...] = (..., *[slice(None, None, s) for s in stride], *[slice(None)] * len(window))
    sums: Array = windows[taken].sum(axis=axes)
    return sums


def max_pool(x: Array, window: Sequence[int], stride: Sequence[int]) -> Array:
    """The maxima of complete windows over the last axes."""
    axes = tuple(range(-len(window), 0))
    windows = np.lib.stride_tricks.sliding_window_view(x, tuple(window), axis=axes)
    taken: tuple[Any, ...] = (..., *[slice(None, None, s) for s in stride], *[slice(None)] * len(window))
    maxima: Array = windows[taken].max(axis=axes)
    return maxima


def max_unpool(delta: Array, x: Array, window: Sequence[int], stride: Sequence[int]) -> Array:
    """Each entry of delta at the place of its window's maximum in x, overlaps added."""
    lead = x.ndim - len(window)
    found = np.zeros(x.shape, np.asarray(delta).dtype)
    for place in np.ndindex(*np.shape(delta)):
        corner = [s * i for s, i in zip(stride, place[lead:], strict=True)]
        cut = x[(*place[:lead], *[slice(c, c + f) for c, f in zip(corner, window, strict=True)])]
        offset = np.unravel_index(np.argmax(cut), cut.shape)
        found[(*place[:lead], *[c + int(o) for c, o in zip(corner, offset, strict=True)])] += delta[place]
    return found


def softmax(x: Array) -> Array:
    """exp(x) over its sum along the last axis."""
    powers = np.exp(x - x.max(axis=-1, keepdims=True))
    shares: Array = powers / powers.sum(axis=-1, keepdims=True)
    return shares


def sigmoid(x: Array) -> Array:
    """1 / (1 + exp(-x)), without overflow."""
    small = np.exp(-np.abs(x))
    value: Array = np.where(np.asarray(x) >= 0, 1 / (1 + small), small / (1 + small))
    return value


def softplus(x: Array) -> Array:
    """log(1 + exp(x)), without overflow."""
    value: Array = np.logaddexp(0, x)
    return value


def erf(x: Array) -> Array:
    """2/sqrt(pi) times the integral of exp(-t**2) from 0 to x."""
    value: Array = np.vectorize(math.erf, otypes=[float])(x)
    return value
