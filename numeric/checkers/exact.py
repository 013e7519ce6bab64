"""The exact check: integers in, zero tolerance out, for functions that are polynomials of low degree along
lines.

Why: convolution, dense layers, sum and mean pooling are multilinear in their arguments. On integer data
nothing is rounded, so an entry that is wrong by a relative 1e-13 is as visible as one that is missing.

Law: for φ(t) = f(p + t·u) of degree at most two in t,  φ(1) − φ(−1) = 2 φ′(0)  exactly; that the degree is at
most two is tested on the same line,  φ(2) − 3φ(1) + 3φ(0) − φ(−1) = 0,  never assumed. |u| exceeds |p| entry
by entry, so that the line crosses 0 and a ReLU or a clamp cannot pass for linear. Then  ⟨g, u⟩ = ⟨delta,
φ′(0)⟩  must hold exactly for the claimed g. The data are random, so a wrong gradient passes with probability
below 2**(1−bits) [Schwartz 1980; Zippel 1979].

Three readings are tried: all arguments moving together (bilinear), one argument at a time (multilinear of any
degree), and a tie-free integer point moved so little that no maximum changes its place (piecewise linear).

What it cannot see: what the function does at other data, if it is not the polynomial that it was on these
lines.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np

from numeric.checkers.lattice import (
    USABLE_BITS,
    Lattice,
    as_integers,
    inner,
    rational_inner,
)
from numeric.checkers.localise import Index, Mask, Positions, masks_of
from numeric.checkers.points import (
    FEW_BITS,
    Masks,
    Point,
    drawn_sensitivity,
    few_bits_point,
    large_point,
    small_point,
    tie_free_point,
)
from numeric.checkers.problem import Array, Arrays, Problem, layout_of
from numeric.checkers.report import CheckInputError, Measurement

# arguments from which on a product of all is too large at large integers
MANY = 4
# where between the integers a function is looked at, and the share of its change by which it may differ there: far
# above the rounding of a sum, far below the grid of the integers
_BETWEEN = 2.0**-0.5
_STEPPED = {"d": 2.0**-30, "f": 2.0**-18}


class NotExact(Exception):
    """The exact method does not apply; the text says why."""


@dataclass(frozen=True)
class ExactProbe:
    """Exact directional derivatives of one problem at one integer point, and the claim there."""

    problem: Problem
    place: Point
    delta: Lattice
    claimed: Arrays
    together: bool
    local: bool
    start: Array
    # 2·φ′(0) along the whole line, if all arguments may move together
    slope: Lattice | None = None

    method = "exact integers, zero tolerance"
    exact = True
    underflow = 0.0
    sensitivity_error: None = None
    fixed = False

    @property
    def labels(self) -> tuple[str, ...]:
        return self.problem.labels

    def measure(self, masks: Masks) -> Measurement:
        """⟨delta, J u⟩ and ⟨g, u⟩ for u the step restricted to the masks; raises NotExact off the
        polynomials."""
        true = sum((self._derivative(part) for part in self._parts(masks)), Fraction(0))
        claimed = sum(
            (self.inner(k, g, masks[k]) for k, g in enumerate(self.claimed) if not _is_empty(masks[k])),
            Fraction(0),
        )
        return Measurement(true, claimed, 0.0)

    def measure_alone(self, position: int) -> Measurement:
        """`measure` of one entry, counted with all arrays laid end to end; NotExact unless two more places on its line
        are where a polynomial of degree two has them."""
        masks = masks_of([a.shape for a in self.at], np.array([position]))
        places = [_evaluate(self.problem, self.place.along(t, masks), self.start) for t in (-2, -1, 1, 3)]
        whole = as_integers(np.stack([self.start, *places]))
        if whole is None:
            raise NotExact("its values at integers are not exact in floating point")
        zero, before, back, ahead, beyond = whole.mantissa
        twice_c1, twice_c2 = ahead - back, ahead + back - 2 * zero
        if (2 * (before - zero) + 2 * twice_c1 - 4 * twice_c2).any() or (
            2 * (beyond - zero) - 3 * twice_c1 - 9 * twice_c2
        ).any():
            raise NotExact("it is not of degree two along an entry's own line")
        expect_no_steps(self.problem, self.place, masks, places[2], places[1])
        return self.measure(masks)

    def inner(self, k: int, values: Array, mask: Mask | None = None) -> Fraction:
        """⟨values, u_k⟩ for the k-th checked argument, exactly."""
        return rational_inner(values, self.place.step[k].masked(mask))

    def tolerance(self, k: int, values: Array) -> float:
        """Zero: nothing is rounded."""
        return 0.0

    def respond(self, k: int, positions: Positions) -> tuple[Array, Array]:
        """(J u, 0) for u the step at some entries of the k-th argument, every output exactly."""
        moved = self.at[k].copy()
        moved.reshape(-1)[positions] += self._steps[k].reshape(-1)[positions]
        ahead = self.value_with(k, moved) - self.start
        if self._affine[k]:
            return ahead.astype(np.float64), np.zeros(())
        back = self.value_with(k, 2 * self.at[k] - moved) - self.start
        return (ahead - back).astype(np.float64) / 2, np.zeros(())

    def touched(self, k: int, index: Index) -> Mask:
        """Which outputs move when this slice does, in a direction without integer coincidences."""
        moved = self.at[k].copy()
        moved[index] += self._odd_steps[k][index]
        return np.asarray(self.value_with(k, moved) != self.start)

    def value_with(self, k: int, moved: Array) -> Array:
        """The value with other numbers in place of the k-th argument's; the next call may overwrite it."""
        return _same_kind(self.problem.value_at_once, (*self.at[:k], np.asarray(moved), *self.at[k + 1 :]), self.start)

    def unit(self, k: int) -> float:
        """The grid of the k-th argument's integers."""
        return 2.0 ** self.place.values[k].exponent

    def packs(self, k: int) -> bool:
        """Whether steps of any size may be taken: the function is affine in the argument, not only near the point."""
        return self._affine[k] and not self.local

    @cached_property
    def _steps(self) -> Arrays:
        return tuple(s.floats(a.dtype) for s, a in zip(self.place.step, self.at, strict=True))

    @cached_property
    def _odd_steps(self) -> Arrays:
        """Steps shortened by random factors, off the integers."""
        random = np.random.default_rng(self.place.seed)
        return tuple((s * random.uniform(0.5, 1, size=s.shape)).astype(s.dtype) for s in self._steps)

    def rerun(self, delta: Array, at: Arrays) -> Arrays:
        """What backward claims at another sensitivity or point."""
        return self.problem.gradients(delta, at)

    @cached_property
    def _affine(self) -> tuple[bool, ...]:
        """For each argument: is the function affine in it alone, along its part of the line?"""
        found = []
        for k, (here, step) in enumerate(zip(self.at, self._steps, strict=True)):
            ahead = self.value_with(k, here + step) - self.start
            found.append(bool((ahead == self.start - self.value_with(k, here - step)).all()))
        return tuple(found)

    def step(self, k: int, index: tuple[int, ...]) -> Fraction:
        """The direction's entry, as a number."""
        lattice = self.place.step[k]
        return Fraction(int(lattice.mantissa[index])) * Fraction(2) ** lattice.exponent

    def steps(self, k: int) -> Array:
        """The whole direction of the k-th checked argument."""
        return self.place.step[k].floats(np.dtype(np.float64))

    @property
    def rounding(self) -> float:
        """Zero: nothing is rounded."""
        return 0.0

    @cached_property
    def at(self) -> Arrays:
        """The integer point in floating point; of its own, for forward may write into it."""
        return tuple([np.array(a) for a in self.place.three[0]])

    @property
    def sensitivity(self) -> Array:
        return self.delta.floats(self.start.dtype)

    def _parts(self, masks: Masks) -> Iterator[Masks]:
        if self.together:
            yield masks
            return
        for k in range(len(masks)):
            if not _is_empty(masks[k]):
                yield tuple(m if j == k else np.zeros(self.at[j].shape, bool) for j, m in enumerate(masks))

    def _derivative(self, masks: Masks) -> Fraction:
        if self.slope is not None and all(mask is None for mask in masks):
            return inner(self.delta, self.slope) / 2
        slope = slope_along(self.problem, self.place, masks, self.start)
        return inner(self.delta, slope) / 2


def expect_no_steps(problem: Problem, place: Point, masks: Masks, ahead: Array, back: Array) -> None:
    """NotExact where, off the integers, φ(t) − φ(−t) is not t·(φ(1) − φ(−1)): a function that rounds to a grid is of
    degree two on a coarser one alone.

    place, masks: the line; ahead, back: φ(1) and φ(−1) on it
    """
    here = place.along(0, masks)
    steps = [a - b for a, b in zip(place.along(1, masks), here, strict=True)]
    ends = [
        [np.asarray(a + t * u, dtype=a.dtype) for a, u in zip(here, steps, strict=True)] for t in (_BETWEEN, -_BETWEEN)
    ]
    first, second = (_evaluate(problem, tuple(end), ahead).astype(np.float64) for end in ends)
    across = ahead.astype(np.float64) - back
    off = (first - second) - _BETWEEN * across
    if not np.linalg.norm(off) <= _STEPPED[ahead.dtype.char] * np.linalg.norm(across):
        raise NotExact("it is another function between the integers than on them")


def _is_empty(mask: Mask | None) -> bool:
    return mask is not None and not mask.any()


def slope_along(problem: Problem, place: Point, masks: Masks, start: Array) -> Lattice:
    """2·φ′(0) on the line through the point, exactly; NotExact if φ is not of degree two there, or was
    rounded."""
    whole_line = all(mask is None for mask in masks)
    values = np.stack(
        [
            start,
            _evaluate(problem, place.three[1] if whole_line else place.along(1, masks), start),
            _evaluate(problem, place.three[2] if whole_line else place.along(-1, masks), start),
            _evaluate(problem, place.along(2, masks), start),
        ]
    )
    whole = as_integers(values)
    if whole is None:
        raise NotExact("its values at integers are not exact in floating point")
    zero, plus, minus, twice = whole.mantissa
    if (twice - minus - 3 * (plus - zero)).any():
        raise NotExact("it is not multilinear: φ(2) − 3φ(1) + 3φ(0) − φ(−1) is not 0 along a line")
    return Lattice(plus - minus, whole.exponent)


def _evaluate(problem: Problem, point: Arrays, start: Array) -> Array:
    return _same_kind(problem.value, point, start)


def _same_kind(function: Callable[[Arrays], Array], point: Arrays, start: Array) -> Array:
    """The value at an integer point; NotExact where there is none of the same shape and type."""
    try:
        value = function(point)
    except Exception as error:
        raise NotExact(f"forward does not take integer data: {error}") from error
    if value.shape != start.shape or value.dtype != start.dtype:
        raise NotExact("the shape or type of its result depends on the data")
    return value


def expect_whole_values(problem: Problem, seed: int) -> None:
    """NotExact if forward, of many arguments, leaves the integers where all but the first are ±1.

    A product of so many arguments would overflow at large integers: whether it is whole at the least of them settles
    at the price of one evaluation what every reading below would find.
    """
    if problem.fixed or len(problem.point) < MANY:
        return
    least = dict.fromkeys(FEW_BITS, 1)
    place = small_point(problem, seed, least, 0)
    with np.errstate(all="ignore"):
        try:
            value = problem.value(place.three[0])
        except Exception as error:
            raise NotExact(f"forward does not take integer data: {error}") from error
    if value.dtype not in USABLE_BITS or as_integers(value) is None:
        raise NotExact("its values at integers are not exact in floating point")


def find_exact(problem: Problem, seed: int, *, small_only: bool = False) -> ExactProbe:
    """The probe of the first exact reading that holds; NotExact if none does, with the reason. Large integers are
    left out where they are known not to stay exact."""
    if problem.fixed:
        raise NotExact("the claim is known at the given arrays alone, not at integers")
    reason = NotExact("no data")
    for place in _points(problem, seed, small_only):
        try:
            return _probe_at(problem, place)
        except NotExact as found:
            reason = found
            if "multilinear" in str(found):
                return _local_probe(problem, seed, reason)
    raise reason


def small_probe(problem: Problem, probe: ExactProbe) -> ExactProbe:
    """The same reading on small integers of scale 1, where sums have room: a mismatch there is not an
    overflow."""
    seed = probe.place.seed + 1000
    if probe.local:
        return probe
    return _probe_at(problem, small_point(problem, seed, FEW_BITS, probe.place.divisor))


def _probe_at(problem: Problem, place: Point) -> ExactProbe:
    """A probe at the point, moving all arguments together if the degree allows it, else one at a time."""
    everything = (None,) * len(place.values)
    with np.errstate(all="ignore"):
        start, delta, claimed = _claim_at(problem, place)
        try:
            slope = slope_along(problem, place, everything, start)
            return ExactProbe(problem, place, delta, claimed, together=True, local=False, start=start, slope=slope)
        except NotExact as reason:
            if "multilinear" not in str(reason) or len(place.values) == 1:
                raise
        alone = ExactProbe(problem, place, delta, claimed, together=False, local=False, start=start)
        alone.measure(everything)
        return alone


def _claim_at(problem: Problem, place: Point) -> tuple[Array, Lattice, Arrays]:
    """(forward value, sensitivity, claimed gradients) at the integer point; NotExact if they cannot be had."""
    point = place.three[0]
    try:
        start = problem.value(point)
    except Exception as error:
        raise NotExact(f"forward does not take integer data: {error}") from error
    if start.dtype not in USABLE_BITS or as_integers(start) is None:
        raise NotExact("its values at integers are not exact in floating point")
    delta = sensitivity_at(problem, place, start)
    try:
        claimed = problem.gradients(delta.floats(start.dtype), point)
    except Exception as error:
        raise NotExact(f"backward does not take integer data: {error}") from error
    if any(g.shape != p.shape or not np.isfinite(g).all() for g, p in zip(claimed, point, strict=True)):
        raise NotExact("the claimed gradient at integers has another shape, or is not finite")
    return start, delta, claimed


def sensitivity_at(problem: Problem, place: Point, start: Array) -> Lattice:
    """The weights of outputs of start's shape: drawn for this point, or the caller's if they are small integers.
    CheckInputError where the caller's have another shape, NotExact where they are not such."""
    if problem.delta is None:
        return drawn_sensitivity(start.shape, place.bits, place.seed + 77, place.divisor)
    if problem.delta.shape != start.shape:
        raise CheckInputError(f"delta has shape {problem.delta.shape}, the output {start.shape}; they must agree")
    given = as_integers(problem.delta)
    if given is None or np.abs(given.mantissa).max(initial=0) >= 1 << 14:
        raise NotExact("the given delta is not made of small integers")
    return given


def _local_probe(problem: Problem, seed: int, reason: NotExact) -> ExactProbe:
    """A probe at a tie-free point, moved too little for a maximum or a sign to change."""
    place = tie_free_point(problem, seed)
    with np.errstate(all="ignore"):
        try:
            start, delta, claimed = _claim_at(problem, place)
            slope = slope_along(problem, place, (None,) * len(place.values), start)
        except NotExact:
            raise reason from None
    return ExactProbe(problem, place, delta, claimed, together=True, local=True, start=start, slope=slope)


def _points(problem: Problem, seed: int, small_only: bool) -> Iterator[Point]:
    layout = layout_of(problem.shapes)
    if small_only:
        yield few_bits_point(layout, problem.types, problem.tops, seed)
    else:
        yield large_point(layout, problem.types, problem.tops, seed)
        yield small_point(problem, seed, FEW_BITS, 1)
    yield small_point(problem, seed, FEW_BITS, 0)
