"""Generated programs, read and run: how often a reading is not the code, and whether running shows it.

    python -m benchmarks.fuzz_reading --programs 1000 --seed 1

Each program is a function of two arrays made of straight-line NumPy and loops with slices, writes and sums. It is read
once for each case of its branches and compared with NumPy at 20 shapes. A program whose obligations fail at a shape is
not read there, which is counted apart: what is counted as a misreading is a shape at which every obligation holds and
reading and code differ. Programs that are refused are counted too; so are those that NumPy itself rejects. With
`--log FILE` every hundred programs are a line of the file, and those that stand there are not done again.
"""

from __future__ import annotations

import argparse
import itertools
import json
import random
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from derivations.crosscheck import DoesNotExist, NotEvaluable, NotExact, Tie
from derivations.reading.facts import Facts
from derivations.reading.integers import Cond, Int, evaluated, negated
from derivations.reading.layers import Layer
from derivations.reading.program import Function, parsed
from derivations.reading.reader import Reader, Reading
from derivations.reading.records import Obligation, Refused, Split
from derivations.reading.samples import Evaluated, sample_at
from derivations.reading.signature import Signature, parse_signature

GIVEN = "x: n, m; y: n, m; s = s; p = p; p >= 0"
HEADER = """import numpy as np
from numpy.lib.stride_tricks import sliding_window_view


def forward(x, y, s, p):
    n, m = x.shape
"""
SHAPES = 20
BATCH = 100  # programs a line of the log


# -- programs --------------------------------------------------------------------------------------


class Programs:
    """Programs by chance; every array of a program has two axes or one, whose sizes are texts."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)

    def program(self) -> str:
        """The lines of one function."""
        lines: list[str] = []
        known: dict[str, tuple[str, ...]] = {"x": ("n", "m"), "y": ("n", "m")}
        for number in range(self.chance.randint(1, 4)):
            name = f"a{number}"
            make = self.chance.choice((self.formula, self.formula, self.loop, self.scatter, self.patch))
            found = make(name, known)
            if found is not None:
                statement, shape = found
                lines += statement
                known[name] = shape
        last = list(known)[-1]
        return HEADER + "\n".join(f"    {line}" for line in [*lines, f"return {last}"]) + "\n"

    def pick(self, known: dict[str, tuple[str, ...]], rank: int = 2) -> str | None:
        """The name of an array of this rank."""
        fitting = [name for name, shape in known.items() if len(shape) == rank]
        return self.chance.choice(fitting) if fitting else None

    def index(self) -> str:
        """A bound of a slice."""
        return self.chance.choice(("", "1", "p", "-1", "-p", "s", "p + 1", "n - 1", "n - p", "2", "m"))

    def slice(self) -> str:
        """A slice."""
        step = self.chance.choice(("", "", "", ":s", ":2", ":-1"))
        if step == ":-1":
            return "::-1"
        return f"{self.index()}:{self.index()}{step}"

    def formula(self, name: str, known: dict[str, tuple[str, ...]]) -> tuple[list[str], tuple[str, ...]] | None:
        """A line of straight NumPy."""
        a, b = self.pick(known), self.pick(known)
        v = self.pick(known, 1)
        if a is None or b is None:
            return None
        shape = known[a]
        one = (shape[0],)
        square = shape[0] == shape[1]
        table: list[tuple[str, tuple[str, ...]]] = [
            (f"{a} + 2 * {b}", shape), (f"{a} * {b} - {a}", shape), (f"{a} - {a}.mean(axis=0)", shape),
            (f"{a}.T", shape[::-1]), (f"{a}.sum(axis=1)", one), (f"{a}.sum(axis=0, keepdims=True) * {a}", shape),
            (f"np.maximum({a}, {b})", shape), (f"np.where({a} > 0, {a}, {b})", shape),
            (f"{a}[::-1, :]", shape), (f"np.flip({a}, axis=1)", shape), (f"np.rot90({a}, 2)", shape),
            (f"{a}[{self.slice()}, {self.slice()}]", ("?", "!")), (f"{a}[{self.slice()}]", ("?", shape[1])),
            (f"np.pad({a}, ((p, p), (0, s)))", ("?", "!")), (f"np.roll({a}, 1, axis=0)", shape),
            (f"{a}.reshape(-1)", (f"{shape[0]}*{shape[1]}",)),
            (f"{a}.reshape({a}.shape[1], {a}.shape[0])", shape[::-1]),
            (f"np.repeat({a}, 2, axis=0)", ("?", shape[1])), (f"np.tile({a}, (1, 2))", (shape[0], "?")),
            (f"np.kron({a}, np.ones((2, 1)))", ("?", shape[1])),
            (f"np.concatenate([{a}, {a}], axis=0)", ("?", shape[1])),
            (f"np.stack([{a}, {a}], axis=0).sum(axis=0)", shape), (f"{a} @ {b}.T", (shape[0], known[b][0])),
            (f"np.einsum('ij,ij->i', {a}, {b})", one), (f"np.outer({a}.sum(1), {b}.sum(0))", (shape[0], known[b][1])),
            (f"np.eye(len({a})) @ {a}", shape), (f"np.arange(len({a}))[:, None] * {a}", shape),
            (f"sliding_window_view({a}, 2, axis=0).sum(axis=-1)", ("?", shape[1])), (f"np.cumsum({a}, axis=0)", shape),
            (f"{a}[np.arange(0, len({a}), s)]", ("?", shape[1])),
            (f"np.tril({a})", shape), (f"np.square({a}) / (len({a}) + s)", shape), (f"{a}[0]", (shape[1],)),
            (f"{a}[:, -1]", one), (f"np.transpose({a})[None, :, :].sum(axis=0)", shape[::-1]),
            (f"{a}[:, None, :].repeat(2, axis=1).sum(axis=1)", shape),
            (f"({a} == {a}.max(axis=1, keepdims=True)) * {b}", shape),
            (f"np.einsum('ij,kj->ik', {a}, {a})", (shape[0], shape[0])), (f"np.tensordot({a}, {a}, 2) * {b}", known[b]),
            (f"np.inner({a}, {a})", (shape[0], shape[0])), (f"np.clip({a}, -1, 2)", shape),
            (f"np.minimum({a}, 1) + np.abs({a})", shape), (f"np.moveaxis({a}[None], 0, 2)[:, :, 0]", shape),
            (f"np.expand_dims({a}, 1).squeeze(1)", shape), (f"np.swapaxes({a}, 0, 1)", shape[::-1]),
            (f"np.var({a}, axis=0) * {a}", shape),
            (f"{a} / np.sqrt((({a} ** 2).sum(axis=1, keepdims=True)) + 1)", shape),
            (f"np.vstack([{a}, {a}])", ("?", shape[1])), (f"np.hstack([{a}, {a}])", (shape[0], "?")),
            (f"np.full({a}.shape, s) - {a}", shape), (f"np.triu({a}, 1)", shape), (f"np.exp({a} / 9)", shape),
            (f"np.logical_and({a} > 0, {a} < 3) * {a}", shape), (f"(1 - ({a} <= 1)) * {a}", shape),
            (f"{a}[np.arange(len({a})), np.argmax({a}, axis=1)]", one),
            (f"({a}.argmax(axis=0) == np.arange(len({a}))[:, None]) * {a}", shape),
            (f"np.array([{a}[0], {a}[-1]])", ("2", shape[1])), (f"np.add({a}, {b})", shape),
            (f"{a}[np.arange(len({a}))[::-1], :]", shape), (f"{a}[np.arange(len({a})) // s]", shape),
            (f"np.split(np.concatenate([{a}, {b}], axis=1), 2, axis=1)[1]" if square else f"{a} * 1", shape),
        ]  # fmt: skip
        if v is not None:
            table += [(f"{v}[::-1]", known[v]), (f"np.diag({v})", known[v] * 2),
                      (f"{v}[:, None] * np.ones((1, 3))", (known[v][0], "3")),
                      (f"{v}.cumsum()", known[v]), (f"np.dot({v}, {v}) * {a}", shape),
                      (f"{v}[{self.slice()}]", ("?",))]  # fmt: skip
        table += self.others(a, b, shape)
        value, made = self.chance.choice(table)
        return [f"{name} = {value}"], made

    def others(self, a: str, b: str, shape: tuple[str, ...]) -> list[tuple[str, tuple[str, ...]]]:
        """The rows of NumPy's table that are other words for one thing, and those seldom written."""
        one, order = (shape[0],), self.chance.choice((">", "<=", "=="))
        word = {">": "greater", "<=": "less_equal", "==": "equal"}[order]
        same = [
            f"np.absolute({a})", f"np.asanyarray({a}) - {b}", f"np.ascontiguousarray({a}.T).T", f"{a}.astype(float)",
            f"np.divide({a}, 4)", f"np.true_divide({a}, len({a}))", f"np.{word}({a}, 1) * {b}", f"np.fliplr({a})",
            f"np.flipud({a})", f"np.float64(s) * {a}", f"np.fmax({a}, {b})", f"np.fmin({a}, 2)",
            f"np.full_like({a}, 3.0) * {b}", f"np.greater_equal({a}, {b}) * {a}", f"np.less({a}, {b}) * {a}",
            f"np.identity(len({a})) @ {a}", f"np.logical_not({a} > 0) * {a}",
            f"np.logical_or({a} > 3, {a} < 0) * {a}", f"np.matmul({a}, {a}.T) @ {b}", f"np.multiply({a}, {b})",
            f"np.negative({a})", f"np.not_equal({a}, {a}.max(axis=0)) * {a}", f"np.ones_like({a}) + {a}",
            f"np.positive({a})", f"np.power({a}, 2)", f"np.reciprocal({a} ** 2 + 1)",
            f"np.sign({a}) * {b}", f"np.subtract({a}, s)", f"np.tanh({a} / 5)", f"np.expm1({a} / 9)",
            f"np.log1p(np.abs({a}))", f"np.vdot({a}, {a}) * {b}", f"np.zeros_like({a}) - {a}",
            f"np.std({a}, axis=0) * {b}", f"np.trace({a}) * {b}", f"np.average({a}, axis=0) + {a}",
            f"np.floor_divide(np.arange(len({a})), s)[:, None] * {a}", f"np.mod(np.arange(len({a})), 2)[:, None] * {a}",
            f"np.broadcast_to({a}[0], {a}.shape) - {a}", f"{a} / 3 - s / (p + 1)",
            f"({a}.argmin(axis=1) == 0)[:, None] * {a}", f"{a}.swapaxes(0, 1).copy().T", f"np.float32(2) * {a}",
            f"np.amax({a}, axis=1, keepdims=True) - {a}", f"np.amin({a}, axis=0) * {a}", f"np.sqrt({a} ** 2 + s)",
            f"{a} - {a}[:, :1] + {a}[-1:]", f"np.exp({a} - {a}.max()) / np.exp({a} - {a}.max()).sum()",
            f"{a} * (np.arange({a}.shape[1]) % 2)", f"{a} ** 3 - {a} ** 2", f"-{a} if p > s else {b} * 1",
        ]
        rows = [
            f"np.prod({a}.shape) * {a}.sum(axis=1)", f"{a}.max(axis=1)", f"{a}.min(1) - {a}[:, 0]",
            f"{a}[np.arange(len({a})), np.argmin({a}, axis=1)]", f"{a}[np.arange(len({a})), np.nanargmax({a}, axis=1)]",
            f"np.take({a}, 0, axis=1)", f"({a} @ {a}.T).diagonal()",
            f"np.dot({a}, {a}[-1])", f"{a} @ {a}[0]", f"{a}.std(axis=1)",
            f"{a}.ravel()[: len({a})]", f"{a}.mean(1) * {a}.shape[1]",
        ]  # fmt: skip
        flat = [f"np.ravel({a})", f"{a}.flatten()", f"{a}.T.reshape(-1)", f"np.reshape({a}, -1) * 2"]
        return [*[(text, shape) for text in same], *[(text, one) for text in rows],
                *[(text, (f"{shape[0]}*{shape[1]}",)) for text in flat]]  # fmt: skip

    def loop(self, name: str, known: dict[str, tuple[str, ...]]) -> tuple[list[str], tuple[str, ...]] | None:
        """A loop over rows that reads a window."""
        a = self.pick(known)
        if a is None:
            return None
        word = self.chance.choice(("=", "=", "+="))
        read = self.chance.choice(("i, :", "i:i + 1, :", "::-1, :", "-1 - i, :", "i // 2, :", "i % 2, :", ":i + 1, :"))
        body = f"{a}[{read}]" if read in ("i, :", "-1 - i, :", "i // 2, :", "i % 2, :") else f"{a}[{read}].sum(axis=0)"
        count = self.chance.choice((f"len({a})", f"len({a}) - 1", f"0, len({a}), s"))
        place = self.chance.choice(("i", "i", "-1 - i", "i // 2", "0", f"len({a}) - 1 - i"))
        lines = [f"{name} = np.zeros({a}.shape)", f"for i in range({count}):", f"    {name}[{place}] {word} {body}"]
        return lines, known[a]

    def scatter(self, name: str, known: dict[str, tuple[str, ...]]) -> tuple[list[str], tuple[str, ...]] | None:
        """Two loops that write windows, as the gradient of a convolution does."""
        a = self.pick(known)
        if a is None:
            return None
        word = self.chance.choice(("+=", "+=", "="))
        width = self.chance.choice(("s", "2", "p + 1"))
        step = self.chance.choice(("s", "1", "2"))
        value = self.chance.choice((f"{a}[i, j]", f"{a}[i, j] * {a}[i]", f"2 * {a}[i, j]"))
        if value.endswith("[i]"):
            return [f"{name} = np.zeros({a}.shape)", f"for i in range(len({a})):", f"    for j in range({a}.shape[1]):",
                    f"        {name}[i] {word} {value}"], known[a]  # fmt: skip
        rows, columns = f"(len({a}) - 1) * {step} + {width}", f"({a}.shape[1] - 1) * {step} + {width}"
        target = f"{name}[i * {step} : i * {step} + {width}, j * {step} : j * {step} + {width}]"
        return [f"{name} = np.zeros(({rows}, {columns}))", f"for i in range(len({a})):",
                f"    for j in range({a}.shape[1]):", f"        {target} {word} {value}"], ("?", "!")  # fmt: skip

    def patch(self, name: str, known: dict[str, tuple[str, ...]]) -> tuple[list[str], tuple[str, ...]] | None:
        """A copy with a part written over, a scalar sum, or a counter."""
        a = self.pick(known)
        if a is None:
            return None
        kind = self.chance.randrange(9)
        if kind >= 4:
            return self.chosen(name, a, known[a], kind)
        if kind == 0:
            return [f"{name} = {a}.copy()", f"{name}[{self.slice()}] = 1"], known[a]
        if kind == 1:
            return [f"{name} = {a} * 1", f"{name}[{self.slice()}] += {a}[0]"], known[a]
        if kind == 2:
            return [f"{name} = np.zeros(len({a}))", f"for i in range(len({a})):", "    total = 0.0",
                    f"    for j in range({a}.shape[1]):", f"        total += {a}[i, j] * {a}[i, -1]",
                    f"    {name}[i] = total"], (known[a][0],)  # fmt: skip
        return [f"{name} = np.zeros({a}.shape)", "at = 0", f"while at + s <= len({a}):",
                f"    {name}[at] = {a}[at : at + s].sum(axis=0)", "    at += s"], known[a]  # fmt: skip


    def chosen(self, name: str, a: str, shape: tuple[str, ...], kind: int) -> tuple[list[str], tuple[str, ...]]:
        """Places that data choose, masks, branches on data."""
        word = self.chance.choice(("=", "+="))
        if kind == 4:
            return [f"{name} = {a}.copy()", f"{name}[{a} {self.chance.choice(('>', '<=', '<'))} 1] {word} 2"], shape
        if kind == 5:
            return [f"{name} = np.zeros({a}.shape)", f"mask = {a} > 0",
                    f"{name}[mask] {word} ({a} * 2)[mask]"], shape  # fmt: skip
        if kind == 6:
            return [f"{name} = np.zeros({a}.shape)",
                    f"{name}[np.arange(len({a})), {a}.argmax(axis=1)] {word} {a}.sum(axis=1)"], shape  # fmt: skip
        if kind == 7:
            place = self.chance.choice((f"i, np.argmax({a}[i])", f"np.argmax({a}[:, 0]), 0"))
            return [f"{name} = np.zeros({a}.shape)", f"for i in range(len({a})):",
                    f"    {name}[{place}] {word} {a}[i, 0]"], shape  # fmt: skip
        bound, place = self.chance.choice(("0", f"{a}[i, 0]")), self.chance.choice(("i, j", "i // 2, j", "i, 0"))
        return [f"{name} = np.zeros({a}.shape)", f"for i in range(len({a})):", f"    for j in range({a}.shape[1]):",
                f"        if {a}[i, j] > {bound}:", f"            {name}[{place}] {word} {a}[i, j]"], shape  # fmt: skip


# -- reading and running ---------------------------------------------------------------------------


class Unsettled(Exception):
    """More cases than the driver would read."""


def readings(code: str, signature: Signature) -> list[Reading]:
    """The readings of all cases; no kernel is asked, so that impossible cases are read too."""
    function = parsed(code, "program.py").names["forward"]
    assert isinstance(function, Function)
    pending: list[tuple[Cond, ...]] = [()]
    found: list[Reading] = []
    while pending:
        conditions = pending.pop()
        try:
            found.append(Reader(Layer(function, function), signature, conditions, lambda _: None).read_forward())
        except Split as split:
            pending += [(*conditions, split.condition), (*conditions, negated(split.condition))]
            if len(pending) + len(found) > 32:
                raise Unsettled from None
    return found


def holds(facts: Facts, obligation: Obligation, sizes: dict[str, int]) -> bool:
    """Whether an obligation holds at these sizes, for all indices in their ranges."""
    ranges = facts.range_of(obligation.condition.symbols | obligation.guard.symbols)

    def values(left: list[tuple[str, tuple[Int, Int]]], known: dict[str, int]) -> Iterator[dict[str, int]]:
        if not left:
            yield known
            return
        (name, (low, high)), *rest = left
        for value in range(evaluated(low, known), evaluated(high, known) + 1):
            yield from values(rest, {**known, name: value})

    for count, known in enumerate(values(list(ranges.items()), dict(sizes))):
        if count > 20_000:
            return False
        if obligation.guard.holds(known) and not obligation.condition.holds(known):
            return False
    return True


@dataclass
class Tally:
    """What was counted, and the programs that were misread."""

    counts: Counter[str] = field(default_factory=Counter)
    misread: list[str] = field(default_factory=list)


def judge(code: str, signature: Signature, shapes: list[dict[str, int]], tally: Tally) -> None:
    """One program: read, and compared at the shapes."""
    counts = tally.counts
    counts["programs"] += 1
    try:
        found = readings(code, signature)
    except (Refused, Unsettled, RecursionError):
        counts["refused"] += 1
        return
    names: dict[str, Any] = {}
    exec(code, names)
    evaluators: dict[int, Evaluated | None] = {}
    seen = wrong = False
    for sizes in shapes:
        fitting = [one for one in found if all(condition.holds(sizes) for condition in one.conditions)]
        if len(fitting) != 1:
            counts["shapes in no case"] += 1
            continue
        (reading,) = fitting
        try:
            rests = all(holds(reading.facts, one, sizes) for one in reading.obligations)
        except ZeroDivisionError:
            rests = False
        try:
            if id(reading) not in evaluators:
                evaluators[id(reading)] = Evaluated(reading)
            difference = compared(reading, evaluators[id(reading)], names["forward"], sizes)  # type: ignore[arg-type]
        except (NotEvaluable, NotExact, Tie, DoesNotExist, ZeroDivisionError, Refused) as error:
            counts["shapes not evaluated"] += 1
            if rests and isinstance(error, DoesNotExist):
                counts["shapes at which the reading does not exist"] += 1
            continue
        counts["shapes compared"] += 1
        if difference and not rests:
            counts["differences that an obligation foresees"] += 1
        elif difference:
            wrong = True
            tally.misread.append(f"{difference}\n{code}")
        seen = seen or not difference
    counts["programs misread"] += wrong
    counts["programs compared"] += seen or wrong


def compared(reading: Reading, values: Evaluated, forward: Any, sizes: dict[str, int]) -> str:
    """"" where reading and code agree, else what differs."""
    sample = sample_at(reading, sizes, 0, values.smooth)
    data = values.data(sample, sizes)
    arguments: dict[str, Any] = {name: np.array([float(v) for v in sample.values[name]]).reshape(sample.shapes[name])
                                 for name in reading.signature.arrays}  # fmt: skip
    arguments.update({name: evaluated(value, sizes) for name, value in reading.signature.values.items()})
    try:
        out = np.asarray(forward(**arguments), dtype=float)
    except (ValueError, IndexError, TypeError) as error:
        return f"{sizes}: the code raises {error}"
    mine = values.value(reading.out, sizes, data)
    shape = tuple(evaluated(size, sizes) for size in reading.out_shape)
    if out.shape != shape:
        return f"{sizes}: code {out.shape}, reading {shape}"
    wanted = np.array([float(v) for v in mine]).reshape(shape)
    same = np.allclose(out, wanted, rtol=1e-8, atol=1e-8)
    return "" if same else f"{sizes}: code {out.tolist()}, reading {wanted.tolist()}"


def run(programs: int, seed: int, shapes: int = SHAPES, first: int = 0) -> Tally:
    """That many programs from the first on, at that many shapes each."""
    sys.setrecursionlimit(20_000)
    np.seterr(all="ignore")
    signature = parse_signature(GIVEN)
    every = sorted(itertools.product((1, 2, 3, 4, 5), (1, 2, 3, 4), (1, 2, 3), (0, 1, 2)), key=sum)
    tally = Tally()
    for number in range(first, first + programs):
        chance = random.Random(seed * 1_000_003 + number)
        chosen = [*every[: shapes // 2], *chance.sample(every, shapes - shapes // 2)]
        code = Programs(seed * 1_000_003 + number).program()
        judge(code, signature, [dict(zip("nmsp", sizes, strict=True)) for sizes in chosen], tally)
    return tally


def main() -> None:
    """Prints the counts, and each misread program."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--programs", type=int, default=1000)
    arguments.add_argument("--seed", type=int, default=0)
    arguments.add_argument("--log", type=Path)
    chosen = arguments.parse_args()
    known = chosen.log.read_text().splitlines() if chosen.log and chosen.log.exists() else []
    tally = Tally()
    for at in range(0, chosen.programs, BATCH):
        if at // BATCH < len(known):
            found = json.loads(known[at // BATCH])
        else:
            batch = run(min(BATCH, chosen.programs - at), chosen.seed, first=at)
            found = {"counts": batch.counts, "misread": batch.misread}
            if chosen.log:
                with chosen.log.open("a") as file:
                    file.write(json.dumps(found) + "\n")
        tally.counts.update(found["counts"])
        tally.misread += found["misread"]
    for text in tally.misread:
        print(text)
    for name, count in tally.counts.items():
        print(f"{count:>9} {name}")


if __name__ == "__main__":
    main()
