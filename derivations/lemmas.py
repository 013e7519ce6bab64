"""The adjoint lemmas, each proved once from the index definitions with its change of variables.

A derivation says "adjoint of the convolution in its kernel" in one line; this is the page behind that line.
Every lemma is a chain of formulas in the claim language, from ⟨g, L(v)⟩ to ⟨L*(g), v⟩, and every link is
judged by the kernel for all sizes. The law kept here: a lemma holds nothing but text, so it cannot be true
by construction.

What it cannot see: other operators than those written down; `adjoints.py` may use a rule that has no lemma.
Sources: as in `adjoints.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

from derivations.derivation import Derivation, DerivationStep


@dataclass(frozen=True)
class Lemma:
    """name: the rule's name in derivations. given: its context. start: ⟨g, L(v)⟩; lines: (formula,
    reason)."""

    name: str
    given: str
    start: str
    lines: tuple[tuple[str, str], ...]

    def derivation(self, judged: bool = True) -> Derivation:
        """The lemma as a chain of steps; judged unless told otherwise."""
        from derivations.language.document import parse_context, parse_expression

        ((_, context),) = parse_context(self.given)
        formulas = [parse_expression(text, context) for text in (self.start, *(text for text, _ in self.lines))]
        steps = tuple(
            DerivationStep(left, right, reason)
            for left, right, (_, reason) in zip(formulas, formulas[1:], self.lines, strict=False)
        )
        chain = Derivation(context, formulas[0], context.names["v"], steps, formulas[-1])
        return chain.judged() if judged else chain


VALID = """dims H, W, m, n where m <= H, n <= W
tensor {x}[H, W], {k}[m, n], g[H - m + 1, W - n + 1]"""
STRIDED = """dims H, W, m, n, s where m <= H, n <= W
h = (H - m)//s + 1
l = (W - n)//s + 1
tensor {x}[H, W], {k}[m, n], g[h, l]"""

OUT = "i in 0..H - m, j in 0..W - n"
TAPS = "p in 0..m - 1, q in 0..n - 1"
STEPS = "i in 0..h - 1, j in 0..l - 1"
DATA = "x in 0..H - 1, y in 0..W - 1"

LEMMAS = (
    Lemma(
        "adjoint of the convolution in its kernel",
        VALID.format(x="a", k="v"),
        "sum(g * conv(a, v, valid))",
        (
            (f"sum[{OUT}](g[i, j] * sum[{TAPS}](a[i + m - 1 - p, j + n - 1 - q] * v[p, q]))",
             "definition of the convolution"),
            (f"sum[{TAPS}](v[p, q] * sum[{OUT}](g[i, j] * a[i + m - 1 - p, j + n - 1 - q]))", "sums exchanged"),
            (f"sum[{TAPS}](v[p, q] * sum[{OUT}](g[i, j] * rot180(a)[p + H - m - i, q + W - n - j]))",
             "substitution i' = H - 1 - (i + m - 1 - p) in the rotated data"),
            ("sum(conv(rot180(a), g, valid) * v)", "definition of the convolution"),
        ),
    ),
    Lemma(
        "adjoint of the convolution in its data",
        VALID.format(x="v", k="w"),
        "sum(g * conv(v, w, valid))",
        (
            (f"sum[{OUT}](g[i, j] * sum[{TAPS}](v[i + m - 1 - p, j + n - 1 - q] * w[p, q]))",
             "definition of the convolution"),
            (f"sum[{OUT}, {TAPS}](g[i, j] * rot180(w)[p, q] * v[i + p, j + q])",
             "substitution p' = m - 1 - p in the rotated kernel"),
            (f"sum[{DATA}](v[x, y] * sum[p, q](g[x - p, y - q] * rot180(w)[p, q]))",
             "substitution x = i + p, sums exchanged"),
            ("sum(conv(g, rot180(w), full) * v)", "definition of the full convolution"),
        ),
    ),
    Lemma(
        "adjoint of the correlation in its kernel",
        VALID.format(x="a", k="v"),
        "sum(g * corr(a, v, valid))",
        (
            (f"sum[{OUT}](g[i, j] * sum[{TAPS}](a[i + p, j + q] * v[p, q]))", "definition of the correlation"),
            (f"sum[{TAPS}](v[p, q] * sum[{OUT}](a[p + i, q + j] * g[i, j]))", "sums exchanged"),
            ("sum(corr(a, g, valid) * v)", "definition of the correlation"),
        ),
    ),
    Lemma(
        "adjoint of the correlation in its data",
        VALID.format(x="v", k="w"),
        "sum(g * corr(v, w, valid))",
        (
            (f"sum[{OUT}](g[i, j] * sum[{TAPS}](v[i + p, j + q] * w[p, q]))", "definition of the correlation"),
            (f"sum[{DATA}](v[x, y] * sum[p, q](g[x - p, y - q] * w[p, q]))", "substitution x = i + p, sums exchanged"),
            ("sum(conv(g, w, full) * v)", "definition of the full convolution"),
        ),
    ),
    Lemma(
        "adjoint of the strided correlation in its kernel",
        STRIDED.format(x="a", k="v"),
        "sum(g * corr(a, v, valid, stride=s))",
        (
            (f"sum[{STEPS}](g[i, j] * sum[{TAPS}](a[s*i + p, s*j + q] * v[p, q]))", "definition of the correlation"),
            (f"sum[{TAPS}](v[p, q] * sum[{STEPS}](a[p + s*i, q + s*j] * g[i, j]))", "sums exchanged"),
            ("sum(resize(corr(a, g, valid, dilation=s), m, n) * v)",
             "definition of the dilated correlation, cut to the kernel's shape"),
        ),
    ),
    Lemma(
        "adjoint of the strided correlation in its data",
        STRIDED.format(x="v", k="w"),
        "sum(g * corr(v, w, valid, stride=s))",
        (
            (f"sum[{STEPS}](g[i, j] * sum[{TAPS}](v[s*i + p, s*j + q] * w[p, q]))", "definition of the correlation"),
            (f"sum[{DATA}](v[x, y] * sum[i, j](g[i, j] * w[x - s*i, y - s*j]))",
             "substitution x = s i + p, sums exchanged"),
            (f"sum[{DATA}](v[x, y] * sum[u, t](dilate(g, s)[u, t] * w[x - u, y - t]))",
             "substitution u = s i, with zeros at the other u"),
            ("sum(resize(conv(dilate(g, s), w, full), H, W) * v)",
             "definition of the full convolution; the tail that no window reads is 0"),
        ),
    ),
    Lemma(
        "adjoint of the dilated correlation in its kernel",
        "dims H, W, m, n, d where d*(m - 1) < H, d*(n - 1) < W\n"
        "tensor a[H, W], v[m, n], g[H - d*(m - 1), W - d*(n - 1)]",
        "sum(g * corr(a, v, valid, dilation=d))",
        (
            (f"sum[i in 0..H - d*(m - 1) - 1, j in 0..W - d*(n - 1) - 1](g[i, j] * "
             f"sum[{TAPS}](a[i + d*p, j + d*q] * v[p, q]))", "definition of the correlation"),
            (f"sum[{TAPS}](v[p, q] * sum[i in 0..H - d*(m - 1) - 1, j in 0..W - d*(n - 1) - 1]"
             f"(a[d*p + i, d*q + j] * g[i, j]))", "sums exchanged"),
            ("sum(corr(a, g, valid, stride=d) * v)", "definition of the strided correlation"),
        ),
    ),
    Lemma(
        "adjoint of pooling",
        "dims H, W, f where f <= H, f <= W\ntensor v[H, W], g[H//f, W//f]",
        "sum(g * sum_pool(v, f))",
        (
            ("sum[i in 0..H//f - 1, j in 0..W//f - 1](g[i, j] * "
             "sum[p in 0..f - 1, q in 0..f - 1](v[f*i + p, f*j + q]))",
             "definition of the pooling"),
            ("sum[x in 0..f*(H//f) - 1, y in 0..f*(W//f) - 1](v[x, y] * g[x // f, y // f])",
             "substitution x = f i + p, so that i is the quotient of x by f"),
            ("sum(resize(up(g, f), H, W) * v)", "definition of up; rows outside of all windows get 0"),
        ),
    ),
    Lemma(
        "adjoint of overlapping pooling",
        "dims H, W, f, s where f <= H, f <= W\nh = (H - f)//s + 1\nl = (W - f)//s + 1\ntensor v[H, W], g[h, l]",
        "sum(g * sum_pool(v, f, stride=s))",
        (
            (f"sum[{STEPS}](g[i, j] * sum[p in 0..f - 1, q in 0..f - 1](v[s*i + p, s*j + q]))",
             "definition of the pooling"),
            ("sum(g * corr(v, ones(f, f), valid, stride=s))", "a window sum is a correlation with ones"),
            ("sum(resize(conv(dilate(g, s), ones(f, f), full), H, W) * v)",
             "adjoint of the strided correlation in its data"),
        ),
    ),
    Lemma(
        "adjoint of up: window sums",
        "dims H, W, f\ntensor v[H, W], g[f*H, f*W]",
        "sum(g * up(v, f))",
        (
            ("sum[x in 0..f*H - 1, y in 0..f*W - 1](g[x, y] * v[x // f, y // f])", "definition of up"),
            ("sum[i in 0..H - 1, j in 0..W - 1, p in 0..f - 1, q in 0..f - 1](g[f*i + p, f*j + q] * v[i, j])",
             "substitution x = f i + p"),
            ("sum(sum_pool(g, f) * v)", "definition of the pooling"),
        ),
    ),
    Lemma(
        "adjoint of zero insertion",
        "dims H, W, s\ntensor v[H, W], g[s*(H - 1) + 1, s*(W - 1) + 1]",
        "sum(g * dilate(v, s))",
        (
            ("sum[i in 0..H - 1, j in 0..W - 1](g[s*i, s*j] * v[i, j])", "definition of dilate: x = s i, else 0"),
            ("sum(g[::s, ::s] * v)", "definition of the slice"),
        ),
    ),
    Lemma(
        "adjoint of padding",
        "dims H, W, p >= 0\ntensor v[H, W], g[H + 2*p, W + 2*p]",
        "sum(g * pad(v, p))",
        (
            ("sum[i in 0..H - 1, j in 0..W - 1](g[i + p, j + p] * v[i, j])", "substitution x = i + p, 0 in the frame"),
            ("sum(crop(g, p) * v)", "definition of crop"),
        ),
    ),
    Lemma(
        "adjoint of a frame",
        "dims H, W, h, l\ntensor v[H, W], g[h, l]",
        "sum(g * resize(v, h, l))",
        (
            ("sum[i in 0..min(H, h) - 1, j in 0..min(W, l) - 1](g[i, j] * v[i, j])", "definition of the frame"),
            ("sum(resize(g, H, W) * v)", "definition of the frame"),
        ),
    ),
    Lemma(
        "adjoint of the Kronecker product",
        "dims H, W, m, n\ntensor v[H, W], B[m, n], g[H*m, W*n]",
        "sum(g * kron(v, B))",
        (
            ("sum[i in 0..H - 1, j in 0..W - 1, p in 0..m - 1, q in 0..n - 1]"
             "(g[m*i + p, n*j + q] * v[i, j] * B[p, q])",
             "substitution x = m i + p"),
            ("sum(corr(g, B, valid, stride=(m, n)) * v)", "definition of the strided correlation"),
        ),
    ),
    Lemma(
        "trace of a transpose",
        "dims m, n\ntensor v[m, n], g[n, m]",
        "tr(g.T @ v.T)",
        (
            ("sum[i in 0..n - 1, j in 0..m - 1](g[i, j] * v[j, i])", "definition of trace and product"),
            ("sum[j in 0..m - 1, i in 0..n - 1](g.T[j, i] * v[j, i])", "indices exchanged"),
            ("tr(g.T.T @ v)", "definition of trace and product"),
        ),
    ),
    Lemma(
        "adjoint of the left product",
        "dims m, n, l\ntensor A[m, n], v[n, l], g[m, l]",
        "tr(g.T @ (A @ v))",
        (
            ("sum[i in 0..m - 1, j in 0..l - 1, t in 0..n - 1](g[i, j] * A[i, t] * v[t, j])",
             "definition of trace and product"),
            ("tr((A.T @ g).T @ v)", "sums exchanged"),
        ),
    ),
    Lemma(
        "trace as a sum of products",
        "dims m, n\ntensor v[m, n], g[m, n]",
        "tr(g.T @ v)",
        (
            ("sum[j in 0..n - 1, i in 0..m - 1](g[i, j] * v[i, j])", "definition of trace and product"),
            ("ones(1, m) @ (g * v) @ ones(n, 1)", "definition of the product with ones"),
        ),
    ),
    Lemma(
        "adjoint of taking entries",
        "dims H, W, s\ntensor v[H, W], g[(H - 1)//s + 1, (W - 1)//s + 1]",
        "sum(g * v[::s, ::s])",
        (
            ("sum[i in 0..(H - 1)//s, j in 0..(W - 1)//s](g[i, j] * v[s*i, s*j])", "definition of the slice"),
            ("sum(resize(dilate(g, s), H, W) * v)", "substitution x = s i, zeros at the other x"),
        ),
    ),
    Lemma(
        "sums over maps",
        "dims C, D, H, W, m, n where m <= H, n <= W\n"
        "tensor v[C, H, W], k[D, C, m, n], g[D, H - m + 1, W - n + 1]",
        "sum[d in 0..D - 1](sum(g[d] * sum[c in 0..C - 1](corr(v[c], k[d, c], valid))))",
        (
            ("sum[d in 0..D - 1, c in 0..C - 1](sum(g[d] * corr(v[c], k[d, c], valid)))", "linearity"),
            ("sum[d in 0..D - 1, c in 0..C - 1](sum(conv(g[d], k[d, c], full) * v[c]))",
             "adjoint of the correlation in its data"),
            ("sum[c in 0..C - 1](sum(sum[d in 0..D - 1](conv(g[d], k[d, c], full)) * v[c]))", "sums exchanged"),
        ),
    ),
)  # fmt: skip


def lemma(name: str) -> Lemma:
    """The lemma of this name; raises KeyError."""
    return {each.name: each for each in LEMMAS}[name]
