"""Denominators: an identity of quotients becomes one of polynomials.

    Σ_k P_k/S^k = 0  ⟺  Σ_k P_k·S^(n − k) = 0        for S ≠ 0, n the largest k

where S, a sum that stood under a bar or a root, is written by its definition in the powers that remain. For each root
of S (S^(1/2), say) by itself.

Law: only what stands at one place in all of the terms' sums is cleared, and only where it is not 0: it is positive
whatever the data, or a formula that divides by it exists at every size and place.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from derivations.core.heads import Head, Reciprocal, Value
from derivations.core.sums import Atom, Term
from derivations.meaning.basis import Basis
from derivations.meaning.factors import Exponent, Place, is_fixed, powers_of, split
from derivations.meaning.signs import Sign
from derivations.meaning.translation import Terms

_ZERO = Fraction(0)


def cleared(basis: Basis, found: Terms) -> Terms:
    """Equal terms in which each sum at a fixed place has one power beside each of its roots."""
    done: set[tuple[Head, Place]] = set()
    while True:
        target = _outermost(basis, found, done)
        if target is None:
            return found
        done.add(target)
        found = _common(basis, found, *target)


def _outermost(basis: Basis, found: Sequence[Term], done: set[tuple[Head, Place]]) -> tuple[Head, Place] | None:
    """A sum under a bar that stands in no other one's definition."""
    under = {
        at
        for term in found
        for at, amount in powers_of(term.atoms).items()
        if isinstance(at[0], Value)
        and is_fixed(at[1], term)
        and split(amount)[0] < 0
        and (basis.signs.of_power(at[0]) is Sign.POSITIVE or basis.signs.is_there(term))
    } - done
    if not under:
        return None
    outer = [at for at in under if not any(at[0] in other.mentions for other, _ in under)]
    return min(outer, key=lambda at: (at[0].order, str(at[1])))


def _common(basis: Basis, found: Terms, base: Head, place: Place) -> Terms:
    least: dict[Exponent, int] = {}
    parts: list[tuple[Term, Exponent, int]] = []
    for term in found:
        fixed = is_fixed(place, term)
        whole, rest = split(powers_of(term.atoms).get((base, place), _ZERO)) if fixed else (0, _ZERO)
        parts.append((term, rest, whole))
        least[rest] = min(least.get(rest, 0), whole)
    result: Terms = []
    for term, rest, whole in parts:
        lacking = whole - least[rest]
        if not lacking:
            result.append(term)
            continue
        below = Term((Atom(Reciprocal(base), place),) * lacking)
        definition = basis.defined[base].terms
        above = [basis.instance(definition, place) for _ in range(lacking)]
        # S·(1/S) would be 1 again at once: the definition is multiplied in first.
        products = basis.lowering.products([[term], *above])
        result += [new for product in products for part in basis.collected(product)
                   for new in basis.lowering.products([[part], [below]])]  # fmt: skip
    return basis.merged(result)
