"""Terms and conditions in the claim language, for regions and for messages.

>>> from derivations.core.terms import Int, at_most
>>> s, f = Int.symbol("s"), Int.symbol("f")
>>> written(at_most(s + 1, f))
'f >= s + 1'
"""

from __future__ import annotations

from derivations.core.names import text_of
from derivations.core.terms import And, Condition, Generator, Int, Least, Or, Quotient, Sym, Zero, as_sum


def syntax(value: Int) -> str:
    """A term in claim syntax: positive parts first, numbers last."""
    items = value.terms.items()
    return as_sum(sorted(items, key=lambda item: (not item[0], item[1] < 0, [_factor(g) for g in item[0]])), _factor)


def _factor(generator: Generator) -> str:
    if isinstance(generator, Sym):
        return text_of(generator.name)
    if isinstance(generator, Quotient):
        return f"({operand(generator.p)} // {operand(generator.q)})"
    word = "min" if isinstance(generator, Least) else "max"
    return f"{word}({syntax(generator.p)}, {syntax(generator.q)})"


def operand(value: Int) -> str:
    """A term as a factor: in parentheses unless it is a symbol, a quotient, or a number that is not negative."""
    text = syntax(value)
    (monomial, coefficient), *others = value.terms.items() or [((), 0)]
    single = not others and ((len(monomial) == 1 and coefficient == 1) or (not monomial and coefficient >= 0))
    return text if single else f"({text})"


def written(condition: Condition) -> str:
    """A condition in claim syntax, positive terms on the left."""
    if isinstance(condition, And | Or):
        word = " and " if isinstance(condition, And) else " or "
        return word.join(f"({written(p)})" if isinstance(p, And | Or) else written(p) for p in condition.parts)
    terms = condition.term.terms
    left = Int({m: c for m, c in terms.items() if c > 0})
    right = Int({m: -c for m, c in terms.items() if c < 0})
    return f"{syntax(left)} {'==' if isinstance(condition, Zero) else '>='} {syntax(right)}"
