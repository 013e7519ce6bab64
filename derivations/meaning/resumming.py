"""A sum that stands multiplied out is found again in a product: Σ_b [C] D(b)·R = S·R, where S = Σ_b [C] D(b).

So a product with 1/S loses both: the weights of a softmax add up to 1 wherever they stand, under a further sum too,
where denominators cannot be cleared.

Of S + T with other terms T it is R·S/(S + T) = R − R·T/(S + T): what norms with an ε have.

Law: R, its condition and its coefficient mention none of the indices b.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from derivations.core import terms as k
from derivations.core.names import Name
from derivations.core.sums import Atom, Term
from derivations.core.terms import Int, Sym

Pairing = dict[Name, Name]  # an index of the sum that is looked for -> the one of the product


def without_sum(term: Term, whole: Term) -> Term | None:
    """The product without the sum `whole`, whose bound indices are its own; None where it is not seen in it.

    >>> from derivations.core.heads import Entry
    >>> i, j = Int.symbol("i"), Int.symbol("j")
    >>> whole = Term((Atom(Entry("e"), (i,)),), frozenset({"i"}), k.nonnegative(i))
    >>> product = Term((Atom(Entry("e"), (j,)), Atom(Entry("w"), ())), frozenset({"j"}), k.nonnegative(j))
    >>> [atom.head for atom in without_sum(product, whole).atoms]
    [Entry 'w']
    """
    top, bottom = whole.numerator.constant, whole.denominator.constant
    if not whole.bound or not whole.atoms or not top or not bottom:
        return None
    for rest, pairing in _pairings(whole.atoms, term.atoms, {}, whole.bound, term.bound):
        own = frozenset(pairing.values())
        if len(own) < len(whole.bound) or own & _used(rest, term):
            continue
        values = {name: Int.symbol(other) for name, other in pairing.items()}
        wanted = {k.substitute_condition(part, values) for part in k.conjuncts(whole.condition)}
        given = k.conjuncts(term.condition)
        kept = [part for part in given if own.isdisjoint(k.condition_symbols(part))]
        if wanted <= set(given) and all(part in wanted or part in kept for part in given):
            sign = -1 if top < 0 else 1
            return replace(
                term,
                atoms=rest,
                bound=term.bound - own,
                condition=k.all_of(kept),
                numerator=term.numerator * (sign * bottom),
                denominator=term.denominator * (sign * top),
                demands=term.demands | whole.demands,
            )
    return None


def without_part(term: Term, divisor: Atom, definition: Sequence[Term]) -> list[Term] | None:
    """The terms that a product is which is divided by a sum, where the one of its terms that sums over most is found
    again in the product; None where it is not seen. `definition` is the sum at the divisor's place, each term with
    bound indices of its own."""
    leads = sorted(definition, key=lambda part: -len(part.bound))
    if len(leads) > 1 and len(leads[0].bound) == len(leads[1].bound):
        return None
    rest = without_sum(term, leads[0])
    if rest is None:
        return None
    others = [
        Term(
            (*rest.atoms, *part.atoms),
            rest.bound | part.bound,
            k.all_of((rest.condition, part.condition)),
            -(rest.numerator * part.numerator),
            rest.denominator * part.denominator,
            rest.demands | part.demands,
        )
        for part in leads[1:]
    ]
    return [replace(rest, atoms=(*rest.atoms, divisor)), *others]


def _used(atoms: Sequence[Atom], term: Term) -> frozenset[Name]:
    """The names that these atoms and the term's coefficient mention."""
    found = term.numerator.symbols() | term.denominator.symbols()
    return found.union(*(index.symbols() for atom in atoms for index in atom.indices))


def _pairings(
    wanted: Sequence[Atom], given: tuple[Atom, ...], pairing: Pairing, free: frozenset[Name], bound: frozenset[Name]
) -> Iterator[tuple[tuple[Atom, ...], Pairing]]:
    """The ways in which the wanted atoms stand among the given ones, each with the atoms that are left."""
    if not wanted:
        yield given, pairing
        return
    for number, atom in enumerate(given):
        if atom.head is wanted[0].head or atom.head == wanted[0].head:
            more = _paired(wanted[0], atom, pairing, free, bound)
            if more is not None:
                yield from _pairings(wanted[1:], (*given[:number], *given[number + 1 :]), more, free, bound)


def _paired(
    wanted: Atom, atom: Atom, pairing: Pairing, free: frozenset[Name], bound: frozenset[Name]
) -> Pairing | None:
    """The pairing under which one atom is the other."""
    if len(wanted.indices) != len(atom.indices):
        return None
    pairing = dict(pairing)
    for left, right in zip(wanted.indices, atom.indices, strict=True):
        own = (left.symbols() & free) - pairing.keys()
        if len(own) == 1:
            (mine,) = own
            other = _alone(right - left + Int.symbol(mine))
            if other in bound and other not in pairing.values():
                pairing[mine] = other
    values = {name: Int.symbol(other) for name, other in pairing.items()}
    same = all(
        k.substitute(left, values) == right for left, right in zip(wanted.indices, atom.indices, strict=True)
    )  # fmt: skip
    return pairing if same else None


def _alone(value: Int) -> Name | None:
    """The symbol that a term is."""
    if len(value.terms) != 1:
        return None
    ((monomial, coefficient),) = value.terms.items()
    if coefficient != 1 or len(monomial) != 1 or not isinstance(monomial[0], Sym):
        return None
    return monomial[0].name
