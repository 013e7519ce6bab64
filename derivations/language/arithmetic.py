"""Exact arithmetic on numbers and sizes while a formula is built.

Law: arithmetic of two constants is done at once, but never where it could hide that something does not
exist. SymPy cancels `(H - m) / (H - m)` to 1; so a quotient is computed only if its divisor is positive in
the whole context, and a `//` or `%` with another divisor is never lost in a sum or product. What is not
computed stays a node.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import reduce
from operator import mul

from sympy import Expr, Integer, Symbol

from derivations.formulas.claims import Dimension
from derivations.formulas.expressions import Constant, Expression, Minus, Over, Plus, Power, Times
from derivations.formulas.integers import Compare, Condition, FloorDiv, Maximum, Minimum, Remainder, conjuncts
from derivations.language import limits


class TooLarge(ValueError):
    """A number beyond the limits."""


# A condition may speak of a quotient whose bound asks for the condition again; twice is enough at a glance.
SLACK_NESTING = 2


class Arithmetic:
    """Sums, products, quotients and powers of nodes in a context with these dims and conditions."""

    def __init__(self, dims: Mapping[str, Dimension], conditions: Iterable[Condition]) -> None:
        self.least = {dimension.symbol: dimension.least for dimension in dims.values()}
        self._nesting = 0
        self.slack = [
            slack
            for condition in conditions
            for part in conjuncts(condition)
            if isinstance(part, Compare) and (slack := _slack(part)) is not None
        ]

    def lower_bound(self, value: Expr) -> Expr | None:
        """A number that the value is never below, or None. Not the greatest such number."""
        direct = self._bound(value)
        if direct is not None or not value.is_Add or self._nesting >= SLACK_NESTING:
            return direct
        self._nesting += 1
        try:
            bounds = (self._bound(value - slack) for slack in self.slack)
            return next((bound for bound in bounds if bound is not None), None)
        finally:
            self._nesting -= 1

    def _bound(self, value: Expr) -> Expr | None:
        if value.is_number:
            return value
        if isinstance(value, Symbol):
            least = self.least.get(value)
            return None if least is None else Integer(least)
        if isinstance(value, FloorDiv):
            top, bottom = value.args
            if not self.positive(bottom):
                return None
            return Integer(1) if self._at_least(top - bottom, 0) else Integer(0) if self._at_least(top, 0) else None
        if isinstance(value, Remainder):
            return Integer(0) if self.positive(value.args[1]) else None
        parts = [self._bound(part) for part in value.args]
        if isinstance(value, Maximum):
            return max((part for part in parts if part is not None), default=None)
        if any(part is None for part in parts):
            return None
        return _combined(value, [part for part in parts if part is not None])

    def _at_least(self, value: Expr, number: int) -> bool:
        bound = self.lower_bound(value)
        return bound is not None and bool(bound >= number)

    def positive(self, value: Expr) -> bool:
        """Whether the value is positive at all sizes of the context, as far as a glance can tell."""
        bound = self.lower_bound(value)
        return bound is not None and bool(bound > 0)

    def partial(self, value: Expr) -> set[Expr]:
        """The `//` and `%` in a value whose divisor may fail to be positive."""
        found: set[Expr] = value.atoms(FloorDiv, Remainder)
        return {part for part in found if not self.positive(part.args[1])}

    def computed(self, value: Expr, *operands: Expr) -> Constant | None:
        """The value as a constant, or None where computing it has hidden a part that may not exist."""
        if any(not self.partial(operand) <= self.partial(value) for operand in operands):
            return None
        return Constant(bounded(value))

    def plus(self, terms: Sequence[Expression]) -> Expression:
        """The sum of terms in their order; constants at its head are added up."""
        head, rest = terms[0], list(terms[1:])
        while rest and isinstance(head, Constant) and isinstance(rest[0], Constant):
            total = self.computed(head.value + rest[0].value, head.value, rest[0].value)
            if total is None:
                break
            head, rest = total, rest[1:]
        whole: Expression = Plus(head, *rest) if rest else head
        return whole

    def minus(self, node: Expression) -> Expression:
        """The negative."""
        return Constant(-node.value) if isinstance(node, Constant) else Minus(node)

    def times(self, factors: Sequence[Expression]) -> Expression:
        """The product of factors in their order; constants at its head are multiplied."""
        head, rest = factors[0], list(factors[1:])
        while rest and isinstance(head, Constant) and isinstance(rest[0], Constant):
            product = self.computed(head.value * rest[0].value, head.value, rest[0].value)
            if product is None:
                break
            head, rest = product, rest[1:]
        whole: Expression = Times(head, *rest) if rest else head
        return whole

    def over(self, left: Expression, right: Expression) -> Expression:
        """The quotient; of constants exact, where the divisor is positive or a number that is not 0."""
        if isinstance(left, Constant) and isinstance(right, Constant):
            divisor = right.value
            if (divisor.is_number and divisor != 0) or self.positive(divisor):
                exact = self.computed(left.value / divisor, left.value, divisor)
                if exact is not None:
                    return exact
        quotient: Expression = Over(left, right)
        return quotient

    def power(self, base: Expression, exponent: int) -> Expression:
        """The power; of a constant exact, as far as it exists."""
        if abs(exponent) > limits.EXPONENT:
            raise TooLarge("this exponent is too large")
        power: Expression = Power(base, Integer(exponent))
        if not isinstance(base, Constant) or (exponent == 0 and self.partial(base.value)):
            return power
        if exponent < 0:
            return self.over(Constant(1), self.power(base, -exponent))
        return self.computed(base.value**exponent, base.value) or power


def _slack(part: Compare) -> Expr | None:
    """What a comparison says is not negative."""
    if part.operator in ("<=", "<"):
        return part.right - part.left - int(part.operator == "<")
    if part.operator in (">=", ">"):
        return part.left - part.right - int(part.operator == ">")
    return None


def _combined(value: Expr, parts: list[Expr]) -> Expr | None:
    """The bound of a sum, product, power or minimum from the bounds of its parts."""
    if value.is_Add:
        return sum(parts, Integer(0))
    if isinstance(value, Minimum):
        return min(parts)
    if any(part < 0 for part in parts):
        return None
    if value.is_Mul:
        return reduce(mul, parts, Integer(1))
    if value.is_Pow and value.args[1].is_Integer and value.args[1] > 0:
        return parts[0] ** value.args[1]
    # A negative exponent: positive, but as small as one likes.
    return None


def bounded(value: Expr) -> Expr:
    """The value itself; raises TooLarge for a number beyond the limits."""
    for part in (value, *value.args):
        if part.is_Rational and max(abs(int(part.p)), int(part.q)).bit_length() > limits.NUMBER_BITS:
            raise TooLarge("this number is too large")
    return value


def is_integer_expression(value: Expr) -> bool:
    """Whether a value is a whole number at all sizes by its form: no quotient but `//`.

    >>> from derivations.formulas.integers import integer_symbol
    >>> is_integer_expression(integer_symbol("H") / 2)
    False
    """
    if isinstance(value, Symbol):
        return True
    if value.is_number:
        return bool(value.is_Integer)
    if value.is_Pow:
        return bool(value.args[1].is_Integer and value.args[1] >= 0) and is_integer_expression(value.args[0])
    if value.is_Add or value.is_Mul or isinstance(value, FloorDiv | Remainder | Minimum | Maximum):
        return all(is_integer_expression(part) for part in value.args)
    return False
