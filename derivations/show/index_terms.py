"""A product of the kernel rewritten for a reader: solved for bound indices, its quotients settled by what is known,
indices that only count counted, what divides its number above and below divided out.

Law: each rewriting keeps the value of the product wherever the given facts hold and its entries exist.

What it cannot see: more than what `Known` sees of inequalities; what it cannot settle stays as it is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from math import gcd

from derivations.core.implication import Known
from derivations.core.names import Mark, Name, in_order, text_of
from derivations.core.sums import Atom, Term
from derivations.core.terms import (
    FALSE,
    TRUE,
    And,
    Condition,
    Int,
    Monomial,
    NonNegative,
    Or,
    Quotient,
    Sym,
    Zero,
    all_of,
    any_of,
    condition_symbols,
    conjuncts,
    divide_monomial,
    map_condition,
    nonnegative,
    quotient,
    rebuild,
    substitute,
    substitute_condition,
)
from derivations.formulas.claims import Context
from derivations.meaning.lowering import Lowering
from derivations.show.index_text import solution

# -- what is known of sizes and indices ------------------------------------------------------------------------------


class Facts:
    """What is not negative where a product stands: by the context, by the ranges of indices."""

    def __init__(self, context: Context, lowering: Lowering, more: Iterable[Condition] = ()) -> None:
        self._least = {dimension.name: dimension.least for dimension in context.dims}
        given = [part for each in context.conditions for part in conjuncts(lowering.condition(each, {}))]
        self._parts: tuple[Condition, ...] = (
            *(nonnegative(Int.symbol(name) - least) for name, least in self._least.items()), *given, *more,
        )  # fmt: skip
        self._known = Known(self._parts)

    def and_also(self, more: Iterable[Condition]) -> Facts:
        """These facts and others."""
        new = object.__new__(Facts)
        new._least, new._parts = self._least, (*self._parts, *more)
        new._known = Known(new._parts)
        return new

    def imply(self, amount: Int) -> bool:
        """Whether an amount is visibly not negative."""
        wanted = nonnegative(amount)
        return wanted == TRUE or self._known.implies(wanted) or self._by_sizes(amount)

    def _by_sizes(self, amount: Int) -> bool:
        """Whether a polynomial in sizes is not negative by their lower bounds alone."""
        if not amount.symbols() <= set(self._least):
            return False
        moved = substitute(amount, {name: Int.symbol(name) + bound for name, bound in self._least.items()})
        symbols_only = all(isinstance(g, Sym) for monomial in moved.terms for g in monomial)
        return symbols_only and all(coefficient >= 0 for coefficient in moved.terms.values())

    def settled(self, condition: Condition) -> Condition:
        """The condition without those parts of it that are known."""
        if isinstance(condition, And | Or):
            parts = [self.settled(part) for part in condition.parts]
            return all_of(parts) if isinstance(condition, And) else any_of(parts)
        if self.imply(condition.term):
            return TRUE if isinstance(condition, NonNegative) or self.imply(-condition.term) else condition
        return FALSE if self.imply(-condition.term - 1) else condition

    def simple(self, value: Int) -> Int:
        """The value with those quotients p // q removed of which 0 <= p < q is known."""

        def leaf(generator: object) -> Int | None:
            if not isinstance(generator, Quotient):
                return None
            p, q = self.simple(generator.p), self.simple(generator.q)
            return Int.of(0) if self.imply(p) and self.imply(q - 1 - p) else quotient(p, q)

        if not any(isinstance(generator, Quotient) for generator in value.generators()):
            return value
        return rebuild(value, leaf)


def without_quotients(condition: Condition) -> Iterator[Condition]:
    for part in conjuncts(condition):
        if isinstance(part, NonNegative | Zero) and all(isinstance(g, Sym) for g in part.term.generators()):
            yield part


def changed(term: Term, change: Callable[[Int], Int]) -> Term:
    """The term with all its integers changed."""
    return replace(
        term,
        atoms=tuple(Atom(a.head, tuple(map(change, a.indices))) for a in term.atoms),
        condition=map_condition(term.condition, change),
        numerator=change(term.numerator),
        denominator=change(term.denominator),
    )


# -- solving ---------------------------------------------------------------------------------------------------------


def solved(term: Term) -> Term:
    """The term with each bound index removed that an equation gives as a polynomial of the others."""
    parts = list(conjuncts(term.condition))
    not_negative = {part.term for part in parts if isinstance(part, NonNegative)}
    for part in parts:
        if isinstance(part, Zero) or (isinstance(part, NonNegative) and part.term * -1 in not_negative):
            for name in sorted(term.bound, key=age, reverse=True):
                value = solution(part.term, name)
                if value is not None:
                    return solved(_substituted(term, name, value))
    return term


def age(name: Name) -> tuple[tuple[int, ...], str]:
    """By when lowering made an index."""
    return name.numbers if isinstance(name, Mark) else (), text_of(name)


def _substituted(term: Term, name: Name, value: Int) -> Term:
    values = {name: value}
    return replace(
        term,
        atoms=tuple(Atom(a.head, tuple(substitute(i, values) for i in a.indices)) for a in term.atoms),
        bound=term.bound - {name},
        condition=all_of(substitute_condition(part, values) for part in conjuncts(term.condition)),
        numerator=substitute(term.numerator, values),
        denominator=substitute(term.denominator, values),
    )


def counted(term: Term, facts: Facts) -> Term:
    """The term with each bound index counted that nothing but its own range has."""
    for name in in_order(term.bound):
        parts = [part for part in conjuncts(term.condition) if name in condition_symbols(part)]
        ends = {part.term.terms.get((Sym(name),)): part.term for part in parts if isinstance(part, NonNegative)}
        elsewhere = term.numerator.symbols() | term.denominator.symbols()
        elsewhere = elsewhere.union(*(i.symbols() for atom in term.atoms for i in atom.indices))
        if len(parts) != 2 or set(ends) != {1, -1} or name in elsewhere:
            continue
        length = ends[1] + ends[-1] + 1
        if not length.symbols() & term.bound and facts.imply(length):
            rest = all_of(part for part in conjuncts(term.condition) if part not in parts)
            found = replace(term, bound=term.bound - {name}, condition=rest, numerator=term.numerator * length)
            return counted(found, facts)
    return term


def reduced(term: Term) -> Term:
    """The term with what divides both its numerator and its denominator, a product of sizes, divided out."""
    if len(term.denominator.terms) != 1:
        return term
    ((below, scale),) = term.denominator.terms.items()
    above = term.numerator.terms
    number = gcd(scale, *above.values())
    common = Counter(below)
    for monomial in above:
        common &= Counter(monomial)
    divisor = tuple(common.elements())
    return replace(
        term,
        numerator=Int({_quotient_of(monomial, divisor): c // number for monomial, c in above.items()}),
        denominator=Int({_quotient_of(below, divisor): scale // number}),
    )


def _quotient_of(monomial: Monomial, divisor: Monomial) -> Monomial:
    return divide_monomial(monomial, divisor) or ()
