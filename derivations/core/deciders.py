"""Three deciders of one question, and the rule by which they are believed: two must say that it has no solution.

isl decides what is linear; of anything else it is asked a weaker question, in which each product of symbols is an
unknown of its own, and only its *no* counts. z3 and cvc5 read the question's SMT-LIB text. To all is said what products
imply (`cuts`): without it they seldom find a step that divides by a size. A decider that finds a solution, or gives up,
never counts as yes. Limits count operations, each decider's own, and unknowns, never the clock; and each question is
decided in a context of its own. So an answer depends on its question alone, and is remembered.

What it cannot see: whether the question is the right one. That is the referee's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from enum import Enum
from functools import lru_cache
from importlib.util import find_spec
from itertools import combinations_with_replacement
from typing import Any

from derivations.core.cuts import with_cuts
from derivations.core.obligations import Question, Script
from derivations.core.terms import (
    FALSE,
    Condition,
    Generator,
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

ISL_OPERATIONS = 200_000  # isl's own unit
ISL_UNKNOWNS = 100  # of a question to isl; its steps grow with them, and are not counted
ISL_PRODUCTS = 160, 480  # products of facts that are said of the unknowns; the second where one other decider agrees
Z3_RESOURCES = 60_000, 2_000_000  # z3's own unit; what z3 finds of the catalogue's poolings takes it up to 39,000
REAL_DEGREE = 4  # up to which z3 may reason about real numbers: what that takes grows doubly exponentially
CVC5_RESOURCES = 100_000  # cvc5's own unit
REMEMBERED = 5_000  # answers of each decider
WORD = 2**31  # numbers from here on isl takes as text


class Answer(Enum):
    """What a decider says of a question."""

    UNSAT = "unsat"
    SAT = "sat"
    UNKNOWN = "unknown"


Decider = Callable[[Question], Answer]


@dataclass
class Panel:
    """Deciders by name, in the order in which they are asked; z3 first where a question is not linear. Where just one
    agrees, those of the same names that are `patient` are asked again. `established` names the two that agree that a
    question has no solution, or is None: where one of them finds a solution, and where fewer than two answer.

    >>> from derivations.core.terms import all_of, at_most
    >>> n = Int.symbol("n")
    >>> Panel().established(Question(all_of((at_most(2, n), at_most(n, 1)))))
    ('isl', 'z3')
    >>> Panel().established(Question(at_most(n, 1))) is None
    True
    """

    deciders: dict[str, Decider] = field(default_factory=lambda: quick())
    patient: dict[str, Decider] = field(default_factory=lambda: {"isl": isl_patient, "z3": z3_patient})

    def established(self, question: Question) -> tuple[str, ...] | None:
        """The names of two deciders that say `unsat`; of a false condition, none are needed."""
        if question.condition == FALSE:
            return ()
        order = list(self.deciders)
        if not all(map(_is_linear, question.terms())):
            order.sort(key=lambda name: name != "z3")
        agreed: tuple[str, ...] = ()
        for deciders in (self.deciders, self.patient):
            for name in order:
                if name in agreed or name not in deciders:
                    continue
                answer = deciders[name](question)
                if answer is Answer.SAT:
                    return None
                if answer is Answer.UNSAT:
                    agreed = (*agreed, name)
                    if len(agreed) == 2:
                        return agreed
            if not agreed:
                return None
        return None


# -- z3 and cvc5 ------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=REMEMBERED)
def z3_answer(question: Question, patient: bool = False) -> Answer:
    """z3's answer: of the plain solver, for the one that it makes by default tries strategies by the clock; without
    Gröbner bases, and with real algebra only where it is not `patient`, and up to REAL_DEGREE: a step of these may take
    long, and counts as one."""
    import z3

    solver = z3.SimpleSolver(ctx=z3.Context())
    solver.from_string(Script(_with_cuts(question)).body)
    solver.set("rlimit", Z3_RESOURCES[patient])
    solver.set("arith.nl.grobner", False)
    solver.set("arith.nl.nra", not patient and max(map(_degree, question.terms()), default=0) <= REAL_DEGREE)
    solver.set("relevancy", 0 if patient else 2)
    answer = solver.check()
    return Answer.UNSAT if answer == z3.unsat else Answer.SAT if answer == z3.sat else Answer.UNKNOWN


def _with_cuts(question: Question) -> Question:
    return replace(question, condition=with_cuts(question.condition))


def _degree(term: Int) -> int:
    """How many factors the longest product of a term has, a quotient being worth its parts."""
    return max((sum(map(_worth, monomial)) for monomial in term.terms), default=0)


def _worth(generator: Generator) -> int:
    return 1 if isinstance(generator, Sym) else max(1, _degree(generator.p), 1 + _degree(generator.q))


def z3_patient(question: Question) -> Answer:
    """z3's answer by another way through the question, within more resources."""
    return z3_answer(question, patient=True)


@lru_cache(maxsize=REMEMBERED)
def cvc5_answer(question: Question) -> Answer:
    """cvc5's answer; none where it is not installed."""
    if find_spec("cvc5") is None:
        return Answer.UNKNOWN
    import cvc5

    solver = cvc5.Solver(cvc5.TermManager())
    solver.setOption("rlimit", str(CVC5_RESOURCES))
    parser = cvc5.InputParser(solver)
    text = "(set-logic QF_NIA)\n" + Script(_with_cuts(question)).body
    parser.setStringInput(cvc5.InputLanguage.SMT_LIB_2_6, text, "question")
    symbols = parser.getSymbolManager()
    while not (command := parser.nextCommand()).isNull():
        command.invoke(solver, symbols)
    answer = solver.checkSat()
    return Answer.UNSAT if answer.isUnsat() else Answer.SAT if answer.isSat() else Answer.UNKNOWN


# -- isl --------------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=REMEMBERED)
def isl_answer(question: Question, most: int = ISL_PRODUCTS[0]) -> Answer:
    """isl's answer; of a question that is not affine, `unsat` where its relaxation is, else unknown."""
    import islpy as isl

    context = isl.Context()
    context.set_max_operations(ISL_OPERATIONS)
    try:
        for asked, products in _weaker(question):
            relaxed = _Relaxed(asked, context, products)
            if relaxed.is_too_large(most):
                return Answer.UNKNOWN
            if relaxed.points().is_empty():
                return Answer.UNSAT
            if relaxed.exact:
                return Answer.SAT
    except isl.Error:
        return Answer.UNKNOWN
    return Answer.UNKNOWN


def isl_patient(question: Question) -> Answer:
    """isl's answer of three times as many products."""
    return isl_answer(question, ISL_PRODUCTS[1])


def _weaker(question: Question) -> Iterator[tuple[Question, bool]]:
    """What isl is asked of a question, each a stronger one: itself, its products as unknowns; with what they imply; and
    whether their products are wanted."""
    yield question, False
    cut = _with_cuts(question)
    yield from ((cut, False), (cut, True))


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

    def is_too_large(self, most: int) -> bool:
        """Whether isl may take long over it, which its own count does not show."""
        return not self.exact and (len(self.facts) > most or len(self._unknowns) > max(ISL_UNKNOWNS, most // 3))

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


def _is_linear(term: Int) -> bool:
    """Whether isl knows all of it."""
    return all(
        len(monomial) < 2
        and all(
            isinstance(each, Sym) or (_is_exact(each) and _is_linear(each.p) and _is_linear(each.q))
            for each in monomial
        )
        for monomial in term.terms
    )


def _is_exact(generator: Any) -> bool:
    """Whether isl knows it: a quotient by a positive number, a minimum, a maximum."""
    return not isinstance(generator, Quotient) or (generator.q.constant or 0) >= 1


def quick() -> dict[str, Decider]:
    """All three, within limits that nearly all questions keep."""
    return {"isl": isl_answer, "z3": z3_answer, "cvc5": cvc5_answer}
