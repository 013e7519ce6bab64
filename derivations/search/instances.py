"""Entries at which a goal fails at some sizes, made into terms in the sizes: proposals, which need not be right."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from derivations.core import terms as k
from derivations.core.names import Name, in_order
from derivations.core.terms import Condition, Int
from derivations.search.decide import Goal
from derivations.search.samples import Sizes
from derivations.search.vocabulary import quotients_of


def generalise(goal: Goal, failure: Condition, sizes: Sizes, found: Sizes) -> Iterator[dict[Name, Int]]:
    """Terms in the sizes that have the found values at these sizes: equations of the failure determine some of the
    variables; the others are among 0, 1, a size, a size less one, ..."""
    variables = set(found)
    solved: dict[Name, Int] = {}
    for part in k.conjuncts(failure):
        if isinstance(part, k.Zero):
            term = k.substitute(part.term, solved)
            for monomial, coefficient in term.terms.items():
                if len(monomial) == 1 and coefficient in (1, -1) and isinstance(monomial[0], k.Sym):
                    name = monomial[0].name
                    rest = Int({monomial: coefficient}) - term if coefficient == 1 else term + Int({monomial: 1})
                    if name in variables and name not in solved and name not in rest.symbols():
                        solved = {n: k.substitute(v, {name: rest}) for n, v in solved.items()}
                        solved[name] = rest
                        break
    free = in_order(variables - set(solved))
    pool = _pool(goal)
    choices = []
    for name in free:
        fitting = [term for term in pool if value_at(term, sizes) == found[name]]
        choices.append(fitting[:3] or [Int.of(found[name])])
    for number, choice in enumerate(product(*choices)):
        if number >= 9:
            return
        values = dict(zip(free, choice, strict=True))
        yield {**values, **{name: k.substitute(term, values) for name, term in solved.items()}}


def value_at(term: Int, sizes: Sizes) -> int | None:
    """The value of a term at sizes; None where it has none."""
    try:
        return k.evaluate(term, sizes)
    except ZeroDivisionError:
        return None


def _pool(goal: Goal) -> list[Int]:
    """Index terms that witnesses use: corners first."""
    pool = [Int.of(0), Int.of(1)]
    symbols = [Int.symbol(name) for name in goal.sizes]
    pool += [symbol - 1 for symbol in symbols]
    quotients = sorted((Int({(q,): 1}) for q in quotients_of(goal) if q.names <= set(goal.sizes)), key=k.render)
    pool += quotients
    pool += symbols
    pool += [left - right for left in symbols for right in symbols if left != right]
    pool += [q * s for q in quotients for s in symbols]
    return pool
