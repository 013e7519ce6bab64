"""Definitions that a context reads: the letter that stands alone on the left is the new name."""

from __future__ import annotations

import pytest

from derivations.language.document import Document
from derivations.language.errors import InputError, InputErrors

HEAD = "$$ {display} $$\n\n```given\ndims n, m\ntensor W[n, m], x[m, 1], b[n, 1]\nread above\n```\n"


def context(display: str, notation: str = "") -> str:
    before = f"```notation\n{notation}\n```\n\n" if notation else ""
    document = Document.parse(before + HEAD.replace("{display}", display), "n.md")
    return "; ".join(f"{name} = {each}" for name, each in document.contexts[0][0][1].names.items() if name not in "Wxb")


@pytest.mark.parametrize(
    ("display", "name"),
    [("z = W x + b", "z"), (r"\eta = W x + b", "eta"), (r"\begin{aligned} u &= W x + b \end{aligned}", "")],
)
def test_a_letter_alone_is_the_new_name(display: str, name: str) -> None:
    """It needs no line of notation; within an environment it does."""
    if name:
        assert context(display).startswith(f"{name} = ")
    else:
        with pytest.raises((InputError, InputErrors), match="is not declared"):
            context(display)


@pytest.mark.parametrize(
    "display", ["ab = W x", r"\max = W x", "z' = W x", "z^2 = W x", "z_1 = W x", "T = W x^T", "e = W x"]
)
def test_what_may_be_more_than_a_name_needs_a_line(display: str) -> None:
    """Several letters, words, letters with scripts, words of the language."""
    with pytest.raises((InputError, InputErrors)):
        context(display)


def test_a_letter_that_the_notation_names_stays_what_it_is() -> None:
    """A line of notation about the letter, with scripts or without, is the author's word on it."""
    assert context("z = W x + b", "z is y").startswith("y = ")
    with pytest.raises((InputError, InputErrors), match="is not declared"):
        context("z = W x + b", "z^l is y")
