"""Formulas at concrete sizes as SymPy matrices of entries, and SymPy's own derivative, entry by entry.

It is a third evidence beside the kernel and `numeric/`: every operator by its definition with explicit loops
(`explicit_operators.py`), every derivative by `diff`. The law kept here: nothing is taken from the kernel,
from `lowering.py` or from the operators' index relations.

An arbitrary loss J(z) is J₀ + Σ δ_ij z_ij with fresh symbols δ_ij = ∂J/∂z_ij. That is exact for first
derivatives, which are all that the language's claims ask for; a derivative of such a δ is refused
(`Unsupported`), not made 0.

What it cannot see: other sizes; and the identity of functions that `expand` does not settle is decided at
random exact points (`vanishes` says how).

Over 500 lines: one short function for each node of the language.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import singledispatchmethod
from itertools import product
from typing import Any

from sympy import Add, Basic, Expr, ImmutableDenseMatrix, ImmutableDenseNDimArray, Integer, Symbol, Tuple, expand
from sympy.core.symbol import Str

from derivations.entries.operators import EXPLICIT, DoesNotExist, Grid, indices, need, scalar, total
from derivations.entries.values import Arbitrary, EntrySymbol, compare_data, entry_symbol, function_value
from derivations.formulas.claims import Hypothesis, Link
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
    IndexRange,
    IndexSum,
    Jacobian,
    Literal,
    Loss,
    Minus,
    Over,
    Plus,
    Power,
    SizeTuple,
    Slice,
    Tensor,
    Times,
)
from derivations.formulas.indices import free_names, open_entries
from derivations.formulas.integers import evaluate_condition, evaluate_integer

Name = Tensor | Definition


class Unsupported(ValueError):
    """A formula that explicit entries cannot represent, such as a second derivative of an arbitrary loss."""


def _depends_on_loss_derivative(node: Basic) -> bool:
    return any(isinstance(part, Grad | Differential) and part.of.has(Loss) for part in node.atoms(Grad, Differential))


class Explicit:
    """The entries of formulas at one choice of sizes. `cut` are definitions that stand for themselves, as
    names."""

    def __init__(self, sizes: Mapping[str, int], cut: frozenset[Definition] = frozenset()) -> None:
        self.sizes = dict(sizes)
        self.cut = cut
        self._caches: dict[frozenset[Definition], dict[tuple[Any, ...], Grid]] = {}

    def grid(self, node: Expression) -> Grid:
        """The tensor of entries of a formula; raises DoesNotExist or Unsupported."""
        used = free_names(node)
        key = (node, tuple((name, value) for name, value in self.sizes.items() if name in used))
        known = self._caches.setdefault(self.cut, {})
        if key not in known:
            known[key] = self._make(node)
        return known[key]

    def integer(self, value: Expr) -> int:
        """An integer expression; raises KeyError for a size without a value."""
        return evaluate_integer(value, self.sizes)

    def names(self, name: Name) -> Grid:
        """The entries of a name as symbols."""
        shape = tuple(self.integer(size) for size in name.shape)
        return Grid.build(shape, lambda index: entry_symbol(name.name, index))

    def bound(self, index: Symbol, value: int) -> Explicit:
        """The same with one more index bound; results are shared."""
        return self._with({**self.sizes, index.name: value}, self.cut)

    def _with(self, sizes: Mapping[str, int], cut: frozenset[Definition]) -> Explicit:
        inner = Explicit(sizes, cut)
        inner._caches = self._caches
        return inner

    @singledispatchmethod
    def _make(self, node: Basic) -> Grid:
        raise Unsupported(f"{type(node).__name__} has no explicit entries yet: add a rule to entries/matrices.py")

    # -- names, numbers, arithmetic

    @_make.register
    def _(self, node: Tensor) -> Grid:
        return self.names(node)

    @_make.register
    def _(self, node: Definition) -> Grid:
        return self.names(node) if node in self.cut else self.grid(node.body)

    @_make.register
    def _(self, node: Loss) -> Grid:
        of = self.grid(node.of)
        sensitivity = Grid.build(of.shape, lambda index: entry_symbol(f"grad({node.name}, {_label(node.of)})", index))
        products = (d * z for d, z in zip(sensitivity.entries, of.entries, strict=True))
        return scalar(sum(products, entry_symbol(f"{node.name}(0)")))

    @_make.register
    def _(self, node: Constant) -> Grid:
        value = node.value.xreplace({symbol: Integer(self.sizes[symbol.name]) for symbol in node.value.free_symbols})
        need(bool(value.is_finite), f"{node.value} at these sizes")
        return scalar(value)

    @_make.register
    def _(self, node: Literal) -> Grid:
        return Grid(tuple(int(size) for size in node.shape), node.values)

    @_make.register
    def _(self, node: Plus) -> Grid:
        return self._entrywise(node.args, lambda values: Add(*values))

    @_make.register
    def _(self, node: Minus) -> Grid:
        return self.grid(node.args[0]).map(lambda value: -value)

    @_make.register
    def _(self, node: Times) -> Grid:
        def multiply(values: Sequence[Expr]) -> Expr:
            result: Expr = Integer(1)
            for value in values:
                result *= value
            return result

        return self._entrywise(node.args, multiply)

    @_make.register
    def _(self, node: Over) -> Grid:
        need(all(value != 0 for value in self.grid(node.args[1]).entries), "a division by 0")
        return self._entrywise(node.args, lambda values: values[0] / values[1])

    @_make.register
    def _(self, node: Power) -> Grid:
        exponent = node.args[1].value if isinstance(node.args[1], Constant) else node.args[1]
        if exponent.is_Rational and not exponent.is_Integer:
            return self.grid(node.args[0]).map(lambda value: value**exponent)
        return self.grid(node.args[0]).map(lambda value: value ** self.integer(exponent))

    def _entrywise(self, parts: Sequence[Expression], combine: Any) -> Grid:
        grids = [self.grid(part) for part in parts]
        shape: tuple[int, ...] = ()
        for grid in grids:
            need(not grid.rank or not shape or grid.shape == shape, f"shapes {shape} and {grid.shape} combined")
            shape = shape or grid.shape
        return Grid.build(shape, lambda index: combine([g[index] if g.rank else g[()] for g in grids]))

    @_make.register
    def _(self, node: Elementwise) -> Grid:
        return self.grid(node.of).map(lambda value: function_value(node.name, node.order, value))

    @_make.register
    def _(self, node: Apply) -> Grid:
        return EXPLICIT[node.operator](*[self._argument(part) for part in node.arguments])

    def _argument(self, part: Basic) -> Any:
        if isinstance(part, Expression):
            return self.grid(part)
        if isinstance(part, Str):
            return str(part.name)
        if isinstance(part, Tuple):
            return tuple(self._argument(inner) for inner in part.args)
        return self.integer(part)

    # -- derivatives

    @_make.register
    def _(self, node: Grad) -> Grid:
        value, variables = self._apart(node.of, node.wrt)
        slope = derivatives(value[()])
        return self._back(variables.map(slope), node.wrt)

    @_make.register
    def _(self, node: Jacobian) -> Grid:
        value, variables = self._apart(node.of, node.wrt)
        rows, columns = EXPLICIT["vec"](value), EXPLICIT["vec"](variables)
        entries = [slope(variable) for slope in map(derivatives, rows.entries) for variable in columns.entries]
        return self._back(Grid((rows.shape[0], columns.shape[0]), tuple(entries)), node.wrt)

    @_make.register
    def _(self, node: Differential) -> Grid:
        if node.wrt is None:
            value, varying = self.grid(node.of), None
            variables: Iterable[Expr] = sorted(
                {s for entry in value.entries for s in entry.atoms(EntrySymbol) if "(" not in s.name}, key=str
            )
            _refuse_second_derivative(node.of)
        else:
            value, grid = self._apart(node.of, node.wrt)
            varying, variables = node.wrt, grid.entries
        variables = tuple(variables)

        def total_of(entry: Expr) -> Expr:
            slope = derivatives(entry)
            return total(slope(s) * _differential(s) for s in variables)

        varied = value.map(total_of)
        return varied if varying is None else self._back(varied, varying)

    def _apart(self, of: Expression, wrt: Name) -> tuple[Grid, Grid]:
        """The formula with the entries of `wrt` as symbols, and these symbols."""
        _refuse_second_derivative(of)
        cut = self.cut | {wrt} if isinstance(wrt, Definition) else self.cut
        return self._with(self.sizes, cut).grid(of), self.names(wrt)

    def _back(self, grid: Grid, wrt: Name) -> Grid:
        """The entries of a definition that was cut put back in place of its symbols."""
        if isinstance(wrt, Tensor) or wrt in self.cut:
            return grid
        actual = dict(zip(self.names(wrt).entries, self.grid(wrt).entries, strict=True))
        return grid.map(lambda value: value.xreplace(actual))

    # -- entries, sums, brackets

    @_make.register
    def _(self, node: Entry) -> Grid:
        of = self.grid(node.of)
        axes: list[tuple[int, int, int] | int] = []
        for index in node.indices:
            if isinstance(index, Slice):
                axes.append((self.integer(index.start), self.integer(index.step), self.integer(index.count)))
            else:
                axes.append(self.integer(index))
        shape = [axis[2] for axis in axes if isinstance(axis, tuple)]

        def entry(at: tuple[int, ...]) -> Expr:
            along = iter(at)
            return of[tuple(a[0] + a[1] * next(along) if isinstance(a, tuple) else a for a in axes)]

        return Grid.build(shape, entry)

    @_make.register
    def _(self, node: IndexSum) -> Grid:
        return self._sum(node.body, list(node.ranges))

    def _sum(self, body: Expression, ranges: list[IndexRange]) -> Grid:
        if not ranges:
            return self.grid(body)
        explicit = [part for part in ranges if part.explicit]
        if explicit:
            # A bound may name another index of the same sum, so the one whose bounds are known comes first.
            part = next((p for p in explicit if self._known_bounds(p)), explicit[0])
            values: Iterable[int] = range(self.integer(part.low), self.integer(part.high) + 1)
            rest = [other for other in ranges if other != part]
            return self._added(body, [self.bound(part.index, value)._sum(body, rest) for value in values])
        return self._open_sum(body, [part.index for part in ranges])

    def _known_bounds(self, part: IndexRange) -> bool:
        return all(symbol.name in self.sizes for bound in (part.low, part.high) for symbol in bound.free_symbols)

    def _added(self, body: Expression, terms: list[Grid]) -> Grid:
        if not terms:
            need(not body.rank, "an empty sum of tensors whose shape depends on the index")
            return scalar(0)
        return Grid(
            terms[0].shape,
            tuple(total(values) for values in zip(*(t.entries for t in terms), strict=True)),
        )

    def _open_sum(self, body: Expression, symbols: list[Symbol]) -> Grid:
        """Over all integers for which every entry whose subscripts contain an index exists."""
        names = {symbol.name for symbol in symbols}
        subscripts = [
            (self._shape(part.of), part.indices)
            for part, bound in open_entries(body)
            if any(_names(index) & (names - bound) for index in part.indices)
        ]
        need(bool(subscripts), "a sum whose index stands in no subscript has no range")
        subscripts = [self._known_axes(shape, places, symbols) for shape, places in subscripts]
        free = {name for _, places in subscripts for index in places for name in _names(index)}
        if free - set(self.sizes) - {symbol.name for symbol in symbols}:
            raise Unsupported("a sum without a range around a sum that uses its index: give the range")
        reach = self._reach(subscripts, symbols)
        terms = []
        for values in product(*(self._candidates(subscripts, symbol, symbols, reach) for symbol in symbols)):
            inner = self
            for symbol, value in zip(symbols, values, strict=True):
                inner = inner.bound(symbol, value)
            if all(inner._inside(shape, places) for shape, places in subscripts):
                terms.append(inner.grid(body))
        return self._added(body, terms) if terms else self._empty(body)

    def _known_axes(self, shape: Any, places: Any, symbols: list[Symbol]) -> tuple[Any, Any]:
        """The axes of an entry without those on which only the index of an inner sum stands."""
        kept = [
            (size, index)
            for size, index in zip(shape, places, strict=True)
            if index.has(*symbols) or not _names(index) - set(self.sizes)
        ]
        return tuple(size for size, _ in kept), tuple(index for _, index in kept)

    def _candidates(self, subscripts: Any, symbol: Symbol, symbols: list[Symbol], reach: int) -> list[int]:
        """The values of an index that the subscripts in which it stands alone allow."""
        others = set(symbols) - {symbol}
        alone = [
            (size, index)
            for shape, places in subscripts
            for size, index in zip(shape, places, strict=True)
            if index.has(symbol) and not index.has(*others)
        ]
        return [
            value
            for value in range(-reach, reach + 1)
            if all(self.bound(symbol, value)._inside((size,), (index,)) for size, index in alone)
        ]

    def _empty(self, body: Expression) -> Grid:
        shape = tuple(self.integer(size) for size in body.shape)
        return Grid.build(shape, lambda at: Integer(0))

    def _shape(self, node: Expression) -> tuple[int, ...]:
        return tuple(self.integer(size) for size in node.shape)

    def _reach(self, subscripts: Any, symbols: list[Symbol]) -> int:
        """How far from 0 an index can be while its entries exist, for subscripts such as i, s*i + o, i //
        n."""
        largest: int = max([size for shape, _ in subscripts for size in shape] + [1])
        others = [abs(value) for value in self.sizes.values()]
        reach = largest * max([*others, 1]) + max([*others, 0])
        # i // n allows i up to n·size; more would be slow and is never needed at the small sizes of a check
        return min(reach, 60)

    def _inside(self, shape: tuple[int, ...], places: Sequence[Basic]) -> bool:
        for size, index in zip(shape, places, strict=True):
            if not isinstance(index, Slice) and not 0 <= self.integer(index) < size:
                return False
        return True

    @_make.register
    def _(self, node: ByIndex) -> Grid:
        lead = tuple(self.integer(part.high) + 1 for part in node.ranges)
        bodies: dict[tuple[int, ...], Grid] = {}
        for at in indices(lead):
            inner = self
            for part, value in zip(node.ranges, at, strict=True):
                inner = inner.bound(part.index, value)
            bodies[at] = inner.grid(node.body)
        need(bool(bodies), "a definition by index over an empty range")
        rest = next(iter(bodies.values())).shape
        return Grid.build((*lead, *rest), lambda at: bodies[at[: len(lead)]][at[len(lead) :]])

    @_make.register
    def _(self, node: Bracket) -> Grid:
        return scalar(int(evaluate_condition(node.condition, self.sizes)))

    @_make.register
    def _(self, node: DataBracket) -> Grid:
        return self._entrywise(node.args[1:], lambda values: compare_data(node.operator, *values))

    @_make.register
    def _(self, node: SizeTuple) -> Grid:
        if node.of is not None:
            shape = self.grid(node.of).shape
            return Grid((len(shape),), tuple(Integer(size) for size in shape))
        return Grid((len(node.sizes),), tuple(self.grid(Constant(size))[()] for size in node.sizes))


def _names(index: Basic) -> set[str]:
    return {str(symbol) for symbol in index.free_symbols}


def derivatives(value: Expr) -> Callable[[Expr], Expr]:
    """SymPy's derivative of an entry by a symbol; of a sum, only the terms that contain the symbol are
    looked at."""
    terms: dict[Expr, list[Expr]] = {}
    for term in Add.make_args(value):
        for symbol in term.free_symbols:
            terms.setdefault(symbol, []).append(term)
    return lambda symbol: total(term.diff(symbol) for term in terms.get(symbol, ()))


def _refuse_second_derivative(of: Expression) -> None:
    if _depends_on_loss_derivative(of):
        raise Unsupported("the derivative of an arbitrary loss's derivative: its second derivative is not represented")


def _label(node: Expression) -> str:
    return node.name if isinstance(node, Tensor | Definition) else "z"


def _differential(symbol: EntrySymbol) -> EntrySymbol:
    """d(a)[0, 1] for a[0, 1]."""
    name, bracket, rest = str(symbol.name).partition("[")
    return EntrySymbol(f"d({name}){bracket}{rest}", real=True)


# -- what others call ------------------------------------------------------------------------------


def as_explicit(node: Expression, sizes: Mapping[str, int]) -> Any:
    """The entries of a formula at given sizes (dims and free indices by name).

    Rank 0: a SymPy expression; rank 1: a column matrix; rank 2: a matrix; higher: an array. Raises
    DoesNotExist (a ValueError) where the formula does not exist, ValueError for a missing size.

    >>> from derivations.operators import apply
    >>> from derivations.formulas.integers import integer_symbol
    >>> n = integer_symbol("n")
    >>> as_explicit(apply("conv", Tensor("a", (n,)), Tensor("w", (2,))), {"n": 3})
    Matrix([
    [a[0]*w[1] + a[1]*w[0]],
    [a[1]*w[1] + a[2]*w[0]]])
    """
    try:
        grid = Explicit(sizes).grid(node)
    except KeyError as missing:
        raise ValueError(f"the size {missing.args[0]} has no value: give {missing.args[0]}=...") from None
    if grid.rank == 0:
        return grid[()]
    if grid.rank <= 2:
        rows, columns = (*grid.shape, 1)[:2]
        return ImmutableDenseMatrix(rows, columns, list(grid.entries))
    return ImmutableDenseNDimArray(list(grid.entries), grid.shape)


@dataclass(frozen=True)
class Difference:
    """left − right of a link at one choice of sizes. A side's shape is None where it does not exist
    (`reason` says why); `entries` maps (free indices, index) to every difference that is not 0."""

    left_shape: tuple[int, ...] | None
    right_shape: tuple[int, ...] | None
    entries: Mapping[tuple[tuple[int, ...], tuple[int, ...]], Expr]
    reason: str = ""

    @property
    def vanishes(self) -> bool:
        """The two sides exist, have one shape and agree in every entry."""
        return self.left_shape is not None and self.left_shape == self.right_shape and not self.entries


def explicit_difference(link: Link, sizes: Mapping[str, int], hypotheses: Sequence[Hypothesis] = ()) -> Difference:
    """left − right of a link for all values of its free indices, at given sizes, under hypotheses on the
    data.

    A scalar and a 1×1 matrix are the same. Raises Unsupported for second derivatives of an arbitrary loss.
    """
    known = _solved(hypotheses, sizes)
    differences: dict[tuple[tuple[int, ...], tuple[int, ...]], Expr] = {}
    shapes: list[tuple[int, ...] | None] = [None, None]
    whole = Explicit(sizes)
    for free in indices([evaluate_integer(part.size, dict(sizes)) for part in link.free]):
        evaluator = whole
        for part, value in zip(link.free, free, strict=True):
            evaluator = evaluator.bound(part.index, value)
        try:
            for node in link.supposed:
                evaluator.grid(node)
        except DoesNotExist as error:
            return Difference(None, None, {}, str(error))
        grids = []
        for number, side in enumerate((link.left, link.right)):
            try:
                grids.append(evaluator.grid(side))
            except DoesNotExist as error:
                shapes[number] = None
                return Difference(shapes[0], shapes[1], {}, str(error))
            shapes[number] = _plain(grids[-1].shape)
        if shapes[0] != shapes[1]:
            return Difference(shapes[0], shapes[1], {}, "the shapes differ")
        for at, left, right in zip(indices(grids[0].shape), grids[0].entries, grids[1].entries, strict=True):
            difference = (left - right).xreplace(known) if known else left - right
            if not vanishes(difference):
                differences[free, at] = difference
    return Difference(shapes[0], shapes[1], differences)


def _plain(shape: tuple[int, ...]) -> tuple[int, ...]:
    return () if all(size == 1 for size in shape) and len(shape) in (0, 2) else shape


def _solved(hypotheses: Sequence[Hypothesis], sizes: Mapping[str, int]) -> dict[Expr, Expr]:
    """The hypotheses as substitutions of single entries; each entry's equation must be linear in one of
    them."""
    known: dict[Expr, Expr] = {}
    for hypothesis in hypotheses:
        evaluator = Explicit(sizes)
        left, right = evaluator.grid(hypothesis.left), evaluator.grid(hypothesis.right)
        need(_plain(left.shape) == _plain(right.shape), f"the hypothesis {hypothesis.text}")
        for one, other in zip(left.entries, right.entries, strict=True):
            equation = expand((one - other).xreplace(known))
            if equation == 0:
                continue
            symbol, value = _solve_linear(equation, hypothesis.text)
            known = {key: expand(old.xreplace({symbol: value})) for key, old in known.items()} | {symbol: value}
    return known


def _solve_linear(equation: Expr, text: str) -> tuple[Expr, Expr]:
    for symbol in sorted(equation.atoms(EntrySymbol), key=str, reverse=True):
        slope = equation.diff(symbol)
        if slope.is_number and slope != 0:
            return symbol, expand(symbol - equation / slope)
    raise Unsupported(f"the hypothesis {text} is not linear in an entry")


def vanishes(value: Expr) -> bool:
    """Whether an explicit entry is 0: after `expand`, else at three random exact points.

    At the points, entries are distinct positive rationals; polynomials and steps are then exact, and exp,
    log and tanh are taken to 50 digits. Arbitrary functions stay symbols. So a polynomial that is not 0 is
    found with a probability of all but one in a million; what is called 0 by the points alone is evidence,
    not proof.
    """
    value = expand(value)
    if value == 0:
        return True
    if value.is_polynomial(*value.free_symbols):
        return False
    return all(_is_zero_at(value, seed) for seed in (1, 2, 3))


def _is_zero_at(value: Expr, seed: int) -> bool:
    from random import Random

    from sympy import Rational

    random = Random(seed)
    symbols = sorted(value.atoms(EntrySymbol), key=str)
    numbers = random.sample(range(1, 1_000_003), len(symbols))
    point = {symbol: Rational(number, 500_009) for symbol, number in zip(symbols, numbers, strict=True)}
    number = expand(value.xreplace(point))
    opaque = {part: Rational(random.randrange(1, 10**6), 1009) for part in sorted(number.atoms(Arbitrary), key=str)}
    number = number.xreplace(opaque)
    return bool(number == 0 or abs(number.evalf(50)) < 10**-35)
