"""Choices beside partial functions: what is supposed of the data so that a formula exists may settle a choice, so that
the choice must not be taken for free."""

from __future__ import annotations

import pytest
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st

from derivations import given

CONTEXT = given("dims N\ntensor t[N], w[N]")

TRUE = (
    "log(t)*[t > 0] == log(t)",
    "sqrt(t)*[t > -1] == sqrt(t)",
    "abs(t)*log(t) == t*log(t)",
    "log(relu(t)) == log(t)",
    "t**(1/2)*[t >= 0] == t**(1/2)",
    "sum([t > 0])*sum(log(t)) == N*sum(log(t))",
    "t*[t > 0]/sum(sqrt(t)) == t/sum(sqrt(t))",
    "[t == 0] + 0*log(t) == zeros(N)",
    "[t > 0]/t == [t > 0]/abs(t)",
    "1/[t > 0] == ones(N)",
    "1/([t > 0]*[w > 0]) == ones(N)",
    "1/(1 - [t > 0]) == ones(N)",
    "log(1 - t)*[t < 1] == log(1 - t)",
    "log(t*w)*[t > 0] == log(t*w)*[w > 0]",
    "[t > 0]/w + [w == 0] == [t > 0]/w",
    "relu(w)/(w - relu(w)) == zeros(N)",
    "sqrt(relu(t))*[t > 0] == sqrt(relu(t))",
    "sqrt(t*w + t)*[t == 0] == zeros(N)",
    "sqrt(abs(t) + t)*[t < 0] == zeros(N)",
    "[t[0] > 0]*[t[N-1] > -1] == [t[0] > 0]",
)
FREE = ("relu(t)/(t - w) == t/(t - w)", "relu(t)/t**2 == 1/t", "[t > 0]*log(w) == log(w)")

ARGUMENTS = ("t", "w", "t + w", "t - w", "1 - t", "t*w", "[t > 0]", "relu(t)", "2 - [w > 1]", "t**2")
PARTIAL = ("log({})", "sqrt({})", "1/({})", "({})**(3/2)", "w/({})")
CHOICES = ("[{} > 0]", "[{} >= 0]", "[{} > -1]", "relu({})", "abs({})")


def judged(text: str) -> str:
    verdict = CONTEXT.judge(text)
    assert not verdict.contradiction, (text, verdict.contradiction)
    return str(verdict.verdict)


@pytest.mark.parametrize("text", TRUE)
def test_a_choice_that_existence_may_settle_refutes_nothing(text: str) -> None:
    """These are true wherever they exist, or exist nowhere at N = 1: undecided, at the worst."""
    assert judged(text) in ("proved", "undecided", "holds where") or "N" in text


@pytest.mark.parametrize("text", FREE)
def test_a_choice_that_is_free_still_refutes(text: str) -> None:
    assert judged(text) == "refuted"


@settings(max_examples=40, deadline=None)
@for_all(
    st.sampled_from(PARTIAL), st.sampled_from(ARGUMENTS), st.sampled_from(CHOICES), st.sampled_from(ARGUMENTS),
    st.sampled_from(("{p}*{c} == {p}", "{p}*{c} == zeros(N)", "sum({p})*{c} == sum({p})*ones(N)", "{p} + {c} == {p}")),
)  # fmt: skip
def test_no_choice_beside_a_partial_function_is_a_contradiction(
    partial: str, argument: str, choice: str, chosen: str, form: str
) -> None:
    judged(form.format(p=partial.format(argument), c=choice.format(chosen)))
