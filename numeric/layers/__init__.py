"""Layers of convolutional networks as plain functions on arrays, each forward function with its gradient beside it.

Why: a second, independent meaning of every formula, which anyone can call.

Law: `name(x, parameters…)` computes, `name_backward(delta, x, parameters…)` gives the gradients of a loss whose
sensitivity at the output is delta, in the order of the arguments. Nothing is cached between the two.

What it cannot see: devices, graphs and broadcasting beyond what each docstring states.
"""

from numeric.layers.activations import (
    Activation,
    activation,
    identity,
    leaky_relu,
    relu,
    sigmoid,
    softmax,
    softmax_backward,
    softplus,
    swish,
    tanh,
)
from numeric.layers.affine import add_bias, add_bias_backward, dense, dense_backward
from numeric.layers.convolution import convolve, convolve_backward, correlate, correlate_backward
from numeric.layers.pooling import (
    max_pool,
    max_pool_backward,
    max_pool_margin,
    max_pool_subgradient,
    max_pool_ties,
    mean_pool,
    mean_pool_backward,
    pool,
    pool_backward,
    pooling_layer,
    pooling_layer_backward,
    sum_pool,
    sum_pool_backward,
)

__all__ = [
    "Activation",
    "activation",
    "add_bias",
    "add_bias_backward",
    "convolve",
    "convolve_backward",
    "correlate",
    "correlate_backward",
    "dense",
    "dense_backward",
    "identity",
    "leaky_relu",
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
    "relu",
    "sigmoid",
    "softmax",
    "softmax_backward",
    "softplus",
    "sum_pool",
    "sum_pool_backward",
    "swish",
    "tanh",
]
