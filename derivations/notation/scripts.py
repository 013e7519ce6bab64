r"""What subscripts and superscripts mean that are no part of a name: entries, slices, ᵀ, powers.

Law: a superscript on a tensor is an error unless it is ᵀ or a rule says what it is; a subscript counts every axis of
its tensor, or the axes that it leaves are not in doubt.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from lark import Token

from derivations.notation import names
from derivations.notation.names import TRANSPOSES
from derivations.notation.reader import Reader
from derivations.notation.structure import canonical, span
from derivations.notation.typed import ATOM, POWER, Part, Typed, bracketed, listed, mark


def trailed(reader: Reader, typed: Typed, trails: list[Any], at: Any, is_name: bool) -> Typed:
    """What scripts that belong to no name mean: entries, ᵀ, powers."""
    _check_order(reader, typed, trails, at)
    ordered = sorted(trails, key=lambda trail: trail.data != "sub")  # x_i^2 is x^2_i: the entry first
    for trail in ordered:
        if trail.data == "prime":
            raise reader.error(trail, f"a prime on `{typed.text}`, which is no function", "", _say(reader, at))
        typed = entry(reader, typed, trail, at) if trail.data == "sub" else raised(reader, typed, trail, at, is_name)
    return typed


def _check_order(reader: Reader, typed: Typed, trails: list[Any], at: Any) -> None:
    """`A^{-1}_{ij}` may be the entry of the inverse or the inverse of the entry; `A_{ij}^2` is the entry's square."""
    kinds = [trail.data for trail in trails]
    if typed.rank != 2 or not {"sub", "sup"} <= set(kinds):
        return
    above = canonical(trails[kinds.index("sup")].children[1])
    is_power = re.fullmatch(r"-?\d+", above) is not None and above not in reader.profile.superscripts
    if is_power and (above.startswith("-") or kinds.index("sup") < kinds.index("sub")):
        shown = f"`{reader.shown(at)}`"
        fix = "put brackets: (A^{-1})_{ij}, or (A_{ij})^{-1}"
        raise reader.error(at, f"{shown}: an entry of the power, or the power of an entry?", "brackets", fix)


def _say(reader: Reader, at: Any) -> str:
    return f"say what it is: {reader.shown(at)} is ... in a notation block"


def entry(reader: Reader, typed: Typed, trail: Any, at: Any) -> Typed:
    """Entries by a subscript."""
    return subscripted(reader, typed, trail.children[1], at)


def subscripted(reader: Reader, typed: Typed, node: Any, at: Any) -> Typed:
    """Entries by what stands below a name, or in square brackets after it."""
    trail = node
    indices = subscripts(reader, node, typed, at)
    shape = list(typed.shape)
    if reader.defines and not shape and typed.role == "name" and not reader.types.kind(typed.text):
        shape = [reader.hole() for _ in indices]
    if len(indices) > len(shape):
        what = f"rank {len(shape)}" if shape else "a number"
        raise reader.error(
            trail, f"{len(indices)} subscripts on `{typed.text}`, which is of {what}", "", _say(reader, at)
        )
    start, end = span(trail)
    left = shape[len(indices) :]
    ones = [axis for axis, size in enumerate(shape) if size == "1"]
    if len(indices) == len(shape) - 1 and len(ones) == 1 and len(shape) == 2:
        zero = Typed(mark(str(reader.types.origin), start, end))
        indices.insert(ones[0], zero)
        left = []
    elif len(indices) == 1 and len(shape) == 2 and reader.types.kind(typed.text):
        fix = f"write {reader.shown(at)} with both indices, or `:` for one: _{{i, {{:}}}}"
        raise reader.error(trail, f"a row or a column of `{typed.text}`?", "a subscript for each axis", fix)
    elif len(indices) == len(shape) - 1 and len(ones) > 1:
        raise reader.error(trail, "which axis this subscript counts is not said", "a subscript for each axis")
    parts = (
        *bracketed(typed, ATOM),
        Part("[", start, start + 1),
        *listed(indices),
        Part("]", end - 1, end),
    )
    if any(index.role == "slice" for index in indices):
        return replace(reader.shape_of(at, Typed(parts, (), ATOM, typed.equal)), role="entry")
    return Typed(parts, tuple(left), ATOM, typed.equal, "entry")


def subscripts(reader: Reader, node: Any, typed: Typed, at: Any) -> list[Typed]:
    """The indices of a subscript: `i, j`, `ij`, `i+m, 0`, `1`."""
    entries = names.entries(node) if node.data in ("brace", "square") else [node]
    found: list[Typed] = []
    for entry in entries:
        if entry.data in ("relation", "slice"):
            found.append(_slice(reader, entry, at))
            continue
        tokens = names.letters(entry)
        if tokens is not None and len(tokens) > 1:
            _check_letters(reader, tokens, entry, typed, len(entries))
            found += [_index_of(reader, token) for token in tokens]
            continue
        digits = names.digits(entry)
        if digits is not None and len(digits) > 1 and typed.rank > len(entries):
            raise reader.error(
                entry,
                f"the subscript {digits}: one index, or {len(digits)}",
                "commas between indices",
                "write _{1,2}",
            )
        found.append(_index_formula(reader, entry))
    return found


def _check_letters(reader: Reader, tokens: list[Token], entry: Any, typed: Typed, entries: int) -> None:
    """Letters side by side are one index each, unless they may be a product or a name."""
    text = "".join(map(str, tokens))
    if reader.types.kind(text) in ("size", "integer"):
        raise reader.error(entry, f"`{text}` is a size and may be {len(tokens)} indices", "commas between indices")
    sized = [str(token) for token in tokens if reader.types.kind(str(token)) in ("size", "integer")]
    if sized and entries + len(tokens) - 1 <= max(typed.rank, 1):
        raise reader.error(
            entry,
            f"`{text}`: a product with the size {sized[0]}, or {len(tokens)} indices",
            "commas between indices",
        )
    if sized or entries + len(tokens) - 1 > max(typed.rank, 0):
        raise reader.error(
            entry, f"`{text}` on `{typed.text}` of rank {typed.rank}", "a subscript for each axis", _say(reader, entry)
        )


def _index_of(reader: Reader, token: Token) -> Typed:
    letter = names.index_letter(str(token))
    if letter not in reader.bound and not reader.types.kind(letter):
        _check_label(reader, token, letter)
        reader.free.add(letter)
    return Typed(mark(letter, *span(token)), role="index")


def _index_formula(reader: Reader, entry: Any) -> Typed:
    for factor in names.factors(entry):
        name = names.index_name(factor)
        trails = list(factor.children[1:]) if factor.data == "factor" else []
        atom = factor.children[0] if factor.data == "factor" else factor
        if name and name not in reader.bound and names.lookup(reader, atom, trails) is None:
            if trails and not canonical(trails[0].children[1]).isdigit():
                shown = reader.shown(factor)
                raise reader.error(factor, f"`{shown}` in a subscript: an index of its own, or an entry?", "an index")
            _check_label(reader, factor, name)
            reader.free.add(name)
    held = names.single_factor(entry) if entry.data == "side" else None
    if held is not None and held.children[0].data == "group" and names.single(held.children[0]) is not None:
        raise reader.error(entry, f"the subscript {reader.shown(entry)}: an index, or a label?", "no brackets")
    if entry.data not in ("side", "symbol", "number", "word", "brace"):
        raise reader.error(entry, f"`{reader.shown(entry)}` is no index", "letters, numbers and sizes")
    bad = names.scripted(reader, entry)
    if bad is not None:
        raise reader.error(bad, f"an index with an accent or a script: `{reader.shown(bad)}`", "plain letters")
    return reader.integer(entry)


def _check_label(reader: Reader, at: Any, letter: str) -> None:
    """A letter that counts layers in the names of the notation is no index of entries."""
    if letter in reader.profile.label_letters:
        raise reader.error(
            at,
            f"`{letter}` is a part of names in this notation: an index here, or another name?",
            "an index, or a declared name",
            "declare the name with this script in the notation block, or rename the index",
        )


def _slice(reader: Reader, entry: Any, at: Any) -> Typed:
    if entry.data != "slice":
        raise reader.error(entry, "a condition in a subscript", "indices")
    start, end = span(entry)
    bounds = list(entry.children)
    parts: list[Part] = []
    for child in bounds:
        if isinstance(child, Token):
            parts.append(Part(":", *span(child)))
        elif child is not None:
            parts += _index_formula(reader, child).parts
    return Typed(tuple(parts) or mark(":", start, end), role="slice")


def raised(reader: Reader, typed: Typed, trail: Any, at: Any, is_name: bool) -> Typed:
    """A superscript: what a rule says, ᵀ of a matrix, a power of a number."""
    node = trail.children[1]
    text = canonical(node)
    start, end = span(trail)
    if text in reader.profile.superscripts:
        return reader.filled(reader.profile.superscripts[text], [typed], at)
    if text in TRANSPOSES:
        return _transposed(reader, typed, text, trail, at)
    if text[:1] == "-" and text[1:] in TRANSPOSES and typed.rank == 2:
        made = (Part("inv(", start, end), *typed.parts, Part(").T", start, end))
        return Typed(made, typed.shape, ATOM, typed.equal)
    if text == "-1" and typed.rank == 2:
        return Typed((Part("inv(", start, end), *typed.parts, Part(")", start, end)), typed.shape, ATOM, typed.equal)
    entrywise = re.fullmatch(r"\\circ(-?\d+)", text)
    if entrywise and typed.rank:
        return _power(reader, typed, entrywise[1], trail)
    if typed.rank:
        raise reader.error(
            trail,
            f"a superscript on `{typed.text}`, a tensor: a power, an index, or a part of the name?",
            "ᵀ, or what a notation block declares",
            f"{reader.shown(at)} is ..., in a notation block",
        )
    if not re.fullmatch(r"-?\d+", text):
        raise reader.error(
            trail, f"the superscript {reader.shown(node)} on a number", "a whole number", _say(reader, at)
        )
    _check_power(reader, typed, trail, at, is_name)
    return _power(reader, typed, text, trail)


def _check_power(reader: Reader, typed: Typed, trail: Any, at: Any, is_name: bool) -> None:
    """σ² may be a symbol of its own, and so may any name's square where superscripts are labels."""
    if not is_name:
        return
    sigma = names.base_of(at) == r"\sigma"
    if reader.profile.labels or sigma:
        why = "σ² is often a symbol of its own" if sigma else "superscripts are parts of names in this notation"
        raise reader.error(
            trail,
            f"`{reader.shown(at)}`: the square of {typed.text}, or a symbol of its own? {why}",
            "a line of a notation block",
            f"{reader.shown(at)} is {typed.text}**{canonical(trail.children[1])}, or the name that it is",
        )


def _power(reader: Reader, typed: Typed, exponent: str, trail: Any) -> Typed:
    start, end = span(trail)
    return Typed((*bracketed(typed, ATOM), Part(f"**{exponent}", start, end)), typed.shape, POWER, typed.equal)


def _transposed(reader: Reader, typed: Typed, text: str, trail: Any, at: Any) -> Typed:
    if text == "T" and reader.types.kind("T"):
        raise reader.error(trail, "`T` is a declared name and may be the transpose", "one of them", r"write ^\top")
    if typed.rank != 2:
        what = "a number" if not typed.rank else f"something of rank {typed.rank}"
        raise reader.error(trail, f"the transpose of {what}: `{typed.text}`", "a matrix", "declare a column: x[n, 1]")
    start, end = span(trail)
    parts = (*bracketed(typed, ATOM), Part(".T", start, end))
    return Typed(parts, typed.shape[::-1], ATOM, typed.equal)
