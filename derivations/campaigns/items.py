"""What a mapping takes beside items."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

R = TypeVar("R")


@dataclass(frozen=True)
class Ready(Generic[R]):
    """In place of an item: its result, which is known."""

    result: R
