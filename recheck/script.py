"""The part of SMT-LIB 2 in which obligations are written: integers, their sums and products, comparisons, cases.

A script declares integer constants, asserts conditions on them and asks `(check-sat)`. Law: whatever else stands in a
file is an error, with its line; nothing is skipped but comments, `set-logic` and `set-info`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

Node = str | int | tuple["Node", ...]  # a symbol, a numeral, or an application

_TOKEN = re.compile(r"\s+|;[^\n]*|([()]|[^\s();|]+|\|[^|]*\|)")
_NUMERAL = re.compile(r"0|[1-9][0-9]{0,999}")  # Python reads no more than some thousands of digits
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*|\|[^|\\]*\|")
_RESERVED = {"_", "true", "false", "and", "or", "not", "xor", "ite", "let", "forall", "exists", "match", "par", "as",
             "distinct", "div", "mod", "abs"}  # fmt: skip
_ARGUMENTS = {"+": (1, None), "*": (1, None), "-": (1, 2), "ite": (3, 3)}
_COMPARISONS = ("=", "<=", ">=", "<", ">")
DEPTH = 200  # of nested parentheses


class ScriptError(Exception):
    """A file that is no such script: the line, and what is wrong there."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(f"line {line}: {message}")


@dataclass(frozen=True)
class Script:
    """The declared constants, in order, and the asserted conditions."""

    names: tuple[str, ...]
    asserted: tuple[Node, ...]

    @property
    def text(self) -> str:
        """The script again, without comments: what is given to solvers."""
        lines = [f"(declare-const {name} Int)" for name in self.names]
        lines += [f"(assert {written(part)})" for part in self.asserted]
        return "\n".join(lines) + "\n"


def written(node: Node) -> str:
    """A node as text.

    >>> written((">=", ("+", "n", ("-", 1)), 0))
    '(>= (+ n (- 1)) 0)'
    """
    return f"({' '.join(map(written, node))})" if isinstance(node, tuple) else str(node)


def read(text: str) -> Script:
    """The script that a text is.

    >>> read("(declare-const n Int)(assert (>= n 1))(check-sat)").names
    ('n',)
    >>> read("(declare-const n Real)")
    Traceback (most recent call last):
    recheck.script.ScriptError: line 1: a constant is declared as (declare-const NAME Int)
    """
    names: dict[str, None] = {}
    asserted: list[Node] = []
    asked = False
    for line, node in _nodes(text):
        if asked:
            raise ScriptError(line, "nothing follows (check-sat)")
        if not isinstance(node, tuple) or not node:
            raise ScriptError(line, "a command is expected")
        if node[0] == "declare-const":
            if len(node) != 3 or not isinstance(node[1], str) or node[2] != "Int":
                raise ScriptError(line, "a constant is declared as (declare-const NAME Int)")
            if node[1] in names:
                raise ScriptError(line, f"{node[1]} is declared twice")
            if not _NAME.fullmatch(node[1]) or node[1].strip("|") in (_RESERVED | {each.strip("|") for each in names}):
                raise ScriptError(line, f"{node[1]} is no name of its own")
            names[node[1]] = None
        elif node[0] == "assert" and len(node) == 2:
            _check_condition(node[1], names, line)
            asserted.append(node[1])
        elif node == ("check-sat",):
            asked = True
        elif node[0] not in ("set-logic", "set-info"):
            raise ScriptError(line, f"the command {written(node)[:40]} is not among those of obligations")
    if not asked:
        raise ScriptError(text.count("\n") + 1, "(check-sat) is missing")
    return Script(tuple(names), tuple(asserted))


def _nodes(text: str) -> Iterator[tuple[int, Node]]:
    """Each command with the line on which it begins."""
    stack: list[list[Node]] = []
    line = start = 1
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise ScriptError(line, f"{text[position]!r} is not expected")
        token = match.group(1)
        if token == "(":
            if not stack:
                start = line
            if len(stack) >= DEPTH:
                raise ScriptError(line, f"more than {DEPTH} nested parentheses")
            stack.append([])
        elif token == ")":
            if not stack:
                raise ScriptError(line, "a parenthesis is closed that is not open")
            done = tuple(stack.pop())
            if stack:
                stack[-1].append(done)
            else:
                yield start, done
        elif token is not None:
            if not stack:
                raise ScriptError(line, "a command is expected")
            stack[-1].append(int(token) if _NUMERAL.fullmatch(token) else token)
        line += match.group(0).count("\n")
        position = match.end()
    if stack:
        raise ScriptError(line, "a parenthesis is not closed")


def _check_condition(node: Node, names: dict[str, None], line: int) -> None:
    if node in ("true", "false"):
        return
    if not isinstance(node, tuple) or not node:
        raise ScriptError(line, f"{written(node)} is no condition")
    word, parts = node[0], node[1:]
    if word in ("and", "or") and parts:
        for part in parts:
            _check_condition(part, names, line)
    elif word == "not" and len(parts) == 1:
        _check_condition(parts[0], names, line)
    elif word in _COMPARISONS and len(parts) == 2:
        for part in parts:
            _check_term(part, names, line)
    else:
        raise ScriptError(line, f"{written(node)[:60]} is no condition")


def _check_term(node: Node, names: dict[str, None], line: int) -> None:
    if isinstance(node, int):
        return
    if isinstance(node, str):
        if node not in names:
            raise ScriptError(line, f"{node} is not declared")
        return
    least, most = _ARGUMENTS.get(node[0] if node and isinstance(node[0], str) else "", (0, 0))
    if not least or len(node) - 1 < least or (most is not None and len(node) - 1 > most):
        raise ScriptError(line, f"{written(node)[:60]} is no integer")
    parts = node[1:]
    if node[0] == "ite":
        _check_condition(parts[0], names, line)
        parts = parts[1:]
    for part in parts:
        _check_term(part, names, line)
