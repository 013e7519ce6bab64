"""What is proved of a link, and where it holds: search proposes, the referee says.

Law: every word that this module gives rests on what the referee made: `proved` on a proof, `holds where` and `refuted`
on a region. Where the referee refuses, the link is undecided, or false without a region, with the question that stayed
open. What it cannot see: whether the goal says what the formulas say; `numeric/` is asked that (`judge.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from derivations import crosscheck
from derivations.core import terms as k
from derivations.core.goals import Equality, Goal, Plans
from derivations.core.heads import Head
from derivations.core.names import Mark, Name, Role
from derivations.core.parts import alternatives
from derivations.core.referee import Proof, Referee, Refused, Refutation
from derivations.core.referee import Region as Settled
from derivations.core.sums import LimitReached, Term, rename_term
from derivations.core.terms import Condition, Int
from derivations.core.writing import written
from derivations.formulas import integers
from derivations.formulas.claims import Assumption, Claim, Context, Dimension, Hypothesis, Link
from derivations.formulas.expressions import Definition, Expression, Grad, ShapeError
from derivations.judgement.residuals import residuals_of
from derivations.judgement.verdict import Word
from derivations.meaning import forms
from derivations.meaning.contraction import contracted, symmetrised
from derivations.meaning.evident import evident_in
from derivations.meaning.forms import Form, has_functions
from derivations.meaning.functions import Unsupported
from derivations.meaning.goal import context_condition
from derivations.meaning.independence import choices_are_free
from derivations.meaning.lemmas import Lemma, definitions_of, lemma_of, supposes_data, with_residuals
from derivations.meaning.lowering import ALL, Lowering, Template, Terms, entangled
from derivations.meaning.relations import related, relations_met
from derivations.meaning.statement import existence_of, goal_of
from derivations.meaning.symmetry import symmetries_of
from derivations.meaning.translation import at
from derivations.search import decide as search
from derivations.search.groups import grouped
from derivations.search.learning import Region
from derivations.search.plans import chosen, has_orders, planned
from derivations.search.region import Found, find, open_part
from derivations.search.samples import small_sizes
from derivations.search.solver import Satisfiable, Solver
from derivations.search.specialise import binds_data, special_cases

TOO_DEEP = 12  # hidden definitions of which not the claim is evaluated but its lemma
EXPANDED = 15  # definitions up to which a claim that fails is expanded, so that its region is found
DEEP = 5  # definitions of which a claim is first tried as a lemma of its own layer


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
            beyond = _within(goal, each.part)
            refutation = self.referee.refute(beyond, self.planned, each.instances, each.among)
            if isinstance(refutation, Refused) and found.among - each.among:
                refutation = self.referee.refute(beyond, self.planned, each.instances, found.among)
            if isinstance(refutation, Refused):
                return refutation
            refutations.append(refutation)
        return self.referee.region(goal, where, proofs, refutations)


def decide(claim: Claim, link: Link, solver: Solver, told: bool = False) -> Symbolic:
    """What is shown of a link, with the exact region where it is not true everywhere. Relations between unknowns are
    told only where a failure may come of not telling them."""
    means = Means(solver)
    by_lemma = None if told else _by_lemma(claim, link, means)
    if by_lemma is not None:
        return by_lemma
    if not told and len(_definitions_in(link)) > EXPANDED and crosscheck.fails(claim, link):
        return Symbolic("undecided", reason="no region is sought of a false claim about so many definitions")
    lowering = _translation(claim, solver, told)
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
            known = _by_special_case(claim, link, means, axioms, told)
            reason = "its region rests on unknowns that may depend on each other"
            return known or Symbolic("false", sizes=decision.sizes, reason=reason, axioms=axioms, certain=False)
        found = find(solver, groups)
        if isinstance(found, str):
            return Symbolic("false", sizes=decision.sizes, reason=found, axioms=axioms)
        settled = means.settle(goal, found, lambda part: means.prove(_within(goal, part)))
        if isinstance(settled, Refused):
            return Symbolic("false", sizes=decision.sizes, reason=settled.reason, axioms=axioms)
        return _of_region(found.region, settled, decision.sizes, axioms)
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
                apart = _translation(claim, means.solver)
                apart.lower(node.body, tuple(Int.symbol(apart.fresh()) for _ in node.shape), {}, ALL)
                axioms |= dict.fromkeys(apart.axioms)
    except (Unsupported, LimitReached, ShapeError):
        return None
    found = replace(found, axioms=tuple(axioms))
    return replace(found, lemma=lemma.link) if len(lemma.hidden) >= TOO_DEEP else found


def _shown(claim: Claim, link: Link, means: Means) -> Symbolic | None:
    """A proof of a link, as it stands or in the normal form of functions; None where there is none."""
    lowering = _translation(claim, means.solver)
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
        lowering, form = _translation(claim, means.solver), Form(kind)
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
    lowering, form = _translation(claim, means.solver), Form(forms.Kind.STRIPPED)
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
        settled = means.settle(goal, found, lambda part: means.prove(_within(goal, part)))
    except (Unsupported, LimitReached):
        return None
    if isinstance(settled, Refused):
        return None
    return _of_region(found.region, settled, decision.sizes, (*lowering.axioms, *supposed))


def _within(goal: Goal, part: Condition) -> Goal:
    return replace(goal, context=k.all_of((goal.context, part)))


def _of_region(region: Region, settled: Settled, sizes: dict[Any, int], axioms: tuple[str, ...]) -> Symbolic:
    word: Word = "holds where" if region.cases else "refuted"
    return Symbolic(word, region, sizes, axioms=axioms, shown=(settled,))


def _by_special_case(
    claim: Claim, link: Link, means: Means, axioms: tuple[str, ...], told: bool
) -> Symbolic | None:  # fmt: skip
    """Where a special case fails, the link fails; so it holds exactly where the special case does, if it is proved to
    hold there."""
    for special in special_cases(claim, link):
        lowering = _translation(claim, means.solver, told)
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
            return _of_region(found.region, settled, decision.sizes, axioms)
    return None


def _proved_within(claim: Claim, link: Link, region: Condition, means: Means, told: bool) -> Proof | Refused:
    """That a link holds at all sizes of a region, where more arguments of functions may be equal."""
    lowering = _translation(claim, means.solver, told, region)
    return means.prove(goal_of(lowering, claim, link, region=region))


def proved(claim: Claim, link: Link, solver: Solver) -> bool:
    """Whether a link is proved, and some sizes are known at which it says something."""
    lowering = _translation(claim, solver)
    goal = goal_of(lowering, claim, link)
    return isinstance(Means(solver).prove(goal), Proof) and any(True for _ in small_sizes(goal, 1))


def _admits_sizes(solver: Solver, goal: Goal) -> bool:
    """Whether some sizes satisfy the context; of none, everything would be true."""
    if any(True for _ in small_sizes(goal, 1)):
        return True
    answer = solver.satisfiable(goal.context)
    return isinstance(answer, Satisfiable) and k.holds(goal.context, answer.model)


def _translation(claim: Claim, solver: Solver, told: bool = False, region: Condition = k.TRUE) -> Lowering:
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


# -- unknowns that may take any values --------------------------------------------------------------------------------


def independent(lowering: Lowering, groups: search.Goal, means: Means) -> bool:
    """Whether the opaque atoms may take any values, so that a failure with them as unknowns is a failure.

    An arbitrary function takes arbitrary values at different points; the entries it is applied to are different points
    for some data if they are different polynomials. That is decided for every two entries at every size. Window maxima
    and known functions are independent only in the plain cases that lowering marks, and no product may hold an unknown
    with its reciprocal, or twice the indicators of one maximum. Only what stands in the groups that search does not
    prove has a part in the failure.
    """
    still = open_part(means.solver, groups).groups
    if any(entangled([head for head, _ in group.heads]) for group in still):
        return False
    if not choices_are_free(lowering, [group.heads for group in still]):
        return False
    compared = frozenset[Head]().union(*({head, *head.mentions} for group in still for head, _ in group.heads))
    records = [record for head, record in lowering.opaque.items() if head in compared]
    if all(record.plain for record in records):
        return True
    for record in records:
        if not record.plain and (record.template is None or not record.template.arbitrary):
            return False
    templates = list(dict.fromkeys(record.template for record in records if record.template is not None))
    if any(entangled([atom.head for atom in term.atoms]) for template in templates for term in template.terms):
        return False
    for number, left in enumerate(templates):
        for right in templates[number:]:
            if left.function is right.function and not distinct(lowering, left, right, groups, means):
                return False
    return True


def distinct(lowering: Lowering, left: Template, right: Template, goal: search.Goal, means: Means) -> bool:
    """Whether two arguments of a function differ as polynomials in the data: at all sizes, at every two places (of one
    argument: every two different places that no map of its symmetries connects). Search's word: no proof rests on it,
    and what is refuted by it is replayed by `numeric/` inside and outside of the region."""
    names: list[Name] = []
    sides = []
    for side, template in ((Role.FIRST, left), (Role.SECOND, right)):
        places = [Mark(side, axis) for axis in range(len(template.formals))]
        formals = [next(iter(formal.symbols())) for formal in template.formals]
        values = {formal: Int.symbol(place) for formal, place in zip(formals, places, strict=True)}
        names += places
        moved = [rename_term(term, values) for term in template.terms]
        sides.append((moved, k.substitute_condition(template.guard, values), list(values.values())))
    (first, first_guard, first_place), (second, second_guard, second_place) = sides
    parts = [goal.context, first_guard, second_guard]
    if left == right:
        if not first_place:
            return True
        for image in (left.formals, *symmetries_of(lowering, left)):
            images = [at(i, left.formals, first_place) for i in image]
            parts.append(k.negate(k.all_of(k.equal(i, j) for i, j in zip(images, second_place, strict=True))))
    equality = Equality("one argument", k.TRUE, difference(related(lowering, first), related(lowering, second)))
    question = Goal((*goal.sizes, *names), k.all_of(parts), (), (equality,))
    found = find(means.solver, grouped(question), samples=8, witnesses=False)
    return not isinstance(found, str) and not found.region.cases


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
