"""Convolution and pooling from jax.lax, and their gradients from jax.vjp.

Why: a third reading of the definitions, with a third automatic differentiation.

Law: computed in 64 bits; where that mode cannot be switched on, the oracle says that it is unsupported.

What it cannot see: gradients at ties, where JAX may choose another of the equal maxima.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numeric.oracles import Unsupported, every_axis, explicit_padding

Array = NDArray[Any]


def _jax() -> Any:
    import jax

    jax.config.update("jax_enable_x64", True)
    if jax.numpy.ones(1).dtype != np.float64:
        raise Unsupported("JAX's 64-bit mode cannot be switched on here")
    return jax


def _correlate(x: Any, w: Any, options: dict[str, Any]) -> Any:
    rank = x.ndim - 2
    dilation = every_axis(options.get("dilation", 1), rank)
    return _jax().lax.conv_general_dilated(
        x,
        w,
        window_strides=every_axis(options.get("stride", 1), rank),
        padding=explicit_padding(options.get("mode"), options.get("pad", 0), w.shape[2:], dilation),
        rhs_dilation=dilation,
        feature_group_count=options.get("groups", 1),
    )


def correlate(x: Array, w: Array, b: Array | None = None, **options: Any) -> Array:
    """By jax.lax.conv_general_dilated."""
    jax = _jax()
    y = np.asarray(_correlate(jax.numpy.asarray(x), jax.numpy.asarray(w), options))
    return y if b is None else np.asarray(y + b.reshape(-1, *(1,) * (y.ndim - 2)))


def correlate_backward(delta: Array, x: Array, w: Array, **options: Any) -> tuple[Array, Array, Array]:
    """By jax.vjp of the same."""
    jax = _jax()
    _, pull = jax.vjp(lambda x, w: _correlate(x, w, options), jax.numpy.asarray(x), jax.numpy.asarray(w))
    dx, dw = pull(jax.numpy.asarray(delta))
    return np.asarray(dx), np.asarray(dw), delta.sum(axis=(0, *range(2, delta.ndim)))


def _pool(x: Array, f: Any, start: float, rule: str, options: dict[str, Any]) -> Array:
    jax = _jax()
    if options.get("ceil", False):
        raise Unsupported("jax.lax.reduce_window knows no partial windows (ceil=True)")
    rank = x.ndim - 2
    sides = every_axis(f, rank)
    stride = options.get("stride")
    strides = sides if stride is None else every_axis(stride, rank)
    pads = [(0, 0), (0, 0), *explicit_padding(None, options.get("pad", 0), sides, (1,) * rank)]
    reduce = jax.lax.reduce_window
    y = reduce(jax.numpy.asarray(x), start, getattr(jax.lax, rule), (1, 1, *sides), (1, 1, *strides), pads)
    return np.asarray(y)


def sum_pool(x: Array, f: Any, **options: Any) -> Array:
    """By jax.lax.reduce_window with add."""
    return _pool(x, f, 0.0, "add", options)


def max_pool(x: Array, f: Any, **options: Any) -> Array:
    """By jax.lax.reduce_window with max."""
    return _pool(x, f, -np.inf, "max", options)


LAYERS: dict[str, Callable[..., Any]] = {
    "correlate": correlate,
    "correlate_backward": correlate_backward,
    "sum_pool": sum_pool,
    "max_pool": max_pool,
}
