"""What is linear in its data, entry by entry: tensors, definitions, sums, products, subscripts, operators of the table.

An operator is read off its row's index definition; nothing here is a rule of a single operator.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any

from sympy import Basic, Tuple
from sympy.core.symbol import Str

from derivations.core import terms as k
from derivations.core.heads import Entry as EntryHead
from derivations.core.names import Name
from derivations.core.sums import Atom, Term
from derivations.core.terms import Int
from derivations.formulas.expressions import (
    Bracket,
    ByIndex,
    Constant,
    Definition,
    Entry,
    Expression,
    IndexSum,
    Literal,
    Minus,
    Plus,
    SizeTuple,
    Slice,
    Tensor,
    Times,
)
from derivations.meaning.integers import Environment
from derivations.meaning.ranges import range_condition
from derivations.meaning.translation import Cut, Every, Terms, Translation, scaled
from derivations.operators.row import Gather


def tensor(lowering: Translation, node: Tensor, index: tuple[Int, ...], env: Environment, cut: Cut) -> Terms:
    return _unknown(lowering, node, index)


def _unknown(lowering: Translation, node: Tensor | Definition, index: tuple[Int, ...]) -> Terms:
    head = EntryHead(node.name)
    if head not in lowering.shapes:
        lowering.shapes[head] = lowering.shape(node, {})
    return [Term((Atom(head, index),))]


def definition(lowering: Translation, node: Definition, index: tuple[Int, ...], env: Environment, cut: Cut) -> Terms:
    if node.name in cut or Every.DEFINITION in cut:
        return _unknown(lowering, node, index)
    return lowering.lower(node.body, index, {}, cut)


def constant(lowering: Translation, node: Constant, index: tuple[Int, ...], env: Environment, cut: Cut) -> Terms:
    numerator, denominator = lowering.fraction(node.value, env)
    return [Term(numerator=numerator, denominator=denominator)]


def literal(lowering: Translation, node: Literal, index: tuple[Int, ...], env: Environment, cut: Cut) -> Terms:
    shape = [int(size) for size in node.shape]
    return _table(index, zip(product(*[range(n) for n in shape]), node.values, strict=True))


def plus(lowering: Translation, node: Plus, index: tuple[Int, ...], env: Environment, cut: Cut) -> Terms:
    return [term for part in node.args for term in lowering.part(part, index, env, cut)]


def minus(lowering: Translation, node: Minus, index: tuple[Int, ...], env: Environment, cut: Cut) -> Terms:
    return scaled(lowering.part(node.args[0], index, env, cut), -1)


def times(lowering: Translation, node: Times, index: tuple[Int, ...], env: Environment, cut: Cut) -> Terms:
    return lowering.products([lowering.part(part, index, env, cut) for part in node.args])


def gathered(lowering: Translation, gather: Gather, tensors: Sequence[Expression], env: Environment, cut: Cut) -> Terms:
    """An index definition as terms: the product of its reads, in its frame."""
    values = {name: Int.symbol(lowering.fresh()) for name, _, _ in gather.bound}
    inside = [
        k.between(k.substitute(Int.of(low), values), values[name], k.substitute(Int.of(high), values))
        for name, low, high in gather.bound
    ]
    frame = Term(
        (),
        frozenset[Name]().union(*(value.symbols() for value in values.values())),
        k.all_of((*inside, k.substitute_condition(gather.condition, values))),
        k.substitute(gather.numerator, values),
        k.substitute(gather.denominator, values),
    )
    reads = [
        lowering.lower(tensors[number], [k.substitute(i, values) for i in place], env, cut)
        for number, place in gather.reads
    ]
    return lowering.products([[frame], *reads])


def argument_of(lowering: Translation, argument: Basic, env: Environment) -> Any:
    """An operator's argument for its index definition: a shape, a mode, integers."""
    if isinstance(argument, Expression):
        return lowering.shape(argument, env)
    if isinstance(argument, Str):
        return str(argument.name)
    if isinstance(argument, Tuple):
        return tuple(argument_of(lowering, part, env) for part in argument)
    return lowering.integer(argument, env)


def entry(lowering: Translation, node: Entry, index: tuple[Int, ...], env: Environment, cut: Cut) -> Terms:
    kept = iter(index)
    place = []
    for part in node.indices:
        if isinstance(part, Slice):
            place.append(lowering.integer(part.start, env) + lowering.integer(part.step, env) * next(kept))
        else:
            place.append(lowering.integer(part, env))
    return lowering.lower(node.of, place, env, cut)


def index_sum(lowering: Translation, node: IndexSum, index: tuple[Int, ...], env: Environment, cut: Cut) -> Terms:
    inner = dict(env)
    names = []
    conditions = []
    for part in node.ranges:
        name = lowering.fresh()
        names.append(name)
        if part.explicit:
            low, high = lowering.integer(part.low, inner), lowering.integer(part.high, inner)
            conditions.append(k.between(low, Int.symbol(name), high))
        inner[part.index.name] = Int.symbol(name)
    conditions.append(range_condition(lowering, node, inner))
    frame = Term((), frozenset(names), k.all_of(conditions))
    return lowering.products([[frame], lowering.lower(node.body, index, inner, cut)])


def by_index(lowering: Translation, node: ByIndex, index: tuple[Int, ...], env: Environment, cut: Cut) -> Terms:
    lead = len(node.ranges)
    inner = dict(env)
    for part, value in zip(node.ranges, index[:lead], strict=True):
        inner[part.index.name] = value
    return lowering.lower(node.body, index[lead:], inner, cut)


def bracket(lowering: Translation, node: Bracket, index: tuple[Int, ...], env: Environment, cut: Cut) -> Terms:
    return [Term(condition=lowering.condition(node.condition, env))]


def size_tuple(lowering: Translation, node: SizeTuple, index: tuple[Int, ...], env: Environment, cut: Cut) -> Terms:
    found = []
    for position, size in enumerate(node.sizes):
        numerator, denominator = lowering.fraction(size, env)
        condition = k.equal(index[0], position)
        if condition != k.FALSE:
            found.append(Term((), frozenset(), condition, numerator, denominator))
    return found


def _table(index: Sequence[Int], entries: Any) -> Terms:
    """Terms that are given numbers at given places."""
    found = []
    for place, value in entries:
        condition = k.all_of(k.equal(i, j) for i, j in zip(index, place, strict=True))
        if condition != k.FALSE and value:
            found.append(Term((), frozenset(), condition, Int.of(int(value.p)), Int.of(int(value.q))))
    return found
