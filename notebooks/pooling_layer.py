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
# # The pooling layer
#
# Sums, means and maxima over windows: what comes back through them, what happens where the windows do not fill the
# picture or overlap, and what a trainable factor and bias receive.
#
# ## Means
#
# A pooling layer with a trainable factor $\beta$ and a bias $b$, as the first convolutional networks had it:
# $z = \beta\,\mathrm{mean}_{n \times n}(x) + b$.

# %%
from derivations import derive, given

layer = given("""
    dims H, W, n where n <= H, n <= W
    tensor x[H, W]
    scalar beta, b
    p = mean_pool(x, n)
    z = beta * p + b
    loss J(z)
    delta = grad(J, z)
""")
layer

# %%
layer.z.as_explicit(H=4, W=5, n=2)

# %% [markdown]
# The fifth column fills no window of its own, so nothing reads it. Keep that in mind for the way back.
#
# ## What the parameters receive

# %%
layer.judge("grad(J, b) == sum(delta)", steps=False)

# %%
layer.judge("grad(J, beta) == sum(delta * p)", steps=False)

# %% [markdown]
# ## What the picture receives
#
# Each entry of $\delta$ goes back to the $n^2$ entries of its window, divided by their number. `up` repeats each
# entry in a
# block, `resize` adds the rows that no window reads, as zeros.

# %%
derivation = derive(layer, "J", wrt="x")
derivation

# %%
assert derivation.proved
layer.judge("grad(J, x) == beta * resize(up(delta, n), H, W) / n**2", steps=False)

# %% [markdown]
# Two mistakes are made here more often than any other. The factor $1/n^2$ is forgotten:

# %%
forgotten = layer.judge("grad(J, x) == beta * resize(up(delta, n), H, W)", steps=False)
forgotten

# %% [markdown]
# or the tail is. Then the formula has the right shape only where n divides both sides.

# %%
tail = layer.judge("grad(J, x) == beta * up(delta, n) / n**2", steps=False)
tail

# %% [markdown]
# ## The footprint of one entry
#
# Which entries of the picture does one entry of $\delta$ reach? For windows of 2×2 on a picture of 5×7, and for
# windows of 3×3
# that move by 2, where neighbours share a row.

# %%
import matplotlib.pyplot as plt
import numpy as np

from numeric.operators import OPERATORS

up, frame = OPERATORS["up"], OPERATORS["resize"]


def reached(window: int, stride: int, rows: int, columns: int) -> np.ndarray:
    """How many windows read each entry of the picture."""
    count = np.zeros((rows, columns))
    for i in range(0, rows - window + 1, stride):
        for j in range(0, columns - window + 1, stride):
            count[i : i + window, j : j + window] += 1
    return count


figure, axes = plt.subplots(1, 2, figsize=(8, 2.6), layout="constrained")
for axis, (window, stride) in zip(axes, ((2, 2), (3, 2)), strict=True):
    image = axis.imshow(reached(window, stride, 5, 8), cmap="viridis", vmin=0, vmax=4)
    axis.set_title(f"windows {window}×{window}, step {stride}", fontsize=10)
figure.colorbar(image, ax=axes, label="windows that read it")
plt.show()

# %% [markdown]
# Where windows overlap the blocks must be **added**. A program that assigns (`dx[block] = …`) keeps the last
# window only.

# %%
overlapping = given("""
    dims H, n, s where n <= H
    tensor x[H]
    z = sum_pool(x, n, stride=s)
    loss J(z)
    delta = grad(J, z)
""")
overlapping.judge("grad(J, x)[u] == sum[i](delta[i] * [s*i <= u, u < s*i + n])", steps=False)

# %%
last_window_only = overlapping.judge("grad(J, x) == resize(up(delta, n), H)", steps=False)
last_window_only

# %% [markdown]
# ## Maxima
#
# The residual goes to the place of the maximum. Where a window has two, there is no derivative; the verdict names
# that as an
# axiom.

# %%
maxima = given("""
    dims H, W, n where n <= H, n <= W
    tensor x[H, W]
    z = max_pool(x, n)
    loss J(z)
    delta = grad(J, z)
    assume unique_max(x, n)
""")
found = maxima.judge("grad(J, x) == max_unpool(delta, x, n)", steps=False)
found

# %% [markdown]
# ## Exercises
#
# 1. A layer takes the *sum* over windows in place of the mean. What is the gradient by x, for windows that do not
# overlap?
#
# <details><summary>Solution</summary>
#
# The same without the factor: `grad(J, x) == resize(up(delta, n), H, W)`.
# </details>
#
# 2. Somebody writes the gradient of the mean as a full convolution of $\delta$ with ones/n². When is that right?
#
# <details><summary>Solution</summary>
#
# It is the gradient of windows that move by 1. With $\delta$ spread by zeros, `conv(dilate(delta, n), ones(n, n),
# full)`, it is right
# up to the tail.
# </details>

# %% [markdown]
# A solution, judged:

# %% jupyter={"source_hidden": true}
layer.judge("grad(J, x) == beta * resize(conv(dilate(delta, n), ones(n, n), full), H, W) / n**2", steps=False)
