"""What a cluster costs for each claim, and where it saturates.

    python benchmarks/bench_scale.py [--claims N] [--kills N] [--json FILE]

Measured: seconds of one process for each claim (processor time), the client's own processor time for each claim and for
each batch on a local Dask cluster (its scheduler is in the client's process), the bytes of a claim. Simulated: 100,000
claims of the measured times on 1 to 64 workers, in batches as `campaigns/cluster.py` makes them, the client and its
scheduler one after the other.

`--kills N` judges N claims on a cluster of which workers, the scheduler and the client are killed at random, and
compares the lines with those of one process, byte for byte. It says the processor time of each: the one process, all
clients, all schedulers. What clients and schedulers take beyond the one process's reading is the overhead.
"""

from __future__ import annotations

import argparse
import heapq
import os
import pickle
import random
import resource
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from statistics import mean, median
from subprocess import Popen

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[1] / "tests" / "campaigns")]

from machines import COMMAND, Machines, document, kill, started  # noqa: E402

from benchmarks.table import Row, machine, versions, write_json  # noqa: E402
from derivations.batch.run import judge_claim  # noqa: E402
from derivations.batch.workers import answer, undecided  # noqa: E402
from derivations.campaigns.cluster import BATCH_SECONDS, BATCHES, LARGEST_BATCH, Cluster  # noqa: E402
from derivations.formulas.claims import Claim  # noqa: E402
from derivations.language.document import Document  # noqa: E402

SIMULATED = 100_000
FILE = 500  # claims of a document
WORKERS = (1, 2, 4, 16, 64, 256)


def claims_of(count: int) -> list[Claim]:
    """Small claims, read from documents."""
    texts = (document(min(FILE, count - first), first) for first in range(0, count, FILE))
    return [claim for text in texts for claim in Document.parse(text).claims]


def service(claims: Sequence[Claim]) -> list[float]:
    """The processor seconds of each claim."""
    found = []
    for claim in claims:
        start = time.process_time()
        answer(claim, judge_claim)
        found.append(time.process_time() - start)
    return found


def client_cost(claims: Sequence[Claim], batch: int, workers: int) -> tuple[float, float]:
    """The client's processor seconds and the wall seconds for each claim, where the work costs nothing (`callable`)."""
    with Cluster("", workers) as cluster:
        list(cluster.map(callable, claims[:64], undecided))  # connections, first imports
        cluster._batch = batch
        cluster._learn = lambda count, seconds: None  # type: ignore[method-assign]  # batches stay as large as they are
        start, wall = time.process_time(), time.perf_counter()
        list(cluster.map(callable, claims, undecided))
        return (time.process_time() - start) / len(claims), (time.perf_counter() - wall) / len(claims)


def real(claims: Sequence[Claim], workers: int) -> tuple[float, float]:
    """Wall seconds and the client's processor seconds, for each claim, judged."""
    with Cluster("", workers) as cluster:
        list(cluster.map(partial(answer, judge=judge_claim), claims[:50], undecided))
        start, wall = time.process_time(), time.perf_counter()
        list(cluster.map(partial(answer, judge=judge_claim), claims, undecided))
        return (time.perf_counter() - wall) / len(claims), (time.process_time() - start) / len(claims)


def simulated(times: Sequence[float], workers: int, per_claim: float, per_batch: float) -> tuple[float, float]:
    """Claims a second and the share of the workers' time that is work. The client makes batches one after the other;
    a batch goes to the worker that is free first; no more than a few for each worker are in hand."""
    chance = random.Random(0)
    left, client, busy, last, size = SIMULATED, 0.0, 0.0, 0.0, 1
    free = [0.0] * workers
    flying: list[float] = []
    while left:
        count = min(size, left)
        work = sum(chance.choices(times, k=count))
        if len(flying) >= BATCHES * workers:
            client = max(client, heapq.heappop(flying))
        client += per_batch + per_claim * count
        begin = max(client, heapq.heappop(free))
        end = begin + work
        heapq.heappush(free, end)
        heapq.heappush(flying, end)
        busy, last, left = busy + work, max(last, end), left - count
        size = max(1, min(int(BATCH_SECONDS * count / max(work, 1e-6)), 2 * size, LARGEST_BATCH))
    return SIMULATED / last, busy / (last * workers)


class Spent:
    """The processor time of processes, read while they live; a killed one has no last word."""

    def __init__(self) -> None:
        self._of: dict[int, float] = {}

    def look(self, *processes: Popen[bytes] | None) -> None:
        """Reads that of each of them."""
        for process in processes:
            if process is not None:
                with suppress(OSError):
                    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
                    self._of[process.pid] = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def said(self) -> str:
        """Of all together, and of how many."""
        return f"{sum(self._of.values()):.1f} s of {len(self._of)}"


def kills(count: int) -> bool:
    """Whether the lines are those of one process after random deaths."""
    chance = random.Random(1)
    clients, schedulers = Spent(), Spent()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = []
        for number, first in enumerate(range(0, count, FILE)):
            files.append(folder / f"notes{number}.md")
            files[-1].write_text(document(min(FILE, count - first), first))
        common = [*COMMAND, "campaign", "prove", *map(str, files), "--no-cache", "--results"]
        alone, together = folder / "alone.jsonl", folder / "together.jsonl"
        assert started([*common, str(alone)]).wait() == 0
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        one = usage.ru_utime + usage.ru_stime
        machines, deaths, client = Machines(), [0, 0, 0], None
        command = [*common, str(together), "--on", f"dask://127.0.0.1:{machines.port}"]
        began = time.monotonic()
        try:
            client = started(command)
            while client.poll() is None:
                end = time.monotonic() + chance.uniform(4, 16)
                while time.monotonic() < end and client.poll() is None:
                    clients.look(client)
                    schedulers.look(machines.scheduler)
                    time.sleep(0.05)
                which = chance.choices((0, 1, 2), (6, 1, 2))[0]
                if client.poll() is not None:
                    break
                deaths[which] += 1
                if which == 0:
                    machines.kill_worker(chance.randrange(2))
                elif which == 1:
                    machines.kill_all()
                else:
                    kill(client)
                    client = started(command)
                machines.start()
            found, expected = (path.read_bytes().splitlines() for path in (together, alone))
            same = found == expected
            differing = next((pair for pair in zip(found, expected, strict=False) if pair[0] != pair[1]), ())
            if not same:
                print(f"the client ended with {client.poll()}; {len(found)} lines, expected {len(expected)}")
                print(*(line.decode()[:600] for line in differing), sep="\n")
        finally:
            machines.kill_all()
            if client is not None and client.poll() is None:
                kill(client)
        print(f"{count} claims; killed: {deaths[0]} workers, {deaths[1]} schedulers, {deaths[2]} clients; "
              f"byte for byte the same: {same}")  # fmt: skip
        print(f"processor time: one process {one:.1f} s; clients {clients.said()}, "
              f"schedulers {schedulers.said()}; {time.monotonic() - began:.0f} s by the clock")  # fmt: skip
        return same


def main() -> int:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--claims", type=int, default=1000)
    parser.add_argument("--kills", type=int, default=0, metavar="N")
    parser.add_argument("--json", metavar="FILE", help="write the rows here, beside what other benchmarks wrote")
    options = parser.parse_args()
    if options.kills:
        return 0 if kills(options.kills) else 1
    claims = claims_of(options.claims)
    size = mean(len(pickle.dumps(claims[at : at + 50], protocol=5)) / 50 for at in range(0, len(claims) - 50, 50))
    times = service(claims)
    about = {"goal": None, "met": None, "machine": machine(), "versions": versions()}
    rows = [Row("a small claim judged in one process", measured=mean(times) * 1e3, peer="—", unit="ms", **about)]
    print(f"one process: {mean(times) * 1e3:.2f} ms a claim (median {median(times) * 1e3:.2f}); {size:.0f} bytes each")
    one, _ = client_cost(claims, 1, 1)
    many, wall = client_cost(claims, 64, 1)
    per_batch = (one - many) / (1 - 1 / 64)
    per_claim = max(0.0, one - per_batch)
    print(f"client and scheduler: {one * 1e3:.2f} ms for a claim alone, {many * 1e3:.3f} ms in a batch of 64 "
          f"(wall {wall * 1e3:.2f}): {per_batch * 1e3:.2f} ms a batch, {per_claim * 1e3:.3f} ms a claim")  # fmt: skip
    rows.append(Row("a claim sent to a cluster", measured=per_claim * 1e3, peer="in a batch", unit="ms", **about))
    rows.append(Row("a batch sent to a cluster", measured=per_batch * 1e3, peer="client", unit="ms", **about))
    for workers in (1, 2):
        took, own = real(claims, workers)
        name = f"small claims judged on a cluster of {workers}"
        rows.append(Row(name, measured=1 / took, peer="—", unit="claims a second", **about))
        print(f"real, {workers} worker{'s' * (workers > 1)}: {1 / took:.0f} claims a second; "
              f"client {own * 1e3:.2f} ms a claim")  # fmt: skip
    for scale in (1, 10):
        stretched = [scale * each for each in times]
        for workers in WORKERS:
            speed, share = simulated(stretched, workers, per_claim, per_batch)
            shown = f"simulated, claims of {mean(stretched) * 1e3:.0f} ms, {workers:3} workers"
            print(f"{shown}: {speed:7.0f} claims a second, {share:.0%} at work")
    if options.json:
        write_json(rows, options.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
