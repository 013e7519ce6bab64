"""Executes the notebooks: each `notebooks/*.py` (jupytext, py:percent) becomes the `.ipynb` of its name, with results.

The same input gives the same file: cells are numbered, no times are recorded.

    python tools/execute_notebooks.py
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import jupytext
import nbformat
from nbclient import NotebookClient

NOTEBOOKS = Path(__file__).resolve().parent.parent / "notebooks"
SECONDS = 600  # for one cell on a machine that does other work too; the slowest takes a few


def execute(source: Path) -> Any:
    """The executed notebook of a py:percent file; raises CellExecutionError where a cell fails."""
    notebook = jupytext.read(source)
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{number}"
    client = NotebookClient(
        notebook, timeout=SECONDS, record_timing=False, resources={"metadata": {"path": str(source.parent)}}
    )
    client.execute()
    for cell in notebook.cells:
        cell.get("metadata", {}).pop("execution", None)
    return notebook


def main() -> int:
    """Executes all of them and says so."""
    for source in sorted(NOTEBOOKS.glob("*.py")):
        target = source.with_suffix(".ipynb")
        nbformat.write(execute(source), target)
        print(f"wrote {target}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
