"""The caller's data, evaluated, and what must hold before anything is compared: shapes, finite values, tolerance.

Why: every check in floating point begins with the same questions of the same values.

Law: a claim of another shape, or one that is not finite, is wrong before any slope is measured; a tolerance that is not
small beside what it is held against decides nothing.

What it cannot see: whether the claim is right.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from numeric.checkers.complex_step import COMPLEX_STEP
from numeric.checkers.differences import CENTRAL_DIFFERENCES
from numeric.checkers.problem import Array, Arrays, Problem, at_the_data
from numeric.checkers.report import CheckInputError, GradientReport, Measurement, WrongEntry
from numeric.checkers.smooth import SmoothProbe, balanced, random_directions, random_sensitivity

Kind = Literal["complex", "difference"]
WAYS = {"complex": COMPLEX_STEP, "difference": CENTRAL_DIFFERENCES}
# share of the compared terms that a tolerance may be, if passing it is to mean anything
COARSE = 0.02


@dataclass(frozen=True)
class Ground:
    """The caller's data, evaluated: forward value, sensitivity, and the claim."""

    start: Array
    sensitivity: Array
    claimed: Arrays


def too_coarse(probe: SmoothProbe, found: Measurement) -> bool:
    """Whether the tolerance is no longer small beside what was compared; where that is 0, beside the change of the
    values over the data's own scale."""
    if not np.isfinite(found.tolerance):
        return True
    pairs = zip(probe.claimed, probe.directions, strict=True)
    compared = sum(float(np.abs(np.multiply(g, u, dtype=np.float64)).sum()) for g, u in pairs)
    compared = max(compared, abs(float(found.true)))
    if compared == 0:
        if found.tolerance <= 2 * probe.underflow * (1 + sum(float(np.abs(u).sum()) for u in probe.directions)):
            return False
        with np.errstate(all="ignore"):
            moved = [np.asarray(a + u, dtype=a.dtype) for a, u in zip(probe.at, probe.directions, strict=True)]
            change = np.abs(probe.problem.value(moved).astype(np.float64) - probe.start)
        compared = float((np.abs(probe.sensitivity) * change).sum())
    return not found.tolerance <= COARSE * compared


def ground_at(problem: Problem, at: Arrays, seed: int) -> Ground:
    with np.errstate(all="ignore"):
        start = at_the_data(lambda: problem.value(at), "forward")
    if not np.isfinite(start).all():
        index = tuple(int(i) for i in np.argwhere(~np.isfinite(start))[0])
        raise CheckInputError(
            f"forward returns {start[index]} at output {index} for the given data; "
            "a gradient can be checked where the values are finite"
        )
    if start.dtype not in (np.float32, np.float64):
        raise CheckInputError(f"forward returns {start.dtype} data; expected float32 or float64")
    sensitivity = random_sensitivity(start, seed) if problem.delta is None else problem.delta
    if sensitivity.shape != start.shape:
        raise CheckInputError(f"delta has shape {sensitivity.shape}, the output {start.shape}; they must agree")
    called = f"backward(delta, {', '.join(problem.names)})"
    return Ground(start, sensitivity, at_the_data(lambda: problem.gradients(sensitivity, at), called))


def smooth_probe(problem: Problem, kind: Kind, ground: Ground, at: Arrays, seed: int) -> SmoothProbe:
    directions = random_directions(at, seed)
    if kind == "complex":
        directions = balanced(directions, ground.claimed, seed + 1)
    return SmoothProbe(problem, WAYS[kind], at, directions, ground.sensitivity, ground.claimed, ground.start)


def wrong_shapes(problem: Problem, claimed: Arrays) -> str:
    """What is wrong with the claims' shapes, or ""."""
    lines = []
    for name, g, a in zip(problem.labels, claimed, problem.point, strict=True):
        if g.shape != a.shape:
            lines.append(f"{name}: the claimed gradient has shape {g.shape}, the argument {a.shape}{_hint(g, a)}")
    return "; ".join(lines)


def _hint(claimed: Array, argument: Array) -> str:
    if claimed.shape == argument.shape[::-1]:
        return " (transposed)"
    if claimed.size == argument.size:
        return " (as many entries: reshaped or transposed)"
    if claimed.ndim > argument.ndim or claimed.size > argument.size:
        return " (not summed over the axes along which the argument was broadcast)"
    return " (entries are missing)"


def not_finite(problem: Problem, claimed: Arrays) -> tuple[WrongEntry, ...]:
    entries = []
    for name, g in zip(problem.labels, claimed, strict=True):
        for place in np.argwhere(~np.isfinite(g))[:3]:
            index = tuple(int(i) for i in place)
            entries.append(WrongEntry(name, index, float("nan"), float(g[index])))
    return tuple(entries)


def without_output(report: GradientReport, ground: Ground) -> GradientReport:
    """An empty output depends on nothing: every gradient must be exactly 0."""
    for name, g in zip(report.checked, ground.claimed, strict=True):
        if g.any():
            index = tuple(int(i) for i in np.argwhere(g)[0])
            entry = WrongEntry(name, index, 0.0, float(g[index]))
            return replace(report, verdict="wrong", wrong=(entry,), guess="the output is empty: gradients are 0")
    return replace(report, method="empty output", why="gradients must be, and are, exactly 0")
