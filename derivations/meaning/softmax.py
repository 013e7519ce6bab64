"""Softmax over the last axis: an opaque atom with its derivative softmax·(dz − Σ softmax·dz)."""

from __future__ import annotations

from collections.abc import Sequence

from derivations.core import terms as k
from derivations.core.heads import Softmax
from derivations.core.sums import Atom, Term, canonical_argument
from derivations.core.terms import Int
from derivations.formulas.expressions import Apply
from derivations.meaning.functions import Unsupported
from derivations.meaning.integers import Environment
from derivations.meaning.translation import Cut, Opaque, Terms, Translation, formal_places, outer_names


def softmax(lowering: Translation, node: Apply, index: tuple[Int, ...], env: Environment, cut: Cut) -> Terms:
    (z,) = node.tensors
    outer = outer_names(z, env)
    lead, formals = len(outer), formal_places(len(outer) + z.rank)  # the indices in scope are the first places
    inner = dict(zip(outer, formals[:lead], strict=True))
    argument, demands = canonical_argument(lowering.lower(z, formals[lead:], inner, cut))
    lowering.demands |= demands
    head = Softmax(lowering.shape(z, inner)[-1], argument)

    def expand(indices: Sequence[Int]) -> list[tuple[Term, Terms]]:
        here = Atom(head, tuple(indices))
        name = lowering.fresh()
        other = (*indices[:-1], Int.symbol(name))
        there = dict(zip(outer, indices[:lead], strict=True))
        inside = k.between(0, other[-1], lowering.shape(z, there)[-1] - 1)
        around = Term((here, Atom(head, other)), frozenset({name}), inside, Int.of(-1))
        return [
            (Term((here,)), lowering.lower(z, indices[lead:], there, cut)),
            (around, lowering.lower(z, other[lead:], there, cut)),
        ]

    lowering.opaque[head] = Opaque(expand, lambda change, indices: _no_rebuild(), plain=False)
    lowering.axioms["softmax' = softmax·(dz − Σ softmax·dz), softmax > 0"] = None
    return [Term((Atom(head, (*[env[name] for name in outer], *index)),))]


def _no_rebuild() -> Terms:
    raise Unsupported("a derivative by a definition inside softmax or max pooling")
