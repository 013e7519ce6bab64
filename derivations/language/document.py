"""A document of claims: prose, contexts, claims and remarks in their order, and the single-line doors
beside it.

Law: `read` and `parse` give all of a document or raise `InputError`, with every mistake that does not follow from
another. `read_in_part` and `parse_in_part` give what stands, with the mistakes beside it: a claim is there only if its
own block and its whole context are right, any other is refused with the reason. Files are checked for size and
encoding before anything else looks at them.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePath
from typing import Any

from derivations.formulas.claims import Claim, Context, Refused, Remark, Source
from derivations.formulas.expressions import Expression
from derivations.language import limits
from derivations.language.claim import Lines, check_syntax, claim_in, claims_of, sort_lines
from derivations.language.elaborate import Elaborator
from derivations.language.errors import InputError, InputErrors, Place, did_you_mean
from derivations.language.given import Checker, Given
from derivations.language.markdown import BrokenFence, Fence, fences
from derivations.language.read import Sources, is_read
from derivations.language.scope import RESERVED, Scope
from derivations.language.source import Statement, lines_of, statements, words
from derivations.language.syntax import parse
from derivations.language.types import ScopeTypes
from derivations.notation.profile import Profile, profile_of

NOTATION_FILE = re.compile(r"\s*notation\s+(?P<name>\S+)\s*\Z")
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
        _raise(found.errors, name)
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
        self.sources = Sources(text, name)
        self.unread = ""  # why no formula is read: its notation has an error

    def blocks(self) -> Iterator[Block]:
        """The blocks in their order."""
        line = 1
        for fence in self._asked(fences(self.text, self.name)):
            yield from self._prose(line, fence.first - 1)
            yield self._broken_fence(fence) if isinstance(fence, BrokenFence) else self._fence(fence)
            line = fence.last + 1
        yield from self._prose(line, len(self.source))

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
        _raise(self.errors, self.name)
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


def _raise(errors: Sequence[InputError], name: str) -> None:
    """Raises what there is, of many the first."""
    found = sorted(errors, key=lambda error: (error.line, error.column))
    if len(found) > limits.ERRORS:
        last = found[limits.ERRORS].place
        rest = f"{len(found) - limits.ERRORS} more errors from here on"
        found[limits.ERRORS :] = [InputError(rest, Place(name, last.line, last.column, last.source, last.length))]
    if found:
        raise found[0] if len(found) == 1 else InputErrors(found)


# -- files -----------------------------------------------------------------------------------------


def read_text(path: str | Path) -> str:
    """The text of a UTF-8 file within the limits; raises InputError."""
    file = Path(path)
    place = Place(str(path))
    try:
        if file.is_dir():
            raise InputError("this is a directory", place, "a Markdown file", f"name a file in it: {file / 'notes.md'}")
        with file.open("rb") as stream:
            data = stream.read(limits.FILE_BYTES + 1)
    except FileNotFoundError:
        raise InputError("there is no such file", place, "a Markdown file", _near(file)) from None
    except (OSError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        why = getattr(error, "strerror", None) or str(error)
        raise InputError(f"the file cannot be read: {why}", place, "a readable Markdown file") from None
    return decoded(data, str(path))


def _near(file: Path) -> str:
    try:
        names = [part.name for part in file.parent.iterdir()] if file.parent.is_dir() else []
    except OSError:
        names = []
    return did_you_mean(file.name, names[:1000])


def decoded(data: bytes, name: str) -> str:
    """The text of a document's bytes within the limits; raises InputError."""
    if len(data) > limits.FILE_BYTES:
        raise InputError(
            "the file is too large",
            Place(name),
            f"at most {limits.FILE_BYTES} bytes (limit FILE_BYTES)",
            "split the document",
        )
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start]
        line = before.count(b"\n") + 1
        start = before.rfind(b"\n") + 1
        column = len(before[start:].decode("utf-8", "replace")) + 1
        whole = data[start:].split(b"\n", 1)[0].decode("utf-8", "replace").rstrip("\r")
        place = Place(name, line, column, whole)
        raise InputError(
            f"byte 0x{data[error.start]:02x} is not UTF-8",
            place,
            "a text file in UTF-8",
            "save the file in UTF-8",
        ) from None


def normalised(text: str) -> str:
    """A text with one kind of line end and without a byte order mark."""
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").replace("\0", "\ufffd")


def included(lines: Iterable[Statement], alone: bool = False) -> Iterator[Statement]:
    """The lines of a notation block, those of a file that it names (`notation FILE`) in their place; of a text that is
    alone, none is read."""
    for line in lines:
        match = NOTATION_FILE.match(line.text)
        if match is None:
            yield line
            continue
        name, start = match["name"], match.start("name")
        if alone:
            raise line.error("no file is read here", start, expected="a line such as X \\ast Y is conv(Y, X, valid)")
        if PurePath(name).is_absolute() or ".." in PurePath(name).parts:
            raise line.error("a notation file stands beside the document", start, expected="such as shared.notation")
        path = Path(line.file).parent / name
        if not path.is_file():
            raise line.error("there is no such notation file", start, expected=f"a file {path}", fix=_near(path))
        for inner in statements(lines_of(normalised(read_text(path))), str(path)):
            if NOTATION_FILE.match(inner.text):
                raise inner.error("a notation file names no other one", *inner.extent)
            yield inner


# -- single lines ----------------------------------------------------------------------------------


def parse_given(text: str, name: str = "given", exists: Checker | None = None) -> Given:
    """The statements of a given block without its fences."""
    return _Builder(normalised(text), name, exists).read_given()


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
    lines: Lines = sort_lines(_claim_statements(text, identifier))
    return claim_in(Scope.of(context, reading or {}), lines, identifier, "", reading or {})


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
