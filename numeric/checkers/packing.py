"""Several colours in one evaluation: steps of different powers of two, read back as digits of one exact integer.

Why: an exact check has 51 bits to use, and one slope of small integers needs six or so. Steps of 1, 2^s, 2^2s … in
entries that do share outputs leave the slopes side by side in the digits of the response [Kronecker substitution].

Law: the digits are signed, with s one bit wider than any slope seen with its sign. After the last digit nothing may be
left over, and no digit may appear in an output that its colour does not own; otherwise the answer is None and the
colours are evaluated one by one. Footprints that were measured two at a time count only where the sums that they lead
to are those claimed; otherwise they are measured again, one by one.

What it cannot see: a slope that is larger than those seen and still leaves no trace; the entries that it disturbs
would have to equal the claimed ones by accident.
"""

from __future__ import annotations

from itertools import accumulate, pairwise
from typing import Protocol

import numpy as np

from numeric.checkers.lattice import as_integers, odd_integers
from numeric.checkers.problem import Array, Arrays

Mask = np.ndarray[tuple[int, ...], np.dtype[np.bool_]]
Positions = np.ndarray[tuple[int, ...], np.dtype[np.intp]]
# bits of the response that may be used: those of a mantissa, less room for the value at the point itself
_BITS = 50
# bits of the steps that show footprints, and how many bits two of them lie apart
_STEP_BITS, _PAIR = 13, 26


class ExactLines(Protocol):
    """What packing needs of an exact probe."""

    @property
    def at(self) -> Arrays: ...
    @property
    def start(self) -> Array: ...
    @property
    def sensitivity(self) -> Array: ...
    def value_with(self, k: int, moved: Array) -> Array: ...
    def unit(self, k: int) -> float: ...


def packed_sums(probe: ExactLines, k: int, colour: Positions, owners: Positions) -> tuple[Array, int] | None:
    """(Σ delta · J for every entry of the k-th argument, evaluations spent), or None where digits do not fit.

    colour: the colour of each entry, in the argument's shape; entries of one colour are moved together
    owners: (colour, output) -> the flat position of the entry that owns the output, or −1
    """
    weights = as_integers(probe.sensitivity)
    count, outputs = owners.shape
    if weights is None or probe.start.dtype != np.float64:
        return None
    here, start, unit = probe.at[k], probe.start.ravel(), probe.unit(k)
    first = probe.value_with(k, here + unit * (colour == 0)).ravel() - start
    grid = as_integers(np.concatenate([start, first]))
    if grid is None:
        return None
    seen = int(np.abs(grid.mantissa[outputs:]).max(initial=0))
    width = seen.bit_length() + 2
    many = _BITS // width
    batches = -(-count // many)
    # what each colour moves by in each batch: nothing, but for the batch that it is in
    steps = np.zeros((batches, batches * many))
    steps.reshape(batches, batches, many)[range(batches), range(batches)] = unit * 2.0 ** (width * np.arange(many))
    responses = np.empty((batches, outputs))
    for step, response in zip(steps, responses, strict=True):
        np.subtract(probe.value_with(k, here + step[colour]).ravel(), start, out=response)
    # small enough that adding them in floating point is exact
    if 2.0**width * weights.largest * outputs >= 2.0**53:
        return None
    whole = np.ldexp(responses, -grid.exponent)
    if np.count_nonzero(np.rint(whole) != whole) or np.count_nonzero(whole) != np.count_nonzero(responses):
        return None
    digits = _digits(whole, many, width)
    if digits is None:
        return None
    digits = digits.reshape(-1, outputs)
    moved = digits[:count]
    # a last batch that is not full leaves zeros; a digit without an owner refutes the plan
    if digits[count:].any() or np.count_nonzero((owners < 0) & (moved != 0)):
        return None
    # place −1, the last one, gathers zeros
    sums = np.zeros(here.size + 1)
    np.add.at(sums, owners.reshape(-1), (moved * weights.mantissa.reshape(-1)).reshape(-1))
    return np.ldexp(sums[:-1], grid.exponent + weights.exponent) / unit, 1 + len(responses)


def touched_in_pairs(probe: ExactLines, k: int) -> list[Mask]:
    """For each axis of the k-th argument (slices, outputs): which outputs move when a slice along the axis does.

    Two slices move at once, by random odd integers and by 2**26 times such: what the second moves an output by is a
    multiple of 2**26 units, and the first leaves a remainder. Neither is 0 but by accident.
    """
    here, start = probe.at[k], probe.start.ravel()
    lower: Array = probe.unit(k) * odd_integers(here.shape, _STEP_BITS, k)
    upper, grid = 2.0**_PAIR * lower, as_integers(start)
    base = 2.0 ** (_PAIR + (grid.exponent if grid else 0))
    pairs = [(axis, i) for axis, length in enumerate(here.shape) for i in range(0, length, 2)]
    responses = np.empty((len(pairs), start.size))
    for (axis, i), response in zip(pairs, responses, strict=True):
        before = (slice(None),) * axis
        first, second = (*before, slice(i, i + 1)), (*before, slice(i + 1, i + 2))
        moved = here.copy()
        moved[first] += lower[first]
        moved[second] += upper[second]
        np.subtract(probe.value_with(k, moved).ravel(), start, out=response)
    multiples = np.rint(responses * (1 / base))
    both = np.stack([responses != multiples * base, multiples != 0], axis=1)
    ends = list(accumulate([-(-length // 2) for length in here.shape], initial=0))
    parts = [both[first:last].reshape(-1, start.size) for first, last in pairwise(ends)]
    return [part[:length] for part, length in zip(parts, here.shape, strict=True)]


def _digits(whole: Array, many: int, width: int) -> Array | None:
    """(batch, digit, output): signed digits in base 2**width, lowest first; None where something is left over.

    In floating point, whose numbers below 2**53 are as exact: the nearest multiple of the base leaves the digit.
    """
    left, base = whole, 2.0**width
    digits = np.empty((len(left), many, left.shape[1]))
    for c in range(many):
        higher = np.rint(left * (1 / base))
        np.subtract(left, higher * base, out=digits[:, c])
        left = higher
    return None if left.any() else digits
