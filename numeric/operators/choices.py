"""Choices between entries: the larger, the smaller, one of two by a flag, and one-hot rows.

Law: of complex entries the real parts are compared, so that a complex step does not change a choice. Numbers combine
with tensors of any rank; tensors with each other only where their shapes are equal.
"""

from __future__ import annotations

import numpy as np

from numeric.operators.arrays import Array, real, require, tensor_shape


def _aligned(stack: int, *arrays: Array) -> list[Array]:
    """The arrays with numbers as tensors of the others' rank; different shapes do not exist."""
    shapes = {tensor_shape(array, stack) for array in arrays} - {()}
    require(len(shapes) <= 1, f"a choice between tensors of shapes {' and '.join(map(str, sorted(shapes)))}")
    rank = len(next(iter(shapes), ()))
    return [array.reshape(*array.shape[:stack], *[1] * rank) if array.ndim == stack else array for array in arrays]


def maximum(a: Array, b: Array, *, stack: int = 0) -> Array:
    """The larger of two entries.

    >>> maximum(np.array([1, 5]), np.array([4, 2]))
    array([4, 5])
    """
    left, right = _aligned(stack, a, b)
    return np.where(real(left) >= real(right), left, right)


def minimum(a: Array, b: Array, *, stack: int = 0) -> Array:
    """The smaller of two entries.

    >>> minimum(np.array([1, 5]), np.array([4, 2]))
    array([1, 2])
    """
    left, right = _aligned(stack, a, b)
    return np.where(real(left) <= real(right), left, right)


def clamp(x: Array, low: Array, high: Array, *, stack: int = 0) -> Array:
    """min(max(x, low), high): where low is above high, high.

    >>> clamp(np.array([-3, 1, 9]), np.array(0), np.array(6))
    array([0, 1, 6])
    """
    x, low, high = _aligned(stack, x, low, high)
    raised = np.where(real(x) < real(low), low, x)
    return np.where(real(raised) > real(high), high, raised)


def select(p: Array, a: Array, b: Array, *, stack: int = 0) -> Array:
    """The entry of A where p is not 0, else that of B.

    >>> select(np.array([1, 0]), np.array([10, 20]), np.array([30, 40]))
    array([10, 40])
    """
    flags, left, right = _aligned(stack, p, a, b)
    return np.where(flags != 0, left, right)


def onehot(y: Array, classes: int, *, stack: int = 0) -> Array:
    """A last axis more, with 1 at the place that the entry names; all 0 where it names none.

    >>> onehot(np.array([2, 0]), 3)
    array([[0, 0, 1],
           [1, 0, 0]])
    """
    require(classes >= 0, f"{classes} classes")
    return np.asarray(real(y)[..., None] == np.arange(classes), dtype=np.int64)


def iota(n: int) -> Array:
    """0, 1, ..., n − 1.

    >>> iota(3)
    array([0, 1, 2])
    """
    require(n >= 0, f"a vector of {n} entries")
    return np.arange(n, dtype=np.int64)
