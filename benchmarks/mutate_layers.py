"""Mutants of correct layers: one that computes another gradient at some small shape must not be proved.

    python -m benchmarks.mutate_layers --mutants 500 --seed 1

A mutant changes one place of a backward function: an index or bound is shifted, a factor is dropped, `+=` becomes `=`,
axes are swapped, a name is another one. Whether it differs is found by running both functions on integers at sizes up
to `--largest`; whether it is proved, by `prove`. What must be 0 is the number proved that differ, and the number called
wrong that do not; counted apart are readings that would be proved if the run did not refuse them. A region is compared
with the sizes at which the mutant agrees. With `--log FILE` each result is a line of the file, and those that stand
there are not done again.
"""

from __future__ import annotations

import argparse
import ast
import copy
import itertools
import json
import random
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from derivations.language.errors import InputError
from derivations.reading.integers import Int, evaluated
from derivations.reading.prove import prove_layer
from derivations.reading.runner import put
from derivations.reading.signature import Signature, parse_signature

COMPARED = 600  # sizes, the smallest, at which a mutant is run
FURTHER = 40  # sizes by chance where there are more
DRAWS = 2  # data at each size: one matrix may be symmetric by chance
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
    ("gallery.py", "guarded", "guarded_backward", "x: n; w: m; p = p; p >= 0; m <= n + 2*p"),
    ("gallery.py", "gathered", "gathered_backward", "x: n; w: m; m <= n"),
    ("gallery.py", "blocks", "blocks_backward", "x: n*f, m*f; f = f"),
    ("gallery.py", "peaks", "peaks_backward", "x: N, n; f = f; f <= n"),
    ("gallery.py", "normalized", "normalized_backward", "x: N, D; gamma: D; beta: D; eps: scalar"),
    ("convolution.py", "loops", "loops_backward", "x: N,C,H,W; w: F,C,k,l; b: F; options.stride = s; options.pad = p; "
     "p >= 0; k <= H + 2*p; l <= W + 2*p"),
)


@dataclass(frozen=True)
class Mutant:
    """A backward function with one change: the layer, what is changed, at which node of the function, by what."""

    layer: tuple[str, str, str, str]
    change: str
    number: int
    replace: Callable[[Any], None]

    @property
    def code(self) -> str:
        """The file with the mutant in place of the function."""
        tree = ast.parse((LAYERS / self.layer[0]).read_text())
        self.replace(list(ast.walk(_function(tree, self.layer[2])))[self.number])
        return ast.unparse(ast.fix_missing_locations(tree))


def _function(tree: ast.Module, name: str) -> ast.FunctionDef:
    return next(node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == name)


# -- mutations -------------------------------------------------------------------------------------


def mutants_of(layer: tuple[str, str, str, str]) -> list[Mutant]:
    """Every mutant of one layer's backward function."""
    nodes = list(ast.walk(_function(ast.parse((LAYERS / layer[0]).read_text()), layer[2])))
    names = sorted({node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)})
    return [Mutant(layer, f"{layer[2]}:{getattr(node, 'lineno', 0)}: {change}", number, replace)
            for number, node in enumerate(nodes) for change, replace in changes(node, names)]  # fmt: skip


def sample(seed: int) -> list[Mutant]:
    """Mutants of all layers in an order by chance in which each kind of change and each layer comes as often."""
    kinds: dict[tuple[str, str], list[Mutant]] = {}
    for layer in CORRECT:
        for mutant in mutants_of(layer):
            change = mutant.change.rpartition(": ")[2]
            kind = "name" if " for " in change and change[0] != "=" else change
            kinds.setdefault((layer[2], kind), []).append(mutant)
    chance = random.Random(seed)
    rows = list(kinds.values())
    for one in rows:
        chance.shuffle(one)
    chance.shuffle(rows)
    return [one for turn in itertools.zip_longest(*rows) for one in turn if one is not None]


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


def sizes_up_to(signature: Signature, largest: int) -> Iterator[dict[str, int]]:
    """All sizes up to the largest, by their sum; made as they are asked for, as there may be millions."""
    names = list(signature.dims)
    least = list(signature.dims.values())

    def values(at: int, total: int) -> Iterator[tuple[int, ...]]:
        if at == len(least):
            yield from [()] if total == 0 else []
            return
        rest = sum(least[at + 1 :])
        for value in range(least[at], min(largest, total - rest) + 1):
            yield from ((value, *others) for others in values(at + 1, total - value))

    for total in range(sum(least), largest * len(least) + 1):
        for found in values(0, total):
            sizes = dict(zip(names, found, strict=True))
            if all(condition.holds(sizes) for condition in signature.conditions):
                yield sizes


def gradients(
    module: dict[str, Any], layer: tuple[str, str, str, str], signature: Signature, sizes: dict[str, int], draw: int = 0
) -> Any:
    """What backward gives on integers, or the error that it raises."""
    chance = np.random.default_rng([draw, *sizes.values()])
    arguments: dict[str, Any] = {}
    for name, axes in signature.arrays.items():
        shape = [int(np.prod([evaluated(size, sizes) for size in axis], dtype=int)) for axis in axes]
        arguments[name] = _integers(chance, tuple(shape))
    for name, value in signature.values.items():
        put(arguments, name, evaluated(value, sizes) if isinstance(value, Int) else value)
    arguments |= dict.fromkeys(signature.scalars, 0.5)
    returned = module[layer[1]](**arguments)
    out, extras = (returned[0], returned[1:]) if isinstance(returned, tuple) else (returned, ())
    delta = _integers(chance, out.shape)
    function = module[layer[2]]
    names = function.__code__.co_varnames[1 : function.__code__.co_argcount]
    cache = extras[0] if len(extras) == 1 else extras
    given = [arguments.get(name, cache) for name in names]
    try:
        found = function(delta, *given)
        return tuple(np.asarray(one, dtype=float) for one in (found if isinstance(found, tuple) else (found,)))
    except Exception as error:  # a mutant may do anything
        return str(type(error))


def _integers(chance: np.random.Generator, shape: tuple[int, ...]) -> Any:
    """Integers of different absolute values, none of them 0 or 1: an array of one entry would else hide a lost factor,
    and one of few values be symmetric by chance."""
    count = int(np.prod(shape, dtype=int))
    chosen = chance.choice(np.arange(2, 10 * count + 12), count, replace=False) * chance.choice([-1, 1], count)
    return chosen.reshape(shape).astype(float)


def agreement(
    right: dict[str, Any], wrong: dict[str, Any], layer: Any, signature: Signature, largest: int
) -> list[tuple[dict[str, int], bool]]:
    """At each of the sizes, whether the mutant gives the same gradients, of all DRAWS."""

    def agrees(sizes: dict[str, int], draw: int) -> bool:
        return _same(*[gradients(module, layer, signature, sizes, draw) for module in (right, wrong)])

    return [(sizes, all(agrees(sizes, draw) for draw in range(DRAWS))) for sizes in _compared(layer[3], largest)]


@lru_cache
def _compared(given: str, largest: int) -> list[dict[str, int]]:
    """The sizes at which mutants of a layer are run: the smallest, and some by chance."""
    signature = parse_signature(given)
    found = list(itertools.islice(sizes_up_to(signature, largest), COMPARED))
    chance = random.Random(given)
    further = FURTHER if len(found) == COMPARED else 0
    while further:
        sizes = {name: chance.randint(least, largest) for name, least in signature.dims.items()}
        if all(condition.holds(sizes) for condition in signature.conditions):
            found.append(sizes)
            further -= 1
    return found


def _same(wanted: Any, found: Any) -> bool:
    if isinstance(found, str) or len(found) != len(wanted):
        return False
    return all(np.shape(p) == np.shape(q) and np.allclose(p, q) for p, q in zip(wanted, found, strict=True))


@dataclass
class Tally:
    """What was counted, and the mutants whose verdict is wrong."""

    counts: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def add(self, result: dict[str, Any]) -> None:
        """One mutant."""
        self.counts["mutants"] += 1
        self.counts[result["kind"]] += 1
        self.counts["readings that only the run refuses"] += result["only_run"]
        if result["region"]:
            self.counts[f"regions that are {result['region']}"] += 1
        if result["wrong"]:
            self.wrong.append(f"{result['wrong']}: {result['change']}")


def judge(mutant: Mutant, largest: int, directory: str) -> dict[str, Any]:
    """One mutant: run, and proved or not."""
    signature = parse_signature(mutant.layer[3])
    right: dict[str, Any] = {}
    wrong: dict[str, Any] = {}
    exec((LAYERS / mutant.layer[0]).read_text(), right)
    exec(mutant.code, wrong)
    seen = agreement(right, wrong, mutant.layer, signature, largest)
    other = next((sizes for sizes, same in seen if not same), None)
    path = Path(directory) / "mutant.py"
    path.write_text(mutant.code)
    # the run changes a verdict by refusing the reading or by its counterexample, so that one of both says the other
    word, regions = _word(path, mutant, run=other is not None)
    only_run = word == "misread" and _word(path, mutant, run=False)[0] == "proved"
    if other is None and word in ("false", "refuted"):
        word, regions = _word(path, mutant, run=True)
    problem = ""
    if other is not None and word == "proved":
        problem = f"proved, and differs at {other}"
    if other is None and word in ("false", "refuted", "holds where"):
        problem = f"{word}, and is the same at every size"
    region = ""
    if word == "holds where":
        conditions = [one for text in regions for one in parse_signature(text.replace(", ", " and ")).conditions]
        said = [all(one.holds(sizes) for one in conditions) for sizes, _ in seen]
        same = [same for _, same in seen]
        wider = any(p and not q for p, q in zip(said, same, strict=True))
        region = "exact" if said == same else "too large" if wider else "too small"
    return {"kind": f"{'same' if other is None else 'differs'}: {word}", "change": mutant.change,
            "only_run": only_run, "region": region, "wrong": problem}  # fmt: skip


def _word(path: Path, mutant: Mutant, run: bool) -> tuple[str, list[str]]:
    try:
        found = prove_layer(f"{path}:{mutant.layer[1]}", f"{path}:{mutant.layer[2]}", mutant.layer[3], run)
    except InputError:
        return "refused", []
    return found.word, [one.holds_where for one in found.gradients if one.holds_where]


def main() -> None:
    """Prints the counts, and each mutant whose verdict is wrong."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--mutants", type=int, default=500)
    arguments.add_argument("--seed", type=int, default=0)
    arguments.add_argument("--largest", type=int, default=6)
    arguments.add_argument("--log", type=Path)
    chosen = arguments.parse_args()
    every = sample(chosen.seed)
    known = chosen.log.read_text().splitlines() if chosen.log and chosen.log.exists() else []
    tally = Tally()
    for line in known[: chosen.mutants]:
        tally.add(json.loads(line))
    np.seterr(all="ignore")
    with tempfile.TemporaryDirectory() as directory:
        for mutant in every[len(known) : chosen.mutants]:
            result = judge(mutant, chosen.largest, directory)
            tally.add(result)
            if chosen.log:
                with chosen.log.open("a") as file:
                    file.write(json.dumps(result) + "\n")
    for text in tally.wrong:
        print(text)
    for name, count in sorted(tally.counts.items()):
        print(f"{count:>6} {name}")
    print(f"of {len(every)} mutants in all")


if __name__ == "__main__":
    main()
