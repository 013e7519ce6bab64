"""The exact check as one equality along one random line of integers: what passes here needs no closer look.

Why: where a layer takes microseconds, the price of a check is that of the operations around its calls.

Law:  ⟨delta, φ(1)⟩ − ⟨delta, φ(−1)⟩ − 2⟨g, u⟩ = 0  holds for the true gradient g of a polynomial of degree two; if φ
has another odd part, the left side is a function of u that is not linear, and 0 at random integers is an accident of
probability below 2**(2−bits). All numbers are laid end to end and must be whole on one grid with two bits to spare.
Where the equality fails nothing is known yet: the closer look decides and explains.

What it cannot see: what `exact` cannot see.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import numpy as np

from numeric.checkers.exact import expect_no_steps, sensitivity_at
from numeric.checkers.lattice import (
    USABLE_BITS,
    as_integers,
    integer_inner,
    same_number,
    spares_bits,
    times_power_of_two,
    whole_on_a_grid,
)
from numeric.checkers.points import FINE, Point, large_point
from numeric.checkers.problem import FLOAT64, Array, Backward, Block, Forward, Problem, is_doubles, layout_of

Answer = Literal["equal", "unequal", "not integers"]
_FEW_ENTRIES = 16
# a square of the norm from which on the products with powers of two are finite
_LEAST = 1e-200


def equal_in_doubles(forward: Forward, backward: Backward, block: Block, seed: int) -> Point | Answer | None:
    """`equal_at_once` before anything else was looked at; None where something is unusual."""
    place = large_point(block.layout, FLOAT64.char * len(block.tops), block.tops, seed)
    with np.errstate(all="ignore"):
        try:
            answer = _along(forward, backward, place)
        except Exception:
            return None
    return place if answer == "equal" else answer


def _along(forward: Forward, backward: Backward, place: Point) -> Answer | None:
    here, ahead, back = place.three
    # the caller's functions one after the other: what runs in between makes them slower
    plus = forward(*[a.copy() for a in ahead])
    if not is_doubles(plus) or not plus.size:
        return None
    # two tell at once what the comparison would say after a gradient was computed
    if not (spares_bits(plus.item(0)) and spares_bits(plus.item(-1))):
        return "not integers"
    count = plus.size
    weights = place.weights(plus.shape)
    ends = np.zeros(weights.digits.shape[1])
    # what forward returned may be overwritten by its next call
    unit, *powers = weights.powers
    np.multiply(plus.reshape(-1), unit, out=ends[:count])
    minus = forward(*[a.copy() for a in back])
    if not is_doubles(minus) or minus.shape != plus.shape:
        return None
    np.multiply(minus.reshape(-1), unit, out=ends[count : 2 * count])
    if ends[0] == ends[count] and _the_same(ends[:count], ends[count : 2 * count]):
        return None
    # before a forward pass at this point: a pair that caches one fails here and is then served in order
    claimed = backward(weights.delta.copy(), *[a.copy() for a in here])
    if not isinstance(claimed, tuple | list) or len(claimed) != len(here):
        return None
    for g, a, part, power in zip(claimed, here, weights.parts, powers, strict=True):
        if not is_doubles(g) or g.shape != a.shape:
            return None
        np.multiply(g.reshape(-1), power, out=ends[part])
        # where nothing of it moves, it may saturate at these integers: 0 = 0 says nothing
        if not g.item(0) and not g.any():
            return None
    square = weights.norm_squared(ends)
    if not _LEAST < square < 4.0**weights.bits:
        return None
    # the norm, and so each number, is below 2**bits units of the grid on which all must be whole; by a factor of at
    # least 1, as above, so that nothing is rounded to 0
    ends *= 2.0 ** (weights.bits - (math.frexp(square)[1] + 1) // 2)
    if np.count_nonzero(np.rint(ends) != ends):
        return None
    return "equal" if weights.sums_to_zero(ends) else None


def _the_same(plus: Array, minus: Array) -> bool:
    """Whether nothing moves along the line: a constant, or a function that saturates, for which 0 = 0 says nothing."""
    return np.array_equal(plus, minus)


def equal_at_once(problem: Problem, seed: int) -> Point | Answer:
    """The integer point at which the claim equals the difference along a random line exactly, or what happened."""
    if problem.fixed:
        return "unequal"
    layout, types = layout_of(problem.shapes), problem.types
    place = large_point(layout, types, problem.tops, seed)
    # few bits leave room for an accident; three lines do not
    more = () if place.bits >= FINE else (seed + 100, seed + 200)
    with np.errstate(all="ignore"):
        for each in (place, *[large_point(layout, types, problem.tops, s) for s in more]):
            try:
                answer = _equal_along(problem, each, look_between=each is place)
            except Exception:
                answer = "unequal"
            if answer != "equal":
                return answer
    return place


def is_small(entries: int) -> bool:
    """Whether so few entries move that one line may miss a piece of a piecewise function by accident."""
    return entries <= _FEW_ENTRIES


def like_the_data(place: Point, tops: Sequence[float]) -> bool:
    """Whether the integers are of the size of the caller's data, argument by argument."""
    return all(map(_alike, place.reaches, tops))


def _alike(reach: float, top: float) -> bool:
    return top <= reach and (top == 0 or reach <= 128 * top)


def _equal_along(problem: Problem, place: Point, *, look_between: bool) -> Answer:
    here, ahead, back = place.three
    plus = problem.value(ahead)
    if not plus.size or plus.dtype not in USABLE_BITS:
        return "unequal"
    if not whole_on_a_grid(plus.reshape(-1)[:4]):
        return "not integers"
    minus = problem.value(back)
    if plus.shape != minus.shape or plus.dtype != minus.dtype:
        return "unequal"
    delta = sensitivity_at(problem, place, plus)
    claimed = problem.gradients(delta.floats(plus.dtype), here)
    if tuple([g.shape for g in claimed]) != problem.shapes:
        return "unequal"
    if _the_same(plus, minus) or not all(g.any() for g in claimed if g.size):
        return "unequal"
    slope = as_integers(plus - minus)
    if slope is None or as_integers(plus) is None:
        return "not integers"
    scaled = [times_power_of_two(g, s.exponent).ravel() for g, s in zip(claimed, place.step, strict=True)]
    joint = as_integers(np.concatenate(scaled))
    if joint is None:
        return "unequal"
    total, exponent = integer_inner(delta, slope)
    if not same_number(integer_inner(joint, place.joint_step), (total, exponent - 1)):
        return "unequal"
    if place.bits < FINE and look_between:
        expect_no_steps(problem, place, (None,) * len(place.values), plus, minus)
    return "equal"
