"""The words of the language that are called like operators but are not rows of the table.

`grad`, `jacobian`, `d` take a name; `shape`, `floor`, `ceil`, `min`, `max` give integers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from math import prod
from typing import Any

from lark import Token, Tree
from sympy import Expr, Integer

from derivations.formulas.expressions import (
    Constant,
    Definition,
    Differential,
    Expression,
    Grad,
    Jacobian,
    Minus,
    ShapeError,
    SizeTuple,
    Tensor,
)
from derivations.formulas.integers import FloorDiv, Maximum, Minimum, ceiling_division
from derivations.language import limits
from derivations.language.arithmetic import is_integer_expression
from derivations.language.calls import operator
from derivations.language.reader import Reader
from derivations.language.syntax import ungrouped
from derivations.operators import apply


def arguments(elaborator: Reader, name: Token, call: Any, least: int, most: int | None = None) -> list[Any]:
    """The arguments of a call without keywords; as many as the function takes."""
    most = most or least
    for part in call.children:
        if isinstance(part, Tree) and part.data == "keyword":
            raise elaborator.error(part, f"{name} has no parameter {part.children[0]}", "", "leave it out")
    count = len(call.children)
    if not least <= count <= most:
        wanted = f"{least} argument" + ("s" if least > 1 else "") if least == most else f"{least} to {most} arguments"
        raise elaborator.error(call, f"{name} takes {wanted}, {count} {'is' if count == 1 else 'are'} given", wanted)
    return list(call.children)


def _scalar(elaborator: Reader, name: Token, tree: Any) -> Expression:
    node = elaborator.operand(tree)
    if node.rank and all(size == 1 for size in node.shape):
        return apply("sum", node)
    if node.rank:
        raise elaborator.error(
            tree,
            f"{name} of something of rank {node.rank}",
            "a scalar",
            "the scalar stands first: grad(J, x); jacobian(y, x) takes any y",
        )
    return node


def _variable(elaborator: Reader, name: Token, tree: Any) -> Expression:
    """The name with respect to which a derivative is taken."""
    node = elaborator.node(tree) if isinstance(tree, Tree) and tree.data == "name" else None
    if isinstance(node, Tensor | Definition):
        return node
    if isinstance(tree, Tree) and tree.data == "postfix":
        fix = "take entries of the result: grad(J, w)[d]"
    else:
        fix = "give the formula a name by a definition"
    raise elaborator.error(tree, f"the variable of {name} is a name", "a declared tensor, scalar or definition", fix)


def _grad(elaborator: Reader, name: Token, call: Any) -> Expression:
    of, wrt = arguments(elaborator, name, call, 2)
    return Grad(_scalar(elaborator, name, of), _variable(elaborator, name, wrt))


def _jacobian(elaborator: Reader, name: Token, call: Any) -> Expression:
    of, wrt = arguments(elaborator, name, call, 2)
    return Jacobian(elaborator.operand(of), _variable(elaborator, name, wrt))


def _d(elaborator: Reader, name: Token, call: Any) -> Expression:
    parts = arguments(elaborator, name, call, 1, 2)
    return Differential(elaborator.operand(parts[0]), *[_variable(elaborator, name, part) for part in parts[1:]])


def _shape(elaborator: Reader, name: Token, call: Any) -> Expression:
    (of,) = arguments(elaborator, name, call, 1)
    return SizeTuple.of_shape(elaborator.operand(of))


def _floor(elaborator: Reader, name: Token, call: Any) -> Expression:
    return _rounded(elaborator, name, call, FloorDiv)


def _ceil(elaborator: Reader, name: Token, call: Any) -> Expression:
    return _rounded(elaborator, name, call, ceiling_division)


def _rounded(elaborator: Reader, name: Token, call: Any, divide: Callable[[Expr, Expr], Expr]) -> Expression:
    (of,) = arguments(elaborator, name, call, 1)
    inner = ungrouped(of)
    if inner.data == "product" and len(inner.children) == 3 and inner.children[1] == "/":
        top, bottom = (elaborator.node(part) for part in inner.children[::2])
        if all(isinstance(part, Constant) and is_integer_expression(part.value) for part in (top, bottom)):
            if bottom.value.is_Integer and bottom.value <= 0:
                raise elaborator.error(inner.children[2], f"a division by {bottom}", "a positive divisor")
            return Constant(divide(top.value, bottom.value))
    node = elaborator.node(of)
    if isinstance(node, Constant):
        top_value, bottom_value = node.value.together().as_numer_denom()
        if is_integer_expression(top_value) and is_integer_expression(bottom_value):
            return Constant(divide(top_value, bottom_value))
    raise elaborator.error(
        of,
        f"{name} takes a quotient of integers",
        "integer expressions in the sizes",
        f"write {name}(p / q)",
    )


def _min(elaborator: Reader, name: Token, call: Any) -> Expression:
    """`min(p, q)` of integers, `min(A, B)` entry by entry; of one formula, along axes, as the largest of negatives."""
    if _is_reduction(elaborator, call):
        return Minus(operator(elaborator, "max", name, call, Minus))
    return _extreme(elaborator, name, call, Minimum, "minimum")


def _max(elaborator: Reader, name: Token, call: Any) -> Expression:
    """`max(p, q)` of integers, `max(A, B)` entry by entry, `max(A)` and `max(A, axis)` of one formula."""
    if _is_reduction(elaborator, call):
        return operator(elaborator, "max", name, call)
    return _extreme(elaborator, name, call, Maximum, "maximum")


def _is_reduction(elaborator: Reader, call: Any) -> bool:
    """Whether a call of max or min has one tensor, and perhaps axes: a whole number, several, or `axis=`."""
    if len(call.children) != 2:
        return len(call.children) < 2
    first, second = call.children
    if second.data == "keyword":
        return True
    if not elaborator.operand(first).rank:
        return False
    node = elaborator.node(second)
    return isinstance(node, SizeTuple) or (isinstance(node, Constant) and bool(node.value.is_Integer))


def _extreme(
    elaborator: Reader, name: Token, call: Any, choose: Callable[[Expr, Expr], Expr], entrywise: str
) -> Expression:
    parts = arguments(elaborator, name, call, 2, limits.BRACKET_DEPTH)
    nodes = [elaborator.operand(part) for part in parts]
    if all(isinstance(node, Constant) and is_integer_expression(node.value) for node in nodes):
        return Constant(reduce(choose, [elaborator.integer(part) for part in parts]))
    quotients = [_quotient(node) for node in nodes]
    if all(isinstance(node, Constant) for node in nodes):
        return _of_quotients(elaborator, name, parts, quotients, choose)
    whole = nodes[0]
    for part, node in zip(parts[1:], nodes[1:], strict=True):
        try:
            whole = apply(entrywise, whole, node)
            _ = whole.shape
        except ShapeError as error:
            raise elaborator.error(part, error.message, "", error.fix) from None
    return whole


def _quotient(node: Expression) -> tuple[Expr, Expr]:
    top, bottom = node.value.together().as_numer_denom() if isinstance(node, Constant) else (Integer(0), Integer(1))
    return top, bottom


def _of_quotients(
    elaborator: Reader, name: Token, parts: Sequence[Any], quotients: Sequence[tuple[Expr, Expr]],
    choose: Callable[[Expr, Expr], Expr],
) -> Expression:  # fmt: skip
    """The least or greatest of quotients of sizes with positive divisors: that of integers, over a common divisor."""
    divisors: list[Expr] = []
    for part, (top, bottom) in zip(parts, quotients, strict=True):
        if not is_integer_expression(top) or not elaborator.arithmetic.positive(bottom):
            raise elaborator.error(
                part,
                f"{name} of a quotient whose divisor may not be positive",
                "integers, or quotients of sizes by positive ones",
                "say so in the context: dims s where s >= 1",
            )
        if bottom not in divisors:
            divisors.append(bottom)
    # Over the product of all divisors, each of which is positive: a least common multiple may have another sign.
    tops = [top * prod(other for other in divisors if other != bottom) for top, bottom in quotients]
    return elaborator.arithmetic.over(Constant(reduce(choose, tops)), Constant(prod(divisors)))


def _unique_max(elaborator: Reader, name: Token, call: Any) -> Expression:
    raise elaborator.error(name, "unique_max is an assumption, not a formula", "", "write `assume unique_max(x, f)`")


def _entries(elaborator: Reader, name: Token, call: Any) -> Expression:
    raise elaborator.error(name, "entries lacks its indices", "", "write entries[i in 0..n-1](...)")


WORDS: dict[str, Callable[[Reader, Token, Any], Expression]] = {
    "grad": _grad,
    "jacobian": _jacobian,
    "d": _d,
    "shape": _shape,
    "floor": _floor,
    "ceil": _ceil,
    "min": _min,
    "max": _max,
    "unique_max": _unique_max,
    "entries": _entries,
}
