"""A sum found again in a product: what is left over has the same value; where an index stands elsewhere too, nothing is
found."""

from __future__ import annotations

from itertools import product
from math import prod

from hypothesis import given as for_all
from hypothesis import strategies as st

from derivations.core import terms as k
from derivations.core.heads import Entry
from derivations.core.names import Mark, Name, Role
from derivations.core.sums import Atom, Term
from derivations.core.terms import Condition, Int
from derivations.meaning.resumming import without_sum

OUTER, *INNER = [Mark(Role.BOUND, number) for number in range(5)]
DATA = {("d", (i, j)): 2 + 3 * i + 5 * j for i in range(-2, 5) for j in range(-2, 5)}
DATA |= {("e", (i, j)): 7 - 2 * i + j * j for i in range(-2, 5) for j in range(-2, 5)}
DATA |= {("w", (i,)): 11 + i for i in range(-2, 5)}


def entry(name: str, *indices: Int) -> Atom:
    return Atom(Entry(name), indices)


def value(term: Term, free: dict[Name, int]) -> int:
    """numerator · Σ over 0..3 of every bound index of the product of entries; no condition here reaches further."""
    names = sorted(term.bound, key=str)
    total = 0
    for values in product(range(4), repeat=len(names)):
        at = {**free, **dict(zip(names, values, strict=True))}
        if k.holds(term.condition, at):
            places = [(a.head.name, tuple(k.evaluate(i, at) for i in a.indices)) for a in term.atoms]
            total += k.evaluate(term.numerator, at) * prod(DATA[place] for place in places)
    return total


def ranged(*names: Name) -> Condition:
    return k.all_of(k.between(0, Int.symbol(name), 2) for name in names)


@for_all(
    st.booleans(), st.booleans(), st.booleans(), st.booleans(), st.integers(1, 4), st.permutations([0, 1, 2]),
    st.sampled_from([None, "w", "condition", "number"]),
)  # fmt: skip
def test_what_is_left_has_the_value(
    second: bool, shifted: bool, turned: bool, under_a_sum: bool, number: int, order: list[int], also: str | None
) -> None:
    """Σ_b D(b)·R = S·R, whichever D, wherever it stands in the product; not where R depends on b."""
    place, b = Int.symbol(OUTER), Int.symbol(INNER[0])
    mine = [entry("d", place, b + 1 if shifted else b)]
    mine += [entry("e", b, place)] if second else []
    whole = Term(tuple(mine), frozenset({INNER[0]}), ranged(INNER[0]), Int.of(number))
    c = Int.symbol(INNER[1])
    values: dict[Name, Int] = {INNER[0]: c}
    atoms = [Atom(a.head, tuple(k.substitute(i, values) for i in a.indices)) for a in mine]
    atoms += [entry("w", c if also == "w" else place)]
    atoms = [atoms[n] for n in order if n < len(atoms)]
    if turned:
        atoms.reverse()
    bound = frozenset({INNER[1], OUTER} if under_a_sum else {INNER[1]})
    condition = k.all_of((ranged(INNER[1]), ranged(OUTER), *([k.at_most(c, place)] if also == "condition" else [])))
    term = Term(tuple(atoms), bound, condition, Int.of(6) + (c if also == "number" else 0))
    left = without_sum(term, whole)
    if also is not None:
        assert left is None
        return
    assert left is not None
    assert INNER[1] not in left.bound
    back = Term((*left.atoms, *whole.atoms), left.bound | whole.bound, k.all_of((left.condition, whole.condition)),
                left.numerator * whole.numerator)  # fmt: skip
    for at in range(3):
        free = {} if under_a_sum else {OUTER: at}
        denominator = left.denominator.constant
        assert denominator is not None
        assert value(term, free) * denominator == value(back, free)


def test_a_part_of_the_range_is_no_whole_sum() -> None:
    """Σ over fewer indices than the sum's, or over others, is not the sum."""
    b, c = Int.symbol(INNER[0]), Int.symbol(INNER[1])
    whole = Term((entry("w", b),), frozenset({INNER[0]}), ranged(INNER[0]))
    for condition in (k.between(0, c, 1), k.between(0, c, 3), k.TRUE):
        assert without_sum(Term((entry("w", c),), frozenset({INNER[1]}), condition), whole) is None
