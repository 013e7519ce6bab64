"""False goals with whatever plan, name and context might get them proved, and true ones that might be refuted.

Each was tried by hand against the referee: a proof of a false goal, or a refutation of a true one, is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from derivations.core.goals import Count, Duty, Equality, Extremum, Goal, Known, Leaf, Plan, Solve, Split
from derivations.core.heads import Entry
from derivations.core.names import Mark, Name, Role
from derivations.core.referee import Proof, Referee, Refused, Refutation
from derivations.core.sums import Atom, Term, place
from derivations.core.terms import (
    FALSE,
    TRUE,
    And,
    Condition,
    Int,
    Least,
    Or,
    Quotient,
    all_of,
    any_of,
    at_most,
    between,
    equal,
    least,
)

N, S = Int.symbol("n"), Int.symbol("s")
A, B = Mark(Role.BOUND, 1), Mark(Role.BOUND, 2)
a, b = Int.symbol(A), Int.symbol(B)
X = Entry("x")
POSITIVE = at_most(1, N)


def asked(
    terms: Sequence[Term], plans: Sequence[Any], context: Condition = POSITIVE, sizes: tuple[Name, ...] = ("n",)
) -> Proof | Refused:
    """What the referee says of Σ terms = 0, with a plan for each term."""
    goal = Goal(sizes, context, equalities=(Equality("sum", TRUE, tuple(terms)),))
    return Referee().prove(goal, lambda _: [[plan] for plan in plans])


def number(value: Int | int, condition: Condition = TRUE, bound: Sequence[Name] = ()) -> Term:
    """value · Σ over `bound` [condition]."""
    return Term((), frozenset(bound), condition, Int.of(value))


LEAF = Leaf()
IN_A = between(0, a, N - 1)
NINE = Count(A, Int.of(0), N - 1, LEAF)

FALSE_SUMS: dict[str, tuple[list[Term], list[Plan]]] = {
    "a number": ([number(1)], [LEAF]),
    "a count that forgets one": ([number(1, IN_A, [A]), number(1 - N)], [Count(A, Int.of(1), N - 1, LEAF), LEAF]),
    "an index that is not bound": ([number(1, IN_A, [A]), number(-1)], [Solve(B, N, LEAF), LEAF]),
    "an index solved by itself": ([number(1, IN_A, [A])], [Solve(A, a + 1, LEAF)]),
    "an index that nothing bounds": ([number(1, TRUE, [A])], [Leaf((A,))]),
    "an index that is left twice": ([number(1, IN_A, [A]), number(-1)], [Leaf((A, A)), LEAF]),
    "an index that is not left": ([number(1, IN_A, [A]), number(-1)], [LEAF, LEAF]),
    "a quotient by what may be 0": ([number(N // S), number(-(N // S))], [LEAF, LEAF]),
    "a quotient by 0": ([number(Int({(Quotient(N, Int.of(0)),): 1}))], [LEAF]),
    "a fraction by 0": ([Term(denominator=Int.of(0)), Term(numerator=Int.of(-1), denominator=Int.of(0))], [LEAF] * 2),
    "a fraction by what may be 0": ([Term(denominator=S), Term(numerator=Int.of(-1), denominator=S)], [LEAF, LEAF]),
    "a nested alternative": (
        [number(1, any_of((all_of((at_most(N, 5), any_of((at_most(S, 0), at_most(3, S))))), at_most(7, N)))),
         number(-1)],
        [LEAF, LEAF],
    ),
    "an empty alternative": ([number(1, Or((And(()),))), number(1, Or(()))], [LEAF, LEAF]),
    "one case twice": (
        [number(1), number(-2, at_most(N, 5))],
        [LEAF, Split(at_most(N, 3), LEAF, LEAF)],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FALSE_SUMS)
def test_false_sums_are_not_proved(name: str) -> None:
    """Sums that are not 0, or mean nothing, with a plan that suits them."""
    terms, plans = FALSE_SUMS[name]
    assert isinstance(asked(terms, plans, sizes=("n", "s")), Refused)


def test_a_quotient_is_no_maximum() -> None:
    """n // 2 is not n, though max(n, 2) is where n >= 2."""
    plan = Extremum(Quotient(N, Int.of(2)), LEAF, LEAF)  # type: ignore[arg-type]
    assert isinstance(asked([number(N // 2), number(-N)], [plan, LEAF], at_most(2, N)), Refused)


def test_a_minimum_is_no_quotient() -> None:
    """[min(n, s) = s] is 1 where n = s, though n // s is not s there."""
    one = number(1, equal(least(N, S), S))
    same = all_of((equal(N, S), at_most(2, S)))
    known = Known(Least(N, S), S, LEAF)  # type: ignore[arg-type]
    assert isinstance(asked([one], [known], same, ("n", "s")), Refused)


def test_a_bound_index_named_as_a_place_is_refused() -> None:
    """Σ_p x[p] over n places is not n·Σ_p x[p] over all."""
    p = place(0, 0)
    some = Term((Atom(X, (Int.symbol(p),)),), frozenset({p}), between(0, Int.symbol(p), N - 1))
    all_places = Term((Atom(X, (a,)),), frozenset({A}), TRUE, -N)
    plans = [Count(p, Int.of(0), N - 1, LEAF), Solve(A, Int.symbol(p), LEAF)]
    assert isinstance(asked([some, all_places], plans), Refused)


def test_a_bound_index_named_as_a_size_is_refused() -> None:
    """What the context says of a size says nothing of an index: of eleven values five are positive."""
    eleven = number(1, between(-5, N, 5), ["n"])
    assert isinstance(asked([eleven, number(-5)], [Count("n", Int.of(1), Int.of(5), LEAF), LEAF]), Refused)


def test_a_name_for_what_is_left_cannot_be_caught() -> None:
    """Σ over two indices from 0 to n − 1 is n², not n, though a case speaks of what a leftover index will be called."""
    free = Int.symbol(Mark(Role.LEFTOVER, 0))
    square = number(1, all_of((IN_A, between(0, b, N - 1))), [A, B])
    line = number(-1, IN_A, [A])
    caught = Split(equal(a, free), Solve(A, free, Leaf((B,))), Leaf((A, B)))
    assert isinstance(asked([square, line], [caught, Leaf((A,))]), Refused)


def test_a_denominator_that_is_0_elsewhere_hides_nothing() -> None:
    """−1 + Σ_{i<n} 1/n is −1 at n = 0, though over the common denominator n it is 0 there."""
    terms = [
        number(-1), Term((), frozenset({A}), IN_A, Int.of(1), N),
        number(1, at_most(5, N)), number(-1, at_most(6, N)), number(-1, equal(N, 5)),
    ]  # fmt: skip
    plans = [LEAF, Count(A, Int.of(0), N - 1, LEAF), LEAF, LEAF, LEAF]
    assert isinstance(asked(terms, plans, at_most(0, N)), Refused)
    assert isinstance(asked(terms, plans, at_most(1, N)), Proof)


def test_what_a_rewriting_supposed_is_asked() -> None:
    """A term is as good as what it demands."""
    terms = [Term(demands=frozenset({at_most(2, N)})), number(-1)]
    assert isinstance(asked(terms, [LEAF, LEAF]), Refused)
    assert isinstance(asked(terms, [LEAF, LEAF], at_most(2, N)), Proof)


def test_names_that_break_out_of_their_text_are_refused() -> None:
    """A size whose name would end the quotation and assert something else."""
    name = "n| Int)(assert false)(declare-const |z"
    goal = Goal((name,), TRUE, (Duty("positive", TRUE, at_most(1, Int.symbol(name) * Int.symbol(name))),))
    assert isinstance(Referee().prove(goal, lambda _: []), Refused)


@pytest.mark.parametrize(
    "plans", [[], [[LEAF]], [[LEAF], [LEAF], [LEAF]], [[LEAF], []], [[LEAF], [None]], [[LEAF], [N]]]
)
def test_plans_that_are_none_are_refused(plans: Any) -> None:
    """Too few, too many, and what is no plan."""
    goal = Goal(("n",), POSITIVE, equalities=(Equality("sum", TRUE, (number(1), number(-1))),))
    assert isinstance(Referee().prove(goal, lambda _: plans), Refused)


def test_duties() -> None:
    """A duty without a context holds for all values or for none; a context that nothing satisfies implies all."""

    def proved(condition: Condition, context: Condition = TRUE, guard: Condition = TRUE) -> bool:
        goal = Goal(("n",), TRUE, (Duty("duty", context, condition, guard),))
        return isinstance(Referee().prove(goal, lambda _: []), Proof)

    assert not proved(FALSE)
    assert not proved(POSITIVE)
    assert not proved(any_of((at_most(N, 3), at_most(5, N))))
    assert proved(any_of((at_most(N, 4), at_most(5, N))))
    assert proved(POSITIVE, guard=at_most(2, N))
    assert proved(FALSE, context=FALSE)
    assert not proved(at_most(N // S, N), context=at_most(0, N))


def test_an_equality_without_terms_holds() -> None:
    """Nothing adds up to 0, and is not refuted."""
    goal = Goal(("n",), POSITIVE, equalities=(Equality("sum", TRUE, ()),))
    assert isinstance(Referee().prove(goal, lambda _: []), Proof)
    assert isinstance(Referee().refute(goal, lambda _: [], [{}], ()), Refused)


def test_what_is_left_over_refutes_nothing() -> None:
    """1 − Σ_a [a = 0] is 0: that the second is left as a sum does not make the first one lonely."""
    goal = Goal(("n",), POSITIVE, equalities=(Equality("sum", TRUE, (number(1), number(-1, equal(a, 0), [A]))),))
    assert isinstance(Referee().refute(goal, lambda _: [[LEAF], [Leaf((A,))]], [{}], ()), Refused)
    assert isinstance(Referee().prove(goal, lambda _: [[LEAF], [Solve(A, Int.of(0), LEAF)]]), Proof)


def test_an_instance_outside_of_the_context_refutes_nothing() -> None:
    """Of a context that speaks of more than the sizes, no instance is believed: n = 1 for all n = 1 does not fail."""
    duty = Duty("one", TRUE, equal(N, 1))
    found = Referee().refute(Goal((), equal(N, 1), (duty,)), lambda _: [], [{"n": Int.of(5)}], ())
    assert isinstance(found, Refused)
    assert isinstance(Referee().refute(Goal(("n",), equal(N, 2), (duty,)), lambda _: [], [{}], ()), Refutation)


ORDERED = Term((Atom(X, (Int.of(0),)), Atom(X, (Int.of(1),))))  # x[0]·x[1], of which there are two orders
SQUARED = Term((Atom(X, (Int.of(0),)), Atom(X, (Int.of(0),))))  # x[0]·x[0], of which there is one


@pytest.mark.parametrize("plans", [[None, None], [LEAF], []])
def test_an_order_of_each_term_is_followed(plans: list[Plan | None]) -> None:
    """x[0]·x[1] is not 0, however many of its orders are left out."""
    goal = Goal(("n",), POSITIVE, equalities=(Equality("sum", TRUE, (ORDERED,)),))
    assert isinstance(Referee().prove(goal, lambda _: [plans]), Refused)


@pytest.mark.parametrize("first", [[LEAF, None], [None, LEAF], [LEAF, LEAF]])
@pytest.mark.parametrize("second", [[LEAF, None], [None, LEAF], [LEAF, LEAF]])
def test_any_order_says_all_of_a_term(first: list[Plan | None], second: list[Plan | None]) -> None:
    """x[0]·x[1] − x[1]·x[0] is 0 where both terms are followed in like orders; x[0]·x[1] − 2·x[1]·x[0] never is."""
    swapped = Term(ORDERED.atoms[::-1])
    for factor, fits in ((-1, True), (-2, False)):
        terms = (ORDERED, replace(swapped, numerator=Int.of(factor)))
        goal = Goal(("n",), POSITIVE, equalities=(Equality("sum", TRUE, terms),))
        said = Referee().prove(goal, lambda _: [first, second[::-1]])
        assert isinstance(said, Proof) == (fits and first == second)


def test_of_one_order_nothing_is_refuted() -> None:
    """x[0]·x[1] − x[1]·x[0] is 0, though the two read otherwise."""
    terms = (ORDERED, Term(ORDERED.atoms[::-1], numerator=Int.of(-1)))
    goal = Goal(("n",), POSITIVE, equalities=(Equality("sum", TRUE, terms),))
    heads = ((X, 1), (X, 1))
    for plans in ([LEAF, None], [None, LEAF], [LEAF, LEAF]):
        for instance in ({place(0, 0): Int.of(u), place(1, 0): Int.of(1 - u)} for u in (0, 1)):
            said = Referee().refute(goal, lambda _, plans=plans: [plans, plans], [instance], [heads])
            assert isinstance(said, Refused)


def test_like_atoms_have_one_order() -> None:
    """2·x[0]·x[0] − x[0]·x[0] − x[0]·x[0] is 0, and x[0]·x[0] is not 2·x[0]·x[1]."""
    twice = replace(SQUARED, numerator=Int.of(2))
    minus = replace(SQUARED, numerator=Int.of(-1))
    assert isinstance(asked([twice, minus, minus], [LEAF] * 3), Proof)
    assert isinstance(asked([twice, minus], [LEAF] * 2), Refused)
    goal = Goal(("n",), POSITIVE, equalities=(Equality("sum", TRUE, (twice, replace(ORDERED, numerator=Int.of(-2)))),))
    assert isinstance(Referee().prove(goal, lambda _: [[LEAF], [LEAF, LEAF]]), Refused)
