"""What `scipy.signal` means by its convolutions.

Law: `valid` slides the smaller array over the larger; the centre that `same` keeps begins at floor((k - 1)/2) for a
convolution and at floor(k/2) for a correlation.
"""

from __future__ import annotations

import ast

from derivations.notation.calls import Call, Caller, Handler
from derivations.notation.typed import Typed


def _convolve2d(reader: Caller, call: Call) -> Typed:
    given = _two(reader, call)
    mode = reader.text(given.get("mode"), "full", ("full", "valid", "same"))
    return reader.sliding("conv" if mode == "same" else "convolve", given["in1"], given["in2"], mode, call, rank=2)


def _correlate2d(reader: Caller, call: Call) -> Typed:
    given = _two(reader, call)
    mode = reader.text(given.get("mode"), "full", ("full", "valid", "same"))
    if mode == "same":
        return _correlated_same(reader, given["in1"], given["in2"], call)
    return reader.sliding("corr", given["in1"], given["in2"], mode, call, rank=2)


def _convolve(reader: Caller, call: Call) -> Typed:
    return _any_rank(reader, call, "convolve")


def _correlate(reader: Caller, call: Call) -> Typed:
    return _any_rank(reader, call, "corr")


def _fftconvolve(reader: Caller, call: Call) -> Typed:
    """The same by another method; it takes no word for one."""
    if "method" in call.named or len(call.positional) > 3:
        raise reader.fail(call.node, f"{call.spelled} with axes or a method", "signal.fftconvolve(x, w, mode='valid')")
    return _any_rank(reader, call, "convolve")


def _any_rank(reader: Caller, call: Call, name: str) -> Typed:
    """`signal.convolve` and `signal.correlate` of arrays of one rank, which the method does not change."""
    given = reader.bind(call, ["in1", "in2", "mode", "method"], 2)
    reader.text(given.get("method"), "auto", ("auto", "direct", "fft"))
    mode = reader.text(given.get("mode"), "full", ("full", "valid", "same"))
    rank = reader.read(given["in1"]).rank
    if not 1 <= rank <= 3:
        raise reader.fail(call.node, f"{call.spelled} of rank {rank}", "rank 1 to 3")
    if mode == "same":
        name = "conv" if name == "convolve" else name
    return reader.sliding(name, given["in1"], given["in2"], mode, call, rank)


def _two(reader: Caller, call: Call) -> dict[str, ast.expr]:
    given = reader.bind(call, ["in1", "in2", "mode", "boundary", "fillvalue"], 2)
    reader.text(given.get("boundary"), "fill", ("fill",))
    fill = given.get("fillvalue")
    if fill is not None and not (isinstance(fill, ast.Constant) and fill.value == 0):
        raise reader.fail(fill, "a border that is not 0", "fillvalue=0")
    return given


def _correlated_same(reader: Caller, a: ast.expr, b: ast.expr, call: Call) -> Typed:
    """SciPy's centre of the full correlation begins at floor(k/2), that of its convolution at floor((k - 1)/2)."""
    full = reader.sliding("corr", a, b, "full", call, rank=2)
    return reader.arrays.centre(full, reader.read(a).shape, reader.read(b).shape, reader.span(call.node))


SIGNAL: dict[str, Handler] = {
    "convolve2d": _convolve2d,
    "correlate2d": _correlate2d,
    "convolve": _convolve,
    "fftconvolve": _fftconvolve,
    "correlate": _correlate,
}
