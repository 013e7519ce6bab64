"""The manifest of a directory of obligations: which verdicts there are, and which files each rests on.

    {"schema": 1, "digest": …, "verdicts": [{"document", "id", "link", "reading", "verdict", "statement",
                                             "questions": [file, ...]}]}

Law: a file that the manifest names lies in the directory; whatever is not so is an error with its place. A verdict may
name no file, which the report counts. The digest is of the verdicts and of all that their files say, so that a question
that was lost, changed or exchanged since is noticed; it is no signature, and whoever means to deceive makes a new one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

NAME = "manifest.json"
SCHEMA = 1
VERDICTS = ("proved", "holds where", "refuted")


class ManifestError(Exception):
    """A directory that is none of obligations, and why."""


@dataclass(frozen=True)
class Entry:
    """One verdict with the files of its questions."""

    document: str
    id: str
    link: int
    reading: Mapping[str, str]
    verdict: str
    statement: str
    questions: tuple[str, ...]

    @property
    def name(self) -> str:
        """The claim, its reading and its link, for messages."""
        chosen = ", ".join(f"{name}={value}" for name, value in self.reading.items())
        return f"{self.id}{f' [{chosen}]' if chosen else ''}{f' link {self.link}' if self.link > 1 else ''}"


def digest(directory: Path, verdicts: Sequence[Mapping[str, Any]]) -> str:
    """A digest of verdicts as the manifest lists them, and of the files that they name; a missing one is empty."""
    found = blake2b(json.dumps(verdicts, sort_keys=True).encode(), digest_size=16)
    for name in (name for verdict in verdicts for name in verdict["questions"]):
        path = directory / name
        found.update(b"\0" + (path.read_bytes() if path.is_file() else b""))
    return found.hexdigest()


@dataclass(frozen=True)
class Manifest:
    """The verdicts of a directory, and whether it is as it was written."""

    entries: tuple[Entry, ...]
    untouched: bool


def load(directory: Path) -> Manifest:
    """What a directory holds; raises ManifestError."""
    path = directory / NAME
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ManifestError(f"{path}: {error.strerror or error}; `gradproof verify --obligations` writes it") from None
    except ValueError as error:
        raise ManifestError(f"{path}: {error}") from None
    if not isinstance(record, dict) or record.get("schema") != SCHEMA or not isinstance(record.get("verdicts"), list):
        raise ManifestError(f'{path}: an object with "schema": {SCHEMA} and a list "verdicts" is expected')
    entries = tuple(_entry(path, number, item) for number, item in enumerate(record["verdicts"], 1))
    return Manifest(entries, record.get("digest") == digest(directory, record["verdicts"]))


_TYPES = {"document": str, "id": str, "link": int, "reading": dict, "verdict": str, "statement": str, "questions": list}


def _entry(path: Path, number: int, item: Any) -> Entry:
    if not isinstance(item, dict):
        raise ManifestError(f"{path}: verdict {number} is no object")
    for key, kind in _TYPES.items():
        if not isinstance(item.get(key), kind) or isinstance(item.get(key), bool):
            raise ManifestError(f'{path}: verdict {number} has no {kind.__name__} "{key}"')
    if item["verdict"] not in VERDICTS:
        raise ManifestError(f"{path}: verdict {number} is {item['verdict']!r}, not one of {', '.join(VERDICTS)}")
    for name in item["questions"]:
        if not isinstance(name, str) or Path(name).is_absolute() or ".." in Path(name).parts:
            raise ManifestError(f"{path}: verdict {number} names {name!r}, which is no file of this directory")
    values = {key: item[key] for key in _TYPES if key != "questions"}
    return Entry(**values, questions=tuple(item["questions"]))
