"""Up-sampling, Kronecker products and transposed convolution, entry by entry.

Why: the definitions that the fast versions are held against.

Law: each output entry is found by its own index, or each product is added where it belongs.

What it cannot see: speed.
"""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np

from numeric.reference.sliding import Array, Index, both_sides, each_axis


def _scaled(shape: Index, factors: list[int]) -> Index:
    cut = len(shape) - len(factors)
    return (*shape[:cut], *(n * f for n, f in zip(shape[cut:], factors, strict=True)))


def _shrunk(place: Index, factors: list[int]) -> Index:
    cut = len(place) - len(factors)
    return (*place[:cut], *(u // f for u, f in zip(place[cut:], factors, strict=True)))


def upsample_nearest(x: Array, factor: Any) -> Array:
    """y[u] = x[u // factor].

    >>> upsample_nearest(np.array([[[1, 2]]]), 2)
    array([[[1, 1, 2, 2]]])
    """
    factors = each_axis(factor, x.ndim - 2 if isinstance(factor, int) else len(factor))
    y = np.zeros(_scaled(x.shape, factors), dtype=x.dtype)
    for place in np.ndindex(*y.shape):
        y[place] = x[_shrunk(place, factors)]
    return y


def upsample_nearest_backward(delta: Array, factor: Any) -> Array:
    """delta[u] is added at u // factor.

    >>> upsample_nearest_backward(np.array([[[1, 1, 2, 2]]]), 2)
    array([[[2, 4]]])
    """
    factors = each_axis(factor, delta.ndim - 2 if isinstance(factor, int) else len(factor))
    cut = delta.ndim - len(factors)
    sizes = (n // f for n, f in zip(delta.shape[cut:], factors, strict=True))
    dx = np.zeros((*delta.shape[:cut], *sizes), dtype=delta.dtype)
    for place in np.ndindex(*delta.shape):
        dx[_shrunk(place, factors)] += delta[place]
    return dx


def kron_layer(x: Array, w: Array) -> Array:
    """y[K·i + k] = x[i] w[k].

    >>> kron_layer(np.array([[1, 2]]), np.array([1, 10]))
    array([[ 1, 10,  2, 20]])
    """
    y = np.zeros(_scaled(x.shape, list(w.shape)), dtype=np.result_type(x, w))
    for i, k in product(np.ndindex(*x.shape), np.ndindex(*w.shape)):
        y[_inflated(i, k, w.shape)] = x[i] * w[k]
    return y


def kron_layer_backward(delta: Array, x: Array, w: Array) -> tuple[Array, Array]:
    """Each product x[i] w[k] passes delta[K·i + k] on to both of its factors.

    >>> kron_layer_backward(np.array([[1, 2]]), np.array([[3]]), np.array([4, 5]))
    (array([[14]]), array([3, 6]))
    """
    dx = np.zeros(x.shape, dtype=np.result_type(delta, w))
    dw = np.zeros(w.shape, dtype=np.result_type(delta, x))
    for i, k in product(np.ndindex(*x.shape), np.ndindex(*w.shape)):
        place = _inflated(i, k, w.shape)
        dx[i] += delta[place] * w[k]
        dw[k] += delta[place] * x[i]
    return dx, dw


def _inflated(i: Index, k: Index, kernel: Index) -> Index:
    cut = len(i) - len(k)
    return (*i[:cut], *(side * a + b for side, a, b in zip(kernel, i[cut:], k, strict=True)))


def _spread_terms(
    x: Index, w: Index, stride: Any, pad: Any, output_padding: Any, dilation: Any, groups: int
) -> tuple[Index, list[tuple[Index, Index, Index]]]:
    """The output's shape, and (output index, input index, kernel index) of every product."""
    rank = len(x) - 2
    s, d, extra = each_axis(stride, rank), each_axis(dilation, rank), each_axis(output_padding, rank)
    pairs = [both_sides(entry) for entry in each_axis(pad, rank)]
    # the last tap of the last input entry, cut by the padding at both ends
    ends = [s[a] * (x[2 + a] - 1) + d[a] * (w[2 + a] - 1) for a in range(rank)]
    sizes = tuple(ends[a] + 1 - sum(pairs[a]) + extra[a] for a in range(rank))
    terms = []
    for n, f, c in product(range(x[0]), range(x[1]), range(w[1])):
        channel = f // (w[0] // groups) * w[1] + c
        for i, k in product(np.ndindex(*x[2:]), np.ndindex(*w[2:])):
            u = tuple(s[a] * i[a] + d[a] * k[a] - pairs[a][0] for a in range(rank))
            if all(0 <= u[a] < sizes[a] for a in range(rank)):
                terms.append(((n, channel, *u), (n, f, *i), (f, c, *k)))
    return (x[0], w[1] * groups, *sizes), terms


def transposed_convolution(
    x: Array,
    w: Array,
    b: Array | None = None,
    *,
    stride: Any = 1,
    pad: Any = 0,
    output_padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Array:
    """Each input entry lays down the kernel, scaled by itself, at stride·i − pad.

    >>> transposed_convolution(np.array([[[1, 2]]]), np.array([[[1, 10]]]), stride=2)
    array([[[ 1, 10,  2, 20]]])
    """
    shape, terms = _spread_terms(x.shape, w.shape, stride, pad, output_padding, dilation, groups)
    y = np.zeros(shape, dtype=np.result_type(x, w))
    for out, inside, tap in terms:
        y[out] += x[inside] * w[tap]
    if b is not None:
        for out in np.ndindex(*shape):
            y[out] += b[out[1]]
    return y


def transposed_convolution_backward(
    delta: Array,
    x: Array,
    w: Array,
    *,
    stride: Any = 1,
    pad: Any = 0,
    output_padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> tuple[Array, Array, Array]:
    """(dx, dw, db): the same products, added up at the input's index and at the kernel's.

    >>> delta, x, w = np.array([[[1, 2, 3, 4]]]), np.array([[[1, 2]]]), np.array([[[1, 10]]])
    >>> transposed_convolution_backward(delta, x, w, stride=2)
    (array([[[21, 43]]]), array([[[ 7, 10]]]), array([10]))
    """
    shape, terms = _spread_terms(x.shape, w.shape, stride, pad, output_padding, dilation, groups)
    dx = np.zeros(x.shape, dtype=np.result_type(delta, w))
    dw = np.zeros(w.shape, dtype=np.result_type(delta, x))
    db = np.zeros(shape[1], dtype=delta.dtype)
    for out, inside, tap in terms:
        dx[inside] += delta[out] * w[tap]
        dw[tap] += delta[out] * x[inside]
    for out in np.ndindex(*shape):
        db[out[1]] += delta[out]
    return dx, dw, db
