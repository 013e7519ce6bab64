"""When does a formula exist? The conditions on sizes and indices, as obligations.

An obligation is a condition that must hold wherever its guard does (the guard says which indices are meant). A claim's
side exists at given sizes when all its obligations hold there; a definition's obligations must hold for all sizes of
its context, or the input is wrong.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sympy import Basic

from derivations.core import terms as k
from derivations.core.names import Name
from derivations.core.terms import Condition, Int
from derivations.formulas import integers
from derivations.formulas.expressions import (
    Apply,
    Bracket,
    ByIndex,
    Constant,
    DataBracket,
    Definition,
    Elementwise,
    Entry,
    Expression,
    Grad,
    IndexSum,
    Loss,
    Minus,
    Over,
    Plus,
    Power,
    SizeTuple,
    Slice,
    Times,
)
from derivations.formulas.integers import FloorDiv, Remainder
from derivations.meaning.domains import Domain, allowed
from derivations.meaning.functions import Unsupported
from derivations.meaning.lowering import Environment, Lowering
from derivations.meaning.matrices import matrix_of
from derivations.meaning.ranges import in_bounds, range_condition, symbols_of
from derivations.meaning.regular import regular
from derivations.meaning.translation import at_values
from derivations.operators import OPERATORS

# Of a function and of its derivatives.
DOMAINS = {"log": (Domain.POSITIVE, Domain.POSITIVE), "sqrt": (Domain.NOT_NEGATIVE, Domain.POSITIVE)}


INVERTED = ("inv", "solve")  # operators that ask for an inverse of their first argument


@dataclass(frozen=True)
class Obligation:
    """`condition` must hold for all values of the indices for which `guard` holds; `what` says it in words."""

    guard: Condition
    condition: Condition
    what: str


def obligations(
    lowering: Lowering, node: Basic, env: Environment, guard: Condition = k.TRUE, inferred: frozenset[str] = frozenset()
) -> Iterator[Obligation]:
    """All obligations of a formula, those of its parts first. Definitions are checked where they are given.

    `inferred` are the indices whose range is what makes entries exist; entries with such an index have no obligation.
    """
    if isinstance(node, Definition | Loss):
        return
    if isinstance(node, IndexSum | ByIndex):
        yield from _scope(lowering, node, env, guard, inferred)
        return
    for part in node.args:
        if isinstance(part, Expression):
            yield from obligations(lowering, part, env, guard, inferred)
    if isinstance(node, Bracket):
        yield from _of_condition(lowering, node.condition, env, guard)
    for what, condition in _own(lowering, node, env, inferred):
        if condition != k.TRUE:
            yield Obligation(guard, condition, what)
    for part, domain in _asked(node):
        yield from _in_domain(lowering, part, domain, env, guard)
    if isinstance(node, Apply) and node.operator in INVERTED:
        matrix, outer = matrix_of(lowering, node.tensors[0], env, frozenset())
        condition = k.substitute_condition(regular(lowering, matrix), at_values(matrix.formals[:-2], outer))
        if condition != k.TRUE:
            yield Obligation(guard, condition, f"{matrix.text} is invertible for some data")


def _asked(node: Basic) -> Iterator[tuple[Expression, Domain]]:
    """The arguments of partial functions, with what is asked of them; quotients by integers aside."""
    if isinstance(node, Over):
        if not isinstance(opened(node.args[1]), Constant):
            yield node.args[1], Domain.NOT_ZERO
    elif isinstance(node, Power):
        exponent = node.args[1].value if isinstance(node.args[1], Constant) else node.args[1]
        if exponent.is_Rational and not exponent.is_Integer:
            yield node.args[0], Domain.POSITIVE if exponent < 0 else Domain.NOT_NEGATIVE
        elif not exponent.is_Integer or exponent < 0:
            yield node.args[0], Domain.NOT_ZERO
    elif isinstance(node, Elementwise) and node.name in DOMAINS:
        yield node.of, DOMAINS[node.name][min(node.order, 1)]


def _in_domain(
    lowering: Lowering, node: Expression, domain: Domain, env: Environment, guard: Condition
) -> Iterator[Obligation]:
    """That every entry of a formula is in a domain for some data."""
    if lowering.evident(node, domain):
        return
    place = tuple(Int.symbol(lowering.fresh()) for _ in node.shape)
    terms = lowering.lower(node, place, env, frozenset())
    condition = allowed(terms, domain, lowering.argument_at)
    if condition == k.TRUE:
        return
    sizes = lowering.shape(node, env)
    names = frozenset[Name]().union(*(i.symbols() for i in place))
    if k.condition_symbols(condition) & names:
        inside = k.all_of(k.between(0, i, n - 1) for i, n in zip(place, sizes, strict=True))
    else:
        inside = k.all_of(k.nonnegative(n - 1) for n in sizes)
    yield Obligation(k.all_of((guard, inside)), condition, f"{node} {domain.value}")


def _scope(
    lowering: Lowering, node: IndexSum | ByIndex, env: Environment, guard: Condition, inferred: frozenset[str]
) -> Iterator[Obligation]:
    inner = dict(env)
    free = set(inferred)
    conditions = [guard]
    for part in node.ranges:
        name = lowering.fresh()
        for bound in part.args[1:]:
            for what, condition in _divisors(lowering, bound, inner):
                yield Obligation(k.all_of(conditions), condition, what)
        inner[part.index.name] = Int.symbol(name)
        free.discard(part.index.name)
        if part.explicit:
            low, high = lowering.integer(part.low, inner), lowering.integer(part.high, inner)
            conditions.append(k.between(low, Int.symbol(name), high))
        else:
            free.add(part.index.name)
        if isinstance(node, ByIndex):
            yield Obligation(guard, k.nonnegative(high + 1), f"the range of {part.index} has a size")
    if isinstance(node, IndexSum):
        for size in node.shape:  # of an empty sum too, whose terms have no duties
            condition = k.nonnegative(lowering.integer(size, inner))
            if condition != k.TRUE:
                yield Obligation(guard, condition, f"{size} >= 0")
        conditions.append(range_condition(lowering, node, inner))
    yield from obligations(lowering, node.body, inner, k.all_of(conditions), frozenset(free))


def _own(
    lowering: Lowering, node: Basic, env: Environment, inferred: frozenset[str]
) -> Iterator[tuple[str, Condition]]:
    """The conditions that a node itself adds to those of its parts."""
    if isinstance(node, Over):
        divisor = opened(node.args[1])
        if isinstance(divisor, Constant):
            numerator, _ = lowering.fraction(divisor.value, env)
            yield "the divisor is not 0", k.negate(k.zero(numerator))
    for argument in _integer_arguments(node):
        yield from _divisors(lowering, argument, env)
    if isinstance(node, Apply):
        for condition in OPERATORS[node.operator].exists(*node.arguments):
            yield f"{node.operator} exists", lowering.condition(condition, env)
    elif isinstance(node, Plus | Minus | Times | Over | DataBracket):
        ranked = [part for part in node.args if isinstance(part, Expression) and part.rank]
        for part in ranked[1:]:
            for left, right in zip(ranked[0].shape, part.shape, strict=True):
                same = k.equal(lowering.integer(left, env), lowering.integer(right, env))
                yield f"{left} == {right}", same
    elif isinstance(node, Entry):
        if not symbols_of(node.indices) & inferred:
            yield "the entry exists", in_bounds(lowering, node, env)
    elif isinstance(node, Constant):
        _, denominator = lowering.fraction(node.value, env)
        yield "the divisor is not 0", k.negate(k.zero(denominator))
    elif isinstance(node, Grad):
        return


def opened(node: Expression) -> Expression:
    """What a name of a name of a formula stands for."""
    while isinstance(node, Definition):
        node = node.body
    return node


def _integer_arguments(node: Basic) -> Iterator[Basic]:
    """The integer expressions that a node holds itself."""
    if isinstance(node, Constant):
        yield node.value
    elif isinstance(node, Apply | Entry | SizeTuple):
        stack = [part for part in node.args if not isinstance(part, Expression)]
        while stack:
            part = stack.pop()
            if isinstance(part, Slice) or type(part).__name__ == "Tuple":
                stack += part.args
            else:
                yield part


def _of_condition(
    lowering: Lowering, condition: integers.Condition, env: Environment, guard: Condition
) -> Iterator[Obligation]:
    """The divisors in a condition, from left to right: [s >= 1, i % s == 0] asks nothing of s where s >= 1 fails, and
    of alternatives the next one is asked where those before it fail."""
    if isinstance(condition, integers.AllOf | integers.AnyOf):
        for part in condition.args:
            yield from _of_condition(lowering, part, env, guard)
            try:
                met = lowering.condition(part, env)
            except Unsupported:  # of a fraction, say: then what comes after is asked in any case
                continue
            guard = k.all_of((guard, met if isinstance(condition, integers.AllOf) else k.negate(met)))
        return
    if isinstance(condition, integers.Negation):
        yield from _of_condition(lowering, condition.args[0], env, guard)
        return
    for what, duty in _divisors(lowering, condition, env):
        if duty != k.TRUE:
            yield Obligation(guard, duty, what)


def _divisors(lowering: Lowering, value: Basic, env: Environment) -> Iterator[tuple[str, Condition]]:
    for part in getattr(value, "args", ()):
        yield from _divisors(lowering, part, env)
    if isinstance(value, FloorDiv | Remainder):
        divisor = value.args[1]
        yield f"{divisor} >= 1", k.nonnegative(lowering.integer(divisor, env) - 1)
