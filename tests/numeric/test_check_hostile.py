"""Unusual uses of the checker: right, or an error that says what to change."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from numeric import check_gradient, layers
from numeric.checkers import CheckInputError, Stage, check_chain

RANDOM = np.random.default_rng(0)
X, W = RANDOM.normal(size=(2, 3)), RANDOM.normal(size=(3, 4))
LINE = RANDOM.normal(size=6)


def product(x: Any, w: Any) -> Any:
    return x @ w


def product_backward(delta: Any, x: Any, w: Any) -> Any:
    return delta @ w.T, x.T @ delta


PRODUCT = product, product_backward


class Cached:
    """A layer that keeps its output from the forward pass for the backward pass, as many frameworks do."""

    def forward(self, x: Any) -> Any:
        self.y = np.tanh(x)
        return self.y

    def backward(self, delta: Any, x: Any) -> Any:
        return delta * (1 - self.y**2)


def in_place(x: Any) -> Any:
    x += 1
    return x * x


def delta_in_place(delta: Any, x: Any) -> Any:
    delta *= 2
    delta *= x
    return delta


BUFFER = np.zeros(6)
CACHED = Cached()

RIGHT: dict[str, tuple[Any, ...]] = {
    "empty batch": (*PRODUCT, np.zeros((0, 3)), W),
    "zero inner axis": (*PRODUCT, np.zeros((2, 0)), np.zeros((0, 3))),
    "everything empty": (*PRODUCT, np.zeros((0, 3)), np.zeros((3, 0))),
    "numbers for arrays": (lambda a, b: a * b, lambda delta, a, b: (delta * b, delta * a), 2.0, 3.0),
    "a list": (np.sin, lambda delta, x: delta * np.cos(x), [1.0, 2.0]),
    "half and half precision": (*PRODUCT, X.astype(np.float32), W),
    "1e9": (*PRODUCT, 1e9 * X, 1e9 * W),
    "1e-300": (*PRODUCT, 1e-300 * X, W),
    "tanh at 1e-300": (np.tanh, lambda delta, x: delta * (1 - np.tanh(x) ** 2), 1e-300 * LINE),
    "tanh at 1e9": (np.tanh, lambda delta, x: delta * (1 - np.tanh(x) ** 2), 1e9 * LINE),
    "tanh at 0": (np.tanh, lambda delta, x: delta * (1 - np.tanh(x) ** 2), np.zeros(6)),
    "reversed and transposed views": (*PRODUCT, RANDOM.normal(size=(6, 8))[::2, ::-2], RANDOM.normal(size=(2, 4)).T),
    "a broadcast view": (*PRODUCT, np.broadcast_to(1.5, (2, 3)), W),
    "the same array twice": (*PRODUCT, W[:, :3], W[:, :3]),
    "big-endian": (*PRODUCT, X.astype(">f8"), W),
    "a list of gradients": (product, lambda *a: list(product_backward(*a)), X, W),
    "an unused argument": (lambda x, y: 2 * y, lambda delta, x, y: (0 * x, 2 * delta), LINE, LINE),
    "no output": (lambda x: x[:0], lambda delta, x: 0 * x, LINE),
    "a constant": (lambda x: np.ones(3), lambda delta, x: 0 * x, LINE),
    "a count": (lambda x: np.array((x > 0).sum()), lambda delta, x: 0 * x, LINE),
    "a cache": (CACHED.forward, CACHED.backward, LINE),
    "forward writes its argument": (in_place, lambda delta, x: 2 * delta * (x + 1), LINE),
    "backward writes delta": (lambda x: x * x, delta_in_place, LINE),
    "one buffer for all outputs": (lambda x: np.multiply(x, x, out=BUFFER), lambda delta, x: 2 * delta * x, LINE),
    "a partial function": (
        functools.partial(layers.correlate, stride=2),
        lambda delta, x, w, b: layers.correlate_backward(delta, x, w, stride=2),
        RANDOM.normal(size=(1, 2, 5, 5)),
        RANDOM.normal(size=(3, 2, 2, 2)),
        RANDOM.normal(size=3),
    ),
    "sorting": (np.sort, lambda delta, x: delta[np.argsort(np.argsort(x))], LINE),
    "rounding": (np.round, lambda delta, x: 0 * x, LINE),
    "clipping far away": (lambda x: np.clip(x, -10, 10), lambda delta, x: delta * (np.abs(x) < 10), LINE),
    "a modulus": (np.linalg.norm, lambda delta, x: delta * x / np.linalg.norm(x), LINE),
    "an inverse": (
        np.linalg.inv,
        lambda delta, x: -np.linalg.inv(x).T @ delta @ np.linalg.inv(x).T,
        np.eye(3) + W[:, :3] / 9,
    ),
    "many entries": (lambda x: 2 * x, lambda delta, x: 2 * delta, RANDOM.normal(size=100_000)),
}


@pytest.mark.parametrize("name", RIGHT)
def test_unusual_but_right(name: str) -> None:
    """What is right stays right, and the caller's arrays stay as they were."""
    forward, backward, *arrays = RIGHT[name]
    before = [np.array(a) for a in arrays]
    with np.errstate(under="ignore"):
        report = check_gradient(forward, backward, *arrays)
    assert report.verdict == "right", str(report)
    assert report.not_checked
    assert all(np.array_equal(a, b) for a, b in zip(before, arrays, strict=True))


def test_denormal_data_are_left_undecided() -> None:
    """Where the data's own products underflow, nothing can be compared at them."""
    report = check_gradient(*PRODUCT, np.full((2, 3), 5e-324), W)
    assert report.verdict == "undecided"
    assert "too coarsely to tell" in str(report)


WRONG: dict[str, tuple[str, tuple[Any, ...]]] = {
    "zeros of integers": ("all zero", (product, lambda delta, x, w: (np.zeros(x.shape, int), x.T @ delta), X, W)),
    "a transposed shape": (
        "(transposed)",
        (product, lambda delta, x, w: ((delta @ w.T).T, x.T @ delta), X, W),
    ),
    "NaN": ("NaN", (product, lambda delta, x, w: (delta @ w.T * np.nan, x.T @ delta), X, W)),
    "straight through": ("should be 0", (np.round, lambda delta, x: delta, LINE)),
    "something for a constant": ("", (lambda x: np.ones(3), lambda delta, x: 0 * x + 1e-12, LINE)),
    "zero at a flat point": ("all zero", (lambda x: x**2, lambda delta, x: 0 * x, np.zeros(5))),
    "a power too low": ("", (lambda x: x**3, lambda delta, x: 3 * delta * x, LINE)),
    "the spectrum's weights": ("", (lambda x: np.fft.rfft(x).real, lambda d, x: np.fft.irfft(d, 8), np.ones(8))),
}


@pytest.mark.parametrize("name", WRONG)
def test_unusual_and_wrong(name: str) -> None:
    """What is wrong is called so, in words that fit."""
    words, arguments = WRONG[name]
    report = check_gradient(*arguments)
    assert report.verdict == "wrong"
    assert words in report.guess


REFUSED: dict[str, tuple[str, Callable[[], Any]]] = {
    "integers": ("astype", lambda: check_gradient(*PRODUCT, np.ones((2, 3), int), W)),
    "complex numbers": ("complex128", lambda: check_gradient(*PRODUCT, X.astype(complex), W)),
    "half precision": ("float16", lambda: check_gradient(*PRODUCT, X.astype(np.float16), W)),
    "text": ("dtype", lambda: check_gradient(*PRODUCT, "abc", W)),
    "nothing": ("dtype object", lambda: check_gradient(*PRODUCT, None, W)),
    "a ragged list": ("not an array of numbers", lambda: check_gradient(*PRODUCT, [[1.0, 2.0], [3.0]], W)),
    "NaN": ("NaN or infinite", lambda: check_gradient(*PRODUCT, np.full((2, 3), np.nan), W)),
    "a mask": ("masked array", lambda: check_gradient(*PRODUCT, np.ma.masked_array(X, X > 0), W)),
    "overflow": ("inf at output", lambda: check_gradient(*PRODUCT, 1e300 * X, 1e300 * W)),
    "two outputs": ("tuple of 2 arrays", lambda: check_gradient(lambda x: (x, x), lambda delta, x: delta, X)),
    "outputs of two shapes": ("tuple of 2", lambda: check_gradient(lambda x: (x, x[0]), lambda delta, x: delta, X)),
    "no output": ("object data", lambda: check_gradient(lambda x: None, lambda delta, x: delta, X)),
    "a random mask": (
        "two answers",
        lambda: check_gradient(lambda x: x * (RANDOM.random(x.shape) < 0.5), lambda delta, x: delta, LINE),
    ),
    "too few gradients": ("1 gradients", lambda: check_gradient(product, lambda delta, x, w: (delta @ w.T,), X, W)),
    "a gradient left out": ("exclude=", lambda: check_gradient(product, lambda delta, x, w: (x, None), X, W)),
    "no function": ("forward function", lambda: check_gradient(3, lambda delta, x: delta, X)),  # type: ignore[arg-type]
    "no array": ("no arrays", lambda: check_gradient(*PRODUCT)),
    "another method": ("expected one of", lambda: check_gradient(*PRODUCT, X, W, method="exac")),  # type: ignore[arg-type]
    "another name": ("x, w", lambda: check_gradient(*PRODUCT, X, W, exclude="v")),
    "a negative seed": ("at least 0", lambda: check_gradient(*PRODUCT, X, W, seed=-1)),
    "delta's shape": ("must agree", lambda: check_gradient(*PRODUCT, X, W, delta=np.ones((3, 3)))),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_checked_is_refused(name: str) -> None:
    """Input that has no gradient is an error of its own kind, with the words that help."""
    words, call = REFUSED[name]
    with pytest.raises(CheckInputError, match=words), np.errstate(all="ignore"):
        call()


def test_an_error_of_the_callers_function_says_whose_it_was() -> None:
    """The caller's own exception comes through, with a note that names the call."""
    backward = functools.partial(layers.correlate_backward, stride=2)
    arrays = RANDOM.normal(size=(1, 2, 5, 5)), RANDOM.normal(size=(3, 2, 2, 2)), RANDOM.normal(size=3)
    with pytest.raises(TypeError) as caught:
        check_gradient(functools.partial(layers.correlate, stride=2), backward, *arrays)
    assert "backward(delta, x, w, b) raised this" in caught.value.__notes__[0]
    with pytest.raises(ZeroDivisionError) as divided:
        check_chain(lambda x: x, lambda delta, x: delta, [Stage(lambda x: 1 / 0, 0, "first")], LINE)
    assert "the forward of first raised this" in divided.value.__notes__[0]


def test_one_wrong_entry_of_many_is_not_called_a_scale() -> None:
    """A factor is guessed only where it explains what is off."""
    x = RANDOM.normal(size=100_000)

    def backward(delta: Any, x: Any) -> Any:
        return 2 * delta + (np.arange(x.size) == 77_777) * 1e-6

    report = check_gradient(lambda x: 2 * x, backward, x)
    assert report.wrong[0].index == (77_777,)
    assert "scaled" not in report.guess


@pytest.mark.parametrize("factor", [1 / 9, 2.0, 1 + 1e-9, -0.25])
def test_a_scale_of_many_entries_is_called_one(factor: float) -> None:
    """A constant factor is still recognised where the entries are too many to compare."""
    x = RANDOM.normal(size=100_000)
    report = check_gradient(lambda x: 2 * x, lambda delta, x: 2 * delta * factor, x)
    assert "scaled by the constant" in report.guess


def test_a_jump_at_the_data_is_left_undecided() -> None:
    """A step function that stands at its step is neither right nor wrong."""
    report = check_gradient(lambda x: (x > 0) * 1.0, lambda delta, x: 0 * x, np.array([0.0, 1.0]))
    assert report.verdict == "undecided"


def test_a_random_backward_is_not_called_right() -> None:
    """Noise in the claim is not rounding."""
    report = check_gradient(
        np.tanh, lambda delta, x: delta * (1 - np.tanh(x) ** 2) * (1 + 1e-3 * RANDOM.normal(size=x.shape)), LINE
    )
    assert report.verdict != "right"


# -- what passed, or failed, by accident ------------------------------------------------------------------------------

SEEDS = range(12)


@pytest.mark.parametrize("every_entry", [False, True])
@pytest.mark.parametrize(
    ("forward", "backward", "arrays"),
    [
        # saturated at large integers, where 0 = 0 says nothing of the data
        (lambda w: np.tanh(w) ** 2, lambda d, w: (0 * w,), [np.array([100.0, 0.5])]),
        (
            lambda x, w: np.concatenate([x, np.tanh(w) ** 2]),
            lambda d, x, w: (d[:2].copy(), 0 * w),
            [np.array([1.0, 2.0]), np.array([100.0, 0.5])],
        ),
        (
            lambda x, c: np.exp(-((x - c) ** 2)),
            lambda d, x, c: (-d * (x - c) * np.exp(-((x - c) ** 2)), d * (x - c) * np.exp(-((x - c) ** 2))),
            [100 + np.arange(4) / 4, 100 + np.arange(4)[::-1] / 4],
        ),
        # pieces between the data and the integers
        (lambda x: np.where(abs(x) < 1, 5 * x, x), lambda d, x: d.copy(), [np.array([100.0, 0.5, -30.0])]),
        (lambda w: np.maximum(0, 1 - abs(w)), lambda d, w: 0 * w, [np.array([100.0, 0.5])]),
        # another arithmetic than the data's
        (lambda x: 2 * x, lambda d, x: (2 * d).astype(int), [np.array([0.5, 0.25, 0.1])]),
        (lambda x: 2 * x, lambda d, x: 2 * np.round(d), [np.array([0.5, 0.25, 0.1])]),
        (lambda x: 2 * x, lambda d, x: 2 * d.astype("f"), [np.array([0.5, 0.25, 0.1])]),
        # two entries for another, one entry for both
        (lambda x: 2 * x, lambda d, x: 2 * d[::-1], [np.array([0.5, 0.25])]),
        (lambda x: x.max(keepdims=True), lambda d, x: np.array([d[0], 0.0]), [np.array([0.3, 0.9])]),
    ],
    ids=["tanh²", "tanh² beside x", "radial", "dead zone", "hat", "int", "round", "float32", "swap", "first"],
)
def test_no_wrong_gradient_passes_by_accident(forward: Any, backward: Any, arrays: Any, every_entry: bool) -> None:
    """What is wrong at the data is not called right because of what the function does at integers."""
    for seed in SEEDS:
        report = check_gradient(forward, backward, *arrays, seed=seed, every_entry=every_entry)
        assert report.verdict != "right", (seed, str(report))


@pytest.mark.parametrize("every_entry", [False, True])
@pytest.mark.parametrize("shape", [(1, 3, 4), (2, 3, 1), (3, 3, 3), (1, 1, 1)])
def test_a_right_layer_that_saturates_at_integers(shape: tuple[int, int, int], every_entry: bool) -> None:
    """What is left of 1/cosh² at integers is no mistake."""
    random = np.random.default_rng(sum(shape))
    x, w, b = random.normal(size=shape[:2]), random.normal(size=shape[1:]), random.normal(size=shape[2])

    def backward(delta: Any, x: Any, w: Any, b: Any) -> Any:
        inner = delta / np.cosh(x @ w + b) ** 2
        return inner @ w.T, x.T @ inner, inner.sum(axis=0)

    for seed in SEEDS:
        report = check_gradient(
            lambda x, w, b: np.tanh(x @ w + b), backward, x, w, b, seed=seed, every_entry=every_entry
        )
        assert report.verdict == "right", (seed, str(report))


def test_a_function_that_writes_leaves_later_checks_alone() -> None:
    """One that overwrites its argument only where that is negative does not spoil the integers of the next check."""
    x, w = np.array([0.7, 0.4, 1.1, 0.3, 0.9, 0.6]), np.array([0.2, 0.8, 0.5, 1.2, 0.4, 0.6])

    def in_place(x: Any, w: Any) -> Any:
        x[x < 0] = 0
        return x * w

    def backward(delta: Any, x: Any, w: Any) -> Any:
        return delta * w * (x >= 0), delta * np.maximum(x, 0)

    check_gradient(in_place, backward, x, w, every_entry=True)
    assert check_gradient(lambda x, w: np.maximum(x, 0) * w, backward, x, w).verdict == "right"


def test_means_of_three_and_large_steps_are_no_crashes() -> None:
    """Thirds leave the integers; a function of a limited domain raises beyond it: both are checked all the same."""
    for seed in range(100):
        report = check_gradient(
            lambda x: x.mean(axis=0), lambda d, x: np.broadcast_to(d / 3, x.shape), np.ones((3, 1)), seed=seed,
            every_entry=True,
        )  # fmt: skip
        assert report.verdict == "right"

    def bounded(x: Any) -> Any:
        if np.abs(x).max() > 1e4:
            raise ValueError("out of its domain")
        return 2 * x

    x = np.array([0.5, 0.25, 1.0, 2.0])
    assert check_gradient(bounded, lambda d, x: 2 * d, x, every_entry=True).tolerance == 0


@pytest.mark.parametrize("shape", [(3, 2), (6,), (2,), ()])
def test_a_sensitivity_of_another_shape_is_refused(shape: tuple[int, ...]) -> None:
    """Also where it could be reshaped or broadcast."""
    with pytest.raises(CheckInputError, match="they must agree"):
        check_gradient(lambda x: 1 * x, lambda d, x: 1 * d, np.ones((2, 3)), delta=np.ones(shape))
