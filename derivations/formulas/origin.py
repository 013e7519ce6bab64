"""Formulas written for a document whose indices start at 1.

Nodes count from 0. Under `origin 1` an author's index i stands for the node's i + 1: as a subscript, as a limit of a
sum, and as a number in a formula.

Law: what is printed, read again under that origin, is the formula that was given.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sympy import Expr, Symbol

from derivations.formulas.expressions import (
    ByIndex,
    Definition,
    Entry,
    Expression,
    Grad,
    IndexRange,
    IndexSum,
    Loss,
    Slice,
)


def counted_from(origin: int, node: Expression, free: Mapping[Symbol, Expr] | None = None) -> Expression:
    """The formula whose printed text means `node` where indices start at `origin`; `free` are the claim's free indices.

    >>> from derivations.formulas.expressions import Tensor
    >>> from derivations.formulas.integers import integer_symbol
    >>> i, n = integer_symbol("i"), integer_symbol("n")
    >>> counted_from(1, Tensor("x", (n,))[i + 1] + Tensor("y", (n,))[0], {i: n})
    x[i + 1] + y[1]
    """
    if not origin:
        return node
    made = _shifted(node, {symbol: symbol - origin for symbol in free or {}}, origin)
    assert isinstance(made, Expression)
    return made


def _shifted(node: Any, new: dict[Symbol, Expr], origin: int) -> Any:
    if isinstance(node, Definition | Loss | Grad):
        return node
    if isinstance(node, Symbol):
        return new.get(node, node)
    if not node.args:
        return node
    if isinstance(node, IndexSum | ByIndex):
        inner = {**new, **{part.index: part.index - origin for part in node.ranges}}
        ranges = [
            IndexRange(part.index, *(_shifted(limit, new, origin) + origin for limit in part.args[1:]))
            for part in node.ranges
        ]
        return node.func(_shifted(node.body, inner, origin), *ranges)
    if isinstance(node, Entry):
        indices = [
            _slice(index, size, new, origin) if isinstance(index, Slice) else _shifted(index, new, origin) + origin
            for index, size in zip(node.indices, node.of.shape, strict=True)
        ]
        return Entry(_shifted(node.of, new, origin), *indices)
    return node.func(*(_shifted(part, new, origin) for part in node.args))


def _slice(index: Slice, size: Expr, new: dict[Symbol, Expr], origin: int) -> Slice:
    if (index.start, index.count, index.step) == (0, size, 1):
        return index
    return Slice(_shifted(index.start, new, origin) + origin, index.count, index.step)
