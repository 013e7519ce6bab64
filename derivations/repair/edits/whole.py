"""Mistakes about a side as a whole: a sum over maps left out, a frame, a factor of the context, the true size."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise, product
from typing import Any

from sympy import Basic, Expr, Symbol

from derivations.formulas.expressions import (
    Bracket,
    Constant,
    DataBracket,
    Definition,
    Differential,
    Elementwise,
    Entry,
    Expression,
    Grad,
    IndexRange,
    IndexSum,
    Jacobian,
    Loss,
    Plus,
    SizeTuple,
    Slice,
    Tensor,
    Times,
)
from derivations.formulas.indices import free_names, fresh, substituted
from derivations.formulas.integers import Compare, FloorDiv, integer_symbol
from derivations.operators import apply
from derivations.repair.edits.proposals import Proposal, Setting, open_parts


def of_whole(node: Expression, setting: Setting) -> Iterator[Proposal]:
    """The edits of a side of a claim that concern all of it."""
    yield from _missing_sums(node, setting)
    yield from _shapes(node, setting)
    yield from _conditions(node, setting)
    if node.rank and not isinstance(node, SizeTuple):
        if node.rank == len(setting.target) and node.shape != setting.target:
            frame = [simpler(size) for size in setting.target]
            yield Proposal("frame", "in a frame of the other side's size", lambda: apply("resize", node, *frame))
        yield Proposal("sum", "with the sum over all entries", lambda: apply("sum", node))
    if node.rank == len(setting.target) == 2 and node.shape != setting.target:
        rows, columns = node.shape
        if setting.target == (1, columns):
            yield Proposal("sum", "summed over its rows: {made}", lambda: apply("ones", 1, rows) @ node)
        if setting.target == (rows, 1):
            yield Proposal("sum", "summed over its columns: {made}", lambda: node @ apply("ones", columns, 1))
    if node.rank == 2 and 1 not in node.shape and 1 in setting.target:
        yield Proposal("choice", "with its columns as one vector: {made}", lambda: apply("vec", node))
    yield from _by_names(node, setting)
    yield from _moved_together(node)
    for (first, _), (second, _) in pairwise(setting.ranges):
        yield Proposal("names", "with {0} and {1} exchanged", lambda p=first, q=second: substituted(node, {p: q, q: p}),
                       (first, second))  # fmt: skip


# -- sizes and conditions ---------------------------------------------------------------------------------------------


def _shapes(node: Expression, setting: Setting) -> Iterator[Proposal]:
    if not isinstance(node, SizeTuple):
        return
    other = setting.other
    if isinstance(other, SizeTuple) and other.of is not None:
        true = [simpler(size) for size in other.of.shape]
        yield Proposal("size", "with the size that the operator has", lambda: SizeTuple(*true))
    if node.of is None:
        for value in setting.context.names.values():
            if isinstance(value, Definition) and value.rank == len(node.sizes):
                yield Proposal("names", "with the sizes of {0}: {made}", lambda v=value: SizeTuple.of_shape(v),
                               (value,))  # fmt: skip


def simpler(size: Expr) -> Expr:
    """The size with p // q + c written as (p + c·q) // q where that is shorter.

    >>> h, n = integer_symbol("h"), integer_symbol("n")
    >>> print(simpler(FloorDiv(h - n, n) + 1))
    FloorDiv(h, n)
    """
    if not size.args:
        return size
    size = size.func(*(simpler(part) for part in size.args))
    constant, rest = size.as_coeff_Add()
    if isinstance(rest, FloorDiv) and constant.is_Integer and constant != 0:
        above, below = rest.args
        gathered = (above + constant * below).expand()
        if len(gathered.as_ordered_terms()) < len(above.as_ordered_terms()):
            return FloorDiv(gathered, below)
    return size


def _conditions(node: Expression, setting: Setting) -> Iterator[Proposal]:
    """For the claim that a condition always holds: that it holds exactly where one size is below another."""
    if node != Constant(1) or not isinstance(setting.other, Bracket | DataBracket):
        return
    symbols = [dim.symbol for dim in setting.context.dims]
    for first in symbols:
        for second in symbols:
            for operator in ("<", "<="):
                if first != second:
                    yield Proposal("value", "exactly where {0} {1} {2}", lambda p=first, q=second, o=operator: (
                        Bracket(Compare(o, p, q))
                    ), (first, operator, second))  # fmt: skip


# -- names of the context ---------------------------------------------------------------------------------------------


def _by_names(node: Expression, setting: Setting) -> Iterator[Proposal]:
    """Times a scalar or the derivative of a function of the context, plus a scalar; a term times the sum of a tensor,
    which is 1 in many derivations only because it is a distribution."""
    for value in setting.context.names.values():
        if isinstance(value, Tensor) and value.rank == node.rank and isinstance(node, Plus):
            total = apply("sum", value)
            for at, part in enumerate(node.args):
                parts = [*node.args[:at], Times(total, part), *node.args[at + 1 :]]
                yield Proposal("factor", "with {0} times the sum of {1}: {made}", lambda parts=parts: Plus(*parts),
                               (part, value))  # fmt: skip
        if isinstance(value, Tensor) and not value.rank:
            yield Proposal("factor", "multiplied by {0}", lambda value=value: Times(value, node), (value,))
            yield Proposal("term", "with {0} added", lambda value=value: Plus(node, value), (value,))
        if isinstance(value, Definition) and isinstance(value.body, Elementwise) and node.rank == value.rank:
            inner = Elementwise(value.body.name, value.body.order + 1, value.body.of)
            yield Proposal("function", "multiplied by {0}", lambda f=inner: Times(f, node), (inner,))


def _moved_together(node: Expression) -> Iterator[Proposal]:
    """All entries `x[0, 0]`, `x[0, 1]`, ... of one tensor moved by a row, a column or both."""
    found: dict[Expression, int] = {}
    for part in open_parts(node):
        if isinstance(part, Entry) and all(not isinstance(at, Slice) and at.is_Integer for at in part.indices):
            found[part.of] = found.get(part.of, 0) + 1
    for of in (of for of, count in found.items() if count > 1 and of.rank <= 2):
        for by in product((0, 1, -1), repeat=of.rank):
            yield Proposal("index", "with all entries of {0} moved by {1}",
                           lambda of=of, by=by: _moved(node, of, by), (of, by if len(by) > 1 else by[0]))  # fmt: skip


def _moved(node: Basic, of: Expression, by: tuple[int, ...]) -> Any:
    if isinstance(node, Entry) and node.of == of:
        return Entry(of, *(index + step for index, step in zip(node.indices, by, strict=True)))
    if isinstance(node, Definition | Loss | Grad | Jacobian | Differential) or not node.args:
        return node
    return node.func(*(_moved(part, of, by) for part in node.args))


# -- a sum left out ---------------------------------------------------------------------------------------------------


def _missing_sums(node: Expression, setting: Setting) -> Iterator[Proposal]:
    """A number that stands as an index, replaced by an index that is summed over."""
    numbers: dict[Expr, None] = {}
    for part in open_parts(node):
        if isinstance(part, Entry):
            numbers.update(
                (size, None)
                for index, size in zip(part.indices, part.of.shape, strict=True)
                if not isinstance(index, Slice) and index.is_Integer
            )
    taken = set(free_names(node)) | {dim.name for dim in setting.context.dims} | set(setting.context.names)
    taken |= {str(symbol.name) for symbol, _ in setting.ranges}
    names: dict[Expr, Symbol] = {}
    for size in numbers:
        letter = str(size).lower() if str(size).isidentifier() else "i"
        names[size] = integer_symbol(letter) if letter not in taken else fresh(letter, taken)
        taken.add(str(names[size].name))
    groups = [[size] for size in numbers] + ([list(numbers)] if len(numbers) > 1 else [])
    for group in groups:
        new = {size: names[size] for size in group}
        yield Proposal("sum", "summed over {0}", lambda new=new: _summed(
            _indexed(node, new), [IndexRange(index) for index in new.values()]
        ), (", ".join(map(str, new.values())),))  # fmt: skip


def _summed(node: Expression, ranges: list[IndexRange]) -> IndexSum:
    if isinstance(node, IndexSum):
        return IndexSum(node.body, *node.ranges, *ranges)
    return IndexSum(node, *ranges)


def _indexed(node: Basic, new: Mapping[Expr, Symbol]) -> Any:
    if isinstance(node, Definition | Loss | Grad | Jacobian | Differential) or not node.args:
        return node
    if isinstance(node, Entry):
        indices = [
            new[axis] if axis in new and not isinstance(old, Slice) and old.is_Integer else old
            for old, axis in zip(node.indices, node.of.shape, strict=True)
        ]
        return Entry(_indexed(node.of, new), *indices)
    return node.func(*(_indexed(part, new) for part in node.args))
