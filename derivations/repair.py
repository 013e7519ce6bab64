"""The nearest true formula: what the author of a false claim probably meant.

A bounded search over small edits (`edits.py`), the right side first: single edits, a factor in the sizes, the other
reading of a convolution in the definitions, then two edits. Candidates are sieved by `numeric/` at a few sizes without
coincidences; what passes is proved by the kernel for every size.

Law: nothing is returned that the kernel has not proved in the claim's own context. Bounds count candidates and proofs,
not seconds, so that the answer does not depend on the machine.

What it cannot see: whether a true formula is the meant one. It ranks by the size of the edit.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from sympy import Expr, Integer, Symbol

from derivations.claims import Claim, Context, Link
from derivations.edits import SLIDING, Edit, Setting, edits, parts_of, step_sizes
from derivations.expressions import (
    Apply,
    Constant,
    Definition,
    Entry,
    Expression,
    Grad,
    Loss,
    Minus,
    Over,
    ShapeError,
    Tensor,
    Times,
)
from derivations.integers import evaluate_integer
from derivations.kernel.decide import Proof, prove
from derivations.kernel.solver import Solver
from derivations.kernel.sums import LimitReached
from derivations.language.printer import to_text
from derivations.lowering import Lowering, Unsupported
from derivations.verdict import Verdict

SINGLES = 300  # single edits of a side that are looked at
FIRST, SECOND = 50, 50  # of how many single edits a second one is tried, and how many of those
PAIRS = 400  # pairs of edits that are looked at
PROOFS = 16  # candidates that are handed to the kernel
PLACES = 5  # sizes at which candidates are sieved


@dataclass(frozen=True)
class Repair:
    """A true formula near a false one: its text in claim syntax, what was changed, and the kinds of the edits.

    For a change of reading the text ends in the definition that makes the claim true.
    """

    text: str
    description: str
    kind: str
    link: Link


@dataclass(frozen=True)
class _Candidate:
    link: Link
    edits: tuple[Edit, ...]

    @property
    def rank(self) -> tuple[int, int]:
        return len(self.edits), sum(edit.order for edit in self.edits)


def repairs(claim: Claim, number: int, *, limit: int = 3, solver: Solver | None = None) -> tuple[Repair, ...]:
    """The nearest true formulas for link `number` (from 1) of a claim, at most `limit`, the nearest first.

    >>> from derivations.language.document import parse_claim, parse_context
    >>> context = parse_context("dims n, m\\ntensor A[n, m]")[0][1]
    >>> repairs(parse_claim("A.T.T == rot180(A)", context), 1)[0].text
    'A.T.T == A'
    """
    search = _Search(claim, claim.links[number - 1], limit, solver)
    return tuple(search.run())


class _Search:
    """One search: the sieve, and how many proofs are left."""

    def __init__(self, claim: Claim, link: Link, limit: int, solver: Solver | None) -> None:
        from derivations.crosscheck.candidates import Sieve

        self.claim, self.link, self.limit, self.solver = claim, link, limit, solver
        self.sizes = _places(claim)
        self.sieve = Sieve(claim, link, self.sizes)
        self.proofs = PROOFS
        self.found: list[Repair] = []
        self.texts: set[str] = {to_text(link.left), to_text(link.right)}

    def run(self) -> list[Repair]:
        if not self.sieve.places:
            return []
        reading = next(self._readings(), None)
        formulas = self.limit - (reading is not None)
        singles: dict[bool, list[Edit]] = {}
        for right in (True, False):
            if len(self.found) >= formulas or (not right and _plain(self.link.left)):
                continue
            singles[right] = self._singles(right)
            self._take(self._with_factors(right, singles[right]), formulas)
        for right, first in singles.items():
            if not self.found:
                self._take(self._pairs(right, first), formulas)
        return [*self.found[:formulas], *([reading] if reading is not None else [])]

    # -- candidates ---------------------------------------------------------------------------------------------------

    def _setting(self, right: bool) -> Setting:
        other = self.link.left if right else self.link.right
        ranges = tuple((free.index, free.size) for free in self.link.free)
        return Setting(self.claim.context, other.shape, step_sizes(self.claim.context), ranges, other=other)

    def _with(self, right: bool, node: Expression) -> Link:
        return replace(self.link, right=node) if right else replace(self.link, left=node)

    def _singles(self, right: bool) -> list[Edit]:
        side = self.link.right if right else self.link.left
        other = self.link.left if right else self.link.right
        return _distinct(edits(side, self._setting(right)), {side, other})[:SINGLES]

    def _with_factors(self, right: bool, singles: Sequence[Edit]) -> list[_Candidate]:
        """Single edits that pass the sieve, and those that pass after a factor in the sizes."""
        side = self.link.right if right else self.link.left
        passed, scaled = [], [_Candidate(self._with(right, made.node), (made,)) for made in self._scaled(right, side)]
        alone = bool(scaled)  # then another edit beside a factor would be superfluous
        for edit in singles:
            link = self._with(right, edit.node)
            if self.sieve.agree(link):
                passed.append(_Candidate(link, (edit,)))
            elif not alone:
                scaled += [
                    _Candidate(self._with(right, made.node), (edit, made)) for made in self._scaled(right, edit.node)
                ]
        passed += [candidate for candidate in scaled if self.sieve.agree(candidate.link)]
        return sorted(passed, key=_nearness)

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

    @property
    def _factors(self) -> list[Expr]:
        """Sizes and products of sizes by which formulas are wrong: windows, and numbers of entries."""
        context = self.claim.context
        found: dict[Expr, None] = {Integer(1): None}
        for dim in context.dims:
            found.update({dim.symbol: None, dim.symbol**2: None})
        for value in context.names.values():
            shape = value.shape
            for size in shape:
                found[size] = None
            if len(shape) >= 2:
                found[shape[-1] * shape[-2]] = None
        return list(found)

    def _pairs(self, right: bool, singles: Sequence[Edit]) -> list[_Candidate]:
        setting = self._setting(right)
        side = self.link.right if right else self.link.left
        other = self.link.left if right else self.link.right
        seen: set[Expression] = {side, other, *(edit.node for edit in singles)}
        pairs: list[tuple[Edit, Edit]] = []
        for first in singles[:FIRST]:
            for second in _distinct(edits(first.node, setting), seen)[:SECOND]:
                seen.add(second.node)
                pairs.append((first, second))
        pairs.sort(key=lambda pair: pair[0].order + pair[1].order)
        candidates = [_Candidate(self._with(right, second.node), (first, second)) for first, second in pairs[:PAIRS]]
        return sorted((one for one in candidates if self.sieve.agree(one.link)), key=_nearness)

    # -- proofs -------------------------------------------------------------------------------------------------------

    def _take(self, candidates: Iterable[_Candidate], limit: int) -> None:
        """Proves candidates in their order until there are enough."""
        for candidate in candidates:
            text = f"{to_text(candidate.link.left)} == {to_text(candidate.link.right)}"
            if len(self.found) >= limit or text in self.texts:
                continue
            self.texts.add(text)
            if self._proved(self.claim, candidate.link):
                words = "; ".join(edit.words for edit in candidate.edits)
                kind = ", ".join(edit.kind for edit in candidate.edits)
                self.found.append(Repair(text + _origin(self.claim.context, candidate.link), words, kind,
                                         replace(candidate.link, text=text)))  # fmt: skip

    def _proved(self, claim: Claim, link: Link) -> bool:
        if self.proofs <= 0:
            return False
        self.proofs -= 1
        return proved(claim, link, self.solver or Solver())

    # -- readings -----------------------------------------------------------------------------------------------------

    def _readings(self) -> Iterator[Repair]:
        """The claim as it stands, under the other reading of one definition's convolution."""
        from derivations.crosscheck.candidates import Sieve

        for old, new in _other_readings(self.claim.context):
            changed = _under(self.claim, {old: new})
            link = changed.links[self.claim.links.index(self.link)]
            if link == self.link or not Sieve(changed, link, self.sizes).agree(link):
                continue
            if self._proved(changed, link):
                said = "a correlation" if "corr(" in to_text(new.body) else "a convolution"
                text = f"{self.link.text} with {_defined(new)}"
                yield Repair(text, f"right if {new.name} is {said}", "reading", link)


def proved(claim: Claim, link: Link, solver: Solver) -> bool:
    """Whether the kernel proves a link in its claim's context, and the context admits sizes."""
    from derivations.judge import goal_of, same_terms
    from derivations.region import small_sizes

    lowering = Lowering()
    try:
        lowering.same = same_terms(lowering, claim, solver)
        goal = goal_of(lowering, claim, link)
        return isinstance(prove(solver, goal), Proof) and any(True for _ in small_sizes(goal, 1))
    except (Unsupported, LimitReached, ShapeError):
        return False


def with_repair(claim: Claim, verdict: Verdict) -> Verdict:
    """The verdict with the nearest true formulas, if the claim is not true as it stands."""
    if verdict.repair or verdict.contradiction or verdict.verdict in ("proved", "undecided"):
        return verdict
    return replace(verdict, repair=tuple(one.text for one in repairs(claim, verdict.link)))


# -- helpers ----------------------------------------------------------------------------------------------------------


def _places(claim: Claim) -> list[Mapping[str, int]]:
    """Sizes without coincidences first, which end most candidates; then the smallest."""
    from derivations import crosscheck

    conditions = (*claim.context.conditions, *claim.conditions)
    shapes = [v.shape for v in claim.context.names.values() if isinstance(v, Tensor)]

    def work(sizes: Mapping[str, int]) -> int:
        total = 0
        for shape in shapes:
            count = 1
            for size in shape:
                count *= max(0, _value(size, sizes))
            total += count
        return total

    generic = crosscheck.generic_sizes(claim.context, conditions, PLACES - 1, work=work)
    smallest = list(crosscheck.sizes_by_sum(claim.context, conditions, 2))
    chosen = [*sorted(generic, key=work), *smallest]
    return [one for at, one in enumerate(chosen) if one not in chosen[:at]]


def _value(size: Expr, sizes: Mapping[str, int]) -> int:
    try:
        return evaluate_integer(size, dict(sizes))
    except (KeyError, TypeError, ZeroDivisionError):
        return 0


def _by_factor(
    node: Expression, factor: Expr, at: Sequence[Fraction], ratios: Sequence[Fraction]
) -> Edit | None:
    """node times number·factor, or node times number/factor, for the number that all places ask for."""
    for below in (False, True):
        numbers = {ratio * value if below else ratio / value for ratio, value in zip(ratios, at, strict=True)}
        if len(numbers) != 1:
            continue
        number = numbers.pop()
        if abs(number.numerator) > 4 or number.denominator > 4 or (below and factor == 1):
            continue
        above = number.numerator * (Integer(1) if below else factor)
        under = number.denominator * (factor if below else Integer(1))
        return Edit(_times(node, above / under), "factor", f"times {to_text(above / under)}")
    return None


def _times(node: Expression, factor: Expr) -> Expression:
    """The product, with the constants that already stand before or below the formula taken in."""
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


def _nearness(candidate: _Candidate) -> tuple[Any, ...]:
    return (*candidate.rank, len(to_text(candidate.link.left)) + len(to_text(candidate.link.right)))


def _plain(side: Expression) -> bool:
    """A name, a gradient, or an entry of one: what a claim is about, and not a formula that may be wrong."""
    while isinstance(side, Entry):
        side = side.of
    return isinstance(side, Grad | Tensor | Definition)


def _origin(context: Context, link: Link) -> str:
    """Printed indices begin at 0, whatever the document's do; the text says so where it matters."""
    indexed = any(isinstance(part, Entry) for side in (link.left, link.right) for part in parts_of(side))
    return "   (indices from 0)" if context.origin and indexed else ""


def _other_readings(context: Context) -> Iterator[tuple[Definition, Definition]]:
    """Each definition that uses conv or corr itself, with the other one in its place."""
    for value in context.names.values():
        if isinstance(value, Definition):
            body = _exchanged(value.body)
            if body != value.body:
                yield value, Definition(value.name, body)


def _exchanged(node: Any) -> Any:
    if isinstance(node, Definition | Loss | Tensor | Symbol) or not node.args:
        return node
    parts = [_exchanged(part) for part in node.args]
    if isinstance(node, Apply) and node.operator in SLIDING:
        return Apply("corr" if node.operator == "conv" else "conv", *parts[1:])
    return node.func(*parts)


def _under(claim: Claim, new: Mapping[Definition, Definition]) -> Claim:
    """The claim with definitions replaced, wherever they stand."""
    names = {name: value.xreplace(new) for name, value in claim.context.names.items()}
    assumptions = tuple(replace(a, about=a.about.xreplace(new)) for a in claim.context.assumptions)
    context = replace(claim.context, names=names, assumptions=assumptions)
    links = tuple(
        replace(link, left=link.left.xreplace(new), right=link.right.xreplace(new),
                supposed=tuple(part.xreplace(new) for part in link.supposed))
        for link in claim.links
    )  # fmt: skip
    hypotheses = tuple(
        replace(one, left=one.left.xreplace(new), right=one.right.xreplace(new)) for one in claim.hypotheses
    )
    return replace(claim, context=context, links=links, hypotheses=hypotheses)


def _defined(definition: Definition) -> str:
    from derivations.language.printer import context_to_text

    return context_to_text(Context(names={definition.name: definition}))
