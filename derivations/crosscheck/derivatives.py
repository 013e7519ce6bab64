"""Derivatives by perturbing the numeric forward function: no adjoint formula is known here.

Where the dependence on a perturbed entry is a polynomial of degree at most d (a bound read off the formula,
and verified by one more point), d + 1 integer steps give the derivative exactly [Newton's forward
differences: f'(0) = Σ_{k=1..d} (−1)^{k+1} Δ^k f(0)/k]. Where it is smooth only, one imaginary step gives it
to rounding [Squire & Trapp 1998]. All entries are perturbed at once, each in a sample of its own.

What it cannot see: second derivatives of functions that are not polynomials.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from math import comb, lcm, prod

import numpy as np

from derivations.crosscheck import values
from derivations.crosscheck.evaluate import KinkCrossed, Scope, _value, value_of
from derivations.crosscheck.infinitesimal import Digits, Infinitesimal
from derivations.crosscheck.structure import Degrees, height, tensors
from derivations.crosscheck.values import NotEvaluable, NotExact, Number, TooLarge
from derivations.formulas.expressions import Differential, Expression, Grad, Jacobian
from numeric.operators import Array, quotient

# a power of two, so that dividing by it is exact, and so small that its square vanishes beside 1
IMAGINARY_STEP = 2.0**-200
COARSE_STEP = 2.0**-40  # the same among numbers of 24 bits, whose exponents are smaller
# samples that are evaluated together: enough to share NumPy's overhead, few enough to stay in the cache
TOGETHER = 4096
# entries of data from which on fewer samples are evaluated together
LARGE = 500
# entries × samples that one derivative may cost: about a second
LARGEST_WORK = 200_000_000
# how much more a number of many digits costs, and it is computed several times
DIGITS_COST = 80_000
# the degree up to which exact differences are taken; it grows with each layer, and with it the numbers and their count
LARGEST_DEGREE = 12
# fractions of the scope's step that are tried in turn where the whole step would change a maximum or a sign
SHRINK = (1, 2**20, 2**60)

Directions = dict[str, Number]


@lru_cache(maxsize=64)
def weights(degree: int) -> tuple[tuple[int, ...], int]:
    """(numerators, denominator): f'(0) of a polynomial of this degree is Σ_j numerators[j]·f(j) /
    denominator.

    >>> weights(2)
    ((-3, 4, -1), 2)
    """
    denominator = lcm(*range(1, degree + 1))
    numerators = [0] * (degree + 1)
    for k in range(1, degree + 1):
        for j in range(k + 1):
            # Δ^k f(0) = Σ_j (−1)^{k−j} C(k, j) f(j), weighted by (−1)^{k+1}/k
            numerators[j] += (-1) ** (k - j) * comb(k, j) * (-1) ** (k + 1) * denominator // k
    return tuple(numerators), denominator


def along(of: Expression, directions: Directions, scope: Scope) -> Number:
    """The derivatives of a formula along directions: (samples, index values, *shape, number of directions).

    directions: for each name that varies, a Number (samples, directions, *shape of the name).
    """
    base = value_of(of, scope)
    count = max(direction.array.shape[1] for direction in directions.values())
    degrees = Degrees(frozenset(directions), scope.sizes, scope.functions, scope.quadratic_losses)
    degree = degrees.of(of)
    if degree == 0 or not count:
        return Number(np.zeros((1, base.array.shape[1], *base.shape, count), dtype=np.int64), 0)
    if scope.exact and degree is None and scope.infinitesimal is None:
        raise NotExact("the dependence is not known to be polynomial")
    if scope.exact and scope.infinitesimal is None and degree is not None and degree > LARGEST_DEGREE:
        raise NotExact(f"exact differences of degree {degree}")
    samples = _samples(directions, scope)
    points = 1 if not scope.exact or degree is None or scope.infinitesimal else degree + 1
    size = sum(prod(value.shape) for value in (*scope.data.values(), base))
    dear = DIGITS_COST if isinstance(scope.infinitesimal, Digits) else 1
    if count * points * samples * size * dear > LARGEST_WORK:
        raise TooLarge(f"a derivative by {count} entries")
    chunk = max(TOGETHER // (samples * points * (1 + size // LARGE)), 1)
    pieces = [
        _along(of, _chosen(directions, start, start + chunk), scope, degree if scope.exact else None)
        for start in range(0, count, chunk)
    ]
    most = max(piece.array.shape[0] for piece in pieces)
    arrays = [np.broadcast_to(piece.array, (most, *piece.array.shape[1:])) for piece in pieces]
    known = values.bounds(pieces)
    return Number(np.concatenate(arrays, axis=-1), max(known) if known is not None else None)


def _chosen(directions: Directions, start: int, stop: int) -> Directions:
    return {name: Number(value.array[:, start:stop], value.bound) for name, value in directions.items()}


def _along(of: Expression, directions: Directions, scope: Scope, degree: int | None) -> Number:
    if scope.infinitesimal is not None:
        return _infinitesimally(of, directions, scope, scope.infinitesimal)
    if degree is None:
        return _complex_step(of, directions, scope)
    for shrink in SHRINK:
        try:
            return _differences(of, directions, scope, degree, Fraction(scope.step, shrink))
        except KinkCrossed:
            continue
    raise NotEvaluable("no step stays on one side of a kink")


@dataclass(frozen=True)
class Moves:
    """Sample k moves by amounts[k] along direction number which[k]."""

    which: Array
    amounts: Array

    @property
    def count(self) -> int:
        return len(self.which)


def _perturbed(scope: Scope, directions: Directions, moves: Moves) -> Scope:
    """The scope in which each sample becomes `moves.count` successive samples, one for each move."""
    data = {name: values.repeat_samples(value, moves.count) for name, value in scope.data.items()}
    samples = _samples(directions, scope)
    for name, direction in directions.items():
        data[name] = _moved(_base(name, scope), direction, moves, samples)
    return replace(
        scope,
        data=data,
        known={},
        missing=[],
        family=scope.family * moves.count,
        differentiated=True,
        outside=(scope, frozenset(directions), moves.count),
    )


def _base(name: str, scope: Scope) -> Number:
    return scope.data[name] if name in scope.data else value_of(scope.names[name], scope)


def _samples(directions: Directions, scope: Scope) -> int:
    bases = (_base(name, scope) for name in directions)
    return max(int(value.array.shape[0]) for value in (*scope.data.values(), *directions.values(), *bases))


def _moved(base: Number, direction: Number, moves: Moves, samples: int) -> Number:
    """(samples · moves, 1, *shape), also where neither the value nor the direction depends on the sample."""
    bound = None
    if base.bound is not None and direction.bound is not None and moves.amounts.dtype == np.int64:
        bound = base.bound + direction.bound * int(np.abs(moves.amounts).max())

    def moved(x: Array, dx: Array) -> Array:
        amounts = moves.amounts.reshape(-1, *[1] * base.rank)
        result = x + dx[:, moves.which] * amounts
        result = np.broadcast_to(result, (samples, *result.shape[1:]))
        return np.asarray(result.reshape(-1, 1, *result.shape[2:]))

    return values.combine([base, direction], bound, moved)


def _differences(of: Expression, directions: Directions, scope: Scope, degree: int, step: Fraction) -> Number:
    count = max(direction.array.shape[1] for direction in directions.values())
    points = degree + 1
    times = 1 + count * points
    whole = step.denominator == 1
    amounts = np.array([0, *[point * (step.numerator if whole else step) for point in range(1, points + 1)] * count])
    which = np.array([0, *np.repeat(np.arange(count), points)])
    child = _perturbed(scope, directions, Moves(which, amounts))
    moved = value_of(of, child)
    scope.missing.extend(child.missing)
    if moved.array.shape[0] == 1:
        return Number(np.zeros((1, *moved.array.shape[1:], count), dtype=np.int64), 0)
    numerators, denominator = weights(degree)
    bound = None
    if moved.bound is not None:
        bound = moved.bound * max(sum(map(abs, numerators)), 2 ** (points + 1))

    def derivative(array: Array) -> Array:
        array = array.reshape(-1, times, *array.shape[1:])
        start = array[:, :1]
        later = array[:, 1:].reshape(array.shape[0], count, points, *array.shape[2:])
        at = [np.broadcast_to(start, later[:, :, 0].shape), *(later[:, :, t] for t in range(points))]
        check = sum((-1) ** j * comb(points, j) * value for j, value in enumerate(at))
        if np.any(check != 0):
            raise NotEvaluable(f"the dependence is not a polynomial of degree {degree}")
        numerator = sum(weight * value for weight, value in zip(numerators, at, strict=False))
        return np.moveaxis(np.asarray(numerator), 1, -1)

    result = values.combine([moved], bound, derivative)
    if denominator * step == 1:
        return result
    divided = quotient(result.array, np.array(denominator * step.numerator if whole else denominator * step))
    return Number(divided, result.bound if divided.dtype == np.int64 else None)


def _infinitesimally(of: Expression, directions: Directions, scope: Scope, numbers: Infinitesimal) -> Number:
    """One step in each direction, whose square is 0 in these numbers."""
    count = max(direction.array.shape[1] for direction in directions.values())
    steps = np.empty(count + 1, dtype=object)
    steps[:] = [0, *[numbers.step(height(of) + 1)] * count]
    child = _perturbed(scope, directions, Moves(np.array([0, *range(count)]), steps))
    moved = value_of(of, child)
    scope.missing.extend(child.missing)
    if moved.array.shape[0] == 1:
        return Number(np.zeros((1, *moved.array.shape[1:], count), dtype=np.int64), 0)
    array = moved.array.astype(object).reshape(-1, count + 1, *moved.array.shape[1:])
    difference = numbers.taken(Number(array[:, 1:] - array[:, :1])).array
    return Number(np.moveaxis(numbers.slope(difference, height(of) + 1), 1, -1))


def _complex_step(of: Expression, directions: Directions, scope: Scope) -> Number:
    count = max(direction.array.shape[1] for direction in directions.values())
    if any(_base(name, scope).array.dtype.kind == "c" for name in directions):
        raise NotEvaluable("a second derivative of something that is not polynomial")
    step = COARSE_STEP if scope.coarse else IMAGINARY_STEP
    moves = Moves(np.arange(count), np.full(count, 1j * step))
    child = _perturbed(scope, directions, moves)
    moved = value_of(of, child).array
    scope.missing.extend(child.missing)
    if moved.shape[0] == 1 and count > 1:
        moved = np.broadcast_to(moved, (count, *moved.shape[1:]))
    slopes = np.asarray(moved.imag / step if moved.dtype.kind == "c" else np.zeros(moved.shape))
    return Number(np.moveaxis(slopes.reshape(-1, count, *slopes.shape[1:]), 1, -1))


# -- the nodes -----------------------------------------------------------------------------------------------


def _entries(of: Expression, wrt: Expression, scope: Scope) -> tuple[Array, int | None, tuple[int, ...]]:
    """The derivatives by each entry of a name: (samples, index values, *shape of y, entries of x), and x's
    shape."""
    base = value_of(wrt, scope)
    scope.names[wrt.name] = wrt
    count = prod(base.shape)
    if count**2 > LARGEST_WORK:
        raise TooLarge(f"a derivative by {count} entries")
    directions = np.eye(count, dtype=np.int64).reshape(1, count, *base.shape)
    result = along(of, {wrt.name: Number(directions, 1)}, scope)
    return result.array, result.bound, base.shape


@_value.register
def _grad(node: Grad, scope: Scope) -> Number:
    array, bound, shape = _entries(node.of, node.wrt, scope)
    return Number(array.reshape(*array.shape[:2], *shape), bound)


@_value.register
def _jacobian(node: Jacobian, scope: Scope) -> Number:
    """Rows and columns in the order of vec: the first axis fastest, so each group of axes is reversed
    first."""
    array, bound, shape = _entries(node.of, node.wrt, scope)
    rows = array.shape[2:-1]
    array = array.reshape(*array.shape[:-1], *shape)
    middle, last = 2 + len(rows), array.ndim
    array = array.transpose(0, 1, *reversed(range(2, middle)), *reversed(range(middle, last)))
    return Number(array.reshape(*array.shape[:2], prod(rows), prod(shape)), bound)


@_value.register
def _differential(node: Differential, scope: Scope) -> Number:
    varying = tensors(node.of) if node.wrt is None else (node.wrt,)
    directions: Directions = {}
    for name in varying:
        value_of(name, scope)
        scope.names[name.name] = name
        direction = scope.data[f"d:{name.name}"]
        directions[name.name] = Number(direction.array, direction.bound)
    if not directions:
        base = value_of(node.of, scope)
        return Number(np.zeros(base.array.shape, dtype=np.int64), 0)
    result = along(node.of, directions, scope)
    return Number(result.array[..., 0], result.bound)
