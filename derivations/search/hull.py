"""The linear equations that all of some sizes satisfy: what a region may be that no word of the vocabulary says.

    (M, k, s) = (3, 1, 1), (4, 2, 1), (5, 1, 2), ...    →    M − k − 2·s = 0

Nothing here need be right: search asks of each equation what it asks of every other word.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import gcd, lcm

from derivations.core.names import Name
from derivations.core.terms import Int

LARGEST = 4  # a coefficient; larger ones fit samples by chance


def equations(names: Sequence[Name], samples: Sequence[Mapping[Name, int]]) -> list[Int]:
    """Terms in the names, with small whole coefficients, that are 0 at all samples: a basis of them, of the shortest.

    >>> found = equations(["M", "k", "s"], [{"M": k + 2 * s, "k": k, "s": s} for k in (1, 2, 3) for s in (0, 1, 2)])
    >>> [str(term) for term in found]
    ['M - k - 2*s']
    """
    if len(samples) <= len(names):
        return []
    rows = [[Fraction(sample[name]) for name in names] + [Fraction(1)] for sample in samples]
    pivots = _reduced(rows)
    width = len(names) + 1
    found = []
    for free in (column for column in range(width) if column not in pivots):
        vector = [Fraction(0)] * width
        vector[free] = Fraction(1)
        for row, column in enumerate(pivots):
            vector[column] = -rows[row][free]
        whole = _whole(vector)
        if any(whole[:-1]) and all(abs(part) <= LARGEST for part in whole[:-1]):
            term = Int.of(whole[-1])
            for name, part in zip(names, whole, strict=False):
                term = term + Int.symbol(name) * part
            found.append(term)
    return found


def _reduced(rows: list[list[Fraction]]) -> list[int]:
    """Brings rows to reduced echelon form in place; the columns of their leading ones."""
    pivots: list[int] = []
    for column in range(len(rows[0])):
        at = len(pivots)
        chosen = next((number for number in range(at, len(rows)) if rows[number][column]), None)
        if chosen is None:
            continue
        rows[at], rows[chosen] = rows[chosen], rows[at]
        lead = rows[at][column]
        rows[at] = [value / lead for value in rows[at]]
        for number, row in enumerate(rows):
            if number != at and row[column]:
                factor = row[column]
                rows[number] = [left - factor * right for left, right in zip(row, rows[at], strict=True)]
        pivots.append(column)
    return pivots


def _whole(vector: Sequence[Fraction]) -> list[int]:
    """The vector times a number, its parts whole and coprime, the first of them positive."""
    scale = lcm(*(part.denominator for part in vector))
    parts = [int(part * scale) for part in vector]
    sign = next((1 if part > 0 else -1 for part in parts if part), 1)
    common = gcd(*parts) or 1
    return [sign * part // common for part in parts]
