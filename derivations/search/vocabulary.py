"""What regions of formulas about layers are made of: conditions of sizes, with their text and their rank."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, product

from derivations.core import terms as k
from derivations.core.names import Name
from derivations.core.terms import Condition, Int
from derivations.core.writing import operand, syntax, written
from derivations.search.decide import Goal


@dataclass(frozen=True)
class Literal:
    """A condition of the vocabulary, with its text in the claim language and its rank in simplicity."""

    text: str
    condition: Condition
    cost: int


def words(goal: Goal) -> list[Literal]:
    """The vocabulary: what regions of formulas about layers are made of, the simplest first."""
    names = goal.sizes
    symbols = {name: Int.symbol(name) for name in names}
    found: dict[Condition, Literal] = {}

    def add(text: str, condition: Condition, cost: int) -> None:
        if condition not in found:
            found[condition] = Literal(text, condition, cost)

    for name, value in symbols.items():
        for number in (0, 1, 2, 3):
            add(f"{name} == {number}", k.equal(value, number), 1 if number == 1 else 2)
        add(f"{name} % 2 == 1", k.equal(value % 2, 1), 3)
        add(f"{name} % 2 == 0", k.equal(value % 2, 0), 3)
        add(f"{name} >= 2", k.at_most(2, value), 6)
        add(f"{name} >= 1", k.at_most(1, value), 6)
        add(f"{name} <= 2", k.at_most(value, 2), 6)
    for left, right in combinations(names, 2):
        add(f"{left} == {right}", k.equal(symbols[left], symbols[right]), 3)
    for left, right in product(names, names):
        if left != right:
            add(f"{left} % {right} == 0", k.zero(symbols[left] % symbols[right]), 3)
            add(f"{left} <= {right}", k.at_most(symbols[left], symbols[right]), 5)
            add(f"{left} < {right}", k.at_most(symbols[left] + 1, symbols[right]), 5)
            add(f"{left} == 2*{right}", k.equal(symbols[left], 2 * symbols[right]), 6)
            for shift in (1, 2):
                add(f"{left} == {right} + {shift}", k.equal(symbols[left], symbols[right] + shift), 6)
    for quotient in sorted(quotients_of(goal), key=lambda q: k.render(Int({(q,): 1}))):
        whole = Int({(quotient,): 1})
        if whole.symbols() <= set(names):
            rest, by = f"{operand(quotient.p)} % {operand(quotient.q)}", quotient.p % quotient.q
            add(f"{rest} == 0", k.zero(by), 4)
            add(f"{syntax(quotient.p)} < {syntax(quotient.q)}", k.at_most(quotient.p + 1, quotient.q), 4)
            add(f"{syntax(whole)} == 0", k.zero(whole), 7)
            for name, value in symbols.items():
                add(f"{name} == {rest}", k.equal(value, by), 7)
                add(f"{rest} < {name}", k.at_most(by + 1, value), 7)
    for group in goal.groups:
        totals = [piece.numerator for piece in group.pieces] + [
            left.numerator * right.denominator + right.numerator * left.denominator
            for left, right in combinations(group.pieces[:6], 2)
        ]
        for total in totals:
            part = k.zero(total)
            text = text_of(part) if total.symbols() <= set(names) else None
            if text is not None:
                add(text, part, 8)
        for piece in group.pieces:
            for part in _size_conditions(piece.condition, set(names)):
                text = text_of(part)
                if text is not None:
                    add(text, part, 8)
                    opposite = k.negate(part)
                    opposite_text = text_of(opposite)
                    if opposite_text is not None:
                        add(opposite_text, opposite, 8)
    return sorted(found.values(), key=lambda literal: literal.cost)


def quotients_of(goal: Goal) -> set[k.Quotient]:
    """Every quotient that stands in a goal."""
    found: set[k.Quotient] = set()

    def visit(term: Int) -> None:
        for generator in term.generators():
            if not isinstance(generator, k.Sym):
                if isinstance(generator, k.Quotient):
                    found.add(generator)
                visit(generator.p)
                visit(generator.q)

    conditions = [goal.context, *[group.context for group in goal.groups]]
    for group in goal.groups:
        for piece in group.pieces:
            conditions.append(piece.condition)
            visit(piece.numerator)
            visit(piece.denominator)
    for condition in conditions:
        for term in k.condition_terms(condition):
            visit(term)
    return found


def _size_conditions(condition: Condition, names: set[Name]) -> Iterator[Condition]:
    if k.condition_symbols(condition) <= names and isinstance(condition, k.Zero | k.NonNegative):
        yield condition
    elif isinstance(condition, k.And | k.Or):
        for part in condition.parts:
            yield from _size_conditions(part, names)


def text_of(condition: Condition) -> str | None:
    """A condition in claim syntax; None for what would not read well."""
    if not isinstance(condition, k.Zero | k.NonNegative) or len(condition.term.terms) > 6:
        return None
    return written(condition)
