"""What a mistake looks like: candidate corrections, each tested against the true projection.

Why: "mismatch" starts an afternoon; "right when rotated by 180°" ends it.

Law: a guess is printed only if the corrected gradient satisfies the projections that the claimed one fails (exactly,
or within the tolerance), so that a guess is as well founded as the verdict.

What it cannot see: mistakes outside its tables; then it describes where the wrong entries lie.
"""

from __future__ import annotations

from numeric.checkers.localise import Probe
from numeric.checkers.report import WrongEntry


def guess_mistake(probe: Probe, entry: WrongEntry) -> str:
    """One line for each argument that is wrong, or "" where nothing in the tables fits."""
    return ""
