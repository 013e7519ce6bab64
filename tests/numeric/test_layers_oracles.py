"""The fast layers against SciPy, PyTorch and JAX: the same table of generated calls as against the loops.

A library that is not installed is skipped by name; a call that it cannot express is counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_layers_reference import CASES, Call, Draw, as_tuple

import numeric.layers as layers
from numeric.oracles import PACKAGES, consult, installed, missing, oracles
from numeric.strategies import integer_arrays, pooling_cases, real_arrays

# answered and skipped calls by oracle, printed when the module is done
TALLY: Counter[str] = Counter()


@pytest.fixture(scope="module", autouse=True)
def _print_tally() -> Iterator[None]:
    yield
    for line, count in sorted(TALLY.items()):
        print(f"{count:6d} {line}")


def drawn_for(layer: str) -> Callable[[Draw], Call]:
    """The generator of a layer's calls; maxima without ties, where every library must agree."""
    if layer == "max_pool_backward":
        return tie_free
    return next(drawn for name, drawn, _ in CASES if name == layer)


def tie_free(draw: Draw) -> Call:
    case = draw(pooling_cases())
    return Call((case.delta, case.x, case.geometry.window), case.geometry.options())


LAYERS = sorted({name for name, _, _ in CASES} & {oracle.layer for oracle in oracles()})


@pytest.mark.parametrize("layer", LAYERS)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_fast_layer_equals_other_libraries(layer: str, data: st.DataObject) -> None:
    """On every generated geometry SciPy and PyTorch compute the same, within rounding, where they are installed."""
    compare(layer, data, ("scipy", "torch"))


@pytest.mark.skipif(not installed("jax"), reason=missing().get("jax", ""))
@pytest.mark.parametrize("layer", sorted({oracle.layer for oracle in oracles() if oracle.package == "jax"}))
@settings(max_examples=4, deadline=None)
@given(data=st.data())
def test_fast_layer_equals_jax(layer: str, data: st.DataObject) -> None:
    """On a few generated geometries JAX computes the same; it compiles for every new shape, hence only a few."""
    compare(layer, data, ("jax",))


def compare(layer: str, data: st.DataObject, packages: tuple[str, ...]) -> None:
    """Draw one call, count who answered it and who did not, and assert that all answers are ours."""
    arguments, options = drawn_for(layer)(data.draw)
    ours = as_tuple(getattr(layers, layer)(*arguments, **options))
    said = consult(layer, *arguments, packages=packages, **options)
    for name in said.answers:
        TALLY[f"{name} compared"] += 1
    for name, reason in said.skipped.items():
        TALLY[f"{name} skipped: {reason}"] += 1
    for name, answer in said.answers.items():
        assert len(answer) <= len(ours), name
        for theirs, mine in zip(answer, ours, strict=False):
            assert theirs.shape == mine.shape, name
            scale = max(1.0, float(np.abs(mine).max(initial=0.0)))
            np.testing.assert_allclose(theirs, mine, rtol=0, atol=1e-9 * scale, err_msg=name)


@pytest.mark.parametrize("name", ["sigmoid", "tanh", "relu", "softplus", "swish"])
@pytest.mark.parametrize("part", ["", " derivative"])
@settings(max_examples=15, deadline=None)
@given(z=real_arrays((9,), exponents=(0, -3, 1)))
def test_activation_equals_other_libraries(name: str, part: str, z: np.ndarray) -> None:
    """Activations and derivatives agree to a relative 1e-12 (PyTorch's softplus is cut off at 20)."""
    fast = getattr(layers, name)
    ours = fast.derivative(z) if part else fast(z)
    for theirs in consult(name + part, z).answers.values():
        np.testing.assert_allclose(theirs[0], ours, rtol=1e-12, atol=np.exp(-20) if name == "softplus" else 1e-15)


@pytest.mark.parametrize("package", PACKAGES)
def test_oracle_answers_where_installed(package: str) -> None:
    """Every installed library answers a plain convolution; one that is not installed is skipped by name."""
    if not installed(package):
        pytest.skip(missing()[package])
    x, w = np.arange(2.0 * 3 * 5).reshape(1, 2, 3, 5), np.arange(2.0 * 2 * 2 * 3).reshape(2, 2, 2, 3)
    said = consult("correlate", x, w)
    assert f"{package}:correlate" in said.answers
    np.testing.assert_array_equal(said.answers[f"{package}:correlate"][0], layers.correlate(x, w))


def test_absent_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """A library that is not installed appears among the skipped, with the way to get it."""
    monkeypatch.setattr("numeric.oracles.installed", lambda package: package != "torch")
    said = consult("kron_layer", np.ones((1, 2)), np.ones((1, 2)))
    assert said.skipped["torch:kron_layer"] == "torch is not installed; pip install torch"
    assert "scipy:kron_layer" in said.answers


def test_unknown_layer_is_refused() -> None:
    """A layer that no library states is an error, not an empty comparison."""
    with pytest.raises(ValueError, match="no oracle states 'nonsense'"):
        consult("nonsense", np.ones(1))


def test_every_layer_is_known_to_some_library() -> None:
    """Layers without an oracle are these, by name: nothing else is left to our own loops alone."""
    alone = {name for name, _, _ in CASES} - {oracle.layer for oracle in oracles()}
    assert alone == {
        "add_bias",
        "add_bias_backward",
        "dropout",
        "dropout_backward",
        "max_pool_margin",
        "max_pool_subgradient",
        "max_pool_ties",
    }


@settings(max_examples=10, deadline=None)
@given(data=st.data())
def test_scipy_modes_are_our_modes(data: st.DataObject) -> None:
    """In one dimension 'valid', 'full' and 'same' are scipy.signal.convolve's, for even and odd kernels."""
    signal: Any = pytest.importorskip("scipy.signal")
    kernel = data.draw(st.integers(1, 5))
    x = data.draw(integer_arrays((data.draw(st.integers(kernel, 8)),)))
    w = data.draw(integer_arrays((kernel,)))
    for mode in ("valid", "full", "same"):
        ours = layers.convolve(x[None, None], w[None, None], mode=mode)[0, 0]
        np.testing.assert_array_equal(ours, signal.convolve(x, w, mode=mode))
        ours = layers.correlate(x[None, None], w[None, None], mode=mode)[0, 0]
        np.testing.assert_array_equal(ours, signal.correlate(x, w, mode=mode))
