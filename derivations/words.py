"""The operators and functions of the claim language as Python functions: `conv(a, rot180(delta))`.

One function for each row of the operator table, made from the row, so that a new operator is here at once.
"""

from __future__ import annotations

from collections.abc import Callable
from difflib import get_close_matches
from typing import Any

from derivations.formulas.expressions import Elementwise, Expression, expression
from derivations.meaning.functions import KNOWN
from derivations.operators import ALIASES, OPERATORS, apply


def word(name: str) -> Callable[..., Expression] | None:
    """The function of this name, or None.

    >>> from derivations.formulas.expressions import Tensor
    >>> word("rot180")(Tensor("a", (2, 3)))
    rot180(a)
    """
    if name in OPERATORS or name in ALIASES:
        return _operator(name)
    return _elementwise(name) if name in KNOWN else None


def all_words() -> list[str]:
    """Every operator and function of the language."""
    return [*OPERATORS, *ALIASES, *KNOWN]


def nearest(name: str) -> str:
    """A hint for a misspelt word."""
    close = get_close_matches(name, [*all_words(), "Document", "given", "derive"], 1)
    return f"; did you mean {close[0]}?" if close else ""


def _operator(name: str) -> Callable[..., Expression]:
    row = OPERATORS[ALIASES.get(name, name)]

    def function(*arguments: Any, **parameters: Any) -> Expression:
        return apply(name, *arguments, **parameters)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"{name}{row.signature}: {row.reference}"
    return function


def _elementwise(name: str) -> Callable[..., Expression]:
    def function(z: Any) -> Expression:
        return Elementwise(name, 0, expression(z))

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"{name} of every entry"
    return function
