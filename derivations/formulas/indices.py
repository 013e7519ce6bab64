"""Bound and free indices of formulas: which names a formula uses, and renaming without capture.

SymPy's `free_symbols` knows nothing of our sums, and would look into definitions. Here a definition or a
loss is closed (its indices are its own), and `sum` and `entries` bind theirs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from sympy import Basic, Symbol

from derivations.formulas.expressions import ByIndex, Definition, Entry, IndexSum, Loss
from derivations.formulas.integers import integer_symbol


@lru_cache(maxsize=100_000)
def free_names(node: Basic) -> frozenset[str]:
    """The sizes and indices that a formula uses and does not bind; definitions are closed."""
    if isinstance(node, Symbol):
        return frozenset({str(node.name)})
    if isinstance(node, Definition | Loss):
        return frozenset()
    found = frozenset(name for part in node.args for name in free_names(part))
    if isinstance(node, IndexSum | ByIndex):
        found -= {str(part.index.name) for part in node.ranges}
    return found


def substituted(node: Any, new: Mapping[Any, Any]) -> Any:
    """The formula with parts replaced; definitions and losses stay closed."""
    if node in new:
        return new[node]
    if isinstance(node, Definition | Loss) or not node.args:
        return node
    return node.func(*(substituted(part, new) for part in node.args))


def fresh(name: str, taken: set[str]) -> Symbol:
    """An index whose name is not taken: i, i1, i2, ..."""
    stem = name.rstrip("0123456789")
    number = 1
    while f"{stem}{number}" in taken:
        number += 1
    return integer_symbol(f"{stem}{number}")


def open_entries(node: Basic) -> Iterator[tuple[Entry, frozenset[str]]]:
    """The entries that a formula takes, outside of definitions, each with the indices that sums inside the
    formula bind around it."""
    yield from _entries(node, frozenset())


def _entries(node: Basic, bound: frozenset[str]) -> Iterator[tuple[Entry, frozenset[str]]]:
    if isinstance(node, Definition | Loss):
        return
    if isinstance(node, Entry):
        yield node, bound
    if isinstance(node, IndexSum | ByIndex):
        bound = bound | {str(part.index.name) for part in node.ranges}
    for part in node.args:
        yield from _entries(part, bound)
