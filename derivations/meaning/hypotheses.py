"""Hypotheses on the data, such as `where sum(y) == 1`: used by parametrising the data that satisfy them.

For a hypothesis h(y) = 0 put y = P(y0) with y0 arbitrary and P(y0) = y0 − A·h(y0). Where h(P(y0)) = 0 for all y0 (a
premise of the goal, which the referee asks for), P maps onto the data that satisfy the hypothesis: its values do, and
it leaves alone what did. So a claim holds under the hypothesis exactly when it holds with P(y0) for y. The hypothesis
itself must exist at all sizes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations

from derivations.core import terms as k
from derivations.core.goals import Duty, Equality
from derivations.core.heads import Determinant, Entry
from derivations.core.names import Mark, Role
from derivations.core.sums import Atom, Term
from derivations.core.terms import Int
from derivations.formulas.claims import Claim, Hypothesis
from derivations.formulas.expressions import Expression, Tensor
from derivations.meaning.existence import obligations
from derivations.meaning.functions import Unsupported
from derivations.meaning.lowering import Lowering, Terms, scaled
from derivations.meaning.regular import regular


@dataclass(frozen=True)
class Parametrisation:
    """y[i] as terms in an arbitrary tensor of the same name."""

    tensor: Tensor
    entry: Callable[[Sequence[Int]], Terms]


def apply_hypotheses(lowering: Lowering, claim: Claim, found: Terms) -> Terms:
    """The terms with every tensor that a hypothesis binds replaced by its parametrisation."""
    bound: set[Tensor] = set()
    for hypothesis in claim.hypotheses:
        tensors = {*_tensors(hypothesis.left), *_tensors(hypothesis.right)}
        if bound & tensors:
            raise Unsupported("two hypotheses about one tensor")
        bound |= tensors
        chosen = parametrise(lowering, claim, hypothesis)
        found = [
            new for term in found for new in lowering.replaced(term, Entry(chosen.tensor.name), chosen.entry)
        ]
    if claim.hypotheses:
        _admitted(lowering, found)
    return found


def _admitted(lowering: Lowering, found: Terms) -> None:
    """That the data which satisfy the hypotheses make the matrices invertible whose inverses are left, or
    Unsupported."""
    if any(isinstance(head, Determinant) for head in lowering.opaque) and lowering.positive:
        raise Unsupported("the sign of a determinant of data under a hypothesis")
    heads = {head for term in found for atom in term.atoms for head in (atom.head, *atom.head.mentions)}
    for matrix in [matrix for head, matrix in lowering.matrices.items() if head in heads]:
        if regular(lowering, matrix) != k.TRUE:
            raise Unsupported(f"whether {matrix.text} is invertible for some data")


def parametrise(lowering: Lowering, claim: Claim, hypothesis: Hypothesis) -> Parametrisation:
    """A parametrisation that search finds to satisfy the hypothesis, or Unsupported."""
    tensors = [node for node in _tensors(hypothesis.left) + _tensors(hypothesis.right) if node.rank]
    for tensor in dict.fromkeys(tensors):
        for entry in _candidates(lowering, hypothesis, tensor):
            if _satisfies(lowering, claim, hypothesis, Parametrisation(tensor, entry)):
                return Parametrisation(tensor, entry)
    raise Unsupported(f"the hypothesis {hypothesis.text} cannot be solved for a tensor")


def _tensors(node: Expression) -> list[Tensor]:
    return sorted(node.atoms(Tensor), key=lambda tensor: tensor.name)


def _residual(lowering: Lowering, hypothesis: Hypothesis, index: Sequence[Int]) -> Terms:
    left, right = hypothesis.left, hypothesis.right
    return [
        *lowering.lower(left, index if left.rank else (), {}, frozenset()),
        *scaled(lowering.lower(right, index if right.rank else (), {}, frozenset()), -1),
    ]


def _candidates(
    lowering: Lowering, hypothesis: Hypothesis, tensor: Tensor
) -> list[Callable[[Sequence[Int]], Terms]]:
    rank = max(hypothesis.left.rank, hypothesis.right.rank)

    def identity(index: Sequence[Int]) -> Terms:
        return [Term((Atom(Entry(tensor.name), tuple(index)),))]

    def projected(denominator: int, sign: int) -> Callable[[Sequence[Int]], Terms]:
        def entry(index: Sequence[Int]) -> Terms:
            # Entries of y outside the hypothesis's shape are not bound by it: P leaves them alone.
            sides = (hypothesis.left, hypothesis.right)
            shapes = [lowering.shape(side, {}) for side in sides if side.rank]
            bound = k.all_of(k.between(0, i, n - 1) for shape in shapes for i, n in zip(index, shape, strict=True))
            residual = scaled(_residual(lowering, hypothesis, index), sign, denominator)
            return identity(index) + lowering.products([[Term(condition=bound)], residual])

        return entry

    def at_first(sign: int, kept: Sequence[int]) -> Callable[[Sequence[Int]], Terms]:
        """What is missing is put into the first entry along the axes that the hypothesis sums over."""

        def entry(index: Sequence[Int]) -> Terms:
            first = k.all_of(k.zero(i) for axis, i in enumerate(index) if axis not in kept)
            place = tuple(index[axis] for axis in kept)
            sides = (hypothesis.left, hypothesis.right)
            shapes = [lowering.shape(side, {}) for side in sides if side.rank]
            bound = k.all_of(k.between(0, i, n - 1) for shape in shapes for i, n in zip(place, shape, strict=True))
            missing = scaled(_residual(lowering, hypothesis, place), sign)
            return identity(index) + lowering.products([[Term(condition=k.all_of((first, bound)))], missing])

        return entry

    if rank < tensor.rank:
        return [at_first(sign, kept) for kept in combinations(range(tensor.rank), rank) for sign in (-1, 1)]
    if rank == tensor.rank:
        return [projected(2, -1), projected(1, -1), projected(2, 1), projected(1, 1)]
    return []


def _satisfies(lowering: Lowering, claim: Claim, hypothesis: Hypothesis, chosen: Parametrisation) -> bool:
    """Whether h(P(y0)) = 0 for all y0, by search; if so, that it is, and that h exists, are noted as premises."""
    rank = max(hypothesis.left.rank, hypothesis.right.rank)
    index = tuple(Int.symbol(Mark(Role.ENTRY, axis)) for axis in range(rank))
    shape = lowering.shape(hypothesis.left if hypothesis.left.rank else hypothesis.right, {})
    same: k.Condition = k.TRUE
    if hypothesis.left.rank and hypothesis.right.rank:
        other = lowering.shape(hypothesis.right, {})
        same = k.all_of(k.equal(p, q) for p, q in zip(shape, other, strict=True))
    inside = k.all_of(k.between(0, i, n - 1) for i, n in zip(index, shape, strict=True))
    residual = [
        new
        for term in _residual(lowering, hypothesis, index)
        for new in lowering.replaced(term, Entry(chosen.tensor.name), chosen.entry)
    ]
    if not lowering.same(residual, [], inside):
        return False
    for side in (hypothesis.left, hypothesis.right):
        for duty in obligations(lowering, side, {}):
            lowering.premises.append(Duty(duty.what, k.TRUE, duty.condition, duty.guard))
    lowering.premises.append(Duty(f"the shapes of {hypothesis.text}", k.TRUE, same))
    lowering.premises.append(Equality(hypothesis.text, inside, tuple(residual)))
    return True
