"""Conditions: between sizes (a `Condition`), between data (a pair of formulas), and Iverson's brackets of
both."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sympy import Expr, Integer

from derivations.formulas.expressions import Bracket, Constant, DataBracket, Expression, Minus, Plus, SizeTuple, Times
from derivations.formulas.integers import AllOf, AnyOf, Compare, Condition, Negation, conjuncts
from derivations.language.arithmetic import Arithmetic, is_integer_expression
from derivations.language.reader import Reader
from derivations.language.syntax import span


@dataclass(frozen=True)
class DataRelation:
    """A comparison of formulas that are not both integers, with the tree it comes from."""

    operator: str
    left: Expression
    right: Expression
    tree: Any


Relation = Condition | DataRelation


def relations(elaborator: Reader, tree: Any) -> Iterator[Relation]:
    """The conditions of a comma list or conjunction, one after the other."""
    if tree.data in ("conditions", "all_of"):
        for part in tree.children:
            yield from relations(elaborator, part)
    elif tree.data == "group" and len(tree.children) == 1:
        yield from relations(elaborator, tree.children[0])
    elif tree.data == "comparison":
        yield from _comparisons(elaborator, tree)
    else:
        yield size_condition(elaborator, tree)


def _comparisons(elaborator: Reader, tree: Any) -> Iterator[Relation]:
    """The links of a comparison chain."""
    parts = tree.children
    nodes = [elaborator.node(part) for part in parts[::2]]
    for at, sign in enumerate(parts[1::2]):
        yield _relation(elaborator, str(sign), nodes[at], nodes[at + 1], parts[2 * at], parts[2 * at + 2])


def _relation(
    elaborator: Reader, sign: str, left: Expression, right: Expression, first: Any, second: Any
) -> Relation:
    if isinstance(left, Constant) and isinstance(right, Constant):
        return _compare(elaborator, sign, left.value, right.value, first, second)
    if isinstance(left, SizeTuple) or isinstance(right, SizeTuple):
        return _compare_sizes(elaborator, sign, left, right, first, second)
    return DataRelation(sign, left, right, (first, second))


def _compare(elaborator: Reader, sign: str, left: Expr, right: Expr, first: Any, second: Any) -> Compare:
    """A comparison of integers; quotients with positive divisors are multiplied out."""
    if is_integer_expression(left) and is_integer_expression(right):
        return Compare(sign, left, right)
    numerators, divisors = zip(*[value.together().as_numer_denom() for value in (left, right)], strict=True)
    fits = all(is_integer_expression(value) for value in (*numerators, *divisors))
    if fits and all(elaborator.arithmetic.positive(divisor) for divisor in divisors):
        return Compare(sign, numerators[0] * divisors[1], numerators[1] * divisors[0])
    bad = first if not is_integer_expression(left) else second
    raise elaborator.error(
        bad,
        "a condition compares integers",
        "an integer expression in the sizes",
        "multiply by the divisor, or use //",
    )


def _compare_sizes(
    elaborator: Reader, sign: str, left: Expression, right: Expression, first: Any, second: Any
) -> Condition:
    if not (isinstance(left, SizeTuple) and isinstance(right, SizeTuple)) or len(left.sizes) != len(right.sizes):
        raise elaborator.error(second, "a tuple of sizes is compared with something else", "a tuple of the same length")
    if sign not in ("==", "!="):
        raise elaborator.error(second, f"tuples of sizes are not ordered by {sign}", "== or !=")
    pairs = zip(left.sizes, right.sizes, strict=True)
    equal = AllOf(*[_compare(elaborator, "==", a, b, first, second) for a, b in pairs])
    return equal if sign == "==" else Negation(equal)


def total(elaborator: Reader, found: Condition) -> Condition:
    """A condition with a truth value at all sizes: where a divisor in it is not positive, it does not hold."""
    arithmetic = elaborator.arithmetic
    known = list(elaborator.scope.conditions)
    guards: list[Condition] = []
    for part in conjuncts(found):
        sides = [side for comparison in part.atoms(Compare) for side in (comparison.left, comparison.right)]
        partial = set().union(*[arithmetic.partial(side) for side in sides]) if sides else set()
        for divisor in sorted({quotient.args[1] for quotient in partial}, key=str):
            guards.append(Compare(">=", divisor, 1))
        known.append(part)
        arithmetic = Arithmetic(elaborator.scope.dims, [*known, *guards])
    if not guards:
        return found
    return AllOf(*guards, *(found.args if isinstance(found, AllOf) else (found,)))


def condition(elaborator: Reader, tree: Any) -> Relation:
    """A condition as one object; data comparisons only where they stand alone."""
    if tree.data == "comparison" and len(tree.children) == 3:
        return next(_comparisons(elaborator, tree))
    return size_condition(elaborator, tree)


def size_condition(elaborator: Reader, tree: Any) -> Condition:
    """A condition between integers alone."""
    if tree.data in ("conditions", "all_of", "any_of"):
        parts = [size_condition(elaborator, part) for part in tree.children]
        if len(parts) == 1:
            return parts[0]
        return (AnyOf if tree.data == "any_of" else AllOf)(*parts)
    if tree.data == "negation":
        return Negation(size_condition(elaborator, tree.children[0]))
    if tree.data == "group" and len(tree.children) == 1:
        return size_condition(elaborator, tree.children[0])
    if tree.data == "name" and str(tree.children[0]) in ("true", "false"):
        return AllOf() if str(tree.children[0]) == "true" else AnyOf()
    if tree.data != "comparison":
        raise elaborator.error(tree, "this is not a condition", "a comparison such as m <= H")
    links = list(_comparisons(elaborator, tree))
    for link in links:
        if isinstance(link, DataRelation):
            raise elaborator.error(
                tree, "a condition on data stands where sizes are compared", "a condition between integers"
            )
    found = [link for link in links if isinstance(link, Condition)]
    return found[0] if len(found) == 1 else AllOf(*found)


def bracket(elaborator: Reader, tree: Any) -> Expression:
    """[conditions]: 1 where all of them hold, else 0; on tensors entry by entry."""
    parts = [_indicator(elaborator, part) for part in tree.children]
    return _as_node(_conjunction(parts))


def _conjunction(parts: list[Condition | Expression]) -> Condition | Expression:
    if len(parts) == 1:
        return parts[0]
    if all(isinstance(part, Condition) for part in parts):
        return AllOf(*parts)
    both: Expression = Times(*[_as_node(part) for part in parts])
    return both


def _as_node(part: Condition | Expression) -> Expression:
    return Bracket(part) if isinstance(part, Condition) else part


def _indicator(elaborator: Reader, tree: Any) -> Condition | Expression:
    """A condition between integers, or the 0-1 formula of one that speaks of data."""
    if tree.data == "group" and len(tree.children) == 1:
        return _indicator(elaborator, tree.children[0])
    if tree.data == "comparison":
        links = [
            link if isinstance(link, Condition) else DataBracket(link.operator, link.left, link.right)
            for link in _comparisons(elaborator, tree)
        ]
        return _conjunction(links)
    if tree.data in ("all_of", "any_of", "negation"):
        parts = [_indicator(elaborator, part) for part in tree.children]
        return _COMBINED[tree.data](parts)
    return size_condition(elaborator, tree)


def _disjunction(parts: list[Condition | Expression]) -> Condition | Expression:
    if all(isinstance(part, Condition) for part in parts):
        return AnyOf(*parts)
    one = Constant(Integer(1))
    none: Expression = Times(*[Plus(one, Minus(_as_node(part))) for part in parts])
    either: Expression = Plus(one, Minus(none))
    return either


def _complement(parts: list[Condition | Expression]) -> Condition | Expression:
    (part,) = parts
    return Negation(part) if isinstance(part, Condition) else Plus(Constant(Integer(1)), Minus(part))


_COMBINED = {"all_of": _conjunction, "any_of": _disjunction, "negation": _complement}


def text_of(elaborator: Reader, *trees: Any) -> str:
    """The source text from the first tree to the last, white space normalised."""
    start, end = span(trees[0])[0], span(trees[-1])[1]
    return " ".join(elaborator.statement.text[start:end].split())
