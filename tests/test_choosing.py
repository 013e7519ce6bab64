"""Choosing what is judged, by words of the command line, names, lines, failures; what is said where none is."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from derivations.choosing.expression import expression
from derivations.choosing.templates import names
from derivations.cli import app
from derivations.language.errors import InputError

NOTES = """# Two layers

```given
dims N, D, M
tensor X[N, D], W[D, M]
Y = X @ W
loss J(Y)
G = grad(J, Y)
```

```claim weights
grad(J, W) == X.T @ G
```

Some prose.

```claim input
grad(J, X) == W.T @ G
```

```given
dims n
tensor x[n]
```

```remark taste
A matter of taste.
```

```claim double
x + x == 2 * x
```
"""
LINES = {name: number for number, line in enumerate(NOTES.split("\n"), 1) for name in line.split()[1:] if "```" in line}


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with a document, and a cache of its own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "docs").mkdir()
    monkeypatch.chdir(tmp_path / "docs")
    Path("notes.md").write_text(NOTES, encoding="utf-8")
    return tmp_path / "docs"


def run(*arguments: str, **options: Any) -> tuple[int, str, str]:
    done = CliRunner().invoke(app, list(arguments), **options)
    return done.exit_code, done.stdout, done.stderr


def judged(*arguments: str) -> list[str]:
    """The names of the claims that a run judges."""
    record = json.loads(run("verify", "--json", *arguments)[1])
    return [each["id"] for each in record["claims"]]


# -- the choice -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "chosen"),
    [
        (["notes.md"], ["weights", "input", "double"]),
        (["notes.md::input"], ["input"]),
        (["notes.md::input", "notes.md::weights"], ["weights", "input"]),  # in the order of the document
        ([f"notes.md:{LINES['input'] + 1}"], ["input"]),
        ([f"notes.md:{LINES['input'] + 1}:7"], ["input"]),  # as editors write a place
        ([f"notes.md:{LINES['input'] - 2}"], ["input"]),  # the prose above it
        (["notes.md:4"], ["weights", "input"]),  # a context means its claims
        (["notes.md:1"], ["weights"]),
        (["notes.md", "-k", "INPUT or doub"], ["input", "double"]),
        (["notes.md", "-k", "not (input or weights)"], ["double"]),
        (["notes.md", "-k", "notes.md"], ["weights", "input", "double"]),
        (["notes.md", "notes.md::input"], ["weights", "input", "double"]),
    ],
)
def test_what_is_chosen_is_judged_and_nothing_else(place: Path, words: list[str], chosen: list[str]) -> None:
    """Each way to choose gives exactly the claims that it names, in the order of the document."""
    assert judged(*words) == chosen


def test_what_is_not_chosen_does_not_stand_in_the_way(place: Path) -> None:
    """A mistake in another context is no part of a run over one claim; one in its own is."""
    text = NOTES.replace("x + x == 2 * x", "x + == 2").replace("tensor x[n]", "tensor x[n")
    Path("notes.md").write_text(text, encoding="utf-8")
    assert run("verify", "notes.md::weights")[0] == 0
    assert run("verify", "notes.md::double")[0] == 2
    assert run("verify", "notes.md")[0] == 2


def test_folders_patterns_and_standard_input(place: Path) -> None:
    """A folder means the Markdown files below it, hidden ones apart; a pattern what it matches; - what is piped in."""
    for name in ("sub/deep/one.md", ".hidden/two.md", "sub/notes.txt"):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(NOTES.replace("claim ", f"claim {Path(name).stem}-"), encoding="utf-8")
    assert [name for name in judged(".") if "double" in name] == ["double", "one-double"]
    assert judged("sub/**/*.md") == ["one-weights", "one-input", "one-double"]
    status, output, _ = run("verify", "-", input=NOTES.encode())
    assert status == 1
    assert output.startswith("<stdin>\n  ✓ weights")
    assert run("verify", "--", "-::double", input=NOTES.encode())[0] == 0


def test_a_file_that_is_there_is_meant_by_its_name(place: Path) -> None:
    """Colons and stars are parts of a file's name where such a file is there."""
    for name in ("a:3", "b::c", "[d].md"):
        Path(name).write_text(NOTES, encoding="utf-8")
        assert len(judged(name)) == 3


def test_failures_are_judged_again(place: Path) -> None:
    """--failed judges what failed last, until it does not; what is new and was never judged is not among it."""
    assert run("verify", "notes.md")[0] == 1
    assert judged("--failed", "notes.md") == ["input"]
    Path("notes.md").write_text(NOTES.replace("W.T @ G", "G @ W.T"), encoding="utf-8")
    assert run("verify", "--failed", "notes.md")[0] == 0
    status, output, _ = run("verify", "--failed", "notes.md")
    assert status == 5
    assert "none failed when it was judged last" in output


def test_a_claim_with_an_error_has_failed(place: Path) -> None:
    """What cannot be read is among the failures, and so is a claim below a wrong context."""
    Path("notes.md").write_text(NOTES.replace("tensor x[n]", "tensor x[n"), encoding="utf-8")
    run("verify", "notes.md")
    Path("notes.md").write_text(NOTES, encoding="utf-8")
    assert judged("--failed", "notes.md") == ["input", "double"]


def test_stop_at_the_first_failure(place: Path) -> None:
    """-x judges nothing after the first failure, and says so."""
    status, output, _ = run("verify", "-x", "notes.md")
    assert status == 1
    assert "double" not in output
    assert "Stopped at the first failure" in output
    assert json.loads(run("verify", "-x", "--json", "notes.md")[1])["summary"]["stopped"] is True


def test_many_claims_are_counted(place: Path) -> None:
    """Of more than a hundred claims, those as expected are counted and the others listed, at first sight and again at
    the end with their place; -v lists all, -q counts none."""
    many = "".join(f"```claim c{number}\nx + x == 2 * x\n```\n" for number in range(100))
    Path("notes.md").write_text(NOTES + many, encoding="utf-8")
    output = run("verify", "notes.md")[1].splitlines()
    assert output[:2] == ["notes.md", output[1]]
    assert output[1].startswith("  ✗ input" if "✗" in output[1] else "  ◐ input")
    assert output[2] == "  102 as expected: 102 proved"
    assert any(line.endswith(f"notes.md:{LINES['input'] + 1}") for line in output[3:])
    assert sum("c57" in line for line in output) == 0
    assert sum("c57" in line for line in run("verify", "-v", "notes.md")[1].splitlines()) == 1
    quiet = run("verify", "-q", "notes.md")[1]
    assert "as expected: 102" not in quiet
    assert "input" in quiet


def test_durations(place: Path) -> None:
    """--durations names as many claims as are asked for, the slowest first."""
    output = run("verify", "--durations", "2", "notes.md")[1].split("slowest")[1].splitlines()[1:3]
    seconds = [float(line.split()[0]) for line in output]
    assert len(seconds) == 2
    assert seconds == sorted(seconds, reverse=True)


# -- expressions ------------------------------------------------------------------------------------------------------

WORDS = ("grad", "mean", "b-1")
EXPRESSIONS = st.recursive(
    st.sampled_from(WORDS),
    lambda inner: st.one_of(
        st.builds("not {}".format, inner.map("({})".format)),
        st.builds("({} and {})".format, inner, inner),
        st.builds("({} or {})".format, inner, inner),
    ),
    max_leaves=6,
)


def meaning(text: str, name: str) -> bool:
    """The truth of an expression by Python's own operators, each word replaced by whether the name contains it."""
    for word in WORDS:
        text = text.replace(word, str(word in name))
    return bool(eval(text))


@settings(deadline=None, max_examples=60)
@given(EXPRESSIONS, st.lists(st.sampled_from(WORDS)).map(".".join))
def test_expressions_mean_what_they_say(text: str, name: str) -> None:
    """and, or, not and brackets bind as in Python."""
    assert expression(text)(name) == meaning(text, name)


@pytest.mark.parametrize("text", ["", "and", "a and", "(a", "a)", "a b", "not", "(" * 60 + "a" + ")" * 60])
def test_wrong_expressions_are_said(text: str) -> None:
    """What is no expression gets a place and what belongs there."""
    with pytest.raises(InputError) as caught:
        expression(text)
    assert caught.value.column >= 1
    assert caught.value.expected


# -- nothing to judge -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "text", "reason", "step"),
    [
        ("paper.tex", r"$$a = b$$", "this is LaTeX", "gradproof new --from paper.tex > paper.md"),
        ("layer.py", "x = 1", "this is Python", "gradproof prove layer.py:forward"),
        ("book.ipynb", "{}", "this is a notebook", "from derivations import given"),
        ("prose.md", "# Prose\n", "no claim block", "gradproof new dense"),
        ("shown.md", "# A\n\n$$\nA = B\n$$\n", "beside its 1 formula", "gradproof new --from shown.md"),
        ("context.md", "```given\ndims n\n```\n", "a context and no claim", "```claim NAME"),
        ("empty.md", "", "the file is empty", "gradproof new dense > empty.md"),
    ],
)
def test_nothing_to_judge_has_a_reason_and_a_next_step(
    place: Path, name: str, text: str, reason: str, step: str
) -> None:
    """Where there is no claim the status is 5, with the reason and one step that can be typed."""
    Path(name).write_text(text, encoding="utf-8")
    status, output, _ = run("verify", name)
    assert status == 5
    assert reason in output
    assert step in output
    assert "0 verdicts" not in output
    record = json.loads(run("verify", "--json", name)[1])
    assert record["summary"]["status"] == 5
    assert reason in record["summary"]["nothing"]


@pytest.mark.parametrize("word", ["note.md", "nowhere", "*.tex", "void"])
def test_a_wrong_path_is_nothing_to_judge(place: Path, word: str) -> None:
    """A path at which there is nothing gets status 5 and what was expected; beside a right one, 2."""
    Path("void").mkdir()
    status, output, error = run("verify", word)
    assert (status, output) == (5, "")
    assert "expected:" in error
    assert run("verify", "notes.md::double", word)[0] == 2
    if word == "note.md":
        assert "did you mean notes.md?" in error


@pytest.mark.parametrize("word", ["notes.md::imput", "notes.md:999"])
def test_a_claim_that_is_not_there_is_an_error(place: Path, word: str) -> None:
    """A name or a line that a document does not have is wrong input, with what there is."""
    status, _, error = run("verify", word)
    assert status == 2
    assert "did you mean input?" in error or "a line up to" in error


def test_no_name_fits(place: Path) -> None:
    """An expression that fits no name says how many there are and the nearest one."""
    status, output, _ = run("verify", "-k", "wieghts", "notes.md")
    assert status == 5
    assert "of 3 claims, none fits -k 'wieghts'" in output
    assert "did you mean weights?" in output


def test_remarks_alone_are_something(place: Path) -> None:
    """A document of remarks has nothing to prove and nothing wrong with it."""
    Path("notes.md").write_text("```remark a\nTaste.\n```\n", encoding="utf-8")
    assert run("verify", "notes.md")[0] == 0


def test_standard_input_within_the_limits(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is piped in obeys the limits of files."""
    monkeypatch.setattr("derivations.language.limits.FILE_BYTES", 10)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"x" * 20)))
    from derivations.batch.run import source

    with pytest.raises(InputError, match="too large"):
        source(None)


# -- templates and the report -----------------------------------------------------------------------------------------


def test_a_template_is_a_document(place: Path) -> None:
    """`new NAME` prints a layer of the cookbook as it can be judged; without a name, each with its title."""
    Path("mine.md").write_text(run("new", "dense")[1], encoding="utf-8")
    assert run("verify", "mine.md")[0] == 0
    assert [line.split()[0] for line in run("new")[1].splitlines()] == names()
    status, _, error = run("new", "layer_norm")
    assert status == 2
    assert "did you mean layer-norm?" in error
    assert run("new", "dense", "--from", "notes.md")[0] == 2


def test_the_report_says_why_it_fails(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A report that exits with 1 names the verdicts that are not as expected, on standard error."""
    monkeypatch.setattr("derivations.show.report.write.write", lambda *_: [])  # the report itself takes ten seconds
    status, _, error = run("report", "-o", "out", "notes.md")
    assert status == 1
    assert "input: expected proved" in error
    assert error.endswith("1 verdict not as expected.\n")


def test_help_has_examples(place: Path) -> None:
    """The help of verify and new ends with lines that can be typed."""
    for command in ("verify", "new"):
        output = run(command, "--help")[1]
        assert "\n  Examples:\n    gradproof " + command in output


def test_completion_is_offered(place: Path) -> None:
    """The shell's completion can be installed, and knows the layers."""
    assert "--install-completion" in run("--help")[1]
