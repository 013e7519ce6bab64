"""Whether the unknowns of a translation may take any values, so that a failure in them is a failure.

Law: no proof rests on it; what is refuted by it is replayed by `numeric/` inside and outside of the region.
"""

from __future__ import annotations

from derivations.core import terms as k
from derivations.core.goals import Equality, Goal
from derivations.core.heads import Head
from derivations.core.names import Mark, Name, Role
from derivations.core.sums import rename_term
from derivations.core.terms import Int
from derivations.judgement.means import Means, difference
from derivations.meaning.independence import choices_are_free
from derivations.meaning.lowering import Lowering, Template, entangled
from derivations.meaning.relations import related
from derivations.meaning.symmetry import symmetries_of
from derivations.meaning.translation import at
from derivations.search import decide as search
from derivations.search.groups import grouped
from derivations.search.region import find, open_part


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
