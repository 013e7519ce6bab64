"""A chain by the chain rule: each stage's backward by its own strongest method, and their composition as the claim.

Why: one projection of a whole network drowns a small mistake in the rounding of sixty thousand products, and the
network as a whole is not exact even where most of its layers are. Taken apart, a convolution is checked with integers
and zero tolerance, and what remains is to see that the parts make up the whole.

Law: if every stage's backward is right, the composed sensitivities are the gradient [chain rule]. The claim is compared
with them entry by entry. Two computations in the same order differ nowhere; where they differ in many entries, the
rounding noise of the claim is measured first.

What it cannot see: what a stage's own check cannot see; that is listed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from numeric.checkers.check import check_gradient
from numeric.checkers.colouring import TrueGradient
from numeric.checkers.problem import Array, Arrays
from numeric.checkers.report import CheckInputError, GradientReport

# entries that may differ, as a share, if both sides are to count as computed in the same order
_FEW = 0.01
# rounding of an entry whose terms cancelled, in units of eps times what is usual in its array
_CANCELLED = 2


@dataclass(frozen=True)
class Stage:
    """One link of a chain: forward(x, *parameters) -> the next x, with so many parameter arrays of its own.

    backward, if given, is backward(delta, x, *parameters) -> (dx, *dparameters); it is checked, never trusted.
    """

    forward: Callable[..., Any]
    parameters: int = 0
    name: str = ""
    backward: Callable[..., Any] | None = None


def composed(stages: Sequence[Stage], inputs: Sequence[Arrays], delta: Array) -> list[Array]:
    """(dx, *dparameters) of the chain, by its stages' backward functions; CheckInputError where shapes do not fit."""
    gradients: list[Array] = []
    for number in range(len(stages) - 1, -1, -1):
        stage, own = stages[number], inputs[number]
        assert stage.backward is not None
        found = stage.backward(delta.copy(), *[a.copy() for a in own])
        found = [np.array(g) for g in (found if isinstance(found, tuple | list) else (found,))]
        if [g.shape for g in found] != [a.shape for a in own]:
            raise CheckInputError(
                f"the backward of {name_of(stage, number)} returned shapes {[g.shape for g in found]} for arguments of "
                f"shapes {[a.shape for a in own]}; expected one gradient for each, of its shape"
            )
        delta, gradients = found[0], found[1:] + gradients
    return [delta, *gradients]


def stage_reports(stages: Sequence[Stage], inputs: Sequence[Arrays], seed: int) -> list[GradientReport]:
    """Each stage's backward checked at the data that reach it."""
    return [
        check_gradient(stage.forward, stage.backward, *own, seed=seed)
        for stage, own in zip(stages, inputs, strict=True)
    ]


def name_of(stage: Stage, number: int) -> str:
    """The stage in words."""
    return stage.name or f"stage {number}"


def as_true(composed: Array, claimed: Array) -> TrueGradient:
    """The composed gradient with the tolerance of its rounding alone; to be widened where `computed_alike` is false."""
    usual = float(np.sqrt(np.mean(np.square(composed, dtype=np.float64)))) if composed.size else 0.0
    unit = _CANCELLED * float(np.finfo(claimed.dtype).eps) * usual
    return TrueGradient(composed, np.full(composed.shape, unit), 1)


def computed_alike(claimed: Array, composed: Array) -> bool:
    """Whether the two agree to the last bit in all but a few entries, so that rounding explains no difference."""
    differing = int(np.count_nonzero(claimed != composed))
    return differing <= max(1, _FEW * claimed.size) and differing < claimed.size
