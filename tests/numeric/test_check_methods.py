"""Which method check_gradient picks, what it says about it, and how sensitive it is."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import numeric
from numeric import check_gradient, layers
from numeric.checkers import CheckInputError, GradientError

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(3, 4))
TANH = (lambda z: np.tanh(z), lambda delta, z: delta * (1 - np.tanh(z) ** 2))


def correlate(x, w, b):  # type: ignore[no-untyped-def]
    return layers.correlate(x, w, b, stride=2, pad=1)


def correlate_backward(delta, x, w, b):  # type: ignore[no-untyped-def]
    return layers.correlate_backward(delta, x, w, stride=2, pad=1)


IMAGE = (RANDOM.normal(size=(2, 3, 9, 8)), RANDOM.normal(size=(4, 3, 3, 2)), RANDOM.normal(size=4))


def test_convolution_is_checked_exactly() -> None:
    """A multilinear layer is checked with zero tolerance, all of its arguments."""
    report = numeric.check_gradient(correlate, correlate_backward, *IMAGE)
    assert (report.verdict, report.tolerance, report.checked) == ("right", 0, ("x", "w", "b"))
    assert report.method.startswith("exact")


CHOICES = {
    "bilinear": (lambda x, y: x * y, lambda d, x, y: (d * y, d * x), (X, X), "exact"),
    "trilinear": (lambda x, y, z: x * y * z, lambda d, x, y, z: (d * y * z, d * x * z, d * x * y), (X,) * 3, "exact"),
    "quadratic": (lambda x: x**2, lambda d, x: 2 * d * x, (X,), "exact"),
    "mean": (lambda x: x.mean(), lambda d, x: np.full(x.shape, d / x.size), (np.ones((3, 3)),), "exact"),
    "piecewise linear": (lambda x: np.abs(x), lambda d, x: d * np.sign(x), (X,), "exact"),
    "step": (lambda x: np.round(x), lambda d, x: 0 * d, (X,), "complex"),
    "smooth": (*TANH, (X,), "complex"),
    "cubic": (lambda x: x**3, lambda d, x: 3 * d * x**2, (X,), "complex"),
    "real only": (lambda x: np.tanh(np.array(x, dtype=float)), TANH[1], (X,), "central"),
    "not analytic": (lambda x: np.abs(x) ** 3, lambda d, x: 3 * d * x * np.abs(x), (X,), "central"),
}


@pytest.mark.parametrize("name", CHOICES)
def test_strongest_method_that_applies(name: str) -> None:
    """Each kind of function gets the strongest method that applies to it, and passes."""
    forward, backward, arrays, method = CHOICES[name]
    report = check_gradient(forward, backward, *arrays)
    assert report.verdict == "right", str(report)
    assert report.method.startswith(method), str(report)


@pytest.mark.parametrize("name", CHOICES)
@pytest.mark.parametrize("every_entry", [False, True])
def test_no_method_passes_a_scaled_gradient(name: str, every_entry: bool) -> None:
    """A gradient off by a relative 1e-6 is wrong by whichever method applies."""
    forward, backward, arrays, _ = CHOICES[name]

    def wrong(delta, *values):  # type: ignore[no-untyped-def]
        gradients = backward(delta, *values)
        first, *rest = gradients if isinstance(gradients, tuple) else (gradients,)
        # a step function's gradient is 0, which no factor changes
        return (first * (1 + 1e-6) + (1.0 if name == "step" else 0.0), *rest)

    assert check_gradient(forward, wrong, *arrays, every_entry=every_entry).verdict == "wrong"


def test_rounding_function_is_not_taken_for_linear() -> None:
    """np.round is the identity on integers; the straight-through gradient 1 is still called wrong."""
    assert check_gradient(lambda x: np.round(x), lambda delta, x: delta, X).verdict == "wrong"


@pytest.mark.parametrize("limit", [1e-3, 0.5, 6.0, 1e4, 1e8])
@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_clamp_beyond_the_integers_is_not_overlooked(limit: float, scale: float, dtype: type) -> None:
    """A clamp is checked where the caller's data lie, even if the exact method's integers lie on one side of it."""
    x = (scale * (RANDOM.permutation(12) - 5.5)).reshape(3, 4).astype(dtype)

    def forward(x):  # type: ignore[no-untyped-def]
        return np.clip(x, x.dtype.type(-limit), x.dtype.type(limit))

    right = check_gradient(forward, lambda d, x: d * (np.abs(x) < limit), x)
    assert right.verdict == "right", str(right)
    if (np.abs(x) >= limit).any():
        assert check_gradient(forward, lambda d, x: d, x).verdict == "wrong"
    if (np.abs(x) < limit).any():
        assert check_gradient(forward, lambda d, x: 0 * d, x).verdict == "wrong"


@pytest.mark.parametrize("error", [1e-3, 1e-9, 1e-13])
def test_one_entry_off_is_found(error: float) -> None:
    """One entry off by a relative 1e-13 is found by its index, in at most 20 projections."""

    def wrong(delta, x, w, b):  # type: ignore[no-untyped-def]
        dx, dw, db = correlate_backward(delta, x, w, b)
        dw = dw.copy()
        dw[2, 1, 0, 1] *= 1 + error
        return dx, dw, db

    report = check_gradient(correlate, wrong, *IMAGE)
    assert report.verdict == "wrong"
    assert (report.wrong[0].argument, report.wrong[0].index, report.wrong_count) == ("w", (2, 1, 0, 1), 1)
    assert report.wrong[0].ratio == pytest.approx(1 + error, rel=1e-15)
    assert report.searched <= 20


@pytest.mark.parametrize("scale", [1e-12, 1e-6, 1.0, 1e6])
def test_zero_gradient_of_a_small_loss_is_caught(scale: float) -> None:
    """An all-zero gradient is wrong however small the loss is."""
    report = check_gradient(lambda x: scale * np.tanh(x).sum(), lambda delta, x: np.zeros(x.shape), X)
    assert report.verdict == "wrong"
    assert report.guess == "x: all zero"


def test_excluded_arguments_are_named() -> None:
    """An excluded argument is not checked, and the report says so."""
    report = check_gradient(lambda x, y: x * y, lambda d, x, y: (d * y, None), X, X, exclude=("y",))
    assert report.verdict == "right"
    assert report.checked == ("x",)
    assert "y (excluded)" in report.not_checked


def test_wrong_gradient_of_second_argument_is_not_overlooked() -> None:
    """Every argument is checked, not the first alone."""
    report = check_gradient(lambda x, y: x * y, lambda d, x, y: (d * y, d * y), X, X + 1)
    assert report.verdict == "wrong"
    assert {entry.argument for entry in report.wrong} == {"y"}


def test_require_raises_with_the_text() -> None:
    """`require` raises GradientError with the report's text, and returns the report if it is right."""
    assert check_gradient(*TANH, X).require().verdict == "right"
    with pytest.raises(GradientError, match="looks like: z: scaled by the constant 2"):
        check_gradient(TANH[0], lambda delta, z: 2 * TANH[1](delta, z), X).require()


def test_claimed_gradient_as_array_and_function() -> None:
    """A gradient may be claimed as an array, as a function of the arrays, or for a weighted output."""
    assert check_gradient(lambda x: (x**3).sum(), X, claimed_gradient=3 * X**2).verdict == "right"
    assert check_gradient(lambda x: (x**3).sum(), X, claimed_gradient=lambda x: 3 * x**2).verdict == "right"
    assert check_gradient(lambda x: x**3, X, claimed_gradient=3 * X**3, delta=X).verdict == "right"
    assert check_gradient(lambda x: (x**3).sum(), X, claimed_gradient=2 * X**2).verdict == "wrong"


def test_pairs_that_keep_a_cache_are_served() -> None:
    """backward may use what the last forward call left behind."""
    cache = {}

    def forward(x):  # type: ignore[no-untyped-def]
        cache["y"] = np.tanh(x)
        return cache["y"]

    assert check_gradient(forward, lambda delta, x: delta * (1 - cache["y"] ** 2), X).verdict == "right"

    def product(x, w):  # type: ignore[no-untyped-def]
        cache["x"], cache["w"] = x, w
        return x @ w

    report = check_gradient(product, lambda d, x, w: (d @ cache["w"].T, cache["x"].T @ d), X, X.T)
    assert report.verdict == "right"
    assert report.tolerance == 0


def test_one_output_buffer_used_again_and_again() -> None:
    """A forward that returns the same buffer each time is not taken for a constant."""
    buffer = np.zeros(X.shape)

    def forward(x):  # type: ignore[no-untyped-def]
        buffer[:] = 3 * x
        return buffer

    assert check_gradient(forward, lambda delta, x: 3 * delta, X).verdict == "right"
    assert check_gradient(forward, lambda delta, x: 0 * delta, X).verdict == "wrong"


def test_forward_that_writes_into_its_argument() -> None:
    """A forward that works in place does not disturb the comparison."""

    def forward(x):  # type: ignore[no-untyped-def]
        x *= 3
        return x

    for every_entry in (False, True):
        assert check_gradient(forward, lambda delta, x: 3 * delta, X, every_entry=every_entry).verdict == "right"
        assert check_gradient(forward, lambda delta, x: delta, X, every_entry=every_entry).verdict == "wrong"


def test_same_data_same_report() -> None:
    """Two runs give the same report, word for word."""
    first, second = (str(check_gradient(correlate, correlate_backward, *IMAGE)) for _ in range(2))
    assert first == second


@settings(max_examples=25, deadline=None)
@given(
    rows=st.integers(1, 4),
    inner=st.integers(1, 5),
    columns=st.integers(1, 4),
    seed=st.integers(0, 1000),
    data=st.data(),
)
def test_any_single_wrong_entry_of_any_product_is_caught(
    rows: int, inner: int, columns: int, seed: int, data: st.DataObject
) -> None:
    """Whichever entry of whichever gradient of a matrix product is changed, it is the one that is named."""
    random = np.random.default_rng(seed)
    x, w = random.normal(size=(rows, inner)), random.normal(size=(inner, columns))
    k = data.draw(st.integers(0, 1))
    shape = (x, w)[k].shape
    index = tuple(data.draw(st.integers(0, n - 1)) for n in shape)

    def wrong(delta, x, w):  # type: ignore[no-untyped-def]
        gradients = [delta @ w.T, x.T @ delta]
        gradients[k][index] += 1
        return gradients

    report = check_gradient(lambda x, w: x @ w, wrong, x, w, seed=seed)
    assert report.verdict == "wrong"
    assert (report.wrong[0].argument, report.wrong[0].index) == ("xw"[k], index)


@settings(max_examples=25, deadline=None)
@given(
    rows=st.integers(0, 4),
    inner=st.integers(0, 4),
    columns=st.integers(0, 4),
    scale=st.sampled_from([1e-9, 1e-3, 1.0, 1e3, 1e9]),
    narrow=st.booleans(),
    every_entry=st.booleans(),
)
def test_no_false_alarm_on_affine_tanh(
    rows: int, inner: int, columns: int, scale: float, narrow: bool, every_entry: bool
) -> None:
    """A right layer at any size, scale and precision is never called wrong."""
    random = np.random.default_rng(rows + 10 * inner + 100 * columns)
    dtype = np.float32 if narrow else np.float64
    x, w = ((scale * random.normal(size=s)).astype(dtype) for s in ((rows, inner), (inner, columns)))

    def backward(delta, x, w):  # type: ignore[no-untyped-def]
        slope = delta * (1 - np.tanh(x @ w) ** 2)
        return slope @ w.T, x.T @ slope

    report = check_gradient(lambda x, w: np.tanh(x @ w), backward, x, w, every_entry=every_entry)
    assert report.verdict != "wrong", str(report)


def test_method_that_does_not_apply_is_refused() -> None:
    """Asking for the exact method where it does not apply is an error that says why."""
    with pytest.raises(CheckInputError, match="exact method does not apply"):
        check_gradient(*TANH, X, method="exact")
    with pytest.raises(CheckInputError, match="complex step does not apply"):
        check_gradient(*CHOICES["real only"][:2], X, method="complex")
