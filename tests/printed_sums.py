"""The formulas that `explain` prints by index, evaluated: a reader of their own, which shares nothing with what wrote
them but the claim language.

A sum runs over all integers (within a window that is wider than any tensor here) for which its entries exist and its
range allows; a product with an entry that does not exist is 0, as a line and inside of a sum. Everywhere else it makes
the formula around it not exist.
"""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

HEAD = re.compile(r"entry \[(?P<index>[^\]]*)\] = ")
_RANGE = re.compile(r" in ([^\[\]]*?)\.\.")
_OPERATIONS: dict[type, Callable[[Any, Any], Any]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Pow: operator.pow,
    ast.MatMult: operator.matmul, ast.FloorDiv: operator.floordiv, ast.Mod: operator.mod,
}  # fmt: skip
_COMPARE: dict[type, Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq, ast.NotEq: operator.ne, ast.LtE: operator.le, ast.Lt: operator.lt,
    ast.GtE: operator.ge, ast.Gt: operator.gt,
}  # fmt: skip


class Missing(Exception):
    """An entry that does not exist."""


class TooMany(Exception):
    """More values of a sum's indices than a test should try."""


@dataclass
class Reader:
    """The values of names: numbers, arrays, functions of one variable (`f`, `f'`)."""

    values: Mapping[str, Any]
    functions: Mapping[str, Callable[[Any], Any]]
    divide: Callable[[Any, Any], Any]
    window: int
    most: int = 15_000
    tried: int = field(default=0)

    def lines(self, lines: list[str], index: tuple[int, ...]) -> Any:
        """The value of an entry: the sum of its lines."""
        head = HEAD.match(lines[0])
        names = head["index"].split(", ") if head else []
        at = dict(zip(names, index, strict=True))
        total = 0
        for number, line in enumerate(lines):
            text = line[head.end() :] if head and not number else line
            sign = -1 if number and text.startswith("- ") else 1
            text = text.removeprefix("+ ").removeprefix("- ") if number else text
            try:
                total = total + sign * self.value(_tree(text), at)
            except Missing:
                continue
        return total

    def value(self, node: ast.expr, at: Mapping[str, int]) -> Any:
        match node:
            case ast.Constant(value=value):
                return value
            case ast.Name(id=name):
                return at[name] if name in at else self.values[name]
            case ast.UnaryOp(op=ast.USub(), operand=inner):
                return -self.value(inner, at)
            case ast.BinOp(left=left, op=ast.Div(), right=right):
                return self.divide(self.value(left, at), self.value(right, at))
            case ast.BinOp(left=left, op=op, right=right):
                return _OPERATIONS[type(op)](self.value(left, at), self.value(right, at))
            case ast.List(elts=conditions):
                return int(all(self.holds(each, at) for each in conditions))
            case ast.Attribute(value=inner, attr="T"):
                return self.value(inner, at).T
            case ast.Subscript() | ast.Call():
                return self._applied(node, at)
        raise AssertionError(f"not read: {ast.dump(node)}")

    def holds(self, node: ast.expr, at: Mapping[str, int]) -> bool:
        match node:
            case ast.BoolOp(op=ast.And(), values=parts):
                return all(self.holds(part, at) for part in parts)
            case ast.BoolOp(values=parts):
                return any(self.holds(part, at) for part in parts)
            case ast.Compare(left=left, ops=ops, comparators=others):
                sides = [self.value(each, at) for each in (left, *others)]
                return all(_COMPARE[type(op)](sides[n], sides[n + 1]) for n, op in enumerate(ops))
        raise AssertionError(f"no condition: {ast.dump(node)}")

    def _applied(self, node: ast.Subscript | ast.Call, at: Mapping[str, int]) -> Any:
        match node:
            case ast.Call(func=ast.Subscript(value=ast.Name(id="sum"), slice=ranges), args=[body]):
                return self._sum(ranges.elts if isinstance(ranges, ast.Tuple) else [ranges], body, at)
            case ast.Call(func=ast.Name(id="sum"), args=[body]):
                return np.sum(self.value(body, at))
            case ast.Call(func=ast.Name(id="softmax"), args=[of]):
                powers = np.exp(np.asarray(self.value(of, at), dtype=float))
                return powers / powers.sum(axis=-1, keepdims=True)
            case ast.Call(func=ast.Name(id="grad" | "d"), args=[ast.Name(id=name), *_]):
                return self.values[name if node.func.id == "grad" else f"d:{name}"]
            case ast.Call(func=ast.Name(id="min" | "max" as word), args=args):
                return (min if word == "min" else max)(*[self.value(arg, at) for arg in args])
            case ast.Call(func=ast.Name(id=name), args=[argument]):
                return self.functions[name.replace("_prime", "'")](self.value(argument, at))
            case ast.Subscript(value=array, slice=places):
                return self._entry(self.value(array, at), places, at)
        raise AssertionError(f"not read: {ast.dump(node)}")

    def _entry(self, array: Any, places: ast.expr, at: Mapping[str, int]) -> Any:
        parts = places.elts if isinstance(places, ast.Tuple) else [places]
        index = tuple(slice(None) if isinstance(part, ast.Slice) else int(self.value(part, at)) for part in parts)
        array = np.asarray(array)
        for place, size in zip(index, array.shape, strict=False):
            if not isinstance(place, slice) and not 0 <= place < size:
                raise Missing
        return array[index]

    def _sum(self, ranges: list[ast.expr], body: ast.expr, at: Mapping[str, int]) -> Any:
        """Each factor is computed as soon as its indices have values, so that what is missing or 0 ends the search."""
        names = [_name_of(each) for each in ranges]
        when: list[list[tuple[ast.expr, bool]]] = [[] for _ in range(len(ranges) + 1)]
        for factor, divides in _factors(body):
            used = {part.id for part in ast.walk(factor) if isinstance(part, ast.Name)}
            when[max((n + 1 for n, name in enumerate(names) if name in used), default=0)].append((factor, divides))

        def under(level: int, inner: Mapping[str, int], partial: Any) -> Any:
            self.tried += 1
            if self.tried > self.most:
                raise TooMany
            for factor, divides in when[level]:
                try:
                    value = self.value(factor, inner)
                except Missing:
                    return 0
                if isinstance(factor, ast.List) and not value:
                    return 0
                partial = self.divide(partial, value) if divides else partial * value
            if level == len(ranges):
                return partial
            low, high = self._range(ranges[level], inner)
            return sum(under(level + 1, {**inner, names[level]: value}, partial) for value in range(low, high + 1))

        return under(0, at, 1)

    def _range(self, part: ast.expr, at: Mapping[str, int]) -> tuple[int, int]:
        if not isinstance(part, ast.Slice):
            return -2, self.window
        assert isinstance(part.lower, ast.Compare)
        assert part.upper is not None
        return self.value(part.lower.comparators[0], at), self.value(part.upper, at)


def _name_of(part: ast.expr) -> str:
    name = part.lower.left if isinstance(part, ast.Slice) and isinstance(part.lower, ast.Compare) else part
    assert isinstance(name, ast.Name)
    return name.id


def _factors(node: ast.expr) -> list[tuple[ast.expr, bool]]:
    """The factors of a product, with whether they divide."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult | ast.Div):
        return [*_factors(node.left), (node.right, isinstance(node.op, ast.Div))]
    return [(node, False)]


def _tree(text: str) -> ast.expr:
    text = re.sub(r"(\w)('+)", lambda m: m[1] + "_prime" * len(m[2]), text)
    return ast.parse(_RANGE.sub(r" in \1:", text), mode="eval").body
