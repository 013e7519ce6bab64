"""Pieces of claim-language text with their shapes: what a reader puts together, and where each piece came from.

Law: a piece of text keeps the place that its author wrote it at. A size that the notation leaves open (a matrix of
ones) is a hole, filled by what it must agree with; one that nothing fills is an error.

What it cannot see: what an operator does. Shapes of calls are asked of `Types`, which the caller hands in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

SUM, PRODUCT, UNARY, POWER, ATOM = range(5)


@dataclass(frozen=True)
class Hole:
    """A size that is not said; equal numbers are equal sizes."""

    number: int


Size = str | Hole
Shape = tuple[Size, ...]


class Types(Protocol):
    """What a reader asks of the context: what a name is, and of what shape a text is."""

    origin: int

    def names(self) -> Iterable[str]:
        """Every declared name."""

    def kind(self, name: str) -> str:
        """size, integer, scalar, tensor, function, loss, choice, word; empty for an undeclared name."""

    def shape(self, text: str, indices: frozenset[str]) -> tuple[str, ...]:
        """The sizes of a text in which these names are indices; raises Untyped with the reason."""


class Untyped(ValueError):
    """A text that means nothing in its context; the message says why."""


@dataclass(frozen=True)
class Part:
    """A stretch of text and the stretch of the source that it was read from."""

    text: str
    start: int
    end: int


@dataclass(frozen=True)
class Typed:
    """Text in parts, its shape, how strongly its outermost operation binds; `equal` are sizes that must agree, `factor`
    the text's role where the reader needs it: name, number, entry, or nothing."""

    parts: tuple[Part, ...]
    shape: Shape = ()
    level: int = ATOM
    equal: tuple[tuple[Size, Size], ...] = ()
    role: str = ""

    @property
    def text(self) -> str:
        """The text as it stands, holes included."""
        return "".join(part.text for part in self.parts)

    @property
    def rank(self) -> int:
        """The number of axes."""
        return len(self.shape)

    @property
    def is_open(self) -> bool:
        """Whether a size in the text is not yet known."""
        return "\0" in self.text

    def at(self, start: int, end: int) -> tuple[int, int]:
        """The place of the whole, with a default."""
        return (self.parts[0].start, self.parts[-1].end) if self.parts else (start, end)


def hole_text(hole: Size) -> str:
    """A size as it stands in a text: itself, or a mark that is replaced once the size is known."""
    return hole if isinstance(hole, str) else f"\0{hole.number}\0"


def bracketed(typed: Typed, least: int) -> tuple[Part, ...]:
    """The parts, in brackets where the outermost operation binds more weakly than `least`."""
    if typed.level >= least:
        return typed.parts
    first, last = typed.parts[0].start, typed.parts[-1].end
    return (Part("(", first, first + 1), *typed.parts, Part(")", max(last - 1, first), last))


def call_of(name: str, inner: Typed, start: int, end: int) -> Typed:
    """`name(inner)`, entry by entry: the shape stays."""
    parts = (Part(f"{name}(", start, end), *inner.parts, Part(")", max(end - 1, start), end))
    return Typed(parts, inner.shape, ATOM, inner.equal)


def mark(text: str, start: int, end: int) -> tuple[Part, ...]:
    """One part."""
    return (Part(text, start, end),)


def listed(items: Sequence[Typed], separator: str = ", ") -> tuple[Part, ...]:
    """Parts with a separator between them."""
    found: list[Part] = []
    for number, item in enumerate(items):
        if number:
            at = item.parts[0].start
            found.append(Part(separator, at, at + 1))
        found += item.parts
    return tuple(found)


def agree(left: Shape, right: Shape) -> tuple[tuple[Size, Size], ...]:
    """The pairs of sizes of two shapes that must be equal, as far as one of them is a hole."""
    return tuple(
        (a, b) for a, b in zip(left, right, strict=True) if (isinstance(a, Hole) or isinstance(b, Hole)) and a != b
    )


def solved(pairs: Iterable[tuple[Size, Size]]) -> dict[int, str]:
    """The sizes of the holes, as far as these equations give them.

    >>> solved([(Hole(1), Hole(2)), (Hole(2), "n")])
    {1: 'n', 2: 'n'}
    """
    pending, known = list(pairs), dict[int, str]()

    def value(size: Size) -> Size:
        return known.get(size.number, size) if isinstance(size, Hole) else size

    is_changed = True
    while is_changed:
        is_changed = False
        for left, right in pending:
            a, b = value(left), value(right)
            for hole, other in ((a, b), (b, a)):
                if isinstance(hole, Hole) and isinstance(other, str):
                    known[hole.number] = other
                    is_changed = True
    return dict(sorted(known.items()))


Make = Callable[[Sequence[Typed]], Typed]
