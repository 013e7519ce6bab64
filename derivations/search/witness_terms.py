"""Where an affine goal fails, as terms in the sizes: isl's smallest failing point of every size, piece by piece.

These are proposals for the instances of a refutation; nothing here need be right.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from derivations.core.names import Name
from derivations.core.terms import Int

PIECES = 24  # of the smallest point; more are no answer that serves many sizes


def smallest_points(points: Any, symbols: Sequence[Name], sizes: Sequence[Name]) -> Iterator[dict[Name, Int]]:
    """For each piece of sizes, the lexicographically smallest point of an isl set over (sizes, other symbols)."""
    import islpy as isl

    count = len(sizes)
    if len(symbols) == count:
        return
    moved = points.move_dims(isl.dim_type.param, 0, isl.dim_type.set, 0, count)
    for number in range(count):
        moved = moved.set_dim_name(isl.dim_type.param, number, f"size{number}")
    found: list[Any] = []
    moved.lexmin_pw_multi_aff().foreach_piece(lambda domain, value: found.append(value))
    for value in found[:PIECES]:
        yield {name: _term(value.get_aff(number), sizes) for number, name in enumerate(symbols[count:])}


def _term(value: Any, sizes: Sequence[Name]) -> Int:
    """An affine function of the sizes, with its floors."""
    import islpy as isl

    denominator = int(value.get_denominator_val().to_python())
    total: Int = _number(value.get_constant_val(), denominator)
    for number, name in enumerate(sizes):
        total = total + Int.symbol(name) * _number(value.get_coefficient_val(isl.dim_type.param, number), denominator)
    for number in range(value.dim(isl.dim_type.div)):
        coefficient = _number(value.get_coefficient_val(isl.dim_type.div, number), denominator)
        if coefficient.terms:
            total = total + _term(value.get_div(number), sizes) * coefficient
    return total // denominator


def _number(value: Any, denominator: int) -> Int:
    """A coefficient times the denominator."""
    return Int.of(int((value * denominator).to_python()))
