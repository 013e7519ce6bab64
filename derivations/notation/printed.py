r"""The notation of gradproof's own LaTeX: operators that carry their mode, words that carry their parameters.

Law: what `show/latex.py` prints is read back as the claim that it was printed from. These spellings say everything
that they mean (`\ast_{\mathrm{valid}}`, `\operatorname{up}_{n}(x)`, `\mathbf{1}_{m \times n}`), so they need no
notation block.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from lark import Token, Tree

from derivations.notation import names, norms
from derivations.notation.profile import Rule
from derivations.notation.reader import Reader
from derivations.notation.structure import canonical, span
from derivations.notation.typed import ATOM, SUM, Part, Typed, bracketed, listed, mark

SLIDING = {r"\ast": "conv", r"\star": "corr", r"\circledast": "convolve"}
MODES = ("valid", "full", "same")
MARKS = ("stride", "pad", "dilation")
POOLS = {"sumpool": "sum_pool", "meanpool": "mean_pool", "maxpool": "max_pool", "maxunpool": "max_unpool"}
FRAMED = ("rot180", "rot90", "flip", "up", "dilate", "pad", "crop", "resize", "reshape")
PLAIN = {"Tr": "tr", "tr": "tr", r"\det": "det", "det": "det", "sum": "sum", "mean": "mean", "diag": "diag",
         "outer": "outer", "vec": "vec", "softmax": "softmax", "max": "max", "shape": "shape"}  # fmt: skip
FILLED = {r"\mathbf{1}": "ones", r"\mathbf{0}": "zeros"}

Make = Callable[[Sequence[Typed], Any], Typed]


def printed_operator(reader: Reader, operator: Any) -> Rule | None:
    """The rule of `\\ast_{\\mathrm{full},\\, \\mathrm{stride}\\, s}` and of the entrywise quotient."""
    sign = str(operator.children[0])
    if sign == r"\oslash" and len(operator.children) == 1:
        return Rule(("X", "Y"), "X / Y", r"X \oslash Y is X / Y")
    if sign == r"\bmod" and len(operator.children) == 1:
        return Rule(("X", "Y"), "X % Y", r"X \bmod Y is X % Y")
    if sign not in SLIDING or len(operator.children) != 2 or operator.children[1].data != "sub":
        return None
    marks = _marks(reader, operator.children[1].children[1])
    if marks is None or not marks or marks[0] not in MODES:
        return None
    return Rule(("X", "Y"), f"{SLIDING[sign]}(X, Y, {', '.join(marks)})", "")


def _marks(reader: Reader, node: Any, pads: bool = False) -> list[str] | None:
    """The marks of a subscript as arguments: a mode, `stride=s`, `pad=p`, `ceil=true`, or bare sizes, which are
    paddings where the word pads."""
    found = []
    for entry in names.entries(node):
        if entry.data not in ("side", "word", "symbol", "number"):
            return None
        word, rest = _led_by_word(entry)
        if word in MODES and rest is None:
            found.append(word)
        elif word == "ceil" and rest is None:
            found.append("ceil=true")
        elif word in MARKS and rest is not None:
            found.append(f"{word}={_axes(reader, rest, word == 'pad')}")
        elif not word:
            found.append(_axes(reader, entry, pads))
        else:
            return None
    return found


def _led_by_word(entry: Any) -> tuple[str, Any]:
    """The word that an entry begins with, and what follows it."""
    if entry.data == "word":
        return str(entry.children[0]), None
    if entry.data != "side":
        return "", entry
    sign, first, *more = entry.children
    head = first.children[0]
    if sign is not None or head.data != "factor" or head.children[0].data != "word" or len(head.children) > 1:
        return "", entry
    word = str(head.children[0].children[0])
    if word not in (*MODES, *MARKS, "ceil"):
        return "", entry
    items = first.children[1:]
    if not items:
        return word, None
    return word, Tree("side", [None, Tree("term", items, items[0].meta), *more], items[0].meta)


def _axes(reader: Reader, entry: Any, pads: bool) -> str:
    """A number, or one for each axis: `2 \\times 3` is (2, 3); as paddings ((2, 2), (3, 3)), the same on both sides."""
    parts = [_pair(reader, part) for part in _times(entry)]
    if len(parts) == 1:
        return parts[0]
    if pads:
        parts = [
            part if part.startswith("(") and part.endswith(")") and "," in part else f"({part}, {part})"
            for part in parts
        ]
    return f"({', '.join(parts)})"


def _times(entry: Any) -> list[Any]:
    """The operands of a product of sizes written with ×."""
    if entry.data != "side" or len(entry.children) != 2:
        return [entry]
    items = entry.children[1].children
    signs = [item for item in items if item.data == "operator"]
    if not signs or any(canonical(sign) != r"\times" for sign in signs):
        return [entry]
    found: list[list[Any]] = [[]]
    for item in items:
        if item.data == "operator":
            found.append([])
        else:
            found[-1].append(item)
    return [Tree("side", [None, Tree("term", part, part[0].meta)], part[0].meta) for part in found if part]


def _pair(reader: Reader, entry: Any) -> str:
    factor = names.single_factor(entry) if entry.data == "side" else None
    if factor is not None and factor.children[0].data == "group":
        inner = names.entries(factor.children[0])
        texts = [reader.integer(part).text for part in inner]
        return f"({', '.join(texts)})" if len(texts) > 1 else texts[0]
    return reader.integer(entry).text


def printed_call(reader: Reader, item: Any) -> Make | None:
    """How a printed word is applied; None for words that the printer does not have."""
    atom, trails = item.children[0], item.children[1:]
    if atom.data != "word":
        return None
    word = str(atom.children[0])
    if word in (r"\max", r"\min") and not trails:
        return lambda parts, where: _extreme(reader, word[1:], parts, where)
    if word in PLAIN and not trails:
        return lambda parts, where: called(reader, PLAIN[word], parts, [], where)
    if word not in POOLS and word not in FRAMED:
        return None
    if not trails:
        return (lambda parts, where: called(reader, word, parts, [], where)) if word in ("rot180", "rot90") else None
    if len(trails) > 1 or trails[0].data != "sub":
        return None
    node = trails[0].children[1]
    marks = sizes(reader, node) if word in ("resize", "reshape") else _marks(reader, node, word in ("pad", "crop"))
    if marks is None:
        return None
    named = [f"stride={part[7:]}" if part.startswith("stride=") else part for part in marks]
    return lambda parts, where: called(reader, POOLS.get(word, word), parts, named, where)


def _extreme(reader: Reader, name: str, parts: Sequence[Typed], where: Any) -> Typed:
    """The largest or smallest of several integers."""
    if name == "max" and (found := norms.with_zero(reader, parts, where)) is not None:
        return found
    if len(parts) < 2 or any(part.rank for part in parts):
        raise reader.error(where, f"the {name} of what is not said", f"several integers: \\{name}(p, q)")
    return called(reader, name, parts, [], where)


def sizes(reader: Reader, node: Any) -> list[str]:
    (entry,) = names.entries(node)
    return [_pair(reader, part) for part in _times(entry)]


def called(reader: Reader, name: str, parts: Sequence[Typed], marks: Sequence[str], where: Any) -> Typed:
    """The call of an operator; the trace, sum and mean of a matrix of an open size are numbers all the same."""
    start, end = span(where)
    if name in ("pad", "crop") and parts and parts[0].rank > 1:
        marks = [f"{part}, {part}" if part.startswith("(") and part.count(",") == 1 else part for part in marks]
    tail = "".join(f", {part}" for part in marks)
    equal = tuple(pair for part in parts for pair in part.equal)
    if name == "tr" and len(parts) == 1 and parts[0].rank == 2:
        equal += ((parts[0].shape[0], parts[0].shape[1]),) if parts[0].is_open or parts[0].equal else ()
    made = Typed((Part(f"{name}(", start, end), *listed(parts), Part(f"{tail})", start, end)), (), ATOM, equal)
    if made.is_open and name in ("tr", "sum", "mean"):
        return made
    return reader.shape_of(where, made)


def filled(reader: Reader, item: Any, base: str, trails: Sequence[Any]) -> Typed | None:
    """`\\mathbf{1}_{m \\times n}`, `\\mathbf{1}_{n}^{T}`, `I_{n}` with their sizes."""
    subs = [trail for trail in trails if trail.data == "sub"]
    sups = [canonical(trail.children[1]) for trail in trails if trail.data == "sup"]
    if len(subs) != 1 or len(subs) + len(sups) != len(trails) or sups not in ([], ["T"]):
        return None
    start, end = span(item)
    (entry, *others) = names.entries(subs[0].children[1])
    if others:
        return None
    if base == "I":
        return reader.shape_of(item, Typed(mark(f"eye({_pair(reader, entry)})", start, end))) if not sups else None
    found = sizes(reader, subs[0].children[1])
    factor = names.single_factor(entry) if entry.data == "side" else None
    is_vector = factor is not None and factor.children[0].data == "group"
    if len(found) == 1 and not is_vector:
        found = ["1", found[0]] if sups else [found[0], "1"]
    elif sups:
        return None
    return reader.shape_of(item, Typed(mark(f"{FILLED[base]}({', '.join(found)})", start, end)))


def literal(reader: Reader, atom: Any) -> Typed:
    """A matrix of numbers."""
    start, end = span(atom)
    rows = [part for part in atom.children if not isinstance(part, Token)]
    texts = [
        "[" + ", ".join(reader.side(cell).text for cell in row.children if not isinstance(cell, Token)) + "]"
        for row in rows
    ]
    return reader.shape_of(atom, Typed(mark(f"[{', '.join(texts)}]", start, end)))


def square(reader: Reader, atom: Any) -> Typed | None:
    """`[1, 2, 3]` is a vector of numbers, `[i \\le j]` a bracket of conditions; None for brackets around a formula."""
    found = names.entries(atom)
    start, end = span(atom)
    if any(entry.data == "relation" for entry in found):
        parts = [relation(reader, entry) for entry in found]
        made = Typed((Part("[", start, start + 1), *listed(parts), Part("]", end - 1, end)))
        return reader.shape_of(atom, made)
    if len(found) > 1:
        parts = [reader.side(entry) for entry in found]
        return reader.shape_of(atom, Typed((Part("[", start, start + 1), *listed(parts), Part("]", end - 1, end))))
    return None


def relation(reader: Reader, entry: Any) -> Typed:
    """A condition; `=` compares."""
    if entry.data != "relation":
        raise reader.error(entry, "a formula among conditions", "a condition such as i \\le j")
    parts: list[Part] = []
    for child in entry.children:
        if isinstance(child, Token):
            sign = "==" if str(child) == "=" else str(child)
            parts.append(Part(f" {sign} ", *span(child)))
        else:
            parts += bracketed(reader.side(child), SUM)
    return Typed(tuple(parts))


def by_index(reader: Reader, group: Any, sub: Any) -> Typed | None:
    """`\\left( body \\right)_{i < n,\\, j < m}`: the tensor with these entries; None for another subscript."""
    found = names.entries(sub.children[1])
    if not found or any(entry.data != "relation" or len(entry.children) != 3 for entry in found):
        return None
    start, end = span(group)
    before = list(reader.bound)
    ranges = []
    for entry in found:
        left, sign, right = entry.children
        tokens = names.letters(left)
        if tokens is None or len(tokens) != 1 or str(sign) not in ("<", "<="):
            return None
        high = reader.integer(right).text
        reader.bound.append(names.index_letter(str(tokens[0])))
        last = f"{high} - 1" if str(sign) == "<" else high
        ranges.append(f"{reader.bound[-1]} in {reader.types.origin}..{last}")
    inner = reader.side(names.entries(group)[0])
    reader.bound = before
    made = (Part(f"entries[{', '.join(ranges)}](", start, end), *inner.parts, Part(")", end - 1, end))
    return reader.shape_of(group, Typed(made))


__all__ = [
    "FILLED",
    "by_index",
    "called",
    "filled",
    "literal",
    "printed_call",
    "printed_operator",
    "relation",
    "square",
]
