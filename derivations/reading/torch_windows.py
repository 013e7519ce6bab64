"""PyTorch's convolutions and windows; more rows of `torch_table`, under the same law: sums over windows of the padded
input."""

from __future__ import annotations

from typing import Any

from derivations.reading import operations as ops
from derivations.reading import products
from derivations.reading import reshaping as shapes
from derivations.reading.arrays import Array, Index, plain_axis
from derivations.reading.elements import Element, Top, iff, over, plus, times, total, whole
from derivations.reading.integers import Int, at_least, equal, product
from derivations.reading.machine import Machine
from derivations.reading.torch_table import METHODS, ROWS, pair, row

__all__ = ["METHODS", "ROWS"]

# -- convolutions and windows ----------------------------------------------------------------------


def framed(machine: Machine, input: Any, padding: Any) -> Array:
    """Zeros around the last two axes."""
    given = ops.as_array(machine, input)
    if given.rank != 4:
        machine.refuse("a convolution of what is not (N, C, H, W)")
    high, wide = pair(padding)
    return shapes.padded(machine, given, [(Int(), Int()), (Int(), Int()), (high, high), (wide, wide)])


def windows(machine: Machine, input: Array, kernel: tuple[Int, Int], stride: Any, dilation: Any) -> Array:
    """(N, C, rows, columns, k, l): the complete windows of the last two axes."""
    steps, gaps = pair(stride), pair(dilation)
    entries = machine.snapshot(input)
    sizes = []
    for size, window, step, gap in zip(input.shape[2:], kernel, steps, gaps, strict=True):
        machine.require(at_least(step, 1), "fits", "the stride is positive")
        machine.require(at_least(gap, 1), "fits", "the dilation is positive")
        reach = gap * (window - 1) + 1
        machine.require(at_least(size, reach), "fits", "the window is not larger than the input")
        sizes.append(machine.simplify((size - reach) // step + 1))
    axes = (*input.axes[:2], *[plain_axis(size) for size in (*sizes, *kernel)])
    own = input.axes

    def entry(index: Index) -> Element:
        full = list(index[:2])
        for at in range(2):
            first = index[2 + at][0] if index[2 + at] else Int()
            tap = index[4 + at][0] if index[4 + at] else Int()
            place, size = steps[at] * first + gaps[at] * tap, product(own[2 + at])
            full.append(machine.convert((place,), (size,), own[2 + at]) if own[2 + at] else ())
        return entries(tuple(full))

    return machine.make(axes, entry)


@row("nn.functional.conv2d", "conv2d")
def conv2d(machine: Machine, input: Any, weight: Any, bias: Any = None, stride: Any = None, padding: Any = None,
           dilation: Any = None) -> Array:  # fmt: skip
    """out[n, f, i, j] = Σ x[n, c, s·i + d·k, s·j + d·l]·w[f, c, k, l] + b[f], x padded."""
    one = Int.of(1)
    kernel = ops.as_array(machine, weight)
    seen = windows(
        machine, framed(machine, input, Int() if padding is None else padding), (kernel.shape[2], kernel.shape[3]),
        one if stride is None else stride, one if dilation is None else dilation,
    )  # fmt: skip
    found = products.contracted(machine, [seen, kernel], ["ncijkl", "fckl"], "nfij")
    return found if bias is None else _with_bias(machine, found, bias)


def _with_bias(machine: Machine, found: Array, bias: Any) -> Array:
    given = ops.as_array(machine, bias)
    shaped = given.view((given.axes[0], (), ()), lambda index: (index[0],))
    result: Array = ops.arithmetic(machine, "+", found, shaped)
    return result


@row("nn.functional.conv_transpose2d", "conv_transpose2d")
def conv_transpose2d(machine: Machine, input: Any, weight: Any, bias: Any = None, stride: Any = None,
                     padding: Any = None, output_padding: Any = None) -> Array:  # fmt: skip
    """out[n, f, s·i + k - p, s·j + l - p] += x[n, c, i, j]·w[c, f, k, l]."""
    given, kernel = ops.as_array(machine, input), ops.as_array(machine, weight)
    steps, crops = pair(Int.of(1) if stride is None else stride), pair(Int() if padding is None else padding)
    extra = pair(Int() if output_padding is None else output_padding)
    machine.same_size(given.shape[1], kernel.shape[0], "input and weight have as many channels")
    sizes = [machine.simplify((n - 1) * s + k - 2 * p + e) for n, s, k, p, e in
             zip(given.shape[2:], steps, kernel.shape[2:], crops, extra, strict=True)]  # fmt: skip
    for size in sizes:
        machine.require(at_least(size, 1), "fits", "the output has a row")
    mine, theirs = machine.snapshot(given), machine.snapshot(kernel)
    axes = (given.axes[0], kernel.axes[1], *[plain_axis(size) for size in sizes])
    bound_axes = (given.axes[1], *given.axes[2:], *kernel.axes[2:])

    def entry(index: Index) -> Element:
        bound, (c, i, j, k, l) = machine.box(bound_axes)  # noqa: E741
        channel = machine.convert(c, given.axes[1], kernel.axes[0])
        conditions = []
        for at, (place, tap) in enumerate(((i, k), (j, l))):
            reached = steps[at] * _one(place, given.axes[2 + at]) + _one(tap, kernel.axes[2 + at])
            conditions.append(equal(_one(index[2 + at], axes[2 + at]) + crops[at], reached))
        value = times(mine((index[0], c, i, j)), theirs((channel, index[1], k, l)))
        return total(bound, times(*[iff(one) for one in conditions], value))

    found = machine.make(axes, entry)
    return found if bias is None else _with_bias(machine, found, bias)


def _one(part: tuple[Int, ...], axis: tuple[Int, ...]) -> Int:
    """The row-major number of an index of one axis."""
    number = Int()
    for place, size in zip(part, axis, strict=True):
        number = number * size + place
    return number


@row("nn.functional.avg_pool2d")
def avg_pool2d(machine: Machine, input: Any, kernel_size: Any, stride: Any = None, padding: Any = None) -> Array:
    """Means over windows; zeros of the padding count."""
    kernel = pair(kernel_size)
    seen = windows(machine, framed(machine, input, Int() if padding is None else padding), kernel,
                   kernel if stride is None else stride, Int.of(1))  # fmt: skip
    count = whole(kernel[0] * kernel[1])
    return ops.reduced(machine, seen, (Int.of(4), Int.of(5)), False,
                       lambda bound, body: over(total(bound, body), count))  # fmt: skip


@row("nn.functional.max_pool2d")
def max_pool2d(machine: Machine, input: Any, kernel_size: Any, stride: Any = None) -> Array:
    """Maxima over windows, without padding."""
    kernel = pair(kernel_size)
    for size in kernel:
        machine.require(at_least(size, 1), "fits", "a maximum is over something")
    seen = windows(machine, framed(machine, input, Int()), kernel, kernel if stride is None else stride, Int.of(1))
    return ops.reduced(machine, seen, (Int.of(4), Int.of(5)), False,
                       lambda bound, body: Top(bound, body) if bound else body)  # fmt: skip


@row("nn.functional.unfold")
def unfold(machine: Machine, input: Any, kernel_size: Any, dilation: Any = None, padding: Any = None,
           stride: Any = None) -> Array:  # fmt: skip
    """(N, C·k·l, rows·columns): windows as columns."""
    one = Int.of(1)
    seen = windows(machine, framed(machine, input, Int() if padding is None else padding), pair(kernel_size),
                   one if stride is None else stride, one if dilation is None else dilation)  # fmt: skip
    turned = shapes.transposed(seen, [0, 1, 4, 5, 2, 3])
    n, c, k, l, i, j = turned.shape  # noqa: E741
    return shapes.reshaped(machine, turned, [n, c * k * l, i * j])


@row("nn.functional.fold")
def fold(machine: Machine, input: Any, output_size: Any, kernel_size: Any, dilation: Any = None, padding: Any = None,
         stride: Any = None) -> Array:  # fmt: skip
    """The sum of columns back at the places of their windows."""
    given = ops.as_array(machine, input)
    one = Int.of(1)
    high, kernel = pair(output_size), pair(kernel_size)
    steps, gaps = pair(one if stride is None else stride), pair(one if dilation is None else dilation)
    crops = pair(Int() if padding is None else padding)
    counts = [machine.simplify((size + 2 * p - d * (k - 1) - 1) // s + 1) for size, p, d, k, s in
              zip(high, crops, gaps, kernel, steps, strict=True)]  # fmt: skip
    n, channels = given.shape[0], given.shape[1].over(kernel[0] * kernel[1])
    if channels is None:
        machine.refuse("columns whose size is no multiple of the window")
    columns = shapes.reshaped(machine, given, [n, channels, *kernel, *counts])
    read, own = machine.snapshot(columns), columns.axes
    axes = (own[0], own[1], *[plain_axis(size) for size in high])

    def entry(index: Index) -> Element:
        bound, (k, l, i, j) = machine.box(own[2:])  # noqa: E741
        conditions = []
        for at, (place, tap) in enumerate(((i, k), (j, l))):
            reached = steps[at] * _one(place, own[4 + at]) + gaps[at] * _one(tap, own[2 + at])
            conditions.append(equal(_one(index[2 + at], axes[2 + at]) + crops[at], reached))
        return total(bound, times(*[iff(one) for one in conditions], read((*index[:2], k, l, i, j))))

    return machine.make(axes, entry)


@row("nn.functional.linear")
def linear(machine: Machine, input: Any, weight: Any, bias: Any = None) -> Array:
    """x @ w.T + b."""
    kernel = ops.as_array(machine, weight)
    found = products.matmul(machine, ops.as_array(machine, input), shapes.transposed(kernel, [1, 0]))
    return found if bias is None else ops.elementwise(machine, plus, found, bias)


@row("nn.grad.conv2d_input")
def conv2d_input(machine: Machine, input_size: Any, weight: Any, grad_output: Any, stride: Any = None,
                 padding: Any = None) -> Array:  # fmt: skip
    """The gradient of conv2d in its input, of this size."""
    kernel = ops.as_array(machine, weight)
    steps, crops = pair(Int.of(1) if stride is None else stride), pair(Int() if padding is None else padding)
    given = ops.as_array(machine, grad_output)
    extra = []
    for at in range(2):
        natural = (given.shape[2 + at] - 1) * steps[at] + kernel.shape[2 + at] - 2 * crops[at]
        extra.append(machine.simplify(input_size[2 + at] - natural))
    found: Array = conv_transpose2d(machine, given, kernel, None, steps, crops, tuple(extra))
    return found


@row("nn.grad.conv2d_weight")
def conv2d_weight(machine: Machine, input: Any, weight_size: Any, grad_output: Any, stride: Any = None,
                  padding: Any = None) -> Array:  # fmt: skip
    """The gradient of conv2d in its weight, of this size."""
    given = ops.as_array(machine, grad_output)
    steps = pair(Int.of(1) if stride is None else stride)
    seen = framed(machine, input, Int() if padding is None else padding)
    taken = windows(machine, seen, (weight_size[2], weight_size[3]), steps, Int.of(1))
    return products.contracted(machine, [given, taken], ["nfij", "ncijkl"], "fckl")
