"""The claim files: all of them are read, quickly, and print as text that reads back as the same claims."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest

from derivations.formulas.claims import Claim
from derivations.formulas.text import claim_to_text, context_to_text
from derivations.language.document import Document, parse_claim, parse_context

ROOT = Path(__file__).resolve().parents[2]
OWN = sorted([*ROOT.glob("derivations/documents/*.md"), *ROOT.glob("derivations/catalogue/*.md")])
SHARED = sorted((ROOT / ".." / "shared" / "acceptance").glob("*.md"))
FILES = [*OWN, *SHARED]


def said(claim: Claim) -> object:
    """What a claim says, without its place, its text and the formulas of which it uses a size only."""
    return (
        [(link.left, link.right, link.free) for link in claim.links],
        claim.conditions,
        [(part.left, part.right) for part in claim.hypotheses],
        [(part.kind, part.region, part.link) for part in claim.expectations],
    )


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_claims_survive_printing_and_parsing(path: Path) -> None:
    """Every claim of every file says the same after printing it 0-based and reading it again."""
    for claim in Document.read(path).claims:
        again = parse_claim(claim_to_text(claim), replace(claim.context, origin=0), claim.reading)
        assert said(again) == said(claim), f"{path.name}:{claim.line}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_contexts_survive_printing_and_parsing(path: Path) -> None:
    """Every context of every file is the same after printing it 0-based and reading it again."""
    for contexts in Document.read(path).contexts:
        for _, context in contexts:
            [(_, again)] = parse_context(context_to_text(context))
            assert again.dims == context.dims
            assert dict(again.names) == dict(context.names)
            assert again.functions == context.functions
            assert dict(again.abbreviations) == dict(context.abbreviations)
            assert [part.about for part in again.assumptions] == [part.about for part in context.assumptions]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_names_of_claims_differ_and_lines_point_at_them(path: Path) -> None:
    """Each block has a name of its own, and a claim's line is the line of its equation."""
    document = Document.read(path)
    names = [block.id for block in document.blocks if block.kind in ("claim", "remark")]
    assert len(names) == len(set(names))
    lines = path.read_text(encoding="utf-8").split("\n")
    for claim in document.claims:
        assert "".join(claim.text.split()).startswith("".join(lines[claim.line - 1].split("#")[0].split()))


@pytest.mark.skipif(not SHARED, reason="the acceptance files are not beside the project")
def test_reading_is_quick() -> None:
    """All acceptance files are read in half a second once the parser is built (best of three)."""
    times = []
    for _ in range(3):
        start = time.perf_counter()
        for path in SHARED:
            Document.read(path)
        times.append(time.perf_counter() - start)
    assert min(times) < 0.5


def test_there_are_files_to_read() -> None:
    """The documents that ship with the project are found."""
    assert len(OWN) >= 4
