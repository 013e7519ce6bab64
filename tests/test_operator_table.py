"""An operator of the language is complete: a row, a loop in numeric/, its entries; one list says what is still missing.

The row has all that is told about an operator by name: signature, size, existence, index definition, notation, adjoints
with the lemmas that prove them, its text in a NumPy program, arguments to try. CONTRIBUTING has the same list.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from derivations.entries.operators import EXPLICIT
from derivations.formulas.expressions import Expression, Tensor
from derivations.meaning import lowering
from derivations.operators import ALIASES, OPERATORS, apply
from derivations.operators.row import Operator, Parameter
from derivations.steps import numpy_helpers
from derivations.steps.differential import RULES
from derivations.steps.lemmas import LEMMAS
from derivations.typeset.formulas import to_latex
from numeric.operators import CONSTANTS
from numeric.operators import OPERATORS as NUMERIC

# Written in NumPy programs through others: a mean of windows is their sum by a number, a commutative one has no form.
WITHOUT_NUMPY = {"mean_pool", "convolve"}

LIST = {
    "reference": "say in the row what it is or where it comes from",
    "index definition": "give the row an `entry`, or treat the operator in derivations/meaning/",
    "notation": "give the row `latex`",
    "claim syntax": "its parameters print in derivations/formulas/text.py",
    "adjoint": "give the row `adjoints`, one for each data argument, or a differential in derivations/steps/",
    "lemma": "give the row `lemmas` that prove its adjoints",
    "NumPy text": "give the row `numpy`, or a function of its name in derivations/steps/numpy_helpers.py",
    "numeric loop": "write it in numeric/operators/ and name it in its __init__.py",
    "entries": "write it in derivations/entries/operators.py",
}


def argument(parameter: Parameter, number: int) -> object:
    """Some admissible value of a required parameter."""
    match parameter.kind:
        case "tensor":
            rank = next((rank for rank in (2, 1, 3) if not parameter.ranks or rank in parameter.ranks), 1)
            return Tensor("ABC"[number], (4,) * rank)
        case "each" | "window":
            return 2
        case "padding" | "integer":
            return 1
        case "order" | "permutation":
            return (0, 1)
        case "sizes":
            return (4, 4)
        case "integers":
            return (8, 2)
    raise AssertionError(f"a test value for a parameter of kind {parameter.kind} is missing in this file")


def sample(row: Operator) -> Expression:
    """The operator applied to some admissible arguments."""
    required = [parameter for parameter in row.parameters if parameter.required]
    return apply(row.name, *[argument(parameter, number) for number, parameter in enumerate(required)])


def missing(row: Operator) -> list[str]:
    """Which items of LIST an operator still lacks."""
    data = [number for number, part in enumerate(p for p in row.parameters if p.kind == "tensor") if part]
    rules = {each.argument for each in row.adjoints}
    proved = {key for lemma in LEMMAS for key in lemma.of}
    treated = row.name in lowering.NONLINEAR
    known = row.entry is not None or row.formula is not None or treated
    carried = row.numpy is not None or hasattr(numpy_helpers, row.name) or row.name in WITHOUT_NUMPY
    has = {
        "reference": bool(row.reference.strip()),
        "index definition": known,
        "notation": row.name in OPERATORS and bool(to_latex(sample(row)).strip()),
        "claim syntax": row.name in OPERATORS and bool(str(sample(row)).strip()),
        "adjoint": set(data) <= rules or row.name in RULES or row.formula is not None,
        "lemma": all((row.name, number) in proved for number in rules),
        "NumPy text": carried,
        "numeric loop": row.name in NUMERIC,
        "entries": row.name in EXPLICIT,
    }
    assert has.keys() == LIST.keys()
    return [f"{name}: {LIST[name]}" for name, present in has.items() if not present]


@pytest.mark.parametrize("row", OPERATORS.values(), ids=lambda row: str(row.name))
def test_every_operator_is_complete(row: Operator) -> None:
    """No operator lacks anything of the list."""
    assert not missing(row), f"{row.name} lacks\n  " + "\n  ".join(missing(row))


def test_the_list_names_all_that_a_bare_row_lacks() -> None:
    """Of a row with nothing but a signature, every item but those that a row cannot be without is named at once."""
    bare = replace(OPERATORS["roll"], name="unheard_of", entry=None, reference="", adjoints=(), lemmas=(), numpy=None)
    assert [line.partition(":")[0] for line in missing(bare)] == [name for name in LIST if name != "lemma"]
    unproved = replace(OPERATORS["roll"], name="unheard_of")
    assert any(line.startswith("lemma") for line in missing(unproved))


def test_contributing_has_the_same_list() -> None:
    """What CONTRIBUTING asks of a new operator is what this test asks."""
    text = (Path(__file__).resolve().parent.parent / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert [name for name in LIST if f"- **{name}**" not in text] == []


def test_nothing_is_left_over() -> None:
    """No numeric or explicit function is without a row, and no name stands in two rows or is an alias too."""
    assert set(NUMERIC) == set(OPERATORS) == set(EXPLICIT)
    assert set(lowering.NONLINEAR) <= set(OPERATORS)
    assert set(CONSTANTS) <= set(OPERATORS)
    assert not set(ALIASES) & set(OPERATORS)
    assert set(ALIASES.values()) <= set(OPERATORS)
