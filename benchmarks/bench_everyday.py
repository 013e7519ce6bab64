"""What a day with gradproof costs: `python benchmarks/bench_everyday.py [--json FILE] [--before COMMIT] [--claims N]`.

Cold starts, remembered claims, the loop of edit and verdict, memory. Every time is a multiple of `python -c "import
sympy"`, taken in turns with it in the same run, so that the machine cancels; the commit before is measured beside it,
from its own files, where git has them.

Law: processor time of the command and of all that it starts; the smallest of the runs, since others only add to it. The
loop is measured by the clock: its work is done in a worker.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tarfile
import tempfile
import time
from io import BytesIO
from pathlib import Path
from statistics import median

if not __package__:
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from benchmarks.table import Row, machine, markdown, versions, write_json
from derivations.batch.run import Source
from derivations.watching.session import Session

ROOT = Path(__file__).resolve().parent.parent
SYMPY = "import sympy"
GIVEN = "dims N, D, M\ntensor X[N, D], W[D, M]\nY = X @ W\nloss J(Y)\nG = grad(J, Y)\n"
FILL = """
import sys
from pathlib import Path
from derivations.batch.cache import Cache
from derivations.batch.run import judge_claim, source
from derivations.language.document import Document
verdicts = judge_claim(Document.read("one.md").claims[0])
cache, keys = Cache(), []
for _ in source(Path(sys.argv[1])).blocks(lambda key: keys.append(key) or ("known",)):
    pass
for key in dict.fromkeys(keys):
    cache.write(key, verdicts)
cache.close()
"""


def document(claims: int) -> str:
    """A document of so many claims, a context for each 25."""
    parts = []
    for number in range(claims):
        if number % 25 == 0:
            parts.append(f"## Layer {number // 25}\n\nIts size is $a_{number}$.\n")
            parts.append(f"```given\n{GIVEN}dims a{number}\n```\n")
        equation = f"{number + 1}*grad(J, W) == {number + 1}*(X.T @ G)"
        parts.append(f"Claim {number}.\n\n```claim c-{number}\n{equation}\n```\n")
    return "\n".join(parts)


class Commit:
    """The commands of one state of the source, with a cache of its own."""

    def __init__(self, source: Path, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._environment = {
            **{name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"},
            "PYTHONPATH": str(source), "XDG_CACHE_HOME": str(folder / "cache"),
        }  # fmt: skip
        self._folder = folder

    def python(self, *arguments: str) -> tuple[float, int]:
        """Runs Python here: processor seconds of it and its children, peak memory in KB."""
        process = subprocess.Popen(
            [sys.executable, *arguments], cwd=self._folder, env=self._environment, stdout=subprocess.DEVNULL
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise RuntimeError(f"{arguments} ended with status {process.returncode}")
        return usage.ru_utime + usage.ru_stime, usage.ru_maxrss

    def command(self, *arguments: str) -> tuple[float, int]:
        """Runs gradproof."""
        return self.python("-m", "derivations.cli", *arguments)

    def prepare(self, claims: int) -> None:
        """Writes the documents and remembers what is to be remembered; afterwards everything is compiled."""
        for name, count in (("one", 1), ("tenth", claims // 10), ("all", claims)):
            (self._folder / f"{name}.md").write_text(document(count), encoding="utf-8")
            self.python("-c", FILL, f"{name}.md")
        for arguments in (("verify", "one.md"), ("verify", "one.md", "--no-cache"), CHECK):
            self.command(*arguments)


CHECK = ("check", "grad(J, W) == X.T @ G", "--given", "one.md")
# name of the row, its goal as a multiple of importing SymPy (None: information), the command
COLD: tuple[tuple[str, float | None, tuple[str, ...]], ...] = (
    ("--version", 0.5, ("--version",)),
    ("--help", 0.5, ("--help",)),
    ("verify, one claim that is remembered", 0.75, ("verify", "one.md")),
    ("verify, one claim to be judged", None, ("verify", "one.md", "--no-cache")),
    ("check, one equation", None, CHECK),
)


def cold(commits: dict[str, Commit], runs: int) -> tuple[float, dict[tuple[str, str], float]]:
    """Seconds of importing SymPy, and of each command of each commit."""
    sympy, found = [], dict[tuple[str, str], list[float]]()
    for _ in range(runs):
        sympy.append(commits["now"].python("-c", SYMPY)[0])
        for about, commit in commits.items():
            for name, _goal, arguments in COLD:
                found.setdefault((about, name), []).append(commit.command(*arguments)[0])
    return min(sympy), {key: min(values) for key, values in found.items()}


def remembered(commits: dict[str, Commit], claims: int, runs: int) -> dict[str, tuple[float, float]]:
    """Seconds a remembered claim, and the peak memory of all beside that of a tenth, for each commit."""
    found = {(about, name): list[tuple[float, int]]() for about in commits for name in ("tenth", "all")}
    for _ in range(runs):
        for about, name in found:
            found[about, name].append(commits[about].command("verify", f"{name}.md", "-q"))
    least = {key: tuple(map(min, zip(*values, strict=True))) for key, values in found.items()}
    rest = claims - claims // 10
    return {
        about: (
            (least[about, "all"][0] - least[about, "tenth"][0]) / rest,
            least[about, "all"][1] / least[about, "tenth"][1],
        )
        for about in commits
    }


def loop(claims: int, edits: int) -> float:
    """Seconds by the clock from a changed claim in a document of so many to the verdicts on all."""
    text, times = document(claims), []
    changed = "1*grad(J, W) == 1*(X.T @ G)"
    with Session() as session:
        session.look(Source("notes.md", text))
        for number in range(edits):
            new = text.replace(changed, f"grad(J, W) + {number + 2}*W == X.T @ G + {number + 2}*W", 1)
            start = time.perf_counter()
            look = session.look(Source("notes.md", new))
            times.append(time.perf_counter() - start)
            assert [each.block.id for each in look.fresh] == ["c-0"]
    return median(times)


def files_of(commit: str, folder: Path) -> bool:
    """Puts the files of a commit into a folder; whether git has them."""
    found = subprocess.run(["git", "archive", commit], cwd=ROOT, capture_output=True)
    if found.returncode:
        return False
    with tarfile.open(fileobj=BytesIO(found.stdout)) as archive:
        archive.extractall(folder, filter="data")
    return True


def measured(claims: int, runs: int, before: str) -> list[Row]:
    """The rows."""
    rows = []
    about = {"machine": machine(), "versions": versions()}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        commits = {"now": Commit(ROOT, folder / "now")}
        if before and files_of(before, folder / "source"):
            commits["before"] = Commit(folder / "source", folder / "before")
        for commit in commits.values():
            commit.prepare(claims)
        sympy, times = cold(commits, runs)
        rates = remembered(commits, claims, runs)

    def row(what: str, goal: float | None, value: float, peer: str, unit: str = "×") -> None:
        text = None if goal is None else f"≤ {goal:g} {unit}"
        rows.append(Row(what, text, value, None if goal is None else value <= goal, peer, unit, **about))

    peer = f"import sympy ({sympy:.2f} s)"
    for what, goal, _ in COLD:
        row(f"cold: {what}", goal, times["now", what] / sympy, peer)
        if "before" in commits:
            row(f"cold: {what}", None, times["now", what] / times["before", what], f"commit {before}")
    # 5,000 a second where importing SymPy takes half a second
    row(f"a thousand of {claims} remembered claims", 0.4, 1e3 * rates["now"][0] / sympy, peer)
    row(f"each of {claims} remembered claims", None, rates["now"][0] * 1e3, "—", "ms")
    row(f"peak memory, {claims} remembered claims", 1.25, rates["now"][1], f"{claims // 10} of them")
    if "before" in commits:
        row(f"a thousand of {claims} remembered claims", None, rates["now"][0] / rates["before"][0], f"commit {before}")
    row("from a changed claim to its verdict, 100 claims, resident", 100, loop(100, 11) * 1e3, "—", "ms")
    return rows


def main() -> int:
    """Prints the rows."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", metavar="FILE", help="write the rows as JSON too")
    parser.add_argument("--before", default="HEAD~1", metavar="COMMIT", help="the commit to compare with; '' for none")
    parser.add_argument("--claims", type=int, default=5000)
    parser.add_argument("--runs", type=int, default=7)
    options = parser.parse_args()
    rows = measured(options.claims, options.runs, options.before)
    print(markdown(rows))
    if options.json:
        write_json(rows, options.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
