"""What the authors of the false statements meant: the textbook's formula for each, in claim syntax.

Written from the documents: mostly the claim that stands proved beside the false one, else the formula that the text
around it derives. Several texts are the same correction made at another place (the rotation of the kernel or of the
result; the size of the output or the padding); each is complete. A reason stands where no formula is a correction.

Keys are ids, with the reading behind them where the formula depends on it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from derivations.formulas.claims import Claim, Link
from derivations.language.document import parse_claim
from derivations.repair.normal_form import normal
from derivations.repair.search import Repair


@dataclass(frozen=True)
class NoFormula:
    """Why a false statement has no corrected formula within its own context."""

    reason: str


REGION = "true under a condition on the sizes, which the verdict's region states; as a formula nothing is wrong with it"
INVARIANCE = "no formula for these two pictures is true; what is true is about other shifts, in another context"
FRAMED = "resize(up(delta2, n), h, w)"

BESIDE = "a count of windows that the operator itself states; the right one is beside it"
TEXTBOOK: dict[str, str | tuple[str, ...] | NoFormula] = {
    "ceil-mode-formula": NoFormula(BESIDE),
    "ceil-mode-by-the-formula": NoFormula(BESIDE),
    "ceil-mode-last-window-starts-inside-by-the-formula": NoFormula(BESIDE),
    "S1-22": NoFormula("a statement about the order of sums, with a hypothesis on the data"),
    # -- s0: convolution layer -----------------------------------------------------------------------------------------
    # the kernel's size is the misprint; for the printed one the output has one entry, as the document says
    "S0-10": "shape(star(a, w, valid)) == (1, 1)",
    "S0-12-corr": "z == convolve(rot180(w), a, valid) + b * (ones(o, 1) @ ones(1, o))",
    "S0-13-conv": "z == conv2(a, w, valid) + b",
    "S0-13-corr": "z == corr(a, w, valid) + b",
    "S0-13-arguments-exchanged-corr": "z == corr(a, w, valid) + b",
    "S0-15-jacobian-literally": "vec(delta) == jacobian(J, z).T",
    "S0-16d-star-binds-tighter [star=conv]":
        "tr(delta.T @ d(conv(a, w, valid), w)) == tr(conv(rot180(a), delta, valid).T @ d(w))",
    "S0-16d-star-binds-tighter [star=corr]":
        "tr(delta.T @ d(corr(a, w, valid), w)) == tr(corr(a, delta, valid).T @ d(w))",
    "S0-16d-product-binds-tighter [star=conv]":
        "tr(delta.T @ d(conv(a, w, valid), w)) == tr(conv(rot180(a), delta, valid).T @ d(w))",
    "S0-16d-product-binds-tighter [star=corr]":
        "tr(delta.T @ d(corr(a, w, valid), w)) == tr(corr(a, delta, valid).T @ d(w))",
    "S0-16d-chain [star=conv]": "tr(delta.T @ d(conv(a, w, valid), w)) == tr(conv(rot180(a), delta, valid).T @ d(w))",
    "S0-16d-chain [star=corr]": "tr(delta.T @ d(corr(a, w, valid), w)) == tr(corr(a, delta, valid).T @ d(w))",
    "S0-16d-rectangular [star=conv]": "d(J, w) == tr(conv(rot180(a), delta, valid).T @ d(w))",
    "S0-16d-rectangular [star=corr]": "d(J, w) == tr(corr(a, delta, valid).T @ d(w))",
    "S0-17a-corr": "grad(J, w) == corr(a, delta, valid)",
    "S0-17a-rectangular-corr": "grad(J, w) == corr(a, delta, valid)",
    "S0-17b-conv": "grad(J, w) == conv(rot180(a), delta, valid)",
    "S0-17b-rectangular-conv": "grad(J, w) == conv(rot180(a), delta, valid)",
    "S0-17b-corr": "grad(J, w) == corr(a, delta, valid)",
    "S0-17b-rectangular-corr": "grad(J, w) == corr(a, delta, valid)",
    "S0-17c": "star(rot180(a), delta, valid) == rot180(star(a, rot180(delta), valid))",
    "S0-17c-rectangular": "star(rot180(a), delta, valid) == rot180(star(a, rot180(delta), valid))",
    "S0-17b-printed-order": (
        "grad(J, w) == convolve(delta, rot180(a), valid)",
        "grad(J, w) == rot180(convolve(rot180(delta), a, valid))",
    ),
    "S0-19-conv": "grad(J, w) == rot180(conv2(a, rot180(delta), valid))",
    "S0-19-rectangular-conv": "grad(J, w) == rot180(conv2(a, rot180(delta), valid))",
    "S0-20a": "d(J, b) == tr(grad(J, z).T @ d(z, b))",
    "S0-24-fewer-rows": "[shape(mean_pool(x, f, stride=s))[0] <= h] == 1",
    "S0-34-sum": f"delta == beta * ({FRAMED} * f'(z))",
    "S0-34-mean": f"delta == beta * ({FRAMED} / n**2 * f'(z))",
    "S0-34-max": "delta == beta * (max_unpool(delta2, a, n) * f'(z))",
    "S0-34-chain-sum":
        f"tr(beta * delta2.T @ sum_pool(f'(z) * d(z), n)) == tr((beta * ({FRAMED} * f'(z))).T @ d(z))",
    # the share of each entry stands beside the residual or before the trace
    "S0-34-chain-mean": (
        f"tr(beta * delta2.T @ mean_pool(f'(z) * d(z), n)) == tr((beta * ({FRAMED} / n**2 * f'(z))).T @ d(z))",
        f"tr(beta * delta2.T @ mean_pool(f'(z) * d(z), n)) == tr((beta * ({FRAMED} * f'(z))).T @ d(z)) / n**2",
    ),
    "S0-35-corr": "delta == conv2(w, delta2, full) * f'(z)",
    "S0-35-rectangular-corr": "grad(J, z) == conv2(w, delta2, full) * f'(z)",
    "S0-35-chain-corr": (
        "tr(delta2.T @ corr(f'(z) * d(z), w, valid)) == tr(conv2(w, delta2, full).T @ (f'(z) * d(z)))",
        "tr((conv2(w, delta2, full) * f'(z)).T @ d(z)) == tr(delta.T @ d(z))",
    ),
    "S0-04": NoFormula(INVARIANCE),
    "S0-05": (
        "sum(sum_pool(x, n)) == sum(resize(x, n*(h // n), n*(w // n)))",
        "sum(sum_pool(x, n, ceil=true)) == sum(x)",
    ),
    "S0-10-kernel": "shape(w) == (m, m)",
    "S0-09": "[k * (h // n) * (w // n) <= k * h * w] == 1",
    # -- s1: definitions, sizes, pooling -------------------------------------------------------------------------------
    "S1-05-smaller": "[shape(corr(A, B, valid))[0] <= H, shape(corr(A, B, valid))[1] <= W] == 1",
    "S1-21-without-rotation": "corr(A, B, valid) == conv(A, rot180(B), valid)",
    "S1-09-full": "conv(f, g, full)[m] == sum[n](f[m - n + 1] * g[n])",
    "S1-09-valid": "conv(f, g, valid)[m] == sum[n in 1..N](f[m + N - n] * g[n])",
    "S1-12-first-entries": "conv(f, g, same)[i] == conv(f, g, full)[i + (N - 1) // 2]",
    "S1-13-equal-padding": "conv(f, g, same) == conv(f, g, valid, pad=(N // 2, (N - 1) // 2))",
    "S1-42": NoFormula(REGION),
    "S1-17-printed-range": "conv(f, g, full)[m, n] == sum[k1, k2](f[m - k1 + 1, n - k2 + 1] * g[k1, k2])",
    "S1-17": "conv(f, g, full)[m, n] == sum[k1, k2](f[m - k1 + 1, n - k2 + 1] * g[k1, k2])",
    "S1-20-for-correlation": "corr(f, g, valid) == sum[i, j](f[i, j] * g[i, j])",
    "S1-23-with-biases": "6 * (25 + 1) == 156",
    "S1-26": (
        "shape(conv(x, k, valid, pad=(K // 2, (K - 1) // 2), (K // 2, (K - 1) // 2))) == (M, M)",
        "shape(conv(x, k, valid, pad=((K - 1) // 2, K // 2), ((K - 1) // 2, K // 2))) == (M, M)",
        "shape(conv(x, k, valid, pad=(K - 1) // 2)) == (M + 2*((K - 1) // 2) - K + 1, M + 2*((K - 1) // 2) - K + 1)",
    ),
    "S1-26b": "conv(x, k, valid, pad=(K // 2, (K - 1) // 2), (K // 2, (K - 1) // 2)) == conv(x, k, same)",
    "S1-28": "shape(conv(x, k, valid, stride=s)) == ((M - K) // s + 1, (N - K) // s + 1)",
    "S1-31-rotation-of-each-channel":
        "sum[c](corr(x[c], k[c], valid)) == conv(x, flip(flip(flip(k, 0), 1), 2), valid)[0]",
    "S1-44-number-of-regions": "shape(mean_pool(x, (h // m, w // n))) == (h // (h // m), w // (w // n))",
    "S1-44-size-of-regions": "m * n * sum(mean_pool(x, (m, n))) == sum(resize(x, m*(h // m), n*(w // n)))",
    "S1-33": "[sum[i in 0..f+s-1]([i < f, s <= i]) >= 1] == [s < f]",
    "S1-38": "[(h // n) * (w // n) <= h * w] == 1",
    "S1-37-one-row": NoFormula(INVARIANCE),
    # -- s2: forward and backward --------------------------------------------------------------------------------------
    "S2-02-narrow": "(1000 - 10 + 1)**2 == 982081",
    "S2-03-conv": (
        "conv(A, B, valid)[i, j] == sum[p, q](A[i + m - 1 - p, j + n - 1 - q] * B[p, q])",
        "conv(A, B, valid)[i, j] == sum[p, q](A[i + p, j + q] * B[m - 1 - p, n - 1 - q])",
    ),
    "S2-04-any-number-of-zeros": "star(A, B, full) == star(pad(A, (m - 1, m - 1), (n - 1, n - 1)), B, valid)",
    "S2-14-conv": "grad(J, K)[i, j, p, q] == sum[s, t](delta[i, s, t] * A[j, s + m - 1 - p, t + n - 1 - q])",
    "S2-14-rotated-patch-corr": "grad(J, K)[i, j, p, q] == sum[s, t](delta[i, s, t] * A[j, s + p, t + q])",
    "S2-15-corr": "grad(J, K)[i, j] == corr(A[j], delta[i], valid)",
    "S2-15-mixed": "grad(J, K)[i, j] == conv2(A[j], rot180(delta[i]), valid)",
    "S2-16-conv":
        "rot180(conv(A[j], rot180(delta[i]), valid))[p, q]"
        " == sum[s, t](delta[i, s, t] * A[j, s + m - 1 - p, t + n - 1 - q])",
    "S2-16-corr": "corr(A[j], delta[i], valid)[p, q] == sum[s, t](delta[i, s, t] * A[j, s + p, t + q])",
    "S2-16-rotated-patch-corr":
        "rot180(conv(A[j], rot180(delta[i]), valid))[p, q]"
        " == sum[s, t](delta[i, s, t] * A[j, s + m - 1 - p, t + n - 1 - q])",
    "S2-13-bias-inside-the-sum": "grad(J, b)[i] == C * sum[s, t](delta[i, s, t])",
    "S2-12-sum": "delta[i] == resize(up(delta2[i], n), h, w) * beta[i] * f'(U[i])",
    "S2-12-mean": "delta[i] == beta[i] * resize(up(delta2[i], n), h, w) / n**2 * f'(U[i])",
    "S2-12-max": "delta[i] == beta[i] * max_unpool(delta2[i], A[i], n) * f'(U[i])",
    "S2-12b-any-size":
        "resize(up(delta2[i], n), h, w) * beta[i] * f'(U[i]) == beta[i] * resize(up(delta2[i], n), h, w) * f'(U[i])",
    "S2-12-chain-mean": "grad(J, A)[i] * f'(U[i]) == up(delta2[i], n) / n**2 * beta[i] * f'(U[i])",
    "S2-22": "[shape(delta2)[1] <= shape(U)[1], shape(delta2)[2] <= shape(U)[2]] == 1",
    "S2-26": "shape(up(delta2[0], n)) == (n*(h // n), n*(w // n))",
    "S2-19": "delta[i] == sum[j](f'(U[i]) * star(delta2[j], rot180(K[j, i]), full))",
    "S2-19-mixed": "delta[i] == sum[j](f'(U[i]) * conv2(delta2[j], K[j, i], full))",
    "S2-19-indices-corrected": "delta[i] == sum[j](f'(U[i]) * star(delta2[j], rot180(K[j, i]), full))",
    "S2-18-same-map-only": "delta[i] == sum[j](conv2(delta2[j], rot180(K[j, i]), full)) * f'(U[i])",
    "S2-14-matrices-corr": "grad(J, K)[i, j] == rot180(sum[s, t](delta[i, s, t] * P[j, s, t]))",
    "S2-19-one-map-conv": "delta == f'(U) * star(delta2, rot180(K), full)",
    "S2-19-one-map-valid": "delta == f'(U) * star(delta2, rot180(K), full)",
    # -- s3: formulas --------------------------------------------------------------------------------------------------
    "S3-02-printed-limits": "conv(A, B, full)[s, t] == sum[m, n](A[m, n] * B[s - m, t - n])",
    # the sizes are the misprint; with B as printed, of size ma x mb, this is the output's
    "S3-02-printed-sizes": "shape(conv(A, B, full)) == (ma + ma - 1, na + mb - 1)",
    "S3-05": "shape(z) == ((H1 - F + 2*P) // S + 1, (W1 - F + 2*P) // S + 1)",
    "S3-05-printed-names": "shape(z) == ((H1 - F + 2*P) // S + 1, (W1 - F + 2*P) // S + 1)",
    "S3-06-conv": (
        "A[i, j] == f(sum[d, p, q](w[d, m - 1 - p, n - 1 - q] * X[d, i + p, j + q]) + wb)",
        "A[i, j] == f(sum[d, p, q](w[d, p, q] * X[d, i + m - 1 - p, j + n - 1 - q]) + wb)",
    ),
    "S3-08-convolution-for-correlation": "A == f(sum[d in 0..D-1](conv(X[d], rot180(w[d]), valid)) + wb)",
    "S3-06-stride-forgotten": "A[i, j] == f(sum[d, p, q](w[d, p, q] * X[d, S*i + p, S*j + q]) + wb)",
    "S3-07-without-exchange": "conv(A, B, full) == corr(B, rot180(A), full)",
    "S3-29-valid": (
        "conv(B, A, full) == conv(A, B, full)",
        "convolve(B, A, valid) == convolve(A, B, valid)",
        "conv(B, A, valid) == convolve(A, B, valid)",
    ),
    "S3-29-same": "conv(B, A, full) == conv(A, B, full)",
    "S3-29-correlation": "corr(A, B, full) == rot180(corr(B, A, full))",
    "S3-11": "net2 == star(a, w, valid) + wb",
    "S3-11-commutative-corr": "net2 == convolve(rot180(w), a, valid) + wb",
    # entries outside the residual count as zero, so that a shift of the indices is the frame of zeros
    "S3-14 [star=conv]": (
        "grad(E, net1)[i, j]"
        " == sum[p, q](w[p, q] * pad(delta, (m - 1, m - 1), (n - 1, n - 1))[i + p, j + q]) * f'(net1[i, j])",
        "grad(E, net1)[i, j] == sum[p, q](w[p, q] * delta[i + p - m + 1, j + q - n + 1]) * f'(net1[i, j])",
    ),
    "S3-14 [star=corr]": "grad(E, net1)[i, j] == sum[p, q](w[p, q] * delta[i - p, j - q]) * f'(net1[i, j])",
    "S3-14-framed-corr":
        "grad(E, net1)[i, j] == sum[p, q](w[m - 1 - p, n - 1 - q]"
        " * pad(delta, (m - 1, m - 1), (n - 1, n - 1))[i + p, j + q]) * f'(net1[i, j])",
    "S3-15-forward-conv-backward-conv": "grad(E, a) == corr(delta, w, full)",
    "S3-15-forward-corr-backward-corr": "grad(E, a) == conv(delta, w, full)",
    "S3-15-valid [star=conv]": "grad(E, a) == corr(delta, w, full)",
    "S3-15-valid [star=corr]": "grad(E, a) == conv(delta, w, full)",
    "S3-20-conv": "grad(E, w)[i, j] == sum[p, q](delta[p, q] * a[p + m - 1 - i, q + n - 1 - j])",
    "S3-21-first-conv":
        "grad(E, w)[1, 1] == delta[1, 1]*a[2, 2] + delta[1, 2]*a[2, 3] + delta[2, 1]*a[3, 2] + delta[2, 2]*a[3, 3]",
    "S3-21-second-conv":
        "grad(E, w)[1, 2] == delta[1, 1]*a[2, 1] + delta[1, 2]*a[2, 2] + delta[2, 1]*a[3, 1] + delta[2, 2]*a[3, 2]",
    "S3-18-first-map-only": "grad(E, net1)[c] == sum[k](conv(delta[k], w[k, c], full)) * f'(net1[c])",
    "S3-16 [star=conv]": "grad(E, net1) == sum[d in 0..D-1](corr(delta[d], w[d], full) * f'(net1))",
    "S3-16 [star=corr]": "grad(E, net1) == sum[d in 0..D-1](conv(delta[d], w[d], full) * f'(net1))",
    "S3-16-chain":
        "sum[k](tr((conv(delta[k], w[k], full) * f'(net1)).T @ d(net1)))"
        " == tr(sum[k](conv(delta[k], w[k], full) * f'(net1)).T @ d(net1))",
    "S3-16-limit-corrected-forward-conv-backward-conv":
        "grad(E, net1) == sum[d in 0..D-1](corr(delta[d], w[d], full) * f'(net1))",
    "S3-16-limit-corrected-forward-corr-backward-corr":
        "grad(E, net1) == sum[d in 0..D-1](conv(delta[d], w[d], full) * f'(net1))",
    "S3-19": "grad(E, a) == conv(resize(dilate(delta, S), H - m + 1, W - n + 1), w, full)",
    "S3-19-kernel": "grad(E, w) == corr(a, resize(dilate(delta, S), H - m + 1, W - n + 1), valid)",
    "S3-19-chain": (
        "tr(delta.T @ corr(d(a), w, valid)[::S, ::S])"
        " == tr(resize(dilate(delta, S), H - m + 1, W - n + 1).T @ corr(d(a), w, valid))",
        "tr(resize(dilate(delta, S), H - m + 1, W - n + 1).T @ corr(d(a), w, valid))"
        " == tr(conv(resize(dilate(delta, S), H - m + 1, W - n + 1), w, full).T @ d(a))",
    ),
    "S3-24": "grad(E, x)[i, j] == resize(up(delta, n), h, w)[i, j] / n**2",
    "S3-24-literally": "grad(E, x)[i, j] == resize(up(delta, n), h, w)[i, j] / n**2",
    "S3-25": "grad(E, x) == resize(kron(delta, ones(n, n) / n**2), h, w)",
    "S3-25-chain":
        "sum[i, j](delta[i // n, j // n] / n**2 * d(x)[i, j])"
        " == tr(resize(kron(delta, ones(n, n) / n**2), h, w).T @ d(x))",
    # -- acceptance files ----------------------------------------------------------------------------------------------
    "correlation-commutes": "corr(x, k, full) == rot180(corr(k, x, full))",
    "input-gradient-transposed-kernel":
        "grad(J, x) == corr(pad(g, (m - 1, m - 1), (n - 1, n - 1)), rot180(k), valid)",
    "kernel-gradient-averaged": "grad(J, k) == corr(x, g, valid)",
    "strided-kernel-tail-forgotten": "grad(J, k) == corr(x, resize(dilate(g, s), H - m + 1, W - n + 1), valid)",
    "strided-input-not-dilated": "grad(J, x) == conv(resize(dilate(g, s), H - m + 1, W - n + 1), k, full)",
    "channels-input-without-the-sum": "grad(J, x)[c] == sum[d](conv(g[d], k[d, c], full))",
    "half-padding": ("i + k // 2 + (k - 1) // 2 - k + 1 == i", "i + 2*((k - 1) / 2) - k + 1 == i"),
    "dense-weights-transposed": "grad(J, W) == delta @ x.T",
    "quadratic-form-needs-symmetry": "grad(K, X) == (B + B.T) @ X",
    "mean-squared-error-half": "grad(J, y) == 2 * (y - t) / n",
    "up-is-kron": "grad(J, x) == beta * resize(up(g, n), h, w)",
    "mean-pool-without-the-factor": "grad(J, x) == resize(kron(g, ones(n, n)), h, w) / n**2",
    "max-pool-shares-evenly": "grad(J, x) == max_unpool(g, x, n, stride=s)",
    # -- the catalogue -------------------------------------------------------------------------------------------------
    "size-half-padding": (
        "shape(corr(x, w, valid, pad=(k // 2, (k - 1) // 2), (k // 2, (k - 1) // 2))) == (H, W)",
        "shape(corr(x, w, valid, pad=((k - 1) // 2, k // 2), ((k - 1) // 2, k // 2))) == (H, W)",
    ),
    "size-dilation-forgotten":
        "shape(corr(x, w, valid, pad=p, dilation=q)) == (H + 2*p - q*(k - 1), W + 2*p - q*(k - 1))",
    "transposed-size-with-output-padding": NoFormula("e is a choice; the verdict's region is the right one"),
    "transposed-size-without-output-padding":
        "(o - 1)*s - 2*p + q*(k - 1) + (H + 2*p - q*(k - 1) - 1) % s + 1 == H",
    "same-total-padding-independent-of-size": "P == max(0, k - 1 - (H - 1) % s)",
    "same-and-symmetric-padding": NoFormula(REGION),
    "same-of-two-libraries":
        "corr(x, k, same) == corr(pad(x, (m // 2, (m - 1) // 2), (n // 2, (n - 1) // 2)), k, valid)",
    "same-has-the-length-of-the-larger": "shape(conv(a, v, same))[0] == M",
    "same-does-not-commute": "conv(a, v, full) == conv(v, a, full)",
    "valid-does-not-commute": "convolve(a, v, valid) == convolve(v, a, valid)",
    "tail-size-of-the-input-gradient": (
        "shape(conv(dilate(g, s), k, full)) == (s*((H - m) // s) + m, s*((W - n) // s) + n)",
        "shape(resize(conv(dilate(g, s), k, full), H, W)) == (H, W)",
    ),
    "tail-of-the-input-gradient": "grad(J, x) == resize(conv(dilate(g, s), k, full), H, W)",
    "tail-of-the-kernel-gradient": "grad(J, k) == resize(corr(x, dilate(g, s), valid), m, n)",
    "padded-input-gradient-tail-forgotten":
        "grad(J, x) == crop(conv(resize(dilate(g, s), H + 2*p - m + 1, W + 2*p - n + 1), k, full), p)",
    "stride-and-dilation-exchange-uncut": "grad(J, k) == resize(corr(x, g, valid, stride=q, dilation=s), m, n)",
    "transposed-is-no-inverse": NoFormula("a transposed convolution is the inverse of no size but 1"),
    "dot-product-test-correlation-twice": "sum(corr(x, k, valid) * y) == sum(x * conv(y, k, full))",
    "same-is-self-adjoint": "grad(J, x) == corr(pad(g, ((m - 1) // 2, m // 2), ((n - 1) // 2, n // 2)), k, valid)",
    "groups-kernel-first-group-only": "grad(J, k)[t, d, c] == corr(x[t*C + c], g[t, d], valid)",
    "groups-number-of-weights-as-without": "G*D*C*m*n == (G*D)*(G*C)*m*n / G",
    "separable-depthwise-kernel-mixed": "grad(J, k)[c] == corr(x[c], sum[d](p[d, c] * g[d]), valid)",
    "batch-kernel-averaged": "grad(J, k)[d, c] == sum[t](corr(x[t, c], g[t, d], valid))",
    "batch-bias-one-pixel": "grad(J, b)[d] == sum[t, i, j](g[t, d, i, j])",
    "im2col-forward-true-convolution": "reshape(corr(x, k, valid), 1, oh*ow) == reshape(k, 1, m*n) @ P",
    "fold-of-unfold": NoFormula(REGION),
    "circular-input-not-reversed": "grad(J, x)[u] == sum[p](k[p] * g[(u - p) % N])",
    "replication-first-entry": NoFormula(REGION),
    "mean-pooling-gradient-as-kron": "grad(J, x) == resize(kron(g, ones(f, f)), h, w) / f**2",
    "padding-counts-in-the-mean": NoFormula("true without padding only; padded means have no short formula"),
    "padding-counts-in-the-mean-worked-without": "mean_pool([[1, 2], [3, 4]], 3, stride=1, pad=1)[0, 0] == 10/9",
    "ceil-mode-full-divisor": NoFormula("two divisors that are never the same"),
    "pooling-stride-one-mean": NoFormula(REGION),
    "up-gradient-mean": "grad(J, x) == sum_pool(g, n)",
    "mean-then-up": "mean_pool(up(x, n), n) == x",
    "nearest-and-nearest-exact": NoFormula("two definitions that differ"),
    "checkerboard": NoFormula(REGION),
    "pixel-shuffle-other-channel-order": NoFormula("two definitions that differ"),
    "stacked-correlations-as-correlation": "corr(corr(x, a, valid), b, valid) == corr(x, conv(a, b, full), valid)",
    "correlation-is-not-associative": "corr(corr(x, a, full), b, full) == corr(x, conv(a, b, full), full)",
    "transposition-of-the-picture-only": "conv(x, k, valid).T == conv(x.T, k.T, valid)",
    "rotation-of-one": "conv(rot180(x), rot180(k), valid) == rot180(conv(x, k, valid))",
    "winograd-two-three-convolution":
        "[[1, 1, 1, 0], [0, 1, -1, -1]] @ (([[1, 0, 0], [0.5, 0.5, 0.5], [0.5, -0.5, 0.5], [0, 0, 1]] @ g3)"
        " * ([[1, 0, -1, 0], [0, 1, 1, 0], [0, -1, 1, 0], [0, 1, 0, -1]] @ d4)) == corr(d4, g3, valid)",
    "tied-kernel-second-use-forgotten": "grad(J, k) == corr(y, g, valid) + corr(x, conv(g, k, full), valid)",
    "vec-of-a-product-row-order": "vec(A @ X @ B) == kron(B.T, A) @ vec(X)",
    "bilinear-form-first-vector-transposed": "grad(J, u) == A @ v",
    "outer-product-as-kron-exchanged": "vec(u @ v.T) == kron(v, u)",
    "trace-is-not-multiplicative": "tr(kron(A, B)) == tr(A) * tr(B)",
    "quadratic-form-without-symmetry": "grad(J, x) == (A + A.T) @ x",
    "bilinear-layer-input-one-unit": "grad(J, s)[i] == sum[k, j](g[k] * A[k, i, j] * t[j])",
    "linear-weights-transposed": "grad(J, W) == g.T @ x",
    "linear-bias-averaged": "grad(J, b) == ones(1, B) @ g",
}  # fmt: skip

# Formulas of the table that the search does not find, and why.
MISSED = {
    "S3-19-chain": "the tail is found in S3-19, but not within a trace; in the last link both sides lack it",
    "S3-25-chain": "the frame is found in S3-25, but not within a trace beside a sum over divided indices",
    "same-total-padding-independent-of-size": "a remainder within a maximum is more than a small edit of k - 1",
    "tied-kernel-second-use-forgotten": "a whole term is missing; what is found instead is equal to it",
}


def key_of(identifier: str, reading: Mapping[str, str]) -> str:
    """The key of a claim in the table: with its reading of `star`, if the table tells them apart."""
    with_reading = f"{identifier} [star={reading.get('star')}]"
    return with_reading if with_reading in TEXTBOOK else identifier


def textbook_links(claim: Claim) -> list[Link] | None:
    """The textbook's formulas for a false claim, read in its context; None where there is none, or no entry."""
    wanted = TEXTBOOK.get(key_of(claim.id, claim.reading))
    if wanted is None or isinstance(wanted, NoFormula):
        return None
    texts = (wanted,) if isinstance(wanted, str) else wanted
    return [parse_claim(text, claim.context, dict(claim.reading)).links[0] for text in texts]


def has_textbook(claim: Claim, found: Iterable[Repair]) -> bool | None:
    """Whether a textbook's formula is among the repairs, up to what is the same by definition; None where there is
    none."""
    links = textbook_links(claim)
    if links is None:
        return None
    forms = {(normal(link.left), normal(link.right)) for link in links}
    return any((normal(one.link.left), normal(one.link.right)) in forms for one in found if one.kind != "reading")
