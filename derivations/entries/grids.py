"""Tensors of SymPy entries at concrete sizes: what the third meaning of a formula computes with."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from sympy import Add, Expr, Integer, sympify

Index = tuple[int, ...]


class DoesNotExist(ValueError):
    """The formula does not exist at these sizes."""


@dataclass(frozen=True)
class Grid:
    """A tensor of entries: shape (n, ...) and the entries in row-major order, last axis fastest."""

    shape: Index
    entries: tuple[Expr, ...]

    @staticmethod
    def build(shape: Sequence[int], entry: Callable[[Index], Expr]) -> Grid:
        """The tensor whose entry at an index is entry(index)."""
        sizes = tuple(shape)
        if any(size < 0 for size in sizes):
            raise DoesNotExist(f"its shape would be {sizes}")
        return Grid(sizes, tuple(sympify(entry(index)) for index in indices(sizes)))

    def __getitem__(self, index: Index) -> Expr:
        place = 0
        for i, size in zip(index, self.shape, strict=True):
            if not 0 <= i < size:
                raise DoesNotExist(f"entry {index} of a tensor of shape {self.shape}")
            place = place * size + i
        return self.entries[place]

    def get(self, index: Index) -> Expr:
        """The entry, or 0 outside: zero padding."""
        inside = all(0 <= i < size for i, size in zip(index, self.shape, strict=True))
        return self[index] if inside else Integer(0)

    @property
    def rank(self) -> int:
        return len(self.shape)

    def map(self, function: Callable[[Expr], Expr]) -> Grid:
        """The function applied to every entry."""
        return Grid(self.shape, tuple(function(value) for value in self.entries))

    def total(self) -> Expr:
        """The sum of all entries; of none, 0."""
        return total(self.entries)


def total(terms: Iterable[Expr]) -> Expr:
    """Σ in one step, which SymPy does in linear time; of nothing, 0."""
    return Add(*terms)


def indices(shape: Sequence[int]) -> Iterator[Index]:
    """All indices of a tensor of this shape, last axis fastest."""
    return product(*(range(size) for size in shape))


def need(condition: bool, message: str) -> None:
    """Raise DoesNotExist unless the condition holds."""
    if not condition:
        raise DoesNotExist(message)


def scalar(value: Any) -> Grid:
    """A number as a tensor of rank 0."""
    return Grid((), (sympify(value),))
