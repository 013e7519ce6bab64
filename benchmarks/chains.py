"""The two subjects that are timed: one convolution layer and LeNet-5, each in NumPy and in the peers' own operators.

Law: same shapes, same data, float64, one thread.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from numeric import layers
from numeric.checkers import Stage
from numeric.network_zoo import lenet5
from numeric.networks import Network, pull_back, run
from numeric.specifications import parameters_of, shape_after

SLIDING: dict[str, Any] = {"stride": 2, "pad": 1}


def convolution_data() -> tuple[np.ndarray, ...]:
    """2×3×16×16, four filters 5×5, and their biases."""
    random = np.random.default_rng(0)
    return tuple(random.normal(size=shape) for shape in ((2, 3, 16, 16), (4, 3, 5, 5), (4,)))


def convolution_forward(x: np.ndarray, w: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The layer in NumPy."""
    return layers.correlate(x, w, b, **SLIDING)


def convolution_backward(delta: np.ndarray, x: np.ndarray, w: np.ndarray, b: np.ndarray) -> tuple[Any, ...]:
    """Its gradients in NumPy."""
    return layers.correlate_backward(delta, x, w, **SLIDING)


def torch_real_size(x: Any, w: Any, b: Any) -> Any:
    """A convolution that keeps the size of its input, of kernels of 3 by 3, by PyTorch."""
    return importlib.import_module("torch").nn.functional.conv2d(x, w, b, padding=1)


def torch_convolution(x: Any, w: Any, b: Any) -> Any:
    """The layer as PyTorch's own operator."""
    return importlib.import_module("torch").nn.functional.conv2d(x, w, b, stride=2, padding=1)


@dataclass(frozen=True)
class Chain:
    """LeNet-5 with its data: x (1, 1, 32, 32) and ten parameter arrays, 62,730 numbers."""

    network: Network
    arrays: tuple[np.ndarray, ...]
    stages: tuple[Stage, ...]
    linked: tuple[Stage, ...]

    @property
    def entries(self) -> int:
        return sum(a.size for a in self.arrays)


def chain() -> Chain:
    """LeNet-5 as the package composes it, at random data."""
    network, random = lenet5(), np.random.default_rng(0)
    stages, shape = [], network.input_shape
    for layer in network.layers:
        stages.append(
            Stage(lambda x, *p, layer=layer: run(layer, x, p, {}), len(parameters_of(layer, shape)), str(layer))
        )
        shape = shape_after(layer, shape)
    linked = tuple(
        replace(stage, backward=lambda delta, x, *p, layer=layer: _pair(pull_back(layer, delta, x, p, {})))
        for stage, layer in zip(stages, network.layers, strict=True)
    )
    x = random.normal(size=(1, *network.input_shape))
    return Chain(network, (x, *network.initial(random)), tuple(stages), linked)


def _pair(found: tuple[Any, tuple[Any, ...]]) -> tuple[Any, ...]:
    return (found[0], *found[1])


def torch_chain(
    x: Any, w1: Any, b1: Any, w2: Any, b2: Any, w3: Any, b3: Any, w4: Any, b4: Any, w5: Any, b5: Any
) -> Any:
    """The same chain in PyTorch's operators."""
    torch = importlib.import_module("torch")
    convolve, pool = torch.nn.functional.conv2d, torch.nn.functional.avg_pool2d
    h = pool(torch.tanh(convolve(x, w1, b1)), 2)
    h = pool(torch.tanh(convolve(h, w2, b2)), 2)
    h = torch.tanh(convolve(h, w3, b3)).flatten(1)
    h = torch.tanh(h @ w4.T + b4)
    return h @ w5.T + b5
