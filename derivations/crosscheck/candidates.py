"""Many formulas compared with one side of a link: a sieve in front of the kernel.

Why: a search for the nearest true formula proposes hundreds of right sides for one left side. The left side, usually
a gradient by perturbation, is computed once for each choice of sizes; a wrong proposal ends at the first of them.

Law: what passes here is a proposal. It agrees at a few sizes on random data, no more; the kernel decides.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np
from sympy import Symbol

from derivations.crosscheck.comparison import Comparison, _compare_all, free_grid, side
from derivations.crosscheck.data import Manner, Vacuous, data_for, ingredients, satisfied, scope_for
from derivations.crosscheck.evaluate import KinkCrossed, Scope
from derivations.crosscheck.sizes import Sizes
from derivations.crosscheck.values import NotEvaluable, NotExact, TooLarge
from derivations.formulas.claims import Claim, Link
from derivations.formulas.expressions import Expression, ShapeError, Tensor
from numeric.operators import Array, DoesNotExist, Tie

# What a proposal may fail with; it is then no proposal. A KeyError: it mentions what has no data.
FAILURES = (
    DoesNotExist, NotEvaluable, NotExact, TooLarge, Tie, KinkCrossed, Vacuous, ShapeError, ZeroDivisionError,
    FloatingPointError, KeyError, IndexError, ValueError, TypeError, OverflowError,
)  # fmt: skip
ATTEMPTS = 4
LARGEST_DIVISOR = 1000  # of a ratio of floating values
CLOSE = 1e-9  # how far they may be from it


@dataclass
class Place:
    """One choice of sizes and data, with what has been computed there."""

    sizes: Sizes
    scope: Scope
    indices: dict[str, Array]
    count: int
    exact: bool


class Sieve:
    """Compares proposals with the sides of a link at some sizes; sizes at which nothing can be computed are left
    out."""

    def __init__(self, claim: Claim, link: Link, sizes: Sequence[Mapping[str, int]], seed: int = 0) -> None:
        self.places: list[Place] = []
        data = tuple(value for value in claim.context.names.values() if isinstance(value, Tensor))
        wide = replace(link, supposed=(*link.supposed, *data))
        for one in sizes:
            place = _place(claim, link, wide, dict(one), seed) or _place(claim, link, link, dict(one), seed)
            if place is not None:
                self.places.append(place)

    def agree(self, link: Link) -> bool:
        """Whether both sides of the link exist and agree at every place, and there are places."""
        return bool(self.places) and all(_agree(link, place) for place in self.places)

    def fits(self, link: Link) -> bool:
        """Whether both sides exist and have one shape at every place, and there are places."""
        return bool(self.places) and all(_fits(link, place) for place in self.places)

    def value(self, node: Expression) -> tuple[tuple[int, ...], list[Fraction]] | None:
        """The shape and the numbers that a formula without data and sizes is, or simple fractions near them."""
        if node.atoms(Tensor, Symbol) or not self.places:
            return None
        array = _entries(node, self.places[0])
        if array is None or array.dtype.kind == "c":
            return None
        entries = array[:1, :1].ravel()
        if array.dtype.kind == "f" and not np.isfinite(entries).all():
            return None
        return array.shape[2:], [Fraction(entry).limit_denominator(LARGEST_DIVISOR) for entry in entries.tolist()]

    def ratios(self, link: Link) -> tuple[Fraction, ...] | None:
        """left / right at each place if that is one number there, other than 0; else None."""
        found = []
        for place in self.places:
            ratio = _ratio(link, place)
            if ratio is None:
                return None
            found.append(ratio)
        return tuple(found)


def _place(claim: Claim, link: Link, wide: Link, sizes: Sizes, seed: int) -> Place | None:
    needs = ingredients(claim, wide)
    for attempt in range(ATTEMPTS):
        for exact in (True, False):
            manner = Manner(
                exact, needs.kinked or bool(needs.assumptions), attempt >= ATTEMPTS // 2, seed * 1009 + attempt,
                scale=needs.scale,
            )  # fmt: skip
            try:
                with np.errstate(all="ignore"):
                    data = data_for(needs, sizes, manner)
                    if needs.assumptions and not satisfied(needs, sizes, data, exact).all():
                        continue
                    scope = scope_for(needs, sizes, data, exact)
                    indices, count = free_grid(link, sizes)
                    if not count:
                        return None
                    side(link.left, scope, indices, count)
                    side(link.right, scope, indices, count)
                return Place(sizes, scope, indices, count, exact)
            except FAILURES:
                continue
    return None


def _agree(link: Link, place: Place) -> bool:
    found = _comparison(link, place)
    # what floating point cannot tell, the kernel will
    return found is not None and (found.agree is True or (found.agree is None and found.error <= CLOSE))


def _fits(link: Link, place: Place) -> bool:
    found = _comparison(link, place)
    return found is not None and not found.differs_in_shape


def _comparison(link: Link, place: Place) -> Comparison | None:
    """The sides compared at a place. What entries one proposal misses is no concern of the next one's."""
    scope = replace(place.scope, missing=[])
    try:
        with np.errstate(all="ignore"):
            return _compare_all(link, scope, place.indices, place.count)
    except FAILURES:
        return None


def _ratio(link: Link, place: Place) -> Fraction | None:
    """left / right where it is the same number for all entries; of floating values, the simple fraction nearest to
    it."""
    left, right = (_entries(part, place) for part in (link.left, link.right))
    if left is None or right is None or left.size != right.size or not left.size:
        return None
    if left.shape != right.shape and {left.shape[2:], right.shape[2:]} != {(), (1, 1)}:
        return None
    left, right = left.ravel(), right.ravel()
    if left.dtype.kind in "fc" or right.dtype.kind in "fc":
        return _floating_ratio(left, right)
    pairs = list(zip(left.tolist(), right.tolist(), strict=True))
    first = next(((p, q) for p, q in pairs if q != 0), None)
    if first is None or first[0] == 0:
        return None
    ratio = Fraction(first[0]) / Fraction(first[1])
    return ratio if all(p == ratio * q for p, q in pairs) else None


def _floating_ratio(left: Array, right: Array) -> Fraction | None:
    left, right = left.astype(np.float64), right.astype(np.float64)
    at = int(np.abs(right).argmax())
    if not (np.isfinite(left).all() and np.isfinite(right).all() and right[at]):
        return None
    ratio = Fraction(float(left[at] / right[at])).limit_denominator(LARGEST_DIVISOR)
    scale = max(float(np.abs(left).max()), 1.0)
    return ratio if ratio and bool((np.abs(left - float(ratio) * right) <= CLOSE * scale).all()) else None


def _entries(part: Expression, place: Place) -> Any:
    try:
        with np.errstate(all="ignore"):
            found = side(part, replace(place.scope, missing=[]), place.indices, place.count)
    except FAILURES:
        return None
    if found.value is None or found.absent.any():
        return None
    array = found.value.array
    # One sample is enough for a proposal, and the same one on both sides.
    return np.broadcast_to(array[:1], (1, place.count, *array.shape[2:]))
