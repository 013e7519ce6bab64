"""What the documentation shows is what happens."""

import doctest
import importlib
import pkgutil
from pathlib import Path

import pytest

import numeric.checkers

PAGE = Path(__file__).parents[2] / "docs" / "checking-your-layer.md"
MODULES = [module.name for module in pkgutil.iter_modules(numeric.checkers.__path__, "numeric.checkers.")]


def test_page_on_checking_a_layer() -> None:
    """Every example of the page on checking one's own layer gives what the page says."""
    result = doctest.testfile(str(PAGE), module_relative=False)
    assert result.attempted > 20
    assert result.failed == 0


@pytest.mark.parametrize("name", MODULES)
def test_docstrings(name: str) -> None:
    """Every example in a docstring gives what it says."""
    assert doctest.testmod(importlib.import_module(name)).failed == 0
