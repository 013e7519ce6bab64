r"""∂J/∂w, ∇_w J and quotients.

Law: only of a declared scalar is the layout of a derivative settled; ∂U/∂A of tensors is refused, but for
∂vec(y)/∂vec(x)ᵀ, which says it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from derivations.language.errors import InputError
from derivations.notation import names
from derivations.notation.names import TRANSPOSES
from derivations.notation.reader import Reader
from derivations.notation.structure import canonical, span
from derivations.notation.typed import PRODUCT, UNARY, Part, Typed, bracketed, listed


def nabla(reader: Reader, item: Any, following: list[Any]) -> Typed:
    """∇_w J of a declared scalar."""
    trails = item.children[1:]
    if len(trails) != 1 or trails[0].data != "sub":
        raise reader.error(item, "a gradient without its variable", r"\nabla_{w} J")
    if not following or following[0].data == "operator":
        raise reader.error(item, "a gradient of nothing", r"the loss: \nabla_{w} J")
    of = _scalar_name(reader, following[0])
    if len(following) > 1:
        check_end(reader, f"{reader.shown(item)} {reader.shown(following[0])}", following[1])
    node = trails[0].children[1]
    inner = names.entries(node)[0] if node.data == "brace" else node
    return _gradient(reader, of, inner, item)


def check_end(reader: Reader, shown: str, after: Any) -> None:
    r"""`\nabla_x J(x)` may apply J, `\nabla_x J y` may be the gradient of a product of numbers: both are refused."""
    if after.data == "operator":
        return
    atom = after.children[0]
    named = reader.named(atom, list(after.children[1:])) if atom.data in ("symbol", "word", "accent") else None
    if atom.data in ("group", "square") or (named is not None and not named[0].rank and not named[1]):
        fix = f"put brackets: ({shown}) {reader.shown(after)}, or leave out the argument"
        raise reader.error(after, f"where the gradient `{shown}` ends is not said", "a sign or brackets", fix)


def check_point(reader: Reader, item: Any, after: Any) -> None:
    r"""`\frac{\partial J}{\partial x}(x_0)` is a derivative at a point, or a product: refused."""
    if after.data == "operator" or len(after.children) > 1 or after.children[0].data not in ("group", "square"):
        return
    above, entries = item.children[0].children[1], names.entries(after.children[0])
    is_point = len(entries) > 1 or names.single_factor(entries[0]) is not None
    if is_point and names.derivative(above, not reader.types.kind("d")) is not None:
        shown = f"{reader.shown(item)}{reader.shown(after)}"
        raise reader.error(after, f"`{shown}`: the derivative at a point, or a product?", "a sign, or no brackets")


def _scalar_name(reader: Reader, item: Any) -> Typed:
    """A declared scalar under ∂ or ∇; of anything else the layout of the derivative is not settled."""
    atom, trails = item.children[0], list(item.children[1:])
    if atom.data == "group" and not trails:
        inner = reader.one_entry(atom)
        if inner.rank:
            raise _layout(reader, item)
        return inner
    named = reader.named(atom, trails)
    if named is None:
        raise reader.unknown(atom) if atom.data in ("symbol", "word") else _layout(reader, item)
    typed, rest = named
    if typed.rank or rest or typed.role != "name":
        raise _layout(reader, item)
    return typed


def _layout(reader: Reader, item: Any) -> InputError:
    return reader.error(
        item,
        f"the derivative of `{reader.shown(item)}`: its layout is not settled",
        "a declared loss or scalar",
        "write jacobian(y, x), or the gradient of a loss, in the claim language",
    )


def _gradient(reader: Reader, of: Typed, variable: Any, at: Any) -> Typed:
    factor = names.single_factor(variable) if variable.data == "side" else names.as_factor(variable)
    if factor is None:
        raise reader.error(variable, "a derivative with respect to a formula", "a declared name")
    atom, trails = factor.children[0], list(factor.children[1:])
    outer: list[Any] = []
    if atom.data in ("group", "brace"):  # (z_1)_i: the brackets hold the name together
        inner = names.entries(atom)
        held = names.single_factor(inner[0]) if len(inner) == 1 else None
        if held is not None:
            atom, trails, outer = held.children[0], list(held.children[1:]), trails
    named = reader.named(atom, trails)
    if named is None:
        raise reader.unknown(atom)
    typed, rest = named[0], [*named[1], *outer]
    if any(trail.data == "sup" and canonical(trail.children[1]) not in TRANSPOSES for trail in rest):
        raise reader.error(
            variable, "a derivative with respect to a power", "a declared name", "name it in a definition"
        )
    if typed.role != "name":
        raise reader.error(variable, "a derivative with respect to something that is not a name", "a declared name")
    start, end = span(at)
    made = Typed(
        (Part("grad(", start, end), *of.parts, Part(", ", start, end), *typed.parts, Part(")", end - 1, end)),
        typed.shape,
    )
    return reader.trailed(made, rest, variable, is_name=True)


def slashed(reader: Reader, items: Sequence[Any], at: int) -> tuple[Typed, int]:
    r"""`\partial J / \partial w` is the fraction; what follows it is parted by a sign."""
    found = items[at : at + 5]
    kinds = [each.data if each.data == "operator" else each.children[0].data for each in found]
    is_fraction = len(found) == 5 and kinds[2] == "operator" and kinds[3] == "partial" and canonical(found[2]) == "/"
    is_fraction = is_fraction and "operator" not in (kinds[1], kinds[4])
    is_whole = len(found[0].children) == 1 and len(items) == at + 5 and not at
    if not is_fraction or not is_whole or len(found[3].children) > 1:
        raise reader.error(items[at], "a derivative that is not a fraction", r"\frac{\partial J}{\partial w}")
    of = _scalar_name(reader, found[1])
    return _gradient(reader, of, found[4], items[at]), 5


def of_operator(reader: Reader, items: Sequence[Any], at: int) -> tuple[Typed, int] | None:
    r"""`\frac{\partial}{\partial w} J` where J ends the product; None for another fraction."""
    item = items[at]
    above, below = item.children[0].children[1:3]
    letter_d = not reader.types.kind("d")
    bottom = names.derivative(below, letter_d)
    is_d = letter_d and canonical(above) in ("d", r"\mathrm{d}")
    if not (names.derivative(above, False) == [] or is_d) or not bottom or len(bottom) != 1 or len(item.children) > 1:
        return None
    if len(items) != at + 2 or items[at + 1].data == "operator":
        return None
    return _gradient(reader, _scalar_name(reader, items[at + 1]), bottom[0], item), 2


def fraction(reader: Reader, atom: Any) -> Typed:
    """A quotient, or a derivative."""
    above, below = atom.children[1], atom.children[2]
    letter_d = not reader.types.kind("d")
    top, bottom = names.derivative(above, letter_d), names.derivative(below, letter_d)
    if top is not None or bottom is not None:
        return _derivative(reader, atom, top, bottom)
    if (letter := _differences(below)) and letter in (_differences(above), canonical(above)):
        what = f"`{reader.shown(atom)}`: a derivative, or a quotient of products with {letter}?"
        raise reader.error(atom, what, "", r"write \partial, or a sign after the letter")
    left, right = reader.argument(above), reader.argument(below)
    if right.rank:
        raise reader.error(below, f"a quotient by something of rank {right.rank}", "a number below the line")
    start, end = span(atom)
    parts = (*bracketed(left, PRODUCT), Part(" / ", start, end), *bracketed(right, UNARY + 1))
    return Typed(parts, left.shape, PRODUCT, (*left.equal, *right.equal))


def _differences(node: Any) -> str:
    """The d, δ or Δ that begins a product without a sign after it; nothing where none does."""
    items = names.items_of(node) or []
    letter = canonical(items[0]) if len(items) > 1 and items[1].data != "operator" else ""
    return letter if letter in ("d", r"\mathrm{d}", r"\delta", r"\Delta") else ""


def _derivative(reader: Reader, atom: Any, top: Any, bottom: Any) -> Typed:
    if top and bottom and (made := _jacobian(reader, atom, top, bottom)) is not None:
        return made
    if top is None or bottom is None:
        raise reader.error(atom, "a derivative lacks its ∂ above or below", r"\frac{\partial J}{\partial w}")
    if not top:
        raise reader.error(atom, "a derivative as an operator: of what is not said", r"\frac{\partial J}{\partial w}")
    if len(top) != 1 or len(bottom) != 1:
        raise reader.error(atom, "a derivative of a product, or with respect to one", r"\frac{\partial J}{\partial w}")
    of = _scalar_name(reader, top[0])
    return _gradient(reader, of, bottom[0], atom)


def _jacobian(reader: Reader, atom: Any, top: Any, bottom: Any) -> Typed | None:
    """∂vec(y)/∂vec(x)ᵀ says its layout; None for another derivative."""
    if len(top) != 2 or len(bottom) != 2 or any(canonical(items[0]) != "vec" for items in (top, bottom)):
        return None
    scripts = [canonical(trail.children[1]) for trail in bottom[1].children[1:] if trail.data == "sup"]
    if scripts != ["T"] or len(bottom[1].children) != 2 or len(top[1].children) != 1:
        return None
    sides = [reader.one_entry(items[1].children[0]) for items in (top, bottom)]
    start, end = span(atom)
    made = Typed((Part("jacobian(", start, end), *listed(sides), Part(")", end - 1, end)))
    return reader.shape_of(atom, made)
