"""How random formulas grow, the true rules that rewrite them, and the mutations that spoil them.

Every function here takes (node, setting, chance) and gives a new node, or None where it does not apply. RULES keep the
value of a formula wherever both sides exist; MUTATIONS usually do not.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

from sympy import Basic, Expr, Integer, Tuple
from sympy.core.symbol import Str

from derivations.formulas.expressions import (
    Apply,
    Bracket,
    ByIndex,
    Constant,
    Elementwise,
    Entry,
    Expression,
    IndexRange,
    IndexSum,
    Minus,
    Plus,
    Slice,
    Tensor,
    Times,
    entry,
)
from derivations.formulas.integers import Compare, Condition, FloorDiv, integer_symbol
from derivations.operators import apply

Change = Callable[[Expression, "Setting", random.Random], Expression | None]
GROWTH: list[Change] = []
RULES: list[Change] = []
MUTATIONS: list[Change] = []


@dataclass
class Setting:
    """A context: dims, conditions, data tensors and kernels by (name, shape), and the symbols that serve as stride,
    padding, dilation, window and factor."""

    name: str
    dims: tuple[Expr, ...]
    conditions: tuple[Condition, ...]
    tensors: tuple[tuple[str, tuple[Expr, ...]], ...]
    small: tuple[tuple[str, tuple[Expr, ...]], ...]
    stride: Expr | None = None
    pad: Expr | None = None
    dilation: Expr | None = None
    window: Expr | None = None
    factor: Expr | None = None
    least: Mapping[str, int] = field(default_factory=dict)
    numbers: Any = field(default_factory=count)

    def fresh(self) -> Setting:
        return replace(self, numbers=count())

    @property
    def data(self) -> list[Tensor]:
        return [Tensor(name, shape) for name, shape in self.tensors]

    @property
    def kernels(self) -> list[Tensor]:
        return [Tensor(name, shape) for name, shape in self.small]

    def tensor(self, name: str, shape: Sequence[Expr]) -> Tensor:
        """A tensor of its own for a shape: its name tells which."""
        return Tensor(f"{name}{next(self.numbers)}", shape)

    def index(self) -> Any:
        return integer_symbol(f"i{next(self.numbers)}")


def leaves(node: Basic) -> list[Tensor]:
    """The tensors of a formula, by name."""
    return sorted(node.atoms(Tensor), key=lambda tensor: tensor.name)


def growth(function: Change) -> Change:
    GROWTH.append(function)
    return function


def rule(function: Change) -> Change:
    RULES.append(function)
    return function


def mutation(function: Change) -> Change:
    MUTATIONS.append(function)
    return function


def is_apply(node: Basic, *names: str) -> bool:
    return isinstance(node, Apply) and node.operator in names


def parameters(node: Apply) -> dict[str, Basic]:
    from derivations.operators import OPERATORS

    return dict(zip([p.name for p in OPERATORS[node.operator].parameters], node.arguments, strict=True))


def again(node: Apply, **changes: Any) -> Expression:
    """The operator with some of its parameters changed."""
    found = {**parameters(node), **changes}
    return Apply(node.operator, *[v if isinstance(v, Basic) else Str(v) for v in found.values()])


def plain(node: Apply, *names: str) -> bool:
    """Whether the named sliding parameters have their defaults."""
    found = parameters(node)
    wanted = {"stride": Integer(1), "dilation": Integer(1), "pad": Tuple(Integer(0), Integer(0))}
    return all(all(part == wanted[name] for part in found[name].args) for name in names)


# -- growth ----------------------------------------------------------------------------------------------------------


def _sliding_options(setting: Setting, chance: random.Random) -> dict[str, Any]:
    options: dict[str, Any] = {"mode": chance.choice(("valid", "valid", "full", "same"))}
    if setting.stride is not None and chance.random() < 0.7:
        options["stride"] = setting.stride
    elif chance.random() < 0.15:
        options["stride"] = 2
    if setting.pad is not None and chance.random() < 0.7:
        options["pad"] = setting.pad
    elif chance.random() < 0.1:
        options["pad"] = 1
    if setting.dilation is not None and chance.random() < 0.7:
        options["dilation"] = setting.dilation
    elif chance.random() < 0.1:
        options["dilation"] = 2
    return options


@growth
@growth
@growth
def _convolution(x: Expression, setting: Setting, chance: random.Random) -> Expression | None:
    kernels = [kernel for kernel in setting.kernels if kernel.rank == x.rank]
    if not kernels or x.rank > 3:
        return None
    kernel: Expression = chance.choice(kernels)
    if chance.random() < 0.2:
        kernel = apply("rot180", kernel)
    name = chance.choice(("conv", "corr"))
    return apply(name, x, kernel, **_sliding_options(setting, chance))


@growth
def _commutative(x: Expression, setting: Setting, chance: random.Random) -> Expression | None:
    kernels = [kernel for kernel in setting.kernels if kernel.rank == x.rank]
    if not kernels or x.rank > 3:
        return None
    pair = [x, chance.choice(kernels)]
    if chance.random() < 0.4:
        pair.reverse()
    return apply("convolve", *pair, chance.choice(("valid", "full", "same")))


@growth
@growth
def _moved(x: Expression, setting: Setting, chance: random.Random) -> Expression | None:
    if not x.rank:
        return None
    step = setting.factor or setting.stride or Integer(2)
    width = setting.pad if setting.pad is not None else Integer(1)
    choices: list[Callable[[], Expression]] = [
        lambda: apply("rot180", x),
        lambda: apply("flip", x, chance.randrange(x.rank)),
        lambda: apply("pad", x, width),
        lambda: apply("pad", x, *[(0, width)] * min(x.rank, 2)),
        lambda: apply("crop", x, *[(width, 0)] * min(x.rank, 2)),
        lambda: apply("dilate", x, step),
        lambda: apply("up", x, step),
        lambda: apply("resize", x, *[size + chance.choice((-1, 0, 1, 2)) for size in x.shape]),
    ]
    if x.rank > 1:
        choices += [lambda: apply("rot90", x, chance.choice((1, 2, 3)))]
    return chance.choice(choices)()


@growth
def _pooled(x: Expression, setting: Setting, chance: random.Random) -> Expression | None:
    if not 1 <= x.rank <= 4:
        return None
    window = setting.window or Integer(2)
    options: dict[str, Any] = {}
    if setting.stride is not None and chance.random() < 0.6:
        options["stride"] = setting.stride
    if chance.random() < 0.2:
        options["pad"] = 1
    if chance.random() < 0.15:
        options["ceil"] = "true"
    return apply(chance.choice(("sum_pool", "mean_pool")), x, window, **options)


@growth
@growth
def _product(x: Expression, setting: Setting, chance: random.Random) -> Expression | None:
    if x.rank not in (1, 2):
        return None
    for kernel in (*setting.kernels, *setting.data):
        if kernel.shape[0] == x.shape[-1] and chance.random() < 0.7:
            return apply("matmul", x, kernel)
    if chance.random() < 0.5:
        return apply("matmul", x, setting.tensor("b", (x.shape[-1], *x.shape[:1])))
    if x.rank == 2:
        return apply("matmul", x.T, x) if chance.random() < 0.5 else apply("matmul", x, x.T)
    return apply("matmul", x, x)


@growth
def _kronecker(x: Expression, setting: Setting, chance: random.Random) -> Expression | None:
    kernels = [kernel for kernel in setting.kernels if kernel.rank == x.rank]
    if not kernels or not 1 <= x.rank <= 2:
        return None
    pair = [x, chance.choice(kernels)]
    if chance.random() < 0.3:
        pair.reverse()
    return apply("kron", *pair)


@growth
@growth
def _arithmetic(x: Expression, setting: Setting, chance: random.Random) -> Expression | None:
    partner: Expression = setting.tensor("c", x.shape)
    if chance.random() < 0.4:
        partner = x
    return chance.choice([
        lambda: Plus(x, partner),
        lambda: Plus(x, Minus(partner)),
        lambda: Times(x, partner),
        lambda: Times(Constant(Integer(3)), x),
        lambda: Times(Constant(1 / chance.choice(setting.dims)) if setting.name != "vector, pad" else x, x),
        lambda: x**2,
    ])()  # fmt: skip


@growth
def _function(x: Expression, setting: Setting, chance: random.Random) -> Expression | None:
    return Elementwise("f", chance.choice((0, 0, 1)), x)


@growth
def _reshaped(x: Expression, setting: Setting, chance: random.Random) -> Expression | None:
    if x.rank == 2:
        a, b = x.shape
        return chance.choice([
            lambda: x.T,
            lambda: apply("vec", x),
            lambda: apply("reshape", x, b, a),
            lambda: apply("reshape", x, a * b),
            lambda: apply("tr", apply("matmul", x, x.T)),
        ])()  # fmt: skip
    if x.rank == 1:
        return chance.choice([
            lambda: apply("diag", x),
            lambda: apply("outer", x, setting.tensor("v", (chance.choice(setting.dims),))),
            lambda: apply("vec", x),
        ])()  # fmt: skip
    return None


@growth
def _reduced(x: Expression, setting: Setting, chance: random.Random) -> Expression | None:
    if not x.rank or chance.random() < 0.4:
        return None
    if chance.random() < 0.3 and x.rank > 1:
        i = setting.index()
        return IndexSum(entry(x, [i]), IndexRange(i))
    return apply(chance.choice(("sum", "mean")), x)


@growth
def _sliced(x: Expression, setting: Setting, chance: random.Random) -> Expression | None:
    if not x.rank:
        return None
    step = setting.stride or setting.factor or Integer(2)
    return chance.choice([
        lambda: entry(x, [slice(None, None, step)] * x.rank),
        lambda: entry(x, [slice(chance.choice((0, 1)), None, None)]),
        lambda: entry(x, [0]),
        lambda: entry(x, [x.shape[0] - 1]),
        lambda: entry(x, [slice(None, x.shape[0] - 1)]),
    ])()  # fmt: skip


@growth
def _by_entries(x: Expression, setting: Setting, chance: random.Random) -> Expression | None:
    """A tensor defined by index from another, with a bracket or a shifted subscript."""
    if not 1 <= x.rank <= 2:
        return None
    places = [setting.index() for _ in x.shape]
    ranges = [IndexRange(i, 0, size - 1) for i, size in zip(places, x.shape, strict=True)]
    body: Expression = entry(x, places)
    if chance.random() < 0.5:
        bound = chance.choice((*setting.dims, Integer(1)))
        body = Times(body, Bracket(Compare(chance.choice(("<=", ">=", "==", "<", "!=")), places[0], bound)))
    elif x.rank == 2:
        body = Times(body, Bracket(Compare(chance.choice(("<=", "==", "<")), *places)))
    if setting.stride is not None and chance.random() < 0.3:
        body = Times(body, Bracket(Compare("==", places[0] - setting.stride * FloorDiv(places[0], setting.stride), 0)))
    return ByIndex(body, *ranges)


# -- true rules ------------------------------------------------------------------------------------------------------


def _turned(kernel: Expression) -> Expression:
    """Reversed on every axis."""
    if kernel.rank <= 2:
        return apply("rot180", kernel)
    return apply("flip", apply("rot180", kernel), 0)


@rule
@rule
def _conv_is_corr(node: Expression, setting: Setting, chance: random.Random) -> Expression | None:
    if not is_apply(node, "conv", "corr"):
        return None
    other = "corr" if node.operator == "conv" else "conv"
    x, kernel, *rest = node.arguments
    return Apply(other, x, _turned(kernel), *rest)


@rule
def _twice(node: Expression, setting: Setting, chance: random.Random) -> Expression | None:
    if not node.rank:
        return None
    axis = chance.randrange(node.rank)
    choices = [
        lambda: apply("rot180", apply("rot180", node)),
        lambda: apply("flip", apply("flip", node, axis), axis),
    ]
    if node.rank == 2:
        choices += [lambda: node.T.T, lambda: apply("rot90", apply("rot90", node, 1), 3)]
    return chance.choice(choices)()


@rule
def _undo(node: Expression, setting: Setting, chance: random.Random) -> Expression | None:
    if is_apply(node, "rot180", "transpose") and is_apply(node.tensors[0], node.operator):
        return node.tensors[0].tensors[0]
    if is_apply(node, "flip") and is_apply(node.tensors[0], "flip") and node.args[2] == node.tensors[0].args[2]:
        return node.tensors[0].tensors[0]
    return None


@rule
def _identity(node: Expression, setting: Setting, chance: random.Random) -> Expression | None:
    if not node.rank:
        return None
    choices: list[Callable[[], Expression]] = [
        lambda: Times(node, apply("ones", *node.shape)),
        lambda: Plus(node, apply("zeros", *node.shape)),
        lambda: apply("crop", apply("pad", node, 1), 1),
        lambda: apply("resize", node, *node.shape),
        lambda: entry(node, [slice(None)] * node.rank),
        lambda: entry(apply("dilate", node, 2), _every(node.rank, 2)),
        lambda: entry(apply("up", node, 2), _every(node.rank, 2)),
        lambda: apply("up", node, 1),
    ]
    if node.rank == 2:
        choices += [
            lambda: apply("matmul", apply("eye", node.shape[0]), node),
            lambda: apply("reshape", apply("reshape", node, node.shape[0] * node.shape[1]), *node.shape),
            lambda: apply("rot180", apply("rot90", node, 2)),
        ]
    if node.rank <= 3:
        choices += [lambda: apply("kron", node, apply("ones", *[1] * node.rank))]
        one = apply("ones", *[1] * node.rank)
        choices += [lambda: apply("conv", node, one, chance.choice(("valid", "full", "same")))]
    return chance.choice(choices)()


def _every(rank: int, step: Any) -> list[slice]:
    """Slices on the last two axes, whole ones before."""
    lead = max(rank - 2, 0)
    return [slice(None)] * lead + [slice(None, None, step)] * (rank - lead)


@rule
def _entries(node: Expression, setting: Setting, chance: random.Random) -> Expression | None:
    if not 1 <= node.rank <= 2:
        return None
    places = [setting.index() for _ in node.shape]
    ranges = [IndexRange(i, 0, size - 1) for i, size in zip(places, node.shape, strict=True)]
    return ByIndex(entry(node, places), *ranges)


@rule
def _corr_by_index(node: Expression, setting: Setting, chance: random.Random) -> Expression | None:
    """The defining double sum of a valid convolution or correlation, with stride and dilation."""
    if not is_apply(node, "conv", "corr") or not plain(node, "pad"):
        return None
    found = parameters(node)
    x, kernel = found["x"], found["k"]
    if str(found["mode"]) != "valid" or x.rank > 2:
        return None
    outputs = [setting.index() for _ in x.shape]
    taps = [setting.index() for _ in x.shape]
    steps = zip(outputs, taps, found["stride"].args, found["dilation"].args, strict=True)
    places = [s * i + d * t for i, t, s, d in steps]
    flipped = node.operator == "conv"
    at = [size - 1 - t if flipped else t for t, size in zip(taps, kernel.shape, strict=True)]
    body = Times(entry(x, places), entry(kernel, at))
    inferred = plain(node, "stride") and chance.random() < 0.6
    sizes = zip(taps, kernel.shape, strict=True)
    ranges = [IndexRange(t) if inferred else IndexRange(t, 0, n - 1) for t, n in sizes]
    total = IndexSum(body, *ranges)
    return ByIndex(total, *[IndexRange(i, 0, n - 1) for i, n in zip(outputs, node.shape, strict=True)])


@rule
def _full_is_padded(node: Expression, setting: Setting, chance: random.Random) -> Expression | None:
    if not is_apply(node, "conv", "corr") or not plain(node, "pad"):
        return None
    found = parameters(node)
    if str(found["mode"]) != "full":
        return None
    widths = [d * (m - 1) for d, m in zip(found["dilation"].args, found["k"].shape, strict=True)]
    return again(node, mode="valid", pad=Tuple(*[Tuple(width, width) for width in widths]))


@rule
def _pad_apart(node: Expression, setting: Setting, chance: random.Random) -> Expression | None:
    """Padding first, then a valid convolution."""
    if not is_apply(node, "conv", "corr") or plain(node, "pad") or len(parameters(node)["pad"].args) > 2:
        return None
    found = parameters(node)
    if str(found["mode"]) != "valid":
        return None
    zero = Tuple(*[Tuple(Integer(0), Integer(0)) for _ in found["pad"].args])
    return again(node, x=Apply("pad", found["x"], found["pad"]), pad=zero)


@rule
def _stride_apart(node: Expression, setting: Setting, chance: random.Random) -> Expression | None:
    if not is_apply(node, "conv", "corr") or plain(node, "stride"):
        return None
    steps = parameters(node)["stride"].args
    dense = again(node, stride=Tuple(*[Integer(1)] * len(steps)))
    return entry(dense, [slice(None, None, step) for step in steps])


@rule
def _dilation_apart(node: Expression, setting: Setting, chance: random.Random) -> Expression | None:
    if not is_apply(node, "conv", "corr") or plain(node, "dilation") or node.rank > 2:
        return None
    found = parameters(node)
    ones = Tuple(*[Integer(1)] * len(found["dilation"].args))
    return again(node, k=Apply("dilate", found["k"], found["dilation"]), dilation=ones)


@rule
def _turn_inside(node: Expression, setting: Setting, chance: random.Random) -> Expression | None:
    if not is_apply(node, "rot180") or not is_apply(node.tensors[0], "conv", "corr") or node.rank > 2:
        return None
    inner = node.tensors[0]
    found = parameters(inner)
    if str(found["mode"]) == "same" or not plain(inner, "stride"):
        return None
    pad = Tuple(*[Tuple(pair.args[1], pair.args[0]) for pair in found["pad"].args])
    return again(inner, x=apply("rot180", found["x"]), k=apply("rot180", found["k"]), pad=pad)


@rule
def _products(node: Expression, setting: Setting, chance: random.Random) -> Expression | None:
    if is_apply(node, "transpose") and is_apply(node.tensors[0], "matmul"):
        a, b = node.tensors[0].tensors
        return apply("matmul", b.T, a.T) if a.rank == b.rank == 2 else None
    if is_apply(node, "tr") and is_apply(node.tensors[0], "matmul"):
        a, b = node.tensors[0].tensors
        if a.rank == b.rank == 2:
            return chance.choice([lambda: apply("tr", apply("matmul", b, a)), lambda: apply("sum", Times(a, b.T))])()
    if is_apply(node, "matmul"):
        a, b = node.tensors
        if a.rank == b.rank == 2:
            i, j, t = setting.index(), setting.index(), setting.index()
            body = Times(entry(a, [i, t]), entry(b, [t, j]))
            total = IndexSum(body, IndexRange(t))
            return ByIndex(total, IndexRange(i, 0, a.shape[0] - 1), IndexRange(j, 0, b.shape[1] - 1))
        if is_apply(a, "matmul") and all(part.rank == 2 for part in (*a.tensors, b)):
            return apply("matmul", a.tensors[0], apply("matmul", a.tensors[1], b))
    return None


@rule
def _totals(node: Expression, setting: Setting, chance: random.Random) -> Expression | None:
    if is_apply(node, "sum"):
        x = node.tensors[0]
        if x.rank:
            indices = [setting.index() for _ in x.shape]
            return IndexSum(entry(x, indices), *[IndexRange(i) for i in indices])
    if is_apply(node, "mean") and node.tensors[0].rank:
        x = node.tensors[0]
        area = Integer(1)
        for size in x.shape:
            area = area * size
        return Times(Constant(1 / area), apply("sum", x))
    if isinstance(node, IndexSum) and len(node.ranges) == 2:
        first, second = node.ranges
        if not node.body.atoms(IndexSum) and not any(part.explicit for part in node.ranges):
            return IndexSum(node.body, second, first)
    return None


@rule
def _resampled(node: Expression, setting: Setting, chance: random.Random) -> Expression | None:
    if is_apply(node, "up") and node.rank <= 2:
        return apply("kron", node.tensors[0], apply("ones", *parameters(node)["n"].args))
    if is_apply(node, "kron") and node.rank <= 2:
        a, b = node.tensors
        wide = apply("up", a, tuple(b.shape))
        i = [setting.index() for _ in node.shape]
        tiled = ByIndex(
            entry(b, [k - n * FloorDiv(k, n) for k, n in zip(i, b.shape, strict=True)]),
            *[IndexRange(k, 0, size - 1) for k, size in zip(i, node.shape, strict=True)],
        )
        return Times(wide, tiled)
    if is_apply(node, "pad") and all(pair.args[0] == 0 for pair in parameters(node)["p"].args) and node.rank <= 2:
        return apply("resize", node.tensors[0], *node.shape)
    if is_apply(node, "dilate") and node.rank <= 2:
        steps = parameters(node)["s"].args
        unit = apply("resize", apply("ones", *[1] * node.rank), *steps)
        return apply("resize", apply("kron", node.tensors[0], unit), *node.shape)
    return None


@rule
@rule
def _pools(node: Expression, setting: Setting, chance: random.Random) -> Expression | None:
    if not is_apply(node, "sum_pool", "mean_pool"):
        return None
    found = parameters(node)
    if found["ceil"] != 0:
        return None
    area = Integer(1)
    for size in found["f"].args:
        area = area * size
    if node.operator == "mean_pool":
        total = Apply("sum_pool", *node.arguments)
        return Times(Constant(1 / area), total)
    if node.rank > 2:
        return None
    kernel = apply("ones", *found["f"].args)
    axes = len(found["stride"].args)
    one = Tuple(*[Integer(1)] * axes)
    return Apply(chance.choice(("conv", "corr")), found["x"], kernel, Str("valid"), found["stride"], found["pad"], one)


LINEAR = (
    "rot180", "rot90", "flip", "transpose", "pad", "crop", "resize", "dilate", "up", "sum", "mean", "sum_pool",
    "mean_pool", "vec", "reshape", "diag", "conv", "corr", "convolve", "matmul", "kron", "outer",
)  # fmt: skip


@rule
@rule
def _linear(node: Expression, setting: Setting, chance: random.Random) -> Expression | None:
    """A linear operator of a sum or of a multiple."""
    if not is_apply(node, *LINEAR):
        return None
    number = next(n for n, part in enumerate(node.args) if isinstance(part, Expression))
    inner = node.args[number]

    def on(part: Expression) -> Expression:
        parts = list(node.args)
        parts[number] = part
        return Apply(*parts)

    if isinstance(inner, Plus) and all(part.rank for part in inner.args):
        return Plus(*[on(part) for part in inner.args])
    if isinstance(inner, Minus):
        return Minus(on(inner.args[0]))
    if isinstance(inner, Times) and isinstance(inner.args[0], Constant) and len(inner.args) == 2:
        return Times(inner.args[0], on(inner.args[1]))
    return None


MOVES = ("rot180", "rot90", "flip", "transpose", "crop", "up", "vec", "reshape")


@rule
def _functions(node: Expression, setting: Setting, chance: random.Random) -> Expression | None:
    """An elementwise function commutes with what moves entries."""
    if isinstance(node, Elementwise) and is_apply(node.of, *MOVES):
        number = next(n for n, part in enumerate(node.of.args) if isinstance(part, Expression))
        parts = list(node.of.args)
        parts[number] = Elementwise(node.name, node.order, parts[number])
        return Apply(*parts)
    if is_apply(node, *MOVES) and isinstance(node.tensors[0], Elementwise):
        number = next(n for n, part in enumerate(node.args) if isinstance(part, Expression))
        inner = node.args[number]
        parts = list(node.args)
        parts[number] = inner.of
        return Elementwise(inner.name, inner.order, Apply(*parts))
    if isinstance(node, Elementwise) and isinstance(node.of, Plus):
        return Elementwise(node.name, node.order, Plus(*reversed(node.of.args)))
    if isinstance(node, Elementwise) and node.of.rank in (1, 2):
        places = [setting.index() for _ in node.shape]
        ranges = [IndexRange(i, 0, size - 1) for i, size in zip(places, node.shape, strict=True)]
        return ByIndex(Elementwise(node.name, node.order, entry(node.of, places)), *ranges)
    return None


@rule
def _commuted(node: Expression, setting: Setting, chance: random.Random) -> Expression | None:
    if isinstance(node, Plus | Times):
        parts = list(node.args)
        chance.shuffle(parts)
        return node.func(*parts)
    if is_apply(node, "convolve"):
        a, b, mode = node.arguments
        return Apply("convolve", b, a, mode) if str(mode) != "same" else None
    return None


@rule
def _convolutions(node: Expression, setting: Setting, chance: random.Random) -> Expression | None:
    """convolve(a, b, full) = conv(a, b, full); full convolution commutes."""
    if is_apply(node, "convolve"):
        a, b, mode = node.arguments
        return apply("conv", a, b, str(mode)) if str(mode) in ("full", "same") else None
    if is_apply(node, "conv") and plain(node, "stride", "pad", "dilation"):
        x, kernel, mode, *rest = node.arguments
        return Apply("conv", kernel, x, mode, *rest) if str(mode) == "full" else None
    return None


@rule
def _columns(node: Expression, setting: Setting, chance: random.Random) -> Expression | None:
    if is_apply(node, "vec") and node.tensors[0].rank == 2:
        x = node.tensors[0]
        if is_apply(x, "matmul") and all(part.rank == 2 for part in x.tensors):
            a, b = x.tensors
            return apply("matmul", apply("kron", b.T, apply("eye", a.shape[0])), apply("vec", a))
        return apply("reshape", x.T, x.shape[0] * x.shape[1], 1)
    if is_apply(node, "outer") and all(part.rank == 1 for part in node.tensors):
        u, v = node.tensors
        return apply("matmul", apply("vec", u), apply("vec", v).T)
    if is_apply(node, "diag"):
        v = node.tensors[0]
        return Times(apply("outer", v, apply("ones", v.shape[0])), apply("eye", v.shape[0]))
    return None


# -- mutations -------------------------------------------------------------------------------------------------------


@mutation
def drop_a_move(node: Expression, setting: Setting, chance: random.Random) -> Expression | None:
    return node.tensors[0] if is_apply(node, "rot180", "flip", "transpose", "rot90") else None


@mutation
@mutation
def add_a_move(node: Expression, setting: Setting, chance: random.Random) -> Expression | None:
    if not node.rank:
        return None
    return chance.choice([
        lambda: apply("rot180", node),
        lambda: apply("flip", node, chance.randrange(node.rank)),
        lambda: node.T if node.rank == 2 else None,
    ])()  # fmt: skip


@mutation
def conv_for_corr(node: Expression, setting: Setting, chance: random.Random) -> Expression | None:
    if not is_apply(node, "conv", "corr"):
        return None
    return Apply("corr" if node.operator == "conv" else "conv", *node.arguments)


@mutation
def another_mode(node: Expression, setting: Setting, chance: random.Random) -> Expression | None:
    if not is_apply(node, "conv", "corr", "convolve"):
        return None
    return again(node, mode=chance.choice(("valid", "full", "same")))


@mutation
def arguments_swapped(node: Expression, setting: Setting, chance: random.Random) -> Expression | None:
    if is_apply(node, "conv", "corr", "convolve", "matmul", "kron", "outer"):
        first, second, *rest = node.arguments
        return Apply(node.operator, second, first, *rest)
    return None


@mutation
@mutation
def another_step(node: Expression, setting: Setting, chance: random.Random) -> Expression | None:
    """A stride, dilation, padding or window that is off by one or another of the context's symbols."""
    if not isinstance(node, Apply):
        return None
    found = parameters(node)
    names = [name for name in ("stride", "dilation", "pad", "f", "n", "s", "p") if name in found]
    if not names:
        return None
    name = chance.choice(names)
    number = chance.randrange(len(found[name].args))

    def moved(part: Basic) -> Basic:
        if isinstance(part, Tuple):
            return Tuple(*[moved(inner) for inner in part.args])
        return chance.choice([part + 1, part + 1, Integer(1), Integer(2), *setting.dims[-1:]])

    parts = list(found[name].args)
    parts[number] = moved(parts[number])
    if chance.random() < 0.5:
        parts = [parts[number]] * len(parts)
    return again(node, **{name: Tuple(*parts)})


@mutation
def another_factor(node: Expression, setting: Setting, chance: random.Random) -> Expression | None:
    if isinstance(node, Constant) and node.value != 0:
        return Constant(node.value * chance.choice((2, *setting.dims)))
    if is_apply(node, "sum", "mean", "sum_pool", "mean_pool"):
        others = {"sum": "mean", "mean": "sum", "sum_pool": "mean_pool", "mean_pool": "sum_pool"}
        return Apply(others[node.operator], *node.arguments)
    if chance.random() < 0.3:
        return Times(Constant(chance.choice((Integer(2), Integer(-1), *setting.dims))), node)
    return None


@mutation
@mutation
def shifted(node: Expression, setting: Setting, chance: random.Random) -> Expression | None:
    """A subscript or a slice that is off by one."""
    if isinstance(node, Entry):
        number = chance.randrange(len(node.indices))
        parts = list(node.indices)
        part = parts[number]
        if isinstance(part, Slice):
            parts[number] = chance.choice([
                Slice(part.start + 1, part.count, part.step), Slice(part.start, part.count - 1, part.step),
                Slice(part.start, part.count, part.step + 1), Slice(part.start + 1, part.count - 1, part.step),
            ])  # fmt: skip
        else:
            parts[number] = part + chance.choice((1, -1))
        return Entry(node.of, *parts)
    if is_apply(node, "pad", "crop"):
        pairs = parameters(node)["p"].args
        return again(node, p=Tuple(*[Tuple(pair.args[1], pair.args[0]) for pair in pairs]))
    return None


@mutation
def another_bracket(node: Expression, setting: Setting, chance: random.Random) -> Expression | None:
    if isinstance(node, Bracket) and isinstance(node.condition, Compare):
        condition = node.condition
        operators = [op for op in ("<=", "<", "==", ">=", "!=") if op != condition.operator]
        return Bracket(Compare(chance.choice(operators), condition.left, condition.right))
    return None


@mutation
def another_range(node: Expression, setting: Setting, chance: random.Random) -> Expression | None:
    if isinstance(node, IndexSum) and any(part.explicit for part in node.ranges):
        number = chance.choice([n for n, part in enumerate(node.ranges) if part.explicit])
        parts = list(node.ranges)
        part = parts[number]
        low, high = chance.choice(((part.low + 1, part.high), (part.low, part.high - 1)))
        parts[number] = IndexRange(part.index, low, high)
        return IndexSum(node.body, *parts)
    if is_apply(node, "sum") and node.tensors[0].rank == 1:
        i = setting.index()
        size = node.tensors[0].shape[0]
        return IndexSum(entry(node.tensors[0], [i]), IndexRange(i, 1, size - 1))
    return None


@mutation
def another_tensor(node: Expression, setting: Setting, chance: random.Random) -> Expression | None:
    if isinstance(node, Tensor):
        others = [t for t in (*setting.data, *setting.kernels) if t.rank == node.rank and t != node]
        return chance.choice(others) if others else None
    if isinstance(node, Elementwise):
        return Elementwise(node.name, 1 - node.order, node.of) if node.order < 2 else None
    return None


@mutation
def a_term_less(node: Expression, setting: Setting, chance: random.Random) -> Expression | None:
    if isinstance(node, Plus) and len(node.args) == 2:
        return chance.choice(node.args)
    return node.args[0] if isinstance(node, Minus) else None
