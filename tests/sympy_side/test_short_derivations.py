"""Long derivations in short: few steps, sub-terms named once, nothing that the complete one does not say."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from itertools import pairwise

import pytest

from derivations.api import given
from derivations.batch.cache import _verdict
from derivations.formulas.expressions import Definition
from derivations.judgement.judge import exists_everywhere, judge_link
from derivations.language.document import Document
from derivations.show.explain import explanation
from derivations.steps.derivation import Derivation, judge_equation
from derivations.steps.narration import narrated
from derivations.steps.short import LONG, MOST, put_back, shortened
from derivations.steps.tactic import derive

BATCH_NORM = """
dims N, D
scalar eps
assume eps > 0
tensor x[N, D], gamma[D], beta[D]
mu[j] = sum[i](x[i, j]) / N
var[j] = sum[i]((x[i, j] - mu[j])**2) / N
xhat[i, j] = (x[i, j] - mu[j]) / sqrt(var[j] + eps)
y[i, j] = gamma[j]*xhat[i, j] + beta[j]
loss J(y)
dy = grad(J, y)
"""
NORMED = """
dims n
scalar eps
assume eps > 0
tensor x[n], s[n]
y = s * (x - mean(x)) / sqrt(mean((x - mean(x))**2) + eps)
loss J(y)
"""
LAYERS = """
dims a, b, c, d, e
tensor x[a], U[b, a], V[c, b], W[d, c], Z[e, d], p[b], q[c]
function f
y = Z @ f(W @ f(V @ f(U @ x + p) + q))
loss J(y)
"""
CASES = {"batch norm": (BATCH_NORM, "x"), "normed": (NORMED, "x"), "layers": (LAYERS, "x")}


@cache
def derived(name: str) -> Derivation:
    text, wrt = CASES[name]
    return derive(given(text), "J", wrt, judged=False)


@pytest.mark.parametrize("name", CASES)
def test_names_put_back_give_the_line_that_was(name: str) -> None:
    """Each step of the reader's version goes from a line of the complete derivation to a later one; what the names
    stand for, put back, gives these very lines."""
    complete = derived(name)
    short = complete.short
    assert short is not None
    lines = list(dict.fromkeys(put_back(side, ()) for step in complete.steps for side in (step.left, step.right)))
    places = []
    for step in short.steps:
        left, right = (lines.index(put_back(side, short.named)) for side in (step.left, step.right))
        assert left < right or not step.left.has(Definition)
        places += [left, right]
    assert places == sorted(places)
    for named, step in zip(short.complete, complete.steps, strict=True):
        assert (put_back(named.left, short.named), put_back(named.right, short.named)) == (
            put_back(step.left, ()),
            put_back(step.right, ()),
        )
    assert put_back(short.result, short.named) == put_back(complete.result, ())


@pytest.mark.parametrize("name", CASES)
def test_a_reader_gets_few_short_lines(name: str) -> None:
    """At most eight steps; every name is used, once defined, and none is one that the context has; the lines are
    shorter in all."""
    complete = derived(name)
    short = complete.short
    assert short is not None
    assert len(short.steps) <= MOST
    names = [each.name for each in short.named]
    assert len(names) == len(set(names))
    assert not {*complete.context.names, *(dim.name for dim in complete.context.dims)} & set(names)
    seen: set[str] = set()
    for each in short.named:
        assert {part.name for part in each.body.atoms(Definition)} & set(names) <= seen
        seen.add(each.name)
    shown = [*(step.right for step in short.steps), *(each.body for each in short.named)]
    for each in short.named:
        assert any(line.has(each) for line in shown), each
    widest = max(len(str(step.right)) for step in complete.steps)
    assert max(len(str(line)) for line in shown) < max(4 * LONG, widest / 3)


def test_batch_norm_is_eight_steps() -> None:
    """The gradient of batch normalisation in its input, thirty steps, is told in eight, no line of more than three
    lines of a page."""
    complete = derived("batch norm")
    assert len(complete.steps) > 25
    assert complete.short is not None
    assert len(complete.short.steps) == MOST
    shown = [*(step.right for step in complete.short.steps), *(each.body for each in complete.short.named)]
    assert max(len(str(line)) for line in shown) <= 3.5 * LONG


def test_what_is_printed_is_proved() -> None:
    """The lines as they are printed, read again with the names that are printed below them, are proved."""
    complete = derived("normed")
    short = complete.short
    assert short is not None
    assert short.named
    printed = short.to_text().splitlines()
    where = [line.removeprefix("where ") for line in printed if line.startswith("where ")]
    assert len(where) == len(short.named)
    context = given(CASES["normed"][0] + "\n".join(where))
    assert context.judge(f"grad(J, x) == {short.result}").verdict == "proved"
    for each in short.named:
        assert context.parse(each.name) == each


def test_a_joined_step_is_proved_where_each_is() -> None:
    """Of joined steps the weakest verdict remains, and all that they use."""
    complete = replace(derived("normed"), short=None)
    verdict = judge_equation(complete.context, complete.context.names["eps"], complete.context.names["eps"])
    good = [replace(step, verdict=replace(verdict, verdict="proved", axioms=(f"a{number}",)))
            for number, step in enumerate(complete.steps)]
    short = shortened(replace(complete, steps=tuple(good)))
    assert short.proved
    assert set(short.axioms) == {f"a{number}" for number in range(len(good))}
    for place in (0, len(good) // 2, len(good) - 1):
        bad = list(good)
        bad[place] = replace(bad[place], verdict=replace(verdict, verdict="undecided"))
        assert not shortened(replace(complete, steps=tuple(bad))).proved
        bad[place] = replace(bad[place], verdict=None)
        assert not shortened(replace(complete, steps=tuple(bad))).proved


def test_a_verdict_carries_both() -> None:
    """A claim's verdict has all steps and the reader's version with what the names stand for; `explain` shows the
    latter and says how long the former is."""
    text = f"```given\n{LAYERS}```\n```claim short\ngrad(J, x) == grad(J, x) / 2 * 2\n```\n"
    [claim] = Document.parse(text, "notes", exists_everywhere).claims
    verdict = narrated(claim, judge_link(claim, 1, numeric=False))
    assert verdict.short is not None
    assert len(verdict.short.steps) <= MOST < len(verdict.steps)
    assert all(step.proved for step in verdict.short.steps)
    for step, following in pairwise(verdict.short.steps):
        assert following.text.partition(" == ")[0] in (step.text.partition(" == ")[2], "grad(J, x)")
    named = derived("normed").short_steps()
    assert named is not None
    assert named.where
    verdict = replace(verdict, short=named)
    told = "\n".join(line.plain for line in explanation(claim, [verdict]))
    assert f"where {named.where[0].text}" in told
    assert f"the complete derivation has {len(verdict.steps)} steps" in told
    assert _verdict(verdict.as_json()).short == named
