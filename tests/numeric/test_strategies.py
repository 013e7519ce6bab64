"""The public strategies: what they promise to generate, and what they shrink towards."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st

from numeric import layers
from numeric.networks import Network
from numeric.strategies import (
    ConvolutionCase,
    ConvolutionGeometry,
    PoolingCase,
    PoolingGeometry,
    complex_arrays,
    convolution_cases,
    convolution_geometries,
    integer_arrays,
    layer_stacks,
    layouts,
    non_symmetric_arrays,
    one_hot_arrays,
    pooling_cases,
    pooling_geometries,
    real_arrays,
    tie_free_arrays,
    tied_arrays,
)

SEARCH = settings(max_examples=500, database=None, deadline=None, suppress_health_check=list(HealthCheck))
FIRST = settings(SEARCH, phases=[Phase.generate])


def anything(_: Any) -> bool:
    return True


# what a convolution's geometry may look like: every one of these must turn up
CONVOLUTIONS: dict[str, Callable[[ConvolutionGeometry], bool]] = {
    "a tail with a remainder": lambda g: g.has_tail,
    "a kernel as large as the input": lambda g: g.kernels == g.sizes and max(g.sizes) > 1,
    "a kernel larger than the input": lambda g: any(k > n for k, n in zip(g.kernels, g.sizes, strict=True)),
    "an even kernel in 'same' mode": lambda g: g.mode == "same" and 2 in g.kernels,
    "one-sided padding": lambda g: any(a != b for a, b in g.pad),
    "different strides": lambda g: len(set(g.stride)) > 1,
    "dilation with stride": lambda g: any(d > 1 and s > 1 for d, s in zip(g.dilation, g.stride, strict=True)),
    "groups of several maps": lambda g: g.groups > 1 and g.channels > 1,
    "different numbers of maps": lambda g: g.groups * g.channels != g.groups * g.filters,
    "non-square maps": lambda g: len(set(g.sizes)) > 1,
    "three dimensions": lambda g: len(g.sizes) == 3,
    "rows that no window reads between windows": lambda g: any(a.stride > a.extent for a in g.axes),
}

POOLINGS: dict[str, Callable[[PoolingGeometry], bool]] = {
    "overlapping windows": lambda g: any(s < f for s, f in zip(g.stride, g.window, strict=True)),
    "windows with gaps": lambda g: any(s > f for s, f in zip(g.stride, g.window, strict=True)),
    "tiles": lambda g: g.tiles and max(g.window) > 1,
    "an unread tail": lambda g: any(a.stride * (a.outputs - 1) + a.extent < a.before + a.size for a in g.axes),
    "a partial window": lambda g: g.ceil and any(a.padded > a.before + a.size + a.after for a in g.axes),
    "padding on one side": lambda g: any(a != b for a, b in g.pad),
    "a window as large as the input": lambda g: g.window == g.sizes and max(g.sizes) > 1,
}


@pytest.mark.parametrize("wanted", CONVOLUTIONS)
def test_convolution_geometries_contain(wanted: str) -> None:
    """Each unfriendly kind of convolution is among the generated geometries."""
    geometry = find(convolution_geometries(), CONVOLUTIONS[wanted], settings=FIRST)
    assert CONVOLUTIONS[wanted](geometry)


@pytest.mark.parametrize("wanted", POOLINGS)
def test_pooling_geometries_contain(wanted: str) -> None:
    """Each unfriendly kind of pooling is among the generated geometries."""
    geometry = find(pooling_geometries(), POOLINGS[wanted], settings=FIRST)
    assert POOLINGS[wanted](geometry)


def test_convolution_geometries_shrink_to_one_entry() -> None:
    """The simplest geometry has one sample, one map, one row, a kernel of one row, stride 1 and no padding."""
    assert find(convolution_geometries(), anything, settings=SEARCH) == ConvolutionGeometry(
        1, 1, 1, 1, (1,), (1,), None, (1,), ((0, 0),), (1,)
    )


def test_pooling_geometries_shrink_to_one_entry() -> None:
    """The simplest pooling has one map of one entry and a window of one entry."""
    simplest = PoolingGeometry(1, 1, (1,), (1,), (1,), ((0, 0),), False)
    assert find(pooling_geometries(), anything, settings=SEARCH) == simplest


def test_a_forgotten_tail_shrinks_to_its_smallest_size() -> None:
    """The smallest convolution with a tail has stride 2 on two rows, and a kernel of one."""
    plain = convolution_geometries(modes=("valid",), max_pad=0)
    smallest = find(plain, lambda g: g.has_tail, settings=SEARCH)
    assert (smallest.sizes, smallest.kernels, smallest.stride) == ((2,), (1,), (2,))


def test_a_forgotten_rotation_shrinks_to_two_rows() -> None:
    """Correlation taken for convolution is found, and shrinks to a kernel of two rows with one map."""

    def differs(case: ConvolutionCase) -> bool:
        options = case.geometry.options()
        return not np.array_equal(
            layers.convolve(case.x, case.w, **options), layers.correlate(case.x, case.w, **options)
        )

    smallest = find(convolution_cases(), differs, settings=SEARCH).geometry
    assert (smallest.kernels, smallest.batch, smallest.groups, smallest.channels) == ((2,), 1, 1, 1)
    assert smallest.stride == smallest.dilation == (1,)


@settings(max_examples=60, deadline=None)
@given(case=convolution_cases())
def test_convolution_cases_fit(case: ConvolutionCase) -> None:
    """Arrays have the shapes that the geometry states, and the layer's output has the stated shape."""
    geometry = case.geometry
    y = layers.convolve(case.x, case.w, case.b, **geometry.options())
    assert y.shape == geometry.y_shape == case.delta.shape
    assert case.x.shape == geometry.x_shape
    assert case.w.shape == geometry.w_shape


@settings(max_examples=60, deadline=None)
@given(case=pooling_cases())
def test_pooling_cases_fit(case: PoolingCase) -> None:
    """Arrays have the shapes that the geometry states; maxima are unique."""
    geometry = case.geometry
    assert layers.max_pool(case.x, geometry.window, **geometry.options()).shape == geometry.y_shape
    assert case.delta.shape == geometry.y_shape
    assert not layers.max_pool_ties(case.x, geometry.window, **geometry.options()).any()


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_arrays_are_what_they_are_called(data: st.DataObject) -> None:
    """Shapes, integer entries, uniqueness, asymmetry and single ones are as promised."""
    shape = data.draw(st.sampled_from(((1,), (3, 2), (2, 2), (2, 1, 3))))
    whole = data.draw(integer_arrays(shape))
    assert whole.dtype == np.float64
    assert np.array_equal(whole, np.rint(whole))
    assert np.abs(whole).max() <= 9
    unique = data.draw(tie_free_arrays(shape))
    assert len(np.unique(unique)) == unique.size
    signed = data.draw(non_symmetric_arrays(shape))
    assert len(np.unique(np.abs(signed))) == signed.size
    assert (signed != 0).all()
    if signed.size > 1:
        assert not np.array_equal(signed, np.flip(signed))
    hot = data.draw(one_hot_arrays(shape))
    assert (np.sort(hot, axis=None)[-1], hot.sum()) == (1.0, 1.0)
    assert set(np.unique(data.draw(tied_arrays(shape)))) <= {0.0, 1.0}
    assert np.isfinite(data.draw(real_arrays(shape))).all()
    gauss = data.draw(complex_arrays(shape))
    assert np.array_equal(gauss.real, np.rint(gauss.real))
    assert all(array.shape == shape for array in (whole, unique, signed, hot, gauss))


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_layouts_keep_the_entries(data: st.DataObject) -> None:
    """Another layout holds the same entries and is not the same memory."""
    array = data.draw(non_symmetric_arrays((2, 3, 4)))
    other = data.draw(layouts(array))
    np.testing.assert_array_equal(other, array)


@pytest.mark.parametrize("kind", ["read-only", "fortran", "strided", "reversed"])
def test_layouts_contain(kind: str) -> None:
    """Each unusual layout turns up."""
    seen: dict[str, Callable[[np.ndarray], bool]] = {
        "read-only": lambda a: not a.flags.writeable,
        "fortran": lambda a: a.flags.f_contiguous and not a.flags.c_contiguous,
        "strided": lambda a: a.strides[-1] == 16,
        "reversed": lambda a: a.strides[-1] < 0,
    }
    find(layouts(np.arange(6.0).reshape(2, 3)), seen[kind], settings=FIRST)


def test_layer_stacks_shrink_to_nothing() -> None:
    """The simplest network has no layer and a single entry."""
    assert find(layer_stacks(), anything, settings=SEARCH) == Network((), (1, 1))
    smallest = find(layer_stacks(), lambda network: len(network.layers) >= 2, settings=SEARCH)
    assert len(smallest.layers) <= 3
    assert smallest.input_shape == (1, 1)
