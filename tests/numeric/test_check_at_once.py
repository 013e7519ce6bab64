"""The quick looks pass only what the closer looks would pass, and never take a mistake for rounding."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from numeric import check_gradient, layers
from numeric.checkers import colouring
from numeric.checkers.colouring import all_colours, colours, plan_axes
from numeric.checkers.exact import NotExact, expect_whole_values, find_exact
from numeric.checkers.exact_at_once import equal_in_doubles
from numeric.checkers.lattice import Lattice, as_integers, integer_inner, rational_inner, whole_on_a_grid
from numeric.checkers.packing import touched_in_pairs
from numeric.checkers.points import Point
from numeric.checkers.problem import Problem, block_of, make_problem
from numeric.checkers.smooth_at_once import smooth_at_once
from tests.numeric.mutations import LAYERS, MUTATIONS


def problem_of(forward: Any, backward: Any, *arrays: Any) -> Problem:
    return make_problem(forward, backward, arrays, claimed=None, delta=None, exclude=(), names=None)


SMOOTH = np.tanh, lambda delta, z: delta / np.cosh(z) ** 2


@given(st.lists(st.integers(-(2**51), 2**51), min_size=1, max_size=40), st.data())
def test_inner_products_are_those_of_whole_numbers(left: list[int], data: st.DataObject) -> None:
    """Σ left·right is exact whatever the sizes, by whichever of the three ways."""
    bits = data.draw(st.sampled_from((3, 14, 30, 51)))
    right = data.draw(st.lists(st.integers(-(2**bits), 2**bits), min_size=len(left), max_size=len(left)))
    total, exponent = integer_inner(Lattice(np.array(left), 2), Lattice(np.array(right), -5))
    assert exponent == -3
    assert total == sum(a * b for a, b in zip(left, right, strict=True))


@given(st.lists(st.tuples(st.floats(allow_nan=False, allow_infinity=False), st.integers(-(2**15), 2**15)), min_size=1))
def test_inner_products_of_any_numbers_are_rational(pairs: list[tuple[float, int]]) -> None:
    """Σ values·right is the sum of fractions, for values of any size and number of digits."""
    values, right = np.array([a for a, _ in pairs]), np.array([b for _, b in pairs])
    expected = sum((Fraction(a) * b for a, b in pairs), Fraction(0)) * 8
    assert rational_inner(values, Lattice(right, 3)) == expected


@given(st.lists(st.floats(allow_nan=True, allow_infinity=True), max_size=4))
def test_a_few_numbers_are_whole_where_the_array_is(values: list[float]) -> None:
    """The quick answer is that of `as_integers`."""
    sample = np.array(values, dtype=float)
    with np.errstate(all="ignore"):
        assert whole_on_a_grid(sample) == (as_integers(sample) is not None)


@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: layer.name)
def test_all_colours_at_once_are_those_one_by_one(layer: Any) -> None:
    """Positions and owners agree, colour by colour."""
    try:
        probe = find_exact(problem_of(layer.forward, layer.backward, *layer.arrays), 0)
    except NotExact:
        return
    for k, array in enumerate(probe.at):
        plans = plan_axes(probe, k)
        colour, owners = all_colours(plans, array.shape, probe.start.size)
        slowly = list(colours(plans, array.shape, probe.start.size))
        assert len(slowly) == len(owners)
        for number, ((places, owner), owner_at_once) in enumerate(zip(slowly, owners, strict=True)):
            assert np.array_equal(np.sort(places), np.flatnonzero(colour == number))
            assert np.array_equal(owner, owner_at_once)


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
def test_no_mutation_passes_at_once(mutation: Any) -> None:
    """What is wrong never passes the quick look of the complex step."""
    assert smooth_at_once(problem_of(mutation.layer.forward, mutation.backward, *mutation.layer.arrays), 0) is None


@settings(max_examples=40)
@given(st.integers(0, 2**16), st.sampled_from((1e-9, 1e-3, 1.0)))
def test_a_small_mistake_in_one_entry_is_not_passed_at_once(seed: int, scale: float) -> None:
    """An entry off by a relative 1e-11 among a hundred is seen, at several scales of the data."""
    random = np.random.default_rng(seed)
    z = random.uniform(0.5, 1.5, size=(10, 10)) * scale
    place = tuple(random.integers(10, size=2))

    def wrong(delta: Any, z: Any) -> Any:
        gradient = SMOOTH[1](delta, z)
        gradient[place] *= 1 + 1e-11
        return gradient

    with np.errstate(all="ignore"):
        right = smooth_at_once(problem_of(*SMOOTH, z), seed)
    assert right is not None
    assert abs(right.residual) <= right.tolerance
    assert smooth_at_once(problem_of(SMOOTH[0], wrong, z), seed) is None


@pytest.mark.parametrize(
    ("forward", "backward"),
    [
        # a kink: the complex step sees one side only
        (lambda z: np.where(z.real >= 0, z, 0), lambda delta, z: delta * (z >= 0)),
        (lambda z: np.where(z.real > 0, z, 0), lambda delta, z: delta * (z > 0)),
        (lambda z: np.maximum(z, 0), lambda delta, z: delta * (z >= 0)),
        # not analytic: |z| by its square root
        (lambda z: np.sqrt(z * z.conj()).real * (1 + 0j * z), lambda delta, z: np.zeros_like(z)),
        # real from complex, and a refusal of complex numbers
        (lambda z: z.real**3, lambda delta, z: 3 * delta * z**2),
        (lambda z: np.array([float(v) ** 3 for v in z]), lambda delta, z: 3 * delta * z**2),
        # not finite
        (lambda z: np.log(z), lambda delta, z: delta / z),
    ],
)
def test_what_needs_a_closer_look_does_not_pass_at_once(forward: Any, backward: Any) -> None:
    """Kinks, functions that are not analytic, and values that are not finite are left to the closer look."""
    assert smooth_at_once(problem_of(forward, backward, np.array([0.0, 1.0, -2.0])), 0) is None


def test_entries_equal_to_zero_move_too() -> None:
    """A kink at an entry 0 beside large ones bends the function along the real step."""
    z = np.array([1e3, 0.0, -1e3])
    relu = lambda z: np.where(z.real > 0, z, 0)  # noqa: E731
    assert smooth_at_once(problem_of(relu, lambda delta, z: delta * (z > 0), z), 0) is None


def test_a_function_may_write_into_its_arguments() -> None:
    """The quick look hands out memory of its own, so that a function that overwrites it disturbs nothing."""

    def forward(z: Any) -> Any:
        z *= 2
        return np.tanh(z)

    def backward(delta: Any, z: Any) -> Any:
        z *= 2
        return 2 * delta / np.cosh(z) ** 2

    z = np.linspace(-1, 1, 8)
    report = check_gradient(forward, backward, z)
    assert report.verdict == "right"
    assert np.array_equal(z, np.linspace(-1, 1, 8))


@pytest.mark.parametrize("window", range(1, 9))
def test_products_of_many_arguments_are_still_exact(window: int) -> None:
    """A product of four arguments, with a mean over any window up to eight, is checked with integers."""

    def forward(x: Any, a: Any, b: Any, c: Any) -> Any:
        return x.reshape(-1, window, window).mean(axis=(1, 2)) * a * b * c

    def backward(delta: Any, x: Any, a: Any, b: Any, c: Any) -> Any:
        mean = x.reshape(-1, window, window).mean(axis=(1, 2))
        dx = np.repeat(delta * a * b * c / window**2, window**2).reshape(x.shape)
        return dx, delta * mean * b * c, delta * mean * a * c, delta * mean * a * b

    random = np.random.default_rng(0)
    arrays = random.normal(size=(3 * window, window)), *random.normal(size=(3, 3))
    assert check_gradient(forward, backward, *arrays).tolerance == 0


def test_one_evaluation_settles_that_many_arguments_are_not_exact() -> None:
    """A chain with tanh is refused by the exact method after one forward pass."""
    calls = []

    def forward(x: Any, a: Any, b: Any, c: Any) -> Any:
        calls.append(1)
        return x * np.tanh(a * np.arange(1, 13) / 8) * b + c

    problem = problem_of(forward, lambda delta, *arrays: arrays, *np.ones((4, 12)))
    with pytest.raises(NotExact, match="not exact in floating point"):
        expect_whole_values(problem, 0)
    assert len(calls) == 1


# -- the equality along one line of integers ---------------------------------------------------------------------------


def seen_at_once(forward: Any, backward: Any, *arrays: Any, seed: int = 0) -> Any:
    """What the first look says, nothing else having been looked at."""
    block = block_of(arrays)
    return None if block is None else equal_in_doubles(forward, backward, block, seed)


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
def test_no_mutation_is_equal_at_once(mutation: Any) -> None:
    """What is wrong never passes the equality along a line."""
    layer = mutation.layer
    assert not isinstance(seen_at_once(layer.forward, mutation.backward, *layer.arrays), Point)


def _product(x: Any, w: Any) -> Any:
    return x @ w


def _product_backward(delta: Any, x: Any, w: Any) -> tuple[Any, Any]:
    return delta @ w.T, x.T @ delta


def _matrices(scale: float = 1.0) -> tuple[Any, Any]:
    random = np.random.default_rng(0)
    return scale * random.normal(size=(4, 5)), random.normal(size=(5, 3))


@pytest.mark.parametrize("scale", [1e-9, 1e-3, 1.0, 1e5])
def test_a_product_is_equal_at_once(scale: float) -> None:
    """The layer that the check is made for passes without a closer look, at any scale of its data."""
    assert isinstance(seen_at_once(_product, _product_backward, *_matrices(scale)), Point)


@settings(max_examples=60)
@given(st.integers(0, 19), st.sampled_from((1e-15, 1e-10, 1e-300, 5e-324, 1.0)), st.booleans())
def test_the_least_mistake_in_one_entry_is_not_equal_at_once(place: int, off: float, relative: bool) -> None:
    """One entry off by a few units of rounding, or by the smallest number beside an entry that should be 0."""

    def backward(delta: Any, x: Any, w: Any) -> tuple[Any, Any]:
        dx, dw = _product_backward(delta, x, w)
        spread = np.zeros((4, 6))
        spread[:, :5] = dx
        if relative:
            spread[place % 4, place % 5] *= 1 + max(off, 1e-15)
        else:
            spread[place % 4, 5] = off
        return spread, dw

    def forward(x: Any, w: Any) -> Any:
        return x[:, :5] @ w

    x, w = np.random.default_rng(0).normal(size=(4, 6)), _matrices()[1]
    assert not isinstance(seen_at_once(forward, backward, x, w), Point)


@pytest.mark.parametrize(
    ("forward", "backward"),
    [
        (lambda x: np.maximum(x, 0), lambda delta, x: delta * (x > 0)),
        (lambda x: np.abs(x), lambda delta, x: delta * np.sign(x)),
        (lambda x: x**3, lambda delta, x: 3 * delta * x**2),
        (lambda x: x, lambda delta, x: delta.astype(np.float32)),
        (lambda x: x, lambda delta, x: [delta, delta]),
        (lambda x: x / 3, lambda delta, x: delta / 3),
        (lambda x: x, lambda delta, x: np.full_like(delta, np.nan)),
    ],
)
def test_what_is_no_polynomial_of_degree_two_is_not_equal_at_once(forward: Any, backward: Any) -> None:
    """Kinks, cubes, other types, other counts, thirds and NaN are left to the closer look."""
    x = np.random.default_rng(0).normal(size=(6,))
    assert not isinstance(seen_at_once(forward, backward, x), Point)


@pytest.mark.parametrize("every_entry", [False, True])
@pytest.mark.parametrize("scale", [1.0, 1e3])
def test_what_saturates_is_not_equal_at_once(scale: float, every_entry: bool) -> None:
    """tanh of large products is ±1 on both sides: 0 = 0 is no evidence for or against a gradient."""

    def forward(x: Any, w: Any) -> Any:
        return np.tanh(x @ w)

    def backward(delta: Any, x: Any, w: Any) -> tuple[Any, Any]:
        return _product_backward(delta * (1 - np.tanh(x @ w) ** 2), x, w)

    def nothing(delta: Any, x: Any, w: Any) -> tuple[Any, Any]:
        return np.zeros_like(x), np.zeros_like(w)

    x, w = scale * np.ones((1, 1)), scale * np.ones((1, 1)) / 2
    assert not isinstance(seen_at_once(forward, nothing, x, w), Point)
    assert check_gradient(forward, backward, x, w, every_entry=every_entry).verdict == "right"


def test_the_callers_arrays_are_looked_at_as_they_were() -> None:
    """A function that keeps its argument in the caller's own array does not move the point of the check."""
    w = np.array([0.5, -0.25, 0.125])

    def forward(v: Any) -> Any:
        w[:] = v
        return np.where(np.abs(w) > 2, 2 * w, w)

    report = check_gradient(forward, lambda delta, v: delta.copy(), w)
    assert report.verdict == "right", str(report)


def test_results_in_one_buffer_are_told_apart() -> None:
    """A function that returns the same array again and again is checked rightly, by projection and entry by entry."""
    out, dx, dw = np.empty((4, 3)), np.empty((4, 5)), np.empty((5, 3))

    def forward(x: Any, w: Any) -> Any:
        return np.matmul(x, w, out=out)

    def backward(delta: Any, x: Any, w: Any) -> tuple[Any, Any]:
        return np.matmul(delta, w.T, out=dx), np.matmul(x.T, delta, out=dw)

    for every_entry in (False, True):
        report = check_gradient(forward, backward, *_matrices(), every_entry=every_entry)
        assert report.verdict == "right", str(report)
        assert report.tolerance == 0


# -- footprints, two slices at a time ----------------------------------------------------------------------------------


# a mean over nine entries is not whole at steps that nine does not divide: there the slow measurement is made
WHOLE = [layer for layer in LAYERS if "mean" not in layer.name]


@pytest.mark.parametrize("layer", WHOLE, ids=lambda layer: layer.name)
def test_footprints_in_pairs_are_those_one_by_one(layer: Any) -> None:
    """Which outputs a slice touches is the same, measured two slices at a time and one at a time."""
    try:
        probe = find_exact(problem_of(layer.forward, layer.backward, *layer.arrays), 0, small_only=True)
    except NotExact:
        return
    for k, array in enumerate(probe.at):
        if not probe.packs(k):
            continue
        for axis, touched in enumerate(touched_in_pairs(probe, k)):
            alone = [probe.touched(k, (slice(None),) * axis + (i,)).ravel() for i in range(array.shape[axis])]
            assert np.array_equal(touched, np.stack(alone))


@pytest.mark.parametrize("seen", [np.zeros_like, np.ones_like, lambda touched: np.roll(touched, 1, axis=0)])
def test_wrong_footprints_never_make_a_right_layer_wrong(monkeypatch: pytest.MonkeyPatch, seen: Any) -> None:
    """Where the quick measurement misleads, the slow one is made."""
    quick = colouring.touched_in_pairs
    monkeypatch.setattr(colouring, "touched_in_pairs", lambda probe, k: [seen(t) for t in quick(probe, k)])
    layer = next(layer for layer in LAYERS if "correlat" in layer.name or "convol" in layer.name)
    report = check_gradient(layer.forward, layer.backward, *layer.arrays, every_entry=True)
    assert report.verdict == "right", str(report)
    assert report.tolerance == 0


def test_a_layer_of_real_size_takes_two_passes_forward_and_one_backward() -> None:
    """The equality holds in blocks where all numbers at once would not fit; one entry of thousands is still seen."""
    random = np.random.default_rng(0)
    arrays = [random.normal(size=s) for s in ((1, 8, 24, 24), (8, 8, 3, 3), (8,))]
    calls: list[str] = []

    def forward(x: Any, w: Any, b: Any) -> Any:
        calls.append("forward")
        return layers.correlate(x, w, b, pad=1)

    def backward(delta: Any, x: Any, w: Any, b: Any) -> Any:
        calls.append("backward")
        return layers.correlate_backward(delta, x, w, pad=1)

    report = check_gradient(forward, backward, *arrays)
    assert (report.verdict, report.tolerance) == ("right", 0)
    assert calls == ["forward", "forward", "backward"]

    def off(delta: Any, x: Any, w: Any, b: Any) -> Any:
        dx, dw, db = layers.correlate_backward(delta, x, w, pad=1)
        dx = dx.copy()
        dx[0, 7, 20, 13] *= 1 + 1e-13
        return dx, dw, db

    wrong = check_gradient(forward, off, *arrays)
    assert (wrong.verdict, wrong.wrong[0].index) == ("wrong", (0, 7, 20, 13))


@settings(max_examples=60, deadline=None)
@given(
    values=st.lists(st.tuples(st.integers(-(2**53), 2**53), st.integers(-(2**53), 2**53)), min_size=1, max_size=40),
    repeat=st.sampled_from([1, 100, 5000]),
)
def test_inner_products_of_any_integers_are_exact(values: list[tuple[int, int]], repeat: int) -> None:
    """Limb by limb the sum is that of Python's integers."""
    left, right = (np.array([v[i] for v in values] * repeat, dtype=np.int64) for i in range(2))
    total, exponent = integer_inner(Lattice(left, 3), Lattice(right, -1))
    assert (total, exponent) == (repeat * sum(a * b for a, b in values), 2)
