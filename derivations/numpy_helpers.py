"""The NumPy functions that a generated gradient may call, as source: each plain, and printed only where it
is used.

They are text because they are printed for the reader to keep. Nothing here is run by gradproof but in the
check of a generated function against `numeric/` (`numpy_code.py`).
"""

from __future__ import annotations

IMPORT = "import numpy as np\n"

# name: (helpers that it calls, source). Axes are all axes for convolutions, the last two for the others.
HELPERS: dict[str, tuple[tuple[str, ...], str]] = {
    "corr": ((), '''
def corr(x, k, mode="valid", stride=None, pad=None, dilation=None):
    """Cross-correlation over all axes: y[i] = sum over t of x[s*i + d*t - p] * k[t]."""
    stride, dilation = stride or (1,) * x.ndim, dilation or (1,) * x.ndim
    reach = [d * (m - 1) for m, d in zip(k.shape, dilation)]
    more = {"valid": [(0, 0)] * x.ndim, "full": [(r, r) for r in reach], "same": [(r - r // 2, r // 2) for r in reach]}
    x = np.pad(x, [(p[0] + e[0], p[1] + e[1]) for p, e in zip(pad or ((0, 0),) * x.ndim, more[mode])])
    sizes = [(n - r - 1) // s + 1 for n, r, s in zip(x.shape, reach, stride)]
    y = np.zeros(sizes, np.result_type(x, k))
    for tap in np.ndindex(*k.shape):
        at = tuple(slice(d * t, d * t + s * (n - 1) + 1, s) for t, n, s, d in zip(tap, sizes, stride, dilation))
        y += k[tap] * x[at]
    return y
'''),
    "conv": (("corr",), '''
def conv(x, k, mode="valid", stride=None, pad=None, dilation=None):
    """True convolution: the kernel is flipped on every axis."""
    return corr(x, np.flip(k), mode, stride, pad, dilation)
'''),
    "convolve": (("conv",), '''
def convolve(a, b, mode="valid"):
    """Commutative convolution: for valid the smaller slides over the larger."""
    if mode == "valid" and any(n < m for n, m in zip(a.shape, b.shape)):
        a, b = b, a
    return conv(a, b, mode)
'''),
    "rot180": ((), '''
def rot180(a):
    """Half a turn of the last two axes."""
    return np.flip(a, tuple(range(max(a.ndim - 2, 0), a.ndim)))
'''),
    "up": ((), '''
def up(a, factors):
    """Every entry as a block."""
    for axis, n in enumerate(factors, a.ndim - len(factors)):
        a = np.repeat(a, n, axis)
    return a
'''),
    "dilate": ((), '''
def dilate(a, steps):
    """s - 1 zeros between neighbours."""
    lead = a.ndim - len(steps)
    sizes = [(n - 1) * s + 1 for n, s in zip(a.shape[lead:], steps)]
    y = np.zeros((*a.shape[:lead], *sizes), a.dtype)
    y[(..., *(slice(None, None, s) for s in steps))] = a
    return y
'''),
    "pad": ((), '''
def pad(a, widths):
    """A frame of zeros around the last axes."""
    return np.pad(a, [(0, 0)] * (a.ndim - len(widths)) + list(widths))
'''),
    "crop": ((), '''
def crop(a, widths):
    """The frame dropped."""
    lead = a.ndim - len(widths)
    return a[(..., *(slice(b, n - e) for n, (b, e) in zip(a.shape[lead:], widths)))]
'''),
    "resize": ((), '''
def resize(a, sizes):
    """The top left corner of a frame of zeros, cut where larger."""
    lead = a.ndim - len(sizes)
    y = np.zeros((*a.shape[:lead], *sizes), a.dtype)
    at = (..., *(slice(0, min(n, size)) for n, size in zip(a.shape[lead:], sizes)))
    y[at] = a[at]
    return y
'''),
    "windows": ((), '''
def windows(x, f, stride, pad=None, fill=0):
    """All windows of the last axes, as an array with the window's axes last."""
    lead = x.ndim - len(f)
    x = np.pad(x, [(0, 0)] * lead + list(pad or [(0, 0)] * len(f)), constant_values=fill)
    view = np.lib.stride_tricks.sliding_window_view(x, f, tuple(range(lead, x.ndim)))
    return view[(slice(None),) * lead + tuple(slice(None, None, s) for s in stride)]
'''),
    "sum_pool": (("windows",), '''
def sum_pool(x, f, stride, pad=None):
    """Window sums."""
    return windows(x, f, stride, pad).sum(tuple(range(-len(f), 0)))
'''),
    "mean_pool": (("sum_pool",), '''
def mean_pool(x, f, stride, pad=None):
    """Window means; padded zeros count."""
    return sum_pool(x, f, stride, pad) / np.prod(f)
'''),
    "max_pool": (("windows",), '''
def max_pool(x, f, stride, pad=None):
    """Window maxima."""
    return windows(x.astype(float), f, stride, pad, -np.inf).max(tuple(range(-len(f), 0)))
'''),
    "max_unpool": ((), '''
def max_unpool(delta, x, f, stride):
    """Each entry of delta at the place of its window's maximum in x, overlaps added."""
    lead = x.ndim - len(f)
    y = np.zeros(x.shape, np.result_type(delta, float))
    for at in np.ndindex(*delta.shape):
        corner = at[:lead] + tuple(slice(s * i, s * i + n) for i, s, n in zip(at[lead:], stride, f))
        place = np.unravel_index(np.argmax(x[corner]), f)
        y[at[:lead] + tuple(s * i + t for i, s, t in zip(at[lead:], stride, place))] += delta[at]
    return y
'''),
    "softmax": ((), '''
def softmax(z):
    """exp(z) by its sum over the last axis."""
    e = np.exp(z - z.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)
'''),
    "sigmoid": ((), '''
def sigmoid(z):
    """1 / (1 + exp(-z))."""
    return 1 / (1 + np.exp(-z))
'''),
}  # fmt: skip


def needed(names: set[str]) -> list[str]:
    """The helpers of these names with all that they call, callees first."""
    ordered: list[str] = []

    def add(name: str) -> None:
        for callee in HELPERS[name][0]:
            add(callee)
        if name not in ordered:
            ordered.append(name)

    for name in sorted(names):
        add(name)
    return ordered


def source(names: set[str]) -> str:
    """The source of the helpers of these names."""
    return "\n".join(HELPERS[name][1] for name in needed(names))
