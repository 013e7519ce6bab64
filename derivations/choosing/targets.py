"""What stands on the command line in the place of a file: a path, `FILE:LINE`, `FILE::ID`, a folder, a pattern, `-`.

Law: a file that has the whole word as its name is meant by it, whatever colons and stars it contains.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from glob import glob
from pathlib import Path

from derivations.batch.run import STANDARD_INPUT
from derivations.language.errors import InputError, Place

SUFFIXES = (".md", ".markdown")
DASH = "-"  # standard input
AT_LINE = re.compile(r"(?P<path>.+?):(?P<line>[1-9]\d{0,8})(?::\d+)?\Z")
NAMED = re.compile(r"(?P<path>.+?)::(?P<id>\S+)\Z")


class Missing(InputError):
    """There is nothing there: no such folder content, no match of a pattern."""


@dataclass(frozen=True)
class Target:
    """A file (None: standard input), and the line or the name in it that is meant; None: all of it."""

    path: Path | None
    line: int | None = None
    id: str | None = None

    @property
    def name(self) -> str:
        """The document's name in what is printed."""
        return STANDARD_INPUT if self.path is None else str(self.path)


def targets(words: Sequence[str]) -> tuple[list[Target], list[InputError]]:
    """The targets of a command line in its order, a folder's documents sorted; and the errors of words that stand for
    none."""
    found: list[Target] = []
    errors: list[InputError] = []
    for word in words:
        try:
            found += _targets(word)
        except InputError as error:
            errors.append(error)
    return list(dict.fromkeys(found)), errors


def _targets(word: str) -> list[Target]:
    if word == DASH:
        return [Target(None)]
    path = Path(word)
    if not word.strip():
        raise InputError("this is no name of a file", Place("FILE", 1, 1, word or " "), "a Markdown file, or a folder")
    if path.is_dir():
        return _in_folder(path)
    if not path.exists():
        for pattern in (NAMED, AT_LINE):
            if match := pattern.match(word):
                line = int(match["line"]) if pattern is AT_LINE else None
                inner = None if match["path"] == DASH else Path(match["path"])
                return [Target(inner, line, match["id"] if pattern is NAMED else None)]
        if any(map(word.__contains__, "*?[")):
            return _matching(word)
    return [Target(path)]


def _in_folder(folder: Path) -> list[Target]:
    found = [Target(path) for path in sorted(_documents(folder))]
    if not found:
        raise Missing("there is no Markdown file in this folder", Place(str(folder)), "files that end in .md")
    return found


def _documents(folder: Path) -> Iterator[Path]:
    """The Markdown files below a folder; what begins with a dot is passed over, and so are links to folders."""
    for path in folder.iterdir():
        if path.name.startswith(".") or path.name == "node_modules":
            continue
        if path.is_dir():
            if not path.is_symlink():
                yield from _documents(path)
        elif path.suffix.lower() in SUFFIXES:
            yield path


def _matching(pattern: str) -> list[Target]:
    paths = [Path(name) for name in sorted(glob(pattern, recursive=True))]
    found = [Target(path) for path in paths if path.is_file()]
    if not found:
        fix = "quote it, so that gradproof and not the shell expands it" if "**" in pattern else ""
        raise Missing("no file matches this pattern", Place(pattern), "such as 'docs/**/*.md'", fix)
    return found
