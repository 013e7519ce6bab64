"""What search asks: isl where a condition is affine, z3 otherwise. Verdicts rest on `core.deciders`, not on this.

`satisfiable(condition)` asks whether integers exist that satisfy a condition. Limits count operations (z3's resource
limit, isl's operation count), so an answer does not depend on the machine; past them the answer is `Unknown`, which
no caller may read as yes or no.

Law: quotients are over divisors >= 1. The encodings state that divisor's positivity nowhere; the context must imply
it, and lowering makes every divisor an existence condition.

Over 500 lines: both encodings of a condition stand side by side.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import product
from math import lcm
from typing import Any

from derivations.core.cuts import with_cuts
from derivations.core.names import Mark, Name, Role, in_order, is_size
from derivations.core.sums import Piece
from derivations.core.terms import (
    And,
    Condition,
    Generator,
    Greatest,
    Int,
    Least,
    NonNegative,
    Or,
    Quotient,
    Sym,
    Zero,
    all_of,
    any_of,
    at_most,
    condition_symbols,
    condition_terms,
    conjuncts,
    map_condition,
    negate,
    replace_generator,
    zero,
)

Z3_RESOURCES = 4_000_000  # z3's own unit; about two seconds on a machine of 2020
Z3_TOTAL = 20_000_000  # for all questions of one solver, that is of one claim
QUESTIONS = 6_000  # to isl, for all of one claim
REAL_DEGREE = 3  # up to which z3 may reason about real numbers: what that takes grows doubly exponentially
ISL_OPERATIONS = 2_000_000  # isl's own unit; about one second on a machine of 2020


@dataclass(frozen=True)
class Satisfiable:
    """A solution: the value of every symbol of the condition."""

    model: dict[Name, int]


@dataclass(frozen=True)
class Unsatisfiable:
    """No integers satisfy the condition."""


@dataclass(frozen=True)
class Unknown:
    """Neither decider answered within its limit; `limit` names it."""

    limit: str


Answer = Satisfiable | Unsatisfiable | Unknown


@dataclass
class Statistics:
    """How many questions each decider answered (for benchmarks and tests)."""

    isl: int = 0
    relaxed: int = 0
    z3: int = 0
    unknown: int = 0


@dataclass
class Solver:
    """Decides conditions; `z3_resources` and `isl_operations` are per question."""

    z3_resources: int = Z3_RESOURCES
    isl_operations: int = ISL_OPERATIONS
    z3_total: int = Z3_TOTAL
    questions: int = QUESTIONS
    spent: int = 0  # of z3_total
    z3_context: Any = None
    answers: dict[Condition, Answer] = field(default_factory=dict)
    memory: dict[Any, Any] = field(default_factory=dict)  # of `decide`: what it computed of a goal's groups
    statistics: Statistics = field(default_factory=Statistics)

    def satisfiable(self, condition: Condition) -> Answer:
        """Whether some integers satisfy the condition, with an example if so."""
        if condition == And(()):
            return Satisfiable({})
        if condition == Or(()):
            return Unsatisfiable()
        if condition not in self.answers:
            self.answers[condition] = self._decide(condition)
        return self.answers[condition]

    def _decide(self, condition: Condition) -> Answer:
        if self.statistics.isl + self.statistics.relaxed > self.questions:
            return Unknown(f"the limit of {self.questions:,} questions to isl")
        if is_affine(condition):
            answer = isl_satisfiable(condition, self.isl_operations)
            self.statistics.isl += 1
            if not isinstance(answer, Unknown):
                return answer
        alternatives = _alternatives(condition)
        if alternatives is None:
            return self._ask_z3(condition)
        unknown: Unknown | None = None
        for alternative in alternatives:
            answer = self._conjunction(alternative)
            if isinstance(answer, Satisfiable):
                return answer
            if isinstance(answer, Unknown):
                unknown = unknown or answer
        self.statistics.unknown += unknown is not None
        return unknown or Unsatisfiable()

    def _conjunction(self, condition: Condition) -> Answer:
        """A condition that is not affine: weaker questions first, because their `unsatisfiable` settles it.

            a weaker condition is unsatisfiable
            ───────────────────────────────────
            the condition is unsatisfiable
        """
        if condition == Or(()):
            return Unsatisfiable()
        for weaken in (linearised, _linearised_with_cuts):
            self.statistics.relaxed += 1
            if isinstance(isl_satisfiable(weaken(condition), self.isl_operations), Unsatisfiable):
                return Unsatisfiable()
        for part in components(condition):
            if part != condition and isinstance(self._ask_z3(part), Unsatisfiable):
                return Unsatisfiable()
        return self._ask_z3(condition)

    def _ask_z3(self, condition: Condition) -> Answer:
        left = self.z3_total - self.spent
        if left <= 0:
            return Unknown(f"the limit of {self.z3_total:,} z3 resources for one claim")
        self.statistics.z3 += 1
        if self.z3_context is None:
            import z3

            # One context for each claim: z3's answers depend on what its context has seen before.
            self.z3_context = z3.Context()
        answer, self.spent = z3_answer(condition, min(self.z3_resources, left), self.z3_context)
        return answer

    def implies(self, context: Condition, conclusion: Condition) -> bool | None:
        """Whether the context implies the conclusion; None where no decider answers."""
        answer = self.satisfiable(all_of((context, negate(conclusion))))
        return None if isinstance(answer, Unknown) else isinstance(answer, Unsatisfiable)


EXTREMA = 8  # minima and maxima of one question to isl
EXTREMA_CASES = 256  # into which the minima and maxima of one question may divide it
ALTERNATIVES = 64  # a disjunction with more cases than this is left to z3 as it stands


def _alternatives(condition: Condition) -> list[Condition] | None:
    """The condition as a disjunction of simpler ones: its top disjunctions multiplied out; None where they are too
    many."""
    parts = conjuncts(condition)
    choices = [part.parts for part in parts if isinstance(part, Or)]
    count_of_cases = 1
    for choice in choices:
        count_of_cases *= len(choice)
    if count_of_cases > ALTERNATIVES:
        return None
    fixed = [part for part in parts if not isinstance(part, Or)]
    return [all_of((*fixed, *chosen)) for chosen in product(*choices)]


def linearised(condition: Condition) -> Condition:
    """A weaker, affine condition: every product and every quotient by a symbol is an unknown of its own."""
    names: dict[Any, Mark] = {}

    def flat(term: Int) -> Int:
        terms: dict[Any, int] = {}
        for monomial, coefficient in term.terms.items():
            if len(monomial) > 1 or not _is_affine_term(Int({monomial: 1})):
                monomial = (Sym(names.setdefault(monomial, Mark(Role.PRODUCT, len(names)))),)
            terms[monomial] = terms.get(monomial, 0) + coefficient
        return Int({monomial: coefficient for monomial, coefficient in terms.items() if coefficient})

    return map_condition(condition, flat)


def _linearised_with_cuts(condition: Condition) -> Condition:
    """A weaker, affine condition that still says what products imply."""
    return linearised(with_cuts(condition))


def components(condition: Condition) -> list[Condition]:
    """Weaker conditions, one for each group of conjuncts that speak of the same indices, with all conjuncts that speak
    of sizes alone."""
    parts = conjuncts(condition)
    indices = [frozenset(name for name in condition_symbols(part) if not is_size(name)) for part in parts]
    groups: list[frozenset[Name]] = []
    for names in indices:
        if names:
            joined = names.union(*(group for group in groups if group & names))
            groups = [group for group in groups if not group & names] + [joined]
    if len(groups) < 2:
        return []
    return [
        all_of(part for part, names in zip(parts, indices, strict=True) if names <= group) for group in groups
    ]


# -- isl --------------------------------------------------------------------------------------------------------------


def is_affine(condition: Condition) -> bool:
    """Whether every term is linear, with quotients by numbers only (Presburger arithmetic)."""
    return all(_is_affine_term(term) for term in condition_terms(condition))


def _is_affine_term(term: Int) -> bool:
    for monomial in term.terms:
        if len(monomial) > 1:
            return False
        for generator in monomial:
            if isinstance(generator, Quotient):
                if generator.q.constant is None or not _is_affine_term(generator.p):
                    return False
            elif not isinstance(generator, Sym) and not (
                _is_affine_term(generator.p) and _is_affine_term(generator.q)
            ):
                return False
    return True


def without_extrema(condition: Condition) -> Condition:
    """An equivalent condition without minima and maxima, by cases on which argument is the smaller: of each extremum
    once, wherever it stands. Raises IslLimit past EXTREMA of them or EXTREMA_CASES cases."""
    extrema = {g for t in condition_terms(condition) for g in _all_generators(t) if isinstance(g, Least | Greatest)}
    if not extrema:
        return condition
    if len(extrema) > EXTREMA:
        raise IslLimit
    return any_of(_extrema_cases(condition))


def _extrema_cases(condition: Condition) -> Iterator[Condition]:
    pending, found = [condition], 0
    while pending:
        current = pending.pop()
        extremum = next(
            (g for term in condition_terms(current) for g in _all_generators(term) if isinstance(g, Least | Greatest)),
            None,
        )
        if extremum is None:
            found += 1
            if found + len(pending) > EXTREMA_CASES:
                raise IslLimit
            yield current
            continue
        p, q = extremum.p, extremum.q
        first, second = (p, q) if isinstance(extremum, Least) else (q, p)
        for value, case in ((first, at_most(p, q)), (second, at_most(q + 1, p))):
            reduced = map_condition(current, lambda term, old=extremum, new=value: replace_generator(term, old, new))  # type: ignore[misc]
            split = all_of((case, reduced))
            if split != Or(()):
                pending.append(split)


def amounts_without_extrema(condition: Condition, value: Int) -> Iterable[tuple[Condition, Int]]:
    """A value under a condition, as disjoint cases in whose values no minimum and no maximum stands."""
    extremum = next((g for g in _all_generators(value) if isinstance(g, Least | Greatest)), None)
    if extremum is None:
        yield condition, value
        return
    p, q = extremum.p, extremum.q
    first, second = (p, q) if isinstance(extremum, Least) else (q, p)
    for chosen, case in ((first, at_most(p, q)), (second, at_most(q + 1, p))):
        yield from amounts_without_extrema(all_of((condition, case)), replace_generator(value, extremum, chosen))


def _all_generators(term: Int) -> Iterable[Any]:
    """Every generator, the innermost first."""
    for generator in term.generators():
        if not isinstance(generator, Sym):
            yield from _all_generators(generator.p)
            yield from _all_generators(generator.q)
        yield generator


_CONTEXTS: list[Any] = []


def isl_context() -> Any:
    """The one isl context of this process."""
    import islpy as isl

    if not _CONTEXTS:
        _CONTEXTS.append(isl.Context())
    return _CONTEXTS[0]


@contextmanager
def isl_limited(operations: int) -> Iterator[None]:
    """Within, isl raises IslLimit after so many operations of its own counting."""
    import islpy as isl

    context = isl_context()
    context.set_max_operations(operations)
    try:
        yield
    except isl.Error:
        if not _is_past_its_limit(context):
            raise
        raise IslLimit from None
    finally:
        context.set_max_operations(0)
        context.reset_operations()


def _is_past_its_limit(context: Any) -> bool:
    """Whether isl refuses all work: past the limit every allocation fails, with a message of its own."""
    import islpy as isl

    try:
        isl.Val.zero(context)
    except isl.Error:
        return True
    return False


class IslLimit(Exception):
    """isl has not finished within its limit, or would be asked more cases than it is given."""


class _IslSpace:
    """Builds isl's objects over the integer points of some symbols, in their order."""

    def __init__(self, symbols: Sequence[Name]) -> None:
        import islpy as isl

        self.isl = isl
        self.positions = {symbol: number for number, symbol in enumerate(symbols)}
        self.space = isl.Space.set_alloc(isl_context(), 0, len(symbols))
        self.zero = isl.Aff.zero_on_domain(isl.LocalSpace.from_space(self.space))

    def aff(self, term: Int) -> Any:
        """An affine term without minima and maxima."""
        total, kind = self.zero, self.isl.dim_type.in_
        quotients = []
        for monomial, coefficient in term.terms.items():
            if not monomial:
                total = total.set_constant_val(self._value(coefficient))
            elif isinstance(monomial[0], Sym):
                total = total.set_coefficient_val(kind, self.positions[monomial[0].name], self._value(coefficient))
            else:
                quotients.append((monomial[0], coefficient))
        for generator, coefficient in quotients:
            if not isinstance(generator, Quotient) or generator.q.constant is None:
                raise TypeError(f"isl has no {generator}; minima and maxima are cases")
            whole = self.aff(generator.p).scale_down_val(self._value(generator.q.constant)).floor()
            total = total.add(whole.scale_val(self._value(coefficient)))
        return total

    def _value(self, number: int) -> Any:
        """A number as isl takes it: as its text where it fits no machine word."""
        return number if abs(number) < 2**31 else self.isl.Val.read_from_str(isl_context(), str(number))

    def set(self, condition: Condition) -> Any:
        """The points that satisfy an affine condition."""
        return self._set(without_extrema(condition))

    def _set(self, condition: Condition) -> Any:
        if isinstance(condition, Or):
            found = self.isl.Set.empty(self.space)
            for part in condition.parts:
                found = found.union(self._set(part))
            return found
        inside = self.isl.BasicSet.universe(self.space)
        alternatives = []
        for part in conjuncts(condition):
            if isinstance(part, Zero):
                inside = inside.add_constraint(self.isl.Constraint.equality_from_aff(self.aff(part.term)))
            elif isinstance(part, NonNegative):
                inside = inside.add_constraint(self.isl.Constraint.inequality_from_aff(self.aff(part.term)))
            else:
                alternatives.append(part)
        found = self.isl.Set.from_basic_set(inside)
        for part in alternatives:
            found = found.intersect(self._set(part))
        return found


def isl_set(condition: Condition, symbols: Sequence[Name]) -> Any:
    """The isl set of all integer points (in the order of `symbols`) that satisfy an affine condition."""
    return _IslSpace(symbols).set(condition)


def isl_satisfiable(condition: Condition, operations: int = ISL_OPERATIONS, *, smallest: bool = False) -> Answer:
    """Decide an affine condition by isl; `smallest` asks for the lexicographically smallest solution, if bounded."""
    symbols = in_order(condition_symbols(condition))
    try:
        with isl_limited(operations):
            model = isl_point(isl_set(condition, symbols), symbols, smallest=smallest)
    except IslLimit:
        return Unknown(f"isl's limit of {operations:,} operations")
    return Unsatisfiable() if model is None else Satisfiable(model)


def isl_nonzero(context: Condition, pieces: Sequence[Piece], symbols: Sequence[Name]) -> Any:
    """The isl set of the points of a context where the pieces do not cancel (their conditions and numerators affine,
    their denominators positive numbers)."""
    import islpy as isl

    space = _IslSpace(symbols)
    if len(pieces) == 1:
        return space.set(all_of((context, pieces[0].condition, negate(zero(pieces[0].numerator)))))
    common = lcm(*(piece.denominator.constant or 1 for piece in pieces))
    inside = space.set(context)
    total: Any = None
    for piece in pieces:
        amount = piece.numerator * (common // (piece.denominator.constant or 1))
        for case, value in amounts_without_extrema(piece.condition, amount):
            summand = isl.PwAff.alloc(inside.intersect(space.set(case)), space.aff(value))
            total = summand if total is None else total.union_add(summand)
    return isl.Set.empty(space.space) if total is None else total.non_zero_set()


def isl_point(points: Any, symbols: Sequence[Name], *, smallest: bool = False) -> dict[Name, int] | None:
    """A point of an isl set, by symbol; None if it is empty. `smallest` asks for the lexicographically smallest."""

    if points.is_empty():
        return None
    point = (points.lexmin() if smallest and points.is_bounded() else points).sample_point()
    return dict(zip(symbols, isl_coordinates(point, len(symbols)), strict=True))


def isl_coordinates(point: Any, count: int) -> tuple[int, ...]:
    """The coordinates of an isl point."""
    import islpy as isl

    return tuple(int(point.get_coordinate_val(isl.dim_type.set, number).to_python()) for number in range(count))


# -- z3 ---------------------------------------------------------------------------------------------------------------


def degree(condition: Condition) -> int:
    """The largest degree of a condition's products, those by which quotients are defined among them (q·⌊p/q⌋ <= p)."""
    return max((_degree(term) for term in condition_terms(condition)), default=0)


def _degree(term: Int) -> int:
    own = max((len(monomial) for monomial in term.terms), default=0)
    inner = [
        max(_degree(generator.p), _degree(generator.q) + isinstance(generator, Quotient))
        for generator in term.generators()
        if not isinstance(generator, Sym)
    ]
    return max([own, *inner])


class _SmtText:
    """Writes conditions in SMT-LIB's notation, which z3 reads faster than its Python interface builds them; each
    quotient is one fresh integer with its two defining inequalities."""

    def __init__(self) -> None:
        self.symbols: dict[Name, str] = {}
        self.quotients: dict[Quotient, str] = {}
        self.definitions: list[str] = []

    def script(self, condition: Condition) -> str:
        """The declarations and assertions whose models are the condition's solutions."""
        asserted = [self.condition(part) for part in conjuncts(condition)] + self.definitions
        names = [*self.symbols.values(), *self.quotients.values()]
        return "".join([f"(declare-const {name} Int)" for name in names] + [f"(assert {part})" for part in asserted])

    def term(self, term: Int) -> str:
        pieces = []
        for monomial, coefficient in term.terms.items():
            factors = [self._generator(generator) for generator in monomial]
            if coefficient != 1 or not factors:
                factors.insert(0, str(coefficient) if coefficient >= 0 else f"(- {-coefficient})")
            pieces.append(factors[0] if len(factors) == 1 else f"(* {' '.join(factors)})")
        if not pieces:
            return "0"
        return pieces[0] if len(pieces) == 1 else f"(+ {' '.join(pieces)})"

    def _generator(self, generator: Generator) -> str:
        if isinstance(generator, Sym):
            return self.symbols.setdefault(generator.name, f"v{len(self.symbols)}")
        if isinstance(generator, Quotient):
            return self._quotient(generator)
        p, q = self.term(generator.p), self.term(generator.q)
        return f"(ite ({'<=' if isinstance(generator, Least) else '>='} {p} {q}) {p} {q})"

    def _quotient(self, generator: Quotient) -> str:
        if generator not in self.quotients:
            p, q = self.term(generator.p), self.term(generator.q)
            whole = f"q{len(self.quotients)}"
            self.quotients[generator] = whole
            self.definitions += [f"(<= (* {q} {whole}) {p})", f"(<= {p} (+ (* {q} {whole}) {q} (- 1)))"]
        return self.quotients[generator]

    def condition(self, condition: Condition) -> str:
        if isinstance(condition, Zero):
            return f"(= {self.term(condition.term)} 0)"
        if isinstance(condition, NonNegative):
            return f"(>= {self.term(condition.term)} 0)"
        if not condition.parts:
            return "true" if isinstance(condition, And) else "false"
        parts = " ".join(self.condition(part) for part in condition.parts)
        return f"({'and' if isinstance(condition, And) else 'or'} {parts})"


def z3_answer(condition: Condition, resources: int, context: Any) -> tuple[Answer, int]:
    """z3's answer, and the resources that its context has spent so far.

    The plain solver: the one that z3 makes by default tries strategies by the clock, and its answers differ from run to
    run. Without Gröbner bases, and past REAL_DEGREE without cylindrical algebraic decomposition: they count no
    resources, so that one question could take all time and memory.
    """
    import z3

    text = _SmtText()
    solver = z3.SimpleSolver(ctx=context)
    solver.from_string(text.script(condition))
    solver.set("rlimit", resources)
    solver.set("arith.nl.grobner", False)
    solver.set("arith.nl.nra", degree(condition) <= REAL_DEGREE)
    answer = solver.check()
    figures = solver.statistics()
    spent = int(figures.get_key_value("rlimit count")) if "rlimit count" in figures.keys() else resources  # noqa: SIM118
    if answer == z3.unsat:
        return Unsatisfiable(), spent
    if answer != z3.sat:
        return Unknown(f"z3's limit of {resources:,} resources"), spent
    model = solver.model()
    values = {constant.name(): model[constant].as_long() for constant in model.decls()}
    # What the model leaves open may have any value.
    return Satisfiable({symbol: values.get(name, 0) for symbol, name in text.symbols.items()}), spent
