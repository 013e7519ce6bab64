"""What all operators share: stacked samples, exact quotients, and how an operator says that it does not
exist.

Law: the last axes of an array are the tensor's, `stack` axes before them enumerate independent samples
(NumPy's convention for `numpy.linalg`). Integers stay integers and fractions stay fractions; nothing becomes
a float unless a function (exp, tanh, ...) has no exact values.

What it cannot see: overflow of int64. Whoever passes int64 keeps the results below 2**63, or passes Python
integers (dtype object).
"""

from __future__ import annotations

from fractions import Fraction
from numbers import Rational
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[Any]
Sizes = tuple[int, ...]
Pairs = tuple[tuple[int, int], ...]


class DoesNotExist(ValueError):
    """The formula does not exist at these sizes; the text says which size stands in the way."""


class Tie(ValueError):
    """A maximum is attained twice, or a kink is met, where the formula needs a unique place."""


def require(holds: bool, message: str) -> None:
    """Raise DoesNotExist with this message unless the condition holds."""
    if not holds:
        raise DoesNotExist(message)


def as_array(value: ArrayLike) -> Array:
    """The value as an array whose arithmetic is the mathematical one: small integers and booleans become
    int64.

    >>> as_array(np.array([True, False])).dtype
    dtype('int64')
    """
    array = np.asarray(value)
    return array.astype(np.int64) if array.dtype.kind in "biu" and array.dtype != np.int64 else array


def last(*places: Any) -> Any:
    """The index that applies one place or slice to each of the last axes.

    >>> np.arange(6).reshape(2, 3)[last(slice(0, 2))]
    array([[0, 1],
           [3, 4]])
    """
    return (..., *places)


def lead(array: Array, stack: int) -> Sizes:
    """The sizes of the axes that enumerate samples."""
    return array.shape[:stack]


def tensor_shape(array: Array, stack: int) -> Sizes:
    """The sizes of the tensor's own axes."""
    return array.shape[stack:]


def real(array: Array) -> Array:
    """The part by which entries are compared: a complex step must not change which entry is larger."""
    return array.real if array.dtype.kind == "c" else array


def exact(array: Array) -> bool:
    """Whether entries are integers or fractions.

    >>> exact(np.array([1, 2])), exact(np.array([0.5]))
    (True, False)
    """
    return array.dtype.kind in "iO"


def simplest(array: Array) -> Array:
    """An array of fractions, or of integers (dtype object) if all of them are whole; other numbers stay as they are.

    >>> simplest(np.array([Fraction(4, 2)], dtype=object))
    array([2], dtype=object)
    """
    flat = [_whole(value) if isinstance(value, Rational) else value for value in array.ravel().tolist()]
    result = np.empty(len(flat), dtype=object)
    result[:] = flat
    return result.reshape(array.shape)


def _whole(value: Rational) -> Any:
    return value.numerator if value.denominator == 1 else value


_divide = np.frompyfunc(lambda p, q: Fraction(p, q) if isinstance(p, int) and isinstance(q, int) else p / q, 2, 1)


def quotient(numerator: Array, denominator: Array | int) -> Array:
    """The entrywise quotient; of integers and fractions the exact one.

    >>> quotient(np.array([1, 4]), 2)
    array([Fraction(1, 2), 2], dtype=object)
    >>> quotient(np.array([1.0, 4.0]), 2)
    array([0.5, 2. ])
    """
    divisor = as_array(denominator)
    if np.any(divisor == 0):
        raise ZeroDivisionError("a divisor has a zero entry")
    if not (exact(numerator) and exact(divisor)):
        return np.asarray(floating(numerator) / floating(divisor))
    if numerator.dtype == divisor.dtype == np.int64 and not np.any(numerator % divisor):
        return np.asarray(numerator // divisor)
    # frompyfunc gives a bare object, not an array, where all arguments are of rank 0
    return simplest(np.asarray(_divide(numerator.astype(object), divisor.astype(object)), dtype=object))


def floating(array: Array) -> Array:
    """The entries as float64, or complex128 if they are complex already."""
    return array if array.dtype.kind in "fc" else array.astype(np.float64)


def zeros_like(array: Array, shape: Sizes) -> Array:
    """Zeros of the array's own kind of number."""
    return np.zeros(shape, dtype=array.dtype)


def common_type(*arrays: Array) -> Any:
    """The data type in which sums and products of these arrays are computed."""
    return np.result_type(*[array.dtype for array in arrays])
