"""One call of Python as it is written, and what the functions of the libraries ask of the reader that met it.

Law: each argument is bound to its name; one that is missing, unknown or given twice is an error.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from derivations.notation.arrays import Arrays
from derivations.notation.typed import Typed

RELATIONS = {ast.Gt: ">", ast.GtE: ">=", ast.Lt: "<", ast.LtE: "<=", ast.Eq: "==", ast.NotEq: "!="}


@dataclass
class Call:
    """A call as it is written: arguments by position and by name, of which each must be used."""

    node: ast.Call
    spelled: str
    positional: list[ast.expr]
    named: dict[str, ast.expr] = field(default_factory=dict)


@dataclass
class Caller:
    """Reads one line that begins at an offset of its source; `Python` says how expressions are read."""

    arrays: Arrays
    data: bytes
    offset: int

    def read(self, node: ast.expr) -> Typed:
        """The text of an expression."""
        raise NotImplementedError

    def span(self, node: Any) -> tuple[int, int]:
        """Where a node stands in the source; ast counts bytes."""
        if node.lineno != 1 or node.end_lineno != 1:
            return self.offset, self.offset + 1
        first = len(self.data[: node.col_offset].decode("utf-8", "ignore"))
        return self.offset + first, self.offset + len(self.data[: node.end_col_offset].decode("utf-8", "ignore"))

    def fail(self, node: Any, message: str, expected: str = "", fix: str = "") -> Exception:
        """An error at a node."""
        return self.arrays.error(self.span(node), message, expected, fix)

    def bind(self, call: Call, names: Sequence[str], required: int) -> dict[str, ast.expr]:
        """The arguments by their names; raises InputError for one that is missing, unknown or given twice."""
        found = dict(zip(names, call.positional, strict=False))
        if len(call.positional) > len(names):
            raise self.fail(call.node, f"{call.spelled} takes {len(names)} arguments here", ", ".join(names))
        for name, value in call.named.items():
            if name not in names:
                raise self.fail(call.node, f"{call.spelled}: `{name}` is not read", ", ".join(names))
            if name in found:
                raise self.fail(call.node, f"{name} is given twice")
            found[name] = value
        missing = [name for name in names[:required] if name not in found]
        if missing:
            raise self.fail(call.node, f"{call.spelled} lacks {missing[0]}")
        return found

    def whole(self, node: ast.expr) -> int:
        text = self.exponent(node)
        if len(text) > 6:
            raise self.fail(node, "this number is too large here")
        return int(text)

    def exponent(self, node: ast.expr) -> str:
        negative = isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub)
        inner = node.operand if isinstance(node, ast.UnaryOp) and negative else node
        if not isinstance(inner, ast.Constant) or not isinstance(inner.value, int) or isinstance(inner.value, bool):
            raise self.fail(node, "an exponent that is no whole number", "a whole number")
        return f"-{inner.value}" if negative else str(inner.value)

    def text(self, node: ast.expr | None, default: str, known: Sequence[str]) -> str:
        if node is None:
            return default
        if not isinstance(node, ast.Constant) or node.value not in known:
            raise self.fail(node, "this word is not known here", ", ".join(map(repr, known)))
        return str(node.value)

    def flag(self, node: ast.expr | None) -> bool:
        if node is None:
            return False
        if not isinstance(node, ast.Constant) or not isinstance(node.value, bool):
            raise self.fail(node, "this is neither True nor False")
        return node.value

    def axes(self, node: ast.expr | None, typed: Typed) -> list[int] | None:
        if node is None or (isinstance(node, ast.Constant) and node.value is None):
            return None
        parts = node.elts if isinstance(node, ast.Tuple | ast.List) else [node]
        found = [self.whole(part) for part in parts]
        if any(not -typed.rank <= axis < typed.rank for axis in found):
            raise self.fail(node, f"an axis of something of rank {typed.rank}")
        axes = sorted({axis % typed.rank for axis in found})
        if len(axes) < len(found):
            raise self.fail(node, "an axis twice")
        return axes

    def condition(self, node: ast.expr) -> Typed:
        """1 where a comparison holds, else 0. Truth values add and multiply in their own way, so that a comparison is
        read only where it decides (`np.where`) or selects (as one factor of a product)."""
        sign = RELATIONS.get(type(node.ops[0])) if isinstance(node, ast.Compare) and len(node.ops) == 1 else None
        if sign is None or not isinstance(node, ast.Compare):
            raise self.fail(node, "this is no comparison of two arrays", "x > 0")
        return self.arrays.compared(sign, self.read(node.left), self.read(node.comparators[0]), self.span(node))

    def pair_of(self, call: Call) -> tuple[Typed, Typed]:
        given = self.bind(call, ["a", "b"], 2)
        return self.read(given["a"]), self.read(given["b"])

    def sizes(self, node: ast.expr) -> list[Typed]:
        parts = node.elts if isinstance(node, ast.Tuple | ast.List) else [node]
        found = [self.read(part) for part in parts]
        if any(each.rank or each.text.startswith("-") for each in found):
            raise self.fail(node, "sizes that are left open", "a number or a size for each axis")
        return found

    def elementwise(self, call: Call, name: str) -> Typed:
        return self.arrays.call(name, [self.read(self.bind(call, ["x"], 1)["x"])], self.span(call.node))

    def size(self, node: ast.expr) -> str:
        typed = self.read(node)
        if typed.rank:
            raise self.fail(node, "this is no integer")
        return typed.text

    def each(self, node: ast.expr) -> str:
        """A number, or one for each axis."""
        if isinstance(node, ast.Tuple | ast.List):
            return f"({', '.join(self.size(part) for part in node.elts)})"
        return self.size(node)

    def sliding(self, name: str, a: ast.expr, b: ast.expr, mode: str, call: Call, rank: int) -> Typed:
        left, right = self.read(a), self.read(b)
        if left.rank != rank or right.rank != rank:
            raise self.fail(call.node, f"{call.spelled} of rank {left.rank} and rank {right.rank}", f"rank {rank}")
        return self.arrays.call(name, [left, right], self.span(call.node), mode)


Handler = Callable[[Caller, Call], Typed]
