"""What the complex step and the central differences share: a weighted random direction, and tolerances from
rounding.

Why: both measure  ⟨g, u⟩ = ⟨delta, J u⟩  at the caller's own data in floating point; they differ only in how
J u is obtained and how well it is known.

Law: a tolerance is 16·eps times the root sum of squares of the terms added (u is random, so that rounding
errors add as a random walk) plus what is known of the method's own error; it is never a constant.

What it cannot see: an error below that tolerance. The report prints it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from numeric.checkers.localise import Index, Mask, Positions
from numeric.checkers.problem import Array, Arrays, Problem
from numeric.checkers.report import Measurement

# rounding errors counted per term: as many as a handful of layers make, each of half an eps
ROUNDINGS = 16
# a projection is tighter: what exceeds it is traced to an entry and weighed against the measured noise before it
# is called wrong, so that an error of 1e-12 in one of sixty thousand entries does not drown
FIRST_LOOK = 5
# entries below this share of an argument's root mean square are not stretched further to equal the others
LEAST_SHARE = 0.3
_CACHED_SIZE = 1 << 17


@dataclass(frozen=True)
class Slope:
    """J u for one direction, entry by entry of the output, and the error that is known of each."""

    values: Array
    error: Array


@dataclass(frozen=True)
class Method:
    """One way to differentiate a forward function.

    along(problem, at, direction, start)                     J u for a direction in all arguments
    prepare(at)                                              the point in the form that `entries` wants
    entries(problem, prepared, k, positions, steps, start)   J u for steps at some entries of the k-th argument
    """

    name: str
    along: Callable[[Problem, Arrays, Arrays, Array], Slope]
    prepare: Callable[[Arrays], Arrays]
    entries: Callable[[Problem, Arrays, int, Positions, Array, Array], Slope]


@dataclass(frozen=True)
class SmoothProbe:
    """Directional derivatives of one problem at the caller's data (or near them), and the claim there."""

    problem: Problem
    way: Method
    at: Arrays
    directions: Arrays
    sensitivity: Array
    claimed: Arrays
    start: Array
    # what is known of the error of the sensitivity itself, where that was measured
    sensitivity_error: Array | None = None

    exact = False

    @property
    def method(self) -> str:
        return self.way.name

    @property
    def labels(self) -> tuple[str, ...]:
        return self.problem.labels

    def measure(self, masks: tuple[Mask | None, ...]) -> Measurement:
        """⟨delta, J u⟩ and ⟨g, u⟩ for u the direction restricted to the masks, with the tolerance of both."""
        direction = tuple(u if m is None else u * m for u, m in zip(self.directions, masks, strict=True))
        slope = self.way.along(self.problem, self.at, direction, self.start)
        weights = self.sensitivity.astype(np.float64, copy=False)
        terms = weights * slope.values
        products = [np.multiply(g, u, dtype=np.float64) for g, u in zip(self.claimed, direction, strict=True)]
        squares = _squares(terms) + sum(_squares(p) for p in products)
        tolerance = FIRST_LOOK * self.eps * float(np.sqrt(squares))
        tolerance += float(np.abs(weights * slope.error).sum())
        tolerance += self.underflow * (1 + sum(float(np.abs(u).sum()) for u in direction))
        return Measurement(float(terms.sum()), float(sum(p.sum() for p in products)), tolerance)

    @property
    def fixed(self) -> bool:
        """Whether the claim is known at one point alone."""
        return self.problem.fixed

    @cached_property
    def _prepared(self) -> Arrays:
        return self.way.prepare(self.at)

    def respond(self, k: int, positions: Positions) -> tuple[Array, Array]:
        """(J u, its error), output by output, for u the direction at some entries of the k-th argument."""
        steps = self.directions[k].ravel()[positions]
        slope = self.way.entries(self.problem, self._prepared, k, positions, steps, self.start)
        return slope.values, slope.error

    def touched(self, k: int, index: Index) -> Mask:
        """Which outputs depend on this slice of the k-th argument."""
        numbers = np.arange(self.at[k].size).reshape(self.at[k].shape)
        return np.asarray(self.respond(k, numbers[index].ravel())[0] != 0)

    def rerun(self, delta: Array, at: Arrays) -> Arrays:
        """What backward claims at another sensitivity or point."""
        return self.problem.gradients(delta, at)

    @property
    def eps(self) -> float:
        """Rounding unit of the least precise array taking part."""
        return max(float(np.finfo(a.dtype).eps) for a in (*self.at, self.start))

    @property
    def underflow(self) -> float:
        """Below this, numbers lose their digits one by one."""
        return ROUNDINGS * max(float(np.finfo(a.dtype).tiny) for a in (*self.at, self.start))

    def inner(self, k: int, values: Array, mask: Mask | None = None) -> float:
        """⟨values, u_k⟩ for the k-th checked argument."""
        u = self.directions[k] if mask is None else self.directions[k] * mask
        return float((values.astype(np.float64) * u).sum())

    def tolerance(self, k: int, values: Array) -> float:
        """Rounding of `inner` on these values."""
        return ROUNDINGS * self.eps * float(np.sqrt(_squares(values.astype(np.float64) * self.directions[k])))

    def steps(self, k: int) -> Array:
        """The whole direction of the k-th checked argument."""
        return self.directions[k]

    @property
    def rounding(self) -> float:
        """Rounding allowed on the root sum of squares of what was added."""
        return ROUNDINGS * self.eps

    def step(self, k: int, index: tuple[int, ...]) -> float:
        """The direction's entry."""
        return float(self.directions[k][index])


def _squares(terms: Array) -> float:
    flat = terms.ravel()
    with np.errstate(over="ignore"):
        return float(np.dot(flat, flat))


def random_sensitivity(start: Array, seed: int) -> Array:
    """Weights of the outputs: of either sign, and none near 0, so that no output goes unseen."""
    return away_from_zero(start.shape, seed).astype(start.dtype)


def scale_of(array: Array) -> float:
    """The size of an argument: its largest entry, or 1 where all are 0."""
    top = float(np.abs(array).max(initial=0))
    return top if top > 0 else 1.0


def proportional_directions(at: Arrays, seed: int) -> Arrays:
    """A direction that moves each entry by a share of itself (an entry 0 by a share of the array's scale)."""
    return tuple(
        away_from_zero(a.shape, seed + 1 + k) * np.where(a == 0, scale_of(a), np.abs(a)) for k, a in enumerate(at)
    )


def steepness(direction: Arrays, at: Arrays) -> float:
    """How much larger a direction is than the data, at most."""
    with np.errstate(over="ignore"):
        ratios = [scale_of(u) / scale_of(a) for u, a in zip(direction, at, strict=True)]
    return min(max(ratios, default=1.0), 2.0**800)


def random_directions(at: Arrays, seed: int) -> Arrays:
    """A direction in each argument, of its scale, of either sign and with no entry near 0."""
    return tuple(away_from_zero(a.shape, seed + 1 + k) * scale_of(a) for k, a in enumerate(at))


def away_from_zero(shape: tuple[int, ...], seed: int) -> Array:
    """Random numbers in ±[1/2, 1], the same for the same arguments."""
    draw = _cached_draw if math.prod(shape) <= _CACHED_SIZE else _draw
    return draw(shape, seed)


def _draw(shape: tuple[int, ...], seed: int) -> Array:
    drawn = np.random.default_rng(seed).uniform(-0.5, 0.5, size=shape)
    drawn = np.asarray(drawn + np.copysign(0.5, drawn))
    drawn.flags.writeable = False
    return drawn


_cached_draw = lru_cache(maxsize=64)(_draw)


def balanced(directions: Arrays, claimed: Arrays, seed: int) -> Arrays:
    """Directions in which all entries have about an equal share in ⟨g, u⟩; else the largest hide the rest. Steps of any
    size are fair for the complex step, which truncates nothing. An argument whose claim is 0 keeps its own."""
    pairs = zip(directions, claimed, strict=True)
    return tuple([_balance(u, g, shares(g.shape, seed + k)) for k, (u, g) in enumerate(pairs)])


def _balance(direction: Array, claimed: Array, share: Array) -> Array:
    size = np.abs(claimed, dtype=np.float64)
    typical = math.sqrt(_squares(size) / max(size.size, 1))
    if not 0 < typical < math.inf:
        return direction
    return np.asarray(share / np.copysign(np.maximum(size, LEAST_SHARE * typical), claimed))


def shares(shape: tuple[int, ...], seed: int) -> Array:
    """What each entry adds to ⟨g, u⟩: random in ±[3/4, 1], of opposite signs in every two neighbours.

    Where neighbours partly cancel, the sums are smaller and so is what is rounded away in them; where all were of one
    size, a claim that is off by a constant factor would go unseen.
    """
    draw = _cached_shares if math.prod(shape) <= _CACHED_SIZE else _draw_shares
    return draw(shape, seed)


def _draw_shares(shape: tuple[int, ...], seed: int) -> Array:
    random, size = np.random.default_rng(seed), math.prod(shape)
    signs = np.repeat(random.choice([-1.0, 1.0], size=-(-size // 2)), 2)[:size]
    signs[1::2] *= -1
    drawn = (signs * random.uniform(0.75, 1, size=size)).reshape(shape)
    drawn.flags.writeable = False
    return drawn


_cached_shares = lru_cache(maxsize=64)(_draw_shares)
