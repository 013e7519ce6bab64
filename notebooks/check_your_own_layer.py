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
# # Check your own layer
#
# A layer in NumPy or PyTorch with a backward pass of its own: is it the gradient? `check_gradient` answers at the
# shapes that it is
# given, exactly where it can; a claim answers for all shapes.
#
# ## A right one

# %%
import numpy as np

from numeric import check_gradient

rng = np.random.default_rng(0)


def forward(x, w, b):
    return x @ w + b


def backward(delta, x, w, b):
    return delta @ w.T, x.T @ delta, delta.sum(axis=0)


x, w, b = rng.standard_normal((5, 4)), rng.standard_normal((4, 3)), rng.standard_normal(3)
report = check_gradient(forward, backward, x, w, b)
report

# %% [markdown]
# ## Planted mistakes
#
# The matrix not transposed (square, so that the shapes fit), a mean for a sum, an `=` for `+=` where windows overlap.

# %%
square = rng.standard_normal((4, 4))
zero = np.zeros(4)
wrong = check_gradient(forward, lambda d, x, w, b: (d @ w, x.T @ d, d.sum(axis=0)), x, square, zero)
wrong

# %%
mean = check_gradient(forward, lambda d, x, w, b: (d @ w.T, x.T @ d, d.mean(axis=0)), x, w, b)
mean

# %%
window, step = 3, 2


def pool(x):
    return np.array([x[s : s + window].sum() for s in range(0, len(x) - window + 1, step)])


def assigned(delta, x):
    gradient = np.zeros_like(x)
    for number, value in enumerate(delta):
        gradient[step * number : step * number + window] = value
    return gradient


overlap = check_gradient(pool, assigned, rng.standard_normal(9))
overlap

# %% [markdown]
# The same for every length, window and step: where is the assigning version right?

# %%
from derivations import given

pooling = given("""
    dims H, n, s where n <= H
    tensor x[H]
    z = sum_pool(x, n, stride=s)
    loss J(z)
    delta = grad(J, z)
""")
right = pooling.judge("grad(J, x)[u] == sum[i](delta[i] * [s*i <= u, u < s*i + n])", steps=False)
right

# %% [markdown]
# ## A smooth layer
#
# Where nothing is linear, the complex step gives derivatives to the last digit; the tolerance comes from rounding
# alone.

# %%
def softmax(z):
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def softmax_backward(delta, z):
    p = softmax(z)
    return p * (delta - (delta * p).sum(axis=-1, keepdims=True))


check_gradient(softmax, softmax_backward, rng.standard_normal((3, 5)))

# %%
check_gradient(softmax, lambda delta, z: softmax(z) * delta, rng.standard_normal((3, 5)))

# %% [markdown]
# ## Where do the errors sit?

# %%
import matplotlib.pyplot as plt

data = rng.standard_normal(15)
delta = rng.standard_normal(7)
true = np.zeros_like(data)
for number, value in enumerate(delta):
    true[step * number : step * number + window] += value
figure, axis = plt.subplots(figsize=(7, 2.2), layout="constrained")
axis.bar(np.arange(15) - 0.2, true, 0.4, label="true")
axis.bar(np.arange(15) + 0.2, assigned(delta, data), 0.4, label="assigned")
axis.set(xlabel="entry of x", xticks=range(15))
axis.legend()
plt.show()

# %% [markdown]
# Exactly the entries that two windows share are wrong.
#
# ## Exercises
#
# 1. Write a layer norm over the last axis with its backward pass and check it.
#
# <details><summary>Solution</summary>
#
# With `m = x.mean(-1, keepdims=True)`, `s = np.sqrt(((x - m)**2).mean(-1, keepdims=True) + eps)` and `y = (x - m)/s`:
# `(delta - delta.mean(-1, keepdims=True) - y*(delta*y).mean(-1, keepdims=True))/s`.
# </details>
#
# 2. Leave out the last term. Does a gradient check at one shape always see it?
#
# <details><summary>Solution</summary>
#
# At a last axis of length 1 both are zero up to eps; elsewhere it does.
# </details>

# %% [markdown]
# A solution, judged:

# %% jupyter={"source_hidden": true}
eps = 1e-5


def norm(x):
    centred = x - x.mean(axis=-1, keepdims=True)
    return centred / np.sqrt((centred**2).mean(axis=-1, keepdims=True) + eps)


def norm_backward(delta, x):
    centred = x - x.mean(axis=-1, keepdims=True)
    scale = np.sqrt((centred**2).mean(axis=-1, keepdims=True) + eps)
    y = centred / scale
    return (delta - delta.mean(axis=-1, keepdims=True) - y * (delta * y).mean(axis=-1, keepdims=True)) / scale


check_gradient(norm, norm_backward, rng.standard_normal((4, 6)))
