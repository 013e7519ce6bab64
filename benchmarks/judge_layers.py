"""Layers with known verdicts, judged in one run: what `prove` answers of each, in how much time, whether it is right.

    python -m benchmarks.judge_layers LAYERS/expected.json [name …]

`expected.json` says of each layer its file, `given`, and where its whole backward function is right: "all", a condition
on sizes, or null where that is not known in closed form. As expected is: that region, compared at small sizes; `false`
or `refuted` with a counterexample that the code itself shows; a refusal that names a line. What must be 0 is the number
proved at sizes where the layer is wrong. Time is the processor's, of the user's process too.
"""

from __future__ import annotations

import argparse
import itertools
import json
import resource
import statistics
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from derivations.language.errors import InputError
from derivations.reading.prove import LayerVerdict, prove_layer
from derivations.reading.signature import Signature, parse_signature

LARGEST = 5  # of each size at which regions are compared
COMPARED = 4000


@dataclass(frozen=True)
class Row:
    """One layer: the verdict, whether it is as expected, whether wrong gradients were shown, seconds, what is off."""

    name: str
    word: str
    region: str
    passed: bool
    shown: bool
    seconds: float
    off: str


def processor() -> float:
    """Seconds of this process and its ended children."""
    used = [resource.getrusage(whose) for whose in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def judged(entry: dict[str, Any], directory: Path, run: bool = True) -> Row:
    """The row of one layer."""
    path = directory / entry["file"]
    start = processor()
    try:
        found = prove_layer(f"{path}:forward", f"{path}:backward", entry["given"], run)
    except InputError as refused:
        where = entry["whole_backward_right_where"]
        off = "correct, but refused" if where == "all" else str(refused).splitlines()[0]
        return Row(path.stem, "refused", "", where != "all", True, processor() - start, off)
    seconds = processor() - start
    off, shown = differences(entry, found, parse_signature(entry["given"]))
    region = " and ".join(f"[d{one.argument}] {one.holds_where}" for one in found.gradients if one.holds_where)
    return Row(path.stem, found.word, region, not off and shown, shown, seconds, off)


def differences(entry: dict[str, Any], found: LayerVerdict, signature: Signature) -> tuple[str, bool]:
    """What is not as expected, and whether each wrong gradient has its counterexample."""
    where = entry["whole_backward_right_where"]
    shown = all(one.counterexample is not None for one in found.gradients
                if one.word in ("false", "refuted", "holds where"))  # fmt: skip
    if found.word in ("misread", "undecided"):
        return found.word, shown
    if found.word in ("false", "refuted"):
        return ("the layer is right" if where == "all" else ""), shown
    if where is None:
        return ("wrongly proved" if found.word == "proved" else ""), shown
    expected = [] if where == "all" else parse_signature(where).conditions
    regions = [parse_signature(one.holds_where.replace(", ", " and ")).conditions
               for one in found.gradients if one.holds_where]  # fmt: skip
    own = [condition for region in regions for condition in region]
    for sizes in sizes_of(signature):
        right = all(one.holds(sizes) for one in expected)
        said = all(one.holds(sizes) for one in own)
        if right != said:
            return f"{'wrongly proved' if said else 'not proved'} at {sizes}", shown
    return "", shown


def sizes_of(signature: Signature) -> list[dict[str, int]]:
    """Small sizes by their sum."""
    names = list(signature.dims)
    largest = LARGEST if len(names) < 7 else 3
    ranges = [range(signature.dims[name], largest + 1) for name in names]
    every = (dict(zip(names, values, strict=True)) for values in sorted(itertools.product(*ranges), key=sum))
    fitting = (one for one in every if all(condition.holds(one) for condition in signature.conditions))
    return list(itertools.islice(fitting, COMPARED))


def main() -> None:
    """Prints a row for each layer and the counts; status 1 where one is not as expected."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("expected", type=Path)
    arguments.add_argument("names", nargs="*")
    arguments.add_argument("--no-run", action="store_true")
    chosen = arguments.parse_args()
    rows: list[Row] = []
    for entry in json.loads(chosen.expected.read_text()):
        if chosen.names and Path(entry["file"]).stem not in chosen.names:
            continue
        row = judged(entry, chosen.expected.parent, not chosen.no_run)
        rows.append(row)
        print(f"{row.name:<34} {row.word:<11} {row.seconds:6.1f} s  {'' if row.passed else 'NOT AS EXPECTED '}"
              f"{'' if row.shown else 'not shown '}{row.off} {row.region}".rstrip(), flush=True)  # fmt: skip
    passed = sum(row.passed for row in rows)
    print(f"{passed} of {len(rows)} as expected, {sum('wrongly' in row.off for row in rows)} wrongly proved; "
          f"median {statistics.median(row.seconds for row in rows):.1f} s of the processor")  # fmt: skip
    sys.exit(passed < len(rows))


if __name__ == "__main__":
    main()
