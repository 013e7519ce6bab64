"""A server as a user starts it, and the questions that the tests of the page ask."""

from __future__ import annotations

import http.client
import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CONTEXT = """dims H, W, m, n where m <= H, n <= W
tensor a[H, W], w[m, n]
z = conv(a, w, valid)
loss J(z)
delta = grad(J, z)"""
TRUE = "grad(J, w) == conv(rot180(a), delta, valid)"
FALSE = "grad(J, w) == conv(a, rot180(delta), valid)"
# Its first link is judged at once, the second takes the kernel many seconds.
LONG = (
    "dims h, w, a, b where a*b <= h, a*b <= w\ntensor x[h, w]",
    "mean_pool(x, a*b) == mean_pool(x, a*b) + 0 == mean_pool(mean_pool(x, a), b)",
)


@dataclass
class Server:
    """A running server, and what it wrote to standard error."""

    port: int
    process: subprocess.Popen[str]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def request(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body of an answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
            answer = connection.getresponse()
            return answer.status, {key.lower(): value for key, value in answer.getheaders()}, answer.read()
        finally:
            connection.close()

    def memory(self) -> int:
        """The kilobytes that the server's own process holds."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1])  # type: ignore[index]


def started(*arguments: str) -> Server:
    """A server on a free port."""
    command = [sys.executable, "-m", "derivations.cli", "serve", "--port", "0", "-j", "1", *arguments]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    assert process.stdout is not None
    line = process.stdout.readline()
    match = re.match(r"http://[\w.]+:(\d+)/", line)
    assert match is not None, line
    server = Server(int(match[1]), process)
    for _ in range(200):
        try:
            server.request("GET", "/health")
            break
        except OSError:
            time.sleep(0.05)
    return server
