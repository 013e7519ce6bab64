"""Whole powers of sums, multiplied out: which products there are, how often each, and when they are too many to write.

    (t_1 + … + t_r)^n = Σ n!/(k_1! ⋯ k_r!) · t_1^k_1 ⋯ t_r^k_r        over k_1 + … + k_r = n

It exists because expanding factor by factor writes r^n products of which most are one another's. Law: what is refused
is refused by how much would be written, never by the exponent alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations_with_replacement
from math import comb, factorial, prod

from derivations.core.sums import LimitReached

TERM_LIMIT = 4000  # terms of one entry; a product of sums past it is not a formula that anybody writes
WRITTEN = 20_000  # factors in all the products of one power


def checked(parts: int, amount: int) -> None:
    """Raise LimitReached unless a power of a sum of so many parts is one that is written out."""
    products = comb(amount + parts - 1, amount) if parts else 0
    if products > TERM_LIMIT or products * amount > WRITTEN:
        raise LimitReached(f"a power with the exponent {amount}")


def multinomial(parts: int, amount: int) -> Iterator[tuple[tuple[int, ...], int]]:
    """The products of a power of a sum: the numbers of their factors, in order, and how often each product comes up.

    >>> list(multinomial(2, 3))
    [((0, 0, 0), 1), ((0, 0, 1), 3), ((0, 1, 1), 3), ((1, 1, 1), 1)]
    """
    checked(parts, amount)
    for choice in combinations_with_replacement(range(parts), amount):
        yield choice, factorial(amount) // prod(factorial(choice.count(part)) for part in set(choice))
