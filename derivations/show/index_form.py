"""One entry of a formula as sums over indices, in the claim language: for `explain`.

    grad(J, w)[i, j]  =  sum[k, l](delta[k, l] * a[i + k, j + l])
    exp(mean(x) + eps)  =  exp(sum[k](x[k]) / B + eps)

Law: what is printed has the value of the side. It is the kernel's own sum, the terms of `lowering.py`, rewritten by
nothing but solving an equation for a bound index that stands in it alone, by quotients that the ranges settle, and by
adding equal products. A sum runs over all indices for which its entries exist, a product with an entry that does not
exist is 0; conditions that say no more than that are left out.

What it cannot see: whether two such forms are equal. That is the kernel's business. What has no sum (the choices of
maxima, functions that the kernel keeps whole) raises `NotASum`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import permutations

from sympy import Expr, Integer, Symbol

from derivations.core.heads import (
    INVERSE,
    Differential,
    Entry,
    Function,
    Head,
    Kind,
    LossValue,
    Reciprocal,
    Sensitivity,
)
from derivations.core.names import Name, text_of
from derivations.core.sums import Atom, Term, rename_term
from derivations.core.terms import (
    FALSE,
    TRUE,
    Condition,
    Int,
    Least,
    NonNegative,
    Or,
    Quotient,
    Sym,
    all_of,
    conjuncts,
    nonnegative,
    substitute,
    substitute_condition,
)
from derivations.formulas.claims import Context, Link
from derivations.formulas.expressions import Apply, Definition, Expression, Grad, Loss
from derivations.formulas.integers import FloorDiv, Maximum, Minimum, integer_symbol
from derivations.formulas.text import to_text
from derivations.meaning.functions import PI
from derivations.meaning.lowering import Cut, Environment, Lowering, Terms
from derivations.meaning.translation import outer_names
from derivations.show.index_terms import Facts, age, changed, counted, reduced, solved, without_quotients
from derivations.show.index_text import condition_text, factor, intervals, operand, pretty, solution

LETTERS = "pqrstuvxyz"
INDICES = "ijkl"
PERMUTED = 3  # bound indices of which every order is tried to see that two products are the same
LONGEST = 4000  # letters of a side that anybody reads


class NotASum(ValueError):
    """A side that is not written as a sum over indices; the message says why."""


def index_form(node: Expression, link: Link, context: Context) -> list[str]:
    """The lines of one entry of a side of a link: a line for each product. Raises the errors of `Lowering`, and
    `NotASum`."""
    letters = _free_letters(node, context, link)
    index = [letters.pop(0) for _ in range(node.rank)]
    shown = _Shown(context)
    environment = {part.index.name: Int.symbol(part.index.name) for part in link.free}
    terms = shown.lowering.lower(node, tuple(map(Int.symbol, index)), environment, frozenset())
    ranges = [*zip(index, shown.lowering.shape(node, {}), strict=True)]
    ranges += [(part.index.name, shown.lowering.integer(part.size, {})) for part in link.free]
    inside = [bound for name, size in ranges for bound in (Int.symbol(name), size - 1 - Int.symbol(name))]
    lines = shown.lines(terms, letters, Facts(context, shown.lowering, map(nonnegative, inside)), strict=False)
    head = f"entry [{', '.join(index)}] = " if index else ""
    found = [head + _begun(lines[0]), *lines[1:]]
    if sum(map(len, found)) > LONGEST:
        raise NotASum("too long to be read")
    return found


def _free_letters(node: Expression, context: Context, link: Link) -> list[str]:
    taken = {*context.names, *context.abbreviations, *context.functions, *(part.index.name for part in link.free)}
    taken |= {dimension.name for dimension in context.dims}
    if any(part.operator == "softmax" for part in _applied(node)):  # its argument is shown with the author's indices
        taken |= {symbol.name for symbol in node.atoms(Symbol)}
    letters = (*INDICES, *LETTERS, *(f"{letter}{number}" for number in (1, 2, 3) for letter in LETTERS))
    return [letter for letter in letters if letter not in taken]


def _applied(node: Expression) -> Iterator[Apply]:
    for part in node.atoms(Apply):
        yield part
    for part in node.atoms(Definition):
        yield from _applied(part.body)


# -- what heads are --------------------------------------------------------------------------------------------------


@dataclass
class _Showing(Lowering):
    """The kernel's translation, which remembers of which formula each softmax is."""

    softmaxes: dict[Head, tuple[Expression, tuple[str, ...]]] = field(default_factory=dict)
    arguments: dict[Atom, tuple[Function, Terms, Condition] | None] = field(default_factory=dict)

    def lower(self, node: Expression, index: Sequence[Int], env: Environment, cut: Cut) -> Terms:
        found = super().lower(node, index, env, cut)
        if isinstance(node, Apply) and node.operator == "softmax" and len(found) == 1 and len(found[0].atoms) == 1:
            outer = tuple(outer_names(node, env))
            if len(outer) + node.rank == len(found[0].atoms[0].indices):
                self.softmaxes.setdefault(found[0].atoms[0].head, (node, outer))
        return found

    def argument(self, atom: Atom) -> tuple[Function, Terms, Condition] | None:
        """Of a function's value: its head, the terms of its argument, what its place obeys."""
        if atom not in self.arguments:
            self.arguments[atom] = self._argument_at(atom)
        return self.arguments[atom]

    def _argument_at(self, atom: Atom) -> tuple[Function, Terms, Condition] | None:
        record = self.opaque.get(atom.head)
        if record is None or record.template is None or not isinstance(atom.head, Function):
            return None
        template = record.template
        values = {next(iter(formal.symbols())): i for formal, i in zip(template.formals, atom.indices, strict=True)}
        terms = [self.refreshed(rename_term(self.refreshed(term), values)) for term in template.terms]
        return atom.head, terms, substitute_condition(template.guard, values)


@dataclass
class _Product:
    """One product as it is printed, apart from the number before it, and that number."""

    text: str
    key: str
    numerator: Int
    denominator: Int


class _Shown:
    """The sums of one side, as text."""

    def __init__(self, context: Context) -> None:
        self.context, self.lowering = context, _Showing()
        self.shapes: dict[Head, tuple[Int, ...]] = {}
        self.names: dict[Head, str] = {}
        for name, value in context.names.items():
            if isinstance(value, Loss):
                self.shapes[Sensitivity(name)] = self.lowering.shape(value.of, {})
                self.names[Sensitivity(name)] = self._residual(value)
                self.names[LossValue(name)] = name
            else:
                entry, change = Entry(name), Differential(name)
                self.shapes[entry] = self.shapes[change] = self.lowering.shape(value, {})
                self.names[entry], self.names[change] = name, f"d({name})"

    def _residual(self, loss: Loss) -> str:
        """The author's name of ∂J, where there is one."""
        for name, value in self.context.names.items():
            if isinstance(value, Definition) and value.body == Grad(loss, loss.of):
                return name
        return f"grad({loss.name}, {to_text(loss.of)})"

    # -- sums of products --

    def lines(self, terms: Terms, letters: Sequence[str], facts: Facts, strict: bool) -> list[str]:
        """The products with their signs, equal ones added: `+ …`, `- …`. strict: as part of a formula, where an entry
        that does not exist is no 0."""
        merged: dict[str, _Product] = {}
        kept = [term for term in (self._simplified(term, facts) for term in terms) if term is not None]
        alike = Counter(map(_kind, kept))
        for term in kept:
            product = self._product(term, letters, facts, strict, alone=alike[_kind(term)] == 1)
            known = merged.get(product.key)
            merged[product.key] = product if known is None else _added(known, product)
        found = [_signed(product) for product in merged.values() if product.numerator.terms]
        return found or ["+ 0"]

    def _formula(self, terms: Terms, letters: Sequence[str], facts: Facts) -> str:
        """The argument of a function, as one formula."""
        return _begun(" ".join(self.lines(terms, letters, facts, strict=True)))

    @staticmethod
    def _simplified(term: Term, facts: Facts) -> Term | None:
        term = solved(term)
        inner = facts.and_also(without_quotients(term.condition))
        term = solved(changed(term, inner.simple))
        parts = [inner.settled(part) if isinstance(part, Or) else part for part in conjuncts(term.condition)]
        term = counted(replace(term, condition=all_of(parts)), facts)
        return None if term.condition == FALSE or not term.numerator.terms else reduced(term)

    def _product(self, term: Term, letters: Sequence[str], facts: Facts, strict: bool, alone: bool) -> _Product:
        """The product of a simplified term; `alone` where no other can be the same."""
        order = sorted(term.bound, key=age)
        if len(order) > len(letters):
            raise NotASum("it has more indices than there are letters")
        mine, others = letters[: len(order)], letters[len(order) :]
        text = self._text(term, order, mine, others, facts, strict)
        keys = [text]
        if not alone and 1 < len(order) <= PERMUTED:
            keys = [self._text(term, each, mine, others, facts, strict) for each in permutations(order)]
        bound = term.numerator.symbols() | term.denominator.symbols()
        if bound & term.bound:  # the number is part of the sum
            return _Product(text, min(keys), Int.of(1), Int.of(1))
        return _Product(text, min(keys), term.numerator, term.denominator)

    def _text(
        self, term: Term, order: Sequence[Name], letters: Sequence[str], others: Sequence[str], facts: Facts,
        strict: bool,
    ) -> str:  # fmt: skip
        """The product without the number before it; empty for a number alone."""
        renamed = {name: Int.symbol(letter) for name, letter in zip(order, letters, strict=True)}
        term = changed(term, lambda value: substitute(value, renamed))
        here = facts.and_also(without_quotients(term.condition))
        existence = [bound for atom in term.atoms for bound in self._exists(atom)]
        present = facts.and_also(map(nonnegative, existence))
        left = [
            part for part in conjuncts(term.condition)
            if not (isinstance(part, NonNegative) and present.imply(part.term))
        ]  # fmt: skip
        pinned: list[tuple[str, Int]] = []
        atoms = term.atoms
        if strict and term.condition != TRUE and not all(map(here.imply, existence)):
            atoms, pinned, others = _pinned(atoms, others)
        ranges, left = _ranges(letters, left, self._entered(atoms))
        factors = self._factors(atoms, others, here)
        if set(letters) & (term.numerator.symbols() | term.denominator.symbols()):
            factors = _with_number(factors, term.numerator, term.denominator)
        brackets = intervals([part.term for part in left if isinstance(part, NonNegative)])
        brackets += [condition_text(part) for part in left if not isinstance(part, NonNegative)]
        brackets += [f"{name} == {pretty(value)}" for name, value in pinned]
        if brackets:
            factors.append((f"[{', '.join(brackets)}]", False))
        body = _joined(factors)
        names = [*ranges, *(name for name, _ in pinned)]
        return f"sum[{', '.join(names)}]({body or '1'})" if names else body

    # -- factors --

    def _factors(self, atoms: Sequence[Atom], letters: Sequence[str], facts: Facts) -> list[tuple[str, bool]]:
        """The factors with whether they divide, equal ones as a power."""
        counted = Counter(self._atom(atom, letters, facts) for atom in atoms)
        for text in {text for text, _ in counted}:  # x / x is 1: no divisor is 0
            both = min(counted[text, True], counted[text, False])
            counted -= Counter({(text, True): both, (text, False): both})
        return [(text if n == 1 else f"{text}**{n}", divides) for (text, divides), n in counted.items()]

    def _atom(self, atom: Atom, letters: Sequence[str], facts: Facts) -> tuple[str, bool]:
        entry = f"[{', '.join(map(pretty, atom.indices))}]" if atom.indices else ""
        if atom.head in self.names:
            return self.names[atom.head] + entry, False
        if atom.head is PI:
            return "pi", False
        function = self.lowering.argument(atom)
        if function is not None:
            head, terms, guard = function
            inner = self._formula(terms, letters, facts.and_also(conjuncts(guard)))
            if head.function is INVERSE:
                return f"({inner})", True
            if head.function.kind is Kind.JUMP:
                return f"[{inner} {head.function.name} 0]", False
            return f"{head.function.name}{chr(39) * head.derivative}({inner})", False
        if atom.head in self.lowering.softmaxes:
            return self._softmax(atom), False
        if isinstance(atom.head, Reciprocal):
            text, divides = self._atom(Atom(atom.head.of, atom.indices), letters, facts)
            return text, not divides
        raise NotASum("chosen by the maxima of windows; not written as a sum")

    def _softmax(self, atom: Atom) -> str:
        node, outer = self.lowering.softmaxes[atom.head]
        values = {integer_symbol(name): _as_sympy(i) for name, i in zip(outer, atom.indices, strict=False)}
        place = ", ".join(map(pretty, atom.indices[len(outer) :]))
        return f"{to_text(node.xreplace(values))}[{place}]"

    # -- existence --

    def _exists(self, atom: Atom) -> Iterator[Int]:
        """What is not negative where the entries that are printed for an atom exist, but for those inside of sums."""
        for index, size in zip(atom.indices, self._shape(atom), strict=False):
            yield from (index, size - 1 - index)
        for inner in self._inside(atom):
            yield from self._exists(inner)

    def _shape(self, atom: Atom) -> tuple[Int, ...]:
        head = atom.head
        if head in self.shapes:
            return self.shapes[head]
        if head in self.lowering.softmaxes:
            node, outer = self.lowering.softmaxes[head]
            lead = dict(zip(outer, atom.indices, strict=False))
            first = [Int.of(1) for _ in outer]  # bounds nothing: cut off below
            return (*first, *self.lowering.shape(node, lead))[: 0 if outer else None]
        return ()

    def _inside(self, atom: Atom) -> list[Atom]:
        """The entries of a function's argument that stand there by themselves."""
        function = self.lowering.argument(atom)
        if function is not None:
            return [a for term in function[1] if not term.bound and term.condition == TRUE for a in term.atoms]
        if isinstance(atom.head, Reciprocal):
            return [Atom(atom.head.of, atom.indices)]
        return []

    def _entered(self, atoms: Iterable[Atom]) -> set[Name]:
        """The names in the subscripts of entries that are printed outside of sums."""
        names: set[Name] = set()
        for atom in atoms:
            if atom.head in self.names or atom.head in self.lowering.softmaxes:
                names |= {name for index in atom.indices for name in index.symbols()}
            names |= self._entered(self._inside(atom))
        return names


def _kind(term: Term) -> tuple[object, ...]:
    """What equal products have in common."""
    return (tuple(sorted(atom.head.order for atom in term.atoms)), len(term.bound), len(conjuncts(term.condition)))


def _begun(line: str) -> str:
    """A sum's text without a plus before it."""
    return f"-{line[2:]}" if line.startswith("- ") else line.removeprefix("+ ")


def _as_sympy(value: Int) -> Expr:
    """A kernel's integer as an integer expression of a formula."""
    total: Expr = Integer(0)
    for monomial, coefficient in value.terms.items():
        part: Expr = Integer(coefficient)
        for g in monomial:
            if isinstance(g, Sym):
                part *= integer_symbol(text_of(g.name))
            else:
                kind = FloorDiv if isinstance(g, Quotient) else Minimum if isinstance(g, Least) else Maximum
                part *= kind(_as_sympy(g.p), _as_sympy(g.q))
        total += part
    return total


def _pinned(
    atoms: Sequence[Atom], letters: Sequence[str]
) -> tuple[tuple[Atom, ...], list[tuple[str, Int]], Sequence[str]]:
    """Entries whose places may lie outside, under indices of a sum that equal these places."""
    free, pinned, found = list(letters), [], []
    for atom in atoms:
        places = []
        for index in atom.indices:
            if index.constant is None or index.constant:
                if not free:
                    raise NotASum("it has more indices than there are letters")
                pinned.append((free.pop(0), index))
                places.append(Int.symbol(pinned[-1][0]))
            else:
                places.append(index)
        found.append(Atom(atom.head, tuple(places)))
    return tuple(found), pinned, free


def _ranges(
    letters: Sequence[str], conditions: Sequence[Condition], entered: set[Name]
) -> tuple[list[str], list[Condition]]:
    """The indices of a sum: bare where entries bound them, else with the range that conditions give; and the
    conditions that are left."""
    found, left, before = [], list(conditions), {letter for letter in letters if letter in entered}
    for letter in sorted(letters, key=lambda each: each not in entered):
        if letter in entered:
            found.append(letter)
            continue
        low: list[Int] = []
        high: list[Int] = []
        rest: list[Condition] = []
        for part in left:
            value = solution(part.term, letter) if isinstance(part, NonNegative) else None
            if value is not None and isinstance(part, NonNegative) and value.symbols() & set(letters) <= before:
                (low if part.term.terms[(Sym(letter),)] == 1 else high).append(value)
            else:
                rest.append(part)
        if not low or not high:
            raise NotASum("the range of an index is not given by its bounds")
        found.append(f"{letter} in {_extreme('max', low)}..{_extreme('min', high)}")
        left, before = rest, before | {letter}
    return found, left


def _extreme(word: str, values: Sequence[Int]) -> str:
    texts = list(dict.fromkeys(map(pretty, values)))
    text = texts[0]
    for other in texts[1:]:
        text = f"{word}({text}, {other})"
    return text


def _with_number(factors: list[tuple[str, bool]], numerator: Int, denominator: Int) -> list[tuple[str, bool]]:
    above = [] if numerator == 1 else [(factor(numerator), False)]
    below = [] if denominator == 1 else [(operand(denominator), True)]
    return [*above, *factors, *below]


def _joined(factors: Sequence[tuple[str, bool]]) -> str:
    """Factors as a product, those that divide at the end."""
    above = [text for text, divides in factors if not divides]
    below = [text for text, divides in factors if divides]
    return " / ".join([" * ".join(above) or "1", *below]) if factors else ""


def _added(left: _Product, right: _Product) -> _Product:
    """Two products that are equal but for their numbers, together."""
    if left.denominator == right.denominator:
        return replace(left, numerator=left.numerator + right.numerator)
    numerator = left.numerator * right.denominator + right.numerator * left.denominator
    return replace(left, numerator=numerator, denominator=left.denominator * right.denominator)


def _signed(product: _Product) -> str:
    """`+ 2 * sum[k](x[k]) / n`; a minus where all of the number's parts have one."""
    number = reduced(Term(numerator=product.numerator, denominator=product.denominator))
    numerator, denominator = number.numerator, number.denominator
    minus = all(coefficient < 0 for coefficient in numerator.terms.values())
    numerator = numerator * -1 if minus else numerator
    body = [(product.text, False)] if product.text else []
    if product.text.startswith("1 / ") and numerator != 1:
        body, numerator = [(factor(numerator) + product.text[1:], False)], Int.of(1)
    text = _joined(_with_number(body, numerator, denominator)) or "1"
    return f"{'-' if minus else '+'} {text}"
