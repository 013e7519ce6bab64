"""What goes to standard error, and the ways in which a command ends early.

Law: standard output carries the answer and nothing else. This file loads nothing heavy.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterable
from typing import NoReturn, TypeVar

import typer

T = TypeVar("T")
DEFECT = 70  # EX_SOFTWARE of sysexits.h
NOT_WRITTEN = 74  # EX_IOERR of sysexits.h
UNWRITABLE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
BROKEN_PIPE = 141  # 128 + SIGPIPE: nobody reads on
WRONG = 2  # the input or the command line


def complain(message: str) -> None:
    """A line on standard error."""
    typer.echo(message, err=True)


def complain_of(messages: Iterable[object]) -> None:
    """Each of them."""
    for message in messages:
        complain(str(message))


def fail(message: str, status: int = WRONG) -> NoReturn:
    """Ends the command with a message."""
    complain(message)
    raise typer.Exit(status)


def or_exit(function: Callable[..., T], *arguments: object) -> T:
    """The function's result; an error in the input (a ValueError with a status) becomes its message and that status."""
    try:
        return function(*arguments)
    except ValueError as error:
        if not hasattr(error, "exit_status"):
            raise
        fail(str(error), error.exit_status)


def leave_quietly() -> NoReturn:
    """Nobody reads standard output any more: leave without Python's complaint about flushing it."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    os._exit(BROKEN_PIPE)


def leave_unfinished(error: OSError) -> NoReturn:
    """The disk is full, or what takes the answer fails otherwise: what was written is not the whole answer."""
    complain(f"the answer could not be written: {error.strerror or error}")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    os._exit(NOT_WRITTEN)
