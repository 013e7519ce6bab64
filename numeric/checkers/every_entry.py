"""Every entry of every gradient compared by itself, and the report of it.

Why: a projection says that something is wrong, with a probability; a comparison says what, with certainty.

Law: exact probes compare bit by bit, and the first entry that differs is measured alone before it is called wrong. In
floating point an entry that exceeds its own tolerance is weighed against the measured rounding noise, as after a failed
projection, before it is called wrong.

What it cannot see: more than the method's own tolerance lets it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from numeric.checkers.colouring import TrueGradient, true_gradient
from numeric.checkers.confirm import claimed_noise, judge_entry
from numeric.checkers.exact import ExactProbe, NotExact
from numeric.checkers.localise import Mask, Probe, masks_of
from numeric.checkers.pattern import describe_pattern
from numeric.checkers.problem import Array
from numeric.checkers.report import GradientReport, Verdict, WrongEntry
from numeric.checkers.reproduce import snippet
from numeric.checkers.smooth import ROUNDINGS, SmoothProbe

MOST_LISTED = 20
# suspects that are weighed against the noise one by one
_MOST_WEIGHED = 16


@dataclass(frozen=True)
class Comparison:
    """One argument: its true gradient, and where the claimed one is off by more than the tolerance."""

    k: int
    claimed: Array
    true: TrueGradient
    off: Mask

    def entry(self, name: str, index: tuple[int, ...]) -> WrongEntry:
        """One entry as a record."""
        return WrongEntry(name, index, float(self.true.values[index]), float(self.claimed[index]))


def compare(probe: Probe, k: int) -> Comparison:
    """The k-th claimed gradient against the true one, every entry."""
    true, claimed = true_gradient(probe, k), probe.claimed[k].astype(np.float64)
    tolerance = true.tolerance + probe.rounding * np.abs(claimed) + probe.underflow
    return Comparison(k, claimed, true, ~(np.abs(claimed - true.values) <= tolerance))


def compare_every_entry(probe: ExactProbe | SmoothProbe, report: GradientReport) -> GradientReport:
    """The report of a check that passed its projection, after comparing every entry of every argument."""
    done = [compare(probe, k) for k in range(len(probe.claimed))]
    spent = report.projections + sum(c.true.evaluations for c in done)
    report = replace(report, every_entry=True, projections=spent)
    if not any(c.off.any() for c in done):
        return report
    if isinstance(probe, ExactProbe):
        verdict, notes = _confirmed(probe, done)
    else:
        assert isinstance(probe, SmoothProbe)
        verdict, notes = _weigh(probe, done)
    report = replace(report, verdict=verdict, notes=(*report.notes, *notes))
    return with_wrong_entries(probe, done, report) if verdict == "wrong" else report


def with_wrong_entries(
    probe: ExactProbe | SmoothProbe, done: list[Comparison], report: GradientReport
) -> GradientReport:
    """The report with the wrong entries listed and counted, and what they have in common."""
    entries = [c.entry(probe.labels[c.k], tuple(int(i) for i in index)) for c in done for index in np.argwhere(c.off)]
    guesses = [f"{probe.labels[c.k]}: {describe_pattern(c.claimed, c.true.values, c.off)}" for c in done if c.off.any()]
    return replace(
        report,
        wrong=tuple(entries[:MOST_LISTED]),
        wrong_count=len(entries),
        guess=report.guess or "; ".join(guesses),
        wrong_in=report.wrong_in or tuple(probe.labels[c.k] for c in done if c.off.any()),
        right_in=report.right_in or tuple(probe.labels[c.k] for c in done if not c.off.any()),
        reproduce=report.reproduce or partial(snippet, probe.problem, entries[0], exact=probe.exact),
    )


def _confirmed(probe: ExactProbe, done: list[Comparison]) -> tuple[Verdict, tuple[str, ...]]:
    """Exact values leave nothing to weigh, if the function is of degree two along the first wrong entry's own line too;
    NotExact otherwise."""
    first = int(np.flatnonzero(np.concatenate([c.off.ravel() for c in done]))[0])
    if not probe.measure_alone(first).wrong:
        raise NotExact("an entry's slope depends on what else moves")
    return "wrong", ()


def _weigh(probe: SmoothProbe, done: list[Comparison]) -> tuple[Verdict, tuple[str, ...]]:
    """(verdict, notes) on the entries beyond their tolerance: measured by themselves, or, where they are many, first
    held against the noise of all claimed entries at once; what was not measured is not called rounding."""
    excess = np.concatenate([_excess(c, np.zeros(c.claimed.shape)).ravel() for c in done])
    count = int((excess > 0).sum())
    if count > _MOST_WEIGHED and not probe.fixed:
        noise = claimed_noise(probe.problem, probe.at, probe.sensitivity)
        excess = np.concatenate([_excess(c, n).ravel() for c, n in zip(done, noise, strict=True)])
    left = int((excess > 0).sum())
    suspects = np.argsort(-excess)[: min(_MOST_WEIGHED, left)]
    shapes = [c.claimed.shape for c in done]
    findings = [judge_entry(probe, int(p), probe.measure(masks_of(shapes, np.array([p]))))[0] for p in suspects]
    if "mistake" in findings:
        return "wrong", ()
    if "unclear" in findings:
        return "undecided", ("some entries are neither clearly wrong nor clearly rounding",)
    if left > _MOST_WEIGHED:
        return "undecided", (f"of {left} entries that are off only the {_MOST_WEIGHED} farthest were weighed",)
    return "right", (f"{count} entries are off within the measured rounding noise",)


def _excess(c: Comparison, noise: Array) -> Array:
    """How many tolerances an entry is off by, 0 where the noise of its claim explains it."""
    residual = np.abs(c.claimed - c.true.values)
    off = c.off & ~(residual <= c.true.tolerance + ROUNDINGS * noise)
    return np.asarray(np.where(off, np.nan_to_num(residual / np.maximum(c.true.tolerance, 1e-300), nan=np.inf), 0.0))
