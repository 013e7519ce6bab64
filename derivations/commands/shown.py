"""How a run is shown while it goes on: lines, one JSON object piece by piece, or a file for other programs at its end.

Law: what has been shown is true whatever comes later; a run that is interrupted has shown whole lines.
"""

from __future__ import annotations

import json
import textwrap
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import typer
from rich.console import Console
from rich.text import Text

from derivations.judgement.readings import Readings
from derivations.judgement.results import Judged, Results
from derivations.judgement.verdict import Verdict
from derivations.show.formats.github import commands
from derivations.show.lines import (
    GLYPHS,
    as_expected_line,
    glyphs_for,
    heading,
    line,
    name_width,
    printed,
    read_lines,
    readings_lines,
    refused_line,
    repair_lines,
    slowest_lines,
    summary,
)

EACH = 100  # claims up to which each has its line; of more, those as expected are counted


def console_for_output() -> Console:
    """Standard output."""
    return Console(highlight=False)


def glyphs_of(console: Console) -> dict[str, str]:
    """The signs of the verdicts that a console can show."""
    return glyphs_for(console.encoding) if console.encoding else GLYPHS


class Shown:
    """Shows a run as it goes on; nothing here."""

    def show(self, found: Judged) -> None:
        """A block with what became of it."""

    def readings(self, found: Readings) -> None:
        """What the verdicts of the document that ends here say about its readings."""

    def end(self, results: Results, seconds: float) -> None:
        """What the whole run comes to."""


class Lines(Shown):
    """Prints the verdicts as they come, a heading above each document.

    `each`: a line for every verdict; without it, those as expected are counted below those that are not. `quiet`: only
    what is not as expected, and the count. `durations`: how many of the slowest claims are named at the end.
    """

    def __init__(
        self, console: Console, names: Sequence[str], each: bool = True, quiet: bool = False, durations: int = 0
    ) -> None:
        self._console, self._document = console, ""
        self._glyphs = glyphs_of(console)
        self._width = name_width(names)
        self._each, self._quiet = each and not quiet, quiet
        self._counted: Counter[str] = Counter()
        self._is_terminal = console.is_terminal
        self._durations, self._seconds = durations, list[tuple[float, Verdict]]()

    def show(self, found: Judged) -> None:
        block = found.block
        if block.document != self._document and (found.verdicts or block.refused is not None):
            self._end_document()
            self._document = block.document
            self._has_heading = False
        if block.refused is not None:
            self._print([refused_line(block.refused, self._width)])
        for verdict in found.verdicts:
            if self._each or not verdict.as_expected or verdict.contradiction:
                shown = line(verdict, self._width, self._glyphs)
                self._print([shown, *read_lines(verdict), *repair_lines(verdict)])
            else:
                self._counted[verdict.verdict] += 1
            if self._durations:
                self._seconds.append((verdict.seconds, verdict))
        if len(self._seconds) > 10 * self._durations:
            self._seconds = self._slowest()
        if not self._is_terminal:
            self._console.file.flush()

    def _print(self, texts: Iterable[Text]) -> None:
        if not self._has_heading:
            self._has_heading = True
            printed(self._console, heading(self._document))
        for text in texts:
            printed(self._console, text)

    def _end_document(self) -> None:
        """The count below a document's lines, and a line between two documents."""
        if not self._document or self._quiet:
            return
        if self._counted:
            self._print([as_expected_line(self._counted)])
            self._counted.clear()
        self._console.print()

    def _slowest(self) -> list[tuple[float, Verdict]]:
        return sorted(self._seconds, key=lambda pair: -pair[0])[: self._durations]

    def readings(self, found: Readings) -> None:
        if not self._quiet:
            for text in readings_lines(found):
                printed(self._console, text)

    def end(self, results: Results, seconds: float) -> None:
        if self._counted and not self._quiet:
            self._print([as_expected_line(self._counted)])
        for text in slowest_lines(self._slowest()):
            printed(self._console, text)
        for text in summary(results, seconds)[self._quiet :]:
            printed(self._console, text)


class Json(Shown):
    """Writes one JSON object piece by piece: the claims as they come, then the rest."""

    def __init__(self) -> None:
        self._before = '{\n "schema": 1,\n "claims": ['

    def show(self, found: Judged) -> None:
        for verdict in found.verdicts:
            typer.echo(f"{self._before}\n{as_json(verdict.as_json(), 2)}", nl=False)
            self._before = ","

    def end(self, results: Results, seconds: float) -> None:
        rest = results.as_json()
        claims = rest.pop("claims")
        typer.echo("\n ]" if claims else f"{self._before}]", nl=False)
        for key, value in rest.items():
            if key != "schema":
                typer.echo(f',\n "{key}": {as_json(value, 1).lstrip()}', nl=False)
        typer.echo("\n}")


class Annotated(Shown):
    """Lines, and annotations of what is not as expected below them."""

    def __init__(self, lines: Shown) -> None:
        self._lines = lines

    def show(self, found: Judged) -> None:
        self._lines.show(found)

    def readings(self, found: Readings) -> None:
        self._lines.readings(found)

    def end(self, results: Results, seconds: float) -> None:
        for text in commands(results):
            typer.echo(text)
        self._lines.end(results, seconds)


class AtTheEnd(Shown):
    """Writes the run as one text when it is over, for another program."""

    def __init__(self, written: Callable[[Results, float], str]) -> None:
        self._written = written

    def end(self, results: Results, seconds: float) -> None:
        typer.echo(self._written(results, seconds))


def as_json(record: Any, indent: int = 0) -> str:
    """A record as JSON, its lines indented."""
    text = json.dumps(record, ensure_ascii=False, indent=1, default=str)
    return textwrap.indent(text, " " * indent) if indent else text
