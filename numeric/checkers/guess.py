"""What a mistake looks like: candidate corrections, each tested against the true projections.

Why: "mismatch" starts an afternoon; "right when rotated by 180°" ends it.

Law: a guess is printed only if the corrected gradient satisfies the projections that the claimed one fails
(exactly, or within the tolerance), on all entries and on a random half of them, so that it is as well founded
as the verdict. Four families: the claimed gradient rearranged or scaled; backward at rearranged arguments (a
kernel not rotated); a rearranged sensitivity (a sum over maps left out); another argument's gradient. Then,
where the true gradient is affordable, the pattern of wrong entries.

What it cannot see: mistakes outside of these tables.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from numeric.checkers.colouring import colour_count, plan_axes
from numeric.checkers.every_entry import Comparison, compare
from numeric.checkers.localise import Mask, Probe
from numeric.checkers.pattern import constant_ratio, constant_text, describe_pattern, fills_slices
from numeric.checkers.problem import Array
from numeric.checkers.report import Measurement, Number

Rearranged = tuple[str, Array]
# evaluations that the pattern of wrong entries may cost
_AFFORDABLE = 4000


@dataclass(frozen=True)
class Evidence:
    """True projections of one argument, on all of its entries and on a random half."""

    probe: Probe
    k: int
    masks: tuple[Mask, Mask]
    true: tuple[Measurement, Measurement]

    def fits(self, candidate: Array) -> bool:
        """Whether this gradient would have satisfied both projections."""
        if candidate.shape != self.probe.claimed[self.k].shape or not np.isfinite(candidate).all():
            return False
        return all(
            self._close(self.probe.inner(self.k, candidate, mask), m.true, m.tolerance, candidate)
            for mask, m in zip(self.masks, self.true, strict=True)
        )

    def _close(self, got: Number, true: Number, tolerance: float, candidate: Array) -> bool:
        allowed = tolerance + self.probe.tolerance(self.k, candidate)
        return got == true or abs(float(got - true)) <= allowed > 0


def guess_mistakes(probe: Probe) -> tuple[dict[str, str], list[Comparison]]:
    """(a clause for each argument that is wrong, its entries where all were compared)."""
    clauses: dict[str, str] = {}
    compared = []
    for k, label in enumerate(probe.labels):
        if probe.claimed[k].size == 0 or not probe.measure(_only(probe, k, None)).wrong:
            continue
        comparison = _affordable_comparison(probe, k)
        if comparison is None:
            found = _named(probe, k, None)
        else:
            compared.append(comparison)
            pattern = ""
            if comparison.off.any():
                pattern = describe_pattern(comparison.claimed, comparison.true.values, comparison.off)
            found = pattern if _speaks_for_itself(comparison) else _named(probe, k, comparison) or pattern
        clauses[label] = found or "no simple pattern was recognised"
    return clauses, compared


def _speaks_for_itself(comparison: Comparison) -> bool:
    """One wrong entry among many, or whole slices left at 0: no further cause is to be looked for."""
    off = comparison.off
    if off.sum() == 1 < off.size:
        return True
    return bool(comparison.claimed.any()) and not comparison.claimed[off].any() and fills_slices(off)


def _named(probe: Probe, k: int, comparison: Comparison | None) -> str:
    """The first candidate correction that satisfies the true projections, in words; or ""."""
    claimed = probe.claimed[k]
    if not claimed.any():
        return "all zero"
    half = np.random.default_rng(k).random(claimed.shape) < 0.5
    if not half.any():
        half = np.ones(claimed.shape, bool)
    masks = (np.ones(claimed.shape, bool), half)
    evidence = Evidence(
        probe, k, masks, (probe.measure(_only(probe, k, masks[0])), probe.measure(_only(probe, k, half)))
    )
    for name, candidate in rearrangements(claimed):
        if evidence.fits(candidate):
            return name
    return (
        (_scaled(evidence) if comparison is None else _scaled_everywhere(comparison))
        or _another_argument(evidence)
        or _backward_elsewhere(evidence)
        or _another_sensitivity(evidence)
    )


def _only(probe: Probe, k: int, mask: Mask | None) -> tuple[Mask | None, ...]:
    return tuple(mask if j == k else np.zeros(g.shape, bool) for j, g in enumerate(probe.claimed))


def rearrangements(values: Array) -> Iterator[Rearranged]:
    """The array with the sign, the axes or the order changed, each with the name of what the mistake then is."""
    yield "sign reversed", -values
    rank = values.ndim
    for first in range(rank):
        for second in range(first + 1, rank):
            if values.shape[first] == values.shape[second]:
                yield f"transposed (axes {first} and {second})", values.swapaxes(first, second)
    if rank >= 2:
        both = np.flip(values, (-2, -1))
        yield "rotated by 180° (right for correlation instead of convolution, or the reverse)", both
        if values.shape[-1] == values.shape[-2]:
            yield "rotated by 90°", np.rot90(values, 1, (-2, -1))
            yield "rotated by 90°", np.rot90(values, -1, (-2, -1))
            yield "transposed and rotated by 180°", both.swapaxes(-1, -2)
    if rank >= 3:
        yield "reversed on the last three axes", np.flip(values, (-3, -2, -1))
    for axis in range(rank):
        yield f"reversed along axis {axis}", np.flip(values, axis)
    yield from _shifts(values)


def _shifts(values: Array) -> Iterator[Rearranged]:
    for axis in range(values.ndim):
        if values.shape[axis] < 2:
            continue
        for step in (1, -1):
            yield f"shifted by one along axis {axis}", np.roll(values, step, axis)
    if values.ndim >= 2:
        for steps in ((1, 1), (-1, -1), (1, -1), (-1, 1)):
            yield "shifted by one along both of the last axes", np.roll(values, steps, (-2, -1))


# roundings of a product with a constant, as a random walk
_PRODUCT_ROUNDINGS = 4


def _scaled(evidence: Evidence) -> str:
    """A constant factor that both projections agree on."""
    claimed = evidence.probe.claimed[evidence.k]
    whole, half = (evidence.probe.inner(evidence.k, claimed, mask) for mask in evidence.masks)
    all_true, half_true = evidence.true[0].true, evidence.true[1].true
    if all_true == 0 or whole == 0 or half == 0:
        return ""
    ratio = whole / all_true
    slack = evidence.true[1].tolerance * (1 + abs(float(ratio))) + evidence.probe.tolerance(evidence.k, claimed)
    # a factor must explain what is off, not merely be small beside the whole; its own product may be rounded
    slack += 1e-6 * abs(float(half_true * (ratio - 1)))
    terms = np.multiply(claimed, evidence.probe.steps(evidence.k), dtype=np.float64).ravel()
    slack += _PRODUCT_ROUNDINGS * float(np.finfo(claimed.dtype).eps) * float(np.sqrt(terms.dot(terms)))
    close = abs(float(half - ratio * half_true)) <= slack
    return f"scaled by {constant_text(float(ratio))}" if close else ""


def _scaled_everywhere(comparison: Comparison) -> str:
    """A constant factor between all entries that are not 0."""
    kept = comparison.true.values != 0
    if not kept.any() or comparison.off[~kept].any() or not comparison.off[kept].all():
        return ""
    found = constant_ratio(comparison.claimed[kept], comparison.true.values[kept])
    if kept.sum() == 1 and "." in found:
        # any two numbers have a ratio; only a simple one says something
        return ""
    return f"scaled by {found}" if found else ""


def _another_argument(evidence: Evidence) -> str:
    for j, other in enumerate(evidence.probe.claimed):
        if j != evidence.k and evidence.fits(other):
            return f"it is the gradient claimed for {evidence.probe.labels[j]}: two are exchanged"
    return ""


def _backward_elsewhere(evidence: Evidence) -> str:
    """Backward at rearranged arguments gives the true gradient at the given ones."""
    probe = evidence.probe
    if probe.fixed:
        return ""
    for j, name in enumerate(probe.labels):
        if probe.at[j].ndim < 2:
            continue
        for words, moved in _turns(probe.at[j]):
            at = tuple(moved if i == j else a for i, a in enumerate(probe.at))
            if _fits_rerun(evidence, probe.sensitivity, at):
                hint = " (right for correlation instead of convolution, or the reverse)" if "180" in words else ""
                return f"right with {name} {words}{hint}"
    for words, delta in _turns(probe.sensitivity):
        if _fits_rerun(evidence, delta, probe.at):
            return f"right with delta {words}"
    return ""


def _turns(values: Array) -> Iterator[Rearranged]:
    """Rearrangements that leave the shape alone, of an array that backward reads."""
    if values.ndim < 2:
        return
    yield "rotated by 180°", np.flip(values, (-2, -1)).copy()
    yield "negated", -values
    for first, second in ((-2, -1), (0, 1)):
        if values.shape[first] == values.shape[second]:
            yield "transposed", values.swapaxes(first, second).copy()
    for axis in range(values.ndim):
        if values.shape[axis] > 1:
            yield f"reversed along axis {axis}", np.flip(values, axis).copy()
            yield f"shifted by one along axis {axis}", np.roll(values, 1, axis)
            yield f"shifted by one along axis {axis}", np.roll(values, -1, axis)


def _fits_rerun(evidence: Evidence, delta: Array, at: tuple[Array, ...]) -> bool:
    try:
        return evidence.fits(evidence.probe.rerun(delta, at)[evidence.k])
    except Exception:
        # a pair that cannot be run there says nothing
        return False


def _another_sensitivity(evidence: Evidence) -> str:
    """The claimed gradient is right for another sensitivity than the one it was given."""
    probe, k = evidence.probe, evidence.k
    responses = [probe.respond(k, np.flatnonzero(mask))[0] for mask in evidence.masks]
    if responses[0].shape != probe.sensitivity.shape:
        return ""
    claimed = [float(probe.inner(k, probe.claimed[k], mask)) for mask in evidence.masks]
    for words, weights in sensitivities(probe.sensitivity.astype(np.float64)):
        if all(_agrees(weights * r, c, probe.rounding) for r, c in zip(responses, claimed, strict=True)):
            return words
    return ""


def _agrees(terms: NDArray[np.float64], claimed: float, rounding: float) -> bool:
    slack = max(rounding, 1e-12) * float(np.abs(terms).sum())
    return bool(terms.any()) and abs(float(terms.sum()) - claimed) <= slack


def sensitivities(delta: Array) -> Iterator[Rearranged]:
    """Other sensitivities, each with what a gradient that is right for it has done."""
    yield "delta is ignored: right for a delta of ones", np.ones_like(delta)
    for axis in range(delta.ndim):
        length = delta.shape[axis]
        if length < 2:
            continue
        for index in range(min(length, 64)):
            kept = np.zeros_like(delta)
            place = (slice(None),) * axis + (index,)
            kept[place] = delta[place]
            yield f"the sum over axis {axis} of the output is missing: only its slice {index} counts", kept
        yield from _dropped(delta, axis, length)
        yield (
            f"uses the mean of delta along axis {axis}",
            np.broadcast_to(delta.mean(axis=axis, keepdims=True), delta.shape),
        )
    yield "uses the magnitude of delta", np.abs(delta)
    for words, turned in _turns(delta):
        yield f"right for delta {words}", turned


def _dropped(delta: Array, axis: int, length: int) -> Iterator[Rearranged]:
    drop: list[tuple[str, slice]] = [
        ("tail missing: the last slice", slice(length - 1, None)),
        ("the first slice", slice(0, 1)),
    ]
    if length > 2:
        drop += [
            ("tail missing: the last two slices", slice(length - 2, None)),
            ("every second slice", slice(1, None, 2)),
            ("every second slice", slice(0, None, 2)),
            ("border: the outermost slices", slice(0, None, length - 1)),
        ]
    for words, part in drop:
        kept = delta.copy()
        kept[(slice(None),) * axis + (part,)] = 0
        yield f"{words} of delta along axis {axis} left out", kept


def _affordable_comparison(probe: Probe, k: int) -> Comparison | None:
    shape = probe.claimed[k].shape
    if sum(shape) > _AFFORDABLE:
        return None
    if colour_count(plan_axes(probe, k)) > _AFFORDABLE:
        return None
    return compare(probe, k)
