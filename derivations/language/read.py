"""`read above`, `read (7)`, `read line 3`: a statement whose text is read from the display or the code before it.

    read above                                    the display, or the one line of code, that stands before the block;
                                                  without any, the one equation inside the sentences directly before
    read inline, read inline 2                    the equation, or the second, inside those sentences
    read display                                  the display or code, where sentences with equations stand between
    read (7)                                      the display with \\tag{7}, wherever it stands
    read line 3                                   the third line of the code that stands before the block
    read above as grad(J, w) == right side        an equation of which one side is read

Law: what is read becomes text of the claim language and then takes the path of every other text; an error in it points
into the display.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property

from derivations.formulas.names import GREEK
from derivations.language.errors import InputError, Place
from derivations.language.openings import is_read
from derivations.language.remarks import Source
from derivations.language.scope import RESERVED
from derivations.language.source import Statement
from derivations.notation import sources
from derivations.notation.code import read_code
from derivations.notation.profile import Profile
from derivations.notation.reading import Reading, read_latex, read_latex_each
from derivations.notation.typed import Part, Types

READ = re.compile(
    r"\s*read\s+(?:(?P<above>above|display)|(?P<inline>inline)(?:\s+(?P<number>\d+))?|line\s+(?P<line>\d+)|\((?P<tag>[^()\n]*)\))\s*(?:\bas\b(?P<rest>.*))?\Z",
    re.DOTALL,
)
FENCE = re.compile(r"\s*(?:`{3,}|~{3,})\s*\{?\.?(?:given|claim|remark|misprint|notation)\b")
# A letter alone; not e, d and T, which mean something by themselves.
NEW_NAME = re.compile(r"\s*(?:(?P<letter>(?![edT])[A-Za-z])|(?P<greek>\\[a-zA-Z]+))\s*&?\s*=")
SIDE = re.compile(r"\b(?P<which>left|right)\s+side\b")


@dataclass(frozen=True)
class Origin:
    """Characters start to end of a text stand for these characters of a source."""

    start: int
    end: int
    source: Statement
    first: int
    last: int


@dataclass(frozen=True)
class ReadStatement(Statement):
    """A statement whose text was read: its places are those of the formula, its line is that of `read`."""

    origins: tuple[Origin, ...] = ()

    def place(self, start: int, end: int | None = None) -> Place:
        """The place in the author's formula of characters of the text."""
        start = min(max(start, 0), len(self.text))
        stop = max(start + 1, end or start + 1)
        touched = [each for each in self.origins if each.start < stop and each.end > start] or list(self.origins[-1:])
        if not touched:
            return super().place(0)
        source = touched[0].source
        alike = [each for each in touched if each.source is source]
        return source.place(min(each.first for each in alike), max(each.last for each in alike))

    def holds(self, error: InputError) -> bool:
        """Whether an error is one of this statement, in its own block or in the formula."""
        lines = [each.source.place(at).line for each in self.origins for at in (each.first, each.last)]
        return super().holds(error) or (bool(lines) and min(lines) <= error.line <= max(lines))


@dataclass
class Sources:
    """The formulas of one document, and the notation in force."""

    text: str
    name: str
    profile: Profile = field(default_factory=Profile)

    @cached_property
    def found(self) -> sources.Text:
        """The displays and code of the document."""
        return sources.find(self.text, self.name)

    def claim(
        self, command: Statement, line: int, types: Types
    ) -> list[tuple[dict[str, str], ReadStatement, Source]]:
        """The equation that a claim reads, under each convention that the notation leaves open and that matters to it;
        `line` is that of its block. Raises InputError."""
        match = _matched(command)
        place, start, end = self._stretch(command, match, line)
        if place.kind == "latex":
            tag = match["tag"] and match["tag"].strip()
            found = read_latex_each(self.found.source, start, end, self.profile, types, tag)
        else:
            found = [({}, self._reading(command, match, line, types, defines=False)[1])]
        read = []
        for choice, reading in found:
            text, origins = _equation(command, match, reading)
            statement = ReadStatement(text, command.file, command.lines, command.starts, origins)
            read.append((choice, statement, self._source(place, reading)))
        return read

    def definition(self, command: Statement, line: int, types: Types) -> ReadStatement:
        """The definition that a context reads. Raises InputError."""
        match = _matched(command)
        if match["rest"] is not None:
            raise command.error("a definition is read whole", match.start("rest"), expected="read above")
        place, start, end = self._stretch(command, match, line)
        before = self.profile
        try:
            self.profile = before if place.kind != "latex" else self._naming(start, end, types)
            _, reading = self._reading(command, match, line, types, defines=True)
        finally:
            self.profile = before
        if len(reading.sides) != 2:
            raise command.error(
                f"a definition has two sides, and the formula has {len(reading.sides)}", *command.extent, "z = ..."
            )
        text, origins = _joined(reading, " = ")
        return ReadStatement(text, command.file, command.lines, command.starts, origins)

    def _naming(self, start: int, end: int, types: Types) -> Profile:
        """The notation, to which a letter alone on the left side of a definition adds itself as the new name's."""
        match = NEW_NAME.match(self.found.source.text, start, end)
        if match is None:
            return self.profile
        written = match["letter"] or match["greek"]
        name = written.lstrip("\\")
        base = f"\\{name}" if match["greek"] else name
        is_new = not types.kind(name) and name not in RESERVED and (match["letter"] or name in GREEK)
        if not is_new or any(key[0] == base for key in self.profile.names):
            return self.profile
        own = {(base, "", ""): (name, f"{written} is {name}")}
        return replace(self.profile, names={**self.profile.names, **own})

    def _reading(
        self, command: Statement, match: re.Match[str], line: int, types: Types, defines: bool
    ) -> tuple[sources.Place, Reading]:
        place, start, end = self._stretch(command, match, line)
        source = self.found.source
        if place.kind == "latex":
            return place, read_latex(
                source, start, end, self.profile, types, defines, match["tag"] and match["tag"].strip()
            )
        needs_left = match["rest"] is None or "left" in [each["which"] for each in SIDE.finditer(match["rest"])]
        return place, read_code(source, start, end, place.kind, self.profile, types, needs_left, defines)

    def _stretch(self, command: Statement, match: re.Match[str], line: int) -> tuple[sources.Place, int, int]:
        if match["tag"] is not None:
            tag = match["tag"].strip()
            tagged = self.found.tagged(tag)
            if len(tagged) != 1:
                what = f"{len(tagged)} displays have" if tagged else "no display has"
                raise command.error(f"{what} the tag ({tag})", *command.extent, f"one display with \\tag{{{tag}}}")
            return tagged[0], tagged[0].start, tagged[0].end
        place = self.found.before(line)
        inside = self.found.inline(line)
        if match["inline"] is not None or (place is None and inside):
            place = _one_of(inside, command, match)
            return place, place.start, place.end
        if inside and place is not None and match["above"] == "above" and self._is_apart(place, inside[0]):
            shown = f"`{self.found.of(inside[0]).strip()}` in line {inside[0].line}"
            what = f"the {'display' if place.kind == 'latex' else 'code'} in line {place.line}, or {shown}?"
            raise command.error(what, *command.extent, "one formula", "say which: `read display` or `read inline`")
        if place is None:
            raise command.error("no display and no code stands above", *command.extent, "a formula before this block")
        if place.kind == "latex":
            if match["line"]:
                raise command.error("what stands above is a display and has no lines", *command.extent, "read above")
            return place, place.start, place.end
        lines = self.found.code_lines(place)
        if match["line"]:
            lines = [each for each in lines if each[0] == int(match["line"])]
        if len(lines) != 1:
            found = f"{len(lines)} lines of code stand above" if not match["line"] else "there is no such line of code"
            raise command.error(found, *command.extent, "one line", "say which: read line 1")
        return place, lines[0][1], lines[0][2]

    def _is_apart(self, place: sources.Place, inside: sources.Place) -> bool:
        """Whether a block stands between a display and the sentences after it, so that they belong to the next one."""
        lines = self.found.source.lines[place.last_line : inside.line - 1]
        return any(FENCE.match(line.whole) for line in lines[1 if place.kind != "latex" else 0 :])

    def _source(self, place: sources.Place, reading: Reading) -> Source:
        text = " ".join(reading.source.text[reading.start : reading.end].split())
        kind = ("inline" if place.inside else "display") if place.kind == "latex" else place.kind
        return Source(kind, reading.source.place(reading.start).line, text)


def _one_of(inside: list[sources.Place], command: Statement, match: re.Match[str]) -> sources.Place:
    """The equation inside the sentences that a claim asks for; raises InputError where it is not one."""
    if not inside:
        raise command.error("the sentences above hold no equation", *command.extent, "$...=...$ before this block")
    number = match["number"]
    if number is None and len(inside) > 1:
        raise command.error(
            f"{len(inside)} equations stand in the sentences above", *command.extent, "one", "say which: read inline 1"
        )
    if number is not None and not 1 <= int(number) <= len(inside):
        raise command.error(f"the sentences above hold {len(inside)} equations", match.start("number"))
    return inside[int(number or 1) - 1]


def _matched(command: Statement) -> re.Match[str]:
    match = READ.match(command.text)
    if match is None:
        raise command.error(
            "this is no way to read a formula",
            *command.extent,
            "read above, read inline 2, read (7), read line 3, perhaps with as A == B",
        )
    return match


def _joined(reading: Reading, sign: str) -> tuple[str, tuple[Origin, ...]]:
    text, origins = "", list[Origin]()
    for number, side in enumerate(reading.sides):
        if number:
            text += sign
        text, more = _appended(text, side, reading.source)
        origins += more
    return text, tuple(origins)


def _appended(text: str, parts: tuple[Part, ...], source: Statement) -> tuple[str, list[Origin]]:
    origins = []
    for part in parts:
        origins.append(Origin(len(text), len(text) + len(part.text), source, part.start, part.end))
        text += part.text
    return text, origins


def _equation(command: Statement, match: re.Match[str], reading: Reading) -> tuple[str, tuple[Origin, ...]]:
    """The equation that a claim reads, sides put where `as` wants them."""
    if match["rest"] is None:
        if len(reading.sides) < 2:
            raise command.error(
                "what stands above is a formula without =",
                *command.extent,
                "an equation",
                "read above as ... == right side",
            )
        return _joined(reading, " == ")
    offset, rest = match.start("rest"), match["rest"]
    text, origins, at = "", list[Origin](), 0
    for side in SIDE.finditer(rest):
        piece = rest[at : side.start()]
        origins.append(Origin(len(text), len(text) + len(piece), command, offset + at, offset + side.start()))
        text += piece
        parts = reading.sides[0 if side["which"] == "left" and len(reading.sides) > 1 else -1]
        first, last = reading.start, reading.end
        text, more = _appended(text, (Part("(", first, first + 1), *parts, Part(")", last - 1, last)), reading.source)
        origins += more
        at = side.end()
    if not at:
        raise command.error("nothing of the formula is used here", offset, expected="left side or right side")
    origins.append(Origin(len(text), len(text) + len(rest) - at, command, offset + at, offset + len(rest)))
    text += rest[at:]
    start = len(text) - len(text.lstrip())
    return text.strip(), tuple(
        replace(each, start=each.start - start, end=each.end - start) for each in origins if each.end > start
    )


Typing = Callable[[], Types]
__all__ = ["InputError", "ReadStatement", "Sources", "Typing", "is_read"]
