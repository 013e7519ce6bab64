"""Cross-correlation and convolution as sums over listed windows.

Why: the definition that the fast layers are held against.

Law: `window_starts` lists where windows begin; `correlation_terms` lists every product that is added up.
Forward and both gradients are three ways to add the same list.

What it cannot see: anything about speed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Index = tuple[int, ...]
Term = tuple[Index, Index, Index]
Window = tuple[list[int], int, int]


def each_axis(value: int | Sequence[Any], rank: int) -> list[Any]:
    """One value for each spatial axis.

    >>> each_axis(3, 2), each_axis((3, 4), 2)
    ([3, 3], [3, 4])
    """
    return [value] * rank if isinstance(value, int) else list(value)


def both_sides(pad: int | Sequence[int]) -> tuple[int, int]:
    """(before, after) from one number or a pair."""
    return (pad, pad) if isinstance(pad, int) else (pad[0], pad[1])


def window_starts(
    size: int, kernel: int, mode: str | None, stride: int, pad: int | Sequence[int], dilation: int
) -> list[int]:
    """The input rows at which windows begin, negative inside the padding.

    Windows move row by row as long as they fit; 'same' keeps the middle `size` of the 'full' ones, from
    number (extent − 1)//2 on; then every stride-th is taken.

    >>> window_starts(4, 3, "full", 1, 0, 1), window_starts(4, 3, "same", 1, 0, 1)
    ([-2, -1, 0, 1, 2, 3], [-1, 0, 1, 2])
    >>> window_starts(4, 3, None, 2, 1, 1)
    [-1, 1]
    """
    extent = dilation * (kernel - 1) + 1
    before, after = both_sides(pad)
    if mode in ("full", "same"):
        before = after = extent - 1
    starts = []
    start = -before
    while start + extent <= size + after:
        starts.append(start)
        start += 1
    if mode == "same":
        starts = starts[(extent - 1) // 2 :][:size]
    return starts[::stride]


def correlation_terms(
    x: Index,
    w: Index,
    mode: str | None,
    stride: int | Sequence[int],
    pad: int | Sequence[Any],
    dilation: int | Sequence[int],
    groups: int,
) -> tuple[Index, Iterator[Term]]:
    """The output's shape, and (output index, input index, kernel index) of every product, for shapes x and w."""
    rank = len(x) - 2
    steps = each_axis(dilation, rank)
    columns = zip(x[2:], w[2:], each_axis(stride, rank), each_axis(pad, rank), steps, strict=True)
    starts = [window_starts(size, kernel, mode, s, p, d) for size, kernel, s, p, d in columns]
    outputs = tuple(len(entries) for entries in starts)

    def terms() -> Iterator[Term]:
        for n, f in product(range(x[0]), range(w[0])):
            group = f // (w[0] // groups)
            for i, c, k in product(np.ndindex(*outputs), range(w[1]), np.ndindex(*w[2:])):
                u = tuple(starts[a][i[a]] + steps[a] * k[a] for a in range(rank))
                if all(0 <= u[a] < x[2 + a] for a in range(rank)):
                    yield (n, f, *i), (n, group * w[1] + c, *u), (f, c, *k)

    return (x[0], w[0], *outputs), terms()


def correlate(
    x: Array,
    w: Array,
    b: Array | None = None,
    *,
    mode: str | None = None,
    stride: Any = 1,
    pad: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Array:
    """y[n, f, i] = b[f] + Σ_{c, k} x[n, c, stride·i + dilation·k − pad] w[f, c, k].

    >>> correlate(np.array([[[0, 1, 2, -1, 3]]]), np.array([[[1, 1, 0]]]))
    array([[[1, 3, 1]]])
    """
    shape, terms = correlation_terms(x.shape, w.shape, mode, stride, pad, dilation, groups)
    y = np.zeros(shape, dtype=np.result_type(x, w))
    for out, inside, tap in terms:
        y[out] += x[inside] * w[tap]
    if b is not None:
        y = y.astype(np.result_type(y, b))
        for out in np.ndindex(*shape):
            y[out] += b[out[1]]
    return y


def correlate_backward(
    delta: Array,
    x: Array,
    w: Array,
    *,
    mode: str | None = None,
    stride: Any = 1,
    pad: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> tuple[Array, Array, Array]:
    """(dx, dw, db): the same products, added up at the input's index and at the kernel's.

    >>> correlate_backward(np.array([[[1]]]), np.array([[[1, 2, 3]]]), np.array([[[5, 6]]]), stride=2)
    (array([[[5, 6, 0]]]), array([[[1, 2]]]), array([1]))
    """
    shape, terms = correlation_terms(x.shape, w.shape, mode, stride, pad, dilation, groups)
    dx = np.zeros(x.shape, dtype=np.result_type(delta, w))
    dw = np.zeros(w.shape, dtype=np.result_type(delta, x))
    db = np.zeros(w.shape[0], dtype=delta.dtype)
    for out, inside, tap in terms:
        dx[inside] += delta[out] * w[tap]
        dw[tap] += delta[out] * x[inside]
    for out in np.ndindex(*shape):
        db[out[1]] += delta[out]
    return dx, dw, db


def reverse_kernel(w: Array) -> Array:
    """w[f, c, K − 1 − k], entry by entry.

    >>> reverse_kernel(np.array([[[1, 2, 3]]]))
    array([[[3, 2, 1]]])
    """
    reversed_kernel = np.empty_like(w)
    for f, c, *k in np.ndindex(*w.shape):
        mirrored = tuple(size - 1 - entry for size, entry in zip(w.shape[2:], k, strict=True))
        reversed_kernel[(f, c, *k)] = w[(f, c, *mirrored)]
    return reversed_kernel


def convolve(x: Array, w: Array, b: Array | None = None, **options: Any) -> Array:
    """Cross-correlation with the reversed kernel.

    >>> convolve(np.array([[[0, 1, 2, -1, 3]]]), np.array([[[1, 1, 0]]]))
    array([[[3, 1, 2]]])
    """
    return correlate(x, reverse_kernel(w), b, **options)


def convolve_backward(delta: Array, x: Array, w: Array, **options: Any) -> tuple[Array, Array, Array]:
    """(dx, dw, db) of `convolve`.

    >>> convolve_backward(np.array([[[1]]]), np.array([[[1, 2, 3]]]), np.array([[[5, 6]]]), stride=2)
    (array([[[6, 5, 0]]]), array([[[2, 1]]]), array([1]))
    """
    dx, dw, db = correlate_backward(delta, x, reverse_kernel(w), **options)
    return dx, reverse_kernel(dw), db


def fft_convolve(x: Array, w: Array, b: Array | None = None, **options: Any) -> Array:
    """What `fft_convolve` computes is `convolve`.

    >>> fft_convolve(np.array([[[0, 1, 2, -1, 3]]]), np.array([[[1, 1, 0]]]))
    array([[[3, 1, 2]]])
    """
    return convolve(x, w, b, **options)


def fft_convolve_backward(delta: Array, x: Array, w: Array, **options: Any) -> tuple[Array, Array, Array]:
    """(dx, dw, db) of `convolve`.

    >>> fft_convolve_backward(np.array([[[1]]]), np.array([[[1, 2]]]), np.array([[[5, 6]]]))
    (array([[[6, 5]]]), array([[[2, 1]]]), array([1]))
    """
    return convolve_backward(delta, x, w, **options)
