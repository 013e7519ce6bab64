"""The layers from torch.nn.functional, and their gradients from PyTorch's automatic differentiation.

Why: the most used implementation of these layers, with gradients that nobody here wrote.

Law: everything in the arrays' own precision, on the CPU. A backward layer is autograd through the forward
one.

What it cannot see: one-sided ceil-mode padding, which PyTorch does not have.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numeric.oracles import Unsupported, every_axis, explicit_padding

Array = NDArray[Any]


def _tensor(array: Any) -> Any:
    import torch

    return torch.tensor(np.asarray(array))


def _functional() -> Any:
    import torch

    return torch.nn.functional


def _frame(x: Any, pads: list[tuple[int, int]], value: float = 0.0) -> Any:
    flat = [p for pair in reversed(pads) for p in pair]
    return _functional().pad(x, flat, value=value)


def _correlate(x: Any, w: Any, b: Any, options: dict[str, Any]) -> Any:
    rank = x.ndim - 2
    dilation = every_axis(options.get("dilation", 1), rank)
    pads = explicit_padding(options.get("mode"), options.get("pad", 0), w.shape[2:], dilation)
    function = getattr(_functional(), f"conv{rank}d")
    stride, groups = every_axis(options.get("stride", 1), rank), options.get("groups", 1)
    return function(_frame(x, pads), w, b, stride=stride, dilation=dilation, groups=groups)


def _convolve(x: Any, w: Any, b: Any, options: dict[str, Any]) -> Any:
    return _correlate(x, w.flip(tuple(range(2, w.ndim))), b, options)


def _transposed(x: Any, w: Any, b: Any, options: dict[str, Any]) -> Any:
    rank = x.ndim - 2
    dilation = every_axis(options.get("dilation", 1), rank)
    pads = explicit_padding(None, options.get("pad", 0), w.shape[2:], dilation)
    if any(before != after for before, after in pads):
        raise Unsupported("PyTorch's transposed convolution pads both sides alike")
    stride = every_axis(options.get("stride", 1), rank)
    return getattr(_functional(), f"conv_transpose{rank}d")(
        x,
        w,
        b,
        stride=stride,
        padding=tuple(before for before, _ in pads),
        output_padding=every_axis(options.get("output_padding", 0), rank),
        dilation=dilation,
        groups=options.get("groups", 1),
    )


def _pooling(x: Any, f: Any, options: dict[str, Any]) -> tuple[Any, ...]:
    rank = x.ndim - 2
    sides = every_axis(f, rank)
    stride = options.get("stride")
    pads = explicit_padding(None, options.get("pad", 0), sides, (1,) * rank)
    native = all(before == after <= side // 2 for (before, after), side in zip(pads, sides, strict=True))
    if options.get("ceil", False) and not native:
        raise Unsupported("PyTorch's ceil mode needs the same padding on both sides, at most half the window")
    return rank, sides, sides if stride is None else every_axis(stride, rank), pads, native


def _max_pool(x: Any, f: Any, options: dict[str, Any]) -> Any:
    rank, sides, stride, pads, native = _pooling(x, f, options)
    function = getattr(_functional(), f"max_pool{rank}d")
    if native:
        inner = tuple(before for before, _ in pads)
        return function(x, sides, stride, inner, ceil_mode=options.get("ceil", False))
    return function(_frame(x, pads, -float("inf")), sides, stride)


def _average(x: Any, f: Any, options: dict[str, Any], divisor: int | None) -> Any:
    """avg_pool with a fixed divisor; None counts the input's entries only. One dimension is run as two."""
    rank, sides, stride, pads, native = _pooling(x, f, options)
    if divisor is None and not native:
        raise Unsupported("PyTorch can leave padding out of the count only if both sides are padded alike")
    if rank == 1:
        x, sides, stride, pads = x.unsqueeze(2), (1, *sides), (1, *stride), [(0, 0), *pads]
    ceil = options.get("ceil", False)
    if divisor is not None and not ceil:
        # PyTorch refuses three-dimensional inputs smaller than the window, padding or not
        x, pads = _frame(x, pads), [(0, 0)] * len(pads)
    if any(n < side for n, side in zip(x.shape[2:], sides, strict=True)):
        raise Unsupported("PyTorch's average pooling wants an input no smaller than the window")
    y = getattr(_functional(), f"avg_pool{max(rank, 2)}d")(
        x,
        sides,
        stride,
        tuple(before for before, _ in pads),
        ceil_mode=ceil,
        count_include_pad=divisor is not None,
        divisor_override=divisor,
    )
    return y.squeeze(2) if rank == 1 else y


def _mean_pool(x: Any, f: Any, options: dict[str, Any]) -> Any:
    area = int(np.prod(every_axis(f, x.ndim - 2)))
    return _average(x, f, options, area if options.get("count", "window") == "window" else None)


def _response_norm(x: Any, options: dict[str, Any]) -> Any:
    size = options["size"]
    function = _functional().local_response_norm
    return function(x, size, alpha=options["alpha"] * size, beta=options["beta"], k=options["k"])


def _kron(x: Any, w: Any) -> Any:
    import torch

    return torch.kron(x, w.reshape(*(1,) * (x.ndim - w.ndim), *w.shape))


def _loss(function: str, y: Any, target: Any, options: dict[str, Any]) -> Any:
    reduced = getattr(_functional(), function)(y, target, reduction="sum")
    half = 2 if function == "mse_loss" else 1
    return reduced / half / (y.shape[0] if options.get("reduction") == "mean" else 1)


def _cross_entropy(z: Any, target: Any, options: dict[str, Any]) -> Any:
    flat = z.reshape(-1, z.shape[-1]), target.reshape(-1, z.shape[-1])
    total = _functional().cross_entropy(*flat, reduction="sum")
    return total / (z.shape[0] if options.get("reduction") == "mean" else 1)


def _gradients(forward: Callable[..., Any], delta: Any, inputs: tuple[Any, ...]) -> tuple[Array, ...]:
    """Autograd's gradients of ⟨delta, forward(*inputs)⟩ with respect to every input."""
    tensors = [_tensor(entry).requires_grad_() for entry in inputs]
    y = forward(*tensors)
    y.backward(_tensor(delta).reshape(y.shape))
    return tuple(np.zeros(t.shape) if t.grad is None else t.grad.numpy() for t in tensors)


def _affine_layer(forward: Callable[..., Any]) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """(layer, layer_backward) for forward(x, w, b, options)."""

    def layer(x: Array, w: Array, b: Array | None = None, **options: Any) -> Array:
        bias = None if b is None else _tensor(b)
        return np.asarray(forward(_tensor(x), _tensor(w), bias, options).numpy())

    def layer_backward(delta: Array, x: Array, w: Array, **options: Any) -> tuple[Array, ...]:
        b = np.zeros(delta.shape[1], dtype=np.asarray(w).dtype)
        return _gradients(lambda x, w, b: forward(x, w, b, options), delta, (x, w, b))

    return layer, layer_backward


def _pooling_layer(forward: Callable[..., Any]) -> tuple[Callable[..., Any], Callable[..., Any]]:
    def layer(x: Array, f: Any, **options: Any) -> Array:
        return np.asarray(forward(_tensor(x), f, options).numpy())

    def layer_backward(delta: Array, x: Array, f: Any, **options: Any) -> Array:
        return _gradients(lambda x: forward(x, f, options), delta, (x,))[0]

    return layer, layer_backward


def _sum_pool(x: Any, f: Any, options: dict[str, Any]) -> Any:
    return _average(x, f, options, 1)


def _plain(forward: Callable[..., Any]) -> Callable[..., Any]:
    """A layer of arrays and options, computed."""

    def layer(*arrays: Array, **options: Any) -> Array:
        return np.asarray(forward(*(_tensor(a) for a in arrays), options).numpy())

    return layer


def _plain_backward(forward: Callable[..., Any], wanted: int) -> Callable[..., Any]:
    """The gradients with respect to the first `wanted` inputs, for calls (delta, *inputs)."""

    def layer_backward(delta: Array, *arrays: Array, **options: Any) -> tuple[Array, ...]:
        return _gradients(lambda *a: forward(*a, options), delta, arrays)[:wanted]

    return layer_backward


def _loss_backward(forward: Callable[..., Any]) -> Callable[..., Any]:
    def layer_backward(y: Array, target: Array, **options: Any) -> Array:
        fixed = _tensor(target)
        return _gradients(lambda y: forward(y, fixed, options), np.ones(()), (y,))[0]

    return layer_backward


def _batch_norm(x: Any, gamma: Any, beta: Any, options: dict[str, Any]) -> Any:
    if x.numel() == x.shape[1]:
        raise Unsupported("PyTorch refuses to normalise a single value per channel")
    return _functional().batch_norm(x, None, None, gamma, beta, training=True, eps=options.get("eps", 1e-5))


def _batch_norm_backward(delta: Array, x: Array, gamma: Array, **options: Any) -> tuple[Array, ...]:
    beta = np.zeros_like(gamma)
    return _gradients(lambda x, g, b: _batch_norm(x, g, b, options), delta, (x, gamma, beta))


def _softmax_backward(delta: Array, z: Array, axis: int = -1) -> Array:
    return _gradients(lambda z: z.softmax(axis), delta, (z,))[0]


def _upsample(x: Array, factor: Any) -> Array:
    scale = tuple(float(f) for f in every_axis(factor, x.ndim - 2))
    return np.asarray(_functional().interpolate(_tensor(x), scale_factor=scale, mode="nearest").numpy())


def _upsample_backward(delta: Array, factor: Any) -> Array:
    factors = every_axis(factor, delta.ndim - 2)
    sizes = tuple(n // f for n, f in zip(delta.shape[2:], factors, strict=True))
    scale = tuple(float(f) for f in factors)
    x = np.zeros((*delta.shape[:2], *sizes))
    function = _functional().interpolate
    return _gradients(lambda x: function(x, scale_factor=scale, mode="nearest"), delta, (x,))[0]


def _slope(name: str) -> Callable[[Array], Array]:
    def derivative(z: Array) -> Array:
        return _gradients(lambda z: getattr(_functional(), name)(z), np.ones_like(z), (z,))[0]

    return derivative


_correlate_pair, _convolve_pair = _affine_layer(_correlate), _affine_layer(_convolve)
_transposed_pair = _affine_layer(_transposed)
_dense_pair = _affine_layer(lambda x, w, b, options: _functional().linear(x, w, b))
_sum_pair, _mean_pair, _max_pair = map(_pooling_layer, (_sum_pool, _mean_pool, _max_pool))


def _euclidean(y: Any, target: Any, options: dict[str, Any]) -> Any:
    return _loss("mse_loss", y, target, options)


LAYERS: dict[str, Callable[..., Any]] = {
    "correlate": _correlate_pair[0],
    "correlate_backward": _correlate_pair[1],
    "convolve": _convolve_pair[0],
    "convolve_backward": _convolve_pair[1],
    "fft_convolve": _convolve_pair[0],
    "fft_convolve_backward": _convolve_pair[1],
    "transposed_convolution": _transposed_pair[0],
    "transposed_convolution_backward": _transposed_pair[1],
    "dense": _dense_pair[0],
    "dense_backward": _dense_pair[1],
    "sum_pool": _sum_pair[0],
    "sum_pool_backward": _sum_pair[1],
    "mean_pool": _mean_pair[0],
    "mean_pool_backward": _mean_pair[1],
    "max_pool": _max_pair[0],
    "max_pool_backward": _max_pair[1],
    "kron_layer": _plain(lambda x, w, options: _kron(x, w)),
    "kron_layer_backward": _plain_backward(lambda x, w, options: _kron(x, w), 2),
    "upsample_nearest": _upsample,
    "upsample_nearest_backward": _upsample_backward,
    "local_response_norm": _plain(_response_norm),
    "local_response_norm_backward": _plain_backward(_response_norm, 1),
    "batch_norm": _plain(_batch_norm),
    "batch_norm_backward": _batch_norm_backward,
    "softmax": lambda z, axis=-1: np.asarray(_tensor(z).softmax(axis).numpy()),
    "softmax_backward": _softmax_backward,
    "euclidean_loss": _plain(_euclidean),
    "euclidean_loss_backward": _loss_backward(_euclidean),
    "cross_entropy": _plain(_cross_entropy),
    "cross_entropy_backward": _loss_backward(_cross_entropy),
    "sigmoid": _plain(lambda z, options: z.sigmoid()),
    "tanh": _plain(lambda z, options: z.tanh()),
    "relu": _plain(lambda z, options: z.relu()),
    "softplus": _plain(lambda z, options: _functional().softplus(z)),
    "swish": _plain(lambda z, options: _functional().silu(z)),
    "sigmoid derivative": _slope("sigmoid"),
    "tanh derivative": _slope("tanh"),
    "relu derivative": _slope("relu"),
    "softplus derivative": _slope("softplus"),
    "swish derivative": _slope("silu"),
}
