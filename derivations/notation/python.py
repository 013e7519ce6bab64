"""A line of Python to a reading: NumPy, SciPy and PyTorch expressions, each call with its own library's meaning.

Law: a function is known by its library (`np.`, `signal.`, `torch.`, `F.`), and so is what its arguments mean; a
keyword that is not known is an error. SciPy's `valid` slides the smaller over the larger; PyTorch's convolution is a
correlation over batches and channels. The line is read with `ast` and never run.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from derivations.language import limits
from derivations.language.errors import did_you_mean
from derivations.language.source import Statement
from derivations.notation.arrays import Arrays
from derivations.notation.matlab import check_code
from derivations.notation.profile import Profile
from derivations.notation.reading import Reading
from derivations.notation.typed import ATOM, Part, Typed, Types, bracketed, mark

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
BARE = {"convolve2d": "signal", "correlate2d": "signal", "einsum": "np"}  # names that one library has


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
class Call:
    """A call as it is written: arguments by position and by name, of which each must be used."""

    node: ast.Call
    spelled: str
    positional: list[ast.expr]
    named: dict[str, ast.expr] = field(default_factory=dict)


@dataclass
class Python:
    """Reads the expressions of one line that begins at an offset of its source."""

    arrays: Arrays
    data: bytes
    offset: int

    def span(self, node: Any) -> tuple[int, int]:
        """Where a node stands in the source; ast counts bytes."""
        if node.lineno != 1 or node.end_lineno != 1:
            return self.offset, self.offset + 1
        first = len(self.data[: node.col_offset].decode("utf-8", "ignore"))
        return self.offset + first, self.offset + len(self.data[: node.end_col_offset].decode("utf-8", "ignore"))

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

    def fail(self, node: Any, message: str, expected: str = "", fix: str = "") -> Exception:
        """An error at a node."""
        return self.arrays.error(self.span(node), message, expected, fix)

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
        if not text[:1].isdigit() or any(letter in text for letter in "xXoObBjJ_") or text.endswith("."):
            raise self.fail(node, f"the number {text}", "a decimal number")
        return Typed(mark(text, start, end), role="number")

    def _binop(self, node: ast.BinOp) -> Typed:
        span = self.span(node)
        left = self.read(node.left)
        if isinstance(node.op, ast.Pow):
            return self.arrays.power(left, self._exponent(node.right), span, span)
        sign = SIGNS.get(type(node.op))
        if sign is None:
            raise self.fail(node, f"the operation {type(node.op).__name__}", "+ - * / ** @")
        right = self.read(node.right)
        at = (self.span(node.left)[1], self.span(node.right)[0])
        return self.arrays.binary(sign, left, right, at, span)

    def _exponent(self, node: ast.expr) -> str:
        negative = isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub)
        inner = node.operand if isinstance(node, ast.UnaryOp) and negative else node
        if not isinstance(inner, ast.Constant) or not isinstance(inner.value, int) or isinstance(inner.value, bool):
            raise self.fail(node, "an exponent that is no whole number", "a whole number")
        return f"-{inner.value}" if negative else str(inner.value)

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
        """`x.shape[0]`, and `x[::-1, ::-1]` of a matrix; other entries are not read."""
        if isinstance(node.value, ast.Attribute) and node.value.attr == "shape":
            typed, axis = self.read(node.value.value), self._whole(node.slice)
            if not -typed.rank <= axis < typed.rank:
                raise self.fail(node, f"there is no axis {axis}")
            text = str(typed.shape[axis])
            return Typed(mark(text if text.isidentifier() else f"({text})", *self.span(node)))
        typed = self.read(node.value)
        parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        if typed.rank == 2 and len(parts) == 2 and all(map(_reverses, parts)):
            return self.arrays.call("rot180", [typed], self.span(node))
        raise self.fail(node, "entries and slices", "x[::-1, ::-1] or a whole array")

    def _whole(self, node: ast.expr) -> int:
        text = self._exponent(node)
        if len(text) > 6:
            raise self.fail(node, "this number is too large here")
        return int(text)

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
        if not library and prefix == "" and self.arrays.types.kind(name) == "function":
            return self._elementwise(call, name)
        if not library and isinstance(node.func, ast.Attribute):
            return self._method(node.func, call)
        if not library:
            raise self.fail(node, f"{spelled or 'this function'} is not known", "a function of NumPy, SciPy or PyTorch")
        return self._of_library(library, name, call)

    def _of_library(self, library: str, name: str, call: Call) -> Typed:
        table = TORCH_ELEMENTWISE if library in ("torch", "F") else ELEMENTWISE
        if name in table and library != "signal":
            return self._elementwise(call, table[name])
        handler = getattr(self, f"_{library}_{name}", None)
        if handler is None and library == "torch":
            shared = (
                "dot",
                "matmul",
                "outer",
                "kron",
                "sum",
                "mean",
                "trace",
                "einsum",
                "square",
                "mm",
                "t",
                "tensordot",
            )
            if name in shared:
                handler = getattr(self, f"_np_{name}", None)
            elif name in ("conv2d", "conv_transpose2d"):
                handler = getattr(self, f"_F_{name}")
        if handler is None:
            known = [word[len(library) + 2 :] for word in dir(self) if word.startswith(f"_{library}_")]
            hint = did_you_mean(name, known)
            raise self.fail(call.node, f"{call.spelled} is not known", ", ".join(sorted(known)), hint)
        found: Typed = handler(call)
        return found

    def _method(self, function: ast.Attribute, call: Call) -> Typed:
        """`x.sum(axis=0)`, `x.dot(y)`: the function of NumPy with x in front."""
        if function.attr not in ("sum", "mean", "dot", "matmul", "mm", "t", "transpose", "reshape", "trace"):
            raise self.fail(call.node, f".{function.attr}() is not known", "sum, mean, dot, reshape, transpose")
        call.positional.insert(0, function.value)
        if function.attr == "reshape" and len(call.positional) > 2:
            call.positional[1:] = [ast.copy_location(ast.Tuple(elts=call.positional[1:], ctx=ast.Load()), call.node)]
        found: Typed = getattr(self, f"_np_{function.attr}")(call)
        return found

    def bind(self, call: Call, names: Sequence[str], required: int) -> dict[str, ast.expr]:
        """The arguments by their names; raises InputError for one that is missing, unknown or given twice."""
        found = dict(zip(names, call.positional, strict=False))
        if len(call.positional) > len(names):
            raise self.fail(call.node, f"{call.spelled} takes {len(names)} arguments here", ", ".join(names))
        for name, value in call.named.items():
            if name not in names:
                raise self.fail(call.node, f"{call.spelled}: `{name}` is not read", ", ".join(names))
            if name in found:
                raise self.fail(call.node, f"{name} is given twice")
            found[name] = value
        missing = [name for name in names[:required] if name not in found]
        if missing:
            raise self.fail(call.node, f"{call.spelled} lacks {missing[0]}")
        return found

    def _elementwise(self, call: Call, name: str) -> Typed:
        return self.arrays.call(name, [self.read(self.bind(call, ["x"], 1)["x"])], self.span(call.node))

    def _text(self, node: ast.expr | None, default: str, known: Sequence[str]) -> str:
        if node is None:
            return default
        if not isinstance(node, ast.Constant) or node.value not in known:
            raise self.fail(node, "this word is not known here", ", ".join(map(repr, known)))
        return str(node.value)

    def _flag(self, node: ast.expr | None) -> bool:
        if node is None:
            return False
        if not isinstance(node, ast.Constant) or not isinstance(node.value, bool):
            raise self.fail(node, "this is neither True nor False")
        return node.value

    # -- NumPy -------------------------------------------------------------------------------------

    def _pair_of(self, call: Call) -> tuple[Typed, Typed]:
        given = self.bind(call, ["a", "b"], 2)
        return self.read(given["a"]), self.read(given["b"])

    def _np_dot(self, call: Call) -> Typed:
        a, b = self._pair_of(call)
        span = self.span(call.node)
        if not a.rank or not b.rank:
            return self.arrays.binary("*", a, b, span, span)
        if a.rank > 2 or b.rank > 2:
            raise self.fail(call.node, f"dot of rank {a.rank} and rank {b.rank}", "matrices or vectors")
        return self.arrays.binary("@", a, b, span, span)

    def _np_matmul(self, call: Call) -> Typed:
        a, b = self._pair_of(call)
        return self.arrays.binary("@", a, b, self.span(call.node), self.span(call.node))

    _np_mm = _np_matmul

    def _np_outer(self, call: Call) -> Typed:
        a, b = self._pair_of(call)
        if a.rank != 1 or b.rank != 1:
            raise self.fail(call.node, "outer flattens what is no vector", "vectors")
        return self.arrays.call("outer", [a, b], self.span(call.node))

    def _np_kron(self, call: Call) -> Typed:
        return self.arrays.call("kron", list(self._pair_of(call)), self.span(call.node))

    def _np_trace(self, call: Call) -> Typed:
        return self.arrays.call("tr", [self.read(self.bind(call, ["a"], 1)["a"])], self.span(call.node))

    def _np_t(self, call: Call) -> Typed:
        return self.arrays.transposed(self.read(self.bind(call, ["a"], 1)["a"]), self.span(call.node))

    _np_transpose = _np_t

    def _np_square(self, call: Call) -> Typed:
        span = self.span(call.node)
        return self.arrays.power(self.read(self.bind(call, ["a"], 1)["a"]), "2", span, span)

    def _np_maximum(self, call: Call) -> Typed:
        given = self.bind(call, ["a", "b"], 2)
        numbers = [isinstance(given[key], ast.Constant) and given[key].value == 0 for key in ("a", "b")]  # type: ignore[attr-defined]
        if sum(numbers) != 1:
            raise self.fail(call.node, "the maximum of two arrays", "np.maximum(x, 0)")
        return self.arrays.call("relu", [self.read(given["b" if numbers[0] else "a"])], self.span(call.node))

    def _np_sum(self, call: Call) -> Typed:
        return self._total("sum", call)

    def _np_mean(self, call: Call) -> Typed:
        return self._total("mean", call)

    def _total(self, word: str, call: Call) -> Typed:
        """The sum or mean over all axes or some of them."""
        for other, name in (("dim", "axis"), ("keepdim", "keepdims")):
            if other in call.named:
                call.named[name] = call.named.pop(other)
        given = self.bind(call, ["a", "axis", "keepdims"], 1)
        typed, span = self.read(given["a"]), self.span(call.node)
        keeps = self._flag(given.get("keepdims"))
        axes = self._axes(given.get("axis"), typed)
        if not typed.rank or (axes is None and not keeps):
            return self.arrays.call(word, [typed], span)
        chosen = list(range(typed.rank)) if axes is None else axes
        if not keeps and len(chosen) == typed.rank:
            return self.arrays.call(word, [typed], span)
        summed = self.arrays.summed(typed, chosen, keeps, span)
        return summed if word == "sum" else self.arrays.divided(summed, [str(typed.shape[at]) for at in chosen], span)

    def _axes(self, node: ast.expr | None, typed: Typed) -> list[int] | None:
        if node is None or (isinstance(node, ast.Constant) and node.value is None):
            return None
        parts = node.elts if isinstance(node, ast.Tuple | ast.List) else [node]
        found = [self._whole(part) for part in parts]
        if any(not -typed.rank <= axis < typed.rank for axis in found):
            raise self.fail(node, f"an axis of something of rank {typed.rank}")
        axes = sorted({axis % typed.rank for axis in found})
        if len(axes) < len(found):
            raise self.fail(node, "an axis twice")
        return axes

    def _np_einsum(self, call: Call) -> Typed:
        if call.named or len(call.positional) < 2:
            raise self.fail(call.node, "einsum with keywords or without arrays", "einsum('ij,jk->ik', a, b)")
        text = call.positional[0]
        if not isinstance(text, ast.Constant) or not isinstance(text.value, str):
            raise self.fail(text, "the subscripts of einsum are no text")
        spelled = text.value.replace(" ", "")
        inputs, arrow, out = spelled.partition("->")
        if not arrow or not all(letter.isascii() and (letter.isalpha() or letter == ",") for letter in inputs + out):
            raise self.fail(text, f"the subscripts `{spelled}`", "letters, commas and ->", "write the output after ->")
        words = inputs.split(",")
        operands = [self.read(part) for part in call.positional[1:]]
        if len(words) != len(operands) or "," in out:
            raise self.fail(text, f"{len(words)} groups of letters for {len(operands)} arrays")
        return self.arrays.contracted(operands, words, out, self.span(call.node))

    def _np_tensordot(self, call: Call) -> Typed:
        """Contraction over the last axes of a with the first of b, or over lists of axes."""
        if "dims" in call.named:
            call.named["axes"] = call.named.pop("dims")
        given = self.bind(call, ["a", "b", "axes"], 2)
        a, b = self.read(given["a"]), self.read(given["b"])
        axes = given.get("axes")
        if axes is None or isinstance(axes, ast.Constant):
            count = 2 if axes is None else self._whole(axes)
            left, right = list(range(a.rank - count, a.rank)), list(range(count))
        elif isinstance(axes, ast.Tuple | ast.List) and all(
            isinstance(part, ast.Tuple | ast.List) for part in axes.elts
        ):
            if len(axes.elts) != 2:
                raise self.fail(axes, "axes of tensordot", "([0], [0])")
            left, right = (self._in_order(part, each) for part, each in zip(axes.elts, (a, b), strict=True))
        else:
            raise self.fail(
                axes, f"{call.spelled} with axes that are no lists", "axes=([0], [0])", "put brackets around each"
            )
        if len(left) != len(right) or any(not 0 <= axis < a.rank for axis in left) or len(right) > b.rank:
            raise self.fail(call.node, "axes that do not pair", "as many axes of the first as of the second")
        alphabet = [chr(97 + at) for at in range(26)]
        first = alphabet[: a.rank]
        second = alphabet[a.rank : a.rank + b.rank]
        for one, other in zip(left, right, strict=True):
            second[other] = first[one]
        out = [letter for at, letter in enumerate(first) if at not in left]
        out += [letter for at, letter in enumerate(second) if at not in right]
        return self.arrays.contracted([a, b], ["".join(first), "".join(second)], "".join(out), self.span(call.node))

    def _in_order(self, node: Any, typed: Typed) -> list[int]:
        found = [self._whole(part) for part in node.elts]
        if any(not -typed.rank <= axis < typed.rank for axis in found):
            raise self.fail(node, f"an axis of something of rank {typed.rank}")
        return [axis % typed.rank for axis in found]

    def _np_convolve(self, call: Call) -> Typed:
        given = self.bind(call, ["a", "v", "mode"], 2)
        mode = self._text(given.get("mode"), "full", ("full", "valid"))
        return self._sliding("convolve", given["a"], given["v"], mode, call, rank=1)

    def _np_correlate(self, call: Call) -> Typed:
        given = self.bind(call, ["a", "v", "mode"], 2)
        mode = self._text(given.get("mode"), "valid", ("full", "valid"))
        return self._sliding("corr", given["a"], given["v"], mode, call, rank=1)

    def _np_rot90(self, call: Call) -> Typed:
        given = self.bind(call, ["m", "k"], 1)
        typed = self.read(given["m"])
        turns = self._whole(given["k"]) % 4 if "k" in given else 1
        if typed.rank != 2:
            raise self.fail(call.node, f"rot90 turns the first two axes of something of rank {typed.rank}", "a matrix")
        return self.arrays.call("rot90", [typed], self.span(call.node), str(turns))

    def _np_flip(self, call: Call) -> Typed:
        given = self.bind(call, ["m", "axis"], 1)
        typed = self.read(given["m"])
        axes = self._axes(given.get("axis"), typed)
        axes = list(range(typed.rank)) if axes is None else axes
        if typed.rank == 2 and len(axes) == 2:
            return self.arrays.call("rot180", [typed], self.span(call.node))
        for axis in axes:
            typed = self.arrays.call("flip", [typed], self.span(call.node), str(axis))
        return typed

    def _np_flipud(self, call: Call) -> Typed:
        return self.arrays.call("flip", [self.read(self.bind(call, ["m"], 1)["m"])], self.span(call.node), "0")

    def _np_fliplr(self, call: Call) -> Typed:
        return self.arrays.call("flip", [self.read(self.bind(call, ["m"], 1)["m"])], self.span(call.node), "1")

    def _np_reshape(self, call: Call) -> Typed:
        given = self.bind(call, ["a", "shape"], 2)
        sizes = self._sizes(given["shape"])
        return self.arrays.call("reshape", [self.read(given["a"]), *sizes], self.span(call.node))

    def _sizes(self, node: ast.expr) -> list[Typed]:
        parts = node.elts if isinstance(node, ast.Tuple | ast.List) else [node]
        found = [self.read(part) for part in parts]
        if any(each.rank or each.text.startswith("-") for each in found):
            raise self.fail(node, "sizes that are left open", "a number or a size for each axis")
        return found

    def _np_ones(self, call: Call) -> Typed:
        return self.arrays.call("ones", self._sizes(self.bind(call, ["shape"], 1)["shape"]), self.span(call.node))

    def _np_zeros(self, call: Call) -> Typed:
        return self.arrays.call("zeros", self._sizes(self.bind(call, ["shape"], 1)["shape"]), self.span(call.node))

    def _np_eye(self, call: Call) -> Typed:
        return self.arrays.call("eye", self._sizes(self.bind(call, ["N"], 1)["N"]), self.span(call.node))

    def _linalg_inv(self, call: Call) -> Typed:
        return self.arrays.call("inv", [self.read(self.bind(call, ["a"], 1)["a"])], self.span(call.node))

    def _linalg_det(self, call: Call) -> Typed:
        return self.arrays.call("det", [self.read(self.bind(call, ["a"], 1)["a"])], self.span(call.node))

    # -- SciPy -------------------------------------------------------------------------------------

    def _signal_convolve2d(self, call: Call) -> Typed:
        given = self._two(call)
        mode = self._text(given.get("mode"), "full", ("full", "valid", "same"))
        return self._sliding("conv" if mode == "same" else "convolve", given["in1"], given["in2"], mode, call, rank=2)

    def _signal_correlate2d(self, call: Call) -> Typed:
        given = self._two(call)
        mode = self._text(given.get("mode"), "full", ("full", "valid", "same"))
        if mode == "same":
            return self._correlated_same(given["in1"], given["in2"], call)
        return self._sliding("corr", given["in1"], given["in2"], mode, call, rank=2)

    def _two(self, call: Call) -> dict[str, ast.expr]:
        given = self.bind(call, ["in1", "in2", "mode", "boundary", "fillvalue"], 2)
        self._text(given.get("boundary"), "fill", ("fill",))
        fill = given.get("fillvalue")
        if fill is not None and not (isinstance(fill, ast.Constant) and fill.value == 0):
            raise self.fail(fill, "a border that is not 0", "fillvalue=0")
        return given

    def _sliding(self, name: str, a: ast.expr, b: ast.expr, mode: str, call: Call, rank: int) -> Typed:
        left, right = self.read(a), self.read(b)
        if left.rank != rank or right.rank != rank:
            raise self.fail(call.node, f"{call.spelled} of rank {left.rank} and rank {right.rank}", f"rank {rank}")
        return self.arrays.call(name, [left, right], self.span(call.node), mode)

    def _correlated_same(self, a: ast.expr, b: ast.expr, call: Call) -> Typed:
        """SciPy's centre of the full correlation begins at floor(k/2), that of its convolution at floor((k - 1)/2)."""
        full = self._sliding("corr", a, b, "full", call, rank=2)
        return self.arrays.centre(full, self.read(a).shape, self.read(b).shape, self.span(call.node))

    # -- PyTorch -----------------------------------------------------------------------------------

    def _F_conv2d(self, call: Call) -> Typed:
        """out[n, f] = Σ_c corr(x[n, c], w[f, c]) + b[f]."""
        given = self.bind(call, ["input", "weight", "bias", "stride", "padding", "dilation", "groups"], 2)
        x, w = self._maps(given, call)
        marks = [f"{name}={self._each(given[name])}" for name in ("stride", "dilation") if name in given]
        if "padding" in given:
            size = self._both_sides(given["padding"])
            marks.append(f"pad=({size})" if "(" in size else f"pad={size}")
        n, f, c = self.arrays.fresh(3, ["n", "f", "c"])
        inner = f"corr({x.text}[{n}, {c}], {w.text}[{f}, {c}], {', '.join(['valid', *marks])})"
        return self._batched(call, given, inner, (n, f, c), (str(x.shape[0]), str(w.shape[0]), str(x.shape[1])))

    def _F_conv_transpose2d(self, call: Call) -> Typed:
        """out[n, c] = Σ_f conv(dilate(x[n, f], s), w[f, c], full), cut by the padding, + b[c]."""
        names = ["input", "weight", "bias", "stride", "padding", "output_padding", "groups", "dilation"]
        given = self.bind(call, names, 2)
        extra = given.get("output_padding")
        if extra is not None and self._each(extra) not in ("0", "(0, 0)"):
            raise self.fail(extra, "an output padding", "output_padding=0")
        x, w = self._maps(given, call)
        n, f, c = self.arrays.fresh(3, ["n", "f", "c"])
        data = f"{x.text}[{n}, {f}]"
        if "stride" in given:
            data = f"dilate({data}, {self._each(given['stride'])})"
        dilation = f", dilation={self._each(given['dilation'])}" if "dilation" in given else ""
        inner = f"conv({data}, {w.text}[{f}, {c}], full{dilation})"
        if "padding" in given:
            inner = f"crop({inner}, {self._both_sides(given['padding'])})"
        return self._batched(call, given, inner, (n, c, f), (str(x.shape[0]), str(w.shape[1]), str(x.shape[1])))

    def _maps(self, given: dict[str, ast.expr], call: Call) -> tuple[Typed, Typed]:
        """Input and weight, both of rank 4 and written so that subscripts follow."""
        groups = given.get("groups")
        if groups is not None and not (isinstance(groups, ast.Constant) and groups.value == 1):
            raise self.fail(groups, "a convolution in groups", "groups=1")
        x, w = self.read(given["input"]), self.read(given["weight"])
        if x.rank != 4 or w.rank != 4:
            raise self.fail(
                call.node, f"{call.spelled} of rank {x.rank} and rank {w.rank}", "rank 4: batch, channel, row, column"
            )
        return tuple(Typed(bracketed(each, ATOM), each.shape) for each in (x, w))  # type: ignore[return-value]

    def _each(self, node: ast.expr) -> str:
        """A number, or one for each axis."""
        if isinstance(node, ast.Tuple | ast.List):
            return f"({', '.join(self._size(part) for part in node.elts)})"
        return self._size(node)

    def _size(self, node: ast.expr) -> str:
        typed = self.read(node)
        if typed.rank:
            raise self.fail(node, "this is no integer")
        return typed.text

    def _both_sides(self, node: ast.expr) -> str:
        """The padding of PyTorch is the same on both sides of an axis."""
        if not isinstance(node, ast.Tuple | ast.List):
            return self._size(node)
        return ", ".join(f"({size}, {size})" for size in map(self._size, node.elts))

    def _batched(
        self,
        call: Call,
        given: dict[str, ast.expr],
        inner: str,
        names: tuple[str, str, str],
        sizes: tuple[str, str, str],
    ) -> Typed:
        _, out, _ = names
        ranges = [self.arrays.range_of(name, size) for name, size in zip(names, sizes, strict=True)]
        body = f"sum[{ranges[2]}]({inner})"
        bias = given.get("bias")
        if bias is not None and not (isinstance(bias, ast.Constant) and bias.value is None):
            added = self.read(bias)
            if added.rank != 1:
                raise self.fail(bias, f"a bias of rank {added.rank}", "rank 1")
            body += f" + {Typed(bracketed(added, ATOM)).text}[{out}]"
        span = self.span(call.node)
        return self.arrays.shaped(Typed(mark(f"entries[{ranges[0]}, {ranges[1]}]({body})", *span)), span)


def _reverses(node: ast.expr) -> bool:
    """Whether a slice is `::-1`."""
    is_step = isinstance(node, ast.Slice) and node.lower is None and node.upper is None
    step = node.step if isinstance(node, ast.Slice) else None
    return is_step and isinstance(step, ast.UnaryOp) and isinstance(step.op, ast.USub) and _is_one(step.operand)


def _is_one(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value == 1
