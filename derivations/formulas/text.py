"""Formulas, conditions, integers, contexts and claims back to claim syntax.

Law: parsing what is printed gives the same object again, for everything that parsing can give. Indices are
printed 0-based, whatever origin the author used.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import singledispatch
from typing import Any

from sympy import Add, Expr, Mul, Number, Pow, Tuple

from derivations.formulas.claims import Assumption, Claim, Context
from derivations.formulas.expressions import (
    FACE,
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
from derivations.formulas.integers import (
    AllOf,
    AnyOf,
    Compare,
    Condition,
    FloorDiv,
    Maximum,
    Minimum,
    Negation,
    Remainder,
    conjuncts,
)
from derivations.formulas.table import TABLE, Parameter

SUM, PRODUCT, UNARY, POWER, ATOM = range(5)

Printed = tuple[str, int]  # a text and how strongly its outermost operation binds


def to_text(value: Expression | Condition | Expr) -> str:
    """A formula, condition or integer expression in claim syntax.

    >>> from derivations.formulas.expressions import Tensor
    >>> a = Tensor("a", (3, 4))
    >>> to_text(a * (a + 1))
    'a * (a + 1)'
    """
    if isinstance(value, Condition):
        return _listed(value)
    if isinstance(value, Expression):
        return node(value)[0]
    return integer(value)[0]


def _bracketed(printed: Printed, least: int) -> str:
    text, strength = printed
    return text if strength >= least else f"({text})"


# -- integers --------------------------------------------------------------------------------------


def integer(value: Expr) -> Printed:
    """An integer expression, or an exact quotient of them."""
    if isinstance(value, FloorDiv | Remainder):
        sign = "//" if isinstance(value, FloorDiv) else " % "
        left, right = (_bracketed(integer(part), POWER) for part in value.args)
        return f"{left}{sign}{right}", PRODUCT
    if isinstance(value, Minimum | Maximum):
        name = "min" if isinstance(value, Minimum) else "max"
        return f"{name}({', '.join(integer(part)[0] for part in value.args)})", ATOM
    if isinstance(value, Add):
        return _integer_sum(value), SUM
    if isinstance(value, Mul | Pow | Number):
        return _quotient(value)
    return str(value), ATOM


def _negative(value: Expr) -> bool:
    return bool(value.as_coeff_Mul()[0] < 0)


def _integer_sum(value: Add) -> str:
    parts = value.as_ordered_terms()
    # A sum begins with a term that is not negative, if it has one: 1 - n, not -n + 1.
    first = next((part for part in parts if not _negative(part)), parts[0])
    parts = [first, *[part for part in parts if part is not first]]
    text = ""
    for at, part in enumerate(parts):
        if at and _negative(part):
            text += f" - {_bracketed(integer(-part), PRODUCT)}"
        else:
            text += (" + " if at else "") + _bracketed(integer(part), PRODUCT)
    return text


def _quotient(value: Expr) -> Printed:
    """A product of powers: sign, factors, and below the line what has a negative exponent.

    A number never stands before a lone sum: SymPy would multiply `2*(H + 1)` out, `(H + 1)*(W + 1)*2` it leaves.
    """
    coefficient, rest = value.as_coeff_Mul()
    if not coefficient.is_Rational:
        return str(value), ATOM
    number, (above, summed), (below, divided_by_sum) = abs(coefficient.p), *_factors(rest)
    if number != 1 and not (summed and below):
        above.insert(len(above) if summed else 0, str(number))
    under = _divided(coefficient.q, below, divided_by_sum)
    if number != 1 and summed and below:
        text, summed = f"{number}{under}*{'*'.join(above)}", False
    else:
        text = ("*".join(above) or "1") + under
    compound = bool(under) or len(above) > 1
    if coefficient < 0:
        text = f"-({text})" if summed and compound else f"-{text}"
        return text, PRODUCT if compound and not summed else UNARY
    return text, PRODUCT if compound else POWER if "**" in text else ATOM


def _factors(product: Expr) -> tuple[tuple[list[str], bool], tuple[list[str], bool]]:
    """The factors above and below the line, sums last, and whether the first of them is a sum."""
    above: list[Expr] = []
    below: list[Expr] = []
    for factor in Mul.make_args(product) if product != 1 else ():
        exponent = factor.as_base_exp()[1]
        (below if exponent < 0 else above).append(factor)
    return _sums_last(above), _sums_last(below)


def _sums_last(factors: list[Expr]) -> tuple[list[str], bool]:
    pairs = sorted((factor.as_base_exp() for factor in factors), key=lambda pair: isinstance(pair[0], Add))
    texts = [
        _bracketed(integer(base), ATOM) + (f"**{abs(exponent)}" if abs(exponent) != 1 else "")
        for base, exponent in pairs
    ]
    return texts, bool(pairs) and isinstance(pairs[0][0], Add)


def _divided(number: int, below: list[str], summed: bool) -> str:
    """`/2`, `/(2*n)`, `/2/(H + 1)`, or nothing."""
    if not below:
        return f"/{number}" if number != 1 else ""
    factors = below if number == 1 or summed else [str(number), *below]
    front = f"/{number}" if number != 1 and summed else ""
    return front + "/" + (factors[0] if len(factors) == 1 else f"({'*'.join(factors)})")


# -- conditions ------------------------------------------------------------------------------------


def _listed(value: Condition) -> str:
    """A condition where commas may separate conjuncts."""
    if isinstance(value, AllOf) and len(value.args) > 1:
        return ", ".join(_condition(part, 1) for part in value.args)
    return _condition(value, 0)


def _condition(value: Condition, least: int) -> str:
    """A condition; bracketed where it binds more weakly than `least`: or 0, and 1, not 2, comparison 3."""
    if isinstance(value, Compare):
        return f"{integer(value.left)[0]} {value.operator} {integer(value.right)[0]}"
    if isinstance(value, Negation):
        text, strength = f"not {_condition(value.args[0], 2)}", 2
    elif not value.args:
        return "true" if isinstance(value, AllOf) else "false"
    elif isinstance(value, AnyOf):
        text, strength = " or ".join(_condition(part, 1) for part in value.args), 0
    else:
        text, strength = " and ".join(_condition(part, 2) for part in value.args), 1
    return text if strength >= least else f"({text})"


# -- formulas --------------------------------------------------------------------------------------


@singledispatch
def node(value: Any) -> Printed:
    """A formula and how strongly its outermost operation binds."""
    raise TypeError(f"there is no notation for {type(value).__name__}")


@node.register(Tensor)
@node.register(Definition)
@node.register(Loss)
def _named(value: Tensor | Definition | Loss) -> Printed:
    return value.name, ATOM


@node.register
def _constant(value: Constant) -> Printed:
    return integer(value.value)


@node.register
def _literal(value: Literal) -> Printed:
    numbers = [integer(number)[0] for number in value.values]
    if value.rank == 1:
        return f"[{', '.join(numbers)}]", ATOM
    width = int(value.shape[1])
    rows = [", ".join(numbers[start : start + width]) for start in range(0, len(numbers), width)]
    return f"[{', '.join(f'[{row}]' for row in rows)}]", ATOM


@node.register
def _plus(value: Plus) -> Printed:
    text = _bracketed(node(value.args[0]), PRODUCT if isinstance(value.args[0], Plus) else SUM)
    for part in value.args[1:]:
        if isinstance(part, Minus):
            text += f" - {_bracketed(node(part.args[0]), PRODUCT)}"
        elif isinstance(part, Constant) and not isinstance(part.value, Add) and _negative(part.value):
            text += f" - {_bracketed(integer(-part.value), PRODUCT)}"
        else:
            text += f" + {_bracketed(node(part), PRODUCT)}"
    return text, SUM


@node.register
def _minus(value: Minus) -> Printed:
    return f"-{_bracketed(node(value.args[0]), UNARY)}", UNARY


@node.register
def _times(value: Times) -> Printed:
    first = value.args[0]
    parts = [_bracketed(node(first), UNARY if isinstance(first, Times) else PRODUCT)]
    parts += [_bracketed(node(part), POWER) for part in value.args[1:]]
    return " * ".join(parts), PRODUCT


@node.register
def _over(value: Over) -> Printed:
    left, right = value.args
    return f"{_bracketed(node(left), PRODUCT)} / {_bracketed(node(right), POWER)}", PRODUCT


@node.register
def _power(value: Power) -> Printed:
    amount = value.args[1]
    exponent = str(amount) if amount.is_Integer or amount.is_Symbol else f"({node(Constant(amount))[0]})"
    return f"{_bracketed(node(value.args[0]), ATOM)}**{exponent}", POWER


@node.register
def _apply(value: Apply) -> Printed:
    if value.operator == "transpose":
        return f"{_bracketed(node(value.tensors[0]), ATOM)}.T", ATOM
    if not TABLE[value.operator].parameters:
        return value.operator, ATOM
    if value.operator == "matmul":
        left, right = value.tensors
        chained = isinstance(left, Apply) and left.operator == "matmul"
        return (
            f"{_bracketed(node(left), PRODUCT if chained else UNARY)} @ {_bracketed(node(right), POWER)}",
            PRODUCT,
        )
    return f"{value.operator}({', '.join(_arguments(value))})", ATOM


def _arguments(value: Apply) -> list[str]:
    """The arguments as an author writes them: defaults left out, one number for all axes where they agree."""
    texts: list[str] = []
    positional = True
    previous: Any = None
    for parameter, argument in zip(TABLE[value.operator].parameters, value.arguments, strict=True):
        if not parameter.required and parameter.kind != "mode" and _is_default(parameter, argument, previous, value):
            positional = False
        else:
            text = _argument(parameter, argument)
            by_name = not (positional and parameter.kind in ("mode", "integer", "axes"))
            by_name = by_name and (not parameter.required or parameter.kind == "order")
            texts.append(f"{parameter.name}={text}" if by_name else text)
            positional = positional and not by_name
        previous = argument
    row = TABLE[value.operator]
    each = next((part for part in value.arguments if row.over_axes and isinstance(part, Tuple)), None)
    if each is not None and len(each.args) != row.sliding_axes(value.tensors[0].rank):
        rank = value.tensors[0].rank
        texts.append(f"axis={_tuple([str(axis) for axis in range(rank - len(each.args), rank)])}")
    return texts


def _is_default(parameter: Parameter, argument: Any, previous: Any, value: Apply) -> bool:
    if parameter.kind == "axes":
        return len(argument.args) == value.tensors[0].rank
    if parameter.default == "window":
        return bool(argument == previous)
    if parameter.kind == "each":
        return all(part == parameter.default for part in argument.args)
    if parameter.kind == "padding":
        return all(part == parameter.default for pair in argument.args for part in pair.args)
    return bool(argument == int(parameter.default))


def _argument(parameter: Parameter, argument: Any) -> str:
    if parameter.kind == "tensor":
        return node(argument)[0]
    if parameter.kind == "mode":
        return str(argument.name)
    if parameter.kind == "flag":
        return "true" if argument else "false"
    if parameter.kind in ("each", "window"):
        return _per_axis([integer(part)[0] for part in argument.args])
    if parameter.kind == "padding":
        return _padding([tuple(integer(part)[0] for part in pair.args) for pair in argument.args])
    if parameter.kind == "integers":
        return ", ".join(integer(part)[0] for part in argument.args)
    if parameter.kind in ("axes", "order", "permutation", "sizes"):
        return _tuple([integer(part)[0] for part in argument.args])
    return integer(argument)[0]


def _tuple(texts: Sequence[str]) -> str:
    return texts[0] if len(texts) == 1 else f"({', '.join(texts)})"


def _per_axis(texts: Sequence[str]) -> str:
    return texts[0] if len(set(texts)) == 1 else f"({', '.join(texts)})"


def _padding(pairs: Sequence[tuple[str, ...]]) -> str:
    if len({text for pair in pairs for text in pair}) == 1:
        return pairs[0][0]
    return ", ".join(f"({', '.join(pair)})" for pair in pairs)


@node.register
def _elementwise(value: Elementwise) -> Printed:
    return f"{value.name}{chr(39) * value.order}({node(value.of)[0]})", ATOM


@node.register
def _grad(value: Grad) -> Printed:
    return f"grad({node(value.of)[0]}, {value.wrt.name})", ATOM


@node.register
def _jacobian(value: Jacobian) -> Printed:
    return f"jacobian({node(value.of)[0]}, {value.wrt.name})", ATOM


@node.register
def _differential(value: Differential) -> Printed:
    wrt = f", {value.wrt.name}" if value.wrt is not None else ""
    return f"d({node(value.of)[0]}{wrt})", ATOM


@node.register
def _entry(value: Entry) -> Printed:
    indices = list(value.indices)
    texts = [_index(index, size) for index, size in zip(indices, value.of.shape, strict=True)]
    while len(texts) > 1 and texts[-1] == ":":
        texts.pop()
    return f"{_bracketed(node(value.of), ATOM)}[{', '.join(texts)}]", ATOM


def _index(index: Any, size: Expr) -> str:
    if not isinstance(index, Slice):
        return integer(index)[0]
    start = "" if index.start == 0 else integer(index.start)[0]
    stop = _stop(index, size)
    end = "" if stop == size else integer(stop)[0]
    return f"{start}:{end}" + ("" if index.step == 1 else f":{integer(index.step)[0]}")


def _stop(index: Slice, size: Expr) -> Expr:
    """The end of a slice that gives its count back."""
    if index.step == 1:
        return index.start + index.count
    if isinstance(index.count, FloorDiv) and index.count.args[1] == index.step:
        return index.count.args[0] - index.step + 1 + index.start
    stop = index.start + (index.count - 1) * index.step + 1
    return index.start if index.count == 0 else stop


@node.register
def _index_sum(value: IndexSum) -> Printed:
    return f"sum[{_ranges(value.ranges)}]({node(value.body)[0]})", ATOM


@node.register
def _by_index(value: ByIndex) -> Printed:
    return f"entries[{_ranges(value.ranges)}]({node(value.body)[0]})", ATOM


def _ranges(ranges: Sequence[IndexRange]) -> str:
    return ", ".join(
        f"{part.index} in {integer(part.low)[0]}..{integer(part.high)[0]}" if part.explicit else str(part.index)
        for part in ranges
    )


@node.register
def _iverson(value: Bracket) -> Printed:
    return f"[{_listed(value.condition)}]", ATOM


@node.register
def _data_bracket(value: DataBracket) -> Printed:
    return f"[{_relation(value)}]", ATOM


def _relation(value: DataBracket) -> str:
    return f"{node(value.args[1])[0]} {value.operator} {node(value.args[2])[0]}"


@node.register
def _size_tuple(value: SizeTuple) -> Printed:
    if value.of is not None:
        return f"shape({node(value.of)[0]})", ATOM
    texts = [integer(size)[0] for size in value.sizes]
    return (f"({texts[0]},)" if len(texts) == 1 else f"({', '.join(texts)})"), ATOM


# -- contexts and claims ---------------------------------------------------------------------------


def context_to_text(context: Context) -> str:
    """The statements of a given block for a context under one reading, 0-based, one a line."""
    lines = []
    if context.dims:
        dims = [part.name if part.least == 1 else f"{part.name} >= {part.least}" for part in context.dims]
        parts = [part for condition in context.conditions for part in conjuncts(condition)]
        where = " where " + ", ".join(_condition(part, 1) for part in parts) if parts else ""
        lines.append(f"dims {', '.join(dims)}{where}")
    if context.functions:
        lines.append(f"function {', '.join(context.functions)}")
    lines += [f"{name} = {integer(value)[0]}" for name, value in context.abbreviations.items()]
    lines += [_declaration(value) for value in context.names.values()]
    lines += [_assumption(assumption) for assumption in context.assumptions]
    return "\n".join(lines)


def _declaration(value: Tensor | Definition | Loss) -> str:
    if isinstance(value, Loss):
        return f"loss {value.name}({node(value.of)[0]})"
    if isinstance(value, Definition):
        if isinstance(value.body, ByIndex):
            return f"{value.name}[{_ranges(value.body.ranges)}] = {node(value.body.body)[0]}"
        return f"{value.name} = {node(value.body)[0]}"
    if not value.rank:
        return f"scalar {value.name}"
    return f"tensor {value.name}[{', '.join(integer(size)[0] for size in value.shape)}]"


def _assumption(assumption: Assumption) -> str:
    about = assumption.about
    if assumption.kind == "unique_max" and isinstance(about, Apply):
        return f"assume unique_max({', '.join(_arguments(about))})"
    if isinstance(about, DataBracket):
        return f"assume {_relation(about)}"
    return f"assume {assumption.text}"


def claim_to_text(claim: Claim) -> str:
    """The lines of a claim block under one reading, 0-based: equation, where, expect.

    A size that was taken from a formula (`Link.supposed`) is printed as the size; only the link's text has the formula.
    """
    sides = [claim.links[0].left, *[link.right for link in claim.links]]
    lines = [" == ".join(node(side)[0] for side in sides)]
    where = [_condition(part, 1) for part in claim.conditions]
    where += [f"{node(part.left)[0]} == {node(part.right)[0]}" for part in claim.hypotheses]
    if where:
        lines.append(f"where {', '.join(where)}")
    for expectation in claim.expectations:
        link = f"link {expectation.link} " if expectation.link is not None else ""
        region = f" {_listed(expectation.region)}" if expectation.region is not None else ""
        lines.append(f"expect {link}{expectation.kind}{region}")
    return "\n".join(lines)


__all__ = ["claim_to_text", "context_to_text", "to_text"]


FACE.text = to_text
