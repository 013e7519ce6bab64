"""Who is asked about one link, what was found, and how its formulas are translated: with all that the claim supposes.

Law: what the search supposes to be equal is noted as a premise, for the referee to ask.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from derivations.core import terms as k
from derivations.core.goals import Equality, Goal, Plans
from derivations.core.parts import alternatives
from derivations.core.referee import Proof, Referee, Refused, Refutation
from derivations.core.referee import Region as Settled
from derivations.core.sums import Term
from derivations.core.terms import Condition
from derivations.formulas.claims import Claim, Link
from derivations.judgement.verdict import Word
from derivations.meaning.contraction import contracted, symmetrised
from derivations.meaning.evident import evident_in
from derivations.meaning.goal import context_condition
from derivations.meaning.lowering import Lowering, Terms
from derivations.meaning.relations import related
from derivations.search import decide as search
from derivations.search.groups import grouped
from derivations.search.learning import Region
from derivations.search.plans import chosen, has_orders, planned
from derivations.search.region import Found
from derivations.search.solver import Solver


@dataclass(frozen=True)
class Symbolic:
    """What is shown of one link. `sizes` is a counterexample's sizes; `certain` is False where opaque functions of
    composite arguments stand for unknowns, or where assumptions bind the data, so that a failure may be an artefact.
    `shown` is what the referee made: of the link, and of its definitions' existence."""

    word: Word
    region: Region | None = None
    sizes: dict[Any, int] | None = None
    reason: str = ""
    axioms: tuple[str, ...] = ()
    certain: bool = True
    shown: tuple[Proof | Settled, ...] = ()
    lemma: Link | None = None  # what was shown instead, of a link that is too deep to be evaluated in every run


@dataclass
class Means:
    """Who is asked about one link: a solver for search, the referee, and what was planned of each equality."""

    solver: Solver
    referee: Referee = field(default_factory=Referee)
    plans: dict[tuple[int, bool], tuple[Equality, Plans]] = field(default_factory=dict)

    def planned(self, equality: Equality, every: bool = True) -> Plans:
        """The plans of an equality, made once: of every order of its terms' atoms, or of one."""
        key = id(equality), every
        if key not in self.plans:
            self.plans[key] = equality, planned(equality) if every else chosen(equality)
        return self.plans[key][1]

    def prove(self, goal: Goal) -> Proof | Refused:
        """What the referee says of a goal: of one order of atoms, and where this does not serve, of all."""
        proof = self.referee.prove(goal, lambda equality: self.planned(equality, every=False))
        sums = [each for each in (*goal.premises, *goal.equalities) if isinstance(each, Equality)]
        if isinstance(proof, Refused) and any(map(has_orders, sums)):
            return self.referee.prove(goal, self.planned)
        return proof

    def settle(self, goal: Goal, found: Found, inside: Callable[[Condition], Proof | Refused]) -> Settled | Refused:
        """The region that search found for a goal, shown: `inside` shows that it holds at the sizes of an alternative,
        the referee refutes it at those outside."""
        proofs: list[Proof] = []
        where = found.region.condition
        for part in alternatives(where) if found.region.cases else ():
            proof = inside(part)
            if isinstance(proof, Refused):
                return proof
            proofs.append(proof)
        refutations: list[Refutation] = []
        for each in found.outside:
            beyond = within(goal, each.part)
            refutation = self.referee.refute(beyond, self.planned, each.instances, each.among)
            if isinstance(refutation, Refused) and found.among - each.among:
                refutation = self.referee.refute(beyond, self.planned, each.instances, found.among)
            if isinstance(refutation, Refused):
                return refutation
            refutations.append(refutation)
        return self.referee.region(goal, where, proofs, refutations)


def within(goal: Goal, part: Condition) -> Goal:
    return replace(goal, context=k.all_of((goal.context, part)))


def of_region(region: Region, settled: Settled, sizes: dict[Any, int], axioms: tuple[str, ...]) -> Symbolic:
    word: Word = "holds where" if region.cases else "refuted"
    return Symbolic(word, region, sizes, axioms=axioms, shown=(settled,))


def translation(claim: Claim, solver: Solver, told: bool = False, region: Condition = k.TRUE) -> Lowering:
    """A translation that knows what the claim supposes, and a region of it."""
    lowering = Lowering(related=told)
    lowering.same = same_terms(lowering, claim, solver, region)
    lowering.known = k.all_of((context_condition(lowering, claim.context, claim.conditions), region))
    lowering.assumptions = claim.context.assumptions
    lowering.evident = evident_in(lowering, claim.context, claim.conditions, claim.context.assumptions)
    return lowering


def same_terms(
    lowering: Lowering, claim: Claim, solver: Solver, region: Condition = k.TRUE
) -> Callable[[Terms, Terms, Condition], bool]:
    """Search's word on whether two sums of terms are equal within the claim's context and a region of it; that they
    are, is noted as a premise, for whoever asks supposes it."""
    names = tuple(dim.name for dim in claim.context.dims)

    def same(left: Terms, right: Terms, guard: Condition) -> bool:
        context = k.all_of((context_condition(lowering, claim.context, claim.conditions), region))
        terms = difference(related(lowering, left), related(lowering, right))
        terms = tuple(symmetrised(lowering, contracted(lowering, terms, k.all_of((context, guard)))))
        equality = Equality("what is one value", guard, terms)
        found = search.prove(solver, grouped(Goal(names, context, (), (equality,))))
        if isinstance(found, search.Believed):
            lowering.premises.append(equality)
        return isinstance(found, search.Believed)

    return same


def difference(left: Iterable[Term], right: Iterable[Term]) -> tuple[Term, ...]:
    """The terms of left − right."""
    return (*left, *(replace(term, numerator=-term.numerator) for term in right))
