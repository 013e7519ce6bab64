"""At which sizes does a false claim hold? A proposal, with what the referee needs to show both directions.

The claim is decided at many small sizes; the simplest conditions of a vocabulary that separate the sizes where it holds
from those where it fails are a first region. Then `decide` is asked: (inside) does it hold wherever the region's
condition does, (outside) does it fail wherever this does not. A counterexample of either is one more sample, and there
is another proposal.

Law: a region is returned only where `decide` believes both. What it cannot see: regions outside its vocabulary.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from derivations.core import terms as k
from derivations.core.heads import Heads
from derivations.core.names import Name, in_order
from derivations.core.parts import alternatives
from derivations.core.sums import LimitReached
from derivations.core.terms import FALSE, TRUE, Condition, Int
from derivations.search.decide import (
    Believed,
    CounterModel,
    Goal,
    Group,
    Undecided,
    affine_failures,
    failing_sizes,
    failing_values,
    failures,
    holds_at,
    prepare,
    prove,
    prove_fails,
)
from derivations.search.hull import equations
from derivations.search.instances import generalise, value_at
from derivations.search.learning import Region, learn
from derivations.search.samples import Sizes, holds_for, small_sizes
from derivations.search.solver import IslLimit, Solver, is_affine, isl_limited, isl_point, isl_set
from derivations.search.vocabulary import Literal, text_of, words
from derivations.search.witness_terms import smallest_points

SAMPLES = 16  # sizes decided before the first proposal; counterexamples add more
MORE_SAMPLES = 120  # sizes decided once no region fits
ROUNDS = 14  # proposals per claim
TRIES = 24  # instances chosen, one after the other, for one outside part


@dataclass(frozen=True)
class Outside:
    """A part of what lies outside a region: the instances by which the goal fails there, and of which monomials."""

    part: Condition
    instances: tuple[dict[Name, Int], ...]
    among: frozenset[Heads]


@dataclass
class Search:
    """One search: the goal, what is known about sample sizes, and the instances found so far."""

    solver: Solver
    goal: Goal
    exact: Any = None
    wanted: int = SAMPLES
    witnesses: bool = True  # whether instances are wanted where isl finds by projection that the claim fails
    failing: list[tuple[Group, Condition]] = field(default_factory=list)
    samples: dict[tuple[int, ...], bool] = field(default_factory=dict)
    instances: list[dict[Name, Int]] = field(default_factory=list)
    outside: list[Outside] = field(default_factory=list)  # the region's, once found

    def run(self) -> Region | str:
        """The region of which both directions are believed, or why there is none."""
        for group in self.goal.groups:
            conditions, missing = failures(self.solver, self.goal, group)
            if missing is not None:
                return f"the kernel cannot tell {missing}"
            self.failing += [(group, condition) for condition in conditions]
        self.exact = failing_sizes(self.solver, self.goal)
        sizes_by_sum = small_sizes(self.goal, MORE_SAMPLES)
        for sample in islice(sizes_by_sum, self.wanted):
            self._sample(sample)
        vocabulary = [word for word in words(self.goal) if not self._constant(word)]
        reason = "no simple region was found"
        for _ in range(ROUNDS):
            region = learn(self.goal.sizes, self.samples, vocabulary)
            if region is None:
                # Few samples invite conditions that fit them by chance.
                for sample in sizes_by_sum:
                    self._sample(sample)
                region = learn(self.goal.sizes, self.samples, vocabulary)
            if region is None:
                region = learn(self.goal.sizes, self.samples, [*vocabulary, *self._equations()])
            if region is None:
                return "no condition of the vocabulary separates the sizes where it holds"
            counterexample = self._inside(region) or self._outside(region)
            if counterexample is None:
                return region
            if isinstance(counterexample, str):
                return counterexample
            before = len(self.samples)
            if not self._sample(counterexample):
                return reason
            if len(self.samples) == before:
                return reason
        return reason

    def _equations(self) -> list[Literal]:
        """The equations that hold wherever the claim does, as far as is known, and not everywhere."""
        names = self.goal.sizes
        positive = [dict(zip(names, key, strict=True)) for key, held in self.samples.items() if held]
        found = [(text_of(k.zero(term)), k.zero(term)) for term in equations(names, positive)]
        return [Literal(text, condition, 8) for text, condition in found if text is not None]

    def _constant(self, word: Literal) -> bool:
        return word.condition in (TRUE, FALSE)

    def _key(self, sizes: Sizes) -> tuple[int, ...]:
        return tuple(sizes[name] for name in self.goal.sizes)

    def _sample(self, sizes: Sizes) -> bool:
        """Decide the claim at these sizes; False where the kernel cannot."""
        key = self._key(sizes)
        if key not in self.samples:
            held = self._holds(sizes)
            if held is None:
                return False
            self.samples[key] = held
        return True

    def _holds(self, sizes: Sizes) -> bool | None:
        if self.exact is not None:
            here = k.all_of(k.equal(Int.symbol(name), value) for name, value in sizes.items())
            try:
                with isl_limited(self.solver.isl_operations):
                    return bool(isl_set(here, self.goal.sizes).intersect(self.exact).is_empty())
            except IslLimit:
                return None
        return holds_at(self.solver, self.goal, sizes)

    def _inside(self, region: Region) -> Sizes | str | None:
        """None where the claim is believed inside; else sizes where it fails, or why this is not known."""
        if not region.cases:
            return None
        for case in region.cases:
            context = k.all_of((self.goal.context, *[literal.condition for literal in case]))
            decision = prove(self.solver, Goal(self.goal.sizes, context, self.goal.groups))
            if isinstance(decision, CounterModel):
                return decision.sizes
            if isinstance(decision, Undecided):
                return decision.reason
        return None

    def _outside(self, region: Region) -> Sizes | str | None:
        """None where the claim is found to fail everywhere outside, with instances of it in `outside`; else sizes where
        it holds."""
        self.outside = []
        outside = k.all_of((self.goal.context, k.negate(region.condition)))
        if self.exact is not None and is_affine(outside):
            try:
                with isl_limited(self.solver.isl_operations):
                    point = isl_point(isl_set(outside, self.goal.sizes).subtract(self.exact), self.goal.sizes)
            except IslLimit:
                return f"past isl's limit of {self.solver.isl_operations:,} operations"
            if point is not None or not self.witnesses:
                return point
            self._propose_smallest()
        for part in alternatives(k.negate(region.condition)):
            found = self._outside_part(part)
            if found is not None:
                return found
        return None

    def _outside_part(self, part: Condition) -> Sizes | str | None:
        used: set[tuple[int, ...]] = set()
        for key, held in list(self.samples.items()):
            sizes = dict(zip(self.goal.sizes, key, strict=True))
            if not held and len(used) < 3 and holds_for(part, sizes):
                used.add(key)
                self._learn_instances(sizes)
        chosen: list[dict[Name, Int]] = []
        among = set[Heads]()
        for _ in range(TRIES):
            decision = prove_fails(self.solver, self.goal, part, chosen)
            if isinstance(decision, Believed):
                self.outside.append(Outside(part, tuple(chosen), frozenset(among)))
                return None
            if isinstance(decision, Undecided):
                return decision.reason
            sizes = decision.sizes
            serving = self._serving(sizes, chosen)
            if serving is None:
                held_here = self._holds(sizes)
                if held_here is None:
                    return "the kernel cannot decide a counterexample's sizes"
                if held_here:
                    return sizes
                self.samples.setdefault(self._key(sizes), False)
                self._learn_instances(sizes)
                serving = self._serving(sizes, chosen)
            if serving is None:
                return "no witness was found that serves all sizes outside"
            chosen.append(serving[0])
            among.add(serving[1])
        return "no witness was found that serves all sizes outside"

    def _propose_smallest(self) -> None:
        """Where the goal is affine, the smallest failing points are the first instances."""
        proposed: list[dict[Name, Int]] = []
        for group in self.goal.groups:
            pieces, _ = prepare(self.solver, self.goal, group)
            context = k.all_of((self.goal.context, group.context))
            try:
                with isl_limited(self.solver.isl_operations):
                    affine = affine_failures(self.solver, pieces, context, self.goal.sizes)
                    proposed += smallest_points(*affine, self.goal.sizes) if affine is not None else ()
            except IslLimit:
                continue
        self.instances = proposed + [instance for instance in self.instances if instance not in proposed]

    def _serving(self, sizes: Sizes, chosen: Sequence[dict[Name, Int]]) -> tuple[dict[Name, Int], Heads] | None:
        """The first instance, not among the chosen, by which the claim fails at these sizes, and its monomial."""
        for instance in self.instances:
            if instance in chosen:
                continue
            values = {name: value_at(term, sizes) for name, term in instance.items()}
            point = {**sizes, **{name: value for name, value in values.items() if value is not None}}
            for group, failure in self.failing:
                condition = k.all_of((group.context, failure))
                if k.condition_symbols(condition) <= point.keys() and holds_for(condition, point):
                    return instance, group.heads
        return None

    def _learn_instances(self, sizes: Sizes) -> bool:
        """Generalise the entries at which the claim fails at these sizes; whether anything new was found."""
        new = False
        for group, found in failing_values(self.solver, self.goal, sizes):
            if found is None:
                continue
            for other, failure in self.failing:
                if other is not group:
                    continue
                variables = k.condition_symbols(k.all_of((group.context, failure))) - set(self.goal.sizes)
                point = {name: found.get(name, 0) for name in in_order(variables)}
                if not holds_for(failure, {**sizes, **point}):
                    continue
                for instance in generalise(self.goal, failure, sizes, point):
                    if instance not in self.instances:
                        self.instances.append(instance)
                        new = True
        return new


def open_part(solver: Solver, goal: Goal) -> Goal:
    """The goal without the groups that are believed: what holds everywhere has no part in where the goal holds."""
    key = ("open", id(goal))
    if key not in solver.memory:
        groups = [
            group
            for group in goal.groups
            if not isinstance(prove(solver, Goal(goal.sizes, goal.context, (group,))), Believed)
        ]
        rest = Goal(goal.sizes, goal.context, tuple(groups))
        solver.memory[key] = goal, rest
        solver.memory["open", id(rest)] = rest, rest
    found: Goal = solver.memory[key][1]
    return found


@dataclass(frozen=True)
class Found:
    """A region, what shows that the goal fails outside, and all monomials whose coefficients may fail."""

    region: Region
    outside: tuple[Outside, ...]
    among: frozenset[Heads]


def find(solver: Solver, goal: Goal, samples: int = SAMPLES, witnesses: bool = True) -> Found | str:
    """The exact region where a goal holds (no case: it holds nowhere), or the reason why none was found."""
    try:
        still = open_part(solver, goal)
        search = Search(solver, still, wanted=samples, witnesses=witnesses)
        region = search.run()
    except LimitReached as limit:
        return str(limit)
    if isinstance(region, str):
        return region
    return Found(region, tuple(search.outside), frozenset(group.heads for group in still.groups))
