"""Entries compared with a window's maximum: told as the place of the maximum where an assumption says there is one."""

from __future__ import annotations

import pytest

from derivations.formulas.claims import Claim
from derivations.judgement.judge import judge
from derivations.language.document import Document
from derivations.meaning import masks

DATA = "dims n, m, f, s where f <= n\ntensor x[n], z[n], q[n, m], g[n]\ny = max(x)"
WINDOWS = """dims n, s, f where f <= n
tensor x[n]
o = (n - f)//s + 1
y[i in 0..o-1] = max(x[s*i:s*i+f])
loss J(y)
dout = grad(J, y)
dx[u in 0..n-1] = sum[i in 0..o-1, k in 0..f-1]([u == s*i + k]*[x[u] == y[i]]*dout[i])"""

TRUE = [
    (DATA, "grad(y, x) == [x == y]\nwhere unique_max(x, n)"),
    (DATA, "grad(y, x) == [y == x]\nwhere unique_max(x, n)"),
    (DATA, "grad(max(x), x)[u] == [x[u] == max(x)]\nwhere unique_max(x, n)"),
    (DATA, "grad(max(x), x) == [x >= max(x)]\nwhere unique_max(x, n)"),
    (DATA, "grad(max(x), x) == [max(x) <= x]\nwhere unique_max(x, n)"),
    (DATA, "sum([x == max(x)]) == 1\nwhere unique_max(x, n)"),
    (DATA, "sum(x*[x == y]) == y\nwhere unique_max(x, n)"),
    (DATA, "sum[u in 0..f-1]([x[u] == max(x[0:f])]) == 1\nwhere unique_max(x, f)"),
    (WINDOWS, "grad(J, x) == dx\nwhere unique_max(x, f, stride=s)"),
]
FALSE = [
    (DATA, "sum([x == max(x)]) == 1"),
    (DATA, "grad(y, x) == [x > y]\nwhere unique_max(x, n)"),
    (DATA, "grad(y, x) == [x <= y]\nwhere unique_max(x, n)"),
    (DATA, "grad(y, x) == -[x == y]\nwhere unique_max(x, n)"),
    (DATA, "grad(y, x) == [z == y]\nwhere unique_max(x, n)"),
    (DATA, "grad(y, x) == [x == max(z)]\nwhere unique_max(x, n)"),
    (DATA, "sum([z == max(x)]) == 1\nwhere unique_max(x, n)"),
    (DATA, "sum([x == max(z)]) == 1\nwhere unique_max(x, n), unique_max(z, n)"),
    (DATA, "sum([x == max(2*x)]) == 1\nwhere unique_max(x, n)"),
    (DATA, "sum([2*x == max(x)]) == 1\nwhere unique_max(x, n)"),
    (DATA, "sum([x == max(x)]) == 1\nwhere unique_max(x, f, stride=s)"),
    (DATA, "sum[u in 0..n-1]([x[u] == max(x[0:f])]) == 1\nwhere unique_max(x, f)"),
    (DATA, "sum[u in 1..f]([x[u] == max(x[1:f+1])]) == 1\nwhere unique_max(x, f, stride=2), f + 1 <= n"),
    (DATA, "sum[u in 0..f-1]([x[u] == max(x[0:f])]) == 1\nwhere unique_max(x, f + 1), f + 1 <= n"),
    (DATA, "sum([q == max(q)]) == 1\nwhere unique_max(x, n)"),
    (DATA, "[x[u] == max(x)] == [x[n - 1 - u] == max(x)]\nwhere unique_max(x, n)"),
    (WINDOWS, "grad(J, x) == 2*dx\nwhere unique_max(x, f, stride=s)"),
    (WINDOWS, "grad(J, x) == dx\nwhere unique_max(x, f, stride=s + 1)"),
    (WINDOWS, "sum([x == max(x)]) == 1\nwhere unique_max(x, f, stride=s)"),
]


def claim_of(context: str, text: str) -> Claim:
    [claim] = Document.parse(f"```given\n{context}\n```\n```claim c\n{text}\n```\n").claims
    return claim


@pytest.mark.parametrize(("context", "text"), TRUE, ids=[text for _, text in TRUE])
def test_masks_of_unique_maxima(context: str, text: str) -> None:
    """Proved, and the assumption is named."""
    [verdict] = judge(claim_of(context, text))
    assert verdict.verdict == "proved", verdict.reason
    assert any("unique_max" in axiom for axiom in verdict.axioms)


@pytest.mark.parametrize(("context", "text"), FALSE, ids=[text for _, text in FALSE])
def test_other_masks_are_not_proved(context: str, text: str) -> None:
    """Ties that nothing excludes, other tensors, other windows, other comparisons."""
    [verdict] = judge(claim_of(context, text))
    assert not verdict.contradiction
    assert verdict.verdict != "proved"


def test_uniqueness_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the question whether an assumption speaks of the window, a false claim is believed: the law is not
    idle."""
    claim = claim_of(DATA, "sum([x == max(x)]) == 1\nwhere unique_max(x, f, stride=s)")
    assert judge(claim)[0].verdict != "proved"
    monkeypatch.setattr(masks, "_is_unique", lambda lowering, window: True)
    [verdict] = judge(claim)
    assert verdict.contradiction or verdict.verdict == "proved"
