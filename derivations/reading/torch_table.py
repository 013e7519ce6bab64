"""PyTorch's functions, one row each, over the same arrays; torch need not be installed to read them.

Law: a row gives what PyTorch gives at every shape, by PyTorch's own parameter names; `dim` is an axis and `keepdim`
keeps it. What NumPy has under the same name is NumPy's row. Convolutions are sums over windows of the padded input.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from derivations.reading import numpy_axes
from derivations.reading import operations as ops
from derivations.reading import reshaping as shapes
from derivations.reading.arrays import Array
from derivations.reading.elements import number, over
from derivations.reading.integers import Int, equal, product
from derivations.reading.machine import Machine

Row = Callable[..., Any]
ROWS: dict[str, Row] = {}
METHODS: dict[str, str] = {}
NUMPY = numpy_axes.ROWS


def row(*names: str, method: str = "") -> Callable[[Row], Row]:
    """Register a row under these names below torch, and as a method of tensors."""

    def register(function: Row) -> Row:
        for name in names:
            ROWS[f"torch.{name}"] = function
        for name in method.split():
            METHODS[name] = f"torch.{names[0]}"
        return function

    return register


def pair(value: Any) -> tuple[Int, Int]:
    """A size for two axes."""
    if isinstance(value, tuple | list):
        first, second = value
        return first, second
    return value, value


for _name in ("exp", "log", "sqrt", "tanh", "abs", "square", "reciprocal", "log1p", "expm1", "sign", "maximum",
              "minimum", "where", "einsum", "matmul", "tensordot", "eye", "zeros_like", "ones_like", "empty_like",
              "full_like", "arange", "outer", "kron", "flip", "roll", "diag", "tril", "triu", "trace", "logical_and",
              "logical_or", "logical_not", "dot", "swapaxes", "moveaxis", "add", "multiply", "subtract",
              "divide"):  # fmt: skip
    ROWS[f"torch.{_name}"] = NUMPY[f"numpy.{_name}"]
for _name, _known in {"mul": "multiply", "sub": "subtract", "div": "divide", "mm": "matmul", "bmm": "matmul",
                      "mv": "matmul", "ger": "outer", "pow": "power"}.items():  # fmt: skip
    ROWS[f"torch.{_name}"] = NUMPY[f"numpy.{_known}"]
for _name in ("exp", "log", "sqrt", "tanh", "abs", "square", "reciprocal", "matmul", "mm", "bmm", "mv", "mul", "add",
              "sub", "div", "pow", "outer", "swapaxes"):  # fmt: skip
    METHODS[_name] = f"torch.{_name}"


# -- entries ---------------------------------------------------------------------------------------


@row("relu", "nn.functional.relu", method="relu")
def relu(machine: Machine, input: Any) -> Array:
    """max(x, 0)."""
    return ops.elementwise(machine, lambda e: ops.function("relu", e), input)


@row("sigmoid", "nn.functional.sigmoid", method="sigmoid")
def sigmoid(machine: Machine, input: Any) -> Array:
    """1/(1 + exp(-x))."""
    return ops.elementwise(machine, lambda e: ops.function("sigmoid", e), input)


@row("nn.functional.softplus")
def softplus(machine: Machine, input: Any) -> Array:
    """log(1 + exp(x))."""
    return ops.elementwise(machine, lambda e: ops.function("softplus", e), input)


@row("nn.functional.tanh")
def tanh(machine: Machine, input: Any) -> Array:
    """tanh(x)."""
    return ops.elementwise(machine, lambda e: ops.function("tanh", e), input)


@row("clone", method="clone")
def clone(machine: Machine, input: Any) -> Array:
    """A copy."""
    found: Array = NUMPY["numpy.array"](machine, input)
    return found


@row("Tensor.detach", method="detach")
def detach(machine: Machine, input: Any) -> Array:
    """The same entries."""
    return ops.as_array(machine, input)


@row("Tensor.contiguous", method="contiguous double float")
def contiguous(machine: Machine, input: Any) -> Array:
    """The same entries, or a copy of them."""
    given = ops.as_array(machine, input)
    return given.view(given.axes, lambda index: index, loose=True)


@row("clamp", method="clamp")
def clamp(machine: Machine, input: Any, min: Any = None, max: Any = None) -> Array:
    """Entries within bounds."""
    found: Array = NUMPY["numpy.clip"](machine, input, min, max)
    return found


# -- new tensors -----------------------------------------------------------------------------------


def _sized(name: str) -> None:
    def entries(machine: Machine, *size: Any, dtype: Any = None, device: Any = None) -> Any:
        shape = size[0] if len(size) == 1 and isinstance(size[0], tuple | list) else size
        return NUMPY[f"numpy.{name}"](machine, tuple(shape))

    row(name)(entries)


for _name in ("zeros", "ones", "empty"):
    _sized(_name)


# -- over axes -------------------------------------------------------------------------------------


def _reduction(name: str, known: str) -> None:
    def entries(machine: Machine, input: Any, dim: Any = None, keepdim: Any = False) -> Any:
        return NUMPY[f"numpy.{known}"](machine, input, dim, keepdim)

    row(name, method=name)(entries)


for _name, _known in {"sum": "sum", "mean": "mean", "amax": "max", "amin": "min"}.items():
    _reduction(_name, _known)


@row("var", method="var")
def var(machine: Machine, input: Any, dim: Any = None, unbiased: Any = True, keepdim: Any = False,
        correction: Any = None) -> Array:  # fmt: skip
    """The variance; by default divided by one less than the number of entries."""
    less = correction if correction is not None else Int.of(1 if unbiased else 0)
    found: Array = NUMPY["numpy.var"](machine, input, dim, keepdim, less)
    return found


@row("std", method="std")
def std(machine: Machine, input: Any, dim: Any = None, unbiased: Any = True, keepdim: Any = False) -> Array:
    """√ var."""
    return ops.elementwise(machine, lambda e: ops.function("sqrt", e), var(machine, input, dim, unbiased, keepdim))


@row("softmax", "nn.functional.softmax", method="softmax")
def softmax(machine: Machine, input: Any, dim: Any) -> Array:
    """exp(x)/Σ exp(x)."""
    powers = ops.elementwise(machine, lambda e: ops.function("exp", e), input)
    return ops.elementwise(machine, over, powers, NUMPY["numpy.sum"](machine, powers, dim, True))


@row("log_softmax", "nn.functional.log_softmax", method="log_softmax")
def log_softmax(machine: Machine, input: Any, dim: Any) -> Array:
    """x - log Σ exp(x)."""
    powers = ops.elementwise(machine, lambda e: ops.function("exp", e), input)
    logarithm = ops.elementwise(
        machine, lambda e: ops.function("log", e), NUMPY["numpy.sum"](machine, powers, dim, True)
    )
    found: Array = ops.arithmetic(machine, "-", input, logarithm)
    return found


@row("nn.functional.layer_norm")
def layer_norm(machine: Machine, input: Any, normalized_shape: Any, weight: Any = None, bias: Any = None,
               eps: Any = None) -> Array:  # fmt: skip
    """(x - mean)/√(var + eps)·weight + bias over the last axes."""
    shape = normalized_shape if isinstance(normalized_shape, tuple | list) else (normalized_shape,)
    given = ops.as_array(machine, input)
    for at, size in enumerate(shape):
        machine.same_size(given.shape[given.rank - len(shape) + at], size, "the normalized axes have their sizes")
    dims = tuple(Int.of(-1 - at) for at in range(len(shape)))
    centred = ops.arithmetic(machine, "-", given, NUMPY["numpy.mean"](machine, given, dims, True))
    small = eps if eps is not None else machine.scalar(number("1e-5"))
    spread = ops.arithmetic(machine, "+", NUMPY["numpy.var"](machine, given, dims, True), small)
    root = ops.elementwise(machine, lambda e: ops.function("sqrt", e), spread)
    found: Array = ops.arithmetic(machine, "/", centred, root)
    if weight is not None:
        found = ops.arithmetic(machine, "*", found, weight)
    if bias is not None:
        found = ops.arithmetic(machine, "+", found, bias)
    return found


# -- shapes ----------------------------------------------------------------------------------------


@row("Tensor.view", "reshape", method="view reshape")
def view(machine: Machine, input: Any, *shape: Any) -> Array:
    """The same entries, row-major."""
    items = shape[0] if len(shape) == 1 and isinstance(shape[0], tuple | list) else shape
    return shapes.reshaped(machine, ops.as_array(machine, input), list(items))


@row("permute", method="permute")
def permute(machine: Machine, input: Any, *dims: Any) -> Array:
    """The axes in another order."""
    found: Array = NUMPY["numpy.ndarray.transpose"](machine, input, *dims)
    return found


@row("transpose", method="transpose")
def transpose(machine: Machine, input: Any, dim0: Any, dim1: Any) -> Array:
    """Two axes exchanged."""
    found: Array = NUMPY["numpy.swapaxes"](machine, input, dim0, dim1)
    return found


@row("t", method="t")
def t(machine: Machine, input: Any) -> Array:
    """The transpose of a matrix."""
    found: Array = NUMPY["numpy.transpose"](machine, input)
    return found


@row("unsqueeze", method="unsqueeze")
def unsqueeze(machine: Machine, input: Any, dim: Any) -> Array:
    """A new axis of size 1."""
    found: Array = NUMPY["numpy.expand_dims"](machine, input, dim)
    return found


@row("squeeze", method="squeeze")
def squeeze(machine: Machine, input: Any, dim: Any) -> Array:
    """Without an axis of size 1; PyTorch keeps one of another size in silence."""
    given = ops.as_array(machine, input)
    size_ = given.shape[ops.axis_number(machine, dim, given.rank)]
    machine.require(equal(size_, 1), "same", "the axis that is dropped is of size 1")
    found: Array = NUMPY["numpy.squeeze"](machine, input, dim)
    return found


@row("Tensor.expand", method="expand")
def expand(machine: Machine, input: Any, *sizes: Any) -> Array:
    """Repeated along axes of size 1; -1 keeps an axis."""
    items = list(sizes[0]) if len(sizes) == 1 and isinstance(sizes[0], tuple | list) else list(sizes)
    given = ops.as_array(machine, input)
    offset = len(items) - given.rank
    kept = [given.shape[at - offset] if size.constant == -1 else size for at, size in enumerate(items)]
    return shapes.broadcast(machine, given, kept)


@row("Tensor.size", method="size")
def size(machine: Machine, input: Any, dim: Any = None) -> Any:
    """The shape, or the size of an axis."""
    given = ops.as_array(machine, input)
    return given.shape if dim is None else given.shape[ops.axis_number(machine, dim, given.rank)]


@row("numel", method="numel")
def numel(machine: Machine, input: Any) -> Int:
    """The number of entries."""
    return product(ops.as_array(machine, input).shape)


@row("Tensor.repeat", method="repeat")
def repeat(machine: Machine, input: Any, *repeats: Any) -> Array:
    """Whole axes several times."""
    found: Array = NUMPY["numpy.tile"](machine, input, tuple(repeats))
    return found


@row("Tensor.max", method="max")
def max_(machine: Machine, input: Any) -> Array:
    """The maximum of all entries."""
    found: Array = NUMPY["numpy.max"](machine, input)
    return found


@row("Tensor.type_as", method="type_as to")
def type_as(machine: Machine, input: Any, other: Any = None) -> Array:
    """As it is, or a copy: types change no real number."""
    given = ops.as_array(machine, input)
    return given.view(given.axes, lambda index: index, loose=True)


@row("flatten", method="flatten")
def flatten(machine: Machine, input: Any, start_dim: Any = None, end_dim: Any = None) -> Array:
    """Axes from start_dim to end_dim as one."""
    given = ops.as_array(machine, input)
    first = ops.axis_number(machine, start_dim if start_dim is not None else Int(), given.rank)
    last = ops.axis_number(machine, end_dim if end_dim is not None else Int.of(-1), given.rank)
    sizes = [*given.shape[:first], product(given.shape[first : last + 1]), *given.shape[last + 1 :]]
    return shapes.reshaped(machine, given, sizes)


@row("cat", "concat")
def cat(machine: Machine, tensors: Any, dim: Any = None) -> Array:
    """One after the other."""
    found: Array = NUMPY["numpy.concatenate"](machine, tensors, dim)
    return found


@row("stack")
def stack(machine: Machine, tensors: Any, dim: Any = None) -> Array:
    """Along a new axis."""
    found: Array = NUMPY["numpy.stack"](machine, tensors, dim)
    return found


@row("nn.functional.pad")
def pad(machine: Machine, input: Any, pad: Any, mode: Any = "constant", value: Any = None) -> Array:
    """Zeros around the last axes: (last before, last after, the one before it, …)."""
    given = ops.as_array(machine, input)
    if mode != "constant" or value not in (None, Int()):
        machine.refuse("padding by anything but zeros")
    items = list(pad)
    if len(items) % 2 or len(items) > 2 * given.rank:
        machine.refuse("widths that do not fit the axes")
    widths = [(Int(), Int())] * (given.rank - len(items) // 2)
    pairs = [(items[at], items[at + 1]) for at in range(0, len(items), 2)]
    return shapes.padded(machine, given, [*widths, *reversed(pairs)])
