"""Sizes and data at which a reading is compared with the code, and the reading's values there.

Law: sizes come by increasing sum, then those at which a guard of the reading flips, then some without coincidences. A
reading's values are those of its text, by the claim language's own numeric meaning.
"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from typing import Any

import numpy as np

from derivations.crosscheck import evaluate, generic_sizes, sizes_by_sum
from derivations.formulas.claims import Context
from derivations.language.document import parse_context, parse_expression
from derivations.reading.document import context_text, flat_context
from derivations.reading.elements import (
    Data,
    Element,
    Function,
    If,
    Number,
    Over,
    Power,
    Sum,
    Top,
    TopPlace,
    children,
    walk,
)
from derivations.reading.integers import Cond, Int, Quotient, equal, evaluated
from derivations.reading.reader import Reading
from derivations.reading.scalars import drawn
from derivations.reading.writing import dims_line

SMALLEST, GENERIC = 24, 8  # sizes by increasing sum, and sizes without coincidences
FLIPS = 2  # sizes on each side of each guard
ENUMERATED = 300  # sizes among which guards are looked for
SPACING = 16  # between data that are compared
LARGEST = 60_000  # products that one definition sums at one size

# -- data ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Sample:
    """Integers for every tensor, by the argument's name, and for labels the scores whose largest they are; `dout` under
    its own."""

    shapes: Mapping[str, tuple[int, ...]]
    values: Mapping[str, list[Fraction]]


def sample_at(reading: Reading, sizes: Mapping[str, int], seed: int, positive: bool, spacing: int = 1) -> Sample:
    """Different integers in a random order, so that maxima are never tied, each a multiple of `spacing`; small
    fractions where data are positive; real arguments that meet their conditions."""
    chance = random.Random(f"{sorted(sizes.items())} {seed}")
    shapes: dict[str, tuple[int, ...]] = {}
    for name, axes in reading.signature.arrays.items():
        shapes[name] = tuple(math.prod(evaluated(size, sizes) for size in axis) for axis in axes)
    for name, labels in reading.signature.labels.items():
        lengths = [math.prod(evaluated(size, sizes) for size in axis) for axis in labels.axes]
        shapes[name] = (*lengths, evaluated(labels.below, sizes))
    scalars = drawn(reading.signature.scalars, reading.signature.assumed, chance, positive)
    shapes |= dict.fromkeys(scalars, ())
    shapes["dout"] = tuple(evaluated(size, sizes) for size in reading.out_shape)
    values: dict[str, list[Fraction]] = {}
    for name, shape in shapes.items():
        if name in scalars:
            values[name] = [scalars[name]]
            continue
        count = math.prod(shape)
        numbers = list(range(1, count + 1)) if positive else [
            spacing * number for number in range(-(count // 2) - 1, count + 2) if number][: count]  # fmt: skip
        chance.shuffle(numbers)
        # positive data stay near 1, so that exponentials and quotients stay in range
        values[name] = [Fraction(number) if not positive else 1 + Fraction(number, count + 1) for number in numbers]
    return Sample(shapes, values)


def _nested(values: Sequence[Any], shape: Sequence[int]) -> Any:
    if not shape:
        return values[0]
    step = math.prod(shape[1:])
    return [_nested(values[at * step : (at + 1) * step], shape[1:]) for at in range(shape[0])]


class Evaluated:
    """A reading's values at sizes, by the claim language's own numeric meaning: one definition after the other, each
    from the values of those before it."""

    def __init__(self, reading: Reading) -> None:
        self.reading = reading
        definitions = (*reading.forward, *reading.backward)
        parts = [part for one in definitions for part in walk(one.body)]
        self.divides = any(isinstance(part, Over) for part in parts) or any(
            isinstance(part, Number) and part.value.denominator > 1 for part in parts
        )
        self.smooth = any(map(_is_smooth, parts))
        # Where data are compared, whole steps of a derivative shall change no comparison.
        self.spacing = SPACING if not self.smooth and any(map(_compares, parts)) else 1
        text, formulas = flat_context(reading)
        ((_, context),) = parse_context(text, "reading")
        self.formulas = {name: parse_expression(formula, context) for name, formula in formulas.items()}
        self._whole: Context | None = None

    @property
    def exact(self) -> bool:
        """Whether code and reading must be equal to the last digit."""
        return not (self.divides or self.smooth)

    def data(self, sample: Sample, sizes: Mapping[str, int]) -> dict[str, Any]:
        """The sample as crosscheck takes it: axes as the reading has them."""
        found: dict[str, Any] = {}
        for name, values in sample.values.items():
            numbers: list[Any] = [_number(value, self.smooth) for value in values]
            if name == "dout":
                factors = next(one for one in self.reading.forward if one.name == self.reading.out).sizes
            elif name in self.reading.signature.labels:
                labels = self.reading.signature.labels[name]
                factors = (*[size for axis in labels.axes for size in axis], labels.below)
            else:
                factors = tuple(size for axis in self.reading.signature.arrays.get(name, ()) for size in axis)
            shape = tuple(evaluated(size, sizes) for size in factors)
            found[self.reading.names[name]] = _array(numbers, shape)
        return found

    def value(self, name: str, sizes: Mapping[str, int], data: dict[str, Any]) -> list[Fraction | float]:
        """The entries of a definition, in one row; `data` keeps what has been computed. Raises what `evaluate` does."""
        for known, formula in self.formulas.items():
            if name in data:
                break
            if known not in data:
                with np.errstate(all="ignore"):
                    data[known] = evaluate(formula, sizes, data, exact=not self.smooth)
        return _row(data[name])

    def gradient(self, argument: str, sizes: Mapping[str, int], data: Mapping[str, Any]) -> list[Fraction | float]:
        """The true gradient of the reading's forward function, in one row."""
        if self._whole is None:
            ((_, self._whole),) = parse_context(context_text(self.reading), "reading")
        node = parse_expression(f"grad(J, {self.reading.names[argument]})", self._whole)
        inputs = {self.reading.names[name]: data[self.reading.names[name]]
                  for name in (*self.reading.signature.arrays, *self.reading.signature.labels,
                               *self.reading.signature.scalars)}
        if self.reading.seed is not None:
            inputs["J"] = data[self.reading.seed]
        with np.errstate(all="ignore"):
            return _row(evaluate(node, sizes, inputs, exact=not self.smooth))


def _number(value: Fraction, smooth: bool) -> Any:
    if smooth:
        return float(value)
    return value.numerator if value.denominator == 1 else value


def _row(array: Any) -> list[Fraction | float]:
    return [entry if isinstance(entry, Fraction | int) else float(entry) for entry in array.ravel().tolist()]


def _is_smooth(part: Element) -> bool:
    """Whether a node is a function that has no exact value at integers."""
    if isinstance(part, Power):
        return not (isinstance(part.right, Number) and part.right.value.denominator == 1)
    return isinstance(part, Function) and part.name not in ("relu", "abs")


def _compares(part: Element) -> bool:
    """Whether a node asks which of some numbers is larger."""
    return isinstance(part, Top | TopPlace | Data) or (isinstance(part, Function) and part.name in ("relu", "abs"))


def _array(numbers: list[Any], shape: Sequence[int]) -> Any:
    """A nest of lists with the shape; an empty one keeps it."""
    if math.prod(shape) or not shape:
        return _nested(numbers, shape)
    return np.zeros(shape)


# -- sizes -----------------------------------------------------------------------------------------


def sizes_for(readings: Sequence[Reading], least: int = SMALLEST) -> list[dict[str, int]]:
    """By increasing sum, where guards flip, and without coincidences."""
    signature = readings[0].signature
    conditions = list(signature.conditions)
    context = _sizes_context(signature.dims, conditions)
    if not signature.dims:
        return [{}]
    known = list(sizes_by_sum(context, (), ENUMERATED))
    chosen = known[:least]
    for guard in _guards(readings):
        for wanted in (True, False):
            fitting = [one for one in known if holds(guard, one) is wanted]
            chosen += fitting[:FLIPS]
    chosen += generic_sizes(context, (), GENERIC, highest=5, work=lambda one: _work(readings[0], one) // 100)
    found: list[dict[str, int]] = []
    for one in chosen:
        if one not in found and _work(readings[0], one) <= LARGEST:
            found.append(one)
    others = list(found)
    more = (one for one in known if one not in others and _work(readings[0], one) <= LARGEST)
    found += islice(more, max(least + GENERIC - len(found), 0))
    return found


def _work(reading: Reading, sizes: Mapping[str, int]) -> int:
    """The products that the costliest definition sums."""
    return max((_volume(one.body, dict(sizes)) * math.prod(max(evaluated(size, sizes), 0) for size in one.sizes)
                for one in (*reading.forward, *reading.backward)), default=0)


def _volume(element: Element, sizes: dict[str, int]) -> int:
    """How many products an entry sums; ranges that depend on an index count as for its first value."""
    if isinstance(element, Sum | Top | TopPlace):
        inner = dict(sizes)
        count = 1
        for name, low, high in element.bound:
            ends = [evaluated(end, {**dict.fromkeys(end.symbols, 0), **inner}) for end in (low, high)]
            inner[name] = ends[0]
            count *= max(ends[1] - ends[0] + 1, 1)
        return count * _volume(element.body, inner)
    return max((_volume(part, sizes) for part in children(element)), default=1)


def _sizes_context(dims: Mapping[str, int], conditions: Sequence[Cond]) -> Context:
    if not dims:
        return Context(())
    ((_, context),) = parse_context(dims_line(dims, conditions), "sizes")
    return context


def holds(condition: Cond, sizes: Mapping[str, int]) -> bool | None:
    try:
        return condition.holds(sizes)
    except (ZeroDivisionError, KeyError):
        return None


def _guards(readings: Sequence[Reading]) -> list[Cond]:
    """Conditions on sizes alone that the readings turn on: cases, obligations, remainders."""
    found: dict[Cond, None] = {}
    dims = set(readings[0].signature.dims)
    for reading in readings:
        for condition in reading.conditions[len(reading.signature.conditions) :]:
            found[condition] = None
        for obligation in reading.obligations:
            found[obligation.condition] = None
        for definition in (*reading.forward, *reading.backward):
            for size in definition.sizes:
                _add_remainders(size, found)
            for part in walk(definition.body):
                if isinstance(part, If):
                    found[part.condition] = None
                if isinstance(part, Sum):
                    for _, low, high in part.bound:
                        _add_remainders(low, found)
                        _add_remainders(high, found)
    return [one for one in found if one.symbols and one.symbols <= dims]


def _add_remainders(value: Int, found: dict[Cond, None]) -> None:
    for atom in value.atoms():
        if isinstance(atom, Quotient):
            found[equal(atom.over % atom.under, 0)] = None
