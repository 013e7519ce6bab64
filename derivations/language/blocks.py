"""The blocks of a document in their order: prose, contexts, claims and remarks, with every mistake that does not follow
from another.

Law: a claim is there only if its own block and its whole context are right, any other is refused with the reason. What
somebody knows of a claim by its text is not read again, nor is its context: where all is known, no formula is read, and
what reads formulas is not even loaded.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from derivations.language import limits
from derivations.language.block import Block, Recall, Wanted
from derivations.language.errors import InputError, Place
from derivations.language.markdown import BrokenFence, Fence, fences
from derivations.language.openings import is_read
from derivations.language.remarks import Refused, Remark, Source
from derivations.language.source import Statement, statements, words

if TYPE_CHECKING:
    from derivations.formulas.claims import Claim
    from derivations.language.block_reader import BlockReader
    from derivations.language.given import Checker


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
    return _Walk(text, name, exists, recall, alone, wanted).blocks()


class _Walk:
    """Walks the fences of a text and collects what is wrong, at least one error for each wrong block."""

    def __init__(
        self,
        text: str,
        name: str,
        exists: Checker | None,
        recall: Recall | None = None,
        alone: bool = False,
        wanted: Wanted | None = None,
    ) -> None:
        self.text, self.name, self.exists, self.alone = text, name, exists, alone
        self.recall = None if recall is None else lru_cache(maxsize=2)(recall)  # who is not known is asked for twice
        self.wanted = wanted
        self.source = text.split("\n")
        self.context_key = ""
        self.seen: dict[str, int] = {}
        self.count = 0
        self.errors: list[InputError] = []  # of the block that is read
        self.spoilt = ""  # why the claim that is read is not judged, its own errors apart
        self.has_context = False
        self.waiting: list[tuple[Fence, str]] = []  # contexts that are not read yet, with the key before each
        self.trusted: list[tuple[Fence, str]] = []  # those that were read when what is known of their claims was found
        self._reader: BlockReader | None = None

    @property
    def reader(self) -> BlockReader:
        """What reads contexts and claims, loaded where one must be read."""
        if self._reader is None:
            from derivations.language.block_reader import BlockReader

            self._reader = BlockReader(self.text, self.name, self.exists, self.alone, self.errors)
        return self._reader

    @property
    def broken(self) -> str:
        """Why nothing in the context that is in force is judged; empty where nothing speaks against it."""
        return "" if self._reader is None else self._reader.broken

    def blocks(self) -> Iterator[Block]:
        """The blocks in their order."""
        line = 1
        held: list[Block | Fence] = []  # from the first context that waits on, in order
        for fence in self._asked(fences(self.text, self.name)):
            held += self._prose(line, fence.first - 1)
            line = fence.last + 1
            known = self._known(fence)
            plain = self._plain(fence)
            if known is None and self._is_needed(fence, plain):
                yield from self._read_waiting(held)
            if plain is not None and isinstance(fence, Fence):
                self._wait(fence, plain)
                held.append(fence)
            elif self.waiting and known is None:
                held.append(self._block(fence))
            else:
                yield from self._passed(held)
                yield known or self._block(fence)
        yield from self._read_waiting(held) if self.waiting else self._passed(held)
        yield from self._prose(line, len(self.source))

    # -- contexts that need not be read --------------------------------------------------------------
    #
    # A context waits until something below it is not known, and is known by its text alone: what is known of a claim
    # was found under exactly this text, which therefore has no error.

    def _plain(self, fence: Fence | BrokenFence) -> list[Statement] | None:
        """The statements of a context that can wait."""
        if self.recall is None or not isinstance(fence, Fence) or fence.kind != "given":
            return None
        if fence.continues and not (self.has_context and (self._reader is None or self._reader.is_sound)):
            return None
        try:
            own = statements(list(fence.lines), self.name)
        except InputError:
            return None
        return None if any(map(is_read, own)) else own

    def _wait(self, fence: Fence, own: Sequence[Statement]) -> None:
        if not fence.continues:
            self._begin()
        self.waiting.append((fence, self.context_key))
        self.context_key = text_key(self.context_key if fence.continues else "", own)
        self.has_context = True

    def _begin(self) -> None:
        """Another context: what was found of the one before, and trusted, is no part of it."""
        self.trusted = []
        if self._reader is not None:
            self._reader.begin()

    def _is_needed(self, fence: Fence | BrokenFence, plain: list[Statement] | None) -> bool:
        """Whether a block that is not known needs the contexts before it, or ends those of which nothing was known."""
        if isinstance(fence, BrokenFence) or fence.kind == "claim":
            return bool(self.waiting or self.trusted)
        if fence.kind != "given":
            return False
        if fence.continues:
            return plain is None and bool(self.waiting or self.trusted)
        return bool(self.waiting)

    def _known(self, fence: Fence | BrokenFence) -> Block | None:
        """The block of a claim of which by its text is known what becomes of it; of a second block of a name, nothing
        is."""
        if self.recall is None or isinstance(fence, BrokenFence) or fence.kind != "claim":
            return None
        if self.broken or fence.id in self.seen:
            return None
        try:
            found = statements(list(fence.lines), self.name)
        except InputError:
            return None
        if not found or is_read(found[0]):
            return None
        key = text_key(self.context_key, found)
        known = self.recall(key)
        if known is None or (self._reader is not None and self._reader.misses(found)):
            return None
        self.errors.clear()
        self.seen[fence.id] = fence.first
        self._count(fence, 1)
        return self._refusing(self._unread(fence, line=found[0].line, key=key, known=known))

    def _passed(self, held: list[Block | Fence]) -> Iterator[Block]:
        """What is held, in order, its contexts unread."""
        for each in held:
            yield self._unread(each) if isinstance(each, Fence) else each
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

    # -- block by block --------------------------------------------------------------------------------

    def _lines(self, first: int, last: int) -> str:
        return "\n".join(self.source[first - 1 : last])

    def _prose(self, first: int, last: int) -> Iterator[Block]:
        source = self._lines(first, last)
        if source.strip():
            yield Block("prose", source, source, first, last, document=self.name)

    def _unread(self, fence: Fence, **more: Any) -> Block:
        """A block of which nothing is read; `more` is what is known of it."""
        source, text = self._lines(fence.first, fence.last), "\n".join(line.content for line in fence.lines)
        return Block(fence.kind, source, text, fence.first, fence.last, fence.id, document=self.name, **more)

    def _block(self, fence: Fence | BrokenFence) -> Block:
        return self._broken_fence(fence) if isinstance(fence, BrokenFence) else self._fence(fence)

    def _broken_fence(self, fence: BrokenFence) -> Block:
        self.reader.lose(fence)
        source = self._lines(fence.first, fence.last)
        return Block("broken", source, source, fence.first, fence.last, document=self.name, errors=(fence.error,))

    def _fence(self, fence: Fence) -> Block:
        block = self._unread(fence)
        self.errors.clear()
        if fence.kind == "given":
            block = self._given(fence, block)
        elif fence.kind == "notation":
            block = self.reader.notation(fence, block)
        else:
            for read in (self._check_new, self._claim if fence.kind == "claim" else self._remark):
                try:
                    block = read(fence, block)
                except InputError as error:
                    self.errors.append(error)
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

    def _given(self, fence: Fence, block: Block) -> Block:
        if not fence.continues:
            self._begin()
        elif not self.has_context:
            self.errors.append(
                InputError("there is no context to continue", self._place(fence), "given", "write given")
            )
        self.has_context = True
        block, own = self.reader.context(fence, block)
        self.context_key = text_key(self.context_key if fence.continues else "", own)
        return block

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
        read: list[tuple[dict[str, str], Any, Source | None]] = [({}, found[0], None)]
        if is_read(found[0]):
            if self.reader.unread or self.broken:
                self.spoilt = self.reader.unread
                return block
            read = [*self.reader.equations(found[0], fence)]
        found[0] = read[0][1]
        before = self.context_key + "".join(str(choice) for choice, _, _ in read if choice)
        key, known = text_key(before, [*found, *(each for _, each, _ in read[1:])]), None
        if self.recall is not None and not (self.errors or self.broken or self.reader.misses(found)):
            known = self.recall(key)
        claims: tuple[Claim, ...] = ()
        if known is None:
            for choice, equation, source in read:
                more, self.spoilt = self.reader.claims([equation, *found[1:]], fence, source)
                claims += tuple(replace(each, reading={**each.reading, **choice}) for each in more) if choice else more
        self._count(fence, len(claims) or 1)
        return replace(block, line=found[0].line, key=key, known=known, read_from=read[0][2], claims=claims)

    def _count(self, fence: Fence, claims: int) -> None:
        """Counts claims up to the limit; those after it are refused, the first of them with an error."""
        is_past = self.count > limits.CLAIMS
        self.count += claims
        if self.count > limits.CLAIMS:
            self.spoilt = f"it comes after {limits.CLAIMS} claims (limit CLAIMS)"
            if not is_past:
                what, fix = f"at most {limits.CLAIMS} (limit CLAIMS)", "split the document"
                self.errors.append(InputError(f"more than {limits.CLAIMS} claims", self._place(fence), what, fix))

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


def text_key(before: str, found: Sequence[Statement]) -> str:
    """A digest of statements in a context that has a digest; blanks and comments are no part of it."""
    texts = [before, *(words(statement.text) for statement in found)]
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()
