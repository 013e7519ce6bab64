"""Calls of operators: the written arguments bound to the signature, each turned into what its parameter
takes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from lark import Token, Tree
from sympy import Integer

from derivations.formulas.expressions import ByIndex, Expression, IndexRange, ShapeError, SizeTuple
from derivations.language import habits
from derivations.language.arithmetic import is_integer_expression
from derivations.language.errors import did_you_mean
from derivations.language.reader import Reader
from derivations.language.scope import MODES
from derivations.operators import OPERATORS, Operator, Parameter, apply

Written = tuple[Parameter, Any, list[Any]]  # a parameter, the tree of its argument, trees of further pairs


def operator(
    elaborator: Reader, word: str, name: Token, call: Any, each: Callable[[Expression], Expression] | None = None
) -> Expression:
    """The formula `name(arguments)` of an operator of the table, of its data arguments or a function of each."""
    row = OPERATORS[word]
    written, keywords = _bound(elaborator, row, name, call)
    rank = 0
    positional: list[Any] = []
    named: dict[str, Any] = {}
    axes = _named_axes(elaborator, row, written)
    for parameter, tree, further in written:
        value = _value(elaborator, row, parameter, tree, further, axes or row.sliding_axes(rank))
        if isinstance(value, Expression) and not rank:
            rank = value.rank
        if each is not None and isinstance(value, Expression):
            value = each(value)
        if parameter.name in keywords:
            named[parameter.name] = value
        else:
            positional.append(value)
    try:
        node = apply(word, *positional, **named)
        _ = node.shape
        return node
    except ShapeError as error:
        at = written[error.part][1] if error.part is not None and error.part < len(written) else name
        raise elaborator.error(at, error.message.replace(f"{word}:", f"{name}:"), "", error.fix) from None


def _bound(elaborator: Reader, row: Operator, name: Token, call: Any) -> tuple[list[Written], set[str]]:
    """Each written argument with its parameter; pairs that follow one another belong to one padding."""
    written: list[Written] = []
    keywords: set[str] = set()
    position = 0
    for tree in call.children:
        keyword = isinstance(tree, Tree) and tree.data == "keyword"
        if not keyword and written and written[-1][0].kind == "padding" and _is_pair(tree) and _is_pair(written[-1][1]):
            written[-1][2].append(tree)
            continue
        if keyword:
            parameter = _keyword(elaborator, row, tree.children[0], written, call)
            keywords.add(parameter.name)
            written.append((parameter, tree.children[1], []))
            continue
        if keywords:
            raise elaborator.error(
                tree,
                "an argument without a name follows one with a name",
                f"the arguments of {name} are {row.signature}",
            )
        written.append((_positional(elaborator, row, position, name, tree), tree, []))
        position += 1
    missing = [part for part in row.parameters if part.required and part.name not in {w[0].name for w in written}]
    if missing:
        raise elaborator.error(
            name,
            f"{name} lacks its argument {missing[0].name}",
            f"the arguments of {name} are {row.signature}",
        )
    return written, keywords


def _is_pair(tree: Any) -> bool:
    return isinstance(tree, Tree) and tree.data == "group" and len(tree.children) == 2


def _keyword(elaborator: Reader, row: Operator, token: Token, written: list[Written], call: Any) -> Parameter:
    for parameter in row.written:
        if parameter.name == str(token):
            if any(earlier.name == parameter.name for earlier, _, _ in written):
                raise elaborator.error(token, f"{token} is given twice", "", f"leave out {token}=")
            return parameter
    names = [parameter.name for parameter in row.written]
    raise elaborator.error(
        token,
        f"{row.name} has no parameter {token}",
        f"its arguments are {row.signature}",
        (habits.over_axis(elaborator, row.name, call) if token == "axis" and row.name in ("sum", "mean") else "")
        or did_you_mean(str(token), names),
    )


def _positional(elaborator: Reader, row: Operator, position: int, name: Token, tree: Any) -> Parameter:
    for at, parameter in enumerate((*row.parameters, *_by_place(row))):
        if at == position or (at < position and parameter.kind == "integers"):
            return parameter
    raise elaborator.error(
        tree,
        f"{name} takes {len(row.parameters) + len(_by_place(row))} arguments, this is one more",
        f"its arguments are {row.signature}",
        "leave it out",
    )


def _value(
    elaborator: Reader, row: Operator, parameter: Parameter, tree: Any, further: Sequence[Any], axes: int
) -> Any:
    what = f"{parameter.name} of {row.name}"
    if parameter.kind == "tensor":
        return elaborator.operand(tree)
    if parameter.kind in ("mode", "flag"):
        return _word(elaborator, parameter, tree)
    if parameter.kind == "padding" and further:
        return tuple(_numbers(elaborator, part, what) for part in (tree, *further))
    value = _numbers(elaborator, tree, what)
    if parameter.kind == "padding" and isinstance(value, tuple) and axes > 1 and not any(map(_is_tuple, value)):
        raise elaborator.error(
            tree,
            f"one pair for {axes} axes can be read in two ways",
            "one number, or (before, after) for each axis",
            "write (1, 1), (2, 2)",
        )
    return value


def _by_place(row: Operator) -> tuple[Parameter, ...]:
    """The parameters of calls alone that need no name."""
    return tuple(parameter for parameter in row.spelled if parameter.kind == "order")


def _named_axes(elaborator: Reader, row: Operator, written: Sequence[Written]) -> int:
    """On how many axes the operator acts, where they are named; else 0."""
    for parameter, tree, _ in written:
        if row.over_axes and parameter.name == "axis":
            value = _numbers(elaborator, tree, f"axis of {row.name}")
            return len(value) if _is_tuple(value) else 1
    return 0


def _is_tuple(value: Any) -> bool:
    return isinstance(value, tuple)


def _word(elaborator: Reader, parameter: Parameter, tree: Any) -> str:
    known = MODES if parameter.kind == "mode" else ("true", "false")
    word = str(tree.children[0]) if tree.data == "name" else ""
    word = elaborator.scope.reading.get(word, word)
    if word not in known:
        shown = ", ".join(known[:-1]) + f" or {known[-1]}"
        raise elaborator.error(
            tree,
            f"this is not a {parameter.kind}" if parameter.kind == "mode" else f"{parameter.name} is true or false",
            shown,
            did_you_mean(word, known),
        )
    return word


def _numbers(elaborator: Reader, tree: Any, what: str) -> Any:
    """An integer, or a tuple of them, or a tuple of tuples."""
    if tree.data == "group" and (len(tree.children) != 1 or isinstance(tree.children[0], Token)):
        return tuple(_numbers(elaborator, part, what) for part in tree.children if isinstance(part, Tree))
    node = elaborator.node(tree)
    if isinstance(node, SizeTuple) and all(map(is_integer_expression, node.sizes)):
        return tuple(node.sizes)
    return elaborator.integer(tree, what)


def by_index(
    elaborator: Reader, body: Expression, ranges: Sequence[IndexRange], tokens: Sequence[Token]
) -> Expression:
    """The tensor with these entries; every range starts at 0 (at 1 under `origin 1`)."""
    symbols = {part.index for part in ranges}
    for part, token in zip(ranges, tokens, strict=True):
        if not part.explicit:
            raise elaborator.error(token, f"{token} has no range", "a range", f"write {token} in 0..n-1")
        if part.low != Integer(0) or not is_integer_expression(part.high):
            first = elaborator.scope.origin
            raise elaborator.error(
                token,
                f"an index of a tensor starts at {first}",
                f"{token} in {first}..n",
                "shift the index in the body",
            )
        if part.high.free_symbols & symbols or any(size.free_symbols & symbols for size in body.shape):
            raise elaborator.error(
                token,
                "a range depends on another index",
                "a box",
                "write the condition as a bracket: [j <= i] * ...",
            )
    return ByIndex(body, *ranges)
