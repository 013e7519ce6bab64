"""What a document says besides claims: remarks, claims that are not judged, where a formula was read. Plain records.

Law: nothing here needs a formula, so that a document whose claims are all known is answered without any.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Source:
    """The formula that a claim was read from: kind is display, inline (in a sentence), matlab or python; its line in
    the file; its text."""

    kind: str
    line: int
    text: str


@dataclass(frozen=True)
class Refused:
    """A claim that is not judged: its block has an error (`reason` empty, or the error's first line where judging met
    it), or it stands in or uses what has one, which `reason` says."""

    id: str
    document: str
    line: int
    reason: str = ""


@dataclass(frozen=True)
class Remark:
    """A statement that no formula settles, with the reason: counted and rendered, never judged. A misprint that leaves
    nothing to judge is one too, and is counted apart."""

    id: str
    document: str
    line: int
    text: str
    misprint: bool = False
