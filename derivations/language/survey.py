r"""A dry run over a file: every display and code line with what it is read as, or why it is not; a skeleton of claims.

Law: nothing is judged here and nothing is written into the file. A formula is read under the context and the notation
in force where it stands, as `read above` would read it; where there is no context, its symbols are listed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from lark import Tree

from derivations.language import limits
from derivations.language.block import Block
from derivations.language.document import Document
from derivations.language.errors import InputError
from derivations.language.read import Sources
from derivations.language.scope import Scope
from derivations.language.types import ScopeTypes
from derivations.notation import names, sources
from derivations.notation.code import read_code
from derivations.notation.lexemes import lexemes
from derivations.notation.profile import Profile
from derivations.notation.reading import read_latex_each
from derivations.notation.structure import MOST_TOKENS, canonical, formulas_in, parse, rows_of, span
from derivations.notation.tokens import Scanner

SAYS = re.compile(r"(?:say what it is: )?(?P<line>\S.* is \.\.\.)(?:,? in a notation block)?\Z")
UNKNOWN = re.compile(r"`(?P<word>\\[A-Za-z]+)` is not known\Z")
COMMON = frozenset({r"\exp", r"\log", r"\ln", r"\tanh", r"\det", r"\max", r"\min", "e", "d", r"\mathrm{d}", "T"})


@dataclass(frozen=True)
class Formula:
    """A display or a line of code: its place, its text on one line, its reading or its error."""

    kind: str
    line: int
    last_line: int
    text: str
    reading: str = ""
    error: InputError | None = None


@dataclass(frozen=True)
class Survey:
    """What a file's formulas are read as, and the lines that its notation still lacks."""

    formulas: tuple[Formula, ...]
    missing: tuple[str, ...]
    has_context: bool


def survey(text: str, file: str, beside: Document | None = None) -> Survey:
    """The dry run over a text; raises InputError only where the file as a whole cannot be read. `beside`: a document
    whose last context and notation hold where the text has none of its own."""
    is_markdown = not file.endswith((".tex", ".latex", ".ltx"))
    document = Document.parse_in_part(text, file) if is_markdown else Document(file)
    found = Sources(text, file).found
    count = sum(1 if place.kind == "latex" else len(found.code_lines(place)) for place in found.places)
    if count > limits.CLAIMS:
        raise InputError(f"{count} formulas", found.source.place(0), f"at most {limits.CLAIMS} (limit CLAIMS)")
    formulas: list[Formula] = []
    symbols: list[str] = []
    blocks = [*(replace(block, first=0) for block in (beside.blocks if beside else ())), *document.blocks]
    has_context = any(block.kind == "given" for block in blocks)
    for place, types, profile in _in_force(blocks, found.places):
        formulas += _formulas(found, place, types, profile)
        if not has_context and place.kind == "latex":
            symbols += _symbols(found.source, place.start, place.end, profile)
    lines = [_missing(each.error) for each in formulas if each.error is not None]
    if not has_context:
        lines = [f"{symbol} is ..." for symbol in symbols]
    return Survey(tuple(formulas), tuple(dict.fromkeys(line for line in lines if line)), has_context)


def _in_force(
    blocks: Sequence[Block], places: Sequence[sources.Place]
) -> Iterator[tuple[sources.Place, ScopeTypes, Profile]]:
    """Each formula with the context and the notation at its line; those of the next blocks where none stands before."""
    contexts = [block for block in blocks if block.given is not None]
    notations = [block for block in blocks if block.profile is not None]
    types, of = ScopeTypes(Scope()), None
    at = [0, 0]  # how many contexts and notations stand before the line
    for place in places:
        for kind, blocks in enumerate((contexts, notations)):
            while at[kind] < len(blocks) and blocks[at[kind]].first <= place.line:
                at[kind] += 1
        context = contexts[max(at[0] - 1, 0)] if contexts else None
        if context is not of and context is not None and context.given is not None:
            types, of = ScopeTypes(context.given.scope({})), context
        notation = notations[max(at[1] - 1, 0)].profile if notations else None
        yield place, types, notation or Profile()


def _formulas(found: sources.Text, place: sources.Place, types: ScopeTypes, profile: Profile) -> Iterator[Formula]:
    if place.kind == "latex":
        whole = _formula(found, place, place.start, place.end, types, profile)
        parts = _parts(found.source, place, profile) if whole.error is not None else []
        yield from (_formula(found, place, *part, types, profile, "row") for part in parts)
        if not parts:
            yield whole
        return
    for _, start, end in found.code_lines(place):
        yield _formula(found, place, start, end, types, profile)


def _formula(
    found: sources.Text,
    place: sources.Place,
    start: int,
    end: int,
    types: ScopeTypes,
    profile: Profile,
    kind: str = "",
) -> Formula:
    source = found.source
    first, text = source.place(start).line, " ".join(source.text[start:end].split())
    line = place.line if place.kind == "latex" and not kind else first
    kind = kind or ("display" if place.kind == "latex" else place.kind)
    try:
        if place.kind == "latex":
            readings = [each.text for _, each in read_latex_each(source, start, end, profile, types)]
        else:
            readings = [read_code(source, start, end, place.kind, profile, types, needs_left=False).text]
        return Formula(kind, line, place.last_line, text, "   or   ".join(readings))
    except InputError as error:
        return Formula(kind, line, place.last_line, text, "", error)


def _parts(source: Any, place: sources.Place, profile: Profile) -> list[tuple[int, int]]:
    """The formulas of a display of several, which its alignment marks part; none where they do not."""
    if place.end - place.start > limits.STATEMENT_CHARACTERS:
        return []
    while True:
        try:
            lexed = lexemes(source, place.start, place.end)
            scanned = Scanner(source, lexed, profile.known_words, splits=False).scan()
            return formulas_in(list(rows_of(scanned))) if len(scanned) <= MOST_TOKENS else []
        except InputError as error:
            unknown = UNKNOWN.match(error.message)  # a row will say so; a letter stands for it here
            if unknown is None:
                return []
            word = unknown["word"]
            stand_in = re.sub(rf"{re.escape(word)}(?![A-Za-z])", "q".ljust(len(word)), source.text)
            if stand_in == source.text:
                return []
            source = replace(source, text=stand_in)


def _symbols(source: Any, start: int, end: int, profile: Profile) -> Iterator[str]:
    """The left sides of notation lines that a display needs: its symbols with their labels, its words with places."""
    if end - start > limits.STATEMENT_CHARACTERS:
        return
    try:
        scanner = Scanner(source, lexemes(source, start, end), profile.known_words, splits=False)
        scanned = scanner.scan()
        if len(scanned) > MOST_TOKENS:
            return
        rows = [row.tokens for row in rows_of(scanned)]
        stretches = [(int(row[0].start_pos), int(row[-1].end_pos)) for row in rows]
        trees = [parse(source, *stretch, profile.known_words, splits=False).tree for stretch in stretches]
    except InputError:
        return
    for tree in trees:
        yield from _symbols_in(tree, source)


def _symbols_in(node: Any, source: Any) -> Iterator[str]:
    """The symbols of a tree, those in subscripts and superscripts left out."""
    children = [child for child in node.children if isinstance(child, Tree)]
    for number, child in enumerate(children):
        if child.data == "factor":
            following = children[number + 1] if number + 1 < len(children) else None
            yield from _symbol(child, following, source)
            if child.children[0].data not in ("symbol", "word"):
                yield from _symbols_in(Tree("atom", [child.children[0]]), source)
        elif child.data not in ("sub", "sup", "prime", "operator"):
            yield from _symbols_in(child, source)


def _symbol(factor: Any, following: Any, source: Any) -> Iterator[str]:
    atom, base = factor.children[0], canonical(factor.children[0])
    if atom.data not in ("symbol", "word", "accent") or base in COMMON:
        return
    shown = source.text[slice(*span(atom))]
    if atom.data == "word":
        is_applied = following is not None and following.data == "factor" and following.children[0].data == "group"
        count = len(names.entries(following.children[0])) if is_applied else 0
        yield f"{shown}({', '.join('XYZ'[:count])})" if is_applied else shown
        return
    labels = [trail for trail in factor.children[1:] if trail.data == "sup"]
    kept = [each for each in labels if not re.fullmatch(r"T|\\top|-?\d+|\\circ.*", canonical(each.children[1]))]
    yield shown + "".join(source.text[slice(*span(each))] for each in kept)


def _missing(error: InputError) -> str:
    """The line of a notation block that an error asks for, with a place to fill in."""
    match = SAYS.match(error.fix)
    return match["line"] if match else ""


def skeleton(text: str, file: str) -> str:
    """A document of claims begun from a file: its formulas, each with a claim that reads it, and what is to be said."""
    found = survey(text, file)
    declared = [line.removesuffix(" is ...") for line in found.missing]
    lines = [
        f"# Claims of {file}",
        "",
        "```given",
        "dims m, n   # the sizes",
        "# tensor W[m, n], x[n, 1]",
        "# loss J(z)",
    ]
    lines += ["```", "", "```notation", *(f"# {symbol} is ..." for symbol in declared), "```", ""]
    for number, each in enumerate(found.formulas, 1):
        fence = {"matlab": "```matlab", "python": "```python"}.get(each.kind, "$$")
        close = "$$" if fence == "$$" else "```"
        shown = each.text if fence != "$$" else _alone(each.text)
        lines += [f"Line {each.line} of {file}:", "", fence, shown, close, ""]
        lines += [
            "```remark " + f"formula-{number}",
            "To be read: write `claim` for `remark`, and `read above` for this text.",
        ]
        lines += ["```", ""]
    return "\n".join(lines)


def _alone(tex: str) -> str:
    """What stood in a display, as one that LaTeX sets by itself: several rows stay aligned, one needs no marks."""
    if r"\\" in tex:
        return rf"\begin{{aligned}} {tex} \end{{aligned}}"
    return tex if r"\begin" in tex else re.sub(r"(?<!\\)&\s*", "", tex)
