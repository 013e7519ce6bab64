"""One normal form for functions of data: exponentials, logarithms, powers, sines, and choices, of canonical summands.

    exp(Σ c·M) = Π exp(M)^c                     log(Π x^e) = Σ e·log|x|             (Π x^e)^c = Π x^(e·c)   for x > 0
    sin(s + t) = sin s·cos t + cos s·sin t      sin² t = 1 − cos² t                 erf(−t) = −erf t
    tanh t = 1 − 2/(exp(2t) + 1)                sigmoid t = 1/(1 + exp(−t))          softplus t = log(1 + exp t)
    f(c·g + (1 − c)·h) = c·f(g) + (1 − c)·f(h)  for a choice c, which is 0 or 1

A sum that stands under a bar, a root or a logarithm is an unknown with its definition (`Value`), once what all its
summands share has been taken out; a positive power of it is the power of its definition. So an identity between
functions becomes one between polynomials in unknowns over index sums, which the kernel decides.

Laws: each rewriting is an equality wherever the formula exists (a divisor is not 0, a logarithm's argument is positive,
a root's is not negative: existence names these). `signs` says of what it is known that it is positive. Unknowns that
are told apart need not be independent: a difference in this form refutes nothing by itself.

Over 500 lines: the rewritings of one normal form call each other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from math import gcd

from derivations.core import terms as k
from derivations.core.cells import merge
from derivations.core.fractions import sum_of_fractions
from derivations.core.heads import (
    INVERSE,
    Argmax,
    Argument,
    Choice,
    Function,
    Head,
    Kind,
    Map,
    Reciprocal,
    Root,
    Side,
    Value,
    alone,
)
from derivations.core.monomials import Monomials, canonical_argument
from derivations.core.names import Mark, Name, Role, is_size, text_of
from derivations.core.sums import Atom, LimitReached, Term, rename_term
from derivations.core.terms import Int
from derivations.meaning.factors import (
    Exponent,
    Place,
    atoms_of,
    base_of,
    exponent,
    index_names,
    is_fixed,
    parts_of,
    powers_of,
    split,
    tidy,
    times,
)
from derivations.meaning.functions import PI, Unsupported
from derivations.meaning.numbers import of_number
from derivations.meaning.partial_fractions import partial_fractions
from derivations.meaning.powers import checked
from derivations.meaning.resumming import without_part, without_sum
from derivations.meaning.signs import Sign, Signs
from derivations.meaning.translation import Terms, Translation, at_values, formal_places, scaled

FACTORS = 3  # of a product whose sign is told by theirs; each doubles the cases
CHOICES = 6  # choices inside the argument of one function; each doubles its cases
PRIMES = 1000  # the largest prime that is looked for in a number under a root or a logarithm

EXP, LOG, SIN, COS, ERF = (Map(Kind.KNOWN, name) for name in ("exp", "log", "sin", "cos", "erf"))
TURNS = 12  # the largest multiple of an angle that is written in its sine and cosine
HALF = Fraction(1, 2)
ONE = Fraction(1)


Turn = tuple[Terms, Terms]  # the sine and the cosine of an angle


@dataclass(frozen=True)
class Defined:
    """What an unknown of the normal form is made of: terms in formal indices."""

    terms: tuple[Term, ...]
    formals: Place


@dataclass
class Basis:
    """The normal form within one translation; `signs` knows what is positive."""

    lowering: Translation
    signs: Signs
    defined: dict[Head, Defined] = field(default_factory=dict)
    meanings: dict[tuple[Head, int], Terms] = field(default_factory=dict)
    excluded: set[Head] = field(default_factory=set)  # choices that an axiom says are 0: [x = a] at a kink

    def exclude(self, kinks: Sequence[tuple[Map, Terms]]) -> None:
        """Suppose that no entry is where an indicator jumps that was differentiated: that is an axiom of its own."""
        for _, argument in kinks:
            for term in self.jump("==", self.normal(self.refreshed(argument))):
                if len(term.atoms) == 1 and isinstance(term.atoms[0].head, Choice) and term.condition == k.TRUE:
                    self.excluded.add(term.atoms[0].head)

    # -- terms --------------------------------------------------------------------------------------------------------

    def normal(self, found: Sequence[Term]) -> Terms:
        """Equal terms whose unknowns are those of the normal form."""
        return [new for term in found for new in self._normal(term)]

    def _normal(self, term: Term) -> Terms:
        factors: list[Terms] = [[replace(term, atoms=())]]
        for atom in term.atoms:
            factors.append(self.instance(self.meaning(atom.head, len(atom.indices)), atom.indices))
        return [new for product in self.lowering.products(factors) for new in self.collected(product)]

    def instance(self, found: Sequence[Term], place: Sequence[Int]) -> Terms:
        """Terms in formal indices, at a place."""
        values = at_values(formal_places(len(place)), place)
        fresh = [self.lowering.refreshed(term) for term in found]
        return [self.lowering.refreshed(rename_term(term, values)) for term in fresh]

    def meaning(self, head: Head, rank: int) -> Terms:
        """An unknown of the translation at formal places, in the normal form."""
        key = head, rank
        if key not in self.meanings:
            self.meanings[key] = self._meaning(head, formal_places(rank))
        return self.meanings[key]

    def _meaning(self, head: Head, place: Place) -> Terms:
        if isinstance(head, Reciprocal):
            return self.power(self.meaning(head.of, len(place)), Fraction(-1))
        record = self.lowering.opaque.get(head)
        if not isinstance(head, Function) or record is None or record.template is None or record.template.arbitrary:
            return [Term((Atom(head, place),))]
        inner = self.normal([self.lowering.refreshed(term) for term in record.template.terms])
        function = head.function
        if function.kind is Kind.JUMP:
            return self.jump(function.name, inner)
        if function.kind is Kind.POWER:
            return self.power(inner, exponent(*function.exponent))
        if function is INVERSE:
            return self.power(inner, Fraction(-1))
        known = FUNCTIONS.get(function.name)
        if known is None or head.derivative:
            return [Term((self._unknown(lambda key: Function(function, head.derivative, key), inner),))]
        return known(self, inner)

    def collected(self, term: Term) -> Terms:
        """The terms of a product: one power of each base at each place, choices by the laws of choices."""
        return [new for part in self.tidied(term) for new in self._collected(part)]

    def tidied(self, term: Term) -> Terms:
        """The term with as few indices, and conditions on sizes, as a glance tells; what that demands of the sizes is
        demanded of them at once, for terms may cancel by what they demand."""
        if term.condition != k.TRUE:
            parts = k.conjuncts(term.condition)
            term = replace(term, condition=k.all_of(part for part in parts if not self.signs.of_condition(part)))
        found = tidy(term)
        for part in found:
            self.lowering.demands |= part.demands
        return found

    def _collected(self, term: Term) -> Terms:
        powers = powers_of(term.atoms)
        resummed = self._resummed(term, powers)
        if resummed is not None:
            return [new for part in resummed for new in self.collected(part)]
        chosen = self._chosen(powers)
        if chosen is None:
            return []
        powers, number = chosen
        atoms: list[Atom] = []
        expanded: list[Terms] = []
        solved = self._solved(powers)
        for (base, place), amount in powers.items():
            whole, rest = split(amount)
            if whole > 0 and (base, place) in solved:
                expanded.append(self.lowering.power(solved[base, place], whole))
                atoms += atoms_of(base, place, rest)
            elif isinstance(base, Value) and (whole > 0 or (whole < 0 and self._is_number(base))):
                definition = self.instance(self.defined[base].terms, place)
                expanded.append(self.lowering.power(definition if whole > 0 else _turned_over(definition), abs(whole)))
                atoms += atoms_of(base, place, rest)
            elif isinstance(base, Function) and base.function is SIN and not base.derivative and whole >= 2:
                cosine = Atom(Function(COS, 0, base.argument), place)
                self.defined.setdefault(cosine.head, self.defined[base])
                expanded.append([Term(), Term((cosine, cosine), numerator=Int.of(-1))])
                atoms += atoms_of(base, place, amount - 2 if isinstance(amount, Fraction) else amount)
            else:
                atoms += atoms_of(base, place, amount)
        whole_term = replace(
            term, atoms=tuple(atoms), numerator=term.numerator * number.numerator,
            denominator=term.denominator * number.denominator,
        )  # fmt: skip
        if not expanded:
            return [whole_term]
        products = self.lowering.products([[whole_term], *expanded])
        return [new for product in products for new in self.collected(product)]

    def _resummed(self, term: Term, powers: dict[tuple[Head, Place], Exponent]) -> Terms | None:
        """The product in which a sum that it is divided by, or a term of one, is found again, at a place that is summed
        over: of others, denominators are cleared. Of several sums the first alone is asked for its terms, so that what
        the one takes out the other does not put back."""
        below = [
            (base, place)
            for (base, place), amount in powers.items()
            if isinstance(base, Value) and split(amount)[0] < 0 and not is_fixed(place, term)
        ]
        for base, place in below:
            if len(self.defined[base].terms) == 1:
                (whole,) = self.instance(self.defined[base].terms, place)
                rest = without_sum(term, whole)
                if rest is not None:
                    return [replace(rest, atoms=(*rest.atoms, Atom(base, place)))]
        for base, place in sorted(below, key=lambda at: (at[0].order, str(at[1])))[:1]:
            definition, bar = self.instance(self.defined[base].terms, place), Atom(base, place)
            return without_part(term, bar, definition) or partial_fractions(term, bar, definition, self._is_positive)
        return None

    def _is_positive(self, head: Head) -> bool:
        return self.signs.of_power(head) is Sign.POSITIVE

    def _solved(self, powers: Mapping[tuple[Head, Place], Exponent]) -> dict[tuple[Head, Place], Terms]:
        """What unknowns are where the choices of a product hold: of the equation [c·s + Σ = a] it is s = (a − Σ)/c, of
        the last unknown in order, so that what replaces it is never replaced by it."""
        found: dict[tuple[Head, Place], Terms] = {}
        for base, place in powers:
            if not isinstance(base, Choice) or base.side is not Side.AT or alone(base.argument) is not None:
                continue
            line = self.instance(self.defined[base].terms, place)
            single = [term for term in line if _is_fixed_term(term) and len(term.atoms) == 1 and _is_scaled_atom(term)]
            if not single:
                continue
            last = max(single, key=lambda term: _order(term.atoms[0]))
            (atom,) = last.atoms
            others = [term for term in line if term is not last]
            if any(_order(Atom(base_of(a.head)[0], a.indices)) >= _order(atom) for term in others for a in term.atoms):
                continue
            equal = Term(numerator=Int.of(base.threshold.numerator), denominator=Int.of(base.threshold.denominator))
            found[atom.head, atom.indices] = scaled([equal, *scaled(others, -1)], last.denominator, last.numerator)
        return found

    def _is_number(self, base: Value) -> bool:
        """Whether an unknown is a number of sizes that stands under a root; where it is divided by, it is not 0."""
        found = self.defined[base].terms
        return _is_product(list(found)) and not found[0].atoms

    def _chosen(
        self, powers: dict[tuple[Head, Place], Exponent]
    ) -> tuple[dict[tuple[Head, Place], Exponent], Fraction] | None:
        """Powers with the choices of each argument at each place as one choice, and a number; None where the choices
        exclude each other.

            [x > a]·[x > b] = [x > max(a, b)]      [x = a]·[x > b] = [x = a] if a > b, else 0      x·[x = a] = a·[x = a]
        """
        groups: dict[tuple[Argument, Place], list[Choice]] = {}
        kept: dict[tuple[Head, Place], Exponent] = {}
        number = ONE
        for (base, place), amount in powers.items():
            if isinstance(base, Choice):
                groups.setdefault((base.argument, place), []).append(base)
            else:
                kept[base, place] = ONE if isinstance(base, Argmax) else amount
        for (argument, place), choices in groups.items():
            above = [choice.threshold for choice in choices if choice.side is Side.ABOVE]
            exact = {choice.threshold for choice in choices if choice.side is Side.AT}
            if not exact:
                kept[self._choice(Side.ABOVE, max(above), argument, choices[0]), place] = ONE
                continue
            value = next(iter(exact))
            if len(exact) > 1 or any(value <= threshold for threshold in above):
                return None
            only = alone(argument)
            power = kept.get((only, place)) if only is not None else None
            if only is not None and isinstance(power, Fraction) and power.denominator == 1:
                if value == 0:
                    return None  # 0 to a positive power is 0, and one by 0 does not exist
                del kept[only, place]
                number *= value ** int(power)
            kept[self._choice(Side.AT, value, argument, choices[0]), place] = ONE
        return kept, number

    def _choice(self, side: Side, threshold: Fraction, argument: Argument, like: Head) -> Choice:
        head = Choice(side, threshold, argument)
        self.defined.setdefault(head, self.defined[like])
        return head

    # -- sums ---------------------------------------------------------------------------------------------------------

    def merged(self, found: Sequence[Term]) -> Terms:
        """Terms in which those that differ in their coefficient alone are one; those that vanish are left out."""
        kept: dict[Argument, tuple[Int, Int, Term]] = {}
        for part in found:
            for term in self.tidied(part):
                top, bottom, unit = _apart(term)
                key, demands = canonical_argument([unit])
                self.lowering.demands |= demands
                if key in kept:
                    above, below, unit = kept[key]
                    top, bottom = sum_of_fractions((above, below), (top, bottom))
                kept[key] = top, bottom, unit
        terms = [_scaled(kept[key][2], *kept[key][:2]) for key in sorted(kept, key=lambda key: key.order)]
        return [term for term in terms if term.numerator.terms]

    def vanishes(self, found: Sequence[Term]) -> bool:
        """Whether a sum is visibly 0."""
        sums = Monomials()
        for term in found:
            sums.add(term)
        for pieces in sums.groups.values():
            for piece in pieces:
                self.lowering.demands |= piece.demands
        return not any(merge(pieces) for pieces in sums.groups.values())

    def by_cases(self, found: Terms, function: Callable[[Terms], Terms], *, partial: bool = False) -> Terms | None:
        """A function of a sum in which choices stand: case by case; None where there are none.

            f(c·g + (1 − c)·h) = c·f(g) + (1 − c)·f(h)

        A partial function may exist in the one case only; so its cases are told apart only where both have a value
        whatever the data.
        """
        chosen = [
            atom
            for term in found
            for atom in term.atoms
            if isinstance(atom.head, Choice) and is_fixed(atom.indices, term)
        ]
        if not chosen:
            return None
        if len(set(chosen)) > CHOICES:
            raise LimitReached(f"more than {CHOICES} choices in the argument of a function")
        choice = min(chosen, key=lambda atom: (atom.head.order, str(atom.indices)))
        on = [replace(term, atoms=tuple(atom for atom in term.atoms if atom != choice)) for term in found]
        off = [term for term in found if choice not in term.atoms]
        values = [function(self.merged(part)) for part in (on, off)]
        if partial and not all(self._is_total(term) for value in values for term in value):
            return None
        cases = [Term((choice,))], [Term(), Term((choice,), numerator=Int.of(-1))]
        return [
            new
            for case, value in zip(cases, values, strict=True)
            for product in self.lowering.products([case, value])
            for new in self.collected(product)
        ]

    def _is_total(self, term: Term) -> bool:
        """Whether a product exists whatever the data."""
        return all(
            self.signs.of_power(base) is Sign.POSITIVE
            or (isinstance(amount, Fraction) and amount > 0 and amount.denominator == 1 and not _is_log(base))
            for (base, _), amount in powers_of(term.atoms).items()
        )

    def shared(self, found: Terms, *, positive: bool) -> tuple[Term, Terms]:
        """A factor that all terms of a sum have, and the sum without it; a positive one where that is asked.

        The rest has no denominators of sizes, and its coefficients have no number in common.
        """
        below = self._below(found, positive=positive)
        rest = [replace(term, numerator=sum_of_fractions((Int.of(0), below), (term.numerator, term.denominator))[0],
                        denominator=Int.of(1)) for term in found] if below is not None else list(found)  # fmt: skip
        number = 0
        for term in rest:
            for coefficient in term.numerator.terms.values():
                number = gcd(number, coefficient)
            if term.denominator != 1:
                number = 1
        rest = [replace(term, numerator=_divided(term.numerator, number)) for term in rest]
        common: dict[tuple[Head, Place], Exponent] = {}
        for position, term in enumerate(rest):
            always = not term.bound and term.condition == k.TRUE
            powers = {
                at: amount for at, amount in powers_of(term.atoms).items() if isinstance(amount, Fraction)
                and is_fixed(at[1], term) and not isinstance(at[0], Choice | Argmax)
                and (self.signs.of_power(at[0]) is Sign.POSITIVE or (not positive and (amount > 0 or always)))
            }  # fmt: skip
            if position == 0:
                common = dict(powers)
            else:
                for at in {*common, *powers}:
                    common[at] = min(common.get(at, Fraction(0)), powers.get(at, Fraction(0)))
        common = {at: amount for at, amount in common.items() if amount != 0}
        factor = Term(_written(common), numerator=Int.of(number), denominator=below or Int.of(1))
        if not common:
            return factor, rest
        inverse = Term(_written({at: times(Fraction(-1), amount) for at, amount in common.items()}))
        divided = [new for product in self.lowering.products([rest, [inverse]]) for new in self.collected(product)]
        return factor, self.merged(divided)

    def _below(self, found: Terms, *, positive: bool) -> Int | None:
        """A common denominator of all terms; None where there is none that a glance tells."""
        below = Int.of(1)
        for term in found:
            _, below = sum_of_fractions((Int.of(0), below), (Int.of(1), term.denominator))
        if any(sum_of_fractions((Int.of(0), below), (Int.of(1), term.denominator))[1] != below for term in found):
            return None
        return None if positive and self.signs.of_size(below) is not Sign.POSITIVE else below

    def signed_value(self, found: Terms) -> tuple[int, Atom]:
        """The unknown that a sum or its negative is, with the sign."""
        terms, place = abstracted(scaled(found, -1))
        key, _ = canonical_argument(terms)
        if Value(key) in self.defined:
            return -1, Atom(Value(key), place)
        return 1, self.value(found)

    def value(self, found: Terms) -> Atom:
        """The unknown that a sum is."""
        return self._unknown(lambda key: Value(key), found)

    def _unknown(self, make: Callable[[Argument], Head], found: Terms) -> Atom:
        terms, place = abstracted(found)
        key, demands = canonical_argument(terms)
        self.lowering.demands |= demands
        head = make(key)
        self.lowering.argument_met(head, terms)
        formals = formal_places(len(place))
        if head not in self.defined:
            equal = self._known_equal(type(head), terms, formals)
            if equal is not None:
                return Atom(equal, place)
            self.defined[head] = Defined(tuple(terms), formals)
            self.signs.of_value(head, terms)
        return Atom(head, place)

    def _known_equal(self, kind: type, terms: Terms, formals: Place) -> Head | None:
        """A `Value` that is proved to be this sum."""
        if kind is not Value:
            return None
        heads = _heads(terms)
        guard = k.all_of(
            self.lowering.domain(base_of(atom.head)[0], atom.indices)
            for term in terms
            if term.condition == k.TRUE
            for atom in term.atoms
            if is_fixed(atom.indices, term)
        )
        for head, known in list(self.defined.items()):
            like = isinstance(head, Value) and known.formals == formals and _heads(known.terms) == heads
            if like and self.lowering.same(terms, list(known.terms), guard):
                return head
        return None

    # -- functions ----------------------------------------------------------------------------------------------------

    def exp(self, found: Terms) -> Terms:
        """exp(Σ c·M) = Π exp(M)^c; of [c]·M it is exp(M) where c holds, else 1."""
        found = self.merged(found)
        cases = self.by_cases(found, self.exp)
        if cases is not None:
            return cases
        factors: list[Terms] = []
        for term in found:
            top, bottom, unit = _apart(replace(term, condition=term.condition if term.bound else k.TRUE))
            logarithm = self._exp_of_log(unit, exponent(top, bottom))
            if logarithm is not None and term.condition == k.TRUE:
                factors.append(logarithm)
                continue
            atom = self._unknown(lambda key: Function(EXP, 0, key), [unit])
            power = Term(tuple(atoms_of(atom.head, atom.indices, exponent(top, bottom))))
            if term.bound or term.condition == k.TRUE:
                factors.append([power])
            else:
                factors.append([replace(power, condition=term.condition), Term(condition=k.negate(term.condition))])
        return [new for product in self.lowering.products(factors) for new in self.collected(product)]

    def _exp_of_log(self, unit: Term, amount: Exponent) -> Terms | None:
        """exp(c·log|x|) = |x|^c, where x is positive or c is whole; None of what is no logarithm."""
        if len(unit.atoms) != 1 or unit.bound or unit.numerator != 1 or unit.denominator != 1:
            return None
        (atom,) = unit.atoms
        if not isinstance(atom.head, Function) or atom.head.function is not LOG or atom.head.derivative:
            return None
        base = self.instance(self.defined[atom.head].terms, atom.indices)
        if self.signs.of_sum(base) is Sign.POSITIVE:
            return self.power(base, amount)
        if not isinstance(amount, Fraction) or amount.denominator != 1:
            return None
        power = self.power(base, amount)
        if amount % 2 == 0:
            return power
        sign = [*scaled(self.jump(">", self.refreshed(base)), 2), Term(numerator=Int.of(-1))]
        return [new for product in self.lowering.products([power, sign]) for new in self.collected(product)]

    def log(self, found: Terms) -> Terms:
        """log(Π x^e) = Σ e·log|x| where the product is positive; log exp t = t."""
        found = self.merged(found)
        cases = self.by_cases(found, lambda part: self.log(part) if part else [], partial=True)
        if cases is not None:
            return cases
        if not found:
            raise Unsupported("a logarithm of 0")
        if not _is_product(found):
            factor, rest = self.shared(found, positive=False)
            if _is_product(rest):
                return self.log([replace(rest[0], numerator=rest[0].numerator * factor.numerator,
                                         denominator=rest[0].denominator * factor.denominator,
                                         atoms=(*factor.atoms, *rest[0].atoms))])  # fmt: skip
            return [*self._log_of_product(factor), *self._log_of(self.signed_value(rest)[1])]
        return self._log_of_product(found[0])

    def _log_of_product(self, term: Term) -> Terms:
        result: Terms = []
        for amount, sign in ((term.numerator, 1), (term.denominator, -1)):
            for base, power in _number_factors(amount):
                known = _ONE_LOG if base == 1 else self._log_of_number(base)
                result += scaled(known, power * sign)
        for (head, place), exponent_there in powers_of(term.atoms).items():
            top, bottom = parts_of(exponent_there)
            if isinstance(head, Function) and head.function is EXP:
                inner = self.instance(self.defined[head].terms, place)
                result += scaled(inner, top, bottom)
            else:
                result += scaled(self._log_of(Atom(head, place)), top, bottom)
        return self.merged(result)

    def _log_of(self, atom: Atom) -> Terms:
        return [Term((self._unknown(lambda key: Function(LOG, 0, key), [Term((atom,))]),))]

    def _log_of_number(self, base: Int) -> Terms:
        return [Term((self._unknown(lambda key: Function(LOG, 0, key), [Term(numerator=base)]),))]

    def power(self, found: Terms, amount: Exponent) -> Terms:
        """A sum to a power: of a product it is the product of powers, of a sum that of an unknown with its definition.

        A root is taken of a product factor by factor only as far as all but one of its factors are positive.
        """
        found = self.merged(found)
        if amount == 0:
            return [Term()]
        if isinstance(amount, Fraction):
            cases = self.by_cases(found, lambda part: self.power(part, amount) if part else [], partial=True)
            if cases is not None:
                return cases
        if not found or self.vanishes(found):
            if isinstance(amount, Fraction) and amount > 0:
                return []
            raise Unsupported("a power of 0")
        whole = parts_of(amount)[1] == 1
        if isinstance(amount, Fraction) and whole and amount > 0:
            products = self.lowering.power(found, int(amount))
            return [new for product in products for new in self.collected(product)]
        if _is_product(found):
            done = self._power_of_product(found[0], amount, whole=whole)
            if done is not None:
                return done
        factor, rest = self.shared(found, positive=not whole)
        outside = self._power_of_product(factor, amount, whole=whole)
        if outside is None:
            outside, rest = [Term()], found
        done = self._power_of_product(rest[0], amount, whole=whole) if _is_product(rest) and whole else None
        if done is None:
            sign, atom = self.signed_value(rest) if whole and isinstance(amount, Fraction) else (1, self.value(rest))
            done = [Term(tuple(atoms_of(atom.head, atom.indices, amount)))]
            if sign < 0 and isinstance(amount, Fraction) and amount % 2:
                done = scaled(done, -1)
        return [new for product in self.lowering.products([outside, done]) for new in self.collected(product)]

    def refreshed(self, found: Terms) -> Terms:
        """The terms with bound indices of their own."""
        return [self.lowering.refreshed(term) for term in found]

    def _power_of_product(self, term: Term, amount: Exponent, *, whole: bool) -> Terms | None:
        """A power of one product; None where a root of it cannot be taken factor by factor."""
        numbers = self._number_power(term.numerator, term.denominator, amount, whole=whole)
        if numbers is None:
            return None
        powers = powers_of(term.atoms)
        factors: list[Terms] = [[replace(numbers, demands=numbers.demands | term.demands)]]
        if whole:
            scaled_powers = {at: times(amount, power) for at, power in powers.items()}
            return [new for product in self.lowering.products([*factors, [Term(_written(scaled_powers))]])
                    for new in self.collected(product)]  # fmt: skip
        unknown = 0
        for (base, place), power in powers.items():
            total = times(amount, power)
            if self.signs.of_power(base) is not None:
                factors.append([Term(tuple(atoms_of(base, place, total)))])
            elif power == 1 and not unknown:
                unknown += 1  # as the product and every other factor are positive or 0, so is this
                factors.append([Term(tuple(atoms_of(base, place, total)))])
            elif isinstance(power, Fraction) and isinstance(total, Fraction) and power % 2 == 0:
                if total.denominator != 1:
                    return None
                factors.append(self._absolute_power(Atom(base, place), int(total)))
            else:
                return None
        if unknown and any(self.signs.of_power(base) is not Sign.POSITIVE for base, _ in powers if len(powers) > 1):
            return None  # x²·y is not negative where x = 0, whatever y
        return [new for product in self.lowering.products(factors) for new in self.collected(product)]

    def _absolute_power(self, atom: Atom, amount: int) -> Terms:
        """|x|^n for a whole n: x^n, times 2[x > 0] − 1 for an odd n (x is 0 or it is not: both hold)."""
        power = [Term(tuple(atoms_of(atom.head, atom.indices, Fraction(amount))))]
        if amount % 2 == 0:
            return power
        above = self.jump(">", [Term((atom,))])
        return self.lowering.products([power, [*scaled(above, 2), Term(numerator=Int.of(-1))]])

    def _number_power(self, numerator: Int, denominator: Int, amount: Exponent, *, whole: bool) -> Term | None:
        """A power of a fraction of sizes."""
        if numerator == 1 and denominator == 1:
            return Term()
        if isinstance(amount, Fraction) and whole:
            count = int(amount)
            if count < 0:
                numerator, denominator, count = denominator, numerator, -count
            checked(len(numerator.terms), count)
            checked(len(denominator.terms), count)
            return Term(numerator=numerator**count, denominator=denominator**count)
        above, below = _number_factors(numerator), _number_factors(denominator)
        if not whole:  # a root of a product of sizes: of all but one of them it must be known that it is not negative
            unknown = [count for base, count in above if self.signs.of_size(base) is None]
            if any(self.signs.of_size(base) is None for base, _ in below) or len(unknown) > 1 or 0 in unknown:
                return None
            if unknown and (unknown != [1] or any(self.signs.of_size(base) is Sign.NOT_NEGATIVE for base, _ in above)):
                return None
        atoms: list[Atom] = []
        result = Term()
        for factors, sign in ((above, 1), (below, -1)):
            for base, count in factors:
                if base == 1:
                    return None  # a root of −1: the number as a whole
                total = times(amount, Fraction(count * sign))
                step, rest = split(total)
                top, bottom = (base**step, Int.of(1)) if step >= 0 else (Int.of(1), base**-step)
                result = replace(result, numerator=result.numerator * top, denominator=result.denominator * bottom)
                if rest != 0:
                    atom = self.value([Term(numerator=base)])
                    atoms += atoms_of(atom.head, atom.indices, rest)
        return replace(result, atoms=tuple(atoms))

    def jump(self, operator: str, found: Terms) -> Terms:
        """[Σ > 0], [Σ >= 0], [Σ == 0] or [Σ != 0] as choices.

        [t >= 0] = [t > 0] + [t = 0]     [−t > c] = 1 − [t > −c] − [t = −c]     [c·t > d] = [t > d/c]  for c > 0
        """
        found = self.merged(found)
        cases = self.by_cases(found, lambda part: self.jump(operator, part))
        if cases is not None:
            return cases
        if not found:
            return [Term()] if operator in (">=", "==") else []
        if operator == "!=":
            return [Term(), *scaled(self.jump("==", found), -1)]
        if not any(term.atoms for term in found):
            known = {name: of_number(Map(Kind.JUMP, name), found) for name in (">", ">=")}
            strict, weak = known[">"], known[">="]
            if strict is not None and weak is not None:
                self.lowering.suppose_equal("a number", found, strict[1])
                if operator == "==":
                    return [*weak[0], *scaled(strict[0], -1)]
                return strict[0] if operator == ">" else weak[0]
        sign, opposite = self.signs.of_sum(found), self.signs.of_sum(scaled(found, -1))
        if sign is Sign.POSITIVE or opposite is Sign.POSITIVE:
            return [Term()] if sign is Sign.POSITIVE and operator != "==" else []
        if sign is Sign.NOT_NEGATIVE and operator == ">=":
            return [Term()]
        if opposite is Sign.NOT_NEGATIVE and operator == ">":
            return []
        if (sign or opposite) is Sign.NOT_NEGATIVE and 1 < len(found) <= FACTORS and all(map(_is_fixed_term, found)):
            # A sum of what is not negative is 0 where all of it is; so is the negative of one, which is never above 0.
            zero = self._all_of([self.jump("==", [term]) for term in found])
            return [Term(), *scaled(zero, -1)] if operator == ">" else zero
        if operator == ">=":
            return [*self.jump(">", found), *self.jump("==", found)]
        factor, rest = self.shared(found, positive=True)
        if self.signs.of_size(factor.numerator) is not Sign.POSITIVE:
            raise AssertionError("a positive number is shared")
        numbers = [term for term in rest if _is_number(term)]
        line = [term for term in rest if not _is_number(term)]
        threshold = -sum(
            (Fraction(n.numerator.constant or 0, n.denominator.constant or 1) for n in numbers), Fraction(0)
        )
        if not line:
            line, threshold = rest, Fraction(0)
        if not numbers:
            product = self._jump_of_product(operator, rest)
            if product is not None:
                return product
        scale, line = _leading(line)
        number = gcd(*(c for term in line for c in term.numerator.terms.values()))
        if all(term.denominator == 1 for term in line):
            line = [replace(term, numerator=_divided(term.numerator, number)) for term in line]
            threshold = threshold / number
        threshold = threshold * scale
        only = line[0].atoms[0] if len(line) == 1 and len(line[0].atoms) == 1 and not line[0].bound else None
        if only is not None and line[0].condition == k.TRUE and line[0].numerator == line[0].denominator == 1:
            known_side = self.signs.beside(only.head, threshold)
            if known_side is not None:
                if operator == "==":
                    return []
                return [Term()] if (known_side > 0) == (scale > 0) else []
            edge = self.signs.not_beyond(only.head, threshold) if operator == ">" else None
            if edge is not None:
                beyond = (edge > 0) == (scale > 0)
                return [Term(), *scaled(self.jump("==", found), -1)] if beyond else []
        order = self._ordered(line) if threshold == 0 else None
        if order is not None:
            ahead, never_equal = order[0] * scale > 0, order[1]
            if never_equal:
                return [Term()] if ahead and operator == ">" else []
            if operator == ">":
                return [Term(), *scaled(self.jump("==", found), -1)] if ahead else []
        above = self._unknown(lambda key: Choice(Side.ABOVE, threshold, key), line)
        exact = self._unknown(lambda key: Choice(Side.AT, threshold, key), line)
        at = [] if exact.head in self.excluded else [Term((exact,))]
        if operator == "==":
            return at
        if scale > 0:
            return [Term((above,))]
        return [Term(), Term((above,), numerator=Int.of(-1)), *scaled(at, -1)]

    def _ordered(self, line: Terms) -> tuple[int, bool] | None:
        """Of a difference of two entries at one place: 1 or −1 where it is known not to be negative or positive, and
        whether it is then known not to be 0; None where nothing is known."""
        if len(line) != 2 or not all(_is_fixed_term(term) and len(term.atoms) == 1 for term in line):
            return None
        (first,), (second,) = (term.atoms for term in line)
        opposite = [term.numerator for term in scaled(line[1:], -1)] == [line[0].numerator]
        if first.indices != second.indices and first.indices and second.indices:
            return None
        if not opposite or line[0].denominator != line[1].denominator or line[0].denominator != 1:
            return None
        sign = self.signs.of_size(line[0].numerator)
        back = self.signs.of_size(-line[0].numerator)
        if Sign.POSITIVE not in (sign, back):
            return None
        known = self.signs.between(first.head, second.head)
        return None if known is None else (known[0] if sign is Sign.POSITIVE else -known[0], known[1])

    def _jump_of_product(self, operator: str, found: Terms) -> Terms | None:
        """[Π > 0] or [Π == 0] by the signs of what all terms share and of what is left; None where they share nothing.

            [s·t > 0] = [s > 0]·[t > 0] + [s < 0]·[t < 0]          [s²·t > 0] = [s ≠ 0]·[t > 0]
        """
        factor, rest = self.shared(found, positive=False)
        if self.signs.of_size(factor.denominator) is not Sign.POSITIVE:
            return None
        powers = powers_of(factor.atoms)
        number = len(rest) == 1 and _is_number(rest[0])
        if not powers or len(powers) + (not number) > FACTORS or (number and list(powers.values()) == [1]):
            return None
        parts = [([Term((Atom(base, place),))], amount) for (base, place), amount in powers.items()]
        above: Terms = [Term()]
        below: Terms = []
        for part, amount in [*parts, (rest, ONE)]:
            if isinstance(amount, tuple):
                return None
            positive, negative = self.jump(">", part), self.jump(">", scaled(part, -1))
            if amount.denominator != 1:
                negative = []  # a root is taken of what is not negative
            elif amount % 2 == 0:
                positive, negative = [*positive, *negative], []
            above, below = (
                [*self._product(above, positive), *self._product(below, negative)],
                [*self._product(above, negative), *self._product(below, positive)],
            )
        if operator == ">":
            return self.merged(above)
        return self.merged([Term(), *scaled(above, -1), *scaled(below, -1)])

    def _all_of(self, choices: Sequence[Terms]) -> Terms:
        """The product of choices."""
        found: Terms = [Term()]
        for choice in choices:
            found = self._product(found, choice)
        return found

    def tanh(self, found: Terms) -> Terms:
        """tanh t = 1 − 2/(exp(2t) + 1)."""
        below = [*self.exp(scaled(found, 2)), Term()]
        return [Term(), *scaled(self.power(below, Fraction(-1)), -2)]

    def sigmoid(self, found: Terms) -> Terms:
        """sigmoid t = exp t/(exp t + 1)."""
        above = self.exp(found)
        below = self.power([*self.refreshed(above), Term()], Fraction(-1))
        return [new for product in self.lowering.products([above, below]) for new in self.collected(product)]

    def softplus(self, found: Terms) -> Terms:
        """softplus t = log(1 + exp t)."""
        return self.log([*self.exp(found), Term()])

    def sqrt(self, found: Terms) -> Terms:
        """√t = t^(1/2)."""
        return self.power(found, HALF)

    def sin(self, found: Terms) -> Terms:
        """sin(s + t) = sin s·cos t + cos s·sin t."""
        found = self.merged(found)
        cases = self.by_cases(found, self.sin)
        return cases if cases is not None else self._turned(found)[0]

    def cos(self, found: Terms) -> Terms:
        """cos(s + t) = cos s·cos t − sin s·sin t."""
        found = self.merged(found)
        cases = self.by_cases(found, self.cos)
        return cases if cases is not None else self._turned(found)[1]

    def _turned(self, found: Terms) -> Turn:
        turn: Turn = [], [Term()]
        for term in found:
            for monomial, coefficient in term.numerator.terms.items():
                part = replace(term, numerator=Int({monomial: 1}))
                turn = self._both(turn, self._turn_of(part, coefficient))
        return turn

    def _both(self, first: Turn, second: Turn) -> Turn:
        """One angle after the other."""
        (s, c), (sine, cosine) = first, second
        return (
            self.merged([*self._product(s, cosine), *self._product(c, sine)]),
            self.merged([*self._product(c, cosine), *scaled(self._product(s, sine), -1)]),
        )

    def _product(self, left: Terms, right: Terms) -> Terms:
        products = self.lowering.products([self.refreshed(left), self.refreshed(right)])
        return [new for product in products for new in self.collected(product)]

    def _turn_of(self, unit: Term, coefficient: int) -> Turn:
        """Sine and cosine of a multiple p/q of a summand, by those of its q-th part; of [c]·M, by cases."""
        where = k.TRUE if unit.bound else unit.condition
        unit = unit if unit.bound else replace(unit, condition=k.TRUE)
        amount = Fraction(coefficient, gcd(*unit.denominator.terms.values()))
        half_turns = _of_pi(unit, amount)
        if half_turns is not None:
            sine, cosine = ((0, 1), (1, 0), (0, -1), (-1, 0))[half_turns % 4]
            turn: Turn = scaled([Term()], sine) if sine else [], scaled([Term()], cosine) if cosine else []
        elif abs(amount.numerator) <= TURNS:
            part = self._angle([replace(unit, denominator=_reduced(unit.denominator, coefficient))])
            turn = [], [Term()]
            for _ in range(abs(amount.numerator)):
                turn = self._both(turn, part)
            turn = turn if amount > 0 else (scaled(turn[0], -1), turn[1])
        else:
            turn = self._angle([replace(unit, numerator=unit.numerator * coefficient)])
        if where == k.TRUE:
            return turn
        there, elsewhere = [Term(condition=where)], Term(condition=k.negate(where))
        return self._product(there, turn[0]), [*self._product(there, turn[1]), elsewhere]

    def _angle(self, found: Terms) -> Turn:
        """Sine and cosine as unknowns: sin(−t) = −sin t, cos(−t) = cos t."""
        sign, found = _leading(found)
        sine = self._unknown(lambda key: Function(SIN, 0, key), found)
        cosine = self._unknown(lambda key: Function(COS, 0, key), found)
        return [Term((sine,), numerator=Int.of(sign))], [Term((cosine,))]

    def erf(self, found: Terms) -> Terms:
        """erf(−t) = −erf t."""
        found = self.merged(found)
        cases = self.by_cases(found, self.erf)
        if cases is not None:
            return cases
        if not found:
            return []
        sign, found = _leading(found)
        return [Term((self._unknown(lambda key: Function(ERF, 0, key), found),), numerator=Int.of(sign))]


FUNCTIONS: dict[str, Callable[[Basis, Terms], Terms]] = {
    "exp": Basis.exp,
    "log": Basis.log,
    "sqrt": Basis.sqrt,
    "tanh": Basis.tanh,
    "sigmoid": Basis.sigmoid,
    "softplus": Basis.softplus,
    "sin": Basis.sin,
    "cos": Basis.cos,
    "erf": Basis.erf,
}
_ONE_LOG: Terms = []


def abstracted(found: Sequence[Term]) -> tuple[Terms, Place]:
    """Terms with formal indices for those that they do not sum over, and the place at which they are the given ones.

    The indices are numbered by how they stand, and shifted so that the first subscript of each is the index itself: the
    same function of the same data has the same terms, wherever it stands.
    """
    atoms = sorted(
        {(atom, term.bound) for term in found for atom in term.atoms},
        key=lambda pair: (pair[0].head.order, str(pair[0].indices)),
    )
    names: list[Name] = []
    for atom, bound in atoms:
        for index in atom.indices:
            names += sorted((n for n in index.symbols() if not is_size(n) and n not in bound), key=text_of)
    for term in found:
        names += sorted(index_names(term), key=text_of)
    terms = list(found)
    place: list[Int] = []
    marks: list[Mark] = []
    for name in dict.fromkeys(names):
        if not any(name in index_names(term) for term in terms):
            continue  # it stood beside another index alone, and is part of that one's place
        shift = _shift(name, [(atom, term.bound) for term in terms for atom in sorted(term.atoms, key=_order)])
        marks.append(Mark(Role.PRODUCT, len(place)))  # no formal index yet: the terms may hold these already
        apart = Int.symbol(marks[-1])
        place.append(Int.symbol(name) + k.substitute(shift, dict(zip(marks, place, strict=False))))
        terms = [rename_term(term, {name: apart - shift}) for term in terms]
    values = dict(zip(marks, formal_places(len(place)), strict=True))
    return [rename_term(term, values) for term in terms], tuple(place)


def _order(atom: Atom) -> tuple[str, str]:
    return atom.head.order, str(atom.indices)


def _shift(name: Name, atoms: Sequence[tuple[Atom, frozenset[Name]]]) -> Int:
    """What is added to an index in the first subscript in which it stands alone."""
    for atom, bound in atoms:
        for index in atom.indices:
            shift = index - Int.symbol(name)
            if name in index.symbols() and shift.symbols().isdisjoint(bound | {name}):
                return shift
    return Int.of(0)


def _written(powers: dict[tuple[Head, Place], Exponent]) -> tuple[Atom, ...]:
    return tuple(atom for (base, place), amount in powers.items() for atom in atoms_of(base, place, amount))


def _apart(term: Term) -> tuple[Int, Int, Term]:
    """The coefficient of a term as far as it is a fraction of sizes, and the term without it."""
    top, bottom = Int.of(1), Int.of(1)
    if all(map(is_size, term.numerator.symbols())):
        top, term = term.numerator, replace(term, numerator=Int.of(1))
    else:
        number = gcd(*term.numerator.terms.values())
        number = number if term.numerator.terms[min(term.numerator.terms, key=str)] > 0 else -number
        top, term = Int.of(number), replace(term, numerator=_divided(term.numerator, number))
    if all(map(is_size, term.denominator.symbols())):
        bottom, term = term.denominator, replace(term, denominator=Int.of(1))
    return top, bottom, term


def _scaled(term: Term, numerator: Int, denominator: Int) -> Term:
    """A term times a coefficient."""
    return replace(term, numerator=term.numerator * numerator, denominator=term.denominator * denominator)


def _divided(value: Int, number: int) -> Int:
    return Int({monomial: coefficient // number for monomial, coefficient in value.terms.items()})


def _is_log(base: Head) -> bool:
    return isinstance(base, Function) and base.function is LOG


def _turned_over(number: Terms) -> Terms:
    """One by a number of sizes."""
    return [replace(term, numerator=term.denominator, denominator=term.numerator) for term in number]


def _of_pi(unit: Term, amount: Fraction) -> int | None:
    """How often half of π is this multiple of a product without its number; None of what is no such angle."""
    whole = unit.numerator == 1 and unit.denominator.constant is not None and not unit.bound
    pi = whole and len(unit.atoms) == 1 and unit.atoms[0].head is PI
    return int(2 * amount) if pi and amount.denominator in (1, 2) else None


def _reduced(denominator: Int, coefficient: int) -> Int:
    """A denominator without the numbers that it shares with a coefficient."""
    number = gcd(coefficient, *denominator.terms.values())
    return _divided(denominator, number)


def _is_fixed_term(term: Term) -> bool:
    return not term.bound and term.condition == k.TRUE


def _is_scaled_atom(term: Term) -> bool:
    """Whether a product of one factor is a whole power of no sum, times a number."""
    plain = not isinstance(term.atoms[0].head, Reciprocal | Root)
    return plain and term.numerator.constant is not None and term.denominator.constant is not None


def _is_product(found: Terms) -> bool:
    return len(found) == 1 and not found[0].bound and found[0].condition == k.TRUE


def _is_number(term: Term) -> bool:
    return (
        not term.atoms and not term.bound and term.condition == k.TRUE
        and term.numerator.constant is not None and bool(term.denominator.constant)
    )  # fmt: skip


def _heads(found: Sequence[Term]) -> frozenset[tuple[str, ...]]:
    return frozenset(tuple(sorted(atom.head.order for atom in term.atoms)) for term in found)


def _leading(found: Terms) -> tuple[int, Terms]:
    """The sign of a sum's first coefficient, and the sum times that sign."""
    sums = Monomials()
    for term in found:
        sums.add(term)
    first = min(
        (
            ([(head.order, rank) for head, rank in heads], sorted(map(k.render, k.conjuncts(piece.condition))),
             piece.numerator)
            for heads, pieces in sums.groups.items() for piece in merge(pieces)
        ),
        key=lambda item: item[:2],
        default=None,
    )  # fmt: skip
    if first is None or not first[2].terms:
        return 1, found
    leading = first[2].terms[min(first[2].terms, key=str)]
    return (1, found) if leading > 0 else (-1, scaled(found, -1))


def _number_factors(value: Int) -> list[tuple[Int, int]]:
    """A number of sizes as powers of primes, of sizes and of a rest that is not taken apart; −1 is (1, 1)."""
    found: dict[Int, int] = {}
    number = 0
    for coefficient in value.terms.values():
        number = gcd(number, coefficient)
    rest = _divided(value, number)
    if all(coefficient < 0 for coefficient in rest.terms.values()):
        rest = -rest
        found[Int.of(1)] = 1
    prime = 2
    while number > 1 and prime < PRIMES:
        while number % prime == 0:
            found[Int.of(prime)] = found.get(Int.of(prime), 0) + 1
            number //= prime
        prime += 1
    if number > 1:
        found[Int.of(number)] = 1
    if len(rest.terms) == 1:
        ((monomial, _),) = rest.terms.items()
        for generator in monomial:
            size = Int({(generator,): 1})
            found[size] = found.get(size, 0) + 1
    elif rest != 1:
        found[rest] = 1
    return list(found.items())


__all__ = ["Basis", "Defined", "Root", "abstracted"]
