r"""Functions and words before what they are applied to: `f(z)`, `\exp z`, `\operatorname{down} X`, `d w`, e^z.

Law: an argument is in brackets, or is the one factor that ends the product; where it ends is never guessed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from lark import Token

from derivations.notation import names, norms, printed, scripts
from derivations.notation.profile import Rule
from derivations.notation.reader import Reader
from derivations.notation.structure import canonical, span
from derivations.notation.typed import ATOM, Part, Typed, call_of, listed

INDICATORS = (r"\mathbb{1}", r"\mathbb{I}", r"\mathbf{1}")  # of what follows in brackets, where that is a condition


def _indicator(reader: Reader, items: list[Any], at: int) -> Typed | None:
    """`\\mathbb{1}[x > 0]` is 1 where the condition holds; None where no condition follows."""
    following = items[at + 1] if at + 1 < len(items) else None
    if following is None or following.data != "factor" or following.children[0].data not in ("square", "group"):
        return None
    if len(following.children) > 1 or not any(part.data == "relation" for part in names.entries(following.children[0])):
        return None
    return printed.square(reader, following.children[0])


def application(reader: Reader, items: list[Any], at: int) -> tuple[Typed, int] | None:
    """A function or a word applied to what follows it; None where the item is neither."""
    item = items[at]
    atom, trails = item.children[0], list(item.children[1:])
    _start, _ = span(atom)
    spelled = canonical(atom)
    if spelled in (r"\mathrm{d}", "d") and (done := _differential(reader, items, at)) is not None:
        return done
    if _e_to_the(reader, atom, trails):
        return exponential(reader, item, trails), 1
    if spelled in (r"\max", r"\min") and len(trails) == 1 and trails[0].data == "sub":
        return norms.maximum(reader, items, at)
    if spelled in INDICATORS and not trails and (made := _indicator(reader, items, at)) is not None:
        return made, 2
    call = printed.printed_call(reader, item)
    if spelled in reader.profile.words and not trails:
        rule = reader.profile.words[spelled]
        return _applied(reader, items, at, lambda parts, where: _by_rule(reader, rule, parts, where), item)
    named = reader.named(atom, trails) if atom.data in ("symbol", "word", "accent") else None
    if named is not None and named[0].role == "function":
        return _function(reader, items, at, named[0].text, named[1])
    if named is None and call is not None:
        return _applied(reader, items, at, call, item)
    return None


def entries(reader: Reader, items: list[Any], at: int) -> tuple[Typed, int] | None:
    """`x[i - 1]` is an entry of a tensor; `x(i)`, `J(z)` and `x(y)` may be applications or products, and are refused.

    None where the item is no name that brackets follow directly, or where they hold a formula and so are a factor.
    """
    item, following = items[at], items[at + 1] if at + 1 < len(items) else None
    atom, trails = item.children[0], list(item.children[1:])
    if following is None or following.data != "factor" or following.children[0].data not in ("group", "square"):
        return None
    named = reader.named(atom, trails) if atom.data in ("symbol", "word", "accent") else None
    inside = names.entries(following.children[0])
    if atom.data == "group" and not trails and following.children[0].data == "square":  # (f * g)[m]
        if all(entry.data == "side" for entry in inside) and names.indices_in(reader, inside):
            return _entries_of(reader, reader.atom(atom), items, at)
        return None
    if named is None or named[1] or named[0].role == "index" or any(entry.data != "side" for entry in inside):
        return None
    typed, shown = named[0], f"{reader.shown(item)}{reader.shown(following)}"
    is_square = following.children[0].data == "square"
    if typed.rank and (letters := names.indices_in(reader, inside)) is not None:
        if is_square and (letters or all(names.digits(entry) for entry in inside)):
            return _entries_of(reader, typed, items, at)
        if letters or is_square:
            raise reader.error(following, f"`{shown}`: an entry, or a product?", "a subscript", "write x_i or x[i]")
    if reader.types.kind(typed.text) == "loss":
        fix = f"write {reader.shown(item)} alone, or a sign between them"
        raise reader.error(following, f"`{shown}`: the loss of this, or a product?", "", fix)
    factor = names.single_factor(inside[0]) if len(inside) == 1 and not is_square else None
    inner = names.lookup(reader, factor.children[0], list(factor.children[1:])) if factor is not None else None
    if len(following.children) == 1 and inner is not None and not inner.rest and typed.role == "name":
        fix = f"declare `function {typed.text}`, or leave the brackets out"
        raise reader.error(following, f"`{shown}`: an application, or a product?", "", fix)
    return None


def _entries_of(reader: Reader, typed: Typed, items: list[Any], at: int) -> tuple[Typed, int]:
    """`x[i]`, `x[i][j]`: what the square brackets after an item say."""
    used = 1
    while at + used < len(items) and items[at + used].data == "factor":
        following = items[at + used]
        inside = names.entries(following.children[0]) if following.children[0].data == "square" else []
        if not inside or any(e.data != "side" for e in inside) or names.indices_in(reader, inside) is None:
            break
        typed = scripts.subscripted(reader, typed, following.children[0], items[at])
        typed = reader.trailed(typed, list(following.children[1:]), following, is_name=False)
        used += 1
    return typed, used


def _by_rule(reader: Reader, rule: Rule, parts: Sequence[Typed], item: Any) -> Typed:
    if len(parts) != len(rule.places):
        raise reader.error(item, f"{len(parts)} arguments where `{rule.line}` has {len(rule.places)}")
    return reader.filled(rule, parts, item)


def _function(reader: Reader, items: list[Any], at: int, name: str, trails: list[Any]) -> tuple[Typed, int]:
    item = items[at]
    primes = sum(trail.data == "prime" for trail in trails)
    others = [trail for trail in trails if trail.data != "prime"]
    if len(others) == 1 and others[0].data == "sup" and re.fullmatch(r"\([1-9]\)", canonical(others[0].children[1])):
        primes, others = primes + int(canonical(others[0].children[1])[1]), []
    if others:
        raise reader.error(others[0], f"a script on the function {name}", "", f"write ({name}(z))^2 for a power")

    def make(parts: Sequence[Typed], where: Any) -> Typed:
        if len(parts) != 1:
            raise reader.error(where, f"{name} takes one argument")
        start, end = span(item)
        made = (Part(f"{name}{chr(39) * primes}(", start, end), *parts[0].parts, Part(")", end - 1, end))
        return Typed(made, parts[0].shape, ATOM, parts[0].equal)

    return _applied(reader, items, at, make, item)


def _applied(
    reader: Reader, items: list[Any], at: int, make: Callable[[Sequence[Typed], Any], Typed], item: Any
) -> tuple[Typed, int]:
    """The application to the bracket that follows; without brackets, to the one factor that ends the product."""
    if at + 1 >= len(items) or items[at + 1].data == "operator":
        raise reader.error(item, f"`{reader.shown(item)}` has no argument", "brackets after it")
    following = items[at + 1]
    atom, trails = following.children[0], list(following.children[1:])
    if atom.data in ("group", "square", "brace"):
        entries = [part for part in atom.children[1].children if not isinstance(part, Token)]
        if any(entry.data != "side" for entry in entries):
            raise reader.error(following, "an argument that is not a formula", "a formula")
        made = make([reader.side(entry) for entry in entries], item)
        return reader.trailed(made, trails, following, is_name=False), 2
    after = items[at + 2] if at + 2 < len(items) and not _is_short_sum(items[at + 1 :]) else None
    if after is not None and after.data != "operator":
        raise reader.error(
            item, f"where the argument of `{reader.shown(item)}` ends is not said", "brackets around its argument"
        )
    argument, used = reader.factor_at(items, at + 1, False)
    return make([argument], item), used + 1


def _is_short_sum(items: Sequence[Any]) -> bool:
    """Whether these are Σ, or several, over one factor: `\\log \\sum_j e^{z_j}` leaves no doubt of its end."""
    sums = [item.data == "factor" and item.children[0].data == "sum" for item in items]
    return len(items) > 1 and all(sums[:-1]) and not sums[-1] and items[-1].data == "factor"


def _differential(reader: Reader, items: list[Any], at: int) -> tuple[Typed, int] | None:
    """`d w`, `d(J; w)`: of the next factor alone."""
    item = items[at]
    upright = canonical(item.children[0]) == r"\mathrm{d}"
    rule = reader.profile.words.get("d")
    if rule is None and not upright:
        return None
    if len(item.children) > 1 or at + 1 >= len(items) or items[at + 1].data == "operator":
        return None
    if reader.types.kind("d") and not upright:
        raise reader.error(item, "`d` is a declared name and the differential", "one of them", r"write \mathrm{d}")
    following = items[at + 1]
    start, end = span(item)
    atom, trails = following.children[0], list(following.children[1:])
    if (
        atom.data == "group"
        and len(atom.children[1].children) == 3
        and atom.children[1].children[1].type
        in (
            "SEMI",
            "COMMA",
        )
    ):
        of, _, wrt = atom.children[1].children
        inner = [reader.side(of), reader.side(wrt)]
        made = Typed((Part("d(", start, end), *listed(inner), Part(")", end - 1, end)), inner[0].shape)
        return reader.trailed(made, trails, following, is_name=False), 2
    if atom.data == "group":
        inner_one = reader.one_entry(atom)
        made = Typed((Part("d(", start, end), *inner_one.parts, Part(")", end - 1, end)), inner_one.shape)
        return reader.trailed(made, trails, following, is_name=False), 2
    named = reader.named(atom, trails)
    if named is None or named[0].role != "name":
        raise reader.error(following, "the differential of something that is not a name", "brackets after d")
    made = Typed((Part("d(", start, end), *named[0].parts, Part(")", end - 1, end)), named[0].shape)
    return reader.trailed(made, named[1], following, is_name=True), 2


def _e_to_the(reader: Reader, atom: Any, trails: list[Any]) -> bool:
    is_e = atom.data == "symbol" and canonical(atom) == "e" and [trail.data for trail in trails] == ["sup"]
    return is_e and not reader.types.kind("e") and not any(base == "e" for base, _, _ in reader.profile.names)


def exponential(reader: Reader, item: Any, trails: list[Any]) -> Typed:
    """e^z is exp(z) of numbers and vectors; of a matrix it may be the matrix exponential."""
    inner = reader.argument(trails[0].children[1])
    if inner.rank > 1:
        raise reader.error(item, "the exponential of a matrix: of its entries, or its power series", "", r"\exp(z)")
    return call_of("exp", inner, *span(item))
