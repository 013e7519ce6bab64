"""Both sides of a link at given sizes and data: do they have one shape, and do all entries agree?

Law: exact values are compared with zero tolerance. Floating values agree within 16·eps times the largest
magnitude and the number of terms that can have been added; they differ if the error is beyond anything
rounding can do; what lies between is no answer. A scalar and a 1×1 matrix are the same; (n,) and (n, 1) are
not. A side that does not exist disagrees with everything.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from derivations.crosscheck import derivatives, indexing  # noqa: F401  (register the values of their nodes)
from derivations.crosscheck.data import Ingredients, scope_for
from derivations.crosscheck.evaluate import Scope, Varying, value_of
from derivations.crosscheck.integers import compiled
from derivations.crosscheck.values import NotEvaluable, Number
from derivations.formulas.claims import Link
from numeric.operators import Array, DoesNotExist

EPSILON = float(np.finfo(np.float64).eps)
# a relative difference that no rounding of these short formulas explains
CERTAIN = 1e-6


@dataclass(frozen=True)
class Comparison:
    """agree: True, False, or None where floating point cannot tell.

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
    link: Link, needs: Ingredients, sizes: Mapping[str, int], data: Mapping[str, Number], exact: bool
) -> Comparison:
    """Whether the two sides agree at these sizes for these data, at every value of the free indices."""
    try:
        indices, count = free_grid(link, sizes)
    except DoesNotExist as error:
        return Comparison(False, reason=str(error))
    if link.free and not count:
        return Comparison(True)
    scope = scope_for(needs, sizes, data, exact)
    try:
        return _compare_all(link, scope, indices, count, exact)
    except Varying:
        if not link.free:
            raise
        return _one_by_one(link, needs, sizes, data, exact, indices, count)


def _one_by_one(
    link: Link,
    needs: Ingredients,
    sizes: Mapping[str, int],
    data: Mapping[str, Number],
    exact: bool,
    indices: dict[str, Array],
    count: int,
) -> Comparison:
    """The free index values one after the other, where shapes depend on them; the first that differs."""
    worst = Comparison(True)
    for position in range(count):
        at = {name: values[position : position + 1] for name, values in indices.items()}
        found = _compare_all(link, scope_for(needs, sizes, data, exact), at, 1, exact)
        if found.agree is False:
            return found
        if found.agree is None or found.error > worst.error:
            worst = found
    return worst


def _compare_all(link: Link, scope: Scope, indices: dict[str, Array], count: int, exact: bool) -> Comparison:
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
    return _entries(arrays[0], arrays[1], indices, count, shape, exact)


def _entries(
    left: Array, right: Array, indices: dict[str, Array], count: int, shape: tuple[int, ...], exact: bool
) -> Comparison:
    samples = max(left.shape[0], right.shape[0])
    full = (samples, count, *shape)
    left, right = np.broadcast_to(left, full), np.broadcast_to(right, full)
    floating = left.dtype.kind in "fc" or right.dtype.kind in "fc"
    if exact and not floating:
        wrong, error, undecided = np.asarray(left != right, dtype=bool), 0.0, False
    else:
        left, right = left.astype(np.float64), right.astype(np.float64)
        wrong, error, undecided = _floating(left, right)
    if not wrong.any():
        return Comparison(None if undecided else True, error)
    # the first entry by index, in whichever sample shows it
    position = int(np.argmax(wrong.any(axis=0)))
    place = tuple(int(i) for i in np.unravel_index(position, full[1:]))
    everywhere: Any = (slice(None), *place)
    sample = int(np.argmax(wrong[everywhere]))
    free = tuple(int(values[place[0]]) for values in indices.values())
    at = (sample, *place)
    return Comparison(False, error, free, place[1:], sample, left[at], right[at])


def _floating(left: Array, right: Array) -> tuple[Array, float, bool]:
    """(entries that certainly differ, largest relative error, whether some entry is undecided)."""
    if not left.size:
        return np.zeros(left.shape, dtype=bool), 0.0, False
    if not (np.isfinite(left).all() and np.isfinite(right).all()):
        raise NotEvaluable("a value is not finite")
    scale = max(float(np.abs(left).max()), float(np.abs(right).max()), 1.0)
    difference = np.abs(left - right)
    error = float(difference.max()) / scale
    tolerance = 16 * EPSILON * max(left[0, 0].size, 64)
    wrong = difference > CERTAIN * scale
    return wrong, error, bool(error > tolerance)
