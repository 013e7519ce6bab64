"""Products of unknowns: each base with its exponent at its place, and the indices of a product made as few as they are.

    x[i]^a · x[i]^b = x[i]^(a + b)        wherever both factors exist

An exponent is a fraction; one that depends on sizes is a numerator and a denominator. A product is written with atoms
again so that different places may still meet: whole powers are repeated atoms or repeated reciprocals, and what is left
of a fraction is one root between 0 and 1.

Law: every step is an equality wherever the product existed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from fractions import Fraction
from math import floor

from derivations.core import terms as k
from derivations.core.elimination import eliminate
from derivations.core.fractions import sum_of_fractions
from derivations.core.heads import Head, Reciprocal, Root
from derivations.core.names import Name, Role, has_role, is_size, text_of
from derivations.core.sums import Atom, Term, rename_term
from derivations.core.terms import Condition, Int, Sym, Zero
from derivations.meaning.powers import checked

Exponent = Fraction | tuple[Int, Int]
Place = tuple[Int, ...]


def exponent(numerator: Int | int, denominator: Int | int = 1) -> Exponent:
    """A fraction of sizes, as a number where it is one.

    >>> exponent(3, 2), exponent(Int.symbol("q"))
    (Fraction(3, 2), (q, 1))
    """
    top, bottom = Int.of(numerator), Int.of(denominator)
    if top.constant is not None and bottom.constant:
        return Fraction(top.constant, bottom.constant)
    return (top, bottom) if top.terms else Fraction(0)


def parts_of(value: Exponent) -> tuple[Int, Int]:
    """Numerator and denominator."""
    return value if isinstance(value, tuple) else (Int.of(value.numerator), Int.of(value.denominator))


def plus(left: Exponent, right: Exponent) -> Exponent:
    """The sum of two exponents."""
    if isinstance(left, Fraction) and isinstance(right, Fraction):
        return left + right
    return exponent(*sum_of_fractions(parts_of(left), parts_of(right)))


def times(left: Exponent, right: Exponent) -> Exponent:
    """The product of two exponents."""
    if isinstance(left, Fraction) and isinstance(right, Fraction):
        return left * right
    (a, b), (c, d) = parts_of(left), parts_of(right)
    return exponent(a * c, b * d)


def base_of(head: Head) -> tuple[Head, Exponent]:
    """What a head is a power of, with its exponent.

    >>> from derivations.core.heads import Entry
    >>> base_of(Reciprocal(Entry("x")))
    (Entry 'x', Fraction(-1, 1))
    """
    if isinstance(head, Reciprocal):
        base, inner = base_of(head.of)
        return base, times(Fraction(-1), inner)
    if isinstance(head, Root):
        base, inner = base_of(head.of)
        return base, times(exponent(*head.exponent), inner)
    return head, Fraction(1)


def powers_of(atoms: Iterable[Atom]) -> dict[tuple[Head, Place], Exponent]:
    """The bases of a product at their places, with their exponents; without those that are 0."""
    found: dict[tuple[Head, Place], Exponent] = {}
    for atom in atoms:
        base, amount = base_of(atom.head)
        at = base, atom.indices
        found[at] = plus(found.get(at, Fraction(0)), amount)
    return {at: amount for at, amount in found.items() if amount != 0}


def split(amount: Exponent) -> tuple[int, Exponent]:
    """The whole part of an exponent and the rest, which is at least 0 and below 1; of one with sizes, 0 and itself."""
    if isinstance(amount, tuple):
        return 0, amount
    whole = floor(amount)
    return whole, amount - whole


def atoms_of(base: Head, place: Place, amount: Exponent) -> list[Atom]:
    """A power of a base at a place as atoms."""
    whole, rest = split(amount)
    checked(1, abs(whole))
    found = [Atom(Root(base, *parts_of(rest)), place)] if rest != 0 else []
    return found + [Atom(base if whole > 0 else Reciprocal(base), place)] * abs(whole)


def is_fixed(place: Iterable[Int], term: Term) -> bool:
    """Whether no index that a term sums over stands in a place."""
    return all(term.bound.isdisjoint(index.symbols()) for index in place)


def index_names(term: Term) -> frozenset[Name]:
    """The indices that a term mentions and does not sum over."""
    names = k.condition_symbols(term.condition) | term.numerator.symbols() | term.denominator.symbols()
    for atom in term.atoms:
        names = names.union(*(index.symbols() for index in atom.indices))
    return frozenset(name for name in names if not is_size(name)) - term.bound


# -- indices that are determined ---------------------------------------------------------------------------------------


def tidy(term: Term) -> list[Term]:
    """Equal terms in which no equation determines an index that is summed over, and every such index stands in an
    atom: the others are counted.

        Σ_b [b = e] T(b) = T(e)                    Σ_b [l <= b <= u] T = max(0, u − l + 1)·T
    """
    if term.condition == k.FALSE or not term.numerator.terms:
        return []
    while True:
        solution = _determined(term)
        if solution is None:
            break
        part, name, value = solution
        rest = k.all_of(other for other in k.conjuncts(term.condition) if other is not part)
        term = rename_term(replace(term, bound=term.bound - {name}, condition=rest), {name: value})
        if term.condition == k.FALSE or not term.numerator.terms:
            return []
    term = replace(term, atoms=_moved(term.atoms, term.condition, term.bound))
    used = frozenset[Name]().union(*(index.symbols() for atom in term.atoms for index in atom.indices))
    idle = term.bound - used
    if not idle:
        return [term]
    found = []
    for piece in eliminate(replace(term, atoms=(), bound=idle)):
        kept = (term.bound - idle) | piece.leftover
        found.append(
            Term(term.atoms, kept, piece.condition, piece.numerator, piece.denominator, term.demands | piece.demands)
        )
    return found


def _determined(term: Term) -> tuple[Condition, Name, Int] | None:
    for part in k.conjuncts(term.condition):
        if not isinstance(part, Zero):
            continue
        for name, value in _solutions(part.term):
            if name in term.bound:
                return part, name, value
    return None


def _solutions(equation: Int) -> Iterator[tuple[Name, Int]]:
    """The symbols that stand in an equation alone, with their values."""
    for monomial, coefficient in equation.terms.items():
        if len(monomial) == 1 and isinstance(monomial[0], Sym) and coefficient in (1, -1):
            rest = Int({monomial: coefficient}) - equation if coefficient == 1 else equation + Int({monomial: 1})
            if monomial[0].name not in rest.symbols():
                yield monomial[0].name, rest


def _moved(atoms: tuple[Atom, ...], condition: Condition, bound: frozenset[Name]) -> tuple[Atom, ...]:
    """The atoms with every index for which the condition gives another written by that other, so that places which are
    equal where the condition holds are equal as terms."""
    for part in k.conjuncts(condition):
        if not isinstance(part, Zero):
            continue
        solved = [(name, value) for name, value in _solutions(part.term) if not is_size(name) and name not in bound]
        if solved:
            name, value = max(solved, key=lambda item: (has_role(item[0], Role.ENTRY), text_of(item[0])))
            atoms = tuple(Atom(a.head, tuple(k.substitute(i, {name: value}) for i in a.indices)) for a in atoms)
    return atoms
