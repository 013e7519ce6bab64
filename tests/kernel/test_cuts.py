"""What products imply is true wherever the conditions are, and is what windows and flattened indices need."""

from __future__ import annotations

from contextlib import suppress
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from integer_trees import SIZES, Claimed, Tree, Values, names, numbers, trees, values

from derivations.core import terms as k
from derivations.core.cuts import with_cuts
from derivations.core.terms import Condition, Int, conjuncts
from derivations.search.solver import Solver, Unsatisfiable

n, m, h, a, b, i, r = map(Int.symbol, ("n", "m", "h", "a", "b", "i", "r"))
products = st.tuples(names, names).map(lambda pair: Tree("*", pair))
multilinear = st.recursive(
    st.one_of(numbers, names, products),
    lambda part: st.tuples(st.sampled_from("+-"), st.tuples(part, part)).map(lambda p: Tree(*p)),
    max_leaves=4,
)
simple = st.tuples(st.sampled_from(("==", "<=")), st.tuples(*[st.one_of(multilinear, trees)] * 2)).map(
    lambda p: Claimed(*p)
)


def with_sizes(parts: list[Condition]) -> Condition:
    """The parts, and that the sizes are at least 1."""
    return k.all_of([*parts, *[k.at_most(1, Int.symbol(name)) for name in SIZES]])


@settings(max_examples=400, deadline=None)
@given(st.lists(simple, min_size=1, max_size=5), st.lists(values, min_size=1, max_size=12))
def test_cuts_are_implied(claimed: list[Claimed], points: list[Values]) -> None:
    """Wherever a conjunction holds, all that was added to it holds, and nothing was taken away."""
    condition = with_sizes([each.condition() for each in claimed])
    more = with_cuts(condition)
    for at in points:
        assert k.holds(more, at) == all(each.holds(at) for each in claimed)


small = st.integers(-2, 2).map(lambda n: Tree("number", (n,)))
dividends = st.tuples(st.sampled_from("+-*"), st.tuples(st.one_of(small, names), names)).map(lambda p: Tree(*p))
by = st.sampled_from((*SIZES, "a", "2", "-3", "s*t", "s*a", "s-t")).map(
    lambda text: {
        "2": Tree("number", (2,)),
        "-3": Tree("number", (-3,)),
        "s*t": Tree("*", (Tree("name", ("s",)), Tree("name", ("t",)))),
        "s*a": Tree("*", (Tree("name", ("s",)), Tree("name", ("a",)))),
        "s-t": Tree("-", (Tree("name", ("s",)), Tree("name", ("t",)))),
    }.get(text, Tree("name", (text,)))
)
floors = st.tuples(dividends, by).map(lambda p: Tree("//", p))
nested = st.tuples(st.one_of(floors, dividends), by).map(lambda p: Tree("//", p))
bounds = st.tuples(st.just("<="), st.tuples(*[st.one_of(small, names, dividends, floors, nested)] * 2)).map(
    lambda p: Claimed(*p)
)
lasting = st.tuples(small, st.tuples(names, by).map(lambda p: Tree("//", p))).map(lambda p: Claimed("<=", p))
either = st.tuples(st.sampled_from(("or", "and")), st.tuples(bounds, bounds)).map(lambda p: Claimed(*p))


@settings(max_examples=150, deadline=None)
@given(st.lists(st.one_of(bounds, lasting, either), min_size=1, max_size=4))
def test_every_small_solution_is_one_with_cuts(claimed: list[Claimed]) -> None:
    """All small numbers at which a condition means something: quotients of quotients, of what is negative, by two
    sizes, by what is no size, in alternatives."""
    try:
        condition = with_sizes([each.condition() for each in claimed])
    except ZeroDivisionError:  # by s - s
        return
    more = with_cuts(condition)
    if more == condition:
        return
    names_met = [name for name in (*SIZES, "a", "b", "c") if name in SIZES or name in k.condition_symbols(condition)]
    for chosen in product(*[range(1, 4) if name in SIZES else range(-2, 3) for name in names_met]):
        at = dict(zip(names_met, chosen, strict=True))
        with suppress(ZeroDivisionError):  # where a divisor is not positive, nothing is said
            assert not k.holds(condition, at) or k.holds(more, at), at


@pytest.mark.parametrize(
    ("parts", "follows"),
    [
        # the last window that begins in the input, and the first one
        ([k.at_most(n * a, i), k.at_most(i, n * h - 1)], k.at_most(a, h - 1)),
        ([k.at_most(i, n * a + n - 1), k.at_most(0, i)], k.at_most(0, a)),
        # a number above a product says less, a number below it more
        ([k.at_most(-5, n * a)], k.at_most(-5, a)),
        ([k.at_most(5, n * a)], k.at_most(1, a)),
        # two sizes, one after the other
        ([k.at_most(n * m * a, -1)], k.at_most(a, -1)),
        # an equation is both
        ([k.equal(n * a, n * h - 3)], k.at_most(a, h - 1)),
    ],
)
def test_what_windows_need_follows(parts: list[Condition], follows: Condition) -> None:
    """The step from products to what they are products of."""
    positive = [k.at_most(1, n), k.at_most(1, m)]
    assert follows in conjuncts(with_cuts(k.all_of([*parts, *positive])))


def test_only_of_sizes_known_to_be_positive() -> None:
    """Where n may be 0, or negative, nothing follows."""
    for known in ([], [k.at_most(0, n)], [k.at_most(n, 5)], [k.at_most(1, n * m)]):
        condition = k.all_of([k.at_most(1, n * a + 1), k.at_most(0, n * a), *known])
        assert with_cuts(condition) == condition


def test_flattened_indices_come_apart() -> None:
    """0 <= n·a + b <= n·h − 1 with 0 <= b <= n − 1 says 0 <= a <= h − 1, and the other way round."""
    digit = [k.at_most(1, n), k.at_most(0, b), k.at_most(b, n - 1)]
    flat = k.all_of([k.at_most(0, n * a + b), k.at_most(n * a + b, n * h - 1)])
    apart = k.all_of([k.at_most(0, a), k.at_most(a, h - 1)])
    solver = Solver(z3_total=0)
    for one, other in ((flat, apart), (apart, flat)):
        for part in conjuncts(other):
            assert isinstance(solver.satisfiable(k.all_of([*digit, one, k.negate(part)])), Unsatisfiable)
