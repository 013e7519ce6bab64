r"""Names, integers and conditions in the notation of a textbook: the part of `latex.py` that knows no formulas.

The law kept here: in nodes every index counts from 0; on the page it counts from where its document counts. What is
set between `counted_from(1, ...)` and its end is the same formula with every index one larger.

What it cannot see: which symbols are indices. Sums and definitions by index say it (`latex.py`), and whoever sets a
claim with free ones.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from sympy import Basic, Expr, Symbol
from sympy.printing.latex import LatexPrinter

from derivations.formulas.integers import AllOf, AnyOf, Compare, Condition, Negation
from derivations.formulas.names import name_to_latex

# -- integers and conditions -----------------------------------------------------------------------


class _Integers(LatexPrinter):  # type: ignore[misc]
    """SymPy's printer for sizes, with our names, floors, remainders, minima and maxima."""

    def _print_Symbol(self, symbol: Symbol, style: str = "plain") -> str:
        return name_to_latex(symbol.name)

    def _as_ordered_terms(self, expr: Expr, order: str | None = None) -> list[Expr]:
        """x - s i rather than - s i + x, and a number last: m - n + 1, but 1 - n."""
        terms = super()._as_ordered_terms(expr, order=order)
        signed = sorted(terms, key=lambda term: bool(term.could_extract_minus_sign()))
        if signed[0].is_number and len(signed) > 1 and signed[1].could_extract_minus_sign():
            return signed
        return sorted(signed, key=lambda term: bool(term.is_number))

    def _print_FloorDiv(self, quotient: Basic, exp: str | None = None) -> str:
        numerator, denominator = (self._print(part) for part in quotient.args)
        return _to_power(rf"\left\lfloor \frac{{{numerator}}}{{{denominator}}} \right\rfloor", exp)

    def _print_Remainder(self, remainder: Basic, exp: str | None = None) -> str:
        left, right = (self.parenthesize(part, 50, strict=True) for part in remainder.args)
        return _to_power(rf"\left({left} \bmod {right}\right)", exp)

    def _print_Minimum(self, least: Basic, exp: str | None = None) -> str:
        return _to_power(rf"\min\left({', '.join(self._print(part) for part in least.args)}\right)", exp)

    def _print_Maximum(self, greatest: Basic, exp: str | None = None) -> str:
        return _to_power(rf"\max\left({', '.join(self._print(part) for part in greatest.args)}\right)", exp)


class _InLine(_Integers):
    """The same for subscripts and limits of sums: quotients with a slash, brackets that do not grow."""

    def _print_FloorDiv(self, quotient: Basic, exp: str | None = None) -> str:
        above, below = (self._factor(part) for part in quotient.args)
        return _to_power(rf"\lfloor {above} / {below} \rfloor", exp)

    def _print_Remainder(self, remainder: Basic, exp: str | None = None) -> str:
        left, right = (self._factor(part) for part in remainder.args)
        return _to_power(rf"({left} \bmod {right})", exp)

    def _print_Minimum(self, least: Basic, exp: str | None = None) -> str:
        return _to_power(rf"\min({', '.join(self._print(part) for part in least.args)})", exp)

    def _print_Maximum(self, greatest: Basic, exp: str | None = None) -> str:
        return _to_power(rf"\max({', '.join(self._print(part) for part in greatest.args)})", exp)

    def _factor(self, part: Basic) -> str:
        text = str(self._print(part))
        return text if part.is_Symbol or part.is_Integer else f"({text})"


# -- counting from 0 or from 1 ---------------------------------------------------------------------


@dataclass(frozen=True)
class _Counting:
    """Where indices start on the page, and which symbols are indices there: in a formula's nodes all count from 0."""

    origin: int = 0
    indices: frozenset[Symbol] = frozenset()


counting: ContextVar[_Counting] = ContextVar("counting", default=_Counting())  # noqa: B039 (it is frozen)


@contextmanager
def counted_from(origin: int, indices: Iterable[Symbol] = ()) -> Iterator[None]:
    """Formulas are set with indices that start at `origin`; these and those that sums bind are indices."""
    token = counting.set(_Counting(origin, frozenset(indices)))
    try:
        yield
    finally:
        counting.reset(token)


def binding(indices: Iterable[Symbol]) -> AbstractContextManager[None]:
    """The same counting inside of a sum over these indices."""
    now = counting.get()
    return counted_from(now.origin, now.indices | frozenset(indices))


def origin_of_page() -> int:
    """Where indices start on the page that is being set."""
    return counting.get().origin


def _as_counted(value: Expr) -> Expr:
    """An integer expression in the indices as the page counts them."""
    now = counting.get()
    if not now.origin:
        return value
    return value.xreplace({index: index - now.origin for index in value.free_symbols & now.indices})


def range_to_latex(index: Symbol, size: Expr) -> str:
    r"""That an index runs over an axis: 0 ≤ i < n, or 1 ≤ i ≤ n where the page counts from 1.

    >>> from derivations.formulas.integers import integer_symbol
    >>> print(range_to_latex(integer_symbol("i"), integer_symbol("n")))
    0 \le i < n
    """
    origin = counting.get().origin
    relation = r"\le" if origin else "<"
    return rf"{origin} \le {name_to_latex(index.name)} {relation} {integer_to_latex(size)}"


def _to_power(text: str, exponent: str | None) -> str:
    return text if exponent is None else f"{text}^{{{exponent}}}"


def integer_to_latex(value: Expr) -> str:
    r"""An integer expression, or an exact rational function of sizes.

    >>> from derivations.formulas.integers import FloorDiv, integer_symbol
    >>> print(integer_to_latex(FloorDiv(integer_symbol("H") - integer_symbol("m"), integer_symbol("s")) + 1))
    \left\lfloor \frac{H - m}{s} \right\rfloor + 1
    """
    return str(_Integers({"fold_short_frac": False}).doprint(_as_counted(value)))


def small(value: Expr) -> str:
    """An integer expression in a subscript or a limit."""
    text = str(_InLine({"fold_short_frac": True}).doprint(_as_counted(value)))
    return text.replace(r"\left(", "(").replace(r"\right)", ")")


RELATIONS = {"==": "=", "!=": r"\neq", "<=": r"\le", "<": "<", ">=": r"\ge", ">": ">"}


def condition_to_latex(condition: Condition, inside: bool = False) -> str:
    r"""A condition between integers; a conjunction is a list with commas.

    >>> from derivations.formulas.integers import integer_symbol
    >>> m, H = integer_symbol("m"), integer_symbol("H")
    >>> print(condition_to_latex(AllOf(Compare("<=", m, H), Compare("==", m, 1))))
    m \le H,\ m = 1
    """
    if isinstance(condition, Compare):
        left, right = integer_to_latex(condition.left), integer_to_latex(condition.right)
        return f"{_bare(left)} {RELATIONS[condition.operator]} {_bare(right)}"
    if isinstance(condition, Negation):
        return rf"\neg {fence(condition_to_latex(condition.args[0]))}"
    if not condition.args:
        return r"\text{always}" if isinstance(condition, AllOf) else r"\text{never}"
    parts = [condition_to_latex(part, inside=True) for part in condition.args]
    if len(parts) == 1:
        return parts[0]
    if isinstance(condition, AnyOf):
        joined = r" \ \lor\ ".join(parts)
    else:
        joined = r" \land ".join(parts) if inside else r",\ ".join(parts)
    return fence(joined) if inside else joined


def _bare(text: str) -> str:
    """A side of a relation does not need the parentheses that a remainder carries."""
    match = re.fullmatch(r"\\left\((.* \\bmod [^()]*)\\right\)", text)
    return match[1] if match and r"\left(" not in match[1] else text


def fence(text: str) -> str:
    """Round parentheses, growing only where something inside is taller than a line."""
    tall = any(mark in text for mark in (r"\frac", r"\sum", r"\begin", r"\left", r"\prod"))
    return rf"\left({text}\right)" if tall else f"({text})"
