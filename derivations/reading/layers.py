"""Which functions of a file a layer is: `FILE.py:forward FILE.py:backward`, a class, or one function that is both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from derivations.language.errors import InputError, Place
from derivations.reading.assigned import Sums
from derivations.reading.program import Class, Function, Source, read_source

FORWARD_NAMES = ("forward", "forward_pass", "fprop")
BACKWARD_NAMES = ("backward", "backward_pass", "backprop", "bprop")


@dataclass
class Layer:
    """The two functions: `of` names a class where they are its methods. One function that returns a loss with its
    gradients is both."""

    forward: Function
    backward: Function
    of: Class | None = None

    @property
    def at_once(self) -> bool:
        """Whether one function returns a loss and its gradients."""
        return self.forward is self.backward


def find_layer(forward: str, backward: str | None) -> Layer:
    """The functions that `file.py:forward` and `file.py:backward`, or `file.py:Class`, or one function that returns a
    loss with its gradients, name; raises InputError."""
    path, name = _parts(forward)
    source = _prepared(path)
    if backward is None:
        found = source.names.get(name)
        if isinstance(found, Function):
            return Layer(found, found)
        if not isinstance(found, Class):
            raise _missing(source, name, "a class with forward and backward, or a function")
        return _layer_of(found, source, FORWARD_NAMES, BACKWARD_NAMES)
    other_path, other = _parts(backward)
    second = source if other_path == path else _prepared(other_path)
    owner, _, method = name.rpartition(".")
    if owner:
        found = source.names.get(owner)
        if not isinstance(found, Class):
            raise _missing(source, owner, "a class")
        return _layer_of(found, source, (method,), (other.rpartition(".")[2],))
    return Layer(_function(source, name), _function(second, other))


def _parts(text: str) -> tuple[str, str]:
    path, colon, name = text.rpartition(":")
    if not colon or not path or not name:
        raise InputError(f"{text} names no function", Place("prove"), "FILE.py:NAME")
    return path, name


def _prepared(path: str) -> Source:
    source = read_source(path)
    Sums().visit(source.tree)
    return source


def _function(source: Source, name: str) -> Function:
    found = source.names.get(name)
    if isinstance(found, Class):
        file = source.path.rpartition("/")[2]
        raise source.error(found.node, f"{name} is a class", "two functions, or a class alone",
                           f"{file}:{name}, or {file}:{name}.forward {file}:{name}.backward")
    if not isinstance(found, Function):
        raise _missing(source, name, "a function of the file")
    return found


def _missing(source: Source, name: str, expected: str) -> InputError:
    known = ", ".join(sorted(name for name, value in source.names.items() if isinstance(value, Function | Class)))
    fix = f"it has {known}" if known else ""
    return InputError(f"there is no {name} in this file", Place(source.path), expected, fix)


def _layer_of(found: Class, source: Source, forward: Sequence[str], backward: Sequence[str]) -> Layer:
    """The methods of a class: the first of each row of names that it has."""
    pair: list[Function] = []
    for names in (forward, backward):
        method = next((method for name in names if (method := found.method(name)) is not None), None)
        if method is None:
            file, own = source.path.rpartition("/")[2], found.node.name
            fix = f"say which methods they are: {file}:{own}.NAME {file}:{own}.NAME"
            raise source.error(found.node, f"the class has no {names[0]}", "forward and backward", fix)
        pair.append(method)
    return Layer(pair[0], pair[1], found)
