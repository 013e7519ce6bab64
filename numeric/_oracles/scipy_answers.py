"""The layers from scipy.signal, scipy.ndimage, scipy.special, scipy.sparse and scipy.linalg.

Why: SciPy's convolutions, filters and special functions were written by others and are used everywhere.

Law: one call of SciPy for each map; strides are taken by slicing afterwards, dilation by a kernel with zeros.

What it cannot see: ties of a maximum, and gradients of pooling layers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numeric.oracles import Unsupported, every_axis, explicit_padding

Array = NDArray[Any]
Map = Callable[[Array, Array], Array]


def _every(steps: tuple[int, ...]) -> tuple[Any, ...]:
    """The index of every step-th entry on the last axes."""
    return (..., *(slice(None, None, step) for step in steps))


def _spread(w: Array, steps: tuple[int, ...]) -> Array:
    """w[..., k] at position step·k, zeros between."""
    rank = len(steps)
    sizes = [s * (n - 1) + 1 for s, n in zip(steps, w.shape[w.ndim - rank :], strict=True)]
    wide = np.zeros((*w.shape[: w.ndim - rank], *sizes), dtype=w.dtype)
    wide[_every(steps)] = w
    return wide


def _slide(function: Map, x: Array, w: Array, mode: Any, stride: Any, pad: Any, dilation: Any, groups: int) -> Array:
    """Σ_c function(x[n, c], w[f, c]) on complete windows of the padded x, every stride-th taken."""
    rank = x.ndim - 2
    steps = every_axis(dilation, rank)
    pads = explicit_padding(mode, pad, w.shape[2:], steps)
    framed, kernel = np.pad(x, [(0, 0), (0, 0), *pads]), _spread(w, steps)
    taken = _every(every_axis(stride, rank))
    per_filter = w.shape[0] // groups
    y = []
    for sample in framed:
        for f in range(w.shape[0]):
            first = f // per_filter * w.shape[1]
            maps = [function(sample[first + c], kernel[f, c]) for c in range(w.shape[1])]
            y.append(np.add.reduce(maps)[taken])
    return np.array(y).reshape(x.shape[0], w.shape[0], *y[0].shape)


def _with_bias(y: Array, b: Array | None) -> Array:
    return y if b is None else np.asarray(y + b.reshape(-1, *(1,) * (y.ndim - 2)))


def correlate(
    x: Array,
    w: Array,
    b: Array | None = None,
    *,
    mode: Any = None,
    stride: Any = 1,
    pad: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Array:
    """By scipy.signal.correlate, direct method."""
    from scipy import signal

    def one(a: Array, k: Array) -> Array:
        return np.asarray(signal.correlate(a, k, mode="valid", method="direct"))

    return _with_bias(_slide(one, x, w, mode, stride, pad, dilation, groups), b)


def convolve(
    x: Array,
    w: Array,
    b: Array | None = None,
    *,
    mode: Any = None,
    stride: Any = 1,
    pad: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Array:
    """By scipy.signal.convolve in its own mode ('full' and 'same' are SciPy's words) where nothing is dilated."""
    from scipy import signal

    inner = mode if mode in ("full", "same") and every_axis(dilation, x.ndim - 2) == (1,) * (x.ndim - 2) else None

    def one(a: Array, k: Array) -> Array:
        return np.asarray(signal.convolve(a, k, mode=inner or "valid", method="direct"))

    outer = None if inner else mode
    return _with_bias(_slide(one, x, w, outer, stride, pad, dilation, groups), b)


def fft_convolve(x: Array, w: Array, b: Array | None = None, **options: Any) -> Array:
    """By scipy.signal.fftconvolve."""
    from scipy import signal

    def one(a: Array, k: Array) -> Array:
        return np.asarray(signal.fftconvolve(a, k, mode="valid"))

    defaults: dict[str, Any] = {"mode": None, "stride": 1, "pad": 0, "dilation": 1, "groups": 1}
    return _with_bias(_slide(one, x, w, **{**defaults, **options}), b)


def correlate_backward(
    delta: Array,
    x: Array,
    w: Array,
    *,
    mode: Any = None,
    stride: Any = 1,
    pad: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> tuple[Array, Array, Array]:
    """dx as a full convolution and dw as a valid correlation with the delta spread out by the stride."""
    from scipy import signal

    rank = x.ndim - 2
    strides, steps = every_axis(stride, rank), every_axis(dilation, rank)
    pads = explicit_padding(mode, pad, w.shape[2:], steps)
    framed, kernel = np.pad(x, [(0, 0), (0, 0), *pads]), _spread(w, steps)
    # the outputs that stride 1 would have: delta stands at every stride-th of them
    places = [n - k + 1 for n, k in zip(framed.shape[2:], kernel.shape[2:], strict=True)]
    dense = np.zeros((*delta.shape[:2], *places))
    dense[_every(strides)] = delta
    dx, dw = np.zeros(framed.shape), np.zeros(w.shape)
    tap = _every(steps)
    for n, f, c in np.ndindex(x.shape[0], w.shape[0], w.shape[1]):
        channel = f // (w.shape[0] // groups) * w.shape[1] + c
        dx[n, channel] += signal.convolve(dense[n, f], kernel[f, c], mode="full", method="direct")
        dw[f, c] += signal.correlate(framed[n, channel], dense[n, f], mode="valid", method="direct")[tap]
    inner: list[Any] = [slice(p[0], p[0] + size) for p, size in zip(pads, x.shape[2:], strict=True)]
    return dx[(..., *inner)], dw, delta.sum(axis=(0, *range(2, delta.ndim)))


def _windows_of(x: Array, f: Any, stride: Any, pad: Any, ceil: bool) -> tuple[Any, ...]:
    if ceil:
        raise Unsupported("SciPy's filters know no partial windows (ceil=True)")
    rank = x.ndim - 2
    sides = every_axis(f, rank)
    strides = sides if stride is None else every_axis(stride, rank)
    return sides, strides, explicit_padding(None, pad, sides, (1,) * rank)


def sum_pool(x: Array, f: Any, *, stride: Any = None, pad: Any = 0, ceil: bool = False) -> Array:
    """By scipy.signal.correlate with ones."""
    from scipy import signal

    sides, strides, pads = _windows_of(x, f, stride, pad, ceil)
    framed = np.pad(x, [(0, 0), (0, 0), *pads])
    y = signal.correlate(framed, np.ones((1, 1, *sides)), mode="valid", method="direct")
    return np.asarray(y[_every(strides)])


def max_pool(x: Array, f: Any, *, stride: Any = None, pad: Any = 0, ceil: bool = False) -> Array:
    """By scipy.ndimage.maximum_filter on a frame of −∞, read where its windows are complete."""
    from scipy import ndimage

    sides, strides, pads = _windows_of(x, f, stride, pad, ceil)
    framed = np.pad(x, [(0, 0), (0, 0), *pads], constant_values=-np.inf)
    y = ndimage.maximum_filter(framed, size=(1, 1, *sides), mode="constant", cval=-np.inf)
    # a window of side f is centred at f // 2
    ends = [n - side + side // 2 + 1 for n, side in zip(framed.shape[2:], sides, strict=True)]
    taken = (slice(side // 2, end, s) for side, end, s in zip(sides, ends, strides, strict=True))
    return np.asarray(y[(..., *taken)])


def kron_layer(x: Array, w: Array) -> Array:
    """By scipy.sparse.kron, which is for matrices."""
    from scipy import sparse

    if x.ndim != 2 or w.ndim != 2:
        raise Unsupported("scipy.sparse.kron takes two matrices")
    return np.asarray(sparse.kron(sparse.coo_array(x), sparse.coo_array(w)).toarray())


def dense(x: Array, w: Array, b: Array | None = None) -> Array:
    """By scipy.linalg.blas.dgemm."""
    from scipy.linalg import blas

    y = np.asarray(blas.dgemm(1.0, x, w, trans_b=True))
    return y if b is None else np.asarray(y + b)


def sigmoid(z: Array) -> Array:
    """scipy.special.expit."""
    from scipy import special

    return np.asarray(special.expit(z))


def softplus(z: Array) -> Array:
    """−log expit(−z), by scipy.special.log_expit."""
    from scipy import special

    return np.asarray(-special.log_expit(-z))


def softmax(z: Array, axis: int = -1) -> Array:
    """scipy.special.softmax."""
    from scipy import special

    return np.asarray(special.softmax(z, axis=axis))


def cross_entropy(z: Array, target: Array, *, reduction: str = "sum") -> Array:
    """By scipy.special.log_softmax."""
    from scipy import special

    total = -(target * special.log_softmax(z, axis=-1)).sum()
    return np.asarray(total / (z.shape[0] if reduction == "mean" else 1))


LAYERS: dict[str, Callable[..., Any]] = {
    "correlate": correlate,
    "correlate_backward": correlate_backward,
    "convolve": convolve,
    "fft_convolve": fft_convolve,
    "sum_pool": sum_pool,
    "max_pool": max_pool,
    "kron_layer": kron_layer,
    "dense": dense,
    "sigmoid": sigmoid,
    "softplus": softplus,
    "softmax": softmax,
    "cross_entropy": cross_entropy,
}
