"""One entry for each operator, made from its row: signature, shape, index definition, an example, its gradient.

Law: nothing here is written by hand but the row's own words. The index definition is the kernel's, the gradient is
derived, and the example is the operator applied to declared tensors, which the tests judge.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

from sympy import Integer

from derivations.formulas.claims import Context, Dimension, Link
from derivations.formulas.expressions import Apply, Expression, SizeTuple, Tensor
from derivations.formulas.integers import Compare, Condition, integer_symbol
from derivations.formulas.text import to_text
from derivations.meaning.functions import Unsupported
from derivations.operators import ALIASES, OPERATORS, apply
from derivations.operators.row import NoRule, Operator, Parameter
from derivations.show.index_form import NotASum, index_form
from derivations.steps.tactic import derive

SIZES = (("H", "W", "C", "N"), ("m", "n", "o", "p"))  # of the first and of the second data argument


@dataclass(frozen=True)
class Gradient:
    """∂J/∂argument for a loss J of the operator's value, in the claim language; `reason` where there is no rule."""

    argument: str
    formula: str
    reason: str = ""


@dataclass(frozen=True)
class Entry:
    """What is said of an operator. All formulas are in the claim language; `given` declares what they use."""

    name: str
    signature: str
    reference: str
    aliases: tuple[str, ...]
    given: str
    example: str
    shape: str
    exists: tuple[str, ...]
    by_index: tuple[str, ...]
    gradients: tuple[Gradient, ...]


def entry(name: str) -> Entry:
    """The entry of an operator; raises KeyError.

    >>> entry("flip").shape
    '(H, W)'
    """
    return _entry(ALIASES.get(name, name))


@lru_cache(maxsize=128)
def _entry(name: str) -> Entry:
    row = OPERATORS[name]
    context, node = example(row)
    tensors = [part for part in context.names.values() if isinstance(part, Tensor)]
    sizes = ", ".join(dim.name for dim in context.dims)
    where = f" where {', '.join(map(to_text, context.conditions))}" if context.conditions else ""
    declared = [f"dims {sizes}{where}"] if context.dims else []
    if tensors:
        shapes = (f"{part.name}[{', '.join(map(to_text, part.shape))}]" for part in tensors)
        declared.append(f"tensor {', '.join(shapes)}")
    return Entry(
        name=name,
        signature=f"{name}{row.signature}",
        reference=row.reference,
        aliases=tuple(alias for alias, of in ALIASES.items() if of == name),
        given="\n".join(declared),
        example=to_text(node),
        shape=to_text(SizeTuple(*node.shape)),
        exists=tuple(map(to_text, context.conditions)),
        by_index=_by_index(node, context),
        gradients=tuple(_gradient(node, tensor, context) for tensor in tensors),
    )


def example(row: Operator) -> tuple[Context, Apply]:
    """The operator applied to tensors of symbolic sizes, with the context that declares them."""
    own = [part.name for part in row.parameters]
    letters = iter("AB" if own[:1] == ["A"] else own)
    tensors: list[Tensor] = []
    arguments: list[object] = []
    for parameter in row.parameters:
        if parameter.kind == "tensor":
            tensors.append(_tensor(next(letters), parameter, len(tensors), row))
            arguments.append(tensors[-1])
        elif parameter.required:
            arguments.append(_value(parameter, tensors))
    node = cast(Apply, apply(row.name, *arguments))
    sizes = [size for part in (*tensors, node) for size in part.shape]
    used = {symbol.name for part in (*sizes, *arguments) for symbol in getattr(part, "free_symbols", ())}
    order = [name for group in SIZES for name in group] + ["s", "k"]
    dims = tuple(Dimension(integer_symbol(name)) for name in order if name in used)
    conditions = dict.fromkeys(filter(_says_something, row.exists(*node.arguments)))
    if row.name == "convolve":  # either argument may be the larger; the entry shows one of the two cases
        (first, second) = (tensor.shape for tensor in tensors)
        conditions = dict.fromkeys(Compare("<=", m, h) for h, m in zip(first, second, strict=True))
    names: dict[str, Any] = {tensor.name: tensor for tensor in tensors}
    return Context(dims=dims, conditions=tuple(conditions), names=names), node


def _says_something(condition: Condition) -> bool:
    """Whether a condition is not met by all positive sizes at sight."""
    if not isinstance(condition, Compare):
        return True
    difference = condition.left - condition.right
    lone = difference.is_Symbol or (difference + 1).is_Symbol or difference == 0
    return not (difference.is_number or (lone and condition.operator in (">=", "==")))


def _tensor(name: str, parameter: Parameter, number: int, row: Operator) -> Tensor:
    rank = next((rank for rank in (2, 1, 3) if not parameter.ranks or rank in parameter.ranks), 1)
    sizes = [integer_symbol(letter) for letter in SIZES[min(number, 1)][:rank]]
    if row.name in ("tr", "inv", "det") or (row.name == "solve" and number == 0):
        sizes = [sizes[0]] * rank
    if row.name == "solve" and number == 1:
        sizes = [integer_symbol("H"), integer_symbol("n")]
    if row.name == "matmul" and number == 1:
        sizes = [integer_symbol("W"), integer_symbol("n")]
    if row.additive and number == 1:
        sizes = [integer_symbol("m"), integer_symbol("W")]
    if row.name == "max_unpool":
        sizes = [integer_symbol(letter) for letter in "mn"] if number == 0 else [
            2 * integer_symbol(letter) for letter in "mn"
        ]  # fmt: skip
    return Tensor(name, sizes)


def _value(parameter: Parameter, tensors: list[Tensor]) -> object:
    """An argument for a parameter that has no default."""
    if parameter.kind in ("each", "window"):
        return 2 if parameter.kind == "window" else integer_symbol("s")
    if parameter.kind == "padding":
        return 1
    if parameter.kind == "sizes":
        return (integer_symbol("C"), *tensors[0].shape)
    if parameter.kind == "order":
        return tuple(range(1, tensors[0].rank + 1))
    if parameter.kind == "permutation":
        return tuple(reversed(range(tensors[0].rank)))
    if parameter.kind == "integers":
        sizes = tensors[0].shape if tensors else (integer_symbol("H"), integer_symbol("W"))
        return tuple(reversed(sizes))
    return Integer(0) if parameter.name == "axis" else integer_symbol("k" if tensors else "H")


def text(found: Entry) -> str:
    """An entry for a terminal.

    >>> print(text(entry("transpose")))
    transpose(A, axes=reversed): transpose; with the order of the axes given, permute
    <BLANKLINE>
      given        dims H, W
                   tensor A[H, W]
      example      A.T
      shape        (W, H)
      by index     entry [i, j] = A[j, i]
      ∂J/∂A        delta.T
    """
    rows = [("given", line) for line in found.given.splitlines()]
    rows += [("example", found.example), ("shape", found.shape)]
    rows += [("by index", line) for line in found.by_index]
    for each in found.gradients:
        formula = each.formula + (f"  ({each.reason})" if each.formula and each.reason else "") or each.reason
        rows.append((f"∂J/∂{each.argument}", formula))
    if found.aliases:
        rows.append(("also called", ", ".join(found.aliases)))
    shown, before = [f"{found.signature}: {found.reference}", ""], ""
    for label, value in rows:
        shown.append(f"  {label if label != before else '':<12} {value}")
        before = label
    return "\n".join(shown)


def _by_index(node: Expression, context: Context) -> tuple[str, ...]:
    try:
        return tuple(index_form(node, Link(node, node, (), ""), context))
    except (NotASum, Unsupported) as why:
        return (f"no sum over indices: {why}",)


def _gradient(node: Expression, tensor: Tensor, context: Context) -> Gradient:
    """∇ of an arbitrary loss J(z) of the value z, with delta = grad(J, z); of a scalar, of itself. Steps are judged."""
    try:
        found = derive(context, node, tensor)
    except (NoRule, ValueError, Unsupported) as why:
        return Gradient(tensor.name, "", str(why))
    unproved = "" if found.proved else "not proved for all sizes"
    return Gradient(tensor.name, to_text(found.result), unproved)
