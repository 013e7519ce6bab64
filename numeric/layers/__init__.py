"""Layers of convolutional networks as plain functions on arrays, each forward function with its gradient beside it.

Why: a second, independent meaning of every formula, which anyone can call.

Law: `name(x, parameters…)` computes, `name_backward(delta, x, parameters…)` gives the gradients of a loss
whose sensitivity at the output is delta, in the order of the arguments. Nothing is cached between the two.

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
from numeric.layers.affine import (
    add_bias,
    add_bias_backward,
    dense,
    dense_backward,
)
from numeric.layers.convolution import (
    convolve,
    convolve_backward,
    correlate,
    correlate_backward,
)
from numeric.layers.fourier import (
    fft_convolve,
    fft_convolve_backward,
)
from numeric.layers.losses import (
    cross_entropy,
    cross_entropy_backward,
    euclidean_loss,
    euclidean_loss_backward,
    one_hot,
)
from numeric.layers.normalisation import (
    batch_norm,
    batch_norm_backward,
    dropout,
    dropout_backward,
    local_response_norm,
    local_response_norm_backward,
)
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
from numeric.layers.resampling import (
    kron_layer,
    kron_layer_backward,
    transposed_convolution,
    transposed_convolution_backward,
    upsample_nearest,
    upsample_nearest_backward,
)

__all__ = [
    "Activation",
    "activation",
    "add_bias",
    "add_bias_backward",
    "batch_norm",
    "batch_norm_backward",
    "convolve",
    "convolve_backward",
    "correlate",
    "correlate_backward",
    "cross_entropy",
    "cross_entropy_backward",
    "dense",
    "dense_backward",
    "dropout",
    "dropout_backward",
    "euclidean_loss",
    "euclidean_loss_backward",
    "fft_convolve",
    "fft_convolve_backward",
    "identity",
    "kron_layer",
    "kron_layer_backward",
    "leaky_relu",
    "local_response_norm",
    "local_response_norm_backward",
    "max_pool",
    "max_pool_backward",
    "max_pool_margin",
    "max_pool_subgradient",
    "max_pool_ties",
    "mean_pool",
    "mean_pool_backward",
    "one_hot",
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
    "transposed_convolution",
    "transposed_convolution_backward",
    "upsample_nearest",
    "upsample_nearest_backward",
]
