"""A claim at a kink or a tie: every entry that stands at one, its interval of subgradients, and what they owe together.

Why: every value between the two one-sided derivatives is a valid subgradient of one entry, but two tied maxima may not
both take the full gradient, and what nobody compared at the data must not pass for compared.

Law: for the loss ⟨w, f⟩ a subgradient g satisfies  ⟨g, u⟩ ∈ Σ_i w_i [f_i′ on one side, f_i′ on the other]  along
every direction u [Clarke 1983, for each f_i convex or concave beside the point]. Entries that share no output are moved
together, as their measured footprints allow; all of them are found, or the search is *cut* and says so. Then the
condition is tested along each entry that bends, along sums over the entries that bend one output (where tied maxima
share their gradient), and along random directions.

What it cannot see: a claim that is no subgradient and satisfies the condition along all directions that were tried.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from numeric.checkers.colouring import AxisPlan, axis_plan, colour_count, colours
from numeric.checkers.kinks import STEP, bends, one_sided, precision_of
from numeric.checkers.localise import Index, Mask, Positions, place_of
from numeric.checkers.problem import Array, Arrays, Problem
from numeric.checkers.report import Kink
from numeric.checkers.smooth import away_from_zero, scale_of, steepness

# kinks that are listed in the report, those outside of their interval first
MOST_LISTED = 24
# evaluations of forward that the search for kinks may spend; beyond, it is cut and the verdict left open
MOST_EVALUATIONS = 3000
# outputs whose own sum is tested, and random directions of each sort
_MOST_OUTPUTS, _RANDOM = 32, 4
# first-order differences are off by the curvature over the step
_CURVATURE = 64


@dataclass(frozen=True)
class Corners:
    """Entries (arrays laid end to end) that stand at kinks, and whether the claim lies in the interval of each.

    entries   their positions, each once
    inside    for each, whether the claimed value is a subgradient's
    pairs     (entry, output that bends along it), two rows
    cut       why not all were found, or ""
    """

    entries: Positions
    inside: Mask
    pairs: Positions
    cut: str = ""


@dataclass(frozen=True)
class Claim:
    """What is claimed where: the loss's weights of the outputs, the value of forward, and the gradients."""

    sensitivity: Array
    start: Array
    gradients: Arrays


class _Cut(Exception):
    """The search cannot be finished; the text says why."""


def corners(problem: Problem, at: Arrays, direction: Arrays, claim: Claim) -> Corners:
    """All entries along which some output bends; cut where they are too many to be told apart."""
    parts, cut, offset, budget = [], "", 0, MOST_EVALUATIONS
    for k, a in enumerate(at):
        if a.size and bends(problem, at, _only(direction, k), claim.start).any():
            try:
                found, spent = _corners_of(problem, at, k, direction[k], claim, budget)
                parts.append(Corners(found.entries + offset, found.inside, found.pairs + np.array([[offset], [0]])))
                budget -= spent
            except _Cut as reason:
                cut = f"{problem.labels[k]}: {reason}"
        offset += a.size
    entries = np.concatenate([np.zeros(0, dtype=np.intp), *[part.entries for part in parts]])
    inside = np.concatenate([np.zeros(0, dtype=bool), *[part.inside for part in parts]])
    pairs = np.concatenate([np.zeros((2, 0), dtype=np.intp), *[part.pairs for part in parts]], axis=1)
    return Corners(entries, inside, pairs, cut)


def _only(direction: Arrays, k: int) -> Arrays:
    return tuple(u if j == k else np.zeros(u.shape) for j, u in enumerate(direction))


def _corners_of(
    problem: Problem, at: Arrays, k: int, direction: Array, claim: Claim, budget: int
) -> tuple[Corners, int]:
    """(what stands at kinks in the k-th argument, evaluations spent), colour by colour."""
    shape = at[k].shape
    spent = 2 * sum(shape)
    if spent > budget:
        raise _Cut(f"an array of shape {shape} has too many slices to find all kinks in")
    plans = tuple(_axis(problem, at, k, direction, claim.start, axis) for axis in range(len(shape)))
    # two sides, with two steps to see a bend and once more for the slopes
    spent += 6 * colour_count(plans)
    if spent > budget:
        raise _Cut(f"{colour_count(plans)} groups of entries would have to be moved one by one to find all kinks")
    pairs = []
    low, high, doubt = (np.zeros(direction.size) for _ in range(3))
    for positions, owner in colours(plans, shape, claim.start.size):
        part = np.zeros(direction.size)
        part[positions] = direction.ravel()[positions]
        moved = tuple(part.reshape(shape) if j == k else np.zeros(a.shape) for j, a in enumerate(at))
        bent = np.flatnonzero(bends(problem, at, moved, claim.start).ravel())
        if (owner[bent] < 0).any():
            raise _Cut("outputs bend that no entry moves by itself")
        if bent.size:
            pairs.append(np.stack([owner[bent], bent]))
            owned = owner >= 0
            for total, each in zip((low, high, doubt), _ends(problem, at, moved, claim), strict=True):
                np.add.at(total, owner[owned], each.ravel()[owned])
    found = np.concatenate([np.zeros((2, 0), dtype=np.intp), *pairs], axis=1)
    entries = np.unique(found[0])
    slopes = (claim.gradients[k] * direction).ravel()[entries]
    inside = (low[entries] - doubt[entries] <= slopes) & (slopes <= high[entries] + doubt[entries])
    return Corners(entries, inside, found), spent


def _axis(problem: Problem, at: Arrays, k: int, direction: Array, start: Array, axis: int) -> AxisPlan:
    """Which outputs move when a slice does, to either side: at a tie one side may move nothing."""
    h = STEP[precision_of(at, start)] / steepness((direction,), (at[k],))
    touched = []
    for i in range(at[k].shape[axis]):
        index: Index = (*(slice(None),) * axis, i)
        sides = []
        for t in (h, -h):
            moved = at[k].copy()
            moved[index] += (t * direction[index]).astype(moved.dtype)
            with np.errstate(all="ignore"):
                sides.append(problem.value((*at[:k], moved, *at[k + 1 :])) != start)
        touched.append((sides[0] | sides[1]).ravel())
    return axis_plan(np.stack(touched))


def _ends(problem: Problem, at: Arrays, direction: Arrays, claim: Claim) -> tuple[Array, Array, Array]:
    """(low, high, doubt) of what each output adds to the loss's slope along a direction."""
    precision = precision_of(at, claim.start)
    h, eps = STEP[precision] / steepness(direction, at), float(np.finfo(precision).eps)
    with np.errstate(all="ignore"):
        right, left = one_sided(problem, at, direction, claim.start, h)
    weights = claim.sensitivity.astype(np.float64)
    ends = np.stack([weights * right, weights * left])
    noise = eps * np.abs(claim.start).max(initial=0) / h
    # a small step in a large entry is rounded
    shifts = [eps * scale_of(a) / (h * scale_of(u)) for a, u in zip(at, direction, strict=True) if u.any()]
    share = _CURVATURE * STEP[precision] + max(shifts, default=0.0)
    return ends.min(axis=0), ends.max(axis=0), np.abs(weights) * noise + share * np.abs(ends).sum(axis=0)


def _kink(words: str, index: tuple[int, ...], problem: Problem, at: Arrays, direction: Arrays, claim: Claim) -> Kink:
    """The loss's interval of slopes along a direction, in units of its largest entry, and the claimed slope."""
    size = max(scale_of(u) for u in direction if u.any())
    low, high, doubt = (float(each.sum()) / size + 0.0 for each in _ends(problem, at, direction, claim))
    claimed = float(sum(float((g * (u / size)).sum()) for g, u in zip(claim.gradients, direction, strict=True)))
    # + 0.0 turns −0.0 into 0.0, which reads better
    return Kink(words, index, low, high, claimed + 0.0, doubt)


def listed_kinks(problem: Problem, at: Arrays, found: Corners, claim: Claim) -> tuple[Kink, ...]:
    """The entries at kinks with their intervals, each measured by itself: those outside first, and not too many."""
    order = np.argsort(found.inside, kind="stable")[:MOST_LISTED]
    shapes, kinks = [a.shape for a in at], []
    for position in found.entries[order]:
        k, index = place_of(shapes, int(position))
        unit = tuple(np.zeros(shape) for shape in shapes)
        unit[k][index] = scale_of(at[k])
        kinks.append(_kink(problem.labels[k], index, problem, at, unit, claim))
    return tuple(kinks)


def joint_kink(problem: Problem, at: Arrays, found: Corners, claim: Claim) -> Kink | None:
    """The first direction over several kinked entries along which the claim is no subgradient; None where all hold."""
    for words, direction in _directions(at, found):
        if not any(u.any() for u in direction):
            continue
        kink = _kink(words, (), problem, at, direction, claim)
        if not kink.inside:
            return kink
    return None


def _directions(at: Arrays, found: Corners) -> Iterator[tuple[str, Arrays]]:
    """Directions over the kinked entries: all alike, those of one output alike, and random ones.

    Tied entries move by the same step, so that their maximum moves without a bend.
    """
    entries, sizes = found.entries, [a.size for a in at]
    if entries.size < 2:
        return
    ends = np.cumsum(sizes)
    step = min(scale_of(at[int(k)]) for k in np.unique(np.searchsorted(ends, entries, side="right")))
    random = np.random.default_rng(int(entries.size))
    outputs, which = np.unique(found.pairs[1], return_inverse=True)
    which_entry = np.searchsorted(entries, found.pairs[0])

    def spread(coefficients: Array) -> Arrays:
        flat = np.zeros(int(ends[-1]))
        flat[entries] = coefficients * step
        return tuple(part.reshape(a.shape) for part, a in zip(np.split(flat, ends[:-1]), at, strict=True))

    def of_outputs(weights: Array) -> Array:
        coefficients = np.zeros(entries.size)
        np.add.at(coefficients, which_entry, weights[which])
        return coefficients

    yield "the sum over these entries", spread(np.ones(entries.size))
    for o in random.permutation(outputs.size)[:_MOST_OUTPUTS].tolist():
        one = (np.arange(outputs.size) == o) * 1.0
        yield f"the sum over the entries that bend output {int(outputs[o])}", spread(of_outputs(one))
    for number in range(_RANDOM):
        yield "a random sum over the outputs that bend", spread(of_outputs(away_from_zero(outputs.shape, number)))
        yield "a random direction over these entries", spread(away_from_zero(entries.shape, number))
        yield "the sum over a random half of these entries", spread((random.random(entries.size) < 0.5) * 1.0)
