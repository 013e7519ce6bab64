"""Parts of a coefficient: numbers on conditions, which may overlap, and their sum.

    Part = numerator/denominator · [condition]

It exists for the referee, which asks where such a sum is other than 0. Law: everything here is an identity of integers
and truth values, by evaluation alone; nothing is concluded that a condition does not say literally.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import lcm, prod

from derivations.core.terms import (
    FALSE,
    TRUE,
    Condition,
    Generator,
    Greatest,
    Int,
    Least,
    Monomial,
    NonNegative,
    Or,
    Quotient,
    Zero,
    all_of,
    any_of,
    at_most,
    condition_terms,
    conjuncts,
    divide_monomial,
    map_condition,
    negate,
    replace_generator,
)

CELLS = 4096  # sets of parts of one coefficient that may overlap
ALTERNATIVES = 64  # into which a condition is divided


class TooManyCells(Exception):
    """More sets of overlapping parts than are looked at."""


@dataclass(frozen=True)
class Part:
    """numerator/denominator · [condition]."""

    condition: Condition
    numerator: Int
    denominator: Int


def merged(parts: Sequence[Part]) -> list[Part]:
    """The parts with those of one condition added; those that vanish left out."""
    found: dict[frozenset[Condition], Part] = {}
    for part in parts:
        key = frozenset(conjuncts(part.condition))
        found[key] = Part(part.condition, *added(found[key], part)) if key in found else part
    return [part for part in found.values() if part.numerator.terms]


def simplified(condition: Condition) -> Condition:
    """An equivalent condition: false where two parts visibly exclude each other; of each disjunction, the alternatives
    that other parts visibly exclude are left out, and the whole where another part visibly implies one of them.

    >>> n = Int.symbol("n")
    >>> simplified(all_of((at_most(1, n), any_of((at_most(n, 0), at_most(5, n))))))
    And(parts=(NonNegative(term=-1 + n), NonNegative(term=-5 + n)))
    """
    parts = conjuncts(condition)
    least = _least(parts)
    if any(_excluded(part, least) for part in parts):
        return FALSE
    found: list[Condition] = []
    for part in parts:
        if not isinstance(part, Or):
            found.append(part)
        elif not any(isinstance(each, NonNegative) and _implied(each.term, least) for each in part.parts):
            found.append(any_of(each for each in part.parts if not any(_excluded(c, least) for c in conjuncts(each))))
    return all_of(found)


_Shape = frozenset[tuple[Monomial, int]]  # a term without its number


def _least(parts: Iterable[Condition]) -> dict[_Shape, int]:
    """What parts say is not negative: for each term without its number, the smallest number with which it is not."""
    least: dict[_Shape, int] = {}
    for part in parts:
        if isinstance(part, Zero | NonNegative):
            for term in (part.term, -part.term) if isinstance(part, Zero) else (part.term,):
                shape, number = term.apart()
                least[shape] = min(number, least.get(shape, number))
    return least


def _implied(term: Int, least: dict[_Shape, int]) -> bool:
    """t + a >= 0 and a <= b imply t + b >= 0."""
    shape, number = term.apart()
    return shape in least and least[shape] <= number


def _excluded(part: Condition, least: dict[_Shape, int]) -> bool:
    """t + a >= 0 and −t + b >= 0 exclude each other where a + b < 0."""
    if isinstance(part, Zero):
        return _negative(part.term, least) or _negative(-part.term, least)
    return isinstance(part, NonNegative) and _negative(part.term, least)


def _negative(term: Int, least: dict[_Shape, int]) -> bool:
    shape, number = term.apart()
    opposite = frozenset((monomial, -coefficient) for monomial, coefficient in shape)
    return opposite in least and least[opposite] + number < 0


def added(left: Part, right: Part) -> tuple[Int, Int]:
    """The sum of two parts' numbers, as numerator and denominator."""
    (first, second), denominator = over_one((left.denominator, right.denominator))
    return left.numerator * first + right.numerator * second, denominator


def over_one(denominators: Sequence[Int]) -> tuple[list[Int], Int]:
    """One denominator, a multiple of all, and what each is to be multiplied by: the least common multiple of products
    of symbols, else their product.

    >>> n, m = Int.symbol("n"), Int.symbol("m")
    >>> over_one([n * m, n * n, n])
    ([n, m, m*n], m*n*n)
    """
    distinct = list(dict.fromkeys(denominators))
    if all(len(each.terms) == 1 and min(each.terms.values()) > 0 for each in distinct):
        powers, number = Counter[Generator](), 1
        for each in distinct:
            ((monomial, coefficient),) = each.terms.items()
            powers |= Counter(monomial)
            number = lcm(number, coefficient)
        common = Int({tuple(sorted(powers.elements(), key=lambda each: each.order)): number})
        return [_divided(common, each) for each in denominators], common
    common = prod(distinct, start=Int.of(1))
    return [prod((each for each in distinct if each != one), start=Int.of(1)) for one in denominators], common


def _divided(common: Int, by: Int) -> Int:
    """A product of symbols by one that divides it."""
    ((whole, number),), ((part, other),) = common.terms.items(), by.terms.items()
    return Int({divide_monomial(whole, part) or (): number // other})


def cases(pieces: Sequence[Part]) -> tuple[tuple[Condition, Int], ...]:
    """The pieces' conditions, each with its numerator once all are brought to one denominator: where no denominator is
    0, the pieces add up to 0 exactly if these do."""
    factors, _ = over_one([piece.denominator for piece in pieces])
    return tuple((piece.condition, piece.numerator * factor) for piece, factor in zip(pieces, factors, strict=True))


def alternatives(condition: Condition) -> tuple[Condition, ...]:
    """The parts of a disjunction, or the condition alone."""
    return condition.parts if isinstance(condition, Or) else (condition,)


def divided(condition: Condition) -> list[Condition]:
    """Conditions of which some has a solution exactly where the given one has: without disjunctions, minima and maxima;
    those that are visibly false are left out.

    >>> from derivations.core.terms import at_most, least
    >>> n, m = Int.symbol("n"), Int.symbol("m")
    >>> for part in divided(at_most(least(n, m), 0)):
    ...     print(part)
    And(parts=(NonNegative(term=-1 + m - n), NonNegative(term=-n)))
    And(parts=(NonNegative(term=-m + n), NonNegative(term=-m)))
    """
    stack, found = [condition], list[Condition]()
    while stack:
        current = simplified(stack.pop())
        parts = conjuncts(current)
        extremum = _first_extremum(condition_terms(current))
        number = next((number for number, part in enumerate(parts) if isinstance(part, Or)), None)
        if current == FALSE:
            continue
        if extremum is not None:
            stack += [all_of((case, with_value(current, extremum, value))) for case, value in values_of(extremum)]
        elif number is not None:
            rest = (*parts[:number], *parts[number + 1 :])
            stack += [all_of((*rest, each)) for part in parts[number : number + 1] for each in alternatives(part)]
        else:
            found.append(current)
        if len(stack) + len(found) > ALTERNATIVES:
            raise TooManyCells(f"more than {ALTERNATIVES} cases")
    return found


def values_of(extremum: Least | Greatest) -> tuple[tuple[Condition, Int], tuple[Condition, Int]]:
    """Two cases of which one holds, each with what the extremum is there: p <= q; q < p."""
    p, q = extremum.p, extremum.q
    smaller, larger = (p, q) if isinstance(extremum, Least) else (q, p)
    return (at_most(p, q), smaller), (at_most(q + 1, p), larger)


def with_value(condition: Condition, generator: Generator, value: Int) -> Condition:
    """The condition with a generator replaced wherever it stands."""
    return map_condition(condition, lambda term: replace_generator(term, generator, value))


def _first_extremum(terms: Iterable[Int]) -> Least | Greatest | None:
    """A minimum or maximum that stands in some term, those in its quotients included."""
    for generator in (each for term in terms for each in term.generators()):
        if isinstance(generator, Least | Greatest):
            return generator
        if isinstance(generator, Quotient):
            found = _first_extremum((generator.p, generator.q))
            if found is not None:
                return found
    return None


def cells(pieces: Sequence[Part]) -> Iterator[tuple[Condition, Int]]:
    """The disjoint cells in which exactly some of the pieces apply: (condition, numerator of their sum); those in which
    the sum is 0 as a polynomial, or the condition is visibly false, left out."""
    found = 0
    stack: list[tuple[int, Condition, Part | None]] = [(0, TRUE, None)]
    while stack:
        number, condition, total = stack.pop()
        found += 1
        if found > CELLS:
            raise TooManyCells(f"more than {CELLS} overlapping cases")
        if condition == FALSE:
            continue
        if number == len(pieces):
            if total is not None and total.numerator.terms:
                yield condition, total.numerator
            continue
        piece = pieces[number]
        stack.append((number + 1, simplified(all_of((condition, negate(piece.condition)))), total))
        new = piece if total is None else Part(TRUE, *added(total, piece))
        stack.append((number + 1, simplified(all_of((condition, piece.condition))), new))
