r"""`x \in \mathbb{R}^{m \times n}`: what is of which shape, as an equation of shapes.

Law: a column is no vector: `x \in \mathbb{R}^n` of an n×1 matrix is refused, since both are meant by it.
"""

from __future__ import annotations

from typing import Any

from derivations.notation import names, printed
from derivations.notation.reader import Reader
from derivations.notation.structure import canonical, span
from derivations.notation.typed import Part, Typed, mark

REALS = (r"\mathbb{R}", r"\Re", "R")


def belongs(reader: Reader, tree: Any) -> list[Typed]:
    """The shape of the left side, and the sizes in the exponent of the right."""
    left, _, right = tree.children
    typed = reader.side(left)
    factor = names.single_factor(right)
    space = canonical(factor.children[0]) if factor is not None else ""
    trails = factor.children[1:] if factor is not None else []
    if space not in REALS or reader.types.kind(space) or len(trails) != 1 or trails[0].data != "sup":
        raise reader.error(right, "a set that is no space of tensors", r"\mathbb{R}^{m \times n}")
    sizes = printed.sizes(reader, trails[0].children[1])
    if len(sizes) != typed.rank:
        what = f"`{typed.text}` has {typed.rank} axes, and this space has {len(sizes)}"
        raise reader.error(right, what, "a size for each axis")
    start, end = span(right)
    text = ", ".join(sizes) if len(sizes) > 1 else f"{sizes[0]},"
    shape = Typed((Part("shape(", *span(left)), *typed.parts, Part(")", *span(left))))
    return [shape, Typed(mark(f"({text})", start, end))]
