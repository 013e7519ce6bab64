"""Reads a function alone and compares its reading with NumPy at sizes."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from derivations.reading.integers import Cond, evaluated
from derivations.reading.kernel import Settler
from derivations.reading.layers import Layer
from derivations.reading.program import Function, parsed
from derivations.reading.reader import Reader, Reading
from derivations.reading.records import Split
from derivations.reading.samples import Evaluated, sample_at
from derivations.reading.signature import parse_signature

HEADER = "import numpy as np\nfrom numpy.lib.stride_tricks import sliding_window_view\n"


def readings_of(code: str, given: str, settle: Any = None, header: str = HEADER) -> list[Reading]:
    """The readings of `forward` in a program, one for each case; no kernel is asked unless `settle` does."""
    sys.setrecursionlimit(20_000)
    source = parsed(header + code, "program.py")
    function = source.names["forward"]
    assert isinstance(function, Function)
    signature = parse_signature(given)
    pending: list[tuple[Cond, ...]] = [()]
    found: list[Reading] = []
    while pending:
        conditions = pending.pop(0)
        answer = settle or Settler(signature.dims, (*signature.conditions, *conditions))
        try:
            found.append(Reader(Layer(function, function), signature, conditions, answer).read_forward())
        except Split as split:
            from derivations.reading.integers import negated

            assert len(pending) + len(found) < 16
            pending += [(*conditions, split.condition), (*conditions, negated(split.condition))]
    return found


def run_code(code: str, header: str = HEADER) -> Any:
    """The program's own forward."""
    names: dict[str, Any] = {}
    exec(header + code, names)
    return names["forward"]


def compared_at(reading: Reading, values: Evaluated, forward: Any, sizes: dict[str, int]) -> str:
    """"" where reading and code agree at these sizes, else what differs."""
    sample = sample_at(reading, sizes, 0, values.smooth)
    data = values.data(sample, sizes)
    mine = values.value(reading.out, sizes, data)
    arguments: dict[str, Any] = {
        name: np.array([float(v) for v in sample.values[name]]).reshape(sample.shapes[name])
        for name in reading.signature.arrays
    }
    for name, value in reading.signature.values.items():
        arguments[name] = evaluated(value, sizes)
    out = np.asarray(forward(**arguments), dtype=float)
    shape = tuple(evaluated(size, sizes) for size in reading.out_shape)
    if out.shape != shape:
        return f"{sizes}: code has shape {out.shape}, reading {shape}"
    wanted = np.array([float(v) for v in mine]).reshape(shape)
    if not np.allclose(out, wanted, rtol=1e-9, atol=1e-9):
        return f"{sizes}: code gives {out.tolist()}, reading {wanted.tolist()}"
    return ""
