"""Rotations, frames and grids on the last two axes (on the only one of a vector): entries move, nothing is
added.

Law: sizes, pairs and factors are given for each axis they act on, in the order of the axes.
"""

from __future__ import annotations

import numpy as np

from numeric.operators.arrays import Array, Pairs, Sizes, last, require, tensor_shape, zeros_like


def _last_axes(a: Array, stack: int) -> tuple[int, ...]:
    return tuple(range(a.ndim - min(a.ndim - stack, 2), a.ndim))


def rot180(a: Array, *, stack: int = 0) -> Array:
    """A half turn of the last two axes.

    >>> rot180(np.array([[1, 2], [3, 4]]))
    array([[4, 3],
           [2, 1]])
    """
    return np.flip(a, axis=_last_axes(a, stack))


def rot90(a: Array, k: int = 1, *, stack: int = 0) -> Array:
    """k quarter turns of the last two axes, counter-clockwise.

    >>> rot90(np.array([[1, 2], [3, 4]]))
    array([[2, 4],
           [1, 3]])
    """
    return np.rot90(a, k, axes=(-2, -1))


def flip(a: Array, axis: int, *, stack: int = 0) -> Array:
    """The entries in reverse order along one axis.

    >>> flip(np.array([1, 2, 3]), 0)
    array([3, 2, 1])
    """
    rank = a.ndim - stack
    require(-rank <= axis < rank, f"axis {axis} of a tensor of rank {rank}")
    return np.flip(a, axis=stack + axis % rank)


def roll(a: Array, k: int, axis: int, *, stack: int = 0) -> Array:
    """The entries moved by k along one axis, those that leave it coming in on the other side.

    >>> roll(np.array([1, 2, 3]), 1, 0)
    array([3, 1, 2])
    """
    rank = a.ndim - stack
    require(-rank <= axis < rank, f"axis {axis} of a tensor of rank {rank}")
    along = stack + axis % rank
    size = a.shape[along]
    require(size >= 1, "a circular shift along an empty axis")
    return a.take([(place - k) % size for place in range(size)], axis=along)


def concat(a: Array, b: Array, axis: int, *, stack: int = 0) -> Array:
    """b behind a along one axis; on the others both have the same size.

    >>> concat(np.array([1, 2]), np.array([3]), 0)
    array([1, 2, 3])
    """
    rank = a.ndim - stack
    require(-rank <= axis < rank, f"axis {axis} of a tensor of rank {rank}")
    along = stack + axis % rank
    sizes = [other for number, other in enumerate(a.shape) if number != along and number >= stack]
    others = [other for number, other in enumerate(b.shape) if number != along and number >= stack]
    require(sizes == others, f"tensors of shapes {a.shape[stack:]} and {b.shape[stack:]} along axis {axis}")
    samples = np.broadcast_shapes(a.shape[:stack], b.shape[:stack])
    parts = [np.broadcast_to(part, (*samples, *part.shape[stack:])) for part in (a, b)]
    return np.concatenate(parts, axis=along)


def up(a: Array, n: Sizes, *, stack: int = 0) -> Array:
    """Each entry repeated n times along each axis: `kron(A, ones(n, n))`. [Bouvrie 2006, sec. 3.2]

    >>> up(np.array([[1, 2]]), (2, 2))
    array([[1, 1, 2, 2],
           [1, 1, 2, 2]])
    """
    require(all(factor >= 0 for factor in n), f"up by {n}")
    for axis, factor in enumerate(n, start=a.ndim - len(n)):
        a = np.repeat(a, factor, axis=axis)
    return a


def dilate(a: Array, s: Sizes, *, stack: int = 0) -> Array:
    """s − 1 zeros between neighbours, none outside. [Dumoulin & Visin 2016, sec. 4.5]

    >>> dilate(np.array([1, 2, 3]), (2,))
    array([1, 0, 2, 0, 3])
    """
    sizes = a.shape[a.ndim - len(s) :]
    require(all(step >= 1 for step in s), f"dilate by {s}")
    require(all(size >= 1 for size in sizes), f"dilate of a tensor of shape {tensor_shape(a, stack)}")
    shape = (*a.shape[: a.ndim - len(s)], *((size - 1) * step + 1 for size, step in zip(sizes, s, strict=True)))
    result = zeros_like(a, shape)
    result[last(*(slice(None, None, step) for step in s))] = a
    return result


def pad(a: Array, p: Pairs, *, stack: int = 0) -> Array:
    """(before, after) zeros on each side.

    >>> pad(np.array([1, 2]), ((1, 2),))
    array([0, 1, 2, 0, 0])
    """
    require(all(width >= 0 for pair in p for width in pair), f"pad by {p}")
    sizes = a.shape[a.ndim - len(p) :]
    shape = (*a.shape[: a.ndim - len(p)], *(n + before + after for n, (before, after) in zip(sizes, p, strict=True)))
    result = zeros_like(a, shape)
    result[last(*(slice(before, before + n) for n, (before, _) in zip(sizes, p, strict=True)))] = a
    return result


def crop(a: Array, p: Pairs, *, stack: int = 0) -> Array:
    """(before, after) rows dropped on each side.

    >>> crop(np.array([1, 2, 3, 4]), ((1, 2),))
    array([2])
    """
    sizes = a.shape[a.ndim - len(p) :]
    fits = all(min(pair) >= 0 and sum(pair) <= size for size, pair in zip(sizes, p, strict=True))
    require(fits, f"crop of a tensor of shape {tensor_shape(a, stack)} by {p}")
    kept = (slice(before, size - after) for size, (before, after) in zip(sizes, p, strict=True))
    return np.asarray(a[last(*kept)])


def resize(a: Array, shape: Sizes, *, stack: int = 0) -> Array:
    """A in the top left corner of a frame of zeros of this shape, cut where it is larger.

    >>> resize(np.array([[1, 2], [3, 4]]), (1, 3))
    array([[1, 2, 0]])
    """
    require(all(size >= 0 for size in shape), f"resize to {shape}")
    kept = tuple(
        slice(0, min(size, wanted)) for size, wanted in zip(a.shape[a.ndim - len(shape) :], shape, strict=True)
    )
    result = zeros_like(a, (*a.shape[: a.ndim - len(shape)], *shape))
    result[last(*kept)] = a[last(*kept)]
    return result
