"""Whole powers of sums: the products of the multinomial theorem, and the limit on what is written."""

from __future__ import annotations

from collections import Counter
from itertools import product

import pytest

from derivations.core.sums import LimitReached
from derivations.meaning.powers import checked, multinomial


@pytest.mark.parametrize(("parts", "amount"), [(0, 0), (0, 2), (1, 0), (1, 7), (2, 5), (3, 4), (5, 3)])
def test_every_product_stands_once_with_its_number(parts: int, amount: int) -> None:
    """The products are those of the power written out factor by factor, each as often as it comes up there."""
    written_out = Counter(tuple(sorted(choice)) for choice in product(range(parts), repeat=amount))
    found = list(multinomial(parts, amount))
    assert len(found) == len(dict(found))
    assert dict(found) == written_out


def test_a_power_is_refused_by_what_it_would_write() -> None:
    """A high power of one term is written, a lower one of many terms is not."""
    checked(1, 64)
    checked(2, 64)
    with pytest.raises(LimitReached, match="exponent 12"):
        checked(12, 12)
