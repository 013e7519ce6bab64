"""Kinks and ties: points at which a function has no derivative, but an interval of subgradients.

Why: at a kink (ReLU at 0) or a tie (two equal maxima) one-sided derivatives differ, every value between them
is a valid subgradient, and a finite difference returns their mean. Neither a pass nor an error would be
honest.

Law: along a line, the second difference f(+h) − 2f(0) + f(−h) of a smooth function shrinks with h², that of a
kink at the point with h. Where it shrinks with h in some output, the entries that cause it are found by
halving, and for each the interval between its one-sided derivatives is given, output by output [Clarke 1983].

What it cannot see: the joint condition on several entries (two tied maxima may not both take the full
gradient), and kinks that a random direction happens to cross without a bend.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from numeric.checkers.localise import masks_of, place_of
from numeric.checkers.problem import Array, Arrays, Problem
from numeric.checkers.report import Kink
from numeric.checkers.smooth import ROUNDINGS, scale_of, steepness

Mask = NDArray[np.bool_]
_STEP = {np.dtype(np.float64): 2.0**-20, np.dtype(np.float32): 2.0**-9}
# a bend counts if it changes the slope by this share of the function's size over the argument's
_BEND = {np.dtype(np.float64): 1e-5, np.dtype(np.float32): 1e-2}
# entries with kinks that are named, and measurements spent to find them
MOST_KINKS, MOST_MEASUREMENTS = 24, 400


@dataclass
class Search:
    """Positions of kinked entries found so far, and whether the search was cut short."""

    found: list[int]
    spent: int = 0
    cut: bool = False


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
    precision = _precision(at, start)
    steepest = steepness(direction, at)
    h = _STEP[precision] / steepest
    eps = float(np.finfo(precision).eps)
    with np.errstate(all="ignore"):
        right, left = one_sided(problem, at, direction, start, h)
        floor = 4 * ROUNDINGS * eps * np.abs(start.astype(np.float64)).max(initial=0) / h
        jump = np.abs(right - left)
        strongest = np.maximum(np.abs(right), np.abs(left)).max(initial=0)
        least = np.maximum(floor, _BEND[precision] * strongest)
        bent: Mask = np.asarray(jump > least)
        if bent.any():
            finer_right, finer_left = one_sided(problem, at, direction, start, h / 4)
            # a curve's jump would be a quarter of itself; one half is midway between that and no change
            finer = np.abs(finer_right - finer_left)
            bent = np.asarray(bent & (finer > 0.6 * jump) & (finer < 1.6 * jump) & (finer > 4 * floor))
    return Look(bent, (right + left) / 2, np.broadcast_to(np.asarray(least + jump), jump.shape))


def one_sided(problem: Problem, at: Arrays, direction: Arrays, start: Array, h: float) -> tuple[Array, Array]:
    """(right, left) one-sided derivatives of every output along the direction, to first order in h."""
    zero = start.astype(np.float64, copy=False)

    def value(t: float) -> Array:
        moved = tuple((a + t * u).astype(a.dtype, copy=False) for a, u in zip(at, direction, strict=True))
        return problem.value(moved).astype(np.float64)

    return (value(h) - zero) / h, (zero - value(-h)) / h


def kinked_entries(problem: Problem, at: Arrays, direction: Arrays, start: Array) -> Search:
    """Positions (arrays laid end to end) of the entries along which the function bends, found by halving."""
    shapes = [a.shape for a in at]
    search = Search([])

    def halve(first: int, last: int) -> None:
        if search.spent >= MOST_MEASUREMENTS or len(search.found) >= MOST_KINKS:
            search.cut = True
            return
        search.spent += 1
        masks = masks_of(shapes, np.arange(first, last))
        part = tuple(u * m for u, m in zip(direction, masks, strict=True))
        if not bends(problem, at, part, start).any():
            return
        if last - first == 1:
            search.found.append(first)
            return
        middle = (first + last) // 2
        halve(first, middle)
        halve(middle, last)

    halve(0, sum(a.size for a in at))
    return search


def describe(problem: Problem, at: Arrays, position: int, claimed: Arrays, sensitivity: Array, start: Array) -> Kink:
    """One kinked entry with its interval of subgradients for the loss ⟨sensitivity, f⟩."""
    k, index = place_of([a.shape for a in at], position)
    unit = tuple(np.zeros(a.shape) for a in at)
    unit[k][index] = 1.0
    low, high, tolerance = interval_along(problem, at, unit, sensitivity, start)
    # + 0.0 turns −0.0 into 0.0, which reads better
    return Kink(problem.labels[k], index, low, high, float(claimed[k][index]) + 0.0, tolerance)


def interval_along(
    problem: Problem, at: Arrays, direction: Arrays, sensitivity: Array, start: Array
) -> tuple[float, float, float]:
    """(low, high, tolerance) of the loss's slope along a direction: between the one-sided ones of each output."""
    precision = _precision(at, start)
    scale = max(scale_of(a) for a, u in zip(at, direction, strict=True) if u.any())
    h = _STEP[precision] * scale
    right, left = one_sided(problem, at, direction, start, h)
    weights = sensitivity.astype(np.float64)
    ends = np.stack([weights * right, weights * left])
    noise = float(np.finfo(precision).eps) * np.abs(start).max(initial=0) / h
    tolerance = float((np.abs(weights) * noise).sum() + 64 * _STEP[precision] * np.abs(ends).sum())
    return float(ends.min(axis=0).sum()) + 0.0, float(ends.max(axis=0).sum()) + 0.0, tolerance


def _precision(at: Arrays, start: Array) -> np.dtype:
    return np.dtype(np.float32) if any(a.dtype == np.float32 for a in (*at, start)) else np.dtype(np.float64)
