"""The life of a worker process of the page.

Law: this module is light and loads the rest in the worker, so that the server's own process has no formula's code. What
fails in a task is an event of it, and the worker lives on.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from typing import Any

Event = tuple[str, dict[str, Any]]
MEMORY_BYTES = 3 << 30  # address space; a proof needs less than 1 GB
DONE = "done"  # the event after which a worker is idle again


def live(connection: Connection) -> None:
    """A task comes, a name with its arguments; its events go back; None ends it."""
    from derivations.batch.workers import become_worker

    become_worker(os.getppid(), MEMORY_BYTES)
    sys.stdin = open(os.devnull)  # noqa: SIM115  (for the life of the process)
    try:
        while (task := connection.recv()) is not None:
            for event in events(*task):
                connection.send(event)
            connection.send((DONE, {}))
    except (EOFError, BrokenPipeError, ConnectionError):
        return


def events(kind: str, arguments: tuple[Any, ...]) -> Iterator[Event]:
    """The events of a task; what fails is one of them."""
    from derivations.serving import answering

    answer: Callable[..., Iterator[Event]] = getattr(answering, kind)
    try:
        yield from answer(*arguments)
    except (RecursionError, MemoryError) as error:
        limit = "nesting" if isinstance(error, RecursionError) else "memory"
        yield "limit", {"said": f"The limit on {limit} was reached."}
    except Exception as error:  # a defect is said, and is no verdict
        yield "defect", {"said": f"gradproof failed, which is a defect of gradproof: {type(error).__name__}: {error}"}
