"""Results as lines of JSON: one for each item, in their order, so that what is there tells where a run goes on.

Law: a file holds the results of one run, which its first line names; another run is refused, not mixed in. A line that
a killed run has cut off is removed and made again. Lines hold nothing that depends on the machine or the clock: two
runs of the same source over the same items write the same bytes.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO


class OtherRun(ValueError):
    """The file holds the results of something else."""

    exit_status = 2


class TaskFailed(Exception):
    """A task raised, again and again: a defect of the task, not of who runs it."""


class Lines:
    """The file of a run; `done` says how many of its results are there."""

    def __init__(self, path: Path, about: Mapping[str, Any]) -> None:
        """`about` names the run: its kind, its options, the source that judges. Raises OtherRun and OSError."""
        self.path, self.done = path, 0
        self._head = _line(about)
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        self._file: BinaryIO = os.fdopen(handle, "r+b")
        try:
            self._find_the_end()
        except BaseException:
            self._file.close()
            raise

    def _find_the_end(self) -> None:
        """Reads what is there and cuts off what is no whole line."""
        head, end = self._file.readline(), 0
        if head.endswith(b"\n"):
            if head != self._head:
                found = head[:160].decode("utf-8", "replace").strip()
                raise OtherRun(f"{self.path} holds another run, or one of another version: {found}")
            end = len(head)
            for line in self._file:
                if not _is_whole(line):
                    break
                end += len(line)
                self.done += 1
        elif not self._head.startswith(head):
            raise OtherRun(f"{self.path} is no file of results")
        self._file.truncate(end)
        self._file.seek(end)
        if not end:
            self._file.write(self._head)
            self._file.flush()

    def write(self, record: Any) -> None:
        """Adds a result; it is there when this returns, though the process be killed."""
        self._file.write(_line(record))
        self._file.flush()
        self.done += 1

    def close(self) -> None:
        """Writes to the disk what the system still holds."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()


def _line(record: Any) -> bytes:
    return json.dumps(record, ensure_ascii=False, separators=(",", ":"), sort_keys=True, default=str).encode() + b"\n"


def _is_whole(line: bytes) -> bool:
    if not line.endswith(b"\n"):
        return False
    try:
        json.loads(line)
    except ValueError:
        return False
    return True


def records(path: Path) -> Iterator[Any]:
    """The results of a file, one after the other."""
    with path.open(encoding="utf-8") as file:
        next(file)
        yield from map(json.loads, file)


def to_parquet(path: Path, target: Path) -> None:
    """The results as a Parquet file: a column for each key that any of them has; a column that holds more than plain
    values of one kind holds JSON. Raises ModuleNotFoundError where there is no pyarrow."""
    import pyarrow
    import pyarrow.parquet

    columns: dict[str, list[Any]] = {}
    for number, record in enumerate(records(path)):
        for key, value in record.items():
            columns.setdefault(key, [None] * number).append(value)
        for column in columns.values():
            column.extend([None] * (number + 1 - len(column)))
    pyarrow.parquet.write_table(pyarrow.table({key: _one_kind(column) for key, column in columns.items()}), target)


def _one_kind(column: list[Any]) -> list[Any]:
    """The values as they are where all are of one plain kind, else each as JSON; what is absent stays so.

    >>> _one_kind([1, None, 2]), _one_kind([1, "x"]), _one_kind([["x"], None])
    ([1, None, 2], ['1', '"x"'], ['["x"]', None])
    """
    kinds = {type(value) for value in column if value is not None}
    fits = all(-(2**63) <= value < 2**63 for value in column if isinstance(value, int))
    if not kinds or (len(kinds) == 1 and kinds <= {str, bool, int, float} and fits):
        return column
    return [None if value is None else json.dumps(value, ensure_ascii=False) for value in column]
