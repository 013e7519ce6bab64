"""A term's bound indices are solved for, or counted: what is left are pieces, coefficients on conditions.

Laws: each rewriting is an equivalence. A bound index is removed only by an equation that determines it, or by counting
one interval. Whatever cannot be removed this way stays in the piece, and `decide` says undecided.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import reduce

from derivations.core.implication import Known
from derivations.core.names import Name, Role, has_role, in_order, is_size
from derivations.core.sums import LimitReached, Piece, Term
from derivations.core.terms import (
    FALSE,
    Condition,
    Greatest,
    Int,
    Least,
    NonNegative,
    Or,
    Quotient,
    Sym,
    Zero,
    all_of,
    at_most,
    condition_symbols,
    condition_terms,
    conjuncts,
    greatest,
    least,
    map_condition,
    negate,
    nonnegative,
    render,
    replace_generator,
    substitute,
    substitute_condition,
    zero,
)

ONE = Int.of(1)


def eliminate(term: Term) -> Iterator[Piece]:
    """Remove the bound indices of a term without atoms; several pieces where its condition has cases."""
    condition = term.condition
    if condition == FALSE or not term.numerator.terms:
        return
    division = divide(term)
    if division is not None:
        for case in division.cases:
            yield from eliminate(case)
        return
    step = solve_one(term)
    if step is not None:
        yield from eliminate(step.term)
        return
    if not term.bound <= condition_symbols(condition) | term.numerator.symbols() | term.denominator.symbols():
        raise LimitReached("a sum over an index that nothing bounds")
    counted = count_one(term)
    if counted is not None:
        yield from eliminate(counted.term)
        return
    demands = set(term.demands)
    condition = all_of(_divisibility(part, demands) for part in conjuncts(condition))
    reduced = all_of(_without_quotient(part, demands) for part in conjuncts(solved(condition)))
    yield Piece(reduced, term.numerator, term.denominator, term.bound, frozenset(demands))


def solved(condition: Condition) -> Condition:
    """An equivalent conjunction in which each equation's last place (by name) stands nowhere else, so that equal
    conditions tend to look equal."""
    parts = list(conjuncts(condition))
    done: list[Condition] = []
    while True:
        for number, part in enumerate(parts):
            found = _last_place(part)
            if found is None:
                continue
            name, value = found
            rest = [substitute_condition(other, {name: value}) for other in (*parts[:number], *parts[number + 1 :])]
            done = [substitute_condition(other, {name: value}) for other in done]
            done.append(zero(Int.symbol(name) - value))
            parts = list(conjuncts(all_of(rest)))
            break
        else:
            return all_of((*done, *parts))


def _divisibility(part: Condition, demands: set[Condition]) -> Condition:
    """p mod q = e  ⟺  0 <= e <= q − 1 and q divides p − e, for q >= 1 (a demand); p − e gets a canonical sign."""
    if not isinstance(part, Zero):
        return part
    for monomial, coefficient in part.term.terms.items():
        quotients = [g for g in monomial if isinstance(g, Quotient)]
        if len(quotients) != 1 or coefficient not in (1, -1):
            continue
        quotient = quotients[0]
        if Int({tuple(g for g in monomial if g != quotient): 1}) != quotient.q:
            continue
        remainder = quotient.p - quotient.q * Int({(quotient,): 1})  # p mod q
        e = part.term + remainder if coefficient == 1 else remainder - part.term
        if any(quotient in level for level in _nested(e)):
            continue
        demands |= set(positive(quotient.q))
        difference = quotient.p - e
        if render(-difference) < render(difference):
            difference = -difference
        exact = zero(difference % quotient.q)
        return all_of((nonnegative(e), nonnegative(quotient.q - 1 - e), exact))
    return part


def _without_quotient(part: Condition, demands: set[Condition], *, everywhere: bool = False) -> Condition:
    """⌊p / q⌋ <= e  ⟺  p <= q·e + q − 1, and ⌊p / q⌋ >= e  ⟺  p >= q·e, for q >= 1 (a demand), where p speaks of an
    index, or `everywhere`."""
    if not isinstance(part, NonNegative):
        return part
    for monomial, coefficient in part.term.terms.items():
        if len(monomial) != 1 or not isinstance(monomial[0], Quotient) or coefficient not in (1, -1):
            continue
        quotient = monomial[0]
        rest = part.term - Int({monomial: coefficient})
        of_sizes = all(map(is_size, quotient.p.symbols()))
        if (of_sizes and not everywhere) or any(quotient in level for level in _nested(rest)):
            continue
        demands |= set(positive(quotient.q))
        if coefficient == 1:  # ⌊p / q⌋ >= −rest
            return _without_quotient(nonnegative(quotient.p + quotient.q * rest), demands, everywhere=everywhere)
        above = nonnegative(quotient.q * rest + quotient.q - 1 - quotient.p)
        return _without_quotient(above, demands, everywhere=everywhere)
    return part


def _last_place(part: Condition) -> tuple[Name, Int] | None:
    """The last place of a monomial's atoms that an equation determines, with its value."""
    if not isinstance(part, Zero):
        return None
    for monomial in sorted(part.term.terms, key=str, reverse=True):
        coefficient = part.term.terms[monomial]
        if len(monomial) == 1 and isinstance(monomial[0], Sym) and has_role(monomial[0].name, Role.PLACE):
            name = monomial[0].name
            rest = Int({monomial: coefficient}) - part.term if coefficient == 1 else part.term + Int({monomial: 1})
            if coefficient in (1, -1) and name not in rest.symbols():
                return name, rest
    return None


@dataclass(frozen=True)
class Division:
    """The disjoint cases of a term: `by` the alternatives of a disjunction, the last of which holds where none before
    it does; or by which argument of an extremum is the smaller."""

    by: tuple[Condition, ...] | Least | Greatest
    cases: tuple[Term, ...]


def divide(term: Term) -> Division | None:
    """Split where a disjunction, a minimum or a maximum speaks of a bound index."""
    parts = conjuncts(term.condition)
    for number, part in enumerate(parts):
        rest = [*parts[:number], *parts[number + 1 :]]
        if isinstance(part, Or) and condition_symbols(part) & term.bound:
            before: list[Condition] = []
            cases = []
            for alternative in part.parts:
                cases.append(replace(term, condition=all_of((*rest, *before, alternative))))
                before.append(negate(alternative))
            return Division(part.parts, tuple(cases))
    extremum = _bound_extremum(term)
    if extremum is None:
        return None
    p, q = extremum.p, extremum.q
    first, second = (p, q) if isinstance(extremum, Least) else (q, p)
    smaller = _with_value(term, extremum, first, at_most(p, q))
    return Division(extremum, (smaller, _with_value(term, extremum, second, at_most(q + 1, p))))


def _bound_extremum(term: Term) -> Least | Greatest | None:
    for value in (*condition_terms(term.condition), term.numerator, term.denominator):
        for generator in value.generators():
            if isinstance(generator, Least | Greatest) and Int({(generator,): 1}).symbols() & term.bound:
                return generator
    return None


def _with_value(term: Term, extremum: Least | Greatest, value: Int, case: Condition) -> Term:
    def change(old: Int) -> Int:
        return replace_generator(old, extremum, value)

    return Term(
        (), term.bound, all_of((case, map_condition(term.condition, change))),
        change(term.numerator), change(term.denominator), term.demands,
    )  # fmt: skip


@dataclass(frozen=True)
class Step:
    """What became of a term once a bound index or a quotient was found to have a value."""

    term: Term
    found: Name | Quotient
    value: Int


def _substituted(
    term: Term, name: Name, value: Int, extra: Iterable[Condition] = (), demands: Iterable[Condition] = ()
) -> Step:
    values = {name: value}
    changed = Term(
        (),
        term.bound - {name},
        all_of((*extra, substitute_condition(term.condition, values))),
        substitute(term.numerator, values),
        substitute(term.denominator, values),
        term.demands | set(demands),
    )
    return Step(changed, name, value)


def solve_one(term: Term) -> Step | None:
    """One step: remove a quotient that an equation determines, or a bound index that an equation determines."""
    parts = conjuncts(term.condition)
    equations = [(number, part.term) for number, part in enumerate(parts) if isinstance(part, Zero)]
    for number, equation in equations:
        for monomial, coefficient in equation.terms.items():
            if len(monomial) != 1 or coefficient not in (1, -1):
                continue
            generator = monomial[0]
            rest = Int({monomial: coefficient}) - equation if coefficient == 1 else equation + Int({monomial: 1})
            # equation = 0 says generator = rest
            if isinstance(generator, Sym) and generator.name in term.bound and generator.name not in rest.symbols():
                return _substituted(_without(term, number), generator.name, rest)
    simpler = _nested_quotient(term) or _known_quotient(term)
    if simpler is not None:
        return simpler
    for number, equation in equations:
        step = _solve_quotient(term, number, equation) or _solve_multiple(term, number, equation)
        if step is not None:
            return step
    return _solve_window(term)


def _solve_window(term: Term) -> Step | None:
    """0 <= p − q·b <= q − 1  ⟺  b = ⌊p / q⌋, for q >= 1 (a demand): windows that do not overlap."""
    parts = [part for part in conjuncts(term.condition) if isinstance(part, NonNegative)]
    terms = {part.term for part in parts}
    for part in parts:
        for monomial, coefficient in part.term.terms.items():
            names = [g.name for g in monomial if isinstance(g, Sym) and g.name in term.bound]
            if coefficient >= 0 or len(names) != 1 or monomial.count(Sym(names[0])) != 1:
                continue
            factors = tuple(g for g in monomial if g != Sym(names[0]))
            divisor = Int({factors: -coefficient})
            p = part.term + divisor * Int.symbol(names[0])
            if names[0] in p.symbols() or names[0] in divisor.symbols() or divisor == ONE:
                continue
            if divisor - 1 - part.term in terms:
                rest = all_of(
                    other
                    for other in conjuncts(term.condition)
                    if other not in (part, NonNegative(divisor - 1 - part.term))
                )
                return _substituted(
                    replace(term, condition=rest), names[0], p // divisor, (), positive(divisor)
                )
    return None


def _quotients(values: Iterable[Int]) -> dict[Quotient, None]:
    """The quotients of some terms, at every level."""
    return dict.fromkeys(
        generator
        for value in values
        for level in _nested(value)
        for generator in level
        if isinstance(generator, Quotient)
    )


def _amounts(term: Term) -> Iterator[Int]:
    yield from condition_terms(term.condition)
    yield from (term.numerator, term.denominator)


def _with_quotient(term: Term, generator: Quotient, value: Int, demands: Iterable[Condition]) -> Step:
    """The term with a value in place of a quotient."""

    def change(old: Int) -> Int:
        return replace_generator(old, generator, value)

    changed = Term(
        (), term.bound, map_condition(term.condition, change), change(term.numerator), change(term.denominator),
        term.demands | set(demands),
    )  # fmt: skip
    return Step(changed, generator, value)


def _nested_quotient(term: Term) -> Step | None:
    """⌊⌊p / a⌋ / b⌋ = ⌊p / (a·b)⌋, for a >= 1 and b >= 1 (demands)."""
    for outer in sorted(_quotients(_amounts(term)), key=repr):
        (monomial, coefficient), *others = outer.p.terms.items() or [((), 0)]
        if others or coefficient != 1 or len(monomial) != 1 or not isinstance(monomial[0], Quotient):
            continue
        inner = monomial[0]
        demands = (*positive(inner.q), *positive(outer.q))
        return _with_quotient(term, outer, inner.p // (inner.q * outer.q), demands)
    return None


def _known_quotient(term: Term) -> Step | None:
    """⌊p / q⌋ = 0 where 0 <= p <= q − 1 follows from conditions without quotients, for q >= 1 (a demand)."""
    quotients = _quotients(_amounts(term))
    if not quotients:
        return None
    known = Known(
        part
        for part in conjuncts(term.condition)
        if not _quotients(condition_terms(part))
    )
    for generator in sorted(quotients, key=repr):
        demands = set(positive(generator.q))
        bounds = (nonnegative(generator.p), nonnegative(generator.q - 1 - generator.p))
        if all(known.implies(_without_quotient(bound, demands, everywhere=True)) for bound in bounds):
            return _with_quotient(term, generator, Int.of(0), demands)
    return None


def _without(term: Term, number: int) -> Term:
    parts = conjuncts(term.condition)
    return replace(term, condition=all_of((*parts[:number], *parts[number + 1 :])))


def _solve_quotient(term: Term, number: int, equation: Int) -> Step | None:
    """⌊p / q⌋ = e  ⟺  0 <= p − q·e <= q − 1, for q >= 1 (a demand): the quotient disappears from the whole term."""
    for monomial, coefficient in equation.terms.items():
        if len(monomial) != 1 or coefficient not in (1, -1) or not isinstance(monomial[0], Quotient):
            continue
        generator = monomial[0]
        rest = Int({monomial: coefficient}) - equation if coefficient == 1 else equation + Int({monomial: 1})
        if any(generator in value for value in _nested(rest)):
            continue
        left = generator.p - generator.q * rest
        range_conditions = (nonnegative(left), nonnegative(generator.q - 1 - left))
        other = _without(term, number)

        def change(value: Int, generator: Quotient = generator, rest: Int = rest) -> Int:
            return replace_generator(value, generator, rest)

        changed = Term(
            (), term.bound, all_of((*range_conditions, map_condition(other.condition, change))),
            change(term.numerator), change(term.denominator), term.demands | set(positive(generator.q)),
        )  # fmt: skip
        return Step(changed, generator, rest)
    return None


def _nested(value: Int) -> Iterator[set[object]]:
    """The sets of generators at each level of a term."""
    level = set(value.generators())
    yield set(level)
    for generator in level:
        if not isinstance(generator, Sym):
            yield from _nested(generator.p)
            yield from _nested(generator.q)


def _solve_multiple(term: Term, number: int, equation: Int) -> Step | None:
    """c·b = e  ⟺  b = ⌊e / c⌋ and c·⌊e / c⌋ = e, for c >= 1 (a demand) free of bound indices."""
    for monomial, coefficient in equation.terms.items():
        names = [g.name for g in monomial if isinstance(g, Sym) and g.name in term.bound]
        if len(names) != 1:
            continue
        name = names[0]
        factors = tuple(g for g in monomial if g != Sym(name))
        if any(not isinstance(g, Sym) for g in factors) or monomial.count(Sym(name)) != 1:
            continue
        sign = 1 if coefficient > 0 else -1
        divisor = Int({factors: abs(coefficient)})
        rest = -(equation - Int({monomial: coefficient})) * sign
        if name in rest.symbols():
            continue
        value = rest // divisor
        exact = zero(rest - divisor * value)
        return _substituted(_without(term, number), name, value, (exact,), positive(divisor))
    return None


def positive(divisor: Int) -> tuple[Condition, ...]:
    """The demand that a divisor is positive; none for a positive number."""
    return () if (divisor.constant or 0) >= 1 else (nonnegative(divisor - 1),)


@dataclass(frozen=True)
class Counted:
    """What became of a term once the values of a bound index were counted, from `low` to `high`."""

    term: Term
    index: Name
    low: Int
    high: Int


def count_one(term: Term) -> Counted | None:
    """Count a bound index that stands in an interval alone: Σ_b [l <= b <= u] = max(0, u − l + 1)."""
    for name in in_order(term.bound):
        bounds = _interval(term, name)
        if bounds is None or name in term.numerator.symbols() or name in term.denominator.symbols():
            continue
        lows, highs, rest, demands = bounds
        if not lows or not highs:
            raise LimitReached("a sum over an index that nothing bounds")
        low = reduce(greatest, _extreme(lows, rest, 1))
        high = reduce(least, _extreme(highs, rest, -1))
        counted = Term(
            (),
            term.bound - {name},
            all_of((*rest, at_most(low, high))),
            term.numerator * (high - low + 1),
            term.denominator,
            term.demands | demands,
        )
        return Counted(counted, name, low, high)
    return None


def _extreme(bounds: Sequence[Int], conditions: Iterable[Condition], sign: int) -> list[Int]:
    """Lower bounds (sign 1) without those that another visibly exceeds where conditions hold, upper ones (−1) without
    those that another visibly falls short of: with fewer minima and maxima, fewer cases are told apart later."""
    kept, known = list(bounds), Known(conditions)
    for bound in bounds:
        if any(known.implies(nonnegative((other - bound) * sign)) for other in kept if other is not bound):
            kept.remove(bound)
    return kept


def _interval(
    term: Term, name: Name
) -> tuple[list[Int], list[Int], list[Condition], frozenset[Condition]] | None:
    """The lower and upper bounds of an index that stands alone, up to a factor that is demanded to be positive; the
    other conditions; the demands. None where it stands otherwise."""
    lows: list[Int] = []
    highs: list[Int] = []
    rest: list[Condition] = []
    demands: set[Condition] = set()
    for part in conjuncts(term.condition):
        if name not in condition_symbols(part):
            rest.append(part)
            continue
        if not isinstance(part, NonNegative):
            return None
        found = _linear(part.term, name)
        if found is None:
            return None
        divisor, sign, other = found
        demands |= set(positive(divisor))
        if sign > 0:  # divisor·b + other >= 0: b >= ⌈−other / divisor⌉
            lows.append(-(other // divisor))
        else:  # divisor·b <= other
            highs.append(other // divisor)
    return lows, highs, rest, frozenset(demands)


def _linear(value: Int, name: Name) -> tuple[Int, int, Int] | None:
    """value = ± divisor·b + other, with a product of symbols (sizes, hence positive) as divisor."""
    found: tuple[Int, int, Int] | None = None
    for monomial, coefficient in value.terms.items():
        if Sym(name) in monomial:
            factors = tuple(g for g in monomial if g != Sym(name))
            if found is not None or monomial.count(Sym(name)) != 1 or any(not isinstance(g, Sym) for g in factors):
                return None
            rest = value - Int({monomial: coefficient})
            if name in rest.symbols():
                return None
            found = (Int({factors: abs(coefficient)}), 1 if coefficient > 0 else -1, rest)
    return found
