"""Softmax over the last axis: exp z_j / Σ_k exp z_k, so that its derivative is that of a quotient of exponentials."""

from __future__ import annotations

from collections.abc import Sequence

from derivations.core import terms as k
from derivations.core.heads import INVERSE, Kind, Map
from derivations.core.sums import Term
from derivations.core.terms import Int
from derivations.formulas.expressions import Apply
from derivations.meaning.elementwise import apply_function, function
from derivations.meaning.integers import Environment
from derivations.meaning.translation import Cut, Terms, Translation, formal_places, outer_names

EXP = Map(Kind.KNOWN, "exp")


def softmax(lowering: Translation, node: Apply, index: tuple[Int, ...], env: Environment, cut: Cut) -> Terms:
    """softmax(z)[..., j]; the sum of exponentials is an unknown of the indices before the last."""
    (z,) = node.tensors

    def exponential(place: Sequence[Int], scope: Environment) -> Terms:
        return function(lowering, EXP, 0, z, tuple(place), scope, cut)

    outer = outer_names(z, env)
    lead, formals = len(outer), formal_places(len(outer) + z.rank - 1)  # the indices in scope are the first places
    inner = dict(zip(outer, formals[:lead], strict=True))
    name = lowering.fresh()
    last = Int.symbol(name)
    size = lowering.shape(z, inner)[-1]
    frame = Term((), frozenset({name}), k.between(0, last, size - 1))
    total = lowering.products([[frame], exponential((*formals[lead:], last), inner)])
    ends = zip(formals[lead:], lowering.shape(z, inner), strict=False)
    guard = k.all_of(k.between(0, i, n - 1) for i, n in ends)
    place = (*[env[outside] for outside in outer], *index[:-1])
    below = apply_function(lowering, INVERSE, 0, total, formals, place, guard)
    return lowering.products([exponential(index, env), below])
