"""What symbols are called: a size by its declared name, every other symbol by its role and its numbers.

A declared name is a `str`. Indices that the kernel or lowering makes are `Mark`s, which are no strings: no declared
name can be one of them, whatever it is, and what a symbol is for is asked of its type and role, never of its spelling.

Law: nothing but `text_of`, for messages and for a stable order, turns a mark into text.

>>> Mark(Role.PLACE, 0, 1) is Mark(Role.PLACE, 0, 1), is_size("place_0"), is_size(Mark(Role.PLACE, 0))
(True, True, False)
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import Any, ClassVar, TypeGuard


class Role(Enum):
    """What a symbol that is no size stands for; the value is its text."""

    ENTRY = "entry "  # an index of the compared entry, by axis
    FREE = "index "  # a free index of a claim, by its number
    PLACE = "@"  # an index of an atom of a monomial, by slot and axis
    FORMAL = "$"  # a place of an opaque function's argument, by axis
    BOUND = "~"  # an index that is summed over
    TAP = "tap "  # an index that an operator's definition sums over, by axis
    LEFTOVER = "#"  # a bound index that nothing removed, numbered anew
    FIRST = "first "  # a place of the first of two arguments that are compared, by axis
    SECOND = "second "
    ANY = "_"  # some index, whichever
    THIS = "?"  # the index that is looked at
    END = "?end "  # an inner index while its range's ends are looked at
    PRODUCT = "product "  # a product that is an unknown of its own, in a linear relaxation


class Mark:
    """The name of a symbol that is no size. There is one object for each role and numbers."""

    __slots__ = ("numbers", "role", "text")
    role: Role
    numbers: tuple[int, ...]
    text: str
    _made: ClassVar[dict[tuple[Any, ...], Mark]] = {}

    def __new__(cls, role: Role, *numbers: int) -> Mark:
        found = cls._made.get((role, *numbers))
        if found is None:
            found = object.__new__(cls)
            found.role, found.numbers = role, numbers
            found.text = role.value + ".".join(map(str, numbers))
            cls._made[(role, *numbers)] = found
        return found

    def __repr__(self) -> str:
        return self.text

    def __reduce__(self) -> Any:
        return Mark, (self.role, *self.numbers)


Name = str | Mark


def text_of(name: Name) -> str:
    """A name for messages, and to sort by; two names have different texts."""
    return name if isinstance(name, str) else name.text


def is_size(name: Name) -> TypeGuard[str]:
    """Whether a name is declared: a size or a parameter."""
    return isinstance(name, str)


def has_role(name: Name, role: Role) -> bool:
    """Whether a name is a mark of this role."""
    return isinstance(name, Mark) and name.role is role


def in_order(names: Iterable[Name]) -> list[Name]:
    """Names in an order that depends on nothing but the names."""
    return sorted(names, key=text_of)
