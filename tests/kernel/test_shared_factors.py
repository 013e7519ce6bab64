"""A factor that both sides share: they are equal wherever it is 0 for all data, and only there."""

from __future__ import annotations

import pytest
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st

from derivations import given

CONTEXT = "dims n, m\ntensor x[n], b[m]"


@pytest.mark.parametrize(
    ("factor", "region"),
    [
        ("sqrt(n - m)", "n == m"),
        ("sqrt((n - 1)*sum(x*x))", "n == 1"),
        ("sqrt(n*sum(x[1:]))", "n == 1"),
        ("(n*sum(x) - sum(x))**(1/3)", "n == 1"),
        ("sqrt(sqrt(n - m))", "n == m"),
        ("sqrt(sum(x*x) + 1)", None),
        ("1/sqrt(n - 1)", None),
        ("sqrt(n)", None),
    ],
)
@pytest.mark.parametrize("form", ["{0}*sum(b) == 2*{0}*sum(b)", "{0}*sum(b) == 3*sum({0}*b)"])
def test_a_factor_that_is_zero_at_some_sizes_makes_the_region(factor: str, region: str | None, form: str) -> None:
    """u·A == 2·u·A holds exactly where u is 0 whatever the data; a word with another region is a contradiction."""
    found = given(CONTEXT).judge(form.format(f"({factor})"), steps=False, repair=False)
    assert not found.contradiction
    if found.verdict in ("holds where", "refuted"):
        assert found.holds_where == region
    else:
        assert found.verdict == "false"


def test_a_factor_of_sizes_gets_its_region() -> None:
    """The mechanism reaches roots of sizes, and of data that vanish at some sizes."""
    for factor, region in (("sqrt(n - m)", "n == m"), ("sqrt((n - 1)*sum(x*x))", "n == 1")):
        found = given(CONTEXT).judge(f"{factor}*sum(b) == 2*{factor}*sum(b)", steps=False, repair=False)
        assert (found.verdict, found.holds_where) == ("holds where", region)


@settings(max_examples=25, deadline=None)
@for_all(
    st.tuples(*[st.integers(-2, 2)] * 3),
    st.sampled_from(["sqrt({})", "(({})*sum(x*x))**(2/3)", "sqrt(({})*sum(x*x))"]),
)
def test_numbers_agree_with_the_region(coefficients: tuple[int, int, int], form: str) -> None:
    """Where the factor is a root of any linear term of the sizes, the two meanings are of one opinion."""
    p, q, r = coefficients
    factor = form.format(f"{p}*n + {q}*m + {r}")
    found = given(CONTEXT).judge(f"{factor}*sum(b) == 2*{factor}*sum(b)", steps=False, repair=False)
    assert not found.contradiction
