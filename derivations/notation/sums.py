r"""Σ with its indices, and the integers of limits and subscripts.

Law: a sum takes the factors to its right up to the next sign; its index is no size and no index of a sum around it.
"""

from __future__ import annotations

from typing import Any

from lark import Token

from derivations.notation import names
from derivations.notation.reader import Reader
from derivations.notation.structure import span
from derivations.notation.typed import ATOM, SUM, Part, Typed, bracketed, mark


def big_sum(reader: Reader, head: Any, rest: list[Any]) -> Typed:
    """Σ with its indices over the factors to its right."""
    ranges: list[tuple[Part, ...]] = []
    items = rest
    before = list(reader.bound)
    heads = [head]
    while items and items[0].data == "factor" and items[0].children[0].data == "sum":
        heads.append(items[0])
        items = items[1:]
    for each in heads:
        ranges += _ranges(reader, each)
    if not items:
        raise reader.error(head, "a sum of nothing", "a formula after the sum")
    is_group = (
        len(items) == 1
        and items[0].data == "factor"
        and items[0].children[0].data == "brace"
        and len(items[0].children) == 1
    )
    body = reader.one_entry(items[0].children[0]) if is_group else reader.product(items, head)
    reader.bound = before
    start, end = span(head)
    separated = [
        part for number, each in enumerate(ranges) for part in ((Part(", ", start, end),) if number else ()) + each
    ]
    return Typed(
        (Part("sum[", start, end), *separated, Part("](", start, end), *body.parts, Part(")", end - 1, end)),
        body.shape,
        ATOM,
        body.equal,
    )


def _ranges(reader: Reader, head: Any) -> list[tuple[Part, ...]]:
    """The indices of one Σ, bound from here on."""
    scripts = {trail.data: trail.children[1] for trail in head.children[1:] if trail.data != "prime"}
    if "sub" not in scripts or len(scripts) != len(head.children) - 1:
        raise reader.error(head, "a sum without its index", r"\sum_{i}, or \sum_{i=1}^{n}")
    entries = names.entries(scripts["sub"])
    found: list[tuple[Part, ...]] = []
    for entry in entries:
        if entry.data == "relation":
            found.append(_range(reader, head, entry, scripts.get("sup")))
        else:
            found += [_bind(reader, token) for token in _index_tokens(reader, entry)]
    if "sup" in scripts and not (len(entries) == 1 and entries[0].data == "relation"):
        raise reader.error(head, "a sum with an end and no beginning", r"\sum_{i=1}^{n}")
    return found


def _range(reader: Reader, head: Any, relation: Any, top: Any) -> tuple[Part, ...]:
    left, sign, *right = relation.children
    if str(sign) != "=" or len(right) != 1 or top is None:
        raise reader.error(
            relation,
            f"a condition on the sum: {reader.shown(relation)}",
            r"\sum_{i=1}^{n}",
            "multiply the terms by a bracket, in the claim language: [k != i] * ...",
        )
    tokens = _index_tokens(reader, left)
    if len(tokens) != 1:
        raise reader.error(left, "the index of a sum is one letter")
    low = integer(reader, right[0])
    high = integer(reader, top)
    (index,) = _bind(reader, tokens[0])
    start, end = span(relation)
    return (index, Part(" in ", start, end), *bracketed(low, SUM), Part("..", start, end), *bracketed(high, SUM))


def _index_tokens(reader: Reader, entry: Any) -> list[Token]:
    """The letters of `i`, `ij` or `i, j` as indices."""
    tokens = names.letters(entry)
    if tokens is None:
        raise reader.error(entry, f"`{reader.shown(entry)}` is no index", "letters")
    return tokens


def _bind(reader: Reader, token: Token) -> tuple[Part, ...]:
    letter = names.index_letter(str(token))
    kind = reader.types.kind(letter)
    if kind in ("size", "integer", "word") or letter in reader.bound:
        what = "a size of the context" if kind == "size" else "an index already" if not kind else f"{kind} already"
        raise reader.error(
            token,
            f"{letter} is {what}, and cannot be the index of a sum",
            "",
            f"rename the size {letter} in the given block",
        )
    reader.bound.append(letter)
    return mark(letter, *span(token))


def integer(reader: Reader, node: Any) -> Typed:
    """A limit or an index: a sum of letters, numbers and sizes."""
    side = node
    if node.data == "brace":
        (side,) = names.entries(node)
    if side.data != "side":
        return reader.factor(side, [], side)
    typed = reader.side(side)
    if typed.rank:
        raise reader.error(node, "this is not an integer", "sizes, indices and numbers")
    return typed
