"""A recheck confirms what is so, contradicts what is not, and names what it could not: from files alone."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from recheck.enumerate import small
from recheck.manifest import ManifestError, digest
from recheck.run import CONFIRMED, CONTRADICTED, OPEN, WRONG, recheck
from recheck.script import ScriptError, read
from recheck.solvers import present

HEAD = "; a comment\n(set-logic QF_NIA)\n(set-info :status unsat)\n"
TRUE = HEAD + "(declare-const n Int)\n(assert (>= n 1))\n(assert (<= (* n n) 0))\n(check-sat)\n"
FALSE = HEAD + "(declare-const n Int)\n(assert (>= n 3))\n(assert (= (* n n) 16))\n(check-sat)\n"
AFFINE = HEAD + "(declare-const n Int)\n(assert (>= n 1))\n(assert (not (>= (+ n (- 1)) 0)))\n(check-sat)\n"


def _directory(path: Path, verdicts: dict[str, Sequence[str]]) -> Path:
    entries = []
    for name, texts in verdicts.items():
        files = []
        for number, text in enumerate(texts):
            file = path / name / f"{number}.smt2"
            file.parent.mkdir(exist_ok=True)
            file.write_text(text, encoding="utf-8")
            files.append(f"{name}/{number}.smt2")
        entries.append({"document": "d.md", "id": name, "link": 1, "reading": {}, "verdict": "proved",
                        "statement": "a == b", "questions": files})  # fmt: skip
    whole = {"schema": 1, "digest": digest(path, entries), "verdicts": entries}
    (path / "manifest.json").write_text(json.dumps(whole), encoding="utf-8")
    return path


def test_what_is_so_is_confirmed(tmp_path: Path) -> None:
    """By every solver that can, and no small numbers satisfy it."""
    report = recheck(_directory(tmp_path, {"one": [TRUE, AFFINE]}))
    assert report.status == CONFIRMED
    assert report.findings["one/0.smt2"].by == ("z3", "cvc5")
    assert report.findings["one/1.smt2"].by == ("z3", "cvc5", "isl")
    assert all(finding.tried and finding.tried.largest > 3 for finding in report.findings.values())


def test_what_is_not_so_is_contradicted(tmp_path: Path) -> None:
    """Even by small numbers alone; the verdict is named with the numbers."""
    directory = _directory(tmp_path, {"good": [TRUE], "bad": [TRUE, FALSE]})
    report = recheck(directory, solvers={})
    assert report.status == CONTRADICTED
    assert "satisfied by n = 4" in "\n".join(report.lines())
    assert recheck(directory).status == CONTRADICTED
    assert [entry.id for entry in recheck(directory).unconfirmed] == ["bad"]


def test_what_could_not_be_is_named(tmp_path: Path) -> None:
    """A question that no solver settles leaves its verdict open, and only this one."""
    solver = {"cautious": lambda script: "unsat" if script.text == read(TRUE).text else "unknown"}
    report = recheck(_directory(tmp_path, {"good": [TRUE], "hard": [TRUE, AFFINE]}), solver)
    assert report.status == OPEN
    assert [entry.id for entry in report.unconfirmed] == ["hard"]
    assert "hard/1.smt2: cautious says unknown" in "\n".join(report.lines())


def test_without_solvers_nothing_is_confirmed(tmp_path: Path) -> None:
    """That small numbers do not satisfy a question confirms nothing."""
    assert recheck(_directory(tmp_path, {"one": [TRUE]}), solvers={}).status == OPEN


def test_a_solver_that_lies_is_contradicted_by_small_numbers(tmp_path: Path) -> None:
    """`unsat` of what n = 4 satisfies is not believed."""
    report = recheck(_directory(tmp_path, {"bad": [FALSE]}), solvers={"liar": lambda script: "unsat"})
    assert report.status == CONTRADICTED


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("(check-sat", 1, "not closed"),
        (")", 1, "not open"),
        ("(declare-const n Int)\n(assert (>= m 0))(check-sat)", 2, "m is not declared"),
        ("(declare-const n Int)\n(declare-const n Int)(check-sat)", 2, "declared twice"),
        ("(assert (forall ((n Int)) (>= n 0)))(check-sat)", 1, "no condition"),
        ("(assert (>= (div 4 2) 0))(check-sat)", 1, "no integer"),
        ("(push)(check-sat)", 1, "not among those"),
        ("(declare-fun n () Int)(check-sat)", 1, "not among those"),
        ("(declare-const n Int)", 1, "missing"),
        ("(check-sat)(assert false)", 1, "nothing follows"),
        ("n", 1, "a command"),
        *[
            (f"(declare-const {name} Int)(check-sat)", 1, "no name of its own")
            for name in ("true", "|true|", "let", "and", "ite", "+", "-1", "1.5", ":a", '"a"', "|a\\\\b|")
        ],
        ("(declare-const x Int)\n(declare-const |x| Int)(check-sat)", 2, "no name of its own"),
        (f"(declare-const n Int)(assert (= n {'9' * 5000}))(check-sat)", 1, "not declared"),
        ("(" * 500, 1, "nested"),
        ("(assert |n|x|)", 1, ""),
    ],
)
def test_other_files_are_errors_with_their_line(text: str, line: int, what: str) -> None:
    """Nothing is skipped that is not understood."""
    with pytest.raises(ScriptError) as caught:
        read(text)
    assert str(caught.value).startswith(f"line {line}: ")
    assert what in str(caught.value)


def test_a_manifest_that_lies(tmp_path: Path) -> None:
    """Missing files, files elsewhere and other records are wrong input."""
    directory = _directory(tmp_path, {"one": [TRUE]})
    (directory / "one" / "0.smt2").unlink()
    assert recheck(directory).status == WRONG
    manifest = directory / "manifest.json"
    for text in ("", "[]", '{"schema": 2, "verdicts": []}', '{"schema": 1, "verdicts": [{}]}',
                 manifest.read_text().replace("proved", "undecided"),
                 manifest.read_text().replace("one/0.smt2", "../0.smt2")):  # fmt: skip
        manifest.write_text(text)
        with pytest.raises(ManifestError):
            recheck(directory)
    manifest.unlink()
    with pytest.raises(ManifestError, match="obligations"):
        recheck(directory)


@pytest.mark.parametrize(
    "change", ["a question dropped", "all questions dropped", "a verdict dropped", "a file exchanged", "another word"]
)
def test_what_was_touched_is_not_confirmed(tmp_path: Path, change: str) -> None:
    """A directory that lost a question, or has another in its place, is not one that confirms its verdicts."""
    directory = _directory(tmp_path, {"one": [TRUE, AFFINE], "two": [TRUE]})
    assert recheck(directory).status == CONFIRMED
    manifest = directory / "manifest.json"
    record = json.loads(manifest.read_text(encoding="utf-8"))
    if change == "a question dropped":
        record["verdicts"][0]["questions"].pop()
    elif change == "all questions dropped":
        record["verdicts"][0]["questions"].clear()
    elif change == "a verdict dropped":
        record["verdicts"].pop()
    elif change == "a file exchanged":
        (directory / "one" / "1.smt2").write_text(TRUE, encoding="utf-8")
    else:
        record["verdicts"][0]["verdict"] = "refuted"
    manifest.write_text(json.dumps(record), encoding="utf-8")
    report = recheck(directory)
    assert report.status == WRONG
    assert "not those that were written" in "\n".join(report.lines())


def test_trying_looks_everywhere() -> None:
    """Of a question with one solution, small numbers find it, quotients and unbounded unknowns included."""
    text = (
        "(declare-const h Int)(declare-const n Int)(declare-const i Int)(declare-const q Int)"
        "(assert (>= h 1))(assert (>= n 2))(assert (<= (* n q) h))(assert (<= h (+ (* n q) n (- 1))))"
        "(assert (= (+ i (* 2 q)) (- 1)))(assert (= h 5))(assert (= n 3))(assert (or (< i (- 2)) (= n 2)))(check-sat)"
    )
    assert small(read(text)).found == {"h": 5, "n": 3, "i": -3, "q": 1}


def test_on_its_own(tmp_path: Path) -> None:
    """`python -m recheck DIR` prints the figures and exits with the status."""
    _directory(tmp_path, {"one": [AFFINE]})
    done = subprocess.run([sys.executable, "-m", "recheck", str(tmp_path)], capture_output=True, text=True, check=False)
    assert done.returncode == CONFIRMED
    assert "1 of 1 verdicts confirmed from 1 questions" in done.stdout
    assert set(present()) == {"z3", "cvc5", "isl"}
