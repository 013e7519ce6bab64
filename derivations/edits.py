"""Small edits of a formula: what an author may have meant instead, one mistake at a time.

Each edit is one of the mistakes that are made in derivations about convolutional networks: a kernel not rotated, a
correlation for a convolution, another mode, arguments exchanged, a stride or a frame forgotten, an index off by one, a
sum left out. An edit knows how it is said in words.

Law: an edit is a proposal. It may be wrong, and it may not even exist; the search in `repair.py` sieves and proves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from typing import Any

from sympy import Basic, Expr, Integer, Symbol, Tuple
from sympy.core.symbol import Str

from derivations.claims import Context
from derivations.expressions import (
    Apply,
    Bracket,
    Constant,
    Definition,
    Differential,
    Elementwise,
    Entry,
    Expression,
    Grad,
    IndexRange,
    IndexSum,
    Jacobian,
    Literal,
    Loss,
    Minus,
    Over,
    Plus,
    ShapeError,
    SizeTuple,
    Slice,
    Tensor,
    Times,
)
from derivations.indices import free_names, fresh, substituted
from derivations.integers import Compare, FloorDiv, ceiling_division, integer_symbol
from derivations.operators import OPERATORS, apply

# The kinds of edits, the smallest first: of repairs with equally many edits, those with earlier kinds come first.
KINDS = (
    "rotation", "operator", "sum", "frame", "stride", "transpose", "arguments", "mode", "factor", "choice", "symmetry",
    "padding", "index", "names", "product", "function", "term", "size", "reading",
)  # fmt: skip

# a kind, what was done in words, and how the formula is made, whose parts may turn out not to fit together
Proposal = tuple[str, str, Any]  # the last one a function without arguments

CLOSED = (Tensor, Definition, Loss, Constant, Literal, Grad, Jacobian, Differential, SizeTuple)
SLIDING = ("conv", "corr")
POOLS = ("sum_pool", "mean_pool", "max_pool")
WEAKER = {"<": "<=", ">": ">="}
MODES = ("valid", "full", "same")


@dataclass(frozen=True)
class Edit:
    """A formula after one edit, the edit's kind, and what was done."""

    node: Expression
    kind: str
    words: str

    @property
    def order(self) -> int:
        return KINDS.index(self.kind)


@dataclass(frozen=True)
class Setting:
    """What edits may draw on: the context, the other side's shape, the sizes that stand as strides and windows, and
    the sizes of the free indices and of those that a sum
    around the formula binds."""

    context: Context
    target: tuple[Expr, ...]
    steps: tuple[Expr, ...]
    ranges: tuple[tuple[Symbol, Expr], ...] = ()
    bound: frozenset[Symbol] = frozenset()
    other: Expression | None = None


def parts_of(node: Basic) -> Iterator[Basic]:
    """A formula and all its parts, definitions opened."""
    yield node
    for part in node.args:
        yield from parts_of(part)


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


def edits(node: Expression, setting: Setting) -> Iterator[Edit]:
    """All single edits of a formula, those of the whole first; formulas that cannot be written are left out."""
    yield from _whole(node, setting)
    yield from _everywhere(node, setting, setting.target)


def _everywhere(node: Expression, setting: Setting, target: tuple[Expr, ...] | None) -> Iterator[Edit]:
    yield from _local(node, setting, target)
    if isinstance(node, CLOSED):
        return
    for position, part in enumerate(node.args):
        if isinstance(part, Expression):
            inner = target if _same_shape(node) else None
            for edit in _everywhere(part, _inside(node, setting), inner):
                changed = _rebuilt(node, position, edit.node)
                if changed is not None:
                    yield Edit(changed, edit.kind, edit.words)


def _inside(node: Expression, setting: Setting) -> Setting:
    """The setting with the ranges of the indices that a sum binds, as far as an entry `w[p, q]` shows them."""
    if not isinstance(node, IndexSum):
        return setting
    bound = {part.index for part in node.ranges}
    sizes = {
        index: size
        for part in _open_parts(node.body)
        if isinstance(part, Entry)
        for index, size in zip(part.indices, part.of.shape, strict=True)
        if index in bound
    }
    return replace(setting, ranges=(*setting.ranges, *sizes.items()), bound=frozenset(sizes))


def _same_shape(node: Expression) -> bool:
    """Whether the node has the shape of its parts."""
    if isinstance(node, Apply):
        return node.operator in ("rot180", "flip", "resize")
    return isinstance(node, Plus | Minus | Times | Over | Elementwise | IndexSum)


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


def _rebuilt(node: Expression, position: int, part: Expression) -> Expression | None:
    arguments = list(node.args)
    arguments[position] = part
    made = _written(lambda: node.func(*arguments))
    return None if made is None else tidy(made)


def _written(make: Callable[[], Any]) -> Expression | None:
    """The formula, or None where it cannot be written (its parts do not fit by rank)."""
    try:
        made: Expression = make()
        _ = made.shape
    except (ShapeError, ValueError, TypeError, IndexError, AttributeError):
        return None
    return made


def _local(node: Expression, setting: Setting, target: tuple[Expr, ...] | None) -> Iterator[Edit]:
    for kind, words, make in _proposals(node, setting, target):
        made = _written(make)
        if made is not None and made != node:
            yield Edit(tidy(made), kind, words.replace("{}", str(tidy(made))))


def _proposals(node: Expression, setting: Setting, target: tuple[Expr, ...] | None) -> Iterator[Proposal]:
    yield from _turns(node)
    if isinstance(node, Apply):
        yield from _operators(node, setting, target)
    yield from _arithmetic(node)
    yield from _indices(node, setting)
    if isinstance(node, Constant | SizeTuple):
        yield from _sizes(node, setting)
    if isinstance(node, Differential) and node.wrt is not None:
        for other in setting.context.names.values():
            if isinstance(other, Tensor) and other != node.wrt:
                yield "names", f"with respect to {other}: {{}}", lambda o=other: Differential(node.of, o)


# -- rotations, transposes, sums --------------------------------------------------------------------------------------


def _turns(node: Expression) -> Iterator[Proposal]:
    if isinstance(node, Constant | Literal | SizeTuple) or (isinstance(node, Apply) and node.operator == "ones"):
        return
    if isinstance(node, Apply) and node.operator in ("rot180", "transpose", "flip", "rot90"):
        kind = "transpose" if node.operator == "transpose" else "rotation"
        yield kind, f"without the {_noun(node.operator)} of {node.tensors[0]}", lambda: node.tensors[0]
        if node.operator in ("rot90", "flip"):
            yield kind, f"with {node.tensors[0]} rotated by 180 degrees", lambda: apply("rot180", node.tensors[0])
        if node.operator == "transpose":
            yield kind, "with a rotation for the transpose: {}", lambda: apply("rot180", node.tensors[0])
        return
    if node.rank in (1, 2, 3):
        yield "rotation", f"with {node} rotated", lambda: apply("rot180", node)
    if node.rank == 2:
        yield "transpose", f"with {node} transposed", lambda: apply("transpose", node)


def _noun(operator: str) -> str:
    return {"rot180": "rotation", "transpose": "transpose", "flip": "reversal", "rot90": "quarter turn"}[operator]


# -- operators --------------------------------------------------------------------------------------------------------


def _exchanged_in_operators(node: Basic, new: dict[Symbol, Symbol]) -> Any:
    """The formula with indices renamed in its sliding operators only."""
    if isinstance(node, Apply) and node.operator in SLIDING:
        return substituted(node, new)
    if isinstance(node, CLOSED) or not node.args:
        return node
    return node.func(*(_exchanged_in_operators(part, new) for part in node.args))


def _operators(node: Apply, setting: Setting, target: tuple[Expr, ...] | None) -> Iterator[Proposal]:
    name, arguments = node.operator, list(node.arguments)
    tensors = node.tensors
    if name in SLIDING:
        yield from _sliding(node, setting, target)
    if name in (*SLIDING, "matmul", "kron", "convolve", "outer"):
        yield "arguments", "with its arguments exchanged: {}", lambda: Apply(
            name, arguments[1], arguments[0], *arguments[2:]
        )
    if name == "matmul":
        a, b = tensors
        yield "arguments", "with the product transposed: {}", lambda: tidy(b.T) @ tidy(a.T)
        yield "product", "as an entrywise product: {}", lambda: a * b
    if name in ("sum", "mean"):
        yield "sum", f"without the {name}", lambda: tensors[0]
        other = "mean" if name == "sum" else "sum"
        yield "factor", f"with {other} for {name}", lambda: Apply(other, *arguments)
    for other in POOLS if name in POOLS else ():
        yield "operator", f"with {other} for {name}", lambda other=other: Apply(other, *arguments)
    if name in ("up", "dilate", "kron"):
        for shape in _frames(node, target):
            yield "frame", "in a frame of the right size: {}", lambda shape=shape: apply("resize", node, *shape)
        if name == "kron":
            return
        other = "dilate" if name == "up" else "up"
        yield "operator", f"with {other} for {name}: {{}}", lambda: Apply(other, *arguments)
        for step in setting.steps:
            yield "stride", "with another step: {}", lambda step=step: apply(name, tensors[0], step)
        yield "stride", f"without {name}", lambda: tensors[0]
    if name == "resize":
        yield "frame", "without the frame", lambda: tensors[0]
        for unpooling in _unpoolings(node, setting):
            yield "choice", "with each entry at its window's maximum: {}", lambda u=unpooling: u


def _frames(node: Apply, target: tuple[Expr, ...] | None) -> Iterator[tuple[Expr, ...]]:
    if target and len(target) >= node.rank:
        yield target[len(target) - node.rank :]


def _unpoolings(node: Apply, setting: Setting) -> Iterator[Expression]:
    """`max_unpool` of what stands in a frame, for each max pooling of the context with an assumed unique maximum."""
    inner = node.tensors[0]
    if not (isinstance(inner, Apply) and inner.operator in ("up", "kron", "dilate")):
        return
    for assumption in setting.context.assumptions:
        pooling = assumption.about
        if assumption.kind == "unique_max" and isinstance(pooling, Apply):
            x, window, stride = pooling.arguments[:3]
            made = _written(partial(Apply, "max_unpool", inner.tensors[0], x, window, stride))
            if made is not None:
                yield made


def _sliding(node: Apply, setting: Setting, target: tuple[Expr, ...] | None) -> Iterator[Proposal]:
    name = node.operator
    x, kernel = node.tensors
    mode, stride, pad, dilation = node.arguments[2:]
    other = "corr" if name == "conv" else "conv"
    said = "a correlation" if other == "corr" else "a convolution"
    turned = [isinstance(part, Apply) and part.operator == "rot180" for part in (x, kernel)]
    if turned[0] != turned[1]:
        operands = [tidy(apply("rot180", part)) for part in (x, kernel)]
        yield "rotation", "with the other operand rotated: {}", lambda: Apply(name, *operands, *node.arguments[2:])
    yield "operator", f"as {said}: {{}}", lambda: Apply(other, x, kernel, mode, stride, pad, dilation)
    for one in MODES:
        if one != mode.name:
            rest = (Str(one), stride, pad, dilation)
            yield "mode", f"with mode {one}: {{}}", lambda rest=rest: Apply(name, x, kernel, *rest)
    axes = len(stride.args)
    for step in (Integer(1), *setting.steps):
        same = Tuple(*[step] * axes)
        if same != stride:
            yield "stride", f"with stride {step}: {{}}", lambda v=same: Apply(name, x, kernel, mode, v, pad, dilation)
        if same != dilation:
            yield "stride", f"with dilation {step}: {{}}", lambda v=same: Apply(name, x, kernel, mode, stride, pad, v)
    exchanged = (mode, dilation, pad, stride)
    yield "stride", "with stride and dilation exchanged: {}", lambda: Apply(name, x, kernel, *exchanged)
    yield from _paddings(node, setting)
    for free, _ in setting.ranges:
        if free in {index for part in _open_parts(node) if isinstance(part, Entry) for index in part.indices}:
            yield "sum", f"summed over the first index in place of {free}: {{}}", lambda f=free: _summed(node, f)
    for position in (0, 1):
        yield from _framed(node, position, setting, target)


def _summed(node: Apply, free: Symbol) -> Expression:
    """Σ over a fresh index that takes the place of a free one, where that stands first in an entry."""
    index = fresh("j", set(free_names(node)) | {str(free.name)})

    def changed(part: Basic) -> Any:
        if isinstance(part, CLOSED) or not part.args:
            return part
        if isinstance(part, Entry) and part.indices[0] == free:
            return Entry(part.of, index, *part.indices[1:])
        return part.func(*(changed(one) for one in part.args))

    return IndexSum(changed(node), IndexRange(index))


def _paddings(node: Apply, setting: Setting) -> Iterator[Proposal]:
    x, kernel = node.tensors
    mode, stride, pad, dilation = node.arguments[2:]
    widths = [(f"by {step}", [step] * kernel.rank) for step in (Integer(0), *setting.steps)]
    widths.append(("by the kernel's size less one", [size - 1 for size in kernel.shape]))
    pairs_of = [(said, [(one, one) for one in width]) for said, width in widths]
    halves = [(FloorDiv(size - 1, 2), FloorDiv(size, 2)) for size in kernel.shape]
    pairs_of.append(("by half the kernel, the larger half after", halves))
    pairs_of.append(("by half the kernel, the larger half before", [half[::-1] for half in halves]))
    for said, ends in pairs_of:
        pairs = Tuple(*[Tuple(*end) for end in ends])
        if pairs != pad:
            yield "padding", f"padded {said}: {{}}", lambda pairs=pairs: Apply(
                node.operator, x, kernel, mode, stride, pairs, dilation
            )


def _framed(node: Apply, position: int, setting: Setting, target: tuple[Expr, ...] | None) -> Iterator[Proposal]:
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
    rest = node.arguments[2:]

    def with_operand(made: Expression) -> Apply:
        operands = (made, partner) if position == 0 else (partner, made)
        return Apply(node.operator, *operands, *rest)

    if isinstance(operand, Apply) and operand.operator in ("dilate", "up", "kron", "pad", "rot180"):
        yield "frame", f"with {operand} in a frame of the right size", lambda: with_operand(
            apply("resize", operand, *frame)
        )
        if operand.operator == "rot180" and isinstance(operand.tensors[0], Apply):
            yield "frame", f"with {operand.tensors[0]} in a frame of the right size", lambda: with_operand(
                apply("rot180", apply("resize", operand.tensors[0], *frame))
            )
    if not (isinstance(operand, Apply) and operand.operator in ("dilate", "resize", "up")):
        for step in setting.steps:
            yield "stride", f"with {step} - 1 zeros between the entries of {operand}", lambda step=step: with_operand(
                apply("dilate", operand, step)
            )
            yield "frame", (
                f"with {step} - 1 zeros between the entries of {operand}, in a frame of the right size"
            ), lambda step=step: with_operand(apply("resize", apply("dilate", operand, step), *frame))


# -- arithmetic -------------------------------------------------------------------------------------------------------


def _arithmetic(node: Expression) -> Iterator[Proposal]:
    if isinstance(node, Times):
        parts = list(node.args)
        for position, part in enumerate(parts):
            rest = parts[:position] + parts[position + 1 :]
            product = rest[0] if len(rest) == 1 else Times(*rest)
            yield "factor", f"without the factor {part}", lambda product=product: product
            if part == Constant(Integer(2)) and product.rank == 2:
                yield "symmetry", f"with {product} + its transpose for twice {product}", lambda p=product: p + p.T
        if len(parts) == 2:
            yield "product", "as a matrix product: {}", lambda: parts[0] @ parts[1]
    if isinstance(node, Over):
        yield "factor", f"without the divisor {node.args[1]}", lambda: node.args[0]
    if isinstance(node, Minus):
        yield "term", "with the other sign", lambda: node.args[0]
    if isinstance(node, Plus):
        for position, part in enumerate(node.args):
            rest = [*node.args[:position], *node.args[position + 1 :]]
            yield "term", f"without the term {part}", lambda rest=rest: rest[0] if len(rest) == 1 else Plus(*rest)
            negative = part.args[0] if isinstance(part, Minus) else Minus(part)
            yield "term", f"with the other sign of {part}", lambda p=position, n=negative: Plus(
                *node.args[:p], n, *node.args[p + 1 :]
            )
    if isinstance(node, Bracket) and isinstance(node.condition, Compare) and node.condition.operator in WEAKER:
        weaker = Compare(WEAKER[node.condition.operator], node.condition.left, node.condition.right)
        yield "size", "with equality allowed: {}", lambda: Bracket(weaker)
    if isinstance(node, Elementwise):
        yield "function", f"with the derivative of {node.name}: {{}}", lambda: Elementwise(
            node.name, node.order + 1, node.of
        )
        if node.order:
            yield "function", f"with {node.name} itself: {{}}", lambda: Elementwise(node.name, node.order - 1, node.of)
        yield "function", f"without {node.name}", lambda: node.of


# -- indices ----------------------------------------------------------------------------------------------------------


def _indices(node: Expression, setting: Setting) -> Iterator[Proposal]:
    if isinstance(node, IndexSum):
        yield "sum", "without the sum", lambda: node.body
        ranges = [IndexRange(part.index) for part in node.ranges]
        yield "sum", "with the sum over all indices for which its entries exist", lambda: IndexSum(node.body, *ranges)
        names = [symbol for symbol, _ in setting.ranges]
        for bound in (part.index for part in node.ranges):
            for free in names:
                yield "names", f"with {bound} and {free} exchanged in the operands: {{}}", lambda p=bound, q=free: (
                    IndexSum(_exchanged_in_operators(node.body, {p: q, q: p}), *ranges)
                )
        return
    if not isinstance(node, Entry):
        return
    plain = [at for at, index in enumerate(node.indices) if not isinstance(index, Slice)]
    sizes = dict(setting.ranges)
    changes: list[tuple[str, dict[int, Basic]]] = []
    for shift in (1, -1):
        changes.append((f"with indices shifted by {shift}", {at: node.indices[at] + shift for at in plain}))
        changes += [(f"with an index shifted by {shift}", {at: node.indices[at] + shift}) for at in plain]
    for group in (sizes.keys() - setting.bound, setting.bound):
        other_end = {s: n - 1 - s for s, n in sizes.items() if s in group}
        mirrored = {at: node.indices[at].subs(other_end, simultaneous=True) for at in plain}
        changes.append(("with indices counted from the other end", mirrored))
        changes += [("with an index counted from the other end", {at: value}) for at, value in mirrored.items()]
    opposite = {s: -s for s in setting.bound}
    shifted = {s: s - sizes[s] + 1 for s in setting.bound}
    for said, moved in (
        ("with the other sign of the summed indices", opposite),
        ("with the summed indices shifted by their size less one", shifted),
    ):
        changes.append((said, {at: node.indices[at].subs(moved, simultaneous=True) for at in plain}))
    outer = [symbol for symbol in sizes if symbol not in setting.bound]
    for step in setting.steps:
        strided = {symbol: step * symbol for symbol in outer}
        changes.append((
            f"with indices times {step}",
            {at: node.indices[at].xreplace(strided) for at in plain if not node.indices[at].is_Symbol},
        ))
    turned = {at: node.of.shape[at] - 1 - node.indices[at] for at in plain}
    changes.append(("with indices counted from the other end", turned))
    for said, change in changes:
        indices = [change.get(at, index) for at, index in enumerate(node.indices)]
        yield "index", f"{said}: {{}}", lambda indices=indices: Entry(node.of, *indices)
    for first, second in pairwise(plain):
        swapped = list(node.indices)
        swapped[first], swapped[second] = swapped[second], swapped[first]
        yield "names", "with indices exchanged: {}", lambda swapped=swapped: Entry(node.of, *swapped)


# -- sizes ------------------------------------------------------------------------------------------------------------


def _sizes(node: Constant | SizeTuple, setting: Setting) -> Iterator[Proposal]:
    values = [node.value] if isinstance(node, Constant) else list(node.sizes)
    if isinstance(node, SizeTuple) and node.of is not None:
        return
    if isinstance(node, Constant) and not node.value.free_symbols and node.value not in (0, 1):
        return
    changes: dict[str, Callable[[Any], Any]] = {
        "one more": lambda v: v + 1,
        "one less": lambda v: v - 1,
        "rounded up": lambda v: v.replace(FloorDiv, ceiling_division),
        "rounded down": _floored_everywhere,
    }
    for said, change in changes.items():
        changed = [change(value) for value in values]
        yield "size", f"{said}: {{}}", lambda changed=changed: _with_sizes(node, changed)
        for at in range(len(values)) if len(values) > 1 else ():
            one = [*values[:at], changed[at], *values[at + 1 :]]
            yield "size", f"{said}: {{}}", lambda one=one: _with_sizes(node, one)
    if len(values) == 2:
        yield "size", "exchanged: {}", lambda: _with_sizes(node, values[::-1])


def _with_sizes(node: Constant | SizeTuple, values: list[Expr]) -> Expression:
    return Constant(values[0]) if isinstance(node, Constant) else SizeTuple(*values)


def _fraction(value: Expr) -> bool:
    return bool(value.is_Mul and value.as_numer_denom()[1] != 1)


def _floored_everywhere(value: Any) -> Any:
    return value.replace(_fraction, _floored)


def _floored(value: Expr) -> Expr:
    above, below = value.as_numer_denom()
    return FloorDiv(above, below)


# -- of the whole side ------------------------------------------------------------------------------------------------


def _whole(node: Expression, setting: Setting) -> Iterator[Edit]:
    for kind, words, make in _whole_proposals(node, setting):
        made = _written(make)
        if made is not None:
            yield Edit(made, kind, words)


def _whole_proposals(node: Expression, setting: Setting) -> Iterator[Proposal]:
    yield from _missing_sums(node, setting)
    if setting.other is not None and isinstance(setting.other, SizeTuple) and setting.other.of is not None:
        true = setting.other.of.shape
        yield "size", "with the size that the operator has", lambda: SizeTuple(*true)
    if node.rank == len(setting.target) == 2 and 1 in node.shape:
        rows, columns = setting.target
        yield "choice", "with the vector as a matrix, column by column", lambda: apply(
            "reshape", node, columns, rows
        ).T
    if node.rank and node.rank == len(setting.target) and not isinstance(node, SizeTuple):
        yield "frame", "in a frame of the other side's size", lambda: apply("resize", node, *setting.target)
    if node.rank:
        yield "sum", "with the sum over all entries", lambda: apply("sum", node)
    for name, value in setting.context.names.items():
        if isinstance(value, Tensor) and not value.rank:
            yield "factor", f"multiplied by {name}", lambda value=value: Times(value, node)
            yield "term", f"with {name} added", lambda value=value: Plus(node, value)
        if isinstance(value, Definition) and isinstance(value.body, Elementwise) and node.rank == value.rank:
            inner = value.body
            yield "function", f"multiplied by {inner.name}'({inner.of})", lambda f=inner: Times(
                Elementwise(f.name, f.order + 1, f.of), node
            )
    names = [symbol for symbol, _ in setting.ranges]
    for first, second in pairwise(names):
        yield "names", f"with {first} and {second} exchanged", lambda p=first, q=second: node.xreplace({p: q, q: p})


def _missing_sums(node: Expression, setting: Setting) -> Iterator[Proposal]:
    """A number that stands as an index, replaced by an index that is summed over."""
    numbers: dict[Expr, None] = {}
    for part in _open_parts(node):
        if isinstance(part, Entry):
            numbers.update(
                (size, None)
                for index, size in zip(part.indices, part.of.shape, strict=True)
                if not isinstance(index, Slice) and index.is_Integer
            )
    taken = free_names(node) | {dim.name for dim in setting.context.dims} | set(setting.context.names)
    taken |= {str(symbol.name) for symbol, _ in setting.ranges}
    for size in numbers:
        letter = str(size).lower() if str(size).isidentifier() else "i"
        name = next(one for one in (letter, "i", "j", "p", "q", "u", "v", "i1", "i2") if one not in taken)
        index = integer_symbol(name)
        yield "sum", f"summed over {index}", lambda i=index, n=size: IndexSum(_indexed(node, n, i), IndexRange(i))


def _open_parts(node: Basic) -> Iterator[Basic]:
    yield node
    if isinstance(node, Definition | Loss | Grad | Jacobian | Differential):
        return
    for part in node.args:
        yield from _open_parts(part)


def _indexed(node: Basic, size: Expr, index: Symbol) -> Basic:
    if isinstance(node, Definition | Loss | Grad | Jacobian | Differential) or not node.args:
        return node
    if isinstance(node, Entry):
        indices = [
            index if not isinstance(old, Slice) and old.is_Integer and axis == size else old
            for old, axis in zip(node.indices, node.of.shape, strict=True)
        ]
        return Entry(_indexed(node.of, size, index), *indices)
    return node.func(*(_indexed(part, size, index) for part in node.args))
