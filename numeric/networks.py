"""Networks from a list of layer specifications: forward pass and gradients of the whole chain.

Why: a gradient that is right for each layer can still be wrong for the chain. Here a chain is one function of
(x, *parameters) with one gradient, so that it is checked end to end like any layer.

Law: `run` and `pull_back` give a specification its meaning, one registered function for each kind of layer.
The parameters of a network are a flat tuple of arrays, in the order in which the layers stand.

What it cannot see: running averages, random masks (a dropout without a given mask passes everything), and
memory: the gradient of a nested block computes the block's forward pass again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import singledispatch
from math import prod
from typing import Any, Literal, NamedTuple

import numpy as np

from numeric.layers import affine, convolution, losses, normalisation, pooling
from numeric.layers.geometry import Array, expect_shape
from numeric.specifications import (
    BatchNorm,
    Concatenate,
    Convolution,
    Dense,
    Dropout,
    Elementwise,
    Flatten,
    Layer,
    LocalResponseNorm,
    Parameter,
    PartialConvolution,
    Pooling,
    Residual,
    Shape,
    TrainablePooling,
    parameters_of,
    parameters_through,
    pooling_options,
    shape_after,
    shape_through,
)

Arrays = tuple[Array, ...]
Masks = Mapping[str, Array]


class Row(NamedTuple):
    """One line of a network's summary."""

    layer: Layer
    shape: Shape
    parameters: int


class Singularity(NamedTuple):
    """A place of the chain where the derivative does not exist: which layer, what happens there, how many entries."""

    layer: str
    what: Literal["kink", "tie"]
    entries: int


@dataclass(frozen=True)
class Network:
    """A list of layers on inputs (N, *input_shape).

    >>> net = Network((Convolution(2, 3), Flatten(), Dense(1)), input_shape=(1, 4, 4))
    >>> [row.shape for row in net.summary()], net.parameter_count
    ([(2, 2, 2), (8,), (1,)], 29)
    """

    layers: tuple[Layer, ...]
    input_shape: Shape
    parameters: tuple[Parameter, ...] = field(init=False)
    output_shape: Shape = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "parameters", parameters_through(self.layers, self.input_shape))
        object.__setattr__(self, "output_shape", shape_through(self.layers, self.input_shape))

    @property
    def parameter_count(self) -> int:
        """How many numbers there are to learn."""
        return sum(prod(parameter.shape) for parameter in self.parameters)

    def summary(self) -> tuple[Row, ...]:
        """Output shape (without the batch) and number of parameters of each layer."""
        rows, shape = [], self.input_shape
        for layer in self.layers:
            count = sum(prod(parameter.shape) for parameter in parameters_of(layer, shape))
            shape = shape_after(layer, shape)
            rows.append(Row(layer, shape, count))
        return tuple(rows)

    def initial(self, generator: np.random.Generator, dtype: Any = np.float64) -> Arrays:
        """Starting parameters: noise of variance 1/fan_in, zeros for biases, ones for scales.  [LeCun et
        al. 1998b, sec. 4.6]"""
        return tuple(_start(parameter, generator).astype(dtype) for parameter in self.parameters)

    def forward(self, x: Array, *parameters: Array, masks: Masks | None = None) -> Array:
        """The output (N, *output_shape) for x (N, *input_shape).

        >>> net = Network((Dense(1),), input_shape=(2,))
        >>> net.forward(np.array([[1, 2]]), np.array([[3, 4]]), np.array([5]))
        array([[16]])
        """
        self._check(x, parameters)
        return _run(self.layers, x, parameters, masks or {})

    def backward(self, delta: Array, x: Array, *parameters: Array, masks: Masks | None = None) -> Arrays:
        """(dx, *dparameters) of a loss whose sensitivity at the output is delta.

        >>> net = Network((Dense(1),), input_shape=(2,))
        >>> net.backward(np.array([[1]]), np.array([[1, 2]]), np.array([[3, 4]]), np.array([5]))
        (array([[3, 4]]), array([[1, 2]]), array([1]))
        """
        self._check(x, parameters)
        dx, gradients = _pull_back(self.layers, delta, x, parameters, masks or {})
        return (dx, *gradients)

    def singularities(self, x: Array, *parameters: Array, masks: Masks | None = None) -> tuple[Singularity, ...]:
        """Activations that stand exactly on a kink and windows whose maximum is attained twice, for this input.

        Where there is one, `backward` gives one of the valid generalised gradients (the first maximum of a window).

        >>> from numeric.layers import relu
        >>> net = Network((Pooling("max", 2), Elementwise(relu)), input_shape=(1, 4))
        >>> for found in net.singularities(np.array([[[0.0, 0.0, 3.0, 1.0]]])):
        ...     print(found.layer, found.what, found.entries)
        0 tie 1
        1 kink 1
        """
        self._check(x, parameters)
        return tuple(_singularities(self.layers, x, parameters, masks or {}, ""))

    def __str__(self) -> str:
        """One line for each layer: its kind, its output's shape, its parameters.

        >>> print(Network((Convolution(6, 5), Pooling("mean", 2)), input_shape=(1, 32, 32)))
        input              (1, 32, 32)
        Convolution        (6, 28, 28)            156
        Pooling            (6, 14, 14)              0
        total                                     156
        """
        rows = [f"{type(row.layer).__name__:18} {row.shape!s:18} {row.parameters:>7,}" for row in self.summary()]
        return "\n".join([f"{'input':18} {self.input_shape}", *rows, f"{'total':37} {self.parameter_count:>7,}"])

    def loss_and_gradients(
        self, x: Array, target: Array, *parameters: Array, masks: Masks | None = None
    ) -> tuple[float, Arrays]:
        """The mean cross-entropy over the batch and (dx, *dparameters), with one forward pass."""
        self._check(x, parameters)
        inputs, y = _trace(self.layers, x, parameters, masks or {})
        delta = losses.cross_entropy_backward(y, target, reduction="mean")
        dx, gradients = _unwind(self.layers, delta, inputs, masks or {})
        return float(losses.cross_entropy(y, target, reduction="mean")), (dx, *gradients)

    def _check(self, x: Array, parameters: Sequence[Array]) -> None:
        expect_shape(x, (x.shape[0] if x.ndim else 0, *self.input_shape), "x", "the network's input")
        if len(parameters) != len(self.parameters):
            raise ValueError(f"{len(parameters)} parameter arrays given; the network has {len(self.parameters)}")
        for array, parameter in zip(parameters, self.parameters, strict=True):
            expect_shape(array, parameter.shape, parameter.name, "this parameter")


def _start(parameter: Parameter, generator: np.random.Generator) -> Array:
    if parameter.start == "noise":
        return np.asarray(generator.standard_normal(parameter.shape) / np.sqrt(parameter.fan_in))
    return np.full(parameter.shape, float(parameter.start == "one"))


def _singularities(
    layers: Sequence[Layer], x: Array, parameters: Arrays, masks: Masks, path: str
) -> Iterator[Singularity]:
    inputs, _ = _trace(layers, x, parameters, masks)
    for number, (layer, (entry, own)) in enumerate(zip(layers, inputs, strict=True)):
        if isinstance(layer, Elementwise) and layer.activation.at_kink(entry).any():
            yield Singularity(f"{path}{number}", "kink", int(layer.activation.at_kink(entry).sum()))
        elif isinstance(layer, Pooling | TrainablePooling) and layer.kind == "max":
            ties = pooling.max_pool_ties(entry, layer.window, **pooling_options(layer))
            if ties.any():
                yield Singularity(f"{path}{number}", "tie", int(ties.sum()))
        elif isinstance(layer, Residual | Concatenate):
            branches = layer.branches if isinstance(layer, Concatenate) else (layer.body, layer.shortcut)
            for branch, part in zip(branches, _split(branches, entry, own), strict=True):
                yield from _singularities(branch, entry, part, masks, f"{path}{number}.")


# forward


@singledispatch
def run(layer: Layer, x: Array, parameters: Arrays, masks: Masks) -> Array:
    """A layer's output for a batch.

    >>> run(Flatten(), np.ones((2, 3, 4)), (), {}).shape
    (2, 12)
    """
    raise TypeError(f"{type(layer).__name__} has no forward pass")


@run.register
def _(layer: Convolution, x: Array, parameters: Arrays, masks: Masks) -> Array:
    return convolution.correlate(x, *parameters, **_sliding(layer))


@run.register
def _(layer: PartialConvolution, x: Array, parameters: Arrays, masks: Masks) -> Array:
    return convolution.correlate(x, _whole_kernel(layer, x, parameters[0]), parameters[1])


@run.register
def _(layer: Pooling, x: Array, parameters: Arrays, masks: Masks) -> Array:
    return pooling.pool(layer.kind, x, layer.window, **pooling_options(layer))


@run.register
def _(layer: TrainablePooling, x: Array, parameters: Arrays, masks: Masks) -> Array:
    beta, b = parameters
    return pooling.pooling_layer(x, beta, b, layer.window, kind=layer.kind)


@run.register
def _(layer: Dense, x: Array, parameters: Arrays, masks: Masks) -> Array:
    return affine.dense(x, *parameters)


@run.register
def _(layer: Elementwise, x: Array, parameters: Arrays, masks: Masks) -> Array:
    return layer.activation(x)


@run.register
def _(layer: Flatten, x: Array, parameters: Arrays, masks: Masks) -> Array:
    return x.reshape(x.shape[0], prod(x.shape[1:]))


@run.register
def _(layer: BatchNorm, x: Array, parameters: Arrays, masks: Masks) -> Array:
    return normalisation.batch_norm(x, *parameters, eps=layer.eps)


@run.register
def _(layer: LocalResponseNorm, x: Array, parameters: Arrays, masks: Masks) -> Array:
    return normalisation.local_response_norm(x, **vars(layer))


@run.register
def _(layer: Dropout, x: Array, parameters: Arrays, masks: Masks) -> Array:
    return normalisation.dropout(x, masks[layer.name], keep=layer.keep) if layer.name in masks else x


@run.register
def _(layer: Residual, x: Array, parameters: Arrays, masks: Masks) -> Array:
    first, second = _split((layer.body, layer.shortcut), x, parameters)
    total: Array = _run(layer.body, x, first, masks) + _run(layer.shortcut, x, second, masks)
    return total


@run.register
def _(layer: Concatenate, x: Array, parameters: Arrays, masks: Masks) -> Array:
    parts = _split(layer.branches, x, parameters)
    outputs = [_run(branch, x, part, masks) for branch, part in zip(layer.branches, parts, strict=True)]
    return np.concatenate(outputs, axis=1)


def _run(layers: Sequence[Layer], x: Array, parameters: Arrays, masks: Masks) -> Array:
    return _trace(layers, x, parameters, masks)[1]


def _trace(
    layers: Sequence[Layer], x: Array, parameters: Arrays, masks: Masks
) -> tuple[list[tuple[Array, Arrays]], Array]:
    """(the input and the own parameters of every layer, the output of the last)."""
    inputs = []
    for layer in layers:
        count = len(parameters_of(layer, x.shape[1:])) if parameters else 0
        own, parameters = parameters[:count], parameters[count:]
        inputs.append((x, own))
        x = run(layer, x, own, masks)
    return inputs, x


def _split(branches: Sequence[Sequence[Layer]], x: Array, parameters: Arrays) -> list[Arrays]:
    """The parameters of each branch that starts at x."""
    parts = []
    for branch in branches:
        count = len(parameters_through(branch, x.shape[1:]))
        parts.append(parameters[:count])
        parameters = parameters[count:]
    return parts


def _sliding(layer: Convolution) -> dict[str, Any]:
    return {"stride": layer.stride, "pad": layer.pad, "dilation": layer.dilation, "groups": layer.groups}


def _pairs(layer: PartialConvolution) -> tuple[list[int], list[int]]:
    """(filters, maps) of every kernel, in the table's order."""
    filters = [f for f, row in enumerate(layer.table) for _ in row]
    return filters, [c for row in layer.table for c in row]


def _whole_kernel(layer: PartialConvolution, x: Array, kernels: Array) -> Array:
    whole = np.zeros((len(layer.table), x.shape[1], *kernels.shape[1:]), dtype=kernels.dtype)
    whole[_pairs(layer)] = kernels
    return whole


# gradients


@singledispatch
def pull_back(layer: Layer, delta: Array, x: Array, parameters: Arrays, masks: Masks) -> tuple[Array, Arrays]:
    """(dx, gradients of the layer's parameters) for the sensitivity delta of the layer's output.

    >>> pull_back(Flatten(), np.ones((2, 12)), np.ones((2, 3, 4)), (), {})[0].shape
    (2, 3, 4)
    """
    raise TypeError(f"{type(layer).__name__} has no gradient")


@pull_back.register
def _(layer: Convolution, delta: Array, x: Array, parameters: Arrays, masks: Masks) -> tuple[Array, Arrays]:
    dx, dw, db = convolution.correlate_backward(delta, x, parameters[0], **_sliding(layer))
    return dx, (dw, db) if layer.bias else (dw,)


@pull_back.register
def _(layer: PartialConvolution, delta: Array, x: Array, parameters: Arrays, masks: Masks) -> tuple[Array, Arrays]:
    whole = _whole_kernel(layer, x, parameters[0])
    dx, dw, db = convolution.correlate_backward(delta, x, whole)
    return dx, (dw[_pairs(layer)], db)


@pull_back.register
def _(layer: Pooling, delta: Array, x: Array, parameters: Arrays, masks: Masks) -> tuple[Array, Arrays]:
    return pooling.pool_backward(layer.kind, delta, x, layer.window, **pooling_options(layer)), ()


@pull_back.register
def _(layer: TrainablePooling, delta: Array, x: Array, parameters: Arrays, masks: Masks) -> tuple[Array, Arrays]:
    beta, b = parameters
    dx, dbeta, db = pooling.pooling_layer_backward(delta, x, beta, b, layer.window, kind=layer.kind)
    return dx, (dbeta, db)


@pull_back.register
def _(layer: Dense, delta: Array, x: Array, parameters: Arrays, masks: Masks) -> tuple[Array, Arrays]:
    dx, dw, db = affine.dense_backward(delta, x, parameters[0])
    return dx, (dw, db) if layer.bias else (dw,)


@pull_back.register
def _(layer: Elementwise, delta: Array, x: Array, parameters: Arrays, masks: Masks) -> tuple[Array, Arrays]:
    return layer.activation.backward(delta, x), ()


@pull_back.register
def _(layer: Flatten, delta: Array, x: Array, parameters: Arrays, masks: Masks) -> tuple[Array, Arrays]:
    return delta.reshape(x.shape), ()


@pull_back.register
def _(layer: BatchNorm, delta: Array, x: Array, parameters: Arrays, masks: Masks) -> tuple[Array, Arrays]:
    dx, *own = normalisation.batch_norm_backward(delta, x, parameters[0], eps=layer.eps)
    return dx, tuple(own)


@pull_back.register
def _(layer: LocalResponseNorm, delta: Array, x: Array, parameters: Arrays, masks: Masks) -> tuple[Array, Arrays]:
    return normalisation.local_response_norm_backward(delta, x, **vars(layer)), ()


@pull_back.register
def _(layer: Dropout, delta: Array, x: Array, parameters: Arrays, masks: Masks) -> tuple[Array, Arrays]:
    if layer.name not in masks:
        return delta, ()
    return normalisation.dropout_backward(delta, masks[layer.name], keep=layer.keep), ()


@pull_back.register
def _(layer: Residual, delta: Array, x: Array, parameters: Arrays, masks: Masks) -> tuple[Array, Arrays]:
    first, second = _split((layer.body, layer.shortcut), x, parameters)
    through_body, own = _pull_back(layer.body, delta, x, first, masks)
    through_shortcut, more = _pull_back(layer.shortcut, delta, x, second, masks)
    return through_body + through_shortcut, own + more


@pull_back.register
def _(layer: Concatenate, delta: Array, x: Array, parameters: Arrays, masks: Masks) -> tuple[Array, Arrays]:
    parts = _split(layer.branches, x, parameters)
    channels = [shape_through(branch, x.shape[1:])[0] for branch in layer.branches]
    pieces = np.split(delta, np.cumsum(channels)[:-1], axis=1)
    pulled = [
        _pull_back(branch, piece, x, part, masks)
        for branch, piece, part in zip(layer.branches, pieces, parts, strict=True)
    ]
    dx: Array = np.add.reduce([entry[0] for entry in pulled])
    return dx, tuple(gradient for entry in pulled for gradient in entry[1])


def _pull_back(
    layers: Sequence[Layer], delta: Array, x: Array, parameters: Arrays, masks: Masks
) -> tuple[Array, Arrays]:
    inputs, y = _trace(layers, x, parameters, masks)
    expect_shape(delta, y.shape, "delta", "the output")
    return _unwind(layers, delta, inputs, masks)


def _unwind(
    layers: Sequence[Layer], delta: Array, inputs: Sequence[tuple[Array, Arrays]], masks: Masks
) -> tuple[Array, Arrays]:
    """The chain rule, from the last layer to the first."""
    gradients: Arrays = ()
    for layer, (x, parameters) in zip(reversed(layers), reversed(inputs), strict=True):
        delta, own = pull_back(layer, delta, x, parameters, masks)
        gradients = own + gradients
    return delta, gradients


__all__ = [
    "BatchNorm",
    "Concatenate",
    "Convolution",
    "Dense",
    "Dropout",
    "Elementwise",
    "Flatten",
    "Layer",
    "LocalResponseNorm",
    "Network",
    "Parameter",
    "PartialConvolution",
    "Pooling",
    "Residual",
    "Row",
    "Singularity",
    "TrainablePooling",
    "parameters_of",
    "pull_back",
    "run",
    "shape_after",
]
