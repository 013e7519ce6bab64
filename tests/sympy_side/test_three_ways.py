"""One gradient, three ways: the steps in matrices, the derivative by indices, and the layer in `numeric`."""

from __future__ import annotations

import random
from itertools import product
from typing import Any

import numpy as np
import pytest

from derivations import crosscheck, derive, given
from derivations.formulas.expressions import Grad
from numeric.layers import convolve_backward, correlate_backward

LAYER = """dims H, W, m, n, s, q, C, D, p >= 0 where q*(m - 1) + 1 <= H, q*(n - 1) + 1 <= W
tensor x[C, H, W], k[D, C, m, n], b[D]
z[d] = sum[c]({operator}(x[c], k[d, c], valid, stride=s, pad=p, dilation=q)) + b[d]
loss J(z)
delta = grad(J, z)
"""
BACKWARD = {"conv": convolve_backward, "corr": correlate_backward}
BY_INDEX = {
    ("corr", "k"): "entries[d in 0..D-1, c in 0..C-1, u in 0..m-1, t in 0..n-1]"
    "(sum[i, j](delta[d, i, j] * pad(x[c], p)[s*i + q*u, s*j + q*t]))",
    ("conv", "k"): "entries[d in 0..D-1, c in 0..C-1, u in 0..m-1, t in 0..n-1]"
    "(sum[i, j](delta[d, i, j] * pad(x[c], p)[s*i + q*(m - 1 - u), s*j + q*(n - 1 - t)]))",
    ("corr", "x"): "entries[c in 0..C-1, y in 0..H-1, l in 0..W-1](sum[d, i, j, u, t]"
    "(delta[d, i, j] * k[d, c, u, t] * [y == s*i + q*u - p, l == s*j + q*t - p]))",
    ("conv", "x"): "entries[c in 0..C-1, y in 0..H-1, l in 0..W-1](sum[d, i, j, u, t]"
    "(delta[d, i, j] * k[d, c, m - 1 - u, n - 1 - t] * [y == s*i + q*u - p, l == s*j + q*t - p]))",
    ("corr", "b"): "entries[d in 0..D-1](sum[i, j](delta[d, i, j]))",
    ("conv", "b"): "entries[d in 0..D-1](sum[i, j](delta[d, i, j]))",
}
SIZES = (
    {"H": 6, "W": 5, "m": 2, "n": 2, "s": 2, "q": 2, "C": 2, "D": 3, "p": 1},
    {"H": 7, "W": 4, "m": 3, "n": 1, "s": 3, "q": 1, "C": 1, "D": 2, "p": 2},
    {"H": 4, "W": 6, "m": 2, "n": 3, "s": 1, "q": 1, "C": 3, "D": 1, "p": 0},
)


def entries(shape: tuple[int, ...], seed: int) -> Any:
    """Integers between -4 and 4."""
    chance = random.Random(seed)
    return np.array([chance.randint(-4, 4) for _ in range(int(np.prod(shape)))]).reshape(shape)


@pytest.mark.parametrize(("operator", "wrt"), list(product(BACKWARD, "kxb")))
def test_the_strided_dilated_padded_layer_with_maps(operator: str, wrt: str) -> None:
    """In at most 12 steps, each proved; equal for all sizes to the derivative by indices, which the kernel takes itself
    of the definition; and, on integers, to what the layer of `numeric` propagates back, in every entry."""
    context = given(LAYER.format(operator=operator))
    derivation = derive(context, "J", wrt)
    assert derivation.proved
    assert len(derivation.steps) <= 12
    by_index = BY_INDEX[operator, wrt]
    assert context.judge(f"{derivation.result} == {by_index}", steps=False).verdict == "proved"
    assert context.judge(f"grad(J, {wrt}) == {by_index}", steps=False).verdict == "proved"
    for sizes in SIZES:
        x = entries((sizes["C"], sizes["H"], sizes["W"]), 1)
        k = entries((sizes["D"], sizes["C"], sizes["m"], sizes["n"]), 2)
        reach = [sizes["q"] * (sizes[size] - 1) for size in ("m", "n")]
        outputs = [(sizes[n] + 2 * sizes["p"] - r - 1) // sizes["s"] + 1 for n, r in zip("HW", reach, strict=True)]
        delta = entries((sizes["D"], *outputs), 3)
        options = {"stride": sizes["s"], "pad": sizes["p"], "dilation": sizes["q"]}
        dx, dk, db = BACKWARD[operator](delta[None], x[None], k, **options)
        data = {"x": x.tolist(), "k": k.tolist(), "J": delta.tolist(), "b": [0] * sizes["D"]}
        found = crosscheck.evaluate(derivation.result, sizes, data)
        wanted = {"k": dk, "x": dx[0], "b": db}[wrt]
        assert found.shape == wanted.shape
        assert all(int(found[place].real) == wanted[place] for place in np.ndindex(*wanted.shape))


def test_the_result_is_no_derivative_any_more() -> None:
    """What is compared has no gradient left in it but the residual's."""
    for wrt in "kxb":
        result = derive(given(LAYER.format(operator="conv")), "J", wrt, judged=False).result
        assert "grad" not in str(result)
        assert not isinstance(result, Grad)
