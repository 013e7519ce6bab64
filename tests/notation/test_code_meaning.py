"""What a line of code is read as computes what the library computes, on whole numbers, at several sizes.

The library itself is the judge: NumPy, SciPy and PyTorch run the line. MATLAB's `conv2` is written out here in loops.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
from acceptance import context, source

from derivations.crosscheck.evaluate import Scope, value_of
from derivations.crosscheck.values import number
from derivations.language.document import parse_expression
from derivations.language.errors import InputError
from derivations.language.types import ScopeTypes
from derivations.notation.code import read_code
from derivations.notation.profile import Profile

GIVEN = """dims N, C, M, H, W, p, q, g, k where p <= H, q <= W
tensor x[H, W], w[p, q], d[H - p + 1, W - q + 1], u[H], v[p], r[1, W], c[H, 1], m[W, p], y[H, W]
tensor X[N, C, H, W], K[M, C, p, q], beta[M], E[N, M, H, W]
tensor Xg[N, g*k, H, W], Kg[g*M, k, p, q], D[C, 1, p, q], V[M, W], h[M], betag[g*M]
tensor X1[N, C, W], K1[M, C, q], X3[N, C, H, W, W], K3[M, C, p, q, q]
scalar s"""
SIZES = [
    {"N": 2, "C": 3, "M": 2, "H": 5, "W": 4, "p": 2, "q": 3, "g": 2, "k": 3},
    {"N": 1, "C": 2, "M": 3, "H": 4, "W": 6, "p": 4, "q": 2, "g": 3, "k": 1},
    {"N": 3, "C": 1, "M": 1, "H": 3, "W": 3, "p": 1, "q": 1, "g": 1, "k": 2},
]
NUMPY = """
x @ m | x.T @ y | np.dot(x.T, y) | x * y + 2 * x - y / 4 | x + r | c * x - r | np.sum(x) | x.sum(axis=0)
x.sum(axis=1, keepdims=True) | np.sum(X, axis=(0, 2, 3)) | np.mean(x) | np.mean(x, axis=1)
np.sum(X, axis=1, keepdims=True) | X.sum(axis=(-1, -2)) | np.mean(X, axis=(2, 3)) | np.outer(u, v)
np.kron(x, w) | x ** 2 | np.einsum('ij,kj->ik', x, y) | np.einsum('nchw,fcpq->nf', X, K)
np.einsum('ii->i', x @ x.T) | np.einsum('ij->', x) | np.tensordot(x, y, axes=([0], [0]))
np.tensordot(X, K, axes=([1], [1])) | np.tensordot(x, y) | np.tensordot(x, m, axes=1) | np.rot90(w)
np.rot90(w, 2) | np.rot90(w, 3) | np.rot90(w, -1) | np.flip(w) | np.flip(w, axis=1) | np.flipud(w)
np.fliplr(w) | w[::-1, ::-1] | np.trace(x @ x.T) | np.square(x) | np.reshape(x, (W, H)) | x.reshape(H * W)
np.ones((H, W)) - np.eye(H) @ x | x.shape[0] * x | -x ** 2 | (-x) ** 3 | s * x / x.shape[1] | np.transpose(x)
np.maximum(x, 0) | np.abs(x) | 0.5 * x - 1.25 * y | np.pad(x, 1) | np.pad(x, ((1, 2), (0, q)))
x[1:] | x[:, 1:] | x[:-1, :] | u[:-1] | u[::2] | u[::-1] | x[::-1] | x[:, ::-1] | x[0] | x[-1] | x[:, 0] | x[..., 0]
u[:, None] * r | u[None, :] | u[:, np.newaxis] + x | X[:, 0] | x[1:-1, 1:-1] | x[:H - p + 1, q - 1:] | X[:, :, ::2, ::2]
x[-1:] | x[:p, :-q + 1 + W - 1] | u[0] * u[-1] | x[0, -1] | x[..., None] | X[:, ::-1, 0] | x[1:, 1:] - x[:-1, :-1]
np.where(x > 0, x, 0) | np.where(x > y, x, y) | np.where(r >= 0, x, -c) | np.where(s != 0, x, y)
np.where(x <= 2, 1, 0) | np.einsum('ij->i', np.einsum('ij->ji', x)) | (u[:, None] * r).sum(axis=0, keepdims=True) + x
np.where(x == 1, r, c) | (x > 0) * y | y * (x < 0) | x * (r > 0) + (y > 0) * y | np.minimum(x, 0) | np.minimum(0, x)
np.sum(x, axis=1, keepdims=True) * y | np.sum(u, axis=0, keepdims=True) + u | np.mean(x, axis=0, keepdims=True) - x
np.max(x) | np.max(x, axis=1) | np.max(x, axis=0) | np.max(x, axis=1, keepdims=True) | u[:, None] + np.max(x, axis=0)
x - np.max(x, axis=-1, keepdims=True) | x.max(axis=0, keepdims=True) - x | np.max(u, axis=0, keepdims=True) * u
np.max(X, axis=1) | X.max(axis=2, keepdims=True) | x[p - 1:, None] | (x @ x.T)[0] | x[1::2, ::3]
"""
SCIPY = """
signal.convolve2d(x, w) | signal.convolve2d(x, w, mode='valid') | signal.convolve2d(x, w, mode='same')
signal.convolve2d(w, x, mode='valid') | convolve2d(d, w, 'full') | signal.correlate2d(x, w, mode='valid')
signal.correlate2d(d, w, mode='full') | signal.correlate2d(x, w, mode='same')
signal.correlate2d(x, w, boundary='fill') | np.convolve(u, v) | np.convolve(v, u, mode='valid')
np.correlate(u, v) | np.correlate(u, v, 'full') | signal.convolve(u, v) | signal.convolve(u, v, mode='same')
signal.convolve(u, v, 'valid') | signal.convolve(x, w, mode='same') | signal.correlate(u, v, mode='full')
signal.correlate(u, v, mode='valid') | signal.correlate(x, w, mode='full') | signal.correlate(u, v, mode='same')
signal.correlate(x, w, mode='same') | signal.convolve(X[0], K[0], 'valid') | signal.convolve(v, u, 'valid')
"""
TORCH = """
F.conv2d(X, K) | F.conv2d(X, K, beta) | F.conv2d(X, K, padding=1)
F.conv2d(X, K, beta, stride=2, padding=(1, 2)) | F.conv_transpose2d(E, K) | F.conv_transpose2d(E, K, stride=2)
F.conv_transpose2d(E, K, stride=(2, 3), bias=None) | torch.einsum('nchw,nchw->nc', X, X)
torch.sum(X, dim=1, keepdim=True) | X.sum(dim=(0, 2)) | torch.matmul(x, m) | torch.relu(x) | x.t() @ y
torch.tensordot(x, y, dims=([0], [0])) | F.conv_transpose2d(E, K, padding=1, stride=2)
F.conv2d(Xg, Kg, groups=g) | F.conv2d(Xg, Kg, betag, groups=g, padding='same') | F.conv2d(X, D, groups=C)
F.conv2d(X, D, groups=C, padding='same', dilation=2) | F.conv2d(X, K, padding='valid', stride=1)
F.conv2d(X, K, padding='same', dilation=(1, 2)) | F.linear(x, V, h) | F.linear(x, V)
F.avg_pool2d(X, 2) | F.avg_pool2d(X, 3, stride=2, padding=1) | F.max_pool2d(X, (2, 3), stride=1)
F.conv1d(X1, K1) | F.conv1d(X1, K1, beta, stride=2, padding=1) | F.conv1d(X1, K1, padding='same')
F.conv1d(X1, K1, dilation=1, padding=(2,)) | F.conv3d(X3, K3) | F.conv3d(X3, K3, beta, stride=(1, 2, 1), padding=1)
F.conv3d(X3, K3, padding='same') | F.conv_transpose2d(F.relu(F.conv2d(X, K)), K) | torch.where(x > 0, x, y)
F.max_pool2d(X, 2, stride=1, padding=1) | X[:, :, 1:, :-1]
"""
MATLAB = """
conv2(x, w) | conv2(x, w, 'valid') | conv2(x, w, 'same') | conv2(w, x, 'same') | x' * y | x .* y | x + r
c .* x | rot90(w) | rot90(w, 2) | flipud(w) | fliplr(w) | kron(x, w) | sum(sum(x)) | sum(x(:)) | sum(x, 1)
sum(x, 2) | sum(r) | mean(x, 1) | -x.^2 | 2 * x' - y' | ones(size(x, 1), 1) * r | trace(x * x') | (x')' ./ 4
mean(mean(x)) | sum(x, 'all') | x(2:end, :) | x(:, 1) | x(1, :) | x(1, 2) | c(2:end) | r(1:end-1) | x(1:2:end, :)
x(end:-1:1, :) | x(:, end) | c(:) | c(end) | r(1) | x(1:H-p+1, q:W) | x(end, 1)
x(end-(p-1):end, :) | c(1:end-1)' * x(2:end, :)
"""


def lines(text: str) -> list[str]:
    return [line.strip() for row in text.strip().split("\n") for line in row.split("|")]


def arrays(sizes: Mapping[str, int]) -> dict[str, Any]:
    """Whole numbers for every tensor of the context, negative ones among them, no two tensors alike."""
    scope = context(GIVEN).scope({})
    made: dict[str, Any] = {}
    for name, node in scope.names.items():
        shape = tuple(
            int(size.subs({symbol: sizes[symbol.name] for symbol in size.free_symbols})) for size in node.shape
        )
        made[name] = np.random.default_rng(sum(map(ord, name))).integers(-9, 10, shape)
    return made


def computed(code: str, language: str, sizes: Mapping[str, int], data: Mapping[str, Any]) -> Any:
    """The value of the reading at these sizes."""
    given, text = context(GIVEN), source(code)
    reading = read_code(text, 0, len(code), language, Profile(), ScopeTypes(given.scope({})))
    node = parse_expression(reading.text, given.scope({}).context())
    value = value_of(node, Scope(sizes, {name: number(array) for name, array in data.items()}, {}))
    return np.array(value.array.tolist(), dtype=float)[0, 0]


def check(code: str, language: str, run: Callable[[dict[str, Any]], Any]) -> None:
    for sizes in SIZES:
        data = arrays(sizes)
        expected = np.array(run({**data, **sizes}), dtype=float)
        found = computed(code, language, sizes, data)
        assert found.shape == expected.shape, (code, sizes)
        assert np.array_equal(found, expected) or np.allclose(found, expected, rtol=1e-12), (code, sizes)


@pytest.mark.parametrize("code", lines(NUMPY))
def test_numpy(code: str) -> None:
    check(code, "python", lambda names: eval(code, {"np": np}, names))


@pytest.mark.parametrize("code", lines(SCIPY))
def test_scipy(code: str) -> None:
    signal = pytest.importorskip("scipy.signal")
    known = {"np": np, "signal": signal, "convolve2d": signal.convolve2d}
    check(code, "python", lambda names: eval(code, known, names))


@pytest.mark.parametrize("code", lines(TORCH))
def test_torch(code: str) -> None:
    torch = pytest.importorskip("torch")
    functional = torch.nn.functional

    def run(names: dict[str, Any]) -> Any:
        tensors = {name: torch.tensor(each, dtype=torch.float64) if isinstance(each, np.ndarray) else each
                   for name, each in names.items()}  # fmt: skip
        return eval(code, {"torch": torch, "F": functional}, tensors).numpy()

    check(code, "python", run)


def conv2(a: Any, b: Any, shape: str = "full") -> Any:
    """MATLAB's convolution in loops: `same` is the part of A's size from row ceil((m + 1)/2), counted from 1."""
    (h, w), (p, q) = a.shape, b.shape
    full = np.zeros((h + p - 1, w + q - 1))
    for i, j in np.ndindex(h, w):
        for k, m in np.ndindex(p, q):
            full[i + k, j + m] += a[i, j] * b[k, m]
    if shape == "full":
        return full
    if shape == "valid":
        return full[p - 1 : h, q - 1 : w]
    top, left = -(-(p + 1) // 2) - 1, -(-(q + 1) // 2) - 1
    return full[top : top + h, left : left + w]


def matlab(code: str, names: dict[str, Any]) -> Any:
    """The value of a line of MATLAB, by what its manual says of each function."""
    x, y, w, r, c = (names[name].astype(float) for name in "xywrc")
    table: dict[str, Callable[[], Any]] = {
        "conv2(x, w)": lambda: conv2(x, w), "conv2(x, w, 'valid')": lambda: conv2(x, w, "valid"),
        "conv2(x, w, 'same')": lambda: conv2(x, w, "same"), "conv2(w, x, 'same')": lambda: conv2(w, x, "same"),
        "x' * y": lambda: x.T @ y, "x .* y": lambda: x * y, "x + r": lambda: x + r, "c .* x": lambda: c * x,
        "rot90(w)": lambda: np.rot90(w), "rot90(w, 2)": lambda: w[::-1, ::-1], "flipud(w)": lambda: w[::-1],
        "fliplr(w)": lambda: w[:, ::-1], "kron(x, w)": lambda: np.kron(x, w), "sum(sum(x))": lambda: x.sum(),
        "sum(x(:))": lambda: x.sum(), "sum(x, 1)": lambda: x.sum(0, keepdims=True),
        "sum(x, 2)": lambda: x.sum(1, keepdims=True), "sum(r)": lambda: r.sum(),
        "mean(x, 1)": lambda: x.mean(0, keepdims=True), "-x.^2": lambda: -(x**2), "2 * x' - y'": lambda: 2 * x.T - y.T,
        "ones(size(x, 1), 1) * r": lambda: np.ones((len(x), 1)) @ r, "trace(x * x')": lambda: np.trace(x @ x.T),
        "(x')' ./ 4": lambda: x / 4, "mean(mean(x))": lambda: x.mean(), "sum(x, 'all')": lambda: x.sum(),
        "x(2:end, :)": lambda: x[1:], "x(:, 1)": lambda: x[:, :1], "x(1, :)": lambda: x[:1], "x(1, 2)": lambda: x[0, 1],
        "c(2:end)": lambda: c[1:], "r(1:end-1)": lambda: r[:, :-1], "x(1:2:end, :)": lambda: x[::2],
        "x(end:-1:1, :)": lambda: x[::-1], "x(:, end)": lambda: x[:, -1:], "c(:)": lambda: c,
        "c(end)": lambda: c[-1, 0],
        "r(1)": lambda: r[0, 0], "x(1:H-p+1, q:W)": lambda: x[: len(x) - len(w) + 1, len(w[0]) - 1 :],
        "x(end, 1)": lambda: x[-1, 0], "x(end-(p-1):end, :)": lambda: x[len(x) - len(w) :],
        "c(1:end-1)' * x(2:end, :)": lambda: c[:-1].T @ x[1:],
    }  # fmt: skip
    return table[code]()


@pytest.mark.parametrize("code", lines(MATLAB))
def test_matlab(code: str) -> None:
    check(code, "matlab", lambda names: matlab(code, names))


def test_libraries_differ_where_they_do() -> None:
    """`same` begins elsewhere for even kernels, and only SciPy's `valid` swaps."""
    sizes = SIZES[0]
    data = arrays(sizes)
    one = computed("conv2(x, w, 'same')", "matlab", sizes, data)
    other = computed("signal.convolve2d(x, w, mode='same')", "python", sizes, data)
    assert one.shape == other.shape
    assert not np.array_equal(one, other)


def test_softmax_is_over_the_last_axis() -> None:
    """It has no exact values; its text says all."""
    for code in ("F.softmax(x, dim=-1)", "torch.softmax(x, 1)"):
        text = source(code)
        types = ScopeTypes(context(GIVEN).scope({}))
        assert read_code(text, 0, len(code), "python", Profile(), types).text == "softmax(x)"


REFUSED = [
    ("python", "F.softmax(x, dim=0)", "not the last"),
    ("matlab", "sum(x)", "which"),
    ("matlab", "x / y", "solves equations"),
    ("matlab", "x ^ 2", "product with itself"),
    ("matlab", "u * x", "one axis"),
    ("matlab", "x(3)", "subscripts"),
    ("matlab", "r(:)", "column of a row"),
    ("matlab", "x(s, 1)", "no integer"),
    ("matlab", "x(end:-2:1, :)", "backwards"),
    ("matlab", "conv2(u, u, x)", "conv2 of three"),
    ("matlab", "x == y", "unexpected"),
    ("matlab", "reshape(x, 2, 3)", "not known"),
    ("matlab", "system('ls')", "not known"),
    ("python", "np.sum(x, dtype=int)", "dtype"),
    ("python", "np.dot(X, x)", "dot of rank 4"),
    ("python", "x[s]", "no integer"),
    ("python", "x[y > 0]", "Compare"),
    ("python", "x[::-2]", "backwards"),
    ("python", "x[0, 0, 0]", "3 subscripts"),
    ("python", "np.einsum('ij,jk', x, m)", "output"),
    ("python", "np.einsum('i...->i', x)", "subscripts"),
    ("python", "F.conv2d(X, K, groups=2)", "groups"),
    ("python", "F.conv2d(X, E)", "M channels"),
    ("python", "F.conv2d(X, D, groups=C, padding='same', stride=2)", "stride"),
    ("python", "F.conv_transpose2d(E, K, output_padding=1)", "output padding"),
    ("python", "signal.correlate2d(x, w, boundary='wrap')", "not known"),
    ("python", "np.convolve(u, v, 'same')", "not known"),
    ("python", "conv2d(x, w)", "not known"),
    ("python", "__import__('os').system('ls')", "not known"),
    ("python", "(lambda: x)()", "not known"),
    ("python", "[x for x in y]", "ListComp"),
    ("python", "x if s else y", "IfExp"),
    ("python", "import os", "neither"),
    ("python", "x = y = w", "one name"),
    ("python", "x +", "no Python"),
    ("python", "x ** s", "whole number"),
    ("python", "x.sum(where=y)", "where"),
    ("python", "X.T", "rank 4"),
    ("python", "x % y", "operation"),
    ("python", "np.matmul(x)", "lacks b"),
    ("python", "np.tensordot(x, y, axes=(0, 0))", "no lists"),
    ("python", "zz + x", "not declared"),
    ("python", "(x > 0) + (y > 0)", "Compare"),  # of truth values + is or
    ("python", "(x > 0) * (y > 0) + (x > 1) * (y > 1)", "Compare"),
    ("python", "-(x > 0)", "Compare"),
    ("python", "np.dot(x > 0, y.T)", "Compare"),
    ("python", "np.where(x, y, 0)", "no comparison"),
    ("python", "np.where(0 < x < 1, y, 0)", "no comparison"),
    ("python", "np.where(x > 0)", "lacks x"),
    ("python", "np.max(X, axis=(1, 2))", "several axes"),
    ("python", "torch.max(x, 1)", "not known"),  # it gives places as well
    ("python", "np.minimum(x, y)", "two arrays"),
    ("python", "F.conv1d(X, K)", "rank 4"),
]


@pytest.mark.parametrize(("language", "code", "reason"), REFUSED, ids=[code for _, code, _ in REFUSED])
def test_refused(language: str, code: str, reason: str) -> None:
    """What a line of the language does not say exactly is refused, with its place and the reason."""
    given, text = context(GIVEN), source(code)
    with pytest.raises(InputError, match=reason) as caught:
        read_code(text, 0, len(code), language, Profile(), ScopeTypes(given.scope({})))
    assert caught.value.line == 1


HOSTILE = [
    "(" * 50 + "x" + ")" * 50,
    "-" * 500 + "x",
    "x" + "'" * 500,
    "x + " * 6000 + "x",
    "x\x07",
    "",
    "x" + " + x" * 300,
    "~" * 400 + "x",
]


@pytest.mark.parametrize("language", ["matlab", "python"])
@pytest.mark.parametrize("code", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile(language: str, code: str) -> None:
    """Deep, long, empty lines and control characters are refused or read, never a traceback of something else."""
    given, text = context(GIVEN), source(code)
    try:
        reading = read_code(text, 0, len(code), language, Profile(), ScopeTypes(given.scope({})))
    except InputError:
        return
    assert reading.text.startswith("x")
