"""Matrices, sums and rearrangements: one plain function for each name of the claim language.

Law: each is written from its sentence in the language's reference, on NumPy's own operations where one has
that meaning. Arguments come in the order of the language; sizes are a tuple. See `arrays` for what `stack`
means.
"""

from __future__ import annotations

import itertools
from fractions import Fraction
from typing import Any

import numpy as np

from numeric.operators.arrays import (
    Array,
    DoesNotExist,
    Sizes,
    exact,
    floating,
    lead,
    quotient,
    real,
    require,
    simplest,
    tensor_shape,
)

# rows up to which a determinant is expanded without divisions (2^n minors); beyond, fractions are eliminated
LARGEST_EXPANSION = 10


def matmul(a: Array, b: Array, *, stack: int = 0) -> Array:
    """The matrix product; a vector is a row on the left, a column on the right, and loses its axis.

    (m, k) @ (k, n) -> (m, n); (k,) @ (k, n) -> (n,); (m, k) @ (k,) -> (m,); (k,) @ (k,) -> ().

    >>> matmul(np.array([[1, 2]]), np.array([3, 4]))
    array([11])
    """
    left, right = tensor_shape(a, stack), tensor_shape(b, stack)
    require(left[-1] == right[0], f"a matrix product of shapes {left} and {right}")
    rows = a if len(left) == 2 else np.expand_dims(a, stack)
    columns = b if len(right) == 2 else np.expand_dims(b, stack + 1)
    product = np.matmul(rows, columns)
    if len(right) == 1:
        product = product[..., 0]
    if len(left) == 1:
        product = np.take(product, 0, axis=stack)
    return np.asarray(product)


def transpose(a: Array, *, stack: int = 0) -> Array:
    """A.T of a matrix: (m, n) -> (n, m).

    >>> transpose(np.ones((2, 3))).shape
    (3, 2)
    """
    return np.swapaxes(a, -1, -2)


def permute(a: Array, axes: Sizes, *, stack: int = 0) -> Array:
    """The axes in another order: axis t of the result is axis axes[t] of A.

    >>> permute(np.ones((2, 3, 4)), (2, 0, 1)).shape
    (4, 2, 3)
    """
    return np.moveaxis(a, [stack + axis for axis in axes], range(stack, a.ndim))


def tr(a: Array, *, stack: int = 0) -> Array:
    """The sum of the diagonal of a square matrix.

    >>> int(tr(np.array([[1, 2], [3, 4]])))
    5
    """
    rows, columns = tensor_shape(a, stack)
    require(rows == columns, f"the trace of a {rows}×{columns} matrix")
    return np.asarray(np.trace(a, axis1=-2, axis2=-1))


def _gathered(a: Array, axis: Sizes | None, stack: int) -> Array:
    """The entries that a reduction takes together, along one last axis."""
    axes = tuple(stack + number for number in axis) if axis is not None else tuple(range(stack, a.ndim))
    kept = [number for number in range(a.ndim) if number not in axes]
    count = int(np.prod([a.shape[number] for number in axes], dtype=int))
    return a.transpose([*kept, *axes]).reshape(*[a.shape[number] for number in kept], count)


def total(a: Array, axis: Sizes | None = None, *, stack: int = 0) -> Array:
    """`sum(A, axis)`: the sum along some axes, or of all entries; of none, 0.

    >>> int(total(np.array([[1, 2], [3, 4]])))
    10
    >>> total(np.array([[1, 2], [3, 4]]), (0,))
    array([4, 6])
    """
    gathered = _gathered(a, axis, stack)
    return np.asarray(gathered.sum(axis=-1)) if gathered.size else np.zeros(gathered.shape[:-1], dtype=a.dtype)


def mean(a: Array, axis: Sizes | None = None, *, stack: int = 0) -> Array:
    """The mean along some axes, or of all entries; exists only where each is of at least one.

    >>> mean(np.array([1, 2]))
    array(Fraction(3, 2), dtype=object)
    """
    count = _gathered(a, axis, stack).shape[-1]
    require(count > 0, "the mean of no entries")
    return quotient(total(a, axis, stack=stack), count)


def largest(a: Array, axis: Sizes | None = None, *, stack: int = 0) -> Array:
    """`max(z, axis)`: the largest along some axes, or of all; of complex ones, the one with the largest real part.

    >>> int(largest(np.array([[1, 7], [3, 4]])))
    7
    >>> largest(np.array([[1, 7], [3, 4]]), (0,))
    array([3, 7])
    """
    flat = _gathered(a, axis, stack)
    require(flat.shape[-1] > 0, "the maximum of no entries")
    place = np.argmax(real(flat), axis=-1)[..., None]
    return np.asarray(np.take_along_axis(flat, place, axis=-1)[..., 0])


def tied_maxima(a: Array, axis: Sizes | None = None, *, stack: int = 0) -> tuple[Array, Array]:
    """For each maximum along some axes, its place among what it is taken of, and whether another entry equals it.

    >>> tied_maxima(np.array([[1, 7], [7, 7]]), (1,))
    (array([1, 0]), array([False,  True]))
    """
    flat = real(_gathered(a, axis, stack))
    return np.argmax(flat, axis=-1), (flat == flat.max(axis=-1, keepdims=True)).sum(axis=-1) > 1


def broadcast(a: Array, shape: Sizes, axis: Sizes, *, stack: int = 0) -> Array:
    """A repeated along new axes: axis t of A becomes axis axis[t] of a tensor of this shape.

    >>> broadcast(np.array([1, 2]), (2, 3), (0,))
    array([[1, 1, 1],
           [2, 2, 2]])
    """
    own = tensor_shape(a, stack)
    places = [number % len(shape) for number in axis]
    require(all(size >= 0 for size in shape), f"a tensor of shape {shape}")
    require(own == tuple(shape[place] for place in places), f"a tensor of shape {own} as axes {axis} of {shape}")
    ordered = np.argsort(places)
    moved = a.transpose([*range(stack), *[stack + int(number) for number in ordered]])
    wide = [shape[place] if place in places else 1 for place in range(len(shape))]
    return np.broadcast_to(moved.reshape(*lead(a, stack), *wide), (*lead(a, stack), *shape)).copy()


def ones(shape: Sizes) -> Array:
    """A tensor of ones.

    >>> ones((1, 2))
    array([[1, 1]])
    """
    return np.ones(_given(shape), dtype=np.int64)


def zeros(shape: Sizes) -> Array:
    """A tensor of zeros.

    >>> zeros((1, 2))
    array([[0, 0]])
    """
    return np.zeros(_given(shape), dtype=np.int64)


def _given(shape: Sizes) -> Sizes:
    require(all(size >= 0 for size in shape), f"a tensor of shape {shape}")
    return shape


def eye(n: int) -> Array:
    """The identity matrix of n rows.

    >>> eye(2)
    array([[1, 0],
           [0, 1]])
    """
    require(n >= 0, f"an identity matrix of {n} rows")
    return np.eye(n, dtype=np.int64)


def pi() -> Array:
    """A circle's circumference by its diameter.

    >>> round(pi().item(), 6)
    3.141593
    """
    return np.asarray(np.pi)


def diag(v: Array, *, stack: int = 0) -> Array:
    """The square matrix with v on its diagonal: (n,) -> (n, n).

    >>> diag(np.array([1, 2]))
    array([[1, 0],
           [0, 2]])
    """
    n = v.shape[-1]
    matrix = np.zeros((*v.shape, n), dtype=v.dtype)
    matrix[..., np.arange(n), np.arange(n)] = v
    return matrix


def kron(a: Array, b: Array, *, stack: int = 0) -> Array:
    """The Kronecker product: each entry of A becomes that entry times B; ranks are equal.

    >>> kron(np.array([[1, 2]]), np.array([[1], [1]]))
    array([[1, 2],
           [1, 2]])
    """
    outside, inside = tensor_shape(a, stack), tensor_shape(b, stack)
    require(all(size > 0 for size in inside), f"a Kronecker product with a factor of shape {inside}")
    for axis in range(len(outside)):
        # one axis after the other: A's axis, then B's beside it
        a = np.expand_dims(a, stack + 2 * axis + 1)
        b = np.expand_dims(b, stack + 2 * axis)
    blocks = a * b
    shape = tuple(p * q for p, q in zip(outside, inside, strict=True))
    return np.asarray(blocks.reshape(*lead(blocks, stack), *shape))


def outer(u: Array, v: Array, *, stack: int = 0) -> Array:
    """All products of an entry of u and an entry of v; the axes of u come first.

    >>> outer(np.array([1, 2]), np.array([3, 4]))
    array([[3, 4],
           [6, 8]])
    """
    first = u.reshape(*u.shape, *[1] * (v.ndim - stack))
    second = v.reshape(*lead(v, stack), *[1] * (u.ndim - stack), *tensor_shape(v, stack))
    return np.asarray(first * second)


def vec(a: Array, *, stack: int = 0) -> Array:
    """All entries in one column, the first axis fastest (a matrix's columns are stacked).

    >>> vec(np.array([[1, 2], [3, 4]])).ravel()
    array([1, 3, 2, 4])
    """
    shape = tensor_shape(a, stack)
    require(all(size > 0 for size in shape), f"vec of a tensor of shape {shape}")
    order = [*range(stack), *reversed(range(stack, a.ndim))]
    return np.asarray(a.transpose(order).reshape(*lead(a, stack), -1, 1))


def reshape(a: Array, shape: Sizes, *, stack: int = 0) -> Array:
    """The same entries in row-major order in another shape.

    >>> reshape(np.arange(4), (2, 2))
    array([[0, 1],
           [2, 3]])
    """
    old = tensor_shape(a, stack)
    count = int(np.prod(old, dtype=int))
    fits = all(size > 0 for size in (*old, *shape)) and count == int(np.prod(shape, dtype=int))
    require(fits, f"a tensor of shape {old} reshaped to {shape}")
    return np.asarray(a.reshape(*lead(a, stack), *shape))


def inv(a: Array, *, stack: int = 0) -> Array:
    """The inverse of a square matrix, exact for integers and fractions; singular: ZeroDivisionError.

    >>> inv(np.array([[2, 0], [0, 1]]))
    array([[Fraction(1, 2), 0],
           [0, 1]], dtype=object)
    """
    rows, columns = tensor_shape(a, stack)
    require(rows == columns, f"the inverse of a {rows}×{columns} matrix")
    if not exact(a):
        return _floating_inverse(a)
    return _each_matrix(a, lambda matrix: _eliminate(matrix)[1], (rows, rows))


def _floating_inverse(a: Array) -> Array:
    try:
        return np.linalg.inv(a)
    except np.linalg.LinAlgError:
        raise ZeroDivisionError("the matrix is singular") from None


def solve(a: Array, b: Array, *, stack: int = 0) -> Array:
    """The x with a @ x == b, a square: (n, n), (n,) -> (n,); (n, n), (n, k) -> (n, k). Exact for integers and
    fractions, by elimination of [a | b]; singular: ZeroDivisionError.

    >>> solve(np.array([[2, 0], [0, 1]]), np.array([1, 3]))
    array([Fraction(1, 2), 3], dtype=object)
    """
    (rows, columns), right = tensor_shape(a, stack), tensor_shape(b, stack)
    require(rows == columns and right[0] == rows, f"a solution of a {rows}×{columns} system with {right} on its right")
    sides = b if len(right) == 2 else b[..., np.newaxis]
    if exact(a) and exact(b):
        found = _solved(a, sides)
    else:
        try:
            found = np.linalg.solve(a, sides)
        except np.linalg.LinAlgError:
            raise ZeroDivisionError("the matrix is singular") from None
    return np.asarray(found if len(right) == 2 else found[..., 0])


def _solved(a: Array, b: Array) -> Array:
    """Gauss's elimination of each [a | b], then substitution from the last row up."""
    front = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    systems = np.concatenate([np.broadcast_to(part, (*front, *part.shape[-2:])) for part in (a, b)], axis=-1)
    n, sides = a.shape[-1], b.shape[-1]
    results = np.empty((int(np.prod(front, dtype=int)), n, sides), dtype=object)
    for number, system in enumerate(systems.reshape(-1, n, n + sides).tolist()):
        rows = [[Fraction(value) if isinstance(value, int) else value for value in row] for row in system]
        for column in range(n):
            pivot = next((row for row in range(column, n) if rows[row][column]), None)
            if pivot is None:
                raise ZeroDivisionError("the matrix is singular")
            rows[column], rows[pivot] = rows[pivot], rows[column]
            for row in range(column + 1, n):
                factor = rows[row][column] / rows[column][column]
                rows[row] = [value - factor * top for value, top in zip(rows[row], rows[column], strict=True)]
        for row in range(n - 1, -1, -1):
            for side in range(sides):
                known = sum(rows[row][k] * results[number, k, side] for k in range(row + 1, n))
                results[number, row, side] = (rows[row][n + side] - known) / rows[row][row]
    return simplest(results.reshape(*front, n, sides))


def det(a: Array, *, stack: int = 0) -> Array:
    """The determinant of a square matrix, exact for integers and fractions; of none, 1.

    >>> int(det(np.array([[1, 2], [3, 4]])))
    -2
    """
    rows, columns = tensor_shape(a, stack)
    require(rows == columns, f"the determinant of a {rows}×{columns} matrix")
    if not exact(a):
        return np.asarray(np.linalg.det(a))
    if rows <= LARGEST_EXPANSION:
        return _expanded(a)

    def determinant(matrix: list[list[Any]]) -> list[list[Any]]:
        try:
            return [[_eliminate(matrix)[0]]]
        except ZeroDivisionError:
            return [[Fraction(0)]]

    return np.asarray(_each_matrix(a, determinant, (1, 1))[..., 0, 0])


def _expanded(a: Array) -> Array:
    """Laplace's expansion along the last row, all samples at once; each minor (a set of columns) computed once."""
    n = a.shape[-1]
    minors: dict[tuple[int, ...], Array] = {(): np.ones(a.shape[:-2], dtype=a.dtype)}
    for row in range(n):
        for columns in itertools.combinations(range(n), row + 1):
            terms = [
                (-1) ** (row + place) * a[..., row, column] * minors[columns[:place] + columns[place + 1 :]]
                for place, column in enumerate(columns)
            ]
            minors[columns] = sum(terms[1:], terms[0])
    return np.asarray(minors[tuple(range(n))])


def _each_matrix(a: Array, function: object, shape: Sizes) -> Array:
    samples = a.reshape(-1, *a.shape[-2:])
    results = np.empty((len(samples), *shape), dtype=object)
    for number, sample in enumerate(samples):
        rows = [[Fraction(value) if isinstance(value, int) else value for value in row] for row in sample.tolist()]
        for i, row in enumerate(function(rows)):  # type: ignore[operator]
            for j, value in enumerate(row):
                results[number, i, j] = value
    return simplest(results.reshape(*a.shape[:-2], *shape))


def _eliminate(matrix: list[list[Any]]) -> tuple[Any, list[list[Any]]]:
    """Gauss and Jordan's elimination of [matrix | identity]: the determinant and the inverse."""
    n = len(matrix)
    work = [[*row, *[int(i == j) for j in range(n)]] for i, row in enumerate(matrix)]
    determinant: Any = 1
    for column in range(n):
        pivot = next((row for row in range(column, n) if work[row][column]), None)
        if pivot is None:
            raise ZeroDivisionError("the matrix is singular")
        if pivot != column:
            work[column], work[pivot] = work[pivot], work[column]
            determinant = -determinant
        head = work[column][column]
        determinant *= head
        work[column] = [value / head for value in work[column]]
        for row in range(n):
            factor = work[row][column]
            if row != column and factor:
                work[row] = [value - factor * top for value, top in zip(work[row], work[column], strict=True)]
    return determinant, [row[n:] for row in work]


def softmax(z: Array, *, stack: int = 0) -> Array:
    """exp(z) divided by its sum over the last axis.

    >>> softmax(np.array([0.0, 0.0]))
    array([0.5, 0.5])
    """
    z = floating(z)
    if not z.shape[-1]:
        raise DoesNotExist("softmax over nothing")
    raised = np.exp(z - real(z).max(axis=-1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=-1, keepdims=True))
