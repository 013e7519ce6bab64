"""Where do the entries that a formula names exist? In bounds, and the ranges of sums that their entries settle.

An index of a sum without a range runs over all integers for which every entry whose subscript contains it exists.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sympy import Basic, Symbol

from derivations.core import terms as k
from derivations.core.names import Mark, Role
from derivations.core.terms import Condition, Int
from derivations.formulas.expressions import ByIndex, Definition, Entry, IndexRange, IndexSum, Loss, Slice
from derivations.meaning.functions import Unsupported
from derivations.meaning.integers import Integers


def in_bounds(lowering: Integers, node: Entry, env: dict[str, Int]) -> Condition:
    """That every entry that A[i, a:b:s] names is one of A."""
    parts = []
    for index, size in zip(node.indices, node.of.shape, strict=True):
        n = lowering.integer(size, env)
        if isinstance(index, Slice):
            start, count, step = (lowering.integer(part, env) for part in index.args)
            last = start + step * (count - 1)
            parts += [k.nonnegative(start), k.nonnegative(step - 1), k.nonnegative(count)]
            parts.append(k.any_of((k.zero(count), k.at_most(last, n - 1))))
        else:
            parts.append(k.between(0, lowering.integer(index, env), n - 1))
    return k.all_of(parts)


def symbols_of(parts: Sequence[Basic]) -> frozenset[str]:
    return frozenset(symbol.name for part in parts for symbol in part.atoms(Symbol))


def range_condition(lowering: Integers, node: IndexSum, env: dict[str, Int]) -> Condition:
    """The inferred range: every entry of the body whose subscripts contain an index without a range exists.

    `env` maps the sum's indices to their kernel terms. An index of an inner sum without range in the same subscripts
    takes the condition on itself; with a range, the entry must exist at both of its ends.
    """
    names = frozenset(part.index.name for part in node.ranges if not part.explicit)
    if not names:
        return k.TRUE
    found = list(_entry_conditions(lowering, node.body, names, frozenset(), env, ()))
    if not found:
        found = list(_shared_conditions(lowering, node.body, names, frozenset(), env))
    if not found:
        raise Unsupported("a sum whose indices stand in no subscript, and so have no range")
    return k.all_of(found)


def _entry_conditions(
    lowering: Integers, node: Basic, names: frozenset[str], taken: frozenset[str], env: dict[str, Int],
    ranged: tuple[IndexRange, ...],
) -> Iterator[Condition]:  # fmt: skip
    """One condition for each entry whose subscripts hold one of `names`. Entries whose subscripts hold an index that an
    inner sum infers (`taken`) are that sum's own affair; explicit inner ranges are `ranged`."""
    if isinstance(node, Definition | Loss):
        return
    if isinstance(node, IndexSum | ByIndex):
        inner = frozenset(part.index.name for part in node.ranges)
        own = tuple(part for part in node.ranges if part.explicit)
        more = frozenset(part.index.name for part in node.ranges if not part.explicit)
        kept = tuple(part for part in ranged if part.index.name not in inner)
        yield from _entry_conditions(
            lowering, node.body, names - inner, (taken - inner) | more, env, (*kept, *own)
        )
        return
    if isinstance(node, Entry) and symbols_of(node.indices) & names and not symbols_of(node.indices) & taken:
        yield _throughout(lowering, node, env, ranged)
    for part in node.args:
        if isinstance(part, Basic):
            yield from _entry_conditions(lowering, part, names, taken, env, ranged)


def _shared_conditions(
    lowering: Integers, node: Basic, names: frozenset[str], inner: frozenset[str], env: dict[str, Int]
) -> Iterator[Condition]:
    """Of entries whose subscripts hold an index of an inner sum too, what their other axes say of `names`: in
    Σ_i Σ_j A[i, j] the index i runs along the first axis."""
    if isinstance(node, Definition | Loss):
        return
    if isinstance(node, IndexSum | ByIndex):
        inner = inner | {part.index.name for part in node.ranges}
    elif isinstance(node, Entry):
        for index, size in zip(node.indices, node.of.shape, strict=True):
            met = symbols_of((index,))
            if met & names and not met & inner and not isinstance(index, Slice):
                yield k.between(0, lowering.integer(index, env), lowering.integer(size, env) - 1)
    for part in node.args:
        if isinstance(part, Basic):
            yield from _shared_conditions(lowering, part, names, inner, env)


def _throughout(
    lowering: Integers, node: Entry, env: dict[str, Int], ranged: tuple[IndexRange, ...]
) -> Condition:
    """That an entry exists for all values of the inner ranges: linear subscripts are extreme at the ranges' ends."""
    used = [part for part in ranged if part.index.name in symbols_of(node.indices)]
    if not used:
        return in_bounds(lowering, node, env)
    inner_names = frozenset(part.index.name for part in ranged)
    if any(symbols_of((part.low, part.high)) & inner_names for part in used):
        raise Unsupported("a range inferred through an inner range that depends on another")
    first, rest = used[0], used[1:]
    end = Mark(Role.END)
    inner = {**env, first.index.name: Int.symbol(end)}
    for index in node.indices:
        for part in index.args if isinstance(index, Slice) else (index,):
            subscript = lowering.integer(part, inner)
            for monomial in subscript.terms:
                if sum(g is k.Sym(end) for g in monomial) > 1 or any(
                    not isinstance(g, k.Sym) and end in g.names for g in monomial
                ):
                    raise Unsupported("a range inferred from a subscript that is not linear in an inner index")
    conditions = []
    low, high = lowering.integer(first.low, env), lowering.integer(first.high, env)
    for value in (low, high):
        conditions.append(_throughout(lowering, node, {**env, first.index.name: value}, tuple(rest)))
    empty = k.nonnegative(low - high - 1)
    return k.any_of((empty, k.all_of(conditions)))
