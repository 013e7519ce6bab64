"""The contract of PyTorch's table: every row against torch itself, at shapes by increasing sum."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from reading_harness import compared_at, readings_of, run_code
from test_numpy_rows import program

from derivations.crosscheck import NotEvaluable
from derivations.reading.kernel import obligation_answer
from derivations.reading.samples import Evaluated, sizes_for
from derivations.reading.torch_windows import METHODS, ROWS

HEADER = "import torch\nimport torch.nn.functional as F\nimport torch.nn.grad\n"
X, XY = "x: n, m", "x: n, m; y: n, m"
MAPS, CONV = "x: N, C, H, W", "x: N, C, H, W; w: D, C, k, l; k <= H; l <= W"
POOL = "x: N, C, H, W; f = f; s = s; f <= H; f <= W"
TURNED = "x: N, C, H, W; w: C, D, k, l"
# row: (the value of forward, --given)
CASES: dict[str, list[tuple[str, str]]] = {
    **{name: [(f"torch.{name}(x)", X)] for name in ("exp", "tanh", "abs", "expm1", "sign", "relu", "sigmoid", "square",
                                                    "reciprocal", "clone", "zeros_like", "ones_like", "t")},
    **{name: [(f"torch.{name}(x*x + 1)", X)] for name in ("log", "sqrt", "log1p")},
    **{name: [(f"torch.{name}(x, y)", XY)] for name in ("add", "sub", "subtract", "mul", "multiply", "div", "divide",
                                                        "maximum", "minimum")},
    "pow": [("torch.pow(x, 3)", X), ("x.pow(2)", X)],
    "where": [("torch.where(x > 0, x, 2*y)", XY)],
    "logical_and": [("torch.logical_and(x > 0, y > 0) * x", XY)],
    "logical_or": [("torch.logical_or(x > 0, y > 0) * x", XY)],
    "logical_not": [("torch.logical_not(x > y) * x", XY)],
    "clamp": [("torch.clamp(x, min=0)", X), ("x.clamp(-1, 2)", X)],
    "einsum": [("torch.einsum('ij,jk->ik', x, y)", "x: n, k; y: k, m")],
    "matmul": [("torch.matmul(x, y)", "x: a, n, k; y: a, k, m"), ("x @ y", "x: n, k; y: k")],
    "mm": [("torch.mm(x, y)", "x: n, k; y: k, m")],
    "bmm": [("torch.bmm(x, y)", "x: a, n, k; y: a, k, m")],
    "mv": [("torch.mv(x, y)", "x: n, k; y: k")],
    "dot": [("torch.dot(x, y)", "x: n; y: n")],
    "tensordot": [("torch.tensordot(x, y, 1)", "x: n, k; y: k, m")],
    "outer": [("torch.outer(x, y)", "x: n; y: m")],
    "ger": [("torch.ger(x, y)", "x: n; y: m")],
    "kron": [("torch.kron(x, y)", "x: n, m; y: a, b")],
    "trace": [("torch.trace(x)", "x: n, n")],
    "diag": [("torch.diag(x)", "x: n"), ("torch.diag(x)", "x: n, n")],
    "tril": [("torch.tril(x)", X)],
    "triu": [("torch.triu(x, 1)", X)],
    "eye": [("torch.eye(n, dtype=torch.double) @ x", X)],
    "zeros": [("torch.zeros(n, m) + x", X), ("torch.zeros((n, m)) + x", X)],
    "ones": [("torch.ones(m) + x", X)],
    "empty": [("fill(torch.empty(n, m, dtype=torch.double), x)", X)],
    "empty_like": [("fill(torch.empty_like(x), x)", X)],
    "full_like": [("torch.full_like(x, 2)", X)],
    "arange": [("torch.arange(n)[:, None] * x", X)],
    "flip": [("torch.flip(x, (0, 1))", X)],
    "roll": [("torch.roll(x, 1, 0)", X)],
    "swapaxes": [("torch.swapaxes(x, 0, 1)", X)],
    "moveaxis": [("torch.moveaxis(x, 0, 2)", "x: n, m, k")],
    "sum": [("torch.sum(x)", X), ("x.sum(dim=1, keepdim=True)", X), ("x.sum((0, 1))", X)],
    "mean": [("x.mean(0)", X)],
    "amax": [("torch.amax(x, 1)", X)],
    "amin": [("torch.amin(x, dim=0, keepdim=True)", X)],
    "var": [("x.var(dim=0)", "x: n, m; n >= 2"), ("torch.var(x, 1, unbiased=False)", X)],
    "std": [("x.std(dim=0)", "x: n, m; n >= 2")],
    "softmax": [("torch.softmax(x, 1)", X)],
    "log_softmax": [("torch.log_softmax(x, dim=0)", X)],
    "permute": [("x.permute(2, 0, 1)", "x: n, m, k"), ("torch.permute(x, (1, 0))", X)],
    "transpose": [("x.transpose(0, 2)", "x: n, m, k")],
    "unsqueeze": [("x.unsqueeze(1) * y", "x: n, m; y: k, m")],
    "squeeze": [("x.squeeze(1)", "x: n, 1, m")],
    "flatten": [("torch.flatten(x, 1)", "x: n, m, k"), ("x.flatten()", X)],
    "cat": [("torch.cat([x, y], dim=1)", "x: n, m; y: n, k")],
    "concat": [("torch.concat((x, x))", X)],
    "stack": [("torch.stack([x, y], dim=1)", XY)],
    "reshape": [("x.reshape(n, -1)", "x: n, m, k"), ("torch.reshape(x, (m*n,))", X)],
    "numel": [("x * torch.numel(x)", X), ("x / x.numel()", X)],
    "Tensor.view": [("x.view(n*m, k)", "x: n, m, k"), ("x.view(-1)", X)],
    "Tensor.contiguous": [("x.t().contiguous()", X)],
    "Tensor.detach": [("x.detach()", X)],
    "Tensor.expand": [("x[:, None].expand(-1, 3, m)", X)],
    "Tensor.max": [("x.max() * x", X)],
    "Tensor.repeat": [("x.repeat(2, 1)", X)],
    "Tensor.size": [("x / x.size(1)", X), ("x.view(x.size())", X)],
    "Tensor.type_as": [("x.type_as(y)", XY), ("x.to(y)", XY)],
    "conv2d": [("torch.conv2d(x, w)", CONV)],
    "conv_transpose2d": [("torch.conv_transpose2d(x, w)", TURNED)],
    "nn.functional.conv2d": [
        ("F.conv2d(x, w, b, stride=s, padding=p)",
         "x: N, C, H, W; w: D, C, k, l; b: D; s = s; p = p; p >= 0; k <= H; l <= W"),
        ("F.conv2d(x, w, dilation=2)", "x: N, C, H, W; w: D, C, k, l; 2*k <= H; 2*l <= W"),
    ],
    "nn.functional.conv_transpose2d": [
        ("F.conv_transpose2d(x, w, b, stride=s)", f"{TURNED}; b: D; s = s"),
        ("F.conv_transpose2d(x, w, stride=2, padding=1, output_padding=1)", f"{TURNED}; k >= 3; l >= 3"),
    ],
    "nn.functional.relu": [("F.relu(x)", X)],
    "nn.functional.sigmoid": [("F.sigmoid(x)", X)],
    "nn.functional.tanh": [("F.tanh(x)", X)],
    "nn.functional.softplus": [("F.softplus(x / 8)", X)],
    "nn.functional.softmax": [("F.softmax(x, dim=-1)", X)],
    "nn.functional.log_softmax": [("F.log_softmax(x, 1)", X)],
    "nn.functional.layer_norm": [
        ("F.layer_norm(x, (m,), w, b, 0.5)", "x: n, m; w: m; b: m"),
        ("F.layer_norm(x, (m, k))", "x: n, m, k; k >= 2"),
    ],
    "nn.functional.linear": [("F.linear(x, w, b)", "x: n, k; w: m, k; b: m")],
    "nn.functional.pad": [("F.pad(x, (1, 2, 0, 1))", "x: n, m, k")],
    "nn.functional.avg_pool2d": [("F.avg_pool2d(x, f, s)", POOL), ("F.avg_pool2d(x, 2, padding=1)", f"{MAPS}")],
    "nn.functional.max_pool2d": [("F.max_pool2d(x, f, stride=s)", POOL), ("F.max_pool2d(x, (1, 1))", MAPS)],
    "nn.functional.unfold": [("F.unfold(x, (f, f), stride=s)", POOL)],
    "nn.functional.fold": [
        ("F.fold(x, (h, w), (2, 2))", "x: N, 4*C, (h - 1)*(w - 1); h = h; w = w; h >= 2; w >= 2"),
    ],
    "nn.grad.conv2d_input": [
        ("torch.nn.grad.conv2d_input((N, C, H + k - 1, W + l - 1), w, x)", "x: N, D, H, W; w: D, C, k, l"),
    ],
    "nn.grad.conv2d_weight": [
        ("torch.nn.grad.conv2d_weight(x, (D, C, H - h + 1, W - u + 1), y)",
         "x: N, C, H, W; y: N, D, h, u; h <= H; u <= W"),
    ],
}


@pytest.fixture(scope="module")
def torch() -> Any:
    """PyTorch, whose functions the rows are compared with."""
    return pytest.importorskip("torch", reason="PyTorch's rows are compared with torch, which is not installed")


@pytest.mark.parametrize(("name", "value", "given"), [(name, *one) for name, cases in CASES.items() for one in cases])
def test_a_row_is_pytorchs_function(torch: Any, name: str, value: str, given: str) -> None:
    """Reading and PyTorch agree, entry by entry, wherever the reading's obligations are proved."""
    code = program(value, given).replace("x.copy()", "x.clone()")
    own = run_code(code, HEADER)

    def forward(**arguments: Any) -> Any:
        found = own(**{key: torch.from_numpy(one) if isinstance(one, np.ndarray) else one
                       for key, one in arguments.items()})  # fmt: skip
        return found.detach().numpy()

    readings = readings_of(code, given, header=HEADER)
    for reading in readings:
        for obligation in reading.obligations:
            answer = obligation_answer(reading.facts, reading.conditions, obligation)
            assert answer.word == "proved", (obligation.what, answer)
    count = 0
    for reading in readings:
        values = Evaluated(reading)
        for sizes in sizes_for(readings, 6):
            if all(condition.holds(sizes) for condition in reading.conditions):
                try:
                    assert not (found := compared_at(reading, values, forward, sizes)), found
                except NotEvaluable:
                    continue
                count += 1
    assert count >= 6


def test_every_row_has_a_case() -> None:
    """A row without a comparison with PyTorch is a hole in the contract."""
    assert {name.removeprefix("torch.") for name in ROWS} == CASES.keys()
    assert set(METHODS.values()) <= ROWS.keys()
