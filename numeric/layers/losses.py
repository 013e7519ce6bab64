"""Losses with their gradients: squared Euclidean distance, and cross-entropy of a softmax.

Why: where every backward pass starts; the factor 1/2 and the average over the batch are what notes mix up.

Law: reduction='sum' adds over everything, 'mean' then divides by the batch size N (not by the number of
entries). No conjugate is taken of complex numbers, so that the complex step goes through.

What it cannot see: the gradient with respect to the target is not given; the target is data.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from numeric.layers.activations import shifted, softmax
from numeric.layers.geometry import Array, as_array, expect_shape

Reduction = Literal["sum", "mean"]


def euclidean_loss(y: ArrayLike, target: ArrayLike, *, reduction: Reduction = "sum") -> Array:
    """E = ½ Σ (y − target)² for y and target of one shape (N, …); a scalar.  [Nielsen 2015, eq. 6, without 1/n]

    >>> euclidean_loss(np.array([[1.0, 2.0]]), np.array([[0.0, 0.0]]))
    array(2.5)
    """
    difference = _difference(y, target)
    return np.asarray((difference * difference).sum() / _divisor(difference, reduction, 2))


def euclidean_loss_backward(y: ArrayLike, target: ArrayLike, *, reduction: Reduction = "sum") -> Array:
    """dy = y − target, divided by N for reduction='mean'.

    >>> euclidean_loss_backward(np.array([[1.0, 2.0]]), np.array([[0.0, 5.0]]))
    array([[ 1., -3.]])
    """
    difference = _difference(y, target)
    divisor = _divisor(difference, reduction, 1)
    return difference if divisor == 1 else np.asarray(difference / divisor)


def cross_entropy(z: ArrayLike, target: ArrayLike, *, reduction: Reduction = "sum") -> Array:
    """E = −Σ target · log softmax(z) over the last axis: z the scores before softmax, target weights of z's shape.

    Computed as log Σ exp − z with the largest score taken off first, so large scores neither overflow nor
    give log 0. [Goodfellow et al. 2016, eq. 6.31]

    >>> float(cross_entropy(np.array([[0.0, 0.0]]), np.array([[1.0, 0.0]]))) == float(np.log(2.0))
    True
    """
    z, target = _scores(z, target)
    moved = shifted(z, -1)
    logarithms = np.log(np.exp(moved).sum(axis=-1, keepdims=True)) - moved
    return np.asarray((target * logarithms).sum() / _divisor(z, reduction, 1))


def cross_entropy_backward(z: ArrayLike, target: ArrayLike, *, reduction: Reduction = "sum") -> Array:
    """dz = softmax(z) · Σ target − target, divided by N for 'mean'; it is softmax(z) − target where Σ target = 1.

    >>> cross_entropy_backward(np.array([[0.0, 0.0]]), np.array([[1.0, 0.0]]))
    array([[-0.5,  0.5]])
    """
    z, target = _scores(z, target)
    total = target.sum(axis=-1, keepdims=True)
    return np.asarray((softmax(z) * total - target) / _divisor(z, reduction, 1))


def one_hot(labels: ArrayLike, classes: int) -> Array:
    """Rows of the identity matrix: labels (N,) of integers in [0, classes) -> (N, classes) in float64.

    >>> one_hot([2, 0], 3)
    array([[0., 0., 1.],
           [1., 0., 0.]])
    """
    labels = np.asarray(labels)
    if labels.ndim != 1 or (labels.size and labels.dtype.kind not in "iu"):
        raise ValueError(f"labels have shape {labels.shape} and type {labels.dtype}; expected (N,) integers")
    if labels.size and not (labels.min() >= 0 and labels.max() < classes):
        raise ValueError(
            f"labels run from {labels.min()} to {labels.max()}; expected 0 to {classes - 1}, or more classes"
        )
    return np.eye(classes)[labels.astype(np.int64)]


def _difference(y: ArrayLike, target: ArrayLike) -> Array:
    y, target = as_array(y, "y"), as_array(target, "target")
    expect_shape(target, y.shape, "target", "y")
    difference: Array = y - target
    return difference


def _scores(z: ArrayLike, target: ArrayLike) -> tuple[Array, Array]:
    z, target = as_array(z, "z"), as_array(target, "target")
    if z.ndim < 1:
        raise ValueError("z is a single number; expected (N, classes) or (classes,)")
    expect_shape(target, z.shape, "target", "z")
    return z, target


def _divisor(y: Array, reduction: str, factor: int) -> int:
    if reduction == "sum":
        return factor
    if reduction != "mean":
        raise ValueError(f"reduction = {reduction!r}; expected 'sum' or 'mean'")
    if y.ndim < 1 or y.shape[0] == 0:
        raise ValueError(f"the mean over a batch needs at least one sample, but the shape is {y.shape}")
    return factor * int(y.shape[0])
