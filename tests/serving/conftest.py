"""One server for all tests of the page."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest
from page_server import Server, started


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    pytest.importorskip("starlette", reason="Starlette is not installed")
    pytest.importorskip("uvicorn", reason="uvicorn is not installed")
    found = started()
    yield found
    found.process.send_signal(signal.SIGINT)
    assert found.process.wait(10) is not None
