"""What the complex step and the central differences share: a weighted random direction, and tolerances from
rounding.

Why: both measure  ⟨g, u⟩ = ⟨delta, J u⟩  at the caller's own data in floating point; they differ only in how
J u is obtained and how well it is known.

Law: a tolerance is 16·eps times the root sum of squares of the terms added (u is random, so that rounding
errors add as a random walk) plus what is known of the method's own error; it is never a constant.

What it cannot see: an error below that tolerance. The report prints it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from numeric.checkers.problem import Array, Arrays, Problem
from numeric.checkers.report import Measurement

Mask = NDArray[np.bool_]
# rounding errors counted per term: as many as a handful of layers make, each of half an eps
ROUNDINGS = 16


@dataclass(frozen=True)
class Slope:
    """J u for one direction, entry by entry of the output, and the error that is known of each."""

    values: Array
    error: Array


Differentiate = Callable[[Problem, Arrays, Arrays, Array], Slope]


@dataclass(frozen=True)
class SmoothProbe:
    """Directional derivatives of one problem at the caller's data (or near them), and the claim there."""

    problem: Problem
    method: str
    differentiate: Differentiate
    at: Arrays
    directions: Arrays
    sensitivity: Array
    claimed: Arrays
    start: Array

    exact = False

    @property
    def labels(self) -> tuple[str, ...]:
        return self.problem.labels

    def measure(self, masks: tuple[Mask | None, ...]) -> Measurement:
        """⟨delta, J u⟩ and ⟨g, u⟩ for u the direction restricted to the masks, with the tolerance of both."""
        direction = tuple(u if m is None else u * m for u, m in zip(self.directions, masks, strict=True))
        slope = self.differentiate(self.problem, self.at, direction, self.start)
        weights = self.sensitivity.astype(np.float64)
        terms = weights * slope.values
        products = [g.astype(np.float64) * u for g, u in zip(self.claimed, direction, strict=True)]
        squares = _squares(terms) + sum(_squares(p) for p in products)
        tolerance = ROUNDINGS * self.eps * float(np.sqrt(squares))
        tolerance += float(np.abs(weights * slope.error).sum())
        tolerance += self.underflow * (1 + sum(float(np.abs(u).sum()) for u in direction))
        return Measurement(float(terms.sum()), float(sum(p.sum() for p in products)), tolerance)

    @property
    def fixed(self) -> bool:
        """Whether the claim is known at one point alone."""
        return self.problem.fixed

    def response(self, masks: tuple[Mask | None, ...]) -> tuple[Array, Array]:
        """(J u, its error), output by output, for u the direction restricted to the masks."""
        direction = tuple(u if m is None else u * m for u, m in zip(self.directions, masks, strict=True))
        slope = self.differentiate(self.problem, self.at, direction, self.start)
        return slope.values, slope.error

    def touched(self, masks: tuple[Mask | None, ...]) -> Mask:
        """Which outputs depend on the entries under the masks."""
        return np.asarray(self.response(masks)[0] != 0)

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
    return float(np.dot(flat, flat))


def random_sensitivity(start: Array, seed: int) -> Array:
    """Weights of the outputs: of either sign, and none near 0, so that no output goes unseen."""
    return _away_from_zero(start.shape, seed).astype(start.dtype)


def scale_of(array: Array) -> float:
    """The size of an argument: its largest entry, or 1 where all are 0."""
    top = float(np.abs(array).max(initial=0))
    return top if top > 0 else 1.0


def random_directions(at: Arrays, seed: int) -> Arrays:
    """A direction in each argument, of its scale, of either sign and with no entry near 0."""
    return tuple(_away_from_zero(a.shape, seed + 1 + k) * scale_of(a) for k, a in enumerate(at))


def _away_from_zero(shape: tuple[int, ...], seed: int) -> Array:
    drawn = np.random.default_rng(seed).uniform(-0.5, 0.5, size=shape)
    return drawn + np.copysign(0.5, drawn)


def balanced(directions: Arrays, claimed: Arrays) -> Arrays:
    """The directions rescaled so that every argument has an equal share in ⟨g, u⟩; else the largest hides the
    rest."""
    norms = [float(np.sqrt(_squares(g.astype(np.float64) * u))) for g, u in zip(claimed, directions, strict=True)]
    most = max((n for n in norms if np.isfinite(n)), default=0.0)
    return tuple(
        u * (most / n) if np.isfinite(n) and n > 1e-12 * most else u for u, n in zip(directions, norms, strict=True)
    )
