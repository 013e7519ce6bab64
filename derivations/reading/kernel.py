"""Asks the kernel, in the claim language: conditions on sizes and indices, and the gradient claims of a reading.

Law: every obligation is a claim of its own, judged as any other; an index is one more size in it. What comes back is a
verdict; nothing is decided here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from derivations.judgement.judge import judge
from derivations.judgement.verdict import Verdict
from derivations.language.document import parse_claim, parse_context
from derivations.language.errors import InputError
from derivations.reading.facts import Facts
from derivations.reading.integers import TRUE, Cond, Int, at_least, both, condition_text, negated
from derivations.reading.records import Obligation
from derivations.reading.writing import Names, dims_line


@dataclass(frozen=True)
class Answer:
    """What the kernel says of a condition: the word, where it holds, sizes at which it fails."""

    word: str
    holds_where: str | None
    sizes: Mapping[str, int] | None
    reason: str
    text: str


def ask(facts: Facts, conditions: Sequence[Cond], condition: Cond, guard: Cond = TRUE) -> Answer:
    """Whether a condition holds at all sizes, for all indices in their ranges, wherever the guard does."""
    context, claim = question(facts, conditions, condition, guard)
    return _judged(context, claim)


def question(facts: Facts, conditions: Sequence[Cond], condition: Cond, guard: Cond = TRUE) -> tuple[str, str]:
    """The context and the claim that ask for a condition."""
    ranges = facts.range_of(condition.symbols | guard.symbols)
    names = Names(facts.dims)
    dims = dict(facts.dims)
    values: dict[str, Int] = {}
    supposed: list[Cond] = []
    for symbol, (low, high) in ranges.items():
        letter = names.letter(symbol)
        low, high = low.replaced(values), high.replaced(values)
        if low.constant is not None and low.constant >= 0:
            dims[letter], values[symbol] = low.constant, Int.symbol(letter)
        else:
            dims[letter], values[symbol] = 0, low + Int.symbol(letter)
        supposed.append(at_least(high, values[symbol]))
    guard, condition = guard.replaced(values), condition.replaced(values)
    everything = [one for one in (*conditions, *supposed, guard) if one != TRUE]
    parts = condition.parts if condition.word == "and" else (condition,)
    shown = ", ".join(condition_text(part) for part in parts)
    return dims_line(dims, everything), f"[{shown}] == 1"


@lru_cache(maxsize=4096)
def _judged(context: str, claim: str) -> Answer:
    try:
        ((_, found),) = parse_context(context, "obligation")
        (verdict,) = judge(parse_claim(claim, found))
    except InputError as error:
        return Answer("undecided", None, None, error.message, claim)
    sizes = dict(verdict.witness.sizes) if verdict.witness is not None else None
    return Answer(verdict.verdict, verdict.holds_where, sizes, verdict.reason, f"{claim}  where {context}")


def settler(facts_of: Mapping[str, int], conditions: Sequence[Cond]) -> Settler:
    """Answers for conditions on sizes alone."""
    return Settler(dict(facts_of), tuple(conditions))


@dataclass(frozen=True)
class Settler:
    """Whether a condition on sizes holds at all of them (True), at none (False), or neither is known (None)."""

    dims: dict[str, int]
    conditions: tuple[Cond, ...]

    def __call__(self, condition: Cond) -> bool | None:
        facts = Facts(self.dims, list(self.conditions))
        if ask(facts, self.conditions, condition).word == "proved":
            return True
        if ask(facts, self.conditions, negated(condition)).word == "proved":
            return False
        return None


    def proves(self, facts: Facts, condition: Cond, guard: Cond) -> bool:
        """Whether a condition holds wherever the guard does, for all indices in their ranges."""
        return ask(facts, self.conditions, condition, guard).word == "proved"


def obligation_answer(facts: Facts, conditions: Sequence[Cond], obligation: Obligation) -> Answer:
    """What the kernel says of an obligation."""
    return ask(facts, conditions, obligation.condition, obligation.guard)


def verdicts(context: str, claims: Sequence[tuple[str, str]]) -> dict[str, Verdict]:
    """The verdict of each claim, by name, in one context; raises InputError where the context does not exist."""
    ((reading, found),) = parse_context(context, "reading")
    judged: dict[str, Verdict] = {}
    for name, text in claims:
        (judged[name],) = judge(parse_claim(text, found, reading, name))
    return judged


__all__ = ["Answer", "Settler", "ask", "both", "obligation_answer", "question", "settler", "verdicts"]
