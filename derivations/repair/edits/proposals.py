"""What an edit is, and what edits may draw on.

Law: an edit is a proposal. It may be wrong, and it may not even exist; the search in `repair.py` sieves and proves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from sympy import Basic, Expr, Symbol

from derivations.formulas.claims import Context
from derivations.formulas.expressions import (
    Apply,
    Constant,
    Definition,
    Differential,
    Entry,
    Expression,
    Grad,
    Jacobian,
    Literal,
    Loss,
    ShapeError,
    SizeTuple,
    Tensor,
)
from derivations.operators import OPERATORS

# The kinds of edits, the smallest first: of repairs with equally many edits, those with earlier kinds come first.
KINDS = (
    "rotation", "operator", "sum", "frame", "stride", "transpose", "arguments", "mode", "factor", "choice", "symmetry",
    "padding", "index", "names", "product", "function", "term", "size", "value", "reading",
)  # fmt: skip

CLOSED = (Tensor, Definition, Loss, Constant, Literal, Grad, Jacobian, Differential, SizeTuple)
SLIDING = ("conv", "corr")
POOLS = ("sum_pool", "mean_pool", "max_pool")


@dataclass(frozen=True)
class Proposal:
    """A change of one part of a formula: its kind, what was done in words, and how the part is made, which may turn
    out not to fit together. In the words {0}, {1}, ... stand for `about`, {made} for what was made."""

    kind: str
    words: str
    make: Any  # a function that is called without arguments
    about: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Edit:
    """A formula after one edit: what it was made of (one part, `old`, became another, `new`), and the edit's kind."""

    node: Expression
    kind: str
    template: str = ""
    about: tuple[Any, ...] = ()
    old: Expression | None = None
    new: Expression | None = None

    @property
    def words(self) -> str:
        """What was done."""
        return self.template.format(*self.about, made=self.new)

    @property
    def order(self) -> int:
        """The place of its kind among the kinds."""
        return KINDS.index(self.kind)


@dataclass(frozen=True)
class Setting:
    """What edits may draw on: the context, the other side and its shape, the sizes that stand as strides and windows,
    the sizes of the free indices and of those that a sum around the formula binds."""

    context: Context
    target: tuple[Expr, ...]
    steps: tuple[Expr, ...]
    ranges: tuple[tuple[Symbol, Expr], ...] = ()
    bound: frozenset[Symbol] = frozenset()
    other: Expression | None = None
    memory: dict[Any, list[Edit]] = field(default_factory=dict, compare=False, repr=False)  # of parts already edited


def parts_of(node: Basic) -> Iterator[Basic]:
    """A formula and all its parts, definitions opened."""
    yield node
    for part in node.args:
        yield from parts_of(part)


def open_parts(node: Basic) -> Iterator[Basic]:
    """A formula and its parts, definitions and derivatives closed."""
    yield node
    if isinstance(node, Definition | Loss | Grad | Jacobian | Differential):
        return
    for part in node.args:
        yield from open_parts(part)


def step_sizes(context: Context) -> tuple[Expr, ...]:
    """Strides, dilations and windows of the context's operators, then the dims that are no size of a tensor."""
    found: dict[Expr, None] = {}
    shapes: set[Basic] = set()
    for value in context.names.values():
        for part in dict.fromkeys(parts_of(value)):
            if isinstance(part, Tensor):
                shapes |= set().union(*(size.free_symbols for size in part.shape))
            if isinstance(part, Apply):
                kinds = [parameter.kind for parameter in OPERATORS[part.operator].parameters]
                for kind, argument in zip(kinds, part.arguments, strict=True):
                    if kind in ("each", "window"):
                        found.update((size, None) for size in argument.args if size != 1)
    found.update((dim.symbol, None) for dim in context.dims if dim.symbol not in shapes)
    return tuple(found)


def written(make: Callable[[], Any]) -> Expression | None:
    """The formula, or None where it cannot be written (its parts do not fit by rank)."""
    try:
        made: Expression = make()
        sound = all(isinstance(size, Expr) for size in made.shape)
    except (ShapeError, ValueError, TypeError, IndexError, AttributeError):
        return None
    if isinstance(made, Entry) and len(made.indices) != made.of.rank:
        return None
    return made if sound else None


def tidy(node: Expression) -> Expression:
    """The formula without what an edit leaves behind at its top: a double transpose or rotation, a frame in a frame,
    a transposed product.

    >>> a = Tensor("a", (2, 3))
    >>> tidy(a.T.T)
    a
    """
    if not isinstance(node, Apply):
        return node
    inner = node.tensors[0] if node.tensors else None
    if node.operator in ("transpose", "rot180") and isinstance(inner, Apply):
        if inner.operator == node.operator:
            return inner.tensors[0]
        if node.operator == "transpose" and inner.operator == "matmul":
            left, right = inner.tensors
            return tidy(right.T) @ tidy(left.T)
    if node.operator == "resize" and isinstance(inner, Apply) and inner.operator == "resize":
        return inner if inner.shape == node.shape else node
    return node
