"""Every layer once more, as an obvious loop from its definition.

Why: the fast layers are clever with views and matrix products; these are not clever at all, and the two
are tested equal. Read them to see what a layer means.

Law: a name here takes the same arguments as the same name in `numeric.layers` and gives the same array.
Nothing is imported from there, sizes and positions least of all: windows are listed one by one until they
no longer fit.

What it cannot see: speed (a few thousand multiplications a millisecond) and errors; arguments are taken as
valid.
"""

from numeric.reference.normalisation import (
    batch_norm,
    batch_norm_backward,
    dropout,
    dropout_backward,
    local_response_norm,
    local_response_norm_backward,
)
from numeric.reference.pointwise import (
    ACTIVATIONS,
    add_bias,
    add_bias_backward,
    cross_entropy,
    cross_entropy_backward,
    dense,
    dense_backward,
    euclidean_loss,
    euclidean_loss_backward,
    softmax,
    softmax_backward,
)
from numeric.reference.pooling import (
    max_pool,
    max_pool_backward,
    max_pool_margin,
    max_pool_subgradient,
    max_pool_ties,
    mean_pool,
    mean_pool_backward,
    pooling_layer,
    pooling_layer_backward,
    sum_pool,
    sum_pool_backward,
)
from numeric.reference.resampling import (
    kron_layer,
    kron_layer_backward,
    transposed_convolution,
    transposed_convolution_backward,
    upsample_nearest,
    upsample_nearest_backward,
)
from numeric.reference.sliding import (
    convolve,
    convolve_backward,
    correlate,
    correlate_backward,
    fft_convolve,
    fft_convolve_backward,
)

__all__ = [
    "ACTIVATIONS",
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
    "kron_layer",
    "kron_layer_backward",
    "local_response_norm",
    "local_response_norm_backward",
    "max_pool",
    "max_pool_backward",
    "max_pool_margin",
    "max_pool_subgradient",
    "max_pool_ties",
    "mean_pool",
    "mean_pool_backward",
    "pooling_layer",
    "pooling_layer_backward",
    "softmax",
    "softmax_backward",
    "sum_pool",
    "sum_pool_backward",
    "transposed_convolution",
    "transposed_convolution_backward",
    "upsample_nearest",
    "upsample_nearest_backward",
]
