"""Small edits of a formula: what an author may have meant instead, one mistake at a time.

Each edit is one of the mistakes that are made in derivations about convolutional networks: a kernel not rotated, a
correlation for a convolution, another mode, arguments exchanged, a stride or a frame forgotten, an index off by one, a
sum left out. An edit knows how it is said in words. The mistakes stand by subject in `operators.py`, `sliding.py`,
`indices.py`, `arithmetic.py` and, where the whole side is concerned, `whole.py`.

Law: an edit is a proposal. It may be wrong, and it may not even exist; the search in `repair.py` sieves and proves.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from sympy import Expr

from derivations.formulas.expressions import (
    Apply,
    Differential,
    Elementwise,
    Entry,
    Expression,
    IndexSum,
    Jacobian,
    Minus,
    Over,
    Plus,
    SizeTuple,
    Times,
)
from derivations.repair.edits.arithmetic import of_arithmetic, of_name, of_size
from derivations.repair.edits.indices import of_index
from derivations.repair.edits.operators import of_operator, of_turn
from derivations.repair.edits.proposals import CLOSED, Edit, Proposal, Setting, open_parts, step_sizes, tidy, written
from derivations.repair.edits.whole import of_whole

ALIKE = ("operator", "frame", "stride", "mode", "choice", "padding", "size")

Target = tuple[Expr, ...] | None


def edits(node: Expression, setting: Setting) -> Iterator[Edit]:
    """All single edits of a formula, those of the whole first; formulas that cannot be written are left out."""
    yield from _made(node, of_whole(node, setting))
    yield from _everywhere(node, setting, setting.target)


def alike(left: Iterable[Edit], right: Iterable[Edit]) -> Iterator[tuple[Edit, Edit]]:
    """The pairs of one edit of each side that do the same thing: to the same part, or to the only part to which it
    can be done. Only of kinds that leave a claim as strong: equal sums say less than equal entries."""
    by_name: dict[tuple[str, str], tuple[list[Edit], list[Edit]]] = {}
    for at, found in enumerate((left, right)):
        for edit in (one for one in found if one.kind in ALIKE):
            by_name.setdefault((edit.kind, edit.template), ([], []))[at].append(edit)
    for first, second in by_name.values():
        alone = len(first) == len(second) == 1
        yield from ((p, q) for p in first for q in second if p.old == q.old or alone)


def _everywhere(node: Expression, setting: Setting, target: Target) -> list[Edit]:
    """The edits of a part and of what is in it, remembered: two edits of one formula have most parts in common."""
    key = (node, target, setting.ranges, setting.bound)
    if key not in setting.memory:
        setting.memory[key] = list(_of_part(node, setting, target))
    return setting.memory[key]


def _of_part(node: Expression, setting: Setting, target: Target) -> Iterator[Edit]:
    yield from _made(node, _proposals(node, setting, target))
    if isinstance(node, SizeTuple) and node.of is not None:
        for edit in _everywhere(node.of, setting, None):
            yield replace(edit, node=SizeTuple.of_shape(edit.node))
    by_name = isinstance(node, Differential | Jacobian)  # what follows the formula names what it is a derivative by
    if isinstance(node, CLOSED) and not by_name:
        return
    for position, part in enumerate(node.args[:1] if by_name else node.args):
        if isinstance(part, Expression):
            for edit in _everywhere(part, _inside(node, setting), _target_inside(node, position, target)):
                changed = _rebuilt(node, position, edit.node)
                if changed is not None:
                    yield replace(edit, node=changed)


def _proposals(node: Expression, setting: Setting, target: Target) -> Iterator[Proposal]:
    yield from of_turn(node)
    if isinstance(node, Apply):
        yield from of_operator(node, setting, target)
    yield from of_arithmetic(node)
    yield from of_index(node, setting)
    yield from of_size(node)
    yield from of_name(node, setting)


def _made(node: Expression, proposals: Iterator[Proposal]) -> Iterator[Edit]:
    for proposal in proposals:
        made = written(proposal.make)
        if made is not None and made != node:
            made = tidy(made)
            yield Edit(made, proposal.kind, proposal.words, proposal.about, node, made)


def _rebuilt(node: Expression, position: int, part: Expression) -> Expression | None:
    arguments = list(node.args)
    arguments[position] = part
    made = written(lambda: node.func(*arguments))
    return None if made is None else tidy(made)


def _inside(node: Expression, setting: Setting) -> Setting:
    """The setting with the ranges of the indices that a sum binds, as far as an entry `w[p, q]` shows them."""
    if not isinstance(node, IndexSum):
        return setting
    bound = {part.index for part in node.ranges}
    found = {
        index: size
        for part in open_parts(node.body)
        if isinstance(part, Entry)
        for index, size in zip(part.indices, part.of.shape, strict=True)
        if index in bound
    }
    return replace(setting, ranges=(*setting.ranges, *found.items()), bound=frozenset(found))


def _target_inside(node: Expression, position: int, target: Target) -> Target:
    """The shape that a part of the node should have: that of its neighbour in a sum or product, if theirs differ;
    else that of the node, if the node has the shape of its parts."""
    if isinstance(node, Plus | Times | Over):
        part = node.args[position]
        for other in node.args:
            if other.rank and other.rank == part.rank and other.shape != part.shape:
                return tuple(other.shape)
    if isinstance(node, Apply):
        return _target_of_operand(node, target)
    return target if isinstance(node, Plus | Minus | Times | Over | Elementwise | IndexSum) else None


def _target_of_operand(node: Apply, target: Target) -> Target:
    if target is None or node.operator in ("rot180", "flip", "resize"):
        return target
    if node.operator == "transpose":
        return target[::-1]
    if node.operator in ("crop", "pad"):
        if len(target) < len(widths := [sum(pair.args) for pair in node.arguments[1].args]):
            return None
        sign = 1 if node.operator == "crop" else -1
        lead = len(target) - len(widths)
        return (*target[:lead], *(size + sign * width for size, width in zip(target[lead:], widths, strict=True)))
    return None


__all__ = ["Edit", "Setting", "alike", "edits", "step_sizes"]
