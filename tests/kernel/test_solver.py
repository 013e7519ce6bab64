"""The two deciders agree with each other and with counting; past a limit they say neither yes nor no."""

from __future__ import annotations

import time
from itertools import product

import pytest
import z3
from hypothesis import given, settings
from hypothesis import strategies as st
from integer_trees import Claimed, affine_trees, conditions, trees

from derivations.core import terms as k
from derivations.core.terms import Condition, Int
from derivations.search.solver import (
    Z3_RESOURCES,
    Answer,
    Satisfiable,
    Solver,
    Unknown,
    Unsatisfiable,
    components,
    degree,
    is_affine,
    isl_satisfiable,
    isl_set,
    linearised,
    without_extrema,
    z3_answer,
)

FEW = settings(max_examples=60, deadline=None)
BOX = {"s": (1, 3), "t": (1, 2), "a": (-2, 3), "b": (0, 3), "c": (-1, 1)}


def z3_satisfiable(condition: Condition, resources: int = Z3_RESOURCES) -> Answer:
    """z3's answer in a context of its own."""
    return z3_answer(condition, resources, z3.Context())[0]


def boxed(condition: Condition) -> Condition:
    """The condition with every name in a small box, so that counting decides it."""
    return k.all_of([condition, *[k.between(low, Int.symbol(name), high) for name, (low, high) in BOX.items()]])


def counted(claimed: Claimed) -> bool:
    values = (dict(zip(BOX, point, strict=True)) for point in product(*[range(a, b + 1) for a, b in BOX.values()]))
    return any(claimed.holds(at) for at in values)


@FEW
@given(conditions(affine_trees))
def test_isl_and_z3_and_counting_agree(claimed: Claimed) -> None:
    """On affine conditions both deciders give the counted answer, and their examples satisfy the condition."""
    condition = boxed(claimed.condition())
    assert is_affine(condition)
    expected = counted(claimed)
    for answer in (isl_satisfiable(condition), isl_satisfiable(condition, smallest=True), z3_satisfiable(condition)):
        assert isinstance(answer, Satisfiable if expected else Unsatisfiable)
        if isinstance(answer, Satisfiable):
            assert claimed.holds(answer.model)


@FEW
@given(conditions(trees))
def test_the_solver_and_counting_agree(claimed: Claimed) -> None:
    """On conditions with products and quotients by sizes the answer is the counted one, or none."""
    condition = boxed(claimed.condition())
    answer = Solver().satisfiable(condition)
    expected = counted(claimed)
    assert isinstance(answer, Unknown | (Satisfiable if expected else Unsatisfiable))
    if isinstance(answer, Satisfiable):
        assert claimed.holds({**dict.fromkeys(BOX, 1), **answer.model})


@FEW
@given(conditions(trees))
def test_weaker_questions_are_weaker(claimed: Claimed) -> None:
    """Linearised conditions and components hold wherever the condition does: no solution is lost."""
    condition = boxed(claimed.condition())
    if counted(claimed):
        assert not isinstance(isl_satisfiable(linearised(condition)), Unsatisfiable)
        for part in components(condition):
            assert not isinstance(Solver().satisfiable(part), Unsatisfiable)


@FEW
@given(conditions(affine_trees), st.fixed_dictionaries({name: st.integers(*ends) for name, ends in BOX.items()}))
def test_extrema_are_cases(claimed: Claimed, at: dict[str, int]) -> None:
    """Writing minima and maxima as cases keeps the condition, and isl's set has exactly its points."""
    condition = claimed.condition()
    assert k.holds(without_extrema(condition), at) == claimed.holds(at)
    names = sorted(BOX)
    point = isl_set(k.all_of(k.equal(Int.symbol(name), at[name]) for name in names), names)
    assert (not point.intersect(isl_set(condition, names)).is_empty()) == claimed.holds(at)


def hard() -> Condition:
    """x³ + y³ + z³ = 42 with all beyond any search."""
    x, y, z = (Int.symbol(name) for name in "xyz")
    return k.all_of([k.equal(x**3 + y**3 + z**3, 42), k.at_most(1000, x * x)])


def test_past_a_limit_nothing_is_said() -> None:
    """Neither a tiny budget nor a hard question gives yes or no."""
    assert isinstance(z3_satisfiable(hard(), 10_000), Unknown)
    solver = Solver(z3_resources=10_000)
    assert isinstance(solver.satisfiable(hard()), Unknown)
    assert solver.implies(hard(), k.FALSE) is None
    many = k.all_of(
        k.any_of([k.equal(Int.symbol(f"v{i}") % 7, 1), k.at_most(Int.symbol(f"v{i}") * 3, Int.symbol(f"v{i + 1}"))])
        for i in range(12)
    )
    assert isinstance(isl_satisfiable(many, 20), Unknown)
    assert isinstance(isl_satisfiable(many), Satisfiable)  # and the limit of one question is not the next one's


def test_what_z3_does_is_what_it_counts() -> None:
    """A question with quotients by products of sizes, of which z3 counted a tenth of its limit in over a minute (by
    reasoning about real numbers), takes seconds at most."""
    a, b, c, i = (Int.symbol(name) for name in "abci")
    nested = ((b + 4 * c) // (i**3) + a * c) // (a * a * i)
    equations = [k.equal(nested * c + 2 * a * a * i + 2 * b * b, b * b * i), k.equal(b * c, b * c * i)]
    question = k.all_of([*(k.at_most(1, size) for size in (a, b, c, i)), *equations])
    start = time.process_time()
    z3_satisfiable(question)
    assert time.process_time() - start < 2
    assert (degree(question), degree(k.zero(a * b + c // a)), degree(k.zero(a + b))) == (4, 2, 1)


@pytest.mark.parametrize("attempt", range(3))
def test_the_same_question_has_the_same_answer(attempt: int) -> None:
    """Answers and examples do not depend on what was asked before."""
    x, y = Int.symbol("x"), Int.symbol("y")
    question = k.all_of([k.equal(x * y, 91), k.between(2, x, y)])
    for number in range(attempt * 3):
        Solver().satisfiable(k.equal(x * x * y, number))
    assert z3_satisfiable(question) == Satisfiable({"x": 7, "y": 13})


@pytest.mark.parametrize("operations", [1, 30, 100, 300, 1000])
def test_every_way_in_which_isl_ends_past_its_limit_is_the_limit(operations: int) -> None:
    """Past the limit isl refuses even to read a number, each refusal with a message of its own."""
    x, y = Int.symbol("x"), Int.symbol("y")
    parts = [k.at_most(7 * x + n, 5 * y + (x + n) // 3) for n in range(40)]
    assert isinstance(isl_satisfiable(k.all_of(parts), operations), Unknown)
    assert isl_satisfiable(k.equal(x, 10**40)) == Satisfiable({"x": 10**40})
