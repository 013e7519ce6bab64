"""Mistakes about operators: rotations, transposes, sums, products, poolings and what brings a residual back to size."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from sympy import Expr, Integer, Tuple

from derivations.formulas.expressions import Apply, Constant, Entry, Expression, Literal, SizeTuple, Slice
from derivations.formulas.integers import FloorDiv
from derivations.operators import apply
from derivations.repair.edits.proposals import POOLS, SLIDING, Proposal, Setting, open_parts, tidy, written
from derivations.repair.edits.sliding import of_sliding

Target = tuple[Expr, ...] | None
TURNS = {"rot180": "rotation", "transpose": "transpose", "flip": "reversal", "rot90": "quarter turn"}


# -- rotations and transposes -----------------------------------------------------------------------------------------


def of_turn(node: Expression) -> Iterator[Proposal]:
    """A rotation, reversal or transpose too few or too many."""
    if isinstance(node, Apply) and node.operator == "ones" and node.rank == 2:
        yield Proposal("transpose", "with its sizes exchanged: {made}", lambda: apply("ones", *node.shape[::-1]))
    if isinstance(node, Constant | Literal | SizeTuple) or (isinstance(node, Apply) and node.operator == "ones"):
        return
    if isinstance(node, Apply):
        yield from _unrotated(node)
    if isinstance(node, Apply) and node.operator in TURNS:
        yield from _turned_back(node)
        return
    if node.rank in (1, 2, 3):
        yield Proposal("rotation", "with {0} rotated", lambda: apply("rot180", node), (node,))
    if node.rank == 2:
        yield Proposal("transpose", "with {0} transposed", lambda: apply("transpose", node), (node,))


def _turned_back(node: Apply) -> Iterator[Proposal]:
    inner, kind = node.tensors[0], "transpose" if node.operator == "transpose" else "rotation"
    yield Proposal(kind, f"without the {TURNS[node.operator]} of {{0}}", lambda: inner, (inner,))
    if node.operator in ("rot90", "flip"):
        yield Proposal(kind, "with {0} rotated by 180 degrees", lambda: apply("rot180", inner), (inner,))
    if node.operator == "transpose":
        yield Proposal(kind, "with a rotation for the transpose: {made}", lambda: apply("rot180", inner))
    if node.operator == "rot180" and node.rank == 3:
        yield Proposal("rotation", "with the first axis of {0} reversed too", lambda: apply("flip", node, 0), (inner,))


def _unrotated(node: Apply) -> Iterator[Proposal]:
    rotations = [part for part in open_parts(node) if isinstance(part, Apply) and part.operator == "rot180"]
    if len(rotations) > 1:
        yield Proposal("rotation", "without its rotations: {made}", lambda: _without_rotations(node))


def _without_rotations(node: Expression) -> Expression:
    if isinstance(node, Apply):
        if node.operator == "rot180":
            return _without_rotations(node.tensors[0])
        parts = [_without_rotations(part) if isinstance(part, Expression) else part for part in node.arguments]
        return Apply(node.operator, *parts)
    return node


# -- operators --------------------------------------------------------------------------------------------------------


def of_operator(node: Apply, setting: Setting, target: Target) -> Iterator[Proposal]:
    """Another operator, its arguments exchanged, a frame forgotten."""
    name, arguments, tensors = node.operator, list(node.arguments), node.tensors
    if name in SLIDING:
        yield from of_sliding(node, setting, target)
    if name in (*SLIDING, "matmul", "kron", "convolve", "outer"):
        yield Proposal("arguments", "with its arguments exchanged: {made}",
                       lambda: Apply(name, arguments[1], arguments[0], *arguments[2:]))  # fmt: skip
    if name == "matmul":
        a, b = tensors
        yield Proposal("arguments", "with the product transposed: {made}", lambda: tidy(b.T) @ tidy(a.T))
        yield Proposal("product", "as an entrywise product: {made}", lambda: a * b)
        yield Proposal("product", "as a Kronecker product: {made}", lambda: apply("kron", a, b))
    yield from _other_order(node)
    if name in ("sum", "mean"):
        yield from _totals(node, setting)
    if name in POOLS:
        yield from _poolings(node, setting)
    if name in ("up", "dilate", "kron"):
        yield from _spread(node, setting, target)
    if name == "resize":
        yield Proposal("frame", "without the frame", lambda: tensors[0])
        for unpooling in _unpoolings(node, setting):
            yield Proposal("choice", "with each entry at its window's maximum: {made}", lambda u=unpooling: u)


def _other_order(node: Apply) -> Iterator[Proposal]:
    """Two operators of one operand each, the inner one outside."""
    inner = node.tensors[0] if len(node.tensors) == 1 else None
    if isinstance(inner, Apply) and len(inner.tensors) == 1 and inner.operator != node.operator:
        yield Proposal("arguments", "with the operators in the other order: {made}", lambda: Apply(
            inner.operator, Apply(node.operator, inner.tensors[0], *node.arguments[1:]), *inner.arguments[1:]
        ))  # fmt: skip


def _totals(node: Apply, setting: Setting) -> Iterator[Proposal]:
    inner = node.tensors[0]
    yield Proposal("sum", f"without the {node.operator}", lambda: inner)
    other = "mean" if node.operator == "sum" else "sum"
    yield Proposal("factor", f"with {other} for {node.operator}", lambda: Apply(other, *node.arguments))
    yield from _of_what_windows_cover(inner, setting)
    if len(setting.ranges) >= inner.rank == 2:
        for step in setting.steps:
            yield Proposal("sum", "with the entry of its own window for the sum over all: {made}",
                           lambda step=step: _of_own_window(inner, step, setting))  # fmt: skip


def _of_own_window(x: Expression, step: Expr, setting: Setting) -> Expression:
    at, frame = zip(*setting.ranges[-x.rank :], strict=True)
    return Entry(apply("resize", apply("up", x, step), *frame), *at)


def _of_what_windows_cover(x: Expression, setting: Setting) -> Iterator[Proposal]:
    """The sum over the rows and columns that complete windows cover, for the poolings of x on the other side."""
    if setting.other is None:
        return
    for pooling in open_parts(setting.other):
        if isinstance(pooling, Apply) and pooling.operator in POOLS and pooling.tensors[0] == x:
            window, stride = pooling.arguments[1].args, pooling.arguments[2].args
            lead = len(x.shape) - len(window)
            covered = [
                s * FloorDiv(n, s) if s == f else s * FloorDiv(n - f, s) + f
                for n, f, s in zip(x.shape[lead:], window, stride, strict=True)
            ]
            frame = (*x.shape[:lead], *covered)
            yield Proposal("frame", "with what complete windows cover of {0}: {made}",
                           lambda frame=frame: apply("sum", apply("resize", x, *frame)), (x,))  # fmt: skip


def _poolings(node: Apply, setting: Setting) -> Iterator[Proposal]:
    for other in POOLS:
        if other != node.operator:
            yield Proposal("operator", f"with {other} for {node.operator}", lambda o=other: Apply(o, *node.arguments))
    *rest, ceil = node.arguments
    x, window, stride, pad, _ = node.arguments
    none = Tuple(*[Tuple(Integer(0), Integer(0))] * len(window.args))
    if pad != none:
        yield Proposal("padding", "without padding: {made}",
                       lambda: Apply(node.operator, x, window, stride, none, ceil))  # fmt: skip
    for step in setting.steps:
        same = Tuple(*[step] * len(window.args))
        if window != same:
            yield Proposal("stride", "with windows of {0}: {made}",
                           lambda s=same: Apply(node.operator, x, s, stride, pad, ceil), (step,))  # fmt: skip
        if stride != same:
            yield Proposal("stride", "with stride {0}: {made}",
                           lambda s=same: Apply(node.operator, x, window, s, pad, ceil), (step,))  # fmt: skip
    said = "with complete windows only: {made}" if ceil == 1 else "with partial windows kept: {made}"
    yield Proposal("mode", said, lambda: Apply(node.operator, *rest, 1 - ceil))


def _spread(node: Apply, setting: Setting, target: Target) -> Iterator[Proposal]:
    """`up`, `dilate` and `kron`: the frame, the other one, another step."""
    name, arguments, inner = node.operator, node.arguments, node.tensors[0]
    if target and len(target) >= node.rank:
        frame = target[len(target) - node.rank :]
        yield Proposal("frame", "in a frame of the right size: {made}", lambda: apply("resize", node, *frame))
    if name == "kron":
        return
    other = "dilate" if name == "up" else "up"
    yield Proposal("operator", f"with {other} for {name}: {{made}}", lambda: Apply(other, *arguments))
    for step in setting.steps:
        yield Proposal("stride", "with another step: {made}", lambda step=step: apply(name, inner, step))
    yield Proposal("stride", f"without {name}", lambda: inner)
    for unpooling in _unpoolings(apply("resize", node, *node.shape), setting):
        yield Proposal("choice", "with each entry at its window's maximum: {made}", lambda u=unpooling: u)


def _unpoolings(node: Apply, setting: Setting) -> Iterator[Expression]:
    """`max_unpool` of what stands in a frame, for each max pooling of the context with an assumed unique maximum; for
    `delta[i]` it is the maximum of map i."""
    inner = node.tensors[0]
    if not (isinstance(inner, Apply) and inner.operator in ("up", "kron", "dilate")):
        return
    spread = inner.tensors[0]
    for assumption in setting.context.assumptions:
        pooling = assumption.about
        if assumption.kind == "unique_max" and isinstance(pooling, Apply):
            x, window, stride = pooling.arguments[:3]
            if isinstance(spread, Entry) and x.rank == spread.of.rank > spread.rank:
                at = [
                    Slice(0, size, 1) if isinstance(index, Slice) else index
                    for index, size in zip(spread.indices, x.shape, strict=True)
                ]
                x = Entry(x, *at)
            made = written(partial(Apply, "max_unpool", spread, x, window, stride))
            if made is not None:
                yield made
