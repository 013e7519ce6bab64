"""Operators over named axes and choices between entries: the kernel's sums, counted out, against `numeric`.

The kernel's terms of one entry are evaluated here by trying every value of their bound indices, which uses nothing but
what a term means.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from derivations import crosscheck
from derivations.core import terms as k
from derivations.core.heads import Entry
from derivations.core.terms import Int
from derivations.crosscheck import DoesNotExist
from derivations.entries.matrices import as_explicit
from derivations.formulas.expressions import Apply, Expression, Tensor
from derivations.formulas.integers import evaluate_condition
from derivations.meaning.lowering import Lowering
from derivations.operators import OPERATORS, apply
from derivations.operators.spellings import moved, moved_back

Array = NDArray[Any]
REACH = 7  # no index of a tensor in this file is larger


def counted(node: Expression, index: tuple[int, ...], data: dict[str, Array]) -> Fraction:
    """The value of one entry as the kernel's terms have it, by enumeration."""
    total = Fraction(0)
    for term in Lowering().lower(node, [Int.of(i) for i in index], {}, frozenset()):
        names = sorted(term.bound, key=str)
        for values in product(range(REACH), repeat=len(names)):
            at = dict(zip(names, values, strict=True))
            if not k.holds(term.condition, at):
                continue
            value = Fraction(k.evaluate(term.numerator, at), k.evaluate(term.denominator, at))
            for atom in term.atoms:
                assert isinstance(atom.head, Entry)
                place = tuple(k.evaluate(i, at) for i in atom.indices)
                assert all(0 <= i < n for i, n in zip(place, data[atom.head.name].shape, strict=True))
                value *= int(data[atom.head.name][place])
            total += value
    return total


def exists(node: Apply) -> bool:
    """Whether the row says that a formula of numbered sizes exists, its parts too."""
    parts = all(exists(part) for part in node.tensors if isinstance(part, Apply))
    return parts and all(evaluate_condition(each, {}) for each in OPERATORS[node.operator].exists(*node.arguments))


@st.composite
def calls(draw: st.DrawFn) -> tuple[Expression, dict[str, Array]]:
    """A call of an operator over axes, on a tensor of small sizes of rank 1 to 4."""
    rank = draw(st.integers(1, 4))
    shape = draw(st.tuples(*[st.integers(1, 3 if rank > 2 else 5)] * rank))
    seed = draw(st.integers(0, 2**16))
    data = np.random.default_rng(seed).integers(-9, 10, shape)
    a = Tensor("A", shape)
    axes = draw(st.lists(st.integers(-rank, rank - 1), min_size=1, max_size=rank, unique_by=lambda n: n % rank))
    axis: Any = axes[0] if len(axes) == 1 and draw(st.booleans()) else tuple(axes)
    name = draw(
        st.sampled_from(["sum", "mean", "permute", "broadcast", "sum_pool", "mean_pool", "pad", "crop", "flip"])
    )
    if name in ("sum", "mean", "flip"):
        return apply(name, a, axis), {"A": data}
    if name == "permute":
        return apply("transpose", a, draw(st.permutations(range(rank)))), {"A": data}
    if name == "broadcast":
        places = draw(st.permutations(range(rank + 1)))[:rank]
        wide = [draw(st.integers(0, 3))] * (rank + 1)
        for place, size in zip(places, shape, strict=True):
            wide[place] = size
        return apply("broadcast", a, tuple(wide), tuple(places)), {"A": data}
    if name in ("pad", "crop"):
        widths = tuple((draw(st.integers(0, 2)), draw(st.integers(0, 1))) for _ in axes)
        return apply(name, a, widths, axis=tuple(axes)), {"A": data}
    window = tuple(draw(st.integers(1, 2)) for _ in axes)
    stride = tuple(draw(st.integers(1, 2)) for _ in axes)
    ceil = draw(st.booleans())
    return apply(name, a, window, stride, 1 if draw(st.booleans()) else 0, ceil, axis=tuple(axes)), {"A": data}


@settings(max_examples=150, deadline=None)
@given(calls())
def test_the_kernels_sums_are_numerics_values(case: tuple[Expression, dict[str, Array]]) -> None:
    """Both exist at the same sizes, have one shape and the same entries."""
    node, data = case
    try:
        found = np.asarray(crosscheck.evaluate(node, {}, data))
    except DoesNotExist:
        found = None
    assert isinstance(node, Apply)
    assert exists(node) == (found is not None)
    if found is None:
        return
    assert found.shape == tuple(int(size) for size in node.shape)
    places = list(np.ndindex(*found.shape))
    for place in places[:: max(1, len(places) // 6)]:
        assert counted(node, place, data) == Fraction(found[place]), (node, place)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 4), st.data())
def test_axes_that_go_to_the_end_come_back(rank: int, data: st.DataObject) -> None:
    """`moved_back` undoes `moved`, for the shape of any formula and any axes."""
    a = Tensor("A", tuple(range(2, 2 + rank)))
    axes = tuple(data.draw(st.permutations(range(rank))))[: data.draw(st.integers(1, rank))]
    there = moved(a, axes)
    assert there.shape[rank - len(axes) :] == tuple(a.shape[axis] for axis in axes)
    assert moved_back(there, axes).shape == a.shape


CHOICES = {  # of entries, whatever the shape
    name: row
    for name, row in OPERATORS.items()
    if row.formula is not None and not any(parameter.ranks for parameter in row.parameters)
}


@pytest.mark.parametrize("name", CHOICES)
@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**16), rank=st.integers(0, 3), numbers=st.tuples(*[st.booleans()] * 3))
def test_a_choice_is_what_it_abbreviates(name: str, seed: int, rank: int, numbers: tuple[bool, bool, bool]) -> None:
    """In `numeric` the operator and its formula have the same values, ties, numbers for tensors and all."""
    chance = np.random.default_rng(seed)
    shape = tuple(int(n) for n in chance.integers(1, 4, rank))
    row = CHOICES[name]
    data: dict[str, Array] = {}
    arguments: list[Any] = []
    for parameter, alone in zip(row.parameters, numbers, strict=False):
        if parameter.kind != "tensor":
            arguments.append(3)
            continue
        own = () if alone else shape
        data[parameter.name] = chance.integers(-2, 3, own)
        arguments.append(Tensor(parameter.name, own))
    node = apply(name, *arguments)
    assert isinstance(node, Apply)
    assert row.formula is not None
    found = np.asarray(crosscheck.evaluate(node, {}, data))
    meant = np.asarray(crosscheck.evaluate(row.formula(*node.arguments), {}, data))
    assert found.shape == meant.shape == tuple(int(size) for size in node.shape)
    assert np.array_equal(found, meant)


@pytest.mark.parametrize("axis", [0, 1, 2, (0, 2), (2, 1), (0, 1, 2)])
def test_the_third_meaning_agrees(axis: Any) -> None:
    """Largest entries and sums along axes of three: SymPy's entries at data without ties are `numeric`'s."""
    data = np.random.default_rng(5).permutation(12).reshape(2, 3, 2)
    a = Tensor("A", (2, 3, 2))
    values = {f"A[{u}, {v}, {w}]": int(data[u, v, w]) for u, v, w in np.ndindex(2, 3, 2)}
    for name in ("max", "sum", "mean"):
        node = apply(name, a, axis)
        found = np.asarray(crosscheck.evaluate(node, {}, {"A": data}))
        explicit: Any = as_explicit(node, {})
        listed = np.array(getattr(explicit, "tolist", lambda: explicit)(), dtype=object).ravel()  # noqa: B023
        numbers = [entry.subs({symbol: values[str(symbol)] for symbol in entry.free_symbols}) for entry in listed]
        assert [Fraction(int(v.p), int(v.q)) for v in numbers] == [Fraction(v) for v in found.ravel().tolist()]
