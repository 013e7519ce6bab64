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

from numeric.checkers.differences import CENTRAL_DIFFERENCES, stands_still
from numeric.checkers.kinks import bends_alone
from numeric.checkers.localise import Mask, masks_of, place_of
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
_BELOW_VALUES = 1024
# a claim that is next to 0 beside what was measured
_NEXT_TO = 2.0**-10


def judge_entry(probe: SmoothProbe, position: int, alone: Measurement) -> tuple[Finding, float]:
    """What the residual of one entry is, and the noise level that was measured (in units of the projection).

    A mistake needs a derivative: at a kink of this entry, or in a staircase of which the claim may be the slope of one
    step, nothing is clear.
    """
    finding, noise = _weighed(probe, position, alone)
    if finding == "mistake" and (_at_a_kink(probe, position) or _stands_still(probe, position, alone)):
        return "unclear", noise
    return finding, noise


def _weighed(probe: SmoothProbe, position: int, alone: Measurement) -> tuple[Finding, float]:
    residual = abs(float(alone.residual))
    if not math.isfinite(residual):
        return "mistake", 0.0
    if probe.problem.fixed:
        return ("mistake" if residual > 4 * alone.tolerance else "unclear"), alone.tolerance
    noise = noise_of(probe, masks_of([g.shape for g in probe.claimed], np.array([position])))
    size = abs(float(alone.true)) + abs(float(alone.claimed))
    allowed = ROUNDINGS * (noise + probe.eps * size)
    if residual > max(allowed, 2 * alone.tolerance):
        return ("unclear" if size <= _BELOW_VALUES * probe.eps * _natural(probe, position) else "mistake"), noise
    quiet = allowed <= ROUNDINGS * _BELOW_VALUES * probe.eps * _natural(probe, position)
    return ("noise" if quiet or residual <= alone.tolerance else "unclear"), noise


def _at_a_kink(probe: SmoothProbe, position: int) -> bool:
    return bends_alone(probe.problem, probe.at, _along(probe, position), probe.start)


def _stands_still(probe: SmoothProbe, position: int, alone: Measurement) -> bool:
    """Whether the claim is 0 and the values do not change beside the point, whatever they do over larger steps."""
    if probe.way is not CENTRAL_DIFFERENCES or abs(float(alone.claimed)) > _NEXT_TO * abs(float(alone.true)):
        return False
    return bool(stands_still(probe.problem, probe.at, _along(probe, position), probe.start, closest=True).all())


def _along(probe: SmoothProbe, position: int) -> Arrays:
    masks = masks_of([g.shape for g in probe.claimed], np.array([position]))
    return tuple(np.where(mask, scale_of(a), 0.0) for mask, a in zip(masks, probe.at, strict=True))


def noise_of(probe: SmoothProbe, masks: tuple[Mask, ...]) -> float:
    """Noise of the residual of a projection, from sixth differences along a random line through the point."""
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


def is_quiet(probe: SmoothProbe, masks: tuple[Mask, ...], allowed: float) -> bool:
    """Whether what is allowed in a projection is rounding of the values themselves, as where a function saturates."""
    pairs = zip(probe.directions, masks, probe.at, strict=True)
    steepest = max(float(np.abs(u * m).max(initial=0)) / scale_of(a) for u, m, a in pairs)
    return allowed <= ROUNDINGS * _BELOW_VALUES * probe.eps * _weighted(probe, masks) * steepest


def _natural(probe: SmoothProbe, position: int) -> float:
    """The size a projection on this entry would have, were the slope as large as the value over the argument."""
    shapes = [g.shape for g in probe.claimed]
    k, index = place_of(shapes, position)
    weighted = _weighted(probe, masks_of(shapes, np.array([position])))
    return weighted * abs(probe.step(k, index)) / scale_of(probe.at[k])


def _weighted(probe: SmoothProbe, masks: tuple[Mask, ...]) -> float:
    """Σ |delta·f| over the outputs that these entries move at all, be it far from the point; f the largest seen."""
    size, touched = np.abs(probe.start.astype(np.float64)), np.zeros(probe.start.shape, dtype=bool)
    with np.errstate(all="ignore"):
        for times, shift in ((-1, 0), (0, 0), (1, 1)):
            elsewhere = [np.asarray(times * a + shift * scale_of(a), dtype=a.dtype) for a in probe.at]
            moved = [np.where(m, b, a) for a, b, m in zip(probe.at, elsewhere, masks, strict=True)]
            value = probe.problem.value(moved)
            touched |= value != probe.start
            size = np.fmax(size, np.abs(value))
    return float((np.abs(probe.sensitivity.astype(np.float64)) * size * touched).sum())
