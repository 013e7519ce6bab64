"""Claims that a defect once proved, or judged wrongly: each is false, or true, for the reason given with it."""

from __future__ import annotations

import pytest

from derivations.claims import Claim
from derivations.judge import decide
from derivations.kernel.solver import Solver
from derivations.language.document import Document

# (name, given, claim): none of these may be proved
FALSE = [
    ("a dim named like a sum's index", "dims t0\ntensor x[t0]", "sum(x) == 0"),
    ("a dim named like a trace's index", "dims t\ntensor A[t, t]", "tr(A) == 0"),
    ("a dim named like a convolution's tap", "dims t0\ntensor x[t0], k[t0]", "corr(x, k) == 0*corr(x, k)"),
    ("a dim named like an entry's index", "dims entry0\ntensor y[entry0]", "y == 0*y"),
    ("a free index named like a product's index", "dims n\ntensor A[n, n]", "(A @ A)[t, t] == 0"),
    (
        "a function of an entry under a sum",
        "dims n where n >= 2\ntensor x[n]\nfunction f",
        "sum[i in 0..1](f(2*x[i])*([i == 0] - [i == 1])) == 0",
    ),
    (
        "softmax of a slice under a sum",
        "dims n where n >= 2\ntensor x[n, n]",
        "sum[i in 0..1](softmax(2*x[i])[0]*([i == 0] - [i == 1])) == 0",
    ),
    (
        "a maximum under a sum",
        "dims n where n >= 2\ntensor x[n, n]",
        "sum[i in 0..1](max(2*x[i])*([i == 0] - [i == 1])) == 0",
    ),
    ("softmax of another length", "dims n where n >= 3\ntensor x[n]", "softmax(x[0:2])[0] == softmax(x[0:3])[0]"),
    (
        "maxima along other axes",
        "dims n where n >= 3\ntensor T[2*n, 2*n, 2*n], e[n, n]",
        "max_unpool(e, T[:, 0, :], 2) == max_unpool(e, T[:, :, 0], 2)",
    ),
    (
        "a hypothesis about a part of a tensor",
        "dims m, n\ntensor k[m, n]",
        "k == zeros(m, n)\nwhere k[0:m-1, :] == zeros(m-1, n)",
    ),
    ("conditions that contradict each other", "dims n\ntensor x[n]", "x == 2*x\nwhere n % 2 == 0, n % 2 == 1"),
    ("conditions that no sizes satisfy", "dims n\ntensor x[n]", "x == 2*x\nwhere n*n == 2"),
    ("a division by a size that may be 0", "dims H, m where m <= H\ntensor x[H]", "x / (H - m) * (H - m) == x"),
    (
        "a remainder by a stride that may be 0",
        "dims n, s >= 0\ntensor x[n]",
        "sum[i](x[i]*[i % s == 0]) == sum[i](x[i]*[s*(i//s) == i])",
    ),
    (
        "a stride 0 that the solution of an equation supposes away",
        "dims n, s >= 0\ntensor x[n]",
        "sum[i, j in 0..n](x[i]*[j*s == i]) == sum[i](x[i]*[i % max(s, 1) == 0])",
    ),
    (
        "a minimum in a coefficient",
        "dims n\nscalar y",
        "sum[i in 0..n-1](sum[j in 0..2](y*[i == j])) == ((n + 1)//2)*y",
    ),
    (
        "an inner index that no range binds",
        "dims n\ntensor A[n], B[n]",
        "sum[i](sum[k](sum[j](A[i + k]*B[j]))) == sum[i](sum[k](sum[j](2*A[i + k]*B[j])))",
    ),
    (
        "an index that a sum binds, of an axis that may be empty",
        "dims D >= 0\ntensor x[D]",
        "1 == sum[d in 0..D-1](0*x[d]) + 1 - [D == 0]",
    ),
    (
        "an index that both a sum and the claim use, of an axis that may be empty",
        "dims D >= 0\ntensor x[D], v[D]\nscalar c\ny = c*sum[d in 0..D-1](x[d])",
        "v[d] - v[d] == 0 == y - y + [D == 0]",
    ),
]

# true claims that were refuted, or that ended in an exception
TRUE = [
    (
        "a function by index is the function of the tensor",
        "dims n\ntensor x[n]\nfunction f\ny[i] = f(3*x[i])",
        "y == f(3*x)",
    ),
    ("softmax by rows", "dims n\ntensor x[n, n]", "softmax(2*x)[i] == softmax(2*x[i])"),
    ("a count", "dims n\nscalar y", "sum[i in 0..n-1](sum[j in 0..2](y*[i == j])) == min(n, 3)*y"),
    ("hypotheses about all of a tensor", "dims m, n\ntensor k[m, n]", "k == rot180(k)\nwhere k == rot180(k)"),
]


def only_claim(given: str, text: str) -> Claim:
    return Document.parse(f"```given\n{given}\n```\n\n```claim c\n{text}\n```\n", "regressions").claims[0]


@pytest.mark.parametrize(("given", "text"), [case[1:] for case in FALSE], ids=[case[0] for case in FALSE])
def test_a_false_claim_is_not_proved(given: str, text: str) -> None:
    """The kernel does not prove it; of a chain, its last link."""
    claim = only_claim(given, text)
    assert decide(claim, claim.links[-1], Solver()).word != "proved"


@pytest.mark.parametrize(("given", "text"), [case[1:] for case in TRUE], ids=[case[0] for case in TRUE])
def test_a_true_claim_is_proved(given: str, text: str) -> None:
    """The kernel proves it."""
    claim = only_claim(given, text)
    assert decide(claim, claim.links[0], Solver()).word == "proved"
