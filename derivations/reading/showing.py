"""The answer of `prove` as lines of text: a pure function of its record."""

from __future__ import annotations

from collections.abc import Mapping

from derivations.reading.execution import Counterexample
from derivations.reading.prove import GradientVerdict, LayerVerdict


def verdict_lines(found: LayerVerdict, show: bool) -> list[str]:
    """A line for each gradient, what it rests on, and how far code and reading were seen to agree."""
    lines: list[str] = []
    if show:
        lines += [*reading_text(found), ""]
    difference = found.agreement.difference if found.agreement is not None else None
    if difference is not None:
        at = f" at {sizes_text(difference.sizes)}" if difference.sizes else ""
        return [*lines, f"this reading is not your code{at}: {difference.what}: "
                        f"the code gives {difference.code}, the reading {difference.reading}"]
    width = max(len(one.argument) for one in found.gradients) + 1
    for one in found.gradients:
        lines += _gradient(one, width)
    lines += [*found.refusals, _summary(found)]
    return lines


def _gradient(one: GradientVerdict, width: int) -> list[str]:
    word = "proved, of the reading" if one.word == "proved" else one.word
    region = f" {one.holds_where}" if one.holds_where else ""
    lines = [f"d{one.argument:<{width}} {word}{region}"]
    if one.counterexample is not None:
        lines.append(f"    {counterexample_text(one.counterexample)}")
    if one.reason and one.word != "proved":
        lines.append(f"    {one.reason}")
    lines += [f"    uses: {axiom}" for axiom in one.axioms]
    return lines


def counterexample_text(one: Counterexample) -> str:
    """Where the user's own code is wrong."""
    at = sizes_text(one.sizes)
    if one.entry is None and one.code.startswith("raises"):
        return f"at {at}: your code {one.code}"
    if one.entry is None:
        return f"at {at}: your code gives {one.code}, the gradient has {one.true}"
    return f"at {at}: entry {one.entry} of your code is {one.code}, of the gradient {one.true}"


def _summary(found: LayerVerdict) -> str:
    if found.agreement is None:
        ran = "the code was not run"
    else:
        how = "exactly" if found.agreement.exact else "up to rounding"
        ran = f"reading and code agreed at {found.agreement.shapes} shapes, {how}"
        if found.agreement.note:
            ran += f" ({found.agreement.note})"
    cases = f", in {len(found.cases)} cases" if len(found.cases) > 1 else ""
    return f"{ran}; {sum(len(case.reading.obligations) for case in found.cases)} obligations{cases}"


def sizes_text(sizes: Mapping[str, int]) -> str:
    """`N = 1, p = 0`"""
    return ", ".join(f"{name} = {value}" for name, value in sizes.items())


def reading_text(found: LayerVerdict) -> list[str]:
    """The reading, each definition below the line of code that it comes from."""
    lines: list[str] = []
    for text, code in found.reading_lines():
        lines += [f"# {code}"] if code else []
        lines.append(text)
    return lines
