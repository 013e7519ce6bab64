r"""How the factors of a product bind: every way is tried, those that typecheck are kept, and equal ones are one.

    \delta^T \mathbf 1 \mathbf 1^T      both ways are the same matrix, by associativity: one reading
    W^T \delta \odot \sigma'(z)         (W^T δ) ∘ σ' or W^T (δ ∘ σ'): two readings, refused or settled by `binds`
    a / b c                             (a / b) c or a / (b c): refused

Law: two ways count as one only by laws that hold for all data: associativity of the matrix product and of the entrywise
product, and numbers that pass through every product and every operator that is linear in each factor.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from derivations.notation.typed import PRODUCT, UNARY, Hole, Part, Typed, agree, bracketed

MULTILINEAR = frozenset({"conv", "corr", "conv2", "convolve", "kron", "outer"})
MOST_FACTORS = 12
SCALED, DOT, CROSS, HADAMARD, SLASH = "", r"\cdot", r"\times", r"\odot", "/"
SCALE = "scale"  # a dot beside a number is that number's product, whatever else stands around
ENTRYWISE = (r"\odot", r"\circ")

Key = tuple[tuple[Any, ...], Any]  # the scalar factors, sorted, and the rest


@dataclass(frozen=True)
class Way:
    """One way to bind a stretch of factors: its text, and a key that equal ways share."""

    typed: Typed
    key: Key


@dataclass(frozen=True)
class Sign:
    """What stands between two factors: nothing, or an operator; `fill` writes a declared one."""

    name: str
    start: int
    end: int
    fill: Callable[[Typed, Typed], Typed | None] | None = None
    linear: bool = False
    binds: str = ""
    is_open: bool = False  # its notation leaves open how it binds; `binds` is one of both ways


def ways(factors: list[Typed], signs: list[Sign], first: int = 0) -> list[Way]:
    """Every way to bind the factors that typechecks, equal ways once; the first of equals associates to the left.
    `first` is the number of the first factor, so that the keys of a part are those of the whole."""
    if any(sign.binds == "weaker" for sign in signs):
        return _split(factors, signs, first)
    if any(sign.binds == "tighter" for sign in signs):
        return _grouped(factors, signs, first)
    return _all(_atoms(factors, first), signs)


def beyond(factors: list[Typed], signs: list[Sign]) -> list[Way]:
    """Every way that typechecks, where one of them is that of no convention: neither if all operators that are open
    bind tighter than what stands beside them, nor if all bind weaker. Nothing else."""
    free = [replace(sign, binds="" if sign.is_open else sign.binds) for sign in signs]
    known = set()
    for how in ("tighter", "weaker"):
        bound = [replace(sign, binds=how if sign.is_open else sign.binds) for sign in signs]
        known |= {way.key for way in ways(factors, bound)}
    found = ways(factors, free)
    return found if any(way.key not in known for way in found) else []


def _atoms(factors: Iterable[Typed], first: int) -> list[Way]:
    return [Way(typed, _atom_key(typed, number)) for number, typed in enumerate(factors, first)]


def _atom_key(typed: Typed, number: int) -> Key:
    name = (number, typed.text)
    return ((name,), None) if not typed.rank else ((), name)


def _split(factors: list[Typed], signs: list[Sign], first: int) -> list[Way]:
    """Operators that bind weaker: what stands between them is bound first."""
    at = [number for number, sign in enumerate(signs) if sign.binds == "weaker"]
    bounds = [-1, *at, len(signs)]
    groups = [ways(factors[a + 1 : b + 1], signs[a + 1 : b], first + a + 1) for a, b in itertools.pairwise(bounds)]
    if any(len(group) != 1 for group in groups):
        return next(group for group in groups if len(group) != 1)
    return _all([group[0] for group in groups], [signs[number] for number in at])


def _grouped(factors: list[Typed], signs: list[Sign], first: int) -> list[Way]:
    """Operators that bind tighter are bound before the others."""
    groups: list[list[Way]] = []
    outer: list[Sign] = []
    start = 0
    for end in range(len(factors)):
        if end == len(signs) or signs[end].binds != "tighter":
            groups.append(_all(_atoms(factors[start : end + 1], first + start), signs[start:end]))
            outer += [signs[end]] if end < len(signs) else []
            start = end + 1
    if any(len(group) != 1 for group in groups):
        return next(group for group in groups if len(group) != 1)
    return _all([group[0] for group in groups], outer)


def _all(atoms: list[Way], signs: list[Sign]) -> list[Way]:
    count = len(atoms)
    if not any(atom.typed.rank for atom in atoms) and all(sign.name in (SCALED, SCALE, DOT, CROSS) for sign in signs):
        return [_of_numbers(atoms, signs)]
    if count > MOST_FACTORS:
        return []
    table: dict[tuple[int, int], list[Way]] = {(at, at): [atom] for at, atom in enumerate(atoms)}
    for width in range(1, count):
        for first in range(count - width):
            last = first + width
            found: dict[Key, Way] = {}
            for cut in _cuts(atoms, first, last):
                for left in table[first, cut]:
                    for right in table[cut + 1, last]:
                        if signs[cut].name == SLASH and cut + 1 < last and _divides(signs[cut + 1 : last]):
                            continue
                        for way in _joined(left, signs[cut], right):
                            found.setdefault(way.key, way)
            table[first, last] = list(found.values())
    return table[0, count - 1]


def _of_numbers(atoms: list[Way], signs: list[Sign]) -> Way:
    """The product of numbers alone, from the left; there is one way."""
    if len(atoms) == 1:
        return atoms[0]
    parts = list(bracketed(atoms[0].typed, PRODUCT))
    for sign, atom in zip(signs, atoms[1:], strict=True):
        parts += [Part(" * ", sign.start, sign.end), *bracketed(atom.typed, UNARY + 1)]
    equal = tuple(pair for atom in atoms for pair in atom.typed.equal)
    made = Typed(tuple(parts), (), PRODUCT, equal)
    scalars = tuple(part for atom in atoms for part in atom.key[0])
    return Way(made, _tidy(scalars, None, made))


def _cuts(atoms: list[Way], first: int, last: int) -> list[int]:
    """Where to cut first: after a number in front, and else so that the product associates to the left."""
    cuts = list(range(last - 1, first - 1, -1))
    return cuts if atoms[first].typed.rank else [first, *[cut for cut in cuts if cut != first]]


def _divides(signs: Iterable[Sign]) -> bool:
    """Whether a stretch to the right of a slash holds another slash: a / b / c associates to the left."""
    return any(sign.name == SLASH for sign in signs)


def _joined(left: Way, sign: Sign, right: Way) -> list[Way]:
    """The ways to join two factors by a sign: none, one, or more where the sign does not say which product it is."""
    a, b = left.typed, right.typed
    if sign.fill is not None:
        made = sign.fill(a, b)
        if made is None:
            return []
        scalars = (*left.key[0], *right.key[0]) if sign.linear else ()
        inside = (left.key[1], right.key[1]) if sign.linear else (left.key, right.key)
        return [Way(made, _tidy(scalars, ("op", sign.name, *inside), made))]
    if sign.name == SLASH:
        if b.rank:
            return []
        made = Typed(
            (*bracketed(a, PRODUCT), Part(" / ", sign.start, sign.end), *bracketed(b, UNARY + 1)),
            a.shape,
            PRODUCT,
            (*a.equal, *b.equal),
        )
        return [Way(made, _tidy((*left.key[0], ("/", right.key)), left.key[1], made))]
    found = []
    for product in _products(a, sign.name, b):
        made = product_of(a, product, b, sign)
        scalars = (*left.key[0], *right.key[0])
        cores = [core for core in (left.key[1], right.key[1]) if core is not None]
        core = cores[0] if len(cores) == 1 else _flat(product, cores) if cores else None
        found.append(Way(made, _tidy(scalars, core, made)))
    return found


def _tidy(scalars: tuple[Any, ...], core: Any, made: Typed) -> Key:
    if not made.rank and core is not None:
        return tuple(sorted([*scalars, ("core", core)], key=repr)), None
    return tuple(sorted(scalars, key=repr)), core


def _flat(product: str, cores: list[Any]) -> Any:
    parts: list[Any] = []
    for core in cores:
        parts += core[1] if core[0] == product else [core]
    return product, tuple(parts)


def _products(a: Typed, sign: str, b: Typed) -> list[str]:
    """The products that a sign can mean for factors of these ranks."""
    if not a.rank or not b.rank:
        return ["*"]
    ranks = (a.rank, b.rank)
    if sign in (*ENTRYWISE, SCALE):
        return ["*"] if a.rank == b.rank else []
    if sign == CROSS:
        return []
    if sign == DOT:
        return {(1, 1): ["@"], (2, 2): ["@", "*"]}.get(ranks, [])
    if _is_one_by_one(a, b):
        return ["@", "*"]
    return ["@"] if ranks in ((2, 2), (2, 1), (1, 2)) else ["@", "*"] if ranks == (1, 1) else []


def _is_one_by_one(a: Typed, b: Typed) -> bool:
    """A 1×1 matrix beside a larger one: a number to its author, no matrix product."""
    one = ("1", "1")
    known = not any(isinstance(size, Hole) for size in (*a.shape, *b.shape))
    return known and (a.shape == one or b.shape == one) and a.shape[-1] != b.shape[0]


def product_of(a: Typed, product: str, b: Typed, sign: Sign) -> Typed:
    """The text of `a * b` or `a @ b`, with its shape and the sizes that must agree."""
    parts = (*bracketed(a, PRODUCT), Part(f" {product} ", sign.start, sign.end), *bracketed(b, UNARY + 1))
    equal = (*a.equal, *b.equal)
    if product == "*":
        if a.rank and b.rank:
            equal += agree(a.shape, b.shape)
            shape = tuple(y if isinstance(x, Hole) else x for x, y in zip(a.shape, b.shape, strict=True))
        else:
            shape = a.shape or b.shape
        return Typed(parts, shape, PRODUCT, equal)
    equal += agree((a.shape[-1],), (b.shape[0],))
    return Typed(parts, (*a.shape[:-1], *b.shape[1:]), PRODUCT, equal)
