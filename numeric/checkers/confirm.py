"""Is one entry's residual a mistake, or the rounding noise of a right computation?

Why: a backward such as 1 − tanh² loses digits where the function saturates. A tolerance wide enough for that
would hide real mistakes elsewhere, and a narrow one would call a right layer wrong.

Law: along a short line, a mistake's residual is a smooth function, rounding noise is not. The sixth
difference of nine residuals cancels what is smooth; what it leaves, divided by √924 (the norm of its
coefficients), is the noise level [Moré & Wild 2011, "Estimating computational noise"; Hamming 1971]. A
residual above sixteen times the noise is a mistake.

What it cannot see: a mistake that is as rough as noise; it is reported as undecided, never passed.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Literal

import numpy as np

from numeric.checkers.localise import masks_of, place_of
from numeric.checkers.problem import Array, Arrays, Problem
from numeric.checkers.report import Measurement
from numeric.checkers.smooth import ROUNDINGS, SmoothProbe, random_directions, scale_of

Finding = Literal["mistake", "noise", "unclear"]
# spacing of the nine points relative to the data: its sixth power is below the rounding of either type
_SPACING = {np.dtype(np.float64): 2.0**-10, np.dtype(np.float32): 2.0**-6}
# closer where the claim itself is differenced, not its residual: nothing else cancels what is smooth there
_CLOSER = 2.0**-4
_SIXTH = np.array([1, -6, 15, -20, 15, -6, 1], dtype=np.float64)
# share of the function's own size below which a derivative is indistinguishable from 0, in units of eps
_BELOW_VALUES = 64


def judge_entry(probe: SmoothProbe, position: int, alone: Measurement) -> tuple[Finding, float]:
    """What the residual of one entry is, and the noise level that was measured (in units of the projection)."""
    residual = abs(float(alone.residual))
    if not math.isfinite(residual):
        return "mistake", 0.0
    if probe.problem.fixed:
        return ("mistake" if residual > 4 * alone.tolerance else "unclear"), alone.tolerance
    noise = _noise(probe, position)
    size = abs(float(alone.true)) + abs(float(alone.claimed))
    allowed = ROUNDINGS * (noise + probe.eps * size)
    if residual > max(allowed, 2 * alone.tolerance):
        return ("unclear" if size <= _BELOW_VALUES * probe.eps * _natural(probe, position) else "mistake"), noise
    quiet = allowed <= ROUNDINGS * _BELOW_VALUES * probe.eps * _natural(probe, position)
    return ("noise" if quiet or residual <= alone.tolerance else "unclear"), noise


def _noise(probe: SmoothProbe, position: int) -> float:
    """Noise of the residual of one entry, from sixth differences along a random line through the point."""
    shapes = [g.shape for g in probe.claimed]
    masks = masks_of(shapes, np.array([position]))
    precision = np.dtype(np.float32) if probe.eps > 1e-10 else np.dtype(np.float64)
    line = random_directions(probe.at, 4321)
    residuals = []
    for t in range(-4, 5):
        at = tuple((a + t * _SPACING[precision] * u).astype(a.dtype) for a, u in zip(probe.at, line, strict=True))
        with np.errstate(all="ignore"):
            start = probe.problem.value(at)
            claimed = probe.problem.gradients(probe.sensitivity, at)
            moved = replace(probe, at=at, start=start, claimed=claimed)
            residuals.append(float(moved.measure(masks).residual))
    sixth = np.convolve(np.array(residuals), _SIXTH, mode="valid")
    return float(np.abs(sixth).max() / math.sqrt(924.0))


def claimed_noise(problem: Problem, at: Arrays, sensitivity: Array) -> Arrays:
    """Rounding noise of every claimed entry, from sixth differences along a random line; at least what is usual in
    its array, because three samples of one entry may all happen to be small."""
    precision = np.dtype(np.float32) if any(a.dtype == np.float32 for a in at) else np.dtype(np.float64)
    spacing = _CLOSER * _SPACING[precision]
    line = random_directions(at, 4321)
    samples = []
    for t in range(-4, 5):
        moved = tuple((a + t * spacing * u).astype(a.dtype) for a, u in zip(at, line, strict=True))
        with np.errstate(all="ignore"):
            problem.value(moved)
            samples.append(problem.gradients(sensitivity, moved))
    return tuple(_usual_at_least(np.stack([sample[k] for sample in samples])) for k in range(len(at)))


def _usual_at_least(samples: Array) -> Array:
    sixth = [np.tensordot(_SIXTH, samples[start : start + 7], axes=1) for start in range(3)]
    noise = np.abs(np.stack(sixth)).max(axis=0) / math.sqrt(924.0)
    usual = math.sqrt(float((noise**2).mean())) if noise.size else 0.0
    return np.asarray(np.maximum(noise, usual))


def _natural(probe: SmoothProbe, position: int) -> float:
    """The size a projection on this entry would have, were the slope as large as the value over the argument."""
    k, index = place_of([g.shape for g in probe.claimed], position)
    weighted: Array = np.abs(probe.sensitivity.astype(np.float64)) * np.abs(probe.start)
    return float(weighted.sum()) * abs(probe.step(k, index)) / scale_of(probe.at[k])
