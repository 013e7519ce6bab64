"""What a gradient check found: frozen records, and their text as a pure function of them.

Why: a check that only says yes or no cannot be trusted. The record names the method and why no stronger one
applied, the tolerance and where it came from, every wrong entry, every kink, and all that was left unchecked.

Law: three verdicts. *right*: nothing beyond the tolerance was found by the method named. *wrong*: at least
one entry differs by more than rounding can explain (or has the wrong shape). *undecided*: something was seen
that the method cannot judge, and the report says what.

What it cannot see: whether the loss was worth minimising.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal

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
        ratio = "true value is 0" if self.ratio is None else f"ratio {self.ratio:.17g}"
        place = f"[{', '.join(map(str, self.index))}]" if self.index else ""
        return f"{self.argument}{place}: true {self.true:.17g}, claimed {self.claimed:.17g} ({ratio})"


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


@dataclass(frozen=True)
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

    def __bool__(self) -> bool:
        return self.verdict == "right"

    def __str__(self) -> str:
        return text(self)

    def require(self) -> GradientReport:
        """This report, if its verdict is *right*; else raise GradientError with the report's text."""
        if not self:
            raise GradientError(text(self))
        return self


def text(report: GradientReport) -> str:
    """The report as lines for a terminal."""
    lines = [f"gradient {report.verdict}: {_extent(report)}", f"  method: {report.method}; {report.why}"]
    if report.wrong:
        total = "" if report.wrong_count is None else f" ({report.wrong_count} wrong in all)"
        lines.append(f"  wrong entries{total}:")
        lines += [f"    {entry}" for entry in report.wrong]
    if report.guess:
        lines.append(f"  looks like: {report.guess}")
    if report.kinks:
        lines.append("  kinks or ties, where there is no derivative but an interval of subgradients:")
        lines += [f"    {kink}" for kink in report.kinks]
    lines += [f"  note: {note}" for note in report.notes]
    lines += [f"  not checked: {item}" for item in report.not_checked]
    return "\n".join(lines)


def _extent(report: GradientReport) -> str:
    how = "every entry by itself" if report.every_entry else "one random projection"
    names = ", ".join(report.checked) or "nothing"
    tolerance = "zero tolerance" if report.tolerance == 0 else f"tolerance {report.tolerance:.3g}"
    return f"{names} ({report.entries} entries, {how}, {tolerance})"
