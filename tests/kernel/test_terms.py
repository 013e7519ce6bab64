"""Integer terms and conditions mean what they are built from, whatever the normal form does to them."""

from __future__ import annotations

import pickle
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from integer_trees import Claimed, Tree, Values, conditions, divisors, trees, values

from derivations.core import terms as k
from derivations.core.elimination import solved
from derivations.core.implication import Known, irredundant
from derivations.core.terms import Int

FEW = settings(max_examples=150, deadline=None)


@FEW
@given(trees, values)
def test_a_term_has_the_value_of_its_expression(tree: Tree, at: Values) -> None:
    """The normal form of + - * // % min max evaluates as Python does."""
    assert k.evaluate(tree.term(), at) == tree.value(at)


@FEW
@given(trees, trees, trees)
def test_ring_laws(p: Tree, q: Tree, r: Tree) -> None:
    """Sums and products commute, associate and distribute as equal objects."""
    x, y, z = p.term(), q.term(), r.term()
    assert x + y == y + x
    assert x * y == y * x
    assert (x + y) + z == x + (y + z)
    assert (x * y) * z == x * (y * z)
    assert x * (y + z) == x * y + x * z
    assert x - x == 0
    assert hash(x + y) == hash(y + x)


@FEW
@given(trees, divisors, values)
def test_a_quotient_and_its_remainder(p: Tree, q: Tree, at: Values) -> None:
    """p = q·(p // q) + p % q with 0 <= p % q < q, and a multiple of q leaves the floor."""
    x, y = p.term(), q.term()
    remainder = k.evaluate(x % y, at)
    assert 0 <= remainder < q.value(at)
    assert k.evaluate(y * (x // y) + x % y, at) == p.value(at)
    assert k.evaluate((x + y * x) // y, at) == (p.value(at) * (1 + q.value(at))) // q.value(at)


def test_a_quotient_by_no_positive_number_is_refused() -> None:
    """There is no term for a quotient by 0 or less."""
    for divisor in (0, -1):
        with pytest.raises(ZeroDivisionError):
            k.quotient(Int.symbol("a"), Int.of(divisor))


@FEW
@given(trees, trees, trees, values)
def test_substitution(tree: Tree, first: Tree, second: Tree, at: Values) -> None:
    """Replacing names by terms, all at once, is evaluating with their values."""
    inner = {**at, "a": first.value(at), "b": second.value(at)}
    replaced = k.substitute(tree.term(), {"a": first.term(), "b": second.term()})
    assert k.evaluate(replaced, at) == tree.value(inner)


@FEW
@given(trees, values)
def test_replacing_a_generator_by_itself(tree: Tree, at: Values) -> None:
    """Each generator, replaced by its value, leaves the value."""
    term = tree.term()
    for generator in list(term.generators()):
        whole = k.evaluate(Int({(generator,): 1}), at)
        assert k.evaluate(k.replace_generator(term, generator, Int.of(whole)), at) == tree.value(at)


@FEW
@given(conditions(), values)
def test_a_condition_holds_where_it_says(claimed: Claimed, at: Values) -> None:
    """Equations, inequalities, and, or, not; and each condition or its negation holds, never both."""
    condition = claimed.condition()
    assert k.holds(condition, at) == claimed.holds(at)
    assert k.holds(k.negate(condition), at) != claimed.holds(at)


@FEW
@given(conditions(), trees, values)
def test_substitution_in_a_condition(claimed: Claimed, tree: Tree, at: Values) -> None:
    """Replacing a name in a condition is evaluating it with the name's value."""
    replaced = k.substitute_condition(claimed.condition(), {"c": tree.term()})
    assert k.holds(replaced, at) == claimed.holds({**at, "c": tree.value(at)})


@FEW
@given(st.lists(conditions(), min_size=1, max_size=4), values)
def test_what_is_implied(claimed: list[Claimed], at: Values) -> None:
    """What Known says follows does follow; leaving out the implied parts and solving for places change nothing."""
    *context, last = [part.condition() for part in claimed]
    whole = k.all_of([*context, last])
    if k.holds(k.all_of(context), at):
        if Known(part for c in context for part in k.conjuncts(c)).implies(last):
            assert k.holds(last, at)
        assert k.holds(irredundant(last, k.all_of(context)), at) == k.holds(last, at)
    assert k.holds(solved(whole), at) == k.holds(whole, at)


@FEW
@given(trees, trees)
def test_equal_texts_are_equal_terms(p: Tree, q: Tree) -> None:
    """Rendering is injective: opaque functions are named by the text of what they are applied to."""
    x, y = p.term(), q.term()
    assert (k.render(x) == k.render(y)) == (x == y)


def test_terms_travel_to_another_process() -> None:
    """A generator is one object for each, and its hash is its place in memory: neither may travel with a term."""
    n, s = Int.symbol("n"), Int.symbol("s")
    sent = [n, n // s + 3 * k.least(n, s * s), k.all_of((k.at_most(n // s, s), k.equal(n % 2, 1)))]
    hash(tuple(sent))
    there = (
        "import pickle, sys; from derivations.core import terms as k; n, s = map(k.Int.symbol, 'ns'); "
        "built = [n, n // s + 3 * k.least(n, s * s), k.all_of((k.at_most(n // s, s), k.equal(n % 2, 1)))]; "
        "got = pickle.load(sys.stdin.buffer); assert got == built; assert all(map(set(built).__contains__, got))"
    )
    subprocess.run([sys.executable, "-c", there], input=pickle.dumps(sent), check=True)
    assert pickle.loads(pickle.dumps(sent)) == sent
