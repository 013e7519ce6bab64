"""The project's own large runs as tasks by number: what `gradproof campaign` sends to a cluster.

Law: a record depends on its number and the options alone, not on the machine, the clock or what was run before; what
wall time decided says so (`"word": "limit"`). Whatever is wrong stands under "wrong", which must stay empty.

    soundness   claims by chance against exhaustive evaluation (soundness.py)
    written     claims written in the language, also in other words (soundness.py --written)
    mutants     backward functions with one change: none that computes another gradient may be proved (mutate_layers.py)
    reading     programs by chance, as they are read and as they run (fuzz_reading.py)
    repairs     the nearest true formulas of the false claims of all documents (bench_repairs.py)
"""

from __future__ import annotations

import random
import sys
import tempfile
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import bench_repairs, fuzz_reading, mutate_layers, soundness
from derivations.batch.run import read, shipped_documents
from derivations.formulas.claims import Claim
from derivations.repair.search import repairs as repairs_of
from tests.textbook import has_textbook

Record = dict[str, Any]
LONGEST, SECONDS, SIZES_TRIED = 3, 60.0, 30  # as in soundness.py, with a guard wider than what any takes


def without_seconds(record: Record) -> Record:
    """A record without what the machine decides."""
    return {key: value for key, value in record.items() if key != "seconds"}


def soundness_record(number: int) -> Record:
    """A claim by chance."""
    return without_seconds(soundness.judged(soundness.Task(number, LONGEST, SECONDS, SIZES_TRIED)))


def written_record(number: int) -> Record:
    """A claim that a generator has written."""
    return without_seconds(soundness.judged_written(soundness.Task(number, LONGEST, SECONDS, SIZES_TRIED)))


@cache
def every_mutant() -> list[mutate_layers.Mutant]:
    """All mutants, in an order that mixes the layers."""
    every = [mutant for layer in mutate_layers.CORRECT for mutant in mutate_layers.mutants_of(layer)]
    random.Random(0).shuffle(every)
    return every


def mutant_record(number: int) -> Record:
    """A mutant, run and judged."""
    np.seterr(all="ignore")
    mutant, tally = every_mutant()[number], mutate_layers.Tally()
    with tempfile.TemporaryDirectory() as directory:
        result = mutate_layers.judge(mutant, 6, directory)
    tally.add(result)
    counts = {name: count for name, count in sorted(tally.counts.items()) if count and name != "mutants"}
    return {"number": number, "change": mutant.change, "word": result["kind"], "counts": counts, "wrong": tally.wrong}


def reading_record(number: int) -> Record:
    """A program by chance."""
    np.seterr(all="ignore")
    sys.setrecursionlimit(20_000)
    tally = fuzz_reading.run(1, number)
    return {"number": number, "counts": dict(sorted(tally.counts.items())), "wrong": tally.misread}


@cache
def false_links() -> list[tuple[Claim, int]]:
    """The links that are false as they stand, of all documents and the catalogue."""
    catalogue = sorted((bench_repairs.ROOT / "derivations" / "catalogue").glob("*.md"))
    claims = read([*shipped_documents(), *catalogue]).claims
    return [
        (claim, number)
        for claim in claims
        for number in range(1, len(claim.links) + 1)
        if claim.expectation(number).kind not in ("proved", "undecided")
    ]


def repair_record(number: int) -> Record:
    """A false link with its nearest true formulas."""
    claim, link = false_links()[number]
    found = repairs_of(claim, link)
    known = has_textbook(claim, found)
    place = {"document": Path(claim.document).name, "id": claim.id, "link": link, "reading": dict(claim.reading)}
    return {"number": number, **place, "found": [each.text for each in found], "textbook": known, "wrong": []}


RUNS: Mapping[str, Callable[[int], Record]] = {
    "soundness": soundness_record, "written": written_record, "mutants": mutant_record, "reading": reading_record,
    "repairs": repair_record,
}  # fmt: skip
SIZES: Mapping[str, Callable[[], int]] = {
    "mutants": lambda: len(every_mutant()),
    "repairs": lambda: len(false_links()),
}  # of those that have an end
