"""What a gradient check found: frozen records, and their text as a pure function of them.

Why: a check that only says yes or no cannot be trusted. The record names the method and why no stronger one
applied, the tolerance and where it came from, every wrong entry, every kink, and all that was left unchecked.

Law: three verdicts. *right*: nothing beyond the tolerance was found by the method named. *wrong*: at least
one entry differs by more than rounding can explain (or has the wrong shape). *undecided*: something was seen
that the method cannot judge, and the report says what.

What it cannot see: whether the loss was worth minimising.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Literal

Verdict = Literal["right", "wrong", "undecided"]
Number = float | Fraction


class GradientError(AssertionError):
    """A claimed gradient is wrong or could not be decided; the text is the report."""


class CheckInputError(ValueError):
    """What was handed over cannot be checked; the text says what was expected and the smallest fix."""


@dataclass(frozen=True)
class Measurement:
    """One projection: the directional derivative ⟨delta, J u⟩, what the claim says ⟨g, u⟩, and how far two
    right computations of them may lie apart."""

    true: Number
    claimed: Number
    tolerance: float

    @property
    def residual(self) -> Number:
        """Claimed minus true."""
        return self.claimed - self.true

    @property
    def wrong(self) -> bool:
        """True where the residual exceeds the tolerance, or is not a number."""
        residual = self.residual
        if isinstance(residual, Fraction):
            return abs(residual) > Fraction(self.tolerance)
        return not abs(residual) <= self.tolerance


@dataclass(frozen=True)
class WrongEntry:
    """One entry of one claimed gradient that is wrong: its place, the true value and the claimed one, at the
    data that the method used (integers for the exact method, the caller's arrays otherwise)."""

    argument: str
    index: tuple[int, ...]
    true: float
    claimed: float

    @property
    def ratio(self) -> float | None:
        """Claimed over true; None where the true value is 0."""
        return self.claimed / self.true if self.true != 0 else None

    def __str__(self) -> str:
        return self.text(17)

    def text(self, digits: int) -> str:
        """The entry with so many digits; more where the two values would look the same."""
        while digits < 17 and f"{self.true:.{digits}g}" == f"{self.claimed:.{digits}g}":
            digits += 1
        ratio = "true value is 0" if self.ratio is None else f"ratio {self.ratio:.{digits}g}"
        place = f"[{', '.join(map(str, self.index))}]" if self.index else ""
        return f"{self.argument}{place}: true {self.true:.{digits}g}, claimed {self.claimed:.{digits}g} ({ratio})"


@dataclass(frozen=True)
class Kink:
    """One entry at which the function has no derivative, with the interval of its valid subgradients (between
    the two one-sided derivatives) and what was claimed there."""

    argument: str
    index: tuple[int, ...]
    low: float
    high: float
    claimed: float
    tolerance: float

    @property
    def inside(self) -> bool:
        """Whether the claimed value is one of the valid subgradients, up to rounding."""
        return self.low - self.tolerance <= self.claimed <= self.high + self.tolerance

    def __str__(self) -> str:
        place = f"[{', '.join(map(str, self.index))}]" if self.index else ""
        word = "is inside" if self.inside else "is OUTSIDE"
        return (
            f"{self.argument}{place}: claimed {self.claimed:.6g} {word} the interval of subgradients "
            f"[{self.low:.6g}, {self.high:.6g}]"
        )


@dataclass(frozen=True, repr=False)
class GradientReport:
    """Everything that one `check_gradient` found. True where the verdict is *right*, else False.

    method       the strongest method that applied
    why          why no stronger one did, or what was tested before it was trusted
    checked      names of the arguments whose gradient was checked
    not_checked  what this report does not vouch for
    wrong        wrong entries found by bisection (or all of them, with every_entry=True, up to 20)
    wrong_count  how many entries are wrong, or None where they were not all compared
    guess        what the mistake looks like, or ""
    kinks        entries without a derivative
    tolerance    of the last comparison; 0 for exact integers
    residual     claimed minus true of the last comparison
    projections  directional derivatives spent
    searched     of these, how many the search for the first wrong entry spent
    wrong_in     names of the arguments whose gradient is wrong
    at           the shapes, where many were generated
    right_in     names of those that were compared and found right beside them
    """

    verdict: Verdict
    method: str
    why: str
    checked: tuple[str, ...]
    not_checked: tuple[str, ...] = ()
    wrong: tuple[WrongEntry, ...] = ()
    wrong_count: int | None = None
    guess: str = ""
    kinks: tuple[Kink, ...] = ()
    tolerance: float = 0.0
    residual: float = 0.0
    entries: int = 0
    every_entry: bool = False
    projections: int = 0
    searched: int = 0
    notes: tuple[str, ...] = field(default=())
    wrong_in: tuple[str, ...] = ()
    right_in: tuple[str, ...] = ()
    at: str = ""
    reproduce: Callable[[], str] | None = field(default=None, compare=False)

    def __bool__(self) -> bool:
        return self.verdict == "right"

    def __repr__(self) -> str:  # what a failing `assert check_gradient(...)` shows of it
        return f"<{' '.join(each.strip() for each in text(self).splitlines()[: 3 if self.wrong else 1])}>"

    def __str__(self) -> str:
        return text(self)

    @property
    def details(self) -> str:
        """All that was found, every digit, and all that was left unchecked, as lines for a terminal."""
        return text(self, verbose=True)

    @property
    def snippet(self) -> str:
        """Lines of NumPy that show the disagreement, to paste where forward and backward are at hand; "" where no entry
        is wrong. The functions are called, to see that it shows."""
        return self.reproduce() if self.reproduce and self.wrong else ""

    def _repr_html_(self) -> str:
        return page(self)

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(text(self))

    def require(self) -> GradientReport:
        """This report, if its verdict is *right*; else raise GradientError with the report's text."""
        if not self:
            raise GradientError(text(self))
        return self


def page(report: GradientReport) -> str:
    """The report for a notebook: the verdict as a badge, the wrong entries as a table, the rest as on a terminal."""
    from html import escape

    colour = {"right": "#1b6e3c", "wrong": "#a32638"}.get(report.verdict, "#8a6100")
    sign = {"right": "✓", "wrong": "✗"}.get(report.verdict, "?")
    head, *lines = text(report).split("\n")
    entries = [(f"{entry.argument}{list(entry.index) if entry.index else ''}", entry) for entry in report.wrong]
    rows = "".join(
        f"<tr><td>{escape(name)}</td><td>{entry.true:.9g}</td><td>{entry.claimed:.9g}</td></tr>"
        for name, entry in entries
    )
    table = f"<table><tr><th>entry</th><th>true</th><th>claimed</th></tr>{rows}</table>" if rows else ""
    shown = tuple(f"{name}: true " for name, _ in entries)  # what the table says already
    rest = "".join(f"<div>{escape(line.strip())}</div>" for line in lines if not line.strip().startswith(shown))
    badge = f"<b style='color:{colour}'>{sign} {escape(head)}</b>"
    return f"<div>{badge}{table}<div style='font-size:.9em'>{rest}</div></div>"


# entries and kinks in the short text
_SHOWN, _DIGITS = 5, 6


def text(report: GradientReport, *, verbose: bool = False) -> str:
    """The report as lines for a terminal: what is wrong, what it looks like, five entries; or everything."""
    lines = [f"gradient {report.verdict}: {_face(report)}"]
    if report.guess:
        lines.append(f"  looks like: {report.guess}")
    shown = len(report.wrong) if verbose else _SHOWN
    lines += [f"  {entry if verbose else entry.text(_DIGITS)}" for entry in report.wrong[:shown]]
    count = report.wrong_count or len(report.wrong)
    if count > min(shown, len(report.wrong)):
        lines.append(f"  … {count} wrong entries in all")
    lines += _of_kinks(report, verbose)
    if report.verdict == "undecided" or verbose:
        lines += [f"  note: {note}" for note in report.notes]
    lines.append(f"  {_extent(report)}")
    if verbose:
        lines.append(f"  method: {report.why}")
    lines += [f"  not checked: {item}" for item in report.not_checked]
    if report.wrong and not verbose:
        lines.append("  more: print(report.details); to reproduce: print(report.snippet)")
    return "\n".join(lines)


def _face(report: GradientReport) -> str:
    """Names of the arguments: those that are wrong, then those that are right."""
    if report.verdict != "wrong" or not report.wrong_in:
        return ", ".join(report.checked) or "nothing"
    right = f"; {', '.join(report.right_in)} right" if report.right_in else ""
    return f"{', '.join(report.wrong_in)}{right}"


def _of_kinks(report: GradientReport, verbose: bool) -> list[str]:
    if not report.kinks:
        return []
    # those outside of their interval are why nothing was decided
    kinks = sorted(report.kinks, key=lambda kink: kink.inside)
    shown = kinks if verbose else kinks[:_SHOWN]
    lines = ["  kinks or ties, where there is no derivative but an interval of subgradients:"]
    lines += [f"    {kink}" for kink in shown]
    return lines if len(shown) == len(kinks) else [*lines, f"    … {len(kinks)} in all"]


def _extent(report: GradientReport) -> str:
    how = "every entry by itself" if report.every_entry else "one random projection"
    tolerance = "" if report.tolerance == 0 else f", tolerance {report.tolerance:.3g}"
    return f"by {report.method}: {report.entries} entries, {how}{tolerance}"
