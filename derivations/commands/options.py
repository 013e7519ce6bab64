"""Options whose values need no check: taken as they are, so that the library that checks the others is not loaded.

Law: a value is taken only where Typer would give the same one; whatever is not plainly right goes Typer's own way, with
its message. That way loads pydantic, which takes as long as everything else that a remembered verdict needs.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from typer.core import TyperGroup

NUMBER = re.compile(r"-?[0-9]{1,9}")
# where one of these is asked for, a path has to be looked at
LOOKED_AT = ("exists", "writable", "resolve_path", "allow_dash", "path_type", "parser")


class Unsure(Exception):
    """A value that Typer has to look at."""


class Group(TyperGroup):
    """The commands of a program; their options are taken as they are where they are plainly right."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """The arguments that are left to a command."""
        for command in (self, *self.commands.values()):
            for parameter in command.get_params(ctx):
                if hasattr(parameter, "get_runtime_param"):  # else another version of Typer: its own way
                    vars(parameter)["get_runtime_param"] = partial(Plainly, parameter)
        return super().parse_args(ctx, args)


class Plainly:
    """Takes the values of one option."""

    def __init__(self, parameter: Any) -> None:
        self._parameter = parameter

    def coerce(self, value: Any, param: Any, ctx: Any) -> Any:
        """The value as the option's type has it."""
        described = self._parameter.type_descriptor
        try:
            return plainly(value, described.annotation, described.parameter_info)
        except Unsure:
            own = type(self._parameter).get_runtime_param(self._parameter)
            return own.coerce(value, param=param, ctx=ctx)


def plainly(value: Any, kind: Any, asked: Any) -> Any:
    """A value of an option of this kind, where nothing has to be looked at; `asked` is what else the option says.
    Raises Unsure.

    >>> from typer import Option
    >>> plainly("12", int, Option(min=1)), plainly(["a.md"], list[Path], Option())
    (12, [PosixPath('a.md')])
    >>> plainly("0", int, Option(min=1))
    Traceback (most recent call last):
    derivations.commands.options.Unsure
    """
    if get_origin(kind) is list and isinstance(value, list | tuple):
        return [plainly(each, get_args(kind)[0], asked) for each in value]
    if value is None:
        return () if get_origin(kind) is list else None
    if kind is str and isinstance(value, str):
        return value
    if kind is Path and not any(getattr(asked, name) for name in LOOKED_AT) and isinstance(value, str | Path):
        return Path(value)
    if kind is int and isinstance(value, str) and NUMBER.fullmatch(value):
        return _within(int(value), asked)
    if kind in (int, float) and type(value) is kind:
        return _within(value, asked)
    if get_origin(kind) is Literal and _is_option(value, get_args(kind)):
        return value
    raise Unsure


def _within(number: Any, asked: Any) -> Any:
    if (asked.min is not None and number < asked.min) or (asked.max is not None and number > asked.max):
        raise Unsure
    return number


def _is_option(value: Any, options: Sequence[Any]) -> bool:
    return isinstance(value, str) and value in options
