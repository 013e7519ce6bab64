"""Every entry of the gradient of a whole chain, from its stages' forward functions alone.

Why: in a network every weight reaches every output, so that no two entries of the chain can be perturbed together.
Inside one stage most can. The true sensitivity is carried back stage by stage, each time by differentiating that
stage's forward function numerically; no backward function is trusted on the way. (`links` does the same where the
stages have backward functions.)

Law: if y = f_n(… f_2(f_1(x, p_1), p_2) …, p_n) and δ_n is the loss's sensitivity at y, then
δ_{i−1} = (∂f_i/∂input)ᵀ δ_i  and  ∂loss/∂p_i = (∂f_i/∂p_i)ᵀ δ_i.  What is known of the error of δ_i is carried along.

What it cannot see: a claimed gradient of some other chain: that the stages compose to `forward` is tested at the data.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from numeric.checkers.colouring import TrueGradient, true_gradient
from numeric.checkers.complex_step import COMPLEX_STEP, NotAnalytic
from numeric.checkers.confirm import claimed_noise
from numeric.checkers.differences import CENTRAL_DIFFERENCES
from numeric.checkers.every_entry import MOST_LISTED
from numeric.checkers.kinks import bends
from numeric.checkers.links import Stage, as_true, composed, computed_alike, name_of, stage_reports
from numeric.checkers.pattern import describe_pattern
from numeric.checkers.problem import Array, Arrays, Problem, at_the_data, make_problem
from numeric.checkers.report import CheckInputError, GradientReport, Verdict, WrongEntry
from numeric.checkers.smooth import ROUNDINGS, SmoothProbe, random_directions, random_sensitivity

# a residual this many tolerances large is a mistake; between one and this many it is left undecided
_CLEAR = 16


def check_chain(
    forward: Callable[..., Any],
    backward: Callable[..., Any],
    stages: Sequence[Stage],
    x: Any,
    *parameters: Any,
    names: Sequence[str] | None = None,
    seed: int = 0,
) -> GradientReport:
    """Check every entry of backward(delta, x, *parameters) -> (dx, *dparameters), for a chain of stages.

    The parameters stand in the order of the stages. Where every stage has a backward of its own, each of these is
    checked by its strongest method, and their composition is what the claim is compared with: far faster and more
    sensitive than differentiating the stages' forward functions in every entry. Raises CheckInputError where the
    stages do not compose to `forward` at the given data.

    >>> stages = [Stage(lambda x, w: x @ w, 1), Stage(np.tanh)]
    >>> def forward(x, w): return np.tanh(x @ w)
    >>> def backward(delta, x, w):
    ...     slope = delta * (1 - np.tanh(x @ w) ** 2)
    ...     return slope @ w.T, x.T @ slope
    >>> check_chain(forward, backward, stages, np.ones((2, 3)), np.ones((3, 4)) / 5).verdict
    'right'
    """
    problem = make_problem(forward, backward, (x, *parameters), claimed=None, delta=None, exclude=(), names=names)
    if sum(stage.parameters for stage in stages) != len(parameters):
        raise CheckInputError(
            f"the stages take {sum(s.parameters for s in stages)} parameter arrays, {len(parameters)} were given"
        )
    inputs, output = _run(problem, stages)
    delta = random_sensitivity(output, seed)
    if stages and all(stage.backward is not None for stage in stages):
        return _by_links(problem, stages, inputs, delta, seed)
    true, kinked = _carry_back(stages, inputs, delta, seed)
    claimed = at_the_data(lambda: problem.gradients(delta, problem.point), "backward")
    return _report(problem, claimed, _with_noise(problem, delta, claimed, true), kinked)


def _by_links(
    problem: Problem, stages: Sequence[Stage], inputs: list[Arrays], delta: Array, seed: int
) -> GradientReport:
    """The report from the stages' own checks and the composition of their backward functions."""
    claimed = at_the_data(lambda: problem.gradients(delta, problem.point), "backward")
    whole = composed(stages, inputs, delta)
    true = [as_true(g, c) for g, c in zip(whole, claimed, strict=True)]
    unlike = [k for k, g in enumerate(claimed) if g.shape == whole[k].shape and not computed_alike(g, whole[k])]
    if unlike:
        noisy = _with_noise(problem, delta, claimed, true)
        true = [noisy[k] if k in unlike else t for k, t in enumerate(true)]
    parts = stage_reports(stages, inputs, seed)
    report = _report(problem, claimed, true, [])
    methods = Counter(part.method for part in parts)
    report = replace(
        report,
        method="stage by stage: " + ", ".join(f"{method} ({count})" for method, count in methods.items()),
        why="the claim is the composition of the stages' backward functions, and each of these was checked by itself",
        not_checked=tuple(dict.fromkeys(item for part in parts for item in part.not_checked)),
        projections=sum(part.projections for part in parts),
    )
    for number, (stage, part) in enumerate(zip(stages, parts, strict=True)):
        report = report if part else _with_stage(report, name_of(stage, number), part)
    return report


def _with_stage(report: GradientReport, name: str, part: GradientReport) -> GradientReport:
    """The report of the chain, with that of a stage which is wrong or undecided."""
    verdict: Verdict = "wrong" if "wrong" in (report.verdict, part.verdict) else "undecided"
    entries = tuple(replace(entry, argument=f"{name}: {entry.argument}") for entry in part.wrong)
    return replace(
        report,
        verdict=verdict,
        wrong=(*report.wrong, *entries)[:MOST_LISTED],
        wrong_count=None if entries else report.wrong_count,
        guess="; ".join(filter(None, (report.guess, part.guess and f"{name}: {part.guess}"))),
        kinks=(*report.kinks, *[replace(kink, argument=f"{name}: {kink.argument}") for kink in part.kinks]),
        notes=(*report.notes, *[f"{name}: {note}" for note in part.notes]),
    )


def _with_noise(problem: Problem, delta: Array, claimed: Arrays, true: list[TrueGradient]) -> list[TrueGradient]:
    """The true gradients, their tolerances widened by the claim's measured rounding noise if any entry needs it."""
    if any(g.shape != t.values.shape for g, t in zip(claimed, true, strict=True)):
        return true
    if not any((np.abs(g - t.values) > t.tolerance).any() for g, t in zip(claimed, true, strict=True)):
        return true
    noise = claimed_noise(problem, problem.point, delta)
    return [replace(t, tolerance=t.tolerance + ROUNDINGS * n) for t, n in zip(true, noise, strict=True)]


def _run(problem: Problem, stages: Sequence[Stage]) -> tuple[list[Arrays], Array]:
    """(each stage's own arguments, the output); the composition must be `forward`."""
    x, rest, inputs = problem.point[0], problem.point[1:], []
    for number, stage in enumerate(stages):
        own, rest = rest[: stage.parameters], rest[stage.parameters :]
        inputs.append((x, *own))
        x = np.array(at_the_data(partial(stage.forward, *inputs[-1]), f"the forward of {name_of(stage, number)}"))
    whole = at_the_data(lambda: problem.value(problem.point), "forward")
    if whole.shape != x.shape or not np.allclose(whole, x, rtol=1e-9 if x.dtype == np.float64 else 1e-3):
        raise CheckInputError(
            f"the stages do not compose to forward: shapes {x.shape} and {whole.shape}, or other values; list "
            "them in order, each with the number of its parameter arrays"
        )
    return inputs, x


def _carry_back(
    stages: Sequence[Stage], inputs: list[Arrays], delta: Array, seed: int
) -> tuple[list[TrueGradient], list[str]]:
    """(true gradients of x and of all parameters in order, names of stages that stand at a kink)."""
    gradients: list[TrueGradient] = []
    kinked = []
    tolerance = np.zeros(delta.shape)
    for number in range(len(stages) - 1, -1, -1):
        probe = _stage_probe(stages[number], inputs[number], delta, tolerance, seed)
        if bends(probe.problem, probe.at, probe.directions, probe.start).any():
            kinked.append(stages[number].name or f"stage {number}")
        found = [true_gradient(probe, k) for k in range(len(probe.at))]
        gradients = [*found[1:], *gradients]
        delta, tolerance = found[0].values, found[0].tolerance
    return [found[0], *gradients], kinked


def _stage_probe(stage: Stage, at: Arrays, delta: Array, tolerance: Array, seed: int) -> SmoothProbe:
    names = tuple(f"argument {k}" for k in range(len(at)))
    problem = Problem(stage.forward, _never, at, names, tuple(range(len(at))), ())
    directions = random_directions(at, seed)
    start = problem.value(at)
    zeros = tuple(np.zeros(a.shape) for a in at)
    probe = SmoothProbe(problem, COMPLEX_STEP, at, directions, delta, zeros, start, tolerance)
    try:
        probe.measure((None,) * len(at))
    except NotAnalytic:
        return replace(probe, way=CENTRAL_DIFFERENCES)
    return probe


def _never(*_: Any) -> Any:
    raise AssertionError("a stage's backward is not used")


def _report(problem: Problem, claimed: Arrays, true: list[TrueGradient], kinked: list[str]) -> GradientReport:
    entries, guesses, doubtful = [], [], 0
    for name, g, t in zip(problem.labels, claimed, true, strict=True):
        if g.shape != t.values.shape:
            guesses.append(f"{name}: the claimed gradient has shape {g.shape}, the argument {t.values.shape}")
            continue
        allowed = t.tolerance + ROUNDINGS * float(np.finfo(g.dtype).eps) * np.abs(g)
        residual = np.abs(g - t.values)
        off = ~(residual <= _CLEAR * allowed)
        doubtful += int((residual > allowed).sum()) - int(off.sum())
        entries += [_entry(name, index, g, t) for index in np.argwhere(off)]
        if off.any():
            guesses.append(f"{name}: {describe_pattern(g, t.values, off)}")
    verdict: Verdict = "wrong" if guesses else "undecided" if doubtful or kinked else "right"
    notes = [f"{doubtful} entries are off by little more than their tolerance"] if doubtful else []
    notes += [f"{name} stands at a kink: its gradient is one of several" for name in kinked]
    return GradientReport(
        verdict=verdict,
        method="complex step, stage by stage",
        why="sensitivities were carried back through the stages' forward functions; no backward was trusted",
        checked=problem.labels,
        not_checked=("other shapes, second derivatives",),
        wrong=tuple(entries[:MOST_LISTED]),
        wrong_count=len(entries),
        guess="; ".join(guesses),
        tolerance=max((float(t.tolerance.max(initial=0)) for t in true), default=0.0),
        entries=sum(array.size for array in problem.point),
        every_entry=True,
        projections=sum(t.evaluations for t in true),
        notes=tuple(notes),
    )


def _entry(name: str, index: Array, claimed: Array, true: TrueGradient) -> WrongEntry:
    place = tuple(int(i) for i in index)
    return WrongEntry(name, place, float(true.values[place]), float(claimed[place]))
