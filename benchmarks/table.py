"""Rows of a benchmark: what was promised, what was measured, beside whom, on which machine.

Law: a row is judged by its own goal, and printed whether it was met or not; one without a goal is information. In the
file of rows every name is unique: it has the peer in it. `python -m benchmarks.table FILE` prints a file as one table.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import statistics
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

# runs of one checker before the next has its turn
BURST = 10
PACKAGES = ("numpy", "scipy", "sympy", "torch", "jax", "autograd")


@dataclass(frozen=True)
class Row:
    """One line: `measured` (in `unit`) against `goal`, or None for information, beside `peer`."""

    name: str
    goal: str | None
    measured: float | str
    met: bool | None
    peer: str
    unit: str
    machine: str = ""
    versions: str = ""


def machine() -> str:
    """Processor, cores and Python, as far as the system tells."""
    model = platform.processor() or platform.machine()
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        model = next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        pass
    return f"{model}, {os.cpu_count()} cores, one thread used, {platform.system()}"


def versions() -> str:
    """Python and the packages that took part; absent ones are named as not installed."""
    found = [f"Python {platform.python_version()}"]
    for package in PACKAGES:
        try:
            found.append(f"{package} {importlib.metadata.version(package)}")
        except importlib.metadata.PackageNotFoundError:
            found.append(f"{package} not installed")
    return ", ".join(found)


def side_by_side(runs: dict[str, Callable[[], Any]], repeats: dict[str, int]) -> dict[str, float]:
    """Median seconds of processor time of each, taken in turns, so that a slow minute of the machine hits all."""
    times: dict[str, list[float]] = {name: [] for name in runs}
    for run in runs.values():
        run()
    turns = max(1, max(repeats.values()) // BURST)
    for turn in range(turns):
        for name, run in runs.items():
            # a few in a row, as somebody who checks layer after layer would; those of few repeats spread over the turns
            for _ in range(repeats[name] * (turn + 1) // turns - repeats[name] * turn // turns):
                start = time.process_time()
                run()
                times[name].append(time.process_time() - start)
    return {name: statistics.median(values) for name, values in times.items()}


def markdown(rows: list[Row]) -> str:
    """The rows as a Markdown table."""
    lines = ["| what | goal | measured | met | beside |", "|---|---|---|---|---|"]
    for row in rows:
        met = "—" if row.met is None else "yes" if row.met else "**no**"
        lines.append(f"| {row.name} | {row.goal or '—'} | {_value(row)} | {met} | {row.peer} |")
    return "\n".join(lines)


def _unique(row: Row) -> str:
    return row.name if row.peer in ("—", "", "none") else f"{row.name}; {row.peer}"


def main() -> None:
    """Print the rows of a file as one table."""
    for path in sys.argv[1:]:
        rows = [Row(**row) for row in json.loads(Path(path).read_text())]
        print(markdown(rows))


def _value(row: Row) -> str:
    if isinstance(row.measured, str):
        return row.measured
    return f"{row.measured:.3g}{'' if row.unit in ('', '×') else ' '}{row.unit}"


def write_json(rows: list[Row], path: str) -> None:
    """The rows as a JSON list; rows of the file with other names stay, so that several benchmarks share one.

    ValueError if two rows have one name and one peer.
    """
    file = Path(path)
    new = [asdict(row) | {"name": _unique(row)} for row in rows]
    counts = Counter(row["name"] for row in new)
    twice = [name for name, count in counts.items() if count > 1]
    if twice:
        raise ValueError(f"two rows of one name: {', '.join(twice)}")
    old = json.loads(file.read_text()) if file.exists() else []
    kept = [row for row in old if row["name"] not in counts]
    file.write_text(json.dumps([*kept, *new], indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
