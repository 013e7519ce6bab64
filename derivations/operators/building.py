"""Building blocks of adjoints: frames, zeros between rows, ones, index ranges, products without needless factors.

They only shorten what is written; every step that is made with them is judged by the kernel.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sympy import Expr, Poly, Symbol, Tuple, div, expand

from derivations.formulas.expressions import (
    Apply,
    Constant,
    Expression,
    IndexRange,
    Shape,
    Times,
    applied,
)
from derivations.formulas.integers import FloorDiv, integer_symbol

Whole = slice(None)


def times(*parts: Expression) -> Expression:
    """The entrywise product with nested products opened and factors 1 left out."""
    flat: list[Expression] = []
    for part in parts:
        flat.extend(part.args if isinstance(part, Times) else [part])
    scalars = [part for part in flat if not part.rank and part != Constant(1)]
    tensors = [part for part in flat if part.rank]
    varied = [part for part in tensors if not (is_ones(part) and _has_partner(part, tensors))]
    ordered = [*scalars, *varied]
    if not ordered:
        return Constant(1)
    return ordered[0] if len(ordered) == 1 else Times(*ordered)


def is_ones(node: Expression) -> bool:
    return isinstance(node, Apply) and node.operator == "ones"


def _has_partner(ones: Expression, others: Sequence[Expression]) -> bool:
    """Another factor of the same shape, beside which the ones may be left out."""
    return any(
        not is_ones(other) and all(same_size(n, m) for n, m in zip(other.shape, ones.shape, strict=True))
        for other in others
    )


def same_size(left: Expr, right: Expr) -> bool:
    """Whether two sizes are equal by ring arithmetic, p·q // q = p and (p + 1) // 2 + p // 2 = p (only a shorter
    notation hangs on it)."""
    return bool(expand(carried_out(left - right)) == 0)


def carried_out(size: Expr) -> Expr:
    """Every quotient that comes out even as polynomials carried out, and of two halves the larger by the smaller."""

    def divide(p: Expr, q: Expr) -> Expr:
        quotient, rest = div(expand(p), q)
        even = rest == 0 and all(value.is_Integer for value in Poly(quotient).coeffs())
        return quotient if even else FloorDiv(expand(p), q)

    size = size.replace(FloorDiv, divide)
    halved = {part.args[0] for part in size.atoms(FloorDiv) if part.args[1] == 2}
    smaller = {p: expand(p - 1) for p in halved if expand(p - 1) in halved}
    return size.xreplace({FloorDiv(p, 2): r - FloorDiv(r, 2) for p, r in smaller.items()})


def framed(a: Expression, shape: Sequence[Expr]) -> Expression:
    """a in the top left corner of a frame of this shape; a itself where it has the shape already."""
    if all(same_size(n, m) for n, m in zip(a.shape, shape, strict=True)):
        return a
    return applied("resize", a, tuple(shape))


def last_axes(a: Expression, each: Any) -> tuple[int, ...]:
    """The last axes of a formula, as many as there are values for each of them."""
    count = len(each.args) if isinstance(each, Tuple) else len(each)
    return tuple(range(a.rank - count, a.rank))


def spread(a: Expression, steps: Sequence[Expr]) -> Expression:
    """a with zeros inserted; a itself for steps of 1."""
    return a if all(step == 1 for step in steps) else applied("dilate", a, tuple(steps), axis=last_axes(a, steps))


def cropped(a: Expression, widths: Sequence[tuple[Expr, Expr]]) -> Expression:
    """a without a frame; a itself for a frame of 0."""
    if all(width == 0 for pair in widths for width in pair):
        return a
    return applied("crop", a, tuple(widths), axis=last_axes(a, widths))


def reversed_axes(a: Expression) -> Expression:
    """a backwards on every axis: rot180, and for rank 3 the first axis as well."""
    turned = applied("rot180", a)
    return applied("flip", turned, 0) if a.rank == 3 else turned


def axes_of(sizes: Sequence[Expr], name: str) -> tuple[list[Symbol], list[IndexRange]]:
    symbols = [integer_symbol(f"{name}{axis + 1}") for axis in range(len(sizes))]
    return symbols, [IndexRange(symbol, 0, size - 1) for symbol, size in zip(symbols, sizes, strict=True)]


def transposed(a: Expression) -> Expression:
    """Aᵀ as one writes it: of a transpose the matrix itself, of ones the ones of the other shape."""
    if isinstance(a, Apply) and a.operator == "transpose":
        return a.tensors[0]
    if is_ones(a):
        return applied("ones", a.shape[1], a.shape[0])
    return a.T


def permuted(a: Expression, order: Sequence[int]) -> Expression:
    """a with its axes in another order; itself where that is theirs, a transpose where they are two."""
    if tuple(order) == tuple(range(len(order))):
        return a
    return transposed(a) if len(order) == 2 else applied("permute", a, tuple(order))


def inverse_order(order: Sequence[int]) -> tuple[int, ...]:
    """The order that puts axes back."""
    return tuple(list(order).index(number) for number in range(len(order)))


def ones_of(shape: Shape) -> Expression:
    return applied("ones", tuple(shape)) if shape else Constant(1)


def pairs_of(padding: Any) -> tuple[tuple[Expr, Expr], ...]:
    return tuple((pair.args[0], pair.args[1]) for pair in padding.args)


def stride_slices(g: Expression, steps: Any) -> Expression:
    lead = [Whole] * (g.rank - len(steps.args))
    return g[(*lead, *[slice(None, None, step) for step in steps.args])]
