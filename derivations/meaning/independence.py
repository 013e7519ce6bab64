"""When are the unknowns of the normal form independent, so that an identity which fails in them fails for some data?

    exp(M_1), ..., exp(M_r)   are algebraically independent over the rational functions of the data where the M's are
                              polynomials that are linearly independent over ℚ up to constants
    log x_1, ..., log x_r     are so too, and beside such exponentials                            [Ax 1971, Theorem 3]
    [x > a], [x = a]          for entries x and numbers a: a polynomial times a jump is 0 only if the polynomial is

A factor that all terms share, a sum under a bar or a root, is left out first, where it is not 0. A choice falls either
way only where nothing is supposed of its data that settles it: beside log x, [x > 0] is 1.

Law: `None` where anything else is met. What is decided here refutes; it proves nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from derivations.core import terms as k
from derivations.core.heads import (
    Argmax,
    Choice,
    Differential,
    Entry,
    Function,
    Head,
    Heads,
    Kind,
    LossValue,
    Reciprocal,
    Root,
    Sensitivity,
    Side,
    Value,
    alone,
)
from derivations.core.sums import LimitReached
from derivations.core.terms import Condition, Int
from derivations.formulas.expressions import Definition, Expression, ShapeError, Tensor
from derivations.meaning.basis import Basis
from derivations.meaning.domains import Domain, allowed
from derivations.meaning.factors import Exponent, Place, base_of, is_fixed, powers_of
from derivations.meaning.functions import Unsupported
from derivations.meaning.lowering import Lowering
from derivations.meaning.signs import Sign
from derivations.meaning.translation import Terms, Translation

PLAIN = (Entry, Differential, LossValue, Sensitivity)


def stripped(basis: Basis, found: Terms) -> Terms | None:
    """Terms that are 0 for all data exactly where these are: without the powers of sums that they share; None where
    they share not all. Under a bar a sum is not 0. Elsewhere it may be, for all data, at some sizes, as in
    √(n − m)·x: there the terms are 0, and this becomes their condition."""
    shared: dict[tuple[Head, Place], Exponent] | None = None
    result: Terms = []
    for term in found:
        powers = {at: amount for at, amount in powers_of(term.atoms).items() if isinstance(at[0], Value)}
        if (shared is not None and powers != shared) or not all(is_fixed(place, term) for _, place in powers):
            return None
        shared = powers
        result.append(
            replace(term, atoms=tuple(atom for atom in term.atoms if not isinstance(base_of(atom.head)[0], Value)))
        )
    factors = [at for at, amount in (shared or {}).items() if isinstance(amount, tuple) or amount > 0]
    if any(_may_vanish_with(base, [atom.head for term in result for atom in term.atoms]) for base, _ in factors):
        return None
    there = k.all_of(_somewhere(basis, base, place) for base, place in factors)
    return [replace(term, condition=k.all_of((term.condition, there))) for term in result]


def _may_vanish_with(base: Head, others: Sequence[Head]) -> bool:
    """Whether a factor may be 0 just where a choice beside it is 1, so that their product is 0 though neither is: a
    product of analytic functions is not."""
    choices = [head for head in others if _is_choice(head)]
    if any(_is_choice(head) for head in base.mentions):
        return bool(choices)
    return any(_is_exact(head) and head.mentions & base.mentions for head in choices)


def _somewhere(basis: Basis, base: Head, place: Place) -> Condition:
    """Where a sum is not 0 for some data; Unsupported where this cannot be told."""
    if basis.signs.of_power(base) is Sign.POSITIVE:
        return k.TRUE
    terms = basis.instance(basis.defined[base].terms, place)
    return allowed(terms, Domain.NOT_ZERO, basis.lowering.argument_at)


def choices_are_free(lowering: Translation, groups: Sequence[Heads]) -> bool:
    """Whether the choices in some monomials may fall either way, whatever is supposed of the data so that the formulas
    exist. That analytic functions are not 0 leaves out no more than a boundary."""
    met = frozenset[Head]().union(*({head, *head.mentions} for heads in groups for head, _ in heads))
    choices = [head for head in met if _is_choice(head)]
    for node, domain in lowering.supposed if choices else ():
        names = {part.name for part in node.atoms(Tensor, Definition)}
        touched = [head for head in choices if any(isinstance(e, Entry) and e.name in names for e in head.mentions)]
        not_zero = domain is Domain.NOT_ZERO or lowering.evident(node, Domain.NOT_NEGATIVE)
        boundary = not_zero and not any(map(_is_exact, touched)) and _is_analytic(node)
        if touched and not boundary:
            return False
    return True


def _is_choice(head: Head) -> bool:
    jumps = isinstance(head, Function) and head.function.kind is Kind.JUMP
    return jumps or isinstance(head, Choice | Argmax)


def _is_exact(head: Head) -> bool:
    """Whether a choice is of single values of its argument."""
    if isinstance(head, Choice):
        return head.side is Side.AT
    return isinstance(head, Function) and head.function.name in ("==", "!=")


def _is_analytic(node: Expression) -> bool:
    """Whether no choice stands in a formula."""
    apart = Lowering()
    try:
        found = apart.lower(node, tuple(Int.symbol(apart.fresh()) for _ in node.shape), {}, frozenset())
    except (Unsupported, LimitReached, ShapeError):
        return False
    heads = frozenset[Head]().union(*({a.head, *a.head.mentions} for term in found for a in term.atoms))
    return not any(map(_is_choice, heads))


def independent(basis: Basis, groups: Sequence[Heads]) -> bool:
    """Whether the unknowns of some monomials may take any values, as far as polynomials can tell."""
    if not choices_are_free(basis.lowering, groups):
        return False
    exponentials: dict[Head, None] = {}
    for heads in groups:
        bases = [base_of(head)[0] for head, _ in heads]
        for (head, _), base in zip(heads, bases, strict=True):
            if isinstance(base, PLAIN):
                pass
            elif isinstance(base, Choice):
                same = sum(isinstance(other, Choice) and other.argument == base.argument for other in bases)
                if not isinstance(alone(base.argument), Entry) or same > 1:
                    return False
                if any(other is alone(base.argument) for other in bases) and base.side is Side.AT:
                    return False
            elif isinstance(base, Function) and base.function.kind is Kind.KNOWN and base.function.name == "exp":
                exponentials[base] = None
            elif isinstance(base, Function) and base.function.kind is Kind.KNOWN and base.function.name == "log":
                if not isinstance(alone(base.argument), Entry) or head is not base:
                    return False
            elif isinstance(base, Function) and base.function.kind is Kind.ARBITRARY:
                record = basis.lowering.opaque.get(base)
                if record is None or not record.plain or head is not base:
                    return False
            else:
                return False
            # At equal places x·(1/x) is 1, and √x·√x is x.
            if isinstance(head, Reciprocal | Root) and not _alone_with_its_base(head, heads):
                return False
    return _separate(basis, list(exponentials))


def _alone_with_its_base(head: Head, heads: Heads) -> bool:
    base = base_of(head)[0]
    others = [other for other, _ in heads if base_of(other)[0] is base]
    if isinstance(head, Reciprocal):
        return all(other is head for other in others)
    fixed = isinstance(head, Root) and head.exponent[0].constant is not None and head.exponent[1].constant is not None
    return fixed and sum(isinstance(other, Root | Reciprocal) for other in others) == 1


def _separate(basis: Basis, exponentials: Sequence[Head]) -> bool:
    """Whether no monomial of the data stands in two arguments, of different heads or at different places: then the
    arguments are linearly independent."""
    seen: set[tuple[Head, ...]] = set()
    for head in exponentials:
        definition = basis.defined[head]
        if len(definition.terms) != 1:
            return False
        (term,) = definition.terms
        heads = tuple(sorted((atom.head for atom in term.atoms), key=lambda part: part.order))
        if not heads or heads in seen or len(set(heads)) < len(set(term.atoms)):
            return False
        if not all(isinstance(part, Entry) for part in heads):
            return False
        seen.add(heads)
        subscripts = {index for atom in term.atoms for index in atom.indices}
        if not set(definition.formals) <= subscripts or not term.numerator == term.denominator == 1:
            return False
        if not basis.signs.is_there(term):
            return False  # a sum over nothing is 0
    return True


__all__ = ["independent", "stripped"]
