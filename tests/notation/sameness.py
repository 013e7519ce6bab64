"""Whether two claims say the same up to brackets, to how sums are nested, and to the names of indices."""

from __future__ import annotations

from typing import Any

from sympy import Basic, Symbol

from derivations.formulas.claims import Claim
from derivations.formulas.expressions import (
    Apply,
    ByIndex,
    Constant,
    Definition,
    Entry,
    IndexRange,
    IndexSum,
    Loss,
    Minus,
    Over,
    Plus,
    Slice,
    Times,
)  # fmt: skip
from derivations.formulas.integers import integer_symbol


def normal(node: Any, names: dict[Symbol, Symbol] | None = None, depth: int = 0) -> Any:
    """A formula with nested sums and products flat, signs in front, and bound indices numbered."""
    names = names or {}
    if isinstance(node, Symbol):
        return names.get(node, node)
    if isinstance(node, Definition | Loss) or not getattr(node, "args", ()):
        return node
    if isinstance(node, IndexSum | ByIndex):
        return _bound(node, names, depth)
    parts = [normal(part, names, depth) for part in node.args]
    if isinstance(node, Entry) and isinstance(parts[0], Entry):
        return _entry(parts)
    if isinstance(node, Plus):
        return Plus(*_flat(parts, Plus))
    if isinstance(node, Apply) and node.operator in ("matmul", "kron"):
        return _chain(node.operator, parts[1:])
    if isinstance(node, Times):
        return _signed(_flat(parts, Times))
    if isinstance(node, Over) and isinstance(parts[0], Minus):
        return Minus(Over(parts[0].args[0], parts[1]))
    if isinstance(node, Over) and isinstance(parts[0], Constant) and isinstance(parts[1], Constant):
        return Constant(parts[0].value / parts[1].value)
    return node.func(*parts)


def _bound(node: Any, names: dict[Symbol, Symbol], depth: int) -> Any:
    ranges, body = list(node.ranges), node.body
    while isinstance(node, IndexSum) and isinstance(body, IndexSum):
        ranges, body = [*ranges, *body.ranges], body.body
    inner = dict(names)
    made = []
    for number, part in enumerate(ranges):
        inner[part.index] = integer_symbol(f"bound{depth + number}")
        limits = [normal(limit, names, depth).xreplace(names) for limit in part.args[1:]]
        made.append(IndexRange(inner[part.index], *limits))
    return node.func(normal(body, inner, depth + len(ranges)), *made)


def _entry(parts: list[Any]) -> Any:
    outer = list(parts[1:])
    indices = [outer.pop(0) if isinstance(index, Slice) and index.start == 0 and index.step == 1 else index
               for index in parts[0].indices]  # fmt: skip
    return Entry(parts[0].of, *indices)


def _chain(operator: str, parts: list[Any]) -> Any:
    """A chain of matrix products without its brackets, numbers taken out in front."""
    flat: list[Any] = []
    numbers: list[Any] = []
    for part in parts:
        inner = [part]
        if isinstance(part, Times):
            numbers += [factor for factor in part.args if not factor.rank]
            rest = [factor for factor in part.args if factor.rank]
            inner = [rest[0] if len(rest) == 1 else Times(*rest)]
        for each in inner:
            flat += _links(operator, each)
    made = flat[0]
    for part in flat[1:]:
        made = Apply(operator, made, part)
    return Times(*numbers, made) if numbers else made


def _links(operator: str, node: Any) -> list[Any]:
    if isinstance(node, Apply) and node.operator == operator:
        return [*_links(operator, node.tensors[0]), *_links(operator, node.tensors[1])]
    return [node]


def _flat(parts: list[Any], kind: type) -> list[Any]:
    found: list[Any] = []
    for part in parts:
        found += part.args if isinstance(part, kind) else [part]
    return found


def _signed(factors: list[Any]) -> Any:
    negative = sum(isinstance(factor, Minus) for factor in factors)
    plain = [factor.args[0] if isinstance(factor, Minus) else factor for factor in factors]
    number = Constant(1)
    rest = []
    for factor in plain:
        if isinstance(factor, Constant):
            number = Constant(number.value * factor.value)
        else:
            rest.append(factor)
    if number.value != 1 or not rest:
        rest.insert(0, number)
    made = rest[0] if len(rest) == 1 else Times(*rest)
    return Minus(made) if negative % 2 else made


def same(one: Claim, other: Claim) -> bool:
    """Whether two claims have the same links."""
    pairs = list(zip(one.links, other.links, strict=False))
    return len(one.links) == len(other.links) and all(
        normal(a.left) == normal(b.left) and normal(a.right) == normal(b.right) for a, b in pairs
    )


def basic(value: Any) -> bool:
    """Whether a value is a node."""
    return isinstance(value, Basic)
