"""What is known to be positive: sizes by the context, data by assumptions, sums of squares and exponentials by form.

    assume x > 0     exp t > 0     x² >= 0     Σ of what is not negative is not negative     1/t > 0 for t >= 0

Law: `None` says nothing. What rests on an assumption names it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from fractions import Fraction

from derivations.core import terms as k
from derivations.core.heads import Choice, Entry, Function, Head, Kind, Value
from derivations.core.implication import Known
from derivations.core.names import is_size
from derivations.core.sums import Term
from derivations.core.terms import Condition, Int, Sym
from derivations.formulas.claims import Assumption
from derivations.formulas.expressions import Constant, DataBracket, Tensor
from derivations.meaning.factors import Exponent, powers_of


class Sign(Enum):
    """What is known of a number."""

    POSITIVE = "positive"
    NOT_NEGATIVE = "not negative"


@dataclass(frozen=True)
class Bound:
    """x > number or x >= number (`above`), or x < number or x <= number, for every entry of a tensor; in words."""

    above: bool
    number: Fraction
    strict: bool
    text: str


@dataclass
class Signs:
    """Signs of numbers and unknowns; `name` is told each assumption that an answer rests on."""

    context: Condition = k.TRUE
    bounds: dict[Head, list[Bound]] = field(default_factory=dict)
    name: Callable[[str], None] = lambda text: None
    values: dict[Head, Sign] = field(default_factory=dict)
    orders: dict[tuple[Head, Head], tuple[bool, str]] = field(default_factory=dict)  # whose entries exceed whose

    def __post_init__(self) -> None:
        self.known = Known(k.conjuncts(self.context))

    def of_size(self, value: Int) -> Sign | None:
        """The sign of a polynomial in sizes: by its coefficients, or as the context says."""
        if value.constant is not None:
            return Sign.POSITIVE if value.constant > 0 else Sign.NOT_NEGATIVE if value.constant == 0 else None
        if not all(map(is_size, value.symbols())):
            return None
        if self.known.implies(k.nonnegative(value - 1)):
            return Sign.POSITIVE
        found = [self._of_monomial(monomial, coefficient) for monomial, coefficient in value.terms.items()]
        if None in found:
            return Sign.NOT_NEGATIVE if self.known.implies(k.nonnegative(value)) else None
        return Sign.POSITIVE if Sign.POSITIVE in found else Sign.NOT_NEGATIVE

    def of_condition(self, condition: Condition) -> bool:
        """Whether a condition on sizes visibly follows from the context."""
        return all(map(is_size, k.condition_symbols(condition))) and self.known.implies(condition)

    def _of_monomial(self, monomial: k.Monomial, coefficient: int) -> Sign | None:
        if coefficient < 0:
            return None
        sign: Sign | None = Sign.POSITIVE
        for generator in monomial:
            if not isinstance(generator, Sym):
                return None
            size = Int.symbol(generator.name)
            if not self.known.implies(k.nonnegative(size - 1)):
                if not self.known.implies(k.nonnegative(size)):
                    return None
                sign = Sign.NOT_NEGATIVE
        return sign

    def of_power(self, base: Head) -> Sign | None:
        """The sign of an unknown."""
        if isinstance(base, Function) and base.function.kind is Kind.KNOWN and base.function.name in ("exp", "pi"):
            return Sign.POSITIVE
        if isinstance(base, Choice):
            return Sign.NOT_NEGATIVE
        if isinstance(base, Value):
            return self.values.get(base)
        for bound in self.bounds.get(base, ()):
            if bound.above and bound.number >= 0:
                self.name(bound.text)
                strict = bound.strict or bound.number > 0
                return Sign.POSITIVE if strict else Sign.NOT_NEGATIVE
        return None

    def beside(self, base: Head, number: Fraction) -> int | None:
        """1 where an unknown is above a number, −1 where it is below; None where this is not known."""
        for bound in self.bounds.get(base, ()):
            if bound.above and (bound.number > number or (bound.number == number and bound.strict)):
                self.name(bound.text)
                return 1
            if not bound.above and (bound.number < number or (bound.number == number and bound.strict)):
                self.name(bound.text)
                return -1
        return None

    def between(self, left: Head, right: Head) -> tuple[int, bool] | None:
        """1 where no entry of the left is below that of the right, −1 where none is above it, and whether none are
        equal; None where nothing is known."""
        for (first, second), (strict, text) in self.orders.items():
            if (first, second) in ((left, right), (right, left)):
                self.name(text)
                return (1 if first is left else -1), strict
        return None

    def not_beyond(self, base: Head, number: Fraction) -> int | None:
        """1 where an unknown is at least a number, −1 where it is at most that; None where this is not known."""
        for bound in self.bounds.get(base, ()):
            if bound.number == number:
                self.name(bound.text)
                return 1 if bound.above else -1
        return None

    def of_sum(self, found: Sequence[Term]) -> Sign | None:
        """The sign of a sum: not negative where all its terms are, positive where one of them is that is there."""
        certain = False
        for term in found:
            sign = self._of_term(term)
            if sign is None:
                return None
            certain = certain or (sign is Sign.POSITIVE and self.is_there(term))
        return Sign.POSITIVE if certain else Sign.NOT_NEGATIVE

    def is_there(self, term: Term) -> bool:
        """Whether a sum is over something at all sizes and places: where all its indices are 0, say."""
        first = k.substitute_condition(term.condition, {name: Int.of(0) for name in term.bound})
        return all(self.known.implies(part) for part in k.conjuncts(first))

    def _of_term(self, term: Term) -> Sign | None:
        signs = [self.of_size(term.numerator), self.of_size(term.denominator)]
        if signs[1] is Sign.NOT_NEGATIVE:
            signs[1] = Sign.POSITIVE  # a denominator is not 0
        signs += [self._of_factor(base, amount) for (base, _), amount in powers_of(term.atoms).items()]
        if None in signs:
            return None
        return Sign.NOT_NEGATIVE if Sign.NOT_NEGATIVE in signs else Sign.POSITIVE

    def _of_factor(self, base: Head, amount: Exponent) -> Sign | None:
        sign = self.of_power(base)
        if sign is Sign.POSITIVE:
            return sign
        if isinstance(amount, tuple):
            return None
        if sign is None and amount.denominator == 1 and amount % 2:
            return None
        return Sign.POSITIVE if amount < 0 else Sign.NOT_NEGATIVE

    def of_value(self, head: Head, definition: Sequence[Term]) -> None:
        """Remember the sign of a sum that is an unknown of its own."""
        sign = self.of_sum(definition)
        if sign is not None and head not in self.values:
            self.values[head] = sign


def orders_of(assumptions: Iterable[Assumption]) -> dict[tuple[Head, Head], tuple[bool, str]]:
    """What assumptions say of the entries of one tensor beside those of another: (larger, smaller), whether strictly,
    in words."""
    found: dict[tuple[Head, Head], tuple[bool, str]] = {}
    for assumption in assumptions:
        about = assumption.about
        if assumption.kind != "condition" or not isinstance(about, DataBracket):
            continue
        left, right = about.args[1], about.args[2]
        if isinstance(left, Tensor) and isinstance(right, Tensor) and about.operator in (">", ">=", "<", "<="):
            pair = Entry(left.name), Entry(right.name)
            larger, smaller = pair if about.operator in (">", ">=") else (pair[1], pair[0])
            found[larger, smaller] = about.operator in (">", "<"), assumption.text
    return found


def bounds_of(assumptions: Iterable[Assumption]) -> dict[Head, list[Bound]]:
    """What assumptions say of the entries of a tensor beside a number."""
    found: dict[Head, list[Bound]] = {}
    for assumption in assumptions:
        about = assumption.about
        if assumption.kind != "condition" or not isinstance(about, DataBracket):
            continue
        left, right, operator = about.args[1], about.args[2], about.operator
        if isinstance(right, Tensor) and isinstance(left, Constant):
            left, right = right, left
            operator = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}.get(operator, operator)
        beside = {">": (True, True), ">=": (True, False), "<": (False, True), "<=": (False, False)}.get(operator)
        if not isinstance(left, Tensor) or not isinstance(right, Constant) or beside is None:
            continue
        value = right.value
        if not value.is_Rational:
            continue
        above, strict = beside
        bound = Bound(above, Fraction(int(value.p), int(value.q)), strict, assumption.text)
        found.setdefault(Entry(left.name), []).append(bound)
    return found
