"""A gradient as a NumPy program: the result of a derivation, with the functions that it uses, as text.

Law: the program is run, in a process of its own, and its result compared with `numeric/` on the same integer
data at generic sizes before it is printed: exactly where they are integers, else up to rounding. What has no
NumPy form here is refused by name; nothing is approximated.

What it cannot see: speed. It prints the formula that was derived, sums over maps as Python loops.
"""

from __future__ import annotations

import inspect
import json
import random
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import singledispatchmethod
from itertools import product
from math import isfinite, prod
from typing import Any, Protocol

from sympy import Basic, Symbol, Tuple
from sympy.core.symbol import Str

from derivations import crosscheck
from derivations.crosscheck.sizes import generic_sizes
from derivations.formulas.claims import Context
from derivations.formulas.expressions import (
    Apply,
    Bracket,
    ByIndex,
    Constant,
    DataBracket,
    Definition,
    Elementwise,
    Entry,
    Expression,
    Grad,
    IndexRange,
    IndexSum,
    Literal,
    Loss,
    Minus,
    Over,
    Plus,
    Power,
    Slice,
    Tensor,
    Times,
)
from derivations.formulas.integers import Condition, conjuncts, evaluate_integer
from derivations.formulas.text import to_text
from derivations.meaning.functions import DERIVATIVES, PIECEWISE
from derivations.operators import OPERATORS
from derivations.steps import numpy_helpers

SECONDS = 60  # a program of a few small arrays takes a fraction of one
SIZES_COMPARED = 3
POLYNOMIAL = (1, 2, 3)  # stands for an arbitrary function where the program is compared: 1 + 2z + 3z²


class NoProgram(ValueError):
    """A formula that has no NumPy form here, or whose program was not confirmed."""


_CARRIED = (
    "conv", "corr", "rot180", "up", "dilate", "pad", "crop", "resize", "sum_pool", "max_pool", "max_unpool", "softmax",
    "sigmoid", "softplus", "erf", "broadcast",
)  # fmt: skip
_FUNCTIONS = {
    "exp": "np.exp", "log": "np.log", "tanh": "np.tanh", "sqrt": "np.sqrt", "abs": "np.abs", "sin": "np.sin",
    "cos": "np.cos",
}  # fmt: skip


@dataclass
class Program:
    """Collects what a formula needs while it is written: parameters, earlier definitions, carried
    functions."""

    context: Context
    parameters: dict[str, Expression | None] = field(default_factory=dict)
    definitions: dict[str, str] = field(default_factory=dict)
    helpers: set[str] = field(default_factory=set)
    losses: dict[str, str] = field(default_factory=dict)

    @singledispatchmethod
    def text(self, node: Basic) -> str:
        """The formula as a Python expression."""
        raise NoProgram(f"{type(node).__name__} has no NumPy form: {node}")

    @text.register
    def _(self, node: Tensor) -> str:
        self.parameters.setdefault(node.name, node)
        return node.name

    @text.register
    def _(self, node: Definition) -> str:
        if isinstance(node.body, Grad) and isinstance(node.body.of, Loss):
            return self._residual(node.body, node.name)
        return self.definition(node)

    def definition(self, node: Definition) -> str:
        """The name of a definition, which is written before what uses it."""
        if node.name not in self.definitions:
            self.definitions[node.name] = ""  # its place comes before what uses it: fill it after its own parts
            body = self.text(node.body)
            del self.definitions[node.name]
            self.definitions[node.name] = body
        return node.name

    @text.register
    def _(self, node: Grad) -> str:
        for name, value in self.context.names.items():
            if isinstance(value, Definition) and value.body == node:
                return self._residual(node, name)
        if not isinstance(node.of, Loss):
            return self.derivative(node)
        return self._residual(node, f"grad_{node.of.name}_{getattr(node.wrt, 'name', 'z')}")

    def _residual(self, node: Grad, name: str) -> str:
        if not isinstance(node.of, Loss) or node.of.of != node.wrt:
            return self.derivative(node)
        self.parameters.setdefault(name, node)
        self.losses[name] = node.of.name
        return name

    def derivative(self, node: Grad) -> str:
        """A derivative that is no residual; a program of a gradient has none."""
        raise NoProgram(f"the result still has a derivative: {node}")

    @text.register
    def _(self, node: Constant) -> str:
        text = to_text(node.value)
        return text if text.isidentifier() or text.isdigit() else f"({text})"

    @text.register
    def _(self, node: Literal) -> str:
        values = ", ".join(to_text(value) for value in node.values)
        return f"np.reshape(np.array([{values}]), {self._plain(Tuple(*node.shape))})"

    @text.register
    def _(self, node: Plus) -> str:
        return f"({' + '.join(map(self.text, node.args))})"

    @text.register
    def _(self, node: Minus) -> str:
        return f"(-{self.text(node.args[0])})"

    @text.register
    def _(self, node: Times) -> str:
        return f"({' * '.join(map(self.text, node.args))})"

    @text.register
    def _(self, node: Over) -> str:
        return f"({self.text(node.args[0])} / {self.text(node.args[1])})"

    @text.register
    def _(self, node: Power) -> str:
        exponent = node.args[1]
        amount = str(exponent) if exponent.is_Integer else self.text(Constant(exponent))
        return f"({self.text(node.args[0])} ** {amount})"

    @text.register
    def _(self, node: Apply) -> str:
        parts = [self._argument(part) for part in node.arguments]
        if node.operator in ("sum_pool", "mean_pool", "max_pool"):
            return self._pooled(node, parts)
        written = OPERATORS[node.operator].numpy
        if written is not None:
            return written(*parts)
        if node.operator not in _CARRIED:
            raise NoProgram(f"{node.operator} has no NumPy form")
        self.helpers |= {node.operator} | ({"corr"} if node.operator == "conv" else set())
        return f"{node.operator}({', '.join(_without_usual(node, parts))})"

    def _pooled(self, node: Apply, parts: Sequence[str]) -> str:
        *_, padding, ceil = node.arguments
        if ceil != 0 or any(number != 0 for pair in padding.args for number in pair.args):
            raise NoProgram("pooling with padding or partial windows has no NumPy form")
        helper = "max_pool" if node.operator == "max_pool" else "sum_pool"
        self.helpers.add(helper)
        pooled = f"{helper}({', '.join(parts[:3])})"
        if node.operator != "mean_pool":
            return pooled
        count = " * ".join(self._plain(size) for size in node.arguments[1].args)
        return f"({pooled} / ({count}))"

    def _argument(self, part: Basic) -> str:
        return self.text(part) if isinstance(part, Expression) else self._plain(part)

    def _plain(self, part: Basic) -> str:
        """A parameter that is no data: a mode, an integer, a tuple of integers."""
        if isinstance(part, Str):
            return repr(str(part.name))
        if isinstance(part, Tuple):
            inner = ", ".join(self._plain(item) for item in part.args)
            return f"({inner}{',' if len(part.args) == 1 else ''})"
        return to_text(part)

    @text.register
    def _(self, node: Elementwise) -> str:
        if node.order and node.name in DERIVATIVES and node.order == 1:
            return self.text(DERIVATIVES[node.name](node.of))
        if node.name in PIECEWISE and node.order < 2:
            slope = PIECEWISE[node.name](node.of)
            return self.text(slope if node.order else Times(slope, node.of))
        name = _FUNCTIONS.get(node.name) if not node.order else None
        if not node.order and node.name in ("sigmoid", "softplus", "erf"):
            self.helpers.add(node.name)
            name = node.name
        if name is None:
            if node.name not in self.context.functions or node.order > 1:
                raise NoProgram(f"{node.name}{chr(39) * node.order} has no NumPy form")
            name = node.name + "_prime" * node.order
            self.parameters.setdefault(name, None)
        return f"{name}({self.text(node.of)})"

    @text.register
    def _(self, node: Entry) -> str:
        parts = [_subscript(index, size) for index, size in zip(node.indices, node.of.shape, strict=True)]
        while parts and parts[-1] == ":":
            parts.pop()
        return f"{self.text(node.of)}[{', '.join(parts)}]" if parts else self.text(node.of)

    @text.register
    def _(self, node: IndexSum) -> str:
        return f"sum({self.text(node.body)} {' '.join(_loop(part, node.body) for part in node.ranges)})"

    @text.register
    def _(self, node: ByIndex) -> str:
        body = self.text(node.body)
        for part in reversed(node.ranges):
            body = f"[{body} {_loop(part, node.body)}]"
        return f"np.array({body})"

    @text.register
    def _(self, node: DataBracket) -> str:
        return f"({self.text(node.args[1])} {node.operator} {self.text(node.args[2])})"

    @text.register
    def _(self, node: Bracket) -> str:
        return f"({_condition(node.condition)})"


def _subscript(index: Basic, size: Basic) -> str:
    """An index, or a slice in Python's notation; a whole axis is `:`."""
    if not isinstance(index, Slice):
        return to_text(index)
    if index.start == 0 and index.step == 1 and index.count == size:
        return ":"
    start, step = to_text(index.start), to_text(index.step)
    return f"{start}:{start} + ({to_text(index.count)} - 1) * {step} + 1:{step}"


def _loop(part: IndexRange, body: Expression) -> str:
    """`for i in range(...)`: of an open range, all values for which the entries with this index exist."""
    if part.explicit:
        low = "" if part.low == 0 else f"{to_text(part.low)}, "
        return f"for {part.index} in range({low}{to_text(part.high + 1)})"
    sizes: list[str] = []
    for entry in body.atoms(Entry):
        for size, index in zip(entry.of.shape, entry.indices, strict=True):
            if index == part.index:
                sizes.append(to_text(size))
            elif part.index in index.free_symbols:
                raise NoProgram(f"the range of {part.index} is given by {index}, which has no NumPy form here")
    if not sizes:
        raise NoProgram(f"the range of {part.index} is not given by an entry")
    bounds = sorted(set(sizes))
    return f"for {part.index} in range({bounds[0] if len(bounds) == 1 else f'min({chr(44).join(bounds)})'})"


def _condition(condition: Condition) -> str:
    return " and ".join(f"({to_text(part)})" for part in conjuncts(condition)) or "True"


def _without_usual(node: Apply, parts: Sequence[str]) -> list[str]:
    """The arguments of a convolution, those with their usual values left out and the others by name."""
    if node.operator not in ("conv", "corr"):
        return list(parts)
    shown = list(parts[:3]) if parts[2] != "'valid'" else list(parts[:2])
    for name, value, usual in zip(("stride", "padding", "dilation"), node.arguments[3:], (1, (0, 0), 1), strict=True):
        if any(part != (Tuple(*usual) if isinstance(usual, tuple) else usual) for part in value.args):
            shown.append(f"{name}={parts[2 + ('stride', 'padding', 'dilation').index(name) + 1]}")
    return shown


# -- the program ---------------------------------------------------------------------------------------------


class Derived(Protocol):
    """What a program is made of: the context, what was differentiated by what, and the gradient."""

    @property
    def context(self) -> Context: ...

    @property
    def of(self) -> Expression: ...

    @property
    def wrt(self) -> Any: ...

    @property
    def result(self) -> Expression: ...


def numpy_function(derived: Derived) -> str:
    """The gradient of a derivation as the text of a NumPy program; raises NoProgram.

    The program was run on integer data and gave, exactly, what `numeric/` gives for the same formula.
    """
    program = Program(derived.context)
    result = program.text(derived.result)
    name = f"gradient_{getattr(derived.wrt, 'name', 'x')}"
    source = _source(program, derived, name, result)
    compared = _confirm(source, name, program, derived)
    return source + f"\n\n\n# Compared with numeric, equal in every entry, at\n#   {compared}"


def _source(program: Program, derived: Derived, name: str, result: str) -> str:
    helpers = helper_sources(program)
    lines = _size_lines(program, result)
    parameters = list(program.parameters)
    body = [*lines, *(f"{key} = {value}" for key, value in program.definitions.items()), f"return {result}"]
    gradient = to_text(Grad(derived.of, derived.wrt))
    function = [
        f"def {name}({', '.join(parameters)}):",
        f'    """{gradient} == {to_text(derived.result)}"""',
        *(f"    {line}" for line in body),
    ]
    parts = ["\n".join(head_lines(program)), *(helper.rstrip() for helper in helpers), "\n".join(function)]
    return "\n\n\n".join(parts)


def head_lines(program: Program) -> list[str]:
    """The imports of a program with the functions that it carries."""
    if not program.helpers:
        return ["import numpy as np"]
    head = ["from __future__ import annotations", "", *["import math"] * ("erf" in program.helpers)]
    head += ["from collections.abc import Sequence", "from typing import Any"]
    return [*head, "", "import numpy as np", "", "Array = np.ndarray[Any, Any]"]


def helper_sources(program: Program) -> list[str]:
    """The text of the functions that a program uses."""
    return [inspect.getsource(getattr(numpy_helpers, helper)) for helper in _CARRIED if helper in program.helpers]


def _size_lines(program: Program, result: str) -> list[str]:
    """Lines that read the sizes off the parameters' shapes; a size that no shape shows becomes a
    parameter."""
    words = set(re.findall(r"[A-Za-z_]\w*", " ".join([result, *program.definitions.values()])))
    known: dict[str, str] = {}
    for name, node in program.parameters.items():
        for axis, size in enumerate(node.shape if node is not None else ()):
            if isinstance(size, Symbol):
                known.setdefault(size.name, f"{size.name} = {name}.shape[{axis}]")
    used = [dimension.name for dimension in program.context.dims if dimension.name in words]
    for name in used:
        if name not in known:
            program.parameters[name] = None
    return [known[name] for name in used if name in known]


# -- the comparison ------------------------------------------------------------------------------------------


def _confirm(source: str, name: str, program: Program, derived: Derived) -> str:
    """The sizes at which the program and `numeric/` agree; raises NoProgram where they do not."""
    context = derived.context
    sizes = [dict(found) for found in generic_sizes(context, context.conditions, SIZES_COMPARED)]
    if not sizes:
        raise NoProgram("no sizes were found at which the program could be compared")
    for at in sizes:
        data, wanted = _compared_with(program, derived, at)
        found = _run(source, name, program, at, data)
        if not _same(found, wanted):
            raise NoProgram(f"the program gives another result than numeric at {at}; it is not printed")
    return "\n#   ".join(", ".join(f"{key} = {value}" for key, value in at.items()) for at in sizes)


# How data are drawn, one after the other until the formula has a value there: integers of both signs, positive ones
# (of relu, sqrt, log), fractions between 0 and 1 (of log(1 - p)), negative integers.
MANNERS = ("any", "positive", "between 0 and 1", "negative")


def _compared_with(program: Program, derived: Derived, sizes: dict[str, int]) -> tuple[dict[str, Any], Any]:
    """Data and what `numeric/` makes of them, where the formula has a value."""
    for manner in MANNERS:
        data = {key: _random(node, sizes, key, manner) for key, node in program.parameters.items() if node is not None}
        try:
            wanted = _wanted(program, derived, sizes, data)
        except (crosscheck.Tie, ZeroDivisionError, crosscheck.NotEvaluable, FloatingPointError):
            continue
        if all(map(isfinite, wanted)):
            return data, wanted
    raise NoProgram("no data were found at which the formula has a value, so that no program is confirmed")


def _random(node: Expression, sizes: dict[str, int], seed: str, manner: str) -> Any:
    shape = [evaluate_integer(size, sizes) for size in node.shape]
    chance = random.Random(f"{seed}{sizes}")
    count = prod(shape)
    # all different and none 0, so that maxima are unique and no number stands where relu has no derivative
    lowest = -count - 2 if manner == "any" else 1
    values: list[Any] = chance.sample([number for number in range(lowest, count + 3) if number], count)
    if manner == "negative":
        values = [-value for value in values]
    if manner == "between 0 and 1":
        values = [value / (count + 4) for value in values]
    return _nested(values, shape)


def _nested(values: list[Any], shape: Sequence[int]) -> Any:
    if not shape:
        return values[0]
    step = prod(shape[1:])
    return [_nested(values[k * step : (k + 1) * step], shape[1:]) for k in range(shape[0])]


def _wanted(program: Program, derived: Derived, sizes: dict[str, int], data: dict[str, Any]) -> Any:
    named = {program.losses.get(key, key): value for key, value in data.items()}
    for tensor in derived.result.atoms(Tensor):
        named.setdefault(tensor.name, _random(tensor, sizes, tensor.name, "positive"))
    functions = dict.fromkeys(derived.context.functions, POLYNOMIAL)
    try:
        array = crosscheck.evaluate(derived.result, sizes, named, functions=functions)
    except crosscheck.NotExact:
        array = crosscheck.evaluate(derived.result, sizes, named, functions=functions, exact=False)
    return [float(array[place].real) for place in product(*map(range, array.shape))]


def _same(found: Sequence[float], wanted: Sequence[float]) -> bool:
    """Equal in every entry; integers exactly, others up to rounding at the scale of the largest."""
    scale = max((abs(value) for value in wanted), default=0.0)
    rounding = 0.0 if all(value.is_integer() for value in wanted) else 1e-12 * scale
    return len(found) == len(wanted) and all(abs(a - b) <= rounding for a, b in zip(found, wanted, strict=True))


def _run(source: str, name: str, program: Program, sizes: dict[str, int], data: dict[str, Any]) -> list[float]:
    """The entries of the program's result, row by row, from a process of its own."""
    arguments = []
    for key, node in program.parameters.items():
        if node is not None:
            arguments.append(f"np.array(data[{key!r}])" if node.rank else f"data[{key!r}]")
        elif key in sizes:
            arguments.append(str(sizes[key]))
        else:
            a, b, c = POLYNOMIAL
            is_derivative = key.endswith("_prime")
            arguments.append(
                f"lambda z: {b} + {2 * c} * z" if is_derivative else f"lambda z: {a} + {b} * z + {c} * z**2"
            )
    call = f"\n\nimport json, sys\ndata = json.load(sys.stdin)\nresult = {name}({', '.join(arguments)})\n"
    call += "print(json.dumps(np.ravel(result).astype(float).tolist()))\n"
    done = subprocess.run(
        [sys.executable, "-I", "-c", source + call],
        input=json.dumps(data), capture_output=True, text=True, timeout=SECONDS,
    )  # fmt: skip
    if done.returncode:
        problem = done.stderr.strip().splitlines()[-1:] or ["no message"]
        raise NoProgram(f"the program does not run at {sizes}: {problem[0]}")
    found: list[float] = json.loads(done.stdout)
    return found
