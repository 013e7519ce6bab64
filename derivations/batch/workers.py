"""Judges many claims in worker processes: in order, bounded, and not to be brought down by one of them.

Why processes even where one would do: the solvers are C libraries. A claim that exhausts memory or crashes
one of them ends a worker, not the run; and an interrupt from the keyboard ends the workers instead of turning
into an answer (z3 takes a signal for "unknown").

Law: the answers come in the order of the claims and do not depend on the number of processes. A claim whose
worker dies or passes the guard is undecided, for that stated reason. No more claims are in hand than a few for each
process, and no worker outlives the run.

What it cannot see: why a worker died, beyond its exit status. What makes processes is loaded with the first of them: a
run that remembers everything starts none.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from derivations.judgement.verdict import Verdict
from derivations.language.errors import InputError

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess

    from derivations.formulas.claims import Claim

T = TypeVar("T")
Judge = Callable[["Claim"], list[Verdict]]

GUARD_SECONDS = 120.0  # the outer guard alone: limits count operations, and end a claim long before
MEMORY_BYTES = (
    4 << 30
)  # address space of a worker; proofs stay below 1 GB, and arrays of threads map much unused


LOOK_AHEAD = 4  # claims in hand for each worker, so that none waits for a long one
PR_SET_PDEATHSIG = 1  # of <linux/prctl.h>


@dataclass(frozen=True)
class Answer:
    """What became of one claim: its verdicts, or the error in the input that judging it found, or what failed in
    gradproof itself, which is never a verdict.

    `lasting` is False where the answer depends on this run (a guard, a crash), so that it must not be
    remembered.
    """

    verdicts: tuple[Verdict, ...] = ()
    error: InputError | None = None
    defect: str = ""
    lasting: bool = True


def undecided(claim: Claim, reason: str) -> Answer:
    """Every link of a claim undecided for a reason outside the mathematics, such as a limit."""
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
                as_expected=expected.kind == "undecided",
                misprint=claim.misprint,
            )
        )
    return Answer(tuple(verdicts), lasting=False)


def answer(claim: Claim, judge: Judge) -> Answer:
    """The judge's answer to one claim. An exception is not a verdict: it is a defect, said with what it was."""
    start = time.perf_counter()
    try:
        verdicts = judge(claim)
    except InputError as error:
        return Answer(error=error)
    except (RecursionError, MemoryError) as error:
        limit = "nesting" if isinstance(error, RecursionError) else "memory"
        return undecided(claim, f"the limit on {limit} was reached")
    except Exception as error:
        return Answer(defect=f"{type(error).__name__} in {_origin(error)}: {error}", lasting=False)
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


def _serve(connection: Connection, judge: Judge, parent: int) -> None:
    """The life of a worker: a claim comes, its answer goes back; None ends it."""
    from pickle import PicklingError

    become_worker(parent)
    try:
        while (claim := connection.recv()) is not None:
            found = answer(claim, judge)
            try:
                connection.send(found)
            except (TypeError, AttributeError, PicklingError) as error:
                connection.send(Answer(defect=f"its answer cannot be sent: {error}", lasting=False))
    except (EOFError, BrokenPipeError, ConnectionError):
        return


def become_worker(parent: int, memory: int = MEMORY_BYTES) -> None:
    """Makes this process one that judges: its memory is bounded, it hears no interrupt, it ends when the process of
    number `parent`, which started it, ends."""
    # Terms are many, small and free of cycles: the default thresholds spend a tenth of the time looking for some. What
    # the run has loaded so far is no garbage.
    gc.freeze()
    gc.set_threshold(50_000, 10, 5)
    if hasattr(signal, "pthread_sigmask"):
        # Blocked, not ignored: z3 sets its own handler while it runs, and would answer "unknown" to an
        # interrupt.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    _bound_memory(memory)
    _die_with(parent)


def _die_with(parent: int) -> None:
    """Ends this process when the run that it works for ends, however that is killed. A solver may hold the interpreter
    for minutes, so that a thread here would notice too late: on Linux the kernel does it."""
    if sys.platform.startswith("linux"):
        import ctypes

        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:  # it has ended already
            os._exit(0)
        return
    threading.Thread(target=_wait_for_the_end, daemon=True).start()


def _wait_for_the_end() -> None:
    import multiprocessing
    from multiprocessing.connection import wait

    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(0)


def _bound_memory(memory: int) -> None:
    try:
        import resource
    except ImportError:  # not on Windows
        return
    try:
        _soft, hard = resource.getrlimit(resource.RLIMIT_AS)
        limit = memory if hard == resource.RLIM_INFINITY else min(memory, hard)
        resource.setrlimit(resource.RLIMIT_AS, (limit, hard))
    except (OSError, ValueError):  # a system that has the name and not the limit
        return


@dataclass
class _Slot(Generic[T]):
    """A task in hand: whose it is, the claim if there is one to judge, and its answer once it is there."""

    tag: T
    claim: Claim | None
    answer: Answer | None = None

    @property
    def is_ready(self) -> bool:
        return self.claim is None or self.answer is not None


@dataclass
class _Worker:
    process: BaseProcess
    connection: Connection
    slot: _Slot[Any] | None = None
    since: float = 0.0


class Workers:
    """A pool of worker processes.

    >>> with Workers(judge=lambda claim: []) as pool:
    ...     list(pool.answers([("prose", None)]))
    [('prose', None, None)]
    """

    def __init__(self, judge: Judge, processes: int = 1, guard_seconds: float = GUARD_SECONDS) -> None:
        self._judge, self._guard = judge, guard_seconds
        self._processes = max(1, processes)
        self._workers: list[_Worker] = []

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._workers:
            self._end(worker)
        self._workers.clear()

    def answers(self, tasks: Iterable[tuple[T, Claim | None]]) -> Iterator[tuple[T, Claim | None, Answer | None]]:
        """Each task with the answer to its claim, in the order of the tasks, each as soon as all before it are there;
        a task without a claim passes through. Tasks are taken only as they are needed, few at a time.

        If the run is interrupted, the answers that are there are given, still in order, before the interrupt goes on.
        """
        for worker in [each for each in self._workers if each.slot is not None]:
            self._drop(worker)  # it still judges for a run that was left early
        coming = iter(tasks)
        held: deque[_Slot[T]] = deque()
        try:
            while self._fill(held, coming):
                while held and held[0].is_ready:
                    slot = held.popleft()
                    yield slot.tag, slot.claim, slot.answer
                if held:
                    self._hand_out(held)
                    self._collect()
        except KeyboardInterrupt:
            for slot in held:
                if slot.is_ready:
                    yield slot.tag, slot.claim, slot.answer
            raise

    def _fill(self, held: deque[_Slot[T]], coming: Iterator[tuple[T, Claim | None]]) -> bool:
        """Takes tasks in up to the look-ahead; whether there are any in hand."""
        while len(held) < LOOK_AHEAD * self._processes:
            task = next(coming, None)
            if task is None:
                break
            held.append(_Slot(*task))
        return bool(held)

    def _hand_out(self, held: Iterable[_Slot[T]]) -> None:
        busy = {id(worker.slot) for worker in self._workers}
        for slot in held:
            if slot.is_ready or id(slot) in busy:
                continue
            idle = next((worker for worker in self._workers if worker.slot is None), None)
            if idle is None:
                if len(self._workers) >= self._processes:
                    return
                idle = self._start()
            idle.slot, idle.since = slot, time.monotonic()
            with suppress(OSError):  # a worker that has died meanwhile is found by what it does not answer
                idle.connection.send(slot.claim)

    def _collect(self) -> None:
        from multiprocessing.connection import wait

        busy = [worker for worker in self._workers if worker.slot is not None]
        ready = wait([worker.connection for worker in busy], timeout=1.0)
        for worker in busy:
            slot = worker.slot
            assert slot is not None
            assert slot.claim is not None
            if worker.connection in ready:
                try:
                    slot.answer = worker.connection.recv()
                except (EOFError, OSError):
                    slot.answer = undecided(slot.claim, self._epitaph(worker))
                else:
                    worker.slot = None
            elif time.monotonic() - worker.since > self._guard:
                self._drop(worker)
                reason = f"not finished within the outer guard of {self._guard:g} s of wall time"
                slot.answer = undecided(slot.claim, reason)

    def _start(self) -> _Worker:
        import multiprocessing

        # fork shares the loaded libraries
        context: Any = multiprocessing.get_context("fork" if sys.platform.startswith("linux") else "spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=_serve, args=(theirs, self._judge, os.getpid()), daemon=True)
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
        if worker.slot is None:
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
