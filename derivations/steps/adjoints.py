"""Adjoints in derivations: ⟨G, L(dX)⟩ = ⟨L*(G), dX⟩, looked up in the rows of the operator table.

⟨A, B⟩ is the sum of all products of entries: Tr(AᵀB) = 1ᵀ(A ∘ B)1 for matrices. Each operator's row has the adjoint for
each of its data arguments; here are those of arithmetic, entries and slices. The law: no rule is trusted. A step made
with it is judged by the kernel, and the tests compare every one with explicit entries at small sizes.

Sources: Dumoulin & Visin 2016, ch. 4 (transposed convolutions, the tail of a stride); Bouvrie 2006 (pooling);
Magnus & Neudecker 2019, ch. 2 (Kronecker product, vec).

What it cannot see: whether G has the shape of L(dX). The kernel compares shapes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from sympy import Basic, Expr, expand

from derivations.formulas.expressions import (
    Apply,
    Bracket,
    ByIndex,
    Expression,
    IndexSum,
    Minus,
    Over,
    Plus,
    Shape,
    Slice,
    Times,
)
from derivations.formulas.integers import AllOf, Compare
from derivations.operators import OPERATORS, apply
from derivations.operators.building import axes_of, carried_out, framed, same_size, spread, times
from derivations.operators.row import Adjoint, Candidates, NoRule

ADJOINTS: tuple[Adjoint, ...] = tuple(
    replace(each, operator=row.name) for row in OPERATORS.values() for each in row.adjoints
)
_TABLE = {(each.operator, each.argument): each for each in ADJOINTS}


def inner(a: Expression | None, b: Expression) -> Expression:
    """⟨a, b⟩ as a textbook writes it: a trace for matrices, a product of numbers, else the sum of A ∘ B."""
    if a is None:
        return b
    if not b.rank:
        return Times(a, b)
    return apply("tr", a.T @ b) if b.rank == 2 else apply("sum", times(a, b))


def apart(weight: Expression) -> tuple[Callable[[Expression], Expression], Expression]:
    """A weight as a number times a tensor: β G/n² gives (X ↦ β X/n², G)."""
    if isinstance(weight, Over) and not weight.args[1].rank:
        outer, core = apart(weight.args[0])
        below = weight.args[1]
        return (lambda node: Over(outer(node), below)), core
    if isinstance(weight, Times):
        scalars = [part for part in weight.args if not part.rank]
        tensors = [part for part in weight.args if part.rank]
        if scalars and tensors:
            return (lambda node: times(*scalars, node)), times(*tensors)
    return (lambda node: node), weight


def scatter(g: Expression, indices: Sequence[Basic], shape: Shape) -> Expression:
    """The tensor with G at the chosen entries and 0 elsewhere: the adjoint of taking entries and slices."""
    pad = _as_frame(g, indices, shape)
    if pad is not None:
        return pad
    place, ranges = axes_of(shape, "u")
    lead = len(shape) - g.rank
    if all(not isinstance(index, Slice) for index in indices[:lead]) and all(_whole(indices[lead:], shape[lead:])):
        chosen = AllOf(*[Compare("==", u, index) for u, index in zip(place, indices[:lead], strict=False)])
        return ByIndex(Times(g, Bracket(chosen)), *ranges[:lead])
    taken, taken_ranges = axes_of([index.count for index in indices if isinstance(index, Slice)], "k")
    conditions, along = [], iter(taken)
    for symbol, index in zip(place, indices, strict=True):
        position = index.start + index.step * next(along) if isinstance(index, Slice) else index
        conditions.append(Compare("==", symbol, position))
    value = g[tuple(taken)] if taken else g
    body: Expression = Times(value, Bracket(AllOf(*conditions)))
    return ByIndex(IndexSum(body, *taken_ranges) if taken else body, *ranges)


def _as_frame(g: Expression, indices: Sequence[Basic], shape: Shape) -> Expression | None:
    """Slices of the last two axes: zeros inserted for their steps, in a frame; without steps, padded."""
    slices = [index for index in indices if isinstance(index, Slice)]
    if len(slices) != len(indices) or not all(_whole(slices, shape)[:-2]):
        return None
    if all(part.start == 0 for part in slices):
        return framed(spread(g, [part.step for part in slices[-2:]]), shape)
    if any(part.step != 1 for part in slices):
        return None  # a slice with steps that begins further in may be empty, and nothing can be put between its rows
    ends = [n - part.start - part.count for part, n in zip(slices, shape, strict=True)]
    pairs = [(part.start, expand(carried_out(end))) for part, end in zip(slices, ends, strict=True)]
    return apply("pad", g, tuple(pairs[-2:]))


def _whole(indices: Sequence[Basic], shape: Sequence[Expr]) -> list[bool]:
    """For each axis, whether it is kept whole."""
    return [
        isinstance(part, Slice) and part.start == 0 and part.step == 1 and same_size(part.count, n)
        for part, n in zip(indices, shape, strict=True)
    ]


def adjoint(g: Expression, node: Expression, place: int) -> tuple[Candidates, str]:
    """Candidates for L*(G), and the rule's name, where L is `node` as a function of its argument number
    `place` (counted in node.args). Raises NoRule."""
    scale, core = apart(g)
    if core is not g:
        candidates, rule = adjoint(core, node, place)
        return [scale(found) for found in candidates], rule
    if isinstance(node, Minus):
        return [Minus(g)], "linearity"
    if isinstance(node, Over):
        if place != 0:
            raise NoRule("a quotient is not linear in its divisor")
        return [Over(g, node.args[1])], "scalar factor moved" if not node.args[1].rank else "Hadamard factor moved"
    if isinstance(node, Times):
        return [
            _times_adjoint(g, node, place)
        ], "scalar factor moved" if not g.rank else "Hadamard factor moved"
    if isinstance(node, Plus):
        raise NoRule("a sum is split before its adjoint is taken")
    if isinstance(node, Apply):
        number = sum(isinstance(part, Expression) for part in node.args[:place])
        row = _TABLE.get((node.operator, number))
        if row is None:
            raise NoRule(f"the adjoint of {node.operator} is not tabulated")
        return row.rewrite(g, node), row.name
    raise NoRule(f"the adjoint of {type(node).__name__} is not tabulated")


def _times_adjoint(g: Expression, node: Times, place: int) -> Expression:
    """⟨G, A ∘ dX⟩ = ⟨G ∘ A, dX⟩; for a number dβ, ⟨G, dβ A⟩ = ⟨G, A⟩ dβ."""
    others = [part for number, part in enumerate(node.args) if number != place]
    if node.args[place].rank or not node.rank:
        return times(g, *others)
    return inner(g, times(*others))


__all__ = ["ADJOINTS", "Adjoint", "adjoint", "inner", "scatter", "times"]
