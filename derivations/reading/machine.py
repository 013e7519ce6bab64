"""The state of a reading: facts, obligations, definitions, loops; what a write does to the entries of a storage.

Law: a write inside a loop counts once for each turn. `+=` is a sum over the turns. `=` is that sum only where no two
turns reach one place; else it is the sum over the last turns that do (`writers`), or an obligation. A place that is
read must not have been written by an earlier turn: each obligation is the kernel's to judge, never a default. A branch
on sizes that facts do not settle is a case split, by reading anew.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import NoReturn

from derivations.language.scope import RESERVED
from derivations.reading.arrays import Array, Axes, Axis, Cell, Index, Storage, converted, flat, plain_axis, structured
from derivations.reading.elements import (
    ONE,
    ZERO,
    Bound,
    Chosen,
    Data,
    Element,
    Entry,
    Function,
    If,
    Number,
    Over,
    Poison,
    Power,
    Top,
    TopPlace,
    constant,
    iff,
    minus,
    plus,
    rebuilt,
    refreshed,
    replaced,
    symbols_of,
    times,
    total,
    walk,
)
from derivations.reading.facts import Facts
from derivations.reading.integers import FALSE, TRUE, Cond, Int, both, equal, joined, negated, product
from derivations.reading.records import Definition, Effect, Frame, Obligation, Read, Refused, Split
from derivations.reading.writers import last_turn


def safe(name: str) -> str:
    """A name of the code as one of the claim language."""
    return f"{name}_" if name in RESERVED or name in ("d", "J") else name


class Machine:
    """Facts, obligations, definitions and loops of one reading."""

    def __init__(
        self, facts: Facts, settle: Callable[[Cond], bool | None],
        prove: Callable[[Facts, Cond, Cond], bool] | None = None,
    ) -> None:  # fmt: skip
        self.facts, self._settle, self._prove = facts, settle, prove
        self.obligations: list[Obligation] = []
        self.definitions: list[Definition] = []
        self.frames: list[Frame] = []
        self.guards: list[Cond] = []
        # the factors of numbers of entries, and of sizes that a reshape has made of them
        self.factors: dict[Int, Axis] = {}
        # 1 where a branch on data is taken, else 0
        self.weights: list[Element] = []
        self.names: set[str] = set()
        # the sizes of the factors of arguments, by the name that entries have
        self.tensors: dict[str, tuple[Int, ...]] = {}
        self.node: ast.AST = ast.Pass()
        self.path = ""
        # what each expression that is being evaluated has read; what was read for values that are no arrays
        self.reading: list[set[Storage]] = []
        self.always: set[Storage] = set()
        # whether the file that is being read is PyTorch's, whose methods differ from NumPy's of the same name
        self.torch = False

    # -- what is known ---------------------------------------------------------------------------------

    def refuse(self, reason: str, fix: str = "") -> NoReturn:
        """Refuse the code at the node that is being read."""
        raise Refused(reason, fix, self.node)

    def simplify(self, value: Int) -> Int:
        """An equal integer with fewer quotients."""
        return self.facts.simplify(value)

    def is_size(self, condition: Cond | Int) -> bool:
        """Whether it is about sizes alone."""
        return not condition.symbols & self.facts.ranges.keys()

    def decide(self, condition: Cond) -> bool:
        """Whether a condition on sizes holds; raises Split where it depends on the sizes."""
        if condition in (TRUE, FALSE):
            return condition == TRUE
        if self.facts.proves(condition):
            return True
        if self.facts.proves(negated(condition)):
            return False
        if not self.is_size(condition):
            self.refuse("a branch on an index of a loop", "write it as a condition around a write")
        answer = self._settle(condition)
        if answer is None:
            raise Split(condition)
        return answer

    def known(self, condition: Cond) -> bool:
        """Whether a condition on sizes is proved."""
        return self.facts.proves(condition) or self._settle(condition) is True

    def require(
        self, condition: Cond, kind: str, what: str, guard: Cond = TRUE, node: ast.AST | None = None,
        storage: Storage | None = None,
    ) -> None:  # fmt: skip
        """An obligation, unless a glance proves it."""
        if self.facts.proves(condition):
            return
        sometimes = self.guards or self.weights or not all(
            self.facts.nonnegative(frame.high - frame.low) for frame in self.frames
        )
        if kind == "fits" and sometimes:
            kind = "same"  # where this is not reached, nothing raises
        guard = both(*self.guards, guard)
        self.obligations.append(Obligation(condition, guard, kind, what, node or self.node, self.path, storage))

    def same_size(self, left: Int, right: Int, what: str, stretched: Sequence[Int] | None = None) -> None:
        """Both sizes are equal, or it is an obligation. stretched: the sizes that NumPy broadcasts where they are 1,
        None for both; it raises where the sizes differ otherwise."""
        if left == right or self.simplify(left) == self.simplify(right):
            return
        ones = [equal(size, 1) for size in ((left, right) if stretched is None else stretched)]
        self.require(joined("or", [equal(left, right), *ones]), "fits", what)
        if ones:
            self.require(equal(left, right), "same", what)

    @contextmanager
    def watched(self) -> Iterator[set[Storage]]:
        """What is read meanwhile."""
        seen: set[Storage] = set()
        self.reading.append(seen)
        try:
            yield seen
        finally:
            self.reading.pop()

    # -- arrays ----------------------------------------------------------------------------------------

    def make(self, axes: Axes, entry: Callable[[Index], Element], kind: str = "real") -> Array:
        """A new array with these entries."""
        sizes = tuple(factor for axis in axes for factor in axis)
        storage = Storage(sizes, lambda cell: entry(structured(cell, axes)), len(self.frames))
        return Array(axes, storage, flat, kind, whole=True)

    def count(self, array: Array) -> Int:
        """The number of entries; an axis of that many is made of the array's own factors."""
        factors = tuple(factor for axis in array.axes for factor in axis)
        number = product(factors)
        self.factors[number] = factors
        return number

    def axis(self, size: Int) -> Axis:
        """A new axis of this size."""
        return self.factors.get(size) or plain_axis(size)

    def scalar(self, element: Element, kind: str = "real") -> Array:
        """A number."""
        return self.make((), lambda index: element, kind)

    def snapshot(self, array: Array) -> Callable[[Index], Element]:
        """The entries as they are now; loops take note that they were read."""
        content, place = array.storage.content, array.place
        if self.reading:
            self.reading[-1].add(array.storage)
        frames = self.frames[array.storage.depth :]
        if frames:
            bound, index = self.box(array.axes)
            read = Read(bound, both(*self.guards), place(index), self.node)
            for frame in frames:
                frame.reads.setdefault(array.storage, []).append(read)
        return lambda index: content(place(index))

    def box(self, axes: Axes) -> tuple[Bound, Index]:
        """New symbols for every factor of the axes, with their ranges, and the index that they are."""
        bound: list[tuple[str, Int, Int]] = []
        index: list[tuple[Int, ...]] = []
        for axis in axes:
            symbols: list[Int] = []
            for size in axis:
                symbols.append(self.fresh("t", Int(), size - 1))
                bound.append((next(iter(symbols[-1].symbols)), Int(), size - 1))
            index.append(tuple(symbols))
        return tuple(bound), tuple(index)

    def fresh(self, name: str, low: Int, high: Int) -> Int:
        """A new index symbol."""
        return self.facts.fresh(name, low, high)

    def convert(self, index: tuple[Int, ...], have: tuple[Int, ...], want: tuple[Int, ...]) -> tuple[Int, ...]:
        """An index of one axis by other factors."""
        return converted(index, have, want, self.simplify)

    # -- definitions -----------------------------------------------------------------------------------

    def define(self, name: str, storage: Storage) -> None:
        """Give a storage's entries a name, so that what follows shows the name."""
        if self.frames:
            return
        bound, index = self.box(tuple((size,) for size in storage.sizes))
        cell = flat(index)
        body = storage.content(cell)
        if isinstance(body, Entry | Number | Poison) or constant(body) is not None:
            return
        if any(isinstance(part, Poison) for part in walk(body)):
            return
        if not storage.sizes and not any(isinstance(part, Entry) for part in walk(body)):
            return  # an expression in sizes stays one
        unique = self.name_for(name)
        line = getattr(self.node, "lineno", 0)
        symbols = tuple(symbol for symbol, _, _ in bound)
        self.definitions.append(Definition(unique, symbols, storage.sizes, body, line, self.path))
        storage.content = lambda place: Entry(unique, place)
        storage.name = unique

    def name_for(self, name: str) -> str:
        """The name itself, or with a number where it is taken; words of the claim language get an underscore."""
        stem = safe(name.partition("~")[0].strip("_") or "value")
        unique, number = stem, 1
        while unique in self.names:
            number += 1
            unique = f"{stem}_{number}"
        self.names.add(unique)
        return unique

    # -- writes ----------------------------------------------------------------------------------------

    def write(self, target: Array, value: Array, adds: bool) -> None:
        """target[...] = value, or += value: now, and in the loops around it."""
        if target.loose:
            self.refuse("a write into what may be a copy", "write into the array itself")
        if target.kind != "real" and value.kind == "real":
            self.refuse("real numbers are assigned to an array of integers", "an array of real numbers")
        entries = self.snapshot(value)
        value_at = self.fitted(value.axes, target.axes)
        bound, index = self.box(target.axes)
        element = entries(value_at(index))
        if self.guards:
            element = self.inside(element)
        weight = times(*self.weights)
        if target.choice is None:
            cell = target.place(index)
        else:
            cell, more, chosen = target.choice(index)
            bound, weight = (*bound, *more), times(weight, chosen)
        effect = Effect(bound, both(*self.guards), cell, element, adds, self.node, weight)
        storage = target.storage
        storage.sources |= {value.storage}.union(*self.reading)
        for frame in self.frames[storage.depth :]:
            frame.entry.setdefault(storage, storage.content)
        if self.frames[storage.depth :]:
            self.frames[-1].effects.setdefault(storage, []).append(effect)
        storage.content = self.applied(effect, storage.content)

    def inside(self, element: Element) -> Element:
        """The same value where its entries exist, with sums over places for entries that exist only under a guard."""
        if isinstance(element, Entry):
            return self._entry_inside(element)
        return rebuilt(element, self.inside, lambda part: part)

    def _entry_inside(self, entry: Entry) -> Element:
        bound: list[tuple[str, Int, Int]] = []
        index: list[Int] = []
        conditions: list[Cond] = []
        for place, size in zip(entry.index, self.sizes_of(entry.name), strict=True):
            if self.facts.nonnegative(place) and self.facts.nonnegative(size - 1 - place):
                index.append(place)
                continue
            symbol = self.fresh("t", Int(), size - 1)
            bound.append((next(iter(symbol.symbols)), Int(), size - 1))
            conditions.append(equal(place, symbol))
            index.append(symbol)
        return total(tuple(bound), times(iff(both(*conditions)), Entry(entry.name, tuple(index))))

    def sizes_of(self, name: str) -> tuple[Int, ...]:
        """The sizes of a tensor's or definition's factors."""
        known = next((one.sizes for one in self.definitions if one.name == name), None)
        return self.tensors[name] if known is None else known

    def fitted(self, axes: Axes, target: Axes) -> Callable[[Index], Index]:
        """The map from an index of the target to one of what is broadcast to it."""
        extra = len(axes) - len(target)
        if extra > 0 and any(axes[:extra]):
            self.refuse(f"a value of {len(axes)} axes is assigned to {len(target)}", "give both the same axes")
        if extra > 0 and not target:
            self.refuse("an array of one entry is assigned to an entry, which NumPy refuses", "its entry, as in a[0]")
        kept = axes[max(extra, 0) :]
        offset = len(target) - len(kept)
        for have, want in zip(kept, target[offset:], strict=True):
            if have and have != want:
                size = product(have)
                self.same_size(size, product(want), "the assigned value has the target's shape", [size])

        def back(index: Index) -> Index:
            found = [self.convert(part, want, have) if have else ()
                     for part, want, have in zip(index[offset:], target[offset:], kept, strict=True)]
            return (*((),) * max(extra, 0), *found)

        return back

    def applied(self, effect: Effect, content: Callable[[Cell], Element]) -> Callable[[Cell], Element]:
        """The entries after a write."""

        def entry(cell: Cell) -> Element:
            written = self._scattered(effect, cell, times(effect.weight, effect.value))
            if effect.adds:
                return plus(content(cell), written)
            covered = self._scattered(effect, cell, effect.weight)
            if constant(covered) == 1:
                return written
            before = content(cell)
            if before == ZERO:
                return written
            left = iff(negated(covered.condition)) if isinstance(covered, If) else plus(ONE, minus(covered))
            return plus(written, times(left, before))

        return entry

    def _scattered(self, effect: Effect, cell: Cell, value: Element) -> Element:
        """Σ over the bound indices of [cell == place, guard]·value, solved for indices where that is safe."""
        names: dict[str, Int] = {}
        bound: list[tuple[str, Int, Int]] = []
        for name, low, high in effect.bound:
            low, high = low.replaced(names), high.replaced(names)
            names[name] = self.fresh(name, low, high)
            bound.append((next(iter(names[name].symbols)), low, high))
        value = refreshed(replaced(value, names), self.fresh)
        guard = both(effect.guard, effect.order).replaced(names)
        equations = [part - at.replaced(names) for part, at in zip(cell, effect.place, strict=True)]
        equations = [part for one in equations for part in self.digits(one) if part.terms]
        conditions: list[Cond] = []
        at = 0
        while at < len(equations):
            solved = self._solved(equations[at], bound, value)
            if solved is None:
                at += 1
                continue
            name, solution, needed = solved
            values = {name: solution}
            bound = [(other, low.replaced(values), high.replaced(values))
                     for other, low, high in bound if other != name]
            for other, low, high in bound:
                self.facts.ranges[other] = (low, high)
            conditions = [one.replaced(values) for one in conditions] + needed
            equations = [one.replaced(values) for number, one in enumerate(equations) if number != at]
            equations = [one for one in equations if one.terms]
            guard, value = guard.replaced(values), replaced(value, values, self.simplify)
            at = 0
        everything = both(guard, *conditions, *[equal(one, 0) for one in equations])
        if self.facts.proves(everything):
            everything = TRUE
        return total(tuple(bound), times(iff(everything), value))

    def digits(self, equation: Int) -> list[Int]:
        """g·a + b == 0 with -g < b < g as a == 0 and b == 0, as often as that is seen."""
        sizes = [self.facts.ranges[name][1] + 1 for name in sorted(equation.symbols & self.facts.ranges.keys())]
        for size in dict.fromkeys(sizes):
            above, below = equation.divided(size)
            if size.constant is None and above.terms and below.terms and self.facts.nonnegative(
                size - 1 - below
            ) and self.facts.nonnegative(size - 1 + below):
                return [*self.digits(above), *self.digits(below)]
        return [equation]

    def _solved(
        self, equation: Int, bound: Sequence[tuple[str, Int, Int]], value: Element
    ) -> tuple[str, Int, list[Cond]] | None:
        """An index that the equation settles, its value, and what keeps that in range. A value whose entries need
        not exist outside the range is left as a sum over the index."""
        for name, low, high in bound:
            split = equation.coefficient(name)
            if split is None or split[0].constant not in (1, -1):
                continue
            solution = -split[1] if split[0].constant == 1 else split[1]
            needed = [one for one in (Cond(">=", solution - low), Cond(">=", high - solution))
                      if not self.facts.proves(one)]
            if needed and _depends(value, name):
                continue
            return name, solution, needed
        return None

    # -- loops -----------------------------------------------------------------------------------------

    @contextmanager
    def loop(self, symbol: str, low: Int, high: Int) -> Iterator[Frame]:
        """A loop over low..high whose body is read once."""
        frame = Frame(symbol, low, high)
        self.frames.append(frame)
        try:
            yield frame
        finally:
            self.frames.pop()
        self._close(frame)

    def _close(self, frame: Frame) -> None:
        inner = (frame.symbol, frame.low, frame.high)
        for storage, effects in frame.effects.items():
            effects = self._in_order(storage, frame, effects, frame.reads.get(storage, []))
            storage.content = frame.entry[storage]
            for effect in effects:
                whole_loop = replace(effect, bound=(inner, *effect.bound))
                storage.content = self.applied(whole_loop, storage.content)
                if self.frames[storage.depth :]:
                    self.frames[-1].effects.setdefault(storage, []).append(whole_loop)
        if not self.frames:
            before = self.node
            for storage, effects in frame.effects.items():
                self.node = effects[-1].node
                self.define(storage.name or "value", storage)
            self.node = before

    def _in_order(self, storage: Storage, frame: Frame, effects: list[Effect], reads: list[Read]) -> list[Effect]:
        """No turn reads what an earlier one wrote; writes of different turns that do not commute are of different
        places, or each counts where no later turn of the same write reaches its place."""
        found: list[Effect] = []
        for effect in effects:
            for read in reads:
                what = "no turn of the loop reads what an earlier turn wrote"
                self._apart(storage, frame, effect, read, what, read.node)
        for at, effect in enumerate(effects):
            for other in effects[at + 1 :]:
                if not (effect.adds and other.adds):
                    what = "writes of different turns reach different places"
                    self._apart(storage, frame, other, effect, what, other.node)
            found.append(effect if effect.adds else self._once(storage, frame, effect))
        return found

    def _once(self, storage: Storage, frame: Frame, effect: Effect) -> Effect:
        """An `=` of which each place counts once."""
        apart = self._different(frame, effect, effect)
        if apart is None:
            return effect
        guard = both(*self.guards, apart[1])
        alone = len(frame.effects[storage]) == 1
        if alone and (self._prove is None or not self._prove(self.facts, apart[0], guard)):
            last = last_turn(self.facts, frame.symbol, frame.high, effect)
            if last is not None:
                return replace(effect, order=both(effect.order, last))
        self.require(apart[0], "same", "`=` reaches each place once", apart[1], effect.node, storage)
        return effect

    def _apart(
        self, storage: Storage, frame: Frame, earlier: Effect | Read, later: Effect | Read, what: str, node: ast.AST
    ) -> None:
        """An obligation that what `earlier` touches in a turn is not what `later` touches in a turn after it."""
        apart = self._different(frame, earlier, later)
        if apart is not None:
            self.require(apart[0], "same", what, apart[1], node, storage)

    def _different(self, frame: Frame, earlier: Effect | Read, later: Effect | Read) -> tuple[Cond, Cond] | None:
        """The condition, and where it must hold; None where a glance proves it."""
        symbol = frame.symbol
        before = self.fresh(symbol, frame.low, Int.symbol(symbol) - 1)
        gap = self.fresh("gap", Int(), frame.high - frame.low)
        names: dict[str, Int] = {symbol: before}
        for name, low, high in earlier.bound:
            names[name] = self.fresh(name, low.replaced(names), high.replaced(names))
        pairs = [(left.replaced(names), right) for left, right in zip(earlier.place, later.place, strict=True)]
        # the later turn, as the earlier and a gap
        after = {symbol: before + 1 + gap}
        for left, right in pairs:
            difference = right.replaced(after) - left
            if self.facts.nonnegative(difference - 1) or self.facts.nonnegative(-difference - 1):
                return None
        differs = joined("or", [negated(equal(left, right)) for left, right in pairs])
        return None if self.facts.proves(differs) else (differs, both(earlier.guard.replaced(names), later.guard))


def _depends(value: Element, name: str) -> bool:
    """Whether an entry, or what may not exist, has the index in it."""
    partial = (Entry, Over, Power, Function, Top, TopPlace, Data, Chosen)
    return any(isinstance(part, partial) and name in symbols_of(part) for part in walk(value))
