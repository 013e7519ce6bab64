"""The process in which an editor's texts are judged: the newest text of each file, its marks as they come.

Law: a text that has been replaced is left at its next claim; what was found of it is not said of the newer one. This
module is light: the process that starts it need not load what judges.
"""

from __future__ import annotations

import os
import time
from collections import OrderedDict
from contextlib import closing, suppress
from multiprocessing.connection import Connection
from typing import Any

PARTLY_SECONDS = 0.3  # after which marks of a text that is not finished are sent
Request = tuple[str, str, int, str]  # what the editor calls the file, its path, the version, the text
Answer = tuple[str, int, list[Any], bool]  # the file, the version, its marks, whether these are all


def live(connection: Connection) -> None:
    """Judges what comes until the other end is closed, or None comes."""
    # a worker must not start threads of its own; set before NumPy is loaded
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    from derivations.batch.cache import Cache
    from derivations.watching.session import Session

    with suppress(EOFError, OSError, KeyboardInterrupt), Session(Cache(variant="repair"), repair=True) as session:
        desk = _Desk(connection)
        while desk.take():
            desk.judge(session)


class _Desk:
    """The requests that wait, the newest of each file."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._waiting: OrderedDict[str, Request] = OrderedDict()

    def take(self) -> bool:
        """Takes in what has come, and waits where there is nothing to do; False at the end."""
        while not self._waiting or self._connection.poll():
            request: Request | None = self._connection.recv()
            if request is None:
                return False
            self._waiting[request[0]] = request
        return True

    def judge(self, session: Any) -> None:
        """Judges the text that has waited longest, or until a newer one of its file has come."""
        from derivations.batch.run import Source
        from derivations.editing.findings import marks
        from derivations.language.files import normalised

        uri, (_, path, version, text) = self._waiting.popitem(last=False)
        found: list[Any] = []
        sent = time.monotonic()
        with closing(session.blocks(Source(path, normalised(text)))) as blocks:
            for each in blocks:
                found += marks(each)
                if self._connection.poll():
                    if not self.take() or uri in self._waiting:
                        return
                elif time.monotonic() - sent > PARTLY_SECONDS:
                    self._connection.send((uri, version, found, False))
                    sent = time.monotonic()
        self._connection.send((uri, version, found, True))
