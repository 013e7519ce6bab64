"""How statements begin: the first word by which a line of a claim says what it is, and `read`.

Law: nothing here reads a formula; what a line says after its first word is somebody else's business.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from derivations.language.source import Statement

FIRST_WORD = re.compile(r"\s*(?P<word>[^\W\d]\w*)")
CLAIM_LINES = ("where", "expect", "reading")
AUTHORS_LINES = ("misprint",)  # words that begin a line of a claim and may be names all the same
BEGINS = re.compile(r"\s*read\s+(?:(?:above|display|inline|line)\b|\([^()\n]*\)\s*(?:as\b.*)?\Z)", re.DOTALL)


@dataclass(frozen=True)
class Lines:
    """The statements of a claim block by kind; `other` are of no kind."""

    equation: Statement
    where: tuple[Statement, ...] = ()
    expect: tuple[Statement, ...] = ()
    reading: tuple[Statement, ...] = ()
    misprint: tuple[Statement, ...] = ()
    other: tuple[Statement, ...] = ()


def first_word(statement: Statement) -> str:
    """The word that a statement begins with; empty where it begins with none."""
    match = FIRST_WORD.match(statement.text)
    return match["word"] if match else ""


def lines_by_kind(statements: Sequence[Statement]) -> Lines:
    """The first statement is the equation; the others say what they are by their first word."""
    found: dict[str, list[Statement]] = {word: [] for word in (*CLAIM_LINES, *AUTHORS_LINES, "other")}
    for statement in statements[1:]:
        match = FIRST_WORD.match(statement.text)
        if match is None or match["word"] not in (*CLAIM_LINES, *AUTHORS_LINES):
            found["other"].append(statement)
        else:
            found[match["word"]].append(statement.rest(match.end()))
    return Lines(statements[0], **{word: tuple(lines) for word, lines in found.items()})


def is_read(statement: Statement) -> bool:
    """Whether a statement asks for a formula to be read."""
    return BEGINS.match(statement.text) is not None
