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
# # LeNet-5: every gradient proved, checked, and used
#
# The network of seven layers on handwritten digits. Its formulas are proved for all sizes; its NumPy gradients
# are compared with
# exact arithmetic; then it learns.
#
# ## The formulas
#
# A convolution layer over maps, for any number of them:

# %%
from derivations import Verdicts, given

conv_layer = given("""
    dims N, C, K, H, W, m where m <= H, m <= W
    tensor x[N, C, H, W], w[K, C, m, m], b[K]
    z[t, k] = sum[c](corr(x[t, c], w[k, c], valid)) + b[k]
    loss J(z)
    delta = grad(J, z)
""")
claims = (
    "grad(J, w)[k, c] == sum[t](corr(x[t, c], delta[t, k], valid))",
    "grad(J, b)[k] == sum[t](sum(delta[t, k]))",
    "grad(J, x)[t, c] == sum[k](conv(delta[t, k], w[k, c], full))",
)
Verdicts([conv_layer.judge(claim, steps=False) for claim in claims])

# %% [markdown]
# the pooling, the dense layers, and the loss at the end:

# %%
pool = given("""
    dims h, w, n
    tensor x[h*n, w*n]
    z = mean_pool(x, n)
    loss J(z)
    delta = grad(J, z)
""")
dense = given("""
    dims N, D, M
    tensor X[N, D], V[D, M], c[M]
    Y = X @ V + outer(ones(N), c)
    loss J(Y)
    G = grad(J, Y)
""")
scores = given("""
    dims k
    tensor z[k], y[k]
    L = -sum(y * log(softmax(z)))
""")
Verdicts(
    [
        pool.judge("grad(J, x) == up(delta, n) / n**2", steps=False),
        dense.judge("grad(J, V) == X.T @ G", steps=False),
        dense.judge("grad(J, X) == G @ V.T", steps=False),
        dense.judge("grad(J, c) == G.T @ ones(N)", steps=False),
        scores.judge("grad(L, z) == softmax(z) - y", where="sum(y) == 1", steps=False),
    ]
)

# %% [markdown]
# ## The program, checked
#
# `numeric` has LeNet-5 as a chain of layers with gradients of its own. All of them, the picture's and every
# parameter's, are checked together against directions in which the true change is measured.

# %%
import numpy as np

from numeric import check_gradient
from numeric.network_zoo import lenet5

network = lenet5()
rng = np.random.default_rng(0)
images = rng.standard_normal((1, *network.input_shape))
weights = network.initial(rng)
report = check_gradient(network.forward, network.backward, images, *weights)
report

# %% [markdown]
# ## Training
#
# scikit-learn ships 1,797 digits of 8×8, enlarged here to the 32×32 that LeNet-5 reads. Plain stochastic gradient
# descent, a few
# epochs.

# %%
from sklearn.datasets import load_digits

from numeric.layers import one_hot, upsample_nearest

bunch = load_digits()
order = rng.permutation(len(bunch.target))
small, labels = bunch.images[order, None], bunch.target[order]
cut = 1200
small = (small - small[:cut].mean()) / small[:cut].std()
pictures = upsample_nearest(small, 4).astype(np.float32)

parameters = [array.astype(np.float32) for array in network.initial(np.random.default_rng(1))]
losses = []
for _ in range(2):
    for start in range(0, cut, 32):
        batch, wanted = pictures[start : start + 32], labels[start : start + 32]
        out = network.forward(batch, *parameters)
        share = np.exp(out - out.max(axis=1, keepdims=True))
        share /= share.sum(axis=1, keepdims=True)
        losses.append(float(-np.log(share[np.arange(len(wanted)), wanted] + 1e-9).mean()))
        delta = (share - one_hot(wanted, 10)) / len(wanted)
        gradients = network.backward(delta.astype(np.float32), batch, *parameters)[1:]
        parameters = [array - 0.08 * gradient for array, gradient in zip(parameters, gradients, strict=True)]
guessed = network.forward(pictures[cut:], *parameters).argmax(axis=1)
accuracy = float((guessed == labels[cut:]).mean())
assert accuracy > 0.8
"more than 80 % right"

# %%
import matplotlib.pyplot as plt

confusion = np.zeros((10, 10), int)
np.add.at(confusion, (labels[cut:], guessed), 1)
figure, axes = plt.subplots(1, 2, figsize=(9, 3.2), layout="constrained")
axes[0].plot(losses, linewidth=0.8)
axes[0].set(xlabel="step", ylabel="cross-entropy", title="loss")
axes[1].imshow(confusion, cmap="Blues")
axes[1].set(xlabel="guessed", ylabel="true", title="confusion", xticks=range(10), yticks=range(10))
plt.show()

# %% [markdown]
# ## Exercises
#
# 1. Leave out the division by the batch size in `delta`. What changes?
#
# <details><summary>Solution</summary>
#
# The gradient is that of the sum of the losses; with the same step width, training is 32 times as fast, and
# likely to diverge.
# </details>
#
# 2. Which line of the formulas above would a network of 1×1 kernels and equal map counts never test?
#
# <details><summary>Solution</summary>
#
# The order of the maps in `w[k, c]` and the flip of the kernel on the way back: with 1×1 kernels there is nothing
# to flip, and with
# equal counts an exchanged order has the right shape.
# </details>
