"""What a row of the operator table is, and how the arguments of a call are bound to its signature.

After `normalise` every parameter has one form: strides, dilations and windows are a Tuple with one integer per sliding
axis, paddings a Tuple of (before, after) pairs, modes a Str. So no later stage asks which spelling an author chose.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sympy import Basic, Expr, Integer, Tuple, sympify
from sympy.core.symbol import Str

from derivations.core.names import Mark, Name, Role
from derivations.core.terms import TRUE, Int
from derivations.core.terms import Condition as KernelCondition
from derivations.formulas.expressions import Expression, Shape, ShapeError, expression
from derivations.formulas.integers import Condition

MODES = ("valid", "full", "same")


class OperatorError(ShapeError):
    """A call that does not fit its operator's signature; `part` is the argument's position as written, or None."""


@dataclass(frozen=True)
class Parameter:
    """One parameter: `kind` is one of tensor, mode, each (an integer per sliding axis), padding, window, integer,
    integers (the remaining positional arguments), flag, axes (in ascending order, all of them unless some are given),
    sizes (several in one argument), order (axes in the order in which they are given), permutation (all axes in some
    order). `ranks` are the ranks that a tensor may have."""

    name: str
    kind: str = "tensor"
    default: Any = None
    required: bool = False
    ranks: tuple[int, ...] = ()

    def normal(self, value: Any, axes: int) -> Basic:
        """A value of the parameter in its one form, of an operator on so many axes; raises OperatorError."""
        return _NORMALISERS[self.kind](value, axes, self)


def tensor(name: str, *ranks: int) -> Parameter:
    """A required data argument; without ranks, of any rank."""
    return Parameter(name, "tensor", required=True, ranks=ranks)


POSITIVE_RANKS = tuple(range(1, 9))  # eight axes are more than any layer has
AXES = Parameter("axis", "axes")
# Written in calls of operators on the last axes; nodes do not have it (`spellings.py`).
NAMED_AXES = Parameter("axis", "order")


Range = tuple[Name, Int | int, Int | int]


def tap(axis: int = 0) -> Mark:
    """The name of the bound index of an axis in an index definition.

    >>> tap(1)
    tap 1
    """
    return Mark(Role.TAP, axis)


Read = tuple[int, tuple[Int, ...]]


@dataclass(frozen=True)
class Gather:
    """One entry of a linear operator's result, as an index relation:

        entry = numerator/denominator · Σ_{low <= bound <= high} [condition] Π_reads argument[index]

    `reads` names data arguments by their number among the data arguments, from 0. An entry is read only where its
    condition holds, so the condition must imply that every read is in bounds.
    """

    bound: tuple[Range, ...] = ()
    condition: KernelCondition = TRUE
    reads: tuple[Read, ...] = ()
    numerator: Int = field(default_factory=lambda: Int.of(1))
    denominator: Int = field(default_factory=lambda: Int.of(1))


class NoRule(ValueError):
    """A formula that the tables of derivations do not reach; the message says why."""


Candidates = list[Expression]


@dataclass(frozen=True)
class Adjoint:
    """How ⟨G, L(dX)⟩ becomes ⟨L*(G), dX⟩ where L is the operator as a function of its data argument number `argument`:
    the printed name, the equation, and candidates for L*(G) from G and the node. Nothing here is trusted: the kernel
    judges each step that is made with it."""

    argument: int
    name: str
    equation: str
    rewrite: Callable[[Expression, Any], Candidates]
    operator: str = ""  # of the row that it stands in


@dataclass(frozen=True)
class Lemma:
    """The proof of an adjoint as text: what it is of (operators, each with the number of its data argument), for which
    of their parameters it is meant, its context, ⟨g, L(v)⟩, and lines (formula, reason) down to ⟨L*(g), v⟩."""

    name: str
    of: tuple[tuple[str, int], ...]
    given: str
    start: str
    lines: tuple[tuple[str, str], ...]
    fits: Callable[[Expression], bool] = lambda node: True


@dataclass(frozen=True)
class Operator:
    """A row. `size(*normalised)` is the shape, `exists(*normalised)` the conditions under which it exists,
    `entry(index, *normalised)` the index definition, of which several are added (there integers are kernel terms and a
    data argument is given by its shape; None for operators that are not linear: `formula(*normalised)` is what one of
    them abbreviates, the others are treated by name in `meaning/`), `latex(*rendered)` the notation. `adjoints` are for
    derivations, `lemmas` prove them; `numpy(*parts)` writes it in a NumPy program; None: a function of its name is
    carried along (`steps/numpy_helpers.py`), or there is no such form. An operator of several data arguments is linear
    in each, an `additive` one in all of them together. `samples` are arguments after the first for the tests, which try
    each ("B" stands for a second tensor)."""

    name: str
    parameters: tuple[Parameter, ...]
    size: Callable[..., Shape]
    exists: Callable[..., Sequence[Condition]]
    entry: Callable[..., Gather | tuple[Gather, ...]] | None
    latex: Callable[..., str]
    reference: str
    sliding_axes: Callable[[int], int] = field(default=lambda rank: rank)
    adjoints: tuple[Adjoint, ...] = ()
    numpy: Callable[..., str] | None = None
    lemmas: tuple[Lemma, ...] = ()
    additive: bool = False
    samples: tuple[tuple[Any, ...], ...] = ()
    formula: Callable[..., Expression] | None = None
    over_axes: bool = False  # acts on the last axes, on others by `axis=`
    spelled: tuple[Parameter, ...] = ()  # parameters of calls that are expanded (`spellings.py`)

    @property
    def written(self) -> tuple[Parameter, ...]:
        """The parameters of a call, with those that a node does not keep."""
        return (*self.parameters, *([NAMED_AXES] if self.over_axes else []), *self.spelled)

    def normalise(self, arguments: Sequence[Any], keywords: Mapping[str, Any]) -> tuple[Basic, ...]:
        """The arguments in the order of the signature, each in its one form. Of an operator on the last axes, `axis=`
        says how many these are; other axes are `spellings.py`'s affair."""
        sliding = None
        if self.over_axes and "axis" in keywords:
            keywords = dict(keywords)
            sliding = self._last(keywords.pop("axis"), expression(arguments[0]).rank)
        bound = self._bind(arguments, keywords)
        axes = 0
        values: list[Basic] = []
        for parameter in self.parameters:
            position = list(bound).index(parameter.name) if parameter.name in bound else None
            given = bound.get(parameter.name, parameter.default)
            if parameter.default == "window" and parameter.name not in bound:
                given = values[-1]  # the stride follows the window in every signature and defaults to it
            try:
                value = parameter.normal(given, axes)
            except OperatorError as error:
                raise OperatorError(f"{self.name}: {error.message}", error.fix, position) from None
            if isinstance(value, Expression) and axes == 0:
                axes = sliding if sliding is not None else self.sliding_axes(value.rank)
            values.append(value)
        return tuple(values)

    def _last(self, axis: Any, rank: int) -> int:
        axes = axis_numbers(axis, rank, f"axis of {self.name}")
        if axes != tuple(range(rank - len(axes), rank)):
            raise OperatorError(f"{self.name} over the axes {axes}, which are not the last", "transpose the formula")
        return len(axes)

    def _bind(self, arguments: Sequence[Any], keywords: Mapping[str, Any]) -> dict[str, Any]:
        names = [parameter.name for parameter in self.parameters]
        rest = [parameter for parameter in self.parameters if parameter.kind == "integers"]
        if rest:
            at = names.index(rest[0].name)
            arguments = [*arguments[:at], tuple(arguments[at:])]
        elif self.parameters and self.parameters[-1].kind == "padding" and self.parameters[-1].required:
            # pad(A, (top, bottom), (left, right)): the pairs of all axes follow one another
            at = len(names) - 1
            pairs = tuple(arguments[at:])
            arguments = [*arguments[:at], *([pairs] if len(pairs) > 1 else pairs)]
        if len(arguments) > len(names):
            raise OperatorError(
                f"{self.name} takes {len(names)} arguments, {len(arguments)} are given",
                f"its arguments are {self.signature}",
                len(names),
            )
        bound = dict(zip(names, arguments, strict=False))
        for keyword, value in keywords.items():
            if keyword not in names:
                raise OperatorError(
                    f"{self.name} has no parameter {keyword}", f"its arguments are {self.signature}", None
                )
            if keyword in bound:
                raise OperatorError(f"{self.name} is given {keyword} twice", f"leave out {keyword}=", None)
            bound[keyword] = value
        for parameter in self.parameters:
            if parameter.required and parameter.name not in bound:
                raise OperatorError(
                    f"{self.name} lacks its argument {parameter.name}", f"its arguments are {self.signature}", None
                )
        return bound

    @property
    def signature(self) -> str:
        """The parameters as they are written in the claim language."""
        shown = []
        for parameter in self.written:
            default = "f" if parameter.default == "window" else str(parameter.default).lower()
            if parameter.kind in ("axes", "order"):
                default = "all" if parameter.kind == "axes" else "reversed" if parameter.name == "axes" else "last"
            shown.append(parameter.name if parameter.required else f"{parameter.name}={default}")
        return f"({', '.join(shown)})"


def _tensor(value: Any, axes: int, parameter: Parameter) -> Basic:
    node = expression(value)
    if parameter.ranks and node.rank not in parameter.ranks:
        wanted = " or ".join(str(rank) for rank in parameter.ranks)
        raise OperatorError(f"{parameter.name} has rank {node.rank}, it must have rank {wanted}", "")
    return node


def _mode(value: Any, axes: int, parameter: Parameter) -> Basic:
    if str(value) not in MODES:
        raise OperatorError(f"there is no mode {value}", "the modes are valid, full and same")
    return Str(str(value))


def integer(value: Any, what: str) -> Expr:
    """An integer expression in the sizes, or an OperatorError that names what it is for."""
    if isinstance(value, Expression):
        inner = getattr(value, "value", None)
        if inner is None or value.rank:
            raise OperatorError(f"{what} is not an integer", "write a number or an integer expression in the dims")
        value = inner
    number = sympify(value)
    if number.is_integer is False or (number.is_number and not number.is_Integer):
        raise OperatorError(f"{what} is {number}, which is not an integer", "use // for the floor of a quotient")
    return number


def _items(value: Any) -> list[Any] | None:
    if isinstance(value, tuple | list | Tuple):
        return list(value)
    return None


def _each(value: Any, axes: int, parameter: Parameter) -> Basic:
    items = _items(value)
    if items is None:
        items = [value] * axes
    if len(items) != axes:
        message = f"{parameter.name} has {len(items)} numbers for {axes} axes"
        raise OperatorError(message, "give one number for all axes")
    return Tuple(*[integer(item, parameter.name) for item in items])


def _padding(value: Any, axes: int, parameter: Parameter) -> Basic:
    items = _items(value)
    if items is None:
        items = [(value, value)] * axes
    elif axes == 1 and len(items) == 2 and _items(items[0]) is None:
        items = [tuple(items)]
    pairs = []
    for item in items:
        pair = _items(item) or [item, item]
        if len(pair) != 2:
            raise OperatorError(f"{parameter.name} has {len(pair)} numbers for one axis", "give (before, after)")
        pairs.append(Tuple(*[integer(number, parameter.name) for number in pair]))
    if len(pairs) != axes:
        raise OperatorError(
            f"{parameter.name} has {len(pairs)} pairs for {axes} axes", "give one number, or (before, after) per axis"
        )
    return Tuple(*pairs)


def _integer(value: Any, axes: int, parameter: Parameter) -> Basic:
    return integer(value, parameter.name)


def _integers(value: Any, axes: int, parameter: Parameter) -> Basic:
    items = list(value or ())
    if len(items) == 1:
        items = _items(items[0]) or items
    if not items:
        raise OperatorError("no sizes are given", "give at least one size")
    return Tuple(*[integer(item, parameter.name) for item in items])


def axis_numbers(value: Any, rank: int, what: str) -> tuple[int, ...]:
    """The axes that one number or several name, from 0; negative ones count from the end. Raises OperatorError."""
    found = []
    items = _items(value)
    for item in [value] if items is None else items:
        number = integer(item, what)
        if not number.is_Integer or not -rank <= int(number) < rank:
            known = f"axes are 0 to {rank - 1}" if rank else "a number has no axes"
            raise OperatorError(f"there is no axis {number} of a formula of rank {rank}", known)
        found.append(int(number) % rank)
    if len(set(found)) < len(found):
        raise OperatorError(f"{what} names one axis twice", "name each axis once")
    if not found:
        raise OperatorError(f"{what} names no axis", "name at least one")
    return tuple(found)


def _axes(value: Any, axes: int, parameter: Parameter) -> Basic:
    numbers = range(axes) if value is None else sorted(axis_numbers(value, axes, parameter.name))
    return Tuple(*[Integer(number) for number in numbers])


def _order(value: Any, axes: int, parameter: Parameter) -> Basic:
    items = _items(value)
    return Tuple(*[integer(item, parameter.name) for item in ([value] if items is None else items)])


def _permutation(value: Any, axes: int, parameter: Parameter) -> Basic:
    order = axis_numbers(value, axes, parameter.name)
    if len(order) != axes:
        raise OperatorError(f"{parameter.name} has {len(order)} axes, the formula {axes}", "name each axis once")
    return Tuple(*[Integer(number) for number in order])


def _flag(value: Any, axes: int, parameter: Parameter) -> Basic:
    if str(value) not in ("True", "False", "true", "false"):
        raise OperatorError(f"{parameter.name} is {value}", "it is true or false")
    return Integer(str(value).lower() == "true")


_NORMALISERS: dict[str, Callable[[Any, int, Parameter], Basic]] = {
    "tensor": _tensor,
    "mode": _mode,
    "each": _each,
    "padding": _padding,
    "window": _each,
    "integer": _integer,
    "integers": _integers,
    "flag": _flag,
    "axes": _axes,
    "order": _order,
    "sizes": _order,
    "permutation": _permutation,
}
