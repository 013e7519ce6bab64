"""The parser of a grammar, its tables remembered: to compute them takes ten times as long as to read them.

Law: the tables are those that the grammar gives. A file is believed only if it is this user's alone, was written for
this text of the grammar and this version of the parser generator, and has the digest that was written with it; it is
JSON, so that nothing in it is run. What cannot be read or written costs time and nothing else.
"""

from __future__ import annotations

import hashlib
import io
import json
import pickle
import platform
from contextlib import suppress
from importlib import metadata
from pathlib import Path
from typing import Any

from lark import Lark

from derivations.language.private import default_location, make_private

KEYS = "\0keys"  # what JSON cannot say: a table by numbers


def lalr(grammar: str, **options: Any) -> Lark:
    """The LALR parser of a grammar; `options` are Lark's, numbers, texts and lists of them."""
    told = json.dumps([grammar, options, metadata.version("lark"), platform.python_version()], sort_keys=True)
    key = hashlib.sha256(told.encode()).hexdigest()
    directory = default_location()
    path = directory / f"grammar-{key[:32]}.json"
    with suppress(OSError, ValueError, LookupError, TypeError, AttributeError):
        return _read(directory, path)
    parser = Lark(grammar, parser="lalr", **options)
    with suppress(OSError):
        _write(directory, path, parser)
    return parser


def _read(directory: Path, path: Path) -> Lark:
    if not path.exists():
        raise FileNotFoundError(path)
    make_private(directory, path)
    digest, _, text = path.read_text(encoding="utf-8").partition("\n")
    if digest != _digest(path, text):
        raise ValueError("this is not what was written")
    return Lark.load(io.BytesIO(pickle.dumps(_from_json(json.loads(text)))))


def _write(directory: Path, path: Path, parser: Lark) -> None:
    stored = io.BytesIO()
    parser.save(stored)
    text = json.dumps(_to_json(pickle.loads(stored.getvalue())), ensure_ascii=False)
    make_private(directory, path)
    for old in directory.glob("grammar-*.json"):
        if old != path:
            old.unlink(missing_ok=True)
    path.write_text(f"{_digest(path, text)}\n{text}", encoding="utf-8")


def _digest(path: Path, text: str) -> str:
    return hashlib.sha256(f"{path.name}\0{text}".encode()).hexdigest()


def _to_json(value: Any) -> Any:
    if isinstance(value, dict):
        if all(isinstance(key, str) for key in value):
            return {key: _to_json(each) for key, each in value.items()}
        return {KEYS: [[_to_json(key), _to_json(each)] for key, each in value.items()]}
    return [_to_json(each) for each in value] if isinstance(value, list | tuple) else value


def _from_json(value: Any) -> Any:
    if isinstance(value, dict):
        if KEYS in value:
            return {key: _from_json(each) for key, each in value[KEYS]}
        return {key: _from_json(each) for key, each in value.items()}
    return [_from_json(each) for each in value] if isinstance(value, list) else value
