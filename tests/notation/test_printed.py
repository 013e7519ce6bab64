"""The law of the page: what gradproof prints as LaTeX is read back as the claim that it was printed from.

The names of the context are said in notation lines, as on the page: `z_{2}` is z2 there and no entry of z.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from acceptance import source
from sameness import same

from derivations.formulas.claims import Claim
from derivations.formulas.names import name_to_latex
from derivations.language.claim import Lines, claim_in
from derivations.language.document import Document
from derivations.language.scope import Scope
from derivations.language.source import lines_of, statements
from derivations.language.types import ScopeTypes
from derivations.notation.profile import profile_of
from derivations.notation.reading import read_latex
from derivations.typeset.formulas import to_latex

ROOT = Path(__file__).resolve().parents[2] / "derivations"
FILES = sorted([*ROOT.glob("documents/*.md"), *ROOT.glob("catalogue/*.md"), *ROOT.glob("cookbook/*.md")])
MEANT = [r"X \otimes Y is kron(X, Y)", "X^T is X.T"]


def read_back(claim: Claim) -> Claim:
    """The claim that the page shows."""
    latex = to_latex(claim)
    scope = Scope.of(claim.context, claim.reading)
    types = ScopeTypes(scope)
    lines = [*MEANT, *(f"{name_to_latex(name)} is {name}" for name in types.names())]
    profile = profile_of(statements(lines_of("\n".join(lines)), "notation"))
    reading = read_latex(source(latex), 0, len(latex), profile, types)
    equation = statements(lines_of(reading.text), "reading")[0]
    return claim_in(scope, Lines(equation), "page", "", claim.reading)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_claim_is_read_back(path: Path) -> None:
    """Every claim of the documents, the catalogue and the cookbook, in the reading that it was written in."""
    seen: set[str] = set()
    for claim in Document.read(path).claims:
        if (latex := to_latex(claim)) in seen:
            continue
        seen.add(latex)
        assert same(read_back(claim), claim), (claim.id, latex)
    assert seen
