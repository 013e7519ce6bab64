"""What stands under a cursor, and what may be written there: shapes, index forms, operators, declarations, words.

Law: only the context in force at the cursor is read, so that an answer takes as long in a long document as in a short
one; nothing is judged. Where the context has an error, what stands of it is used. Lines count from 1, columns from 0.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from sympy import Expr

from derivations.editing.findings import Span
from derivations.formulas.claims import Context, Link
from derivations.formulas.expressions import Definition, Expression, Loss, SizeTuple, Tensor
from derivations.formulas.text import to_text
from derivations.language.document import Document
from derivations.language.markdown import Fence, fences
from derivations.meaning.functions import KNOWN
from derivations.meaning.lowering import Unsupported
from derivations.operators import ALIASES, OPERATORS
from derivations.reference.operators import entry
from derivations.reference.operators import text as reference
from derivations.show.index_form import NotASum, index_form

WORD = re.compile(r"[^\W\d]\w*")
KEYWORDS = {
    "given": {
        "dims": "sizes: dims H, W, m, n where m <= H",
        "tensor": "data: tensor x[H, W]",
        "scalar": "a number: scalar b",
        "function": "any differentiable function of one variable: function f",
        "loss": "any differentiable function of a definition: loss J(z)",
        "choose": "an ambiguous notation: choose star in conv, corr",
        "assume": "a condition on the data: assume x > 0",
        "where": "a condition on sizes: where m <= H",
    },
    "claim": {
        "where": "a condition of this claim",
        "expect": "what is expected: expect holds where m == 1",
        "reading": "the reading that is meant: reading star = conv",
        "misprint": "what the source misprints",
    },
}
WORDS = {
    "grad": "grad(J, w): the gradient of a loss, of the shape of w",
    "jacobian": "jacobian(y, x): rows are entries of y, columns entries of x",
    "d": "d(z, w): the differential of z by w",
    "shape": "shape(A): the sizes of a tensor; shape(A)[0] the first",
}
BLOCKS = ("given", "given continue", "claim NAME", "remark NAME", "notation")


@dataclass(frozen=True)
class Hover:
    """What is shown over a word, as Markdown."""

    span: Span
    text: str


@dataclass(frozen=True)
class Completion:
    """A word that may be written: what it is (operator, function, name, size, keyword), and what it means."""

    word: str
    kind: str
    detail: str


@dataclass(frozen=True)
class _Place:
    """The block in which a cursor stands, and the context in force there; readings are taken as the first one."""

    fence: Fence
    context: Context
    givens: tuple[Fence, ...]


def hover(text: str, line: int, column: int) -> Hover | None:
    """What the word under the cursor means: its shape, one entry by index, an operator's entry."""
    place, span = _place(text, line), _word(text, line, column)
    if place is None or span is None:
        return None
    word = text.split("\n")[line - 1][span.column : span.last_column]
    shown = _meaning(word, place.context)
    return Hover(span, shown) if shown else None


def definition(text: str, line: int, column: int) -> Span | None:
    """Where the word under the cursor is declared."""
    place, span = _place(text, line), _word(text, line, column)
    if place is None or span is None:
        return None
    word = text.split("\n")[line - 1][span.column : span.last_column]
    for fence in reversed(place.givens):
        for each in fence.lines:
            at = _declares(each.content, word)
            if at is not None:
                column = each.offset + at
                return Span(each.number, column, each.number, column + len(word))
    return None


def completions(text: str, line: int, column: int) -> list[Completion]:
    """What may be written at the cursor: names of the context first, then operators and functions; kinds of blocks
    behind a fence."""
    written = text.split("\n")[line - 1][:column]
    if re.match(r"\s*(?:`{3,}|~{3,})\s*\w*\Z", written):
        return [Completion(word, "keyword", "a block of gradproof") for word in BLOCKS]
    place = _place(text, line)
    if place is None or place.fence.kind not in KEYWORDS:
        return []
    keywords = KEYWORDS[place.fence.kind] if re.match(r"\s*\w*\Z", written) else {}
    found = [Completion(word, "keyword", detail) for word, detail in keywords.items()]
    found += _names(place.context)
    found += [
        Completion(row.name, "operator", f"{row.name}{row.signature}: {row.reference}") for row in OPERATORS.values()
    ]
    found += [Completion(word, "function", f"{word}(x), entry by entry") for word in KNOWN]
    return [*found, *(Completion(word, "operator", detail) for word, detail in WORDS.items())]


# -- places -----------------------------------------------------------------------------------------------------------


def _word(text: str, line: int, column: int) -> Span | None:
    """The word under the cursor, or that ends at it."""
    lines = text.split("\n")
    if not 1 <= line <= len(lines):
        return None
    for match in WORD.finditer(lines[line - 1]):
        if match.start() <= column <= match.end():
            return Span(line, match.start(), line, match.end())
    return None


@lru_cache(maxsize=16)
def _place(text: str, line: int) -> _Place | None:
    """The block at a line and its context: of a document only the blocks from its `given` on are read."""
    ours = [each for each in fences(text, "") if isinstance(each, Fence)]
    here = next((each for each in ours if each.first <= line <= each.last), None)
    if here is None:
        return None
    givens: list[Fence] = []
    for each in ours:
        if each.kind == "given" and each.first <= here.first:
            givens = [*givens, each] if each.continues else [each]
    lines = text.split("\n")
    parts = ["\n".join(lines[each.first - 1 : each.last]) for each in givens]
    return _Place(here, _context("\n\n".join(parts)), tuple(givens))


@lru_cache(maxsize=16)
def _context(text: str) -> Context:
    """The last context of a text, in its first reading; what stands of it where it has an error."""
    blocks = Document.parse_in_part(text).blocks
    contexts = [block.contexts for block in blocks if block.contexts]
    if contexts and not any(block.errors for block in blocks):
        return contexts[-1][0][1]
    lines = text.split("\n")
    if len(lines) < 4:
        return contexts[-1][0][1] if contexts else Context()
    wrong = {error.line for block in blocks for error in block.errors}
    kept = [each for number, each in enumerate(lines, 1) if number not in wrong or each.lstrip().startswith("```")]
    return _context("\n".join(kept)) if len(kept) < len(lines) else Context()


# -- meanings ---------------------------------------------------------------------------------------------------------


def _meaning(word: str, context: Context) -> str:
    for dim in context.dims:
        if dim.name == word:
            about = [to_text(each) for each in context.conditions if word in WORD.findall(to_text(each))]
            return _code(f"{word}: a size, at least {dim.least}", *(f"where {each}" for each in about))
    if word in context.abbreviations:
        return _code(f"{word} = {to_text(context.abbreviations[word])}")
    if word in context.names:
        return _code(*_of_name(word, context.names[word], context))
    if word in context.functions:
        return _code(f"{word}: any differentiable function of one variable")
    if ALIASES.get(word, word) in OPERATORS:
        return _code(*reference(entry(ALIASES.get(word, word))).split("\n"))
    if word in KNOWN:
        return _code(f"{word}(x), entry by entry")
    return _code(WORDS[word]) if word in WORDS else ""


def _of_name(word: str, node: Tensor | Definition | Loss, context: Context) -> Iterator[str]:
    if isinstance(node, Loss):
        yield f"{word}: any differentiable function of {node.of}"
        return
    yield f"{word}: {shape_of(node)}"
    if isinstance(node, Definition):
        yield f"{word} = {to_text(node.body)}"
        yield from _by_index(word, node, context)


def _by_index(word: str, node: Definition, context: Context) -> Iterator[str]:
    try:
        first, *rest = index_form(node.body, Link(node.body, node.body, (), ""), context)
    except (NotASum, Unsupported, ValueError, LookupError):
        return
    yield f"{word}{first.removeprefix('entry ')}" if first.startswith("entry [") else f"{word} = {first}"
    yield from (f"    {line}" for line in rest)


def shape_of(node: Expression) -> str:
    """`(H - m + 1) × W`, or scalar.

    >>> from sympy import Symbol
    >>> shape_of(Tensor("a", (2, 3)))
    '2 × 3'
    """
    if isinstance(node, SizeTuple):
        return "a shape"
    sizes: list[Expr] = list(node.shape)
    texts = [to_text(size) for size in sizes]
    return " × ".join(f"({each})" if " " in each and len(texts) > 1 else each for each in texts) or "scalar"


def _names(context: Context) -> Iterator[Completion]:
    for dim in context.dims:
        yield Completion(dim.name, "size", f"a size, at least {dim.least}")
    for word in context.abbreviations:
        yield Completion(word, "size", f"= {to_text(context.abbreviations[word])}")
    for word in context.functions:
        yield Completion(word, "function", "any differentiable function of one variable")
    for word, node in context.names.items():
        yield Completion(word, "name", next(_of_name(word, node, context)).partition(": ")[2])


def _declares(line: str, word: str) -> int | None:
    """The column at which a line of a context declares a word."""
    text = line.split("#", 1)[0]
    match = re.match(r"\s*(?P<kind>dims|tensor|scalar|function|loss|choose)\s+(?P<rest>.*)", text)
    if match:
        rest = re.split(r"\b(?:where|in)\b", match["rest"])[0] if match["kind"] in ("dims", "choose") else match["rest"]
        bare = re.sub(r"[\[(][^\])]*[\])]?", lambda found: " " * len(found[0]), rest)
        found = re.search(rf"(?<!\w){re.escape(word)}(?!\w)", bare)
        return None if found is None else match.start("rest") + found.start()
    defined = re.match(rf"\s*(?P<word>{re.escape(word)})\s*(?:\[[^\]]*\])?\s*=(?!=)", text)
    return None if defined is None else defined.start("word")


def _code(*lines: str) -> str:
    return "\n".join(["```text", *lines, "```"])
