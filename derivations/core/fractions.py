"""Coefficients: fractions of integer terms, whose denominators are products of sizes that are not 0.

Law: a sum is the sum wherever the denominators are not 0. Nothing is divided out of a fraction but what is given.

>>> n, m = Int.symbol("n"), Int.symbol("m")
>>> sum_of_fractions((Int.of(1), n * m), (Int.of(1), n * n))
(m + n, m*n*n)
"""

from __future__ import annotations

from collections import Counter
from math import gcd

from derivations.core.implication import Known
from derivations.core.terms import Int, Monomial, Sym, divide_monomial, nonnegative

Fraction = tuple[Int, Int]


def sum_of_fractions(left: Fraction, right: Fraction) -> Fraction:
    """The sum as one fraction, over the least common multiple where both denominators are products: over their product
    the degree would grow with every term."""
    (above, below), (other_above, other_below) = left, right
    if below == other_below:
        return above + other_above, below
    if len(below.terms) == len(other_below.terms) == 1:
        ((first, a),), ((second, b),) = below.terms.items(), other_below.terms.items()
        if a > 0 and b > 0:
            shared, number = _common([first, second]), gcd(a, b)
            lacking = Int({divide_monomial(second, shared) or (): b // number})
            other_lacking = Int({divide_monomial(first, shared) or (): a // number})
            return above * lacking + other_above * other_lacking, below * lacking
    return above * other_below + other_above * below, below * other_below


def without_positive_factors(value: Int, known: Known) -> Int:
    """A term that is 0 exactly where the given one is: without the symbols that divide it and are known to be at least
    1."""
    factors = tuple(
        generator
        for generator in _common(list(value.terms))
        if isinstance(generator, Sym) and known.implies(nonnegative(Int.symbol(generator.name) - 1))
    )
    if not factors:
        return value
    return Int({divide_monomial(monomial, factors) or (): c for monomial, c in value.terms.items()})


def _common(monomials: list[Monomial]) -> Monomial:
    """The greatest product that divides all of them."""
    if not monomials:
        return ()
    shared = Counter(monomials[0])
    for monomial in monomials[1:]:
        shared &= Counter(monomial)
    return tuple(sorted(shared.elements(), key=lambda generator: generator.order))
