"""The blocks of a document in their order: prose, contexts, claims and remarks, with every mistake that does not follow
from another.

Law: a claim is there only if its own block and its whole context are right, any other is refused with the reason. What
somebody knows of a claim by its text is not read again, nor is its context.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from derivations.formulas.claims import Claim, Context, Refused, Remark, Source
from derivations.language import limits
from derivations.language.claim import check_syntax, claims_of
from derivations.language.errors import InputError, InputErrors, Place
from derivations.language.files import included
from derivations.language.given import Checker, Given
from derivations.language.markdown import BrokenFence, Fence, fences
from derivations.language.read import Sources, is_read
from derivations.language.scope import RESERVED
from derivations.language.source import Statement, lines_of, statements, words
from derivations.language.types import ScopeTypes
from derivations.notation.profile import Profile, profile_of

Contexts = tuple[tuple[Mapping[str, str], Context], ...]


@dataclass(frozen=True)
class Block:
    """A stretch of the document: kind is prose, given, notation, claim, remark, or broken where an error stands in
    it; `source` is its Markdown as it stands, `text` its content without the fences; first and last line count from 1.

    `key` is the digest of a claim with its context, blanks and comments apart, `line` that of its equation, `read_from`
    the formula that it was read from; where somebody knows what becomes of a claim, that is `known`, and no more is
    read of it.
    """

    kind: str
    source: str
    text: str
    first: int
    last: int
    id: str = ""
    claims: tuple[Claim, ...] = ()
    remark: Remark | None = None
    refused: Refused | None = None
    document: str = ""
    line: int = 0
    key: str = ""
    known: tuple[Any, ...] | None = None
    read_from: Source | None = None
    contexts: Contexts = ()
    given: Given | None = None
    errors: tuple[InputError, ...] = ()
    profile: Profile | None = None


Recall = Callable[[str], tuple[Any, ...] | None]
Wanted = Callable[[Fence], bool]


def blocks(
    text: str,
    name: str,
    exists: Checker | None = None,
    recall: Recall | None = None,
    alone: bool = False,
    wanted: Wanted | None = None,
) -> Iterator[Block]:
    """The blocks of a normalised text one after the other, so that no more of them need be kept than are in hand.
    `recall(key)` says what is known of a claim, None where nothing is. A text that is `alone` may name no file. Claims
    and remarks that are not `wanted` are passed over unread, and contexts in which none is wanted."""
    return _Builder(text, name, exists, recall, alone, wanted).blocks()


def context_of(text: str, name: str, exists: Checker | None = None) -> Given:
    """The context that a whole normalised text is, without fences; raises InputError."""
    return _Builder(text, name, exists).read_given()


class _Builder:
    """Walks the fences of a text and collects what is wrong, at least one error for each wrong block.

    What a wrong statement would have declared is lost: where that is mentioned, only the syntax is looked at, so that
    one mistake is not reported many times. A context with an error is broken as a whole: a condition that it lacks is
    missed by every claim, also by one that mentions nothing of it.
    """

    def __init__(
        self,
        text: str,
        name: str,
        exists: Checker | None,
        recall: Recall | None = None,
        alone: bool = False,
        wanted: Wanted | None = None,
    ) -> None:
        self.text, self.name, self.exists, self.recall, self.alone = text, name, exists, recall, alone
        self.wanted = wanted
        if recall is not None:
            self.recall = lru_cache(maxsize=2)(recall)  # each claim is asked for twice
        self.source = text.split("\n")
        self.context_key = ""
        self.given = Given()
        self.seen: dict[str, int] = {}
        self.count = 0
        self.errors: list[InputError] = []  # of the block that is read
        self.lost: set[str] = set()
        self.known: set[str] = set()  # the words of the context's statements
        self.is_missing = False  # something in this context does not exist for all sizes, which is said
        self.broken = ""  # why nothing in this context is judged
        self.spoilt = ""  # why the claim that is read is not judged, its own errors apart
        self.has_context = False
        self.waiting: list[tuple[Fence, str]] = []  # contexts that are not read yet, with the key before each
        self.trusted: list[tuple[Fence, str]] = []  # those that were read when what is known of their claims was found
        self.sources = Sources(text, name)
        self.unread = ""  # why no formula is read: its notation has an error

    def blocks(self) -> Iterator[Block]:
        """The blocks in their order."""
        line = 1
        held: list[Block | Fence] = []  # from the first context that waits on, in order
        for fence in self._asked(fences(self.text, self.name)):
            held += self._prose(line, fence.first - 1)
            line = fence.last + 1
            is_known = isinstance(fence, Fence) and fence.kind == "claim" and self._is_known(fence)
            plain = self._plain(fence)
            if not is_known and self._is_needed(fence, plain):
                yield from self._read_waiting(held)
            if plain is not None and isinstance(fence, Fence):
                self._wait(fence, plain)
                held.append(fence)
            elif self.waiting and not is_known:
                held.append(self._block(fence))
            else:
                yield from self._passed(held)
                yield self._block(fence)
        yield from self._read_waiting(held) if self.waiting else self._passed(held)
        yield from self._prose(line, len(self.source))

    def _block(self, fence: Fence | BrokenFence) -> Block:
        return self._broken_fence(fence) if isinstance(fence, BrokenFence) else self._fence(fence)

    # -- contexts that need not be read --------------------------------------------------------------
    #
    # A context waits until something below it is not known, and is known by its text alone: what is known of a claim
    # was found under exactly this text, which therefore has no error.

    def _plain(self, fence: Fence | BrokenFence) -> list[Statement] | None:
        """The statements of a context that can wait."""
        if self.recall is None or not isinstance(fence, Fence) or fence.kind != "given":
            return None
        if fence.continues and (not self.has_context or self.lost or self.broken or self.is_missing):
            return None
        try:
            own = statements(list(fence.lines), self.name)
        except InputError:
            return None
        return None if any(map(is_read, own)) else own

    def _wait(self, fence: Fence, own: Sequence[Statement]) -> None:
        if not fence.continues:
            self.lost, self.known, self.is_missing, self.broken = set(), set(), False, ""
            self.trusted = []
        self.waiting.append((fence, self.context_key))
        self.context_key = _text_key(self.context_key if fence.continues else "", own)
        self.has_context = True

    def _is_needed(self, fence: Fence | BrokenFence, plain: list[Statement] | None) -> bool:
        """Whether a block that is not known needs the contexts before it, or ends those of which nothing was known."""
        if isinstance(fence, BrokenFence) or fence.kind == "claim":
            return bool(self.waiting or self.trusted)
        if fence.kind != "given":
            return False
        if fence.continues:
            return plain is None and bool(self.waiting or self.trusted)
        return bool(self.waiting)

    def _is_known(self, fence: Fence) -> bool:
        if self.recall is None or self.broken or fence.id in self.seen:  # of a second block of that name, none is
            return False
        try:
            found = statements(list(fence.lines), self.name)
        except InputError:
            return False
        return bool(found) and not is_read(found[0]) and self.recall(_text_key(self.context_key, found)) is not None

    def _passed(self, held: list[Block | Fence]) -> Iterator[Block]:
        """What is held, in order, its contexts unread."""
        for each in held:
            if isinstance(each, Fence):
                text = "\n".join(line.content for line in each.lines)
                source = self._lines(each.first, each.last)
                each = Block("given", source, text, each.first, each.last, document=self.name)
            yield each
        self.trusted += self.waiting
        self.waiting = []
        held.clear()

    def _read_waiting(self, held: list[Block | Fence]) -> Iterator[Block]:
        """What is held, in order, its contexts read, and those before them that were trusted."""
        unread = [*self.trusted, *self.waiting]
        if unread:  # of what follows the first, reading finds the key: a wrong statement is no part of it
            self.context_key = unread[0][1]
        for fence, _key in self.trusted:
            if late := self._fence(fence).errors:
                yield Block("broken", "", "", fence.first, fence.last, document=self.name, errors=late)
        for each in held:
            if isinstance(each, Fence):
                each = self._fence(each)
            yield each
        self.trusted, self.waiting = [], []
        held.clear()

    # -- what is asked for -----------------------------------------------------------------------------

    def _asked(self, found: Sequence[Fence | BrokenFence]) -> Iterator[Fence | BrokenFence]:
        """The fences, without the claims and remarks that are not wanted and the contexts of none that is."""
        if self.wanted is None:
            yield from found
            return
        held: list[Fence | BrokenFence] = []
        for fence in found:
            if isinstance(fence, BrokenFence) or fence.kind in ("given", "notation"):
                if isinstance(fence, Fence) and fence.kind == "given" and not fence.continues:
                    held = [each for each in held if isinstance(each, Fence) and each.kind == "notation"]
                held.append(fence)
            elif self.wanted(fence):
                yield from held
                held = []
                yield fence

    def read_given(self) -> Given:
        """The context that the whole text is, without fences."""
        self._contexts(None, statements(lines_of(self.text), self.name))
        self._check_existence()
        raise_first(self.errors, self.name)
        return self.given

    def _note(self, error: InputError) -> None:
        self.errors.append(error)

    @staticmethod
    def _declared(found: Iterable[Statement]) -> set[str]:
        return set().union(*(names_in(statement.text) for statement in found))

    def _lines(self, first: int, last: int) -> str:
        return "\n".join(self.source[first - 1 : last])

    def _prose(self, first: int, last: int) -> Iterator[Block]:
        source = self._lines(first, last)
        if source.strip():
            yield Block("prose", source, source, first, last, document=self.name)

    def _broken_fence(self, fence: BrokenFence) -> Block:
        self.lost |= names_in(fence.content) - (set() if fence.context else self.known)
        if fence.context:
            self.broken = f"its context has an error in line {fence.error.line}"
        source = self._lines(fence.first, fence.last)
        return Block("broken", source, source, fence.first, fence.last, document=self.name, errors=(fence.error,))

    def _fence(self, fence: Fence) -> Block:
        source, text = self._lines(fence.first, fence.last), "\n".join(line.content for line in fence.lines)
        block = Block(fence.kind, source, text, fence.first, fence.last, fence.id, document=self.name)
        self.errors = []
        if fence.kind == "given":
            block = self._given(fence, block)
        elif fence.kind == "notation":
            block = self._notation(fence, block)
        else:
            for read in (self._check_new, self._claim if fence.kind == "claim" else self._remark):
                try:
                    block = read(fence, block)
                except InputError as error:
                    self._note(error)
        if self.errors and fence.kind == "given":
            self.broken = f"its context has an error in line {self.errors[0].line}"
        return self._refusing(block)

    def _refusing(self, block: Block) -> Block:
        """The block, without what is not judged: where it has an error, or its context has one."""
        reason = "" if self.errors else self.broken or self.spoilt
        self.spoilt = ""
        if not self.errors and not (reason and block.kind in ("given", "claim")):
            return block
        is_claim = block.kind == "claim"
        refused = Refused(block.id, self.name, block.first + 1, reason) if is_claim else None
        nothing: dict[str, Any] = {"claims": (), "known": None, "remark": None, "contexts": (), "given": None}
        return replace(block, kind="broken", refused=refused, errors=tuple(self.errors), **nothing)

    def _remark(self, fence: Fence, block: Block) -> Block:
        if not block.text.strip():
            raise InputError(f"this {fence.kind} is empty", self._place(fence), "the statement and the reason")
        is_misprint = fence.kind == "misprint"
        remark = Remark(fence.id, self.name, fence.first + 1, block.text.strip(), is_misprint)
        return replace(block, kind="remark", remark=remark)

    def _claim(self, fence: Fence, block: Block) -> Block:
        found = statements(list(fence.lines), self.name)
        if not found:
            raise InputError("this claim is empty", self._place(fence), "an equation A == B")
        source = None
        if is_read(found[0]):
            if self.unread or self.broken:
                self.spoilt = self.unread
                return block
            found[0], source = self.sources.claim(found[0], fence.first, ScopeTypes(self.given.scope({})))
        key, known = _text_key(self.context_key, found), None
        if self.recall is not None and not (self.errors or self.broken or self.lost & self._declared(found)):
            known = self.recall(key)
        claims = () if known is not None else self._claims(fence, found, source)
        self._count(fence, len(claims) or 1)
        return replace(block, line=found[0].line, key=key, known=known, read_from=source, claims=claims)

    def _notation(self, fence: Fence, block: Block) -> Block:
        """The notation that is in force from here on; nothing is read under one that has an error."""
        before = self.sources.profile if fence.continues else None
        self.unread = self.unread if fence.continues else ""
        try:
            lines = statements(list(fence.lines), self.name)
            self.sources.profile = profile_of(included(lines, self.alone), before)
        except InputError as error:
            self._note(error)
            self.unread = f"its notation has an error in line {error.line}"
        return replace(block, profile=self.sources.profile)

    # -- contexts ----------------------------------------------------------------------------------

    def _given(self, fence: Fence, block: Block) -> Block:
        before = self.given if fence.continues else None
        if not fence.continues:
            self.lost, self.known, self.is_missing, self.broken = set(), set(), False, ""
            self.trusted = []  # what was trusted stands above another context
        elif not self.has_context:
            self._note(InputError("there is no context to continue", self._place(fence), "given", "write given"))
        try:
            own = statements(list(fence.lines), self.name)
        except InputError as error:
            self._note(error)
            self.lost |= names_in(block.text) - self.known
            own = []
        self.has_context = True
        own, contexts = self._contexts(before, self._read_definitions(before, own, fence.first))
        self.context_key = _text_key(self.context_key if before else "", own)
        self._check_existence()
        return replace(block, contexts=contexts, given=self.given)

    def _contexts(self, before: Given | None, own: list[Statement]) -> tuple[list[Statement], Contexts]:
        """The context under each reading, without the statements that are wrong and those that need them."""
        own = self._unspoilt(own, None)
        while True:
            self.given = Given((*(before.statements if before else ()), *own), len(own), before)
            try:
                contexts = tuple((reading, self.given.scope(reading).context()) for reading in self.given.readings())
                self.known |= self._declared(own)
                return own, contexts
            except InputError as error:
                self._note(error)
                own = self._unspoilt(own, error)

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
                    self._note(error)
                    self.lost |= self._declared(own[number + 1 :]) - self._declared(found)
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
            self._note(error)

    # -- claims ------------------------------------------------------------------------------------

    def _claims(self, fence: Fence, found: list[Statement], source: Source | None) -> tuple[Claim, ...]:
        if self.lost & self._declared(found):
            check_syntax(found)
            self.spoilt = "it uses names of a block that has an error"
            return ()
        claims = claims_of(self.given, found, fence.id, self.name)
        return tuple(claims if source is None else [replace(claim, source=source) for claim in claims])

    def _count(self, fence: Fence, claims: int) -> None:
        """Counts claims up to the limit; those after it are refused, the first of them with an error."""
        is_past = self.count > limits.CLAIMS
        self.count += claims
        if self.count > limits.CLAIMS:
            self.spoilt = f"it comes after {limits.CLAIMS} claims (limit CLAIMS)"
            if not is_past:
                what, fix = f"at most {limits.CLAIMS} (limit CLAIMS)", "split the document"
                self._note(InputError(f"more than {limits.CLAIMS} claims", self._place(fence), what, fix))

    def _check_new(self, fence: Fence, block: Block) -> Block:
        if fence.id in self.seen:
            raise InputError(
                f"{fence.id} is the name of the block in line {self.seen[fence.id]} already",
                self._place(fence),
                "a name of its own",
                f"call it {fence.id}-2",
            )
        self.seen[fence.id] = fence.first
        return block

    def _place(self, fence: Fence) -> Place:
        line = self.source[fence.first - 1]
        at = line.rfind(fence.id or fence.kind)
        return Place(self.name, fence.first, max(at, 0) + 1, line, len(fence.id or fence.kind))


def names_in(text: str) -> set[str]:
    """The words of a text that may be names of an author."""
    return set(re.findall(r"[^\W\d]\w*", text)) - RESERVED


def _text_key(before: str, found: Sequence[Statement]) -> str:
    """A digest of statements in a context that has a digest; blanks and comments are no part of it."""
    texts = [before, *(words(statement.text) for statement in found)]
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()


def raise_first(errors: Sequence[InputError], name: str) -> None:
    """Raises what there is, of many the first ones."""
    found = sorted(errors, key=lambda error: (error.line, error.column))
    if len(found) > limits.ERRORS:
        last = found[limits.ERRORS].place
        rest = f"{len(found) - limits.ERRORS} more errors from here on"
        found[limits.ERRORS :] = [InputError(rest, Place(name, last.line, last.column, last.source, last.length))]
    if found:
        raise found[0] if len(found) == 1 else InputErrors(found)
