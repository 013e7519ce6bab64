"""Where the rows of the operator table are looked up by name, so that a node need not know who wrote them.

Why so: a node `Apply` knows its operator by name and asks the row for its size, and the printer asks for the names of
its parameters; the rows, in turn, are made of nodes. The rows enter themselves here when `operators/` is loaded, which
whoever builds an `Apply` does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol


class Parameter(Protocol):
    """A parameter of an operator: its name, its kind (`operators/row.py` lists them) and its default."""

    @property
    def name(self) -> str: ...

    @property
    def kind(self) -> str: ...

    @property
    def default(self) -> Any: ...

    @property
    def required(self) -> bool: ...


class Row(Protocol):
    """What a node and its printer ask of an operator."""

    @property
    def name(self) -> str: ...

    @property
    def parameters(self) -> Sequence[Parameter]: ...

    @property
    def size(self) -> Callable[..., tuple[Any, ...]]: ...

    @property
    def formula(self) -> Callable[..., Any] | None: ...

    @property
    def over_axes(self) -> bool: ...

    @property
    def sliding_axes(self) -> Callable[[int], int]: ...

    def normalise(self, arguments: Sequence[Any], keywords: Mapping[str, Any]) -> tuple[Any, ...]: ...


TABLE: dict[str, Row] = {}
