"""From formulas to kernel sums: what each node means, entry by entry.

`Lowering.lower(node, index)` gives the terms of one entry. Linear operators are read off their row's index definition;
derivatives are taken on the terms themselves by the product and the chain rule, so that no operator has an adjoint
rule. What is nonlinear enters as an opaque atom: a function of its normalised entry. This file is the table of nodes;
each kind has its module.

What this module cannot see: whether entries exist. That is `existence.py`; lowering supposes it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from derivations.core.sums import Atom, LimitReached, Term
from derivations.core.terms import Int
from derivations.formulas.expressions import (
    Apply,
    Bracket,
    ByIndex,
    Constant,
    DataBracket,
    Definition,
    Differential,
    Elementwise,
    Entry,
    Expression,
    Grad,
    IndexSum,
    Jacobian,
    Literal,
    Loss,
    Minus,
    Over,
    Plus,
    Power,
    SizeTuple,
    Tensor,
    Times,
)
from derivations.meaning import derivatives, linear, quotients
from derivations.meaning.elementwise import data_bracket, elementwise
from derivations.meaning.functions import PI, Unsupported
from derivations.meaning.integers import Environment
from derivations.meaning.linear import argument_of, gathered
from derivations.meaning.matrices import determinant, inverse
from derivations.meaning.maxima import max_pool, max_unpool, maximum
from derivations.meaning.powers import TERM_LIMIT
from derivations.meaning.softmax import softmax
from derivations.meaning.translation import ALL, Cut, Template, Terms, Translation, entangled, scaled
from derivations.operators import OPERATORS

__all__ = ["ALL", "Cut", "Environment", "Lowering", "Template", "Terms", "Unsupported", "entangled", "scaled"]


@dataclass
class Lowering(Translation):
    """One translation: fresh indices, the opaque functions met, and the demands, assumptions and axioms used."""

    def lower(self, node: Expression, index: Sequence[Int], env: Environment, cut: Cut) -> Terms:
        """The terms of entry `index` of a formula; names in `cut` are unknowns, not their definitions."""
        meaning = MEANINGS.get(type(node))
        if meaning is None:
            raise Unsupported(f"there is no meaning for {type(node).__name__}")
        found = meaning(self, node, tuple(index), env, cut)
        if len(found) > TERM_LIMIT:
            raise LimitReached(f"more than {TERM_LIMIT} terms in one entry")
        return found


def apply(lowering: Translation, node: Apply, index: tuple[Int, ...], env: Environment, cut: Cut) -> Terms:
    """An operator of the table: read off its index definition, what it abbreviates, or one of NONLINEAR."""
    row = OPERATORS[node.operator]
    if row.formula is not None:
        return lowering.part(row.formula(*node.arguments), index, env, cut)
    if row.entry is None:
        special = NONLINEAR.get(node.operator)
        if special is None:
            raise Unsupported(f"the prover does not know {node.operator}")
        return special(lowering, node, index, env, cut)
    found = row.entry(index, *[argument_of(lowering, argument, env) for argument in node.arguments])
    gathers = found if isinstance(found, tuple) else (found,)
    return [term for gather in gathers for term in gathered(lowering, gather, node.tensors, env, cut)]


Meaning = Callable[[Any, Any, tuple[Int, ...], Environment, Cut], Terms]

MEANINGS: dict[type, Meaning] = {
    Tensor: linear.tensor,
    Definition: linear.definition,
    Loss: derivatives.loss,
    Constant: linear.constant,
    Literal: linear.literal,
    Plus: linear.plus,
    Minus: linear.minus,
    Times: linear.times,
    Over: quotients.over,
    Power: quotients.power,
    Apply: apply,
    Elementwise: elementwise,
    Entry: linear.entry,
    IndexSum: linear.index_sum,
    ByIndex: linear.by_index,
    Bracket: linear.bracket,
    DataBracket: data_bracket,
    SizeTuple: linear.size_tuple,
    Grad: derivatives.grad,
    Jacobian: derivatives.jacobian,
    Differential: derivatives.differential,
}

def pi(lowering: Lowering, node: Apply, index: tuple[Int, ...], env: Environment, cut: Cut) -> Terms:
    """A real number of which polynomials over the sizes tell nothing: it is transcendental."""
    return [Term((Atom(PI),))]


NONLINEAR: dict[str, Meaning] = {  # the operators of the table that are read off no index definition
    "det": determinant,
    "inv": inverse,
    "max": maximum,
    "max_pool": max_pool,
    "max_unpool": max_unpool,
    "pi": pi,
    "softmax": softmax,
}
