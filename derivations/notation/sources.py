r"""Where formulas stand in a text: displays in Markdown and LaTeX, lines of fenced code, with their offsets.

    $$ ... $$    \[ ... \]    \begin{align} ... \end{align} and its kin    ```matlab   ```python   lstlisting, minted

    $ ... $    \( ... \)    inside a sentence

Law: one pass over the text. Offsets are the text's own; what a fence, a comment or a verbatim block holds is no
display. A formula inside a sentence is one only where it stands in the paragraph that a block asks for, and has an =.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePath

from markdown_it import MarkdownIt

from derivations.language.source import SourceLine, Statement, lines_of
from derivations.notation.commands import ALIGNED

LANGUAGES = {
    **dict.fromkeys(("matlab", "octave", "m"), "matlab"),
    **dict.fromkeys(("python", "py", "python3", "numpy", "scipy", "torch", "pytorch", "ipython"), "python"),
}
ENVIRONMENT = "|".join(re.escape(name) for name in ALIGNED if name not in ("aligned", "split", "gathered"))
DELIMITER = re.compile(
    rf"(?P<dollars>\$\$)|(?P<open>\\\[)|(?P<close>\\\])|\\begin\{{(?P<begin>{ENVIRONMENT})\}}"
    rf"|\\end\{{(?P<end>{ENVIRONMENT})\}}|(?P<skip>\\\\|\\\$)"
)
VERBATIM = re.compile(
    r"\\begin\{(?P<name>verbatim|lstlisting|minted)\*?\}(?P<options>(?:\[[^\]\n]*\])?(?:\{[^}\n]*\})?)|"
    r"\\end\{(?P<end>verbatim|lstlisting|minted)\*?\}"
)
INLINE = re.compile(
    r"(?<![\\$])\$(?!\$)(?P<dollar>(?:[^$\\\n]|\\.|\n(?!\s*\n))+?)\$(?![$\d])|\\\((?P<round>(?:[^\\]|\\[^()])+?)\\\)"
)
TICKS = re.compile(r"`+")
TAG = re.compile(r"\\tag\*?\s*\{([^{}]*)\}")
QUOTED = re.compile(r"(?:[ \t]*>)+")
FENCE_MARK = re.compile(r"[^\S\n]*(?:>\s?)*[^\S\n]*(?:`{3,}|~{3,})")


@dataclass(frozen=True)
class Place:
    """A stretch of a text: a display (`latex`, `inside` a sentence or not) or a block of code (`matlab`, `python`)."""

    kind: str
    start: int
    end: int
    line: int
    last_line: int
    inside: bool = False


@dataclass(frozen=True)
class Text:
    """A whole text as a source of formulas: what to read (block quotes' marks blanked) and where each stretch is."""

    source: Statement
    places: tuple[Place, ...]
    prose: str = ""  # the text with everything blanked that is no sentence

    def before(self, line: int) -> Place | None:
        """The last display or code that ends before a line."""
        at = bisect_left(self.places, line, key=lambda place: place.last_line)
        return self.places[at - 1] if at else None

    def inline(self, line: int) -> list[Place]:
        """The equations inside the sentences of the paragraph that stands directly before a line."""
        lines = self.source.lines
        last = min(line - 1, len(lines))
        while last and not lines[last - 1].whole.strip():
            last -= 1
        first = last
        while first and lines[first - 1].whole.strip() and not FENCE_MARK.match(lines[first - 1].whole.strip()):
            first -= 1
        if first == last:
            return []
        start, end = self.source.starts[first], self.source.starts[last - 1] + len(self.source.lines[last - 1].content)
        found = []
        for match in INLINE.finditer(_without_code_spans(self.prose[start:end])):
            at, stop = (start + each for each in match.span(str(match.lastgroup)))
            if "=" in match[0] or r"\in" in match[0]:
                found.append(Place("latex", at, stop, _line(self.source, at), _line(self.source, stop - 1), True))
        return found

    def tagged(self, tag: str) -> list[Place]:
        """The displays with this \\tag."""
        return self._tags.get(tag, [])

    @cached_property
    def _tags(self) -> dict[str, list[Place]]:
        """The displays by their tags."""
        found: dict[str, list[Place]] = {}
        for place in self.places:
            tags = {each.strip() for each in TAG.findall(self.of(place))} if place.kind == "latex" else set()
            for tag in tags:
                found.setdefault(tag, []).append(place)
        return found

    def of(self, place: Place) -> str:
        """The text of a stretch."""
        return self.source.text[place.start : place.end]

    def code_lines(self, place: Place) -> list[tuple[int, int, int]]:
        """(number in the block, start, end) of the lines of a block of code that hold something."""
        found, at = [], place.start
        for number, line in enumerate(self.of(place).split("\n"), 1):
            if line.strip() and not line.lstrip().startswith(("%", "#", "//")):
                found.append((number, at, at + len(line)))
            at += len(line) + 1
        return found


def whole(text: str, file: str) -> Statement:
    """A text as one source with places."""
    lines = lines_of(text)
    starts, at = [], 0
    for line in lines:
        starts.append(at)
        at += len(line.content) + 1
    return Statement(text, file, tuple(lines), tuple(starts))


def find(text: str, file: str) -> Text:
    """The displays and code of a Markdown or LaTeX text.

    >>> [(place.kind, place.line) for place in find("$$ a = b $$\\n\\n```matlab\\nx = 1\\n```", "notes.md").places]
    [('latex', 1), ('matlab', 4)]
    """
    is_latex = PurePath(file).suffix.lower() in (".tex", ".latex", ".ltx")
    masked, code = _without_code_latex(text) if is_latex else _without_fences(text)
    source = whole(text, file)
    places = [*_placed(source, code), *_placed(source, displays(masked))]
    prose = _without(masked, places)
    read = _unquoted(text, places)
    lines = tuple(
        SourceLine(part, line.number, 0, line.whole) for part, line in zip(read.split("\n"), source.lines, strict=True)
    )
    ordered = tuple(sorted(places, key=lambda place: place.start))
    return Text(Statement(read, file, lines, source.starts), ordered, prose)


def _without_code_spans(text: str) -> str:
    """The text with what stands between equal runs of backticks blanked."""
    runs = [match.span() for match in TICKS.finditer(text)]
    later: dict[int, list[int]] = {}
    for number in reversed(range(len(runs))):
        later.setdefault(runs[number][1] - runs[number][0], []).append(number)
    pieces, at, number = [], 0, 0
    while number < len(runs):
        start, end = runs[number]
        same = later[end - start]
        while same and same[-1] <= number:
            same.pop()
        if same:
            pieces += [text[at:start], _blank(text[start : runs[same[-1]][1]])]
            at, number = runs[same[-1]][1], same[-1]
        number += 1
    return "".join([*pieces, text[at:]])


def _without(text: str, places: Sequence[Place]) -> str:
    """The text with these stretches and the marks around them blanked."""
    pieces, at = [], 0
    for place in sorted(places, key=lambda each: each.start):
        first, last = max(place.start - 2, at), min(place.end + 2, len(text))
        pieces += [text[at:first], _blank(text[first:last])]
        at = last
    return "".join([*pieces, text[at:]])


def _placed(source: Statement, found: Iterable[tuple[str, int, int]]) -> Iterator[Place]:
    for kind, start, end in found:
        yield Place(kind, start, end, _line(source, start), _line(source, max(start, end - 1)))


def _line(source: Statement, at: int) -> int:
    """The line of a character."""
    return bisect_right(source.starts, at)


def displays(masked: str) -> Iterator[tuple[str, int, int]]:
    """The stretches between the marks of displays, in one pass."""
    opened: tuple[str, int] | None = None
    for match in DELIMITER.finditer(masked):
        kind = match.lastgroup
        if kind == "skip":
            continue
        if opened is None:
            if kind in ("dollars", "open", "begin"):
                opened = (match["begin"] or kind, match.end())
            continue
        closes = match["end"] or {"dollars": "dollars", "close": "open"}.get(str(kind), "")
        if closes == opened[0]:
            yield "latex", opened[1], match.start()
            opened = None


def _without_fences(text: str) -> tuple[str, list[tuple[str, int, int]]]:
    """The text with its code blanked, and the blocks of code in a language that is read."""
    lines = text.split("\n")
    starts, at = [], 0
    for line in lines:
        starts.append(at)
        at += len(line) + 1
    starts.append(at)
    code: list[tuple[str, int, int]] = []
    parser = MarkdownIt("commonmark")
    parser.core.ruler.disable(["inline", "text_join"])
    masked = list(lines)
    for token in parser.parse(text):
        if token.type not in ("fence", "code_block") or token.map is None:
            continue
        first, last = token.map
        for number in range(first, min(last, len(lines))):
            masked[number] = " " * len(lines[number])
        language = (
            LANGUAGES.get(token.info.strip().split(" ")[0].strip("{}.").lower()) if token.type == "fence" else None
        )
        if language:
            closed = last - first >= 2 and FENCE_MARK.match(lines[min(last, len(lines)) - 1]) is not None
            code.append((language, starts[first + 1], max(starts[first + 1], starts[last - closed] - 1)))
    return "\n".join(masked), code


def _without_code_latex(text: str) -> tuple[str, list[tuple[str, int, int]]]:
    """The same for LaTeX: comments and verbatim blocks blanked; what stands before \\begin{document} is no text."""
    code: list[tuple[str, int, int]] = []
    pieces: list[str] = []
    at, opened = 0, None
    for match in VERBATIM.finditer(text):
        if opened is None and match["name"]:
            opened = match
            pieces.append(text[at : match.start()])
            at = match.start()
        elif opened is not None and match["end"] == opened["name"]:
            pieces.append(_blank(text[at : match.end()]))
            at = match.end()
            options = opened["options"].lower()
            language = next((known for word, known in LANGUAGES.items() if re.search(rf"\b{word}\b", options)), None)
            if language:
                start = text.find("\n", opened.end(), match.start()) + 1
                code.append((language, start or opened.end(), match.start()))
            opened = None
    pieces.append(text[at:])
    masked = re.sub(r"(?<!\\)%[^\n]*", lambda match: " " * len(match[0]), "".join(pieces))
    begin = masked.find(r"\begin{document}")
    return (_blank(masked[:begin]) + masked[begin:] if begin > 0 else masked), code


def _blank(text: str) -> str:
    return re.sub(r"[^\n]", " ", text)


def _unquoted(text: str, places: Sequence[Place]) -> str:
    """The text with the marks of block quotes blanked in stretches that stand in one."""
    pieces, at = [], 0
    for place in sorted(places, key=lambda each: each.start):
        line_start = text.rfind("\n", 0, place.start) + 1
        before = text[line_start : place.start] if place.kind == "latex" else text[place.start : place.end]
        if not QUOTED.match(before) or place.start < at:
            continue
        pieces.append(text[at : place.start])
        rows = text[place.start : place.end].split("\n")
        first = [rows[0]] if place.kind == "latex" else []
        rest = rows[1:] if first else rows
        blanked = [
            QUOTED.sub(lambda match: " " * len(match[0]), row, count=1) if QUOTED.match(row) else row for row in rest
        ]
        pieces.append("\n".join([*first, *blanked]))
        at = place.end
    pieces.append(text[at:])
    return "".join(pieces)
