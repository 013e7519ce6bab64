"""Quotients under a sum over the data: the usual losses of a sample, whose denominators no one clears by hand."""

from __future__ import annotations

import pytest

from derivations import given

LOGISTIC = given("""
    dims N, D where D >= 2
    tensor x[N], t[N], X[N, D], v[D]
    scalar w, b, eps
    assume eps > 0
    p = sigmoid(w*x + b)
    L = -sum(t*log(p) + (1 - t)*log(1 - p))/N
    u[n] = sum[d](X[n, d]*v[d])
    q = sigmoid(u)
    M = -sum(t*log(q) + (1 - t)*log(1 - q))
    F = -sum(t*(1 - p)**2*log(p))
    r[n] = sum[d](X[n, d]**2)/D + eps
    s[n] = sqrt(r[n])
""")

TRUE = (
    "grad(L, b) == mean(p - t)",
    "grad(L, w) == sum((p - t)*x)/N",
    "grad(M, v)[d] == sum[n]((q[n] - t[n])*X[n, d])",
    "grad(F, b) == sum(t*(2*(1 - p)**2*p*log(p) - (1 - p)**3))",
    "sum(p*(1 - p)/(1 - p)) == sum(p)",
    "sum(p/(1 - p)) == sum(exp(w*x + b))",
    "sum[n](1/(1 + exp(t[n]))**2) == sum(sigmoid(-t)) - sum(sigmoid(t)*(1 - sigmoid(t)))",
    "sum[n](1/(exp(t[n])*(1 + exp(t[n])))) == sum(exp(-t)) - sum(sigmoid(-t))",
    "sum[n](t[n]**5/(1 + t[n]**2)) == sum[n](t[n]**3) - sum(t) + sum[n](t[n]/(1 + t[n]**2))",
    "sum[n](1/((t[n] + x[n])/(t[n] - x[n]))) == N - 2*sum[n](x[n]/(t[n] + x[n]))",
    "sum[n, d](X[n, d]**2/r[n]) == D*N - D*eps*sum[n](1/r[n])",
    "sum[n, d](X[n, d]**2/s[n]**3) == D*sum[n](1/s[n]) - D*eps*sum[n](1/s[n]**3)",
    "sum(tanh(t)) == N - 2*sum(sigmoid(-2*t))",
)
FALSE = (
    "grad(L, b) == mean(t - p)",
    "grad(L, w) == sum((p - t)*x)",
    "grad(F, b) == sum(t*(2*(1 - p)*p*log(p) - (1 - p)**3))",
    "sum(p/(1 - p)) == sum(exp(-w*x - b))",
    "sum[n](t[n]**5/(1 + t[n]**2)) == sum[n](t[n]**3) - sum(t) - sum[n](t[n]/(1 + t[n]**2))",
    "sum[n, d](X[n, d]**2/r[n]) == D*N - eps*sum[n](1/r[n])",
)


@pytest.mark.parametrize("text", TRUE)
def test_true_ones_are_proved(text: str) -> None:
    assert LOGISTIC.judge(text).verdict == "proved"


@pytest.mark.parametrize("text", FALSE)
def test_false_ones_are_not(text: str) -> None:
    verdict = LOGISTIC.judge(text)
    assert verdict.verdict in ("false", "refuted", "holds where")
    assert verdict.witness is not None
