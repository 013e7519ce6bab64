"""Lines of NumPy that show one wrong entry: to paste where forward, backward and the arrays are at hand.

Why: whoever mends a backward function wants the smallest program that fails, without the checker.

Law: a difference of forward at two points, weighed with a sensitivity, against the claimed entry: at small numbers
drawn from a seed where that is exact, at the caller's own arrays otherwise; or a complex step there. Only data at which
the two were seen to disagree are printed.

What it cannot see: disagreements below the rounding of such a difference, at any of the data tried; it says so.
"""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from numeric.checkers.problem import Array, Arrays, Problem
from numeric.checkers.report import WrongEntry

_DELTA = "2.0 * rng.integers(-8, 8, size=np.shape({call})) + 1"
_SEEDS = 4
# steps: an exact one for polynomials and pieces, one that suits a smooth function, and an imaginary one
_EXACT, _SMOOTH, _IMAGINARY = 0.25, 1e-5, 1e-30
# a disagreement that shows: beside the rounding of the values over the step, and beside the function's curvature
_SHOWS, _CURVED = 64, 1e-6
PAIR = "# forward and backward as they were checked"


@dataclass(frozen=True)
class _Trial:
    """Data at which the claim and the slope are compared, how they come about in the lines, and the step."""

    arrays: Arrays
    delta: Array
    head: tuple[str, ...]
    step: float
    imaginary: bool = False


def snippet(problem: Problem, entry: WrongEntry, *, exact: bool) -> str:
    """The lines, for the first data at which they show the disagreement; a comment where none does.

    >>> def forward(x): return x * x
    >>> problem = Problem(forward, lambda delta, x: delta * x, (np.ones(2),), ("x",), (0,), ())
    >>> print(snippet(problem, WrongEntry("x", (1,), 2.0, 1.0), exact=True))
    import numpy as np
    # forward and backward as they were checked
    rng = np.random.default_rng(0)
    parts = np.split(rng.permutation(2) - 1 + 0.5, [])
    x, = (part.reshape(s) for part, s in zip(parts, [(2,)]))
    delta = 2.0 * rng.integers(-8, 8, size=np.shape(forward(x))) + 1
    step = np.zeros((2,))
    step[1] = 0.25
    true = ((forward(x + step) - forward(x - step)) * delta).sum() / 0.5
    claimed = backward(delta, x)
    claimed = np.asarray(claimed[0] if isinstance(claimed, (tuple, list)) else claimed)[1]
    print("x[1]: true", true, "claimed", claimed)
    """
    for trial in _trials(problem, entry, exact):
        if _disagrees(problem, entry, trial):
            return _lines(problem, entry, trial)
    return "# no difference of forward in floating point shows it: the mistake is smaller than its rounding"


def _names(problem: Problem) -> list[str]:
    return [name if name.isidentifier() else f"a{i}" for i, name in enumerate(problem.names)]


def _trials(problem: Problem, entry: WrongEntry, exact: bool) -> Iterator[_Trial]:
    names = _names(problem)
    unpacked = ", ".join(names) + ("," if len(names) == 1 else "")
    if exact and problem.delta is None and not problem.excluded:
        # all numbers distinct and none 0, so that a step of a quarter meets no tie and no kink
        shapes, size = [a.shape for a in problem.arrays], sum(a.size for a in problem.arrays)
        ends = list(itertools.accumulate([a.size for a in problem.arrays]))[:-1]
        for seed in range(_SEEDS):
            rng = np.random.default_rng(seed)
            parts = np.split(rng.permutation(size) - size // 2 + 0.5, ends)
            arrays = tuple(part.reshape(shape) for part, shape in zip(parts, shapes, strict=True))
            head = (
                PAIR,
                f"rng = np.random.default_rng({seed})",
                f"parts = np.split(rng.permutation({size}) - {size // 2} + 0.5, {ends})",
                f"{unpacked} = (part.reshape(s) for part, s in zip(parts, {shapes}))",
            )
            yield _Trial(arrays, _drawn_delta(problem, arrays, rng), head, _EXACT)
    arrays = tuple(np.asarray(a, dtype=np.float64) for a in problem.arrays)
    delta = _drawn_delta(problem, arrays, np.random.default_rng(0)) if problem.delta is None else problem.delta
    given_as = "gradient" if problem.fixed else "backward"
    as_given = (
        f"# forward, {given_as} and {', '.join(names)} as they were checked",
        "rng = np.random.default_rng(0)",
        f"{unpacked} = (np.asarray(a, dtype=float) for a in ({unpacked}))",
    )
    scale = float(np.abs(arrays[problem.names.index(entry.argument)]).max(initial=0)) or 1.0
    yield _Trial(arrays, delta, as_given, _SMOOTH * scale)
    yield _Trial(arrays, delta, as_given, _IMAGINARY, imaginary=True)


def _drawn_delta(problem: Problem, arrays: Arrays, rng: np.random.Generator) -> Array:
    with np.errstate(all="ignore"):
        try:
            shape = np.shape(problem.forward(*[a.copy() for a in arrays]))
        except Exception:
            shape = ()
    return np.asarray(2.0 * rng.integers(-8, 8, size=shape) + 1)


def _disagrees(problem: Problem, entry: WrongEntry, trial: _Trial) -> bool:
    """Whether the lines would print two numbers that rounding does not explain; False where they raise."""
    k = problem.names.index(entry.argument)
    ends = []
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            for sign in (1,) if trial.imaginary else (1, -1):
                moved = [
                    a.astype(complex) if trial.imaginary and i == k else a.copy() for i, a in enumerate(trial.arrays)
                ]
                moved[k][entry.index] += sign * trial.step * (1j if trial.imaginary else 1)
                value = np.array(problem.forward(*moved))
                ends.append((value.imag if trial.imaginary else value.astype(np.float64)) * trial.delta)
            problem.forward(*[a.copy() for a in trial.arrays])
            claimed = problem.backward(trial.delta.copy(), *[a.copy() for a in trial.arrays])
            claimed = claimed[k] if isinstance(claimed, tuple | list) else claimed
            found = float(np.asarray(claimed)[entry.index])
        except Exception:
            return False
    eps = float(np.finfo(np.float64).eps)
    if trial.imaginary:
        true = float(ends[0].sum()) / trial.step
        allowed = _SHOWS * eps * (float(np.abs(ends[0]).sum()) / trial.step + abs(found))
        return true != 0 and abs(true - found) > allowed
    true = float((ends[0] - ends[1]).sum()) / (2 * trial.step)
    if trial.step == _EXACT:
        # halves and quarters of small numbers: nothing is rounded
        return true != found and all(bool((end * 64 == np.rint(end * 64)).all()) for end in ends)
    rounding = eps * float(np.abs(ends[0]).sum()) / trial.step
    return abs(true - found) > _SHOWS * rounding + _CURVED * (abs(true) + abs(found))


def _lines(problem: Problem, entry: WrongEntry, trial: _Trial) -> str:
    k, names = problem.names.index(entry.argument), _names(problem)

    def call(function: str, moved: str = "", first: str = "") -> str:
        given = [f"{name}{moved}" if i == k else name for i, name in enumerate(names)]
        return f"{function}({', '.join([first, *given] if first else given)})"

    delta = [f"delta = {_DELTA.format(call=call('forward'))}"]
    if problem.delta is not None:
        delta = ["delta = np.ones(())"] if problem.delta.size == 1 else ["# delta as it was given"]
    place = f"[{', '.join(map(str, entry.index))}]" if entry.index else "[()]"
    slope = f"(({call('forward', ' + step')} - {call('forward', ' - step')}) * delta).sum() / {2 * trial.step!r}"
    if trial.imaginary:
        slope = f"(np.imag({call('forward', ' + 1j * step')}) * delta).sum() / {trial.step!r}"
    return "\n".join(
        [
            "import numpy as np",
            *trial.head,
            *delta,
            f"step = np.zeros({problem.arrays[k].shape})",
            f"step{place} = {trial.step!r}",
            f"true = {slope}",
            f"claimed = {'gradient' if problem.fixed else call('backward', first='delta')}",
            f"claimed = np.asarray(claimed[{k}] if isinstance(claimed, (tuple, list)) else claimed){place}",
            f'print("{entry.argument}{place if entry.index else ""}: true", true, "claimed", claimed)',
        ]
    )
