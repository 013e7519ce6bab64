"""Integer terms and conditions: the kernel's own small language, with no other library in it.

An `Int` is a polynomial with integer coefficients over generators: symbols (sizes, parameters, indices), quotients
`p // q`, minima and maxima. It is always in normal form, so equal polynomials are equal objects. Remainders do not
exist: `p % q` is `p - q*(p // q)`, which gives every `//` and `%` of the same pair one shared quotient.

Law: every rewriting here is an equivalence for all integers with q >= 1 in every quotient. That divisors are positive
is the obligation of whoever builds a quotient (lowering states it as an existence condition).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from math import gcd


class _Hashed:
    """Remembers its hash: terms and conditions are looked up far more often than they are made."""

    __slots__ = ("_hash",)
    _hash: int

    def __hash__(self) -> int:
        try:
            return self._hash
        except AttributeError:
            value = hash((type(self).__name__, *[getattr(self, name) for name in self.__match_args__]))  # type: ignore[attr-defined]
            object.__setattr__(self, "_hash", value)
            return value


@dataclass(frozen=True, slots=True)
class Sym(_Hashed):
    """A size, a parameter or an index."""

    name: str
    __hash__ = _Hashed.__hash__


@dataclass(frozen=True, slots=True)
class Quotient(_Hashed):
    """The floor of p / q, for q >= 1."""

    p: Int
    q: Int
    __hash__ = _Hashed.__hash__


@dataclass(frozen=True, slots=True)
class Least(_Hashed):
    """The minimum of two integers."""

    p: Int
    q: Int
    __hash__ = _Hashed.__hash__


@dataclass(frozen=True, slots=True)
class Greatest(_Hashed):
    """The maximum of two integers."""

    p: Int
    q: Int
    __hash__ = _Hashed.__hash__


Generator = Sym | Quotient | Least | Greatest
Monomial = tuple[Generator, ...]


@lru_cache(maxsize=200_000)
def _order(generator: Generator) -> str:
    return repr(generator)


class Int:
    """An integer polynomial in normal form: `terms` maps a sorted tuple of generators to a non-zero coefficient."""

    __slots__ = ("_hash", "_items", "terms")

    def __init__(self, terms: Mapping[Monomial, int]) -> None:
        self.terms = terms
        self._items = frozenset(terms.items())
        self._hash = hash(self._items)

    @staticmethod
    def of(value: Int | int) -> Int:
        return value if isinstance(value, Int) else Int({(): value} if value else {})

    @staticmethod
    def symbol(name: str) -> Int:
        return Int({(Sym(name),): 1})

    def __eq__(self, other: object) -> bool:
        if isinstance(other, int):
            other = Int.of(other)
        return isinstance(other, Int) and self._items == other._items

    def __hash__(self) -> int:
        return self._hash

    def __repr__(self) -> str:
        return render(self)

    def __add__(self, other: Int | int) -> Int:
        other = Int.of(other)
        terms = dict(self.terms)
        for monomial, coefficient in other.terms.items():
            total = terms.get(monomial, 0) + coefficient
            if total:
                terms[monomial] = total
            else:
                del terms[monomial]
        return Int(terms)

    __radd__ = __add__

    def __neg__(self) -> Int:
        return Int({monomial: -coefficient for monomial, coefficient in self.terms.items()})

    def __sub__(self, other: Int | int) -> Int:
        return self + -Int.of(other)

    def __rsub__(self, other: Int | int) -> Int:
        return Int.of(other) - self

    def __mul__(self, other: Int | int) -> Int:
        other = Int.of(other)
        terms: dict[Monomial, int] = {}
        for left, a in self.terms.items():
            for right, b in other.terms.items():
                monomial = tuple(sorted((*left, *right), key=_order))
                total = terms.get(monomial, 0) + a * b
                if total:
                    terms[monomial] = total
                else:
                    terms.pop(monomial, None)
        return Int(terms)

    __rmul__ = __mul__

    def __pow__(self, exponent: int) -> Int:
        result = Int.of(1)
        for _ in range(exponent):
            result = result * self
        return result

    def __floordiv__(self, other: Int | int) -> Int:
        return quotient(self, Int.of(other))

    def __mod__(self, other: Int | int) -> Int:
        return self - Int.of(other) * quotient(self, Int.of(other))

    @property
    def constant(self) -> int | None:
        """The number that this is, or None."""
        if not self.terms:
            return 0
        if len(self.terms) == 1 and () in self.terms:
            return self.terms[()]
        return None

    def generators(self) -> Iterator[Generator]:
        """Every generator of every monomial, nested ones not included."""
        for monomial in self.terms:
            yield from monomial

    def symbols(self) -> frozenset[str]:
        """The names of all symbols, those inside quotients included."""
        return _symbols(self)


@lru_cache(maxsize=200_000)
def _symbols(value: Int) -> frozenset[str]:
    names: set[str] = set()
    for generator in value.generators():
        if isinstance(generator, Sym):
            names.add(generator.name)
        else:
            names |= _symbols(generator.p) | _symbols(generator.q)
    return frozenset(names)


def divide_monomial(monomial: Monomial, divisor: Monomial) -> Monomial | None:
    """monomial / divisor where it divides exactly, else None."""
    rest = list(monomial)
    for generator in divisor:
        if generator not in rest:
            return None
        rest.remove(generator)
    return tuple(rest)


def quotient(p: Int, q: Int) -> Int:
    """⌊p / q⌋ for q >= 1: multiples of q that p visibly contains leave the floor.

    ⌊(q·a + r) / q⌋ = a + ⌊r / q⌋.
    """
    if q == 1:
        return p
    whole = Int.of(0)
    divisor = q.constant
    if divisor is not None:
        if divisor < 1:
            raise ZeroDivisionError(f"a quotient by {divisor}")
        common = divisor
        for coefficient in p.terms.values():
            common = gcd(common, coefficient)
        if common > 1:
            return quotient(Int({m: c // common for m, c in p.terms.items()}), Int.of(divisor // common))
        rest: dict[Monomial, int] = {}
        for monomial, coefficient in p.terms.items():
            multiple, remainder = divmod(coefficient, divisor)
            if multiple:
                whole = whole + Int({monomial: multiple})
            if remainder:
                rest[monomial] = remainder
        left = Int(rest)
        if left.constant is not None:
            return whole
        return whole + Int({(Quotient(left, q),): 1})
    if len(q.terms) == 1:
        ((lead, scale),) = q.terms.items()
        rest = {}
        for monomial, coefficient in p.terms.items():
            reduced = divide_monomial(monomial, lead)
            if reduced is not None and coefficient % scale == 0:
                whole = whole + Int({reduced: coefficient // scale})
            else:
                rest[monomial] = coefficient
        if not rest:
            return whole
        return whole + Int({(Quotient(Int(rest), q),): 1})
    for multiple in (1, -1):
        if p == q * multiple:
            return Int.of(multiple)
    if not p.terms:
        return p
    return Int({(Quotient(p, q),): 1})


def least(p: Int, q: Int) -> Int:
    """min(p, q); decided here only where p - q is a number."""
    difference = (p - q).constant
    if difference is not None:
        return p if difference <= 0 else q
    first, second = sorted((p, q), key=render)
    return Int({(Least(first, second),): 1})


def greatest(p: Int, q: Int) -> Int:
    """max(p, q); decided here only where p - q is a number."""
    difference = (p - q).constant
    if difference is not None:
        return p if difference >= 0 else q
    first, second = sorted((p, q), key=render)
    return Int({(Greatest(first, second),): 1})


def rebuild(value: Int, leaf: Callable[[Generator], Int | None]) -> Int:
    """The polynomial with each generator g replaced by leaf(g); None rebuilds g from its replaced parts."""
    total = Int.of(0)
    for monomial, coefficient in value.terms.items():
        product = Int.of(coefficient)
        for generator in monomial:
            product = product * _replace(generator, leaf)
        total = total + product
    return total


def _replace(generator: Generator, leaf: Callable[[Generator], Int | None]) -> Int:
    found = leaf(generator)
    if found is not None:
        return found
    if isinstance(generator, Sym):
        return Int({(generator,): 1})
    p, q = rebuild(generator.p, leaf), rebuild(generator.q, leaf)
    if isinstance(generator, Quotient):
        return quotient(p, q)
    return least(p, q) if isinstance(generator, Least) else greatest(p, q)


def substitute(value: Int, values: Mapping[str, Int]) -> Int:
    """Replace symbols by terms, simultaneously."""
    if not values or value.symbols().isdisjoint(values):
        return value

    def leaf(generator: Generator) -> Int | None:
        return values.get(generator.name) if isinstance(generator, Sym) else None

    return rebuild(value, leaf)


def replace_generator(value: Int, old: Generator, new: Int) -> Int:
    """Replace one generator wherever it stands."""
    return rebuild(value, lambda generator: new if generator == old else None)


def evaluate(value: Int, values: Mapping[str, int]) -> int:
    """The integer that a term is when every symbol has a value; raises ZeroDivisionError for a divisor below 1."""
    total = 0
    for monomial, coefficient in value.terms.items():
        product = coefficient
        for generator in monomial:
            product *= _evaluate_generator(generator, values)
        total += product
    return total


def _evaluate_generator(generator: Generator, values: Mapping[str, int]) -> int:
    if isinstance(generator, Sym):
        return values[generator.name]
    p, q = evaluate(generator.p, values), evaluate(generator.q, values)
    if isinstance(generator, Quotient):
        if q < 1:
            raise ZeroDivisionError(f"a quotient by {q}")
        return p // q
    return min(p, q) if isinstance(generator, Least) else max(p, q)


# -- conditions -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Zero(_Hashed):
    """term = 0."""

    term: Int
    __hash__ = _Hashed.__hash__


@dataclass(frozen=True, slots=True)
class NonNegative(_Hashed):
    """term >= 0."""

    term: Int
    __hash__ = _Hashed.__hash__


@dataclass(frozen=True, slots=True)
class And(_Hashed):
    """All of the parts; of none, true."""

    parts: tuple[Condition, ...]
    __hash__ = _Hashed.__hash__


@dataclass(frozen=True, slots=True)
class Or(_Hashed):
    """Some of the parts; of none, false."""

    parts: tuple[Condition, ...]
    __hash__ = _Hashed.__hash__


Condition = Zero | NonNegative | And | Or
TRUE = And(())
FALSE = Or(())


def zero(term: Int | int) -> Condition:
    """term = 0, decided where the term is a number or has content that excludes 0."""
    term = Int.of(term)
    if term.constant is not None:
        return TRUE if term.constant == 0 else FALSE
    content = 0
    for monomial, coefficient in term.terms.items():
        if monomial:
            content = gcd(content, coefficient)
    if term.terms.get((), 0) % content:
        return FALSE
    lead = min(term.terms, key=lambda monomial: [_order(generator) for generator in monomial] or ["~"])
    sign = 1 if term.terms[lead] > 0 else -1
    common = gcd(content, term.terms.get((), 0)) * sign
    return Zero(Int({monomial: coefficient // common for monomial, coefficient in term.terms.items()}))


def nonnegative(term: Int | int) -> Condition:
    """term >= 0, decided where the term is a number; common content is divided out with a floor."""
    term = Int.of(term)
    if term.constant is not None:
        return TRUE if term.constant >= 0 else FALSE
    content = 0
    for monomial, coefficient in term.terms.items():
        if monomial:
            content = gcd(content, coefficient)
    if content > 1:
        term = Int({m: c // content for m, c in term.terms.items() if c // content})
    return NonNegative(term)


def equal(p: Int | int, q: Int | int) -> Condition:
    """p = q."""
    return zero(Int.of(p) - Int.of(q))


def at_most(p: Int | int, q: Int | int) -> Condition:
    """p <= q."""
    return nonnegative(Int.of(q) - Int.of(p))


def between(low: Int | int, value: Int, high: Int | int) -> Condition:
    """low <= value <= high."""
    return all_of((at_most(low, value), at_most(value, high)))


def all_of(parts: Iterable[Condition]) -> Condition:
    """The conjunction, flattened, without repetitions; false if a part is false."""
    found: dict[Condition, None] = {}
    for part in parts:
        if part == FALSE:
            return FALSE
        for piece in part.parts if isinstance(part, And) else (part,):
            found[piece] = None
    if len(found) == 1:
        return next(iter(found))
    return And(tuple(found))


def any_of(parts: Iterable[Condition]) -> Condition:
    """The disjunction, flattened, without repetitions; true if a part is true."""
    found: dict[Condition, None] = {}
    for part in parts:
        if part == TRUE:
            return TRUE
        for piece in part.parts if isinstance(part, Or) else (part,):
            found[piece] = None
    if len(found) == 1:
        return next(iter(found))
    return Or(tuple(found))


def negate(condition: Condition) -> Condition:
    """The condition that holds exactly where the given one does not."""
    if isinstance(condition, Zero):
        return any_of((nonnegative(condition.term - 1), nonnegative(-condition.term - 1)))
    if isinstance(condition, NonNegative):
        return nonnegative(-condition.term - 1)
    if isinstance(condition, And):
        return any_of(negate(part) for part in condition.parts)
    return all_of(negate(part) for part in condition.parts)


def conjuncts(condition: Condition) -> tuple[Condition, ...]:
    """The parts of a conjunction, or the condition alone."""
    return condition.parts if isinstance(condition, And) else (condition,)


def map_condition(condition: Condition, change: Callable[[Int], Int]) -> Condition:
    """The condition with every integer term changed."""
    if isinstance(condition, Zero):
        return zero(change(condition.term))
    if isinstance(condition, NonNegative):
        return nonnegative(change(condition.term))
    parts = [map_condition(part, change) for part in condition.parts]
    return all_of(parts) if isinstance(condition, And) else any_of(parts)


def substitute_condition(condition: Condition, values: Mapping[str, Int]) -> Condition:
    """Replace symbols by terms in a condition."""
    return map_condition(condition, lambda term: substitute(term, values))


def condition_terms(condition: Condition) -> Iterator[Int]:
    """Every integer term of a condition."""
    if isinstance(condition, Zero | NonNegative):
        yield condition.term
    else:
        for part in condition.parts:
            yield from condition_terms(part)


def condition_symbols(condition: Condition) -> frozenset[str]:
    """The names of all symbols of a condition."""
    return frozenset().union(*(term.symbols() for term in condition_terms(condition)))


def holds(condition: Condition, values: Mapping[str, int]) -> bool:
    """Whether a condition holds when every symbol has a value."""
    if isinstance(condition, Zero):
        return evaluate(condition.term, values) == 0
    if isinstance(condition, NonNegative):
        return evaluate(condition.term, values) >= 0
    if isinstance(condition, And):
        return all(holds(part, values) for part in condition.parts)
    return any(holds(part, values) for part in condition.parts)


# -- text -------------------------------------------------------------------------------------------------------------


def render(value: Int | Condition) -> str:
    """A term or condition as text (for messages and for a stable order)."""
    if isinstance(value, Zero):
        return f"{render(value.term)} == 0"
    if isinstance(value, NonNegative):
        return f"{render(value.term)} >= 0"
    if isinstance(value, And):
        return "(" + " and ".join(render(part) for part in value.parts) + ")" if value.parts else "true"
    if isinstance(value, Or):
        return "(" + " or ".join(render(part) for part in value.parts) + ")" if value.parts else "false"
    if not value.terms:
        return "0"
    pieces = []
    for monomial, coefficient in sorted(value.terms.items(), key=lambda item: [_order(g) for g in item[0]]):
        factors = "*".join(_render_generator(generator) for generator in monomial)
        size = abs(coefficient)
        body = str(size) if not factors else factors if size == 1 else f"{size}*{factors}"
        pieces.append(("- " if coefficient < 0 else "+ ") + body)
    text = " ".join(pieces)
    return text[2:] if text.startswith("+ ") else "-" + text[2:]


def _render_generator(generator: Generator) -> str:
    if isinstance(generator, Sym):
        return generator.name
    word = {Quotient: "floor", Least: "min", Greatest: "max"}[type(generator)]
    return f"{word}({render(generator.p)}, {render(generator.q)})"
