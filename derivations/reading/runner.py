"""The process in which the user's code runs: reads what to run as JSON lines, answers each with what the code gave.

Why a process apart: the code may be slow, print, crash or change what it is given. Its output goes nowhere, its time
and memory are limited; nothing else is promised of it. Law: the answers are what the functions returned, as numbers.
"""

from __future__ import annotations

import importlib.util
import json
import os
import resource
import sys
from pathlib import Path
from typing import Any

import numpy as np

PACKAGES = 3  # folders above a file from which its packages are imported


def limited(seconds: int, megabytes: int) -> None:
    """Limits of this process."""
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    resource.setrlimit(resource.RLIMIT_AS, (megabytes << 20, megabytes << 20))


def module_name(path: str) -> str:
    """A name that no other module has."""
    return f"layer under proof {path}"


def loaded(path: str) -> Any:
    """The user's file as a module; the files beside it, and packages that hold it, can be imported."""
    folder = Path(path).resolve().parent
    sys.path[:0] = [str(folder), *[str(above) for above in folder.parents[:PACKAGES]]]
    spec = importlib.util.spec_from_file_location(module_name(path), path)
    if spec is None or spec.loader is None:
        raise ImportError(f"cannot load {path}")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def named(module: Any, dotted: str) -> Any:
    """An attribute of an attribute."""
    for part in dotted.split("."):
        module = getattr(module, part)
    return module


class Layer:
    """The user's two functions, called as the reading says that they are."""

    def __init__(self, request: dict[str, Any]) -> None:
        self.request = request
        self.torch = request["torch"]
        self.forward = named(loaded(request["forward"][0]), request["forward"][1])
        other = request["backward"]
        module = loaded(other[0]) if other[0] != request["forward"][0] else sys.modules[module_name(other[0])]
        self.backward = named(module, other[1])

    def value(self, item: dict[str, Any]) -> Any:
        """A value of the request: an array, or what JSON has."""
        if "shape" in item:
            kind = np.int64 if item.get("integer") else np.float64
            made = np.array(item["data"], dtype=kind).reshape(item["shape"])
            return self.tensor(made)
        if "tuple" in item:
            return tuple(self.value(one) for one in item["tuple"])
        return item["value"]

    def tensor(self, array: Any) -> Any:
        """A NumPy array, or a tensor where the code is PyTorch's."""
        if not self.torch:
            return array
        import torch

        return torch.from_numpy(array)

    def run(self, case: dict[str, Any]) -> dict[str, Any]:
        """Forward and backward once."""
        arguments: dict[str, Any] = {}
        for name, item in case["arguments"].items():
            put(arguments, name, self.value(item))
        stage = "forward"
        try:
            owner, forward, backward = self.bound(arguments)
            given = {name: arguments[name] for name in self.request["parameters"] if name in arguments}
            returned = forward(**given)
            out, extras = (returned[0], list(returned[1:])) if isinstance(returned, tuple | list) else (returned, [])
            answer: dict[str, Any] = {"out": numbers(out)}
            stage = "backward"
            if case["dout"] is None:
                return answer
            dout = self.value(case["dout"])
            if list(np.shape(dout)) != list(np.shape(out)):
                return answer
            filled: dict[str, Any] = {}
            for parameter, word, which in self.request["plan"]:
                if word == "extra":
                    filled[parameter] = extras[int(which)]
                else:
                    known = {"dout": dout, "extras": tuple(extras)}
                    filled[parameter] = arguments[which] if word == "argument" else known[word]
            if self.request["backward"] == self.request["forward"]:
                result = extras[0] if len(extras) == 1 else tuple(extras)
            else:
                result = backward(**filled)
            answer["gradients"] = {
                name: numbers(self.found(result, owner, origin)) for name, origin in self.request["origins"].items()
            }
            return answer
        except Exception as error:  # the user's code may raise anything
            return {"error": f"{type(error).__name__}: {error}", "stage": stage}

    def bound(self, arguments: dict[str, Any]) -> tuple[Any, Any, Any]:
        """The object, if there is one, and both functions."""
        if self.request["style"] == "functions":
            return None, self.forward, self.backward
        if self.request["style"] == "context":
            ctx = Context()
            return ctx, lambda **given: self.forward(ctx, **given), lambda **given: self.backward(ctx, **given)
        of = named(sys.modules[module_name(self.request["forward"][0])], self.request["class"])
        attributes = arguments.get("self", {})
        values = {**attributes, **arguments}
        owner = of(**{name: values[name] for name in self.request["init"] if name in values})
        for name, value in attributes.items():
            setattr(owner, name, value)
        method = self.request["forward"][1].rpartition(".")[2], self.request["backward"][1].rpartition(".")[2]
        return owner, getattr(owner, method[0]), getattr(owner, method[1])

    def found(self, result: Any, owner: Any, origin: list[str]) -> Any:
        """A gradient where the reading found it."""
        word, which = origin
        if word == "whole":
            return result
        if word == "item":
            for at in which.split("."):
                result = result[int(at)]
            return result
        if word == "key":
            return result[which]
        if word == "attribute":
            return getattr(owner, which)
        return getattr(owner, word)[which]


class Context:
    """What torch.autograd.Function hands to forward and backward."""

    saved_tensors: tuple[Any, ...] = ()
    needs_input_grad = (True,) * 16

    def save_for_backward(self, *tensors: Any) -> None:
        """Keeps tensors."""
        self.saved_tensors = tensors


def put(found: dict[str, Any], name: str, value: Any) -> None:
    """A dotted name as an entry of a dictionary."""
    head, _, tail = name.partition(".")
    if tail:
        put(found.setdefault(head, {}), tail, value)
    else:
        found[head] = value


def numbers(value: Any) -> dict[str, Any] | None:
    """An array for JSON."""
    if value is None:
        return None
    if hasattr(value, "detach"):
        value = value.detach().numpy()
    array = np.asarray(value)
    return {"shape": list(array.shape), "data": [float(entry) for entry in array.ravel()]}


def main() -> None:
    """Answers one line for each line of standard input, the first of which is the request."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    request = json.loads(sys.stdin.readline())
    limited(request["seconds"], request["megabytes"])
    np.seterr(all="ignore")
    try:
        layer = Layer(request)
        ready: dict[str, Any] = {"ready": True}
    except Exception as error:  # importing the user's file may raise anything
        ready = {"error": f"{type(error).__name__}: {error}", "stage": "import"}
    print(json.dumps(ready), file=answers, flush=True)
    if "error" in ready:
        return
    for line in sys.stdin:
        print(json.dumps(layer.run(json.loads(line))), file=answers, flush=True)


if __name__ == "__main__":
    main()
