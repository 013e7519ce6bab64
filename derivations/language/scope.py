"""What names mean while a context is read: one `Scope` for one `given` block under one reading.

Law: a name is declared once; the words of the language are never names. `context()` freezes what was
collected.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from sympy import Expr

from derivations.formulas.claims import Assumption, Context, Dimension
from derivations.formulas.expressions import Definition, Loss, Tensor
from derivations.formulas.integers import Condition
from derivations.language.openings import CLAIM_LINES
from derivations.operators import ALIASES, OPERATORS

ELEMENTWISE = ("exp", "log", "sqrt", "tanh", "sigmoid", "relu", "softplus", "abs", "sin", "cos", "erf")
MODES = ("valid", "full", "same")
STATEMENTS = ("dims", "tensor", "scalar", "function", "loss", "choose", "assume", "origin", "where")
FUNCTIONS = ("grad", "jacobian", "shape", "floor", "ceil", "min", "max", "sum", "entries", "unique_max")
GRAMMAR_WORDS = ("in", "and", "or", "not", "true", "false")
# Words that the contract does not name: an author may give these names to something else.
SOFT = frozenset(
    ("maximum", "minimum", "clamp", "select", "iota", "broadcast", "permute", "sin", "cos", "erf", "pi")
)
RESERVED = frozenset(
    (*STATEMENTS, *CLAIM_LINES, *FUNCTIONS, *ELEMENTWISE, *MODES, *ALIASES, *GRAMMAR_WORDS, *OPERATORS)
).difference(SOFT)
CALLABLE = (*FUNCTIONS, *ELEMENTWISE, *OPERATORS, *ALIASES, "d")


@dataclass
class Scope:
    """The names of a context under one reading; `choices` are the options of each `choose` name."""

    reading: dict[str, str] = field(default_factory=dict)
    dims: dict[str, Dimension] = field(default_factory=dict)
    conditions: list[Condition] = field(default_factory=list)
    names: dict[str, Tensor | Definition | Loss] = field(default_factory=dict)
    functions: list[str] = field(default_factory=list)
    abbreviations: dict[str, Expr] = field(default_factory=dict)
    choices: dict[str, tuple[str, ...]] = field(default_factory=dict)
    assumptions: list[Assumption] = field(default_factory=list)
    origin: int = 0

    @classmethod
    def of(cls, context: Context, reading: Mapping[str, str]) -> Scope:
        """The scope of a context that was read before."""
        return cls(
            dict(reading),
            {dimension.name: dimension for dimension in context.dims},
            list(context.conditions),
            dict(context.names),
            list(context.functions),
            dict(context.abbreviations),
            {name: (option,) for name, option in reading.items()},
            list(context.assumptions),
            context.origin,
        )

    def continued(self, reading: Mapping[str, str], choices: Mapping[str, tuple[str, ...]]) -> Scope:
        """A copy to which a block that continues this one adds, perhaps under more choices."""
        return replace(
            self,
            reading=dict(reading),
            dims=dict(self.dims),
            conditions=list(self.conditions),
            names=dict(self.names),
            functions=list(self.functions),
            abbreviations=dict(self.abbreviations),
            choices=dict(choices),
            assumptions=list(self.assumptions),
        )

    def context(self) -> Context:
        """What was collected, frozen."""
        return Context(
            tuple(self.dims.values()),
            tuple(self.conditions),
            dict(self.names),
            tuple(self.functions),
            dict(self.abbreviations),
            tuple(self.assumptions),
            self.origin,
        )

    def declared(self) -> Iterator[str]:
        """Every declared name."""
        yield from self.dims
        yield from self.abbreviations
        yield from self.names
        yield from self.functions
        yield from self.choices

    def kind(self, name: str) -> str:
        """What a name is, in a reader's words; empty for an undeclared one."""
        if name in self.dims:
            return "a size"
        if name in self.abbreviations:
            return "an integer"
        if name in self.functions:
            return "a function"
        if name in self.choices:
            return "a choice"
        if name in RESERVED:
            return "a word of the language"
        node = self.names.get(name)
        if isinstance(node, Loss):
            return "a loss"
        if isinstance(node, Definition):
            return "a definition"
        return "" if node is None else "a tensor" if node.rank else "a scalar"
