"""Layer specifications: what stands in a network, the sizes it gives and the parameters it needs.

Why: sizes and parameter counts of a network of any size are known from its list of layers, without
computing anything.

Law: a specification is frozen data. `shape_after` and `parameters_of` read it; `numeric.networks` runs it.
Every size comes from the same geometry as the layers themselves.

What it cannot see: arrays.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import singledispatch
from math import prod
from typing import Any, Literal, NamedTuple

from numeric.layers.activations import Activation
from numeric.layers.geometry import Padding, PerAxis, convolution_axes, pooling_axes
from numeric.layers.pooling import Kind

Shape = tuple[int, ...]


class Parameter(NamedTuple):
    """One array to be learnt: its name, its shape, and how it starts (a constant, or noise of variance 1/fan_in)."""

    name: str
    shape: Shape
    start: Literal["zero", "one", "noise"]
    fan_in: int = 1


@dataclass(frozen=True)
class Convolution:
    """Cross-correlation with `filters` kernels; kernel is one side or one for each axis."""

    filters: int
    kernel: PerAxis
    stride: PerAxis = 1
    pad: Padding = 0
    dilation: PerAxis = 1
    groups: int = 1
    bias: bool = True


@dataclass(frozen=True)
class PartialConvolution:
    """Cross-correlation in which filter f sees only the maps table[f], as layer C3 of LeNet-5 (its table I)."""

    table: tuple[tuple[int, ...], ...]
    kernel: int


@dataclass(frozen=True)
class Pooling:
    """Sum, mean or maximum of windows; no parameters. At ties of a maximum the gradient goes to the first."""

    kind: Kind
    window: PerAxis
    stride: PerAxis | None = None
    pad: Padding = 0
    ceil: bool = False


@dataclass(frozen=True)
class TrainablePooling:
    """β·down(a) + b with one β and one b for each map, as layer S2 of LeNet-5."""

    window: PerAxis
    kind: Kind = "mean"


@dataclass(frozen=True)
class Dense:
    """A fully connected layer on flat input."""

    units: int
    bias: bool = True


@dataclass(frozen=True)
class Elementwise:
    """An activation."""

    activation: Activation


@dataclass(frozen=True)
class Flatten:
    """(C, *sizes) -> (C·sizes,)"""


@dataclass(frozen=True)
class BatchNorm:
    """Normalisation over batch and space with learnt γ and β."""

    eps: float = 1e-5


@dataclass(frozen=True)
class LocalResponseNorm:
    """Krizhevsky's normalisation across channels."""

    size: int = 5
    alpha: float = 1e-4
    beta: float = 0.75
    k: float = 2.0


@dataclass(frozen=True)
class Dropout:
    """x ∘ mask / keep with the mask given under this name; without one it passes everything."""

    name: str
    keep: float = 0.5


@dataclass(frozen=True)
class Residual:
    """body(x) + shortcut(x); an empty shortcut is x itself.  [He et al. 2016]"""

    body: tuple[Layer, ...]
    shortcut: tuple[Layer, ...] = ()


@dataclass(frozen=True)
class Concatenate:
    """The branches' outputs side by side as channels; an empty branch is x itself.  [Szegedy et al. 2015;
    Huang et al. 2017]"""

    branches: tuple[tuple[Layer, ...], ...]


Layer = (
    Convolution
    | PartialConvolution
    | Pooling
    | TrainablePooling
    | Dense
    | Elementwise
    | Flatten
    | BatchNorm
    | LocalResponseNorm
    | Dropout
    | Residual
    | Concatenate
)


# shapes


@singledispatch
def shape_after(layer: Layer, shape: Shape) -> Shape:
    """The output's shape (without the batch) for an input's; ValueError where the layer does not fit.

    >>> shape_after(Pooling("max", 3, stride=2), (96, 55, 55))
    (96, 27, 27)
    """
    raise TypeError(f"{type(layer).__name__} is not a layer specification of this module")


@shape_after.register
def _(layer: Convolution, shape: Shape) -> Shape:
    options: Any = {"mode": None, "stride": layer.stride, "pad": layer.pad, "dilation": layer.dilation}
    axes = convolution_axes(shape[1:], _kernel(layer.kernel, shape), **options)
    if shape[0] % layer.groups or layer.filters % layer.groups:
        raise ValueError(
            f"{layer.groups} groups divide neither or only one of {shape[0]} channels and {layer.filters} filters"
        )
    return (layer.filters, *(axis.outputs for axis in axes))


@shape_after.register
def _(layer: PartialConvolution, shape: Shape) -> Shape:
    if any(not 0 <= c < shape[0] for row in layer.table for c in row):
        raise ValueError(f"the table names maps outside 0 to {shape[0] - 1}")
    return shape_after(Convolution(len(layer.table), layer.kernel), shape)


@shape_after.register(Pooling)
@shape_after.register(TrainablePooling)
def _(layer: Pooling | TrainablePooling, shape: Shape) -> Shape:
    options = pooling_options(layer)
    return (shape[0], *(axis.outputs for axis in pooling_axes(shape[1:], layer.window, **options)))


@shape_after.register
def _(layer: Dense, shape: Shape) -> Shape:
    if len(shape) != 1:
        raise ValueError(f"a dense layer on maps of shape {shape}; put Flatten() before it")
    return (layer.units,)


@shape_after.register
def _(layer: Flatten, shape: Shape) -> Shape:
    return (prod(shape),)


@shape_after.register(Elementwise)
@shape_after.register(BatchNorm)
@shape_after.register(LocalResponseNorm)
@shape_after.register(Dropout)
def _(layer: Layer, shape: Shape) -> Shape:
    return shape


@shape_after.register
def _(layer: Residual, shape: Shape) -> Shape:
    body, shortcut = shape_through(layer.body, shape), shape_through(layer.shortcut, shape)
    if body != shortcut:
        raise ValueError(f"the body gives {body} but the shortcut {shortcut}; project the shortcut to the same shape")
    return body


@shape_after.register
def _(layer: Concatenate, shape: Shape) -> Shape:
    shapes = [shape_through(branch, shape) for branch in layer.branches]
    if len({entry[1:] for entry in shapes}) != 1:
        raise ValueError(f"the branches give {shapes}; all sizes but the number of maps must agree")
    return (sum(entry[0] for entry in shapes), *shapes[0][1:])


def shape_through(layers: Sequence[Layer], shape: Shape) -> Shape:
    """The shape after a list of layers; an error names the layer by its number.

    >>> shape_through((Convolution(6, 5), Pooling("mean", 2)), (1, 32, 32))
    (6, 14, 14)
    """
    for number, layer in enumerate(layers):
        try:
            shape = shape_after(layer, shape)
        except ValueError as error:
            raise ValueError(f"layer {number}, {layer}, on input {shape}: {error}") from error
    return shape


def _kernel(kernel: PerAxis, shape: Shape) -> Shape:
    return (kernel,) * (len(shape) - 1) if isinstance(kernel, int) else tuple(kernel)


def pooling_options(layer: Pooling | TrainablePooling) -> dict[str, Any]:
    """The keyword arguments of the pooling functions."""
    if isinstance(layer, TrainablePooling):
        return {"stride": None, "pad": 0, "ceil": False}
    return {"stride": layer.stride, "pad": layer.pad, "ceil": layer.ceil}


# parameters


@singledispatch
def parameters_of(layer: Layer, shape: Shape) -> tuple[Parameter, ...]:
    """What a layer has to learn, for an input shape (without the batch). Most layers: nothing.

    >>> [p.shape for p in parameters_of(Convolution(6, 5), (1, 32, 32))]
    [(6, 1, 5, 5), (6,)]
    """
    return ()


@parameters_of.register
def _(layer: Convolution, shape: Shape) -> tuple[Parameter, ...]:
    kernel = (shape[0] // layer.groups, *_kernel(layer.kernel, shape))
    weights = Parameter("kernel", (layer.filters, *kernel), "noise", prod(kernel))
    return (weights, Parameter("bias", (layer.filters,), "zero")) if layer.bias else (weights,)


@parameters_of.register
def _(layer: PartialConvolution, shape: Shape) -> tuple[Parameter, ...]:
    pairs = sum(len(row) for row in layer.table)
    sides = _kernel(layer.kernel, shape)
    weights = Parameter("kernel", (pairs, *sides), "noise", prod(sides) * pairs // len(layer.table))
    return (weights, Parameter("bias", (len(layer.table),), "zero"))


@parameters_of.register
def _(layer: TrainablePooling, shape: Shape) -> tuple[Parameter, ...]:
    return (Parameter("beta", shape[:1], "one"), Parameter("bias", shape[:1], "zero"))


@parameters_of.register
def _(layer: Dense, shape: Shape) -> tuple[Parameter, ...]:
    weights = Parameter("weights", (layer.units, shape[0]), "noise", shape[0])
    return (weights, Parameter("bias", (layer.units,), "zero")) if layer.bias else (weights,)


@parameters_of.register
def _(layer: BatchNorm, shape: Shape) -> tuple[Parameter, ...]:
    return (Parameter("gamma", shape[:1], "one"), Parameter("beta", shape[:1], "zero"))


@parameters_of.register
def _(layer: Residual, shape: Shape) -> tuple[Parameter, ...]:
    return parameters_through(layer.body, shape) + parameters_through(layer.shortcut, shape)


@parameters_of.register
def _(layer: Concatenate, shape: Shape) -> tuple[Parameter, ...]:
    return tuple(parameter for branch in layer.branches for parameter in parameters_through(branch, shape))


def parameters_through(layers: Sequence[Layer], shape: Shape) -> tuple[Parameter, ...]:
    """The parameters of a list of layers, each name led by its layer's number.

    >>> [p.name for p in parameters_through((Convolution(6, 5), Flatten(), Dense(2)), (1, 5, 5))]
    ['0.kernel', '0.bias', '2.weights', '2.bias']
    """
    shape_through(layers, shape)  # errors with the layer's number come from there
    found: tuple[Parameter, ...] = ()
    for number, layer in enumerate(layers):
        own = parameters_of(layer, shape)
        found += tuple(p._replace(name=f"{number}.{p.name}") for p in own)
        shape = shape_after(layer, shape)
    return found
