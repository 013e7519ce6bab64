"""Finds the fenced blocks of a Markdown document that are ours: `given`, `notation`, `claim ID`, `remark ID`,
`misprint ID`.

Law: a fence that is almost one of ours is an error, never silently prose; so is a fence that never closes.
Positions are the file's, also inside lists and block quotes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches

from markdown_it import MarkdownIt
from markdown_it.token import Token

from derivations.language.errors import InputError, Place, did_you_mean
from derivations.language.source import SourceLine

KINDS = ("given", "notation", "claim", "remark", "misprint")
IDENTIFIER = re.compile(r"[^\W_][\w.:+-]*\Z")
ATTRIBUTES = re.compile(r"\{(?P<body>[^}]*)\}\s*\Z")
FENCE = re.compile(r"[\s>*+\-0-9.)]*?(?P<marks>`{3,}|~{3,})")


@dataclass(frozen=True)
class Fence:
    """One of our blocks: kind, identifier, whether it continues a context, its lines, and the lines it
    spans in the file (first to last, 1-based, fences included)."""

    kind: str
    id: str
    continues: bool
    lines: tuple[SourceLine, ...]
    first: int
    last: int


@dataclass(frozen=True)
class BrokenFence:
    """A block that is almost one of ours, or that never closes: its error, its content, whether it may have been a
    context, and the lines it spans."""

    error: InputError
    content: str
    context: bool
    first: int
    last: int


def fences(text: str, file: str) -> list[Fence | BrokenFence]:
    """Our blocks in their order; a block that does not close or has a wrong info string is given as its error."""
    source = text.split("\n")
    found: list[Fence | BrokenFence] = []
    parser = MarkdownIt("commonmark")
    parser.core.ruler.disable(["inline", "text_join"])  # blocks are all we need, and inline markup can be costly
    for token in parser.parse(text):
        if token.type == "fence" and token.map:
            try:
                _check_closed(token, source, file)
                fence: Fence | BrokenFence | None = _ours(token, source, file)
            except InputError as error:
                fence = BrokenFence(
                    error, token.content, "given" in token.info.lower() + error.fix, token.map[0] + 1, token.map[1]
                )
            if fence is not None:
                found.append(fence)
    return found


def _check_closed(token: Token, source: list[str], file: str) -> None:
    assert token.map is not None
    first, last = token.map
    closing = source[min(last, len(source)) - 1].rstrip()
    match = FENCE.match(closing)
    if last - first >= 2 and match and match.end() == len(closing) and match["marks"].startswith(token.markup):
        return
    line = source[first]
    column = line.find(token.markup)
    raise InputError(
        "this fenced block is never closed",
        Place(file, first + 1, column + 1, line, len(line.strip()) or 1),
        f"a line with {token.markup} below it",
        f"add a line {token.markup} where the block ends",
    )


def _ours(token: Token, source: list[str], file: str) -> Fence | None:
    assert token.map is not None
    first, last = token.map
    line = source[first]
    info = token.info.strip()
    start = line.find(info, line.find(token.markup) + len(token.markup)) if info else len(line)
    place = Place(file, first + 1, max(start, 0) + 1, line, max(1, len(info)))
    words = _attribute_words(info, place)
    if not words:
        return None
    kind, rest = words[0], words[1:]
    if kind not in KINDS:
        _check_not_almost(kind, rest, place)
        return None
    identifier, continues = _arguments(kind, rest, place)
    content = token.content.split("\n")[:-1]
    lines = tuple(_source_line(text, first + 2 + at, source) for at, text in enumerate(content))
    return Fence(kind, identifier, continues, lines, first + 1, last)


def _attribute_words(info: str, place: Place) -> list[str]:
    """The words of an info string; Pandoc's `{.claim #id}` becomes `claim id`."""
    match = ATTRIBUTES.match(info)
    if not match:
        return info.split()
    words = []
    for word in sorted(match["body"].split(), key=lambda word: not word.startswith(".")):
        if word[:1] not in ".#":
            continue
        words.append(word[1:])
    return words


def _check_not_almost(kind: str, rest: list[str], place: Place) -> None:
    bare = re.sub(r"[\W_]+\Z", "", kind.lower())
    singular = bare[:-1] if bare.endswith("s") else bare
    near = next((known for known in KINDS if known in (bare, singular)), "")
    if not near and not rest:  # a word alone is mostly a programming language
        near = next(iter(get_close_matches(bare, KINDS, 1, 0.85)), "")
    if not near and rest and bare not in ("c", "given"):
        near = did_you_mean(bare, KINDS)[len("did you mean ") : -1] if len(bare) > 3 else ""
    if near or re.match(r"(given|notation|claim|remark|misprint)\W", kind):
        near = near or kind[:5]
        raise InputError(
            f"`{kind}` is not a kind of block",
            place,
            "given, given continue, notation, claim ID, remark ID or misprint ID",
            f"did you mean {near}?",
        )


def _arguments(kind: str, rest: list[str], place: Place) -> tuple[str, bool]:
    if kind in ("given", "notation"):
        if rest not in ([], ["continue"]):
            raise InputError(
                f"`{kind} {' '.join(rest)}` is not a kind of block",
                place,
                f"{kind} or {kind} continue",
                f"write {kind} continue",
            )
        return "", bool(rest)
    if not rest:
        raise InputError(f"this {kind} has no name", place, f"{kind} ID", f"name it, such as {kind} grad-w")
    if len(rest) > 1:
        raise InputError(
            f"a {kind} has one name, here are {len(rest)}",
            place,
            f"{kind} ID",
            f"write {kind} {'-'.join(rest)}",
        )
    if not IDENTIFIER.match(rest[0]):
        raise InputError(
            f"`{rest[0]}` is not a name for a {kind}",
            place,
            "letters, digits and . : + - _",
            f"write {kind} grad-w",
        )
    return rest[0], False


def _source_line(content: str, number: int, source: list[str]) -> SourceLine:
    whole = source[number - 1] if number <= len(source) else content
    offset = whole.find(content) if content else 0
    return SourceLine(content, number, max(offset, 0), whole)
