"""Small layers in several styles, and mistakes of them."""

import numpy as np


def dense(x, w, b):
    return x.reshape(x.shape[0], -1) @ w + b, (x, w)


def dense_backward(dy, cache):
    x, w = cache
    return (dy @ w.T).reshape(x.shape), x.reshape(len(x), -1).T @ dy, dy.sum(0)


def dense_backward_mean(dy, cache):
    x, w = cache
    return (dy @ w.T).reshape(x.shape), x.reshape(len(x), -1).T @ dy, dy.mean(0)


def correlate(x, w):
    n, m = len(x), len(w)
    y = np.zeros(n - m + 1)
    at = 0
    while at + m <= n:
        total = 0.0
        for k in range(m):
            total += x[at + k] * w[k]
        y[at] = total
        at += 1
    return y


def correlate_backward(dy, x, w):
    dx, dw = np.zeros(len(x)), np.zeros(len(w))
    for i in range(len(dy)):
        for k in range(len(w)):
            dx[i + k] += dy[i] * w[k]
            dw[k] += dy[i] * x[i + k]
    return dx, dw


def correlate_backward_assigns(dy, x, w):
    dx, dw = np.zeros(len(x)), np.zeros(len(w))
    for i in range(len(dy)):
        for k in range(len(w)):
            dx[i + k] = dy[i] * w[k]
            dw[k] += dy[i] * x[i + k]
    return dx, dw


def running(x):
    last = 0.0
    y = np.zeros_like(x)
    for i in range(len(x)):
        last = 0.5 * last + x[i]
        y[i] = last
    return y


def running_backward(dy, x):
    return dy


def threshold(x):
    if x[0] > 0:
        return x
    return -x


def rectify(x):
    return np.maximum(x, 0), x


def rectify_backward(dy, x):
    return dy * (x > 0)


class Scale:
    def __init__(self, gain):
        self.gain = gain

    def forward(self, x):
        self.x = x
        return self.gain * x * self.g

    def backward(self, dy):
        self.dg = np.sum(dy * self.x * self.gain, axis=0)
        return dy * self.gain * self.g
