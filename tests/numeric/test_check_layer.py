"""Layers that are objects, and one claim at many generated shapes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import strategies as st

from numeric import check_gradient
from numeric.checkers import CheckInputError, check_layer

X = np.random.default_rng(0).normal(size=(4, 3))


class Dense:
    """Keeps x; adds to its gradients; `wrong` says where a mistake is made."""

    def __init__(self, wrong: str = "") -> None:
        random = np.random.default_rng(1)
        self.wrong, self.w, self.b = wrong, random.normal(size=(3, 2)), random.normal(size=2)
        self.c = np.ones(2)
        self.dw, self.db = np.ones((3, 2)), np.ones(2)

    def forward(self, x: Any, scale: float = 1.0) -> Any:
        self.x, self.scale = x, scale
        return scale * (x @ self.w + self.b)

    def backward(self, delta: Any) -> Any:
        delta = self.scale * delta
        self.dw += self.x.T @ delta * (2 if self.wrong == "w" else 1)
        self.db += delta[0] if self.wrong == "b" else delta.sum(axis=0)
        return delta @ self.w.T


class Split:
    """Two outputs, in a tuple or a dict; parameters in a table."""

    def __init__(self, form: type, wrong: bool = False) -> None:
        self.form, self.wrong = form, wrong
        self.params, self.grads = {"gain": np.array([2.0, 3.0, 4.0])}, {}  # type: ignore[var-annotated]

    def forward(self, x: Any) -> Any:
        self.x = x
        parts = {"sum": (x * self.params["gain"]).sum(axis=1), "square": x * x}
        return parts if self.form is dict else tuple(parts.values())

    def backward(self, delta: Any) -> Any:
        first, second = delta.values() if self.form is dict else delta
        self.grads["gain"] = (first[:, None] * self.x).sum(axis=0)
        return first[:, None] * self.params["gain"] + (1 if self.wrong else 2) * second * self.x


@pytest.mark.parametrize("wrong", ["", "w", "b"])
@pytest.mark.parametrize("scale", [1.0, 3.0])
def test_state_parameters_and_keywords(wrong: str, scale: float) -> None:
    """Parameters are found by the names of their gradients; what is wrong is named, the layer left as it was."""
    layer = Dense(wrong)
    report = check_layer(layer, X, scale=scale)
    assert report.checked == ("x", "w", "b")
    assert (report.verdict, report.wrong_in) == (("wrong", (wrong,)) if wrong else ("right", ()))
    assert not hasattr(layer, "x")
    assert (layer.dw == 1).all()


@pytest.mark.parametrize("form", [tuple, dict])
def test_several_outputs_and_a_table_of_parameters(form: type) -> None:
    """Tuples and dicts of outputs are handed back to backward in their own form."""
    assert check_layer(Split(form), X).verdict == "right"
    report = check_layer(Split(form, wrong=True), X)
    assert (report.verdict, report.wrong_in, report.right_in) == ("wrong", ("x",), ("gain",))


def test_a_gradient_that_is_not_left_is_an_error() -> None:
    """With the names that would be found."""
    with pytest.raises(CheckInputError, match="no gradient of c; expected one of the attributes dc, grad_c"):
        check_layer(Dense(), X, parameters=["c"])


def product(x: Any, w: Any) -> Any:
    return x @ w


def transposed(delta: Any, x: Any, w: Any) -> Any:
    """Right where w is 1 by 1 or the batch hides it; wrong from two columns on."""
    return delta @ w.T, (x.T @ delta)[:, ::-1]


SIZES = st.tuples(st.integers(1, 5), st.integers(1, 5), st.integers(1, 5)).map(lambda n: ((n[0], n[1]), (n[1], n[2])))


def drawn(random: np.random.Generator) -> tuple[tuple[int, ...], ...]:
    m, n, k = (int(i) for i in random.integers(1, 6, size=3))
    return (m, n), (n, k)


def test_the_smallest_failing_shape_is_reported() -> None:
    """Hypothesis shrinks to one row, one inner index and two columns; a function's smallest example is kept."""
    report = check_gradient(product, transposed, shapes=SIZES)
    assert (report.verdict, report.at) == ("wrong", "x (1, 1), w (1, 2)")
    assert "[at x (1, 1), w (1, 2)]" in str(report)
    report = check_gradient(product, transposed, shapes=drawn)
    assert report.verdict == "wrong"


@pytest.mark.parametrize("shapes", [SIZES, drawn])
def test_many_shapes_in_one_call(shapes: Any) -> None:
    """Where all pass, the report no longer says that other shapes were not checked."""
    report = check_gradient(product, lambda d, x, w: (d @ w.T, x.T @ d), shapes=shapes, examples=20)
    assert report.verdict == "right"
    assert "20 generated shapes were checked" in report.details
    assert not any("other shapes" in item for item in report.not_checked)


def test_shapes_and_arrays_together_are_refused() -> None:
    """And what is neither a function nor a strategy."""
    with pytest.raises(CheckInputError, match="forward and backward alone"):
        check_gradient(product, transposed, X, shapes=drawn)
    with pytest.raises(CheckInputError, match="expected a function of a random generator"):
        check_gradient(product, transposed, shapes=3)
