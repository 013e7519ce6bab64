"""`prove` for functions in hand, and `assert_gradient` for test suites.

Law: what is asserted is said: "proved" where the kernel proved it; "checked" where the code was refused or undecided,
and its gradients were compared in numbers at generated shapes. A wrong gradient is an AssertionError that shows where.
"""

from __future__ import annotations

import inspect
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from derivations.crosscheck.layers import gradient_report
from derivations.language.errors import InputError
from derivations.reading.integers import Int, evaluated
from derivations.reading.layers import find_layer
from derivations.reading.prove import LayerVerdict, completed, prove_layer
from derivations.reading.scalars import drawn
from derivations.reading.showing import verdict_lines
from derivations.reading.signature import Signature, parse_signature

LARGEST_SIZE = 5  # of each size that is generated


@dataclass(frozen=True)
class Assertion:
    """What `assert_gradient` did: "proved" or "checked", why not proved, at how many shapes it was checked."""

    how: str
    reason: str = ""
    shapes: int = 0
    verdict: LayerVerdict | None = None


def place_of(function: Any) -> str:
    """FILE.py:NAME of a function or class that a file defines at its top level."""
    name = getattr(function, "__qualname__", "")
    path = inspect.getsourcefile(function)
    if path is None or not name or "<" in name:
        raise ValueError(f"{function!r} is no function or class of a module, so that its source cannot be read")
    return f"{path}:{name}"


def prove(
    forward: Any, backward: Any = None, *, given: str = "", run: bool = True, wrt: Sequence[str] = ()
) -> LayerVerdict:
    """The verdict on a layer: two functions, or one class with forward and backward. given: as `--given`; sizes may
    also stand in annotations such as Float[Array, "N C H W"].

    Raises InputError where the code is refused, with its line.
    """
    other = None if backward is None else place_of(backward)
    return prove_layer(place_of(forward), other, given, run, list(wrt))


def gradient_of(forward: Any, *, given: str = "") -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """A decorator of a backward function: the function as it is, with a method `prove()` that gives its verdict."""

    def marked(backward: Callable[..., Any]) -> Callable[..., Any]:
        backward.prove = lambda **options: prove(forward, backward, given=given, **options)  # type: ignore[attr-defined]
        return backward

    return marked


def assert_gradient(
    forward: Callable[..., Any], backward: Callable[..., Any], *, given: str = "", shapes: int = 25
) -> Assertion:
    """Assert that backward is the gradient of forward: proved for every shape, or, where the code is refused or the
    kernel cannot tell, checked in numbers at this many shapes that Hypothesis generates.

    Raises AssertionError with a counterexample, and InputError where `given` is wrong.
    """
    signature = completed(parse_signature(given), find_layer(place_of(forward), place_of(backward)))
    try:
        found = prove(forward, backward, given=given)
    except InputError as refused:
        return _checked(forward, backward, signature, str(refused), shapes)
    if found.status == 0:
        return Assertion("proved", verdict=found)
    text = "\n".join(verdict_lines(found, show=False))
    if found.status == 3:
        return _checked(forward, backward, signature, text, shapes)
    raise AssertionError(text)


def _checked(
    forward: Callable[..., Any], backward: Callable[..., Any], signature: Signature, reason: str, shapes: int
) -> Assertion:
    """The gradients in numbers, at generated shapes."""
    import hypothesis
    from hypothesis import strategies

    sizes = strategies.fixed_dictionaries(
        {name: strategies.integers(least, max(least, LARGEST_SIZE)) for name, least in signature.dims.items()}
    ).filter(lambda one: all(condition.holds(one) for condition in signature.conditions))
    tried: list[dict[str, int]] = []

    @hypothesis.settings(max_examples=shapes, deadline=None, database=None, derandomize=True)
    @hypothesis.given(sizes)
    def compare(one: dict[str, int]) -> None:
        report = _report(forward, backward, signature, one)
        assert report.verdict != "wrong", f"at {one}: {report}"
        tried.append(one)

    compare()
    return Assertion("checked", reason, len(tried))


def _report(
    forward: Callable[..., Any], backward: Callable[..., Any], signature: Signature, sizes: dict[str, int]
) -> Any:
    """The numeric report at these sizes: the functions of the arrays alone, called as their signatures say."""
    chance = np.random.default_rng(sum(sizes.values()))
    arrays = [chance.standard_normal([_size(axis, sizes) for axis in axes])
              for axes in signature.arrays.values()]
    names = list(signature.arrays)
    fixed = {name: _argument(value, sizes) for name, value in signature.values.items()}
    for name, labels in signature.labels.items():
        below = evaluated(labels.below, sizes)
        drawn_labels = chance.integers(0, below, [_size(axis, sizes) for axis in labels.axes])
        fixed[name] = np.eye(below)[drawn_labels] if labels.one_hot else drawn_labels
    scalars = drawn(signature.scalars, signature.assumed, random.Random(str(sizes)), positive=True)
    fixed |= {name: float(value) for name, value in scalars.items()}
    own = list(inspect.signature(backward).parameters)

    def both(*values: Any) -> tuple[Any, list[Any], dict[str, Any]]:
        arguments = {**fixed, **dict(zip(names, values, strict=True))}
        wanted = inspect.signature(forward).parameters
        returned = forward(**{name: arguments[name] for name in wanted if name in arguments})
        out, extras = (returned[0], list(returned[1:])) if isinstance(returned, tuple) else (returned, [])
        return out, extras, arguments

    def output(*values: Any) -> Any:
        return both(*values)[0]

    def gradients(delta: Any, *values: Any) -> Any:
        _, extras, arguments = both(*values)
        unknown = [name for name in own[1:] if name not in arguments]
        given = {name: arguments[name] for name in own[1:] if name in arguments}
        given |= dict(zip(unknown, extras, strict=False))
        return backward(delta, **given)

    return gradient_report(output, gradients, arrays)


def _argument(value: Any, sizes: dict[str, int]) -> Any:
    if isinstance(value, Int):
        return evaluated(value, sizes)
    if isinstance(value, tuple):
        return tuple(_argument(one, sizes) for one in value)
    return float(value) if isinstance(value, Fraction) else value


def _size(axis: tuple[Int, ...], sizes: dict[str, int]) -> int:
    size = 1
    for factor in axis:
        size *= evaluated(factor, sizes)
    return size
