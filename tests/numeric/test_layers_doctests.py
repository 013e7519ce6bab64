"""The examples in the docstrings of layers, loops, networks and oracles say what happens."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import numpy as np
import pytest

import numeric.layers
import numeric.reference

MODULES = [
    *(f"numeric.layers.{module.name}" for module in pkgutil.iter_modules(numeric.layers.__path__)),
    *(f"numeric.reference.{module.name}" for module in pkgutil.iter_modules(numeric.reference.__path__)),
    *("numeric.networks", "numeric.network_zoo", "numeric.specifications"),
]


@pytest.mark.parametrize("name", MODULES)
def test_examples_are_true(name: str) -> None:
    """Every example in the module's docstrings gives what is printed below it; a module without one is an omission."""
    found = doctest.testmod(importlib.import_module(name), extraglobs={"np": np})
    assert found.attempted > 0
    assert found.failed == 0


def test_oracle_examples_are_true() -> None:
    """The oracles' examples hold where both libraries that they mention are installed."""
    pytest.importorskip("scipy")
    found = doctest.testmod(importlib.import_module("numeric.oracles"), extraglobs={"np": np})
    assert found.attempted > 0
    assert found.failed == 0
