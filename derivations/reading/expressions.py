"""Expressions of the code: their values over symbolic integers and arrays.

Law: Python's and NumPy's meaning or a refusal; nothing is guessed. Integers stay integers, conditions on sizes stay
conditions; what depends on data is an array.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from fractions import Fraction
from typing import Any

from derivations.reading import calls
from derivations.reading.arrays import Array
from derivations.reading.elements import ONE, Number, minus, plus, whole
from derivations.reading.indexing import subscripted
from derivations.reading.integers import FALSE, TRUE, Cond, Int, at_least, both, equal, joined, negated
from derivations.reading.machine import Machine
from derivations.reading.masks import selected
from derivations.reading.operations import arithmetic, comparison, elementwise, negative
from derivations.reading.program import Carried, Class, Function, Library, Module, Object, Parent, Range, Slice, Source

BINARY: dict[type[ast.operator], str] = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.FloorDiv: "//", ast.Mod: "%", ast.Pow: "**",
    ast.MatMult: "@", ast.BitAnd: "&", ast.BitOr: "|",
}  # fmt: skip
COMPARISONS: dict[type[ast.cmpop], str] = {
    ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=",
}  # fmt: skip
BUILTINS = frozenset(calls.PYTHON)


class Evaluator:
    """The value of an expression in the names of a function."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine

    def value(self, node: ast.expr, env: dict[str, Any], source: Source) -> Any:
        """The value; raises Refused with the node."""
        machine = self.machine
        before = machine.node
        machine.node = node
        try:
            found: Callable[..., Any] | None = getattr(self, f"_{type(node).__name__}", None)
            if found is None:
                machine.refuse(f"{_name(node)} is not read", "write plain expressions over arrays")
            with machine.watched() as seen:
                value = found(node, env, source)
            if isinstance(value, Array):
                value.storage.sources |= seen - {value.storage}
            elif machine.reading:
                machine.reading[-1].update(seen)
            return value
        finally:
            machine.node = before

    # -- atoms -----------------------------------------------------------------------------------------

    def _Constant(self, node: ast.Constant, env: dict[str, Any], source: Source) -> Any:
        value = node.value
        if isinstance(value, bool) or value is None or isinstance(value, str) or value is Ellipsis:
            return value
        if isinstance(value, int):
            return Int.of(value)
        if isinstance(value, float):
            text = ast.get_source_segment(source.text, node) or repr(value)
            try:
                exact = Fraction(text.replace("_", ""))
            except ValueError:
                self.machine.refuse(f"the number {text} is not read", "a finite number")
            return self.machine.scalar(Number(exact))
        self.machine.refuse("a complex number or bytes")

    def _Name(self, node: ast.Name, env: dict[str, Any], source: Source) -> Any:
        if node.id in env:
            value = env[node.id]
            if isinstance(value, Carried):
                name = node.id.partition("~")[0]
                if value.last:
                    reason, fix = f"{name} is the loop's last value", "assign it after the loop"
                else:
                    reason, fix = f"{name} carries its value from one turn of the loop to the next", (
                        "index an array by the loop's index; sums by `+=` are read"
                    )
                self.machine.refuse(reason, fix)
            return value
        return self.global_name(node.id, source)

    def global_name(self, name: str, source: Source) -> Any:
        """What a name outside of all functions stands for."""
        if name in source.names:
            found = source.names[name]
            return calls.library(self.machine, found.path) if isinstance(found, Library) else found
        if name in source.constants:
            return self.value(source.constants[name], {}, source)
        if name in source.borrowed:
            other, own = source.borrowed[name]
            return self.value(other.constants[own], {}, other)
        for other in source.others:
            if name in other.constants:
                return self.value(other.constants[name], {}, other)
        if name in BUILTINS:
            return Library(f"builtins.{name}")
        self.machine.refuse(f"{name} is not defined in this file", "define it, or import it from a file beside it")

    def _Tuple(self, node: ast.Tuple, env: dict[str, Any], source: Source) -> Any:
        return tuple(self._items(node.elts, env, source))

    def _List(self, node: ast.List, env: dict[str, Any], source: Source) -> Any:
        return self._items(node.elts, env, source)

    def _items(self, nodes: list[ast.expr], env: dict[str, Any], source: Source) -> list[Any]:
        found: list[Any] = []
        for item in nodes:
            if isinstance(item, ast.Starred):
                inner = self.value(item.value, env, source)
                if not isinstance(inner, tuple | list):
                    self.machine.refuse("what is unpacked is no tuple")
                found += inner
            else:
                found.append(self.value(item, env, source))
        return found

    def _Dict(self, node: ast.Dict, env: dict[str, Any], source: Source) -> Any:
        if any(key is None for key in node.keys):
            self.machine.refuse("a dictionary is unpacked", "list its entries")
        keys = [self.key(self.value(key, env, source)) for key in node.keys if key is not None]
        return dict(zip(keys, [self.value(value, env, source) for value in node.values], strict=True))

    def key(self, value: Any) -> Any:
        """A dictionary's key: text or a number."""
        if isinstance(value, str):
            return value
        if isinstance(value, Int) and value.constant is not None:
            return value.constant
        self.machine.refuse("a dictionary's key that is not known", "use text keys")

    def _Lambda(self, node: ast.Lambda, env: dict[str, Any], source: Source) -> Any:
        return Function(node, source, closure=env)

    def _JoinedStr(self, node: ast.JoinedStr, env: dict[str, Any], source: Source) -> Any:
        return ""

    # -- operators -------------------------------------------------------------------------------------

    def _BinOp(self, node: ast.BinOp, env: dict[str, Any], source: Source) -> Any:
        left, right = self.value(node.left, env, source), self.value(node.right, env, source)
        return self.binary(node.op, left, right)

    def binary(self, operator: ast.operator, left: Any, right: Any) -> Any:
        """left op right."""
        word = BINARY.get(type(operator))
        if word is None:
            self.machine.refuse(f"the operator {_name(operator)} is not read")
        return arithmetic(self.machine, word, left, right)

    def _UnaryOp(self, node: ast.UnaryOp, env: dict[str, Any], source: Source) -> Any:
        value = self.value(node.operand, env, source)
        if isinstance(node.op, ast.USub):
            return negative(self.machine, value)
        if isinstance(node.op, ast.UAdd):
            return value
        if isinstance(node.op, ast.Not):
            return from_condition(negated(self.truth(value)))
        if isinstance(value, Array) and value.kind == "bool":
            return elementwise(self.machine, lambda entry: plus(ONE, minus(entry)), value, kind="bool")
        self.machine.refuse("`~` of what is no mask")

    def _Compare(self, node: ast.Compare, env: dict[str, Any], source: Source) -> Any:
        values = [self.value(part, env, source) for part in (node.left, *node.comparators)]
        found = [self._compared(op, *values[at : at + 2]) for at, op in enumerate(node.ops)]
        if len(found) == 1:
            return found[0]
        return from_condition(both(*map(self.truth, found)))

    def _compared(self, op: ast.cmpop, left: Any, right: Any) -> Any:
        machine = self.machine
        if isinstance(op, ast.Is | ast.IsNot):
            same = left is right or (left is None and right is None)
            if not (left is None or right is None or isinstance(right, bool)):
                machine.refuse("`is` of what is not None")
            return same == isinstance(op, ast.Is)
        if isinstance(op, ast.In | ast.NotIn):
            if isinstance(right, dict):
                return (self.key(left) in right) == isinstance(op, ast.In)
            if isinstance(left, str) and isinstance(right, tuple | list | str):
                return (left in right) == isinstance(op, ast.In)
            machine.refuse("`in` of what is no dictionary")
        word = COMPARISONS[type(op)]
        if isinstance(left, str) or isinstance(right, str) or left is None or right is None:
            if word not in ("==", "!="):
                machine.refuse("texts are compared for order")
            return (left == right) == (word == "==")
        if isinstance(left, tuple | list) and isinstance(right, tuple | list) and word in ("==", "!="):
            if len(left) != len(right):
                return word == "!="
            parts = [self.truth(self._compared(ast.Eq(), p, q)) for p, q in zip(left, right, strict=True)]
            condition = both(*parts)
            return from_condition(condition if word == "==" else negated(condition))
        if isinstance(left, Int | bool) and isinstance(right, Int | bool):
            return from_condition(order(word, integer(left), integer(right)))
        return comparison(machine, word, left, right)

    def _BoolOp(self, node: ast.BoolOp, env: dict[str, Any], source: Source) -> Any:
        word = "and" if isinstance(node.op, ast.And) else "or"
        found: list[Cond] = []
        for part in node.values:
            value = self.value(part, env, source)
            truth = self.truth(value)
            if truth == (FALSE if word == "and" else TRUE):
                return from_condition(truth)
            found.append(truth)
        return from_condition(joined(word, found))

    def _IfExp(self, node: ast.IfExp, env: dict[str, Any], source: Source) -> Any:
        condition = self.truth(self.value(node.test, env, source))
        chosen = node.body if self.machine.decide(condition) else node.orelse
        return self.value(chosen, env, source)

    def truth(self, value: Any) -> Cond:
        """Whether a value is true, as a condition on sizes and indices."""
        if isinstance(value, Cond):
            return value
        if isinstance(value, Int):
            return negated(equal(value, 0))
        if isinstance(value, Array):
            self.machine.refuse("a branch on data", "write it as a mask: a comparison times a value, np.where, maximum")
        if isinstance(value, Object | Function | Library | Class | Module):
            return TRUE
        return TRUE if value else FALSE

    # -- subscripts, attributes, calls -----------------------------------------------------------------

    def _Slice(self, node: ast.Slice, env: dict[str, Any], source: Source) -> Any:
        parts = (node.lower, node.upper, node.step)
        return Slice(*[None if part is None else self.value(part, env, source) for part in parts])

    def _Subscript(self, node: ast.Subscript, env: dict[str, Any], source: Source) -> Any:
        base = self.value(node.value, env, source)
        item = self.value(node.slice, env, source)
        if isinstance(base, dict):
            key = self.key(item)
            if key not in base:
                fix = f"give it, as in {_text(node.value)}.{key} = …"
                self.machine.refuse(f"the dictionary has no entry {key!r}", fix)
            return base[key]
        if isinstance(base, tuple | list):
            return self._of_tuple(base, item)
        if isinstance(base, Library) and base.path.startswith("numpy"):
            return calls.library_subscript(self.machine, base, item)
        if not isinstance(base, Array):
            self.machine.refuse("a subscript of what is no array")
        if isinstance(item, Array) and item.kind == "bool":
            return selected(self.machine, base, item)
        return subscripted(self.machine, base, item)

    def _of_tuple(self, base: Any, item: Any) -> Any:
        if isinstance(item, Slice):
            parts = [None if part is None else self.number(part) for part in (item.start, item.stop, item.step)]
            if parts[2] == 0:
                self.machine.refuse("a slice with the step 0")
            return base[slice(*parts)]
        place = self.number(item)
        if not -len(base) <= place < len(base):
            self.machine.refuse(f"entry {place} of a tuple of {len(base)}")
        return base[place]

    def number(self, value: Any) -> int:
        """An integer that is known."""
        if isinstance(value, bool):
            return int(value)
        if isinstance(value, Int) and value.constant is not None:
            return value.constant
        self.machine.refuse("an integer that is not known here")

    def _Attribute(self, node: ast.Attribute, env: dict[str, Any], source: Source) -> Any:
        base = self.value(node.value, env, source)
        return calls.attribute(self, base, node.attr)

    def _Call(self, node: ast.Call, env: dict[str, Any], source: Source) -> Any:
        if isinstance(node.func, ast.Name) and node.func.id == "super":
            return self._parent(env)
        function = self.value(node.func, env, source)
        arguments = self._items(node.args, env, source)
        keywords: dict[str, Any] = {}
        for keyword in node.keywords:
            value = self.value(keyword.value, env, source)
            if keyword.arg is None:
                if not isinstance(value, dict):
                    self.machine.refuse("what is unpacked is no dictionary")
                keywords.update(value)
            else:
                keywords[keyword.arg] = value
        return calls.call(self, function, arguments, keywords, _text(node.func))

    def _parent(self, env: dict[str, Any]) -> Parent:
        """super()."""
        of, owner = env.get("__class__"), env.get("self")
        if not isinstance(of, Class) or not isinstance(owner, Object):
            self.machine.refuse("super() outside of a method")
        return Parent(of.base, owner)

    def _DictComp(self, node: ast.DictComp, env: dict[str, Any], source: Source) -> Any:
        pair = ast.copy_location(ast.Tuple([node.key, node.value], ast.Load()), node)
        inner = ast.copy_location(ast.ListComp(pair, node.generators), node)
        return {self.key(key): value for key, value in self._comprehended(inner, env, source)}

    def _ListComp(self, node: ast.ListComp, env: dict[str, Any], source: Source) -> Any:
        return self._comprehended(node, env, source)

    def _GeneratorExp(self, node: ast.GeneratorExp, env: dict[str, Any], source: Source) -> Any:
        return self._comprehended(node, env, source)

    def _comprehended(self, node: ast.ListComp | ast.GeneratorExp, env: dict[str, Any], source: Source) -> list[Any]:
        """A list of known length."""
        if len(node.generators) > 1 or node.generators[0].ifs:
            self.machine.refuse("a comprehension with a condition or two loops", "write a loop")
        (generator,) = node.generators
        items = calls.known_items(self.machine, self.value(generator.iter, env, source))
        if items is None:
            self.machine.refuse("a list of a length that is a size", "write into an array in a loop")
        found: list[Any] = []
        for item in items:
            inner = dict(env)
            assign_names(self.machine, generator.target, item, inner)
            found.append(self.value(node.elt, inner, source))
        return found

    def call_function(self, function: Function, arguments: list[Any], keywords: dict[str, Any]) -> Any:
        """A call of a function of the file; `Interpreter` has it."""
        raise NotImplementedError

    def construct(self, of: Class, arguments: list[Any], keywords: dict[str, Any]) -> Any:
        """A new object; `Interpreter` has it."""
        raise NotImplementedError


def assign_names(machine: Machine, target: ast.expr, value: Any, env: dict[str, Any]) -> None:
    """Bind a loop's or comprehension's names."""
    if isinstance(target, ast.Name):
        env[target.id] = value
        return
    if isinstance(target, ast.Tuple | ast.List) and isinstance(value, tuple | list) and len(value) == len(target.elts):
        for part, item in zip(target.elts, value, strict=True):
            assign_names(machine, part, item, env)
        return
    machine.refuse("names that do not fit what they are assigned")


def from_condition(condition: Cond) -> Any:
    """True and False as Python's, other conditions as they are."""
    return condition == TRUE if condition in (TRUE, FALSE) else condition


def integer(value: Any) -> Int:
    """An Int or a bool as an Int."""
    return Int.of(int(value)) if isinstance(value, bool) else value


def order(word: str, left: Int, right: Int) -> Cond:
    """left word right."""
    if word in ("==", "!="):
        return equal(left, right) if word == "==" else negated(equal(left, right))
    if word in ("<", "<="):
        left, right = right, left
    return at_least(left, right if word in ("<=", ">=") else right + 1)


def _name(node: ast.AST) -> str:
    return f"`{type(node).__name__.lower()}`"


def _text(node: ast.AST) -> str:
    return ast.unparse(node) if isinstance(node, ast.expr) else ""


__all__ = ["Evaluator", "Range", "assign_names", "from_condition", "integer", "order", "whole"]
