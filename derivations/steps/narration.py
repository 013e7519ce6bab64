"""The derivation behind a claim: from the gradient in one side of an equation to the other side.

The law kept here: these steps explain a verdict, they do not make it. Each is judged by the kernel under the claim's
own conditions and hypotheses, and one that it does not prove says so.

What it cannot see: claims without a gradient, and gradients inside of two different ones.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from sympy import Basic

from derivations.formulas.claims import Claim, Context, Free, Link
from derivations.formulas.expressions import ByIndex, Definition, Entry, Expression, Grad, IndexSum, Loss, Slice
from derivations.formulas.indices import free_names, substituted
from derivations.judgement.judge import judge_link
from derivations.judgement.verdict import Step, Verdict
from derivations.steps.derivation import Derivation, DerivationStep
from derivations.steps.short import with_short
from derivations.steps.tactic import Tactic, remembering


def narrated(claim: Claim, verdict: Verdict) -> Verdict:
    """A proved verdict with the steps to the gradient that stands on one side, and with the reader's version of them
    where they are long; as it is where the tables of rules do not reach."""
    if verdict.steps or verdict.verdict != "proved":
        return verdict
    derivation = derivation_behind(claim, claim.links[verdict.link - 1])
    if derivation is None:
        return verdict
    return replace(verdict, steps=derivation.proof_steps(), short=derivation.short_steps())


def proof_steps(claim: Claim, link: Link) -> tuple[Step, ...]:
    """The judged steps of `derivation_behind` a link; empty where there is none."""
    derivation = derivation_behind(claim, link)
    return () if derivation is None else derivation.proof_steps()


def derivation_behind(claim: Claim, link: Link) -> Derivation | None:
    """The judged steps that lead to a gradient which stands in a side of a link, then to the other side.

    The gradient may be the whole side, a residual that is defined as one, or stand inside, as in `grad(J, w)[p, q]`
    and `grad(J, w).T`. None where there is none, or the tables of rules do not reach.
    """
    found = _gradient_in(link)
    if found is None:
        return None
    side, gradient, other = found

    def judge(context: Context, left: Expression, right: Expression, free: tuple[Free, ...] = ()) -> Verdict:
        step = Link(left, right, free or link.free, f"{left} == {right}")
        return judge_link(replace(claim, context=context, links=(step,)), 1, numeric=False)

    judge = remembering(judge)
    try:
        derived = Tactic(claim.context, gradient.of, gradient.wrt, judge).run()
    except ValueError:
        return None
    steps = list(derived.steps)
    places = [place for place, step in enumerate(steps) if step.left == gradient or step.right == other]
    if side == gradient and steps[places[-1]].right == other:
        steps = steps[: places[-1] + 1]  # the claim has it before its last simplifications
    if isinstance(side, Definition):
        steps.insert(0, DerivationStep(side, gradient, f"definition of {side.name}"))
    elif side != gradient:
        inserted = _reduced(substituted(side, {gradient: derived.result}))
        steps.append(DerivationStep(side, inserted, "the gradient inserted"))
    if steps[-1].right != other:
        steps.append(DerivationStep(steps[-1].right, other, "the same by its entries"))
    steps = [replace(step, free=_free_in(step, link)) for step in steps]
    return with_short(replace(derived, steps=tuple(steps)).judged(judge))


def _gradient_in(link: Link) -> tuple[Expression, Grad, Expression] | None:
    """A side with the gradient to derive in it, and the other side; a side that is nothing else comes first."""
    sides = ((link.left, link.right), (link.right, link.left))
    for side, other in sides:
        if isinstance(side, Grad) and not _is_residual(side):
            return side, side, other
    for side, other in sides:
        if isinstance(side, Definition) and isinstance(side.body, Grad) and not _is_residual(side.body):
            return side, side.body, other
    for side, other in sides:
        inside = {node for node in _open(side) if isinstance(node, Grad) and not _is_residual(node)}
        if len(inside) == 1:
            return side, inside.pop(), other
    return None


def _is_residual(node: Grad) -> bool:
    """The gradient of an arbitrary loss by what it is a function of: nothing to derive."""
    return isinstance(node.of, Loss) and node.of.of == node.wrt


def _open(node: Basic) -> Iterator[Basic]:
    """A formula and its parts, names left closed."""
    yield node
    if not isinstance(node, Definition | Loss | Grad):
        for part in node.args:
            yield from _open(part)


def _reduced(node: Expression) -> Expression:
    """An entry of a tensor that is given by its entries: the formula of that entry."""
    if not isinstance(node, Entry) or not isinstance(node.of, ByIndex):
        return node
    ranges = node.of.ranges
    chosen, rest = node.indices[: len(ranges)], node.indices[len(ranges) :]
    sums = [part for part in _open(node.of.body) if isinstance(part, IndexSum | ByIndex)]
    inner = {str(part.index.name) for each in sums for part in each.ranges}
    if any(isinstance(index, Slice) or free_names(index) & inner for index in chosen):
        return node
    body = substituted(node.of.body, dict(zip((part.index for part in ranges), chosen, strict=True)))
    return Entry(body, *rest) if rest and not all(isinstance(part, Slice) for part in rest) else body


def _free_in(step: DerivationStep, link: Link) -> tuple[Free, ...]:
    """The free indices of a link that a step uses."""
    names = free_names(step.left) | free_names(step.right)
    return tuple(part for part in link.free if part.index.name in names)
