"""What the referee is asked: goals, and the plans by which search says how they are shown. Nothing decides here.

    Goal      = sizes with their context; duties (conditions that must hold); equalities (Σ terms = 0 for all data)
    Plan      = what search says of one term: how each of its bound indices goes; the referee goes the same way
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from derivations.core.names import Name
from derivations.core.sums import Term
from derivations.core.terms import TRUE, Condition, Greatest, Int, Least, Quotient

# -- what is to be shown ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Duty:
    """`condition` holds, for all values of its symbols, wherever `context` and `guard` do; `what` says it in words."""

    what: str
    context: Condition
    condition: Condition
    guard: Condition = TRUE


@dataclass(frozen=True)
class Equality:
    """The terms add up to 0 for all data and all values of their free symbols, wherever `context` holds."""

    what: str
    context: Condition
    terms: tuple[Term, ...]


@dataclass(frozen=True)
class Goal:
    """What is to hold at all sizes of a context. `premises` must hold wherever the goal is said to hold or to fail:
    they are what reading the formulas supposed, such as that two arguments of one function are equal."""

    sizes: tuple[Name, ...]
    context: Condition
    duties: tuple[Duty, ...] = ()
    equalities: tuple[Equality, ...] = ()
    premises: tuple[Duty | Equality, ...] = ()


# -- what search hands over -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Solve:
    """The condition determines a bound index."""

    index: Name
    value: Int
    then: Plan


@dataclass(frozen=True)
class Known:
    """The condition determines a quotient."""

    quotient: Quotient
    value: Int
    then: Plan


@dataclass(frozen=True)
class Count:
    """The condition bounds an index, of which nothing else speaks, by `low` and `high`."""

    index: Name
    low: Int
    high: Int
    then: Plan


@dataclass(frozen=True)
class Split:
    """Two cases: the condition holds; it does not."""

    condition: Condition
    yes: Plan
    no: Plan


@dataclass(frozen=True)
class Extremum:
    """Two cases of a minimum or maximum: p <= q; q < p. In each it is one of them."""

    extremum: Least | Greatest
    yes: Plan
    no: Plan


@dataclass(frozen=True)
class Leaf:
    """The indices that are left, in the order in which they are compared with those of other terms."""

    left: tuple[Name, ...] = ()


Plan = Solve | Known | Count | Split | Extremum | Leaf
Plans = Sequence[Sequence[Plan | None]]  # of one equality: of each term, of each order of its atoms or of just one
