"""Programs that `derive --numpy` prints: they stand by themselves, and a wrong one is not printed."""

from __future__ import annotations

import inspect
import subprocess
import sys
from dataclasses import replace

import pytest

import derivations.steps.numpy_helpers as helpers
from derivations import derive, given
from derivations.steps.numpy_code import NoProgram, numpy_function

CONTEXTS = {
    "strided, dilated, with channels": (
        """dims C, D, H, W, m, n, s, q where q*(m - 1) < H, q*(n - 1) < W
        tensor x[C, H, W], k[D, C, m, n], b[D]
        function f
        z[d] = sum[c](corr(x[c], k[d, c], valid, stride=s, dilation=q)) + b[d]
        a = f(z)
        loss J(a)""",
        ("x", "k", "b"),
    ),
    "padded": (
        """dims H, W, m, n, p where m <= H, n <= W
        tensor x[H, W], k[m, n]
        z = conv(x, k, valid, pad=p)
        loss J(z)""",
        ("x", "k"),
    ),
    "same": (
        "dims H, W, m, n where m <= H, n <= W\ntensor x[H, W], k[m, n]\nz = conv(x, k, same)\nloss J(z)",
        ("x", "k"),
    ),
    "pooled": (
        """dims h, w, n where n <= h, n <= w
        tensor z[h, w]
        scalar beta
        function f
        y = beta * mean_pool(tanh(z) * f(z), n)
        loss J(y)""",
        ("z", "beta"),
    ),
    "max pooling, overlapping, of what is not linear": (
        """dims C, H, W, n, s where n <= H, n <= W
        tensor z[C, H, W]
        y = max_pool(relu(z), n, stride=s)
        loss J(y)""",
        ("z",),
    ),
    "max pooling in one dimension": ("dims N, n where n <= N\ntensor z[N]\ny = max_pool(z, n)\nloss J(y)", ("z",)),
    "softmax": ("dims N, K\ntensor Z[N, K], Y[N, K]\nJ = -sum(Y * log(softmax(Z))) / N", ("Z",)),
    "one dimension, strided": (
        "dims N, n, s where n <= N\ntensor x[N], k[n]\ny = conv(x, k, valid, stride=s)\nloss J(y)", ("x", "k"),
    ),
    "moved entries": ("dims m, n\ntensor A[m, n], v[m]\nz = vec(rot90(flip(A, 0)))\nloss J(z)", ("A",)),
    "slices": ("dims m, n, s\ntensor A[m, n]\nz = A[::s, ::s]\nloss J(z)", ("A",)),
    "root": ("dims n\ntensor x[n]\ny = sqrt(x)\nloss J(y)", ("x",)),
    "log": ("dims n\ntensor x[n]\ny = log(x)\nloss J(y)", ("x",)),
    "cross-entropy": ("dims n\ntensor p[n], t[n]\nJ = -sum(t*log(p) + (1 - t)*log(1 - p))", ("p",)),
    "logistic": ("dims n\ntensor x[n]\ny = softplus(x) * sigmoid(x)\nloss J(y)", ("x",)),
    "batch norm": (
        """dims B
        scalar gamma, beta, eps
        tensor x[B]
        mu = mean(x)
        var = mean((x - mu)**2)
        xhat = (x - mu) / sqrt(var + eps)
        y = gamma * xhat + beta
        loss J(y)""",
        ("x", "gamma", "beta"),
    ),
    "dense": ("dims p, q\ntensor W[p, q], x[q, 1], b[p, 1]\nz = W @ x + b\nloss J(z)", ("W", "x", "b")),
}


@pytest.mark.parametrize(("name", "wrt"), [(name, x) for name, (_, names) in CONTEXTS.items() for x in names])
def test_the_program_stands_by_itself(name: str, wrt: str) -> None:
    """A printed program has been compared with numeric, needs NumPy alone, and runs."""
    program = numpy_function(derive(given(CONTEXTS[name][0]), "J", wrt, judged=False))
    assert "# Compared with numeric, equal in every entry" in program
    assert "import derivations" not in program
    assert "import numeric" not in program
    done = subprocess.run([sys.executable, "-I", "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_wrong_program_is_not_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    """If the functions that a program carries computed something else, nothing would be printed."""
    wrong = "def rot180(x: Array) -> Array:\n    return x\n"
    genuine = inspect.getsource
    monkeypatch.setattr(
        "derivations.steps.numpy_code.inspect.getsource",
        lambda function: wrong if function is helpers.rot180 else genuine(function),
    )
    context = given(CONTEXTS["padded"][0])
    with pytest.raises(NoProgram, match="another result than numeric"):
        numpy_function(derive(context, "J", "k", judged=False))


def test_what_has_no_program_is_refused() -> None:
    """A formula without a NumPy form is refused by name."""
    context = given("dims h, n where n <= h\ntensor x[h, h], k[n, n]\ny = sum_pool(x, n, ceil=true)\nloss J(y)")
    derivation = derive(context, "J", "x", judged=False)
    unknown = replace(derivation, result=context.parse("convolve(x, k)"))
    with pytest.raises(NoProgram, match="convolve has no NumPy form"):
        numpy_function(unknown)
