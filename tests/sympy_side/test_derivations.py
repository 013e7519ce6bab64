"""Derivations end to end: judged steps, the documents' chains, three ways to one gradient, how they are
shown."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from derivation_cases import CASES

from derivations import derive, given
from derivations.steps.adjoints import ADJOINTS
from derivations.steps.derivation import Derivation, chain_of
from derivations.steps.lemmas import LEMMAS, Lemma, lemma

LAYER = """dims H, W, m, n where m <= H, n <= W
o = H - m + 1
l = W - n + 1
tensor a[H, W], w[m, n]
scalar b
function f
z = conv(a, w, valid) + b * (ones(o, 1) @ ones(1, l))
y = f(z)
loss J(z)
delta = grad(J, z)
"""
MAPS = """dims H, W, m, n, s, q, C, D, p >= 0 where q*(m - 1) + 1 <= H, q*(n - 1) + 1 <= W
tensor x[C, H, W], k[D, C, m, n], b[D]
z[d] = sum[c](corr(x[c], k[d, c], valid, stride=s, pad=p, dilation=q)) + b[d]
loss J(z)
delta = grad(J, z)
"""


def right_sides(derivation: Derivation) -> list[str]:
    return [str(step.right) for step in derivation.steps]


def test_the_first_document_s_chain_for_the_kernel() -> None:
    """d(J; w) = Tr(δᵀ d(z; w)) = Tr(δᵀ d(a ∗ w)) = ..., in the document's order, with the rotation it
    lacks."""
    derivation = derive(given(LAYER), "J", "w")
    assert derivation.proved
    assert right_sides(derivation) == [
        "tr(grad(J, z).T @ d(z, w))",
        "tr(delta.T @ d(z, w))",
        "tr(delta.T @ d(conv(a, w, valid), w))",
        "tr(delta.T @ conv(a, d(w), valid))",
        "tr(conv(rot180(a), delta, valid).T @ d(w))",
        "conv(rot180(a), delta, valid)",
    ]


def test_the_first_document_s_chain_for_the_bias() -> None:
    """d(J; b) = Tr(δᵀ 11ᵀ) db, hence ∇_b J = 1ᵀ δ 1."""
    derivation = derive(given(LAYER), "J", "b")
    assert derivation.proved
    last = derivation.steps[-1]
    assert last.rule == "cyclic trace"
    assert str(last.right) == "ones(1, H - m + 1) @ delta @ ones(W - n + 1, 1)"


def test_the_pooling_layer_s_parameter() -> None:
    """∇_β J = Tr(δᵀ down(a)) = 1ᵀ(δ ∘ down(a))1."""
    ctx = given("dims h, w, n where n <= h, n <= w\ntensor a[h, w]\nscalar beta\nz = beta * mean_pool(a, n)\n"
                "loss J(z)\ndelta = grad(J, z)")  # fmt: skip
    derivation = derive(ctx, "J", "beta")
    assert derivation.proved
    assert derivation.steps[-1].rule == "trace as a sum of products"
    assert str(derivation.steps[-1].left) == "tr(delta.T @ mean_pool(a, n))"


def test_the_residual_through_a_pooling_layer() -> None:
    """δ_l = β up(δ_{l+1})/n² ∘ f'(z_l), in a frame where n does not divide the sizes."""
    ctx = given("dims h, w, n where n <= h, n <= w\ntensor z[h, w]\nscalar beta, b\nfunction f\n"
                "z2 = beta * mean_pool(f(z), n) + b\nloss J(z2)\ndelta2 = grad(J, z2)")  # fmt: skip
    derivation = derive(ctx, "J", "z")
    assert derivation.proved
    assert str(derivation.result) == "beta * (resize(up(delta2, n), h, w) * f'(z) / n**2)"


def test_the_residual_through_a_convolution_layer() -> None:
    """δ_l = (δ_{l+1} ∗full rot180(w)) ∘ f'(z_l)."""
    ctx = given("dims H, W, m, n where m <= H, n <= W\ntensor z[H, W], w[m, n]\nfunction f\n"
                "z2 = conv(f(z), w, valid)\nloss J(z2)\ndelta2 = grad(J, z2)")  # fmt: skip
    derivation = derive(ctx, "J", "z")
    assert derivation.proved
    assert str(derivation.result) == "conv(delta2, rot180(w), full) * f'(z)"


@pytest.mark.parametrize("name", ["k", "x", "b"])
def test_the_whole_multi_map_layer(name: str) -> None:
    """Strided, dilated, padded, several maps: proved in at most 12 steps, with every parameter symbolic."""
    derivation = derive(given(MAPS), "J", name)
    assert derivation.proved
    assert len(derivation.steps) <= 12


DENSE = (
    ("grad(J, W)", "delta @ x.T", "dims p, q\ntensor W[p, q], x[q, 1], b[p, 1]\nz = W @ x + b\nloss J(z)\n"
     "delta = grad(J, z)", "W"),
    ("grad(J, X)", "A.T @ B.T", "dims a, b, c\ntensor A[a, b], X[b, c], B[c, a]\nJ = tr(A @ X @ B)", "X"),
    ("grad(J, y)", "(y - t)", "dims n\ntensor y[n], t[n]\nJ = sum((y - t)**2) / 2", "y"),
    ("grad(J, z)", "sum(y) * softmax(z) - y", "dims n\ntensor z[n], y[n]\nJ = -sum(y * log(softmax(z)))", "z"),
)  # fmt: skip


@pytest.mark.parametrize(("left", "right", "text", "name"), DENSE, ids=[case[1] for case in DENSE])
def test_dense_layers_and_losses(left: str, right: str, text: str, name: str) -> None:
    """The derived gradient is proved, and equal to the textbook's."""
    ctx = given(text)
    derivation = derive(ctx, "J", name)
    assert derivation.proved, derivation.to_text()
    assert ctx.judge(f"{derivation.result} == {right}", steps=False).verdict == "proved"
    assert ctx.judge(f"{left} == {right}", steps=False).verdict == "proved"


def test_a_formula_that_is_no_scalar_gets_an_arbitrary_loss() -> None:
    """derive of conv(a, w) by w is the gradient of any loss of it."""
    ctx = given("dims H, m where m <= H\ntensor a[H], w[m]")
    derivation = derive(ctx, "conv(a, w, valid)", "w")
    assert derivation.proved
    assert str(derivation.result) == "conv(rot180(a), delta, valid)"


def test_a_gradient_by_what_does_not_occur_is_zero() -> None:
    """J does not depend on v: zeros of its shape, in one proved step."""
    ctx = given("dims n\ntensor x[n], v[n, n]\nz = 2*x\nloss J(z)")
    derivation = derive(ctx, "J", "v")
    assert (str(derivation.result), len(derivation.steps), derivation.proved) == ("zeros(n, n)", 1, True)


def test_names_that_are_not_there() -> None:
    """A name that is not declared, and a variable that is no name, are errors that say what to write."""
    ctx = given("dims n\ntensor x[n]\nz = 2*x\nloss J(z)")
    with pytest.raises(ValueError, match=r"K"):
        derive(ctx, "K", "x")
    with pytest.raises(ValueError, match="declare it"):
        derive(ctx, "J", ctx.parse("x + x"))


# -- lemmas ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("each", LEMMAS, ids=lambda each: each.name)
def test_every_lemma_is_proved_from_its_indices(each: Lemma) -> None:
    """The kernel proves each line of each adjoint lemma for all sizes."""
    derivation = chain_of(each)
    assert derivation.proved, derivation.to_text()
    assert len({str(step.right) for step in derivation.steps}) == len(each.lines)


def test_every_adjoint_has_its_lemma() -> None:
    """Each row of the table of adjoints has a lemma that proves it from the index definition, and so has taking
    entries."""
    proved = {key for each in LEMMAS for key in each.of}
    assert {(row.operator, row.argument) for row in ADJOINTS} | {("Entry", 0)} == proved
    assert len({each.name for each in LEMMAS}) == len(LEMMAS)


def test_a_derivation_names_the_lemma_for_its_own_parameters() -> None:
    """A plain convolution leads to the plain lemma, one with a stride to the general one, pooling to that of its
    windows."""
    expected = {
        "conv(a, w, valid)": "adjoint of the convolution in its data",
        "conv(a, w, full)": "adjoint of the convolution in its data, with stride, padding and dilation",
        "corr(a, w, valid, stride=2)": "adjoint of the correlation in its data, with stride, padding and dilation",
        "sum_pool(a, m)": "adjoint of pooling",
        "sum_pool(a, m, stride=2)": "adjoint of overlapping pooling",
        "sum_pool(a, m, ceil=true)": "adjoint of pooling with partial windows",
        "mean_pool(a, m)": "adjoint of mean pooling",
        "mean_pool(a, m, stride=2)": "adjoint of overlapping mean pooling",
        "a[::2, ::2]": "adjoint of taking entries",
    }
    context = given("dims H, W, m, n where m <= H, m <= W, n <= W\ntensor a[H, W], w[m, n]")
    found = {
        text: [name for step in derive(context, context.parse(text), "a", judged=False).steps for name in step.lemmas]
        for text in expected
    }
    assert found == {text: [name] for text, name in expected.items()}


def test_a_wrong_substitution_is_caught() -> None:
    """An index off by one in a lemma's substitution fails at its line, and at that line only... and the
    next."""
    right = lemma("adjoint of the correlation in its kernel")
    formula, reason = right.lines[1]
    off = formula.replace("a[i + u", "a[i + u - 1")
    assert off != formula
    wrong = replace(right, lines=(right.lines[0], (off, reason), right.lines[2]))
    assert [step.proved for step in chain_of(wrong).steps] == [True, False, False]


def test_the_third_way_to_the_gradient() -> None:
    """The derivation of the whole multi-map layer becomes a NumPy function, compared with numeric/ on the
    way."""
    for name in ("k", "x", "b"):
        assert "import numpy as np" in derive(given(MAPS), "J", name, judged=False).to_numpy()


# -- display ---------------------------------------------------------------------------------------


def test_steps_that_were_not_judged_are_not_called_proved() -> None:
    """Without the kernel a derivation says of each step that it was not judged."""
    derivation = derive(given(LAYER), "J", "w", judged=False)
    assert not derivation.proved
    assert derivation.to_text().count("(not judged)") == len(derivation.steps)
    assert not any(step.proved for step in derivation.proof_steps())


def test_text_and_json() -> None:
    """One line a step with its rule; JSON has the same formulas, which the language reads again."""
    ctx = given(LAYER)
    derivation = derive(ctx, "J", "w")
    lines = derivation.to_text().splitlines()
    assert lines[0] == "d(J, w)"
    assert lines[-1].split() == ["=", "conv(rot180(a),", "delta,", "valid)", "reading", "off", "the", "gradient"]
    record = json.loads(json.dumps(derivation.as_json()))
    assert record["proved"] is True
    assert [ctx.parse(step["right"]) for step in record["steps"]] == [step.right for step in derivation.steps]


def shown() -> list[Derivation]:
    cases = [(given(case.given), "J", name) for case in CASES for name in case.names.split()]
    cases += [(given(LAYER), "J", name) for name in ("w", "a", "b")] + [(given(MAPS), "J", "x")]
    return [derive(*case, judged=False) for case in cases]


@pytest.mark.skipif(shutil.which("xelatex") is None, reason="xelatex is not installed")
def test_every_derivation_compiles_and_stays_inside_the_margin(tmp_path: Path) -> None:
    """All derivations of this folder set with xelatex and amsmath, with no line wider than the page."""
    packages = r"\documentclass[a4paper,10pt]{article}\usepackage{amsmath,amssymb}\usepackage[margin=20mm]{geometry}"
    body = "\n\n".join(derivation.to_latex() for derivation in [*shown(), *(chain_of(x, False) for x in LEMMAS)])
    text = f"{packages}\\begin{{document}}\n{body}\n\\end{{document}}\n"
    (tmp_path / "all.tex").write_text(text, encoding="utf-8")
    command = ["xelatex", "-interaction=nonstopmode", "-halt-on-error", "-no-pdf", "all.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout[-1500:]
    overfull = [line for line in done.stdout.splitlines() if line.startswith("Overfull \\hbox")]
    assert not overfull, f"{len(overfull)}: {overfull[:5]}"


def test_notebooks_get_aligned_mathematics() -> None:
    """A derivation displays as aligned LaTeX, a formula as displayed LaTeX, a context by its definitions."""
    ctx = given(LAYER)
    assert derive(ctx, "J", "w", judged=False)._repr_latex_().startswith(r"$\displaystyle \begin{aligned}")
    assert ctx.z._repr_latex_() == "$\\displaystyle z$"
    assert r"z &= a \ast_{\mathrm{valid}} w + b\, \mathbf{1}" in ctx._repr_latex_()
