"""The formulas and code lines of other people's notes with their readings, as given beside this project."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from derivations.language.document import Document
from derivations.language.given import Given
from derivations.language.source import Statement, lines_of, statements
from derivations.notation.profile import Profile, profile_of

PLACE = Path(__file__).resolve().parent / "data"


def cases(name: str) -> list[dict[str, Any]]:
    """The cases of one file."""
    found: list[dict[str, Any]] = json.loads((PLACE / name).read_text(encoding="utf-8"))
    return found


def notation_lines(said: str) -> list[str]:
    """The notation of a case, which is said in words, as lines of a `notation` block."""
    lines = []
    for line in said.splitlines():
        kind, _, rest = line.partition(" ")
        if kind == "name":
            lines.append(rest)
        elif kind == "word":
            word, _, right = rest.partition(" is ")
            places = [place for place in "XY" if re.search(rf"\b{place}\b", right)]
            lines.append(f"{word}({', '.join(places)}) is {right}")
        elif kind == "op":
            sign, _, right = rest.partition(" is ")
            lines.append(f"X {sign} Y is {right}")
        elif kind == "accent":
            accent, _, right = rest.partition(" is ")
            lines.append(f"{accent} X is {right}")
        elif kind == "ones":
            lines += [f"{rest} is ones", rf"\mathbf {rest} is ones"]
        elif kind == "differentials":
            lines.append("d X is d(X)")
        else:
            raise ValueError(line)
    return lines


def profile(said: str) -> Profile:
    """The profile of a case."""
    return profile_of(statements(lines_of("\n".join(notation_lines(said))), "notation"))


def context(given: str) -> Given:
    """The context of a case."""
    document = Document.parse(f"```given\n{given}\n```\n", "case")
    found = document.blocks[0].given
    assert found is not None
    return found


def source(text: str, name: str = "case") -> Statement:
    """A text as a source with places."""
    lines = lines_of(text)
    starts, at = [], 0
    for line in lines:
        starts.append(at)
        at += len(line.content) + 1
    return Statement(text, name, tuple(lines), tuple(starts))
