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

import numpy as np
from numpy.typing import NDArray

from numeric.checkers.exact import ExactProbe
from numeric.checkers.lattice import as_integers
from numeric.checkers.localise import Mask, Positions, Probe
from numeric.checkers.packing import packed_sums
from numeric.checkers.problem import Array

# for each colour: positions perturbed together, and for each output the position that owns it, or −1
Plan = Iterator[tuple[Positions, Positions]]


@dataclass(frozen=True)
class AxisPlan:
    """One axis: its indices in classes whose slices share no output, and for each class and output the owner.

    members[c]  indices of class c;  owner[c]  for each output the member whose slice touches it, or −1
    """

    members: tuple[Positions, ...]
    owner: tuple[NDArray[np.int64], ...]


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
    shape = probe.claimed[k].shape
    numbers = np.arange(math.prod(shape)).reshape(shape)
    plans = []
    for axis, length in enumerate(shape):
        slices = np.moveaxis(numbers, axis, 0).reshape(length, numbers.size // length)
        plans.append(_axis_plan(np.stack([probe.touched(k, slices[i]).ravel() for i in range(length)])))
    return tuple(plans)


def _axis_plan(touched: Mask) -> AxisPlan:
    """Greedy colouring of the graph in which two slices are joined if they touch a common output."""
    counts = touched.astype(np.float32)
    conflict = (counts @ counts.T > 0).tolist()
    colour: list[int] = []
    for row in conflict:
        taken = {c for c, joined in zip(colour, row, strict=False) if joined}
        colour.append(next(c for c in itertools.count() if c not in taken))
    classes = np.array(colour)
    members = tuple(np.flatnonzero(classes == c) for c in range(max(colour, default=-1) + 1))
    owners = []
    for indices in members:
        hit = touched[indices]
        owners.append(np.where(hit.any(axis=0), indices[hit.argmax(axis=0)], -1))
    return AxisPlan(members, tuple(owners))


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


def all_colours(plans: tuple[AxisPlan, ...], shape: tuple[int, ...], outputs: int) -> tuple[list[Positions], Positions]:
    """(positions of each colour, (colour, output) -> owner or −1): what `colours` yields, all at once."""
    positions, owners = [np.zeros(1, dtype=np.intp)], np.zeros((1, outputs), dtype=np.int64)
    for axis, plan in enumerate(plans):
        stride = math.prod(shape[axis + 1 :])
        members = [m * stride for m in plan.members]
        positions = [(p[:, None] + m).reshape(-1) for p in positions for m in members]
        owns = np.stack(plan.owner)
        owners = owners[:, None, :] + np.where(owns < 0, _NOBODY, owns * stride)
        owners = owners.reshape(-1, outputs)
    return positions, np.maximum(owners, -1)


def _one_by_one(shape: tuple[int, ...], outputs: int) -> Plan:
    for position in range(math.prod(shape)):
        yield np.array([position]), np.full(outputs, position)


def true_gradient(probe: Probe, k: int) -> TrueGradient:
    """The true gradient of the k-th checked argument, every entry; exactly so for an exact probe."""
    shape, outputs = probe.claimed[k].shape, probe.sensitivity.size
    if math.prod(shape) == 0 or outputs == 0:
        return TrueGradient(np.zeros(shape), np.zeros(shape), 0)
    plans = plan_axes(probe, k)
    if isinstance(probe, ExactProbe) and probe.packs(k) and colour_count(plans) * outputs <= _MOST_OWNERS:
        packed = packed_sums(probe, k, *all_colours(plans, shape, outputs))
        # a sum that disagrees with the claim is taken again, one colour at a time: digits may have run over
        if packed is not None and np.array_equal(packed[0], probe.claimed[k].ravel()):
            return TrueGradient(packed[0].reshape(shape), np.zeros(shape), sum(shape) + packed[1])
    try:
        return _gradient(probe, k, colours(plans, shape, outputs), sum(shape))
    except NoPlan:
        return _gradient(probe, k, _one_by_one(shape, outputs), sum(shape))


def colour_count(plans: tuple[AxisPlan, ...]) -> int:
    """How many evaluations the plan needs."""
    return math.prod(len(plan.members) for plan in plans)


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
