"""Unfriendly input: data types, memory layouts, empty arrays, huge numbers, NaN and ∞, and wrong shapes.

Each is computed rightly or refused with a message that names both sides.
"""

from __future__ import annotations

import subprocess
import sys
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import numeric.layers as layers
from numeric.strategies import convolution_cases, layouts, pooling_cases

Array = Any


def calls(dtype: Any) -> list[tuple[str, Any]]:
    """Every layer on small input of one data type, as (name, result)."""
    x = (np.arange(2 * 2 * 4 * 5).reshape(2, 2, 4, 5) % 7).astype(dtype)
    w, c = (np.arange(3 * 2 * 2 * 3).reshape(3, 2, 2, 3) % 5).astype(dtype), np.arange(3).astype(dtype)
    d = np.ones((2, 3, 3, 3), dtype=dtype)
    rows, matrix = x.reshape(2, 40), w.reshape(6, 6)
    pooled = np.ones((2, 2, 2, 2), dtype=dtype)
    pair = np.arange(1, 3).astype(dtype)
    return [
        ("correlate", layers.correlate(x, w, c)),
        ("correlate_backward", layers.correlate_backward(d, x, w)),
        ("convolve", layers.convolve(x, w, c, mode="same", stride=2)),
        ("convolve_backward", layers.convolve_backward(d, x, w)),
        ("transposed_convolution", layers.transposed_convolution(d, w, stride=2)),
        ("transposed_backward", layers.transposed_convolution_backward(x, np.ones((2, 3, 3, 3), dtype), w)),
        ("sum_pool", layers.sum_pool(x, 2)),
        ("sum_pool_backward", layers.sum_pool_backward(pooled, x, 2)),
        ("mean_pool", layers.mean_pool(x, 2, ceil=True, count="inside")),
        ("mean_pool_backward", layers.mean_pool_backward(pooled, x, 2)),
        ("max_pool", layers.max_pool(x, 3, stride=1, pad=1)),
        ("max_pool_backward", layers.max_pool_backward(pooled, x, 2)),
        ("pooling_layer", layers.pooling_layer(x, pair, pair, 2, activation=layers.tanh)),
        ("pooling_layer_backward", layers.pooling_layer_backward(pooled, x, pair, pair, 2)),
        ("dense", layers.dense(rows[:, :6], matrix)),
        ("dense_backward", layers.dense_backward(rows[:, :6], rows[:, 6:12], matrix)),
        ("add_bias", layers.add_bias(x, pair)),
        ("softmax", layers.softmax(rows)),
        ("softmax_backward", layers.softmax_backward(rows, rows)),
        ("euclidean_loss", layers.euclidean_loss(rows, rows + 1)),
        ("cross_entropy", layers.cross_entropy(rows, rows)),
        ("cross_entropy_backward", layers.cross_entropy_backward(rows, rows)),
        ("batch_norm", layers.batch_norm(x, pair, pair)),
        ("batch_norm_backward", layers.batch_norm_backward(x, x, pair)),
        ("local_response_norm", layers.local_response_norm(x)),
        ("local_response_norm_backward", layers.local_response_norm_backward(x, x)),
        ("dropout", layers.dropout(x, (x > 2).astype(dtype), keep=0.5)),
        ("upsample_nearest", layers.upsample_nearest(x, 2)),
        ("upsample_nearest_backward", layers.upsample_nearest_backward(x[..., :4], 2)),
        ("kron_layer", layers.kron_layer(x, matrix)),
        ("kron_layer_backward", layers.kron_layer_backward(np.ones((2, 2, 24, 30), dtype), x, matrix)),
        ("fft_convolve", layers.fft_convolve(x, w, c)),
        ("fft_convolve_backward", layers.fft_convolve_backward(d, x, w)),
        *((f"{a.name}", a(x)) for a in ACTIVATIONS),
        *((f"{a.name}'", a.derivative(x)) for a in ACTIVATIONS),
    ]


ACTIVATIONS = (
    layers.identity,
    layers.sigmoid,
    layers.tanh,
    layers.relu,
    layers.leaky_relu(0.1),
    layers.softplus,
    layers.swish,
)


def flat(result: Any) -> list[Array]:
    return list(result) if isinstance(result, tuple) else [result]


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex128])
def test_precision_is_kept(dtype: Any) -> None:
    """float32 stays float32 through every layer and gradient, float64 stays float64, complex stays complex."""
    for name, result in calls(dtype):
        for array in flat(result):
            assert array.dtype == dtype, name


def test_float32_agrees_with_float64() -> None:
    """float32 results are the float64 ones to float32's rounding."""
    for (name, single), (_, double) in zip(calls(np.float32), calls(np.float64), strict=True):
        for left, right in zip(flat(single), flat(double), strict=True):
            scale = max(1.0, float(np.abs(right).max()))
            np.testing.assert_allclose(left, right, rtol=0, atol=2e-5 * scale, err_msg=name)


EXACT = (
    "correlate",
    "convolve",
    "transposed",
    "sum_pool",
    "max_pool",
    "dense",
    "add_bias",
    "upsample",
    "kron",
    "relu",
)


@pytest.mark.parametrize("dtype", [np.int64, np.int8, np.uint8, bool])
def test_integers_are_exact(dtype: Any) -> None:
    """Multilinear layers of integers of any width give int64, equal to the float64 result; nothing wraps at 8 bits."""
    for (name, whole), (_, double) in zip(calls(dtype), calls(np.float64), strict=True):
        if name.startswith(EXACT) and dtype is not bool:
            for left, right in zip(flat(whole), flat(double), strict=True):
                assert left.dtype == np.int64, name
                np.testing.assert_array_equal(left, right, err_msg=name)


def test_eight_bit_images_do_not_overflow() -> None:
    """255 · 255 · 9 is computed, not wrapped."""
    image = np.full((1, 1, 3, 3), 255, dtype=np.uint8)
    assert layers.correlate(image, image) == 255 * 255 * 9
    assert layers.sum_pool(image, 3) == 255 * 9


def test_fractions_are_exact() -> None:
    """Arrays of fractions pass through convolution, pooling and dense layers without rounding."""
    x = np.array([Fraction(1, n) for n in range(1, 7)], dtype=object).reshape(1, 1, 6)
    w = np.array([Fraction(1, 3), Fraction(-1, 7)], dtype=object).reshape(1, 1, 2)
    assert layers.correlate(x, w)[0, 0, 0] == Fraction(1, 3) - Fraction(1, 14)
    assert layers.mean_pool(x, 3)[0, 0, 1] == Fraction(1, 4) / 3 + Fraction(1, 5) / 3 + Fraction(1, 6) / 3
    dx, dw, _ = layers.correlate_backward(layers.correlate(x, w), x, w)
    assert (dx * x).sum() == (dw * w).sum() == (layers.correlate(x, w) ** 2).sum()
    assert layers.dense(x[0], x[0]).item() == sum(Fraction(1, n * n) for n in range(1, 7))


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_memory_layout_does_not_matter(data: st.DataObject) -> None:
    """Read-only, Fortran-ordered, strided and reversed arrays give the same results and are left unchanged."""
    case = data.draw(convolution_cases(max_batch=2))
    options = case.geometry.options()
    x, w, d = (data.draw(layouts(a)) for a in (case.x, case.w, case.delta))
    np.testing.assert_array_equal(layers.convolve(x, w, **options), layers.convolve(case.x, case.w, **options))
    for ours, plain in zip(
        layers.convolve_backward(d, x, w, **options),
        layers.convolve_backward(case.delta, case.x, case.w, **options),
        strict=True,
    ):
        np.testing.assert_array_equal(ours, plain)
    pooled = data.draw(pooling_cases())
    y, f, options = data.draw(layouts(pooled.x)), pooled.geometry.window, pooled.geometry.options()
    np.testing.assert_array_equal(layers.max_pool(y, f, **options), layers.max_pool(pooled.x, f, **options))
    np.testing.assert_array_equal(
        layers.max_pool_backward(data.draw(layouts(pooled.delta)), y, f, **options),
        layers.max_pool_backward(pooled.delta, pooled.x, f, **options),
    )
    np.testing.assert_array_equal(x, case.x)
    np.testing.assert_array_equal(y, pooled.x)


def test_results_own_their_memory() -> None:
    """Writing into a result never changes an input."""
    x = np.ones((1, 1, 4))
    for result in (layers.correlate(x, np.ones((1, 1, 1))), layers.sum_pool(x, 1), layers.max_pool(x, 1)):
        assert not np.shares_memory(result, x)
    delta = np.ones((1, 1, 4))
    assert not np.shares_memory(layers.sum_pool_backward(delta, x, 1), delta)
    assert not np.shares_memory(layers.add_bias_backward(delta)[0], delta)
    assert not np.shares_memory(layers.identity(x), x)
    assert not np.shares_memory(layers.upsample_nearest(x, 1), x)


def test_empty_batch_and_missing_maps() -> None:
    """A batch of no samples gives empty outputs and zero kernel gradients; no channels give the bias alone."""
    x, w, b = np.zeros((0, 2, 5)), np.ones((3, 2, 2)), np.arange(3.0)
    y = layers.correlate(x, w, b)
    assert y.shape == (0, 3, 4)
    dx, dw, db = layers.correlate_backward(y, x, w)
    assert dx.shape == x.shape
    assert not dw.any()
    assert not db.any()
    np.testing.assert_array_equal(layers.correlate(np.zeros((1, 0, 3)), np.zeros((3, 0, 2)), b)[0, :, 0], b)
    assert layers.max_pool(np.zeros((0, 2, 4)), 2).shape == (0, 2, 2)
    assert layers.max_pool_backward(np.zeros((0, 2, 2)), np.zeros((0, 2, 4)), 2).shape == (0, 2, 4)
    assert layers.mean_pool(np.zeros((2, 0, 4)), 2).shape == (2, 0, 2)
    assert layers.dense(np.zeros((0, 4)), np.ones((2, 4))).shape == (0, 2)
    np.testing.assert_array_equal(layers.dense(np.zeros((2, 0)), np.ones((3, 0)), b), [b, b])
    assert layers.fft_convolve(x, w).shape == (0, 3, 4)
    assert layers.euclidean_loss(np.zeros((0, 3)), np.zeros((0, 3))) == 0


def test_huge_and_tiny_values_keep_their_digits() -> None:
    """Scaling the input by 2**±60 scales every multilinear layer by exactly that, and 1e9 is nothing special."""
    for scale in (2.0**60, 2.0**-60):
        x, w = np.arange(1.0, 13.0).reshape(1, 2, 6), np.arange(1.0, 9.0).reshape(2, 2, 2)
        np.testing.assert_array_equal(layers.convolve(scale * x, w), scale * layers.convolve(x, w))
        np.testing.assert_array_equal(layers.max_pool(scale * x, 2), scale * layers.max_pool(x, 2))
    z = np.array([-1e9, -1e3, 0.0, 1e3, 1e9])
    with np.errstate(all="raise", under="ignore"):
        for smooth in ACTIVATIONS:
            assert np.isfinite(smooth(z)).all(), smooth.name
            assert np.isfinite(smooth.derivative(z)).all(), smooth.name
        assert np.isfinite(layers.softmax(z)).all()
        assert layers.cross_entropy(z, np.array([1.0, 0, 0, 0, 0])) == 2e9


def test_not_a_number_is_passed_on() -> None:
    """NaN stays NaN through activations and maxima, and appears exactly in the outputs whose window holds it."""
    z = np.array([np.nan, 1.0])
    for function in ACTIVATIONS:
        assert np.isnan(function(z)[0]), function.name
        assert function.name == "identity" or np.isnan(function.derivative(z)[0]), function.name
    x = np.array([[[1.0, np.nan, 3.0, 4.0]]])
    np.testing.assert_array_equal(layers.max_pool(x, 2), [[[np.nan, 4.0]]])
    np.testing.assert_array_equal(layers.sum_pool(x, 2), [[[np.nan, 7.0]]])
    np.testing.assert_array_equal(layers.correlate(x, np.ones((1, 1, 2))), [[[np.nan, np.nan, 7.0]]])
    np.testing.assert_array_equal(layers.max_pool_backward(np.array([[[5.0, 6.0]]]), x, 2), [[[0, 5, 0, 6]]])
    np.testing.assert_array_equal(layers.max_pool_ties(x, 2), [[[False, False]]])


def test_infinities_in_maxima() -> None:
    """−∞ is an entry like any other: padding is never chosen before it."""
    x = np.full((1, 1, 3), -np.inf)
    np.testing.assert_array_equal(layers.max_pool(x, 2, stride=1, pad=1), np.full((1, 1, 4), -np.inf))
    dx = layers.max_pool_backward(np.array([[[1.0, 2.0, 4.0, 8.0]]]), x, 2, stride=1, pad=1)
    np.testing.assert_array_equal(dx, [[[3.0, 4.0, 8.0]]])
    np.testing.assert_array_equal(layers.max_pool_ties(x, 2, stride=1, pad=1), [[[False, True, True, False]]])
    with np.errstate(invalid="raise"):
        np.testing.assert_array_equal(layers.max_pool_margin(x, 2, stride=1, pad=1), [[[np.inf, 0.0, 0.0, np.inf]]])


def test_kinks_are_named() -> None:
    """A rectifier at 0 says so, and gives the interval of valid slopes."""
    z = np.array([-1.0, 0.0, 2.0])
    for rectifier, low in ((layers.relu, 0.0), (layers.leaky_relu(0.1), 0.1)):
        np.testing.assert_array_equal(rectifier.at_kink(z), [False, True, False])
        np.testing.assert_array_equal(rectifier.kink_distance(z), [1.0, 0.0, 2.0])
        np.testing.assert_array_equal(rectifier.subgradient(z)[0], [low, low, 1.0])
        np.testing.assert_array_equal(rectifier.subgradient(z)[1], [low, 1.0, 1.0])
    assert not layers.tanh.at_kink(z).any()
    assert np.isinf(layers.tanh.kink_distance(z)).all()


X, W = np.zeros((1, 2, 4, 5)), np.zeros((3, 2, 2, 2))
REFUSED: list[tuple[str, Any, str]] = [
    ("ranks", lambda: layers.correlate(X, W[0]), r"x has shape \(1, 2, 4, 5\) and w has shape \(2, 2, 2\)"),
    ("no space", lambda: layers.correlate(X[0, 0], W[0, 0]), "1 to 3 spatial axes"),
    ("channels", lambda: layers.correlate(X, W[:, :1]), r"give w the shape \(3, 2, 2, 2\)"),
    ("groups", lambda: layers.correlate(X, W[:, :1], groups=2), "3 filters, which 2 groups do not divide"),
    ("no groups", lambda: layers.correlate(X, W, groups=0), "groups = 0"),
    ("bias", lambda: layers.correlate(X, W, np.zeros(2)), r"b has shape \(2,\) but a bias for each"),
    ("delta", lambda: layers.correlate_backward(X, X, W), r"delta has shape .* but the output has shape"),
    (
        "kernel",
        lambda: layers.correlate(X, np.zeros((1, 2, 6, 1))),
        r"add 2 row\(s\) of padding or use mode='full'",
    ),
    ("dilation", lambda: layers.correlate(X, W, dilation=5), "covers 6 rows"),
    ("no kernel", lambda: layers.correlate(X, np.zeros((1, 2, 0, 1))), "the kernel has 0 rows"),
    ("no rows", lambda: layers.correlate(X[:, :, :0], W), "the input has 0 rows"),
    ("mode", lambda: layers.correlate(X, W, mode="half"), "mode = 'half'; expected 'valid'"),
    ("mode and pad", lambda: layers.convolve(X, W, mode="same", pad=1), "chooses the padding itself"),
    ("stride", lambda: layers.convolve(X, W, stride=0), "stride = 0: expected integers of at least 1"),
    ("strides", lambda: layers.convolve(X, W, stride=(1, 2, 3)), "3 entries but there are 2 spatial axes"),
    ("fraction", lambda: layers.convolve(X, W, stride=(1, 1.5)), "expected integers"),  # type: ignore[arg-type]
    ("pad", lambda: layers.convolve(X, W, pad=-1), "to drop rows, slice the input"),
    ("pads", lambda: layers.convolve(X, W, pad=(1, (1, 2, 3))), "neither an integer nor a pair"),
    ("text", lambda: layers.convolve(np.array([[["a"]]]), W), "x has the data type <U1"),
    ("window", lambda: layers.max_pool(X, 5), "use a window of at most 4 or ceil=True"),
    ("window 0", lambda: layers.max_pool(X, 0), "window = 0: expected integers of at least 1"),
    ("pool pad", lambda: layers.max_pool(X, 2, pad=2), "pad 2 is not smaller than the window 2"),
    ("pool rank", lambda: layers.max_pool(X[0, 0], 2), "or a window given as a tuple"),
    ("pool delta", lambda: layers.max_pool_backward(X, X, 2), "but the output has shape"),
    ("ties", lambda: layers.max_pool_backward(X[..., :2, :2], X, 2, ties="last"), "ties = 'last'"),  # type: ignore[arg-type]
    ("count", lambda: layers.mean_pool(X, 2, count="all"), "count = 'all'"),  # type: ignore[arg-type]
    ("kind", lambda: layers.pool("median", X, 2), "kind = 'median'"),  # type: ignore[arg-type]
    ("beta", lambda: layers.pooling_layer(X, np.zeros(3), 0.0, 2), r"beta has shape \(3,\)"),
    ("dense", lambda: layers.dense(np.zeros((2, 3)), np.zeros((4, 5))), r"w must have the shape \(4, 3\)"),
    ("dense maps", lambda: layers.dense(X, np.zeros((4, 5))), r"reshape feature maps to \(N, C·H·W\)"),
    ("target", lambda: layers.euclidean_loss(np.zeros(2), np.zeros(3)), r"target has shape \(3,\) but y"),
    ("reduction", lambda: layers.euclidean_loss(X, X, reduction="max"), "reduction = 'max'"),  # type: ignore[arg-type]
    ("mean of none", lambda: layers.cross_entropy(X[:0], X[:0], reduction="mean"), "at least one sample"),
    ("no classes", lambda: layers.softmax(np.zeros((2, 0))), "at least one entry along axis"),
    ("labels", lambda: layers.one_hot([0, 3], 3), "labels run from 0 to 3"),
    (
        "empty norm",
        lambda: layers.batch_norm(X[:0], np.ones(2), np.ones(2)),
        "at least one entry for each channel",
    ),
    ("gamma", lambda: layers.batch_norm(X, np.ones(3), np.ones(2)), r"gamma has shape \(3,\)"),
    ("size", lambda: layers.local_response_norm(X, size=0), "size = 0"),
    ("mask", lambda: layers.dropout(X, X[0]), "mask has shape"),
    ("keep", lambda: layers.dropout(X, X, keep=0.0), "0 < keep <= 1"),
    ("factor", lambda: layers.upsample_nearest_backward(X, 2), "not multiples of the factors"),
    ("kron", lambda: layers.kron_layer(np.zeros(2), np.zeros((2, 2))), "expected 1 to 3 axes"),
    ("transposed", lambda: layers.transposed_convolution(X, W), "the first two must be equal"),
    ("extra", lambda: layers.transposed_convolution(X, W[:2], output_padding=1), "smaller than the stride"),
    ("nothing left", lambda: layers.transposed_convolution(X, W[:2], pad=3), "reduce it by at least"),
    ("slopes", lambda: layers.activation(np.sign, np.sign, kinks=(0.0,)), "1 kinks but 0 pairs of slopes"),
]


@pytest.mark.parametrize(("call", "message"), [r[1:] for r in REFUSED], ids=[r[0] for r in REFUSED])
def test_wrong_input_is_refused_with_both_sides_named(call: Any, message: str) -> None:
    """Input that does not fit raises ValueError that names the sizes and, where there is one, the smallest fix."""
    with pytest.raises(ValueError, match=message):
        call()


def test_importing_is_light() -> None:
    """`import numeric` loads no SymPy, SciPy, Hypothesis, PyTorch or JAX, and nothing of `derivations`."""
    heavy = ("sympy", "scipy", "hypothesis", "torch", "jax", "matplotlib", "derivations")
    code = f"import sys, numeric, numeric.layers; print([m for m in {heavy!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("name", ["stride", "dilation", "pad", "groups"])
@pytest.mark.parametrize("value", [2.0, True, "2", -1])
def test_options_that_are_no_integers_are_refused(name: str, value: Any) -> None:
    """A float, a truth value, a text or a negative number is a ValueError that names the option."""
    x, w = np.ones((1, 2, 6, 6)), np.ones((2, 2, 3, 3))
    layers.correlate(x, w, **{name: 1})
    with pytest.raises(ValueError, match=name):
        layers.correlate(x, w, **{name: value})


@pytest.mark.parametrize("value", [2.0, True, "2", 0])
def test_windows_that_are_no_integers_are_refused(value: Any) -> None:
    """The same of the side and the stride of a pooling window."""
    x = np.ones((1, 2, 6, 6))
    layers.sum_pool(x, 1)
    with pytest.raises(ValueError, match="window"):
        layers.sum_pool(x, value)
    with pytest.raises(ValueError, match="stride"):
        layers.sum_pool(x, 2, stride=value)


def test_large_convolutions_take_the_same_values() -> None:
    """Above the size up to which window places are kept, and above few images, the gradients are the same sums."""
    random = np.random.default_rng(0)
    x, w = random.integers(-9, 9, size=(12, 3, 30, 30)), random.integers(-9, 9, size=(4, 3, 5, 5))
    delta = random.integers(-9, 9, size=(12, 4, 13, 13))
    dx, dw, db = layers.correlate_backward(delta, x, w, stride=2)
    each = [layers.correlate_backward(delta[i : i + 1], x[i : i + 1], w, stride=2) for i in range(12)]
    assert np.array_equal(dx, np.concatenate([gradients[0] for gradients in each]))
    assert np.array_equal(dw, sum(gradients[1] for gradients in each))
    assert np.array_equal(db, sum(gradients[2] for gradients in each))
    y = [layers.correlate(x[i : i + 1], w, stride=2) for i in range(12)]
    assert np.array_equal(layers.correlate(x, w, stride=2), np.concatenate(y))
