"""`gradproof derive` on what a new user types: losses, activations, pooling, normalisation, slices, tied weights, wrong
input."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from derivations import derive, given
from derivations.cli import _no_option, app

GIVEN = """dims C, D, H, W, m, n, s, q, N, K where q*(m - 1) < H, q*(n - 1) < W, m <= W, 2*m <= H, 2*n <= W
tensor x[C, H, W], k[D, C, m, n], a[H, W], w[m, n], X[N, K], Y[N, K], A[N, K], Q[K, K], bias[1, K], y[N], t[N], v[N]
scalar beta, gamma, eps
function f
"""
# expression, variable, the gradient at the end of the last line
ASKED = (
    ("sum((y - t)**2) / 2", "y", "y - t"),
    ("mean(abs(y - t))", "y", "1 / N * abs'(y - t)"),
    ("-sum(y * log(softmax(t)))", "t", "-y + sum(y) * softmax(t)"),
    ("-sum(Y * log(softmax(X))) / N", "X", "-(Y / N) + Y @ ones(K, K) * softmax(X) / N"),
    ("-sum(y * log(sigmoid(t)) + (1 - y) * log(1 - sigmoid(t)))", "t", ""),
    ("log(sum(exp(t)))", "t", "exp(t) / sum(exp(t))"),
    ("sqrt(sum(a**2))", "a", "a / sqrt(sum(a**2))"),
    ("sum(a**2) + beta * sum(abs(a))", "a", ""),
    ("tanh(X @ Q + ones(N, 1) @ bias)", "bias", ""),
    ("f(A @ Q) @ Q", "Q", "A.T @ (delta @ Q.T * f'(A @ Q)) + f(A @ Q).T @ delta"),
    ("A.T @ A", "A", "(delta @ A.T).T + A @ delta"),
    ("tr(A.T @ A @ Q)", "Q", ""),
    ("relu(conv(a, w, same))", "w", ""),
    ("conv(conv(a, w), w)", "w", ""),
    ("corr(a, w, stride=s, dilation=q)", "a", "resize(conv(dilate(delta, s), w, full, dilation=q), H, W)"),
    ("max_pool(relu(a), 2, stride=1)", "a", "max_unpool(delta, relu(a), 2, stride=1) * relu'(a)"),
    ("mean_pool(f(a), m, stride=s)", "a", ""),
    ("sum_pool(a, 2, ceil=true)", "a", ""),
    ("mean_pool(up(a, s), s)", "a", ""),
    ("a[1:, 1:]", "a", "pad(delta, (1, 0), (1, 0))"),
    ("a[0, ::s]", "a", ""),
    ("x[0] * x[C - 1]", "x", ""),
    ("sum[c](corr(x[c], w))", "w", "sum[c](corr(x[c], delta, valid))"),
    ("sum[c](conv(x[c], k[0, c], stride=s))", "k", ""),
    ("gamma * (v - mean(v)) / sqrt(mean((v - mean(v))**2) + eps) + beta", "gamma",
     "sum(delta * (v - mean(v))) / sqrt(mean((v - mean(v))**2) + eps)"),
    ("gamma * (v - mean(v)) + beta", "v", ""),
    ("kron(w, ones(s, s))", "w", "corr(delta, ones(s, s), valid, stride=s)"),
    ("outer(y, t) - outer(t, y)", "y", "delta @ t - t @ delta"),
    ("max(y)", "y", "max_unpool(ones(1), y, N)"),
)  # fmt: skip


@cache
def context() -> Any:
    return given(GIVEN)


@pytest.mark.parametrize(("expression", "wrt", "gradient"), ASKED, ids=[f"{e} by {x}" for e, x, _ in ASKED])
def test_what_a_new_user_asks(expression: str, wrt: str, gradient: str) -> None:
    """Derived with every step proved, in few enough steps to be read, to the gradient that a textbook prints."""
    formula = context().parse(expression)
    derivation = derive(context(), formula, wrt)
    assert derivation.proved, derivation.to_text()
    assert len(derivation.steps) <= 20
    assert not gradient or str(derivation.result) == gradient


def run(arguments: list[str]) -> Any:
    return CliRunner().invoke(app, ["derive", *map(_no_option, arguments)])


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("notes") / "notes.md"
    path.write_text(f"# Notes\n\n```given\n{GIVEN}```\n", encoding="utf-8")
    return path


def test_the_terminal_shows_names_steps_result_and_lemmas(file: Path) -> None:
    """What the derivation introduces, its steps, the gradient, then the lemma with its change of variables."""
    shown = run(["conv(a, w, stride=s)", "--given", str(file), "--wrt", "w"])
    assert shown.exit_code == 0
    lines = shown.output.splitlines()
    assert lines[0] == "z = conv(a, w, valid, stride=s), J is any differentiable function of z, delta = grad(J, z)"
    assert "hence  grad(J, w) = rot180(resize(corr(a, delta, valid, dilation=s), m, n))" in lines
    assert "adjoint of the convolution in its kernel, with stride, padding and dilation" in shown.output
    assert "substitution u' = m - 1 - u" in shown.output
    assert "proved for all sizes" in shown.output


def test_the_lemmas_are_in_json_and_latex(file: Path) -> None:
    """JSON has the lemmas with their judged steps, LaTeX sets them after the derivation."""
    asked = ["conv(a, w)", "--given", str(file), "--wrt", "a"]
    record = json.loads(run([*asked, "--json"]).output)
    (lemma,) = record["lemmas"]
    assert lemma["proved"]
    assert [lemma["name"]] == [name for step in record["steps"] for name in step["lemmas"]]
    latex = run([*asked, "--latex"]).output
    assert latex.count(r"\begin{align*}") == 2
    assert r"substitution $x = i + u$" in latex


def test_a_formula_may_begin_with_a_minus(file: Path) -> None:
    """It is not taken for an option."""
    shown = run(["-sum(y * t)", "--given", str(file), "--wrt", "t"])
    assert shown.exit_code == 0
    assert "hence  grad(-sum(y * t), t) = -y" in shown.output
    assert [_no_option(a) for a in ("--wrt", "-h", "-j2", "--given=a b")] == ["--wrt", "-h", "-j2", "--given=a b"]


WRONG = (
    ("nothing", "w", "nothing is not declared"),
    ("conv(a, w", "w", "`(` is never closed"),
    ("conv(a, w)", "q", "q is no tensor and no scalar"),
    ("conv(a, w)", "a + w", "a + w is no tensor and no scalar"),
    ("conv(a, w)", "omega", "omega is not declared"),
    ("conv(w, a)", "w", "this does not exist for all sizes"),
    ("d(a)", "a", "derive takes formulas without d(...)"),
    ("max_pool(a, 2, stride=1, pad=1)", "a", "max_unpool has no padding"),
)


@pytest.mark.parametrize(("expression", "wrt", "message"), WRONG, ids=[case[0] + " by " + case[1] for case in WRONG])
def test_wrong_input_says_what_is_wrong(file: Path, expression: str, wrt: str, message: str) -> None:
    """A message with the place and a caret, status 2, no traceback."""
    shown = run([expression, "--given", str(file), "--wrt", wrt])
    assert shown.exit_code == 2
    assert message in shown.output
    assert "^" in shown.output
    assert "Traceback" not in shown.output


def test_what_the_prover_cannot_tell_is_said_once(file: Path, tmp_path: Path) -> None:
    """A derivation through a determinant is shown, and called not proved, with the reason in one line."""
    path = tmp_path / "det.md"
    path.write_text("```given\ndims n\ntensor M[n, n]\n```\n", encoding="utf-8")
    shown = run(["log(det(M))", "--given", str(path), "--wrt", "M"])
    assert shown.exit_code == 0
    assert "hence  grad(log(det(M)), M) = inv(M).T" in shown.output
    assert shown.output.count("the prover does not know det") == 1
    assert "proved for all sizes" not in shown.output.split("hence")[0]
