"""Claim -> Verdict: joins what the kernel decides with what `numeric/` finds. Expectations enter here only, at the end.

Laws: `proved` needs a kernel proof and no numeric counterexample. Nothing is called false without a counterexample that
`numeric/` has replayed. If the two contradict each other, the verdict is undecided and carries the contradiction.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial
from typing import Any

from derivations import crosscheck
from derivations.core import terms as k
from derivations.core.goals import Goal
from derivations.core.referee import Proof
from derivations.core.referee import Region as Settled
from derivations.core.terms import Condition
from derivations.formulas.claims import Claim, Expectation, Link
from derivations.judgement.decision import decide, exists_everywhere
from derivations.judgement.means import Symbolic
from derivations.judgement.verdict import Evidence, Verdict, Witness, Word
from derivations.meaning.goal import context_condition
from derivations.meaning.lowering import Lowering
from derivations.search.learning import Region
from derivations.search.samples import small_sizes
from derivations.search.solver import Solver

LITTLE_WORK = 30_000  # squares of entries: what a deep claim is itself evaluated with, beside its lemma
COMPARED = 2000  # sizes at which two regions are compared that no decider can compare
Record = Callable[[Verdict, Sequence[Proof | Settled]], None]  # takes note of what a verdict rests on


def judge(
    claim: Claim, *, numeric: bool = True, solver: Solver | None = None, record: Record | None = None
) -> list[Verdict]:
    """The verdicts of a claim, one for each link."""
    return [
        judge_link(claim, number, numeric=numeric, solver=solver, record=record)
        for number in range(1, len(claim.links) + 1)
    ]


def judge_link(
    claim: Claim, number: int, *, numeric: bool = True, solver: Solver | None = None, record: Record | None = None
) -> Verdict:
    """The verdict of link `number` (from 1) of a claim; `record` is told what it rests on."""
    start = time.perf_counter()
    link = claim.links[number - 1]
    solver = solver or Solver()
    symbolic = decide(claim, link, solver)
    evidence, witness, equal = Evidence(note="not asked for"), None, False
    if numeric:
        evidence, witness = _cross_checked(claim, link, symbolic.lemma)
        if witness is None and symbolic.sizes is not None and symbolic.word != "proved":
            witness = crosscheck.replay(claim, link, symbolic.sizes)
            equal = witness is None and crosscheck.agree_for_all(claim, link, symbolic.sizes)
    word, reason, contradiction = _join(symbolic, evidence, witness, numeric, equal)
    if numeric and symbolic.region is not None and word in ("holds where", "refuted"):
        inside = partial(_inside, symbolic.region)
        agreeing = crosscheck.agrees_outside(claim, link, inside)
        if agreeing is not None:
            word, contradiction = "undecided", _outside_clash(symbolic.region, agreeing)
    expectation = claim.expectation(number)
    holds_where = symbolic.region.text if word == "holds where" and symbolic.region else None
    verdict = Verdict(
        document=claim.document,
        id=claim.id,
        link=number,
        reading=dict(claim.reading),
        line=claim.line,
        statement=link.text,
        verdict=word,
        holds_where=holds_where,
        witness=None if word == "proved" else witness,
        axioms=symbolic.axioms + tuple(hypothesis.text for hypothesis in claim.hypotheses),
        evidence=evidence,
        reason=reason,
        expected=expectation.text,
        contradiction=contradiction,
        source=None if claim.source is None else asdict(claim.source),
    )
    if record is not None:
        record(verdict, symbolic.shown)
    expected = not contradiction and as_expected(verdict, symbolic.region, expectation, claim, solver)
    return replace(verdict, as_expected=expected, seconds=time.perf_counter() - start)


def _cross_checked(claim: Claim, link: Link, lemma: Link | None) -> tuple[Evidence, Witness | None]:
    """What `numeric` says of a link; of one that was proved by a lemma because it is deep, what it says of the link at
    the few sizes at which that is little work, and of the lemma."""
    if lemma is None:
        return crosscheck.evidence(claim, link)
    own, witness = crosscheck.evidence(claim, link, work=LITTLE_WORK)
    if witness is not None:
        return own, witness
    evidence, witness = crosscheck.evidence(claim, lemma)
    note = f"of its layer, with what lies above and below it arbitrary; of the claim itself at {own.shapes} shapes"
    return (replace(evidence, note=note) if not evidence.note else evidence), witness


def _join(
    symbolic: Symbolic, evidence: Evidence, witness: Witness | None, numeric: bool, equal: bool
) -> tuple[Word, str, str]:
    """The verdict's word, the reason, and the contradiction between the two meanings, if there is one.

    equal: at the sizes of the kernel's counterexample `numeric/` finds both sides equal for all data.
    """
    if not numeric:
        if not symbolic.certain and symbolic.word not in ("proved", "undecided"):
            return "undecided", "its counterexample rests on unknowns that may depend on each other", ""
        return symbolic.word, symbolic.reason, ""
    if symbolic.word == "proved":
        if witness is not None:
            return "undecided", "", f"the kernel proves it, numeric/ refutes it at {dict(witness.sizes)}"
        if evidence.shapes:
            return "proved", "", ""
        if evidence.without_data:
            return "undecided", f"proved of data of which none were found: {evidence.note}", ""
        return "proved", f"by proof alone; numeric/ could evaluate it at no sizes: {evidence.note}", ""
    if symbolic.word == "undecided":
        return ("false" if witness is not None else "undecided"), symbolic.reason, ""
    if witness is None:
        if not symbolic.certain:
            return "undecided", "the kernel's counterexample is not confirmed by numeric/", ""
        if evidence.method == "none":
            return "undecided", f"numeric/ could not evaluate it: {evidence.note}", ""
        if not equal:
            return "undecided", "the kernel's counterexample could not be evaluated by numeric/", ""
        sizes = symbolic.sizes or {}
        return "undecided", "", f"the kernel refutes it at {sizes}, numeric/ finds both sides equal there"
    if symbolic.word in ("holds where", "refuted"):
        clash = _region_clash(symbolic, witness)
        if clash:
            return "undecided", "", clash
    return symbolic.word, symbolic.reason, ""


def _inside(region: Region, sizes: Mapping[str, int]) -> bool:
    return bool(region.cases) and k.holds(region.condition, dict(sizes))


def _outside_clash(region: Region, sizes: Mapping[str, int]) -> str:
    where = f"outside {region.text}" if region.cases else "everywhere"
    return f"the kernel refutes it {where}, numeric/ finds both sides equal at {dict(sizes)}"


def _region_clash(symbolic: Symbolic, witness: Witness) -> str:
    region = symbolic.region
    if region is not None and _inside(region, witness.sizes):
        return f"the kernel proves it where {region.text}, numeric/ refutes it at {dict(witness.sizes)}"
    return ""


def as_expected(
    verdict: Verdict, region: Region | None, expectation: Expectation, claim: Claim, solver: Solver
) -> bool:
    """Whether a verdict is what the author expects; regions are compared as sets within the context."""
    if expectation.kind == "false":
        return verdict.verdict in ("holds where", "refuted", "false")
    if expectation.kind == "holds where" and expectation.region is not None:
        if verdict.verdict not in ("holds where", "refuted") or region is None:
            return False
        lowering = Lowering()
        context = context_condition(lowering, claim.context, claim.conditions)
        wanted = lowering.condition(expectation.region, {})
        there = solver.implies(k.all_of((context, region.condition)), wanted)
        back = solver.implies(k.all_of((context, wanted)), region.condition)
        if None in (there, back) and False not in (there, back):
            return _agree_at_sizes(claim, context, wanted, region.condition)
        return there is True and back is True
    return verdict.verdict == expectation.kind


def _agree_at_sizes(claim: Claim, context: Condition, wanted: Condition, found: Condition) -> bool:
    """Whether two regions are one at the smallest sizes of a context: where no decider can tell whether they are."""
    goal = Goal(tuple(dim.name for dim in claim.context.dims), context)
    compared = [_met(wanted, sizes) == _met(found, sizes) for sizes in small_sizes(goal, COMPARED)]
    return bool(compared) and all(compared)


def _met(condition: Condition, sizes: Mapping[Any, int]) -> bool:
    try:
        return k.holds(condition, sizes)
    except ZeroDivisionError:
        return False


__all__ = ["as_expected", "exists_everywhere", "judge", "judge_link"]
