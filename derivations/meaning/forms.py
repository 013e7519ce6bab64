"""In which unknowns an identity is decided: as translated, in the normal form of functions, without denominators."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from derivations.core import terms as k
from derivations.core.heads import Function, Reciprocal
from derivations.core.heads import Kind as MapKind
from derivations.core.terms import Condition
from derivations.formulas.claims import Claim
from derivations.meaning.basis import Basis
from derivations.meaning.clearing import cleared
from derivations.meaning.contraction import contracted, multiplied, symmetrised
from derivations.meaning.functions import Unsupported
from derivations.meaning.goal import context_condition
from derivations.meaning.independence import independent, stripped
from derivations.meaning.lowering import Lowering, Terms
from derivations.meaning.signs import Signs, bounds_of, orders_of


class Kind(Enum):
    """How functions of data stand in an identity."""

    PLAIN = "as translated"
    BASIS = "in the normal form"
    CLEARED = "without denominators"
    MULTIPLIED = "without denominators, multiplied by matrices whose inverses stand in it"
    STRIPPED = "without denominators and without the factor that all terms share"


@dataclass
class Form:
    """A form, and the normal form that was made for it."""

    kind: Kind = Kind.PLAIN
    basis: Basis | None = None


def has_functions(lowering: Lowering) -> bool:
    """Whether a translation has met functions that the normal form knows."""
    return bool(lowering.matrices) or any(
        isinstance(head, Reciprocal) or (isinstance(head, Function) and head.function.kind is not MapKind.ARBITRARY)
        for head in lowering.opaque
    )


def in_form(lowering: Lowering, claim: Claim, found: Terms, form: Form, there: Condition = k.TRUE) -> Terms:
    """Terms that are 0 exactly where the given ones are, in a form; Unsupported where it has none. `there` is what is
    supposed beside the claim's context, of the compared entry's index, say."""
    around = k.all_of((context_condition(lowering, claim.context, claim.conditions), there))
    found = contracted(lowering, found, around)
    if form.kind is Kind.PLAIN:
        return symmetrised(lowering, found)

    def named(text: str) -> None:
        lowering.axioms[text] = None

    known = claim.context.assumptions
    basis = form.basis = Basis(lowering, Signs(around, bounds_of(known), named, orders=orders_of(known)))
    basis.exclude(lowering.kinks)
    terms = basis.merged(basis.normal(found))
    if form.kind is Kind.BASIS:
        return symmetrised(lowering, terms)
    terms = cleared(basis, terms)
    if form.kind is Kind.MULTIPLIED:
        return multiplied(lowering, terms, around, lambda found: basis.vanishes(basis.merged(found)))
    terms = symmetrised(lowering, terms)
    if form.kind is Kind.STRIPPED:
        bare = stripped(basis, terms)
        if bare is None:
            raise Unsupported("a sum under a bar that stands in some terms only")
        return bare
    return terms


__all__ = ["Form", "Kind", "has_functions", "in_form", "independent"]
