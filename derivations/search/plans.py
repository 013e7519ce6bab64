"""How search would show an equality: for each term, what becomes of its bound indices. The referee goes the same way.

Nothing here need be right: a plan that is wrong is refused. It is the elimination of `core.sums`, step by step, with
what each step found.
"""

from __future__ import annotations

from dataclasses import replace

from derivations.core.elimination import Division, count_one, divide, eliminate, solve_one
from derivations.core.goals import Count, Equality, Extremum, Known, Leaf, Plan, Plans, Solve, Split
from derivations.core.monomials import canonical_leftover, leftover_order
from derivations.core.names import Name, in_order, is_size
from derivations.core.sums import LimitReached, Term, arrangements
from derivations.core.terms import (
    FALSE,
    Int,
    Quotient,
    all_of,
    condition_symbols,
    conjuncts,
    render,
)

ONE = Int.of(1)


def planned(equality: Equality) -> Plans:
    """The plans of an equality's terms; raises LimitReached where a sum has no bounds or too many cases."""
    return [[plan(order) for order in _orders(term, equality)] for term in equality.terms]


def chosen(equality: Equality) -> Plans:
    """Like `planned`, of one order of each term's atoms: that whose pieces read first, the same for terms that differ
    in the order of their atoms alone. With it a sum whose terms cancel has few pieces."""
    found: list[list[Plan | None]] = []
    for term in equality.terms:
        orders = _orders(term, equality)
        first = min(orders, key=_reading) if len(orders) > 1 else orders[0]
        found.append([plan(order) if order is first else None for order in orders])
    return found


def has_orders(equality: Equality) -> bool:
    """Whether the atoms of some term have several orders."""
    return any(len(arrangements(term)[0]) > 1 for term in equality.terms)


def _orders(term: Term, equality: Equality) -> list[Term]:
    """For each order of a term's atoms, what is to be summed over its bound indices."""
    # What is supposed of indices, such as the entry's range, helps to solve for the bound ones.
    supposed = [part for part in conjuncts(equality.context) if not all(map(is_size, condition_symbols(part)))]
    return [
        Term((), term.bound, all_of((condition, *supposed)), term.numerator, term.denominator)
        for _, condition in arrangements(term)[0]
    ]


def _reading(term: Term) -> list[list[str]]:
    """The conditions of what is left of a term, as they read."""
    pieces = map(canonical_leftover, eliminate(term))
    return sorted(sorted(map(render, conjuncts(piece.condition))) for piece in pieces)


def plan(term: Term) -> Plan:
    """The plan of a term without atoms."""
    if term.condition == FALSE or not term.numerator.terms:
        return Leaf(tuple(in_order(term.bound)))
    division = divide(term)
    if division is not None:
        return _divided(division)
    step = solve_one(term)
    if step is not None:
        then = plan(step.term)
        if isinstance(step.found, Quotient):
            return Known(step.found, step.value, then)
        return Solve(step.found, step.value, then)
    if not term.bound <= condition_symbols(term.condition) | term.numerator.symbols() | term.denominator.symbols():
        raise LimitReached("a sum over an index that nothing bounds")
    counted = count_one(term)
    if counted is not None:
        return Count(counted.index, counted.low, counted.high, plan(counted.term))
    return Leaf(_order(term))


def _divided(division: Division) -> Plan:
    plans = [plan(case) for case in division.cases]
    if not isinstance(division.by, tuple):
        return Extremum(division.by, *plans)
    found = plans[-1]
    for condition, then in reversed(list(zip(division.by[:-1], plans[:-1], strict=True))):
        found = Split(condition, then, found)
    return found


def _order(term: Term) -> tuple[Name, ...]:
    """The leftover indices by how they stand in what is left, so that equal sums are compared in one order."""
    if len(term.bound) < 2:
        return tuple(term.bound)
    pieces = list(eliminate(replace(term, numerator=ONE, denominator=ONE)))
    return leftover_order(pieces[0]) if len(pieces) == 1 else tuple(in_order(term.bound))
