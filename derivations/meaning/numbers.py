"""Functions of numbers: what is known of exp, sqrt, [t > 0] and the like where no data stand in their argument.

A sum of terms without atoms is a number at each size: a quotient of polynomials on each of some disjoint conditions.
An indicator [t > 0] of such a sum is a condition on the sizes; sqrt, exp, log and the sigmoids have a few rational
values. Everything else stays an unknown (None).
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import isqrt

from derivations.core import terms as k
from derivations.core.heads import Kind, Map
from derivations.core.monomials import Monomials
from derivations.core.parts import Part, cells, merged
from derivations.core.sums import Term
from derivations.core.terms import Condition, Int

CASES = 6  # pieces of which an indicator's sum may have; more stay an unknown

INDICATORS = (Map(Kind.JUMP, ">"), Map(Kind.JUMP, ">="))
AT_ZERO = {
    **{name: Fraction(0) for name in ("tanh", "sqrt", "sin", "erf")},
    **{name: Fraction(1) for name in ("exp", "cos")},
    "sigmoid": Fraction(1, 2),
}


def of_number(function: Map, argument: Sequence[Term]) -> tuple[list[Term], list[Term]] | None:
    """A function of terms without atoms, as terms, with the sum for which the argument was taken; None where its value
    is not known.

    >>> of_number(Map(Kind.KNOWN, "sqrt"), [Term(numerator=Int.of(25), denominator=Int.of(4))])[0][0].numerator
    5
    >>> n = Int.symbol("n")
    >>> of_number(Map(Kind.JUMP, ">"), [Term(numerator=n), Term(numerator=Int.of(-2))])[0][0].condition
    NonNegative(term=-3 + n)
    >>> of_number(Map(Kind.KNOWN, "exp"), [Term()]) is None
    True
    """
    known = function.kind is Kind.KNOWN and function.name in (*AT_ZERO, "log")
    if not known and function not in INDICATORS:
        return None
    parts = _parts(argument)
    if parts is None:
        return None
    read = [Term((), frozenset(), part.condition, part.numerator, part.denominator) for part in parts]
    if function in INDICATORS:
        found = _indicator(parts, strict=function is INDICATORS[0])
        return None if found is None else (found, read)
    value = _value(function.name, _number(parts))
    if value is None:
        return None
    terms = [Term(numerator=Int.of(value.numerator), denominator=Int.of(value.denominator))] if value else []
    return terms, read


def _parts(argument: Sequence[Term]) -> list[Part] | None:
    """The argument as parts; None where a rewriting demands something or an index is left over."""
    monomials = Monomials()
    for term in argument:
        monomials.add(term)
    found = [piece for pieces in monomials.groups.values() for piece in pieces]
    # Of all pieces: those that cancel may have become equal by what they demand.
    if any(piece.leftover or piece.demands for piece in found):
        return None
    return merged([Part(piece.condition, piece.numerator, piece.denominator) for piece in found])


def _number(parts: Sequence[Part]) -> Fraction | None:
    total = Fraction(0)
    for part in parts:
        top, bottom = part.numerator.constant, part.denominator.constant
        if part.condition != k.TRUE or top is None or not bottom:
            return None
        total += Fraction(top, bottom)
    return total


def _value(name: str, number: Fraction | None) -> Fraction | None:
    if number is None:
        return None
    if number == 0:
        return AT_ZERO.get(name)
    if name == "log":
        return Fraction(0) if number == 1 else None
    if name == "sqrt" and number > 0:
        root = Fraction(isqrt(number.numerator), isqrt(number.denominator))
        return root if root * root == number else None
    return None


def _indicator(parts: Sequence[Part], *, strict: bool) -> list[Term] | None:
    """[Σ pieces > 0] (or >= 0) as one term with a condition on the sizes and indices."""
    if len(parts) > CASES or any((part.denominator.constant or 0) <= 0 for part in parts):
        return None
    # Outside all cells the sum is 0: there > fails and >= holds.
    sign = 1 if strict else -1
    beyond: list[Condition] = [k.all_of((cell, k.nonnegative(value * sign - 1))) for cell, value in cells(parts)]
    condition = k.any_of(beyond) if strict else k.negate(k.any_of(beyond))
    return [] if condition == k.FALSE else [Term(condition=condition)]
