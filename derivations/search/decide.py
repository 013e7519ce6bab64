"""Search's decision: at which sizes do all pieces cancel? What it says is to be shown to the referee.

A `Goal` is a list of groups of pieces over (sizes; variables). It holds at sizes P when, in every group, for all values
of the variables, Σ coefficient·[condition] = 0. `prove` finds that it holds at all sizes of a context;
`prove_fails` that at every size of a context it fails (some variables' values give a sum ≠ 0).

Laws: coefficients belong to pieces, so overlapping pieces are added before they are compared with 0. A divisor's
positivity is proved before any quotient is trusted. `Unknown` from a decider is never yes and never no.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

from derivations.core.cells import CELL_LIMIT, cells, merge, substituted
from derivations.core.fractions import without_positive_factors
from derivations.core.heads import Heads
from derivations.core.implication import Known, irredundant
from derivations.core.names import Name, in_order
from derivations.core.sums import Piece
from derivations.core.terms import (
    FALSE,
    TRUE,
    Condition,
    Int,
    Quotient,
    Sym,
    all_of,
    condition_symbols,
    condition_terms,
    conjuncts,
    evaluate,
    holds,
    negate,
    nonnegative,
    render,
    substitute,
    substitute_condition,
    zero,
)
from derivations.core.writing import syntax, written
from derivations.search.solver import (
    IslLimit,
    Satisfiable,
    Solver,
    Unknown,
    Unsatisfiable,
    is_affine,
    isl_coordinates,
    isl_limited,
    isl_nonzero,
    isl_point,
    isl_set,
)

POINTS = 2_000  # values of free indices that are tried one by one at given sizes


@dataclass(frozen=True)
class Group:
    """Pieces of one monomial of `heads` (`name` tells which), whose coefficients must cancel under `context` (what may
    be supposed there besides the claim's own context: that both sides exist and have one shape)."""

    name: str
    pieces: tuple[Piece, ...]
    context: Condition = TRUE
    heads: Heads = ()


def of_heads(heads: Heads) -> str:
    """A monomial in words, for messages."""
    return " · ".join(str(head) for head, _ in heads) or "the constant"


@dataclass(frozen=True)
class Goal:
    """A statement to decide: the sizes' names, what is supposed of them, and the groups that must cancel."""

    sizes: tuple[Name, ...]
    context: Condition
    groups: tuple[Group, ...]


@dataclass(frozen=True)
class Believed:
    """Search's word that a goal holds at all sizes of its context, or fails at all of them. It is no proof: the referee
    makes those."""


@dataclass(frozen=True)
class CounterModel:
    """Sizes (and values of the variables) at which a group does not cancel."""

    sizes: dict[Name, int]
    group: str
    values: dict[Name, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Undecided:
    """Why the kernel cannot tell."""

    reason: str


Decision = Believed | CounterModel | Undecided


def divisors(conditions: Iterable[Condition]) -> set[Int]:
    """Every divisor of a quotient that stands in the conditions, unless it is a positive number."""
    found: set[Int] = set()
    seen: set[Int] = set()

    def visit(term: Int) -> None:
        if term in seen:
            return
        seen.add(term)
        for generator in term.generators():
            if not isinstance(generator, Sym):
                if isinstance(generator, Quotient) and (generator.q.constant or 0) < 1:
                    found.add(generator.q)
                visit(generator.p)
                visit(generator.q)

    for condition in conditions:
        for term in condition_terms(condition):
            visit(term)
    return found


def quotient_free(context: Condition) -> Condition:
    """The conjuncts of a context in which no quotient by a symbol stands."""
    return all_of(part for part in conjuncts(context) if not divisors([part]))


def check_demands(solver: Solver, context: Condition, conditions: Sequence[Condition]) -> str | None:
    """None if every divisor in the conditions, and every demand, is proved; else what is missing."""
    base = quotient_free(context)
    for divisor in sorted(divisors([context, *conditions]), key=render):
        if solver.implies(base, nonnegative(divisor - 1)) is not True:
            return f"that the divisor {syntax(divisor)} is positive"
    return None


def prepare(solver: Solver, goal: Goal, group: Group) -> tuple[list[Piece], str | None]:
    """The group's pieces, merged, and what keeps the kernel from trusting them (None: nothing)."""
    found: tuple[list[Piece], str | None] = _remembered(solver, goal, group, "pieces", _prepare)
    return found


def _remembered(solver: Solver, goal: Goal, group: Group, kind: str, compute: Callable[..., Any]) -> Any:
    """What was computed before of the same group (which the memory keeps alive) under the same context, of whichever
    goal, or the computation."""
    key = (kind, goal.context, goal.sizes, id(group))
    if key not in solver.memory:
        solver.memory[key] = (group, compute(solver, goal, group))
    return solver.memory[key][1]


def _prepare(solver: Solver, goal: Goal, group: Group) -> tuple[list[Piece], str | None]:
    context = all_of((goal.context, group.context))
    pieces = merge(
        [replace(piece, condition=irredundant(piece.condition, context)) for piece in group.pieces]
    )
    conditions = [piece.condition for piece in pieces]
    amounts = [nonnegative(value) for piece in pieces for value in (piece.numerator, piece.denominator)]
    missing = check_demands(solver, context, [*conditions, *amounts])
    if missing is None:
        # Of all pieces, those that cancelled too: they may have become equal by what they demand.
        for demand in sorted(frozenset().union(*(piece.demands for piece in group.pieces)), key=render):
            if solver.implies(quotient_free(context), demand) is not True:
                missing = f"that {written(demand)}"
    if missing is None and any(piece.leftover for piece in pieces):
        missing = "how often a sum over several free indices counts"
    return pieces, missing


def failures(solver: Solver, goal: Goal, group: Group) -> tuple[list[Condition], str | None]:
    """The conditions whose disjunction says that the group does not cancel, and what is not understood."""
    found: tuple[list[Condition], str | None] = _remembered(solver, goal, group, "failures", _failures)
    return found


def _failures(solver: Solver, goal: Goal, group: Group) -> tuple[list[Condition], str | None]:
    pieces, missing = prepare(solver, goal, group)
    if missing is not None:
        return [], missing
    context = all_of((goal.context, group.context))
    try:
        known = Known(conjuncts(context))
        found = [(cell, without_positive_factors(value, known)) for cell, value in cells(pieces, context)]
        return [all_of((cell, negate(zero(value)))) for cell, value in found], None
    except OverflowError:
        return [], f"more than {CELL_LIMIT} overlapping cases"


def affine_failures(
    solver: Solver, pieces: Sequence[Piece], context: Condition, first: Sequence[Name]
) -> tuple[Any, list[Name]] | None:
    """The isl set of the points (sizes `first`, then the variables) where affine pieces do not cancel under a context,
    with its symbols; None where something is not affine. Whoever calls sets isl's limit."""
    if any((piece.denominator.constant or 0) <= 0 for piece in pieces):
        return None
    conditions = [piece.condition for piece in pieces]
    amounts = [nonnegative(piece.numerator) for piece in pieces]
    if not all(is_affine(condition) for condition in (context, *conditions, *amounts)):
        return None
    names = frozenset().union(*(condition_symbols(part) for part in (context, *conditions, *amounts)))
    symbols = [*first, *in_order(names - set(first))]
    solver.statistics.isl += 1
    return isl_nonzero(context, pieces, symbols), symbols


def prove(solver: Solver, goal: Goal) -> Decision:
    """Whether every group cancels at all sizes of the context.

        context ∧ group context ∧ failure is unsatisfiable, for each failure of each group
        ──────────────────────────────────────────────────────────────────────────────────
        the goal holds at all sizes of the context
    """
    undecided: Undecided | None = None
    for group in goal.groups:
        decision: Decision = _remembered(solver, goal, group, "decision", _decide)
        if isinstance(decision, CounterModel):
            return decision
        if isinstance(decision, Undecided):
            undecided = undecided or decision
    return undecided or Believed()


def _decide(solver: Solver, goal: Goal, group: Group) -> Decision:
    """Whether one group of a goal cancels at all sizes of the context."""
    pieces, missing = prepare(solver, goal, group)
    if missing is None:
        try:
            with isl_limited(solver.isl_operations):
                affine = affine_failures(solver, pieces, all_of((goal.context, group.context)), goal.sizes)
                model = isl_point(*affine) if affine is not None else None
        except IslLimit:
            affine = None  # the cells, one by one, may be simpler
        if affine is not None:
            if model is None:
                return Believed()
            return CounterModel({name: model[name] for name in goal.sizes}, group.name, model)
    conditions, missing = failures(solver, goal, group)
    if missing is not None:
        return Undecided(f"the kernel cannot tell {missing}")
    undecided: Undecided | None = None
    for failure in conditions:
        answer = solver.satisfiable(all_of((goal.context, group.context, failure)))
        if isinstance(answer, Satisfiable):
            sizes = {name: answer.model.get(name, 0) for name in goal.sizes}
            if all(name in answer.model for name in goal.sizes) or _admits(goal, sizes):
                return CounterModel(sizes, group.name, answer.model)
            return CounterModel(_complete(solver, goal, answer.model), group.name, answer.model)
        if isinstance(answer, Unknown):
            undecided = undecided or Undecided(f"past {answer.limit}")
    return undecided or Believed()


def _admits(goal: Goal, sizes: dict[Name, int]) -> bool:
    try:
        return holds(goal.context, sizes)
    except (KeyError, ZeroDivisionError):
        return False


def _complete(solver: Solver, goal: Goal, model: dict[Name, int]) -> dict[Name, int]:
    """Sizes of the context that extend a partial model."""
    fixed = [zero(Int.symbol(name) - value) for name, value in model.items() if name in goal.sizes]
    answer = solver.satisfiable(all_of((goal.context, *fixed)))
    found = answer.model if isinstance(answer, Satisfiable) else {}
    return {name: found.get(name, model.get(name, 1)) for name in goal.sizes}


def holds_at(solver: Solver, goal: Goal, sizes: Mapping[Any, int]) -> bool | None:
    """Whether the goal holds at given sizes (with numbers for sizes, what is affine in the indices isl decides)."""
    for _, answer in failing_values(solver, goal, sizes):
        return None if answer is None else False
    return True


def _at(piece: Piece, values: dict[Name, Int]) -> Piece:
    return Piece(
        substitute_condition(piece.condition, values),
        substitute(piece.numerator, values),
        substitute(piece.denominator, values),
    )


def failing_sizes(solver: Solver, goal: Goal) -> Any | None:
    """The isl set of the sizes of the context at which the goal fails, exactly; None where it is not affine."""
    import islpy as isl

    try:
        with isl_limited(solver.isl_operations):
            found: Any = isl_set(FALSE, goal.sizes)
            for group in goal.groups:
                pieces, missing = prepare(solver, goal, group)
                if missing is not None:
                    return None
                affine = affine_failures(solver, pieces, all_of((goal.context, group.context)), goal.sizes)
                if affine is None:
                    return None
                points, symbols = affine
                count = len(goal.sizes)
                found = found.union(points.project_out(isl.dim_type.set, count, len(symbols) - count))
            return found.coalesce()
    except IslLimit:
        return None


def prove_fails(solver: Solver, goal: Goal, outside: Condition, instances: Sequence[dict[Name, Int]]) -> Decision:
    """Whether at every size of the context and `outside` some group fails to cancel.

    A universal statement "for all values of the variables all groups cancel" implies its instances; so

        context ∧ outside ∧ (every instance of every group cancels) is unsatisfiable
        ────────────────────────────────────────────────────────────────────────────
        at every size of the context and outside the goal fails

    `instances` map the variables to integer terms in the sizes; they come from an untrusted proposer. A CounterModel
    gives sizes at which every instance cancels (the proposer may then find a new instance there).
    """
    demands: list[Condition] = []
    supposed = all_of((goal.context, outside))
    known = Known(conjuncts(supposed))
    for group in goal.groups:
        conditions, missing = failures(solver, goal, group)
        if missing is not None:
            continue
        for condition in conditions:
            failure = all_of((group.context, condition))
            variables = in_order(condition_symbols(failure) - set(goal.sizes))
            seen = set()
            for instance in instances if variables else [{}]:
                if any(name not in instance for name in variables):
                    continue
                specific = substituted(failure, {name: instance[name] for name in variables})
                specific = all_of(part for part in conjuncts(specific) if not known.implies(part))
                if specific not in seen and specific != FALSE:
                    seen.add(specific)
                    demands.append(negate(specific))
    missing_divisor = check_demands(solver, supposed, demands)
    if missing_divisor is not None:
        return Undecided(f"the kernel cannot tell {missing_divisor}")
    answer = solver.satisfiable(all_of((supposed, *demands)))
    if isinstance(answer, Unsatisfiable):
        return Believed()
    if isinstance(answer, Unknown):
        return Undecided(f"past {answer.limit}")
    return CounterModel({name: answer.model.get(name, 1) for name in goal.sizes}, "", answer.model)


def failing_values(
    solver: Solver, goal: Goal, sizes: Mapping[Any, int]
) -> Iterator[tuple[Group, dict[Name, int] | None]]:
    """Each group that fails at given sizes, with the smallest values of its variables at which it does; None where the
    kernel cannot decide it there."""
    values = {name: Int.of(value) for name, value in sizes.items()}
    if substituted(goal.context, values) != TRUE:
        return
    for group in goal.groups:
        context = substituted(group.context, values)
        if context == FALSE:
            continue
        try:
            pieces = merge([_at(piece, values) for piece in group.pieces])
        except ZeroDivisionError:
            yield group, None
            continue
        if not pieces:
            continue
        if any(piece.leftover for piece in pieces):
            yield group, None
            continue
        try:
            with isl_limited(solver.isl_operations):
                affine = affine_failures(solver, pieces, context, ())
                model = isl_point(*affine, smallest=True) if affine is not None else None
        except IslLimit:
            affine = None
        if affine is None:
            answer = _first_failure(solver, pieces, context)
            if answer is None or answer:
                yield group, answer
        elif model is not None:
            yield group, model


def _first_failure(solver: Solver, pieces: Sequence[Piece], context: Condition) -> dict[Name, int] | None:
    """The smallest values at which pieces without sizes do not add up to 0, of those at which some piece applies; {} if
    there are none, None if these are not finitely many or too many to try."""
    conditions = [all_of((context, piece.condition)) for piece in pieces]
    amounts = [term.symbols() for piece in pieces for term in (piece.numerator, piece.denominator)]
    symbols = in_order(frozenset().union(*map(condition_symbols, conditions), *amounts))
    if not all(map(is_affine, conditions)):
        return None
    try:
        with isl_limited(solver.isl_operations):
            points = isl_set(FALSE, symbols)
            for condition in conditions:
                points = points.union(isl_set(condition, symbols))
            if not points.is_bounded() or int(points.count_val().to_python()) > POINTS:
                return None
            found: list[tuple[int, ...]] = []
            points.foreach_point(lambda point: found.append(isl_coordinates(point, len(symbols))))
    except IslLimit:
        return None
    for values in sorted(found):
        model = dict(zip(symbols, values, strict=True))
        total = Fraction(0)
        for piece, condition in zip(pieces, conditions, strict=True):
            if holds(condition, model):
                divisor = evaluate(piece.denominator, model)
                if not divisor:
                    return None
                total += Fraction(evaluate(piece.numerator, model), divisor)
        if total:
            return model
    return {}


__all__ = [
    "Believed",
    "CounterModel",
    "Decision",
    "Goal",
    "Group",
    "Undecided",
    "evaluate",
    "failing_sizes",
    "failing_values",
    "holds_at",
    "of_heads",
    "prove",
    "prove_fails",
]  # fmt: skip
