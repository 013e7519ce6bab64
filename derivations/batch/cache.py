"""Remembers verdicts between runs, so that an unchanged document is judged at once.

Law: a remembered verdict is the verdict that judging again would give. So the key is a digest of everything
that a verdict depends on: the claim's formulas, conditions and expectations and its context, node by node
(not their printed text, which hides the shapes), the source of both packages, and the versions of Python and
of the libraries trusted. Contradictions, defects and anything that wall time or memory decided are never
remembered.

Safe under concurrent runs: an entry is written beside its place and renamed; an unreadable entry is judged
again. A cache that cannot be written is no error.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, is_dataclass, replace
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

from derivations.formulas.claims import Claim
from derivations.judgement.verdict import Evidence, Step, Verdict, Witness

TRUSTED = ("sympy", "islpy", "z3-solver", "numpy")
STALE_SECONDS = 30 * 86400  # entries of other versions of the source are removed after a month
ELSEWHERE = ("document", "id", "line", "source")  # where a claim stands does not change whether it is true


def default_location() -> Path:
    """The platform's place for caches: $XDG_CACHE_HOME/gradproof, ~/.cache/gradproof, ~/Library/Caches,
    LOCALAPPDATA."""
    named = os.environ.get("XDG_CACHE_HOME", "")
    if os.path.isabs(named):  # the XDG specification: a relative path is ignored
        return Path(named) / "gradproof"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "gradproof"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home())) / "gradproof" / "cache"
    return Path.home() / ".cache" / "gradproof"


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
    versions = [platform.python_version(), *(f"{name} {metadata.version(name)}" for name in TRUSTED)]
    digest.update("\n".join(versions).encode())
    return digest.hexdigest()


def _parts(value: Any) -> Iterable[Any]:
    """What a value is made of: its kind first, then its parts or, for an atom, its text."""
    from sympy import Basic, Dummy, Symbol
    from sympy.core.symbol import Str

    if isinstance(value, Basic):
        yield type(value).__name__
        if isinstance(value, Str | Symbol):
            yield value.name
            yield repr(getattr(value, "dummy_index", None) if isinstance(value, Dummy) else None)
            yield repr(sorted(value.assumptions0.items())) if isinstance(value, Symbol) else ""
        elif value.args:
            yield from value.args
        else:
            yield str(value)
    elif is_dataclass(value) and not isinstance(value, type):
        yield type(value).__name__
        for field in fields(value):
            if field.name not in ELSEWHERE:
                yield field.name
                yield getattr(value, field.name)
    elif isinstance(value, Mapping):
        # in the order of declaration, which decides between counterexamples of the same size
        yield "mapping"
        for key, item in value.items():
            yield key
            yield item
    else:
        yield "sequence"
        yield from value


def _digest(value: Any, known: dict[Any, bytes]) -> bytes:
    """A digest that is equal for equal structures, and computed once for each shared node."""
    from sympy import Basic

    if value is None or isinstance(value, str | int | float | bool):
        return hashlib.sha256(f"{type(value).__name__}:{value}".encode()).digest()
    shared = isinstance(value, Basic)
    if shared and value in known:
        return known[value]
    digest = hashlib.sha256()
    for part in _parts(value):
        digest.update(_digest(part, known))
    found = digest.digest()
    if shared:
        known[value] = found
    return found


class Cache:
    """Verdicts in files under one directory, one file a claim."""

    def __init__(self, location: Path | None = None, variant: str = "") -> None:
        """`variant` names what else the verdicts depend on, such as the thoroughness of the numeric
        evidence."""
        self._top = location or default_location()
        self._place = self._top / source_digest()[:24]
        self._variant = variant
        self._known: dict[Any, bytes] = {}

    def key(self, claim: Claim) -> str:
        """The name of a claim's entry: equal for claims that must get the same verdicts."""
        known = self._known
        return hashlib.sha256(_digest(claim, known) + self._variant.encode()).hexdigest()

    def read(self, claim: Claim) -> tuple[Verdict, ...] | None:
        """The remembered verdicts of a claim, placed where it stands now; None where there are none."""
        try:
            records = json.loads(self._path(claim).read_text(encoding="utf-8"))
            verdicts = tuple(_verdict(record) for record in records)
        except (OSError, ValueError, TypeError, KeyError, RecursionError):
            return None
        if [verdict.link for verdict in verdicts] != list(range(1, len(claim.links) + 1)):
            return None
        return tuple(replace(v, document=claim.document, id=claim.id, line=claim.line) for v in verdicts)

    def write(self, claim: Claim, verdicts: tuple[Verdict, ...]) -> None:
        """Remembers verdicts that may be remembered; others are passed over."""
        if not verdicts or not all(may_be_remembered(verdict) for verdict in verdicts):
            return
        try:
            text = json.dumps([verdict.as_json() for verdict in verdicts], ensure_ascii=False)
            if tuple(_verdict(record) for record in json.loads(text)) != verdicts:
                return  # data that JSON would change is judged again each time
            path = self._path(claim)
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(path, text)
        except (OSError, TypeError, ValueError, RecursionError):
            return

    def prune(self, now: Callable[[], float] = time.time) -> None:
        """Removes what other versions of the source left behind more than a month ago."""
        try:
            for place in self._top.iterdir():
                if place != self._place and place.is_dir() and now() - place.stat().st_mtime > STALE_SECONDS:
                    for path in place.glob("*.json"):
                        path.unlink(missing_ok=True)
                    place.rmdir()
        except OSError:
            return

    def _path(self, claim: Claim) -> Path:
        return self._place / f"{self.key(claim)}.json"


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
    for name in ("repair", "axioms"):
        values[name] = tuple(values[name])
    return Verdict(**values)


def write_atomically(path: Path, text: str) -> None:
    """Writes a file beside its place and renames it, so that no reader meets half of it."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(name, 0o666 & ~_umask())
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


@cache
def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
