"""Runs the user's code beside its reading: at which sizes the two agree, and where they do not.

Law: sizes come by increasing sum, then those at which a guard of the reading flips, then some without coincidences.
Data are integers; where the reading divides nowhere and takes no function, the two must be equal exactly. What the
code does is what a process apart answers; one difference refuses the reading.
"""

from __future__ import annotations

import contextlib
import json
import math
import select
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from derivations.crosscheck import DoesNotExist, NotEvaluable, NotExact, Tie
from derivations.language.errors import InputError, Place
from derivations.reading.integers import Int, evaluated
from derivations.reading.layers import Layer
from derivations.reading.program import Function
from derivations.reading.reader import Reading
from derivations.reading.samples import Evaluated, Sample, holds, sample_at, sizes_for
from derivations.reading.signature import Labels

SECONDS, MEGABYTES = 60, 4096  # of the user's process
WAIT = 600.0  # seconds of the clock after which a process that neither answers nor uses its time is stopped
SAMPLES = 3  # data at each size at which a counterexample is looked for: where a maximum lies is chance
CLOSE = 1e-8  # relative, where the reading divides or takes functions


@dataclass(frozen=True)
class Difference:
    """Where code and reading differ: sizes, of what, both values or what the code raised."""

    sizes: Mapping[str, int]
    what: str
    code: str
    reading: str


class Stopped(Exception):
    """The user's process ended or answered nothing."""


class Process:
    """The user's code in a process of its own."""

    def __init__(self, layer: Layer, reading: Reading) -> None:
        self.reading = reading
        self.child = subprocess.Popen(
            [sys.executable, "-m", "derivations.reading.runner"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        try:
            self.failed = self.ask(_request(layer, reading)).get("error")
        except Stopped as error:
            self.failed = str(error)

    def ask(self, message: dict[str, Any]) -> dict[str, Any]:
        """The answer to one line; raises Stopped."""
        assert self.child.stdin is not None
        assert self.child.stdout is not None
        try:
            self.child.stdin.write(json.dumps(message) + "\n")
            self.child.stdin.flush()
            if not select.select([self.child.stdout], [], [], WAIT)[0]:
                raise Stopped("the code answers nothing")
            line = self.child.stdout.readline()
        except OSError:
            line = ""
        if not line:
            raise Stopped("the code's process has ended: it used too much time or memory, or crashed")
        found: dict[str, Any] = json.loads(line)
        return found

    def close(self) -> None:
        """Ends the process."""
        with contextlib.suppress(OSError):
            self.child.kill()
        self.child.wait()
        for pipe in (self.child.stdin, self.child.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()


@contextlib.contextmanager
def process(layer: Layer, reading: Reading) -> Iterator[Process]:
    """The user's process, ended in any case."""
    found = Process(layer, reading)
    try:
        yield found
    finally:
        found.close()


def _request(layer: Layer, reading: Reading) -> dict[str, Any]:
    """What the process must know of the layer."""
    forward, backward = layer.forward, layer.backward
    spec = forward.node.args
    names = [one.arg for one in (*spec.posonlyargs, *spec.args, *spec.kwonlyargs)]
    prefix = f"{layer.of.node.name}." if layer.of else ""
    style = "functions"
    if names[:1] == ["ctx"]:
        style = "context"
    elif layer.of is not None:
        style = "object"
    init: list[str] = []
    if layer.of is not None:
        method = layer.of.method("__init__")
        if method is not None:
            init = [one.arg for one in (*method.node.args.args[1:], *method.node.args.kwonlyargs)]
    return {
        "forward": [_file(layer, forward), prefix + forward.node.name],  # type: ignore[union-attr]
        "backward": [_file(layer, backward), prefix + backward.node.name],  # type: ignore[union-attr]
        "class": layer.of.node.name if layer.of else "", "style": style, "init": init,
        "parameters": [name for name in names if name not in ("self", "ctx")],
        "plan": [list(one) for one in reading.plan],
        "origins": {one.argument: list(one.origin) for one in reading.gradients},
        "torch": forward.source.is_torch,
        "seconds": SECONDS, "megabytes": MEGABYTES,
    }  # fmt: skip


def _file(layer: Layer, function: Function) -> str:
    """The file that has the function, or the class that it is a method of."""
    return layer.of.source.path if layer.of is not None else function.source.path


# -- comparison ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Agreement:
    """What running found: at how many sizes both agreed, how, and the first difference."""

    shapes: int
    exact: bool
    difference: Difference | None = None
    note: str = ""


Compared = Callable[[Reading], frozenset[str] | None]


def compare(
    layer: Layer, readings: Sequence[Reading], backward: Compared, sizes: Sequence[Mapping[str, int]] | None = None
) -> Agreement:
    """The code against its readings, one for each case. backward: the arguments of a reading whose gradients are
    compared, None where the code must raise."""
    values = [Evaluated(reading) for reading in readings]
    agreed = 0
    notes: dict[str, None] = {}
    exact = all(one.exact for one in values)
    with process(layer, readings[0]) as child:
        if child.failed:
            fix = "install what it imports, or --no-run"
            raise InputError(f"the file cannot be run: {child.failed}", Place(_file(layer, layer.forward)), "", fix)
        for one in sizes if sizes is not None else sizes_for(readings):
            fitting = [number for number, reading in enumerate(readings)
                       if all(holds(condition, one) for condition in reading.conditions)]
            if not fitting:
                continue
            try:
                difference = _at(child, values[fitting[0]], one, backward(readings[fitting[0]]))
            except (NotEvaluable, NotExact, Tie, DoesNotExist, ZeroDivisionError) as error:
                notes[str(error)] = None
                continue
            except Stopped as error:
                return Agreement(agreed, exact, Difference(one, "the run", str(error), "an answer"))
            if difference is not None:
                return Agreement(agreed, exact, difference)
            agreed += 1
    return Agreement(agreed, exact, None, "; ".join(notes))


def _at(
    child: Process, values: Evaluated, sizes: Mapping[str, int], backward: frozenset[str] | None
) -> Difference | None:
    reading = values.reading
    sample, data, out = _evaluable(values, sizes)
    answer = child.ask(_case(reading, sizes, sample, values.smooth))
    if "error" in answer and answer["stage"] == "forward":
        return Difference(sizes, "forward", answer["error"], "a value")
    wanted = tuple(evaluated(size, sizes) for size in reading.out_shape)
    if "out" in answer:
        found = _different("forward", answer["out"], wanted, out, values, sizes)
        if found is not None:
            return found
    if backward is None:
        return None if "error" in answer else Difference(sizes, "backward", "a value", "that it raises")
    if not backward:
        return None
    if "error" in answer:
        return Difference(sizes, "backward", answer["error"], "a value")
    for one in reading.gradients:
        if one.argument not in backward:
            continue
        shape = tuple(evaluated(size, sizes) for size in one.shape)
        mine = values.value(one.name, sizes, data)
        code = answer["gradients"][one.argument]
        found = _different(f"the gradient of {one.argument}", code, shape, mine, values, sizes)
        if found is not None:
            return found
    return None


def _evaluable(
    values: Evaluated, sizes: Mapping[str, int], seed: int = 0
) -> tuple[Sample, dict[str, Any], list[Any]]:
    """Data at which the reading's output can be computed: integers of both signs, else positive ones."""
    for attempt, positive in enumerate((False, False, True, True)):
        positive = positive or (values.smooth and attempt > 0)
        sample = sample_at(values.reading, sizes, 4 * seed + attempt, positive, values.spacing)
        data = values.data(sample, sizes)
        try:
            out = values.value(values.reading.out, sizes, data)
            if all(math.isfinite(float(entry)) for entry in out):
                return sample, data, out
        except (NotEvaluable, Tie, DoesNotExist, ZeroDivisionError, OverflowError):
            if attempt == 3:
                raise
    raise NotEvaluable("no data were found at which the reading is finite")


def _case(reading: Reading, sizes: Mapping[str, int], sample: Sample, smooth: bool) -> dict[str, Any]:
    """The sample as the process takes it, with the other arguments at these sizes."""
    arguments = {name: {"shape": list(sample.shapes[name]), "data": [float(value) for value in values]}
                 for name, values in sample.values.items() if name != "dout"}
    for name, labels in reading.signature.labels.items():
        arguments[name] = _labels(labels, sample.shapes[name], sample.values[name])
    for name in reading.signature.scalars:
        arguments[name] = {"value": float(sample.values[name][0])}
    for name, value in reading.signature.values.items():
        arguments[name] = _plain(value, sizes)
    dout = {"shape": list(sample.shapes["dout"]), "data": [float(value) for value in sample.values["dout"]]}
    return {"arguments": arguments, "dout": dout}


def _labels(labels: Labels, shape: Sequence[int], scores: Sequence[Fraction]) -> dict[str, Any]:
    """The places of the largest scores as integers, or as rows with a 1 there."""
    below = shape[-1]
    rows = [scores[at : at + below] for at in range(0, len(scores), below)]
    places = [max(range(below), key=row.__getitem__) for row in rows]
    if not labels.one_hot:
        return {"shape": list(shape[:-1]), "data": places, "integer": True}
    return {"shape": list(shape), "data": [float(at == place) for place in places for at in range(below)]}


def _plain(value: Any, sizes: Mapping[str, int]) -> dict[str, Any]:
    if isinstance(value, Int):
        return {"value": evaluated(value, sizes)}
    if isinstance(value, Fraction):
        return {"value": float(value)}
    if isinstance(value, tuple):
        return {"tuple": [_plain(one, sizes) for one in value]}
    return {"value": value}


def _different(
    what: str, code: Any, shape: tuple[int, ...], mine: Sequence[Any], values: Evaluated, sizes: Mapping[str, int]
) -> Difference | None:
    """The first difference of an array: of its shape, or of an entry."""
    if code is None:
        return Difference(sizes, what, "None", f"an array of shape {shape}")
    if tuple(code["shape"]) != shape:
        return Difference(sizes, what, f"shape {tuple(code['shape'])}", f"shape {shape}")
    scale = max([1.0, *[abs(float(entry)) for entry in mine]])
    for at, (left, right) in enumerate(zip(code["data"], mine, strict=True)):
        same = left == right if values.exact else abs(left - float(right)) <= CLOSE * scale
        if not same:
            return Difference(sizes, f"{what}, entry {_place(at, shape)}", _shown(left), _shown(float(right)))
    return None


def _place(at: int, shape: Sequence[int]) -> tuple[int, ...]:
    found: list[int] = []
    for size in reversed(shape):
        found.insert(0, at % size)
        at //= size
    return tuple(found)


def _shown(value: float) -> str:
    return str(int(value)) if math.isfinite(value) and value == int(value) else f"{value:.6g}"


# -- counterexamples -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Counterexample:
    """Where the user's own code is wrong: sizes, the gradient, the entry with both values, or what it raised; the
    numbers that real arguments were."""

    sizes: Mapping[str, int]
    argument: str
    entry: tuple[int, ...] | None
    code: str
    true: str
    scalars: Mapping[str, str] = field(default_factory=dict)


def counterexample(
    layer: Layer, reading: Reading, sizes: Sequence[Mapping[str, int]], arguments: Sequence[str]
) -> Counterexample | None:
    """The first of the sizes at which the code's gradient is not the gradient of the (read) forward function."""
    values = Evaluated(reading)
    with process(layer, reading) as child:
        if child.failed:
            return None
        for one, seed in ((one, seed) for one in sizes for seed in range(SAMPLES)):
            try:
                found = _wrong_at(child, values, one, arguments, seed)
            except (NotEvaluable, NotExact, Tie, DoesNotExist, ZeroDivisionError):
                continue
            except Stopped:
                return None
            if found is not None:
                return found
    return None


def _wrong_at(
    child: Process, values: Evaluated, sizes: Mapping[str, int], arguments: Sequence[str], seed: int
) -> Counterexample | None:
    reading = values.reading
    sample, data, _ = _evaluable(values, sizes, seed)
    answer = child.ask(_case(reading, sizes, sample, values.smooth))
    scalars = {name: str(sample.values[name][0]) for name in reading.signature.scalars}
    if "error" in answer:
        stage = answer["stage"]
        if stage == "forward":
            return None
        return Counterexample(sizes, arguments[0], None, f"raises {answer['error']}", "exists", scalars)
    for argument in arguments:
        true = values.gradient(argument, sizes, data)
        found = _different("", answer["gradients"].get(argument), sample.shapes[argument], true, values, sizes)
        if found is None:
            continue
        entry = found.what.partition("entry ")[2]
        place = tuple(int(part) for part in entry.strip("()").split(",") if part.strip()) if entry else None
        return Counterexample(sizes, argument, place, found.code, found.reading, scalars)
    return None


