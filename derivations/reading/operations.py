"""Elementwise arithmetic and comparison with broadcasting by explicit axes; reductions over axes.

Law: two axes are broadcast where one has no factors (size 1); else their sizes are equal, which is an obligation unless
they are the same. An integer stays an integer as long as the operations keep it one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from math import isqrt
from typing import Any

from derivations.reading.arrays import Array, Axes, Index
from derivations.reading.elements import (
    ONE,
    Bound,
    Chosen,
    Data,
    Element,
    Entry,
    Function,
    If,
    Number,
    Over,
    Plus,
    Poison,
    Sum,
    Times,
    Top,
    TopPlace,
    children,
    constant,
    iff,
    integer_of,
    minus,
    number,
    over,
    plus,
    power,
    quotient_of,
    rebuilt,
    refreshed,
    replaced,
    times,
    total,
    walk,
    whole,
)
from derivations.reading.integers import Cond, Int, at_least, both, compared, equal, negated, product
from derivations.reading.machine import Machine
from derivations.reading.products import matmul
from derivations.reading.program import Selected
from derivations.reading.reshaping import stacked

Entries = Callable[[Index], Element]


def as_array(machine: Machine, value: Any) -> Array:
    """A number or a nest of lists as an array."""
    if isinstance(value, Array):
        return value
    if isinstance(value, bool):
        return machine.scalar(whole(int(value)), "int")
    if isinstance(value, Int):
        return machine.scalar(whole(value), "int")
    if isinstance(value, Cond):
        return machine.scalar(iff(value), "bool")
    if isinstance(value, list | tuple) and value:
        return stacked(machine, [as_array(machine, item) for item in value], 0)
    machine.refuse("this is no array and no number")


def common_axes(machine: Machine, arrays: Sequence[Array]) -> Axes:
    """The axes that arrays are broadcast to."""
    rank = max((array.rank for array in arrays), default=0)
    found = []
    for axis in range(rank):
        present = [a.axes[axis - rank + a.rank] for a in arrays if axis - rank + a.rank >= 0]
        present = [one for one in present if one]
        chosen = max(present, key=len, default=())
        for one in present:
            if one != chosen:
                machine.same_size(product(one), product(chosen), "sizes that are broadcast are equal")
        found.append(chosen)
    return tuple(found)


def spread(machine: Machine, array: Array, axes: Axes) -> Entries:
    """The entries as they are now, by an index of the axes that the array is broadcast to."""
    entries = machine.snapshot(array)
    offset = len(axes) - array.rank
    if array.axes == axes:
        return entries
    own = array.axes

    def entry(index: Index) -> Element:
        inner = [machine.convert(index[at + offset], axes[at + offset], axis) if axis else ()
                 for at, axis in enumerate(own)]
        return entries(tuple(inner))

    return entry


def elementwise(machine: Machine, function: Callable[..., Element], *values: Any, kind: str = "real") -> Array:
    """A function of the entries of arrays that are broadcast together."""
    arrays = [as_array(machine, value) for value in values]
    axes = common_axes(machine, arrays)
    parts = [spread(machine, array, axes) for array in arrays]
    return machine.make(axes, lambda index: _kept(function, [part(index) for part in parts]), kind)


def entrywise(machine: Machine, function: Callable[..., Element], *values: Any) -> Any:
    """A function of the entries of arrays, or of what a mask selects, which then is what that mask selects."""
    one = next((value for value in values if isinstance(value, Selected)), None)
    if one is None:
        return elementwise(machine, function, *values)
    _, box = machine.box(one.axes)
    parts: list[Entries] = []
    for value in values:
        if not isinstance(value, Selected):
            array = as_array(machine, value)
            if array.rank:
                machine.refuse("an array beside what a mask selects", "select from it by the same mask, or np.where")
            parts.append(spread(machine, array, one.axes))
        elif value.axes != one.axes or value.mask(box) != one.mask(box):
            machine.refuse("what two masks select stands in one expression", "use one mask, or np.where")
        else:
            parts.append(value.entries)
    return Selected(one.axes, lambda index: _kept(function, [part(index) for part in parts]), one.mask)


def _kept(function: Callable[..., Element], parts: list[Element]) -> Element:
    """A function of entries, one of which may have no value: 0 times what NumPy left undefined is undefined."""
    found = function(*parts)
    lost = next((one for part in parts for one in walk(part) if isinstance(one, Poison)), None)
    return found if lost is None or lost in walk(found) else lost


def arithmetic(machine: Machine, word: str, left: Any, right: Any) -> Any:
    """left word right: of integers an integer where that is one, else of arrays; tuples are added and repeated."""
    if word in ("&", "|"):
        return _logical(machine, word, left, right)
    left, right = _number(machine, left), _number(machine, right)
    if isinstance(left, Int) and isinstance(right, Int):
        return _of_integers(machine, word, left, right)
    if word == "+" and isinstance(left, tuple | list) and type(left) is type(right):
        return type(left)((*left, *right))
    if isinstance(left, tuple | list) and isinstance(right, Int) and right.constant is not None and word == "*":
        return left * right.constant
    if word == "@":
        return matmul(machine, as_array(machine, left), as_array(machine, right))
    if isinstance(left, Selected) or isinstance(right, Selected):
        return entrywise(machine, OPERATIONS[word](machine), left, right)
    arrays = as_array(machine, left), as_array(machine, right)
    if all(array.kind == "bool" for array in arrays) and word != "/":
        machine.refuse(f"`{word}` of two masks, which NumPy takes for logic", "make one of them real numbers")
    integers = all(array.kind in ("int", "bool") for array in arrays)
    kind = "int" if integers and word not in ("/",) else "real"
    return elementwise(machine, OPERATIONS[word](machine), *arrays, kind=kind)


def _number(machine: Machine, value: Any) -> Any:
    """True, False and conditions on sizes as the integers that Python takes them for."""
    if isinstance(value, bool):
        return Int.of(int(value))
    return machine.scalar(iff(value), "int") if isinstance(value, Cond) else value


def _logical(machine: Machine, word: str, left: Any, right: Any) -> Any:
    if isinstance(left, Cond) or isinstance(right, Cond):
        machine.refuse("`&` of conditions on sizes", "use `and`")
    for value in (left, right):
        if as_array(machine, value).kind != "bool":
            machine.refuse(f"`{word}` of what is no mask")

    def either(p: Element, q: Element) -> Element:
        return plus(p, q, minus(times(p, q)))

    return elementwise(machine, times if word == "&" else either, left, right, kind="bool")


def _of_integers(machine: Machine, word: str, left: Int, right: Int) -> Any:
    if word in ("//", "%"):
        machine.require(at_least(right, 1), "same", "the divisor is positive")
        return machine.simplify(left // right if word == "//" else left % right)
    if word == "/":
        machine.require(negated(equal(right, 0)), "fits", "the divisor is not 0")
        return machine.scalar(over(whole(left), whole(right)))
    if word == "**":
        exponent = right.constant
        if exponent is not None and 0 <= exponent <= 6:
            return product([left] * exponent)
        return machine.scalar(power(whole(left), whole(right)))
    if word == "@":
        machine.refuse("`@` of numbers")
    return {"+": left + right, "-": left - right, "*": left * right}[word]


def _floor(machine: Machine) -> Callable[..., Element]:
    def entry(p: Element, q: Element) -> Element:
        a, b = integer_of(p), integer_of(q)
        if b is None or (a is None and not isinstance(p, Chosen)):
            machine.refuse("`//` of data")
        machine.require(at_least(b, 1), "same", "the divisor is positive")
        if isinstance(p, Chosen):
            return Chosen(p.bound, p.body, machine.simplify(p.value // b))
        assert a is not None
        return whole(machine.simplify(a // b))

    return entry


def _modulo(machine: Machine) -> Callable[..., Element]:
    def entry(p: Element, q: Element) -> Element:
        a, b = integer_of(p), integer_of(q)
        if b is None or (a is None and not isinstance(p, Chosen)):
            machine.refuse("`%` of data")
        machine.require(at_least(b, 1), "same", "the divisor is positive")
        if isinstance(p, Chosen):
            return Chosen(p.bound, p.body, machine.simplify(p.value % b))
        assert a is not None
        return whole(machine.simplify(a % b))

    return entry


def _power(machine: Machine) -> Callable[..., Element]:
    def entry(p: Element, q: Element) -> Element:
        exponent = constant(q)
        if exponent is not None and exponent.denominator == 2:
            # p**(k/2) is the k-th power of the root, wherever it exists
            return power(function("sqrt", p), number(exponent.numerator))
        if exponent is None or exponent.denominator != 1:
            machine.refuse("a power whose exponent is neither whole nor half", "np.exp(a * np.log(x))")
        return power(p, q)

    return entry


def quotient(p: Element, q: Element) -> Element:
    """p / q; 1/(1 + exp(-e)) is sigmoid(e)."""
    if constant(p) == 1 and isinstance(q, Plus) and len(q.parts) == 2:
        others = [part for part in q.parts if constant(part) != 1]
        if len(others) == 1 and isinstance(others[0], Function) and others[0].name == "exp":
            return Function("sigmoid", minus(others[0].of))
    return over(p, q)


OPERATIONS: dict[str, Callable[[Machine], Callable[..., Element]]] = {
    "+": lambda machine: plus,
    "-": lambda machine: lambda p, q: plus(p, minus(q)),
    "*": lambda machine: times,
    "/": lambda machine: quotient,
    "//": _floor,
    "%": _modulo,
    "**": _power,
}


def negative(machine: Machine, value: Any) -> Any:
    """-value."""
    if isinstance(value, Int):
        return -value
    if isinstance(value, Selected):
        return entrywise(machine, minus, value)
    array = as_array(machine, value)
    if array.kind == "bool":
        machine.refuse("the negative of a mask, which NumPy refuses", "1 - mask, or ~mask")
    return elementwise(machine, minus, array, kind="int" if array.kind == "int" else "real")


def function(name: str, of: Element) -> Element:
    """A function of one variable of an element."""
    if name == "sqrt" and isinstance(of, Number) and of.value >= 0:
        root = Fraction(isqrt(of.value.numerator), isqrt(of.value.denominator))
        if root * root == of.value:
            return Number(root)
    if isinstance(of, Sum):
        chosen = _chosen_entry(of)
        if chosen is not None:
            return total(of.bound, times(chosen[0], function(name, chosen[1])))
    return Function(name, of)


def _chosen_entry(found: Sum) -> tuple[Element, Element] | None:
    """Of an entry that data choose, Σ_c [c is the place]·e(c): the indicator and e. A function of it is chosen among
    the function's values: f(Σ_c m(c)·e(c)) = Σ_c m(c)·f(e(c)) where one m(c) is 1 and the others are 0."""
    parts = found.body.parts if isinstance(found.body, Times) else (found.body,)
    tops = [part for part in parts if isinstance(part, TopPlace)]
    if len(tops) != 1:
        return None
    (top,) = tops
    whole_window = len(top.bound) == len(found.bound) == len(top.place) and all(
        (own[1], own[2]) == (mine[1], mine[2]) and place == Int.symbol(mine[0]) - mine[1]
        for own, mine, place in zip(top.bound, found.bound, top.place, strict=True)
    )
    rest = [part for part in parts if part is not top]
    return (top, times(*rest) if rest else ONE) if whole_window else None


def whole_number(machine: Machine, value: Any) -> Any:
    """A quotient of sizes that is a whole number, as the integer; that it is one is an obligation."""
    if not isinstance(value, Array) or value.rank:
        return value
    pair = quotient_of(machine.snapshot(value)(()))
    if pair is None:
        return value
    over_, under = pair
    machine.require(at_least(under, 1), "same", "the divisor is positive")
    machine.require(equal(machine.simplify(over_ % under), 0), "same", "the quotient is a whole number")
    return machine.simplify(over_ // under)


# -- comparison ------------------------------------------------------------------------------------


def comparison(machine: Machine, word: str, left: Any, right: Any) -> Array:
    """A mask: 1 where the entries compare so. `==` and `!=` of data are read where one side is the maximum over a
    window of the other."""
    flipped = {"<": ">", "<=": ">="}
    if word in flipped:
        return comparison(machine, flipped[word], right, left)

    def entry(p: Element, q: Element) -> Element:
        a, b = integer_of(p), integer_of(q)
        if a is not None and b is not None:
            known = {">": at_least(a, b + 1), ">=": at_least(a, b), "==": equal(a, b), "!=": negated(equal(a, b))}
            return iff(known[word])
        if isinstance(p, Chosen) or isinstance(q, Chosen):
            return _chosen_is(machine, word, p, q)
        if word in (">", ">="):
            top = _at_top(machine, p, q) if word == ">=" else None
            return top or indicator(word, p, q)
        top = _at_top(machine, p, q) or _at_top(machine, q, p)
        if top is None:
            machine.refuse("data are compared for equality", "compare a window with its own maximum")
        return top if word == "==" else plus(ONE, minus(top))

    return elementwise(machine, entry, left, right, kind="bool")


def indicator(word: str, p: Element, q: Element) -> Element:
    """[p > q] or [p >= q]; with the number on the right, so that one condition has one form."""
    if constant(p) is not None and constant(q) is None:
        return plus(ONE, minus(Data(">" if word == ">=" else ">=", q, p)))
    return Data(word, p, q)


def _chosen_is(machine: Machine, word: str, p: Element, q: Element) -> Element:
    """1 where the place that data choose is a number."""
    chosen, number_ = (p, integer_of(q)) if isinstance(p, Chosen) else (q, integer_of(p))
    if not isinstance(chosen, Chosen) or number_ is None or word not in ("==", "!="):
        machine.refuse("the place of a maximum is compared with data", "compare it with arange, by ==")
    bound, value, weight = opened(machine, chosen)
    if len(bound) == 1 and value == Int.symbol(bound[0][0]) and isinstance(weight, TopPlace):
        inside = both(at_least(number_, bound[0][1]), at_least(bound[0][2], number_))
        if machine.facts.proves(inside):
            found: Element = replaced(weight, {bound[0][0]: number_})
            return found if word == "==" else plus(ONE, minus(found))
    found = total(bound, times(weight, iff(equal(value, number_))))
    return found if word == "==" else plus(ONE, minus(found))


def opened(machine: Machine, chosen: Chosen) -> tuple[Bound, Int, Element]:
    """New bound indices, the integer by them, and 1 where they are the place of the maximum."""
    names: dict[str, Int] = {}
    bound: list[tuple[str, Int, Int]] = []
    for name, low, high in chosen.bound:
        low, high = low.replaced(names), high.replaced(names)
        names[name] = machine.fresh(name, low, high)
        bound.append((next(iter(names[name].symbols)), low, high))
    weight = TopPlace(chosen.bound, chosen.body, tuple(Int.symbol(name) - low for name, low, _ in bound))
    return tuple(bound), chosen.value.replaced(names), refreshed(weight, machine.fresh)


def opened_maximum(machine: Machine, element: Element) -> Top | None:
    """The maximum that an element is, or that the definition is of which it is an entry; None of anything else."""
    if isinstance(element, Entry):
        known = next((one for one in machine.definitions if one.name == element.name), None)
        if known is None or not isinstance(known.body, Top):
            return None
        element = refreshed(replaced(known.body, dict(zip(known.indices, element.index, strict=True))), machine.fresh)
    return element if isinstance(element, Top) else None


def _at_top(machine: Machine, entry: Element, top: Element) -> Element | None:
    """1 where an entry is at the place of the maximum that `top` is, if the entry is one of those it is over."""
    opened_top = opened_maximum(machine, top)
    if opened_top is None:
        return None
    top = opened_top
    values: dict[str, Int] = {}
    if not _unify(top.body, entry, {name for name, _, _ in top.bound}, values):
        return None
    if len(values) != len(top.bound):
        return None
    for name, low, high in top.bound:
        for condition in (at_least(values[name], low), at_least(high, values[name])):
            if not machine.facts.proves(condition):
                return None
    return TopPlace(top.bound, top.body, tuple(values[name] - low for name, low, _ in top.bound))


def _unify(body: Element, entry: Element, names: set[str], values: dict[str, Int]) -> bool:
    """Whether the body is the entry with these values for the names."""
    if isinstance(body, Entry) and isinstance(entry, Entry) and body.name == entry.name:
        pairs = list(zip(body.index, entry.index, strict=True))
        for left, right in pairs:
            for name in sorted((left.symbols & names) - values.keys()):
                split = left.replaced(values).coefficient(name)
                if split is not None and split[0].constant in (1, -1) and not split[1].symbols & names:
                    rest = right - split[1]
                    values[name] = rest if split[0].constant == 1 else -rest
        return all(left.replaced(values) == right for left, right in pairs)
    mine, theirs = children(body), children(entry)
    if type(body) is not type(entry) or len(mine) != len(theirs):
        return False
    if not mine:
        return replaced(body, values) == entry
    if not all(_unify(p, q, names, values) for p, q in zip(mine, theirs, strict=True)):
        return False
    blank = rebuilt(replaced(body, values), lambda part: ONE, lambda part: part)
    return blank == rebuilt(entry, lambda part: ONE, lambda part: part)


# -- axes ------------------------------------------------------------------------------------------


def axis_number(machine: Machine, axis: Any, rank: int) -> int:
    """A known axis, counted from 0."""
    if isinstance(axis, bool) or not isinstance(axis, Int) or axis.constant is None:
        machine.refuse("an axis that is not known", "write the axis as a number")
    at = axis.constant
    if not -rank <= at < rank:
        machine.refuse(f"there is no axis {at} of {rank}")
    return at % rank


def axes_numbers(machine: Machine, axis: Any, rank: int) -> list[int]:
    """Known axes; None for all."""
    if axis is None:
        return list(range(rank))
    items = list(axis) if isinstance(axis, tuple | list) else [axis]
    found = [axis_number(machine, item, rank) for item in items]
    if len(set(found)) < len(found):
        machine.refuse("an axis stands twice")
    return found


def reduced(
    machine: Machine, array: Array, axis: Any, keepdims: bool, build: Callable[..., Element], kind: str = "real"
) -> Array:
    """build(bound, body) over some axes: the bound indices, each with its first and last value, and the entry."""
    over_axes = axes_numbers(machine, axis, array.rank)
    entries = machine.snapshot(array)
    own = array.axes
    kept = tuple(() if at in over_axes else one for at, one in enumerate(own))
    axes = kept if keepdims else tuple(one for at, one in enumerate(own) if at not in over_axes)

    def entry(index: Index) -> Element:
        rest = list(index) if not keepdims else [part for at, part in enumerate(index) if at not in over_axes]
        full: list[tuple[Int, ...]] = []
        bound: list[tuple[str, Int, Int]] = []
        for at, one in enumerate(own):
            if at in over_axes:
                more, inner = machine.box((one,))
                bound += more
                full.append(inner[0])
            else:
                full.append(rest.pop(0))
        return build(tuple(bound), entries(tuple(full)))

    return machine.make(axes, entry, kind)


__all__ = ["If", "Over", "compared", "reduced"]
