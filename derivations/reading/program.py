"""What a name of the code stands for: values of the reading, functions and classes of the file, names of libraries.

Law: a file is parsed, never imported. What cannot be found is refused where it is used.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from derivations.language.errors import InputError, Place
from derivations.reading.integers import Int

DEEPEST = 4  # folders above a file in which its modules are looked for


@dataclass(frozen=True)
class Library:
    """A name of a library, by its dotted path."""

    path: str


@dataclass(frozen=True)
class Range:
    """range(start, stop, step)."""

    start: Int
    stop: Int
    step: Int


@dataclass(frozen=True)
class Slice:
    """start:stop:step; None where it is left out."""

    start: Any
    stop: Any
    step: Any


@dataclass(eq=False)
class Selected:
    """The entries of an array where a mask is true: both by an index of the array, and its axes."""

    axes: Any
    entries: Any
    mask: Any


@dataclass(eq=False)
class Function:
    """A function of the file; `owner` is the object that it is a method of."""

    node: ast.FunctionDef | ast.Lambda
    source: Source
    owner: Any = None
    closure: dict[str, Any] = field(default_factory=dict)
    # the class that it is a method of
    of: Class | None = None


@dataclass(eq=False)
class Class:
    """A class of the file."""

    node: ast.ClassDef
    source: Source

    @property
    def base(self) -> Class | None:
        """The first of the classes that it derives from, where the code has it."""
        for node in self.node.bases:
            found = self.source.names.get(node.id) if isinstance(node, ast.Name) else None
            if isinstance(found, Class) and found is not self:
                return found
        return None

    def method(self, name: str) -> Function | None:
        """A method of its own or of the classes that it derives from."""
        found = [node for node in self.node.body if isinstance(node, ast.FunctionDef) and node.name == name]
        getters = [node for node in found if not any(isinstance(one, ast.Attribute) for one in node.decorator_list)]
        if getters:
            return Function(getters[-1], self.source, of=self)
        return self.base.method(name) if self.base is not None else None


@dataclass(eq=False)
class Object:
    """An instance: attributes that the code has set; `given`: those that the user has, which __init__ does not set."""

    of: Class | None
    attributes: dict[str, Any] = field(default_factory=dict)
    given: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class Parent:
    """super() of an object: the methods of a base class."""

    of: Class | None
    owner: Object


@dataclass(frozen=True)
class Unread:
    """An attribute that __init__ sets to what is not read, which matters where it is used."""

    reason: str
    fix: str


@dataclass(frozen=True)
class Module:
    """A module of the user's own."""

    source: Source


@dataclass(frozen=True)
class Carried:
    """A name that a loop's body assigns, where the body has not assigned it in this turn. `last`: the loop is over."""

    name: str
    last: bool


@dataclass(eq=False)
class Source:
    """A parsed file: its functions, classes, imports and constants, by name."""

    path: str
    text: str
    tree: ast.Module
    names: dict[str, Any] = field(default_factory=dict)
    constants: dict[str, ast.expr] = field(default_factory=dict)
    # constants of other files by the names that they have here, and files all of whose names are imported
    borrowed: dict[str, tuple[Source, str]] = field(default_factory=dict)
    others: list[Source] = field(default_factory=list)

    @property
    def is_torch(self) -> bool:
        """Whether the file imports PyTorch."""
        paths = [value.path for value in self.names.values() if isinstance(value, Library)]
        return any(path.partition(".")[0] == "torch" for path in paths)

    def error(self, node: ast.AST, message: str, expected: str = "", fix: str = "") -> InputError:
        """An error at a node, with its line and a caret."""
        line = getattr(node, "lineno", 1)
        column = getattr(node, "col_offset", 0)
        lines = self.text.splitlines()
        shown = lines[line - 1] if line <= len(lines) else ""
        ends_here = getattr(node, "end_lineno", line) == line
        end = getattr(node, "end_col_offset", column + 1) if ends_here else len(shown)
        return InputError(message, Place(self.path, line, column + 1, shown, max(end - column, 1)), expected, fix)


def read_source(path: str | Path) -> Source:
    """The file; raises InputError where it cannot be read or is no Python."""
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "this is not text"
        raise InputError(f"cannot read the file: {reason}", Place(str(path)), "a Python file") from None
    return parsed(text, str(path))


def parsed(text: str, path: str) -> Source:
    """The source in a text; raises InputError where it is no Python."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line, column = getattr(error, "lineno", None) or 1, getattr(error, "offset", None) or 1
        lines = text.splitlines()
        shown = lines[line - 1] if 0 < line <= len(lines) else ""
        reason = getattr(error, "msg", None) or "it nests too deeply"
        raise InputError(f"this is no Python: {reason}", Place(path, line, column, shown, 1), "Python source") from None
    source = Source(path, text, tree)
    for node in tree.body:
        declare(source, node)
    return source


def declare(source: Source, node: ast.stmt) -> None:
    """Take note of what a statement outside of functions names."""
    if isinstance(node, ast.FunctionDef):
        source.names[node.name] = Function(node, source)
    elif isinstance(node, ast.ClassDef):
        source.names[node.name] = Class(node, source)
    elif isinstance(node, ast.Import):
        for alias in node.names:
            path = alias.name if alias.asname else alias.name.partition(".")[0]
            found = found_module(source, alias.name) if alias.asname else None
            source.names[alias.asname or path] = Module(read_source(found)) if found else Library(path)
    elif isinstance(node, ast.ImportFrom):
        for alias in node.names:
            _import_from(source, node, alias)
    elif isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
        source.constants[node.targets[0].id] = node.value
    elif isinstance(node, ast.If | ast.Try):
        for inner in node.body:
            declare(source, inner)


def found_module(source: Source, name: str, level: int = 0) -> Path | None:
    """The file of a module: in a folder above the source's, or beside it; None for a library's."""
    here = Path(source.path).resolve()
    parts = name.split(".") if name else []
    folders = [here.parents[level - 1]] if level else [*here.parents[:DEEPEST]]
    for folder in folders:
        file = folder.joinpath(*parts)
        for candidate in (file.with_suffix(".py"), file / "__init__.py") if parts else ():
            if candidate.is_file() and candidate != here:
                return candidate
    beside = here.parent / f"{parts[-1]}.py" if parts and not level else here
    return beside if beside.is_file() and beside != here else None


def _import_from(source: Source, node: ast.ImportFrom, alias: ast.alias) -> None:
    """From a file of the user's own, or a library's name."""
    path = found_module(source, node.module or "", node.level)
    if path is not None:
        other = read_source(path)
        if alias.name == "*":
            source.names.update({name: value for name, value in other.names.items() if name not in source.names})
            source.others.append(other)
        elif alias.name in other.names:
            source.names[alias.asname or alias.name] = other.names[alias.name]
        elif alias.name in other.constants:
            source.borrowed[alias.asname or alias.name] = (other, alias.name)
        return
    inner = found_module(source, f"{node.module or ''}.{alias.name}".strip("."), node.level)
    if inner is not None:
        source.names[alias.asname or alias.name] = Module(read_source(inner))
        return
    if alias.name != "*":
        source.names[alias.asname or alias.name] = Library(f"{node.module}.{alias.name}" if node.module else alias.name)
