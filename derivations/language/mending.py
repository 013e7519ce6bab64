"""The whole line where one mistake hides another: `np.where(u > 0, u, 0)` is a library's name and a call that the
language does not have, and one message says what to write for both.

Law: the line that is offered was read without an error, and each step to it is a fix that is offered by itself; where
the steps end before that, the fix is the one that they ended at, if it is certain and about the same word, else the
first.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from derivations.language.errors import InputError
from derivations.language.source import CLOSING, OPENING, Statement, lines_of, statements

NO_EQUATION = "a claim begins with its equation"
STEPS = 8  # mistakes in one line that are followed; an author sees the rest afterwards
CALLED = re.compile(r"(?P<of>[^\W\d]\w*)[.](?P<name>[^\W\d]\w*)(?P<call>\()?")
WRITE, LEAVE_OUT = "write ", "leave out "
CERTAIN = (WRITE, "define it ")  # a guess by letters is none


def mended(statement: Statement, error: InputError, read: Callable[[Statement], object]) -> InputError:
    """The error with the fix for all of the statement, where its own is a step on the way. `read` raises InputError for
    a statement that has another."""
    text, last, steps = statement.text, error, 0
    begins = _offset(statement, error)
    while steps < STEPS:
        edited = _step(statement, last)
        if edited is None:
            break
        steps, text = steps + 1, edited
        try:
            (statement,) = statements(lines_of(text, error.line), error.file)
            read(statement)
        except InputError as another:
            last = another
        except ValueError:  # it is no longer one statement
            return error
        else:
            is_whole = error.fix.startswith((LEAVE_OUT, WRITE))  # one step is said already
            return error if steps == 1 and is_whole else _with_fix(error, f"{WRITE}{' '.join(text.split())}")
    at = _offset(statement, last)
    is_same = begins is not None and at is not None and _word_start(error, begins) == at
    return _with_fix(error, last.fix) if steps and is_same and last.fix.startswith(CERTAIN) else error


def _with_fix(error: InputError, fix: str) -> InputError:
    return InputError(error.message, error.place, error.expected, fix)


def _offset(statement: Statement, error: InputError) -> int | None:
    """Where in a statement's text an error stands; None where that is elsewhere."""
    for start, line in zip(statement.starts, statement.lines, strict=True):
        if line.number == error.line:
            return start + error.column - 1 - line.offset
    return None


def _word_start(error: InputError, at: int) -> int:
    """Where the word before a dot begins, after which the error stands."""
    before = re.search(r"[^\W\d]\w*\Z", error.place.source[: error.column - 1])
    return at - len(before[0]) if before else at


def _step(statement: Statement, error: InputError) -> str | None:
    """The text with the error's fix applied; None where the fix is not a change of the text, or not certain."""
    at, text = _offset(statement, error), statement.text
    if at is None or not 0 <= at < len(text):
        return None
    if text[at] == ".":
        before = re.search(r"[^\W\d]\w*\Z", text[:at])
        if before is None:
            return None
        if error.fix == f"{LEAVE_OUT}{before[0]}.":
            return text[: before.start()] + text[at + 1 :]
        return _as_function(text, before.start())
    if error.fix.startswith(WRITE) and error.message == NO_EQUATION:
        return error.fix.removeprefix(WRITE)
    if error.fix.startswith(WRITE) and error.message == f"there is no operator {_word(text, at)}":
        return _call_replaced(text, at, error.fix.removeprefix(WRITE))
    return None


def _word(text: str, at: int) -> str:
    match = re.compile(r"\w*").match(text, at)
    return match[0] if match else ""


def _as_function(text: str, start: int) -> str | None:
    """`u.mean(axis=0)` as `mean(u, axis=0)`, `u.shape` as `shape(u)`."""
    match = CALLED.match(text, start)
    if match is None:
        return None
    rest = text[match.end() :]
    if not match["call"]:
        return f"{text[:start]}{match['name']}({match['of']}){rest}"
    comma = "" if rest.lstrip().startswith(")") else ", "
    return f"{text[:start]}{match['name']}({match['of']}{comma}{rest}"


def _call_replaced(text: str, start: int, by: str) -> str | None:
    """The text with the call that begins at `start` replaced; in brackets where it is a part of something."""
    depth, at = 0, text.find("(", start)
    while 0 <= at < len(text):
        depth += (text[at] in OPENING) - (text[at] in CLOSING)
        at += 1
        if not depth:
            before, after = text[:start].rstrip(), text[at:].lstrip()
            is_side = (not before or before.endswith("=")) and (not after or after.startswith("=="))
            return text[:start] + (by if is_side else f"({by})") + text[at:]
    return None
