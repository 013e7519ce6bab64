"""Where an exact check is made: random integers of the caller's shapes and about their size, and lines through them.

Why: the price of a small check is that of drawing and laying out its numbers; here they are made once for each shape.

Law: the same arguments give the same integers. Large ones carry many bits on a fine grid, small ones leave room for
sums, tie-free ones are moved so little that no maximum changes its place.

What it cannot see: which of them suits a function; `exact` tries.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from numeric.checkers.lattice import Lattice, odd_integers, shuffled_multiples
from numeric.checkers.localise import Mask
from numeric.checkers.problem import FLOAT64, Array, Arrays, Layout, Problem, Shapes, largest_of, layout_of

Masks = tuple[Mask | None, ...]
# divisible by f² for windows f = 1 … 8 (float64) and 1 … 5 (float32), so that a mean over f² entries is whole
_DIVISIBLE = {"d": 705_600, "f": 3_600}
_BITS = {"d": 13, "f": 6}
FEW_BITS = {"d": 6, "f": 3}
# the data follow the caller's scale within these powers of two: farther apart, one argument would be rounded away
# beside another and a gradient of 0 would look right for it
_WIDEST = {"d": 8, "f": 0}
# numbers that are added at once: few enough to be exact, or all where they are not many
_BLOCK, _ONE_BLOCK = 256, 4096
# bits of the sensitivity behind the binary point
_FRACTION = 1
# bits from which on the integers' grid is fine enough to meet no other
FINE = 10
# entries up to which the random integers are kept for the next check of the same shapes
_CACHED_SIZE = 1 << 17
# entries up to which those of the last check are kept
_KEPT_SIZE = 1 << 20


@dataclass(frozen=True)
class Weights:
    """The integers w of  ⟨w, (φ(1), φ(−1), g)⟩ = ⟨delta, φ(1)⟩ − ⟨delta, φ(−1)⟩ − 2⟨g, u⟩.

    delta   the sensitivity drawn, in floating point
    digits  (2, n): w = base·digits[0] + digits[1]
    parts   where each argument's claim lies among the n numbers
    powers  of two, at least 1, that go with the weights: of φ, then of each claim
    bits    an inner product of a block of either row with integers of a norm below 2**bits is exact
    block   how many numbers are added in floating point; sums over blocks are added as integers. The digits are
            filled up with zeros to whole blocks.
    """

    delta: Array
    digits: Array
    parts: tuple[slice, ...]
    powers: tuple[float, ...]
    bits: int
    block: int

    base = 128.0

    def norm_squared(self, ends: Array) -> float:
        """The largest square of the norm of a block of the numbers."""
        if ends.size == self.block:
            return float(ends.dot(ends))
        blocks = ends.reshape(-1, self.block)
        return float(np.einsum("bi,bi->b", blocks, blocks).max())

    def sums_to_zero(self, ends: Array) -> bool:
        """Whether the inner product of the weights with these integers, of norms below 2**bits, is 0."""
        if ends.size == self.block:
            high, low = self.digits.dot(ends).tolist()
            return bool(high * self.base + low == 0)
        blocks = np.einsum("kbi,bi->kb", self.digits.reshape(2, -1, self.block), ends.reshape(-1, self.block))
        upper, lower = (sum(map(int, row)) for row in blocks.tolist())
        return upper * int(self.base) + lower == 0


@dataclass(frozen=True)
class Point:
    """Where an exact check is made: integer values of the checked arguments, and the direction of the line."""

    values: tuple[Lattice, ...]
    step: tuple[Lattice, ...]
    types: str
    seed: int
    bits: int
    divisor: int = 1

    def along(self, times: int, masks: Masks) -> Arrays:
        """values + times·(step where the mask is true), in the caller's types."""
        moved = (v.plus(times, s.masked(m)) for v, s, m in zip(self.values, self.step, masks, strict=True))
        return tuple(value.floats(np.dtype(char)) for value, char in zip(moved, self.types, strict=True))

    @cached_property
    def three(self) -> tuple[Arrays, Arrays, Arrays]:
        """The point itself, one step ahead, and one step back."""
        whole = (None,) * len(self.values)
        return self.along(0, whole), self.along(1, whole), self.along(-1, whole)

    @cached_property
    def joint_step(self) -> Lattice:
        """All steps laid end to end as integers; each argument's power of two is left out."""
        return Lattice(np.concatenate([s.mantissa.ravel() for s in self.step]), 0)

    def weights(self, shape: tuple[int, ...]) -> Weights:
        """What φ(1), φ(−1) and the claims, laid end to end, weigh in the equality, for outputs of this shape."""
        if shape not in self._weights:
            self._weights[shape] = _weights(self, shape)
        return self._weights[shape]

    @cached_property
    def _weights(self) -> dict[tuple[int, ...], Weights]:
        return {}

    @cached_property
    def reach(self) -> float:
        """The largest magnitude that the check uses."""
        return max((largest_of(a) for arrays in self.three for a in arrays), default=0.0)

    @cached_property
    def unseen(self) -> str:
        """What a check at this point does not vouch for."""
        grid = max((2.0**v.exponent for v in self.values), default=1.0)
        return (
            f"the caller's own values, and steps finer than {grid:.3g}: random multiples of that up to {self.reach:.3g}"
            ", of the same shapes, were used"
        )

    @cached_property
    def reaches(self) -> tuple[float, ...]:
        """The largest magnitude one step ahead, argument by argument."""
        return tuple(largest_of(a) for a in self.three[1])


@lru_cache(maxsize=32)
def drawn_sensitivity(shape: tuple[int, ...], bits: int, seed: int, divisor: int) -> Lattice:
    """Random weights of outputs of this shape."""
    # off the integers, so that a backward that rounds or counts in integers is seen
    return Lattice(odd_integers(shape, bits, seed) * divisor, -_FRACTION)


def large_point(layout: Layout, types: str, tops: Sequence[float], seed: int) -> Point:
    """Odd integers of many bits at each argument's scale, as far as products of two stay exact."""
    return _point(layout, types, tops, seed, _BITS, 1, _WIDEST)


def few_bits_point(layout: Layout, types: str, tops: Sequence[float], seed: int) -> Point:
    """Odd integers of few bits at each argument's scale: they leave room for several slopes in one number."""
    return _point(layout, types, tops, seed, FEW_BITS, 1, _WIDEST)


def small_point(problem: Problem, seed: int, bits_of: dict[str, int], divisor: int) -> Point:
    """Odd integers of few bits, times a divisor (0 stands for the type's own), at scale 1."""
    layout = layout_of(problem.shapes)
    return _point(layout, problem.types, problem.tops, seed, bits_of, divisor, {"d": 0, "f": 0})


def _point(
    layout: Layout,
    types: str,
    tops: Sequence[float],
    seed: int,
    bits_of: dict[str, int],
    divisor: int,
    widest_of: dict[str, int],
) -> Point:
    # the least precise type decides
    type_ = "f" if "f" in types else "d"
    bits, widest = bits_of[type_], widest_of[type_]
    exponents = tuple([min(max(math.frexp(top)[1], -widest), widest) - bits for top in tops])
    build = _cached_point if layout.size <= _CACHED_SIZE else _last_point if layout.size <= _KEPT_SIZE else _build_point
    return build(layout.shapes, types, exponents, bits, divisor, seed)


def _weights(place: Point, shape: tuple[int, ...]) -> Weights:
    delta = drawn_sensitivity(shape, place.bits, place.seed + 77, place.divisor)
    flat = delta.mantissa.ravel()
    whole = np.concatenate([flat, -flat, -2 * place.joint_step.mantissa])
    block = whole.size if whole.size <= _ONE_BLOCK else _BLOCK
    digits = np.zeros((2, -(-whole.size // block) * block))
    digits[0, : whole.size] = whole >> 7
    digits[1, : whole.size] = whole & (int(Weights.base) - 1)
    # none below 1: a product with it is exact
    least = min(0, *[s.exponent for s in place.step])
    powers = [2.0 ** (s.exponent - least - delta.exponent) for s in place.step]
    # by Cauchy and Schwarz; one bit for the rounding of the norms
    blocks = digits.reshape(2, -1, block)
    bits = 52 - math.ceil(math.log2(np.einsum("kbi,kbi->kb", blocks, blocks).max()) / 2)
    ends = itertools.accumulate([s.mantissa.size for s in place.step], initial=2 * flat.size)
    parts = tuple(slice(*pair) for pair in itertools.pairwise(ends))
    return Weights(delta.floats(FLOAT64), digits, parts, (2.0**-least, *powers), bits, block)


def _build_point(
    shapes: Shapes,
    types: str,
    exponents: tuple[int, ...],
    bits: int,
    divisor: int,
    seed: int,
) -> Point:
    values, steps = [], []
    most = divisor or max(_DIVISIBLE[char] for char in types)
    for k, (shape, exponent) in enumerate(zip(shapes, exponents, strict=True)):
        factor = divisor or (_DIVISIBLE[types[k]] if k == 0 else 1)
        # twice odd: one odd step ahead and back, where values are compared, lies on no coarser grid; with few bits the
        # function is looked at between the integers instead
        twice = 1 if bits >= FINE else 0
        base = (odd_integers(shape, bits - twice, seed + 2 * k) << twice) * factor
        step = odd_integers(shape, bits, seed + 2 * k + 1) * factor
        # beyond the point itself, so that the line from −1 to 2 crosses 0 in every entry
        step = step + np.sign(step) * (factor << bits)
        values.append(Lattice(base, exponent))
        steps.append(Lattice(step, exponent))
    return Point(tuple(values), tuple(steps), types, seed, bits, most)


_cached_point = lru_cache(maxsize=32)(_build_point)
_last_point = lru_cache(maxsize=1)(_build_point)


def tie_free_point(problem: Problem, seed: int) -> Point:
    """Integers a spacing apart and a step within it."""
    build = _cached_tie_free if problem.size <= _CACHED_SIZE else _build_tie_free
    return build(problem.shapes, problem.types, seed)


def _build_tie_free(shapes: Shapes, types: str, seed: int) -> Point:
    small = min(FEW_BITS[char] for char in types)
    # two entries lie a spacing apart and each moves by at most 2·2**small
    spacing = 1 << (small + 3)
    values = [Lattice(shuffled_multiples(shape, spacing, seed + k), -small - 3) for k, shape in enumerate(shapes)]
    steps = [Lattice(odd_integers(shape, small, seed + 500 + k), -small - 3) for k, shape in enumerate(shapes)]
    return Point(tuple(values), tuple(steps), types, seed, small)


_cached_tie_free = lru_cache(maxsize=32)(_build_tie_free)
