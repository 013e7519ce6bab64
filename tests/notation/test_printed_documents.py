"""The four documents read as they are printed: each reading agrees by proof with the translation by hand.

The files `examples/notes/s?-as-printed.md` hold the documents' own displays, sentences and lines of code. Below a claim
that reads one stands `By hand: ...`, the text of the claim of that name in the shipped document.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from derivations.batch.run import shipped_documents
from derivations.formulas.claims import Claim, Link
from derivations.judgement.judge import judge
from derivations.language.document import Document
from derivations.show.report.table import statement_of

ROOT = Path(__file__).resolve().parents[2]
PRINTED = sorted((ROOT / "examples" / "notes").glob("s?-as-printed.md"))
BY_HAND = re.compile(r"^```claim (?P<id>\S+)\n.*?^```\n\nBy hand: `(?P<text>[^`]*)`$", re.MULTILINE | re.DOTALL)


def hand_translations(path: Path) -> dict[str, str]:
    """The claims of one file that a translation stands below, with it."""
    found = {}
    for part in path.read_text(encoding="utf-8").split("\n```claim ")[1:]:
        match = BY_HAND.match(f"```claim {part}")
        if match is not None:
            found[match["id"]] = match["text"]
    return found


@cache
def claims(path: Path) -> dict[str, list[Claim]]:
    """The claims of a file by their names."""
    found: dict[str, list[Claim]] = {}
    for claim in Document.read(path).claims:
        found.setdefault(claim.id, []).append(claim)
    return found


CASES = [(path, name, text) for path in PRINTED for name, text in hand_translations(path).items()]
SHIPPED = {path.name[:2]: path for path in shipped_documents()}


@pytest.mark.parametrize(("path", "name", "text"), CASES, ids=[name for _, name, _ in CASES])
def test_the_reading_and_the_translation_agree(path: Path, name: str, text: str) -> None:
    """Both first sides are equal, and both last ones, for all sizes, under each reading of the document."""
    read, hand = claims(path)[name], claims(SHIPPED[path.name[:2]])[name]
    assert {claim.text for claim in hand} == {text}
    assert {tuple(sorted(claim.reading.items())) for claim in read} <= {
        tuple(sorted(claim.reading.items())) for claim in hand
    }
    for claim in read:
        assert claim.source is not None
        (other,) = [each for each in hand if each.reading == claim.reading]
        for one, two in ((claim.links[0].left, other.links[0].left), (claim.links[-1].right, other.links[-1].right)):
            if one == two:
                continue
            link = Link(one, two, claim.links[0].free, "both")
            both = replace(claim, links=(link,), expectations=(), conditions=other.conditions)
            (verdict,) = judge(both, numeric=False)
            assert verdict.verdict == "proved", (one, two)


def test_the_readme_says_how_many() -> None:
    """The table's number for each document is that of the statements above."""
    part = (ROOT / "README.md").read_text(encoding="utf-8").split("<!-- read:")[1].split("<!-- end -->")[0]
    rows = dict(re.findall(r"^\| (s\d)\S* \| \d+ \| (\d+) \|", part, re.MULTILINE))
    for path in PRINTED:
        assert int(rows[path.name[:2]]) == len(set(map(statement_of, hand_translations(path))))


def test_every_other_statement_has_its_reason() -> None:
    """The page on notation lists each statement that is not read once, under a reason, with the right counts."""
    page = (ROOT / "docs" / "notation.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| [^|]+ \| (\d+) \| (S\d-[^|]+) \|$", page, re.MULTILINE)
    listed = [name for _, names in rows for name in names.split(", ")]
    read = {statement_of(name) for path in PRINTED for name in hand_translations(path)}
    blocks = [block for path in SHIPPED.values() for block in Document.read(path).blocks]
    statements = {statement_of(block.id) for block in blocks if block.id}
    assert [int(count) for count, _ in rows] == [len(names.split(", ")) for _, names in rows]
    assert sorted(listed) == sorted(statements - read)
    assert f"Of the {len(statements)} statements of the four documents {len(read)} are read" in page
