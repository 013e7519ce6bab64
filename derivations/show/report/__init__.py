"""The report: one LaTeX document, its PDF, an HTML page, and the table of verdicts, from documents and their
verdicts.

Law: pure functions of the documents and the verdict records; nothing is judged here. Each file is written
beside its place and renamed. A missing TeX or Pandoc costs that file only, and the message says how to get
it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from derivations.batch.run import Results

NAME = "gradproof-report"


def write(directory: Path, documents: Sequence[Any], results: Results) -> Iterator[str]:
    """Writes the report into a directory, which is made if need be; gives a message for each file.

    Raises OSError where the directory cannot be written.
    """
    from derivations.batch.cache import write_atomically
    from derivations.show.report.document import latex_document
    from derivations.show.report.table import markdown_table
    from derivations.show.report.typeset import typeset
    from derivations.show.report.web import write_page

    directory.mkdir(parents=True, exist_ok=True)
    title = "Derivations, judged"
    tex = directory / f"{NAME}.tex"
    write_atomically(tex, latex_document(documents, results, title))
    yield f"wrote {tex}"
    table = directory / f"{NAME}-table.md"
    write_atomically(table, markdown_table(results))
    yield f"wrote {table}"
    yield from typeset(tex)
    yield write_page(directory / f"{NAME}.html", documents, results, title)
