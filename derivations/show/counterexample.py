"""The sides of a counterexample in numbers: entries as polynomials in the data, with the data put in.

Law: every figure is computed from the formulas at the witness's sizes, not taken from a proof. Where there is no
explicit form, there is none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

from sympy import Expr, Integer, Symbol, sympify

from derivations.entries.matrices import Explicit, Unsupported
from derivations.entries.operators import DoesNotExist
from derivations.entries.values import Arbitrary, Step
from derivations.formulas.claims import Context, Link
from derivations.formulas.expressions import Definition, Expression, Grad, Loss
from derivations.judgement.verdict import Witness


def decided(value: Expr, data: Mapping[str, Any]) -> Expr:
    """A value of maxima with the comparisons decided by the data, so that only the entries chosen are left."""
    by_name = dict(numbers(data))
    known_entries = {symbol: by_name[symbol.name] for symbol in value.free_symbols if symbol.name in by_name}
    functions = {name.removesuffix("(t)"): sympify(str(body)) for name, body in data.items() if name.endswith("(t)")}
    known, t = {}, Symbol("t")
    for step in value.atoms(Step):
        argument = step.args[0].replace(
            lambda node: isinstance(node, Arbitrary) and str(node.args[0]) in functions,
            lambda node: functions[str(node.args[0])].diff(t, node.args[1]).subs(t, node.args[2]),
        )
        argument = argument.xreplace(known_entries)
        if argument.is_number and argument != 0:
            known[step] = Integer(1 if argument > 0 else 0)
    return value.xreplace(known) if len(known) == len(value.atoms(Step)) else value


def numbers(data: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The entries of the data by the names that the explicit form gives them."""

    def entries(value: Any, index: tuple[int, ...]) -> Iterator[tuple[tuple[int, ...], Any]]:
        if isinstance(value, list | tuple):
            for number, part in enumerate(value):
                yield from entries(part, (*index, number))
        else:
            yield index, value

    for name, value in data.items():
        if not name.endswith("(t)"):
            for index, number in entries(value, ()):
                yield (f"{name}[{', '.join(map(str, index))}]" if index else name), sympify(str(number))


def entry_of(side: Expression, link: Link, witness: Witness, context: Context) -> Expr | None:
    """The entry of a side at the witness's sizes and index, as a polynomial in the entries of its tensors."""
    rest = (witness.index or ())[len(link.free) :]
    found = entries_of(side, link, witness, context)
    if found is None:
        return None
    return found[1].get(rest if found[0] else ())


def entries_of(
    side: Expression, link: Link, witness: Witness, context: Context
) -> tuple[tuple[int, ...], dict[tuple[int, ...], Expr]] | None:
    """The shape of a side at the witness's sizes and free indices, and its entries as polynomials in the entries of
    its tensors; None where there is no explicit form."""
    free = (witness.index or ())[: len(link.free)]
    sizes = {**witness.sizes, **{part.index.name: value for part, value in zip(link.free, free, strict=False)}}
    try:
        grid = Explicit(sizes).grid(side)
        shape = tuple(int(size) for size in grid.shape) if grid.rank else ()
        entries = {place: grid[place] for place in product(*map(range, shape))}
    except (Unsupported, DoesNotExist, KeyError, ValueError, IndexError):
        return None
    return shape, {place: value.xreplace(residuals(context, value)) for place, value in entries.items()}


def residuals(context: Context, value: Expr) -> dict[Symbol, Symbol]:
    """`grad(J, z)[0, 0]` becomes `delta[0, 0]` where the author has named the residual so."""
    names = {
        f"grad({given.body.of.name}, {given.body.wrt.name})": name
        for name, given in context.names.items()
        if isinstance(given, Definition) and isinstance(given.body, Grad) and isinstance(given.body.of, Loss)
    }
    found = {}
    for symbol in value.free_symbols:
        head, bracket, rest = symbol.name.partition("[")
        if head in names:
            found[symbol] = Symbol(names[head] + bracket + rest, real=True)
    return found
