"""A layer's claim as a lemma of its own: it implies the claim, what it hides stays named, wrong layers stay wrong."""

from __future__ import annotations

import re

import pytest

from derivations.formulas.claims import Claim, Link
from derivations.formulas.expressions import Grad, applied
from derivations.judgement import decision
from derivations.judgement.judge import judge
from derivations.language.document import Document
from derivations.meaning.lemmas import Lemma, lemma_of, with_residuals

CHAIN = """dims h, k, l, m
tensor x[2*(2*h + l - 1) + k - 1], w[k], v[l], t[h]
scalar b, c
function f
u1 = conv(x, w) + b
a1 = f(u1)
x1 = mean_pool(a1, 2)
u2 = conv(x1, v) + c
a2 = tanh(u2)
x2 = mean_pool(a2, 2)
J = sum((x2 - t)**2)/2
g2 = grad(J, x2)
g1 = grad(J, x1)
d2 = grad(J, u2)
d1 = grad(J, u1)"""
TRUE = [
    "d2 == up(g2, 2)/2*(1 - a2**2)",
    "g1 == conv(d2, rot180(v), full)",
    "d1 == up(g1, 2)/2*f'(u1)",
    "grad(J, w) == conv(rot180(x), d1)",
    "grad(J, v) == conv(rot180(x1), d2)",
    "grad(J, x) == conv(d1, rot180(w), full)",
    "grad(J, c) == sum(d2)",
]
FALSE = [
    "d2 == up(g2, 2)*(1 - a2**2)",
    "d2 == up(g2, 2)/2*(1 + a2**2)",
    "g1 == conv(d2, v, full)",
    "g1 == conv(d1, rot180(w), full)",
    "d1 == up(g1, 2)/2*f'(u2)[0]",
    "d1 == up(g1, 2)/2*f'(a1)",
    "grad(J, w) == conv(x, d1)",
    "grad(J, v) == conv(rot180(a1), d2)",
    "grad(J, v) == -conv(rot180(x1), d2)",
    "grad(J, c) == sum(d1)",
    "grad(J, b) == sum(d2)",
    "grad(J, x) == conv(d2, rot180(w), full)",
    "sum(g1) == sum(g2)",
    "g2 == t - x2",
    "d2 == 0*d2",
]
# J reaches b by two ways: no one of the definitions is the only one
SKIPPED = """dims n
tensor x[n], w[n]
u = x*w
a = exp(u)
z = a + x
y = z*u
J = sum(y*a)
dz = grad(J, z)
du = grad(J, u)
da = grad(J, a)"""


def claim_of(context: str, text: str) -> Claim:
    [claim] = Document.parse(f"```given\n{context}\n```\n```claim c\n{text}\n```\n").claims
    return claim


@pytest.mark.parametrize("text", TRUE)
def test_layers_are_proved(text: str) -> None:
    """Each residual from the next, each parameter's gradient from its layer's residual."""
    [verdict] = judge(claim_of(CHAIN, text))
    assert verdict.verdict == "proved", verdict.reason


@pytest.mark.parametrize("text", FALSE)
def test_wrong_layers_are_not(text: str) -> None:
    """A factor, a sign, another layer's residual or input."""
    [verdict] = judge(claim_of(CHAIN, text), numeric=False)
    assert verdict.verdict != "proved"


@pytest.mark.parametrize(
    "text", ["du == da*a", "du == dz*a", "grad(J, x) == dz + du*w + da", "grad(J, x) == du*w", "dz == u*a + w"]
)
def test_what_is_reached_by_two_ways_is_no_passage(text: str) -> None:
    """The chain rule through one of several ways gives a wrong gradient, which is not proved."""
    [verdict] = judge(claim_of(SKIPPED, text))
    assert not verdict.contradiction
    assert verdict.verdict != "proved"


def test_the_lemma_hides_what_is_above_and_below() -> None:
    """The second layer's kernel: the loss is one of its residual's layer, the first layer is a tensor."""
    lemma = lemma_of(claim_of(CHAIN, "grad(J, v) == conv(rot180(x1), d2)").links[0])
    assert lemma is not None
    assert {node.name for node in lemma.hidden} >= {"x1", "a1", "u1", "x2", "a2"}
    assert str(lemma.link.right) == "conv(rot180(x1), grad(J(u2), u2), valid)"
    assert lemma_of(claim_of(CHAIN, "x == x").links[0]) is None


def test_what_a_hidden_formula_supposes_is_named() -> None:
    """A logarithm below and a relu above: the axioms are those of the whole claim."""
    context = """dims n
tensor x[n], w[n]
p = log(x)
q = p*w
u = q + p
a = tanh(u)
z = relu(a)
J = sum(z)
du = grad(J, u)
dq = grad(J, q)"""
    [verdict] = judge(claim_of(context, "dq == du"))
    assert verdict.verdict == "proved"
    assert any("positive" in axiom for axiom in verdict.axioms)
    assert any("relu is differentiated" in axiom for axiom in verdict.axioms)


def deep(layers: int) -> str:
    """A context of dense layers, one above the other."""
    lines = ["dims n", f"tensor x[n], {', '.join(f'w{i}[n, n]' for i in range(layers))}"]
    for i in range(layers):
        lines += [f"z{i} = w{i} @ {f'a{i - 1}' if i else 'x'}", f"a{i} = tanh(z{i})"]
    lines += [f"J = sum(a{layers - 1})", *[f"d{i} = grad(J, z{i})" for i in range(layers)]]
    return "\n".join(lines)


def test_a_deep_claim_is_evaluated_itself_too() -> None:
    """The evidence is the lemma's and the claim's own, and says so."""
    [verdict] = judge(claim_of(deep(8), "d3 == (w4.T @ d4)*(1 - a3**2)"))
    assert verdict.verdict == "proved"
    shapes = re.search(r"of the claim itself at (\d+) shapes", verdict.evidence.note)
    assert shapes is not None
    assert int(shapes[1]) >= 2


def test_a_lemma_that_is_another_statement_is_contradicted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Were a lemma made that does not imply its claim, the claim's own numbers would contradict the proof."""
    claim = claim_of(deep(8), "d3 == 2*(w4.T @ d4)*(1 - a3**2)")
    true = claim_of(deep(8), "d3 == (w4.T @ d4)*(1 - a3**2)")
    lemma = lemma_of(true.links[0])
    assert lemma is not None
    monkeypatch.setattr(decision, "lemma_of", lambda link: Lemma(lemma.link, lemma.hidden))
    [verdict] = judge(claim)
    assert verdict.verdict == "undecided"
    assert "numeric/ refutes it" in verdict.contradiction


# a backward pass in the author's own words: what each line is, is proved from the line before
WRITTEN = """dims n, m, p, K
tensor x[n], w1[m, n], b1[m], w2[p, m], b2[p], w3[K, p], b3[K], t[K]
u1 = w1 @ x + b1
a1 = tanh(u1)
u2 = w2 @ a1 + b2
a2 = sigmoid(u2)
u3 = w3 @ a2 + b3
L = -sum(t*log(softmax(u3)))
d3 = softmax(u3) - t
d2 = (w3.T @ d3)*a2*(1 - a2)
e1 = w2.T @ d2
d1 = e1*(1 - a1**2)
c1 = (w2.T @ ((w3.T @ d3)*a2))*(1 - a1**2)
h1 = d1/2"""


@pytest.mark.parametrize(
    "text",
    ["grad(L, w1) == outer(d1, x)", "grad(L, b1) == d1", "grad(L, x) == w1.T @ d1", "grad(L, w1) == 2*outer(h1, x)"],
)
def test_a_written_backward_pass_is_proved_line_by_line(text: str) -> None:
    """From the cross-entropy to the first layer; without its hypothesis the same is not proved."""
    [verdict] = judge(claim_of(WRITTEN, f"{text}\nwhere sum(t) == 1"))
    assert verdict.verdict == "proved", verdict.reason
    assert verdict.evidence.shapes


@pytest.mark.parametrize(
    "text",
    [
        "grad(L, w1) == outer(c1, x)",
        "grad(L, w1) == outer(h1, x)",
        "grad(L, x) == w1.T @ e1",
        "grad(L, b2) == d2 + t[0]",
    ],
)
def test_a_wrong_line_of_a_backward_pass_is_no_residual(text: str) -> None:
    """A lost factor in a line above, a line halved, the line before: false, with its counterexample."""
    [verdict] = judge(claim_of(WRITTEN, f"{text}\nwhere sum(t) == 1"))
    assert verdict.verdict in ("false", "refuted"), (verdict.verdict, verdict.reason)


def test_proposed_residuals_are_proved(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is proposed as a residual, a wrong claim is not proved by it."""
    claim = claim_of(WRITTEN, "grad(L, w1) == outer(c1, x)\nwhere sum(t) == 1")
    names = claim.context.names
    proposed = [(Grad(names["L"], names["u1"]), names["c1"]), (Grad(names["L"], names["u1"]), names["e1"])]
    monkeypatch.setattr(decision, "residuals_of", lambda claim, link: proposed)
    [verdict] = judge(claim, numeric=False)
    assert verdict.verdict != "proved"


def test_residuals_are_not_told_of_what_is_differentiated() -> None:
    """Inside of a derivative a definition stays: values that agree for some data have other slopes."""
    names = claim_of(WRITTEN, "grad(L, b1) == d1\nwhere sum(t) == 1").context.names
    within = Grad(applied("sum", names["d1"]), names["w1"])
    link = Link(within, names["h1"], (), "")
    told = with_residuals(link, {names["d1"]: Grad(names["L"], names["u1"])})
    assert told.left == within
    assert told.right != names["h1"]


HOLES = """dims n, m where m >= 2
tensor x[n], w[n], v[n], k[n], h[n], V[m, n]
u = x*w
a = exp(u)
p = tanh(a)
q = p*p
y = v*q
rows = V @ q
J = sum(y)
singular = outer(k, h)
zero = k*h - h*k"""


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("sum[i in 0..0](grad(rows[i], x)*x) == sum[i in 1..1](grad(rows[i], w)*w)", ("false", "refuted")),
        ("inv(singular) @ (grad(J, x)*x) == inv(singular) @ (grad(J, w)*w)", ("holds where", "undecided")),
        ("log(det(singular))*(grad(J, x)*x) == log(det(singular))*(grad(J, w)*w)", ("holds where", "undecided")),
        ("grad(J, x)*x/zero == grad(J, w)*w/zero", ("refuted",)),
        ("grad(J, x)*x*log(zero) == grad(J, w)*w*log(zero)", ("refuted", "undecided")),
        ("grad(J, x)*x*zero**(-1) == grad(J, w)*w*zero**(-1)", ("refuted",)),
        ("grad(J, x)*x*zero == grad(J, w)*w*zero", ("proved",)),
        ("grad(J, x)*x*zero**2 == grad(J, w)*w*zero**2", ("proved",)),
    ],
)
def test_a_tensor_does_not_stand_for_what_exists_for_no_data(text: str, words: tuple[str, ...]) -> None:
    """A loss with an index is no loss of its own; a definition on which it depends whether a side exists is kept."""
    [verdict] = judge(claim_of(HOLES, text))
    assert not verdict.contradiction
    assert verdict.verdict in words


@pytest.mark.parametrize("function", ["log(y)", "sqrt(y)", "1/y", "y**(3/2)", "relu(y)", "abs(y)"])
def test_what_a_bare_loss_supposes_is_named(function: str) -> None:
    """Of a formula without a name, as of a definition."""
    [bare] = judge(claim_of(HOLES, f"grad(sum({function}), x)*x == grad(sum({function}), w)*w"))
    [named] = judge(claim_of(f"{HOLES}\nz = {function}\nK = sum(z)", "grad(K, x)*x == grad(K, w)*w"))
    assert bare.verdict == named.verdict == "proved"
    assert set(bare.axioms) >= set(named.axioms) != set()
