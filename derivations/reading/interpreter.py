"""Statements of the code: assignments, loops, branches, functions and classes of the file.

Law: a loop's body is read once, for every turn. A name that the body assigns carries nothing from turn to turn, unless
it is a counter (a constant step each turn) or a sum (`+=`). What a loop does to arrays is `machine`'s business.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import Any

from derivations.reading.arrays import Array, flat
from derivations.reading.calls import Counted, attribute, known_items
from derivations.reading.elements import ZERO, constant
from derivations.reading.expressions import Evaluator, assign_names
from derivations.reading.indexing import check_distinct, inside, scattered_target, target_of
from derivations.reading.integers import FALSE, TRUE, Cond, Int, at_least, least, negated, product
from derivations.reading.machine import Machine, Refused
from derivations.reading.operations import as_array, elementwise, negative
from derivations.reading.program import Carried, Class, Function, Object, Range, Source

DEEPEST = 24  # calls within calls


class Returned(Exception):
    """A return statement with its value."""

    def __init__(self, value: Any) -> None:
        super().__init__()
        self.value = value


class Interpreter(Evaluator):
    """Runs the statements of functions over symbolic values."""

    def __init__(self, machine: Machine) -> None:
        super().__init__(machine)
        self.depth = 0

    # -- functions and classes -------------------------------------------------------------------------

    def call_function(self, function: Function, arguments: Sequence[Any], keywords: dict[str, Any]) -> Any:
        """The value that the function returns."""
        machine = self.machine
        env = dict(function.closure)
        names = self._bound(function, arguments, keywords)
        env.update(names)
        if isinstance(function.node, ast.Lambda):
            return self.value(function.node.body, env, function.source)
        self.depth += 1
        if self.depth > DEEPEST:
            machine.refuse("calls nest too deeply", "no recursion")
        before_path = machine.path
        machine.path = function.source.path
        try:
            self.block(function.node.body, env, function.source)
        except Returned as returned:
            return returned.value
        except Refused as refused:
            if not hasattr(refused, "source"):
                refused.source = function.source  # type: ignore[attr-defined]
            raise
        finally:
            self.depth -= 1
            machine.path = before_path
        return None

    def _bound(self, function: Function, arguments: Sequence[Any], keywords: dict[str, Any]) -> dict[str, Any]:
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
        if any(isinstance(node, ast.FunctionDef) and node.name == "__init__" for node in of.node.body):
            self.call_function(attribute(self, made, "__init__"), arguments, keywords)
        return made

    # -- statements ------------------------------------------------------------------------------------

    def block(self, body: Sequence[ast.stmt], env: dict[str, Any], source: Source) -> None:
        """Statements in their order."""
        for at, node in enumerate(body):
            self.machine.node = node
            if isinstance(node, ast.If) and _only_continues(node.body) and not node.orelse:
                self._after_continue(node, body[at + 1 :], env, source)
                return
            self.statement(node, env, source)

    def statement(self, node: ast.stmt, env: dict[str, Any], source: Source) -> None:
        """One statement."""
        self.machine.node = node
        found = getattr(self, f"_{type(node).__name__}", None)
        if found is None or not isinstance(node, ast.stmt):
            self.machine.refuse(f"`{type(node).__name__.lower()}` statements are not read")
        found(node, env, source)

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
        from derivations.reading.program import _declare

        _declare(inner, node)
        env.update(inner.names)

    _ImportFrom = _Import

    def _FunctionDef(self, node: ast.FunctionDef, env: dict[str, Any], source: Source) -> None:
        env[node.name] = Function(node, source, closure=env)

    def _Return(self, node: ast.Return, env: dict[str, Any], source: Source) -> None:
        if self.machine.frames or self.machine.guards:
            self.machine.refuse("a return inside a loop", "return after it")
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
        value = self.value(node.value, env, source)
        for target in node.targets:
            self.assign(target, value, env, source)

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
            return [self._row(value, Int.of(at)) for at in range(count)]
        if not isinstance(value, tuple | list):
            machine.refuse(f"{count} names for what is no tuple")
        if len(value) != count:
            machine.refuse(f"{count} names for {len(value)} values")
        return list(value)

    def _name_array(self, name: str, value: Array) -> None:
        """Names a new array's entries, so that what follows shows the name."""
        storage = value.storage
        if not value.whole:
            return
        if not storage.name:
            storage.name = name
        self.machine.define(name, storage)

    def _row(self, array: Array, at: Any) -> Array:
        return target_of(self.machine, array, at)[0]

    def _store(self, base: Any, item: Any, value: Any, node: ast.Subscript) -> None:
        """base[item] = value."""
        machine = self.machine
        if isinstance(base, list) and isinstance(item, Int) and item.constant is not None and not machine.frames:
            base[item.constant] = value
            return
        if not isinstance(base, Array):
            machine.refuse("an entry of what is no array is assigned")
        if isinstance(item, Array) and item.kind == "bool":
            self._masked(base, item, value)
            return
        target, items = target_of(machine, base, item)
        if items is not None:
            target = scattered_target(machine, base, items)
            check_distinct(machine, target)
        machine.node = node
        machine.write(target, as_array(machine, value), adds=False)
        self._rename(base)

    def _masked(self, base: Array, mask: Array, value: Any) -> None:
        """base[mask] = number."""
        machine = self.machine
        given = as_array(machine, value)
        if given.rank:
            machine.refuse("an array is assigned by a mask", "np.where")
        kept = elementwise(machine, lambda m, p, q: _chosen(m, p, q), mask, given, base)
        machine.write(base, kept, adds=False)
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
            view, items = target_of(machine, base, item)
            if items is not None:
                view = scattered_target(machine, base, items)
                check_distinct(machine, view)
            if sums:
                self._add(view, value, node.op)
            else:
                machine.write(view, as_array(machine, self.binary(node.op, view, value)), adds=False)
            self._rename(base)
            return
        old = self.value(target, env, source)  # type: ignore[arg-type]
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

    def _widened(self, old: Array, given: Array) -> Array:
        """A number that becomes an array with its first summand, as `acc = 0; acc += a`."""
        machine = self.machine
        start = machine.snapshot(old)(())
        known = {name for frame in machine.frames[old.storage.depth :] for name in (frame.symbol,)}
        if any(old.storage in frame.effects for frame in machine.frames) or any(
            size.symbols & known for axis in given.axes for size in axis
        ):
            machine.refuse("a sum changes its shape", "start from np.zeros of the sum's shape")
        made = machine.make(given.axes, lambda index: start)
        made.storage.depth, made.storage.name = old.storage.depth, old.storage.name
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
        condition = self.truth(self.value(node.test, env, source))
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

    def _guarded(self, body: Sequence[ast.stmt], condition: Cond, env: dict[str, Any], source: Source) -> None:
        """Statements that some turns of a loop run: their writes are where the condition holds."""
        before = dict(env)
        self.machine.guards.append(condition)
        try:
            self.block(body, env, source)
        finally:
            self.machine.guards.pop()
        for name, value in list(env.items()):
            if name not in before:
                env[name] = Carried(name, last=False)
            elif before[name] is not value:
                env[name] = Carried(name, last=False)

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

    # -- loops -----------------------------------------------------------------------------------------

    def _For(self, node: ast.For, env: dict[str, Any], source: Source) -> None:
        machine = self.machine
        if node.orelse:
            machine.refuse("`else` after a loop")
        items = self.value(node.iter, env, source)
        machine.node = node
        known = known_items(machine, items)
        if known is not None:
            for item in known:
                assign_names(machine, node.target, item, env)
                self.block(node.body, env, source)
            return
        self._loops(node, [items], env, source)

    def _loops(self, node: ast.For, items: list[Any], env: dict[str, Any], source: Source) -> None:
        (item,) = items
        if isinstance(item, Counted) and item.word == "product":
            targets = node.target.elts if isinstance(node.target, ast.Tuple) else None
            if targets is None or len(targets) != len(item.of):
                self.machine.refuse("one name for each of several loops", "for i, j in …")
            inner: list[ast.stmt] = node.body
            self._nest(list(zip(targets, item.of, strict=True)), inner, node, env, source)
            return
        self._loop(node.target, item, node.body, node, env, source)

    def _nest(
        self, pairs: list[tuple[ast.expr, Any]], body: list[ast.stmt], node: ast.For, env: dict[str, Any], source: Source
    ) -> None:
        (target, item), *rest = pairs
        if not rest:
            self._loop(target, item, body, node, env, source)
            return
        name = f"product of loops {node.lineno}:{len(rest)}"
        hidden = ast.copy_location(ast.For(rest[0][0], ast.Name(name), body, []), node)
        env[name] = rest[0][1] if len(rest) == 1 else Counted("product", tuple(one for _, one in rest))
        if len(rest) > 1:
            hidden.target = ast.Tuple([one for one, _ in rest])
        ast.fix_missing_locations(hidden)
        self._loop(target, item, [hidden], node, env, source)
        env.pop(name, None)

    def _loop(
        self, target: ast.expr, item: Any, body: list[ast.stmt], node: ast.stmt, env: dict[str, Any], source: Source
    ) -> None:
        """One loop of a symbolic number of turns."""
        machine = self.machine
        count, value_at = self._turns(item)
        stem = target.id if isinstance(target, ast.Name) else "i"
        symbol = machine.fresh(stem, Int(), count - 1)
        name = next(iter(symbol.symbols))
        counters = self._prepare(body, env, source, count, symbol)
        for part in _names(target):
            env[part] = Carried(part, last=False)
        assigned = _assigned(body) - counters.keys()
        sums = _summed(body) - counters.keys()
        for one in assigned - sums:
            if one in env:
                env[one] = Carried(one, last=False)
        with machine.loop(name, Int(), count - 1):
            assign_names(machine, target, value_at(symbol), env)
            self.block(body, env, source)
            for counter, (start, step) in counters.items():
                if env.get(counter) != start + step * (symbol + 1):
                    machine.refuse(f"{counter} does not grow by the same step in every turn")
        for counter, (start, step) in counters.items():
            env[counter] = machine.simplify(start + step * least("max", count, Int()))
        for one in (*_names(target), *(assigned - sums)):
            env[one] = Carried(one, last=True)
        machine.node = node

    def _turns(self, item: Any) -> tuple[Int, Any]:
        """The number of turns of a loop over something, and the loop's value in a turn."""
        machine = self.machine
        if isinstance(item, Range):
            step = item.step
            if step.constant is not None and step.constant < 0:
                count = (item.start - item.stop - step - 1) // -step
            else:
                machine.require(at_least(step, 1), "same", "the step is positive")
                count = (item.stop - item.start + step - 1) // step
            return machine.simplify(count), lambda at: machine.simplify(item.start + step * at)
        if isinstance(item, Array) and item.rank:
            return item.shape[0], lambda at: self._row(item, at)
        if isinstance(item, Counted) and item.word == "enumerate":
            count, value_at = self._turns(item.of[0])
            return count, lambda at: (item.start + at, value_at(at))
        if isinstance(item, Counted) and item.word == "zip":
            parts = [self._turns(one) for one in item.of]
            for other, _ in parts[1:]:
                machine.require(at_least(other, parts[0][0]), "same", "what is zipped is equally long")
            return parts[0][0], lambda at: tuple(value_at(at) for _, value_at in parts)
        machine.refuse("a loop over what is no range and no array", "for i in range(…)")

    def _prepare(
        self, body: list[ast.stmt], env: dict[str, Any], source: Source, count: Int, symbol: Int
    ) -> dict[str, tuple[Int, Int]]:
        """Counters of a loop with their start and step, set for a turn; sums get storage of their own."""
        counters: dict[str, tuple[Int, Int]] = {}
        plain = _plainly(body)
        for name in sorted(_summed(body)):
            old = env.get(name)
            if old is None or isinstance(old, Carried) or name in plain:
                continue
            step = self._step(name, body, env, source) if isinstance(old, Int) else None
            if step is not None:
                counters[name] = (old, step)
                env[name] = old + step * symbol
            elif isinstance(old, Int) or (isinstance(old, Array) and (not old.rank or name in _rebound(body))):
                env[name] = self._own(name, as_array(self.machine, old))
        return counters

    def _own(self, name: str, array: Array) -> Array:
        """A copy that a loop may add to."""
        entries = self.machine.snapshot(array)
        made = self.machine.make(array.axes, entries)
        made.storage.name = name
        return made

    def _step(self, name: str, body: Sequence[ast.stmt], env: dict[str, Any], source: Source) -> Int | None:
        """By how much a turn of the body increases a counter, if that is the same in every turn."""
        grown = Int()
        changed = _assigned(body)
        for node in body:
            if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name) and node.target.id == name:
                names = {one.id for one in ast.walk(node.value) if isinstance(one, ast.Name)}
                if names & changed or not isinstance(node.op, ast.Add | ast.Sub):
                    return None
                value = self._quietly(node.value, env, source)
                if not isinstance(value, Int):
                    return None
                grown = grown + value if isinstance(node.op, ast.Add) else grown - value
            elif isinstance(node, ast.For) and name in _assigned(node.body):
                inner = self._step(name, node.body, env, source)
                names = {one.id for one in ast.walk(node.iter) if isinstance(one, ast.Name)}
                item = self._quietly(node.iter, env, source) if not names & changed else None
                if inner is None or not isinstance(item, Range):
                    return None
                grown = grown + inner * least("max", self._turns(item)[0], Int())
            elif name in _assigned([node]):
                return None
        return self.machine.simplify(grown)

    def _quietly(self, node: ast.expr, env: dict[str, Any], source: Source) -> Any:
        """The value, or None where it is refused; a look ahead leaves no obligations."""
        known = len(self.machine.obligations)
        try:
            return self.value(node, env, source)
        except Refused:
            return None
        finally:
            del self.machine.obligations[known:]

    def _While(self, node: ast.While, env: dict[str, Any], source: Source) -> None:
        """A loop on a counter: `while i < n: …; i += s`."""
        machine = self.machine
        plain = _plainly(node.body)
        counters: dict[str, tuple[Int, Int]] = {}
        probe = machine.fresh("turn", Int(), Int())
        inner = dict(env)
        for name in sorted(_summed(node.body) - plain):
            old = env.get(name)
            step = self._step(name, node.body, env, source) if isinstance(old, Int) else None
            if step is not None and isinstance(old, Int):
                counters[name] = (old, step)
                inner[name] = old + step * probe
        condition = self.truth(self.value(node.test, inner, source))
        machine.node = node
        count = self._while_count(condition, next(iter(probe.symbols)))
        if count is None:
            machine.refuse("a `while` whose number of turns is not seen", "`while i < n` with `i += s` in its body, or for")
        self._loop(ast.Name("turn"), Range(Int(), count, Int.of(1)), node.body, node, env, source)
        env.pop("turn", None)

    def _while_count(self, condition: Cond, probe: str) -> Int | None:
        """How many turns a condition holds that ends with a step: value - step·turn >= 0."""
        parts = condition.parts if condition.word == "and" and condition.parts else (condition,)
        counts: list[Int] = []
        for part in parts:
            split = part.value.coefficient(probe) if part.word == ">=" else None
            if split is None or not split[0].terms:
                return None
            step = -split[0]
            self.machine.require(at_least(step, 1), "same", "the counter approaches its bound")
            # no turn where the condition fails at once
            counts.append(least("max", self.machine.simplify(split[1] // step + 1), Int()))
        found = counts[0]
        for one in counts[1:]:
            found = least("min", found, one)
        return self.machine.simplify(found)


def _chosen(mask: Any, yes: Any, no: Any) -> Any:
    from derivations.reading.elements import ONE, minus, plus, times

    return plus(times(mask, yes), times(plus(ONE, minus(mask)), no))


def _only_continues(body: Sequence[ast.stmt]) -> bool:
    return len(body) == 1 and isinstance(body[0], ast.Continue)


def _names(target: ast.expr) -> list[str]:
    return [node.id for node in ast.walk(target) if isinstance(node, ast.Name)]


def _assigned(body: Sequence[ast.stmt]) -> set[str]:
    """The names that statements assign, in loops and branches too."""
    found: set[str] = set()
    for statement in body:
        for node in ast.walk(statement):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                found.add(node.id)
    return found


def _summed(body: Sequence[ast.stmt]) -> set[str]:
    """The names that statements change by an augmented assignment."""
    return {node.target.id for statement in body for node in ast.walk(statement)
            if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name)}


def _plainly(body: Sequence[ast.stmt]) -> set[str]:
    """The names that statements assign otherwise than by an augmented assignment."""
    found: set[str] = set()
    for statement in body:
        for node in ast.walk(statement):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.For) else []
            found |= {name for target in targets for name in _names(target) if _stored(target, name)}
    return found


def _stored(target: ast.expr, name: str) -> bool:
    return any(isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Store)
               for node in ast.walk(target))


def _rebound(body: Sequence[ast.stmt]) -> set[str]:
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


__all__ = ["Interpreter", "Returned", "Sums", "constant", "flat", "inside", "product", "ZERO"]
