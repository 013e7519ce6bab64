"""What is proved of a link, and where it holds: search proposes, the referee says.

Law: every word that this module gives rests on what the referee made: `proved` on a proof, `holds where` and `refuted`
on a region. Where the referee refuses, the link is undecided, or false without a region, with the question that stayed
open. What it cannot see: whether the goal says what the formulas say; `numeric/` is asked that (`judge.py`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

from derivations import crosscheck
from derivations.core import terms as k
from derivations.core.goals import Goal
from derivations.core.referee import Proof, Referee, Refused
from derivations.core.referee import Region as Settled
from derivations.core.sums import LimitReached
from derivations.core.terms import Int
from derivations.core.writing import written
from derivations.formulas import integers
from derivations.formulas.claims import Assumption, Claim, Context, Dimension, Hypothesis, Link
from derivations.formulas.expressions import Definition, Expression, Grad, ShapeError
from derivations.judgement.means import Means, Symbolic, of_region, translation, within
from derivations.judgement.residuals import residuals_of
from derivations.judgement.special import by_special_case, by_zeros
from derivations.judgement.unknowns import independent
from derivations.meaning import forms
from derivations.meaning.evident import evident_in
from derivations.meaning.forms import Form, has_functions
from derivations.meaning.functions import Unsupported
from derivations.meaning.goal import context_condition
from derivations.meaning.lemmas import Lemma, definitions_of, lemma_of, supposes_data, with_residuals
from derivations.meaning.lowering import ALL, Lowering
from derivations.meaning.relations import relations_met
from derivations.meaning.statement import existence_of, goal_of
from derivations.search import decide as search
from derivations.search.groups import grouped
from derivations.search.plans import planned
from derivations.search.region import find, open_part
from derivations.search.samples import small_sizes
from derivations.search.solver import Satisfiable, Solver
from derivations.search.specialise import binds_data

TOO_DEEP = 12  # hidden definitions of which not the claim is evaluated but its lemma
EXPANDED = 15  # definitions up to which a claim that fails is expanded, so that its region is found
DEEP = 5  # definitions of which a claim is first tried as a lemma of its own layer


def decide(claim: Claim, link: Link, solver: Solver, told: bool = False) -> Symbolic:
    """What is shown of a link, with the exact region where it is not true everywhere. Relations between unknowns are
    told only where a failure may come of not telling them."""
    means = Means(solver)
    by_lemma = None if told else _by_lemma(claim, link, means)
    if by_lemma is not None:
        return by_lemma
    if not told and len(_definitions_in(link)) > EXPANDED and crosscheck.fails(claim, link):
        return Symbolic("undecided", reason="no region is sought of a false claim about so many definitions")
    lowering = translation(claim, solver, told)
    try:
        goal = goal_of(lowering, claim, link)
        supposed, existing = _definitions(claim, link)
        axioms = (*lowering.axioms, *supposed)
        groups = grouped(goal, lowering.demands)
        decision = search.prove(solver, groups)
        proof = means.prove(goal) if isinstance(decision, search.Believed) else None
        if isinstance(proof, Proof):
            return _proved(solver, goal, axioms, (proof, *existing))
        normal = _in_normal_form(claim, link, means) if has_functions(lowering) else None
        if normal is not None:
            return normal
        if isinstance(decision, search.Undecided):
            return Symbolic("undecided", reason=decision.reason, axioms=axioms)
        if isinstance(decision, search.Believed):
            return Symbolic("undecided", reason=proof.reason if proof else "", axioms=axioms)
        certain = not binds_data(claim) and independent(lowering, groups, means)
        if not (certain or told):
            still = open_part(solver, groups).groups
            if relations_met(lowering, [[head for head, _ in group.heads] for group in still]):
                return decide(claim, link, solver, told=True)
        if not certain:
            known = by_special_case(claim, link, means, axioms, told) or by_zeros(claim, link, lowering, means, axioms)
            reason = "its region rests on unknowns that may depend on each other"
            return known or Symbolic("false", sizes=decision.sizes, reason=reason, axioms=axioms, certain=False)
        found = find(solver, groups)
        if isinstance(found, str):
            return Symbolic("false", sizes=decision.sizes, reason=found, axioms=axioms)
        settled = means.settle(goal, found, lambda part: means.prove(within(goal, part)))
        if isinstance(settled, Refused):
            return Symbolic("false", sizes=decision.sizes, reason=settled.reason, axioms=axioms)
        return of_region(found.region, settled, decision.sizes, axioms)
    except (Unsupported, LimitReached, ShapeError) as error:
        normal = _in_normal_form(claim, link, means) if isinstance(error, LimitReached) else None
        return normal or Symbolic("undecided", reason=str(error), axioms=tuple(lowering.axioms))


def _by_lemma(claim: Claim, link: Link, means: Means) -> Symbolic | None:
    """A proof of a link by the lemma of its layer, where many definitions would be expanded; None where there is no
    such proof. Definitions that have the values of residuals stand for them, once each is proved to be one from those
    before it."""
    if len(_definitions_in(link)) < DEEP:
        return None
    given, known = _given(claim), dict[Definition, Grad]()
    axioms: tuple[str, ...] = ()
    shown: tuple[Proof | Settled, ...] = ()
    for residual, name in residuals_of(claim, link):
        if name not in known:
            found = _lemma_shown(given, with_residuals(Link(residual, name.body, (), ""), known))
            if found is not None:
                known[name] = residual
                axioms, shown = (*axioms, *found.axioms), (*shown, *found.shown)
    if not known and lemma_of(link) is None:
        return None
    found = _lemma_shown(given, with_residuals(link, known))
    if found is None:
        return None
    supposed, existing = _definitions(claim, link)
    axioms, shown = (*axioms, *found.axioms, *supposed), (*shown, *found.shown, *existing)
    return replace(found, axioms=tuple(dict.fromkeys(axioms)), shown=tuple(dict.fromkeys(shown)))


def _definitions_in(link: Link) -> frozenset[Definition]:
    return definitions_of(link.left) | definitions_of(link.right)


@dataclass(frozen=True)
class Given:
    """What a claim supposes, without its name and its place."""

    dims: tuple[Dimension, ...]
    conditions: tuple[integers.Condition, ...]
    assumptions: tuple[Assumption, ...]
    own: tuple[integers.Condition, ...]
    hypotheses: tuple[Hypothesis, ...]

    @property
    def claim(self) -> Claim:
        context = Context(self.dims, self.conditions, assumptions=self.assumptions)
        return Claim("", "", 0, context, (), self.own, self.hypotheses)


def _given(claim: Claim) -> Given:
    context = claim.context
    return Given(context.dims, context.conditions, context.assumptions, claim.conditions, claim.hypotheses)


@lru_cache(maxsize=4096)
def _lemma_shown(given: Given, link: Link) -> Symbolic | None:
    """A proof of a link by its lemma, or by itself where it has none. What the hidden definitions suppose is named. The
    claims of one document rest on the same residuals: each is shown once."""
    lemma = lemma_of(link) or Lemma(link, ())
    claim, means = given.claim, Means(Solver())
    found = _shown(claim, lemma.link, means)
    if found is None:
        return None
    axioms = dict.fromkeys(found.axioms)
    try:
        for node in lemma.hidden:
            if supposes_data(node):
                apart = translation(claim, means.solver)
                apart.lower(node.body, tuple(Int.symbol(apart.fresh()) for _ in node.shape), {}, ALL)
                axioms |= dict.fromkeys(apart.axioms)
    except (Unsupported, LimitReached, ShapeError):
        return None
    found = replace(found, axioms=tuple(axioms))
    return replace(found, lemma=lemma.link) if len(lemma.hidden) >= TOO_DEEP else found


def _shown(claim: Claim, link: Link, means: Means) -> Symbolic | None:
    """A proof of a link, as it stands or in the normal form of functions; None where there is none."""
    lowering = translation(claim, means.solver)
    try:
        goal = goal_of(lowering, claim, link)
        decision = search.prove(means.solver, grouped(goal, lowering.demands))
        proof = means.prove(goal) if isinstance(decision, search.Believed) else None
    except (Unsupported, LimitReached, ShapeError):
        return None
    if isinstance(proof, Proof):
        found = _proved(means.solver, goal, tuple(lowering.axioms), (proof,))
        return found if found.word == "proved" else None
    return _shown_in_normal_form(claim, link, means) if has_functions(lowering) else None


def _proved(solver: Solver, goal: Goal, axioms: tuple[str, ...], shown: tuple[Proof, ...]) -> Symbolic:
    """The verdict on a goal that is proved; of no sizes, everything would be true."""
    if not _admits_sizes(solver, goal):
        return Symbolic("undecided", reason="no sizes are known that satisfy its conditions", axioms=axioms)
    return Symbolic("proved", axioms=axioms, shown=shown)


def _shown_in_normal_form(claim: Claim, link: Link, means: Means) -> Symbolic | None:
    """A proof of a link in the normal form of functions; None where there is none."""
    for kind in (forms.Kind.BASIS, forms.Kind.CLEARED, forms.Kind.MULTIPLIED):
        lowering, form = translation(claim, means.solver), Form(kind)
        try:
            goal = goal_of(lowering, claim, link, form=form)
            if kind is forms.Kind.MULTIPLIED and not lowering.matrices:
                break
            decision = search.prove(means.solver, grouped(goal, lowering.demands))
            proof = means.prove(goal) if isinstance(decision, search.Believed) else None
        except (Unsupported, LimitReached):
            continue
        if isinstance(proof, Proof):
            return _proved(means.solver, goal, tuple(lowering.axioms), (proof,))
    return None


def _in_normal_form(claim: Claim, link: Link, means: Means) -> Symbolic | None:
    """What the normal form of functions decides: a proof, or a region where its unknowns are independent."""
    supposed, existing = _definitions(claim, link)
    proved = _shown_in_normal_form(claim, link, means)
    if proved is not None:
        return replace(proved, axioms=(*proved.axioms, *supposed), shown=(*proved.shown, *existing))
    if binds_data(claim) or claim.hypotheses:
        return None
    lowering, form = translation(claim, means.solver), Form(forms.Kind.STRIPPED)
    try:
        goal = goal_of(lowering, claim, link, form=form)
        groups = grouped(goal, lowering.demands)
        decision = search.prove(means.solver, groups)
        if not isinstance(decision, search.CounterModel) or form.basis is None:
            return None
        still = open_part(means.solver, groups).groups
        if not forms.independent(form.basis, [group.heads for group in still]):
            return None
        found = find(means.solver, groups)
        if isinstance(found, str):
            return None
        settled = means.settle(goal, found, lambda part: means.prove(within(goal, part)))
    except (Unsupported, LimitReached):
        return None
    if isinstance(settled, Refused):
        return None
    return of_region(found.region, settled, decision.sizes, (*lowering.axioms, *supposed))


def proved(claim: Claim, link: Link, solver: Solver) -> bool:
    """Whether a link is proved, and some sizes are known at which it says something."""
    lowering = translation(claim, solver)
    goal = goal_of(lowering, claim, link)
    return isinstance(Means(solver).prove(goal), Proof) and any(True for _ in small_sizes(goal, 1))


def _admits_sizes(solver: Solver, goal: Goal) -> bool:
    """Whether some sizes satisfy the context; of none, everything would be true."""
    if any(True for _ in small_sizes(goal, 1)):
        return True
    answer = solver.satisfiable(goal.context)
    return isinstance(answer, Satisfiable) and k.holds(goal.context, answer.model)


# -- definitions that exist -------------------------------------------------------------------------------------------


def exists_everywhere(context: Context, node: Expression) -> str | None:
    """None where a formula exists at all sizes of its context or this cannot be told; else what is missing, for the
    input error. `decide` names among a verdict's axioms what cannot be told."""
    return _existence(context.dims, context.conditions, node)[0]


@lru_cache(maxsize=4096)
def _existence(
    dims: tuple[Dimension, ...], conditions: tuple[integers.Condition, ...], node: Expression
) -> tuple[str | None, Proof | None]:
    """What a formula lacks to exist at all sizes of a context (None: nothing known), and the proof that it exists."""
    solver = Solver()
    try:
        lowering, context = Lowering(), Context(dims, conditions)
        lowering.evident = evident_in(lowering, context)
        lowering.known = context_condition(lowering, context)
        goal = existence_of(lowering, context, node)
        proof = Referee().prove(goal, planned)
        if isinstance(proof, Proof):
            return None, proof
        for duty in goal.duties:
            answer = solver.implies(k.all_of((goal.context, duty.guard)), duty.condition)
            if answer is False:
                return f"{duty.what} needs {written(duty.condition)}", None
    except (Unsupported, LimitReached):
        pass
    return None, None


def _definitions(claim: Claim, link: Link) -> tuple[tuple[str, ...], tuple[Proof, ...]]:
    """The axioms that a link's definitions exist at all sizes, where this is neither proved nor refuted; the proofs."""
    found = {node.name: node for node in _definitions_in(link)}
    context = claim.context
    axioms, proofs = [], []
    for name, node in sorted(found.items()):
        proof = _existence(context.dims, context.conditions, node.body)[1]
        if proof is None:
            axioms.append(f"{name} exists at all sizes")
        elif proof.questions:
            proofs.append(proof)
    return tuple(axioms), tuple(proofs)
