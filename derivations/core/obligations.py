"""A question of the referee: integers are sought that satisfy a condition; that there are none is what is to be shown.

    Question = condition, and perhaps Σ [case]·amount ≠ 0        established where no integers satisfy both

It exists so that everything that a proof rests on can be written down and asked of anybody's solver: `Script` writes a
question in SMT-LIB 2, and the deciders read what it writes. A quotient ⌊p/d⌋ is one fresh integer q with
d·q <= p <= d·q + d − 1, which is what it is where d >= 1; that d >= 1 is a question of its own, asked before.

What it cannot see: why a question is asked. That is the referee's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from derivations.core.names import Name, in_order, is_size, text_of
from derivations.core.terms import (
    TRUE,
    And,
    Condition,
    Generator,
    Int,
    Least,
    NonNegative,
    Quotient,
    Sym,
    Zero,
    condition_symbols,
    condition_terms,
    conjuncts,
)

Cases = tuple[tuple[Condition, Int], ...]


@dataclass(frozen=True)
class Question:
    """No integers satisfy `condition` and, where there are cases, Σ [case]·amount ≠ 0; `about` says what for."""

    condition: Condition
    cases: Cases = ()
    about: str = field(default="", compare=False)

    def symbols(self) -> frozenset[Name]:
        """The names of all symbols."""
        names = condition_symbols(self.condition)
        for case, amount in self.cases:
            names |= condition_symbols(case) | amount.symbols()
        return names

    def terms(self) -> Iterator[Int]:
        """Every integer term."""
        yield from condition_terms(self.condition)
        for case, amount in self.cases:
            yield from condition_terms(case)
            yield amount


def divisors(terms: Iterable[Int]) -> dict[Int, None]:
    """Every divisor of a quotient in some terms, the inner ones first; not those that are positive numbers.

    >>> n, s = Int.symbol("n"), Int.symbol("s")
    >>> list(divisors([n // s + n // 2]))
    [s]
    """
    found: dict[Int, None] = {}
    for term in terms:
        for generator in term.generators():
            if not isinstance(generator, Sym):
                found.update(divisors((generator.p, generator.q)))
                if isinstance(generator, Quotient) and (generator.q.constant or 0) < 1:
                    found[generator.q] = None
    return found


class Script:
    """A question as SMT-LIB 2: `body` declares its symbols (sizes first) and asserts its parts. All names
    are quoted, so that none is one that SMT-LIB reserves.

    >>> n, s = Int.symbol("n"), Int.symbol("s")
    >>> print(Script(Question(Zero(n // s - 1))).body)
    (declare-const |size n| Int)
    (declare-const |size s| Int)
    (declare-const q0 Int)
    (assert (<= (* |size s| q0) |size n|))
    (assert (<= |size n| (+ (* |size s| q0) |size s| (- 1))))
    (assert (= (+ (- 1) q0) 0))
    <BLANKLINE>
    """

    def __init__(self, question: Question) -> None:
        self._quotients: dict[Quotient, str] = {}
        self._definitions: list[str] = []
        order = sorted(in_order(question.symbols()), key=lambda name: not is_size(name))
        if any({*"|\\"} & {*text_of(name)} for name in order):
            raise ValueError("a name that SMT-LIB cannot quote")
        self.names = {name: f"|{'size' if is_size(name) else 'index'} {text_of(name)}|" for name in order}
        asserted = [self._condition(part) for part in conjuncts(question.condition)]
        if question.cases:
            summands = [f"(ite {self._condition(case)} {self._term(value)} 0)" for case, value in question.cases]
            total = summands[0] if len(summands) == 1 else f"(+ {' '.join(summands)})"
            asserted.append(f"(not (= {total} 0))")
        declared = [*self.names.values(), *self._quotients.values()]
        lines = [f"(declare-const {name} Int)" for name in declared]
        lines += [f"(assert {part})" for part in (*self._definitions, *asserted)]
        self.body = "\n".join(lines) + "\n"

    def text(self, comments: Iterable[str] = ()) -> str:
        """The whole script: comments, what is declared and asserted, and the question itself."""
        said = [line for comment in comments for line in comment.splitlines()]
        head = "".join(f"; {line}\n" for line in said)
        return f"{head}(set-logic QF_NIA)\n(set-info :status unsat)\n{self.body}(check-sat)\n"

    def _term(self, term: Int) -> str:
        pieces = []
        for monomial, coefficient in term.terms.items():
            factors = [self._generator(generator) for generator in monomial]
            if coefficient != 1 or not factors:
                factors.insert(0, _number(coefficient))
            pieces.append(factors[0] if len(factors) == 1 else f"(* {' '.join(factors)})")
        if not pieces:
            return "0"
        pieces.sort()  # a text that does not depend on how the term came about
        return pieces[0] if len(pieces) == 1 else f"(+ {' '.join(pieces)})"

    def _generator(self, generator: Generator) -> str:
        if isinstance(generator, Sym):
            return self.names[generator.name]
        p, q = self._term(generator.p), self._term(generator.q)
        if isinstance(generator, Quotient):
            if generator not in self._quotients:
                whole = f"q{len(self._quotients)}"
                self._quotients[generator] = whole
                self._definitions.append(f"(<= (* {q} {whole}) {p})")
                self._definitions.append(f"(<= {p} (+ (* {q} {whole}) {q} (- 1)))")
            return self._quotients[generator]
        return f"(ite ({'<=' if isinstance(generator, Least) else '>='} {p} {q}) {p} {q})"

    def _condition(self, condition: Condition) -> str:
        if isinstance(condition, Zero):
            return f"(= {self._term(condition.term)} 0)"
        if isinstance(condition, NonNegative):
            return f"(>= {self._term(condition.term)} 0)"
        if not condition.parts:
            return "true" if condition == TRUE else "false"
        parts = " ".join(self._condition(part) for part in condition.parts)
        return f"({'and' if isinstance(condition, And) else 'or'} {parts})"


def _number(value: int) -> str:
    return str(value) if value >= 0 else f"(- {-value})"
