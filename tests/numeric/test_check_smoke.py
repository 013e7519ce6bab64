"""The three methods of check_gradient on one function each."""

import numpy as np

import numeric
from numeric import layers

RANDOM = np.random.default_rng(0)


def test_convolution_is_checked_exactly() -> None:
    """A strided, padded convolution with its gradient is right, with zero tolerance."""
    x, w, b = RANDOM.normal(size=(2, 3, 9, 8)), RANDOM.normal(size=(4, 3, 3, 2)), RANDOM.normal(size=4)
    report = numeric.check_gradient(
        lambda x, w, b: layers.correlate(x, w, b, stride=2, pad=1),
        lambda delta, x, w, b: layers.correlate_backward(delta, x, w, stride=2, pad=1),
        x,
        w,
        b,
    )
    assert report.verdict == "right"
    assert report.tolerance == 0
    assert report.checked == ("x", "w", "b")
