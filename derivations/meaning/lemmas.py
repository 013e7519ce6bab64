"""A layer's claim as a lemma of its own: what lies above it and below it is named, not expanded.

    ∂J/∂x = ∂(J∘u)/∂x       J reaches x through u alone: for every J, if it holds for every function J' of u
    u                        a tensor y, where nothing inside of u is differentiated by: for every u, if for every y

    d                        ∂L/∂u, where that is proved: both are the same values (`with_residuals`)

So L layers are L lemmas, each of one layer's size. A statement that holds for every loss of u and every tensor y holds
for those that a document defines.

Law: a lemma implies the claim, never the other way round: it is used to prove, not to refute. What the hidden formulas
suppose of data stays named by whoever asks (`hidden`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from sympy import Basic

from derivations.formulas.claims import Link
from derivations.formulas.expressions import (
    Apply,
    Bracket,
    ByIndex,
    Constant,
    DataBracket,
    Definition,
    Differential,
    Elementwise,
    Entry,
    Expression,
    Grad,
    IndexSum,
    Jacobian,
    Loss,
    Minus,
    Over,
    Plus,
    Power,
    Tensor,
    Times,
)
from derivations.meaning.domains import OF_FUNCTIONS
from derivations.meaning.functions import KNOWN
from derivations.operators import OPERATORS

TOTAL = ("exp", "tanh", "sigmoid", "softplus", "sin", "cos", "erf")  # of every number, with a derivative everywhere
PLAIN = (Tensor, Definition, Constant, Plus, Minus, Times, Entry, IndexSum, ByIndex, Bracket)


@dataclass(frozen=True)
class Lemma:
    """A link that implies another, and the definitions that it hides."""

    link: Link
    hidden: tuple[Definition, ...]


def lemma_of(link: Link) -> Lemma | None:
    """The lemma of one layer's claim; None where there is nothing to hide, or derivatives stand in derivatives."""
    sides = (link.left, link.right, *link.supposed)
    if any(_mentions(side, Differential | Jacobian) for side in sides):
        return None
    opened = [_without_names(side) for side in sides]
    grads = list(dict.fromkeys(grad for side in opened for grad in _grads(side)))
    if any(_mentions(grad.of, Grad) or not isinstance(grad.of, Definition | Loss) for grad in grads):
        return None  # a bare formula may depend on an index, and nobody would name what it supposes
    hidden: dict[Definition, None] = {}
    changes: dict[Basic, Basic] = {}
    for of in dict.fromkeys(grad.of for grad in grads):
        wrt = {grad.wrt for grad in grads if grad.of == of}
        through = _passage(of, wrt) if len(wrt) > 1 else None
        if through is not None:
            new = Loss(f"{of}({through.name})", through)
            changes |= {Grad(of, x): Grad(new, x) for x in wrt}
            hidden |= dict.fromkeys(_between(of, through))
    opened = [_changed(side, changes) for side in opened]
    grads = list(dict.fromkeys(grad for side in opened for grad in _grads(side)))
    wrt = {grad.wrt for grad in grads}
    guarded = {node for side in opened for node in _guarded(side)}
    named: dict[Basic, Basic] = {}
    for side in opened:
        for node in _topmost(side, wrt, guarded):
            named[node] = Tensor(node.name, node.shape)
            hidden |= dict.fromkeys(_inside(node))
    if not named and not changes:
        return None
    left, right, *supposed = [_changed(side, named) for side in opened]
    return Lemma(Link(left, right, link.free, link.text, tuple(supposed)), tuple(hidden))


def with_residuals(link: Link, known: Mapping[Definition, Grad]) -> Link:
    """The link with definitions replaced by gradients that have the same values wherever the claim speaks of. What is
    differentiated stays as it is: there, what holds for some data only would be used of others."""
    if not known:
        return link
    done: dict[Basic, Basic] = dict(known)

    def told(part: Basic) -> Basic:
        if part not in done:
            kept = isinstance(part, Grad | Jacobian | Differential | Loss)
            parts = [told(each) if isinstance(each, Expression) and not kept else each for each in part.args]
            done[part] = part.func(*parts) if any(p is not q for p, q in zip(parts, part.args, strict=True)) else part
        return done[part]

    left, right = told(link.left), told(link.right)
    assert isinstance(left, Expression)
    assert isinstance(right, Expression)
    return replace(link, left=left, right=right)


def _parts(node: Basic) -> Iterator[Expression]:
    return (part for part in node.args if isinstance(part, Expression))


def _mentions(node: Expression, kind: type | object) -> bool:
    """Whether a node of a kind stands in a formula, in its definitions too."""
    seen: set[Basic] = set()
    stack: list[Expression] = [node]
    while stack:
        part = stack.pop()
        if part in seen:
            continue
        seen.add(part)
        if isinstance(part, kind):  # type: ignore[arg-type]
            return True
        stack += _parts(part)
    return False


def _without_names(node: Expression) -> Expression:
    """The formula with every name of a gradient replaced by the gradient."""
    changes: dict[Basic, Basic] = {}
    for part in nodes_of(node):
        if isinstance(part, Definition) and isinstance(part.body, Grad):
            changes[part] = part.body
    return _changed(node, changes)


@lru_cache(maxsize=4096)
def definitions_of(node: Expression) -> frozenset[Definition]:
    """The definitions that stand in a formula, each looked into once."""
    return frozenset(part for part in nodes_of(node) if isinstance(part, Definition))


def nodes_of(node: Expression) -> list[Expression]:
    """Every node of a formula, those of its definitions too."""
    seen: dict[Expression, None] = {}
    stack = [node]
    while stack:
        part = stack.pop()
        if part not in seen:
            seen[part] = None
            stack += _parts(part)
    return list(seen)


def _grads(node: Expression) -> list[Grad]:
    return [part for part in nodes_of(node) if isinstance(part, Grad)]


def _changed(node: Expression, changes: dict[Basic, Basic]) -> Expression:
    """The formula with nodes replaced, wherever they stand."""
    if not changes:
        return node
    done: dict[Basic, Basic] = dict(changes)

    def change(part: Basic) -> Basic:
        if part not in done:
            parts = [change(each) if isinstance(each, Expression) else each for each in part.args]
            done[part] = part.func(*parts) if any(p is not q for p, q in zip(parts, part.args, strict=True)) else part
        return done[part]

    found = change(node)
    assert isinstance(found, Expression)
    return found


def _reached(node: Expression, stop: Definition | None) -> set[Expression]:
    """The names that a formula mentions without going through one of them; that one itself is not among them."""
    seen: set[Expression] = set()
    stack = [node]
    while stack:
        part = stack.pop()
        if part in seen or part == stop:
            continue
        seen.add(part)
        stack += _parts(part)
    return {part for part in seen if isinstance(part, Tensor | Definition)}


def _passage(of: Expression, wrt: set[Expression]) -> Definition | None:
    """The last definition through which alone a loss reaches all that it is differentiated by; None where that is
    itself, or where what lies above has no derivative at some data."""
    found = None
    stack = [part for part in nodes_of(of) if isinstance(part, Definition) and part != of]
    for node in stack:
        if isinstance(of, Loss) and node == of.of:
            continue
        inner = _reached(node, None) | {node}
        if wrt <= inner and not _reached(of, node) & wrt:
            deeper = found is None or node in _reached(found, None)
            found = node if deeper else found
    if found is None or any(_jumps(part) for part in (of, *_between(of, found))):
        return None
    return found


def supposes_data(node: Definition) -> bool:
    """Whether a definition's own formula may suppose something of data: that it exists, or has a derivative."""
    stack = [node.body]
    while stack:
        part = stack.pop()
        total = isinstance(part, Elementwise) and (part.name not in KNOWN or part.name in TOTAL)
        linear = isinstance(part, Apply) and OPERATORS[part.operator].entry is not None
        if not (total or linear or isinstance(part, PLAIN)):
            return True
        stack += [each for each in _parts(part) if not isinstance(each, Definition)]
    return False


def _jumps(node: Expression) -> bool:
    body = node.body if isinstance(node, Definition) else node
    stack = [body]
    while stack:
        part = stack.pop()
        if isinstance(part, DataBracket):
            return True
        stack += [each for each in _parts(part) if not isinstance(each, Definition)]
    return False


def _between(of: Expression, through: Definition) -> list[Definition]:
    """The definitions that a loss mentions without going through one of them."""
    names = _reached(of, through)
    return sorted((node for node in names if isinstance(node, Definition)), key=lambda node: node.name)


def _inside(node: Definition) -> list[Definition]:
    """A definition with all that stand in it."""
    return [part for part in nodes_of(node) if isinstance(part, Definition)]


def _guarded(node: Expression) -> set[Definition]:
    """The definitions on which it depends whether a formula exists: a tensor in their place would say too little. Of
    what stands in definitions, `decision.py` asks whether these exist."""
    found: set[Definition] = set()
    stack = [node]
    while stack:
        part = stack.pop()
        if isinstance(part, Definition | Grad):
            continue
        inner = list(_parts(part))
        if isinstance(part, Over):
            found.update(*map(definitions_of, inner[1:]))
        elif _is_partial(part):
            found.update(*map(definitions_of, inner))
        stack += inner
    return found


def _is_partial(node: Expression) -> bool:
    """Whether an operation may not exist for some arguments, or the derivative that it is may not."""
    if isinstance(node, Elementwise):
        return node.name in OF_FUNCTIONS or (node.order > 0 and node.name in KNOWN and node.name not in TOTAL)
    if isinstance(node, Power):
        exponent = node.args[1].value if isinstance(node.args[1], Constant) else node.args[1]
        return not (exponent.is_Integer and exponent >= 0)
    return isinstance(node, Apply) and OPERATORS[node.operator].entry is None and node.operator != "softmax"


def _topmost(node: Expression, wrt: set[Expression], guarded: set[Definition]) -> list[Definition]:
    """The definitions in which nothing is differentiated by but, it may be, themselves; not those inside of them, nor
    those that are guarded."""
    found: dict[Definition, None] = {}
    seen: set[Expression] = set()
    stack = [node]
    while stack:
        part = stack.pop()
        if part in seen:
            continue
        seen.add(part)
        is_apart = isinstance(part, Definition) and not _reached(part.body, None) & wrt
        if isinstance(part, Definition) and is_apart and part not in guarded and not _mentions(part.body, Grad):
            found[part] = None
        else:
            stack += _parts(part)
    return list(found)


__all__ = ["Lemma", "definitions_of", "lemma_of", "nodes_of", "supposes_data", "with_residuals"]
