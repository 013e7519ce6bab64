"""A question made smaller before any decider is asked: equations that determine a symbol are used up."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import repeat

from derivations.core.names import Name, is_size
from derivations.core.obligations import Question
from derivations.core.parts import simplified
from derivations.core.terms import (
    Condition,
    Int,
    NonNegative,
    Sym,
    Zero,
    conjuncts,
    nonnegative,
    substitute,
    substitute_condition,
)


def solved(question: Question) -> Question:
    """A question that is answered exactly if the given one is: an equation that determines a symbol is used up, and
    what it determines put in its place."""
    condition, sums = simplified(question.condition), question.cases
    while values := next(filter(None, map(_determined, parts := conjuncts(condition), repeat(parts))), {}):
        condition = simplified(substitute_condition(condition, values))
        sums = tuple((substitute_condition(case, values), substitute(amount, values)) for case, amount in sums)
    return Question(condition, sums, question.about)


def _determined(part: Condition, parts: Sequence[Condition]) -> dict[Name, Int]:
    """A symbol that an equation determines, or that is bounded by one value from below and above, with its value: a
    size only where this is another or a number, for products of sizes are hard enough as they are."""
    if isinstance(part, Zero) or (isinstance(part, NonNegative) and nonnegative(-part.term) in parts):
        for monomial, coefficient in part.term.terms.items():
            generator = monomial[0] if len(monomial) == 1 and coefficient in (1, -1) else None
            if isinstance(generator, Sym):
                rest = (Int({monomial: coefficient}) - part.term) * coefficient
                simple = len(rest.terms) < 2 and all(isinstance(each, Sym) for each in rest.generators())
                if generator.name not in rest.symbols() and (simple or not is_size(generator.name)):
                    return {generator.name: rest}
    return {}
