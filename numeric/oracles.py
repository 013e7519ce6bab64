"""The layers as other libraries compute them: SciPy, PyTorch and JAX.

Why: an error shared by our fast layers and our loops would be an error in our reading of a definition.
These libraries read it independently.

Law: `consult(layer, …)` asks every library that states the layer. One that is not installed, or that cannot
express the given options, is listed by name with the reason; nothing is skipped silently.

What it cannot see: rounding conventions and ties, where libraries may differ rightly. JAX computes in
float32 unless its 64-bit mode can be switched on, which is tried.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Answer = tuple[Array, ...]

PACKAGES = ("scipy", "torch", "jax")


class Unsupported(Exception):
    """This library cannot express these options. Not an error of the caller."""


@dataclass(frozen=True)
class Oracle:
    """One layer as one library computes it; `ask` takes the layer's own arguments."""

    package: str
    layer: str
    ask: Callable[..., Any]

    @property
    def name(self) -> str:
        """For example scipy:correlate."""
        return f"{self.package}:{self.layer}"


@dataclass(frozen=True)
class Consultation:
    """What the oracles said about one call: answers by oracle name, and the reason for each that gave none."""

    answers: Mapping[str, Answer]
    skipped: Mapping[str, str]


def installed(package: str) -> bool:
    """Whether a library can be imported; it is not imported yet.

    >>> installed("numpy")
    True
    """
    return importlib.util.find_spec(package) is not None


def oracles(layer: str | None = None) -> tuple[Oracle, ...]:
    """All oracles, or those of one layer, whether installed or not.

    >>> [oracle.name for oracle in oracles("kron_layer")]
    ['scipy:kron_layer', 'torch:kron_layer']
    """
    return tuple(oracle for oracle in _table() if layer in (None, oracle.layer))


def missing() -> dict[str, str]:
    """The libraries that are not installed, with how to get them.

    >>> set(missing()) <= {"scipy", "torch", "jax"}
    True
    """
    return {p: f"{p} is not installed; pip install {p}" for p in PACKAGES if not installed(p)}


def consult(layer: str, *arguments: Any, packages: Sequence[str] = PACKAGES, **options: Any) -> Consultation:
    """Ask the oracles of a layer for their answers to one call, each a tuple of NumPy arrays.

    packages: which libraries to ask; the others are neither asked nor listed.
    Raises ValueError if no oracle states the layer at all.

    >>> said = consult("kron_layer", np.array([[1.0, 2.0]]), np.array([[1.0, 10.0]]))
    >>> said.answers["scipy:kron_layer"]
    (array([[ 1., 10.,  2., 20.]]),)
    """
    known = oracles(layer)
    if not known:
        raise ValueError(f"no oracle states {layer!r}; expected one of {sorted({o.layer for o in oracles()})}")
    answers: dict[str, Answer] = {}
    skipped: dict[str, str] = {}
    unavailable = missing()
    for oracle in known:
        if oracle.package not in packages:
            continue
        if oracle.package in unavailable:
            skipped[oracle.name] = unavailable[oracle.package]
            continue
        try:
            said = oracle.ask(*arguments, **options)
        except Unsupported as reason:
            skipped[oracle.name] = str(reason)
        else:
            answers[oracle.name] = tuple(np.asarray(a) for a in (said if isinstance(said, tuple) else (said,)))
    return Consultation(answers, skipped)


def _table() -> tuple[Oracle, ...]:
    from numeric._oracles import jax_answers, scipy_answers, torch_answers

    modules = {"scipy": scipy_answers, "torch": torch_answers, "jax": jax_answers}
    return tuple(
        Oracle(package, layer, ask) for package, module in modules.items() for layer, ask in module.LAYERS.items()
    )


def explicit_padding(
    mode: str | None, pad: Any, kernels: Sequence[int], dilation: Sequence[int]
) -> list[tuple[int, int]]:
    """The zeros before and after each axis that a mode stands for, for libraries that know numbers only.

    >>> explicit_padding("same", 0, (4,), (1,))
    [(2, 1)]
    """
    reach = [d * (k - 1) for k, d in zip(kernels, dilation, strict=True)]
    if mode == "full":
        return [(r, r) for r in reach]
    if mode == "same":
        return [(r - r // 2, r // 2) for r in reach]
    entries = [pad] * len(reach) if isinstance(pad, int) else list(pad)
    return [(e, e) if isinstance(e, int) else (e[0], e[1]) for e in entries]


def every_axis(value: Any, rank: int) -> tuple[int, ...]:
    """One integer per axis."""
    return (value,) * rank if isinstance(value, int) else tuple(value)
