"""Sides that do not exist: partial functions of sizes and of data, and tensors that only a free index mentions."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from derivations.formulas.claims import Claim
from derivations.judgement.judge import judge
from derivations.language.document import Document

DATA = "dims n\ntensor x[n], y[n]"
EMPTY = "dims n >= 0, m\ntensor x[n], A[m, n]"
WINDOW = "dims n, m\ntensor x[n], k[m]"
# (given, claim, verdict)
CASES = [
    ("dims m, n\ntensor M[m, n]", "up(M, 0) == zeros(0, 0)", "proved"),
    ("dims m, n, k >= 0\ntensor M[m, n]", "up(M, k) == 2*up(M, k)", "holds where k == 0"),
    (DATA, "log(n - 1)*x == x*log(n - 1)", "holds where n >= 2"),
    (DATA, "sqrt(n - 5)*x == x*sqrt(n - 5)", "holds where n >= 5"),
    (DATA, "x/sqrt(n - 1)*sqrt(n - 1) == x", "holds where n >= 2"),
    (DATA, "1/(x - x) == 1/(y - y)", "refuted"),
    (DATA, "(x - x)**(-2) == (y - y)**(-2)", "refuted"),
    (DATA, "y/((n - 1)*x)*(n - 1)*x == y", "holds where n >= 2"),
    (DATA, "1/((n - 1)*x + (n - 2)*y) == 1/((n - 2)*y + (n - 1)*x)", "proved"),
    (DATA, "1/(sum(x)*(n - 3)) == 1/(sum(x)*(n - 3))", "holds where n != 3"),
    (DATA, "y/(sqrt(n - 1)*x) == y/(x*sqrt(n - 1))", "holds where n >= 2"),
    (DATA, "x/exp(n - 1) == x/exp(n - 1)", "proved"),
    (DATA, "1/(x*x + 1) == 1/(1 + x*x)", "proved"),
    (DATA, "log(x - x + n - 1) == log(n - 1)", None),
    (EMPTY, "mean(x) == mean(x)", "holds where n >= 1"),
    (EMPTY, "softmax(A) == softmax(A)", "holds where n >= 1"),
    (EMPTY, "x[i] == x[i]", "proved"),
    (WINDOW, "conv(x, k)[i] == 7*conv(x, k)[i] + 1", "refuted"),
    (WINDOW, "conv(x, k)[i] == conv(x, k)[i]", "holds where m <= n"),
    (WINDOW, "conv(x, k) == conv(x, k)", "holds where m <= n"),
]
FORMS = ["1/({})*x", "log({})*x", "sqrt({})*x", "x/(({})*x)"]


def claim_of(context: str, text: str) -> Claim:
    [claim] = Document.parse(f"```given\n{context}\n```\n```claim c\n{text}\n```\n").claims
    return claim


@pytest.mark.parametrize(("context", "text", "wanted"), CASES, ids=[text for _, text, _ in CASES])
def test_a_side_that_does_not_exist_makes_a_claim_false(context: str, text: str, wanted: str | None) -> None:
    """At the sizes where it does not exist; both meanings agree on them. (None: it may be undecided, never proved.)"""
    expect = "" if wanted in (None, "proved") else f"\nexpect {wanted}"
    [verdict] = judge(claim_of(context, text + expect))
    assert not verdict.contradiction
    if wanted is None:
        assert verdict.verdict != "proved"
    else:
        assert verdict.as_expected, (verdict.verdict, verdict.holds_where, verdict.reason)


@settings(max_examples=20, deadline=None)
@given(st.sampled_from([-2, -1, 1, 2]), st.integers(-4, 4), st.sampled_from(FORMS))
def test_a_partial_function_of_a_size(slope: int, number: int, form: str) -> None:
    """What is proved exists at n = 1..6, and a region is where it exists."""
    value = f"({slope})*n + ({number})"
    side = form.format(value)
    [verdict] = judge(claim_of("dims n\ntensor x[n]", f"{side} == {side}"))
    values = [slope * n + number for n in range(1, 7)]
    exists = [v > 0 if form == FORMS[1] else v >= 0 if form == FORMS[2] else v != 0 for v in values]
    assert not verdict.contradiction
    if verdict.verdict == "proved":
        assert all(exists)
    elif verdict.verdict == "refuted":
        assert not any(exists)
    elif verdict.verdict != "undecided":
        assert not all(exists)
