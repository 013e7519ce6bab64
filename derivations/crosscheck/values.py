"""Numbers of the numeric side: arrays with two leading axes (samples, index values) and a bound on their
integers.

Law: an array of int64 never holds a result that could have passed 2**63: `bound` is an upper bound of the
absolute values, propagated with Python integers; where the next result could be too large, the operands
become Python integers first. So exact means exact.

Axis 0 enumerates samples of the data (perturbed entries, one-hot assignments), axis 1 the values of the index
variables in scope; each has size 1 where the value does not depend on it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from numeric.operators import Array, quotient

SAFE = 2**62


class NotEvaluable(Exception):
    """These numbers cannot be computed by the methods here: a limit of the cross-check, no statement about
    the claim."""


class TooLarge(NotEvaluable):
    """Computing this would cost more than a cross-check may; the limits count entries, not seconds."""


class NotExact(NotEvaluable):
    """There are no exact values (exp, softmax, ...): floating point and complex steps are needed."""


@dataclass(frozen=True, slots=True)
class Number:
    """An array (samples, index values, *shape) and, for int64, a bound on the absolute values (else None)."""

    array: Array
    bound: int | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        return self.array.shape[2:]

    @property
    def rank(self) -> int:
        return self.array.ndim - 2


def number(value: Any) -> Number:
    """A Number without samples or indices from nested lists, an array, an integer or a fraction.

    >>> number([[1, -7]]).bound
    7
    """
    array = value if isinstance(value, np.ndarray) else _array(value)
    return measured(array[None, None])


def _array(value: Any) -> Array:
    array = np.asarray(value, dtype=object)
    if all(isinstance(entry, int) for entry in array.ravel().tolist()):
        small = all(abs(entry) < SAFE for entry in array.ravel().tolist())
        return array.astype(np.int64) if small else array
    if any(isinstance(entry, float | complex) for entry in array.ravel().tolist()):
        return array.astype(np.result_type(*[np.asarray(entry) for entry in array.ravel().tolist()], np.float64))
    return array


def measured(array: Array) -> Number:
    """A Number with the bound that its entries have."""
    if array.dtype.kind != "i":
        return Number(array)
    return Number(array, int(np.abs(array).max()) if array.size else 0)


def scalar(value: int | Fraction) -> Number:
    """A number of rank 0.

    >>> scalar(Fraction(1, 2)).array.dtype
    dtype('O')
    """
    if isinstance(value, Fraction) and value.denominator == 1:
        value = value.numerator
    if isinstance(value, int) and abs(value) < SAFE:
        return Number(np.full((1, 1), value, dtype=np.int64), abs(value))
    array = np.empty((1, 1), dtype=object)
    array[0, 0] = value
    return Number(array)


def combine(parts: Sequence[Number], bound: int | None, function: Callable[..., Array]) -> Number:
    """function(*arrays) where integers of this bound may arise: int64 if it is safe, Python integers if
    not."""
    arrays = [part.array for part in parts]
    if bound is not None and bound >= SAFE:
        arrays = [array.astype(object) if array.dtype.kind == "i" else array for array in arrays]
    result = np.asarray(function(*arrays))
    return Number(result, bound if result.dtype.kind == "i" else None)


def bounds(parts: Sequence[Number]) -> list[int] | None:
    """The bounds of all parts, or None where one of them is no int64 array."""
    known = [part.bound for part in parts if part.bound is not None]
    return known if len(known) == len(parts) else None


def extend(value: Number, rank: int) -> Array:
    """The array, with further axes of size 1 if it is a scalar that meets a tensor of this rank."""
    if value.rank == rank:
        return value.array
    return value.array.reshape(*value.array.shape, *[1] * rank)


def add(parts: Sequence[Number]) -> Number:
    """The sum; scalars combine with anything. Shapes were compared by the caller."""
    rank = max(part.rank for part in parts)
    known = bounds(parts)
    lifted = [Number(extend(part, rank), part.bound) for part in parts]
    return combine(lifted, sum(known) if known is not None else None, lambda *arrays: sum(arrays[1:], arrays[0]))


def multiply(parts: Sequence[Number]) -> Number:
    """The entrywise product; scalars combine with anything."""
    rank = max(part.rank for part in parts)
    known = bounds(parts)
    bound = None
    if known is not None:
        bound = 1
        for value in known:
            bound *= value
    lifted = [Number(extend(part, rank), part.bound) for part in parts]

    def product(*arrays: Array) -> Array:
        result = arrays[0]
        for array in arrays[1:]:
            result = result * array
        return result

    return combine(lifted, bound, product)


def negate(value: Number) -> Number:
    return Number(-value.array, value.bound)


def divide(numerator: Number, denominator: Number) -> Number:
    """The exact entrywise quotient (a float where either is); ZeroDivisionError where a divisor is 0."""
    rank = max(numerator.rank, denominator.rank)
    top, bottom = extend(numerator, rank), extend(denominator, rank)
    result = quotient(top, bottom)
    return Number(result, numerator.bound if result.dtype == np.int64 else None)


def power(base: Number, exponent: int) -> Number:
    """base**exponent; a negative exponent divides 1 by the power."""
    if exponent < 0:
        return divide(scalar(1), power(base, -exponent))
    if exponent == 0:
        return Number(np.ones(base.array.shape, dtype=np.int64), 1)
    return multiply([base] * exponent)


def repeat_samples(value: Number, times: int) -> Number:
    """Every sample `times` times in succession; a value that does not depend on the sample stays as it is."""
    if value.array.shape[0] == 1 or times == 1:
        return value
    return Number(np.repeat(value.array, times, axis=0), value.bound)


def as_float(value: Number) -> Number:
    """The value in floating point."""
    if value.array.dtype.kind in "fc":
        return value
    return Number(value.array.astype(np.float64))
