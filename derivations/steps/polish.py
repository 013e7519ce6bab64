"""The last lines of a derivation: what a person still simplifies once the gradient can be read off.

The law kept here: a simplification is a step as any other, with the name of its rule, and judged by the kernel. None
is needed for the gradient to be right.

What it cannot see: a shorter form that other rules than these would lead to.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from derivations.formulas.claims import Context
from derivations.formulas.expressions import Apply, Definition, Elementwise, Expression, Grad, Loss, Over, Tensor, Times
from derivations.formulas.indices import substituted
from derivations.operators import apply
from derivations.steps.adjoints import times

Line = tuple[Expression, Expression, str]


def polished(total: Expression, context: Context) -> Iterator[Line]:
    """Equations from a gradient to its shortest form: left side, right side, rule."""
    for simplify in (_named, _as_sums):
        after, rule = simplify(total, context)
        if after != total:
            yield total, after, rule
            total = after


# -- factors that cancel ---------------------------------------------------------------------------


def cancelled(node: Expression) -> Expression:
    """A / B ∘ B = A and A I = A, everywhere in a formula; names stay closed.

    >>> from derivations.formulas.expressions import Tensor
    >>> y, p = Tensor("y", (3,)), Tensor("p", (3,))
    >>> cancelled(y / p * p), cancelled(p * y / p)
    (y, y)
    """
    if isinstance(node, Tensor | Definition | Loss | Grad) or not node.args:
        return node
    parts = [cancelled(part) if isinstance(part, Expression) else part for part in node.args]
    if isinstance(node, Times):
        product = times(*parts)
        shorter = _without_divisors(product)
        if shorter != product:
            return shorter
    if isinstance(node, Over):
        return _quotient(parts[0], parts[1])
    if isinstance(node, Apply) and node.operator == "matmul":
        left, right = parts[1:]
        if _is(left, "eye") or _is(right, "eye"):
            return right if _is(left, "eye") else left
    return node.func(*parts) if parts != list(node.args) else node


def _without_divisors(product: Expression) -> Expression:
    """A product in which no factor is divided by another one."""
    factors = list(product.args) if isinstance(product, Times) else [product]
    for place, factor in enumerate(factors):
        if not isinstance(factor, Over):
            continue
        for other in factors:
            if other is not factor and _unfolded(other) == _unfolded(factor.args[1]) and other.rank == product.rank:
                rest = [part for part in factors[:place] + factors[place + 1 :] if part is not other]
                return _without_divisors(times(factor.args[0], *rest))
    return product


def _quotient(above: Expression, below: Expression) -> Expression:
    """A quotient without the factors that stand above and below."""
    top = list(above.args) if isinstance(above, Times) else [above]
    bottom = list(below.args) if isinstance(below, Times) else [below]
    for factor in list(bottom):
        same = next((part for part in top if _unfolded(part) == _unfolded(factor)), None)
        if same is not None and times(*_without(top, same)).rank == above.rank:
            top, bottom = _without(top, same), _without(bottom, factor)
    left = times(*top)
    return Over(left, times(*bottom)) if bottom else left


def _without(parts: list[Expression], one: Expression) -> list[Expression]:
    place = parts.index(one)
    return [*parts[:place], *parts[place + 1 :]]


def _unfolded(node: Expression) -> Expression:
    while isinstance(node, Definition):
        node = node.body
    return node


def _is(node: Expression, operator: str) -> bool:
    return isinstance(node, Apply) and node.operator == operator


# -- names -----------------------------------------------------------------------------------------


def _named(node: Expression, context: Context) -> tuple[Expression, str]:
    """What the context has a name for, by its name: p for softmax(z)."""
    bodies = {
        value.body: value
        for value in context.names.values()
        if isinstance(value, Definition) and isinstance(value.body, Apply | Elementwise) and not _is_filled(value.body)
    }
    after = substituted(node, bodies)
    used = [name for name, value in context.names.items() if after.has(value) and not node.has(value)]
    return after, "definition of " + " and ".join(used or [value.name for value in bodies.values() if after.has(value)])


def _is_filled(node: Expression) -> bool:
    return isinstance(node, Apply) and node.operator in ("ones", "zeros", "eye")


# -- traces as sums --------------------------------------------------------------------------------


def _as_sums(total: Expression, context: Context) -> tuple[Expression, str]:
    """Tr(Aᵀ 1 1ᵀ) = 1ᵀ A 1 and Tr(AᵀB) = 1ᵀ(A ∘ B) 1 for the gradient of a number."""
    pair = _trace_of_product(total)
    if pair is None:
        return total, ""
    a, b = pair
    left, right = apply("ones", 1, a.shape[0]), apply("ones", a.shape[1], 1)
    if b == right.T or _is_ones_product(b):
        return left @ a @ right, "cyclic trace"
    return left @ Times(a, b) @ right, "trace as a sum of products"


def _trace_of_product(node: Expression) -> Sequence[Expression] | None:
    if isinstance(node, Apply) and node.operator == "tr":
        product = node.arguments[0]
        if isinstance(product, Apply) and product.operator == "matmul":
            a, b = product.tensors
            if isinstance(a, Apply) and a.operator == "transpose":
                return a.tensors[0], b
    return None


def _is_ones_product(node: Expression) -> bool:
    if isinstance(node, Apply) and node.operator == "matmul":
        return all(_is(part, "ones") for part in node.tensors)
    return _is(node, "ones")
