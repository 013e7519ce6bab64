"""The process in which a worker of a cluster does its work, as bounded as one on a single machine.

Why not in the worker itself: a solver that crashes or eats the memory ends the child, and the item that did it is
known; and a worker of Dask runs tasks in a thread, where no signal can be set.

Law: an item whose process dies, or that passes the outer guard, has the result `lost(item, reason)`, with the reasons
of `batch/workers.py`; the others of its batch are done by the next child.
"""

from __future__ import annotations

import atexit
import os
import pickle
import select
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, BinaryIO

from derivations.batch.workers import GUARD_SECONDS, become_worker

_LENGTH = struct.Struct("!Q")
START_SECONDS = 120.0  # for a child to load; the machine may be busy


class Died(Exception):
    """The child ended, or was ended, before its result was there."""


class Child:
    """One child, started when it is needed."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self.seconds = 0.0  # of processor time that the results so far have taken

    def results(
        self, function: Callable[[Any], Any], items: Sequence[Any], lost: Callable[[Any, str], Any],
        guard: float = GUARD_SECONDS,
    ) -> list[Any]:  # fmt: skip
        """The result of each item, in their order."""
        found: list[Any] = []
        while len(found) < len(items):
            rest = items[len(found) :]
            try:
                process = self._started()
                _send(process.stdin, (function, rest))
                self._result(START_SECONDS)  # what the items need is loaded
                for _ in rest:
                    found.append(self._result(guard))
            except Died as reason:
                found.append(lost(items[len(found)], str(reason)))
        return found

    def _result(self, guard: float) -> Any:
        word, result, seconds = self._receive(guard, f"not finished within the outer guard of {guard:g} s of wall time")
        self.seconds += seconds
        if word == "raised":
            raise result
        return result

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            command = [sys.executable, "-c", "from derivations.campaigns.child import live; live()", str(os.getpid())]
            self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            self._receive(START_SECONDS, "its process did not start")
        return self._process

    def _receive(self, seconds: float, late: str) -> Any:
        """What the child sends next; raises Died where that takes longer, or it sends no more."""
        assert self._process is not None
        assert self._process.stdout is not None
        end = time.monotonic() + seconds
        try:
            length = _LENGTH.unpack(_read(self._process.stdout.fileno(), _LENGTH.size, end))[0]
            return pickle.loads(_read(self._process.stdout.fileno(), length, end))
        except TimeoutError:
            self.end()
            raise Died(late) from None
        except EOFError:
            status = self._process.wait()
            self.end()
            why = f"the process that judged it ended with status {status}: out of memory, or a crash of a solver"
            raise Died(why) from None

    def end(self) -> None:
        """Ends the child."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                with suppress(OSError):
                    if pipe is not None:
                        pipe.close()


def _read(handle: int, count: int, end: float) -> bytes:
    """So many bytes; raises EOFError, and TimeoutError after the end."""
    found = bytearray()
    while len(found) < count:
        left = end - time.monotonic()
        if left <= 0 or not select.select([handle], [], [], left)[0]:
            raise TimeoutError
        part = os.read(handle, min(count - len(found), 1 << 20))
        if not part:
            raise EOFError
        found += part
    return bytes(found)


def _send(pipe: BinaryIO | Any, value: Any) -> None:
    data = pickle.dumps(value, protocol=5)
    try:
        pipe.write(_LENGTH.pack(len(data)) + data)
        pipe.flush()
    except BrokenPipeError:
        return  # that it has died is seen by what it does not send


def live() -> None:
    """The life of a child: a batch comes, the results go back one after the other; the end of the input ends it."""
    become_worker(int(sys.argv[1]))
    coming, going = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what is printed meanwhile is no result
    _send(going, ("here", None, 0.0))
    while head := coming.read(_LENGTH.size):
        data = coming.read(_LENGTH.unpack(head)[0])
        try:
            function, items = pickle.loads(data)
        except Exception as error:
            _send(going, ("raised", error, 0.0))
            continue
        _send(going, ("here", None, 0.0))
        for item in items:
            start = time.process_time()
            try:
                word, result = "found", function(item)
            except Exception as error:
                word, result = "raised", error
            seconds = time.process_time() - start
            try:
                _send(going, (word, result, seconds))
            except (pickle.PicklingError, TypeError, AttributeError) as error:
                _send(going, ("raised", TypeError(f"a result cannot be sent: {error}"), seconds))


CHILD = Child()  # of this process
atexit.register(CHILD.end)
