"""The claim document of a reading: its `given` block with the code beside each definition, and one claim a gradient."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from derivations.reading.reader import Reading
from derivations.reading.records import Definition
from derivations.reading.writing import Writer, dims_line


@dataclass(frozen=True)
class Line:
    """One statement of the context, and the line of the code that it comes from (0: none)."""

    text: str
    path: str = ""
    line: int = 0


def context_lines(reading: Reading) -> list[Line]:
    """The statements of the `given` block."""
    signature = reading.signature
    writer = Writer([*signature.dims, *reading.names.values(),
                     *[one.name for one in (*reading.forward, *reading.backward)], "J"])
    found = [Line(dims_line(signature.dims, reading.conditions))] if signature.dims else []
    tensors = [(name, axes) for name, axes in signature.arrays.items()]
    shown: list[str] = []
    scalars = [reading.names[name] for name in signature.scalars]
    for name, axes in tensors:
        sizes = ", ".join(str(size) for axis in axes for size in axis)
        if sizes:
            shown.append(f"{reading.names[name]}[{sizes}]")
        else:
            scalars.append(reading.names[name])
    for name, labels in signature.labels.items():
        sizes = ", ".join(map(str, (*[size for axis in labels.axes for size in axis], labels.below)))
        shown.append(f"{reading.names[name]}[{sizes}]")
    if shown:
        found.append(Line(f"tensor {', '.join(shown)}"))
    if scalars:
        found.append(Line(f"scalar {', '.join(scalars)}"))
    found += [Line(f"assume {one.text(reading.names)}") for one in signature.assumed]

    def lines(definitions: Sequence[Definition]) -> list[Line]:
        return [Line(writer.definition(one), one.path, one.line) for one in definitions]

    found += lines(reading.forward)
    if reading.seed is None:
        found.append(Line(f"J = {reading.out}"))
    else:
        found.append(Line(f"loss J({reading.out})"))
        found.append(Line(f"{reading.seed} = grad(J, {reading.out})"))
    return found + lines(reading.backward)


def flat_context(reading: Reading) -> tuple[str, dict[str, str]]:
    """A context in which everything is a tensor of its own, and the formula of each definition in it."""
    signature = reading.signature
    definitions = (*reading.forward, *reading.backward)
    writer = Writer([*signature.dims, *reading.names.values(), *[one.name for one in definitions], "J"])
    out = next(one for one in reading.forward if one.name == reading.out)
    sizes = {reading.names[name]: tuple(size for axis in axes for size in axis)
             for name, axes in signature.arrays.items()}
    sizes |= {reading.names[name]: (*[size for axis in labels.axes for size in axis], labels.below)
              for name, labels in signature.labels.items()}
    sizes |= {reading.names[name]: () for name in signature.scalars}
    sizes |= {one.name: one.sizes for one in definitions}
    sizes[reading.names["dout"]] = out.sizes
    lines = [dims_line(signature.dims, reading.conditions)] if signature.dims else []
    for name, factors in sizes.items():
        lines.append(f"tensor {name}[{', '.join(map(str, factors))}]" if factors else f"scalar {name}")
    return "\n".join(lines), {one.name: writer.entries(one) for one in definitions}


def context_text(reading: Reading) -> str:
    """The `given` block without its fences."""
    return "\n".join(line.text for line in context_lines(reading))


def claims(reading: Reading, wanted: Collection[str]) -> list[tuple[str, str]]:
    """The claims: name and equation, one for each of these arguments whose gradient can be compared as it is."""
    return [(f"d{one.argument.rpartition('.')[2]}", f"{one.name} == grad(J, {reading.names[one.argument]})")
            for one in reading.gradients if one.comparable and one.argument in wanted]


def document_text(
    readings: Sequence[tuple[Reading, Collection[str]]], title: str, expectations: Mapping[str, str],
    sources: Mapping[str, str],
) -> str:  # fmt: skip
    """A Markdown document that `gradproof verify` judges: a context for each case, with the code as comments, and the
    claims of these arguments."""
    parts = [f"# {title}\n\nRead from code by `gradproof prove`; each definition stands below its line of code.\n"]
    for number, (reading, wanted) in enumerate(readings):
        statements = []
        for line in context_lines(reading):
            code = _code(line, sources)
            statements += [f"# {line.line}: {code}"] if code else []
            statements.append(line.text)
        if len(readings) > 1:
            parts.append(f"Case {number + 1}.\n")
        parts.append("```given\n" + "\n".join(statements) + "\n```\n")
        for name, equation in claims(reading, wanted):
            key = name if len(readings) == 1 else f"{name}-case-{number + 1}"
            expected = expectations.get(key, "")
            parts.append(f"```claim {key}\n{equation}\n{expected}".rstrip() + "\n```\n")
    return "\n".join(parts)


def _code(line: Line, sources: Mapping[str, str]) -> str:
    text = sources.get(line.path, "").splitlines()
    return text[line.line - 1].strip() if 0 < line.line <= len(text) else ""
