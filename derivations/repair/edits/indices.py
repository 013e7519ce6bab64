"""Mistakes in index form: an index off by one or counted from the other end, names exchanged, limits of a sum, an
entry that does not exist where it should count as zero."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from typing import Any

from sympy import Basic, Expr, Symbol

from derivations.formulas.expressions import Apply, Entry, Expression, IndexRange, IndexSum, Slice
from derivations.formulas.indices import substituted
from derivations.formulas.integers import FloorDiv
from derivations.operators import apply
from derivations.repair.edits.proposals import CLOSED, SLIDING, Proposal, Setting

Change = Callable[[int], Any]  # of the index on an axis


def of_index(node: Expression, setting: Setting) -> Iterator[Proposal]:
    """The edits of an entry or of a sum over indices."""
    if isinstance(node, IndexSum):
        yield from _limits(node)
        yield from _unsummed(node, setting)
        yield from _exchanged_names(node, setting)
    if isinstance(node, Entry):
        yield from _moved(node, setting)
        yield from _own_window(node, setting)
        for step in setting.steps:
            yield Proposal("stride", "with {1} - 1 zeros between the entries of {0}", lambda step=step: Entry(
                apply("dilate", node.of, step), *node.indices
            ), (node.of, step))  # fmt: skip


# -- sums over indices ------------------------------------------------------------------------------------------------


def _limits(node: IndexSum) -> Iterator[Proposal]:
    yield Proposal("sum", "without the sum", lambda: node.body)
    ranges = [IndexRange(part.index) for part in node.ranges]
    if any(part.explicit for part in node.ranges):
        yield Proposal("sum", "with the sum over all indices for which its entries exist",
                       lambda: IndexSum(node.body, *ranges))  # fmt: skip
    for at, part in enumerate(node.ranges):
        for said, low, high in (("ends one earlier", 0, -1), ("ends one later", 0, 1), ("begins one later", 1, 0)):
            if part.explicit:
                one = IndexRange(part.index, part.low + low, part.high + high)
                yield Proposal("sum", f"with a sum that {said}: {{made}}", lambda at=at, one=one: IndexSum(
                    node.body, *node.ranges[:at], one, *node.ranges[at + 1 :]
                ))  # fmt: skip


def _unsummed(node: IndexSum, setting: Setting) -> Iterator[Proposal]:
    """A free index where one is summed over."""
    for at, part in enumerate(node.ranges):
        rest = [*node.ranges[:at], *node.ranges[at + 1 :]]
        for free, _ in setting.ranges:
            yield Proposal("sum", "with {0} for the summed {1}", lambda rest=rest, p=part.index, q=free: (
                _summed(substituted(node.body, {p: q}), rest)
            ), (free, part.index))  # fmt: skip


def _summed(body: Expression, ranges: list[IndexRange]) -> Expression:
    return IndexSum(body, *ranges) if ranges else body


def _exchanged_names(node: IndexSum, setting: Setting) -> Iterator[Proposal]:
    """A free index and a summed one exchanged in the operands of convolutions, the sum over all that exist."""
    ranges = [IndexRange(part.index) for part in node.ranges]
    for bound in (part.index for part in node.ranges):
        for free, _ in setting.ranges:
            yield Proposal("names", "with {0} and {1} exchanged in the operands: {made}", lambda p=bound, q=free: (
                IndexSum(_exchanged_in_operators(node.body, {p: q, q: p}), *ranges)
            ), (bound, free))  # fmt: skip


def _exchanged_in_operators(node: Basic, new: Mapping[Symbol, Symbol]) -> Any:
    """The formula with indices renamed in its sliding operators only."""
    if isinstance(node, Apply) and node.operator in SLIDING:
        return substituted(node, new)
    if isinstance(node, CLOSED) or not node.args:
        return node
    return node.func(*(_exchanged_in_operators(part, new) for part in node.args))


# -- entries ----------------------------------------------------------------------------------------------------------


def _moved(node: Entry, setting: Setting) -> Iterator[Proposal]:
    """Other indices: each change on all axes, on the last two, and on each alone."""
    plain = [at for at, index in enumerate(node.indices) if not isinstance(index, Slice)]
    groups = [plain, *([plain[-2:]] if len(plain) > 2 else []), *([at] for at in plain)]
    for said, change in _changes(node, setting):
        for group in dict.fromkeys(map(tuple, groups)):
            new = {at: change(at) for at in group}
            if any(new[at] != node.indices[at] for at in group):
                changed = [new.get(at, index) for at, index in enumerate(node.indices)]
                yield Proposal("index", f"with {said}: {{made}}", lambda changed=changed: Entry(node.of, *changed))
    if len(plain) < len(node.indices):
        whole = [Slice(0, size, 1) if isinstance(index, Slice) else index
                 for index, size in zip(node.indices, node.of.shape, strict=True)]  # fmt: skip
        yield Proposal("index", "with whole axes: {made}", lambda: Entry(node.of, *whole))
    for first, second in pairwise(plain):
        swapped = list(node.indices)
        swapped[first], swapped[second] = swapped[second], swapped[first]
        yield Proposal("names", "with indices exchanged: {made}", lambda swapped=swapped: Entry(node.of, *swapped))


def _changes(node: Entry, setting: Setting) -> Iterator[tuple[str, Change]]:
    at_axis, shape = node.indices, node.of.shape
    yield "indices shifted by 1", lambda at: at_axis[at] + 1
    yield "indices shifted by -1", lambda at: at_axis[at] - 1
    sizes = dict(setting.ranges)
    outer = [symbol for symbol in sizes if symbol not in setting.bound]
    for group in (outer, setting.bound):
        yield "indices counted from the other end", _replaced(node, {s: sizes[s] - 1 - s for s in group})
    yield "the other sign of the summed indices", _replaced(node, {s: -s for s in setting.bound})
    shifted = {s: s - sizes[s] + 1 for s in setting.bound}
    yield "the summed indices shifted by their size less one", _replaced(node, shifted)
    for step in setting.steps:
        yield f"indices times {step}", _replaced(node, {symbol: step * symbol for symbol in outer}, compound=True)
    for inner, count in ((s, sizes[s]) for s in outer):
        for block in outer:
            if block != inner:
                yield "an index that counts through all groups", _replaced(node, {inner: block * count + inner})
    yield "indices counted from the other end", lambda at: shape[at] - 1 - at_axis[at]
    of = node.of
    if isinstance(of, Apply) and of.operator in (*SLIDING, "convolve"):
        kernel = of.tensors[1].shape
        yield "indices from the centre of the kernel", lambda at: at_axis[at] + FloorDiv(kernel[at] - 1, 2)
        yield "indices from the kernel's end", lambda at: at_axis[at] + kernel[at] - 1


def _replaced(node: Entry, new: Mapping[Symbol, Expr], compound: bool = False) -> Change:
    """The index on an axis with symbols replaced; with `compound`, only where it is not a lone symbol."""

    def change(at: int) -> Any:
        index = node.indices[at]
        return index if compound and index.is_Symbol else index.subs(new, simultaneous=True)

    return change


def _own_window(node: Entry, setting: Setting) -> Iterator[Proposal]:
    """`x[i // n, j // n]`, which exists only where there is a window, as an entry of `resize(up(x, n), h, w)`."""
    sizes = dict(setting.ranges)
    last = node.indices[-2:]
    if all(isinstance(index, FloorDiv) and index.args[0] in sizes for index in last):
        symbols = [index.args[0] for index in last]
        windows = tuple(index.args[1] for index in last)
        frame = [*node.of.shape[: -len(last)], *(sizes[symbol] for symbol in symbols)]
        window = windows[0] if len(set(windows)) == 1 else windows
        yield Proposal("frame", "zero where no window is: {made}", lambda: Entry(
            apply("resize", apply("up", node.of, window), *frame), *node.indices[: -len(last)], *symbols
        ))  # fmt: skip
