"""Every rule broken on purpose: each row of both tables, each step of the tactic, each line of each lemma.

A broken rule must be refused by the kernel at the step that is made with it, and by nothing else than the kernel: the
derivation goes on as if the rule were right.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from derivation_cases import CASES, Case

from derivations import given
from derivations.formulas.expressions import Constant, Expression, IndexRange, IndexSum, Minus, Plus, Times
from derivations.operators import apply
from derivations.steps import adjoints, differential, narration, polish, tactic
from derivations.steps.adjoints import ADJOINTS
from derivations.steps.derivation import Derivation, DerivationStep, chain_of, judge_equation
from derivations.steps.differential import RULES
from derivations.steps.lemmas import LEMMAS, Lemma
from derivations.steps.tactic import derive

Change = Callable[[Expression], Expression]

# -- the ways to break a formula -------------------------------------------------------------------


def doubled(node: Expression) -> Expression:
    """A factor 2 too much."""
    return Times(Constant(2), node)


def negated(node: Expression) -> Expression:
    """The wrong sign."""
    return Minus(node)


def backwards(node: Expression) -> Expression:
    """The first axis reversed; of a number, nothing to reverse."""
    return apply("flip", node, 0) if node.rank else negated(node)


def without_last_term(node: Expression) -> Expression:
    """A sum without its last term; anything else with the wrong sign."""
    if not isinstance(node, Plus):
        return negated(node)
    return node.args[0] if len(node.args) == 2 else Plus(*node.args[:-1])


@pytest.fixture(autouse=True)
def _no_regions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a refused step would be true is not asked here."""
    monkeypatch.setattr("derivations.judgement.decision.find", lambda *_, **__: "not looked for")


# -- what uses which rule --------------------------------------------------------------------------

PAIRS = [(case, name) for case in CASES for name in case.names.split()]


@cache
def context_of(case: Case) -> Any:
    return given(case.given)


@cache
def recorded(case: Case, name: str) -> tuple[Derivation, frozenset[Any]]:
    """The unbroken derivation, not judged, and the keys of the rows of both tables that it uses."""
    used: set[Any] = set()

    def recording(key: Any, rewrite: Any) -> Any:
        def note(*arguments: Any) -> Any:
            used.add(key)
            return rewrite(*arguments)

        return note

    with pytest.MonkeyPatch.context() as patch:
        for table in (adjoints._TABLE, RULES):
            for key, row in table.items():
                patch.setitem(table, key, replace(row, rewrite=recording(key, row.rewrite)))
        return derive(context_of(case), "J", name, judged=False), frozenset(used)


def genuine(case: Case, name: str) -> Derivation:
    return recorded(case, name)[0]


def users(key: Any) -> list[tuple[Case, str]]:
    """The cases that use a row, those with short formulas first."""
    found = [pair for pair in PAIRS if key in recorded(*pair)[1]]
    assert found, f"no case uses the row {key}"
    return sorted(found, key=lambda pair: len(pair[0].formula))


def user_of(rule: str, fits: Callable[[DerivationStep], bool] = lambda step: True) -> tuple[Case, str, int]:
    """The shortest case with a step by this rule alone, and the number of that step."""
    found = []
    for case, name in PAIRS:
        for number, step in enumerate(genuine(case, name).steps):
            names = [part.strip() for part in step.rule.replace(";", ",").split(",")]
            if rule in (step.rule, names[-1]) and ";" not in step.rule and fits(step):
                found.append((len(genuine(case, name).steps), len(case.formula), case, name, number))
    assert found, f"no case has a step by {rule} alone"
    *_, case, name, number = min(found, key=lambda each: each[:2])
    return case, name, number


def assert_refused(case: Case, name: str, number: int) -> None:
    """With a broken rule the derivation has another step at this place, which the kernel does not prove, although it
    proves the genuine one; the steps before are the genuine ones."""
    right = genuine(case, name)
    wrong = derive(context_of(case), "J", name, judged=False)
    assert wrong.steps[:number] == right.steps[:number]
    broken, unbroken = wrong.steps[number], right.steps[number]
    assert broken.left == unbroken.left
    assert broken.right != unbroken.right, "the broken rule was not used"
    assert judge_equation(right.context, unbroken.left, unbroken.right).verdict == "proved"
    verdict = judge_equation(wrong.context, broken.left, broken.right)
    assert verdict.verdict != "proved", f"{broken.left} == {broken.right}"


# -- the table of adjoints -------------------------------------------------------------------------

UNSEEN = {("sum", 0), ("mean", 0)}  # their adjoints are the same in every entry, so also backwards
KEYS = [(row.operator, row.argument) for row in ADJOINTS]
BREAKS = [
    (key, change)
    for key in KEYS
    for change in (doubled, backwards)
    if not (key in UNSEEN and change is backwards)
]


@pytest.mark.parametrize(("key", "change"), BREAKS, ids=[f"{k[0]} {k[1]} {c.__name__}" for k, c in BREAKS])
def test_every_adjoint_is_judged(key: tuple[str, int], change: Change, monkeypatch: pytest.MonkeyPatch) -> None:
    """A row of the table of adjoints that gives something else is refused at its step."""
    case, name = users(key)[0]
    row = adjoints._TABLE[key]
    number = next(i for i, step in enumerate(genuine(case, name).steps) if row.name in step.rule)
    broken = replace(row, rewrite=lambda g, node: [change(found) for found in row.rewrite(g, node)])
    monkeypatch.setitem(adjoints._TABLE, key, broken)
    assert_refused(case, name, number)


# -- the table of differentials --------------------------------------------------------------------

KEPT = {"max", "max_pool"}  # their differential stays as it is: there is nothing to break
RULE_BREAKS = [
    (key, change) for key in RULES if key not in KEPT for change in (doubled, without_last_term)
]


@pytest.mark.parametrize(("key", "change"), RULE_BREAKS, ids=[f"{k} {c.__name__}" for k, c in RULE_BREAKS])
def test_every_differential_is_judged(key: str, change: Change, monkeypatch: pytest.MonkeyPatch) -> None:
    """A row of the table of differentials that gives something else is refused at its step."""
    row = RULES[key]
    case, name = users(key)[0]
    right = genuine(case, name).steps
    monkeypatch.setitem(RULES, key, replace(row, rewrite=lambda node, x: change(row.rewrite(node, x))))
    wrong = derive(context_of(case), "J", name, judged=False).steps
    number = next(i for i, (p, q) in enumerate(zip(wrong, right, strict=False)) if p.right != q.right)
    assert_refused(case, name, number)


def test_a_product_rule_without_a_term_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The product rule of each bilinear operator is judged, also where only its second term is wrong."""
    genuine_rule = differential._in_each
    for operator in differential.LINEAR_IN_EACH:
        case = Case(f"{operator}(a, a{', full' if 'conv' in operator or operator == 'corr' else ''})", "a")
        if operator == "matmul":
            case = Case("M @ M", "M")
        if operator == "outer":
            case = Case("outer(u, u)", "u")
        rule = differential.LINEAR_IN_EACH[operator]
        number = next(i for i, step in enumerate(genuine(case, case.names).steps) if rule in step.rule)
        with monkeypatch.context() as patch:
            patch.setattr(differential, "_in_each", lambda node, x: without_last_term(genuine_rule(node, x)))
            assert_refused(case, case.names, number)


# -- the tactic ------------------------------------------------------------------------------------


def changed(function: Any, change: Change) -> Any:
    return lambda *arguments: change(function(*arguments))


def swapped_sum(pairing: Any) -> Any:
    """Sums exchanged, with one of them over too few."""
    new = genuine_inner_sums(pairing)
    if isinstance(new.weight, IndexSum):
        (first, *others) = new.weight.ranges
        short = IndexRange(first.index, first.low + 1, first.high) if first.explicit else first
        return replace(new, weight=IndexSum(new.weight.body, short, *others))
    return new


genuine_inner_sums = tactic._inner_sums
PLACES = (
    ("Hadamard factor moved", adjoints, "_times_adjoint", doubled),
    ("adjoint of taking entries", tactic, "scatter", doubled),
    ("entries collected", tactic, "_gathered", doubled),
    ("terms collected", tactic, "_gathered", doubled),
    ("reading off the gradient", tactic, "_gathered", negated),
)


@pytest.mark.parametrize(("rule", "module", "name", "change"), PLACES, ids=[place[0] for place in PLACES])
def test_every_step_of_the_tactic_is_judged(
    rule: str, module: Any, name: str, change: Change, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the tactic does itself (moving factors, placing entries, collecting, reading off) is judged as well."""
    case, wrt, number = user_of(rule)
    monkeypatch.setattr(module, name, changed(getattr(module, name), change))
    assert_refused(case, wrt, number)


def test_exchanging_sums_is_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sums exchanged with a term lost are refused."""
    case, name, number = user_of("sums exchanged")
    monkeypatch.setattr(tactic, "_inner_sums", swapped_sum)
    assert_refused(case, name, number)


def test_a_lost_sum_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Splitting a sum and leaving a part out is refused."""
    genuine_split = tactic.split
    case, name, number = user_of("product rule", lambda step: "+" in str(step.right))
    monkeypatch.setattr(tactic, "split", lambda pairing: genuine_split(pairing)[:1])
    wrong = derive(context_of(case), "J", name, judged=False)
    step = next(step for step in wrong.steps if "product rule" in step.rule)
    assert judge_equation(wrong.context, step.left, step.right).verdict != "proved"
    assert number


SIMPLIFIED = (
    ("_named", "dims n\ntensor z[n], y[n]\np = softmax(z)\nJ = sum(y * p)", "z"),
    ("_as_sums", "dims m, n\ntensor A[m, n]\nscalar b\nz = b * A\nloss J(z)", "b"),
)


@pytest.mark.parametrize(("name", "context", "wrt"), SIMPLIFIED, ids=[each[0] for each in SIMPLIFIED])
def test_every_simplification_is_judged(
    name: str, context: str, wrt: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last lines of a derivation are steps as any other."""
    right = getattr(polish, name)

    def wrong(node: Expression, within: Any) -> tuple[Expression, str]:
        after, rule = right(node, within)
        return (after if after == node else doubled(after)), rule

    unbroken = derive(given(context), "J", wrt)
    assert unbroken.proved
    monkeypatch.setattr(polish, name, wrong)
    derivation = derive(given(context), "J", wrt)
    refused = [step for step in derivation.steps if not step.proved]
    assert len(refused) == 1
    assert refused[0].left in [step.left for step in unbroken.steps if step.rule == refused[0].rule]


def test_a_wrong_cancellation_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Factors that cancel to something else are refused at their step, and so is what is read off then."""
    context = given("dims n\ntensor y[n], z[n]\nJ = sum(y * log(softmax(z)))")
    assert "factors cancelled" in [step.rule for step in derive(context, "J", "z").steps]
    right = tactic.cancelled
    monkeypatch.setattr(tactic, "cancelled", lambda node: node if right(node) == node else doubled(right(node)))
    refused = [step.rule for step in derive(context, "J", "z").steps if not step.proved]
    assert refused == ["factors cancelled", "reading off the gradient"]


def test_a_wrong_insertion_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The step from a gradient to the formula that it stands in is judged under the claim's own conditions."""
    claim = given("dims n\ntensor x[n], y[n]\nJ = sum(x * y)").claim("grad(J, x)[i] == y[i]")
    assert all(step.proved for step in narration.proof_steps(claim, claim.links[0]))
    monkeypatch.setattr(narration, "_reduced", doubled)
    steps = narration.proof_steps(claim, claim.links[0])
    assert [step.rule for step in steps if not step.proved] == ["the gradient inserted", "the same by its entries"]


# -- the lemmas ------------------------------------------------------------------------------------


def shortened(node: Expression) -> Expression | None:
    """The first sum with a range loses its last term; None where there is none."""
    if isinstance(node, IndexSum) and node.ranges[0].explicit:
        first, *others = node.ranges
        return IndexSum(node.body, IndexRange(first.index, first.low, first.high - 1), *others)
    for number, part in enumerate(node.args):
        new = shortened(part) if isinstance(part, Expression) else None
        if new is not None:
            return node.func(*node.args[:number], new, *node.args[number + 1 :])  # type: ignore[no-any-return]
    return None


@cache
def unjudged(lemma: Lemma) -> Derivation:
    return chain_of(lemma, judged=False)


def broken_lines() -> Iterator[tuple[Lemma, int, str]]:
    for lemma in LEMMAS:
        for number, step in enumerate(unjudged(lemma).steps):
            yield lemma, number, "doubled"
            if shortened(step.right) is not None:
                yield lemma, number, "shortened"


LINES = list(broken_lines())


@pytest.mark.parametrize(("lemma", "number", "way"), LINES, ids=[f"{x[0].name} {x[1]} {x[2]}" for x in LINES])
def test_every_line_of_every_lemma_is_judged(lemma: Lemma, number: int, way: str) -> None:
    """A lemma with one line broken fails at that line."""
    chain = unjudged(lemma)
    step = chain.steps[number]
    wrong = doubled(step.right) if way == "doubled" else shortened(step.right)
    assert wrong is not None
    assert judge_equation(chain.context, step.left, wrong).verdict != "proved"
