"""Which definitions of a deep document are residuals: what a proof of it goes through, layer by layer.

Law: proposals only. `decision.py` proves each before it uses it.
"""

from __future__ import annotations

from functools import lru_cache

from derivations import crosscheck
from derivations.formulas.claims import Claim, Link
from derivations.formulas.expressions import Definition, Expression, Grad, Loss
from derivations.meaning.lemmas import definitions_of, nodes_of


def residuals_of(claim: Claim, link: Link) -> list[tuple[Grad, Definition]]:
    """(∂L/∂u, d) for the one L that a link differentiates and the definitions d in it that have the values of such
    gradients: none before those that stand in it."""
    losses = {node.of for node in (*nodes_of(link.left), *nodes_of(link.right)) if isinstance(node, Grad)}
    if len(losses) != 1:
        return []
    [of] = losses
    if not isinstance(of, Definition | Loss):
        return []
    inside = definitions_of(of)
    used = definitions_of(link.left) | definitions_of(link.right)
    names = [node for node in claim.context.names.values() if isinstance(node, Definition)]
    named = tuple(node for node in names if node not in inside and not isinstance(node.body, Grad))
    through = tuple(node for node in names if node in inside and node != of)
    if not through or not used.intersection(named):
        return []
    found = [(u, d) for u, d in _proposed(_Asked(claim), of, through, named) if d in used]
    return [(Grad(of, u), d) for u, d in sorted(found, key=lambda pair: len(definitions_of(pair[1])))]


class _Asked:
    """A claim, compared by what it supposes."""

    def __init__(self, claim: Claim) -> None:
        context = claim.context
        self.claim = claim
        self.key = (context.dims, context.conditions, context.assumptions, claim.conditions, claim.hypotheses)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Asked) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)


@lru_cache(maxsize=64)
def _proposed(
    asked: _Asked, of: Expression, through: tuple[Definition, ...], named: tuple[Definition, ...]
) -> list[tuple[Definition, Definition]]:
    return crosscheck.residuals(asked.claim, of, through, named)


__all__ = ["residuals_of"]
