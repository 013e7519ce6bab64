"""Files of the language: read, decoded, normalised, and the notation files that a document names.

Law: files are checked for size and encoding before anything else looks at them; a notation file stands beside its
document.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePath

from derivations.language import limits
from derivations.language.errors import InputError, Place, did_you_mean
from derivations.language.source import Statement, lines_of, statements

NOTATION_FILE = re.compile(r"\s*notation\s+(?P<name>\S+)\s*\Z")


def read_text(path: str | Path) -> str:
    """The text of a UTF-8 file within the limits; raises InputError."""
    file = Path(path)
    place = Place(str(path))
    try:
        if file.is_dir():
            raise InputError("this is a directory", place, "a Markdown file", f"name a file in it: {file / 'notes.md'}")
        with file.open("rb") as stream:
            data = stream.read(limits.FILE_BYTES + 1)
    except FileNotFoundError:
        raise InputError("there is no such file", place, "a Markdown file", _near(file)) from None
    except (OSError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        why = getattr(error, "strerror", None) or str(error)
        raise InputError(f"the file cannot be read: {why}", place, "a readable Markdown file") from None
    return decoded(data, str(path))


def _near(file: Path) -> str:
    try:
        names = [part.name for part in file.parent.iterdir()] if file.parent.is_dir() else []
    except OSError:
        names = []
    return did_you_mean(file.name, names[:1000])


def decoded(data: bytes, name: str) -> str:
    """The text of a document's bytes within the limits; raises InputError."""
    if len(data) > limits.FILE_BYTES:
        raise InputError(
            "the file is too large",
            Place(name),
            f"at most {limits.FILE_BYTES} bytes (limit FILE_BYTES)",
            "split the document",
        )
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start]
        line = before.count(b"\n") + 1
        start = before.rfind(b"\n") + 1
        column = len(before[start:].decode("utf-8", "replace")) + 1
        whole = data[start:].split(b"\n", 1)[0].decode("utf-8", "replace").rstrip("\r")
        place = Place(name, line, column, whole)
        raise InputError(
            f"byte 0x{data[error.start]:02x} is not UTF-8",
            place,
            "a text file in UTF-8",
            "save the file in UTF-8",
        ) from None


def normalised(text: str) -> str:
    """A text with one kind of line end and without a byte order mark."""
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").replace("\0", "\ufffd")


def included(lines: Iterable[Statement], alone: bool = False) -> Iterator[Statement]:
    """The lines of a notation block, those of a file that it names (`notation FILE`) in their place; of a text that is
    alone, none is read."""
    for line in lines:
        match = NOTATION_FILE.match(line.text)
        if match is None:
            yield line
            continue
        name, start = match["name"], match.start("name")
        if alone:
            raise line.error("no file is read here", start, expected="a line such as X \\ast Y is conv(Y, X, valid)")
        if PurePath(name).is_absolute() or ".." in PurePath(name).parts:
            raise line.error("a notation file stands beside the document", start, expected="such as shared.notation")
        path = Path(line.file).parent / name
        if not path.is_file():
            raise line.error("there is no such notation file", start, expected=f"a file {path}", fix=_near(path))
        for inner in statements(lines_of(normalised(read_text(path))), str(path)):
            if NOTATION_FILE.match(inner.text):
                raise inner.error("a notation file names no other one", *inner.extent)
            yield inner
