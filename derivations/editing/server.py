"""`gradproof lsp`: a server of the Language Server Protocol over standard input and output.

Law: the editor never waits for a proof: texts are judged in a process of their own, and marks come when they are there.
What is shown under the cursor is read in this one.

Source: Microsoft, Language Server Protocol Specification 3.17.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import threading
from contextlib import suppress
from importlib.metadata import version
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any

from lsprotocol import types
from pygls.lsp.server import LanguageServer
from pygls.uris import to_fs_path
from pygls.workspace import PositionCodec, TextDocument

from derivations.editing import cursor
from derivations.editing.findings import Edit, Mark, Span
from derivations.editing.judging import Answer, live

SEVERITIES = {
    "error": types.DiagnosticSeverity.Error,
    "warning": types.DiagnosticSeverity.Warning,
    "hint": types.DiagnosticSeverity.Hint,
}
KINDS = {
    "operator": types.CompletionItemKind.Function,
    "function": types.CompletionItemKind.Function,
    "name": types.CompletionItemKind.Variable,
    "size": types.CompletionItemKind.Constant,
    "keyword": types.CompletionItemKind.Keyword,
}
TYPING_SECONDS = 0.05  # of silence, after which a text is judged


class Server(LanguageServer):
    """The server, with the process that judges for it."""

    def __init__(self) -> None:
        super().__init__("gradproof", version("gradproof"))
        self.marks: dict[str, list[Mark]] = {}
        self._versions: dict[str, int] = {}
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._connection: Connection | None = None
        self._process: BaseProcess | None = None

    def changed(self, uri: str) -> None:
        """A text is there, or another one: judged when its author pauses."""
        if uri in self._timers:
            self._timers[uri].cancel()
        self._timers[uri] = asyncio.get_running_loop().call_later(TYPING_SECONDS, self._ask, uri)

    def closed(self, uri: str) -> None:
        """The text is no longer shown."""
        if uri in self._timers:
            self._timers.pop(uri).cancel()
        self.marks.pop(uri, None)
        self._versions.pop(uri, None)
        self.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri=uri, diagnostics=[]))

    def _ask(self, uri: str) -> None:
        document = self.workspace.get_text_document(uri)
        self._versions[uri] = document.version or 0
        path = to_fs_path(uri) or uri
        self._judge().send((uri, path, self._versions[uri], document.source))

    def _judge(self) -> Connection:
        """The connection to the process that judges, which is started on first use, and again where it has ended."""
        if self._connection is None:
            context = multiprocessing.get_context(
                "spawn"
            )  # no copy of this process: it has threads and the editor's pipes
            self._connection, theirs = context.Pipe()
            self._process = context.Process(target=live, args=(theirs,))
            self._process.start()
            theirs.close()
            loop = asyncio.get_running_loop()
            threading.Thread(target=self._listen, args=(self._connection, loop), daemon=True).start()
        return self._connection

    def _listen(self, connection: Connection, loop: asyncio.AbstractEventLoop) -> None:
        try:
            while True:
                answer: Answer = connection.recv()
                loop.call_soon_threadsafe(self._show, answer)
        except (EOFError, OSError):
            if self._connection is connection:
                self._connection = None

    def end(self) -> None:
        """Lets the process that judges go."""
        connection, self._connection = self._connection, None
        if connection is not None and self._process is not None:
            with suppress(OSError):
                connection.send(None)
            self._process.join(1)
            self._process.kill()  # in the middle of a proof it hears nothing; its workers end with it
            connection.close()

    def _show(self, answer: Answer) -> None:
        uri, judged, found, _ = answer
        if self._versions.get(uri) != judged:
            return
        self.marks[uri] = found
        document = self.workspace.get_text_document(uri)
        diagnostics = [
            types.Diagnostic(
                range=_range(document, mark.span),
                message=mark.text,
                severity=SEVERITIES[mark.severity],
                source="gradproof",
                code=mark.code,
            )
            for mark in found
        ]
        parameters = types.PublishDiagnosticsParams(uri=uri, diagnostics=diagnostics, version=judged)
        self.text_document_publish_diagnostics(parameters)


def create() -> Server:
    """A server with its features."""
    server = Server()

    @server.feature(types.TEXT_DOCUMENT_DID_OPEN)
    def opened(ls: Server, given: types.DidOpenTextDocumentParams) -> None:
        ls.changed(given.text_document.uri)

    @server.feature(types.TEXT_DOCUMENT_DID_CHANGE)
    def changed(ls: Server, given: types.DidChangeTextDocumentParams) -> None:
        ls.changed(given.text_document.uri)

    @server.feature(types.TEXT_DOCUMENT_DID_CLOSE)
    def closed(ls: Server, given: types.DidCloseTextDocumentParams) -> None:
        ls.closed(given.text_document.uri)

    @server.feature(types.SHUTDOWN)
    def shut_down(ls: Server, _: None) -> None:
        ls.end()

    @server.feature(types.TEXT_DOCUMENT_HOVER)
    def hover(ls: Server, given: types.HoverParams) -> types.Hover | None:
        document, line, column = _cursor(ls, given)
        found = cursor.hover(document.source, line, column)
        if found is None:
            return None
        content = types.MarkupContent(kind=types.MarkupKind.Markdown, value=found.text)
        return types.Hover(contents=content, range=_range(document, found.span))

    @server.feature(types.TEXT_DOCUMENT_DEFINITION)
    def definition(ls: Server, given: types.DefinitionParams) -> types.Location | None:
        document, line, column = _cursor(ls, given)
        found = cursor.definition(document.source, line, column)
        return None if found is None else types.Location(uri=document.uri, range=_range(document, found))

    @server.feature(types.TEXT_DOCUMENT_COMPLETION, types.CompletionOptions(trigger_characters=["`"]))
    def complete(ls: Server, given: types.CompletionParams) -> types.CompletionList:
        document, line, column = _cursor(ls, given)
        found = cursor.completions(document.source, line, column)
        items = [
            types.CompletionItem(label=each.word, kind=KINDS[each.kind], detail=each.detail, sort_text=f"{number:04}")
            for number, each in enumerate(found)
        ]
        return types.CompletionList(is_incomplete=False, items=items)

    @server.feature(
        types.TEXT_DOCUMENT_CODE_ACTION, types.CodeActionOptions(code_action_kinds=[types.CodeActionKind.QuickFix])
    )
    def actions(ls: Server, given: types.CodeActionParams) -> list[types.CodeAction]:
        uri = given.text_document.uri
        document = ls.workspace.get_text_document(uri)
        first, last = given.range.start.line + 1, given.range.end.line + 1
        return [
            _action(document, edit, number == 0)
            for mark in ls.marks.get(uri, ())
            if mark.span.line <= last and first <= mark.span.last_line
            for number, edit in enumerate(mark.edits)
        ]

    return server


def _action(document: TextDocument, edit: Edit, preferred: bool) -> types.CodeAction:
    change = types.TextEdit(range=_range(document, edit.span), new_text=edit.text)
    return types.CodeAction(
        title=edit.title,
        kind=types.CodeActionKind.QuickFix,
        is_preferred=preferred,
        edit=types.WorkspaceEdit(changes={document.uri: [change]}),
    )


def _cursor(ls: Server, given: Any) -> tuple[TextDocument, int, int]:
    """The document, the line from 1 and the column from 0 in characters."""
    document = ls.workspace.get_text_document(given.text_document.uri)
    position = _codec(document).position_from_client_units(document.lines, given.position)
    return document, position.line + 1, position.character


def _range(document: TextDocument, span: Span) -> types.Range:
    lines = document.lines
    at = (types.Position(span.line - 1, span.column), types.Position(span.last_line - 1, span.last_column))
    start, end = (_codec(document).position_to_client_units(lines, _inside(lines, each)) for each in at)
    return types.Range(start=start, end=end)


def _inside(lines: Any, position: types.Position) -> types.Position:
    """A position that is no further than its line is long: what was judged may be older than what is shown."""
    line = min(position.line, max(len(lines) - 1, 0))
    length = len(lines[line].rstrip("\r\n")) if lines else 0
    return types.Position(line, min(position.character, length))


def _codec(document: TextDocument) -> PositionCodec:
    return document.position_codec


def run() -> None:
    """Serves until the editor ends it."""
    server = create()
    try:
        server.start_io()
    finally:
        server.end()
