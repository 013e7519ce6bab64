"""Random formulas of functions, and the value of kernel terms at given data: before the normal form and after it.

Why: each law of `meaning/basis.py` is an equality wherever a formula exists, which evaluation sees at once. The terms
are evaluated as they are translated (each function by `math`) and as the normal form writes them (each unknown by its
definition); the two share nothing but the arithmetic of sums.

Law: formula number n depends on n alone.
"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import product
from operator import add, mul
from typing import Any

from sympy import Rational

from derivations.core import terms as k
from derivations.core.heads import Choice, Entry, Function, Head, Kind, Reciprocal, Root, Side, Value
from derivations.core.names import Mark, Role
from derivations.core.sums import Term
from derivations.core.terms import Int
from derivations.formulas.claims import Claim, Context, Dimension
from derivations.formulas.expressions import (
    Constant,
    DataBracket,
    Elementwise,
    Expression,
    Grad,
    Minus,
    Over,
    Plus,
    Power,
    Tensor,
    Times,
)
from derivations.formulas.integers import integer_symbol
from derivations.meaning.basis import Basis
from derivations.meaning.clearing import cleared
from derivations.meaning.functions import PI
from derivations.meaning.lowering import Lowering
from derivations.meaning.signs import Signs
from derivations.operators import apply

N = integer_symbol("n")
X, Y, T = Tensor("x", (N,)), Tensor("y", (N,)), Tensor("t", ())
CONTEXT = Context((Dimension(N),), names={"x": X, "y": Y, "t": T})
CLAIM = Claim("f", "functions", 0, CONTEXT, ())
FUNCTIONS = {
    "exp": math.exp,
    "log": math.log,
    "sqrt": math.sqrt,
    "tanh": math.tanh,
    "sigmoid": lambda t: 1 / (1 + math.exp(-t)),
    "softplus": lambda t: math.log(1 + math.exp(t)),
    "sin": math.sin,
    "cos": math.cos,
    "erf": math.erf,
}
NEAR = 1e-9  # roots of numbers are rounded: nearer ones than this are equal
JUMPS = {
    ">": lambda t: t > NEAR,
    ">=": lambda t: t >= -NEAR,
    "==": lambda t: abs(t) <= NEAR,
    "!=": lambda t: abs(t) > NEAR,
}
FREE = Mark(Role.ENTRY, 0)  # the index of the compared entry
TIES = (-2.0, -1.0, 0.0, 0.5, 1.0, 2.0)


class DoesNotExist(ArithmeticError):
    """A logarithm, a root or a quotient that the data do not allow."""


@dataclass(frozen=True)
class Point:
    """Sizes, data by tensor and place, and the values of indices."""

    sizes: Mapping[str, int]
    data: Mapping[str, Mapping[tuple[int, ...], float]]
    indices: Mapping[Any, int]

    def at(self, indices: Mapping[Any, int]) -> Point:
        """The same data at other indices."""
        return Point(self.sizes, self.data, indices)


def formula(number: int) -> Expression:
    """Formula number `number`: a scalar or a vector."""
    chance = random.Random(number)
    node = _grown(chance, chance.choice((2, 3, 3, 4)))
    if chance.random() < 0.2:
        total = apply("sum", node) if node.rank else node
        return Grad(total, chance.choice((X, Y)))
    return node


def _grown(chance: random.Random, depth: int) -> Expression:
    if depth == 0:
        number = Constant(chance.choice((1, 2, -1, 3)))
        return chance.choice((X, X, Y, T, number) * 3 + (apply("pi"), apply("iota", N)))
    kind = chance.choice("aaammmfffffqqjjrpss")
    inner = _grown(chance, depth - 1)
    if kind in "amqj":
        other = _grown(chance, chance.randrange(depth))
        if kind == "a":
            return Plus(inner, Minus(other) if chance.random() < 0.3 else other)
        if kind == "m":
            return Times(inner, other)
        if kind == "q":
            return Over(inner, other)
        return Times(inner, DataBracket(chance.choice((">", ">=", "==", "!=", "<", "<=")), inner, other))
    if kind == "f":
        return Elementwise(chance.choice((*FUNCTIONS, "exp", "log", "sqrt", "sin", "cos")), 0, inner)
    if kind == "r":
        return Elementwise(chance.choice(("relu", "abs")), 0, inner)
    if kind == "p":
        return Power(inner, chance.choice((2, 3, -1, -2, Rational(1, 2), Rational(-3, 2))))
    if not inner.rank:
        return inner
    return apply("sum", inner) if chance.random() < 0.5 else apply("softmax", inner)


def points(number: int, size: int, chance: random.Random) -> Point:
    """Data at a size: of both signs, positive, or with ties and zeros."""
    kind = number % 3
    draw = {
        0: lambda: chance.uniform(-2, 2),
        1: lambda: chance.uniform(0.1, 2),
        2: lambda: chance.choice(TIES),
    }[kind]
    rows = {name: {(i,): draw() for i in range(size)} for name in ("x", "y")}
    return Point({"n": size}, {**rows, "t": {(): draw()}}, {})


def _term_value(term: Term, point: Point, atom_value: Any) -> float:
    names = sorted(term.bound, key=str)
    total = 0.0
    for values in product(range(-1, point.sizes["n"] + 1), repeat=len(names)):
        here = {**point.sizes, **point.indices, **dict(zip(names, values, strict=True))}
        if not k.holds(term.condition, here):
            continue
        factors = [
            atom_value(atom.head, tuple(k.evaluate(i, here) for i in atom.indices), point) for atom in term.atoms
        ]
        below = k.evaluate(term.denominator, here)
        if not below:
            raise DoesNotExist
        coefficient = k.evaluate(term.numerator, here) / below
        total += reduce(mul, factors, coefficient)
    return total


@dataclass
class Evaluation:
    """The value of terms, as translated and in the normal form."""

    lowering: Lowering
    basis: Basis

    def translated(self, terms: Sequence[Term], point: Point) -> float:
        """The value of terms as the translation gives them."""
        return reduce(add, (_term_value(term, point, self._translated) for term in terms), 0.0)

    def _translated(self, head: Head, place: tuple[int, ...], point: Point) -> float:
        if isinstance(head, Entry):
            return point.data[head.name][place]
        if head is PI:
            return math.pi
        if isinstance(head, Reciprocal):
            return _inverse(self._translated(head.of, place, point))
        record = self.lowering.opaque[head]
        assert isinstance(head, Function)
        assert record.template is not None
        names = [next(iter(formal.symbols())) for formal in record.template.formals]
        inside = self.translated(record.template.terms, point.at(dict(zip(names, place, strict=True))))
        if head.function.kind is Kind.INVERSE:
            return _inverse(inside)
        if head.function.kind is Kind.POWER:
            top, bottom = (k.evaluate(part, point.sizes) for part in head.function.exponent)
            if inside < 1e-9:
                raise DoesNotExist
            return float(inside ** (top / bottom))
        if head.function.kind is Kind.JUMP:
            return float(JUMPS[head.function.name](inside))
        return _applied(head.function.name, inside)

    def normal(self, terms: Sequence[Term], point: Point) -> float:
        """The value of terms of the normal form, each unknown by its definition."""
        return reduce(add, (_term_value(term, point, self._normal) for term in terms), 0.0)

    def _normal(self, head: Head, place: tuple[int, ...], point: Point) -> float:
        if isinstance(head, Entry):
            return point.data[head.name][place]
        if head is PI:
            return math.pi
        if isinstance(head, Reciprocal):
            return _inverse(self._normal(head.of, place, point))
        if isinstance(head, Root):
            base = self._normal(head.of, place, point)
            if base < 0:
                raise DoesNotExist
            top, bottom = (k.evaluate(part, point.sizes) for part in head.exponent)
            return float(base ** (top / bottom))
        known = self.basis.defined[head]
        names = [next(iter(formal.symbols())) for formal in known.formals]
        inside = self.normal(known.terms, point.at(dict(zip(names, place, strict=True))))
        if isinstance(head, Value):
            return inside
        if isinstance(head, Choice):
            return float(JUMPS[">" if head.side is Side.ABOVE else "=="](inside - head.threshold))
        assert isinstance(head, Function)
        return _applied("log" if head.function.name == "log" else head.function.name,
                        abs(inside) if head.function.name == "log" else inside)  # fmt: skip


def _inverse(value: float) -> float:
    if abs(value) < 1e-9:
        raise DoesNotExist
    return 1 / value


def _applied(name: str, value: float) -> float:
    try:
        if name == "log" and value < 1e-9:
            raise DoesNotExist
        return float(FUNCTIONS[name](value))
    except (ValueError, OverflowError):
        raise DoesNotExist from None


def disagreement(number: int, clear: bool = False) -> str | None:
    """What is wrong with the normal form of a formula (None: nothing): an entry whose value is not the formula's."""
    node = formula(number)
    chance = random.Random(number + 1)
    lowering = Lowering()
    basis = Basis(lowering, Signs(k.nonnegative(Int.symbol("n") - 1)))
    free = Int.symbol(FREE)
    raw = lowering.lower(node, (free,) if node.rank else (), {}, frozenset())
    terms = basis.merged(basis.normal(raw))
    if clear:
        terms = cleared(basis, terms)
    evaluation = Evaluation(lowering, basis)
    for attempt in range(6):
        size = 1 + attempt % 3
        point = points(attempt, size, chance).at({FREE: chance.randrange(size)})
        try:
            wanted = evaluation.translated(raw, point)
        except (DoesNotExist, OverflowError):
            continue
        if not math.isfinite(wanted) or abs(wanted) > 1e6:
            continue
        try:
            found = evaluation.normal(terms, point)
        except (DoesNotExist, OverflowError):
            continue
        if abs(found - wanted) > 1e-6 * max(1, abs(wanted)):
            return f"{node} at {point}: {wanted}, in the normal form {found}"
    return None
