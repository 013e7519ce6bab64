"""Mistakes about convolution and correlation: the other one, mode, stride, dilation, padding, operands that must have
zeros between their entries or stand in a frame."""

from __future__ import annotations

from collections.abc import Iterator

from sympy import Basic, Expr, Integer, Symbol, Tuple
from sympy.core.symbol import Str

from derivations.formulas.expressions import Apply, Entry, Expression, IndexRange, IndexSum
from derivations.formulas.indices import free_names, fresh
from derivations.formulas.integers import FloorDiv
from derivations.operators import apply
from derivations.repair.edits.proposals import CLOSED, Proposal, Setting, open_parts, tidy

MODES = ("valid", "full", "same")

Target = tuple[Expr, ...] | None


def of_sliding(node: Apply, setting: Setting, target: Target) -> Iterator[Proposal]:
    """The edits of one convolution or correlation."""
    yield from _turned(node)
    yield from _regrouped(node)
    yield from _modes(node)
    yield from _steps(node, setting)
    yield from _paddings(node, setting)
    for free, _ in setting.ranges:
        if free in {index for part in open_parts(node) if isinstance(part, Entry) for index in part.indices}:
            yield Proposal("sum", "summed over the first index in place of {0}: {made}",
                           lambda f=free: _summed(node, f), (free,))  # fmt: skip
    for position in (0, 1):
        yield from _framed(node, position, setting, target)


def _turned(node: Apply) -> Iterator[Proposal]:
    rest = node.arguments[2:]
    turned = [isinstance(part, Apply) and part.operator == "rot180" for part in node.tensors]
    if turned[0] != turned[1]:
        operands = [tidy(apply("rot180", part)) for part in node.tensors]
        yield Proposal("rotation", "with the other operand rotated: {made}",
                       lambda: Apply(node.operator, *operands, *rest))  # fmt: skip
    other, said = ("corr", "a correlation") if node.operator == "conv" else ("conv", "a convolution")
    yield Proposal("operator", f"as {said}: {{made}}", lambda: Apply(other, *node.arguments))
    if node == apply("conv", *node.tensors):
        yield Proposal("operator", "with the smaller over the larger, whichever it is: {made}",
                       lambda: apply("convolve", *node.tensors, "valid"))  # fmt: skip


def _regrouped(node: Apply) -> Iterator[Proposal]:
    """A transpose that belongs to the result, a matrix product that does not belong to the operand."""
    x, kernel = node.tensors
    rest = node.arguments[2:]
    for position, part in enumerate((x, kernel)):
        if isinstance(part, Apply) and part.operator == "transpose":
            operands = [part.tensors[0] if at == position else one for at, one in enumerate((x, kernel))]
            yield Proposal("transpose", "with the result transposed for an operand: {made}",
                           lambda operands=operands: apply("transpose", Apply(node.operator, *operands, *rest)))
    if isinstance(kernel, Apply) and kernel.operator == "matmul":
        first, second = kernel.tensors
        yield Proposal("product", "with the matrix product after it: {made}",
                       lambda: Apply(node.operator, x, first, *rest) @ second)  # fmt: skip


def _modes(node: Apply) -> Iterator[Proposal]:
    for one in MODES:
        if one != node.arguments[2].name:
            yield Proposal("mode", f"with mode {one}: {{made}}",
                           lambda one=one: _with(node, {2: Str(one)}))  # fmt: skip


def _with(node: Apply, new: dict[int, Basic]) -> Apply:
    return Apply(node.operator, *[new.get(at, argument) for at, argument in enumerate(node.arguments)])


def _steps(node: Apply, setting: Setting) -> Iterator[Proposal]:
    stride, dilation = node.arguments[3], node.arguments[5]
    for step in (Integer(1), *setting.steps):
        same = Tuple(*[step] * len(stride.args))
        if same != stride:
            yield Proposal("stride", "with stride {0}: {made}", lambda v=same: _with(node, {3: v}), (step,))
        if same != dilation:
            yield Proposal("stride", "with dilation {0}: {made}", lambda v=same: _with(node, {5: v}), (step,))
    if stride != dilation:
        yield Proposal("stride", "with stride and dilation exchanged: {made}",
                       lambda: _with(node, {3: dilation, 5: stride}))  # fmt: skip


def _summed(node: Apply, free: Symbol) -> Expression:
    """Σ over a fresh index that takes the place of a free one, where that stands first in an entry."""
    index = fresh("j", set(free_names(node)) | {str(free.name)})

    def changed(part: Basic) -> Basic:
        if isinstance(part, CLOSED) or not part.args:
            return part
        if isinstance(part, Entry) and part.indices[0] == free:
            return Entry(part.of, index, *part.indices[1:])
        return part.func(*(changed(one) for one in part.args))

    made = changed(node)
    assert isinstance(made, Expression)
    return IndexSum(made, IndexRange(index))


Widths = list[tuple[Expr, Expr]]  # before and after, on each axis


def _paddings(node: Apply, setting: Setting) -> Iterator[Proposal]:
    x, kernel = node.tensors
    for said, ends in _widths(kernel, setting):
        pairs = Tuple(*[Tuple(*end) for end in ends])
        if pairs != node.arguments[4]:
            yield Proposal("padding", f"padded {said}: {{made}}", lambda pairs=pairs: _with(node, {4: pairs}))
        if isinstance(x, Apply) and x.operator == "pad":
            yield Proposal("padding", f"padded {said}: {{made}}",
                           lambda ends=ends: _with(node, {0: apply("pad", x.tensors[0], *ends)}))  # fmt: skip
    if isinstance(x, Apply) and x.operator == "pad":
        exchanged = [(after, before) for before, after in (pair.args for pair in x.arguments[1].args)]
        yield Proposal("padding", "with the larger half on the other side: {made}",
                       lambda: _with(node, {0: apply("pad", x.tensors[0], *exchanged)}))  # fmt: skip


def _widths(kernel: Expression, setting: Setting) -> Iterator[tuple[str, Widths]]:
    for step in (Integer(0), *setting.steps):
        yield f"by {step}", [(step, step)] * kernel.rank
    yield "by the kernel's size less one", [(size - 1, size - 1) for size in kernel.shape]
    halves = [(FloorDiv(size - 1, 2), FloorDiv(size, 2)) for size in kernel.shape]
    yield "by half the kernel, the larger half after", halves
    yield "by half the kernel, the larger half before", [(larger, smaller) for smaller, larger in halves]


def _framed(node: Apply, position: int, setting: Setting, target: Target) -> Iterator[Proposal]:
    """An operand with zeros inserted, in the frame that gives the result the shape of the other side."""
    operand, partner = node.tensors[position], node.tensors[1 - position]
    mode = str(node.arguments[2].name)
    if target is None or len(target) < operand.rank:
        return
    wanted = target[len(target) - operand.rank :]
    frame = [
        t - n + 1 if mode == "full" else n - t + 1 if position == 1 else t + n - 1
        for t, n in zip(wanted, partner.shape, strict=True)
    ]

    def with_operand(made: Expression) -> Apply:
        return _with(node, {position: made})

    if isinstance(operand, Apply) and operand.operator in ("dilate", "up", "kron", "pad", "rot180"):
        yield Proposal("frame", "with {0} in a frame of the right size",
                       lambda: with_operand(apply("resize", operand, *frame)), (operand,))  # fmt: skip
        inner = operand.tensors[0]
        if operand.operator == "rot180" and isinstance(inner, Apply):
            yield Proposal("frame", "with {0} in a frame of the right size", lambda: with_operand(
                apply("rot180", apply("resize", inner, *frame))
            ), (inner,))  # fmt: skip
    if not (isinstance(operand, Apply) and operand.operator in ("dilate", "resize", "up")):
        for step in setting.steps:
            said = "with {1} - 1 zeros between the entries of {0}"
            yield Proposal("stride", said, lambda step=step: with_operand(apply("dilate", operand, step)),
                           (operand, step))  # fmt: skip
            yield Proposal("frame", said + ", in a frame of the right size", lambda step=step: with_operand(
                apply("resize", apply("dilate", operand, step), *frame)
            ), (operand, step))  # fmt: skip
