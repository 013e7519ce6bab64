"""The page on notation says what happens, and the examples of other people's notes are judged as they expect."""

from __future__ import annotations

import contextlib
import json
import re
import time
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from derivations import Document as ApiDocument
from derivations.cli import app
from derivations.language.document import Document
from derivations.language.errors import InputError
from derivations.language.survey import survey

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = re.compile(r"^### (.*?)$.*?^````markdown\n(.*?)^````\n\n^```json\n(.*?)^```$", re.DOTALL | re.MULTILINE)
EXAMPLES = EXAMPLE.findall((ROOT / "docs" / "notation.md").read_text(encoding="utf-8"))
KINDS = ("display", "inline", "matlab", "python")
NOTES = sorted((ROOT / "examples" / "notes").glob("*.md"))


def shows(shown: Any, found: Any) -> bool:
    """Whether an answer has everything that is shown; objects may have more keys."""
    if isinstance(shown, dict):
        return isinstance(found, dict) and all(key in found and shows(shown[key], found[key]) for key in shown)
    if isinstance(shown, list):
        return isinstance(found, list) and len(found) == len(shown) and all(map(shows, shown, found))
    return bool(shown == found)


@pytest.mark.parametrize(("source", "answer"), [each[1:] for each in EXAMPLES], ids=[each[0] for each in EXAMPLES])
def test_documents_are_answered_as_shown(
    source: str, answer: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("notes.md").write_text(source, encoding="utf-8")
    shown = json.loads(answer)
    files = ["notes.md"]
    if "errors" in shown:
        Path("good.md").write_text("```claim good\n1 == 1\n```\n", encoding="utf-8")
        files.append("good.md")
    done = CliRunner().invoke(app, ["verify", "--json", "--no-cache", *files])
    found = json.loads(done.stdout)
    assert shows(shown, found), json.dumps(found, indent=1)
    assert done.exit_code == (2 if "errors" in shown else 0)


@pytest.mark.parametrize("path", NOTES, ids=lambda path: path.stem)
def test_notes_of_others(path: Path) -> None:
    """Every verdict on them is as expected, and every claim is read from a formula."""
    done = CliRunner().invoke(app, ["verify", "--json", str(path)])
    found = json.loads(done.stdout)
    assert done.exit_code == 0, found["errors"]
    assert found["claims"]
    assert all(claim["source"]["kind"] in KINDS for claim in found["claims"])


def test_the_dry_run(tmp_path: Path) -> None:
    """`read` shows readings and carets and what is still to be said; `new` begins a document that can be verified."""
    notes = tmp_path / "notes.tex"
    notes.write_text(
        "\\begin{document}\n\\[ \\delta^l = W^T \\gamma \\]\n% \\[ x \\]\n\\end{document}\n", encoding="utf-8"
    )
    done = CliRunner().invoke(app, ["read", str(notes)])
    assert done.exit_code == 2
    assert "0 of 1 formulas can be read" in done.stdout
    assert "\\delta^l is ..." in done.stdout
    begun = CliRunner().invoke(app, ["new", "--from", str(notes)])
    made = tmp_path / "claims.md"
    made.write_text(begun.stdout, encoding="utf-8")
    assert begun.exit_code == 0
    assert CliRunner().invoke(app, ["read", str(made)]).exit_code == 2
    (tmp_path / "shared.notation").write_text("\\delta^l is x\n", encoding="utf-8")
    text = "```given\ndims n\ntensor x[n]\n```\n```notation\nnotation shared.notation\n```\n$$ \\delta^l = x $$\n"
    made.write_text(text + "```claim c\nread above\n```\n", encoding="utf-8")
    assert CliRunner().invoke(app, ["read", str(made)]).exit_code == 0
    assert CliRunner().invoke(app, ["verify", str(made)]).exit_code == 0


WRONG = [
    ("", "no display and no code"),
    ("$$ x $$", "without ="),
    ("$$ x = q $$", "`q` is not declared"),
    ("```python\nx\ny\n```", "2 lines of code"),
]


@pytest.mark.parametrize(("formula", "reason"), WRONG)
def test_a_wrong_read(formula: str, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("notes.md").write_text(f"```given\ndims n\ntensor x[n], y[n]\n```\n{formula}\n```claim c\nread above\n```\n")
    done = CliRunner().invoke(app, ["verify", "notes.md"])
    assert done.exit_code == 2
    assert reason in done.output


GIVEN = "```given\ndims n\ntensor x[n], y[n]\n```\n"
CLAIM = "\n```claim {}\n{}\n```\n"
SENTENCES = [  # what stands above, how it is asked for, what is read
    ("It is $x = y$, with $n$ entries.", "read above", "x == y"),
    ("First $x = y$,\nthen \\(y = x\\).", "read inline 2", "y == x"),
    ("The code `$x = y$` costs $5, and $2x = x + x$.", "read inline", "2 * x == x + x"),
    ("$$ x = y $$\n\nwhere $n = n$.", "read above", "x == y"),
    ("$$ x = y $$" + CLAIM.format("a", "read above") + "\nso that $y = x$:", "read inline", "y == x"),
    ("$$ x = y $$" + CLAIM.format("a", "read above") + "\nso that $y = x$:", "read display", "x == y"),
    ("It is $x \\in \\mathbb{R}^n$.", "read above", "shape(x) == (n,)"),
]


@pytest.mark.parametrize(("above", "command", "reading"), SENTENCES)
def test_a_formula_inside_a_sentence(above: str, command: str, reading: str) -> None:
    """The equation in the paragraph above is read; a display between is meant first."""
    document = Document.parse(GIVEN + above + CLAIM.format("c", command))
    assert document.claims[-1].text == reading
    assert document.claims[-1].source is not None
    assert document.claims[-1].source.kind == ("display" if "$$" in above and command != "read inline" else "inline")


def test_the_source_is_known_from_python(tmp_path: Path) -> None:
    """`Document.verify` says of each verdict what it was read from, and a claim that is written says nothing."""
    path = tmp_path / "notes.md"
    path.write_text(GIVEN + "$$ x = x $$" + CLAIM.format("a", "read above") + CLAIM.format("b", "x == x"))
    one, other = ApiDocument.read(path).verify()
    assert one.source == {"kind": "display", "line": 5, "text": "x = x"}
    assert other.source is None


UNCLEAR = [
    ("First $x = y$, then $y = x$.", "read above", "2 equations"),
    ("First $x = y$.", "read inline 2", "1 equations"),
    ("Nothing, $n$.", "read inline", "no equation"),
    ("First $x = y$.\n\nNothing.", "read above", "no display"),
    ("$$ x = y $$" + CLAIM.format("a", "read above") + "\nso that $y = x$:", "read above", "or `y = x` in line"),
]


@pytest.mark.parametrize(("above", "command", "reason"), UNCLEAR)
def test_which_formula_is_meant_is_never_guessed(above: str, command: str, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        Document.parse(GIVEN + above + CLAIM.format("c", command))


LARGE = {
    "one display": "$$ A = " + "A + " * 200_000 + "A $$",
    "no end": "$" + "a" * 900_000,
    "brackets of sentences": r"\(" * 400_000,
    "backticks": "".join("`" * count + " " for count in range(1300)),
    "equations": "$A=A$ " * 100_000,
    "braces": "$$ " + "{" * 9_000 + "A" + "}" * 9_000 + " = A $$",
    "fractions": "$$ " + r"\frac{1}{" * 900 + "A" + "}" * 900 + " = A $$",
    "norms": "$$ " + r"\|" * 9_000 + " = A $$",
    "maxima": "$$ " + r"\max_i " * 2_000 + "x_i = A $$",
    "sums": "$$ " + r"\sum_i x_i + " * 1_400 + "x = A $$",
    "cases": r"$$ A = \begin{cases} " + r"A & A > 0 \\ " * 900 + r"0 & \text{otherwise} \end{cases} $$",
    "columns": "$$ A " + "& A " * 2_900 + "= A $$",
    "entries": "$$ x" + "[i]" * 6_000 + " = A $$",
    "lines of code": "```python\n" + "x = 1\n" * 20_000 + "```",
    "colons": "```matlab\nA(" + "1:" * 9_000 + "1)\n```",
    "subscripts": "```python\nA" + "[0]" * 5_000 + "\n```",
}


@pytest.mark.parametrize("name", LARGE)
def test_large_and_deep_input_is_refused_quickly(name: str) -> None:
    """A claim that asks for it is refused in less than two seconds of computing, and so is a dry run over the file."""
    text = GIVEN + LARGE[name] + CLAIM.format("c", "read above")
    start = time.process_time()
    assert Document.parse_in_part(text).errors
    with contextlib.suppress(InputError):
        survey(text, "notes.md")
    assert time.process_time() - start < 4.0


def test_ten_megabytes_are_no_document(tmp_path: Path) -> None:
    path = tmp_path / "notes.md"
    path.write_text("$$ A = " + "A + " * 2_500_000 + "A $$")
    for command in ("read", "verify"):
        done = CliRunner().invoke(app, [command, str(path)])
        assert done.exit_code == 2
        assert "too large" in done.output


OUTSIDE = ["/etc/passwd", "../secret.notation", "missing.notation"]


@pytest.mark.parametrize("name", OUTSIDE)
def test_a_notation_file_stands_beside_the_document(name: str, tmp_path: Path) -> None:
    path = tmp_path / "notes.md"
    path.write_text(f"```notation\nnotation {name}\n```\n```claim c\n1 == 1\n```\n", encoding="utf-8")
    done = CliRunner().invoke(app, ["verify", str(path)])
    assert done.exit_code == 2
    assert "notation file" in done.output
    assert "root:" not in done.output
