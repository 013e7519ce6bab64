"""Every gradient against the complex step of its forward layer, entry by entry and for every argument.

f(x + ih) = f(x) + ih f'(x) + O(h²): with h = 1e-200 the imaginary part over h is the derivative to rounding
[Squire & Trapp 1998]. The step needs no tolerance chosen by hand, but a forward layer that takes complex
numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import numeric.layers as layers
from numeric.strategies import convolution_cases, integer_arrays, pooling_cases, real_arrays

Array = Any
STEP = 1e-200


def assert_gradients(
    forward: Callable[..., Array], arrays: tuple[Array, ...], delta: Array, claimed: tuple[Array, ...]
) -> None:
    """∂⟨delta, forward(*arrays)⟩ by the complex step equals the claimed gradient in every entry of every array."""
    assert len(arrays) == len(claimed)
    for number, (array, gradient) in enumerate(zip(arrays, claimed, strict=True)):
        assert gradient.shape == array.shape
        true = np.zeros(array.shape)
        for place in np.ndindex(*array.shape):
            moved = array.astype(complex)
            moved[place] += STEP * 1j
            y = forward(*arrays[:number], moved, *arrays[number + 1 :])
            true[place] = ((y * delta).sum()).imag / STEP
        scale = max(1.0, float(np.abs(true).max(initial=0.0)))
        np.testing.assert_allclose(gradient, true, rtol=0, atol=1e-12 * scale, err_msg=f"argument {number}")


SMALL = {"ranks": (1, 2), "max_maps": 2, "max_slack": 2, "max_batch": 1}


@pytest.mark.parametrize(
    ("forward", "backward"),
    [
        (layers.correlate, layers.correlate_backward),
        (layers.convolve, layers.convolve_backward),
        (layers.fft_convolve, layers.fft_convolve_backward),
    ],
    ids=["correlate", "convolve", "fft_convolve"],
)
@settings(max_examples=10, deadline=None)
@given(data=st.data())
def test_convolutions(forward: Callable[..., Array], backward: Callable[..., Any], data: st.DataObject) -> None:
    """Input, kernel and bias gradients of the three convolutions are the complex step's."""
    case = data.draw(convolution_cases(**SMALL))
    options = case.geometry.options()
    claimed = backward(case.delta, case.x, case.w, **options)
    assert_gradients(lambda *a: forward(*a, **options), (case.x, case.w, case.b), case.delta, claimed)


@settings(max_examples=10, deadline=None)
@given(data=st.data())
def test_transposed_convolution(data: st.DataObject) -> None:
    """Input, kernel and bias gradients of the transposed convolution are the complex step's."""
    case = data.draw(convolution_cases(modes=(None,), max_pad=0, **SMALL))
    options = {key: value for key, value in case.geometry.options().items() if key not in ("mode", "pad")}
    arrays = (case.delta, case.w, data.draw(integer_arrays(case.geometry.x_shape[1:2])))
    y = layers.transposed_convolution(*arrays, **options)
    delta = data.draw(integer_arrays(y.shape))
    claimed = layers.transposed_convolution_backward(delta, arrays[0], case.w, **options)
    assert_gradients(lambda *a: layers.transposed_convolution(*a, **options), arrays, delta, claimed)


@pytest.mark.parametrize("kind", ["sum", "mean", "max"])
@pytest.mark.parametrize("name", ["identity", "sigmoid", "tanh", "relu", "softplus", "swish"])
@settings(max_examples=6, deadline=None)
@given(data=st.data())
def test_pooling_layers(kind: str, name: str, data: st.DataObject) -> None:
    """Gradients of f(β·down(a) + b) for a, β and b are the complex step's, for every activation and kind."""
    case = data.draw(pooling_cases(ranks=(1, 2), max_slack=2))
    shape = case.x.shape[1:2]
    # b is a half of an odd number of 64ths, so that no argument stands on a kink
    beta, b = data.draw(integer_arrays(shape)) / 16, data.draw(integer_arrays(shape)) + 1 / 128
    f = case.geometry.window
    options = {**case.geometry.options(), "kind": kind, "activation": getattr(layers, name)}
    claimed = layers.pooling_layer_backward(case.delta, case.x, beta, b, f, **options)
    assert_gradients(lambda *a: layers.pooling_layer(*a, f, **options), (case.x, beta, b), case.delta, claimed)


def normalised(draw: Callable[[Any], Any]) -> tuple[Array, Array]:
    shape = draw(st.sampled_from(((3, 2), (2, 2, 3), (2, 1, 2, 2))))
    return draw(real_arrays(shape, exponents=(0,))), draw(integer_arrays(shape))


@settings(max_examples=10, deadline=None)
@given(data=st.data())
def test_batch_norm(data: st.DataObject) -> None:
    """Gradients of batch normalisation for x, γ and β are the complex step's."""
    x, delta = normalised(data.draw)
    gamma, beta = data.draw(integer_arrays(x.shape[1:2])), data.draw(integer_arrays(x.shape[1:2]))
    claimed = layers.batch_norm_backward(delta, x, gamma, eps=0.1)
    assert_gradients(lambda *a: layers.batch_norm(*a, eps=0.1), (x, gamma, beta), delta, claimed)


@settings(max_examples=10, deadline=None)
@given(data=st.data())
def test_local_response_norm(data: st.DataObject) -> None:
    """The gradient of local response normalisation is the complex step's, for odd and even windows."""
    x = data.draw(integer_arrays((2, data.draw(st.integers(1, 6))), largest=3))
    options = {"size": data.draw(st.integers(1, 6)), "alpha": 0.5, "beta": 0.75, "k": 2.0}
    delta = data.draw(integer_arrays(x.shape))
    claimed = layers.local_response_norm_backward(delta, x, **options)
    assert_gradients(lambda x: layers.local_response_norm(x, **options), (x,), delta, (claimed,))


@pytest.mark.parametrize("reduction", ["sum", "mean"])
@pytest.mark.parametrize("name", ["euclidean_loss", "cross_entropy"])
@settings(max_examples=10, deadline=None)
@given(data=st.data())
def test_losses(name: str, reduction: str, data: st.DataObject) -> None:
    """Gradients of the losses are the complex step's, for targets that need not sum to 1."""
    y, target = normalised(data.draw)
    claimed = getattr(layers, f"{name}_backward")(y, target, reduction=reduction)
    forward = getattr(layers, name)
    assert_gradients(lambda y: forward(y, target, reduction=reduction), (y,), np.ones(()), (claimed,))


@settings(max_examples=10, deadline=None)
@given(data=st.data())
def test_softmax(data: st.DataObject) -> None:
    """The gradient of softmax along any axis is the complex step's."""
    z, delta = normalised(data.draw)
    axis = data.draw(st.integers(0, z.ndim - 1))
    claimed = layers.softmax_backward(delta, z, axis)
    assert_gradients(lambda z: layers.softmax(z, axis), (z,), delta, (claimed,))


@pytest.mark.parametrize("name", ["sigmoid", "softplus", "swish"])
@given(z=real_arrays((11,), exponents=(0, 1)))
@settings(max_examples=20, deadline=None)
def test_activation_slopes_keep_every_digit(name: str, z: Array) -> None:
    """f' agrees with the complex step to a relative 1e-13 even where s(1 − s) would have no digit left.

    (The derivative of swish is a sum that crosses 0 once; there the digits are those of its terms.)
    """
    fast = getattr(layers, name)
    error = np.abs(fast.derivative(z) - fast(z + STEP * 1j).imag / STEP)
    terms = layers.sigmoid(z) + np.abs(z) * layers.sigmoid.derivative(z)
    assert (error <= 1e-13 * (terms if name == "swish" else fast.derivative(z))).all()


@given(z=real_arrays((11,), exponents=(0, 1)))
@settings(max_examples=20, deadline=None)
def test_slope_of_tanh_keeps_every_digit(z: Array) -> None:
    """tanh' is 1/cosh² to a relative 1e-13, where 1 − tanh² would have no digit left.

    (Not by the complex step here: NumPy's complex tanh is exactly 1 for large arguments.)
    """
    np.testing.assert_allclose(layers.tanh.derivative(z), 1 / np.cosh(z) ** 2, rtol=1e-13)


@settings(max_examples=10, deadline=None)
@given(data=st.data())
def test_dense_and_kron(data: st.DataObject) -> None:
    """Gradients of the dense layer and of the Kronecker layer are the complex step's."""
    x, w, b = (data.draw(integer_arrays(shape)) for shape in ((3, 4), (2, 4), (2,)))
    delta = data.draw(integer_arrays((3, 2)))
    assert_gradients(layers.dense, (x, w, b), delta, layers.dense_backward(delta, x, w))
    delta = data.draw(integer_arrays((6, 16)))
    assert_gradients(layers.kron_layer, (x, w), delta, layers.kron_layer_backward(delta, x, w))


def test_complex_step_survives_a_tiny_step_in_the_fourier_layer() -> None:
    """A step of 1e-200 is not drowned by the rounding of the real part: parts are transformed separately."""
    x, w = np.arange(1.0, 7.0).reshape(1, 1, 6), np.array([[[2.0, -1.0]]])
    y = layers.fft_convolve(x + 1e-200j, w)
    np.testing.assert_allclose(y.imag / 1e-200, np.full((1, 1, 5), 1.0), rtol=1e-14)
