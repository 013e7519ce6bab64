"""What a formula depends on: data names, index variables, and the polynomial degree along a perturbation.

Law: a degree is an upper bound, found by reading; whoever uses it verifies it by one more point. None means
that the dependence is not known to be polynomial.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache

from sympy import Basic, Expr

from derivations.crosscheck.integers import compiled, symbols_of
from derivations.formulas.expressions import (
    Apply,
    Bracket,
    ByIndex,
    Constant,
    DataBracket,
    Definition,
    Differential,
    Elementwise,
    Entry,
    Expression,
    Grad,
    IndexRange,
    IndexSum,
    Jacobian,
    Literal,
    Loss,
    Minus,
    Over,
    Plus,
    Power,
    SizeTuple,
    Tensor,
    Times,
)
from numeric.operators import FUNCTIONS, PIECEWISE_LINEAR

ROOTED = ("log", "sqrt")  # functions that exist of what is positive

Derivative = Grad | Jacobian | Differential


@lru_cache(maxsize=20000)
def parts_of(node: Expression) -> tuple[Expression, ...]:
    """The formulas directly inside a node (of a Definition, its body)."""
    return tuple(part for part in node.args if isinstance(part, Expression))


def walk(node: Expression) -> Iterator[Expression]:
    """Every distinct formula inside a node, itself first, through definitions."""
    seen: set[Expression] = set()
    waiting = [node]
    while waiting:
        current = waiting.pop()
        if current not in seen:
            seen.add(current)
            yield current
            waiting.extend(reversed(parts_of(current)))


@lru_cache(maxsize=20000)
def data_names(node: Expression) -> frozenset[str]:
    """The names of the tensors, definitions and losses that a formula mentions, through definitions."""
    names: frozenset[str] = frozenset()
    if isinstance(node, Tensor | Definition | Loss):
        names = frozenset({node.name})
    return names.union(*(data_names(part) for part in parts_of(node)))


@lru_cache(maxsize=20000)
def height(node: Expression) -> int:
    """How deep derivatives stand in one another: 0 where there is none, 1 for the gradient of a formula without any."""
    inside = max((height(part) for part in parts_of(node)), default=0)
    return inside + isinstance(node, Derivative)


@lru_cache(maxsize=20000)
def nesting(node: Expression) -> int:
    """How many arbitrary functions stand in one another: each multiplies the length of exact numbers."""
    inside = max((nesting(part) for part in parts_of(node)), default=0)
    return inside + (isinstance(node, Elementwise) and node.name not in FUNCTIONS)


@lru_cache(maxsize=20000)
def transcendental(node: Expression) -> bool:
    """Whether a formula has functions that no integers, fractions or residues are values of: exp, tanh, softmax. Of
    numbers that are no data they may be cut away or exact."""
    known = isinstance(node, Elementwise) and node.name in FUNCTIONS and node.name not in PIECEWISE_LINEAR
    known = known and node.name not in ("sqrt", "log")  # of squares, and of what is looked at for its domain
    if known or (isinstance(node, Apply) and node.operator == "softmax"):
        return bool(node.atoms(Tensor))
    return any(transcendental(part) for part in parts_of(node))


@lru_cache(maxsize=20000)
def divides_by_data(node: Expression) -> bool:
    """Whether a formula has a divisor, or a matrix to be inverted, that may be 0 or singular for all data: only exact
    numbers tell."""
    if isinstance(node, Over) and tensors(node.args[1]):
        return True
    if isinstance(node, Apply) and node.operator in ("inv", "det", "solve"):
        return True
    return any(divides_by_data(part) for part in parts_of(node))


@lru_cache(maxsize=20000)
def tensors(node: Expression) -> tuple[Tensor, ...]:
    """The declared tensors of a formula, in order of appearance."""
    return tuple(part for part in walk(node) if isinstance(part, Tensor))


@lru_cache(maxsize=20000)
def index_names(node: Basic) -> frozenset[str]:
    """The integer symbols that are free in a formula: sizes, and indices that nothing in it binds."""
    if not isinstance(node, Expression):
        return symbols_of(node)
    names = frozenset().union(*(index_names(part) for part in node.args))
    if isinstance(node, IndexSum | ByIndex):
        names -= {part.index.name for part in node.args if isinstance(part, IndexRange)}
    return names


def exponent_of(node: Power) -> Expr:
    """The exponent of a power: a number, or a fraction of sizes."""
    exponent: Expr = node.args[1]
    return exponent.value if isinstance(exponent, Constant) else exponent


class Degrees:
    """Upper bounds of the total degree of formulas in the entries of the names that vary, at given sizes.

    functions: the coefficients of the polynomial that stands for each arbitrary function.
    """

    def __init__(
        self,
        varying: frozenset[str],
        sizes: Mapping[str, int],
        functions: Mapping[str, Sequence[int]],
        quadratic_losses: bool,
    ) -> None:
        self.varying = varying
        self.sizes = sizes
        self.functions = functions
        self.quadratic_losses = quadratic_losses
        self.known: dict[Expression, int | None] = {}

    def of(self, node: Expression) -> int | None:
        """The bound, None where the dependence is not polynomial."""
        if not data_names(node) & self.varying:
            return 0
        if node not in self.known:
            self.known[node] = self._find(node)
        return self.known[node]

    def _parts(self, node: Expression) -> list[int | None]:
        return [self.of(part) for part in parts_of(node)]

    def _most(self, degrees: list[int | None]) -> int | None:
        known = [degree for degree in degrees if degree is not None]
        return max(known, default=0) if len(known) == len(degrees) else None

    def _total(self, degrees: list[int | None]) -> int | None:
        known = [degree for degree in degrees if degree is not None]
        return sum(known) if len(known) == len(degrees) else None

    def _find(self, node: Expression) -> int | None:
        match node:
            case Tensor() | Definition() | Loss() if node.name in self.varying:
                return 1
            case Loss():
                return self._times(self.of(node.of), 2 if self.quadratic_losses else 1)
            case Definition() | Plus() | Minus() | Entry() | IndexSum() | ByIndex():
                return self._most(self._parts(node))
            case Times():
                return self._total(self._parts(node))
            case Over():
                above, below = self._parts(node)
                return above if below == 0 else None
            case Power():
                exponent = exponent_of(node)
                whole = exponent.is_Integer and exponent >= 0
                return self._times(self.of(node.args[0]), int(exponent)) if whole else None
            case Elementwise():
                return self._elementwise(node)
            case Apply():
                return self._apply(node)
            case Grad() | Jacobian() | Differential():
                return self._derivative(node)
            case DataBracket() | Bracket() | Constant() | Literal() | SizeTuple():
                return 0
        return None

    def _times(self, degree: int | None, factor: int) -> int | None:
        return None if degree is None else degree * factor

    def _elementwise(self, node: Elementwise) -> int | None:
        inner = self.of(node.of)
        if node.name in PIECEWISE_LINEAR:
            return inner if node.order == 0 else 0
        if node.name in FUNCTIONS:
            return None
        if node.name not in self.functions:
            return None
        return self._times(inner, max(len(self.functions[node.name]) - 1 - node.order, 0))

    def _apply(self, node: Apply) -> int | None:
        match node.operator:
            case "inv" | "solve" | "softmax" | "pi":
                return None
            case "det":
                return self._times(self.of(node.tensors[0]), int(compiled(node.tensors[0].shape[0])(self.sizes)))
            case "max_unpool":
                return self.of(node.tensors[0])
        return self._total([self.of(part) for part in node.tensors])

    def _derivative(self, node: Derivative) -> int | None:
        """A derivative of a polynomial in more variables: at most the degree of what is differentiated."""
        more = {node.wrt.name} if node.wrt is not None else {part.name for part in tensors(node.of)}
        return Degrees(self.varying | more, self.sizes, self.functions, self.quadratic_losses).of(node.of)


def under_a_root(node: Expression) -> Iterator[Expression]:
    """The argument of a logarithm, a root, or a power that may be one."""
    if isinstance(node, Power):
        base, exponent = node.args
        if not (exponent.value if isinstance(exponent, Constant) else exponent).is_Integer:
            yield base
    elif isinstance(node, Elementwise) and node.name in ROOTED:
        yield node.of


def has_kink(node: Expression) -> bool:
    if isinstance(node, Apply):
        return node.operator in ("max", "max_pool", "max_unpool")
    return isinstance(node, DataBracket) or (isinstance(node, Elementwise) and node.name in PIECEWISE_LINEAR)


def divides(node: Expression) -> bool:
    return isinstance(node, Over) or (isinstance(node, Apply) and node.operator in ("mean", "mean_pool"))
