"""The table of operators: one row each, with name, signature, size rule, existence, index definition, LaTeX, source.

Adding an operator is one row here and one loop in `numeric/operators/`; `tests/test_operator_table.py` fails and
names what is still missing. Rows are grouped by idea in the modules of this package.
"""

from __future__ import annotations

from typing import Any

from derivations.formulas.expressions import Apply, Expression
from derivations.formulas.table import TABLE
from derivations.operators.axes import ROWS as AXES
from derivations.operators.choices import ROWS as CHOICES
from derivations.operators.elementary import ROWS as ELEMENTARY
from derivations.operators.resampling import ROWS as RESAMPLING
from derivations.operators.row import Operator, OperatorError, Parameter
from derivations.operators.sliding import ROWS as SLIDING
from derivations.operators.spellings import expanded

OPERATORS: dict[str, Operator] = {row.name: row for row in (*ELEMENTARY, *SLIDING, *RESAMPLING, *AXES, *CHOICES)}

TABLE.update(OPERATORS)

ALIASES = {"conv2": "conv"}


def apply(name: str, *arguments: Any, **keywords: Any) -> Expression:
    """The formula `name(arguments)`; raises OperatorError where the arguments do not fit the signature.

    >>> from derivations.formulas.expressions import Tensor
    >>> apply("rot180", Tensor("a", (3, 4))).shape
    (3, 4)
    """
    name = ALIASES.get(name, name)
    if name not in OPERATORS:
        raise OperatorError(f"there is no operator {name}", "")
    row = OPERATORS[name]
    found = expanded(row, arguments, keywords)
    return found if found is not None else Apply(name, *row.normalise(arguments, keywords))


__all__ = ["ALIASES", "OPERATORS", "Operator", "OperatorError", "Parameter", "apply"]
