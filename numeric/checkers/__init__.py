"""Gradient checks: exact integers, complex step, central differences; for any forward/backward pair.

`check_gradient` picks the strongest method that applies and says which; the other modules hold one idea each.

Limits, and what lies beyond each (`tests/numeric/test_check_kinks.py` and `test_check_limits.py` exceed them):

    subgradients.MOST_EVALUATIONS   spent in the search for kinks          beyond: undecided
    subgradients.MOST_LISTED        kinks in the report                    all are compared and counted
    every_entry._MOST_WEIGHED       entries off, weighed one by one        beyond: the noise of all, or undecided
    judge._MOST_NOISY               noisy entries set aside one by one     beyond: undecided
    every_entry.MOST_LISTED         wrong entries in the report            all are counted
    judge: three points beside      sought for one off the kinks           none found: undecided
    colouring._MOST_OWNERS          digits packed in one evaluation        beyond: colour by colour
    guess._AFFORDABLE               evaluations for the pattern            beyond: guessed from projections
    guess: 64 slices of an axis     tried for a missing sum                a guess less, verdict alike
    exact.MANY                      arguments, at large integers           beyond: at small ones
    chain._CLEAR                    tolerances until an entry is wrong     between 1 and so many: undecided
"""

from __future__ import annotations

from numeric.checkers.chain import check_chain
from numeric.checkers.check import check_gradient
from numeric.checkers.layer import check_layer
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
    "check_layer",
]
