"""One display to one reading: text of the claim language, side by side, each character with its place.

Law: a reading is whole or it is an error. Nothing of a display is left out, and no size is invented.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from derivations.language import limits
from derivations.language.errors import InputError
from derivations.language.source import Statement
from derivations.notation import names
from derivations.notation.profile import Profile, conventions
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


def read_latex_each(
    source: Statement,
    start: int,
    end: int,
    profile: Profile,
    types: Types,
    tag: str | None = None,
) -> list[tuple[dict[str, str], Reading]]:
    """The readings of a display under every convention that its notation leaves open, each with what was chosen of
    those that matter; a convention under which it is no formula is none. Raises InputError where nothing is left."""
    found: list[tuple[dict[str, str], Reading]] = []
    failed: InputError | None = None
    for choice, settled in conventions(profile):
        try:
            found.append((choice, read_latex(source, start, end, settled, types, tag=tag)))
        except InputError as error:
            failed = failed or error
    if failed is not None and not found:
        raise failed
    kept = [name for name in found[0][0] if _matters(name, found)]
    by_choice: dict[tuple[tuple[str, str], ...], Reading] = {}
    for choice, reading in found:
        by_choice.setdefault(tuple((name, choice[name]) for name in kept), reading)
    if len(by_choice) > limits.READINGS:
        what = f"{len(by_choice)} ways to bind"
        raise source.error(what, start, end, f"at most {limits.READINGS} (limit READINGS)", "say how one of them binds")
    return [(dict(choice), reading) for choice, reading in by_choice.items()]


def _matters(name: str, found: Sequence[tuple[Mapping[str, str], Reading]]) -> bool:
    """Whether two readings differ that are alike in all other choices."""
    texts: dict[tuple[tuple[str, str], ...], set[str]] = {}
    for choice, reading in found:
        others = tuple((other, how) for other, how in choice.items() if other != name)
        texts.setdefault(others, set()).add(reading.text)
    return any(len(each) > 1 for each in texts.values())


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


__all__ = ["Hole", "Reading", "closed", "read_latex", "read_latex_each"]
