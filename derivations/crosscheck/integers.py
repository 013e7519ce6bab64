"""Integer expressions and conditions as fast functions of sizes and index values.

Why: a cross-check evaluates the same few size expressions thousands of times. Each is translated once into
nested Python functions; the meaning is that of `integers.evaluate_integer`, for numbers and for arrays of
index values alike.

Law: `//` and `%` by anything below 1 do not exist; nothing wraps.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np
from sympy import Basic, Expr, Symbol

from derivations.formulas.integers import (
    AllOf,
    AnyOf,
    Compare,
    Condition,
    FloorDiv,
    Maximum,
    Minimum,
    Negation,
    Remainder,
)
from numeric.operators import DoesNotExist

Values = Mapping[str, Any]
Compiled = Callable[[Values], Any]


def _divisor(value: Any) -> Any:
    if np.any(np.less(value, 1)):
        raise DoesNotExist("a quotient or remainder by a number below 1")
    return value


def _fold(parts: list[Compiled], combine: Callable[[Any, Any], Any]) -> Compiled:
    def folded(values: Values) -> Any:
        result = parts[0](values)
        for part in parts[1:]:
            result = combine(result, part(values))
        return result

    return folded


def _power(base: Any, exponent: Any) -> Any:
    if np.any(np.less(exponent, 0)):
        if np.any(np.equal(base, 0)):
            raise DoesNotExist("a division by 0")
        inverse = Fraction(1) / base if not isinstance(base, np.ndarray) else _inverse(base)
        return inverse**-exponent
    return base**exponent


_inverse = np.frompyfunc(lambda value: Fraction(1, int(value)), 1, 1)

_BINARY: dict[type, Callable[[Any, Any], Any]] = {
    FloorDiv: lambda p, q: p // _divisor(q),
    Remainder: lambda p, q: p % _divisor(q),
    Minimum: lambda p, q: np.minimum(p, q) if _is_array(p, q) else min(p, q),
    Maximum: lambda p, q: np.maximum(p, q) if _is_array(p, q) else max(p, q),
}


def _is_array(*values: Any) -> bool:
    return any(isinstance(value, np.ndarray) for value in values)


@lru_cache(maxsize=20000)
def compiled(expression: Expr) -> Compiled:
    """The rational function of sizes and indices as a Python function of their values by name.

    >>> from derivations.formulas.integers import integer_symbol
    >>> H = integer_symbol("H")
    >>> compiled(FloorDiv(H, 2) + 1)({"H": 5})
    3
    """
    if isinstance(expression, Symbol):
        name = expression.name
        return lambda values: values[name]
    if expression.is_Integer:
        constant = int(expression)
        return lambda values: constant
    if expression.is_Rational:
        fraction = Fraction(int(expression.p), int(expression.q))
        return lambda values: fraction
    parts = [compiled(part) for part in expression.args]
    if type(expression) in _BINARY:
        binary, (left, right) = _BINARY[type(expression)], parts
        return lambda values: binary(left(values), right(values))
    if expression.is_Add:
        return _fold(parts, lambda p, q: p + q)
    if expression.is_Mul:
        return _fold(parts, lambda p, q: p * q)
    if expression.is_Pow:
        base, exponent = parts
        return lambda values: _power(base(values), exponent(values))
    raise TypeError(f"{expression!r} is not a rational function of the sizes")


_COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    "==": lambda p, q: p == q,
    "!=": lambda p, q: p != q,
    "<=": lambda p, q: p <= q,
    "<": lambda p, q: p < q,
    ">=": lambda p, q: p >= q,
    ">": lambda p, q: p > q,
}


@lru_cache(maxsize=20000)
def compiled_condition(condition: Condition) -> Compiled:
    """The condition as a Python function of the values: a truth value, or an array of them.

    >>> from derivations.formulas.integers import integer_symbol
    >>> compiled_condition(Compare("<", integer_symbol("m"), 3))({"m": 2})
    True
    """
    if isinstance(condition, Compare):
        compare = _COMPARISONS[condition.operator]
        left, right = compiled(condition.left), compiled(condition.right)
        return lambda values: compare(left(values), right(values))
    parts = [compiled_condition(part) for part in condition.args]
    if isinstance(condition, AllOf):
        return lambda values: _all(parts, values)
    if isinstance(condition, AnyOf):
        return lambda values: _any(parts, values)
    if isinstance(condition, Negation):
        return lambda values: np.logical_not(parts[0](values))
    raise TypeError(f"{condition!r} is not a condition")


def _all(parts: list[Compiled], values: Values) -> Any:
    result: Any = True
    for part in parts:
        result = np.logical_and(result, part(values))
        if not np.any(result):  # what follows may not exist (a division by 0) where this is false
            break
    return result


def _any(parts: list[Compiled], values: Values) -> Any:
    result: Any = False
    for part in parts:
        result = np.logical_or(result, part(values))
        if np.all(result):
            break
    return result


@lru_cache(maxsize=20000)
def symbols_of(node: Basic) -> frozenset[str]:
    """The names of the integer symbols in an integer expression or condition."""
    return frozenset(symbol.name for symbol in node.free_symbols)
