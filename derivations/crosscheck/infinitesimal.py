"""Numbers in which an infinitesimal step gives a derivative: residues modulo a power of a prime, and many digits.

Why: f(x + h) − f(x) = f'(x)·h as soon as h² is 0. Modulo M = p^(2^d), h = p^(2^(d − 1)) is such a step; so is, to the
precision that is carried, a tiny h among numbers of many digits. One step serves whatever the degree and the depth,
where exact differences take as many as the degree, which doubles or triples with each layer.

A derivative is known to half of the digits (p-adic or binary) of what is differentiated. So the innermost derivatives
take the smallest steps: `step(height)` is M^(2^−height), where a derivative that contains none has height 1, and what
all derivatives leave known are residues modulo p.

Law: every value is taken modulo M, or rounded to `bits`, as soon as it is computed: no number grows with the depth.
What agrees modulo p for all data tried may differ; what differs modulo p differs.

What it cannot see: order. Residues have none, so that maxima, signs and comparisons raise NotExact there.
"""

from __future__ import annotations

import zlib
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from fractions import Fraction
from math import factorial
from typing import Any

import numpy as np
from mpmath import ldexp, mag, workprec  # type: ignore[import-untyped]

from derivations.crosscheck.values import Number
from numeric.operators import Array, precise

PRIME = 2**61 - 1  # so large that no size, no denominator and no chance meets it
MASK = 2**64 - 1
# An error may have been multiplied by the largest value twice, before and after what cancelled; the rest is spare.
MAGNITUDES, SPARE = 4, 64


@dataclass(frozen=True)
class Residues:
    """Integers modulo PRIME^(2^height), for formulas whose derivatives stand at most `height` deep in one another."""

    height: int

    @property
    def modulus(self) -> int:
        return int(PRIME ** (2**self.height))

    @property
    def context(self) -> AbstractContextManager[Any]:
        return nullcontext()

    def step(self, height: int) -> int:
        """The step of a derivative of this height."""
        return int(PRIME ** (2 ** (self.height - height)))

    def slope(self, difference: Array, height: int) -> Array:
        """The differences divided by the step, which divides them."""
        return np.asarray(difference // self.step(height), dtype=object)

    def taken(self, value: Number) -> Number:
        """The residues of integers and fractions; ZeroDivisionError where a denominator has none."""
        modulus = self.modulus
        if value.array.dtype.kind == "i" and value.bound is not None and value.bound < PRIME:
            return value  # small ones stay as they are

        def residue(entry: int | Fraction) -> int:
            if isinstance(entry, int):
                return entry % modulus
            if not entry.denominator % PRIME:
                raise ZeroDivisionError("a denominator is 0 modulo the prime")
            return entry.numerator * pow(entry.denominator, -1, modulus) % modulus

        return Number(_entrywise(residue, value.array))

    def quotient(self, numerator: Array, denominator: Array) -> Array:
        """The entrywise quotient."""
        modulus = self.modulus

        def inverse(entry: int) -> int:
            if not entry % PRIME:
                raise ZeroDivisionError("a divisor has a zero entry")
            return pow(entry, -1, modulus)

        return np.asarray(numerator.astype(object) * _entrywise(inverse, denominator))

    def inverse(self, matrices: Array) -> Array:
        """The inverses of square matrices (..., n, n), by Gauss and Jordan's elimination modulo M; ZeroDivisionError
        where a pivot has no inverse anywhere in its column."""
        n, modulus = matrices.shape[-1], self.modulus
        result = np.empty((matrices.size // max(n * n, 1), n, n), dtype=object)
        for number, matrix in enumerate(matrices.astype(object).reshape(-1, n, n)):
            work = [[*row, *(int(i == j) for j in range(n))] for i, row in enumerate(matrix.tolist())]
            for column in range(n):
                pivot = next((row for row in range(column, n) if work[row][column] % PRIME), None)
                if pivot is None:
                    raise ZeroDivisionError("the matrix is singular modulo the prime")
                work[column], work[pivot] = work[pivot], work[column]
                scale = pow(work[column][column], -1, modulus)
                work[column] = [entry * scale % modulus for entry in work[column]]
                for row in range(n):
                    factor = work[row][column]
                    if row != column and factor:
                        pairs = zip(work[row], work[column], strict=True)
                        work[row] = [(entry - factor * top) % modulus for entry, top in pairs]
            result[number] = [row[n:] for row in work]
        return result.reshape(matrices.shape)

    def arbitrary(self, name: str, order: int, of: Array) -> Array:
        """A derivative of an arbitrary function. Its Taylor coefficients at each residue modulo PRIME are drawn anew,
        so that no relation holds between its values and slopes at different places; it is the same function whenever
        it is asked."""
        modulus, terms = self.modulus, 2**self.height
        key = zlib.crc32(name.encode())

        def value(x: int) -> int:
            place = x % PRIME
            moved, power, total = x - place, 1, 0
            for k in range(terms):  # further powers of `moved` are 0
                total += _drawn(place, key, k + order) * power * pow(factorial(k), -1, modulus)
                power = power * moved % modulus
            return total % modulus

        return _entrywise(value, of)


@dataclass
class Digits:
    """Numbers of so many bits; `largest` is the binary exponent of the largest value that was met."""

    bits: int
    largest: int = 0

    @property
    def context(self) -> AbstractContextManager[Any]:
        """Within it, mpmath works at this precision."""
        found: AbstractContextManager[Any] = workprec(self.bits)
        return found

    def step(self, height: int) -> Any:
        """The step of a derivative of this height: its square is lost beside 1 in the digits that are known."""
        return ldexp(1, -(self.bits >> height))

    def slope(self, difference: Array, height: int) -> Array:
        """The differences divided by the step, a power of two."""
        return np.asarray(difference / self.step(height), dtype=object)

    def taken(self, value: Number) -> Number:
        """Integers stay; fractions and floats become numbers of so many bits."""
        array = precise(value.array)
        self.largest = max(self.largest, *(mag(entry) for entry in array.ravel().tolist() if entry), 0)
        return value if value.array.dtype.kind == "i" else Number(array)

    def known(self, height: int) -> int:
        """How many bits are known of what derivatives of this height leave."""
        return self.bits >> height

    def trustworthy(self, height: int) -> bool:
        """Whether the digits outlast whatever was added, cancelled, multiplied or divided on the way: each step can
        multiply an error by the largest value, and formulas are short."""
        return self.known(height) >= MAGNITUDES * self.largest + SPARE

    def rounding(self, height: int) -> Any:
        """A bound of what rounding and the steps may have made of 0."""
        return ldexp(1, MAGNITUDES // 2 * self.largest + SPARE // 2 - self.known(height))


Infinitesimal = Residues | Digits


def _entrywise(function: Any, array: Array) -> Array:
    """Python's function of each entry."""
    result = np.empty(array.size, dtype=object)
    result[:] = [function(entry) for entry in array.ravel().tolist()]
    return result.reshape(array.shape)


def _drawn(place: int, key: int, order: int) -> int:
    """A number that depends on the place, the function and the order, and looks like chance [Steele, Lea & Flood 2014,
    the mixing function of SplitMix64]."""
    mixed = (place + (key * 31 + order + 1) * 0x9E3779B97F4A7C15) & MASK
    mixed = ((mixed ^ mixed >> 30) * 0xBF58476D1CE4E5B9) & MASK
    mixed = ((mixed ^ mixed >> 27) * 0x94D049BB133111EB) & MASK
    return (mixed ^ mixed >> 31) % PRIME
