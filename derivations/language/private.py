"""Files that this user alone can write: where caches lie, and whether what lies there may be believed.

Law: nothing is read from a directory or a file that another user owns or could have written.
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path


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


def make_private(directory: Path, path: Path) -> None:
    """Makes a directory and a file in it those of this user alone; raises OSError where they are another's, or no
    directory and no file. A file that others could have written is removed."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    _check(directory, os.lstat(directory), stat.S_ISDIR, "a directory")
    os.chmod(directory, 0o700)
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    with suppress(FileNotFoundError):
        found = os.lstat(path)
        _check(path, found, stat.S_ISREG, "a file")
        if found.st_mode & 0o022 or found.st_nlink > 1:
            path.unlink()
    handle = os.open(path, flags, 0o600)
    try:
        _check(path, os.fstat(handle), stat.S_ISREG, "a file")
        if hasattr(os, "fchmod"):
            os.fchmod(handle, 0o600)
    finally:
        os.close(handle)


def _check(path: Path, found: os.stat_result, is_right: Callable[[int], bool], what: str) -> None:
    if not is_right(found.st_mode):
        raise OSError(0, f"this is not {what}", str(path))
    if hasattr(os, "geteuid") and found.st_uid != os.geteuid():
        raise OSError(0, "this belongs to another user", str(path))
