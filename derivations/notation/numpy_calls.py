"""What functions of NumPy are in the claim language; PyTorch shares those of one meaning.

Law: an axis, a flag or a keyword that is not read is an error; a default is the library's own.
"""

from __future__ import annotations

import ast
from typing import Any

from derivations.notation.calls import Call, Caller, Handler
from derivations.notation.typed import Typed, mark


def _dot(reader: Caller, call: Call) -> Typed:
    a, b = reader.pair_of(call)
    span = reader.span(call.node)
    if not a.rank or not b.rank:
        return reader.arrays.binary("*", a, b, span, span)
    if a.rank > 2 or b.rank > 2:
        raise reader.fail(call.node, f"dot of rank {a.rank} and rank {b.rank}", "matrices or vectors")
    return reader.arrays.binary("@", a, b, span, span)


def _matmul(reader: Caller, call: Call) -> Typed:
    a, b = reader.pair_of(call)
    return reader.arrays.binary("@", a, b, reader.span(call.node), reader.span(call.node))


def _outer(reader: Caller, call: Call) -> Typed:
    a, b = reader.pair_of(call)
    if a.rank != 1 or b.rank != 1:
        raise reader.fail(call.node, "outer flattens what is no vector", "vectors")
    return reader.arrays.call("outer", [a, b], reader.span(call.node))


def _kron(reader: Caller, call: Call) -> Typed:
    return reader.arrays.call("kron", list(reader.pair_of(call)), reader.span(call.node))


def _trace(reader: Caller, call: Call) -> Typed:
    return reader.arrays.call("tr", [reader.read(reader.bind(call, ["a"], 1)["a"])], reader.span(call.node))


def _t(reader: Caller, call: Call) -> Typed:
    return reader.arrays.transposed(reader.read(reader.bind(call, ["a"], 1)["a"]), reader.span(call.node))


def _transpose(reader: Caller, call: Call) -> Typed:
    """Of a matrix; its axes may be said."""
    given = reader.bind(call, ["a", "axes"], 1)
    typed, axes = reader.read(given["a"]), given.get("axes")
    if axes is not None and _in_order(reader, axes, typed) != [1, 0]:
        raise reader.fail(axes, "other axes than the two of a matrix", "(1, 0)")
    return reader.arrays.transposed(typed, reader.span(call.node))


def _square(reader: Caller, call: Call) -> Typed:
    span = reader.span(call.node)
    return reader.arrays.power(reader.read(reader.bind(call, ["a"], 1)["a"]), "2", span, span)


def _arithmetic(sign: str) -> Handler:
    """`np.multiply(a, b)` and its kin."""

    def read(reader: Caller, call: Call) -> Typed:
        a, b = reader.pair_of(call)
        return reader.arrays.binary(sign, a, b, reader.span(call.node), reader.span(call.node))

    return read


def _power(reader: Caller, call: Call) -> Typed:
    given = reader.bind(call, ["a", "b"], 2)
    span = reader.span(call.node)
    return reader.arrays.power(reader.read(given["a"]), reader.exponent(given["b"]), span, span)


def _negative(reader: Caller, call: Call) -> Typed:
    start, _ = reader.span(call.node)
    return reader.arrays.negative(reader.read(reader.bind(call, ["a"], 1)["a"]), (start, start + 1))


def _max(reader: Caller, call: Call) -> Typed:
    """The largest of all entries, or along one axis; `keepdims`: that axis stays, of size 1."""
    given, span = reader.bind(call, ["a", "axis", "keepdims"], 1), reader.span(call.node)
    typed = reader.read(given["a"])
    axes, keeps = reader.axes(given.get("axis"), typed), reader.flag(given.get("keepdims"))
    if axes is None and not keeps:
        return reader.arrays.call("max", [typed], span)
    if axes is None or len(axes) > 1:
        raise reader.fail(call.node, f"{call.spelled} along several axes, which stay", "one axis")
    if typed.rank == 1:
        return (
            reader.arrays.call("max", [typed], span)
            if not keeps
            else reader.arrays.kept(reader.arrays.call("max", [typed], span), 0, span)
        )
    found = reader.arrays.call("max", [typed], span, str(axes[0]))
    return reader.arrays.kept(found, axes[0], span) if keeps else found


def _norm(reader: Caller, call: Call) -> Typed:
    """The root of the sum of squares, of a vector or of a matrix (Frobenius)."""
    typed, span = reader.read(reader.bind(call, ["x"], 1)["x"]), reader.span(call.node)
    if typed.rank not in (1, 2):
        raise reader.fail(call.node, f"the norm of something of rank {typed.rank}", "a vector or a matrix")
    squares = reader.arrays.call("sum", [reader.arrays.power(typed, "2", span, span)], span)
    return reader.arrays.call("sqrt", [squares], span)


def _ones_like(reader: Caller, call: Call) -> Typed:
    return _filled_like(reader, call, "ones")


def _zeros_like(reader: Caller, call: Call) -> Typed:
    return _filled_like(reader, call, "zeros")


def _filled_like(reader: Caller, call: Call, name: str) -> Typed:
    typed, span = reader.read(reader.bind(call, ["a"], 1)["a"]), reader.span(call.node)
    return reader.arrays.call(name, [Typed(mark(str(size), *span)) for size in typed.shape], span)


def _maximum(reader: Caller, call: Call) -> Typed:
    given = reader.bind(call, ["a", "b"], 2)
    numbers = [isinstance(given[key], ast.Constant) and given[key].value == 0 for key in ("a", "b")]  # type: ignore[attr-defined]
    if sum(numbers) != 1:
        raise reader.fail(call.node, "the maximum of two arrays", "np.maximum(x, 0)")
    return reader.arrays.call("relu", [reader.read(given["b" if numbers[0] else "a"])], reader.span(call.node))


def _minimum(reader: Caller, call: Call) -> Typed:
    """The smaller of 0 and x is -relu(-x)."""
    given, span = reader.bind(call, ["a", "b"], 2), reader.span(call.node)
    numbers = [isinstance(part, ast.Constant) and part.value == 0 for part in given.values()]
    if sum(numbers) != 1:
        raise reader.fail(call.node, "the minimum of two arrays", "np.minimum(x, 0)")
    x = reader.read(given["b" if numbers[0] else "a"])
    return reader.arrays.negative(reader.arrays.call("relu", [reader.arrays.negative(x, span)], span), span)


def _where(reader: Caller, call: Call) -> Typed:
    """`np.where(x > 0, a, b)`, with all three stretched to one shape."""
    given = reader.bind(call, ["condition", "x", "y"], 3)
    condition = reader.condition(given["condition"])
    return reader.arrays.chosen(condition, reader.read(given["x"]), reader.read(given["y"]), reader.span(call.node))


def _sum(reader: Caller, call: Call) -> Typed:
    return _total(reader, "sum", call)


def _mean(reader: Caller, call: Call) -> Typed:
    return _total(reader, "mean", call)


def _einsum(reader: Caller, call: Call) -> Typed:
    call.named.pop("optimize", None)  # in which order it is computed
    if call.named or len(call.positional) < 2:
        raise reader.fail(call.node, "einsum with keywords or without arrays", "einsum('ij,jk->ik', a, b)")
    text = call.positional[0]
    if not isinstance(text, ast.Constant) or not isinstance(text.value, str):
        raise reader.fail(text, "the subscripts of einsum are no text")
    spelled = text.value.replace(" ", "")
    inputs, arrow, out = spelled.partition("->")
    if not arrow or not all(letter.isascii() and (letter.isalpha() or letter == ",") for letter in inputs + out):
        raise reader.fail(text, f"the subscripts `{spelled}`", "letters, commas and ->", "write the output after ->")
    words = inputs.split(",")
    operands = [reader.read(part) for part in call.positional[1:]]
    if len(words) != len(operands) or "," in out:
        raise reader.fail(text, f"{len(words)} groups of letters for {len(operands)} arrays")
    return reader.arrays.contracted(operands, words, out, reader.span(call.node))


def _tensordot(reader: Caller, call: Call) -> Typed:
    """Contraction over the last axes of a with the first of b, or over lists of axes."""
    if "dims" in call.named:
        call.named["axes"] = call.named.pop("dims")
    given = reader.bind(call, ["a", "b", "axes"], 2)
    a, b = reader.read(given["a"]), reader.read(given["b"])
    axes = given.get("axes")
    if axes is None or isinstance(axes, ast.Constant):
        count = 2 if axes is None else reader.whole(axes)
        left, right = list(range(a.rank - count, a.rank)), list(range(count))
    elif isinstance(axes, ast.Tuple | ast.List) and all(isinstance(part, ast.Tuple | ast.List) for part in axes.elts):
        if len(axes.elts) != 2:
            raise reader.fail(axes, "axes of tensordot", "([0], [0])")
        left, right = (_in_order(reader, part, each) for part, each in zip(axes.elts, (a, b), strict=True))
    else:
        raise reader.fail(
            axes, f"{call.spelled} with axes that are no lists", "axes=([0], [0])", "put brackets around each"
        )
    if len(left) != len(right) or any(not 0 <= axis < a.rank for axis in left) or len(right) > b.rank:
        raise reader.fail(call.node, "axes that do not pair", "as many axes of the first as of the second")
    alphabet = [chr(97 + at) for at in range(26)]
    first = alphabet[: a.rank]
    second = alphabet[a.rank : a.rank + b.rank]
    for one, other in zip(left, right, strict=True):
        second[other] = first[one]
    out = [letter for at, letter in enumerate(first) if at not in left]
    out += [letter for at, letter in enumerate(second) if at not in right]
    return reader.arrays.contracted([a, b], ["".join(first), "".join(second)], "".join(out), reader.span(call.node))


def _convolve(reader: Caller, call: Call) -> Typed:
    given = reader.bind(call, ["a", "v", "mode"], 2)
    mode = reader.text(given.get("mode"), "full", ("full", "valid"))
    return reader.sliding("convolve", given["a"], given["v"], mode, call, rank=1)


def _correlate(reader: Caller, call: Call) -> Typed:
    given = reader.bind(call, ["a", "v", "mode"], 2)
    mode = reader.text(given.get("mode"), "valid", ("full", "valid"))
    return reader.sliding("corr", given["a"], given["v"], mode, call, rank=1)


def _rot90(reader: Caller, call: Call) -> Typed:
    given = reader.bind(call, ["m", "k"], 1)
    typed = reader.read(given["m"])
    turns = reader.whole(given["k"]) % 4 if "k" in given else 1
    if typed.rank != 2:
        raise reader.fail(call.node, f"rot90 turns the first two axes of something of rank {typed.rank}", "a matrix")
    return reader.arrays.call("rot90", [typed], reader.span(call.node), str(turns))


def _flip(reader: Caller, call: Call) -> Typed:
    given = reader.bind(call, ["m", "axis"], 1)
    typed = reader.read(given["m"])
    axes = reader.axes(given.get("axis"), typed)
    axes = list(range(typed.rank)) if axes is None else axes
    if typed.rank == 2 and len(axes) == 2:
        return reader.arrays.call("rot180", [typed], reader.span(call.node))
    for axis in axes:
        typed = reader.arrays.call("flip", [typed], reader.span(call.node), str(axis))
    return typed


def _flipud(reader: Caller, call: Call) -> Typed:
    return reader.arrays.call("flip", [reader.read(reader.bind(call, ["m"], 1)["m"])], reader.span(call.node), "0")


def _fliplr(reader: Caller, call: Call) -> Typed:
    return reader.arrays.call("flip", [reader.read(reader.bind(call, ["m"], 1)["m"])], reader.span(call.node), "1")


def _reshape(reader: Caller, call: Call) -> Typed:
    given = reader.bind(call, ["a", "shape"], 2)
    sizes = reader.sizes(given["shape"])
    return reader.arrays.call("reshape", [reader.read(given["a"]), *sizes], reader.span(call.node))


def _array(reader: Caller, call: Call) -> Typed:
    """A vector or a matrix of numbers."""
    node = reader.bind(call, ["object"], 1)["object"]
    rows = node.elts if isinstance(node, ast.List | ast.Tuple) else []
    texts = []
    for row in rows:
        cells = row.elts if isinstance(row, ast.List | ast.Tuple) else [row]
        found = [reader.read(cell) for cell in cells]
        if any(each.role != "number" and not each.text.lstrip("-").replace(".", "").isdigit() for each in found):
            raise reader.fail(row, "an array of something that is no number", "np.array([[1, 2], [3, 4]])")
        inner = ", ".join(each.text for each in found)
        texts.append(f"[{inner}]" if isinstance(row, ast.List | ast.Tuple) else inner)
    if not texts:
        raise reader.fail(node, "an array that is no list of numbers", "np.array([[1, 2], [3, 4]])")
    span = reader.span(call.node)
    return reader.arrays.shaped(Typed(mark(f"[{', '.join(texts)}]", *span)), span)


def _pad(reader: Caller, call: Call) -> Typed:
    """Zeros around a matrix: as many on every side, or a pair for each axis."""
    given = reader.bind(call, ["array", "pad_width", "mode"], 2)
    reader.text(given.get("mode"), "constant", ("constant",))
    typed, width = reader.read(given["array"]), given["pad_width"]
    if typed.rank != 2:
        raise reader.fail(call.node, f"padding of something of rank {typed.rank}", "a matrix")
    if not isinstance(width, ast.Tuple | ast.List):
        return reader.arrays.call("pad", [typed], reader.span(call.node), reader.size(width))
    if len(width.elts) != 2 or not all(isinstance(part, ast.Tuple | ast.List) for part in width.elts):
        raise reader.fail(width, "paddings that are no pair for each axis", "((1, 1), (2, 2))")
    return reader.arrays.call("pad", [typed], reader.span(call.node), ", ".join(map(reader.each, width.elts)))


def _ones(reader: Caller, call: Call) -> Typed:
    return reader.arrays.call("ones", reader.sizes(reader.bind(call, ["shape"], 1)["shape"]), reader.span(call.node))


def _zeros(reader: Caller, call: Call) -> Typed:
    return reader.arrays.call("zeros", reader.sizes(reader.bind(call, ["shape"], 1)["shape"]), reader.span(call.node))


def _eye(reader: Caller, call: Call) -> Typed:
    return reader.arrays.call("eye", reader.sizes(reader.bind(call, ["N"], 1)["N"]), reader.span(call.node))


def _inv(reader: Caller, call: Call) -> Typed:
    return reader.arrays.call("inv", [reader.read(reader.bind(call, ["a"], 1)["a"])], reader.span(call.node))


def _solve(reader: Caller, call: Call) -> Typed:
    bound = reader.bind(call, ["a", "b"], 2)
    return reader.arrays.call("solve", [reader.read(bound["a"]), reader.read(bound["b"])], reader.span(call.node))


def _det(reader: Caller, call: Call) -> Typed:
    return reader.arrays.call("det", [reader.read(reader.bind(call, ["a"], 1)["a"])], reader.span(call.node))


def _total(reader: Caller, word: str, call: Call) -> Typed:
    """The sum or mean over all axes or some of them."""
    for other, name in (("dim", "axis"), ("keepdim", "keepdims")):
        if other in call.named:
            call.named[name] = call.named.pop(other)
    given = reader.bind(call, ["a", "axis", "keepdims"], 1)
    typed, span = reader.read(given["a"]), reader.span(call.node)
    keeps = reader.flag(given.get("keepdims"))
    axes = reader.axes(given.get("axis"), typed)
    if not typed.rank or (axes is None and not keeps):
        return reader.arrays.call(word, [typed], span)
    chosen = list(range(typed.rank)) if axes is None else axes
    if not keeps and len(chosen) == typed.rank:
        return reader.arrays.call(word, [typed], span)
    summed = reader.arrays.summed(typed, chosen, keeps, span)
    return summed if word == "sum" else reader.arrays.divided(summed, [str(typed.shape[at]) for at in chosen], span)


def _in_order(reader: Caller, node: Any, typed: Typed) -> list[int]:
    if not isinstance(node, ast.Tuple | ast.List):
        raise reader.fail(node, "axes that are no list", "(1, 0)")
    found = [reader.whole(part) for part in node.elts]
    if any(not -typed.rank <= axis < typed.rank for axis in found):
        raise reader.fail(node, f"an axis of something of rank {typed.rank}")
    return [axis % typed.rank for axis in found]


NUMPY: dict[str, Handler] = {
    "dot": _dot,
    "matmul": _matmul,
    "outer": _outer,
    "kron": _kron,
    "trace": _trace,
    "square": _square,
    "maximum": _maximum,
    "minimum": _minimum,
    "where": _where,
    "sum": _sum,
    "mean": _mean,
    "einsum": _einsum,
    "tensordot": _tensordot,
    "convolve": _convolve,
    "correlate": _correlate,
    "rot90": _rot90,
    "flip": _flip,
    "flipud": _flipud,
    "fliplr": _fliplr,
    "reshape": _reshape,
    "array": _array,
    "pad": _pad,
    "ones": _ones,
    "zeros": _zeros,
    "eye": _eye,
    "multiply": _arithmetic("*"),
    "add": _arithmetic("+"),
    "subtract": _arithmetic("-"),
    "divide": _arithmetic("/"),
    "power": _power,
    "negative": _negative,
    "max": _max,
    "ones_like": _ones_like,
    "zeros_like": _zeros_like,
    "transpose": _transpose,
}
TORCH_SHARED: dict[str, Handler] = {
    **{
        name: NUMPY[name]
        for name in ("matmul", "outer", "kron", "sum", "mean", "trace", "einsum", "square", "tensordot", "where")
    },
    "mm": _matmul,
    "t": _t,
    "mul": _arithmetic("*"),
    "add": _arithmetic("+"),
    "sub": _arithmetic("-"),
    "div": _arithmetic("/"),
}
METHODS: dict[str, Handler] = {
    **{name: NUMPY[name] for name in ("sum", "mean", "dot", "reshape", "trace", "max")},
    "matmul": _matmul,
    "mm": _matmul,
    "t": _t,
}
LINALG: dict[str, Handler] = {"norm": _norm, "inv": _inv, "solve": _solve, "det": _det}
