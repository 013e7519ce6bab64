"""Arrays of symbolic shape: storage that code writes to, views of it, axes as lists of their factors.

Why factors: `reshape` merges axes and splits them again; an axis that stays the list of its factors needs no `//` or
`%`. Law: an axis of size 1 has no factors; the entries of an axis count row-major over its factors, as NumPy's do.
A view has no entries of its own. What these classes cannot see: who writes when; `machine` keeps that.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from derivations.reading.elements import Bound, Element
from derivations.reading.integers import Int, product

Axis = tuple[Int, ...]
Axes = tuple[Axis, ...]
Index = tuple[tuple[Int, ...], ...]
Cell = tuple[Int, ...]


@dataclass(eq=False)
class Storage:
    """What arrays show: `sizes` of the factors, the entry at each cell, the number of loops around its creation;
    `sources`: the storages that its entries were computed from; `made`: NumPy makes it an array even without axes."""

    sizes: tuple[Int, ...]
    content: Callable[[Cell], Element]
    depth: int = 0
    name: str = ""
    sources: set[Storage] = field(default_factory=set)
    made: bool = False

    def reached(self) -> set[Storage]:
        """This storage and all that it was computed from."""
        found: set[Storage] = set()
        pending = [self]
        while pending:
            one = pending.pop()
            if one not in found:
                found.add(one)
                pending += one.sources
        return found


@dataclass(eq=False)
class Array:
    """A view: index -> cell of the storage. kind: real, bool, int. `whole`: it shows its storage as it is; `loose`:
    NumPy may have made a copy instead. `choice`: index -> the bound indices and the weight of a place that data
    choose, for a view by index arrays."""

    axes: Axes
    storage: Storage
    place: Callable[[Index], Cell]
    kind: str = "real"
    whole: bool = False
    loose: bool = False
    choice: Callable[[Index], tuple[Cell, Bound, Element]] | None = None

    @property
    def rank(self) -> int:
        """The number of axes."""
        return len(self.axes)

    @property
    def shape(self) -> tuple[Int, ...]:
        """The size of each axis."""
        return tuple(product(axis) for axis in self.axes)

    def view(self, axes: Axes, back: Callable[[Index], Index], whole: bool = False, loose: bool = False) -> Array:
        """Another view of the same storage: back maps its index to an index of this one."""
        place = self.place
        return Array(
            axes, self.storage, lambda index: place(back(index)), self.kind, self.whole and whole, self.loose or loose
        )


def plain_axis(size: Int | int) -> Axis:
    """One axis of one factor, none for 1."""
    size = Int.of(size)
    return () if size.constant == 1 else (size,)


def flat(index: Index) -> Cell:
    """The factors' indices in one row."""
    return tuple(part for axis in index for part in axis)


def structured(cell: Sequence[Int], axes: Axes) -> Index:
    """The row of factors' indices by axes."""
    found: list[tuple[Int, ...]] = []
    at = 0
    for axis in axes:
        found.append(tuple(cell[at : at + len(axis)]))
        at += len(axis)
    return tuple(found)


def joined_index(index: Sequence[Int], sizes: Sequence[Int]) -> Int:
    """The row-major number of an index."""
    number = Int()
    for part, size in zip(index, sizes, strict=True):
        number = number * size + part
    return number


def converted(
    index: tuple[Int, ...], have: Axis, want: Axis, simplify: Callable[[Int], Int] = lambda value: value
) -> tuple[Int, ...]:
    """An index of one axis by these factors, given by those; both lists multiply to the same size.

    >>> n, m, i = Int.symbol("n"), Int.symbol("m"), Int.symbol("i")
    >>> [str(part) for part in converted((i,), (n*m,), (n, m))]
    ['(i//m)', '(i%m)']
    """
    if have == want:
        return index
    found: list[Int] = []
    left, right = list(range(len(have))), list(range(len(want)))
    while left or right:
        mine, theirs = [left.pop(0)] if left else [], [right.pop(0)] if right else []
        while product([have[at] for at in mine]) != product([want[at] for at in theirs]) and (left or right):
            size, other = product([have[at] for at in mine]), product([want[at] for at in theirs])
            if left and (not right or size.constant == 1 or other.over(size) is not None):
                mine.append(left.pop(0))
            elif right and (not left or other.constant == 1 or size.over(other) is not None):
                theirs.append(right.pop(0))
            else:
                mine, theirs = [*mine, *left], [*theirs, *right]
                left, right = [], []
        number = joined_index([index[at] for at in mine], [have[at] for at in mine])
        found += _split(number, [want[at] for at in theirs], simplify)
    return tuple(found)


def _split(number: Int, sizes: Sequence[Int], simplify: Callable[[Int], Int]) -> list[Int]:
    found: list[Int] = []
    for at in range(len(sizes)):
        below = product(list(sizes[at + 1 :]))
        part = simplify(number // below)
        found.append(part if at == 0 else simplify(part % sizes[at]))
    return found
