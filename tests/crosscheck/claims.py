"""Claims for tests, written in the language itself."""

from __future__ import annotations

from derivations.crosscheck import evidence
from derivations.formulas.claims import Claim, Link
from derivations.judgement.verdict import Evidence, Witness
from derivations.language.document import Document

CONVOLUTION = """
dims H, W, m, n where m <= H, n <= W
tensor a[H, W], w[m, n]
scalar b
z = conv(a, w, valid) + b
loss J(z)
delta = grad(J, z)
"""


def claim(given: str, text: str) -> Claim:
    """The one claim of a document with one context and one claim block."""
    document = Document.parse(f"```given\n{given.strip()}\n```\n\n```claim it\n{text}\n```\n", "test.md")
    (found,) = document.claims
    return found


def link(given: str, text: str) -> tuple[Claim, Link]:
    """A claim of one link, and that link."""
    found = claim(given, text)
    assert len(found.links) == 1
    return found, found.links[0]


def judged(given: str, text: str) -> tuple[Evidence, Witness | None]:
    """The numeric evidence on a claim of one link."""
    return evidence(*link(given, text))


def agrees(given: str, text: str) -> Evidence:
    """The evidence on a claim that must agree at every size tried, of which there must be some."""
    found, witness = judged(given, text)
    assert witness is None, witness
    assert found.shapes > 0, found.note
    assert found.agreed == found.shapes, found
    return found


def fails(given: str, text: str) -> Witness:
    """The witness against a claim that must fail."""
    _, witness = judged(given, text)
    assert witness is not None
    return witness
