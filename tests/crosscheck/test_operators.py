"""numeric/operators against SciPy, NumPy, scalar loops and the symbolic entries: four ways to the same numbers."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import loops
import numpy as np
import pytest
import scipy.signal
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from derivations import crosscheck
from derivations.entries.matrices import as_explicit
from derivations.formulas.expressions import Literal, Tensor
from derivations.operators import OPERATORS as ROWS
from derivations.operators import apply
from numeric.operators import CONSTANTS, FUNCTIONS, OPERATORS, DoesNotExist, Tie, max_places

Array = NDArray[Any]
quick = settings(max_examples=60, deadline=None)


@st.composite
def arrays(draw: st.DrawFn, rank: int, least: int = 1, most: int = 4) -> Array:
    """Integer arrays, non-symmetric with high probability; shrink towards one entry that is 0."""
    shape = draw(st.tuples(*[st.integers(least, most)] * rank))
    seed = draw(st.integers(0, 2**16))
    return np.random.default_rng(seed).integers(-9, 10, shape)


@st.composite
def slidings(draw: st.DrawFn) -> tuple[Array, Array, str, Any, Any, Any]:
    """Data, kernel and parameters of a convolution of rank 1 to 3, also ones that do not exist."""
    rank = draw(st.integers(1, 3))
    most = 5 if rank < 3 else 3
    x, k = draw(arrays(rank, most=most)), draw(arrays(rank, most=3))
    each = st.tuples(*[st.integers(1, 3)] * rank)
    pad = draw(st.tuples(*[st.tuples(st.integers(0, 2), st.integers(0, 2))] * rank))
    return x, k, draw(st.sampled_from(["valid", "full", "same"])), draw(each), pad, draw(each)


@st.composite
def poolings(draw: st.DrawFn) -> tuple[Array, Any, Any, Any, bool]:
    """Data, window, stride, padding and ceil of a pooling on the last one or two axes."""
    rank = draw(st.integers(1, 3))
    axes = min(rank, 2)
    x = draw(arrays(rank, most=6 if rank < 3 else 4))
    f, s = (draw(st.tuples(*[st.integers(1, 3)] * axes)) for _ in range(2))
    pad = draw(st.tuples(*[st.tuples(st.integers(0, 2), st.integers(0, 2))] * axes))
    return x, f, s, pad, draw(st.booleans())


def attempt(function: Any, *arguments: Any) -> Array | None:
    """The value, None where the operator says that it does not exist."""
    try:
        return np.asarray(function(*arguments))
    except DoesNotExist:
        return None


def same(left: Array | None, right: Array | None) -> bool:
    """Both do not exist, or both have one shape and equal entries."""
    if left is None or right is None:
        return left is None and right is None
    return left.shape == right.shape and bool(np.all(left == right))


@quick
@given(slidings())
def test_correlation_is_its_loop(case: Any) -> None:
    """corr equals the scalar loop for every mode, stride, padding and dilation, and exists where it does."""
    assert same(attempt(OPERATORS["corr"], *case), loops.correlation(*case))


@quick
@given(slidings())
def test_convolution_is_correlation_with_the_flipped_kernel(case: Any) -> None:
    """conv(x, k) is the loop over the kernel reversed on every axis."""
    x, k, *rest = case
    assert same(attempt(OPERATORS["conv"], x, k, *rest), loops.correlation(x, np.flip(k), *rest))


@quick
@given(st.sampled_from(["valid", "full", "same"]), arrays(2, most=6), arrays(2, most=6))
def test_plain_convolution_is_scipys(mode: str, x: Array, k: Array) -> None:
    """conv and corr without parameters are convolve2d and correlate2d, which swap only in `valid`."""
    if mode == "valid" and any(n < m for n, m in zip(x.shape, k.shape, strict=True)):
        assert attempt(OPERATORS["conv"], x, k, mode) is None
        return
    assert same(OPERATORS["conv"](x, k, mode), scipy.signal.convolve2d(x, k, mode))
    if mode != "same":  # SciPy's correlate2d centres `same` for even kernels at k//2, its convolve2d at (k − 1)//2
        assert same(OPERATORS["corr"](x, k, mode), scipy.signal.correlate2d(x, k, mode))


@quick
@given(st.sampled_from(["valid", "full", "same"]), st.integers(1, 3).flatmap(lambda r: st.tuples(arrays(r), arrays(r))))
def test_commutative_convolution_is_scipys(mode: str, pair: tuple[Array, Array]) -> None:
    """convolve is scipy.signal.convolve, and does not exist where that refuses."""
    try:
        expected: Array | None = scipy.signal.convolve(*pair, mode, method="direct")
    except ValueError:
        expected = None
    assert same(attempt(OPERATORS["convolve"], *pair, mode), expected)


@quick
@given(poolings(), st.sampled_from(["sum_pool", "mean_pool", "max_pool"]))
def test_pooling_is_its_loop(case: Any, kind: str) -> None:
    """Poolings equal the scalar loop over windows, paddings and partial windows included."""
    assert same(attempt(OPERATORS[kind], *case), loops.pooled(*case, kind))


@quick
@given(st.integers(1, 3).flatmap(lambda r: st.tuples(arrays(r), arrays(r))), st.integers(-3, 5))
def test_rearrangements_are_numpys(pair: tuple[Array, Array], turns: int) -> None:
    """kron, outer, rotations, transposes, traces, vec and diag are NumPy's (and MATLAB's) functions of that name."""
    a, b = pair
    last = tuple(range(a.ndim - min(a.ndim, 2), a.ndim))
    assert same(OPERATORS["kron"](a, b), np.kron(a, b))
    assert same(OPERATORS["outer"](a, b), np.multiply.outer(a, b))
    assert same(OPERATORS["rot180"](a), np.flip(a, last))
    assert same(OPERATORS["vec"](a), a.reshape(-1, 1, order="F"))
    assert same(OPERATORS["sum"](a), np.asarray(a.sum()))
    assert same(OPERATORS["max"](a), np.asarray(a.max()))
    assert OPERATORS["mean"](a) == Fraction(int(a.sum()), a.size)
    if a.ndim == 2:
        assert same(OPERATORS["rot90"](a, turns), np.rot90(a, turns))
        assert same(OPERATORS["transpose"](a), a.T)
        assert same(OPERATORS["matmul"](a, b.T), a @ b.T) if a.shape[1] == b.shape[1] else True
    if a.ndim == 1:
        assert same(OPERATORS["diag"](a), np.diag(a))


@quick
@given(st.integers(1, 4), st.integers(0, 2**16))
def test_inverse_and_determinant_are_exact(n: int, seed: int) -> None:
    """inv(A) @ A is the identity without rounding, det(A) det(inv(A)) is 1, and floats agree."""
    a = np.random.default_rng(seed).integers(-4, 5, (n, n)) + 9 * np.eye(n, dtype=np.int64)
    if OPERATORS["det"](a) == 0:
        with pytest.raises(ZeroDivisionError):
            OPERATORS["inv"](a)
        return
    inverse = OPERATORS["inv"](a)
    assert same(inverse.dot(a.astype(object)), np.eye(n, dtype=object))
    assert OPERATORS["det"](a) * OPERATORS["det"](inverse) == 1
    assert np.allclose(OPERATORS["inv"](a.astype(float)), inverse.astype(float))


@quick
@given(poolings(), st.integers(0, 2**16))
def test_unpooling_is_adjoint_to_reading_the_maxima(case: Any, seed: int) -> None:
    """sum(max_unpool(delta, x) ∘ y) == sum(delta ∘ y at the maxima of x), for x without ties; with one, Tie."""
    x, f, s, _, _ = case
    if loops.windows(x, f, s, ((0, 0),) * len(f), False) is None:
        return
    chance = np.random.default_rng(seed)
    x = chance.permutation(x.size).reshape(x.shape)
    best, tied = max_places(x, f, s)
    assert not tied.any()
    delta, y = chance.integers(-9, 10, best.shape), chance.integers(-9, 10, x.shape)
    spread = OPERATORS["max_unpool"](delta, x, f, s)
    assert spread.shape == x.shape
    # the largest entry of a window of x is where x equals the pooled value
    pooled = OPERATORS["max_pool"](x, f, s)
    places = {int(value): place for place, value in np.ndenumerate(x)}
    expected = sum(int(delta[at]) * int(y[places[int(value)]]) for at, value in np.ndenumerate(pooled))
    assert int((spread * y).sum()) == expected
    if np.prod(f) > 1:
        with pytest.raises(Tie):
            OPERATORS["max_unpool"](delta, np.zeros_like(x), f, s)


@quick
@given(arrays(2, most=4), st.integers(1, 3), st.integers(1, 3))
def test_up_dilate_pad_crop_resize(a: Array, p: int, q: int) -> None:
    """up is a Kronecker product with ones; crop undoes pad, a strided slice undoes dilate; resize keeps what fits."""
    assert same(OPERATORS["up"](a, (p, q)), np.kron(a, np.ones((p, q), dtype=int)))
    pairs = ((p, q), (q, p))
    assert same(OPERATORS["pad"](a, pairs), np.pad(a, pairs))
    assert same(OPERATORS["crop"](OPERATORS["pad"](a, pairs), pairs), a)
    dilated = OPERATORS["dilate"](a, (p, q))
    assert dilated.shape == ((a.shape[0] - 1) * p + 1, (a.shape[1] - 1) * q + 1)
    assert same(dilated[::p, ::q], a)
    assert dilated.sum() == a.sum()
    frame = np.zeros((p, q), dtype=int)
    for i, j in np.ndindex(p, q):
        frame[i, j] = loops.entry(a, (i, j))
    assert same(OPERATORS["resize"](a, (p, q)), frame)


# -- one table of cases: the same call in three meanings --------------------------------------------------------------

# name -> positional arguments after A (and B); A and B are 2-D integer matrices
CASES: dict[str, list[tuple[Any, ...]]] = {
    "matmul": [("B",)],
    "transpose": [()],
    "tr": [()],
    "sum": [()],
    "mean": [()],
    "max": [()],
    "kron": [("B",)],
    "outer": [("B",)],
    "vec": [()],
    "reshape": [(2, 3), (1, 4), (6, 1)],
    "inv": [()],
    "det": [()],
    "solve": [("B",)],
    "conv": [
        ("B", mode, s, p, d) for mode in ("valid", "full", "same") for s, p, d in ((1, 0, 1), (2, 1, 1), (1, 0, 2))
    ],
    "corr": [
        ("B", mode, s, p, d) for mode in ("valid", "full", "same") for s, p, d in ((1, 0, 1), (2, 1, 1), (1, 0, 2))
    ],
    "convolve": [("B", mode) for mode in ("valid", "full", "same")],
    "sum_pool": [(2,), (2, 1), (2, 2, 1), ((1, 2), 2, 0, True)],
    "mean_pool": [(2,), (2, 1), (2, 2, 1), ((1, 2), 2, 0, True)],
    "max_pool": [(2,), (2, 1), (2, 2, 1), ((1, 2), 2, 0, True)],
    "rot180": [()],
    "rot90": [(), (2,), (3,)],
    "flip": [(0,), (1,), (-1,)],
    "up": [(2,), ((1, 3),)],
    "dilate": [(2,), ((1, 3),)],
    "pad": [(1,), ((0, 1), (2, 0))],
    "crop": [(1,), ((0, 1), (1, 0))],
    "resize": [(2, 3), (1, 1), (4, 5)],
}
CASES |= {row.name: list(row.samples) for row in ROWS.values() if row.samples}
# the rest has cases of its own: constants, rank 1, data without ties, floating point
ELSEWHERE = {*CONSTANTS, "diag", "max_unpool", "softmax"}


def test_every_operator_has_a_case() -> None:
    """No operator is left out of the comparison of meanings."""
    assert set(CASES) | ELSEWHERE == set(OPERATORS)


@pytest.mark.parametrize("name", CASES)
@settings(max_examples=8, deadline=None)
@given(a=arrays(2, most=3), b=arrays(2, most=3))
def test_numbers_and_symbols_agree(name: str, a: Array, b: Array) -> None:
    """The numeric operator equals the entries that SymPy computes, and exists exactly where they do."""
    for extra in CASES[name]:
        arguments = [Literal.of(a.tolist()), *[Literal.of(b.tolist()) if part == "B" else part for part in extra]]
        node = apply(name, *arguments)
        try:
            found: Any = crosscheck.evaluate(node, {}, {})
        except (DoesNotExist, ZeroDivisionError):
            found = None
        try:
            expected: Any = as_explicit(node, {})
        except (ValueError, ZeroDivisionError):
            expected = None
        if getattr(expected, "has", lambda *_: False)(sympy.zoo):  # SymPy's inverse of a singular matrix
            expected = None
        assert (found is None) == (expected is None), (name, extra, found, expected)
        if found is not None:
            listed = np.array(getattr(expected, "tolist", lambda: expected)(), dtype=object)  # noqa: B023
            assert [Fraction(int(v.p), int(v.q)) for v in listed.ravel()] == [
                Fraction(v) for v in found.ravel().tolist()
            ]


@pytest.mark.parametrize("name", ["conv", "kron", "max_pool", "rot180", "vec", "matmul", "mean_pool", "up", "tr"])
@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 2**16))
def test_stacked_samples_are_independent(name: str, seed: int) -> None:
    """With `stack`, an operator treats each sample as it does alone."""
    chance = np.random.default_rng(seed)
    a, b = chance.integers(-9, 10, (2, 3, 4, 4)), chance.integers(-9, 10, (2, 1, 4, 4))
    extra = {"max_pool": [(2, 2)], "mean_pool": [(2, 2)], "up": [(2, 3)]}.get(name, [])
    two = name in ("conv", "kron", "matmul")
    together = OPERATORS[name](a, *([b] if two else []), *extra, stack=2)
    for i, j in np.ndindex(2, 3):
        alone = OPERATORS[name](a[i, j], *([b[i, 0]] if two else []), *extra)
        assert same(together[i, j], alone)


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_derivatives_of_functions(name: str) -> None:
    """Each tabulated derivative is the complex step of the function before it, away from kinks."""
    z = np.array([0.3, 1.7, 2.5] if name in ("log", "sqrt") else [-2.1, -0.4, 0.7, 3.0])
    for order in (0, 1):
        step = FUNCTIONS[name][order](z + 2.0**-200 * 1j)
        slope = step.imag * 2.0**200 if step.dtype.kind == "c" else np.zeros(z.shape)
        assert np.allclose(slope, FUNCTIONS[name][order + 1](z), rtol=1e-14, atol=1e-14)


def test_softmax_sums_to_one_and_shifts() -> None:
    """softmax has sum 1 on its last axis and does not change when a constant is added, however large."""
    z = np.array([[1.0, 2.0, -3.0], [0.0, 900.0, 899.0]])
    assert np.allclose(OPERATORS["softmax"](z).sum(axis=-1), 1)
    assert np.allclose(OPERATORS["softmax"](z + 5000), OPERATORS["softmax"](z))


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("matmul", (np.ones((2, 3)), np.ones((2, 3))), "shapes (2, 3) and (2, 3)"),
        ("tr", (np.ones((2, 3)),), "trace of a 2×3 matrix"),
        ("conv", (np.ones(2), np.ones(3)), "kernel over 3 rows and data with 2 rows"),
        ("conv", (np.ones(2), np.ones(2), "valid", (0,)), "stride (0,) is not positive"),
        ("sum_pool", (np.ones(2), (3,)), "window of 3 rows on 2 rows"),
        ("reshape", (np.ones(4), (3,)), "shape (4,) reshaped to (3,)"),
        ("crop", (np.ones(2), ((1, 2),)), "crop of a tensor of shape (2,)"),
        ("ones", ((-1,),), "a tensor of shape (-1,)"),
    ],
)
def test_messages_name_both_sizes(name: str, arguments: Any, message: str) -> None:
    """Where an operator does not exist, its message names the sizes that do not fit."""
    with pytest.raises(DoesNotExist) as caught:
        OPERATORS[name](*arguments)
    assert message in str(caught.value)


def test_arguments_of_the_language_arrive() -> None:
    """What `apply` normalises is what the numeric function takes: windows, pairs, modes, flags."""
    x = Tensor("x", (3, 4))
    data = {"x": np.arange(12).reshape(3, 4)}
    node = apply("mean_pool", x, (2, 3), stride=1, pad=((0, 1), (1, 0)), ceil=True)
    expected = loops.pooled(data["x"], (2, 3), (1, 1), ((0, 1), (1, 0)), True, "mean_pool")
    assert same(crosscheck.evaluate(node, {}, data), expected)
