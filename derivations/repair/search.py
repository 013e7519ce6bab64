"""The nearest true formula: what the author of a false claim probably meant.

A bounded search over small edits: `nearest.py` gives the candidates that agree in numbers, the nearest first; what is
proved by the kernel for every size is a repair. The other reading of a convolution in the definitions is one too.

Law: nothing is returned that the kernel has not proved in the claim's own context, and every formula that is returned
is again a claim in the language. Bounds count candidates, proofs and the provers' operations, not seconds, so that the
answer does not depend on the machine.

What it cannot see: whether a true formula is the meant one. It ranks by the size of the edit.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sympy import Symbol

from derivations.core.sums import LimitReached
from derivations.crosscheck.candidates import Sieve
from derivations.formulas.claims import Claim, Context, Link
from derivations.formulas.expressions import Apply, Constant, Definition, Loss, ShapeError, Tensor
from derivations.formulas.origin import counted_from
from derivations.formulas.text import context_to_text, to_text
from derivations.judgement import decision
from derivations.judgement.verdict import Verdict
from derivations.language.document import parse_claim
from derivations.language.errors import InputError
from derivations.meaning.functions import Unsupported
from derivations.repair.edits.proposals import SLIDING, open_parts
from derivations.repair.nearest import Candidate, Nearest
from derivations.repair.normal_form import normal
from derivations.search.solver import Answer, Solver, Unknown

PROOFS = 16  # candidates that are handed to the kernel
CLOSE = 1  # the last stage that is looked at although something nearer was found
Z3_RESOURCES = 4_000_000  # z3's own unit, for one question of a proof


@dataclass(frozen=True)
class Repair:
    """A true formula near a false one: its text in claim syntax, what was changed, and the kinds of the edits.

    For a change of reading the text ends in the definition that makes the claim true.
    """

    text: str
    description: str
    kind: str
    link: Link


class GivenUp(Exception):
    """One question was past its limit: there will be no proof."""


class Impatient(Solver):
    """A solver that ends with the first question that it cannot answer."""

    def satisfiable(self, condition: Any) -> Answer:
        """As a solver's; raises GivenUp in place of an answer that says nothing."""
        answer = super().satisfiable(condition)
        if isinstance(answer, Unknown):
            raise GivenUp
        return answer


def repairs(claim: Claim, number: int, *, limit: int = 3) -> tuple[Repair, ...]:
    """The nearest true formulas for link `number` (from 1) of a claim, at most `limit`, the nearest first.

    >>> from derivations.language.document import parse_claim, parse_context
    >>> context = parse_context("dims n, m\\ntensor A[n, m]")[0][1]
    >>> repairs(parse_claim("A.T.T == rot180(A)", context), 1)[0].text
    'A.T.T == A'
    """
    return tuple(_Search(claim, claim.links[number - 1], limit).run())


class _Search:
    """One search, and how many proofs are left."""

    def __init__(self, claim: Claim, link: Link, limit: int) -> None:
        self.claim, self.link, self.limit = claim, link, limit
        self.nearest = Nearest(claim, link)
        self.proofs = PROOFS
        self.found: list[Repair] = []
        self.texts: set[str] = {self._text(link)}
        self.forms: dict[Any, list[list[str]]] = {}  # normal forms that were met, and in which operators
        self.alone = link.left == claim.links[0].left

    def run(self) -> list[Repair]:
        if not self.nearest.sieve.places:
            return []
        reading = next(self._readings(), None)
        formulas = self.limit - (reading is not None)
        for stage, candidates in enumerate(self.nearest.stages()):
            self._take(self._varied(candidates), formulas)
            if len(self.found) >= formulas or (self.found and stage >= CLOSE):
                break
        return [*self.found, *([reading] if reading is not None else [])]

    def _text(self, link: Link) -> str:
        """The link in claim syntax, indices as the document counts them. A size that is not changed stands as it was
        written: it is a number or an expression by now, whatever operator's size it was."""
        free = {free.index: free.size for free in link.free}
        written = self.link.text.split(" == ")
        texts = []
        for at, (side, own) in enumerate(((link.left, self.link.left), (link.right, self.link.right))):
            if side == own and isinstance(side, Constant) and len(written) == 2:
                texts.append(written[at])
            else:
                texts.append(to_text(counted_from(self.claim.context.origin, side, free)))
        return " == ".join(texts)

    def _varied(self, candidates: Iterable[Candidate]) -> list[Candidate]:
        """Each formula once; after all of them those that are one of them by definition, in other operators (a
        correlation for a convolution with a turned kernel)."""
        first, others = [], []
        for one in candidates:
            sides = one.link.left, one.link.right
            form = tuple(normal(side) for side in sides)
            operators = sorted(part.operator for side in sides for part in open_parts(side) if isinstance(part, Apply))
            if form not in self.forms:
                first.append(one)
            elif operators not in self.forms[form]:
                others.append(one)
            self.forms.setdefault(form, []).append(operators)
        return [*first, *others]

    def _take(self, candidates: Iterable[Candidate], limit: int) -> None:
        """Proves candidates in their order until there are enough."""
        for candidate in candidates:
            text = self._text(candidate.link)
            if len(self.found) >= limit or text in self.texts or len(set(text.split(" == "))) == 1:
                continue
            self.texts.add(text)
            if self._readable(text, candidate.link) and self._proved(self.claim, candidate.link):
                words = "; ".join(dict.fromkeys(edit.words for edit in candidate.edits))
                kind = ", ".join(edit.kind for edit in candidate.edits)
                self.found.append(Repair(text, words, kind, replace(candidate.link, text=text)))

    def _readable(self, text: str, link: Link) -> bool:
        """Whether the text is this link again where it is read. (A free index must stand alone in the first side; in a
        link further on in a chain it need not.)"""
        if not self.alone:
            return True
        try:
            again = parse_claim(text, self.claim.context, dict(self.claim.reading)).links[0]
        except InputError:
            return False
        return (again.left, again.right) == (link.left, link.right)

    def _proved(self, claim: Claim, link: Link) -> bool:
        if self.proofs <= 0:
            return False
        self.proofs -= 1
        return proved(claim, link, Impatient(z3_resources=Z3_RESOURCES))

    # -- readings -----------------------------------------------------------------------------------------------------

    def _readings(self) -> Iterator[Repair]:
        """The claim as it stands, under the other reading of one definition's convolution."""
        for old, new in _other_readings(self.claim.context):
            changed = _under(self.claim, {old: new})
            link = changed.links[self.claim.links.index(self.link)]
            if link == self.link or not Sieve(changed, link, self.nearest.sizes).agree(link):
                continue
            if self._proved(changed, link):
                said = "a correlation" if "corr(" in to_text(new.body) else "a convolution"
                written = Definition(new.name, counted_from(self.claim.context.origin, new.body))
                text = f"{self.link.text} with {_defined(written)}"
                yield Repair(text, f"right if {new.name} is {said}", "reading", link)


def proved(claim: Claim, link: Link, solver: Solver) -> bool:
    """Whether a link is proved in its claim's context, and the context admits sizes."""
    try:
        return decision.proved(claim, link, solver)
    except (Unsupported, LimitReached, ShapeError, GivenUp):
        return False


def with_repair(claim: Claim, verdict: Verdict) -> Verdict:
    """The verdict with the nearest true formulas, if the claim is not true as it stands."""
    if verdict.repair or verdict.contradiction or verdict.verdict in ("proved", "undecided"):
        return verdict
    return replace(verdict, repair=tuple(one.text for one in repairs(claim, verdict.link)))


# -- helpers ----------------------------------------------------------------------------------------------------------


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
    return context_to_text(Context(names={definition.name: definition}))
