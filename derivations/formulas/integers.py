"""Integer expressions: sizes, strides, indices and the conditions between them, as SymPy objects.

They exist because SymPy's own `floor`, `Mod`, `Min` and relationals evaluate eagerly and by assumptions of their
own. The law kept here: nothing is rewritten except exact arithmetic on numbers, so what an author wrote is what the
kernel decides. Sums and products of sizes are SymPy's `Add` and `Mul` (commutative ring arithmetic, exact).

What this module cannot see: whether a divisor is positive. The place where an expression is used states that as an
existence condition.
"""

from __future__ import annotations

from collections.abc import Iterator

from sympy import Basic, Expr, Function, Integer, Symbol, sympify
from sympy.core.symbol import Str


def integer_symbol(name: str) -> Symbol:
    """The symbol of a size or of an index.

    >>> integer_symbol("m").is_integer
    True
    """
    return Symbol(name, integer=True)


class FloorDiv(Function):  # type: ignore[misc]
    """`p // q`, the floor of the exact quotient; q >= 1 is an existence condition of its place.

    >>> FloorDiv(Integer(7), Integer(2))
    3
    """

    nargs = 2
    is_integer = True

    @classmethod
    def eval(cls, p: Expr, q: Expr) -> Expr | None:
        if p.is_Integer and q.is_Integer and q > 0:
            return Integer(int(p) // int(q))
        return p if q == 1 else None


class Remainder(Function):  # type: ignore[misc]
    """`p % q` with 0 <= p % q < q; q >= 1 is an existence condition of its place.

    >>> Remainder(Integer(7), Integer(2))
    1
    """

    nargs = 2
    is_integer = True

    @classmethod
    def eval(cls, p: Expr, q: Expr) -> Expr | None:
        if p.is_Integer and q.is_Integer and q > 0:
            return Integer(int(p) % int(q))
        return Integer(0) if q == 1 else None


class Minimum(Function):  # type: ignore[misc]
    """The smaller of two integers.

    >>> Minimum(Integer(7), Integer(2))
    2
    """

    nargs = 2
    is_integer = True

    @classmethod
    def eval(cls, p: Expr, q: Expr) -> Expr | None:
        if p.is_Integer and q.is_Integer:
            return min(p, q)
        return p if p == q else None


class Maximum(Function):  # type: ignore[misc]
    """The larger of two integers.

    >>> Maximum(Integer(7), Integer(2))
    7
    """

    nargs = 2
    is_integer = True

    @classmethod
    def eval(cls, p: Expr, q: Expr) -> Expr | None:
        if p.is_Integer and q.is_Integer:
            return max(p, q)
        return p if p == q else None


def ceiling_division(p: Expr, q: Expr) -> Expr:
    """⌈p / q⌉ written with the floor: (p + q - 1) // q for q >= 1.

    >>> ceiling_division(Integer(7), Integer(2))
    4
    """
    return FloorDiv(sympify(p) + q - 1, q)


class Condition(Basic):  # type: ignore[misc]
    """A condition between integers: one of `Compare`, `AllOf`, `AnyOf`, `Negation`."""


class Compare(Condition):
    """`left op right` with op one of == != <= < >= >.

    >>> str(Compare("<=", integer_symbol("m"), integer_symbol("H")).operator)
    '<='
    """

    def __new__(cls, operator: str | Str, left: Expr, right: Expr) -> Compare:
        return super().__new__(cls, Str(str(operator)), sympify(left), sympify(right))  # type: ignore[no-any-return]

    @property
    def operator(self) -> str:
        return str(self.args[0].name)

    @property
    def left(self) -> Expr:
        return self.args[1]

    @property
    def right(self) -> Expr:
        return self.args[2]


class AllOf(Condition):
    """The conjunction of conditions; of none, true."""


class AnyOf(Condition):
    """The disjunction of conditions; of none, false."""


class Negation(Condition):
    """The condition that its one argument does not hold."""


def conjuncts(condition: Condition) -> Iterator[Condition]:
    """The conditions whose conjunction this is, nested conjunctions opened."""
    if isinstance(condition, AllOf):
        for part in condition.args:
            yield from conjuncts(part)
    else:
        yield condition


def evaluate_integer(value: Expr, sizes: dict[str, int]) -> int:
    """The integer that an expression is at given values of its symbols; raises KeyError for a missing one.

    >>> H, m = integer_symbol("H"), integer_symbol("m")
    >>> evaluate_integer(FloorDiv(H - m, 2) + 1, {"H": 7, "m": 2})
    3
    """
    if isinstance(value, Symbol):
        return sizes[value.name]
    if value.is_Integer:
        return int(value)
    parts = [evaluate_integer(part, sizes) for part in value.args]
    if isinstance(value, FloorDiv):
        return parts[0] // parts[1]
    if isinstance(value, Remainder):
        return parts[0] % parts[1]
    if isinstance(value, Minimum):
        return min(parts)
    if isinstance(value, Maximum):
        return max(parts)
    if value.is_Add:
        return sum(parts)
    if value.is_Mul:
        product = 1
        for part in parts:
            product *= part
        return product
    if value.is_Pow and parts[1] >= 0:
        return int(parts[0] ** parts[1])
    raise TypeError(f"{value!r} is not an integer expression")


_COMPARISONS = {
    "==": int.__eq__, "!=": int.__ne__, "<=": int.__le__, "<": int.__lt__, ">=": int.__ge__, ">": int.__gt__,
}  # fmt: skip


def evaluate_condition(condition: Condition, sizes: dict[str, int]) -> bool:
    """Whether a condition holds at given values of its symbols.

    >>> m, H = integer_symbol("m"), integer_symbol("H")
    >>> evaluate_condition(AllOf(Compare("<=", m, H), Compare("==", m, 1)), {"m": 1, "H": 3})
    True
    """
    if isinstance(condition, Compare):
        left = evaluate_integer(condition.left, sizes)
        return bool(_COMPARISONS[condition.operator](left, evaluate_integer(condition.right, sizes)))
    if isinstance(condition, AllOf):
        return all(evaluate_condition(part, sizes) for part in condition.args)
    if isinstance(condition, AnyOf):
        return any(evaluate_condition(part, sizes) for part in condition.args)
    if isinstance(condition, Negation):
        return not evaluate_condition(condition.args[0], sizes)
    raise TypeError(f"{condition!r} is not a condition")
