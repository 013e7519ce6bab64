"""At which sizes does a false claim hold? An untrusted proposer; the kernel proves both directions.

The proposer decides the claim at many small sizes, finds the simplest conditions of a vocabulary that separate the
sizes where it holds from those where it fails, and asks the kernel: (inside) it holds wherever the region's condition
holds, (outside) it fails wherever it does not. A counterexample of either is one more sample; then it proposes again.

Law: a region is returned only with both proofs. What it cannot see: regions outside its vocabulary.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations, islice, product
from typing import Any

from derivations.core import goals
from derivations.core import terms as k
from derivations.core.heads import Heads
from derivations.core.names import Name, in_order
from derivations.core.parts import alternatives
from derivations.core.sums import LimitReached
from derivations.core.terms import FALSE, TRUE, Condition, Int
from derivations.core.writing import operand, syntax, written
from derivations.search.decide import (
    CounterModel,
    Goal,
    Group,
    Proof,
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
from derivations.search.solver import IslLimit, Solver, is_affine, isl_limited, isl_point, isl_set
from derivations.search.witness_terms import smallest_points

SAMPLES = 16  # sizes decided before the first proposal; counterexamples add more
SIZES_TRIED = 20_000  # of which those that a context admits are taken
MORE_SAMPLES = 120  # sizes decided once no region fits
ROUNDS = 14  # proposals per claim
PLAIN = 4  # the cost up to which a condition of the vocabulary reads at a glance
CASES = 4  # conjunctions of a region; more are not an answer that anybody reads
TRIES = 24  # instances chosen, one after the other, for one outside proof

Sizes = dict[Any, int]  # by name


@dataclass(frozen=True)
class Literal:
    """A condition of the vocabulary, with its text in the claim language and its rank in simplicity."""

    text: str
    condition: Condition
    cost: int


@dataclass(frozen=True)
class Region:
    """Where a claim holds: a disjunction of conjunctions of the vocabulary; of none, nowhere."""

    cases: tuple[tuple[Literal, ...], ...]

    @property
    def condition(self) -> Condition:
        return k.any_of(k.all_of(literal.condition for literal in case) for case in self.cases)

    @property
    def text(self) -> str:
        """The region in claim syntax."""
        if len(self.cases) == 1:
            return ", ".join(literal.text for literal in self.cases[0])
        return " or ".join(" and ".join(literal.text for literal in case) for case in self.cases)


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
        """The region with both proofs made, or why there is none."""
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
        found = [(_text(k.zero(term)), k.zero(term)) for term in equations(names, positive)]
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
        """None where the claim is proved inside; else sizes where it fails, or why this is not known."""
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
            if not held and len(used) < 3 and _specific_holds(part, sizes):
                used.add(key)
                self._learn_instances(sizes)
        chosen: list[dict[Name, Int]] = []
        among = set[Heads]()
        for _ in range(TRIES):
            decision = prove_fails(self.solver, self.goal, part, chosen)
            if isinstance(decision, Proof):
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
            values = {name: _value(term, sizes) for name, term in instance.items()}
            point = {**sizes, **{name: value for name, value in values.items() if value is not None}}
            for group, failure in self.failing:
                condition = k.all_of((group.context, failure))
                if k.condition_symbols(condition) <= point.keys() and _specific_holds(condition, point):
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
                if not _specific_holds(failure, {**sizes, **point}):
                    continue
                for instance in generalise(self.goal, failure, sizes, point):
                    if instance not in self.instances:
                        self.instances.append(instance)
                        new = True
        return new


def open_part(solver: Solver, goal: Goal) -> Goal:
    """The goal without the groups that are proved: what holds everywhere has no part in where the goal holds."""
    key = ("open", id(goal))
    if key not in solver.memory:
        groups = [
            group
            for group in goal.groups
            if not isinstance(prove(solver, Goal(goal.sizes, goal.context, (group,))), Proof)
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


def _specific_holds(condition: Condition, sizes: Sizes) -> bool:
    try:
        return k.holds(condition, sizes)
    except ZeroDivisionError:
        return False


# -- samples and vocabulary -------------------------------------------------------------------------------------------


def small_sizes(goal: Goal | goals.Goal, limit: int) -> Iterator[Sizes]:
    """Admissible sizes by increasing sum, then in declaration order."""
    count = len(goal.sizes)
    if not count:
        yield {}
        return
    found = tried = 0
    least = [_least(goal.context, name) for name in goal.sizes]
    for total in range(8 + 2 * count):
        for values in _compositions(total, count):
            tried += 1
            if tried > SIZES_TRIED:
                return
            sizes = {name: low + value for name, low, value in zip(goal.sizes, least, values, strict=True)}
            if _specific_holds(goal.context, sizes):
                yield sizes
                found += 1
                if found >= limit:
                    return


def _least(context: Condition, name: Name) -> int:
    """The lower bound that a context states for a size; 0 if it states none."""
    symbol = Int.symbol(name)
    bounds = [(symbol - part.term).constant for part in k.conjuncts(context) if isinstance(part, k.NonNegative)]
    return max((bound for bound in bounds if bound is not None), default=0)


def _compositions(total: int, count: int) -> Iterator[tuple[int, ...]]:
    if count == 1:
        yield (total,)
        return
    for first in range(total + 1):
        for rest in _compositions(total - first, count - 1):
            yield (first, *rest)


def words(goal: Goal) -> list[Literal]:
    """The vocabulary: what regions of formulas about layers are made of, the simplest first."""
    names = goal.sizes
    symbols = {name: Int.symbol(name) for name in names}
    found: dict[Condition, Literal] = {}

    def add(text: str, condition: Condition, cost: int) -> None:
        if condition not in found:
            found[condition] = Literal(text, condition, cost)

    for name, value in symbols.items():
        for number in (0, 1, 2, 3):
            add(f"{name} == {number}", k.equal(value, number), 1 if number == 1 else 2)
        add(f"{name} % 2 == 1", k.equal(value % 2, 1), 3)
        add(f"{name} % 2 == 0", k.equal(value % 2, 0), 3)
        add(f"{name} >= 2", k.at_most(2, value), 6)
        add(f"{name} >= 1", k.at_most(1, value), 6)
        add(f"{name} <= 2", k.at_most(value, 2), 6)
    for left, right in combinations(names, 2):
        add(f"{left} == {right}", k.equal(symbols[left], symbols[right]), 3)
    for left, right in product(names, names):
        if left != right:
            add(f"{left} % {right} == 0", k.zero(symbols[left] % symbols[right]), 3)
            add(f"{left} <= {right}", k.at_most(symbols[left], symbols[right]), 5)
            add(f"{left} < {right}", k.at_most(symbols[left] + 1, symbols[right]), 5)
            add(f"{left} == 2*{right}", k.equal(symbols[left], 2 * symbols[right]), 6)
            for shift in (1, 2):
                add(f"{left} == {right} + {shift}", k.equal(symbols[left], symbols[right] + shift), 6)
    for quotient in sorted(_quotients(goal), key=lambda q: k.render(Int({(q,): 1}))):
        whole = Int({(quotient,): 1})
        if whole.symbols() <= set(names):
            rest, by = f"{operand(quotient.p)} % {operand(quotient.q)}", quotient.p % quotient.q
            add(f"{rest} == 0", k.zero(by), 4)
            add(f"{syntax(quotient.p)} < {syntax(quotient.q)}", k.at_most(quotient.p + 1, quotient.q), 4)
            add(f"{syntax(whole)} == 0", k.zero(whole), 7)
            for name, value in symbols.items():
                add(f"{name} == {rest}", k.equal(value, by), 7)
                add(f"{rest} < {name}", k.at_most(by + 1, value), 7)
    for group in goal.groups:
        totals = [piece.numerator for piece in group.pieces] + [
            left.numerator * right.denominator + right.numerator * left.denominator
            for left, right in combinations(group.pieces[:6], 2)
        ]
        for total in totals:
            part = k.zero(total)
            text = _text(part) if total.symbols() <= set(names) else None
            if text is not None:
                add(text, part, 8)
        for piece in group.pieces:
            for part in _size_conditions(piece.condition, set(names)):
                text = _text(part)
                if text is not None:
                    add(text, part, 8)
                    opposite = k.negate(part)
                    opposite_text = _text(opposite)
                    if opposite_text is not None:
                        add(opposite_text, opposite, 8)
    return sorted(found.values(), key=lambda literal: literal.cost)


def _quotients(goal: Goal) -> set[k.Quotient]:
    found: set[k.Quotient] = set()

    def visit(term: Int) -> None:
        for generator in term.generators():
            if not isinstance(generator, k.Sym):
                if isinstance(generator, k.Quotient):
                    found.add(generator)
                visit(generator.p)
                visit(generator.q)

    conditions = [goal.context, *[group.context for group in goal.groups]]
    for group in goal.groups:
        for piece in group.pieces:
            conditions.append(piece.condition)
            visit(piece.numerator)
            visit(piece.denominator)
    for condition in conditions:
        for term in k.condition_terms(condition):
            visit(term)
    return found


def _size_conditions(condition: Condition, names: set[Name]) -> Iterator[Condition]:
    if k.condition_symbols(condition) <= names and isinstance(condition, k.Zero | k.NonNegative):
        yield condition
    elif isinstance(condition, k.And | k.Or):
        for part in condition.parts:
            yield from _size_conditions(part, names)


def _text(condition: Condition) -> str | None:
    """A condition in claim syntax; None for what would not read well."""
    if not isinstance(condition, k.Zero | k.NonNegative) or len(condition.term.terms) > 6:
        return None
    return written(condition)


# -- learning ---------------------------------------------------------------------------------------------------------


def learn(names: Sequence[Name], samples: dict[tuple[int, ...], bool], vocabulary: Sequence[Literal]) -> Region | None:
    """The simplest region of the vocabulary that agrees with all samples: one conjunction where possible, of plain
    conditions where they suffice."""
    positive = [dict(zip(names, key, strict=True)) for key, held in samples.items() if held]
    negative = [dict(zip(names, key, strict=True)) for key, held in samples.items() if not held]
    if not positive:
        return Region(())
    truth = {
        literal: ([_specific_holds(literal.condition, s) for s in positive],
                  [_specific_holds(literal.condition, s) for s in negative])
        for literal in vocabulary
    }  # fmt: skip
    plain = {literal: values for literal, values in truth.items() if literal.cost <= PLAIN}
    for preferred in (plain, truth):
        cases = _cases(preferred, truth, len(positive), len(negative))
        if cases is not None:
            return Region(tuple(tuple(sorted(case, key=lambda word: _position(word, names))) for case in cases))
    return None


Truth = dict[Literal, tuple[list[bool], list[bool]]]  # at the samples where the claim holds, and where it fails


def _cases(preferred: Truth, truth: Truth, positives: int, negatives: int) -> list[tuple[Literal, ...]] | None:
    """Few conjunctions that cover every positive and no negative sample, of preferred conditions where possible."""
    cases: list[tuple[Literal, ...]] = []
    numbers = list(range(positives))
    while numbers and len(cases) < CASES:
        seeds = [numbers] if not cases else []
        seeds += [[number] for number in numbers]
        best: tuple[int, tuple[Literal, ...], list[int]] | None = None
        for seed in seeds:
            case = _conjunction(preferred, seed, negatives, numbers) or _conjunction(truth, seed, negatives, numbers)
            if case is None:
                continue
            covered = [n for n in numbers if all(truth[literal][0][n] for literal in case)]
            score = 100 * len(covered) - sum(literal.cost for literal in case)
            if best is None or score > best[0]:
                best = (score, case, covered)
            if seed is numbers or len(seed) == positives:
                break
        if best is None:
            return None
        cases.append(best[1])
        numbers = [n for n in numbers if n not in set(best[2])]
    return None if numbers else cases


def _position(literal: Literal, names: Sequence[Name]) -> list[int]:
    """Where a literal's sizes were declared, so that a region reads in that order."""
    return sorted(names.index(name) for name in k.condition_symbols(literal.condition) if name in names)


def _conjunction(
    truth: Truth, seed: Sequence[int], negatives: int, rest: Sequence[int]
) -> tuple[Literal, ...] | None:
    """Few literals, true at the seed's samples and at many of the rest, that together exclude every negative sample."""
    usable = [literal for literal, (held, _) in truth.items() if all(held[n] for n in seed)]
    return _cover(truth, usable, negatives, rest)


def _cover(
    truth: Truth, usable: Sequence[Literal], negatives: int, rest: Sequence[int]
) -> tuple[Literal, ...] | None:
    """Few of the usable literals that together exclude every negative sample, found greedily and then made cheaper."""
    excluded = {
        literal: {n for n in range(negatives) if not truth[literal][1][n]} for literal in usable
    }
    wanted = set(range(negatives))
    chosen: list[Literal] = []
    shared = {literal: sum(truth[literal][0][n] for n in rest) / max(len(rest), 1) for literal in usable}
    while wanted:
        helpful = [literal for literal in usable if excluded[literal] & wanted]
        if not helpful:
            return None
        best = max(
            helpful,
            key=lambda literal: (
                len(excluded[literal] & wanted) / len(wanted) * (0.2 + shared[literal]) - literal.cost * 0.01
            ),
        )
        chosen.append(best)
        wanted -= excluded[best]
    return _without_redundant(chosen, excluded, negatives, {n: truth[n][0] for n in usable}, rest)


def _without_redundant(
    chosen: list[Literal], excluded: dict[Literal, set[int]], negatives: int, held: dict[Literal, list[bool]],
    rest: Sequence[int],
) -> tuple[Literal, ...]:  # fmt: skip
    """Without what the others exclude too, and with cheaper literals where they hold at as many of the rest."""
    everything = set(range(negatives))
    kept = list(chosen)
    for literal in sorted(chosen, key=lambda literal: -literal.cost):
        others = [other for other in kept if other is not literal]
        covered = set[int]().union(*(excluded[other] for other in others))
        if covered >= everything:
            kept = others
            continue
        cheaper = [
            other
            for other in excluded
            if other.cost < literal.cost
            and covered | excluded[other] >= everything
            and all(held[other][n] for n in rest if held[literal][n])
        ]
        if cheaper:
            kept = [*others, min(cheaper, key=lambda other: other.cost)]
    return tuple(kept)


# -- instances --------------------------------------------------------------------------------------------------------


def generalise(goal: Goal, failure: Condition, sizes: Sizes, found: Sizes) -> Iterator[dict[Name, Int]]:
    """Terms in the sizes that have the found values at these sizes: equations of the failure determine some of the
    variables; the others are among 0, 1, a size, a size less one, ..."""
    variables = set(found)
    solved: dict[Name, Int] = {}
    for part in k.conjuncts(failure):
        if isinstance(part, k.Zero):
            term = k.substitute(part.term, solved)
            for monomial, coefficient in term.terms.items():
                if len(monomial) == 1 and coefficient in (1, -1) and isinstance(monomial[0], k.Sym):
                    name = monomial[0].name
                    rest = Int({monomial: coefficient}) - term if coefficient == 1 else term + Int({monomial: 1})
                    if name in variables and name not in solved and name not in rest.symbols():
                        solved = {n: k.substitute(v, {name: rest}) for n, v in solved.items()}
                        solved[name] = rest
                        break
    free = in_order(variables - set(solved))
    pool = _pool(goal)
    choices = []
    for name in free:
        fitting = [term for term in pool if _value(term, sizes) == found[name]]
        choices.append(fitting[:3] or [Int.of(found[name])])
    for number, choice in enumerate(product(*choices)):
        if number >= 9:
            return
        values = dict(zip(free, choice, strict=True))
        yield {**values, **{name: k.substitute(term, values) for name, term in solved.items()}}


def _value(term: Int, sizes: Sizes) -> int | None:
    try:
        return k.evaluate(term, sizes)
    except ZeroDivisionError:
        return None


def _pool(goal: Goal) -> list[Int]:
    """Index terms that witnesses use: corners first."""
    pool = [Int.of(0), Int.of(1)]
    symbols = [Int.symbol(name) for name in goal.sizes]
    pool += [symbol - 1 for symbol in symbols]
    quotients = sorted((Int({(q,): 1}) for q in _quotients(goal) if q.names <= set(goal.sizes)), key=k.render)
    pool += quotients
    pool += symbols
    pool += [left - right for left in symbols for right in symbols if left != right]
    pool += [q * s for q in quotients for s in symbols]
    return pool
