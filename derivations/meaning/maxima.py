"""Maxima over windows: Σ over a window's taps of m(tap)·x[tap], where m is 1 at the window's maximum and else 0.

`m` is an opaque atom, constant where it is differentiated. That a window has one maximum is an axiom, and said.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import product
from typing import Any

from sympy import Rational

from derivations.core import terms as k
from derivations.core.heads import Argmax, Frame, Head
from derivations.core.monomials import canonical_argument
from derivations.core.names import Name, Role, has_role
from derivations.core.sums import Atom, Term
from derivations.core.terms import Int
from derivations.formulas.expressions import Apply, Expression
from derivations.meaning.functions import Unsupported
from derivations.meaning.integers import Environment
from derivations.meaning.linear import argument_of
from derivations.meaning.translation import (
    ALL,
    Cut,
    Opaque,
    Terms,
    Translation,
    at,
    definition_of,
    equal_places,
    formal_places,
    multiply,
    outer_names,
    single_atom,
)
from derivations.operators.elementary import reduction_reads
from derivations.operators.sliding import window_reads


def max_pool(lowering: Translation, node: Apply, index: tuple[Int, ...], env: Environment, cut: Cut) -> Terms:
    x, f, stride, pad, _ceil = node.arguments
    assert isinstance(x, Expression)
    windows = [argument_of(lowering, part, env) for part in (f, stride, pad)]
    found: Terms = []
    outputs = lowering.shape(node, env)
    for term, place in _routes(lowering, x, index, outputs, *windows, complete=no_padding(node), env=env, cut=cut):
        found += lowering.products([[term], lowering.lower(x, place, env, cut)])
    return found


def max_unpool(lowering: Translation, node: Apply, index: tuple[Int, ...], env: Environment, cut: Cut) -> Terms:
    delta, x, f, stride = node.arguments
    assert isinstance(delta, Expression)
    assert isinstance(x, Expression)
    window, steps = argument_of(lowering, f, env), argument_of(lowering, stride, env)
    none = tuple((Int.of(0), Int.of(0)) for _ in window)
    found: Terms = []
    outputs = lowering.shape(delta, env)
    bound, inside, output = lowering.box(outputs)
    routes = _routes(lowering, x, output, outputs, window, steps, none, complete=True, env=env, cut=cut, places=True)
    for term, place in routes:
        frame = Term((), bound, k.all_of((inside, equal_places(place, index))))
        values = lowering.lower(delta, output, env, cut)
        found += [lowering.refreshed(part) for part in lowering.products([[frame], [term], values])]
    return found


def maximum(lowering: Translation, node: Apply, index: tuple[Int, ...], env: Environment, cut: Cut) -> Terms:
    (z,) = node.tensors
    axis = argument_of(lowering, node.arguments[1], env)
    if not axis:
        return lowering.lower(z, index, env, cut)
    shape = lowering.shape(z, env)
    along = tuple(number.constant or 0 for number in axis)
    window, reads = tuple(shape[number] for number in along), reduction_reads(index, shape, axis)
    found: Terms = []
    for term, place in chosen(lowering, z, window, reads, frame=None, env=env, cut=cut, along=along):
        found += lowering.products([[term], lowering.lower(z, place, env, cut)])
    return found


def _routes(
    lowering: Translation, x: Expression, output: Sequence[Int], outputs: Sequence[Int], window: Sequence[Int],
    steps: Sequence[Int], pad: Sequence[Sequence[Int]], *, complete: bool, env: Environment, cut: Cut,
    places: bool = False,
) -> Iterator[tuple[Term, tuple[Int, ...]]]:  # fmt: skip
    """The taps of output's window, as `_chosen` gives them; where windows may leave x, its frame is part of what
    the maximum is a function of. Of numbers, the maximum's place is known for each of the `outputs`; only who asks
    for `places` need suppose that there is one."""
    given = [*outputs, *window, *steps, *(width for pair in pad for width in pair)]
    ground = _ground(lowering, x, env, cut) if all(size.constant is not None for size in given) else None
    if ground is not None:
        return _ground_routes(lowering, ground, x, output, outputs, (window, steps, pad), env, places)
    reads = window_reads(output, lowering.shape(x, env), window, steps, pad)
    frame = None if complete else Frame(lowering.shape(x, env), tuple(steps), tuple(map(tuple, pad)))
    return chosen(lowering, x, window, reads, frame=frame, env=env, cut=cut)


def _ground(lowering: Translation, x: Expression, env: Environment, cut: Cut) -> dict[tuple[int, ...], Any] | None:
    """The entries of a formula in which only numbers stand; None for any other."""
    shape = [size.constant for size in lowering.shape(x, env)]
    if None in shape or any(term.atoms for term in lowering.lower(x, [Int.of(0)] * x.rank, env, cut)):
        return None
    cells = product(*[range(size or 0) for size in shape])
    found = {cell: _number(lowering.lower(x, [Int.of(i) for i in cell], env, cut)) for cell in cells}
    return None if None in found.values() else found


def _ground_routes(
    lowering: Translation, values: dict[tuple[int, ...], Any], x: Expression, output: Sequence[Int],
    outputs: Sequence[Int],
    windows: tuple[Any, Any, Any], env: Environment, places: bool,
) -> Iterator[tuple[Term, tuple[Int, ...]]]:  # fmt: skip
    """For each window of numbers: that it is output's, and the place of its maximum."""
    for cell in product(*[range(size.constant or 0) for size in outputs]):
        at = tuple(Int.of(i) for i in cell)
        bound, condition, place = window_reads(at, lowering.shape(x, env), *windows)
        found: list[tuple[int, ...]] = []
        for taps in product(*[range((Int.of(high).constant or 0) + 1) for _, _, high in bound]):
            tap_values = {name: tap for (name, _, _), tap in zip(bound, taps, strict=True)}
            if k.holds(condition, tap_values):
                found.append(tuple(k.evaluate(i, tap_values) for i in place))
        if not found:
            raise Unsupported("a maximum over a window in which no data lie")
        best = max(found, key=lambda read: values[read])
        if places and sum(values[read] == values[best] for read in found) > 1:
            lowering.axioms[f"unique_max: every window of {x} has one maximum"] = None
        yield Term(condition=equal_places(output, at)), tuple(Int.of(i) for i in best)


def chosen(
    lowering: Translation, x: Expression, window: Sequence[Int], reads: Any, *, frame: Frame | None, env: Environment,
    cut: Cut, along: Sequence[int] | None = None,
) -> Iterator[tuple[Term, tuple[Int, ...]]]:  # fmt: skip
    """Σ over a window's taps of m(tap), with the tap's place in x: m is 1 at the window's maximum, else 0.

    m is a function of the tensor that x shows, the window's size and its first place. The indicators of one window
    add up to 1. Where windows are complete (there is no `frame`), the last tap's indicator is replaced by
    1 − Σ others, so that those that remain may be any unit vector or 0 and can be compared as unknowns. The window
    lies along the last axes of x, or `along` others.
    """
    bound, condition, place = reads
    template, formals, axes, see = _shown(lowering, x, env, cut)
    sliding = axes[len(axes) - len(bound) :] if along is None else [axes[number] for number in along]
    # A window has one name, in whichever order its axes are given.
    order = sorted(range(len(sliding)), key=sliding.__getitem__)
    if frame is not None:
        shape, steps, pad = frame.parts
        ranked = sorted(range(len(axes)), key=axes.__getitem__)
        frame = Frame(
            tuple(shape[n] for n in ranked), tuple(steps[n] for n in order), tuple(pad[n] for n in order)
        )  # fmt: skip
    head = _argmax_head(
        lowering, tuple(window[n] for n in order), tuple(sliding[n] for n in order), frame, template, formals
    )
    lowering.axioms[f"unique_max: every window of {x} has one maximum"] = None

    def indicator(values: dict[Name, Int]) -> Atom:
        first = see(tuple(k.substitute(i, {name: Int.of(0) for name in values}) for i in place))
        taps = list(values.values())
        return Atom(head, (*first, *[taps[n] for n in order]))

    def taps(last: bool | None, at: bool) -> tuple[Term, tuple[Int, ...]]:
        """A sum over taps: all, only the last, or all but the last; with or without the indicator."""
        values: dict[Name, Int] = {name: Int.symbol(lowering.fresh()) for name, _, _ in bound}
        inside = [k.between(low, values[name], high) for name, low, high in bound]
        is_last = k.all_of(k.equal(values[name], high) for name, _, high in bound)
        choice = k.TRUE if last is None else is_last if last else k.negate(is_last)
        names = frozenset[Name]().union(*(value.symbols() for value in values.values()))
        atoms = (indicator(values),) if at else ()
        whole = Term(atoms, names, k.all_of((choice, *inside, k.substitute_condition(condition, values))))
        return whole, tuple(k.substitute(i, values) for i in place)

    if frame is not None:
        yield taps(None, True)
        return
    yield taps(False, True)
    yield taps(True, False)
    others, _ = taps(False, True)
    final, final_place = taps(True, False)
    yield replace(multiply(final, others), numerator=Int.of(-1)), final_place


def _shown(
    lowering: Translation, x: Expression, env: Environment, cut: Cut
) -> tuple[Terms, tuple[Int, ...], tuple[int, ...], Callable[[tuple[Int, ...]], tuple[Int, ...]]]:
    """What a window of x is cut out of: a tensor or definition that x shows shifted or transposed, with its axes that
    are x's axes and the map of places; else x itself."""
    # Not the formal places: the indices in scope may stand at these.
    formals = tuple(Int.symbol(lowering.fresh()) for _ in range(x.rank))
    single = single_atom(lowering.lower(x, formals, env, ALL))
    if single is not None and _is_shift(single.indices, formals):
        definition = definition_of(x, single.head, cut)
        while definition is not None:  # a name for a part of a tensor is that part
            place = single.indices
            inner = formal_places(definition.rank)
            within = single_atom(lowering.lower(definition.body, inner, {}, ALL))
            if within is None or not _is_shift(within.indices, inner):
                break
            single = Atom(within.head, tuple(at(i, inner, place) for i in within.indices))
            definition = definition_of(definition.body, single.head, cut)
        shown = single
        inner = formal_places(len(single.indices))
        template = [Term((Atom(single.head, inner),))]
        if definition is not None:
            template = lowering.lower(definition.body, inner, {}, cut)
        axes = tuple(
            axis for f in formals for axis, i in enumerate(shown.indices) if f.symbols() & i.symbols()
        )  # fmt: skip
        return template, inner, axes, lambda place: tuple(at(i, formals, place) for i in shown.indices)
    outer = outer_names(x, env)
    formals = formal_places(x.rank + len(outer))
    template = lowering.lower(x, formals[: x.rank], dict(zip(outer, formals[x.rank :], strict=True)), cut)
    return template, formals, tuple(range(x.rank)), lambda place: (*place, *[env[name] for name in outer])


def _argmax_head(
    lowering: Translation, window: tuple[Int, ...], axes: tuple[int, ...], frame: Frame | None, template: Terms,
    formals: tuple[Int, ...],
) -> Head:  # fmt: skip
    argument, demands = canonical_argument(template)
    lowering.demands |= demands
    head = Argmax(window, axes, frame, argument)
    lowering.argument_met(head, template)
    sizes = (*window, *(size for size in _sizes(frame)))
    if any(has_role(name, role) for size in sizes for name in size.symbols() for role in (Role.BOUND, Role.FORMAL)):
        raise Unsupported("a maximum over a window whose size depends on an index")

    def rebuild(change: Callable[[Terms], Terms], indices: Sequence[Int]) -> Terms:
        return [Term((Atom(_argmax_head(lowering, window, axes, frame, change(template), formals), tuple(indices)),))]

    if head not in lowering.opaque:
        single = single_atom(template)
        # Maxima over different unknowns are independent; two kinds of window over one are not. Whether the other was
        # met first must not matter: where both are compared, it is enough that one of them is not plain.
        lone = single is None or not any(
            isinstance(other, Argmax) and single.head in other.argument.heads for other in lowering.opaque
        )
        inner = lowering.opaque.get(single.head) if single is not None else None
        # Any tap can be the maximum if the entries may take any values; those of an arbitrary function may.
        free = inner is None or inner.plain or (inner.template is not None and inner.template.arbitrary)
        plain = lone and frame is None and single is not None and free
        lowering.opaque[head] = Opaque(lambda indices: [], rebuild, plain)
    return head


def _number(found: Terms) -> Any:
    """The number that terms without atoms and with numbers everywhere are; None for any others."""

    total = Rational(0)
    for term in found:
        if term.bound or term.atoms or term.demands or k.condition_symbols(term.condition):
            return None
        if term.numerator.constant is None or not term.denominator.constant:
            return None
        if k.holds(term.condition, {}):
            total += Rational(term.numerator.constant, term.denominator.constant)
    return total


def _is_shift(indices: Sequence[Int], formals: Sequence[Int]) -> bool:
    """Whether places are the formal indices in some order, each plus what does not depend on them, perhaps among other
    indices (x[c, i + 1, j])."""
    names = {next(iter(formal.symbols())): n for n, formal in enumerate(formals)}
    met = []
    for index in indices:
        used = [name for name in names if name in index.symbols()]
        if len(used) > 1 or (used and names.keys() & (index - formals[names[used[0]]]).symbols()):
            return False
        met += [names[name] for name in used]
    return sorted(met) == list(range(len(formals)))


def no_padding(node: Apply) -> bool:
    """Whether every window of a max_pool lies in its data."""
    pad, ceil = node.arguments[3:5]
    return all(width == 0 for pair in pad.args for width in pair.args) and not bool(ceil)


def _sizes(frame: Frame | None) -> Iterator[Int]:
    """The sizes that a frame is made of."""
    if frame is not None:
        shape, steps, pad = frame.parts
        yield from (*shape, *steps, *(width for pair in pad for width in pair))
