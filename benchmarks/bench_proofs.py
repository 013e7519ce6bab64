"""A proof for all sizes beside SymPy's explicit entries at one size: `python benchmarks/bench_proofs.py [--largest N]`.

Why: the explicit way (all entries symbols; differentiate, expand, compare) is what one would do without gradproof. It
says something about one size only, and its time grows with the size; the proof's does not.

Law: processor time of one process, both in turns, the proof as the median of several runs; imports and parsing are not
counted on either side. Prints the ratio, and the exponent p of time ~ N^p between the smallest and the largest N.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

if not __package__:
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from benchmarks.table import Row, machine, versions, write_json
from derivations.entries.matrices import explicit_difference
from derivations.formulas.claims import Claim
from derivations.judgement.judge import judge
from derivations.language.document import Document

SIZES = (4, 6, 8, 12, 16)
GOAL = 20  # times as fast as the explicit entries at the largest size
RUNS = 3  # of a proof; the explicit way is run once, its times are long enough

DOCUMENT = """```given
dims H, W, m, n where m <= H, n <= W
tensor a[H, W], w[m, n]
z = conv(a, w, valid)
loss J(z)
delta = grad(J, z)
```
```claim kernel
grad(J, w) == conv(rot180(a), delta, valid)
```
```claim input
grad(J, a) == conv(delta, rot180(w), full)
```
```claim commutes
conv(a, w, full) == conv(w, a, full)
```
```given
dims H, W, m, n, s where m <= H, n <= W
tensor a[H, W], w[m, n]
z = corr(a, w, valid, stride=s)
loss J(z)
delta = grad(J, z)
```
```claim strided-kernel
grad(J, w) == corr(a, resize(dilate(delta, s), H - m + 1, W - n + 1), valid)
```
```given
dims H, W, m where m <= H, m <= W
tensor a[H, W]
function f
z = mean_pool(f(a), m)
loss J(z)
delta = grad(J, z)
```
```claim pooling
grad(J, a) == resize(up(delta, m), H, W) / m**2 * f'(a)
```
"""


def spent(work: Callable[[], object]) -> float:
    """The processor time of one call, in seconds."""
    start = time.process_time()
    work()
    return time.process_time() - start


def sizes_of(claim: Claim, largest: int) -> dict[str, int]:
    """A picture of N rows and N + 1 columns, a kernel of 3 × 2, stride 2."""
    chosen = {"H": largest, "W": largest + 1, "m": 3, "n": 2, "s": 2}
    return {dimension.name: chosen[dimension.name] for dimension in claim.context.dims}


def explicit(claim: Claim, largest: int) -> float:
    """The time of the explicit way at N; raises AssertionError if it contradicts the proof."""

    def work() -> None:
        assert explicit_difference(claim.links[0], sizes_of(claim, largest)).vanishes, claim.id

    return spent(work)


def proof(claim: Claim) -> float:
    """The median time of a proof, without numeric evidence; raises AssertionError if it is none."""

    def work() -> None:
        assert judge(claim, numeric=False)[0].verdict == "proved", claim.id

    work()  # the first run fills SymPy's caches, as the explicit way's first size does
    return median(spent(work) for _ in range(RUNS))


def main() -> int:
    """Prints a table: a row for each claim."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--largest", type=int, default=SIZES[-1], choices=SIZES[1:])
    parser.add_argument("--json", metavar="FILE", help="write the rows here, beside what other benchmarks wrote")
    options = parser.parse_args()
    sizes, rows = [size for size in SIZES if size <= options.largest], []
    print("claim            proof, all sizes   explicit entries at N = " + "  ".join(f"{size:>7}" for size in sizes)
          + "   ratio at the last   growth")  # fmt: skip
    for claim in Document.parse(DOCUMENT, "benchmark").claims:
        symbolic = proof(claim)
        times = [explicit(claim, size) for size in sizes]
        growth = math.log(max(times[-1], 1e-6) / max(times[0], 1e-6)) / math.log(sizes[-1] / sizes[0])
        shown = "  ".join(f"{1000 * value:7.1f}" for value in times)
        print(f"{claim.id:<16} {1000 * symbolic:10.1f} ms                          {shown} ms"
              f"   {times[-1] / symbolic:10.1f}         N^{growth:.1f}")  # fmt: skip
        name = f"proof of {claim.id} for all sizes, beside explicit entries at N = {sizes[-1]}"
        ratio = times[-1] / symbolic
        # at smaller sizes there is no goal
        goal, met = (f"≥ {GOAL}×", ratio >= GOAL) if sizes[-1] == SIZES[-1] else (None, None)
        rows.append(Row(name, goal, ratio, met, "SymPy", "×", machine(), versions()))
    if options.json:
        write_json(rows, options.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
