"""One claim at many shapes, generated, and the smallest shape at which it fails.

Why: a formula that is right for a square picture or a batch of one may be wrong beside it; a report at one shape says
nothing of the others.

Law: every generated shape is checked by the same checker as a single one. A wrong gradient goes before an open one, and
among these the fewest entries; Hypothesis shrinks what its strategies draw.

What it cannot see: shapes that were not drawn.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from numeric.checkers.report import CheckInputError, GradientReport

Check = Callable[..., GradientReport]


def over_shapes(check: Check, shapes: Any, examples: int, seed: int) -> GradientReport:
    """The report of the smallest failing example, or of the last if none fails.

    check(*arrays) -> report; shapes(random) -> one shape, or array, for each argument, or a Hypothesis strategy of such
    tuples; examples: how many are drawn.
    """
    found: list[tuple[int, int, GradientReport]] = []

    def judge(drawn: Any) -> bool:
        arrays = _arrays(drawn, seed)
        report = check(*arrays)
        order = ("wrong", "undecided", "right").index(report.verdict)
        found.append((order, sum(a.size for a in arrays), _with_shapes(report, arrays)))
        return report.verdict == "wrong"

    if hasattr(shapes, "example") and hasattr(shapes, "map"):
        _shrink(shapes, judge, examples)
    elif callable(shapes):
        for number in range(examples):
            judge(shapes(np.random.default_rng(seed + number)))
    else:
        raise CheckInputError(
            f"shapes = {shapes!r}; expected a function of a random generator, or a Hypothesis strategy, that gives "
            "one shape or array for each argument"
        )
    if not found:
        raise CheckInputError("shapes gave no example")
    report = min(found, key=lambda each: each[:2])[2]
    failed = sum(each[0] < 2 for each in found)
    note = f"{len(found)} generated shapes were checked" + (
        f"; {failed} failed, this is the smallest" if failed else ""
    )
    unseen = tuple(item.replace("other shapes, ", "shapes that were not drawn, ") for item in report.not_checked)
    return replace(report, notes=(*report.notes, note), not_checked=unseen)


def _with_shapes(report: GradientReport, arrays: list[Any]) -> GradientReport:
    at = ", ".join(f"{name} {a.shape}" for name, a in zip(report.checked, arrays, strict=False))
    return replace(report, guess=f"{report.guess} [at {at}]" if report.guess else report.guess, at=at)


def _shrink(strategy: Any, judge: Callable[[Any], bool], examples: int) -> None:
    hypothesis = importlib.import_module("hypothesis")
    options = hypothesis.settings(
        max_examples=examples,
        database=None,
        derandomize=True,
        deadline=None,
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    try:
        hypothesis.find(strategy, judge, settings=options)
    except hypothesis.errors.NoSuchExample:
        return


def _arrays(drawn: Any, seed: int) -> list[Any]:
    """Arrays as they are, shapes filled with random numbers."""
    items = drawn if isinstance(drawn, list | tuple) and not _is_shape(drawn) else (drawn,)
    random = np.random.default_rng(seed)
    return [random.normal(size=item) if _is_shape(item) else np.asarray(item) for item in items]


def _is_shape(item: Any) -> bool:
    return isinstance(item, tuple | list) and all(isinstance(n, int | np.integer) for n in item)
