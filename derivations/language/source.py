"""Source text with positions: a document's lines, and the statements of a block with the place of every
character.

Law: every character of a statement knows its line and column in the file, through indentation, list items,
block quotes, comments and continuation lines.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass

from derivations.language import limits
from derivations.language.errors import InputError, Place

OPENING = {"(": ")", "[": "]"}
CLOSING = {")": "(", "]": "["}
BRACKET = re.compile(r"[()\[\]]")


@dataclass(frozen=True)
class SourceLine:
    """One line of a block: its content, its 1-based number in the file, the content's offset in the file's
    line and that line as it stands in the file."""

    content: str
    number: int
    offset: int
    whole: str


@dataclass(frozen=True)
class Statement:
    """One statement of a block, comments blanked, continuation lines joined by newlines."""

    text: str
    file: str
    lines: tuple[SourceLine, ...]
    starts: tuple[int, ...]

    @property
    def line(self) -> int:
        """The 1-based line of its first character."""
        return self.lines[0].number

    def place(self, start: int, end: int | None = None) -> Place:
        """The place of characters start to end (of the first line of them)."""
        start = min(max(start, 0), len(self.text))
        part = bisect_right(self.starts, start) - 1
        line, column = self.lines[part], start - self.starts[part]
        length = max(1, min((end or start + 1) - start, len(line.content.rstrip()) - column))
        return Place(self.file, line.number, line.offset + column + 1, line.whole, length)

    def error(
        self, message: str, start: int = 0, end: int | None = None, expected: str = "", fix: str = ""
    ) -> InputError:
        """An error at characters start to end."""
        return InputError(message, self.place(start, end), expected, fix)

    @property
    def extent(self) -> tuple[int, int]:
        """Where its text starts and ends, blanks at both ends left out."""
        return len(self.text) - len(self.text.lstrip()), len(self.text.rstrip())

    def holds(self, error: InputError) -> bool:
        """Whether an error is one of this statement."""
        return self.line <= error.line <= self.lines[-1].number

    def rest(self, start: int) -> Statement:
        """The same statement with everything before `start` blanked, so that positions stay."""
        head = "".join("\n" if character == "\n" else " " for character in self.text[:start])
        return Statement(head + self.text[start:], self.file, self.lines, self.starts)


def words(text: str) -> str:
    """A text with its white space normalised.

    >>> words(" a  ==\\n b")
    'a == b'
    """
    return " ".join(text.split())


def lines_of(text: str, number: int = 1) -> list[SourceLine]:
    """The lines of a text that is a whole source by itself."""
    return [SourceLine(line, number + at, 0, line) for at, line in enumerate(text.split("\n"))]


def statements(lines: list[SourceLine], file: str) -> list[Statement]:
    """The statements of a block: one a line; open brackets and a line that begins with `==` continue it."""
    found: list[Statement] = []
    group: list[SourceLine] = []
    depth: list[tuple[str, int, int]] = []
    for line in lines:
        text = _without_comment(line.content)
        if not group and not text.strip():
            continue
        if depth and not text.strip():
            raise _never_closed(group, depth, file)
        if group and not depth and not text.lstrip().startswith("=="):
            found.append(_join(group, file))
            group = []
        if group or text.strip():
            group.append(SourceLine(text, line.number, line.offset, line.whole))
            _count_brackets(text, len(group) - 1, depth, group, file)
    if depth:
        raise _never_closed(group, depth, file)
    if group:
        found.append(_join(group, file))
    return found


def _without_comment(text: str) -> str:
    return text.split("#", 1)[0].rstrip().replace("\t", " ")


def _join(group: list[SourceLine], file: str) -> Statement:
    starts, position = [], 0
    for line in group:
        starts.append(position)
        position += len(line.content) + 1
    statement = Statement("\n".join(line.content for line in group), file, tuple(group), tuple(starts))
    if len(statement.text) > limits.STATEMENT_CHARACTERS:
        raise statement.error(
            f"a statement of {len(statement.text)} characters",
            expected=f"at most {limits.STATEMENT_CHARACTERS} (limit STATEMENT_CHARACTERS)",
            fix="name its parts by definitions in a given block",
        )
    return statement


def _at(group: list[SourceLine], part: int, column: int, file: str) -> Place:
    line = group[part]
    return Place(file, line.number, line.offset + column + 1, line.whole, 1)


def _count_brackets(
    text: str, part: int, depth: list[tuple[str, int, int]], group: list[SourceLine], file: str
) -> None:
    for found in BRACKET.finditer(text):
        column, character = found.start(), found[0]
        if character in OPENING:
            depth.append((character, part, column))
            if len(depth) > limits.BRACKET_DEPTH:
                raise InputError(
                    "brackets are nested too deeply",
                    _at(group, part, column, file),
                    f"at most {limits.BRACKET_DEPTH} levels (limit BRACKET_DEPTH)",
                    "name the inner part by a definition in a given block",
                )
        else:
            if not depth or depth[-1][0] != CLOSING[character]:
                raise _mismatch(character, part, column, depth, group, file)
            depth.pop()


def _mismatch(
    character: str,
    part: int,
    column: int,
    depth: list[tuple[str, int, int]],
    group: list[SourceLine],
    file: str,
) -> InputError:
    place = _at(group, part, column, file)
    if not depth:
        return InputError(
            f"`{character}` closes nothing", place, "", f"remove it, or open it with `{CLOSING[character]}`"
        )
    opened = depth[-1][0]
    return InputError(
        f"`{character}` cannot close `{opened}`",
        place,
        f"`{OPENING[opened]}`",
        f"write `{OPENING[opened]}` here",
    )


def _never_closed(group: list[SourceLine], depth: list[tuple[str, int, int]], file: str) -> InputError:
    opened, part, column = depth[-1]
    return InputError(
        f"`{opened}` is never closed",
        _at(group, part, column, file),
        f"`{OPENING[opened]}`",
        f"add `{OPENING[opened]}`",
    )
