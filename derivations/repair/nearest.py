"""The formulas near a false one that agree with it in numbers, the nearest first: what `repair.py` then proves.

One edit of a side (`edits/`), the same edit of both sides, an edit and a factor in the sizes; then two edits, then
three. `numeric/` sieves them at a few sizes without coincidences. Where the sides differ in shape or do not exist,
edits that mend this come first.

Law: bounds count candidates, not seconds, so that the answer does not depend on the machine.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from math import prod

from sympy import Expr, Integer, Rational

from derivations import crosscheck
from derivations.crosscheck.candidates import Sieve
from derivations.formulas.claims import Claim, Link
from derivations.formulas.expressions import (
    Apply,
    Constant,
    Definition,
    Entry,
    Expression,
    Grad,
    Literal,
    Minus,
    Over,
    Tensor,
    Times,
)
from derivations.formulas.integers import evaluate_integer
from derivations.formulas.text import to_text
from derivations.repair.edits import Edit, Setting, alike, edits, step_sizes

SINGLES = 400  # single edits of a side that are looked at
FIRST, SECOND = 60, 80  # of how many single edits a second one is tried, and how many of those
PAIRS, PORTION = 1200, 600  # pairs of edits of one side that are looked at, and how many at a time
ACROSS = 20, 25  # edits of the left and of the right side that are tried together
MENDING, THIRD = 4, 24  # how many edits that mend the shapes a search of three begins with, and how wide it goes on
PLACES = 5  # sizes at which candidates are sieved


@dataclass(frozen=True)
class Candidate:
    """A link near the claim's own, and the edits that lead to it."""

    link: Link
    edits: tuple[Edit, ...]

    @property
    def nearness(self) -> tuple[int, int, int]:
        """The number of edits, their kinds, the length of the formulas."""
        length = len(to_text(self.link.left)) + len(to_text(self.link.right))
        return len(self.edits), sum(edit.order for edit in self.edits), length


class Nearest:
    """The candidates of one link, in stages of growing distance."""

    def __init__(self, claim: Claim, link: Link) -> None:
        self.claim, self.link = claim, link
        self.sizes = places(claim)
        self.sieve = Sieve(claim, link, self.sizes)

    def stages(self) -> Iterator[list[Candidate]]:
        """The candidates that pass the sieve, stage by stage, the nearest first within each: one edit; the same edit
        of both sides, or a factor beside one; two edits; three."""
        if not self.sieve.places:
            return
        sides = {right: self._singles(right) for right in (True, False)}
        passed, factor = self._one_edit(sides)
        yield passed
        yield self._one_edit_and_more(sides, passed, factor)
        yield self._two_edits(sides)
        yield self._three_edits(sides[True])

    # -- one edit -----------------------------------------------------------------------------------------------------

    @cached_property
    def _plain(self) -> bool:
        """Whether the left side is a name, a gradient, or an entry of one: what a claim is about, and not a formula
        that may be wrong."""
        side = self.link.left
        while isinstance(side, Entry):
            side = side.of
        return isinstance(side, Grad | Tensor | Definition) or self.link.text.split(" == ")[0].isidentifier()

    def _setting(self, right: bool) -> Setting:
        other = self.link.left if right else self.link.right
        ranges = tuple((free.index, free.size) for free in self.link.free)
        return Setting(self.claim.context, other.shape, step_sizes(self.claim.context), ranges, other=other)

    def _with(self, right: bool, node: Expression) -> Link:
        return replace(self.link, right=node) if right else replace(self.link, left=node)

    def _side(self, right: bool) -> Expression:
        return self.link.right if right else self.link.left

    def _singles(self, right: bool) -> list[Edit]:
        side = self._side(right)
        found = _broad(_distinct(edits(side, self._setting(right)), {side}), SINGLES)
        found.sort(key=lambda edit: edit.order)
        if not right and self._plain:
            found = [edit for edit in found if edit.kind == "choice"]
        return found

    def _passing(self, candidates: Iterable[Candidate]) -> list[Candidate]:
        passed = [one for one in candidates if self.sieve.agree(one.link)]
        return sorted((one for one in passed if not _idle(one)), key=lambda one: one.nearness)

    def _one_edit(self, sides: Mapping[bool, Sequence[Edit]]) -> tuple[list[Candidate], bool]:
        """Edits of one side, and whether a factor is among them that mends a side as it stands."""
        singles = [Candidate(self._with(right, edit.node), (edit,)) for right in sides for edit in sides[right]]
        factors = list(self._value())
        for right in sides if not factors else ():
            side = self._side(right)
            if right or not self._plain:
                factors += [Candidate(self._with(right, one.node), (one,)) for one in self._scaled(right, side)]
        return self._passing([*singles, *factors]), bool(factors)

    def _one_edit_and_more(
        self, sides: Mapping[bool, Sequence[Edit]], passed: Sequence[Candidate], factor: bool
    ) -> list[Candidate]:
        """The same edit of both sides; an edit and a factor in the sizes, unless a factor does alone."""
        found = [
            Candidate(replace(self.link, left=left.node, right=right.node), (left, right))
            for left, right in alike(sides[False], sides[True])
        ]
        done = {candidate.link for candidate in passed}
        for right in sides if not factor else ():
            for edit in sides[right]:
                if self._with(right, edit.node) not in done:
                    found += [
                        Candidate(self._with(right, made.node), (edit, made))
                        for made in self._scaled(right, edit.node)
                    ]
        return self._passing(found)

    def _value(self) -> Iterator[Candidate]:
        """What the left side is, if it is made of numbers alone, for numbers that it is not."""
        found = self.sieve.value(self.link.left)
        if found is None or not isinstance(self.link.right, Constant | Literal):
            return
        shape, values = found
        numbers = [Rational(value.numerator, value.denominator) for value in values]
        made = Literal(shape, numbers) if shape else Constant(numbers[0])
        yield Candidate(self._with(True, made), (Edit(made, "value", "with its value", (), self.link.right, made),))

    # -- a factor in the sizes ----------------------------------------------------------------------------------------

    def _scaled(self, right: bool, node: Expression) -> Iterator[Edit]:
        """The side times the factor in the sizes by which it is wrong, if it is wrong by one."""
        ratios = self.sieve.ratios(self._with(right, node))
        if ratios is None or all(ratio == 1 for ratio in ratios):
            return
        if not right:
            ratios = tuple(1 / ratio for ratio in ratios)
        for factor in self._factors:
            at = [Fraction(_value(factor, place.sizes)) for place in self.sieve.places]
            made = _by_factor(node, factor, at, ratios) if 0 not in at else None
            if made is not None:
                yield made
                return  # another one is equal to it under the claim's conditions

    @cached_property
    def _factors(self) -> list[Expr]:
        """Sizes and quotients of products of them by which formulas are wrong: windows, and numbers of entries."""
        context = self.claim.context
        found: dict[Expr, None] = {Integer(1): None}
        for dim in context.dims:
            found.update({dim.symbol: None, dim.symbol**2: None})
        areas: dict[Expr, None] = {}
        for value in context.names.values():
            shape = value.shape
            for size in shape:
                found[size] = None
            if len(shape) >= 2:
                areas[shape[-1] * shape[-2]] = None
        windows = [step**2 for step in step_sizes(context)]
        return [*found, *areas, *(area / window for area in areas for window in windows if area != window)]

    # -- two edits, three edits ---------------------------------------------------------------------------------------

    def _two_edits(self, sides: Mapping[bool, Sequence[Edit]]) -> list[Candidate]:
        """Two edits of the right side or one of each side, then two of the left; portion after portion, until there is
        something in one."""
        left, other = (sides[right][:bound] for right, bound in zip((False, True), ACROSS, strict=True))
        across = [
            Candidate(replace(self.link, left=p.node, right=q.node), (p, q))
            for p in left
            for q in other
            if p.kind != "sum"  # sums of both sides say less than the sides
        ]
        found = self._pairs(True, sides[True])
        found = [*found[:PORTION], *across, *found[PORTION:]]
        for candidates, size in ((found, PORTION + len(across)), (self._pairs(False, sides[False]), PORTION)):
            for start in range(0, len(candidates), size):
                passed = self._passing(candidates[start : start + size])
                if passed:
                    return passed
        return []

    def _pairs(self, right: bool, singles: Sequence[Edit]) -> list[Candidate]:
        """Two edits of one side. Edits that come first among those of their kind come first, so that every portion has
        edits of every kind."""
        setting, side = self._setting(right), self._side(right)
        seen: set[Expression] = {side, *(edit.node for edit in singles)}
        pairs: list[tuple[int, Candidate]] = []
        for place, one in _ranked((self._mending(right, singles) or singles)[:FIRST]):
            for further, two in _ranked(_distinct(edits(one.node, setting), seen)[:SECOND]):
                seen.add(two.node)
                pairs.append((place + further, Candidate(self._with(right, two.node), (one, two))))
        return [candidate for _, candidate in sorted(pairs, key=lambda pair: pair[0])[:PAIRS]]

    def _mending(self, right: bool, singles: Sequence[Edit]) -> list[Edit]:
        """The edits after which both sides exist and have one shape, if that is what is wrong."""
        if self.sieve.fits(self.link):
            return []
        return [edit for edit in singles if self.sieve.fits(self._with(right, edit.node))]

    def _three_edits(self, singles: Sequence[Edit]) -> list[Candidate]:
        """Of the right side, where its shape or existence is wrong: one edit that mends this, and two more."""
        setting, side = self._setting(True), self.link.right
        found: dict[Expression, Candidate] = {}
        for one in self._mending(True, singles)[:MENDING]:
            for two in _broad(_distinct(edits(one.node, setting), {side}), THIRD):
                for three in _broad(_distinct(edits(two.node, setting), {side, one.node}), THIRD):
                    found.setdefault(three.node, Candidate(self._with(True, three.node), (one, two, three)))
        return self._passing(found.values())


# -- helpers ----------------------------------------------------------------------------------------------------------


def places(claim: Claim) -> list[Mapping[str, int]]:
    """Sizes without coincidences first, which end most candidates; then the smallest."""
    conditions = (*claim.context.conditions, *claim.conditions)
    shapes = [v.shape for v in claim.context.names.values() if isinstance(v, Tensor)]

    def work(sizes: Mapping[str, int]) -> int:
        return sum(prod(max(0, int(_value(size, sizes))) for size in shape) for shape in shapes)

    generic = crosscheck.generic_sizes(claim.context, conditions, PLACES - 1, work=work)
    smallest = list(crosscheck.sizes_by_sum(claim.context, conditions, 2))
    chosen = [*sorted(generic, key=work), *smallest]
    return [one for at, one in enumerate(chosen) if one not in chosen[:at]]


def _value(size: Expr, sizes: Mapping[str, int]) -> Fraction:
    above, below = size.as_numer_denom()
    try:
        return Fraction(evaluate_integer(above, dict(sizes)), evaluate_integer(below, dict(sizes)))
    except (KeyError, TypeError, ZeroDivisionError):
        return Fraction(0)


def _by_factor(node: Expression, factor: Expr, at: Sequence[Fraction], ratios: Sequence[Fraction]) -> Edit | None:
    """node times number·factor, or node times number/factor, for the number that all places ask for."""
    for below in (False, True):
        numbers = {ratio * value if below else ratio / value for ratio, value in zip(ratios, at, strict=True)}
        if len(numbers) != 1:
            continue
        number = numbers.pop()
        if abs(number.numerator) > 4 or number.denominator > 4 or (below and factor == 1):
            continue
        times = Rational(number.numerator, number.denominator) * (1 / factor if below else factor)
        made = _times(node, times)
        return Edit(made, "factor", "times {0}", (to_text(times),), node, made)
    return None


def _times(node: Expression, factor: Expr) -> Expression:
    """The product, with the constants that already stand before or below the formula taken in."""
    if isinstance(node, Constant):
        return Constant(factor * node.value)
    if isinstance(node, Over) and isinstance(node.args[1], Constant):
        return _times(node.args[0], factor / node.args[1].value)
    if isinstance(node, Times) and isinstance(node.args[0], Constant) and len(node.args) == 2:
        return _times(node.args[1], factor * node.args[0].value)
    above, under = factor.as_numer_denom()
    made = Minus(node) if above == -1 else node if above == 1 else Times(Constant(above), node)
    return made if under == 1 else Over(made, Constant(under))


def _distinct(found: Iterable[Edit], seen: set[Expression]) -> list[Edit]:
    """The edits whose formulas are new, by kind; the order of equal kinds is kept."""
    kept: dict[Expression, Edit] = {}
    for edit in found:
        if edit.node not in seen and (edit.node not in kept or edit.order < kept[edit.node].order):
            kept[edit.node] = edit
    return sorted(kept.values(), key=lambda edit: edit.order)


def _ranked(found: Iterable[Edit]) -> Iterator[tuple[int, Edit]]:
    """Each edit with its place among those of its kind: by it, a bounded search tries every kind."""
    counts: dict[str, int] = {}
    for edit in found:
        counts[edit.kind] = counts.get(edit.kind, -1) + 1
        yield counts[edit.kind], edit


def _broad(found: Iterable[Edit], number: int) -> list[Edit]:
    """So many edits, of as many kinds as there are."""
    return [edit for _, edit in sorted(_ranked(found), key=lambda pair: pair[0])][:number]


def _idle(candidate: Candidate) -> bool:
    """Whether the two sides are one formula but for a frame that does nothing, so that the link says nothing; of a
    size, one may have been written as a formula."""
    left, right = (_unframed(side) for side in (candidate.link.left, candidate.link.right))
    return left == right and not isinstance(left, Constant)


def _unframed(side: Expression) -> Expression:
    while isinstance(side, Apply) and side.operator == "resize":
        side = side.tensors[0]
    return side


__all__ = ["Candidate", "Nearest", "places"]
