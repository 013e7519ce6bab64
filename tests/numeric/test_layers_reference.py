"""The fast layers against the loops of `numeric.reference`: one table, every layer, generated geometries.

Integers must agree exactly; what divides or takes exponentials agrees to a few units of rounding.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import numeric.layers as layers
import numeric.reference as reference
from numeric.strategies import (
    convolution_cases,
    integer_arrays,
    non_symmetric_arrays,
    pooling_cases,
    real_arrays,
)


class Call(NamedTuple):
    """One call: positional and keyword arguments."""

    arguments: tuple[Any, ...]
    options: Mapping[str, Any] = MappingProxyType({})


Draw = Callable[[Any], Any]


def convolution(draw: Draw) -> Call:
    case = draw(convolution_cases())
    b = draw(st.sampled_from((case.b, None)))
    return Call((case.x, case.w, b), case.geometry.options())


def convolution_backward(draw: Draw) -> Call:
    case = draw(convolution_cases())
    return Call((case.delta, case.x, case.w), case.geometry.options())


def pooling(draw: Draw, ties: bool = True) -> Call:
    case = draw(pooling_cases(ties=ties and draw(st.booleans())))
    return Call((case.x, case.geometry.window), case.geometry.options())


def pooling_backward(draw: Draw, **more: Any) -> Call:
    case = draw(pooling_cases(ties=draw(st.booleans())))
    return Call((case.delta, case.x, case.geometry.window), {**case.geometry.options(), **more})


def counted(call: Callable[[Draw], Call]) -> Callable[[Draw], Call]:
    def drawn(draw: Draw) -> Call:
        arguments, options = call(draw)
        return Call(arguments, {**options, "count": draw(st.sampled_from(("window", "inside")))})

    return drawn


def split_ties(draw: Draw) -> Call:
    return pooling_backward(draw, ties="split")


def maps_shape(draw: Draw, most: int = 3) -> tuple[int, ...]:
    rank = draw(st.integers(0, 3))
    return tuple(draw(st.integers(1, most)) for _ in range(2 + rank))


def dense(draw: Draw) -> Call:
    n, i, o = (draw(st.integers(1, 4)) for _ in range(3))
    return Call((draw(integer_arrays((n, i))), draw(non_symmetric_arrays((o, i))), draw(integer_arrays((o,)))))


def dense_backward(draw: Draw) -> Call:
    x, w, _ = dense(draw).arguments
    return Call((draw(integer_arrays((x.shape[0], w.shape[0]))), x, w))


def bias(draw: Draw) -> Call:
    shape = maps_shape(draw)
    return Call((draw(integer_arrays(shape)), draw(integer_arrays(shape[1:2]))))


def bias_backward(draw: Draw) -> Call:
    return Call((draw(integer_arrays(maps_shape(draw))),))


def scores(draw: Draw) -> Call:
    shape = maps_shape(draw)
    return Call((draw(real_arrays(shape, exponents=(0,))),), {"axis": draw(st.integers(-len(shape), len(shape) - 1))})


def scores_backward(draw: Draw) -> Call:
    (z,), options = scores(draw)
    return Call((draw(integer_arrays(z.shape)), z), options)


def loss(draw: Draw) -> Call:
    shape = maps_shape(draw)
    arrays = draw(real_arrays(shape, exponents=(0,))), draw(integer_arrays(shape))
    return Call(arrays, {"reduction": draw(st.sampled_from(("sum", "mean")))})


def batch_norm(draw: Draw) -> Call:
    shape = maps_shape(draw)
    x = draw(real_arrays(shape, exponents=(0,)))
    return Call((x, draw(integer_arrays(shape[1:2])), draw(integer_arrays(shape[1:2]))), {"eps": 0.01})


def batch_norm_backward(draw: Draw) -> Call:
    (x, gamma, _), options = batch_norm(draw)
    return Call((draw(integer_arrays(x.shape)), x, gamma), options)


def response_norm(draw: Draw) -> Call:
    x = draw(integer_arrays((2, draw(st.integers(1, 6)), 2), largest=3))
    return Call((x,), {"size": draw(st.integers(1, 5)), "alpha": 0.5, "beta": 0.75, "k": 2.0})


def response_norm_backward(draw: Draw) -> Call:
    (x,), options = response_norm(draw)
    return Call((draw(integer_arrays(x.shape)), x), options)


def dropout(draw: Draw) -> Call:
    shape = maps_shape(draw)
    mask = (draw(integer_arrays(shape)) > 0).astype(float)
    return Call((draw(integer_arrays(shape)), mask), {"keep": draw(st.sampled_from((1.0, 0.5)))})


def upsampling(draw: Draw) -> Call:
    rank = draw(st.integers(1, 3))
    sizes = tuple(draw(st.integers(1, 3)) for _ in range(rank))
    factor = draw(st.one_of(st.integers(1, 3), st.tuples(*[st.integers(1, 3)] * rank)))
    return Call((draw(integer_arrays((2, 2, *sizes))), factor))


def upsampling_backward(draw: Draw) -> Call:
    x, factor = upsampling(draw).arguments
    return Call((draw(integer_arrays(layers.upsample_nearest(x, factor).shape)), factor))


def kron(draw: Draw) -> Call:
    rank = draw(st.integers(1, 3))
    lead = tuple(draw(st.integers(1, 2)) for _ in range(draw(st.integers(0, 2))))
    sizes = tuple(draw(st.integers(1, 3)) for _ in range(rank))
    kernel = tuple(draw(st.integers(1, 3)) for _ in range(rank))
    return Call((draw(integer_arrays((*lead, *sizes))), draw(non_symmetric_arrays(kernel))))


def kron_backward(draw: Draw) -> Call:
    x, w = kron(draw).arguments
    return Call((draw(integer_arrays(layers.kron_layer(x, w).shape)), x, w))


def transposed(draw: Draw) -> Call:
    case = draw(convolution_cases(modes=(None,)))
    options = case.geometry.options()
    del options["mode"]
    options["output_padding"] = tuple(draw(st.integers(0, s - 1)) for s in options["stride"])
    reach = [s * (a.outputs - 1) + a.extent for s, a in zip(options["stride"], case.geometry.axes, strict=True)]
    # a padding that would leave no row at all is not valid input
    options["pad"] = tuple(p if r > sum(p) else (0, 0) for r, p in zip(reach, options["pad"], strict=True))
    channels = case.geometry.x_shape[1]
    return Call((case.delta, case.w, draw(integer_arrays((channels,)))), options)


def transposed_backward(draw: Draw) -> Call:
    (x, w, _), options = transposed(draw)
    return Call((draw(integer_arrays(layers.transposed_convolution(x, w, **options).shape)), x, w), options)


# layer, how to draw a call, and how far the two may differ in units of eps · (largest entry); None: bit for
# bit
CASES: list[tuple[str, Callable[[Draw], Call], int | None]] = [
    ("correlate", convolution, None),
    ("correlate_backward", convolution_backward, None),
    ("convolve", convolution, None),
    ("convolve_backward", convolution_backward, None),
    ("fft_convolve", convolution, 10_000),
    ("fft_convolve_backward", convolution_backward, 10_000),
    ("sum_pool", pooling, None),
    ("sum_pool_backward", pooling_backward, None),
    ("mean_pool", counted(pooling), None),
    ("mean_pool_backward", counted(pooling_backward), 64),
    ("max_pool", pooling, None),
    ("max_pool_backward", pooling_backward, None),
    ("max_pool_backward", split_ties, 64),
    ("max_pool_ties", pooling, None),
    ("max_pool_margin", pooling, None),
    ("max_pool_subgradient", pooling_backward, None),
    ("dense", dense, None),
    ("dense_backward", dense_backward, None),
    ("add_bias", bias, None),
    ("add_bias_backward", bias_backward, None),
    ("softmax", scores, 64),
    ("softmax_backward", scores_backward, 256),
    ("euclidean_loss", loss, 256),
    ("euclidean_loss_backward", loss, 64),
    ("cross_entropy", loss, 4096),
    ("cross_entropy_backward", loss, 4096),
    ("batch_norm", batch_norm, 4096),
    ("batch_norm_backward", batch_norm_backward, 100_000),
    ("local_response_norm", response_norm, 64),
    ("local_response_norm_backward", response_norm_backward, 1024),
    ("dropout", dropout, None),
    ("dropout_backward", dropout, None),
    ("upsample_nearest", upsampling, None),
    ("upsample_nearest_backward", upsampling_backward, None),
    ("kron_layer", kron, None),
    ("kron_layer_backward", kron_backward, None),
    ("transposed_convolution", transposed, None),
    ("transposed_convolution_backward", transposed_backward, None),
]


def as_tuple(result: Any) -> tuple[Any, ...]:
    return result if isinstance(result, tuple) else (result,)


def assert_agree(fast: Any, slow: Any, units: int | None, terms: int = 1) -> None:
    """Same number of arrays, same shapes, same entries within `units` of rounding for sums of `terms` terms."""
    fast, slow = as_tuple(fast), as_tuple(slow)
    assert len(fast) == len(slow)
    for left, right in zip(fast, slow, strict=True):
        assert np.shape(left) == np.shape(right)
        if units is None:
            np.testing.assert_array_equal(left, right)
        else:
            scale = max(1.0, float(np.max(np.abs(right), initial=0.0)))
            np.testing.assert_allclose(left, right, rtol=0, atol=units * terms * np.finfo(float).eps * scale)


@pytest.mark.parametrize(("name", "drawn", "units"), CASES, ids=[f"{c[0]}-{c[1].__name__}" for c in CASES])
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_fast_layer_equals_its_loop(
    name: str, drawn: Callable[[Draw], Call], units: int | None, data: st.DataObject
) -> None:
    """On every generated geometry the fast layer gives what the loop over its definition gives."""
    arguments, options = drawn(data.draw)
    fast = getattr(layers, name)(*arguments, **options)
    slow = getattr(reference, name)(*arguments, **options)
    assert_agree(fast, slow, units, terms=max(np.size(array) for array in arguments))


@pytest.mark.parametrize("name", [n for n in reference.ACTIVATIONS if n != "leaky_relu"])
@settings(max_examples=20, deadline=None)
@given(z=real_arrays((7,), exponents=(0, -3)))
def test_activation_equals_its_textbook_formula(name: str, z: np.ndarray) -> None:
    """For moderate arguments an activation and its derivative are the textbook's."""
    function, derivative = reference.ACTIVATIONS[name]
    fast = getattr(layers, name)
    np.testing.assert_allclose(fast(z), [function(v) for v in z], rtol=1e-13)
    np.testing.assert_allclose(fast.derivative(z), [derivative(v) for v in z], rtol=1e-12)


def test_leaky_relu_equals_its_textbook_formula() -> None:
    """Leaky ReLU with slope 0.01 is the textbook's."""
    function, derivative = reference.ACTIVATIONS["leaky_relu"]
    z = np.array([-3.0, -0.5, 0.5, 4.0])
    np.testing.assert_array_equal(layers.leaky_relu(0.01)(z), [function(v) for v in z])
    np.testing.assert_array_equal(layers.leaky_relu(0.01).derivative(z), [derivative(v) for v in z])


@pytest.mark.parametrize("kind", ["sum", "mean", "max"])
@pytest.mark.parametrize("per_map", [False, True])
@pytest.mark.parametrize("name", ["identity", "tanh", "relu"])
@settings(max_examples=10, deadline=None)
@given(data=st.data())
def test_pooling_layer_equals_its_loop(kind: str, per_map: bool, name: str, data: st.DataObject) -> None:
    """f(β·down(a) + b) and its three gradients agree with the loops, for one β and for one per map."""
    case = data.draw(pooling_cases())
    shape = case.geometry.x_shape[1:2] if per_map else ()
    # small enough for the textbook's exp(−z)
    beta, b = data.draw(integer_arrays(shape)) / 512, data.draw(integer_arrays(shape)) / 4
    options = {"kind": kind, **case.geometry.options()}
    f = case.geometry.window
    fast, slow = {"activation": getattr(layers, name)}, {"activation": name}
    assert_agree(
        layers.pooling_layer(case.x, beta, b, f, **options, **fast),
        reference.pooling_layer(case.x, beta, b, f, **options, **slow),
        256,
        case.x.size,
    )
    assert_agree(
        layers.pooling_layer_backward(case.delta, case.x, beta, b, f, **options, **fast),
        reference.pooling_layer_backward(case.delta, case.x, beta, b, f, **options, **slow),
        256,
        # each term of dβ is as large as an entry of the input, which is as large as its size
        case.x.size**2,
    )


def test_every_layer_has_its_loop() -> None:
    """A layer without a loop in `numeric.reference`, or without a row in this table, is an omission."""
    helpers = {"Activation", "activation", "leaky_relu", "one_hot", "pool", "pool_backward"}
    activations = set(reference.ACTIVATIONS)
    public = set(layers.__all__) - helpers - activations
    assert public == set(reference.__all__) - {"ACTIVATIONS"}
    assert public - {name for name, _, _ in CASES} == {"pooling_layer", "pooling_layer_backward"}
