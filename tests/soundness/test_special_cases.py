"""Claims that only a special case refutes, and functions of numbers: the region against evaluation at every small size.

Why: where unknowns stand for f(u) and f(v), a failure in these unknowns is none if u = v; `specialise` chooses f and
the data instead. Its argument is checked by the second meaning: the region is where the two sides agree.
"""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_claims import admissible

from derivations.core import terms as k
from derivations.core.heads import Kind, Map
from derivations.core.sums import Term
from derivations.core.terms import Int
from derivations.crosscheck import agree_at
from derivations.formulas.claims import Claim
from derivations.judgement.decision import decide
from derivations.judgement.judge import judge_link
from derivations.language.document import Document
from derivations.meaning.numbers import of_number
from derivations.search.solver import Solver

CONVOLUTION = "dims H, m where m <= H\ntensor x[H], w[m]\nfunction f\n"
POOLING = "dims H, f where f <= H\ntensor x[H]\nfunction g\n"

# (given, claim, the verdict's word, its region)
CASES = [
    (CONVOLUTION, "f(conv(x, w)) == f(corr(x, w))", "holds where", "m == 1"),
    (CONVOLUTION, "f(conv(x, w)) == f(conv(x, w) + corr(x, w) - corr(x, rot180(w)))", "holds where", "m == 1"),
    (CONVOLUTION, "sum(f(conv(x, w))) == sum(f(corr(x, w)))", "holds where", "m == 1"),
    (CONVOLUTION, "f(conv(x, w))[0] == f(conv(x, w))[H - m]", "holds where", "H == m"),
    (CONVOLUTION, "f(2*x) == 2*f(x)", "refuted", None),
    (POOLING, "max_pool(x, f, stride=1)[0] == x[0]", "holds where", "f == 1"),
    (POOLING, "max_pool(x, f, stride=1)[0] == max_pool(x, f, stride=1)[H - f]", "holds where", "H == f"),
    (POOLING, "2*max_pool(x, f, stride=1)[0] == 3*x[0]", "refuted", None),
    ("dims s, f", "[sum[i in 0..f+s-1]([i < f, s <= i]) >= 1] == 1", "holds where", "s < f"),
    ("dims s, f", "[sum[i in 0..f-1]([i < s]) > 2] == [s >= 3]", "holds where", "f >= 3 or s <= 2"),
    ("dims n", "sqrt(n*n) == n", None, None),
    ("dims n", "sqrt(sum([3, 4]**2)) * n == 5*n", "proved", None),
    ("dims n", "exp(0*n) + log(1) - tanh(0) + 2*sigmoid(0) == 2", "proved", None),
    ("dims n\ntensor d[1, 1]", "max_unpool(d, [[1, 3], [2, 0]], 2) == d[0, 0] * [[0, 1], [0, 0]]", "proved", None),
]


def claim_of(given: str, claim: str) -> Claim:
    text = f"```given\n{given}\n```\n\n```claim a\n{claim}\n```\n"
    return Document.parse(text).claims[0]


@pytest.mark.parametrize(("context", "text", "word", "region"), CASES)
def test_verdict_and_evaluation(context: str, text: str, word: str | None, region: str | None) -> None:
    """The word and the region are as expected, and evaluation at every small size agrees with them."""
    claim = claim_of(context, text)
    found = decide(claim, claim.links[0], Solver())
    if word is not None:
        assert found.word == word, found
        assert found.certain
    if region is not None:
        wanted = claim_of(context, f"{text}\nexpect holds where {region}").expectation(1).region
        assert wanted is not None
    compared = 0
    for sizes in admissible(claim):
        agree = agree_at(claim, claim.links[0], sizes)
        if agree is None:
            continue
        compared += 1
        if found.word == "proved":
            assert agree, sizes
        elif found.certain and found.word in ("holds where", "refuted"):
            assert found.region is not None
            assert k.holds(found.region.condition, sizes) == agree, (found.region.text, sizes)
    assert compared


@given(st.integers(-4, 4), st.integers(-3, 3), st.integers(-5, 5), st.booleans())
@settings(deadline=None)
def test_an_indicator_of_a_sum_of_counts(slope: int, other: int, number: int, strict: bool) -> None:
    """[a·n + b·[n >= 3] + c > 0], or >= 0, as a condition on n, holds exactly where it should."""
    n = Int.symbol("n")
    argument = [
        Term(numerator=n * slope),
        Term(condition=k.at_most(3, n), numerator=Int.of(other)),
        Term(numerator=Int.of(number)),
    ]
    found = of_number(Map(Kind.JUMP, ">" if strict else ">="), [term for term in argument if term.numerator.terms])
    assert found is not None
    for value in range(-6, 9):
        total = slope * value + (other if value >= 3 else 0) + number
        expected = total > 0 if strict else total >= 0
        assert any(k.holds(term.condition, {"n": value}) for term in found[0]) == expected


RNN = """dims n, m
tensor x1[m], x2[m], h0[n], W[n, m], U[n, n], b[n]
a1 = W @ x1 + U @ h0 + b
h1 = tanh(a1)
h2 = tanh(W @ x2 + U @ h1 + b)
loss J(h2)
d2 = grad(J, h2)*(1 - h2**2)
d1 = (U.T @ d2)*(1 - h1**2)"""
LOSSES = """dims N, C
tensor z[N, C], y[N, C], t[N], x[N]
scalar w, b, v, e
assume e > 0
p[n, c] = exp(z[n, c])/sum[k](exp(z[n, k]))
L = -sum(y*log(p))/N
q = tanh(w*z)
s = sigmoid(w*x + b)
M = -sum(t*log(s) + (1 - t)*log(1 - s))/N"""

ZEROS = [  # what fails where some data are 0, so that functions of them are numbers
    (RNN, "grad(J, h0) == U @ d1", "holds where", "n == 1"),
    (LOSSES, "grad(M, w) == sum((s - t)*x)", "holds where", "N == 1"),
    (LOSSES, "grad(M, b) == sum(s - t)", "holds where", "N == 1"),
    (LOSSES, "grad(M, b) == mean(t - s)", "refuted", None),
    (LOSSES, "grad(L, z)[n, c] == sum[k](y[n, k])*p[n, c] - y[n, c]", "holds where", "N == 1 or C == 1"),
    (LOSSES, "grad(sum(q*y), w) == sum(z*y*(1 - q**2))/N", "holds where", "N == 1"),
    (LOSSES, "grad(sum(q)/N, w) == grad(mean(q), w)", "holds where", "C == 1"),
]
NOT_ZERO = [  # what holds wherever it exists, but does not exist at 0, has no derivative there, or is not admitted
    "[exp(e) > 1] == 1",
    "[tanh(e)*v**2 >= 0] == 1",
    "tanh(e)*[exp(e) != 1] + [exp(e) == 1] == tanh(e)",
    "exp(v)*v/v == exp(v)",
    "log(v**2)*tanh(v) == 2*log(abs(v))*tanh(v)",
    "grad(relu(v), v)*exp(v) == [v > 0]*exp(v)",
    "grad(abs(v), v)*tanh(v) == tanh(abs(v))",
    "grad(sqrt(v**2), v)*tanh(v) == tanh(sqrt(v**2))",
    "tanh(v)/sqrt(v**2) == tanh(abs(v))/v",
]


@pytest.mark.parametrize(("context", "text", "word", "region"), ZEROS)
def test_data_that_are_zero_show_a_region(context: str, text: str, word: str, region: str | None) -> None:
    """The word and the region; outside of it evaluation disagrees for some data, inside it agrees."""
    claim = claim_of(context, text)
    found = judge_link(claim, 1)
    assert not found.contradiction
    assert found.verdict == word
    assert found.holds_where == region


@pytest.mark.parametrize("text", NOT_ZERO)
def test_zeros_that_are_no_data_of_a_claim_refute_nothing(text: str) -> None:
    claim = claim_of(LOSSES, text)
    found = decide(claim, claim.links[0], Solver())
    assert found.word in ("proved", "undecided") or not found.certain
