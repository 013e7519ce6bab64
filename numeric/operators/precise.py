"""The smooth functions to any precision: entry by entry, on arrays of mpmath's numbers.

Why: a difference in floating point may be rounding that a cancellation has made visible. The same formula in more
digits tells the two apart.

Law: `PRECISE[name][order]` is the derivative of that order, to the precision that mpmath works at. An argument that
would need more memory than digits raises OverflowError.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from mpmath import mp, mpf  # type: ignore[import-untyped]

from numeric.operators.arrays import Array

LARGEST_EXPONENT = 2**40


_number = np.frompyfunc(mp.convert, 1, 1)


def precise(array: Array) -> Array:
    """The entries as mpmath's numbers, none of them changed (floats) or rounded to its precision (fractions).

    >>> precise(np.array([1, 0.5]))
    array([mpf('1.0'), mpf('0.5')], dtype=object)
    """
    return np.asarray(_number(array.astype(object)), dtype=object)


def _exp(z: Any) -> Any:
    if abs(z) > LARGEST_EXPONENT:
        raise OverflowError("the exponential of a very large number")
    return mp.exp(z)


def _tanh(z: Any) -> Any:
    return mp.tanh(z) if abs(z) < LARGEST_EXPONENT else mp.sign(z)


def _sigmoid(z: Any) -> Any:
    return 1 / (1 + _exp(-z)) if z > 0 else _exp(z) / (1 + _exp(z))


def _sigmoid_slope(z: Any) -> Any:
    return _sigmoid(z) * _sigmoid(-z)


def _softplus(z: Any) -> Any:
    return max(z, mpf(0)) + mp.log1p(_exp(-abs(z)))


def _sech2(z: Any) -> Any:
    return mp.sech(z) ** 2 if abs(z) < LARGEST_EXPONENT else mpf(0)


def _turned(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A function of an angle: of a very large one, more digits than memory has would have to be known."""

    def value(z: Any) -> Any:
        if abs(z) > LARGEST_EXPONENT:
            raise OverflowError("the sine of a very large number")
        return function(z)

    return value


_sin, _cos = _turned(mp.sin), _turned(mp.cos)


def _bell(z: Any) -> Any:
    return 2 / mp.sqrt(mp.pi) * _exp(-(z**2)) if abs(z) < LARGEST_EXPONENT else mpf(0)


_SCALAR: dict[str, tuple[Callable[[Any], Any], ...]] = {
    "exp": (_exp, _exp, _exp),
    "log": (mp.log, lambda z: 1 / z, lambda z: -1 / z**2),
    "sqrt": (mp.sqrt, lambda z: 1 / (2 * mp.sqrt(z)), lambda z: -1 / (4 * mp.sqrt(z) ** 3)),
    "tanh": (_tanh, _sech2, lambda z: -2 * _tanh(z) * _sech2(z)),
    "sigmoid": (_sigmoid, _sigmoid_slope, lambda z: _sigmoid_slope(z) * (_sigmoid(-z) - _sigmoid(z))),
    "softplus": (_softplus, _sigmoid, _sigmoid_slope),
    "sin": (_sin, _cos, lambda z: -_sin(z)),
    "cos": (_cos, lambda z: -_sin(z), lambda z: -_cos(z)),
    "erf": (mp.erf, _bell, lambda z: -2 * z * _bell(z)),
}


def _everywhere(function: Callable[[Any], Any]) -> Callable[[Array], Array]:
    entrywise = np.frompyfunc(function, 1, 1)
    return lambda array: np.asarray(entrywise(precise(array)), dtype=object)


PRECISE: dict[str, tuple[Callable[[Array], Array], ...]] = {
    name: tuple(_everywhere(function) for function in orders) for name, orders in _SCALAR.items()
}


def precise_pi() -> Array:
    """π, as a number of rank 0.

    >>> precise_pi().item()
    mpf('3.1415926535897931')
    """
    return np.asarray(+mp.pi, dtype=object)


def precise_softmax(z: Array) -> Array:
    """exp(z) divided by its sum over the last axis.

    >>> precise_softmax(np.array([0, 0]))
    array([mpf('0.5'), mpf('0.5')], dtype=object)
    """
    z = precise(z)
    if not z.size:
        return z
    raised = PRECISE["exp"][0](z - z.max(axis=-1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=-1, keepdims=True))
