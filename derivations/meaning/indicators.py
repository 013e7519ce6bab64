"""Products of two indicators of maxima over one argument: windows that overlap cannot have their maxima anywhere.

Let m(W, p) be 1 where the window W has its maximum at the place p. Of two windows in one slice of an argument:

    m(W, p)·m(V, q) = 0         where p ≠ q and both lie in W and in V
    m(W, p)·m(V, p) = m(W, p)   where p lies in V ⊆ W

Law: each rewriting is an equality of values, supposing that a window has one maximum (an axiom of every maximum). What
it cannot see: three windows that exclude each other only together.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

from derivations.core import terms as k
from derivations.core.heads import Argmax, Head
from derivations.core.sums import Atom, Term
from derivations.core.terms import Condition, Int
from derivations.meaning.translation import Terms, equal_places

PAIRS = 6  # of indicators in one product; each doubles its terms at least


@dataclass(frozen=True)
class _Window:
    """Of an indicator: where its window begins, its sizes along the axes on which it slides, its place of the maximum;
    the indices along the other axes."""

    first: tuple[Int, ...]
    sizes: tuple[Int, ...]
    place: tuple[Int, ...]
    others: tuple[Int, ...]

    def holds(self, place: Sequence[Int]) -> Condition:
        """That a place lies in the window."""
        ends = zip(place, self.first, self.sizes, strict=True)
        return k.all_of(k.between(low, i, low + size - 1) for i, low, size in ends)

    def as_large_as(self, other: _Window) -> bool:
        """Whether it is seen to be as large as another along every axis."""
        excess = [(m - n).constant for m, n in zip(self.sizes, other.sizes, strict=True)]
        return all(number is not None and number >= 0 for number in excess)

    def within(self, other: _Window) -> Condition:
        """That the window lies in another."""
        ends = zip(self.first, self.sizes, other.first, other.sizes, strict=True)
        return k.all_of(part for a, n, b, m in ends for part in (k.at_most(b, a), k.at_most(a + n, b + m)))


def meet(heads: Iterable[Head]) -> bool:
    """Whether among the heads of a product are two indicators of maxima over one argument."""
    return any(_comparable(left, right) for left, right in combinations(heads, 2))


def joined(terms: Iterable[Term]) -> Terms:
    """The terms, products of two indicators over one argument written as what they are: none, one, or two of them."""
    return [new for term in terms for new in _joined(term, frozenset())]


def _joined(term: Term, done: frozenset[tuple[Atom, Atom]]) -> Terms:
    for left, right in combinations(term.atoms, 2):
        if (left, right) not in done and _comparable(left.head, right.head) and len(done) < PAIRS:
            done = done | {(left, right)}
            return [new for case in _cases(term, left, right) for new in _joined(case, done)]
    return [term]


def _comparable(left: Head, right: Head) -> bool:
    return (
        isinstance(left, Argmax) and isinstance(right, Argmax)
        and left.argument is right.argument and left.parts[1] == right.parts[1] and left.frame is right.frame is None
    )  # fmt: skip


def _cases(term: Term, left: Atom, right: Atom) -> Terms:
    """The product, less where both places lie in both windows, plus where they are one; there one indicator is enough
    if one window lies in the other. No condition is negated: that would have cases."""
    wide, narrow = _window(left), _window(right)
    if not wide.as_large_as(narrow):
        left, right, wide, narrow = right, left, narrow, wide
    aside = equal_places(wide.others, narrow.others)
    both = k.all_of((aside, narrow.holds(wide.place), wide.holds(narrow.place)))
    one = k.all_of((aside, equal_places(wide.place, narrow.place)))
    found = [(term, k.TRUE, 1), (term, both, -1), (term, one, 1)]
    if wide.as_large_as(narrow):
        told = k.all_of((one, narrow.within(wide)))
        found += [(term, told, -1), (_without(term, right), told, 1)]
    return [
        replace(case, condition=k.all_of((case.condition, where)), numerator=case.numerator * sign)
        for case, where, sign in found
        if where != k.FALSE
    ]


def _without(term: Term, atom: Atom) -> Term:
    atoms = list(term.atoms)
    atoms.remove(atom)
    return replace(term, atoms=tuple(atoms))


def _window(atom: Atom) -> _Window:
    assert isinstance(atom.head, Argmax)
    sizes: tuple[Int, ...] = atom.head.parts[0]
    axes: tuple[int, ...] = atom.head.parts[1]
    rank = len(atom.indices) - len(sizes)
    first = tuple(atom.indices[axis] for axis in axes)
    place = tuple(i + tap for i, tap in zip(first, atom.indices[rank:], strict=True))
    others = tuple(atom.indices[axis] for axis in range(rank) if axis not in axes)
    return _Window(first, sizes, place, others)
