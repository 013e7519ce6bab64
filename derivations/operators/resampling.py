"""Rotations, frames and grids: operators that move entries without combining them, on the last two axes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sympy import Basic

from derivations.core import terms
from derivations.core.terms import Int
from derivations.formulas.expressions import (
    Expression,
    Shape,
    applied,
)
from derivations.formulas.integers import Compare, Condition
from derivations.operators.building import cropped, last_axes, pairs_of, stride_slices
from derivations.operators.row import POSITIVE_RANKS, Adjoint, Gather, Operator, OperatorError, Parameter, tensor
from derivations.operators.sliding import last_two


def _lead(rank: int) -> int:
    return rank - last_two(rank)


def _always(*arguments: Any) -> list[Condition]:
    return []


def _rot180_entry(index: Sequence[Int], a: Sequence[Int]) -> Gather:
    lead = _lead(len(a))
    turned = [n - 1 - i for i, n in zip(index[lead:], a[lead:], strict=True)]
    return Gather(reads=((0, (*index[:lead], *turned)),))


def _quarter_turns(k: Basic) -> int:
    if not getattr(k, "is_Integer", False):
        raise OperatorError(f"rot90 by {k} quarter turns", "the number of quarter turns is a number, such as 2", 1)
    return int(k) % 4


def _rot90_size(a: Expression, k: Basic) -> Shape:
    *lead, rows, columns = a.shape
    return (*lead, columns, rows) if _quarter_turns(k) % 2 else a.shape


def _rot90_entry(index: Sequence[Int], a: Sequence[Int], k: Int) -> Gather:
    *lead, i, j = index
    rows, columns = a[-2:]
    turns = (k.constant or 0) % 4
    place = {
        0: (i, j),
        1: (j, columns - 1 - i),
        2: (rows - 1 - i, columns - 1 - j),
        3: (rows - 1 - j, i),
    }[turns]
    return Gather(reads=((0, (*lead, *place)),))


def _flip_axis(axis: Basic, rank: int) -> int:
    if not getattr(axis, "is_Integer", False) or not -rank <= int(axis) < rank:
        raise OperatorError(f"flip along axis {axis} of a formula of rank {rank}", f"axes are 0 to {rank - 1}", 1)
    return int(axis) % rank


def _flip_size(a: Expression, axis: Basic) -> Shape:
    _flip_axis(axis, a.rank)
    return a.shape


def _flip_entry(index: Sequence[Int], a: Sequence[Int], axis: Int) -> Gather:
    along = (axis.constant or 0) % len(a)
    place = [n - 1 - i if number == along else i for number, (i, n) in enumerate(zip(index, a, strict=True))]
    return Gather(reads=((0, tuple(place)),))


def _up_size(a: Expression, n: Basic) -> Shape:
    lead = a.rank - len(n.args)
    return (*a.shape[:lead], *[size * factor for size, factor in zip(a.shape[lead:], n.args, strict=True)])


def _positive(a: Expression, n: Basic) -> list[Condition]:
    return [Compare(">=", factor, 1) for factor in n.args]


def _up_exists(a: Expression, n: Basic) -> list[Condition]:
    return [Compare(">=", factor, 0) for factor in n.args]


def _up_entry(index: Sequence[Int], a: Sequence[Int], n: Sequence[Int]) -> Gather:
    lead = len(a) - len(n)
    n = [Int.of(1) if factor == 0 else factor for factor in n]  # by 0 there is no entry
    return Gather(reads=((0, (*index[:lead], *[i // f for i, f in zip(index[lead:], n, strict=True)])),))


def _dilate_size(a: Expression, s: Basic) -> Shape:
    lead = a.rank - len(s.args)
    return (*a.shape[:lead], *[(size - 1) * step + 1 for size, step in zip(a.shape[lead:], s.args, strict=True)])


def _dilate_exists(a: Expression, s: Basic) -> list[Condition]:
    return [*_positive(a, s), *[Compare(">=", size, 1) for size in a.shape[a.rank - len(s.args) :]]]


def _dilate_entry(index: Sequence[Int], a: Sequence[Int], s: Sequence[Int]) -> Gather:
    lead = len(a) - len(s)
    pairs = list(zip(index[lead:], s, strict=True))
    on_grid = terms.all_of(terms.zero(i % step) for i, step in pairs)
    return Gather(condition=on_grid, reads=((0, (*index[:lead], *[i // step for i, step in pairs])),))


def _pad_size(a: Expression, p: Basic) -> Shape:
    lead = a.rank - len(p.args)
    sizes = [size + pair.args[0] + pair.args[1] for size, pair in zip(a.shape[lead:], p.args, strict=True)]
    return (*a.shape[:lead], *sizes)


def _pad_exists(a: Expression, p: Basic) -> list[Condition]:
    return [Compare(">=", width, 0) for pair in p.args for width in pair.args]


def _pad_entry(index: Sequence[Int], a: Sequence[Int], p: Sequence[Sequence[Int]]) -> Gather:
    lead = len(a) - len(p)
    place = [i - pair[0] for i, pair in zip(index[lead:], p, strict=True)]
    inside = terms.all_of(terms.between(0, i, n - 1) for i, n in zip(place, a[lead:], strict=True))
    return Gather(condition=inside, reads=((0, (*index[:lead], *place)),))


def _crop_size(a: Expression, p: Basic) -> Shape:
    lead = a.rank - len(p.args)
    sizes = [size - pair.args[0] - pair.args[1] for size, pair in zip(a.shape[lead:], p.args, strict=True)]
    return (*a.shape[:lead], *sizes)


def _crop_exists(a: Expression, p: Basic) -> list[Condition]:
    return [*_pad_exists(a, p), *[Compare(">=", size, 0) for size in _crop_size(a, p)]]


def _crop_entry(index: Sequence[Int], a: Sequence[Int], p: Sequence[Sequence[Int]]) -> Gather:
    lead = len(a) - len(p)
    return Gather(reads=((0, (*index[:lead], *[i + pair[0] for i, pair in zip(index[lead:], p, strict=True)])),))


def _resize_size(a: Expression, shape: Basic) -> Shape:
    lead = a.rank - len(shape.args)
    if lead < 0:
        raise OperatorError(f"resize of rank {a.rank} to {len(shape.args)} sizes", "give one size for each axis", 1)
    return (*a.shape[:lead], *shape.args)


def _resize_exists(a: Expression, shape: Basic) -> list[Condition]:
    return [Compare(">=", size, 0) for size in shape.args]


def _resize_entry(index: Sequence[Int], a: Sequence[Int], shape: Sequence[Int]) -> Gather:
    lead = len(a) - len(shape)
    inside = terms.all_of(terms.at_most(i, n - 1) for i, n in zip(index[lead:], a[lead:], strict=True))
    return Gather(condition=inside, reads=((0, tuple(index)),))


def _call(name: str) -> Any:
    return lambda *parts: rf"\operatorname{{{name}}}\left({', '.join(parts)}\right)"


ROWS = (
    Operator("rot180", (tensor("A", *POSITIVE_RANKS),), lambda a: a.shape, _always, _rot180_entry,
             lambda a: rf"\operatorname{{rot180}}\left({a}\right)", "half turn of the last two axes",
             adjoints=(
                 Adjoint(0, "adjoint of the rotation", "⟨G, rot180(dA)⟩ = ⟨rot180(G), dA⟩",
                   lambda g, node: [applied("rot180", g)]),
             )),
    Operator("rot90", (tensor("A", 2, 3, 4), Parameter("k", "integer", 1)), _rot90_size, _always, _rot90_entry,
             _call("rot90"), "k quarter turns counter-clockwise, as numpy.rot90 and MATLAB's",
             adjoints=(
                 Adjoint(0, "adjoint of the rotation", "⟨G, rot90(dA, k)⟩ = ⟨rot90(G, −k), dA⟩",
                   lambda g, node: [applied("rot90", g, -node.arguments[1])]),
             ),
             numpy=lambda a, turns: f"np.rot90({a}, {turns}, axes=(-2, -1))"),
    Operator("flip", (tensor("A", *POSITIVE_RANKS), Parameter("axis", "integer", required=True)), _flip_size, _always,
             _flip_entry, _call("flip"), "reversal of one axis",
             adjoints=(
                 Adjoint(0, "adjoint of the reversal", "⟨G, flip(dA)⟩ = ⟨flip(G), dA⟩",
                   lambda g, node: [applied("flip", g, node.arguments[1])]),
             ),
             numpy=lambda a, axis: f"np.flip({a}, {axis})"),
    Operator("up", (tensor("A", *POSITIVE_RANKS), Parameter("n", "each", required=True)), _up_size, _up_exists,
             _up_entry,
             lambda a, n: rf"\operatorname{{up}}_{{{n}}}\left({a}\right)", "kron(A, ones(n, n)) [Bouvrie 2006]",
             last_two,
             adjoints=(
                 Adjoint(0, "adjoint of up: window sums", "⟨G, up(dA, n)⟩ = ⟨sumpool(G, n), dA⟩",
                   lambda g, node: [applied("sum_pool", g, node.arguments[1], axis=last_axes(g, node.arguments[1]))]),
             ), over_axes=True),
    Operator("dilate", (tensor("A", *POSITIVE_RANKS), Parameter("s", "each", required=True)), _dilate_size,
             _dilate_exists, _dilate_entry, lambda a, s: rf"\operatorname{{dilate}}_{{{s}}}\left({a}\right)",
             "s − 1 zeros between neighbours [Dumoulin & Visin 2016, ch. 4.5]", last_two,
             adjoints=(
                 Adjoint(0, "adjoint of zero insertion", "⟨G, dilate(dA, s)⟩ = ⟨G[::s, ::s], dA⟩",
                   lambda g, node: [stride_slices(g, node.arguments[1])]),
             ), over_axes=True),
    Operator("pad", (tensor("A", *POSITIVE_RANKS), Parameter("p", "padding", required=True)), _pad_size, _pad_exists,
             _pad_entry, lambda a, p: rf"\operatorname{{pad}}_{{{p}}}\left({a}\right)", "a frame of zeros", last_two,
             adjoints=(
                 Adjoint(0, "adjoint of padding", "⟨G, pad(dA)⟩ = ⟨crop(G), dA⟩",
                   lambda g, node: [cropped(g, pairs_of(node.arguments[1]))]),
             ), over_axes=True, spelled=(
                 Parameter("value", "tensor", 0), Parameter("interior", "each", 0),
                 Parameter("negative", "flag", False),
             )),
    Operator("crop", (tensor("A", *POSITIVE_RANKS), Parameter("p", "padding", required=True)), _crop_size, _crop_exists,
             _crop_entry, lambda a, p: rf"\operatorname{{crop}}_{{{p}}}\left({a}\right)", "a frame dropped", last_two,
             adjoints=(
                 Adjoint(0, "adjoint of cropping", "⟨G, crop(dA)⟩ = ⟨pad(G), dA⟩",
                   lambda g, node: [
                       applied("pad", g, pairs_of(node.arguments[1]), axis=last_axes(g, node.arguments[1].args))]),
             ), over_axes=True),
    Operator("resize", (tensor("A", *POSITIVE_RANKS), Parameter("shape", "integers", required=True)), _resize_size,
             _resize_exists, _resize_entry, _call("resize"), "top left corner of a frame of zeros, cut where larger",
             adjoints=(
                 Adjoint(0, "adjoint of a frame", "⟨G, resize(dA)⟩ = ⟨resize(G) to dA's shape, dA⟩",
                   lambda g, node: [applied("resize", g, node.tensors[0].shape)]),
             )),
)  # fmt: skip
