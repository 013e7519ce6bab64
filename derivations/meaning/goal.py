"""What a claim supposes: the conditions of its context and its own, as the core's."""

from __future__ import annotations

from typing import Any

from derivations.core import terms as k
from derivations.core.terms import Condition, Int
from derivations.formulas.claims import Context
from derivations.meaning.lowering import Lowering


def context_condition(lowering: Lowering, context: Context, claim_conditions: Any = ()) -> Condition:
    """What a context says of its dims, with the claim's own conditions."""
    bounds = [k.nonnegative(Int.symbol(dim.name) - dim.least) for dim in context.dims]
    conditions = [lowering.condition(part, {}) for part in (*context.conditions, *claim_conditions)]
    return k.all_of((*bounds, *conditions))
