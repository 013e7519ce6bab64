"""What every format says of a verdict that is not as expected: one sentence, and the lines below it."""

from __future__ import annotations

from derivations.judgement.verdict import Verdict
from derivations.show.lines import difference, sizes_text, word


def kind(verdict: Verdict) -> str:
    """The kind of a finding: contradiction, or the word of the verdict with hyphens."""
    return "contradiction" if verdict.contradiction else verdict.verdict.replace(" ", "-")


def sentence(verdict: Verdict) -> str:
    """What was found and what was expected, on one line."""
    if verdict.contradiction:
        return f"the evidence contradicts itself: {verdict.contradiction}"
    reason = f": {verdict.reason}" if verdict.verdict == "undecided" and verdict.reason else ""
    return f"{word(verdict)}{reason}, expected {verdict.expected}"


def further(verdict: Verdict) -> list[str]:
    """The statement, the counterexample and the nearest true formulas, a line each."""
    lines = [verdict.statement]
    if verdict.witness is not None:
        lines.append(f"at {sizes_text(verdict.witness)}: {difference(verdict.witness)}")
    return [*lines, *(f"nearest true: {formula}" for formula in verdict.repair)]
