"""Scalars of an explicit formula: entries as symbols, functions of one variable, steps and maxima.

They exist because SymPy's own `Max`, `Abs` and `Heaviside` differentiate to distributions, and an arbitrary
function's derivative to a `Subs`. Here f, f', f'' are one family, and [x > 0] has derivative 0, which is
right wherever no entry is at a kink or a tie: exactly the condition that the claim language makes an author
assume.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sympy import Add, Dummy, Expr, Function, Integer, Symbol, cos, erf, exp, log, sin, sqrt, tanh

from derivations.formulas.names import name_to_latex


class EntrySymbol(Symbol):  # type: ignore[misc]
    """One entry of a tensor as a real symbol, named as in the claim language: a[0, 1], grad(J, z)[0, 1],
    d(w)[0, 1]."""

    def _latex(self, printer: Any) -> str:
        base, _, subscripts = str(self.name).partition("[")
        for prefix in ("d(", "grad("):
            if base.startswith(prefix):
                names = [name_to_latex(part.strip()) for part in base.removeprefix(prefix).rstrip(")").split(",")]
                base = rf"\mathrm{{d}} {names[0]}" if prefix == "d(" else rf"(\nabla_{{{names[1]}}} {names[0]})"
                break
        else:
            base = name_to_latex(base)
        return f"{base}_{{{subscripts.rstrip(']')}}}" if subscripts else base


def entry_symbol(name: str, index: Sequence[int] = ()) -> EntrySymbol:
    """The symbol of an entry; of a scalar, of the scalar itself.

    >>> entry_symbol("a", (0, 1))
    a[0, 1]
    """
    subscripts = f"[{', '.join(str(i) for i in index)}]" if index else ""
    return EntrySymbol(name + subscripts, real=True)


class Arbitrary(Function):  # type: ignore[misc]
    """f, f', f'', ... of a number: Arbitrary(name, order, x), whose derivative by x has one more prime.

    >>> x = entry_symbol("x", (0,))
    >>> Arbitrary(Symbol("f"), 0, x**2).diff(x)
    2*x[0]*f'(x[0]**2)
    """

    nargs = 3

    def fdiff(self, argindex: int = 3) -> Expr:
        name, order, x = self.args
        return Arbitrary(name, order + 1, x) if argindex == 3 else Integer(0)

    def _sympystr(self, printer: Any) -> str:
        return f"{self.args[0]}{chr(39) * int(self.args[1])}({printer.doprint(self.args[2])})"

    def _latex(self, printer: Any) -> str:
        name, order, x = self.args
        return rf"{printer.doprint(name)}{chr(39) * int(order)}\left({printer.doprint(x)}\right)"


class Step(Function):  # type: ignore[misc]
    """[x > 0]: 1 or 0, with derivative 0 (wherever x is not 0).

    >>> Step(Integer(3)), Step(Integer(0))
    (1, 0)
    """

    nargs = 1

    @classmethod
    def eval(cls, x: Expr) -> Expr | None:
        return Integer(bool(x > 0)) if x.is_number and x.is_comparable else None

    def fdiff(self, argindex: int = 1) -> Expr:
        return Integer(0)


class Same(Function):  # type: ignore[misc]
    """[x = 0] on data, with derivative 0."""

    nargs = 1

    @classmethod
    def eval(cls, x: Expr) -> Expr | None:
        return Integer(bool(x.is_zero)) if x.is_number else None

    def fdiff(self, argindex: int = 1) -> Expr:
        return Integer(0)


def compare_data(operator: str, left: Expr, right: Expr) -> Expr:
    """The bracket [left op right] of two numbers or entries."""
    if operator in (">", "<="):
        greater = Step(left - right)
        return greater if operator == ">" else 1 - greater
    if operator in ("<", ">="):
        less = Step(right - left)
        return less if operator == "<" else 1 - less
    same = Same(left - right)
    return same if operator == "==" else 1 - same


def is_maximum(place: int, values: Sequence[Expr]) -> Expr:
    """1 where entry `place` is the maximum, the first of equal ones, else 0: a product of steps."""
    product: Expr = Integer(1)
    for other, value in enumerate(values):
        if other < place:
            product *= Step(values[place] - value)
        elif other > place:
            product *= 1 - Step(value - values[place])
    return product


def maximum(values: Sequence[Expr]) -> Expr:
    """The largest of some entries: Σ_t x_t · [x_t is the maximum]."""
    return Add(*(value * is_maximum(place, values) for place, value in enumerate(values)))


def _known(name: str, x: Expr) -> Expr | None:
    if name == "sigmoid":
        return 1 / (1 + exp(-x))
    if name == "softplus":
        return log(1 + exp(x))
    if name == "relu":
        return x * Step(x)
    if name == "abs":
        return x * (Step(x) - Step(-x))
    functions = {"exp": exp, "log": log, "sqrt": sqrt, "tanh": tanh, "sin": sin, "cos": cos, "erf": erf}
    return functions[name](x) if name in functions else None


def function_value(name: str, order: int, x: Expr) -> Expr:
    """The derivative of this order of a function of one variable at x; an unknown name is an arbitrary
    function.

    >>> function_value("relu", 1, Integer(2)), function_value("exp", 2, Integer(0))
    (1, 1)
    """
    variable = Dummy(real=True)
    value = _known(name, variable)
    if value is None:
        return Arbitrary(Symbol(name), Integer(order), x)
    for _ in range(order):
        value = value.diff(variable)
    return value.subs(variable, x)
