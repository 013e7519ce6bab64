"""The dense (fully connected) layer and the bias of feature maps.

Why: the last layers of every network of the documents; bilinear, hence exact on integers.

Law: y = x Wᵀ + b on rows x[n], which is z = W a + b for a column a.

What it cannot see: nothing is flattened silently; a feature map is reshaped by its caller.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from numeric.layers.geometry import Array, as_array, expect_shape


def dense(x: ArrayLike, w: ArrayLike, b: ArrayLike | None = None) -> Array:
    """x (N, I) or (I,), w (O, I), b (O,) -> (N, O) or (O,);  y[n, o] = b[o] + Σ_i w[o, i] x[n, i].

    >>> dense(np.array([[1, 2]]), np.array([[3, 4], [5, 6], [7, 8]]), np.array([10, 20, 30]))
    array([[21, 37, 53]])
    """
    x, w = _operands(x, w)
    y: Array = np.matmul(x, w.T)
    if b is None:
        return y
    b = as_array(b, "b")
    expect_shape(b, (w.shape[0],), "b", "a bias for each row of w")
    shifted: Array = y + b
    return shifted


def dense_backward(delta: ArrayLike, x: ArrayLike, w: ArrayLike) -> tuple[Array, Array, Array]:
    """(dx, dw, db) = (delta W, deltaᵀ x, Σ_n delta[n]).  [Nielsen 2015, eqs. BP2 to BP4]

    >>> dense_backward(np.array([[1, 10]]), np.array([[1, 2]]), np.array([[3, 4], [5, 6]]))
    (array([[53, 64]]), array([[ 1,  2],
           [10, 20]]), array([ 1, 10]))
    """
    x, w = _operands(x, w)
    delta = as_array(delta, "delta")
    expect_shape(delta, (*x.shape[:-1], w.shape[0]), "delta", "the output")
    rows = delta.reshape(_batch(x), w.shape[0])
    dw = rows.T.dot(x.reshape(_batch(x), x.shape[-1]))
    return np.matmul(delta, w), dw, rows.sum(axis=0)


def add_bias(x: ArrayLike, b: ArrayLike) -> Array:
    """One bias for each feature map: x (N, C, *sizes), b (C,) -> x[n, c, i] + b[c].

    >>> add_bias(np.array([[[1, 2], [3, 4]]]), np.array([10, 20]))
    array([[[11, 12],
            [23, 24]]])
    """
    x, b = as_array(x, "x"), as_array(b, "b")
    _expect_maps(x)
    expect_shape(b, (x.shape[1],), "b", "a bias for each map")
    result: Array = x + b.reshape(-1, *(1,) * (x.ndim - 2))
    return result


def add_bias_backward(delta: ArrayLike) -> tuple[Array, Array]:
    """(dx, db) of `add_bias`: dx = delta, db[c] = Σ_{n, i} delta[n, c, i], the 1ᵀδ1 of the notes.

    >>> add_bias_backward(np.array([[[1, 2], [3, 4]]]))[1]
    array([3, 7])
    """
    delta = as_array(delta, "delta")
    _expect_maps(delta)
    return delta.copy(), delta.sum(axis=(0, *range(2, delta.ndim)))


def _expect_maps(x: Array) -> None:
    if x.ndim < 2:
        raise ValueError(f"x has shape {x.shape}; expected (N, C) or (N, C, *sizes)")


def _batch(x: Array) -> int:
    return 1 if x.ndim == 1 else x.shape[0]


def _operands(x: ArrayLike, w: ArrayLike) -> tuple[Array, Array]:
    x, w = as_array(x, "x"), as_array(w, "w")
    if w.ndim != 2 or x.ndim not in (1, 2):
        raise ValueError(
            f"x has shape {x.shape} and w has shape {w.shape}; expected (N, I) or (I,) and (O, I); "
            "reshape feature maps to (N, C·H·W) first"
        )
    if x.shape[-1] != w.shape[1]:
        raise ValueError(
            f"x has {x.shape[-1]} entries in each row but w, of shape {w.shape}, takes {w.shape[1]}; "
            f"w must have the shape ({w.shape[0]}, {x.shape[-1]})"
        )
    return x, w
