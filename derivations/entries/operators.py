"""Every operator of the language at concrete sizes, by plain loops over SymPy entries: a third meaning.

It shares nothing with the kernel's index relations nor with `numeric/`: a convolution is made here by
scattering every product into the full result and cutting the mode's part out of it, a pooling by listing its
windows. So a mistake in one of the three meanings shows as a disagreement.

What it cannot see: anything about other sizes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from sympy import Add, Expr, Integer, Matrix, Rational, exp, pi

from derivations.entries.choices import EXPLICIT_CHOICES
from derivations.entries.grids import DoesNotExist, Grid, Index, indices, need, scalar, total
from derivations.entries.values import is_maximum, maximum

# -- matrices --------------------------------------------------------------------------------------


def matmul(a: Grid, b: Grid) -> Grid:
    """Rows of a times columns of b; a vector on the left is a row, on the right a column."""
    need(a.shape[-1] == b.shape[0], f"a product of shapes {a.shape} and {b.shape}")
    left = a.shape[:-1]

    def entry(index: Index) -> Expr:
        row, column = index[: len(left)], index[len(left) :]
        return total(a[(*row, t)] * b[(t, *column)] for t in range(b.shape[0]))

    return Grid.build((*left, *b.shape[1:]), entry)


def transpose(a: Grid) -> Grid:
    """Rows become columns."""
    return Grid.build((a.shape[1], a.shape[0]), lambda index: a[(index[1], index[0])])


def permute(a: Grid, axes: Sequence[int]) -> Grid:
    """The axes in another order."""
    placed = {tuple(at[axis] for axis in axes): a[at] for at in indices(a.shape)}
    return Grid.build(tuple(a.shape[axis] for axis in axes), placed.__getitem__)


def trace(a: Grid) -> Grid:
    """The sum of the diagonal of a square matrix."""
    need(a.shape[0] == a.shape[1], f"the trace of a matrix of shape {a.shape}")
    return scalar(total(a[(t, t)] for t in range(a.shape[0])))


def _reduced(a: Grid, axis: Sequence[int], of: Callable[[list[Expr]], Expr]) -> Grid:
    """A reduction along some axes: a function of the entries that differ there only."""
    kept = [number for number in range(a.rank) if number not in axis]
    groups: dict[Index, list[Expr]] = {at: [] for at in indices(tuple(a.shape[number] for number in kept))}
    for at in indices(a.shape):
        groups[tuple(at[number] for number in kept)].append(a[at])
    return Grid.build(tuple(a.shape[number] for number in kept), lambda at: of(groups[at]))


def mean(a: Grid, axis: Sequence[int]) -> Grid:
    """The sum along some axes by the number of its terms."""
    need(all(a.shape[number] >= 1 for number in axis), "the mean of no entry")
    return _reduced(a, axis, lambda entries: total(entries) / len(entries))


def broadcast(a: Grid, shape: Sequence[int], axis: Sequence[int]) -> Grid:
    """A repeated along new axes; the others are A's."""
    places = [number % len(shape) for number in axis]
    need(all(size >= 0 for size in shape), "a negative size")
    need(a.shape == tuple(shape[place] for place in places), f"{a.shape} as the axes {tuple(axis)} of {tuple(shape)}")
    return Grid.build(tuple(shape), lambda at: a[tuple(at[place] for place in places)])


def diagonal(v: Grid) -> Grid:
    """A diagonal matrix."""
    return Grid.build((v.shape[0], v.shape[0]), lambda at: v[at[:1]] if at[0] == at[1] else Integer(0))


def kron(a: Grid, b: Grid) -> Grid:
    """Every entry of a times a copy of b, laid side by side."""
    need(all(size >= 1 for size in b.shape), "a Kronecker product with an empty matrix")
    shape = tuple(n * m for n, m in zip(a.shape, b.shape, strict=True))
    entries: dict[Index, Expr] = {}
    for block in indices(a.shape):
        for inner in indices(b.shape):
            place = tuple(i * m + j for i, m, j in zip(block, b.shape, inner, strict=True))
            entries[place] = a[block] * b[inner]
    return Grid.build(shape, entries.__getitem__)


def outer(u: Grid, v: Grid) -> Grid:
    """All products of an entry of u and an entry of v."""
    return Grid.build((*u.shape, *v.shape), lambda at: u[at[: u.rank]] * v[at[u.rank :]])


def vec(a: Grid) -> Grid:
    """Entries stacked with the first axis fastest, as one column."""
    need(all(size >= 1 for size in a.shape), "vec of an empty tensor")
    stacked = [a[tuple(reversed(at))] for at in indices(tuple(reversed(a.shape)))]
    return Grid((len(stacked), 1), tuple(stacked))


def reshape(a: Grid, shape: Sequence[int]) -> Grid:
    """The same entries in row-major order."""
    count = 1
    for size in shape:
        count *= size
    need(count == len(a.entries) and count > 0, f"{a.shape} reshaped to {tuple(shape)}")
    return Grid(tuple(shape), a.entries)


def _square_matrix(a: Grid) -> Any:
    need(a.shape[0] == a.shape[1], f"the inverse or determinant of a matrix of shape {a.shape}")
    return Matrix(a.shape[0], a.shape[1], list(a.entries))


def inverse(a: Grid) -> Grid:
    """The inverse by cofactors, so that its entries are polynomials by the determinant."""
    matrix = _square_matrix(a)
    return Grid(a.shape, tuple(matrix.adjugate() / matrix.det(method="berkowitz")))


def solution(a: Grid, b: Grid) -> Grid:
    """The x with a·x = b, by Cramer's rule: each entry is a determinant by that of a."""
    matrix = _square_matrix(a)
    sides = b.shape[1] if len(b.shape) == 2 else 1
    need(b.shape[0] == matrix.rows, f"a solution for the shapes {a.shape} and {b.shape}")
    right = Matrix(matrix.rows, sides, list(b.entries))
    below = matrix.det(method="berkowitz")
    found = []
    for row in range(matrix.rows):
        for side in range(sides):
            replaced = matrix.copy()
            replaced[:, row] = right[:, side]
            found.append(replaced.det(method="berkowitz") / below)
    return Grid(b.shape, tuple(found))


def determinant(a: Grid) -> Grid:
    """The determinant as a polynomial in the entries."""
    return scalar(_square_matrix(a).det(method="berkowitz"))


def softmax(z: Grid) -> Grid:
    """exp(z) by its sum over the last axis."""

    def entry(at: Index) -> Expr:
        return exp(z[at]) / total(exp(z[(*at[:-1], t)]) for t in range(z.shape[-1]))

    return Grid.build(z.shape, entry)


def largest(z: Grid, axis: Sequence[int]) -> Grid:
    """The maximum along some axes."""
    need(all(z.shape[number] >= 1 for number in axis), "the maximum of no entry")
    return _reduced(z, axis, maximum)


# -- resampling: on the last two axes --------------------------------------------------------------


def _lead(a: Grid, axes: int) -> tuple[Index, Index]:
    return a.shape[: a.rank - axes], a.shape[a.rank - axes :]


def _last_axes(a: Grid) -> int:
    return min(a.rank, 2)


def rot180(a: Grid) -> Grid:
    """Half a turn of the last two axes."""
    for axis in range(a.rank - _last_axes(a), a.rank):
        a = flip(a, axis)
    return a


def flip(a: Grid, axis: int) -> Grid:
    """One axis backwards."""
    axis %= a.rank
    return Grid.build(a.shape, lambda at: a[(*at[:axis], a.shape[axis] - 1 - at[axis], *at[axis + 1 :])])


def roll(a: Grid, k: int, axis: int) -> Grid:
    """One axis turned round by k places: what stood at place t stands at t + k, counted in a circle."""
    axis %= a.rank
    n = a.shape[axis]
    need(n >= 1, "a circular shift along an empty axis")
    target = {(*at[:axis], (at[axis] + k) % n, *at[axis + 1 :]): a[at] for at in indices(a.shape)}
    return Grid.build(a.shape, target.__getitem__)


def concat(a: Grid, b: Grid, axis: int) -> Grid:
    """b behind a along one axis."""
    axis %= a.rank
    need(a.shape[:axis] + a.shape[axis + 1 :] == b.shape[:axis] + b.shape[axis + 1 :], "tensors of other sizes")
    placed = {at: a[at] for at in indices(a.shape)}
    placed |= {(*at[:axis], at[axis] + a.shape[axis], *at[axis + 1 :]): b[at] for at in indices(b.shape)}
    shape = (*a.shape[:axis], a.shape[axis] + b.shape[axis], *a.shape[axis + 1 :])
    return Grid.build(shape, placed.__getitem__)


def rot90(a: Grid, turns: int) -> Grid:
    """Quarter turns counter-clockwise: transpose the last two axes, then reverse the rows."""
    for _ in range(turns % 4):
        *lead, rows, columns = a.shape
        exchanged = {(*at[:-2], at[-1], at[-2]): a[at] for at in indices(a.shape)}
        a = flip(Grid.build((*lead, columns, rows), exchanged.__getitem__), a.rank - 2)
    return a


def up(a: Grid, factors: Sequence[int]) -> Grid:
    """Every entry as a block."""
    need(all(n >= 0 for n in factors), "up by a negative number")
    if 0 in factors:
        lead, sizes = _lead(a, len(factors))
        return Grid((*lead, *(size * n for size, n in zip(sizes, factors, strict=True))), ())
    ones = Grid.build((1,) * (a.rank - len(factors)) + tuple(factors), lambda at: Integer(1))
    return kron(a, ones)


def dilate(a: Grid, steps: Sequence[int]) -> Grid:
    """s − 1 zeros between neighbours."""
    lead, sizes = _lead(a, len(steps))
    need(
        all(s >= 1 for s in steps) and all(n >= 1 for n in sizes),
        "dilate needs steps and sizes of at least 1",
    )
    entries: dict[Index, Expr] = {}
    for at in indices(a.shape):
        spread = tuple(i * s for i, s in zip(at[len(lead) :], steps, strict=True))
        entries[(*at[: len(lead)], *spread)] = a[at]
    shape = (*lead, *((n - 1) * s + 1 for n, s in zip(sizes, steps, strict=True)))
    return Grid.build(shape, lambda at: entries.get(at, Integer(0)))


def pad(a: Grid, widths: Sequence[tuple[int, int]]) -> Grid:
    """A frame of zeros."""
    need(all(w >= 0 for pair in widths for w in pair), "a frame of negative width")
    lead, sizes = _lead(a, len(widths))
    shape = (*lead, *(before + n + after for n, (before, after) in zip(sizes, widths, strict=True)))
    offset = (*(0 for _ in lead), *(before for before, _ in widths))
    return Grid.build(shape, lambda at: a.get(tuple(i - o for i, o in zip(at, offset, strict=True))))


def crop(a: Grid, widths: Sequence[tuple[int, int]]) -> Grid:
    """The frame dropped."""
    need(all(w >= 0 for pair in widths for w in pair), "a frame of negative width")
    lead, sizes = _lead(a, len(widths))
    shape = (*lead, *(n - before - after for n, (before, after) in zip(sizes, widths, strict=True)))
    offset = (*(0 for _ in lead), *(before for before, _ in widths))
    return Grid.build(shape, lambda at: a[tuple(i + o for i, o in zip(at, offset, strict=True))])


def resize(a: Grid, sizes: Sequence[int]) -> Grid:
    """The top left corner of a frame of zeros, cut where larger."""
    return Grid.build((*a.shape[: a.rank - len(sizes)], *sizes), a.get)


# -- sliding ---------------------------------------------------------------------------------------


def _full(x: Grid, k: Grid) -> dict[Index, Expr]:
    """Every overlap: the product x[i]·k[j] is scattered to place i + j."""
    products: dict[Index, list[Expr]] = {}
    for at_x in indices(x.shape):
        for at_k in indices(k.shape):
            place = tuple(i + j for i, j in zip(at_x, at_k, strict=True))
            products.setdefault(place, []).append(x[at_x] * k[at_k])
    return {place: Add(*terms) for place, terms in products.items()}


def _cut(full: dict[Index, Expr], starts: Sequence[int], sizes: Sequence[int], stride: Sequence[int]) -> Grid:
    need(all(size >= 1 for size in sizes), "there is no overlap")
    shape = tuple((size - 1) // s + 1 for size, s in zip(sizes, stride, strict=True))

    def entry(at: Index) -> Expr:
        place = tuple(o + s * i for o, s, i in zip(starts, stride, at, strict=True))
        return full.get(place, Integer(0))

    return Grid.build(shape, entry)


def convolution(
    x: Grid,
    k: Grid,
    mode: str,
    stride: Sequence[int],
    padding: Sequence[tuple[int, int]],
    dilation: Sequence[int],
) -> Grid:
    """x ∗ k: pad the data, spread the kernel, take every overlap, cut the mode's part, keep every s-th."""
    need(all(s >= 1 for s in (*stride, *dilation)), "strides and dilations are at least 1")
    need(all(m >= 1 for m in k.shape), "an empty kernel")
    need(all(w >= 0 for pair in padding for w in pair), "a negative padding")
    data = Grid.build(
        tuple(n + before + after for n, (before, after) in zip(x.shape, padding, strict=True)),
        lambda at: x.get(tuple(i - before for i, (before, _) in zip(at, padding, strict=True))),
    )
    spread: dict[Index, Expr] = {
        tuple(i * d for i, d in zip(at, dilation, strict=True)): k[at] for at in indices(k.shape)
    }
    reach = tuple((m - 1) * d + 1 for m, d in zip(k.shape, dilation, strict=True))
    kernel = Grid.build(reach, lambda at: spread.get(at, Integer(0)))
    pairs = list(zip(data.shape, reach, strict=True))
    starts, sizes = {
        "valid": ([m - 1 for _, m in pairs], [n - m + 1 for n, m in pairs]),
        "full": ([0 for _ in pairs], [n + m - 1 for n, m in pairs]),
        "same": ([(m - 1) // 2 for _, m in pairs], [n for n, _ in pairs]),
    }[mode]
    return _cut(_full(data, kernel), starts, sizes, stride)


def correlation(x: Grid, k: Grid, *parameters: Any) -> Grid:
    """Convolution with the kernel reversed on every axis."""
    for axis in range(k.rank):
        k = flip(k, axis)
    return convolution(x, k, *parameters)


def commutative(a: Grid, b: Grid, mode: str) -> Grid:
    """A ∗ B; for valid the smaller slides over the larger."""
    need(all(size >= 1 for size in (*a.shape, *b.shape)), "an empty factor")
    pairs = list(zip(a.shape, b.shape, strict=True))
    if mode == "valid":
        ordered = all(n >= m for n, m in pairs) or all(n <= m for n, m in pairs)
        need(ordered, f"neither of {a.shape} and {b.shape} contains the other")
    starts, sizes = {
        "valid": ([min(n, m) - 1 for n, m in pairs], [abs(n - m) + 1 for n, m in pairs]),
        "full": ([0 for _ in pairs], [n + m - 1 for n, m in pairs]),
        "same": ([(m - 1) // 2 for _, m in pairs], [n for n, _ in pairs]),
    }[mode]
    return _cut(_full(a, b), starts, sizes, [1] * a.rank)


@dataclass(frozen=True)
class Windows:
    """The windows of a pooling: for each output index the places of x it covers (in x only), and its area."""

    shape: Index
    places: dict[Index, tuple[Index, ...]]
    area: dict[Index, int]


def windows(
    shape: Index, f: Sequence[int], stride: Sequence[int], padding: Sequence[tuple[int, int]], ceil: bool
) -> Windows:
    """List the windows: they begin at −before, s − before, ...; complete ones only, unless `ceil`."""
    need(all(size >= 1 for size in (*f, *stride)), "windows and strides are at least 1")
    need(all(w >= 0 for pair in padding for w in pair), "a negative padding")
    lead, sizes = shape[: len(shape) - len(f)], shape[len(shape) - len(f) :]
    per_axis = []
    for n, width, s, (before, after) in zip(sizes, f, stride, padding, strict=True):
        need(n >= 1 and n + before + after >= width, f"no window of {width} fits into {n}")
        per_axis.append(_windows_of_axis(n, width, s, before, after, ceil))
    counts = tuple(len(starts) for starts in per_axis)
    places: dict[Index, tuple[Index, ...]] = {}
    area: dict[Index, int] = {}
    for at in indices((*lead, *counts)):
        chosen = [per_axis[axis][i] for axis, i in enumerate(at[len(lead) :])]
        inside = product(*(range(max(first, 0), min(last, n)) for (first, last), n in zip(chosen, sizes, strict=True)))
        places[at] = tuple((*at[: len(lead)], *place) for place in inside)
        area[at] = 1
        for first, last in chosen:
            area[at] *= last - first
    return Windows((*lead, *counts), places, area)


def _windows_of_axis(n: int, f: int, s: int, before: int, after: int, ceil: bool) -> list[tuple[int, int]]:
    """(first, past the last) of every window of one axis, cut at the end of the padding."""
    found: list[tuple[int, int]] = []
    start = -before
    while start < n and (not found or found[-1][1] < n + after) if ceil else start + f <= n + after:
        found.append((start, min(start + f, n + after)))
        start += s
    return found


def sum_pool(x: Grid, f: Any, stride: Any, padding: Any, ceil: bool) -> Grid:
    """Window sums."""
    over = windows(x.shape, f, stride, padding, ceil)
    return Grid.build(over.shape, lambda at: total(x[place] for place in over.places[at]))


def mean_pool(x: Grid, f: Any, stride: Any, padding: Any, ceil: bool) -> Grid:
    """Window sums by the number of places; padded zeros count."""
    over = windows(x.shape, f, stride, padding, ceil)
    sums = sum_pool(x, f, stride, padding, ceil)
    return Grid.build(over.shape, lambda at: sums[at] * Rational(1, over.area[at]))


def max_pool(x: Grid, f: Any, stride: Any, padding: Any, ceil: bool) -> Grid:
    """Window maxima; a padded place is never taken."""
    need(
        all(w < size for pair, size in zip(padding, f, strict=True) for w in pair),
        "a window of padding alone",
    )
    over = windows(x.shape, f, stride, padding, ceil)
    return Grid.build(over.shape, lambda at: maximum([x[place] for place in over.places[at]]))


def max_unpool(delta: Grid, x: Grid, f: Any, stride: Any) -> Grid:
    """Each entry of delta at the place of its window's maximum in x, overlaps added."""
    over = windows(x.shape, f, stride, [(0, 0)] * len(f), False)
    need(over.shape == delta.shape, f"delta has shape {delta.shape}, the pooling {over.shape}")
    result = {at: Integer(0) for at in indices(x.shape)}
    for at, places in over.places.items():
        values = [x[place] for place in places]
        for number, place in enumerate(places):
            result[place] += delta[at] * is_maximum(number, values)
    return Grid.build(x.shape, result.__getitem__)


EXPLICIT: dict[str, Callable[..., Grid]] = {
    **EXPLICIT_CHOICES,
    "matmul": matmul,
    "transpose": transpose,
    "permute": permute,
    "tr": trace,
    "sum": lambda a, axis: _reduced(a, axis, total),
    "mean": mean,
    "ones": lambda shape: Grid.build(shape, lambda at: Integer(1)),
    "zeros": lambda shape: Grid.build(shape, lambda at: Integer(0)),
    "eye": lambda n: Grid.build((n, n), lambda at: Integer(at[0] == at[1])),
    "pi": lambda: scalar(pi),
    "diag": diagonal,
    "kron": kron,
    "outer": outer,
    "vec": vec,
    "reshape": reshape,
    "inv": inverse,
    "det": determinant,
    "solve": solution,
    "softmax": softmax,
    "max": largest,
    "broadcast": broadcast,
    "rot180": rot180,
    "rot90": rot90,
    "flip": flip,
    "roll": roll,
    "concat": concat,
    "up": up,
    "dilate": dilate,
    "pad": pad,
    "crop": crop,
    "resize": resize,
    "conv": convolution,
    "corr": correlation,
    "convolve": commutative,
    "sum_pool": sum_pool,
    "mean_pool": mean_pool,
    "max_pool": max_pool,
    "max_unpool": max_unpool,
}

__all__ = ["EXPLICIT", "DoesNotExist", "Grid", "Windows", "indices", "need", "scalar", "total", "windows"]
