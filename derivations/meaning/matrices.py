"""Inverses and determinants: unknowns of a matrix, given by its entry, and how they vary.

    d inv(M) = −inv(M) dM inv(M)        d det M = det M · tr(inv(M) dM)

A product of square matrices is taken apart, so that inv(A B) is inv(B) inv(A) and det(A B) is det A · det B; a
transpose is the same unknown with row and column exchanged. What M · inv(M) is, is told in `contraction.py`; that M is
invertible is an axiom, and whether some data make it so is asked in `regular.py`.

Law: two matrices are one unknown only if they have one size and their entries are equal at every place.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from derivations.core import terms as k
from derivations.core.heads import Determinant, Entry, Head, Inverse, Kind, Map
from derivations.core.implication import Known
from derivations.core.monomials import canonical_argument
from derivations.core.names import Name, is_size
from derivations.core.sums import Atom, Term, rename_term
from derivations.core.terms import Int
from derivations.formulas.expressions import Apply, Expression
from derivations.meaning.elementwise import apply_function, inverse_atom
from derivations.meaning.factors import tidy
from derivations.meaning.functions import Unsupported
from derivations.meaning.integers import Environment
from derivations.meaning.products import identity, product_of
from derivations.meaning.regular import regular
from derivations.meaning.translation import (
    Cut,
    Matrix,
    Opaque,
    Terms,
    Translation,
    at_values,
    formal_places,
    multiply,
    outer_names,
)


def inverse(lowering: Translation, node: Apply, index: tuple[Int, ...], env: Environment, cut: Cut) -> Terms:
    """inv(A)[i, j]."""
    matrix, outer = matrix_of(lowering, node.tensors[0], env, cut)
    if identity(matrix) is None:
        lowering.axioms[f"{matrix.text} is invertible"] = None
    regular(lowering, matrix)
    return inverse_of(lowering, matrix, (*outer, *index))


def determinant(lowering: Translation, node: Apply, index: tuple[Int, ...], env: Environment, cut: Cut) -> Terms:
    """det(A)."""
    matrix, outer = matrix_of(lowering, node.tensors[0], env, cut)
    needed = regular(lowering, matrix)
    if not all(map(Known(k.conjuncts(lowering.known)).implies, k.conjuncts(needed))):
        raise Unsupported(f"the determinant of {matrix.text}, which some sizes make 0 for all data")
    return determinant_of(lowering, matrix, outer)


def matrix_of(
    lowering: Translation, of: Expression, env: Environment, cut: Cut
) -> tuple[Matrix, tuple[Int, ...]]:
    """The matrix that a formula is, and the places of its outer indices: those in scope that it mentions."""
    outer = outer_names(of, env)
    formals = formal_places(len(outer) + 2)
    inner = dict(zip(outer, formals[: len(outer)], strict=True))
    size = lowering.shape(of, inner)[0]
    if not all(map(is_size, size.symbols())):
        raise Unsupported(f"the size of {of} depends on an index")
    found = lowering.lower(of, formals[-2:], inner, cut)
    return _tidied(lowering, found, len(outer), size, str(of)), tuple(env[name] for name in outer)


def _tidied(lowering: Translation, found: Sequence[Term], outer: int, size: Int, text: str) -> Matrix:
    """The matrix of an entry, its terms without the conditions that every place meets."""
    raw = Matrix((), outer, size, text)
    known = Known(k.conjuncts(k.all_of((raw.box, lowering.known))))
    terms = []
    for term in found:
        for part in tidy(term):
            lowering.demands |= part.demands
            left = k.all_of(each for each in k.conjuncts(part.condition) if not known.implies(each))
            terms.append(replace(part, condition=left))
    return replace(raw, terms=tuple(terms))


# -- the unknowns -----------------------------------------------------------------------------------------------------


def inverse_of(lowering: Translation, matrix: Matrix, place: Sequence[Int]) -> Terms:
    """The terms of an entry of the inverse, `place` being outer places, row and column."""
    number = identity(matrix)
    row, column = place[-2:]
    if number is not None:
        return [replace(_turned_over(*number), condition=k.equal(row, column))]
    diagonal = _diagonal(lowering, matrix, place)
    if diagonal is not None:
        return diagonal
    product = product_of(matrix)
    if product is None:
        return _inverse_atom(lowering, matrix, place)
    names = [lowering.fresh() for _ in product.factors[1:]]
    stops = [row, *map(Int.symbol, names), column]
    inside = k.all_of(k.between(0, i, matrix.size - 1) for i in stops[1:-1])
    scale = _turned_over(product.numerator, product.denominator)
    factors: list[Terms] = [[replace(scale, bound=frozenset(names), condition=inside)]]
    values = at_values(matrix.formals[:-2], place[:-2])
    for atom in product.numbers:
        there = Atom(atom.head, tuple(k.substitute(i, values) for i in atom.indices))
        factors.append([inverse_atom(lowering, there)])
    backwards = zip(reversed(product.factors), reversed(product.turned), strict=True)
    for (factor, turned), first, second in zip(backwards, stops, stops[1:], strict=False):
        ends = (second, first) if turned else (first, second)
        factors.append(_inverse_of_factor(lowering, factor, (*place[:-2], *ends)))
    return lowering.products(factors)


def _turned_over(numerator: Int, denominator: Int) -> Term:
    """One by a fraction of numbers, with a positive denominator."""
    sign = -1 if (numerator.constant or 1) < 0 else 1
    return Term(numerator=denominator * sign, denominator=numerator * sign)


def _diagonal(lowering: Translation, matrix: Matrix, place: Sequence[Int]) -> Terms | None:
    """Of a diagonal matrix whose entries are products of entries of tensors: one by each."""
    if len(matrix.terms) != 1:
        return None
    (term,) = matrix.terms
    plain = all(isinstance(atom.head, Entry) for atom in term.atoms)
    number = term.numerator.constant is not None and term.denominator.constant is not None
    if term.bound or term.condition != k.equal(matrix.row, matrix.column) or not plain or not number:
        return None
    values = at_values(matrix.formals, place)
    there = [Atom(atom.head, tuple(k.substitute(i, values) for i in atom.indices)) for atom in term.atoms]
    scale = _turned_over(term.numerator, term.denominator)
    frame = replace(scale, condition=k.substitute_condition(term.condition, values))
    return [multiply(frame, *[inverse_atom(lowering, atom) for atom in there])]


def _inverse_of_factor(lowering: Translation, matrix: Matrix, place: Sequence[Int]) -> Terms:
    """The inverse of a matrix of one atom: of inv(M), it is M."""
    (atom,) = matrix.terms[0].atoms
    if not isinstance(atom.head, Inverse):
        return _inverse_atom(lowering, matrix, place)
    known = lowering.matrices[atom.head]
    values = at_values(matrix.formals, place)
    return known.at(lowering, [k.substitute(i, values) for i in atom.indices])


def _inverse_atom(lowering: Translation, matrix: Matrix, place: Sequence[Int]) -> Terms:
    known, outer, turned = _known(lowering, matrix, place[:-2])
    key, demands = canonical_argument(known.terms)
    lowering.demands |= demands
    head = Inverse(known.size, key)
    lowering.argument_met(head, known.terms, known.box)
    if head not in lowering.opaque:
        lowering.matrices[head] = known
        lowering.opaque[head] = _inverse_record(lowering, known, head)
        if not known.outer:
            lowering.shapes[head] = (known.size, known.size)
    ends = (place[-1], place[-2]) if turned else (place[-2], place[-1])
    return [Term((Atom(head, (*outer, *ends)),))]


def _known(
    lowering: Translation, matrix: Matrix, outer: Sequence[Int]
) -> tuple[Matrix, tuple[Int, ...], bool]:
    """The matrix as it was met first, without the outer indices that it does not mention, the places of these, and
    whether it is its transpose that was met."""
    formals = matrix.formals
    names = frozenset[Name]().union(*(_names(term) for term in matrix.terms))
    used = [n for n in range(matrix.outer) if formals[n].symbols() <= names]
    kept = (*[formals[n] for n in used], matrix.row, matrix.column)
    values = at_values(kept, formal_places(len(kept)))
    matrix = replace(
        matrix, outer=len(used), terms=tuple(rename_term(term, values) for term in matrix.terms)
    )  # fmt: skip
    places = tuple(outer[n] for n in used)
    if len(matrix.terms) == 1 and len(matrix.terms[0].atoms) == 1 and product_of(matrix) is not None:
        at = [i for i in matrix.terms[0].atoms[0].indices if i in (matrix.row, matrix.column)]
        return (matrix, places, False) if at[0] == matrix.row else (matrix.transposed(), places, True)
    back = matrix.transposed()
    for other in list(lowering.matrices.values()):
        if other.size != matrix.size or other.outer != matrix.outer:
            continue
        for form, turned in ((matrix, False), (back, True)):
            if lowering.same(list(form.terms), list(other.terms), matrix.box):
                return other, places, turned
    symmetric = lowering.same(list(matrix.terms), list(back.terms), matrix.box)
    return replace(matrix, symmetric=symmetric), places, False


def _names(term: Term) -> frozenset[Name]:
    found = k.condition_symbols(term.condition) | term.numerator.symbols() | term.denominator.symbols()
    return found.union(*(i.symbols() for atom in term.atoms for i in atom.indices))


def _inverse_record(lowering: Translation, matrix: Matrix, head: Head) -> Opaque:
    def expand(indices: Sequence[Int]) -> list[tuple[Term, Terms]]:
        bound, inside, (p, q) = lowering.box((matrix.size, matrix.size))
        outer, (row, column) = indices[:-2], indices[-2:]
        atoms = (Atom(head, (*outer, row, p)), Atom(head, (*outer, q, column)))
        return [(Term(atoms, bound, inside, Int.of(-1)), matrix.at(lowering, (*outer, p, q)))]

    def rebuild(change: Callable[[Terms], Terms], indices: Sequence[Int]) -> Terms:
        changed = change([lowering.refreshed(term) for term in matrix.terms])
        return inverse_of(lowering, _tidied(lowering, changed, matrix.outer, matrix.size, matrix.text), indices)

    return Opaque(expand, rebuild, plain=False)


def determinant_of(lowering: Translation, matrix: Matrix, outer: Sequence[Int]) -> Terms:
    """The terms of a determinant at outer places."""
    number = identity(matrix)
    if number is not None:
        return _raised(lowering, [Term(numerator=number[0], denominator=number[1])], matrix.size)
    values = at_values(matrix.formals[:-2], outer)
    if _is_number_times_identity(matrix):
        return _raised(lowering, [rename_term(replace(matrix.terms[0], condition=k.TRUE), values)], matrix.size)
    product = product_of(matrix)
    if product is None:
        return _determinant_atom(lowering, matrix, outer)
    numbers = tuple(Atom(a.head, tuple(k.substitute(i, values) for i in a.indices)) for a in product.numbers)
    scale = Term(numbers, numerator=product.numerator, denominator=product.denominator)
    factors = [_raised(lowering, [scale], matrix.size)]
    for factor in product.factors:
        (atom,) = factor.terms[0].atoms
        if not isinstance(atom.head, Inverse):
            factors.append(_determinant_atom(lowering, factor, outer))
            continue
        known = lowering.matrices[atom.head]
        places = [k.substitute(i, values) for i in atom.indices[:-2]]
        below = determinant_of(lowering, known, places)
        if len(below) != 1 or below[0].bound or below[0].condition != k.TRUE:
            raise Unsupported(f"one by the determinant of {known.text}")
        inverse_number = Term(numerator=below[0].denominator, denominator=below[0].numerator)
        factors.append([multiply(inverse_number, *[inverse_atom(lowering, part) for part in below[0].atoms])])
    return lowering.products(factors)


def _is_number_times_identity(matrix: Matrix) -> bool:
    """Whether a matrix is s·I, s a product of numbers and of data."""
    if len(matrix.terms) != 1:
        return False
    (term,) = matrix.terms
    ends = matrix.row.symbols() | matrix.column.symbols()
    constant = term.numerator.constant is not None and term.denominator.constant is not None
    plain = all(isinstance(atom.head, Entry) for atom in term.atoms)
    apart = ends.isdisjoint(_names(replace(term, condition=k.TRUE)))
    return constant and plain and apart and not term.bound and term.condition == k.equal(matrix.row, matrix.column)


def _raised(lowering: Translation, number: Terms, size: Int) -> Terms:
    """A number to the power of a size."""
    (term,) = number
    if not term.atoms and term.numerator == term.denominator:
        return [Term()]
    if size.constant is not None:
        return lowering.power(number, size.constant)
    power = Map(Kind.POWER, (size, Int.of(1)))
    if not term.atoms:
        return apply_function(lowering, power, 0, number, (), ())
    names = sorted({i for atom in term.atoms for i in atom.indices}, key=str)
    formals = formal_places(len(names))
    there = dict(zip(names, formals, strict=True))
    moved = [replace(term, atoms=tuple(Atom(a.head, tuple(there[i] for i in a.indices)) for a in term.atoms))]
    return apply_function(lowering, power, 0, moved, formals, tuple(names))


def _determinant_atom(lowering: Translation, matrix: Matrix, outer: Sequence[Int]) -> Terms:
    known, places, _ = _known(lowering, matrix, outer)
    key, demands = canonical_argument(known.terms)
    lowering.demands |= demands
    head = Determinant(known.size, key)
    lowering.argument_met(head, known.terms, known.box)
    if head not in lowering.opaque:
        lowering.matrices[head] = known
        lowering.opaque[head] = _determinant_record(lowering, known, head)
    return [Term((Atom(head, places),))]


def _determinant_record(lowering: Translation, matrix: Matrix, head: Head) -> Opaque:
    def expand(indices: Sequence[Int]) -> list[tuple[Term, Terms]]:
        lowering.axioms[f"{matrix.text} is invertible"] = None
        bound, inside, (p, q) = lowering.box((matrix.size, matrix.size))
        whole = Term((Atom(head, tuple(indices)),), bound, inside)
        cofactors = inverse_of(lowering, matrix, (*indices, q, p))
        entry = matrix.at(lowering, (*indices, p, q))
        return [(factor, entry) for factor in lowering.products([[whole], cofactors])]

    def rebuild(change: Callable[[Terms], Terms], indices: Sequence[Int]) -> Terms:
        changed = change([lowering.refreshed(term) for term in matrix.terms])
        return determinant_of(lowering, _tidied(lowering, changed, matrix.outer, matrix.size, matrix.text), indices)

    return Opaque(expand, rebuild, plain=False)


__all__ = ["determinant", "inverse", "inverse_of", "matrix_of"]
