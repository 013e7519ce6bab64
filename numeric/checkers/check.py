"""`check_gradient`: the strongest check that applies to a claimed gradient, and a report that says which it
was.

Why: today's checkers sample one shape with a constant tolerance, so that a relative error of 1e-3 passes, an
all-zero gradient passes when the loss is small, and a right layer fails at a kink or at large inputs.

Law: exact integers before the complex step before central differences; each is used only after its own
assumption was tested on the function at hand. A mismatch is called *wrong* only after one entry, measured by
itself, differs by more than the measured rounding noise; otherwise the verdict is *undecided*.

What it cannot see: it checks at one point and, unless every_entry=True, along random directions. The report's
`not_checked` lists what remains.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Literal

import numpy as np

from numeric.checkers.complex_step import NotAnalytic
from numeric.checkers.exact import MANY, NotExact
from numeric.checkers.exact_at_once import Answer, equal_in_doubles, is_small, like_the_data
from numeric.checkers.ground import wrong_shapes
from numeric.checkers.judge import ALWAYS_UNSEEN, check_exact, check_smooth, exact_report, limits
from numeric.checkers.modulus import takes_a_modulus
from numeric.checkers.over_shapes import over_shapes
from numeric.checkers.points import Point
from numeric.checkers.problem import Problem, at_the_data, block_of, make_problem, names_of
from numeric.checkers.report import CheckInputError, GradientReport

Method = Literal["auto", "exact", "complex", "difference"]
_METHODS = ("auto", "exact", "complex", "difference")


def check_gradient(
    forward: Callable[..., Any],
    *arguments: Any,
    claimed_gradient: Any = None,
    delta: Any = None,
    exclude: Sequence[int | str] = (),
    names: Sequence[str] | None = None,
    every_entry: bool = False,
    method: Method = "auto",
    seed: int = 0,
    shapes: Any = None,
    examples: int = 50,
) -> GradientReport:
    """Check a claimed gradient: check_gradient(forward, backward, *arrays), or
    check_gradient(f, *arrays, claimed_gradient=...).

    forward(*arrays) -> array of any shape. backward(delta, *arrays) -> one gradient for each array, of the
    loss whose sensitivity at forward's output is delta:  g_k[j] = Σ_i delta[i] ∂forward[i]/∂arrays_k[j].
    claimed_gradient is a function of the arrays or the gradient itself (an array, or one for each argument),
    of f's single number or of ⟨delta, f⟩. Every argument is checked unless named, or numbered, in `exclude`.

    shapes: instead of arrays, a function of a random generator, or a Hypothesis strategy, that gives one shape (or
    array) for each argument; so many examples are checked, and the smallest failing one is reported.

    Returns a GradientReport, true where nothing was found wrong; `report.require()` raises GradientError with
    the text otherwise. Raises CheckInputError, saying what to change, for input that cannot be checked.

    >>> def forward(x, w): return x @ w
    >>> def backward(delta, x, w): return delta @ w.T, x.T @ delta
    >>> report = check_gradient(forward, backward, np.ones((2, 3)), np.ones((3, 4)))
    >>> report.verdict, report.method
    ('right', 'exact integers, zero tolerance')
    >>> def forgetful(delta, x, w): return delta @ w.T, x.T @ delta / 2
    >>> print(check_gradient(forward, forgetful, np.ones((2, 3)), np.ones((3, 4))).guess)
    w: scaled by the constant 1/2
    """
    backward, arrays = _split(arguments, claimed_gradient)
    if shapes is not None:
        if arrays or backward is None:
            raise CheckInputError("with shapes=... give forward and backward alone: check_gradient(f, g, shapes=...)")
        check = partial(check_gradient, forward, backward, exclude=exclude, names=names, every_entry=every_entry)
        return over_shapes(partial(check, method=method, seed=seed), shapes, examples, seed)
    if method not in _METHODS:
        raise CheckInputError(f"method {method!r}; expected one of {', '.join(map(repr, _METHODS))}")
    if not isinstance(seed, (int, np.integer)) or seed < 0:
        raise CheckInputError(f"seed = {seed!r}; expected an integer of at least 0")
    first: Point | Answer | None = None
    usual = claimed_gradient is None and delta is None and names is None and not exclude and not every_entry
    if usual and backward is not None and method in ("auto", "exact") and 0 < len(arrays) < MANY:
        block = block_of(arrays)
        if block:
            first = equal_in_doubles(forward, backward, block, seed)
            if isinstance(first, Point) and like_the_data(first, block.tops) and not is_small(block.layout.size):
                labels = names_of(forward, len(arrays), None)
                return exact_report(labels, block.layout.size, ALWAYS_UNSEEN, first.unseen)
            # the caller's functions may have written into what they share with the caller
            arrays = block.arrays
    problem = make_problem(
        forward, backward, arrays, claimed=claimed_gradient, delta=delta, exclude=exclude, names=names
    )
    return _strongest(problem, first, every_entry, method, seed)


def _split(arguments: tuple[Any, ...], claimed: Any) -> tuple[Callable[..., Any] | None, tuple[Any, ...]]:
    if claimed is None and arguments and callable(arguments[0]):
        return arguments[0], arguments[1:]
    return None, arguments


def _strongest(
    problem: Problem, first: Point | Answer | None, every_entry: bool, method: Method, seed: int
) -> GradientReport:
    """The report of the first method that applies, in order of strength; what a first look saw may be known."""
    if problem.size == 0:
        return _nothing_to_check(problem)
    reason = "the exact method was not asked for"
    if method in ("auto", "exact"):
        try:
            return check_exact(problem, first, every_entry=every_entry, seed=seed)
        except NotExact as error:
            reason = f"not exact: {error}"
            if method == "exact":
                raise CheckInputError(f"the exact method does not apply: {error}") from error
    if method in ("auto", "complex"):
        try:
            return check_smooth(problem, "complex", reason, every_entry=every_entry, seed=seed)
        except NotAnalytic as error:
            reason, why = f"{reason}; no complex step: {error}", takes_a_modulus(problem)
            if method == "complex":
                instead = f"; {why}" if why else ""
                raise CheckInputError(f"the complex step does not apply: {error}{instead}") from error
            report = check_smooth(problem, "difference", reason, every_entry=every_entry, seed=seed)
            return replace(report, notes=(*report.notes, why)) if why else report
    return check_smooth(problem, "difference", reason, every_entry=every_entry, seed=seed)


def _nothing_to_check(problem: Problem) -> GradientReport:
    """All checked arguments are empty: only the shapes of the claims can be compared."""
    start = at_the_data(lambda: problem.value(problem.point), "forward")
    delta = np.ones(start.shape) if problem.delta is None else problem.delta
    claimed = at_the_data(lambda: problem.gradients(delta, problem.point), "backward")
    wrong = wrong_shapes(problem, claimed)
    return GradientReport(
        verdict="wrong" if wrong else "right",
        method="shapes only",
        why="every checked argument is empty",
        checked=problem.labels,
        not_checked=limits(problem),
        guess=wrong,
    )
