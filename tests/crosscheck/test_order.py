"""Claims about which of some numbers is larger: ties and signs are data too, and few data of few entries lie."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from claims import agrees, fails, link

from derivations import crosscheck
from derivations.crosscheck.integers import compiled_condition
from derivations.crosscheck.sizes import holds as admitted

FALSE = [
    ("[x > 0] + [x < 0] == ones(n)", {"n": 1}),  # at 0
    ("relu(x) == x", {"n": 1}),
    ("abs(x) == x", {"n": 1}),
    ("[x >= y] == [x > y]", {"n": 1}),
    ("[max(x) > 0] == [sum(x) > 0]", {"n": 1}),
    ("max(x) + max(y) == max(x + y)", {"n": 2}),
    ("[sum(x*k) > sum(y*k)] == [sum(x*k)*sqrt(sum(y**2)) > sum(y*k)*sqrt(sum(x**2))]", {"n": 2}),
]


@pytest.mark.parametrize(("text", "sizes"), FALSE)
def test_false_claims_about_order_fail_at_the_smallest_sizes(text: str, sizes: dict[str, int]) -> None:
    """Whatever the order must be for a claim to fail, it is met at the smallest sizes where it can fail."""
    given = "dims n\ntensor x[n], y[n], k[n]"
    if text == FALSE[4][0]:
        sizes = {"n": 2}  # of one entry, the maximum is the sum
    if text == FALSE[6][0]:
        given = "dims n where n >= 2\ntensor x[n], y[n], k[n]"
    assert fails(given, text).sizes == sizes


TRUE = [
    "[x > 0] + [x < 0] + [x == 0] == ones(n)",
    "relu(x) - relu(-x) == x",
    "abs(x) == relu(x) + relu(-x)",
    "[x >= y] + [x < y] == ones(n)",
    "max(x) == max(rot180(x))",
    "grad(sum(relu(x)), x) == [x > 0]",  # exists at no zero
]


@pytest.mark.parametrize("text", TRUE)
def test_true_claims_about_order_agree(text: str) -> None:
    """Ties and zeros refute nothing that is true."""
    agrees("dims n\ntensor x[n], y[n]", text)


def test_indices_have_no_kinks() -> None:
    """abs and relu of an index are numbers: evidence at every size, also where they are 0."""
    found = agrees("dims n\ntensor x[n]\nJ = sum[i](abs(i - 1) * x[i])", "grad(J, x)[i] == abs(i - 1)")
    assert (found.method, found.note) == ("exact", "")


# false claims with the sizes at which they hold for all data
REGIONS: list[tuple[str, str, Any]] = [
    ("dims n, m, k where n >= m\ntensor x[n], y[m]", "k * resize(x, m) == resize(x, m)", lambda n, m, k: k == 1),
    ("dims n, m, k\ntensor x[n, m]", "x == x * (1 + (n // 3) * (m // 2) * (k // 2))",
     lambda n, m, k: n < 3 or m < 2 or k < 2),
    ("dims n, m, k\ntensor x[n], w[m]", "conv(x, w, full) == corr(x, w, full) * [k < 4]",
     lambda n, m, k: m == 1 and k < 4),
    ("dims m, n, k where k <= 2\ntensor x[n]\nfunction f", "f(x) * (n % 2) == f(x) * (n % 3)",
     lambda m, n, k: n % 2 == n % 3),
    ("dims n, m, p >= 0\ntensor x[n]", "exp(x) * (p - 1) == exp(x) * (m - 1)", lambda n, m, p: p == m),
    ("dims n, m, k\ntensor x[n]", "max(x) * (n - 1) == sum(x) * (n - 1)", lambda n, m, k: n == 1),
]  # fmt: skip


@pytest.mark.parametrize(("given", "text", "holds"), REGIONS, ids=[text for _, text, _ in REGIONS])
def test_the_witness_has_the_smallest_sum_of_sizes(given: str, text: str, holds: Any) -> None:
    """Against brute force: no sizes of a smaller sum, nor earlier ones of the same sum, fail."""
    it, one = link(given, text)
    _, witness = crosscheck.evidence(it, one)
    assert witness is not None
    names = [dim.name for dim in it.context.dims]
    least = [dim.least for dim in it.context.dims]
    conditions = [compiled_condition(condition) for condition in it.context.conditions]
    every = (dict(zip(names, values, strict=True)) for values in itertools.product(*(range(low, 9) for low in least)))
    admissible = [sizes for sizes in every if admitted(conditions, sizes)]
    failing = [sizes for sizes in admissible if not holds(**sizes)]
    assert witness.sizes == min(failing, key=lambda sizes: (sum(sizes.values()), *sizes.values()))
