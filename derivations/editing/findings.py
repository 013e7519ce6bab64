"""Verdicts and errors as marks in a text: where they stand, what they say, and the edits that mend them.

Law: a mark says what the record says; an edit replaces exactly the equation of a claim that is one equation, or the
word that an error points at. Lines count from 1, columns from 0, in characters.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from derivations.judgement.results import Judged
from derivations.judgement.verdict import Verdict
from derivations.language.block import Block
from derivations.language.errors import InputError
from derivations.language.source import Statement, lines_of, statements
from derivations.show.formats.sarif import subject
from derivations.show.lines import data_text, difference, evidence_text, name, sizes_text, word

INSTEAD = re.compile(r"(?:did you mean (?P<near>\S+)\?|write (?P<form>[^,;:]+))\Z")
FENCE_LINES = 1  # the opening fence, before a block's content


@dataclass(frozen=True)
class Span:
    """A stretch of a text: from a line and column to a line and column, the last one excluded."""

    line: int
    column: int
    last_line: int
    last_column: int


@dataclass(frozen=True)
class Edit:
    """A change that mends: what it is called, what is replaced by what."""

    title: str
    span: Span
    text: str


@dataclass(frozen=True)
class Mark:
    """What stands beside a line: its severity (error, warning, hint), a code, a text, and edits that mend it."""

    span: Span
    severity: str
    code: str
    text: str
    edits: tuple[Edit, ...] = ()


def marks(found: Judged) -> Iterator[Mark]:
    """The marks of a block with what became of it."""
    block = found.block
    for error in (*block.errors, *found.errors):
        yield _of_error(error)
    for defect in found.defects:
        yield Mark(Span(block.first, 0, block.first, 1), "error", "defect", f"gradproof failed: {defect}")
    if block.refused is not None and block.refused.reason:
        text = f"{block.refused.id} is not judged: {block.refused.reason}"
        yield Mark(Span(block.first, 0, block.first, 999), "warning", "not judged", text)
    if found.verdicts:
        equation = _equation(block)
        span = _span(equation) if equation is not None else Span(block.line, 0, block.line, 999)
        is_one = len({verdict.link for verdict in found.verdicts}) == 1 and block.read_from is None
        for verdict in found.verdicts:
            edits = _repairs(verdict, span) if equation is not None and is_one else ()
            yield Mark(span, _severity(verdict), word(verdict), said(verdict), edits)


def mending(found: Judged) -> Iterator[tuple[str, tuple[Edit, ...]]]:
    """The edits of each error and of each verdict that is not as expected, by what they are about (`subject`)."""
    for error in (*found.block.errors, *found.errors):
        yield subject(error), _of_error(error).edits
    seen = [mark for mark in marks(found) if mark.code not in ("input", "defect", "not judged")]
    for verdict, mark in zip(found.verdicts, seen, strict=True):
        if not verdict.as_expected:
            yield subject(verdict), mark.edits


def said(verdict: Verdict) -> str:
    """A verdict in a few lines: what was found, the counterexample, the nearest true formulas."""
    head = f"{name(verdict)}: {word(verdict)}"
    if not verdict.as_expected:
        head += f", expected {verdict.expected}"
    lines = [head]
    if verdict.contradiction:
        lines.append(f"the evidence contradicts itself: {verdict.contradiction}")
    if verdict.reason:
        lines.append(verdict.reason)
    if verdict.witness is not None:
        lines.append(f"at {sizes_text(verdict.witness)}: {difference(verdict.witness)}")
    lines += [f"nearest true: {formula}" for formula in verdict.repair]
    return "\n".join(lines)


def details(verdict: Verdict) -> str:
    """The same with the data of the counterexample, what it rests on and the numeric evidence."""
    lines = [said(verdict)]
    if verdict.witness is not None:
        lines += data_text(verdict.witness.data)
    lines += [f"uses: {axiom}" for axiom in verdict.axioms]
    return "\n".join([*lines, f"numeric evidence: {evidence_text(verdict.evidence)}"])


def _severity(verdict: Verdict) -> str:
    if verdict.contradiction:
        return "error"
    if verdict.as_expected:
        return "hint"
    return "warning" if verdict.verdict == "undecided" else "error"


def _of_error(error: InputError) -> Mark:
    place = error.place
    column = max(place.column - 1, 0)
    span = Span(max(place.line, 1), column, max(place.line, 1), column + max(place.length, 1))
    parts = [error.message, *([f"expected: {error.expected}"] if error.expected else [])]
    parts += [f"fix: {error.fix}"] if error.fix else []
    return Mark(span, "error", "input", "\n".join(parts), tuple(_word_instead(error, span)))


def _word_instead(error: InputError, span: Span) -> Iterator[Edit]:
    """`did you mean conv?` as an edit of the word that the error points at."""
    match = INSTEAD.match(error.fix)
    written = error.place.source[span.column : span.last_column]
    if match and match["near"] and written.isidentifier():
        yield Edit(f"replace {written} by {match['near']}", span, match["near"])


def _repairs(verdict: Verdict, span: Span) -> tuple[Edit, ...]:
    return tuple(Edit(f"replace by the nearest true formula: {text}", span, text) for text in verdict.repair)


def _equation(block: Block) -> Statement | None:
    """The statement of a claim's equation, with its place in the file; None where the block is indented or quoted, so
    that its lines are not those of the file."""
    source = block.source.split("\n")[FENCE_LINES:-1]
    if source != block.text.split("\n"):
        return None
    try:
        found: Sequence[Statement] = statements(lines_of("\n".join(source), block.first + FENCE_LINES), block.document)
    except InputError:
        return None
    return found[0] if found else None


def _span(equation: Statement) -> Span:
    first, last = equation.lines[0], equation.lines[-1]
    indent = len(first.content) - len(first.content.lstrip())
    return Span(first.number, indent, last.number, len(last.content.rstrip()))
