"""What a file's formulas are read as, as lines of a terminal and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from derivations.language.survey import Survey


def survey_lines(found: Survey) -> Iterator[str]:
    """Each formula with its reading or its caret, then the lines of notation that are missing."""
    for each in found.formulas:
        yield f"line {each.line} ({each.kind}): {each.text[:200]}"
        if each.error is None:
            yield f"  read as {each.reading}"
        else:
            yield from (f"  {line}" for line in str(each.error).split("\n"))
        yield ""
    read = sum(each.error is None for each in found.formulas)
    yield f"{read} of {len(found.formulas)} formulas can be read."
    if found.missing:
        where = "" if found.has_context else " (there is no given block yet, which says what the names are)"
        yield f"Still to be said{where}:"
        yield ""
        yield "```notation"
        yield from found.missing
        yield "```"


def as_record(found: Survey) -> dict[str, Any]:
    """The same as one object."""
    formulas = [
        {
            "kind": each.kind,
            "line": each.line,
            "text": each.text,
            "reading": each.reading or None,
            "error": None if each.error is None else str(each.error),
        }
        for each in found.formulas
    ]
    return {"schema": 1, "formulas": formulas, "notation": list(found.missing)}
