"""The answer of `prove` as lines of text: a pure function of its record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from derivations.reading.execution import Counterexample
from derivations.reading.prove import GradientVerdict, LayerVerdict

MAXIMA = "unique_max"


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
        said = "no region is stated: " if one.word in ("false", "refuted") and one.counterexample is not None else ""
        lines.append(f"    {said}{one.reason}")
    return lines + [f"    uses: {axiom}" for axiom in _kinds(one.axioms)]


def _kinds(axioms: Sequence[str]) -> list[str]:
    """The axioms; of those that say one thing of several maxima the first, and how many there are."""
    found = [one for one in axioms if not one.startswith(MAXIMA)]
    maxima = [one for one in axioms if one.startswith(MAXIMA)]
    more = f" (and {len(maxima) - 1} more of the kind)" if len(maxima) > 1 else ""
    return found + [one + more for one in maxima[:1]]


def counterexample_text(one: Counterexample) -> str:
    """Where the user's own code is wrong."""
    at = sizes_text({**one.sizes, **one.scalars})
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
    cases = f"; {len(found.cases)} cases of sizes, each judged" if len(found.cases) > 1 else ""
    return f"{ran}{_obligations(found)}{cases}"


def _obligations(found: LayerVerdict) -> str:
    """How much of what the reading takes for granted is proved; nothing where it takes nothing for granted."""
    every = sum(len(dict.fromkeys(case.reading.obligations)) for case in found.cases)
    left = sum(len(case.unproved) for case in found.cases)
    if not every:
        return ""
    what = f"{every} conditions" if every > 1 else "condition"
    if left == every == 1:
        return "; the condition that the reading rests on is not proved"
    if left:
        return f"; of the {what} that the reading rests on {left} {'are' if left > 1 else 'is'} not proved"
    return f"; the {what} that the reading rests on {'are' if every > 1 else 'is'} proved"


def sizes_text(sizes: Mapping[str, int | str]) -> str:
    """`N = 1, p = 0`"""
    return ", ".join(f"{name} = {value}" for name, value in sizes.items())


def reading_text(found: LayerVerdict) -> list[str]:
    """The reading, each definition below the line of code that it comes from."""
    lines: list[str] = []
    for text, code in found.reading_lines():
        lines += [f"# {code}"] if code else []
        lines.append(text)
    return lines
