"""Coloured differences, packed digits, bisection and chains: every entry, and the right one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from numeric import check_gradient, layers
from numeric.adapters import from_jax, from_torch
from numeric.checkers import CheckInputError, Stage, check_chain
from numeric.checkers.colouring import colour_count, plan_axes, true_gradient
from numeric.checkers.exact import find_exact
from numeric.checkers.packing import packed_sums
from numeric.checkers.problem import Problem, make_problem

RANDOM = np.random.default_rng(0)


def _problem(shapes: list[tuple[int, ...]], **options: object) -> Problem:
    def forward(x, w, b):  # type: ignore[no-untyped-def]
        return layers.correlate(x, w, b, **options)

    def backward(delta, x, w, b):  # type: ignore[no-untyped-def]
        return layers.correlate_backward(delta, x, w, **options)

    arrays = [RANDOM.normal(size=shape) for shape in shapes]
    return make_problem(forward, backward, arrays, claimed=None, delta=None, exclude=(), names=None)


@settings(max_examples=20, deadline=None)
@given(
    size=st.integers(1, 8),
    kernel=st.integers(1, 3),
    stride=st.integers(1, 3),
    dilation=st.integers(1, 2),
    pad=st.integers(0, 2),
    channels=st.integers(1, 2),
    batch=st.integers(1, 2),
)
def test_true_gradient_is_the_jacobian_s(
    size: int, kernel: int, stride: int, dilation: int, pad: int, channels: int, batch: int
) -> None:
    """The gradient from colours equals the one from the whole Jacobian, one column for each entry, bit by bit."""
    if size + 2 * pad < dilation * (kernel - 1) + 1:
        return
    problem = _problem(
        [(batch, channels, size), (2, channels, kernel), (2,)], stride=stride, dilation=dilation, pad=pad
    )
    probe = find_exact(problem, 0, small_only=True)
    for k, here in enumerate(probe.at):
        slow = np.zeros(here.shape)
        for index in np.ndindex(here.shape):
            moved = [np.array(a) for a in probe.at]
            moved[k][index] += probe.unit(k)
            slow[index] = ((problem.value(moved) - probe.start) * probe.sensitivity).sum() / probe.unit(k)
        assert np.array_equal(true_gradient(probe, k).values, slow)


def test_colours_are_few() -> None:
    """A 5×5 kernel with three channels needs 75 colours for any number of images and filters."""
    problem = _problem([(2, 3, 16, 16), (4, 3, 5, 5), (4,)], stride=2, pad=1)
    probe = find_exact(problem, 0, small_only=True)
    assert [colour_count(plan_axes(probe, k)) for k in range(3)] == [75, 75, 1]


def test_digits_that_run_over_are_noticed() -> None:
    """Slopes far larger than the first ones seen leave something over, and packing refuses."""
    scale = np.where(np.arange(6) < 3, 1.0, 2.0**40)

    def forward(x):  # type: ignore[no-untyped-def]
        return x * scale

    problem = make_problem(
        forward, lambda d, x: d * scale, [np.ones(6)], claimed=None, delta=None, exclude=(), names=None
    )
    probe = find_exact(problem, 0, small_only=True)
    owners = np.where(np.eye(6, dtype=bool), np.arange(6), -1)
    assert packed_sums(probe, 0, np.arange(6), owners) is None
    assert check_gradient(forward, lambda d, x: d * scale, np.ones(6), every_entry=True).verdict == "right"


@pytest.mark.parametrize("wrong", [0, 1, 7, 19])
def test_every_wrong_entry_is_counted_and_listed(wrong: int) -> None:
    """With every_entry=True exactly the wrong entries are listed."""
    x, w = RANDOM.normal(size=(5, 4)), RANDOM.normal(size=(4, 5))
    places = RANDOM.permutation(20)[:wrong]

    def backward(delta, x, w):  # type: ignore[no-untyped-def]
        dx, dw = delta @ w.T, x.T @ delta
        dw.reshape(-1)[places] += 1
        return dx, dw

    for forward in (lambda x, w: x @ w, lambda x, w: x @ w + 0 * np.exp(x[:, :1])):
        report = check_gradient(forward, backward, x, w, every_entry=True)
        assert report.verdict == ("wrong" if wrong else "right"), str(report)
        assert (report.wrong_count or 0) == wrong
        assert {entry.index for entry in report.wrong} == {(int(p) // 5, int(p) % 5) for p in places}


def _net(seed: int = 0):  # type: ignore[no-untyped-def]
    random = np.random.default_rng(seed)
    arrays = [random.normal(size=s) for s in ((2, 1, 6, 6), (3, 1, 3, 3), (3,), (48, 4))]
    stages = [
        Stage(lambda x, w, b: layers.correlate(x, w, b), 2, "convolution"),
        Stage(lambda x: np.tanh(x), 0, "tanh"),
        Stage(lambda x: x.reshape(len(x), -1), 0, "flatten"),
        Stage(lambda x, v: x @ v, 1, "dense"),
    ]

    def forward(x, w, b, v):  # type: ignore[no-untyped-def]
        return np.tanh(layers.correlate(x, w, b)).reshape(len(x), -1) @ v

    def backward(delta, x, w, b, v):  # type: ignore[no-untyped-def]
        h = np.tanh(layers.correlate(x, w, b))
        dh = (delta @ v.T).reshape(h.shape) * (1 - h**2)
        return (*layers.correlate_backward(dh, x, w), h.reshape(len(x), -1).T @ delta)

    return forward, backward, stages, arrays


@pytest.mark.parametrize("seed", [0, 1, 288, 299])
def test_chain_is_right_entry_by_entry(seed: int) -> None:
    """A right chain passes, all of its entries compared, also where tanh saturates and 1 − tanh² loses digits."""
    forward, backward, stages, arrays = _net(seed)
    report = check_chain(forward, backward, stages, *arrays)
    assert report.verdict == "right", str(report)
    assert report.entries == sum(a.size for a in arrays)


@pytest.mark.parametrize("k", range(4))
def test_one_wrong_entry_of_a_chain_is_the_one_named(k: int) -> None:
    """One entry of any argument off by 1e-10 is the only one listed."""
    forward, backward, stages, arrays = _net()
    largest = np.abs(backward(np.ones((2, 4)), *arrays)[k]).argmax()
    index = tuple(int(i) for i in np.unravel_index(largest, arrays[k].shape))

    def wrong(delta, *values):  # type: ignore[no-untyped-def]
        gradients = [np.array(g) for g in backward(delta, *values)]
        gradients[k][index] *= 1 + 1e-10
        return gradients

    report = check_chain(forward, wrong, stages, *arrays, names=("x", "w", "b", "v"))
    assert report.verdict == "wrong"
    assert [(e.argument, e.index) for e in report.wrong] == [("xwbv"[k], index)]


def test_stages_must_compose_to_the_chain() -> None:
    """Stages of another chain are refused."""
    forward, backward, stages, arrays = _net()
    with pytest.raises(CheckInputError, match="do not compose"):
        check_chain(forward, backward, [stages[0], stages[2], stages[3]], *arrays)
    with pytest.raises(CheckInputError, match="take 2 parameter arrays, 3 were given"):
        check_chain(forward, backward, stages[:3], *arrays)


def test_pytorch_functions_are_checked_through_the_adapter() -> None:
    """PyTorch's convolution is checked exactly; a wrong autograd function is caught."""
    torch = pytest.importorskip("torch")
    x, w = RANDOM.normal(size=(2, 3, 7, 6)), RANDOM.normal(size=(4, 3, 3, 2))
    report = check_gradient(*from_torch(lambda x, w: torch.nn.functional.conv2d(x, w, stride=2)), x, w)
    assert (report.verdict, report.tolerance, report.checked) == ("right", 0, ("x", "w"))

    class Doubled(torch.autograd.Function):  # type: ignore[misc, name-defined]
        @staticmethod
        def forward(context, x):  # type: ignore[no-untyped-def]
            return x.sin()

        @staticmethod
        def backward(context, delta):  # type: ignore[no-untyped-def]
            return 2 * delta

    assert check_gradient(*from_torch(Doubled.apply), x).verdict == "wrong"
    with pytest.raises(ValueError, match="returned float32"):
        check_gradient(*from_torch(lambda x: x.float()), x)


def test_jax_functions_are_checked_through_the_adapter() -> None:
    """A JAX function in float32 is checked; float64 data without x64 are refused."""
    jax = pytest.importorskip("jax")
    x = RANDOM.normal(size=(3, 4)).astype(np.float32)
    forward, backward = from_jax(lambda x: jax.numpy.tanh(x))
    assert check_gradient(forward, backward, x).verdict == "right"
    assert check_gradient(forward, lambda d, x: 2 * backward(d, x)[0], x).verdict == "wrong"
    if not jax.config.jax_enable_x64:
        with pytest.raises(ValueError, match="jax_enable_x64"):
            check_gradient(forward, backward, x.astype(float))
