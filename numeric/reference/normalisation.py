"""Batch normalisation, local response normalisation and dropout, entry by entry.

Why: the definitions that the fast versions are held against.

Law: gradients are the transposed Jacobian written out, ∂y_i/∂x_j for every pair, and not a simplified
formula.

What it cannot see: speed; the pairs make it quadratic.
"""

from __future__ import annotations

import math

import numpy as np

from numeric.reference.sliding import Array, Index


def _places(x: Array, channel: int) -> list[Index]:
    return [place for place in np.ndindex(*x.shape) if place[1] == channel]


def _moments(x: Array, channel: int) -> tuple[float, float]:
    entries = [float(x[place]) for place in _places(x, channel)]
    mean = sum(entries) / len(entries)
    return mean, sum((entry - mean) ** 2 for entry in entries) / len(entries)


def batch_norm(x: Array, gamma: Array, beta: Array, *, eps: float = 1e-5) -> Array:
    """γ_c (x − μ_c)/√(σ²_c + eps) + β_c.

    >>> batch_norm(np.array([[1.0], [3.0]]), np.array([10.0]), np.array([5.0]), eps=0.0)
    array([[-5.],
           [15.]])
    """
    y = np.zeros(x.shape)
    for c in range(x.shape[1]):
        mean, variance = _moments(x, c)
        for place in _places(x, c):
            y[place] = gamma[c] * (x[place] - mean) / math.sqrt(variance + eps) + beta[c]
    return y


def batch_norm_backward(delta: Array, x: Array, gamma: Array, *, eps: float = 1e-5) -> tuple[Array, Array, Array]:
    """∂y_i/∂x_j = γ (([i = j] − 1/m)/σ − (x_i − μ)(x_j − μ)/(m σ³)) with σ = √(variance + eps).

    >>> batch_norm_backward(np.array([[1.0], [1.0]]), np.array([[1.0], [3.0]]), np.array([1.0]), eps=0.0)[2]
    array([2.])
    """
    dx, dgamma, dbeta = np.zeros(x.shape), np.zeros(gamma.shape), np.zeros(gamma.shape)
    for c in range(x.shape[1]):
        mean, variance = _moments(x, c)
        sigma = math.sqrt(variance + eps)
        places = _places(x, c)
        m = len(places)
        for i in places:
            dgamma[c] += delta[i] * (x[i] - mean) / sigma
            dbeta[c] += delta[i]
            for j in places:
                same = 1 if i == j else 0
                slope = (same - 1 / m) / sigma - (x[i] - mean) * (x[j] - mean) / (m * sigma**3)
                dx[j] += delta[i] * gamma[c] * slope
    return dx, dgamma, dbeta


def _around(c: int, size: int, channels: int) -> list[int]:
    return [j for j in range(c - size // 2, c + (size - 1) // 2 + 1) if 0 <= j < channels]


def _response(x: Array, place: Index, size: int, alpha: float, k: float) -> float:
    n, c, *rest = place
    return k + alpha * sum(float(x[(n, j, *rest)]) ** 2 for j in _around(c, size, x.shape[1]))


def local_response_norm(x: Array, *, size: int = 5, alpha: float = 1e-4, beta: float = 0.75, k: float = 2.0) -> Array:
    """x[c] / (k + α Σ_{c' around c} x[c']²)^β.

    >>> local_response_norm(np.array([[[3.0], [4.0]]]), size=3, alpha=1.0, beta=0.5, k=0.0)
    array([[[0.6],
            [0.8]]])
    """
    y = np.zeros(x.shape)
    for place in np.ndindex(*x.shape):
        y[place] = x[place] / _response(x, place, size, alpha, k) ** beta
    return y


def local_response_norm_backward(
    delta: Array, x: Array, *, size: int = 5, alpha: float = 1e-4, beta: float = 0.75, k: float = 2.0
) -> Array:
    """∂y_c/∂x_j = [j = c] s_c^−β − β x_c s_c^(−β−1) · 2α x_j for j around c.

    >>> one = np.ones((1, 1, 1))
    >>> local_response_norm_backward(one, one, size=1, alpha=1.0, beta=1.0, k=1.0)
    array([[[0.]]])
    """
    dx = np.zeros(x.shape)
    for place in np.ndindex(*x.shape):
        n, c, *rest = place
        s = _response(x, place, size, alpha, k)
        dx[place] += delta[place] * s**-beta
        for j in _around(c, size, x.shape[1]):
            dx[(n, j, *rest)] -= delta[place] * beta * x[place] * s ** (-beta - 1) * 2 * alpha * x[(n, j, *rest)]
    return dx


def dropout(x: Array, mask: Array, *, keep: float = 1.0) -> Array:
    """x where the mask is 1, over keep; 0 elsewhere.

    >>> dropout(np.array([1.0, 2.0]), np.array([1, 0]), keep=0.5)
    array([2., 0.])
    """
    y = np.zeros(x.shape, dtype=x.dtype)
    for place in np.ndindex(*x.shape):
        y[place] = x[place] * mask[place] / keep
    return y


def dropout_backward(delta: Array, mask: Array, *, keep: float = 1.0) -> Array:
    """delta where the mask is 1, over keep; 0 elsewhere.

    >>> dropout_backward(np.array([1.0, 2.0]), np.array([1, 0]), keep=0.5)
    array([2., 0.])
    """
    dx = np.zeros(delta.shape, dtype=delta.dtype)
    for place in np.ndindex(*delta.shape):
        dx[place] = delta[place] * mask[place] / keep
    return dx
