"""Verdicts come from the tool: what an author expects of a claim changes nothing but whether it is as expected."""

from __future__ import annotations

import ast
import os
import re
from dataclasses import replace
from pathlib import Path

import pytest

from derivations.batch.run import judge_claim
from derivations.formulas.claims import Claim, Expectation
from derivations.judgement.verdict import Verdict
from derivations.language.document import Document

ROOT = Path(__file__).resolve().parent.parent
FILES = sorted([*(ROOT / "derivations" / "documents").glob("*.md"), *(ROOT / "derivations" / "catalogue").glob("*.md")])
# Claims of each file that are judged twice; all of them take minutes: GRADPROOF_EVERY_CLAIM=1.
SAMPLE = 10_000 if os.environ.get("GRADPROOF_EVERY_CLAIM") else 4


def without_expectations(text: str) -> str:
    """A document without its expect lines, continuation lines included."""
    return re.sub(r"^expect\b.*\n(?:==.*\n)*", "", text, flags=re.MULTILINE)


def pairs(path: Path) -> list[tuple[Claim, Claim]]:
    """Each claim of a file, as it stands and without its expectations."""
    text = path.read_text(encoding="utf-8")
    claims = [Document.parse(source, path.name).claims for source in (text, without_expectations(text))]
    return list(zip(*claims, strict=True))


def what_it_says(verdict: Verdict) -> Verdict:
    """A verdict without its line, its time and what compares it with an expectation."""
    return replace(verdict, line=0, seconds=0.0, expected="", as_expected=True)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_without_expectations_the_claims_are_the_same(path: Path) -> None:
    """Removing every expect line of a file leaves the same claims, in every node of their formulas and contexts."""
    expected = 0
    for claim, stripped in pairs(path):
        expected += bool(claim.expectations)
        assert stripped.expectations == ()
        assert replace(claim, line=0, expectations=()) == replace(stripped, line=0), claim.id
    assert expected == len([claim for claim, _ in pairs(path) if claim.expectations]) > 0


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_without_expectations_the_verdicts_are_the_same(path: Path) -> None:
    """A sample of the claims with an expectation gets the same verdicts without it; one also under the opposite one."""
    with_one = [(claim, stripped) for claim, stripped in pairs(path) if claim.expectations]
    step = max(1, len(with_one) // SAMPLE)
    for claim, stripped in with_one[step // 2 :: step]:
        found = [what_it_says(verdict) for verdict in judge_claim(claim)]
        assert found == [what_it_says(verdict) for verdict in judge_claim(stripped)], claim.id
    is_proved = found[0].verdict == "proved"
    contrary = judge_claim(replace(claim, expectations=(Expectation("refuted" if is_proved else "proved"),)))
    assert found == [what_it_says(verdict) for verdict in contrary], claim.id
    assert not all(verdict.as_expected for verdict in contrary), claim.id


def test_only_the_end_looks_at_expectations() -> None:
    """Outside the reader and the printer, expectations are read by the comparison at the end and by nothing else."""
    readers = set()
    for path in (ROOT / "derivations").rglob("*.py"):
        if path.parent.name == "language" or path.name == "text.py":  # the reader, the printer
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        names = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        if names & {"expectation", "expectations", "as_expected"}:
            readers.add(path.relative_to(ROOT / "derivations").as_posix())
    assert readers <= {
        "formulas/claims.py", "judgement/judge.py", "batch/workers.py", "judgement/results.py", "show/lines.py",
        "show/report/document.py", "show/report/statements.py", "pytest_plugin.py", "commands/shown.py",
        "show/formats/github.py", "show/formats/junit.py", "show/formats/sarif.py", "editing/findings.py",
        "campaigns/campaign.py", "serving/answering.py", "show/notebook.py",
    }, readers  # fmt: skip
