"""Awkward input: right, or an error that says what to change."""

import numpy as np
import pytest

from numeric import check_gradient, layers
from numeric.checkers import CheckInputError
from numeric.checkers.report import Kink, WrongEntry

X = np.random.default_rng(0).normal(size=(6, 6))
TANH = (lambda x: np.tanh(x), lambda delta, x: delta * (1 - np.tanh(x) ** 2))

RIGHT = {
    "not contiguous": X[::2, ::-1].T,
    "Fortran order": np.asfortranarray(X),
    "other byte order": X.astype(">f8"),
    "float32": X.astype(np.float32),
    "a number": 0.5,
    "a list": [0.1, 0.2],
    "empty": np.zeros((0, 3)),
    "a zero-size axis": np.zeros((2, 0, 3)),
    "one entry": np.array([[0.25]]),
    "large": 1e9 * X,
    "small": 1e-9 * X,
    "denormal": np.full(3, 1e-310),
    "mixed scales": np.array([1e-9, 1.0, 1e9]),
}


@pytest.mark.parametrize("name", RIGHT)
def test_awkward_arrays_are_checked(name: str) -> None:
    """Any memory layout, precision, size and scale is checked without an alarm."""
    assert check_gradient(*TANH, RIGHT[name]).verdict == "right"


def test_read_only_arrays_are_checked_and_left_alone() -> None:
    """Read-only arrays are fine, and the caller's arrays are as they were."""
    x = X.copy()
    x.flags.writeable = False
    assert check_gradient(*TANH, x, every_entry=True).verdict == "right"
    assert np.array_equal(x, X)


def test_empty_batch_leaves_a_zero_gradient() -> None:
    """With an empty batch the kernel's gradient must be exactly 0."""
    x, w = np.zeros((0, 2, 5, 5)), np.ones((3, 2, 2, 2))

    def backward(delta, x, w):  # type: ignore[no-untyped-def]
        return layers.correlate_backward(delta, x, w)[:2]

    assert check_gradient(layers.correlate, backward, x, w).verdict == "right"
    wrong = check_gradient(layers.correlate, lambda d, x, w: (backward(d, x, w)[0], w), x, w)
    assert wrong.verdict == "wrong"


ERRORS = {
    "x holds 1 entries that are NaN or infinite, the first at (1,)": lambda: check_gradient(
        *TANH, np.array([1, np.nan])
    ),
    "the first at (0,)": lambda: check_gradient(*TANH, np.array([np.inf, 1.0])),
    "pass x.astype(float), or exclude it": lambda: check_gradient(*TANH, np.arange(3)),
    "expected float32 or float64": lambda: check_gradient(*TANH, np.ones(2, dtype=np.float16)),
    "x has dtype complex128": lambda: check_gradient(*TANH, np.ones(2) * 1j),
    "x is not an array of numbers": lambda: check_gradient(*TANH, [[1.0], [1.0, 2.0]]),
    "no arrays were given": lambda: check_gradient(*TANH),
    "must be the forward function": lambda: check_gradient(3, TANH[1], X),  # type: ignore[arg-type]
    "one of the two": lambda: check_gradient(TANH[0], X),
    "exclude names 'w'; the arguments are x": lambda: check_gradient(*TANH, X, exclude=("w",)),
    "every argument is excluded": lambda: check_gradient(*TANH, X, exclude=(0,)),
    "2 names for 1 arrays": lambda: check_gradient(*TANH, X, names=("a", "b")),
    "method 'best'": lambda: check_gradient(*TANH, X, method="best"),  # type: ignore[arg-type]
    "returned 2 gradients for the 1 arguments": lambda: check_gradient(TANH[0], lambda d, x: (d, d), X),
    "backward returned None for x": lambda: check_gradient(TANH[0], lambda d, x: None, X),
    "expected real numbers": lambda: check_gradient(TANH[0], lambda d, x: d * 1j, X),
    "forward returns nan at output": lambda: check_gradient(np.log, lambda d, x: d / x, X, names=("x",)),
    "two answers for the same data": lambda: check_gradient(
        lambda x: x * np.random.default_rng().normal(), lambda d, x: d, X
    ),
    "not one number: say of which weighted sum": lambda: check_gradient(lambda x: 2 * x, X, claimed_gradient=X),
    "delta has shape (2,), the output (6, 6)": lambda: check_gradient(*TANH, X, delta=np.ones(2)),
}


@pytest.mark.parametrize("words", ERRORS)
def test_errors_say_what_to_change(words: str) -> None:
    """Input that cannot be checked is refused with words that name the fault."""
    with pytest.raises(CheckInputError) as caught:
        ERRORS[words]()
    assert words in str(caught.value)


def test_forward_s_own_error_comes_through() -> None:
    """An error raised by the function under test is not swallowed."""

    def forward(x):  # type: ignore[no-untyped-def]
        raise KeyError("weights")

    with pytest.raises(KeyError, match="weights"):
        check_gradient(forward, TANH[1], X)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_claim_that_is_not_finite_is_wrong(value: float) -> None:
    """NaN or infinity in a claimed gradient is wrong, and its place is named."""

    def backward(delta, x):  # type: ignore[no-untyped-def]
        gradient = TANH[1](delta, x)
        gradient[2, 3] = value
        return gradient

    report = check_gradient(TANH[0], backward, X)
    assert report.verdict == "wrong"
    assert report.wrong[0].index == (2, 3)


def test_wrong_shape_is_wrong_and_explained() -> None:
    """A gradient of another shape is wrong even where it would broadcast."""
    report = check_gradient(lambda x, b: x + b, lambda d, x, b: (d, d), X, np.ones(6))
    assert report.verdict == "wrong"
    assert "not summed over the axes" in report.guess


RELU = (lambda x: np.maximum(x, 0), lambda delta, x: delta * (x > 0))
KINKS = {
    "ReLU at 0": (*RELU, np.array([0.0, 1.0, -2.0]), [(0,)]),
    "ReLU at −0": (*RELU, np.array([-0.0, 1.0]), [(0,)]),
    "abs at 0": (lambda x: np.abs(x), lambda d, x: d * np.sign(x), np.array([[1.0, 0.0]]), [(0, 1)]),
    "tied maximum": (
        lambda x: layers.max_pool(x, 2),
        lambda d, x: layers.max_pool_backward(d, x, 2),
        np.array([[[[1.0, 1.0], [0.0, -1.0]]]]),
        [(0, 0, 0, 0), (0, 0, 0, 1)],
    ),
    "smooth function of a kink": (
        lambda x: np.tanh(np.maximum(x, 0)),
        lambda d, x: d * (x > 0) * (1 - np.tanh(np.maximum(x, 0)) ** 2),
        np.array([0.5, 0.0]),
        [(1,)],
    ),
}


@pytest.mark.parametrize("name", KINKS)
def test_kinks_are_said_and_no_error(name: str) -> None:
    """At a kink or a tie a valid subgradient is right, and the entry is listed with its interval."""
    forward, backward, x, places = KINKS[name]
    report = check_gradient(forward, backward, x)
    assert report.verdict == "right", str(report)
    assert [kink.index for kink in report.kinks] == places
    assert all(kink.low < kink.high and kink.inside for kink in report.kinks)


def test_value_outside_of_the_subgradients_is_undecided() -> None:
    """A claim outside of the interval at a kink is neither passed nor called wrong."""
    report = check_gradient(RELU[0], lambda d, x: d * np.where(x == 0, 5, x > 0), np.array([0.0, 1.0]))
    assert report.verdict == "undecided"
    assert "OUTSIDE" in str(report)


def test_tied_maxima_may_not_each_take_all() -> None:
    """The full gradient to both of two tied maxima is not a subgradient, though each is inside its interval."""
    report = check_gradient(lambda x: x.max(), lambda d, x: d * (x == x.max()), np.array([1.0, 1.0, 0.0]))
    assert report.verdict == "undecided"
    assert report.kinks[-1].argument == "the sum over these entries"


def test_mistake_beside_a_kink_is_wrong() -> None:
    """A kink in one entry does not excuse a mistake in another."""
    x = np.array([0.0, 1.0, -2.0, 3.0])
    assert check_gradient(RELU[0], lambda d, x: d, x).verdict == "wrong"
    assert check_gradient(lambda x: np.tanh(RELU[0](x)), lambda d, x: d * (x > 0), x).verdict == "wrong"


def test_saturated_layers_are_not_called_wrong() -> None:
    """Where 1 − tanh² has lost its digits, that is rounding and not a mistake."""
    for value in (5.0, 10.0, 15.0, 18.0, 20.0, 40.0):
        assert check_gradient(*TANH, np.full(4, value)).verdict != "wrong"


def test_overflow_in_complex_numbers_is_no_alarm() -> None:
    """1/(1 + exp(−z)) is finite at −800, its complex twin is NaN: differences take over."""

    def forward(z):  # type: ignore[no-untyped-def]
        with np.errstate(all="ignore"):
            return 1 / (1 + np.exp(-z))

    z = np.array([-800.0, 0.5, 1.0])
    report = check_gradient(forward, lambda d, z: d * forward(z) * (1 - forward(z)), z)
    assert report.verdict == "right", str(report)
    assert check_gradient(forward, lambda d, z: d * forward(z), z).verdict == "wrong"


def test_edge_of_the_domain_is_undecided() -> None:
    """Where every difference leaves the domain, nothing is passed."""
    with np.errstate(all="ignore"):
        report = check_gradient(lambda x: np.sqrt(x.real), lambda d, x: 0 * d, np.array([0.0, 1.0]))
    assert report.verdict == "undecided"


def test_forward_that_refuses_other_data_is_checked_at_the_caller_s() -> None:
    """A forward that asserts a range rules out integers, not the check."""

    def forward(x):  # type: ignore[no-untyped-def]
        assert np.abs(x).max() < 3, "out of range"
        return 2 * x

    x = np.array([0.25, -1.0])
    assert check_gradient(forward, lambda d, x: 2 * d, x, every_entry=True).verdict == "right"
    assert check_gradient(forward, lambda d, x: d, x).verdict == "wrong"


def test_records_read_well() -> None:
    """Entries and kinks print their place, values and ratio."""
    assert str(WrongEntry("w", (1, 2), 2.0, 1.0)) == "w[1, 2]: true 2, claimed 1 (ratio 0.5)"
    assert str(WrongEntry("b", (), 0.0, 1.0)) == "b: true 0, claimed 1 (true value is 0)"
    assert "is inside the interval of subgradients [0, 1]" in str(Kink("x", (0,), 0.0, 1.0, 0.5, 0.0))
