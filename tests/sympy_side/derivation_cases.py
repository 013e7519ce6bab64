"""The table of cases of this folder: a formula z, the names it is differentiated by, and two non-square
sizes."""

from __future__ import annotations

from dataclasses import dataclass

DIMS = """dims H, W, m, n, s, q, p >= 0, C, D where q*(m - 1) + 1 <= H, q*(n - 1) + 1 <= W, m <= H, n <= W
tensor a[H, W], w[m, n], x[C, H, W], k[D, C, m, n], c[D], u[W], A[m, H], B[W, n], M[n, n], v[n]
scalar b, beta
function f
"""
SIZES = (
    {"H": 4, "W": 3, "m": 2, "n": 2, "s": 2, "q": 1, "p": 1, "C": 2, "D": 1},
    {"H": 2, "W": 4, "m": 1, "n": 2, "s": 3, "q": 2, "p": 0, "C": 1, "D": 2},
)


@dataclass(frozen=True)
class Case:
    """z = formula, differentiated by each of the names."""

    formula: str
    names: str
    more: str = ""
    where: str = ""

    @property
    def given(self) -> str:
        """The context in which J is an arbitrary loss of z, and delta its residual."""
        definition = self.formula if self.formula.startswith("z[") else f"z = {self.formula}"
        dims = DIMS.replace("n <= W\n", f"n <= W, {self.where}\n", 1) if self.where else DIMS
        return f"{dims}{self.more}{definition}\nloss J(z)\ndelta = grad(J, z)"


CASES = (
    Case("conv(a, w, valid) + b", "a w b"),
    Case("conv(a, w, full)", "a w"),
    Case("conv(a, w, same)", "a w"),
    Case("conv(a, w, valid, stride=s)", "a w"),
    Case("conv(a, w, valid, pad=p, dilation=q)", "a w"),
    Case("corr(a, w, valid, stride=s, pad=p, dilation=q) + b", "a w b"),
    Case("corr(a, w, full, stride=s)", "a w"),
    Case("corr(a, w, same, dilation=q)", "a w"),
    Case("corr(a, w, valid, pad=(1, 0), (0, 2))", "a w"),
    Case("convolve(a, w, full)", "a w"),
    Case("convolve(w, a, full)", "a w"),
    Case("z[d] = sum[j](corr(x[j], k[d, j], valid, stride=s, pad=p, dilation=q)) + c[d]", "x k c"),
    Case("beta*mean_pool(a, (m, n)) + b", "a beta b"),
    Case("sum_pool(a, (m, n), stride=s)", "a"),
    Case("mean_pool(a, (m, n), stride=s, pad=p)", "a", "assume b > 0\n"),
    Case("sum_pool(a, (m, n), ceil=true)", "a"),
    Case("max_pool(f(a), (m, n), stride=s)", "a", "assume unique_max(f(a), (m, n), stride=s)\n"),
    Case("mean_pool(a, (m, n), ceil=true)", "a"),
    Case("max(f(u)) * u", "u"),
    Case("max_unpool(g, a, 2)", "g a", "tensor g[H//2, W//2]\nassume unique_max(a, 2)\n", where="2 <= H, 2 <= W"),
    Case("corr(x, k[0], valid, stride=s, pad=p)", "x k", where="C <= 2"),
    Case("conv(x, x, same, stride=s)", "x"),
    Case("f(A @ a @ B)", "A B a"),
    Case("kron(w, a)", "w a"),
    Case("sum(x, (0, 2)) * mean(x, (0, 2))", "x"),
    Case("transpose(x, (2, 0, 1))", "x"),
    Case("broadcast(w, (n, C, m), axis=(2, 0))", "w"),
    Case("mean_pool(x, (m, n), axis=(1, 2))", "x"),
    Case("pad(x, (1, 2), axis=0)", "x"),
    Case("up(a, s)", "a"),
    Case("dilate(a, s)", "a"),
    Case("pad(a, (p, 1), (0, s))", "a"),
    Case("crop(pad(a, s), (1, 0), (0, s))", "a"),
    Case("resize(a, 4, 4)", "a"),
    Case("a[::s, ::s]", "a"),
    Case("a[1:, 0]", "a"),
    Case("f(a)[::s, ::s]", "a"),
    Case("-f(u)", "u"),
    Case("z[j] = f(x)[j] @ u", "x"),
    Case("a[0, W - 1] * a", "a"),
    Case("rot180(a) + a", "a"),
    Case("rot90(a) @ a", "a"),
    Case("flip(a, 0)", "a"),
    Case("roll(a, s, 0)", "a"),
    Case("concat(a, up(a, s)[:H, :W], 1)", "a"),
    Case("a.T @ a", "a"),
    Case("tr(M @ M) * M", "M"),
    Case("inv(M)", "M"),
    Case("det(M)", "M"),
    Case("sum(u) * u - mean(u)", "u"),
    Case("vec(a)", "a"),
    Case("reshape(a, W, H)", "a"),
    Case("a @ u", "a u"),
    Case("v @ M", "v M"),
    Case("outer(u, u)", "u"),
    Case("outer(a, u)", "a u"),
    Case("outer(u, a)", "a u"),
    Case("vec(x)", "x"),
    Case("diag(u)", "u"),
    Case("softmax(v)", "v"),
    Case("softmax(a)", "a"),
    Case("softmax(x)", "x"),
    Case("relu(u) + abs(u) * [u > 1]", "u"),
    Case("sqrt(exp(u)) / (1 + softplus(u))", "u"),
    Case("tanh(v) * v / (1 + v**2) + v**3", "v"),
    Case("sigmoid(v) * exp(v) - 2*v", "v"),
)
