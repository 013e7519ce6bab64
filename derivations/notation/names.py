r"""Which declared name a symbol with its scripts is, and small questions about trees.

Law: the longest declared decoration wins (`\delta^{l+1}` before `\delta`), and lines of a notation block before the
context's own names; two names for one symbol, or a name where an entry fits as well, are refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from lark import Token, Tree

from derivations.formulas.names import name_to_latex
from derivations.language.errors import InputError
from derivations.language.source import Statement, lines_of
from derivations.notation.profile import IDENTIFIER, Key, key_of
from derivations.notation.reader import Reader
from derivations.notation.structure import canonical, parse, span
from derivations.notation.typed import Types

FUNCTIONS = {
    r"\exp": "exp", r"\log": "log", r"\ln": "log", r"\tanh": "tanh", "tanh": "tanh", "sigmoid": "sigmoid",
    "ReLU": "relu", "relu": "relu", "softplus": "softplus", "exp": "exp", "log": "log", "abs": "abs", "sqrt": "sqrt",
}  # fmt: skip
TRANSPOSES = ("T", r"\top", r"\intercal", "\\mathsf{T}")
TAKES = re.compile(r"(?:sum|entries)\[([^\]]*)\]")


@dataclass(frozen=True)
class Found:
    """A declared name: its text, the notation line that says so (empty: the context's own name), the scripts that are
    no part of it, and where the symbol ends."""

    text: str
    line: str
    rest: tuple[Any, ...]
    end: int


@lru_cache(maxsize=4096)
def own_key(name: str) -> Key | None:
    """How a name of the claim language is written on the page; None where LaTeX does not give it back."""
    latex = name_to_latex(name)
    line = Statement(latex, "", tuple(lines_of(latex)), (0,))
    try:
        term = parse(line, 0, len(latex), (), splits=False).tree.children[0].children[1]
    except (InputError, AttributeError):
        return None
    return key_of(term.children[0]) if len(term.children) == 1 else None


def is_spelled(name: str) -> bool:
    """Whether a name may stand in a display letter by letter, as `T4`."""
    return len(name) > 1 and name.isascii() and name.isalnum()


def own_keys(name: str) -> set[Key]:
    """The ways in which a name of the context stands in a display: as it is printed, and letter by letter."""
    printed = own_key(name)
    return ({printed} if printed is not None else set()) | ({(name, "", "")} if is_spelled(name) else set())


def own_words(types: Types) -> set[str]:
    """The context's names and their bases that are words of several letters."""
    keys = [own_key(name) for name in types.names()]
    found = {key[0] for key in keys if key is not None and len(key[0]) > 1 and key[0].isalnum()}
    return found | {name for name in types.names() if is_spelled(name)}


def lookup(reader: Reader, atom: Any, trails: Sequence[Any]) -> Found | None:
    """The declared name that an atom is with as many of its scripts as possible; raises InputError where two are."""
    base = canonical(atom)
    found: list[tuple[int, str, str, tuple[Any, ...]]] = []
    for used in _subsets(trails):
        sub = "".join(canonical(trail.children[1]) for trail in used if trail.data == "sub")
        sup = "".join(
            "'" if trail.data == "prime" else canonical(trail.children[1]) for trail in used if trail.data != "sub"
        )
        rest = tuple(trail for trail in trails if trail not in used)
        said = reader.profile.names.get((base, sub, sup))
        if said is not None:
            found.append((len(used), said[0], said[1], rest))
            continue
        found += [(len(used), name, "", rest) for name in reader.own_names.get((base, sub, sup), ())]
    if not found and (parted := _transposed(trails)) is not None:
        named = lookup(reader, atom, parted[:-1])
        is_whole = named is not None and named.line and not any(trail.data == "sup" for trail in named.rest)
        return replace(named, rest=(*named.rest, parted[-1])) if named is not None and is_whole else None
    if not found and not trails and atom.data == "word" and base in FUNCTIONS:
        return Found(FUNCTIONS[base], "", (), span(atom)[1])
    if not found and atom.data == "word" and base in FUNCTIONS:
        return Found(FUNCTIONS[base], "", tuple(trails), span(atom)[1])
    if not found:
        return None
    most = max(count for count, *_ in found)
    best = {(text, line, rest) for count, text, line, rest in found if count == most}
    texts = sorted({text for text, _, _ in best})
    if len(texts) > 1:
        shown = " or ".join(f"`{text}`" for text in texts)
        raise reader.error(atom, f"this symbol can be {shown}", "one name", "say which in a notation block")
    text, line, rest = sorted(best, key=repr)[0]
    _check_letters(reader, atom, text, line)
    _check_entry(reader, atom, found, most, text, line)
    ends = [span(trail)[1] for trail in trails if trail not in rest]
    return Found(text, line, rest, max([span(atom)[1], *ends]))


def _check_letters(reader: Reader, atom: Any, text: str, line: str) -> None:
    """`ab` is the name ab of the context, unless a and b are declared as well: then it may be their product."""
    start, end = span(atom)
    shown = reader.source.text[start:end]
    letters = [Token("SYMBOL", letter) for letter in shown]
    if not line and atom.data == "word" and shown.isalpha() and all(is_declared(reader, each) for each in letters):
        raise reader.error(
            atom,
            f"`{shown}` can be the name `{text}` or a product of its letters",
            "one of them",
            f"\\mathit{{{shown}}}, or spaces between the letters",
        )


def _check_entry(
    reader: Reader, atom: Any, found: list[tuple[int, str, str, tuple[Any, ...]]], most: int, text: str, line: str
) -> None:
    """`x_1` is the name x1 of the context, unless x is declared as well and has entries: then it may be either."""
    if line:
        return
    for count, other, _, rest in found:
        has_entries = reader.types.kind(other) == "tensor" or not IDENTIFIER.fullmatch(other)
        if count < most and has_entries and any(trail.data == "sub" for trail in rest):
            raise reader.error(
                atom,
                f"this symbol can be the name `{text}` or an entry of `{other}`",
                "one of them",
                "say it in a notation block",
            )


def _transposed(trails: Sequence[Any]) -> list[Any] | None:
    """The scripts with `^{(1)\\top}` as `^{(1)}` and `^{\\top}`; None where no superscript ends with ᵀ."""
    for at, trail in enumerate(trails):
        items = items_of(trail.children[1]) if trail.data == "sup" and trail.children[1].data == "brace" else None
        if items and len(items) > 1 and canonical(items[-1]) in TRANSPOSES:
            sign, brace = trail.children
            opened, inner, closed = brace.children
            meta = inner.meta
            side = Tree("side", [None, Tree("term", items[:-1], meta)], meta)
            first = Tree("sup", [sign, Tree("brace", [opened, Tree("entries", [side], meta), closed], meta)], meta)
            last = Tree("sup", [sign, items[-1]], items[-1].meta)
            return [*trails[:at], first, *trails[at + 1 :], last]
    return None


def _subsets(trails: Sequence[Any]) -> Iterator[list[Any]]:
    """The ways to take scripts into a name: all, those of one kind, none; primes go together."""
    seen: list[list[Any]] = []
    for kinds in (
        ("sub", "sup", "prime"),
        ("sup", "prime"),
        ("sub",),
        ("sub", "prime"),
        ("sub", "sup"),
        ("sup",),
        ("prime",),
        (),
    ):
        used = [trail for trail in trails if trail.data in kinds]
        if used not in seen:
            seen.append(used)
            yield used


def is_declared(reader: Reader, token: Token) -> bool:
    """Whether a letter is a declared name."""
    key = (str(token), "", "")
    return key in reader.profile.names or key in reader.own_names


# -- questions about trees -------------------------------------------------------------------------


def index_letter(symbol: str) -> str:
    """The letter of an index as the claim language writes it."""
    return symbol.lstrip("\\")


def entries(node: Any) -> list[Any]:
    """What stands between the commas of a group; of anything else, itself."""
    if node.data in ("brace", "group", "square") and len(node.children) == 3:
        return [part for part in node.children[1].children if not isinstance(part, Token)]
    return [] if node.data == "brace" else [node]


def single_factor(side: Any) -> Any:
    """The one factor that a side is; None where it is more."""
    if side.data != "side" or len(side.children) != 2 or side.children[0] is not None:
        return None
    items = side.children[1].children
    return items[0] if len(items) == 1 and items[0].data == "factor" else None


def single(node: Any) -> Any:
    """The one atom in braces or brackets; None where there is more."""
    inner = entries(node)
    factor = single_factor(inner[0]) if len(inner) == 1 else None
    return factor.children[0] if factor is not None and len(factor.children) == 1 else None


def as_factor(node: Any) -> Any:
    """An argument as a factor."""
    if node.data == "brace":
        inner = entries(node)
        return single_factor(inner[0]) if len(inner) == 1 else None
    return node if node.data == "factor" else Tree("factor", [node], node.meta)


def items_of(node: Any) -> list[Any] | None:
    """The items of an argument that is one product without a sign before it."""
    if node.data != "brace":
        return [Tree("factor", [node], node.meta)]
    inner = entries(node)
    if len(inner) != 1 or inner[0].data != "side" or len(inner[0].children) != 2 or inner[0].children[0] is not None:
        return None
    return list(inner[0].children[1].children)


def derivative(node: Any, letter_d: bool) -> list[Any] | None:
    """What stands after the ∂ (or d) of an argument of a fraction; None where none begins it."""
    items = items_of(node)
    if not items or items[0].data != "factor":
        return None
    atom = items[0].children[0]
    if atom.data == "partial":
        return [_unbraced(item) for item in items[1:]] if len(items[0].children) == 1 else []
    is_d = atom.data == "symbol" and str(atom.children[0]) in ("d", r"\mathrm{d}") and len(items[0].children) == 1
    return items[1:] if is_d and len(items) == 2 and letter_d else None


def _unbraced(item: Any) -> Any:
    """`{E_d}` is E_d."""
    is_brace = item.data == "factor" and len(item.children) == 1 and item.children[0].data == "brace"
    inner = as_factor(item.children[0]) if is_brace else None
    return item if inner is None else inner


def index_name(factor: Any) -> str:
    """The name of an index: a letter, or a letter with a number or letter below it (`k_{1}` is k1); else nothing."""
    if factor.data == "symbol":
        return index_letter(str(factor.children[0]))
    if factor.data != "factor" or factor.children[0].data != "symbol":
        return ""
    letter, trails = index_letter(str(factor.children[0].children[0])), factor.children[1:]
    if not trails:
        return letter
    below = canonical(trails[0].children[1]) if len(trails) == 1 and trails[0].data == "sub" else ""
    return letter + below if below.isalnum() else ""


def letters(entry: Any) -> list[Token] | None:
    """The letters of an entry that is nothing but letters side by side."""
    if entry.data == "symbol":
        return [entry.children[0]]
    factor = single_factor(entry) if entry.data == "side" else None
    if factor is not None and len(factor.children) > 1 and (name := index_name(factor)):
        start, end = span(factor)
        return [Token("SYMBOL", name, start_pos=start, end_pos=end)]
    if entry.data != "side" or len(entry.children) != 2 or entry.children[0] is not None:
        return None
    items = entry.children[1].children
    if all(item.data == "factor" and len(item.children) == 1 and item.children[0].data == "symbol" for item in items):
        return [item.children[0].children[0] for item in items]
    return None


def digits(entry: Any) -> str | None:
    """The digits of an entry that is a number."""
    if entry.data == "number":
        return str(entry.children[0])
    factor = single_factor(entry) if entry.data == "side" else None
    if factor is not None and len(factor.children) == 1 and factor.children[0].data == "number":
        return str(factor.children[0].children[0])
    return None


def factors(entry: Any) -> Iterator[Any]:
    """Every factor of an entry that begins with a symbol."""
    if entry.data == "symbol":
        yield entry
    for part in entry.iter_subtrees():
        if part.data == "factor" and part.children[0].data == "symbol":
            yield part


def indices_in(reader: Reader, found: Sequence[Any]) -> set[str] | None:
    """The letters that nothing declares in formulas of numbers, sizes and such letters; None for other formulas."""
    letters_in: set[str] = set()
    for part in (part for entry in found for part in entry.iter_subtrees()):
        if part.data == "factor" and len(part.children) > 1 and index_name(part) not in reader.bound:
            return None
        if part.data in ("symbol", "word"):
            declared = lookup(reader, part, [])
            letter = index_letter(str(part.children[0]))
            if declared is None and part.data == "symbol" and not is_label(reader, letter):
                letters_in.add(letter)
            elif declared is None or reader.types.kind(declared.text) not in ("size", "integer"):
                return None
        elif part.data not in (
            "side",
            "term",
            "factor",
            "number",
            "operator",
            "floor",
            "group",
            "entries",
            "frac",
            "sub",
            "brace",
        ):
            return None
    return letters_in


def is_label(reader: Reader, letter: str) -> bool:
    """Whether a letter counts layers in the names of the notation."""
    return letter in reader.profile.label_letters


def scripted(reader: Reader, entry: Any) -> Any:
    """The first accent or script in an entry that is no part of a declared name."""
    for part in entry.iter_subtrees_topdown():
        if part.data == "accent" and lookup(reader, part, []) is None:
            return part
        if part.data == "factor" and len(part.children) > 1 and part.children[0].data in ("symbol", "word"):
            found = lookup(reader, part.children[0], list(part.children[1:]))
            is_size = found is not None and reader.types.kind(found.text) in ("size", "integer")
            if (found is None and index_name(part) not in reader.indices) or (
                found is not None and found.rest and not is_size
            ):
                return part
    return None


def loose(text: str) -> set[str]:
    """The words of a text that its own sums do not bind."""
    bound = {item.split()[0] for group in TAKES.findall(text) for item in group.split(", ") if item}
    return set(IDENTIFIER.findall(text)) - bound


def base_of(item: Any) -> str:
    """The symbol under the scripts of a factor."""
    return canonical(item.children[0]) if item.data == "factor" else canonical(item)
