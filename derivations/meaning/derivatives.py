"""Derivatives of terms by the product and the chain rule: gradients, Jacobians, differentials, the loss.

    d(Π atoms) = Σ_k (Π_{j≠k} atom_j) d(atom_k)

They are taken on the terms themselves, so that no operator has an adjoint rule.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from derivations.core.heads import Differential as DifferentialHead
from derivations.core.heads import Entry as EntryHead
from derivations.core.heads import Head, LossValue, Sensitivity
from derivations.core.sums import Atom, Term
from derivations.core.terms import Int
from derivations.formulas.expressions import Definition, Differential, Expression, Grad, Jacobian, Loss, Tensor
from derivations.meaning.functions import Unsupported
from derivations.meaning.integers import Environment
from derivations.meaning.translation import Cut, Every, Opaque, Terms, Translation, equal_places, multiply
from derivations.operators.elementary import unravel


def loss(lowering: Translation, node: Loss, index: tuple[Int, ...], env: Environment, cut: Cut) -> Terms:
    head, sensitivity = LossValue(node.name), Sensitivity(node.name)

    def expand(indices: Sequence[Int]) -> list[tuple[Term, Terms]]:
        bound, condition, place = lowering.box(lowering.shape(node.of, {}))
        factor = Term((Atom(sensitivity, place),), bound, condition)
        return [(factor, lowering.lower(node.of, place, {}, cut))]

    def rebuild(change: Callable[[Terms], Terms], indices: Sequence[Int]) -> Terms:
        return [Term((Atom(head),))]

    lowering.opaque[head] = Opaque(expand, rebuild, plain=True)
    return [Term((Atom(head),))]


def vary(
    lowering: Translation, term: Term, varying: Callable[[Head], bool]
) -> Iterator[tuple[Term, Head, tuple[Int, ...]]]:  # fmt: skip
    """The differential of a term: (factor, head, place) for each varying atom d head[place]."""
    for number, atom in enumerate(term.atoms):
        rest = replace(term, atoms=(*term.atoms[:number], *term.atoms[number + 1 :]))
        if varying(atom.head):
            yield rest, atom.head, atom.indices
        elif atom.head in lowering.opaque:
            for factor, inner in lowering.opaque[atom.head].expand(atom.indices):
                for part in inner:
                    for coefficient, head, place in vary(lowering, part, varying):
                        yield multiply(rest, factor, coefficient), head, place
        elif isinstance(atom.head, Sensitivity):
            raise Unsupported(f"the derivative of {atom.head}: an arbitrary loss has no known second derivative")


def grad(lowering: Translation, node: Grad, index: tuple[Int, ...], env: Environment, cut: Cut) -> Terms:
    return _by_entry(lowering, node.of, (), node.wrt, index, env, cut)


def _by_entry(
    lowering: Translation, of: Expression, at: Sequence[Int], wrt: Expression, index: Sequence[Int], env: Environment,
    cut: Cut,
) -> Terms:  # fmt: skip
    """∂ of[at] / ∂ wrt[index]."""
    if not isinstance(wrt, Tensor | Definition):
        raise Unsupported(f"a derivative by {wrt}, which is not a name")
    inner = cut | {wrt.name} if isinstance(wrt, Definition) else cut
    found, name = [], EntryHead(wrt.name)
    for term in lowering.lower(of, at, env, frozenset(inner)):
        for factor, _, place in vary(lowering, term, lambda head: head is name):
            found.append(multiply(factor, Term(condition=equal_places(place, index))))
    return _uncut(lowering, found, wrt, cut)


def _uncut(lowering: Translation, found: Terms, wrt: Expression, cut: Cut) -> Terms:
    """After differentiation by a definition, put its body back."""
    if not isinstance(wrt, Definition) or wrt.name in cut or Every.DEFINITION in cut:
        return found
    return [
        new
        for term in found
        for new in lowering.replaced(term, EntryHead(wrt.name), lambda place: lowering.lower(wrt.body, place, {}, cut))
    ]


def jacobian(lowering: Translation, node: Jacobian, index: tuple[Int, ...], env: Environment, cut: Cut) -> Terms:
    row = _column_major(index[0], lowering.shape(node.of, env))
    column = _column_major(index[1], lowering.shape(node.wrt, env))
    return _by_entry(lowering, node.of, row, node.wrt, column, env, cut)


def differential(
    lowering: Translation, node: Differential, index: tuple[Int, ...], env: Environment, cut: Cut
) -> Terms:
    wrt = node.wrt
    inner = frozenset(cut | {wrt.name}) if isinstance(wrt, Definition) else cut
    found = []

    def varying(head: Head) -> bool:
        return isinstance(head, EntryHead) and (wrt is None or head.name == str(wrt.name))

    for term in lowering.lower(node.of, index, env, inner):
        for factor, head, place in vary(lowering, term, varying):
            assert isinstance(head, EntryHead)
            found.append(multiply(factor, Term((Atom(DifferentialHead(head.name), place),))))
    return _uncut(lowering, found, wrt, cut) if wrt is not None else found


def _column_major(position: Int, shape: Sequence[Int]) -> tuple[Int, ...]:
    return tuple(reversed(unravel(position, tuple(reversed(shape)))))
