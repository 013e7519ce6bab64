"""Regions by special cases: where one choice of the functions and data fails, the claim fails.

Law: a special case refutes, on data that the claim speaks of; where it holds, the claim itself is proved.
"""

from __future__ import annotations

from contextlib import suppress

from derivations.core.referee import Proof, Refused
from derivations.core.referee import Region as Settled
from derivations.core.sums import LimitReached
from derivations.core.terms import Condition
from derivations.formulas.claims import Claim, Link
from derivations.formulas.expressions import Tensor
from derivations.judgement.means import Means, Symbolic, of_region, translation
from derivations.judgement.unknowns import independent
from derivations.meaning import forms
from derivations.meaning.forms import Form
from derivations.meaning.functions import Unsupported
from derivations.meaning.lowering import Lowering
from derivations.meaning.statement import goal_of
from derivations.search import decide as search
from derivations.search.groups import grouped
from derivations.search.region import find, open_part
from derivations.search.specialise import binds_data, special_cases, zeros


def by_special_case(
    claim: Claim, link: Link, means: Means, axioms: tuple[str, ...], told: bool
) -> Symbolic | None:  # fmt: skip
    """Where a special case fails, the link fails; so it holds exactly where the special case does, if it is proved to
    hold there."""
    for special in special_cases(claim, link):
        lowering = translation(claim, means.solver, told)
        instance = goal_of(lowering, claim, link, special)
        groups = grouped(instance, lowering.demands)
        decision = search.prove(means.solver, groups)
        if not isinstance(decision, search.CounterModel) or not independent(lowering, groups, means):
            continue
        found = find(means.solver, groups)
        if isinstance(found, str):
            continue
        settled = means.settle(instance, found, lambda part: _proved_within(claim, link, part, means, told))
        if isinstance(settled, Settled):
            return of_region(found.region, settled, decision.sizes, axioms)
    return None


def by_zeros(claim: Claim, link: Link, known: Lowering, means: Means, axioms: tuple[str, ...]) -> Symbolic | None:
    """The same with data in which some tensors are 0, where nothing is supposed of them."""
    if claim.hypotheses or binds_data(claim):
        return None
    for names in zeros(known):
        lowering, form = translation(claim, means.solver), Form(forms.Kind.CLEARED)
        try:
            instance = goal_of(lowering, claim, link, form=form, zeros=names)
            if form.basis is None or not _may_be_zero(lowering, claim, names):
                continue
            groups = grouped(instance, lowering.demands)
            decision = search.prove(means.solver, groups)
            if not isinstance(decision, search.CounterModel):
                continue
            if not forms.independent(form.basis, [group.heads for group in open_part(means.solver, groups).groups]):
                continue
            found = find(means.solver, groups)
            if isinstance(found, str):
                continue
            settled = means.settle(instance, found, lambda part: _proved_in_a_form(claim, link, part, means))
        except (Unsupported, LimitReached):
            continue
        if isinstance(settled, Settled):
            return of_region(found.region, settled, decision.sizes, axioms)
    return None


def _may_be_zero(lowering: Lowering, claim: Claim, names: tuple[str, ...]) -> bool:
    """Whether nothing is supposed of some tensors, by assumptions or so that formulas and derivatives exist."""
    told = {assumption.text for assumption in claim.context.assumptions}
    told |= {domain.supposed(node) for node, domain in lowering.supposed}
    about = [*(assumption.about for assumption in claim.context.assumptions), *(node for node, _ in lowering.supposed)]
    mentioned = {part.name for node in about for part in node.atoms(Tensor)}
    return set(lowering.axioms) <= told and not lowering.kinks and mentioned.isdisjoint(names)


def _proved_in_a_form(claim: Claim, link: Link, region: Condition, means: Means) -> Proof | Refused:
    """That a link holds at all sizes of a region, as it stands or in the normal form of functions."""
    proof = _proved_within(claim, link, region, means, told=False)
    for kind in (forms.Kind.BASIS, forms.Kind.CLEARED):
        if isinstance(proof, Refused):
            with suppress(Unsupported, LimitReached):
                lowering = translation(claim, means.solver, region=region)
                proof = means.prove(goal_of(lowering, claim, link, region=region, form=Form(kind)))
    return proof


def _proved_within(claim: Claim, link: Link, region: Condition, means: Means, told: bool) -> Proof | Refused:
    """That a link holds at all sizes of a region, where more arguments of functions may be equal."""
    lowering = translation(claim, means.solver, told, region)
    return means.prove(goal_of(lowering, claim, link, region=region))
