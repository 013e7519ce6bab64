"""Data to evaluate a claim on: random, exact, and inside the claim's assumptions and hypotheses by
construction.

Law: hypotheses are never hoped for. `sum(y) == 1` and `k == rot180(k)` are solved for the data they are
about, exactly, with fractions; `x > 0` is built; what can be neither solved nor built raises NotEvaluable,
and the evidence says so.

Keys of a data set: a tensor's name; a loss's name for the coefficients δ of c + Σ δ∘z, `J:constant` for c,
`J:curvature` for the second-order coefficients; `d:w` for the arbitrary differential of the name w.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache, reduce
from math import prod
from typing import Literal

import numpy as np

from derivations.crosscheck import values
from derivations.crosscheck.evaluate import Scope, value_of
from derivations.crosscheck.infinitesimal import Infinitesimal
from derivations.crosscheck.structure import data_names, divides, has_kink, height, tensors, under_a_root, walk
from derivations.crosscheck.values import NotEvaluable, NotExact, Number, TooLarge
from derivations.formulas.claims import Assumption, Claim, Hypothesis, Link
from derivations.formulas.expressions import (
    Apply,
    DataBracket,
    Definition,
    Differential,
    Elementwise,
    Expression,
    Loss,
    Tensor,
)
from numeric.operators import FUNCTIONS, Array, DoesNotExist, max_places, simplest

# Random integers lie in ±SPREAD without 0: wide enough that a false polynomial identity of low degree is not
# hit by chance, small enough that its values fit 64 bits.
SPREAD = 50
# Where a formula divides (means, quotients by sizes), data and perturbations are multiples of this number,
# which most small windows divide: integers stay integers. It is a matter of speed only; what does not divide
# becomes a fraction.
DIVISIBLE = 144
# distance between the entries of tie-free data: more than integer perturbations move an entry, and a prime, so that
# different offsets keep different tensors apart
GAP = 61
WILD = 9  # the degree of a wild polynomial
LARGEST_TENSOR = 10_000_000  # entries drawn for one name


# what stands for arbitrary functions
StandIn = Literal["cubic", "wild", "identity"]


class Vacuous(Exception):
    """No data satisfy the hypotheses at these sizes: nothing is claimed there."""


@dataclass(frozen=True)
class Ingredients:
    """What a link is about: everything that needs data, and how it must be chosen."""

    tensors: tuple[Tensor, ...]
    losses: tuple[Loss, ...]
    varied: tuple[Tensor | Definition, ...]
    functions: tuple[str, ...]
    kinked: bool
    height: int
    divided: bool
    hypotheses: tuple[Hypothesis, ...]
    assumptions: tuple[Assumption, ...]
    rooted: frozenset[str] = frozenset()  # the tensors in arguments of logarithms and roots
    stand_in: StandIn = "cubic"

    @property
    def scale(self) -> int:
        """What random integers and exact perturbations are multiples of."""
        return DIVISIBLE if self.divided else 1

    @property
    def nested(self) -> bool:
        """Whether derivatives stand in one another."""
        return self.height > 1

    @property
    def polynomials(self) -> dict[str, tuple[int, ...]]:
        """A polynomial for each arbitrary function. Cubic ones have odd coefficients, different ones for each, and
        fall where the data are large: a growing function would leave every maximum where it is. Wild ones have so high
        a degree that no relation between a few values of a cubic holds for them."""
        if self.stand_in == "identity":
            return dict.fromkeys(self.functions, (0, 1))
        cubic: dict[str, tuple[int, ...]] = {
            name: (3 + 2 * k, 5 + 4 * k, -7 - 2 * k, -1 - 2 * k) for k, name in enumerate(self.functions)
        }
        if self.stand_in == "cubic":
            return cubic
        return {name: (*low, *(2 + k + (k * k) % 5 for k in range(WILD - 4)), -1) for name, low in cubic.items()}


@lru_cache(maxsize=4096)
def _nodes(node: Expression) -> tuple[Expression, ...]:
    return tuple(walk(node))


def _unique(nodes: Iterable[Expression]) -> tuple[Expression, ...]:
    return tuple(dict.fromkeys(nodes))


def ingredients(claim: Claim, link: Link) -> Ingredients:
    """What the link, its claim's hypotheses and the context's assumptions about the same data consist of."""
    return _ingredients((link.left, link.right, *link.supposed), claim.hypotheses, claim.context.assumptions)


@lru_cache(maxsize=256)
def _ingredients(
    formulas: tuple[Expression, ...], hypotheses: tuple[Hypothesis, ...], assumed: tuple[Assumption, ...]
) -> Ingredients:
    sides = [*formulas, *(side for h in hypotheses for side in (h.left, h.right))]
    named = frozenset[str]().union(*(data_names(side) for side in sides))
    assumptions = tuple(a for a in assumed if data_names(a.about) & named)
    sides += [assumption.about for assumption in assumptions]
    nodes = _unique(node for side in sides for node in _nodes(side))
    varied = _unique(
        name
        for node in nodes
        if isinstance(node, Differential)
        for name in (tensors(node.of) if node.wrt is None else (node.wrt,))
    )
    functions = sorted(
        {
            node.name
            for node in nodes
            if isinstance(node, Elementwise) and node.name not in FUNCTIONS and node.name.isidentifier()
        }
    )
    return Ingredients(
        tensors=tuple(node for node in nodes if isinstance(node, Tensor)),
        losses=tuple(node for node in nodes if isinstance(node, Loss)),
        varied=tuple(name for name in varied if isinstance(name, Tensor | Definition)),
        functions=tuple(functions),
        kinked=any(has_kink(node) for node in nodes),
        height=max((height(side) for side in sides), default=0),
        divided=any(divides(node) for node in nodes),
        hypotheses=hypotheses,
        assumptions=assumptions,
        rooted=frozenset[str]().union(*(data_names(part) for node in nodes for part in under_a_root(node))),
    )


# -- random data ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Manner:
    """How data are drawn: exactly or in floating point; tie-free; positive where functions need it; the seed; with
    ties and zeros; by how many samples."""

    exact: bool = True
    kinked: bool = False
    positive: bool = False
    seed: int = 0
    samples: int = 2
    scale: int = 1
    tied: bool = False
    zeros: str = ""  # of tied data: the only tensor that is tied, if not all are


REMEMBERED = 200  # entries up to which data are kept: links and claims of one context draw the same again and again


def drawn(key: str, shape: tuple[int, ...], manner: Manner) -> Number:
    """Random entries (samples, 1, *shape) that depend on the key, the shape and the seed only; read-only."""
    if 0 <= prod(shape) <= REMEMBERED:
        return _remembered(key, shape, manner)
    return _drawn(key, shape, manner)


@lru_cache(maxsize=1024)
def _remembered(key: str, shape: tuple[int, ...], manner: Manner) -> Number:
    found = _drawn(key, shape, manner)
    found.array.flags.writeable = False
    return found


def _drawn(key: str, shape: tuple[int, ...], manner: Manner) -> Number:
    if any(size < 0 for size in shape):
        raise DoesNotExist(f"{key} of shape {shape}")
    if prod(shape) > LARGEST_TENSOR:
        raise TooLarge(f"{prod(shape):,} entries of {key}")
    chance = np.random.default_rng([zlib.crc32(key.encode()), manner.seed, *shape])
    full = (manner.samples, 1, *shape)
    if manner.tied and manner.zeros in ("", key):
        entries = chance.integers(1, 4, full) if manner.positive else chance.integers(-1, 2, full)
        return values.measured(entries * (1 if manner.exact else 1.0))  # not scaled: they are compared with numbers
    signs: Array = np.ones((), dtype=np.int64) if manner.positive else chance.choice([-1, 1], full)
    if not manner.exact:
        return Number(chance.uniform(0.3, 1.7, full) * signs)
    if manner.kinked and shape:
        count = prod(shape)
        rows = [chance.permutation(count) for _ in range(manner.samples)]
        ranks = np.array(rows, dtype=np.int64).reshape(full)
        if not manner.positive:  # how many entries are negative is chance, or few entries would always have one sign
            ranks -= chance.integers(0, count + 1, (manner.samples, *[1] * (len(full) - 1)))
        # Another seed, other values: one entry would else be compared with a number (x > 6) on one side of it only.
        offset = (zlib.crc32(key.encode()) + 17 * manner.seed) % (GAP - 1)
        return values.measured((ranks * GAP + 1 + offset) * manner.scale)
    return values.measured(chance.integers(1, SPREAD + 1, full) * signs * manner.scale)


def scope_for(
    needs: Ingredients,
    sizes: Mapping[str, int],
    data: Mapping[str, Number],
    exact: bool,
    infinitesimal: Infinitesimal | None = None,
) -> Scope:
    """A scope at these sizes and data."""
    if infinitesimal is not None:
        data = {name: infinitesimal.taken(value) for name, value in data.items()}
    return Scope(
        sizes=sizes,
        data=dict(data),
        functions=needs.polynomials,
        exact=exact or infinitesimal is not None,
        infinitesimal=infinitesimal,
        step=needs.scale,
        quadratic_losses=needs.nested,
    )


def data_for(needs: Ingredients, sizes: Mapping[str, int], manner: Manner) -> dict[str, Number]:
    """Data for everything that the link mentions; raises DoesNotExist, Vacuous, NotExact or NotEvaluable."""
    bare = scope_for(needs, sizes, {}, manner.exact)
    others = replace(manner, positive=manner.positive and not needs.rooted)
    data = {
        tensor.name: drawn(tensor.name, bare.shape(tensor), manner if tensor.name in needs.rooted else others)
        for tensor in needs.tensors
    }
    bounds: dict[Tensor, list[tuple[str, Expression]]] = {}
    for assumption in needs.assumptions:
        if (found := _bound(assumption)) is not None:
            bounds.setdefault(found[0], []).append(found[1:])
    for tensor, said in bounds.items():
        _build(tensor, said, data, needs, sizes, manner)
    scope = scope_for(needs, sizes, data, manner.exact)
    smooth = replace(manner, kinked=False, positive=False)
    for loss in needs.losses:
        try:
            shape = value_of(loss.of, scope).shape
        except DoesNotExist:
            continue  # then nothing that mentions the loss exists either, and evaluation says so
        for suffix, wanted in (("", shape), (":constant", ()), (":curvature", shape)):
            scope.data[loss.name + suffix] = drawn(loss.name + suffix, wanted, smooth)  # type: ignore[index]
    for name in needs.varied:
        key = f"d:{name.name}"
        scope.data[key] = drawn(key, value_of(name, scope).shape, smooth)  # type: ignore[index]
    full = dict(scope.data)
    if needs.hypotheses:
        _suppose(needs, sizes, full, manner)
    return full


def _bound(assumption: Assumption) -> tuple[Tensor, str, Expression] | None:
    """A tensor, an order and what it is compared with, where data can be built to satisfy it; `satisfied` decides
    whether random data are admissible where it is something else."""
    about = assumption.about
    if not isinstance(about, DataBracket):
        return None
    left, right = about.args[1], about.args[2]
    operator = about.operator
    if not isinstance(left, Tensor):
        left, right = right, left
        operator = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}.get(operator, operator)
    return (left, operator, right) if isinstance(left, Tensor) and left.name not in data_names(right) else None


def _build(
    tensor: Tensor, said: Sequence[tuple[str, Expression]], data: dict[str, Number], needs: Ingredients,
    sizes: Mapping[str, int], manner: Manner,
) -> None:  # fmt: skip
    """Move a tensor so that all of what is said of its entries holds: `> bound`, and <, >=, <=, !=, ==. Raises
    NotExact where between two bounds there may be no integer."""
    entries = data[tensor.name].array
    scope = scope_for(needs, sizes, data, manner.exact)
    bounds = [(operator, values.extend(value_of(right, scope), tensor.rank)) for operator, right in said]
    lows = [bound for operator, bound in bounds if operator in (">", ">=")]
    highs = [bound for operator, bound in bounds if operator in ("<", "<=")]
    distance = abs(entries)
    if lows and highs:
        low, high = reduce(np.maximum, lows), reduce(np.minimum, highs)
        if not manner.exact:
            entries = low + (high - low) * (distance + 1) / (distance + 3)
        elif (high - low < 2).any():
            raise NotExact(f"what lies between the bounds of {tensor.name}")
        else:
            entries = low + 1 + distance % (high - low - 1)
    elif lows:
        entries = reduce(np.maximum, lows) + distance
    elif highs:
        entries = reduce(np.minimum, highs) - distance
    for operator, bound in bounds:
        if operator == "!=":
            entries = np.where(entries == bound, entries + 1, entries)
        elif operator == "==":
            entries = np.broadcast_to(bound, entries.shape)
    data[tensor.name] = values.measured(entries)


def satisfied(needs: Ingredients, sizes: Mapping[str, int], data: Mapping[str, Number], exact: bool) -> Array:
    """For each sample, whether the assumptions and hypotheses hold for the data."""
    scope = scope_for(needs, sizes, data, exact)
    samples = max((value.array.shape[0] for value in data.values()), default=1)
    holds = np.ones(samples, dtype=bool)
    for assumption in needs.assumptions:
        about = assumption.about
        try:
            value_of(about, scope)
        except DoesNotExist:
            continue  # nothing is assumed where what it is about does not exist
        if isinstance(about, DataBracket):
            wrong = value_of(about, scope).array == 0
        elif isinstance(about, Apply) and about.operator in ("max_pool", "max_unpool"):
            x = about.tensors[-1]
            f, stride = (
                tuple(scope.integer(part) for part in about.arguments[len(about.tensors) + k].args) for k in (0, 1)
            )
            wrong = max_places(value_of(x, scope).array, f, stride)[1]
        else:
            raise NotEvaluable(f"the assumption {assumption.text}")
        holds &= ~np.asarray(wrong, dtype=bool).reshape(wrong.shape[0], -1).any(axis=1)
    for hypothesis in needs.hypotheses:
        difference = _residual([hypothesis], scope)
        wrong = np.abs(difference) > (0 if exact else 1e-9)
        holds &= ~np.asarray(wrong, dtype=bool).any(axis=1)
    return holds


# -- hypotheses ----------------------------------------------------------------------------------------------


def _residual(hypotheses: Sequence[Hypothesis], scope: Scope) -> Array:
    """(samples, entries): left − right of all hypotheses; Vacuous where one cannot hold."""
    rows = []
    for hypothesis in hypotheses:
        try:
            left, right = value_of(hypothesis.left, scope), value_of(hypothesis.right, scope)
        except DoesNotExist as error:
            raise Vacuous(str(error)) from None
        if left.shape != right.shape and {left.shape, right.shape} != {(), (1, 1)}:
            raise Vacuous(f"{hypothesis.text} compares shapes {left.shape} and {right.shape}")
        flat = [side.array.reshape(side.array.shape[0], -1) for side in (left, right)]
        rows.append(flat[0] - flat[1])
    samples = max(row.shape[0] for row in rows)
    return np.concatenate([np.broadcast_to(row, (samples, row.shape[1])) for row in rows], axis=1)


def _suppose(needs: Ingredients, sizes: Mapping[str, int], data: dict[str, Number], manner: Manner) -> None:
    """Change the data, sample by sample, until the hypotheses hold exactly; in place."""
    if satisfied_hypotheses(needs, sizes, data, manner.exact).all():
        return
    named = frozenset[str]().union(*(data_names(h.left) | data_names(h.right) for h in needs.hypotheses))
    keys = [key for key in data if key.split(":")[0] in named and ":" not in key]
    for chosen in (keys, *([key] for key in keys)):
        if not chosen:
            continue
        try:
            solved = [_solve(needs, sizes, _sample(data, s), chosen) for s in range(manner.samples)]
        except NotEvaluable:
            continue
        for key in chosen:
            stacked = np.concatenate([sample[key].array for sample in solved], axis=0)
            data[key] = values.measured(_compact(stacked) if manner.exact else stacked.astype(np.float64))
        if satisfied_hypotheses(needs, sizes, data, manner.exact).all():
            return
    raise NotEvaluable("the hypotheses are not linear in the data, so that data for them cannot be constructed")


def satisfied_hypotheses(
    needs: Ingredients, sizes: Mapping[str, int], data: Mapping[str, Number], exact: bool
) -> Array:
    """For each sample, whether the hypotheses hold."""
    difference = _residual(needs.hypotheses, scope_for(needs, sizes, data, exact))
    wrong = np.asarray(np.abs(difference) > (0 if exact else 1e-9), dtype=bool)
    return np.asarray(~wrong.any(axis=1))


def _compact(array: Array) -> Array:
    array = simplest(array.astype(object))
    return array.astype(np.int64) if all(isinstance(entry, int) for entry in array.ravel().tolist()) else array


def _sample(data: Mapping[str, Number], number: int) -> dict[str, Number]:
    return {
        key: Number(value.array[number : number + 1] if value.array.shape[0] > 1 else value.array, value.bound)
        for key, value in data.items()
    }


def _solve(
    needs: Ingredients, sizes: Mapping[str, int], data: dict[str, Number], keys: Sequence[str]
) -> dict[str, Number]:
    """One sample changed in `keys` so that the hypotheses hold; raises NotEvaluable unless they are affine in
    them."""
    start = {key: _fractions(data[key].array) for key in keys}
    counts = [start[key].size for key in keys]
    total = sum(counts)
    named = frozenset[str]().union(*(data_names(h.left) | data_names(h.right) for h in needs.hypotheses))
    fixed = {key: value for key, value in data.items() if key not in keys and key.split(":")[0] in named}
    try:
        exact_fixed = {key: Number(_fractions(value.array)) for key, value in fixed.items()}
        # samples: all zero, each entry alone, all as drawn (the last one tests that nothing but affine terms
        # occurs)
        probes = np.zeros((total + 2, total), dtype=object)
        probes[np.arange(1, total + 1), np.arange(total)] = 1
        probes[-1] = np.concatenate([start[key].ravel() for key in keys])
        probe_data = dict(exact_fixed)
        for key, part in zip(keys, np.split(probes, np.cumsum(counts)[:-1], axis=1), strict=True):
            probe_data[key] = Number(part.reshape(total + 2, *start[key].shape[1:]))
        residual = _residual(needs.hypotheses, scope_for(needs, sizes, probe_data, True))
    except (NotExact, ZeroDivisionError):
        raise NotEvaluable("the hypotheses have no exact values") from None
    residual = np.broadcast_to(residual, (total + 2, residual.shape[1]))
    constant = residual[0]
    matrix = (residual[1:-1] - constant).T
    if np.any(constant + matrix.dot(probes[-1]) != residual[-1]):
        raise NotEvaluable("the hypotheses are not affine in the data")
    solution = solve_affine(matrix.tolist(), (-constant).tolist(), probes[-1].tolist())
    parts = np.split(np.array(solution, dtype=object), np.cumsum(counts)[:-1])
    shaped = {key: Number(part.reshape(start[key].shape)) for key, part in zip(keys, parts, strict=True)}
    return {**data, **shaped}


def _fractions(array: Array) -> Array:
    result = np.empty(array.shape, dtype=object)
    flat = [
        Fraction(value).limit_denominator(1000) if isinstance(value, float) else value
        for value in array.ravel().tolist()
    ]
    result.ravel()[:] = flat
    return result


def solve_affine(matrix: list[list[Fraction]], right: list[Fraction], start: list[Fraction]) -> list[Fraction]:
    """A solution of matrix · u = right that keeps the start's value in every unknown that can be chosen
    freely.

    Raises Vacuous where there is none.

    >>> solve_affine([[1, 1]], [1], [5, 7])
    [Fraction(-6, 1), 7]
    """
    rows = [[*map(Fraction, row), Fraction(value)] for row, value in zip(matrix, right, strict=True)]
    pivots: list[int] = []
    for column in range(len(start)):
        level = len(pivots)
        pivot = next((row for row in range(level, len(rows)) if rows[row][column]), None)
        if pivot is None:
            continue
        rows[level], rows[pivot] = rows[pivot], rows[level]
        rows[level] = [value / rows[level][column] for value in rows[level]]
        for row in range(len(rows)):
            factor = rows[row][column]
            if row != level and factor:
                rows[row] = [value - factor * top for value, top in zip(rows[row], rows[level], strict=True)]
        pivots.append(column)
    if any(row[-1] for row in rows[len(pivots) :]):
        raise Vacuous("no data satisfy the hypotheses")
    solution = list(start)
    for level, column in enumerate(pivots):
        others = sum(rows[level][k] * start[k] for k in range(len(start)) if k not in pivots)
        solution[column] = rows[level][-1] - others
    return solution
