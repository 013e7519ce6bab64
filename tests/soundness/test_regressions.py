"""Claims that a defect once proved, or judged wrongly: each is false, or true, for the reason given with it."""

from __future__ import annotations

import pytest

from derivations.core import terms as k
from derivations.formulas.claims import Claim
from derivations.judgement.decision import decide
from derivations.language.document import Document
from derivations.search.solver import Solver

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
    (
        "a root of counts that cancel where a stride is not 0",
        "dims n, s >= 0",
        "sqrt(25 + [n == 50]*(sum[j in 0..3]([j*s == 0]) - 1)) == 5",
    ),
    (
        "an indicator of counts that cancel where a stride is not 0",
        "dims n, s >= 0",
        "[[n == 50]*sum[j in 0..3]([j*s == 0]) - [n == 50] > 0] == 0",
    ),
    (
        "a maximum of numbers over a window whose size is a symbol",
        "dims f",
        "max_pool([1, 5, 2], f, stride=1, pad=(0, f - 1)) == [1, 5, 2]",
    ),
]

MAX = "dims n\ntensor x[n]\nJ = max(x)"
TWO = "dims n where n >= 4\ntensor x[n]\nu = max_pool(x, 3, stride=1)\nJ = u[0]\nL = u[1]"

# (name, given, claim, sizes at which it holds): the kernel may not be certain of a region without these
HOLD_AT = [
    ("an entry divided by itself", "dims n\ntensor x[n]", "sum(x)*sum[i](1/x[i]) == 1", {"n": 1}),
    ("quotients of all pairs", "dims n\ntensor x[n]", "sum[i, j](x[i]/x[j] - x[i]/x[j]*[i != j]) == 3", {"n": 3}),
    ("the square of an indicator", MAX, "sum(grad(J, x)*grad(J, x)) + [n == 3] == 1", {"n": 2}),
    ("the square of a maximum", MAX, "max(x)*max(x) == sum(grad(J, x)*x*x)*[n != 3]", {"n": 2}),
    ("indicators that exclude each other", TWO, "grad(J, x)[1]*grad(L, x)[2] == [n == 5]", {"n": 4}),
    (
        "data that an assumption makes equal",
        "dims n where n >= 2\ntensor x[n], y[n]\nassume x == y",
        "x*x == y*y + [n == 3]*x",
        {"n": 2},
    ),
    (
        "data that an assumption orders",
        "dims n where n >= 2\ntensor x[n]\nassume x[0] > x[1]",
        "max_pool(x, 2)[0] == x[0] + [n == 3]*x[0]",
        {"n": 2},
    ),
    (
        "a condition's divisor behind a negation",
        "dims n, m >= 0",
        "[not (m == 0 or (m*n) % m == 0)] == 0",
        {"n": 1, "m": 0},
    ),
    (
        "a count's indicator",
        "dims n, s >= 0",
        "[sum[j in 0..3]([j*s == 0]) > 1] == [s == 0]",
        {"n": 1, "s": 0},
    ),
]

# numbers for whose maximum nothing is known, or which does not exist: no answer, and no exception
UNKNOWN = [
    ("a window whose size is a symbol", "dims f", "max_pool([1, 5, 2], f, stride=1, pad=(f - 1, 0)) == [1, 5, 2]"),
    ("numbers that depend on a size", "dims n", "max_pool([[1, 2], [3, 4]]*[n == 3], 2) == [[4]]*[n == 3]"),
    (
        "numbers that depend on an index",
        "dims n",
        "sum[i in 0..n-1](max_pool([[1, 2], [3, 4]]*[i == 3], 2)[0, 0]) == 4*[n >= 4]",
    ),
    ("windows without data", "dims n", "max_pool([[1]], 1, pad=1) == n*zeros(3, 3)"),
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


@pytest.mark.parametrize(
    ("given", "text", "sizes"), [case[1:] for case in HOLD_AT], ids=[case[0] for case in HOLD_AT]
)
def test_no_certain_region_leaves_out_sizes_at_which_the_claim_holds(
    given: str, text: str, sizes: dict[str, int]
) -> None:
    """Where the kernel is certain of a region, the sizes are in it."""
    claim = only_claim(given, text)
    found = decide(claim, claim.links[0], Solver())
    certain = found.certain and found.word in ("refuted", "holds where")
    assert not certain or (found.region is not None and k.holds(found.region.condition, sizes))


@pytest.mark.parametrize(("given", "text"), [case[1:] for case in UNKNOWN], ids=[case[0] for case in UNKNOWN])
def test_unknown_maxima_of_numbers_are_no_exception(given: str, text: str) -> None:
    """The kernel gives an answer, and no proof."""
    claim = only_claim(given, text)
    found = decide(claim, claim.links[0], Solver())
    assert found.word != "proved"
    assert found.word == "undecided" or not found.certain


def test_a_region_does_not_depend_on_the_order_of_the_sides() -> None:
    """Both ways round the claim is refuted (`written_claims.py`, maxima with seed 1)."""
    given = "dims m\ntensor x[3], a0[3]\nfunction h, u"
    texts = ["max(x) == m * max(h(2*x))", "m * max(h(2*x)) == max(x)"]
    texts += ["a0 * max(u(2*x)) == max(x) * a0", "max(x) * a0 == a0 * max(u(2*x))"]
    for text in texts:
        claim = only_claim(given, text)
        found = decide(claim, claim.links[0], Solver())
        assert (found.word, found.certain) == ("refuted", True)
