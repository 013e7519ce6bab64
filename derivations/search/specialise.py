"""Special cases of a claim: a claim about every function and all data fails where one choice of them fails.

Where opaque functions of composite arguments stand for unknowns, a counterexample in these unknowns may be none in the
data: f(u) and f(v) are two unknowns, but if u = v they are one number. A special case has no such unknowns:

    an arbitrary function f      becomes   f(t) = t,  or  f(t) = t²
    the maximum of a window      becomes   the window's first entry, for data that decrease along every axis
    tensors                      become    0, so that known functions of them become numbers: tanh(W x) of W = 0

Such data are an open set, and a polynomial identity that fails, fails somewhere on every open set. So at sizes where
the special case fails the claim fails, and nothing here need be supposed of anything else.

Law: a special case is used to refute, never to prove.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import combinations, islice

from sympy import Basic, Integer

from derivations.core.heads import Entry as EntryHead
from derivations.core.heads import Function, Kind
from derivations.core.sums import Term
from derivations.formulas.claims import Claim, Link
from derivations.formulas.expressions import (
    Apply,
    ByIndex,
    Constant,
    DataBracket,
    Definition,
    Elementwise,
    Entry,
    Expression,
    Plus,
    Power,
    Slice,
    Tensor,
    Times,
)
from derivations.meaning.functions import KNOWN
from derivations.meaning.lowering import Lowering
from derivations.operators import apply

NAMES, MOST_ZERO, ZERO_SETS = 8, 3, 6  # tensors that are looked at, that are 0 at once, and choices of them
ODD = ("tanh", "sin", "erf")  # 0 at 0


def _line(order: int, t: Expression) -> Expression:
    """The derivatives of f(t) = t."""
    return t if order == 0 else _number(1 if order == 1 else 0, t)


def _parabola(order: int, t: Expression) -> Expression:
    """The derivatives of f(t) = t²."""
    if order == 0:
        return Power(t, Constant(2))
    return Times(Constant(2), t) if order == 1 else _number(2 if order == 2 else 0, t)


def _number(value: int, t: Expression) -> Expression:
    return Plus(Times(Constant(0), t), Constant(value))


def binds_data(claim: Claim) -> bool:
    """Whether the assumptions of a claim may leave no open set of data, or not every order of a tensor's entries. Those
    that do not: that maxima are unique, and that all entries of a tensor are above, below or beside a number."""
    bounded: list[Expression] = []
    for assumption in claim.context.assumptions:
        if assumption.kind == "unique_max":
            continue
        about = assumption.about
        if not isinstance(about, DataBracket) or about.operator == "==":
            return True
        tensors = [part for part in about.args[1:] if isinstance(part, Tensor)]
        numbers = [part for part in about.args[1:] if isinstance(part, Constant)]
        if len(tensors) != 1 or len(numbers) != 1 or tensors[0] in bounded:
            return True
        bounded += tensors
    return False


def zeros(lowering: Lowering) -> Iterator[tuple[str, ...]]:
    """Names of tensors of which a translation's known functions are numbers where they are 0, few first."""
    known = {
        head: record.template
        for head, record in lowering.opaque.items()
        if isinstance(head, Function) and head.function.kind is Kind.KNOWN and record.template is not None
    }
    # A product of functions alone is a number where these are.
    sums = [part for template in known.values() for part in template.terms if _entries(part)]
    names = sorted(frozenset[str]().union(*map(_entries, sums)))[:NAMES]

    def vanishes(term: Term, chosen: tuple[str, ...]) -> bool:
        return not _entries(term).isdisjoint(chosen) or any(
            isinstance(atom.head, Function)
            and atom.head.function.name in ODD
            and not atom.head.derivative
            and all(vanishes(part, chosen) for part in known[atom.head].terms)
            for atom in term.atoms
            if atom.head in known
        )

    found = (
        chosen
        for count in range(1, MOST_ZERO + 1)
        for chosen in combinations(names, count)
        if all(vanishes(part, chosen) for part in sums)
    )
    return islice(found, ZERO_SETS) if sums else iter(())


def _entries(term: Term) -> frozenset[str]:
    return frozenset(atom.head.name for atom in term.atoms if isinstance(atom.head, EntryHead))


class NoSpecialCase(Exception):
    """A maximum of data that need not decrease when their tensors do."""


def special_cases(claim: Claim, link: Link) -> Iterator[Link]:
    """The link with every arbitrary function and every maximum chosen; none where the claim binds its data, or where
    there is nothing to choose."""
    if claim.hypotheses or binds_data(claim):
        return
    tried: set[tuple[Expression, Expression]] = {(link.left, link.right)}
    for function in (_line, _parabola):
        try:
            sides = _chosen(link.left, function), _chosen(link.right, function)
        except NoSpecialCase:
            return
        if sides not in tried:
            tried.add(sides)
            yield Link(*sides, link.free, link.text, link.supposed)


def _chosen(node: Expression, function: Callable[[int, Expression], Expression]) -> Expression:
    if isinstance(node, Tensor):
        return node
    if isinstance(node, Apply) and node.operator in ("max_pool", "max_unpool", "max", "softmax"):
        return _first_entries(node, function)
    parts = [_chosen(part, function) if isinstance(part, Expression) else part for part in node.args]
    if isinstance(node, Elementwise) and node.name not in KNOWN:
        (of,) = (part for part in parts if isinstance(part, Expression))
        return function(node.order, of)
    rebuilt: Expression = node.func(*parts)
    return rebuilt


def _first_entries(node: Apply, function: Callable[[int, Expression], Expression]) -> Expression:
    """A maximum's special case: each window's first entry, or delta at the place of each window's first entry."""
    if node.operator == "max_pool":
        x, f, stride, pad, ceil = node.arguments
        if any(width != 0 for pair in pad.args for width in pair.args) or bool(ceil):
            raise NoSpecialCase
        lead = len(node.shape) - len(f.args)
        at: list[Basic] = [Slice(Integer(0), size, Integer(1)) for size in node.shape[:lead]]
        steps = zip(node.shape[lead:], stride.args, strict=True)
        return Entry(_decreasing(x, function), *at, *[Slice(Integer(0), size, step) for size, step in steps])
    if node.operator == "max_unpool":
        delta, x, _f, stride = node.arguments
        _decreasing(x, function)
        spread: Expression = apply("dilate", _chosen(delta, function), stride)
        resized: Expression = apply("resize", spread, x.shape)
        return resized
    raise NoSpecialCase


def _decreasing(x: Basic, function: Callable[[int, Expression], Expression]) -> Expression:
    """The special case of a formula that decreases along its axes where its tensor does."""
    body = x
    while isinstance(body, Definition):
        body = body.body
    if isinstance(body, Apply) and body.operator == "max_pool":
        _decreasing(body.arguments[0], function)
    elif isinstance(body, Entry):
        _decreasing(body.of, function)  # slices take every so many entries, in order
    elif isinstance(body, ByIndex):
        _shifted(body, function)
    elif isinstance(body, Elementwise):
        if body.name in KNOWN or body.order or function is not _line:
            raise NoSpecialCase
        _decreasing(body.of, function)
    elif not isinstance(body, Tensor):
        raise NoSpecialCase
    assert isinstance(x, Expression)
    return _chosen(x, function)


def _shifted(node: ByIndex, function: Callable[[int, Expression], Expression]) -> None:
    """That v[i, j] = x[i + c, j + d], in which the indices stand in their order, decreases."""
    entry = node.body
    names = [part.index for part in node.ranges]
    if not isinstance(entry, Entry) or len(entry.indices) != len(names):
        raise NoSpecialCase
    for name, index in zip(names, entry.indices, strict=True):
        if isinstance(index, Slice) or set(names) & (index - name).free_symbols:
            raise NoSpecialCase
    _decreasing(entry.of, function)


__all__ = ["binds_data", "special_cases", "zeros"]
