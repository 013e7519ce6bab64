"""Gradient checks: exact integers, complex step, central differences; for any forward/backward pair.

`check_gradient` picks the strongest method that applies and says which; the other modules hold one idea each.
"""

from __future__ import annotations

from numeric.checkers.chain import check_chain
from numeric.checkers.check import check_gradient
from numeric.checkers.links import Stage
from numeric.checkers.report import CheckInputError, GradientError, GradientReport, Kink, WrongEntry

__all__ = [
    "CheckInputError",
    "GradientError",
    "GradientReport",
    "Kink",
    "Stage",
    "WrongEntry",
    "check_chain",
    "check_gradient",
]
