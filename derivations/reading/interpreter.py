"""Statements of the code: assignments, loops, branches, functions and classes of the file.

Law: a loop's body is read once, for every turn. A name that the body assigns carries nothing from turn to turn, unless
it is a counter (a constant step each turn) or a sum (`+=`). What a loop does to arrays is `machine`'s business.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import Any

from derivations.reading.arrays import Array
from derivations.reading.assigned import only_continues
from derivations.reading.elements import ONE, minus, plus
from derivations.reading.indexing import check_distinct, scattered_target, target_of
from derivations.reading.integers import FALSE, TRUE, Cond, Int, negated
from derivations.reading.loops import Loops
from derivations.reading.machine import Machine
from derivations.reading.masks import masked
from derivations.reading.operations import as_array, negative
from derivations.reading.program import Carried, Class, Function, Object, Selected, Source, Unread, declare
from derivations.reading.records import Refused

DEEPEST = 24  # calls within calls


class Returned(Exception):
    """A return statement with its value."""

    def __init__(self, value: Any) -> None:
        super().__init__()
        self.value = value


class Interpreter(Loops):
    """Runs the statements of functions over symbolic values."""

    def __init__(self, machine: Machine) -> None:
        super().__init__(machine)
        self.depth = 0
        # the functions that are being read
        self.running: list[ast.AST] = []
        # how many __init__ are being run
        self.lenient = 0
        # the loops and branches around the call that is being read
        self.outside = (0, 0, 0)

    def _inside(self) -> tuple[int, int, int]:
        machine = self.machine
        return len(machine.frames), len(machine.guards), len(machine.weights)

    # -- functions and classes -------------------------------------------------------------------------

    def call_function(self, function: Function, arguments: Sequence[Any], keywords: dict[str, Any]) -> Any:
        """The value that the function returns."""
        machine = self.machine
        env = dict(function.closure)
        if function.of is not None:
            env["__class__"] = function.of
        names = self.bound(function, arguments, keywords)
        env.update(names)
        if isinstance(function.node, ast.Lambda):
            return self.value(function.node.body, env, function.source)
        symbolic = any(isinstance(one, Int) and one.constant is None for one in names.values())
        if symbolic and function.node in self.running:
            name = getattr(function.node, "name", "a function")
            machine.refuse(f"{name} calls itself, as often as sizes say", "a loop: `for i in range(n)` around its body")
        self.depth += 1
        if self.depth > DEEPEST:
            machine.refuse("calls nest too deeply", "a loop where a function calls itself")
        before = machine.path, machine.torch
        outside, self.outside = self.outside, self._inside()
        machine.path, machine.torch = function.source.path, function.source.is_torch
        self.running.append(function.node)
        try:
            self.block(function.node.body, env, function.source)
        except Returned as returned:
            return returned.value
        except Refused as refused:
            refused.source = refused.source or function.source
            raise
        finally:
            self.depth -= 1
            self.running.pop()
            self.outside = outside
            machine.path, machine.torch = before
        return None

    def bound(self, function: Function, arguments: Sequence[Any], keywords: dict[str, Any]) -> dict[str, Any]:
        """Parameters with what the call gives them."""
        machine, spec = self.machine, function.node.args
        static = isinstance(function.node, ast.FunctionDef) and any(
            isinstance(one, ast.Name) and one.id == "staticmethod" for one in function.node.decorator_list
        )
        values = list(arguments)
        if function.owner is not None and not static:
            values.insert(0, function.owner)
        names = [one.arg for one in (*spec.posonlyargs, *spec.args)]
        env: dict[str, Any] = dict(zip(names, values, strict=False))
        if len(values) > len(names):
            if spec.vararg is None:
                machine.refuse(f"{len(values)} arguments for {len(names)} parameters")
            env[spec.vararg.arg] = tuple(values[len(names) :])
        elif spec.vararg is not None:
            env[spec.vararg.arg] = ()
        known = {*names, *[one.arg for one in spec.kwonlyargs]}
        extra: dict[str, Any] = {}
        for name, value in keywords.items():
            if name in known:
                env[name] = value
            elif spec.kwarg is not None:
                extra[name] = value
            else:
                machine.refuse(f"there is no parameter {name}")
        if spec.kwarg is not None:
            env[spec.kwarg.arg] = extra
        defaults = dict(zip(names[len(names) - len(spec.defaults) :], spec.defaults, strict=True))
        defaults.update({one.arg: default for one, default in zip(spec.kwonlyargs, spec.kw_defaults, strict=True)
                         if default is not None})
        for name in known:
            if name not in env:
                if name not in defaults:
                    machine.refuse(f"the parameter {name} is not given", f"give it, as in --given \"…; {name} = …\"")
                env[name] = self.value(defaults[name], {}, function.source)
        return env

    def construct(self, of: Class, arguments: Sequence[Any], keywords: dict[str, Any]) -> Object:
        """A new object, by its class's __init__."""
        made = Object(of)
        self.initialise(made, arguments, keywords)
        return made

    def initialise(self, made: Object, arguments: Sequence[Any], keywords: dict[str, Any]) -> None:
        """Runs __init__; what it sets attributes to and is not read matters only where they are used."""
        method = made.of.method("__init__") if made.of is not None else None
        if method is None:
            return
        self.machine.node = method.node
        self.lenient += 1
        try:
            self.call_function(Function(method.node, method.source, made, of=method.of), arguments, keywords)
        finally:
            self.lenient -= 1

    # -- statements ------------------------------------------------------------------------------------

    def block(self, body: Sequence[ast.stmt], env: dict[str, Any], source: Source) -> None:
        """Statements in their order."""
        for at, node in enumerate(body):
            self.machine.node = node
            if isinstance(node, ast.If) and only_continues(node.body) and not node.orelse:
                self._after_continue(node, body[at + 1 :], env, source)
                return
            self.statement(node, env, source)

    def statement(self, node: ast.stmt, env: dict[str, Any], source: Source) -> None:
        """One statement."""
        self.machine.node = node
        found = getattr(self, f"_{type(node).__name__}", None)
        if found is None or not isinstance(node, ast.stmt):
            self.machine.refuse(f"`{type(node).__name__.lower()}` statements are not read")
        with self.machine.watched() as seen:
            found(node, env, source)
        # a write has taken note of what it read; what else was read may matter anywhere
        if not isinstance(node, ast.Assign | ast.AugAssign):
            self.machine.always |= seen

    def _Expr(self, node: ast.Expr, env: dict[str, Any], source: Source) -> None:
        if isinstance(node.value, ast.Constant):
            return
        if isinstance(node.value, ast.Call) and self._is_scatter(node.value, env, source):
            self._add_at(node.value, env, source)
            return
        self.value(node.value, env, source)

    def _Pass(self, node: ast.Pass, env: dict[str, Any], source: Source) -> None:
        return

    def _Import(self, node: ast.Import, env: dict[str, Any], source: Source) -> None:
        inner = Source(source.path, source.text, ast.Module([node], []))
        declare(inner, node)
        env.update(inner.names)

    _ImportFrom = _Import

    def _FunctionDef(self, node: ast.FunctionDef, env: dict[str, Any], source: Source) -> None:
        env[node.name] = Function(node, source, closure=env)

    def _Return(self, node: ast.Return, env: dict[str, Any], source: Source) -> None:
        if self._inside() != self.outside:
            self.machine.refuse("a return inside a loop or a branch on data", "return after it")
        raise Returned(self.value(node.value, env, source) if node.value else None)

    def _Raise(self, node: ast.Raise, env: dict[str, Any], source: Source) -> None:
        self.machine.require(FALSE, "fits", "the code raises here")

    def _Assert(self, node: ast.Assert, env: dict[str, Any], source: Source) -> None:
        condition = self.truth(self.value(node.test, env, source))
        self.machine.require(condition, "fits", "the assertion holds")

    def _Delete(self, node: ast.Delete, env: dict[str, Any], source: Source) -> None:
        for target in node.targets:
            if isinstance(target, ast.Name):
                env.pop(target.id, None)

    # -- assignments -----------------------------------------------------------------------------------

    def _Assign(self, node: ast.Assign, env: dict[str, Any], source: Source) -> None:
        if self.lenient and all(isinstance(one, ast.Attribute | ast.Subscript) for one in node.targets):
            if self._given(node, env, source):
                return
            try:
                value = self.value(node.value, env, source)
            except Refused as refused:
                value = Unread(refused.reason, refused.fix)
        else:
            value = self.value(node.value, env, source)
        if not isinstance(value, Array):
            # an integer that was read from an array may matter anywhere
            self.machine.always |= self.machine.reading[-1]
        for target in node.targets:
            self.assign(target, value, env, source)

    def _given(self, node: ast.Assign, env: dict[str, Any], source: Source) -> bool:
        """Whether __init__ sets an attribute that the user has given, or an entry of one."""
        (target,) = node.targets if len(node.targets) == 1 else (None,)
        while isinstance(target, ast.Subscript):
            target = target.value
        if not isinstance(target, ast.Attribute):
            return False
        base = self.value(target.value, env, source)
        return isinstance(base, Object) and target.attr in base.given

    def _AnnAssign(self, node: ast.AnnAssign, env: dict[str, Any], source: Source) -> None:
        if node.value is not None:
            self.assign(node.target, self.value(node.value, env, source), env, source)

    def assign(self, target: ast.expr, value: Any, env: dict[str, Any], source: Source) -> None:
        """target = value."""
        machine = self.machine
        if isinstance(target, ast.Name):
            env[target.id] = value
            if isinstance(value, Array):
                self._name_array(target.id, value)
        elif isinstance(target, ast.Tuple | ast.List):
            items = self._unpacked(value, len(target.elts))
            for part, item in zip(target.elts, items, strict=True):
                self.assign(part, item, env, source)
        elif isinstance(target, ast.Attribute):
            base = self.value(target.value, env, source)
            if not isinstance(base, Object):
                machine.refuse("an attribute of what is no object is assigned")
            self._no_turns("an attribute")
            base.attributes[target.attr] = value
            if isinstance(value, Array):
                self._name_array(target.attr, value)
        elif isinstance(target, ast.Subscript):
            base = self.value(target.value, env, source)
            item = self.value(target.slice, env, source)
            if isinstance(base, dict):
                self._no_turns("a dictionary's entry")
                base[self.key(item)] = value
                if isinstance(value, Array):
                    self._name_array(str(self.key(item)), value)
                return
            self._store(base, item, value, target)
        else:
            machine.refuse("a target that is not read")

    def _no_turns(self, what: str) -> None:
        if self.machine.frames:
            self.machine.refuse(f"{what} is assigned inside a loop", "assign an array's entries")

    def _unpacked(self, value: Any, count: int) -> list[Any]:
        machine = self.machine
        if isinstance(value, Array):
            size = value.shape[0].constant if value.rank else None
            if size != count:
                machine.refuse("an array of unknown length is unpacked")
            return [self.row(value, Int.of(at)) for at in range(count)]
        if not isinstance(value, tuple | list):
            machine.refuse(f"{count} names for what is no tuple")
        if len(value) != count:
            machine.refuse(f"{count} names for {len(value)} values")
        return list(value)

    def _name_array(self, name: str, value: Array) -> None:
        """Names a new array's entries, so that what follows shows the name."""
        storage = value.storage
        # index arrays stay the integers that they are
        if not value.whole or value.kind == "int":
            return
        if not storage.name:
            storage.name = name
        self.machine.define(name, storage)

    def _store(self, base: Any, item: Any, value: Any, node: ast.Subscript) -> None:
        """base[item] = value."""
        machine = self.machine
        if isinstance(base, list) and isinstance(item, Int) and item.constant is not None and not machine.frames:
            base[item.constant] = value
            return
        if not isinstance(base, Array):
            machine.refuse("an entry of what is no array is assigned")
        if isinstance(item, Array) and item.kind == "bool":
            machine.write(base, masked(machine, base, item, value), adds=False)
            self._rename(base)
            return
        target, items = target_of(machine, base, item)
        if items is not None:
            target = scattered_target(machine, base, items)
            check_distinct(machine, target)
        machine.node = node
        machine.write(target, as_array(machine, value), adds=False)
        self._rename(base)

    def _rename(self, base: Array) -> None:
        """After a write outside of loops, what follows shows a new name."""
        if not self.machine.frames:
            self.machine.define(base.storage.name or "value", base.storage)

    def _AugAssign(self, node: ast.AugAssign, env: dict[str, Any], source: Source) -> None:
        machine = self.machine
        value = self.value(node.value, env, source)
        target = node.target
        machine.node = node
        sums = isinstance(node.op, ast.Add | ast.Sub)
        if isinstance(target, ast.Subscript):
            base = self.value(target.value, env, source)
            item = self.value(target.slice, env, source)
            if isinstance(base, dict):
                key = self.key(item)
                if isinstance(base.get(key), Array) and sums:
                    self._add(base[key], value, node.op)
                    return
                base[key] = self.binary(node.op, base[key], value)
                return
            if not isinstance(base, Array):
                machine.refuse("an entry of what is no array is changed")
            if isinstance(item, Array) and item.kind == "bool":
                self._change_masked(node.op, base, item, value)
                return
            view, items = target_of(machine, base, item)
            if items is not None:
                view = scattered_target(machine, base, items)
                check_distinct(machine, view)
            if sums:
                self._add(view, value, node.op)
            elif view.choice is not None:
                machine.refuse("places that data choose are changed otherwise than by `+=`")
            else:
                machine.write(view, as_array(machine, self.binary(node.op, view, value)), adds=False)
            self._rename(base)
            return
        old = self.value(target, env, source)
        if isinstance(old, Array) and not old.rank and old.storage.made and as_array(machine, value).rank:
            machine.refuse("an array without axes is changed in place by one with axes", "start from a number")
        if isinstance(old, Array) and (old.rank or machine.frames[old.storage.depth :]):
            self._in_place(node, target, old, value, env)
            return
        self.assign(target, self.binary(node.op, old, value), env, source)

    def _in_place(self, node: ast.AugAssign, target: ast.expr, old: Array, value: Any, env: dict[str, Any]) -> None:
        machine = self.machine
        given = as_array(machine, value)
        if given.rank > old.rank and isinstance(target, ast.Name) and not old.rank:
            old = self._widened(old, given)
            env[target.id] = old
        if isinstance(node.op, ast.Add | ast.Sub):
            self._add(old, given, node.op)
        else:
            machine.write(old, as_array(machine, self.binary(node.op, old, given)), adds=False)
        self._rename(old)

    def _change_masked(self, op: ast.operator, base: Array, mask: Array, value: Any) -> None:
        """base[mask] op= value."""
        machine = self.machine
        if isinstance(op, ast.Add | ast.Sub):
            self._add(base, masked(machine, base, mask, value, others=False), op)
        else:
            if isinstance(value, Selected):
                machine.refuse("entries chosen by a mask are changed by others", "np.where")
            changed = as_array(machine, self.binary(op, base, value))
            machine.write(base, masked(machine, base, mask, changed, others=True, whole=True), adds=False)
        self._rename(base)

    def _widened(self, old: Array, given: Array) -> Array:
        """A number that becomes an array with its first summand, as `acc = 0; acc += a`."""
        machine = self.machine
        with machine.watched() as seen:
            start = machine.snapshot(old)(())
        known = {name for frame in machine.frames[old.storage.depth :] for name in (frame.symbol,)}
        if any(old.storage in frame.effects for frame in machine.frames) or any(
            size.symbols & known for axis in given.axes for size in axis
        ):
            machine.refuse("a sum changes its shape", "start from np.zeros of the sum's shape")
        made = machine.make(given.axes, lambda index: start)
        made.storage.depth, made.storage.name = old.storage.depth, old.storage.name
        made.storage.sources |= seen
        return made

    def _add(self, view: Array, value: Any, op: ast.operator) -> None:
        given = as_array(self.machine, value)
        self.machine.write(view, negative(self.machine, given) if isinstance(op, ast.Sub) else given, adds=True)

    def _is_scatter(self, node: ast.Call, env: dict[str, Any], source: Source) -> bool:
        return ast.unparse(node.func).endswith(("add.at", "subtract.at")) and len(node.args) == 3

    def _add_at(self, node: ast.Call, env: dict[str, Any], source: Source) -> None:
        """np.add.at(a, items, values): each place as often as it is named."""
        base, item, value = (self.value(part, env, source) for part in node.args)
        if not isinstance(base, Array):
            self.machine.refuse("np.add.at of what is no array")
        self.machine.node = node
        view, items = target_of(self.machine, base, item)
        if items is not None:
            view = scattered_target(self.machine, base, items)
        op: ast.operator = ast.Sub() if "subtract" in ast.unparse(node.func) else ast.Add()
        self._add(view, value, op)
        self._rename(base)

    # -- branches --------------------------------------------------------------------------------------

    def _If(self, node: ast.If, env: dict[str, Any], source: Source) -> None:
        machine = self.machine
        value = self.value(node.test, env, source)
        if isinstance(value, Array) and value.kind == "bool" and not value.rank:
            self._on_data(node, value, env, source)
            return
        condition = self.truth(value)
        machine.node = node
        facts = machine.facts
        if condition == TRUE or facts.proves(condition):
            self.block(node.body, env, source)
        elif condition == FALSE or facts.proves(negated(condition)):
            self.block(node.orelse, env, source)
        elif machine.is_size(condition):
            self.block(node.body if machine.decide(condition) else node.orelse, env, source)
        else:
            self._guarded(node.body, condition, env, source)
            self._guarded(node.orelse, negated(condition), env, source)

    def _on_data(self, node: ast.If, value: Array, env: dict[str, Any], source: Source) -> None:
        """A branch on data: what it writes counts where the condition is true, as by a mask."""
        taken = self.machine.snapshot(value)(())
        for body, weight in ((node.body, taken), (node.orelse, plus(ONE, minus(taken)))):
            before = dict(env)
            self.machine.weights.append(weight)
            try:
                self.block(body, env, source)
            finally:
                self.machine.weights.pop()
            self._forget(before, env)

    def _forget(self, before: dict[str, Any], env: dict[str, Any]) -> None:
        """Names that a branch has assigned, which may not have been taken."""
        for name, value in list(env.items()):
            if name not in before or before[name] is not value:
                env[name] = Carried(name, last=False)

    def _guarded(self, body: Sequence[ast.stmt], condition: Cond, env: dict[str, Any], source: Source) -> None:
        """Statements that some turns of a loop run: their writes are where the condition holds."""
        before = dict(env)
        self.machine.guards.append(condition)
        try:
            self.block(body, env, source)
        finally:
            self.machine.guards.pop()
        self._forget(before, env)

    def _after_continue(
        self, node: ast.If, rest: Sequence[ast.stmt], env: dict[str, Any], source: Source
    ) -> None:
        """`if …: continue`: the rest of the body where the condition does not hold."""
        condition = negated(self.truth(self.value(node.test, env, source)))
        if condition == FALSE:
            return
        if condition == TRUE:
            self.block(rest, env, source)
        else:
            self._guarded(rest, condition, env, source)

