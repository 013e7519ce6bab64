"""The one error that wrong input raises: where it is, what was expected there, and the smallest fix.

Law: whatever a user writes, `InputError` is what comes out, never a traceback of something else. "Not
supported" and "our own defect" are other errors. Several mistakes of one file come together, as `InputErrors`.
"""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

EXIT_STATUS = 2


@dataclass(frozen=True)
class Place:
    """A stretch of one source line: file name, 1-based line and column, the line's text, how many
    characters."""

    file: str
    line: int = 0
    column: int = 0
    source: str = ""
    length: int = 1


class InputError(ValueError):
    """Input that is not the claim language: `message` says what is wrong, `expected` what belongs there,
    `fix` the smallest change. `str()` is the full text with the source line and a caret.

    >>> print(InputError("no closing bracket", Place("a.md", 3, 5, "z = (a", 1), "`)`"))
    a.md:3:5: no closing bracket
      3 | z = (a
        |     ^
      expected: `)`
    """

    exit_status = EXIT_STATUS

    def __init__(self, message: str, place: Place, expected: str = "", fix: str = "") -> None:
        self.message, self.place, self.expected, self.fix = message, place, expected, fix
        super().__init__(str(self))

    @property
    def file(self) -> str:
        """The name of the file as it was given."""
        return self.place.file

    @property
    def line(self) -> int:
        """The line, counted from 1; 0 where the file as a whole is meant."""
        return self.place.line

    @property
    def column(self) -> int:
        """The column, counted from 1 in characters; 0 where the file as a whole is meant."""
        return self.place.column

    @property
    def errors(self) -> tuple[InputError, ...]:
        """The errors that this one stands for: itself, or each of `InputErrors`."""
        return (self,)

    def __str__(self) -> str:
        place = self.place
        position = f":{place.line}:{place.column}" if place.line else ""
        lines = [f"{place.file}{position}: {self.message}"]
        if place.line:
            lines += _excerpt(place)
        if self.expected:
            lines.append(f"  expected: {self.expected}")
        if self.fix:
            lines.append(f"  fix: {self.fix}")
        return "\n".join(lines)

    def __reduce__(self) -> tuple[Any, ...]:
        return InputError, (self.message, self.place, self.expected, self.fix)


class InputErrors(InputError):
    """Several errors of one file, in its order; place, message, expected and fix are those of the first.

    >>> one, two = (InputError("wrong", Place("a.md", line, 1, "q")) for line in (1, 2))
    >>> print(str(InputErrors([one, two])).replace("\\n\\n", "\\n--\\n"))
    a.md:1:1: wrong
      1 | q
        | ^
    --
    a.md:2:1: wrong
      2 | q
        | ^
    """

    def __init__(self, errors: Sequence[InputError]) -> None:
        self._errors = tuple(errors)
        first = self._errors[0]
        super().__init__(first.message, first.place, first.expected, first.fix)

    @property
    def errors(self) -> tuple[InputError, ...]:
        """Each of them."""
        return self._errors

    def __str__(self) -> str:
        return "\n\n".join(map(str, self._errors))

    def __reduce__(self) -> tuple[Any, ...]:
        return InputErrors, (self._errors,)


SHOWN = 110  # characters of a source line that an excerpt shows


def _excerpt(place: Place) -> list[str]:
    """The source line with a caret below; of a long line, the part around the caret."""
    number = str(place.line)
    text, column = place.source.replace("\t", " "), place.column - 1
    start = max(0, column - SHOWN // 2) if len(text) > SHOWN else 0
    before, shown = ("… " if start else ""), text[start : start + SHOWN]
    after = " …" if start + SHOWN < len(text) else ""
    indent = len(before) + display_width(text[start:column])
    carets = "^" * max(1, min(display_width(text[column : column + place.length]), SHOWN - (column - start)))
    return [f"  {number} | {before}{shown}{after}", f"  {' ' * len(number)} | {' ' * indent}{carets}"]


def display_width(text: str) -> int:
    """How many columns of a terminal a text takes: two for each wide (Chinese) character, none for
    combining ones."""
    return sum(
        0 if unicodedata.combining(character) else 1 + (unicodedata.east_asian_width(character) in "WF")
        for character in text
    )


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """`did you mean conv?` for the known name nearest to this one, or nothing.

    >>> did_you_mean("cnov", ["conv", "corr"])
    'did you mean conv?'
    """
    candidates = sorted(set(known))
    folded = [candidate for candidate in candidates if candidate.lower() == name.lower()]
    near = folded or difflib.get_close_matches(name, candidates, 1, 0.6 if len(name) > 2 else 0.75)
    return f"did you mean {near[0]}?" if near else ""
