"""All small numbers: does any choice of them satisfy a script? Plain search, with no solver.

The constants are given values one after the other. The first (sizes, by the writer's order) run over 0, 1, ..., N; each
further one over the values that the assertions about it leave once the others in these have values, and over −N..N
where they leave it unbounded. N grows until the work is as much as is allowed.

What it establishes: that nothing satisfies the script among these numbers. That there is nothing at all, it cannot see.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from recheck.script import Node, Script

WORK = 20_000  # choices made for one script
LARGEST = 12  # N of a script with few constants
Values = dict[str, int]
Polynomial = Mapping[tuple[str, ...], int]


@dataclass(frozen=True)
class Tried:
    """All numbers up to `largest` were tried; `found` satisfies the script, or is None: none does."""

    largest: int
    found: Values | None = None


class _TooMuch(Exception):
    """The work allowed is done."""


def small(script: Script, work: int = WORK) -> Tried:
    """What trying all small numbers shows.

    >>> from recheck.script import read
    >>> small(read("(declare-const n Int)(assert (>= n 3))(assert (= (* n n) 16))(check-sat)")).found
    {'n': 4}
    """
    search = _Search(script, work)
    reached = -1
    for largest in range(LARGEST + 1):
        try:
            found = search.up_to(largest)
        except _TooMuch:
            break
        reached = largest
        if found is not None:
            return Tried(largest, found)
    return Tried(reached)


class _Search:
    def __init__(self, script: Script, work: int) -> None:
        self.work = work
        self.names = script.names
        # An assertion is looked at as soon as its last constant has a value; if it is a comparison of polynomials in
        # which that constant is linear, it bounds it before.
        place = {name: number for number, name in enumerate(_order(script))}
        self.order = sorted(script.names, key=place.__getitem__)
        self.bounds: list[list[tuple[str, Callable[[Values], tuple[int, int]]]]] = [[] for _ in self.order]
        self.checks: list[list[Callable[[Values], bool]]] = [[] for _ in self.order]
        self.constant: list[Callable[[Values], bool]] = []
        for part in script.asserted:
            used = [place[name] for name in _names(part)]
            if not used:
                self.constant.append(_compiled(part))
                continue
            last = max(used)
            self.checks[last].append(_compiled(part))
            bound = _bound(part, self.order[last])
            if bound is not None:
                self.bounds[last].append(bound)

    def up_to(self, largest: int) -> Values | None:
        """Values that satisfy the script, with N = largest."""
        values: Values = {}
        if not all(check(values) for check in self.constant):
            return None
        return self._from(0, values, largest)

    def _from(self, number: int, values: Values, largest: int) -> Values | None:
        if number == len(self.order):
            return {name: values[name] for name in self.names}
        name = self.order[number]
        low, high = self._range(number, values, largest)
        for value in range(low, high + 1):
            self.work -= 1
            if self.work < 0:
                raise _TooMuch
            values[name] = value
            if all(check(values) for check in self.checks[number]):
                found = self._from(number + 1, values, largest)
                if found is not None:
                    return found
        values.pop(name, None)
        return None

    def _range(self, number: int, values: Values, largest: int) -> tuple[int, int]:
        """The values that the assertions leave to a constant, within −N..N where they leave it open."""
        low: int | None = None
        high: int | None = None
        for word, linear in self.bounds[number]:
            a, b = linear(values)  # a·x + b word 0
            if a == 0:
                continue
            least, most = _solutions(word, a, b)
            low = least if low is None or (least is not None and least > low) else low
            high = most if high is None or (most is not None and most < high) else high
        return -largest if low is None else low, largest if high is None else high


def _solutions(word: str, a: int, b: int) -> tuple[int | None, int | None]:
    """The least and the greatest x with a·x + b word 0."""
    if word == "=":
        return (-b // a, -b // a) if b % a == 0 else (1, 0)
    if word in ("<=", "<"):
        a, b, word = -a, -b, {"<=": ">=", "<": ">"}[word]
    if word == ">":
        b -= 1
    # a·x + b >= 0
    return (-(b // a), None) if a > 0 else (None, b // -a)


def _order(script: Script) -> list[str]:
    """The constants, each as early as others determine or bound it from both sides; the first declared first."""
    left = list(script.names)
    comparisons = [(part, _names(part)) for part in script.asserted]
    done: list[str] = []
    while left:
        chosen = left[0]
        for name in left:
            sides = set()
            for part, names in comparisons:
                if name in names and names - {name} <= set(done):
                    bound = _bound(part, name)
                    if bound is not None:
                        sides |= {"<=", ">="} if bound[0] == "=" else {bound[0]}
            if "=" in sides or len(sides) > 1:
                chosen = name
                break
        left.remove(chosen)
        done.append(chosen)
    return done


def _bound(node: Node, name: str) -> tuple[str, Callable[[Values], tuple[int, int]]] | None:
    """A comparison in which a constant is linear: its word, and (a, b) of a·x + b word 0."""
    if not isinstance(node, tuple) or node[0] not in ("=", "<=", ">=", "<", ">"):
        return None
    left, right = _polynomial(node[1]), _polynomial(node[2])
    if left is None or right is None:
        return None
    total = _plus(left, right, -1)
    slope: dict[tuple[str, ...], int] = {}
    rest: dict[tuple[str, ...], int] = {}
    for monomial, coefficient in total.items():
        times = monomial.count(name)
        if times > 1:
            return None
        (slope if times else rest)[tuple(each for each in monomial if each != name)] = coefficient
    return str(node[0]), lambda values: (_value(slope, values), _value(rest, values))


def _polynomial(node: Node) -> Polynomial | None:
    """A term without cases as a polynomial."""
    if isinstance(node, int):
        return {(): node}
    if isinstance(node, str):
        return {(node,): 1}
    if node[0] == "ite":
        return None
    parts = [_polynomial(part) for part in node[1:]]
    total: Polynomial | None = parts[0]
    if total is None or None in parts:
        return None
    if node[0] == "-" and len(parts) == 1:
        return _plus({}, total, -1)
    for part in parts[1:]:
        assert part is not None
        total = _times(total, part) if node[0] == "*" else _plus(total, part, 1 if node[0] == "+" else -1)
    return total


def _plus(left: Polynomial, right: Polynomial, sign: int) -> Polynomial:
    total = dict(left)
    for monomial, coefficient in right.items():
        total[monomial] = total.get(monomial, 0) + sign * coefficient
    return total


def _times(left: Polynomial, right: Polynomial) -> Polynomial:
    total: dict[tuple[str, ...], int] = {}
    for first, a in left.items():
        for second, b in right.items():
            monomial = tuple(sorted((*first, *second)))
            total[monomial] = total.get(monomial, 0) + a * b
    return total


def _value(polynomial: Polynomial, values: Values) -> int:
    total = 0
    for monomial, coefficient in polynomial.items():
        for name in monomial:
            coefficient *= values[name]
        total += coefficient
    return total


def _names(node: Node) -> frozenset[str]:
    if isinstance(node, tuple):
        return frozenset[str]().union(*(_names(part) for part in node[1:]))
    return frozenset({node}) if isinstance(node, str) and node not in ("true", "false") else frozenset()


def holds(node: Node, values: Values) -> bool:
    """Whether a condition holds.

    >>> holds(("or", ("=", "n", 1), ("<", "n", 0)), {"n": 1})
    True
    """
    return _compiled(node)(values)


def _compiled(node: Node) -> Callable[[Values], bool]:
    if not isinstance(node, tuple):
        return lambda values: node == "true"
    word = node[0]
    if word in ("and", "or", "not"):
        parts = [_compiled(part) for part in node[1:]]
        if word == "and":
            return lambda values: all(part(values) for part in parts)
        if word == "or":
            return lambda values: any(part(values) for part in parts)
        return lambda values: not parts[0](values)
    left, right = _compiled_term(node[1]), _compiled_term(node[2])
    return {
        "=": lambda values: left(values) == right(values),
        "<=": lambda values: left(values) <= right(values),
        ">=": lambda values: left(values) >= right(values),
        "<": lambda values: left(values) < right(values),
        ">": lambda values: left(values) > right(values),
    }[str(word)]


def _compiled_term(node: Node) -> Callable[[Values], int]:
    polynomial = _polynomial(node)
    if polynomial is not None:
        found = polynomial
        return lambda values: _value(found, values)
    assert isinstance(node, tuple)
    if node[0] == "ite":
        condition = _compiled(node[1])
        yes, no = _compiled_term(node[2]), _compiled_term(node[3])
        return lambda values: yes(values) if condition(values) else no(values)
    parts = [_compiled_term(part) for part in node[1:]]
    if node[0] == "+":
        return lambda values: sum(part(values) for part in parts)
    if node[0] == "*":
        return lambda values: _product([part(values) for part in parts])
    return lambda values: -parts[0](values) if len(parts) == 1 else parts[0](values) - parts[1](values)


def _product(numbers: list[int]) -> int:
    total = 1
    for number in numbers:
        total *= number
    return total
