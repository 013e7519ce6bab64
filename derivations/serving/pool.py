"""Worker processes that answer one question at a time, each of which can be ended in the middle of it.

Law: nothing that a stranger wrote is looked at outside of a worker. A worker has bounded memory; a question has bounded
time; who asked and went away costs nothing further: the worker is ended, and a fresh one takes its place. At most so
many questions wait; one more is refused at once. A question whose worker dies is undecided for that stated reason.

Workers are copies of a process that has everything loaded and no connection open, so that they hold none of ours.
"""

from __future__ import annotations

import asyncio
import multiprocessing
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cache
from multiprocessing import forkserver
from multiprocessing.process import BaseProcess
from typing import Any

from derivations.serving.worker import DONE, Event, live

RESTING = 200  # questions after which a worker is replaced, so that what it remembers does not grow for ever


class Busy(RuntimeError):
    """More questions wait than are taken."""


@cache
def prepared() -> Any:
    """How worker processes are made. The process that they are copies of begins to load what they need, so that this is
    called early."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["derivations.serving.warm"])
    forkserver.ensure_running()
    return context


class _Worker:
    """A process and the connection to it. Whatever may block is called in a thread."""

    def __init__(self, context: Any) -> None:
        self.connection, theirs = context.Pipe()
        self.process: BaseProcess = context.Process(target=live, args=(theirs,), daemon=True)
        self.process.start()
        theirs.close()
        self.questions = 0

    def send(self, task: Any) -> None:
        """Hands a task out."""
        self.questions += 1
        self.connection.send(task)

    def receive(self) -> Event:
        """The next event; raises EOFError where the process has ended."""
        event: Event = self.connection.recv()
        return event

    def end(self) -> None:
        """Ends the process, whatever it does."""
        with suppress(OSError):
            self.process.kill()
        self.process.join(5)
        with suppress(OSError):
            self.connection.close()


class Pool:
    """Some workers; `ask` gives the events of a task."""

    def __init__(self, size: int, seconds: float, waiting: int) -> None:
        self._size, self._seconds, self._waiting = size, seconds, waiting
        self._context = prepared()
        self._threads = ThreadPoolExecutor(2 * size + 2, thread_name_prefix="worker")
        self._idle: asyncio.Queue[_Worker] = asyncio.Queue()
        self._all: set[_Worker] = set()
        self._asked = 0
        self._replacing: set[asyncio.Task[None]] = set()
        self._is_closed = False

    async def start(self) -> None:
        """Starts the workers; returns when they are there."""
        await asyncio.gather(*(self._add() for _ in range(self._size)))

    async def _add(self) -> None:
        worker = await self._call(_Worker, self._context)
        self._all.add(worker)
        if self._is_closed:
            await self._end(worker)
        else:
            self._idle.put_nowait(worker)

    async def _call(self, function: Callable[..., Any], *arguments: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._threads, function, *arguments)

    async def _end(self, worker: _Worker) -> None:
        self._all.discard(worker)
        await self._call(worker.end)

    async def close(self) -> None:
        """Ends all workers."""
        self._is_closed = True
        for worker in list(self._all):
            await self._end(worker)
        self._threads.shutdown(wait=False)

    def admit(self) -> None:
        """Raises Busy where no further question is taken."""
        if self._asked >= self._size + self._waiting:
            raise Busy

    async def ask(self, kind: str, *arguments: Any) -> AsyncIterator[Event]:
        """The events of a task, as they come; raises Busy. To leave early is to cancel the task."""
        self.admit()
        self._asked += 1
        try:
            worker = await self._idle.get()
            is_whole = False
            deadline = asyncio.get_running_loop().time() + self._seconds
            try:
                await asyncio.wait_for(self._call(worker.send, (kind, arguments)), self._seconds)
                while not is_whole:
                    left = deadline - asyncio.get_running_loop().time()
                    name, data = await asyncio.wait_for(self._call(worker.receive), left)
                    is_whole = name == DONE
                    if not is_whole:
                        yield name, data
            except TimeoutError:
                yield (
                    "limit",
                    {"said": f"It was not finished within {self._seconds:g} seconds, the limit of this page."},
                )
            except (EOFError, OSError):
                yield "limit", {"said": "The process that judged it ended: out of memory, or a crash of a solver."}
            finally:
                self._give_back(worker, is_whole)
        finally:
            self._asked -= 1

    def _give_back(self, worker: _Worker, is_whole: bool) -> None:
        """An idle worker waits for the next task; another is ended, and one that is fresh takes its place."""
        if is_whole and worker.questions < RESTING and worker.process.is_alive():
            self._idle.put_nowait(worker)
            return
        task = asyncio.get_running_loop().create_task(self._replace(worker))
        self._replacing.add(task)
        task.add_done_callback(self._replacing.discard)

    async def _replace(self, worker: _Worker) -> None:
        await self._end(worker)
        if not self._is_closed:
            await self._add()
