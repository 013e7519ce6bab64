"""The parser: statements to lark trees with positions, and its complaints turned into errors a reader can
act on.

Law: the parser is built once, on first use; nothing is ever evaluated as Python. What it cannot see: what
a name means.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

from lark import Lark, Token, Tree
from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken

from derivations.language import limits
from derivations.language.errors import InputError
from derivations.language.source import Statement

STARTS = ["conditions", "dims", "tensors", "names", "loss", "choose", "reading", "definition", "test"]

Node = Tree[Token] | Token

WORDS = {
    "RPAR": "`)`",
    "LPAR": "`(`",
    "RSQB": "`]`",
    "LSQB": "`[`",
    "COMMA": "`,`",
    "EQUAL": "`=`",
    "COLON": "`:`",
    "WHERE": "`where`",
    "IN": "`in`",
    "_POWER": "`**`",
    "_RANGE": "`..`",
    "$END": "the end of the line",
    "NAME": "a name",
    "NUMBER": "a number",
    "COMPARE": "a comparison",
    "SIGN": "a sign",
}
OPERATORS = {"SIGN", "FACTOR", "AND", "OR", "TRANSPOSE", "PRIMES", "_POWER", "COMPARE", "LPAR", "LSQB"}

MINUS = "write - (the ASCII minus)"
NO_LATEX = "write the formula in the claim language, not in LaTeX"
CHARACTER_FIXES = {
    "^": "a power is written **",
    "≤": "write <=",
    "≥": "write >=",
    "≠": "write !=",
    "−": MINUS,
    "–": MINUS,
    "×": "write *",
    "·": "write *",
    "∗": "write * for the entrywise product, conv(x, k) for the convolution",
    "∘": "write *",
    "⊙": "write *",
    "⊗": "write kron(A, B)",
    "÷": "write /",
    "∑": "write sum[i](...)",
    "²": "write **2",
    "'": "a transpose is written A.T, a derivative f'(z)",
    '"': "leave out the quotes",
    "&": "write and",
    "|": "write or; a modulus is abs(x)",
    "!": "write not, or !=",
    "{": "write ( or [",
    "}": "write ) or ]",
    ";": "put each statement on its own line",
    "\\": NO_LATEX,
    "$": NO_LATEX,
    ".": "an operator is a function: rot180(A)",
    "\ufeff": "remove the byte order mark",
    "，": "write , in ASCII",
    "（": "write ( in ASCII",
    "）": "write ) in ASCII",
    "：": "write : in ASCII",
    "？": "remove it",
    "?": "remove it",
}


@cache
def parser() -> Lark:
    """The parser, built on first use."""
    grammar = files("derivations.language").joinpath("grammar.lark").read_text(encoding="utf-8")
    return Lark(grammar, parser="lalr", start=STARTS, propagate_positions=True, maybe_placeholders=True)


@lru_cache(maxsize=2048)
def _tree(start: str, text: str) -> Tree[Token]:
    """The tree of a text; a statement is read once for each reading, so that trees are kept and never changed."""
    return parser().parse(text, start=start)


def parse(start: str, statement: Statement, fix: str = "") -> Tree[Token]:
    """The tree of a statement under a start rule; raises InputError where it does not fit, with this fix where the
    error has none of its own."""
    try:
        tree = _tree(start, statement.text)
    except UnexpectedInput as error:
        explained = _explained(error, start, statement)
        fixed = explained.fix or fix
        raise InputError(explained.message, explained.place, explained.expected, fixed) from None
    if isinstance(tree, Token):
        tree = Tree("name", [tree])
    _check_depth(tree, statement)
    return tree


def _check_depth(tree: Tree[Token], statement: Statement) -> None:
    stack: list[tuple[Tree[Token], int]] = [(tree, 1)]
    while stack:
        node, depth = stack.pop()
        if depth > limits.TREE_DEPTH:
            raise statement.error(
                "operations are nested too deeply",
                *span(node),
                expected=f"at most {limits.TREE_DEPTH} levels (limit TREE_DEPTH)",
                fix="name the inner part by a definition in a given block",
            )
        inner = depth + _levels(node)
        stack += [(child, inner) for child in node.children if isinstance(child, Tree)]


def _levels(node: Tree[Token]) -> int:
    """How many operations a tree node nests: chains such as a.T.T and a @ b @ c nest from the left."""
    if node.data == "postfix":
        return len(node.children) - 1
    if node.data == "product":
        return 1 + len([sign for sign in node.children[1::2] if sign != "*"])
    return 1


def span(node: Any) -> tuple[int, int]:
    """The first character of a node and the one after its last."""
    if isinstance(node, Token):
        return int(node.start_pos or 0), int(node.end_pos or 0)
    return int(getattr(node.meta, "start_pos", 0)), int(getattr(node.meta, "end_pos", 1))


def _accepted(start: str, statement: Statement) -> set[str]:
    """The tokens that would have been right where the statement goes wrong."""
    tokens = []
    interactive = parser().parse_interactive(statement.text, start=start)
    try:
        for token in interactive.iter_parse():
            tokens.append(token)
    except UnexpectedToken as error:
        if tokens and tokens[-1].start_pos == error.token.start_pos:
            tokens.pop()
    except UnexpectedInput:
        pass
    # The token that failed may have made the parser reduce already; so feed the ones before it afresh.
    interactive = parser().parse_interactive("", start=start)
    for token in tokens:
        interactive.feed_token(token)
    return set(interactive.accepts())


def _explained(error: UnexpectedInput, start: str, statement: Statement) -> InputError:
    accepted = _accepted(start, statement)
    if isinstance(error, UnexpectedCharacters):
        return _character(error.pos_in_stream, accepted, statement)
    token = error.token if isinstance(error, UnexpectedToken) else Token("$END", "")
    if token.type == "$END":
        end = len(statement.text.rstrip())
        return statement.error("the statement ends too early", end, expected=_expected(accepted))
    fix = _token_fix(token, accepted, statement)
    return statement.error(f"unexpected `{token}`", *span(token), _expected(accepted), fix)


def _character(at: int, accepted: set[str], statement: Statement) -> InputError:
    text = statement.text
    character = text[at]
    fix = CHARACTER_FIXES.get(character, "")
    if text[at : at + 2] in (".*", "./", ".^"):
        fix = f"write {text[at + 1].replace('^', '**')}; it is already entrywise"
    if character == "." and text[at + 1 : at + 2].isdigit():
        fix = "write a digit before the point: 0.5"
    return statement.error(f"unexpected character `{character}`", at, at + 1, _expected(accepted), fix)


def _token_fix(token: Token, accepted: set[str], statement: Statement) -> str:
    if token.type == "EQUAL" and "COMPARE" in accepted:
        return "an equation is written =="
    if token.type == "COMPARE" and token == "==" and "EQUAL" in accepted:
        return "a definition is written with ="
    if token.type in ("NAME", "NUMBER") and "FACTOR" in accepted:
        return f"a product needs its sign: `* {token}`"
    if token.type == "PRIMES":
        quoted = statement.text[int(token.end_pos or 0) :][:1].isalpha()
        return CHARACTER_FIXES['"'] if quoted else CHARACTER_FIXES["'"]
    if token.type == "_RANGE":
        return "a slice is written a:b (b is left out); a range belongs to an index: i in a..b"
    if token.type == "FACTOR" and statement.text[: token.start_pos].rstrip().endswith("*"):
        return "a power is written **"
    return ""


def _expected(accepted: set[str]) -> str:
    """The acceptable tokens in a reader's words."""
    parts = []
    if {"NAME", "NUMBER", "SIGN"} <= accepted:
        parts.append("an expression")
        accepted = accepted - {"NAME", "NUMBER", "SIGN", "LPAR", "LSQB", "NOT"}
    if len(accepted & OPERATORS) > 3:
        parts.append("an operator")
        accepted = accepted - OPERATORS
    parts += sorted(WORDS.get(name, f"`{name.lower()}`") for name in accepted)
    return " or ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)


def pairs(tree: Any) -> Iterator[tuple[Token, Any]]:
    """The operators and operands after the first operand."""
    return zip(tree.children[1::2], tree.children[2::2], strict=True)


def ungrouped(tree: Any) -> Any:
    """A tree without the parentheses around it."""
    while tree.data == "group" and len(tree.children) == 1 and isinstance(tree.children[0], Tree):
        tree = tree.children[0]
    return tree
