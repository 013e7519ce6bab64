"""Where a partial function's argument allows it: quotients, logarithms and roots, as conditions on sizes and indices.

    u = c + D      c without data, D with        the argument is in the domain for some data where
    ───────────────────────────────────────      D is not 0 throughout,   or   c itself is in the domain

Of data, that it is in the domain is an axiom which the verdict names; but data must be able to meet it. Where D is 0
for all data, only sizes are left, and a size is in the domain or it is not.

Law: a condition is exact, or `Unsupported` says what cannot be told. An unknown that is a function of data is supposed
not to be 0 throughout.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from enum import Enum

from derivations.core import terms as k
from derivations.core.cells import cells, merge
from derivations.core.heads import Function, Head, Kind, Value
from derivations.core.monomials import Monomials
from derivations.core.names import Name, Role, has_role, in_order
from derivations.core.sums import Atom, Piece, Term
from derivations.core.terms import Condition, Int
from derivations.meaning.functions import PI, Unsupported


class Domain(Enum):
    """What a partial function asks of its argument."""

    NOT_ZERO = "is not 0"
    POSITIVE = "is positive"
    NOT_NEGATIVE = "is not negative"

    def supposed(self, formula: object) -> str:
        """That every entry of a formula is in it, as an axiom."""
        return {
            Domain.NOT_ZERO: "no entry of {} is 0",
            Domain.POSITIVE: "every entry of {} is positive",
            Domain.NOT_NEGATIVE: "no entry of {} is negative",
        }[self].format(formula)


# What a function of one variable asks of its argument.
OF_FUNCTIONS = {"log": Domain.POSITIVE, "sqrt": Domain.NOT_NEGATIVE}


# Of a function of a number t: where it is 0, as what t must be to avoid it; None: it never is.
_NOT_ZERO = {"exp": None, "sigmoid": None, "softplus": None, "sqrt": Domain.NOT_ZERO, "tanh": Domain.NOT_ZERO}
# Where it is positive; it is never negative.
_POSITIVE = {"exp": None, "sigmoid": None, "softplus": None, "sqrt": Domain.POSITIVE}

Argument = Callable[[Atom], list[Term] | None]  # what the atom is a function of, at its place; None if of nothing


def allowed(terms: Sequence[Term], domain: Domain, argument: Argument) -> Condition:
    """The condition under which a sum of terms is in the domain for some data."""
    numbers = [term for term in terms if not any(_has_data(atom.head) for atom in term.atoms)]
    data = Monomials()
    for term in terms:
        if term not in numbers:
            data.add(term)
    groups = [(heads, merge(pieces)) for heads, pieces in data.groups.items()]
    groups = [(heads, pieces) for heads, pieces in groups if pieces]
    # A number that is a factor, as in sqrt(n - 1)·x, may be 0 itself.
    found = [
        _somewhere(pieces) if all(_has_data(head) or head is PI for head, _ in heads) else None
        for heads, pieces in groups
    ]
    varies = k.any_of(condition for condition in found if condition is not None)
    if varies == k.TRUE:
        return k.TRUE
    if None in found:
        if len(terms) == 1:
            return _single(terms, domain, argument)
        raise Unsupported("whether a divisor is 0 for all data")
    return k.any_of((varies, _of_numbers(numbers, domain, argument)))


def _is_positive(atom: Atom, argument: Argument) -> bool:
    """Whether an unknown without data is a positive number whatever the sizes."""
    head = atom.head
    if head is PI:
        return True
    if not isinstance(head, Function) or head.function.kind is not Kind.KNOWN or head.derivative:
        return False
    if head.function.name != "sqrt":
        return head.function.name in _POSITIVE
    inner = argument(atom) or []
    return len(inner) == 1 and not inner[0].bound and inner[0].condition == k.TRUE and all(
        value.constant is not None and value.constant > 0 for value in (inner[0].numerator, inner[0].denominator)
    ) and all(_is_positive(part, argument) for part in inner[0].atoms)  # fmt: skip


def _has_data(head: Head) -> bool:
    """Whether an unknown depends on data: it is an entry of a tensor or a function of one."""
    return not isinstance(head, Function | Value) or any(map(_has_data, head.mentions))


def _somewhere(pieces: Sequence[Piece]) -> Condition | None:
    """That the coefficient of a monomial is not 0 at some place of its atoms; None where this cannot be told."""
    if len(pieces) != 1 or pieces[0].leftover:
        return None
    (piece,) = pieces
    condition: Condition | None = k.all_of((piece.condition, k.negate(k.zero(piece.numerator))))
    while condition is not None:
        names = [name for name in in_order(k.condition_symbols(condition)) if has_role(name, Role.PLACE)]
        if not names:
            return condition
        condition = _without_place(condition, names)
    return None


def _without_place(condition: Condition, names: Sequence[Name]) -> Condition | None:
    """An equivalent condition on the rest: some place satisfies the condition. Of places that equations determine, and
    of places that lie in an interval."""
    parts = k.conjuncts(condition)
    for name in names:
        of_it = [part for part in parts if name in k.condition_symbols(part)]
        rest = [part for part in parts if name not in k.condition_symbols(part)]
        for part in of_it:
            if isinstance(part, k.Zero) and (value := _solved(part.term, name)) is not None:
                others = [k.substitute_condition(other, {name: value}) for other in parts if other is not part]
                return k.all_of(others)
        bounds = [_bound(part, name) for part in of_it]
        if all(bound is not None for bound in bounds):
            lows = [bound[1] for bound in bounds if bound is not None and bound[0] == 1]
            highs = [bound[1] for bound in bounds if bound is not None and bound[0] == -1]
            return k.all_of((*rest, *[k.at_most(low, high) for low in lows for high in highs]))
    return None


def _bound(part: Condition, name: Name) -> tuple[int, Int] | None:
    """(1, l) of a condition name >= l, (-1, u) of name <= u."""
    if not isinstance(part, k.NonNegative):
        return None
    coefficient = part.term.terms.get((k.Sym(name),), 0)
    rest = part.term - Int({(k.Sym(name),): coefficient}) if coefficient else part.term
    if coefficient not in (1, -1) or name in rest.symbols():
        return None
    return (1, -rest) if coefficient == 1 else (-1, rest)


def _solved(equation: Int, name: Name) -> Int | None:
    coefficient = equation.terms.get((k.Sym(name),), 0)
    if coefficient not in (1, -1):
        return None
    rest = equation - Int({(k.Sym(name),): coefficient})
    if name in rest.symbols():
        return None
    return -rest if coefficient == 1 else rest


def _of_numbers(terms: Sequence[Term], domain: Domain, argument: Argument) -> Condition:
    """That a sum without data is in the domain."""
    if any(term.atoms for term in terms):
        return _single(terms, domain, argument)
    found = Monomials()
    for term in terms:
        found.add(term)
    pieces = merge([piece for group in found.groups.values() for piece in group])
    if any(piece.leftover for piece in pieces):
        raise Unsupported("the sign of a sum over several indices")
    if len(pieces) == 1:  # of one fraction, the sign is that of the product of its parts
        (piece,) = pieces
        pieces = [Piece(piece.condition, piece.numerator * piece.denominator, Int.of(1), demands=piece.demands)]
    if any((piece.denominator.constant or 0) <= 0 for piece in pieces):
        raise Unsupported("the sign of a sum of fractions of sizes")
    values = list(cells(pieces))
    if domain is Domain.NOT_ZERO:
        return k.any_of(k.all_of((cell, k.negate(k.zero(value)))) for cell, value in values)
    if domain is Domain.POSITIVE:
        return k.any_of(k.all_of((cell, k.nonnegative(value - 1))) for cell, value in values)
    return k.negate(k.any_of(k.all_of((cell, k.nonnegative(-value - 1))) for cell, value in values))


def _single(terms: Sequence[Term], domain: Domain, argument: Argument) -> Condition:
    """That one product is in the domain, some of whose factors are functions of numbers."""
    if len(terms) != 1 or terms[0].bound:
        raise Unsupported("whether a sum with functions of sizes is 0")
    (term,) = terms
    kept = tuple(atom for atom in term.atoms if _has_data(atom.head) or not _is_positive(atom, argument))
    if kept != term.atoms:
        return allowed([replace(term, atoms=kept)], domain, argument)
    table = _NOT_ZERO if domain is Domain.NOT_ZERO else _POSITIVE
    factors = []
    for atom in term.atoms:
        if _has_data(atom.head):
            if domain is not Domain.NOT_ZERO:
                raise Unsupported("the sign of a product of data with functions of sizes")
            continue
        inner = argument(atom)
        head = atom.head
        known = isinstance(head, Function) and head.function.kind is Kind.KNOWN and not head.derivative
        if inner is None or not isinstance(head, Function) or not known or head.function.name not in table:
            raise Unsupported(f"whether {head} is 0")
        asked = table[head.function.name]
        if asked is not None and domain is not Domain.NOT_NEGATIVE:
            factors.append(allowed(inner, asked, argument))
    whole = Term((), frozenset(), term.condition, term.numerator, term.denominator, term.demands)
    return k.all_of((_of_numbers([whole], domain, argument), *factors))
