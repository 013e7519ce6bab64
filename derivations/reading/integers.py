"""Symbolic integers of a reading: polynomials in sizes and indices over floor quotients and remainders; conditions.

Why: shapes, loop bounds and subscripts of code are integer expressions in sizes that nobody has chosen.
Law: two integers that are equal as objects are equal at all sizes; every rewriting is an equality wherever divisors are
not 0. What it cannot see: an inequality; `facts` and the kernel decide those.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Union

Atom = Union[str, "Quotient", "Least"]
Monomial = tuple[Atom, ...]


@dataclass(frozen=True)
class Quotient:
    """The atom over // under (word "//") or over % under (word "%")."""

    word: str
    over: Int
    under: Int


@dataclass(frozen=True)
class Least:
    """The atom min(left, right), or max(left, right)."""

    word: str
    left: Int
    right: Int


def _rank(atom: Atom) -> tuple[int, str]:
    return (0, atom) if isinstance(atom, str) else (1, _written(atom))


@lru_cache(maxsize=4096)
def _written(atom: Quotient | Least) -> str:
    return repr(atom)


def _order(term: tuple[Monomial, int]) -> tuple[int, list[tuple[int, str]]]:
    """Terms of many factors first, then by their atoms."""
    return -len(term[0]), [_rank(atom) for atom in term[0]]


@dataclass(frozen=True)
class Int:
    """A polynomial with integer coefficients: ((monomial, coefficient), …) in a fixed order.

    >>> n, s = Int.symbol("n"), Int.symbol("s")
    >>> str((n*s + s - 1) // s), str((n + 1)*2 % 2)
    ('n + ((-1)//s) + 1', '0')
    """

    terms: tuple[tuple[Monomial, int], ...] = ()

    @staticmethod
    def of(value: int | Int) -> Int:
        """An int as an Int."""
        return value if isinstance(value, Int) else Int((((), value),) if value else ())

    @staticmethod
    def symbol(name: Atom) -> Int:
        """One atom."""
        return Int((((name,), 1),))

    @staticmethod
    def _from(found: Mapping[Monomial, int]) -> Int:
        kept = [(monomial, factor) for monomial, factor in found.items() if factor]
        return Int(tuple(sorted(kept, key=_order) if len(kept) > 1 else kept))

    def __hash__(self) -> int:
        return self._hash

    @cached_property
    def _hash(self) -> int:
        return hash(self.terms)

    @cached_property
    def constant(self) -> int | None:
        """Its value where it has no atoms."""
        if not self.terms:
            return 0
        return self.terms[0][1] if len(self.terms) == 1 and not self.terms[0][0] else None

    def __add__(self, other: int | Int) -> Int:
        other = Int.of(other)
        if not other.terms:
            return self
        found = dict(self.terms)
        for monomial, factor in other.terms:
            found[monomial] = found.get(monomial, 0) + factor
        return Int._from(found)

    def __neg__(self) -> Int:
        return Int(tuple((monomial, -factor) for monomial, factor in self.terms))

    def __sub__(self, other: int | Int) -> Int:
        return self + -Int.of(other)

    def __rsub__(self, other: int) -> Int:
        return Int.of(other) - self

    def __mul__(self, other: int | Int) -> Int:
        other = Int.of(other)
        if other.constant == 1:
            return self
        if self.constant == 1:
            return other
        found: dict[Monomial, int] = {}
        for left, p in self.terms:
            for right, q in other.terms:
                monomial = tuple(sorted((*left, *right), key=_rank)) if left and right else left or right
                found[monomial] = found.get(monomial, 0) + p * q
        return Int._from(found)

    __radd__, __rmul__ = __add__, __mul__

    def divided(self, divisor: Int) -> tuple[Int, Int]:
        """(q, r) with self = q·divisor + r, as much in q as polynomial division by the leading term yields."""
        if not divisor.terms:
            return Int(), self
        lead, factor = divisor.terms[0]
        quotient, left, rest = Int(), self, Int()
        while left.terms:
            monomial, coefficient = left.terms[0]
            part = _without(monomial, lead)
            whole = _towards_zero(coefficient, factor)
            if part is not None and whole:
                step = Int(((part, whole),))
                quotient, left = quotient + step, left - step * divisor
                if left.terms and left.terms[0][0] == monomial:
                    rest, left = rest + Int(left.terms[:1]), Int(left.terms[1:])
            else:
                rest, left = rest + Int(left.terms[:1]), Int(left.terms[1:])
        return quotient, rest

    def over(self, divisor: Int) -> Int | None:
        """self / divisor where that is a polynomial, else None."""
        quotient, rest = self.divided(divisor)
        return quotient if not rest.terms and divisor.terms else None

    def __floordiv__(self, other: int | Int) -> Int:
        under = Int.of(other)
        whole, rest = self.divided(under)
        if not rest.terms:
            return whole
        if rest.constant is not None and under.constant:
            return whole + Int.of(rest.constant // under.constant)
        return whole + Int.symbol(Quotient("//", rest, under))

    def __mod__(self, other: int | Int) -> Int:
        under = Int.of(other)
        _, rest = self.divided(under)
        if not rest.terms:
            return Int()
        if rest.constant is not None and under.constant:
            return Int.of(rest.constant % under.constant)
        return Int.symbol(Quotient("%", rest, under))

    @cached_property
    def symbols(self) -> frozenset[str]:
        """The names in it, those inside quotients too."""
        found: set[str] = set()
        for monomial, _ in self.terms:
            for atom in monomial:
                if isinstance(atom, str):
                    found.add(atom)
                elif isinstance(atom, Quotient):
                    found |= atom.over.symbols | atom.under.symbols
                else:
                    found |= atom.left.symbols | atom.right.symbols
        return frozenset(found)

    def replaced(self, values: Mapping[str, Int]) -> Int:
        """With integers for names."""
        if not self.symbols.intersection(values):
            return self
        return self.mapped(lambda atom: values.get(atom, Int.symbol(atom)) if isinstance(atom, str) else
                           _atom_with(atom, lambda inner: inner.replaced(values)))

    def mapped(self, change: Callable[[Atom], Int]) -> Int:
        """With an integer for each atom."""
        found: dict[Monomial, int] = {}
        for monomial, factor in self.terms:
            product = Int.of(1)
            for atom in monomial:
                product = product * change(atom)
            for part, number in product.terms:
                found[part] = found.get(part, 0) + factor * number
        return Int._from(found)

    def coefficient(self, name: str) -> tuple[Int, Int] | None:
        """(c, r) with self = c·name + r and name in neither; None where it is not linear in the name."""
        factor: dict[Monomial, int] = {}
        rest: dict[Monomial, int] = {}
        for monomial, number in self.terms:
            where = [at for at, atom in enumerate(monomial) if atom == name]
            if len(where) > 1:
                return None
            if where:
                factor[monomial[: where[0]] + monomial[where[0] + 1 :]] = number
            else:
                rest[monomial] = number
        c, r = Int._from(factor), Int._from(rest)
        return None if name in c.symbols or name in r.symbols else (c, r)

    def factors(self) -> list[Int]:
        """The atoms whose product it is; itself alone where it is no such product."""
        if len(self.terms) == 1 and self.terms[0][1] == 1:
            return [Int.symbol(atom) for atom in self.terms[0][0]]
        return [self]

    def atoms(self) -> Iterator[Atom]:
        """The atoms of its monomials."""
        for monomial, _ in self.terms:
            yield from monomial

    def __str__(self) -> str:
        return text(self)


def _towards_zero(over: int, under: int) -> int:
    """The quotient without its fraction: -1 by 2 is 0, so that no term grows where nothing divides."""
    return abs(over) // abs(under) * (1 if (over < 0) == (under < 0) else -1)


def _without(monomial: Monomial, lead: Monomial) -> Monomial | None:
    left = list(monomial)
    for atom in lead:
        if atom not in left:
            return None
        left.remove(atom)
    return tuple(left)


def _atom_with(atom: Atom, change: Callable[[Int], Int]) -> Int:
    if isinstance(atom, Quotient):
        over, under = change(atom.over), change(atom.under)
        return over // under if atom.word == "//" else over % under
    assert isinstance(atom, Least)
    return least(atom.word, change(atom.left), change(atom.right))


def least(word: str, left: Int, right: Int) -> Int:
    """min or max of two."""
    difference = (left - right).constant
    if difference is not None:
        return left if (difference <= 0) == (word == "min") else right
    return Int.symbol(Least(word, left, right))


def product(sizes: tuple[Int, ...] | list[Int]) -> Int:
    """The product of these."""
    total = Int.of(1)
    for size in sizes:
        total = total * size
    return total


def text(value: Int, names: Mapping[str, str] | None = None) -> str:
    """In the claim language, with other names for symbols."""
    if not value.terms:
        return "0"
    parts: list[str] = []
    for monomial, factor in value.terms:
        words = [_atom_text(atom, names or {}) for atom in monomial]
        if abs(factor) != 1 or not words:
            words.insert(0, str(abs(factor)))
        sign = "-" if factor < 0 else "+"
        parts.append(f"{sign} {'*'.join(words)}")
    positive = next((at for at, part in enumerate(parts) if part[0] == "+"), 0)
    parts.insert(0, parts.pop(positive))
    joined = " ".join(parts)
    return joined[2:] if joined[0] == "+" else f"-{joined[2:]}"


def _atom_text(atom: Atom, names: Mapping[str, str]) -> str:
    if isinstance(atom, str):
        return names.get(atom, atom)
    if isinstance(atom, Quotient):
        return f"({_bracketed(atom.over, names)}{atom.word}{_bracketed(atom.under, names)})"
    return f"{atom.word}({text(atom.left, names)}, {text(atom.right, names)})"


def _bracketed(value: Int, names: Mapping[str, str]) -> str:
    shown = text(value, names)
    single = len(value.terms) == 1 and (value.constant or 0) >= 0 and len(value.terms[0][0]) < 2
    return shown if single and (value.constant is not None or value.terms[0][1] == 1) else f"({shown})"


# -- conditions ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Cond:
    """A condition on integers: word ">=" or "==" (value against 0), or "and", "or", "not" of parts."""

    word: str
    value: Int = Int()
    parts: tuple[Cond, ...] = ()

    @cached_property
    def symbols(self) -> frozenset[str]:
        """The names in it."""
        return self.value.symbols.union(*[part.symbols for part in self.parts])

    def replaced(self, values: Mapping[str, Int]) -> Cond:
        """With integers for names."""
        if not self.symbols.intersection(values):
            return self
        if self.word in (">=", "=="):
            return compared(self.word, self.value.replaced(values))
        parts = [part.replaced(values) for part in self.parts]
        return negated(parts[0]) if self.word == "not" else joined(self.word, parts)

    def holds(self, sizes: Mapping[str, int]) -> bool:
        """At numbers."""
        if self.word in (">=", "=="):
            value = evaluated(self.value, sizes)
            return value >= 0 if self.word == ">=" else value == 0
        if self.word == "not":
            return not self.parts[0].holds(sizes)
        return (all if self.word == "and" else any)(part.holds(sizes) for part in self.parts)

    def __str__(self) -> str:
        return condition_text(self)


TRUE, FALSE = Cond("and"), Cond("or")


def compared(word: str, value: Int) -> Cond:
    """value >= 0 or value == 0."""
    if value.constant is not None:
        return TRUE if (value.constant >= 0 if word == ">=" else value.constant == 0) else FALSE
    if word == "==" and value.terms[0][1] < 0:
        value = -value
    return Cond(word, value)


def at_least(left: Int | int, right: Int | int) -> Cond:
    """left >= right."""
    return compared(">=", Int.of(left) - right)


def equal(left: Int | int, right: Int | int) -> Cond:
    """left == right."""
    return compared("==", Int.of(left) - right)


def joined(word: str, parts: list[Cond] | tuple[Cond, ...]) -> Cond:
    """All ("and") or some ("or") of the parts."""
    neutral, absorbing = (TRUE, FALSE) if word == "and" else (FALSE, TRUE)
    flat: list[Cond] = []
    for part in parts:
        flat += part.parts if part.word == word else [part]
    kept = list(dict.fromkeys(part for part in flat if part != neutral))
    if absorbing in kept:
        return absorbing
    return kept[0] if len(kept) == 1 else Cond(word, Int(), tuple(kept))


def both(*parts: Cond) -> Cond:
    """All of the parts."""
    return joined("and", parts)


def negated(condition: Cond) -> Cond:
    """Its negation."""
    if condition.word == ">=":
        return compared(">=", -condition.value - 1)
    if condition.word == "not":
        return condition.parts[0]
    if condition.word in ("and", "or"):
        other = "or" if condition.word == "and" else "and"
        return joined(other, [negated(part) for part in condition.parts])
    return Cond("not", Int(), (condition,))


def condition_text(condition: Cond, names: Mapping[str, str] | None = None) -> str:
    """In the claim language."""
    if condition.word in (">=", "=="):
        positive = Int._from({m: f for m, f in condition.value.terms if f > 0})
        negative = -(condition.value - positive)
        left, right = text(positive, names), text(negative, names)
        return f"{right} <= {left}" if condition.word == ">=" and positive.constant is not None \
            else f"{left} {condition.word} {right}"
    if condition.word == "not":
        part = condition.parts[0]
        if part.word == "==":
            return condition_text(part, names).replace(" == ", " != ")
        return f"not ({condition_text(part, names)})"
    if not condition.parts:
        return "0 == 0" if condition.word == "and" else "0 == 1"
    shown = [condition_text(part, names) for part in condition.parts]
    return f" {condition.word} ".join(f"({one})" if part.parts and part.word != "not" else one
                                      for one, part in zip(shown, condition.parts, strict=True))


def evaluated(value: Int, sizes: Mapping[str, int]) -> int:
    """At numbers; ZeroDivisionError where a divisor is 0."""
    total = 0
    for monomial, factor in value.terms:
        for atom in monomial:
            if isinstance(atom, str):
                factor *= sizes[atom]
            elif isinstance(atom, Quotient):
                over, under = evaluated(atom.over, sizes), evaluated(atom.under, sizes)
                factor *= over // under if atom.word == "//" else over % under
            else:
                pair = evaluated(atom.left, sizes), evaluated(atom.right, sizes)
                factor *= min(pair) if atom.word == "min" else max(pair)
        total += factor
    return total
