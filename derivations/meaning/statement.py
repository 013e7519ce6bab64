"""The statement that a link of a claim makes, as the referee's goal: both sides exist, have one shape, and agree.

Law: what a duty supposes is what the duties before it have established for sizes, so that no quotient is used before
its divisor is known to be positive. What it cannot see: whether the statement is so.
"""

from __future__ import annotations

from collections.abc import Collection

from derivations.core import terms as k
from derivations.core.goals import Duty, Equality, Goal
from derivations.core.heads import Entry
from derivations.core.names import Mark, Role
from derivations.core.sums import Term
from derivations.core.terms import Condition, Int
from derivations.formulas.claims import Claim, Context, Link
from derivations.formulas.expressions import Expression
from derivations.formulas.indices import free_names
from derivations.meaning.existence import obligations
from derivations.meaning.factoring import factored
from derivations.meaning.forms import Form, in_form
from derivations.meaning.goal import context_condition
from derivations.meaning.hypotheses import apply_hypotheses
from derivations.meaning.lowering import Lowering, scaled
from derivations.meaning.relations import related


def goal_of(
    lowering: Lowering, claim: Claim, link: Link, entries: Link | None = None, region: Condition = k.TRUE,
    form: Form | None = None, zeros: Collection[str] = (),
) -> Goal:  # fmt: skip
    """The statement that a link holds at all sizes of a region: both sides exist, have one shape, and agree in every
    entry (in those of another link, of the same shapes, if one is given; of data in which some tensors are 0), in a
    form."""
    names = tuple(dim.name for dim in claim.context.dims)
    context = context_condition(lowering, claim.context, claim.conditions)
    env = {free.index.name: Int.symbol(Mark(Role.FREE, number)) for number, free in enumerate(link.free)}
    guard = k.all_of(k.between(0, env[free.index.name], lowering.integer(free.size, {}) - 1) for free in link.free)
    duties: list[Duty] = []
    facts: list[tuple[frozenset[Condition], Condition]] = []  # of sizes: what holds where its guard does
    known = frozenset(k.conjuncts(context))

    def established(guards: Condition) -> Condition:
        """What duties before have established wherever these guards hold."""
        given = frozenset(k.conjuncts(guards))
        return k.all_of(fact for needed, fact in facts if needed <= given)

    # The tensor along which a free index runs must exist for the claim to say anything, whether it has entries or not.
    sides = [(node, "indexed", _ranges_in(lowering, node, link, env)) for node in link.indexed]
    sides += [(link.left, "left side", guard), (link.right, "right side", guard)]
    sides += [(node, "sized", guard) for node in link.supposed]
    for side, name, needed_for in sides:
        for duty in obligations(lowering, side, env, needed_for):
            duties.append(Duty(f"{name}: {duty.what}", established(duty.guard), duty.condition, duty.guard))
            if k.condition_symbols(duty.condition) <= set(names):
                # Where an index has no value the claim says nothing; there the duty is not established.
                facts.append((frozenset(k.conjuncts(duty.guard)) - known, duty.condition))
    same, shape = _common_entries(lowering.shape(link.left, env), lowering.shape(link.right, env))
    duties.append(Duty("shapes", established(guard), same, guard))
    equalities: tuple[Equality, ...] = ()
    if same != k.FALSE:
        index = tuple(Int.symbol(Mark(Role.ENTRY, axis)) for axis in range(len(shape)))
        inside = k.all_of(k.between(0, i, size - 1) for i, size in zip(index, shape, strict=True))
        there = k.all_of((established(k.all_of((guard, inside))), same, guard, inside))
        terms = _difference(lowering, claim, entries or link, env, index)
        for name in zeros:
            terms = [new for term in terms for new in lowering.replaced(term, Entry(name), lambda place: [])]
        terms = in_form(lowering, claim, terms, form or Form(), there)
        equalities = (Equality("entries", *factored(context, there, terms, lowering.fresh)),)
    return Goal(names, k.all_of((context, region)), tuple(duties), equalities, premises(lowering))


def premises(lowering: Lowering) -> tuple[Duty | Equality, ...]:
    """What the reading of the formulas supposed: that terms are equal, and what they demand of the sizes where they
    have become equal by that."""
    demanded = sorted(lowering.demands, key=k.render)
    return (*lowering.premises, *[Duty("what terms demand of the sizes", k.TRUE, demand) for demand in demanded])


def _ranges_in(lowering: Lowering, node: Expression, link: Link, env: dict[str, Int]) -> Condition:
    """The ranges of the free indices that stand in a formula."""
    used = [part for part in link.free if part.index.name in free_names(node)]
    return k.all_of(k.between(0, env[part.index.name], lowering.integer(part.size, {}) - 1) for part in used)


def existence_of(lowering: Lowering, context: Context, node: Expression) -> Goal:
    """The statement that a formula exists at all sizes of a context."""
    duties = tuple(Duty(duty.what, k.TRUE, duty.condition, duty.guard) for duty in obligations(lowering, node, {}))
    names = tuple(dim.name for dim in context.dims)
    return Goal(names, context_condition(lowering, context), duties, (), premises(lowering))


def _common_entries(left: tuple[Int, ...], right: tuple[Int, ...]) -> tuple[Condition, tuple[Int, ...]]:
    """When two shapes are one (a scalar is a 1×1 matrix), and the axes of that shape."""
    if len(left) == len(right):
        return k.all_of(k.equal(p, q) for p, q in zip(left, right, strict=True)), left
    longer = left if len(left) > len(right) else right
    if len(longer) == 2 and not (left and right):
        return k.all_of(k.equal(size, 1) for size in longer), longer
    return k.FALSE, ()


def _difference(
    lowering: Lowering, claim: Claim, link: Link, env: dict[str, Int], index: tuple[Int, ...]
) -> list[Term]:
    """The terms of an entry of left − right."""
    found: list[Term] = []
    for side, sign in ((link.left, 1), (link.right, -1)):
        terms = lowering.lower(side, index if side.rank else (), env, frozenset())
        found += scaled(related(lowering, apply_hypotheses(lowering, claim, terms)), sign)
    return found
