"""What a reading keeps: refusals, cases, obligations, definitions; the writes and reads of a loop that is being read.

Law: these are records; `machine` alone makes them, and says what they mean for the entries of a storage.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from derivations.reading.arrays import Cell, Storage
from derivations.reading.elements import ONE, Bound, Element
from derivations.reading.integers import TRUE, Cond, Int


class Refused(Exception):
    """Code that is not read: why, what to write instead, and the node of the syntax tree."""

    def __init__(self, reason: str, fix: str = "", node: ast.AST | None = None) -> None:
        super().__init__(reason)
        self.reason, self.fix, self.node = reason, fix, node
        # the file, and what was read before, once they are known
        self.source: Any = None
        self.partial: Any = None


class Split(Exception):
    """A branch on sizes that needs a case for each answer."""

    def __init__(self, condition: Cond) -> None:
        super().__init__(str(condition))
        self.condition = condition


@dataclass(frozen=True)
class Obligation:
    """What the reading rests on: wherever `guard` holds, `condition` does. kind: "fits" (NumPy raises otherwise) or
    "same" (the reading is not the code otherwise). storage: what alone is read wrongly otherwise, None for all."""

    condition: Cond
    guard: Cond
    kind: str
    what: str
    node: ast.AST
    path: str = ""
    storage: Storage | None = None


@dataclass(frozen=True)
class Definition:
    """A named array of the code: its factors' sizes with their indices, its entry, the line that it comes from."""

    name: str
    indices: tuple[str, ...]
    sizes: tuple[Int, ...]
    body: Element
    line: int
    path: str = ""


@dataclass(frozen=True)
class Effect:
    """One write: over the bound indices, where the guard holds, value to the cell `place`; adds or sets. weight: 1
    where data choose the place, else 0. order: where no later turn writes the place."""

    bound: Bound
    guard: Cond
    place: Cell
    value: Element
    adds: bool
    node: ast.AST
    weight: Element = ONE
    order: Cond = TRUE


@dataclass(frozen=True)
class Read:
    """One read of a storage inside a loop, over the bound indices, where the guard holds."""

    bound: Bound
    guard: Cond
    place: Cell
    node: ast.AST


@dataclass(eq=False)
class Frame:
    """A loop that is being read: its index, what its body has written and read by then."""

    symbol: str
    low: Int
    high: Int
    entry: dict[Storage, Callable[[Cell], Element]] = field(default_factory=dict)
    effects: dict[Storage, list[Effect]] = field(default_factory=dict)
    reads: dict[Storage, list[Read]] = field(default_factory=dict)
