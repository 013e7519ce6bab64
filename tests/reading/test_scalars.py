"""Real arguments: numbers and conditions in `--given`, and what runs are at."""

from __future__ import annotations

import random
from fractions import Fraction
from pathlib import Path

import pytest

from derivations.language.errors import InputError
from derivations.reading.document import context_text
from derivations.reading.prove import LayerVerdict, prove_layer
from derivations.reading.scalars import drawn
from derivations.reading.showing import verdict_lines
from derivations.reading.signature import parse_signature

LEAKY = """
import numpy as np


def forward(x, a=1e-3):
    return np.maximum(a * x, x), (x, a)


def backward(dout, cache):
    x, a = cache
    dx = dout.copy()
    dx[x < 0] *= a
    return dx


def scaled(x, a):
    return a * x


def scaled_backward(dout, x, a):
    return a * dout
"""


@pytest.fixture
def layer(tmp_path: Path) -> Path:
    """The code as a file."""
    path = tmp_path / "leaky.py"
    path.write_text(LEAKY)
    return path


def proved(layer: Path, given: str, name: str = "", run: bool = True) -> LayerVerdict:
    forward, backward = (name, f"{name}_backward") if name else ("forward", "backward")
    return prove_layer(f"{layer}:{forward}", f"{layer}:{backward}", given, run)


@pytest.mark.parametrize("given", ["x: n", "x: n; a = 0.25", "x: n; a = 1/3"])
def test_a_leaky_rectifier_is_proved_at_a_number(layer: Path, given: str) -> None:
    """The slope is the default of the code, or a real number of `--given`."""
    found = proved(layer, given)
    assert found.word == "proved"
    assert found.agreement is not None
    assert found.agreement.shapes >= 30


def test_a_leaky_rectifier_of_any_slope_is_false_where_the_slope_is_above_one(layer: Path) -> None:
    """max(a·x, x) has slope a at x > 0 where a > 1: the counterexample says which a."""
    (gradient,) = proved(layer, "x: n; a: scalar").gradients
    assert gradient.word == "refuted"  # at every size some slope fails
    assert gradient.counterexample is not None
    slope = Fraction(gradient.counterexample.scalars["a"])
    assert slope > 1 or slope < 0
    assert any(f"a = {slope}" in line for line in verdict_lines(proved(layer, "x: n; a: scalar"), show=False))


def test_conditions_on_real_arguments_are_assumptions_of_the_reading(layer: Path) -> None:
    """They stand before or behind what they are about, and are no sizes."""
    found = proved(layer, "a > 1/2; x: n; a: scalar", "scaled", run=False)
    assert found.word == "proved"
    text = context_text(found.cases[0].reading)
    assert "assume a > (1 / 2)" in text
    assert list(found.cases[0].reading.signature.dims) == ["n"]


def test_runs_are_at_numbers_that_meet_the_conditions() -> None:
    """Every number drawn is between the bounds, and they are not all the same."""
    signature = parse_signature("a: scalar; b: scalar; a > 1e-3; a < b; b < 1")
    found = [drawn(signature.scalars, signature.assumed, random.Random(seed), False) for seed in range(20)]
    assert all(Fraction(1, 1000) < one["a"] < one["b"] < 1 for one in found)
    assert len({tuple(one.values()) for one in found}) > 3


@pytest.mark.parametrize("given", ["x: n; a: scalar; a > n", "a: scalar; a > 0 or a < -1", "a: scalar; a // 2 > 0"])
def test_other_conditions_on_real_arguments_are_refused(given: str) -> None:
    """A condition compares real arguments with each other and with numbers."""
    with pytest.raises(InputError, match="no condition on real arguments"):
        parse_signature(given)


def test_conditions_that_no_number_meets_are_said() -> None:
    """a < 0 and a > 1."""
    signature = parse_signature("a: scalar; a < 0; a > 1")
    with pytest.raises(InputError, match="no numbers were found at which a < 0; a > 1"):
        drawn(signature.scalars, signature.assumed, random.Random(0), True)


def test_a_reading_without_obligations_does_not_speak_of_them(layer: Path) -> None:
    """The last line says at how many shapes reading and code agreed, no more."""
    *_, last = verdict_lines(proved(layer, "x: n"), show=False)
    assert last == "reading and code agreed at 32 shapes, up to rounding"
