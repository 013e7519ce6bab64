"""Mistakes in sums, products, functions and sizes: a factor or term too many, another sign, a derivative forgotten, a
size off by one or rounded wrongly, a strict inequality."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from sympy import Expr

from derivations.formulas.expressions import (
    Apply,
    Bracket,
    Constant,
    Definition,
    Differential,
    Elementwise,
    Expression,
    Grad,
    Loss,
    Minus,
    Over,
    Plus,
    SizeTuple,
    Tensor,
    Times,
)
from derivations.formulas.integers import (
    AllOf,
    AnyOf,
    Compare,
    Condition,
    FloorDiv,
    Maximum,
    Minimum,
    Remainder,
    ceiling_division,
)
from derivations.repair.edits.proposals import POOLS, Proposal, Setting, parts_of

RESULTS = (*POOLS, "softmax", "dilate", "pad")  # operators whose result is confused with their operand
WEAKER = {"<": "<=", ">": ">="}


def of_arithmetic(node: Expression) -> Iterator[Proposal]:
    """The edits of sums, products, brackets and elementwise functions."""
    if isinstance(node, Times):
        yield from _products(node)
    if isinstance(node, Over):
        yield Proposal("factor", "without the divisor {0}", lambda: node.args[0], (node.args[1],))
    if isinstance(node, Minus):
        yield Proposal("term", "with the other sign", lambda: node.args[0])
    if isinstance(node, Plus):
        yield from _terms(node)
    if isinstance(node, Bracket):
        weaker = _weaker(node.condition)
        yield Proposal("size", "with equality allowed: {made}", lambda: Bracket(weaker))
    if isinstance(node, Elementwise):
        yield from _functions(node)


def _products(node: Times) -> Iterator[Proposal]:
    parts = list(node.args)
    for position, part in enumerate(parts):
        rest = parts[:position] + parts[position + 1 :]
        product = rest[0] if len(rest) == 1 else Times(*rest)
        yield Proposal("factor", "without the factor {0}", lambda product=product: product, (part,))
        if part == Constant(2) and product.rank == 2:
            yield Proposal("symmetry", "with {0} + its transpose for twice {0}", lambda p=product: p + p.T, (product,))
    if len(parts) == 2:
        yield Proposal("product", "as a matrix product: {made}", lambda: parts[0] @ parts[1])


def _terms(node: Plus) -> Iterator[Proposal]:
    for position, part in enumerate(node.args):
        rest = [*node.args[:position], *node.args[position + 1 :]]
        yield Proposal("term", "without the term {0}", lambda r=rest: r[0] if len(r) == 1 else Plus(*r), (part,))
        negative = part.args[0] if isinstance(part, Minus) else Minus(part)
        yield Proposal("term", "with the other sign of {0}", lambda p=position, n=negative: Plus(
            *node.args[:p], n, *node.args[p + 1 :]
        ), (part,))  # fmt: skip


def _functions(node: Elementwise) -> Iterator[Proposal]:
    yield Proposal("function", f"with the derivative of {node.name}: {{made}}",
                   lambda: Elementwise(node.name, node.order + 1, node.of))  # fmt: skip
    if node.order:
        yield Proposal("function", f"with {node.name} itself: {{made}}",
                       lambda: Elementwise(node.name, node.order - 1, node.of))  # fmt: skip
    yield Proposal("function", f"without {node.name}", lambda: node.of)


def _weaker(condition: Condition) -> Condition:
    """Every strict inequality of a condition with equality allowed."""
    if isinstance(condition, Compare):
        operator = WEAKER.get(condition.operator, condition.operator)
        return Compare(operator, condition.left, condition.right)
    if isinstance(condition, AllOf | AnyOf):
        return condition.func(*(_weaker(part) for part in condition.args))  # type: ignore[no-any-return]
    return condition


def of_name(node: Expression, setting: Setting) -> Iterator[Proposal]:
    """Another name of the context: for a tensor or a gradient, and for what a differential is with respect to. A
    gradient before the function that was passed through; an operand where the operator's result is meant."""
    if not isinstance(node, Tensor | Definition | Grad | Differential):
        return
    for other in setting.context.names.values():
        if isinstance(node, Differential):
            if node.wrt is not None and isinstance(other, Tensor):
                yield Proposal("names", "with respect to {0}: {made}", lambda o=other: Differential(node.of, o),
                               (other,))  # fmt: skip
        elif other.rank == node.rank and not isinstance(other, Loss):
            yield Proposal("names", "with {0} for {1}", lambda o=other: o, (other, node))
        if isinstance(other, Definition) and not isinstance(node, Differential):
            for part in parts_of(other.body):
                if isinstance(part, Apply) and part.tensors[:1] == (node,) and part.operator in RESULTS:
                    yield Proposal("names", "with {0} for {1}", lambda p=part: p, (part, node))
    if isinstance(node, Grad) and isinstance(node.wrt, Definition) and isinstance(node.wrt.body, Elementwise):
        passed = node.wrt.body
        derivative = Elementwise(passed.name, passed.order + 1, passed.of)
        yield Proposal("function", "multiplied by {0}", lambda: Times(derivative, node), (derivative,))


# -- sizes ------------------------------------------------------------------------------------------------------------


def of_size(node: Expression) -> Iterator[Proposal]:
    """The edits of a size or a tuple of sizes."""
    if not isinstance(node, Constant | SizeTuple):
        return
    values = [node.value] if isinstance(node, Constant) else list(node.sizes)
    if isinstance(node, SizeTuple) and node.of is not None:
        return
    if isinstance(node, Constant) and not node.value.free_symbols:
        return
    for said, change in CHANGES.items():
        changed = [change(value) for value in values]
        yield Proposal("size", f"{said}: {{made}}", lambda changed=changed: _with_sizes(node, changed))
        for at in range(len(values)) if len(values) > 1 else ():
            one = [*values[:at], changed[at], *values[at + 1 :]]
            yield Proposal("size", f"{said}: {{made}}", lambda one=one: _with_sizes(node, one))
    if len(values) == 2:
        yield Proposal("size", "exchanged: {made}", lambda: _with_sizes(node, values[::-1]))


def _with_sizes(node: Constant | SizeTuple, values: list[Expr]) -> Expression:
    return Constant(values[0]) if isinstance(node, Constant) else SizeTuple(*values)


def _fraction(value: Expr) -> bool:
    return bool(value.is_Mul and value.as_numer_denom()[1] != 1)


def _floored(value: Expr) -> Expr:
    above, below = value.as_numer_denom()
    return FloorDiv(above, below)


def _extreme(value: Expr) -> bool:
    return isinstance(value, Maximum | Minimum)


def _twice_a_half(value: Expr) -> bool:
    return bool(value.is_Mul and len(value.args) == 2 and value.args[0] == 2 and isinstance(value.args[1], FloorDiv))


def _two_halves(value: Expr) -> Expr:
    above, below = value.args[1].args
    return FloorDiv(above, below) + FloorDiv(above - 1, below) if below == 2 else value


def _product_with_floor(value: Expr) -> bool:
    return bool(value.is_Mul and any(isinstance(one, FloorDiv) and value / one == one.args[1] for one in value.args))


def _with_remainder(value: Expr) -> Expr:
    floor = next(one for one in value.args if isinstance(one, FloorDiv))
    return value + Remainder(*floor.args)


CHANGES: dict[str, Callable[[Any], Any]] = {
    "one more": lambda v: v + 1,
    "one less": lambda v: v - 1,
    "rounded up": lambda v: v.replace(FloorDiv, ceiling_division),
    "rounded down": lambda v: v.replace(_fraction, _floored),
    "with one half rounded up and the other down": lambda v: v.replace(_twice_a_half, _two_halves),
    "with the remainder added": lambda v: v.expand().replace(_product_with_floor, _with_remainder),
    "the first of the two": lambda v: v.replace(_extreme, lambda one: one.args[0]),
    "the second of the two": lambda v: v.replace(_extreme, lambda one: one.args[1]),
}
