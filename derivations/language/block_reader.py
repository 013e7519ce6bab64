"""What a block says: its context, its claims, its notation. Loaded where a block must be read.

Law: what a wrong statement would have declared is lost: where that is mentioned, only the syntax is looked at, so that
one mistake is not reported many times. A context with an error is broken as a whole: a condition that it lacks is
missed by every claim, also by one that mentions nothing of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from derivations.formulas.claims import Claim, Context
from derivations.language import limits
from derivations.language.block import Block
from derivations.language.claim import check_syntax, claims_of
from derivations.language.errors import InputError, InputErrors, Place
from derivations.language.files import included
from derivations.language.given import Checker, Given
from derivations.language.markdown import BrokenFence, Fence
from derivations.language.mending import mended
from derivations.language.openings import is_read
from derivations.language.read import ReadStatement, Sources
from derivations.language.remarks import Source
from derivations.language.scope import RESERVED
from derivations.language.source import Statement, lines_of, statements
from derivations.language.types import ScopeTypes
from derivations.notation.profile import profile_of

Contexts = tuple[tuple[Mapping[str, str], Context], ...]


class BlockReader:
    """Reads the blocks of a text in their order; `errors` takes what is wrong with the block in hand."""

    def __init__(self, text: str, name: str, exists: Checker | None, alone: bool, errors: list[InputError]) -> None:
        self.text, self.name, self.exists, self.alone, self.errors = text, name, exists, alone, errors
        self.given = Given()
        self.lost: set[str] = set()
        self.known: set[str] = set()  # the words of the context's statements
        self.is_missing = False  # something in this context does not exist for all sizes, which is said
        self.broken = ""  # why nothing in this context is judged
        self.sources = Sources(text, name)
        self.unread = ""  # why no formula is read: its notation has an error

    @property
    def is_sound(self) -> bool:
        """Whether nothing is wrong with the context in force."""
        return not (self.lost or self.broken or self.is_missing)

    def begin(self) -> None:
        """Another context."""
        self.lost, self.known, self.is_missing, self.broken = set(), set(), False, ""

    def lose(self, fence: BrokenFence) -> None:
        """What a block that is almost one of ours would have declared is lost."""
        self.lost |= names_in(fence.content) - (set() if fence.context else self.known)
        if fence.context:
            self.broken = f"its context has an error in line {fence.error.line}"

    def misses(self, found: Iterable[Statement]) -> bool:
        """Whether statements mention what is lost."""
        return bool(self.lost & _declared(found))

    def notation(self, fence: Fence, block: Block) -> Block:
        """The notation that is in force from here on; nothing is read under one that has an error."""
        before = self.sources.profile if fence.continues else None
        self.unread = self.unread if fence.continues else ""
        try:
            lines = statements(list(fence.lines), self.name)
            self.sources.profile = profile_of(included(lines, self.alone), before)
        except InputError as error:
            self.errors.append(error)
            self.unread = f"its notation has an error in line {error.line}"
        return replace(block, profile=self.sources.profile)

    # -- contexts ----------------------------------------------------------------------------------

    def context(self, fence: Fence, block: Block) -> tuple[Block, list[Statement]]:
        """The context with its readings, and the statements of it that are right."""
        before = self.given if fence.continues else None
        try:
            own = statements(list(fence.lines), self.name)
        except InputError as error:
            self.errors.append(error)
            self.lost |= names_in(block.text) - self.known
            own = []
        own, contexts = self._contexts(before, self._read_definitions(before, own, fence.first))
        self._check_existence()
        if self.errors:
            self.broken = f"its context has an error in line {self.errors[0].line}"
        return replace(block, contexts=contexts, given=self.given), own

    def alone_in_text(self) -> Given:
        """The context that the whole text is, without fences; raises InputError."""
        self._contexts(None, statements(lines_of(self.text), self.name))
        self._check_existence()
        raise_first(self.errors, self.name)
        return self.given

    def _contexts(self, before: Given | None, own: list[Statement]) -> tuple[list[Statement], Contexts]:
        """The context under each reading, without the statements that are wrong and those that need them."""
        own = self._unspoilt(own, None)
        while True:
            self.given = Given((*(before.statements if before else ()), *own), len(own), before)
            try:
                contexts = tuple((reading, self.given.scope(reading).context()) for reading in self.given.readings())
                self.known |= _declared(own)
                return own, contexts
            except InputError as error:
                self.errors.append(self._mended(before, own, error))
                own = self._unspoilt(own, error)

    def _mended(self, before: Given | None, own: Sequence[Statement], error: InputError) -> InputError:
        """The error with how to write its whole statement, where that is known."""
        at = next((number for number, statement in enumerate(own) if statement.holds(error)), None)
        if at is None:
            return error
        above = (*(before.statements if before else ()), *own[:at])

        def read(statement: Statement) -> None:
            for reading in (given := Given((*above, statement), at + 1, before)).readings():
                given.scope(reading)

        return mended(own[at], error, read)

    def _read_definitions(self, before: Given | None, own: list[Statement], line: int) -> list[Statement]:
        """The statements with every `read above` replaced by the definition that it reads; those after one that
        cannot be read are lost."""
        found: list[Statement] = []
        for number, statement in enumerate(own):
            if is_read(statement):
                try:
                    if self.unread:
                        raise statement.error(f"this is not read: {self.unread}", *statement.extent)
                    given = Given((*(before.statements if before else ()), *found), len(found), before)
                    statement = self.sources.definition(statement, line, ScopeTypes(given.scope({})))
                except InputError as error:
                    self.errors.append(error)
                    self.lost |= _declared(own[number + 1 :]) - _declared(found)
                    return found
            found.append(statement)
        return found

    def _unspoilt(self, own: list[Statement], error: InputError | None) -> list[Statement]:
        """The statements without the one that is wrong and without those that mention what is lost."""
        known, kept = set(self.known), []
        for statement in own:
            mine = names_in(statement.text)
            is_wrong = error is not None and statement.holds(error)
            if is_wrong or mine & self.lost:
                self.lost |= mine - known
            else:
                kept.append(statement)
                known |= mine
        return kept if len(kept) < len(own) or error is None else []

    def _check_existence(self) -> None:
        if self.exists is None or self.is_missing:
            return
        try:
            self.given.check(self.exists)
        except InputError as error:
            self.is_missing = True
            self.errors.append(error)

    # -- claims ------------------------------------------------------------------------------------

    def equations(self, command: Statement, fence: Fence) -> list[tuple[dict[str, str], ReadStatement, Source]]:
        """The equation that a claim reads from a formula beside it, one for each convention that its notation leaves
        open and that matters to it; raises InputError."""
        return self.sources.claim(command, fence.first, ScopeTypes(self.given.scope({})))

    def claims(
        self, found: Sequence[Statement], fence: Fence, source: Source | None
    ) -> tuple[tuple[Claim, ...], str]:
        """The claim under each of its readings, or why it is not judged; raises InputError."""
        if self.misses(found):
            check_syntax(found)
            return (), "it uses names of a block that has an error"
        claims = claims_of(self.given, found, fence.id, self.name)
        return tuple(claims if source is None else [replace(claim, source=source) for claim in claims]), ""


def context_of(text: str, name: str, exists: Checker | None = None) -> Given:
    """The context that a whole normalised text is, without fences; raises InputError."""
    return BlockReader(text, name, exists, False, []).alone_in_text()


def _declared(found: Iterable[Statement]) -> set[str]:
    return set().union(*(names_in(statement.text) for statement in found))


def names_in(text: str) -> set[str]:
    """The words of a text that may be names of an author."""
    return set(re.findall(r"[^\W\d]\w*", text)) - RESERVED


def raise_first(errors: Sequence[InputError], name: str) -> None:
    """Raises what there is, of many the first ones."""
    found = sorted(errors, key=lambda error: (error.line, error.column))
    if len(found) > limits.ERRORS:
        last = found[limits.ERRORS].place
        rest = f"{len(found) - limits.ERRORS} more errors from here on"
        found[limits.ERRORS :] = [InputError(rest, Place(name, last.line, last.column, last.source, last.length))]
    if found:
        raise found[0] if len(found) == 1 else InputErrors(found)
