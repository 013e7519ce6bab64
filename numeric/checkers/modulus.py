"""Why a function carries no complex numbers: the functions in it that take a modulus or a conjugate, and what to write
instead.

Why: `np.var` squares the modulus of complex numbers, so that a layer of smooth functions loses the complex step, and
with it eight digits, by a detail that nobody sees.

Law: what is said was seen in a run at the caller's data; the verdict does not depend on it.

What it cannot see: compiled code, and functions that turn their arguments into plain arrays before they begin.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from numeric.checkers.problem import Array, Problem

# the function's name in NumPy: as it is called, and what is the same for real data and carries complex ones
INSTEAD = {
    "absolute": ("np.abs", "np.where(np.real(x) < 0, -x, x)"),
    "fabs": ("np.fabs", "np.where(np.real(x) < 0, -x, x)"),
    "sign": ("np.sign", "np.sign(np.real(x))"),
    "var": ("np.var", "((x - x.mean(axis, keepdims=True)) ** 2).mean(axis)"),
    "std": ("np.std", "np.sqrt(((x - x.mean(axis, keepdims=True)) ** 2).mean(axis))"),
    "norm": ("np.linalg.norm", "np.sqrt((x * x).sum(axis))"),
    "vdot": ("np.vdot", "(a * b).sum()"),
    "cov": ("np.cov", "d @ d.T / (n - 1) with d = x - x.mean(1, keepdims=True)"),
    "conjugate": ("np.conj", "x"),
}


class _Watched(np.ndarray):
    """An array that notes which of these functions are called on it or on what comes of it."""

    seen: dict[str, None]  # of the subclass that a run makes for itself

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        self._note(ufunc.__name__)
        if "out" in options:
            options["out"] = tuple(map(_plain, options["out"]))
        return self._again(getattr(ufunc, method)(*map(_plain, inputs), **options))

    def __array_function__(self, function: Any, types: Iterable[type], args: Any, options: Any) -> Any:
        self._note(function.__name__)
        return self._again(function(*_plain(args), **{name: _plain(value) for name, value in options.items()}))

    def var(self, *args: Any, **options: Any) -> Any:
        """The variance."""
        self._note("var")
        return self._again(_plain(self).var(*args, **options))

    def std(self, *args: Any, **options: Any) -> Any:
        """The deviation."""
        self._note("std")
        return self._again(_plain(self).std(*args, **options))

    def conj(self) -> Any:
        """The conjugate."""
        self._note("conjugate")
        return self

    conjugate = conj

    def _note(self, name: str) -> None:
        if name in INSTEAD:
            self.seen[name] = None

    def _again(self, result: Any) -> Any:
        if isinstance(result, tuple | list):
            return type(result)(map(self._again, result)) if type(result) in (tuple, list) else result
        return np.asarray(result).view(type(self)) if isinstance(result, np.ndarray | np.generic) else result


def _plain(value: Any) -> Any:
    if isinstance(value, _Watched):
        return value.view(np.ndarray)
    return type(value)(map(_plain, value)) if type(value) in (tuple, list) else value


def takes_a_modulus(problem: Problem) -> str:
    """Which functions take a modulus when forward runs at the caller's data, and what to write instead; empty where
    none was seen.

    >>> def forward(x): return np.exp(np.var(x))
    >>> print(takes_a_modulus(Problem(forward, forward, (np.ones(3),), ("x",), (0,), ())))
    np.var takes the modulus of complex numbers: with ((x - x.mean(axis, keepdims=True)) ** 2).mean(axis) the complex \
step applies
    """
    kind: Any = type("Watched", (_Watched,), {"seen": {}})
    _quietly(lambda: problem.forward(*[np.array(a).view(kind) for a in problem.arrays]))
    return "; ".join(
        f"{called} takes the modulus of complex numbers: with {instead} the complex step applies"
        for called, instead in map(INSTEAD.__getitem__, kind.seen)
    )


def _quietly(run: Callable[[], Array]) -> None:
    """Runs a function that may not take such arrays."""
    with np.errstate(all="ignore"):
        try:
            run()
        except Exception:
            return
