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
# # The convolution layer
#
# From the forward formula of a convolution layer to the gradients of its kernel and of its bias, for every size
# of the picture and of the kernel. On the way stands a line that many notes print. It is wrong unless the kernel
# is a single number, and we shall see where, and by how much.
#
# ## The forward formula
#
# A picture $a$ is convolved with a kernel $w$, and a number $b$ is added to every entry. What comes after the
# layer is
# summed up by an arbitrary differentiable loss $J(z)$; all that the layer hears of it is the residual
# $\delta = \nabla_z J$.

# %%
from derivations import Verdicts, conv, derive, given, rot180

layer = given("""
    dims H, W, m, n where m <= H, n <= W
    tensor a[H, W], w[m, n]
    scalar b
    z = conv(a, w, valid) + b
    loss J(z)
    delta = grad(J, z)
""")
layer

# %% [markdown]
# `layer.z` is a SymPy expression. Its sizes are symbols; with numbers for them it becomes a matrix of entries.

# %%
layer.z.as_explicit(H=3, W=4, m=2, n=2)

# %% [markdown]
# The kernel is turned: the entry in the corner multiplies `w[1, 1]` with `a[0, 0]`. That is true convolution, as in
# MATLAB's `conv2`; most deep learning libraries leave the kernel as it is and compute a correlation. Everything below
# depends on it.

# %% [markdown]
# ## The gradient of the kernel, step by step
#
# In matrix differentials a gradient is read off an inner product: once
# $\mathrm{d}J = \operatorname{Tr}(G^T \mathrm{d}w)$ stands there, $G = \nabla_w J$. Each of these steps has been
# judged, for every $H, W, m, n$ at once.

# %%
derivation = derive(layer, "J", wrt="w")
derivation

# %%
assert derivation.proved
derivation.result

# %% [markdown]
# The formula can be asked for directly, as text or from expressions.

# %%
right = layer.judge("grad(J, w) == conv(rot180(a), delta)")
right

# %%
assert right.verdict == "proved"
layer.judge(f"grad(J, w) == {conv(rot180(layer.a), layer.delta)}")

# %% [markdown]
# ## The line that is wrong
#
# The note that this library ships as its first document continues with
# $\nabla_w J = \delta * \tilde a = \tilde\delta * a$, where the tilde turns a matrix by 180°. The first form is
# the one
# above. The second turns the residual instead of the picture.

# %%
wrong = layer.judge("grad(J, w) == conv(a, rot180(delta))")
wrong

# %% [markdown]
# The picture on the left is the counterexample, the entry that is wrong marked; the grid says for which kernels the
# line is true. In a notebook the line can stand in a cell by itself:

# %%
# %%claim layer
grad(J, w) == conv(rot180(a), rot180(delta))

# %% [markdown]
# So the two agree exactly for kernels of one entry. The smallest counterexample is a picture of two entries:

# %%
wrong.witness

# %%
sizes = dict(wrong.witness.sizes)
conv(rot180(layer.a), layer.delta).as_explicit(**sizes)

# %%
conv(layer.a, rot180(layer.delta)).as_explicit(**sizes)

# %% [markdown]
# The entries are the same, in the opposite order. That is no accident: turning both factors of a convolution
# turns its
# result.

# %%
layer.judge("conv(a, rot180(delta)) == rot180(conv(rot180(a), delta))")

# %% [markdown]
# ## The mistake in a picture
#
# The same on numbers. The left map is the true gradient, measured: each entry of the kernel is moved a little,
# and the
# change of $J = \sum \delta \circ z$ is divided by the step. The middle one is the right formula, the right one the
# printed line. As $J$ is linear in $w$, the measurement is exact up to rounding.

# %%
import matplotlib.pyplot as plt
import numpy as np

from numeric.operators import OPERATORS

convolve, turn = OPERATORS["conv"], OPERATORS["rot180"]
rng = np.random.default_rng(1)
rows, columns, high, wide = 12, 14, 5, 7
picture = np.add.outer(np.arange(rows), np.arange(columns)) % 7 + 3.0 * (np.arange(columns) > 6)
kernel = rng.standard_normal((high, wide))
residual = rng.standard_normal((rows - high + 1, columns - wide + 1))


def loss(w: np.ndarray) -> float:
    """J = Σ δ ∘ z, whose gradient by z is δ."""
    return float((residual * convolve(picture, w)).sum())


measured = np.zeros_like(kernel)
step = 1e-3
for place in np.ndindex(kernel.shape):
    moved = np.zeros_like(kernel)
    moved[place] = step
    measured[place] = (loss(kernel + moved) - loss(kernel - moved)) / (2 * step)

formula = convolve(turn(picture), residual)
printed = convolve(picture, turn(residual))

# %%
maps = {
    "measured": measured,
    "conv(rot180(a), δ)": formula,
    "conv(a, rot180(δ))": printed,
    "the error": printed - measured,
}
bound = max(np.abs(values).max() for values in maps.values())
figure, axes = plt.subplots(1, 4, figsize=(12, 2.6), layout="constrained")
for axis, (title, values) in zip(axes, maps.items(), strict=True):
    image = axis.imshow(values, cmap="RdBu", vmin=-bound, vmax=bound)
    axis.set_title(title, fontsize=10)
    axis.set_xticks([])
    axis.set_yticks([])
figure.colorbar(image, ax=axes, shrink=0.9)
plt.show()

# %%
bool(np.abs(formula - measured).max() < 1e-8), bool(np.abs(printed - measured).max() > 1)

# %%
assert np.allclose(formula, measured, atol=1e-8)
assert np.allclose(printed, turn(measured), atol=1e-8)

# %% [markdown]
# The wrong map is the true one, turned by 180°. A test with a single number as the kernel, or with a picture that
# looks
# the same upside down, does not notice.
#
# A gradient check notices, at the one size that it is given. It perturbs, compares and names what the mistake
# looks like:

# %%
from numeric import check_gradient

report = check_gradient(
    lambda w: convolve(picture, w),
    lambda delta, w: convolve(picture, turn(delta)),
    kernel,
    names=["w"],
)
print(report)

# %% [markdown]
# ## The gradient of the bias
#
# The bias is added to every entry, so its gradient is the sum of the residual, which matrix calculus writes with
# vectors of ones.

# %%
derive(layer, "J", wrt="b")

# %%
layer.judge("grad(J, b) == sum(delta) == ones(1, H - m + 1) @ delta @ ones(W - n + 1, 1)")

# %% [markdown]
# ## The gradient of the picture
#
# The layer before needs $\nabla_a J$. It is a full convolution with the turned kernel; without the rotation it is
# wrong
# wherever the kernel is larger than a single number.

# %%
layer.judge("grad(J, a) == conv(delta, rot180(w), full)")

# %%
without = layer.judge("grad(J, a) == conv(delta, w, full)")
without

# %% [markdown]
# ## Exercises
#
# 1. The forward pass of most libraries is a correlation, `z = corr(a, w, valid) + b`. What is the gradient of the
# kernel, and which line above becomes right?
#
# <details><summary>Solution</summary>
#
# `corr(a, delta, valid)`. A correlation is a convolution with the kernel turned, so that the printed line
# `conv(a, rot180(delta), valid)`, which is the same, is right here.
# </details>
#
# 2. A layer turns its picture first, `z = conv(rot180(a), w)`. What is the gradient of its kernel?
#
# <details><summary>Solution</summary>
#
# `conv(a, delta)`: the gradient turns the picture again, and two turns are none.
# </details>

# %% [markdown]
# Both solutions, judged:

# %% jupyter={"source_hidden": true}
solved = (
    ("z = corr(a, w)", "grad(J, w) == corr(a, delta)"),
    ("z = corr(a, w)", "grad(J, w) == conv(a, rot180(delta))"),
    ("z = conv(rot180(a), w)", "grad(J, w) == conv(a, delta)"),
)
sizes = """
    dims H, W, m, n where m <= H, n <= W
    tensor a[H, W], w[m, n]
"""
loss_of_z = """
    loss J(z)
    delta = grad(J, z)
"""
Verdicts([given(sizes + forward + loss_of_z).judge(claim, steps=False) for forward, claim in solved])
