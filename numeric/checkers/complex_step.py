"""The complex step: a derivative without subtraction, good to the last digits, for functions that take
complex data.

Why: Im f(x + i·h·u) / h has no cancellation, so that h can be so small that nothing is truncated; what
remains is the rounding of f itself [Squire & Trapp 1998; Martins, Sturdza & Alonso 2003].

Law: f must be analytic along the way. That is tested: a result that is not complex, a discarded imaginary
part, or a real difference f(x) − f(x − h·u) that contradicts the complex one each rule the method out.

What it cannot see: a function that takes the modulus of its argument somewhere where it hardly matters.
"""

from __future__ import annotations

import warnings

import numpy as np

from numeric.checkers.problem import Array, Arrays, Problem
from numeric.checkers.smooth import Slope, scale_of

# imaginary step relative to the data: its square is far below any eps, itself far above the smallest float32
_STEP = 2.0**-60


class NotAnalytic(Exception):
    """The complex step does not apply; the text says why."""


def complex_slope(problem: Problem, at: Arrays, direction: Arrays, start: Array) -> Slope:
    """J u as Im f(at + i·h·u) / h, known to rounding; NotAnalytic where f does not carry complex numbers."""
    steepest = max((scale_of(u) / scale_of(a) for u, a in zip(direction, at, strict=True)), default=1.0)
    h = _STEP * 2.0 ** -np.ceil(np.log2(steepest))
    moved = tuple(
        (a + 1j * (h * u)).astype(np.complex64 if a.dtype == np.float32 else np.complex128)
        for a, u in zip(at, direction, strict=True)
    )
    value = _complex_value(problem, moved)
    if value.dtype.kind != "c":
        raise NotAnalytic("it returns real numbers for complex data")
    if value.shape != start.shape:
        raise NotAnalytic("it returns another shape for complex data")
    real, imaginary = value.real.astype(np.float64), value.imag.astype(np.float64)
    loosest = 1e3 * float(np.finfo(start.dtype).eps) * scale_of(start)
    if not (np.abs(real - start) <= loosest).all():
        raise NotAnalytic("its real part changes when the data become complex")
    return Slope(imaginary / h, np.zeros(start.shape))


def _complex_value(problem: Problem, moved: Arrays) -> Array:
    with warnings.catch_warnings():
        warnings.simplefilter("error", np.exceptions.ComplexWarning)
        try:
            return problem.value(moved)
        except Exception as error:
            reason = str(error).strip().splitlines() or [type(error).__name__]
            raise NotAnalytic(f"it does not take complex data ({reason[0][:90]})") from error
