"""What `torch.nn.functional` means by its layers: correlations over batches and channels, and their transposes.

Law: every argument is read or is an error; padding is the same on both sides of an axis.
"""

from __future__ import annotations

import ast

from derivations.notation.calls import Call, Caller, Handler
from derivations.notation.typed import ATOM, Typed, bracketed, mark


def _conv2d(reader: Caller, call: Call) -> Typed:
    """out[n, f] = Σ_c corr(x[n, c], w[f, c]) + b[f]."""
    given = reader.bind(call, ["input", "weight", "bias", "stride", "padding", "dilation", "groups"], 2)
    x, w = _maps(reader, given, call)
    marks = [f"{name}={reader.each(given[name])}" for name in ("stride", "dilation") if name in given]
    if "padding" in given:
        size = _both_sides(reader, given["padding"])
        marks.append(f"pad=({size})" if "(" in size else f"pad={size}")
    n, f, c = reader.arrays.fresh(3, ["n", "f", "c"])
    inner = f"corr({x.text}[{n}, {c}], {w.text}[{f}, {c}], {', '.join(['valid', *marks])})"
    return _batched(reader, call, given, inner, (n, f, c), (str(x.shape[0]), str(w.shape[0]), str(x.shape[1])))


def _conv_transpose2d(reader: Caller, call: Call) -> Typed:
    """out[n, c] = Σ_f conv(dilate(x[n, f], s), w[f, c], full), cut by the padding, + b[c]."""
    names = ["input", "weight", "bias", "stride", "padding", "output_padding", "groups", "dilation"]
    given = reader.bind(call, names, 2)
    extra = given.get("output_padding")
    if extra is not None and reader.each(extra) not in ("0", "(0, 0)"):
        raise reader.fail(extra, "an output padding", "output_padding=0")
    x, w = _maps(reader, given, call)
    n, f, c = reader.arrays.fresh(3, ["n", "f", "c"])
    data = f"{x.text}[{n}, {f}]"
    if "stride" in given:
        data = f"dilate({data}, {reader.each(given['stride'])})"
    dilation = f", dilation={reader.each(given['dilation'])}" if "dilation" in given else ""
    inner = f"conv({data}, {w.text}[{f}, {c}], full{dilation})"
    if "padding" in given:
        inner = f"crop({inner}, {_both_sides(reader, given['padding'])})"
    return _batched(reader, call, given, inner, (n, c, f), (str(x.shape[0]), str(w.shape[1]), str(x.shape[1])))


def _maps(reader: Caller, given: dict[str, ast.expr], call: Call) -> tuple[Typed, Typed]:
    """Input and weight, both of rank 4 and written so that subscripts follow."""
    groups = given.get("groups")
    if groups is not None and not (isinstance(groups, ast.Constant) and groups.value == 1):
        raise reader.fail(groups, "a convolution in groups", "groups=1")
    x, w = reader.read(given["input"]), reader.read(given["weight"])
    if x.rank != 4 or w.rank != 4:
        raise reader.fail(
            call.node, f"{call.spelled} of rank {x.rank} and rank {w.rank}", "rank 4: batch, channel, row, column"
        )
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
        body += f" + {Typed(bracketed(added, ATOM)).text}[{out}]"
    span = reader.span(call.node)
    return reader.arrays.shaped(Typed(mark(f"entries[{ranges[0]}, {ranges[1]}]({body})", *span)), span)


FUNCTIONAL: dict[str, Handler] = {"conv2d": _conv2d, "conv_transpose2d": _conv_transpose2d}
