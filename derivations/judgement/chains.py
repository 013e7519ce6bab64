"""The first wrong step of a chain `A == B == C`: the link at which its author went astray.

Law: every link has been judged by itself; this only says which of them comes first.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from derivations.judgement.verdict import Verdict


def first_wrong(verdicts: Iterable[Verdict]) -> list[Verdict]:
    """Of each chain under each reading the first link that is false, where one is; equations alone are no chains."""
    links: dict[Any, list[Verdict]] = {}
    for verdict in verdicts:
        links.setdefault((verdict.document, verdict.id, tuple(verdict.reading.items())), []).append(verdict)
    chains = [sorted(each, key=lambda verdict: verdict.link) for each in links.values() if len(each) > 1]
    found = (next((v for v in chain if v.verdict not in ("proved", "undecided")), None) for chain in chains)
    return [verdict for verdict in found if verdict is not None]
