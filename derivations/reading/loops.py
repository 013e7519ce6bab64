"""Loops of the code: their turns, their counters, what their bodies carry from turn to turn.

Law: a body is read once, for every turn. A name that it assigns carries nothing to the next turn, unless it is a
counter (a constant step each turn) or a sum (`+=`, which gets storage of its own).
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from typing import Any

from derivations.reading.arrays import Array
from derivations.reading.assigned import assigned, names_of, plainly, rebound, summed
from derivations.reading.broken import FIX, breaks, is_arithmetic, parted
from derivations.reading.calls import Counted, known_items
from derivations.reading.expressions import Evaluator, assign_names
from derivations.reading.generators import inlined, is_generator
from derivations.reading.indexing import target_of
from derivations.reading.integers import FALSE, TRUE, Cond, Int, at_least, least, negated
from derivations.reading.operations import as_array
from derivations.reading.program import Carried, Function, Range, Source
from derivations.reading.records import Refused


class Loops(Evaluator):
    """Runs loops; `Interpreter` has the statements in them."""

    def block(self, body: Sequence[ast.stmt], env: dict[str, Any], source: Source) -> None:
        """Statements in their order; `Interpreter` has it."""
        raise NotImplementedError

    def row(self, array: Array, at: Any) -> Array:
        """array[at]."""
        return target_of(self.machine, array, at)[0]

    # -- loops -----------------------------------------------------------------------------------------

    def _For(self, node: ast.For, env: dict[str, Any], source: Source) -> None:
        machine = self.machine
        if node.orelse:
            machine.refuse("`else` after a loop")
        if isinstance(node.iter, ast.Call):
            function = self.value(node.iter.func, env, source)
            if is_generator(function):
                self._over_generator(function, node, node.iter, env, source)
                return
        items = self.value(node.iter, env, source)
        machine.node = node
        known = known_items(machine, items)
        if known is not None:
            for item in known:
                assign_names(machine, node.target, item, env)
                if self._is_left(node.body, env, source):
                    return
            return
        self._loops(node, [items], env, source)

    def _is_left(self, body: Sequence[ast.stmt], env: dict[str, Any], source: Source) -> bool:
        """One turn of a loop over items that are written out; whether it leaves the loop."""
        found = parted(body)
        if found is None:
            self.block(body, env, source)
            return False
        before, test, after = found
        self.block(before, env, source)
        condition = self.truth(self.value(test, env, source))
        if condition not in (TRUE, FALSE):
            self.machine.refuse("a `break` that depends on sizes, in a loop over items", FIX)
        return condition == TRUE or self._is_left(after, env, source)

    def _over_generator(
        self, function: Function, node: ast.For, call: ast.Call, env: dict[str, Any], source: Source
    ) -> None:
        """A loop over a generator of the file, as the generator's own loops."""
        machine = self.machine
        if function.source is not source:
            machine.refuse("a generator of another file", "write its loops here")
        keywords = {one.arg: self.value(one.value, env, source) for one in call.keywords if one.arg is not None}
        given = self.bound(function, self._items(call.args, env, source), keywords)
        body, new = inlined(machine, function, node)
        env.update({new[name]: value for name, value in given.items()})
        self.block(body, env, source)

    def bound(self, function: Function, arguments: Sequence[Any], keywords: dict[str, Any]) -> dict[str, Any]:
        """Parameters with what a call gives them; `Interpreter` has it."""
        raise NotImplementedError

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
        self, pairs: list[tuple[ast.expr, Any]], body: list[ast.stmt], node: ast.For, env: dict[str, Any],
        source: Source,
    ) -> None:  # fmt: skip
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
        body, before = self._unbroken(body, env, source, lambda at, inner: assign_names(
            machine, target, value_at(at), inner))
        count = machine.simplify(least("min", count, before)) if before is not None else count
        stem = target.id if isinstance(target, ast.Name) else "i"
        symbol = machine.fresh(stem, Int(), count - 1)
        name = next(iter(symbol.symbols))
        counters = self._prepare(body, env, source, count, symbol)
        for part in names_of(target):
            env[part] = Carried(part, last=False)
        changed = assigned(body) - counters.keys()
        sums = summed(body) - counters.keys()
        for one in changed - sums:
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
        for one in (*names_of(target), *(changed - sums)):
            env[one] = Carried(one, last=True)
        machine.node = node

    def _unbroken(
        self, body: list[ast.stmt], env: dict[str, Any], source: Source,
        start: Callable[[Int, dict[str, Any]], None] | None = None,
    ) -> tuple[list[ast.stmt], Int | None]:  # fmt: skip
        """A body without its `break`s, and how many turns there are before the first of them; None where it has none.
        start: what a turn begins with."""
        machine = self.machine
        least_count: Int | None = None
        while (found := parted(body)) is not None:
            before, test, after = found
            machine.node = test
            if next(breaks(before), None) is not None or not is_arithmetic(before):
                machine.refuse("a `break` after statements that do more than name sums and products", FIX)
            probe = machine.fresh("turn", Int(), Int())
            inner = dict(env)
            for name, (old, step) in self._counted(body, env, source).items():
                inner[name] = old + step * probe
            for name in assigned(body) - summed(body):
                inner[name] = Carried(name, last=False)
            if start is not None:
                start(probe, inner)
            with machine.watched():
                self.block(before, inner, source)
                condition = negated(self.truth(self.value(test, inner, source)))
            machine.node = test
            count = self._while_count(condition, next(iter(probe.symbols)))
            if count is None:
                machine.refuse("a `break` whose turn is not seen: its condition does not grow with the turns", FIX)
            least_count = count if least_count is None else least("min", least_count, count)
            body = [*before, *after]
        for node in breaks(body):
            machine.node = node
            machine.refuse("a `break` that is not `if …: break` in the loop's own body", FIX)
        return body, least_count

    def _counted(
        self, body: Sequence[ast.stmt], env: dict[str, Any], source: Source
    ) -> dict[str, tuple[Int, Int]]:
        """The counters of a body with their value before the loop and their step."""
        found: dict[str, tuple[Int, Int]] = {}
        for name in sorted(summed(body) - plainly(body)):
            old = env.get(name)
            step = self._step(name, body, env, source) if isinstance(old, Int) else None
            if step is not None and isinstance(old, Int):
                found[name] = (old, step)
        return found

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
            return item.shape[0], lambda at: self.row(item, at)
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
        plain = plainly(body)
        for name in sorted(summed(body)):
            old = env.get(name)
            if old is None or isinstance(old, Carried) or name in plain:
                continue
            step = self._step(name, body, env, source) if isinstance(old, Int) else None
            if step is not None:
                counters[name] = (old, step)
                env[name] = old + step * symbol
            elif isinstance(old, Int) or (isinstance(old, Array) and (not old.rank or name in rebound(body))):
                env[name] = self._own(name, as_array(self.machine, old))
        return counters

    def _own(self, name: str, array: Array) -> Array:
        """A copy that a loop may add to."""
        with self.machine.watched() as seen:
            entries = self.machine.snapshot(array)
        made = self.machine.make(array.axes, entries)
        made.storage.sources |= seen
        made.storage.name, made.storage.made = name, array.storage.made
        return made

    def _step(self, name: str, body: Sequence[ast.stmt], env: dict[str, Any], source: Source) -> Int | None:
        """By how much a turn of the body increases a counter, if that is the same in every turn."""
        grown = Int()
        changed = assigned(body)
        for node in body:
            if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name) and node.target.id == name:
                names = {one.id for one in ast.walk(node.value) if isinstance(one, ast.Name)}
                if names & changed or not isinstance(node.op, ast.Add | ast.Sub):
                    return None
                value = self._quietly(node.value, env, source)
                if not isinstance(value, Int):
                    return None
                grown = grown + value if isinstance(node.op, ast.Add) else grown - value
            elif isinstance(node, ast.For) and name in assigned(node.body):
                inner = self._step(name, node.body, env, source)
                names = {one.id for one in ast.walk(node.iter) if isinstance(one, ast.Name)}
                item = self._quietly(node.iter, env, source) if not names & changed else None
                if inner is None or not isinstance(item, Range):
                    return None
                grown = grown + inner * least("max", self._turns(item)[0], Int())
            elif name in assigned([node]):
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
        probe = machine.fresh("turn", Int(), Int())
        inner = dict(env)
        for name, (old, step) in self._counted(node.body, env, source).items():
            inner[name] = old + step * probe
        condition = self.truth(self.value(node.test, inner, source))
        machine.node = node
        body = node.body
        count = None if condition == TRUE else self._while_count(condition, next(iter(probe.symbols)))
        if condition == TRUE:  # `while True`: it ends where it is left
            body, count = self._unbroken(body, env, source)
        if count is None:
            fix = "`while i < n` with `i += s` in its body, or for"
            machine.refuse("a `while` whose number of turns is not seen", fix)
        self._loop(ast.Name("turn"), Range(Int(), count, Int.of(1)), body, node, env, source)
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
