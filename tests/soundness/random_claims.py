"""Random claims over all operators: a random left side, and a right side that is the left rewritten by true rules or
spoilt by a mutation.

Why: a proof is worth what its kernel is worth, and that is measured here. The generator does not say whether a claim is
true (a rule may meet sizes at which one of its sides does not exist); exhaustive evaluation does.

Law: the claim with number n depends on n alone.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import product

from formulas import GROWTH, MUTATIONS, RULES, Setting, leaves
from sympy import Expr

from derivations.formulas.claims import Claim, Context, Dimension, Link
from derivations.formulas.expressions import (
    Definition,
    Differential,
    Elementwise,
    Expression,
    Grad,
    Jacobian,
    ShapeError,
    SizeTuple,
    Tensor,
    Times,
)
from derivations.formulas.integers import Compare, Condition, evaluate_condition, integer_symbol
from derivations.operators import OperatorError, apply

LARGEST_SIZE, LARGEST_STEP = 5, 3


def dims(names: str) -> list[Expr]:
    return [integer_symbol(name) for name in names.split()]


def _at_most(*pairs: tuple[Expr, Expr]) -> tuple[Condition, ...]:
    return tuple(Compare("<=", left, right) for left, right in pairs)


def settings() -> list[Setting]:
    """The contexts: ranks 1 to 3, with sizes, strides, windows, dilations and paddings that are symbols."""
    N, m, n, s, d, p, H, W, f, h, w, q, r, C = dims("N m n s d p H W f h w q r C")
    return [
        Setting("vector", (N, m), _at_most((m, N)), (("x", (N,)), ("y", (N,))), (("k", (m,)), ("l", (m,)))),
        Setting("vector, stride", (N, m, s), _at_most((m, N)), (("x", (N,)),), (("k", (m,)),), stride=s),
        Setting("vector, pad", (N, m, p), _at_most((m, N)), (("x", (N,)),), (("k", (m,)),), pad=p, least={"p": 0}),
        Setting("vector, dilation", (N, m, d), (Compare("<", d * (m - 1), N),), (("x", (N,)),), (("k", (m,)),),
                dilation=d),
        Setting("vector, window", (N, f, s), _at_most((f, N)), (("x", (N,)), ("y", (N,))), (("k", (f,)),), window=f,
                stride=s),
        Setting("vector, factor", (N, q), (), (("x", (q * N,)), ("y", (q * N,))), (("k", (q,)),), window=q, factor=q),
        Setting("image", (H, W, m, n), _at_most((m, H), (n, W)), (("x", (H, W)), ("y", (H, W))),
                (("k", (m, n)), ("l", (m, n)))),
        Setting("image, stride", (H, m, s), _at_most((m, H)), (("x", (H, H + 1)),), (("k", (m, m + 1)),), stride=s),
        Setting("image, pad", (H, m, p), _at_most((m, H)), (("x", (H, H + 1)),), (("k", (m, 1)),), pad=p,
                least={"p": 0}),
        Setting("image, dilation", (H, m, d), (Compare("<", d * (m - 1), H),), (("x", (H, H + 2)),), (("k", (m, m)),),
                dilation=d),
        Setting("pooling", (h, w, f), (), (("x", (f * h, f * w)), ("y", (f * h, f * w))), (("k", (f, f)),), window=f,
                factor=f),
        Setting("pooling, stride", (H, f, s), _at_most((f, H)), (("x", (H, H + 1)),), (("k", (f, f)),), window=f,
                stride=s),
        Setting("matrix", (p, q, r), (), (("x", (p, q)), ("y", (p, q))), (("k", (q, r)), ("l", (q, q)))),
        Setting("square", (N, q), (), (("x", (N, N)), ("y", (N, N))), (("k", (q, q)), ("l", (N, N)))),
        Setting("volume", (C, H, m), _at_most((m, H), (m, C)), (("x", (C, H, H)),), (("k", (m, 1, m)),)),
    ]  # fmt: skip


SETTINGS = settings()


@dataclass(frozen=True)
class Random:
    """A generated claim and how it came about."""

    number: int
    claim: Claim
    intended: bool
    how: tuple[str, ...] = field(default=())

    @property
    def link(self) -> Link:
        return self.claim.links[0]

    @property
    def text(self) -> str:
        """The claim and how it came about, for messages."""
        return f"{self.link.left} == {self.link.right} ({', '.join(self.how)})"


def random_claim(number: int, longest: int = 2) -> Random:
    """Claim number `number` of those whose formulas grow by at most `longest` operators, a function of the two."""
    for attempt in range(100):
        chance = random.Random(number * 1000 + attempt)
        setting = chance.choice(SETTINGS)
        setting = setting.fresh()
        try:
            found = _attempt(number, setting, chance, longest)
        except (OperatorError, ShapeError):
            continue
        if found is not None:
            return found
    raise AssertionError(f"no claim number {number}")


def _attempt(number: int, setting: Setting, chance: random.Random, longest: int) -> Random | None:
    left = grown(setting, chance, longest)
    how: list[str] = []
    right, intended = left, chance.random() < 0.5
    if chance.random() < 0.25:
        return _gradients(number, setting, chance, left, intended)
    if not intended:
        right = changed(right, MUTATIONS, setting, chance, how)
        if right == left:
            return None
    for _ in range(chance.randint(1, longest) if intended else chance.randint(0, longest - 1)):
        right = changed(right, RULES, setting, chance, how)
    return _random(number, setting, left, right, intended, how) if right != left else None


def _gradients(
    number: int, setting: Setting, chance: random.Random, formula: Expression, intended: bool
) -> Random | None:
    """Gradients of one loss of two formulas for the same thing (or not), by one of their leaves."""
    how: list[str] = ["grad"]
    other = formula
    if not intended:
        other = changed(other, MUTATIONS, setting, chance, how)
    for _ in range(chance.randint(0 if not intended else 1, 2)):
        other = changed(other, RULES, setting, chance, how)
    names = [leaf for leaf in leaves(formula) if leaf in leaves(other)]
    if not names or other == formula:
        return None
    wrt = chance.choice(names)
    small = _size(formula) <= 2
    kind = chance.choice(("weighted", "squares", "function", "layers") if small else ("weighted", "function"))
    how.append(kind)
    weights = setting.tensor("c", formula.shape)
    sides = [_loss(kind, node, weights, chance.random() < 0.3) for node in (formula, other)]
    left, right = (Grad(side, wrt) for side in sides)
    if chance.random() < 0.3:
        rules = how[1:]
        right = changed(right, RULES, setting, chance, rules)
    return _random(number, setting, left, right, intended, how)


def _loss(kind: str, node: Expression, weights: Tensor, named: bool) -> Expression:
    z = Definition("z", node) if named else node
    if kind == "weighted":
        return apply("sum", Times(weights, z))
    if kind == "squares":
        return apply("sum", Times(z, z))
    if kind == "function":
        return apply("sum", Times(weights, Elementwise("f", 0, z)))
    return apply("sum", Times(weights, Times(z, Elementwise("f", 0, z))))


def _size(node: Expression) -> int:
    """How many operators a formula has."""
    return sum(1 for place in positions(node) if not isinstance(at(node, place), Tensor))


def grown(setting: Setting, chance: random.Random, longest: int) -> Expression:
    """A random formula of up to `longest` operators, shorter ones more often."""
    node: Expression = chance.choice(setting.data)
    for _ in range(chance.choice((1, 1, *range(1, longest + 1)))):
        for _ in range(20):
            step = chance.choice(GROWTH)
            try:
                found = step(node, setting, chance)
            except (OperatorError, ShapeError):
                continue
            if found is not None and found != node:
                node = found
                break
    return node


Change = Callable[[Expression, Setting, random.Random], Expression | None]


def changed(
    node: Expression, changes: Sequence[Change], setting: Setting, chance: random.Random, how: list[str]
) -> Expression:
    """The formula with one change at one of its places; as it is where none fits."""
    places = list(positions(node))
    for _ in range(60):
        place = chance.choice(places)
        change = chance.choice(changes)
        part = at(node, place)
        try:
            new = change(part, setting, chance)
            if new is None or new == part or new.rank != part.rank:
                continue
            result = put(node, place, new)
        except (OperatorError, ShapeError):
            continue
        how.append(change.__name__.strip("_"))
        return result
    return node


def positions(node: Expression, here: tuple[int, ...] = ()) -> Iterator[tuple[int, ...]]:
    """The places of all parts of a formula that are formulas; the name by which a derivative is taken is none."""
    yield here
    if isinstance(node, Definition | Tensor):
        return
    for number, part in enumerate(node.args):
        named = isinstance(node, Grad | Jacobian | Differential) and number == 1
        if isinstance(part, Expression) and not named:
            yield from positions(part, (*here, number))


def at(node: Expression, place: tuple[int, ...]) -> Expression:
    for number in place:
        node = node.args[number]
    return node


def put(node: Expression, place: tuple[int, ...], new: Expression) -> Expression:
    """The formula with another part at a place; raises ShapeError where that cannot be."""
    if not place:
        return new
    number, rest = place[0], place[1:]
    parts = list(node.args)
    parts[number] = put(parts[number], rest, new)
    result: Expression = SizeTuple.of_shape(parts[number]) if isinstance(node, SizeTuple) else node.func(*parts)
    result.shape  # noqa: B018  (the ranks must fit)
    return result


def _random(
    number: int, setting: Setting, left: Expression, right: Expression, intended: bool, how: Sequence[str]
) -> Random:
    context = Context(
        tuple(Dimension(dim, setting.least.get(dim.name, 1)) for dim in setting.dims),
        setting.conditions,
        {tensor.name: tensor for tensor in leaves(Times(*_scalars(left, right)))},
        ("f",),
    )
    link = Link(left, right, (), "")
    return Random(number, Claim(f"r{number}", "random", 0, context, (link,)), intended, (setting.name, *how))


def _scalars(*nodes: Expression) -> list[Expression]:
    return [apply("sum", node) for node in nodes]


def admissible(claim: Claim, largest: int = LARGEST_SIZE) -> list[dict[str, int]]:
    """Every shape up to `largest` and every stride, window, dilation and factor up to 3 that the context admits."""
    ranges = []
    for dim in claim.context.dims:
        top = min(largest, LARGEST_STEP) if dim.name in "sdfpq" else largest
        ranges.append(range(dim.least, top + 1))
    names = [dim.name for dim in claim.context.dims]
    found = [dict(zip(names, values, strict=True)) for values in product(*ranges)]
    conditions = (*claim.context.conditions, *claim.conditions)
    return [sizes for sizes in found if all(evaluate_condition(c, sizes) for c in conditions)]
