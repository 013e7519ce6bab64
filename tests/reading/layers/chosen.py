"""Layers whose places data choose: masks, argmax, branches on data; loops over a generator."""

import numpy as np


def rectify(x):
    out = x.copy()
    negative = x <= 0
    out[negative] = 0
    return out, x


def rectify_backward(dout, x):
    dx = np.zeros_like(x)
    positive = x > 0
    dx[positive] = dout[positive]
    return dx


def rows(x):
    best = np.argmax(x, axis=1)
    return x[np.arange(len(x)), best], (x.shape, best)


def rows_backward(dy, cache):
    shape, best = cache
    dx = np.zeros(shape)
    dx[np.arange(shape[0]), best] = dy
    return dx


def peaks(x, b, f, s):
    n, m = x.shape
    y = np.zeros((n, (m - f) // s + 1))
    for row in range(n):
        for i in range(y.shape[1]):
            y[row, i] = x[row, i * s : i * s + f].max() + b[row]
    return y, (x, f, s)


def peaks_backward(dy, cache):
    x, f, s = cache
    dx = np.zeros_like(x)
    for row in range(x.shape[0]):
        for i in range(dy.shape[1]):
            dx[row, i * s + np.argmax(x[row, i * s : i * s + f])] += dy[row, i]
    return dx, dy.sum(axis=1)


def peaks_backward_assigns(dy, cache):
    x, f, s = cache
    dx = np.zeros_like(x)
    for row in range(x.shape[0]):
        for i in range(dy.shape[1]):
            dx[row, i * s + np.argmax(x[row, i * s : i * s + f])] = dy[row, i]
    return dx, dy.sum(axis=1)


def planes(x, f, s):
    h, w = x.shape
    y = np.zeros(((h - f) // s + 1, (w - f) // s + 1))
    for i in range(y.shape[0]):
        for j in range(y.shape[1]):
            y[i, j] = np.max(x[i * s : i * s + f, j * s : j * s + f])
    return y, (x, f, s)


def planes_backward(dy, cache):
    x, f, s = cache
    dx = np.zeros_like(x)
    for i in range(dy.shape[0]):
        for j in range(dy.shape[1]):
            window = x[i * s : i * s + f, j * s : j * s + f]
            r, c = np.unravel_index(np.argmax(window), window.shape)
            dx[i * s + r, j * s + c] += dy[i, j]
    return dx


def hot(x):
    return x.max(axis=1), x


def hot_backward(dy, x):
    return (x.argmax(axis=1)[:, None] == np.arange(x.shape[1])) * dy[:, None]


def branched(x):
    y = np.zeros_like(x)
    for i in range(len(x)):
        if x[i] > 0:
            y[i] = 2 * x[i]
        else:
            y[i] = 3 * x[i]
    return y, x


def branched_backward(dy, x):
    dx = np.zeros_like(x)
    for i in range(len(x)):
        if x[i] > 0:
            dx[i] += 2 * dy[i]
        else:
            dx[i] += 3 * dy[i]
    return dx


def windows(x, m):
    for i in range(len(x) - m + 1):
        yield x[i : i + m], i


def generated(x, w):
    y = np.zeros(len(x) - len(w) + 1)
    for window, i in windows(x, len(w)):
        y[i] = window @ w
    return y, (x, w)


def generated_backward(dy, cache):
    x, w = cache
    dx, dw = np.zeros_like(x), np.zeros_like(w)
    for window, i in windows(x, len(w)):
        dw += dy[i] * window
        dx[i : i + len(w)] += dy[i] * w
    return dx, dw


def logistic(x):
    out = np.zeros_like(x)
    ahead = x >= 0
    out[ahead] = 1 / (1 + np.exp(-x[ahead]))
    out[~ahead] = np.exp(x[~ahead]) / (1 + np.exp(x[~ahead]))
    return out


def logistic_backward(dy, x):
    y = logistic(x)
    return dy * y * (1 - y)


def exponential_linear(x):
    out = x.copy()
    behind = x < 0
    out[behind] = np.exp(x[behind]) - 1
    return out


def exponential_linear_backward(dy, x):
    dx = dy.copy()
    behind = x < 0
    dx[behind] = dy[behind] * np.exp(x[behind])
    return dx


def exponential_linear_backward_of_value(dy, x):
    dx = dy.copy()
    behind = x < 0
    dx[behind] = dy[behind] * (np.exp(x[behind]) - 1)
    return dx


def negative_log(p, t):
    chosen = t > 0
    loss = -np.log(p[chosen]).sum()
    dp = np.zeros_like(p)
    dp[chosen] = -1 / p[chosen]
    return loss, dp
