"""Every operator of the claim language as plain NumPy: the second, independent meaning of a formula.

Why: a verdict is believed because two meanings that were written apart agree. These functions are written
from the language's reference, on arrays, and know nothing of index relations or proofs.

Law: `OPERATORS[name](*arguments, stack=...)` takes the language's arguments in their order: arrays, a mode,
one integer for each sliding axis, one (before, after) pair for each, a shape. It works on int64, Python
integers, fractions, floats and complex numbers alike, and raises DoesNotExist where the formula does not
exist.

What it cannot see: channels, batches, derivatives. Those are written with sums over indices and with
perturbations.
"""

from __future__ import annotations

from collections.abc import Callable

from numeric.operators import algebra, choices, resampling, sliding
from numeric.operators.algebra import tied_maxima
from numeric.operators.arrays import Array, DoesNotExist, Tie, exact, floating, quotient, real, simplest
from numeric.operators.functions import FUNCTIONS, PIECEWISE_LINEAR
from numeric.operators.precise import PRECISE, precise, precise_pi, precise_softmax
from numeric.operators.sliding import max_places

OPERATORS: dict[str, Callable[..., Array]] = {
    "matmul": algebra.matmul,
    "transpose": algebra.transpose,
    "permute": algebra.permute,
    "tr": algebra.tr,
    "sum": algebra.total,
    "mean": algebra.mean,
    "max": algebra.largest,
    "broadcast": algebra.broadcast,
    "ones": algebra.ones,
    "zeros": algebra.zeros,
    "eye": algebra.eye,
    "pi": algebra.pi,
    "diag": algebra.diag,
    "kron": algebra.kron,
    "outer": algebra.outer,
    "vec": algebra.vec,
    "reshape": algebra.reshape,
    "inv": algebra.inv,
    "det": algebra.det,
    "solve": algebra.solve,
    "softmax": algebra.softmax,
    "conv": sliding.conv,
    "corr": sliding.corr,
    "convolve": sliding.convolve,
    "sum_pool": sliding.sum_pool,
    "mean_pool": sliding.mean_pool,
    "max_pool": sliding.max_pool,
    "max_unpool": sliding.max_unpool,
    "maximum": choices.maximum,
    "minimum": choices.minimum,
    "clamp": choices.clamp,
    "select": choices.select,
    "onehot": choices.onehot,
    "iota": choices.iota,
    "rot180": resampling.rot180,
    "rot90": resampling.rot90,
    "flip": resampling.flip,
    "roll": resampling.roll,
    "concat": resampling.concat,
    "up": resampling.up,
    "dilate": resampling.dilate,
    "pad": resampling.pad,
    "crop": resampling.crop,
    "resize": resampling.resize,
}

# operators without a data argument: they take no `stack`
CONSTANTS = frozenset({"ones", "zeros", "eye", "iota", "pi"})

__all__ = [
    "CONSTANTS",
    "FUNCTIONS",
    "OPERATORS",
    "PIECEWISE_LINEAR",
    "PRECISE",
    "Array",
    "DoesNotExist",
    "Tie",
    "exact",
    "floating",
    "max_places",
    "precise",
    "precise_pi",
    "precise_softmax",
    "quotient",
    "real",
    "simplest",
    "tied_maxima",
]
