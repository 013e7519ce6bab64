"""What the parts of the reader of displays ask of it: errors with their place, sides, integers, names and types."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from derivations.language.errors import InputError
from derivations.language.source import Statement
from derivations.notation.profile import Key, Profile, Rule
from derivations.notation.typed import Hole, Typed, Types


class Reader(Protocol):
    """The reader of one display (`resolve.Resolver`)."""

    source: Statement
    profile: Profile
    types: Types
    runs: dict[int, str]
    bound: list[str]
    free: set[str]
    closed: list[str]
    defines: bool
    own_names: dict[Key, list[str]]

    @property
    def indices(self) -> frozenset[str]: ...

    def error(self, at: Any, message: str, expected: str = "", fix: str = "") -> InputError: ...

    def shown(self, node: Any) -> str: ...

    def hole(self) -> Hole: ...

    def shape_of(self, at: Any, typed: Typed) -> Typed: ...

    def side(self, tree: Any) -> Typed: ...

    def product(self, items: list[Any], tree: Any) -> Typed: ...

    def filled(self, rule: Rule, arguments: Sequence[Typed], at: Any) -> Typed: ...

    def factor_at(self, items: list[Any], at: int, is_juxtaposed: bool) -> tuple[Typed, int]: ...

    def factor(self, atom: Any, trails: list[Any], item: Any) -> Typed: ...

    def atom(self, atom: Any) -> Typed: ...

    def one_entry(self, atom: Any) -> Typed: ...

    def argument(self, node: Any) -> Typed: ...

    def named(self, atom: Any, trails: list[Any]) -> tuple[Typed, list[Any]] | None: ...

    def unknown(self, atom: Any) -> InputError: ...

    def trailed(self, typed: Typed, trails: list[Any], at: Any, is_name: bool) -> Typed: ...

    def integer(self, node: Any) -> Typed: ...
