"""Verdicts as lines of a terminal or of a pipe: pure functions of the record.

Law: a line says what the record says and nothing more; colours repeat what a word already tells. In a pipe a
claim is one line, whatever its length; on a terminal it is folded with its continuation indented.

What it cannot see: whether the terminal draws the glyphs; where the encoding has none of them, letters stand
instead.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from rich.cells import cell_len
from rich.text import Text

from derivations.judgement.chains import first_wrong
from derivations.judgement.readings import Readings
from derivations.judgement.results import WORDS, Results, Status
from derivations.judgement.verdict import Evidence, Verdict, Witness
from derivations.language.errors import InputError
from derivations.language.limits import ERRORS
from derivations.language.remarks import Refused, Remark
from derivations.show.readings_text import sentences

if TYPE_CHECKING:
    from rich.console import Console

GLYPHS = {"proved": "✓", "holds where": "◐", "refuted": "✗", "false": "≠", "undecided": "?"}
LETTERS = {"proved": "+", "holds where": "~", "refuted": "x", "false": "!", "undecided": "?"}
STYLES = {
    "proved": "green",
    "holds where": "cyan",
    "refuted": "magenta",
    "false": "magenta",
    "undecided": "yellow",
}
FROM_ZERO = "Indices count from 0 here."  # what stands by index does, whatever origin the author has chosen
INDENT = 6  # of what is folded of a verdict's line
WIDEST_NAME = 44  # longer names push their own line to the right, not every line


def name(verdict: Verdict) -> str:
    """A verdict's claim with its link and reading: `chain link 2 (star = conv)`. Link 1 goes without
    saying."""
    link = f" link {verdict.link}" if verdict.link > 1 else ""
    return f"{verdict.id}{link}{reading(verdict.reading)}"


def reading(choices: Mapping[str, str]) -> str:
    """The reading under which a verdict was given, or nothing where there is only one.

    >>> reading({"star": "conv"})
    ' (star = conv)'
    """
    chosen = ", ".join(f"{key} = {value}" for key, value in choices.items())
    return f" ({chosen})" if chosen else ""


def word(verdict: Verdict) -> str:
    """The verdict with its region: `holds where m == 1`."""
    return f"holds where {verdict.holds_where}" if verdict.verdict == "holds where" else verdict.verdict


def glyphs_for(encoding: str | None) -> dict[str, str]:
    """The signs of the five verdicts in an encoding that may lack them.

    >>> glyphs_for("ascii")["proved"]
    '+'
    """
    try:
        "".join(GLYPHS.values()).encode(encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return LETTERS
    return GLYPHS


def sizes_text(witness: Witness) -> str:
    """`H = 2, W = 1`."""
    return ", ".join(f"{key} = {value}" for key, value in witness.sizes.items()) or "the sizes given"


def _shape(shape: tuple[int, ...] | None) -> str:
    if shape is None:
        return "does not exist"
    if len(shape) == 1:
        return f"has {_plural(shape[0], 'entry', 'entries')}"
    return "has shape " + " × ".join(map(str, shape)) if shape else "is a scalar"


def is_zero(value: Any) -> bool:
    """Whether data are 0 in every entry.

    >>> is_zero([[0, 0], [0, 0]]), is_zero([1, 0])
    (True, False)
    """
    return all(map(is_zero, value)) if isinstance(value, list | tuple) else str(value) == "0"


def data_text(data: Mapping[str, Any]) -> list[str]:
    """The data of a counterexample, a line each; those that are 0 together at the end."""
    shown = [f"{key} = {value}" for key, value in data.items() if not is_zero(value)]
    zeros = [key for key, value in data.items() if is_zero(value)]
    return [*shown, f"every entry of {', '.join(zeros)} is 0"] if zeros else shown


def difference(witness: Witness) -> str:
    """What differs, in a few words: the shapes, or the entry and both values."""
    if witness.left is None and witness.right is None:
        left, right = _shape(witness.left_shape), _shape(witness.right_shape)
        reason = "" if None not in (witness.left_shape, witness.right_shape) else witness.reason  # the shapes say it
        return f"left {left}, right {right}" + (f" ({reason})" if reason else "")
    entry = f"entry ({', '.join(map(str, witness.index))}): " if witness.index else ""
    return f"{entry}left {witness.left}, right {witness.right}"


def evidence_text(evidence: Evidence) -> str:
    """`agree at 24 of 24 sizes, exact integers`."""
    if not evidence.shapes:
        return f"none: {evidence.note}" if evidence.note else "none"
    text = f"{evidence.agreed} of {evidence.shapes} sizes agree, {evidence.method}"
    if evidence.largest_error:
        text += f", largest error {evidence.largest_error:.1e}"
    return f"{text} ({evidence.note})" if evidence.note else text


def line(verdict: Verdict, width: int = 0, glyphs: dict[str, str] = GLYPHS) -> Text:
    """The one line of a verdict; `width` is that of the column of names."""
    text = Text("  ")
    style = STYLES[verdict.verdict] if verdict.as_expected else "bold red"
    text.append(glyphs[verdict.verdict], style)
    label = name(verdict)
    text.append(f" {label}{' ' * (width - cell_len(label))}  ")
    text.append(word(verdict), style)
    if not verdict.as_expected:
        text.append(f"   (expected {verdict.expected})", "bold red")
    if verdict.contradiction:
        text.append(f"   THE EVIDENCE CONTRADICTS ITSELF: {verdict.contradiction}", "bold red")
    if verdict.verdict in ("proved", "undecided") and verdict.reason:
        text.append(f"   {verdict.reason}", "dim")
    elif verdict.witness is not None:
        text.append(f"   at {sizes_text(verdict.witness)}: {difference(verdict.witness)}", "dim")
    return text


def source_text(source: Mapping[str, Any]) -> str:
    """`display in line 12: \\nabla_w J = ...`."""
    kind = {"display": "display", "inline": "sentence", "matlab": "MATLAB", "python": "Python"}[source["kind"]]
    return f"{kind} in line {source['line']}: {source['text']}"


def read_lines(verdict: Verdict) -> list[Text]:
    """What a display or a line of code was read as, below the verdict on it."""
    if verdict.source is None:
        return []
    return [Text(f"{' ' * INDENT}read as {verdict.statement}", "dim")]


def repair_lines(verdict: Verdict) -> list[Text]:
    """The nearest true formulas of a false claim, a line each below its own; nothing where none were asked for."""
    return [Text(f"{' ' * INDENT}nearest true: {formula}", "dim") for formula in verdict.repair]


def error_texts(errors: Sequence[InputError]) -> Iterator[str]:
    """The full texts of errors: of each file the first ones, and how many more there are."""
    counts: Counter[str] = Counter()
    for error in errors:
        counts[error.file] += 1
        if counts[error.file] <= ERRORS:
            yield str(error)
    for file, count in counts.items():
        if count > ERRORS:
            yield f"{file}: {_plural(count - ERRORS, 'more error')}"


def as_expected_line(counts: Mapping[str, int]) -> Text:
    """The verdicts that are as expected, counted instead of listed.

    >>> as_expected_line({"proved": 3, "holds where": 1}).plain
    '  4 as expected: 3 proved, 1 holds exactly on a region'
    """
    return Text(f"  {sum(counts.values())} as expected: {_tally(counts)}", "dim")


def slowest_lines(found: Sequence[tuple[float, Verdict]]) -> list[Text]:
    """The claims that took longest, a line each."""
    head = [Text("\n  slowest, in seconds when they were judged", "bold")] if found else []
    return [*head, *(Text(f"  {seconds:8.3f}  {name(verdict)}") for seconds, verdict in found)]


def refused_line(refused: Refused, width: int = 0) -> Text:
    """The one line of a claim that is not judged."""
    text = Text(f"  - {refused.id}{' ' * (width - cell_len(refused.id))}  ")
    return text.append("not judged", "bold red").append(f"   {refused.reason or 'it has an error'}", "dim")


def readings_lines(found: Readings) -> list[Text]:
    """What a document's verdicts say about its readings, below its verdicts; nothing where it has no choices."""
    if not found:
        return []
    return [Text("\n  readings", "bold"), *(Text(f"  {sentence}") for sentence in sentences(found))]


def name_width(names: Iterable[str]) -> int:
    """The width of the column of names that most of them fit."""
    return min(WIDEST_NAME, max(map(cell_len, names), default=0))


def printed(console: Console, text: Text) -> None:
    """Prints a line: folded with an indent on a terminal, whole in a pipe."""
    if not console.is_terminal:
        console.print(text.plain.rstrip(), markup=False, highlight=False, soft_wrap=True)
        return
    for part in folded(text, console.width):
        console.print(part, highlight=False, soft_wrap=True)


def folded(text: Text, width: int) -> list[Text]:
    """A line in lines of at most this width. What follows a gap begins a line of its own where it does not fit, and
    `H = 1` is never torn; a formula too long for a line is broken where the line ends.

    >>> [part.plain for part in folded(Text("  ◐ name  holds where m == 1   at H = 1, W = 2"), 30)]
    ['  ◐ name  holds where m == 1', '      at H = 1, W = 2']
    """
    text = text.copy()
    text.rstrip()
    if text.cell_len <= width:
        return [text]
    gaps = _gaps(text)
    indent = min(INDENT if gaps else _hanging(text.plain), width // 3)
    lines: list[Text] = []
    for part in (text[start:end] for start, end in pairwise([0, *gaps, len(text.plain)])):
        if lines and lines[-1].cell_len + part.cell_len <= width:
            lines[-1] = lines[-1] + part
            continue
        if lines:
            part = part[len(part.plain) - len(part.plain.lstrip()) :]
        lines.append(Text(" " * (indent if lines else 0)))
        for unit in _units(part, width - indent):
            if lines[-1].plain.strip() and lines[-1].cell_len + cell_len(unit.plain.rstrip()) > width:
                lines.append(Text(" " * indent))
            lines[-1] = lines[-1] + unit
    for each in lines:
        each.rstrip()
    return lines


def _hanging(plain: str) -> int:
    """The indent below a line: a little right of what stands behind its label, or of its own beginning.

    >>> _hanging("  left   a + b"), _hanging("    a == b")
    (11, 6)
    """
    match = re.match(r" *(?:\S+(?: \S+)* {2,}(?=\S))?", plain)
    return (match.end() if match else 0) + 2


def _gaps(text: Text) -> list[int]:
    """Where a new part of a line begins: at the verdict, and at what follows three blanks after it."""
    word = re.match(rf"  \S .*?(?P<gap> {{2,}})(?:{'|'.join(WORDS)})\b", text.plain)
    if word is None:
        return []
    after = text.plain[word.end() :]
    return [word.start("gap"), *(word.end() + match.start() for match in re.finditer(r" {3}\S", after))]


def _units(part: Text, width: int) -> Iterator[Text]:
    """The pieces of a part that are not torn; one that is wider than a line in pieces of half its width, which fit in
    wide characters too."""
    for match in re.finditer(r"\s*\S+(?: (?:=|==|>=|<=|<|>|×) \S+)*\s*", part.plain):
        unit = part[match.start() : match.end()]
        while cell_len(unit.plain.rstrip()) > width:
            most = width if cell_len(unit.plain) == len(unit.plain) else max(1, width // 2)
            yield unit[:most]
            unit = unit[most:]
        yield unit


def heading(document: str) -> Text:
    """A document's name above its claims."""
    return Text(PurePath(document).name, "bold")


def _plural(count: int, noun: str, several: str = "") -> str:
    return f"{count} {noun if count == 1 else several or noun + 's'}"


def counted(results: Results) -> str:
    """How many of each verdict: `30 proved, 4 hold on a region, 1 refuted`."""
    return _tally(results.counts())


def _tally(counts: Mapping[str, int]) -> str:
    shown = {
        "holds where": "holds exactly on a region" if counts.get("holds where") == 1 else "hold exactly on a region"
    }
    return ", ".join(f"{counts[w]} {shown.get(w, w)}" for w in WORDS if counts.get(w))


def summary(results: Results, seconds: float) -> list[Text]:
    """The closing lines: how many, what is not as expected, and what that means."""
    claims = len({(v.document, v.id) for v in results.verdicts})
    named: list[Verdict | Remark | Refused] = [*results.verdicts, *results.remarks, *results.refused]
    documents = len({each.document for each in named})
    if results.nothing:
        return [Text(), *failures(results)]
    lines = [Text()]
    head = f"{_plural(len(results.verdicts), 'verdict')} on {_plural(claims, 'claim')}"
    tally = f": {counted(results)}" if results.verdicts else ""
    open_ones = len([remark for remark in results.remarks if not remark.misprint])
    remarks = f"; {_plural(open_ones, 'remark')}" if open_ones else ""
    misprints = len(results.misprints())
    remarks += f"; {_plural(misprints, 'misprint')}" if misprints else ""
    lines.append(Text(f"{head} in {_plural(documents, 'document')}{tally}{remarks}. {seconds:.1f} s."))
    return [*lines, *failures(results)]


def failures(results: Results) -> list[Text]:
    """What is not as expected, a line each with its place, and what the whole comes to."""
    lines = [
        Text(f"  {name(v)}: expected {v.expected}, got {word(v)}   {v.document}:{v.line}", "red")
        for v in results.unexpected
    ]
    unexpected = {(v.document, v.id) for v in results.unexpected}
    lines += [
        Text(f"  {v.id}{reading(v.reading)}: the first wrong step is link {v.link}", "red")
        for v in first_wrong(results.verdicts)
        if (v.document, v.id) in unexpected
    ]
    lines += [
        Text(f"  {name(v)}: expected {v.expected}, undecided: {v.reason}   {v.document}:{v.line}", "yellow")
        for v in results.unexpectedly_undecided
    ]
    if results.refused:
        lines.append(Text(f"  {_plural(len(results.refused), 'claim')} not judged", "red"))
    if results.stopped:
        lines.append(Text("  Stopped at the first failure; what comes after it was not judged.", "yellow"))
    lines.append(_conclusion(results))
    return lines


def _conclusion(results: Results) -> Text:
    status = results.status
    if status == Status.CONTRADICTION:
        where = ", ".join(name(v) for v in results.contradictions)
        return Text(
            f"gradproof contradicts itself: the proof and the numbers disagree on {where}. "
            "This is a defect of gradproof; trust neither.",
            "bold red",
        )
    if status == Status.DEFECT:
        failed = _plural(len(results.defects), "claim")
        return Text(f"gradproof failed on {failed}: a defect of gradproof, not of the input.", "bold red")
    if status == Status.INTERRUPTED:
        return Text("Interrupted: the claims after the last line were not judged.", "bold yellow")
    wrong = len(results.unexpected) + len(results.unexpectedly_undecided)
    if wrong:
        return Text(f"{_plural(wrong, 'verdict')} not as expected.", "bold red")
    if results.errors:
        unread = _plural(len(results.errors), "error")
        if not results.verdicts:
            return Text(f"{unread} in what was to be judged; nothing was.", "bold red")
        return Text(f"{unread} in what was to be judged; every verdict that was reached is as expected.", "bold red")
    if not results.verdicts:
        return Text(results.nothing or "There is no claim to judge.")
    return Text("Every verdict is as expected.", "bold green")


def details(
    verdict: Verdict,
    glyphs: Mapping[str, str] = GLYPHS,
    with_expectation: bool = True,
    conditions: Sequence[str] = (),
    origin: int = 0,
) -> list[Text]:
    """Everything that a record says, for one claim: `check` and `explain`. `conditions` are the claim's own; its author
    counts from `origin`."""
    style = STYLES[verdict.verdict]
    head = Text(f"{glyphs[verdict.verdict]} ", style).append(word(verdict), f"bold {style}")
    head.append(reading(verdict.reading))
    lines = [head, Text(), Text(f"    {verdict.statement}")]
    lines += [*(Text(f"    where {each}") for each in conditions), Text()]
    for label, value in _fields(verdict, with_expectation, origin):
        lines.append(Text(f"  {label:<25}", "dim").append(value))
    return lines


def _fields(verdict: Verdict, with_expectation: bool, origin: int) -> Iterable[tuple[str, str]]:
    if verdict.contradiction:
        yield "CONTRADICTION", verdict.contradiction
    if verdict.source is not None:
        yield "read from", source_text(verdict.source)
    if verdict.misprint:
        yield "misprint", verdict.misprint
    if verdict.reason:
        yield "why", verdict.reason
    if verdict.witness is not None:
        yield "smallest counterexample", sizes_text(verdict.witness)
        yield from (("", text) for text in data_text(verdict.witness.data))
        yield "", difference(verdict.witness)
        if origin and verdict.witness.index and verdict.witness.left is not None:
            yield "", FROM_ZERO
    yield from _several("nearest true formula", verdict.repair)
    yield from _several("uses", verdict.axioms)
    yield "numeric evidence", evidence_text(verdict.evidence)
    if with_expectation and not verdict.as_expected:
        yield "expected", verdict.expected


def _several(label: str, values: Sequence[str]) -> Iterable[tuple[str, str]]:
    for number, value in enumerate(values):
        yield ("" if number else label), value
