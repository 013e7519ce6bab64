"""The adjoint lemmas, each proved once from the index definitions with its change of variables.

A derivation says "adjoint of the convolution in its kernel" in one line; this is the page behind that line.
Every lemma is a chain of formulas in the claim language, from ⟨g, L(v)⟩ to ⟨L*(g), v⟩, and every link is
judged by the kernel for all sizes. The law kept here: a lemma holds nothing but text, so it cannot be true
by construction; and it is about a general case (any stride, dilation and padding, any sizes) of the operator
that it is printed for. Of reversals and quarter turns one stands for all.

What it cannot see: other axes than the two that it is written for; a derivation over one or three axes prints
the lemma for two. Every step of a derivation is judged by itself, whatever its lemma says.
Sources: as in `adjoints.py`.

Over 500 lines: it is a table, a few lines for each lemma.
"""

from __future__ import annotations

from collections.abc import Iterable

from sympy import Tuple

from derivations.formulas.expressions import Apply, Entry, Expression, Slice
from derivations.operators import OPERATORS
from derivations.operators.row import Lemma
from derivations.operators.windows import Sliding

# -- contexts and ranges that several lemmas share -------------------------------------------------

VALID = """dims H, W, m, n where m <= H, n <= W
tensor {x}[H, W], {k}[m, n], g[H - m + 1, W - n + 1]"""
ANY = """dims H, W, m, n, s, q, p >= 0 where q*(m - 1) < H + 2*p, q*(n - 1) < W + 2*p
h = (H + 2*p - q*(m - 1) - 1)//s + 1
l = (W + 2*p - q*(n - 1) - 1)//s + 1
tensor {x}[H, W], {k}[m, n], g[h, l]"""
SLID = "valid, stride=s, pad=p, dilation=q"

OUT = "i in 0..H - m, j in 0..W - n"
TAPS = "u in 0..m - 1, t in 0..n - 1"
DATA = "x in 0..H - 1, y in 0..W - 1"
GRID = "i in 0..H - 1, j in 0..W - 1"


def _plain(node: Expression) -> bool:
    """A convolution without stride, padding and dilation, of complete overlaps."""
    return isinstance(node, Apply) and Sliding.of(node).plain and Sliding.of(node).mode == "valid"


def _disjoint(node: Expression) -> bool:
    """Pooling by windows that neither overlap nor leave gaps, all of them complete."""
    _, f, stride, pad, ceil = node.args[1:]
    return bool(f == stride and ceil == 0 and pad == Tuple(*[Tuple(0, 0)] * len(f.args)))


def _complete(node: Expression) -> bool:
    return bool(node.args[5] == 0)


def _partial(node: Expression) -> bool:
    return not _complete(node)


def _matrices(node: Expression) -> bool:
    return isinstance(node, Apply) and all(part.rank == 2 for part in node.tensors)


def _grid(node: Expression) -> bool:
    """A grid of entries, every s-th from the first."""
    return isinstance(node, Entry) and all(isinstance(part, Slice) and part.start == 0 for part in node.indices)


def _sliding(operator: str) -> tuple[Lemma, ...]:
    """The four lemmas of `conv` or of `corr`: plain and with any stride, padding and dilation, in the kernel and in
    the data."""
    conv = operator == "conv"
    name = "convolution" if conv else "correlation"
    definition = f"definition of the {name}"
    tap = ("m - 1 - u", "n - 1 - t") if conv else ("u", "t")  # where tap (u, t) stands in the kernel
    turned = "rot180(w)" if conv else "w"
    far = ("i + m - 1 - u", "j + n - 1 - t") if conv else ("i + u", "j + t")
    last = ("sum(conv(rot180(a), g, valid) * v)" if conv else "sum(corr(a, g, valid) * v)", definition)
    rotated = (
        (f"sum[{TAPS}](v[u, t] * sum[{OUT}](g[i, j] * rot180(a)[u + H - m - i, t + W - n - j]))",
         "substitution $i' = H - 1 - (i + m - 1 - u)$ in the rotated data"),
    )
    turned_kernel = (
        (f"sum[{OUT}, {TAPS}](g[i, j] * rot180(w)[u, t] * v[i + u, j + t])",
         "substitution $u' = m - 1 - u$ in the rotated kernel"),
    )
    strided = "resize(corr(a, g, valid, stride=q, pad=p, dilation=s), m, n)"
    return (
        Lemma(
            f"adjoint of the {name} in its kernel", ((operator, 1),), VALID.format(x="a", k="v"),
            f"sum(g * {operator}(a, v, valid))",
            (
                (f"sum[{OUT}](g[i, j] * sum[{TAPS}](a[{far[0]}, {far[1]}] * v[u, t]))", definition),
                (f"sum[{TAPS}](v[u, t] * sum[{OUT}](g[i, j] * a[{far[0]}, {far[1]}]))", "sums exchanged"),
                *(rotated if conv else ()),
                last,
            ),
            _plain,
        ),
        Lemma(
            f"adjoint of the {name} in its data", ((operator, 0),), VALID.format(x="v", k="w"),
            f"sum(g * {operator}(v, w, valid))",
            (
                (f"sum[{OUT}](g[i, j] * sum[{TAPS}](v[{far[0]}, {far[1]}] * w[u, t]))", definition),
                *(turned_kernel if conv else ()),
                (f"sum[{DATA}](v[x, y] * sum[u, t](g[x - u, y - t] * {turned}[u, t]))",
                 "substitution $x = i + u$, sums exchanged"),
                (f"sum(conv(g, {turned}, full) * v)", "definition of the full convolution"),
            ),
            _plain,
        ),
        Lemma(
            f"adjoint of the {name} in its kernel, with stride, padding and dilation", ((operator, 1),),
            ANY.format(x="a", k="v"),
            f"sum(g * {operator}(a, v, {SLID}))",
            (
                (f"sum[i, j](g[i, j] * sum[u, t](pad(a, p)[s*i + q*u, s*j + q*t] * v[{tap[0]}, {tap[1]}]))",
                 definition),
                (f"sum[u, t](v[{tap[0]}, {tap[1]}] * sum[i, j](pad(a, p)[q*u + s*i, q*t + s*j] * g[i, j]))",
                 "sums exchanged: stride and dilation change places"),
                (f"sum({f'rot180({strided})' if conv else strided} * v)",
                 "definition of the correlation, cut to the kernel's shape"
                 + (", and substitution $u' = m - 1 - u$" if conv else "")),
            ),
        ),
        Lemma(
            f"adjoint of the {name} in its data, with stride, padding and dilation", ((operator, 0),),
            ANY.format(x="v", k="w"),
            f"sum(g * {operator}(v, w, {SLID}))",
            (
                (f"sum[i, j](g[i, j] * sum[u, t](pad(v, p)[s*i + q*u, s*j + q*t] * w[{tap[0]}, {tap[1]}]))",
                 definition),
                (f"sum[{DATA}](v[x, y] * sum[i, j, u, t](g[i, j] * {turned}[u, t] * "
                 "[x == s*i + q*u - p, y == s*j + q*t - p]))",
                 "substitution $x = s i + q u - p$, sums exchanged; the padding is 0"),
                (f"sum[{DATA}](v[x, y] * sum[u, t](dilate(g, s)[x + p - q*u, y + p - q*t] * {turned}[u, t]))",
                 "substitution $e = s i$, with zeros at the other $e$"),
                (f"sum(crop(resize(conv(dilate(g, s), {turned}, full, dilation=q), H + 2*p, W + 2*p), p) * v)",
                 "definition of the full convolution; the tail that no window reads is 0"),
            ),
        ),
    )


GENERAL = (
    *_sliding("conv"),
    *_sliding("corr"),
    Lemma(
        "adjoint of the commutative convolution in the smaller factor", (("convolve", 1),), VALID.format(x="a", k="v"),
        "sum(g * convolve(a, v, valid))",
        (
            ("sum(g * conv(a, v, valid))", "the smaller factor slides over the larger"),
            ("sum(conv(rot180(a), g, valid) * v)", "adjoint of the convolution in its kernel"),
        ),
    ),
    Lemma(
        "adjoint of the commutative convolution in the larger factor", (("convolve", 0),), VALID.format(x="v", k="w"),
        "sum(g * convolve(v, w, valid))",
        (
            ("sum(g * conv(v, w, valid))", "the smaller factor slides over the larger"),
            ("sum(conv(g, rot180(w), full) * v)", "adjoint of the convolution in its data"),
        ),
    ),
    Lemma(
        "adjoint of pooling", (("sum_pool", 0),),
        "dims H, W, f where f <= H, f <= W\ntensor v[H, W], g[H//f, W//f]",
        "sum(g * sum_pool(v, f))",
        (
            ("sum[i in 0..H//f - 1, j in 0..W//f - 1](g[i, j] * "
             "sum[u in 0..f - 1, t in 0..f - 1](v[f*i + u, f*j + t]))",
             "definition of the pooling"),
            ("sum[x in 0..f*(H//f) - 1, y in 0..f*(W//f) - 1](v[x, y] * g[x // f, y // f])",
             "substitution $x = f i + u$, so that $i$ is the quotient of $x$ by $f$"),
            ("sum(resize(up(g, f), H, W) * v)", "definition of up; rows outside of all windows get 0"),
        ),
        _disjoint,
    ),
    Lemma(
        "adjoint of overlapping pooling", (("sum_pool", 0),),
        "dims H, W, f, s, p >= 0 where f <= H + 2*p, f <= W + 2*p\n"
        "h = (H + 2*p - f)//s + 1\nl = (W + 2*p - f)//s + 1\ntensor v[H, W], g[h, l]",
        "sum(g * sum_pool(v, f, stride=s, pad=p))",
        (
            ("sum[i, j](g[i, j] * sum[u in 0..f - 1, t in 0..f - 1](pad(v, p)[s*i + u, s*j + t]))",
             "definition of the pooling"),
            ("sum(g * corr(v, ones(f, f), valid, stride=s, pad=p))", "a window sum is a correlation with ones"),
            ("sum(crop(resize(conv(dilate(g, s), ones(f, f), full), H + 2*p, W + 2*p), p) * v)",
             "adjoint of the correlation in its data"),
        ),
        _complete,
    ),
    Lemma(
        "adjoint of pooling with partial windows", (("sum_pool", 0),),
        "dims H, W, f, s where f <= H, f <= W\ntensor v[H, W]\ny = sum_pool(v, f, stride=s, ceil=true)\n"
        "h = shape(y)[0]\nl = shape(y)[1]\ntensor g[h, l]",
        "sum(g * sum_pool(v, f, stride=s, ceil=true))",
        (
            ("sum[i, j, x, y](g[i, j] * v[x, y] * [s*i <= x, x < s*i + f, s*j <= y, y < s*j + f])",
             "definition of the pooling, substitution $x = s i + u$"),
            (f"sum[{DATA}](v[x, y] * sum[i, j](g[i, j] * [s*i <= x, x < s*i + f, s*j <= y, y < s*j + f]))",
             "sums exchanged"),
        ),
        _partial,
    ),
    Lemma(
        "adjoint of mean pooling", (("mean_pool", 0),),
        "dims H, W, f where f <= H, f <= W\ntensor v[H, W], g[H//f, W//f]",
        "sum(g * mean_pool(v, f))",
        (
            ("sum(g * sum_pool(v, f)) / f**2", "a mean is a sum divided by the number of entries"),
            ("sum(resize(up(g, f), H, W) / f**2 * v)", "adjoint of pooling"),
        ),
        _disjoint,
    ),
    Lemma(
        "adjoint of overlapping mean pooling", (("mean_pool", 0),),
        "dims H, W, f, s, p >= 0 where f <= H + 2*p, f <= W + 2*p\n"
        "h = (H + 2*p - f)//s + 1\nl = (W + 2*p - f)//s + 1\ntensor v[H, W], g[h, l]",
        "sum(g * mean_pool(v, f, stride=s, pad=p))",
        (
            ("sum(g * sum_pool(v, f, stride=s, pad=p)) / f**2", "a mean is a sum divided by the number of entries"),
            ("sum(crop(resize(conv(dilate(g, s), ones(f, f), full), H + 2*p, W + 2*p), p) / f**2 * v)",
             "adjoint of overlapping pooling"),
        ),
        _complete,
    ),
    Lemma(
        "adjoint of mean pooling with partial windows", (("mean_pool", 0),),
        "dims H, W, f where f <= H, f <= W\ntensor v[H, W]\ny = mean_pool(v, f, ceil=true)\n"
        "h = shape(y)[0]\nl = shape(y)[1]\ntensor g[h, l]",
        "sum(g * mean_pool(v, f, ceil=true))",
        (
            ("sum[i, j, x, y](g[i, j] / (min(f, H - f*i) * min(f, W - f*j)) * v[x, y] * "
             "[f*i <= x, x < f*i + f, f*j <= y, y < f*j + f])",
             "definition of the mean over the part of the window that is inside"),
            (f"sum[{DATA}](v[x, y] * sum[i, j](g[i, j] / (min(f, H - f*i) * min(f, W - f*j)) * "
             "[f*i <= x, x < f*i + f, f*j <= y, y < f*j + f]))",
             "sums exchanged"),
        ),
        _partial,
    ),
    Lemma(
        "derivative of max pooling", (("max_pool", 0),),
        "dims H, W, f where f <= H, f <= W\ntensor v[H, W], g[H//f, W//f]\nassume unique_max(v, f)",
        "sum(g * d(max_pool(v, f), v))",
        (("sum(max_unpool(g, v, f) * d(v))", "a window's maximum changes as the one entry does where it stands"),),
    ),
    Lemma(
        "derivative of the maximum of all entries", (("max", 0),),
        "dims n\ntensor v[n]\nscalar g\nassume unique_max(v, n)",
        "g * d(max(v), v)",
        (("sum(max_unpool(g * ones(1), v, n) * d(v))", "one window: its maximum changes as the one entry does"),),
    ),
    Lemma(
        "adjoint of max unpooling", (("max_unpool", 0),),
        "dims h, w\ntensor x[2*h, 2*w], v[h, w], g[2*h, 2*w]\nassume unique_max(x, 2)",
        "sum(g * max_unpool(v, x, 2))",
        (
            ("sum(sum_pool(g * max_unpool(ones(h, w), x, 2), 2) * v)",
             "in each window the one entry of g where the maximum of x stands"),
        ),
    ),
    Lemma(
        "adjoint of up: window sums", (("up", 0),),
        "dims H, W, f\ntensor v[H, W], g[f*H, f*W]",
        "sum(g * up(v, f))",
        (
            ("sum[x in 0..f*H - 1, y in 0..f*W - 1](g[x, y] * v[x // f, y // f])", "definition of up"),
            (f"sum[{GRID}, u in 0..f - 1, t in 0..f - 1](g[f*i + u, f*j + t] * v[i, j])",
             "substitution $x = f i + u$"),
            ("sum(sum_pool(g, f) * v)", "definition of the pooling"),
        ),
    ),
    Lemma(
        "adjoint of zero insertion", (("dilate", 0),),
        "dims H, W, s\ntensor v[H, W], g[s*(H - 1) + 1, s*(W - 1) + 1]",
        "sum(g * dilate(v, s))",
        (
            (f"sum[{GRID}](g[s*i, s*j] * v[i, j])", "definition of dilate: $x = s i$, else 0"),
            ("sum(g[::s, ::s] * v)", "definition of the slice"),
        ),
    ),
    Lemma(
        "adjoint of padding", (("pad", 0),),
        "dims H, W, p >= 0\ntensor v[H, W], g[H + 2*p, W + 2*p]",
        "sum(g * pad(v, p))",
        (
            (f"sum[{GRID}](g[i + p, j + p] * v[i, j])", "substitution $x = i + p$, 0 in the frame"),
            ("sum(crop(g, p) * v)", "definition of crop"),
        ),
    ),
    Lemma(
        "adjoint of cropping", (("crop", 0),),
        "dims H, W, p >= 0\ntensor v[H + 2*p, W + 2*p], g[H, W]",
        "sum(g * crop(v, p))",
        (
            (f"sum[{GRID}](g[i, j] * v[i + p, j + p])", "definition of crop"),
            ("sum(pad(g, p) * v)", "substitution $x = i + p$, 0 in the frame"),
        ),
    ),
    Lemma(
        "adjoint of a frame", (("resize", 0),),
        "dims H, W, h, l\ntensor v[H, W], g[h, l]",
        "sum(g * resize(v, h, l))",
        (
            ("sum[i in 0..min(H, h) - 1, j in 0..min(W, l) - 1](g[i, j] * v[i, j])", "definition of the frame"),
            ("sum(resize(g, H, W) * v)", "definition of the frame"),
        ),
    ),
    Lemma(
        "adjoint of the Kronecker product in the left factor", (("kron", 0),),
        "dims H, W, m, n\ntensor v[H, W], B[m, n], g[H*m, W*n]",
        "sum(g * kron(v, B))",
        (
            (f"sum[{GRID}, {TAPS}](g[m*i + u, n*j + t] * v[i, j] * B[u, t])", "substitution $x = m i + u$"),
            ("sum(corr(g, B, valid, stride=(m, n)) * v)", "definition of the strided correlation"),
        ),
    ),
    Lemma(
        "adjoint of the Kronecker product in the right factor", (("kron", 1),),
        "dims H, W, m, n\ntensor A[H, W], v[m, n], g[H*m, W*n]",
        "sum(g * kron(A, v))",
        (
            (f"sum[{TAPS}, {GRID}](g[m*i + u, n*j + t] * A[i, j] * v[u, t])", "substitution $x = m i + u$"),
            ("sum(corr(g, A, valid, dilation=(m, n)) * v)", "definition of the dilated correlation"),
        ),
    ),
    Lemma(
        "adjoint of the rotation", (("rot180", 0),),
        "dims H, W\ntensor v[H, W], g[H, W]",
        "sum(g * rot180(v))",
        (
            (f"sum[{GRID}](g[i, j] * v[H - 1 - i, W - 1 - j])", "definition of the rotation"),
            (f"sum[{DATA}](g[H - 1 - x, W - 1 - y] * v[x, y])", "substitution $x = H - 1 - i$"),
            ("sum(rot180(g) * v)", "definition of the rotation"),
        ),
    ),
    Lemma(
        "adjoint of the quarter turn", (("rot90", 0),),
        "dims H, W\ntensor v[H, W], g[W, H]",
        "sum(g * rot90(v))",
        (
            ("sum[i in 0..W - 1, j in 0..H - 1](g[i, j] * v[j, W - 1 - i])", "definition of the quarter turn"),
            (f"sum[{DATA}](g[W - 1 - y, x] * v[x, y])", "substitution $x = j, y = W - 1 - i$"),
            ("sum(rot90(g, -1) * v)", "definition of the quarter turn back"),
        ),
    ),
    Lemma(
        "adjoint of the reversal", (("flip", 0),),
        "dims H, W\ntensor v[H, W], g[H, W]",
        "sum(g * flip(v, 0))",
        (
            (f"sum[{DATA}](g[H - 1 - x, y] * v[x, y])", "substitution $x = H - 1 - i$"),
            ("sum(flip(g, 0) * v)", "definition of the reversal"),
        ),
    ),
    Lemma(
        "trace of a transpose", (("transpose", 0),),
        "dims m, n\ntensor v[m, n], g[n, m]",
        "tr(g.T @ v.T)",
        (
            ("sum[i in 0..n - 1, j in 0..m - 1](g[i, j] * v[j, i])", "definition of trace and product"),
            ("sum[j in 0..m - 1, i in 0..n - 1](g.T[j, i] * v[j, i])", "indices exchanged"),
            ("tr(g.T.T @ v)", "definition of trace and product"),
        ),
    ),
    Lemma(
        "adjoint of the left product", (("matmul", 1),),
        "dims m, n, l\ntensor A[m, n], v[n, l], g[m, l]",
        "tr(g.T @ (A @ v))",
        (
            ("sum[i in 0..m - 1, j in 0..l - 1, t in 0..n - 1](g[i, j] * A[i, t] * v[t, j])",
             "definition of trace and product"),
            ("tr((A.T @ g).T @ v)", "sums exchanged"),
        ),
        _matrices,
    ),
    Lemma(
        "adjoint of the right product", (("matmul", 0),),
        "dims m, n, l\ntensor v[m, n], B[n, l], g[m, l]",
        "tr(g.T @ (v @ B))",
        (
            ("sum[i in 0..m - 1, j in 0..l - 1, t in 0..n - 1](g[i, j] * v[i, t] * B[t, j])",
             "definition of trace and product"),
            ("tr((g @ B.T).T @ v)", "sums exchanged"),
        ),
        _matrices,
    ),
    Lemma(
        "trace as an inner product", (("tr", 0),),
        "dims n\ntensor v[n, n]\nscalar g",
        "g * tr(v)",
        (
            ("sum[i in 0..n - 1](g * v[i, i])", "definition of the trace"),
            ("tr((g * eye(n)).T @ v)", "definition of trace and product: the unit matrix is 1 where $i = j$"),
        ),
    ),
    Lemma(
        "sum as an inner product", (("sum", 0),),
        "dims H, W\ntensor v[H, W]\nscalar g",
        "g * sum(v)",
        (
            (f"sum[{GRID}](g * v[i, j])", "definition of the sum"),
            ("sum(g * ones(H, W) * v)", "every entry of ones is 1"),
        ),
    ),
    Lemma(
        "mean as an inner product", (("mean", 0),),
        "dims H, W\ntensor v[H, W]\nscalar g",
        "g * mean(v)",
        (
            (f"sum[{GRID}](g / (H*W) * v[i, j])", "definition of the mean"),
            ("sum(g / (H*W) * ones(H, W) * v)", "every entry of ones is 1"),
        ),
    ),
    Lemma(
        "trace as a sum of products", (),
        "dims m, n\ntensor v[m, n], g[m, n]",
        "tr(g.T @ v)",
        (
            ("sum[j in 0..n - 1, i in 0..m - 1](g[i, j] * v[i, j])", "definition of trace and product"),
            ("ones(1, m) @ (g * v) @ ones(n, 1)", "definition of the product with ones"),
        ),
    ),
    Lemma(
        "adjoint of the outer product", (("outer", 0), ("outer", 1)),
        "dims m, n\ntensor u[m], v[n], g[m, n]",
        "tr(g.T @ outer(u, v))",
        (
            ("sum[j in 0..n - 1](v[j] * sum[i in 0..m - 1](g[i, j] * u[i]))", "definition of trace and outer product"),
            ("sum(u @ g * v)", "definition of the product"),
        ),
        lambda node: node.rank == 2,
    ),
    Lemma(
        "adjoint of diag", (("diag", 0),),
        "dims n\ntensor v[n], g[n, n]",
        "tr(g.T @ diag(v))",
        (("sum(entries[i in 0..n - 1](g[i, i]) * v)", "definition of trace and diag: only $i = j$ is left"),),
    ),
    Lemma(
        "adjoint of vec", (("vec", 0),),
        "dims m, n\ntensor v[m, n], g[m*n, 1]",
        "tr(g.T @ vec(v))",
        (
            ("sum[i in 0..m - 1, j in 0..n - 1](g[i + m*j, 0] * v[i, j])", "definition of vec: $x = i + m j$"),
            ("tr(reshape(g, n, m).T.T @ v)", "definition of reshape, which runs by rows"),
        ),
        lambda node: isinstance(node, Apply) and node.tensors[0].rank == 2,
    ),
    Lemma(
        "adjoint of reshape", (("reshape", 0),),
        "dims m, n\ntensor v[m, n], g[m*n]",
        "sum(g * reshape(v, m*n))",
        (
            ("sum[i in 0..m - 1, j in 0..n - 1](g[n*i + j] * v[i, j])", "definition of reshape: $x = n i + j$"),
            ("sum(reshape(g, m, n) * v)", "definition of reshape"),
        ),
    ),
    Lemma(
        "adjoint of taking entries", (("Entry", 0),),
        "dims H, W, s\ntensor v[H, W], g[(H - 1)//s + 1, (W - 1)//s + 1]",
        "sum(g * v[::s, ::s])",
        (
            ("sum[i in 0..(H - 1)//s, j in 0..(W - 1)//s](g[i, j] * v[s*i, s*j])", "definition of the slice"),
            ("sum(resize(dilate(g, s), H, W) * v)", "substitution $x = s i$, zeros at the other $x$"),
        ),
        _grid,
    ),
    Lemma(
        "sums over maps", (),
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
LEMMAS: tuple[Lemma, ...] = (*GENERAL, *(each for row in OPERATORS.values() for each in row.lemmas))


def lemma(name: str) -> Lemma:
    """The lemma of this name; raises KeyError."""
    return {each.name: each for each in LEMMAS}[name]


def behind(node: Expression, number: int) -> str:
    """The name of the lemma that proves ⟨G, L(dX)⟩ = ⟨L*(G), dX⟩ from the index definitions, where L is `node` as a
    function of its data argument `number`; empty where the rule needs none, or none is written down.

    >>> from derivations import given
    >>> ctx = given("dims H, m where m <= H\\ntensor a[H], w[m]")
    >>> behind(ctx.parse("conv(a, w, valid)"), 1), behind(ctx.parse("a + a"), 0)
    ('adjoint of the convolution in its kernel', '')
    """
    operator = node.operator if isinstance(node, Apply) else type(node).__name__
    fitting = (each.name for each in LEMMAS if (operator, number) in each.of and each.fits(node))
    return next(fitting, "")


def used(names: Iterable[str]) -> tuple[Lemma, ...]:
    """The lemmas of these names, each once, in the order of the table."""
    wanted = set(names)
    return tuple(each for each in LEMMAS if each.name in wanted)
