"""Central differences with an error estimate from two step sizes: the method that always applies.

Why: a fixed step and a fixed tolerance are wrong for almost every function. Here a fourth-order difference is
taken with two steps; their distance says how far either can be off, and the step is shrunk until rounding
takes over.

Law: D(h) = (8(f(+h) − f(−h)) − (f(+2h) − f(−2h))) / 12h [Abramowitz & Stegun 25.3.6]; the error of D(h/2) is
put at the distance |D(h) − D(h/2)| plus the rounding 16·eps·|f|/h, entry by entry of the output. Of several
h, the best. An output that stands still, to the last bit, within tiny steps but jumps within larger ones, by more than
rounding would, is a step function's: its derivative is 0.

What it cannot see: errors of the claim below that estimate, which the report prints; and a slope that is hidden in
jumps of many roundings each.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from numeric.checkers.localise import Positions
from numeric.checkers.problem import Array, Arrays, Problem
from numeric.checkers.smooth import ROUNDINGS, Method, Slope, scale_of, steepness

# steps relative to the data; the first suits a smooth function in its precision, the later ones a rough one
_STEPS = {
    np.dtype(np.float64): (2.0**-9, 2.0**-13, 2.0**-18, 2.0**-24),
    np.dtype(np.float32): (2.0**-4, 2.0**-7, 2.0**-10),
}
# within these steps a step function stands still, and a smooth one does not
_TINY = {np.dtype(np.float64): (2.0**-40, 2.0**-49), np.dtype(np.float32): (2.0**-17, 2.0**-22)}
# a jump, as a share of the value: what stands still within those steps and is smooth moves by far less where it does
_JUMP = {np.dtype(np.float64): 2.0**-20, np.dtype(np.float32): 2.0**-15}
# relative error at which no smaller step is tried
_GOOD = {np.dtype(np.float64): 1e-8, np.dtype(np.float32): 1e-3}


def central_slope(problem: Problem, at: Arrays, direction: Arrays, start: Array) -> Slope:
    """J u by central differences along `direction` from `at`, with the best error estimate among several
    steps."""
    precision = _precision(at, start)
    steepest = steepness(direction, at)
    eps = float(np.finfo(precision).eps)
    best: Slope | None = None
    moves: list[Array] = []
    for relative in _STEPS[precision]:
        found, moved = _two_steps(problem, at, direction, start, relative / steepest, eps)
        moves.append(moved)
        if best is None or found.error.sum() < best.error.sum():
            best = found
        if best.error.sum() <= _GOOD[precision] * np.abs(best.values).sum():
            return best
    assert best is not None
    flat = _step_functions(problem, at, direction, start, moves)
    return Slope(np.where(flat, 0.0, best.values), np.where(flat, 0.0, best.error)) if flat.any() else best


def stands_still(
    problem: Problem, at: Arrays, direction: Arrays, start: Array, *, closest: bool = False
) -> NDArray[np.bool_]:
    """Outputs that do not change by a bit within tiny steps to either side; or within the smallest alone."""
    steepest, still = steepness(direction, at), np.ones(start.shape, dtype=bool)
    with np.errstate(all="ignore"):
        for relative in _TINY[_precision(at, start)][-1 if closest else 0 :]:
            for t in (relative / steepest, -relative / steepest):
                still &= _moved(problem, at, direction, t) == start
    return still


def _step_functions(
    problem: Problem, at: Arrays, direction: Arrays, start: Array, moves: list[Array]
) -> NDArray[np.bool_]:
    """Outputs that stand still beside the point, and if they move farther off, then by more than many roundings."""
    still = stands_still(problem, at, direction, start)
    if not still.any():
        return still
    with np.errstate(all="ignore"):
        far = [np.abs(_moved(problem, at, direction, t / steepness(direction, at)) - start) for t in (1.0, -1.0)]
        steps = np.stack([*moves, *far])
        least = np.where(steps > 0, steps, np.inf).min(axis=0)
        # beside the largest of all values: one that is small by cancellation is as rough as they are
        largest = np.maximum(np.abs(start).max(initial=0), np.maximum(*far))
        return np.asarray(still & (least > _JUMP[_precision(at, start)] * largest))


def _precision(at: Arrays, start: Array) -> np.dtype:
    return np.dtype(np.float32) if any(a.dtype == np.float32 for a in (*at, start)) else np.dtype(np.float64)


def _moved(problem: Problem, at: Arrays, direction: Arrays, t: float) -> Array:
    moved = tuple((a + t * u).astype(a.dtype, copy=False) for a, u in zip(at, direction, strict=True))
    return problem.value(moved).astype(np.float64)


def central_entries(problem: Problem, at: Arrays, k: int, positions: Positions, steps: Array, start: Array) -> Slope:
    """J u for steps at some entries of the k-th argument."""
    direction = tuple(np.zeros(a.shape) for a in at)
    direction[k].reshape(-1)[positions] = steps
    return central_slope(problem, at, direction, start)


def _two_steps(
    problem: Problem, at: Arrays, direction: Arrays, start: Array, h: float, eps: float
) -> tuple[Slope, Array]:
    """(the slope with its error, how far each output moved within the smallest step)."""

    def value(t: float) -> Array:
        return _moved(problem, at, direction, t)

    with np.errstate(all="ignore"):
        ends = {t: (value(t), value(-t)) for t in (2 * h, h, h / 2)}
        differences = {t: ahead - back for t, (ahead, back) in ends.items()}
        coarse = (8 * differences[h] - differences[2 * h]) / (12 * h)
        fine = (8 * differences[h / 2] - differences[h]) / (6 * h)
        rounding = ROUNDINGS * eps * (np.abs(ends[h][0]) + _shift_noise(at, direction, h) * np.abs(fine)) / h
        error = np.abs(fine - coarse) + rounding
    bad = ~np.isfinite(error) | ~np.isfinite(fine)
    # a step that leaves the function's domain tells nothing: its error is unbounded
    nearest = np.maximum(*[np.abs(end - start) for end in ends[h / 2]])
    return Slope(np.where(bad, 0.0, fine), np.where(bad, np.inf, error)), nearest


def _shift_noise(at: Arrays, direction: Arrays, h: float) -> float:
    """How much the points themselves are rounded, in units of the direction: |a| / |u| at most."""
    return max((scale_of(a) / scale_of(u) for a, u in zip(at, direction, strict=True) if u.any()), default=0.0)


CENTRAL_DIFFERENCES = Method("central differences", central_slope, lambda at: at, central_entries)
