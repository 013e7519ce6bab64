"""SymPy's integer expressions and conditions as the core's: sizes, indices, quotients, fractions of sizes."""

from __future__ import annotations

from collections.abc import Sequence

from sympy import Expr, Symbol

from derivations.core import terms as k
from derivations.core.fractions import sum_of_fractions
from derivations.core.terms import Condition, Int
from derivations.formulas import integers
from derivations.formulas.expressions import Expression
from derivations.formulas.integers import FloorDiv, Maximum, Minimum, Remainder
from derivations.meaning.functions import Unsupported
from derivations.meaning.powers import checked

Environment = dict[str, Int]


class Integers:
    """Reads integer expressions and shapes; `env` gives the indices in scope, every other symbol is a size."""

    def integer(self, value: Expr, env: Environment) -> Int:
        """A SymPy integer expression as a kernel term."""
        numerator, denominator = self.fraction(value, env)
        if denominator != 1:
            raise Unsupported(f"the integer {value} is a fraction")
        return numerator

    def fraction(self, value: Expr, env: Environment) -> tuple[Int, Int]:
        """A rational function of sizes and indices as numerator and denominator."""
        if isinstance(value, Symbol):
            return env.get(value.name, Int.symbol(value.name)), Int.of(1)
        if value.is_Rational:
            return Int.of(int(value.p)), Int.of(int(value.q))
        if value.is_Add:
            return self._fraction_sum([self.fraction(part, env) for part in value.args])
        if value.is_Mul:
            numerator, denominator = Int.of(1), Int.of(1)
            for part in value.args:
                top, bottom = self.fraction(part, env)
                numerator, denominator = numerator * top, denominator * bottom
            return numerator, denominator
        if value.is_Pow and value.exp.is_Integer:
            top, bottom = self.fraction(value.base, env)
            exponent = int(value.exp)
            for part in (top, bottom):
                checked(len(part.terms), abs(exponent))
            return (top**exponent, bottom**exponent) if exponent >= 0 else (bottom**-exponent, top**-exponent)
        if isinstance(value, FloorDiv | Remainder | Minimum | Maximum):
            p, q = (self.integer(part, env) for part in value.args)
            try:
                if isinstance(value, FloorDiv):
                    combined = p // q
                elif isinstance(value, Remainder):
                    combined = p % q
                else:
                    combined = (k.least if isinstance(value, Minimum) else k.greatest)(p, q)
            except ZeroDivisionError:
                raise Unsupported(f"{value} has a divisor that is not positive") from None
            return combined, Int.of(1)
        raise Unsupported(f"{value} is not a rational function of the sizes")

    @staticmethod
    def _fraction_sum(parts: Sequence[tuple[Int, Int]]) -> tuple[Int, Int]:
        numerator, denominator = Int.of(0), Int.of(1)
        for part in parts:
            numerator, denominator = sum_of_fractions((numerator, denominator), part)
        return numerator, denominator

    def condition(self, condition: integers.Condition, env: Environment) -> Condition:
        """A condition between integers as a kernel condition; fractions are multiplied out."""
        if isinstance(condition, integers.Compare):
            top, bottom = self._fraction_sum([self.fraction(condition.right, env), self.fraction(-condition.left, env)])
            if bottom.constant is None:
                raise Unsupported("a comparison of fractions whose denominator depends on the sizes")
            difference = top if bottom.constant > 0 else -top
            return {
                "==": lambda: k.zero(difference),
                "!=": lambda: k.negate(k.zero(difference)),
                "<=": lambda: k.nonnegative(difference),
                "<": lambda: k.nonnegative(difference - 1),
                ">=": lambda: k.nonnegative(-difference),
                ">": lambda: k.nonnegative(-difference - 1),
            }[condition.operator]()
        parts = [self.condition(part, env) for part in condition.args]
        if isinstance(condition, integers.AllOf):
            return k.all_of(parts)
        if isinstance(condition, integers.AnyOf):
            return k.any_of(parts)
        if isinstance(condition, integers.Negation):
            return k.negate(parts[0])
        raise Unsupported(f"the condition {condition}")

    def shape(self, node: Expression, env: Environment) -> tuple[Int, ...]:
        """The shape as kernel terms."""
        return tuple(self.integer(size, env) for size in node.shape)
