"""What is known of sizes and indices while code is read: bounds, conditions, ranges; a quick prover of inequalities.

Law: `proves` and `simplify` say only what holds at all sizes that the facts admit. What they cannot tell is asked of
the kernel (`obligations`), or split into cases by the driver; nothing is supposed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from derivations.reading.integers import Cond, Int, Least, Quotient, least

# how often a fact may be subtracted from an inequality before the quick prover gives up
DEPTH = 3
# terms of an inequality beyond which the quick prover leaves it to the kernel
LARGEST = 24


@dataclass
class Facts:
    """dims with their least values; conditions on them; index symbols with their first and last value."""

    dims: dict[str, int] = field(default_factory=dict)
    conditions: list[Cond] = field(default_factory=list)
    ranges: dict[str, tuple[Int, Int]] = field(default_factory=dict)
    _count: int = 0
    _known: dict[tuple[Int, int], bool] = field(default_factory=dict)

    def fresh(self, name: str, low: Int | int, high: Int | int) -> Int:
        """A new index symbol that runs over low..high."""
        self._count += 1
        symbol = f"{name.partition('~')[0]}~{self._count}"
        self.ranges[symbol] = (Int.of(low), Int.of(high))
        return Int.symbol(symbol)

    # -- the quick prover ------------------------------------------------------------------------------

    def proves(self, condition: Cond) -> bool:
        """Whether a glance can tell that it holds everywhere."""
        if condition.word == ">=":
            return self.nonnegative(condition.value)
        if condition.word == "==":
            return not condition.value.terms
        if condition.word == "and":
            return all(map(self.proves, condition.parts))
        if condition.word == "or":
            return any(map(self.proves, condition.parts))
        inner = condition.parts[0]
        return inner.word == "==" and (self.nonnegative(inner.value - 1) or self.nonnegative(-inner.value - 1))

    def nonnegative(self, value: Int, depth: int = DEPTH) -> bool:
        """Whether a glance can tell that value >= 0."""
        if value.constant is not None:
            return value.constant >= 0
        if len(value.terms) > LARGEST:
            return False
        key = (value, depth)
        if key not in self._known:
            self._known[key] = False  # while it is looked at
            self._known[key] = self._nonnegative(value, depth)
        return self._known[key]

    def _nonnegative(self, value: Int, depth: int) -> bool:
        value = self._at_worst(value)
        if self._all_positive(value):
            return True
        if depth == 0:
            return False
        return any(self.nonnegative(value - known, depth - 1) for known in self._helpful(value))

    def _at_worst(self, value: Int) -> Int:
        """The least it can be over the ranges of its indices, innermost first."""
        for symbol in sorted(value.symbols & self.ranges.keys(), key=lambda name: -int(name.partition("~")[2])):
            split = value.coefficient(symbol)
            if split is None or not split[0].terms:
                continue
            factor, rest = split
            low, high = self.ranges[symbol]
            if self.nonnegative(factor, 1):
                value = rest + factor * low
            elif self.nonnegative(-factor, 1):
                value = rest + factor * high
        return value

    def _all_positive(self, value: Int) -> bool:
        """Whether every coefficient is positive once each size is its least value and something more."""
        shifted = value.mapped(lambda atom: Int.symbol(atom) + self._least(atom))
        return all(factor > 0 for _, factor in shifted.terms) and all(
            self._least(atom) is not None and self._known_positive(atom) for atom in shifted.atoms()
        )

    def _least(self, atom: object) -> int:
        return self.dims.get(atom, 0) if isinstance(atom, str) else 0

    def _known_positive(self, atom: object) -> bool:
        """Whether an atom, less its least value, is at least 0."""
        if isinstance(atom, str):
            return atom in self.dims or (atom in self.ranges and self.nonnegative(self.ranges[atom][0], 1))
        if isinstance(atom, Quotient):
            return self.nonnegative(atom.under - 1, 1) and (atom.word == "%" or self.nonnegative(atom.over, 1))
        assert isinstance(atom, Least)
        found = [self.nonnegative(part, 1) for part in (atom.left, atom.right)]
        return all(found) if atom.word == "min" else any(found)

    def _helpful(self, value: Int) -> Iterable[Int]:
        """Integers known to be at least 0 that share something with the value's negative terms."""
        negative = {atom for monomial, factor in value.terms if factor < 0 for atom in monomial}
        for condition in self._conjuncts():
            if condition.word == ">=" and any(
                factor < 0 and set(monomial) & negative for monomial, factor in condition.value.terms
            ):
                yield condition.value
            if condition.word == "==":
                yield condition.value
                yield -condition.value
        for atom in dict.fromkeys(value.atoms()):
            if isinstance(atom, Quotient) and self.nonnegative(atom.under - 1, 1):
                this = Int.symbol(atom)
                if atom.word == "//":
                    yield atom.over - atom.under * this
                    yield atom.under * this + atom.under - 1 - atom.over
                else:
                    yield atom.under - 1 - this
            if isinstance(atom, Least):
                this = Int.symbol(atom)
                sign = 1 if atom.word == "min" else -1
                yield (atom.left - this) * sign
                yield (atom.right - this) * sign

    def _conjuncts(self) -> Iterable[Cond]:
        for condition in self.conditions:
            yield from condition.parts if condition.word == "and" else (condition,)

    # -- simplification --------------------------------------------------------------------------------

    def simplify(self, value: Int) -> Int:
        """An equal integer with fewer quotients, where a glance can tell."""
        if all(isinstance(atom, str) for atom in value.atoms()):
            return value
        return value.mapped(self._simpler)

    def _simpler(self, atom: object) -> Int:
        if isinstance(atom, str):
            return Int.symbol(atom)
        if isinstance(atom, Least):
            left, right = self.simplify(atom.left), self.simplify(atom.right)
            if self.nonnegative(right - left):
                return left if atom.word == "min" else right
            if self.nonnegative(left - right):
                return right if atom.word == "min" else left
            return least(atom.word, left, right)
        assert isinstance(atom, Quotient)
        over, under = self.simplify(atom.over), self.simplify(atom.under)
        whole, rest = over.divided(under)
        for shift in (0, -1, 1):
            inside = rest - under * shift
            if self.nonnegative(inside) and self.nonnegative(under - 1 - inside):
                return whole + shift if atom.word == "//" else inside
        return whole + rest // under if atom.word == "//" else rest % under

    def range_of(self, symbols: Iterable[str]) -> dict[str, tuple[Int, Int]]:
        """The ranges of these indices and of those that they depend on, outer ones first."""
        found: dict[str, tuple[Int, Int]] = {}
        pending = [name for name in symbols if name in self.ranges]
        while pending:
            name = pending.pop()
            if name in found:
                continue
            low, high = self.ranges[name]
            found[name] = (low, high)
            pending += [other for other in low.symbols | high.symbols if other in self.ranges]
        return dict(sorted(found.items(), key=lambda item: int(item[0].partition("~")[2])))
