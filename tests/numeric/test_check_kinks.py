"""Kinks, ties and steps: what was not compared there is undecided, and what has no derivative is no mistake."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from numeric import check_gradient
from numeric.checkers import CheckInputError

Array = np.ndarray
Case = tuple[Callable[..., Any], Callable[..., Any], Callable[[np.random.Generator], Any]]


def pool(x: Array) -> Array:
    """Maxima over windows of two by two."""
    return np.asarray(x.reshape(x.shape[0] // 2, 2, x.shape[1] // 2, 2).max(axis=(1, 3)))


def up(delta: Array) -> Array:
    return np.kron(delta, np.ones((2, 2), dtype=delta.dtype))


def to_each(delta: Array, x: Array) -> Array:
    """Wrong at ties: each of the equal maxima gets the whole delta."""
    return np.asarray(up(delta) * (x == up(pool(x))))


def shared(delta: Array, x: Array) -> Array:
    """Right at ties: the equal maxima share it."""
    tied = x == up(pool(x))
    count = tied.reshape(x.shape[0] // 2, 2, x.shape[1] // 2, 2).sum(axis=(1, 3))
    return np.asarray(up(delta) * tied / up(count))


def line_maxima(x: Array) -> Array:
    """Maxima over windows of three that overlap."""
    return np.asarray(np.lib.stride_tricks.sliding_window_view(x, 3).max(axis=-1))


def to_first(delta: Array, x: Array, *, overwrite: bool = False) -> Array:
    found = np.zeros_like(x)
    for i, each in enumerate(delta):
        place = i + x[i : i + 3].argmax()
        found[place] = each if overwrite else found[place] + each
    return found


def relu(x: Array) -> Array:
    return np.maximum(x, 0)


def both_above(x: Array) -> Array:
    """A kink at 0 that no entry shows by itself."""
    return np.maximum(0, np.minimum(x[0::2], x[1::2]))


def steep_beside_relu(x: Array) -> Array:
    return np.concatenate([1e6 * x[:3], relu(x[3:])])


def quantised(x: Array) -> Array:
    return np.round(16 * x) / 16


def zeros(*shape: int) -> Callable[[np.random.Generator], Array]:
    return lambda random: np.zeros(shape)


def halves(*shape: int) -> Callable[[np.random.Generator], Array]:
    return lambda random: np.round(random.normal(size=shape))


def normal(*shape: int, scale: float = 3.0) -> Callable[[np.random.Generator], Array]:
    return lambda random: scale * random.normal(size=shape)


def two(data: Callable[[np.random.Generator], Array]) -> Callable[[np.random.Generator], Any]:
    return lambda random: (data(random), data(random))


# gradients that are wrong at the data: never right
WRONG: dict[str, Case] = {
    "each of 16 tied maxima takes all": (pool, to_each, zeros(4, 4)),
    "each of 64 tied maxima takes all": (pool, to_each, zeros(8, 8)),
    "each of 400 tied maxima takes all": (pool, to_each, zeros(20, 20)),
    "each of some tied maxima takes all": (pool, to_each, halves(8, 8)),
    "the mean over windows of which some are tied": (pool, lambda d, x: up(d) / 4, halves(8, 8)),
    "= for += where all is tied": (line_maxima, lambda d, x: to_first(d, x, overwrite=True), zeros(30)),
    "= for += where some are tied": (line_maxima, lambda d, x: to_first(d, x, overwrite=True), halves(30)),
    "2 at a hundred kinks": (np.abs, lambda d, x: d * np.where(x == 0, 2, np.sign(x)), zeros(100)),
    "one of a hundred kinks": (
        relu,
        lambda d, x: d * np.where((x == 0) & (np.arange(100) == 77), -1.0, x > 0),
        zeros(100),
    ),
    "a kink beside steep outputs": (
        steep_beside_relu,
        lambda d, x: np.concatenate([1e6 * d[:3], d[3:] * np.where(x[3:] == 0, 5.0, x[3:] > 0)]),
        lambda random: np.concatenate([random.normal(size=3), np.zeros(3)]),
    ),
    "a kink of two entries together": (both_above, lambda d, x: np.repeat(d, 2) * (x >= 0), zeros(8)),
    "both of two equal arguments": (np.maximum, lambda d, x, y: (d * (x >= y), d * (y >= x)), two(halves(30))),
    "each of the equal in a row": (
        lambda x: x.max(axis=1),
        lambda d, x: d[:, None] * (x == x.max(axis=1)[:, None]),
        halves(6, 30),
    ),
    "a step function's straight-through gradient": (np.floor, lambda d, x: d, normal(20)),
    "something small for a step function": (np.sign, lambda d, x: 1e-3 * d, normal(20)),
    "steps on the grid of the integers": (quantised, lambda d, x: d, normal(40)),
    "a slope below the rounding of the values": (
        lambda x: 1e16 + np.array(x, dtype=float),
        lambda d, x: 0 * d,
        normal(5, scale=1.0),
    ),
    "a mask left out": (lambda x: x * (np.arange(x.size) % 2) * 2, lambda d, x: 2 * d, normal(20)),
    "saturation left out": (lambda x: np.clip(x, -1, 1), lambda d, x: d, normal(20)),
}

# gradients that are right, at kinks one of several: never wrong
RIGHT: dict[str, Case] = {
    "tied maxima share": (pool, shared, halves(8, 8)),
    "all maxima tied share": (pool, shared, zeros(12, 12)),
    "overlapping windows, all tied": (line_maxima, to_first, zeros(30)),
    "overlapping windows, some tied": (line_maxima, to_first, halves(30)),
    "a hundred kinks": (np.abs, lambda d, x: d * np.sign(x), zeros(100)),
    "the other side of kinks": (relu, lambda d, x: d * (x >= 0), halves(10, 10)),
    "kinks beside steep outputs": (
        steep_beside_relu,
        lambda d, x: np.concatenate([1e6 * d[:3], d[3:] * (x[3:] > 0)]),
        lambda random: np.concatenate([random.normal(size=3), np.zeros(3)]),
    ),
    "kinks beside far steeper outputs, in complex numbers": (
        lambda x: np.concatenate([1e12 * x[:3], np.where(x[3:].real > 0, x[3:], 0)]),
        lambda d, x: np.concatenate([1e12 * d[:3], d[3:] * (x[3:] >= 0)]),
        lambda random: np.concatenate([random.normal(size=3), np.zeros(3)]),
    ),
    "one of two equal arguments": (np.maximum, lambda d, x, y: (d * (x >= y), d * (y > x)), two(halves(30))),
    "half to each of two equal arguments": (
        np.maximum,
        lambda d, x, y: (d * ((x > y) + (x == y) / 2), d * ((y > x) + (x == y) / 2)),
        two(halves(30)),
    ),
    "a clamp at its ends": (
        lambda x: np.clip(x, 0, 6),
        lambda d, x: d * ((x > 0) & (x < 6)),
        lambda random: random.integers(-1, 8, size=40).astype(float),
    ),
    "huber": (
        lambda x: np.where(np.abs(x) <= 1, x * x / 2, np.abs(x) - 0.5),
        lambda d, x: d * np.clip(x, -1, 1),
        halves(40),
    ),
    "a curve beside a kink": (
        lambda x: relu(x) * np.tanh(x + 1),
        lambda d, x: d * (x > 0) * (np.tanh(x + 1) + x * (1 - np.tanh(x + 1) ** 2)),
        halves(40),
    ),
}


def _verdicts(case: Case, seed: int) -> list[tuple[str, str]]:
    forward, backward, data = case
    found = []
    for dtype in (np.float64, np.float32):
        given = data(np.random.default_rng(seed))
        arrays = [np.asarray(a, dtype=dtype) for a in (given if isinstance(given, tuple) else (given,))]
        for every_entry in (False, True):
            with np.errstate(all="ignore"):
                report = check_gradient(forward, backward, *arrays, seed=seed, every_entry=every_entry)
            found.append((report.verdict, str(report)))
    return found


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_at_the_data_is_not_called_right(name: str, seed: int) -> None:
    """At kinks, ties and steps, in either precision, by projection or entry by entry."""
    for verdict, text in _verdicts(WRONG[name], seed):
        assert verdict != "right", text


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("name", RIGHT)
def test_what_is_right_at_the_data_is_not_called_wrong(name: str, seed: int) -> None:
    """One of several subgradients is no mistake."""
    for verdict, text in _verdicts(RIGHT[name], seed):
        assert verdict != "wrong", text


@pytest.mark.parametrize("name", ["tied maxima share", "all maxima tied share", "a hundred kinks", "huber"])
def test_many_kinks_do_not_leave_a_right_gradient_undecided(name: str) -> None:
    """All kinks are found and compared, however many, where few evaluations tell them apart."""
    assert {verdict for verdict, _ in _verdicts(RIGHT[name], 5)} == {"right"}


def test_more_kinks_than_the_search_may_find_are_undecided() -> None:
    """Beyond the evaluations that the search may spend nothing is called right: 2 · 2,000 slices are too many."""
    report = check_gradient(relu, lambda d, x: d * (x > 0), np.zeros(2000))
    assert report.verdict == "undecided"
    assert "kinks were not all found" in str(report)


def test_more_kinks_than_are_listed_are_counted() -> None:
    """The list is short, those outside of their intervals first; the count is of all."""
    x = np.zeros(100)
    report = check_gradient(relu, lambda d, x: d * np.where((np.arange(100) == 77) & (x == 0), 2.0, x > 0), x)
    assert report.verdict == "undecided"
    assert (report.kinks[0].index, report.kinks[0].inside) == ((77,), False)
    assert sum(kink.index != () for kink in report.kinks) == 24
    assert "100 entries stand at kinks" in str(report)


def test_a_surplus_here_does_not_pay_for_a_lack_there() -> None:
    """Twice the delta in one window and none in the next leave the sum over all entries right; each output is asked."""
    x = np.zeros((2, 4))
    claim = np.array([[1.0, 1.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0]])
    report = check_gradient(pool, x, claimed_gradient=claim, delta=np.ones((1, 2)))
    assert report.verdict == "undecided"
    assert "entries that bend output" in str(report)


STEPS: dict[str, Case] = {
    "round": (np.round, lambda d, x: 0 * d, normal(30)),
    "floor": (np.floor, lambda d, x: 0 * d, normal(30)),
    "sign": (np.sign, lambda d, x: 0 * d, normal(30)),
    "a sum of floors": (lambda x: np.floor(x).sum(), lambda d, x: 0 * x, normal(30)),
    "floors of a product": (lambda x, w: np.floor(x @ w), lambda d, x, w: (0 * x, 0 * w), two(normal(4, 4))),
    "a product of rounded numbers": (
        lambda x, w: np.round(x) @ w,
        lambda d, x, w: (0 * x, np.round(x).T @ d),
        two(normal(4, 4)),
    ),
    "one-hot": (
        lambda x: (x == x.max(axis=1, keepdims=True)) * 1.0,
        lambda d, x: 0 * x,
        normal(5, 6),
    ),
    "steps of 1/16": (quantised, lambda d, x: 0 * d, normal(40)),
    "steps of 1/256": (lambda x: np.round(256 * x) / 256, lambda d, x: 0 * d, normal(40)),
    "integers": (lambda x: np.floor(x).astype(int), lambda d, x: 0 * d, normal(30)),
    "counts": (lambda x: (x > 0).sum(axis=0), lambda d, x: 0 * x, normal(5, 6)),
}


@pytest.mark.parametrize("name", STEPS)
def test_gradient_0_of_a_step_function_is_never_wrong(name: str) -> None:
    """Over many data; and what is not 0 is never right."""
    forward, backward, data = STEPS[name]
    for seed in range(20):
        random = np.random.default_rng(seed)
        given = data(random)
        arrays = given if isinstance(given, tuple) else (given,)
        every_entry = bool(seed % 2)
        report = check_gradient(forward, backward, *arrays, every_entry=every_entry, seed=seed)
        assert report.verdict != "wrong", (seed, str(report))
        if seed > 4:
            continue

        def off(delta: Array, *moved: Array) -> tuple[Array, ...]:
            right = backward(delta, *moved)
            first, *rest = right if isinstance(right, tuple) else (right,)
            return (first + np.linspace(0.5, 1, first.size).reshape(first.shape), *rest)

        report = check_gradient(forward, off, *arrays, every_entry=every_entry, seed=seed)
        assert report.verdict != "right", (seed, str(report))


def test_steps_below_single_precision_do_not_hide_a_slope() -> None:
    """In float32 data of size 300 steps of 1/4096 are none: the gradient 0, which np.round has in complex numbers, is
    not called right."""
    x = np.asarray(300 * np.random.default_rng(0).normal(size=40), dtype=np.float32)
    assert check_gradient(lambda x: np.round(x * 4096) / 4096, lambda d, x: 0 * d, x).verdict != "right"


def test_noise_in_one_entry_does_not_hide_a_mistake_in_another() -> None:
    """An entry that is off by rounding is set aside; the others are compared still."""
    x = np.array([1e3, 0.3, -0.2, 0.7])

    def forward(x: Array) -> Array:
        return np.array([(1e8 + x[0]) - 1e8 + x[0] ** 3, *np.tanh(x[1:])])

    def backward(delta: Array, x: Array) -> Array:
        noisy = 3 * x[0] ** 2 + (1e12 + np.sin(1e6 * x[0])) - 1e12 - np.sin(1e6 * x[0]) + 1
        rest = delta[1:] * (1 - np.tanh(x[1:]) ** 2)
        rest[1] *= 1 + 1e-7
        return np.concatenate([[delta[0] * noisy], rest])

    assert check_gradient(forward, backward, x).verdict != "right"


@pytest.mark.parametrize("count", [15, 40, 400])
def test_more_suspects_than_are_weighed_are_not_called_rounding(count: int) -> None:
    """Entry by entry: a mistake among many entries that are off by rounding is not passed as one of them."""
    x = np.random.default_rng(1).normal(size=count)

    def backward(delta: Array, x: Array) -> Array:
        rough = np.sin(1e9 * x) * 1e-9 * (np.arange(count) != count // 2)
        return delta * (1 - np.tanh(x) ** 2) * (1 + rough + 2e-10 * (np.arange(count) == count // 2))

    for seed in range(3):
        assert check_gradient(np.tanh, backward, x, every_entry=True, seed=seed).verdict != "right"


def test_a_stale_cache_is_not_served() -> None:
    """A backward that reads what the first forward left, and not the last, is wrong."""

    class Stale:
        x: Array | None = None

        def forward(self, x: Array) -> Array:
            self.x = x.copy() if self.x is None else self.x
            return x * x

        def backward(self, delta: Array, x: Array) -> Array:
            assert self.x is not None
            return 2 * delta * self.x

    stale = Stale()
    assert check_gradient(stale.forward, stale.backward, np.arange(1.0, 9.0)).verdict != "right"


def test_state_that_leaks_between_calls_is_refused_or_not_right() -> None:
    """A forward whose answer drifts from call to call has no gradient."""
    calls = []

    def drifting(x: Array) -> Array:
        calls.append(0)
        return np.asarray(np.tanh(x) * (1 + 1e-3 * len(calls)))

    try:
        verdict = check_gradient(drifting, lambda d, x: d * (1 - np.tanh(x) ** 2), np.arange(1.0, 9.0) / 8).verdict
    except CheckInputError:
        verdict = "undecided"
    assert verdict != "right"
