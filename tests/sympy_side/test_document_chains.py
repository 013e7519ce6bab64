"""The documents' derivations in their own order and notation, as chains: what they derive is claimed where they say it,
and every link of the derivation, with the misprints corrected, is proved."""

from __future__ import annotations

from pathlib import Path

import pytest

from derivations import given
from derivations.judgement.judge import judge
from derivations.language.document import Document

LAYER = """dims H, W, m, n where m <= H, n <= W
p = H - m + 1
q = W - n + 1
tensor a[H, W], w[m, n]
scalar b
z = conv(a, w, valid) + b * (ones(p, 1) @ ones(1, q))
loss J(z)
delta = grad(J, z)
"""
POOLING = """dims h, w, n where n <= h, n <= w
p = h // n
q = w // n
tensor z[h, w]
scalar beta, b
function f
a = f(z)
z2 = beta * mean_pool(a, n) + b * (ones(p, 1) @ ones(1, q))
loss J(z2)
delta2 = grad(J, z2)
delta = grad(J, z)
"""
CONVOLVED = """dims H, W, m, n where m <= H, n <= W
tensor z[H, W], w[m, n]
scalar b
function f
a = f(z)
z2 = conv(a, w, valid) + b
loss J(z2)
delta2 = grad(J, z2)
delta = grad(J, z)
"""
MAPS = """dims C, D, H, W, m, n where m <= H, n <= W
tensor z[C, H, W], w[D, C, m, n], b[D]
function f
a = f(z)
z2[k] = sum[c](corr(a[c], w[k, c], valid)) + b[k]
loss J(z2)
delta2 = grad(J, z2)
"""
STRIDE = """dims H, W, m, n, S where m <= H, n <= W
tensor a[H, W], w[m, n]
z = corr(a, w, valid, stride=S)
loss J(z)
delta = grad(J, z)
"""
MEAN = """dims h, w, n where n <= h, n <= w
tensor x[h, w]
y = mean_pool(x, n)
loss J(y)
delta = grad(J, y)
"""
CASES = """dims h, w
tensor x[2*h, 2*w]
assume unique_max(x, 2)
y = max_pool(x, 2)
loss J(y)
delta = grad(J, y)
"""

# what is derived, the claims of the documents where it stands, its context, the chain
CHAINS = (
    ("the kernel", ("S0-16d", "S0-17a"), LAYER,
     "d(J, w) == tr(grad(J, z).T @ d(z, w)) == tr(delta.T @ d(z, w)) == tr(delta.T @ d(conv(a, w, valid), w)) == "
     "tr(delta.T @ conv(a, d(w), valid)) == tr(conv(rot180(a), delta, valid).T @ d(w)) == "
     "sum(conv(rot180(a), delta, valid) * d(w))"),
    ("the bias", ("S0-20", "S0-21"), LAYER,
     "d(J, b) == tr(grad(J, z).T @ d(z, b)) == tr(delta.T @ (ones(p, 1) @ ones(1, q))) * d(b) == "
     "ones(1, p) @ delta @ ones(q, 1) * d(b)"),
    ("the pooling layer's factor", ("S0-26", "S0-27"), POOLING,
     "d(J, beta) == tr(grad(J, z2).T @ d(z2, beta)) == tr(delta2.T @ mean_pool(a, n)) * d(beta) == "
     "ones(1, p) @ (delta2 * mean_pool(a, n)) @ ones(q, 1) * d(beta)"),
    ("the residual through a pooling layer", ("S0-34",), POOLING,
     "d(J, z) == tr(delta2.T @ d(z2, z)) == tr(beta * delta2.T @ mean_pool(d(a, z), n)) == "
     "beta * tr(delta2.T @ mean_pool(f'(z) * d(z), n)) == "
     "beta * tr((resize(up(delta2, n), h, w) / n**2).T @ (f'(z) * d(z))) == "
     "tr((beta * (resize(up(delta2, n), h, w) / n**2 * f'(z))).T @ d(z)) == tr(delta.T @ d(z))"),
    ("the residual through a convolution layer", ("S0-35",), CONVOLVED,
     "d(J, z) == tr(delta2.T @ d(z2, z)) == tr(delta2.T @ conv(d(a, z), w, valid)) == "
     "tr(conv(delta2, rot180(w), full).T @ (f'(z) * d(z))) == "
     "tr((conv(rot180(w), delta2, full) * f'(z)).T @ d(z)) == tr(delta.T @ d(z))"),
    ("the multi-map form of the kernels", ("S2-15",), MAPS,
     "d(J, w) == sum[k](tr(delta2[k].T @ d(z2, w)[k])) == "
     "sum[k](tr(delta2[k].T @ sum[c](corr(a[c], d(w)[k, c], valid)))) == "
     "sum[k, c](tr(corr(a[c], delta2[k], valid).T @ d(w)[k, c]))"),
    ("the full-derivative sum over filters", ("S3-16", "S3-18"), MAPS,
     "d(J, z) == sum[k](tr(delta2[k].T @ sum[c](corr(d(a, z)[c], w[k, c], valid)))) == "
     "sum[k, c](tr(conv(delta2[k], w[k, c], full).T @ (f'(z[c]) * d(z)[c]))) == "
     "sum[c](tr((sum[k](conv(delta2[k], w[k, c], full)) * f'(z[c])).T @ d(z)[c]))"),
    ("zeros inserted for a stride, with the tail", ("S3-19",), STRIDE,
     "d(J, a) == tr(delta.T @ corr(d(a), w, valid, stride=S)) == "
     "tr(delta.T @ corr(d(a), w, valid)[::S, ::S]) == "
     "tr(resize(dilate(delta, S), H - m + 1, W - n + 1).T @ corr(d(a), w, valid)) == "
     "tr(conv(resize(dilate(delta, S), H - m + 1, W - n + 1), w, full).T @ d(a))"),
    ("mean pooling by the Kronecker product", ("S3-25",), MEAN,
     "d(J, x) == tr(delta.T @ mean_pool(d(x), n)) == sum[i, j](delta[i, j] * sum[p in 0..n-1, q in 0..n-1]("
     "d(x)[n*i + p, n*j + q]) / n**2) == "
     "tr(resize(kron(delta, ones(n, n) / n**2), h, w).T @ d(x))"),
    ("max pooling by cases", ("S3-23",), CASES,
     "d(J, x) == tr(delta.T @ d(max_pool(x, 2), x)) == tr(max_unpool(delta, x, 2).T @ d(x)) == "
     "sum((up(delta, 2) * max_unpool(ones(h, w), x, 2)) * d(x))"),
)  # fmt: skip
DOCUMENTS = sorted((Path(__file__).parents[2] / "derivations" / "documents").glob("*.md"))


@pytest.mark.parametrize(("what", "claims", "context", "chain"), CHAINS, ids=[chain[0] for chain in CHAINS])
def test_every_link_of_a_document_s_derivation_is_proved(
    what: str, claims: tuple[str, ...], context: str, chain: str
) -> None:
    """Each link by itself, for all sizes, with the numbers agreeing."""
    verdicts = judge(given(context).claim(chain))
    assert len(verdicts) >= 3
    assert [(v.statement, v.verdict) for v in verdicts if v.verdict != "proved"] == []


def test_what_they_derive_is_claimed_where_they_say_it() -> None:
    """Every derivation of the table stands in a shipped document under its number, as a chain at one of them."""
    claims = [claim for path in DOCUMENTS for claim in Document.read(path).claims]
    names = {claim.id for claim in claims}
    prefixes = [prefix for _, numbers, *_ in CHAINS for prefix in numbers]
    missing = [prefix for prefix in prefixes if not any(name.startswith(prefix) for name in names)]
    assert not missing
    chains = [claim.id for claim in claims if len(claim.links) > 1]
    single = [what for what, numbers, *_ in CHAINS if not any(name.startswith(numbers) for name in chains)]
    assert not single
