"""The contract of the table: every row against NumPy itself, at shapes by increasing sum and without coincidences."""

from __future__ import annotations

import pytest
from reading_harness import compared_at, readings_of, run_code

from derivations.crosscheck import NotEvaluable
from derivations.reading.kernel import obligation_answer
from derivations.reading.numpy_table import METHODS, ROWS
from derivations.reading.samples import Evaluated, sizes_for

X, XY = "x: n, m", "x: n, m; y: n, m"
# row: (the value of forward, --given)
CASES: dict[str, list[tuple[str, str]]] = {
    "exp": [("np.exp(x)", X)],
    "log": [("np.log(x*x)", X)],
    "sqrt": [("np.sqrt(x*x + 1)", X)],
    "tanh": [("np.tanh(x)", X)],
    "abs": [("np.abs(x)", X)],
    "absolute": [("np.absolute(x)", X)],
    "negative": [("np.negative(x)", X)],
    "square": [("np.square(x)", X)],
    "reciprocal": [("np.reciprocal(x)", X)],
    "log1p": [("np.log1p(x*x)", X)],
    "expm1": [("np.expm1(x)", X)],
    "positive": [("np.positive(x)", X)],
    "sign": [("np.sign(x)", X)],
    "add": [("np.add(x, y)", "x: n, m; y: m")],
    "subtract": [("np.subtract(x, y)", "x: n, 1; y: m")],
    "multiply": [("np.multiply(x, y)", XY)],
    "divide": [("np.divide(x, y)", XY)],
    "true_divide": [("np.true_divide(x, y)", XY)],
    "power": [
        ("np.power(x, 3)", X),
        ("x**2", X),
        ("(x*x)**0.5", X),
    ],
    "floor_divide": [("x[np.floor_divide(np.arange(n), 2)]", X)],
    "mod": [("x[np.mod(np.arange(2*n), n)]", X)],
    "greater": [("np.greater(x, y)", XY)],
    "greater_equal": [("np.greater_equal(x, y)", XY)],
    "less": [("x * np.less(x, y)", XY)],
    "less_equal": [("np.less_equal(x, 0) * 1.0", X)],
    "equal": [
        ("np.equal(x, np.max(x, axis=1, keepdims=True)) * x", X),
        ("(x == x.max()) * y", XY),
    ],
    "not_equal": [("np.not_equal(x, np.max(x, axis=0)) * x", X)],
    "maximum": [
        ("np.maximum(x, 0)", X),
        ("np.maximum(x, y)", XY),
    ],
    "fmax": [("np.fmax(0, x)", X)],
    "minimum": [("np.minimum(x, 1)", X)],
    "fmin": [("np.fmin(x, y)", XY)],
    "clip": [("np.clip(x, -1, 2)", X)],
    "where": [("np.where(x > 0, x, 2*y)", XY)],
    "logical_and": [("np.logical_and(x > 0, y > 0) * x", XY)],
    "logical_or": [("np.logical_or(x > 0, y > 0) * x", XY)],
    "logical_not": [("np.logical_not(x > y) * x", XY)],
    "zeros": [("np.zeros((n, m)) + x", X)],
    "ones": [("np.ones(m) + x", X)],
    "empty": [("fill(np.empty((n, m)), x)", X)],
    "full": [("np.full((n, m), 3) * x", X)],
    "zeros_like": [("np.zeros_like(x)", X)],
    "ones_like": [("np.ones_like(x) - x", X)],
    "empty_like": [("fill(np.empty_like(x), x)", X)],
    "full_like": [("np.full_like(x, 2)", X)],
    "eye": [
        ("np.eye(n) @ x", X),
        ("np.eye(n, m)", X),
    ],
    "identity": [("np.identity(n) @ x", X)],
    "arange": [
        ("np.arange(n) * 1.0", X),
        ("np.arange(1, 2*n + 1, 2)[:, None] * x", X),
        ("x[np.arange(n - 1, -1 + n)]", X),
    ],
    "array": [
        ("np.array(x)", X),
        ("np.array([x[0], 2*x[0]])", X),
    ],
    "asarray": [("np.asarray(x) + 1", X)],
    "asanyarray": [("np.asanyarray(x)", X)],
    "ascontiguousarray": [("np.ascontiguousarray(x.T)", X)],
    "copy": [
        ("np.copy(x)", X),
        ("keep(x)", X),
    ],
    "astype": [
        ("x.astype(float)", X),
        ("(x > 0).astype(np.float64)", X),
    ],
    "float64": [("np.float64(2) * x", X)],
    "float32": [("np.float32(2) * x", X)],
    "sum": [
        ("np.sum(x)", X),
        ("x.sum(axis=0)", X),
        ("x.sum(-1, keepdims=True)", X),
        ("x.sum((0, 1))", X),
    ],
    "mean": [
        ("np.mean(x, axis=1)", X),
        ("x.mean()", X),
    ],
    "average": [("np.average(x, axis=0)", X)],
    "var": [
        ("np.var(x, axis=0)", X),
        ("x.var(axis=0, ddof=0)", X),
    ],
    "std": [("x.std(axis=1, keepdims=True)", X)],
    "max": [
        ("np.max(x, axis=1)", X),
        ("x.max()", X),
    ],
    "amax": [("np.amax(x, axis=0, keepdims=True)", X)],
    "min": [("np.min(x, axis=1)", X)],
    "amin": [("np.amin(x)", X)],
    "argmax": [
        ("(np.argmax(x, axis=1)[:, None] == np.arange(m)) * y", XY),
        ("y[np.arange(n), x.argmax(axis=1)]", XY),
        ("np.eye(n)[np.argmax(x, axis=0)]", X),
    ],
    "nanargmax": [("x[np.unravel_index(np.nanargmax(x), x.shape)]", X)],
    "argmin": [("(np.argmin(x, axis=0) == np.arange(n)[:, None]) * x", X)],
    "nanargmin": [("y[np.nanargmin(x, axis=0), np.arange(m)]", XY)],
    "unravel_index": [("x[np.unravel_index(np.argmax(y), y.shape)]", XY)],
    "prod": [("x.reshape(np.prod(x.shape))", X)],
    "linalg.norm": [
        ("np.linalg.norm(x)", X),
        ("x / np.linalg.norm(x, axis=1, keepdims=True)", X),
        ("np.linalg.norm(x, 2, 0)", X),
        ("np.linalg.norm(x, 'fro')", X),
    ],
    "cumsum": [
        ("np.cumsum(x, axis=0)", X),
        ("x.cumsum()", X),
    ],
    "dot": [
        ("np.dot(x, y)", "x: n, k; y: k, m"),
        ("x.dot(y)", "x: n, a, k; y: k"),
        ("np.dot(x, y)", "x: a, n, k; y: b, k, m"),
    ],
    "matmul": [
        ("np.matmul(x, y)", "x: a, n, k; y: a, k, m"),
        ("x @ y", "x: a, n, k; y: k, m"),
        ("x @ y", "x: k; y: k"),
    ],
    "inner": [("np.inner(x, y)", "x: n, k; y: m, k")],
    "vdot": [("np.vdot(x, y)", XY)],
    "outer": [("np.outer(x, y)", "x: n; y: m")],
    "tensordot": [
        ("np.tensordot(x, y, axes=(1, 0))", "x: n, k; y: k, m"),
        ("np.tensordot(x, y)", XY),
        ("np.tensordot(x, y, ([1, 2], [0, 1]))", "x: n, k, l; y: k, l, m"),
        ("np.tensordot(x, y, 1)", "x: n, k; y: k, m"),
    ],
    "einsum": [
        ("np.einsum('ij,jk->ik', x, y)", "x: n, k; y: k, m"),
        ("np.einsum('ij->ji', x)", X),
        ("np.einsum('ba', x)", X),
        ("np.einsum('...j,j->...', x, y)", "x: a, n, k; y: k"),
        ("np.einsum('ii', x)", "x: n, n"),
    ],
    "trace": [("np.trace(x)", "x: n, n")],
    "diagonal": [("np.diagonal(x)", "x: n, n"), ("(x @ x.T).diagonal()", X)],
    "take": [
        ("np.take(x, 0, axis=1)", X),
        ("np.take(x, -1)", X),
        ("x.take(np.arange(n)[::-1], axis=0)", X),
    ],
    "kron": [
        ("np.kron(x, y)", "x: n, m; y: k, l"),
        ("np.kron(x, np.ones((2, 2)))", X),
    ],
    "reshape": [
        ("np.reshape(x, (m, n))", X),
        ("np.reshape(x, -1)", X),
        ("x.reshape(n*m) * 1", X),
    ],
    "ndarray.reshape": [
        ("x.reshape(n, m // 2, 2)", X + "; m % 2 == 0"),
        ("x.reshape((m, n))", "x: n, m"),
    ],
    "ravel": [
        ("x.ravel()", X),
        ("np.ravel(x.T)", X),
    ],
    "ndarray.flatten": [("x.T.flatten()", X)],
    "transpose": [
        ("np.transpose(x)", X),
        ("np.transpose(x, (2, 0, 1))", "x: n, m, k"),
    ],
    "ndarray.transpose": [
        ("x.transpose(1, 2, 0)", "x: n, m, k"),
        ("x.transpose()", X),
    ],
    "swapaxes": [("np.swapaxes(x, 0, 2)", "x: n, m, k")],
    "moveaxis": [("np.moveaxis(x, 0, -1)", "x: n, m, k")],
    "expand_dims": [
        ("np.expand_dims(x, 1) * y", XY),
        ("np.expand_dims(x, (0, 3))", X),
    ],
    "squeeze": [("np.squeeze(x, axis=1)", "x: n, 1, m")],
    "flip": [
        ("np.flip(x)", X),
        ("np.flip(x, axis=0)", X),
    ],
    "flipud": [("np.flipud(x)", X)],
    "fliplr": [("np.fliplr(x)", X)],
    "rot90": [
        ("np.rot90(x)", X),
        ("np.rot90(x, 2)", X),
        ("np.rot90(x, 2, (2, 3))", "x: n, m, k, l"),
        ("np.rot90(x, 3)", X),
    ],
    "roll": [
        ("np.roll(x, 1, axis=0)", X),
        ("np.roll(x, -2, axis=1)", X),
    ],
    "broadcast_to": [
        ("np.broadcast_to(x, (k, n, m)) * 1", "x: n, m; y: k"),
        ("np.broadcast_to(x, (n, m))", "x: n, 1; y: m"),
    ],
    "pad": [
        ("np.pad(x, 1)", X),
        ("np.pad(x, ((1, 2), (0, 1)), mode='constant')", X),
        ("np.pad(x, ((p, p), (0, q)))", X + "; p = p; q = q; p >= 0; q >= 0"),
    ],
    "concatenate": [
        ("np.concatenate((x, y), axis=0)", "x: n, m; y: k, m"),
        ("np.concatenate([x, y], axis=1)", "x: n, m; y: n, k"),
    ],
    "stack": [
        ("np.stack([x, y])", XY),
        ("np.stack([x, y], axis=-1)", XY),
    ],
    "vstack": [("np.vstack([x, y])", "x: n, m; y: m")],
    "hstack": [("np.hstack([x, y])", XY)],
    "split": [
        ("np.split(x, 2, axis=0)[1]", "x: 2*n, m"),
        ("np.split(x, [1], axis=1)[1]", X + "; m >= 2"),
    ],
    "repeat": [
        ("np.repeat(x, 3, axis=1)", X),
        ("x.repeat(k, axis=0)", X + "; k = k"),
        ("np.repeat(x, 2)", X),
    ],
    "tile": [
        ("np.tile(x, (2, 3))", X),
        ("np.tile(x, k)", X + "; k = k"),
        ("np.tile(x, (k, 1, 1))", X + "; k = k"),
    ],
    "lib.stride_tricks.sliding_window_view": [
        ("sliding_window_view(x, k)", "x: n; k = k; k <= n"),
        ("sliding_window_view(x, (k, l), axis=(0, 1))[::2, ::s]", X + "; k = k; l = l; s = s; k <= n; l <= m"),
    ],
    "diag": [
        ("np.diag(x)", "x: n"),
        ("np.diag(x)", "x: n, n"),
    ],
    "tril": [
        ("np.tril(x)", X),
        ("np.tril(x, -1)", X),
    ],
    "triu": [("np.triu(x, 1)", X)],
}
PROLOGUE = """
def fill(a, x):
    a[:] = x
    return a

def keep(x):
    a = x.copy()
    a[0] = 1
    return a + x

"""


def program(value: str, given: str) -> str:
    """A forward function of the signature's arguments; sizes are read off the shapes."""
    names = [part.split(":")[0].split("=")[0].strip() for part in given.split(";") if ":" in part or (
        "=" in part and not any(word in part for word in ("<=", ">=", "==")))]  # fmt: skip
    lines = [f"    {', '.join(sizes)}, = {name}.shape" for name, sizes in _sizes(given) if sizes]
    return PROLOGUE + f"def forward({', '.join(names)}):\n" + "\n".join([*lines, f"    return {value}"]) + "\n"


def _sizes(given: str) -> list[tuple[str, list[str]]]:
    found = []
    for part in given.split(";"):
        name, colon, sizes = part.partition(":")
        parts = [size.strip() for size in sizes.split(",")]
        if colon and all(size.isidentifier() for size in parts):
            found.append((name.strip(), parts))
        elif colon:
            found.append((name.strip(), [size if size.isidentifier() else "_" for size in parts]))
    return found


ROWS_AND_CASES = [(name, value, given) for name, cases in CASES.items() for value, given in cases]


@pytest.mark.parametrize(("name", "value", "given"), ROWS_AND_CASES)
def test_a_row_is_numpys_function(name: str, value: str, given: str) -> None:
    """Reading and NumPy agree, entry by entry, wherever the reading's obligations are proved."""
    code = program(value, given)
    forward = run_code(code)
    readings = readings_of(code, given)
    for reading in readings:
        for obligation in reading.obligations:
            answer = obligation_answer(reading.facts, reading.conditions, obligation)
            assert answer.word == "proved", (obligation.what, answer)
    count = 0
    for reading in readings:
        values = Evaluated(reading)
        for sizes in sizes_for(readings, 8):
            if all(condition.holds(sizes) for condition in reading.conditions):
                try:
                    assert not (found := compared_at(reading, values, forward, sizes)), found
                except NotEvaluable:  # the root of a variance of one entry
                    continue
                count += 1
    assert count >= 8


def test_every_row_has_a_case() -> None:
    """A row without a comparison with NumPy is a hole in the contract."""
    assert {name.removeprefix("numpy.") for name in ROWS} == CASES.keys()
    assert set(METHODS.values()) <= ROWS.keys()
