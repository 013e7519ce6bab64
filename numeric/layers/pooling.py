"""Sum, mean and max pooling with their adjoints, and the pooling layer f(β·down(a) + b) of the lecture notes.

Why: pooling is where notes lose a factor 1/n², forget the tail, or route a gradient through a tie.

Law: a window is anchored at stride·i − pad and has f rows. Sum pooling adds the entries of the input that
it holds; mean pooling divides that sum by the window's size f·g (or, on request, by the number of entries
that are not padding); a maximum never takes padding. Sum pooling of integers is exact; so is the mean
times f·g.

What it cannot see: at a tie the maximum has no derivative. `max_pool_backward` then follows the rule that
its caller names; `max_pool_ties`, `max_pool_margin` and `max_pool_subgradient` say where that happened and
what else is valid.

Over 500 lines: three poolings share one notion of a window, each with forward, adjoint and ties.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from numeric.layers.activations import IDENTITY, Activation
from numeric.layers.geometry import (
    Array,
    Axes,
    Padding,
    PerAxis,
    add_windows,
    as_array,
    expect_shape,
    interior,
    pad_spatial,
    pooling_axes,
    sliding_windows,
)

Ties = Literal["first", "split", "error"]
Count = Literal["window", "inside"]
Kind = Literal["sum", "mean", "max"]


def sum_pool(x: ArrayLike, f: PerAxis, *, stride: PerAxis | None = None, pad: Padding = 0, ceil: bool = False) -> Array:
    """Sum over windows: x (N, C, *sizes) -> (N, C, *outputs);  y[i] = Σ_{0 ≤ p < f} x[stride·i − pad + p].

    f is one side for every spatial axis, or a tuple with one for each; with a tuple x may have any number
    of leading axes, none too. The stride defaults to f.  [Scherer, Müller & Behnke 2010, sec. 3]

    >>> sum_pool(np.arange(5).reshape(1, 1, 5), 2)
    array([[[1, 5]]])
    """
    x, axes = _prepare(x, f, stride, pad, ceil)
    return _window_sums(pad_spatial(x, axes), axes)


def sum_pool_backward(
    delta: ArrayLike,
    x: ArrayLike,
    f: PerAxis,
    *,
    stride: PerAxis | None = None,
    pad: Padding = 0,
    ceil: bool = False,
) -> Array:
    """dx of `sum_pool`:  dx[u] = Σ_{i, p: stride·i − pad + p = u} delta[i];  rows that no window reads get 0.

    >>> sum_pool_backward(np.array([[[10, 20]]]), np.zeros((1, 1, 5)), 2)
    array([[[10, 10, 20, 20,  0]]])
    """
    x, axes = _prepare(x, f, stride, pad, ceil)
    return _spread(_checked(delta, x, axes), axes)


def mean_pool(
    x: ArrayLike,
    f: PerAxis,
    *,
    stride: PerAxis | None = None,
    pad: Padding = 0,
    ceil: bool = False,
    count: Count = "window",
) -> Array:
    """Mean over windows: `sum_pool` divided by the window's size (count='window': padded zeros count), or
    by the number of the input's entries in it (count='inside').

    >>> mean_pool(np.arange(5.0).reshape(1, 1, 5), 2)
    array([[[0.5, 2.5]]])
    """
    array, axes = _prepare(x, f, stride, pad, ceil)
    means: Array = _window_sums(pad_spatial(array, axes), axes) / _divisor(array, axes, count)
    return means


def mean_pool_backward(
    delta: ArrayLike,
    x: ArrayLike,
    f: PerAxis,
    *,
    stride: PerAxis | None = None,
    pad: Padding = 0,
    ceil: bool = False,
    count: Count = "window",
) -> Array:
    """dx of `mean_pool`: each window shares delta[i] evenly. Where windows tile the input, Σ dx = Σ delta.

    >>> mean_pool_backward(np.array([[[10.0, 20.0]]]), np.zeros((1, 1, 5)), 2)
    array([[[ 5.,  5., 10., 10.,  0.]]])
    """
    x, axes = _prepare(x, f, stride, pad, ceil)
    return _spread(_checked(delta, x, axes) / _divisor(x, axes, count), axes)


def max_pool(x: ArrayLike, f: PerAxis, *, stride: PerAxis | None = None, pad: Padding = 0, ceil: bool = False) -> Array:
    """Largest entry of each window: (N, C, *sizes) -> (N, C, *outputs). NaN wins; complex numbers compare by real part.

    >>> max_pool(np.array([[[3, 1, 4, 1, 5]]]), 2)
    array([[[3, 4]]])
    """
    array, axes = _prepare(x, f, stride, pad, ceil)
    return _Maxima(array, axes).values()


def max_pool_backward(
    delta: ArrayLike,
    x: ArrayLike,
    f: PerAxis,
    *,
    stride: PerAxis | None = None,
    pad: Padding = 0,
    ceil: bool = False,
    ties: Ties = "first",
) -> Array:
    """dx of `max_pool`: delta[i] goes to the place of window i's maximum, overlaps added.

    ties: 'first' gives it to the first of equal maxima in row-major order (as PyTorch does), 'split'
    shares it evenly, 'error' raises ValueError, because there the derivative does not exist.

    >>> max_pool_backward(np.array([[[10, 20]]]), np.array([[[3, 1, 4, 1, 5]]]), 2)
    array([[[10,  0, 20,  0,  0]]])
    """
    array, axes = _prepare(x, f, stride, pad, ceil)
    delta = _checked(delta, array, axes)
    maxima = _Maxima(array, axes)
    if ties == "first":
        return maxima.scatter_first(delta)
    if ties not in ("split", "error"):
        raise ValueError(f"ties = {ties!r}; expected 'first', 'split' or 'error'")
    attained = maxima.attained()
    winners = attained.sum(axis=-1)
    if ties == "error" and (winners > 1).any():
        place = tuple(int(i) for i in np.argwhere(winners > 1)[0])
        raise ValueError(
            f"window {place} attains its maximum {int(winners[place])} times, so the gradient of max_pool "
            "does not exist; "
            "use tie-free data, or ties='first' or 'split'"
        )
    return maxima.scatter(attained * (delta / winners if ties == "split" else delta)[..., None])


def max_pool_ties(
    x: ArrayLike, f: PerAxis, *, stride: PerAxis | None = None, pad: Padding = 0, ceil: bool = False
) -> Array:
    """Which windows attain their maximum more than once: booleans of the output's shape.

    >>> max_pool_ties(np.array([[[3, 3, 4, 1]]]), 2)
    array([[[ True, False]]])
    """
    array, axes = _prepare(x, f, stride, pad, ceil)
    winners: Array = _Maxima(array, axes).attained().sum(axis=-1)
    return winners > 1


def max_pool_margin(
    x: ArrayLike, f: PerAxis, *, stride: PerAxis | None = None, pad: Padding = 0, ceil: bool = False
) -> Array:
    """How far each window is from a tie: its largest entry minus the second largest, 0 at a tie, ∞ with one entry.

    A change of the input by less than half of this does not move the maximum.

    >>> max_pool_margin(np.array([[[3, 1, 4, 4]]]), 2)
    array([[[2., 0.]]])
    """
    array, axes = _prepare(x, f, stride, pad, ceil)
    return _Maxima(array, axes).margin()


def max_pool_subgradient(
    delta: ArrayLike,
    x: ArrayLike,
    f: PerAxis,
    *,
    stride: PerAxis | None = None,
    pad: Padding = 0,
    ceil: bool = False,
) -> tuple[Array, Array]:
    """(low, high): for each input entry the interval that a valid generalised gradient keeps to.

    A window with one maximum contributes exactly delta[i] to it; a window with a tie contributes something
    between 0 and delta[i] to each of its equal maxima.  low == high wherever the derivative exists.
    [Clarke 1983, sec. 2.3]

    >>> max_pool_subgradient(np.array([[[10, 20]]]), np.array([[[3, 3, 4, 1]]]), 2)
    (array([[[ 0,  0, 20,  0]]]), array([[[10, 10, 20,  0]]]))
    """
    array, axes = _prepare(x, f, stride, pad, ceil)
    delta = _checked(delta, array, axes)[..., None]
    maxima = _Maxima(array, axes)
    attained = maxima.attained()
    tied = attained.sum(axis=-1, keepdims=True) > 1
    low = maxima.scatter(attained * np.where(tied, np.minimum(delta, 0), delta))
    return low, maxima.scatter(attained * np.where(tied, np.maximum(delta, 0), delta))


def pool(
    kind: Kind,
    x: ArrayLike,
    f: PerAxis,
    *,
    stride: PerAxis | None = None,
    pad: Padding = 0,
    ceil: bool = False,
) -> Array:
    """`sum_pool`, `mean_pool` or `max_pool`, chosen by name.

    >>> pool("max", np.array([[[3, 1, 4, 1]]]), 2)
    array([[[3, 4]]])
    """
    forward, _ = _by_name(kind)
    result: Array = forward(x, f, stride=stride, pad=pad, ceil=ceil)
    return result


def pool_backward(
    kind: Kind,
    delta: ArrayLike,
    x: ArrayLike,
    f: PerAxis,
    *,
    stride: PerAxis | None = None,
    pad: Padding = 0,
    ceil: bool = False,
) -> Array:
    """The gradient of `pool`.

    >>> pool_backward("sum", np.array([[[7]]]), np.array([[[3, 1]]]), 2)
    array([[[7, 7]]])
    """
    _, backward = _by_name(kind)
    result: Array = backward(delta, x, f, stride=stride, pad=pad, ceil=ceil)
    return result


def pooling_layer(
    a: ArrayLike,
    beta: ArrayLike,
    b: ArrayLike,
    f: PerAxis,
    *,
    activation: Activation = IDENTITY,
    kind: Kind = "mean",
    stride: PerAxis | None = None,
    pad: Padding = 0,
    ceil: bool = False,
) -> Array:
    """The pooling layer with parameters:  activation(β·down(a) + b);  a (N, C, *sizes) -> (N, C, *outputs).

    beta and b are scalars, or (C,) with one for each map.  [LeCun et al. 1998, sec. II.B, layer S2;
    Bouvrie 2006, sec. 3.2]

    >>> pooling_layer(np.array([[[1, 2, 3, 4]]]), 10, 1, 2, kind="sum")
    array([[[31, 71]]])
    """
    return activation(_affine(pool(kind, a, f, stride=stride, pad=pad, ceil=ceil), beta, b))


def pooling_layer_backward(
    delta: ArrayLike,
    a: ArrayLike,
    beta: ArrayLike,
    b: ArrayLike,
    f: PerAxis,
    *,
    activation: Activation = IDENTITY,
    kind: Kind = "mean",
    stride: PerAxis | None = None,
    pad: Padding = 0,
    ceil: bool = False,
) -> tuple[Array, Array, Array]:
    """(da, dbeta, db) of `pooling_layer` for the sensitivity delta of its output.

    With g = delta ∘ activation'(β·down(a) + b):  dβ = Σ g ∘ down(a),  db = Σ g,  da = β · (adjoint of
    down)(g);  the sums run over everything that one β serves.

    >>> pooling_layer_backward(np.array([[[1, 2]]]), np.array([[[1, 2, 3, 4]]]), 10, 1, 2, kind="sum")
    (array([[[10, 10, 20, 20]]]), array(17), array(3))
    """
    a, beta, b = as_array(a, "a"), as_array(beta, "beta"), as_array(b, "b")
    down = pool(kind, a, f, stride=stride, pad=pad, ceil=ceil)
    delta = as_array(delta, "delta")
    expect_shape(delta, down.shape, "delta", "the output")
    g = delta * activation.derivative(_affine(down, beta, b))
    da = pool_backward(kind, g * _per_map(beta, g, "beta"), a, f, stride=stride, pad=pad, ceil=ceil)
    return da, _sum_to(g * down, beta), _sum_to(g, b)


def _affine(down: Array, beta: ArrayLike, b: ArrayLike) -> Array:
    z: Array = _per_map(as_array(beta, "beta"), down, "beta") * down + _per_map(as_array(b, "b"), down, "b")
    return z


def _per_map(parameter: Array, y: Array, name: str) -> Array:
    if parameter.ndim == 0:
        return parameter
    expect_shape(parameter, (y.shape[1],), name, "one value for each map")
    return parameter.reshape(-1, *(1,) * (y.ndim - 2))


def _sum_to(g: Array, parameter: Array) -> Array:
    axes = None if parameter.ndim == 0 else (0, *range(2, g.ndim))
    return np.asarray(g.sum(axis=axes))


def _by_name(kind: str) -> tuple[Any, Any]:
    pairs = {
        "sum": (sum_pool, sum_pool_backward),
        "mean": (mean_pool, mean_pool_backward),
        "max": (max_pool, max_pool_backward),
    }
    if kind not in pairs:
        raise ValueError(f"kind = {kind!r}; expected 'sum', 'mean' or 'max'")
    return pairs[kind]


def _prepare(x: ArrayLike, f: PerAxis, stride: PerAxis | None, pad: Padding, ceil: bool) -> tuple[Array, Axes]:
    x = as_array(x, "x")
    rank = x.ndim - 2 if np.ndim(f) == 0 else len(f)  # type: ignore[arg-type]
    if not 1 <= rank <= min(3, x.ndim):
        raise ValueError(
            f"x has shape {x.shape}; expected (N, C, *sizes) with 1 to 3 spatial axes, "
            "or a window given as a tuple with one side for each of the last 1 to 3 axes"
        )
    sizes = x.shape[x.ndim - rank :]
    if type(f) is type(pad) is int and (stride is None or type(stride) is int):
        return x, _known_axes(sizes, f, stride, pad, bool(ceil))
    return x, pooling_axes(sizes, f, stride=stride, pad=pad, ceil=ceil)


@lru_cache(maxsize=64)
def _known_axes(sizes: tuple[int, ...], f: int, stride: int | None, pad: int, ceil: bool) -> Axes:
    """`pooling_axes` of plain integers; True == 1, so that other types are examined each time."""
    return pooling_axes(sizes, f, stride=stride, pad=pad, ceil=ceil)


def _checked(delta: ArrayLike, x: Array, axes: Axes) -> Array:
    delta = as_array(delta, "delta")
    lead = x.shape[: x.ndim - len(axes)]
    expect_shape(delta, lead + tuple(axis.outputs for axis in axes), "delta", "the output")
    return delta


def _window_sums(framed: Array, axes: Axes) -> Array:
    """The sum of each window: (..., *padded) -> (..., *outputs), one axis after the other."""
    lead = framed.ndim - len(axes)
    # whole rows first: they lie together in memory
    for number in range(len(axes)):
        axis, before = axes[number], (slice(None),) * (lead + number)
        if axis.outputs < axis.kernel:
            # few windows: sum each of them whole
            starts = range(0, axis.stride * axis.outputs, axis.stride)
            windows = [framed[(*before, slice(u, u + axis.kernel))] for u in starts]
            sums = [window.sum(axis=lead + number, dtype=framed.dtype, keepdims=True) for window in windows]
            framed = np.concatenate(sums, axis=lead + number)
            continue
        end = axis.stride * (axis.outputs - 1) + 1
        total = framed[(*before, slice(0, end, axis.stride))].copy()
        for k in range(1, axis.kernel):
            total += framed[(*before, slice(k, k + end, axis.stride))]
        framed = total
    return framed


def _spread(delta: Array, axes: Axes) -> Array:
    """The adjoint of summing windows: every window entry receives its window's delta, one axis after the other."""
    lead = delta.ndim - len(axes)
    for number in reversed(range(len(axes))):
        axis, before = axes[number], (slice(None),) * (lead + number)
        if axis.stride == axis.kernel and axis.outputs * axis.kernel == axis.padded:
            delta = delta.repeat(axis.kernel, axis=lead + number)
            continue
        framed = np.zeros((*delta.shape[: lead + number], axis.padded, *delta.shape[lead + number + 1 :]), delta.dtype)
        if axis.outputs < axis.kernel:
            for i, u in enumerate(range(0, axis.stride * axis.outputs, axis.stride)):
                framed[(*before, slice(u, u + axis.kernel))] += delta[(*before, slice(i, i + 1))]
        else:
            end = axis.stride * (axis.outputs - 1) + 1
            for k in range(axis.kernel):
                framed[(*before, slice(k, k + end, axis.stride))] += delta
        delta = framed
    inner: Array = delta[interior(axes)]
    return inner


def _divisor(x: Array, axes: Axes, count: str) -> Any:
    if count == "window":
        return int(np.prod([axis.kernel for axis in axes]))
    if count != "inside":
        raise ValueError(f"count = {count!r}; expected 'window' or 'inside'")
    counts = _inside(axes).sum(axis=-1)
    return counts.astype(x.real.dtype) if x.dtype.kind in "fc" else counts


def _inside(axes: Axes) -> Array:
    """(*outputs, window entries): which entries of each window belong to the input."""
    ones = np.ones(tuple(axis.size for axis in axes), dtype=bool)
    return _flat_windows(pad_spatial(ones, axes), axes)


def _flat_windows(framed: Array, axes: Axes) -> Array:
    view = sliding_windows(framed, axes)
    cut = view.ndim - len(axes)
    return view.reshape(*view.shape[:cut], int(np.prod(view.shape[cut:])))


class _Maxima:
    """The maxima of one call's windows: their values, places, ties and margins.

    The frame repeats the input's edge instead of holding zeros: each window that reaches into the frame
    also holds the edge itself, so the repetition never changes a maximum, whatever the data type and even
    for −∞.
    """

    def __init__(self, x: Array, axes: Axes) -> None:
        self.x, self.axes, self.rank = x, axes, len(axes)
        self.entries = _flat_windows(_framed_by_edges(x, axes), axes)
        key = self.entries.real if np.iscomplexobj(self.entries) else self.entries
        self.key = key
        self.winner = key.argmax(axis=-1)[..., None]

    def values(self) -> Array:
        taken: Array = np.take_along_axis(self.entries, self.winner, axis=-1)
        return taken[..., 0]

    def attained(self) -> Array:
        """(..., *outputs, window entries): the input's entries that equal their window's maximum (NaN: the first)."""
        largest = np.take_along_axis(self.key, self.winner, axis=-1)
        equal = (self.key == largest) & _inside(self.axes)
        undefined = largest != largest  # only NaN differs from itself
        if undefined.any():
            places = np.arange(self.key.shape[-1]) == self._first_inside(self.key != self.key)
            equal = np.where(undefined, places, equal)
        result: Array = equal
        return result

    def _first_inside(self, chosen: Array) -> Array:
        first: Array = (chosen & _inside(self.axes)).argmax(axis=-1)
        return first[..., None]

    def margin(self) -> Array:
        attained = self.attained()
        inside = _inside(self.axes)
        rest = np.where(attained | ~inside, -np.inf, self.key).max(axis=-1)
        largest = np.take_along_axis(self.key, self.winner, axis=-1)[..., 0]
        # a lone entry may itself be −∞, so the difference is not what tells that it is alone
        gap = np.subtract(largest, rest, out=np.full(rest.shape, np.inf), where=rest != -np.inf)
        return np.where(attained.sum(axis=-1) > 1, 0.0, gap)

    def scatter(self, shares: Array) -> Array:
        """Add a share for each window entry back to the input: (..., *outputs, window entries) -> (..., *sizes)."""
        lead = self.x.ndim - self.rank
        kernels = tuple(axis.kernel for axis in self.axes)
        split = shares.reshape(*shares.shape[:-1], *kernels)
        order = (*range(lead), *range(lead + self.rank, split.ndim), *range(lead, lead + self.rank))
        return add_windows(split.transpose(order), self.axes)

    def scatter_first(self, delta: Array) -> Array:
        """Give each delta to the first maximum of its window. Edge repetitions lead back to the edge."""
        kernels = tuple(axis.kernel for axis in self.axes)
        offsets = np.unravel_index(self.winner[..., 0], kernels)
        lead = self.x.ndim - self.rank
        positions = []
        for number, (axis, offset) in enumerate(zip(self.axes, offsets, strict=True)):
            starts = axis.stride * np.arange(axis.outputs) - axis.before
            starts = starts.reshape(-1, *(1,) * (self.rank - 1 - number))
            positions.append(np.clip(starts + offset, 0, axis.size - 1))
        dx = np.zeros(self.x.shape, dtype=delta.dtype)
        frame = tuple(index.reshape(*index.shape, *(1,) * self.rank) for index in _grid(delta.shape[:lead]))
        np.add.at(dx, (*frame, *positions), delta)
        return dx


def _grid(shape: tuple[int, ...]) -> tuple[Array, ...]:
    """One index array for each leading axis, broadcasting against the others."""
    return tuple(np.indices(shape, sparse=True)) if shape else ()


def _framed_by_edges(x: Array, axes: Axes) -> Array:
    if all(axis.padded == axis.size for axis in axes):
        return x
    lead = [(0, 0)] * (x.ndim - len(axes))
    return np.pad(x, lead + [(a.before, a.padded - a.before - a.size) for a in axes], mode="edge")


__all__ = [
    "max_pool",
    "max_pool_backward",
    "max_pool_margin",
    "max_pool_subgradient",
    "max_pool_ties",
    "mean_pool",
    "mean_pool_backward",
    "pool",
    "pool_backward",
    "pooling_layer",
    "pooling_layer_backward",
    "sum_pool",
    "sum_pool_backward",
]
