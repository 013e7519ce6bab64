"""One form for formulas that are the same by definition: to recognise a formula in another spelling.

What counts as the same: the order of factors and summands and where a number stands in a product; names of bound
indices, and limits that an entry settles anyway; what the claim language defines as something else (correlation is
convolution with the kernel turned, `full` is `valid` with a frame of zeros, `up` is a Kronecker product with ones,
`rot180` reverses two axes, a padded operand is the operator's padding); a turn that may be taken inside or outside.

Law: a formula and its normal form are equal wherever the formula exists. Two formulas may be equal and have different
normal forms: commutativity of `conv` and every theorem about gradients stay out, so that two sides of a true claim are
in general different.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from sympy import Basic, Expr, Integer, Symbol, Tuple
from sympy.core.symbol import Str

from derivations.formulas.expressions import (
    Apply,
    Constant,
    Definition,
    Entry,
    Expression,
    IndexRange,
    IndexSum,
    Loss,
    Minus,
    Over,
    Plus,
    Slice,
    Times,
)
from derivations.formulas.indices import free_names, substituted
from derivations.formulas.integers import integer_symbol

# Operators that are linear in their first argument: numbers and scalars pass through them.
LINEAR = ("resize", "up", "dilate", "pad", "crop", "transpose", "flip", "sum", "tr", "mean", "vec", "reshape",
          "sum_pool", "mean_pool", "conv")  # fmt: skip


@lru_cache(maxsize=20_000)
def normal(node: Any) -> Any:
    """The normal form of a formula.

    >>> from derivations.formulas.expressions import Tensor
    >>> from derivations.operators import apply
    >>> x, k = Tensor("x", (5, 5)), Tensor("k", (2, 2))
    >>> normal(apply("corr", x, k)) == normal(apply("conv", x, apply("rot180", k)))
    True
    >>> normal(x * 2 / 3 + x) == normal(x + Constant(Integer(2)) * (x / 3))
    True
    """
    if isinstance(node, Definition | Loss) or not node.args:
        return node
    if isinstance(node, Constant):
        return Constant(node.value.expand())
    if isinstance(node, IndexSum):
        return _index_sum(normal(node.body), list(node.ranges))
    parts = [normal(part) if isinstance(part, Expression) else part for part in node.args]
    if isinstance(node, Minus | Over | Times):
        return _product(node, parts)
    if isinstance(node, Plus):
        return Plus(*_sorted(_opened(Plus, parts)))
    if isinstance(node, Entry):
        return _entry(parts[0], parts[1:])
    if isinstance(node, Apply):
        return _apply(node.operator, parts[1:])
    return node.func(*parts)


def same(left: Expression, right: Expression) -> bool:
    """Whether two formulas are the same up to spelling."""
    return bool(normal(left) == normal(right))


# -- products and sums ------------------------------------------------------------------------------------------------


def _opened(kind: type[Basic], parts: Iterable[Any]) -> list[Any]:
    return [one for part in parts for one in (_opened(kind, part.args) if isinstance(part, kind) else (part,))]


def _sorted(parts: Sequence[Any]) -> list[Any]:
    return sorted(parts, key=str)


def _scaled(factor: Expr, factors: Sequence[Any]) -> Any:
    """The product of a number and of normal factors, none of which is a number or a product."""
    front = [] if factor == 1 and factors else [Constant(factor.expand())]
    every = [*front, *_sorted(factors)]
    return every[0] if len(every) == 1 else Times(*every)


def _factors(node: Any) -> tuple[Expr, list[Any]]:
    """A normal formula as a number and factors."""
    parts = _opened(Times, [node])
    number: Expr = Integer(1)
    for part in parts:
        if isinstance(part, Constant):
            number = number * part.value
    return number, [part for part in parts if not isinstance(part, Constant)]


def _product(node: Any, parts: Sequence[Any]) -> Any:
    if isinstance(node, Minus):
        number, factors = _factors(parts[0])
        return _scaled(-number, factors)
    if isinstance(node, Over):
        number, factors = _factors(parts[0])
        if isinstance(parts[1], Constant):
            return _scaled(number / parts[1].value, factors)
        return Over(_scaled(number, factors), parts[1])
    number, factors = _factors(Times(*parts))
    return _scaled(number, factors)


# -- operators --------------------------------------------------------------------------------------------------------


def _flipped(node: Any, axes: Iterable[int]) -> Any:
    """The formula with axes reversed: as nested `flip`s, outermost, the axes in descending order; none twice."""
    wanted = set(axes)
    while isinstance(node, Apply) and node.operator == "flip":
        wanted ^= {int(node.arguments[1])}
        node = node.tensors[0]
    if isinstance(node, Apply) and node.operator == "conv" and _plain(node):
        x, k = node.tensors
        if wanted == set(range(node.rank)):
            return _apply("conv", [_flipped(x, wanted), _flipped(k, wanted), *node.arguments[2:]])
    for axis in sorted(wanted):
        node = Apply("flip", node, Integer(axis))
    return node


def _plain(node: Apply) -> bool:
    """A valid convolution without stride, its padding the same before and after: turning it turns its operands."""
    mode, stride, pad, _ = node.arguments[2:]
    symmetric = all(pair.args[0] == pair.args[1] for pair in pad.args)
    return symmetric and str(mode.name) == "valid" and all(step == 1 for step in stride.args)


def _axes(node: Any) -> list[int]:
    """The axes that are reversed around a normal formula."""
    found = []
    while isinstance(node, Apply) and node.operator == "flip":
        found.append(int(node.arguments[1]))
        node = node.tensors[0]
    return found


def _apply(name: str, arguments: list[Any]) -> Any:
    first: Any = arguments[0] if arguments else None
    if name in LINEAR:
        number, factors = _factors(first)
        scalars = [part for part in factors if not part.rank]
        rest = [part for part in factors if part.rank]
        if (number != 1 or scalars) and rest:
            inner_number, inner = _factors(_apply(name, [_scaled(Integer(1), rest), *arguments[1:]]))
            return _scaled(number * inner_number, [*scalars, *inner])
    if name == "rot180":
        return _flipped(first, range(max(0, first.rank - 2), first.rank))
    if name == "flip":
        return _flipped(first, [int(arguments[1])])
    if name == "corr":
        turned = _flipped(arguments[1], range(arguments[1].rank))
        return _apply("conv", [first, turned, *arguments[2:]])
    if name == "conv":
        return _convolution(arguments)
    if name == "kron":
        return _kron(*arguments)
    if name == "transpose":
        return _transposed(first)
    return Apply(name, *arguments)


def _transposed(node: Any) -> Any:
    """Turns outside, the transpose of a product opened, of a transpose dropped."""
    axes = _axes(node)
    if axes:
        return _flipped(_transposed(_flipped(node, axes)), [1 - axis for axis in axes])
    if isinstance(node, Apply) and node.operator == "transpose":
        return node.tensors[0]
    if isinstance(node, Apply) and node.operator == "matmul":
        left, right = node.tensors
        return Apply("matmul", _transposed(right), _transposed(left))
    return Apply("transpose", node)


def _kron(left: Any, right: Any) -> Any:
    number, factors = _factors(right)
    ones = factors[0] if len(factors) == 1 else None
    if isinstance(ones, Apply) and ones.operator == "ones" and left.rank == ones.rank <= 2:
        return _apply("up", [_scaled(number, _factors(left)[1]) if number != 1 else left, Tuple(*ones.shape)])
    return Apply("kron", left, right)


def _convolution(arguments: Sequence[Any]) -> Any:
    """`full` as `valid` in a frame of zeros; zeros put around the data as the operator's own padding."""
    x, k, mode, stride, pad, dilation = arguments
    pairs = [tuple(pair.args) for pair in pad.args]
    if str(mode.name) == "full":
        reach = [step * (size - 1) for step, size in zip(dilation.args, k.shape, strict=True)]
        pairs = [(before + r, after + r) for (before, after), r in zip(pairs, reach, strict=True)]
        mode = Str("valid")
    if isinstance(x, Apply) and x.operator == "pad" and str(mode.name) == "valid" and x.rank <= 2:
        outer = [tuple(pair.args) for pair in x.arguments[1].args]
        pairs = [(p + b, q + a) for (p, q), (b, a) in zip(pairs, outer, strict=True)]
        x = x.tensors[0]
    return Apply("conv", x, k, mode, stride, Tuple(*[Tuple(*pair) for pair in pairs]), dilation)


# -- entries and sums over indices ------------------------------------------------------------------------------------


def _entry(of: Any, indices: Sequence[Any]) -> Entry:
    """Reversals are taken into the indices; along a slice that is the whole axis they are left outside."""
    axes = _axes(of)
    whole = [
        isinstance(index, Slice) and (index.start, index.count, index.step) == (0, size, 1)
        for index, size in zip(indices, of.shape, strict=True)
    ]
    if not all(whole[axis] or not isinstance(indices[axis], Slice) for axis in axes):
        return Entry(of, *indices)
    inner = _flipped(of, axes)
    turned = [
        of.shape[at] - 1 - index if at in axes and not whole[at] else index for at, index in enumerate(indices)
    ]
    if isinstance(inner, Entry):  # x[c][i, j] is x[c, i, j]
        every = [at for at, index in enumerate(inner.indices) if isinstance(index, Slice)]
        if all(_is_whole(inner.indices[at], inner.of.shape[at]) for at in every):
            merged = list(inner.indices)
            for at, index in zip(every, turned, strict=True):
                merged[at] = index
            inner, turned = inner.of, merged
            return _flipped(Entry(inner, *turned), _kept(axes, whole))  # type: ignore[no-any-return]
    return _flipped(Entry(inner, *turned), _kept(axes, whole))  # type: ignore[no-any-return]


def _is_whole(index: Any, size: Expr) -> bool:
    return isinstance(index, Slice) and (index.start, index.count, index.step) == (0, size, 1)


def _kept(axes: Iterable[int], whole: Sequence[bool]) -> list[int]:
    """Reversed axes that stay, by their number after the indexed axes are gone."""
    remaining = [at for at, kept in enumerate(whole) if kept]
    return [remaining.index(axis) for axis in axes if whole[axis]]


def _index_sum(body: Any, ranges: list[IndexRange]) -> Any:
    """Limits that are an axis's are dropped, bound indices named in the order in which they occur, factors without
    them taken out."""
    natural: dict[Symbol, set[Expr]] = {}
    for part in _open(body):
        if isinstance(part, Entry):
            for index, size in zip(part.indices, part.of.shape, strict=True):
                if isinstance(index, Symbol):
                    natural.setdefault(index, set()).add(size)
    kept = [
        IndexRange(part.index)
        if part.explicit and part.low == 0 and part.high + 1 in natural.get(part.index, ())
        else part
        for part in ranges
    ]
    number, factors = _factors(body)
    inner_sums = [part for part in factors if isinstance(part, IndexSum)]
    if len(inner_sums) == 1:  # a factor may stand inside of a sum or outside of it
        inner = inner_sums[0]
        apart = {one.index: integer_symbol(f"_{one.index}") for one in inner.ranges}
        factors.remove(inner)
        further, more = _factors(substituted(inner.body, apart))
        number, factors = number * further, [*factors, *more]
        kept = [*kept, *(substituted(one, apart) for one in inner.ranges)]
        ranges = [*ranges, *kept[len(ranges) :]]
    bound = {str(part.index.name) for part in ranges}
    outside = [part for part in factors if not free_names(part) & bound]
    inside = [part for part in factors if free_names(part) & bound]
    if not inside or free_names(Constant(number)) & bound:
        inside, outside, body_number, number = factors, [], number, Integer(1)
    else:
        body_number = Integer(1)
    return _scaled(number, [*outside, _renamed(_scaled(body_number, inside), kept)])


def _renamed(body: Any, ranges: list[IndexRange]) -> IndexSum:
    hidden = {part.index: integer_symbol("_") for part in ranges}
    if isinstance(body, Times):  # an order of the factors that does not depend on the indices' names
        body = Times(*sorted(body.args, key=lambda part: (str(substituted(part, hidden)), str(part))))
    order: dict[Symbol, None] = {}
    for part in _open(body):
        if isinstance(part, Symbol) and part in hidden:
            order[part] = None
    order.update((part.index, None) for part in ranges)
    # The sums inside, in their normal form, number their indices from 0 on: these are numbered after all of them.
    first = sum(len(part.ranges) for part in _open(body) if isinstance(part, IndexSum))
    new = {index: integer_symbol(f"_{number}") for number, index in enumerate(order, first)}
    renamed = {part.index: substituted(part, new) for part in ranges}
    body = substituted(body, new)
    if isinstance(body, Times):
        body = _scaled(*_factors(body))
    return IndexSum(body, *(renamed[index] for index in order))


def _open(node: Basic) -> Iterable[Basic]:
    yield node
    if not isinstance(node, Definition | Loss):
        for part in node.args:
            yield from _open(part)
