"""The report: one LaTeX document, its PDF, an HTML page, and the table of verdicts, from documents and their
verdicts.

Law: pure functions of the documents and the verdict records; nothing is judged here. Each file is written
beside its place and renamed. A missing TeX or Pandoc costs that file only, and the message says how to get
it; where one is there and its file is not made, or is not whole, the report has failed and says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from derivations.judgement.results import Results
from derivations.show.files import write_atomically
from derivations.show.report.document import report_tree
from derivations.show.report.message import Message
from derivations.show.report.page import formula_of_line, latex_of, snippets_of
from derivations.show.report.table import markdown_table
from derivations.show.report.typeset import HOW_TO_GET, typeset
from derivations.show.report.typst import write_typst
from derivations.show.report.web import write_page

NAME = "gradproof-report"
ROUNDS = 3  # of typesetting, after each of which the formulas that TeX refuses stand as text


def write(
    directory: Path, documents: Sequence[Any], results: Results, snippets: Path | None = None, engine: str = "xelatex"
) -> Iterator[Message]:
    """Writes the report into a directory, which is made if need be; gives a message for each file. snippets: a
    directory for each claim as LaTeX of its own. engine: who makes the PDF, xelatex or typst.

    Raises OSError where the directory cannot be written, InputErrors where a document cites what is not there.
    """
    report = report_tree(documents, results)
    directory.mkdir(parents=True, exist_ok=True)
    for problem in dict.fromkeys(report.problems):
        yield Message(problem, is_problem=True)
    table = directory / f"{NAME}-table.md"
    write_atomically(table, markdown_table(results))
    yield Message(f"wrote {table}")
    if snippets is not None:
        snippets.mkdir(parents=True, exist_ok=True)
        found = snippets_of(report)
        for name, text in found.items():
            write_atomically(snippets / name, text)
        yield Message(f"wrote {len(found) - 1} claims to {snippets}; read gradproof-preamble.tex in your preamble")
    with ThreadPoolExecutor(1) as beside:  # TeX is a program of its own: the page is made while it works
        page = beside.submit(lambda: list(write_page(directory / f"{NAME}.html", report)))
        pdf = list(write_typst(directory, NAME, report) if engine == "typst" else _write_pdf(directory, report))
        yield from page.result()
    yield from pdf


def _write_pdf(directory: Path, report: Any) -> Iterator[Message]:
    import shutil

    target, spoilt = directory / f"{NAME}.pdf", frozenset[int]()
    for _ in range(ROUNDS):
        tex, pictures, page = latex_of(report, spoilt)
        found = typeset(tex, target, pictures)
        numbers = (formula_of_line(tex, line) for line in found.error_lines)
        refused = {number for number in numbers if number is not None} - spoilt
        if not refused:
            break
        for number in sorted(refused):
            formula = page.formulas[number]
            text = f"{formula.place}: TeX refuses {formula.source.strip()[:80]}; shown as text"
            yield Message(text, is_problem=True)
        spoilt |= refused
    write_atomically(directory / f"{NAME}.tex", tex)
    for name, file in pictures.items():
        shutil.copyfile(file, directory / name)
    yield Message(f"wrote {directory / f'{NAME}.tex'}")
    if found.missing:
        yield Message(HOW_TO_GET)
        return
    for problem in dict.fromkeys([*page.problems, *found.problems]):
        yield Message(f"{NAME}.pdf: {problem}", is_problem=True, failed=True)
    if found.written:
        yield Message(f"wrote {target}")
    else:
        yield Message(f"{NAME}.tex: no PDF was made", is_problem=True, failed=True)
