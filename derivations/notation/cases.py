r"""`\begin{cases}`: values with their conditions, read as a sum of products with brackets.

Law: of conditions in a row the first that holds decides, and something must hold: the last case is `otherwise`, or
there are two whose conditions are each other's negation. Cases that may overlap or leave a gap are refused.
"""

from __future__ import annotations

from typing import Any

from lark import Token, Tree

from derivations.notation import printed
from derivations.notation.reader import Reader
from derivations.notation.structure import span
from derivations.notation.typed import PRODUCT, SUM, UNARY, Part, Typed, bracketed, listed

NEGATED = {">": "<=", "<=": ">", "<": ">=", ">=": "<", "==": "!=", "!=": "=="}
IF = ("if", "when", "for", "where")
MOST_CASES = 8  # each carries the conditions of those before it
OTHERWISE = ("otherwise", "else", "elsewhere")


def by_cases(reader: Reader, atom: Any) -> Typed:
    """[c1] * v1 + (1 - [c1]) * v2: the value of the first condition that holds."""
    found = [part for part in atom.children if isinstance(part, Tree)]
    if len(found) > MOST_CASES:
        raise reader.error(atom, f"{len(found)} cases", f"at most {MOST_CASES}")
    values, conditions = [], []
    for each in found:
        value, condition = (part for part in each.children if isinstance(part, Tree))
        values.append(reader.side(value))
        conditions.append(_conditions(reader, condition))
    if conditions[-1] is not None and not _is_negated(conditions):
        fix = "write \\text{otherwise} in the last case"
        raise reader.error(found[-1], "what holds where none of these conditions does, or two, is not said", "", fix)
    if any(each is None for each in conditions[:-1]):
        raise reader.error(atom, "`otherwise` stands before another case", "it in the last case")
    start, end = span(atom)
    parts: list[Part] = []
    equal = [pair for value in values for pair in value.equal]
    for number, value in enumerate(values):
        parts += [Part(" + ", start, end)] if number else []
        before = conditions[:number] if len(values) != 2 or conditions[1] is None else []
        for each in before:
            parts += [Part("(1 - ", start, end), *_bracket(each or [], start, end), Part(") * ", start, end)]
        if (own := conditions[number]) is not None:
            parts += [*_bracket(own, start, end), Part(" * ", start, end)]
        parts += bracketed(value, UNARY + 1)
    level = SUM if len(values) > 1 else PRODUCT
    return reader.shape_of(atom, Typed(tuple(parts), (), level, tuple(equal)))


def _bracket(conditions: list[Typed], start: int, end: int) -> tuple[Part, ...]:
    return (Part("[", start, start + 1), *listed(conditions), Part("]", end - 1, end))


def _conditions(reader: Reader, node: Any) -> list[Typed] | None:
    """The conditions of a case, without `if`; None for `otherwise`."""
    entries = [part for part in node.children if not isinstance(part, Token)]
    if len(entries) == 1 and _word(entries[0]) in OTHERWISE and len(entries[0].children[1].children) == 1:
        return None
    first = entries[0]
    if first.data == "relation" and _word(first.children[0]) in IF:
        sign, term, *more = first.children[0].children
        items = term.children[1:]
        if not items:
            raise reader.error(first, "a condition that lacks its left side", "a relation")
        side = Tree("side", [sign, Tree("term", items, items[0].meta), *more], items[0].meta)
        first = Tree("relation", [side, *first.children[1:]], first.meta)
    for entry in entries:
        if entry.data != "relation":
            raise reader.error(entry, f"`{reader.shown(entry)}` is no condition", "a relation, or \\text{otherwise}")
    return [printed.relation(reader, entry) for entry in (first, *entries[1:])]


def _word(side: Any) -> str:
    """The word that a side begins with."""
    if side.data != "side" or side.children[0] is not None:
        return ""
    head = side.children[1].children[0]
    is_word = head.data == "factor" and len(head.children) == 1 and head.children[0].data == "word"
    return str(head.children[0].children[0]) if is_word else ""


def _is_negated(conditions: list[list[Typed] | None]) -> bool:
    """Whether there are two conditions of which one is the other's negation."""
    if len(conditions) != 2 or any(each is None or len(each) != 1 for each in conditions):
        return False
    one, other = ([part.text.strip() for part in each[0].parts] for each in conditions if each)
    signs = [at for at, text in enumerate(one) if text in NEGATED]
    return len(signs) == 1 and [*one[: signs[0]], NEGATED[one[signs[0]]], *one[signs[0] + 1 :]] == other
