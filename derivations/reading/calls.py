"""Calls and attributes: functions of the file, rows of the tables of libraries, methods, Python's own functions.

Law: a call that no table has a row for is refused. A row takes the machine and what the code gives, by the library's
own parameter names.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import ceil, floor
from typing import Any

from derivations.reading import numpy_axes, numpy_table, torch_windows
from derivations.reading.arrays import Array
from derivations.reading.elements import Number, constant, integer_of, quotient_of
from derivations.reading.integers import FALSE, TRUE, Cond, Int, at_least, compared, equal, least, product
from derivations.reading.machine import Machine
from derivations.reading.operations import arithmetic, as_array
from derivations.reading.program import (
    Class,
    Function,
    Library,
    Module,
    Object,
    Parent,
    Range,
    Selected,
    Slice,
    Unread,
)
from derivations.reading.reshaping import transposed

# entries of a loop over known items that are read one after the other
LARGEST_UNROLLED = 16
MISSING = object()


@dataclass(frozen=True)
class Method:
    """A method of an array or a container."""

    of: Any
    name: str


@dataclass(frozen=True)
class Counted:
    """enumerate(of, start), zip(*of) or product(*of) over what has a symbolic length."""

    word: str
    of: tuple[Any, ...]
    start: Int = field(default_factory=Int)


def rows(path: str) -> Callable[..., Any] | None:
    """The row of a library's function."""
    return numpy_axes.ROWS.get(path) or torch_windows.ROWS.get(path)


def library(machine: Machine, path: str) -> Any:
    """A name of a library: a constant's value, or the name."""
    if path in numpy_table.NUMBERS:
        return machine.scalar(Number(numpy_table.NUMBERS[path]))
    return numpy_table.CONSTANTS.get(path, Library(path))


def attribute(evaluator: Any, base: Any, name: str) -> Any:
    """base.name."""
    machine: Machine = evaluator.machine
    if isinstance(base, Array):
        return _of_array(machine, base, name)
    if isinstance(base, Selected) and name == "sum":
        return Method(base, name)
    if isinstance(base, Library):
        return library(machine, f"{base.path}.{name}")
    if isinstance(base, Module):
        return evaluator.global_name(name, base.source)
    if isinstance(base, Parent):
        found = base.of.method(name) if base.of is not None else None
        if found is None:
            return Method(base, name)
        return Function(found.node, found.source, base.owner, of=found.of)
    if isinstance(base, Object):
        if name in base.attributes:
            known = base.attributes[name]
            if isinstance(known, Unread):
                machine.refuse(f"{name} is set in __init__ to what is not read: {known.reason}",
                               f"give self.{name} in --given")  # fmt: skip
            return known
        method = base.of.method(name) if base.of else None
        if method is not None:
            bound = Function(method.node, method.source, base, of=method.of)
            return evaluator.call_function(bound, [], {}) if _is_property(method) else bound
        if name in ("save_for_backward", "needs_input_grad", "mark_non_differentiable"):
            return Method(base, name)
        if name == "saved_tensors":
            machine.refuse("saved_tensors before save_for_backward")
        machine.refuse(f"the attribute {name} has not been set", f"set it in __init__, or give self.{name} = …")
    if isinstance(base, Class):
        method = base.method(name)
        if method is None:
            machine.refuse(f"the class has no {name}")
        return method
    if isinstance(base, dict | list | tuple | str):
        return Method(base, name)
    machine.refuse(f"the attribute {name} of what has none")


def _is_property(method: Function) -> bool:
    return isinstance(method.node, ast.FunctionDef) and any(
        isinstance(one, ast.Name) and one.id == "property" for one in method.node.decorator_list
    )


def _of_array(machine: Machine, array: Array, name: str) -> Any:
    if name == "shape":
        return array.shape
    if name in ("T", "mT"):
        turned = list(range(array.rank))[::-1]
        return transposed(array, turned if name == "T" else [*range(array.rank - 2), *turned[:2]])
    if name == "ndim":
        return Int.of(array.rank)
    if name == "size" and not machine.torch:
        return machine.count(array)
    if name in ("dtype", "device"):
        return Library({"int": "numpy.int64", "bool": "numpy.bool_"}.get(array.kind, "numpy.dtype"))
    if name in ("real", "data"):
        return array
    return Method(array, name)


def library_subscript(machine: Machine, base: Library, item: Any) -> Any:
    """np.s_, np.r_ and the like."""
    if base.path == "numpy.s_":
        return item
    machine.refuse(f"{base.path} is not read", "use slices and arange")


def call(evaluator: Any, function: Any, arguments: list[Any], keywords: dict[str, Any], text: str) -> Any:
    """function(*arguments, **keywords)."""
    machine: Machine = evaluator.machine
    if isinstance(function, Function):
        return evaluator.call_function(function, arguments, keywords)
    if isinstance(function, Class):
        return evaluator.construct(function, arguments, keywords)
    if isinstance(function, Library):
        return _of_library(evaluator, function.path, arguments, keywords, text)
    if isinstance(function, Method):
        return _of_method(evaluator, function, arguments, keywords)
    if isinstance(function, Object):
        return evaluator.call_function(attribute(evaluator, function, "forward"), arguments, keywords)
    machine.refuse(f"a call of {text}, which is no function")


def _of_library(evaluator: Any, path: str, arguments: list[Any], keywords: dict[str, Any], text: str) -> Any:
    machine: Machine = evaluator.machine
    if path.startswith("builtins."):
        return _builtin(evaluator, path.partition(".")[2], arguments, keywords)
    if path in FUNCTIONALS:
        return FUNCTIONALS[path](evaluator, *arguments, **keywords)
    row = rows(path)
    if row is None:
        machine.refuse(f"{text} ({path}) is not read", "see docs/prove.md for the functions that are")
    return bound_call(machine, row, arguments, keywords, path)


def bound_call(
    machine: Machine, row: Callable[..., Any], arguments: Sequence[Any], keywords: dict[str, Any], path: str
) -> Any:
    """The row's value; arguments that it does not take are refused."""
    try:
        bound = inspect.signature(row).bind(machine, *arguments, **keywords)
    except TypeError as error:
        machine.refuse(f"{path} with these arguments is not read: {error}")
    return row(*bound.args, **bound.kwargs)


def _of_method(evaluator: Any, method: Method, arguments: list[Any], keywords: dict[str, Any]) -> Any:
    machine: Machine = evaluator.machine
    base, name = method.of, method.name
    if isinstance(base, Parent):
        return None
    if isinstance(base, Array) and name == "is_integer" and not base.rank:
        return _is_integer(machine, base)
    if isinstance(base, Array):
        path = (torch_windows if machine.torch else numpy_axes).METHODS.get(name)
        row = rows(path) if path else None
        if row is None:
            machine.refuse(f"the method {name} of arrays is not read", "see docs/prove.md for those that are")
        return bound_call(machine, row, [base, *arguments], keywords, str(path))
    if isinstance(base, Selected) and name == "sum":
        return bound_call(machine, numpy_table.sum_, [base, *arguments], keywords, "numpy.sum")
    if isinstance(base, Object) and name == "save_for_backward":
        base.attributes["saved_tensors"] = tuple(arguments)
        return None
    if isinstance(base, dict):
        if name == "get":
            key = evaluator.key(arguments[0])
            return base.get(key, arguments[1] if len(arguments) > 1 else None)
        if name in ("items", "keys", "values"):
            return list(getattr(base, name)()) if name != "items" else [(k, v) for k, v in base.items()]
        if name == "update" and len(arguments) == 1 and isinstance(arguments[0], dict):
            base.update(arguments[0])
            return None
        if name == "copy":
            return dict(base)
    if isinstance(base, list) and name == "append" and len(arguments) == 1:
        if machine.frames:
            machine.refuse("a list grows in a loop of unknown length", "write into an array")
        base.append(arguments[0])
        return None
    if isinstance(base, str) and name in ("lower", "upper", "strip", "format"):
        return base if name == "format" else getattr(base, name)()
    machine.refuse(f"the method {name} is not read")


# -- Python's own functions ------------------------------------------------------------------------


def _builtin(evaluator: Any, name: str, arguments: list[Any], keywords: dict[str, Any]) -> Any:
    machine: Machine = evaluator.machine
    row = PYTHON.get(name)
    if row is None:
        machine.refuse(f"{name} is not read")
    return bound_call(machine, row, arguments, keywords, name)


def _range(machine: Machine, first: Any, second: Any = None, third: Any = None) -> Range:
    for value in (first, second, third):
        if value is not None and not isinstance(value, Int):
            machine.refuse("range of what is no integer")
    step = Int.of(1) if third is None else third
    return Range(Int(), first, step) if second is None else Range(first, second, step)


def _len(machine: Machine, value: Any) -> Int:
    if isinstance(value, Array) and value.rank:
        return value.shape[0]
    if isinstance(value, tuple | list | dict | str):
        return Int.of(len(value))
    machine.refuse("len of what has none")


def truncated(machine: Machine, value: Any) -> Int:
    """int(value): towards zero, which is the floor where the quotient is not negative."""
    return _rounded(machine, value, "int")


def _rounded(machine: Machine, value: Any, word: str) -> Int:
    if isinstance(value, bool):
        return Int.of(int(value))
    if isinstance(value, Int):
        return value
    if not isinstance(value, Array) or value.rank:
        machine.refuse(f"{word} of what is no number")
    element = machine.snapshot(value)(())
    known = integer_of(element)
    if known is not None:
        return known
    number = constant(element)
    if number is not None:
        return Int.of(floor(number) if word == "floor" else ceil(number) if word == "ceil" else int(number))
    pair = quotient_of(element)
    if pair is None:
        machine.refuse(f"{word} of data", "an integer expression in sizes, with //")
    over, under = pair
    machine.require(at_least(under, 1), "same", "the divisor is positive")
    if word == "int":
        machine.require(at_least(over, 0), "same", "int() of a negative quotient rounds up, not down")
    if word == "ceil":
        over = over + under - 1
    return machine.simplify(over // under)


def _is_integer(machine: Machine, value: Array) -> Any:
    """(a/b).is_integer(), as a condition on sizes."""
    pair = quotient_of(machine.snapshot(value)(()))
    if pair is None:
        machine.refuse("is_integer of data")
    over, under = pair
    machine.require(at_least(under, 1), "same", "the divisor is positive")
    condition = equal(machine.simplify(over % under), 0)
    return condition == TRUE if condition in (TRUE, FALSE) else condition


def _float(machine: Machine, value: Any) -> Any:
    return as_array(machine, value)


def _extreme(word: str) -> Callable[..., Any]:
    def row(machine: Machine, *values: Any) -> Any:
        items = list(values[0]) if len(values) == 1 and isinstance(values[0], tuple | list) else list(values)
        if not items or not all(isinstance(item, Int) for item in items):
            machine.refuse(f"{word} of data", f"np.{word}imum")
        found = items[0]
        for item in items[1:]:
            found = machine.simplify(least(word, found, item))
        return found

    return row


def _abs(machine: Machine, value: Any) -> Any:
    if isinstance(value, Int):
        return value if machine.decide(at_least(value, 0)) else -value
    return numpy_axes.ROWS["numpy.abs"](machine, value)


def _sum(machine: Machine, items: Any, start: Any = None) -> Any:
    if isinstance(items, Array):
        if items.rank != 1:
            machine.refuse("sum of an array of several axes", "np.sum(…, axis=0)")
        return numpy_axes.ROWS["numpy.sum"](machine, items, axis=Int())
    if not isinstance(items, list | tuple):
        machine.refuse("sum of what is no list")
    found = start if start is not None else Int()
    for item in items:
        found = arithmetic(machine, "+", found, item)
    return found


def _enumerate(machine: Machine, items: Any, start: Any = None) -> Any:
    known = known_items(machine, items)
    begin = start or Int()
    if known is not None:
        return [(begin + at, item) for at, item in enumerate(known)]
    return Counted("enumerate", (items,), begin)


def _zip(machine: Machine, *items: Any) -> Any:
    known = [known_items(machine, item) for item in items]
    if all(one is not None for one in known):
        return list(zip(*[one for one in known if one is not None], strict=False))
    return Counted("zip", tuple(items))


def known_items(machine: Machine, value: Any) -> list[Any] | None:
    """The items of what has a known, small number of them."""
    if isinstance(value, tuple | list):
        return list(value)
    if isinstance(value, dict):
        return list(value)
    if isinstance(value, Range):
        numbers = [part.constant for part in (value.start, value.stop, value.step)]
        if None not in numbers and numbers[2]:
            items = range(*numbers)  # type: ignore[arg-type]
            if len(items) <= LARGEST_UNROLLED:
                return [Int.of(item) for item in items]
    return None


def _nothing(machine: Machine, *values: Any, **keywords: Any) -> None:
    return None


def _tuple(machine: Machine, value: Any = ()) -> Any:
    items = known_items(machine, value)
    if items is None:
        machine.refuse("a tuple of unknown length")
    return tuple(items)


def _list(machine: Machine, value: Any = ()) -> Any:
    return list(_tuple(machine, value))


def _isinstance(machine: Machine, value: Any, kinds: Any) -> bool:
    names = [kind.path for kind in (kinds if isinstance(kinds, tuple) else (kinds,)) if isinstance(kind, Library)]
    found = {"builtins.int": Int, "builtins.tuple": tuple, "builtins.list": list, "builtins.dict": dict,
             "numpy.ndarray": Array, "builtins.str": str, "torch.Tensor": Array}  # fmt: skip
    if not names or not all(name in found for name in names):
        machine.refuse("isinstance of another class")
    return any(isinstance(value, found[name]) for name in names)


def _slice(machine: Machine, first: Any, second: Any = MISSING, step: Any = None) -> Slice:
    return Slice(None, first, step) if second is MISSING else Slice(first, second, step)


def _divmod(machine: Machine, left: Any, right: Any) -> Any:
    return arithmetic(machine, "//", left, right), arithmetic(machine, "%", left, right)


PYTHON: dict[str, Callable[..., Any]] = {
    "range": _range, "len": _len, "int": truncated, "float": _float, "min": _extreme("min"), "max": _extreme("max"),
    "abs": _abs, "sum": _sum, "enumerate": _enumerate, "zip": _zip, "print": _nothing, "tuple": _tuple, "list": _list,
    "isinstance": _isinstance, "divmod": _divmod, "slice": _slice,
    "pow": lambda machine, p, q: arithmetic(machine, "**", p, q),
    "reversed": lambda machine, items: _list(machine, items)[::-1],
}  # fmt: skip


def _ndindex(evaluator: Any, *sizes: Any) -> Counted:
    items = sizes[0] if len(sizes) == 1 and isinstance(sizes[0], tuple | list) else sizes
    return Counted("product", tuple(Range(Int(), size, Int.of(1)) for size in items))


def _product(evaluator: Any, *items: Any) -> Counted:
    return Counted("product", items)


def _floor(evaluator: Any, value: Any) -> Any:
    return _rounded(evaluator.machine, value, "floor")


def _ceil(evaluator: Any, value: Any) -> Any:
    return _rounded(evaluator.machine, value, "ceil")


def _math(name: str) -> Callable[..., Any]:
    return lambda evaluator, value: numpy_axes.ROWS[f"numpy.{name}"](evaluator.machine, value)


FUNCTIONALS: dict[str, Callable[..., Any]] = {
    "numpy.ndindex": _ndindex,
    "itertools.product": _product,
    "math.floor": _floor,
    "math.ceil": _ceil,
    "numpy.floor": _floor,
    "numpy.ceil": _ceil,
    "math.sqrt": _math("sqrt"),
    "math.exp": _math("exp"),
    "math.log": _math("log"),
    "math.prod": lambda evaluator, items: product(list(items)),
}

__all__ = ["Cond", "Counted", "Method", "attribute", "call", "compared", "known_items", "library_subscript", "rows"]
