"""A reading as text of the claim language: its context, its claims, its obligations.

Law: what is written is what was read, one definition for each named array, with the line of code beside it. Names of
the code that are words of the language get an underscore; indices get letters that nothing else is called.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction

from derivations.language.scope import RESERVED
from derivations.reading.elements import (
    Data,
    Element,
    Entry,
    Function,
    If,
    Number,
    Over,
    Plus,
    Poison,
    Power,
    Sum,
    Times,
    Top,
    TopPlace,
    Whole,
)
from derivations.reading.integers import Cond, Int, condition_text, text
from derivations.reading.records import Definition, Refused

LETTERS = tuple("ijkluvrqabcghmnopstwxyz")
SUM, PRODUCT, POWER, ATOM = 1, 2, 3, 4


class Names:
    """Letters for index symbols, in one definition."""

    def __init__(self, taken: Iterable[str]) -> None:
        self.taken = set(taken) | RESERVED
        self.shown: dict[str, str] = {}

    def letter(self, symbol: str) -> str:
        """The letter of a symbol: its stem if that is free, else another."""
        if symbol not in self.shown:
            stem = symbol.partition("~")[0]
            candidates = ([stem] if stem not in ("t", "gap") else []) + list(LETTERS)
            free = next((one for one in candidates if one not in self.taken), None)
            number = 1
            while free is None or free in self.taken:
                number += 1
                free = f"{stem}{number}" if f"{stem}{number}" not in self.taken else None
            self.taken.add(free)
            self.shown[symbol] = free
        return self.shown[symbol]


class Writer:
    """Writes elements; `names` are all names that indices must not take."""

    def __init__(self, names: Iterable[str]) -> None:
        self.taken = set(names)

    def element(self, element: Element, names: Names, level: int = SUM) -> str:
        """The text, in brackets where it binds weaker than the level."""
        shown, binds = self._shown(element, names)
        return shown if binds >= level else f"({shown})"

    def integer(self, value: Int, names: Names) -> str:
        """An integer's text."""
        for symbol in sorted(value.symbols):
            if "~" in symbol:
                names.letter(symbol)
        return text(value, names.shown)

    def condition(self, condition: Cond, names: Names) -> str:
        """A condition's text."""
        for symbol in sorted(condition.symbols):
            if "~" in symbol:
                names.letter(symbol)
        return condition_text(condition, names.shown)

    def ranges(self, bound: Sequence[tuple[str, Int, Int]], names: Names) -> str:
        """`i in 0..n - 1, …`"""
        parts = []
        for symbol, low, high in bound:
            ends = self.integer(low, names), self.integer(high, names)
            parts.append(f"{names.letter(symbol)} in {ends[0]}..{ends[1]}")
        return ", ".join(parts)

    def _shown(self, element: Element, names: Names) -> tuple[str, int]:
        if isinstance(element, Number):
            return _number(element.value)
        if isinstance(element, Whole):
            shown = self.integer(element.value, names)
            return shown, ATOM if shown.isalnum() else SUM
        if isinstance(element, Entry):
            index = ", ".join(self.integer(part, names) for part in element.index)
            return (f"{element.name}[{index}]" if element.index else element.name), ATOM
        if isinstance(element, If):
            parts = element.condition.parts if element.condition.word == "and" else (element.condition,)
            return f"[{', '.join(self.condition(part, names) for part in parts)}]", ATOM
        if isinstance(element, Data):
            return f"[{self.element(element.left, names)} {element.word} {self.element(element.right, names)}]", ATOM
        if isinstance(element, Function):
            return f"{element.name}({self.element(element.of, names)})", ATOM
        if isinstance(element, Plus | Times | Over | Power):
            return self._operation(element, names)
        return self._over_indices(element, names), ATOM

    def _operation(self, element: Plus | Times | Over | Power, names: Names) -> tuple[str, int]:
        if isinstance(element, Plus):
            parts = [self.element(part, names, PRODUCT) for part in element.parts]
            joined = " + ".join(f"({one})" if at and one.startswith("-") else one for at, one in enumerate(parts))
            return joined.replace("+ (-1)*", "- "), SUM
        if isinstance(element, Times):
            return "*".join(self.element(part, names, POWER) for part in element.parts), PRODUCT
        if isinstance(element, Over):
            return f"{self.element(element.left, names, PRODUCT)}/{self.element(element.right, names, POWER)}", PRODUCT
        return f"{self.element(element.left, names, ATOM)}**{self.element(element.right, names, ATOM)}", POWER

    def _over_indices(self, element: Element, names: Names) -> str:
        if isinstance(element, Poison):
            raise Refused(element.reason, "assign every entry, or start from np.zeros")
        if not isinstance(element, Sum | Top | TopPlace):
            raise Refused("the place of a maximum as a number", "use it as a subscript, or compare it with arange")
        ranges = self.ranges(element.bound, names)
        body = self.element(element.body, names)
        if isinstance(element, Sum):
            return f"sum[{ranges}]({body})"
        entries = f"entries[{ranges}]({body})"
        if isinstance(element, Top):
            return f"max({entries})"
        rank = len(element.bound)
        if rank > 2:
            raise Refused("the place of a maximum over more than two axes", "windows of one or two axes")
        sizes = [self.integer(high - low + 1, names) for _, low, high in element.bound]
        window = sizes[0] if rank == 1 else f"({', '.join(sizes)})"
        place = ", ".join(self.integer(part, names) for part in element.place)
        one = "[1]" if rank == 1 else "[[1]]"
        return f"max_unpool({one}, {entries}, {window})[{place}]"

    def entries(self, definition: Definition) -> str:
        """The formula of a named array, without its name."""
        name, _, body = self.definition(definition).partition(" = ")
        return f"entries{name[len(definition.name) :]}({body})" if definition.indices else body

    def definition(self, definition: Definition) -> str:
        """The statement that defines a named array."""
        names = Names(self.taken)
        bound = [(symbol, Int(), size - 1) for symbol, size in zip(definition.indices, definition.sizes, strict=True)]
        head = f"{definition.name}[{self.ranges(bound, names)}]" if bound else definition.name
        return f"{head} = {self.element(definition.body, names)}"


def _number(value: Fraction) -> tuple[str, int]:
    if value.denominator == 1:
        return (str(value), ATOM) if value >= 0 else (f"({value})", ATOM)
    return f"({value.numerator}/{value.denominator})", ATOM


def dims_line(dims: Mapping[str, int], conditions: Iterable[Cond]) -> str:
    """`dims N, p >= 0 where …`"""
    shown = ", ".join(name if low == 1 else f"{name} >= {low}" for name, low in dims.items())
    kept = [one for one in dict.fromkeys(conditions) if not _is_bound(one, dims)]
    where = ", ".join(condition_text(one) if not one.parts or one.word == "and" else f"({condition_text(one)})"
                      for one in kept)
    return f"dims {shown}" + (f" where {where}" if where else "")


def _is_bound(condition: Cond, dims: Mapping[str, int]) -> bool:
    """Whether a condition is what the dims say anyway."""
    value = condition.value
    names = [monomial for monomial, _ in value.terms if monomial]
    if condition.word != ">=" or len(names) != 1 or len(names[0]) != 1 or not isinstance(names[0][0], str):
        return False
    factor = dict(value.terms)[names[0]]
    constant = dict(value.terms).get((), 0)
    return factor == 1 and dims.get(names[0][0], 0) >= -constant
