r"""One symbol to text with its shape: a declared name, an accent that a rule explains, an index, a matrix of ones.

Law: a symbol that nothing declares is an error that gives the line of notation which would declare it.
"""

from __future__ import annotations

from typing import Any

from derivations.language.errors import InputError, did_you_mean
from derivations.notation import names
from derivations.notation.names import FUNCTIONS, TRANSPOSES, Found
from derivations.notation.profile import IDENTIFIER, IDENTITY_CALL
from derivations.notation.reader import Reader
from derivations.notation.structure import canonical, span
from derivations.notation.typed import Typed, Untyped, mark


def named(reader: Reader, atom: Any, trails: list[Any]) -> tuple[Typed, list[Any]] | None:
    """The declared name that an atom with some of its scripts is, and the scripts that are left."""
    found = names.lookup(reader, atom, trails)
    if found is None and atom.data == "accent" and canonical(atom.children[0]) in reader.profile.accents:
        return _accented_name(reader, atom, trails)
    if found is None:
        return _index(reader, atom, trails)
    return of_name(reader, found, atom), list(found.rest)


def _accented_name(reader: Reader, atom: Any, trails: list[Any]) -> tuple[Typed, list[Any]] | None:
    """`\\tilde a_l`: the scripts of the name stand outside of the accent."""
    inner = atom.children[1]
    found = names.lookup(reader, inner, trails)
    if found is None:
        return accented(reader, atom, []), trails
    return accented(reader, atom, [trail for trail in trails if trail not in found.rest]), list(found.rest)


def accented(reader: Reader, atom: Any, trails: list[Any]) -> Typed:
    """An accent that a rule explains."""
    accent = canonical(atom.children[0])
    rule = reader.profile.accents.get(accent)
    if rule is None:
        shown = reader.shown(atom)
        raise reader.error(atom, f"what `{shown}` is, is not said", "a line of a notation block", f"{shown} is ...")
    inner = atom.children[1]
    typed = reader.factor(inner, trails, atom) if inner.data != "brace" else _braced_name(reader, inner, trails, atom)
    return reader.filled(rule, [typed], atom)


def _braced_name(reader: Reader, brace: Any, trails: list[Any], atom: Any) -> Typed:
    single = names.single(brace)
    return reader.factor(single, trails, atom) if single is not None else reader.argument(brace)


def of_name(reader: Reader, found: Found, at: Any) -> Typed:
    """A name as text with its shape."""
    start, end = span(at)
    end = max(end, found.end)
    text = found.text
    if not IDENTIFIER.fullmatch(text):
        made = Typed(mark(text if IDENTITY_CALL.match(text) else f"({text})", start, end))
        return reader.shape_of(at, made)
    kind = reader.types.kind(text)
    role = {"function": "function", "loss": "name", "tensor": "name", "scalar": "name"}.get(kind, "")
    if kind == "function" or (kind == "word" and text in FUNCTIONS.values()):
        return Typed(mark(text, start, end), role="function")
    if kind in ("", "choice", "word"):
        if reader.defines and not kind:
            return Typed(mark(text, start, end), role="name")
        what = f"`{found.line}`: {text} is {kind or 'not declared'}" if found.line else f"{text} is {kind}"
        raise reader.error(at, what, "a declared name", did_you_mean(text, reader.types.names()))
    return Typed(mark(text, start, end), _shape(reader, text, at), role=role)


def _shape(reader: Reader, text: str, at: Any) -> tuple[str, ...]:
    try:
        return reader.types.shape(text, frozenset())
    except Untyped as reason:
        raise reader.error(at, str(reason)) from None


def _index(reader: Reader, atom: Any, trails: list[Any]) -> tuple[Typed, list[Any]] | None:
    """A letter that is an index of a sum around it."""
    if atom.data != "symbol":
        return None
    letter = names.index_letter(str(atom.children[0]))
    for trail in trails:
        if trail.data == "sub" and (name := letter + canonical(trail.children[1])) in reader.indices:
            rest = [each for each in trails if each is not trail]
            return Typed(mark(name, span(atom)[0], span(trail)[1]), role="index"), rest
    return (Typed(mark(letter, *span(atom)), role="index"), trails) if letter in reader.indices else None


def unknown(reader: Reader, atom: Any) -> InputError:
    """The error for a symbol that nothing declares."""
    start, _ = span(atom)
    run = reader.runs.get(start, "")
    shown = run if len(run) > 2 else reader.shown(atom)
    if atom.data == "word" and len(shown) > 3 and atom.children[0] not in reader.types.names():
        shown = reader.shown(atom)
    known = [*reader.types.names()]
    hint = did_you_mean(str(atom.children[0]).strip("\\") if atom.children else shown, known)
    if run and len(run) > 1:
        end = start + len(run)
        return reader.source.error(
            f"`{run}` is not declared",
            start,
            end,
            "a declared name",
            f"say what it is: {run} is ... in a notation block",
        )
    return reader.error(
        atom,
        f"`{shown}` is not declared",
        "a declared name",
        hint or f"say what it is: {shown} is ... in a notation block",
    )


def number_after(reader: Reader, item: Any) -> Typed:
    """A number right after a factor: a matrix of ones where the profile has it so, and else nothing."""
    text = str(item.children[0].children[0])
    if text in reader.profile.ones:
        return ones(reader, item, list(item.children[1:]))
    fix = r"\mathbf 1 is ones, in a notation block" if text == "1" else r"write \cdot before it"
    raise reader.error(item, f"the number {text} right after a factor", "a sign before it", fix)


def ones(reader: Reader, at: Any, trails: list[Any]) -> Typed:
    """A column of ones of a size that its neighbours say; a row with ᵀ."""
    size, (start, end) = reader.hole(), span(at)
    is_row = [canonical(trail.children[1]) for trail in trails if trail.data == "sup"]
    if len(trails) > 1 or (trails and (not is_row or is_row[0] not in TRANSPOSES)):
        raise reader.error(at, "a script on a matrix of ones", r"\mathbf{1}, \mathbf{1}^T or \mathbf{1}_{n}")
    text = f"\0{size.number}\0"
    if trails:
        return Typed(mark(f"ones(1, {text})", start, end), ("1", size))
    return Typed(mark(f"ones({text}, 1)", start, end), (size, "1"))
