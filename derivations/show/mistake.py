"""A wrong entry in one sentence: how the claimed value of an entry differs from the true one.

Law: what is said is read off from both polynomials; nothing is guessed beyond them. Where no simple relation holds,
the products that stand on one side only are named.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from sympy import Add, Expr, Function, Integer, Mul, Rational, Symbol

TERMS_SHOWN = 12  # products of one entry; the smallest counterexample rarely has more
_ENTRY = re.compile(r"(?P<name>[^\[]+)\[(?P<index>[\d, ]+)\]")
Place = tuple[int, ...]


def mistake(left: Expr, right: Expr, sizes: Mapping[str, int]) -> str:
    """The difference of two entries in a sentence.

    >>> from sympy import symbols
    >>> x, y = Symbol("x[0, 1]"), Symbol("x[1, 0]")
    >>> mistake(x, 4 * x, {"n": 2})
    'The right side is 4 (= n**2) times the left side.'
    >>> mistake(x, y, {})
    'Where the left side takes x[0, 1], the right side takes x[1, 0].'
    """
    left, right = left.expand(), right.expand()
    if right == 0 or left == 0:
        side, other = ("right", "left") if right == 0 else ("left", "right")
        return f"The {side} side is 0 there, the {other} side is not."
    inside = _inside(left, right)
    if inside:
        return f"Inside {inside[0]}: {mistake(*inside[1], sizes)}"
    return _ratio(left, right, sizes) or _other_entries(left, right) or _other_products(left, right)


def sum_text(value: Expr) -> str:
    """A polynomial with its products in order; of a long one, the first and how many follow."""
    terms = sorted(Add.make_args(value.expand()), key=str)
    shown = " + ".join(map(str, terms[:TERMS_SHOWN])).replace("+ -", "- ")
    return shown + (f" + … ({len(terms) - TERMS_SHOWN} more)" if len(terms) > TERMS_SHOWN else "")


def _inside(left: Expr, right: Expr) -> tuple[str, tuple[Expr, Expr]] | None:
    """The function that both sides are of, and its two arguments."""
    if not (isinstance(left, Function) and isinstance(right, Function) and left.func == right.func):
        return None
    if left.args[:-1] != right.args[:-1]:
        return None
    return str(left).partition("(")[0], (left.args[-1], right.args[-1])


def _ratio(left: Expr, right: Expr, sizes: Mapping[str, int]) -> str:
    """That one side is a multiple of the other, with the sizes that the factor may be."""
    if left.is_number or right.is_number:
        return ""
    ratio = (right / left).cancel()
    if not isinstance(ratio, Rational):
        return ""
    if ratio == -1:
        return "The right side has the opposite sign."
    big, small, factor = ("right", "left", ratio) if abs(ratio) > 1 else ("left", "right", 1 / ratio)
    named = [
        f"{name}{'' if power == 1 else f'**{power}'}"
        for name, value in sizes.items()
        for power in (1, 2, 3)
        if value > 1 and value**power == factor
    ]
    guess = f" (= {' or '.join(named)})" if named else ""
    return f"The {big} side is {factor}{guess} times the {small} side."


def _parts(term: Expr) -> dict[str, tuple[Place, Symbol]]:
    """The entry of each tensor in a product; nothing where a tensor stands in it more than once."""
    found: dict[str, tuple[Place, Symbol]] = {}
    for factor in Mul.make_args(term):
        match = _ENTRY.fullmatch(factor.name) if isinstance(factor, Symbol) else None
        if match:
            if match["name"] in found:
                return {}
            found[match["name"]] = tuple(map(int, match["index"].split(","))), factor
    return found


def _other_entries(left: Expr, right: Expr) -> str:
    """That the products are the same but for the entries of one tensor, and how those have moved."""
    only_left = sorted(set(Add.make_args(left)) - set(Add.make_args(right)), key=str)
    only_right = sorted(set(Add.make_args(right)) - set(Add.make_args(left)), key=str)
    if len(only_left) != len(only_right) or not only_left:
        return ""
    for name in _parts(only_left[0]):
        moved = list(_moved(name, only_left, only_right))
        if len(moved) == len(only_left):
            return _movement(name, moved)
    return ""


def _moved(name: str, left: list[Expr], right: list[Expr]) -> Iterator[tuple[Place, Place]]:
    """For each product on the left, the entry of a tensor in it and in the product on the right that is else the
    same."""
    rests: dict[Expr, Place] = {}
    for term in right:
        entry = _parts(term).get(name)
        if entry is not None:
            rests[term / entry[1]] = entry[0]
    for term in left:
        entry = _parts(term).get(name)
        if entry is not None and term / entry[1] in rests:
            yield entry[0], rests[term / entry[1]]


def _entry(name: str, place: Place) -> str:
    return f"{name}[{', '.join(map(str, place))}]"


def _movement(name: str, moved: list[tuple[Place, Place]]) -> str:
    """A sentence for entries that stand elsewhere."""
    rank = len(moved[0][0])
    entries = {place for place, _ in moved}
    if len(entries) > 1 and rank == 2 and all(after == before[::-1] for before, after in moved):
        return f"In the right side {name} is transposed."
    sums = [{before[axis] + after[axis] for before, after in moved} for axis in range(rank)]
    if len(entries) > 1 and all(len(each) == 1 for each in sums):
        return f"The right side takes the entries of {name} in the opposite order, as if {name} were turned by 180°."
    shifts = [{after[axis] - before[axis] for before, after in moved} for axis in range(rank)]
    if len(entries) > 1 and all(len(each) == 1 for each in shifts):
        by = ", ".join(str(each.pop()) for each in shifts)
        return f"The right side takes the entries of {name} shifted by ({by})."
    pairs = [f"{_entry(name, after)} for {_entry(name, before)}" for before, after in moved[:3]]
    if len(moved) == 1:
        before, after = moved[0]
        return f"Where the left side takes {_entry(name, before)}, the right side takes {_entry(name, after)}."
    return f"The right side takes other entries of {name}: {', '.join(pairs)}{', …' if len(moved) > 3 else ''}."


def _other_products(left: Expr, right: Expr) -> str:
    """The products that stand on one side only."""
    terms_left, terms_right = set(Add.make_args(left)), set(Add.make_args(right))
    only_left = sum_text(Add(*(terms_left - terms_right)) or Integer(0))
    only_right = sum_text(Add(*(terms_right - terms_left)) or Integer(0))
    if only_right == "0":
        return f"The right side lacks {only_left}."
    if only_left == "0":
        return f"The right side has {only_right} too much."
    return f"Where the left side has {only_left}, the right side has {only_right}."
