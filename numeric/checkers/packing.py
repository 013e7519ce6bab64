"""Several colours in one evaluation: steps of different powers of two, read back as digits of one exact integer.

Why: an exact check has 51 bits to use, and one slope of small integers needs six or so. Steps of 1, 2^s, 2^2s … in
entries that do share outputs leave the slopes side by side in the digits of the response [Kronecker substitution].

Law: the digits are signed, with s two bits wider than any slope seen. After the last digit nothing may be left over,
and no digit may appear in an output that its colour does not own; otherwise the answer is None and the colours are
evaluated one by one.

What it cannot see: a slope that is larger than those seen and still leaves no trace; the entries that it disturbs
would have to equal the claimed ones by accident.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np

from numeric.checkers.lattice import Int64, as_integers
from numeric.checkers.problem import Array, Arrays, Problem

Positions = np.ndarray[tuple[int, ...], np.dtype[np.intp]]
# bits of the response that may be used: those of a mantissa, less room for the value at the point itself
_BITS = 50


class ExactLines(Protocol):
    """What packing needs of an exact probe."""

    @property
    def problem(self) -> Problem: ...
    @property
    def at(self) -> Arrays: ...
    @property
    def start(self) -> Array: ...
    @property
    def sensitivity(self) -> Array: ...
    def evaluate_moved(self, k: int, positions: Positions, steps: Array) -> Array: ...
    def unit(self, k: int) -> float: ...


def packed_sums(probe: ExactLines, k: int, colours: list[Positions], owners: Positions) -> tuple[Array, int] | None:
    """(Σ delta · J for every entry of the k-th argument, evaluations spent), or None where digits do not fit.

    colours: positions that are moved together;  owners: (colour, output) -> the position that owns it, or −1
    """
    weights = as_integers(probe.sensitivity)
    if weights is None or probe.start.dtype != np.float64 or len(colours) < 4:
        return None
    unit = probe.unit(k)
    first = probe.evaluate_moved(k, colours[0], np.array(unit)) - probe.start
    grid = as_integers(np.concatenate([probe.start.ravel(), first.ravel()]))
    if grid is None:
        return None
    seen = int(np.abs(grid.mantissa[probe.start.size :]).max(initial=0))
    width = seen.bit_length() + 3
    many = _BITS // width
    batches = [colours[i : i + many] for i in range(0, len(colours), many)]
    responses = np.stack([_response(probe, k, batch, width) for batch in batches])
    digits = _digits(np.ldexp(responses, -grid.exponent), many, width)
    if digits is None:
        return None
    digits = digits.reshape(-1, owners.shape[1])
    # a last batch that is not full leaves zeros; a digit without an owner refutes the plan
    if digits[len(colours) :].any() or ((owners < 0) & (digits[: len(colours)] != 0)).any():
        return None
    # small enough that adding them in floating point is exact
    if 2.0**width * weights.largest * owners.shape[1] >= 2.0**53:
        return None
    terms = digits[: len(colours)] * weights.mantissa.ravel()
    # place −1 gathers zeros, and is left out
    sums = np.bincount(owners.ravel() + 1, weights=terms.ravel(), minlength=probe.at[k].size + 1)[1:]
    return np.ldexp(sums, grid.exponent + weights.exponent) / unit, 1 + len(batches)


def _response(probe: ExactLines, k: int, batch: list[Positions], width: int) -> Array:
    """What one evaluation of several colours changes, each with steps of its own power of two."""
    unit = probe.unit(k)
    positions = np.concatenate(batch)
    sizes = [p.size for p in batch]
    steps = np.repeat(unit * 2.0 ** (width * np.arange(len(batch))), sizes)
    return (probe.evaluate_moved(k, positions, steps) - probe.start).ravel()


def _digits(responses: Array, many: int, width: int) -> Int64 | None:
    """(batch, digit, output): signed digits in base 2**width, lowest first; None where something is left over."""
    left = responses.astype(np.int64)
    if not (left == responses).all():
        return None
    digits = np.empty((len(left), many, left.shape[1]), dtype=np.int64)
    half = 1 << (width - 1)
    for c in range(many):
        digits[:, c] = ((left + half) & ((1 << width) - 1)) - half
        left = (left - digits[:, c]) >> width
    return None if left.any() else digits
