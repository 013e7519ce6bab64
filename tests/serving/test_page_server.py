"""The server against those who mean it ill: nothing leaks, nothing falls, memory is bounded; and the JSON interface."""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from page_server import CONTEXT, FALSE, LONG, TRUE, Server, started

pytest.importorskip("starlette", reason="Starlette is not installed")
JSON = {"Content_Type": "application/json"}
POSTS = ("/api/ask", "/api/read", "/api/draw", "/api/export", "/api/judge")


def asks(server: Server, path: str, data: object, **headers: str) -> tuple[int, str]:
    status, _, body = server.request("POST", path, json.dumps(data), **{**JSON, **headers})
    return status, body.decode()


def test_judge_gives_the_record_of_verify(server: Server) -> None:
    """`POST /api/judge` answers a question, or a whole document, with the keys of `verify --json`."""
    status, text = asks(server, "/api/judge", {"context": CONTEXT, "claim": FALSE})
    record = json.loads(text)
    assert status == 200
    assert record["schema"] == 1
    assert record["claims"][0]["holds_where"] == "m == 1, n == 1"
    assert record["claims"][0]["repair"]
    assert record["summary"]["status"] == 1
    document = f"```given\n{CONTEXT}\n```\n\n```claim one\n{TRUE}\n```\n\n```claim two\nx == y\n```\n"
    status, text = asks(server, "/api/judge", {"document": document})
    record = json.loads(text)
    assert [claim["verdict"] for claim in record["claims"]] == ["proved"]
    assert record["summary"]["status"] == 2
    assert "no tensor" in str(record["errors"]) or "x" in str(record["errors"])


def test_the_page_forbids_what_it_does_not_need(server: Server) -> None:
    """Every answer, refusals as well, has a policy without inline scripts or styles; nothing inline is in the page."""
    for method, path in (("GET", "/"), ("GET", "/page.js"), ("GET", "/nothing"), ("POST", "/api/ask")):
        _, headers, _ = server.request(method, path, None)
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert "access-control-allow-origin" not in headers
    page = server.request("GET", "/")[2].decode()
    assert page.count("<script") == 1
    assert " on" not in " ".join(
        part.split('"')[0] for part in page.split("<")[1:] if "=" in part and " onclick" in part
    )
    assert "<style" not in page
    assert "style=" not in page


@pytest.mark.parametrize("path", POSTS)
def test_other_sites_may_not_ask(server: Server, path: str) -> None:
    """A post that a browser sends for another site is refused, whatever it says it is; so is one that is no JSON, which
    a form could send."""
    body = {"context": CONTEXT, "claim": TRUE}
    assert asks(server, path, body, Origin="http://evil.example")[0] == 403
    assert asks(server, path, body, Origin="null")[0] == 403
    assert asks(server, path, body, Origin=f"http://127.0.0.1:{server.port + 1}")[0] == 403
    assert asks(server, path, body, Sec_Fetch_Site="cross-site")[0] == 403
    assert asks(server, path, body, Sec_Fetch_Site="same-site")[0] == 403
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""):
        assert asks(server, path, body, Content_Type=kind)[0] == 415


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "10.0.0.1", "", "[::1", "a@evil.example"])
def test_other_names_are_not_ours(server: Server, host: str) -> None:
    """A name that somebody else owns and that leads here is refused before anything else is looked at."""
    for method, path in (("GET", "/"), ("POST", "/api/judge")):
        assert server.request(method, path, None, Host=host)[0] in (400, 421)


PATHS = (
    "/../pyproject.toml", "/..%2f..%2fetc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/static/../app.py",
    "/page.js/../app.py", "//etc/passwd", "/page.js%00.py", "/api", "/api/", "/.git/config", "/static/page.js",
    "/page.html", "/?file=/etc/passwd", "/%", "/" + "a" * 5000,
)  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
def test_no_path_leads_to_a_file(server: Server, path: str) -> None:
    """No path gives anything but the page's own addresses."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as raw:
        raw.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode("latin-1"))
        answer = everything(raw)
    assert b"root:" not in answer
    assert b"[project]" not in answer
    status = int(answer.split()[1])
    assert status in (400, 404, 405) if path != "/?file=/etc/passwd" else status == 200


def everything(raw: socket.socket) -> bytes:
    found = b""
    while part := raw.recv(65536):
        found += part
    return found


BAD = (
    b"", b"[", b"null", b"1", b'"x"', b"[1]", b'{"claim": 1}', b'{"context": {}}', b'{"file": "/etc/passwd"}',
    b"\xff\xfe", b'{"claim": NaN}', b"[" * 100_000, b'{"kind": "html"}', b'{"claim": "\\ud800"}',
    b'{"claim": "' + b"x" * 30_000 + b'"}',
    b'{"question": 1, "sizes": 2}', b'{"question": {}, "sizes": {"m": 1e400}}', b'{"question": {}, "format": "../x"}',
    b'{"document": 7}', b'{"document": "' + b"x" * 70_000 + b'"}',
)  # fmt: skip


@pytest.mark.parametrize("body", BAD, ids=range(len(BAD)))
def test_what_is_no_question_is_refused_in_words(server: Server, body: bytes) -> None:
    """Each address answers 400 with the reason, never 500, never a traceback."""
    for path in POSTS:
        status, _, answer = server.request("POST", path, body, **JSON)
        assert b"Traceback" not in answer
        if status != 200:  # `{"document": ...}` and empty questions mean something somewhere
            assert status == 400, (path, answer)
            assert json.loads(answer)["error"]


def test_large_bodies_are_not_taken(server: Server) -> None:
    """A body that says it is large, or is without saying so, is refused, and costs no memory."""
    before = server.memory()
    assert server.request("POST", "/api/ask", b"x", **JSON, Content_Length=str(10**12))[0] == 413
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as raw:
        head = "POST /api/ask HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        raw.sendall(f"{head}Transfer-Encoding: chunked\r\n\r\n".encode())
        sent = 0
        try:
            for _ in range(4000):
                raw.sendall(b"4000\r\n" + b" " * 0x4000 + b"\r\n")
                sent += 0x4000
        except OSError:
            pass
        assert sent < 8_000_000
    assert server.memory() - before < 20_000
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as raw:
        raw.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n")
        try:
            for number in range(5000):
                raw.sendall(f"X-{number}: {'y' * 200}\r\n".encode())
        except OSError:
            pass
    assert server.request("GET", "/health")[0] == 200
    assert server.memory() - before < 20_000


def test_five_hundred_idle_connections_keep_nobody_out(server: Server) -> None:
    """Connections that say nothing, or a letter at a time, make room for those who ask."""
    before = server.memory()
    held = []
    try:
        for number in range(500):
            raw = socket.create_connection(("127.0.0.1", server.port), timeout=10)
            held.append(raw)
            if number % 2:
                with suppress(OSError):
                    raw.sendall(b"POST /api/ask HTTP/1.1\r\nHo")
        assert server.request("GET", "/health")[0] == 200
        status, text = asks(server, "/api/judge", {"context": CONTEXT, "claim": TRUE})
        assert status == 200
        assert '"proved"' in text
        assert server.memory() - before < 60_000
    finally:
        for raw in held:
            raw.close()


def test_five_hundred_slow_questions_keep_nobody_out(server: Server) -> None:
    """Connections that begin a question and never end it make room for those who ask: for the page, and for a
    verdict."""
    before = server.memory()
    held = []
    head = (
        "POST /api/ask HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 2000\r\n\r\n{"
    )
    try:
        for _ in range(500):
            raw = socket.create_connection(("127.0.0.1", server.port), timeout=10)
            held.append(raw)
            with suppress(OSError):
                raw.sendall(head.encode())
            time.sleep(0.002)  # so that each is heard before the next comes
        for _ in range(3):
            assert server.request("GET", "/health")[0] == 200
        status, text = asks(server, "/api/judge", {"context": CONTEXT, "claim": TRUE})
        assert status == 200
        assert '"proved"' in text
        assert server.memory() - before < 60_000
    finally:
        for raw in held:
            raw.close()


def test_more_questions_than_can_wait_are_refused_in_words(server: Server) -> None:
    """Of two hundred whole questions at once, some wait and the others hear that too many do; the page is there all
    the while; when the askers go away, nobody is worked for and the next one is answered."""
    before = server.memory()
    context, claim = LONG
    body = json.dumps({"context": context, "claim": claim}).encode()
    head = (
        f"POST /api/judge HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
    )
    held = []
    try:
        for _ in range(200):
            raw = socket.create_connection(("127.0.0.1", server.port), timeout=20)
            held.append(raw)
            raw.sendall(head.encode() + b"\r\n\r\n" + body)
        assert b" 503 " in held[-1].recv(100)
        assert asks(server, "/api/ask", {"context": CONTEXT, "claim": TRUE})[0] == 503
        assert server.request("GET", "/")[0] == 200
        assert server.memory() - before < 60_000
    finally:
        for raw in held:
            raw.close()
    for _ in range(20):  # their leaving has to be heard, and the worker in the middle of one to be replaced
        status, text = asks(server, "/api/judge", {"context": CONTEXT, "claim": TRUE})
        if status == 200:
            break
        time.sleep(0.5)
    assert '"proved"' in text


def test_a_body_that_comes_slowly_is_not_waited_for(server: Server) -> None:
    """A body that trickles in, a byte at a time, is refused when its time is over."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as raw:
        head = "POST /api/ask HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        raw.sendall(f"{head}Content-Length: 9999\r\n\r\n".encode())
        raw.settimeout(0.25)
        start, found = time.monotonic(), b""
        while not found and time.monotonic() - start < 30:
            with suppress(TimeoutError):
                found = raw.recv(1000)
            if not found:
                raw.sendall(b" ")
        assert b" 408 " in found
        assert 8 < time.monotonic() - start < 25


def test_who_does_not_read_costs_no_memory(server: Server) -> None:
    """Answers that nobody takes, of a hundred connections, are not heaped up, and others are answered."""
    before = server.memory()
    held = []
    try:
        for path in ("/", "/page.js", "/page.css", "/examples.json") * 25:
            raw = socket.create_connection(("127.0.0.1", server.port), timeout=10)
            held.append(raw)
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
            raw.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        assert server.request("GET", "/health")[0] == 200
        assert server.memory() - before < 30_000
    finally:
        for raw in held:
            raw.close()


def test_a_slow_client_is_cut(server: Server) -> None:
    """Headers that do not come within the time end the connection."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as raw:
        start = time.monotonic()
        try:
            while time.monotonic() - start < 15:
                raw.sendall(b"G")
                time.sleep(0.25)
            raise AssertionError("the connection was not cut")
        except OSError:
            assert time.monotonic() - start < 12


def test_who_goes_away_is_worked_for_no_longer(server: Server) -> None:
    """A long question whose asker leaves in the middle frees its worker: the next one is answered at once."""
    context, claim = LONG
    body = json.dumps({"context": context, "claim": claim}).encode()
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as raw:
        head = "POST /api/ask HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        raw.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        found = b""
        while b"event: verdict" not in found:
            found += raw.recv(65536)
        assert b"event: end" not in found
    start = time.monotonic()
    assert asks(server, "/api/judge", {"context": CONTEXT, "claim": TRUE})[0] == 200
    assert time.monotonic() - start < 8


def test_the_server_starts_no_thread_for_a_stranger(server: Server) -> None:
    """After all of it, the server has a handful of threads and open files."""
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    threads = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("Threads:"))
    assert threads < 16
    assert len(os.listdir(f"/proc/{server.process.pid}/fd")) < 60


TOKEN = "a-token-of-more-than-sixteen-letters"


@pytest.fixture(scope="module")
def other() -> Iterator[Server]:
    """A server for other machines, whose questions have one second."""
    server = started("--host", "0.0.0.0", "--token", TOKEN, "--limit", "1")
    yield server
    server.process.kill()
    server.process.wait(10)


def test_other_machines_need_the_token(other: Server) -> None:
    """At another address a token is asked for: in the address once, then as a cookie that no script reads, or as a
    bearer; names that are not given are refused all the same."""
    assert other.request("GET", "/")[0] == 401
    assert other.request("GET", "/?token=wrong")[0] == 401
    status, headers, _ = other.request("GET", f"/?token={TOKEN}")
    assert status == 303
    assert headers["location"] == "/"
    assert "httponly" in headers["set-cookie"].lower()
    assert "samesite=strict" in headers["set-cookie"].lower()
    cookie = headers["set-cookie"].split(";")[0]
    assert other.request("GET", "/", Cookie=cookie)[0] == 200
    assert other.request("GET", "/", Cookie="gradproof_token=x")[0] == 401
    assert other.request("GET", "/health", Authorization=f"Bearer {TOKEN}")[0] == 200
    assert other.request("GET", "/", Cookie=cookie, Host="evil.example")[0] == 421
    assert asks(other, "/api/judge", {"context": CONTEXT, "claim": TRUE})[0] == 401


def test_a_question_has_a_limit(other: Server) -> None:
    """What takes longer than the limit ends with that reason; the server lives on; killed, it leaves no worker."""
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    context, claim = LONG
    _, text = asks(other, "/api/ask", {"context": context, "claim": claim}, **bearer)
    assert "event: limit" in text
    assert "not finished within 1 second" in text
    assert "event: end" not in text
    assert asks(other, "/api/read", {"context": CONTEXT, "claim": TRUE}, **bearer)[0] == 200
    workers = descendants(other.process.pid)
    assert workers
    other.process.kill()
    other.process.wait(10)
    for _ in range(100):
        if not [pid for pid in workers if Path(f"/proc/{pid}").exists()]:
            return
        time.sleep(0.05)
    raise AssertionError("a worker has outlived its server")


def descendants(pid: int) -> list[int]:
    """The processes that come from one, the resource tracker apart, which waits for all of them."""
    parents = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            name, _, rest = path.read_text().rpartition(")")
            parents[int(name.split()[0])] = int(rest.split()[1])
        except (OSError, IndexError):
            continue
    found, new = [], [pid]
    while new:
        new = [child for child, parent in parents.items() if parent in new]
        found += new
    return [one for one in found if "resource_tracker" not in Path(f"/proc/{one}/cmdline").read_text()]
