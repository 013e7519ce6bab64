"""Remembers verdicts between runs, so that an unchanged document is judged at once.

Law: a remembered verdict is the verdict that judging again would give. So the key is a digest of everything that a
verdict depends on: the text of the claim and of its whole context (blanks and comments apart), the source of both
packages, and the versions of Python and of the libraries trusted. Contradictions, defects and anything that wall time
or memory decided are never remembered. What is read back is believed only if it lies in a directory and a file that
nobody else can write, and if it has the digest that was written with it; whatever else lies there is left alone, said
once, and every claim is judged.

Beside them stands which claims failed when they were judged last, whatever their text is now: for `--failed`.

One SQLite file: safe under concurrent runs, and a killed one leaves whole entries. A cache that cannot be used costs
time, never the run.

What it cannot see: another program of the same user that writes whole entries with their digests.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import sqlite3
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, Protocol, TypeVar

from derivations.judgement.verdict import Evidence, Short, Step, Verdict, Witness
from derivations.language.private import default_location, make_private

T = TypeVar("T")
# All that a verdict comes of: reading, deciding, evaluating.
TRUSTED = ("sympy", "islpy", "z3-solver", "cvc5", "mpmath", "numpy", "lark")
STALE_SECONDS = 30 * 86400  # entries of other versions of the source are removed after a month
PATIENCE_SECONDS = 5.0  # for another run that is writing
NAME = "verdicts.sqlite3"
TABLES = """
CREATE TABLE IF NOT EXISTS versions (version TEXT PRIMARY KEY, used REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS entries (key TEXT PRIMARY KEY, version TEXT NOT NULL, digest TEXT NOT NULL,
                                    record TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS failures (document TEXT, id TEXT, noted REAL NOT NULL, PRIMARY KEY (document, id))
    WITHOUT ROWID;
"""


@cache
def source_digest() -> str:
    """A digest of what decides: every source file of both packages, Python and the trusted libraries'
    versions."""
    digest = hashlib.sha256()
    root = Path(__file__).resolve().parents[2]
    for package in ("derivations", "numeric"):
        for path in sorted((root / package).rglob("*")):
            if path.suffix in (".py", ".lark"):
                digest.update(str(path.relative_to(root)).encode())
                digest.update(hashlib.sha256(path.read_bytes()).digest())
    versions = [platform.python_version(), *(f"{name} {_version(name)}" for name in TRUSTED)]
    digest.update("\n".join(versions).encode())
    return digest.hexdigest()


@cache
def _names(folder: str) -> list[str]:
    return os.listdir(folder)


def _version(library: str) -> str:
    """The version of a library, from the name of the directory that pip left beside it: to read what stands in there
    takes longer than all the rest of a remembered run."""
    wanted = re.compile(rf"{library.replace('-', '[-_.]')}-([^-]+)[.]dist-info", re.IGNORECASE)
    for folder in sys.path:
        with suppress(OSError):
            found = sorted(match[1] for match in map(wanted.fullmatch, _names(folder or ".")) if match)
            if found:
                return " ".join(found)
    from importlib import metadata

    return metadata.version(library)


class Remembers(Protocol):
    """Whatever knows verdicts by the key of their claim's text."""

    def read(self, key: str) -> tuple[Verdict, ...] | None: ...

    def write(self, key: str, verdicts: Sequence[Verdict]) -> None: ...


class Remembered:
    """Verdicts by the key of their claim's text, wherever they lie. `trouble` says why they are not used, or what was
    wrong with them; empty where nothing is."""

    def __init__(self, variant: str = "") -> None:
        """`variant` names what else the verdicts depend on, such as the thoroughness of the numeric
        evidence."""
        self._version, self._variant = source_digest(), variant
        self.trouble = ""

    def read(self, key: str) -> tuple[Verdict, ...] | None:
        """The remembered verdicts of a claim by the key of its text; None where there are none that can be believed."""
        entry = self._entry(key)
        found = self._get(entry)
        with suppress(ValueError, TypeError, KeyError, RecursionError):
            if found is not None and found[0] == self._digest(entry, found[1]):
                return tuple(map(_verdict, json.loads(found[1])))
        return None

    def write(self, key: str, verdicts: Sequence[Verdict]) -> None:
        """Remembers verdicts that may be remembered; others are passed over."""
        if not verdicts or not all(may_be_remembered(verdict) for verdict in verdicts):
            return
        try:
            text = json.dumps([verdict.as_json() for verdict in verdicts], ensure_ascii=False)
            if tuple(_verdict(record) for record in json.loads(text)) != tuple(verdicts):
                return  # data that JSON would change is judged again each time
        except (TypeError, ValueError, RecursionError):
            return
        entry = self._entry(key)
        self._put(entry, self._digest(entry, text), text)

    def note(self, document: str, identifier: str, failed: bool) -> None:
        """Remembers whether a claim of a document failed, where that is kept."""

    def close(self) -> None:
        """Lets go of what holds the verdicts."""

    def _entry(self, key: str) -> str:
        """The key of a claim in this version of the source and this variant."""
        return hashlib.sha256("\0".join((self._version, self._variant, key)).encode()).hexdigest()

    def _digest(self, entry: str, record: str) -> str:
        return hashlib.sha256(f"{entry}\0{record}".encode()).hexdigest()

    def _get(self, entry: str) -> tuple[str, str] | None:
        """Digest and text of an entry."""
        raise NotImplementedError

    def _put(self, entry: str, digest: str, text: str) -> None:
        raise NotImplementedError


class Cache(Remembered):
    """Verdicts in one SQLite file of this user."""

    def __init__(self, location: Path | None = None, variant: str = "") -> None:
        """`location` is the directory of the file."""
        super().__init__(variant)
        self._directory = location or default_location()
        self._path = self._directory / NAME
        self._connection: sqlite3.Connection | None = None
        self._is_closed = False
        self._failed: dict[str, set[str]] = {}

    def failed(self, document: str) -> set[str]:
        """The names of a document's claims that failed when they were judged last."""
        path = os.path.abspath(document)
        if path not in self._failed:
            question = "SELECT id FROM failures WHERE document = ?"
            rows = self._ask(lambda connection: connection.execute(question, (path,)).fetchall())
            self._failed[path] = {str(row[0]) for row in rows or ()}
        return set(self._failed[path])

    def note(self, document: str, identifier: str, failed: bool) -> None:
        """Remembers whether a claim failed; written only where that has changed."""
        if (identifier in self.failed(document)) == failed:
            return
        row = (os.path.abspath(document), identifier)
        if failed:
            self._failed[row[0]].add(identifier)
            values = (*row, time.time())
            self._ask(lambda connection: connection.execute("INSERT OR REPLACE INTO failures VALUES (?, ?, ?)", values))
        else:
            self._failed[row[0]].discard(identifier)
            statement = "DELETE FROM failures WHERE document = ? AND id = ?"
            self._ask(lambda connection: connection.execute(statement, row))

    def _get(self, entry: str) -> tuple[str, str] | None:
        return self._ask(lambda connection: _row(connection, entry))

    def _put(self, entry: str, digest: str, text: str) -> None:
        values = (entry, self._version, digest, text)
        self._ask(lambda connection: connection.execute("INSERT OR REPLACE INTO entries VALUES (?, ?, ?, ?)", values))

    def close(self, now: Callable[[], float] = time.time) -> None:
        """Notes that this version of the source was used, removes what others left behind more than a month ago, and
        lets go of the file."""
        if self._connection is not None:
            self._ask(lambda connection: _prune(connection, self._version, now()))
        self._let_go()

    def _ask(self, question: Callable[[sqlite3.Connection], T]) -> T | None:
        """The answer of the database, opened if need be; None where there is none. What fails ends the use of the
        cache; a file that is no database, or a damaged one, is removed."""
        if self._is_closed:
            return None
        try:
            if self._connection is None:
                self._connection = self._connect()
            return question(self._connection)
        except sqlite3.OperationalError as error:  # locked, full, read-only
            self._give_up(f"the cache of verdicts is not used: {self._path}: {error}")
        except sqlite3.DatabaseError as error:
            self._give_up(f"the cache of verdicts was damaged and is removed: {self._path}: {error}")
            with suppress(OSError):
                self._path.unlink()
        except OSError as error:
            self._give_up(f"the cache of verdicts is not used: {error.filename or self._path}: {error.strerror}")
        return None

    def _connect(self) -> sqlite3.Connection:
        make_private(self._directory, self._path)
        connection = sqlite3.connect(self._path, timeout=PATIENCE_SECONDS, isolation_level=None)
        # A power failure may damage the file, which is noticed; no run waits for a disk.
        connection.execute("PRAGMA synchronous = OFF")
        connection.executescript(TABLES)
        return connection

    def _give_up(self, why: str) -> None:
        self.trouble = self.trouble or why
        self._let_go()

    def _let_go(self) -> None:
        self._is_closed = True
        if self._connection is not None:
            with suppress(sqlite3.Error):
                self._connection.close()
            self._connection = None


def _row(connection: sqlite3.Connection, entry: str) -> tuple[str, str] | None:
    found: tuple[str, str] | None = connection.execute(
        "SELECT digest, record FROM entries WHERE key = ?", (entry,)
    ).fetchone()
    return found


def _prune(connection: sqlite3.Connection, version: str, now: float) -> None:
    connection.execute("INSERT OR REPLACE INTO versions VALUES (?, ?)", (version, now))
    limit = (now - STALE_SECONDS,)
    connection.execute("DELETE FROM entries WHERE version IN (SELECT version FROM versions WHERE used < ?)", limit)
    connection.execute("DELETE FROM versions WHERE used < ?", limit)
    connection.execute("DELETE FROM failures WHERE noted < ?", limit)


def may_be_remembered(verdict: Verdict) -> bool:
    """Whether a verdict is a function of the claim alone.

    Undecided is judged again: what ended the search may have been this machine's time or memory.
    """
    return not verdict.contradiction and verdict.verdict != "undecided"


def _verdict(record: Mapping[str, Any]) -> Verdict:
    """The record that `Verdict.as_json` wrote."""
    values = dict(record)
    if values.get("witness") is not None:
        witness = dict(values["witness"])
        for name in ("index", "left_shape", "right_shape"):
            if witness.get(name) is not None:
                witness[name] = tuple(witness[name])
        values["witness"] = Witness(**witness)
    values["evidence"] = Evidence(**values["evidence"])
    values["steps"] = tuple(Step(**step) for step in values["steps"])
    if values.get("short") is not None:
        parts = {name: tuple(Step(**step) for step in steps) for name, steps in values["short"].items()}
        values["short"] = Short(**parts)
    for name in ("repair", "axioms"):
        values[name] = tuple(values[name])
    return Verdict(**values)
