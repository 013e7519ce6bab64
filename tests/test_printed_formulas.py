"""What `explain` prints is true: every line by index, evaluated, has the value of the side that it stands for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from math import isclose, prod
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from printed_sums import Reader, TooMany

from derivations.batch.run import read_document, shipped_documents
from derivations.core.heads import Sensitivity
from derivations.core.sums import LimitReached
from derivations.crosscheck.comparison import free_grid, side
from derivations.crosscheck.data import Manner, data_for, ingredients, scope_for
from derivations.crosscheck.evaluate import KinkCrossed, Varying
from derivations.crosscheck.sizes import generic_sizes, sizes_by_sum
from derivations.crosscheck.values import NotEvaluable, NotExact
from derivations.formulas.claims import Claim, Link
from derivations.formulas.expressions import Loss
from derivations.language.document import Document
from derivations.meaning.lowering import Unsupported
from derivations.show.index_form import NotASum, _Shown, index_form
from numeric.operators import FUNCTIONS, DoesNotExist, Tie

NOTES = """```given
dims B, m, n where m <= n
scalar eps, b
tensor x[B], t[B], A[m, n], v[n], k[m]
function f
choose star in conv, corr
y = t / sqrt(sum(x**2) + eps)
u = exp(mean(x) + eps) * t
z = star(v, k, valid)
loss J(z)
delta = grad(J, z)
P[i] = softmax(A[i] * b)
xhat = (x - mean(x)) / sqrt(mean((x - mean(x))**2) + eps)
loss K(xhat)
```
```claim root
y == u
expect false
```
```claim function
f(pad(z, (1, 1)) + 1) == f(sum(x)) * pad(z, 1)
expect false
```
```claim reshaped
reshape(reshape(A, m*n), m, n) == A + A
expect false
```
```claim columns
vec(A)[:, 0] == reshape(A, n*m)
expect false
```
```claim moved
grad(J, v) == conv(delta, k, full) * mean(f(conv(v, k, full)))
expect false
```
```claim softly
P.T @ A == jacobian(P, A)
expect false
```
```claim normed
grad(K, x) == 0 * x
expect false
```
```claim counted
sum(ones(m, n)) * x == mean(A) * x + mean(x)
expect false
```
"""
LARGEST = 120  # entries of a side
COMPARED = 4  # entries of a large side


def links() -> Iterator[Any]:
    documents = [read_document(path) for path in shipped_documents()]
    documents.append(Document.parse(NOTES, "notes"))
    seen: set[str] = set()
    for document in documents:
        for claim in document.claims:
            for link in claim.links:
                if link.text + str(claim.reading) not in seen:
                    seen.add(link.text + str(claim.reading))
                    yield pytest.param(claim, link, id=f"{Path(document.name).stem[:2]}-{claim.id}-{link.text[:20]}")


class NothingToCompare(Exception):
    """No data at these sizes give the side a value."""


def data(claim: Claim, link: Link, sizes: dict[str, int]) -> tuple[Any, Any, Callable[[Any, Any], Any]]:
    """Data, the scope of the numeric meaning, and division: exact where the link is."""
    needs = ingredients(claim, link)
    for attempt, exact in enumerate((True, False, False, False)):
        manner = Manner(exact, needs.kinked, attempt > 1, attempt, samples=1, scale=needs.scale)
        try:
            drawn = data_for(needs, sizes, manner)
            scope = scope_for(needs, sizes, drawn, exact)
            indices, count = free_grid(link, sizes)
            for part in (link.left, link.right):
                side(part, scope, indices, count)
        except (NotExact, NotEvaluable, Tie, KinkCrossed, ZeroDivisionError):
            continue
        return drawn, scope, (lambda a, b: Fraction(a) / Fraction(b)) if exact else (lambda a, b: a / b)
    raise NothingToCompare


def reader(claim: Claim, drawn: Any, scope: Any, divide: Any, sizes: dict[str, int]) -> Reader:
    """The names of the context with their data; of a residual, the loss's coefficients."""
    values: dict[str, Any] = dict(sizes)
    for name, value in drawn.items():
        array = _unbounded(value.array)[0, 0]
        values[name] = array
    for name, value in claim.context.names.items():
        if isinstance(value, Loss) and name in values:
            values[_Shown(claim.context).names[Sensitivity(name)].partition("(")[0]] = values[name]
    functions: dict[str, Callable[[Any], Any]] = {}
    for name, coefficients in scope.functions.items():
        for order in range(4):
            functions[name + "'" * order] = lambda t, c=tuple(coefficients): sum(a * t**n for n, a in enumerate(c))
            coefficients = [n * c for n, c in enumerate(coefficients)][1:] or [0]
    for name, orders in FUNCTIONS.items():
        if name not in functions:
            functions[name] = lambda t, function=orders[0]: function(np.asarray(float(t)))[()]
    window = max([*sizes.values(), *(s for v in drawn.values() for s in v.array.shape[2:])], default=1) + 2
    return Reader(values, functions, divide, window)


def _unbounded(array: Any) -> Any:
    """Integers that never overflow."""
    return array.astype(object) if array.dtype.kind == "i" else array


def compare(claim: Claim, link: Link, sizes: dict[str, int]) -> int:
    """How many entries were compared; fails where one differs."""
    try:
        drawn, scope, divide = data(claim, link, sizes)
        indices, count = free_grid(link, sizes)
    except (DoesNotExist, Varying):
        raise NothingToCompare from None
    compared = 0
    for part in (link.left, link.right):
        try:
            lines = index_form(part, link, claim.context)
        except (Unsupported, LimitReached, NotASum):
            continue
        found = side(part, scope, indices, count)
        if found.value is None:
            continue
        array = found.value.array[0]
        for place in _places(count, array.shape):
            if found.absent[place[0]]:
                continue
            free = {name: int(values[place[0]]) for name, values in indices.items()}
            read = reader(claim, drawn, scope, divide, {**sizes, **free})
            wanted = array[(min(place[0], array.shape[0] - 1), *place[1:])]
            try:
                shown = read.lines(lines, place[1:])
            except (TooMany, KeyError):  # a loss's own value is no sum of what is named
                continue
            where = f"at {sizes} {free} {place[1:]}"
            assert _same(shown, wanted), f"{lines} gives {shown}, the side {part} is {wanted} {where}"
            compared += 1
    return compared


def _places(count: int, shape: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    full = (count, *shape[1:])
    total = prod(full)
    for number in range(0, total, max(1, total // COMPARED)):
        yield tuple(int(i) for i in np.unravel_index(number, full))


def _same(left: Any, right: Any) -> bool:
    if isinstance(left, float) or isinstance(right, float):
        return isclose(left, right, rel_tol=1e-9, abs_tol=1e-9)
    return bool(left == right)


@pytest.mark.parametrize(("claim", "link"), list(links()))
def test_each_line_by_index_has_the_value_of_its_side(claim: Claim, link: Link) -> None:
    """At generic sizes (small ones where there are none), in the smallest data's exact arithmetic where there is."""
    conditions = (*claim.context.conditions, *claim.conditions)
    sizes = [dict(found) for found in generic_sizes(claim.context, conditions, 1)]
    sizes += [dict(found) for found in sizes_by_sum(claim.context, conditions, 2)]
    compared = 0
    for at in sizes:
        try:
            compared += compare(claim, link, at)
            if compared:
                break
        except NothingToCompare:
            continue
    COUNTED[link.text] = compared


COUNTED: dict[str, int] = {}


def test_most_sides_were_compared() -> None:
    """The tests above are not empty: maxima and what the kernel does not know apart, every claim is looked at."""
    if len(COUNTED) < 100:
        pytest.skip("the tests above were not all run in this process")
    assert sum(count > 0 for count in COUNTED.values()) > 0.85 * len(COUNTED)
