"""A question as it comes over the wire: what stands in the boxes of the page.

Law: nothing of a question is looked at before its types and its length are known to be right. What it says is looked at
in a worker process (`claim_file.py`), never here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

LARGEST = 20_000  # characters of a question's boxes together; a long context has two thousand
LARGEST_DOCUMENT = 60_000  # characters of a document that is sent whole
KINDS = ("claim", "latex", "matlab", "python")


class BadQuestion(ValueError):
    """What was sent is no question: a wrong type, an unknown field, too much of it."""


@dataclass(frozen=True)
class Question:
    """What stands in the boxes of the page: the statements of a context, those of a notation, a claim of some kind with
    its further lines (`where`, `expect`, `read above as`)."""

    context: str = ""
    claim: str = ""
    kind: str = "claim"
    notation: str = ""
    lines: str = ""


def question(data: Any) -> Question:
    """The question that a JSON value is; raises BadQuestion.

    >>> question({"context": "dims n", "claim": "n == n"}).kind
    'claim'
    """
    fields = texts(data, ("context", "claim", "kind", "notation", "lines"))
    if fields.get("kind", "claim") not in KINDS:
        raise BadQuestion(f"kind is one of {', '.join(KINDS)}")
    length = sum(map(len, fields.values()))
    if length > LARGEST:
        raise BadQuestion(f"a question has at most {LARGEST} characters, and this one {length}")
    return Question(**fields)


def texts(data: Any, allowed: Sequence[str]) -> dict[str, str]:
    """The fields of a JSON object, all of them texts with one kind of line end; raises BadQuestion."""
    if not isinstance(data, Mapping):
        raise BadQuestion("a question is a JSON object")
    for name, value in data.items():
        if name not in allowed:
            raise BadQuestion(f"there is no field {str(name)[:40]!r}; the fields are {', '.join(allowed)}")
        if not isinstance(value, str):
            raise BadQuestion(f"{name} is a text")
        if any(0xD800 <= ord(letter) < 0xE000 for letter in value):
            raise BadQuestion(f"{name} has half of a letter (a lone surrogate)")
    return {name: _one_kind_of_line_end(value) for name, value in data.items()}


def _one_kind_of_line_end(text: str) -> str:
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").replace("\0", "\ufffd")


def sizes(data: Any) -> dict[str, int]:
    """Sizes by name; raises BadQuestion."""
    if not isinstance(data, Mapping) or len(data) > 64:
        raise BadQuestion("sizes is a JSON object of at most 64 integers")
    for name, value in data.items():
        if not isinstance(value, int) or isinstance(value, bool) or not -1000 <= value <= 1000:
            raise BadQuestion(f"the size {str(name)[:40]!r} is no integer between -1000 and 1000")
    return dict(data)
