"""A scheduler and workers as processes of their own, to be killed; and documents of many small claims."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys

ENVIRONMENT = {
    **os.environ, "OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore",
    "DASK_DISTRIBUTED__ADMIN__TICK__INTERVAL": "1s", "DASK_DISTRIBUTED__ADMIN__SYSTEM_MONITOR__INTERVAL": "5s",
}  # fmt: skip
COMMAND = [sys.executable, "-m", "derivations.cli"]
FORMS = (
    "rot180(x) == x",
    "x + {0}*x == {1}*x",
    "sum(x) == sum(rot180(x))",
    "x*x*{0} == {0}*x**2",
    "flip(x, 0) == {0}*x",
)
EXPECT = ("holds where n == 1", "proved", "proved", "proved", "false")


def document(claims: int, first: int = 0) -> str:
    """That many claims, true ones, such as hold on a region, and false ones."""
    blocks = []
    for number in range(first, first + claims):
        claim = FORMS[number % 5].format(number + 2, number + 3)
        blocks.append(f"```claim c{number}\n{claim}\nexpect {EXPECT[number % 5]}\n```\n")
    return "```given\ndims n\ntensor x[n]\n```\n\n" + "\n".join(blocks)


def started(command: list[str]) -> subprocess.Popen[bytes]:
    """A process that says nothing."""
    quiet = subprocess.DEVNULL
    return subprocess.Popen(command, stdout=quiet, stderr=quiet, env=ENVIRONMENT)


class Machines:
    """A scheduler and some workers."""

    def __init__(self, count: int = 2) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.count = count
        self.scheduler: subprocess.Popen[bytes] | None = None
        self.workers: list[subprocess.Popen[bytes]] = []
        self.start()

    def start(self) -> None:
        """What is not there is started."""
        if self.scheduler is None or self.scheduler.poll() is not None:
            self.scheduler = self._run("dask_scheduler", "--port", str(self.port), "--no-dashboard")
        self.workers = [each for each in self.workers if each.poll() is None]
        while len(self.workers) < self.count:
            address = f"tcp://127.0.0.1:{self.port}"
            self.workers.append(self._run("dask_worker", address, "--nthreads", "1", "--no-nanny", "--no-dashboard"))

    @staticmethod
    def _run(module: str, *arguments: str) -> subprocess.Popen[bytes]:
        return started([sys.executable, "-m", f"distributed.cli.{module}", "--host", "127.0.0.1", *arguments])

    def kill_worker(self, number: int = 0) -> None:
        """One worker."""
        kill(self.workers[number])

    def kill_all(self) -> None:
        """The scheduler with its workers."""
        assert self.scheduler is not None
        kill(self.scheduler)
        for worker in self.workers:
            kill(worker)


def kill(process: subprocess.Popen[bytes]) -> None:
    """Kills and buries."""
    process.send_signal(signal.SIGKILL)
    process.wait(10)
