r"""What a display is read as, what is refused, and that no mutation of a formula is read as the formula itself."""

from __future__ import annotations

import contextlib

import pytest
from acceptance import context, source
from hypothesis import given, settings
from hypothesis import strategies as st
from sameness import same

from derivations.language.claim import claims_of
from derivations.language.errors import InputError
from derivations.language.source import lines_of, statements
from derivations.language.types import ScopeTypes
from derivations.notation.profile import Profile, profile_of
from derivations.notation.reading import read_latex

GIVEN = """dims N, H, W, m, n, s where m <= H, n <= W
tensor A[N, N], B[N, N], C[N, N], x[N, 1], v[N], u[N], a[H, W], w[m, n], T4[N, N, H, W]
scalar beta, sigma, b
function f, g
z = conv(a, w, valid) + b
loss J(z)
delta = grad(J, z)
y = f(v)
K = sum(v * u)"""
NOTATION = r"""\delta_l, \delta_{\ell} is delta
\delta^{l+1} is grad(J, z)
\tilde X is rot180(X)
X \ast Y is conv(X, Y, valid)
\operatorname{down} X is mean_pool(X, 2)
corr2(X, Y) is corr(X, Y, valid)
\mathbf 1 is ones
d X is d(X)"""
PLAIN = ""


def profile(text: str) -> Profile:
    return profile_of(statements(lines_of(text), "notation"))


def read(latex: str, notation: str = NOTATION) -> str:
    text = source(latex)
    return read_latex(text, 0, len(latex), profile(notation), ScopeTypes(context(GIVEN).scope({}))).text


def claim(text: str) -> object:
    return claims_of(context(GIVEN), statements(lines_of(text), "t"), "t", "t")[0]


READ = [
    (r"A B = C", "A @ B == C"),
    (r"\min_i v_i = b", "-max(-v[:]) == b"),
    (r"A B C = (A B) C", "A @ B @ C == (A @ B) @ C"),
    (r"\beta A B = A (\beta B)", "beta * (A @ B) == A @ (beta * B)"),
    (r"A \odot B = B \circ A", "A * B == B * A"),
    (r"-A + B^T = B^{\top} - A", "-A + B.T == B.T - A"),
    (r"\frac{1}{2} A = A / 2", "1/2 * A == A / 2"),
    (r"\frac12 A = \tfrac{A}{2}", "1/2 * A == A / 2"),
    (r"\sum_{i} v_i u_i = K", "sum[i](v[i] * u[i]) == K"),
    (r"\sum_{i=0}^{N-1} v_i = \sum_j v_j", "sum[i in 0..N-1](v[i]) == sum[j](v[j])"),
    (r"\sum_i A_{ij} = \sum_{k} A_{kj}", "sum[i](A[i, j]) == sum[k](A[k, j])"),
    (r"\sum_i A_{i,j} v_i + u_j = u_j", "sum[i](A[i, j] * v[i]) + u[j] == u[j]"),
    (r"f'(v) = f^{\prime}(v)", "f'(v) == f'(v)"),
    (r"f''(v)_i = f^{(2)}(v_i)", "f''(v)[i] == f''(v[i])"),
    (r"\nabla_w J = \frac{\partial J}{\partial w}", "grad(J, w) == grad(J, w)"),
    (r"\frac{dJ}{dw} = \nabla_{w}{J}", "grad(J, w) == grad(J, w)"),
    (r"\frac{\partial J}{\partial w_{pq}} = 0", "grad(J, w)[p, q] == 0"),
    (r"\nabla_v K = u", "grad(K, v) == u"),
    (r"\delta_l = \delta^{l+1}", "delta == grad(J, z)"),
    (r"\tilde{w} \ast \tilde{\delta}_l = \tilde a", "conv(rot180(w), rot180(delta), valid) == rot180(a)"),
    (r"\operatorname{down}(a) = \operatorname{down} a", "mean_pool(a, 2) == mean_pool(a, 2)"),
    (r"corr2(a, w) = corr2(a, w)", "corr(a, w, valid) == corr(a, w, valid)"),
    (r"\mathbf{1}^T A \mathbf{1} = K", "ones(1, N) @ A @ ones(N, 1) == K"),
    (r"\mathbf{1}_{N}^{T} A = \mathbf{1}_{1 \times N} A", "ones(1, N) @ A == ones(1, N) @ A"),
    (r"e^{v_i} = \exp(v_i)", "exp(v[i]) == exp(v[i])"),
    (r"(x^T x) = \mathbf 1^T x", "x.T @ x == ones(1, N) @ x"),
    (r"x_i = v_i", "x[i, 0] == v[i]"),
    (r"A^{-1} A = I_{N}", "inv(A) @ A == eye(N)"),
    (r"A \mathrm{d} x = A dx", "A @ d(x) == A @ d(x)"),
    (r"\mathrm{d}(J; w) = \mathrm{d} J", "d(J, w) == d(J)"),
    (r"\begin{align} A &= B \\ &= C \end{align}", "A == B == C"),
    (r"\begin{aligned} A &= B \\ &\quad + C \end{aligned}", "A == B + C"),
    (r"(T4_{i,j})_{k,p} = T4_{i,j,k,p}", "T4[i, j][k, p] == T4[i, j, k, p]"),
    (r"\boldsymbol{A} \bm{B} = \mathbf{C}", "A @ B == C"),
    ("\\delta_l = ∂J/∂w".replace("∂J/∂w", r"\frac{∂J}{∂z}"), "delta == grad(J, z)"),
    (r"𝐴 𝐵 = C", "A @ B == C"),
    (r"A = B,\label{eq:1}", "A == B"),
    (r"A \quad = \quad B \qquad", "A == B"),
    (r"A_{i,{:}} = v", "A[i, :] == v"),
    (r"\|v\|_2^2 = \lVert v \rVert^2_2", "sum(v**2) == sum(v**2)"),
    (r"\|v - u\|_2 = b", "sqrt(sum((v - u)**2)) == b"),
    (r"\frac12 \left\| A \right\|_F^2 = b", "1/2 * sum(A**2) == b"),
    (r"||x||_1 = b", "sum(abs(x)) == b"),
    (r"u_j = \max_i A_{ij}", "u[j] == max(A[:, j])"),
    (r"\max_{i,j} A_{ij} = \max_i v_i", "max(A[:, :]) == max(v[:])"),
    (r"\max(0, v) = y", "relu(v) == y"),
    (r"\max(v_i, 0) = y_i", "relu(v[i]) == y[i]"),
    (r"\partial J/\partial w = 0 w", "grad(J, w) == 0 * w"),
    (r"\frac{\partial}{\partial v} K = u", "grad(K, v) == u"),
    (r"w \in \mathbb{R}^{m \times n}", "shape(w) == (m, n)"),
    (
        r"\begin{array}{cc} 1 & 2 \\ 3 & 4 \end{array} = \begin{matrix} 1 & 2 \\ 3 & 4 \end{matrix}",
        "[[1, 2], [3, 4]] == [[1, 2], [3, 4]]",
    ),
    (r"\sum_i v[i] u[i] = K", "sum[i](v[i] * u[i]) == K"),
    (r"A[i, j] = B[j, i]", "A[i, j] == B[j, i]"),
    (r"\sum_i (\beta v)[i] = K", "sum[i]((beta * v)[i]) == K"),
    (r"T4[i, j][k, p] = T4[i, j, k, p]", "T4[i, j][k, p] == T4[i, j, k, p]"),
    (r"b(v + u) = y", "b * (v + u) == y"),
    (r"A = B.", "A == B"),
    ("（v + u）＝ y。", "v + u == y"),
    (r"A \triangleq B", "A == B"),
    (r"A = B % a comment \def", "A == B"),
]


@pytest.mark.parametrize(("latex", "text"), READ, ids=[latex for latex, _ in READ])
def test_read(latex: str, text: str) -> None:
    assert same(claim(read(latex)), claim(text)), read(latex)  # type: ignore[arg-type]


REFUSED = [
    (r"A \ast B C = A", "or `", r"\ast binds tighter"),
    (r"A \odot B C = A", "or `", "binds"),
    (r"A B \odot C = A", "or `", "binds"),
    (r"A \cdot B = C", "or `", "binds"),
    (r"A \times B = C", "no product", ""),
    (r"A * B = C", "which product", r"X * Y is"),
    (r"A \otimes B = C", "which product", "kron"),
    (r"v u = K", "or `", ""),
    (r"K = a / b v_i", "or `", ""),
    (r"\sigma^2 = K", "symbol of its own", r"\sigma^2 is"),
    (r"A^2 = B", "superscript", ""),
    (r"A^l = B", "superscript", "is ..."),
    (r"A^* = B", "superscript", ""),
    (r"A_{ij}^{kl} = 0", "superscript", ""),
    (r"v^T u = K", "transpose of something of rank 1", "x[n, 1]"),
    (r"A^{\prime} B = C", "prime", ""),
    (r"w' = w", "prime", ""),
    (r"f = g", "no argument", ""),
    (r"b11^T = A", "eleven", r"\mathbf{1}"),
    (r"b2 = b", "right after", ""),
    (r"\delta{l} = 0", "underscore", "_{...}"),
    (r"A{B} = C", "underscore", ""),
    (r"(A){B} = C", "underscore", ""),
    (r"\tilde{a}{l} = 0", "underscore", ""),
    (r"\hat A = B", r"not said", r"\hat A is"),
    (r"Q = A", "not declared", "Q is ..."),
    (r"\Omega = A", "not declared", r"\Omega is ..."),
    (r"Loss = K", "`Loss` is not declared", "Loss is ..."),
    (r"\operatorname{pool}(a) = a", "not declared", ""),
    (r"\mu A = B", "not declared", ""),
    (r"\frac{\partial y}{\partial v} = 0", "layout", "jacobian"),
    (r"\frac{\partial y_i}{\partial v_j} = 0", "layout", ""),
    (r"\frac{\partial}{\partial v} K v = u", "operator", ""),
    (r"\frac{\partial}{\partial v} = u", "operator", ""),
    (r"2 \partial J / \partial w = w", "not a fraction", ""),
    (r"\partial J / \partial w w = w", "not a fraction", ""),
    (r"\frac{\partial J}{\partial (w + w)} = 0", "declared name", ""),
    (r"\frac{\partial^2 K}{\partial v^2} = 0", "", ""),
    (r"\nabla J = 0", "variable", ""),
    (r"\nabla_w = \delta_l", "gradient of nothing", ""),
    (r"\nabla_w y = 0", "layout", ""),
    (r"\sum_i v_i + u_i = K", "ends at the sign", r"\sum_i { ... }"),
    (r"\sum_{i \neq j} v_i = K", "condition", ""),
    (r"\sum v_i = K", "index", ""),
    (r"\sum^{n} v_i = K", "index", ""),
    (r"\sum_i^{n} v_i = K", "beginning", ""),
    (r"\sum_{m} w_{mn} = K", "size", "rename"),
    (r"\sum_{i=1}^{\infty} v_i = K", "not known", ""),
    (r"A_{mn} = 0", "size", "commas"),
    (r"A_{12} = 0", "one index, or", "_{1,2}"),
    (r"A_{i,j,k} = 0", "subscripts", ""),
    (r"b_i = 0", "subscripts", ""),
    (r"A_{\hat i, j} = 0", "accent", ""),
    (r"A_{i} = v", "", ""),
    (r"v_l = u_l", "part of names", "declare the name"),
    (r"v_{l+1} = u", "part of names", ""),
    (r"AB(C) = A", "a word, or a product", "AB(X) is ..."),
    (r"A < B", "relation", "where"),
    (r"A = B, C = A", "second formula", r"\tag"),
    (r"A = B \\ C = A", "second formula", ""),
    (r"= B", "first side", ""),
    (r"A = ", "too early", ""),
    (r"A + = B", "unexpected", ""),
    (r"A = B \text{ for all } n", "", ""),
    (r"||A|| = b", "norm", ""),
    (r"\|A\| = b", "norm", ""),
    (r"|A| = b", "bare", ""),
    (r"\left|A\right| = b", "bars around a tensor", ""),
    (r"\frac{A}{B} = C", "quotient", ""),
    (r"\exp A B = C", "ends is not said", "brackets"),
    (r"\log(A, B) = C", "one argument", ""),
    (r"\sqrt[3]{b} = b", "root", ""),
    (r"e^{A} = B", "matrix", r"\exp"),
    (r"\mathbf{A} B = A B", "two fonts", ""),
    (r"x^10 = b", "without braces", "braces"),
    (r"\mathcal{L} = J", "not declared", ""),
    (r"\max_i (v_i + u_i) = b", "no entry", ""),
    (r"\sigma(v) = u", "an application, or a product", "function sigma"),
    (r"A(x) = x", "an application, or a product", ""),
    (r"J(z) = b", "the loss of this", ""),
    (r"v[i][i] = b", "subscripts", ""),
    (r"\|v\|_2' = b", "prime", ""),
    (r"\sum_i v(i) u(i) = K", "an entry, or a product", ""),
    (r"v[N - 1] = b", "an entry, or a product", ""),
    ("v – u = y", "unexpected character", "minus sign"),
    (r"\max_i A_{ii} = b", "no entry", ""),
    (r"\max_i v_i u_i = b", "ends is not said", ""),
    (r"\min_i v_i u_i = b", "ends is not said", ""),
    (r"\|v\| = b", "norm", r"\|X\| is"),
    (r"\|A\|_2 = b", "norm", ""),
    (r"\|v\|_F = b", "norm", ""),
    (r"x \in \mathbb{R}^N", "2 axes", ""),
    (r"b \in \mathbb{R}", "space", ""),
    (r"A \ B = C", "second formula", ""),
    (r"y = \lfloor H / m \rfloor \ w = \lfloor W / n \rfloor", "second formula", ""),
    (r"A \stackrel{?}{=} B", "over something", ""),
    (r"A^{T} = B \quad (1)", "", ""),
    (r"A^{T} = B (2)", "number of the equation", r"\tag"),
    (r"A = B \quad C = A", "second formula", ""),
    (r"A = B \qquad (i = j)", "", ""),
]


@pytest.mark.parametrize(("latex", "reason", "fix"), REFUSED, ids=[latex for latex, _, _ in REFUSED])
def test_refused(latex: str, reason: str, fix: str) -> None:
    """The error says why, stands in the formula, and offers the line that settles it."""
    with pytest.raises(InputError) as caught:
        claim(read(latex))
    assert reason in str(caught.value)
    assert fix in str(caught.value)
    assert caught.value.line == 1


SETTLED = [
    (r"a \ast w C = A", NOTATION + "\n\\ast binds tighter", "conv(a, w, valid) @ C == A"),
    (r"a \ast w C = A", NOTATION + "\n\\ast binds weaker", "conv(a, w @ C, valid) == A"),
    (r"\sqrt{v_i^2} = b", "d X is d(X)", "sqrt(v[i]**2) == b"),
    (r"\sum_i v[i]^2 = K", "d X is d(X)", "sum[i](v[i]**2) == K"),
    (r"\|v\|^2 = \|u\|", "\\|X\\| is sqrt(sum(X**2))\n\\|X\\|^2 is sum(X**2)", "sum(v**2) == sqrt(sum(u**2))"),
    (r"D[J; z]^T = z", "D[X; Y] is grad(X, Y).T", "(grad(J, z).T).T == z"),
    (r"A B \odot C = A", NOTATION + "\n\\odot binds weaker", "(A @ B) * C == A"),
    (r"\sigma^2 = K", "\\sigma^2 is sigma**2", "sigma**2 == K"),
    (r"\sigma^2 = K", "\\sigma^2 is beta", "beta == K"),
    (r"A^+ A = B", "X^+ is inv(X)", "inv(A) @ A == B"),
    (r"A^2 = B", "X^2 is X @ X", "A @ A == B"),
    (r"A \otimes B = C", "X \\otimes Y is X * Y", "A * B == C"),
    (r"\hat A = B", "\\hat X is X.T", "A.T == B"),
    (r"\hat A = B", "\\hat A is C", "C == B"),
    (r"Loss = K", "Loss is J", "J == K"),
    (r"\varphi(v) = y", "\\varphi is f", "f(v) == y"),
    (r"\mathcal{L} = K", "\\mathcal L is J", "J == K"),
]


@pytest.mark.parametrize(("latex", "notation", "text"), SETTLED)
def test_a_line_of_notation_settles_it(latex: str, notation: str, text: str) -> None:
    assert same(claim(read(latex, notation)), claim(text))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ("\\delta is a\n\\delta is w", "already"),
        ("\\delta", "no line"),
        ("\\delta is", "no line"),
        ("X \\ast X is conv(X, X)", "twice"),
        ("\\def\\x{y} is a", "command to TeX"),
        ("A + B is a", ""),
        ("\\ast binds loosely", "no line"),
    ],
)
def test_a_wrong_notation_line(lines: str, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        profile(lines)


PARTS = r"A B x v_i \beta 2 ^T _{ij} \odot \ast + - ( ) { } \frac \sum_i f ' ^2 = \tilde \nabla_w J \mathbf{1} & \\ 1"


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(PARTS.split()), max_size=14))
def test_whatever_is_written_is_read_or_refused(parts: list[str]) -> None:
    """Never anything but a reading or an error with a place; what is read, the language reads or refuses."""
    latex = " ".join(parts)
    with contextlib.suppress(InputError):
        text = read(latex)
        if " == " in text:
            claim(text)


HOSTILE = [
    r"\def\a{A} A = \a",
    r"\input{/etc/passwd} = A",
    r"\newcommand{\x}{A} \x = A",
    r"\write18{ls} = A",
    r"\csname A\endcsname = B",
    r"\catcode`\A=13 A = B",
    "A = B}",
    "{A = B",
    r"A = \frac{B",
    r"\left( A = B",
    "A = B\x00",
    "A = \u202eB",
    "A = B\x1b[2J",
    r"\begin{verbatim} A \end{verbatim} = B",
    "{" * 60 + "A" + "}" * 60 + " = B",
    r"\hat" * 300 + "A = B",
    r"\frac" * 300 + "A = B",
    "x^" * 200 + "2 = b",
    "A" + "_{A" * 60 + "}" * 60 + " = B",
    "A = " + " + ".join(["B"] * 9000),
    "\\" + " = A",
    "A \\",
    r"\tag{1}",
    "%",
]


@pytest.mark.parametrize("latex", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile(latex: str) -> None:
    """Macros, files, unbalanced and deep brackets, control characters, long displays: refused, nothing is executed."""
    with pytest.raises(InputError):
        read(latex)


def test_ten_megabytes_are_refused_by_a_count() -> None:
    with pytest.raises(InputError, match="STATEMENT_CHARACTERS"):
        read("A = " + "B + " * 2_500_000 + "B")


DERIVATIVES = r"""\nabla_w is grad(J, w)
\frac{\partial z}{\partial a} is f'(a)"""
NAMED = [
    (r"\nabla_w = 2 \nabla_w", "grad(J, w) == 2 * grad(J, w)"),
    (r"\nabla_w J = w", None),  # the name already ends with its variable
    (r"\nabla_w(w) = w", None),
    (r"\nabla_a J = a", "grad(J, a) == a"),
    (r"\frac{\partial z}{\partial a} \odot a = a", "f'(a) * a == a"),
    (r"\frac{\partial z}{\partial w} = w", None),
    (r"\frac{\partial z}{\partial a}(a) = a", None),
]


@pytest.mark.parametrize(("latex", "reading"), NAMED)
def test_a_derivative_that_the_notation_names(latex: str, reading: str | None) -> None:
    """It is what its line says, and no other derivative is."""
    if reading is None:
        with pytest.raises(InputError):
            read(latex, DERIVATIVES)
        return
    assert same(claim(read(latex, DERIVATIVES)), claim(reading))
