"""Terms by monomial in the data: the pieces of their coefficients, and sums of terms in a normal form.

Each term is turned around: the places at which its atoms stand become free variables and the bound indices are solved
for. A head that stands more than once in a monomial is symmetrised, because its entries commute.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from derivations.core.elimination import eliminate
from derivations.core.heads import Argument, Heads, Part
from derivations.core.names import Mark, Name, Role, in_order, text_of
from derivations.core.sums import LimitReached, Piece, Term, arrangements, rename_term
from derivations.core.terms import (
    Condition,
    Int,
    conjuncts,
    render,
    substitute,
    substitute_condition,
)

PIECE_LIMIT = 2000  # pieces of both sides of a claim; the documents' largest has some dozens


@dataclass
class Monomials:
    """Pieces collected by monomial: the sorted heads with their ranks."""

    groups: dict[Heads, list[Piece]] = field(default_factory=dict)
    count: int = 0

    def add(self, term: Term, sign: int = 1) -> None:
        """Add the pieces of a term; raises LimitReached past PIECE_LIMIT pieces."""
        for heads, piece in pieces_of(term):
            self.count += 1
            if self.count > PIECE_LIMIT:
                raise LimitReached(f"more than {PIECE_LIMIT} pieces")
            signed = replace(piece, numerator=piece.numerator * sign)
            self.groups.setdefault(heads, []).append(signed)


def pieces_of(term: Term) -> Iterator[tuple[Heads, Piece]]:
    """The pieces of a term, one for each order of the atoms that share a head."""
    orders, times = arrangements(term)
    for atoms, condition in orders:
        heads = tuple((atom.head, len(atom.indices)) for atom in atoms)
        start = Term((), term.bound, condition, term.numerator * times, term.denominator, term.demands)
        for piece in eliminate(start):
            yield heads, piece


def alike(left: Sequence[Term], right: Sequence[Term]) -> bool:
    """Whether two sums are the same but for the names of their bound indices, term by term; False says nothing."""

    def renamed(term: Term) -> Term:
        order = sorted(term.bound, key=lambda name: (len(text_of(name)), text_of(name)))
        values = {name: Int.symbol(Mark(Role.LEFTOVER, number)) for number, name in enumerate(order)}
        return rename_term(replace(term, demands=frozenset()), values)

    return len(left) == len(right) and all(renamed(p) == renamed(q) for p, q in zip(left, right, strict=True))


def canonical_argument(terms: Iterable[Term]) -> tuple[Argument, frozenset[Condition]]:
    """The alpha-normalised value of a sum of terms, equal only for sums that are equal (equal sums may have different
    values), and what its reduction demanded."""
    demands: frozenset[Condition] = frozenset()
    sums = Monomials()
    for term in terms:
        sums.add(term)
    monomials = []
    for heads, pieces in sorted(sums.groups.items(), key=lambda item: [(head.order, rank) for head, rank in item[0]]):
        parts = sorted(map(_part, map(canonical_leftover, pieces)), key=_part_order)
        monomials.append((heads, tuple(parts)))
        demands = demands.union(*(piece.demands for piece in pieces))
    return Argument(tuple(monomials)), demands


def _part(piece: Piece) -> Part:
    return piece.numerator, piece.denominator, frozenset(conjuncts(piece.condition)), len(piece.leftover)


def _part_order(part: Part) -> tuple[str, str, list[str], int]:
    numerator, denominator, conditions, leftover = part
    return render(numerator), render(denominator), sorted(map(render, conditions)), leftover


def canonical_leftover(piece: Piece) -> Piece:
    """The piece with its leftover indices numbered anew by how they stand, so that equal sums look equal."""
    if not piece.leftover:
        return piece
    order = leftover_order(piece)
    names = [Mark(Role.LEFTOVER, number) for number in range(len(order))]
    values = {name: Int.symbol(new) for name, new in zip(order, names, strict=True)}
    return Piece(
        substitute_condition(piece.condition, values),
        substitute(piece.numerator, values),
        substitute(piece.denominator, values),
        frozenset(names),
        frozenset(substitute_condition(demand, values) for demand in piece.demands),
    )


def leftover_order(piece: Piece) -> tuple[Name, ...]:
    """The leftover indices of a piece by how they stand in its condition."""
    others = Int.symbol(Mark(Role.ANY))

    def signature(name: Name) -> list[str]:
        values = {**dict.fromkeys(piece.leftover, others), name: Int.symbol(Mark(Role.THIS))}
        return sorted(render(substitute_condition(part, values)) for part in conjuncts(piece.condition))

    signatures = {name: signature(name) for name in piece.leftover}
    return tuple(sorted(in_order(piece.leftover), key=signatures.__getitem__))
