"""What products of a size and a term imply of the term: conclusions that a solver of linear questions cannot draw.

    n >= 1    n·t + c >= 0, c a number            n >= 1    a >= 0    b >= 0    a + b = n·t + c
    ───────────────────────────────────           ───────────────────────────────────────────────
    t >= 1 where c < 0, t >= 0 where c = 0,       the same of the sum
    t + c >= 0 where c > 0

Why: i <= n·h − 1 and n·a <= i say that a <= h − 1, with which most windows, strides and flattened indices end. In a
linear relaxation n·a and n·h are unknowns of their own, and z3 seldom finds the step.

Law: all is integer; n is a symbol of which the conjunction itself says that it is at least 1. From n·t >= −c and n >= 1
follows t > 0 where −c >= 1; t >= 0 where c = 0; and t >= −c where c > 0, for a negative t is not less than n·t.
Quotients are over divisors >= 1, which the referee asks first: q·⌊p/q⌋ <= p <= q·⌊p/q⌋ + q − 1; one that is not
negative is no more than what is divided. And l <= b and b <= u say that l <= u, a fact that is multiplied with others.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import product

from derivations.core.names import Name, is_size
from derivations.core.terms import (
    Condition,
    Int,
    NonNegative,
    Quotient,
    Sym,
    Zero,
    all_of,
    condition_terms,
    conjuncts,
    nonnegative,
)

CUTS = 2_000  # that are drawn of one condition; the documents' largest has some dozens


def with_cuts(condition: Condition) -> Condition:
    """An equivalent conjunction: with what its products imply, and what its quotients are."""
    parts = conjuncts(condition)
    sizes = [name for part in parts if (name := _positive(part)) is not None]
    if not sizes:
        return condition
    amounts = dict.fromkeys(amount for part in parts for amount in _amounts(part))
    found = dict.fromkeys(floor for term in condition_terms(condition) for floor in _floors(term, sizes))
    given = [*amounts, *found]
    seen: set[Int] = set()
    for name in dict.fromkeys(sizes):
        found |= dict.fromkeys(_cuts(Sym(name), given, sizes, seen))
    found |= dict.fromkeys(_shrunk([*amounts, *found], sizes))
    found |= dict.fromkeys(_between([*amounts, *found]))
    new = [nonnegative(amount) for amount in found if amount not in amounts]
    return all_of((*parts, *new)) if new else condition


def _positive(part: Condition) -> Name | None:
    """The symbol of which a conjunct says that it is at least a number from 1 on."""
    if not isinstance(part, NonNegative):
        return None
    least, symbols = -part.term.terms.get((), 0), [monomial for monomial in part.term.terms if monomial]
    if least < 1 or len(symbols) != 1 or part.term.terms[symbols[0]] != 1 or len(symbols[0]) != 1:
        return None
    generator = symbols[0][0]
    return generator.name if isinstance(generator, Sym) else None


def _is_positive(divisor: Int, sizes: Sequence[Name]) -> bool:
    """Whether it is a product of sizes."""
    products = [*divisor.terms.items()]
    return len(products) == 1 and all(
        coefficient >= 1 and all(isinstance(each, Sym) and each.name in sizes for each in monomial)
        for monomial, coefficient in products
    )


def _amounts(part: Condition) -> list[Int]:
    """What a conjunct says is not negative."""
    if isinstance(part, NonNegative):
        return [part.term]
    return [part.term, -part.term] if isinstance(part, Zero) else []


def _floors(amount: Int, sizes: Sequence[Name]) -> Iterator[Int]:
    """The two inequalities of each quotient of an amount by a product of sizes."""
    for quotient in amount.generators():
        if isinstance(quotient, Quotient) and quotient.q.constant is None and _is_positive(quotient.q, sizes):
            rest = quotient.p - quotient.q * Int({(quotient,): 1})
            yield from (rest, quotient.q - 1 - rest)


def _shrunk(amounts: Sequence[Int], sizes: Sequence[Name]) -> Iterator[Int]:
    """Of each quotient f = ⌊p/q⌋ of which some amount f − c, c >= 0, is not negative: p − f."""
    for amount in amounts:
        for monomial in amount.terms:
            quotient = monomial[0] if len(monomial) == 1 else None
            if isinstance(quotient, Quotient) and _is_positive(quotient.q, sizes):
                whole = Int({monomial: 1})
                least = (whole - amount).constant
                if least is not None and least >= 0:
                    yield quotient.p - whole


def _between(amounts: Sequence[Int]) -> Iterator[Int]:
    """Of each symbol that is no size and that amounts bound from below, l <= b, and from above, b <= u: u − l."""
    lows: dict[Name, list[Int]] = {}
    highs: dict[Name, list[Int]] = {}
    for amount in amounts:
        for monomial, coefficient in amount.terms.items():
            generator = monomial[0] if len(monomial) == 1 and coefficient in (1, -1) else None
            if isinstance(generator, Sym) and not is_size(generator.name):
                (lows if coefficient == 1 else highs).setdefault(generator.name, []).append(amount)
    for name, below in lows.items():
        for left, right in product(below, highs.get(name, ())):
            amount = left + right
            if name not in amount.symbols() and amount.constant is None:
                yield amount


def _cuts(size: Sym, amounts: Iterable[Int], sizes: Sequence[Name], seen: set[Int]) -> Iterator[Int]:
    """What follows from amounts, and from sums of two, of which the size divides all but a number."""
    others: dict[frozenset[tuple[object, int]], list[Int]] = {}
    for amount in amounts:
        undivided = {monomial: c for monomial, c in amount.terms.items() if monomial and size not in monomial}
        if not undivided:
            yield from _divided(amount, size, sizes, seen)
            continue
        for other in others.get(frozenset((monomial, -c) for monomial, c in undivided.items()), ()):
            yield from _divided(amount + other, size, sizes, seen)
        others.setdefault(frozenset(undivided.items()), []).append(amount)


def _divided(amount: Int, size: Sym, sizes: Sequence[Name], seen: set[Int]) -> Iterator[Int]:
    """The amount that follows from n·t + c >= 0, and what follows from it where another size divides t too. What was
    `seen` was looked at already: products can be divided in many orders. Past CUTS of them no more are looked for."""
    terms = {}
    for monomial, coefficient in amount.terms.items():
        if monomial:
            at = monomial.index(size)
            terms[(*monomial[:at], *monomial[at + 1 :])] = coefficient
    if not terms:
        return
    constant = amount.terms.get((), 0)
    following = Int(terms) + (constant if constant > 0 else -1 if constant < 0 else 0)
    if following in seen or len(seen) >= CUTS:
        return
    seen.add(following)
    yield following
    first, *others = [monomial for monomial in following.terms if monomial] or [()]
    for generator in dict.fromkeys(first):
        if isinstance(generator, Sym) and generator.name in sizes and all(generator in each for each in others):
            yield from _divided(following, generator, sizes, seen)
