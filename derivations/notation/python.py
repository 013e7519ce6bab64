"""A line of Python to a reading: expressions over whole arrays, each call with its own library's meaning.

Law: a function is known by its library (`np.`, `signal.`, `torch.`, `F.`), and so is what its arguments mean; a
keyword that is not known is an error. The line is read with `ast` and never run.

Why not with `reading/`: that room reads whole functions by executing them over symbolic arrays, on top of the
elaborator and the judge; this one ends before elaboration, and its text is the line's own, call by call, each piece
with its place.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from derivations.language import limits
from derivations.language.errors import did_you_mean
from derivations.language.source import Statement
from derivations.notation.arrays import Arrays
from derivations.notation.calls import Call, Caller, Handler
from derivations.notation.matlab import check_code
from derivations.notation.numpy_calls import LINALG, METHODS, NUMPY, TORCH_SHARED
from derivations.notation.profile import Profile
from derivations.notation.reading import Reading
from derivations.notation.scipy_calls import SIGNAL
from derivations.notation.slices import Cut, cut
from derivations.notation.torch_calls import FUNCTIONAL, TORCH
from derivations.notation.typed import POWER, SUM, Part, Typed, Types, bracketed, mark

LIBRARIES = {
    **dict.fromkeys(("np", "numpy"), "np"),
    **dict.fromkeys(("signal", "scipy.signal", "sp.signal"), "signal"),
    **dict.fromkeys(("torch",), "torch"),
    **dict.fromkeys(("F", "torch.nn.functional", "nn.functional"), "F"),
    **dict.fromkeys(("np.linalg", "numpy.linalg", "torch.linalg"), "linalg"),
}
SIGNS = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.MatMult: "@"}
ELEMENTWISE = {"exp": "exp", "log": "log", "sqrt": "sqrt", "tanh": "tanh", "abs": "abs", "absolute": "abs"}
TORCH_ELEMENTWISE = {**ELEMENTWISE, "relu": "relu", "sigmoid": "sigmoid", "softplus": "softplus"}
# by library: the functions of entries, and the others
TABLES: dict[str, tuple[dict[str, str], dict[str, Handler]]] = {
    "np": (ELEMENTWISE, NUMPY),
    "signal": ({}, SIGNAL),
    "linalg": ({}, LINALG),
    "F": (TORCH_ELEMENTWISE, FUNCTIONAL),
    "torch": (TORCH_ELEMENTWISE, {**TORCH_SHARED, **TORCH, **FUNCTIONAL}),
}
BARE = {
    "convolve2d": "signal",
    "correlate2d": "signal",
    "fftconvolve": "signal",
    "einsum": "np",
}  # names that one library has


def read_python(
    source: Statement,
    start: int,
    end: int,
    profile: Profile,
    types: Types,
    needs_left: bool = True,
    defines: bool = False,
) -> Reading:
    """The reading of a line of Python; raises InputError."""
    check_code(source, start, end)
    text = source.text[start:end]
    first = len(text) - len(text.lstrip())
    node = _parsed(source, start + first, end)
    reader = Python(Arrays(source, profile, types), text[first:].encode(), start + first)
    reader.check_depth(node)
    sides: list[tuple[Part, ...]] = []
    if isinstance(node, ast.Assign):
        if len(node.targets) != 1 or not isinstance(node.targets[0], ast.Name):
            raise source.error("an assignment to something that is not one name", *reader.span(node), "name = ...")
        if needs_left:
            target = node.targets[0]
            sides.append(reader.arrays.name(target.id, reader.span(target), defines).parts)
    elif not isinstance(node, ast.Expr):
        raise source.error("this is neither an expression nor an assignment", *reader.span(node), "x = ...")
    assert isinstance(node.value, ast.expr)
    return Reading((*sides, reader.read(node.value).parts), source, start, end)


def _parsed(source: Statement, start: int, end: int) -> Any:
    text = source.text[start:end].rstrip().rstrip(";")
    try:
        body = ast.parse(text).body
    except SyntaxError as error:
        at = start + min(max((error.offset or 1) - 1, 0), max(len(text) - 1, 0))
        raise source.error(f"this is no Python: {error.msg}", at, at + 1) from None
    except (ValueError, RecursionError, MemoryError):
        raise source.error("this is no Python that can be read", start, end) from None
    if len(body) != 1:
        raise source.error(f"{len(body)} statements", start, end, "one expression or assignment")
    return body[0]


def _dotted(node: ast.expr) -> str:
    """`a.b.c`, or nothing for another expression."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        before = _dotted(node.value)
        return f"{before}.{node.attr}" if before else ""
    return ""


@dataclass
class Python(Caller):
    """Reads the expressions of one line that begins at an offset of its source."""

    def check_depth(self, node: ast.AST) -> None:
        """Raises InputError for operations that are nested too deeply."""
        pending = [(node, 1)]
        while pending:
            part, depth = pending.pop()
            if depth > limits.TREE_DEPTH:
                raise self.arrays.source.error(
                    "operations are nested too deeply",
                    self.offset,
                    expected=f"at most {limits.TREE_DEPTH} levels (limit TREE_DEPTH)",
                )
            pending += [(child, depth + 1) for child in ast.iter_child_nodes(part)]

    # -- expressions -------------------------------------------------------------------------------

    def read(self, node: ast.expr) -> Typed:
        """The text of an expression."""
        handler: Callable[[Any], Typed] | None = getattr(self, f"_{type(node).__name__.lower()}", None)
        if handler is None:
            raise self.fail(node, f"{type(node).__name__} is not read", "names, numbers, arithmetic and calls")
        return handler(node)

    def _name(self, node: ast.Name) -> Typed:
        return self.arrays.name(node.id, self.span(node))

    def _constant(self, node: ast.Constant) -> Typed:
        if isinstance(node.value, bool) or not isinstance(node.value, int | float):
            raise self.fail(node, "a text or a truth value where a number belongs")
        start, end = self.span(node)
        text = self.arrays.source.text[start:end]
        if text.endswith("."):
            text = text[:-1]
        elif text.startswith("."):
            text = f"0{text}"
        if not text[:1].isdigit() or any(letter in text for letter in "xXoObBjJ_"):
            raise self.fail(node, f"the number {text}", "a decimal number")
        return Typed(mark(text, start, end), role="number")

    def _binop(self, node: ast.BinOp) -> Typed:
        span = self.span(node)
        truths = [isinstance(part, ast.Compare) for part in (node.left, node.right)]
        selects = isinstance(node.op, ast.Mult) and sum(truths) == 1
        left = self.condition(node.left) if selects and truths[0] else self.read(node.left)
        if isinstance(node.op, ast.Pow):
            return self.arrays.power(left, self.exponent(node.right), span, span)
        sign = SIGNS.get(type(node.op))
        if sign is None:
            raise self.fail(node, f"the operation {type(node.op).__name__}", "+ - * / ** @")
        right = self.condition(node.right) if selects and truths[1] else self.read(node.right)
        at = (self.span(node.left)[1], self.span(node.right)[0])
        return self.arrays.binary(sign, left, right, at, span)

    def _unaryop(self, node: ast.UnaryOp) -> Typed:
        if isinstance(node.op, ast.UAdd):
            return self.read(node.operand)
        if not isinstance(node.op, ast.USub):
            raise self.fail(node, f"the operation {type(node.op).__name__}")
        start, _ = self.span(node)
        return self.arrays.negative(self.read(node.operand), (start, start + 1))

    def _attribute(self, node: ast.Attribute) -> Typed:
        if node.attr in ("T", "mT"):
            inner = self.read(node.value)
            return inner if inner.rank == 1 and node.attr == "T" else self.arrays.transposed(inner, self.span(node))
        raise self.fail(node, f".{node.attr} is not known", ".T, or a call")

    def _subscript(self, node: ast.Subscript) -> Typed:
        """`x.shape[0]`, and `x[::-1, ::-1]` of a matrix; entries and slices."""
        if isinstance(node.value, ast.Attribute) and node.value.attr == "shape":
            typed, axis = self.read(node.value.value), self.whole(node.slice)
            if not -typed.rank <= axis < typed.rank:
                raise self.fail(node, f"there is no axis {axis}")
            text = str(typed.shape[axis])
            return Typed(mark(text if text.isidentifier() else f"({text})", *self.span(node)))
        typed = self.read(node.value)
        parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        if sum(map(_is_ellipsis, parts)) == 1:
            at = next(number for number, part in enumerate(parts) if _is_ellipsis(part))
            count = typed.rank - sum(not _is_new(part) for part in parts) + 1
            parts = [*parts[:at], *[ast.copy_location(ast.Slice(), parts[at])] * count, *parts[at + 1 :]]
        axes = iter(typed.shape)
        cuts = [Cut(is_new=True) if _is_new(part) else self._cut(part, str(next(axes, ""))) for part in parts]
        return cut(self.arrays, typed, cuts, self.span(node))

    def _cut(self, node: ast.expr, size: str) -> Cut:
        """What one subscript does with an axis of this size."""
        if not isinstance(node, ast.Slice):
            return Cut(first=self._place(node, size), is_entry=True)
        step = "" if node.step is None else self._place(node.step, "")
        if _reverses(node):
            return Cut(is_reversed=True)
        if step.startswith("-"):
            raise self.fail(node, "a step backwards of a part of an axis", "[::-1]")
        first, last = ("" if end is None else self._place(end, size) for end in (node.lower, node.upper))
        return Cut(first, last, step)

    def _place(self, node: ast.expr, size: str) -> str:
        """A number or sizes; a negative number counts from the end of an axis of this size."""
        negative = isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub)
        if negative and size:
            assert isinstance(node, ast.UnaryOp)
            return f"{size} - {self._integer(node.operand, POWER)}"
        return self._integer(node, SUM)

    def _integer(self, node: ast.expr, least: int) -> str:
        typed = self.read(node)
        text = "".join(part.text for part in bracketed(typed, least))
        if typed.rank or not self.arrays.is_integer(text):
            raise self.fail(node, "a subscript that is no integer of numbers and sizes", "x[1:], x[:, 0], x[::2]")
        return text

    # -- calls -------------------------------------------------------------------------------------

    def _call(self, node: ast.Call) -> Typed:
        spelled = _dotted(node.func)
        call = Call(node, spelled, list(node.args), {})
        for keyword in node.keywords:
            if keyword.arg is None or keyword.arg in call.named:
                raise self.fail(node, "arguments by ** or twice")
            call.named[keyword.arg] = keyword.value
        if any(isinstance(argument, ast.Starred) for argument in node.args):
            raise self.fail(node, "arguments by *")
        prefix, _, name = spelled.rpartition(".")
        library = LIBRARIES.get(prefix, "") if prefix else BARE.get(name, "")
        if spelled == "abs":
            return self.elementwise(call, "abs")
        if not library and prefix == "" and self.arrays.types.kind(name) == "function":
            return self.elementwise(call, name)
        if not library and isinstance(node.func, ast.Attribute):
            return self._method(node.func, call)
        if not library:
            raise self.fail(node, f"{spelled or 'this function'} is not known", "a function of NumPy, SciPy or PyTorch")
        return self._of_library(library, name, call)

    def _of_library(self, library: str, name: str, call: Call) -> Typed:
        entrywise, table = TABLES[library]
        if name in entrywise:
            return self.elementwise(call, entrywise[name])
        if name not in table:
            raise self.fail(
                call.node, f"{call.spelled} is not known", ", ".join(sorted(table)), did_you_mean(name, table)
            )
        return table[name](self, call)

    def _method(self, function: ast.Attribute, call: Call) -> Typed:
        """`x.sum(axis=0)`, `x.dot(y)`: the function of NumPy or PyTorch with x in front."""
        name, count = function.attr, len(call.positional)
        call.positional.insert(0, function.value)
        if name in TORCH_ELEMENTWISE and not count:
            return self.elementwise(call, TORCH_ELEMENTWISE[name])
        if name == "flip":
            return TORCH["flip"](self, call)
        if name == "permute" or (name == "transpose" and count > 1):
            if [self.whole(part) for part in call.positional[1:]] != [1, 0] or call.named:
                what = f".{name}() of other axes than (1, 0): NumPy puts them in this order, PyTorch exchanges them"
                raise self.fail(call.node, what, ".T")
            call.positional[1:] = []
            name = "transpose"
        if name in ("reshape", "view") and count > 1:
            call.positional[1:] = [ast.copy_location(ast.Tuple(elts=call.positional[1:], ctx=ast.Load()), call.node)]
        table = {**METHODS, "transpose": NUMPY["transpose"], "view": NUMPY["reshape"]}
        if name not in table:
            raise self.fail(call.node, f".{name}() is not known", "sum, mean, dot, reshape, transpose")
        return table[name](self, call)


def _reverses(node: ast.expr) -> bool:
    """Whether a slice is `::-1`."""
    is_step = isinstance(node, ast.Slice) and node.lower is None and node.upper is None
    step = node.step if isinstance(node, ast.Slice) else None
    return is_step and isinstance(step, ast.UnaryOp) and isinstance(step.op, ast.USub) and _is_one(step.operand)


def _is_new(node: ast.expr) -> bool:
    """Whether a subscript is `None` or `np.newaxis`."""
    return (isinstance(node, ast.Constant) and node.value is None) or _dotted(node) in ("np.newaxis", "numpy.newaxis")


def _is_ellipsis(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is Ellipsis


def _is_one(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value == 1
