"""An operator of the language is complete: a row here, loops there, notation, a proof or a named reason for none.

Each test fails with the name of the file that is still to write.
"""

from __future__ import annotations

import pytest

from derivations.entries import operators as explicit_operators
from derivations.formulas.expressions import Tensor
from derivations.meaning import lowering
from derivations.operators import ALIASES, OPERATORS, apply
from derivations.operators.row import Operator, Parameter
from derivations.typeset.formulas import to_latex
from numeric.operators import CONSTANTS
from numeric.operators import OPERATORS as NUMERIC

# Operators whose entries the prover cannot write as sums over indices: claims about them are undecided.
BEYOND_THE_PROVER = {"inv", "det"}


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
        case "integers":
            return (8, 2)
    raise AssertionError(f"a test value for a parameter of kind {parameter.kind} is missing in this file")


def sample(row: Operator) -> object:
    """The operator applied to some admissible arguments."""
    required = [parameter for parameter in row.parameters if parameter.required]
    return apply(row.name, *[argument(parameter, number) for number, parameter in enumerate(required)])


@pytest.fixture(params=OPERATORS.values(), ids=lambda row: str(row.name))
def row(request: pytest.FixtureRequest) -> Operator:
    found: Operator = request.param
    return found


def test_numeric_states_it_again(row: Operator) -> None:
    """Every operator is a plain NumPy function in numeric/operators."""
    assert row.name in NUMERIC, f"write {row.name} in numeric/operators/ and name it in its __init__.py"


def test_explicit_entries_exist(row: Operator) -> None:
    """Every operator has its entries as SymPy expressions."""
    assert row.name in explicit_operators.EXPLICIT, f"write {row.name} in derivations/entries/operators.py"


def test_the_prover_knows_it_or_says_that_it_does_not(row: Operator) -> None:
    """Every operator has an index definition, or is treated by name, or is listed as beyond the prover."""
    known = row.entry is not None or row.name in lowering._NONLINEAR
    if row.name in BEYOND_THE_PROVER:
        assert not known, f"the prover knows {row.name} now: take it off the list in this file"
    else:
        assert known, f"give {row.name} an index definition in derivations/operators/, or treat it in lowering.py"


def test_it_has_notation(row: Operator) -> None:
    """Every operator prints as LaTeX."""
    assert to_latex(sample(row)).strip(), f"write the notation of {row.name} in derivations/typeset/formulas.py"


def test_it_prints_in_claim_syntax(row: Operator) -> None:
    """Every operator prints in the language itself."""
    assert str(sample(row)).strip(), f"write {row.name} in derivations/formulas/text.py"


def test_it_has_a_reference(row: Operator) -> None:
    """Every row says what the operator is or where it comes from."""
    assert row.reference.strip(), f"say in the row of {row.name} what it is or where it comes from"


def test_nothing_is_left_over() -> None:
    """No numeric or explicit function is without a row, and no name stands in two rows or is an alias too."""
    assert set(NUMERIC) == set(OPERATORS) == set(explicit_operators.EXPLICIT)
    assert set(lowering._NONLINEAR) <= set(OPERATORS)
    assert set(CONSTANTS) <= set(OPERATORS)
    assert not set(ALIASES) & set(OPERATORS)
    assert set(ALIASES.values()) <= set(OPERATORS)
