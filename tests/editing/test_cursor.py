"""What stands under a cursor: an answer or none at every place of every text, and the right one at the known places."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from derivations.batch.run import Source
from derivations.editing.cursor import completions, definition, hover
from derivations.editing.findings import marks
from derivations.watching.session import Session

CONTEXT = """```given
dims H, W, m, n where m <= H, n <= W   # sizes
tensor a[H, W], w[m, n]
scalar b
function f
k = m - 1
z = conv(a, w, valid) + b
y[i] = sum[j](z[i, j])
loss J(z)
```
"""
CLAIM = "```claim c\ngrad(J, w) == conv(rot180(a), grad(J, z), valid)\n```\n"
LINES = CONTEXT.split("\n")


def place(part: str) -> tuple[int, int]:
    """The line (from 1) and column of the first character of a part in the context."""
    line = next(number for number, each in enumerate(LINES, 1) if part in each)
    return line, LINES[line - 1].index(part)


@pytest.mark.parametrize(
    ("part", "shown"),
    [
        ("a[H", "a: H × W"),
        ("z = conv", "z: (H - m + 1) × (W - n + 1)"),
        ("conv(", "true convolution"),
        ("m <= H", "where m <= H"),
        ("k = m", "k = m - 1"),
        ("y[i]", "y: H - m + 1"),
        ("J(z)", "any differentiable function of z"),
        ("f", "any differentiable function of one variable"),
        ("b", "b: scalar"),
    ],
)
def test_hover_says_what_a_word_means(part: str, shown: str) -> None:
    """Each kind of name is explained by its shape, its definition or its condition."""
    part = {"f": "f\n", "b": "b\n"}.get(part, part).rstrip()
    line, column = place(f"function {part}" if part == "f" else f"scalar {part}" if part == "b" else part)
    column += {"f": 9, "b": 7}.get(part, 0)
    found = hover(CONTEXT + CLAIM, line, column)
    assert found is not None
    assert shown in found.text


@pytest.mark.parametrize("word", ["H", "n", "a", "w", "b", "f", "k", "z", "y", "J"])
def test_definition_is_the_declaration(word: str) -> None:
    """Every declared name leads to its own declaration, from a claim below."""
    text = CONTEXT + f"```claim c\n{word} == {word}\n```\n"
    found = definition(text, len(LINES) + 1, 0)
    assert found is not None
    line = LINES[found.line - 1]
    assert line[found.column : found.last_column] == word
    assert re.match(rf"\s*(dims|tensor|scalar|function|loss)\b.*\b{word}\b|{word}(\[.*\])? =", line)


def test_a_wrong_line_hides_only_itself() -> None:
    """Where the context has an error, what stands of it is shown and completed."""
    text = CONTEXT.replace("scalar b", "scalar b c") + CLAIM
    found = hover(text, 3, 7)
    assert found is not None
    assert "a: H × W" in found.text
    assert {"a", "w", "H"} <= {each.word for each in completions(text, len(LINES) + 1, 0)}


def test_behind_a_fence_stand_the_kinds_of_blocks() -> None:
    """After ``` the blocks are offered; in prose nothing is."""
    assert [each.word for each in completions("Text\n```", 2, 3)][:2] == ["given", "given continue"]
    assert completions("Text\n", 1, 2) == []


PIECES = st.sampled_from([*LINES, *CLAIM.split("\n"), "```", "dims (", "𝛿 = a", "tensor", "given", "", "```claim"])


@settings(deadline=None, max_examples=40)
@given(st.lists(PIECES, max_size=14).map("\n".join), st.integers(0, 20), st.integers(0, 40))
def test_there_is_an_answer_or_none(text: str, line: int, column: int) -> None:
    """No text and no place in it makes an answer fail; what is shown lies in the text."""
    line = min(line, text.count("\n")) + 1
    completions(text, line, column)
    for found in (hover(text, line, column), definition(text, line, column)):
        span = found.span if found is not None and hasattr(found, "span") else found
        if span is not None:
            assert span.last_column <= len(text.split("\n")[span.line - 1])


@pytest.mark.parametrize(
    ("claim", "mended"),
    [
        ("grad(J, w) == conv(a, rot180(grad(J, z)), valid)", "grad(J, w) == conv(rot180(a), grad(J, z), valid)"),
        ("grad(J, w) == conv(a,\n    rot180(grad(J, z)), valid)  # as printed", ""),
    ],
)
def test_an_edit_replaces_the_equation_and_makes_it_true(claim: str, mended: str) -> None:
    """The quick fix of a false claim, applied to the text, gives a claim that is proved; a comment stays."""
    text = CONTEXT + f"```claim c\n{claim}\nexpect false\n```\n"
    with Session(repair=True) as session:
        found = [mark for each in session.look(Source("a.md", text)).blocks for mark in marks(each)]
        (mark,) = found
        assert mark.severity == "hint"  # it was expected to be false
        edit = mark.edits[0]
        lines = text.split("\n")
        head, tail = (
            lines[edit.span.line - 1][: edit.span.column],
            lines[edit.span.last_line - 1][edit.span.last_column :],
        )
        lines[edit.span.line - 1 : edit.span.last_line] = [head + edit.text + tail]
        after = "\n".join(lines).replace("expect false\n", "")
        assert not mended or mended in after
        assert ("# as printed" in after) == ("# as printed" in text)
        (verdict,) = session.look(Source("a.md", after)).results.verdicts
        assert verdict.verdict == "proved"


def test_chains_and_quoted_blocks_are_not_edited() -> None:
    """Where an edit could replace more than the formula, there is none."""
    chain = "```claim c\ngrad(J, w) == conv(a, rot180(grad(J, z)), valid) == w\nexpect false\n```\n"
    quoted = "\n".join(f"> {line}" for line in (CONTEXT + CLAIM.replace("rot180(a)", "a")).split("\n"))
    with Session(repair=True) as session:
        for text in (CONTEXT + chain, quoted):
            found = [mark for each in session.look(Source("a.md", text)).blocks for mark in marks(each)]
            assert found
            assert not [mark for mark in found if mark.edits]
