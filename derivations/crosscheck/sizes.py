"""Admissible sizes in the order in which counterexamples are compared: by their sum, then first in
declaration order.

Law: the first sizes that fail are the smallest. Conditions are looked at as soon as all their dims have
values, so that sparse conditions (`H % m == 0`) do not cost an enumeration of everything.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Sequence

from derivations.crosscheck.integers import Compiled, compiled_condition, symbols_of
from derivations.formulas.claims import Context
from derivations.formulas.integers import Condition, conjuncts
from numeric.operators import DoesNotExist

Sizes = dict[str, int]

# partial assignments looked at before an enumeration gives up; conditions that admit almost nothing end here
LARGEST_SEARCH = 100_000

# sizes by increasing sum that are looked at for generic ones where chance finds too few
LARGEST_LOOK = 200

# entries of data from which on generic sizes count as costly: beyond, smaller ones are preferred
LARGE_WORK = 40


def _levels(context: Context, extra: Iterable[Condition]) -> list[list[Compiled]]:
    """The conditions that can be decided when the dims up to each position have values."""
    names = [dim.name for dim in context.dims]
    levels: list[list[Compiled]] = [[] for _ in names]
    for condition in (*context.conditions, *extra):
        for part in conjuncts(condition):
            last = max((names.index(name) for name in symbols_of(part)), default=0)
            if levels:
                levels[last].append(compiled_condition(part))
    return levels


def holds(conditions: Iterable[Compiled], sizes: Sizes) -> bool:
    """Whether all conditions hold; one that does not exist at these sizes (a division by 0) does not hold."""
    try:
        return all(bool(condition(sizes)) for condition in conditions)
    except DoesNotExist:
        return False


def sizes_by_sum(
    context: Context, extra_conditions: Sequence[Condition] = (), limit: int = 12, largest_sum: int | None = None
) -> Iterator[Sizes]:
    """Up to `limit` admissible sizes, by increasing sum over all dims, then lexicographically in declaration
    order.

    A context without dims has one, the empty assignment. largest_sum ends the enumeration after that sum.

    >>> from derivations.formulas.claims import Dimension
    >>> from derivations.formulas.integers import Compare, integer_symbol
    >>> m, H = integer_symbol("m"), integer_symbol("H")
    >>> context = Context((Dimension(H), Dimension(m)), (Compare("<=", m, H),))
    >>> list(sizes_by_sum(context, limit=3))
    [{'H': 1, 'm': 1}, {'H': 2, 'm': 1}, {'H': 2, 'm': 2}]
    """
    levels = _levels(context, extra_conditions)
    if not levels:
        constant = [compiled_condition(c) for c in (*context.conditions, *extra_conditions)]
        if holds(constant, {}):
            yield {}
        return
    least = [dim.least for dim in context.dims]
    names = [dim.name for dim in context.dims]
    budget = [LARGEST_SEARCH]
    found = 0
    total = sum(least)
    while found < limit and budget[0] > 0 and (largest_sum is None or total <= largest_sum):
        for sizes in _of_sum(names, least, levels, total, budget):
            yield sizes
            found += 1
            if found == limit:
                return
        total += 1


def _of_sum(
    names: Sequence[str], least: Sequence[int], levels: Sequence[list[Compiled]], total: int, budget: list[int]
) -> Iterator[Sizes]:
    """The admissible sizes of one sum, lexicographically; each dim leaves room for the least of those after
    it."""
    room_after = [sum(least[position + 1 :]) for position in range(len(names))]
    sizes: Sizes = {}

    def choose(position: int, left: int) -> Iterator[Sizes]:
        last = position == len(names) - 1
        for value in (left,) if last else range(least[position], left - room_after[position] + 1):
            budget[0] -= 1
            if budget[0] <= 0:
                return
            sizes[names[position]] = value
            if holds(levels[position], sizes):
                if last:
                    yield dict(sizes)
                else:
                    yield from choose(position + 1, left - value)
        sizes.pop(names[position], None)

    yield from choose(0, total)


def generic_sizes(
    context: Context,
    extra_conditions: Sequence[Condition],
    count: int,
    *,
    work: Callable[[Sizes], int] = lambda sizes: 0,
    seed: int = 0,
    highest: int = 6,
) -> list[Sizes]:
    """Some admissible sizes without the coincidences (ones, equal dims) under which wrong formulas pass.

    Random assignments: half of them with few ones, half with many different values; `work` (entries
    to compute) keeps them small where there are many dims. By increasing sum.
    """
    chance = random.Random(seed)
    conditions = [compiled_condition(c) for c in (*context.conditions, *extra_conditions)]
    found: dict[tuple[int, ...], Sizes] = {}
    for attempt in range(60 * count):
        top = 3 + attempt % (highest - 2)
        sizes = {dim.name: chance.randint(dim.least, max(top, dim.least)) for dim in context.dims}
        if holds(conditions, sizes):
            found[tuple(sizes.values())] = sizes

    if sum(1 for values in found if 1 not in values) < count // 2:  # conditions that chance does not meet
        for sizes in sizes_by_sum(context, extra_conditions, LARGEST_LOOK):
            found.setdefault(tuple(sizes.values()), sizes)

    def costly(values: tuple[int, ...]) -> int:
        return work(found[values]) // LARGE_WORK

    unequal = sorted(found, key=lambda v: (costly(v), -len(set(v) - {0, 1}), v.count(1), sum(v), v))
    without_ones = sorted(found, key=lambda v: (costly(v), v.count(1), -len(set(v)), sum(v), v))
    values = dict.fromkeys((*without_ones[: count // 2], *unequal, *without_ones))
    chosen = [found[one] for one in list(values)[:count]]
    return sorted(chosen, key=lambda sizes: (sum(sizes.values()), *sizes.values()))
