"""The gradient check of a pair of functions, for callers that reach `numeric/` through this door."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from numeric.checkers import check_gradient


def gradient_report(forward: Callable[..., Any], backward: Callable[..., Any], arrays: Sequence[Any]) -> Any:
    """The report of `numeric.check_gradient` on forward(*arrays) and backward(delta, *arrays) at these arrays."""
    return check_gradient(forward, backward, *arrays)
