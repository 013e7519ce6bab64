"""A derived gradient as a NumPy function: source text that stands alone, checked against `numeric/` before
it is shown.

The law kept here: no source leaves this module unless the function that it defines has given, at several
sizes without coincidences, the same gradient as `numeric/` (through `crosscheck`), exactly where the data
allow it.

What it cannot see: speed. The helpers are plain; they are for reading and for tests.
"""

from __future__ import annotations

import keyword
import runpy
import tempfile
from collections.abc import Callable, Mapping
from functools import singledispatchmethod
from pathlib import Path
from typing import Any

from sympy import Basic, Expr, Symbol, Tuple
from sympy.core.symbol import Str

from derivations import numpy_helpers
from derivations.derivation import Derivation
from derivations.differential import NoRule
from derivations.expressions import (
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
from derivations.functions import derivative_of
from derivations.indices import open_entries
from derivations.integers import AllOf, AnyOf, Compare, Condition, Negation, ceiling_division, integer_symbol


class NotChecked(ValueError):
    """The source could not be checked against `numeric/`, or failed the check; it is not shown."""


def python_name(name: str) -> str:
    """A name that Python allows: `lambda` becomes `lambda_`."""
    reserved = keyword.iskeyword(name) or name in ("np", *numpy_helpers.HELPERS)
    return f"{name}_" if reserved else name


def integer_code(value: Expr) -> str:
    """An integer expression, or a rational function of sizes, in Python: the claim language's spelling is
    Python's.

    >>> from derivations.integers import FloorDiv, integer_symbol
    >>> integer_code(FloorDiv(integer_symbol("H") - 1, integer_symbol("s")) + 1)
    '(H - 1)//s + 1'
    """
    from derivations.language.printer import to_text

    renamed = {symbol: integer_symbol(python_name(symbol.name)) for symbol in value.free_symbols}
    return str(to_text(value.xreplace(renamed)))


def _enclosed(code: str) -> str:
    return code if code.isidentifier() or code.isdigit() else f"({code})"


def condition_code(condition: Condition) -> str:
    """A condition between integers in Python."""
    if isinstance(condition, Compare):
        return f"{integer_code(condition.left)} {condition.operator} {integer_code(condition.right)}"
    parts = [f"({condition_code(part)})" for part in condition.args]
    if isinstance(condition, Negation):
        return f"not {parts[0]}"
    word = {AllOf: " and ", AnyOf: " or "}[type(condition)]
    return word.join(parts) or str(isinstance(condition, AllOf))


class Writer:
    """Writes one formula, and collects what it uses: helpers, arguments, local definitions, functions,
    sizes."""

    def __init__(self) -> None:
        self.helpers: set[str] = set()
        self.arguments: dict[str, Expression] = {}
        self.locals: dict[str, str] = {}
        self.functions: list[tuple[str, int]] = []
        self.sizes: set[str] = set()

    def integer(self, value: Expr) -> str:
        """An integer expression; its symbols are noted."""
        self.sizes |= {str(symbol.name) for symbol in value.free_symbols}
        return integer_code(value)

    @singledispatchmethod
    def code(self, node: Basic) -> str:
        """The formula in Python; raises NoRule."""
        raise NoRule(f"{type(node).__name__} has no NumPy form")

    @code.register
    def _(self, node: Tensor) -> str:
        self.arguments[node.name] = node
        return python_name(node.name)

    @code.register
    def _(self, node: Definition) -> str:
        if isinstance(node.body, Grad):
            self.arguments[node.name] = node
        elif node.name not in self.locals:
            self.locals[node.name] = self.code(node.body)
        return python_name(node.name)

    @code.register
    def _(self, node: Grad) -> str:
        name = f"grad_{node.of}_{node.wrt}"
        if not name.isidentifier():
            raise NoRule(f"{node} has no NumPy form")
        self.arguments[name] = node
        return name

    @code.register
    def _(self, node: Constant) -> str:
        return f"({self.integer(node.value)})"

    @code.register
    def _(self, node: Literal) -> str:
        values = ", ".join(integer_code(value) for value in node.values)
        return f"np.reshape([{values}], {tuple(int(size) for size in node.shape)})"

    @code.register
    def _(self, node: Plus) -> str:
        return "(" + " + ".join(self.code(part) for part in node.args).replace("+ (-", "- (") + ")"

    @code.register
    def _(self, node: Minus) -> str:
        return f"(-{self.code(node.args[0])})"

    @code.register
    def _(self, node: Times) -> str:
        return " * ".join(self.code(part) for part in node.args).join("()")

    @code.register
    def _(self, node: Over) -> str:
        return f"({self.code(node.args[0])} / {self.code(node.args[1])})"

    @code.register
    def _(self, node: Power) -> str:
        exponent = node.args[1].value if isinstance(node.args[1], Constant) else node.args[1]
        return f"{self.code(node.args[0])}**{_enclosed(self.integer(exponent))}"

    @code.register
    def _(self, node: Elementwise) -> str:
        if node.order and (known := derivative_of(node.name, node.order, node.of)) is not None:
            return self.code(known)
        inner = self.code(node.of)
        if not node.order and node.name in ("exp", "log", "sqrt", "tanh", "abs"):
            return f"np.{node.name}({inner})"
        simple = {"relu": f"np.maximum({inner}, 0)", "softplus": f"np.log1p(np.exp({inner}))"}
        if not node.order and node.name in simple:
            return simple[node.name]
        if not node.order and node.name == "sigmoid":
            self.helpers.add("sigmoid")
            return f"sigmoid({inner})"
        if (node.name, node.order) not in self.functions:
            self.functions.append((node.name, node.order))
        return f"{function_name(node.name, node.order)}({inner})"

    @code.register
    def _(self, node: DataBracket) -> str:
        return f"np.where({self.code(node.args[1])} {node.operator} {self.code(node.args[2])}, 1, 0)"

    @code.register
    def _(self, node: Bracket) -> str:
        self.sizes |= {str(symbol.name) for symbol in node.free_symbols}
        return f"({condition_code(node.condition)})"

    @code.register
    def _(self, node: Entry) -> str:
        parts = [
            self.slice(index, size) if isinstance(index, Slice) else self.integer(index)
            for size, index in zip(node.of.shape, node.indices, strict=True)
        ]
        while len(parts) > 1 and parts[-1] == ":":
            parts.pop()
        return f"{self.code(node.of)}[{', '.join(parts)}]"

    def slice(self, part: Slice, size: Expr) -> str:
        """start:stop:step, without what is usual."""
        start = "" if part.start == 0 else self.integer(part.start)
        rest = part.count == ceiling_division(size - part.start, part.step)
        stop = "" if rest else self.integer(part.start + (part.count - 1) * part.step + 1)
        return f"{start}:{stop}" + ("" if part.step == 1 else f":{self.integer(part.step)}")

    @code.register
    def _(self, node: IndexSum) -> str:
        inner = self.code(node.body)
        loops = " ".join(self.loop(part, node) for part in node.ranges)
        self.sizes -= {str(part.index.name) for part in node.ranges}
        return f"sum({inner} {loops})"

    def loop(self, part: IndexRange, node: IndexSum) -> str:
        """`for i in range(...)`; without a range, over the axes on which the index stands alone."""
        if part.explicit:
            low, high = self.integer(part.low), self.integer(part.high + 1)
            return f"for {self.integer(part.index)} in range({low}, {high})"
        sizes = []
        for entry, _ in open_entries(node.body):
            for size, index in zip(entry.of.shape, entry.indices, strict=True):
                if index == part.index:
                    sizes.append(self.integer(size))
                elif index.has(part.index):
                    raise NoRule(f"the range of {part.index} is not given: write sum[{part.index} in ...]")
        return f"for {self.integer(part.index)} in range(min({', '.join(dict.fromkeys(sizes))},))"

    @code.register
    def _(self, node: ByIndex) -> str:
        inner = self.code(node.body)
        for part in reversed(node.ranges):
            inner = f"[{inner} for {self.integer(part.index)} in range({self.integer(part.high + 1)})]"
        self.sizes -= {str(part.index.name) for part in node.ranges}
        return f"np.array({inner})"

    @code.register
    def _(self, node: Apply) -> str:
        arguments = [self.parameter(part) for part in node.arguments]
        if node.operator in _DIRECT:
            return _DIRECT[node.operator](*arguments)
        if node.operator not in numpy_helpers.HELPERS:
            raise NoRule(f"{node.operator} has no NumPy form")
        self.helpers.add(node.operator)
        if node.operator.endswith("_pool"):
            if node.arguments[-1] == 1:
                raise NoRule("partial windows have no NumPy form")
            arguments.pop()
        if node.operator in ("conv", "corr"):
            names = ("mode", "stride", "pad", "dilation")
            ones, zeros = self.everywhere(node, "1"), self.everywhere(node, "(0, 0)")
            defaults = ("'valid'", ones, zeros, ones)
            rows = zip(names, arguments[2:], defaults, strict=True)
            arguments[2:] = [f"{name}={text}" for name, text, default in rows if text != default]
        return f"{node.operator}({', '.join(arguments)})"

    def everywhere(self, node: Apply, text: str) -> str:
        """A parameter that is the same on every axis, as `parameter` writes it."""
        rank = node.tensors[0].rank
        return f"({', '.join([text] * rank)}{',' if rank == 1 else ''})"

    def parameter(self, part: Basic) -> str:
        """An operator's argument: a formula, a mode, an integer, or a tuple of them."""
        if isinstance(part, Expression):
            return self.code(part)
        if isinstance(part, Str):
            return repr(str(part.name))
        if isinstance(part, Tuple):
            inner = [self.parameter(each) for each in part.args]
            return f"({', '.join(inner)}{',' if len(inner) == 1 else ''})"
        return self.integer(part)


_DIRECT: dict[str, Callable[..., str]] = {
    "matmul": lambda a, b: f"({a} @ {b})",
    "transpose": lambda a: f"{a}.T",
    "tr": lambda a: f"np.trace({a})",
    "sum": lambda a: f"np.sum({a})",
    "mean": lambda a: f"np.mean({a})",
    "ones": lambda shape: f"np.ones({shape}, int)",
    "zeros": lambda shape: f"np.zeros({shape}, int)",
    "eye": lambda n: f"np.eye({n}, dtype=int)",
    "diag": lambda v: f"np.diag({v})",
    "kron": lambda a, b: f"np.kron({a}, {b})",
    "outer": lambda u, v: f"np.multiply.outer({u}, {v})",
    "vec": lambda a: f"np.reshape({a}, (-1, 1), order='F')",
    "reshape": lambda a, shape: f"np.reshape({a}, {shape})",
    "inv": lambda a: f"np.linalg.inv({a})",
    "det": lambda a: f"np.linalg.det({a})",
    "max": lambda a: f"np.max({a})",
    "flip": lambda a, axis: f"np.flip({a}, {axis})",
    "rot90": lambda a, k: f"np.rot90({a}, {k}, (-2, -1))",
}


def function_name(name: str, order: int) -> str:
    """The argument for f, f', f'': f, f_prime, f_prime_prime."""
    return python_name(name) + "_prime" * order


def written(derivation: Derivation) -> tuple[str, str, Writer]:
    """The source, the function's name and what the writer found; unchecked. Raises NoRule."""
    writer = Writer()
    result = writer.code(derivation.result)
    target = derivation.wrt
    deduced = _deduced(writer)
    missing = writer.sizes - set(deduced)
    if isinstance(target, Tensor) and any(str(size) in missing for size in target.shape):
        writer.arguments.setdefault(target.name, target)
        deduced = _deduced(writer)
        missing = writer.sizes - set(deduced)
    names = [python_name(name) for name in writer.arguments]
    names += [function_name(name, order) for name, order in writer.functions]
    if missing:
        names += ["*", *sorted(python_name(name) for name in missing)]
    lines = [f"{left} = {right}" for left, right in _shape_lines(writer, deduced)]
    lines += [f"{python_name(name)} = {code}" for name, code in writer.locals.items()]
    name = f"grad_{derivation.of if isinstance(derivation.of, Loss | Definition) else 'J'}_{target.name}"
    head = f'def {name}({", ".join(names)}):\n    """grad({derivation.of}, {target}) = {derivation.result}"""'
    body = "\n".join(f"    {line}" for line in [*lines, f"return {result}"])
    helpers = numpy_helpers.source(writer.helpers)
    return f"{numpy_helpers.IMPORT}{helpers}\n\n{head}\n{body}\n", name, writer


def _deduced(writer: Writer) -> dict[str, tuple[str, int]]:
    """The sizes that are an axis of an argument: size -> (argument, axis)."""
    found: dict[str, tuple[str, int]] = {}
    for name, node in writer.arguments.items():
        for axis, size in enumerate(node.shape):
            if isinstance(size, Symbol):
                found.setdefault(str(size.name), (name, axis))
    return found


def _shape_lines(writer: Writer, deduced: Mapping[str, tuple[str, int]]) -> list[tuple[str, str]]:
    used = sorted(writer.sizes & set(deduced), key=lambda size: deduced[size])
    return [(python_name(size), f"{python_name(deduced[size][0])}.shape[{deduced[size][1]}]") for size in used]


# -- the check -------------------------------------------------------------------------------------


def numpy_function(derivation: Derivation, shapes: int = 4) -> str:
    """The source of a NumPy function of the gradient, checked against `numeric/` at some sizes.

    Raises NoRule where a part has no NumPy form, NotChecked where the check is impossible or fails.
    """
    from derivations.crosscheck import generic_sizes

    text, name, writer = written(derivation)
    sizes = generic_sizes(derivation.context, (), shapes)
    if not sizes:
        raise NotChecked("no sizes were found that satisfy the context")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "gradient.py"
        path.write_text(text, encoding="utf-8")
        function = runpy.run_path(str(path))[name]
    for seed, each in enumerate(sizes):
        problem = _difference(derivation, writer, function, each, seed)
        if problem:
            raise NotChecked(f"the generated function is not the gradient at {each}: {problem}")
    return text


def _difference(derivation: Derivation, writer: Writer, function: Any, sizes: dict[str, int], seed: int) -> str:
    """What differs between the generated function and the gradient by `numeric/` at these sizes; nothing:
    empty."""
    import numpy as np

    from derivations.crosscheck import NotExact, evaluate
    from derivations.integers import evaluate_integer

    gradient = Grad(derivation.of, derivation.wrt)
    chance = np.random.default_rng(seed)

    def drawn(node: Expression) -> Any:
        shape = tuple(evaluate_integer(size, sizes) for size in node.shape)
        # distinct positive values: no ties for maxima, no kinks, logarithms exist
        count = int(np.prod(shape))
        return (chance.permutation(count) + 1 + int(chance.integers(0, 3))).reshape(shape)

    tensors = {node.name: drawn(node) for node in _tensors(gradient) | _tensors(derivation.result)}
    losses = {loss.name: drawn(loss.of) for loss in gradient.atoms(Loss)}
    polynomials = {name: (1, 2, -1, 1) for name, _ in _functions(gradient) | _functions(derivation.result)}
    data: dict[str, Any] = {**tensors, **losses}
    exact = True
    try:
        expected = evaluate(gradient, sizes, data, functions=polynomials)
    except NotExact:
        exact = False
        expected = evaluate(gradient, sizes, data, functions=polynomials, exact=False)
    arguments = [
        tensors[node.name]
        if isinstance(node, Tensor)
        else evaluate(node, sizes, data, functions=polynomials, exact=exact)
        for node in writer.arguments.values()
    ]
    derivatives = [np.polynomial.Polynomial(polynomials[name]).deriv(order) if order
                   else np.polynomial.Polynomial(polynomials[name]) for name, order in writer.functions]  # fmt: skip
    given = {python_name(name): sizes[name] for name in writer.sizes - set(_deduced(writer))}
    found = np.asarray(function(*[np.asarray(each) for each in arguments], *derivatives, **given), dtype=float)
    wanted = np.asarray(expected, dtype=float)
    if found.shape != wanted.shape and found.size * wanted.size != 1:
        return f"shape {found.shape} for {wanted.shape}"
    scale = max(1.0, float(np.max(np.abs(wanted), initial=0.0)))
    error = float(np.max(np.abs(found.reshape(wanted.shape) - wanted), initial=0.0))
    # rounding in a sum of at most some thousand products; a wrong entry is off by at least 1 in these integers
    return "" if error <= 1e-9 * scale else f"an entry is off by {error:.3g}"


def _tensors(node: Basic) -> set[Tensor]:
    return set(node.atoms(Tensor))


def _functions(node: Basic) -> set[tuple[str, int]]:
    from derivations.functions import KNOWN

    return {(part.name, part.order) for part in node.atoms(Elementwise) if part.name not in KNOWN}
