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


def notes(folder: Path, given: str) -> Path:
    """A document with one given block."""
    path = folder / "notes.md"
    path.write_text(f"# Notes\n\n```given\n{given}```\n", encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return notes(tmp_path_factory.mktemp("notes"), GIVEN)


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
    """A derivation past a limit of the prover is called not proved, with the reason in one line, and status 3."""
    path = tmp_path / "power.md"
    path.write_text("```given\ndims n\ntensor M[n, n]\n```\n", encoding="utf-8")
    shown = run(["sum(M)**9", "--given", str(path), "--wrt", "M"])
    assert shown.exit_code == 3
    assert "hence  grad(sum(M)**9, M) = 9 * sum(M)**8 * ones(n, n)" in shown.output
    assert shown.output.count("8 entries of M in one product") == 1
    assert "proved for all sizes" not in shown.output.split("hence")[0]
    program = run(["sum(M)**9", "--given", str(path), "--wrt", "M", "--numpy"])
    assert program.exit_code == 3
    assert "\n# Not proved: " in program.stdout


def test_a_derivation_through_a_determinant_is_proved(file: Path, tmp_path: Path) -> None:
    """The logarithm of a determinant has the transposed inverse for its gradient, of matrices of every size."""
    path = tmp_path / "det.md"
    path.write_text("```given\ndims n\ntensor M[n, n]\n```\n", encoding="utf-8")
    shown = run(["log(det(M))", "--given", str(path), "--wrt", "M"])
    assert shown.exit_code == 0
    assert "hence  grad(log(det(M)), M) = inv(M).T" in shown.output
    assert "not proved" not in shown.output


def test_a_step_that_is_false_is_status_1(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A derivation by a wrong rule says where, and its status is not that of something undecided."""
    wrong = lambda weight, node, place: ([weight], "nothing at all")  # noqa: E731
    monkeypatch.setattr("derivations.steps.tactic.adjoint", wrong)
    shown = run(["rot180(w)", "--given", str(file), "--wrt", "w"])
    assert shown.exit_code == 1
    assert "nothing at all (not proved)" in shown.stdout


RELU = "no entry of v is 0 where relu is differentiated"
# expression, variable, the assumptions as `check` words them
SUPPOSING = (
    ("relu(v)", "v", [RELU, "no entry is where an indicator of the data jumps", "no entry of v is 0"]),
    ("max_pool(a, 2)", "a", ["unique_max: every window of a has one maximum"]),
)


@pytest.mark.parametrize(("expression", "wrt", "axioms"), SUPPOSING, ids=[case[0] for case in SUPPOSING])
def test_what_the_steps_suppose_is_said(file: Path, expression: str, wrt: str, axioms: list[str]) -> None:
    """The assumptions stand in the text, the LaTeX, the JSON and the program, and where the derivation is printed."""
    asked = [expression, "--given", str(file), "--wrt", wrt]
    uses = f"Uses: {'; '.join(axioms)}."
    assert f"\n{uses}\n" in run(asked).stdout
    assert json.loads(run([*asked, "--json"]).stdout)["axioms"] == axioms
    assert f"\n# {uses}\n" in run([*asked, "--numpy"]).stdout
    (sentence, *_) = [line for line in run([*asked, "--latex"]).stdout.splitlines() if line.startswith("Uses: ")]
    assert sentence.isascii()
    assert sentence.count("; ") == len(axioms) - 1
    assert sentence.startswith(uses[:12])
    assert str(derive(context(), expression, wrt)).endswith(f"\n{uses}")


def test_without_assumptions_none_are_named(file: Path) -> None:
    """A convolution supposes nothing."""
    asked = ["conv(a, w)", "--given", str(file), "--wrt", "w"]
    assert json.loads(run([*asked, "--json"]).stdout)["axioms"] == []
    assert all("Uses" not in run([*asked, *option]).stdout for option in ([], ["--latex"], ["--numpy"]))


CHOICE = """dims m, n where m <= n
tensor x[n], k[m]
choose star in conv, corr
choose other in conv, corr
z = star(x, k)
loss J(z)
delta = grad(J, z)
"""


@pytest.fixture(scope="module")
def choice(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return notes(tmp_path_factory.mktemp("choice"), CHOICE)


def test_each_reading_has_its_derivation(choice: Path) -> None:
    """An open choice that the formula uses gives a derivation for each option, headed with it; a choice that it does
    not use gives none."""
    asked = ["J", "--given", str(choice), "--wrt", "k"]
    shown = run(asked)
    assert shown.exit_code == 0
    telling = [line for line in shown.stdout.splitlines() if line.startswith(("(", "hence"))]
    assert telling == [
        "(star = conv)", "hence  grad(J, k) = conv(rot180(x), delta, valid)",
        "(star = corr)", "hence  grad(J, k) = corr(x, delta, valid)",
    ]  # fmt: skip
    latex = run([*asked, "--latex"]).stdout
    assert latex.startswith("(star = conv)\n\n\\begin{align*}")
    assert "\n\n(star = corr)\n\n\\begin{align*}" in latex
    record = json.loads(run([*asked, "--json"]).stdout)
    both = [record, *record["other_readings"]]
    assert [each["reading"] for each in both] == [{"star": "conv"}, {"star": "corr"}]
    assert [each["result"] for each in both] == ["conv(rot180(x), delta, valid)", "corr(x, delta, valid)"]
    assert all(each["proved"] and each["steps"] and each["lemmas"] for each in both)


def test_a_choice_in_the_formula_itself(choice: Path) -> None:
    """A chosen operator that is typed counts as one that a definition uses; a formula without a choice has no
    heading."""
    asked = ["--given", str(choice), "--wrt", "k"]
    record = json.loads(run(["other(z, k, full)", *asked, "--json"]).stdout)
    readings = [each["reading"] for each in (record, *record["other_readings"])]
    assert readings == [{"star": a, "other": b} for a in ("conv", "corr") for b in ("conv", "corr")]
    record = json.loads(run(["sum(k * k)", *asked, "--json"]).stdout)
    assert (record["reading"], record["other_readings"]) == ({}, [])
    assert "(" not in run(["sum(k * k)", *asked]).stdout.splitlines()[0].removeprefix("d(sum(k * k), k)")


def test_a_program_is_of_one_reading(choice: Path, tmp_path: Path) -> None:
    """An open choice is an error with the choices and what to write; so written, the program is printed."""
    asked = ["J", "--wrt", "k", "--numpy", "--given"]
    shown = run([*asked, str(choice)])
    assert (shown.exit_code, shown.stdout) == (2, "")
    assert "this has 2: (star = conv) and (star = corr)" in shown.stderr
    assert "such as `choose star in conv`" in shown.stderr
    path = tmp_path / "given.txt"
    path.write_text(CHOICE.replace("star in conv, corr", "star in corr"), encoding="utf-8")
    shown = run([*asked, str(path)])
    assert shown.exit_code == 0
    assert "return corr(x, delta)" in shown.stdout


def test_an_error_in_one_reading_names_it(tmp_path: Path) -> None:
    """What has no rule under one reading is said of that reading."""
    path = tmp_path / "given.txt"
    path.write_text("dims n\ntensor a[2*n, 2*n]\nchoose pool in mean_pool, max_pool\n", encoding="utf-8")
    shown = run(["pool(a, 2, stride=1, pad=1)", "--given", str(path), "--wrt", "a"])
    assert shown.exit_code == 2
    assert "(pool = max_pool)\n" in shown.stderr
