"""Losses that return something as the gradient of their labels."""

import numpy as np


def softmax_loss(x, y):
    N = x.shape[0]
    logs = x - np.log(np.exp(x).sum(axis=1, keepdims=True))
    loss = -logs[np.arange(N), y].sum() / N
    dx = np.exp(logs)
    dx[np.arange(N), y] -= 1
    return loss, dx / N, np.zeros(N)


def cross_entropy(p, t):
    return -(t * np.log(p)).sum()


def cross_entropy_backward(p, t):
    return -t / p, -2 * np.log(p)


def cross_entropy_backward_swapped(p, t):
    dt, dp = -np.log(p), -t / p
    return dt, dp
