"""Quotients and powers: one by a product of unknowns is the product of their reciprocals."""

from __future__ import annotations

from fractions import Fraction

from derivations.core import terms as k
from derivations.core.heads import INVERSE, Kind, Map
from derivations.core.monomials import Monomials
from derivations.core.names import is_size
from derivations.core.sums import Term
from derivations.core.terms import Int
from derivations.formulas.expressions import Constant, Definition, Expression, Over, Power, Times
from derivations.meaning.domains import Domain
from derivations.meaning.elementwise import function, inverse_atom
from derivations.meaning.functions import Unsupported
from derivations.meaning.integers import Environment
from derivations.meaning.regular import somewhere_not_zero, somewhere_positive
from derivations.meaning.translation import Cut, Terms, Translation, multiply


def over(lowering: Translation, node: Over, index: tuple[Int, ...], env: Environment, cut: Cut) -> Terms:
    top, bottom = node.args
    return lowering.products([lowering.part(top, index, env, cut), _reciprocal(lowering, bottom, index, env, cut)])


def _reciprocal(lowering: Translation, node: Expression, index: tuple[Int, ...], env: Environment, cut: Cut) -> Terms:
    found = lowering.part(node, index, env, cut)
    if len(found) == 1 and not found[0].bound and found[0].condition == k.TRUE:
        (term,) = found
        known = term.numerator.terms.keys() == {()} or isinstance(_opened(node), Constant)
        if not term.atoms and not known:  # of a Constant, that it is not 0 is an obligation (existence.py)
            raise Unsupported(f"a quotient by {node}")
        inverse = Term(numerator=term.denominator, denominator=term.numerator, demands=term.demands)
        if term.atoms:
            lowering.suppose_in(node, Domain.NOT_ZERO)
            somewhere_not_zero(lowering, found, str(node))
        return [multiply(inverse, *[inverse_atom(lowering, atom) for atom in term.atoms])]
    number = _constant(found)
    if number is not None:
        lowering.suppose_equal("a constant", found, [Term(numerator=number[0], denominator=number[1])])
        return [Term(numerator=number[1], denominator=number[0])]
    if any(term.atoms for term in found):
        somewhere_not_zero(lowering, found, str(node))
        factors = _factors(lowering, _opened(node), index, env, cut)
        if factors is not None:
            return lowering.products(factors)
        lowering.suppose_in(node, Domain.NOT_ZERO)
        return function(lowering, INVERSE, 0, node, index, env, cut)
    raise Unsupported(f"a quotient by {node}")


def _factors(
    lowering: Translation, node: Expression, index: tuple[Int, ...], env: Environment, cut: Cut
) -> list[Terms] | None:
    """The reciprocals of the factors of a product, a quotient or a whole power, 1/(u·v) = 1/u · 1/v; None of others."""
    if isinstance(node, Times):
        return [_reciprocal(lowering, factor, index, env, cut) for factor in node.args]
    if isinstance(node, Over):
        top, bottom = node.args
        return [_reciprocal(lowering, top, index, env, cut), lowering.part(bottom, index, env, cut)]
    exponent = node.args[1] if isinstance(node, Power) else None
    value = exponent.value if isinstance(exponent, Constant) else exponent
    if value is not None and value.is_Integer and value:
        amount = int(value)
        once = (_reciprocal if amount > 0 else _value)(lowering, node.args[0], index, env, cut)
        return [lowering.power(once, abs(amount))]
    return None


def power(lowering: Translation, node: Power, index: tuple[Int, ...], env: Environment, cut: Cut) -> Terms:
    base, exponent = node.args
    value = exponent.value if isinstance(exponent, Constant) else exponent
    if not value.is_Integer:
        return _general_power(lowering, base, lowering.fraction(value, env), index, env, cut)
    amount = int(value)
    once = (_reciprocal if amount < 0 else _value)(lowering, base, index, env, cut)
    return lowering.power(once, abs(amount))


def _value(lowering: Translation, node: Expression, index: tuple[Int, ...], env: Environment, cut: Cut) -> Terms:
    return lowering.part(node, index, env, cut)


def _general_power(
    lowering: Translation, base: Expression, exponent: tuple[Int, Int], index: tuple[Int, ...], env: Environment,
    cut: Cut,
) -> Terms:  # fmt: skip
    """A power with a fraction or a size as exponent: a function of its base."""
    if not all(map(is_size, exponent[0].symbols() | exponent[1].symbols())):
        raise Unsupported("an exponent that depends on an index")
    if exponent[1] != 1:
        lowering.suppose_in(base, Domain.POSITIVE)
        somewhere_positive(lowering, lowering.part(base, index, env, cut), str(base))
    elif not lowering.evident(base, Domain.NOT_ZERO):
        somewhere_not_zero(lowering, lowering.part(base, index, env, cut), str(base))
        lowering.axioms[f"no entry of {base} is 0 where its exponent is not positive"] = None
    return function(lowering, Map(Kind.POWER, exponent), 0, base, index, env, cut)


def _opened(node: Expression) -> Expression:
    while isinstance(node, Definition):
        node = node.body
    return node


def _constant(found: Terms) -> tuple[Int, Int] | None:
    """The number other than 0 that terms without data and indices are, as a fraction; None where they are not."""
    monomials = Monomials()
    for term in found:
        monomials.add(term)
    total = Fraction(0)
    for heads, pieces in monomials.groups.items():
        for piece in pieces:
            top, bottom = piece.numerator.constant, piece.denominator.constant
            if heads or piece.condition != k.TRUE or piece.leftover or piece.demands or top is None or not bottom:
                return None
            total += Fraction(top, bottom)
    return (Int.of(total.numerator), Int.of(total.denominator)) if total else None
