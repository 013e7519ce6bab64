"""Dense layers, activations, softmax and losses, entry by entry with the `math` module.

Why: the definitions that the fast versions are held against.

Law: activations are written as in a textbook, for moderate arguments; the fast versions are tested against
these where both are accurate, and by their own laws beyond.

What it cannot see: large arguments, where the textbook's formulas overflow.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from numeric.reference.sliding import Array


def _sigmoid(z: float) -> float:
    return 1 / (1 + math.exp(-z))


# name -> (function, derivative) of one number
ACTIVATIONS: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "identity": (lambda z: z, lambda z: 1),
    "sigmoid": (_sigmoid, lambda z: math.exp(-z) / (1 + math.exp(-z)) ** 2),
    "tanh": (math.tanh, lambda z: 1 / math.cosh(z) ** 2),
    "relu": (lambda z: max(z, 0), lambda z: 1 if z > 0 else 0),
    "leaky_relu": (lambda z: z if z > 0 else 0.01 * z, lambda z: 1 if z > 0 else 0.01),
    "softplus": (lambda z: math.log(1 + math.exp(z)), lambda z: math.exp(z) / (1 + math.exp(z))),
    "swish": (
        lambda z: z / (1 + math.exp(-z)),
        lambda z: (1 + math.exp(-z) + z * math.exp(-z)) / (1 + math.exp(-z)) ** 2,
    ),
}


def dense(x: Array, w: Array, b: Array | None = None) -> Array:
    """y[n, o] = b[o] + Σ_i w[o, i] x[n, i].

    >>> dense(np.array([[1, 2]]), np.array([[3, 4]]), np.array([10]))
    array([[21]])
    """
    y = np.zeros((x.shape[0], w.shape[0]), dtype=np.result_type(x, w))
    for n, o in np.ndindex(*y.shape):
        for i in range(x.shape[1]):
            y[n, o] += w[o, i] * x[n, i]
        if b is not None:
            y[n, o] += b[o]
    return y


def dense_backward(delta: Array, x: Array, w: Array) -> tuple[Array, Array, Array]:
    """(dx, dw, db): each product w[o, i] x[n, i] passes delta[n, o] on to both of its factors.

    >>> dense_backward(np.array([[5]]), np.array([[1, 2]]), np.array([[3, 4]]))
    (array([[15, 20]]), array([[ 5, 10]]), array([5]))
    """
    dx = np.zeros(x.shape, dtype=np.result_type(delta, w))
    dw = np.zeros(w.shape, dtype=np.result_type(delta, x))
    db = np.zeros(w.shape[0], dtype=delta.dtype)
    for n, o in np.ndindex(*delta.shape):
        db[o] += delta[n, o]
        for i in range(x.shape[1]):
            dx[n, i] += delta[n, o] * w[o, i]
            dw[o, i] += delta[n, o] * x[n, i]
    return dx, dw, db


def add_bias(x: Array, b: Array) -> Array:
    """x[n, c, i] + b[c].

    >>> add_bias(np.array([[[1, 2]]]), np.array([10]))
    array([[[11, 12]]])
    """
    y = np.zeros(x.shape, dtype=np.result_type(x, b))
    for place in np.ndindex(*x.shape):
        y[place] = x[place] + b[place[1]]
    return y


def add_bias_backward(delta: Array) -> tuple[Array, Array]:
    """(dx, db) with db[c] = Σ delta over everything that b[c] was added to.

    >>> add_bias_backward(np.array([[[1, 2]]]))
    (array([[[1, 2]]]), array([3]))
    """
    db = np.zeros(delta.shape[1], dtype=delta.dtype)
    for place in np.ndindex(*delta.shape):
        db[place[1]] += delta[place]
    return delta.copy(), db


def _rows(z: Array, axis: int) -> Array:
    """z with `axis` moved to the end (a view)."""
    return np.moveaxis(z, axis, -1)


def softmax(z: Array, axis: int = -1) -> Array:
    """p_i = exp(z_i) / Σ_j exp(z_j).

    >>> softmax(np.array([[1.0, 1.0]]))
    array([[0.5, 0.5]])
    """
    p = np.zeros(z.shape)
    rows, out = _rows(z, axis), _rows(p, axis)
    for place in np.ndindex(*rows.shape[:-1]):
        total = sum(math.exp(entry) for entry in rows[place])
        for i in range(rows.shape[-1]):
            out[(*place, i)] = math.exp(rows[(*place, i)]) / total
    return p


def softmax_backward(delta: Array, z: Array, axis: int = -1) -> Array:
    """dz_j = Σ_i delta_i p_i ([i = j] − p_j): the transposed Jacobian, entry by entry.

    >>> softmax_backward(np.array([[1.0, 0.0]]), np.array([[0.0, 0.0]]))
    array([[ 0.25, -0.25]])
    """
    dz = np.zeros(z.shape)
    d, p, out = _rows(delta, axis), _rows(softmax(z, axis), axis), _rows(dz, axis)
    for place in np.ndindex(*d.shape[:-1]):
        for i, j in np.ndindex(d.shape[-1], d.shape[-1]):
            out[(*place, j)] += d[(*place, i)] * p[(*place, i)] * ((1 if i == j else 0) - p[(*place, j)])
    return dz


def euclidean_loss(y: Array, target: Array, *, reduction: str = "sum") -> Array:
    """½ Σ (y − target)², over N for 'mean'.

    >>> euclidean_loss(np.array([[3.0]]), np.array([[1.0]]))
    array(2.)
    """
    total = sum(((y[place] - target[place]) ** 2 for place in np.ndindex(*y.shape)), start=0.0) / 2
    return np.asarray(total / (y.shape[0] if reduction == "mean" else 1))


def euclidean_loss_backward(y: Array, target: Array, *, reduction: str = "sum") -> Array:
    """y − target, over N for 'mean'.

    >>> euclidean_loss_backward(np.array([[3.0]]), np.array([[1.0]]))
    array([[2.]])
    """
    dy = np.zeros(y.shape)
    for place in np.ndindex(*y.shape):
        dy[place] = (y[place] - target[place]) / (y.shape[0] if reduction == "mean" else 1)
    return dy


def cross_entropy(z: Array, target: Array, *, reduction: str = "sum") -> Array:
    """−Σ target · log p with p = softmax(z) over the last axis.

    >>> cross_entropy(np.array([[0.0, 0.0]]), np.array([[0.0, 0.0]])) == 0
    np.True_
    """
    p = softmax(z)
    total = -sum((target[place] * math.log(p[place]) for place in np.ndindex(*z.shape)), start=0.0)
    return np.asarray(total / (z.shape[0] if reduction == "mean" else 1))


def cross_entropy_backward(z: Array, target: Array, *, reduction: str = "sum") -> Array:
    """dz = the softmax's transposed Jacobian on −target/p.

    >>> cross_entropy_backward(np.array([[0.0, 0.0]]), np.array([[1.0, 0.0]]))
    array([[-0.5,  0.5]])
    """
    p = softmax(z)
    sensitivity = np.zeros(z.shape)
    for place in np.ndindex(*z.shape):
        sensitivity[place] = -target[place] / p[place] / (z.shape[0] if reduction == "mean" else 1)
    return softmax_backward(sensitivity, z)
