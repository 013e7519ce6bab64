"""What a matrix times its inverse is: Σ_b M[x, b]·inv(M)[b, y] = [x = y], told in the terms of a sum.

    M = c·L + Σ R_t          Σ_b L[x, b]·inv(M)[b, y] = ([x = y] − Σ_t Σ_b R_t[x, b]·inv(M)[b, y]) / c

where L, the largest of M's terms, is found in a product: its atoms with indices that are summed over the range that M's
entry and inverse have, and stand nowhere else. So also from the right; and, of a matrix that is proved to be symmetric,
with row and column of its inverse exchanged.

An identity in which inv(M)[i, ·] stands at a free row i, which runs over all of M's rows, is multiplied by M: it holds
exactly if the product does, for M is invertible.

Law: each rewriting is an equality wherever M is invertible, each multiplication an equivalence there. What is not seen
stays as it is; no order of rewriting is supposed to find everything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from derivations.core import terms as k
from derivations.core.heads import Inverse
from derivations.core.implication import Known
from derivations.core.names import Mark, Name, Role, is_size
from derivations.core.sums import Atom, LimitReached, Term, rename_term
from derivations.core.terms import Condition, Int
from derivations.meaning.factors import tidy
from derivations.meaning.translation import Matrix, Terms, Translation, at_values, scaled

STEPS = 300  # rewritings of one sum
PRODUCTS = 4  # multiplications of one identity, one after the other
TRIED = 24  # sequences of these that are tried

Values = dict[Name, Int]  # what the row of a pattern and its bound indices are in a product


def contracted(lowering: Translation, found: Sequence[Term], context: Condition) -> Terms:
    """The terms with every product of a matrix and its inverse that is seen told; equal wherever `context` holds."""
    if not lowering.matrices:
        return list(found)
    done: Terms = []
    left = [part for term in found for part in _tidied(lowering, term)]
    known = Known(k.conjuncts(context))
    steps = 0
    while left:
        term = left.pop()
        new = _step(lowering, term, context)
        if new is None:
            parts = k.conjuncts(term.condition)
            done.append(replace(term, condition=k.all_of(part for part in parts if not known.implies(part))))
            continue
        steps += 1
        if steps > STEPS:
            raise LimitReached(f"more than {STEPS} products of matrices and their inverses")
        left += [part for each in new for part in _tidied(lowering, each)]
    return done


def symmetrised(lowering: Translation, found: Sequence[Term]) -> Terms:
    """The terms, each entry of a symmetric inverse as the mean of itself and the one across the diagonal."""
    result: Terms = []
    for term in found:
        parts = [replace(term, atoms=())]
        for atom in term.atoms:
            if isinstance(atom.head, Inverse) and lowering.matrices[atom.head].symmetric:
                across = Atom(atom.head, (*atom.indices[:-2], atom.indices[-1], atom.indices[-2]))
                both = [*parts, *parts]
                atoms = [atom] * len(parts) + [across] * len(parts)
                parts = [
                    replace(part, atoms=(*part.atoms, one), denominator=part.denominator * 2)
                    for part, one in zip(both, atoms, strict=True)
                ]
            else:
                parts = [replace(part, atoms=(*part.atoms, atom)) for part in parts]
        result += parts
    return result


def _tidied(lowering: Translation, term: Term) -> Terms:
    found = tidy(term)
    for part in found:
        lowering.demands |= part.demands
    return found


# -- products that are found ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Side:
    """An inverse's atom in a product, and how a matrix may stand beside it: `joined` is its index that is summed over,
    `free` the other one; `before`: the matrix stands on the left, M[x, joined]·inv(M)[joined, free]."""

    atom: Atom
    joined: Name
    free: Int
    before: bool


def _step(lowering: Translation, term: Term, context: Condition) -> Terms | None:
    for atom in term.atoms:
        if isinstance(atom.head, Inverse):
            matrix = lowering.matrices[atom.head]
            lead = _leading(matrix)
            if lead is None:
                continue
            for side in _sides(term, atom, matrix):
                found = _joined(lowering, term, side, matrix, lead, context)
                if found is not None:
                    return found
    return None


def _leading(matrix: Matrix) -> Term | None:
    """The term of a matrix's entry with the most factors, if there is one that can be looked for; of sums with as many
    the last in order, so that what replaces it is never replaced by it."""
    ranked = sorted(matrix.terms, key=_rank)
    if not ranked or (len(ranked) > 1 and _rank(ranked[-1]) == _rank(ranked[-2])):
        return None
    lead = ranked[-1]
    names = frozenset(lead.bound) | matrix.row.symbols() | matrix.column.symbols()
    plain = all(_name(i) is not None or i.symbols().isdisjoint(names) for atom in lead.atoms for i in atom.indices)
    is_number = bool(lead.numerator.constant) and lead.denominator.symbols().isdisjoint(names)
    return lead if lead.atoms and plain and is_number else None


def _rank(term: Term) -> tuple[int, list[str]]:
    return len(term.atoms), sorted(atom.head.order for atom in term.atoms)


def _name(value: Int) -> Name | None:
    """The symbol that a term is."""
    if len(value.terms) != 1:
        return None
    ((monomial, coefficient),) = value.terms.items()
    if coefficient != 1 or len(monomial) != 1 or not isinstance(monomial[0], k.Sym):
        return None
    return monomial[0].name


def _sides(term: Term, atom: Atom, matrix: Matrix) -> Iterator[_Side]:
    row, column = atom.indices[-2:]
    for joined, free, before in ((row, column, True), (column, row, False)):
        name = _name(joined)
        if name in term.bound and name not in free.symbols():
            assert name is not None
            yield _Side(atom, name, free, before)
            if matrix.symmetric:
                yield _Side(atom, name, free, not before)


def _joined(
    lowering: Translation, term: Term, side: _Side, matrix: Matrix, lead: Term, context: Condition
) -> Terms | None:
    """The terms that a product is in which the leading term of a matrix stands beside its inverse; None of others."""
    ours = list(term.atoms)
    ours.remove(side.atom)
    outer = side.atom.indices[:-2]
    lead = lowering.refreshed(lead)
    other = Mark(Role.PRODUCT, 0)  # the row of M on the left of its inverse, the column of M on its right
    ends = (Int.symbol(other), Int.symbol(side.joined)) if side.before else (Int.symbol(side.joined), Int.symbol(other))
    lead = rename_term(lead, at_values(matrix.formals, (*outer, *ends)))
    matches = _matches(lead.atoms, ours, {}, lead.bound, other, term.bound - {side.joined})
    whole = [match for match in matches if other in match[1] and lead.bound <= match[1].keys()]
    # Of several that commute, one whose other end is free is part of the matrix that an identity was multiplied by.
    for rest, values in sorted(whole, key=lambda match: bool(match[1][other].symbols() & term.bound)):
        found = _replaced(lowering, term, side, matrix, lead, rest, values, other, context)
        if found is not None:
            return found
    return None


def _matches(
    wanted: Sequence[Atom], given: list[Atom], values: Values, bound: frozenset[Name], other: Name,
    usable: frozenset[Name],
) -> Iterator[tuple[list[Atom], Values]]:  # fmt: skip
    """The ways in which the wanted atoms stand among the given ones: the atoms that are left, and what the pattern's
    other end and its bound indices are."""
    if not wanted:
        yield given, values
        return
    first = wanted[0]
    for number, atom in enumerate(given):
        if atom.head is not first.head or len(atom.indices) != len(first.indices):
            continue
        found: Values | None = dict(values)
        for pattern, index in zip(first.indices, atom.indices, strict=True):
            if found is not None:
                found = _unified(pattern, index, found, bound, other, usable)
        if found is not None:
            yield from _matches(wanted[1:], given[:number] + given[number + 1 :], found, bound, other, usable)


def _unified(
    pattern: Int, index: Int, values: Values, bound: frozenset[Name], other: Name, usable: frozenset[Name]
) -> Values | None:
    name = _name(pattern)
    if name is None or (name != other and name not in bound):
        return values if pattern == index else None
    if name in values:
        return values if values[name] == index else None
    if name in bound:
        image = _name(index)
        if image not in usable or any(_name(value) == image for key, value in values.items() if key in bound):
            return None
    return {**values, name: index}


def _replaced(
    lowering: Translation, term: Term, side: _Side, matrix: Matrix, lead: Term, rest: Sequence[Atom], values: Values,
    other: Name, context: Condition,
) -> Terms | None:  # fmt: skip
    """The product with Σ lead·inverse replaced, if the sums run over all that they must and nothing else mentions
    their indices."""
    end = values[other]
    own = frozenset(name for i in (Int.symbol(side.joined), *[values[name] for name in lead.bound])
                    for name in i.symbols())  # fmt: skip
    used = term.numerator.symbols() | term.denominator.symbols() | end.symbols() | side.free.symbols()
    used = used.union(*(i.symbols() for atom in rest for i in atom.indices))
    used = used.union(*(i.symbols() for i in side.atom.indices[:-2]))
    if own & used:
        return None
    given = k.conjuncts(term.condition)
    kept = [part for part in given if own.isdisjoint(k.condition_symbols(part))]
    mine = [part for part in given if part not in kept]
    joined = Int.symbol(side.joined)
    wanted = [
        *k.conjuncts(k.between(0, joined, matrix.size - 1)),
        *k.conjuncts(k.substitute_condition(lead.condition, values)),
    ]
    around = [*k.conjuncts(context), *kept]
    if not _imply([*around, *mine], wanted) or not _imply([*around, *wanted], mine):
        return None
    box = [part for i in (end, side.free) for part in k.conjuncts(k.between(0, i, matrix.size - 1))]
    if not _imply(around, box):
        return None  # beyond M's rows and columns nothing is told
    sign = -1 if (lead.numerator.constant or 1) < 0 else 1
    base = replace(
        term,
        atoms=tuple(rest),
        bound=term.bound - own,
        condition=k.all_of(kept),
        numerator=term.numerator * lead.denominator * sign,
        denominator=term.denominator * lead.numerator * sign,
        demands=term.demands | lead.demands,
    )
    found = [replace(base, condition=k.all_of((base.condition, k.equal(end, side.free))))]
    others = replace(matrix, terms=tuple(part for part in matrix.terms if _rank(part) != _rank(lead)))
    if others.terms:
        name = lowering.fresh()
        between = Int.symbol(name)
        ends = (end, between) if side.before else (between, end)
        row, column = side.atom.indices[-2:]
        place = [between if i == joined else i for i in (row, column)]
        atom = Atom(side.atom.head, (*side.atom.indices[:-2], *place))
        frame = Term((atom,), frozenset({name}), k.between(0, between, matrix.size - 1))
        entry = others.at(lowering, (*side.atom.indices[:-2], *ends))
        found += scaled(lowering.products([[base], [frame], entry]), -1)
    return found


def _imply(known: Sequence[Condition], wanted: Sequence[Condition]) -> bool:
    """Whether conditions visibly follow from others."""
    supposed = Known(known)
    return all(part in known or supposed.implies(part) for part in wanted)


# -- identities that are multiplied by a matrix -----------------------------------------------------------------------


def multiplied(
    lowering: Translation, found: Sequence[Term], context: Condition, vanishes: Callable[[Terms], bool]
) -> Terms:
    """Terms that are 0 for all values of the free indices exactly if the given ones are, multiplied by the matrices
    whose inverses stand at free rows or columns: so that they vanish, if some sequence of these does it."""
    first = symmetrised(lowering, contracted(lowering, found, context))
    if vanishes(first) or not lowering.matrices:
        return first
    queue: list[tuple[Terms, int]] = [(contracted(lowering, found, context), 0)]
    tried = 0
    while queue:
        terms, depth = queue.pop(0)
        for atom, name, before in _open_ends(lowering, terms, context):
            if tried == TRIED:
                return first
            tried += 1
            product = contracted(lowering, _times(lowering, terms, atom, name, before=before), context)
            shown = symmetrised(lowering, product)
            if vanishes(shown):
                return shown
            if depth + 1 < PRODUCTS:
                queue.append((product, depth + 1))
    return first


def _open_ends(
    lowering: Translation, found: Sequence[Term], context: Condition
) -> list[tuple[Atom, Name, bool]]:  # fmt: skip
    """The inverses at free rows (True) and columns that run over all of their matrix, the largest matrices first."""
    ends: dict[tuple[Inverse, tuple[Int, ...], Name, bool], Atom] = {}
    for term in found:
        for atom in term.atoms:
            if not isinstance(atom.head, Inverse):
                continue
            outer, (row, column) = atom.indices[:-2], atom.indices[-2:]
            symmetric = lowering.matrices[atom.head].symmetric
            for index, before in ((row, True), (column, False)):
                name = _name(index)
                if name is None or is_size(name) or name in term.bound:
                    continue
                fixed = all(i.symbols().isdisjoint({name, *term.bound}) for i in outer)
                if fixed and _runs_over(context, name, lowering.matrices[atom.head].size):
                    for way in (before, not before) if symmetric else (before,):
                        ends.setdefault((atom.head, outer, name, way), atom)
    size = {head: sum(len(term.atoms) for term in lowering.matrices[head].terms) for head, *_ in ends}
    ordered = sorted(ends, key=lambda end: (-size[end[0]], end[0].order, str(end[1:])))
    return [(ends[end], end[2], end[3]) for end in ordered]


def _runs_over(context: Condition, name: Name, size: Int) -> bool:
    """Whether an index of a context runs over 0..size − 1 whatever the other indices are."""
    parts = k.conjuncts(context)
    about = [part for part in parts if name in k.condition_symbols(part)]
    others = [part for part in parts if part not in about]
    wanted = list(k.conjuncts(k.between(0, Int.symbol(name), size - 1)))
    return _imply([*others, *about], wanted) and _imply([*others, *wanted], about)


def _times(lowering: Translation, found: Sequence[Term], atom: Atom, name: Name, *, before: bool) -> Terms:
    """Σ_b M[name, b]·T(b), or Σ_b T(b)·M[b, name], of terms T(name)."""
    matrix = lowering.matrices[atom.head]
    result: Terms = []
    for term in found:
        fresh = lowering.fresh()
        between, free = Int.symbol(fresh), Int.symbol(name)
        moved = rename_term(lowering.refreshed(term), {name: between})
        ends = (free, between) if before else (between, free)
        frame = Term((), frozenset({fresh}), k.between(0, between, matrix.size - 1))
        result += lowering.products([[frame], [moved], matrix.at(lowering, (*atom.indices[:-2], *ends))])
    return result


__all__ = ["contracted", "multiplied", "symmetrised"]
