"""Composite indices as tuples of indices: u in 0..h·d − 1 read as u // d and u % d becomes a·d + c.

Kronecker products, reshapes, unfolded windows, groups and pixel shuffles number pairs by one index. Left so, quotients
by products of sizes reach a solver that seldom decides them; as pairs, all is linear again.

    u = a·d + c, 0 <= c < d      u // d = a, u % d = c      an index whose range is a multiple of d
    x[a·d + c]                   x[a, c]                    an axis, for all entries of a tensor at once
    a·d + c = b·d + e            a = b and c = e            for 0 <= c, e < d
    a·d + c >= 0                 a >= 0                     for 0 <= c < d

Law: each rewriting is an equivalence at all sizes of the context, of which alone it is known that divisors are
positive: i ↦ (i // d, i % d) is one to one for d >= 1, so that equal places stay equal and others different. What
cannot be shown to be so is left as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from derivations.core import terms as k
from derivations.core.heads import Entry, Head, Reciprocal, Sensitivity
from derivations.core.names import Name, in_order, is_size
from derivations.core.sums import Atom, Term
from derivations.core.terms import Condition, Int, Monomial, NonNegative, Quotient, Sym, Zero

ROUNDS = 60  # splits of one equality; a flattened tensor of five axes takes twenty


def factored(
    sizes: Condition, context: Condition, terms: Sequence[Term], fresh: Callable[[], Name]
) -> tuple[Condition, tuple[Term, ...]]:
    """The context and the terms of an equality with composite indices as tuples; themselves where there are none.
    `sizes` is what is known of sizes beside the context."""
    if not any(is_composite(term) for term in terms):
        return context, tuple(terms)
    work = _Equality(k.conjuncts(sizes), list(k.conjuncts(context)), list(terms), fresh)
    for _ in range(ROUNDS):
        if not work.step():
            break
    return k.all_of(work.context), tuple(work.terms)


def is_composite(term: Term) -> bool:
    """Whether a term has a quotient by a product of sizes, or of a quotient."""
    return any(_degree(found.q) > 1 or len(found.q.terms) > 1 or any(_quotients([found.p])) for found in _all(term))


def _amounts(term: Term) -> Iterator[Int]:
    yield from k.condition_terms(term.condition)
    yield from (term.numerator, term.denominator)
    for atom in term.atoms:
        yield from atom.indices


def _quotients(values: Iterable[Int]) -> Iterator[Quotient]:
    """Every quotient in some amounts, the inner ones first."""
    for value in values:
        for generator in value.generators():
            if not isinstance(generator, Sym):
                yield from _quotients((generator.p, generator.q))
            if isinstance(generator, Quotient):
                yield generator


def _all(term: Term) -> list[Quotient]:
    return list(dict.fromkeys(_quotients(_amounts(term))))


def divided(value: Int, divisor: Int) -> tuple[Int, Int]:
    """(a, b) with value = divisor·a + b, where b has no multiple of the divisor's leading monomial."""
    if not divisor.terms:
        return Int.of(0), value  # 0: one more than the last value of an index that has none
    lead = _lead(divisor)
    whole, rest, pending = Int.of(0), Int.of(0), value
    for _ in range(len(value.terms) * (len(divisor.terms) + 1) + 1):
        step = next(((m, c) for m, c in pending.terms.items() if _by(m, c, lead) is not None), None)
        if step is None:
            break
        factor = _by(*step, lead)
        assert factor is not None
        whole, pending = whole + factor, pending - factor * divisor
    return whole, rest + pending


def _lead(divisor: Int) -> tuple[Monomial, int]:
    """The monomial by which is divided: of highest degree, and of coefficient 1 or −1 where the divisor is a sum."""
    items = sorted(divisor.terms.items(), key=lambda item: (-len(item[0]), [g.order for g in item[0]]))
    if len(items) == 1:
        return items[0]
    return next((item for item in items if item[0] and abs(item[1]) == 1), items[0])


def _by(monomial: Monomial, coefficient: int, lead: tuple[Monomial, int]) -> Int | None:
    reduced = k.divide_monomial(monomial, lead[0])
    if reduced is None or coefficient % lead[1]:
        return None
    return Int({reduced: coefficient // lead[1]})


@dataclass
class _Sizes:
    """What a context says of sizes: each as an amount of unknowns that are not negative, called like the sizes."""

    values: dict[Name, Int] = field(default_factory=dict)
    known: dict[Int, bool] = field(default_factory=dict)

    @staticmethod
    def of(context: Iterable[Condition]) -> _Sizes:
        """Of each size the longest fact size + rest >= 0, as size = unknown − rest, as long as they go in no circle."""
        facts = [part.term for part in context if isinstance(part, NonNegative)]
        facts = [fact for fact in facts if all(map(is_size, fact.symbols())) and not any(_quotients([fact]))]
        rests: dict[Name, Int] = {}

        def reaches(start: Int, name: Name) -> bool:
            return any(other == name or (other in rests and reaches(rests[other], name)) for other in start.symbols())

        for fact in sorted(facts, key=lambda fact: (-len(fact.terms), repr(fact))):
            for monomial, coefficient in sorted(fact.terms.items(), key=lambda item: [g.order for g in item[0]]):
                if len(monomial) != 1 or coefficient != 1 or not isinstance(monomial[0], Sym):
                    continue
                name, rest = monomial[0].name, fact - Int({monomial: coefficient})
                if name not in rests and not reaches(rest, name):
                    rests[name] = rest
                    break
        found = _Sizes()

        def value(name: Name) -> Int:
            if name not in found.values:
                inner = {other: value(other) for other in rests[name].symbols() if other in rests}
                found.values[name] = Int.symbol(name) - k.substitute(rests[name], inner)
            return found.values[name]

        for name in rests:
            value(name)
        # A size of which nothing is known may be negative, and so may what is made of it.
        unknown = {other for fact in facts for other in fact.symbols()} - rests.keys()
        found.values = {name: made for name, made in found.values.items() if not made.symbols() & unknown}
        return found

    def not_negative(self, value: Int) -> bool:
        """Whether an amount of sizes is not negative at all sizes of the context, as far as is seen at a glance."""
        if value not in self.known:
            self.known[value] = self._look(value)
        return self.known[value]

    def _look(self, value: Int) -> bool:
        if any(not isinstance(g, Sym) for g in value.generators()) or not value.symbols() <= self.values.keys():
            return False
        return all(coefficient >= 0 for coefficient in k.substitute(value, self.values).terms.values())


Ranges = dict[Name, list[Int]]  # an index from 0 to each of these


def _ranges(parts: Iterable[Condition]) -> Ranges:
    """The indices that run from 0 to something of sizes alone."""
    terms = [part.term for part in parts if isinstance(part, NonNegative)]
    from_zero = {
        next(iter(term.symbols())) for term in terms if len(term.terms) == 1 and len(term.symbols()) == 1
        and next(iter(term.terms.items()))[1] == 1 and len(next(iter(term.terms))) == 1
        and isinstance(next(iter(term.terms))[0], Sym)
    }  # fmt: skip
    found: Ranges = {}
    for term in terms:
        for name in term.symbols():
            if is_size(name) or name not in from_zero or term.terms.get((Sym(name),)) != -1:
                continue
            high = term + Int.symbol(name)
            if all(map(is_size, high.symbols())) and not any(_quotients([high])):
                found.setdefault(name, []).append(high)
    return found


def _is_range(part: Condition, ranges: Ranges) -> bool:
    """Whether a condition is what an index's range was read from: nothing may be concluded from it about itself."""
    if not isinstance(part, NonNegative):
        return False
    return any(
        part.term == Int.symbol(name) or any(part.term == high - Int.symbol(name) for high in ranges[name])
        for name in part.term.symbols() & ranges.keys()
    )


@dataclass
class _Equality:
    known: tuple[Condition, ...]
    context: list[Condition]
    terms: list[Term]
    fresh: Callable[[], Name]

    def step(self) -> bool:
        """One rewriting of the equality; False where none is left."""
        self.sizes = _Sizes.of((*self.known, *self.context))
        self.terms = [self._simplified(_solved(term)) for term in self.terms]
        return self._split_index() or self._split_axis()

    # -- amounts ------------------------------------------------------------------------------------------------------

    def _between(self, low: Int | int, value: Int, high: Int, ranges: Ranges) -> bool:
        """Whether low <= value <= high for all values of the indices."""
        least, most = self._end(value, ranges, upper=False), self._end(value, ranges, upper=True)
        if least is None or most is None:
            return False
        return self.sizes.not_negative(least - low) and self.sizes.not_negative(high - most)

    def _end(self, value: Int, ranges: Ranges, *, upper: bool) -> Int | None:
        """The least or the greatest value of a linear amount of indices, with coefficients of sizes of known sign."""
        total = Int.of(0)
        slopes: dict[Name, Int] = {}
        for monomial, coefficient in value.terms.items():
            indices = [g for g in monomial if not all(map(is_size, g.names))]
            if not indices:
                total = total + Int({monomial: coefficient})
            elif len(indices) == 1 and isinstance(indices[0], Sym) and indices[0].name in ranges:
                factor = Int({tuple(g for g in monomial if g is not indices[0]): coefficient})
                slopes[indices[0].name] = slopes.get(indices[0].name, Int.of(0)) + factor
            else:
                return None
        for name, slope in slopes.items():
            if self.sizes.not_negative(slope if upper else -slope):
                total = total + slope * ranges[name][0]
            elif not self.sizes.not_negative(-slope if upper else slope):
                return None
        return total

    def _apart(self, value: Int, divisor: Int, ranges: Ranges) -> tuple[Int, Int] | None:
        """(a, b) with value = divisor·a + b and 0 <= b < divisor, where that is seen."""
        whole, rest = divided(value, divisor)
        return (whole, rest) if self._between(0, rest, divisor - 1, ranges) else None

    def _simplified(self, term: Term) -> Term:
        """Quotients that are known carried out, equations and bounds of composite amounts taken apart."""
        ranges = _ranges((*self.context, *k.conjuncts(term.condition)))

        def leaf(generator: k.Generator) -> Int | None:
            if not isinstance(generator, Quotient):
                return None
            p, q = k.rebuild(generator.p, leaf), k.rebuild(generator.q, leaf)
            if not self.sizes.not_negative(q - 1):
                return k.quotient(p, q)
            inner = next((g for m in p.terms for g in m if isinstance(g, Quotient)), None)
            if inner is not None and p == Int({(inner,): 1}) and self.sizes.not_negative(inner.q - 1):
                return change(k.quotient(inner.p, inner.q * q))
            found = self._apart(p, q, ranges)
            if found is not None:
                return found[0]
            for high in dict.fromkeys(high + 1 for highs in ranges.values() for high in highs):
                factor, left = divided(q, high)
                smaller = not left.terms and high != 1 and factor != 1
                lower = self._apart(p, high, ranges) if smaller else None
                if lower is not None and self.sizes.not_negative(factor - 1):
                    return change(k.quotient(lower[0], factor))  # ⌊(n·a + r)/(n·m)⌋ = ⌊a/m⌋
            return k.quotient(p, q)

        def change(value: Int) -> Int:
            return k.rebuild(value, leaf) if any(_quotients([value])) else value

        changed = Term(
            tuple(Atom(atom.head, tuple(map(change, atom.indices))) for atom in term.atoms),
            term.bound, k.map_condition(term.condition, change), change(term.numerator), change(term.denominator),
            term.demands,
        )  # fmt: skip
        parts = [self._taken_apart(part, ranges) for part in _as_equations(k.conjuncts(changed.condition))]
        return replace(changed, condition=k.all_of(parts))

    def _taken_apart(self, part: Condition, ranges: Ranges) -> Condition:
        """An equation or a bound of d·a + b as those of a and b, for 0 <= b < d and the like."""
        if not isinstance(part, Zero | NonNegative) or _is_range(part, ranges):
            return part
        used = {name for name in part.term.symbols() if name in ranges}
        for name in in_order(used):
            for divisor in [high + 1 for high in ranges[name]]:
                whole, rest = divided(part.term, divisor)
                if not whole.terms or name not in rest.symbols() or not self.sizes.not_negative(divisor - 1):
                    continue
                if isinstance(part, Zero) and self._between(1 - divisor, rest, divisor - 1, ranges):
                    both = (k.zero(whole), k.zero(rest))
                    return k.all_of(self._taken_apart(each, ranges) for each in both)
                if isinstance(part, NonNegative) and self._between(0, rest, divisor - 1, ranges):
                    return self._taken_apart(k.nonnegative(whole), ranges)
                if isinstance(part, NonNegative) and self._between(-divisor, rest, Int.of(-1), ranges):
                    return self._taken_apart(k.nonnegative(whole - 1), ranges)
        return part

    # -- indices ------------------------------------------------------------------------------------------------------

    def _split_index(self) -> bool:
        """Split one index whose quotient stands somewhere and whose range is a multiple of the divisor."""
        for number, term in enumerate(self.terms):
            ranges = _ranges((*self.context, *k.conjuncts(term.condition)))
            for found in sorted(_all(term), key=lambda q: (-_degree(q.q), repr(q))):
                for name in in_order(found.p.symbols() & ranges.keys()):
                    if found.p.terms.get((Sym(name),)) == 1 and self._split(number, name, found.q, ranges[name]):
                        return True
        return False

    def _split(self, number: int, name: Name, divisor: Int, highs: Sequence[Int]) -> bool:
        """name = a·divisor + c in one term, of which it is bound, or everywhere; False where its range is no such."""
        if name not in self.terms[number].bound:
            highs = _ranges(self.context).get(name, [])  # a free index has the range that holds for all terms
        for high in highs:
            count, left = divided(high + 1, divisor)
            if left.terms or count == 1 or not self.sizes.not_negative(divisor - 1):
                continue
            first, second = self.fresh(), self.fresh()
            a, c = Int.symbol(first), Int.symbol(second)
            own = (k.between(0, a, count - 1), k.between(0, c, divisor - 1))
            values = {name: a * divisor + c}
            bound = name in self.terms[number].bound
            for at, term in enumerate(self.terms):
                if at == number or not bound:
                    self.terms[at] = _renamed(term, values, own, {first, second} if bound else set())
            if not bound:
                self.context = [
                    part
                    for whole in self.context
                    for part in k.conjuncts(self._within(k.substitute_condition(whole, values), own))
                ]
                self.context += [part for each in own for part in k.conjuncts(each)]
            return True
        return False

    def _within(self, part: Condition, own: Sequence[Condition]) -> Condition:
        return self._taken_apart(part, _ranges([each for whole in own for each in k.conjuncts(whole)]))

    # -- axes of tensors ----------------------------------------------------------------------------------------------

    def _split_axis(self) -> bool:
        """Split one axis of a tensor, of whose entries all places are seen to be d·a + c with 0 <= c < d."""
        places: dict[tuple[Head, int, int], list[tuple[int, Int]]] = {}
        for number, term in enumerate(self.terms):
            for atom in term.atoms:
                base = _base(atom.head)
                if base is not None:
                    for axis, index in enumerate(atom.indices):
                        places.setdefault((base, len(atom.indices), axis), []).append((number, index))
        for (base, rank, axis), found in places.items():
            for divisor in self._divisors(found):
                if self._fits(found, divisor):
                    self._retype(base, rank, axis, divisor)
                    return True
                if self._made_to_fit(found, divisor):
                    return True
        return False

    def _divisors(self, found: Sequence[tuple[int, Int]]) -> list[Int]:
        """The ranges of indices that stand, with the factor 1, beside others in a place."""
        divisors: dict[Int, None] = {}
        for number, index in found:
            ranges = _ranges((*self.context, *k.conjuncts(self.terms[number].condition)))
            for name in in_order(index.symbols() & ranges.keys()):
                if len(index.terms) > 1 and index.terms.get((Sym(name),)) == 1:
                    divisors |= dict.fromkeys(high + 1 for high in ranges[name])
        return [divisor for divisor in divisors if divisor != 1 and self.sizes.not_negative(divisor - 1)]

    def _fits(self, found: Sequence[tuple[int, Int]], divisor: Int) -> bool:
        split = [self._apart(index, divisor, self._ranges_of(number)) for number, index in found]
        return None not in split and any(parts is not None and parts[0].terms and parts[1].terms for parts in split)

    def _ranges_of(self, number: int) -> Ranges:
        return _ranges((*self.context, *k.conjuncts(self.terms[number].condition)))

    def _made_to_fit(self, found: Sequence[tuple[int, Int]], divisor: Int) -> bool:
        """Split an index that is a whole place, where all other places fit or are such indices."""
        lone: list[tuple[int, Name, list[Int]]] = []
        for number, index in found:
            ranges = self._ranges_of(number)
            if self._apart(index, divisor, ranges) is not None:
                continue
            (monomial, coefficient), *others = index.terms.items()
            generator = monomial[0] if len(monomial) == 1 else None
            if others or coefficient != 1 or not isinstance(generator, Sym) or generator.name not in ranges:
                return False
            if not any(not divided(high + 1, divisor)[1].terms for high in ranges[generator.name]):
                return False
            lone.append((number, generator.name, ranges[generator.name]))
        return bool(lone) and self._split(lone[0][0], lone[0][1], divisor, lone[0][2])

    def _retype(self, base: Head, rank: int, axis: int, divisor: Int) -> None:
        for number, term in enumerate(self.terms):
            ranges = self._ranges_of(number)
            atoms = []
            for atom in term.atoms:
                if _base(atom.head) is base and len(atom.indices) == rank:
                    parts = self._apart(atom.indices[axis], divisor, ranges)
                    assert parts is not None
                    atom = Atom(atom.head, (*atom.indices[:axis], *parts, *atom.indices[axis + 1 :]))
                atoms.append(atom)
            self.terms[number] = replace(term, atoms=tuple(atoms))


def _base(head: Head) -> Head | None:
    """The tensor of which a head is an entry, or one by it; None of functions of entries."""
    if isinstance(head, Reciprocal):
        return _base(head.of)
    return head if isinstance(head, Entry | Sensitivity) else None


def _as_equations(parts: Sequence[Condition]) -> list[Condition]:
    """The conditions with x >= 0 and -x >= 0 as x = 0."""
    lone = {part.term for part in parts if isinstance(part, NonNegative)}
    return [k.zero(part.term) if isinstance(part, NonNegative) and -part.term in lone else part for part in parts]


def _solved(term: Term) -> Term:
    """The term without the bound indices that an equation gives, with the factor 1, by other indices and sizes."""
    for part in k.conjuncts(term.condition):
        if not isinstance(part, Zero):
            continue
        for name in sorted(in_order(part.term.symbols() & term.bound), key=lambda name: -_reach(term, name)):
            slope = part.term.terms.get((Sym(name),))
            if slope not in (1, -1):
                continue
            value = (Int.symbol(name) - part.term) if slope == 1 else (Int.symbol(name) + part.term)
            if name not in value.symbols():
                rest = k.all_of(other for other in k.conjuncts(term.condition) if other != part)
                return _solved(_renamed(replace(term, condition=rest), {name: value}, (), set()))
    return term


def _reach(term: Term, name: Name) -> int:
    """The degree of an index's range: of two in an equation, the one that numbers pairs is given by the other."""
    return max(map(_degree, _ranges(k.conjuncts(term.condition)).get(name, ())), default=0)


def _degree(value: Int) -> int:
    return max((len(monomial) for monomial in value.terms), default=0)


def _renamed(term: Term, values: dict[Name, Int], own: Sequence[Condition], bound: set[Name]) -> Term:
    """A term with an index replaced by an amount of new ones."""
    return Term(
        tuple(Atom(atom.head, tuple(k.substitute(index, values) for index in atom.indices)) for atom in term.atoms),
        frozenset(name for name in term.bound if name not in values) | bound,
        k.all_of((k.substitute_condition(term.condition, values), *own)),
        k.substitute(term.numerator, values),
        k.substitute(term.denominator, values),
        term.demands,
    )
