"""Choices between entries: maximum, minimum, clamp, select, one-hot rows; and the counting vector they compare with.

Each but the last abbreviates a formula in brackets and `relu`, and is judged as that formula:

    maximum(A, B)      B + relu(A − B)
    clamp(x, lo, hi)   minimum(maximum(x, lo), hi)
    select(p, A, B)    [p != 0]·A + (1 − [p != 0])·B
    onehot(y, C)[…, c] [y[…] == c]
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sympy import Basic

from derivations.core.terms import Int
from derivations.formulas.expressions import (
    Bracket,
    Constant,
    DataBracket,
    Elementwise,
    Expression,
    Minus,
    Plus,
    Shape,
    Times,
    applied,
)
from derivations.formulas.integers import Compare, Condition
from derivations.operators.row import Gather, Operator, OperatorError, Parameter, tensor


def _common(*parts: Expression) -> Shape:
    """The shape of the first part that is no number; raises OperatorError where the ranks differ."""
    shape: Shape = ()
    for number, part in enumerate(parts):
        if part.rank and shape and part.rank != len(shape):
            fix = "there is no broadcasting; only scalars combine with anything"
            raise OperatorError(f"a choice between rank {len(shape)} and rank {part.rank}", fix, number)
        shape = shape or part.shape
    return shape


def _same_sizes(*parts: Expression) -> list[Condition]:
    shapes = [part.shape for part in parts if part.rank]
    return [Compare("==", n, m) for shape in shapes[1:] for n, m in zip(shapes[0], shape, strict=True)]


def _excess(a: Expression, b: Expression) -> tuple[Expression, Expression, Expression]:
    """The two in an order that does not depend on how they are written, and how far the first is above the second:
    max(a, b) and max(b, a), and min(a, b) beside them, then speak of one unknown. A number is the second."""
    first, second = sorted((a, b), key=lambda part: (isinstance(part, Constant), part.sort_key()))
    return first, second, Elementwise("relu", 0, first - second)


def maximum(a: Expression, b: Expression) -> Expression:
    """The larger of two entries."""
    _, second, excess = _excess(a, b)
    return second + excess


def minimum(a: Expression, b: Expression) -> Expression:
    """The smaller of two entries."""
    first, _, excess = _excess(a, b)
    return first - excess


def _clamp(x: Expression, low: Expression, high: Expression) -> Expression:
    return minimum(maximum(x, low), high)


def _is_indicator(p: Expression) -> bool:
    """Whether a formula is 0 or 1 by its form: a bracket, a product of such, 1 minus one."""
    if isinstance(p, Times):
        return all(map(_is_indicator, p.args))
    if isinstance(p, Plus) and len(p.args) == 2 and p.args[0] == Constant(1) and isinstance(p.args[1], Minus):
        return _is_indicator(p.args[1].args[0])
    return isinstance(p, Bracket | DataBracket)


def _select(p: Expression, a: Expression, b: Expression) -> Expression:
    chosen = p if _is_indicator(p) else DataBracket("!=", p, Constant(0))
    return Times(chosen, a) + Times(Constant(1) - chosen, b)


def _onehot(y: Expression, classes: Basic) -> Expression:
    shape = (*y.shape, classes)
    labels = applied("broadcast", y, shape, axis=tuple(range(y.rank)))
    return DataBracket("==", labels, applied("broadcast", applied("iota", classes), shape, axis=y.rank))


def _iota_entry(index: Sequence[Int], n: Int) -> Gather:
    return Gather(numerator=index[0])


def _call(name: str) -> Any:
    return lambda *parts: rf"{name}\left({', '.join(parts)}\right)"


def _at_least_none(n: Basic) -> list[Condition]:
    return [Compare(">=", n, 0)]


PAIR = (tensor("A"), tensor("B"))
CLASSES = Parameter("classes", "integer", required=True)

ROWS = (
    Operator("maximum", PAIR, _common, _same_sizes, None, _call(r"\max"), "the larger entry, as numpy.maximum",
             numpy=lambda a, b: f"np.maximum({a}, {b})", formula=maximum, samples=(("B",),)),
    Operator("minimum", PAIR, _common, _same_sizes, None, _call(r"\min"), "the smaller entry, as numpy.minimum",
             numpy=lambda a, b: f"np.minimum({a}, {b})", formula=minimum, samples=(("B",),)),
    Operator("clamp", (tensor("x"), tensor("low"), tensor("high")), _common, _same_sizes, None,
             _call(r"\operatorname{clamp}"), "min(max(x, low), high), as torch.clamp",
             numpy=lambda x, low, high: f"np.minimum(np.maximum({x}, {low}), {high})", formula=_clamp,
             samples=(("B", 3), (-2, "B"), (2, 1))),
    Operator("select", (tensor("p"), *PAIR), _common, _same_sizes, None, _call(r"\operatorname{select}"),
             "the entry of A where p is not 0, else that of B, as numpy.where",
             numpy=lambda p, a, b: f"np.where(({p}) != 0, {a}, {b})", formula=_select,
             samples=(("B", 2), (1, "B"), (0, 5))),
    Operator("onehot", (tensor("y"), CLASSES), lambda y, classes: (*y.shape, classes),
             lambda y, classes: _at_least_none(classes), None, _call(r"\operatorname{onehot}"),
             "a last axis more, with 1 at the place that the entry names",
             numpy=lambda y, classes: f"(np.expand_dims({y}, -1) == np.arange({classes})) * 1", formula=_onehot,
             samples=((3,), (1,), (0,))),
    Operator("iota", (Parameter("n", "integer", required=True),), lambda n: (n,), _at_least_none, _iota_entry,
             lambda n: rf"\operatorname{{iota}}\left({n}\right)", "0, 1, …, n − 1 [XLA's Iota]",
             numpy=lambda n: f"np.arange({n})"),
)  # fmt: skip

__all__ = ["ROWS", "maximum", "minimum"]
