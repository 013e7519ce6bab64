"""The page's addresses: the page itself and its examples, a stream of events for each question, `POST /api/judge`.

Law: this process reads JSON and moves what the workers say; it looks at no formula. Each address takes what it needs
and names nothing of the machine: the files that are sent are read once, when the server starts.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import aclosing, asynccontextmanager, suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeVar

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Message, Receive, Scope, Send

from derivations.serving.examples import examples
from derivations.serving.guards import Door, Guards
from derivations.serving.pool import Busy, Pool
from derivations.serving.question import LARGEST_DOCUMENT, BadQuestion, question, sizes, texts
from derivations.serving.worker import Event
from derivations.show.report.style import STYLE

STATIC = Path(__file__).parent / "static"
FILES = {
    "/": ("page.html", "text/html; charset=utf-8"),
    "/icon.svg": ("icon.svg", "image/svg+xml"),
    "/page.js": ("page.js", "text/javascript; charset=utf-8"),
}
FORMATS = ("markdown", "latex", "numpy")
WAITING = 64  # questions that may wait for a worker
QUICK_SECONDS = 10.0  # for shapes, pictures and files
T = TypeVar("T")


class Stream:
    """An answer of server-sent events. It ends when the one who asked goes away, and so does the work on it."""

    def __init__(self, events: AsyncIterator[Event]) -> None:
        self.events = events

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await _while_there(receive, self._send(send))

    async def _send(self, send: Send) -> None:
        async with aclosing(self.events) as events:  # type: ignore[type-var]  # a generator, which can be closed
            headers = [(b"content-type", b"text/event-stream; charset=utf-8"), (b"x-accel-buffering", b"no")]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            async for name, data in events:
                await send(_part(f"event: {name}\ndata: {json.dumps(data, default=str)}\n\n"))
            await send(_part("", more=False))


def _part(text: str, more: bool = True) -> Message:
    return {"type": "http.response.body", "body": text.encode(), "more_body": more}


async def _while_there(receive: Receive, work: Coroutine[Any, Any, T]) -> T | None:
    """The result of work for somebody, which is cancelled when they go away: None then. What it raises is raised."""
    working, leaving = asyncio.ensure_future(work), asyncio.ensure_future(_gone(receive))
    try:
        await asyncio.wait((working, leaving), return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (working, leaving):
            task.cancel()  # one that is finished stays so
        await asyncio.gather(working, leaving, return_exceptions=True)
    return None if working.cancelled() else working.result()


async def _gone(receive: Receive) -> None:
    """Returns when the one who asked went away."""
    while (await receive())["type"] != "http.disconnect":
        pass


class Page:
    """The page over two pools: one judges, a worker for each core; one answers at once while that is busy."""

    def __init__(self, processes: int, seconds: float) -> None:
        self.judging = Pool(processes, seconds, WAITING)
        self.quick = Pool(1, QUICK_SECONDS, WAITING)

    def app(self, door: Door) -> Starlette:
        """The application."""
        addresses: list[tuple[str, Callable[[Request], Any]]] = [
            ("/api/ask", self.ask), ("/api/read", self.read), ("/api/draw", self.draw), ("/api/export", self.export),
            ("/api/judge", self.judge),
        ]  # fmt: skip
        routes = [Route(path, _file(*file), methods=["GET"]) for path, file in FILES.items()]
        routes.append(Route("/page.css", _style(), methods=["GET"]))
        routes.append(Route("/examples.json", _examples(), methods=["GET"]))
        routes.append(Route("/health", _health, methods=["GET"]))
        routes += [Route(path, _careful(handler), methods=["POST"]) for path, handler in addresses]
        return Starlette(routes=routes, middleware=[Middleware(Guards, door=door)], lifespan=self._life)

    @asynccontextmanager
    async def _life(self, app: Starlette) -> AsyncIterator[None]:
        starting = asyncio.gather(self.judging.start(), self.quick.start())  # the page is there before they are
        try:
            yield
        finally:
            starting.cancel()
            with suppress(asyncio.CancelledError):
                await starting
            await asyncio.gather(self.judging.close(), self.quick.close())

    async def ask(self, request: Request) -> Stream:
        """The answer to a question, as it is found."""
        asked = question(await _json(request))
        self.judging.admit()
        return Stream(self.judging.ask("judge", asked))

    async def read(self, request: Request) -> Response:
        """Shapes, readings and mistakes, while one types."""
        return await _only(request, self.quick, "read", question(await _json(request)))

    async def draw(self, request: Request) -> Response:
        """The counterexample and the footprint at other sizes."""
        data = _fields(await _json(request), {"question", "sizes", "number"})
        number = data.get("number", 0)
        if not isinstance(number, int) or isinstance(number, bool) or not 0 <= number < 10_000:
            raise BadQuestion("number counts the verdicts of the claim, from 0")
        return await _only(
            request, self.quick, "draw", question(data.get("question")), sizes(data.get("sizes")), number
        )

    async def export(self, request: Request) -> Response:
        """The question with its answer as a file."""
        data = _fields(await _json(request), {"question", "format"})
        if data.get("format") not in FORMATS:
            raise BadQuestion(f"format is one of {', '.join(FORMATS)}")
        return await _only(request, self.judging, "export", question(data.get("question")), data["format"])

    async def judge(self, request: Request) -> Response:
        """The record of `verify --json`: of a question, or of `{"document": "..."}`."""
        data = await _json(request)
        if isinstance(data, Mapping) and "document" in data:
            text = texts(data, ("document",))["document"]
            if len(text) > LARGEST_DOCUMENT:
                raise BadQuestion(
                    f"a document has at most {LARGEST_DOCUMENT} characters here, and this one {len(text)}"
                )
            return await _only(request, self.judging, "record", text)
        return await _only(request, self.judging, "record", question(data))


def _fields(data: Any, allowed: set[str]) -> Mapping[str, Any]:
    if not isinstance(data, Mapping) or set(data) - allowed:
        raise BadQuestion(f"this takes a JSON object of {', '.join(sorted(allowed))}")
    return data


async def _json(request: Request) -> Any:
    try:
        return json.loads((await request.body()).decode("utf-8"), parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise BadQuestion(f"the body is no JSON: {str(error)[:200]}") from None


def _no_number(word: str) -> Any:
    raise ValueError(f"{word} is no number of JSON")


async def _only(request: Request, pool: Pool, kind: str, *arguments: Any) -> Response:
    """The one event of a task as a JSON answer; a limit is 503, a defect 500."""

    async def events() -> list[Event]:
        async with aclosing(pool.ask(kind, *arguments)) as coming:  # type: ignore[type-var]
            return [event async for event in coming]

    found = await _while_there(request.receive, events())
    name, data = found[-1] if found else ("defect", {"said": "there is no answer"})
    status = {"limit": 503, "defect": 500}.get(name, 200)
    return JSONResponse(data if status == 200 else {"error": data["said"]}, status_code=status)


def _careful(handler: Callable[[Request], Any]) -> Callable[[Request], Any]:
    """A handler whose refusals are answers."""

    async def careful(request: Request) -> Any:
        try:
            return await handler(request)
        except BadQuestion as error:
            return JSONResponse({"error": str(error)}, status_code=400)
        except Busy:
            return JSONResponse({"error": "Too many questions wait; try again soon."}, status_code=503)

    return careful


def _file(name: str, kind: str) -> Callable[[Request], Any]:
    return _content((STATIC / name).read_bytes(), kind)


def _style() -> Callable[[Request], Any]:
    """The report's style, and what the page has beyond it."""
    return _content((STYLE + (STATIC / "page.css").read_text("utf-8")).encode(), "text/css; charset=utf-8")


def _content(content: bytes, kind: str) -> Callable[[Request], Any]:
    async def answer(request: Request) -> Response:
        return Response(content, headers={"content-type": kind})

    return answer


def _examples() -> Callable[[Request], Any]:
    found = examples()

    async def answer(request: Request) -> Response:
        return JSONResponse(found)

    return answer


async def _health(request: Request) -> Response:
    return JSONResponse({"gradproof": version("gradproof")})
