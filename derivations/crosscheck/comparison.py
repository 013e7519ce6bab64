"""Both sides of a link at given sizes and data: do they have one shape, and do all entries agree?

Law: exact values are compared with zero tolerance, residues modulo the prime. Floating values agree where each entry
does within 16·eps times its own magnitude and the number of terms that can have been added. Where one does not, its
difference is computed again in more and more digits: a difference that stays as the digits grow is a difference, one
that shrinks with them is rounding, whatever cancelled; what does neither is no answer. A scalar and a 1×1 matrix are
the same; (n,) and (n, 1) are not. A side that does not exist disagrees with everything.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import prod
from typing import Any

import numpy as np

from derivations.crosscheck import derivatives, indexing  # noqa: F401  (register the values of their nodes)
from derivations.crosscheck.data import Ingredients, scope_for
from derivations.crosscheck.evaluate import Scope, Varying, value_of
from derivations.crosscheck.infinitesimal import MAGNITUDES, PRIME, SPARE, Digits, Residues
from derivations.crosscheck.integers import compiled
from derivations.crosscheck.structure import index_names
from derivations.crosscheck.values import Number, TooLarge
from derivations.formulas.claims import Link
from numeric.operators import Array, DoesNotExist, precise

EPSILON = float(np.finfo(np.float64).eps)
# Binary digits that shall be known, at first and at most: what exp(1000) leaves when it cancels needs thousands.
LEAST_DIGITS, MOST_DIGITS = 128, 2**14
# A difference stays if its leading 20 digits do; it is rounding if the new digits take 64 of its own.
STAYS, SHRINKS = 20, 64
# Where that is too much work, 24 bits are compared with 53: a difference is one if 10 bits stay and it is no less than
# 2^-20 of the largest value, or of 1; it is rounding if it falls by 20 bits of the 29.
LIKELY, DECIDEDLY, FALLS = 10, 20, 20
HELD = 40  # bits to which data satisfy a hypothesis, and what is computed of them
UNTOLD = "rounding cannot be told from a difference"
# samples whose differences are settled
MOST_SETTLED = 4


@dataclass(frozen=True)
class Comparison:
    """agree: True, False, or None where floating point cannot tell (`open_samples`: for which samples of the data).

    On disagreement, either the two shapes (None: does not exist) with the values of the free indices, or the
    first entry that differs: its free indices, its index, the sample in which it differs and both values.
    """

    agree: bool | None
    error: float = 0.0
    free: tuple[int, ...] = ()
    index: tuple[int, ...] | None = None
    sample: int = 0
    left: object = None
    right: object = None
    left_shape: tuple[int, ...] | None = None
    right_shape: tuple[int, ...] | None = None
    reason: str = ""
    open_samples: tuple[int, ...] = ()

    @property
    def differs_in_shape(self) -> bool:
        return self.agree is False and self.index is None


@dataclass(frozen=True)
class Side:
    """A side at all free index values: its value, or why it does not exist, and at which index values it does
    not."""

    value: Number | None
    absent: Array
    reason: str = ""


def free_grid(link: Link, sizes: Mapping[str, int]) -> tuple[dict[str, Array], int]:
    """All values of the free indices, lexicographically, and how many there are."""
    lengths = [int(compiled(free.size)(sizes)) for free in link.free]
    if any(length < 0 for length in lengths):
        lengths = [0]
    count = prod(lengths)
    grid = np.indices(lengths).reshape(len(lengths), -1) if lengths else np.zeros((0, 1), dtype=np.int64)
    return {free.index.name: row for free, row in zip(link.free, grid, strict=False)}, count


def side(expression: object, scope: Scope, indices: dict[str, Array], count: int) -> Side:
    """Evaluate one side at the given free index values."""
    inner = scope.with_indices(indices, count) if indices else scope
    seen = len(scope.missing)
    try:
        value = value_of(expression, inner)  # type: ignore[arg-type]
    except DoesNotExist as error:
        return Side(None, np.ones(count, dtype=bool), str(error))
    absent = np.zeros(count, dtype=bool)
    for missing in inner.missing[seen if inner is scope else 0 :]:
        absent |= np.broadcast_to(missing.where, (count,)) if missing.where.any() else absent
    return Side(value, absent, "an entry does not exist" if absent.any() else "")


def compare(
    link: Link,
    needs: Ingredients,
    sizes: Mapping[str, int],
    data: Mapping[str, Number],
    exact: bool,
    residues: Residues | None = None,
) -> Comparison:
    """Whether the two sides agree at these sizes for these data, at every value of the free indices."""
    try:
        indices, count = free_grid(link, sizes)
    except DoesNotExist as error:
        return Comparison(False, reason=str(error))
    scope = scope_for(needs, sizes, data, exact, residues)
    for node in link.indexed:
        if index_names(node).isdisjoint(indices):
            along = side(node, scope, {}, 1)
            if along.absent.any():
                return Comparison(False, reason=along.reason)
    if link.free and not count:
        return Comparison(True)
    try:
        return _compare_all(link, scope, indices, count)
    except Varying:
        if not link.free:
            raise
        return _one_by_one(link, scope, indices, count)


def _one_by_one(link: Link, scope: Scope, indices: dict[str, Array], count: int) -> Comparison:
    """The free index values one after the other, where shapes depend on them; the first that differs."""
    worst = Comparison(True)
    for position in range(count):
        at = {name: values[position : position + 1] for name, values in indices.items()}
        found = _compare_all(link, replace(scope, missing=[]), at, 1)
        if found.agree is False:
            return found
        if found.agree is None or found.error > worst.error:
            worst = found
    return worst


def _compare_all(link: Link, scope: Scope, indices: dict[str, Array], count: int) -> Comparison:
    found = _sides(link, scope, indices, count)
    return found if isinstance(found, Comparison) else _entries(*found, indices, scope)


def _sides(link: Link, scope: Scope, indices: dict[str, Array], count: int) -> Comparison | tuple[Array, Array]:
    """Both sides (samples, index values, *common shape); or that one does not exist, or that their shapes differ."""
    left, right = (side(part, scope, indices, count) for part in (link.left, link.right))
    absent = left.absent | right.absent
    for part in link.supposed:
        sized = side(part, scope, indices, count)
        if sized.absent.any() and not absent.any():
            return Comparison(False, reason=sized.reason)
    if absent.any():
        first = int(np.argmax(absent))
        shapes = [None if part.value is None or part.absent[first] else part.value.shape for part in (left, right)]
        reason = left.reason if left.absent[first] else right.reason
        free = tuple(int(values[first]) for values in indices.values())
        return Comparison(False, free=free, left_shape=shapes[0], right_shape=shapes[1], reason=reason)
    assert left.value is not None
    assert right.value is not None
    first_shape, second_shape = left.value.shape, right.value.shape
    if first_shape != second_shape and {first_shape, second_shape} != {(), (1, 1)}:
        return Comparison(False, left_shape=first_shape, right_shape=second_shape, reason="the shapes differ")
    shape = max(first_shape, second_shape, key=len)
    arrays = [part.array.reshape(*part.array.shape[:2], *shape) for part in (left.value, right.value)]
    full = (max(array.shape[0] for array in arrays), count, *shape)
    return np.broadcast_to(arrays[0], full), np.broadcast_to(arrays[1], full)


def _entries(left: Array, right: Array, indices: dict[str, Array], scope: Scope) -> Comparison:
    if left.dtype.kind in "fc" or right.dtype.kind in "fc":
        return _floating(left.astype(np.float64), right.astype(np.float64))
    if isinstance(scope.infinitesimal, Residues):
        return _first(np.asarray((left - right) % PRIME != 0, dtype=bool), left % PRIME, right % PRIME, indices)
    return _first(np.asarray(left != right, dtype=bool), left, right, indices)


def _first(wrong: Array, left: Array, right: Array, indices: dict[str, Array]) -> Comparison:
    """The first entry by index that is wrong, in whichever sample shows it."""
    if not wrong.any():
        return Comparison(True)
    position = int(np.argmax(wrong.any(axis=0)))
    place = tuple(int(i) for i in np.unravel_index(position, wrong.shape[1:]))
    everywhere: Any = (slice(None), *place)
    sample = int(np.argmax(wrong[everywhere]))
    free = tuple(int(values[place[0]]) for values in indices.values())
    at = (sample, *place)
    return Comparison(False, 0.0, free, place[1:], sample, left[at], right[at])


def _floating(left: Array, right: Array) -> Comparison:
    """Whether all entries agree to rounding; else the samples in which some do not."""
    if not left.size:
        return Comparison(True)
    magnitude = np.maximum(np.abs(left), np.abs(right))
    difference = np.abs(left - right)
    near = difference <= 16 * EPSILON * max(left[0, 0].size, 64) * magnitude
    near &= np.isfinite(left) & np.isfinite(right)
    finite = np.isfinite(difference)
    error = float(difference[finite].max(initial=0.0)) / max(float(magnitude[finite].max(initial=0.0)), 1.0)
    if near.all():
        return Comparison(True, error)
    suspicious = np.flatnonzero(~near.reshape(len(near), -1).all(axis=1))
    return Comparison(None, error, open_samples=tuple(suspicious[:MOST_SETTLED].tolist()))


def settled(
    link: Link,
    needs: Ingredients,
    sizes: Mapping[str, int],
    data: Mapping[str, Number],
    functions: Mapping[str, tuple[int, ...]],
    strict: bool = False,
) -> Comparison:
    """The comparison in as many digits as tell a difference from rounding; agree is None where none do.

    The values of a difference are those of the last digits. strict: nothing agrees but in many digits. Raises what
    evaluation raises.
    """
    try:
        return _settled_by_digits(link, needs, sizes, data, functions)
    except TooLarge:
        found = _settled_by_rounding(link, needs, sizes, data, functions)
        return Comparison(None, reason=UNTOLD) if strict and found.agree else found


def _settled_by_rounding(
    link: Link,
    needs: Ingredients,
    sizes: Mapping[str, int],
    data: Mapping[str, Number],
    functions: Mapping[str, tuple[int, ...]],
) -> Comparison:
    """The comparison with every value rounded on the way: what is rounding becomes as much larger as there are fewer
    digits, a difference stays."""
    indices, count = free_grid(link, sizes)
    found = []
    for coarse in (False, True):
        scope = replace(scope_for(needs, sizes, data, False), functions=functions, coarse=coarse)
        sides = _sides(link, scope, indices, count)
        if isinstance(sides, Comparison):
            return sides
        found.append([np.asarray(side, dtype=np.float64) for side in sides])
    (left, right), (coarse_left, coarse_right) = found
    difference, rough = left - right, coarse_left - coarse_right
    if not (np.isfinite(difference).all() and np.isfinite(rough).all()):
        return Comparison(None, reason=UNTOLD)
    stays = np.abs(rough - difference) * 2**LIKELY <= np.abs(difference)
    # What 1 − t² loses where t rounds to 1 is lost at 24 bits and at 53: beside the whole, not beside its own entry.
    scale = max(float(np.abs(found).max(initial=0.0)), 1.0)
    differs = np.asarray(stays & (np.abs(difference) * 2**DECIDEDLY >= scale), dtype=bool)
    if differs.any():
        return _first(differs, left, right, indices)
    if np.all(np.abs(difference) * 2**FALLS <= np.abs(rough).max(initial=0.0)):
        return Comparison(True)
    return Comparison(None, reason=UNTOLD)


def _of_rounded_data(difference: Array, left: Array, right: Array) -> Array:
    """Which differences are so small that they may come of data that satisfy a hypothesis in 53 bits alone."""
    largest = max((abs(value) for side in (left, right) for value in side.flat), default=1)
    return np.asarray(np.abs(difference) * 2**HELD <= max(largest, 1), dtype=bool)


def _settled_by_digits(
    link: Link,
    needs: Ingredients,
    sizes: Mapping[str, int],
    data: Mapping[str, Number],
    functions: Mapping[str, tuple[int, ...]],
) -> Comparison:
    """The same among numbers of more and more digits; raises TooLarge where that is too much work."""
    indices, count = free_grid(link, sizes)
    before: Array | None = None
    known = LEAST_DIGITS
    while known <= MOST_DIGITS:
        digits = Digits(known << needs.height)
        with digits.context:
            scope = replace(scope_for(needs, sizes, data, True, digits), functions=functions)
            sides = _sides(link, scope, indices, count)
            if isinstance(sides, Comparison):
                return sides
            if not digits.trustworthy(needs.height):
                known = max(2 * known, MAGNITUDES * digits.largest + SPARE)
                continue
            left, right = (precise(side) for side in sides)
            now = np.asarray(left - right)
            if before is not None:
                zero = np.asarray((now == 0) | (np.abs(now) * 2**SHRINKS <= np.abs(before)), dtype=bool)
                stays = np.abs(now - before) * 2**STAYS <= np.abs(now)
                differs = np.asarray(stays & (np.abs(now) > digits.rounding(needs.height)), dtype=bool)
                rounded = _of_rounded_data(now, left, right) if needs.hypotheses else np.zeros(now.shape, dtype=bool)
                if (differs & ~rounded).any():
                    return _first(differs & ~rounded, left, right, indices)
                if zero.all():
                    return Comparison(True)
                if (zero | rounded).all():
                    return Comparison(None, reason="the data satisfy the hypotheses but for their rounding")
            before = now
        known *= 2
    return Comparison(None, reason=UNTOLD)
