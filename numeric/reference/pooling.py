"""Pooling as lists of windows, each a list of places.

Why: the definition that the fast pooling layers are held against.

Law: `windows` lists for each output the input indices that its window holds; padding is never in the list.

What it cannot see: NaN is not treated; the fast layer's tests do that.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product
from typing import Any

import numpy as np

from numeric.reference.pointwise import ACTIVATIONS
from numeric.reference.sliding import Array, Index, both_sides, each_axis


def pooling_starts(size: int, side: int, stride: int, pad: int | Sequence[int], ceil: bool) -> list[int]:
    """The rows at which windows begin.

    Complete windows first. In ceil mode one more is kept if the window before it (imagined, for the first)
    ends before the padded input does and if it begins before the input ends.

    >>> pooling_starts(5, 2, 2, 0, False), pooling_starts(5, 2, 2, 0, True), pooling_starts(3, 2, 2, 1, False)
    ([0, 2], [0, 2, 4], [-1, 1])
    """
    before, after = both_sides(pad)
    starts = []
    start = -before
    while start + side <= size + after:
        starts.append(start)
        start += stride
    if ceil and start - stride + side < size + after and start < size:
        starts.append(start)
    return starts


def windows(
    shape: Index, f: int | Sequence[int], stride: Any, pad: Any, ceil: bool
) -> tuple[Index, dict[Index, list[Index]]]:
    """The output's shape, and for each output index the input indices in its window, in row-major order."""
    rank = len(shape) - 2 if isinstance(f, int) else len(f)
    cut = len(shape) - rank
    sides = each_axis(f, rank)
    steps = sides if stride is None else each_axis(stride, rank)
    columns = zip(shape[cut:], sides, steps, each_axis(pad, rank), strict=True)
    starts = [pooling_starts(size, side, step, p, ceil) for size, side, step, p in columns]
    outputs = tuple(len(entries) for entries in starts)
    held: dict[Index, list[Index]] = {}
    for lead, i in product(np.ndindex(*shape[:cut]), np.ndindex(*outputs)):
        reach = [range(starts[a][i[a]], starts[a][i[a]] + sides[a]) for a in range(rank)]
        inside = [[u for u in reach[a] if 0 <= u < shape[cut + a]] for a in range(rank)]
        held[(*lead, *i)] = [(*lead, *u) for u in product(*inside)]
    return (*shape[:cut], *outputs), held


def _pooled(x: Array, f: Any, stride: Any, pad: Any, ceil: bool, rule: Callable[[list[Any]], Any], dtype: Any) -> Array:
    shape, held = windows(x.shape, f, stride, pad, ceil)
    y = np.zeros(shape, dtype=dtype)
    for out, places in held.items():
        y[out] = rule([x[place] for place in places])
    return y


def sum_pool(x: Array, f: Any, *, stride: Any = None, pad: Any = 0, ceil: bool = False) -> Array:
    """The sum of each window.

    >>> sum_pool(np.array([[[3, 1, 4, 1, 5]]]), 2)
    array([[[4, 5]]])
    """
    return _pooled(x, f, stride, pad, ceil, sum, x.dtype)


def sum_pool_backward(delta: Array, x: Array, f: Any, *, stride: Any = None, pad: Any = 0, ceil: bool = False) -> Array:
    """Every entry of a window receives the window's delta.

    >>> sum_pool_backward(np.array([[[7, 8]]]), np.array([[[3, 1, 4, 1, 5]]]), 2)
    array([[[7, 7, 8, 8, 0]]])
    """
    _, held = windows(x.shape, f, stride, pad, ceil)
    dx = np.zeros(x.shape, dtype=delta.dtype)
    for out, places in held.items():
        for place in places:
            dx[place] += delta[out]
    return dx


def _counts(x: Array, f: Any, stride: Any, pad: Any, ceil: bool, count: str) -> Array:
    shape, held = windows(x.shape, f, stride, pad, ceil)
    area = int(np.prod(each_axis(f, x.ndim - 2 if isinstance(f, int) else len(f))))
    counts = np.zeros(shape)
    for out, places in held.items():
        counts[out] = area if count == "window" else len(places)
    return counts


def mean_pool(
    x: Array, f: Any, *, stride: Any = None, pad: Any = 0, ceil: bool = False, count: str = "window"
) -> Array:
    """The sum of each window over the number of its entries.

    >>> mean_pool(np.array([[[3, 1, 4, 1, 5]]]), 2)
    array([[[2. , 2.5]]])
    """
    counts = _counts(x, f, stride, pad, ceil, count)
    result: Array = sum_pool(x, f, stride=stride, pad=pad, ceil=ceil) / counts
    return result


def mean_pool_backward(
    delta: Array,
    x: Array,
    f: Any,
    *,
    stride: Any = None,
    pad: Any = 0,
    ceil: bool = False,
    count: str = "window",
) -> Array:
    """Every entry of a window receives its share of the window's delta.

    >>> mean_pool_backward(np.array([[[7, 8]]]), np.array([[[3, 1, 4, 1]]]), 2)
    array([[[3.5, 3.5, 4. , 4. ]]])
    """
    shares = delta / _counts(x, f, stride, pad, ceil, count)
    return sum_pool_backward(shares, x, f, stride=stride, pad=pad, ceil=ceil)


def max_pool(x: Array, f: Any, *, stride: Any = None, pad: Any = 0, ceil: bool = False) -> Array:
    """The largest entry of each window.

    >>> max_pool(np.array([[[3, 1, 4, 1, 5]]]), 2)
    array([[[3, 4]]])
    """
    return _pooled(x, f, stride, pad, ceil, max, x.dtype)


def _winners(x: Array, places: list[Index]) -> list[Index]:
    largest = max(x[place] for place in places)
    return [place for place in places if x[place] == largest]


def max_pool_backward(
    delta: Array,
    x: Array,
    f: Any,
    *,
    stride: Any = None,
    pad: Any = 0,
    ceil: bool = False,
    ties: str = "first",
) -> Array:
    """The window's delta goes to its first largest entry, or in equal shares to all of them.

    >>> max_pool_backward(np.array([[[7, 8]]]), np.array([[[3, 1, 4, 4]]]), 2, ties="split")
    array([[[7., 0., 4., 4.]]])
    """
    _, held = windows(x.shape, f, stride, pad, ceil)
    dx = np.zeros(x.shape, dtype=delta.dtype if ties == "first" else np.result_type(delta, 0.5))
    for out, places in held.items():
        winners = _winners(x, places)
        if ties == "first":
            dx[winners[0]] += delta[out]
        else:
            for place in winners:
                dx[place] += delta[out] / len(winners)
    return dx


def max_pool_ties(x: Array, f: Any, *, stride: Any = None, pad: Any = 0, ceil: bool = False) -> Array:
    """Whether more than one entry of the window is largest.

    >>> max_pool_ties(np.array([[[3, 1, 4, 4]]]), 2)
    array([[[False,  True]]])
    """
    return _pooled(x, f, stride, pad, ceil, lambda entries: entries.count(max(entries)) > 1, bool)


def max_pool_margin(x: Array, f: Any, *, stride: Any = None, pad: Any = 0, ceil: bool = False) -> Array:
    """The largest entry of the window minus the second largest; ∞ with one entry.

    >>> max_pool_margin(np.array([[[3, 1, 4, 4]]]), 2)
    array([[[2., 0.]]])
    """

    def gap(entries: list[Any]) -> float:
        ordered = sorted(entries, reverse=True)
        return float(ordered[0] - ordered[1]) if len(ordered) > 1 else float("inf")

    return _pooled(x, f, stride, pad, ceil, gap, float)


def max_pool_subgradient(
    delta: Array, x: Array, f: Any, *, stride: Any = None, pad: Any = 0, ceil: bool = False
) -> tuple[Array, Array]:
    """(low, high) of what each entry may receive: all of delta if it alone is largest, something up to it in a tie.

    >>> max_pool_subgradient(np.array([[[7, -8]]]), np.array([[[3, 1, 4, 4]]]), 2)
    (array([[[ 7,  0, -8, -8]]]), array([[[7, 0, 0, 0]]]))
    """
    _, held = windows(x.shape, f, stride, pad, ceil)
    low, high = np.zeros(x.shape, dtype=delta.dtype), np.zeros(x.shape, dtype=delta.dtype)
    for out, places in held.items():
        winners = _winners(x, places)
        for place in winners:
            low[place] += delta[out] if len(winners) == 1 else min(delta[out], 0)
            high[place] += delta[out] if len(winners) == 1 else max(delta[out], 0)
    return low, high


_POOLS = {
    "sum": (sum_pool, sum_pool_backward),
    "mean": (mean_pool, mean_pool_backward),
    "max": (max_pool, max_pool_backward),
}


def _of_map(parameter: Any, out: Index) -> Any:
    return parameter if np.ndim(parameter) == 0 else parameter[out[1]]


def pooling_layer(
    a: Array, beta: Any, b: Any, f: Any, *, activation: Any = None, kind: str = "mean", **options: Any
) -> Array:
    """activation(β·down(a) + b), entry by entry; the activation is given by its name.

    >>> pooling_layer(np.array([[[1, 2, 3, 4]]]), 10, 1, 2, kind="sum")
    array([[[31., 71.]]])
    """
    down = _POOLS[kind][0](a, f, **options)
    function, _ = ACTIVATIONS[activation or "identity"]
    y = np.zeros(down.shape)
    for out in np.ndindex(*down.shape):
        y[out] = function(_of_map(beta, out) * down[out] + _of_map(b, out))
    return y


def pooling_layer_backward(
    delta: Array,
    a: Array,
    beta: Any,
    b: Any,
    f: Any,
    *,
    activation: Any = None,
    kind: str = "mean",
    **options: Any,
) -> tuple[Array, Array, Array]:
    """(da, dbeta, db), entry by entry.

    >>> pooling_layer_backward(np.array([[[1, 2]]]), np.array([[[1, 2, 3, 4]]]), 10, 1, 2, kind="sum")
    (array([[[10., 10., 20., 20.]]]), array(17.), array(3.))
    """
    pool, pool_backward = _POOLS[kind]
    down = pool(a, f, **options)
    _, derivative = ACTIVATIONS[activation or "identity"]
    inner = np.zeros(down.shape)
    dbeta, db = np.zeros(np.shape(beta)), np.zeros(np.shape(b))
    for out in np.ndindex(*down.shape):
        g = delta[out] * derivative(_of_map(beta, out) * down[out] + _of_map(b, out))
        inner[out] = g * _of_map(beta, out)
        dbeta[() if np.ndim(beta) == 0 else out[1]] += g * down[out]
        db[() if np.ndim(b) == 0 else out[1]] += g
    return pool_backward(inner, a, f, **options), dbeta, db
