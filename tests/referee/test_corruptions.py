"""Plans of real claims, corrupted in every way they can be: whatever changes what a term says is refused.

From each term t of the documents, and of sums made by chance that are counted, divided and left over where the
documents' are mostly solved, a goal t − u = 0 is made, where u is what the corrupted plan leads to if all that it says
is believed. Whether a corruption does harm is found by evaluation alone: u is compared with the sum itself at small
sizes and places. What does harm must be refused. Regions are made larger and smaller.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice, product
from pathlib import Path

import pytest

import derivations
from derivations.batch.run import read_document
from derivations.core import terms as k
from derivations.core.deciders import Answer, Panel
from derivations.core.goals import Count, Equality, Extremum, Goal, Known, Leaf, Plan, Solve, Split
from derivations.core.heads import Entry, Heads
from derivations.core.names import Mark, Name, Role, in_order
from derivations.core.parts import Part, alternatives
from derivations.core.referee import Proof, Referee, Refused, _Hearing
from derivations.core.sums import Atom, LimitReached, Term, arrangements, place, rename_term
from derivations.core.terms import Condition, Int
from derivations.formulas.claims import Claim, Link
from derivations.judgement.means import Means, same_terms
from derivations.meaning.functions import Unsupported
from derivations.meaning.lowering import Lowering
from derivations.meaning.statement import goal_of
from derivations.search.decide import Believed, prove
from derivations.search.groups import grouped
from derivations.search.plans import planned
from derivations.search.region import find
from derivations.search.samples import small_sizes
from derivations.search.solver import Solver

ROOT = Path(derivations.__file__).parent
DOCUMENTS = sorted((ROOT / "documents").glob("*.md"))
BOUND = 2  # bound indices of a term whose sum is evaluated
KINDS = (
    "substitution", "substitution left out", "quotient", "interval", "interval left out", "cases exchanged",
    "case missing", "index forgotten",
)  # fmt: skip
WANTED = 1_000  # harmful corruptions
MOST = 150  # of one kind
LEAST = 20  # of one kind
SIZES, POINTS, BOX = 3, 12, range(-2, 7)


@dataclass(frozen=True)
class Case:
    """A term with its goal's context, and the plan of its first arrangement."""

    goal: Goal
    equality: Equality
    term: Term
    plans: list[Plan]


def cases() -> Iterator[Case]:
    """Different terms of the documents' claims that have bound indices, few enough to be evaluated."""
    met: set[tuple[Condition, Term]] = set()
    for path in DOCUMENTS:
        for claim in read_document(path).claims:
            for link in claim.links:
                lowering = Lowering()
                lowering.same = same_terms(lowering, claim, Solver())
                try:
                    goal = goal_of(lowering, claim, link)
                    for equality in goal.equalities:
                        for term in equality.terms:
                            one = replace(equality, terms=(term,))
                            if 0 < len(term.bound) <= BOUND and (goal.context, term) not in met:
                                met.add((goal.context, term))
                                yield Case(replace(goal, duties=()), one, term, list(planned(one)[0]))
                except (Unsupported, LimitReached):
                    continue


N, S, P = Int.symbol("n"), Int.symbol("s"), Int.symbol("p")
NAMES = [Mark(Role.BOUND, 1), Mark(Role.BOUND, 2)]


def made_by_chance(chance: random.Random) -> Case | None:
    """A sum over one or two indices, with what makes plans of every kind: ranges that are counted, minima, quotients,
    disjunctions, entries of x at some of them; None where search has no plan."""
    first, second = map(Int.symbol, NAMES)
    some = [Int.of(0), Int.of(1), N - 1, S, N + S - 2, k.least(N, S), k.greatest(N, S) - 1, (N + S) // S, N // S]

    def part(index: Int, other: Int) -> Condition:
        low, high = chance.choice([Int.of(0), Int.of(-1), chance.choice(some) - 1]), chance.choice(some)
        return chance.choice([
            k.between(low, index, high),
            k.all_of((k.between(low, index, high), k.between(other - 1, index, other + S - 1))),
            k.all_of((k.between(Int.of(0), index, N + 1), k.equal(index // S, chance.choice([P, other, N // S])))),
            k.all_of((k.between(low, index, high),
                      k.any_of((k.at_most(S, chance.choice([index, other, N - 1])), k.at_most(N, P))))),
            k.equal(chance.choice([index, index + other, S * index, index - k.least(other, S)]),
                    chance.choice([P, *some])),
        ])  # fmt: skip

    bound = NAMES[: chance.choice([1, 2, 2])]
    condition = k.all_of((k.between(Int.of(-1), first, N + S), part(first, second if len(bound) == 2 else P)))
    if len(bound) == 2:
        condition = k.all_of((condition, k.between(Int.of(-1), second, N + S), part(second, first)))
    indices = [each for each in map(Int.symbol, bound) if chance.random() < 0.5]
    atoms = tuple(Atom(Entry("x"), (chance.choice([each, each + P, S * each]),)) for each in indices[:1])
    numerator = chance.choice([Int.of(1), Int.of(1), N, P + 2, *map(Int.symbol, bound)])
    term = Term(atoms, frozenset(bound), condition, numerator)
    context = k.all_of((k.at_most(1, N), k.at_most(1, S)))
    one = Equality("a sum by chance", k.between(Int.of(0), P, N), (term,))
    try:
        return Case(Goal(("n", "s"), context), one, term, list(planned(one)[0]))
    except LimitReached:
        return None


def corrupted(plan: Plan) -> Iterator[tuple[str, Plan]]:
    """The plan with one thing wrong, in each way."""
    if isinstance(plan, Solve | Known):
        kind = "substitution" if isinstance(plan, Solve) else "quotient"
        for value in (plan.value + 1, plan.value - 1, -plan.value, plan.value * 2, Int.of(0)):
            if value != plan.value:
                yield kind, replace(plan, value=value)
        yield f"{kind} left out", plan.then
    if isinstance(plan, Count):
        yield "interval", replace(plan, low=plan.low + 1)
        yield "interval", replace(plan, low=plan.low - 1)
        yield "interval", replace(plan, high=plan.high + 1)
        yield "interval", replace(plan, high=plan.high - 1)
        yield "interval", Solve(plan.index, plan.low, plan.then)
        yield "interval left out", plan.then
    if isinstance(plan, Split | Extremum):
        yield "cases exchanged", replace(plan, yes=plan.no, no=plan.yes)
        yield "case missing", replace(plan, no=Leaf())
        yield "case missing", plan.yes
        for part in ("yes", "no"):
            for kind, then in corrupted(getattr(plan, part)):
                yield kind, replace(plan, **{part: then})
    elif isinstance(plan, Leaf):
        if plan.left:
            yield "index forgotten", Leaf(plan.left[1:])
    else:
        for kind, then in corrupted(plan.then):
            yield kind, replace(plan, then=then)


def points(case: Case, order: int, chance: random.Random) -> Iterator[dict[Name, int]]:
    """Small sizes with small values of all free symbols, for which the context holds; half of them where the term is
    not 0."""
    _, condition = arrangements(case.term)[0][order]
    context = k.all_of((case.goal.context, case.equality.context))
    free = in_order(k.condition_symbols(k.all_of((condition, context))) - case.term.bound - set(case.goal.sizes))
    bound = in_order(case.term.bound)
    for sizes in islice(small_sizes(case.goal, SIZES), SIZES):
        for _ in range(POINTS):
            values = {**sizes, **{name: chance.choice(BOX) for name in (*free, *bound)}}
            for part in k.conjuncts(condition):  # places follow from the bound indices
                if isinstance(part, k.Zero):
                    for name in free:
                        found = k.substitute(part.term, {n: Int.of(v) for n, v in values.items() if n != name})
                        slope = found.terms.get((k.Sym(name),), 0)
                        if abs(slope) == 1 and len(found.terms) <= 2:
                            values[name] = -found.terms.get((), 0) * slope
            if _holds(context, values):
                yield {name: value for name, value in values.items() if name not in case.term.bound}


def _holds(condition: Condition, values: dict[Name, int]) -> bool:
    try:
        return k.holds(condition, values)
    except ZeroDivisionError:
        return False


def amount(case: Case, order: int, values: dict[Name, int]) -> object:
    """The coefficient itself: a sum over all values of the bound indices in a box."""
    orders, times = arrangements(case.term)
    _, condition = orders[order]
    names = in_order(case.term.bound)
    total = 0
    for chosen in product(BOX, repeat=len(names)):
        point = {**values, **dict(zip(names, chosen, strict=True))}
        if _holds(condition, point):
            divisor = k.evaluate(case.term.denominator, point) or 1
            total += k.evaluate(case.term.numerator, point) * times * 720_720 // divisor
    return total


def believed(case: Case, order: int, plan: Plan) -> object:
    """What the plan leads to, if all that it says is believed; None where it is refused all the same."""
    yes = Panel({name: lambda question: Answer.UNSAT for name in "ab"})
    plans = list(case.plans)
    plans[order] = plan
    hearing = _Hearing(yes, case.goal)
    try:
        return hearing.groups(case.equality, [plans]), plans
    except Exception:  # refused at once, whatever deciders say
        return None


Numbers = list[tuple[dict[Name, int], object]]  # points, with the coefficient there


def numbers(case: Case, chance: random.Random) -> Numbers:
    """The coefficient of a term with one arrangement at small points."""
    return [(values, amount(case, 0, values)) for values in points(case, 0, chance)] if len(case.plans) == 1 else []


def harmful(case: Case, plan: Plan, known: Numbers) -> bool:
    """Whether evaluation shows that a plan leads to other numbers than the term says."""
    found = believed(case, 0, plan)
    if found is None:
        return bool(known)
    groups, _ = found  # type: ignore[misc]
    if any(left for _, left in groups):
        return False
    parts = [part for each in groups.values() for part in each]
    for values, right in known:
        total = 0
        try:
            for part in parts:
                if k.holds(part.condition, values):
                    total += k.evaluate(part.numerator, values) * 720_720 // k.evaluate(part.denominator, values)
        except (KeyError, ZeroDivisionError):
            continue
        if total != right:
            return True
    return False


def shown(case: Case, plan: Plan, panel: Panel | None = None) -> object:
    """What the referee says of t − u = 0 with a plan for t, where u is what the plan leads to if it is believed."""
    found = believed(case, 0, plan)
    if found is None:
        return None
    groups, plans = found  # type: ignore[misc]
    others = [_as_term(heads, part) for (heads, _), parts in groups.items() for part in parts]
    equality = replace(case.equality, terms=(case.term, *others))
    goal = replace(case.goal, equalities=(equality,), premises=())
    theirs = planned(replace(equality, terms=tuple(others)))
    return Referee(panel or Panel()).prove(goal, lambda _: [plans, *theirs])


def _as_term(heads: Heads, part: Part) -> Term:
    """−part · Π head[places], as a sum over the places."""
    names = {place(slot, axis): Mark(Role.BOUND, 9_000 + 10 * slot + axis)
             for slot, (_, rank) in enumerate(heads) for axis in range(rank)}  # fmt: skip
    atoms = [Atom(head, tuple(Int.symbol(place(slot, axis)) for axis in range(rank)))
             for slot, (head, rank) in enumerate(heads)]  # fmt: skip
    term = Term(tuple(atoms), frozenset(), part.condition, -part.numerator, part.denominator)
    moved = rename_term(term, {old: Int.symbol(new) for old, new in names.items()})
    return replace(moved, bound=frozenset(names.values()))


def refused_of(found: Iterator[Case], wanted: int) -> Counter[str]:
    """How many harmful corruptions of each kind are refused, MOST of a kind at most; none may give a proof."""
    chance = random.Random(11)
    refused: Counter[str] = Counter()
    for case in found:
        of_interest = [(kind, plan) for kind, plan in corrupted(case.plans[0]) if refused[kind] < MOST]
        known = numbers(case, chance) if of_interest else []
        for kind, plan in of_interest:
            if refused[kind] < MOST and plan != case.plans[0] and harmful(case, plan, known):
                assert not isinstance(shown(case, plan), Proof), (kind, case.term, plan)
                refused[kind] += 1
        if refused.total() >= wanted:
            break
    return refused


def test_corrupted_plans_are_refused() -> None:
    """At least a thousand corruptions, of every kind: none gives a proof."""
    chance = random.Random(3)
    by_chance = (case for case in (made_by_chance(chance) for _ in range(4_000)) if case is not None)
    refused = refused_of(cases(), WANTED // 3)
    refused += refused_of(by_chance, WANTED - refused.total())
    assert refused.total() >= WANTED, refused
    assert min(refused[kind] for kind in KINDS) >= LEAST, refused


@pytest.mark.parametrize("liar", ["isl", "z3", "cvc5"])
@pytest.mark.parametrize("says", ["unsat", "random"])
def test_one_decider_that_lies_proves_nothing(liar: str, says: str) -> None:
    """One that always says `unsat`, or anything: what is harmful is refused still, for no other decider agrees."""
    chance = random.Random(7)

    def lie(question: object) -> Answer:
        return Answer.UNSAT if says == "unsat" else chance.choice(list(Answer))

    tried = 0
    for case in cases():
        known = numbers(case, chance)
        for kind, plan in corrupted(case.plans[0]):
            if plan != case.plans[0] and harmful(case, plan, known):
                honest = Panel()
                panel = Panel({**honest.deciders, liar: lie})
                assert not isinstance(shown(case, plan, panel), Proof), (kind, case.term, plan)
                tried += 1
        if tried >= 15:
            return


def test_the_plans_themselves_are_accepted() -> None:
    """What is not corrupted gives a proof: the refusals above are about the corruption."""
    for case in islice(cases(), 40):
        assert isinstance(shown(case, case.plans[0]), Proof), case.term


def test_corrupted_regions_are_refused() -> None:
    """A region of a document's claim, with a conjunct or an alternative left out, a conjunct negated, a size less, a
    size more, or all moved by one: where evaluation says that it is another set of sizes, it is not settled."""
    refused: Counter[str] = Counter()
    for claim, link in _links():
        solver = Solver()
        means = Means(solver)
        lowering = Lowering()
        lowering.same = same_terms(lowering, claim, solver)
        try:
            goal = goal_of(lowering, claim, link)
            groups = grouped(goal, lowering.demands)
            if isinstance(prove(solver, groups), Believed):
                continue
            found = find(solver, groups)
        except (Unsupported, LimitReached):
            continue
        if isinstance(found, str) or refused.total() >= REGIONS:
            continue
        where = found.region.condition

        def inside(part: Condition, goal: Goal = goal, means: Means = means) -> Proof | Refused:
            return means.prove(replace(goal, context=k.all_of((goal.context, part))))

        assert not isinstance(means.settle(goal, found, inside), Refused), claim.id
        for kind, other in _other_regions(where, goal):
            differs = any(_holds(where, sizes) != _holds(other, sizes) for sizes in islice(small_sizes(goal, 80), 80))
            if not differs or refused[kind] >= REGIONS // 4:
                continue
            proofs = [inside(part) for part in (alternatives(other) if other != k.FALSE else ())]
            outside = [
                means.referee.refute(replace(goal, context=k.all_of((goal.context, part))), means.planned,
                                     [each for one in found.outside for each in one.instances], found.among)
                for part in alternatives(k.negate(other))
            ]  # fmt: skip
            shown_inside = [each for each in proofs if not isinstance(each, Refused)]
            shown_outside = [each for each in outside if not isinstance(each, Refused)]
            settled = means.referee.region(goal, other, shown_inside, shown_outside)
            assert isinstance(settled, Refused), (claim.id, kind, other)
            refused[kind] += 1
    assert refused.total() >= REGIONS // 2, refused
    assert len(refused) >= 4, refused


REGIONS = 120  # corrupted ones


def _other_regions(where: Condition, goal: Goal) -> Iterator[tuple[str, Condition]]:
    parts = k.conjuncts(where)
    for number, part in enumerate(parts):
        rest = (*parts[:number], *parts[number + 1 :])
        yield "a conjunct left out", k.all_of(rest)
        yield "a conjunct negated", k.all_of((*rest, k.negate(part)))
    for part in where.parts if isinstance(where, k.Or) else ():
        yield "an alternative left out", k.any_of(each for each in where.parts if each != part)
    for size in goal.sizes:
        value = Int.symbol(size)
        yield "smaller", k.all_of((where, k.at_most(2, value)))
        yield "larger", k.any_of((where, k.equal(value, 2)))
        yield "moved", k.substitute_condition(where, {size: value + 1})


def _links() -> Iterator[tuple[Claim, Link]]:
    """The links of the documents' claims that hold somewhere only."""
    for path in DOCUMENTS:
        for claim in read_document(path).claims:
            for number, link in enumerate(claim.links, start=1):
                if claim.expectation(number).kind == "holds where":
                    yield claim, link
