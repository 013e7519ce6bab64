"""The same claim in other words: formulas rewritten without a change of meaning, on the formulas themselves.

Law: each rewriting gives a statement that is true at the same sizes for the same data. `None` where a claim has nothing
to rewrite.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice

from sympy import Basic, Symbol

from derivations.core import terms as k
from derivations.crosscheck import sizes_by_sum
from derivations.formulas.claims import Claim, Link
from derivations.formulas.expressions import (
    Apply,
    ByIndex,
    Definition,
    Differential,
    Elementwise,
    Expression,
    Grad,
    IndexRange,
    IndexSum,
    Jacobian,
    Over,
    Plus,
    ShapeError,
    Times,
)
from derivations.formulas.integers import integer_symbol
from derivations.judgement.judge import Symbolic, decide, exists_everywhere
from derivations.search.solver import Solver

Chance = random.Random
SIZES = 40  # at which two regions are compared


def parts(node: Basic) -> Iterator[Basic]:
    """A formula's nodes, those of its definitions too."""
    yield node
    for part in node.args:
        yield from parts(part)


def rebuilt(node: Basic, change: Callable[[Basic], Basic]) -> Basic:
    """The formula with each node changed, the innermost first; names by which one differentiates are left alone."""
    if isinstance(node, Definition) or not node.args:
        return node
    fixed = {1} if isinstance(node, Grad | Jacobian | Differential) else set()
    arguments = [part if n in fixed else rebuilt(part, change) for n, part in enumerate(node.args)]
    return change(node.func(*arguments))


def both(link: Link, change: Callable[[Basic], Basic]) -> Link | None:
    """The link with both sides changed; None where nothing changes."""
    left, right = change(link.left), change(link.right)
    return None if (left, right) == (link.left, link.right) else replace(link, left=left, right=right)


def sides_exchanged(claim: Claim, link: Link, chance: Chance) -> Link | None:
    """right == left."""
    return None if link.free else replace(link, left=link.right, right=link.left)


def operands_exchanged(claim: Claim, link: Link, chance: Chance) -> Link | None:
    """b + a for a + b, b·a for the entrywise a·b."""

    def exchanged(node: Basic) -> Basic:
        return node.func(*reversed(node.args)) if isinstance(node, Plus | Times) else node

    return both(link, lambda side: rebuilt(side, exchanged))


def indices_renamed(claim: Claim, link: Link, chance: Chance) -> Link | None:
    """Other letters for the indices of sums and of entries by index."""

    def renamed(node: Basic) -> Basic:
        if not isinstance(node, IndexSum | ByIndex):
            return node
        letters = {part.index: integer_symbol(f"{part.index.name}_9") for part in node.ranges}
        return node.func(*[part.xreplace(letters) for part in node.args])

    return both(link, lambda side: rebuilt(side, renamed))


def sums_reversed(claim: Claim, link: Link, chance: Chance) -> Link | None:
    """Σ over i from low to high, with low + high − i for i."""

    def turned(node: Basic) -> Basic:
        if not isinstance(node, IndexSum) or len(node.ranges) != 1 or not node.ranges[0].explicit:
            return node
        (part,) = node.ranges
        if part.index in {inner.index for inner in node.body.atoms(IndexRange)}:
            return node  # another index of that name
        return IndexSum(node.body.xreplace({part.index: part.low + part.high - part.index}), part)

    return both(link, lambda side: rebuilt(side, turned))


def ranges_exchanged(claim: Claim, link: Link, chance: Chance) -> Link | None:
    """Σ over j and i for Σ over i and j, where no range speaks of the other's index."""

    def exchanged(node: Basic) -> Basic:
        if not isinstance(node, IndexSum) or len(node.ranges) < 2 or not all(part.explicit for part in node.ranges):
            return node
        names = {part.index for part in node.ranges}
        if any((part.low.free_symbols | part.high.free_symbols) & names for part in node.ranges):
            return node
        return IndexSum(node.body, *reversed(node.ranges))

    return both(link, lambda side: rebuilt(side, exchanged))


def _by_which(link: Link) -> set[Basic]:
    nodes = [node for side in (link.left, link.right, *link.supposed) for node in parts(side)]
    return {node.args[1] for node in nodes if isinstance(node, Grad | Jacobian | Differential) and len(node.args) > 1}


def definition_opened(claim: Claim, link: Link, chance: Chance) -> Link | None:
    """What a name stands for, instead of the name; of a name by which nothing is differentiated."""
    fixed = _by_which(link)
    loose = any(isinstance(node, Differential) for side in (link.left, link.right) for node in parts(side))
    found = {node for side in (link.left, link.right) for node in parts(side) if isinstance(node, Definition)} - fixed
    if loose or not found:
        return None
    chosen = chance.choice(sorted(found, key=str))
    # Whatever it is differentiated by must still be met inside.
    if any(isinstance(node, Definition) and node in fixed for node in parts(chosen.body)) and len(fixed) > 1:
        return None
    return both(link, lambda side: side.xreplace({chosen: chosen.body}))


def part_named(claim: Claim, link: Link, chance: Chance) -> Link | None:
    """A name for a part that mentions no index and exists at all sizes."""
    fixed = _by_which(link)
    bound = {part.index for side in (link.left, link.right) for part in side.atoms(IndexRange)}
    bound |= {part.index for part in link.free}

    def nameable(node: Basic) -> bool:
        kind = isinstance(node, Apply | Elementwise | Plus | Times | Over) and node not in fixed
        return kind and not bound & node.atoms(Symbol) and exists_everywhere(claim.context, node) is None

    candidates = sorted({n for side in (link.left, link.right) for n in side.atoms(Expression)}, key=str)
    chosen = [node for node in chance.sample(candidates, len(candidates)) if nameable(node)][:1]
    if not chosen:
        return None
    return both(link, lambda side: side.xreplace({chosen[0]: Definition("part_9", chosen[0])}))


REWRITINGS = (
    sides_exchanged, operands_exchanged, indices_renamed, sums_reversed, ranges_exchanged, definition_opened,
    part_named,
)  # fmt: skip


def in_other_words(claim: Claim, link: Link, chance: Chance) -> Iterator[tuple[str, Link]]:
    """Each rewriting that changes something, with what comes of it."""
    for rewriting in REWRITINGS:
        try:
            found = rewriting(claim, link, chance)
        except ShapeError:
            continue
        if found is not None:
            yield rewriting.__name__, found


def verdict(claim: Claim, link: Link) -> tuple[str, tuple[bool, ...]]:
    """The kernel's word, and at which of the smallest sizes it says that the claim holds."""
    found: Symbolic = decide(claim, link, Solver())
    if found.word in ("proved", "undecided"):
        return found.word, ()
    if not found.certain or found.region is None:
        return "false", ()
    sizes = islice(sizes_by_sum(claim.context, claim.conditions, SIZES), SIZES)
    return found.word, tuple(bool(found.region.cases) and k.holds(found.region.condition, one) for one in sizes)
