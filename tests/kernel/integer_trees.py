"""Random integer expressions with a meaning of their own: trees that Python evaluates and the kernel normalises."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from derivations.core import terms as k
from derivations.core.terms import Condition, Int

SIZES = ("s", "t")  # at least 1, so that they may divide
OTHERS = ("a", "b", "c")
Values = dict[str, int]


@dataclass(frozen=True)
class Tree:
    """An operator with its operands: numbers, names or trees."""

    operator: str
    parts: tuple[Any, ...]

    def value(self, values: Mapping[str, int]) -> int:
        if self.operator == "number":
            return int(self.parts[0])
        if self.operator == "name":
            return values[self.parts[0]]
        p, q = (part.value(values) for part in self.parts)
        return int(_PYTHON[self.operator](p, q))

    def term(self) -> Int:
        if self.operator == "number":
            return Int.of(self.parts[0])
        if self.operator == "name":
            return Int.symbol(self.parts[0])
        p, q = (part.term() for part in self.parts)
        return _KERNEL[self.operator](p, q)


_PYTHON: dict[str, Any] = {
    "+": lambda p, q: p + q,
    "-": lambda p, q: p - q,
    "*": lambda p, q: p * q,
    "//": lambda p, q: p // q,
    "%": lambda p, q: p % q,
    "min": min,
    "max": max,
}
_KERNEL: dict[str, Any] = {**_PYTHON, "min": k.least, "max": k.greatest}

numbers = st.integers(-6, 6).map(lambda n: Tree("number", (n,)))
sizes = st.sampled_from(SIZES).map(lambda n: Tree("name", (n,)))
names = st.sampled_from((*SIZES, *OTHERS)).map(lambda n: Tree("name", (n,)))
divisors = st.one_of(
    st.integers(1, 4).map(lambda n: Tree("number", (n,))), sizes, st.tuples(sizes, sizes).map(lambda p: Tree("*", p))
)


def _grown(inner: st.SearchStrategy[Tree]) -> st.SearchStrategy[Tree]:
    both = st.tuples(inner, inner)
    return st.one_of(
        st.tuples(st.sampled_from(("+", "-", "*", "min", "max")), both).map(lambda p: Tree(*p)),
        st.tuples(st.sampled_from(("//", "%")), st.tuples(inner, divisors)).map(lambda p: Tree(*p)),
    )


trees = st.recursive(st.one_of(numbers, names), _grown, max_leaves=6)
values = st.fixed_dictionaries({**dict.fromkeys(SIZES, st.integers(1, 4)), **dict.fromkeys(OTHERS, st.integers(-7, 7))})


@dataclass(frozen=True)
class Claimed:
    """A condition as the kernel has it, and as Python evaluates it."""

    operator: str
    parts: tuple[Any, ...]

    def holds(self, at: Mapping[str, int]) -> bool:
        if self.operator == "==":
            return bool(self.parts[0].value(at) == self.parts[1].value(at))
        if self.operator == "<=":
            return bool(self.parts[0].value(at) <= self.parts[1].value(at))
        found = [part.holds(at) for part in self.parts]
        return {"and": all, "or": any, "not": lambda f: not f[0]}[self.operator](found)

    def condition(self) -> Condition:
        if self.operator == "==":
            return k.equal(self.parts[0].term(), self.parts[1].term())
        if self.operator == "<=":
            return k.at_most(self.parts[0].term(), self.parts[1].term())
        parts = [part.condition() for part in self.parts]
        return {"and": k.all_of, "or": k.any_of, "not": lambda p: k.negate(p[0])}[self.operator](parts)


def conditions(inner: st.SearchStrategy[Tree] = trees) -> st.SearchStrategy[Claimed]:
    """Conditions over trees."""
    simple = st.tuples(st.sampled_from(("==", "<=")), st.tuples(inner, inner)).map(lambda p: Claimed(*p))
    return st.recursive(
        simple,
        lambda part: st.one_of(
            st.tuples(st.sampled_from(("and", "or")), st.lists(part, min_size=1, max_size=3).map(tuple)).map(
                lambda p: Claimed(*p)
            ),
            part.map(lambda one: Claimed("not", (one,))),
        ),
        max_leaves=4,
    )


def _affine(inner: st.SearchStrategy[Tree]) -> st.SearchStrategy[Tree]:
    both = st.tuples(inner, inner)
    number = st.integers(1, 4).map(lambda n: Tree("number", (n,)))
    return st.one_of(
        st.tuples(st.sampled_from(("+", "-", "min", "max")), both).map(lambda p: Tree(*p)),
        st.tuples(st.sampled_from(("//", "%", "*")), st.tuples(inner, number)).map(lambda p: Tree(*p)),
    )


affine_trees = st.recursive(st.one_of(numbers, names), _affine, max_leaves=4)
