"""A question is the claim file that it stands for: the same verdicts, mistakes in the box where they were written, no
file that it names."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from page_server import CONTEXT, FALSE, TRUE

from derivations.judgement.judge import exists_everywhere
from derivations.language.document import Document
from derivations.serving import answering
from derivations.serving.claim_file import claim_file, read
from derivations.serving.examples import examples
from derivations.serving.question import BadQuestion, Question, question, sizes

DISPLAY = Question(
    CONTEXT,
    r"\nabla_w J = \tilde a \ast \delta",
    "latex",
    "\\tilde X is rot180(X)\nX \\ast Y is conv(X, Y, valid)\n\\delta is delta",
)
LINE = Question(
    CONTEXT, "dw = conv2(a, rot90(delta, 2), 'valid');", "matlab", "", "read above as grad(J, w) == right side"
)


def events(asked: Question) -> dict[str, list[dict[str, object]]]:
    found: dict[str, list[dict[str, object]]] = {}
    for name, data in answering.judge(asked):
        found.setdefault(name, []).append(data)
    return found


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (Question(CONTEXT, TRUE), "proved"),
        (Question(CONTEXT, FALSE), "holds where m == 1, n == 1"),
        (Question(CONTEXT, FALSE, lines="where m == 1, n == 1"), "proved"),
        (DISPLAY, "proved"),
        (LINE, "holds where m == 1, n == 1"),
    ],
)
def test_each_kind_of_claim_is_judged(asked: Question, said: str) -> None:
    """The claim language, a display and a line of code come to a verdict, typeset, with a repair where it is false and
    steps where it is proved."""
    found = events(asked)
    assert found["read"][0]["errors"] == []
    assert [each["said"] for each in found["verdict"]] == [said]
    assert "<math" in str(found["shown"][0]["html"]) or "<code" in str(found["shown"][0]["html"])
    assert " style=" not in str(found)
    assert bool(found["repairs"][0]["repairs"]) == (said != "proved")
    assert list(found)[-1] == "end"


@pytest.mark.parametrize(
    ("asked", "claim", "line"),
    [
        (DISPLAY, "{}", 1),
        (DISPLAY, "\n\n$$\n{}\n$$", 3),
        (LINE, "{}", 1),
        (LINE, "\n\n{}", 3),
    ],
)  # fmt: skip
def test_a_formula_stands_in_a_line_of_its_box(asked: Question, claim: str, line: int) -> None:
    """What a claim was read from is said by its line in the box, which its author sees, and no other."""
    shown = str(events(replace(asked, claim=claim.format(asked.claim)))["shown"][0]["html"])
    assert f"in line {line}." in shown


def test_a_repair_that_is_put_in_is_proved() -> None:
    """What the button puts into the boxes is a question that is proved."""
    for each in events(Question(CONTEXT, FALSE))["repairs"][0]["repairs"]:  # type: ignore[attr-defined]
        assert each["put"] is not None
        (verdict,) = [data for name, data in answering.judge(question(each["put"])) if name == "verdict"]
        assert verdict["word"] == "proved", each


@pytest.mark.parametrize(
    ("asked", "field", "line", "column"),
    [
        (Question(CONTEXT + "\n oops", TRUE), "context", 6, 2),
        (Question(CONTEXT, "\ngrad(J, w) == cnov(a, delta)"), "claim", 2, 15),
        (Question(CONTEXT, TRUE, lines="where q == 1"), "lines", 1, 7),
        (Question(CONTEXT, r"\nabla_w J = \qq a", "latex"), "claim", 1, 14),
        (Question(CONTEXT, "dw = cnov2(a)", "matlab", "", "read above as grad(J, w) == right side"), "claim", 1, 6),
        (Question(CONTEXT, TRUE, notation="nonsense"), "notation", 1, 1),
        (Question("dims m\ntensor x[3 - m]", "x == x"), "context", 2, 1),
    ],
)
def test_a_mistake_stands_in_its_box(asked: Question, field: str, line: int, column: int) -> None:
    """The first mistake has the box, the line and the column where its author wrote, and its text has a caret."""
    _, errors = read(asked, exists_everywhere)
    assert (errors[0]["field"], errors[0]["line"]) == (field, line), errors
    if field != "context" or line == 6:
        assert errors[0]["column"] == column, errors
    assert "^" in errors[0]["text"]


HOSTILE = ["notation /etc/passwd", "notation page.css", "notation ../pyproject.toml", "notation notes.notation"]


@pytest.mark.parametrize("text", HOSTILE)
def test_no_file_is_read(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A question that names a file is refused, whether the file is there or not, in the same words."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "notes.notation").write_text("secret is delta")
    opened: list[str] = []

    def note(event: str, arguments: tuple[object, ...]) -> None:
        if event == "open" and watching:
            opened.append(str(arguments[0]))

    watching = True
    sys.addaudithook(note)
    _, errors = read(Question(CONTEXT, TRUE, notation=text), exists_everywhere)
    watching = False
    assert errors[0]["message"] == "no file is read here"
    assert "secret" not in str(errors)
    assert not [name for name in opened if "passwd" in name or "notation" in name or "pyproject" in name]


@settings(deadline=None, max_examples=60)
@given(st.text("`~ \n>$a=\\[]{}claimgivenx", max_size=60), st.text("`~ \nclaimgivenx=", max_size=60))
def test_no_box_leaves_its_fence(context: str, claim: str) -> None:
    """Whatever stands in the boxes, the claim file has one context and one claim, or says what is wrong."""
    text, _ = claim_file(Question(context, claim))
    document = Document.parse_in_part(text, alone=True)
    assert len(document.blocks) == 2
    assert [block.first for block in document.blocks] == [1, document.blocks[0].last + 2]


def test_a_display_has_no_fence() -> None:
    """A display that would open a block of its own is refused."""
    _, errors = read(Question(CONTEXT, "x\n```claim mine\nx == x\n```", "latex"), exists_everywhere)
    assert errors[0]["message"] == "a fence is no part of a display"
    assert errors[0]["line"] == 2


@pytest.mark.parametrize(
    "data", [[], {"claim": 1}, {"file": "x"}, {"kind": "html"}, {"claim": "x" * 30_000}, {"claim": "\ud800"}, None]
)
def test_what_is_no_question_is_refused(data: object) -> None:
    """Types, names and lengths are looked at first."""
    with pytest.raises(BadQuestion):
        question(data)


@pytest.mark.parametrize("data", [[], {"m": "1"}, {"m": True}, {"m": 10**9}, {"m": 1.5}])
def test_what_are_no_sizes_is_refused(data: object) -> None:
    """Sizes are small integers."""
    with pytest.raises(BadQuestion):
        sizes(data)


def test_other_sizes_are_drawn() -> None:
    """At sizes where the claim fails there is a counterexample at just these; where it holds, that is said; sizes that
    the context does not admit are named."""
    asked = Question(CONTEXT, FALSE)

    def drawn(**at: int) -> dict[str, object]:
        return next(answering.draw(asked, at, 0))[1]

    fails = drawn(H=4, W=3, m=2, n=1)
    assert "Counterexample" in str(fails["html"])
    assert "at H = 4, W = 3, m = 2, n = 1" in str(fails["html"])
    assert str(drawn(H=4, W=3, m=1, n=1)["said"]).startswith("Both sides agree")
    assert "m <= H" in str(drawn(H=1, W=3, m=2, n=1)["said"])
    assert "not between" in str(drawn(H=1, W=3, m=200, n=1)["said"])


def test_what_is_kept_says_the_same(tmp_path: Path) -> None:
    """The claim file is as expected under `verify`; the NumPy test passes for a true formula and fails for a false
    one; a formula without one says why."""
    texts = {form: next(answering.export(Question(CONTEXT, FALSE), form))[1]["text"] for form in answering.FORMATS}
    found = Document.parse(texts["markdown"])
    assert found.claims[0].expectation(1).text == "holds where m == 1, n == 1"
    assert "\\begin{document}" in texts["latex"]
    assert "not as expected" not in texts["latex"]
    for claim, status in ((FALSE, 1), (TRUE, 0)):
        file = tmp_path / "test_formula.py"
        file.write_text(next(answering.export(Question(CONTEXT, claim), "numpy"))[1]["text"])
        assert subprocess.run([sys.executable, "-I", str(file)], capture_output=True).returncode == status
    no_form = next(answering.export(Question("dims n\ntensor x[n]", "sum(x) == 1\nwhere sum(x) == 1"), "numpy"))[1]
    assert not no_form["text"]
    assert "conditions on data" in str(no_form["why"])


def test_the_examples_are_the_cookbook() -> None:
    """At least fifteen layers, each with a context and claims that can be read."""
    found = examples()
    assert len(found) >= 15
    for each in found:
        for one in each["claims"]:
            assert "expect" not in one["claim"]
            assert read(Question(each["context"], one["claim"]), exists_everywhere)[1] == []
