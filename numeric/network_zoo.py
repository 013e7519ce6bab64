"""LeNet-5, AlexNet, VGG-16, and the blocks of GoogLeNet, ResNet and DenseNet, as lists of layer specifications.

Why: the documents describe LeNet-5 and count its parameters; the others show that the same specifications
carry on.

Law: sizes and counts follow from the specification alone and are those of the papers (the docstrings say
which).

What it cannot see: trained weights. Everything is small enough to run except AlexNet and VGG-16, which are
here for their sizes (60 and 138 million parameters) and would run slowly.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from numeric.layers.activations import Activation, activation, relu, tanh
from numeric.networks import (
    BatchNorm,
    Concatenate,
    Convolution,
    Dense,
    Dropout,
    Elementwise,
    Flatten,
    Layer,
    LocalResponseNorm,
    Network,
    PartialConvolution,
    Pooling,
    Residual,
    TrainablePooling,
)

# Which maps of S2 each map of C3 sees [LeCun et al. 1998, table I].
LENET5_TABLE = (
    (0, 1, 2),
    (1, 2, 3),
    (2, 3, 4),
    (3, 4, 5),
    (0, 4, 5),
    (0, 1, 5),
    (0, 1, 2, 3),
    (1, 2, 3, 4),
    (2, 3, 4, 5),
    (0, 3, 4, 5),
    (0, 1, 4, 5),
    (0, 1, 2, 5),
    (0, 1, 3, 4),
    (1, 2, 4, 5),
    (0, 2, 3, 5),
    (0, 1, 2, 3, 4, 5),
)

# A tanh(S a) with A = 1.7159 and S = 2/3 [LeCun et al. 1998, appendix A].
lecun_tanh = activation(
    lambda z: 1.7159 * np.tanh(2 / 3 * z),
    lambda z: 1.7159 * 2 / 3 * tanh.derivative(2 / 3 * z),
    name="1.7159 tanh(2z/3)",
)


def lenet5(pool: Literal["mean", "max", "sum"] = "mean", squash: Activation = tanh, classes: int = 10) -> Network:
    """LeNet-5 as usually written: 32×32 → C1 6@28 → S2 6@14 → C3 16@10 → S4 16@5 → C5 120 → F6 84 → 10.

    C3 sees every map of S2, pooling has nothing to learn: 61,706 parameters.  [LeCun et al. 1998, fig. 2]

    >>> lenet5().parameter_count, [row.shape for row in lenet5().summary()][::3]
    (61706, [(6, 28, 28), (16, 10, 10), (120, 1, 1), (84,)])
    """
    f = Elementwise(squash)
    feature_maps: tuple[Layer, ...] = (
        *(Convolution(6, 5), f, Pooling(pool, 2)),
        *(Convolution(16, 5), f, Pooling(pool, 2)),
        *(Convolution(120, 5), f, Flatten()),
    )
    return Network((*feature_maps, Dense(84), f, Dense(classes)), input_shape=(1, 32, 32))


def lenet5_original() -> Network:
    """LeNet-5 with what the paper has: learnt β and b in S2 and S4, the table for C3, the scaled tanh; F6 is the last.

    Its 60,000 learnt parameters: 156 + 12 + 1,516 + 32 + 48,120 + 10,164.  [LeCun et al. 1998, sec. II.B]

    >>> lenet5_original().parameter_count
    60000
    """
    f = Elementwise(lecun_tanh)
    return Network(
        (
            *(Convolution(6, 5), f, TrainablePooling(2, "sum"), f),
            *(PartialConvolution(LENET5_TABLE, 5), f, TrainablePooling(2, "sum"), f),
            *(Convolution(120, 5), f, Flatten(), Dense(84), f),
        ),
        input_shape=(1, 32, 32),
    )


def alexnet() -> Network:
    """AlexNet with its two groups: 60,965,224 parameters on 3×227×227.  [Krizhevsky, Sutskever & Hinton 2012, sec. 3.5]

    >>> net = alexnet()
    >>> net.parameter_count, [row.shape for row in net.summary() if isinstance(row.layer, Pooling)]
    (60965224, [(96, 27, 27), (256, 13, 13), (256, 6, 6)])
    """
    f, shrink = Elementwise(relu), Pooling("max", 3, stride=2)
    return Network(
        (
            *(Convolution(96, 11, stride=4), f, LocalResponseNorm(), shrink),
            *(Convolution(256, 5, pad=2, groups=2), f, LocalResponseNorm(), shrink),
            *(Convolution(384, 3, pad=1), f),
            *(Convolution(384, 3, pad=1, groups=2), f),
            *(Convolution(256, 3, pad=1, groups=2), f, shrink),
            *(Flatten(), Dropout("fc6"), Dense(4096), f, Dropout("fc7"), Dense(4096), f, Dense(1000)),
        ),
        input_shape=(3, 227, 227),
    )


def vgg16() -> Network:
    """VGG-16, configuration D: 138,357,544 parameters on 3×224×224.  [Simonyan & Zisserman 2015, table 1]

    >>> vgg16().parameter_count
    138357544
    """
    f = Elementwise(relu)
    layers: list[Layer] = []
    for filters, times in ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)):
        layers += [layer for _ in range(times) for layer in (Convolution(filters, 3, pad=1), f)]
        layers.append(Pooling("max", 2))
    layers += [Flatten(), Dense(4096), f, Dropout("fc6"), Dense(4096), f, Dropout("fc7"), Dense(1000)]
    return Network(tuple(layers), input_shape=(3, 224, 224))


def inception_module(
    channels: int = 192,
    size: int = 28,
    filters: tuple[int, int, int, int, int, int] = (64, 96, 128, 16, 32, 32),
) -> Network:
    """GoogLeNet's first module, inception (3a): 192 → 256 maps on 28×28, 163,696 parameters with biases.

    filters: 1×1; 3×3 reduced, 3×3; 5×5 reduced, 5×5; the projection after pooling.  [Szegedy et al. 2015,
    table 1]

    >>> inception_module().parameter_count, inception_module().output_shape
    (163696, (256, 28, 28))
    """
    f = Elementwise(relu)
    one, reduced3, three, reduced5, five, projected = filters
    branches: tuple[tuple[Layer, ...], ...] = (
        (Convolution(one, 1), f),
        (Convolution(reduced3, 1), f, Convolution(three, 3, pad=1), f),
        (Convolution(reduced5, 1), f, Convolution(five, 5, pad=2), f),
        (Pooling("max", 3, stride=1, pad=1), Convolution(projected, 1), f),
    )
    return Network((Concatenate(branches),), input_shape=(channels, size, size))


def resnet_block(channels: int = 64, size: int = 56, filters: int | None = None, stride: int = 1) -> Network:
    """A basic block of ResNet-18: two 3×3 convolutions with batch normalisation around a shortcut.

    The shortcut is a strided 1×1 convolution where the shape changes (option B).  73,984 parameters for 64
    maps. [He et al. 2016, fig. 2 and sec. 3.3]

    >>> resnet_block().parameter_count, resnet_block(64, 56, 128, 2).output_shape
    (73984, (128, 28, 28))
    """
    filters = channels if filters is None else filters
    body = (
        *(Convolution(filters, 3, stride=stride, pad=1, bias=False), BatchNorm(), Elementwise(relu)),
        *(Convolution(filters, 3, pad=1, bias=False), BatchNorm()),
    )
    projection = (Convolution(filters, 1, stride=stride, bias=False), BatchNorm())
    shortcut = () if (filters, stride) == (channels, 1) else projection
    return Network((Residual(body, shortcut), Elementwise(relu)), input_shape=(channels, size, size))


def densenet_block(
    channels: int = 64, size: int = 56, growth: int = 32, count: int = 6, bottleneck: int = 4
) -> Network:
    """DenseNet-121's first block: each layer's maps are put beside all earlier ones; 64 → 256 maps, 335,040 parameters.

    Each layer: normalise, ReLU, 1×1 to 4·growth maps, normalise, ReLU, 3×3 to growth maps.  [Huang et al.
    2017, table 1]

    >>> densenet_block().parameter_count, densenet_block().output_shape
    (335040, (256, 56, 56))
    """
    layer = (
        *(BatchNorm(), Elementwise(relu), Convolution(bottleneck * growth, 1, bias=False)),
        *(BatchNorm(), Elementwise(relu), Convolution(growth, 3, pad=1, bias=False)),
    )
    return Network((Concatenate(((), layer)),) * count, input_shape=(channels, size, size))
