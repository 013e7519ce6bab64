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
# # Find the mistake
#
# Lines as they stand in printed notes. Each is false as it stands; for each we want to know where it is true, how
# the smallest
# counterexample looks, and what was probably meant.

# %%
from derivations import Document, given

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
# ## 1. The wrong factor is turned

# %%
# %%claim layer
grad(J, w) == conv(a, rot180(delta), valid)

# %% [markdown]
# ## 2. `valid` for `full`
#
# On the way back the picture grows again; a convolution that shrinks it cannot be right.

# %%
# %%claim layer
grad(J, a) == conv(delta, rot180(w), valid)

# %% [markdown]
# ## 3. No rotation on the way back

# %%
# %%claim layer
grad(J, a) == conv(delta, w, full)

# %% [markdown]
# ## 4. The bias by a mean

# %%
# %%claim layer
grad(J, b) == mean(delta)

# %% [markdown]
# ## 5. A lost factor
#
# Pooling by means: each entry receives its share only.

# %%
pooling = given("""
    dims h, w, n
    tensor x[h*n, w*n]
    z = mean_pool(x, n)
    loss J(z)
    delta = grad(J, z)
""")
pooling

# %%
# %%claim pooling
grad(J, x) == kron(delta, ones(n, n))

# %% [markdown]
# ## 6. Which reading?
#
# A star that the text never defines. Under convolution the forward formula is true, under correlation a line of
# MATLAB below it
# is; no reading makes both true.

# %%
Document.parse("""
```given
dims H, W, m, n where m <= H, n <= W
tensor a[H, W], w[m, n]
choose star in conv, corr
z = star(a, w, valid)
loss J(z)
delta = grad(J, z)
```

```claim formula
grad(J, w) == conv(rot180(a), delta, valid)
```

```claim code
grad(J, w) == conv(a, rot180(delta), valid)
```
""").verify()

# %% [markdown]
# ## How far wrong?
#
# The counterexample of the first line, in numbers, at sizes where it is easy to see.

# %%
import matplotlib.pyplot as plt
import numpy as np

from numeric.operators import OPERATORS

conv, turn = OPERATORS["conv"], OPERATORS["rot180"]
rng = np.random.default_rng(0)
a, delta = rng.integers(-3, 4, (6, 7)), rng.integers(-2, 3, (4, 4))
true, claimed = conv(turn(a), delta), conv(a, turn(delta))
figure, axes = plt.subplots(1, 3, figsize=(9, 2.5), layout="constrained")
maps = {"true": true, "claimed": claimed, "difference": claimed - true}
for axis, (title, values) in zip(axes, maps.items(), strict=True):
    axis.imshow(values, cmap="RdBu", vmin=-30, vmax=30)
    axis.set_title(title, fontsize=10)
    axis.set_xticks(range(values.shape[1]))
    axis.set_yticks(range(values.shape[0]))
    for (row, column), value in np.ndenumerate(values):
        axis.text(column, row, f"{value:g}", ha="center", va="center", color="white" if abs(value) > 18 else "black")
plt.show()

# %% [markdown]
# ## Exercises
#
# 1. Is `grad(J, w) == rot180(conv(a, rot180(delta), valid))` right?
#
# <details><summary>Solution</summary>
#
# Yes: turning both factors of a convolution turns its result.
# </details>
#
# 2. For which pictures would the line of number 1 be right by accident?
#
# <details><summary>Solution</summary>
#
# Where the gradient looks the same upside down, for example for a picture and a residual that do. Tests with
# symmetric data
# do not see the mistake.
# </details>

# %% [markdown]
# A solution, judged:

# %% jupyter={"source_hidden": true}
layer.judge("grad(J, w) == rot180(conv(a, rot180(delta), valid))", steps=False)
