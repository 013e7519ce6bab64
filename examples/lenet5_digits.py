"""Train LeNet-5 on scikit-learn's handwritten digits, with our own gradients and nothing else.

The digits (1,797 images of 8×8) ship inside scikit-learn; each pixel becomes a block of 4×4, which gives
the 32×32 that LeNet-5 reads. Before training, the gradient of the whole chain is compared with the complex
step in one random direction.

    python examples/lenet5_digits.py                       # about ten seconds on one core
    python examples/lenet5_digits.py --epochs 12 --figure loss.png

Prints the test accuracy and writes the loss curve as PNG.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from numeric.layers import one_hot, upsample_nearest
from numeric.network_zoo import lenet5
from numeric.networks import Network

Array = NDArray[Any]


class Data(NamedTuple):
    """Images (N, 1, 32, 32) of mean 0 and deviation 1, and labels (N,), for training and for the test."""

    images: Array
    labels: Array
    test_images: Array
    test_labels: Array


class Training(NamedTuple):
    """The trained parameters, the loss of every step, and the accuracy on the test images."""

    parameters: tuple[Array, ...]
    losses: list[float]
    accuracy: float


def digits(dtype: Any = np.float32, seed: int = 0) -> Data:
    """The digits, shuffled, a fifth of them kept for the test."""
    from sklearn.datasets import load_digits

    bunch = load_digits()
    order = np.random.default_rng(seed).permutation(len(bunch.target))
    small, labels = bunch.images[order, None], bunch.target[order]
    cut = len(labels) * 4 // 5
    small = (small - small[:cut].mean()) / small[:cut].std()
    images = upsample_nearest(small, 4).astype(dtype)
    return Data(images[:cut], labels[:cut], images[cut:], labels[cut:])


def relative_gradient_error(network: Network, images: Array, seed: int = 0) -> float:
    """|claimed − true| / |true| of the chain's derivative along a random direction; true by the complex
    step."""
    generator = np.random.default_rng(seed)
    arrays = [images.astype(float), *network.initial(generator)]
    delta = generator.standard_normal((len(images), *network.output_shape))
    directions = [generator.standard_normal(array.shape) for array in arrays]
    step = 1e-200
    moved = [array + 1j * step * u for array, u in zip(arrays, directions, strict=True)]
    true = (network.forward(*moved) * delta).sum().imag / step
    gradients = network.backward(delta, *arrays)
    claimed = sum((g * u).sum() for g, u in zip(gradients, directions, strict=True))
    return float(abs(claimed - true) / abs(true))


def batches(count: int, size: int, generator: np.random.Generator) -> Iterator[Array]:
    """Indices of one epoch's batches, in random order."""
    order = generator.permutation(count)
    yield from (order[start : start + size] for start in range(0, count, size))


def accuracy(network: Network, parameters: tuple[Array, ...], images: Array, labels: Array) -> float:
    """The share of images whose largest score stands at their label."""
    return float((network.forward(images, *parameters).argmax(axis=1) == labels).mean())


def train(
    network: Network,
    data: Data,
    *,
    epochs: int = 6,
    batch: int = 32,
    rate: float = 0.02,
    momentum: float = 0.9,
    seed: int = 0,
) -> Training:
    """Stochastic gradient descent with momentum on the mean cross-entropy."""
    generator = np.random.default_rng(seed)
    dtype = data.images.dtype
    parameters = network.initial(generator, dtype)
    velocity = [np.zeros_like(p) for p in parameters]
    targets = one_hot(data.labels, 10).astype(dtype)
    losses = []
    for _ in range(epochs):
        for chosen in batches(len(data.labels), batch, generator):
            value, (_, *gradients) = network.loss_and_gradients(data.images[chosen], targets[chosen], *parameters)
            losses.append(value)
            velocity = [momentum * v - rate * g for v, g in zip(velocity, gradients, strict=True)]
            parameters = tuple(p + v for p, v in zip(parameters, velocity, strict=True))
    return Training(parameters, losses, accuracy(network, parameters, data.test_images, data.test_labels))


def draw_losses(losses: list[float], path: Path) -> None:
    """The loss of every step and its running mean, as PNG."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    width = min(20, len(losses))
    figure, axes = plt.subplots(figsize=(6, 3.5), layout="constrained")
    axes.semilogy(losses, color="0.75", linewidth=0.8, label="each batch")
    smooth = np.convolve(losses, np.ones(width) / width, mode="valid")
    axes.semilogy(np.arange(width - 1, len(losses)), smooth, color="C0", label=f"mean of {width}")
    axes.set(xlabel="step", ylabel="mean cross-entropy", title="LeNet-5 on 8×8 digits")
    axes.legend()
    figure.savefig(path, dpi=120)
    plt.close(figure)


def main() -> None:
    """Check the gradient, train, report."""
    parser = argparse.ArgumentParser(description="Train LeNet-5 on scikit-learn's digits.")
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--pool", choices=("mean", "max"), default="mean")
    parser.add_argument("--figure", type=Path, default=Path("lenet5-loss.png"))
    options = parser.parse_args()
    data, network = digits(), lenet5(options.pool)
    print(network)
    print(f"relative error of the chain's gradient: {relative_gradient_error(network, data.images[:2]):.1e}")
    result = train(network, data, epochs=options.epochs)
    draw_losses(result.losses, options.figure)
    print(f"loss of the last ten batches: {np.mean(result.losses[-10:]):.4f}; curve in {options.figure}")
    print(f"test accuracy: {result.accuracy:.4f} on {len(data.test_labels)} images")


if __name__ == "__main__":
    main()
