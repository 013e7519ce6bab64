"""What a report says first, and lines to paste that show the disagreement."""

from __future__ import annotations

import contextlib
import io
from typing import Any

import numpy as np
import pytest
from mutations import MUTATIONS, Mutation

from numeric import check_gradient

Array = np.ndarray
X, W = np.random.default_rng(0).normal(size=(2, 3, 3))


def _forward(x: Array, w: Array, b: Array) -> Array:
    return np.asarray(x @ w + b)


def _backward(delta: Array, x: Array, w: Array, b: Array) -> tuple[Array, ...]:
    return delta @ w, x.T @ delta, delta.sum(axis=0)


def test_the_first_line_names_what_is_wrong_and_what_is_right() -> None:
    """Then the guess, then entries of six digits, at most five."""
    report = check_gradient(_forward, _backward, X, W, X[0])
    lines = str(report).splitlines()
    assert lines[0] == "gradient wrong: x; w, b right"
    assert lines[1] == "  looks like: x: right with w transposed"
    assert all(line.startswith("  x[") and "(ratio" in line for line in lines[2:7])
    assert lines[7] == "  … 9 wrong entries in all"
    assert (report.wrong_in, report.right_in) == (("x",), ("w", "b"))
    assert max(len(line) for line in lines) < 140


def test_details_say_everything() -> None:
    """All entries with every digit, the reasons, and what was not checked."""
    report = check_gradient(_forward, _backward, X, W, X[0])
    details = report.details.splitlines()
    assert sum(line.startswith("  x[") for line in details) == 9
    assert any("φ(2)" in line for line in details)
    assert f"{report.wrong[0].true:.17g}" in report.details


def test_digits_are_added_where_six_look_the_same() -> None:
    """A relative error of 1e-9 is seen in the text."""
    report = check_gradient(lambda x: np.tanh(x), lambda d, x: d * (1 - np.tanh(x) ** 2) * (1 + 1e-9), X)
    entry = report.wrong[0].text(6)
    true, claimed = entry.split("true ")[1].split(", claimed ")
    assert true != claimed.split(" ")[0]


def _printed(lines: str, **names: Any) -> str:
    out = io.StringIO()
    with contextlib.redirect_stdout(out), np.errstate(all="ignore"):
        exec(compile(lines, "snippet", "exec"), names)
    return out.getvalue()


def _numbers(printed: str) -> tuple[float, float]:
    true, claimed = printed.split(": true ")[1].split(" claimed ")
    return float(true), float(claimed)


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
def test_the_snippet_reproduces_the_disagreement(mutation: Mutation) -> None:
    """The lines, executed as they stand, print two numbers that differ, and those of a right backward agree."""
    layer = mutation.layer
    report = check_gradient(layer.forward, mutation.backward, *layer.arrays)
    if not report.wrong:
        assert "has shape" in report.guess
        return
    given = dict(zip(report.checked, layer.arrays, strict=True))
    true, claimed = _numbers(_printed(report.snippet, forward=layer.forward, backward=mutation.backward, **given))
    assert true != claimed
    apart = abs(true - claimed)
    true, claimed = _numbers(_printed(report.snippet, forward=layer.forward, backward=layer.backward, **given))
    assert abs(true - claimed) <= max(1e-3 * apart, 1e-15 * abs(true))


def test_a_claimed_array_is_reproduced_too() -> None:
    """Where a gradient was claimed, not a function."""
    gradient = 2 * np.tanh(X)
    report = check_gradient(lambda x: np.log(np.cosh(x)).sum(), X, claimed_gradient=gradient)
    lines = _printed(report.snippet, forward=lambda x: np.log(np.cosh(x)).sum(), gradient=gradient, x=X)
    true, claimed = _numbers(lines)
    assert claimed == pytest.approx(2 * true, rel=1e-5)


def test_what_no_difference_shows_is_said() -> None:
    """An error of 1e-9 that the check saw, but no difference at the data shows where complex numbers are refused."""

    def forward(x: Array) -> Array:
        return np.tanh(np.array(x, dtype=float))

    def backward(delta: Array, x: Array) -> Array:
        return np.asarray(delta * (1 - np.tanh(x) ** 2) * (1 + 1e-9))

    assert check_gradient(forward, backward, X).verdict == "wrong"
    assert check_gradient(forward, backward, X).snippet.startswith("# no difference")


def test_nothing_to_reproduce_where_nothing_is_wrong() -> None:
    """A right gradient has no snippet, and one line less."""
    report = check_gradient(lambda x: x * x, lambda d, x: 2 * d * x, X)
    assert report.snippet == ""
    assert str(report).startswith("gradient right: x\n  by exact integers, zero tolerance: 9 entries")


def test_a_failing_assert_shows_the_face() -> None:
    """`assert check_gradient(...)` fails with what is wrong and one entry, not with a table of fields."""
    report = check_gradient(lambda x, w: x @ w, lambda d, x, w: (d @ w.T, 2 * (x.T @ d)), np.ones((3, 2)), np.eye(2))
    assert not report
    assert repr(report).startswith("<gradient wrong: w; x right")
    assert " w[" in repr(report)
    assert ": true " in repr(report)
    assert len(repr(report)) < 200
