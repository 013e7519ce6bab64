"""Each law, taken away: where it is one of meaning or of the referee, the verdict on a named claim becomes wrong; where
it is one of search, no wrong word comes of it.

`kept` is the verdict with the law, `lost` says what comes out without it. Search may err as it likes: what it hands
over is refused, so that the verdict is the right one still, undecided, or false without a region (which the judge does
not say unless `numeric/` replays the counterexample).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from derivations.core import cuts, deciders, elimination, monomials, referee, sums
from derivations.core import terms as k
from derivations.core.heads import Entry, Reciprocal
from derivations.core.names import Mark, Name, Role
from derivations.core.sums import Atom, Term
from derivations.core.terms import Condition, Int, NonNegative, nonnegative
from derivations.judgement import decision as judged
from derivations.judgement.decision import decide
from derivations.judgement.means import Symbolic
from derivations.language.document import Document
from derivations.meaning import elementwise, existence, maxima, softmax
from derivations.meaning import statement as meaning_goal
from derivations.meaning.lowering import Lowering
from derivations.search import decide as decision
from derivations.search import region, solver
from derivations.search.solver import Solver, Unknown, Unsatisfiable

Patch = pytest.MonkeyPatch


def verdict(given: str, text: str, **limits: int) -> Symbolic:
    claim = Document.parse(f"```given\n{given}\n```\n\n```claim c\n{text}\n```\n", "laws").claims[0]
    return decide(claim, claim.links[0], Solver(**limits))


def said(found: Symbolic) -> str:
    return f"holds where {found.region.text}" if found.word == "holds where" and found.region else found.word


# -- the mutations ---------------------------------------------------------------------------------------------------


def shapes_are_not_compared(patch: Patch) -> None:
    patch.setattr(meaning_goal, "_common_entries", lambda left, right: (k.TRUE, left or right))


def existence_is_supposed(patch: Patch) -> None:
    patch.setattr(meaning_goal, "obligations", lambda *arguments: iter(()))


def no_isl_sums(patch: Patch) -> None:
    """Only the general way, so that a mutation of it is felt."""
    patch.setattr(decision, "affine_failures", lambda *arguments: None)


def pieces_are_compared_one_by_one(patch: Patch) -> None:
    no_isl_sums(patch)
    patch.setattr(decision, "cells", lambda pieces, context=k.TRUE: [(p.condition, p.numerator) for p in pieces])


def a_coefficient_is_never_zero(patch: Patch) -> None:
    no_isl_sums(patch)
    original = decision.zero

    def never(term: Any) -> Condition:
        found = original(term)
        return found if found in (k.TRUE, k.FALSE) else k.FALSE

    patch.setattr(decision, "zero", never)


def everything_counts_once(patch: Patch) -> None:
    original = elimination.count_one

    def once(term: sums.Term) -> elimination.Counted | None:
        found = original(term)
        return found and replace(found, term=replace(found.term, numerator=term.numerator))

    patch.setattr(elimination, "count_one", once)


def what_cannot_be_counted_counts_once(patch: Patch) -> None:
    no_isl_sums(patch)
    original = decision.merge
    patch.setattr(
        decision, "merge", lambda pieces: [replace(piece, leftover=frozenset()) for piece in original(pieces)]
    )


def entries_do_not_commute(patch: Patch) -> None:
    def one_order(term: Term) -> Any:
        orders, _ = sums.arrangements(term)
        return orders[:1], 1

    patch.setattr(monomials, "arrangements", one_order)


def functions_ignore_the_indices_in_scope(patch: Patch) -> None:
    for module in (elementwise, maxima, softmax):
        patch.setattr(module, "outer_names", lambda node, env: [])


def functions_are_named_as_written(patch: Patch) -> None:
    """An opaque atom's name from the argument's terms, not from their reduced sum."""
    original = elementwise.canonical_argument

    def written(terms: Any) -> Any:
        place = Atom(Entry(str(list(terms))))  # an unknown that no other argument has
        return original([*terms, Term((place,))])[0], original(terms)[1]

    for module in (elementwise, maxima):
        patch.setattr(module, "canonical_argument", written)
    patch.setattr(elementwise, "known_equal", lambda self, name, argument, formals, guard: argument)


def axes_are_compared_alone(patch: Patch) -> None:
    """Conditions on the first axis are forgotten, as if the second axis decided."""
    no_isl_sums(patch)
    original = decision.prepare

    def second_axis(*arguments: Any) -> Any:
        pieces, missing = original(*arguments)
        first = (sums.place(0, 0), Mark(Role.ENTRY, 0))
        return [replace(piece, condition=_without(piece.condition, first)) for piece in pieces], missing

    patch.setattr(decision, "prepare", second_axis)


def _without(condition: Condition, names: tuple[Name, ...]) -> Condition:
    return k.all_of(part for part in k.conjuncts(condition) if not k.condition_symbols(part) & set(names))


def unknown_is_no(patch: Patch) -> None:
    original = Solver.satisfiable

    def satisfiable(self: Solver, condition: Condition) -> Any:
        found = original(self, condition)
        return Unsatisfiable() if isinstance(found, Unknown) else found

    patch.setattr(Solver, "satisfiable", satisfiable)
    patch.setattr(deciders.Panel, "established", lambda self, question: None if _satisfied(question) else ("isl", "z3"))
    patch.setattr(judged, "_admits_sizes", lambda *arguments: True)


def _satisfied(question: Any) -> bool:
    return deciders.isl_answer(question) is deciders.Answer.SAT


def quotients_are_free(patch: Patch) -> None:
    """A quotient is any integer: without its two inequalities."""
    original = solver._SmtText._quotient

    def free(self: Any, generator: Any) -> Any:
        found = original(self, generator)
        self.definitions.clear()
        return found

    patch.setattr(solver._SmtText, "_quotient", free)
    patch.setattr(cuts, "_is_positive", lambda *arguments: False)


def sizes_may_be_zero(patch: Patch) -> None:
    """What a product implies of its factor, where the other one is only not negative."""
    original = cuts._positive

    def also_zero(part: Condition) -> Name | None:
        return original(nonnegative(part.term - 1) if isinstance(part, NonNegative) else part)

    patch.setattr(cuts, "_positive", also_zero)


def products_imply_nothing(patch: Patch) -> None:
    patch.setattr(solver, "with_cuts", lambda condition: condition)


def quotients_stay_nested(patch: Patch) -> None:
    patch.setattr(elimination, "_nested_quotient", lambda term: None)
    # Composite indices are opened by this too.
    patch.setattr(meaning_goal, "factored", lambda sizes, context, terms, fresh: (context, terms))


def divisors_are_supposed_positive(patch: Patch) -> None:
    patch.setattr(decision, "check_demands", lambda *arguments: None)
    patch.setattr(referee._Hearing, "_divisors", lambda *arguments: None)
    patch.setattr(elimination, "positive", lambda divisor: ())
    patch.setattr(existence, "_divisors", lambda *arguments: iter(()))


def nothing_proves_everything(patch: Patch) -> None:
    patch.setattr(judged, "_admits_sizes", lambda *arguments: True)


def inverses_everywhere(patch: Patch) -> None:
    """A reciprocal cancels the entry of any place."""

    def cancelled(atoms: Any) -> list[Any]:
        left = list(atoms)
        for atom in atoms:
            for other in left:
                if atom.head is Reciprocal(other.head) and atom in left:
                    left.remove(atom)
                    left.remove(other)
                    break
        return left

    patch.setattr(sums, "_without_reciprocals", cancelled)


def hypotheses_bind_more_than_they_say(patch: Patch) -> None:
    from derivations.meaning import hypotheses

    def all_true(original: Callable[..., Any]) -> Callable[..., Any]:
        return lambda self, factors: original(self, [[replace(f[0], condition=k.TRUE)] if i == 0 else f
                                                     for i, f in enumerate(factors)])  # fmt: skip

    assert hypotheses.parametrise
    patch.setattr(Lowering, "products", all_true(Lowering.products))


# -- the laws --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Law:
    """A claim, its verdict with the law (alternatives by |), and the verdicts that losing the law may give; none are
    named for a law of search, without which the referee still lets no wrong word pass."""

    name: str
    lose: Callable[[Patch], None]
    given: str
    claim: str
    kept: str
    lost: tuple[str, ...] = ()
    limits: tuple[tuple[str, int], ...] = ()


STRIDED = "dims N, m, s where m <= N\ntensor x[N], w[m]\nz = corr(x, w, valid, stride=s)\nloss J(z)\ne = grad(J, z)"

LAWS = [
    Law("shapes come before entries", shapes_are_not_compared, "dims n\ntensor x[n]", "x == pad(x, (0, 1))",
        "refuted", ("proved",)),
    Law("rows that a stride leaves unread have gradient 0", shapes_are_not_compared, STRIDED,
        "conv(dilate(e, s), w, full) == grad(J, x)", "holds where (N - m) % s == 0", ("proved",)),
    Law("what is claimed must exist", existence_is_supposed, "dims n\ntensor x[n]", "x[2] + x[0] == x[0] + x[2]",
        "holds where n >= 3", ("proved",)),
    Law("coefficients belong to pieces", pieces_are_compared_one_by_one, "dims n\ntensor x[n]\nscalar b",
        "sum[i](x[i]*[i <= 2]*b) + sum[i](x[i]*[i > 2]*b) == sum(x)*b", "proved"),
    Law("a coefficient may be 0 at some sizes", a_coefficient_is_never_zero, "dims n, q\ntensor x[q]",
        "up(x, n)/n**2 == up(x, n)", "holds where n == 1"),
    Law("an interval is counted", everything_counts_once, "dims n\nscalar b", "sum[i in 0..n-1](b) == b",
        "holds where n == 1"),
    Law("what cannot be counted is undecided", what_cannot_be_counted_counts_once, "dims n\nscalar b",
        "sum[i in 0..n-1, j in 0..n-1](b*[i*i + j*j*j <= n]) == b", "undecided"),
    Law("entries of one tensor commute", entries_do_not_commute, "dims n\ntensor x[n], B[n, n]",
        "x @ B @ x == x @ B.T @ x", "proved"),
    Law("a function is a function of its entry", functions_are_named_as_written,
        "dims n\ntensor x[n], y[n]\nfunction f", "f'(x + y) == f'(y + x)", "proved",
        ("refuted", "false", "holds where", "undecided")),
    Law("a function differs from index to index", functions_ignore_the_indices_in_scope,
        "dims n where n >= 2\ntensor x[n]\nfunction f", "sum[i in 0..1](f(2*x[i])*([i == 0] - [i == 1])) == 0",
        "refuted", ("proved",)),
    Law("axes are decided together", axes_are_compared_alone, "dims H, W\ntensor x[H, W]",
        "resize(x, H+2, W+1)[H:, 0:W] == resize(x, H+2, W+1)[H:, 1:]", "proved"),
    Law("an unknown answer is no answer", unknown_is_no, STRIDED, "grad(J, w) == 2*corr(x, dilate(e, s), valid)[0:m]",
        "undecided", ("proved",), (("z3_resources", 1), ("questions", 0))),
    Law("a quotient is a floor", quotients_are_free, "dims N, s where s <= N\ntensor x[N]",
        "grad(sum(sum_pool(x, s)), x) == resize(ones(s*(N//s)), N)", "proved"),
    Law("a product of a size says of the other factor what its number says", products_imply_nothing,
        "dims h, n\ntensor x[h]", "conv(dilate(x, n), ones(n), full) == up(x, n)", "proved"),
    Law("a size is at least 1", sizes_may_be_zero, "dims h, n >= 0\ntensor x[h+1]",
        "sum[a in 0..h](x[a]*[n*a >= n]) == sum[a in 1..h](x[a])", "holds where n >= 1"),
    Law("a quotient of a quotient is one by the product", quotients_stay_nested,
        "dims C, h, w, r\ntensor x[C*r*r, h, w]\n"
        "y[c in 0..C-1, i in 0..r*h-1, j in 0..r*w-1] = x[c*r*r + (i % r)*r + j % r, i // r, j // r]\n"
        "loss J(y)\ng = grad(J, y)", "grad(J, x)[k, i, j] == g[k // (r*r), r*i + k // r % r, r*j + k % r]",
        "proved"),
    Law("divisors are positive", divisors_are_supposed_positive, "dims n, s >= 0\ntensor x[n]",
        "sum[i](x[i]*[i % s == 0]) == sum[i](x[i]*[s*(i//s) == i])", "holds where s >= 1|false", ("proved",)),
    Law("of no sizes nothing is proved", nothing_proves_everything, "dims n\ntensor x[n]",
        "x == 2*x\nwhere n % 2 == 0, n % 2 == 1", "undecided", ("proved",)),
    Law("a reciprocal cancels its own entry only", inverses_everywhere, "dims n where n >= 2\ntensor x[n]",
        "x[0] * (1/x[1]) == 1", "false", ("proved",)),
    Law("a hypothesis binds what it speaks of", hypotheses_bind_more_than_they_say, "dims m, n\ntensor k[m, n]",
        "k == zeros(m, n)\nwhere k[0:m-1, :] == zeros(m-1, n)", "refuted", ("proved",)),
]  # fmt: skip


@pytest.mark.parametrize("law", LAWS, ids=[law.name for law in LAWS])
def test_a_law_is_needed(law: Law, monkeypatch: Patch) -> None:
    """With the law the verdict is right; without it, it is another one: of a law of search, no proof and no region."""
    kept = law.kept.split("|")
    assert said(verdict(law.given, law.claim, **dict(law.limits))) in kept
    law.lose(monkeypatch)
    without = said(verdict(law.given, law.claim, **dict(law.limits)))
    assert without not in kept
    assert without.startswith(law.lost or ("undecided", "false")), without


@pytest.mark.parametrize(
    ("direction", "text", "proposed"),
    [
        ("_outside", "m == 1 and H == 2", k.all_of([k.equal(Int.symbol("m"), 1), k.equal(Int.symbol("H"), 2)])),
        ("_inside", "m <= 2", k.at_most(Int.symbol("m"), 2)),
    ],
)
def test_a_proposed_region_is_proved_in_both_directions(
    direction: str, text: str, proposed: Condition, monkeypatch: Patch
) -> None:
    """A first proposal that is too small or too large is found out; where search believes it, it is refused."""
    given, claim = "dims H, m where m <= H\ntensor a[H], w[m]", "corr(a, w) == conv(a, w)"
    learn = region.learn
    proposals: list[region.Region] = []

    def wrong_at_first(*arguments: Any) -> Any:
        return proposals.pop() if proposals else learn(*arguments)

    monkeypatch.setattr(region, "learn", wrong_at_first)
    wrong = region.Region(((region.Literal(text, proposed, 1),),))
    proposals.append(wrong)
    assert said(verdict(given, claim)) in ("holds where m == 1", "false")
    assert not proposals
    proposals.append(wrong)
    monkeypatch.setattr(region.Search, direction, lambda self, found: None)
    assert said(verdict(given, claim)) == "false"  # search believes it, the referee does not


@pytest.mark.parametrize("made", [referee.Proof, referee.Refutation, referee.Region])
def test_only_the_referee_makes_what_verdicts_rest_on(made: type) -> None:
    """Nobody else can make a proof, a refutation or a region."""
    with pytest.raises(TypeError):
        made(object(), *[()] * (4 if made is referee.Region else 2))
