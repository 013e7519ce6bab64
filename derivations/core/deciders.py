"""Three deciders of one question, and the rule by which they are believed: two must say that it has no solution.

isl decides what is affine; of anything else it is asked a weaker question, in which each product of symbols is an
unknown of its own (with what such products imply, `cuts`), and only its *no* counts. z3 and cvc5 read the question's
SMT-LIB text. A decider that finds a solution, or gives up, never counts as yes. Limits count operations, each decider's
own, never the clock.

What it cannot see: whether the question is the right one. That is the referee's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import Enum
from importlib.util import find_spec
from itertools import combinations_with_replacement
from typing import Any

from derivations.core.cuts import with_cuts
from derivations.core.obligations import Question, Script
from derivations.core.terms import (
    FALSE,
    Condition,
    Int,
    Least,
    Monomial,
    NonNegative,
    Or,
    Quotient,
    Sym,
    Zero,
    conjuncts,
)

ISL_OPERATIONS = 200_000  # isl's own unit; about a tenth of a second on a machine of 2020
Z3_RESOURCES = 4_000_000  # z3's own unit; about two seconds
CVC5_RESOURCES = 100_000  # cvc5's own unit; about a second
WORD = 2**31  # numbers from here on isl takes as text


class Answer(Enum):
    """What a decider says of a question."""

    UNSAT = "unsat"
    SAT = "sat"
    UNKNOWN = "unknown"


Decider = Callable[[Question], Answer]


@dataclass
class Panel:
    """Deciders by name, the cheapest first. `established` names the two that agree that a question has no solution, or
    is None: where one of them finds a solution, and where fewer than two answer.

    >>> from derivations.core.terms import all_of, at_most
    >>> n = Int.symbol("n")
    >>> Panel().established(Question(all_of((at_most(2, n), at_most(n, 1)))))
    ('isl', 'z3')
    >>> Panel().established(Question(at_most(n, 1))) is None
    True
    """

    deciders: dict[str, Decider] = field(
        default_factory=lambda: {"isl": isl_answer, "z3": Z3(), "cvc5": cvc5_answer}
    )
    asked: dict[str, int] = field(default_factory=dict)
    answered: dict[Question, tuple[str, ...] | None] = field(default_factory=dict)

    def established(self, question: Question) -> tuple[str, ...] | None:
        """The names of two deciders that say `unsat`; of a false condition, none are needed."""
        if question.condition == FALSE:
            return ()
        if question not in self.answered:
            self.answered[question] = self._ask(question)
        return self.answered[question]

    def _ask(self, question: Question) -> tuple[str, ...] | None:
        agreed: tuple[str, ...] = ()
        for name, decide in self.deciders.items():
            self.asked[name] = self.asked.get(name, 0) + 1
            answer = decide(question)
            if answer is Answer.SAT:
                return None
            if answer is Answer.UNSAT:
                agreed = (*agreed, name)
                if len(agreed) == 2:
                    return agreed
        return None


# -- z3 and cvc5 ------------------------------------------------------------------------------------------------------


class Z3:
    """z3's answers: of the plain solver, for the one that it makes by default tries strategies by the clock; without
    Gröbner bases, which count no resources. The questions of one panel, which come in one order, share a context."""

    def __init__(self) -> None:
        self.context: Any = None

    def __call__(self, question: Question) -> Answer:
        import z3

        if self.context is None:
            self.context = z3.Context()
        solver = z3.SimpleSolver(ctx=self.context)
        solver.from_string(Script(question).body)
        solver.set("rlimit", Z3_RESOURCES)
        solver.set("arith.nl.grobner", False)
        answer = solver.check()
        return Answer.UNSAT if answer == z3.unsat else Answer.SAT if answer == z3.sat else Answer.UNKNOWN


def cvc5_answer(question: Question) -> Answer:
    """cvc5's answer; none where it is not installed."""
    if find_spec("cvc5") is None:
        return Answer.UNKNOWN
    import cvc5

    solver = cvc5.Solver(cvc5.TermManager())
    solver.setOption("rlimit", str(CVC5_RESOURCES))
    parser = cvc5.InputParser(solver)
    text = "(set-logic QF_NIA)\n" + Script(question).body
    parser.setStringInput(cvc5.InputLanguage.SMT_LIB_2_6, text, "question")
    symbols = parser.getSymbolManager()
    while not (command := parser.nextCommand()).isNull():
        command.invoke(solver, symbols)
    answer = solver.checkSat()
    return Answer.UNSAT if answer.isUnsat() else Answer.SAT if answer.isSat() else Answer.UNKNOWN


# -- isl --------------------------------------------------------------------------------------------------------------


def isl_answer(question: Question) -> Answer:
    """isl's answer; of a question that is not affine, `unsat` where its relaxation is, else unknown."""
    import islpy as isl

    context = isl.Context()
    context.set_max_operations(ISL_OPERATIONS)
    try:
        cut = replace(question, condition=with_cuts(question.condition))
        for asked, products in ((question, False), (cut, False), (cut, True)):
            relaxed = _Relaxed(asked, context, products)
            if relaxed.points().is_empty():
                return Answer.UNSAT
            if relaxed.exact:
                return Answer.SAT
    except isl.Error:
        return Answer.UNKNOWN
    return Answer.UNKNOWN


class _Relaxed:
    """A question as an isl set: each product of generators, and each quotient by what is no number, is one unknown, the
    same wherever it stands. Whatever satisfies the question satisfies this one; `exact` where it has no such unknowns.

    What is still said of the unknowns: of a quotient ⌊p/d⌋ by d >= 1, that d·⌊p/d⌋ <= p <= d·⌊p/d⌋ + d − 1; and, if
    `products` are wanted, of two amounts that are not negative, that their product is not.
    """

    def __init__(self, question: Question, context: Any, products: bool) -> None:
        import islpy as isl

        self.isl, self.context, self.question = isl, context, question
        self.exact = True
        self._unknowns: dict[Monomial, int] = {}
        self._floors: dict[Quotient, tuple[Int, Int]] = {}
        for term in question.terms():
            self._meet(term)
        self.facts = [term for fact in self._floors.values() for term in fact]
        if products:
            for term in self._products():
                self.facts.append(term)
                self._meet(term)
        self.space = isl.Space.set_alloc(context, 0, len(self._unknowns))
        self.zero = isl.Aff.zero_on_domain(isl.LocalSpace.from_space(self.space))

    def _meet(self, term: Int) -> None:
        """Number the unknowns of a term, and note what is known of its quotients."""
        for monomial in term.terms:
            if len(monomial) == 1 and isinstance(monomial[0], Sym):
                self._unknowns.setdefault(monomial, len(self._unknowns))
            elif len(monomial) == 1 and not isinstance(monomial[0], Sym) and _is_exact(monomial[0]):
                self._meet(monomial[0].p)
                self._meet(monomial[0].q)
            elif monomial and monomial not in self._unknowns:
                self.exact = False
                self._unknowns[monomial] = len(self._unknowns)
                for generator in monomial:
                    if isinstance(generator, Quotient) and generator not in self._floors:
                        rest = generator.p - generator.q * Int({(generator,): 1})
                        self._floors[generator] = rest, generator.q - 1 - rest
                        self._meet(rest)
                        self._meet(generator.q)

    def points(self) -> Any:
        """The points that satisfy the question."""
        found = self._set(self.question.condition)
        for term in self.facts:
            found = found.intersect(self._amount(term).nonneg_set())
        if not self.question.cases:
            return found
        total: Any = None
        for case, amount in self.question.cases:
            summand = self._amount(amount).intersect_domain(found.intersect(self._set(case)))
            total = summand if total is None else total.union_add(summand)
        return total.non_zero_set()

    def _products(self) -> list[Int]:
        """The products that say something of the unknowns: those without further ones, and those with one that stands
        in another product too."""
        given = [part.term for part in conjuncts(self.question.condition) if isinstance(part, NonNegative)]
        known = {(), *self._unknowns}
        found: dict[Int, frozenset[Monomial]] = {}
        for p, q in combinations_with_replacement([*given, *self.facts], 2):
            amount = p * q
            further = amount.terms.keys() - known
            if len(further) <= 1:
                found[amount] = frozenset(further)
        common = Counter(found.values())
        return [amount for amount, further in found.items() if not further or common[further] > 1]

    def _set(self, condition: Condition) -> Any:
        if isinstance(condition, Or):
            found = self.isl.Set.empty(self.space)
            for part in condition.parts:
                found = found.union(self._set(part))
            return found
        found = self.isl.Set.universe(self.space)
        for part in conjuncts(condition):
            if isinstance(part, Zero):
                found = found.intersect(self._amount(part.term).zero_set())
            elif isinstance(part, NonNegative):
                found = found.intersect(self._amount(part.term).nonneg_set())
            else:
                found = found.intersect(self._set(part))
        return found

    def _amount(self, term: Int) -> Any:
        """A term as isl's piecewise affine function of the unknowns."""
        total, nested = self.zero, []
        for monomial, coefficient in term.terms.items():
            if not monomial:
                total = total.set_constant_val(self._value(coefficient))
            elif monomial in self._unknowns:
                place = self._unknowns[monomial]
                total = total.set_coefficient_val(self.isl.dim_type.in_, place, self._value(coefficient))
            else:
                nested.append((monomial[0], coefficient))
        found = self.isl.PwAff.from_aff(total)
        for generator, coefficient in nested:
            found = found.add(self._generator(generator).scale_val(self._value(coefficient)))
        return found

    def _generator(self, generator: Any) -> Any:
        if isinstance(generator, Quotient):
            return self._amount(generator.p).scale_down_val(self._value(generator.q.constant or 0)).floor()
        p, q = self._amount(generator.p), self._amount(generator.q)
        return p.min(q) if isinstance(generator, Least) else p.max(q)

    def _value(self, number: int) -> Any:
        return self.isl.Val.read_from_str(self.context, str(number)) if abs(number) >= WORD else number


def _is_exact(generator: Any) -> bool:
    """Whether isl knows it: a quotient by a positive number, a minimum, a maximum."""
    return not isinstance(generator, Quotient) or (generator.q.constant or 0) >= 1

