"""Entries and sums over indices: all index values at once, with the entries that do not exist remembered.

Law: a sum without a written range runs over all integers for which every entry whose subscripts contain the
index exists, so a term with a missing entry of that kind is left out; any other missing entry is passed
outwards, to the sum or the side it stands in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from derivations.crosscheck import ranges, values
from derivations.crosscheck.evaluate import Missing, Scope, Varying, _value, value_of
from derivations.crosscheck.integers import compiled, symbols_of
from derivations.crosscheck.values import Number, TooLarge
from derivations.formulas.expressions import ByIndex, Entry, Expression, IndexRange, IndexSum, Slice
from numeric.operators import Array, DoesNotExist

# index values × samples that one sum may unfold into; more is a limit of the cross-check
LARGEST_SUM = 20_000_000


# -- entries -------------------------------------------------------------------------------------------------


@_value.register
def _entry(node: Entry, scope: Scope) -> Number:
    """Gathered with index arrays: axis 1 runs over the index values, the slices' places follow."""
    source = value_of(node.of, scope)
    kept = sum(1 for index in node.indices if isinstance(index, Slice))
    places: list[Array] = []
    missing = np.zeros(scope.count, dtype=bool)
    axis = 0
    for index, size in zip(node.indices, source.shape, strict=True):
        if isinstance(index, Slice):
            place = _slice_places(index, scope)
            axis += 1
            outside = ((place < 0) | (place >= size)).any(axis=1)
            place = place.reshape(place.shape[0], *[1] * (axis - 1), -1, *[1] * (kept - axis))
        else:
            place = np.broadcast_to(np.asarray(compiled(index)(scope.values), dtype=np.int64), (scope.count,))
            outside = (place < 0) | (place >= size)
            place = place.reshape(-1, *[1] * kept)
        missing |= outside
        places.append(place)
    if missing.any():
        names = frozenset().union(*(symbols_of(index) for index in node.indices)) & set(scope.indices)
        scope.missing.append(Missing(names, missing))
        if any(size == 0 for size in source.shape):
            sizes = tuple(scope.integer(index.count) for index in node.indices if isinstance(index, Slice))
            return Number(np.zeros((1, scope.count, *sizes), dtype=np.int64), 0)
        places = [np.clip(place, 0, size - 1) for place, size in zip(places, source.shape, strict=True)]
    number = np.arange(source.array.shape[1]).reshape(-1, *[1] * kept)
    at: Any = (slice(None), number, *places)
    return Number(source.array[at], source.bound)


def _slice_places(index: Slice, scope: Scope) -> Array:
    """(index values, count): the places that a slice reads."""
    count, step = scope.integer(index.count), scope.integer(index.step)
    if count < 0 or step < 1:
        raise DoesNotExist(f"a slice of {count} places in steps of {step}")
    start = np.broadcast_to(np.asarray(compiled(index.start)(scope.values), dtype=np.int64), (scope.count,))
    return np.asarray(start[:, None] + step * np.arange(count))


# -- sums over indices ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Unfolded:
    """All index values of a sum: for each of them its group (the index value outside it belongs to)."""

    indices: dict[str, Array]
    group: Array
    each: int | None


def unfold(ranges_: Sequence[IndexRange], bodies: Expression, scope: Scope) -> Unfolded:
    """The values of the indices of a sum, range after range, for every value of the indices outside."""
    inferred = tuple(part for part in ranges_ if not part.explicit)
    boxes = ranges.box(bodies, tuple(ranges_), scope.values) if inferred else {}
    indices, group = dict(scope.indices), np.arange(scope.count)
    each: int | None = 1
    for part in ranges_:
        at = {**scope.sizes, **indices}
        if part.explicit:
            low, high = compiled(part.low)(at), compiled(part.high)(at)
        else:
            low, high = (end[group] if _per_group(end, scope) else end for end in boxes[part.index.name])
        low = np.broadcast_to(np.asarray(low, dtype=np.int64), group.shape)
        counts = np.maximum(np.broadcast_to(np.asarray(high, dtype=np.int64), group.shape) - low + 1, 0)
        total = int(counts.sum())
        if total * scope.samples > LARGEST_SUM:
            raise TooLarge(f"a sum of {total} terms")
        owner = np.repeat(np.arange(len(group)), counts)
        first = np.cumsum(counts) - counts
        indices = {name: array[owner] for name, array in indices.items()}
        indices[part.index.name] = low[owner] + np.arange(total) - first[owner]
        each = each * int(counts[0]) if each is not None and counts.size and (counts == counts[0]).all() else None
        group = group[owner]
    return Unfolded(indices, group, each)


def _per_group(end: Any, scope: Scope) -> bool:
    return isinstance(end, np.ndarray) and end.shape == (scope.count,)


@_value.register
def _index_sum(node: IndexSum, scope: Scope) -> Number:
    unfolded = unfold(node.ranges, node.body, scope)
    if not len(unfolded.group):
        shape = scope.shape(node.body)
        if any(size < 0 for size in shape):
            raise DoesNotExist(f"an empty sum of shape {shape}")
        return Number(np.zeros((1, scope.count, *shape), dtype=np.int64), 0)
    try:
        inner = scope.with_indices(unfolded.indices, len(unfolded.group))
        terms = value_of(node.body, inner)
    except Varying:
        terms, inner = _one_by_one(node.body, unfolded, scope)
    inferred = frozenset(part.index.name for part in node.ranges if not part.explicit)
    bound = {part.index.name for part in node.ranges}
    excluded = np.zeros(len(unfolded.group), dtype=bool)
    for missing in inner.missing:
        if missing.names & inferred:
            excluded |= missing.where
    for missing in inner.missing:
        if not missing.names & inferred:
            pass_outside(missing, unfolded, frozenset(bound), scope)
    return grouped_sum(terms, excluded, unfolded, scope.count)


def pass_outside(missing: Missing, unfolded: Unfolded, bound: frozenset[str], scope: Scope) -> None:
    """An entry that must exist throughout a range is missing outside it wherever one of its terms is."""
    where = np.zeros(scope.count, dtype=bool)
    np.logical_or.at(where, unfolded.group, missing.where)
    scope.missing.append(Missing(missing.names - bound, where))


def _one_by_one(body: Expression, unfolded: Unfolded, scope: Scope) -> tuple[Number, Scope]:
    """The terms of a sum whose sizes depend on the index, one after the other; their values have one
    shape."""
    whole = scope.with_indices(unfolded.indices, len(unfolded.group))
    terms = []
    for position in range(len(unfolded.group)):
        at = {name: array[position : position + 1] for name, array in unfolded.indices.items()}
        single = scope.with_indices(at, 1)
        terms.append(value_of(body, single))
        for missing in single.missing:
            where = np.zeros(len(unfolded.group), dtype=bool)
            where[position] = bool(missing.where.any())
            whole.missing.append(Missing(missing.names, where))
    if len({term.shape for term in terms}) > 1:
        raise DoesNotExist("a sum of terms of different shapes")
    samples = max(term.array.shape[0] for term in terms)
    arrays = [np.broadcast_to(term.array, (samples, *term.array.shape[1:])) for term in terms]
    known = values.bounds(terms)
    return Number(np.concatenate(arrays, axis=1), max(known) if known is not None else None), whole


def grouped_sum(terms: Number, excluded: Array, unfolded: Unfolded, count: int) -> Number:
    """The sum of the terms of each group, without the excluded ones."""
    size = len(unfolded.group)
    most = max(int(np.bincount(unfolded.group, minlength=1).max()), 1)
    bound = None if terms.bound is None else terms.bound * most

    def summed(array: Array) -> Array:
        array = np.broadcast_to(array, (array.shape[0], size, *array.shape[2:]))
        if excluded.any():
            keep = ~excluded.reshape(1, -1, *[1] * (array.ndim - 2))
            array = np.where(keep, array, np.zeros((), dtype=array.dtype))
        if unfolded.each is not None:
            return np.asarray(array.reshape(array.shape[0], count, unfolded.each, *array.shape[2:]).sum(axis=2))
        result = np.zeros((array.shape[0], count, *array.shape[2:]), dtype=array.dtype)
        at: Any = (slice(None), unfolded.group)
        np.add.at(result, at, array)
        return result

    return values.combine([terms], bound, summed)


@_value.register
def _by_index(node: ByIndex, scope: Scope) -> Number:
    lengths = tuple(scope.integer(part.high + 1) for part in node.ranges)
    if any(length < 0 for length in lengths):
        raise DoesNotExist(f"leading axes {lengths}")
    unfolded = unfold(node.ranges, node.body, scope)
    if not len(unfolded.group):
        return Number(np.zeros((1, scope.count, *lengths, *scope.shape(node.body)), dtype=np.int64), 0)
    try:
        inner = scope.with_indices(unfolded.indices, len(unfolded.group))
        entries = value_of(node.body, inner)
    except Varying:
        entries, inner = _one_by_one(node.body, unfolded, scope)
    for missing in inner.missing:
        pass_outside(missing, unfolded, frozenset(part.index.name for part in node.ranges), scope)
    array = np.broadcast_to(entries.array, (entries.array.shape[0], len(unfolded.group), *entries.shape))
    return Number(array.reshape(array.shape[0], scope.count, *lengths, *entries.shape), entries.bound)
