"""The notebooks: both forms are in the repository, agree, and run."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

jupytext = pytest.importorskip("jupytext")
nbformat = pytest.importorskip("nbformat")
pytest.importorskip("nbclient")
pytest.importorskip("ipykernel")

ROOT = Path(__file__).resolve().parent.parent
SOURCES = sorted((ROOT / "notebooks").glob("*.py"))


def tool() -> Any:
    """tools/execute_notebooks.py as a module."""
    spec = importlib.util.spec_from_file_location("execute_notebooks", ROOT / "tools" / "execute_notebooks.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def cells(notebook: Any) -> list[tuple[str, str]]:
    return [(cell.cell_type, cell.source) for cell in notebook.cells]


def test_each_notebook_has_both_forms() -> None:
    """Every script has a notebook of its name, and the other way round."""
    notebooks = {path.stem for path in (ROOT / "notebooks").glob("*.ipynb")}
    assert notebooks == {path.stem for path in SOURCES} != set()


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_both_forms_agree(source: Path) -> None:
    """The notebook has the script's cells, and every code cell has been executed without an error."""
    notebook = nbformat.read(source.with_suffix(".ipynb"), as_version=4)
    assert cells(notebook) == cells(jupytext.read(source))
    for cell in notebook.cells:
        if cell.cell_type == "code":
            assert cell.execution_count is not None
            assert not [output for output in cell.outputs if output.output_type == "error"]


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_each_notebook_has_two_exercises_with_hidden_solutions(source: Path) -> None:
    """Below *Exercises* stand two, each with a solution that is folded."""
    text = source.read_text(encoding="utf-8").partition("## Exercises")[2]
    assert text.count("<details><summary>Solution</summary>") == text.count("</details>") == 2


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_the_notebooks_run(source: Path) -> None:
    """Each notebook runs from top to bottom; its own assertions hold; its words and formulas come out as stored."""
    fresh = tool().execute(source)
    stored = nbformat.read(source.with_suffix(".ipynb"), as_version=4)
    for new, old in zip(fresh.cells, stored.cells, strict=True):
        assert shown(new) == shown(old)


def shown(cell: Any) -> list[Any]:
    """What a cell shows as text; pictures differ between versions of the drawing library, and printed lines come in as
    many parts as the machine makes of them."""
    outputs = cell.get("outputs", [])
    streams = [output for output in outputs if output.output_type == "stream" and output.name == "stdout"]
    printed = "".join(output["text"] for output in streams)
    values = [output.get("data", {}) for output in outputs if output.output_type != "stream"]
    return [printed, *(data.get("text/plain") for data in values if "image/png" not in data)]
