"""Functions of one real variable, entry by entry, with their first and second derivatives.

Law: `FUNCTIONS[name][order]` is the derivative of that order. `relu` and `abs` are exact for integers and
fractions; of complex entries they look at the real part, so that a complex step does not change the branch.
At 0 their derivative does not exist: Tie is raised there, never a value chosen.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from numeric.operators.arrays import Array, Tie, floating, real

Function = Callable[[Array], Array]


def _positive(z: Array, name: str) -> Array:
    if np.any(real(z) == 0):
        raise Tie(f"{name} has no derivative at 0, and an entry is 0")
    return np.asarray(real(z) > 0)


def relu(z: Array) -> Array:
    """max(z, 0).

    >>> relu(np.array([-1, 2]))
    array([0, 2])
    """
    return np.where(np.asarray(real(z) > 0, dtype=bool), z, 0)


def absolute(z: Array) -> Array:
    """|z| for real z; with a complex step, the branch of the real part.

    >>> absolute(np.array([-1, 2]))
    array([1, 2])
    """
    return np.where(np.asarray(real(z) > 0, dtype=bool), z, -z)


def _step(z: Array) -> Array:
    return np.where(_positive(z, "relu"), 1, 0)


def _sign(z: Array) -> Array:
    return np.where(_positive(z, "abs"), 1, -1)


def _zero(z: Array) -> Array:
    _positive(z, "the function")
    return np.zeros(z.shape, dtype=np.int64)


def sigmoid(z: Array) -> Array:
    """1/(1 + exp(−z)), written with tanh so that nothing overflows.

    >>> float(sigmoid(np.array(0.0)))
    0.5
    """
    return np.asarray((1 + np.tanh(floating(z) / 2)) / 2)


def softplus(z: Array) -> Array:
    """log(1 + exp(z)), without overflow for large z.

    >>> round(float(softplus(np.array(0.0))), 6)
    0.693147
    """
    z = floating(z)
    positive = real(z) > 0
    # the branch is on the real part only: both spellings are the same analytic function
    return np.asarray(np.where(positive, z, 0) + np.log1p(np.exp(np.where(positive, -z, z))))


_real_erf = np.vectorize(math.erf, otypes=[float])


def erf(z: Array) -> Array:
    """2/√π times the integral of exp(−t²) from 0 to z. Of a complex step, whose square is lost beside 1, the imaginary
    part is carried by the slope.

    >>> round(float(erf(np.array(0.5))), 6)
    0.5205
    """
    z = floating(z)
    value = _real_erf(z.real)
    return np.asarray(value + 1j * z.imag * _bell(z.real) if np.iscomplexobj(z) else value)


def _bell(z: Array) -> Array:
    return np.asarray(2 / math.sqrt(math.pi) * np.exp(-(floating(z) ** 2)))


def _exp(z: Array) -> Array:
    return np.asarray(np.exp(floating(z)))


def _sigmoid_slope(z: Array) -> Array:
    return np.asarray(sigmoid(z) * (1 - sigmoid(z)))


FUNCTIONS: dict[str, tuple[Function, Function, Function]] = {
    "exp": (_exp, _exp, _exp),
    "log": (lambda z: np.log(floating(z)), lambda z: 1 / floating(z), lambda z: -1 / floating(z) ** 2),
    "sqrt": (
        lambda z: np.sqrt(floating(z)),
        lambda z: 0.5 / np.sqrt(floating(z)),
        lambda z: -0.25 / np.sqrt(floating(z)) ** 3,
    ),
    "tanh": (
        lambda z: np.tanh(floating(z)),
        lambda z: 1 - np.tanh(floating(z)) ** 2,
        lambda z: -2 * np.tanh(floating(z)) * (1 - np.tanh(floating(z)) ** 2),
    ),
    "sigmoid": (sigmoid, _sigmoid_slope, lambda z: _sigmoid_slope(z) * (1 - 2 * sigmoid(z))),
    "softplus": (softplus, sigmoid, _sigmoid_slope),
    "sin": (
        lambda z: np.sin(floating(z)),
        lambda z: np.cos(floating(z)),
        lambda z: -np.sin(floating(z)),
    ),
    "cos": (
        lambda z: np.cos(floating(z)),
        lambda z: -np.sin(floating(z)),
        lambda z: -np.cos(floating(z)),
    ),
    "erf": (erf, _bell, lambda z: -2 * floating(z) * _bell(z)),
    "relu": (relu, _step, _zero),
    "abs": (absolute, _sign, _zero),
}

# exact for integers and fractions; the others need floating point
PIECEWISE_LINEAR = frozenset({"relu", "abs"})
