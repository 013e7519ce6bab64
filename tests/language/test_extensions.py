"""The page on what goes beyond the contract says what happens."""

from __future__ import annotations

import doctest
import json
import re
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from derivations.cli import app

PAGE = Path(__file__).resolve().parents[2] / "docs" / "extensions.md"
EXAMPLE = re.compile(r"^### (.*?)$.*?^````markdown\n(.*?)^````\n\n^```json\n(.*?)^```$", re.DOTALL | re.MULTILINE)
EXAMPLES = EXAMPLE.findall(PAGE.read_text(encoding="utf-8"))
GOOD = "```given\ndims n\ntensor x[n]\n```\n\n```claim good\nx == x\n```\n"


def holds(shown: Any, found: Any) -> bool:
    """Whether an answer has everything that is shown; objects may have more keys, lists no more items."""
    if isinstance(shown, dict):
        return isinstance(found, dict) and all(key in found and holds(shown[key], found[key]) for key in shown)
    if isinstance(shown, list):
        same = isinstance(found, list) and len(found) == len(shown)
        return same and all(map(holds, shown, found))
    return bool(shown == found and type(shown) is type(found))


def test_every_section_has_its_example() -> None:
    """Each document of the page stands in a section of its own, with its answer; no section is without one."""
    text = PAGE.read_text(encoding="utf-8")
    assert len(EXAMPLES) == text.count("\n### ") == text.count("\n````markdown") == text.count("\n```json") >= 8


@pytest.mark.parametrize(("source", "answer"), [each[1:] for each in EXAMPLES], ids=[each[0] for each in EXAMPLES])
def test_documents_are_answered_as_shown(
    source: str, answer: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`gradproof verify --json` answers each document with what the page shows, and every verdict is as expected."""
    monkeypatch.chdir(tmp_path)
    Path("notes.md").write_text(source, encoding="utf-8")
    shown = json.loads(answer)
    files = ["notes.md"]
    if "errors" in shown:  # other documents are judged all the same
        Path("good.md").write_text(GOOD, encoding="utf-8")
        files.insert(0, "good.md")
    done = CliRunner().invoke(app, ["verify", "--json", "--no-cache", *files])
    found = json.loads(done.stdout)
    assert holds(shown, found), json.dumps(found, indent=1)
    assert done.exit_code == found["summary"]["status"] == (2 if "errors" in shown else 0)


def test_files_that_cannot_be_read_print_no_json(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the page says of errors."""
    monkeypatch.chdir(tmp_path)
    Path("notes.md").write_bytes(b"\xff")
    done = CliRunner().invoke(app, ["verify", "--json", "--no-cache", "notes.md"])
    assert (done.exit_code, done.stdout) == (2, "")


def test_the_python_examples() -> None:
    """Every Python example of the page gives what it shows."""
    result = doctest.testfile(str(PAGE), module_relative=False)
    assert result.attempted >= 8
    assert result.failed == 0


def test_an_answer_that_differs_is_noticed() -> None:
    """The comparison is no formality: another value, a missing key, a longer list and another kind of number fail."""
    found = {"claims": [{"verdict": "proved", "link": 1}], "status": 0}
    assert holds({"claims": [{"link": 1}]}, found)
    others: list[Any] = [{"claims": [{"link": 2}]}, {"claims": []}, {"errors": []}, {"status": False}]
    assert not [other for other in others if holds(other, found)]
