"""Integer terms and conditions of the kernel in the claim language, as a person writes them.

    m - 1 - p  is  m - p - 1        i - n*(i//n)  is  i % n        i - m + 1 >= 0  is  i >= m - 1

Law: what is printed has the value of what was given, for all values of its symbols. It is read back and evaluated by
the tests.

What it cannot see: what is known of the symbols; `index_form.py` leaves out what others imply.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from derivations.core.names import Name, in_order, text_of
from derivations.core.terms import (
    And,
    Condition,
    Generator,
    Int,
    Least,
    Monomial,
    NonNegative,
    Or,
    Quotient,
    Sym,
    Zero,
)

_SIMPLE = re.compile(r"\w+")
_PRODUCT = re.compile(r"\w+(?:\*{1,2}\w+)*")


def pretty(value: Int) -> str:
    """A polynomial with its positive terms first and its constant last.

    >>> pretty(Int.symbol("m") - 1 - Int.symbol("p")), pretty(Int.symbol("i") % Int.symbol("n"))
    ('m - p - 1', 'i % n')
    """
    value, remainders = _with_remainders(value)
    positive = [(m, c) for m, c in value.terms.items() if c > 0 and m]
    negative = [(m, c) for m, c in value.terms.items() if c < 0 and m]
    constant = [(m, c) for m, c in value.terms.items() if not m]
    first = bool(constant) and not positive and constant[0][1] > 0
    order = [*_sorted(positive), *_sorted(negative)]
    return _bare(_sum_text([*constant, *order] if first else [*order, *constant], remainders))


def _sum_text(items: Iterable[tuple[Monomial, int]], remainders: Mapping[Any, str]) -> str:
    text = ""
    for monomial, coefficient in items:
        counted = Counter(_generator(generator, remainders) for generator in monomial)
        factors = [factor if power == 1 else f"{factor}**{power}" for factor, power in counted.items()]
        size = abs(coefficient)
        body = "*".join([str(size), *factors] if size != 1 or not factors else factors)
        sign = "-" if coefficient < 0 else "+"
        text += f" {sign} {body}" if text else body if sign == "+" else f"-{body}"
    return text or "0"


def _sorted(items: Iterable[tuple[Monomial, int]]) -> list[tuple[Monomial, int]]:
    return sorted(items, key=lambda item: [(not isinstance(g, Sym), g.order) for g in item[0]])


def _with_remainders(value: Int) -> tuple[Int, dict[str, str]]:
    """The polynomial with each p - q*(p//q) in it replaced by one symbol, and what these symbols are."""
    found: dict[str, str] = {}
    for quotient in [g for g in value.generators() if isinstance(g, Quotient)]:
        if len(quotient.q.terms) != 1:
            continue
        ((lead, scale),) = quotient.q.terms.items()
        monomial = tuple(sorted((*lead, quotient), key=lambda g: g.order))
        times, rest = divmod(-value.terms.get(monomial, 0), scale)
        remainder = quotient.p - quotient.q * Int({(quotient,): 1})
        candidate = value - remainder * times
        if times and not rest and len(candidate.terms) + 1 < len(value.terms):
            name = f"%{len(found)}"
            found[name] = f"({operand(quotient.p)} % {operand(quotient.q)})"
            value = candidate + Int.symbol(name) * times
    return value, found


def _generator(generator: Generator, remainders: Mapping[Any, str]) -> str:
    if isinstance(generator, Sym):
        return remainders.get(generator.name, text_of(generator.name))
    if isinstance(generator, Quotient):
        return f"({operand(generator.p)}//{operand(generator.q)})"
    word = "min" if isinstance(generator, Least) else "max"
    return f"{word}({pretty(generator.p)}, {pretty(generator.q)})"


def _bare(text: str) -> str:
    """Without parentheses around the whole."""
    depth = 0
    for place, letter in enumerate(text):
        depth += (letter == "(") - (letter == ")")
        if not depth and place < len(text) - 1:
            return text
    return text[1:-1] if text.startswith("(") else text


def factor(value: Int) -> str:
    """A polynomial as a factor of a product that multiplies."""
    text = pretty(value)
    return text if _PRODUCT.fullmatch(text) else f"({text})"


def operand(value: Int) -> str:
    """A polynomial as an operand of a quotient."""
    text = pretty(value)
    return text if _SIMPLE.fullmatch(text) else f"({text})"


def condition_text(condition: Condition) -> str:
    """A condition as it stands in an Iverson bracket.

    >>> i, j, n = map(Int.symbol, "ijn")
    >>> condition_text(NonNegative(j - i)), condition_text(Zero(i - n + 1)), condition_text(Zero(2 * i - 3 * n))
    ('j >= i', 'i == n - 1', '2*i == 3*n')
    >>> condition_text(Zero(i % n)), condition_text(Zero(-(i % n)))
    ('i % n == 0', 'i % n == 0')
    """
    if isinstance(condition, And | Or):
        word = " and " if isinstance(condition, And) else " or "
        parts = [f"({condition_text(p)})" if isinstance(p, And | Or) else condition_text(p) for p in condition.parts]
        return word.join(parts) or ("0 == 0" if isinstance(condition, And) else "0 == 1")
    left = Int({m: c for m, c in condition.term.terms.items() if c > 0 and m})
    right = left - condition.term
    if isinstance(condition, NonNegative):
        if not left.terms:
            left, right = left + condition.term.terms.get((), 0), right + condition.term.terms.get((), 0)
        return f"{pretty(left)} >= {pretty(right)}"
    if isinstance(condition, Zero) and _with_remainders(condition.term)[1]:
        either = [pretty(condition.term), pretty(-condition.term)]
        return f"{min(either, key=lambda text: (text[0] == '-', text))} == 0"
    for name in in_order(condition.term.symbols()):
        value = solution(condition.term, name)
        if value is not None:
            return f"{text_of(name)} == {pretty(value)}"
    return f"{pretty(left)} == {pretty(right)}"


def solution(equation: Int, name: Name) -> Int | None:
    """The value of a name in equation == 0, where it stands alone with the coefficient 1 or -1."""
    alone = (Sym(name),)
    coefficient = equation.terms.get(alone)
    if coefficient not in (1, -1):
        return None
    rest = Int({monomial: value for monomial, value in equation.terms.items() if monomial != alone})
    if name in rest.symbols():
        return None
    return rest * -1 if coefficient == 1 else rest


def intervals(bounds: Sequence[Int]) -> list[str]:
    """Bounds t >= 0 as conditions, two of them together where they say 0 <= t <= a size.

    >>> k, n = Int.symbol("k"), Int.symbol("n")
    >>> intervals([k, n - 1 - k])
    ['0 <= k <= n - 1']
    """
    left, found = list(dict.fromkeys(bounds)), []
    while left:
        first = left.pop(0)
        for other in left:
            whole = first + other
            if whole.terms and whole.symbols() < first.symbols() | other.symbols():
                left.remove(other)
                low = min(first, other, key=lambda value: (len(value.terms), len(pretty(value))))
                found.append(f"0 <= {pretty(low)} <= {pretty(whole)}")
                break
        else:
            found.append(condition_text(NonNegative(first)))
    return found
