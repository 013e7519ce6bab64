"""Subscripts of code to subscripts of the claim language: `x[1:]`, `x[:, :-1]`, `A(2:end, 1)`, `x[:, None]`.

Law: every axis is accounted for, from 0 or 1 as the library counts; what counts from the end is written with the size.
A slice beyond its array does not exist in the claim language, nor one whose computed end is negative: at sizes where
NumPy would cut the one short and count the other from the end, the text says less than the code, never more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from derivations.notation.arrays import Arrays
from derivations.notation.typed import ATOM, Part, Typed, bracketed


@dataclass(frozen=True)
class Cut:
    """What a subscript does with one axis, counted from 0: `first` to before `last` in steps, or the entry at `first`;
    empty texts are the ends of the axis. `is_reversed`: the whole axis backwards; `is_new`: an axis of size 1."""

    first: str = ""
    last: str = ""
    step: str = ""
    is_entry: bool = False
    is_reversed: bool = False
    is_new: bool = False


def cut(arrays: Arrays, typed: Typed, cuts: Sequence[Cut], span: tuple[int, int]) -> Typed:
    """The array with these cuts, one for each axis and each new one; axes that no cut is for stay whole."""
    of_axes = [each for each in cuts if not each.is_new]
    if len(of_axes) > typed.rank:
        raise arrays.error(span, f"{len(of_axes)} subscripts on something of rank {typed.rank}")
    reversed_axes = [axis for axis, each in enumerate(of_axes) if each.is_reversed]
    if typed.rank == 2 and reversed_axes == [0, 1]:
        typed = arrays.call("rot180", [typed], span)
    else:
        for axis in reversed_axes:
            typed = arrays.call("flip", [typed], span, str(axis))
    if any(each != Cut(is_reversed=each.is_reversed) for each in of_axes):
        texts = [_text(each, arrays.types.origin) for each in of_axes]
        typed = arrays.shaped(Typed((*bracketed(typed, ATOM), Part(f"[{', '.join(texts)}]", *span))), span)
    if not any(each.is_new for each in cuts):
        return typed
    sizes, own = list[str](), list(typed.shape)
    for each in cuts:
        if each.is_new:
            sizes.append("1")
        elif not each.is_entry:
            sizes.append(str(own.pop(0)))
    sizes += map(str, own)
    return arrays.call("reshape", [typed], span, ", ".join(sizes))


def _text(each: Cut, origin: int) -> str:
    if each.is_reversed:
        return ":"
    first, last = (_shifted(text, origin) for text in (each.first, each.last))
    if each.is_entry:
        return first
    return f"{first}:{last}" + (f":{each.step}" if each.step else "")


def _shifted(text: str, origin: int) -> str:
    return f"{text} + {origin}" if text and origin else text
