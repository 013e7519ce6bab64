"""What stands between the network and the page: who may ask, how much, for how long, and what a browser is told.

Law: a request is refused before anything of its body is looked at. Only the names of this machine are names of the
page (a stranger's name that leads here is how a site in the browser would ask us); a request that a browser sends for
another site is refused; beyond this machine a token is asked for. Bodies are bounded and must arrive soon. Every answer
forbids whatever the page does not need.

What it cannot see: other programs of the same user, who may ask what they like on this machine.
"""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qs, urlsplit

from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LARGEST_BODY = 262_144  # bytes; a question of 60,000 characters, each of them escaped in JSON, is shorter
BODY_SECONDS = 10.0  # for the whole body
COOKIE = "gradproof_token"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
    "cache-control": "no-store",
    "connection": "close",  # one request a connection, so that each has its time and no more
}
LOCAL = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True)
class Door:
    """Who may ask: the names under which the page is reached, and the token that is asked for where there is one."""

    names: frozenset[str] = frozenset(LOCAL)
    token: str = ""

    def knows(self, host: str) -> bool:
        """Whether a Host header names this page. With a token every address in numbers does, since a name that somebody
        else owns is none."""
        try:
            name = (urlsplit(f"//{host}").hostname or "").lower()
        except ValueError:
            return False
        if name in self.names:
            return True
        return bool(self.token) and _is_address(name)

    def opens(self, sent: str) -> bool:
        """Whether this is the token."""
        return hmac.compare_digest(sent.encode("utf-8", "replace"), self.token.encode())


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


class Guards:
    """The checks around an application."""

    def __init__(self, app: ASGIApp, door: Door) -> None:
        self.app, self.door = app, door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def protected(message: Message) -> None:
            if message["type"] == "http.response.start":
                mine = [(name.encode(), value.encode()) for name, value in HEADERS.items()]
                own = {name.lower() for name, _ in message.get("headers", ())}
                kept = [each for each in mine if each[0] not in own or each[0] == b"connection"]
                message = {**message, "headers": [*message.get("headers", ()), *kept]}
            await send(message)

        headers = _Headers(scope["headers"])
        refusal = self._refusal(scope, headers)
        if refusal is not None:
            await refusal(scope, receive, protected)
            return
        if scope["method"] != "POST":
            await self.app(scope, receive, protected)
            return
        body = await _body(receive)
        if isinstance(body, Response):
            await body(scope, receive, protected)
            return
        await self.app(scope, _replayed(body, receive), protected)

    def _refusal(self, scope: Scope, headers: _Headers) -> Response | None:
        """Why a request is not answered, in words; None where it is."""
        if len(headers.all("host")) != 1 or not self.door.knows(headers.one("host")):
            return _refused(421, "This is no name of the page; open it by the address that `gradproof serve` printed.")
        if self.door.token:
            answer = self._at_the_door(scope, headers)
            if answer is not None:
                return answer
        if scope["method"] not in ("GET", "HEAD", "POST"):
            return _refused(405, "Only GET and POST are answered.")
        return self._foreign(headers) if scope["method"] == "POST" else None

    def _foreign(self, headers: _Headers) -> Response | None:
        """Refuses what a browser sends for another site, and what is no JSON of bounded length."""
        origin, site = headers.one("origin"), headers.one("sec-fetch-site")
        if origin and urlsplit(origin).netloc.lower() != headers.one("host").lower():
            return _refused(403, "Another site may not ask here.")
        if site not in ("", "same-origin", "none"):
            return _refused(403, "Another site may not ask here.")
        if headers.one("content-type").partition(";")[0].strip().lower() != "application/json":
            return _refused(415, "The body is JSON: Content-Type: application/json.")
        length = headers.one("content-length")
        if length and (not length.isdigit() or int(length) > LARGEST_BODY):
            return _refused(413, f"A body has at most {LARGEST_BODY} bytes.")
        return None

    def _at_the_door(self, scope: Scope, headers: _Headers) -> Response | None:
        """Asks for the token: in the address it becomes a cookie, which no script can read, and leaves the address."""
        sent = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0]
        if sent and scope["method"] == "GET" and self.door.opens(sent):
            answer = Response(status_code=303, headers={"location": scope["path"]})
            answer.set_cookie(COOKIE, self.door.token, httponly=True, samesite="strict", path="/")
            return answer
        bearer = headers.one("authorization")
        if bearer.lower().startswith("bearer ") and self.door.opens(bearer[7:].strip()):
            return None
        if any(self.door.opens(value) for value in _cookies(headers.all("cookie"))):
            return None
        return _refused(401, "A token is asked for here; open the address that `gradproof serve` printed.")


class _Headers:
    """The headers of a request, by their names in small letters."""

    def __init__(self, raw: Iterable[tuple[bytes, bytes]]) -> None:
        self._raw = [(name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in raw]

    def all(self, name: str) -> list[str]:
        """Each value of a header."""
        return [value for key, value in self._raw if key == name]

    def one(self, name: str) -> str:
        """The first value, or nothing."""
        return next(iter(self.all(name)), "")


def _cookies(sent: Iterable[str]) -> list[str]:
    found = []
    for text in sent:
        try:
            jar: SimpleCookie = SimpleCookie(text)
        except CookieError:
            continue
        if COOKIE in jar:
            found.append(jar[COOKIE].value)
    return found


def _refused(status: int, why: str) -> Response:
    return PlainTextResponse(why + "\n", status_code=status)


async def _body(receive: Receive) -> bytes | Response:
    """The whole body, or why it is not taken."""
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    return Response(status_code=400)
                body += message.get("body", b"")
                if len(body) > LARGEST_BODY:
                    return JSONResponse({"error": f"a body has at most {LARGEST_BODY} bytes"}, status_code=413)
                if not message.get("more_body", False):
                    return bytes(body)
    except TimeoutError:
        return JSONResponse({"error": f"the body did not arrive within {BODY_SECONDS:g} seconds"}, status_code=408)


def _replayed(body: bytes, receive: Receive) -> Receive:
    """Gives the body that has come, and then what comes further: that the other side went away."""
    given: list[Any] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return given.pop() if given else await receive()

    return replay
