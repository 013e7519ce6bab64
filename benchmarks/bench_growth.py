"""How the time of proofs grows with depth: `python benchmarks/bench_growth.py [--depths 2 4 8] [--json FILE]`.

Why: L layers are L lemmas, each residual from the next. Their time must grow like L, and that of a whole block stay a
matter of seconds.

Law: processor time of one process, parsing included, imports not; every claim must be proved. Chains alternate a
convolution with a bias, an arbitrary function and mean pooling.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

if not __package__:
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from benchmarks.table import Row, machine, versions, write_json
from derivations.judgement.judge import exists_everywhere, judge
from derivations.language.document import Document

DEPTHS = (1, 2, 4, 8)
GOALS = {8: 0.3, 50: 3.0}  # seconds to judge all claims of a chain


def chain(depth: int) -> str:
    """A document: `depth` layers of convolution, function and mean pooling, with the residual and the kernel's
    gradient of each by the next one's residual.

    >>> chain(1).count("claim")
    3
    """
    sizes = [f"h{number}" for number in range(depth + 1)]
    kernels = [f"k{number}" for number in range(1, depth + 1)]
    # h{l-1} = 2·h{l} + k{l} − 1, so that every window is complete
    given = [f"dims {sizes[-1]}, {', '.join(kernels)}"]
    size = sizes[-1]
    rows = [size]
    for number in range(depth, 0, -1):
        size = f"(2*{size} + k{number} - 1)"
        rows.insert(0, size)
    given.append(f"tensor x0[{rows[0]}], {', '.join(f'w{n}[k{n}]' for n in range(1, depth + 1))}")
    given.append(f"scalar {', '.join(f'b{n}' for n in range(1, depth + 1))}")
    given.append("function f")
    for n in range(1, depth + 1):
        given += [f"u{n} = conv(x{n - 1}, w{n}) + b{n}", f"a{n} = f(u{n})", f"x{n} = mean_pool(a{n}, 2)"]
    given += [f"loss J(x{depth})"]
    given += [f"g{n} = grad(J, x{n})" for n in range(depth + 1)]
    given += [f"d{n} = grad(J, u{n})" for n in range(1, depth + 1)]
    claims = []
    for n in range(1, depth + 1):
        claims += [
            (f"residual-{n}", f"d{n} == up(g{n}, 2)/2 * f'(u{n})"),
            (f"input-{n}", f"g{n - 1} == conv(d{n}, rot180(w{n}), full)"),
            (f"kernel-{n}", f"grad(J, w{n}) == conv(rot180(x{n - 1}), d{n})"),
        ]
    blocks = "\n".join(f"```claim {name}\n{text}\n```" for name, text in claims)
    return "```given\n" + "\n".join(given) + "\n```\n" + blocks + "\n"


def timed(document: Document) -> tuple[float, list[str]]:
    """Processor seconds, and the claims that were not as expected."""
    start, missed = time.process_time(), []
    for claim in document.claims:
        for verdict in judge(claim):
            if not verdict.as_expected:
                missed.append(f"{claim.id}: {verdict.verdict} {verdict.reason}")
    return time.process_time() - start, missed


def main() -> int:
    """Prints a line for each depth; the exit status is 1 where a claim was not proved."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--depths", type=int, nargs="*", default=DEPTHS)
    parser.add_argument("--json", metavar="FILE", help="write the rows here, beside what other benchmarks wrote")
    options = parser.parse_args()
    judge(Document.parse(chain(1), exists_everywhere).claims[0])  # what is loaded once is not a chain's
    rows, all_proved = [], True
    for depth in options.depths:
        start = time.process_time()
        document = Document.parse(chain(depth), exists_everywhere)
        read = time.process_time() - start
        spent, missed = timed(document)
        all_proved = all_proved and not missed
        print(f"chain of {depth:3} layers: read {read:6.2f} s, judged {spent:7.2f} s", *missed[:3], flush=True)
        goal = GOALS.get(depth)
        name = f"all claims of a chain of {depth} layers: convolution, function, pooling"
        said = None if goal is None else f"≤ {goal} s"
        met = None if goal is None else spent <= goal and not missed
        rows.append(Row(name, said, spent, met, "gradproof", "s", machine(), versions()))
    if options.json:
        write_json(rows, options.json)
    return 0 if all_proved else 1


if __name__ == "__main__":
    sys.exit(main())
