"""What each form of the language computes: entries, slices, sums over indices, brackets, sizes, existence."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from claims import CONVOLUTION, agrees, fails, link
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy import Integer

from derivations import crosscheck
from derivations.crosscheck import DoesNotExist, NotExact
from derivations.formulas.expressions import (
    ByIndex,
    Constant,
    Elementwise,
    Entry,
    Expression,
    IndexRange,
    IndexSum,
    SizeTuple,
    Slice,
    Tensor,
    Times,
    entry,
)
from derivations.formulas.integers import FloorDiv, Remainder, integer_symbol
from derivations.operators import apply

i, j, k, p, n, m = map(integer_symbol, "ijkpnm")
x = Tensor("x", (n,))
A = Tensor("A", (m, n))
quick = settings(max_examples=40, deadline=None)


def value(node: Expression, sizes: dict[str, int], **data: Any) -> Any:
    """The value as nested lists."""
    return crosscheck.evaluate(node, sizes, data).tolist()


@quick
@given(st.integers(1, 5), st.integers(-4, 6), st.integers(1, 3), st.integers(0, 2**16))
def test_an_inferred_range_is_where_its_entries_exist(size: int, shift: int, step: int, seed: int) -> None:
    """sum[i](x[i]·x[step·i + shift]) runs over the i at which both entries exist, however they are shifted."""
    data = np.random.default_rng(seed).integers(-9, 10, size)
    total = IndexSum(Times(Entry(x, i), Entry(x, step * i + shift)), IndexRange(i))
    wanted = sum(int(data[at] * data[step * at + shift]) for at in range(size) if 0 <= step * at + shift < size)
    assert value(total, {"n": size}, x=data) == wanted


@quick
@given(st.integers(1, 6), st.integers(1, 4), st.integers(0, 2**16))
def test_a_floor_in_a_subscript(size: int, divisor: int, seed: int) -> None:
    """sum[i](x[i // q]) counts each entry q times; sum[i](x[i // q]·x[i]) ends with the shorter range."""
    data = np.random.default_rng(seed).integers(-9, 10, size)
    whole = IndexSum(Entry(x, FloorDiv(i, divisor)), IndexRange(i))
    assert value(whole, {"n": size}, x=data) == divisor * int(data.sum())
    both = IndexSum(Times(Entry(x, FloorDiv(i, divisor)), Entry(x, i)), IndexRange(i))
    assert value(both, {"n": size}, x=data) == sum(int(data[at // divisor] * data[at]) for at in range(size))


@quick
@given(st.integers(1, 4), st.integers(1, 4), st.integers(0, 2**16))
def test_two_indices_are_bounded_together(rows: int, columns: int, seed: int) -> None:
    """In sum[i, j](A[i + j, j]) the indices range over all pairs whose entry exists, negative i included."""
    data = np.random.default_rng(seed).integers(-9, 10, (rows, columns))
    total = IndexSum(Entry(A, i + j, j), IndexRange(i), IndexRange(j))
    assert value(total, {"m": rows, "n": columns}, A=data) == int(data.sum())


def test_a_range_may_depend_on_an_outer_index() -> None:
    """sum[i in 0..n-1, j in 0..i](A[i, j]) is the sum of the lower triangle; an empty range adds 0."""
    square = Tensor("A", (n, n))
    data = np.arange(9).reshape(3, 3)
    lower = IndexSum(Entry(square, i, j), IndexRange(i, 0, n - 1), IndexRange(j, 0, i))
    assert value(lower, {"n": 3}, A=data) == int(np.tril(data).sum())
    strict = IndexSum(Entry(square, i, j), IndexRange(i, 0, n - 1), IndexRange(j, 0, i - 1))
    assert value(strict, {"n": 3}, A=data) == int(np.tril(data, -1).sum())


def test_a_written_range_must_exist_throughout() -> None:
    """An entry outside its tensor in a written range makes the sum not exist; indices never wrap."""
    for low, high in ((0, n), (-1, n - 1)):
        with pytest.raises(DoesNotExist):
            value(IndexSum(Entry(x, i), IndexRange(i, low, high)), {"n": 3}, x=[1, 2, 3])
    assert value(IndexSum(Entry(x, i), IndexRange(i, 2, 1)), {"n": 3}, x=[1, 2, 3]) == 0
    with pytest.raises(DoesNotExist):
        value(Entry(x, n), {"n": 3}, x=[1, 2, 3])
    with pytest.raises(DoesNotExist):
        value(Entry(x, Constant(-1).value), {"n": 3}, x=[1, 2, 3])


def test_an_entry_without_the_index_does_not_end_the_range() -> None:
    """In sum[i](x[i]·x[7]) the missing x[7] is no matter of i: the sum does not exist."""
    total = IndexSum(Times(Entry(x, i), Entry(x, Constant(7).value)), IndexRange(i))
    with pytest.raises(DoesNotExist):
        value(total, {"n": 3}, x=[1, 2, 3])


def test_slices() -> None:
    """Slices take places start, start + step, ...; all of them must exist; axes left out are kept."""
    data = np.arange(12).reshape(3, 4)
    sizes = {"m": 3, "n": 4}
    assert value(entry(A, (slice(None, None, 2), slice(1, None, 2))), sizes, A=data) == data[::2, 1::2].tolist()
    assert value(entry(A, (1,)), sizes, A=data) == data[1].tolist()
    assert value(entry(A, (slice(None), 2)), sizes, A=data) == data[:, 2].tolist()
    assert value(Entry(A, Slice(3, 0, 1), Slice(0, 4, 1)), sizes, A=data) == []
    with pytest.raises(DoesNotExist):
        value(Entry(A, Slice(1, 3, 1), Integer(0)), sizes, A=data)
    with pytest.raises(DoesNotExist):
        value(Entry(A, Slice(2, -1, 1), Integer(0)), sizes, A=data)


def test_slices_whose_size_depends_on_the_index() -> None:
    """sum[i](sum(x[i:])) is computed term by term: each entry x[k] occurs k + 1 times."""
    tail = entry(x, (slice(i, None),))
    total = IndexSum(apply("sum", tail), IndexRange(i, 0, n - 1))
    assert value(total, {"n": 4}, x=[1, 10, 100, 1000]) == 1 + 20 + 300 + 4000


def test_definition_by_index() -> None:
    """ByIndex has the ranges as leading axes and the body's shape after them."""
    node = ByIndex(Times(Entry(x, i), Entry(A, j, Slice(0, n, 1))), IndexRange(i, 0, n - 1), IndexRange(j, 0, m - 1))
    found = crosscheck.evaluate(node, {"m": 2, "n": 3}, {"x": [1, 2, 3], "A": np.arange(6).reshape(2, 3)})
    assert found.shape == (3, 2, 3)
    assert np.array_equal(found, np.multiply.outer([1, 2, 3], np.arange(6).reshape(2, 3)))


def test_remainders_and_brackets() -> None:
    """A circular shift by % and a triangle by a bracket."""
    shifted = ByIndex(Entry(x, Remainder(i + 1, n)), IndexRange(i, 0, n - 1))
    assert value(shifted, {"n": 4}, x=[1, 2, 3, 4]) == [2, 3, 4, 1]
    found = agrees("dims n\ntensor A[n, n]", "sum[i, j](A[i, j] * [i <= j]) == sum[j](sum[i in 0..j](A[i, j]))")
    assert found.method == "exact"


def test_numbers_stay_exact() -> None:
    """Quotients are fractions, powers beyond 64 bits are integers, nothing is rounded."""
    assert value(Times(x, Constant(Fraction(1, 3))), {"n": 2}, x=[1, 6]) == [Fraction(1, 3), 2]
    assert value(Constant(n) ** 45, {"n": 3}) == 3**45
    big = Times(*[x] * 12)
    assert value(big, {"n": 1}, x=[123456]) == [123456**12]
    with pytest.raises(NotExact):
        value(Elementwise("exp", 0, x), {"n": 1}, x=[1])


def test_a_tuple_of_sizes_is_not_rounded() -> None:
    """(n/2,) is a fraction where n is odd; shape(z) is the shape that the value has, where it has one."""
    assert value(SizeTuple(n / 2), {"n": 3}) == [Fraction(3, 2)]
    shape = SizeTuple.of_shape(apply("conv", x, x, "full"))
    assert value(shape, {"n": 3}, x=[1, 2, 3]) == [5]
    with pytest.raises(DoesNotExist):
        value(SizeTuple.of_shape(apply("crop", x, 2)), {"n": 3}, x=[1, 2, 3])


def test_shapes_must_agree_entry_by_entry() -> None:
    """There is no broadcasting: a sum of two sizes does not exist, even where one of them is 1."""
    y = Tensor("y", (m,))
    with pytest.raises(DoesNotExist):
        value(x + y, {"n": 3, "m": 1}, x=[1, 2, 3], y=[1])
    assert value(x + y, {"n": 1, "m": 1}, x=[2], y=[1]) == [3]


def test_a_scalar_is_a_one_by_one_matrix() -> None:
    """A scalar equals a 1×1 matrix; a vector of n entries is no column of n rows, not even for n = 1."""
    agrees("dims n\ntensor u[n, 1]", "u.T @ u == sum(u * u)")
    witness = fails("dims n\ntensor u[n]", "u == vec(u)")
    assert (witness.sizes, witness.left_shape, witness.right_shape) == ({"n": 1}, (1,), (1, 1))


def test_a_side_that_does_not_exist() -> None:
    """Where a side does not exist the claim is false, and the witness shows the other side's shape only."""
    witness = fails(CONVOLUTION, "z == conv(w, a, valid) + b")
    assert witness.sizes == {"H": 1, "W": 2, "m": 1, "n": 1}
    assert witness.left_shape == (1, 2)
    assert witness.right_shape is None
    assert witness.index is None
    assert "kernel over 2 rows" in witness.reason


def test_free_indices_are_all_tried() -> None:
    """A claim with free indices fails at the first index value at which it fails, also by a missing entry."""
    witness = fails("dims n\ntensor x[n]", "x[i] == x[i + 1]")
    assert (witness.sizes, witness.index) == ({"n": 1}, (0,))
    assert witness.right_shape is None
    witness = fails("dims n where n >= 3\ntensor x[n]", "x[i] == x[(i * i) % n]")
    assert witness.sizes == {"n": 3}
    assert witness.index == (2,)


def test_free_indices_with_shapes_that_depend_on_them() -> None:
    """x[i:] has another size for each i: such sides are compared one index value after the other."""
    agrees("dims n\ntensor x[n]", "x[i] + sum(x[i:]) == x[i] + sum(x) - sum[j in 0..i-1](x[j])")


def test_sizes_only() -> None:
    """A claim about sizes needs no data and fails at the first size by sum."""
    claim, one = link("dims k, i", "i + 2*(k // 2) - k + 1 == i")
    assert crosscheck.agree_at(claim, one, {"k": 3, "i": 2}) is True
    assert crosscheck.agree_at(claim, one, {"k": 4, "i": 2}) is False
    witness = fails("dims k, i", "i + 2*(k // 2) - k + 1 == i")
    assert (witness.sizes, witness.left, witness.right) == ({"k": 2, "i": 1}, "2", "1")
