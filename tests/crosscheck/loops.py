"""The sliding operators once more as scalar loops, read off the language's reference sentence by sentence.

`full`: every overlap. `valid`: only complete overlaps. `same`: the centre of `full`, of the data's size, starting at
(K − 1)//2. The kernel of `conv` is flipped on every axis. Zeros outside.
"""

from __future__ import annotations

import itertools
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def entry(x: Array, place: tuple[int, ...]) -> Any:
    """x at a place, 0 outside."""
    inside = all(0 <= i < n for i, n in zip(place, x.shape, strict=True))
    return x[place] if inside else 0


def correlation(x: Array, k: Array, mode: str, stride: Any, pad: Any, dilation: Any) -> Array | None:
    """Cross-correlation, position by position; None where it does not exist."""
    axes = []
    for n, m, s, d, (before, after) in zip(x.shape, k.shape, stride, dilation, pad, strict=True):
        extent = d * (m - 1) + 1
        first, last = -before, n - 1 + after  # the padded data, in places of x
        every = list(range(first - extent + 1, last + 1))
        complete = [start for start in every if start >= first and start + extent - 1 <= last]
        centre = every[(extent - 1) // 2 :][: last - first + 1]
        starts = {"full": every, "valid": complete, "same": centre}[mode][::s]
        if not starts or m < 1:
            return None
        axes.append(starts)
    result = np.zeros([len(starts) for starts in axes], dtype=object)
    for output in np.ndindex(result.shape):
        for tap in np.ndindex(k.shape):
            place = tuple(axes[a][output[a]] + dilation[a] * tap[a] for a in range(x.ndim))
            result[output] += entry(x, place) * k[tap]
    return result


def windows(x: Array, f: Any, stride: Any, pad: Any, ceil: bool) -> dict[tuple[int, ...], list[tuple[int, ...]]] | None:
    """The places of every window on the last len(f) axes, those in the padding included; None: it does not exist."""
    axes = []
    for n, w, s, (before, after) in zip(x.shape[x.ndim - len(f) :], f, stride, pad, strict=True):
        last = n - 1 + after
        if n + before + after < w:
            return None
        starts = [start for start in range(-before, last + 1, s) if start + w - 1 <= last]
        if ceil:
            # partial windows too, but every window begins in the data or the padding before it, as PyTorch's do
            starts = []
            while -before + s * len(starts) < n and (not starts or starts[-1] + w - 1 < last):
                starts.append(-before + s * len(starts))
        axes.append([[place for place in range(start, start + w) if place <= last] for start in starts])
    found = {}
    for output in itertools.product(*(range(len(starts)) for starts in axes)):
        chosen = [axes[a][i] for a, i in enumerate(output)]
        found[output] = list(itertools.product(*chosen))
    return found


def pooled(x: Array, f: Any, stride: Any, pad: Any, ceil: bool, kind: str) -> Array | None:
    """Sum, mean or maximum over the windows of the last len(f) axes."""
    found = windows(x, f, stride, pad, ceil)
    if found is None:
        return None
    if kind == "max_pool" and any(p >= w for w, pair in zip(f, pad, strict=True) for p in pair):
        return None
    counts = [1 + max(output[axis] for output in found) for axis in range(len(f))]
    lead = x.shape[: x.ndim - len(f)]
    result = np.zeros((*lead, *counts), dtype=object)
    for outer in np.ndindex(lead):
        for output, places in found.items():
            values = [entry(x[outer], place) for place in places]
            if kind == "max_pool":
                inside = [p for p in places if all(0 <= i < n for i, n in zip(p, x[outer].shape, strict=True))]
                result[outer + output] = max(x[outer][p] for p in inside)
            else:
                result[outer + output] = sum(values) if kind == "sum_pool" else Fraction(int(sum(values)), len(values))
    return result
