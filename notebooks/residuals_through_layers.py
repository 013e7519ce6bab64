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
# # Residuals through convolution, pooling, convolution
#
# Three layers, one after the other. Each residual is made from the next one; nobody multiplies the whole chain
# out. Each step is
# proved by itself, and together they are the whole.

# %%
from derivations import Verdicts, given

net = given("""
    dims H, W, m, n where n <= H - m + 1, n <= W - m + 1
    tensor x[H, W], w1[m, m]
    scalar b1
    function f
    z1 = conv(x, w1, valid) + b1
    a1 = f(z1)
    p1 = mean_pool(a1, n)
    loss J(p1)
    delta = grad(J, p1)
""")
net

# %% [markdown]
# ## From the pooled picture back
#
# The loss sees the pooled picture `p1`, and whatever comes after it. Back through the means:

# %%
net.judge("grad(J, a1) == resize(up(delta, n), H - m + 1, W - m + 1) / n**2", steps=False)

# %% [markdown]
# through the function, entry by entry:

# %%
net.judge("grad(J, z1) == grad(J, a1) * f'(z1)", steps=False)

# %% [markdown]
# and through the convolution, to its kernel, its bias and its picture.

# %%
claims = (
    "grad(J, w1) == conv(rot180(x), grad(J, z1), valid)",
    "grad(J, b1) == sum(grad(J, z1))",
    "grad(J, x) == conv(grad(J, z1), rot180(w1), full)",
)
Verdicts([net.judge(claim, steps=False) for claim in claims])

# %% [markdown]
# ## The second convolution in front of the loss
#
# Behind the pooling stands another convolution. Its residual reaches the pooled picture by a full convolution;
# from there on
# everything is as before.

# %%
two = given("""
    dims P, Q, q where q <= P, q <= Q
    tensor p1[P, Q], w2[q, q]
    scalar b2
    z2 = conv(p1, w2, valid) + b2
    loss J(z2)
    delta2 = grad(J, z2)
""")
two.judge("grad(J, p1) == conv(delta2, rot180(w2), full)", steps=False)

# %% [markdown]
# ## On numbers
#
# The chain of the three proved formulas against the complex step, on a picture of 9×11.

# %%
import numpy as np

from numeric.operators import OPERATORS

conv, pool, up, frame, turn = (OPERATORS[name] for name in ("conv", "mean_pool", "up", "resize", "rot180"))
rng = np.random.default_rng(3)
x, w1, w2 = rng.standard_normal((9, 11)), rng.standard_normal((2, 2)), rng.standard_normal((3, 3))
window = (2, 2)


def forward(x, w1, w2):
    z1 = conv(x, w1)
    p1 = pool(np.tanh(z1), window, window, ((0, 0), (0, 0)), 0)
    return z1, p1, conv(p1, w2)


z1, p1, z2 = forward(x, w1, w2)
delta2 = rng.standard_normal(z2.shape)
delta_p = conv(delta2, turn(w2), "full")
delta_a = frame(up(delta_p, window), z1.shape) / 4
delta_z = delta_a * (1 - np.tanh(z1) ** 2)
gradient = conv(turn(x), delta_z)

step = 1e-200
measured = np.zeros_like(w1)
for place in np.ndindex(w1.shape):
    moved = w1.astype(complex)
    moved[place] += 1j * step
    measured[place] = (forward(x, moved, w2)[2] * delta2).sum().imag / step
bool(np.allclose(gradient, measured, rtol=1e-12))

# %%
import matplotlib.pyplot as plt

figure, axes = plt.subplots(1, 4, figsize=(11, 2.4), layout="constrained")
pictures = {"δ behind conv 2": delta2, "δ of the pooled": delta_p, "δ of the activation": delta_a, "δ of z1": delta_z}
for axis, (title, values) in zip(axes, pictures.items(), strict=True):
    bound = np.abs(values).max()
    axis.imshow(values, cmap="RdBu", vmin=-bound, vmax=bound)
    axis.set_title(title, fontsize=9)
plt.show()

# %% [markdown]
# The last row and column of the third picture are white: no window has read them.
#
# ## Exercises
#
# 1. What reaches `x` if the convolution keeps the size of the picture (`same`)?
#
# <details><summary>Solution</summary>
#
# For kernels of odd size again a convolution of mode `same`, with the kernel turned; for even sizes it is off by
# one row.
# </details>
#
# 2. Where would a factor $1/n^2$ too much or too little be seen first?
#
# <details><summary>Solution</summary>
#
# In no shape: it scales the gradients of everything before the pooling. A check of the last layer alone never
# sees it.
# </details>

# %% [markdown]
# A solution, judged:

# %% jupyter={"source_hidden": true}
same = given("""
    dims H, W, m
    tensor x[H, W], w[m, m]
    z = conv(x, w, same)
    loss J(z)
    delta = grad(J, z)
""")
answer = same.judge("grad(J, x) == conv(delta, rot180(w), same)", steps=False, repair=False)
answer
