"""The project's papers: what the README shows exists, and its table is about the documents that ship."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from derivations.batch.run import shipped_documents
from derivations.language.document import Document
from derivations.show.report.table import statement_of

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def table() -> list[list[str]]:
    """The rows of the README's table of documents, without head and total."""
    part = README.split("<!-- table:")[1].split("<!-- end -->")[0]
    lines = [line for line in part.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[1:-1]]


def test_the_table_is_about_the_documents() -> None:
    """Each document has its row with its number of claims, verdicts, misprints and remarks; its verdicts add up."""
    found = {row[0]: list(map(int, row[1:])) for row in table()}
    assert set(found) == {path.name for path in shipped_documents()}
    for path in shipped_documents():
        document = Document.read(path)
        statements, claims, verdicts, *words, misprints, remarks = found[path.name]
        marked = {claim.id for claim in document.claims if claim.misprint}
        assert claims == len({claim.id for claim in document.claims}), path.name
        assert verdicts == sum(len(claim.links) for claim in document.claims) == sum(words), path.name
        assert remarks == len([remark for remark in document.remarks if not remark.misprint]), path.name
        assert misprints == len(marked) + len([remark for remark in document.remarks if remark.misprint]), path.name
        names = [block.id for block in document.blocks if block.id]
        assert statements == len(set(map(statement_of, names))), path.name


def test_the_readmes_document_is_read() -> None:
    """The document that the README shows is one: two claims, one of them with a region."""
    source = README.split("````markdown\n")[1].split("````")[0]
    assert [claim.id for claim in Document.parse(source).claims] == ["grad-w", "grad-w-without-rotation"]


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\(([^)#:]+)\)", README))))
def test_links_lead_somewhere(link: str) -> None:
    """Every file that the README links to is there."""
    assert (ROOT / link).exists()


def test_the_trusted_lines_are_counted() -> None:
    """The README says how many lines must be right for *proved*, to a hundred as the tool counts them."""
    counted = subprocess.run(
        [sys.executable, ROOT / "tools" / "trusted_lines.py"], capture_output=True, text=True, check=True
    ).stdout
    said, found = (re.search(pattern, text) for pattern, text in (
        (r"about ([\d,]+) lines of code", README), (r"^([\d,]+) lines in", counted),
    ))  # fmt: skip
    assert said
    assert found
    assert abs(int(said[1].replace(",", "")) - int(found[1].replace(",", ""))) <= 100


def test_the_makefile_has_the_commands() -> None:
    """Every `make` command that README and CONTRIBUTING name is a target."""
    text = README + (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert {"verify", "test", "lint", "bench", "report", "notebooks"} <= targets
    assert set(re.findall(r"`?make (\w+)`?(?:\s{2,}|`)", text)) <= targets


def test_requirements_are_pinned_or_bounded() -> None:
    """Every dependency names its version; the trusted libraries are pinned exactly."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert {name.split("==")[0] for name in project["dependencies"] if "==" in name} >= {"sympy", "islpy", "z3-solver"}


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="not a clone")
def test_nothing_generated_is_in_the_repository() -> None:
    """No environment, cache or report is committed."""
    try:
        done = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("git is not available")
    bad = re.compile(
        r"(^|/)(\.venv|__pycache__|\.hypothesis|\.mypy_cache|\.ruff_cache|\.pytest_cache)/|\.egg-info/|\.pyc$"
    )
    assert not [name for name in done.stdout.splitlines() if bad.search(name)]
