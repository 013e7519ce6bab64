"""Mutants of correct layers: one that computes another gradient at some small shape must not be proved.

    python -m benchmarks.mutate_layers --mutants 500 --seed 1

A mutant changes one place of a backward function: an index or bound is shifted, a factor is dropped, `+=` becomes `=`,
axes are swapped, a name is another one. Whether it differs is found by running both functions on integers at every size
up to `--largest`; whether it is proved, by `prove`, first without its run. What must be 0 is the number proved that
differ.
"""

from __future__ import annotations

import argparse
import ast
import copy
import itertools
import random
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from derivations.language.errors import InputError
from derivations.reading.integers import Int, evaluated
from derivations.reading.prove import prove_layer
from derivations.reading.signature import Signature, parse_signature

LAYERS = Path(__file__).parent.parent / "tests" / "reading" / "layers"
# file, forward, backward, --given
CORRECT = (
    ("small.py", "dense", "dense_backward", "x: N,C,H; w: C*H,M; b: M"),
    ("small.py", "correlate", "correlate_backward", "x: n; w: m; m <= n"),
    ("small.py", "rectify", "rectify_backward", "x: n, m"),
    ("gallery.py", "strided", "strided_backward", "x: n; w: m; s = s; m <= n"),
    ("gallery.py", "transposed", "transposed_backward", "x: n; w: m; s = s"),
    ("gallery.py", "mean_windows", "mean_windows_backward", "x: N, n; f = f; s = s; f <= n"),
    ("gallery.py", "columns", "columns_backward", "x: C, n; w: F, C, m; s = s; m <= n"),
    ("gallery.py", "matrices", "matrices_backward", "q: A, D; k: B, D"),
)


@dataclass(frozen=True)
class Mutant:
    """A backward function with one change."""

    layer: tuple[str, str, str, str]
    change: str
    code: str


# -- mutations -------------------------------------------------------------------------------------


def mutants_of(layer: tuple[str, str, str, str]) -> list[Mutant]:
    """Every mutant of one layer's backward function."""
    text = (LAYERS / layer[0]).read_text()
    tree = ast.parse(text)
    place, function = next((at, node) for at, node in enumerate(tree.body)
                           if isinstance(node, ast.FunctionDef) and node.name == layer[2])  # fmt: skip
    found: list[Mutant] = []
    nodes = list(ast.walk(function))
    names = sorted({node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)})
    for number, node in enumerate(nodes):
        for change, replace in changes(node, names):
            other = copy.deepcopy(tree)
            replace(list(ast.walk(other.body[place]))[number])
            ast.fix_missing_locations(other)
            found.append(Mutant(layer, f"{layer[2]}:{getattr(node, 'lineno', 0)}: {change}", ast.unparse(other)))
    return found


def changes(node: ast.AST, names: list[str]) -> Iterator[tuple[str, Any]]:
    """What can be changed at a node: its name and a function that does it to a copy of the node."""
    if isinstance(node, ast.Slice):
        for part in ("lower", "upper"):
            if getattr(node, part) is not None:
                yield f"{part} bound one more", lambda at, part=part: _shift(at, part)
        if node.step is not None:
            yield "step dropped", lambda at: setattr(at, "step", None)
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.BinOp | ast.Name):
        yield "index one more", lambda at: _shift(at, "slice")
    if isinstance(node, ast.AugAssign):
        yield "= for +=", _assign
        yield "sign", lambda at: setattr(at, "op", ast.Sub())
    if isinstance(node, ast.BinOp):
        yield "right operand lost", lambda at: _become(at, at.left)
        if isinstance(node.op, ast.Mult):
            yield "sum for product", lambda at: setattr(at, "op", ast.Add())
        if isinstance(node.op, ast.Sub):
            yield "plus for minus", lambda at: setattr(at, "op", ast.Add())
    if isinstance(node, ast.Constant) and type(node.value) is int:
        yield "constant one more", lambda at: setattr(at, "value", at.value + 1)
    if isinstance(node, ast.Attribute) and node.attr == "T":
        yield "transpose lost", lambda at: _become(at, at.value)
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and "->" in node.value:
        inputs, _, output = node.value.partition("->")
        if len(output) > 1:
            yield "axes swapped", lambda at: setattr(at, "value", f"{inputs}->{output[::-1]}")
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
        for name in names:
            if name != node.id and name not in ("np", "range", "len"):
                yield f"{name} for {node.id}", lambda at, name=name: setattr(at, "id", name)


def _shift(at: Any, part: str) -> None:
    setattr(at, part, ast.BinOp(getattr(at, part), ast.Add(), ast.Constant(1)))


def _become(at: Any, other: ast.AST) -> None:
    kept = copy.deepcopy(other)
    at.__class__ = kept.__class__
    at.__dict__.clear()
    at.__dict__.update(kept.__dict__)


def _assign(at: Any) -> None:
    target, value = at.target, at.value
    at.__class__ = ast.Assign
    at.__dict__.update(targets=[target], value=value, type_comment=None)


# -- whether a mutant differs ----------------------------------------------------------------------


def sizes_up_to(signature: Signature, largest: int) -> list[dict[str, int]]:
    """All sizes up to the largest, by their sum."""
    names = list(signature.dims)
    ranges = [range(signature.dims[name], largest + 1) for name in names]
    every = (dict(zip(names, values, strict=True)) for values in sorted(itertools.product(*ranges), key=sum))
    return [one for one in every if all(condition.holds(one) for condition in signature.conditions)]


def gradients(
    module: dict[str, Any], layer: tuple[str, str, str, str], signature: Signature, sizes: dict[str, int]
) -> Any:
    """What backward gives on integers, or the error that it raises."""
    chance = np.random.default_rng(sum(sizes.values()))
    arguments: dict[str, Any] = {}
    for name, axes in signature.arrays.items():
        shape = [int(np.prod([evaluated(size, sizes) for size in axis], dtype=int)) for axis in axes]
        count = int(np.prod(shape, dtype=int))
        arguments[name] = (chance.permutation(count) - count // 2).reshape(shape).astype(float)
    arguments |= {name: evaluated(value, sizes) for name, value in signature.values.items() if isinstance(value, Int)}
    returned = module[layer[1]](**arguments)
    out, extras = (returned[0], returned[1:]) if isinstance(returned, tuple) else (returned, ())
    delta = (chance.permutation(out.size) - out.size // 2).reshape(out.shape).astype(float)
    function = module[layer[2]]
    names = function.__code__.co_varnames[1 : function.__code__.co_argcount]
    given = [arguments[name] if name in arguments else extras[0] for name in names]
    try:
        found = function(delta, *given)
        return tuple(np.asarray(one, dtype=float) for one in (found if isinstance(found, tuple) else (found,)))
    except Exception as error:  # a mutant may do anything
        return str(type(error))


def differs(right: dict[str, Any], wrong: dict[str, Any], layer: Any, signature: Signature, largest: int) -> Any:
    """The first sizes at which a mutant gives other gradients; None where it does not."""
    for sizes in sizes_up_to(signature, largest)[:600]:
        wanted, found = (gradients(module, layer, signature, sizes) for module in (right, wrong))
        if isinstance(found, str) or len(found) != len(wanted):
            return sizes
        for p, q in zip(wanted, found, strict=True):
            if np.shape(p) != np.shape(q) or not np.allclose(p, q):
                return sizes
    return None


@dataclass
class Tally:
    """What was counted, and the mutants that were wrongly proved."""

    counts: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)


def judge(mutant: Mutant, largest: int, tally: Tally, directory: str) -> None:
    """One mutant: run, and proved or not."""
    tally.counts["mutants"] += 1
    signature = parse_signature(mutant.layer[3])
    right: dict[str, Any] = {}
    wrong: dict[str, Any] = {}
    exec((LAYERS / mutant.layer[0]).read_text(), right)
    exec(mutant.code, wrong)
    other = differs(right, wrong, mutant.layer, signature, largest)
    path = Path(directory) / f"mutant{tally.counts['mutants']}.py"
    path.write_text(mutant.code)
    word = _word(path, mutant, run=False)
    if other is not None and word == "proved":
        # the reading alone was wrong; the run beside it must say so
        tally.counts["readings that only the run refuses"] += 1
        word = _word(path, mutant, run=True)
    tally.counts[f"{'same' if other is None else 'differs'}: {word}"] += 1
    if other is not None and word == "proved":
        tally.wrong.append(f"{mutant.change}, which differs at {other}\n{mutant.code}")


def _word(path: Path, mutant: Mutant, run: bool) -> str:
    try:
        return prove_layer(f"{path}:{mutant.layer[1]}", f"{path}:{mutant.layer[2]}", mutant.layer[3], run).word
    except InputError:
        return "refused"


def main() -> None:
    """Prints the counts, and each mutant that is proved and differs."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--mutants", type=int, default=500)
    arguments.add_argument("--seed", type=int, default=0)
    arguments.add_argument("--largest", type=int, default=6)
    chosen = arguments.parse_args()
    start = time.perf_counter()
    every = [mutant for layer in CORRECT for mutant in mutants_of(layer)]
    random.Random(chosen.seed).shuffle(every)
    tally = Tally()
    np.seterr(all="ignore")
    with tempfile.TemporaryDirectory() as directory:
        for mutant in every[: chosen.mutants]:
            judge(mutant, chosen.largest, tally, directory)
            if tally.counts["mutants"] % 20 == 0:
                print(dict(tally.counts), flush=True)
    for text in tally.wrong:
        print(text)
    for name, count in sorted(tally.counts.items()):
        print(f"{count:>6} {name}")
    print(f"{time.perf_counter() - start:6.0f} seconds, {len(every)} mutants in all")


if __name__ == "__main__":
    main()
