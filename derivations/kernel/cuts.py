"""What products of a size and a term imply of the term: conclusions that a solver of linear questions cannot draw.

    n >= 1    n·t + c >= 0, c a number            n >= 1    a >= 0    b >= 0    a + b = n·t + c
    ───────────────────────────────────           ───────────────────────────────────────────────
    t >= 1 where c < 0, t >= 0 where c = 0,       the same of the sum
    t + c >= 0 where c > 0

Why: i <= n·h − 1 and n·a <= i say that a <= h − 1, with which most windows, strides and flattened indices end. In a
linear relaxation n·a and n·h are unknowns of their own, and z3 seldom finds the step.

Law: all is integer; n is a symbol of which the conjunction itself says that it is at least 1. From n·t >= −c and n >= 1
follows t > 0 where −c >= 1; t >= 0 where c = 0; and t >= −c where c > 0, for a negative t is not less than n·t.
Quotients are over divisors >= 1 (as in `solver`): q·⌊p/q⌋ <= p <= q·⌊p/q⌋ + q − 1.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from derivations.kernel.terms import (
    Condition,
    Int,
    NonNegative,
    Quotient,
    Sym,
    Zero,
    all_of,
    conjuncts,
    nonnegative,
)

MOST_PARTS = 48  # conjuncts of which all pairs are added up


def with_cuts(condition: Condition) -> Condition:
    """An equivalent conjunction: with what its products imply, and what its quotients are."""
    parts = conjuncts(condition)
    sizes = frozenset(name for part in parts if (name := _positive(part)) is not None)
    if not sizes:
        return condition
    amounts = [amount for part in parts for amount in _amounts(part)]
    known = set(amounts)
    found: dict[Int, None] = {}
    quotients = {g for amount in amounts for g in amount.generators() if isinstance(g, Quotient)}
    for quotient in quotients:
        if quotient.q.constant is None and _is_positive(quotient.q, sizes):
            rest = quotient.p - quotient.q * Int({(quotient,): 1})
            found |= dict.fromkeys((rest, quotient.q - 1 - rest))
    amounts += found
    sums = [a + b for a, b in combinations(amounts, 2)] if len(amounts) <= MOST_PARTS else []
    for amount in (*amounts, *sums):
        found |= dict.fromkeys(_divided(amount, sizes))
    new = [nonnegative(amount) for amount in found if amount not in known]
    return all_of((*parts, *new)) if new else condition


def _positive(part: Condition) -> str | None:
    """The symbol of which a conjunct says that it is at least a number from 1 on."""
    if not isinstance(part, NonNegative):
        return None
    least, symbols = -part.term.terms.get((), 0), [monomial for monomial in part.term.terms if monomial]
    if least < 1 or len(symbols) != 1 or part.term.terms[symbols[0]] != 1 or len(symbols[0]) != 1:
        return None
    generator = symbols[0][0]
    return generator.name if isinstance(generator, Sym) else None


def _is_positive(divisor: Int, sizes: frozenset[str]) -> bool:
    """Whether it is a product of sizes."""
    (monomial, coefficient), *others = divisor.terms.items()
    return not others and coefficient >= 1 and all(isinstance(g, Sym) and g.name in sizes for g in monomial)


def _amounts(part: Condition) -> list[Int]:
    if isinstance(part, NonNegative):
        return [part.term]
    return [part.term, -part.term] if isinstance(part, Zero) else []


def _divided(amount: Int, sizes: frozenset[str]) -> Iterator[Int]:
    """The amounts that follow from n·t + c >= 0 for each size n that divides all but the number c."""
    products = [monomial for monomial in amount.terms if monomial]
    if not products:
        return
    constant = amount.terms.get((), 0)
    common = [g for g in dict.fromkeys(products[0]) if isinstance(g, Sym) and g.name in sizes]
    for size in common:
        if all(size in monomial for monomial in products):
            terms = {}
            for monomial in products:
                at = monomial.index(size)
                terms[(*monomial[:at], *monomial[at + 1 :])] = amount.terms[monomial]
            following = Int(terms) + (constant if constant > 0 else -1 if constant < 0 else 0)
            yield following
            yield from _divided(following, sizes)
