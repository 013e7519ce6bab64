"""What statements assign, by their syntax alone; sums that are written as assignments."""

from __future__ import annotations

import ast
from collections.abc import Sequence


def only_continues(body: Sequence[ast.stmt]) -> bool:
    """Whether a branch only goes on to the next turn."""
    return len(body) == 1 and isinstance(body[0], ast.Continue)


def names_of(target: ast.expr) -> list[str]:
    """The names in a target."""
    return [node.id for node in ast.walk(target) if isinstance(node, ast.Name)]


def assigned(body: Sequence[ast.stmt]) -> set[str]:
    """The names that statements assign, in loops and branches too."""
    found: set[str] = set()
    for statement in body:
        for node in ast.walk(statement):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                found.add(node.id)
    return found


def summed(body: Sequence[ast.stmt]) -> set[str]:
    """The names that statements change by an augmented assignment."""
    return {node.target.id for statement in body for node in ast.walk(statement)
            if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name)}


def plainly(body: Sequence[ast.stmt]) -> set[str]:
    """The names that statements assign otherwise than by an augmented assignment."""
    found: set[str] = set()
    for statement in body:
        for node in ast.walk(statement):
            targets = getattr(node, "targets", []) if isinstance(node, ast.Assign) else []
            targets = [node.target] if isinstance(node, ast.For) else targets
            found |= {name for target in targets for name in names_of(target) if _stored(target, name)}
    return found


def _stored(target: ast.expr, name: str) -> bool:
    return any(isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Store)
               for node in ast.walk(target))


def rebound(body: Sequence[ast.stmt]) -> set[str]:
    """The names that `a = a + …` was rewritten for, whose arrays are copied."""
    return {node.target.id for statement in body for node in ast.walk(statement)
            if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name) and hasattr(node, "rebinds")}


class Sums(ast.NodeTransformer):
    """`a = a + e` inside a loop as `a += e`."""

    def __init__(self) -> None:
        self.loops = 0

    def visit_For(self, node: ast.For) -> ast.AST:
        """Inside a loop."""
        self.loops += 1
        self.generic_visit(node)
        self.loops -= 1
        return node

    def visit_While(self, node: ast.While) -> ast.AST:
        """Inside a loop."""
        self.loops += 1
        self.generic_visit(node)
        self.loops -= 1
        return node

    def visit_Assign(self, node: ast.Assign) -> ast.AST:
        """The statement rewritten."""
        value, target = node.value, node.targets[0]
        if not (self.loops and len(node.targets) == 1 and isinstance(target, ast.Name)):
            return node
        if not (isinstance(value, ast.BinOp) and isinstance(value.op, ast.Add | ast.Sub)):
            return node
        left, right = value.left, value.right
        if isinstance(value.op, ast.Add) and isinstance(right, ast.Name) and right.id == target.id:
            left, right = right, left
        if not (isinstance(left, ast.Name) and left.id == target.id):
            return node
        made = ast.AugAssign(target, value.op, right)
        made.rebinds = True  # type: ignore[attr-defined]
        return ast.copy_location(made, node)

