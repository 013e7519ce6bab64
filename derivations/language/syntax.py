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

from derivations.language import fixes, limits
from derivations.language.errors import InputError
from derivations.language.source import Statement
from derivations.language.tables import lalr

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

@cache
def parser() -> Lark:
    """The parser, made on first use."""
    grammar = files("derivations.language").joinpath("grammar.lark").read_text(encoding="utf-8")
    return lalr(grammar, start=STARTS, propagate_positions=True, maybe_placeholders=True)


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
        return _character(start, error.pos_in_stream, accepted, statement)
    token = error.token if isinstance(error, UnexpectedToken) else Token("$END", "")
    if token.type == "$END":
        end = len(statement.text.rstrip())
        fix = fixes.STATEMENTS.get((start, "$END"), "")
        return statement.error("the statement ends too early", end, expected=_expected(accepted), fix=fix)
    fix = fixes.token(start, token, accepted, statement.text)
    return statement.error(f"unexpected `{token}`", *span(token), _expected(accepted), fix)


def _character(start: str, at: int, accepted: set[str], statement: Statement) -> InputError:
    fix = fixes.character(start, statement.text, at)
    return statement.error(f"unexpected character `{statement.text[at]}`", at, at + 1, _expected(accepted), fix)


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
