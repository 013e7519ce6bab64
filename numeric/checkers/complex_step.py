"""The complex step: a derivative without subtraction, good to the last digits, for functions that take
complex data.

Why: Im f(x + i·h·u) / h has no cancellation, so that h can be so small that nothing is truncated; what
remains is the rounding of f itself [Squire & Trapp 1998; Martins, Sturdza & Alonso 2003].

Law: f must be analytic along the way. That is tested: a result that is not complex, a discarded imaginary
part, or a real difference f(x) − f(x − h·u) that contradicts the complex one each rule the method out.

What it cannot see: a function that takes the modulus of its argument somewhere where it hardly matters.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable

import numpy as np

from numeric.checkers.localise import Positions
from numeric.checkers.problem import Array, Arrays, Problem
from numeric.checkers.smooth import Method, Slope, scale_of, steepness

# imaginary step relative to the data: its square is far below any eps, itself far above the smallest float32
_STEP = 2.0**-60


class NotAnalytic(Exception):
    """The complex step does not apply; the text says why."""


def complex_slope(problem: Problem, at: Arrays, direction: Arrays, start: Array) -> Slope:
    """J u as Im f(at + i·h·u) / h, known to rounding; NotAnalytic where f does not carry complex numbers."""
    h = _step(steepness(direction, at))
    moved = tuple(_complex(a) for a in at)
    for value, u in zip(moved, direction, strict=True):
        value.imag = h * u
    value = _complex_value(problem.value, moved)
    _expect_same(value, start)
    loosest = 1e3 * float(np.finfo(start.dtype).eps) * scale_of(start)
    if not (np.abs(value.real - start) <= loosest).all():
        raise NotAnalytic("its real part changes when the data become complex")
    return Slope(value.imag.astype(np.float64) / h, np.zeros(start.shape))


def complex_entries(
    problem: Problem, prepared: Arrays, k: int, positions: Positions, steps: Array, start: Array
) -> Slope:
    """J u for steps at some entries of the k-th argument; `prepared` is the point in complex numbers."""
    h = _step(steepness((steps,), (prepared[k],)))
    moved = prepared[k].copy()
    moved.reshape(-1).imag[positions] = h * steps
    value = _complex_value(problem.value_at_once, (*prepared[:k], moved, *prepared[k + 1 :]))
    _expect_same(value, start)
    return Slope(value.imag.astype(np.float64) / h, np.zeros(start.shape))


def _step(steepest: float) -> float:
    """The imaginary step for directions so much larger than their data: a power of two."""
    return _STEP * 2.0 ** -math.ceil(math.log2(steepest))


def _complex(array: Array) -> Array:
    return array.astype(np.complex64 if array.dtype == np.float32 else np.complex128)


def _expect_same(value: Array, start: Array) -> None:
    if value.dtype.kind != "c":
        raise NotAnalytic("it returns real numbers for complex data")
    if value.shape != start.shape:
        raise NotAnalytic("it returns another shape for complex data")
    if not np.isfinite(value).all():
        raise NotAnalytic("complex data make it overflow")


def _complex_value(function: Callable[[Arrays], Array], moved: Arrays) -> Array:
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("error", np.exceptions.ComplexWarning)
        try:
            return function(moved)
        except Exception as error:
            reason = str(error).strip().splitlines() or [type(error).__name__]
            raise NotAnalytic(f"it does not take complex data ({reason[0][:90]})") from error


COMPLEX_STEP = Method("complex step", complex_slope, lambda at: tuple(_complex(a) for a in at), complex_entries)
