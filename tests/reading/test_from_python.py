"""From Python: `prove`, the decorator, annotations, and `assert_gradient`, which says how it knows."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

import derivations
from derivations.language.errors import InputError

CODE = '''
import numpy as np


def forward(x: Float[Array, "n m"], w: Float[Array, "m k"]):
    return x @ w


def backward(dy, x, w):
    return dy @ w.T, x.T @ dy


def wrong(dy, x, w):
    return dy @ w.T, x.T @ dy / len(x)


def smoothed(x):
    y = np.zeros_like(x)
    last = 0.0
    for i in range(len(x)):
        last = last / 2 + x[i]
        y[i] = last
    return y


def smoothed_backward(dy, x):
    dx = np.zeros_like(x)
    last = 0.0
    for i in range(len(x)):
        last = last / 2 + dy[len(x) - 1 - i]
        dx[len(x) - 1 - i] = last
    return dx


def smoothed_wrong(dy, x):
    return dy
'''


@pytest.fixture
def layer(tmp_path: Path) -> ModuleType:
    """The code as a module of a file."""
    path = tmp_path / "a_layer_of_this_test.py"
    path.write_text("from __future__ import annotations\n" + CODE)
    spec = importlib.util.spec_from_file_location("a_layer_of_this_test", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_shapes_come_from_annotations(layer: ModuleType) -> None:
    """Float[Array, "n m"] says the sizes; the verdict is that of the command."""
    found = derivations.prove(layer.forward, layer.backward)
    assert [one.word for one in found.gradients] == ["proved", "proved"]


def test_the_decorator_leaves_the_function_as_it_is(layer: ModuleType) -> None:
    """It gives the function a method, and runs nothing before that is called."""
    marked = derivations.gradient_of(layer.forward)(layer.wrong)
    assert marked is layer.wrong
    words = {one.argument: (one.word, one.holds_where) for one in marked.prove(run=False).gradients}
    assert words == {"x": ("proved", None), "w": ("holds where", "n == 1")}


def test_assert_gradient_says_proved(layer: ModuleType) -> None:
    """A layer that is read is proved, and a wrong one is an AssertionError with its shape."""
    assert derivations.assert_gradient(layer.forward, layer.backward).how == "proved"
    with pytest.raises(AssertionError, match="n = 2"):
        derivations.assert_gradient(layer.forward, layer.wrong)


def test_assert_gradient_checks_what_is_refused(layer: ModuleType) -> None:
    """State carried through a loop is refused, and then checked in numbers at generated shapes."""
    found = derivations.assert_gradient(layer.smoothed, layer.smoothed_backward, given="x: n", shapes=8)
    assert found.how == "checked"
    assert found.shapes >= 4
    assert "carries its value" in found.reason
    with pytest.raises(AssertionError):
        derivations.assert_gradient(layer.smoothed, layer.smoothed_wrong, given="x: n", shapes=8)


def test_a_function_without_a_file_is_no_layer() -> None:
    """The source must be there to be read."""
    with pytest.raises(ValueError, match="no function or class of a module"):
        derivations.prove(lambda x: x, lambda d, x: d, given="x: n")


def test_wrong_given_is_an_input_error(layer: ModuleType) -> None:
    """Not a refusal of the code."""
    with pytest.raises(InputError):
        derivations.assert_gradient(layer.smoothed, layer.smoothed_backward, given="x: conv")
