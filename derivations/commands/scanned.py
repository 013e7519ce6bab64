"""A run as a SARIF log, with the edits that mend: the nearest true formula in the place of a false one, the word that
was meant."""

from __future__ import annotations

from typing import Any

from derivations.commands.shown import AtTheEnd
from derivations.editing.findings import Edit, mending
from derivations.judgement.results import Judged
from derivations.show.formats.sarif import fix, to_sarif


class Scanned(AtTheEnd):
    """Writes the log when the run is over."""

    def __init__(self) -> None:
        super().__init__(lambda results, seconds: to_sarif(results, seconds, self._fixes))
        self._fixes: dict[str, list[dict[str, Any]]] = {}

    def show(self, found: Judged) -> None:
        for about, edits in mending(found):
            self._fixes[about] = [_fix(found.block.document, edit) for edit in edits]


def _fix(document: str, edit: Edit) -> dict[str, Any]:
    span = edit.span
    region = {"startLine": span.line, "startColumn": span.column + 1}
    region |= {"endLine": span.last_line, "endColumn": span.last_column + 1}
    return fix(edit.title, document, region, edit.text)
