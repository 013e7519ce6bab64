"""One display to one reading: text of the claim language, side by side, each character with its place.

Law: a reading is whole or it is an error. Nothing of a display is left out, and no size is invented.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace

from derivations.language.source import Statement
from derivations.notation import names
from derivations.notation.profile import Profile
from derivations.notation.resolve import Resolver
from derivations.notation.structure import parse
from derivations.notation.typed import Hole, Part, Typed, Types, agree, solved

MARK = "\0"


@dataclass(frozen=True)
class Reading:
    """The sides of an equation or chain, as text of the claim language in parts that know their source."""

    sides: tuple[tuple[Part, ...], ...]
    source: Statement
    start: int
    end: int

    @property
    def texts(self) -> list[str]:
        """The text of each side."""
        return ["".join(part.text for part in side) for side in self.sides]

    @property
    def text(self) -> str:
        """The equation, or the one side."""
        return " == ".join(self.texts)


def read_latex(
    source: Statement,
    start: int,
    end: int,
    profile: Profile,
    types: Types,
    defines: bool = False,
    tag: str | None = None,
) -> Reading:
    """The reading of a display; raises InputError. `defines`: the first side is a name that is declared hereby; `tag`:
    of the display's row with this \\tag."""
    known = profile.known_words | names.own_words(types)
    parsed = parse(source, start, end, known, tag=tag)
    reader = Resolver(source, profile, types, parsed.runs, defines=defines)
    if parsed.tree.data == "continued":
        raise source.error("the formula begins with =: its first side is missing", start, end, "A = B")
    sides = reader.sides(parsed.tree)
    return Reading(tuple(closed(source, sides)), source, start, end)


def closed(source: Statement, sides: Sequence[Typed]) -> list[tuple[Part, ...]]:
    """The parts of all sides with every open size filled in; raises InputError for one that nothing settles."""
    pairs = [pair for side in sides for pair in side.equal]
    for left, right in itertools.pairwise(sides):
        if len(left.shape) == len(right.shape):
            pairs += agree(left.shape, right.shape)
    found = solved(pairs)
    return [tuple(_filled(source, part, found) for part in side.parts) for side in sides]


def _filled(source: Statement, part: Part, found: dict[int, str]) -> Part:
    if MARK not in part.text:
        return part
    texts = part.text.split(MARK)
    for at in range(1, len(texts), 2):
        size = found.get(int(texts[at]))
        if size is None:
            raise source.error(
                "the size of this matrix of ones is not settled by what stands beside it",
                part.start,
                part.end,
                "a factor that has as many rows or columns",
                "write its size: \\mathbf{1}_{n}",
            )
        texts[at] = size
    return replace(part, text="".join(texts))


__all__ = ["Hole", "Reading", "closed", "read_latex"]
