"""A convolution by loops and by columns, each with its gradients, and mistakes of them."""

import numpy as np


def loops(x, w, b, options):
    step, border = options["stride"], options["pad"]
    batch, _, height, width = x.shape
    filters, _, k, m = w.shape
    rows = (height + 2 * border - k) // step + 1
    columns = (width + 2 * border - m) // step + 1
    framed = np.pad(x, ((0, 0), (0, 0), (border, border), (border, border)))
    out = np.zeros((batch, filters, rows, columns))
    for i in range(rows):
        for j in range(columns):
            for f in range(filters):
                part = framed[:, :, step * i : step * i + k, step * j : step * j + m]
                out[:, f, i, j] = np.sum(part * w[f], axis=(1, 2, 3)) + b[f]
    return out, (x, w, options)


def loops_backward(dout, cache):
    x, w, options = cache
    step, border = options["stride"], options["pad"]
    _, _, height, width = x.shape
    filters, _, k, m = w.shape
    framed = np.pad(x, ((0, 0), (0, 0), (border, border), (border, border)))
    dframed, dw = np.zeros_like(framed), np.zeros_like(w)
    for i in range(dout.shape[2]):
        for j in range(dout.shape[3]):
            for f in range(filters):
                g = dout[:, f, i, j][:, None, None, None]
                dw[f] += np.sum(framed[:, :, step * i : step * i + k, step * j : step * j + m] * g, axis=0)
                dframed[:, :, step * i : step * i + k, step * j : step * j + m] += w[f] * g
    return dframed[:, :, border : border + height, border : border + width], dw, dout.sum(axis=(0, 2, 3))


def loops_backward_negative_crop(dout, cache):
    x, w, options = cache
    step, border = options["stride"], options["pad"]
    filters, _, k, m = w.shape
    framed = np.pad(x, ((0, 0), (0, 0), (border, border), (border, border)))
    dframed, dw = np.zeros_like(framed), np.zeros_like(w)
    for i in range(dout.shape[2]):
        for j in range(dout.shape[3]):
            for f in range(filters):
                g = dout[:, f, i, j][:, None, None, None]
                dw[f] += np.sum(framed[:, :, step * i : step * i + k, step * j : step * j + m] * g, axis=0)
                dframed[:, :, step * i : step * i + k, step * j : step * j + m] += w[f] * g
    return dframed[:, :, border:-border, border:-border], dw, dout.sum(axis=(0, 2, 3))


def loops_backward_assigns(dout, cache):
    x, w, options = cache
    step, border = options["stride"], options["pad"]
    _, _, height, width = x.shape
    filters, _, k, m = w.shape
    framed = np.pad(x, ((0, 0), (0, 0), (border, border), (border, border)))
    dframed, dw = np.zeros_like(framed), np.zeros_like(w)
    for i in range(dout.shape[2]):
        for j in range(dout.shape[3]):
            for f in range(filters):
                g = dout[:, f, i, j][:, None, None, None]
                dw[f] += np.sum(framed[:, :, step * i : step * i + k, step * j : step * j + m] * g, axis=0)
                dframed[:, :, step * i : step * i + k, step * j : step * j + m] = w[f] * g
    return dframed[:, :, border : border + height, border : border + width], dw, dout.sum(axis=(0, 2, 3))
