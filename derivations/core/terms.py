"""Integer terms and conditions: the kernel's own small language, with no other library in it.

An `Int` is a polynomial with integer coefficients over generators: symbols (sizes, parameters, indices), quotients
`p // q`, minima and maxima. It is always in normal form, so equal polynomials are equal objects. Remainders do not
exist: `p % q` is `p - q*(p // q)`, which gives every `//` and `%` of the same pair one shared quotient.

Law: every rewriting here is an equivalence for all integers with q >= 1 in every quotient. That divisors are positive
is the obligation of whoever builds a quotient (lowering states it as an existence condition).

Over 500 lines: terms and conditions are made of each other, and half of it is their normal form.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from math import gcd
from operator import attrgetter
from typing import Any, ClassVar
from weakref import WeakValueDictionary

from derivations.core.names import Name, text_of


class _Made:
    """What polynomials are made of: a symbol, a quotient, a minimum or a maximum.

    There is one object for each, so that two generators are equal exactly if they are the same object. `order` is the
    text by which they are sorted, `names` are the names of all symbols inside.
    """

    __slots__ = ("__weakref__", "names", "order")
    order: str
    names: frozenset[Name]
    _made: ClassVar[WeakValueDictionary[tuple[Any, ...], _Made]] = WeakValueDictionary()

    def __repr__(self) -> str:
        return self.order


class Sym(_Made):
    """A size, a parameter or an index."""

    __slots__ = ("name",)
    __match_args__ = ("name",)
    name: Name

    def __new__(cls, name: Name) -> Sym:
        found = cls._made.get((cls, name))
        if found is None:
            found = object.__new__(cls)
            found.name = name
            found.order = f"Sym(name={text_of(name)!r})"
            found.names = frozenset((name,))
            cls._made[cls, name] = found
        return found  # type: ignore[return-value]

    def __reduce__(self) -> Any:
        return Sym, (self.name,)


class _OfTwo(_Made):
    """A generator with two arguments."""

    __slots__ = ("p", "q")
    __match_args__ = ("p", "q")
    p: Int
    q: Int

    def __new__(cls, p: Int, q: Int) -> Any:
        found: Any = cls._made.get((cls, p, q))
        if found is None:
            found = object.__new__(cls)
            found.p, found.q = p, q
            found.order = f"{cls.__name__}(p={p!r}, q={q!r})"
            found.names = p.symbols() | q.symbols()
            cls._made[cls, p, q] = found
        return found

    def __reduce__(self) -> Any:
        return type(self), (self.p, self.q)


class Quotient(_OfTwo):
    """The floor of p / q, for q >= 1."""

    __slots__ = ()


class Least(_OfTwo):
    """The minimum of two integers."""

    __slots__ = ()


class Greatest(_OfTwo):
    """The maximum of two integers."""

    __slots__ = ()


Generator = Sym | Quotient | Least | Greatest
Monomial = tuple[Generator, ...]
_BY_ORDER = attrgetter("order")


class Int:
    """An integer polynomial in normal form: `terms` maps a sorted tuple of generators to a non-zero coefficient."""

    __slots__ = ("_apart", "_hash", "_symbols", "_text", "terms")
    _hash: int
    _apart: tuple[frozenset[tuple[Monomial, int]], int]
    _symbols: frozenset[Name]
    _text: str

    def __init__(self, terms: Mapping[Monomial, int]) -> None:
        self.terms = terms

    @staticmethod
    def of(value: Int | int) -> Int:
        return value if isinstance(value, Int) else Int({(): value} if value else {})

    @staticmethod
    def symbol(name: Name) -> Int:
        return Int({(Sym(name),): 1})

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Int):
            return self.terms == other.terms
        return isinstance(other, int) and self.constant == other

    def __hash__(self) -> int:
        try:
            return self._hash
        except AttributeError:
            self._hash = hash(frozenset(self.terms.items()))
            return self._hash

    def __reduce__(self) -> Any:
        return Int, (self.terms,)

    def __repr__(self) -> str:
        try:
            return self._text
        except AttributeError:
            self._text = _render_term(self)
            return self._text

    def __add__(self, other: Int | int) -> Int:
        if not isinstance(other, Int):
            other = Int.of(other)
        if not other.terms:
            return self
        return Int(_added(dict(self.terms), other.terms, 1))

    __radd__ = __add__

    def __neg__(self) -> Int:
        return Int({monomial: -coefficient for monomial, coefficient in self.terms.items()})

    def __sub__(self, other: Int | int) -> Int:
        if not isinstance(other, Int):
            other = Int.of(other)
        if not other.terms:
            return self
        return Int(_added(dict(self.terms), other.terms, -1))

    def __rsub__(self, other: Int | int) -> Int:
        return Int.of(other) - self

    def __mul__(self, other: Int | int) -> Int:
        if not isinstance(other, Int):
            other = Int.of(other)
        number = other.constant
        if number is not None:
            if number == 1:
                return self
            return Int({monomial: c * number for monomial, c in self.terms.items()} if number else {})
        terms: dict[Monomial, int] = {}
        for left, a in self.terms.items():
            for right, b in other.terms.items():
                monomial = tuple(sorted((*left, *right), key=_BY_ORDER)) if left and right else left or right
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
        terms = self.terms
        if not terms:
            return 0
        return terms.get(()) if len(terms) == 1 else None

    def generators(self) -> Iterator[Generator]:
        """Every generator of every monomial, nested ones not included."""
        for monomial in self.terms:
            yield from monomial

    def symbols(self) -> frozenset[Name]:
        """The names of all symbols, those inside quotients included."""
        try:
            return self._symbols
        except AttributeError:
            self._symbols = frozenset().union(*(g.names for monomial in self.terms for g in monomial))
            return self._symbols

    def apart(self) -> tuple[frozenset[tuple[Monomial, int]], int]:
        """The terms without the number, and the number."""
        try:
            return self._apart
        except AttributeError:
            terms = frozenset(item for item in self.terms.items() if item[0])
            self._apart = terms, self.terms.get((), 0)
            return self._apart


def _added(total: dict[Monomial, int], terms: Mapping[Monomial, int], factor: int) -> dict[Monomial, int]:
    """`total` with factor times the terms added to it, in place."""
    for monomial, coefficient in terms.items():
        new = total.get(monomial, 0) + factor * coefficient
        if new:
            total[monomial] = new
        else:
            total.pop(monomial, None)
    return total


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
    total: dict[Monomial, int] = {}
    for monomial, coefficient in value.terms.items():
        product = Int({(): coefficient})
        for generator in monomial:
            product = _replace(generator, leaf) * product
        _added(total, product.terms, 1)
    return Int(total)


def _replace(generator: Generator, leaf: Callable[[Generator], Int | None]) -> Int:
    found = leaf(generator)
    if found is not None:
        return found
    if isinstance(generator, Sym):
        return Int({(generator,): 1})
    return _remade(generator, rebuild(generator.p, leaf), rebuild(generator.q, leaf))


def _remade(generator: Quotient | Least | Greatest, p: Int, q: Int) -> Int:
    """A generator of the same kind, of other arguments."""
    if isinstance(generator, Quotient):
        return quotient(p, q)
    return least(p, q) if isinstance(generator, Least) else greatest(p, q)


def substitute(value: Int, values: Mapping[Any, Int]) -> Int:
    """Replace symbols by terms, simultaneously; `values` are by name (of sizes, of marks, or both)."""
    if not values or value.symbols().isdisjoint(values):
        return value
    total: dict[Monomial, int] = {}
    for monomial, coefficient in value.terms.items():
        kept: list[Generator] = []
        changed: list[Int] = []
        for generator in monomial:
            if generator.names.isdisjoint(values):
                kept.append(generator)
            elif isinstance(generator, Sym):
                changed.append(values[generator.name])
            else:
                changed.append(_remade(generator, substitute(generator.p, values), substitute(generator.q, values)))
        if not changed:
            _added(total, {monomial: coefficient}, 1)
        elif not kept and len(changed) == 1:
            _added(total, changed[0].terms, coefficient)
        else:
            product = Int({tuple(kept): coefficient})
            for factor in changed:
                product = factor * product
            _added(total, product.terms, 1)
    return Int(total)


def replace_generator(value: Int, old: Generator, new: Int) -> Int:
    """Replace one generator wherever it stands."""
    return rebuild(value, lambda generator: new if generator == old else None)


def evaluate(value: Int, values: Mapping[Any, int]) -> int:
    """The integer that a term is when every symbol has a value; raises ZeroDivisionError for a divisor below 1."""
    total = 0
    for monomial, coefficient in value.terms.items():
        product = coefficient
        for generator in monomial:
            product *= _evaluate_generator(generator, values)
        total += product
    return total


def _evaluate_generator(generator: Generator, values: Mapping[Any, int]) -> int:
    if isinstance(generator, Sym):
        return values[generator.name]
    p, q = evaluate(generator.p, values), evaluate(generator.q, values)
    if isinstance(generator, Quotient):
        if q < 1:
            raise ZeroDivisionError(f"a quotient by {q}")
        return p // q
    return min(p, q) if isinstance(generator, Least) else max(p, q)


# -- conditions -------------------------------------------------------------------------------------------------------


class _Condition:
    """A condition; it remembers its hash and its symbols, for which it is asked far more often than it is made."""

    __slots__ = ("_hash", "_symbols")
    _hash: int
    _symbols: frozenset[Name]


class _OfTerm(_Condition):
    """A condition on one integer term."""

    __slots__ = ("term",)
    __match_args__ = ("term",)

    def __init__(self, term: Int) -> None:
        self.term = term

    def __eq__(self, other: object) -> bool:
        return self is other or (type(self) is type(other) and self.term.terms == other.term.terms)

    def __hash__(self) -> int:
        try:
            return self._hash
        except AttributeError:
            self._hash = hash((type(self).__name__, self.term))
            return self._hash

    def __repr__(self) -> str:
        return f"{type(self).__name__}(term={self.term!r})"

    def __reduce__(self) -> Any:
        return type(self), (self.term,)


class Zero(_OfTerm):
    """term = 0."""

    __slots__ = ()


class NonNegative(_OfTerm):
    """term >= 0."""

    __slots__ = ()


class _OfParts(_Condition):
    """A condition made of conditions."""

    __slots__ = ("parts",)
    __match_args__ = ("parts",)

    def __init__(self, parts: tuple[Condition, ...]) -> None:
        self.parts = parts

    def __eq__(self, other: object) -> bool:
        return self is other or (type(self) is type(other) and self.parts == other.parts)

    def __hash__(self) -> int:
        try:
            return self._hash
        except AttributeError:
            self._hash = hash((type(self).__name__, self.parts))
            return self._hash

    def __repr__(self) -> str:
        return f"{type(self).__name__}(parts={self.parts!r})"

    def __reduce__(self) -> Any:
        return type(self), (self.parts,)


class And(_OfParts):
    """All of the parts; of none, true."""

    __slots__ = ()


class Or(_OfParts):
    """Some of the parts; of none, false."""

    __slots__ = ()


Condition = Zero | NonNegative | And | Or
TRUE = And(())
FALSE = Or(())


def zero(term: Int | int) -> Condition:
    """term = 0, decided where the term is a number or has content that excludes 0."""
    term = Int.of(term)
    if term.constant is not None:
        return TRUE if term.constant == 0 else FALSE
    number = term.terms.get((), 0)
    content = _content(term)
    if number % content:
        return FALSE
    lead = min(term.terms, key=lambda monomial: [generator.order for generator in monomial] or ["~"])
    sign = 1 if term.terms[lead] > 0 else -1
    common = gcd(content, number) * sign
    if common == 1:
        return Zero(term)
    return Zero(Int({monomial: coefficient // common for monomial, coefficient in term.terms.items()}))


def nonnegative(term: Int | int) -> Condition:
    """term >= 0, decided where the term is a number; common content is divided out with a floor."""
    term = Int.of(term)
    if term.constant is not None:
        return TRUE if term.constant >= 0 else FALSE
    content = _content(term)
    if content > 1:
        term = Int({m: c // content for m, c in term.terms.items() if c // content})
    return NonNegative(term)


def _content(term: Int) -> int:
    """The greatest common divisor of the coefficients; the number is not among them."""
    content = 0
    for monomial, coefficient in term.terms.items():
        if monomial:
            content = gcd(content, coefficient)
            if content == 1:
                break
    return content


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
        if isinstance(part, And):
            for piece in part.parts:
                found[piece] = None
        elif isinstance(part, Or) and not part.parts:
            return FALSE
        else:
            found[part] = None
    if len(found) == 1:
        return next(iter(found))
    return And(tuple(found))


def any_of(parts: Iterable[Condition]) -> Condition:
    """The disjunction, flattened, without repetitions; true if a part is true."""
    found: dict[Condition, None] = {}
    for part in parts:
        if isinstance(part, Or):
            for piece in part.parts:
                found[piece] = None
        elif isinstance(part, And) and not part.parts:
            return TRUE
        else:
            found[part] = None
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


def substitute_condition(condition: Condition, values: Mapping[Any, Int]) -> Condition:
    """Replace symbols by terms in a condition."""
    if not values or condition_symbols(condition).isdisjoint(values):
        return condition
    if isinstance(condition, Zero):
        return zero(substitute(condition.term, values))
    if isinstance(condition, NonNegative):
        return nonnegative(substitute(condition.term, values))
    parts = [substitute_condition(part, values) for part in condition.parts]
    return all_of(parts) if isinstance(condition, And) else any_of(parts)


def condition_terms(condition: Condition) -> Iterator[Int]:
    """Every integer term of a condition."""
    if isinstance(condition, Zero | NonNegative):
        yield condition.term
    else:
        for part in condition.parts:
            yield from condition_terms(part)


def condition_symbols(condition: Condition) -> frozenset[Name]:
    """The names of all symbols of a condition."""
    try:
        return condition._symbols
    except AttributeError:
        if isinstance(condition, Zero | NonNegative):
            condition._symbols = condition.term.symbols()
        else:
            condition._symbols = frozenset().union(*map(condition_symbols, condition.parts))
        return condition._symbols


def holds(condition: Condition, values: Mapping[Any, int]) -> bool:
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
    return repr(value)


def _render_term(value: Int) -> str:
    return as_sum(sorted(value.terms.items(), key=lambda item: [g.order for g in item[0]]), _render_generator)


def as_sum(items: Iterable[tuple[Monomial, int]], factor: Callable[[Generator], str]) -> str:
    """Monomials with their coefficients as the text of a sum, in their order."""
    text = ""
    for monomial, coefficient in items:
        factors = "*".join(factor(generator) for generator in monomial)
        size = abs(coefficient)
        body = str(size) if not factors else factors if size == 1 else f"{size}*{factors}"
        sign = "-" if coefficient < 0 else "+"
        text += f" {sign} {body}" if text else body if sign == "+" else f"-{body}"
    return text or "0"


def _render_generator(generator: Generator) -> str:
    if isinstance(generator, Sym):
        return text_of(generator.name)
    word = {Quotient: "floor", Least: "min", Greatest: "max"}[type(generator)]
    return f"{word}({render(generator.p)}, {render(generator.q)})"
