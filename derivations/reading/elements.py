"""Entries of arrays as formulas: what stands at one place of an array, in the real numbers.

Law: building a node may simplify it, by equalities of real numbers only; 0·e is 0 only because what e lacks to exist
is an obligation elsewhere. Bound indices are fresh symbols of `Facts`, so that substitution cannot capture one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from derivations.reading.integers import TRUE, Cond, Int, both, product

Bound = tuple[tuple[str, Int, Int], ...]


@dataclass(frozen=True)
class Element:
    """A real number in terms of sizes, indices and entries. Closed: the classes of this module."""


@dataclass(frozen=True)
class Number(Element):
    """A rational number."""

    value: Fraction


@dataclass(frozen=True)
class Whole(Element):
    """An integer expression as a real number."""

    value: Int


@dataclass(frozen=True)
class Entry(Element):
    """An entry of a tensor or definition."""

    name: str
    index: tuple[Int, ...]


@dataclass(frozen=True)
class Sum(Element):
    """The sum over bound indices, each from its first to its last value."""

    bound: Bound
    body: Element


@dataclass(frozen=True)
class Plus(Element):
    """A sum of parts."""

    parts: tuple[Element, ...]


@dataclass(frozen=True)
class Times(Element):
    """A product of parts."""

    parts: tuple[Element, ...]


@dataclass(frozen=True)
class Over(Element):
    """A quotient."""

    left: Element
    right: Element


@dataclass(frozen=True)
class Power(Element):
    """A power."""

    left: Element
    right: Element


@dataclass(frozen=True)
class Function(Element):
    """A function of one variable, by its name in the claim language."""

    name: str
    of: Element


@dataclass(frozen=True)
class If(Element):
    """1 where a condition on integers holds, else 0."""

    condition: Cond


@dataclass(frozen=True)
class Data(Element):
    """1 where two real numbers compare so, else 0; word is > or >=."""

    word: str
    left: Element
    right: Element


@dataclass(frozen=True)
class Top(Element):
    """The maximum over bound indices."""

    bound: Bound
    body: Element


@dataclass(frozen=True)
class TopPlace(Element):
    """1 at the place of the maximum over bound indices, else 0."""

    bound: Bound
    body: Element
    place: tuple[Int, ...]


@dataclass(frozen=True)
class Chosen(Element):
    """An integer that data choose: value at the place of the maximum over bound indices."""

    bound: Bound
    body: Element
    value: Int


@dataclass(frozen=True)
class Poison(Element):
    """What has no value: `reason` says why, should it be asked for."""

    reason: str


ZERO, ONE = Number(Fraction(0)), Number(Fraction(1))


def number(value: int | Fraction | str) -> Number:
    """A number."""
    return Number(Fraction(value))


def constant(element: Element) -> Fraction | None:
    """The value of a number, a constant integer included."""
    if isinstance(element, Number):
        return element.value
    if isinstance(element, Whole) and element.value.constant is not None:
        return Fraction(element.value.constant)
    return None


def whole(value: Int | int) -> Element:
    """An integer as an element."""
    return Whole(Int.of(value))


def plus(*parts: Element) -> Element:
    """The sum; integers stay integers."""
    flat: list[Element] = []
    total, integer, fraction, wholes = Int(), False, Fraction(0), True
    for part in parts:
        for one in part.parts if isinstance(part, Plus) else (part,):
            if isinstance(one, Whole):
                total, integer = total + one.value, True
            elif isinstance(one, Number):
                fraction += one.value
                wholes = False
            else:
                flat.append(one)
    known = total.constant
    if integer and not wholes and fraction.denominator == 1 and known is not None:
        total, integer, fraction = Int(), False, fraction + known
    chosen = _sum_of_chosen(flat, total + int(fraction)) if fraction.denominator == 1 else None
    if chosen is not None:
        return chosen
    if integer and (total.terms or not flat):
        flat.append(Whole(total))
    if fraction or not flat:
        flat.append(Number(fraction))
    return flat[0] if len(flat) == 1 else Plus(tuple(flat))


def _sum_of_chosen(parts: list[Element], rest: Int) -> Element | None:
    """Integers that the same maximum chooses, and another, as one."""
    found = [part for part in parts if isinstance(part, Chosen)]
    if not found or len(found) < len(parts) or any(one.bound != found[0].bound or one.body != found[0].body
                                                  for one in found):  # fmt: skip
        return None
    for one in found:
        rest = rest + one.value
    return Chosen(found[0].bound, found[0].body, rest)


def times(*parts: Element) -> Element:
    """The product; integers stay integers, conditions are gathered."""
    flat: list[Element] = []
    total, integer, fraction = Int.of(1), False, Fraction(1)
    conditions: list[Cond] = []
    for part in parts:
        for one in part.parts if isinstance(part, Times) else (part,):
            if isinstance(one, Whole):
                total, integer = total * one.value, True
            elif isinstance(one, Number):
                fraction *= one.value
            elif isinstance(one, If):
                conditions.append(one.condition)
            elif not (isinstance(one, Data | TopPlace) and one in flat):  # 0 or 1, whose square it is
                flat.append(one)
    if fraction == 0 or (integer and not total.terms):
        return ZERO
    condition = both(*conditions)
    if condition.word == "or" and not condition.parts:
        return ZERO
    if integer and fraction.denominator != 1 and total.constant is not None:
        fraction, total, integer = fraction * total.constant, Int.of(1), False
    if len(flat) == 1 and isinstance(flat[0], Chosen) and fraction.denominator == 1 and condition == TRUE:
        return Chosen(flat[0].bound, flat[0].body, flat[0].value * total * int(fraction))
    if integer and total.constant != 1:
        flat.insert(0, Whole(total))
    if fraction != 1:
        flat.insert(0, Number(fraction))
    if conditions and condition != TRUE:
        flat.insert(0, If(condition))
    if not flat:
        return Whole(total) if integer else ONE
    return flat[0] if len(flat) == 1 else Times(tuple(flat))


def minus(element: Element) -> Element:
    """-element."""
    if isinstance(element, Whole):
        return Whole(-element.value)
    if isinstance(element, Plus):
        return plus(*map(minus, element.parts))
    return times(number(-1), element)


def over(left: Element, right: Element) -> Element:
    """left / right."""
    divisor = constant(right)
    if divisor == 1:
        return left
    if divisor:
        return times(Number(1 / divisor), left)
    return ZERO if constant(left) == 0 and not isinstance(left, Whole) else Over(left, right)


def power(left: Element, right: Element) -> Element:
    """left ** right; integers to whole powers stay integers."""
    exponent = constant(right)
    if exponent == 1:
        return left
    if isinstance(left, Whole) and exponent is not None and exponent.denominator == 1 and 0 <= exponent <= 6:
        result = Int.of(1)
        for _ in range(int(exponent)):
            result = result * left.value
        return Whole(result)
    base = constant(left)
    if base is not None and exponent is not None and exponent.denominator == 1 and (base or exponent >= 0):
        return Number(base ** int(exponent))
    return Power(left, right)


def iff(condition: Cond) -> Element:
    """1 where it holds, else 0."""
    return times(If(condition))


def total(bound: Bound, body: Element) -> Element:
    """The sum over bound indices, nested sums as one."""
    if body == ZERO or not bound:
        return body
    if isinstance(body, Sum):
        return total((*bound, *body.bound), body.body)
    return Sum(bound, body)


def symbols_of(element: Element) -> frozenset[str]:
    """The names of sizes and indices in it, bound ones too."""
    found: frozenset[str] = frozenset()
    for part in children(element):
        found |= symbols_of(part)
    for value in integers_of(element):
        found |= value.symbols
    return found


def integers_of(element: Element) -> Iterator[Int | Cond]:
    """The integers and conditions of one node, its children's left out."""
    if isinstance(element, Whole):
        yield element.value
    elif isinstance(element, Entry):
        yield from element.index
    elif isinstance(element, If):
        yield element.condition
    elif isinstance(element, TopPlace):
        yield from element.place
    elif isinstance(element, Chosen):
        yield element.value
    if isinstance(element, Sum | Top | TopPlace | Chosen):
        for _, low, high in element.bound:
            yield low
            yield high


def children(element: Element) -> tuple[Element, ...]:
    """The elements directly below."""
    if isinstance(element, Plus | Times):
        return element.parts
    if isinstance(element, Over | Power | Data):
        return (element.left, element.right)
    if isinstance(element, Sum | Top | TopPlace | Chosen):
        return (element.body,)
    return (element.of,) if isinstance(element, Function) else ()


def walk(element: Element) -> Iterator[Element]:
    """The element and everything below."""
    yield element
    for part in children(element):
        yield from walk(part)


def replaced(
    element: Element, values: Mapping[str, Int], simplify: Callable[[Int], Int] = lambda value: value
) -> Element:
    """With integers for names of sizes and indices."""

    def change(part: Any) -> Any:
        if isinstance(part, Int):
            return simplify(part.replaced(values))
        if isinstance(part, Cond):
            return part.replaced(values)
        return part

    return rebuilt(element, lambda part: replaced(part, values, simplify), change)


def rebuilt(element: Element, below: Callable[[Element], Element], change: Callable[[Any], Any]) -> Element:
    """The node with `below` applied to its children and `change` to its integers and conditions."""
    if isinstance(element, Plus):
        return plus(*map(below, element.parts))
    if isinstance(element, Times):
        return times(*map(below, element.parts))
    if isinstance(element, Over):
        return over(below(element.left), below(element.right))
    if isinstance(element, Power):
        return power(below(element.left), below(element.right))
    if isinstance(element, If):
        return iff(change(element.condition))
    if isinstance(element, Sum | Top | TopPlace | Chosen):
        bound = tuple((name, change(low), change(high)) for name, low, high in element.bound)
        body = below(element.body)
        if isinstance(element, Sum):
            return total(bound, body)
        if isinstance(element, Top):
            return Top(bound, body)
        if isinstance(element, Chosen):
            return Chosen(bound, body, change(element.value))
        return TopPlace(bound, body, tuple(map(change, element.place)))
    if isinstance(element, Entry):
        return Entry(element.name, tuple(map(change, element.index)))
    if isinstance(element, Whole):
        return Whole(change(element.value))
    if isinstance(element, Data):
        return Data(element.word, below(element.left), below(element.right))
    if isinstance(element, Function):
        return Function(element.name, below(element.of))
    return element


def refreshed(element: Element, fresh: Callable[[str, Int, Int], Int]) -> Element:
    """With new symbols for all bound indices."""

    def change(part: Element) -> Element:
        if isinstance(part, Sum | Top | TopPlace | Chosen):
            names: dict[str, Int] = {}
            bound: list[tuple[str, Int, Int]] = []
            for name, low, high in part.bound:
                low, high = low.replaced(names), high.replaced(names)
                names[name] = fresh(name, low, high)
                bound.append((next(iter(names[name].symbols)), low, high))
            body = replaced(change(part.body), names)
            if isinstance(part, Sum):
                return total(tuple(bound), body)
            if isinstance(part, Top):
                return Top(tuple(bound), body)
            if isinstance(part, Chosen):
                return Chosen(tuple(bound), body, part.value.replaced(names))
            return TopPlace(tuple(bound), body, part.place)
        return rebuilt(part, change, lambda value: value)

    return change(element)


def same_shape(left: Element, right: Element) -> bool:
    """Whether two nodes are of one class with as many parts."""
    return type(left) is type(right) and len(children(left)) == len(children(right))


def integer_of(element: Element) -> Int | None:
    """The integer that an element is, if it is one."""
    if isinstance(element, Whole):
        return element.value
    if isinstance(element, Number) and element.value.denominator == 1:
        return Int.of(element.value.numerator)
    return None


def quotient_of(element: Any) -> tuple[Int, Int] | None:
    """The integers whose quotient an element is."""
    if isinstance(element, Over):
        p, q = integer_of(element.left), integer_of(element.right)
        return (p, q) if p is not None and q is not None else None
    if isinstance(element, Whole):
        return element.value, Int.of(1)
    if isinstance(element, Number):
        return Int.of(element.value.numerator), Int.of(element.value.denominator)
    if isinstance(element, Times):
        found = [quotient_of(part) for part in element.parts]
        if any(one is None for one in found):
            return None
        return product([one[0] for one in found if one]), product([one[1] for one in found if one])
    if isinstance(element, Plus):
        over, under = Int(), Int.of(1)
        for part in element.parts:
            pair = quotient_of(part)
            if pair is None:
                return None
            over, under = over * pair[1] + pair[0] * under, under * pair[1]
        return over, under
    return None
