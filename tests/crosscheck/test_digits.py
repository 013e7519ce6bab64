"""Floating evidence that cannot lie: rounding is no counterexample, however much cancels, and no difference is lost."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from claims import agrees, fails, judged, link
from hypothesis import given, settings
from hypothesis import strategies as st
from mpmath import mp, mpf, workprec

from derivations import crosscheck
from derivations.crosscheck import derivatives
from derivations.crosscheck.witness import different_texts
from numeric.operators import FUNCTIONS, OPERATORS, PRECISE, precise, precise_softmax

ONE = "dims n\ntensor x[n], y[n]"

CANCELLING = [
    "exp(30 + x) + y - exp(30 + x) == y",
    "exp(300*x) + y - exp(300*x) == y",  # the sum absorbs y in any fixed number of digits
    "(exp(x) + 10**6*y)**2 - 10**12*y**2 - 2*10**6*y*exp(x) == exp(x)**2",
    "d(exp(30*x)) + d(y) - d(exp(30*x)) == d(y)",
    "sum(exp(x)*10**12) - 10**12*sum(exp(x)) + y == y",
    "exp(x)/10**30 + y/10**9 - exp(x)/10**30 == y/10**9",
    "softmax(1000*x) * 10**9 - 10**9*softmax(1000*x) == 0*x",
    "grad(sum(exp(20*x)*y) - sum(y*exp(20*x)) + sum(x*y), x) == y",
]


@pytest.mark.parametrize("text", CANCELLING)
def test_rounding_is_no_counterexample(text: str) -> None:
    """A true identity agrees at every size, at any scale."""
    assert agrees(ONE, text).method == "complex step"


DIFFERENT = [
    ("exp(x)/10**20 == 0*x", 1),
    ("exp(-1000*x**2)*10**9 == 0*x", 1),  # both sides are 0 in floating point for most data
    ("exp(30 + x) + 2*y - exp(30 + x) == y", 1),
    ("10**9*exp(x) + y/10**9 == 10**9*exp(x)", 1),
    ("exp(1000 + x) + y - exp(1000 + x) == 0*x", 1),  # few digits absorb y, and leave 0
    ("softmax(1000*x) + x*0 == softmax(999*x)", 2),
    ("d(exp(x))*10**12 + d(y) == d(exp(x))*10**12", 1),
]


@pytest.mark.parametrize(("text", "n"), DIFFERENT)
def test_no_difference_is_lost(text: str, n: int) -> None:
    """A false claim has its witness at the smallest sizes, and the two values that it shows are different texts."""
    it, one = link(ONE, text)
    witness = crosscheck.replay(it, one, {"n": n})
    assert witness is not None
    assert witness.left != witness.right


def test_agreement_in_few_digits_is_no_contradiction() -> None:
    """What floating point cannot tell apart is not called equal where that would contradict a counterexample."""
    it, one = link(ONE, "tanh(40 + x**2) == ones(n)")
    assert crosscheck.evidence(it, one)[1] is None
    assert not crosscheck.agree_for_all(it, one, {"n": 1})
    assert crosscheck.agrees_outside(it, one, lambda sizes: False) is None


def test_a_comparison_that_rounding_decides_says_nothing() -> None:
    """sqrt(z)**2 >= z compares equal numbers, of which rounding makes one the larger."""
    found, witness = judged(ONE, "[sqrt(x**2 + 1)**2 >= x**2 + 1] == ones(n)")
    assert witness is None
    assert found.agreed == found.shapes


def test_sums_of_towers_end() -> None:
    """Numbers beyond any digits are not evaluated, which is said; nothing overflows."""
    found, witness = judged(ONE, "exp(exp(exp(10 + x**2))) == exp(exp(exp(10 + x**2))) + 1")
    assert (found.shapes, witness) == (0, None)
    assert found.note


@pytest.mark.parametrize("name", sorted(PRECISE))
@settings(max_examples=25, deadline=None)
@given(z=st.floats(0.05, 30), negative=st.booleans())
def test_precise_functions_are_the_same_functions(name: str, z: float, negative: bool) -> None:
    """Of every order, in many digits and in floating point, within rounding; derivatives are those of the function."""
    z = -z if negative and name not in ("log", "sqrt") else z
    with workprec(200):
        for order, function in enumerate(PRECISE[name]):
            (value,) = function(np.array([z]))
            assert abs(float(value) - float(FUNCTIONS[name][order](np.array([z]))[0])) <= 1e-11 * (1 + abs(value))
            if order:
                slope = mp.diff(lambda t, k=order: PRECISE[name][k - 1](np.array([t]))[0], mpf(z))
                assert abs(slope - value) <= mpf(2) ** -60 * (1 + abs(value))


def test_operators_take_many_digits() -> None:
    """Inverse, determinant, softmax and quotients of mpmath's numbers keep their digits."""
    a = np.random.default_rng(1).uniform(0.5, 2, (3, 3))
    with workprec(300):
        inverse = OPERATORS["inv"](precise(a))
        assert float(abs(np.matmul(inverse, precise(a)) - np.eye(3, dtype=np.int64)).max()) < 1e-80
        assert abs(float(OPERATORS["det"](precise(a))) - float(np.linalg.det(a))) < 1e-12
        assert abs(sum(precise_softmax(a[0])) - 1) < mpf(2) ** -290
        assert OPERATORS["mean"](precise(a[0])) == sum(precise(a[0])) / 3


def test_a_singular_matrix_is_other_data() -> None:
    """A matrix without an inverse is no defect and no counterexample: other data are drawn, simpler ones refused."""
    with pytest.raises(ZeroDivisionError):
        OPERATORS["inv"](np.zeros((2, 2)))
    given_ = "dims n\ntensor X[n, n], A[n, n]\nL = tr(A @ inv(X))"
    assert fails(given_, "grad(L, X) == inv(X)").sizes == {"n": 1}
    assert agrees(given_, "grad(L, X) == -(inv(X) @ A @ inv(X)).T").method == "modulo a prime"


def test_different_numbers_are_different_texts() -> None:
    """As many digits are shown as tell two numbers apart."""
    with workprec(500):
        for exponent in (10, 50, 200, 400):
            left, right = different_texts(mpf(1), 1 + mpf(2) ** -exponent)
            assert left != right
    assert different_texts(Fraction(1, 2), 3) == ("1/2", "3")


# -- where numbers of many digits are too much work -------------------------------------------------------------------

SOFT = "dims n, K\ntensor w[K, n], x[n], t[K]\nu = w @ x\nL = -sum(t*log(softmax(u)))"
HYPOTHESIS = "\nwhere sum(t) == 1"


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("grad(L, w) == outer(softmax(u) - t, x)", True),  # at K == 1 both sides are 0, one of them but for rounding
        ("grad(L, x) == w.T @ (softmax(u) - t)", True),
        ("grad(L, w) == outer(softmax(u) - t, x)*(1 + 1/10**5)", False),
        ("grad(L, x) == w.T @ (softmax(u) - t)/2", False),
        ("grad(L, w) == outer(softmax(u) + t, x)", False),
    ],
)
def test_fewer_digits_tell_rounding_too(text: str, holds: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no derivative may be computed in many digits, the word is the same."""
    monkeypatch.setattr(derivatives, "DIGITS_COST", 10**9)
    claim, one = link(SOFT, text + HYPOTHESIS)
    evidence, witness = crosscheck.evidence(claim, one)
    assert evidence.shapes
    assert (witness is None) == holds
    assert (evidence.agreed == evidence.shapes) == holds


def test_fewer_digits_contradict_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A difference that floating point absorbs is not called none where that would contradict a counterexample."""
    monkeypatch.setattr(derivatives, "DIGITS_COST", 10**9)
    claim, one = link(ONE, "grad(sum(tanh(40 + x**2)), x) == 0*x")
    assert not crosscheck.agree_for_all(claim, one, {"n": 2})


CANCELLING = (
    "dims n\ntensor x[n], w[n], t[n], W[n, n]\nfunction f\n"
    "e = W @ f(x)\nJ = sum(tanh(e))\nK = sum(tanh(exp(x*w)))"
)


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("grad(J, W) == outer(1 - tanh(e)**2, f(x))", True),  # 1 − tanh² is 0 at 24 bits and at 53 where e is large
        ("grad(J, W) == outer(1 - tanh(e)**2, f(x))*2", False),
        ("grad(K, x) == w*exp(x*w)*(1 - tanh(exp(x*w))**2)*sum(t)\nwhere sum(t) == 1", True),
        ("grad(K, x) == 2*w*exp(x*w)*(1 - tanh(exp(x*w))**2)*sum(t)\nwhere sum(t) == 1", False),
    ],
)
def test_what_is_lost_in_every_precision_is_no_difference(text: str, holds: bool) -> None:
    """Neither what cancels to 0 in floating point, nor what data lack to satisfy a hypothesis in many digits."""
    claim, one = link(CANCELLING, text)
    evidence, witness = crosscheck.evidence(claim, one)
    assert evidence.shapes
    assert (witness is None) == holds
