"""What the parts of the reader of displays ask of it: errors with their place, sides, integers, names and types."""

from __future__ import annotations

from typing import Any, Protocol

from derivations.language.errors import InputError
from derivations.notation.profile import Key, Profile
from derivations.notation.typed import Typed, Types


class Reader(Protocol):
    """The reader of one display (`resolve.Resolver`)."""

    profile: Profile
    types: Types
    bound: list[str]
    own_names: dict[Key, list[str]]

    @property
    def indices(self) -> frozenset[str]: ...

    def error(self, at: Any, message: str, expected: str = "", fix: str = "") -> InputError: ...

    def shape_of(self, at: Any, typed: Typed) -> Typed: ...

    def side(self, tree: Any) -> Typed: ...

    def integer(self, node: Any) -> Typed: ...
