"""Functions of an argument that is the same at several places: where u[i] = u[n−1−i], f(u)[i] and f(u)[n−1−i] are one.

Maps of places are proposed (reversed axes, exchanged axes, the places at which the argument itself reads) and kept
where the argument is proved equal under them. For such a group of maps G, an unknown is the mean of the unknowns at its
images:

    f(u)[p] = 1/|G| Σ_{σ ∈ G} f(u)[σ p]

With every unknown so written, coefficients of the places of one orbit meet at each of them, and cancel if they do.

Law: each rewriting is an equality of values. What it cannot see: arguments that are equal at places which no map of a
small group connects; whoever refutes must ask for them (`independent`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import product

from derivations.core import terms as k
from derivations.core.heads import Entry as EntryHead
from derivations.core.heads import Head, Reciprocal
from derivations.core.sums import Atom, Term, rename_term
from derivations.core.terms import Condition, Int, NonNegative
from derivations.meaning.translation import Places, Template, Terms, Translation, at, at_condition, at_values, scaled

ORDER_LIMIT = 8  # of a group: the symmetries of a square
RANK_LIMIT = 3
SUBJECT = EntryHead("?place")  # an unknown that differs from place to place


def symmetries_met(lowering: Translation) -> bool:
    """Whether some function that was met is the same at several places."""
    records = [record for record in lowering.opaque.values() if not record.plain]
    return any(_group(lowering, record.template) for record in records if record.template is not None)


def symmetries_of(lowering: Translation, template: Template) -> tuple[Places, ...]:
    """The maps of places, as terms in the formal indices, under which an argument is proved to be the same, where they
    are told; with the identity, which is not among them, they are a group."""
    if not lowering.related:
        return ()
    key = (template.terms, template.guard)
    if key not in lowering.symmetries:
        lowering.symmetries[key] = _group(lowering, template)
    return lowering.symmetries[key]


def symmetrised(lowering: Translation, terms: Iterable[Term]) -> Terms:
    """The terms, each unknown that is the same at several places written as the mean over them."""
    return [new for term in terms for new in _averaged(lowering, term)]


def _averaged(lowering: Translation, term: Term) -> Terms:
    choices: list[list[Atom]] = []
    for atom in term.atoms:
        record = lowering.opaque.get(_function_of(atom.head))
        template = record.template if record is not None and not record.plain else None
        maps = symmetries_of(lowering, template) if template is not None else ()
        formals = template.formals if template is not None else ()
        images = [tuple(at(i, formals, atom.indices) for i in image) for image in maps]
        choices.append([atom, *(Atom(atom.head, image) for image in images)])
    found = [replace(term, atoms=atoms) for atoms in product(*choices)]
    return scaled(found, 1, len(found)) if len(found) > 1 else found


def _function_of(head: Head) -> Head:
    return _function_of(head.of) if isinstance(head, Reciprocal) else head


def _group(lowering: Translation, template: Template) -> tuple[Places, ...]:
    found: tuple[Places, ...] = ()
    for image in _proposed(template):
        if image in found or not _stays(lowering, template, image) or not _same_argument(lowering, template, image):
            continue
        closed = _closed(lowering, template, (template.formals, *found, image))
        if closed is not None:
            found = closed[1:]
    return found


def _same_argument(lowering: Translation, template: Template, image: Places) -> bool:
    """Whether the argument is the same at the image of every place."""
    values = at_values(template.formals, image)
    there = [rename_term(lowering.refreshed(term), values) for term in template.terms]
    return lowering.same(there, list(template.terms), template.guard)


def _closed(lowering: Translation, template: Template, maps: Sequence[Places]) -> tuple[Places, ...] | None:
    """The group that maps generate, the first of them being the identity; None where it is not seen to be a small
    one."""
    found = list(dict.fromkeys(maps))
    for left, right in _pairs(found):
        both = tuple(at(i, template.formals, right) for i in left)
        if not any(_one_map(lowering, template, both, known) for known in found):
            found.append(both)
            if len(found) > ORDER_LIMIT:
                return None
    return tuple(found)


def _pairs(found: list[Places]) -> Iterator[tuple[Places, Places]]:
    """All pairs of a list that grows meanwhile."""
    done = 0
    while done < len(found):
        new = found[done]
        done += 1
        for other in found[:done]:
            yield new, other
            yield other, new


def _one_map(lowering: Translation, template: Template, left: Places, right: Places) -> bool:
    if left == right:
        return True
    if all(isinstance(generator, k.Sym) for i in (*left, *right) for generator in i.generators()):
        return False  # polynomials are equal where they look equal
    return lowering.same([Term((Atom(SUBJECT, left),))], [Term((Atom(SUBJECT, right),))], template.guard)


def _proposed(template: Template) -> list[Places]:
    """Maps of the formal places into their ranges that an argument may be the same under."""
    formals, sizes = template.formals, [_size(template.guard, formal) for formal in template.formals]
    if not formals or len(formals) > RANK_LIMIT:
        return []
    mirrored = [formal if n is None else n - 1 - formal for formal, n in zip(formals, sizes, strict=True)]
    found: list[Places] = []
    for turned in product((False, True), repeat=len(formals)):
        found.append(tuple(m if t else i for i, m, t in zip(formals, mirrored, turned, strict=True)))
    for first, second in product(range(len(formals)), repeat=2):
        if first != second and sizes[first] is not None and sizes[first] == sizes[second]:
            for source in (formals, mirrored):
                exchanged = list(formals)
                exchanged[first], exchanged[second] = formals[second], source[first]
                found.append(tuple(exchanged))
    names = frozenset().union(*(formal.symbols() for formal in formals))
    for atom in [atom for term in template.terms if not term.bound for atom in term.atoms]:
        if len(atom.indices) == len(formals) and all(i.symbols() & names for i in atom.indices):
            found.append(atom.indices)
    return [image for image in dict.fromkeys(found) if image != formals]


def _size(guard: Condition, formal: Int) -> Int | None:
    """The size of the axis along which a formal index runs, as its range says."""
    for part in k.conjuncts(guard):
        if isinstance(part, NonNegative):
            size = part.term + formal + 1
            if not formal.symbols() & size.symbols():
                return size
    return None


def _stays(lowering: Translation, template: Template, image: Places) -> bool:
    """Whether the images of all places are places."""
    there = at_condition(template.guard, template.formals, image)
    return lowering.same([Term(condition=there)], [Term()], template.guard)
