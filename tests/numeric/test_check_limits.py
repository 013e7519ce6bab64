"""Each limit of the checkers, exceeded: the verdict is right still, or open; never *right* of what nobody looked at."""

from __future__ import annotations

from typing import Any

import numpy as np

from numeric import check_gradient
from numeric.checkers import colouring, every_entry, guess, judge, subgradients

Array = np.ndarray
RANDOM = np.random.default_rng(4)


def test_more_wrong_entries_than_are_listed() -> None:
    """All wrong entries are counted."""
    x = RANDOM.normal(size=(10, 10))
    report = check_gradient(lambda x: x * x, lambda d, x: d * x, x, every_entry=True)
    assert (len(report.wrong), report.wrong_count) == (every_entry.MOST_LISTED, 100)


def test_more_noisy_entries_than_are_set_aside(monkeypatch: Any) -> None:
    """Where rounding in one entry after the other hides the rest, nothing is called right."""
    monkeypatch.setattr(judge, "is_quiet", lambda *_: False)
    monkeypatch.setattr(judge, "too_coarse", lambda *_: True)
    x = np.linspace(4.0, 9.0, 40)
    report = check_gradient(np.tanh, lambda d, x: d * (1 - np.tanh(x) ** 2), x)
    assert report.verdict == "undecided"
    assert "more entries are off than were weighed" in str(report)


def test_kinks_so_dense_that_no_point_beside_is_smooth() -> None:
    """Saw teeth at every 2**-30: nothing can be told."""
    teeth = 2.0**-24

    def saw(x: Array) -> Array:
        return np.abs(x - teeth * np.round(x / teeth)) + 0 * np.abs(x)

    report = check_gradient(saw, lambda d, x: d, teeth * np.arange(5.0))
    assert report.verdict != "right"


def test_more_owners_than_are_packed(monkeypatch: Any) -> None:
    """Colour by colour the answer is the same."""
    x, w = RANDOM.normal(size=(5, 4)), RANDOM.normal(size=(4, 3))
    pair = (lambda x, w: x @ w), (lambda d, x, w: (d @ w.T, x.T @ d))
    packed = check_gradient(*pair, x, w, every_entry=True)
    monkeypatch.setattr(colouring, "_MOST_OWNERS", 0)
    alone = check_gradient(*pair, x, w, every_entry=True)
    assert (packed.verdict, alone.verdict) == ("right", "right")
    assert alone.projections > packed.projections
    wrong = check_gradient(pair[0], lambda d, x, w: (d @ w.T, 2 * x.T @ d), x, w, every_entry=True)
    assert (wrong.verdict, wrong.wrong_count) == ("wrong", 12)


def test_a_pattern_that_is_too_dear(monkeypatch: Any) -> None:
    """Without the pattern of entries the verdict is the same, and the guess comes from projections."""
    monkeypatch.setattr(guess, "_AFFORDABLE", 0)
    x = RANDOM.normal(size=(5, 4))
    report = check_gradient(lambda x: x * x, lambda d, x: d * x, x)
    assert (report.verdict, report.wrong_count) == ("wrong", None)
    assert "scaled by the constant 1/2" in report.guess


def test_a_sum_that_is_missing_beyond_the_slices_that_are_tried() -> None:
    """Only slice 70 of 80 counts: no name for it, but wrong."""
    x = RANDOM.normal(size=(80,))
    report = check_gradient(lambda x: np.outer(np.ones(80), x), lambda d, x: d[70], x)
    assert report.verdict == "wrong"


def test_more_arguments_than_large_integers_have_room_for() -> None:
    """Twelve factors: small integers leave room for their product."""
    arrays = [RANDOM.normal(size=3) for _ in range(12)]

    def forward(*a: Array) -> Array:
        return np.asarray(np.prod(np.stack(a), axis=0))

    def backward(delta: Array, *a: Array) -> tuple[Array, ...]:
        return tuple(delta * np.prod(np.stack([b for j, b in enumerate(a) if j != k]), axis=0) for k in range(12))

    assert check_gradient(forward, backward, *arrays).verdict == "right"
    report = check_gradient(forward, lambda d, *a: (*backward(d, *a)[:11], 0 * d), *arrays)
    assert report.verdict == "wrong"


def test_the_search_for_kinks_is_bounded(monkeypatch: Any) -> None:
    """A search that may spend nothing leaves every kink open, whichever claim is made."""
    monkeypatch.setattr(subgradients, "MOST_EVALUATIONS", 0)
    x = np.zeros(6)
    for claim in (0.0, 0.5, 1.0, 2.0):
        value = claim
        report = check_gradient(lambda x: np.maximum(x, 0), lambda d, x, v=value: d * np.where(x == 0, v, x > 0), x)
        assert report.verdict == "undecided"
