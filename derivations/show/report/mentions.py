"""Which definitions a formula mentions: what the graph of a report draws its edges from.

Law: a name is mentioned where it is written; what stands in its definition is mentioned there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sympy import Basic

from derivations.formulas.claims import Claim, Context
from derivations.formulas.expressions import Definition, Loss
from derivations.show.report.nodes import Defined


def defined_in(contexts: Sequence[tuple[Mapping[str, str], Context]]) -> tuple[Defined, ...]:
    """The definitions and losses of a context in their order, as its first reading has them."""
    names = contexts[0][1].names if contexts else {}
    return tuple(
        Defined(name, _mentioned(value.args)) for name, value in names.items() if isinstance(value, Definition | Loss)
    )


def used_by(claims: Iterable[Claim]) -> tuple[str, ...]:
    """The definitions that a claim's equations mention, under any of its readings."""
    sides = (side for claim in claims for link in claim.links for side in (link.left, link.right))
    return _mentioned(sides)


def _mentioned(formulas: Iterable[Basic]) -> tuple[str, ...]:
    found: dict[str, None] = {}
    waiting = list(formulas)[::-1]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Definition | Loss):
            found[node.name] = None
        else:
            waiting += node.args[::-1]
    return tuple(found)
