"""Convolution, correlation and pooling on one map, tap by tap.

Law: the kernel's taps are the only loop. For each tap, the entries of the data that it meets at all positions
are one strided slice of the data framed by zeros. `conv` is `corr` with the kernel reversed on every axis.
Nothing else differs between the modes than the frame and the first position.

What it cannot see: channels and batches. They are sums over maps, which the caller writes down.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np

from numeric.operators.arrays import (
    Array,
    Pairs,
    Sizes,
    Tie,
    common_type,
    last,
    quotient,
    real,
    require,
    tensor_shape,
)


def _taps(extents: Sizes) -> Iterator[Sizes]:
    return itertools.product(*(range(extent) for extent in extents))


def _framed(x: Array, pairs: Pairs, fill: object = 0) -> Array:
    """x with `before` and `after` further entries on its last axes."""
    if not any(width for pair in pairs for width in pair):
        return x
    leading = x.ndim - len(pairs)
    shape = (*x.shape[:leading], *(n + p + q for n, (p, q) in zip(x.shape[leading:], pairs, strict=True)))
    frame = np.full(shape, fill, dtype=x.dtype)
    inside = tuple(slice(p, p + n) for n, (p, _) in zip(x.shape[leading:], pairs, strict=True))
    frame[last(*inside)] = x
    return frame


def _positive(name: str, values: Sizes) -> None:
    require(all(value >= 1 for value in values), f"{name} {values} is not positive")


def _paddings(pad: Pairs) -> None:
    require(all(width >= 0 for pair in pad for width in pair), f"the padding {pad} is negative")


def corr(
    x: Array,
    k: Array,
    mode: str = "valid",
    stride: Sizes | None = None,
    pad: Pairs | None = None,
    dilation: Sizes | None = None,
    *,
    stack: int = 0,
) -> Array:
    """Cross-correlation of data x with a kernel k of the same rank, not flipped.

    y[i] = Σ_t k[t]·x[s·i + o + d·t − p], zeros outside x; o = 0 for `valid`. With K the extent d·(k − 1) + 1
    of the dilated kernel, `full` begins at o = −(K − 1), `same` at o = −(K − 1) + (K − 1)//2 and has as many
    positions, before the stride, as the padded data. [Goodfellow, Bengio & Courville 2016, eq. 9.6]

    >>> corr(np.array([1, 2, 3, 4]), np.array([1, 0, -1]))
    array([-2, -2])
    """
    sizes, taps = tensor_shape(x, stack), tensor_shape(k, stack)
    require(len(sizes) == len(taps), f"data of shape {sizes} and a kernel of shape {taps}")
    rank = len(sizes)
    strides, dilations = stride or (1,) * rank, dilation or (1,) * rank
    pairs = pad or ((0, 0),) * rank
    _positive("the stride", strides)
    _positive("the dilation", dilations)
    _paddings(pairs)
    require(all(tap >= 1 for tap in taps), f"a kernel of shape {taps}")
    widths, counts = [], []
    for n, m, s, d, (before, after) in zip(sizes, taps, strides, dilations, pairs, strict=True):
        reach = d * (m - 1)
        padded = n + before + after
        skipped = {"valid": reach, "full": 0, "same": reach // 2}[mode]
        positions = {"valid": padded - reach, "full": padded + reach, "same": padded}[mode]
        require(positions >= 1, f"a kernel over {reach + 1} rows and data with {padded} rows, mode {mode}")
        # framed by `reach` rows, position 0 is the first of `full`; the others begin `skipped` rows later
        widths.append((before + reach - skipped, after + reach))
        counts.append((positions - 1) // s + 1)
    framed = _framed(x, tuple(widths))
    leading = np.broadcast_shapes(x.shape[:stack], k.shape[:stack])
    result = np.zeros((*leading, *counts), dtype=common_type(x, k))
    for tap in _taps(taps):
        met = tuple(
            slice(d * t, d * t + s * (count - 1) + 1, s)
            for t, d, s, count in zip(tap, dilations, strides, counts, strict=True)
        )
        weight = k[last(*tap)].reshape(*k.shape[:stack], *[1] * rank)
        result += framed[last(*met)] * weight
    return result


def conv(
    x: Array,
    k: Array,
    mode: str = "valid",
    stride: Sizes | None = None,
    pad: Pairs | None = None,
    dilation: Sizes | None = None,
    *,
    stack: int = 0,
) -> Array:
    """True convolution: the kernel is flipped on every axis [Goodfellow, Bengio & Courville 2016, eq. 9.4].

    >>> conv(np.array([1, 2]), np.array([1, 10]), "full")
    array([ 1, 12, 20])
    """
    flipped = np.flip(k, axis=tuple(range(stack, k.ndim)))
    return corr(x, flipped, mode, stride, pad, dilation, stack=stack)


def convolve(a: Array, b: Array, mode: str = "valid", *, stack: int = 0) -> Array:
    """The commutative A ∗ B: for `valid` the smaller slides over the larger, whichever it is.

    >>> convolve(np.array([1, 10]), np.array([1, 2, 3]))
    array([12, 23])
    """
    first, second = tensor_shape(a, stack), tensor_shape(b, stack)
    require(all(size >= 1 for size in (*first, *second)), f"a convolution of shapes {first} and {second}")
    if mode == "valid" and any(n < m for n, m in zip(first, second, strict=True)):
        return conv(b, a, mode, stack=stack)
    return conv(a, b, mode, stack=stack)


# -- pooling -------------------------------------------------------------------------------------------------


def _window_counts(sizes: Sizes, f: Sizes, stride: Sizes, pad: Pairs, ceil: bool) -> Sizes:
    """How many windows stand on each axis.

    Complete ones; with `ceil` also the partial ones that begin inside the data or the padding before it. One
    complete window must fit. [PyTorch documentation of MaxPool2d: shape]
    """
    _positive("the window", f)
    _positive("the stride", stride)
    _paddings(pad)
    counts = []
    for n, w, s, (before, after) in zip(sizes, f, stride, pad, strict=True):
        require(n >= 1, "pooling of no rows")
        room = n + before + after - w
        require(room >= 0, f"a window of {w} rows on {n + before + after} rows")
        starts = range(0, n + before, s) if ceil else range(0, room + 1, s)
        counts.append(sum(1 for start in starts if start - room < s))
    return tuple(counts)


def _window_entries(
    x: Array, f: Sizes, stride: Sizes, pad: Pairs, ceil: bool, *, fill: object = 0
) -> tuple[Array, Sizes]:
    """(taps, ..., windows): what each tap of every window meets, `fill` outside x; and the number of
    windows."""
    sizes = x.shape[x.ndim - len(f) :]
    counts = _window_counts(sizes, f, stride, pad, ceil)
    widths = []
    for n, w, s, count, (before, after) in zip(sizes, f, stride, counts, pad, strict=True):
        reached = s * (count - 1) + w
        widths.append((before, max(after, reached - n - before)))
    framed = _framed(x, tuple(widths), fill)
    met = [
        framed[last(*(slice(t, t + s * (c - 1) + 1, s) for t, s, c in zip(tap, stride, counts, strict=True)))]
        for tap in _taps(f)
    ]
    return np.stack(met), counts


def _defaults(f: Sizes, stride: Sizes | None, pad: Pairs | None) -> tuple[Sizes, Pairs]:
    return stride or f, pad or ((0, 0),) * len(f)


def sum_pool(
    x: Array, f: Sizes, stride: Sizes | None = None, pad: Pairs | None = None, ceil: bool = False, *, stack: int = 0
) -> Array:
    """The sum over each window of the last len(f) axes; zeros outside x. [Bouvrie 2006, sec. 3.2]

    >>> sum_pool(np.array([1, 2, 3, 4, 5]), (2,))
    array([3, 7])
    """
    strides, pairs = _defaults(f, stride, pad)
    met, _ = _window_entries(x, f, strides, pairs, bool(ceil))
    return np.asarray(met.sum(axis=0))


def mean_pool(
    x: Array, f: Sizes, stride: Sizes | None = None, pad: Pairs | None = None, ceil: bool = False, *, stack: int = 0
) -> Array:
    """The mean over each window; padded zeros count, rows beyond the padding (of partial windows) do not.

    [PyTorch documentation of AvgPool2d: count_include_pad, ceil_mode]

    >>> mean_pool(np.array([1, 3, 3, 4]), (2,))
    array([2, Fraction(7, 2)], dtype=object)
    """
    strides, pairs = _defaults(f, stride, pad)
    summed = sum_pool(x, f, strides, pairs, ceil)
    area = np.ones((), dtype=np.int64)
    for n, w, s, (before, after), count in zip(
        x.shape[x.ndim - len(f) :], f, strides, pairs, summed.shape[summed.ndim - len(f) :], strict=True
    ):
        inside = np.array([min(w, n + before + after - s * i) for i in range(count)], dtype=np.int64)
        area = area[..., None] * inside
    return quotient(summed, area)


def max_places(
    x: Array, f: Sizes, stride: Sizes | None = None, pad: Pairs | None = None, ceil: bool = False
) -> tuple[Array, Array]:
    """For each window, the number of the tap with the largest entry (row-major), and whether another one
    equals it.

    A place outside x never wins. Of complex entries the real parts are compared.

    >>> max_places(np.array([1, 3, 5, 5]), (2,))
    (array([1, 0]), array([False,  True]))
    """
    strides, pairs = _defaults(f, stride, pad)
    require(all(w > p for w, pair in zip(f, pairs, strict=True) for p in pair), "padding as large as the window")
    inside, _ = _window_entries(np.ones(x.shape, dtype=bool), f, strides, pairs, bool(ceil), fill=False)
    met, _ = _window_entries(real(x), f, strides, pairs, bool(ceil))
    best = np.zeros(met.shape[1:], dtype=np.int64)
    value = met[0].copy()
    found = inside[0].copy()
    tied = np.zeros(met.shape[1:], dtype=bool)
    for tap in range(1, len(met)):
        better = inside[tap] & (~found | (met[tap] > value).astype(bool))
        equal = inside[tap] & found & (met[tap] == value).astype(bool)
        tied = np.where(better, False, tied | equal)
        best = np.where(better, tap, best)
        value = np.where(better, met[tap], value)
        found |= inside[tap]
    return best, tied


def max_pool(
    x: Array, f: Sizes, stride: Sizes | None = None, pad: Pairs | None = None, ceil: bool = False, *, stack: int = 0
) -> Array:
    """The largest entry of each window; a padded place is never taken.

    >>> max_pool(np.array([[1, 3, 0], [-2, 0, 3], [2, -3, -1]]), (2, 2), (1, 1))
    array([[3, 3],
           [2, 3]])
    """
    strides, pairs = _defaults(f, stride, pad)
    best, _ = max_places(x, f, strides, pairs, ceil)
    met, _ = _window_entries(x, f, strides, pairs, bool(ceil))
    return np.asarray(np.take_along_axis(met, best[None], axis=0)[0])


def max_unpool(delta: Array, x: Array, f: Sizes, stride: Sizes | None = None, *, stack: int = 0) -> Array:
    """Each entry of delta at the place of its window's maximum in x, overlaps added; zeros elsewhere. x's
    shape.

    Raises Tie where a window has two largest entries. [Zeiler & Fergus 2014, sec. 2.1]

    >>> max_unpool(np.array([10, 20]), np.array([1, 3, 5, 2]), (2,))
    array([ 0, 10, 20,  0])
    """
    strides, pairs = _defaults(f, stride, None)
    best, tied = max_places(x, f, strides, pairs)
    if tied.any():
        raise Tie("a window has two largest entries")
    windows, given = tensor_shape(best, stack), tensor_shape(delta, stack)
    require(windows == given, f"{windows} windows and delta of shape {given}")
    leading = np.broadcast_shapes(x.shape[:stack], delta.shape[:stack])
    result = np.zeros((*leading, *tensor_shape(x, stack)), dtype=delta.dtype)
    for number, tap in enumerate(_taps(f)):
        places = tuple(
            slice(t, t + s * (c - 1) + 1, s)
            for t, s, c in zip(tap, strides, windows[len(windows) - len(f) :], strict=True)
        )
        result[last(*places)] += np.where(best == number, delta, 0)
    return result
