"""Integers held in floating point: exact sums, products and comparisons for the zero-tolerance check.

Why: a sum or product of integers below 2**53 is exact in float64 (2**24 in float32), so that BLAS computes a
convolution of integers without rounding, and a claimed gradient either equals the true one or does not.
Integers times a power of two are as exact, and look less special: `round` is the identity on integers, not on
halves.

Law: `as_integers` answers None rather than an approximation; `inner` is exact or raises.

What it cannot see: rounding inside a function that happens to end on the lattice. Spare bits make that
unlikely.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numeric.checkers.problem import Array, largest_of

Int64 = NDArray[np.int64]
# bits that a lattice value may use: the mantissa less two, so that a sum that overflowed it would show
USABLE_BITS: dict[np.dtype[Any], int] = {np.dtype(np.float64): 51, np.dtype(np.float32): 22}
# exponents below which a power of two is a number of the type
_FACTORS = {"d": 900, "f": 120}
_USABLE = 2.0 ** USABLE_BITS[np.dtype(np.float64)]


@dataclass(frozen=True)
class Lattice:
    """The array mantissa · 2**exponent, exactly; `bound`, if known, is not less than any |mantissa|."""

    mantissa: Int64
    exponent: int
    bound: float = field(default=-1.0, compare=False)

    @cached_property
    def largest(self) -> float:
        """A bound on every |mantissa|."""
        if self.bound >= 0:
            return self.bound
        return float(max(int(self.mantissa.max(initial=0)), -int(self.mantissa.min(initial=0))))

    def floats(self, dtype: np.dtype[Any]) -> Array:
        """The same values in floating point (exact if they fit its mantissa)."""
        values = self.mantissa.astype(dtype)
        return values if self.exponent == 0 else times_power_of_two(values, self.exponent)

    def masked(self, mask: NDArray[np.bool_] | None) -> Lattice:
        """The same values where the mask is true, 0 elsewhere."""
        return self if mask is None else Lattice(self.mantissa * mask, self.exponent)

    def plus(self, times: int, other: Lattice) -> Lattice:
        """self + times·other; both on one grid."""
        return Lattice(self.mantissa + times * other.mantissa, self.exponent)


def times_power_of_two(values: Array, exponent: int) -> Array:
    """values · 2**exponent, in their own type; by a product where the power itself is a number of it."""
    if abs(exponent) < _FACTORS.get(values.dtype.char, 0):
        return np.asarray(np.multiply(values, values.dtype.type(2.0**exponent)))
    return np.asarray(np.ldexp(values, exponent))


def as_integers(values: Array) -> Lattice | None:
    """The array as integers times one power of two with bits to spare, or None where it is not on such a
    grid.

    >>> found = as_integers(np.array([0.5, -3.0, 0.0]))
    >>> found.mantissa * 2.0**found.exponent
    array([ 0.5, -3. ,  0. ])
    >>> as_integers(np.array([1.0, 1e-20])) is None, as_integers(np.array([1e300, 1e-300])) is None
    (True, True)
    """
    top = largest_of(values)
    if top == 0:
        return Lattice(np.zeros(values.shape, dtype=np.int64), 0)
    if not math.isfinite(top):
        return None
    bits = USABLE_BITS[values.dtype]
    exponent = math.frexp(top)[1] - bits
    scaled = times_power_of_two(values, -exponent)
    whole = np.rint(scaled)
    if np.count_nonzero(whole != scaled):
        return None
    # scaled down, the smallest may have become 0
    if exponent > 0 and np.count_nonzero(whole) != np.count_nonzero(values):
        return None
    mantissa = whole.astype(np.int64)
    spare = int(np.bitwise_or.reduce(mantissa, axis=None))
    zeros = (spare & -spare).bit_length() - 1
    return Lattice(mantissa >> zeros, exponent + zeros, 2.0 ** (bits - zeros))


def whole_on_a_grid(sample: Array) -> bool:
    """Whether a few numbers are integers times one power of two, as `as_integers` would say.

    >>> whole_on_a_grid(np.array([0.5, 3.0])), whole_on_a_grid(np.array([1 / 3, 1.0]))
    (True, False)
    """
    numbers = sample.tolist()
    top = max(map(abs, numbers), default=0.0)
    if not math.isfinite(top):
        return False
    unit = USABLE_BITS[sample.dtype] - math.frexp(top)[1]
    # a number that becomes 0 was not whole
    return all(math.ldexp(number, unit).is_integer() and (math.ldexp(number, unit) or not number) for number in numbers)


def spares_bits(number: float) -> bool:
    """Whether a number of float64 leaves two bits of its mantissa unused, as integers of some room do.

    >>> spares_bits(0.5), spares_bits(3e9), spares_bits(1 / 3)
    (True, True, False)
    """
    return (math.frexp(number)[0] * _USABLE).is_integer()


def inner(left: Lattice, right: Lattice) -> Fraction:
    """Σ left·right, exact for any size.

    >>> inner(Lattice(np.array([2**40, 1]), 0), Lattice(np.array([2**40, 1]), -1)) == Fraction(2**80 + 1, 2)
    True
    """
    total, exponent = integer_inner(left, right)
    return Fraction(total << exponent) if exponent >= 0 else Fraction(total, 1 << -exponent)


def integer_inner(left: Lattice, right: Lattice) -> tuple[int, int]:
    """(t, e) with Σ left·right = t·2**e, exact for any size."""
    exponent = left.exponent + right.exponent
    size = left.mantissa.size
    if left.largest * right.largest * size < 2.0**62:
        return int(left.mantissa.ravel().dot(right.mantissa.ravel())), exponent
    # limbs of as many bits as leave room for the sum of all products of two
    width = (62 - size.bit_length()) // 2
    parts = ((i + j, x, y) for i, x in enumerate(_limbs(left, width)) for j, y in enumerate(_limbs(right, width)))
    return sum(int(x.dot(y)) << (width * places) for places, x, y in parts), exponent


def _limbs(values: Lattice, width: int) -> list[Int64]:
    """The mantissas in base 2**width, lowest first; the last limb has the sign."""
    left, limbs = values.mantissa.ravel(), []
    for _ in range(int(values.largest).bit_length() // width):
        limbs.append(left & ((1 << width) - 1))
        left = left >> width
    return [*limbs, left]


def same_number(left: tuple[int, int], right: tuple[int, int]) -> bool:
    """Whether t·2**e agree.

    >>> same_number((3, 2), (12, 0)), same_number((3, 2), (6, 0))
    (True, False)
    """
    least = min(left[1], right[1])
    return left[0] << (left[1] - least) == right[0] << (right[1] - least)


def rational_inner(values: Array, right: Lattice) -> Fraction:
    """Σ values·right, exact for any finite floating-point values, on the lattice or off it."""
    found = as_integers(values)
    if found is not None:
        return inner(found, right)
    # numbers of one exponent are on one grid
    fractions, exponents = np.frexp(values.ravel().astype(np.float64))
    whole, steps = np.ldexp(fractions, 53).astype(np.int64), right.mantissa.ravel()
    total = Fraction(0)
    for exponent in np.unique(exponents):
        chosen = exponents == exponent
        part = Lattice(whole[chosen], int(exponent) - 53, 2.0**53)
        total += inner(part, Lattice(steps[chosen], right.exponent))
    return total


def odd_integers(shape: tuple[int, ...], bits: int, seed: int) -> Int64:
    """Random odd integers in ±[1, 2**bits), never 0; the same for the same arguments."""
    half = 1 << (bits - 1)
    drawn: Int64 = np.random.default_rng(seed).integers(-half, half, size=shape) * 2 + 1
    return drawn


def shuffled_multiples(shape: tuple[int, ...], spacing: int, seed: int) -> Int64:
    """Distinct non-zero multiples of `spacing` with random signs, in random order: no ties, and no entry near
    0."""
    size = int(np.prod(shape))
    generator = np.random.default_rng(seed)
    signs = generator.choice(np.array([-1, 1]), size=size)
    drawn: Int64 = (generator.permutation(size) + 1).reshape(shape) * signs.reshape(shape) * spacing
    return drawn
