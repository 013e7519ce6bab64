"""Chains whose stages have backward functions: each is checked by itself, and their composition is the claim."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks import chains
from numeric import layers
from numeric.checkers import CheckInputError, GradientReport, Stage, check_chain

CHAIN = chains.chain()
NET = CHAIN.network
X = np.random.default_rng(0).normal(size=(2, 3))
W, V = np.random.default_rng(1).normal(size=(2, 3, 3))

DENSE = Stage(lambda x, w: x @ w, 1, "dense", lambda delta, x, w: (delta @ w.T, x.T @ delta))
TANH = Stage(np.tanh, 0, "tanh", lambda delta, x: delta / np.cosh(x) ** 2)
RELU = Stage(lambda x: np.maximum(x, 0), 0, "relu", lambda delta, x: delta * (x > 0))


def run(stages: list[Stage], *arrays: Any, change: Callable[..., Any] = lambda g: g) -> GradientReport:
    """The report on a chain of dense layers with something in between, its gradient changed by `change`."""
    middle = next(stage for stage in stages if stage.parameters == 0)

    def forward(x: Any, w: Any, v: Any) -> Any:
        return middle.forward(x @ w) @ v

    def backward(delta: Any, x: Any, w: Any, v: Any) -> Any:
        z = x @ w
        right = {"tanh": 1 / np.cosh(z) ** 2, "relu": z > 0}[middle.name]
        inner = (delta @ v.T) * right
        return change([inner @ w.T, x.T @ inner, middle.forward(z).T @ delta])

    return check_chain(forward, backward, stages, *(arrays or (X, W, V)))


def test_lenet_is_right_and_names_its_methods() -> None:
    """LeNet-5 passes: convolutions, pooling and dense layers with integers, tanh by the complex step."""
    report = check_chain(NET.forward, NET.backward, CHAIN.linked, *CHAIN.arrays)
    assert report.verdict == "right"
    assert report.every_entry
    assert report.entries == 62_730
    assert "exact integers, zero tolerance (8)" in report.method
    assert "complex step (4)" in report.method


@settings(max_examples=20, deadline=None)
@given(st.data())
def test_an_error_of_1e_12_in_any_usual_entry_is_wrong(data: st.DataObject) -> None:
    """One entry off by a relative 1e-12, if not far smaller than usual in its array, is named and nothing else is."""
    right = NET.backward(np.ones((1, 10)), *CHAIN.arrays)
    k = data.draw(st.integers(0, len(right) - 1))
    usual = np.argwhere(np.abs(right[k]) >= 0.1 * np.sqrt((right[k] ** 2).mean()))
    place = tuple(usual[data.draw(st.integers(0, len(usual) - 1))])

    def wrong(delta: Any, *arrays: Any) -> Any:
        gradients = [np.array(g) for g in NET.backward(delta, *arrays)]
        gradients[k][place] *= 1 + 1e-12
        return gradients

    report = check_chain(NET.forward, wrong, CHAIN.linked, *CHAIN.arrays)
    # another sensitivity may make the entry small; that is left open, never passed
    assert report.verdict == "wrong" or (report.verdict == "undecided" and report.wrong_count == 0)
    if report.wrong:
        assert [(entry.argument, entry.index) for entry in report.wrong] == [(NET_NAMES[k], place)]


NET_NAMES = check_chain(NET.forward, NET.backward, CHAIN.linked, *CHAIN.arrays).checked


@pytest.mark.parametrize("middle", [TANH, RELU], ids=lambda stage: stage.name)
def test_a_gradient_computed_in_another_order_is_right(middle: Stage) -> None:
    """A claim that rounds otherwise than the composition does is no mistake."""
    assert run([DENSE, middle, DENSE]).verdict == "right"

    def otherwise(gradients: list[Any]) -> list[Any]:
        return [np.sum([g / 3, g / 3, g / 3], axis=0) for g in gradients]

    assert run([DENSE, middle, DENSE], change=otherwise).verdict == "right"


@pytest.mark.parametrize("position", [0, 1, 2])
def test_a_wrong_stage_is_named(position: int) -> None:
    """A stage whose backward is off by a relative 1e-9 makes the chain wrong, under the stage's name."""
    stages = [DENSE, TANH, replace(DENSE, name="last")]
    right = stages[position].backward
    assert right is not None

    def off(delta: Any, *arrays: Any) -> Any:
        found = right(delta, *arrays)
        first, *rest = found if isinstance(found, tuple) else (found,)
        return (first * (1 + 1e-9), *rest)

    stages[position] = replace(stages[position], backward=off)
    report = run(stages)
    assert report.verdict == "wrong"
    assert stages[position].name in report.guess


def test_two_mistakes_that_cancel_are_seen() -> None:
    """Stages whose mistakes undo each other are wrong, though the chain's gradient of x is right."""
    double = replace(TANH, backward=lambda delta, x: 2 * delta / np.cosh(x) ** 2)
    half = replace(DENSE, name="half", backward=lambda delta, x, w: (delta @ w.T / 2, x.T @ delta))
    report = run([DENSE, double, half])
    assert report.verdict == "wrong"
    assert "scaled by the constant 2" in report.guess
    assert "scaled by the constant 1/2" in report.guess


def test_stages_that_share_the_claims_mistake_are_wrong() -> None:
    """A claim that is the composition of wrong stages is wrong."""
    transposed = replace(DENSE, name="first", backward=lambda delta, x, w: (delta @ w, x.T @ delta))

    def backward(delta: Any, x: Any, w: Any) -> Any:
        return delta @ w, x.T @ delta

    report = check_chain(lambda x, w: x @ w, backward, [transposed], X, W)
    assert report.verdict == "wrong"
    assert report.guess == "first: x: right with w transposed"


def test_a_stage_at_a_kink_leaves_the_chain_with_its_interval() -> None:
    """A ReLU that stands at 0 is reported under its stage's name."""
    report = run([DENSE, RELU, DENSE], np.zeros((2, 3)), W, V)
    assert report.verdict == "right"
    outside = replace(RELU, backward=lambda delta, x: delta * np.where(x == 0, 3, x > 0))
    report = check_chain(outside.forward, outside.backward, [outside], np.array([0.0, 1.0]))  # type: ignore[arg-type]
    assert report.verdict == "undecided"
    assert report.kinks[0].argument == "relu: x"


def test_a_stage_of_the_wrong_shape_is_an_error() -> None:
    """A stage's backward that returns too few gradients is named, with both shapes."""
    with pytest.raises(CheckInputError, match=r"dense returned shapes .* expected one gradient for each"):
        run([replace(DENSE, backward=lambda delta, x, w: delta @ w.T), TANH, DENSE])


def test_without_all_backward_functions_the_forward_ones_are_differentiated() -> None:
    """One stage without a backward: every entry is measured from the forward functions, as ever."""
    report = run([DENSE, Stage(np.tanh, 0, "tanh"), DENSE])
    assert report.verdict == "right"
    assert report.method == "complex step, stage by stage"


def test_single_precision_chains_pass() -> None:
    """A convolution and a mean pooling in float32 are right."""
    random = np.random.default_rng(0)
    x, w = (random.normal(size=shape).astype(np.float32) for shape in ((2, 2, 6, 6), (3, 2, 3, 3)))
    stages = [
        Stage(lambda x, w: layers.correlate(x, w), 1, "conv", lambda d, x, w: layers.correlate_backward(d, x, w)[:2]),
        Stage(lambda x: layers.mean_pool(x, 2), 0, "pool", lambda d, x: layers.mean_pool_backward(d, x, 2)),
    ]

    def backward(delta: Any, x: Any, w: Any) -> Any:
        z = layers.correlate(x, w)
        return layers.correlate_backward(layers.mean_pool_backward(delta, z, 2), x, w)[:2]

    assert (
        check_chain(lambda x, w: layers.mean_pool(layers.correlate(x, w), 2), backward, stages, x, w).verdict == "right"
    )
