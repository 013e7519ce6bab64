"""Derivatives of known functions of composite arguments: at different places they are different unknowns."""

from __future__ import annotations

import pytest

from derivations import given
from derivations.entries.matrices import Explicit
from derivations.steps.derivation import judge_equation

FUNCTIONS = (
    "tanh(u + v)", "sigmoid(u + v)", "softplus(u - v)", "exp(u + v)", "sigmoid(2*u)", "tanh(u * v)", "log(u**2 + v**2)",
    "log(1 + exp(u))", "sqrt(u**2 + 1)", "log(1 - sigmoid(u))", "sqrt(sum(v**2) + u)", "tanh(conv(u, v, same))",
)  # fmt: skip
FACTORS = ("1 + 0*u", "u", "v", "exp(u)", "u + v")


@pytest.mark.parametrize("function", FUNCTIONS)
def test_entries_at_different_places_are_not_one(function: str) -> None:
    """g[0] r[1] == g[1] r[0] for the gradient g of a sum of known functions and another tensor r is false, and the
    kernel alone does not prove it."""
    context = given(f"dims n where n >= 2\ntensor u[n], v[n]\nJ = sum({function})")
    for factor in FACTORS:
        left = context.parse(f"grad(J, u)[0] * ({factor})[1]")
        right = context.parse(f"grad(J, u)[1] * ({factor})[0]")
        explicit = Explicit({"n": 2})
        assert (explicit.grid(left)[()] - explicit.grid(right)[()]).expand() != 0, "the claim is to be false"
        assert judge_equation(context.context, left, right).verdict != "proved", (function, factor)


@pytest.mark.parametrize(
    ("function", "gradient"),
    [
        ("log(1 + exp(u))", "exp(u) / (1 + exp(u))"),
        ("log(1 - sigmoid(u))", "-sigmoid'(u) / (1 - sigmoid(u))"),
        ("sqrt(u**2 + 1)", "u / sqrt(u**2 + 1)"),
        ("tanh(u + v)", "1 - tanh(u + v)**2"),
        ("softplus(u * v)", "sigmoid(u * v) * v"),
        ("log(u**2 + v**2)", "2*u / (u**2 + v**2)"),
    ],
)
def test_textbook_derivatives_of_composite_arguments(function: str, gradient: str) -> None:
    """The derivatives that every table prints are proved."""
    context = given(f"dims n\ntensor u[n], v[n]\nJ = sum({function})")
    left, right = context.parse("grad(J, u)"), context.parse(gradient)
    assert judge_equation(context.context, left, right).verdict == "proved"
