"""Every entry of a gradient from few evaluations: entries with disjoint footprints are perturbed together.

Why: one evaluation per entry is what makes the usual checks slow. In a convolution two entries of the input
that lie a kernel apart, or in different images, share no output; one evaluation serves all such entries of
one colour [Curtis, Powell & Reid 1974; Coleman & Moré 1983].

Law: footprints are measured, not assumed. Perturbing a whole slice along one axis shows which outputs it
touches; an entry touches at most the outputs that all of its slices touch. Two entries may share a colour if
some axis keeps their slices' outputs apart. An output that moves without an owner refutes the plan, and then
each entry goes alone.

What it cannot see: an output whose dependence is exactly 0 at the point; it contributes nothing there.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from numeric.checkers.exact import ExactProbe, NotExact
from numeric.checkers.lattice import as_integers
from numeric.checkers.localise import Mask, Positions, Probe
from numeric.checkers.packing import packed_sums, touched_in_pairs
from numeric.checkers.problem import Array

# for each colour: positions perturbed together, and for each output the position that owns it, or −1
Plan = Iterator[tuple[Positions, Positions]]


@dataclass(frozen=True)
class AxisPlan:
    """One axis: its indices in classes whose slices share no output, and for each class and output the owner.

    classes[i]  the class of index i;  owner[c, o]  the member of class c whose slice touches output o, or −1
    """

    classes: Positions
    owner: Positions

    @cached_property
    def members(self) -> list[Positions]:
        """The indices of each class."""
        return [np.flatnonzero(self.classes == c) for c in range(len(self.owner))]


# owners that are held at once
_MOST_OWNERS = 1 << 22
_NOBODY = -(1 << 48)


class NoPlan(Exception):
    """An output moved that no entry of the colour owns: the measured footprints are incomplete."""


@dataclass(frozen=True)
class TrueGradient:
    """The true gradient of one argument, with a tolerance for each entry, and the evaluations that it took."""

    values: Array
    tolerance: Array
    evaluations: int


def plan_axes(probe: Probe, k: int) -> tuple[AxisPlan, ...]:
    """Colour classes along each axis of the k-th checked argument, from one measurement for each slice."""
    plans = []
    for axis, length in enumerate(probe.claimed[k].shape):
        slices = [(slice(None),) * axis + (i,) for i in range(length)]
        plans.append(axis_plan(np.stack([probe.touched(k, index).ravel() for index in slices])))
    return tuple(plans)


def quick_plan(probe: ExactProbe, k: int) -> tuple[AxisPlan, ...]:
    """`plan_axes` with half the measurements; rarely, an output that a slice touches is missed."""
    return tuple([axis_plan(touched) for touched in touched_in_pairs(probe, k)])


def axis_plan(touched: Mask) -> AxisPlan:
    """Greedy colouring of the graph in which two slices are joined if they touch a common output."""
    counts = touched.astype(np.float64)
    conflict = (counts @ counts.T > 0).tolist()
    colour: list[int] = []
    for row in conflict:
        taken = {c for c, joined in zip(colour, row, strict=False) if joined}
        colour.append(next(c for c in itertools.count() if c not in taken))
    classes = np.array(colour)
    # one member of a class at most touches an output: the sum is its index and one
    numbers = np.zeros((max(colour) + 1, len(colour)))
    numbers[classes, np.arange(len(colour))] = np.arange(1, len(colour) + 1)
    return AxisPlan(classes, (numbers @ counts).astype(np.intp) - 1)


def colours(plans: tuple[AxisPlan, ...], shape: tuple[int, ...], outputs: int) -> Plan:
    """(entries that are perturbed together, owner of each output or −1) for each colour, as flat positions."""
    strides = [math.prod(shape[axis + 1 :]) for axis in range(len(shape))]

    def extend(axis: int, positions: Positions, owner: Positions) -> Plan:
        if axis == len(plans):
            yield positions, np.maximum(owner, -1)
            return
        for members, owns in zip(plans[axis].members, plans[axis].owner, strict=True):
            more = np.add.outer(positions, members * strides[axis]).ravel()
            # no owner on one axis leaves the sum negative, whatever the others add
            yield from extend(axis + 1, more, owner + np.where(owns < 0, _NOBODY, owns * strides[axis]))

    return extend(0, np.zeros(1, dtype=np.intp), np.zeros(outputs, dtype=np.intp))


def all_colours(plans: tuple[AxisPlan, ...], shape: tuple[int, ...], outputs: int) -> tuple[Positions, Positions]:
    """(the colour of each entry, (colour, output) -> owner or −1): what `colours` yields, all at once."""
    colour, owners = np.zeros((), dtype=np.intp), np.zeros((1, outputs), dtype=np.intp)
    for axis, plan in enumerate(plans):
        colour = np.add.outer(colour * len(plan.owner), plan.classes)
        owns = np.where(plan.owner < 0, _NOBODY, plan.owner * math.prod(shape[axis + 1 :]))
        owners = (owners[:, None, :] + owns).reshape(-1, outputs)
    return colour, np.maximum(owners, -1)


def _one_by_one(shape: tuple[int, ...], outputs: int) -> Plan:
    for position in range(math.prod(shape)):
        yield np.array([position]), np.full(outputs, position)


def true_gradient(probe: Probe, k: int) -> TrueGradient:
    """The true gradient of the k-th checked argument, every entry; exactly so for an exact probe."""
    shape, outputs = probe.claimed[k].shape, probe.sensitivity.size
    if math.prod(shape) == 0 or outputs == 0:
        return TrueGradient(np.zeros(shape), np.zeros(shape), 0)
    if isinstance(probe, ExactProbe) and probe.packs(k):
        try:
            found = _as_claimed(probe, k, quick_plan(probe, k)) or _as_claimed(probe, k, plan_axes(probe, k))
        except NotExact:
            # large steps may lead out of the function's domain
            found = None
        if found:
            return found
    plans = plan_axes(probe, k)
    try:
        return _gradient(probe, k, colours(plans, shape, outputs), sum(shape))
    except NoPlan:
        pass
    try:
        return _gradient(probe, k, _one_by_one(shape, outputs), sum(shape))
    except NoPlan:
        raise NotExact("an entry moved by itself leaves the integers") from None


def _as_claimed(probe: ExactProbe, k: int, plans: tuple[AxisPlan, ...]) -> TrueGradient | None:
    """The gradient if it is the claimed one: of evaluations of many colours at once nothing else is believed, for
    digits may have run over and footprints be incomplete."""
    shape, outputs = probe.claimed[k].shape, probe.sensitivity.size
    if colour_count(plans) * outputs > _MOST_OWNERS:
        return None
    found = packed_sums(probe, k, *all_colours(plans, shape, outputs))
    if found is None or not np.array_equal(found[0], probe.claimed[k].ravel()):
        return None
    return TrueGradient(found[0].reshape(shape), np.zeros(shape), sum(shape) + found[1])


def colour_count(plans: tuple[AxisPlan, ...]) -> int:
    """How many evaluations the plan needs."""
    return math.prod(len(plan.owner) for plan in plans)


def _gradient(probe: Probe, k: int, plan: Plan, spent: int) -> TrueGradient:
    gather = _gather_exactly if probe.exact else _gather
    return gather(probe, k, plan, spent)


def _owned(values: Array, owner: Positions) -> Mask:
    owned: Mask = owner >= 0
    if values.ravel()[~owned].any():
        raise NoPlan
    return owned


def _gather_exactly(probe: Probe, k: int, plan: Plan, spent: int) -> TrueGradient:
    """Integer sums: Σ delta · J u over each entry's outputs, divided by the entry's own step, without
    remainder."""
    shape = probe.claimed[k].shape
    weights = as_integers(probe.sensitivity)
    assert weights is not None
    values = np.zeros(math.prod(shape))
    for positions, owner in plan:
        spent += 1
        response, _ = probe.respond(k, positions)
        owned = _owned(response, owner)
        whole = as_integers(response)
        if whole is None:
            raise NoPlan
        # Python's integers where 64 bits could overflow
        roomy = weights.largest * whole.largest * owner.size < 2.0**62
        sums = np.zeros(values.size, dtype=np.int64 if roomy else object)
        np.add.at(sums, owner[owned], (weights.mantissa.astype(sums.dtype) * whole.mantissa).ravel()[owned])
        steps = probe.steps(k).ravel()[positions]
        values[positions] = np.ldexp(sums[positions].astype(np.float64), whole.exponent + weights.exponent) / steps
    return TrueGradient(values.reshape(shape), np.zeros(shape), spent)


def _gather(probe: Probe, k: int, plan: Plan, spent: int) -> TrueGradient:
    """Floating-point sums Σ delta · J u over each entry's outputs, with the rounding and the errors of both factors."""
    shape = probe.claimed[k].shape
    weights = probe.sensitivity.astype(np.float64).ravel()
    doubt = np.zeros(weights.size) if probe.sensitivity_error is None else probe.sensitivity_error.ravel()
    sums, squares, errors = (np.zeros(math.prod(shape)) for _ in range(3))
    for positions, owner in plan:
        spent += 1
        response, error = probe.respond(k, positions)
        owned = _owned(response, owner)
        slopes, place = response.ravel()[owned], owner[owned]
        terms = weights[owned] * slopes
        np.add.at(sums, place, terms)
        # errors of either factor add as a random walk, like the rounding of the products
        np.add.at(squares, place, (probe.rounding * terms) ** 2 + (doubt[owned] * slopes) ** 2)
        if error.any():
            np.add.at(errors, place, np.abs(weights[owned]) * error.ravel()[owned])
    steps = probe.steps(k).ravel()
    tolerance = (np.sqrt(squares) + errors) / np.abs(steps)
    return TrueGradient((sums / steps).reshape(shape), tolerance.reshape(shape), spent)
