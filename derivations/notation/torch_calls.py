"""What `torch.nn.functional` means by its layers: correlations over batches and channels, and their transposes.

Law: every argument is read or is an error; padding is the same on both sides of an axis.
"""

from __future__ import annotations

import ast

from derivations.notation.calls import Call, Caller, Handler
from derivations.notation.slices import Cut, cut
from derivations.notation.typed import ATOM, Typed, bracketed, mark


def _conv1d(reader: Caller, call: Call) -> Typed:
    return _conv(reader, call, 1)


def _conv2d(reader: Caller, call: Call) -> Typed:
    return _conv(reader, call, 2)


def _conv3d(reader: Caller, call: Call) -> Typed:
    return _conv(reader, call, 3)


def _conv(reader: Caller, call: Call, slides: int) -> Typed:
    """out[n, f] = Σ_c corr(x[n, g(f)·q + c], w[f, c]) + b[f], where g(f) = f // (M / groups) and w has q channels;
    the kernel slides along so many axes."""
    given = reader.bind(call, ["input", "weight", "bias", "stride", "padding", "dilation", "groups"], 2)
    x, w = _maps(reader, given, call, slides)
    marks = [f"{name}={reader.each(given[name])}" for name in ("stride", "dilation") if name in given]
    if "padding" in given:
        marks += _padding(reader, given, w)
    n, f, c = reader.arrays.fresh(3, ["n", "f", "c"], f"{x.text} {w.text}")
    channel = _channel(reader, call, given, x, w, f, c)
    inner = f"corr({x.text}[{n}, {channel}], {w.text}[{f}, {c}], {', '.join(['valid', *marks])})"
    return _batched(reader, call, given, inner, (n, f, c), (str(x.shape[0]), str(w.shape[0]), str(w.shape[1])))


def _channel(reader: Caller, call: Call, given: dict[str, ast.expr], x: Typed, w: Typed, f: str, c: str) -> str:
    """The channel of the input that channel c of filter f meets; raises InputError where PyTorch would refuse."""
    count = reader.size(given["groups"]) if "groups" in given else "1"
    channels, filters, own = str(x.shape[1]), str(w.shape[0]), str(w.shape[1])
    shown = f"{count} groups of {own} channels" if count != "1" else f"{own} channels"
    if not reader.arrays.are_equal(channels, f"({count})*({own})"):
        raise reader.fail(call.node, f"the input has {channels} channels, the weight {shown}", "as many")
    if count == "1":
        return c
    each = reader.arrays.quotient(filters, count)
    if each is None:
        raise reader.fail(call.node, f"{filters} filters in {count} groups", f"a multiple, such as w[{count}*r, ...]")
    origin = reader.arrays.types.origin
    counted = f"({f} - {origin})" if origin else f
    group = counted if each == "1" else f"{counted} // {_held(each)}"
    return f"{group}*{_held(own)} + {c}" if own != "1" else f"{group} + {c}"


def _held(size: str) -> str:
    """A size as a factor."""
    return size if size.isalnum() else f"({size})"


def _padding(reader: Caller, given: dict[str, ast.expr], w: Typed) -> list[str]:
    """`same` adds dilation·(k - 1) on each axis, the smaller half in front; a number adds as much on every side."""
    node = given["padding"]
    if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
        size = _both_sides(reader, node)
        return [f"pad=({size})" if "(" in size else f"pad={size}"]
    if reader.text(node, "", ("same", "valid")) == "valid":
        return []
    if "stride" in given and reader.each(given["stride"]).strip("(1, )"):
        raise reader.fail(node, "padding='same' with a stride", "stride=1")
    factors = given.get("dilation")
    parts = factors.elts if isinstance(factors, ast.Tuple | ast.List) else [factors] * (w.rank - 2)
    sides = []
    for factor, size in zip(parts, map(str, w.shape[2:]), strict=False):
        total = f"({size} - 1)" if factor is None else f"{_held(reader.size(factor))}*({size} - 1)"
        sides.append(f"({total}//2, {total} - {total}//2)")
    return [f"pad=({', '.join(sides)})"]


def _conv_transpose2d(reader: Caller, call: Call) -> Typed:
    """out[n, c] = Σ_f conv(dilate(x[n, f], s), w[f, c], full), cut by the padding, + b[c]."""
    names = ["input", "weight", "bias", "stride", "padding", "output_padding", "groups", "dilation"]
    given = reader.bind(call, names, 2)
    extra = given.get("output_padding")
    if extra is not None and reader.each(extra) not in ("0", "(0, 0)"):
        raise reader.fail(extra, "an output padding", "output_padding=0")
    groups = given.get("groups")
    if groups is not None and reader.size(groups) != "1":
        raise reader.fail(groups, "a transposed convolution in groups", "groups=1")
    x, w = _maps(reader, given, call, 2)
    if not reader.arrays.are_equal(str(x.shape[1]), str(w.shape[0])):
        raise reader.fail(call.node, f"the input has {x.shape[1]} channels, the weight {w.shape[0]}", "as many")
    n, f, c = reader.arrays.fresh(3, ["n", "f", "c"], f"{x.text} {w.text}")
    data = f"{x.text}[{n}, {f}]"
    if "stride" in given:
        data = f"dilate({data}, {reader.each(given['stride'])})"
    dilation = f", dilation={reader.each(given['dilation'])}" if "dilation" in given else ""
    inner = f"conv({data}, {w.text}[{f}, {c}], full{dilation})"
    if "padding" in given:
        inner = f"crop({inner}, {_both_sides(reader, given['padding'])})"
    return _batched(reader, call, given, inner, (n, c, f), (str(x.shape[0]), str(w.shape[1]), str(x.shape[1])))


def _maps(reader: Caller, given: dict[str, ast.expr], call: Call, slides: int) -> tuple[Typed, Typed]:
    """Input and weight, with a batch and channels before the axes, written so that subscripts follow."""
    x, w = reader.read(given["input"]), reader.read(given["weight"])
    if x.rank != slides + 2 or w.rank != slides + 2:
        expected = f"rank {slides + 2}: batch, channel, {', '.join(('row', 'column', 'layer')[:slides])}"
        raise reader.fail(call.node, f"{call.spelled} of rank {x.rank} and rank {w.rank}", expected)
    return tuple(Typed(bracketed(each, ATOM), each.shape) for each in (x, w))  # type: ignore[return-value]


def _both_sides(reader: Caller, node: ast.expr) -> str:
    """The padding of PyTorch is the same on both sides of an axis."""
    if not isinstance(node, ast.Tuple | ast.List):
        return reader.size(node)
    return ", ".join(f"({size}, {size})" for size in map(reader.size, node.elts))


def _batched(
    reader: Caller,
    call: Call,
    given: dict[str, ast.expr],
    inner: str,
    names: tuple[str, str, str],
    sizes: tuple[str, str, str],
) -> Typed:
    _, out, _ = names
    ranges = [reader.arrays.range_of(name, size) for name, size in zip(names, sizes, strict=True)]
    body = f"sum[{ranges[2]}]({inner})"
    bias = given.get("bias")
    if bias is not None and not (isinstance(bias, ast.Constant) and bias.value is None):
        added = reader.read(bias)
        if added.rank != 1:
            raise reader.fail(bias, f"a bias of rank {added.rank}", "rank 1")
        if not reader.arrays.are_equal(str(added.shape[0]), sizes[1]):
            raise reader.fail(bias, f"a bias of {added.shape[0]} for {sizes[1]} channels", "as many")
        body += f" + {Typed(bracketed(added, ATOM)).text}[{out}]"
    span = reader.span(call.node)
    return reader.arrays.shaped(Typed(mark(f"entries[{ranges[0]}, {ranges[1]}]({body})", *span)), span)


def _linear(reader: Caller, call: Call) -> Typed:
    """x Wᵀ + b, the bias for every row."""
    given = reader.bind(call, ["input", "weight", "bias"], 2)
    span = reader.span(call.node)
    x, w = reader.read(given["input"]), reader.read(given["weight"])
    made = reader.arrays.binary("@", x, reader.arrays.transposed(w, span), span, span)
    bias = given.get("bias")
    if bias is None or (isinstance(bias, ast.Constant) and bias.value is None):
        return made
    return reader.arrays.binary("+", reader.arrays.shaped(made, span), reader.read(bias), span, span)


def _softmax(reader: Caller, call: Call) -> Typed:
    given = reader.bind(call, ["input", "dim"], 2)
    x = reader.read(given["input"])
    if reader.axes(given["dim"], x) != [x.rank - 1]:
        raise reader.fail(given["dim"], "softmax over an axis that is not the last", "dim=-1")
    return reader.arrays.call("softmax", [x], reader.span(call.node))


def _avg_pool2d(reader: Caller, call: Call) -> Typed:
    """Padded zeros count in the mean."""
    names = ["input", "kernel_size", "stride", "padding"]
    return _pooled(reader, call, "mean_pool", reader.bind(call, names, 2))


def _max_pool2d(reader: Caller, call: Call) -> Typed:
    """A padded place is never the largest."""
    names = ["input", "kernel_size", "stride", "padding"]
    return _pooled(reader, call, "max_pool", reader.bind(call, names, 2))


def _pooled(reader: Caller, call: Call, name: str, given: dict[str, ast.expr]) -> Typed:
    """Windows of the last two axes, complete ones only; the stride is the window's size unless it is said."""
    x = reader.read(given["input"])
    if x.rank not in (3, 4):
        raise reader.fail(call.node, f"{call.spelled} of rank {x.rank}", "rank 3 or 4")
    marks = [reader.each(given["kernel_size"])]
    if "stride" in given:
        marks.append(f"stride={reader.each(given['stride'])}")
    if "padding" in given:
        size = _both_sides(reader, given["padding"])
        marks.append(f"pad=({size})" if "(" in size else f"pad={size}")
    return reader.arrays.call(name, [x], reader.span(call.node), ", ".join(marks))


def _dot(reader: Caller, call: Call) -> Typed:
    """Of vectors alone."""
    a, b = reader.pair_of(call)
    if a.rank != 1 or b.rank != 1:
        raise reader.fail(call.node, f"torch.dot of rank {a.rank} and rank {b.rank}", "vectors")
    return reader.arrays.binary("@", a, b, reader.span(call.node), reader.span(call.node))


def _flip(reader: Caller, call: Call) -> Typed:
    """`x.flip(0, 1)` and `torch.flip(x, [0, 1])`: reversed along these axes."""
    dims = call.named.pop("dims", None)
    first, *rest = call.positional
    parts = rest if dims is None else [dims]
    nodes = [each for part in parts for each in (part.elts if isinstance(part, ast.Tuple | ast.List) else [part])]
    typed = reader.read(first)
    if call.named or not nodes:
        raise reader.fail(call.node, "a flip along which axes?", "torch.flip(x, [0, 1])")
    axes = reader.axes(ast.copy_location(ast.Tuple(elts=nodes, ctx=ast.Load()), call.node), typed)
    reversed_ones = [Cut(is_reversed=axis in (axes or [])) for axis in range(typed.rank)]
    return cut(reader.arrays, typed, reversed_ones, reader.span(call.node))


def _transpose(reader: Caller, call: Call) -> Typed:
    """Of a matrix, by its two axes."""
    first, *rest = call.positional
    typed = reader.read(first)
    if call.named or typed.rank != 2 or sorted(reader.whole(part) % 2 for part in rest) != [0, 1]:
        raise reader.fail(call.node, "other axes than the two of a matrix", "x.transpose(0, 1) of a matrix")
    return reader.arrays.transposed(typed, reader.span(call.node))


TORCH: dict[str, Handler] = {"dot": _dot, "flip": _flip, "transpose": _transpose}
FUNCTIONAL: dict[str, Handler] = {
    "conv1d": _conv1d,
    "conv2d": _conv2d,
    "conv3d": _conv3d,
    "conv_transpose2d": _conv_transpose2d,
    "linear": _linear,
    "softmax": _softmax,
    "avg_pool2d": _avg_pool2d,
    "max_pool2d": _max_pool2d,
}
