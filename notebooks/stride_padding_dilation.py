# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Stride, padding, dilation, and the tail
#
# One relation says which entry of the picture meets which entry of the kernel: output $i$ and tap $t$ read the entry
# $s\,i + q\,t - p$. Stride $s$, dilation $q$ and padding $p$ are symbols below, and every verdict is for all of them.

# %%
from derivations import derive, given

layer = given("""
    dims H, m, s, q, p >= 0 where q*(m - 1) < H + 2*p
    tensor x[H], w[m]
    z = corr(x, w, valid, stride=s, pad=p, dilation=q)
    loss J(z)
    delta = grad(J, z)
""")
layer

# %%
layer.judge("shape(z)[0] == (H + 2*p - q*(m - 1) - 1)//s + 1", steps=False)

# %% [markdown]
# ## The kernel: stride and dilation change places

# %%
derive(layer, "J", wrt="w")

# %% [markdown]
# ## The picture: zeros between, the tail, the frame

# %%
derive(layer, "J", wrt="x")

# %% [markdown]
# ## The tail
#
# Where $(H - m) \bmod s \ne 0$ the last rows are read by nothing, and their gradient is zero. A formula without
# `resize` has then
# the wrong shape.

# %%
plain = given("""
    dims H, m, s where m <= H
    tensor x[H], w[m]
    z = corr(x, w, valid, stride=s)
    loss J(z)
    delta = grad(J, z)
""")
forgotten = plain.judge("grad(J, x) == conv(dilate(delta, s), w, full)", steps=False)
forgotten

# %%
forgotten.witness

# %% [markdown]
# The region as a picture: at which pairs of H and s, for a kernel of 3, is the formula without the tail right?

# %%
import matplotlib.pyplot as plt
import numpy as np

m, largest, strides = 3, 16, 6
right = np.array([[(H - m) % s == 0 for H in range(m, largest + 1)] for s in range(1, strides + 1)])
figure, axis = plt.subplots(figsize=(7, 2.6), layout="constrained")
axis.imshow(right, cmap="Greens", vmin=0, vmax=1.4, extent=(m - 0.5, largest + 0.5, strides + 0.5, 0.5), aspect="auto")
axis.set(xlabel="H", ylabel="stride s", title="green: the tail is empty", xticks=range(m, largest + 1))
plt.show()

# %% [markdown]
# What a tool that samples one shape sees depends on the shape: H = 7, m = 3, s = 2 has no tail, H = 8 has one.

# %%
from numeric import check_gradient
from numeric.operators import OPERATORS

corr, conv, dilate = (OPERATORS[name] for name in ("corr", "conv", "dilate"))
w = np.array([1.0, -2.0, 0.5])


def forward(x):
    return corr(x, w, "valid", (2,))


def without_tail(delta, x):
    gradient = conv(dilate(delta, (2,)), w, "full")
    return np.resize(gradient, x.shape) if gradient.shape != x.shape else gradient


print(check_gradient(forward, without_tail, np.arange(7.0)).verdict)
print(check_gradient(forward, without_tail, np.arange(8.0)).verdict)

# %% [markdown]
# ## Exercises
#
# 1. With padding p = (m - 1)/2 and stride 1, is the gradient of x a correlation of the same padding?
#
# <details><summary>Solution</summary>
#
# For odd m, with the kernel turned: `grad(J, x) == corr(delta, rot180(w), valid, pad=p)` where `m == 2*p + 1`.
# </details>
#
# 2. A transposed convolution is this gradient, used as a layer. What is *its* gradient by its input?
#
# <details><summary>Solution</summary>
#
# The strided correlation itself: `corr(delta, w, valid, stride=s)`.
# </details>

# %% [markdown]
# A solution, judged:

# %% jupyter={"source_hidden": true}
centred = given("""
    dims H, m, p >= 0 where m == 2*p + 1
    tensor x[H], w[m]
    z = corr(x, w, valid, pad=p)
    loss J(z)
    delta = grad(J, z)
""")
centred.judge("grad(J, x) == corr(delta, rot180(w), valid, pad=p)", steps=False)
