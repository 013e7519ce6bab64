"""Loops that are left by `break`, and functions that call themselves."""

import numpy as np


def pool(x, k, s):
    n = x.shape[0]
    y = np.zeros((n - k) // s + 1)
    for i in range(n):
        start = i * s
        if start + k > n:
            break
        y[i] = x[start:start + k].sum()
    return y


def pool_backward(dy, x, k, s):
    dx = np.zeros_like(x)
    i = 0
    while True:
        if i >= len(dy):
            break
        dx[i * s:i * s + k] += dy[i]
        i += 1
    return dx


def pool_backward_early(dy, x, k, s):
    dx = np.zeros_like(x)
    for i in range(len(dy)):
        if i * s + k >= len(x):
            break
        dx[i * s:i * s + k] += dy[i]
    return dx


def both(x, m):
    y = np.zeros(len(x))
    for i in range(len(x)):
        if i >= m or i + 2 > len(x):
            break
        y[i] = 2 * x[i]
    return y


def both_backward(dy, x, m):
    dx = np.zeros(len(x))
    i = 0
    while i < len(x) - 1:
        if i == m:
            break
        dx[i] = 2 * dy[i]
        i += 1
    return dx


def both_backward_ordered(dy, x, m):
    dx = np.zeros(len(x))
    i = 0
    while i < len(x) - 1:
        if i >= m:
            break
        dx[i] = 2 * dy[i]
        i += 1
    return dx


def after(x):
    y = np.zeros(len(x))
    for i in range(len(x)):
        y[i] = x[i]
        if i > 2:
            break
    return y


def on_data(x):
    y = np.zeros(len(x))
    for i in range(len(x)):
        if x[i] > 2:
            break
        y[i] = x[i]
    return y


def inside(x):
    y = np.zeros(len(x))
    for i in range(len(x)):
        if i > 2:
            y[i] = x[i]
            break
    return y


def items(x):
    y = x * 0
    for scale in (1, 2, 3):
        if scale > 2:
            break
        y = y + scale * x
    return y


def items_backward(dy, x):
    return 3 * dy


def power(x, n):
    if n == 0:
        return x
    return 2 * power(x, n - 1)


def same(dy, x):
    return dy
