"""What the documentation shows is what happens."""

import doctest
import importlib
import pkgutil
from pathlib import Path

import pytest

import numeric.checkers

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
PAGE = Path(__file__).parents[2] / "docs" / "checking-your-layer.md"
MODULES = [module.name for module in pkgutil.iter_modules(numeric.checkers.__path__, "numeric.checkers.")]


def test_page_on_checking_a_layer() -> None:
    """Every example of the page on checking one's own layer gives what the page says."""
    result = doctest.testfile(str(PAGE), module_relative=False)
    assert result.attempted > 20
    assert result.failed == 0


def test_the_readmes_layer_is_checked_as_it_says(capsys: pytest.CaptureFixture[str]) -> None:
    """The README's ten lines on checking one's own layer print what the README says that they print."""
    part = README.split("## Checking your own layer")[1]
    program = part.split("```python\n")[1].split("```")[0]
    assert len([line for line in program.splitlines() if line]) <= 10
    exec(compile(program, "README.md", "exec"), {})
    assert capsys.readouterr().out == part.split("\n```\n")[2] + "\n"


@pytest.mark.parametrize("name", MODULES)
def test_docstrings(name: str) -> None:
    """Every example in a docstring gives what it says."""
    assert doctest.testmod(importlib.import_module(name)).failed == 0
