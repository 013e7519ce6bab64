"""Real arguments of a layer: conditions on them, and numbers that meet the conditions.

Law: a condition on real arguments becomes `assume` in the reading, and every run is at numbers that meet it. The
numbers differ from run to run, so that `a*a` for `a` is seen; floats hold them exactly where the conditions allow it.
"""

from __future__ import annotations

import ast
import operator
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from derivations.language.errors import InputError, Place

DRAWS = 400  # of all numbers at once, until the conditions hold
PLAIN = tuple(Fraction(quarters, 4) for quarters in (4, 8, 12, 2, 1, 3, 20))
STEPS = tuple(Fraction(quarters, 4) for quarters in (1, 2, 4, 12))  # beside the numbers that conditions name

_COMPARED: dict[type[ast.cmpop], tuple[str, Callable[[Fraction, Fraction], bool]]] = {
    ast.LtE: ("<=", operator.le), ast.Lt: ("<", operator.lt), ast.Eq: ("==", operator.eq),
    ast.NotEq: ("!=", operator.ne), ast.Gt: (">", operator.gt), ast.GtE: (">=", operator.ge),
}  # fmt: skip
_COMPUTED: dict[type[ast.operator], tuple[str, Callable[[Fraction, Fraction], Fraction]]] = {
    ast.Add: ("+", operator.add), ast.Sub: ("-", operator.sub), ast.Mult: ("*", operator.mul),
    ast.Div: ("/", operator.truediv),
}  # fmt: skip


class NoCondition(Exception):
    """A part that is no condition on real arguments."""


@dataclass(frozen=True)
class Assumption:
    """left (comparison) right, of real arguments by their dotted names."""

    left: ast.expr
    op: ast.cmpop
    right: ast.expr

    def holds(self, values: Mapping[str, Fraction]) -> bool:
        """At these numbers."""
        left, right = (_value(side, values) for side in (self.left, self.right))
        return _COMPARED[type(self.op)][1](left, right)

    def text(self, names: Mapping[str, str]) -> str:
        """In the claim language, where the arguments have these names."""
        left, right = (_text(side, names) for side in (self.left, self.right))
        return f"{left} {_COMPARED[type(self.op)][0]} {right}"

    @property
    def constants(self) -> list[Fraction]:
        """The numbers in it."""
        return [number(node) for side in (self.left, self.right) for node in ast.walk(side)
                if isinstance(node, ast.Constant)]  # fmt: skip


def assumptions(tree: ast.expr, scalars: Sequence[str]) -> list[Assumption]:
    """The comparisons of a condition on these real arguments; raises NoCondition.

    >>> tree = ast.parse("0 < a < 1", mode="eval").body
    >>> [one.text({"a": "a"}) for one in assumptions(tree, ["a"])]
    ['0 < a', 'a < 1']
    """
    if isinstance(tree, ast.BoolOp) and isinstance(tree.op, ast.And):
        return [found for part in tree.values for found in assumptions(part, scalars)]
    if isinstance(tree, ast.Tuple):
        return [found for part in tree.elts for found in assumptions(part, scalars)]
    if not isinstance(tree, ast.Compare):
        raise NoCondition
    sides = [tree.left, *tree.comparators]
    made = [Assumption(left, op, right) for left, op, right in zip(sides, tree.ops, tree.comparators, strict=False)]
    names = dict.fromkeys(scalars, "a")
    for one in made:
        if type(one.op) not in _COMPARED:
            raise NoCondition
        one.text(names)
    return made


def mentions(tree: ast.AST, scalars: Sequence[str]) -> bool:
    """Whether a real argument stands in a condition."""
    return any(isinstance(node, ast.Name | ast.Attribute) and ast.unparse(node) in scalars for node in ast.walk(tree))


def number(node: ast.Constant) -> Fraction:
    """A number as it is written: 1e-5 is 1/100000."""
    if isinstance(node.value, bool) or not isinstance(node.value, int | float):
        raise NoCondition
    try:
        return Fraction(repr(node.value))
    except ValueError:
        raise NoCondition from None


def real(tree: ast.expr) -> Fraction | None:
    """The number that a text such as -1e-5 or 1/3 writes; None where it is none, or a whole one."""
    try:
        value = _value(tree, {})
    except (NoCondition, ZeroDivisionError):
        return None
    whole = all(type(node.value) is int for node in ast.walk(tree) if isinstance(node, ast.Constant))
    return None if whole and value.denominator == 1 else value


def _value(tree: ast.expr, values: Mapping[str, Fraction]) -> Fraction:
    if isinstance(tree, ast.Constant):
        return number(tree)
    if isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.USub):
        return -_value(tree.operand, values)
    if isinstance(tree, ast.BinOp) and type(tree.op) in _COMPUTED:
        return _COMPUTED[type(tree.op)][1](_value(tree.left, values), _value(tree.right, values))
    name = ast.unparse(tree)
    if name not in values:
        raise NoCondition
    return values[name]


def _text(tree: ast.expr, names: Mapping[str, str]) -> str:
    if isinstance(tree, ast.Constant):
        value = number(tree)
        return str(value) if value.denominator == 1 else f"({value})"
    if isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.USub):
        return f"(-{_text(tree.operand, names)})"
    if isinstance(tree, ast.BinOp) and type(tree.op) in _COMPUTED:
        return f"({_text(tree.left, names)} {_COMPUTED[type(tree.op)][0]} {_text(tree.right, names)})"
    name = ast.unparse(tree)
    if name not in names:
        raise NoCondition
    return names[name]


def drawn(
    scalars: Sequence[str], assumed: Sequence[Assumption], chance: random.Random, positive: bool
) -> dict[str, Fraction]:
    """Numbers that meet the conditions; raises InputError where none are found.

    >>> tree = ast.parse("a > 1/2 and a < 1", mode="eval").body
    >>> 0.5 < drawn(["a"], assumptions(tree, ["a"]), random.Random(0), False)["a"] < 1
    True
    """
    pool = list(PLAIN)
    if not positive:
        pool += [-value for value in PLAIN[:3]]
    for constant in {constant for one in assumed for constant in one.constants}:
        pool += [constant + sign * step * scale for step in STEPS for sign in (1, -1)
                 for scale in (1, abs(constant) or 1)]  # fmt: skip
        pool.append(constant)
    for _ in range(DRAWS):
        found = {name: chance.choice(pool) for name in scalars}
        try:
            if all(one.holds(found) for one in assumed):
                return found
        except ZeroDivisionError:
            continue
    said = "; ".join(one.text({name: name for name in scalars}) for one in assumed)
    raise InputError(f"no numbers were found at which {said}", Place("--given"))
