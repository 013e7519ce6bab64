"""Networks from specifications: sizes and counts of the papers, and gradients of whole chains."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import numeric.layers as layers
from numeric import network_zoo as zoo
from numeric.networks import (
    Concatenate,
    Convolution,
    Dense,
    Dropout,
    Elementwise,
    Flatten,
    Network,
    PartialConvolution,
    Pooling,
    Residual,
)
from numeric.oracles import installed, missing
from numeric.strategies import integer_arrays, layer_stacks

Array = Any
STEP = 1e-200

# network, parameters, (layer number, output shape) of the layers that the papers give sizes for
PAPERS: list[tuple[str, Callable[[], Network], int, dict[int, tuple[int, ...]]]] = [
    (
        "LeNet-5",
        zoo.lenet5,
        61_706,
        {0: (6, 28, 28), 2: (6, 14, 14), 3: (16, 10, 10), 5: (16, 5, 5), 6: (120, 1, 1), 9: (84,), 11: (10,)},
    ),
    ("LeNet-5 as published", zoo.lenet5_original, 60_000, {2: (6, 14, 14), 4: (16, 10, 10), 11: (84,)}),
    (
        "AlexNet",
        zoo.alexnet,
        60_965_224,
        {0: (96, 55, 55), 3: (96, 27, 27), 4: (256, 27, 27), 7: (256, 13, 13), 14: (256, 6, 6), 15: (9216,)},
    ),
    ("VGG-16", zoo.vgg16, 138_357_544, {4: (64, 112, 112), 30: (512, 7, 7), 31: (25_088,), 38: (1000,)}),
    ("inception (3a)", zoo.inception_module, 163_696, {0: (256, 28, 28)}),
    ("ResNet block", zoo.resnet_block, 73_984, {0: (64, 56, 56)}),
    ("ResNet block, projected", lambda: zoo.resnet_block(64, 56, 128, 2), 230_144, {0: (128, 28, 28)}),
    ("DenseNet block", zoo.densenet_block, 335_040, {0: (96, 56, 56), 5: (256, 56, 56)}),
]


@pytest.mark.parametrize(("build", "count", "shapes"), [p[1:] for p in PAPERS], ids=[p[0] for p in PAPERS])
def test_sizes_and_counts_are_the_papers(
    build: Callable[[], Network], count: int, shapes: dict[int, tuple[int, ...]]
) -> None:
    """A specification gives the number of parameters and the map sizes that its paper states."""
    network = build()
    assert network.parameter_count == count
    rows = network.summary()
    assert {number: rows[number].shape for number in shapes} == shapes
    assert sum(row.parameters for row in rows) == count
    assert rows[-1].shape == network.output_shape


def test_lenet5_counts_by_layer() -> None:
    """C1 156, S2 12, C3 1,516, S4 32, C5 48,120, F6 10,164 as published; 2,416 where C3 sees every map."""
    counts = [row.parameters for row in zoo.lenet5_original().summary() if row.parameters]
    assert counts == [156, 12, 1516, 32, 48_120, 10_164]
    assert [row.parameters for row in zoo.lenet5().summary() if row.parameters] == [
        156,
        2416,
        48_120,
        10_164,
        850,
    ]
    # the chain that the gradient checks of the whole network run through: parameters and input
    assert zoo.lenet5().parameter_count + 32 * 32 == 62_730


def assert_gradient_projects(
    network: Network, x: Array, parameters: tuple[Array, ...], generator: np.random.Generator
) -> None:
    """⟨backward, (u, q…)⟩ is the complex step of the forward pass along (u, q…), for one random direction."""
    delta = generator.standard_normal((x.shape[0], *network.output_shape))
    claimed = network.backward(delta, x, *parameters)
    arrays = (x, *parameters)
    assert [g.shape for g in claimed] == [a.shape for a in arrays]
    directions = [generator.standard_normal(a.shape) for a in arrays]
    moved = [a + 1j * STEP * u for a, u in zip(arrays, directions, strict=True)]
    true = (network.forward(*moved) * delta).sum().imag / STEP
    terms = [float((g * u).sum()) for g, u in zip(claimed, directions, strict=True)]
    scale = sum(float(np.abs(g * u).sum()) for g, u in zip(claimed, directions, strict=True))
    assert abs(sum(terms) - true) <= 1e-12 * max(scale, 1e-30)


SMALL_NETWORKS: list[tuple[str, Network]] = [
    ("LeNet-5, mean", zoo.lenet5("mean")),
    ("LeNet-5, max and ReLU", zoo.lenet5("max", layers.relu)),
    ("LeNet-5 as published", zoo.lenet5_original()),
    ("inception", zoo.inception_module(3, 7, (2, 3, 4, 1, 2, 3))),
    ("ResNet block", zoo.resnet_block(3, 6)),
    ("ResNet block, projected", zoo.resnet_block(3, 7, 4, 2)),
    ("DenseNet block", zoo.densenet_block(3, 5, growth=2, count=3)),
]


@pytest.mark.parametrize("network", [n[1] for n in SMALL_NETWORKS], ids=[n[0] for n in SMALL_NETWORKS])
def test_chain_gradient_is_the_complex_step(network: Network) -> None:
    """The gradient of the whole chain, input and all parameters, agrees with the complex step to a relative 1e-12."""
    generator = np.random.default_rng(7)
    parameters = tuple(p + 0.1 * generator.standard_normal(p.shape) for p in network.initial(generator))
    assert_gradient_projects(network, generator.standard_normal((2, *network.input_shape)), parameters, generator)


@settings(max_examples=60, deadline=None)
@given(network=layer_stacks(), seed=st.integers(0, 1000))
def test_gradients_of_generated_stacks(network: Network, seed: int) -> None:
    """Whatever layers are stacked, the chain's gradient is the complex step's."""
    generator = np.random.default_rng(seed)
    parameters = tuple(p + generator.standard_normal(p.shape) for p in network.initial(generator))
    assert_gradient_projects(network, generator.standard_normal((3, *network.input_shape)), parameters, generator)


@settings(max_examples=40, deadline=None)
@given(network=layer_stacks(linear=True), data=st.data())
def test_linear_stacks_are_exact(network: Network, data: st.DataObject) -> None:
    """With linear layers and integers, ⟨J u, v⟩ = ⟨u, Jᵀ v⟩ holds without tolerance through the whole chain.

    (Without biases: with them the chain is affine, and its linear part is f(u) − f(0).)
    """
    parameters = tuple(data.draw(integer_arrays(p.shape, largest=2)) for p in network.parameters)
    u = data.draw(integer_arrays((2, *network.input_shape), largest=3))
    v = data.draw(integer_arrays((2, *network.output_shape), largest=3))
    du = network.forward(u, *parameters) - network.forward(0 * u, *parameters)
    assert (du * v).sum() == (u * network.backward(v, u, *parameters)[0]).sum()


@pytest.mark.parametrize("pool", ["mean", "max"])
def test_lenet5_equals_pytorch(pool: Any) -> None:
    """LeNet-5 and all its gradients are PyTorch's, with its modules and its automatic differentiation."""
    if not installed("torch"):
        pytest.skip(missing()["torch"])
    import torch

    generator = np.random.default_rng(3)
    network = zoo.lenet5(pool)
    parameters = network.initial(generator)
    shrink = torch.nn.AvgPool2d if pool == "mean" else torch.nn.MaxPool2d
    module = torch.nn.Sequential(
        *(torch.nn.Conv2d(1, 6, 5), torch.nn.Tanh(), shrink(2), torch.nn.Conv2d(6, 16, 5), torch.nn.Tanh()),
        *(shrink(2), torch.nn.Conv2d(16, 120, 5), torch.nn.Tanh(), torch.nn.Flatten()),
        *(torch.nn.Linear(120, 84), torch.nn.Tanh(), torch.nn.Linear(84, 10)),
    ).double()
    for theirs, ours in zip(module.parameters(), parameters, strict=True):
        theirs.data = torch.tensor(ours)
    x, delta = generator.standard_normal((3, 1, 32, 32)), generator.standard_normal((3, 10))
    tensor = torch.tensor(x, requires_grad=True)
    y = module(tensor)
    y.backward(torch.tensor(delta))
    np.testing.assert_allclose(network.forward(x, *parameters), y.detach().numpy(), rtol=0, atol=1e-13)
    theirs = [tensor.grad, *(p.grad for p in module.parameters())]
    for mine, other in zip(network.backward(delta, x, *parameters), theirs, strict=True):
        np.testing.assert_allclose(mine, other.numpy(), rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    ("build", "name"), [(zoo.resnet_block, "block"), (lambda: zoo.resnet_block(64, 56, 128, 2), "projected")]
)
def test_resnet_counts_equal_pytorch(build: Callable[[], Network], name: str) -> None:
    """A basic block has as many parameters as the same block built from PyTorch's modules."""
    if not installed("torch"):
        pytest.skip(missing()["torch"])
    from torch import nn

    filters, stride = (64, 1) if name == "block" else (128, 2)
    modules = [nn.Conv2d(64, filters, 3, stride, 1, bias=False), nn.BatchNorm2d(filters)]
    modules += [nn.Conv2d(filters, filters, 3, 1, 1, bias=False), nn.BatchNorm2d(filters)]
    if name == "projected":
        modules += [nn.Conv2d(64, filters, 1, stride, bias=False), nn.BatchNorm2d(filters)]
    assert build().parameter_count == sum(p.numel() for m in modules for p in m.parameters())


def test_partial_convolution_is_convolution_with_a_masked_kernel() -> None:
    """A table of all maps is the full convolution; an absent map has no influence."""
    generator = np.random.default_rng(1)
    x = generator.integers(-5, 6, (2, 3, 5, 5)).astype(float)
    partial = Network((PartialConvolution(((0, 1, 2), (2,)), 3),), (3, 5, 5))
    w, b = generator.integers(-5, 6, (4, 3, 3)).astype(float), np.array([1.0, 2.0])
    whole = np.zeros((2, 3, 3, 3))
    whole[0], whole[1, 2] = w[:3], w[3]
    np.testing.assert_array_equal(partial.forward(x, w, b), layers.correlate(x, whole, b))


def test_dropout_uses_the_mask_of_its_name() -> None:
    """With a mask, entries are dropped and the rest divided by keep; without one everything passes."""
    network = Network((Dropout("half", keep=0.5),), (4,))
    x, mask = np.array([[1.0, 2.0, 3.0, 4.0]]), np.array([[1.0, 0.0, 0.0, 1.0]])
    np.testing.assert_array_equal(network.forward(x), x)
    np.testing.assert_array_equal(network.forward(x, masks={"half": mask}), [[2.0, 0.0, 0.0, 8.0]])
    np.testing.assert_array_equal(network.backward(x, x, masks={"half": mask})[0], [[2.0, 0.0, 0.0, 8.0]])
    np.testing.assert_array_equal(network.backward(x, x)[0], x)


def test_singular_points_of_the_chain_are_found() -> None:
    """Kinks and ties are reported with their layer, nested ones too; a smooth network at random input has none."""
    body = (Elementwise(layers.relu), Convolution(1, 1), Pooling("max", 2, stride=1, pad=((0, 1),)))
    network = Network((Residual(body), Elementwise(layers.relu)), (1, 4))
    w, b = np.ones((1, 1, 1)), np.zeros(1)
    found = network.singularities(np.array([[[-1.0, -2.0, 0.0, 5.0]]]), w, b)
    # after the inner rectifier 0, 0, 0, 5: two windows are tied; the sum −1, −2, 5, 10 stands on no kink
    assert [(s.layer, s.what, s.entries) for s in found] == [("0.0", "kink", 1), ("0.2", "tie", 2)]
    generator = np.random.default_rng(0)
    smooth = zoo.lenet5()
    assert smooth.singularities(generator.standard_normal((1, 1, 32, 32)), *smooth.initial(generator)) == ()
    assert "total" in str(smooth)
    assert "61,706" in str(smooth)


def test_loss_and_gradients_are_one_pass_of_both() -> None:
    """The training step's loss and gradients are those of the forward pass and of the chain rule through the loss."""
    generator = np.random.default_rng(5)
    network = Network((Convolution(2, 3), Elementwise(layers.tanh), Flatten(), Dense(3)), (1, 5, 5))
    parameters, x = network.initial(generator), generator.standard_normal((4, 1, 5, 5))
    target = layers.one_hot([0, 2, 1, 0], 3)
    value, gradients = network.loss_and_gradients(x, target, *parameters)
    z = network.forward(x, *parameters)
    assert value == float(layers.cross_entropy(z, target, reduction="mean"))
    delta = layers.cross_entropy_backward(z, target, reduction="mean")
    for ours, theirs in zip(gradients, network.backward(delta, x, *parameters), strict=True):
        np.testing.assert_array_equal(ours, theirs)


X = np.zeros((2, 1, 5, 5))
REFUSED: list[tuple[Callable[[], Any], str]] = [
    (
        lambda: Network((Convolution(2, 3), Convolution(2, 4)), (1, 5, 5)),
        "layer 1, Convolution.*the kernel covers 4 rows",
    ),
    (lambda: Network((Dense(2),), (1, 5, 5)), r"put Flatten\(\) before it"),
    (
        lambda: Network((Residual((Convolution(2, 3),)),), (1, 5, 5)),
        r"the body gives \(2, 3, 3\) but the shortcut",
    ),
    (
        lambda: Network((Concatenate(((), (Pooling("max", 2),))),), (1, 4, 4)),
        "all sizes but the number of maps",
    ),
    (lambda: Network((PartialConvolution(((0, 3),), 1),), (2, 4, 4)), "maps outside 0 to 1"),
    (lambda: Network((Convolution(3, 1, groups=2),), (2, 4, 4)), "2 groups"),
    (lambda: Network((Flatten(),), (1, 5, 5)).forward(X[0]), "the network's input"),
    (
        lambda: Network((Dense(1),), (3,)).forward(np.zeros((1, 3))),
        "0 parameter arrays given; the network has 2",
    ),
    (
        lambda: Network((Dense(1),), (3,)).forward(np.zeros((1, 3)), np.zeros((3, 1)), np.zeros(1)),
        r"0.weights has shape \(3, 1\) but this parameter has shape \(1, 3\)",
    ),
    (lambda: Network((Flatten(),), (1, 5, 5)).backward(X, X), "delta has shape"),
]


@pytest.mark.parametrize(("call", "message"), REFUSED)
def test_misfits_are_named(call: Callable[[], Any], message: str) -> None:
    """A layer that does not fit is named by its number, an array by its parameter, with both shapes."""
    with pytest.raises(ValueError, match=message):
        call()


def test_unknown_layer_is_refused() -> None:
    """An object that is not a specification is refused by type, not passed over."""
    with pytest.raises(TypeError, match="str is not a layer specification"):
        Network(("convolution",), (1, 5, 5))  # type: ignore[arg-type]
