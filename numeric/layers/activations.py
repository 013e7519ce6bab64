"""Elementwise activations, each a function with its derivative, and softmax.

Why: the factor f'(z) of every backward pass, stated once and stable for large arguments, for real and
complex numbers.

Law: `derivative` is the derivative of `function` at every z that is not a kink. At a kink it is one of the
valid subgradients, and `subgradient` gives the whole interval. NaN stays NaN. float32 stays float32;
piecewise linear activations keep integers.

What it cannot see: whether a derivative handed to `activation` is right. That is what the checkers are for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from numeric.layers.geometry import Array, as_array, expect_shape

Elementwise = Callable[[Array], Array]


@dataclass(frozen=True)
class Activation:
    """An elementwise function, its derivative, and the points (kinks) where the derivative jumps.

    slopes: for each kink the derivatives from the left and from the right.

    >>> relu(np.array([-1.0, 2.0])), relu.derivative(np.array([-1.0, 2.0]))
    (array([0., 2.]), array([0., 1.]))
    """

    name: str
    function: Elementwise
    slope: Elementwise
    kinks: tuple[float, ...] = ()
    slopes: tuple[tuple[float, float], ...] = ()

    def __call__(self, z: ArrayLike) -> Array:
        return self.function(as_array(z, "z"))

    def derivative(self, z: ArrayLike) -> Array:
        """f'(z), entrywise; at a kink, one of the valid values."""
        return self.slope(as_array(z, "z"))

    def backward(self, delta: ArrayLike, z: ArrayLike) -> Array:
        """dz = delta ∘ f'(z) for the sensitivity delta of f(z).

        >>> relu.backward(np.array([5.0, 5.0]), np.array([-1.0, 2.0]))
        array([0., 5.])
        """
        delta, z = as_array(delta, "delta"), as_array(z, "z")
        expect_shape(delta, z.shape, "delta", "z")
        return delta * self.derivative(z)

    def at_kink(self, z: ArrayLike) -> Array:
        """Where z stands exactly on a kink: booleans.

        >>> relu.at_kink(np.array([0.0, 1.0]))
        array([ True, False])
        """
        z = as_array(z, "z").real
        return np.isin(z, self.kinks)

    def kink_distance(self, z: ArrayLike) -> Array:
        """How far each entry is from the nearest kink; ∞ for a smooth function.

        >>> relu.kink_distance(np.array([-3.0, 0.5]))
        array([3. , 0.5])
        """
        z = as_array(z, "z").real
        distance = np.full(z.shape, np.inf)
        for kink in self.kinks:
            distance = np.minimum(distance, np.abs(z - kink))
        return distance

    def subgradient(self, z: ArrayLike) -> tuple[Array, Array]:
        """(low, high) of the valid derivatives; equal wherever the derivative exists.  [Clarke 1983, sec. 2.1]

        >>> relu.subgradient(np.array([0.0, 1.0]))
        (array([0., 1.]), array([1., 1.]))
        """
        z = as_array(z, "z")
        low = high = self.derivative(z)
        for kink, sides in zip(self.kinks, self.slopes, strict=True):
            low = np.where(z.real == kink, min(sides), low)
            high = np.where(z.real == kink, max(sides), high)
        return low, high


def activation(
    function: Elementwise,
    derivative: Elementwise,
    *,
    name: str = "f",
    kinks: tuple[float, ...] = (),
    slopes: tuple[tuple[float, float], ...] = (),
) -> Activation:
    """An activation of one's own from a function and its claimed derivative, both elementwise on arrays.

    >>> square = activation(lambda z: z * z, lambda z: 2 * z, name="square")
    >>> square.backward(np.array([1, 10]), np.array([3, 4]))
    array([ 6, 80])
    """
    if len(kinks) != len(slopes):
        raise ValueError(f"{len(kinks)} kinks but {len(slopes)} pairs of slopes; give (left, right) for each kink")
    return Activation(name, function, derivative, tuple(kinks), tuple(slopes))


def _positive(z: Array) -> Array:
    """z.real > 0, but NaN counts as positive so that it is passed on instead of becoming 0."""
    return np.logical_not(z.real <= 0)


def _sigmoid(z: Array) -> Array:
    # exp of a number with negative real part only: neither branch overflows.
    small = np.exp(np.where(_positive(z), -z, z))
    result: Array = np.where(_positive(z), 1, small) / (1 + small)
    return result


def _sigmoid_slope(z: Array) -> Array:
    # s(z)·s(−z): the usual s·(1 − s) loses every digit for large z.
    return _sigmoid(z) * _sigmoid(-z)


def _tanh(z: Array) -> Array:
    if z.dtype.kind != "c":
        result: Array = np.tanh(z)
        return result
    # (t + iq)/(1 + itq) with t = tanh x and q = tan y; 1 − t² as the slope, which keeps its digits for large x
    t, q = np.tanh(z.real), np.tan(z.imag)
    divisor = 1 + (t * q) ** 2
    value = np.empty_like(z)
    value.real = t * (1 + q * q) / divisor
    value.imag = q * _tanh_slope(z.real) / divisor
    return value


def _tanh_slope(z: Array) -> Array:
    # 4e/(1 + e)² with e = exp(−2|z|): 1 − tanh² loses every digit for large z.
    small = np.exp(np.where(_positive(z), -2 * z, 2 * z) if z.dtype.kind == "c" else -2 * np.abs(z))
    result: Array = 4 * small / (1 + small) ** 2
    return result


def _softplus(z: Array) -> Array:
    small = np.exp(np.where(_positive(z), -z, z))
    result: Array = np.where(_positive(z), z, 0) + np.log1p(small)
    return result


def _swish_slope(z: Array) -> Array:
    result: Array = _sigmoid(z) + z * _sigmoid_slope(z)
    return result


def leaky_relu(alpha: float = 0.01) -> Activation:
    """Leaky ReLU: z for z > 0, alpha·z elsewhere.  [Maas, Hannun & Ng 2013]

    >>> leaky_relu(0.5)(np.array([-4.0, 4.0]))
    array([-2.,  4.])
    """
    return Activation(
        f"leaky_relu({alpha})",
        lambda z: np.where(_positive(z), z, alpha * z),
        lambda z: _step(z, alpha),
        kinks=(0.0,),
        slopes=((alpha, 1.0),),
    )


def _step(z: Array, low: float) -> Array:
    """1 where z > 0, low elsewhere, NaN at NaN, in z's data type."""
    kind = z.dtype if z.dtype.kind in "fcO" else np.result_type(z.dtype, type(low))
    return np.where(z != z, z, np.where(_positive(z), 1, low).astype(kind, copy=False))


IDENTITY = Activation("identity", np.copy, np.ones_like)
sigmoid = Activation("sigmoid", _sigmoid, _sigmoid_slope)
tanh = Activation("tanh", _tanh, _tanh_slope)
relu = Activation(
    "relu", lambda z: np.where(_positive(z), z, 0), lambda z: _step(z, 0), kinks=(0.0,), slopes=((0.0, 1.0),)
)
softplus = Activation("softplus", _softplus, _sigmoid)
swish = Activation("swish", lambda z: z * _sigmoid(z), _swish_slope)
identity = IDENTITY


def softmax(z: ArrayLike, axis: int = -1) -> Array:
    """softmax(z)_i = exp(z_i) / Σ_j exp(z_j) along one axis; shifted by the largest real part, so it never overflows.

    >>> softmax(np.array([1000.0, 1000.0]))
    array([0.5, 0.5])
    """
    exponentials = np.exp(shifted(as_array(z, "z"), axis))
    result: Array = exponentials / exponentials.sum(axis=axis, keepdims=True)
    return result


def softmax_backward(delta: ArrayLike, z: ArrayLike, axis: int = -1) -> Array:
    """dz = p ∘ (delta − Σ_j delta_j p_j) with p = softmax(z).  [Goodfellow et al. 2016, sec. 6.2.2.3]

    >>> softmax_backward(np.array([1.0, 0.0]), np.array([0.0, 0.0]))
    array([ 0.25, -0.25])
    """
    delta, z = as_array(delta, "delta"), as_array(z, "z")
    expect_shape(delta, z.shape, "delta", "z")
    p = softmax(z, axis)
    result: Array = p * (delta - (delta * p).sum(axis=axis, keepdims=True))
    return result


def shifted(z: Array, axis: int) -> Array:
    """z minus the largest real part along an axis; the shift is a constant for the derivative."""
    if z.shape[axis] == 0:
        raise ValueError(f"z has shape {z.shape}: softmax needs at least one entry along axis {axis}")
    result: Array = z - z.real.max(axis=axis, keepdims=True)
    return result
