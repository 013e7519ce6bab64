"""Partial fractions: a product that is divided by a sum of products, S = D_1 + … + D_n, in one way only.

    R·D_1/S = R − Σ_{k > 1} R·D_k/S

until R is of a degree, in one unknown, between the lowest and the highest of the terms'. So x/(1 − x) and 1/(1 − x) − 1
are one formula under a further sum too, where denominators cannot be cleared: the logistic loss has such.

Law: every step is an equality wherever S is not 0. Where R·D_1 is divided by D_1, what this leaves below was there
before, or is positive.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction

from derivations.core import terms as k
from derivations.core.fractions import sum_of_fractions
from derivations.core.heads import Head
from derivations.core.sums import Atom, LimitReached, Term
from derivations.core.terms import Int
from derivations.meaning.factors import Exponent, Place, atoms_of, powers_of

STEPS = 1000  # products that are taken apart of one; a formula as people write it takes a few

Degrees = tuple[Fraction, ...]  # of the divisor, then of each unknown of its terms
Coefficients = dict[Degrees, tuple[Int, Int]]


def partial_fractions(
    term: Term, divisor: Atom, definition: Sequence[Term], is_positive: Callable[[Head], bool]
) -> list[Term] | None:
    """The terms that a product is which is divided by a sum; None where it is taken apart already, or where this is no
    sum of products. `definition` is the sum at the divisor's place.

    >>> from derivations.core.heads import Entry, Reciprocal, Value
    >>> x, one = Atom(Entry("x"), ()), Term()
    >>> s = Atom(Value((Term((x,)), one)), ())
    >>> product = Term((x, Atom(Reciprocal(s.head), ())))
    >>> for term in partial_fractions(product, s, [Term((x,)), one], lambda head: False):
    ...     print(term.numerator, list(powers_of(term.atoms).values()))
    -1 [Fraction(-1, 1)]
    1 []
    """
    if not all(part.condition == k.TRUE and not part.bound for part in definition):
        return None
    bar = divisor.head, divisor.indices
    own, *parts = (powers_of(each.atoms) for each in (term, *definition))
    unknowns = [bar, *sorted({at for part in parts for at in part}, key=lambda at: (at[0].order, str(at[1])))]
    given = _degrees(own, unknowns)
    taken = [_degrees(part, unknowns) for part in parts]
    if given is None or None in taken:
        return None
    division = Division([part for part in taken if part is not None], [head for head, _ in unknowns], is_positive)
    waiting: Coefficients = {given: (term.numerator, term.denominator)}
    done: Coefficients = {}
    for _ in range(STEPS):
        if not waiting:
            break
        degrees = min(waiting, key=division.farthest)
        top, bottom = waiting.pop(degrees)
        lead = division.lead(degrees)
        if lead is None or not definition[lead].numerator.constant:
            _add(done, degrees, top, bottom)
            continue
        top, bottom = top * definition[lead].denominator, bottom * definition[lead].numerator
        left = tuple(a - b for a, b in zip(degrees, division.parts[lead], strict=True))
        _add(waiting, (left[0] + 1, *left[1:]), top, bottom)
        for number, part in enumerate(definition):
            if number != lead:
                moved = tuple(a + b for a, b in zip(left, division.parts[number], strict=True))
                _add(waiting, moved, -(top * part.numerator), bottom * part.denominator)
    else:
        raise LimitReached("a product that is divided by a sum")
    if given in done and len(done) == 1:
        return None
    others = [atom for at, amount in own.items() if at not in unknowns for atom in atoms_of(*at, amount)]
    return [
        replace(
            term,
            atoms=(*others, *(a for at, n in zip(unknowns, degrees, strict=True) for a in atoms_of(*at, n))),
            numerator=top,
            denominator=bottom,
            demands=term.demands.union(*(part.demands for part in definition)),
        )
        for degrees, (top, bottom) in done.items()
    ]


class Division:
    """Which term of a sum is found in a product, by the degrees of the sum's terms in unknowns, the divisor first."""

    def __init__(self, parts: list[Degrees], unknowns: list[Head], is_positive: Callable[[Head], bool]) -> None:
        self.parts = parts
        self.unknowns = unknowns
        self.is_positive = is_positive
        self.by = 0  # the first unknown in which the sum has one term of the highest or of the lowest degree
        self.high = self.low = Fraction(0)
        self.first: int | None = None
        self.last: int | None = None
        for self.by in range(1, len(unknowns)):
            ends = [part[self.by] for part in parts]
            self.high, self.low = max(ends), min(ends)
            self.first, self.last = (ends.index(e) if ends.count(e) == 1 else None for e in (self.high, self.low))
            if self.first is not None or self.last is not None:
                break

    def lead(self, degrees: Degrees) -> int | None:
        """The term of the highest degree, where the product's degree is as high; that of the lowest, where it is lower;
        None where there is no such, or no divisor."""
        found = self.first if degrees[self.by] >= self.high else self.last if degrees[self.by] < self.low else None
        return found if degrees[0] < 0 and found is not None and self._divides(self.parts[found], degrees) else None

    def _divides(self, part: Degrees, degrees: Degrees) -> bool:
        return all(
            amount <= 0 or amount <= other or self.is_positive(unknown)
            for amount, other, unknown in zip(part, degrees, self.unknowns, strict=True)
        )

    def farthest(self, degrees: Degrees) -> tuple[Fraction, Fraction]:
        """The order in which products are taken apart, so that those that come of several are met once."""
        return degrees[0], -abs(degrees[self.by])


def _degrees(powers: dict[tuple[Head, Place], Exponent], unknowns: Sequence[tuple[Head, Place]]) -> Degrees | None:
    """The exponents of unknowns; None where one depends on sizes."""
    found = [powers.get(at, Fraction(0)) for at in unknowns]
    numbers = tuple(amount for amount in found if isinstance(amount, Fraction))
    return numbers if len(numbers) == len(found) else None


def _add(found: Coefficients, degrees: Degrees, top: Int, bottom: Int) -> None:
    if degrees in found:
        top, bottom = sum_of_fractions(found.pop(degrees), (top, bottom))
    if top.terms:
        found[degrees] = top, bottom


__all__ = ["partial_fractions"]
