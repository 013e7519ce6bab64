"""One entry of a formula as a sum over indices, in the way a person writes it: for `explain`.

    grad(J, w)[i, j]  =  Σ over p in 0..H - m, q in 0..W - n   delta[p, q] * a[i + p, j + q]

Law: what is printed is what the kernel decides, the terms of `lowering.py`, rewritten by nothing but solving
an equation for a bound index that stands in it alone. Conditions that only say that an entry exists are left
out, and that is said.

What it cannot see: whether two such forms are equal. That is the kernel's business.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from derivations.core.sums import Atom, Term
from derivations.core.terms import (
    Int,
    NonNegative,
    Sym,
    Zero,
    all_of,
    condition_symbols,
    conjuncts,
    render,
    substitute,
    substitute_condition,
)
from derivations.formulas.claims import Context, Link
from derivations.formulas.expressions import Definition, Expression, Grad, Loss
from derivations.meaning.lowering import Lowering

LETTERS = "pqrstuvxyz"
INDICES = "ijkl"
READABLE = 20  # letters of a name that is printed as it is
_OPAQUE = re.compile(r"(?P<function>[^⟨ ]+)(?:⟨| of )\(\('(?P<of>[^']+)', \d+\),?\).*")


def index_form(node: Expression, link: Link, context: Context) -> list[str]:
    """The lines of one entry of a side of a link: a line for each term. Raises the errors of `Lowering`."""
    names = _free_letters(context, link)
    index = [names.pop(0) for _ in range(node.rank)]
    environment = {part.index.name: Int.symbol(part.index.name) for part in link.free}
    lowering = Lowering()
    terms = lowering.lower(node, tuple(map(Int.symbol, index)), environment, frozenset())
    shapes = _shapes(lowering, context)
    known = _known(lowering, node, index, link, context)
    shown = [_term(_solved(term), names, context, shapes, known) for term in terms] or ["0"]
    head = f"entry [{', '.join(index)}] = " if index else ""
    return [f"{head}{shown[0]}", *(f"+ {part}" for part in shown[1:])]


def _known(lowering: Lowering, node: Expression, index: Sequence[str], link: Link, context: Context) -> set[Int]:
    """What is not negative by the context and by the ranges of the entry's own indices."""
    letters = [(Int.symbol(letter), size) for letter, size in zip(index, lowering.shape(node, {}), strict=True)]
    letters += [(Int.symbol(part.index.name), lowering.integer(part.size, {})) for part in link.free]
    found = {bound for letter, size in letters for bound in (letter, size - 1 - letter)}
    found |= {Int.symbol(dimension.name) - dimension.least for dimension in context.dims}
    conditions = [lowering.condition(condition, {}) for condition in context.conditions]
    return found | {part.term for each in conditions for part in conjuncts(each) if isinstance(part, NonNegative)}


def _shapes(lowering: Lowering, context: Context) -> dict[str, tuple[Int, ...]]:
    """The shape of what stands behind each head: tensors, and ∂J for an arbitrary loss J."""
    shapes = {}
    for name, value in context.names.items():
        if isinstance(value, Loss):
            shapes[f"∂{name}"] = lowering.shape(value.of, {})
        else:
            shapes[name] = shapes[f"d {name}"] = lowering.shape(value, {})
    return shapes


def _free_letters(context: Context, link: Link) -> list[str]:
    taken = {*context.names, *context.abbreviations, *(part.index.name for part in link.free)}
    taken |= {dimension.name for dimension in context.dims}
    return [
        letter
        for letter in (*INDICES, *LETTERS, *(f"{letter}1" for letter in LETTERS))
        if letter not in taken
    ]


def _solved(term: Term) -> Term:
    """The term with each bound index removed that an equation gives as a polynomial of the others."""
    parts = list(conjuncts(term.condition))
    not_negative = {part.term for part in parts if isinstance(part, NonNegative)}
    for part in parts:
        if isinstance(part, Zero) or (isinstance(part, NonNegative) and part.term * -1 in not_negative):
            for name in sorted(term.bound, key=_age, reverse=True):
                value = _solution(part.term, name)
                if value is not None:
                    return _solved(_substituted(term, name, value))
    return term


def _age(name: str) -> tuple[int, str]:
    digits = re.sub(r"\D", "", name)
    return (int(digits) if digits else -1, name)


def _solution(equation: Int, name: str) -> Int | None:
    """The value of a name in equation == 0, where it stands alone with the coefficient 1 or -1."""
    alone = (Sym(name),)
    coefficient = equation.terms.get(alone)
    if coefficient not in (1, -1):
        return None
    rest = Int({monomial: value for monomial, value in equation.terms.items() if monomial != alone})
    if name in condition_symbols(Zero(rest)):
        return None
    return rest * -1 if coefficient == 1 else rest


def _substituted(term: Term, name: str, value: Int) -> Term:
    values = {name: value}
    return replace(
        term,
        atoms=tuple(Atom(a.head, tuple(substitute(i, values) for i in a.indices)) for a in term.atoms),
        bound=term.bound - {name},
        condition=all_of(substitute_condition(part, values) for part in conjuncts(term.condition)),
        numerator=substitute(term.numerator, values),
        denominator=substitute(term.denominator, values),
    )


def _term(
    term: Term, letters: Sequence[str], context: Context, shapes: Mapping[str, tuple[Int, ...]], known: set[Int]
) -> str:
    """`Σ over p in 0..m - 1  coefficient * atoms  where ...`."""
    order = sorted(term.bound, key=_age)
    renamed = {name: Int.symbol(letter) for name, letter in zip(order, letters, strict=False)}
    new = replace(
        term,
        atoms=tuple(Atom(a.head, tuple(substitute(i, renamed) for i in a.indices)) for a in term.atoms),
        condition=all_of(substitute_condition(part, renamed) for part in conjuncts(term.condition)),
        numerator=substitute(term.numerator, renamed),
        denominator=substitute(term.denominator, renamed),
    )
    bound = [render(renamed[name]) if name in renamed else name for name in order]
    body = " * ".join(_factors(new, context)) or "1"
    least = {dimension.name: dimension.least for dimension in context.dims}
    others = _others(new, bound, _existence(new, shapes) | known, least)
    text = f"Σ over {', '.join(bound)}:  {body}" if bound else body
    return text + (f"   where {', '.join(others)}" if others else "")


def _factors(term: Term, context: Context) -> list[str]:
    factors = [_atom(atom, context) for atom in term.atoms]
    number, divisor = term.numerator, pretty(term.denominator)
    sign = "-" if number == -1 and (factors or divisor != "1") else ""
    if not sign and number != 1:
        factors.insert(0, _factor(pretty(number)))
    if divisor != "1":
        factors.insert(0, f"1/{_factor(divisor)}")
    return [sign + factors[0], *factors[1:]] if factors else []


def _factor(text: str) -> str:
    return text if _is_simple(text) else f"({text})"


def _is_simple(text: str) -> bool:
    return re.fullmatch(r"-?\w+", text) is not None


def _atom(atom: Atom, context: Context) -> str:
    entry = f"[{', '.join(map(pretty, atom.indices))}]" if atom.indices else ""
    opaque = _OPAQUE.fullmatch(atom.head)
    if opaque:
        return f"{opaque['function']}({opaque['of']}{entry})"
    if len(atom.head) > READABLE:  # a function of a sum: its normal form is for the kernel, not for a reader
        return f"{re.split('[⟨ ]', atom.head)[0]}(…){entry}"
    return f"{_residual(atom.head, context)}{entry}"


def _residual(head: str, context: Context) -> str:
    """The author's name of ∂J, where there is one."""
    if head.startswith("d "):
        return f"d({head[2:]})"
    loss = context.names.get(head.removeprefix("∂"))
    if not head.startswith("∂") or not isinstance(loss, Loss):
        return head
    for name, value in context.names.items():
        if isinstance(value, Definition) and value.body == Grad(loss, loss.of):
            return name
    return f"grad({loss.name}, {loss.of})"


def _existence(term: Term, shapes: Mapping[str, tuple[Int, ...]]) -> set[Int]:
    """What is not negative where every entry in the term exists."""
    found = set()
    for atom in term.atoms:
        for index, size in zip(atom.indices, shapes.get(atom.head, ()), strict=False):
            found |= {index, size - 1 - index}
    return found


def _is_plain(value: Int, least: Mapping[str, int]) -> bool:
    """Whether a polynomial in sizes is not negative by their lower bounds alone."""
    if not condition_symbols(Zero(value)) <= set(least):
        return False
    moved = substitute(value, {name: Int.symbol(name) + bound for name, bound in least.items()})
    return all(coefficient >= 0 for coefficient in moved.terms.values())


def _others(term: Term, bound: Sequence[str], existence: set[Int], least: Mapping[str, int]) -> list[str]:
    """The conditions of a term, without those which only say that an entry exists or what the context says."""
    shown, bounds = [], []
    for part in conjuncts(term.condition):
        if isinstance(part, Zero):
            shown.append(_equation(part.term))
        elif isinstance(part, NonNegative):
            if part.term not in existence and not _is_plain(part.term, least):
                bounds.append(part.term)
        else:
            shown.append(_quotients(render(part)))
    return list(dict.fromkeys([*_intervals(bounds, bound), *shown]))


def _intervals(bounds: Sequence[Int], bound: Sequence[str]) -> Iterator[str]:
    """Bounds t >= 0, two of them together where they say 0 <= t <= size."""
    left = list(dict.fromkeys(bounds))
    while left:
        first = left.pop(0)
        for other in left:
            whole = first + other
            varies = [bool(condition_symbols(Zero(each)) & set(bound)) for each in (first, whole)]
            if varies == [True, False] and whole.terms:
                left.remove(other)
                low = min(first, other, key=lambda value: (len(value.terms), len(pretty(value))))
                yield f"0 <= {pretty(low)} <= {pretty(whole)}"
                break
        else:
            yield f"{pretty(first)} >= 0"


def _equation(value: Int) -> str:
    """`i == 1` for i - 1 == 0."""
    for name in sorted(condition_symbols(Zero(value))):
        solution = _solution(value, name)
        if solution is not None:
            return f"{name} == {pretty(solution)}"
    return f"{pretty(value)} == 0"


def pretty(value: Int) -> str:
    """A polynomial with its positive terms first and its constant last: `m - 1 - p` is `m - p - 1`.

    >>> pretty(Int.symbol("m") - 1 - Int.symbol("p"))
    'm - p - 1'
    """
    positive = [(m, c) for m, c in value.terms.items() if c > 0 and m]
    negative = [(m, c) for m, c in value.terms.items() if c < 0 and m]
    constant = [(m, c) for m, c in value.terms.items() if not m]
    order = [*sorted(positive, key=str), *sorted(negative, key=str)]
    order = (
        [*order, *constant]
        if order and (positive or not constant or constant[0][1] < 0)
        else [*constant, *order]
    )
    parts = [(render(Int({monomial: abs(coefficient)})), coefficient < 0) for monomial, coefficient in order]
    if not parts:
        return "0"
    text = ("-" if parts[0][1] else "") + parts[0][0]
    return _quotients(text + "".join(f" {'-' if minus else '+'} {part}" for part, minus in parts[1:]))


def _quotients(text: str) -> str:
    """`floor(i, n)` as the claim language has it.

    >>> _quotients("floor(i, n)"), _quotients("1 + 2*floor(i + floor(j, 2), n)")
    ('i//n', '1 + 2*((i + (j//2))//n)')
    """
    while (start := text.rfind("floor(")) >= 0:  # the innermost is among the last
        depth, comma, end = 0, 0, start + 5
        for end in range(start + 5, len(text)):
            depth += {"(": 1, ")": -1}.get(text[end], 0)
            if depth == 1 and text[end] == ",":
                comma = end
            if depth == 0:
                break
        parts = [text[start + 6 : comma], text[comma + 1 : end].strip()]
        above, below = (part if _is_simple(part) else f"({part})" for part in parts)
        text = f"{text[:start]}({above}//{below}){text[end + 1 :]}"
    return re.sub(r"\A\(([^()]*)\)\Z", r"\1", text)
