"""The examples of the page: layers of the cookbook, each with its context and a claim about it.

Law: their text is the cookbook's own, whose verdicts are tested; nothing is written twice.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

COOKBOOK = Path(__file__).parent.parent / "cookbook"
_TITLE = re.compile(r"^#\s+(?P<title>.+)$", re.MULTILINE)
_BLOCK = re.compile(r"^```(?P<kind>given|claim\s+\S+)[ \t]*\n(?P<text>.*?)^```[ \t]*$", re.MULTILINE | re.DOTALL)
_EXPECTED = re.compile(r"^expect\b.*\n?", re.MULTILINE)


def examples() -> list[dict[str, Any]]:
    """Title, context and claims of each layer; a claim that is false on purpose comes with the others."""
    return [found for path in sorted(COOKBOOK.glob("*.md")) if (found := example(path.read_text("utf-8"))) is not None]


def example(text: str) -> dict[str, Any] | None:
    """The first context of a claim file with its claims.

    >>> example("# Sums\\n\\n```given\\ndims n\\n```\\n\\n```claim one\\nn == n\\n```\\n")["claims"]
    [{'name': 'one', 'claim': 'n == n'}]
    """
    title, context = _TITLE.search(text), ""
    claims: list[dict[str, str]] = []
    for block in _BLOCK.finditer(text):
        if block["kind"] == "given":
            if context:
                break
            context = block["text"].strip()
        elif context:
            name = block["kind"].split()[1]
            claims.append({"name": name, "claim": _EXPECTED.sub("", block["text"]).strip()})
    return {"title": title["title"].strip(), "context": context, "claims": claims} if title and claims else None
