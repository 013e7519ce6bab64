"""Operators along one named axis: a circular shift, and two tensors side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sympy import Basic

from derivations.core import terms
from derivations.core.terms import Int
from derivations.formulas.expressions import Apply, Expression, Shape, ShapeError, applied
from derivations.formulas.integers import Compare, Condition
from derivations.operators.row import Adjoint, Gather, Lemma, Operator, OperatorError, Parameter, tensor

AXIS = Parameter("axis", "integer", required=True)


def axis_of(axis: Basic, rank: int, word: str, part: int) -> int:
    """The number of an axis from 0, from a number that may count from the end; raises OperatorError."""
    if not getattr(axis, "is_Integer", False) or not -rank <= int(axis) < rank:
        raise OperatorError(f"{word} along axis {axis} of a formula of rank {rank}", f"axes are 0 to {rank - 1}", part)
    return int(axis) % rank


def _moved(index: Sequence[Int], axis: int, place: Int) -> tuple[Int, ...]:
    """An index with another place on one axis."""
    return (*index[:axis], place, *index[axis + 1 :])


# -- roll -------------------------------------------------------------------------------------------------------------


def _roll_size(a: Expression, k: Basic, axis: Basic) -> Shape:
    axis_of(axis, a.rank, "roll", 2)
    return a.shape


def _roll_exists(a: Expression, k: Basic, axis: Basic) -> list[Condition]:
    return [Compare(">=", a.shape[axis_of(axis, a.rank, "roll", 2)], 1)]


def _roll_entry(index: Sequence[Int], a: Sequence[Int], k: Int, axis: Int) -> Gather:
    along = (axis.constant or 0) % len(a)
    return Gather(reads=((0, _moved(index, along, (index[along] - k) % a[along])),))


# -- concat -----------------------------------------------------------------------------------------------------------


def _concat_size(a: Expression, b: Expression, axis: Basic) -> Shape:
    if a.rank != b.rank:
        raise ShapeError(f"concat of rank {a.rank} and rank {b.rank}", "both must have the same rank", 1)
    along = axis_of(axis, a.rank, "concat", 2)
    return (*a.shape[:along], a.shape[along] + b.shape[along], *a.shape[along + 1 :])


def _concat_exists(a: Expression, b: Expression, axis: Basic) -> list[Condition]:
    along = axis_of(axis, a.rank, "concat", 2)
    pairs = enumerate(zip(a.shape, b.shape, strict=True))
    return [Compare("==", left, right) for number, (left, right) in pairs if number != along]


def _concat_entry(index: Sequence[Int], a: Sequence[Int], b: Sequence[Int], axis: Int) -> tuple[Gather, ...]:
    along = (axis.constant or 0) % len(a)
    first, rest = index[along], index[along] - a[along]
    return (
        Gather(condition=terms.at_most(first + 1, a[along]), reads=((0, tuple(index)),)),
        Gather(condition=terms.nonnegative(rest), reads=((1, _moved(index, along, rest)),)),
    )


def _part(g: Expression, node: Apply, number: int) -> list[Expression]:
    """The part of G that lies where argument `number` of a concat lies."""
    a, b = node.tensors
    along = axis_of(node.arguments[2], a.rank, "concat", 2)
    whole: list[Any] = [slice(None)] * a.rank
    size = a.shape[along]
    whole[along] = slice(None, size) if number == 0 else slice(size, size + b.shape[along])
    return [g[tuple(whole)]]


ROWS = (
    Operator(
        "roll",
        (tensor("A", 1, 2, 3, 4), Parameter("k", "integer", required=True), AXIS),
        _roll_size, _roll_exists, _roll_entry,
        lambda a, k, axis: rf"\operatorname{{roll}}_{{{k},\,\mathrm{{axis}}\,{axis}}}\left({a}\right)",
        "circular shift by k along one axis, as numpy.roll",
        adjoints=(Adjoint(0, "adjoint of the circular shift", "⟨G, roll(dA, k)⟩ = ⟨roll(G, −k), dA⟩",
                          lambda g, node: [applied("roll", g, -node.arguments[1], node.arguments[2])]),),
        numpy=lambda a, k, axis: f"np.roll({a}, {k}, {axis})",
        lemmas=(
            Lemma(
                "adjoint of the circular shift", (("roll", 0),), "dims n, k\ntensor v[n], g[n]",
                "sum(g * roll(v, k, 0))",
                (
                    ("sum[i in 0..n - 1](g[i] * v[(i - k) % n])", "definition of the shift"),
                    ("sum[x in 0..n - 1](g[(x + k) % n] * v[x])", "substitution $x = (i - k) \\bmod n$"),
                    ("sum(roll(g, -k, 0) * v)", "definition of the shift back"),
                ),
            ),
        ),
        samples=((0, 0), (1, 1), (-2, -1), (5, 0)),
    ),
    Operator(
        "concat",
        (tensor("A", 1, 2, 3, 4), tensor("B", 1, 2, 3, 4), AXIS),
        _concat_size, _concat_exists, _concat_entry,
        lambda a, b, axis: rf"\operatorname{{concat}}_{{\mathrm{{axis}}\,{axis}}}\left({a}, {b}\right)",
        "B behind A along one axis, as numpy.concatenate",
        adjoints=(
            Adjoint(0, "adjoint of concat", "⟨G, concat(dA, B)⟩ = ⟨the part of G at A, dA⟩",
                    lambda g, node: _part(g, node, 0)),
            Adjoint(1, "adjoint of concat", "⟨G, concat(A, dB)⟩ = ⟨the part of G at B, dB⟩",
                    lambda g, node: _part(g, node, 1)),
        ),
        numpy=lambda a, b, axis: f"np.concatenate(({a}, {b}), {axis})",
        lemmas=(
            Lemma(
                "adjoint of concat", (("concat", 0), ("concat", 1)),
                "dims n, m\ntensor v[n], w[m], g[n + m]", "sum(g * concat(v, w, 0)) - sum(g[n:] * w)",
                (
                    ("sum[i in 0..n - 1](g[i] * v[i]) + sum[j in 0..m - 1](g[n + j] * w[j]) - sum(g[n:] * w)",
                     "definition of concat"),
                    ("sum(g[:n] * v)", "parts of the sum"),
                ),
            ),
        ),
        additive=True,
        samples=(("B", 0), ("B", 1), ("B", -1)),
    ),
)  # fmt: skip
