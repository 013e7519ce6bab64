"""`break` in loops: how many turns a loop has before it, where its condition is about sizes and counters.

Law: a loop that is left in its turn t does t whole turns, and of the turn in which it is left only what stands before
the `break`. That must be plain arithmetic on names: nothing of it is seen after the loop, since a name that a loop
assigns is refused there. A condition must stay true once it is, which one that grows with the turns does; whatever
else leaves a loop is refused with its line.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

FIX = "give the loop its last turn: `for i in range(…)` with the bound, or `continue` where turns are skipped"


def parted(body: Sequence[ast.stmt]) -> tuple[list[ast.stmt], ast.expr, list[ast.stmt]] | None:
    """A body that leaves its loop by `if test: break` of its own: what stands before, the test, what stands after. None
    where it does not."""
    for at, node in enumerate(body):
        if isinstance(node, ast.If) and not node.orelse and len(node.body) == 1 and isinstance(node.body[0], ast.Break):
            return list(body[:at]), node.test, list(body[at + 1 :])
    return None


def breaks(body: Sequence[ast.stmt]) -> Iterator[ast.Break]:
    """The `break`s that leave the loop of this body, inner loops and functions aside."""
    for node in body:
        if isinstance(node, ast.Break):
            yield node
        elif isinstance(node, ast.If | ast.With | ast.Try):
            for part in ast.iter_child_nodes(node):
                if isinstance(part, ast.stmt):
                    yield from breaks([part])
        elif isinstance(node, ast.For | ast.While):
            yield from breaks(node.orelse)


def is_arithmetic(body: Sequence[ast.stmt]) -> bool:
    """Whether statements do nothing but give names to sums and products of names and numbers."""
    plain = ast.Name | ast.Constant | ast.BinOp | ast.Add | ast.Sub | ast.Mult | ast.expr_context
    return all(
        isinstance(node, ast.Assign)
        and all(isinstance(target, ast.Name) for target in node.targets)
        and all(isinstance(part, plain) for part in ast.walk(node.value))
        for node in body
    )
