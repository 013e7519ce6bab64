"""Repairs as formulas, with what differs from the claim underlined.

Law: the underlined part is where the two formulas differ as trees; the rest is the same, node by node. A repair is
proved before it gets here; here it is only set.
"""

from __future__ import annotations

from sympy import Basic

from derivations.formulas.claims import Claim, Link
from derivations.formulas.expressions import Expression, Tensor
from derivations.language.document import parse_claim
from derivations.language.errors import InputError
from derivations.typeset.formulas import POWER, render, to_latex
from derivations.typeset.integers import fence

_STAND_IN = "gradproofmark"  # a name of letters alone, which no author has
MOST = 3  # parts that are marked by themselves


def repair_to_latex(claim: Claim, link: Link, formula: str) -> tuple[str, str] | None:
    """Both sides of a repair in LaTeX; None where its text is no claim of this context."""
    try:
        repaired = parse_claim(formula, claim.context, claim.reading).links[0]
    except (InputError, ValueError):
        return None
    left = to_latex(repaired.left) if repaired.left == link.left else with_difference(link.left, repaired.left)
    right = to_latex(repaired.right) if repaired.right == link.right else with_difference(link.right, repaired.right)
    return left, right


def with_difference(old: Expression, new: Expression) -> str:
    """The new formula, the smallest parts in which it differs underlined."""
    parts = [part for part in differing(old, new) if part != new]
    if not parts:
        return to_latex(new)
    stand_ins = {part: Tensor(f"{_STAND_IN}{'x' * number}q", part.shape) for number, part in enumerate(parts)}
    marked = to_latex(new.xreplace(stand_ins))
    for part, stand_in in stand_ins.items():
        piece = render(part)
        shown = piece.text if piece.level >= POWER else fence(piece.text)
        marked = marked.replace(to_latex(stand_in), rf"\underline{{{shown}}}")
    return marked


def differing(old: Basic, new: Basic) -> list[Expression]:
    """The smallest formulas inside of the new one that hold all its differences from the old one; itself, where they
    are many.

    >>> from derivations.operators import apply
    >>> a, w = Tensor("a", (5, 4)), Tensor("w", (2, 2))
    >>> print(*differing(apply("conv", a, w), apply("conv", apply("rot180", a), w)))
    rot180(a)
    """
    whole = [new] if isinstance(new, Expression) else []
    if old.func != new.func or len(old.args) != len(new.args):
        return whole
    parts: list[Expression] = []
    for before, after in zip(old.args, new.args, strict=True):
        if before != after:
            inner = differing(before, after)
            if not inner:
                return whole
            parts += inner
    return list(dict.fromkeys(parts)) if len(parts) <= MOST else whole
