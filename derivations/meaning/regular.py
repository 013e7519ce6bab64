"""Whether some data make a matrix invertible, and a determinant positive: of a matrix that is singular for all data, an
inverse does not exist.

    M(x0) = c·I, c ≠ 0, for some data x0     det M is not 0 for some data, hence not on any open set of data
    M = X Y with r inner places              M is singular wherever r < n; of x yᵀ, r is 1

An entry of M is a polynomial in the data and in entries of inverses and determinants of such matrices, so that det M is
a rational function, and a product of several that are not 0 is not 0. Data x0 are proposed: identities, ones, zeros.

Law: a condition is exact, or `Unsupported` says what cannot be told.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice, product

from derivations.core import terms as k
from derivations.core.heads import Determinant, Entry, Function, Head, Inverse, Kind, Reciprocal
from derivations.core.monomials import canonical_argument
from derivations.core.sums import Term
from derivations.core.terms import Condition, Int
from derivations.formulas.expressions import Constant, DataBracket, Tensor
from derivations.meaning.basis import abstracted
from derivations.meaning.factors import tidy
from derivations.meaning.functions import Unsupported
from derivations.meaning.products import chain_of, has_rank_one, identity, number_of
from derivations.meaning.translation import Matrix, Terms, Translation, scaled

INSTANCES = 64  # data that are tried

ANALYTIC = (Entry, Inverse, Determinant, Reciprocal)
Instance = dict[Head, int]  # of each tensor: 1 (the identity, or ones), or 0


def regular(lowering: Translation, matrix: Matrix) -> Condition:
    """The condition on sizes under which some data make a matrix invertible."""
    heads = _heads(matrix.terms)
    if not all(isinstance(head, ANALYTIC) for head in heads) or not _free(lowering, heads):
        raise Unsupported(f"whether {matrix.text} is invertible for some data")
    chained = chain_of(matrix)
    needed: Condition = k.TRUE
    there: Condition = matrix.box
    if chained is not None:
        needed = k.all_of(k.nonnegative(upper + 1 - matrix.size) for upper in chained[2])
    elif not matrix.terms:
        return k.nonnegative(-matrix.size)
    elif has_rank_one(matrix):
        needed = k.nonnegative(1 - matrix.size)
        there = k.all_of((there, k.zero(matrix.row), k.zero(matrix.column)))
    diagonal = k.equal(matrix.row, matrix.column)
    for instance in _instances(heads):
        found = _at(lowering, matrix.terms, instance)
        number = number_of(found, k.all_of((there, needed, lowering.known)), diagonal) if found is not None else None
        if number is not None and number[0] != 0:
            return needed
    raise Unsupported(f"whether {matrix.text} is invertible for some data")


def somewhere_not_zero(lowering: Translation, terms: Sequence[Term], text: str) -> None:
    """That a divisor in which inverses or determinants stand is not 0 for some data, or Unsupported."""
    heads = _heads(terms)
    if not any(isinstance(head, Inverse | Determinant) for head in heads):
        return
    if len(terms) == 1 and not terms[0].bound and terms[0].condition == k.TRUE and terms[0].numerator.constant:
        direct = {atom.head for atom in terms[0].atoms}
        bases = {head.of if isinstance(head, Reciprocal) else head for head in direct}
        if all(isinstance(base, Entry | Determinant) for base in bases) and _free(lowering, heads):
            return
    if all(isinstance(head, ANALYTIC) for head in heads) and _free(lowering, heads):
        for instance in _instances(heads):
            found = _at(lowering, terms, instance)
            number = number_of(found, k.TRUE) if found is not None else None
            if number is not None and number[0] != 0:
                return
    raise Unsupported(f"whether {text} is not 0 for some data")


def somewhere_positive(lowering: Translation, terms: Sequence[Term], text: str) -> None:
    """That all arguments of logarithms and roots met so far are positive for some data at once, where inverses or
    determinants stand in one of them; Unsupported where this cannot be told."""
    _not_opposite(lowering, terms, text)
    lowering.positive.append(list(terms))
    heads = frozenset[Head]().union(*map(_heads, lowering.positive))
    if not any(isinstance(head, Inverse | Determinant) for head in heads):
        return
    if all(isinstance(head, ANALYTIC) for head in heads) and _free(lowering, heads, from_below=True):
        for instance in _instances(heads):
            if all(_is_positive(lowering, part, instance) for part in lowering.positive):
                return
    raise Unsupported(f"whether {text} is positive for some data")


def _not_opposite(lowering: Translation, terms: Sequence[Term], text: str) -> None:
    """That neither the negative of an argument is one too, nor an assumption says that it is negative; a power with a
    size as exponent has the sign of its base at some sizes."""
    for part in (list(terms), *_bases(lowering, terms)):
        if not any(term.atoms for term in part):
            continue
        key, opposite = (canonical_argument(abstracted(scaled(part, sign))[0])[0] for sign in (1, -1))
        if opposite in lowering.signed or _is_negative(lowering, part):
            raise Unsupported(f"whether {text} is positive for some data")
        lowering.signed.add(key)


def _bases(lowering: Translation, terms: Sequence[Term]) -> Iterator[Terms]:
    """The bases of powers with sizes as exponents in a product."""
    for atom in terms[0].atoms if len(terms) == 1 else ():
        if isinstance(atom.head, Function) and atom.head.function.kind is Kind.POWER:
            above, below = atom.head.function.exponent
            base = lowering.argument_at(atom)
            if below == 1 and above.constant is None and base is not None:
                yield base


def _is_negative(lowering: Translation, terms: Sequence[Term]) -> bool:
    """Whether a number times an entry of a tensor is negative, or 0, by an assumption."""
    if len(terms) != 1 or len(terms[0].atoms) != 1 or not isinstance(terms[0].atoms[0].head, Entry):
        return False
    number, name = terms[0].numerator.constant or 0, terms[0].atoms[0].head.name
    for assumption in lowering.assumptions:
        about = assumption.about
        if assumption.kind != "condition" or not isinstance(about, DataBracket):
            continue
        left, right = about.args[1], about.args[2]
        if not isinstance(left, Tensor) or left.name != name or not isinstance(right, Constant):
            continue
        opposed = ("<", "<=") if number > 0 else (">", ">=")
        beyond = right.value.is_number and (right.value <= 0 if number > 0 else right.value >= 0)
        if about.operator in opposed and beyond:
            return True
    return False


def _is_positive(lowering: Translation, terms: Sequence[Term], instance: Instance) -> bool:
    found = _at(lowering, terms, instance)
    number = number_of(found, k.TRUE) if found is not None else None
    return number is not None and (number[0].constant or 0) * (number[1].constant or 0) > 0


def _heads(terms: Iterable[Term]) -> frozenset[Head]:
    direct = frozenset(atom.head for term in terms for atom in term.atoms)
    return direct.union(*(head.mentions for head in direct))


def _instances(heads: Iterable[Head]) -> Iterator[Instance]:
    entries = sorted((head for head in heads if isinstance(head, Entry)), key=lambda head: head.order)
    choices = product((1, 0), repeat=len(entries))
    return (dict(zip(entries, choice, strict=True)) for choice in islice(choices, INSTANCES))


def _at(lowering: Translation, terms: Sequence[Term], instance: Instance) -> Terms | None:
    """The terms at chosen data; None where they do not exist there, or this cannot be told."""
    if not all(_exists(lowering, head, instance) for head in _heads(terms)):
        return None
    return _put(lowering, terms, instance)


def _exists(lowering: Translation, head: Head, instance: Instance) -> bool:
    """Whether an unknown of a formula has a value at chosen data: an inverse, one by an entry."""
    of = head.of if isinstance(head, Reciprocal) else head
    if isinstance(head, Inverse) or (isinstance(of, Determinant) and of is not head):
        matrix = lowering.matrices[of]
        found = _put(lowering, matrix.terms, instance)
        return found is not None and identity(replace(matrix, terms=tuple(found)), lowering.known) is not None
    if isinstance(head, Reciprocal):
        return isinstance(head.of, Entry) and len(lowering.shapes.get(head.of, (0, 0))) < 2 and instance[head.of] != 0
    return True


def _put(lowering: Translation, terms: Sequence[Term], instance: Instance) -> Terms | None:
    found = [lowering.refreshed(term) for term in terms]

    def chosen(value: int) -> Terms:
        return [Term()] if value else []

    try:
        for head, value in instance.items():

            def entry(index: Sequence[Int], value: int = value) -> Terms:
                if len(index) < 2:
                    return chosen(value)
                return [replace(term, condition=k.equal(index[-2], index[-1])) for term in chosen(value)]

            found = [new for term in found for new in lowering.replaced(term, head, entry)]
            found = [part for term in found for part in tidy(term)]
    except (Unsupported, ZeroDivisionError):
        return None
    return found


def _free(lowering: Translation, heads: Iterable[Head], *, from_below: bool = False) -> bool:
    """Whether the assumptions leave an open set of data, near to the data that are proposed if these must be met."""
    names = {head.name for head in heads if isinstance(head, Entry)}
    seen: set[str] = set()
    for assumption in lowering.assumptions:
        about = assumption.about
        bound = {tensor.name for tensor in about.atoms(Tensor)}
        if bound.isdisjoint(names):
            continue
        if assumption.kind != "condition" or not isinstance(about, DataBracket) or bound & seen:
            return False
        seen |= bound
        left, right = about.args[1], about.args[2]
        if not isinstance(left, Tensor) or not isinstance(right, Constant):
            return False
        if about.operator not in (">", ">=", "<", "<=", "!="):
            return False
        below = right.value.is_number and right.value <= 0
        if from_below and not (about.operator in (">", ">=") and below):
            return False
    return True


__all__ = ["regular", "somewhere_not_zero", "somewhere_positive"]
