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
    "denormal": (*PRODUCT, np.full((2, 3), 5e-324), W),
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
