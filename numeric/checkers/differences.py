"""Central differences with an error estimate from two step sizes: the method that always applies.

Why: a fixed step and a fixed tolerance are wrong for almost every function. Here a fourth-order difference is
taken with two steps; their distance says how far either can be off, and the step is shrunk until rounding
takes over.

Law: D(h) = (8(f(+h) − f(−h)) − (f(+2h) − f(−2h))) / 12h [Abramowitz & Stegun 25.3.6]; the error of D(h/2) is
put at the distance |D(h) − D(h/2)| plus the rounding 16·eps·|f|/h, entry by entry of the output. Of several
h, the best.

What it cannot see: errors of the claim below that estimate, which the report prints.
"""

from __future__ import annotations

import numpy as np

from numeric.checkers.localise import Positions
from numeric.checkers.problem import Array, Arrays, Problem
from numeric.checkers.smooth import ROUNDINGS, Method, Slope, scale_of, steepness

# steps relative to the data; the first suits a smooth function in its precision, the later ones a rough one
_STEPS = {
    np.dtype(np.float64): (2.0**-9, 2.0**-13, 2.0**-18, 2.0**-24),
    np.dtype(np.float32): (2.0**-4, 2.0**-7, 2.0**-10),
}
# relative error at which no smaller step is tried
_GOOD = {np.dtype(np.float64): 1e-8, np.dtype(np.float32): 1e-3}


def central_slope(problem: Problem, at: Arrays, direction: Arrays, start: Array) -> Slope:
    """J u by central differences along `direction` from `at`, with the best error estimate among several
    steps."""
    precision = np.dtype(np.float32) if any(a.dtype == np.float32 for a in (*at, start)) else np.dtype(np.float64)
    steepest = steepness(direction, at)
    eps = float(np.finfo(precision).eps)
    best: Slope | None = None
    for relative in _STEPS[precision]:
        found = _two_steps(problem, at, direction, relative / steepest, eps)
        if best is None or found.error.sum() < best.error.sum():
            best = found
        if best.error.sum() <= _GOOD[precision] * np.abs(best.values).sum():
            break
    assert best is not None
    return best


def central_entries(problem: Problem, at: Arrays, k: int, positions: Positions, steps: Array, start: Array) -> Slope:
    """J u for steps at some entries of the k-th argument."""
    direction = tuple(np.zeros(a.shape) for a in at)
    direction[k].reshape(-1)[positions] = steps
    return central_slope(problem, at, direction, start)


def _two_steps(problem: Problem, at: Arrays, direction: Arrays, h: float, eps: float) -> Slope:
    def value(t: float) -> Array:
        moved = tuple((a + t * u).astype(a.dtype, copy=False) for a, u in zip(at, direction, strict=True))
        return problem.value(moved).astype(np.float64)

    with np.errstate(all="ignore"):
        differences = {t: value(t) - value(-t) for t in (2 * h, h, h / 2)}
        coarse = (8 * differences[h] - differences[2 * h]) / (12 * h)
        fine = (8 * differences[h / 2] - differences[h]) / (6 * h)
        rounding = ROUNDINGS * eps * (np.abs(value(h)) + _shift_noise(at, direction, h) * np.abs(fine)) / h
        error = np.abs(fine - coarse) + rounding
    bad = ~np.isfinite(error) | ~np.isfinite(fine)
    # a step that leaves the function's domain tells nothing: its error is unbounded
    return Slope(np.where(bad, 0.0, fine), np.where(bad, np.inf, error))


def _shift_noise(at: Arrays, direction: Arrays, h: float) -> float:
    """How much the points themselves are rounded, in units of the direction: |a| / |u| at most."""
    return max((scale_of(a) / scale_of(u) for a, u in zip(at, direction, strict=True) if u.any()), default=0.0)


CENTRAL_DIFFERENCES = Method("central differences", central_slope, lambda at: at, central_entries)
