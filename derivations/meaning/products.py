"""How a matrix is seen to be made: a number times the identity, a product of square matrices.

Law: what is said of a matrix holds at every row and column of it, whatever the data.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from derivations.core import terms as k
from derivations.core.heads import Inverse
from derivations.core.implication import Known
from derivations.core.monomials import Monomials
from derivations.core.names import Name, is_size
from derivations.core.sums import Atom, Term
from derivations.core.terms import Condition, Int
from derivations.meaning.translation import Matrix


def identity(matrix: Matrix, known: Condition = k.TRUE) -> tuple[Int, Int] | None:
    """The number c other than 0 of a matrix that is visibly c·I, as a fraction; None of others."""
    diagonal = k.equal(matrix.row, matrix.column)
    total = number_of(matrix.terms, k.all_of((matrix.box, known)), diagonal)
    return total if total is not None and total[0] != 0 else None


def number_of(terms: Sequence[Term], known: Condition, where: Condition = k.TRUE) -> tuple[Int, Int] | None:
    """The number that a sum visibly is where a condition holds (elsewhere it is 0), as a fraction; None of others."""
    sums = Monomials()
    for term in terms:
        sums.add(term)
    there = Known(k.conjuncts(known))
    wanted = frozenset(part for part in k.conjuncts(where) if not there.implies(part))
    supposed = Known(k.conjuncts(k.all_of((known, where))))
    top, bottom = 0, 1
    for heads, pieces in sums.groups.items():
        for piece in pieces:
            above, below = piece.numerator.constant, piece.denominator.constant
            left = {part for part in k.conjuncts(piece.condition) if part in wanted or not supposed.implies(part)}
            if heads or piece.leftover or piece.demands or left != wanted or above is None or not below:
                return None
            top, bottom = top * below + above * bottom, bottom * below
    return Int.of(top), Int.of(bottom)


@dataclass(frozen=True)
class Product:
    """A matrix as c·s·F_1 ⋯ F_k: a fraction, factors that are numbers, and matrices of one size, each one atom."""

    numerator: Int
    denominator: Int
    numbers: tuple[Atom, ...]
    factors: tuple[Matrix, ...]
    turned: tuple[bool, ...]  # whether a factor stands transposed


def product_of(matrix: Matrix) -> Product | None:
    """A matrix of one term as a product of square ones; None of others."""
    chained = chain_of(matrix)
    if chained is None:
        return None
    numbers, links, ranges = chained
    (term,) = matrix.terms
    if term.numerator.constant is None or term.denominator.constant is None:
        return None
    if any(upper + 1 != matrix.size for upper in ranges):
        return None
    factors, turned = [], []
    for atom, first, second in links:
        if atom.head.mentions and not isinstance(atom.head, Inverse):
            return None
        at = [number for number, i in enumerate(atom.indices) if i in (first, second)]
        exchanged = atom.indices[at[0]] == second
        indices = list(atom.indices)
        indices[at[0]], indices[at[1]] = matrix.row, matrix.column
        factors.append(replace(matrix, terms=(Term((Atom(atom.head, tuple(indices)),)),), symmetric=False))
        turned.append(exchanged)
    return Product(term.numerator, term.denominator, numbers, tuple(factors), tuple(turned))


def chain_of(
    matrix: Matrix,
) -> tuple[tuple[Atom, ...], list[tuple[Atom, Int, Int]], list[Int]] | None:
    """Of Σ_b s·F_1[row, b_1]·F_2[b_1, b_2] ⋯ F_k[b, column], each b_i from 0 to u_i: the numbers s, the factors in
    order with their two indices, and the u_i; None of other matrices."""
    if len(matrix.terms) != 1:
        return None
    (term,) = matrix.terms
    ends = {matrix.row, matrix.column, *map(Int.symbol, term.bound)}
    names = frozenset[Name]().union(*(i.symbols() for i in ends))
    if (term.numerator.symbols() | term.denominator.symbols()) & names:
        return None
    numbers: list[Atom] = []
    open_: list[tuple[Atom, Int, Int]] = []
    for atom in term.atoms:
        used = [i for i in atom.indices if i.symbols() & names]
        if not used:
            numbers.append(atom)
            continue
        if len(used) != 2 or used[0] == used[1] or not ends.issuperset(used):
            return None
        open_.append((atom, used[0], used[1]))
    links: list[tuple[Atom, Int, Int]] = []
    place, between = matrix.row, []
    while open_:
        here = [link for link in open_ if place in link[1:]]
        if len(here) != 1:
            return None
        open_.remove(here[0])
        atom, first, second = here[0]
        then = second if first == place else first
        links.append((atom, place, then))
        place = then
        between.append(then)
    if not links or place != matrix.column or len(between) != len(term.bound) + 1 or len(set(between)) < len(between):
        return None
    ranges = []
    left = set(k.conjuncts(term.condition))
    for i in between[:-1]:
        upper = [part.term + i for part in left if isinstance(part, k.NonNegative) and _is_upper(part, i)]
        if len(upper) != 1 or k.nonnegative(i) not in left:
            return None
        left -= {k.nonnegative(i), k.nonnegative(upper[0] - i)}
        ranges.append(upper[0])
    return (tuple(numbers), links, ranges) if not left else None


def has_rank_one(matrix: Matrix) -> bool:
    """Whether an entry is a product of something of its row and something of its column."""
    if len(matrix.terms) != 1:
        return False
    (term,) = matrix.terms
    row, column = matrix.row.symbols(), matrix.column.symbols()
    if (term.numerator.symbols() | term.denominator.symbols()) & (row | column):
        return False
    groups = [frozenset[Name]().union(*(i.symbols() for i in atom.indices)) for atom in term.atoms]
    groups += [k.condition_symbols(part) for part in k.conjuncts(term.condition)]
    reached = row
    while True:
        more = reached.union(*(g - {n for n in g if is_size(n)} for g in groups if g & reached))
        if more == reached:
            return not reached & column
        reached = more


def _is_upper(part: k.NonNegative, i: Int) -> bool:
    """Whether it says that an index is at most something of sizes."""
    return all(map(is_size, (part.term + i).symbols()))
