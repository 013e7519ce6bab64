"""What the wrong entries of a gradient have in common, in one line: where they lie and what stands there.

Why: forty wrong entries are a list; "0 in the last of 7 slices along axis 2: tail missing" is a diagnosis.

Law: every sentence states a fact about claimed and true values that was compared entry by entry.

What it cannot see: causes that leave no trace in the values of this one argument.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from numeric.checkers.localise import Mask
from numeric.checkers.problem import Array


def describe_pattern(claimed: Array, true: Array, off: Mask) -> str:
    """Where the wrong entries lie, and how the claimed values relate to the true ones there.

    >>> true = np.arange(1.0, 7.0).reshape(2, 3)
    >>> claimed = true.copy()
    >>> claimed[:, 2] = 0
    >>> describe_pattern(claimed, true, claimed != true)
    'tail missing: 0 in the last of 3 slices along axis 1'
    """
    return _rearranged(claimed, true) or f"{_what(claimed, true, off)} {_where(off)}"


def _where(off: Mask) -> str:
    """The place of the wrong entries in words."""
    count = int(off.sum())
    if count == off.size:
        return "in every entry"
    if count == 1:
        return f"in one entry only, {tuple(int(i) for i in np.argwhere(off)[0])}"
    if _is_border(off):
        return "in the border of the last two axes"
    places = [place for axis in range(off.ndim) if (place := _along(off, axis))]
    return "in " + " and ".join(places) if places else f"in {count} of {off.size} entries"


def _is_border(off: Mask) -> bool:
    """Whether all wrong entries lie on all four sides of the last two axes, and nowhere else."""
    if off.ndim < 2 or min(off.shape[-2:]) < 3:
        return False
    sides: Mask = np.asarray(off.reshape(-1, *off.shape[-2:]).any(axis=0))
    return not sides[1:-1, 1:-1].any() and all(
        side.any() for side in (sides[0, 1:-1], sides[-1, 1:-1], sides[1:-1, 0], sides[1:-1, -1])
    )


def fills_slices(off: Mask) -> bool:
    """Whether the wrong entries are confined to some of the slices along an axis, or to the border."""
    return _is_border(off) or any(not _slices(off, axis).all() for axis in range(off.ndim))


def _slices(off: Mask, axis: int) -> Mask:
    """For each index along the axis: is anything wrong there?"""
    return np.asarray(off.any(axis=tuple(a for a in range(off.ndim) if a != axis)))


def _along(off: Mask, axis: int) -> str:
    wrong = _slices(off, axis)
    hit = np.flatnonzero(wrong)
    length, first, last = len(wrong), int(hit[0]), int(hit[-1])
    if len(hit) == length:
        return ""
    if len(hit) == last - first + 1:
        if last == length - 1:
            return f"the last {_of(len(hit), length)} along axis {axis}"
        if first == 0:
            return f"the first {_of(len(hit), length)} along axis {axis}"
        return f"slices {first} to {last} along axis {axis}" if first < last else f"slice {first} along axis {axis}"
    steps = np.unique(np.diff(hit))
    if len(steps) == 1 and len(hit) > 2:
        return f"one slice in {int(steps[0])}, from {first}, along axis {axis}"
    return f"slices {', '.join(map(str, hit[:6].tolist()))}{'…' if len(hit) > 6 else ''} along axis {axis}"


def _of(count: int, length: int) -> str:
    return f"of {length} slices" if count == 1 else f"{count} of {length} slices"


def _what(claimed: Array, true: Array, off: Mask) -> str:
    """What the claimed values are, where they are wrong."""
    mine, right = claimed[off], true[off]
    if not np.isfinite(mine).all():
        return "not finite"
    if not mine.any():
        return "dropped: 0" if off.sum() == 1 or not _is_tail(off) else "tail missing: 0"
    if not right.any():
        return "should be 0 but is not,"
    ratio = constant_ratio(mine, right)
    if ratio:
        return f"scaled by {ratio}"
    if np.allclose(mine - right, (mine - right)[0], rtol=1e-9, atol=0):
        return f"too large by the constant {(mine - right)[0]:.6g}"
    if (np.abs(mine) <= np.abs(right) * (1 + 1e-9)).all() and (mine * right >= 0).all():
        return "some terms of the sum are missing: too small"
    return "wrong"


def _is_tail(off: Mask) -> bool:
    """Whether the wrong entries fill the end of some axis, as rows that no window reached would."""
    for axis in range(off.ndim):
        hit = np.flatnonzero(_slices(off, axis))
        if 0 < len(hit) < off.shape[axis] and hit[-1] == off.shape[axis] - 1 and len(hit) == hit[-1] - hit[0] + 1:
            return True
    return False


def constant_ratio(mine: Array, right: Array) -> str:
    """The ratio claimed/true as a fraction or a number, if it is one constant."""
    if (right == 0).any():
        return ""
    ratios = mine / right
    if not np.allclose(ratios, ratios[0], rtol=1e-9, atol=0):
        return ""
    return constant_text(float(np.median(ratios)))


def constant_text(ratio: float) -> str:
    """A ratio as a small fraction where it is one.

    >>> constant_text(1 / 9), constant_text(1 + 1e-9), constant_text(0.1234567891)
    ('the constant 1/9', 'the constant 1 + 1e-09', 'the constant 0.1234567891')
    """
    if 0 < abs(ratio - 1) < 1e-5:
        return f"the constant 1 {'+' if ratio > 1 else '-'} {abs(ratio - 1):.3g}"
    simple = Fraction(ratio).limit_denominator(1024)
    if simple != 0 and abs(float(simple) / ratio - 1) < 1e-10:
        return f"the constant {simple}"
    return f"the constant {ratio:.12g}"


def _rearranged(claimed: Array, true: Array) -> str:
    """Whole slices in another order, or one slice repeated, or sums in place of slices."""
    for axis in range(true.ndim):
        length = true.shape[axis]
        if length < 2:
            continue
        mine, right = np.moveaxis(claimed, axis, 0), np.moveaxis(true, axis, 0)
        order = _order(mine, right)
        if order:
            return f"slices along axis {axis} are permuted: {order}"
        if all(np.array_equal(mine[0], other) for other in mine[1:]) and mine[0].any():
            total = right.sum(axis=0)
            for name, value in (("their sum", total), ("their mean", total / length)):
                if np.allclose(mine[0], value, rtol=1e-9, atol=0):
                    return f"slices along axis {axis} are all equal to {name}"
            return f"slices along axis {axis} are all equal"
    return ""


def _order(mine: Array, right: Array) -> str:
    order = []
    for part in mine:
        matches = [j for j, other in enumerate(right) if np.allclose(part, other, rtol=1e-9, atol=0)]
        if len(matches) != 1 or not part.any():
            return ""
        order.append(matches[0])
    if sorted(order) != list(range(len(right))) or order == list(range(len(right))):
        return ""
    return ", ".join(map(str, order[:8])) + ("…" if len(order) > 8 else "")
