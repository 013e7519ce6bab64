"""A goal as search sees it: reduced pieces, by monomial, on which failures and regions are looked for.

Nothing here need be right for `proved`: it is by the referee, from the goal itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from derivations.core import terms as k
from derivations.core.goals import Equality, Goal
from derivations.core.monomials import Monomials
from derivations.core.names import is_size
from derivations.core.sums import Piece
from derivations.core.terms import Condition, Int
from derivations.search import decide
from derivations.search.decide import Group, of_heads

ONE = Int.of(1)


def grouped(goal: Goal, demands: Iterable[Condition] = ()) -> decide.Goal:
    """The goal's duties and equalities as groups of pieces; the pieces of equalities make further demands too. Raises
    LimitReached."""
    groups = [
        Group(duty.what, (Piece(k.all_of((duty.guard, k.negate(duty.condition))), ONE, ONE),), duty.context)
        for duty in goal.duties
    ]
    for equality in goal.equalities:
        groups += _of_equality(equality, frozenset(demands))
    return decide.Goal(goal.sizes, goal.context, tuple(groups))


def _of_equality(equality: Equality, demands: frozenset[Condition]) -> list[Group]:
    # What is supposed of indices, such as the entry's range, helps to solve for the bound ones.
    supposed = [part for part in k.conjuncts(equality.context) if not all(map(is_size, k.condition_symbols(part)))]
    monomials = Monomials()
    for term in equality.terms:
        monomials.add(replace(term, condition=k.all_of((term.condition, *supposed))))
    # Terms may have cancelled by what they demand before any of them came here.
    nothing = Piece(k.TRUE, Int.of(0), ONE, demands=demands)
    return [Group("demands", (nothing,), equality.context)] * bool(demands) + [
        Group(
            of_heads(heads), tuple(replace(piece, demands=piece.demands | demands) for piece in pieces),
            equality.context, heads,
        )
        for heads, pieces in monomials.groups.items()
    ]  # fmt: skip
