"""A question as the claim file that it is, and the mistakes of that file in the boxes where their author wrote.

Law: a question is read by the document's own reader, so that it means here what it would mean in a file; its text lies
in no folder, and whatever file it names is refused.

What it cannot see: what the claim language allows; that is said by its reader.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from derivations.language.document import Document
from derivations.language.errors import InputError, Place
from derivations.language.given import Checker
from derivations.serving.question import Question

NAME = "question"
CLAIM = "asked"
_FENCE = re.compile(r"^[\s>]*(?:`{3,}|~{3,})", re.MULTILINE)
_DELIMITED = re.compile(r"\$\$|\\\[|\\begin\s*\{")
_RUN = re.compile(r"`+|~+")


@dataclass(frozen=True)
class Written:
    """The lines of a claim file from `first` on are those of a box, from the box's first line on."""

    field: str
    first: int
    last: int


def claim_file(asked: Question, expect: Sequence[str] = ()) -> tuple[str, tuple[Written, ...]]:
    """The question as a claim file, and which of its lines stand in which box; with lines `expect` of its own."""
    text: list[str] = []
    places: list[Written] = []

    def put(content: str, field: str) -> None:
        rows = content.split("\n")
        places.append(Written(field, len(text) + 1, len(text) + len(rows)))
        text.extend(rows)

    def fenced(info: str, *parts: tuple[str, str]) -> None:
        fence = _longer_than(*(content for content, _ in parts))
        text.append(f"{fence}{info}")
        for content, field in parts:
            if content.strip() or len(parts) == 1:
                put(content, field)
        text.append(fence)
        text.append("")

    fenced("given", (asked.context, "context"))
    if asked.notation.strip():
        fenced("notation", (asked.notation, "notation"))
    own = "\n".join(expect)
    if asked.kind == "claim":
        fenced(f"claim {CLAIM}", (asked.claim, "claim"), (asked.lines, "lines"), (own, "lines"))
        return "\n".join(text), tuple(places)
    if asked.kind == "latex":
        is_whole = _DELIMITED.search(asked.claim) is not None
        text += [] if is_whole else ["$$"]
        put(asked.claim, "claim")
        text += [""] if is_whole else ["$$", ""]
    else:
        fenced(asked.kind, (asked.claim, "claim"))
    begins = bool(re.match(r"\s*read\b", asked.lines))
    fenced(f"claim {CLAIM}", *([] if begins else [("read above", "lines")]), (asked.lines, "lines"), (own, "lines"))
    return "\n".join(text), tuple(places)


def read(asked: Question, exists: Checker) -> tuple[Document, list[dict[str, Any]]]:
    """What stands of the question as a document, and its mistakes as records, each in its box."""
    if asked.kind == "latex" and _FENCE.search(asked.claim):
        return Document(NAME), [_not_a_formula(asked.claim)]
    text, places = claim_file(asked)
    document = Document.parse_in_part(text, NAME, exists, alone=True)
    return document, [mistake(error, places) for error in document.errors]


def _longer_than(*contents: str) -> str:
    """A fence that nothing in these texts closes."""
    longest = max((len(run) for content in contents for run in _RUN.findall(content)), default=0)
    return "`" * max(3, longest + 1)


def _not_a_formula(text: str) -> dict[str, Any]:
    match = _FENCE.search(text)
    assert match is not None
    row = text.count("\n", 0, match.end())
    line = text.split("\n")[row]
    place = Place("claim", row + 1, 1, line, len(line))
    return record(InputError("a fence is no part of a display", place, "a formula, between $$ or without"), "claim")


def mistake(error: InputError, places: Sequence[Written]) -> dict[str, Any]:
    """An error in the claim file as one in the box where it stands."""
    for written in places:
        if written.first <= error.line <= written.last:
            place = replace(error.place, file=written.field, line=error.line - written.first + 1)
            return record(InputError(error.message, place, error.expected, error.fix), written.field)
    # in a line that stands in no box, such as that of an empty fence: what is missing there is the claim
    return record(InputError(error.message, Place("claim"), error.expected, error.fix), "claim")


def record(error: InputError, field: str) -> dict[str, Any]:
    """An error as plain data; `text` is what a terminal would show, with the line and a caret."""
    place = error.place
    return {
        "field": field,
        "line": place.line,
        "column": place.column,
        "length": place.length,
        "message": error.message,
        "expected": error.expected,
        "fix": error.fix,
        "text": str(error),
    }
