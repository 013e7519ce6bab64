r"""Tokens of a display to a tree: Lark's grammar, fed by the scanner that asks which words are known.

Law: a tree keeps the offsets of every token. Rows of an `align` become one chain where each begins with a relation or a
sign; rows that are formulas of their own are not joined.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from lark import Lark, Token
from lark.exceptions import UnexpectedInput, UnexpectedToken
from lark.lexer import Lexer

from derivations.language import limits
from derivations.language.errors import InputError
from derivations.language.source import Statement
from derivations.notation.lexemes import lexemes
from derivations.notation.tokens import Scanner

Node = Any  # a lark tree
MOST_TOKENS = 6_000  # a page of formulas has a tenth; so many are read in about a second


class Scanned(Lexer):  # type: ignore[misc]  # lark has no types here
    """Lark's lexer: the tokens that the scanner made under a profile."""

    def __init__(self, _: Any) -> None:
        pass

    def lex(self, tokens: Any) -> Iterator[Token]:
        """The tokens, as they are."""
        return iter(tokens)


@cache
def parser() -> Lark:
    """The parser, built on first use."""
    grammar = files("derivations.notation").joinpath("grammar.lark").read_text(encoding="utf-8")
    return Lark(
        grammar, parser="lalr", lexer=Scanned, start=["chain"], propagate_positions=True, maybe_placeholders=True
    )


@dataclass(frozen=True)
class Parsed:
    """The tree of one display, and the runs of letters that single letters were taken from."""

    tree: Node
    runs: dict[int, str]


def parse(
    source: Statement, start: int, end: int, known: Collection[str], splits: bool = True, tag: str | None = None
) -> Parsed:
    """The tree of a stretch of LaTeX; `known` are the words that are one name; `tag`: of the row with this \\tag.

    Raises InputError.
    """
    if end - start > limits.STATEMENT_CHARACTERS:
        raise source.error(
            f"a display of {end - start} characters",
            start,
            expected=f"at most {limits.STATEMENT_CHARACTERS} (limit STATEMENT_CHARACTERS)",
        )
    scanner = Scanner(source, lexemes(source, start, end), known, splits)
    scanned = scanner.scan()
    if len(scanned) > MOST_TOKENS:
        raise source.error(f"a display of {len(scanned)} symbols", start, expected=f"at most {MOST_TOKENS}")
    rows = list(rows_of(without_gaps(source, scanned)))
    tokens = without_end(joined(source, rows) if tag is None else tagged(source, rows, tag))
    if not tokens:
        raise source.error("an empty display", start, end, "a formula")
    try:
        tree = parser().parse(tokens, start="chain")
    except UnexpectedInput as error:
        raise explained(source, error, end) from None
    _check_scripts(source, tree)
    return Parsed(tree, scanner.runs)


def _check_scripts(source: Statement, tree: Node) -> None:
    """`x_1_2` and `x^2^3` are no LaTeX."""
    for part in tree.iter_subtrees():
        seen: set[str] = set()
        for trail in part.children if part.data in ("factor", "operator") else ():
            if getattr(trail, "data", "") in ("sub", "sup"):
                if trail.data in seen:
                    what = "subscripts" if trail.data == "sub" else "superscripts"
                    raise source.error(f"two {what} on one symbol", *span(trail), "one", "put braces around")
                seen.add(trail.data)


def without_end(tokens: list[Token]) -> list[Token]:
    """The tokens without the comma or full stop of the sentence that the display ends."""
    while tokens and tokens[-1].type in ("COMMA", "SEMI", "STOP"):
        tokens.pop()
    return tokens


def without_gaps(source: Statement, tokens: Sequence[Token]) -> list[Token]:
    """The tokens without `\\quad` at the ends of rows and beside =; elsewhere it parts two formulas."""
    found = []
    kept = [*tokens, Token("ROW", "")]
    for at, token in enumerate(kept[:-1]):
        if token.type != "GAP":
            found.append(token)
            continue
        before = found[-1].type if found else "ROW"
        after = next(each for each in kept[at + 1 :] if each.type not in ("GAP", "TAG"))
        if not {before, after.type} & {"EQ", "AMP", "ROW", "COMMA", "SEMI", "LBRACE", "RBRACE"}:
            raise two_formulas(source, after)
    return found


@dataclass(frozen=True)
class Row:
    """One row of a display: its tokens without alignment marks, and its \\tag."""

    tokens: list[Token]
    tag: str | None
    other: Token | None  # where a second formula begins in the row
    is_aligned: bool = False  # a left side, an alignment mark, =: the row is a formula of its own

    @property
    def continues(self) -> bool:
        """Whether it begins with a relation or a sign, and so belongs to the row before."""
        return self.tokens[0].type in ("EQ", "SIGN", "OP")


def rows_of(tokens: Sequence[Token]) -> Iterator[Row]:
    """The rows of a display; those of matrices stay inside."""
    matrices, tag = 0, None
    row: list[Token] = []
    marks: list[int] = []  # where alignment marks stand in the row
    for token in [*without_case_ends(tokens), Token("ROW", "")]:
        matrices += (token.type in ("BEGIN", "CASES")) - (token.type == "END")
        if token.type == "TAG":
            tag = str(token)
        elif token.type == "ROW" and not matrices:
            if kept := [each for number, each in enumerate(row) if number not in marks]:
                is_aligned = 0 < min(marks, default=0) < len(row) - 1 and row[marks[0] + 1].type == "EQ"
                yield Row(kept, tag, _other_column(row, marks), is_aligned)
            row, tag, marks = [], None, []
        else:
            if token.type == "AMP" and not matrices:
                marks.append(len(row))
            row.append(token)


def _other_column(row: Sequence[Token], marks: Sequence[int]) -> Token | None:
    """The token after a mark that parts two formulas of one row: it has = on both sides but none beside it, or stands
    between two factors."""
    equals = [number for number, token in enumerate(row) if token.type == "EQ"]
    for at in marks:
        around = {row[number].type for number in (at - 1, at + 1) if 0 <= number < len(row)}
        if 0 < at < len(row) - 1 and not around & {"EQ", "SIGN", "OP", "REL", "IN", "AMP"}:
            return row[at + 1]
        beside = {at - 1, at + 1} & set(equals)
        if not beside and any(number < at for number in equals) and any(number > at for number in equals):
            return row[at + 1]
    return None


def formulas_in(rows: Sequence[Row]) -> list[tuple[int, int]]:
    r"""Where the formulas of a display of several begin and end; none where its alignment marks do not part them: in
    each row stands `left &= right`, or it begins with a relation or sign and continues the row before."""
    found: list[list[int]] = []
    for row in rows:
        end = int(row.tokens[-1].end_pos or 0)
        if row.continues and found:
            found[-1][1] = end
        elif not row.is_aligned:
            return []
        else:
            found.append([int(row.tokens[0].start_pos or 0), end])
        if row.other is not None:
            at = row.tokens.index(row.other)
            if "EQ" not in {token.type for token in row.tokens[at:]} or row.tokens[at].type in ("EQ", "SIGN", "OP"):
                return []
            found[-1][1] = int(row.tokens[at - 1].end_pos or 0)
            found.append([int(row.other.start_pos or 0), end])
    return [(start, end) for start, end in found] if len(found) > 1 else []


def without_case_ends(tokens: Sequence[Token]) -> list[Token]:
    """The tokens without the commas and full stops that end a value or a condition in `cases`."""
    found: list[Token] = []
    opened: list[str] = []
    for token in tokens:
        if token.type in ("BEGIN", "CASES"):
            opened.append(token.type)
        if opened[-1:] == ["CASES"] and token.type in ("AMP", "ROW", "END"):
            found = without_end(found)
        if token.type == "END" and opened:
            opened.pop()
        found.append(token)
    return found


def joined(source: Statement, rows: Sequence[Row]) -> list[Token]:
    """The tokens of all rows as one formula; raises InputError where a row is a formula of its own."""
    for number, row in enumerate(rows):
        _check_row(source, row, bool(number))
        if number and not row.continues:
            raise two_formulas(source, row.tokens[0])
    return [token for row in rows for token in row.tokens]


def _check_row(source: Statement, row: Row, is_further: bool) -> None:
    """A row that holds two formulas, or that begins with a sign and has an = after it: `A = B \\\\ -C = D`."""
    if row.other is not None:
        raise two_formulas(source, row.other)
    first = row.tokens[0]
    if is_further and first.type == "SIGN" and any(token.type == "EQ" for token in row.tokens):
        what = "this row goes on with the one before, or is a formula of its own?"
        fix = "begin the row with =, or give the formula a display of its own"
        raise source.error(what, int(first.start_pos or 0), int(first.end_pos or 0), "", fix)


def tagged(source: Statement, rows: Sequence[Row], tag: str) -> list[Token]:
    """The formula with a tag: its own rows, with the first side of its chain where they begin with =."""
    at = next(number for number, row in enumerate(rows) if row.tag == tag)
    first = at
    while first and rows[first].tokens[0].type in ("SIGN", "OP"):
        first -= 1
    last = at
    while last + 1 < len(rows) and rows[last + 1].tokens[0].type in ("SIGN", "OP"):
        last += 1
    for number, row in enumerate(rows[first : last + 1]):
        _check_row(source, row, bool(number))
    own = [token for row in rows[first : last + 1] for token in row.tokens]
    if own[0].type != "EQ":
        return own
    head = first
    while head and rows[head].continues:
        head -= 1
    side = []
    for token in rows[head].tokens:
        if token.type == "EQ":
            break
        side.append(token)
    return [*side, *own]


def two_formulas(source: Statement, token: Token) -> InputError:
    """The error for a display that holds several formulas."""
    return source.error(
        "a second formula in one display",
        int(token.start_pos or 0),
        int(token.end_pos or 0),
        "one formula, or a chain whose further lines begin with =",
        "give each a display of its own, or a \\tag and `read (1)`",
    )


SIGNS = {"EQ": "`=`", "COMMA": "`,`", "SEMI": "`;`", "$END": "the end", "AMP": "`&`", "COLON": "`:`"}


def explained(source: Statement, error: UnexpectedInput, end: int) -> InputError:
    """A parse error in a reader's words."""
    token = error.token if isinstance(error, UnexpectedToken) else Token("$END", "")
    if token.type == "$END":
        return source.error("the formula ends too early", max(end - 1, 0), end, "an operand")
    if token.type in ("COMMA", "SEMI", "REL"):
        start, stop = int(token.start_pos or 0), int(token.end_pos or 0)
        if token.type == "REL":
            return source.error("a relation that is not =", start, stop, "an equation", "put conditions into `where`")
        return two_formulas(source, token)
    text = source.text[int(token.start_pos or 0) : int(token.end_pos or 0)]
    return source.error(
        f"unexpected `{text}`", int(token.start_pos or 0), int(token.end_pos or 0), "an operand or an operator"
    )


def span(node: Any) -> tuple[int, int]:
    """The first character of a tree or token and the one after its last."""
    if isinstance(node, Token):
        return int(node.start_pos or 0), int(node.end_pos or 0)
    return int(getattr(node.meta, "start_pos", 0)), int(getattr(node.meta, "end_pos", 1))


def canonical(node: Any) -> str:
    r"""A tree as one text that is equal for equal notation: spaces, fonts and braces that group nothing are gone.

    `\delta_{l}`, `\boldsymbol\delta_l` and `\delta _l` are `\delta_{l}`.
    """
    if node is None:
        return ""
    if isinstance(node, Token):
        return str(node)
    if node.data == "brace":
        return canonical(node.children[1]) if len(node.children) == 3 else ""
    if node.data in ("sub", "sup"):
        return ("_" if node.data == "sub" else "^") + "{" + canonical(node.children[1]) + "}"
    if node.data in ("frac", "root", "accent"):
        head = {"frac": r"\frac", "root": r"\sqrt"}.get(node.data, str(node.children[0]))
        return head + "".join("{" + canonical(child) + "}" for child in node.children[1:])
    return "".join(canonical(child) for child in node.children)
