r"""Citations in an author's prose, as Pandoc writes them: which keys stand where, and what stands in their place.

    [@key]   [@key, p. 3; see @other]   [-@key]   @key   @{key}        \@key is no citation

Law: what is cited is listed, and nothing else; each citation leads to its reference and each reference back to all of
its citations. A key that the bibliography does not have is an error. Without a bibliography an `@` is an `@`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from derivations.language.errors import InputError, Place, did_you_mean
from derivations.show.report import nodes as n

_ONE = re.compile(
    r"(?<![A-Za-z0-9_\\@/.+-])(?P<bare>-?)@(?:\{(?P<braced>[^{}\s]+)\}|(?P<key>\w(?:\w|[:.+/#&-](?=\w))*))"
)
_GROUP = re.compile(r"(?<![\\^!])\[(?!\^)(?P<inside>[^\[\]]*)\](?!\()")
_DEFINITION = re.compile(r"^ {0,3}\[[^\[\]]*\]:", re.MULTILINE)
_EMPTY_LINE = re.compile(r"\n[ \t]*\n")


@dataclass(frozen=True)
class Reference:
    """What a bibliography says of one work: the names and the year by which it is cited, and its entry in the list."""

    key: str
    names: str
    year: str
    entry: n.Inlines


@dataclass(frozen=True)
class Bibliography:
    """The keys of all works, None where they could not be read, and the references of those that are mentioned, in the
    order of the list."""

    keys: frozenset[str] | None
    references: Mapping[str, Reference]


@dataclass(frozen=True)
class Part:
    """A key with the stretches of text before and after it, as places in the text; bare where names are left out."""

    key: str
    written: str
    bare: bool
    before: tuple[int, int]
    after: tuple[int, int]


@dataclass(frozen=True)
class Cited:
    """A citation as it stands in a text, from `start` to `end`: in brackets, or as a part of the sentence."""

    start: int
    end: int
    parts: tuple[Part, ...]
    in_brackets: bool


def found_in(text: str) -> Iterator[Cited]:
    """The citations of a text in which all that is none, code and formulas, was blotted out.

    >>> [[part.key for part in each.parts] for each in found_in("[see @a, p. 3; @b] and @c, not x@y.z or [@d](e)")]
    [['a', 'b'], ['c'], ['d']]
    """
    at = 0
    for match in _GROUP.finditer(text):
        group = _group(match)
        if group is not None:
            yield from _single(text, at, match.start())
            yield group
            at = match.end()
    yield from _single(text, at, len(text))


def _single(text: str, start: int, end: int) -> Iterator[Cited]:
    for match in _ONE.finditer(text, start, end):
        nothing = (match.end(), match.end())
        yield Cited(*match.span(), (_part(match, nothing, nothing),), False)


def _group(match: re.Match[str]) -> Cited | None:
    """The citations between two brackets, parted by semicolons; None where the brackets hold something else."""
    text, (start, end) = match.string, match.span("inside")
    if "@" not in match["inside"] or _defines(match):
        return None
    ones = list(_ONE.finditer(text, start, end))
    cuts = [text.rfind(";", one.end(), other.start()) for one, other in pairwise(ones)]
    if not ones or -1 in cuts or _EMPTY_LINE.search(match[0]):
        return None
    begins, ends = [start, *(cut + 1 for cut in cuts)], [*cuts, end]
    parts = [
        _part(one, (first, one.start()), (one.end(), last)) for one, first, last in zip(ones, begins, ends, strict=True)
    ]
    return Cited(*match.span(), tuple(parts), True)


def _defines(match: re.Match[str]) -> bool:
    """Whether the brackets stand before the address of a link: `[name]: address`."""
    line = match.string.rfind("\n", 0, match.start()) + 1
    found = _DEFINITION.match(match.string, line)
    return found is not None and found.end() == match.end() + 1


def _part(match: re.Match[str], before: tuple[int, int], after: tuple[int, int]) -> Part:
    return Part(match["braced"] or match["key"], match[0], bool(match["bare"]), before, after)


@dataclass
class Citations:
    """What one document cites: its number, name and lines, its bibliography (None where it names none), the places of
    the citations by key, each with its line, and what was wrong with them."""

    number: int = 0
    name: str = ""
    lines: Sequence[str] = ()
    bibliography: Bibliography | None = None
    places: dict[str, list[tuple[int, str]]] = field(default_factory=dict)
    errors: list[InputError] = field(default_factory=list)
    count: int = 0

    def mentioned(self) -> set[str]:
        """The keys that the document may cite: all that stand in it, also in code."""
        return {match["braced"] or match["key"] for match in _ONE.finditer("\n".join(self.lines))}

    def position(self, written: str, line: int) -> Place:
        """The place of what is written in a line."""
        source = self.lines[line - 1] if 0 < line <= len(self.lines) else ""
        return Place(self.name, line, source.find(written) + 1 or 1, source, len(written))

    def place(self, key: str, line: int) -> str:
        """A new place, at which a key is cited in a line."""
        self.count += 1
        name = f"_citation-{self.number}-{self.count}"
        self.places.setdefault(key, []).append((line, name))
        return name

    def reference(self, part: Part, line: int) -> Reference | None:
        """The work that is cited; None, and an error, where the bibliography does not have
        it."""
        assert self.bibliography is not None
        found = self.bibliography.references.get(part.key)
        keys = self.bibliography.keys
        if found is None and keys is not None:
            longer = max((key for key in keys if part.key.startswith(key)), key=len, default="")
            braces = f"write @{{{longer}}} if the key ends there" if longer else ""
            near = did_you_mean(part.key, keys)
            fix = braces if longer and not part.key[len(longer)].isascii() else near or braces
            at = part.written.lstrip("-")
            message, expected = f"the bibliography has no entry {part.key}", "a key of the bibliography"
            fix = fix or f"add it there, or write \\{at} if it is no key"
            self.errors.append(InputError(message, self.position(part.written, line), expected, fix))
        return found

    def listed(self) -> n.References | None:
        """The list of what was cited, in the bibliography's order; None where nothing was."""
        references = self.bibliography.references if self.bibliography else {}
        entries = tuple(
            n.Listed(reference_place(self.number, key), each.entry, tuple(name for _, name in sorted(self.places[key])))
            for key, each in references.items()
            if key in self.places
        )
        return n.References(entries) if entries else None


def reference_place(number: int, key: str) -> str:
    """The place of a reference of document number `number`; no claim's name begins so."""
    return f"_reference-{number}-{key}"
