"""Loops over generators of the code: `for x, i in windows(image):` as the generator's own loops with the body in them.

Law: the body stands where the generator yields, and what the generator names is named anew. Refused is what would then
mean something else: `continue` where the generator goes on after it yields, a value of `yield`, a return in between.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Sequence
from typing import Any

from derivations.reading.assigned import assigned
from derivations.reading.machine import Machine
from derivations.reading.program import Function


def is_generator(function: Any) -> bool:
    """Whether a function of the code yields."""
    return isinstance(function, Function) and isinstance(function.node, ast.FunctionDef) and any(
        isinstance(node, ast.Yield | ast.YieldFrom) for node in ast.walk(function.node)
    )


def inlined(machine: Machine, function: Function, loop: ast.For) -> tuple[list[ast.stmt], dict[str, str]]:
    """The statements that do what the loop over the generator does, and the new names of the generator's own."""
    node = function.node
    assert isinstance(node, ast.FunctionDef)
    spec = node.args
    names = {one.arg for one in (*spec.posonlyargs, *spec.args, *spec.kwonlyargs)} | assigned(node.body)
    new = {name: f"{name}~{loop.lineno}" for name in names}
    goes_on = any(isinstance(part, ast.Continue) for statement in loop.body for part in ast.walk(statement))
    maker = _Inline(machine, new, loop, goes_on)
    body = maker.block(node.body)
    if maker.yields != 1:
        machine.refuse(f"a generator with {maker.yields} yields", "one yield as a statement of its own")
    return body, new


class _Inline(ast.NodeTransformer):
    """Renames, and puts the body in the place of `yield`."""

    def __init__(self, machine: Machine, new: dict[str, str], loop: ast.For, goes_on: bool) -> None:
        self.machine, self.new, self.loop, self.goes_on = machine, new, loop, goes_on
        self.yields = 0

    def block(self, body: Sequence[ast.stmt]) -> list[ast.stmt]:
        """The statements of one block."""
        found: list[ast.stmt] = []
        for at, statement in enumerate(body):
            if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Yield):
                if self.goes_on and at + 1 < len(body):
                    self.machine.refuse("`continue` where the generator goes on after it yields", "yield last")
                self.yields += 1
                value = statement.value.value or ast.Constant(None)
                given = ast.copy_location(ast.Assign([self.loop.target], self._renamed(value)), self.loop)
                found += [ast.fix_missing_locations(given), *self.loop.body]
            elif isinstance(statement, ast.Return):
                self.machine.refuse("a return in a generator", "yield in a loop that ends by itself")
            else:
                made = copy.copy(statement)
                for name in ("body", "orelse"):
                    if isinstance(getattr(made, name, None), list):
                        setattr(made, name, self.block(getattr(made, name)))
                for name, part in ast.iter_fields(made):
                    if name not in ("body", "orelse"):
                        setattr(made, name, self._renamed(part))
                found.append(made)
        return found

    def _renamed(self, part: Any) -> Any:
        if isinstance(part, list):
            return [self._renamed(one) for one in part]
        return self.visit(copy.deepcopy(part)) if isinstance(part, ast.AST) else part

    def visit_Name(self, node: ast.Name) -> ast.AST:
        """A name of the generator's own."""
        return ast.copy_location(ast.Name(self.new.get(node.id, node.id), node.ctx), node)

    def visit_Yield(self, node: ast.Yield) -> ast.AST:
        """A yield inside of an expression."""
        self.machine.refuse("the value of a yield", "yield as a statement of its own")
