"""A document of claims: prose, contexts, claims and remarks in their order, and the single-line doors
beside it.

Law: `read` and `parse` give all of a document or raise `InputError`, with every mistake that does not follow from
another. `read_in_part` and `parse_in_part` give what stands, with the mistakes beside it: a claim is there only if its
own block and its whole context are right, any other is refused with the reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from derivations.formulas.claims import Claim, Context
from derivations.formulas.expressions import Expression
from derivations.language.block import Block
from derivations.language.block_reader import context_of, raise_first
from derivations.language.blocks import blocks
from derivations.language.claim import claim_in, claims_of, sort_lines
from derivations.language.elaborate import Elaborator
from derivations.language.errors import InputError, Place
from derivations.language.files import normalised, read_text
from derivations.language.given import Checker, Given
from derivations.language.mending import mended
from derivations.language.remarks import Refused, Remark
from derivations.language.scope import Scope
from derivations.language.source import Statement, lines_of, statements
from derivations.language.syntax import parse


@dataclass
class Document:
    """What a file says: `claims` (one for each reading), `remarks`, and `blocks` with the prose between
    them. Of a file that is read in part, `errors` are its mistakes and `refused` the claims that are not judged."""

    name: str
    blocks: list[Block] = field(default_factory=list)

    @property
    def claims(self) -> list[Claim]:
        """All claims in their order."""
        return [claim for block in self.blocks for claim in block.claims]

    @property
    def claims_and_refused(self) -> list[Claim | Refused]:
        """All claims in their order, those that are not judged among them."""
        return [
            each for block in self.blocks for each in ([block.refused] if block.refused is not None else block.claims)
        ]

    @property
    def remarks(self) -> list[Remark]:
        """All remarks in their order."""
        return [block.remark for block in self.blocks if block.remark is not None]

    @property
    def errors(self) -> tuple[InputError, ...]:
        """The mistakes, in the order of the file."""
        found = [error for block in self.blocks for error in block.errors]
        return tuple(sorted(found, key=lambda error: (error.line, error.column)))

    @property
    def refused(self) -> list[Refused]:
        """The claims that are not judged, in their order."""
        return [block.refused for block in self.blocks if block.refused is not None]

    @property
    def contexts(self) -> list[tuple[tuple[Mapping[str, str], Context], ...]]:
        """The contexts of each given block, one for each reading."""
        return [block.contexts for block in self.blocks if block.kind == "given"]

    @classmethod
    def read(cls, path: str | Path, exists: Checker | None = None) -> Document:
        """The document in a file; raises InputError for whatever is wrong with it."""
        return cls.parse(read_text(path), str(path), exists)

    @classmethod
    def parse(cls, text: str, name: str = "document", exists: Checker | None = None) -> Document:
        """The document that a text is. `exists(context, node)` says what condition a thing of a given
        block lacks to exist for all its sizes, None if it lacks none."""
        found = cls.parse_in_part(text, name, exists)
        raise_first(found.errors, name)
        return found

    @classmethod
    def read_in_part(cls, path: str | Path, exists: Checker | None = None) -> Document:
        """What stands of the document in a file, its mistakes beside it; raises InputError where the file as a whole
        cannot be read."""
        return cls.parse_in_part(read_text(path), str(path), exists)

    @classmethod
    def parse_in_part(
        cls, text: str, name: str = "document", exists: Checker | None = None, alone: bool = False
    ) -> Document:
        """What stands of the document that a text is, its mistakes beside it. A text that is `alone` lies in no folder:
        whatever file it names is refused, and none is looked for."""
        return cls(name, list(blocks(normalised(text), name, exists, alone=alone)))

    def claims_for(self, text: str, block: int | None = None) -> list[Claim]:
        """The claims that a line makes in the context of given block number `block` (from 0); without a
        number, in the first context in which all its names are declared."""
        blocks = [part.given for part in self.blocks if part.given is not None] or [Given()]
        chosen = blocks if block is None else [blocks[block]]
        error: InputError | None = None
        for given in chosen:
            try:
                return claims_of(given, _claim_statements(text, "claim"), "claim", self.name)
            except InputError as found:
                error = error or found
        assert error is not None
        raise error


# -- single lines ----------------------------------------------------------------------------------


def parse_given(text: str, name: str = "given", exists: Checker | None = None) -> Given:
    """The statements of a given block without its fences."""
    return context_of(normalised(text), name, exists)


def parse_context(
    text: str, name: str = "given", exists: Checker | None = None
) -> list[tuple[dict[str, str], Context]]:
    """The contexts of a given block without its fences, one for each reading.

    >>> [(reading, context)] = parse_context("dims n\\ntensor x[n]")
    >>> list(context.names)
    ['x']
    """
    given = parse_given(text, name, exists)
    return [(reading, given.scope(reading).context()) for reading in given.readings()]


def _claim_statements(text: str, name: str) -> list[Statement]:
    found = statements(lines_of(normalised(text)), name)
    if not found:
        raise InputError("this claim is empty", Place(name, 1, 1, text.split("\n")[0]), "an equation A == B")
    return found


def parse_claim(
    text: str, context: Context, reading: Mapping[str, str] | None = None, identifier: str = "claim"
) -> Claim:
    """The claim that a text makes in a context: the equation, then where, expect and reading lines if
    there are any.

    >>> [(reading, context)] = parse_context("dims n\\ntensor x[n]")
    >>> parse_claim("x + x == 2*x", context).links[0].text
    'x + x == 2*x'
    """
    found = _claim_statements(text, identifier)

    def read(equation: Statement) -> Claim:
        lines = sort_lines([equation, *found[1:]])
        return claim_in(Scope.of(context, reading or {}), lines, identifier, "", reading or {})

    try:
        return read(found[0])
    except InputError as error:
        raise mended(found[0], error, read) from None


def parse_expression(text: str, context: Context, reading: Mapping[str, str] | None = None) -> Expression:
    """The formula that a text is in a context.

    >>> [(reading, context)] = parse_context("dims n\\ntensor x[n]")
    >>> parse_expression("sum(x)", context).rank
    0
    """
    found = _claim_statements(text, "formula")
    if len(found) > 1:
        raise found[1].error("a second line", expected="one formula")
    return Elaborator(Scope.of(context, reading or {}), found[0]).node(parse("test", found[0]))
