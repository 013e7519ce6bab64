"""`check_layer`: a layer that is an object, with its state, parameters and gradients as attributes.

Why: most hand-written layers are classes: forward(x) keeps what backward(delta) needs, and leaves the parameters'
gradients in attributes.

Law: each call works on a copy of the object, whose gradients were set to 0, so that no call sees what another left;
outputs that are tuples or dicts are laid end to end, and the sensitivity is handed back in the same form.

What it cannot see: state outside of the object.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from numeric.adapters import from_module, is_module
from numeric.checkers.check import check_gradient
from numeric.checkers.report import CheckInputError, GradientReport
from numeric.checkers.reproduce import PAIR

_GRADIENTS = ("d{}", "grad_{}", "{}_grad", "d_{}")
_TABLES = (("params", "grads"), ("parameters", "gradients"))


def check_layer(
    layer: Any,
    x: Any,
    *,
    parameters: Sequence[str] | None = None,
    every_entry: bool = False,
    seed: int = 0,
    **keywords: Any,
) -> GradientReport:
    """Check layer.backward(delta) -> dx, and the parameters' gradients that it leaves in the layer, beside
    layer.forward(x, **keywords).

    parameters: names of attributes, each with its gradient in `d…`, `grad_…` or `…_grad`, or keys of `layer.params`
    with `layer.grads`; all that are found if not given. forward may return an array, or a tuple or a dict of arrays.

    A PyTorch module is checked too: the gradients that its own reverse mode gives, of x and of every parameter by its
    name in the module (`0.weight`).

    >>> class Dense:
    ...     def __init__(self): self.w = np.arange(9.0).reshape(3, 3)
    ...     def forward(self, x): self.x = x; return x @ self.w
    ...     def backward(self, delta): self.dw = self.x.T @ delta; return delta @ self.w
    >>> print(str(check_layer(Dense(), np.ones((4, 3)))).splitlines()[0])
    gradient wrong: x; w right
    """
    x = np.asarray(x)
    if is_module(layer):
        return _check_module(layer, x, parameters, every_entry, seed, keywords)
    trial = copy.deepcopy(layer)
    output = trial.forward(x.copy(), **keywords)
    trial.backward(_apart(np.zeros(_joined(output).shape), output))
    names = list(parameters) if parameters is not None else _parameters(trial)
    values = [_read(layer, name) for name in names]
    for name in names:
        _gradient(trial, name)

    def run(point: Any, *given: Any) -> tuple[Any, Any]:
        own = copy.deepcopy(layer)
        for name, value in zip(names, given, strict=True):
            _write(own, name, np.array(value))
            _clear(own, name)
        return own, own.forward(point, **keywords)

    def forward(point: Any, *given: Any) -> Any:
        return _joined(run(point, *given)[1])

    def backward(delta: Any, point: Any, *given: Any) -> tuple[Any, ...]:
        own, found = run(point, *given)
        dx = own.backward(_apart(delta, found))
        return (dx, *[_gradient(own, name) for name in names])

    return check_gradient(forward, backward, x, *values, names=["x", *names], every_entry=every_entry, seed=seed)


def _check_module(
    module: Any, x: Any, parameters: Sequence[str] | None, every_entry: bool, seed: int, keywords: dict[str, Any]
) -> GradientReport:
    """The report on a PyTorch module: its own reverse mode is what is checked."""
    try:
        forward, backward, values = from_module(module, **keywords)
        if x.dtype.kind in "fc":
            forward(x.copy(), *values.values())
    except ValueError as error:
        raise CheckInputError(str(error)) from error
    unknown = [name for name in parameters or () if name not in values]
    if unknown:
        raise CheckInputError(f"the module has no parameter {unknown[0]} that asks for a gradient: {', '.join(values)}")
    left_out = [name for name in values if parameters is not None and name not in parameters]
    if x.dtype.kind not in "fc":
        left_out.insert(0, "x")
    names = ["x", *values]
    report = check_gradient(
        forward, backward, x, *values.values(), names=names, exclude=left_out, every_entry=every_entry, seed=seed
    )
    return replace(report, reproduce=partial(_adapted, report.reproduce)) if report.reproduce else report


def _adapted(reproduce: Callable[[], str]) -> str:
    """The lines that reproduce a disagreement, which begin with where forward and backward come from."""
    lines = "from numeric.adapters import from_module\nforward, backward, parameters = from_module(module)"
    return reproduce().replace(PAIR, lines, 1)


def _joined(output: Any) -> Any:
    """One array of an output, whose parts are laid end to end."""
    if isinstance(output, dict):
        output = tuple(output.values())
    return (
        np.concatenate([np.ravel(part) for part in output]) if isinstance(output, tuple | list) else np.asarray(output)
    )


def _apart(delta: Any, output: Any) -> Any:
    """The sensitivity in the output's form."""
    if not isinstance(output, tuple | list | dict):
        return delta
    parts = list(output.values()) if isinstance(output, dict) else list(output)
    ends = np.cumsum([np.size(part) for part in parts])[:-1]
    pieces = [piece.reshape(np.shape(part)) for piece, part in zip(np.split(delta, ends), parts, strict=True)]
    return dict(zip(output, pieces, strict=True)) if isinstance(output, dict) else type(output)(pieces)


def _table(layer: Any) -> tuple[dict[str, Any], dict[str, Any]] | None:
    for values, gradients in _TABLES:
        found = getattr(layer, values, None)
        if isinstance(found, dict):
            return found, getattr(layer, gradients, {})
    return None


def _parameters(layer: Any) -> list[str]:
    table = _table(layer)
    if table is not None:
        return list(table[0])
    return [
        name
        for name, value in vars(layer).items()
        if isinstance(value, np.ndarray) and any(hasattr(layer, form.format(name)) for form in _GRADIENTS)
    ]


def _read(layer: Any, name: str) -> Any:
    table = _table(layer)
    return np.array(table[0][name] if table is not None and name in table[0] else getattr(layer, name))


def _write(layer: Any, name: str, value: Any) -> None:
    table = _table(layer)
    if table is not None and name in table[0]:
        table[0][name] = value
    else:
        setattr(layer, name, value)


def _clear(layer: Any, name: str) -> None:
    """Set a gradient that is there to 0: backward may add to it."""
    table = _table(layer)
    if table is not None and name in table[1]:
        table[1][name] = np.zeros_like(table[1][name])
    for form in _GRADIENTS:
        if isinstance(getattr(layer, form.format(name), None), np.ndarray):
            setattr(layer, form.format(name), np.zeros_like(getattr(layer, form.format(name))))


def _gradient(layer: Any, name: str) -> Any:
    table = _table(layer)
    if table is not None and name in table[1]:
        return table[1][name]
    for form in _GRADIENTS:
        if getattr(layer, form.format(name), None) is not None:
            return getattr(layer, form.format(name))
    forms = ", ".join(form.format(name) for form in _GRADIENTS)
    raise CheckInputError(
        f"backward left no gradient of {name}; expected one of the attributes {forms}, or grads[{name!r}]"
    )
