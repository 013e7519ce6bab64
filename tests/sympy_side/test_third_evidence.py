"""Third evidence: for every shipped claim, SymPy's own entry-by-entry derivative at two small sizes.

Where a claim is to be proved its sides must agree; where it holds in a region, exactly inside of it; where
it is refuted, nowhere. Compared is the verdict that the document expects; that the judge gives this verdict
is another test.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import pytest

from derivations.crosscheck import generic_sizes
from derivations.entries.matrices import Unsupported, explicit_difference
from derivations.formulas.claims import Claim, Expectation
from derivations.formulas.integers import evaluate_condition
from derivations.language.document import Document

DOCUMENTS = sorted((Path(__file__).parents[2] / "derivations" / "documents").glob("*.md"))
# Claims about fixed large arrays (32×32 and the like) have nothing symbolic to expand at small sizes.
LARGEST = 400


@lru_cache(maxsize=8)
def claims(path: Path) -> list[Claim]:
    return list(Document.read(path).claims)


def is_small(claim: Claim) -> bool:
    numbers = [int(n) for link in claim.links for side in (link.left, link.right) for n in side.atoms() if n.is_Integer]
    return bool(claim.context.dims) or max([abs(n) for n in numbers], default=0) ** 2 <= LARGEST


def agrees(expectation: Expectation, vanishing: bool, sizes: dict[str, int]) -> bool | None:
    """Whether explicit entries bear an expectation out; None where it says nothing about single sizes."""
    if expectation.kind == "proved":
        return vanishing
    if expectation.kind == "refuted":
        return not vanishing
    if expectation.kind == "holds where" and expectation.region is not None:
        return vanishing == evaluate_condition(expectation.region, sizes)
    return None


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
@pytest.mark.parametrize("half", [0, 1])
def test_explicit_entries_agree_with_the_verdict(path: Path, half: int) -> None:
    """At two small sizes without coincidences, each link's explicit difference vanishes iff its verdict says
    so."""
    compared = 0
    for claim in claims(path)[half::2]:
        if not is_small(claim):
            continue
        for sizes in generic_sizes(claim.context, claim.conditions, 2, highest=3):
            for number, link in enumerate(claim.links, 1):
                try:
                    difference = explicit_difference(link, sizes, claim.hypotheses)
                except Unsupported:
                    continue
                found = agrees(claim.expectation(number), difference.vanishes, sizes)
                assert found is not False, f"{claim.id} link {number} {dict(claim.reading)} at {sizes}: {difference}"
                compared += found is True
    assert compared > 20


def test_a_wrong_expectation_is_noticed() -> None:
    """The second form of the first document's line, were it expected to be proved, does not vanish."""
    [claim] = [c for c in claims(DOCUMENTS[0]) if c.id == "S0-17b-conv"]
    sizes = {"N": 3, "m": 2}
    difference = explicit_difference(claim.links[0], sizes)
    assert agrees(claim.expectation(1), difference.vanishes, sizes) is True
    assert agrees(Expectation("proved"), difference.vanishes, sizes) is False
