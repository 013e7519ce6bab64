"""Products and sums over matched axes: `dot`, `@`, `tensordot`, `einsum`, `outer`.

Law: the axes that are summed have equal sizes, which is an obligation unless they are the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from derivations.reading.arrays import Array, Axis, Index
from derivations.reading.elements import Element, times, total
from derivations.reading.integers import Int, product
from derivations.reading.machine import Machine


def contracted(machine: Machine, arrays: Sequence[Array], inputs: Sequence[str], output: str) -> Array:
    """Σ over the letters that are not in the output of the product of the arrays' entries."""
    axes: dict[str, Axis] = {}
    if len(arrays) > 1 and all(array.kind == "bool" for array in arrays):
        machine.refuse("a product of masks, which NumPy takes for logic", "make one of them real numbers")
    for array, letters in zip(arrays, inputs, strict=True):
        if len(letters) != array.rank:
            machine.refuse(f"{len(letters)} axes are named of {array.rank}")
        for letter, axis in zip(letters, array.axes, strict=True):
            known = axes.get(letter, ())
            if known and axis and known != axis:
                machine.same_size(product(known), product(axis), "the axes that are matched have equal sizes")
            axes[letter] = max(known, axis, key=len)
    for array, letters in zip(arrays, inputs, strict=True):
        for letter, axis in zip(letters, array.axes, strict=True):
            if axes[letter] and not axis:
                machine.same_size(product(axes[letter]), Int.of(1), "the axes that are matched have equal sizes")
    if any(letter not in axes for letter in output):
        machine.refuse("an axis of the output stands in no input")
    entries = [machine.snapshot(array) for array in arrays]
    summed = [letter for letter in axes if letter not in output]

    def entry(index: Index) -> Element:
        values = dict(zip(output, index, strict=True))
        bound, inner = machine.box(tuple(axes[letter] for letter in summed))
        values.update(zip(summed, inner, strict=True))
        parts = []
        for array, letters, read in zip(arrays, inputs, entries, strict=True):
            own = [machine.convert(values[letter], axes[letter], axis) if axis else ()
                   for letter, axis in zip(letters, array.axes, strict=True)]
            parts.append(read(tuple(own)))
        return total(bound, times(*parts))

    return machine.make(tuple(axes[letter] for letter in output), entry)


LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


def matmul(machine: Machine, left: Array, right: Array) -> Array:
    """left @ right: matrices on the last two axes, those before are broadcast."""
    if not left.rank or not right.rank:
        machine.refuse("`@` of a number")
    if left.rank > 2 and right.rank > 2 and left.rank != right.rank:
        machine.refuse("`@` of stacks of different rank", "give both as many axes")
    rank = max(left.rank, right.rank)
    batch = LETTERS[: max(rank - 2, 0)]
    mine = (batch[len(batch) - max(left.rank - 2, 0) :] if left.rank > 2 else "") + ("Y" if left.rank > 1 else "") + "Z"
    theirs = (batch[len(batch) - max(right.rank - 2, 0) :] if right.rank > 2 else "") + "Z"
    theirs += "X" if right.rank > 1 else ""
    output = batch + ("Y" if left.rank > 1 else "") + ("X" if right.rank > 1 else "")
    return contracted(machine, [left, right], [mine, theirs], output)


def dot(machine: Machine, left: Array, right: Array) -> Array:
    """numpy.dot: over the last axis of left and the last but one of right."""
    mine = LETTERS[: left.rank]
    theirs = list(LETTERS[left.rank : left.rank + right.rank])
    place = max(len(theirs) - 2, 0)
    kept = mine[:-1] + "".join(letter for at, letter in enumerate(theirs) if at != place)
    theirs[place] = mine[-1]
    return contracted(machine, [left, right], [mine, "".join(theirs)], kept)


def tensordot(machine: Machine, left: Array, right: Array, pairs: Sequence[tuple[int, int]]) -> Array:
    """numpy.tensordot over pairs of axes."""
    mine = LETTERS[: left.rank]
    theirs = list(LETTERS[left.rank : left.rank + right.rank])
    for p, q in pairs:
        theirs[q] = mine[p]
    kept = [letter for at, letter in enumerate(mine) if at not in {p for p, _ in pairs}]
    kept += [letter for at, letter in enumerate(theirs) if at not in {q for _, q in pairs}]
    return contracted(machine, [left, right], [mine, "".join(theirs)], "".join(kept))


def einsum(machine: Machine, subscripts: Any, arrays: Sequence[Array]) -> Array:
    """numpy.einsum with letters, `...` as leading axes."""
    if not isinstance(subscripts, str):
        machine.refuse("einsum without subscripts as text")
    text = subscripts.replace(" ", "")
    left, arrow, output = text.partition("->")
    inputs = left.split(",")
    if len(inputs) != len(arrays):
        machine.refuse(f"{len(inputs)} inputs are named for {len(arrays)} arrays")
    if "..." in text:
        ranks = [array.rank - len(one.replace("...", "")) for one, array in zip(inputs, arrays, strict=True)
                 if "..." in one]
        if not ranks or min(ranks) < 0 or len(set(ranks)) > 1:
            machine.refuse("`...` of different ranks in einsum")
        used = set(text)
        extra = "".join([letter for letter in LETTERS if letter not in used][: ranks[0]])
        inputs = [one.replace("...", extra) for one in inputs]
        output = output.replace("...", extra) if arrow else output
        head = extra
    else:
        head = ""
    if not all(letter in LETTERS for one in (*inputs, output) for letter in one):
        machine.refuse("subscripts that are no letters")
    if not arrow:
        counted = "".join(inputs)
        output = head + "".join(sorted(letter for letter in set(counted) - set(head) if counted.count(letter) == 1))
    if len(set(output)) < len(output):
        machine.refuse("a letter stands twice in the output")
    return contracted(machine, arrays, inputs, output)
