"""The command `gradproof serve`: opens the door, starts the server, says where the page is.

Law: it answers this machine alone unless an address is named, and then it asks for a token.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    import socket

    from derivations.serving.app import Page
    from derivations.serving.guards import Door

LOOPBACK = "127.0.0.1"
PORT = 8731
SECONDS = 60.0  # for one question, its repairs and steps included
HOW_TO_GET = "the page needs Starlette and uvicorn. To get them: pip install 'gradproof[web]'"


def serve(
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="The port; 0 for a free one.")] = PORT,
    host: Annotated[
        str, typer.Option("--host", metavar="ADDRESS", help="Answer other machines at this address; asks for a token.")
    ] = LOOPBACK,
    name: Annotated[
        list[str] | None, typer.Option("--name", metavar="NAME", help="A host name of this machine; repeatable.")
    ] = None,
    token: Annotated[
        str, typer.Option("--token", envvar="GRADPROOF_TOKEN", help="The token; chosen by chance if none is given.")
    ] = "",
    processes: Annotated[int, typer.Option("-j", "--jobs", min=0, max=64, help="Workers; 0: one a core.")] = 0,
    seconds: Annotated[float, typer.Option("--limit", min=1, max=3600, help="Seconds for one question.")] = SECONDS,
) -> None:
    """A page for one formula, at 127.0.0.1: its verdict as it is found, pictures, other true formulas."""
    import secrets

    from derivations.serving.pool import prepared

    prepared()  # loads while the rest starts
    try:
        from derivations.serving.app import Page
        from derivations.serving.guards import LOCAL, Door
    except ModuleNotFoundError as missing:
        if (missing.name or "").partition(".")[0] not in ("starlette", "uvicorn", "anyio", "h11"):
            raise
        typer.echo(HOW_TO_GET, err=True)
        raise typer.Exit(2) from None
    is_local = host in LOCAL
    token = token if token or is_local else secrets.token_urlsafe(24)
    if token and len(token) < 16:
        raise typer.BadParameter("a token has at least 16 characters")
    names = frozenset({*LOCAL, *([] if host in ("0.0.0.0", "::") else [host.lower()]), *map(str.lower, name or ())})
    try:
        listening = listen(host, port)
    except OSError as error:
        typer.echo(f"{host}:{port}: {error.strerror or error}; try --port 0", err=True)
        raise typer.Exit(2) from None
    at = listening.getsockname()[1]
    shown = "127.0.0.1" if host in ("0.0.0.0", "::") else f"[{host}]" if ":" in host else host
    address = f"http://{shown}:{at}/{f'?token={token}' if token else ''}"
    typer.echo(f"{address}\nPress Ctrl+C to end.")
    if not is_local:
        typer.echo("The connection is not encrypted: use it in a network that you trust, or behind a proxy.", err=True)
    run(Page(processes or os.cpu_count() or 1, seconds), Door(names, token), listening)


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens; raises OSError."""
    import socket

    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except BaseException:
        listening.close()
        raise
    return listening


def run(page: Page, door: Door, listening: socket.socket) -> None:
    """Serves until it is interrupted."""
    import uvicorn

    from derivations.serving.protocol import Connection

    config = uvicorn.Config(
        page.app(door), http=Connection, ws="none", lifespan="on", log_level="warning", access_log=False,
        server_header=False, timeout_graceful_shutdown=2, backlog=512, proxy_headers=False,
        h11_max_incomplete_event_size=16_384,
    )  # fmt: skip
    uvicorn.Server(config).run(sockets=[listening])
