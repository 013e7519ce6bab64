"""What the parts of the elaborator ask of it: reading an operand, an integer, and saying what is wrong where.

Operators' calls, conditions and words are read in files of their own; each is handed the reader of the statement that
it stands in, and knows nothing else of it.
"""

from __future__ import annotations

from typing import Any, Protocol

from sympy import Expr

from derivations.formulas.expressions import Expression
from derivations.language.arithmetic import Arithmetic
from derivations.language.errors import InputError
from derivations.language.scope import Scope
from derivations.language.source import Statement


class Reader(Protocol):
    """The reader of one statement (`elaborate.Elaborator`)."""

    scope: Scope
    indices: dict[str, Any]
    statement: Statement
    arithmetic: Arithmetic

    def error(self, at: Any, message: str, expected: str = "", fix: str = "") -> InputError: ...

    def node(self, tree: Any) -> Expression: ...

    def operand(self, tree: Any) -> Expression: ...

    def integer(self, tree: Any, what: str = "this") -> Expr: ...
