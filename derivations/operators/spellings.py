"""Calls that say more than a node: operators over named axes, written with those that act on the last ones.

    max_pool(x, 2, axis=(0, 1))      the transpose of max_pool over the last two axes of a transpose of x
    flip(A, (0, 2))                  one reversal after the other
    transpose(A, (2, 0, 1))          permute(A, (2, 0, 1)); of a matrix by (1, 0), A.T
    pad(A, p, value=v, interior=t)   zeros between neighbours, a frame, and v wherever no entry of A lies
    pad(A, (-1, 2), negative=true)   a frame dropped where a width is negative
    conv(x, k, ldilation=t)          conv(dilate(x, t), k)
    softmax(A, 0)                    the transpose of a softmax over the last axis; over several, a quotient of sums

Law: a spelling is expanded before anybody judges it, so that no proof knows that it exists; what is printed is what it
stands for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sympy import Integer

from derivations.formulas.expressions import Apply, Elementwise, Expression, Over, applied, expression
from derivations.formulas.integers import Maximum
from derivations.operators.building import inverse_order, last_axes, pairs_of, permuted, transposed
from derivations.operators.row import Operator, OperatorError, Parameter, axis_numbers


def expanded(row: Operator, arguments: Sequence[Any], keywords: Mapping[str, Any]) -> Expression | None:
    """What a call stands for, if it is such a spelling; None for any other. Raises OperatorError."""
    own = {parameter.name for parameter in row.spelled}
    if row.name == "pad" and own & keywords.keys():
        return _padded(row, arguments, keywords)
    if row.name in ("conv", "corr") and own & keywords.keys():
        return _spread_data(row, arguments, keywords)
    if row.over_axes:
        return _over_axes(row, arguments, keywords) if "axis" in keywords else None
    special = _SPECIAL.get(row.name)
    bound = _bound(row, arguments, keywords)
    named = bound is not None and bound.keys() >= {parameter.name for parameter in row.written}
    return special(bound) if special is not None and bound is not None and named else None


def _bound(row: Operator, arguments: Sequence[Any], keywords: Mapping[str, Any]) -> dict[str, Any] | None:
    """The arguments by name, where they are as many as the row takes at most; else the row says what is wrong."""
    names = [parameter.name for parameter in row.written]
    if len(arguments) > len(names) or not set(keywords) <= set(names):
        return None
    return dict(zip(names, arguments, strict=False)) | dict(keywords)


def moved(node: Expression, axes: Sequence[int]) -> Expression:
    """The formula with these axes last, in this order; itself where they are."""
    return permuted(node, (*[number for number in range(node.rank) if number not in axes], *axes))


def moved_back(node: Expression, axes: Sequence[int]) -> Expression:
    """The formula whose last axes become these ones, in this order."""
    return permuted(node, inverse_order((*[number for number in range(node.rank) if number not in axes], *axes)))


def _over_axes(row: Operator, arguments: Sequence[Any], keywords: Mapping[str, Any]) -> Expression:
    count = sum(parameter.kind == "tensor" for parameter in row.parameters)
    if len(arguments) < count:
        raise OperatorError(f"{row.name} lacks its arguments", f"its arguments are {row.signature}", None)
    tensors = [expression(value) for value in arguments[:count]]
    axes = axis_numbers(keywords["axis"], tensors[0].rank, f"axis of {row.name}")
    if any(tensor.rank != tensors[0].rank for tensor in tensors):
        raise OperatorError(f"{row.name} of different ranks", "both must have the same rank", 1)
    last = tuple(range(tensors[0].rank - len(axes), tensors[0].rank))
    inner = [moved(tensor, axes) for tensor in tensors]
    found = Apply(row.name, *row.normalise([*inner, *arguments[count:]], {**keywords, "axis": last}))
    return moved_back(found, axes)


def _padded(row: Operator, arguments: Sequence[Any], keywords: Mapping[str, Any]) -> Expression:
    """A frame, with entries between neighbours, of a value; where `negative`, widths below 0 drop what they name."""
    rest = dict(keywords)
    value, interior = rest.pop("value", 0), rest.pop("interior", 0)
    drops = str(rest.pop("negative", False)).lower() == "true"
    if len(arguments) < 2:
        raise OperatorError("pad lacks its arguments", f"its arguments are {row.signature}", None)
    a, widths = expression(arguments[0]), arguments[1] if len(arguments) == 2 else tuple(arguments[1:])
    axes = axis_numbers(rest["axis"], a.rank, "axis of pad") if "axis" in rest else last_axes(a, [0] * min(a.rank, 2))
    pairs = pairs_of(row.parameters[1].normal(widths, len(axes)))
    gaps = Parameter("interior", "each").normal(interior, len(axes)).args

    def over(name: str, node: Expression, given: Any) -> Expression:
        moved_there = moved(node, axes)
        return moved_back(applied(name, moved_there, given, axis=last_axes(moved_there, axes)), axes)

    def framed(node: Expression) -> Expression:
        spread = node if all(gap == 0 for gap in gaps) else over("dilate", node, tuple(gap + 1 for gap in gaps))
        if not drops:
            return over("pad", spread, pairs)
        wide = over("pad", spread, tuple((Maximum(p, Integer(0)), Maximum(q, Integer(0))) for p, q in pairs))
        return over("crop", wide, tuple((Maximum(-p, Integer(0)), Maximum(-q, Integer(0))) for p, q in pairs))

    whole, filling = framed(a), expression(value)
    if filling.rank:
        raise OperatorError(f"a value of rank {filling.rank}", "the value of padding is a number or a scalar", None)
    if filling == expression(0):
        return whole
    return whole + filling * (applied("ones", whole.shape) - framed(applied("ones", a.shape)))


def _spread_data(row: Operator, arguments: Sequence[Any], keywords: Mapping[str, Any]) -> Expression:
    """A convolution of data with zeros between neighbours."""
    rest = dict(keywords)
    x = expression(arguments[0]) if arguments else None
    if x is None:
        raise OperatorError(f"{row.name} lacks its arguments", f"its arguments are {row.signature}", None)
    steps = Parameter("ldilation", "each").normal(rest.pop("ldilation"), x.rank).args
    spread = applied("dilate", x, tuple(steps), axis=tuple(range(x.rank)))
    return Apply(row.name, *row.normalise([spread, *arguments[1:]], rest))


def _flip(bound: Mapping[str, Any]) -> Expression | None:
    """One reversal after the other, where several axes are named."""
    if not isinstance(bound["axis"], tuple | list):
        return None
    node = expression(bound["A"])
    for number in axis_numbers(bound["axis"], node.rank, "axis of flip"):
        node = applied("flip", node, number)
    return node


def _transpose(bound: Mapping[str, Any]) -> Expression:
    node = expression(bound["A"])
    order = axis_numbers(bound["axes"], node.rank, "axes of transpose")
    if len(order) < node.rank:
        raise OperatorError(f"transpose of rank {node.rank} by {len(order)} axes", "name each axis once", 1)
    return transposed(node) if order == (1, 0) else applied("permute", node, order)


def _softmax(bound: Mapping[str, Any]) -> Expression:
    node = expression(bound["z"])
    axes = axis_numbers(bound["axis"], node.rank, "axis of softmax")
    if len(axes) == 1:
        return moved_back(applied("softmax", moved(node, axes)), axes)
    kept = tuple(number for number in range(node.rank) if number not in axes)
    total = applied("sum", Elementwise("exp", 0, node), axes)
    if not kept:
        return Over(Elementwise("exp", 0, node), total)
    return Over(Elementwise("exp", 0, node), applied("broadcast", total, node.shape, axis=kept))


_SPECIAL: dict[str, Callable[[Mapping[str, Any]], Expression | None]] = {
    "flip": _flip,
    "softmax": _softmax,
    "transpose": _transpose,
}
