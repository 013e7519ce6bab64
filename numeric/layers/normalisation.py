"""Batch normalisation, local response normalisation, and dropout with a given mask.

Why: the layers between the convolutions of AlexNet, ResNet and DenseNet.

Law: variances are means of squares without a conjugate, so that the complex step goes through; dropout is
linear in x.

What it cannot see: running averages and random masks. They are state, and a caller's business.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from numeric.layers.geometry import Array, as_array, expect_shape
from numeric.layers.pooling import sum_pool, sum_pool_backward


def batch_norm(x: ArrayLike, gamma: ArrayLike, beta: ArrayLike, *, eps: float = 1e-5) -> Array:
    """y = γ_c (x − μ_c)/√(σ²_c + eps) + β_c with μ, σ² over batch and space: x (N, C, *sizes), gamma, beta (C,).

    σ² is the mean of squared deviations (divisor: the number of entries).  [Ioffe & Szegedy 2015,
    algorithm 1]

    >>> batch_norm(np.array([[1.0], [3.0]]), np.array([10.0]), np.array([5.0]), eps=0.0)
    array([[-5.],
           [15.]])
    """
    x, gamma, beta = _channelwise(x, gamma=gamma, beta=beta)
    normalised, _ = _standardised(x, eps)
    y: Array = _column(gamma, x) * normalised + _column(beta, x)
    return y


def batch_norm_backward(
    delta: ArrayLike, x: ArrayLike, gamma: ArrayLike, *, eps: float = 1e-5
) -> tuple[Array, Array, Array]:
    """(dx, dgamma, dbeta) of `batch_norm`; with x̂ the standardised input and means over batch and space:

    dx = γ/√(σ² + eps) · (delta − mean(delta) − x̂ · mean(delta ∘ x̂)),  dγ = Σ delta ∘ x̂,  dβ = Σ delta.
    [Ioffe & Szegedy 2015, sec. 3, simplified]

    >>> x = np.array([[1.0], [3.0]])
    >>> batch_norm_backward(np.array([[1.0], [1.0]]), x, np.array([1.0]), eps=0.0)[0]
    array([[0.],
           [0.]])
    """
    x, gamma = _channelwise(x, gamma=gamma)
    delta = as_array(delta, "delta")
    expect_shape(delta, x.shape, "delta", "x")
    normalised, deviation = _standardised(x, eps)
    axes = _over(x)
    mean = delta.mean(axis=axes, keepdims=True)
    along = (delta * normalised).mean(axis=axes, keepdims=True)
    dx = _column(gamma, x) / deviation * (delta - mean - normalised * along)
    return dx, (delta * normalised).sum(axis=axes), delta.sum(axis=axes)


def local_response_norm(
    x: ArrayLike, *, size: int = 5, alpha: float = 1e-4, beta: float = 0.75, k: float = 2.0
) -> Array:
    """y[c] = x[c] / s[c]^β with s[c] = k + α Σ x[c']² over the `size` channels around c; x (N, C, *sizes).

    The window runs from c − size//2 to c + (size − 1)//2 and stops at the ends. α is not divided by the
    size (PyTorch does that; give it alpha·size).  [Krizhevsky, Sutskever & Hinton 2012, sec. 3.3]

    >>> local_response_norm(np.array([[[3.0], [4.0]]]), size=3, alpha=1.0, beta=0.5, k=0.0)
    array([[[0.6],
            [0.8]]])
    """
    x = _maps(x)
    y: Array = x / _response(x, size, alpha, k) ** beta
    return y


def local_response_norm_backward(
    delta: ArrayLike,
    x: ArrayLike,
    *,
    size: int = 5,
    alpha: float = 1e-4,
    beta: float = 0.75,
    k: float = 2.0,
) -> Array:
    """dx[j] = delta[j] s[j]^−β − 2αβ x[j] Σ_{c: j in the window of c} delta[c] x[c] s[c]^(−β−1).

    >>> one = np.ones((1, 1, 1))
    >>> local_response_norm_backward(one, one, size=1, alpha=1.0, beta=1.0, k=1.0)
    array([[[0.]]])
    """
    x = _maps(x)
    delta = as_array(delta, "delta")
    expect_shape(delta, x.shape, "delta", "x")
    s = _response(x, size, alpha, k)
    inner = np.moveaxis(delta * x * s ** (-beta - 1), 1, -1)
    window = _window(size)
    gathered = sum_pool_backward(inner, np.moveaxis(x, 1, -1), (size,), stride=1, pad=window)
    dx: Array = delta * s**-beta - 2 * alpha * beta * x * np.moveaxis(gathered, -1, 1)
    return dx


def dropout(x: ArrayLike, mask: ArrayLike, *, keep: float = 1.0) -> Array:
    """x ∘ mask / keep for a mask of zeros and ones of x's shape; keep is the probability that it was drawn with.

    keep = 1 divides by nothing, so integers stay exact.  [Srivastava et al. 2014, sec. 10, "inverted" form]

    >>> dropout(np.array([1, 2, 3]), np.array([1, 0, 1]))
    array([1, 0, 3])
    """
    x, mask = as_array(x, "x"), as_array(mask, "mask")
    expect_shape(mask, x.shape, "mask", "x")
    if not 0 < keep <= 1:
        raise ValueError(f"keep = {keep}: expected a probability with 0 < keep <= 1")
    kept: Array = x * mask
    return kept if keep == 1 else kept / keep


def dropout_backward(delta: ArrayLike, mask: ArrayLike, *, keep: float = 1.0) -> Array:
    """dx = delta ∘ mask / keep: the layer is its own adjoint.

    >>> dropout_backward(np.array([5, 5, 5]), np.array([1, 0, 1]))
    array([5, 0, 5])
    """
    return dropout(delta, mask, keep=keep)


def _maps(x: ArrayLike) -> Array:
    x = as_array(x, "x")
    if x.ndim < 2:
        raise ValueError(f"x has shape {x.shape}; expected (N, C) or (N, C, *sizes)")
    return x


def _channelwise(x: ArrayLike, **parameters: ArrayLike) -> tuple[Array, ...]:
    x = _maps(x)
    if 0 in (x.shape[0], *x.shape[2:]):
        raise ValueError(
            f"x has shape {x.shape}: a mean over batch and space needs at least one entry for each channel"
        )
    arrays = [as_array(value, name) for name, value in parameters.items()]
    for name, array in zip(parameters, arrays, strict=True):
        expect_shape(array, (x.shape[1],), name, "one value for each channel")
    return (x, *arrays)


def _over(x: Array) -> tuple[int, ...]:
    return (0, *range(2, x.ndim))


def _column(parameter: Array, x: Array) -> Array:
    return parameter.reshape(-1, *(1,) * (x.ndim - 2))


def _standardised(x: Array, eps: float) -> tuple[Array, Array]:
    """(x̂, √(σ² + eps)). np.var would take |·|² of complex numbers."""
    centred = x - x.mean(axis=_over(x), keepdims=True)
    variance: Any = (centred * centred).mean(axis=_over(x), keepdims=True)
    deviation = np.sqrt(variance + eps)
    return centred / deviation, deviation


def _window(size: int) -> tuple[tuple[int, int]]:
    if size < 1:
        raise ValueError(f"size = {size}: expected a window of at least 1 channel")
    return ((size // 2, (size - 1) // 2),)


def _response(x: Array, size: int, alpha: float, k: float) -> Array:
    squares = np.moveaxis(x * x, 1, -1)
    sums = sum_pool(squares, (size,), stride=1, pad=_window(size))
    s: Array = k + alpha * np.moveaxis(sums, -1, 1)
    return s
