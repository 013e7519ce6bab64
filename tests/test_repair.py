"""Repairs: the textbook's formula is among the first three, and nothing unproved is ever returned."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from derivations.claims import Claim
from derivations.judge import decide
from derivations.kernel.solver import Solver
from derivations.language.document import parse_claim, parse_context
from derivations.repair import proved, repairs, with_repair
from derivations.run import read, shipped_documents
from derivations.verdict import Verdict

ACCEPTANCE = Path(__file__).parent.parent.parent / "shared" / "acceptance"

LAYER = """
dims H, W, m, n where m <= H, n <= W
tensor x[H, W], k[m, n]
z = {}
loss J(z)
g = grad(J, z)
"""
CONVOLUTION = LAYER.format("conv(x, k, valid)")
CORRELATION = LAYER.format("corr(x, k, valid)")
STRIDED = LAYER.replace("m, n where", "m, n, s where").format("corr(x, k, valid, stride=s)")
DILATED = """
dims H, W, m, n, q where q*(m - 1) < H, q*(n - 1) < W
tensor x[H, W], k[m, n]
z = corr(x, k, valid, dilation=q)
loss J(z)
g = grad(J, z)
"""
CHANNELS = """
dims C, D, H, W, m, n where m <= H, n <= W
tensor x[C, H, W], k[D, C, m, n]
z[d] = sum[c](corr(x[c], k[d, c], valid))
loss J(z)
g = grad(J, z)
"""
POOLED = """
dims h, w, n where n <= h, n <= w
tensor x[h, w]
z = {}(x, n)
loss J(z)
g = grad(J, z)
"""
DENSE = """
dims p, q
tensor W[p, q], x[q, 1]
function f
z = W @ x
y = f(z)
loss J(y)
delta = grad(J, z)
"""
MATRICES = "dims n\ntensor X[n, n], B[n, n]\nK = tr(X.T @ B @ X)"
SQUARES = "dims n\ntensor y[n], t[n]\nJ = sum((y - t)**2) / n"

# a context, a mistake, and the textbook's right side; sources are those of the acceptance files and documents
MISTAKES = {
    "kernel gradient without the rotation": (CONVOLUTION, "grad(J, k) == conv(x, g)", "conv(rot180(x), g, valid)"),
    "input gradient without the rotation": (CONVOLUTION, "grad(J, x) == conv(g, k, full)", "corr(g, k, full)"),
    "input gradient with mode valid": (CORRELATION, "grad(J, x) == conv(g, k, valid)", "conv(g, k, full)"),
    "arguments exchanged": (CORRELATION, "grad(J, k) == corr(g, x)", "corr(x, g, valid)"),
    "averaged": (
        CORRELATION, "grad(J, k) == corr(x, g) / ((H - m + 1) * (W - n + 1))", "corr(x, g, valid)",
    ),
    "tail forgotten": (
        STRIDED, "grad(J, k) == corr(x, dilate(g, s))", "corr(x, resize(dilate(g, s), H - m + 1, W - n + 1), valid)",
    ),
    "not dilated": (
        STRIDED, "grad(J, x) == conv(g, k, full)", "conv(resize(dilate(g, s), H - m + 1, W - n + 1), k, full)",
    ),
    "dilation for stride": (
        DILATED, "grad(J, k) == corr(x, g, valid, dilation=q)", "corr(x, g, valid, stride=q)",
    ),
    "without the sum": (
        CHANNELS, "grad(J, x)[c] == conv(g[0], k[0, c], full)", "sum[d](conv(g[d], k[d, c], full))",
    ),
    "without the frame": (POOLED.format("sum_pool"), "grad(J, x) == up(g, n)", "resize(up(g, n), h, w)"),
    "without the factor": (
        POOLED.format("mean_pool"), "grad(J, x) == resize(up(g, n), h, w)", "resize(up(g, n), h, w) / n**2",
    ),
    "dilate for up": (
        POOLED.format("sum_pool"), "grad(J, x) == resize(dilate(g, n), h, w)", "resize(up(g, n), h, w)",
    ),
    "shared evenly": (
        POOLED.format("max_pool").replace("z =", "assume unique_max(x, n)\nz ="),
        "grad(J, x) == resize(kron(g, ones(n, n)), h, w) / n**2", "max_unpool(g, x, n)",
    ),
    "transposed": (DENSE, "grad(J, W) == x @ delta.T", "delta @ x.T"),
    "without the derivative": (DENSE, "delta == f(z) * grad(J, y)", "f'(z) * grad(J, y)"),
    "needs symmetry": (MATRICES, "grad(K, X) == 2 * B @ X", "(B + B.T) @ X"),
    "half": (SQUARES, "grad(J, y) == y - t", "2 * (y - t) / n"),
    "off by one": (
        CORRELATION,
        "grad(J, k)[p, q] == sum[i in 0..H-m, j in 0..W-n](g[i, j] * x[i + m - 1 - p, j + n - 1 - q])",
        "sum[i in 0..H - m, j in 0..W - n](g[i, j] * x[i + p, j + q])",
    ),
    "size": (CORRELATION, "shape(z) == (H - m, W - n)", "(H - m + 1, W - n + 1)"),
}  # fmt: skip


def claim_of(context: str, text: str) -> Claim:
    return parse_claim(text, parse_context(context)[0][1])


@pytest.mark.parametrize("name", MISTAKES)
def test_textbook_formula_is_among_the_first_three(name: str) -> None:
    """A false claim that differs from the textbook by one usual mistake is led back to the textbook, and what is
    returned is true when it is read again and judged by itself."""
    context, mistake, right = MISTAKES[name]
    claim = claim_of(context, mistake)
    found = repairs(claim, 1)
    assert len(found) <= 3
    assert right in [repair.text.split(" == ", 1)[1] for repair in found]
    for repair in found:
        if repair.kind != "reading":
            again = claim_of(context, repair.text)
            assert decide(again, again.links[0], Solver()).word == "proved"


def test_another_reading_is_a_repair() -> None:
    """A claim that is right for a correlation is told so when the context has a convolution; the text ends in the
    definition, under which the claim is true."""
    found = repairs(claim_of(CONVOLUTION, "grad(J, x) == conv(g, k, full)"), 1)
    reading = next(repair for repair in found if repair.kind == "reading")
    assert reading.description == "right if z is a correlation"
    assert reading.text.endswith("with z = corr(x, k, valid)")
    again = claim_of(CORRELATION, "grad(J, x) == conv(g, k, full)")
    assert decide(again, again.links[0], Solver()).word == "proved"


def test_only_what_is_proved_is_returned(monkeypatch: pytest.MonkeyPatch) -> None:
    """If the kernel proves nothing, there is no repair, however well the numbers agree."""
    monkeypatch.setattr("derivations.repair.proved", lambda *arguments: False)
    assert repairs(claim_of(CONVOLUTION, "grad(J, k) == conv(x, g)"), 1) == ()


def test_the_sieve_is_not_a_proof() -> None:
    """A formula that agrees at all small sizes and fails at a large one is not proved."""
    context = "dims n\ntensor x[n]"
    claim = claim_of(context, "sum[i](x[i] * [i <= 40]) == sum(x)")
    assert not proved(claim, claim.links[0], Solver())


def test_repairs_hold_under_the_claims_own_conditions() -> None:
    """A condition of the claim is used by its repair: with s == n, pooled windows do not overlap."""
    context = POOLED.replace("h, w, n where", "h, w, n, s where").replace("(x, n)", "(x, n, stride=s)")
    context = context.format("mean_pool")
    claim = claim_of(context, "grad(J, x) == resize(up(g, n), h, w)\nwhere s == n")
    assert "resize(up(g, n), h, w) / n**2" in [one.text.split(" == ", 1)[1] for one in repairs(claim, 1)]
    without = claim_of(context, "grad(J, x) == resize(up(g, n), h, w) / n**2")
    assert not proved(without, without.links[0], Solver())


@pytest.mark.parametrize("word", ["proved", "undecided"])
def test_true_and_undecided_claims_are_left_alone(word: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """No search is made for what is not false."""
    monkeypatch.setattr("derivations.repair.repairs", None)
    verdict = Verdict("", "", 1, {}, 1, "", word)
    assert with_repair(claim_of("dims n\ntensor x[n]", "x == x"), verdict) is verdict


@pytest.mark.skipif(not ACCEPTANCE.is_dir(), reason="the acceptance files are not beside the project")
def test_false_claims_of_the_acceptance_files() -> None:
    """Of the claims that the acceptance files call false, all but one have a repair; half-padding has none within the
    bounds (its textbook form is another padding, not another formula for the same one)."""
    missing = []
    for claim in read(sorted(ACCEPTANCE.glob("*.md"))).claims:
        for number in range(1, len(claim.links) + 1):
            if claim.expectation(number).kind != "proved" and not repairs(claim, number):
                missing.append(claim.id)
    assert missing == ["half-padding"]


# claim and reading, and the right side of the claim proved beside it
TEXTBOOK = [
    ("S0-17b-rectangular-conv", {"star": "conv"}, "conv(rot180(a), delta, valid)"),
    ("S0-17b-rectangular-corr", {"star": "corr"}, "corr(a, delta, valid)"),
    ("S0-35-rectangular-corr", {"star": "corr"}, "conv(w, delta2, full) * f'(z)"),
    ("S3-19", {}, "conv(resize(dilate(delta, S), H - m + 1, W - n + 1), w, full)"),
    ("S3-25", {}, "resize(kron(delta, ones(n, n) / n**2), h, w)"),
]


@pytest.mark.parametrize(("name", "reading", "right"), TEXTBOOK)
def test_false_statements_of_the_documents(name: str, reading: dict[str, str], right: str) -> None:
    """The documents' best known mistakes are led back to the formula that is proved beside them."""
    claim = next(one for one in read(shipped_documents()).claims if one.id == name and one.reading == reading)
    texts = [repair.text.split(" == ", 1)[1] for repair in repairs(claim, len(claim.links))]
    assert right in texts
