"""Unknowns that are not independent: functions that are the same at several places, windows of maxima that overlap.

What is true is proved, what is false keeps its exact region, and claims that look like true ones stay false; without
the relations told, neither comes out.
"""

from __future__ import annotations

import pytest

from derivations.judgement import decision
from derivations.judgement.decision import decide
from derivations.language.document import Document
from derivations.search.solver import Solver

GIVEN = """dims n, m
tensor x[n], y[n], A[n, n], B[m, n], t[2*n]
function f, g, h
u = x + flip(x, 0)
p = x * flip(x, 0)
v = A + A.T
w = A + rot180(A)
s = t + roll(t, n, 0)
z = B + flip(B, 1)
dims k
tensor a[4], d[1], c[2], q[3]
e = entries[i in 0..1](c[i] * [i == 1])
part = a[1:4][0:2]
image = f(a)
window = image[1:3]"""

TRUE = [
    "g(f(u)) == flip(g(f(u)), 0)",
    "f(v) == f(v).T",
    "f(z) == flip(f(z), 1)",
    "sum(y * f(u)) == sum(flip(y, 0) * f(u))",
    "f(s) == roll(f(s), n, 0)",
    "g(h(x)) == g(h(rot180(x)))\nwhere x == rot180(x)",
    "max(part) == max(a[1:3])",
    "max(window) == max(f(a)[1:3])",
    "max_unpool(d, a, 4, 1)[0] * max_unpool(d, a, 4, 1)[1] == 0",
    "max_unpool(d, a, 4, 1)[0] * max_unpool(c, a, 3, 1)[0] == max_unpool(d, a, 4, 1)[0] * c[0]",
    "max_unpool(d, h(q), 3, 1)[0] * max_unpool(c, h(q), 2, 1)[1]"
    " == max_unpool(d, h(q), 3, 1)[0] * max_unpool(e, h(q), 2, 1)[1]",
]
FALSE = {  # with the region where it is true
    "m * f(u) == flip(f(u), 0)": "m == 1",
    "m * f'(u) * g(f(u)) == flip(g(f(u)) * f'(u), 0)": "m == 1",
    "m * f(w) == rot180(f(w))": "m == 1",
    "m * g(h(x)) == g(h(rot180(x)))\nwhere x == rot180(x)": "m == 1",
    "k * max_unpool(d, h(q), 3, 1)[0] * max_unpool(c, h(q), 2, 1)[1]"
    " == max_unpool(d, h(q), 3, 1)[0] * max_unpool(e, h(q), 2, 1)[1]": "k == 1",
    # what only looks the same at several places
    "f(v) == rot180(f(v))": "n == 1",
    "f(w) == f(w).T": "n <= 2",
    "f(z) == rot180(f(z))": "m == 1",
    "f(x + flip(y, 0)) == flip(f(x + flip(y, 0)), 0)": "n == 1",
    "max_unpool(d, a, 4, 1)[0] * max_unpool(c, a, 3, 1)[1] == 0": "",
    "max_unpool(c, a, 3, 1)[1] * max_unpool(d, a, 4, 1)[1] == max_unpool(c, a, 3, 1)[1] * d[0]": "",
}


def said(text: str) -> tuple[str, str]:
    """The kernel's word on a claim, and its region."""
    claim = Document.parse(f"```given\n{GIVEN}\n```\n```claim c\n{text}\n```\n").claims[0]
    found = decide(claim, claim.links[0], Solver())
    return found.word, found.region.text if found.region and found.word == "holds where" else ""


@pytest.mark.parametrize("text", TRUE)
def test_what_is_true_is_proved(text: str) -> None:
    """A claim that rests on a relation between unknowns is proved."""
    assert said(text) == ("proved", "")


@pytest.mark.parametrize("text", FALSE)
def test_what_is_false_has_its_region(text: str) -> None:
    """A claim that is false in spite of the relations holds exactly where it does."""
    assert said(text) == ("holds where" if FALSE[text] else "refuted", FALSE[text])


@pytest.mark.parametrize("text", [TRUE[0], "max_unpool(d, a, 4, 1)[0] * max_unpool(d, a, 4, 1)[1] == 0"])
def test_the_relations_are_needed(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Untold, they leave a true claim open."""
    monkeypatch.setattr(decision, "relations_met", lambda *arguments: False)
    assert said(text)[0] != "proved"
