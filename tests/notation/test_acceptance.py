"""Formulas and code lines as people wrote them: none is misread, all readable ones are read, all others refused."""

from __future__ import annotations

from typing import Any

import pytest
from acceptance import cases, context, profile, source
from sameness import same

from derivations.language.claim import claims_of
from derivations.language.errors import InputError
from derivations.language.source import lines_of, statements
from derivations.language.types import ScopeTypes
from derivations.notation.code import read_code
from derivations.notation.profile import Profile
from derivations.notation.reading import read_latex

FORMULAS = cases("formulas.json")
CODE = cases("code.json")
STYLES = cases("styles.json")  # written here, in the manner of textbooks and papers
WHY = {  # a word that the refusal's message must have, by the reason that is given
    "s0-12": "eleven",
    "s0-16": "or `",
    "s0-17x": "underscore",
    "s2-09": "layout",
    "yi-1": "layout",
    "lo-3": "layout",
    "yi-2": "norm",
    "lo-1": "size of the context",
    "sm-5": "condition on the sum",
    "ch-1": "second formula",
    "mc-1": "layout",
    "ln-2": "not declared",
    "ei-1": "superscript",
    "xo-1": "not declared",
}


def read(case: dict[str, Any]) -> str:
    given = context(case["given"])
    types = ScopeTypes(given.scope({}))
    if "latex" in case:
        text = source(case["latex"])
        return read_latex(text, 0, len(text.text), profile(case["notation"]), types).text
    text = source(case["code"])
    language = "matlab" if case["language"] == "matlab" else "python"
    return f"{case['left']} == {read_code(text, 0, len(text.text), language, Profile(), types).text}"


@pytest.mark.parametrize(
    "case", [case for case in FORMULAS + CODE + STYLES if case["reading"]], ids=lambda case: case["id"]
)
def test_it_is_read_as_it_should_be(case: dict[str, Any]) -> None:
    """The reading and the right one are the same claims, under each choice."""
    given = context(case["given"])
    found, right = (
        claims_of(given, statements(lines_of(text), "reading"), "reading", "case")
        for text in (read(case), case["reading"])
    )
    assert len(found) == len(right)
    for one, other in zip(found, right, strict=True):
        assert same(one, other), one.text


@pytest.mark.parametrize(
    "case", [case for case in FORMULAS + CODE + STYLES if not case["reading"]], ids=lambda case: case["id"]
)
def test_it_is_refused_with_a_caret(case: dict[str, Any]) -> None:
    """The error stands in the formula and says why."""
    with pytest.raises(InputError) as caught:
        read(case)
    error = caught.value
    assert (error.line, error.file) == (1, "case")
    assert error.place.source == case.get("latex", case.get("code"))
    assert error.fix or (error.place and error.message)
    assert case.get("refusal")
    assert WHY.get(case["id"], "") in str(error)


def test_sameness_sees_a_difference() -> None:
    """The comparison of readings tells formulas apart that differ in one letter, one index, one bracket."""
    given = context("dims n\ntensor A[n, n], B[n, n]\nscalar s")
    texts = ["A @ B == A", "B @ A == A", "A * B == A", "A @ B.T == A", "s * A @ B == A", "(s + 1) * A == A",
             "s + 1 * A == A", "A[i, j] == B[i, j]", "A[i, j] == B[j, i]",
             "A[i, i] == sum[j](A[i, j] * B[j, i])", "A[i, i] == sum[j](A[i, j] * B[i, j])"]  # fmt: skip
    found = [claims_of(given, statements(lines_of(text), "t"), "t", "t")[0] for text in texts]
    for number, one in enumerate(found):
        assert [same(one, other) for other in found] == [at == number for at in range(len(found))]
