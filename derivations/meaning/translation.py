"""What every translation of formulas into sums shares: its state, products and replacements of terms, formal indices.

`lowering.py` is the translation; the modules between say what each kind of node means. They call back through
`Translation.lower`, so that none imports another for the sake of recursion.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from itertools import count, product

from sympy import Basic

from derivations.core import terms as k
from derivations.core.goals import Duty, Equality
from derivations.core.heads import Argmax, Argument, Head, Kind, Map, Reciprocal
from derivations.core.heads import Entry as EntryHead
from derivations.core.monomials import alike
from derivations.core.names import Mark, Name, Role, text_of
from derivations.core.sums import Atom, LimitReached, Term, rename_term
from derivations.core.terms import Condition, Int
from derivations.formulas.claims import Assumption
from derivations.formulas.expressions import Definition, Expression
from derivations.formulas.indices import free_names
from derivations.meaning.domains import Domain
from derivations.meaning.integers import Environment, Integers
from derivations.meaning.powers import TERM_LIMIT, multinomial

Terms = list[Term]
Places = tuple[Int, ...]


class Every(Enum):
    """In `cut`: every definition is an unknown."""

    DEFINITION = "every definition"


Cut = frozenset[str | Every]
ALL: Cut = frozenset({Every.DEFINITION})


@dataclass(frozen=True)
class Opaque:
    """What an opaque atom is a function of: `expand(indices)` gives its differential as (factor, inner terms) pairs,
    `rebuild(change)` the same function of a changed argument."""

    expand: Callable[[Sequence[Int]], list[tuple[Term, Terms]]]
    rebuild: Callable[[Callable[[Terms], Terms], Sequence[Int]], Terms]
    plain: bool  # a function of one entry of one tensor, so that different places are different unknowns
    template: Template | None = None  # for an elementwise function: what it is applied to


@dataclass(frozen=True)
class Template:
    """The argument of an elementwise function: terms in formal indices, and the range of these. Known functions
    satisfy identities (exp(x + y) = exp x · exp y); an arbitrary one takes any values at different points."""

    function: Map
    terms: tuple[Term, ...]
    formals: tuple[Int, ...]
    guard: Condition

    @property
    def arbitrary(self) -> bool:
        """Whether the function may be any."""
        return self.function.kind is Kind.ARBITRARY


@dataclass(frozen=True)
class Matrix:
    """A square matrix: terms of its entry in formal places, those of `outer` indices and then row and column. `text`
    is how it was written, for the axioms. `symmetric`: it is proved to be."""

    terms: tuple[Term, ...]
    outer: int
    size: Int
    text: str
    symmetric: bool = False

    @property
    def formals(self) -> tuple[Int, ...]:
        return formal_places(self.outer + 2)

    @property
    def row(self) -> Int:
        return self.formals[-2]

    @property
    def column(self) -> Int:
        return self.formals[-1]

    @property
    def box(self) -> Condition:
        """That row and column are ones of the matrix."""
        return k.all_of(k.between(0, i, self.size - 1) for i in self.formals[-2:])

    def at(self, lowering: Translation, place: Sequence[Int]) -> Terms:
        """The terms of an entry, `place` being outer places, row and column."""
        values = at_values(self.formals, place)
        fresh = [lowering.refreshed(term) for term in self.terms]
        return [lowering.refreshed(rename_term(term, values)) for term in fresh]

    def transposed(self) -> Matrix:
        """The transpose."""
        values = at_values(self.formals[-2:], (self.column, self.row))
        return replace(self, terms=tuple(rename_term(term, values) for term in self.terms))


def multiply(*factors: Term) -> Term:
    """The product of terms with disjoint bound indices."""
    numerator, denominator = Int.of(1), Int.of(1)
    atoms: list[Atom] = []
    bound: frozenset[Name] = frozenset()
    demands: frozenset[Condition] = frozenset()
    for factor in factors:
        numerator, denominator = numerator * factor.numerator, denominator * factor.denominator
        atoms += factor.atoms
        bound |= factor.bound
        demands |= factor.demands
    return Term(tuple(atoms), bound, k.all_of(factor.condition for factor in factors), numerator, denominator, demands)


def scaled(found: Terms, numerator: Int | int, denominator: Int | int = 1) -> Terms:
    """All terms times a coefficient."""
    return [
        replace(term, numerator=term.numerator * numerator, denominator=term.denominator * denominator)
        for term in found
    ]


@dataclass
class Translation(Integers):
    """One translation: fresh indices, the opaque functions met, and the demands, assumptions and axioms used."""

    opaque: dict[Head, Opaque] = field(default_factory=dict)
    axioms: dict[str, None] = field(default_factory=dict)
    supposed: dict[tuple[Expression, Domain], None] = field(default_factory=dict)  # of the data, so that formulas exist
    demands: set[Condition] = field(default_factory=set)
    shapes: dict[Head, tuple[Int, ...]] = field(default_factory=dict)  # of tensors and definitions that are unknowns
    # What the reading of the formulas supposes: that arguments which became one are equal, and the like.
    premises: list[Duty | Equality] = field(default_factory=list)
    met: dict[Head, tuple[Term, ...]] = field(default_factory=dict)
    kinks: list[tuple[Map, Terms]] = field(default_factory=list)  # the jumps that were taken as differentiable
    matrices: dict[Head, Matrix] = field(default_factory=dict)  # of which an inverse or determinant was met
    positive: list[Terms] = field(default_factory=list)  # the arguments of logarithms and roots
    signed: set[Argument] = field(default_factory=set)  # the same, with formal places
    assumptions: tuple[Assumption, ...] = ()
    fresh_numbers: Iterator[int] = field(default_factory=count)
    # Whether relations between unknowns are told (`relations.py`), and the symmetries found so far.
    related: bool = False
    symmetries: dict[tuple[tuple[Term, ...], Condition], tuple[Places, ...]] = field(default_factory=dict)
    # Whether two sums of terms are equal wherever a condition holds; whoever knows the sizes' context sets it.
    same: Callable[[Terms, Terms, Condition], bool] = lambda left, right, guard: False
    # Whether a formula shows by how it is written that its entries are in a domain; whoever knows the context sets it.
    evident: Callable[[Expression, Domain], bool] = lambda node, domain: False
    known: Condition = k.TRUE  # the context of the sizes, as far as it is known

    def fresh(self) -> Mark:
        """A bound index that no other term has."""
        return Mark(Role.BOUND, next(self.fresh_numbers))

    def suppose_in(self, node: Expression, domain: Domain) -> None:
        """Name as an axiom that all entries of a formula are in a domain, unless that is evident."""
        if not self.evident(node, domain):
            self.supposed[node, domain] = None
            self.axioms[domain.supposed(node)] = None

    def suppose_equal(self, what: str, left: Sequence[Term], right: Sequence[Term], guard: Condition = k.TRUE) -> None:
        """Note that two sums of terms are taken for equal wherever `guard` holds, unless they are written alike."""
        if not alike(left, right):
            self.premises.append(Equality(what, guard, (*left, *scaled(list(right), -1))))

    def argument_met(self, head: Head, argument: Sequence[Term], guard: Condition = k.TRUE) -> None:
        """Note that a head's argument is the one with which it was met first."""
        first = self.met.setdefault(head, tuple(argument))
        self.suppose_equal(f"one argument of {head}", argument, first, guard)

    def lower(self, node: Expression, index: Sequence[Int], env: Environment, cut: Cut) -> Terms:
        """The terms of entry `index` of a formula; names in `cut` are unknowns, not their definitions."""
        raise NotImplementedError

    def box(self, shape: Sequence[Int]) -> tuple[frozenset[Name], Condition, tuple[Int, ...]]:
        """Fresh bound indices that run over all entries of a shape."""
        names = [self.fresh() for _ in shape]
        place = tuple(Int.symbol(name) for name in names)
        inside = k.all_of(k.between(0, i, n - 1) for i, n in zip(place, shape, strict=True))
        return frozenset(names), inside, place

    def part(self, part: Expression, index: tuple[Int, ...], env: Environment, cut: Cut) -> Terms:
        """The terms of an operand's entry: a scalar has one, whatever the index."""
        return self.lower(part, index if part.rank else (), env, cut)

    def products(self, factors: Sequence[Terms]) -> Terms:
        """Multiply out; the factors' bound indices are already disjoint."""
        size = 1
        for factor in factors:
            size *= len(factor)
        if size > TERM_LIMIT:
            raise LimitReached(f"more than {TERM_LIMIT} terms in one product")
        return [multiply(*choice) for choice in product(*factors)]

    def power(self, found: Terms, amount: int) -> Terms:
        """A sum to a whole power that is not negative, multiplied out."""
        return [
            new
            for choice, times in multinomial(len(found), amount)
            for new in scaled([multiply(*[self.refreshed(found[part]) for part in choice])], times)
        ]

    def inside(self, node: Expression, index: Sequence[Int], env: Environment) -> Condition:
        """That an index is one of a formula's."""
        return k.all_of(k.between(0, i, n - 1) for i, n in zip(index, self.shape(node, env), strict=True))

    def domain(self, head: Head, places: Sequence[Int]) -> Condition:
        """What places of a head's entries obey, as far as it is known."""
        if isinstance(head, Reciprocal):
            return self.domain(head.of, places)
        record = self.opaque.get(head)
        if record is not None and record.template is not None:
            return at_condition(record.template.guard, record.template.formals, places)
        shape = self.shapes.get(head, ())
        return k.all_of(k.between(0, i, n - 1) for i, n in zip(places, shape, strict=False))

    def argument_at(self, atom: Atom) -> Terms | None:
        """What an atom is a function of, at its place; None of what is no function of one variable."""
        record = self.opaque.get(atom.head)
        if record is None or record.template is None:
            return None
        values = at_values(record.template.formals, atom.indices)
        return [self.refreshed(rename_term(self.refreshed(term), values)) for term in record.template.terms]

    def refreshed(self, term: Term) -> Term:
        """The term with fresh bound indices."""
        # In a fixed order: the answers must not depend on how a set is laid out in memory.
        names = sorted(term.bound, key=lambda name: (len(text_of(name)), text_of(name)))
        return rename_term(term, {name: Int.symbol(self.fresh()) for name in names}) if names else term

    def replaced(self, term: Term, head: Head, value: Callable[[Sequence[Int]], Terms]) -> Terms:
        """The term with every atom of `head` replaced by terms, inside opaque functions too."""
        factors: list[Terms] = [[replace(term, atoms=())]]
        for atom in term.atoms:
            if atom.head is head:
                factors.append([self.refreshed(part) for part in value(atom.indices)])
            elif atom.head in self.opaque and head in atom.head.mentions:
                factors.append(self.opaque[atom.head].rebuild(
                    lambda old: [new for part in old for new in self.replaced(part, head, value)], atom.indices
                ))  # fmt: skip
            else:
                factors.append([Term((atom,))])
        return self.products(factors)


def entangled(heads: Sequence[Head]) -> bool:
    """Whether a product of unknowns with these heads may be one of fewer: x·(1/x) is 1 where the places are equal, and
    of two indicators of one maximum's place m·m is m or 0, those of overlapping windows exclude each other."""
    return any(
        (isinstance(head, Reciprocal) and head.of in heads) or (isinstance(head, Argmax) and heads.count(head) > 1)
        for head in heads
    )


def formal_places(rank: int) -> tuple[Int, ...]:
    """The formal indices of an argument of a rank."""
    return tuple(Int.symbol(Mark(Role.FORMAL, axis)) for axis in range(rank))


def at_values(formals: Sequence[Int], index: Sequence[Int]) -> dict[Name, Int]:
    """The substitution that puts an index for the formal ones."""
    return {next(iter(formal.symbols())): i for formal, i in zip(formals, index, strict=True)}


def at(value: Int, formals: Sequence[Int], index: Sequence[Int]) -> Int:
    """An integer term in formal indices, at an index."""
    return k.substitute(value, at_values(formals, index))


def at_condition(condition: Condition, formals: Sequence[Int], index: Sequence[Int]) -> Condition:
    """A condition on formal indices, at an index."""
    return k.substitute_condition(condition, at_values(formals, index))


def single_atom(found: Terms) -> Atom | None:
    """The atom, if the terms are one atom and nothing else."""
    if len(found) == 1 and len(found[0].atoms) == 1 and not found[0].bound:
        (term,) = found
        if term.condition == k.TRUE and term.numerator == term.denominator == 1:
            return term.atoms[0]
    return None


def names_of(found: Terms) -> frozenset[Name]:
    """All sizes and indices that terms mention."""
    names: frozenset[Name] = frozenset()
    for term in found:
        names |= k.condition_symbols(term.condition) | term.numerator.symbols() | term.denominator.symbols()
        for atom in term.atoms:
            names = names.union(*(i.symbols() for i in atom.indices))
    return names


def definition_of(node: Basic, head: Head, cut: Cut) -> Definition | None:
    """The definition in a formula that a head is an entry of, if it is to be opened."""
    return _find_definition(node, head.name) if isinstance(head, EntryHead) and head.name not in cut else None


def _find_definition(node: Basic, name: str) -> Definition | None:
    if isinstance(node, Definition):
        return node if node.name == name else None
    for part in node.args:
        found = _find_definition(part, name) if isinstance(part, Basic) else None
        if found is not None:
            return found
    return None


def equal_places(left: Sequence[Int], right: Sequence[Int]) -> Condition:
    """That two indices are one."""
    return k.all_of(k.equal(i, j) for i, j in zip(left, right, strict=True))


def outer_names(node: Expression, env: Environment) -> list[str]:
    """The indices in scope that a formula uses; what its own sums bind by the same name is another index."""
    used = free_names(node)
    return [name for name in env if name in used]
