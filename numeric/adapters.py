"""PyTorch and JAX functions as forward/backward pairs on NumPy arrays, for `check_gradient`.

Why: the gradient that people want to check is often one that their framework takes, of a custom function above all.

Law: `forward` runs the framework's function, `backward` its own reverse mode; nothing is recomputed in NumPy. The
frameworks are imported when an adapter is made, never before.

What it cannot see: in-place state (a module's batch statistics, a random mask); freeze it first. A function that
drops to another precision is an error, not a looser check.

    from numeric import check_gradient
    from numeric.adapters import from_torch
    check_gradient(*from_torch(torch.nn.functional.conv2d), x, w, b)

A module has parameters that are no arguments: `numeric.checkers.check_layer(module, x)` checks them by name.
"""

from __future__ import annotations

import copy
import importlib
from collections.abc import Callable
from functools import partial, wraps
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Pair = tuple[Callable[..., Array], Callable[..., tuple[Array | None, ...]]]


class MissingFramework(ImportError):
    """The framework that an adapter needs is not installed; the text says how to get it."""


def _framework(name: str, extra: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise MissingFramework(f"{name} is not installed; get it with: pip install {extra}") from error


def from_torch(function: Callable[..., Any]) -> Pair:
    """(forward, backward) on NumPy arrays from function(*tensors) -> tensor, for float32 and float64 data.

    backward(delta, *arrays) asks torch.autograd for the gradients of ⟨delta, function⟩, one for each array; an
    argument that the function does not use gets 0. Complex data pass through where PyTorch's operators take them.
    """
    torch = _framework("torch", "torch")
    if is_module(function):
        return _with_hint(function, *from_torch(partial(_called, function)))
    from_numpy, gradient = torch.from_numpy, torch.autograd.grad

    def tensor(array: Array) -> Any:
        return from_numpy(array if array.flags.c_contiguous else np.ascontiguousarray(array))

    def forward(*arrays: Array) -> Array:
        result = function(*[tensor(a) for a in arrays])
        # only parameters inside of the function can have asked for a gradient
        values: Array = (result.detach() if result.requires_grad else result).numpy()
        return _same_precision(values, arrays, "PyTorch")

    def backward(delta: Array, *arrays: Array) -> tuple[Array | None, ...]:
        tensors = [tensor(a).requires_grad_(a.dtype.kind == "f") for a in arrays]
        moving = [t for t in tensors if t.requires_grad]
        result = function(*tensors)
        # a result that asks for no gradient depends on no argument
        found = [None] * len(moving)
        if result.requires_grad:
            found = gradient(result, moving, from_numpy(delta), allow_unused=True)
        if len(moving) == len(tensors):
            return tuple([_given(g, t) for g, t in zip(found, tensors, strict=True)])
        each = iter(found)
        return tuple([_given(next(each), t) if t.requires_grad else None for t in tensors])

    return (wraps(function)(forward) if hasattr(function, "__name__") else forward), backward


def is_module(layer: Any) -> bool:
    """Whether this is a PyTorch module."""
    return callable(getattr(layer, "named_parameters", None)) and callable(getattr(layer, "named_buffers", None))


def from_module(module: Any, **keywords: Any) -> tuple[Callable[..., Array], Callable[..., Any], dict[str, Array]]:
    """(forward, backward, parameters) of module(x, **keywords): forward takes x and then the parameters' values in the
    order of `parameters`, whose keys are their names in the module.

    Raises ValueError where the module's precision is not that of the data, which says what to convert.

    Every call finds the buffers, such as batch statistics, as they are now. Parameters that ask for no gradient stay
    what they are. Of an output with several tensors, the parts are laid end to end.
    """
    torch = _framework("torch", "torch")
    own = copy.deepcopy(module)
    moving = {name: value.detach() for name, value in own.named_parameters() if value.requires_grad}
    buffers = {name: value.clone() for name, value in own.named_buffers()}

    def function(x: Any, *values: Any) -> Any:
        state = {**{name: value.clone() for name, value in buffers.items()}, **dict(zip(moving, values, strict=True))}
        return _end_to_end(torch, torch.func.functional_call(own, state, (x,), keywords))

    forward, backward = _with_hint(module, *from_torch(function))
    return forward, backward, {name: value.numpy() for name, value in moving.items()}


def _called(module: Any, *tensors: Any) -> Any:
    return _end_to_end(_framework("torch", "torch"), module(*tensors))


def _end_to_end(torch: Any, output: Any) -> Any:
    """One tensor of an output."""
    if isinstance(output, dict):
        output = tuple(output.values())
    return torch.cat([part.reshape(-1) for part in output]) if isinstance(output, tuple | list) else output


def _with_hint(module: Any, forward: Any, backward: Any) -> Pair:
    """The pair, which says what to convert where module and data are not of one precision."""
    kinds = {str(value.dtype).removeprefix("torch.") for value in module.parameters() if value.is_floating_point()}
    foreign = sorted(kind for kind in kinds if not hasattr(np, kind))
    if foreign:
        raise ValueError(f"the module's parameters are {foreign[0]}, which NumPy does not have: check module.double()")

    def hinted(*arrays: Array) -> Array:
        given = str(arrays[0].dtype) if arrays[0].dtype.kind == "f" else ""
        if kinds and given and given not in kinds:
            ways = [f"pass x.astype(np.{min(kinds)})"]
            if given == "float64":
                ways.insert(0, "check module.double(), which is the sharper check")
            raise ValueError(
                f"the module's parameters are {' and '.join(sorted(kinds))} and the data {given}: {', or '.join(ways)}"
            )
        values: Array = forward(*arrays)
        return values

    return hinted, backward


def _given(gradient: Any, tensor: Any) -> Array:
    """The gradient as an array; 0 where the function did not use the tensor."""
    values: Array = np.zeros(tuple(tensor.shape)) if gradient is None else gradient.numpy()
    return values


def from_jax(function: Callable[..., Any], *, jit: bool = False) -> Pair:
    """(forward, backward) on NumPy arrays from function(*jax arrays) -> jax array.

    backward(delta, *arrays) is jax.vjp's pullback. JAX computes in float32 unless jax_enable_x64 is set; float64
    data are refused then, because half of their digits would be dropped unseen. With jit=True both are compiled.
    """
    jax = _framework("jax", "jax")

    def pullback(delta: Any, *arrays: Any) -> Any:
        return jax.vjp(function, *arrays)[1](delta)

    run, pull = (jax.jit(function), jax.jit(pullback)) if jit else (function, pullback)

    def forward(*arrays: Array) -> Array:
        return _same_precision(np.asarray(run(*_checked(jax, arrays))), arrays, "JAX")

    def backward(delta: Array, *arrays: Array) -> tuple[Array, ...]:
        return tuple(np.asarray(g) for g in pull(jax.numpy.asarray(delta), *_checked(jax, arrays)))

    return wraps(function)(forward), backward


def _checked(jax: Any, arrays: tuple[Array, ...]) -> list[Any]:
    wide = any(a.dtype.itemsize == (16 if a.dtype.kind == "c" else 8) and a.dtype.kind in "fc" for a in arrays)
    if wide and not jax.config.jax_enable_x64:
        raise ValueError(
            "JAX would cut float64 data to float32; call jax.config.update('jax_enable_x64', True) first, "
            "or pass float32 arrays"
        )
    return [jax.numpy.asarray(a) for a in arrays]


def _same_precision(values: Array, arrays: tuple[Array, ...], framework: str) -> Array:
    """The values, unless the function computed them in less precision than all of its data have."""
    if values.dtype is arrays[0].dtype:
        return values
    kinds = [np.finfo(a.dtype).eps for a in arrays if a.dtype.kind in "fc"]
    if kinds and values.dtype.kind in "fc" and np.finfo(values.dtype).eps > max(kinds):
        raise ValueError(
            f"the {framework} function returned {values.dtype} for {arrays[0].dtype} data; convert its parameters "
            f"to {arrays[0].dtype} (module.double()) or pass {values.dtype} arrays"
        )
    return values
