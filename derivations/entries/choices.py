"""Choices between entries, as SymPy's steps: the entries of `maximum`, `clamp`, `select` and their kin."""

from __future__ import annotations

from collections.abc import Callable

from sympy import Expr, Integer

from derivations.entries.grids import Grid, Index, indices, need
from derivations.entries.values import compare_data, maximum


def _entrywise(of: Callable[..., Expr], *parts: Grid) -> Grid:
    """A function of equal places; numbers stand at every place."""
    shapes = {part.shape for part in parts if part.rank}
    need(len(shapes) <= 1, f"a choice between tensors of shapes {shapes}")
    shape: Index = next(iter(shapes), ())
    return Grid.build(shape, lambda at: of(*[part[at if part.rank else ()] for part in parts]))


def _larger(a: Expr, b: Expr) -> Expr:
    return maximum([a, b])


def _smaller(a: Expr, b: Expr) -> Expr:
    return -maximum([-a, -b])


def _selected(p: Expr, a: Expr, b: Expr) -> Expr:
    chosen = compare_data("!=", p, Integer(0))
    return chosen * a + (1 - chosen) * b


def _onehot(y: Grid, classes: int) -> Grid:
    need(classes >= 0, "a negative number of classes")
    placed = {(*at, c): compare_data("==", y[at], Integer(c)) for at in indices(y.shape) for c in range(classes)}
    return Grid.build((*y.shape, classes), placed.__getitem__)


def _iota(n: int) -> Grid:
    need(n >= 0, "a negative size")
    return Grid.build((n,), lambda at: Integer(at[0]))


EXPLICIT_CHOICES: dict[str, Callable[..., Grid]] = {
    "maximum": lambda a, b: _entrywise(_larger, a, b),
    "minimum": lambda a, b: _entrywise(_smaller, a, b),
    "clamp": lambda x, low, high: _entrywise(_smaller, _entrywise(_larger, x, low), high),
    "select": lambda p, a, b: _entrywise(_selected, p, a, b),
    "onehot": _onehot,
    "iota": _iota,
}
