"""The language server as a real client meets it: marks as one types, hover, completion, definition, quick fixes."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

pytest.importorskip("pygls")

from lsprotocol import types
from pygls.lsp.client import LanguageClient

NOTES = """# A layer 𝛿

```given
dims N, D, M
tensor X[N, D], W[D, M]
Y = X @ W
loss J(Y)
G = grad(J, Y)
```

```claim weights
grad(J, W) == X.T @ G
```

```claim input
  grad(J, X) == W.T @ G
```

```claim typo
gard(J, X) == G @ W.T
```
"""
URI = "file:///elsewhere/notes.md"
LINES = NOTES.split("\n")
SECONDS = 90


class Client:
    """A client with the marks that the server has published, by version."""

    def __init__(self) -> None:
        self.client = LanguageClient("test", "1")
        self.published: asyncio.Queue[types.PublishDiagnosticsParams] = asyncio.Queue()

        @self.client.feature(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
        def publish(given: types.PublishDiagnosticsParams) -> None:
            self.published.put_nowait(given)

    async def start(self) -> types.InitializeResult:
        await self.client.start_io(sys.executable, "-m", "derivations.cli", "lsp")
        given = types.InitializeParams(capabilities=types.ClientCapabilities(), root_uri=None, process_id=None)
        found = await self.client.initialize_async(given)
        self.client.initialized(types.InitializedParams())
        return found

    def open(self, text: str) -> None:
        item = types.TextDocumentItem(uri=URI, language_id="markdown", version=1, text=text)
        self.client.text_document_did_open(types.DidOpenTextDocumentParams(text_document=item))

    def change(self, version: int, span: types.Range, text: str) -> None:
        change = types.TextDocumentContentChangePartial(range=span, text=text)
        document = types.VersionedTextDocumentIdentifier(version=version, uri=URI)
        given = types.DidChangeTextDocumentParams(text_document=document, content_changes=[change])
        self.client.text_document_did_change(given)

    async def marks(self, wanted: Callable[[types.PublishDiagnosticsParams], bool]) -> list[types.Diagnostic]:
        while True:
            found = await asyncio.wait_for(self.published.get(), SECONDS)
            if wanted(found):
                return list(found.diagnostics)

    async def stop(self) -> None:
        await self.client.shutdown_async(None)
        self.client.exit(None)
        await self.client.stop()


def in_session(steps: Callable[[Client], Awaitable[None]]) -> None:
    """Runs steps with a client of a server in a process of its own."""

    async def whole() -> None:
        client = Client()
        await client.start()
        try:
            await steps(client)
        finally:
            await asyncio.wait_for(client.stop(), SECONDS)

    asyncio.run(whole())


def at(part: str, within: int = 0) -> dict[str, Any]:
    """The position of a part of the document, some characters into it, as requests take it."""
    line = next(number for number, each in enumerate(LINES) if part in each)
    position = types.Position(line, LINES[line].index(part) + within)
    return {"text_document": types.TextDocumentIdentifier(uri=URI), "position": position}


def covered(span: types.Range) -> str:
    assert span.start.line == span.end.line
    return LINES[span.start.line][span.start.character : span.end.character]


def is_whole(given: types.PublishDiagnosticsParams) -> bool:
    return len(given.diagnostics) == 3


async def look_around(client: Client) -> None:
    async def hover(part: str, within: int = 0) -> str:
        found = await client.client.text_document_hover_async(types.HoverParams(**at(part, within)))
        assert found is not None
        assert isinstance(found.contents, types.MarkupContent)
        return found.contents.value

    shown = await hover("Y = X")
    assert "Y: N × M" in shown
    assert "Y[i, j] = sum[k](X[i, k] * W[k, j])" in shown
    assert "W: D × M" in await hover("grad(J, W) ==", 8)
    assert "the gradient of a loss" in await hover("grad(J, W) ==", 2)
    nothing = await client.client.text_document_hover_async(types.HoverParams(**at("# A layer")))
    assert nothing is None

    found = await client.client.text_document_definition_async(types.DefinitionParams(**at("X.T @ G")))
    assert isinstance(found, types.Location)
    assert (found.range.start.line, covered(found.range)) == (4, "X")

    given = types.CompletionParams(**at("grad(J, W) =="))
    listed = await client.client.text_document_completion_async(given)
    assert isinstance(listed, types.CompletionList)
    words = [item.label for item in listed.items]
    assert {"where", "expect", "N", "X", "Y", "J", "conv", "tanh", "grad"} <= set(words)
    assert words.index("X") < words.index("conv")


def test_a_session_of_an_editor() -> None:
    """Each claim has its mark; hover gives shape, index form and operators; definitions are found; completion knows the
    context; the quick fixes put the nearest true formula, and the word that was meant, in the place; after an edit the
    marks are those of the new text."""

    async def steps(client: Client) -> None:
        client.open(NOTES)
        found = {covered(each.range): each for each in await client.marks(is_whole)}
        assert set(found) == {"grad(J, W) == X.T @ G", "grad(J, X) == W.T @ G", "gard"}
        assert found["grad(J, W) == X.T @ G"].severity == types.DiagnosticSeverity.Hint
        assert found["grad(J, W) == X.T @ G"].code == "proved"
        false = found["grad(J, X) == W.T @ G"]
        assert false.severity == types.DiagnosticSeverity.Error
        assert "at N = 1, D = 1, M = 2" in false.message
        assert "did you mean grad?" in found["gard"].message

        await look_around(client)
        document = types.TextDocumentIdentifier(uri=URI)
        edits = []
        for each in (false, found["gard"]):
            context = types.CodeActionContext(diagnostics=[each])
            given = types.CodeActionParams(text_document=document, range=each.range, context=context)
            actions = await client.client.text_document_code_action_async(given)
            assert actions
            assert isinstance(actions[0], types.CodeAction)
            assert actions[0].edit is not None
            assert actions[0].edit.changes is not None
            edits.append(actions[0].edit.changes[URI][0])
        assert [edit.new_text for edit in edits] == ["grad(J, X) == G @ W.T", "grad"]
        for version, edit in enumerate(reversed(edits), 2):
            assert isinstance(edit, types.TextEdit)
            client.change(version, edit.range, edit.new_text)
        mended = await client.marks(lambda given: given.version == 3 and is_whole(given))
        assert [each.code for each in mended] == ["proved"] * 3

    in_session(steps)


def test_the_server_ends_as_it_is_asked_to() -> None:
    """After `shutdown` and `exit` the server ends with status 0 and has said nothing beside its answers."""
    messages = [
        {"id": 1, "method": "initialize", "params": {"processId": None, "rootUri": None, "capabilities": {}}},
        {"method": "initialized", "params": {}},
        {"id": 2, "method": "shutdown"},
        {"method": "exit"},
    ]
    bodies = [json.dumps({"jsonrpc": "2.0", **message}) for message in messages]
    asked = "".join(f"Content-Length: {len(body)}\r\n\r\n{body}" for body in bodies)
    command = [sys.executable, "-m", "derivations.cli", "lsp"]
    done = subprocess.run(command, input=asked.encode(), capture_output=True, timeout=SECONDS)
    assert done.stderr == b""
    assert done.returncode == 0
    assert b'"id": 2' in done.stdout or b'"id":2' in done.stdout
