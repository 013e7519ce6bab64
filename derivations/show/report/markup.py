r"""An author's Markdown as a tree: paragraphs, lists, tables, footnotes, links, pictures, mathematics.

Law: what an author wrote appears, every character of it, and does nothing. Markup as it stands, raw HTML, attributes
and addresses of other schemes are words; mathematics is read (`mathematics.py`), and a formula that is none appears as
code and is reported with its line. Pictures come from beside the document. Citations are those of `citations.py`.

Mathematics is `$…$`, `$$…$$`, `\(…\)`, `\[…\]` and the environments of amsmath. It is lifted out before Markdown is
read, since `_` and `*` mean other things there; so are citations, whose places in the text an error needs.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from urllib.parse import unquote, urlsplit

from markdown_it import MarkdownIt
from markdown_it.token import Token
from mdit_py_plugins.footnote import footnote_plugin

from derivations.show.report import nodes as n
from derivations.show.report.citations import Citations, Cited, Part, found_in, reference_place
from derivations.show.report.mathematics import OUTER, BadMathematics, read

_ENVIRONMENTS = "|".join(map(re.escape, sorted(OUTER, reverse=True)))
_MATHEMATICS = re.compile(
    r"(?<!\\)(?:\$\$(?P<display>.+?)(?<!\\)\$\$"
    r"|\$(?P<inline>(?=\S)[^$]*?(?<=\S))(?<!\\)\$(?!\d)"
    r"|\\\((?P<round>.+?)\\\)|\\\[(?P<square>.+?)\\\]"
    rf"|(?P<whole>\\begin\{{(?P<environment>{_ENVIRONMENTS})\}}.*?\\end\{{(?P=environment)\}})"
    r"|\\(?P<ref>(?:eq)?ref)\{(?P<label>[\w:.-]+)\})",
    re.DOTALL,
)
_CODE = re.compile(
    r"(`+)(?!`).+?(?<!`)\1(?!`)|^(?P<fence>[ >]*(?P<marks>```+|~~~+)).*?^[ >]*(?P=marks)`*~*[ \t]*$",
    re.DOTALL | re.MULTILINE,
)
_PRIVATE = re.compile("[\ue000-\uf8ff\ufffe\uffff\x00-\x08\x0b-\x1f\x7f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_MARK, _END, BLOCK, _BLOT = "\ue000", "\ue001", "\ue003", "\ue004"
_LIFTED = re.compile(f"{_MARK}(\\d+){_END}")
SCHEMES = ("http", "https", "mailto")
PICTURES = {".png": b"\x89PNG\r\n\x1a\n", ".jpg": b"\xff\xd8\xff", ".jpeg": b"\xff\xd8\xff"}
DEEPEST = 10  # lists and quotes within others; what is deeper stands on the same level
NESTING = 40  # that are read at all; what is deeper stands as it was written
LARGEST_PICTURE = 20_000_000  # bytes


@dataclass
class Source:
    """Where a text comes from: the document's name and number, the folder of its pictures, its numbers of equations,
    what it cites, and what was reported of it. `first` is the line of the document at which the text begins. `inner`
    tells the notes of a text within it from its own."""

    name: str = ""
    folder: Path | None = None
    number: int = 0
    problems: list[str] = field(default_factory=list)
    labels: dict[str, int] = field(default_factory=dict)
    equations: int = 0
    blocks: dict[int, n.Blocks] = field(default_factory=dict)
    ids: set[str] = field(default_factory=set)
    citations: Citations = field(default_factory=Citations)
    first: int = 1
    inner: str = ""

    def within(self, first: int) -> Source:
        """A text inside this document, from one of its lines on: it refers to the document's equations, and the places
        of its headings and notes are no others'."""
        return replace(self, first=first, blocks={}, inner=f"-{first}")

    @property
    def notes(self) -> str:
        """What tells the notes of this text from all others of the report."""
        return f"{self.number}{self.inner}"

    def number_labels(self, markdown: str) -> None:
        """Numbers for the labels, in the order in which they stand, before anything refers to them."""
        for match in re.finditer(r"\\label\{([\w:.-]+)\}", markdown):
            if match[1] not in self.labels:
                self.equations += 1
                self.labels[match[1]] = self.equations


def without_private(text: str) -> str:
    """The text without characters that have no meaning in one, or that turn the direction of what follows."""
    return _PRIVATE.sub("\ufffd", text)


def parse(markdown: str, source: Source | None = None) -> n.Blocks:
    """The tree of a stretch of Markdown."""
    return _Parser(source or Source()).blocks(markdown)


@dataclass(frozen=True)
class _Cited:
    """A citation that becomes a node where it is shown: what code or an address holds cites nothing."""

    found: Cited
    line: int
    around: tuple[tuple[n.Inlines, n.Inlines], ...]  # each of its parts


@dataclass(frozen=True)
class _Lifted:
    """What stands from `start` to `end` of the text, and what it is."""

    start: int
    end: int
    written: str
    node: n.Inline | _Cited


class _Parser:
    def __init__(self, source: Source) -> None:
        self.source = source
        self.lifted: list[_Lifted] = []
        self.depth = 0  # of lists and quotes
        self.lines: list[str] = []
        options = {"html": False, "maxNesting": NESTING}
        self.markdown = MarkdownIt("commonmark", options).enable("table").use(footnote_plugin)

    def blocks(self, markdown: str) -> n.Blocks:
        self.source.number_labels(markdown)
        env: dict[str, object] = {}
        lifted = self._lift(markdown)
        self.lines = lifted.split("\n")
        tokens = self.markdown.parse(lifted, env)
        return tuple(self._blocks(tokens))

    # -- mathematics --

    def _lift(self, markdown: str) -> str:
        code = [match.span() for match in _CODE.finditer(markdown)]
        formulas = [
            _Lifted(*match.span(), match[0], self._mathematics(match, markdown)) for match in _formulas(markdown, code)
        ]
        lifted, at = [], 0
        starts = [each.start for each in formulas]
        for cited in self._citations(markdown, [*code, *((each.start, each.end) for each in formulas)]):
            first, last = bisect_left(starts, cited.start), bisect_left(starts, cited.end)
            lifted += [*formulas[at:first], self._cited(cited, markdown, formulas[first:last])]
            at = last
        return self._marked(markdown, 0, len(markdown), [*lifted, *formulas[at:]])

    def _marked(self, markdown: str, start: int, end: int, lifted: Sequence[_Lifted]) -> str:
        """A stretch of the text with a mark for each of what was lifted within it."""
        parts, position = [], start
        for each in lifted:
            if start <= each.start and each.end <= end:
                parts += [markdown[position : each.start], f"{_MARK}{len(self.lifted)}{_END}"]
                self.lifted.append(each)
                position = each.end
        return "".join([*parts, markdown[position:end]])

    def _mathematics(self, match: re.Match[str], markdown: str) -> n.Inline:
        if match["ref"]:
            number = self.source.labels.get(match["label"])
            if number is None:
                self._complain(markdown, match.start(), f"there is no equation {match['label']}", match[0])
                return n.Text(match[0])
            shown = f"({number})" if match["ref"] == "eqref" else str(number)
            return n.Link(f"#equation-{self.source.number}-{number}", (n.Text(shown),))
        inside = next(match[g] for g in ("display", "inline", "round", "square", "whole") if match[g] is not None)
        start = match.start() if match["whole"] else match.start() + match[0].index(inside)
        try:
            found = read(inside)
        except BadMathematics as error:
            self._complain(markdown, start + error.place, error.message, error.fix)
            return n.Code(match[0])
        display = match["inline"] is None and match["round"] is None
        numbers = tuple(self.source.labels[label] for label in found.labels)
        place = f"{self.source.name}:{markdown.count(chr(10), 0, match.start()) + 1}" if self.source.name else ""
        return n.Mathematics(found.tex, display, numbers, match[0], place, self.source.number)

    def _complain(self, markdown: str, at: int, message: str, fix: str = "") -> None:
        line = self.source.first + markdown.count("\n", 0, at)
        column = at - (markdown.rfind("\n", 0, at) + 1) + 1
        hint = f" ({fix})" if fix else ""
        self.source.problems.append(f"{self.source.name or 'text'}:{line}:{column}: {message}{hint}; shown as text")

    # -- citations --

    def _citations(self, markdown: str, spans: Sequence[tuple[int, int]]) -> list[Cited]:
        """The citations outside of code and formulas. Without a bibliography there are none, and what looks like one
        is reported."""
        found = list(found_in(_hidden(markdown, spans))) if "@" in markdown else []
        if self.source.citations.bibliography is not None:
            return found
        for cited in found:
            if cited.in_brackets:
                fix = "no citation, for the front matter names no bibliography"
                self._complain(markdown, cited.start, fix, "`bibliography: refs.bib`")
        return []

    def _cited(self, found: Cited, markdown: str, formulas: Sequence[_Lifted]) -> _Lifted:
        def words(start: int, end: int) -> n.Inlines:
            text = self._marked(markdown, start, end, formulas).strip()
            return self._inline(self.markdown.parseInline(text)[0].children or ()) if text else ()

        around = []
        for part in found.parts:
            before, after = words(*part.before), words(*part.after)
            apart = markdown[part.after[0] : part.after[0] + 1].isspace()
            around.append((
                (*before, n.Text(" ")) if before else (),
                (n.Text(" "), *after) if after and apart else after,
            ))  # fmt: skip
        line = self.source.first + markdown.count("\n", 0, found.start)
        written = markdown[found.start : found.end]
        return _Lifted(found.start, found.end, written, _Cited(found, line, tuple(around)))

    def _citation(self, cited: _Cited) -> Iterator[n.Inline]:
        """A citation where it is shown."""
        if cited.found.in_brackets:
            yield n.Text("(")
        for at, (part, (before, after)) in enumerate(zip(cited.found.parts, cited.around, strict=True)):
            if at:
                yield n.Text("; ")
            yield from before
            yield self._key(part, cited)
            yield from after
        if cited.found.in_brackets:
            yield n.Text(")")

    def _key(self, part: Part, cited: _Cited) -> n.Inline:
        citations = self.source.citations
        reference = citations.reference(part, cited.line)
        if reference is None:
            return n.Text(part.written)
        year = reference.year if cited.found.in_brackets else f"({reference.year})"
        words = n.Text(year if part.bare else f"{reference.names} {year}")
        place = reference_place(citations.number, part.key)
        return n.Citation(citations.place(part.key, cited.line), (n.Link(f"#{place}", (words,)),))

    # -- blocks --

    def _blocks(self, tokens: Sequence[Token]) -> Iterator[n.Block]:
        at = 0
        while at < len(tokens):
            end = _closing(tokens, at)
            yield from self._block(tokens[at], tokens[at + 1 : end])
            at = end + 1

    def _block(self, token: Token, inside: Sequence[Token]) -> Iterator[n.Block]:
        match token.type:
            case "bullet_list_open" | "ordered_list_open" | "blockquote_open" if token.level >= NESTING - 2:
                first, last = token.map or (0, 0)
                yield n.Listing(self._restored("\n".join(self.lines[first:last])))
            case "paragraph_open":
                yield n.Paragraph(self._inline(inside[0].children or []))
            case "heading_open":
                words = self._inline(inside[0].children or [])
                yield n.Heading(int(token.tag[1]), words, self._id(plain(words)))
            case "fence" if token.info.startswith(BLOCK):
                yield from self.source.blocks.get(int(token.info[1:]), ())
            case "fence" | "code_block":
                yield n.Listing(self._restored(token.content).rstrip("\n"))
            case "bullet_list_open" | "ordered_list_open":
                start = int(token.attrs.get("start", 1)) if token.type.startswith("ordered") else None
                items = [self._within(item) for item in _items(inside)]
                yield from (n.Items(tuple(items), start),) if self.depth < DEEPEST else chain(*items)
            case "blockquote_open":
                quoted = self._within(inside)
                yield from (n.Quote(quoted),) if self.depth < DEEPEST else quoted
            case "hr":
                yield n.Rule()
            case "table_open":
                yield self._table(inside)
            case "footnote_block_open":
                notes = [tuple(self._blocks(each)) for each in _items(inside)]
                yield n.Footnotes(self.source.notes, tuple(notes))
            case "footnote_anchor":
                return
            case _:  # whatever else Markdown may know is words
                if token.content:
                    yield n.Paragraph((n.Text(self._restored(token.content)),))

    def _within(self, tokens: Sequence[Token]) -> n.Blocks:
        """What stands in a list or in a quote."""
        self.depth += 1
        try:
            return tuple(self._blocks(tokens))
        finally:
            self.depth -= 1

    def _id(self, words: str) -> str:
        base = re.sub(r"[^\w]+", "-", words.lower()).strip("-")[:60] or "section"
        name, number = f"section-{self.source.number}-{base}", 1
        while name in self.source.ids:
            number += 1
            name = f"section-{self.source.number}-{base}-{number}"
        self.source.ids.add(name)
        return name

    def _table(self, tokens: Sequence[Token]) -> n.Table:
        rows: list[tuple[n.Inlines, ...]] = []
        cells: list[n.Inlines] = []
        aligned: list[str] = []
        for token in tokens:
            if token.type == "inline":
                cells.append(self._inline(token.children or []))
            elif token.type == "th_open":
                style = str(token.attrs.get("style", ""))
                aligned.append(next((side for side in ("right", "center") if side in style), "left"))
            elif token.type == "tr_close":
                rows.append(tuple(cells))
                cells = []
        return n.Table(tuple(rows), tuple(aligned))

    # -- inside of paragraphs --

    def _restored(self, content: str) -> str:
        """A text with its formulas put back as they were written."""
        return _LIFTED.sub(lambda match: self.lifted[int(match[1])].written, content)

    def _words(self, content: str) -> Iterator[n.Inline]:
        for position, part in enumerate(_LIFTED.split(content)):
            if position % 2:
                node = self.lifted[int(part)].node
                yield from self._citation(node) if isinstance(node, _Cited) else (node,)
            elif part:
                yield n.Text(part)

    def _inline(self, tokens: Sequence[Token]) -> n.Inlines:
        found: list[n.Inline] = []
        at = 0
        while at < len(tokens):
            token, end = tokens[at], _closing(tokens, at)
            inside = tokens[at + 1 : end]
            match token.type:
                case "text" | "text_special":
                    found += self._words(token.content)
                case "softbreak":
                    found.append(n.Text("\n"))
                case "hardbreak":
                    found.append(n.Break())
                case "code_inline":
                    found.append(n.Code(self._restored(token.content)))
                case "em_open" | "strong_open":
                    kind = "emphasis" if token.type == "em_open" else "strong"
                    found.append(n.Marked(kind, self._inline(inside)))
                case "link_open":
                    found += link(self._restored(str(token.attrs.get("href", ""))), self._inline(inside))
                case "image":
                    found.append(self._picture(str(token.attrs.get("src", "")), self._restored(token.content)))
                case "footnote_ref":
                    found.append(n.Note(int(token.meta["id"]) + 1, self.source.notes))
                case "footnote_anchor":
                    pass
                case _:
                    found += self._words(token.content)
            at = end + 1
        return tuple(found)

    def _picture(self, address: str, words: str) -> n.Inline:
        """The picture, if it lies in the document's folder and is one; else what it was called."""
        problem = ""
        if re.match(r"\w+:|//", address):
            problem = "is not beside the document"
        elif self.source.folder is not None:
            folder = self.source.folder.resolve()
            file = (folder / unquote(address)).resolve()
            if not file.is_relative_to(folder):
                problem = "is not in the document's folder"
            elif file.suffix.lower() not in PICTURES:
                problem = "is no PNG or JPEG"
            elif not file.is_file():
                problem = "does not exist"
            elif file.stat().st_size > LARGEST_PICTURE:
                problem = "is too large"
            elif not _begins(file, PICTURES[file.suffix.lower()]):
                problem = "is not what its name says"
            else:
                return n.Picture(file, words)
        if problem:
            self.source.problems.append(f"{self.source.name}: the picture {address} {problem}; its words stand for it")
        return n.Text(f"[{words or 'picture'}: {address}]")


def link(address: str, inside: n.Inlines) -> n.Inlines:
    """A link of an allowed scheme or into the document; else its words and the address in brackets. No link stands
    within another."""
    scheme = urlsplit(address).scheme.lower() if not re.search(r"[\x00-\x20]", address) else "?"
    if scheme in SCHEMES or (not scheme and address[:1] == "#"):
        return (n.Link(address, unlinked(inside)),)
    where = "" if plain(inside) == address else f" ({address})"
    return (*inside, n.Text(where))


def unlinked(inside: n.Inlines, with_places: bool = True) -> n.Inlines:
    """The same words without links; without places and notes too, for a second time that they are shown."""
    found: list[n.Inline] = []
    for node in inside:
        match node:
            case n.Link(_, more):
                found += unlinked(more, with_places)
            case n.Marked(kind, more):
                found.append(n.Marked(kind, unlinked(more, with_places)))
            case n.Citation(place, more):
                more = unlinked(more, with_places)
                found += (n.Citation(place, more),) if with_places else more
            case n.Note() if not with_places:
                pass
            case _:
                found.append(node)
    return tuple(found)


def _formulas(markdown: str, code: Sequence[tuple[int, int]]) -> Iterator[re.Match[str]]:
    """The formulas between stretches of code."""
    for start, end in zip([0, *(b for _, b in code)], [*(a for a, _ in code), len(markdown)], strict=True):
        for match in _MATHEMATICS.finditer(markdown, start, end):
            inside = match[match.lastgroup or 0] if match["ref"] is None else ""
            if not inside or "\n\n" not in inside:  # else two dollars of different paragraphs
                yield match


def _hidden(markdown: str, spans: Sequence[tuple[int, int]]) -> str:
    """The text with stretches blotted out."""
    letters = list(markdown)
    for start, end in spans:
        letters[start:end] = _BLOT * (end - start)
    return "".join(letters)


def _begins(file: Path, magic: bytes) -> bool:
    with file.open("rb") as opened:
        return opened.read(len(magic)) == magic


def _closing(tokens: Sequence[Token], at: int) -> int:
    """The place of the token that closes this one, or its own where it opens nothing."""
    if tokens[at].nesting != 1:
        return at
    depth = 0
    for place in range(at, len(tokens)):
        depth += tokens[place].nesting
        if not depth:
            return place
    return len(tokens)


def _items(tokens: Sequence[Token]) -> Iterator[Sequence[Token]]:
    at = 0
    while at < len(tokens):
        end = _closing(tokens, at)
        yield tokens[at + 1 : end]
        at = end + 1


def plain(inside: n.Inlines) -> str:
    """The words of a paragraph alone.

    >>> plain((n.Text("a "), n.Marked("strong", (n.Text("b"),))))
    'a b'
    """
    found = []
    for node in inside:
        match node:
            case n.Text(text) | n.Code(text):
                found.append(text)
            case n.Marked(_, more) | n.Link(_, more) | n.Citation(_, more):
                found.append(plain(more))
            case n.Mathematics(source=source, tex=tex):
                found.append(source.strip("$") or tex)
            case n.Badge(_, words) | n.Picture(_, words):
                found.append(words)
            case _:
                pass
    return "".join(found)
