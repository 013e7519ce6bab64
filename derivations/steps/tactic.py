"""Derivations as a person writes them: dJ = Tr(δᵀ dz) = ... = Tr(Gᵀ dw), hence ∇_w J = G, step by step.

The tactic pushes the differential inwards by the rules of `differential.py` and pulls the weight outwards by
the adjoints of `adjoints.py`, until the inner product with dw stands there and the gradient can be read off.
The law kept here: a step is a claim. Each equation between neighbouring lines is judged by the kernel
(`judge_steps`), a step that it does not prove is reported as such, and the result is called proved only
where every step is.

What it cannot see: second derivatives of an arbitrary loss, and operators without a tabulated rule
(`NoRule`).

    state    Σ over pairings  Σ_ranges ⟨weight, inner⟩      inner: linear in one differential
    rules    d(node; w) → its rule   |   ⟨G, L(dy)⟩ → ⟨L*(G), dy⟩   |   collect, read off
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sympy import Basic, Symbol, expand

from derivations.formulas.claims import Context, Free
from derivations.formulas.expressions import (
    ByIndex,
    Constant,
    Definition,
    Differential,
    Entry,
    Expression,
    Grad,
    IndexRange,
    IndexSum,
    Loss,
    Minus,
    Plus,
    Slice,
    Tensor,
)
from derivations.formulas.indices import free_names, fresh, substituted
from derivations.judgement.verdict import Verdict
from derivations.operators import apply
from derivations.operators.row import NoRule
from derivations.steps.adjoints import adjoint, inner, scatter, times
from derivations.steps.derivation import Derivation, DerivationStep, Judge, judge_equation
from derivations.steps.differential import d, depends, differentiate, is_maximum, is_variable
from derivations.steps.lemmas import behind
from derivations.steps.polish import cancelled, polished
from derivations.steps.short import with_short

Name = Tensor | Definition
LIMIT = 40  # more steps than any derivation that a person follows; a loop in the rules ends here


@dataclass(frozen=True)
class Pairing:
    """±Σ_ranges ⟨weight, inner⟩. No weight stands for 1; then inner has rank 0."""

    ranges: tuple[IndexRange, ...]
    weight: Expression | None
    inner: Expression
    negative: bool = False

    def formula(self) -> Expression:
        """The pairing as a formula of rank 0."""
        product = inner(self.weight, self.inner)
        total = IndexSum(product, *self.ranges) if self.ranges else product
        return Minus(total) if self.negative else total


def _formula(state: Sequence[Pairing]) -> Expression:
    terms = [pairing.formula() for pairing in state] or [Constant(0)]
    return terms[0] if len(terms) == 1 else Plus(*terms)


def _merged(state: Sequence[Pairing]) -> list[Pairing]:
    """Equal terms counted: 2⟨G, dx⟩ for ⟨G, dx⟩ + ⟨G, dx⟩."""
    counts: dict[Pairing, int] = {}
    for pairing in state:
        counts[pairing] = counts.get(pairing, 0) + 1
    return [
        pairing if count == 1 else replace(pairing, weight=times(Constant(count), pairing.weight or Constant(1)))
        for pairing, count in counts.items()
    ]


# -- splitting sums --------------------------------------------------------------------------------


def split(pairing: Pairing) -> list[Pairing]:
    """Sums pulled out of the inner product, signs in front; a number in every entry meets sum(weight). What does not
    vary is left out."""
    node, weight = pairing.inner, pairing.weight
    if not _varies(node):
        return []
    if isinstance(node, Plus):
        found = []
        for part in node.args:
            alone = weight if weight is None or part.rank == node.rank else _total(weight)
            found += split(replace(pairing, weight=alone, inner=part))
        return found
    if isinstance(node, Minus):
        return split(replace(pairing, inner=node.args[0], negative=not pairing.negative))
    if isinstance(node, IndexSum):
        body, ranges = _renamed(node.body, node.ranges, pairing)
        return split(replace(pairing, ranges=(*pairing.ranges, *ranges), inner=body))
    if isinstance(node, ByIndex):
        body, ranges = _renamed(node.body, node.ranges, pairing)
        assert weight is not None
        part = weight[tuple(each.index for each in ranges)]
        return split(replace(pairing, ranges=(*pairing.ranges, *ranges), weight=part, inner=body))
    if isinstance(weight, Minus):
        return [replace(pairing, weight=weight.args[0], negative=not pairing.negative)]
    if weight is not None and weight.rank and not node.rank:
        return [replace(pairing, weight=_total(weight))]
    return [pairing]


def _total(weight: Expression) -> Expression:
    return apply("sum", weight)


def _renamed(
    body: Expression, ranges: Sequence[IndexRange], pairing: Pairing
) -> tuple[Expression, tuple[IndexRange, ...]]:
    """The sum's own indices, renamed where the pairing uses the same letter already."""
    used = {name for part in pairing.ranges for name in free_names(part)}
    if pairing.weight is not None:
        used |= free_names(pairing.weight)
    taken = used | free_names(body)
    new: dict[Symbol, Symbol] = {}
    for part in ranges:
        if part.index.name in used:
            new[part.index] = fresh(part.index.name, taken)
            taken.add(new[part.index].name)
    if not new:
        return body, tuple(ranges)
    return substituted(body, new), tuple(substituted(part, new) for part in ranges)


# -- one step --------------------------------------------------------------------------------------


class Tactic:
    """The search for one derivation: `of` is a formula of rank 0, `x` the variable."""

    def __init__(self, context: Context, of: Expression, x: Name, judge: Callable[..., Any] | None) -> None:
        self.context, self.of, self.x, self.judge = context, of, x, judge
        self.steps: list[DerivationStep] = []
        self.state: list[Pairing] = [Pairing((), None, d(of, x))]
        self.residuals = {
            node.body: node
            for node in context.names.values()
            if isinstance(node, Definition) and isinstance(node.body, Grad)
        }

    def step(self, new: list[Pairing], rule: str, lemmas: Sequence[str] = ()) -> None:
        """Record the equation between the old and the new state, unless nothing changed; lemmas are those behind the
        rule."""
        new = _merged(new)
        left, right = _formula(self.state), _formula(new)
        self.state = new
        if left != right:
            self.steps.append(DerivationStep(left, right, rule, lemmas=tuple(dict.fromkeys(filter(None, lemmas)))))

    def run(self) -> Derivation:
        """The whole derivation; raises NoRule where the tables do not reach."""
        if not depends(self.of, self.x):
            zero = _zero(self.x)
            step = DerivationStep(Grad(self.of, self.x), zero, "does not depend on the variable")
            return Derivation(self.context, self.of, self.x, (step,), zero)
        for _ in range(LIMIT):
            if self.residual() or self.cancelled() or self.differentials() or self.adjoints() or self.entries():
                continue
            return self.read_off()
        raise NoRule(f"no derivation in {LIMIT} steps")

    def residual(self) -> bool:
        """∇_z J replaced by the residual's own name, where the context has one."""
        new = [
            replace(part, weight=None if part.weight is None else substituted(part.weight, self.residuals))
            for part in self.state
        ]
        changed = new != self.state
        if changed:
            before = _formula(self.state)
            names = sorted(node.name for node in self.residuals.values() if _has_open(_formula(new), node))
            names = [name for name in names if not _has_open(before, self.context.names[name])]
            self.step(new, "definition of " + " and ".join(names))
        return changed

    def cancelled(self) -> bool:
        """Weights without factors that cancel, as soon as they do."""
        new = [part if part.weight is None else replace(part, weight=cancelled(part.weight)) for part in self.state]
        changed = new != self.state
        if changed:
            self.step(new, "factors cancelled")
        return changed

    def differentials(self) -> bool:
        """The differential of every inner part that is not dx yet, by one rule each; sums of sums count as
        one."""
        new: list[Pairing] = []
        rules: list[str] = []
        for pairing in self.state:
            if _is_open(pairing.inner, self.x):
                found, rule = self.one_differential(pairing)
                new += found
                rules.append(rule)
            else:
                new.append(pairing)
        if rules:
            self.step(new, _joined(rules))
        return bool(rules)

    def one_differential(self, pairing: Pairing) -> tuple[list[Pairing], str]:
        """⟨G, d(node; x)⟩ by the rule of the node."""
        node = pairing.inner.of
        if isinstance(node, Loss):
            gradient = Grad(node, node.of)
            weight = gradient if pairing.weight is None else times(pairing.weight, gradient)
            return [replace(pairing, weight=weight, inner=d(node.of, self.x))], "differential of the loss"
        changed, rule = differentiate(node, self.x)
        found = split(replace(pairing, inner=changed))
        if rule.endswith("linearity"):
            parts = [part for part in found if isinstance(part.inner, Differential)]
            if any(isinstance(part.inner.of, IndexSum) for part in parts):
                found = [new for part in found for new in self.through_sum(part)]
        return found, rule

    def through_sum(self, pairing: Pairing) -> list[Pairing]:
        """d Σ = Σ d, done together with the linearity before it."""
        if _is_open(pairing.inner, self.x) and isinstance(pairing.inner.of, IndexSum):
            return self.one_differential(pairing)[0]
        return [pairing]

    def adjoints(self) -> bool:
        """The adjoint of every inner part that is an operator on a differential."""
        new: list[Pairing] = []
        rules: list[str] = []
        lemmas: list[str] = []
        for pairing in self.state:
            if isinstance(pairing.inner, Entry | Differential) and not is_maximum(pairing.inner.of):
                new.append(pairing)
                continue
            node, place = _operation(pairing.inner)
            after, rule = self.one_adjoint(pairing, node, place)
            new += split(after)
            rules.append(rule)
            lemmas.append(behind(node, sum(isinstance(part, Expression) for part in node.args[:place])))
        if rules:
            self.step(new, _joined(rules), lemmas)
        return bool(rules)

    def one_adjoint(self, pairing: Pairing, node: Expression, place: int) -> tuple[Pairing, str]:
        """⟨G, L(dy)⟩ → ⟨L*(G), dy⟩ with the first candidate that the kernel proves; L is `node` as a function of its
        argument number `place`."""
        weight = pairing.weight if pairing.weight is not None else Constant(1)
        candidates, rule = adjoint(weight, node, place)
        # the adjoint of a maximum is taken of the pooled data itself, whose differential is still to come
        after = d(node.args[place], self.x) if is_maximum(node) else node.args[place]
        afters = [replace(pairing, weight=found, inner=after) for found in candidates]
        if not afters:
            raise NoRule(f"the adjoint of {type(node).__name__} is not tabulated")
        if self.judge is not None and len(afters) > 1:
            for each in afters:
                if self.judge(self.context, pairing.formula(), each.formula()).verdict == "proved":
                    return each, rule
        return afters[0], rule

    def entries(self) -> bool:
        """Entries of a differential gathered: those of dx where a sum over its leading axes does not read them off, and
        those of anything else, so that it can be rewritten."""
        new: list[Pairing] = []
        rules: list[str] = []
        lemmas: list[str] = []
        for pairing in self.state:
            node = pairing.inner
            if not isinstance(node, Entry) or (is_variable(node.of, self.x) and _leading(pairing) is not None):
                new.append(pairing)
                continue
            new.append(Pairing((), _gathered(replace(pairing, negative=False)), node.of, pairing.negative))
            placed = _leading(pairing) is None
            rules.append("adjoint of taking entries" if placed else "entries collected")
            lemmas.append(behind(node, 0) if placed else "")
        if rules:
            self.step(new, _joined(rules), lemmas)
        return bool(rules)

    def read_off(self) -> Derivation:
        """⟨G, dx⟩ for arbitrary dx: the gradient is G."""
        if not self.state:
            zero = _zero(self.x)
            step = DerivationStep(Grad(self.of, self.x), zero, "reading off the gradient")
            return Derivation(self.context, self.of, self.x, (*self.steps, step), zero)
        if len(self.state) == 1:
            self.step([_inner_sums(self.state[0])], "sums exchanged")
        gathered = [_gathered(pairing) for pairing in self.state]
        total = gathered[0] if len(gathered) == 1 else Plus(*gathered)
        if len(gathered) > 1:
            self.step([Pairing((), total, d(self.x, self.x))], "terms collected")
        result = [DerivationStep(Grad(self.of, self.x), total, "reading off the gradient")]
        for left, right, rule in polished(total, self.context):
            result.append(DerivationStep(left, right, rule))
        return Derivation(self.context, self.of, self.x, (*self.steps, *result), result[-1].right)


def _has_open(node: Basic, name: Basic) -> bool:
    """Whether a formula shows a name, not inside of another name."""
    if node == name:
        return True
    return not isinstance(node, Definition | Loss) and any(_has_open(part, name) for part in node.args)


def _operation(node: Expression) -> tuple[Expression, int]:
    """The operator that a differential stands in, with the place where it stands. A maximum keeps its differential
    around itself."""
    if isinstance(node, Differential):
        return node.of, 1
    return node, next(i for i, part in enumerate(node.args) if isinstance(part, Expression) and _varies(part))


def _zero(x: Name) -> Expression:
    return apply("zeros", x.shape) if x.rank else Constant(0)


def _is_open(node: Expression, x: Name) -> bool:
    """A differential that a rule can rewrite: not dx itself, and not of a maximum, which its adjoint
    rewrites."""
    return isinstance(node, Differential) and node.of != x and not is_maximum(node.of)


def _varies(node: Expression) -> bool:
    return node.has(Differential)  # type: ignore[no-any-return]


def _joined(rules: Sequence[str]) -> str:
    return "; ".join(dict.fromkeys(rule for rule in rules if rule)) or "definition"


# -- collecting ------------------------------------------------------------------------------------


def _inner_sums(pairing: Pairing) -> Pairing:
    """Σ_d Σ_c ⟨G_dc, dx[c]⟩ = Σ_c ⟨Σ_d G_dc, dx[c]⟩: the sums over other indices inside."""
    leading = _leading(pairing) if isinstance(pairing.inner, Entry) else None
    rest = tuple(part for part in pairing.ranges if leading is not None and part.index not in leading)
    if not rest or pairing.weight is None:
        return pairing
    shape = pairing.inner.of.shape
    kept = tuple(IndexRange(index, 0, size - 1) for index, size in zip(leading or (), shape, strict=False))
    return replace(pairing, ranges=kept, weight=IndexSum(pairing.weight, *rest))


def _gathered(pairing: Pairing) -> Expression:
    """The weight of the whole differential: Σ_i ⟨G_i, dx[i]⟩ = ⟨(G_i)_i, dx⟩."""
    weight = pairing.weight if pairing.weight is not None else Constant(1)
    if pairing.negative:
        return Minus(_gathered(replace(pairing, negative=False)))
    if not isinstance(pairing.inner, Entry):
        return _summed(weight, pairing.ranges)
    leading = _leading(pairing)
    if leading is None:
        placed = scatter(weight, pairing.inner.indices, pairing.inner.of.shape)
        return _summed(placed, pairing.ranges)
    rest = tuple(part for part in pairing.ranges if part.index not in leading)
    shape = pairing.inner.of.shape
    ranges = [IndexRange(index, 0, size - 1) for index, size in zip(leading, shape, strict=False)]
    return ByIndex(_summed(weight, rest), *ranges)


def _leading(pairing: Pairing) -> list[Symbol] | None:
    """The bound indices that run over the leading axes, if the others are kept whole; else None."""
    assert isinstance(pairing.inner, Entry)
    bound = {part.index for part in pairing.ranges}
    leading: list[Symbol] = []
    for number, (index, size) in enumerate(zip(pairing.inner.indices, pairing.inner.of.shape, strict=True)):
        if isinstance(index, Slice):
            if index.start != 0 or index.step != 1 or expand(index.count - size) != 0:
                return None
        elif index in bound and index not in leading and len(leading) == number:
            leading.append(index)
        else:
            return None
    others = [part for part in pairing.ranges if part.index not in leading]
    if any(part.free_symbols & set(leading) for part in others):
        return None
    return leading


def _summed(body: Expression, ranges: Sequence[IndexRange]) -> Expression:
    return IndexSum(body, *ranges) if ranges else body


# -- what others call ------------------------------------------------------------------------------


def derive(context: Any, of: str | Expression, wrt: str | Expression, judged: bool = True) -> Derivation:
    """The derivation of ∇_wrt `of`, step by step, each step judged by the kernel.

    context: a `Context` or what `given` returns. of: the name of a loss or of an explicit scalar, or any
    formula; of a formula that is not a scalar, J is an arbitrary loss. wrt: a name. judged: False leaves the
    steps unjudged. Raises NoRule where the tables of rules do not reach, ValueError for a name that is not
    declared.

    >>> from derivations.language.document import parse_context
    >>> ((_, context),) = parse_context("dims m, n\\ntensor W[m, n], x[n]\\nz = W @ x\\nloss J(z)")
    >>> derivation = derive(context, "J", "W")
    >>> derivation.proved, derivation.result.shape
    (True, (m, n))
    """
    known: Context = getattr(context, "context", context)
    formula = _named(known, of, context)
    x = _named(known, wrt, context)
    if not isinstance(x, Tensor | Definition):
        raise ValueError(f"the derivative is by a name, and {wrt} is none: declare it in `given`")
    if formula.rank:
        known, formula = _with_arbitrary_loss(known, formula)
    judge = remembering(judge_equation) if judged else None
    derivation = Tactic(known, formula, x, judge).run()
    return with_short(derivation.judged(judge) if judge is not None else derivation)


def remembering(judge: Judge) -> Judge:
    """The judge with a memory: a candidate that was proved when it was chosen is not proved again as a step."""
    known: dict[tuple[Expression, Expression], Verdict] = {}

    def remembered(context: Context, left: Expression, right: Expression, free: tuple[Free, ...] = ()) -> Verdict:
        if free or (left, right) not in known:
            known[left, right] = judge(context, left, right, free)
        return known[left, right]

    return remembered


def _named(context: Context, what: str | Expression, given: Any) -> Expression:
    if isinstance(what, Expression):
        return what
    if what in context.names:
        return context.names[what]
    parse = getattr(given, "parse", None)
    if parse is not None:
        return parse(what)  # type: ignore[no-any-return]
    raise ValueError(f"{what} is not declared: the names are {', '.join(sorted(context.names))}")


def _with_arbitrary_loss(context: Context, formula: Expression) -> tuple[Context, Loss]:
    """The context with an arbitrary loss of a formula that is not a scalar and with its residual, under free names."""
    names = dict(context.names)

    def free(*wanted: str) -> str:
        taken = {*names, *(dimension.name for dimension in context.dims), *context.abbreviations, *context.functions}
        return next(name for name in (*wanted, *(f"{wanted[0]}_{n}" for n in range(1, 1000))) if name not in taken)

    of = formula
    if not isinstance(formula, Tensor | Definition):
        of = Definition(free("z", "y", "r"), formula)
        names[of.name] = of
    loss = Loss(free("J", "L", "E"), of)
    names[loss.name] = loss
    residual = Definition(free("delta", "sigma"), Grad(loss, of))
    if not any(isinstance(each, Definition) and each.body == residual.body for each in names.values()):
        names[residual.name] = residual
    return replace(context, names=names), loss
