"""Well-known ways to write a layer by hand, one pair of functions each."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view


def strided(x, w, s):
    n, m = len(x), len(w)
    y = np.zeros((n - m) // s + 1)
    for i in range(len(y)):
        y[i] = np.sum(x[i * s : i * s + m] * w)
    return y


def strided_backward(dy, x, w, s):
    dx, dw = np.zeros_like(x), np.zeros_like(w)
    for i in range(len(dy)):
        dx[i * s : i * s + len(w)] += dy[i] * w
        dw += dy[i] * x[i * s : i * s + len(w)]
    return dx, dw


def transposed(x, w, s):
    n, m = len(x), len(w)
    y = np.zeros((n - 1) * s + m)
    for i in range(n):
        y[i * s : i * s + m] += x[i] * w
    return y


def transposed_backward(dy, x, w, s):
    dx, dw = np.zeros_like(x), np.zeros_like(w)
    for i in range(len(x)):
        part = dy[i * s : i * s + len(w)]
        dx[i] = np.dot(part, w)
        dw += x[i] * part
    return dx, dw


def mean_windows(x, f, s):
    return sliding_window_view(x, f, axis=1)[:, ::s].mean(axis=-1), (x.shape, f, s)


def mean_windows_backward(dy, cache):
    shape, f, s = cache
    dx = np.zeros(shape)
    for j in range(dy.shape[1]):
        dx[:, j * s : j * s + f] += dy[:, j][:, None] / f
    return dx


def columns(x, w, s):
    channels, n = x.shape
    filters, _, m = w.shape
    count = (n - m) // s + 1
    cols = np.zeros((channels, m, count))
    for k in range(m):
        cols[:, k, :] = x[:, k : k + s * count : s]
    cols = cols.reshape(channels * m, count)
    return w.reshape(filters, -1) @ cols, (x.shape, w, cols, s)


def columns_backward(dy, cache):
    shape, w, cols, s = cache
    filters, channels, m = w.shape
    dw = (dy @ cols.T).reshape(w.shape)
    dcols = (w.reshape(filters, -1).T @ dy).reshape(channels, m, -1)
    dx = np.zeros(shape)
    for k in range(m):
        dx[:, k : k + s * dy.shape[1] : s] += dcols[:, k, :]
    return dx, dw


def matrices(q, k):
    return np.einsum("ad,bd->ab", q, k), (q, k)


def matrices_backward(dy, cache):
    q, k = cache
    return np.einsum("ab,bd->ad", dy, k), np.einsum("ab,ad->bd", dy, q)


def attention(q, k, v):
    scores = np.exp(np.einsum("nad,nbd->nab", q, k))
    p = scores / scores.sum(axis=-1, keepdims=True)
    return np.einsum("nab,nbe->nae", p, v), (q, k, v, p)


def attention_backward(dy, cache):
    q, k, v, p = cache
    dp = np.einsum("nae,nbe->nab", dy, v)
    ds = p * (dp - (p * dp).sum(axis=-1, keepdims=True))
    return np.einsum("nab,nbd->nad", ds, k), np.einsum("nab,nad->nbd", ds, q), np.einsum("nab,nae->nbe", p, dy)


def normalized(x, gamma, beta, eps):
    centred = x - x.mean(axis=0)
    std = np.sqrt((centred**2).mean(axis=0) + eps)
    hat = centred / std
    return gamma * hat + beta, (hat, std, gamma)


def normalized_backward(dy, cache):
    hat, std, gamma = cache
    g = dy * gamma
    dx = (g - g.mean(axis=0) - hat * (g * hat).mean(axis=0)) / std
    return dx, (dy * hat).sum(axis=0), dy.sum(axis=0)


def peaks(x, f):
    batch, n = x.shape
    y = np.zeros((batch, n // f))
    for b in range(batch):
        for i in range(n // f):
            y[b, i] = np.max(x[b, i * f : (i + 1) * f])
    return y, (x, f)


def peaks_backward(dy, cache):
    x, f = cache
    dx = np.zeros_like(x)
    for b in range(dy.shape[0]):
        for i in range(dy.shape[1]):
            part = x[b, i * f : (i + 1) * f]
            dx[b, i * f : (i + 1) * f] += (part == np.max(part)) * dy[b, i]
    return dx


def blocks(x, f):
    n, m = x.shape
    return x.reshape(n // f, f, m // f, f).mean(axis=(1, 3)), f


def blocks_backward(dy, f):
    return np.kron(dy, np.ones((f, f))) / (f * f)


def guarded(x, w, p):
    n, m = len(x), len(w)
    y = np.zeros(n + 2 * p - m + 1)
    for i in range(len(y)):
        for k in range(m):
            if 0 <= i + k - p < n:
                y[i] += x[i + k - p] * w[k]
    return y


def guarded_backward(dy, x, w, p):
    dx, dw = np.zeros_like(x), np.zeros_like(w)
    for i in range(len(dy)):
        for k in range(len(w)):
            if i + k - p < 0 or i + k - p >= len(x):
                continue
            dx[i + k - p] += dy[i] * w[k]
            dw[k] += dy[i] * x[i + k - p]
    return dx, dw


def gathered(x, w):
    n, m = len(x), len(w)
    places = np.arange(n - m + 1)[:, None] + np.arange(m)[None, :]
    return x[places] @ w, (x, w, places)


def gathered_backward(dy, cache):
    x, w, places = cache
    dx = np.zeros_like(x)
    np.add.at(dx, places, dy[:, None] * w)
    return dx, x[places].T @ dy


def gathered_backward_lost(dy, cache):
    x, w, places = cache
    dx = np.zeros_like(x)
    dx[places] += dy[:, None] * w
    return dx, x[places].T @ dy


def tail_backward(dy, x, w, s):
    m = len(w)
    up = np.zeros((len(dy) - 1) * s + 2 * m - 1)
    up[m - 1 : m - 1 + s * len(dy) : s] = dy
    dx = sliding_window_view(up, m) @ w[::-1]
    dw = sliding_window_view(x, m)[::s].T @ dy
    return dx, dw


class Dense:
    def __init__(self, w, b):
        self.params = {"w": w, "b": b}
        self.grads = {}

    def forward(self, x):
        self.x = x
        return x @ self.params["w"] + self.params["b"]

    def backward(self, dy):
        self.grads["w"] = self.x.T @ dy
        self.grads["b"] = dy.sum(axis=0)
        return dy @ self.params["w"].T
