"""Judges many claims in worker processes: in order, bounded, and not to be brought down by one of them.

Why processes even where one would do: the solvers are C libraries. A claim that exhausts memory or crashes
one of them ends a worker, not the run; and an interrupt from the keyboard ends the workers instead of turning
into an answer (z3 takes a signal for "unknown").

Law: the answers come in the order of the claims and do not depend on the number of processes. A claim whose
worker dies or passes the guard is undecided, for that stated reason.

What it cannot see: why a worker died, beyond its exit status.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pickle import PicklingError
from typing import Any

from derivations.formulas.claims import Claim
from derivations.judgement.verdict import Verdict
from derivations.language.errors import InputError

Judge = Callable[[Claim], list[Verdict]]

GUARD_SECONDS = 120.0  # the outer guard alone: limits count operations, and end a claim long before
MEMORY_BYTES = (
    4 << 30
)  # address space of a worker; proofs stay below 1 GB, and arrays of threads map much unused


@dataclass(frozen=True)
class Answer:
    """What became of one claim: its verdicts, or the error in the input that judging it found.

    `lasting` is False where the answer depends on this run (a guard, a crash), so that it must not be
    remembered.
    """

    verdicts: tuple[Verdict, ...] = ()
    error: InputError | None = None
    lasting: bool = True


def undecided(claim: Claim, reason: str, defect: bool = False) -> Answer:
    """Every link of a claim undecided for a reason outside the mathematics; a defect is never as expected."""
    verdicts = []
    for number, link in enumerate(claim.links, 1):
        expected = claim.expectation(number)
        verdicts.append(
            Verdict(
                document=claim.document,
                id=claim.id,
                link=number,
                reading=dict(claim.reading),
                line=claim.line,
                statement=link.text,
                verdict="undecided",
                reason=reason,
                expected=expected.text,
                as_expected=expected.kind == "undecided" and not defect,
                misprint=claim.misprint,
            )
        )
    return Answer(tuple(verdicts), lasting=False)


def answer(claim: Claim, judge: Judge) -> Answer:
    """The judge's answer to one claim. An exception is not a verdict: it becomes "undecided", with what it
    was."""
    start = time.perf_counter()
    try:
        verdicts = judge(claim)
    except InputError as error:
        return Answer(error=error)
    except (RecursionError, MemoryError) as error:
        limit = "nesting" if isinstance(error, RecursionError) else "memory"
        return undecided(claim, f"the limit on {limit} was reached")
    except Exception as error:
        where = _origin(error)
        return undecided(
            claim, f"a defect of gradproof: {type(error).__name__} in {where}: {error}", defect=True
        )
    seconds = round((time.perf_counter() - start) / max(1, len(verdicts)), 4)
    return Answer(tuple(v if v.seconds else replace(v, seconds=seconds) for v in verdicts))


def _origin(error: BaseException) -> str:
    """File and line of the innermost frame of an exception, which a report of the defect needs."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return "an unknown place"
    return f"{os.path.basename(trace.tb_frame.f_code.co_filename)}:{trace.tb_lineno}"


def _serve(connection: Connection, claims: Sequence[Claim], judge: Judge) -> None:
    """The life of a worker: a number comes, the answer to that claim goes back; None ends it."""
    # Terms are many, small and free of cycles: the default thresholds spend a tenth of the time looking for some. What
    # the run has loaded so far is no garbage.
    gc.freeze()
    gc.set_threshold(50_000, 10, 5)
    if hasattr(signal, "pthread_sigmask"):
        # Blocked, not ignored: z3 sets its own handler while it runs, and would answer "unknown" to an
        # interrupt.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    _bound_memory()
    parent = os.getppid()
    try:
        while True:
            while not connection.poll(5):
                if os.getppid() != parent:
                    return
            number = connection.recv()
            if number is None:
                return
            found = answer(claims[number], judge)
            try:
                connection.send((number, found))
            except (TypeError, AttributeError, PicklingError) as error:
                reason = f"a defect of gradproof: its answer cannot be sent: {error}"
                connection.send((number, undecided(claims[number], reason, defect=True)))
    except (EOFError, BrokenPipeError, ConnectionError):
        return


def _bound_memory() -> None:
    try:
        import resource
    except ImportError:  # not on Windows
        return
    try:
        _soft, hard = resource.getrlimit(resource.RLIMIT_AS)
        limit = MEMORY_BYTES if hard == resource.RLIM_INFINITY else min(MEMORY_BYTES, hard)
        resource.setrlimit(resource.RLIMIT_AS, (limit, hard))
    except (OSError, ValueError):  # a system that has the name and not the limit
        return


@dataclass
class _Worker:
    process: BaseProcess
    connection: Connection
    number: int | None = None
    since: float = 0.0


class Workers:
    """A pool of worker processes over a fixed list of claims.

    >>> with Workers([], judge=lambda claim: [], processes=1) as pool:
    ...     list(pool.answers([]))
    []
    """

    def __init__(
        self, claims: Sequence[Claim], judge: Judge, processes: int = 1, guard_seconds: float = GUARD_SECONDS
    ) -> None:
        self._claims, self._judge, self._guard = claims, judge, guard_seconds
        self._processes = max(1, processes)
        # fork shares the parsed claims and the loaded libraries; elsewhere they are pickled once per worker
        method = "fork" if sys.platform.startswith("linux") else "spawn"
        self._context: Any = multiprocessing.get_context(method)
        self._workers: list[_Worker] = []

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._workers:
            self._end(worker)
        self._workers.clear()

    def answers(self, numbers: Sequence[int]) -> Iterator[tuple[int, Answer]]:
        """The answers to claims by number, as they come in; `in_order` sorts them."""
        waiting = list(reversed(numbers))
        while waiting or any(worker.number is not None for worker in self._workers):
            self._hand_out(waiting)
            yield from self._collect()

    def _hand_out(self, waiting: list[int]) -> None:
        while waiting:
            idle = next((worker for worker in self._workers if worker.number is None), None)
            if idle is None:
                if len(self._workers) >= self._processes:
                    return
                idle = self._start()
            idle.number, idle.since = waiting.pop(), time.monotonic()
            idle.connection.send(idle.number)

    def _collect(self) -> Iterator[tuple[int, Answer]]:
        busy = [worker for worker in self._workers if worker.number is not None]
        ready = wait([worker.connection for worker in busy], timeout=1.0)
        for worker in busy:
            number = worker.number
            assert number is not None
            if worker.connection in ready:
                try:
                    number, found = worker.connection.recv()
                except (EOFError, OSError):
                    yield number, undecided(self._claims[number], self._epitaph(worker))
                    continue
                worker.number = None
                yield number, found
            elif time.monotonic() - worker.since > self._guard:
                self._drop(worker)
                yield (
                    number,
                    undecided(
                        self._claims[number],
                        f"not finished within the outer guard of {self._guard:g} s of wall time",
                    ),
                )

    def _start(self) -> _Worker:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=_serve, args=(theirs, self._claims, self._judge), daemon=True)
        process.start()
        theirs.close()
        worker = _Worker(process, ours)
        self._workers.append(worker)
        return worker

    def _epitaph(self, worker: _Worker) -> str:
        worker.process.join(timeout=5)
        status = worker.process.exitcode
        self._drop(worker)
        return f"the process that judged it ended with status {status}: out of memory, or a crash of a solver"

    def _drop(self, worker: _Worker) -> None:
        self._end(worker)
        self._workers.remove(worker)

    @staticmethod
    def _end(worker: _Worker) -> None:
        if worker.number is None:
            try:
                worker.connection.send(None)
            except OSError:
                worker.process.kill()
        else:
            worker.process.kill()
        worker.process.join(timeout=5)
        if worker.process.is_alive():
            worker.process.kill()
        worker.connection.close()


def in_order(numbers: Sequence[int], answers: Iterator[tuple[int, Answer]]) -> Iterator[tuple[int, Answer]]:
    """The answers in the order of `numbers`, each as soon as all before it are there.

    If the run is interrupted, the answers that are there are given, still in order, before the interrupt goes
    on.

    >>> [n for n, _ in in_order([0, 1, 2], iter([(2, Answer()), (0, Answer()), (1, Answer())]))]
    [0, 1, 2]
    """
    held: dict[int, Answer] = {}
    position = 0
    try:
        for number, found in answers:
            held[number] = found
            while position < len(numbers) and numbers[position] in held:
                yield numbers[position], held.pop(numbers[position])
                position += 1
    except KeyboardInterrupt:
        for number in numbers[position:]:
            if number in held:
                yield number, held.pop(number)
        raise
