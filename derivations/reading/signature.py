"""What `--given` says: which arguments are arrays of which sizes, which are integers, what holds between sizes.

    x: N, C, H, W; w: F, C, k, k; eps: scalar; conv_param.stride = s; mode = "same"; p >= 0; k <= H + 2*p
    scores: N, C; y: N < C (integers, 0 to C − 1); t: N, onehot(C) (rows with a single 1)

Law: sizes are declared by their use and are at least 1 unless a condition says less. An axis that is written as a
product is the list of its factors. A condition is on sizes, or on real arguments.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field, replace
from typing import Any

from derivations.language.errors import InputError, Place
from derivations.language.scope import RESERVED
from derivations.reading.arrays import Axes, Axis, plain_axis
from derivations.reading.expressions import order
from derivations.reading.integers import Cond, Int, both, joined, least, negated
from derivations.reading.scalars import Assumption, NoCondition, assumptions, mentions, real

NAME = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*\Z")
SCALAR = re.compile(r"(?:^|;)\s*([^\W\d][\w.]*)\s*:\s*scalar\s*(?=;|$)")


@dataclass(frozen=True)
class Labels:
    """Integers from 0 to `below` − 1, or, `one_hot`, rows of that many entries that are 1 at one of them and else 0."""

    axes: Axes
    below: Int
    one_hot: bool = False


@dataclass
class Signature:
    """Arrays, labels and scalars by (dotted) name, other arguments, sizes with their least values, conditions on sizes
    and on scalars; parameters of the backward function that are an array of the forward function under another name."""

    arrays: dict[str, Axes] = field(default_factory=dict)
    labels: dict[str, Labels] = field(default_factory=dict)
    scalars: list[str] = field(default_factory=list)
    values: dict[str, Any] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    dims: dict[str, int] = field(default_factory=dict)
    conditions: list[Cond] = field(default_factory=list)
    assumed: list[Assumption] = field(default_factory=list)

    def turned(self) -> Signature | None:
        """The same with axes that are a number times a size in the other order of their factors, `2*H` as `H*2`: a
        window's number stands last, a group's first, and writers of a product mean either. None where none is one."""
        arrays = {name: tuple(_turned(axis) for axis in axes) for name, axes in self.arrays.items()}
        return None if arrays == self.arrays else replace(self, arrays=arrays)


def _turned(axis: Axis) -> Axis:
    numbers = [factor.constant is not None for factor in axis]
    return axis[::-1] if len(axis) == 2 and any(numbers) and not all(numbers) else axis


def parse_signature(text: str, where: str = "--given") -> Signature:
    """The signature in a text; raises InputError.

    >>> signature = parse_signature("x: N, C*H; stride = s; p >= 0; s <= N + p")
    >>> list(signature.dims.items()), [str(size) for axis in signature.arrays["x"] for size in axis]
    ([('N', 1), ('C', 1), ('H', 1), ('s', 1), ('p', 0)], ['N', 'C', 'H'])
    """
    found = Signature()
    reader = _Reader(found, text, where)
    at = 0
    for part in text.split(";"):
        reader.item(part, at)
        at += len(part) + 1
    reader.finish()
    return found


class _Reader:
    """Reads the items of one text."""

    def __init__(self, found: Signature, text: str, where: str) -> None:
        self.found, self.text, self.where = found, text.replace("\n", " "), where
        self.least: dict[str, int] = {}
        # conditions may stand before what they are about
        self.scalars = SCALAR.findall(self.text)

    def error(self, message: str, part: str, at: int, expected: str = "", fix: str = "") -> InputError:
        lead = len(part) - len(part.lstrip())
        place = Place(self.where, 1, at + lead + 1, self.text, max(len(part.strip()), 1))
        return InputError(message, place, expected, fix)

    def item(self, part: str, at: int) -> None:
        """One item."""
        text = part.strip()
        if not text:
            return
        name, colon, rest = text.partition(":")
        if colon and NAME.match(name.strip()) and not rest.startswith("="):
            self._array(name.strip(), rest.strip(), part, at)
            return
        name, equals, rest = text.partition("=")
        if equals and NAME.match(name.strip()) and not rest.startswith("="):
            self._value(name.strip(), rest.strip(), part, at)
            return
        tree = self.tree(text, part, at)
        if mentions(tree, self.scalars):
            try:
                self.found.assumed += assumptions(tree, self.scalars)
            except NoCondition:
                expected = "comparisons of real arguments and numbers alone, such as eps > 0"
                raise self.error("this is no condition on real arguments", part, at, expected) from None
            return
        self.found.conditions.append(self.condition(tree, part, at))

    def tree(self, text: str, part: str, at: int) -> ast.expr:
        """The expression in a text."""
        try:
            return ast.parse(text.strip(), mode="eval").body
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            expected = "`name: sizes`, `name: scalar`, `name = size` or a condition"
            raise self.error("this is no item of --given", part, at, expected) from None

    def _array(self, name: str, sizes: str, part: str, at: int) -> None:
        found = self.found
        if any(name in known for known in (found.arrays, found.labels, found.scalars, found.values)):
            raise self.error(f"{name} is given twice", part, at)
        if sizes == "scalar":
            self.found.scalars.append(name)
            return
        if not sizes:
            raise self.error("sizes are missing", part, at, f"{name}: N, C, …")
        tree = self.tree(f"({sizes.rstrip(',')},)", part, at)
        assert isinstance(tree, ast.Tuple)
        if _is_one_hot(tree.elts[-1]) or isinstance(tree.elts[-1], ast.Compare):
            self.found.labels[name] = self._labels(tree.elts, part, at)
            return
        self.found.arrays[name] = tuple(self.axis(size, part, at) for size in tree.elts)

    def _labels(self, sizes: list[ast.expr], part: str, at: int) -> Labels:
        """The labels that `N < C` or `N, onehot(C)` says."""
        *axes, last = sizes
        if isinstance(last, ast.Compare):
            if len(last.ops) != 1 or not isinstance(last.ops[0], ast.Lt):
                raise self.error("these are no labels", part, at, "integers below a size: y: N < C")
            below = self.integer(last.comparators[0], part, at)
            return Labels(tuple(self.axis(size, part, at) for size in (*axes, last.left)), below)
        assert isinstance(last, ast.Call)
        below = self.integer(last.args[0], part, at)
        return Labels(tuple(self.axis(size, part, at) for size in axes), below, one_hot=True)

    def axis(self, tree: ast.expr, part: str, at: int) -> Axis:
        """The factors of a size in the order in which they are written."""
        if isinstance(tree, ast.BinOp) and isinstance(tree.op, ast.Mult):
            return (*self.axis(tree.left, part, at), *self.axis(tree.right, part, at))
        return plain_axis(self.integer(tree, part, at))

    def _value(self, name: str, text: str, part: str, at: int) -> None:
        tree = self.tree(text, part, at)
        if isinstance(tree, ast.Name) and tree.id in (*self.found.arrays, *self.found.scalars):
            self.found.aliases[name] = tree.id
            return
        self.found.values[name] = self.value(tree, part, at)

    def value(self, tree: ast.expr, part: str, at: int) -> Any:
        """An integer, a real number, a tuple of them, a text, a truth value or None."""
        if isinstance(tree, ast.Constant) and (tree.value is None or isinstance(tree.value, bool | str)):
            return tree.value
        if isinstance(tree, ast.Tuple | ast.List):
            return tuple(self.value(one, part, at) for one in tree.elts)
        number = real(tree)
        return self.integer(tree, part, at) if number is None else number

    def integer(self, tree: ast.expr, part: str, at: int) -> Int:
        """An integer expression in sizes."""
        if isinstance(tree, ast.Constant) and type(tree.value) is int:
            return Int.of(tree.value)
        if isinstance(tree, ast.Name):
            self._declare(tree.id, part, at)
            return Int.symbol(tree.id)
        if isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.USub):
            return -self.integer(tree.operand, part, at)
        if isinstance(tree, ast.BinOp):
            left, right = self.integer(tree.left, part, at), self.integer(tree.right, part, at)
            found = _operation(tree.op, left, right)
            if found is not None:
                return found
        if isinstance(tree, ast.Call) and isinstance(tree.func, ast.Name) and tree.func.id in ("min", "max"):
            values = [self.integer(one, part, at) for one in tree.args]
            if len(values) == 2:
                return least(tree.func.id, *values)
        raise self.error("this is no integer expression in sizes", part, at, "sizes, + - * // % and numbers")

    def _declare(self, name: str, part: str, at: int) -> None:
        if name in RESERVED:
            raise self.error(f"{name} is a word of the claim language", part, at, "another name for the size")
        self.found.dims.setdefault(name, 1)

    def condition(self, tree: ast.expr, part: str, at: int, bounds: bool = True) -> Cond:
        """A condition on sizes; bounds: it holds as it stands, so that it may say how small a size is."""
        if isinstance(tree, ast.BoolOp):
            every = isinstance(tree.op, ast.And)
            found = [self.condition(one, part, at, bounds and every) for one in tree.values]
            return joined("and" if every else "or", found)
        if isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.Not):
            return negated(self.condition(tree.operand, part, at, False))
        if isinstance(tree, ast.Tuple):
            return both(*[self.condition(one, part, at, bounds) for one in tree.elts])
        if not isinstance(tree, ast.Compare):
            raise self.error("this is no item of --given", part, at, "a condition on sizes, such as p >= 0")
        values = [self.integer(one, part, at) for one in (tree.left, *tree.comparators)]
        found = []
        for number, op in enumerate(tree.ops):
            word = _WORDS.get(type(op))
            if word is None:
                raise self.error("this is no comparison of sizes", part, at, "<=, <, ==, !=, >, >=")
            found.append(order(word, *values[number : number + 2]))
            if bounds:
                self._bound(word, tree.comparators[number - 1] if number else tree.left, tree.comparators[number])
        return both(*found)

    def _bound(self, word: str, left: ast.expr, right: ast.expr) -> None:
        """`p >= 0` says how small p may be."""
        if word in ("<", "<=") and isinstance(left, ast.Constant):
            word, left, right = {"<": ">", "<=": ">="}[word], right, left
        if word not in (">", ">=") or not isinstance(left, ast.Name) or not isinstance(right, ast.Constant):
            return
        if type(right.value) is int:
            bound = right.value + (word == ">")
            self.least[left.id] = max(self.least.get(left.id, bound), bound)

    def finish(self) -> None:
        """Least values that conditions give."""
        for name, bound in self.least.items():
            self.found.dims[name] = max(bound, 0)


def _is_one_hot(tree: ast.expr) -> bool:
    return (
        isinstance(tree, ast.Call) and isinstance(tree.func, ast.Name) and tree.func.id == "onehot"
        and len(tree.args) == 1 and not tree.keywords
    )  # fmt: skip


_WORDS: dict[type[ast.cmpop], str] = {
    ast.LtE: "<=", ast.Lt: "<", ast.Eq: "==", ast.NotEq: "!=", ast.Gt: ">", ast.GtE: ">=",
}  # fmt: skip


def _operation(op: ast.operator, left: Int, right: Int) -> Int | None:
    if isinstance(op, ast.Add):
        return left + right
    if isinstance(op, ast.Sub):
        return left - right
    if isinstance(op, ast.Mult):
        return left * right
    if isinstance(op, ast.FloorDiv) and right.terms:
        return left // right
    if isinstance(op, ast.Mod) and right.terms:
        return left % right
    if isinstance(op, ast.Pow) and right.constant is not None and 0 <= right.constant <= 6:
        power = Int.of(1)
        for _ in range(right.constant):
            power = power * left
        return power
    return None
