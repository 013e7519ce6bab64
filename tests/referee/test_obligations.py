"""A question's SMT-LIB text says what the question says; and the deciders never say `unsat` of what has a solution."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from derivations.core.deciders import Answer, Panel, cvc5_answer, isl_answer, z3_answer
from derivations.core.names import Mark, Role
from derivations.core.obligations import Question, Script, divisors
from derivations.core.terms import (
    FALSE,
    Condition,
    Int,
    all_of,
    any_of,
    at_most,
    between,
    equal,
    evaluate,
    greatest,
    holds,
    least,
    negate,
)
from recheck.enumerate import small
from recheck.script import Script as Asserted
from recheck.script import read

NAMES = ("n", "s", "x")
LARGEST = 3

symbols = st.sampled_from(NAMES).map(Int.symbol)
numbers = st.integers(-2, 3).map(Int.of)


def _of_two(inner: st.SearchStrategy[Int]) -> st.SearchStrategy[Int]:
    positive = st.integers(1, 3).map(Int.of)
    return st.one_of(
        st.tuples(inner, inner).map(lambda p: p[0] + p[1]),
        st.tuples(inner, inner).map(lambda p: p[0] * p[1]),
        st.tuples(inner, inner).map(lambda p: least(*p)),
        st.tuples(inner, inner).map(lambda p: greatest(*p)),
        st.tuples(inner, positive).map(lambda p: p[0] // p[1]),
        inner.map(lambda p: p // Int.symbol("s")),  # s >= 1 in every question here
    )


terms = st.recursive(symbols | numbers, _of_two, max_leaves=5)
literals = st.tuples(terms, terms, st.booleans()).map(lambda p: equal(p[0], p[1]) if p[2] else at_most(p[0], p[1]))
conditions = st.recursive(
    literals,
    lambda inner: st.one_of(
        st.lists(inner, min_size=2, max_size=3).map(all_of),
        st.lists(inner, min_size=2, max_size=3).map(any_of),
        inner.map(negate),
    ),
    max_leaves=4,
)
cases = st.lists(st.tuples(conditions, terms), max_size=2).map(tuple)
BOX = all_of((between(-LARGEST, Int.symbol("n"), LARGEST), between(1, Int.symbol("s"), LARGEST),
              between(-LARGEST, Int.symbol("x"), LARGEST)))  # fmt: skip


def _questions() -> st.SearchStrategy[Question]:
    return st.tuples(conditions, cases).map(lambda p: Question(all_of((BOX, p[0])), p[1]))


def _satisfied(question: Question, values: dict[str, int]) -> bool:
    total = sum(evaluate(amount, values) for case, amount in question.cases if holds(case, values))
    return holds(question.condition, values) and (not question.cases or total != 0)


def _is_satisfied_somewhere(question: Question) -> bool:
    points = product(range(-LARGEST, LARGEST + 1), range(1, LARGEST + 1), range(-LARGEST, LARGEST + 1))
    return any(_satisfied(question, dict(zip(NAMES, point, strict=True))) for point in points)


@settings(max_examples=25, deadline=None)
@given(_questions(), st.sampled_from((isl_answer, z3_answer, cvc5_answer)))
def test_a_decider_never_denies_a_solution(question: Question, decide: object) -> None:
    """Compared with all points of a box, which the question states: what z3, cvc5 and isl say is so."""
    answer = decide(question)  # type: ignore[operator]
    if answer is not Answer.UNKNOWN:
        assert (answer is Answer.SAT) == _is_satisfied_somewhere(question)


@settings(max_examples=60, deadline=None)
@given(_questions())
def test_the_text_says_what_the_question_says(question: Question) -> None:
    """The script, read by the reader of `recheck`, holds at the points at which the question does, with the quotients
    what they are."""
    if question.condition == FALSE:
        return
    script = read(Script(question).text())
    for values in ({"n": 1, "s": 2, "x": -1}, {"n": -3, "s": 3, "x": 2}, {"n": 0, "s": 1, "x": 0}):
        assert _script_holds(script, Script(question), values) == _satisfied(question, values)


def _script_holds(script: Asserted, text: Script, values: dict[str, int]) -> bool:
    given_values = {text.names[name]: value for name, value in values.items() if name in text.names}
    fixed = [("=", name, value if value >= 0 else ("-", -value)) for name, value in given_values.items()]
    return small(Asserted(script.names, (*fixed, *script.asserted))).found is not None


def test_no_name_is_reserved_or_taken() -> None:
    """Reserved words, letters of other alphabets and what looks like the name of a quotient stay apart."""
    lam, div, q0, entry = (Int.symbol(name) for name in ("λ", "div", "q0", Mark(Role.ENTRY, 0)))
    question = Question(all_of((at_most(lam, div), at_most(div, lam - 1), equal(q0 // div, entry))))
    assert len(set(Script(question).names.values())) == 4
    assert [z3_answer(question), cvc5_answer(question)] == [Answer.UNSAT, Answer.UNSAT]
    assert len(read(Script(question).text()).names) == 5


def test_comments_cannot_become_commands() -> None:
    """What is said in a comment stays one, whatever it contains."""
    text = Script(Question(at_most(Int.symbol("n"), 0))).text(["a claim\n(assert false)"])
    assert [line for line in text.splitlines() if line.startswith("(assert false)")] == []
    assert len(read(text).asserted) == 1


def test_divisors_come_from_within() -> None:
    """The divisor of a quotient that stands in another divisor comes first."""
    n, s, t = map(Int.symbol, "nst")
    assert list(divisors([n // (s // t)])) == [t, s // t]


# -- who is believed --------------------------------------------------------------------------------------------------

UNSAT, SAT, UNKNOWN = (lambda question: Answer.UNSAT), (lambda question: Answer.SAT), (lambda question: Answer.UNKNOWN)
QUESTION = Question(at_most(Int.symbol("n"), Int.symbol("m")))


@pytest.mark.parametrize(
    ("answers", "agreed"),
    [
        ((UNSAT, UNSAT), ("a", "b")),
        ((UNKNOWN, UNSAT, UNSAT), ("b", "c")),
        ((UNSAT, UNKNOWN, UNSAT), ("a", "c")),
        ((UNSAT,), None),
        ((UNSAT, UNKNOWN, UNKNOWN), None),
        ((UNSAT, SAT, UNSAT), None),
        ((SAT, UNSAT, UNSAT), None),
        ((UNKNOWN, UNSAT, SAT), None),
        ((), None),
    ],
)
def test_two_must_agree_and_none_object(answers: tuple[object, ...], agreed: tuple[str, ...] | None) -> None:
    """One decider's word is not enough, and a solution found by one that was asked ends it."""
    panel = Panel(dict(zip("abc", answers, strict=False)))  # type: ignore[arg-type]
    assert panel.established(QUESTION) == agreed


def test_products_of_what_is_not_negative() -> None:
    """isl is told that products of amounts that are not negative are none: m >= 1, v < q, m·q <= h, m·v + u >= h and
    u < m cannot be; and it is told nothing more: without u < m they can."""
    m, q, v, u, h = map(Int.symbol, "mqvuh")
    parts: list[Condition] = [at_most(1, m), at_most(v + 1, q), at_most(m * q, h), at_most(h, m * v + u), at_most(0, v)]
    assert isl_answer(Question(all_of((*parts, at_most(u + 1, m))))) is Answer.UNSAT
    assert isl_answer(Question(all_of(parts))) is Answer.UNKNOWN
