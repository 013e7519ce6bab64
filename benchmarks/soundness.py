"""Random claims against exhaustive evaluation: every shape up to 5, every stride, window, dilation and padding up to 3.

    python benchmarks/soundness.py --claims 50000 -j 2 --results build/soundness.jsonl
    nice -n 19 python benchmarks/soundness.py --written --claims 200000 --sizes 12 --results build/written.jsonl

The second takes the claims of `written_claims.py`, its generators in turn, every tenth in other words too, and prints
the shares by generator.

One line of the results file for each claim, so that a run can be stopped and started again; on the error stream, how
far it is and what was wrong, at once. Prints the shares of the verdicts, how many comparisons were made, the seconds,
and every wrong verdict; the exit status is 1 if there is one.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing import Pool
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[1] / "tests" / "soundness")]

from comparison import Past, guarded, within  # noqa: E402
from random_claims import admissible, random_claim  # noqa: E402
from written_claims import GENERATORS, rewritten, same, written  # noqa: E402
from written_claims import judged as judged_text  # noqa: E402

Record = dict[str, Any]
EVERY = 1000  # claims between two lines that say how far it is


@dataclass(frozen=True)
class Task:
    """One claim: its number, and how it is made and judged."""

    number: int
    longest: int  # operators by which a formula grows at most
    seconds: float  # of processor time, after which the claim is left
    sizes: int  # at which a written claim is evaluated


def judged(task: Task) -> Record:
    """The record of one claim."""
    number, longest, seconds = task.number, task.longest, task.seconds
    start = time.perf_counter()
    claim = random_claim(number, longest)
    record: Record = {"number": number, "longest": longest, "intended": claim.intended}
    try:
        found = guarded(claim, admissible(claim.claim), seconds)
        record |= {"word": found.word, "compared": found.compared, "agreed": found.agreed, "reason": found.reason}
        record["wrong"] = [f"{claim.text}: {what}" for what in found.wrong]
    except Exception as error:  # a crash is a result to be shown, not the end of the run
        record |= {"word": "crash", "compared": 0, "wrong": [], "reason": f"{claim.text}: {error!r}"}
    record["seconds"] = round(time.perf_counter() - start, 4)
    return record


def judged_written(task: Task) -> Record:
    """The record of one claim of the generators that write text, in turn."""
    number, longest, seconds = task.number, task.longest, task.seconds
    start = time.perf_counter()
    generator = list(GENERATORS)[number % len(GENERATORS)]
    seed = number // len(GENERATORS)
    record: Record = {"number": number, "longest": longest, "generator": generator, "seed": seed, "compared": 0}
    record |= {"word": "refused", "wrong": [], "reason": ""}
    claim = written(generator, seed)
    if claim is not None:
        try:
            record["word"], wrong = within(seconds, lambda: judged_text(claim.claim, largest=task.sizes))
            if seed % 10 == 0:
                wrong += within(3 * seconds, lambda: differences(generator, seed, record["word"]))
            record["wrong"] = [f"{claim.given} | {claim.text}: {what}" for what in wrong]
        except Past:
            record["word"] = "limit"
        except Exception as error:
            record |= {"word": "crash", "reason": f"{claim.given} | {claim.text}: {error!r}"}
    record["seconds"] = round(time.perf_counter() - start, 4)
    return record


def differences(generator: str, seed: int, word: str) -> list[str]:
    """How the same claim in other words is judged otherwise."""
    others = {how: judged_text(claim.claim, largest=0)[0] for how, claim in rewritten(generator, seed).items() if claim}
    return [f"{word}, but with {how} {other}" for how, other in others.items() if not same(how, word, other)]


def done(path: Path) -> Iterator[Record]:
    """The records of earlier runs; a line cut off by an interrupt is left out."""
    if path.exists():
        for line in path.read_text(encoding="utf-8").splitlines():
            try:
                yield json.loads(line)
            except json.JSONDecodeError:
                continue


def by_generator(records: list[Record]) -> str:
    """The tables of each generator by itself."""
    kinds = dict.fromkeys(record.get("generator", "") for record in records)
    return "\n\n".join(f"{kind}\n{table([r for r in records if r.get('generator', '') == kind])}" for kind in kinds)


def table(records: list[Record]) -> str:
    """The shares of the verdicts, the comparisons and the seconds."""
    words = Counter(record["word"] for record in records)
    lines = [f"{'verdict':<14}{'claims':>8}{'share':>9}"]
    lines += [f"{word:<14}{count:>8}{count / len(records):>9.2%}" for word, count in words.most_common()]
    seconds = sorted(record["seconds"] for record in records)
    compared = sum(record["compared"] for record in records)
    wrong = [record for record in records if record["wrong"]]
    median = seconds[len(seconds) // 2]
    lines.append(f"{len(records)} claims, {compared} evaluations, {sum(seconds):.0f} s (median {median:.3f} s)")
    lines.append(f"wrong verdicts: {len(wrong)}")
    lines += [f"  claim {record['number']}: {what}" for record in wrong for what in record["wrong"][:1]]
    lines += [f"  crash {record['number']}: {record['reason']}" for record in records if record["word"] == "crash"]
    return "\n".join(lines)


def main() -> int:
    """Run what the results file lacks, then print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--claims", type=int, default=50_000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--longest", type=int, default=3, help="operators by which a formula grows at most")
    parser.add_argument("--guard", type=float, default=20.0, help="seconds of processor time for one claim")
    parser.add_argument("--sizes", type=int, default=30, help="smallest sizes at which a written claim is evaluated")
    parser.add_argument("-j", "--processes", type=int, default=1)
    parser.add_argument("--results", type=Path, default=Path("build/soundness.jsonl"))
    parser.add_argument("--written", action="store_true", help="the claims of written_claims.py")
    options = parser.parse_args()
    records = [record for record in done(options.results) if record["longest"] == options.longest]
    known = {record["number"] for record in records}
    numbers = [n for n in range(options.first, options.first + options.claims) if n not in known]
    options.results.parent.mkdir(parents=True, exist_ok=True)
    tasks = [Task(number, options.longest, options.guard, options.sizes) for number in numbers]
    work = judged_written if options.written else judged
    with options.results.open("a", encoding="utf-8") as file, Pool(options.processes, maxtasksperchild=500) as pool:
        for count, record in enumerate(pool.imap_unordered(work, tasks, chunksize=20), 1):
            print(json.dumps(record), file=file, flush=True)
            records.append(record)
            if record["wrong"] or record["word"] in ("crash", "limit"):
                print(
                    f"claim {record['number']}: {record['wrong'] or record['reason'] or record['word']}",
                    file=sys.stderr,
                )
            if count % EVERY == 0:
                print(f"{count} of {len(tasks)}, {len(records)} in all", file=sys.stderr, flush=True)
    print(by_generator(records))
    return 1 if any(record["wrong"] for record in records) else 0


if __name__ == "__main__":
    sys.exit(main())
