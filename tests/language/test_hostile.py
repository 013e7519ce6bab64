"""Input that was not written by a friend: it ends in a clean error or a clean answer, soon."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from derivations.language import limits
from derivations.language.document import Document, parse_context
from derivations.language.errors import InputError
from derivations.language.files import read_text

GIVEN = "```given\ndims H, n where n <= H\ntensor a[H, H]\nfunction f\n```\n"
SECONDS = 10.0  # of the processor: many times what it takes


def claim(line: str) -> str:
    """A document with this claim."""
    return f"{GIVEN}```claim c\n{line}\n```\n"


def given_block(*lines: str) -> str:
    """A document with this given block."""
    return "```given\n" + "\n".join(lines) + "\n```\n"


REFUSED = {
    "ten thousand nested parentheses": (claim("(" * 10_000 + "a" + ")" * 10_000 + " == a"), "BRACKET_DEPTH"),
    "ten thousand brackets that never close": (claim("[" * 10_000), "BRACKET_DEPTH"),
    "five thousand signs": (claim("a == " + "-" * 5_000 + "a"), "TREE_DEPTH"),
    "five thousand negations": (claim("[" + "not " * 4_000 + "n == 1] == 1"), "TREE_DEPTH"),
    "four thousand transposes": (claim("a == a" + ".T" * 4_000), "TREE_DEPTH"),
    "four thousand products": (claim("a == a" + " @ a" * 3_000), "TREE_DEPTH"),
    "a tower of powers": (claim("a == 2**2**2**2**2**2 * a"), "EXPONENT"),
    "a large power": (claim("a == ((99**64)**64)**64 * a"), "NUMBER_BITS"),
    "a large exponent": (claim("a == 1e999999999 * a"), "EXPONENT"),
    "a long number": (claim("a == " + "9" * 10_000), "NUMBER_CHARACTERS"),
    "a long line": (claim("a == " + "a + " * 10_000 + "a"), "STATEMENT_CHARACTERS"),
    "two thousand indices": (claim("sum[" + ",".join(f"i{k}" for k in range(2_000)) + "](a[i1, i2]) == 1"), "INDICES"),
    "doubling definitions": (
        given_block("dims n", "tensor z0[n]", *[f"z{k + 1} = z{k} + z{k}" for k in range(60)]),
        "NODE_COUNT",
    ),
    "a thousand layers": (
        given_block("dims n", "function f", "tensor z0[n]", *[f"z{k + 1} = f(z{k})" for k in range(1_000)]),
        "NODE_DEPTH",
    ),
    "a billion readings": (given_block(*[f"choose c{k} in conv, corr" for k in range(30)]), "READINGS"),
    "fifty axes": (given_block("tensor a[" + ", ".join("3" * 50) + "]"), "RANK"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_too_large_is_refused_by_the_name_of_its_limit(name: str) -> None:
    """Each limit is an error that names it, and comes soon."""
    text, limit = REFUSED[name]
    start = time.process_time()
    with pytest.raises(InputError) as caught:
        Document.parse(text)
    assert limit in caught.value.expected
    assert hasattr(limits, limit)
    assert time.process_time() - start < SECONDS


ODD = [
    "", "\ufeff", "```", "``` ", "~~~claim a", "```claim a\n" * 2_000, "> " * 2_000 + "x", "[" * 50_000,
    "*a **b " * 20_000, "- " * 2_000 + "x", "\0" * 1_000, "```given\n\0\n```", "```claim a\n\u200b1 == 1\n```",
    "```claim a\n1 == 1\u2028== 2\n```", "`" * 10_000, "```claim a\n#\n```", "```given\nz =\n```", "```given\n= 3\n```",
    "```given\ndims\n```", "```claim a\n1 ==\n```", "```claim a\n==\n== 1\n```", "```claim {.x}\n1 == 1\n```", "``` {",
    "```{}\n```", "```{.claim}\n```", "```{#a .claim}\n1 == 1\n```", "```claim a\n1 == 1\nwhere\n```",
    "```claim a\n1 == 1\nexpect\n```", "```claim a\n1 == 1\nreading\n```", "```claim a\n1 == 1\nexpect link x\n```",
    "```claim a\n1 == 1\nexpect holds where\n```", "```claim a\n1 == 1\nexpect link 99999999999999999999 proved\n```",
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(ODD)))
def test_odd_documents_end_cleanly(number: int) -> None:
    """A document of nonsense is read or refused, soon, and by nothing but an input error."""
    start = time.process_time()
    try:
        Document.parse(ODD[number])
    except InputError as error:
        assert str(error)  # noqa: PT017 - either outcome is right
    assert time.process_time() - start < SECONDS


LANGUAGE = """a b x z f n H conv sum grad d shape ( ) [ ] , : .. . == = + - * / // % @ ** ' .T and or not in where i j
0 1 2.5 ones pad= stride= valid max min floor J dims tensor loss expect <= true entries # ^ é 卷"""
WORDS = st.sampled_from([*LANGUAGE.split(), "", "\n", "\t"])
HEAD = "```given\ndims n, H\ntensor a[n, n], b[n]\nfunction f\n"


@settings(max_examples=150, deadline=None)
@given(st.lists(WORDS, max_size=14), st.lists(WORDS, max_size=14))
def test_random_words_end_cleanly(block: list[str], line: list[str]) -> None:
    """Random sequences of the language's own words are read or refused by nothing but an input error."""
    text = f"{HEAD}{' '.join(block)}\n```\n```claim c\n{' '.join(line)}\n```\n"
    for part in (text, claim(" ".join(line)), claim(f"a == {' '.join(line)}")):
        try:
            Document.parse(part)
        except InputError as error:
            assert str(error)  # noqa: PT017 - either outcome is right


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=60))
def test_random_text_ends_cleanly(text: str) -> None:
    """Any text as a document, a given block or a claim is read or refused by nothing but an input error."""
    for part in (text, f"```given\n{text}\n```", f"```claim c\n{text}\n```", f"```{text}\n1 == 1\n```"):
        try:
            Document.parse(part)
        except InputError as error:
            assert str(error)  # noqa: PT017 - either outcome is right


def refused(path: Path | str) -> InputError:
    """The error that reading a file raises."""
    with pytest.raises(InputError) as caught:
        Document.read(path)
    return caught.value


def test_files_that_are_none(tmp_path: Path) -> None:
    """A directory, a missing file, an impossible name and an unreadable one are input errors without a line."""
    (tmp_path / "notes.md").write_text("text")
    assert "directory" in refused(tmp_path).message
    missing = refused(tmp_path / "note.md")
    assert (missing.line, missing.fix) == (0, "did you mean notes.md?")
    assert "cannot be read" in refused("a\0b").message
    assert "cannot be read" in refused("a" * 5_000).message


def test_large_files_are_not_even_read(tmp_path: Path) -> None:
    """Fifty million bytes are refused by the limit on files, at once."""
    path = tmp_path / "large.md"
    with path.open("wb") as stream:
        stream.truncate(50_000_000)
    start = time.process_time()
    assert "FILE_BYTES" in refused(path).expected
    assert time.process_time() - start < 1


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    """Invalid UTF-8 is reported at its line and column, counted in characters."""
    path = tmp_path / "bad.md"
    path.write_bytes(b"one\n\xc3\xa9x\xff\n")
    error = refused(path)
    assert (error.line, error.column) == (2, 3)
    assert "0xff" in error.message


def test_line_ends_and_byte_order_marks_do_not_matter(tmp_path: Path) -> None:
    """The same document with CRLF, with CR and with a byte order mark says the same at the same lines."""
    text = "# T\n\n```given\ndims n\n```\n\n```claim a\nn == n\n```\n"
    path = tmp_path / "notes.md"
    for data in (text, text.replace("\n", "\r\n"), text.replace("\n", "\r"), "\ufeff" + text):
        path.write_bytes(data.encode())
        [found] = Document.read(path).claims
        assert (found.id, found.line, found.text) == ("a", 8, "n == n")
    assert read_text(path).startswith("#")


def test_many_claims_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """More claims than the limit are an error at the first one beyond it."""
    monkeypatch.setattr(limits, "CLAIMS", 20)
    text = "".join(f"```claim c{k}\n1 == 1\n```\n" for k in range(30))
    with pytest.raises(InputError) as caught:
        Document.parse(text)
    assert caught.value.line == 20 * 3 + 1
    assert "CLAIMS" in caught.value.expected


def test_a_condition_on_a_quotient_of_its_own_sizes_is_read() -> None:
    """A condition whose quotient's bound would ask for the condition again ends."""
    contexts = parse_context("dims h, f, s where f <= h, h >= (h - f) // s + 2, h // (h // f) == f")
    assert len(contexts[0][1].conditions) == 3
