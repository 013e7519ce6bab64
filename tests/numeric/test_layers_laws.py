"""Laws that every correct layer obeys, whatever it computes: adjoints, linearity, shifts, conservation.

All on integers and without tolerance, unless something divides or takes exponentials.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from test_layers_reference import kron, transposed, upsampling

import numeric.layers as layers
from numeric.strategies import (
    ConvolutionCase,
    complex_arrays,
    convolution_cases,
    integer_arrays,
    pooling_cases,
    real_arrays,
    tie_free_arrays,
)

Array = Any
PAIRS = [
    (layers.correlate, layers.correlate_backward),
    (layers.convolve, layers.convolve_backward),
]
LINEAR_POOLS = [(layers.sum_pool, layers.sum_pool_backward)]


def inner(u: Array, v: Array) -> float:
    """⟨u, v⟩ without a conjugate; exact for integers below 2**53."""
    return (np.asarray(u) * np.asarray(v)).sum()


@pytest.mark.parametrize(("forward", "backward"), PAIRS, ids=["correlate", "convolve"])
@settings(max_examples=60, deadline=None)
@given(case=convolution_cases(), data=st.data())
def test_convolution_gradients_are_adjoints(
    forward: Callable[..., Array], backward: Callable[..., Any], case: ConvolutionCase, data: st.DataObject
) -> None:
    """⟨J u, v⟩ = ⟨u, Jᵀ v⟩ for the input, the kernel and the bias, bit for bit on integers."""
    options = case.geometry.options()
    dx, dw, db = backward(case.delta, case.x, case.w, **options)
    u = data.draw(integer_arrays(case.x.shape))
    k = data.draw(integer_arrays(case.w.shape))
    assert inner(forward(u, case.w, **options), case.delta) == inner(u, dx)
    assert inner(forward(case.x, k, **options), case.delta) == inner(k, dw)
    assert inner(forward(0 * case.x, case.w, case.b, **options), case.delta) == inner(case.b, db)


@pytest.mark.parametrize(("forward", "backward"), PAIRS, ids=["correlate", "convolve"])
@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_complex_gaussian_integers_pass_unconjugated(
    forward: Callable[..., Array], backward: Callable[..., Any], data: st.DataObject
) -> None:
    """The adjoint identities hold for complex data with the transpose, not the conjugate transpose."""
    case = data.draw(convolution_cases())
    options = case.geometry.options()
    x, w = data.draw(complex_arrays(case.x.shape)), data.draw(complex_arrays(case.w.shape))
    delta = data.draw(complex_arrays(case.delta.shape))
    dx, dw, _ = backward(delta, x, w, **options)
    value = inner(forward(x, w, **options), delta)
    assert value == inner(x, dx) == inner(w, dw)


@pytest.mark.parametrize("forward", [layers.correlate, layers.convolve])
@settings(max_examples=30, deadline=None)
@given(case=convolution_cases(), data=st.data())
def test_convolution_is_bilinear(forward: Callable[..., Array], case: ConvolutionCase, data: st.DataObject) -> None:
    """f(x + 3u, w) = f(x, w) + 3 f(u, w), and the same in w."""
    options = case.geometry.options()
    u, k = data.draw(integer_arrays(case.x.shape)), data.draw(integer_arrays(case.w.shape))
    whole = forward(case.x, case.w, **options)
    np.testing.assert_array_equal(forward(case.x + 3 * u, case.w, **options), whole + 3 * forward(u, case.w, **options))
    np.testing.assert_array_equal(forward(case.x, case.w + 3 * k, **options), whole + 3 * forward(case.x, k, **options))


@settings(max_examples=30, deadline=None)
@given(case=convolution_cases(modes=("full",), max_stride=1))
def test_full_convolution_commutes_with_shifts(case: ConvolutionCase) -> None:
    """A row of zeros before the input is a row of zeros before its full convolution."""
    options = case.geometry.options()
    shift = [(0, 0), (0, 0)] + [(1, 0)] * (case.x.ndim - 2)
    np.testing.assert_array_equal(
        layers.convolve(np.pad(case.x, shift), case.w, **options),
        np.pad(layers.convolve(case.x, case.w, **options), shift),
    )


@settings(max_examples=30, deadline=None)
@given(case=convolution_cases(modes=(None,), max_pad=0))
def test_strided_correlation_commutes_with_shifts_by_the_stride(case: ConvolutionCase) -> None:
    """Dropping `stride` rows of the input drops the first output row."""
    options, rank = case.geometry.options(), case.x.ndim - 2
    assume(all(axis.outputs > 1 for axis in case.geometry.axes))
    later = (..., *(slice(s, None) for s in case.geometry.stride))
    np.testing.assert_array_equal(
        layers.correlate(case.x[later], case.w, **options),
        layers.correlate(case.x, case.w, **options)[(..., *(slice(1, None),) * rank)],
    )


@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_full_convolution_of_single_maps_is_commutative(data: st.DataObject) -> None:
    """x ∗ w = w ∗ x for one map and one filter in 'full' mode, and the gradients change places."""
    case = data.draw(
        convolution_cases(modes=("full",), max_stride=1, max_dilation=1, max_maps=1, max_groups=1, max_batch=1)
    )
    x, w, delta = case.x, case.w, case.delta
    np.testing.assert_array_equal(layers.convolve(x, w, mode="full"), layers.convolve(w, x, mode="full"))
    dx, dw, _ = layers.convolve_backward(delta, x, w, mode="full")
    swapped_dw, swapped_dx, _ = layers.convolve_backward(delta, w, x, mode="full")
    np.testing.assert_array_equal(dx, swapped_dx)
    np.testing.assert_array_equal(dw, swapped_dw)


@settings(max_examples=30, deadline=None)
@given(case=convolution_cases(modes=(None,)))
def test_unread_rows_get_no_gradient(case: ConvolutionCase) -> None:
    """The gradient is 0 exactly where no window reads: changing such an entry changes nothing."""
    options = case.geometry.options()
    ones = np.ones_like(case.w)
    read = layers.correlate_backward(np.ones_like(case.delta), case.x, ones, **options)[0] > 0
    dx, _, _ = layers.correlate_backward(case.delta, case.x, case.w, **options)
    assert not dx[~read].any()
    np.testing.assert_array_equal(
        layers.correlate(np.where(read, case.x, 1e6), case.w, **options),
        layers.correlate(case.x, case.w, **options),
    )


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_pooling_gradients_are_adjoints(data: st.DataObject) -> None:
    """⟨J u, v⟩ = ⟨u, Jᵀ v⟩ exactly for sums, for means times the window's size, and for maxima at a tie-free input."""
    case = data.draw(pooling_cases())
    f, options = case.geometry.window, case.geometry.options()
    u = data.draw(integer_arrays(case.x.shape))
    dx = layers.sum_pool_backward(case.delta, case.x, f, **options)
    assert inner(layers.sum_pool(u, f, **options), case.delta) == inner(u, dx)
    area = int(np.prod(f))
    mean = layers.mean_pool_backward(area * case.delta, case.x, f, **options)
    np.testing.assert_array_equal(mean, dx)
    # J of the maximum at x picks the entries of u that stand where x is largest
    routed = layers.max_pool_backward(case.delta, case.x, f, **options, ties="error")
    step = layers.max_pool(case.x + u / 64, f, **options) - layers.max_pool(case.x, f, **options)
    assert inner(64 * step, case.delta) == inner(u, routed)


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_pooling_conserves_the_sensitivity(data: st.DataObject) -> None:
    """Σ of the input gradient: Σ δ for maxima always; for sums and means where the windows hold no padding."""
    case = data.draw(pooling_cases(ties=data.draw(st.booleans())))
    f, options = case.geometry.window, case.geometry.options()
    assert layers.max_pool_backward(case.delta, case.x, f, **options).sum() == case.delta.sum()
    inside = layers.sum_pool(np.ones_like(case.x), f, **options)
    sums = layers.sum_pool_backward(case.delta, case.x, f, **options)
    assert sums.sum() == (inside * case.delta).sum()
    area = int(np.prod(f))
    if (inside == area).all():
        means = layers.mean_pool_backward(case.delta, case.x, f, **options)
        np.testing.assert_allclose(means.sum(), case.delta.sum(), rtol=1e-13, atol=1e-12)
    shares = layers.mean_pool_backward(case.delta, case.x, f, **options, count="inside")
    np.testing.assert_allclose(shares.sum(), case.delta.sum(), rtol=1e-13, atol=1e-12)


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_tied_maxima_are_seen_and_bounded(data: st.DataObject) -> None:
    """Every rule for ties lies in the subgradient interval; the interval is a point exactly where no tie is."""
    case = data.draw(pooling_cases(ties=True))
    f, options = case.geometry.window, case.geometry.options()
    ties = layers.max_pool_ties(case.x, f, **options)
    np.testing.assert_array_equal(ties, layers.max_pool_margin(case.x, f, **options) == 0)
    low, high = layers.max_pool_subgradient(case.delta, case.x, f, **options)
    for rule in ("first", "split"):
        dx = layers.max_pool_backward(case.delta, case.x, f, **options, ties=rule)
        assert (low - 1e-12 <= dx).all()
        assert (dx <= high + 1e-12).all()
    if not ties.any():
        np.testing.assert_array_equal(low, high)
    else:
        with pytest.raises(ValueError, match="attains its maximum"):
            layers.max_pool_backward(case.delta, case.x, f, **options, ties="error")


@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_upsampling_is_kron_with_ones_and_the_adjoint_of_sum_pooling(data: st.DataObject) -> None:
    """up(x, n) = x ⊗ 1, and its gradient is sum pooling."""
    x, factor = upsampling(data.draw).arguments
    factors = (factor,) * (x.ndim - 2) if isinstance(factor, int) else factor
    y = layers.upsample_nearest(x, factor)
    np.testing.assert_array_equal(y, layers.kron_layer(x, np.ones(factors)))
    delta = data.draw(integer_arrays(y.shape))
    np.testing.assert_array_equal(layers.upsample_nearest_backward(delta, factor), layers.sum_pool(delta, factors))
    np.testing.assert_array_equal(y, layers.sum_pool_backward(x, y, factors))


@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_kron_gradients_are_adjoints(data: st.DataObject) -> None:
    """⟨x ⊗ w, v⟩ = ⟨x, dx⟩ = ⟨w, dw⟩, bit for bit on integers; matrices agree with numpy.kron."""
    x, w = kron(data.draw).arguments
    y = layers.kron_layer(x, w)
    delta = data.draw(integer_arrays(y.shape))
    dx, dw = layers.kron_layer_backward(delta, x, w)
    assert inner(y, delta) == inner(x, dx) == inner(w, dw)
    if x.ndim == w.ndim:
        np.testing.assert_array_equal(y, np.kron(x, w))


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_transposed_convolution_is_the_adjoint_of_correlation(data: st.DataObject) -> None:
    """⟨transposed(x, w), v⟩ = ⟨x, correlate(v, w)⟩, bit for bit on integers; its gradients are adjoints too."""
    (x, w, b), options = transposed(data.draw)
    y = layers.transposed_convolution(x, w, **options)
    v = data.draw(integer_arrays(y.shape))
    plain = {key: value for key, value in options.items() if key != "output_padding"}
    assert inner(y, v) == inner(x, layers.correlate(v, w, **plain))
    dx, dw, db = layers.transposed_convolution_backward(v, x, w, **options)
    assert inner(y, v) == inner(x, dx) == inner(w, dw)
    assert inner(layers.transposed_convolution(0 * x, w, b, **options), v) == inner(b, db)


@settings(max_examples=30, deadline=None)
@given(case=convolution_cases())
def test_fourier_convolution_is_convolution(case: ConvolutionCase) -> None:
    """The spectra's product rounds to the same integers as the sum over windows, forward and backward."""
    options = case.geometry.options()
    np.testing.assert_array_equal(
        np.round(layers.fft_convolve(case.x, case.w, case.b, **options)),
        layers.convolve(case.x, case.w, case.b, **options),
    )
    rounded = [np.round(g) for g in layers.fft_convolve_backward(case.delta, case.x, case.w, **options)]
    for ours, theirs in zip(rounded, layers.convolve_backward(case.delta, case.x, case.w, **options), strict=True):
        np.testing.assert_array_equal(ours, theirs)


@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_pooling_layer_parameters_are_exact_on_integers(data: st.DataObject) -> None:
    """z = β·sum(a) + b is bilinear: the three gradients are adjoints bit for bit, one β or one for each map."""
    case = data.draw(pooling_cases())
    f, options = case.geometry.window, {**case.geometry.options(), "kind": "sum"}
    shape = data.draw(st.sampled_from(((), case.x.shape[1:2])))
    beta, b = data.draw(integer_arrays(shape)), data.draw(integer_arrays(shape))
    da, dbeta, db = layers.pooling_layer_backward(case.delta, case.x, beta, b, f, **options)
    assert dbeta.shape == db.shape == shape
    value = inner(layers.pooling_layer(case.x, beta, 0 * b, f, **options), case.delta)
    assert value == inner(case.x, da) == inner(beta, dbeta)
    assert inner(layers.pooling_layer(case.x, 0 * beta, b, f, **options), case.delta) == inner(b, db)


@settings(max_examples=20, deadline=None)
@given(z=real_arrays((3, 5), exponents=(0, 2)), data=st.data())
def test_softmax_laws(z: Array, data: st.DataObject) -> None:
    """Probabilities sum to 1, a constant does not matter, and the gradient sums to 0 along the axis."""
    p = layers.softmax(z)
    np.testing.assert_allclose(p.sum(axis=-1), 1, rtol=1e-14)
    np.testing.assert_allclose(layers.softmax(z + 7), p, rtol=1e-12, atol=1e-300)
    delta = data.draw(integer_arrays(z.shape))
    np.testing.assert_allclose(layers.softmax_backward(delta, z).sum(axis=-1), 0, atol=1e-13)
    np.testing.assert_allclose(layers.cross_entropy_backward(z, np.eye(5)[:3]), p - np.eye(5)[:3], atol=1e-15)


@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_batch_normalisation_laws(data: st.DataObject) -> None:
    """The output has mean β and variance γ²; the gradient is orthogonal to 1 and to the standardised input."""
    x = data.draw(tie_free_arrays((4, 3, 5)))
    one, zero = np.ones(3), np.zeros(3)
    y = layers.batch_norm(x, one, zero, eps=0.0)
    np.testing.assert_allclose(y.mean(axis=(0, 2)), 0, atol=1e-13)
    np.testing.assert_allclose((y * y).mean(axis=(0, 2)), 1, rtol=1e-12)
    np.testing.assert_allclose(layers.batch_norm(8 * x + 3, one, zero, eps=0.0), y, rtol=1e-12, atol=1e-12)
    dx, _, _ = layers.batch_norm_backward(data.draw(integer_arrays(x.shape)), x, one, eps=0.0)
    np.testing.assert_allclose(dx.sum(axis=(0, 2)), 0, atol=1e-12)
    np.testing.assert_allclose((dx * x).sum(axis=(0, 2)), 0, atol=1e-10)


def test_sum_and_mean_of_a_known_window() -> None:
    """The documents' numbers: mean pooling of 1…16 in 2×2 windows, and its gradient 1/4 in every entry."""
    x = np.arange(1.0, 17.0).reshape(1, 1, 4, 4)
    np.testing.assert_array_equal(layers.mean_pool(x, 2)[0, 0], [[3.5, 5.5], [11.5, 13.5]])
    np.testing.assert_array_equal(layers.mean_pool_backward(np.ones((1, 1, 2, 2)), x, 2), np.full(x.shape, 0.25))
