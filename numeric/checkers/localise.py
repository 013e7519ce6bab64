"""Which entry is wrong: bisection with projections.

Why: a checker that says "mismatch" leaves the reader with tens of thousands of entries. Each projection on
half of them halves the search: one wrong entry among n is found in ⌈log₂ n⌉ more.

Law: the residual is additive over disjoint sets of entries, so a half that measures right passes the blame to
the other; the entry found at the end is measured by itself before it is named.

What it cannot see: how many other entries are wrong. With every_entry=True all are compared.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from numeric.checkers.problem import Array, Arrays
from numeric.checkers.report import Measurement, Number, WrongEntry

Mask = NDArray[np.bool_]
Positions = NDArray[np.intp]
# one slice of an array: slice(None) for whole axes, then a number
Index = tuple[slice | int, ...]


class Probe(Protocol):
    """What every method offers: its claim, and a projection of it on any part of a random direction."""

    @property
    def method(self) -> str: ...
    @property
    def labels(self) -> tuple[str, ...]: ...
    @property
    def claimed(self) -> Arrays: ...
    @property
    def at(self) -> Arrays: ...
    @property
    def sensitivity(self) -> Array: ...
    @property
    def sensitivity_error(self) -> Array | None: ...
    @property
    def exact(self) -> bool: ...
    @property
    def fixed(self) -> bool: ...
    def measure(self, masks: tuple[Mask | None, ...]) -> Measurement: ...
    def respond(self, k: int, positions: Positions) -> tuple[Array, Array]: ...
    def touched(self, k: int, index: Index) -> Mask: ...
    def rerun(self, delta: Array, at: Arrays) -> Arrays: ...
    def inner(self, k: int, values: Array, mask: Mask | None = None) -> Number: ...
    def tolerance(self, k: int, values: Array) -> float: ...
    def step(self, k: int, index: tuple[int, ...]) -> Number: ...
    def steps(self, k: int) -> Array: ...
    @property
    def rounding(self) -> float: ...
    @property
    def underflow(self) -> float: ...


def masks_of(shapes: Sequence[tuple[int, ...]], positions: Positions) -> tuple[Mask, ...]:
    """Masks over several arrays that are true at the positions given, counted with all arrays laid end to
    end.

    >>> [m.tolist() for m in masks_of([(2,), (3,)], np.array([1, 2, 3]))]
    [[False, True], [True, True, False]]
    """
    sizes = [math.prod(shape) for shape in shapes]
    flat = np.zeros(sum(sizes), dtype=bool)
    flat[positions] = True
    parts = np.split(flat, np.cumsum(sizes)[:-1])
    return tuple(part.reshape(shape) for part, shape in zip(parts, shapes, strict=True))


def place_of(shapes: Sequence[tuple[int, ...]], position: int) -> tuple[int, tuple[int, ...]]:
    """(which array, index in it) of one entry of several arrays laid end to end.

    >>> place_of([(2,), (2, 2)], 4)
    (1, (1, 0))
    """
    for k, shape in enumerate(shapes):
        size = math.prod(shape)
        if position < size:
            return k, tuple(int(i) for i in np.unravel_index(position, shape))
        position -= size
    raise IndexError(position)


def bisect(probe: Probe, positions: Positions | None = None) -> tuple[int, int, Measurement]:
    """(position of one wrong entry, counted with all arrays laid end to end; projections spent; it measured
    alone).

    Only the given positions are searched. The search follows the half with the larger part of the residual; exact
    residuals leave no choice where one half is right.
    """
    shapes = [g.shape for g in probe.claimed]
    suspects = np.arange(sum(g.size for g in probe.claimed)) if positions is None else positions
    total = probe.measure(masks_of(shapes, suspects)).residual
    spent = 1
    while suspects.size > 1:
        first, second = suspects[: suspects.size // 2], suspects[suspects.size // 2 :]
        left = probe.measure(masks_of(shapes, first)).residual
        right = _difference(total, left)
        follow_left = not _size(left) < _size(right)
        suspects, total = (first, left) if follow_left else (second, right)
        spent += 1
    return int(suspects[0]), spent + 1, probe.measure(masks_of(shapes, suspects))


def _difference(total: Number, left: Number) -> Number:
    if isinstance(total, Fraction) and isinstance(left, Fraction):
        return total - left
    return float(total) - float(left)


def _size(residual: Number) -> Fraction | float:
    # one branch for both types: mypy knows no common order of them
    return abs(Fraction(residual)) if math.isfinite(residual) else math.inf


def entry_at(probe: Probe, position: int, alone: Measurement) -> WrongEntry:
    """The entry as a record: its true and claimed values, from the projection on it alone."""
    k, index = place_of([g.shape for g in probe.claimed], position)
    step = probe.step(k, index)
    return WrongEntry(probe.labels[k], index, float(alone.true / step), float(probe.claimed[k][index]))
