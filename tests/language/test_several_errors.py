"""Several mistakes of one document: each is reported once, at its place, and none that follows from another."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from derivations.language import limits
from derivations.language.document import Document, parse_given
from derivations.language.errors import InputError, InputErrors

CONTEXT = """```given
dims H, m where m <= H
tensor a[H], w[m]
z = conv(a, w)
loss J(z)
delta = grad(J, z)
```
"""


def errors(text: str) -> list[tuple[int, str]]:
    """Line and message of each error of a document."""
    try:
        Document.parse(text, "notes.md")
    except InputError as error:
        return [(one.line, one.message) for one in error.errors]
    return []


def messages(text: str) -> list[str]:
    return [message for _, message in errors(text)]


def block(kind: str, content: str) -> str:
    return f"```{kind}\n{content}\n```\n"


GOOD = ["a == a", "grad(J, w) == w\nexpect false", "sum(a) == sum(a)\nwhere m == 1"]
BAD = ["a == b", "cnov(a, w) == z", "a ==", "(a == a", "a == a\nexpect maybe", "a", "\\nabla J == a"]


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 6)), max_size=10))
def test_every_wrong_claim_is_reported(choices: list[tuple[bool, int]]) -> None:
    """Of claims, each wrong one has one error, in its own lines, and no right one has any."""
    text, wrong = CONTEXT, []
    for number, (is_good, which) in enumerate(choices):
        source = GOOD[which % len(GOOD)] if is_good else BAD[which]
        first = text.count("\n") + 2
        text += block(f"claim c{number}", source)
        if not is_good:
            wrong.append((first, first + source.count("\n")))
    found = errors(text)
    assert len(found) == len(wrong)
    for (line, _), (first, last) in zip(found, wrong, strict=True):
        assert first <= line <= last


def test_wrong_statements_of_a_context() -> None:
    """Two mistakes of one given block are two errors, in their order; a choice that is wrong is reported as well."""
    text = block("given", "dims H\ntensr x[H]\ntensor y[H]\nz = cnov(y, y)\nchoose star in cnov")
    assert [line for line, _ in errors(text)] == [3, 5, 6]


def test_what_follows_from_a_mistake_is_not_reported() -> None:
    """Where a declaration is wrong, what uses its names, directly or not, is read for its syntax alone."""
    text = block("given", "dims H\ntensr x[H]\ny = x + x\nq = y * 2") + block("claim c", "q == x")
    assert messages(text) == ["`tensr` begins no statement"]
    assert len(messages(text + block("claim d", "q == = x"))) == 2
    assert len(messages(text + block("claim e", "H == p"))) == 2


def test_a_new_context_is_not_spoilt() -> None:
    """A new given block is read as ever after a wrong one; one that continues it is not."""
    wrong = block("given", "tensr x[H]")
    assert len(messages(wrong + CONTEXT + block("claim c", "x == a"))) == 2
    assert len(messages(wrong + block("given continue", "y = x") + block("claim c", "y == x"))) == 1


@pytest.mark.parametrize("info", ["Given", "givn a", "given more", "given,continue"])
def test_a_context_with_a_wrong_fence(info: str) -> None:
    """What a block would have declared whose fence is wrong is not reported as undeclared."""
    text = block(info, "dims n\ntensor x[n]") + block("claim c", "x == x")
    assert len(messages(text)) == 1


def test_blocks_that_are_wrong_as_blocks() -> None:
    """Names given twice, missing names, empty blocks and unclosed ones are reported together, in order."""
    text = CONTEXT + "".join(
        block(kind, content)
        for kind, content in (("claim c", "a == a"), ("claim c", "a == q"), ("claim", "1 == 1"), ("remark r", ""))
    )
    found = errors(text + "```claim open\na == a\n")
    assert [line for line, _ in found] == [11, 12, 14, 17, 20]
    assert "the name of the block in line 8" in found[0][1]
    assert "never closed" in found[-1][1]


def test_sizes_that_do_not_exist_are_reported_once() -> None:
    """Of what does not exist for all sizes the first is reported; claims are read all the same."""

    def checker(context: object, node: object) -> str | None:
        return "conv exists needs m <= H" if "conv" in str(node) else None

    text = block("given", "dims H, m\ntensor a[H], w[m]\nz = conv(a, w)\ny = conv(a, w) + 1")
    text += block("given continue", "v = conv(a, w) + 2") + block("claim c", "z == q")
    with pytest.raises(InputErrors) as caught:
        Document.parse(text, "notes.md", checker)
    first, second = caught.value.errors
    assert (first.expected, first.fix) == ("conv exists only where m <= H", "add it to the dims: dims ... where m <= H")
    assert second.message == "q is not declared"


def test_a_file_of_given_statements_reports_all() -> None:
    """A context without fences is read with all its mistakes too."""
    with pytest.raises(InputErrors) as caught:
        parse_given("dims H\ntensr x[H]\ntensor y[K]\n", "context.txt")
    assert [error.line for error in caught.value.errors] == [2, 3]


def test_there_is_a_last_error() -> None:
    """Of a thousand mistakes no more are shown than the limit says."""
    text = CONTEXT + "".join(block(f"claim c{number}", "a == q") for number in range(1000))
    found = messages(text)
    assert len(found) == limits.ERRORS + 1
    assert found[-1] == f"{1000 - limits.ERRORS} more errors from here on"


def part(text: str) -> tuple[list[str], list[tuple[str, str]]]:
    """The claims of a document read in part, and those that are refused with the reason."""
    found = Document.parse_in_part(text, "notes.md")
    return [claim.id for claim in found.claims], [(each.id, each.reason) for each in found.refused]


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from("gbwkn"), st.integers(0, 6)), max_size=10))
def test_what_stands_is_read(choices: list[tuple[str, int]]) -> None:
    """Of claims beside wrong claims, wrong contexts and wrong continuations, exactly those are read whose own block and
    whose whole context are right; each other one is refused."""
    text, is_broken = CONTEXT, False
    standing, refused = [], []
    for number, (kind, which) in enumerate(choices):
        name = f"c{number}"
        if kind in "gb":
            text += block(f"claim {name}", GOOD[which % len(GOOD)] if kind == "g" else BAD[which])
            (standing if kind == "g" and not is_broken else refused).append(name)
        elif kind == "w":
            text += block("given continue", f"assume q{number} > 0")
            is_broken = True
        elif kind == "k":
            text += block("given continue", f"scalar s{number}")
        else:
            text += CONTEXT
            is_broken = False
    found, not_judged = part(text)
    assert (found, [name for name, _ in not_judged]) == (standing, refused)
    assert bool(Document.parse_in_part(text).errors) == bool(errors(text))


def test_a_lost_condition_is_missed_by_every_claim() -> None:
    """A wrong assumption declares no name, and the claims that would have needed it are refused all the same."""
    text = block("given", "dims n\ntensor x[n]\nassume x >> 0") + block("claim c", "sqrt(x**2) == x")
    assert part(text) == ([], [("c", "its context has an error in line 4")])


def test_a_block_that_may_have_been_a_context() -> None:
    """Behind a misspelt `given` nothing is judged until the next one; behind a misspelt `claim` the rest is."""
    after = block("claim c", "a == a") + CONTEXT.replace("H", "K") + block("claim d", "a == a")
    assert part(CONTEXT + block("givn", "dims q") + after)[0] == ["d"]
    assert part(CONTEXT + block("clam e", "a == a") + after)[0] == ["c", "d"]


def test_a_second_block_of_a_name_is_refused() -> None:
    """Two blocks of one name: the first is judged, the second is not."""
    text = CONTEXT + block("claim c", "a == a") + block("claim c", "a == 2*a")
    assert part(text) == (["c"], [("c", "")])


def test_several_errors_are_one() -> None:
    """Several errors are an InputError that reads as all of them, stands where the first stands, and can be sent."""
    text = CONTEXT + block("claim c", "a == q") + block("claim d", "a == p")
    with pytest.raises(InputError) as caught:
        Document.parse(text, "notes.md")
    error = caught.value
    assert (error.line, error.message) == (9, "q is not declared")
    assert all(each.__cause__ is not each for each in error.errors)  # or whoever sends causes too would find no end
    copy = pickle.loads(pickle.dumps(error))
    assert str(copy) == str(error) == "\n\n".join(map(str, error.errors))
    assert len(copy.errors) == 2
