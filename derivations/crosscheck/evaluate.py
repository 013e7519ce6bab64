"""The numeric value of every node at concrete sizes, for all index values and data samples at once.

Why: the second meaning of a formula. Operators come from `numeric.operators`; what is here is the language
itself: names, arithmetic, entries, sums over indices, brackets. Entries and sums over
indices are in `indexing.py`, derivatives in `derivatives.py`.

Law: a Scope says at which sizes, index values and data a formula is evaluated. An entry outside its tensor
does not exist: inside a sum without a written range it ends the range, anywhere else the formula does not
exist there. Nothing is guessed: what cannot be computed raises NotEvaluable.

What it cannot see: all sizes. And an arbitrary loss is represented by one function, c + Σ δ∘z (+ Σ q∘z∘z
under second derivatives), an arbitrary elementwise function by one cubic polynomial: enough for a
counterexample, not for a proof.

Over 500 lines: one short function for each node of the language.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import singledispatch
from math import prod
from typing import Any

import numpy as np
from sympy import Basic, Expr, Tuple
from sympy.core.symbol import Str

from derivations.crosscheck import values
from derivations.crosscheck.infinitesimal import Digits, Infinitesimal, Residues
from derivations.crosscheck.integers import compiled, compiled_condition
from derivations.crosscheck.structure import data_names, exponent_of, index_names, tensors
from derivations.crosscheck.values import NotEvaluable, NotExact, Number, TooLarge
from derivations.formulas.expressions import (
    Apply,
    Bracket,
    Constant,
    DataBracket,
    Definition,
    Elementwise,
    Expression,
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
from derivations.formulas.table import TABLE
from numeric.operators import (
    CONSTANTS,
    FUNCTIONS,
    OPERATORS,
    PIECEWISE_LINEAR,
    PRECISE,
    Array,
    DoesNotExist,
    Tie,
    max_places,
    precise_pi,
    precise_softmax,
    real,
    simplest,
    tied_maxima,
)


class Varying(NotEvaluable):
    """A size depends on the value of an index: the index values must be taken one after the other."""


class KinkCrossed(NotEvaluable):
    """A perturbation changed which entry is the largest or positive; a smaller step does not."""


@dataclass
class Missing:
    """Entries that do not exist: the index names in their subscripts, and at which index values."""

    names: frozenset[str]
    where: Array


@dataclass
class Scope:
    """Where a formula is evaluated.

    sizes: dims by name. indices: values of the index variables in scope, arrays of one length. data: tensors,
    loss coefficients ("J"), directions ("d:w"), definitions held fixed, by name. functions: coefficients of
    the polynomial that stands for each arbitrary function, constant term first. family: how many successive
    samples are perturbations of the same data (then a choice must be the same for all of them). step: by how
    much exact differences move an entry; a multiple of the divisors that occur keeps everything whole.
    infinitesimal: where not None, the numbers in which everything is computed instead, with a step for derivatives.
    coarse: whether every floating value that is computed is rounded to 24 bits, which shows what is rounding.
    missing collects entries that do not exist.
    """

    sizes: Mapping[str, int]
    data: Mapping[str, Number]
    functions: Mapping[str, tuple[int, ...]]
    exact: bool = True
    indices: dict[str, Array] = field(default_factory=dict)
    count: int = 1
    family: int = 1
    step: int = 1
    infinitesimal: Infinitesimal | None = None
    coarse: bool = False
    differentiated: bool = False
    quadratic_losses: bool = False
    missing: list[Missing] = field(default_factory=list)
    known: dict[Expression, Number] = field(default_factory=dict)
    names: dict[str, Expression] = field(default_factory=dict)
    outside: tuple[Scope, frozenset[str], int] | None = None

    def __post_init__(self) -> None:
        self.values: dict[str, Any] = {**self.sizes, **self.indices}

    def with_indices(self, indices: dict[str, Array], count: int) -> Scope:
        """The same data at other index values, with an empty list of missing entries."""
        return replace(self, indices=indices, count=count, missing=[])

    @property
    def samples(self) -> int:
        """How many samples of data there are."""
        return max((int(value.array.shape[0]) for value in self.data.values()), default=1)

    def integer(self, expression: Expr) -> int:
        """An integer that must not depend on index values; raises Varying if it does."""
        value = compiled(expression)(self.values)
        if isinstance(value, np.ndarray):
            if not value.size or np.any(value != value.flat[0]):
                raise Varying(f"{expression} depends on an index")
            value = value.flat[0]
        return int(value)

    def shape(self, node: Expression) -> tuple[int, ...]:
        """The node's shape at these sizes, by its size rules."""
        return tuple(self.integer(size) for size in node.shape)


def value_of(node: Expression, scope: Scope) -> Number:
    """The value (samples, index values, *shape); raises DoesNotExist, Tie, ZeroDivisionError or NotEvaluable.

    Formulas without free indices are computed once for each scope of data; formulas that a perturbation does
    not reach are taken from the scope outside.
    """
    if scope.indices and not index_names(node).isdisjoint(scope.indices):
        return _computed(node, scope)
    found = scope.known.get(node)
    if found is None:
        closed = scope.with_indices({}, 1) if scope.indices else scope
        found = _from_outside(node, scope) or _computed(node, closed)
        if closed.missing:  # no index outside can excuse it
            raise DoesNotExist("an entry does not exist")
        scope.known[node] = found
    return found


def _computed(node: Expression, scope: Scope) -> Number:
    value = _value(node, scope)
    if scope.coarse and not isinstance(node, Tensor):
        return _rounded(value)
    return value if scope.infinitesimal is None else scope.infinitesimal.taken(value)


def _rounded(value: Number) -> Number:
    """Floating values to 24 bits, real and imaginary parts apart."""
    kind = value.array.dtype.kind
    if kind not in "fc":
        return value
    return Number(value.array.astype(np.complex64 if kind == "c" else np.float32).astype(value.array.dtype))


def _from_outside(node: Expression, scope: Scope) -> Number | None:
    if scope.outside is None:
        return None
    parent, varying, times = scope.outside
    if not data_names(node).isdisjoint(varying):
        return None
    return values.repeat_samples(value_of(node, parent), times)


@singledispatch
def _value(node: Any, scope: Scope) -> Number:
    raise NotEvaluable(f"{type(node).__name__} has no numeric meaning")


# -- names and numbers ---------------------------------------------------------------------------------------


@_value.register
def _tensor(node: Tensor, scope: Scope) -> Number:
    shape = scope.shape(node)
    if any(size < 0 for size in shape):
        raise DoesNotExist(f"{node.name} of shape {shape}")
    if node.name not in scope.data:
        raise KeyError(f"no data for {node.name}; expected an array of shape {shape}")
    return scope.data[node.name]


@_value.register
def _definition(node: Definition, scope: Scope) -> Number:
    return scope.data[node.name] if node.name in scope.data else value_of(node.body, scope)


@_value.register
def _loss(node: Loss, scope: Scope) -> Number:
    inner = value_of(node.of, scope)
    terms = [values.multiply([scope.data[node.name], inner])]
    if scope.quadratic_losses:
        terms.append(values.multiply([scope.data[f"{node.name}:curvature"], inner, inner]))
    same_shape(terms)
    return values.add([operate("sum", term) for term in terms] + [scope.data[f"{node.name}:constant"]])


@_value.register
def _constant(node: Constant, scope: Scope) -> Number:
    value = compiled(node.value)(scope.values)
    array = isinstance(value, np.ndarray)
    result = values.measured(value.reshape(1, -1)) if array else values.scalar(value)
    return result if scope.exact else values.as_float(result)


@_value.register
def _literal(node: Literal, scope: Scope) -> Number:
    entries = [Fraction(int(value.p), int(value.q)) for value in node.values]
    flat = [int(entry) if entry.denominator == 1 else entry for entry in entries]
    array = np.array(flat, dtype=object).reshape(scope.shape(node))
    if all(isinstance(entry, int) for entry in flat):
        array = array.astype(np.int64)
    result = values.number(array)
    return result if scope.exact else values.as_float(result)


@_value.register
def _sizes(node: SizeTuple, scope: Scope) -> Number:
    """A written tuple by its expressions; shape(z) by the shape that the value of z has."""
    if node.of is not None:
        return values.measured(np.array(value_of(node.of, scope).shape, dtype=np.int64).reshape(1, 1, -1))
    entries = [compiled(size)(scope.values) for size in node.sizes]
    whole = all(not isinstance(entry, Fraction) and np.asarray(entry).dtype != object for entry in entries)
    columns = [np.broadcast_to(np.asarray(entry, dtype=None if whole else object), (scope.count,)) for entry in entries]
    array = np.stack(columns, axis=-1) if columns else np.zeros((scope.count, 0), dtype=np.int64)
    return values.measured(array[None] if whole else simplest(array)[None])


# -- arithmetic ----------------------------------------------------------------------------------------------


def same_shape(parts: Sequence[Number]) -> None:
    """Raise DoesNotExist unless all parts of positive rank have one shape."""
    shapes = {part.shape for part in parts if part.rank}
    if len(shapes) > 1:
        raise DoesNotExist(f"entrywise arithmetic of shapes {' and '.join(map(str, sorted(shapes)))}")


def _arguments(node: Expression, scope: Scope) -> list[Number]:
    parts = [value_of(part, scope) for part in node.args if isinstance(part, Expression)]
    same_shape(parts)
    return parts


@_value.register
def _plus(node: Plus, scope: Scope) -> Number:
    return values.add(_arguments(node, scope))


@_value.register
def _minus(node: Minus, scope: Scope) -> Number:
    return values.negate(value_of(node.args[0], scope))


@_value.register
def _times(node: Times, scope: Scope) -> Number:
    return values.multiply(_arguments(node, scope))


@_value.register
def _over(node: Over, scope: Scope) -> Number:
    divisor = node.args[1]
    while isinstance(divisor, Definition) and divisor.name not in scope.data:
        divisor = divisor.body
    if isinstance(divisor, Constant):
        _check_divisor(divisor, scope)
    numerator, denominator = _arguments(node, scope)
    _check_zeros(divisor, denominator, scope)
    return _quotient(numerator, denominator, scope)


def _quotient(numerator: Number, denominator: Number, scope: Scope) -> Number:
    if not isinstance(scope.infinitesimal, Residues):
        return values.divide(numerator, denominator)
    rank = max(numerator.rank, denominator.rank)
    parts = [values.extend(part, rank) for part in (numerator, denominator)]
    return Number(scope.infinitesimal.quotient(*parts))


def _check_divisor(divisor: Constant, scope: Scope) -> None:
    """A quotient by a size that is 0 does not exist; of data that is 0 it is a matter of the data drawn."""
    zero = np.asarray(compiled(divisor.value)(scope.values) == 0)
    if zero.all():
        raise DoesNotExist(f"a quotient by {divisor}, which is 0")
    if zero.any():
        raise Varying(f"{divisor} is 0 at some index")


class ZeroThroughout(ZeroDivisionError):
    """A divisor of which `entries` are 0 in every sample: if they are so again and again, they are 0 for all data."""

    def __init__(self, entries: frozenset[int]) -> None:
        super().__init__("a divisor is 0 in all samples")
        self.entries = entries


def _check_zeros(divisor: Expression, value: Number, scope: Scope) -> None:
    """By a number that is 0 nothing is divided; a polynomial in the data may be 0 for all of them."""
    zero = np.asarray(value.array == 0)
    if not zero.any():
        return
    if not tensors(divisor):
        _absent(zero, f"a quotient by {divisor}, which is 0")
    always = zero.all(axis=0)
    # In floating point too where the only functions are roots and logarithms of numbers: those are 0 without rounding.
    plain = all(f.name in ("sqrt", "log") and not f.atoms(Tensor) for f in divisor.atoms(Elementwise))
    if plain and not divisor.atoms(DataBracket) and always.any():
        raise ZeroThroughout(frozenset(map(int, np.flatnonzero(always))))


def _check_singular(node: Apply, matrix: Any) -> None:
    """A matrix of polynomials in the data that is singular in every sample may be so for all data."""
    of = node.arguments[0]
    polynomial = isinstance(matrix, Number) and not of.atoms(Elementwise) and not of.atoms(DataBracket)
    if polynomial and not np.asarray(operate("det", matrix).array).any():
        raise ZeroThroughout(frozenset({0}))


def _absent(where: Array, what: str) -> None:
    """Nothing exists here: at all values of the free indices, or only at some (which are then looked at singly)."""
    if where.shape[1] > 1 and not where.any(axis=tuple(n for n in range(where.ndim) if n != 1)).all():
        raise Varying(what)
    raise DoesNotExist(what)


@_value.register
def _power(node: Power, scope: Scope) -> Number:
    base, amount = value_of(node.args[0], scope), compiled(exponent_of(node))(scope.values)
    if isinstance(amount, np.ndarray):
        raise NotEvaluable("an exponent that depends on an index")
    fraction = Fraction(amount)
    if fraction.denominator != 1:
        return _root(base, fraction, scope)
    exponent = int(fraction)
    if exponent < 0:
        _check_zeros(node.args[0], base, scope)
        return _quotient(values.scalar(1), values.power(base, -exponent), scope)
    return values.power(base, exponent)


def _root(base: Number, exponent: Fraction, scope: Scope) -> Number:
    """A power with an exponent that is no whole number, of what is positive: exp(e·log x)."""
    if scope.exact and not isinstance(scope.infinitesimal, Digits):
        raise NotExact("a root has no exact values")
    positive = real(base.array) > 0
    at_zero = exponent > 0 and _steady(base, scope)
    if np.any(~positive & (real(base.array) != 0) if at_zero else ~positive):
        raise NotEvaluable("a root of a number that is not positive")
    if not positive.all():
        powers = _root(Number(np.where(positive, base.array, 1)), exponent, scope)
        return Number(np.where(positive, powers.array, 0 * powers.array))
    table = PRECISE if isinstance(scope.infinitesimal, Digits) else FUNCTIONS
    logarithm = Number(table["log"][0](base.array))
    scaled = values.multiply([logarithm, values.scalar(exponent.numerator)])
    scaled = values.divide(scaled, values.scalar(exponent.denominator))
    return Number(table["exp"][0](scaled.array))


def _steady(number: Number, scope: Scope) -> bool:
    """Whether no derivative is taken of a number: at 0 a root has a value, but no derivative."""
    return not scope.differentiated and not np.iscomplexobj(number.array)


# -- operators and functions ---------------------------------------------------------------------------------


def _parameter(argument: Basic, scope: Scope) -> Any:
    if isinstance(argument, Str):
        return str(argument.name)
    if isinstance(argument, Tuple):
        return tuple(_parameter(part, scope) for part in argument.args)
    return scope.integer(argument)


# products of an entry of each argument, times samples, that one operator may cost: about a second
LARGEST_OPERATION = 100_000_000

# operators each of whose entries is one product of entries: nothing is summed
MOVING = {
    *("transpose", "rot180", "rot90", "flip", "up", "dilate", "pad", "crop", "resize"),
    *("vec", "reshape", "diag", "kron", "outer", "max", "max_pool", "broadcast", "permute"),
    *("maximum", "minimum", "clamp", "select", "onehot"),
}


# operators that ask which entry is larger
ORDERED = {"max", "max_pool", "max_unpool"}


def operate(name: str, *arguments: Any) -> Number:
    """An operator of `numeric` on Numbers (and parameters), without overflow."""
    numbers = [argument for argument in arguments if isinstance(argument, Number)]
    cost = prod(prod(part.shape) for part in numbers) * max((part.array.shape[0] for part in numbers), default=1)
    if cost > LARGEST_OPERATION:
        raise TooLarge(f"{name} of shapes {' and '.join(str(part.shape) for part in numbers)}")
    known = values.bounds(numbers)
    bound = None
    if known is not None and numbers:
        # every other operator of the table is linear in each argument: each of its sums has at most as many
        # terms as the largest argument has entries, and each term is a product of one entry of each
        bound = 1 if name in MOVING else max(prod(part.shape) for part in numbers) + 1
        for value in known:
            bound *= max(value, 1)
        if name in ("inv", "solve", "det"):
            bound = values.SAFE

    def call(*arrays: Array) -> Array:
        given = iter(arrays)
        return OPERATORS[name](*[next(given) if isinstance(a, Number) else a for a in arguments], stack=2)

    return values.combine(numbers, bound, call)


@_value.register
def _apply(node: Apply, scope: Scope) -> Number:
    formula = TABLE[node.operator].formula
    if formula is not None and (scope.differentiated or scope.infinitesimal is not None):
        return value_of(formula(*node.arguments), scope)  # kinks and residues are the affair of its parts
    arguments = [
        value_of(part, scope) if isinstance(part, Expression) else _parameter(part, scope) for part in node.arguments
    ]
    if node.operator == "pi" and isinstance(scope.infinitesimal, Digits):
        return values.number(precise_pi())
    if node.operator == "pi" and scope.exact:
        raise NotExact("pi has no exact value")
    if node.operator in CONSTANTS:
        result = values.number(OPERATORS[node.operator](*arguments))
        return result if scope.exact else values.as_float(result)
    if isinstance(scope.infinitesimal, Residues) and node.operator in ORDERED:
        raise NotExact(f"{node.operator} of residues")
    if isinstance(scope.infinitesimal, Residues) and node.operator == "inv":
        return _inverse(arguments[0], scope.infinitesimal)
    if node.operator == "softmax" and isinstance(scope.infinitesimal, Digits):
        return Number(precise_softmax(arguments[0].array))
    if node.operator == "softmax" and scope.exact:
        raise NotExact("softmax has no exact values")
    if scope.differentiated:
        _same_choice(node.operator, arguments, scope)
    try:
        return operate(node.operator, *arguments)
    except ZeroDivisionError:
        _check_singular(node, arguments[0])
        raise


def _inverse(of: Number, residues: Residues) -> Number:
    if len(set(of.shape)) > 1:
        raise DoesNotExist(f"the inverse of a matrix of shape {of.shape}")
    return Number(residues.inverse(of.array))


def _same_choice(name: str, arguments: Sequence[Any], scope: Scope) -> None:
    """Raise Tie or KinkCrossed where a maximum is not differentiable along the perturbations."""
    if name == "max_pool":
        x, f, stride, pad, ceil = arguments
        best, tied = max_places(x.array, f, stride, pad, bool(ceil))
    elif name == "max_unpool":
        _, x, f, stride = arguments
        best, tied = max_places(x.array, f, stride)
    elif name == "max":
        x, axis = arguments
        best, tied = tied_maxima(x.array, axis, stack=2)
    else:
        return
    settled(best, tied, scope, "a maximum is attained twice")


def settled(choice: Array, tied: Array, scope: Scope, message: str) -> None:
    """Raise Tie where the unperturbed data are at a kink, KinkCrossed where a perturbation reaches or crosses one."""
    if choice.shape[0] % scope.family or choice.shape[0] == 1:
        families, ties = choice[:, None], tied[:, None]  # no perturbation reaches these values
    else:
        families, ties = (part.reshape(-1, scope.family, *part.shape[1:]) for part in (choice, tied))
    if np.any(ties[:, 0]):
        raise Tie(message)
    if np.any(ties) or np.any(families != families[:, :1]):
        raise KinkCrossed("a perturbation changed the choice of a maximum or of a sign")


@_value.register
def _elementwise(node: Elementwise, scope: Scope) -> Number:
    inner = value_of(node.of, scope)
    if node.name in scope.functions:
        if isinstance(scope.infinitesimal, Residues):
            return Number(scope.infinitesimal.arbitrary(node.name, node.order, inner.array))
        return _polynomial(scope.functions[node.name], node.order, inner, scope)
    if node.name not in FUNCTIONS or node.order >= len(FUNCTIONS[node.name]):
        raise NotEvaluable(f"no numeric values of {node.name}{chr(39) * node.order}")
    if node.name in PIECEWISE_LINEAR:
        if isinstance(scope.infinitesimal, Residues) and not _in_order(node, [inner]):
            raise NotExact(f"{node.name} of residues")
        if scope.differentiated and data_names(node.of):
            sign = np.sign(real(inner.array))
            settled(sign, sign == 0, scope, f"{node.name} has no derivative at 0")
        array = FUNCTIONS[node.name][node.order](inner.array)
        return Number(array, max(inner.bound, 1) if inner.bound is not None and array.dtype == np.int64 else None)
    of_data = bool(tensors(node.of))
    if node.name in ("log", "sqrt") and not of_data and not isinstance(scope.infinitesimal, Residues):
        number = real(inner.array)
        outside = np.asarray(number < 0 if node.name == "sqrt" and not node.order else number <= 0)
        if outside.any():
            _absent(outside, f"{node.name} of {node.of}, which is not in its domain")
    if scope.exact and not isinstance(scope.infinitesimal, Digits):
        raise NotExact(f"{node.name} has no exact values")
    if node.name in ("log", "sqrt") and of_data:
        # A complex step would go round the missing real value, and give it a derivative.
        at_zero = node.name == "sqrt" and not node.order and _steady(inner, scope)
        if np.any(real(inner.array) < 0 if at_zero else real(inner.array) <= 0):
            raise NotEvaluable(f"{node.name} of a number that is not positive")
    table = PRECISE if isinstance(scope.infinitesimal, Digits) else FUNCTIONS
    return Number(table[node.name][node.order](inner.array))


def _in_order(node: Expression, parts: Sequence[Number]) -> bool:
    """Whether these residues are integers of sizes and indices alone, so small that they stand for themselves."""
    return not data_names(node) and all(part.array.dtype.kind == "i" for part in parts)


def _polynomial(coefficients: Sequence[int], order: int, inner: Number, scope: Scope) -> Number:
    """The polynomial that stands for an arbitrary function, or its derivative, by Horner's rule."""
    for _ in range(order):
        coefficients = [power * c for power, c in enumerate(coefficients)][1:] or [0]
    result = values.scalar(coefficients[-1])
    for coefficient in reversed(coefficients[:-1]):
        result = values.add([values.multiply([result, inner]), values.scalar(coefficient)])
    if result.rank != inner.rank:
        result = values.add([result, values.multiply([values.scalar(0), inner])])
    return result if scope.exact else values.as_float(result)


@_value.register
def _bracket(node: Bracket, scope: Scope) -> Number:
    truth = np.asarray(compiled_condition(node.condition)(scope.values))
    result = Number(truth.astype(np.int64).reshape(1, -1), 1)
    return result if scope.exact else values.as_float(result)


_COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "==": np.equal,
    "!=": np.not_equal,
    "<=": np.less_equal,
    "<": np.less,
    ">=": np.greater_equal,
    ">": np.greater,
}


def _far_enough(left: Array, right: Array, digits: Digits) -> None:
    """Raise Tie where rounding may have decided which of two numbers is larger."""
    near = np.abs(left - right) <= np.maximum(np.abs(left), np.abs(right)) * digits.step(1)
    if np.any(near & np.asarray(left != right, dtype=bool)):
        raise Tie("two numbers are too near to each other to tell which is larger")


@_value.register
def _data_bracket(node: DataBracket, scope: Scope) -> Number:
    parts = _arguments(node, scope)
    rank = max(part.rank for part in parts)
    left, right = (real(values.extend(part, rank)) for part in parts)
    if isinstance(scope.infinitesimal, Residues) and not _in_order(node, parts):
        raise NotExact("a comparison of residues")
    if isinstance(scope.infinitesimal, Digits):
        _far_enough(left, right, scope.infinitesimal)
    if scope.differentiated:
        sign = np.sign(np.asarray(left - right))
        settled(sign, sign == 0, scope, "a comparison of equal data has no derivative")
    truth = np.asarray(_COMPARE[node.operator](left, right)).astype(np.int64)
    return Number(truth, 1) if scope.exact else Number(truth.astype(np.float64))
