"""Claim -> Verdict: joins what the kernel decides with what `numeric/` finds. Expectations enter here only, at the end.

Laws: `proved` needs a kernel proof and no numeric counterexample. Nothing is called false without a counterexample that
`numeric/` has replayed. If the two contradict each other, the verdict is undecided and carries the contradiction.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from functools import lru_cache, partial
from typing import Any

from derivations import crosscheck
from derivations.core import terms as k
from derivations.core.decide import CounterModel, Goal, Group, Proof, Undecided, of_heads, prove
from derivations.core.heads import Head
from derivations.core.implication import Known
from derivations.core.names import Mark, Name, Role, is_size
from derivations.core.solver import Satisfiable, Solver
from derivations.core.sums import LimitReached, Monomials, Piece, Term, rename_term
from derivations.core.terms import Condition, Int
from derivations.core.writing import written
from derivations.formulas import integers
from derivations.formulas.claims import Claim, Context, Dimension, Expectation, Link
from derivations.formulas.expressions import Definition, Expression, ShapeError
from derivations.judgement.verdict import Evidence, Verdict, Witness, Word
from derivations.meaning import forms
from derivations.meaning.existence import obligations
from derivations.meaning.factoring import factored
from derivations.meaning.forms import Form, has_functions, in_form
from derivations.meaning.functions import Unsupported
from derivations.meaning.goal import context_condition
from derivations.meaning.hypotheses import apply_hypotheses
from derivations.meaning.lowering import Lowering, Template, Terms, entangled, scaled
from derivations.meaning.relations import related, relations_met
from derivations.meaning.symmetry import symmetries_of
from derivations.meaning.translation import at
from derivations.search.region import Region, find, open_part, small_sizes
from derivations.search.specialise import binds_data, special_cases

ONE = Int.of(1)
COMPARED = 2000  # sizes at which two regions are compared that no decider can compare


@dataclass(frozen=True)
class Symbolic:
    """What the kernel says of one link. `sizes` is a counterexample's sizes; `certain` is False where opaque
    functions of composite arguments stand for unknowns, or where assumptions bind the data, so that a failure may be an
    artefact."""

    word: Word
    region: Region | None = None
    sizes: dict[Any, int] | None = None
    reason: str = ""
    axioms: tuple[str, ...] = ()
    certain: bool = True


def goal_of(
    lowering: Lowering, claim: Claim, link: Link, entries: Link | None = None, form: Form | None = None
) -> Goal:
    """The statement to decide: both sides exist, have one shape, and agree in every entry (in those of another link,
    of the same shapes, if one is given).

    Each group's context is what the groups before it have established for sizes, so that no quotient is used before
    its divisor is known to be positive.
    """
    names = tuple(dim.name for dim in claim.context.dims)
    context = context_condition(lowering, claim.context, claim.conditions)
    env = {free.index.name: Int.symbol(Mark(Role.FREE, number)) for number, free in enumerate(link.free)}
    ranges = [k.between(0, env[free.index.name], lowering.integer(free.size, {}) - 1) for free in link.free]
    guard = k.all_of(ranges)
    groups: list[Group] = []
    facts: list[tuple[frozenset[Condition], Condition]] = []  # of sizes: what holds where its guard does
    known = Known(k.conjuncts(context))

    def established(guards: Condition) -> Condition:
        """What groups before have established wherever these guards hold."""
        given = frozenset(k.conjuncts(guards))
        return k.all_of(fact for needed, fact in facts if needed <= given)

    supposed = [(node, "sized") for node in link.supposed]
    sides = [(side, name, obligations(lowering, side, env, guard))
             for side, name in ((link.left, "left"), (link.right, "right"), *supposed)]  # fmt: skip
    # The tensor along which a free index runs must exist for the claim to say anything, whether it has entries or not.
    sides = [*[(node, "indexed", obligations(lowering, node, env, _ranges_in(lowering, node, link, env)))
               for node in link.indexed], *sides]  # fmt: skip
    for _, name, duties in sides:
        for duty in duties:
            broken = Piece(k.all_of((duty.guard, k.negate(duty.condition))), ONE, ONE)
            groups.append(Group(f"{name} side: {duty.what}", (broken,), established(duty.guard)))
            if k.condition_symbols(duty.condition) <= set(names):
                # Where an index has no value the claim says nothing; there the duty is not established.
                needed = frozenset(part for part in k.conjuncts(duty.guard) if not known.implies(part))
                facts.append((needed, duty.condition))
    left_shape, right_shape = lowering.shape(link.left, env), lowering.shape(link.right, env)
    same, index = _common_entries(left_shape, right_shape)
    groups.append(Group("shapes", (Piece(k.negate(same), ONE, ONE),), k.all_of((established(guard), guard))))
    inside = k.all_of(
        k.between(0, Int.symbol(Mark(Role.ENTRY, axis)), size - 1) for axis, size in enumerate(index)
    )
    if same != k.FALSE:
        there = k.all_of((established(k.all_of((guard, inside))), same, guard, inside))
        groups += _entry_groups(lowering, claim, entries or link, env, len(index), there, context, form or Form())
    return Goal(names, context, tuple(groups))


def _ranges_in(lowering: Lowering, node: Expression, link: Link, env: dict[str, Int]) -> Condition:
    """The ranges of the free indices that stand in a formula."""
    used = [part for part in link.free if part.index in node.free_symbols]
    return k.all_of(k.between(0, env[part.index.name], lowering.integer(part.size, {}) - 1) for part in used)


def _common_entries(left: tuple[Int, ...], right: tuple[Int, ...]) -> tuple[Condition, tuple[Int, ...]]:
    """When two shapes are one (a scalar is a 1×1 matrix), and the axes of that shape."""
    if len(left) == len(right):
        return k.all_of(k.equal(p, q) for p, q in zip(left, right, strict=True)), left
    longer = left if len(left) > len(right) else right
    if len(longer) == 2 and not (left and right):
        return k.all_of(k.equal(size, 1) for size in longer), longer
    return k.FALSE, ()


def _entry_groups(
    lowering: Lowering, claim: Claim, link: Link, env: dict[str, Int], rank: int, context: Condition, sizes: Condition,
    form: Form,
) -> list[Group]:  # fmt: skip
    index = tuple(Int.symbol(Mark(Role.ENTRY, axis)) for axis in range(rank))
    monomials = Monomials()
    found: list[Term] = []
    for side, sign in ((link.left, 1), (link.right, -1)):
        terms = lowering.lower(side, index if side.rank else (), env, frozenset())
        found += scaled(related(lowering, apply_hypotheses(lowering, claim, terms)), sign)
    found = in_form(lowering, claim, found, form, context)
    context, factors = factored(sizes, context, found, lowering.fresh)
    ranges = [part for part in k.conjuncts(context) if not all(map(is_size, k.condition_symbols(part)))]
    for term in factors:
        # The entry's own range, which the group supposes anyway, helps to solve for the bound indices.
        monomials.add(replace(term, condition=k.all_of((term.condition, *ranges))))
    demands = frozenset(lowering.demands)
    # Terms may have cancelled by what they demand before any of them came here.
    groups = [Group("demands", (Piece(k.TRUE, Int.of(0), ONE, demands=demands),), context)] if demands else []
    for heads, pieces in monomials.groups.items():
        demanding = tuple(replace(piece, demands=piece.demands | demands) for piece in pieces)
        groups.append(Group(of_heads(heads), demanding, context, heads))
    return groups


def decide(claim: Claim, link: Link, solver: Solver, told: bool = False) -> Symbolic:
    """The kernel's answer, with the exact region where the link is not true everywhere. Relations between unknowns are
    told only where a failure may come of not telling them."""
    lowering = Lowering(related=told)
    try:
        lowering.same = same_terms(lowering, claim, solver)
        goal = goal_of(lowering, claim, link)
        decision = prove(solver, goal)
        axioms = (*lowering.axioms, *_supposed_to_exist(claim, link))
        if isinstance(decision, Proof):
            return _proved(solver, goal, axioms)
        normal = _in_normal_form(claim, link, solver) if has_functions(lowering) else None
        if normal is not None:
            return normal
        if isinstance(decision, Undecided):
            return Symbolic("undecided", reason=decision.reason, axioms=axioms)
        assert isinstance(decision, CounterModel)
        goal = open_part(solver, goal)
        certain = not binds_data(claim) and independent(lowering, goal, solver)
        if not (certain or told) and relations_met(lowering, [[head for head, _ in g.heads] for g in goal.groups]):
            return decide(claim, link, solver, told=True)
        if not certain:
            known = _by_special_case(claim, link, solver, axioms, told)
            if known is not None:
                return known
        found = find(solver, goal)
        if isinstance(found, str):
            return Symbolic("false", sizes=decision.sizes, reason=found, axioms=axioms, certain=certain)
        word: Word = "holds where" if found.cases else "refuted"
        return Symbolic(word, found, decision.sizes, axioms=axioms, certain=certain)
    except (Unsupported, LimitReached, ShapeError) as error:
        normal = _in_normal_form(claim, link, solver) if isinstance(error, LimitReached) else None
        return normal or Symbolic("undecided", reason=str(error), axioms=tuple(lowering.axioms))


def _proved(solver: Solver, goal: Goal, axioms: tuple[str, ...]) -> Symbolic:
    """The verdict on a goal that is proved; of no sizes, everything would be true."""
    if not _admits_sizes(solver, goal):
        return Symbolic("undecided", reason="no sizes are known that satisfy its conditions", axioms=axioms)
    return Symbolic("proved", axioms=axioms)


def _in_normal_form(claim: Claim, link: Link, solver: Solver) -> Symbolic | None:
    """What the normal form of functions decides: a proof, or a region where its unknowns are independent."""
    for kind in (forms.Kind.BASIS, forms.Kind.CLEARED):
        lowering, form = Lowering(), Form(kind)
        lowering.same = same_terms(lowering, claim, solver)
        try:
            goal = goal_of(lowering, claim, link, form=form)
            decision = prove(solver, goal)
        except (Unsupported, LimitReached):
            continue
        if isinstance(decision, Proof):
            return _proved(solver, goal, (*lowering.axioms, *_supposed_to_exist(claim, link)))
    if binds_data(claim) or claim.hypotheses:
        return None
    lowering, form = Lowering(), Form(forms.Kind.STRIPPED)
    lowering.same = same_terms(lowering, claim, solver)
    try:
        goal = goal_of(lowering, claim, link, form=form)
        decision = prove(solver, goal)
        goal = open_part(solver, goal)
        basis = form.basis
        if not isinstance(decision, CounterModel) or basis is None:
            return None
        if not forms.independent(basis, [group.heads for group in goal.groups]):
            return None
        found = find(solver, goal)
    except (Unsupported, LimitReached):
        return None
    if isinstance(found, str):
        return None
    word: Word = "holds where" if found.cases else "refuted"
    return Symbolic(word, found, decision.sizes, axioms=(*lowering.axioms, *_supposed_to_exist(claim, link)))


def _by_special_case(
    claim: Claim, link: Link, solver: Solver, axioms: tuple[str, ...], told: bool
) -> Symbolic | None:  # fmt: skip
    """Where a special case fails, the link fails; so it holds exactly where the special case does, if it is proved to
    hold there."""
    for special in special_cases(claim, link):
        lowering = Lowering(related=told)
        lowering.same = same_terms(lowering, claim, solver)
        instance = goal_of(lowering, claim, link, special)
        decision = prove(solver, instance)
        if not isinstance(decision, CounterModel) or not independent(lowering, instance, solver):
            continue
        found = find(solver, instance)
        if isinstance(found, str):
            continue
        if not found.cases:
            return Symbolic("refuted", found, decision.sizes, axioms=axioms)
        cases = [k.all_of(word.condition for word in case) for case in found.cases]
        if all(_holds_within(claim, link, case, solver, told) for case in cases):
            return Symbolic("holds where", found, decision.sizes, axioms=axioms)
    return None


def _holds_within(claim: Claim, link: Link, region: Condition, solver: Solver, told: bool) -> bool:
    """Whether a link is proved for all sizes of a region, where more arguments of functions may be equal."""
    lowering = Lowering(related=told)
    lowering.same = same_terms(lowering, claim, solver, region)
    goal = goal_of(lowering, claim, link)
    inside = replace(goal, context=k.all_of((goal.context, region)))
    return isinstance(prove(solver, inside), Proof)


def _admits_sizes(solver: Solver, goal: Goal) -> bool:
    """Whether some sizes satisfy the context; of none, everything would be true."""
    if any(True for _ in small_sizes(goal, 1)):
        return True
    return isinstance(solver.satisfiable(goal.context), Satisfiable)


def same_terms(
    lowering: Lowering, claim: Claim, solver: Solver, region: Condition = k.TRUE
) -> Callable[[Terms, Terms, Condition], bool]:
    """A proof of equality of two sums of terms, within the claim's context and a region of it."""
    names = tuple(dim.name for dim in claim.context.dims)

    def same(left: Terms, right: Terms, guard: Condition) -> bool:
        context = k.all_of((context_condition(lowering, claim.context, claim.conditions), region, guard))
        sides = related(lowering, left), related(lowering, right)
        decision = prove(solver, Goal(names, context, difference_groups(*sides)))
        return isinstance(decision, Proof)

    return same


def difference_groups(left: Iterable[Term], right: Iterable[Term]) -> tuple[Group, ...]:
    """The groups that must cancel for two sums of terms to be equal."""
    monomials = Monomials()
    for terms, sign in ((left, 1), (right, -1)):
        for term in terms:
            monomials.add(term, sign)
    return tuple(Group(of_heads(heads), tuple(pieces)) for heads, pieces in monomials.groups.items())


def independent(lowering: Lowering, goal: Goal, solver: Solver) -> bool:
    """Whether the opaque atoms may take any values, so that a failure with them as unknowns is a failure.

    An arbitrary function takes arbitrary values at different points; the entries it is applied to are different points
    for some data if they are different polynomials. That is proved for every two entries at every size. Window maxima
    and known functions are independent only in the plain cases that lowering marks, and no product may hold an unknown
    with its reciprocal, or twice the indicators of one maximum. Only what stands in the groups that are not proved has
    a part in the failure.
    """
    groups = open_part(solver, goal).groups
    if any(entangled([head for head, _ in group.heads]) for group in groups):
        return False
    compared = frozenset[Head]().union(*({head, *head.mentions} for group in groups for head, _ in group.heads))
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
            if left.function is right.function and not distinct(lowering, left, right, goal, solver):
                return False
    return True


def distinct(lowering: Lowering, left: Template, right: Template, goal: Goal, solver: Solver) -> bool:
    """Whether two arguments of a function differ as polynomials in the data: at all sizes, at every two places (of one
    argument: every two different places that no map of its symmetries connects)."""
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
    groups = difference_groups(related(lowering, first), related(lowering, second))
    question = Goal((*goal.sizes, *names), k.all_of(parts), groups)
    found = find(solver, question, samples=8)
    return isinstance(found, Region) and not found.cases


def judge(claim: Claim, *, numeric: bool = True, solver: Solver | None = None) -> list[Verdict]:
    """The verdicts of a claim, one for each link."""
    return [
        judge_link(claim, number, numeric=numeric, solver=solver) for number in range(1, len(claim.links) + 1)
    ]


def judge_link(claim: Claim, number: int, *, numeric: bool = True, solver: Solver | None = None) -> Verdict:
    """The verdict of link `number` (from 1) of a claim."""
    start = time.perf_counter()
    link = claim.links[number - 1]
    solver = solver or Solver()
    symbolic = decide(claim, link, solver)
    evidence, witness, equal = Evidence(note="not asked for"), None, False
    if numeric:
        evidence, witness = crosscheck.evidence(claim, link)
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
    expected = not contradiction and as_expected(verdict, symbolic.region, expectation, claim, solver)
    return replace(verdict, as_expected=expected, seconds=time.perf_counter() - start)


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
        if not symbolic.certain:
            return "false", "its region rests on unknowns that may depend on each other", ""
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
    goal = Goal(tuple(dim.name for dim in claim.context.dims), context, ())
    compared = [_met(wanted, sizes) == _met(found, sizes) for sizes in small_sizes(goal, COMPARED)]
    return bool(compared) and all(compared)


def _met(condition: Condition, sizes: Mapping[Any, int]) -> bool:
    try:
        return k.holds(condition, sizes)
    except ZeroDivisionError:
        return False


def exists_everywhere(context: Context, node: Expression) -> str | None:
    """None where a formula exists at all sizes of its context or this cannot be told; else what is missing, for the
    input error. `decide` names among a verdict's axioms what cannot be told."""
    return _existence(context.dims, context.conditions, node)[0]


@lru_cache(maxsize=4096)
def _existence(
    dims: tuple[Dimension, ...], conditions: tuple[integers.Condition, ...], node: Expression
) -> tuple[str | None, bool]:
    """What a formula lacks to exist at all sizes of a context (None: nothing known), and whether its existence is
    proved."""
    lowering = Lowering()
    solver = Solver()
    proved = True
    try:
        condition = context_condition(lowering, Context(dims, conditions))
        for duty in obligations(lowering, node, {}):
            answer = solver.implies(k.all_of((condition, duty.guard)), duty.condition)
            if answer is False:
                return f"{duty.what} needs {written(duty.condition)}", False
            proved = proved and answer is True
    except (Unsupported, LimitReached):
        return None, False
    return None, proved


def _supposed_to_exist(claim: Claim, link: Link) -> tuple[str, ...]:
    """The axioms that a link's definitions exist at all sizes, where this is neither proved nor refuted."""
    found = {node.name: node for side in (link.left, link.right) for node in side.atoms(Definition)}
    context = claim.context
    return tuple(
        f"{name} exists at all sizes"
        for name, node in sorted(found.items())
        if not _existence(context.dims, context.conditions, node.body)[1]
    )
