"""What a reader of displays and code lines asks of a scope: kinds of names, and shapes of texts in the claim language.

Law: a text is of the shape that the elaborator gives it, and means nothing where the elaborator refuses it.
"""

from __future__ import annotations

from collections.abc import Iterable

from derivations.formulas.expressions import Constant, Expression
from derivations.formulas.text import to_text
from derivations.language.elaborate import Elaborator
from derivations.language.errors import InputError
from derivations.language.scope import Scope
from derivations.language.source import Statement, lines_of
from derivations.language.syntax import parse
from derivations.notation.typed import Untyped

KINDS = {
    "a size": "size",
    "an integer": "integer",
    "a function": "function",
    "a choice": "choice",
    "a word of the language": "word",
    "a loss": "loss",
}


class ScopeTypes:
    """The types of one scope; under several readings, of the first."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.origin = scope.origin

    def names(self) -> Iterable[str]:
        """Every declared name but the choices."""
        return [name for name in self.scope.declared() if name not in self.scope.choices]

    def kind(self, name: str) -> str:
        """size, integer, function, choice, word, loss, tensor or scalar; empty for an undeclared name."""
        said = self.scope.kind(name)
        if said in KINDS:
            return KINDS[said]
        node = self.scope.names.get(name)
        return "" if node is None else "tensor" if node.rank else "scalar"

    def shape(self, text: str, indices: frozenset[str]) -> tuple[str, ...]:
        """The sizes of a text in which these names are indices; raises Untyped with the elaborator's reason."""
        node = self._node(text, indices)
        return tuple(to_text(size) for size in node.shape)

    def _node(self, text: str, indices: frozenset[str]) -> Expression:
        statement = Statement(text, "", tuple(lines_of(text)), (0,))
        free = sorted(name for name in indices if not self.scope.kind(name))
        try:
            node = Elaborator(self.scope, statement, free).node(parse("test", statement))
        except InputError as error:
            raise Untyped(error.message) from None
        return Constant(node.value) if isinstance(node, Constant) else node
