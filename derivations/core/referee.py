"""Who alone may say that a goal is proved, or where it fails: it believes no search, only what two deciders agree on.

    Goal      = sizes with their context; duties (conditions that must hold); equalities (Σ terms = 0 for all data)
    Plan      = what search says of one term: how each of its bound indices goes; the referee goes the same way
    Proof     = the goal holds at all sizes of its context         Refutation = at each of them it fails
    Region    = the goal holds exactly `where`: a proof inside, a refutation outside

Why a plan is enough. A term is Σ_b [condition] c · Π head[place]. For each arrangement of its atoms that share a head,
their places are set equal to free variables P, and [condition ∧ place = P] is followed through the plan; every step is
an equation between the coefficients of the same monomial in the data:

    Solve b = g      condition ⟹ b = g                     Σ_b [condition] c = [condition at g] c at g
    Count l..u       condition ⟺ rest ∧ l <= b <= u        Σ_b [condition] c = [rest ∧ l <= u] (u − l + 1) c
    Known q = v      condition ⟹ q = v, q a quotient       [condition] = [condition at v ∧ q = v]
    Split, Extremum  none                                   [condition] = [condition ∧ e] + [condition ∧ ¬e]
    Leaf             none                                   what is left is compared index by index

Then the sum of the coefficients of each monomial must be 0 for all P, wherever the context holds. Laws: a divisor is
shown to be positive before any quotient by it stands in a question, and a denominator to be other than 0.

What it cannot see: whether a goal says what the formula says. That is `meaning/`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from derivations.core.deciders import Panel
from derivations.core.goals import (
    Count,
    Duty,
    Equality,
    Extremum,
    Goal,
    Known,
    Leaf,
    Plan,
    Plans,
    Solve,
    Split,
)
from derivations.core.heads import Heads
from derivations.core.names import Mark, Name, Role, has_role, in_order
from derivations.core.obligations import Question, divisors
from derivations.core.parts import (
    Part,
    TooManyCells,
    alternatives,
    cases,
    cells,
    divided,
    merged,
    simplified,
    values_of,
    with_value,
)
from derivations.core.solving import solved
from derivations.core.sums import LimitReached, Term, arrangements
from derivations.core.terms import (
    FALSE,
    Condition,
    Greatest,
    Int,
    Least,
    Quotient,
    all_of,
    any_of,
    at_most,
    between,
    condition_symbols,
    condition_terms,
    conjuncts,
    equal,
    negate,
    nonnegative,
    replace_generator,
    substitute,
    substitute_condition,
    zero,
)

FEW = 3  # pieces whose cells are asked one by one; of more, whether their sum is other than 0


# -- what only the referee makes --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Answered:
    """A question with the names of the deciders that agreed that nothing satisfies it."""

    question: Question
    by: tuple[str, ...]


_KEY = object()


class _Made:
    """Made by the referee only."""

    def __init__(self, key: object, goal: Goal, questions: tuple[Answered, ...]) -> None:
        if key is not _KEY:
            raise TypeError(f"a {type(self).__name__.lower()} is made by the referee only")
        self.goal = goal
        self.questions = questions


class Proof(_Made):
    """That a goal holds at all sizes of its context, with the questions on which this rests."""


class Refutation(_Made):
    """That a goal fails at each size of its context, if its unknowns may take any values."""


class Region(_Made):
    """That a goal holds exactly at the sizes of its context that are `where`: proved inside, refuted outside."""

    def __init__(
        self, key: object, goal: Goal, where: Condition, inside: tuple[Proof, ...], outside: tuple[Refutation, ...]
    ) -> None:
        super().__init__(key, goal, tuple(each for part in (*inside, *outside) for each in part.questions))
        self.where, self.inside, self.outside = where, inside, outside


@dataclass(frozen=True)
class Refused:
    """What keeps the referee from saying it, with the question that was not answered, if it was one."""

    reason: str
    question: Question | None = None


class _Refusal(Exception):
    def __init__(self, reason: str, question: Question | None = None) -> None:
        super().__init__(reason)
        self.refused = Refused(reason, question)


Planned = Callable[[Equality], Plans]  # what search says of an equality
_Monomial = tuple[Heads, int]  # the heads of its atoms, and how many indices are left over


@dataclass
class Referee:
    """Asks a panel of deciders."""

    panel: Panel = field(default_factory=Panel)

    def prove(self, goal: Goal, planned: Planned) -> Proof | Refused:
        """That the goal holds at all sizes of its context."""
        hearing = _Hearing(self.panel, goal)
        try:
            for statement in (*goal.duties, *goal.premises, *goal.equalities):
                hearing.establish(statement, planned)
        except _Refusal as refusal:
            return refusal.refused
        except (TooManyCells, LimitReached, ValueError, ZeroDivisionError) as limit:
            return Refused(str(limit))
        return Proof(_KEY, goal, tuple(hearing.answered))

    def refute(
        self, goal: Goal, planned: Planned, instances: Sequence[Mapping[Name, Int]], among: Collection[Heads]
    ) -> Refutation | Refused:
        """That the goal fails at each size of its context: no size satisfies all `instances` of what must hold, which
        map its other symbols to terms in the sizes; of the coefficients, those of the monomials `among` these."""
        hearing = _Hearing(self.panel, goal)
        held: list[Condition] = []
        try:
            for premise in goal.premises:
                hearing.establish(premise, planned)
            for duty in goal.duties:
                supposed = all_of((duty.context, duty.guard))
                held += hearing.instances(any_of((negate(supposed), duty.condition)), instances)
            if condition_symbols(goal.context) - {*goal.sizes}:
                raise _Refusal("the context speaks of more than the sizes")
            for equality in goal.equalities:
                context = all_of((goal.context, equality.context))
                groups = hearing.groups(equality, planned(equality), among, every=True)
                # Of a sum over indices that are left, it says nothing that its summands are not 0.
                open_ones = {heads for heads, left in groups if left}
                for (heads, _), pieces in groups.items():
                    for cell, total in () if heads in open_ones else cells(hearing.merged(context, pieces)):
                        fails = all_of((equality.context, cell, negate(zero(total))))
                        held += hearing.instances(negate(fails), instances)
            hearing.ask(goal.context, dict.fromkeys(held), "at no size do all instances hold")
        except _Refusal as refusal:
            return refusal.refused
        except (TooManyCells, LimitReached, ValueError, ZeroDivisionError) as limit:
            return Refused(str(limit))
        return Refutation(_KEY, goal, tuple(hearing.answered))

    def region(
        self, goal: Goal, where: Condition, inside: Sequence[Proof], outside: Sequence[Refutation]
    ) -> Region | Refused:
        """That the goal holds exactly `where`, from a proof for each of its alternatives and a refutation for each of
        those of its negation. What is proved and refuted may be another goal of the same sizes and context (a special
        case of it, say): that it serves is for who calls."""
        for made, parts in ((inside, alternatives(where)), (outside, alternatives(negate(where)))):
            wanted = {all_of((goal.context, part)) for part in parts}
            if wanted - {each.goal.context for each in made} or any(each.goal.sizes != goal.sizes for each in made):
                return Refused("a part of the region, or of what lies outside, is not shown")
        return Region(_KEY, goal, where, tuple(inside), tuple(outside))


class _Hearing:
    """The questions of one goal, each asked once."""

    def __init__(self, panel: Panel, goal: Goal) -> None:
        self.panel = panel
        self.goal = goal
        self.answered: dict[Answered, None] = {}
        self._known: set[Question] = set()

    def ask(self, context: Condition, parts: Iterable[Condition], about: str) -> None:
        """That nothing satisfies the context and all parts; raises _Refusal."""
        condition = all_of((context, *parts))
        self._divisors(context, condition_terms(condition))
        self._put(Question(condition, about=about))

    def _put(self, question: Question) -> None:
        """Ask a question, simplified; where it stays open, its cases, each of what its own symbols are part of."""
        simple = solved(question)
        if simple.condition == FALSE:
            if question.condition != FALSE:
                self.answered[Answered(question, ("arithmetic",))] = None
            return
        if self._is_answered(simple):
            return
        for chosen in divided(simple.condition):
            alternative = solved(Question(chosen, about=question.about))
            weaker = [Question(part, about=question.about) for part in self._components(alternative.condition)]
            if not any(self._is_answered(each) for each in (*weaker, alternative)):
                raise _Refusal(f"no two deciders agree: {question.about}", alternative)

    def _is_answered(self, question: Question) -> bool:
        if question in self._known or question.condition == FALSE:
            return True
        by = self.panel.established(question)
        if by is not None:
            self._known.add(question)
            self.answered[Answered(question, by)] = None
        return by is not None

    def _components(self, condition: Condition) -> list[Condition]:
        """Weaker conditions: for each set of symbols that conjuncts join, sizes apart, the conjuncts on these and on
        sizes alone."""
        sizes = set(self.goal.sizes)
        parts = [(part, condition_symbols(part) - sizes) for part in conjuncts(condition)]
        groups: list[frozenset[Name]] = []
        for _, names in parts:
            joined = names.union(*(group for group in groups if group & names))
            groups = [group for group in groups if not group & names] + [joined] * bool(names)
        return [all_of(part for part, names in parts if names <= group) for group in groups] if groups[1:] else []

    def _divisors(self, context: Condition, terms: Iterable[Int]) -> None:
        """That all divisors are positive: shown from what the context says without quotients."""
        plain = all_of(part for part in conjuncts(context) if not divisors(condition_terms(part)))
        for divisor in divisors((*terms, *condition_terms(context))):
            # What stands in the divisor itself comes before it: its quotients are known to exist by then.
            self._put(Question(all_of((plain, nonnegative(-divisor))), about=f"the divisor {divisor} is positive"))

    def establish(self, statement: Duty | Equality, planned: Planned) -> None:
        """That a duty or an equality holds wherever the goal's context does; raises _Refusal."""
        context = all_of((self.goal.context, statement.context))
        if isinstance(statement, Duty):
            for part in conjuncts(statement.condition):
                self.ask(context, (statement.guard, negate(part)), statement.what)
            return
        for (heads, _), pieces in self.groups(statement, planned(statement)).items():
            name = " · ".join(str(head) for head, _ in heads) or "the constant"
            self.cancel(context, pieces, f"{statement.what}: the coefficients cancel of {name}")

    # -- from terms to the coefficients of monomials -------------------------------------------------------------------

    def groups(
        self, equality: Equality, plans: Plans, among: Collection[Heads] | None = None, every: bool = False
    ) -> dict[_Monomial, list[Part]]:
        """The coefficients of each monomial (`among` some, if given), by its heads and the number of indices left. As
        the atoms of a term commute, any of their orders says all of it; `every` one is wanted where a coefficient is to
        be other than 0."""
        context = all_of((self.goal.context, equality.context))
        outside = condition_symbols(context) | {*self.goal.sizes}
        found: dict[_Monomial, list[Part]] = {}
        for term, orders in zip(equality.terms, plans, strict=True):
            if term.bound & outside or _reserved(outside | _names(term)):
                raise _Refusal("a name has two meanings")
            for demand in term.demands:
                self.ask(context, (negate(demand),), "what a rewriting supposed")
            arranged, times = arrangements(term)
            heads = tuple((atom.head, len(atom.indices)) for atom in arranged[0][0])
            if among is not None and heads not in among:
                continue
            followed = sum(plan is not None for plan in orders)
            if followed not in (1, len(arranged)) or (every and followed < len(arranged)):
                raise _Refusal("an order of atoms without a plan")
            for (_, condition), plan in zip(arranged, orders, strict=True):
                if plan is None:
                    continue
                self._divisors(context, (*condition_terms(condition), term.numerator, term.denominator))
                weight = times * len(arranged) // followed
                start = _State(term.bound, condition, term.numerator * weight, term.denominator)
                for left, piece in self._follow(context, start, plan):
                    found.setdefault((heads, left), []).append(piece)
        return found

    def _follow(self, context: Condition, state: _State, plan: Plan) -> Iterator[tuple[int, Part]]:
        """The pieces of a state, each with the number of its indices left over."""
        if state.condition == FALSE or not state.numerator.terms:
            return
        if isinstance(plan, Leaf):
            yield self._leaf(state, plan)
        elif isinstance(plan, Split):
            for case, then in ((plan.condition, plan.yes), (negate(plan.condition), plan.no)):
                self._divisors(context, condition_terms(case))
                condition = simplified(all_of((state.condition, case)))
                yield from self._follow(context, replace(state, condition=condition), then)
        elif isinstance(plan, Extremum) and isinstance(plan.extremum, Least | Greatest):
            for (case, value), then in zip(values_of(plan.extremum), (plan.yes, plan.no), strict=True):
                yield from self._follow(context, state.changed(plan.extremum, value, case), then)
        elif isinstance(plan, Known) and isinstance(plan.quotient, Quotient):
            yield from self._follow(context, self._known_quotient(context, state, plan), plan.then)
        else:
            if not isinstance(plan, Solve | Count) or plan.index not in state.bound:
                raise _Refusal(f"this is no step here: {plan}")
            new = self._solve(context, state, plan) if isinstance(plan, Solve) else self._count(context, state, plan)
            yield from self._follow(context, new, plan.then)

    def _solve(self, context: Condition, state: _State, plan: Solve) -> _State:
        self._divisors(context, (plan.value,))
        if plan.index in plan.value.symbols():
            raise _Refusal(f"{plan.index} is solved for by itself")
        given = equal(Int.symbol(plan.index), plan.value)
        if given not in conjuncts(state.condition):
            self.ask(context, (state.condition, negate(given)), f"{given} is implied")
        values = {plan.index: plan.value}
        return _State(
            state.bound - {plan.index}, substitute_condition(state.condition, values),
            substitute(state.numerator, values), substitute(state.denominator, values),
        )  # fmt: skip

    def _known_quotient(self, context: Condition, state: _State, plan: Known) -> _State:
        self._divisors(context, (plan.value, Int({(plan.quotient,): 1})))
        given = equal(Int({(plan.quotient,): 1}), plan.value)
        if given not in conjuncts(state.condition):
            self.ask(context, (state.condition, negate(given)), f"{given} is implied")
        rest = plan.quotient.p - plan.quotient.q * plan.value
        return state.changed(plan.quotient, plan.value, between(0, rest, plan.quotient.q - 1))

    def _count(self, context: Condition, state: _State, plan: Count) -> _State:
        parts = conjuncts(state.condition)
        rest = all_of(part for part in parts if plan.index not in condition_symbols(part))
        others = all_of(part for part in parts if plan.index in condition_symbols(part))
        inside = between(plan.low, Int.symbol(plan.index), plan.high)
        if plan.index in (plan.low.symbols() | plan.high.symbols() | state.numerator.symbols()
                          | state.denominator.symbols()):  # fmt: skip
            raise _Refusal(f"the values of {plan.index} cannot be counted")
        self.ask(context, (state.condition, negate(inside)), f"the values of {plan.index} are among those counted")
        self.ask(context, (rest, inside, negate(others)), f"the values of {plan.index} counted are its values")
        return _State(
            state.bound - {plan.index}, all_of((rest, at_most(plan.low, plan.high))),
            state.numerator * (plan.high - plan.low + 1), state.denominator,
        )  # fmt: skip

    def _leaf(self, state: _State, plan: Leaf) -> tuple[int, Part]:
        if len(plan.left) != len(state.bound) or {*plan.left} != state.bound:
            raise _Refusal(f"{in_order(state.bound)} are left, not {plan.left}")
        if not state.bound <= condition_symbols(state.condition):
            raise _Refusal("a sum over an index that nothing bounds")
        if any(has_role(name, Role.LEFTOVER) for name in state.names()):
            raise _Refusal("a name has two meanings")
        values = {name: Int.symbol(Mark(Role.LEFTOVER, number)) for number, name in enumerate(plan.left)}
        piece = Part(
            substitute_condition(state.condition, values),
            substitute(state.numerator, values), substitute(state.denominator, values),
        )  # fmt: skip
        return len(plan.left), piece

    # -- the coefficients of one monomial ------------------------------------------------------------------------------

    def cancel(self, context: Condition, pieces: Sequence[Part], about: str) -> None:
        """That the coefficients of a monomial add up to 0 wherever the context holds."""
        merged = self.merged(context, pieces)
        # To bring all to one denominator, none may be 0 anywhere, be it where its own piece does not apply.
        if len(merged) > FEW and self._divisible(context, merged):
            question = Question(context, cases(merged), about)
            self._divisors(context, question.terms())
            if self._is_answered(solved(question)):
                return
        for cell, total in cells(merged):
            self.ask(context, (cell, negate(zero(total))), about)

    def _divisible(self, context: Condition, pieces: Sequence[Part]) -> bool:
        """Whether no denominator is 0 anywhere."""
        denominators = dict.fromkeys(piece.denominator for piece in pieces if piece.denominator.constant is None)
        questions = [Question(all_of((context, zero(each))), about=f"{each} is not 0") for each in denominators]
        return all(self._is_answered(solved(question)) for question in questions)

    def merged(self, context: Condition, pieces: Sequence[Part]) -> list[Part]:
        """The pieces with those of one condition added; those that vanish left out."""
        for piece in pieces:
            if piece.denominator.constant is None:
                self.ask(context, (piece.condition, zero(piece.denominator)), f"{piece.denominator} is not 0")
            elif not piece.denominator.terms:
                raise _Refusal("a denominator is 0")
        return merged(pieces)

    def instances(self, condition: Condition, instances: Sequence[Mapping[Name, Int]]) -> Iterator[Condition]:
        """What a condition on sizes and other symbols says at each instance that gives all of these a value."""
        others = condition_symbols(condition) - set(self.goal.sizes)
        for instance in instances if others else ({},):
            values = {name: instance[name] for name in others if name in instance}
            if len(values) < len(others):
                continue
            self._divisors(self.goal.context, values.values())
            try:
                yield substitute_condition(condition, values)
            except ZeroDivisionError:
                continue


@dataclass(frozen=True)
class _State:
    """numerator/denominator · Σ over `bound` [condition]."""

    bound: frozenset[Name]
    condition: Condition
    numerator: Int
    denominator: Int

    def names(self) -> frozenset[Name]:
        """Every name that is met."""
        return condition_symbols(self.condition) | self.numerator.symbols() | self.denominator.symbols()

    def changed(self, generator: Quotient | Least | Greatest, value: Int, case: Condition) -> _State:
        """In a case in which a generator has a value."""

        def change(term: Int) -> Int:
            return replace_generator(term, generator, value)

        condition = all_of((case, with_value(self.condition, generator, value)))
        return _State(self.bound, condition, change(self.numerator), change(self.denominator))


def _names(term: Term) -> frozenset[Name]:
    """Every name of a term."""
    state = _State(term.bound, term.condition, term.numerator, term.denominator)
    return state.names().union(term.bound, *(index.symbols() for atom in term.atoms for index in atom.indices))


def _reserved(names: Iterable[Name]) -> bool:
    """Whether some name is one that the referee gives: to places, and to the indices that are left."""
    return any(has_role(name, role) for name in names for role in (Role.PLACE, Role.LEFTOVER))
