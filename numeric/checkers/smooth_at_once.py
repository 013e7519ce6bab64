"""The complex step in one pass over all entries laid end to end: what passes here needs no closer look.

Why: for a network the check itself cost more than the functions that it calls, one small operation on each array
after the other. Here the arrays are parts of one.

Law: a pass means what it means in `judge.check_smooth`: the claim agrees with the complex slope within the same
tolerance, the complex slope with real values on both sides of the point, and no output bends there. Anything else,
and anything unusual, is None: the closer look decides and explains.

What it cannot see: what the complex step cannot see.
"""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass

import numpy as np

from numeric.checkers.problem import Array, Arrays, Layout, Problem, layout_of
from numeric.checkers.smooth import FIRST_LOOK, LEAST_SHARE, away_from_zero, random_sensitivity, shares

_EPS = float(np.finfo(np.float64).eps)
_TINY = float(np.finfo(np.float64).tiny)
# real steps relative to the data, and the share of the slope that may change between its sides before they are
# taken for different: those of the search for kinks
_REAL_STEP, _BEND = 2.0**-20, 1e-5
_IMAGINARY_STEP = 2.0**-60
_LARGEST = 1e100


@dataclass(frozen=True)
class Passed:
    """A projection within its tolerance."""

    residual: float
    tolerance: float


def smooth_at_once(problem: Problem, seed: int) -> Passed | None:
    """The projection that passed, or None where a closer look must say what is the matter."""
    at = problem.point
    if problem.excluded or any(a.dtype != np.float64 or a.size == 0 for a in at):
        return None
    if not all(top == 0 or 1 / _LARGEST < top < _LARGEST for top in problem.tops):
        return None
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("error", np.exceptions.ComplexWarning)
        try:
            start = problem.value(at)
        except Exception:
            return None
        if start.dtype != np.float64 or start.size == 0 or not np.isfinite(start).all():
            return None
        sensitivity = random_sensitivity(start, seed) if problem.delta is None else problem.delta
        if sensitivity.shape != start.shape or sensitivity.dtype != np.float64:
            return None
        try:
            claimed = problem.gradients(sensitivity, at)
        except Exception:
            return None
        if any(g.shape != a.shape or g.dtype != np.float64 for g, a in zip(claimed, at, strict=True)):
            return None
        return _compare(problem, start, sensitivity, claimed, seed)


def _compare(problem: Problem, start: Array, sensitivity: Array, claimed: Arrays, seed: int) -> Passed | None:
    layout = layout_of(problem.shapes)
    # one block for everything: memory that is handed back and fetched again costs more than what is done with it
    block = np.empty((6, layout.size))
    point, gradient, direction, spare = block[:4]
    moved = block[4:].reshape(-1).view(np.complex128)
    np.concatenate([a.ravel() for a in problem.point], out=point)
    np.concatenate([g.ravel() for g in claimed], out=gradient)
    share, draw = shares(point.shape, seed + 1), away_from_zero(point.shape, seed + 1)
    scales = [top or 1.0 for top in problem.tops]
    np.abs(gradient, out=direction)
    steepest = _raise_to_a_share(layout.parts(direction), scales)
    if not 0 < steepest < _LARGEST:
        return None
    np.divide(share, np.copysign(direction, gradient, out=direction), out=direction)
    slope = _complex_slope(problem, layout, point, direction, moved, steepest, start)
    if slope is None:
        return None
    terms, products = (sensitivity * slope).ravel(), np.multiply(gradient, direction, out=spare)
    squares = float(terms.dot(terms)) + float(products.dot(products))
    tolerance = FIRST_LOOK * _EPS * math.sqrt(squares)
    residual = float(products.sum()) - float(terms.sum())
    # where underflow could matter, the closer look adds it up
    if not abs(residual) <= tolerance or tolerance < 1e6 * _TINY * steepest:
        return None
    step = np.multiply(point, draw, out=direction)
    zeros = np.flatnonzero(point == 0)
    if zeros.size:
        # an entry 0 has no size of its own: it moves by a share of its array's
        owners = np.searchsorted(layout.starts, zeros, side="right") - 1
        step[zeros] = np.array(scales)[owners] * draw[zeros]
    smooth = _as_the_real_values(problem, layout, point, step, spare, start, sensitivity, gradient)
    return Passed(residual, tolerance) if smooth else None


def _raise_to_a_share(sizes: Arrays, scales: list[float]) -> float:
    """Raise the claims' magnitudes in place, to a share of the root mean square at least; a bound on the direction's
    size over the data's, infinite where a claim is 0."""
    steepest = 0.0
    for size, scale in zip(sizes, scales, strict=True):
        flat = size.reshape(-1)
        floor = LEAST_SHARE * math.sqrt(float(flat.dot(flat)) / flat.size)
        if not 0 < floor < _LARGEST:
            return math.inf
        np.maximum(flat, floor, out=flat)
        steepest = max(steepest, 1 / (floor * scale))
    return steepest


def _complex_slope(
    problem: Problem, layout: Layout, point: Array, direction: Array, moved: Array, steepest: float, start: Array
) -> Array | None:
    """J u by the complex step; None where the function does not carry complex numbers."""
    h = _IMAGINARY_STEP * 2.0 ** -math.ceil(math.log2(steepest))
    moved.real = point
    np.multiply(direction, h, out=moved.imag)
    try:
        value = problem.value_of_own(layout.parts(moved))
    except Exception:
        return None
    if value.dtype != np.complex128 or value.shape != start.shape or not np.isfinite(value).all():
        return None
    loosest = 1e3 * _EPS * float(np.abs(start).max())
    return None if (np.abs(value.real - start) > loosest).any() else value.imag / h


def _as_the_real_values(
    problem: Problem,
    layout: Layout,
    point: Array,
    step: Array,
    moved: Array,
    start: Array,
    sensitivity: Array,
    gradient: Array,
) -> bool:
    """Whether no output bends at the point, and real differences on both sides agree with the claim."""
    h = _REAL_STEP
    ahead = problem.value_of_own(layout.parts(np.add(point, np.multiply(step, h, out=moved), out=moved)))
    back = problem.value_of_own(layout.parts(np.subtract(point, np.multiply(step, h, out=moved), out=moved)))
    if ahead.shape != start.shape or back.shape != start.shape:
        return False
    right, left = (ahead - start) / h, (start - back) / h
    floor = 64 * _EPS * float(np.abs(start).max()) / h
    jump = np.abs(right - left)
    least = max(floor, _BEND * float(max(np.abs(right).max(), np.abs(left).max())))
    if not (jump <= least).all():
        return False
    weights = np.abs(sensitivity)
    error = float((weights * (least + jump)).sum())
    return abs(float((sensitivity * (right + left)).sum()) / 2 - float(gradient.dot(step))) <= error
