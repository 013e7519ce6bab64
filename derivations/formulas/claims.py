"""What a claim file says, after parsing: contexts, claims, expectations. Plain records; nothing here judges.

Law: expectations are carried along and compared in `judge.py` at the very end; no prover sees them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from sympy import Expr, Symbol

from derivations.formulas.expressions import Definition, Entry, Expression, Loss, Tensor
from derivations.formulas.integers import Condition
from derivations.language.remarks import Source


@dataclass(frozen=True)
class Dimension:
    """A size or parameter: an integer, at least `least`."""

    symbol: Symbol
    least: int = 1

    @property
    def name(self) -> str:
        return str(self.symbol.name)


@dataclass(frozen=True)
class Assumption:
    """A condition on the data that every verdict which uses it names.

    kind "unique_max": arguments (x, window, stride) as a `max_pool` node in `about`; kind "condition": `about` is a
    DataBracket that is 1 everywhere.
    """

    kind: str
    about: Expression
    text: str


@dataclass(frozen=True)
class Context:
    """What the symbols of a `given` block are, under one reading.

    names holds every name of the block: tensors and scalars (`Tensor`), definitions and explicit losses
    (`Definition`), arbitrary losses (`Loss`). abbreviations are integer names.
    """

    dims: tuple[Dimension, ...] = ()
    conditions: tuple[Condition, ...] = ()
    names: Mapping[str, Tensor | Definition | Loss] = field(default_factory=dict)
    functions: tuple[str, ...] = ()
    abbreviations: Mapping[str, Expr] = field(default_factory=dict)
    assumptions: tuple[Assumption, ...] = ()
    origin: int = 0


@dataclass(frozen=True)
class Hypothesis:
    """An equation between data that a claim's `where` supposes: left == right."""

    left: Expression
    right: Expression
    text: str


@dataclass(frozen=True)
class Expectation:
    """What an author expects: kind is a verdict ("proved", "holds where", "refuted", "undecided") or "false"."""

    kind: str
    region: Condition | None = None
    link: int | None = None
    text: str = "proved"


@dataclass(frozen=True)
class Free:
    """A free index of a claim: for all 0 <= index < size."""

    index: Symbol
    size: Expr


@dataclass(frozen=True)
class Link:
    """One equation of a claim: left == right, for all values of its free indices.

    supposed: formulas of which only a size is used, as in `[shape(conv(x, k))[0] < h]`, so that they are no part of a
    side; where one of them does not exist, the link is false.
    """

    left: Expression
    right: Expression
    free: tuple[Free, ...]
    text: str
    supposed: tuple[Expression, ...] = ()

    @cached_property
    def indexed(self) -> tuple[Expression, ...]:
        """The formulas along which a free index runs: it stands alone as an index of the left side's entries of them.
        They must exist, whether they have entries or not."""
        names = {part.index for part in self.free}
        found = [entry.of for entry in sorted(self.left.atoms(Entry), key=str) if names & set(entry.indices)]
        return tuple(dict.fromkeys(found))


@dataclass(frozen=True)
class Claim:
    """A claim under one reading: a chain of links with its conditions and expectations.

    document: file name as given; line: 1-based line of the claim's first statement; reading: the choice made for
    each `choose` name that the claim uses, empty where there is none; misprint: what the source misprints here, in the
    author's words, empty where nothing; supposed: those of the context's assumptions that the claim's own `where`
    lines make; source: the display or line of code that the equation was read from, if it was.
    """

    id: str
    document: str
    line: int
    context: Context
    links: tuple[Link, ...]
    conditions: tuple[Condition, ...] = ()
    hypotheses: tuple[Hypothesis, ...] = ()
    expectations: tuple[Expectation, ...] = ()
    reading: Mapping[str, str] = field(default_factory=dict)
    text: str = ""
    misprint: str = ""
    supposed: tuple[Assumption, ...] = ()
    source: Source | None = None

    def expectation(self, link: int) -> Expectation:
        """What is expected of link number `link` (from 1): its own line, else the claim's, else proved."""
        for wanted in (link, None):
            for expectation in self.expectations:
                if expectation.link == wanted:
                    return expectation
        return Expectation("proved")
