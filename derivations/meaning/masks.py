"""An entry compared with the maximum of a window: [x[u] == max of the window] is the indicator of the maximum's place.

    [x[u] == max_t x[p(t)]] = Σ_t m(t)·[p(t) = u]        for u in the window, if the maximum is there once

where m is the indicator with which maxima are written (`maxima.py`). Of an entry outside the window the comparison
stays a choice by itself.

Law: only windows are read so of which an assumption says that their maximum is unique; of others, several entries may
be the maximum.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product

from derivations.core import terms as k
from derivations.core.heads import Argmax
from derivations.core.names import is_size
from derivations.core.sums import Atom, Term
from derivations.core.terms import Condition, Int
from derivations.formulas.expressions import Apply, ByIndex, DataBracket, Definition, Entry, Expression, Slice
from derivations.meaning.factors import tidy
from derivations.meaning.integers import Environment
from derivations.meaning.linear import argument_of
from derivations.meaning.maxima import chosen, no_padding
from derivations.meaning.translation import Cut, Every, Terms, Translation, equal_places, single_atom
from derivations.operators.elementary import reduction_reads
from derivations.operators.sliding import window_reads

CANDIDATES = 64  # windows of an assumption that are compared with one


@dataclass(frozen=True)
class _Window:
    """A maximum's window: the formula of which it is cut out, with the indices in scope there; its routes, each a term
    with a place; and its places without them."""

    of: Expression
    env: Environment
    routes: tuple[tuple[Term, tuple[Int, ...]], ...]
    places: tuple[Term, tuple[Int, ...]]

    @property
    def indicator(self) -> Atom | None:
        """The atom of the indicator in the first route."""
        atoms = self.routes[0][0].atoms
        return atoms[0] if len(atoms) == 1 and isinstance(atoms[0].head, Argmax) else None


def mask(
    lowering: Translation, node: DataBracket, index: tuple[Int, ...], env: Environment, cut: Cut
) -> tuple[Terms, Condition] | None:
    """[x[u] == max …] as terms where u is in the window, with the condition that it is; None of other comparisons."""
    left, right = node.args[1], node.args[2]
    sides = {"==": ((left, right), (right, left)), ">=": ((left, right),), "<=": ((right, left),)}
    for entry, of in sides.get(node.operator, ()):
        if not any(assumption.kind == "unique_max" for assumption in lowering.assumptions):
            return None
        window = _window(lowering, of, index if of.rank else (), env, cut)
        single = single_atom(lowering.part(entry, index, env, cut)) if window is not None else None
        if window is None or single is None or not _is_unique(lowering, window):
            continue
        found: Terms = []
        for term, place in window.routes:
            same = _at(lowering, window, place, single, cut)
            if same is None:
                return None
            found.append(replace(term, condition=k.all_of((term.condition, same))))
        term, place = window.places
        same = _at(lowering, window, place, single, cut)
        inside = tidy(replace(term, condition=k.all_of((term.condition, same)))) if same is not None else []
        if same is None or len(inside) != 1 or inside[0].bound or not inside[0].numerator == inside[0].denominator == 1:
            return None
        lowering.demands |= inside[0].demands
        return found, inside[0].condition
    return None


def _at(
    lowering: Translation, window: _Window, place: Sequence[Int], single: Atom, cut: Cut
) -> Condition | None:  # fmt: skip
    """That the entry at a place of the window is the one compared; None where this is no entry of one tensor."""
    there = single_atom(lowering.lower(window.of, place, window.env, cut))
    if there is None or there.head is not single.head:
        return None
    return equal_places(there.indices, single.indices)


def _window(
    lowering: Translation, node: Expression, index: tuple[Int, ...], env: Environment, cut: Cut
) -> _Window | None:
    """The window of which a formula's entry is the maximum."""
    if isinstance(node, Definition):
        hidden = node.name in cut or Every.DEFINITION in cut
        return None if hidden else _window(lowering, node.body, index, {}, cut)
    if isinstance(node, ByIndex):
        lead = len(node.ranges)
        inner = {**env, **{part.index.name: i for part, i in zip(node.ranges, index[:lead], strict=True)}}
        return _window(lowering, node.body, index[lead:], inner, cut)
    if isinstance(node, Entry):
        kept, place = iter(index), []
        for part in node.indices:
            if isinstance(part, Slice):
                place.append(lowering.integer(part.start, env) + lowering.integer(part.step, env) * next(kept))
            else:
                place.append(lowering.integer(part, env))
        return _window(lowering, node.of, tuple(place), env, cut)
    if not isinstance(node, Apply) or node.operator not in ("max", "max_pool"):
        return None
    (x,) = node.tensors
    shape = lowering.shape(x, env)
    if node.operator == "max":
        axis = argument_of(lowering, node.arguments[1], env)
        if not axis:
            return None
        along = tuple(number.constant or 0 for number in axis)
        size, reads = tuple(shape[number] for number in along), reduction_reads(index, shape, axis)
    elif no_padding(node):
        size, steps, pad = (argument_of(lowering, part, env) for part in node.arguments[1:4])
        along, reads = None, window_reads(index, shape, size, steps, pad)
    else:
        return None
    routes = tuple(chosen(lowering, x, size, reads, frame=None, env=env, cut=cut, along=along))
    bound, condition, place_of = reads
    values = {name: Int.symbol(lowering.fresh()) for name, _, _ in bound}
    inside = [k.between(low, values[name], high) for name, low, high in bound]
    names = frozenset(name for value in values.values() for name in value.symbols())
    whole = Term((), names, k.all_of((*inside, k.substitute_condition(condition, values))))
    return _Window(x, env, routes, (whole, tuple(k.substitute(i, values) for i in place_of)))


def _is_unique(lowering: Translation, window: _Window) -> bool:
    """Whether an assumption says that a window has one maximum: it is one of the windows of which this is said."""
    indicator = window.indicator
    if indicator is None:
        return False
    taps = len(indicator.head.parts[0])
    first = indicator.indices[: len(indicator.indices) - taps]
    for assumption in lowering.assumptions:
        about = assumption.about
        if assumption.kind != "unique_max" or not isinstance(about, Apply) or not no_padding(about):
            continue
        for place in _outputs(about, first):
            known = _window(lowering, about, place, {}, frozenset())
            other = known.indicator if known is not None else None
            if other is not None and other.head is indicator.head and other.indices[: len(first)] == first:
                return True
    return False


def _outputs(about: Apply, first: Sequence[Int]) -> Iterator[tuple[Int, ...]]:
    """Places at which an assumption's pooling may read the window that starts at a place."""
    names = sorted({name for i in first for name in i.symbols() if not is_size(name)}, key=str)
    candidates = [Int.of(0), *map(Int.symbol, names), *[i for i in first if i.symbols()]]
    for number, place in enumerate(product(dict.fromkeys(candidates), repeat=about.rank)):
        if number == CANDIDATES:
            return
        yield place


__all__ = ["mask"]
