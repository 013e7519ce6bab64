"""Functions that take a modulus: named where they rule out the complex step, with what to write instead."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from numeric import check_gradient
from numeric.checkers import CheckInputError

X = np.random.default_rng(0).normal(size=(4, 3))


def norm(x: Any) -> Any:
    """Of all entries."""
    return np.exp(np.linalg.norm(x))


# the function, the same without a modulus, what is said
CASES: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any], str]] = {
    "abs": (lambda x: np.exp(-abs(x)), lambda x: np.exp(-np.where(np.real(x) < 0, -x, x)), "np.abs"),
    "var": (
        lambda x: np.exp(np.var(x, axis=0)),
        lambda x: np.exp(((x - x.mean(0, keepdims=True)) ** 2).mean(0)),
        "np.var",
    ),
    "method": (
        lambda x: np.exp((x * x).var(axis=0)),
        lambda x: np.exp((((x * x) - (x * x).mean(0, keepdims=True)) ** 2).mean(0)),
        "np.var",
    ),
    "std": (
        lambda x: np.exp(np.std(x, axis=0)),
        lambda x: np.exp(np.sqrt(((x - x.mean(0, keepdims=True)) ** 2).mean(0))),
        "np.std",
    ),
    "norm": (norm, lambda x: np.exp(np.sqrt((x * x).sum())), "np.linalg.norm"),
    "vdot": (lambda x: np.exp(np.vdot(x, x)), lambda x: np.exp((x * x).sum()), "np.vdot"),
}


@pytest.mark.parametrize("name", CASES)
def test_what_takes_a_modulus_is_named(name: str) -> None:
    """Asked for the complex step, the error names the function; written as it says, the complex step applies."""
    function, instead, called = CASES[name]
    with pytest.raises(CheckInputError, match=rf"{called} takes the modulus of complex numbers: with "):
        check_gradient(function, lambda delta, x: x, X, method="complex")
    report = check_gradient(instead, lambda delta, x: x, X, method="complex")
    assert "complex step" in report.method
    np.testing.assert_allclose(function(X), instead(X))


def test_the_report_says_why_its_tolerance_is_large() -> None:
    """Where differences had to do, the details name the function."""
    report = check_gradient(
        lambda x: (x - x.mean(0)) / np.sqrt(np.var(x, axis=0) + 1e-5),
        lambda delta, x: _normalised(delta, x),
        X,
    )
    assert (report.verdict, report.method) == ("right", "central differences")
    assert "np.var takes the modulus" in report.details


def test_nothing_is_said_where_nothing_was_seen() -> None:
    """A smooth function, and one that takes no complex data for another reason."""
    assert "modulus" not in check_gradient(np.tanh, lambda delta, x: delta / np.cosh(x) ** 2, X).details
    with pytest.raises(CheckInputError) as caught:
        check_gradient(lambda x: np.arctan2(x, 1.0), lambda delta, x: delta / (1 + x * x), X, method="complex")
    assert "modulus" not in str(caught.value)


def _normalised(delta: Any, x: Any) -> Any:
    spread = np.sqrt(np.var(x, axis=0) + 1e-5)
    h = (x - x.mean(0)) / spread
    return (delta - delta.mean(0) - h * (delta * h).mean(0)) / spread
