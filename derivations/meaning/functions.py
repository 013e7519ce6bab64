"""The known functions of one variable: their derivatives, one row each, and what is rewritten before lowering.

An arbitrary `function f` has no row: its derivatives are unknowns f', f'', ... A derivative that needs a condition on
the data (relu and abs at 0) names it as an axiom.
"""

from __future__ import annotations

from collections.abc import Callable

from derivations.core.heads import Argument, Function, Kind, Map
from derivations.formulas.expressions import (
    Apply,
    Constant,
    DataBracket,
    Elementwise,
    Expression,
    Minus,
    Over,
    Power,
    Times,
)

PI = Function(Map(Kind.KNOWN, "pi"), 0, Argument(()))  # a function of nothing


class Unsupported(Exception):
    """The prover has no meaning for this node: the claim is undecided, and the reason is named."""


def _f(name: str, x: Expression) -> Expression:
    return Elementwise(name, 0, x)


DERIVATIVES: dict[str, Callable[[Expression], Expression]] = {
    "exp": lambda x: _f("exp", x),
    "log": lambda x: Over(Constant(1), x),
    "sqrt": lambda x: Over(Constant(1), Constant(2) * _f("sqrt", x)),
    "tanh": lambda x: Constant(1) - Power(_f("tanh", x), Constant(2)),
    "sigmoid": lambda x: Times(_f("sigmoid", x), Constant(1) - _f("sigmoid", x)),
    "softplus": lambda x: _f("sigmoid", x),
    "sin": lambda x: _f("cos", x),
    "cos": lambda x: Minus(_f("sin", x)),
    "erf": lambda x: Over(Constant(2), _f("sqrt", Apply("pi"))) * _f("exp", Minus(Power(x, Constant(2)))),
}

# relu(x) = x·[x > 0] and abs(x) = x·(2[x > 0] − 1) hold everywhere; their derivatives need x ≠ 0.
PIECEWISE: dict[str, Callable[[Expression], Expression]] = {
    "relu": lambda x: DataBracket(">", x, Constant(0)),
    "abs": lambda x: Constant(2) * DataBracket(">", x, Constant(0)) - 1,
}

KNOWN = (*DERIVATIVES, *PIECEWISE)


def derivative_of(name: str, order: int, x: Expression) -> Expression | None:
    """The derivative of the order-th derivative of a known function at x; None for an arbitrary function."""
    if name not in DERIVATIVES:
        return None
    if order:
        raise AssertionError("derivatives of known functions are rewritten before they are lowered")
    return DERIVATIVES[name](x)


def rewritten(node: Elementwise) -> tuple[Expression, str] | None:
    """A simpler formula for a known function's derivative or for a piecewise linear function, with its axiom.

    >>> from derivations.formulas.expressions import Tensor
    >>> rewritten(Elementwise("f", 1, Tensor("z", (2,)))) is None
    True
    """
    x = node.of
    if node.name in PIECEWISE:
        slope = PIECEWISE[node.name](x)
        if node.order == 0:
            return Times(slope, x), f"no entry of {x} is 0 where {node.name} is differentiated"
        return (slope, f"no entry of {x} is 0") if node.order == 1 else (Constant(0) * x, f"no entry of {x} is 0")
    if node.name in DERIVATIVES and node.order == 1:
        return DERIVATIVES[node.name](x), ""
    if node.name in DERIVATIVES and node.order > 1:
        raise Unsupported(f"a derivative of order {node.order} of {node.name}")
    return None
