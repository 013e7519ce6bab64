"""What verdicts, witnesses and readings show at a prompt and in a notebook, and the cell magic."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from derivations import Document, given
from derivations.language.errors import InputError
from derivations.show.notebook import load_ipython_extension
from numeric import check_gradient

CONTEXT = given("""dims H, W, m, n where m <= H, n <= W
tensor a[H, W], w[m, n]
z = conv(a, w)
loss J(z)
delta = grad(J, z)""")
WRONG = "grad(J, w) == conv(a, rot180(delta))"


@pytest.fixture(scope="module")
def verdict() -> Any:
    return CONTEXT.judge(WRONG)


def test_a_verdict_reads_as_sentences(verdict: Any) -> None:
    """At a prompt: the word with its region, the statement, the counterexample, a true formula; no record."""
    lines = str(verdict).splitlines()
    assert lines[0] == "◐ holds where m == 1, n == 1"
    assert lines[2].strip() == WRONG
    assert "left 0, right 1" in str(verdict)
    assert "Verdict(" not in str(verdict)
    assert str(verdict.witness).startswith("H = 1, W = 2, m = 1, n = 2; a = [[1, 0]]")


def test_a_verdict_is_drawn(verdict: Any) -> None:
    """In a notebook: badge, formula, both sides of the counterexample with the entry marked, the repair with what
    differs underlined; words are escaped and there is no script."""
    page = verdict._repr_html_()
    assert "true on a region" in page
    assert page.count("c-mark") >= 3  # the entry in both sides and in their difference
    assert r"\underline{" in page
    assert "<script" not in page
    assert not re.search(r'id=""', page)
    assert "H = 1" in verdict.witness._repr_html_()


def test_a_proof_shows_its_steps() -> None:
    """A proved verdict shows its derivation with the rules."""
    page = CONTEXT.judge("grad(J, w) == conv(rot180(a), delta)")._repr_html_()
    assert "proved for all sizes" in page
    assert "adjoint of the convolution in its kernel" in page


def test_readings_are_sentences() -> None:
    """What a document's verdicts say about its readings, in lines and as a list."""
    text = "```given\ndims m, n where m <= n\ntensor x[n], k[m]\nchoose star in conv, corr\n```\n"
    table = Document.parse(text + "```claim turned\nstar(x, rot180(k)) == corr(x, k)\n```\n").verify()
    assert "star = conv" in str(table.readings)
    assert "<li>" in table.readings._repr_html_()
    assert "turned" in table[0]._repr_html_()


def test_a_gradient_report_is_a_table() -> None:
    """Wrong entries with both values."""
    import numpy as np

    wrong = check_gradient(lambda x: x @ x.T, lambda d, x: (d @ x,), np.arange(4.0).reshape(2, 2))
    page = wrong._repr_html_()
    assert "✗" in page
    assert page.count("<tr>") > 1
    said: list[str] = []
    wrong._repr_pretty_(SimpleNamespace(text=said.append), False)
    assert said == [str(wrong)]  # at a prompt the lines for people, not the record


class Shell:
    """What the magic needs of IPython."""

    def __init__(self) -> None:
        self.user_ns: dict[str, Any] = {"ctx": CONTEXT}
        self.magics: dict[str, Any] = {}

    def register_magic_function(self, function: Any, kind: str, name: str) -> None:
        self.magics[kind, name] = function


def test_the_cell_magic_judges_its_cell(capsys: pytest.CaptureFixture[str]) -> None:
    """The cell is a claim with its conditions; what is wrong is a message, no traceback."""
    shell = Shell()
    load_ipython_extension(shell)
    claim = shell.magics["cell", "claim"]
    assert claim("ctx", f"{WRONG}\nwhere m == 1, n == 1\n").verdict == "proved"
    assert claim("ctx", "grad(J, w) == conv(a, rot180(delta)\n") is None
    assert "^" in capsys.readouterr().out
    assert claim("nothing", "z == z") is None
    assert "%%claim ctx" in capsys.readouterr().out
    shell.user_ns = {"other": SimpleNamespace()}
    assert claim("other", "z == z") is None


def test_a_notebook_shows_no_record_and_nobody_was_told_what_to_expect(verdict: Any) -> None:
    """At a prompt of IPython the lines for people stand; a verdict of which nothing was expected has its picture, and
    says nothing of an expectation."""
    said: list[str] = []
    verdict._repr_pretty_(SimpleNamespace(text=said.append), False)
    assert said == [str(verdict)]
    page = verdict._repr_html_()
    assert "expected" not in page
    assert "<svg" in page


@pytest.mark.parametrize(("line", "said"), [("", False), ("expect proved", True), ("expect refuted", True)])
def test_a_broken_expectation_is_said_where_there_is_one(line: str, said: bool) -> None:
    """Also that of *proved*, where the author wrote it."""
    text = f"```given\ndims n\ntensor x[n]\n```\n```claim c\nn*sum(x) == sum(x)\n{line}\n```\n"
    [found] = Document.parse(text, "notes.md").verify()
    assert ("not as expected" in found._repr_html_()) is said


def test_a_context_shows_its_names_and_a_footprint() -> None:
    """What a context declares, in sentences, and which entries one output reads."""
    page = CONTEXT._repr_html_()
    assert "be integers" in page
    assert r"\mathbb{R}^{H \times W}" in page
    assert "Which entries" in page


def test_a_mistake_shows_its_place_and_no_frames() -> None:
    """A mistake in a claim shows where it is; IPython asks the error itself what to show."""
    with pytest.raises(InputError) as raised:
        CONTEXT.judge("grad(J, v) == w")
    shown = raised.value._render_traceback_(None, None, None)  # type: ignore[attr-defined]
    assert shown == str(raised.value).splitlines()
    assert "^" in shown[2]


def test_a_report_says_each_wrong_entry_once() -> None:
    """Entries stand in the table of a gradient's report, and not in its lines once more."""
    report = check_gradient(lambda x: x**2, lambda g, x: g * x, np.array([1.0, 2.0, 3.0]))
    assert report._repr_html_().count("x[2]") == 1
