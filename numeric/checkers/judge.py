"""From measurements to a verdict: the flow of the exact and of the smooth checks.

Why: a mismatch is where the work begins. It is repeated where it could be an overflow, traced to one entry,
weighed against the measured noise, and named.

Law: *wrong* needs one entry that is wrong when measured alone. What cannot be confirmed is *undecided*.

What it cannot see: see each method's own module; the texts appended to `not_checked` say it to the user.
"""

from __future__ import annotations

import math
from dataclasses import replace
from functools import lru_cache, partial

import numpy as np

from numeric.checkers.complex_step import COMPLEX_STEP, NotAnalytic
from numeric.checkers.confirm import is_quiet, judge_entry, noise_of
from numeric.checkers.differences import CENTRAL_DIFFERENCES
from numeric.checkers.every_entry import MOST_LISTED, compare_every_entry, with_wrong_entries
from numeric.checkers.exact import (
    ExactProbe,
    NotExact,
    expect_no_steps,
    expect_whole_values,
    find_exact,
    small_probe,
)
from numeric.checkers.exact_at_once import Answer, equal_at_once, is_small, like_the_data
from numeric.checkers.ground import (
    COARSE,
    WAYS,
    Ground,
    Kind,
    ground_at,
    not_finite,
    smooth_probe,
    too_coarse,
    without_output,
    wrong_shapes,
)
from numeric.checkers.guess import guess_mistakes
from numeric.checkers.kinks import Look, bends, look_for_bends
from numeric.checkers.lattice import as_integers
from numeric.checkers.localise import Positions, bisect, entry_at, masks_of
from numeric.checkers.points import FINE, Point
from numeric.checkers.problem import Array, Arrays, Problem
from numeric.checkers.report import CheckInputError, GradientReport, Kink, Measurement, WrongEntry
from numeric.checkers.reproduce import snippet
from numeric.checkers.smooth import (
    ROUNDINGS,
    SmoothProbe,
    proportional_directions,
    random_directions,
    scale_of,
)
from numeric.checkers.smooth_at_once import smooth_at_once
from numeric.checkers.subgradients import Claim, corners, joint_kink, listed_kinks

# a claim so small beside integers is what is left of one that saturates
_FAINT = 2.0**-20
# entries off by rounding that are weighed one by one before the verdict is left open
_MOST_NOISY = 4
_TESTED = {
    (
        True,
        False,
    ): "φ(2) − 3φ(1) + 3φ(0) − φ(−1) = 0 was tested along the line, all arguments moving together",
    (False, False): "multilinearity was tested along a line in each argument by itself",
    (True, True): "piecewise linear: tested along a line at a tie-free point of integers",
}
ALWAYS_UNSEEN = ("other shapes, second derivatives",)
_AT_ONCE = "one equality along a random line of integers, possible only if it is of degree two along that line"


@lru_cache(maxsize=32)
def exact_report(labels: tuple[str, ...], entries: int, unseen: tuple[str, ...], data: str) -> GradientReport:
    """What one equality along a line of integers says: the same for the same sizes."""
    return GradientReport(
        verdict="right",
        method=ExactProbe.method,
        why=_AT_ONCE,
        checked=labels,
        entries=entries,
        not_checked=(*unseen, data),
        projections=1,
    )


def check_exact(problem: Problem, first: Point | Answer | None, *, every_entry: bool, seed: int) -> GradientReport:
    """The report of the exact method; NotExact where it does not apply. What a first look saw may be known."""
    expect_whole_values(problem, seed)
    if first is None and not every_entry:
        first = equal_at_once(problem, seed)
    if isinstance(first, Point):
        report = exact_report(problem.labels, problem.size, limits(problem), first.unseen)
        if like_the_data(first, problem.tops) and not is_small(problem.size):
            return report
        return _at_the_data(problem, report, seed, polynomial=True)
    # entry by entry, small integers leave room for several slopes in one number
    probe = find_exact(problem, seed, small_only=every_entry or first == "not integers")
    probe, found, spent = _settled(problem, probe)
    # few bits leave room for an accident; three lines do not
    for repeat in range(1, 3 if probe.place.bits < FINE and not every_entry else 1):
        if not found.wrong:
            probe, found, more = _settled(problem, find_exact(problem, seed + 100 * repeat, small_only=every_entry))
            spent += more
    unseen = (*limits(problem), probe.place.unseen)
    report = _blank(problem, probe.method, _TESTED[probe.together, probe.local], unseen)
    report = replace(report, projections=spent, residual=float(found.residual))
    if found.wrong:
        return _exact_failure(probe, report)
    if probe.place.bits < FINE and probe.together:
        whole = (None,) * len(problem.checked)
        ends = (problem.value(point) for point in probe.place.three[1:])
        expect_no_steps(problem, probe.place, whole, *ends)
    if probe.start.size and any(g.size and not g.any() for g in probe.claimed):
        raise NotExact("an argument moves nothing at integers, where it may saturate")
    if every_entry:
        report = compare_every_entry(probe, report)
        if not report:
            return report
    alike = not probe.local and not every_entry and like_the_data(probe.place, problem.tops)
    if (alike and not is_small(problem.size)) or not problem.value(problem.point).size:
        return report
    return _at_the_data(problem, report, seed, polynomial=not probe.local)


def _settled(problem: Problem, probe: ExactProbe) -> tuple[ExactProbe, Measurement, int]:
    """(probe, its projection, projections spent), on small integers if it failed on large ones: sums of large ones
    may have lost bits, small ones have room."""
    whole = (None,) * len(problem.checked)
    found = probe.measure(whole)
    if not found.wrong or probe.local:
        return probe, found, 1
    probe = small_probe(problem, probe)
    return probe, probe.measure(whole), 2


def _exact_failure(probe: ExactProbe, report: GradientReport) -> GradientReport:
    position, searched, _ = bisect(probe)
    entry = entry_at(probe, position, probe.measure_alone(position))
    if entry.true == 0 and 0 < abs(entry.claimed) < _FAINT and _moves_at_the_data(probe.problem):
        raise NotExact("forward saturates at integers")
    if _is_rounding(probe, entry):
        raise NotExact("backward's own arithmetic is rounded at integers")
    report = replace(report, searched=searched, projections=report.projections + searched)
    return _named_failure(probe, entry, report)


def _moves_at_the_data(problem: Problem) -> bool:
    """Whether forward is no constant beside the caller's data, as it may have been at the integers."""
    with np.errstate(all="ignore"):
        beside = problem.value([np.asarray(a * (1 + 2.0**-10), dtype=a.dtype) for a in problem.point])
        return not np.array_equal(beside, problem.value(problem.point))


def _named_failure(probe: ExactProbe | SmoothProbe, entry: WrongEntry, report: GradientReport) -> GradientReport:
    """The verdict *wrong*, with a guess at the mistake, and with all wrong entries where comparing them was
    cheap."""
    clauses, compared = guess_mistakes(probe)
    clauses.setdefault(entry.argument, "no simple pattern was recognised")
    report = replace(
        report,
        verdict="wrong",
        wrong=(entry,),
        guess="; ".join(f"{name}: {found}" for name, found in clauses.items()),
        wrong_in=tuple(clauses),
        right_in=tuple(name for name in probe.labels if name not in clauses),
        reproduce=partial(snippet, probe.problem, entry, exact=probe.exact),
    )
    if not compared:
        return report
    listed = with_wrong_entries(probe, compared, report)
    place = (entry.argument, entry.index)
    others = tuple(other for other in listed.wrong if (other.argument, other.index) != place)
    return replace(listed, wrong=(entry, *others)[:MOST_LISTED])


def _is_rounding(probe: ExactProbe, entry: WrongEntry) -> bool:
    """Whether most of this claimed gradient lies off the integers and the entry is off by rounding alone."""
    claimed = probe.claimed[probe.labels.index(entry.argument)]
    unit = 64 * float(np.finfo(claimed.dtype).eps)
    if abs(entry.claimed - entry.true) > unit * float(np.abs(claimed).max()):
        return False
    scaled = as_integers(claimed)
    return scaled is None and int((claimed != np.rint(claimed * 2.0**16) / 2.0**16).sum()) > claimed.size // 10


def limits(problem: Problem) -> tuple[str, ...]:
    """What no method here vouches for, and the arguments that were left out."""
    left_out = [f"{name} (excluded)" for name in problem.excluded]
    sizes = [array.size for array in problem.point]
    empty = [f"{problem.labels[k]} is empty: only its shape was compared" for k, size in enumerate(sizes) if size == 0]
    return (*left_out, *empty, *ALWAYS_UNSEEN)


def _blank(problem: Problem, method: str, why: str, unseen: tuple[str, ...]) -> GradientReport:
    return GradientReport(
        verdict="right",
        method=method,
        why=why,
        checked=problem.labels,
        entries=problem.size,
        not_checked=unseen,
        projections=1,
    )


# --- floating point at the caller's data ---


def check_smooth(problem: Problem, kind: Kind, reason: str, *, every_entry: bool, seed: int) -> GradientReport:
    """The report of the complex step or of central differences; NotAnalytic where the former does not apply."""
    passed = smooth_at_once(problem, seed) if kind == "complex" and not every_entry else None
    if passed is not None:
        report = _blank(problem, WAYS[kind].name, reason, limits(problem))
        return replace(report, tolerance=passed.tolerance, residual=passed.residual)
    ground = ground_at(problem, problem.point, seed)
    report = _blank(problem, WAYS[kind].name, reason, limits(problem))
    misfit = wrong_shapes(problem, ground.claimed)
    if misfit:
        return replace(report, verdict="wrong", guess=misfit)
    infinite = not_finite(problem, ground.claimed)
    if infinite:
        return replace(report, verdict="wrong", wrong=infinite, guess="a claimed gradient is NaN or infinite")
    if ground.start.size == 0:
        return without_output(report, ground)
    probe = smooth_probe(problem, kind, ground, problem.point, seed)
    found = probe.measure((None,) * len(problem.checked))
    if found.wrong or kind == "difference":
        _expect_repeatable(problem, ground.start)
    bent = _bends_or_not_analytic(probe, found, kind, seed)
    report = replace(report, projections=1, tolerance=found.tolerance, residual=float(found.residual))
    if bent:
        return _with_kinks(probe, kind, report, seed)
    if found.wrong:
        return _smooth_failure(probe, report)
    if too_coarse(probe, found):
        note = "differences at this point are too rough to decide: move the data away from the edge of its domain"
        return replace(report, verdict="undecided", notes=(note,))
    return compare_every_entry(probe, report) if every_entry else report


def _expect_repeatable(problem: Problem, start: Array) -> None:
    if not np.array_equal(start, problem.value(problem.point)):
        raise CheckInputError(
            "forward gives two answers for the same data; fix its random mask or seed before checking it"
        )


def _agrees(probe: SmoothProbe, directions: Arrays, look: Look) -> bool:
    """Whether the claim, which the complex step confirms, agrees with coarse real differences too; and not only because
    so much is allowed that many slopes of either sign would sum to as little."""
    weights = probe.sensitivity.astype(np.float64)
    claimed = sum(float(np.vdot(g, u)) for g, u in zip(probe.claimed, directions, strict=True))
    terms, allowed = weights * look.slope, float(np.vdot(np.abs(weights), look.error))
    largest = float(np.abs(terms).max(initial=0))
    # scaled, for squares of the smallest numbers are 0
    telling = largest == 0 or allowed <= COARSE * largest * float(np.linalg.norm(terms / largest))
    return telling and abs(float(terms.sum()) - claimed) <= allowed


def _bends_or_not_analytic(probe: SmoothProbe, found: Measurement, kind: Kind, seed: int) -> bool:
    """Whether the function has a kink at the point; NotAnalytic if the complex slope contradicts real values."""
    directions = proportional_directions(probe.at, seed)
    look = look_for_bends(probe.problem, probe.at, directions, probe.start)
    if look.bent.any() or kind == "difference":
        return bool(look.bent.any())
    if not found.wrong and _agrees(probe, directions, look):
        return False
    slope = COMPLEX_STEP.along(probe.problem, probe.at, directions, probe.start)
    if not (np.abs(look.slope - slope.values) <= look.error).all():
        # the quick look is coarse; a fine difference decides
        real = CENTRAL_DIFFERENCES.along(probe.problem, probe.at, directions, probe.start)
        loosest = 8 * real.error + 1e-6 * scale_of(real.values)
        if not (np.abs(real.values - slope.values) <= loosest).all():
            raise NotAnalytic("its complex slope contradicts its real values: it is not analytic")
    return False


def _smooth_failure(probe: SmoothProbe, report: GradientReport, positions: Positions | None = None) -> GradientReport:
    position, searched, alone = bisect(probe, positions)
    finding, noise = judge_entry(probe, position, alone)
    report = replace(report, searched=searched, projections=report.projections + searched)
    entry = entry_at(probe, position, alone)
    if finding == "mistake":
        return _named_failure(probe, entry, report)
    scale = abs(float(probe.step(probe.labels.index(entry.argument), entry.index)))
    noted = f"a residual of {float(alone.residual) / scale:.3g} at {entry.argument}{list(entry.index)}"
    if finding == "noise":
        note = f"{noted} is within the measured rounding noise ({noise / scale:.3g})"
        return _beside_the_noise(probe, replace(report, notes=(*report.notes, note)), positions, position)
    note = f"{noted} is neither clearly a mistake nor clearly rounding (measured noise {noise / scale:.3g})"
    return replace(report, verdict="undecided", notes=(*report.notes, note))


def _beside_the_noise(
    probe: SmoothProbe, report: GradientReport, positions: Positions | None, noisy: int
) -> GradientReport:
    """What is left when one entry was off by rounding alone: the others are still to be compared."""
    rest = np.arange(sum(g.size for g in probe.claimed)) if positions is None else positions
    rest = rest[rest != noisy]
    if not rest.size:
        return report
    masks = masks_of([g.shape for g in probe.claimed], rest)
    found = probe.measure(masks)
    report = replace(report, projections=report.projections + 1)
    if not found.wrong:
        return report
    allowed = found.tolerance + (0.0 if probe.fixed else ROUNDINGS * noise_of(probe, masks))
    weighed = replace(found, tolerance=allowed)
    if not weighed.wrong and (is_quiet(probe, masks, allowed) or not too_coarse(probe, weighed)):
        note = f"all others together are off within the rounding noise that was measured on them ({allowed:.3g})"
        return replace(report, tolerance=allowed, notes=(*report.notes, note))
    if len(report.notes) <= _MOST_NOISY:
        return _smooth_failure(probe, report, rest)
    note = "more entries are off than were weighed one by one"
    return replace(report, verdict="undecided", notes=(*report.notes, note))


# --- kinks and ties ---


def _with_kinks(probe: SmoothProbe, kind: Kind, report: GradientReport, seed: int) -> GradientReport:
    """A report for data at a kink: intervals there, the rest as usual, and the formula at a point moved off
    it."""
    report = _kinks_and_rest(probe, report, proportional_directions(probe.at, seed))
    if report.verdict == "wrong" or probe.problem.fixed:
        return report
    return _beside_the_kink(probe, kind, report, seed)


def _kinks_and_rest(probe: SmoothProbe, report: GradientReport, directions: Arrays) -> GradientReport:
    """The claim at the kinks, entry by entry and together, and a projection on all other entries."""
    problem, at = probe.problem, probe.at
    claim = Claim(probe.sensitivity, probe.start, probe.claimed)
    found = corners(problem, at, directions, claim)
    together = joint_kink(problem, at, found, claim)
    kinks = (*listed_kinks(problem, at, found, claim), *([together] if together else []))
    doubts = [f"kinks were not all found, so that nothing is said of them ({found.cut})"] if found.cut else []
    rest = np.setdiff1d(np.arange(sum(a.size for a in at)), found.entries)
    masks = masks_of([a.shape for a in at], rest)
    if not found.cut and _still_bends(probe, directions, masks):
        doubts.append("entries that do not bend one by one bend together; no subgradient was compared there")
    if len(found.entries) > len(kinks):
        report = replace(
            report, notes=(*report.notes, f"{len(found.entries)} entries stand at kinks; not all are listed")
        )
    if doubts or together or not found.inside.all():
        report = replace(report, verdict="undecided", notes=(*report.notes, *doubts))
    report = replace(report, kinks=kinks)
    if rest.size == 0 or doubts:
        return report
    measured = probe.measure(masks)
    return _smooth_failure(probe, report, rest) if measured.wrong else report


def _still_bends(probe: SmoothProbe, directions: Arrays, masks: tuple[Array, ...]) -> bool:
    rest = tuple(u * mask for u, mask in zip(directions, masks, strict=True))
    return any(u.any() for u in rest) and bool(bends(probe.problem, probe.at, rest, probe.start).any())


def _beside_the_kink(probe: SmoothProbe, kind: Kind, report: GradientReport, seed: int) -> GradientReport:
    """The same check at points moved by a hundredth of the data's scale, where a derivative exists."""
    problem = probe.problem
    for attempt in range(3):
        line = random_directions(probe.at, seed + 31 * (attempt + 1))
        at = tuple((a + u / 128).astype(a.dtype) for a, u in zip(probe.at, line, strict=True))
        moved = smooth_probe(problem, kind, ground_at(problem, at, seed), at, seed)
        if bends(problem, at, proportional_directions(at, seed), moved.start).any():
            continue
        found = moved.measure((None,) * len(problem.checked))
        report = replace(report, projections=report.projections + 1, tolerance=found.tolerance)
        if found.wrong:
            return _smooth_failure(moved, report)
        note = "the formula was checked at data moved by 1/128 of its scale, off the kinks"
        return replace(report, notes=(*report.notes, note))
    note = "kinks lie so dense that no smooth point was found beside the data"
    return replace(report, verdict="undecided", notes=(*report.notes, note))


def _at_the_data(problem: Problem, report: GradientReport, seed: int, *, polynomial: bool) -> GradientReport:
    """After an exact pass at integers that need not behave like the caller's data: kinks there, and a comparison.

    A clamp, a dead zone or a branch on the size of the data may lie between the two. polynomial: of degree two at the
    integers, so that it should be so here.
    """
    ground = ground_at(problem, problem.point, seed)
    directions = proportional_directions(problem.point, seed)
    tolerance = _long_difference(problem, ground, directions) if polynomial else None
    if tolerance is not None:
        return _with_note(report, "a difference over a long step, and agreed", tolerance)
    probe = smooth_probe(problem, "difference", ground, problem.point, seed)
    if bends(problem, problem.point, directions, ground.start).any():
        return _kinks_and_rest(probe, report, directions)
    found = probe.measure((None,) * len(problem.checked))
    if found.wrong:
        return _smooth_failure(probe, replace(report, projections=report.projections + 1))
    if too_coarse(probe, found):
        report = replace(report, verdict="undecided")
        return _with_note(report, "differences, too coarsely to tell", found.tolerance)
    return _with_note(report, "differences, and agreed", found.tolerance)


def _with_note(report: GradientReport, how: str, tolerance: float) -> GradientReport:
    note = f"at the caller's own values one projection was compared by {how} ({tolerance:.3g})"
    return replace(report, notes=(*report.notes, note), projections=report.projections + 1)


def _long_difference(problem: Problem, ground: Ground, directions: Arrays) -> float | None:
    """The rounding within which  ⟨g, v⟩ = ⟨delta, f(x + v) − f(x − v)⟩ / 2  holds, as it does for every polynomial of
    degree two, for v half of each entry; None where it does not hold."""
    at, half = problem.point, [u / 2 for u in directions]
    try:
        with np.errstate(all="ignore"):
            ahead = problem.value([np.asarray(a + v, dtype=a.dtype) for a, v in zip(at, half, strict=True)])
            back = problem.value([np.asarray(a - v, dtype=a.dtype) for a, v in zip(at, half, strict=True)])
            if ahead.shape != ground.start.shape or back.shape != ground.start.shape:
                return None
            weights = ground.sensitivity.astype(np.float64) / 2
            ends = np.concatenate([(weights * ahead).ravel(), (-weights * back).ravel()])
            products = np.concatenate([(g * v).ravel() for g, v in zip(ground.claimed, half, strict=True)])
            residual = abs(float(products.sum()) - float(ends.sum()))
            eps = max(float(np.finfo(a.dtype).eps) for a in (*at, ahead, back))
            tolerance = ROUNDINGS * eps * math.sqrt(float(ends.dot(ends)) + float(products.dot(products)))
    except Exception:
        return None
    return tolerance if residual <= tolerance else None


__all__ = ["Kink", "check_exact", "check_smooth", "exact_report", "limits", "wrong_shapes"]
