"""The function under test and its claimed gradient, brought to one form and guarded on the way in.

Why: the methods should not each ask whether an array is empty, read-only, of the wrong shape or full of NaN.

Law: caller's arrays are copied before each call, so that a function that writes into its arguments or returns
one buffer again and again cannot disturb a comparison; `forward` runs at a point before `backward` does, so
that a pair which keeps a cache in between is served.

What it cannot see: state that makes the same call give two answers, unless it shows when the call is
repeated.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import accumulate
from types import FunctionType, MethodType
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from numeric.checkers.report import CheckInputError

Array = NDArray[Any]
Arrays = tuple[Array, ...]
Shapes = tuple[tuple[int, ...], ...]
Forward = Callable[..., Any]
Backward = Callable[..., Any]
FLOAT64: np.dtype[Any] = np.dtype(np.float64)


@dataclass(frozen=True)
class Problem:
    """forward(*arrays) -> array, and backward(delta, *arrays) -> gradients, one for each array.

    arrays   the caller's values, contiguous copies
    checked  positions of the arguments whose gradient is checked
    delta    the one sensitivity for which the claim was made, or None if backward takes any
    fixed    True where the claim is known at the caller's arrays alone (arrays given, not a function)
    tops     the largest magnitude in each checked argument
    """

    forward: Forward
    backward: Backward
    arrays: Arrays
    names: tuple[str, ...]
    checked: tuple[int, ...]
    excluded: tuple[str, ...]
    delta: Array | None = None
    fixed: bool = False
    tops: tuple[float, ...] = ()

    def value(self, moved: Sequence[Array]) -> Array:
        """forward at the checked arguments `moved`, the others as the caller gave them; a copy of the output."""
        return self._real(self.forward(*self._all(moved)))

    def value_of_own(self, moved: Sequence[Array]) -> Array:
        """`value` of arrays that nobody else uses, so that forward may write into them; nothing is excluded."""
        return self._real(self.forward(*moved))

    def value_at_once(self, moved: Sequence[Array]) -> Array:
        """`value` without copies, where forward was seen to leave its arguments alone: the next call may overwrite the
        result."""
        if self._writes:
            return self.value(moved)
        arrays: Sequence[Array] = moved
        if self.excluded:
            arrays = list(self.arrays)
            for k, value in zip(self.checked, moved, strict=True):
                arrays[k] = value
        result = self.forward(*arrays)
        return result if is_doubles(result) else self._real(result)

    @cached_property
    def _writes(self) -> bool:
        """Whether forward changes its arguments."""
        given = self._all(self.point)
        self.forward(*given)
        return not all(np.array_equal(a, b) for a, b in zip(given, self.arrays, strict=True))

    @staticmethod
    def _real(result: Any) -> Array:
        if is_doubles(result):
            return np.array(result)
        if isinstance(result, (tuple, list)) and any(np.ndim(part) for part in result if isinstance(part, np.ndarray)):
            raise CheckInputError(
                f"forward returned a {type(result).__name__} of {len(result)} arrays; expected one array: check each "
                "output by itself, or join them with np.concatenate"
            )
        output = np.array(result)
        if output.dtype.kind not in "fciub":
            raise CheckInputError(f"forward returned {output.dtype} data; expected an array of floating-point numbers")
        return output if output.dtype.kind in "fc" else output.astype(np.float64)

    def gradients(self, delta: Array, moved: Sequence[Array]) -> Arrays:
        """Claimed gradients of the checked arguments, in order, as copies; CheckInputError if there are not as many
        as arrays."""
        claimed = self.backward(delta.copy(), *self._all(moved))
        return _in_order(claimed, self)

    @property
    def point(self) -> Arrays:
        """The caller's values of the checked arguments."""
        return tuple([self.arrays[k] for k in self.checked]) if self.excluded else self.arrays

    @property
    def shapes(self) -> Shapes:
        """Shapes of the checked arguments."""
        return tuple([array.shape for array in self.point])

    @property
    def types(self) -> str:
        """Types of the checked arguments, a letter each: d for float64, f for float32."""
        return "".join([array.dtype.char for array in self.point])

    @property
    def size(self) -> int:
        """How many entries the checked arguments have."""
        return sum([array.size for array in self.point])

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the checked arguments."""
        return tuple([self.names[k] for k in self.checked]) if self.excluded else self.names

    def _all(self, moved: Sequence[Array]) -> list[Array]:
        if not self.excluded:
            return [np.array(array) for array in moved]
        arrays = list(self.arrays)
        for k, value in zip(self.checked, moved, strict=True):
            arrays[k] = value
        return [np.array(array) for array in arrays]


def is_doubles(value: Any) -> bool:
    """Whether it is an array, and no subclass of one, of float64."""
    return type(value) is np.ndarray and value.dtype is FLOAT64


def _in_order(claimed: Any, problem: Problem) -> Arrays:
    count = len(problem.arrays)
    values = claimed if isinstance(claimed, (tuple, list)) else (claimed,)
    if len(values) != count:
        if len(values) != len(problem.checked):
            raise CheckInputError(
                f"backward returned {len(values)} gradients for the {count} arguments "
                f"{', '.join(problem.names)}; return one for each (None for an excluded one)"
            )
        by_position = dict(zip(problem.checked, values, strict=True))
    else:
        by_position = {k: values[k] for k in problem.checked}
    missing = [problem.names[k] for k, value in by_position.items() if value is None]
    if missing:
        raise CheckInputError(
            f"backward returned None for {', '.join(missing)}; return its gradient, or pass exclude={tuple(missing)!r}"
        )
    return tuple(_numbers(by_position[k], f"the gradient of {problem.names[k]}") for k in problem.checked)


def _numbers(value: Any, name: str) -> Array:
    array = np.array(value)
    if array.dtype.kind == "f":
        return array if array.dtype.char in "fd" else array.astype(np.float64)
    if array.dtype.kind in "iub":
        return array.astype(np.float64)
    raise CheckInputError(f"{name} holds {array.dtype} data; expected real numbers")


def make_problem(
    forward: Forward,
    backward: Backward | None,
    arrays: Sequence[Any],
    *,
    claimed: Any,
    delta: Any,
    exclude: Sequence[int | str],
    names: Sequence[str] | None,
) -> Problem:
    """Check the caller's arguments and bring them to one form; CheckInputError says what to change."""
    if not callable(forward):
        raise CheckInputError("the first argument must be the forward function; got " + type(forward).__name__)
    if (backward is None) == (claimed is None):
        raise CheckInputError(
            "give either check_gradient(forward, backward, *arrays) or "
            "check_gradient(f, *arrays, claimed_gradient=...), one of the two"
        )
    if not arrays:
        raise CheckInputError("no arrays were given; the gradient needs a point: check_gradient(f, g, x, w)")
    labels = names_of(forward, len(arrays), names)
    left_out = _positions(exclude, labels) if exclude else frozenset()
    checked = tuple([k for k in range(len(arrays)) if k not in left_out])
    if not checked:
        raise CheckInputError("every argument is excluded; nothing is left to check")
    points, tops = _points([arrays[k] for k in checked], [labels[k] for k in checked])
    values = list(points)
    for k in sorted(left_out):
        values.insert(k, np.array(arrays[k]))
    excluded = tuple([labels[k] for k in sorted(left_out)])
    sensitivity = None if delta is None else _point(delta, "delta")[0]
    if backward is not None:
        return Problem(forward, backward, tuple(values), labels, checked, excluded, sensitivity, False, tops)
    fixed = not callable(claimed)
    taken = (lambda *_: claimed) if fixed else (lambda _, *arrays: claimed(*arrays))
    sensitivity = _sensitivity_of_claim(forward, tuple(values), sensitivity)
    return Problem(forward, taken, tuple(values), labels, checked, excluded, sensitivity, fixed, tops)


def _sensitivity_of_claim(forward: Forward, arrays: Arrays, delta: Array | None) -> Array:
    """The weights of the outputs for which a gradient was claimed: 1 if the output is one number, else delta."""
    output = np.array(at_the_data(lambda: forward(*[array.copy() for array in arrays]), "f"))
    if delta is None:
        if output.size != 1:
            raise CheckInputError(
                f"f returns shape {output.shape}, not one number: say of which weighted sum the claimed "
                "gradient is, with delta=..., or give a backward(delta, *arrays)"
            )
        delta = np.ones(output.shape, dtype=output.dtype if output.dtype.kind == "f" else np.float64)
    return delta


def at_the_data(call: Callable[[], Any], what: str) -> Any:
    """The call's result; an error of the caller's own function comes through with a note that says which it was."""
    try:
        return call()
    except CheckInputError:
        raise
    except Exception as error:
        error.add_note(f"{what} raised this at the arrays that were given; its gradient was not judged")
        raise


@dataclass(frozen=True)
class Layout:
    """Arrays laid end to end: their shapes, where each begins, and how many entries there are in all."""

    shapes: Shapes
    starts: NDArray[np.intp]
    size: int

    @classmethod
    def of(cls, shapes: Shapes) -> Layout:
        """The layout of arrays of these shapes."""
        *starts, size = accumulate((math.prod(shape) for shape in shapes), initial=0)
        return cls(shapes, np.array(starts), size)

    def parts(self, flat: Array) -> Arrays:
        """The arrays, as views."""
        parts = zip(np.split(flat, self.starts[1:]), self.shapes, strict=True)
        return tuple([part.reshape(shape) for part, shape in parts])


layout_of = lru_cache(maxsize=64)(Layout.of)


class Block(NamedTuple):
    """Arrays of float64, none of them empty, as one copy with all entries laid end to end; and their largest
    magnitudes.

    Why: for small layers the price of a check is the number of its operations.
    """

    flat: Array
    layout: Layout
    tops: list[float]

    @property
    def arrays(self) -> Arrays:
        """The arrays, as views."""
        return self.layout.parts(self.flat)


def block_of(given: Sequence[Any]) -> Block | None:
    """The arrays in one block; None where they are not all of float64, or one is empty or not finite."""
    for array in given:
        if not is_doubles(array) or not array.size:
            return None
    flat = np.concatenate(given, axis=None)
    layout = layout_of(tuple([array.shape for array in given]))
    tops = np.maximum.reduceat(np.abs(flat), layout.starts).tolist()
    return Block(flat, layout, tops) if math.isfinite(sum(tops)) else None


def _points(given: Sequence[Any], names: Sequence[str]) -> tuple[Arrays, tuple[float, ...]]:
    """The checked arrays as contiguous copies, and the largest magnitude in each."""
    block = block_of(given)
    if block:
        return block.arrays, tuple(block.tops)
    points = [_point(value, name) for value, name in zip(given, names, strict=True)]
    return tuple([array for array, _ in points]), tuple([top for _, top in points])


def _point(value: Any, name: str) -> tuple[Array, float]:
    """The caller's array as a contiguous copy of float32 or float64, and its largest magnitude; anything else is a
    clear error."""
    if isinstance(value, np.ma.MaskedArray) and np.ma.getmaskarray(value).any():
        raise CheckInputError(f"{name} is a masked array; pass the entries that count, {name}.compressed()")
    try:
        array = np.array(value, order="C")
    except ValueError as error:
        raise CheckInputError(f"{name} is not an array of numbers: {error}") from error
    if not array.dtype.isnative:
        array = array.astype(array.dtype.newbyteorder("="))
    if array.dtype.kind in "iub":
        raise CheckInputError(
            f"{name} has dtype {array.dtype}, along which there is no derivative; pass "
            f"{name}.astype(float), or exclude it with exclude=({name!r},)"
        )
    if array.dtype not in (np.float32, np.float64):
        raise CheckInputError(f"{name} has dtype {array.dtype}; expected float32 or float64")
    # one pass: a NaN or an infinity anywhere makes the largest magnitude one
    top = largest_of(array)
    if not math.isfinite(top):
        bad = ~np.isfinite(array)
        first = tuple(int(i) for i in np.argwhere(bad)[0])
        raise CheckInputError(
            f"{name} holds {int(bad.sum())} entries that are NaN or infinite, the first at {first}; "
            "a gradient is defined at finite points only"
        )
    return array, top


def largest_of(values: Array) -> float:
    """The largest magnitude, 0 if there is none; NaN or infinity if there is one.

    >>> largest_of(np.array([1.0, -3.0])), largest_of(np.zeros(0))
    (3.0, 0.0)
    """
    return float(np.maximum.reduce(np.abs(values), axis=None, initial=0.0))


def names_of(forward: Forward, count: int, names: Sequence[str] | None) -> tuple[str, ...]:
    """The arguments' names: as given, else from the function's signature, else argument 0, 1, …"""
    if names is not None:
        if len(names) != count:
            raise CheckInputError(f"{len(names)} names for {count} arrays: {tuple(names)!r}")
        return tuple(names)
    positional = _signature(forward)
    if len(positional) >= count:
        return tuple(positional[:count])
    return tuple(positional[k] if k < len(positional) else f"argument {k}" for k in range(count))


def _signature(forward: Forward) -> Sequence[str]:
    """Names of the positional parameters, as far as they can be known."""
    forward = getattr(forward, "__wrapped__", forward)
    # what inspect would say, without the time it takes
    if isinstance(forward, FunctionType):
        return forward.__code__.co_varnames[: forward.__code__.co_argcount]
    if isinstance(forward, MethodType) and isinstance(forward.__func__, FunctionType):
        return _signature(forward.__func__)[1:]
    try:
        parameters = inspect.signature(forward).parameters.values()
    except (TypeError, ValueError):
        return ()
    return [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]


def _positions(exclude: Sequence[int | str], names: tuple[str, ...]) -> frozenset[int]:
    asked = (exclude,) if isinstance(exclude, str | int) else exclude
    positions = set()
    for item in asked:
        if isinstance(item, str) and item in names:
            positions.add(names.index(item))
        elif isinstance(item, int) and 0 <= item < len(names):
            positions.add(item)
        else:
            raise CheckInputError(f"exclude names {item!r}; the arguments are {', '.join(names)}")
    return frozenset(positions)
