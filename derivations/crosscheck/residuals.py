"""Which definitions of a backward pass have the values of which gradients: `d2` those of ∂L/∂u2.

Why: what a layer's residual is called, its author knows; a proof of a deep claim goes from one to the next.

Law: a proposal, from one size without coincidences and in floating point; whoever uses a pair proves it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from derivations.crosscheck import derivatives, indexing  # noqa: F401  (register the values of their nodes)
from derivations.crosscheck.data import Manner, Vacuous, data_for, ingredients, satisfied, scope_for
from derivations.crosscheck.evaluate import KinkCrossed, Scope, value_of
from derivations.crosscheck.integers import compiled
from derivations.crosscheck.sizes import Sizes, generic_sizes
from derivations.crosscheck.values import NotEvaluable, TooLarge
from derivations.formulas.claims import Claim, Link
from derivations.formulas.expressions import Definition, Expression, Grad
from numeric.operators import Array, DoesNotExist, Tie

ATTEMPTS = 3
NEAR = 1e-8  # of the largest entry: what agrees further is proposed
LARGEST_WORK = 1_000_000  # squared entries of data beyond which nothing is proposed

UNFIT = (Tie, ZeroDivisionError, KinkCrossed, FloatingPointError, NotEvaluable, OverflowError, DoesNotExist, TooLarge)


def residuals(
    claim: Claim, of: Expression, through: Sequence[Definition], named: Sequence[Definition]
) -> list[tuple[Definition, Definition]]:
    """(u, d) for each definition u of `through` and each d of `named` that has the values of ∂of/∂u, in the order of
    `through`."""
    gradients = [Grad(of, u) for u in through]
    link = Link(of, of, (), "", (*gradients, *named))
    needs = ingredients(claim, link)
    conditions = (*claim.context.conditions, *claim.conditions)
    shapes = [[compiled(size) for size in tensor.shape] for tensor in needs.tensors]

    def work(sizes: Sizes) -> int:
        return sum(int(np.prod([max(size(sizes), 0) for size in shape])) for shape in shapes)

    for sizes in generic_sizes(claim.context, conditions, 1, work=work):
        if work(sizes) ** 2 > LARGEST_WORK:
            return []
        for seed in range(ATTEMPTS):
            manner = Manner(False, needs.kinked, seed > 0, seed, 2, needs.scale, False)
            with np.errstate(all="ignore"):
                try:
                    data = data_for(needs, sizes, manner)
                    if needs.assumptions and not satisfied(needs, sizes, data, False).all():
                        continue
                    scope = scope_for(needs, sizes, data, False)
                    firsts, seconds = ([_value(node, scope) for node in nodes] for nodes in (gradients, named))
                except (*UNFIT, Vacuous):
                    continue
            return [
                (u, d)
                for u, first in zip(through, firsts, strict=True)
                for d, second in zip(named, seconds, strict=True)
                if _near(first, second)
            ]
    return []


def _value(node: Expression, scope: Scope) -> Array | None:
    """The value (samples, *shape); None where it cannot be computed."""
    try:
        found = value_of(node, scope).array
    except UNFIT:
        return None
    return np.asarray(found[:, 0], dtype=np.float64) if found.dtype.kind in "if" else None


def _near(first: Array | None, second: Array | None) -> bool:
    if first is None or second is None or first.shape[1:] != second.shape[1:] or not first.any():
        return False
    return bool(np.all(np.abs(first - second) <= NEAR * np.abs(first).max()))


__all__ = ["residuals"]
