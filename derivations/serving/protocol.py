"""HTTP connections with deadlines: a client that is slow, or says nothing, costs a connection for seconds, no more.

Law: a connection carries one request. Its headers must be there soon; the whole must be over before the deadline, then
the connection is cut, read or not. Where there are too many, the oldest that has not asked to the end makes room.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

HEADER_SECONDS = 5.0
WHOLE_SECONDS = 120.0  # of a request with its answer; a question ends long before
MOST = 300  # connections at a time


class Connection(H11Protocol):
    """A connection with two deadlines."""

    _deadlines: tuple[asyncio.TimerHandle, ...] = ()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Sets the deadlines; makes room where there are too many connections."""
        super().connection_made(transport)  # type: ignore[arg-type]
        self._deadlines = (
            self.loop.call_later(HEADER_SECONDS, self._unless_asking),
            self.loop.call_later(WHOLE_SECONDS, self.transport.abort),
        )
        waiting = _waiting(self)
        waiting[self] = None
        if len(self.connections) > MOST:
            oldest = next(iter(waiting))
            waiting.pop(oldest)
            oldest.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forgets the deadlines."""
        for deadline in self._deadlines:
            deadline.cancel()
        _waiting(self).pop(self, None)
        super().connection_lost(exc)

    def handle_events(self) -> None:
        """Notes when a request is there to its end: who begins one and goes on slowly waits like who says nothing."""
        super().handle_events()
        if self.cycle is not None and not self.cycle.more_body:
            _waiting(self).pop(self, None)

    def _unless_asking(self) -> None:
        if self.cycle is None:
            self.transport.abort()


def _waiting(connection: Connection) -> dict[Any, None]:
    """The connections of one server that have not asked to the end, oldest first; the server's own set has no order."""
    found: dict[Any, None] = vars(connection.server_state).setdefault("waiting", {})
    return found
