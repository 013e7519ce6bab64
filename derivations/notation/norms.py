r"""Norms, maxima and minima: `\|x\|_2`, `\|A\|_F^2`, `\max_i x_i`, `\min_i x_i`, `\max(0, z)`.

Law: a norm that does not say which it is, is refused, and so is one that a matrix and a vector have differently
(`\|A\|_2` of a matrix is its largest singular value). A maximum over indices is the maximum of a slice, or is refused.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from derivations.notation import names
from derivations.notation.reader import Reader
from derivations.notation.structure import canonical, span
from derivations.notation.typed import ATOM, SUM, UNARY, Part, Typed, Untyped, bracketed

SAY = r"say which: \|X\| is sqrt(sum(X**2)), in a notation block"


def norm(reader: Reader, atom: Any, trails: Sequence[Any], item: Any) -> Typed:
    """The norm that a rule or its subscript says; its square without a root."""
    inner = reader.side(atom.children[1])
    below = "".join(canonical(trail.children[1]) for trail in trails if trail.data == "sub")
    above = [trail for trail in trails if trail.data == "sup"]
    if any(trail.data == "prime" for trail in trails):
        raise reader.error(item, "a prime on a norm", "")
    is_squared = [canonical(trail.children[1]) for trail in above] == ["2"]
    if is_squared and (below, "2") in reader.profile.norms:
        return reader.filled(reader.profile.norms[below, "2"], [inner], atom)
    if (below, "") in reader.profile.norms:
        return reader.trailed(reader.filled(reader.profile.norms[below, ""], [inner], atom), above, item, False)
    is_vector = inner.rank == 1 or (inner.rank == 2 and "1" in inner.shape)
    if (
        len(above) + bool(below) < len(trails)
        or not (below == "1" or below == "2" or below == "F")
        or (not is_vector if below != "F" else inner.rank != 2)
    ):
        raise reader.error(item, f"a norm: which one of `{inner.text}` is not said", r"\|x\|_2, \|A\|_F", SAY)
    start, end = span(atom)
    if below == "1":
        total = (Part("sum(abs(", start, end), *inner.parts, Part("))", end - 1, end))
        return reader.trailed(Typed(total, (), ATOM, inner.equal), above, item, False)
    total = (Part("sum(", start, end), *bracketed(inner, ATOM), Part("**2)", end - 1, end))
    if is_squared:
        return Typed(total, (), ATOM, inner.equal)
    root = (Part("sqrt(", start, end), *total, Part(")", end - 1, end))
    return reader.trailed(Typed(root, (), ATOM, inner.equal), above, item, False)


def maximum(reader: Reader, items: Sequence[Any], at: int) -> tuple[Typed, int]:
    r"""`\max_i x_i` is the maximum of x over its axis: each index becomes the whole axis that it counts;
    `\min_i x_i` is that of -x with its sign changed."""
    item = items[at]
    (below,) = item.children[1:]
    is_minimum = str(item.children[0].children[0]) == r"\min"
    after = items[at + 2] if at + 2 < len(items) else None
    if at + 1 >= len(items) or items[at + 1].data == "operator" or (after is not None and after.data != "operator"):
        raise reader.error(
            item, "where the argument of this maximum or minimum ends is not said", "one factor, or brackets"
        )
    before = list(reader.bound)
    for entry in names.entries(below.children[1]):
        tokens = names.letters(entry)
        if tokens is None:
            raise reader.error(entry, f"`{reader.shown(entry)}` is no index", "letters")
        for token in tokens:
            letter = names.index_letter(str(token))
            if letter in reader.bound or reader.types.kind(letter):
                raise reader.error(token, f"{letter} is something else already", "an index of its own")
            reader.bound.append(letter)
    indices = reader.bound[len(before) :]
    atom = items[at + 1].children[0]
    is_group = atom.data == "group" and len(items[at + 1].children) == 1 and len(names.entries(atom)) == 1
    typed = reader.side(names.entries(atom)[0]) if is_group else reader.factor_at(list(items), at + 1, False)[0]
    reader.bound[:] = before
    reader.closed += indices
    opened = [number for number, part in enumerate(typed.parts) if part.text == "["]
    parts = list(typed.parts)
    for index in indices:
        found = [number for number, part in enumerate(parts) if re.search(rf"\b{index}\b", part.text)]
        is_whole = len(found) == 1 and parts[found[0]].text == index and len(opened) == 1 and opened[0] < found[0]
        if typed.role != "entry" or not is_whole or not _is_alone(parts, found[0]):
            what = f"the maximum over {index} of something that is no entry with it as one index: `{typed.text}`"
            raise reader.error(items[at + 1], what, r"\max_{i} x_i")
        parts[found[0]] = replace(parts[found[0]], text=":")
    start, end = span(item)
    if is_minimum:
        least = (Part("-max(-", start, end), *parts, Part(")", end - 1, end))
        return reader.shape_of(item, Typed(least, level=UNARY)), 2
    made = (Part("max(", start, end), *parts, Part(")", end - 1, end))
    return reader.shape_of(item, Typed(made)), 2


def _is_alone(parts: Sequence[Part], at: int) -> bool:
    """Whether an index stands by itself between brackets and commas."""
    return parts[at - 1].text in ("[", ", ") and parts[at + 1].text in (", ", "]")


def with_zero(reader: Reader, parts: Sequence[Typed], where: Any) -> Typed | None:
    r"""`\max(0, z)` is relu(z), but for integers; None where neither is 0."""
    others = [part for part in parts if part.text != "0"]
    if len(parts) != 2 or len(others) != 1:
        return None
    (other,) = others
    start, end = span(where)
    try:
        if not other.rank:
            reader.types.shape(f"zeros(1 + max(0, {other.text}))", reader.indices)
            return None
    except Untyped:
        pass
    made = (Part("relu(", start, end), *bracketed(other, SUM), Part(")", end - 1, end))
    return Typed(made, other.shape, ATOM, other.equal)
