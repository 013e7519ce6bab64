"""The closed set of nodes that a formula is made of: SymPy objects, never evaluated automatically.

Why not SymPy's own `Add` and `Mul` for tensors: `A - A` would become the number 0 and lose its shape, `A * A` a power
before anybody asked. Each node knows its shape (a tuple of integer expressions) and its parts; it does not know
whether it exists at given sizes (`meaning/existence.py`), what it computes (`meaning/`, `numeric/`) or how it is shown:
`FACE` says that, and whoever knows how installs it (`text.py` of this room, and `api.py`).

The set:

    Tensor Definition Loss Constant Literal                    names and numbers
    Plus Minus Times Over Power                                elementwise arithmetic (rank 0 combines with any rank)
    Apply                                                      an operator of the table in `operators/`
    Elementwise                                                f(z), f'(z), tanh(z), ...
    Grad Jacobian Differential                                 derivatives
    Entry Slice                                                entries and slices
    IndexSum ByIndex IndexRange                                sums over indices, definitions by index
    Bracket DataBracket                                        [i <= j], [x > 0]
    SizeTuple                                                  shape(z), (p, q)

Over 500 lines: one class for each node of the language.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

from sympy import Basic, Expr, Integer, Rational, Symbol, Tuple, srepr, sympify
from sympy.core.symbol import Str

from derivations.formulas.integers import Condition, ceiling_division
from derivations.formulas.table import TABLE

Shape = tuple[Expr, ...]


class ShapeError(ValueError):
    """The parts of a formula do not fit together by rank. `part` is the offending argument's position, if one is."""

    def __init__(self, message: str, fix: str = "", part: int | None = None) -> None:
        super().__init__(message)
        self.message, self.fix, self.part = message, fix, part


@dataclass
class Face:
    """How a formula shows itself to a person: in the claim language, in LaTeX, as entries at given sizes."""

    text: Callable[[Any], str] = srepr
    latex: Callable[[Any], str] = srepr
    entries: Callable[[Any, Mapping[str, int]], Any] = lambda node, sizes: node


FACE = Face()


class Expression(Basic):  # type: ignore[misc]
    """A formula with a shape. Operators build formulas: `a + b`, `a * b` (Hadamard), `a @ b`, `a.T`, `a[i, j]`."""

    @property
    def shape(self) -> Shape:
        raise NotImplementedError

    @property
    def rank(self) -> int:
        return len(self.shape)

    def __add__(self, other: Any) -> Expression:
        return Plus(self, expression(other))

    def __radd__(self, other: Any) -> Expression:
        return Plus(expression(other), self)

    def __sub__(self, other: Any) -> Expression:
        return Plus(self, Minus(expression(other)))

    def __rsub__(self, other: Any) -> Expression:
        return Plus(expression(other), Minus(self))

    def __mul__(self, other: Any) -> Expression:
        return Times(self, expression(other))

    def __rmul__(self, other: Any) -> Expression:
        return Times(expression(other), self)

    def __truediv__(self, other: Any) -> Expression:
        return Over(self, expression(other))

    def __rtruediv__(self, other: Any) -> Expression:
        return Over(expression(other), self)

    def __pow__(self, exponent: int) -> Expression:
        return Power(self, Integer(exponent))

    def __neg__(self) -> Expression:
        return Minus(self)

    def __matmul__(self, other: Any) -> Expression:
        return applied("matmul", self, expression(other))

    @property
    def T(self) -> Expression:
        """The transpose of a matrix."""
        return applied("transpose", self)

    def __getitem__(self, indices: Any) -> Expression:
        return entry(self, indices if isinstance(indices, tuple) else (indices,))

    def __iter__(self) -> Iterator[Any]:
        raise TypeError("a formula of symbolic shape cannot be iterated; as_explicit(H=3, ...) gives its entries")

    def __str__(self) -> str:
        return FACE.text(self)

    __repr__ = __str__

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {FACE.latex(self)}$"

    def _latex(self, printer: Any) -> str:
        return FACE.latex(self)

    def as_explicit(self, **sizes: int) -> Any:
        """The entries at given sizes, as a SymPy matrix (rank 0: an expression; rank 1: a column; higher: an array).

        Keyword arguments are the dims by name. Raises ValueError where the formula does not exist.
        """
        return FACE.entries(self, sizes)



def expression(value: Any) -> Expression:
    """A node from a number, an integer expression in the sizes, nested lists of numbers, or a node."""
    if isinstance(value, Expression):
        return value
    if isinstance(value, list):
        return Literal.of(value)
    return Constant(sympify(value, rational=True))


# -- names and numbers ------------------------------------------------------------------------------------------------


class Tensor(Expression):
    """A declared tensor with arbitrary real entries; a scalar is a tensor of rank 0."""

    def __new__(cls, name: str | Str, shape: Sequence[Any] = ()) -> Tensor:
        return super().__new__(cls, Str(str(name)), Tuple(*[sympify(n) for n in shape]))  # type: ignore[no-any-return]

    @property
    def name(self) -> str:
        return str(self.args[0].name)

    @cached_property
    def shape(self) -> Shape:
        return tuple(self.args[1])


class Definition(Expression):
    """A name and what it stands for; derivatives pass through it, printing stops at it."""

    def __new__(cls, name: str | Str, body: Expression) -> Definition:
        return super().__new__(cls, Str(str(name)), body)  # type: ignore[no-any-return]

    @property
    def name(self) -> str:
        return str(self.args[0].name)

    @property
    def body(self) -> Expression:
        return self.args[1]  # type: ignore[no-any-return]

    @cached_property
    def shape(self) -> Shape:
        return self.body.shape


class Loss(Expression):
    """An arbitrary differentiable scalar function of one formula (and of nothing else): `loss J(z)`."""

    def __new__(cls, name: str | Str, of: Expression) -> Loss:
        return super().__new__(cls, Str(str(name)), of)  # type: ignore[no-any-return]

    @property
    def name(self) -> str:
        return str(self.args[0].name)

    @property
    def of(self) -> Expression:
        return self.args[1]  # type: ignore[no-any-return]

    @cached_property
    def shape(self) -> Shape:
        return ()


class Constant(Expression):
    """A number, or an exact rational function of the sizes and indices, as a formula of rank 0."""

    def __new__(cls, value: Any) -> Constant:
        return super().__new__(cls, sympify(value))  # type: ignore[no-any-return]

    @property
    def value(self) -> Expr:
        return self.args[0]

    @cached_property
    def shape(self) -> Shape:
        return ()


class Literal(Expression):
    """A vector or matrix of exact numbers, given row by row: Literal((2, 2), (1, 2, 3, 4))."""

    def __new__(cls, shape: Any, values: Any) -> Literal:
        return super().__new__(cls, Tuple(*shape), Tuple(*values))  # type: ignore[no-any-return]

    @classmethod
    def of(cls, rows: list[Any]) -> Literal:
        if rows and isinstance(rows[0], list):
            if any(len(row) != len(rows[0]) for row in rows):
                raise ShapeError("the rows of a matrix of numbers differ in length")
            values = [Rational(str(value)) for row in rows for value in row]
            return cls((len(rows), len(rows[0])), values)
        return cls((len(rows),), [Rational(str(value)) for value in rows])

    @property
    def values(self) -> tuple[Rational, ...]:
        return tuple(self.args[1])

    @cached_property
    def shape(self) -> Shape:
        return tuple(self.args[0])


# -- elementwise arithmetic -------------------------------------------------------------------------------------------


def _common_shape(parts: Sequence[Expression], what: str) -> Shape:
    """The shape of the first part of positive rank; all parts of positive rank must have its rank.

    That the sizes agree too is an existence condition (`existence.py`), because it may hold at some sizes only.
    """
    shape: Shape = ()
    for position, part in enumerate(parts):
        if part.rank and shape and part.rank != len(shape):
            raise ShapeError(
                f"{what} of rank {len(shape)} and rank {part.rank}",
                "there is no broadcasting; only scalars combine with anything",
                position,
            )
        shape = shape or part.shape
    return shape


class _Arithmetic(Expression):
    what = ""

    def __new__(cls, *parts: Any) -> Self:
        nodes = [part if isinstance(part, Basic) else expression(part) for part in parts]
        _common_shape([node for node in nodes if isinstance(node, Expression)], cls.what)
        return super().__new__(cls, *nodes)  # type: ignore[no-any-return]

    @cached_property
    def shape(self) -> Shape:
        return _common_shape([part for part in self.args if isinstance(part, Expression)], self.what)


class Plus(_Arithmetic):
    """The sum of two or more formulas, entry by entry."""

    what = "a sum"


class Minus(_Arithmetic):
    """The negative of a formula."""

    what = "a difference"


class Times(_Arithmetic):
    """The Hadamard (entrywise) product of two or more formulas."""

    what = "an entrywise product"


class Over(_Arithmetic):
    """The entrywise quotient of two formulas; the divisor has no zero entry."""

    what = "an entrywise quotient"


class Power(_Arithmetic):
    """The entrywise power with a number or a fraction of sizes as exponent: Power(base, Integer), Power(base, q/2)."""

    what = "a power"


class Apply(Expression):
    """An operator of the table applied to arguments, already normalised by `operators.apply`."""

    def __new__(cls, operator: str | Str, *arguments: Basic) -> Apply:
        return super().__new__(cls, Str(str(operator)), *arguments)  # type: ignore[no-any-return]

    @property
    def operator(self) -> str:
        return str(self.args[0].name)

    @property
    def arguments(self) -> tuple[Basic, ...]:
        return tuple(self.args[1:])

    @property
    def tensors(self) -> tuple[Expression, ...]:
        """The data arguments, in order."""
        return tuple(part for part in self.args if isinstance(part, Expression))

    @cached_property
    def shape(self) -> Shape:
        return TABLE[self.operator].size(*self.arguments)


def applied(operator: str, *arguments: Any, **keywords: Any) -> Apply:
    """An operator of the table applied to arguments as they are written; raises ShapeError where they do not fit."""
    return Apply(operator, *TABLE[operator].normalise(arguments, keywords))


class Elementwise(Expression):
    """A function of one real variable applied to every entry: Elementwise("f", order, z); order counts the primes."""

    def __new__(cls, name: str | Str, order: int | Integer, of: Expression) -> Elementwise:
        return super().__new__(cls, Str(str(name)), Integer(order), of)  # type: ignore[no-any-return]

    @property
    def name(self) -> str:
        return str(self.args[0].name)

    @property
    def order(self) -> int:
        return int(self.args[1])

    @property
    def of(self) -> Expression:
        return self.args[2]  # type: ignore[no-any-return]

    @cached_property
    def shape(self) -> Shape:
        return self.of.shape


# -- derivatives ------------------------------------------------------------------------------------------------------

Name = Tensor | Definition


class Grad(Expression):
    """The tensor of ∂J/∂x, of the shape of x: Grad(J, x). J is a formula of rank 0, x a name."""

    def __new__(cls, of: Expression, wrt: Expression) -> Grad:
        if of.rank != 0:
            raise ShapeError(f"grad of something of rank {of.rank}", "grad takes a scalar; jacobian(y, x) takes any", 0)
        return super().__new__(cls, of, wrt)  # type: ignore[no-any-return]

    @property
    def of(self) -> Expression:
        return self.args[0]  # type: ignore[no-any-return]

    @property
    def wrt(self) -> Any:
        return self.args[1]

    @cached_property
    def shape(self) -> Shape:
        return self.wrt.shape  # type: ignore[no-any-return]


def entry_count(shape: Shape) -> Expr:
    """The number of entries of a tensor of this shape."""
    count: Expr = Integer(1)
    for size in shape:
        count = count * size
    return count


class Jacobian(Expression):
    """∂vec(y)/∂vec(x): rows are entries of y, columns entries of x, both with the first axis fastest."""

    @property
    def of(self) -> Expression:
        return self.args[0]  # type: ignore[no-any-return]

    @property
    def wrt(self) -> Any:
        return self.args[1]

    @cached_property
    def shape(self) -> Shape:
        return (entry_count(self.of.shape), entry_count(self.wrt.shape))


class Differential(Expression):
    """d(y), or d(y, x) with only x varying. The differential of a name that varies is an arbitrary tensor."""

    @property
    def of(self) -> Expression:
        return self.args[0]  # type: ignore[no-any-return]

    @property
    def wrt(self) -> Any | None:
        return self.args[1] if len(self.args) > 1 else None

    @cached_property
    def shape(self) -> Shape:
        return self.of.shape


# -- entries, index sums, definitions by index ------------------------------------------------------------------------


class Slice(Basic):  # type: ignore[misc]
    """`start, start + step, ...` with `count` members along one axis."""

    def __new__(cls, start: Any, count: Any, step: Any) -> Slice:
        return super().__new__(cls, sympify(start), sympify(count), sympify(step))  # type: ignore[no-any-return]

    @property
    def start(self) -> Expr:
        return self.args[0]

    @property
    def count(self) -> Expr:
        return self.args[1]

    @property
    def step(self) -> Expr:
        return self.args[2]


class Entry(Expression):
    """A[i, j]: an index removes its axis, a Slice keeps it; there are as many as A has axes."""

    def __new__(cls, of: Expression, *indices: Basic) -> Entry:
        return super().__new__(cls, of, *indices)  # type: ignore[no-any-return]

    @property
    def of(self) -> Expression:
        return self.args[0]  # type: ignore[no-any-return]

    @property
    def indices(self) -> tuple[Basic, ...]:
        return tuple(self.args[1:])

    @cached_property
    def shape(self) -> Shape:
        return tuple(index.count for index in self.indices if isinstance(index, Slice))


def entry(of: Expression, indices: Sequence[Any]) -> Entry:
    """A[i, :, ::s] with Python's slices (0-based, no negative bounds); axes left out at the end are kept whole."""
    if len(indices) > of.rank:
        raise ShapeError(f"{len(indices)} indices for a formula of rank {of.rank}", "leave out the extra index")
    parts: list[Basic] = []
    for size, index in zip(of.shape, [*indices, *[slice(None)] * (of.rank - len(indices))], strict=True):
        if isinstance(index, slice):
            start = sympify(0 if index.start is None else index.start)
            stop = sympify(size if index.stop is None else index.stop)
            step = sympify(1 if index.step is None else index.step)
            parts.append(Slice(start, ceiling_division(stop - start, step), step))
        else:
            parts.append(index if isinstance(index, Basic) else sympify(index))
    return Entry(of, *parts)


class IndexRange(Basic):  # type: ignore[misc]
    """An index with its inclusive range `i in low..high`, or alone, where its entries settle the range."""

    def __new__(cls, index: Symbol, low: Any = None, high: Any = None) -> IndexRange:
        if low is None:
            return super().__new__(cls, index)  # type: ignore[no-any-return]
        return super().__new__(cls, index, sympify(low), sympify(high))  # type: ignore[no-any-return]

    @property
    def index(self) -> Symbol:
        return self.args[0]

    @property
    def explicit(self) -> bool:
        return len(self.args) == 3

    @property
    def low(self) -> Expr:
        return self.args[1]

    @property
    def high(self) -> Expr:
        return self.args[2]


class IndexSum(Expression):
    """Σ over indices of a body. A range that is not explicit is all integers for which every entry whose subscripts
    contain the index exists; in an explicit range, entries must exist throughout."""

    def __new__(cls, body: Expression, *ranges: IndexRange) -> IndexSum:
        return super().__new__(cls, body, *ranges)  # type: ignore[no-any-return]

    @property
    def body(self) -> Expression:
        return self.args[0]  # type: ignore[no-any-return]

    @property
    def ranges(self) -> tuple[IndexRange, ...]:
        return tuple(self.args[1:])

    @cached_property
    def shape(self) -> Shape:
        return self.body.shape


class ByIndex(Expression):
    """A tensor defined by its entries: ByIndex(body, i in 0..h-1, ...); the ranges are the leading axes (explicit,
    starting at 0), the body's own shape follows."""

    def __new__(cls, body: Expression, *ranges: IndexRange) -> ByIndex:
        return super().__new__(cls, body, *ranges)  # type: ignore[no-any-return]

    @property
    def body(self) -> Expression:
        return self.args[0]  # type: ignore[no-any-return]

    @property
    def ranges(self) -> tuple[IndexRange, ...]:
        return tuple(self.args[1:])

    @cached_property
    def shape(self) -> Shape:
        return (*(part.high + 1 for part in self.ranges), *self.body.shape)


class Bracket(Expression):
    """Iverson's bracket: 1 where a condition between integers holds, else 0."""

    def __new__(cls, condition: Condition) -> Bracket:
        return super().__new__(cls, condition)  # type: ignore[no-any-return]

    @property
    def condition(self) -> Condition:
        return self.args[0]  # type: ignore[no-any-return]

    @cached_property
    def shape(self) -> Shape:
        return ()


class DataBracket(Expression):
    """[x > 0] on tensors, entrywise: DataBracket(op, left, right)."""

    def __new__(cls, operator: str | Str, left: Expression, right: Expression) -> DataBracket:
        _common_shape([left, right], "a comparison")
        return super().__new__(cls, Str(str(operator)), left, right)  # type: ignore[no-any-return]

    @property
    def operator(self) -> str:
        return str(self.args[0].name)

    @cached_property
    def shape(self) -> Shape:
        return _common_shape([self.args[1], self.args[2]], "a comparison")


class SizeTuple(Expression):
    """A tuple of sizes, such as shape(z) or (p, q): the sides of a claim about sizes. Its shape is (length,).

    `SizeTuple.of_shape(z)` remembers z, since it exists only where z does; a quotient of sizes may stand for a size.
    """

    def __new__(cls, *sizes: Any) -> SizeTuple:
        return super().__new__(cls, *[sympify(size) for size in sizes])  # type: ignore[no-any-return]

    @classmethod
    def of_shape(cls, node: Expression) -> SizeTuple:
        """The sizes of a formula."""
        return cls(*node.shape, node)

    @property
    def sizes(self) -> tuple[Expr, ...]:
        return tuple(part for part in self.args if not isinstance(part, Expression))

    @property
    def of(self) -> Expression | None:
        """The formula whose shape this is, or None for a tuple that is written out."""
        return next((part for part in self.args if isinstance(part, Expression)), None)

    @cached_property
    def shape(self) -> Shape:
        return (Integer(len(self.sizes)),)
