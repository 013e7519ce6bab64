# ruff: noqa: E501 — one mutation is one row of the table
"""Backward functions that are wrong, each in one way that somebody has shipped: the corpus that a checker must catch.

Why: a checker is measured by what it catches, side by side with others on the same layers and data.

Law: every row is one right layer, one change to its right gradients, and the words that a sensible name of the
mistake contains. The changes are made by hand, not generated, so that each is a mistake and not noise.

What it cannot see: two mistakes that cancel each other.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from numeric import layers

Arrays = tuple[np.ndarray, ...]
Change = Callable[..., tuple[Any, ...]]


@dataclass(frozen=True)
class Layer:
    """A right layer: forward(*arrays), backward(delta, *arrays) -> one gradient for each array, and data."""

    name: str
    forward: Callable[..., Any]
    backward: Callable[..., tuple[Any, ...]]
    arrays: Arrays


@dataclass(frozen=True)
class Mutation:
    """A layer whose gradients g are changed by `change(g, delta, *arrays)`; `says` is in the name that it deserves."""

    name: str
    layer: Layer
    change: Change
    says: str

    def backward(self, delta: np.ndarray, *arrays: np.ndarray) -> tuple[Any, ...]:
        """The wrong backward function."""
        right = [np.array(g, dtype=float) for g in self.layer.backward(delta, *arrays)]
        return tuple(self.change(right, delta, *arrays))


def _data(*shapes: tuple[int, ...], seed: int = 5) -> Arrays:
    random = np.random.default_rng(seed)
    return tuple(random.normal(size=shape) for shape in shapes)


def _convolution(name: str, shapes: list[tuple[int, ...]], kind: str = "correlate", **options: Any) -> Layer:
    forward, backward = getattr(layers, kind), getattr(layers, f"{kind}_backward")
    return Layer(
        name,
        lambda x, w, b: forward(x, w, b, **options),
        lambda delta, x, w, b: backward(delta, x, w, **options),
        _data(*shapes),
    )


def _pooling(name: str, kind: str, shape: tuple[int, ...], f: int, **options: Any) -> Layer:
    forward, backward = getattr(layers, kind), getattr(layers, f"{kind}_backward")
    return Layer(
        name,
        lambda x: forward(x, f, **options),
        lambda delta, x: (backward(delta, x, f, **options),),
        _data(shape),
    )


def _elementwise(name: str, function: Any) -> Layer:
    return Layer(name, lambda z: function.f(z), lambda delta, z: (delta * function.derivative(z),), _data((3, 4, 5)))


# strided, with a remainder of one row and of none, so that both kinds of tail occur
STRIDED = _convolution("strided convolution", [(2, 3, 8, 7), (4, 3, 3, 2), (4,)], stride=2, pad=1)
PLAIN = _convolution("plain convolution", [(2, 3, 6, 7), (4, 3, 3, 3), (4,)])
SQUARE = _convolution("square convolution", [(3, 3, 6, 6), (3, 3, 3, 3), (3,)])
DILATED = _convolution("dilated convolution", [(2, 2, 9, 8), (3, 2, 3, 2), (3,)], dilation=2)
GROUPED = _convolution("grouped convolution", [(2, 4, 6, 5), (6, 2, 3, 2), (6,)], groups=2)
FULL = _convolution("full true convolution", [(1, 2, 5, 4), (3, 2, 3, 2), (3,)], "convolve", mode="full")
LINE = _convolution("1-D convolution", [(2, 3, 10), (4, 3, 3), (4,)], stride=3)
VOLUME = _convolution("3-D convolution", [(1, 2, 4, 5, 4), (2, 2, 2, 3, 2), (2,)])
MEAN = _pooling("mean pooling", "mean_pool", (2, 3, 7, 6), 3, stride=2)
MEAN_TAIL = _pooling("mean pooling with a tail", "mean_pool", (2, 2, 7, 8), 3)
SUM = _pooling("sum pooling", "sum_pool", (2, 3, 7, 6), 2)
MAX = _pooling("max pooling", "max_pool", (2, 3, 8, 6), 2)
OVERLAP = _pooling("overlapping max pooling", "max_pool", (2, 2, 7, 7), 3, stride=2)
DENSE = Layer(
    "dense",
    lambda x, w, b: layers.dense(x, w, b),
    lambda delta, x, w, b: layers.dense_backward(delta, x, w),
    (
        *_data((5, 4)),
        *_data(layers.dense_backward(np.ones((1, 3)), np.ones((1, 4)), np.ones((3, 4)))[1].shape),
        *_data((3,)),
    ),
)
TANH = Layer("tanh", lambda z: np.tanh(z), lambda delta, z: (delta * (1 - np.tanh(z) ** 2),), _data((3, 4, 5)))
SIGMOID = Layer(
    "sigmoid",
    lambda z: (1 + np.tanh(z / 2)) / 2,
    lambda delta, z: (delta * (1 - np.tanh(z / 2) ** 2) / 4,),
    _data((3, 4, 5)),
)
RELU = Layer("ReLU", lambda z: np.maximum(z, 0), lambda delta, z: (delta * (z > 0),), _data((3, 4, 5)))
LEAKY = Layer(
    "leaky ReLU",
    lambda z: np.where(z > 0, z, z / 4),
    lambda delta, z: (delta * np.where(z > 0, 1, 0.25),),
    _data((3, 4, 5)),
)
SOFTMAX = Layer("softmax", layers.softmax, lambda delta, z: (layers.softmax_backward(delta, z),), _data((4, 5)))
SQUARES = Layer(
    "Euclidean loss",
    lambda y, t: ((y - t) ** 2).sum() / 2,
    lambda delta, y, t: (delta * (y - t), delta * (t - y)),
    _data((4, 5), (4, 5)),
)
NORM = Layer(
    "batch normalisation",
    layers.batch_norm,
    lambda delta, x, gamma, beta: layers.batch_norm_backward(delta, x, gamma),
    _data((6, 3, 4, 2), (3,), (3,)),
)
SCALED = Layer(
    "scaled mean pooling",
    lambda a, beta, b: beta * layers.mean_pool(a, 2) + b,
    lambda delta, a, beta, b: (
        layers.mean_pool_backward(beta * delta, a, 2),
        np.array((delta * layers.mean_pool(a, 2)).sum()),
        np.array(delta.sum()),
    ),
    _data((2, 3, 6, 4), (), ()),
)
LAYERS = (
    STRIDED, PLAIN, SQUARE, DILATED, GROUPED, FULL, LINE, VOLUME, MEAN, MEAN_TAIL, SUM, MAX, OVERLAP, DENSE,
    TANH, SIGMOID, RELU, LEAKY, SOFTMAX, SQUARES, NORM, SCALED,
)  # fmt: skip


def _on(k: int, change: Callable[[np.ndarray], Any]) -> Change:
    """Change the k-th gradient alone."""
    return lambda g, delta, *arrays: (*g[:k], change(g[k]), *g[k + 1 :])


def _put(place: Any, value: float) -> Callable[[np.ndarray], np.ndarray]:
    def put(g: np.ndarray) -> np.ndarray:
        g[place] = value
        return g

    return put


def _times(place: Any, factor: float) -> Callable[[np.ndarray], np.ndarray]:
    def scale(g: np.ndarray) -> np.ndarray:
        g[place] = g[place] * factor
        return g

    return scale


def _flip(g: np.ndarray) -> np.ndarray:
    return np.flip(g, (-2, -1))


def _again(layer: Layer, k: int, change: Callable[..., tuple[Any, ...]]) -> Change:
    """The k-th gradient as the right backward gives it at changed (delta, *arrays)."""
    return lambda g, delta, *arrays: (
        *g[:k],
        layer.backward(*change(delta, *arrays))[k],
        *g[k + 1 :],
    )


def _zeroed(values: np.ndarray, place: Any) -> np.ndarray:
    changed = values.copy()
    changed[place] = 0
    return changed


def _undilated(delta: np.ndarray, x: np.ndarray, w: np.ndarray) -> np.ndarray:
    """dx with the kernel placed without its dilation, the last rows left at 0."""
    dx = np.zeros_like(x)
    inner = layers.correlate_backward(delta, x[:, :, : delta.shape[2] + 2, : delta.shape[3] + 1], w)[0]
    dx[:, :, : inner.shape[2], : inner.shape[3]] = inner
    return dx


def _everywhere_the_maximum(delta: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Every entry of a window gets the window's delta."""
    return layers.sum_pool_backward(delta, x, 2)


_E = Ellipsis
MUTATIONS = (
    # the kernel's gradient
    Mutation("dw rotated by 180°", STRIDED, _on(1, _flip), "rotated by 180°"),
    Mutation("dw rotated by 180° (full)", FULL, _on(1, _flip), "rotated by 180°"),
    Mutation("dw transposed on its spatial axes", PLAIN, _on(1, lambda g: g.swapaxes(2, 3)), "transposed (axes 2 and 3)"),
    Mutation("dw with filters and channels exchanged", SQUARE, _on(1, lambda g: g.swapaxes(0, 1)), "transposed (axes 0 and 1)"),
    Mutation("dw rotated by 90°", PLAIN, _on(1, lambda g: np.rot90(g, 1, (2, 3))), "rotated by 90°"),
    Mutation("dw reversed along one axis", STRIDED, _on(1, lambda g: np.flip(g, 2)), "reversed along axis 2"),
    Mutation("dw shifted by one", PLAIN, _on(1, lambda g: np.roll(g, 1, 3)), "shifted by one along axis 3"),
    Mutation("dw with the sign lost", STRIDED, _on(1, np.negative), "sign"),
    Mutation("dw doubled", STRIDED, _on(1, lambda g: 2 * g), "constant 2"),
    Mutation("dw averaged over the batch", PLAIN, _on(1, lambda g: g / 2), "constant 1/2"),
    Mutation("dw of the first image only", PLAIN, _again(PLAIN, 1, lambda d, *a: (_zeroed(d, np.s_[1:]), *a)), "sum over axis 0"),
    Mutation("dw without the last output row", STRIDED, _again(STRIDED, 1, lambda d, *a: (_zeroed(d, np.s_[:, :, -1]), *a)), "tail missing"),
    Mutation("dw without the last output column", LINE, _again(LINE, 1, lambda d, *a: (_zeroed(d, np.s_[:, :, -1]), *a)), "tail missing"),
    Mutation("dw of one channel dropped", STRIDED, _on(1, _put(np.s_[:, 2], 0.0)), "0 in the last of 3 slices along axis 1"),
    Mutation("dw of one filter dropped", GROUPED, _on(1, _put(np.s_[2], 0.0)), "slice 2 along axis 0"),
    Mutation("dw summed over channels", PLAIN, _on(1, lambda g: np.broadcast_to(g.sum(1, keepdims=True), g.shape)), "their sum"),
    Mutation("dw one entry dropped", STRIDED, _on(1, _put((2, 1, 0, 1), 0.0)), "one entry only, (2, 1, 0, 1)"),
    Mutation("dw one entry off by 1e-3", STRIDED, _on(1, _times((2, 1, 0, 1), 1 + 1e-3)), "one entry only, (2, 1, 0, 1)"),
    Mutation("dw one entry off by 1e-6", PLAIN, _on(1, _times((0, 1, 2, 1), 1 + 1e-6)), "one entry only, (0, 1, 2, 1)"),
    Mutation("dw one entry off by 1e-13", STRIDED, _on(1, _times((3, 0, 1, 0), 1 + 1e-13)), "one entry only, (3, 0, 1, 0)"),
    Mutation("dw all zero", DILATED, _on(1, np.zeros_like), "all zero"),
    Mutation("dw with groups exchanged", GROUPED, _on(1, lambda g: np.roll(g, 3, 0)), "permuted"),
    Mutation("dw with the magnitude of delta", PLAIN, _again(PLAIN, 1, lambda d, *a: (np.abs(d), *a)), "magnitude"),
    Mutation("dw with delta rotated", PLAIN, _again(PLAIN, 1, lambda d, *a: (_flip(d), *a)), "delta"),
    Mutation("dw ignores delta", PLAIN, _again(PLAIN, 1, lambda d, *a: (np.ones_like(d), *a)), "ignored"),
    # the input's gradient
    Mutation("dx with the kernel not rotated", STRIDED, _again(STRIDED, 0, lambda d, x, w, b: (d, x, _flip(w), b)), "w rotated by 180°"),
    Mutation("dx with the kernel not rotated (full)", FULL, _again(FULL, 0, lambda d, x, w, b: (d, x, _flip(w), b)), "w rotated by 180°"),
    Mutation("dx with the kernel not rotated (3-D, two axes)", VOLUME, _again(VOLUME, 0, lambda d, x, w, b: (d, x, _flip(w), b)), "w rotated by 180°"),
    Mutation("dx with the kernel transposed", PLAIN, _again(PLAIN, 0, lambda d, x, w, b: (d, x, w.swapaxes(2, 3), b)), "w transposed"),
    Mutation("dx with filters and channels exchanged", SQUARE, _again(SQUARE, 0, lambda d, x, w, b: (d, x, w.swapaxes(0, 1), b)), "w transposed"),
    Mutation("dx of one output map only", PLAIN, _again(PLAIN, 0, lambda d, *a: (_zeroed(d, np.s_[:, 1:]), *a)), "sum over axis 1"),
    Mutation("dx without the last output row", STRIDED, _again(STRIDED, 0, lambda d, *a: (_zeroed(d, np.s_[:, :, -1]), *a)), "tail missing"),
    Mutation("dx without its last row", PLAIN, _on(0, _put(np.s_[:, :, -1], 0.0)), "tail missing"),
    Mutation("dx shifted by one row", PLAIN, _on(0, lambda g: np.roll(g, 1, 2)), "shifted by one along axis 2"),
    Mutation("dx shifted by one column", FULL, _on(0, lambda g: np.roll(g, -1, 3)), "shifted by one along axis 3"),
    Mutation("dx shifted by the padding", STRIDED, _on(0, lambda g: np.roll(g, (1, 1), (2, 3))), "shifted"),
    Mutation("dx without its border", STRIDED, _on(0, lambda g: np.pad(g[:, :, 1:-1, 1:-1], ((0, 0), (0, 0), (1, 1), (1, 1)))), "border"),
    Mutation("dx transposed", SQUARE, _on(0, lambda g: g.swapaxes(2, 3)), "transposed (axes 2 and 3)"),
    Mutation("dx rotated by 180°", SQUARE, _on(0, _flip), "rotated by 180°"),
    Mutation("dx without dilation", DILATED, lambda g, d, x, w, b: (_undilated(d, x, w), g[1], g[2]), "x:"),
    Mutation("dx with channels reversed", GROUPED, _on(0, lambda g: np.flip(g, 1)), "reversed along axis 1"),
    Mutation("dx of the second group dropped", GROUPED, _on(0, _put(np.s_[:, 2:], 0.0)), "last 2 of 4 slices along axis 1"),
    Mutation("dx of the second image dropped", PLAIN, _on(0, _put(np.s_[1], 0.0)), "last of 2 slices along axis 0"),
    Mutation("dx one entry dropped", STRIDED, _on(0, _put((1, 2, 3, 4), 0.0)), "one entry only, (1, 2, 3, 4)"),
    Mutation("dx one entry off by 1e-3", VOLUME, _on(0, _times((0, 1, 2, 3, 1), 1 + 1e-3)), "one entry only"),
    Mutation("dx one corner doubled", LINE, _on(0, _times((0, 0, 0), 2.0)), "one entry only, (0, 0, 0)"),
    Mutation("dx all zero", LINE, _on(0, np.zeros_like), "all zero"),
    Mutation("dx leaks into unread rows", LINE, _on(0, _put(np.s_[:, :, -1], 1.0)), "should be 0"),
    # the bias
    Mutation("db not summed", PLAIN, lambda g, d, *a: (g[0], g[1], d), "not summed"),
    Mutation("db summed over positions only", PLAIN, lambda g, d, *a: (g[0], g[1], d.sum((2, 3))), "not summed"),
    Mutation("db of the first image only", PLAIN, lambda g, d, *a: (g[0], g[1], d[0].sum((1, 2))), "sum over axis 0"),
    Mutation("db averaged over positions", PLAIN, _on(2, lambda g: g / 20), "constant 1/20"),
    Mutation("db summed over the maps too", PLAIN, _on(2, lambda g: np.full_like(g, g.sum())), "their sum"),
    Mutation("db without the last row", STRIDED, lambda g, d, *a: (g[0], g[1], d[:, :, :-1].sum((0, 2, 3))), "tail missing"),
    Mutation("db all zero", DILATED, _on(2, np.zeros_like), "all zero"),
    Mutation("db one entry dropped", GROUPED, _on(2, _put(3, 0.0)), "one entry only, (3,)"),
    # pooling
    Mutation("mean pooling without its 1/f²", MEAN, _on(0, lambda g: 9 * g), "constant 9"),
    Mutation("mean pooling with 1/f", MEAN, _on(0, lambda g: 3 * g), "constant 3"),
    Mutation("mean pooling with 1/f⁴", MEAN_TAIL, _on(0, lambda g: g / 9), "constant 1/9"),
    Mutation("mean pooling spread over the tail too", MEAN_TAIL, _on(0, _put(np.s_[:, :, 6:], 0.125)), "should be 0"),
    Mutation("mean pooling without the last window", MEAN, lambda g, d, x: (MEAN.backward(_zeroed(d, np.s_[:, :, -1]), x)[0],), "tail missing"),
    Mutation("mean pooling overlaps not added", MEAN, _on(0, lambda g: np.where(np.arange(7)[:, None] % 2 == 0, g / 2, g)), "slice"),
    Mutation("sum pooling with a mean's factor", SUM, _on(0, lambda g: g / 4), "constant 1/4"),
    Mutation("sum pooling by delta's first entry of each map", SUM, lambda g, d, x: (SUM.backward(np.broadcast_to(d[:, :, :1, :1], d.shape), x)[0],), "x:"),
    Mutation("sum pooling shifted by one", SUM, _on(0, lambda g: np.roll(g, 1, 2)), "shifted by one along axis 2"),
    Mutation("sum pooling transposed blocks", SUM, lambda g, d, x: (SUM.backward(_flip(d), x)[0],), "delta rotated by 180°"),
    Mutation("max pooling to every entry", MAX, lambda g, d, x: (_everywhere_the_maximum(d, x),), "should be 0"),
    Mutation("max pooling to the window's corner", MAX, lambda g, d, x: (np.kron(d, np.array([[1.0, 0], [0, 0]])),), "x:"),
    Mutation("max pooling as mean pooling", MAX, lambda g, d, x: (layers.mean_pool_backward(d, x, 2),), "x:"),
    Mutation("max pooling to the minimum", MAX, lambda g, d, x: (layers.max_pool_backward(d, -x, 2),), "x negated"),
    Mutation("max pooling overlaps overwritten", OVERLAP, lambda g, d, x: (np.clip(g[0], -np.abs(d).max(), np.abs(d).max()) / 2,), "x:"),
    Mutation("max pooling last window dropped", MAX, _on(0, _put(np.s_[:, :, -2:], 0.0)), "tail missing"),
    # dense, activations, losses, normalisation
    Mutation("dense dx and dw exchanged where shapes allow", SQUARES, lambda g, d, y, t: (g[1], g[0]), "sign"),
    Mutation("dense dw of one sample", DENSE, _again(DENSE, 1, lambda d, *a: (_zeroed(d, np.s_[1:]), *a)), "sum over axis 0"),
    Mutation("dense dw transposed shape", DENSE, _on(1, np.transpose), "transposed"),
    Mutation("dense dx all zero", DENSE, _on(0, np.zeros_like), "all zero"),
    Mutation("dense db not summed", DENSE, lambda g, d, *a: (g[0], g[1], d), "not summed"),
    Mutation("tanh′ as 1 − tanh", TANH, lambda g, d, z: (d * (1 - np.tanh(z)),), "z:"),
    Mutation("tanh′ off by 1e-9 everywhere", TANH, _on(0, lambda g: g * (1 + 1e-9)), "constant 1 + 1e-09"),
    Mutation("tanh′ forgotten", TANH, lambda g, d, z: (d,), "z:"),
    Mutation("sigmoid′ as σ²", SIGMOID, lambda g, d, z: (d / (1 + np.exp(-z)) ** 2,), "z:"),
    Mutation("sigmoid′ of the sign", SIGMOID, _on(0, np.negative), "sign"),
    Mutation("ReLU′ always 1", RELU, lambda g, d, z: (d,), "should be 0"),
    Mutation("ReLU′ inverted", RELU, lambda g, d, z: (d * (z <= 0),), "z negated"),
    Mutation("leaky ReLU without its slope", LEAKY, lambda g, d, z: (d * (z > 0),), "0 in"),
    Mutation("softmax′ without the cross terms", SOFTMAX, lambda g, d, z: (d * layers.softmax(z) * (1 - layers.softmax(z)),), "z:"),
    Mutation("softmax over the wrong axis", SOFTMAX, lambda g, d, z: (layers.softmax_backward(d, z, 0),), "z:"),
    Mutation("Euclidean loss without its 1/2", SQUARES, lambda g, d, y, t: (2 * g[0], 2 * g[1]), "constant 2"),
    Mutation("Euclidean loss with the target's sign", SQUARES, lambda g, d, y, t: (g[0], g[0]), "sign"),
    Mutation("batch norm without the mean's term", NORM, lambda g, d, x, gamma, beta: (g[0] + d.mean() * 0.1, g[1], g[2]), "x:"),
    Mutation("batch norm dγ without normalising", NORM, lambda g, d, x, gamma, beta: (g[0], (d * x).sum((0, 2, 3)), g[2]), "gamma:"),
    Mutation("batch norm dx with the variance constant", NORM, lambda g, d, x, gamma, beta: (d * (gamma / np.sqrt(x.var((0, 2, 3)) + 1e-5))[:, None, None], g[1], g[2]), "x:"),
    Mutation("scaled pooling dβ without Σ", SCALED, lambda g, d, a, beta, b: (g[0], np.array((d * layers.mean_pool(a, 2))[0].sum()), g[2]), "sum over axis 0"),
    Mutation("scaled pooling da without β", SCALED, lambda g, d, a, beta, b: (layers.mean_pool_backward(d, a, 2), g[1], g[2]), "a:"),
    Mutation("scaled pooling db averaged", SCALED, _on(2, lambda g: g / 36), "constant 1/36"),
)  # fmt: skip
