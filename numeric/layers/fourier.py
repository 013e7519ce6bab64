"""Convolution through the Fourier transform, with its gradients through the Fourier transform.

Why: the documents say that convolution and the FFT agree; here is that statement as a layer, to be compared.

Law: a circular convolution of the padded input's length equals the linear one on all complete windows, and
its adjoint is the circular correlation. Complex arrays are transformed part by part, so that a complex
step of 1e-200 survives.

What it cannot see: exactness. The transform rounds: an entry is off by about eps · log(size) · ‖x‖ ‖w‖, and
integers come back as floating-point numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from numeric.layers.convolution import convolution_sizes
from numeric.layers.geometry import (
    Array,
    Axes,
    Padding,
    PerAxis,
    as_array,
    expect_shape,
    interior,
    pad_spatial,
)

_Product = Callable[[Array, Array], Array]


def fft_convolve(
    x: ArrayLike,
    w: ArrayLike,
    b: ArrayLike | None = None,
    *,
    mode: str | None = None,
    stride: PerAxis = 1,
    pad: Padding = 0,
    dilation: PerAxis = 1,
    groups: int = 1,
) -> Array:
    """`convolve`, computed as a product of spectra; the same arguments and shapes.  [Oppenheim & Schafer
    2010, sec. 8.7]

    >>> np.round(fft_convolve(np.array([[[0, 1, 2, -1, 3]]]), np.array([[[1, 1, 0]]]), mode="full"), 9) + 0.0
    array([[[0., 1., 3., 1., 2., 3., 0.]]])
    """
    x, w = as_array(x, "x"), as_array(w, "w")
    sizes = convolution_sizes(x, w, mode=mode, stride=stride, pad=pad, dilation=dilation, groups=groups)
    y = _by_parts(lambda a, k: _forward(a, k, sizes.axes, sizes.groups), x, w)
    if b is None:
        return y
    b = as_array(b, "b")
    expect_shape(b, (y.shape[1],), "b", "a bias for each of the output's channels")
    biased: Array = y + b.reshape(-1, *(1,) * (y.ndim - 2))
    return biased


def fft_convolve_backward(
    delta: ArrayLike,
    x: ArrayLike,
    w: ArrayLike,
    *,
    mode: str | None = None,
    stride: PerAxis = 1,
    pad: Padding = 0,
    dilation: PerAxis = 1,
    groups: int = 1,
) -> tuple[Array, Array, Array]:
    """(dx, dw, db) of `fft_convolve`: products of delta's spectrum with the conjugate spectra of w and x.

    >>> x, w = np.array([[[1, 2, 3, 4]]]), np.array([[[5, 6]]])
    >>> [np.round(g, 9) + 0.0 for g in fft_convolve_backward(np.array([[[1]]]), x, w, stride=3)[:2]]
    [array([[[6., 5., 0., 0.]]]), array([[[2., 1.]]])]
    """
    delta, x, w = as_array(delta, "delta"), as_array(x, "x"), as_array(w, "w")
    sizes = convolution_sizes(x, w, mode=mode, stride=stride, pad=pad, dilation=dilation, groups=groups)
    expect_shape(delta, sizes.output_shape, "delta", "the output")
    axes = sizes.axes
    dx = _by_parts(lambda d, k: _input_gradient(d, k, axes, sizes.groups), delta, w)
    dw = _by_parts(lambda d, a: _kernel_gradient(d, a, axes, sizes.groups), delta, x)
    return dx, dw, delta.sum(axis=(0, *range(2, delta.ndim)))


def _by_parts(product: _Product, left: Array, right: Array) -> Array:
    """A real bilinear product extended to complex arrays, each part transformed by itself."""
    if np.iscomplexobj(left):
        return _by_parts(product, left.real, right) + 1j * _by_parts(product, left.imag, right)
    if np.iscomplexobj(right):
        return product(left, right.real) + 1j * product(left, right.imag)
    return product(left, right)


def _forward(x: Array, w: Array, axes: Axes, groups: int) -> Array:
    spectra = _input_spectrum(x, axes, groups), _kernel_spectrum(w, axes, groups)
    whole = _back(np.einsum("ngc...,gfc...->ngf...", *spectra), axes)[_places(axes)]
    y: Array = whole.reshape(x.shape[0], w.shape[0], *whole.shape[3:])
    return y


def _input_gradient(delta: Array, w: Array, axes: Axes, groups: int) -> Array:
    spectra = _delta_spectrum(delta, axes, groups), _kernel_spectrum(w, axes, groups).conj()
    framed = _back(np.einsum("ngf...,gfc...->ngc...", *spectra), axes)
    inner = framed[interior(axes)]
    dx: Array = inner.reshape(delta.shape[0], groups * w.shape[1], *inner.shape[3:])
    return dx


def _kernel_gradient(delta: Array, x: Array, axes: Axes, groups: int) -> Array:
    spectra = _delta_spectrum(delta, axes, groups), _input_spectrum(x, axes, groups).conj()
    whole = _back(np.einsum("ngf...,ngc...->gfc...", *spectra), axes)
    taken = whole[_taps(axes)]
    dw: Array = taken.reshape(delta.shape[1], x.shape[1] // groups, *taken.shape[3:])
    return dw


def _input_spectrum(x: Array, axes: Axes, groups: int) -> Array:
    framed = pad_spatial(x, axes)
    return _spectrum(framed.reshape(x.shape[0], groups, x.shape[1] // groups, *framed.shape[2:]), axes)


def _kernel_spectrum(w: Array, axes: Axes, groups: int) -> Array:
    """The spectrum of the dilated kernel, zero-filled to the padded input's length."""
    lead = (groups, w.shape[0] // groups, w.shape[1])
    spread = np.zeros((*lead, *(axis.padded for axis in axes)), dtype=w.dtype)
    spread[_taps(axes)] = w.reshape(*lead, *w.shape[2:])
    return _spectrum(spread, axes)


def _delta_spectrum(delta: Array, axes: Axes, groups: int) -> Array:
    """The spectrum of delta put back where the forward pass took its outputs from."""
    lead = (delta.shape[0], groups, delta.shape[1] // groups)
    framed = np.zeros((*lead, *(axis.padded for axis in axes)), dtype=delta.dtype)
    framed[_places(axes)] = delta.reshape(*lead, *delta.shape[2:])
    return _spectrum(framed, axes)


def _places(axes: Axes) -> tuple[Any, ...]:
    """The index of the outputs in the circular convolution: the ends of the complete windows."""
    ends = (slice(a.extent - 1, a.extent + a.stride * (a.outputs - 1), a.stride) for a in axes)
    return (..., *ends)


def _taps(axes: Axes) -> tuple[Any, ...]:
    """The index of the kernel's entries in its dilated form."""
    return (..., *(slice(0, axis.extent, axis.dilation) for axis in axes))


def _spectrum(array: Array, axes: Axes) -> Array:
    return np.fft.rfftn(array, axes=tuple(range(-len(axes), 0)))


def _back(spectrum: Array, axes: Axes) -> Array:
    return np.fft.irfftn(spectrum, s=tuple(a.padded for a in axes), axes=tuple(range(-len(axes), 0)))
