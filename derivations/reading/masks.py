"""Subscripts by masks: `x[mask]` on the right, `x[mask] = …` and `x[mask] += …` on the left.

Law: NumPy lines the mask up with the first axes of the array, whose sizes it must have. What a mask selects has a
length that data choose; it is read only where it, or a function of it entry by entry, is stored by the same mask, or
summed.
"""

from __future__ import annotations

from typing import Any

from derivations.reading.arrays import Array, Index
from derivations.reading.elements import ONE, ZERO, Element, minus, plus, times
from derivations.reading.integers import product
from derivations.reading.machine import Machine
from derivations.reading.operations import Entries, as_array, spread
from derivations.reading.program import Selected


def selected(machine: Machine, array: Array, mask: Array) -> Selected:
    """array[mask]."""
    return Selected(array.axes, machine.snapshot(array), _lined_up(machine, array, mask))


def masked(
    machine: Machine, base: Array, mask: Array, value: Any, others: bool = True, whole: bool = False
) -> Array:
    """In base's shape: value where the mask is true; elsewhere base's own entries (`others`), or 0. value: a number,
    what the same mask selected, or an array of base's own shape (`whole`)."""
    where = _lined_up(machine, base, mask)
    own = machine.snapshot(base) if others else None
    if isinstance(value, Selected):
        given = _same_mask(machine, base, where, value)
        kind = "real"
    else:
        array = as_array(machine, value)
        if array.rank and not whole:
            machine.refuse("an array is stored by a mask", "store what the same mask selects, or np.where")
        given, kind = spread(machine, array, base.axes), array.kind

    def entry(index: Index) -> Element:
        kept = times(plus(ONE, minus(where(index))), own(index)) if own is not None else ZERO
        return plus(times(where(index), given(index)), kept)

    return machine.make(base.axes, entry, base.kind if kind != "real" else "real")


def unselected(machine: Machine, value: Selected) -> Array:
    """What a mask selects in its place, 0 elsewhere: with the same sum."""
    return machine.make(value.axes, lambda index: times(value.mask(index), value.entries(index)), "real")


def _lined_up(machine: Machine, array: Array, mask: Array) -> Entries:
    """The mask by an index of the array, of which it has the first axes."""
    if not 0 < mask.rank <= array.rank:
        machine.refuse(f"a mask of {mask.rank} axes for an array of {array.rank}")
    for mine, own in zip(mask.axes, array.axes, strict=False):
        if mine != own:
            machine.same_size(product(mine), product(own), "the mask has the sizes of the axes", [])
    entries = machine.snapshot(mask)
    pairs = list(zip(mask.axes, array.axes, strict=False))
    return lambda index: entries(tuple(machine.convert(part, own, mine)
                                       for part, (mine, own) in zip(index, pairs, strict=False)))


def _same_mask(machine: Machine, base: Array, where: Entries, value: Selected) -> Entries:
    """The selected entries by an index of base, whose mask is the one that selected them."""
    if value.axes != base.axes:
        machine.refuse("entries of an array of another shape are stored by a mask", "give both the same axes")
    _, index = machine.box(base.axes)
    if value.mask(index) != where(index):
        machine.refuse("entries chosen by one mask are stored by another", "use one mask, or np.where")
    found: Entries = value.entries
    return found
