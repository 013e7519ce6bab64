"""Kinks and ties: points at which a function has no derivative, and how to notice that one stands there.

Why: at a kink (ReLU at 0) or a tie (two equal maxima) one-sided derivatives differ, and a finite difference returns
their mean. Neither a pass nor an error would be honest.

Law: along a line, the second difference f(+h) − 2f(0) + f(−h) of a smooth function shrinks with h², that of a
kink at the point with h. Each output is judged by its own slopes: a steep one does not hide the kink of another.

What it cannot see: kinks that a random direction happens to cross without a bend, and those whose change of slope is
below the rounding of the function's values over the step.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from numeric.checkers.problem import Array, Arrays, Problem
from numeric.checkers.smooth import ROUNDINGS, steepness

Mask = NDArray[np.bool_]
# the step relative to the data
STEP = {np.dtype(np.float64): 2.0**-20, np.dtype(np.float32): 2.0**-9}
# a bend counts if it changes an output's slope by this share of it
_BEND = {np.dtype(np.float64): 1e-5, np.dtype(np.float32): 1e-2}


@dataclass(frozen=True)
class Look:
    """Each output along one direction: does it bend at the point; its mean slope, and how far that may be off."""

    bent: Mask
    slope: Array
    error: Array


def bends(problem: Problem, at: Arrays, direction: Arrays, start: Array) -> Mask:
    """For each output: does the function bend at `at` along `direction`?"""
    return look_for_bends(problem, at, direction, start).bent


def look_for_bends(problem: Problem, at: Arrays, direction: Arrays, start: Array) -> Look:
    """One-sided slopes along the direction, compared; where they differ, again with a quarter of the step."""
    precision = precision_of(at, start)
    steepest = steepness(direction, at)
    h = STEP[precision] / steepest
    eps = float(np.finfo(precision).eps)
    with np.errstate(all="ignore"):
        right, left = one_sided(problem, at, direction, start, h)
        floor = 4 * ROUNDINGS * eps * np.abs(start.astype(np.float64)).max(initial=0) / h
        jump = np.abs(right - left)
        strongest = np.maximum(np.abs(right), np.abs(left))
        least = np.maximum(floor, _BEND[precision] * strongest)
        bent: Mask = np.asarray(jump > least)
        if bent.any():
            finer_right, finer_left = one_sided(problem, at, direction, start, h / 4)
            # a curve's jump would be a quarter of itself; one half is midway between that and no change
            finer = np.abs(finer_right - finer_left)
            bent = np.asarray(bent & (finer > 0.6 * jump) & (finer < 1.6 * jump) & (finer > 4 * floor))
    return Look(bent, (right + left) / 2, np.broadcast_to(np.asarray(least + jump), jump.shape))


def bends_alone(problem: Problem, at: Arrays, direction: Arrays, start: Array) -> bool:
    """Whether some output bends along a direction, be its values however small beside those of the others.

    Asked of one entry: at three steps the change of slope must be the same, beyond the rounding of that output alone.
    """
    precision = precision_of(at, start)
    h = STEP[precision] / steepness(direction, at)
    floor = 4 * ROUNDINGS * float(np.finfo(precision).eps) * np.abs(start.astype(np.float64)) / h
    with np.errstate(all="ignore"):
        sides = [one_sided(problem, at, direction, start, h / shrink) for shrink in (1, 4, 16)]
        jumps = [np.abs(right - left) for right, left in sides]
        steepest = np.maximum(*[np.abs(side) for side in sides[0]])
        bent = jumps[0] > np.maximum(floor, _BEND[precision] * steepest)
        for jump, shrink in zip(jumps[1:], (4, 16), strict=True):
            bent &= (jump > 0.6 * jumps[0]) & (jump < 1.6 * jumps[0]) & (jump > shrink * floor)
    return bool(bent.any())


def one_sided(problem: Problem, at: Arrays, direction: Arrays, start: Array, h: float) -> tuple[Array, Array]:
    """(right, left) one-sided derivatives of every output along the direction, to first order in h."""
    zero = start.astype(np.float64, copy=False)

    def value(t: float) -> Array:
        moved = tuple((a + t * u).astype(a.dtype, copy=False) for a, u in zip(at, direction, strict=True))
        return problem.value(moved).astype(np.float64)

    return (value(h) - zero) / h, (zero - value(-h)) / h


def precision_of(at: Arrays, start: Array) -> np.dtype:
    """The least precise type among the data and the values."""
    return np.dtype(np.float32) if any(a.dtype == np.float32 for a in (*at, start)) else np.dtype(np.float64)
