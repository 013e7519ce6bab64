"""A claim as a test with NumPy alone: both sides computed at a few sizes, gradients by central differences.

Law: the text is made from the nodes of the formula, never from an author's words; nothing is run here. A true formula
passes it; a false one fails it where some of the sizes tell.

What it cannot see: formulas that have no NumPy form here, and conditions on data; both are refused by name.
"""

from __future__ import annotations

import ast
import keyword
from typing import Any

from derivations.crosscheck.sizes import generic_sizes
from derivations.formulas.claims import Claim, Link
from derivations.formulas.expressions import Definition, Elementwise, Expression, Grad, Loss, Power, Tensor
from derivations.formulas.text import to_text
from derivations.steps.numpy_code import NoProgram, Program, head_lines, helper_sources

__all__ = ["NoProgram", "numpy_test"]

SIZES = 3
POSITIVE = ("log", "sqrt")  # have values for positive data only
OURS = ("np", "draw", "gradient", "chance", "left", "right", "scale", "test_formula", "Array", "Any", "Sequence", "sum")
DRAW = '''
def draw(chance, *shape, positive=POSITIVE):
    """Numbers of which no two are equal and none is 0, so that maxima are unique and kinks are far."""
    count = int(np.prod(shape, dtype=int))
    values = chance.permutation(np.concatenate([np.arange(1, count + 1), -np.arange(1, count + 1)])[: 2 * count])
    values = values[:count].astype(float)
    return ((1 + np.abs(values)) / 4 if positive else values / 2).reshape(shape)
'''
GRADIENT = '''
def gradient(f, x):
    """The gradient of a scalar function by central differences."""
    found, step = np.zeros(np.shape(x)), 1e-5
    for place in np.ndindex(np.shape(x)):
        shift = np.zeros(np.shape(x))
        shift[place] = step
        found[place] = (f(x + shift) - f(x - shift)) / (2 * step)
    return found
'''


class _Sides(Program):
    """Both sides of an equation; a derivative becomes differences of what it is taken of, written out."""

    def __init__(self, context: Any, inside: Expression | None = None) -> None:
        super().__init__(context)
        self.inside = inside
        self.has_gradient = False

    def definition(self, node: Definition) -> str:
        """Inside of a derivative a definition is written out, but for the name by which is differentiated."""
        if self.inside is None:
            return super().definition(node)
        return node.name if node == self.inside else f"({self.text(node.body)})"

    def derivative(self, node: Grad) -> str:
        """`gradient(lambda w: np.sum(delta * conv(a, w)), w)`."""
        if self.inside is not None:
            raise NoProgram(f"a derivative of a derivative: {node}")
        name = getattr(node.wrt, "name", "")
        if not name:
            raise NoProgram(f"a derivative by something without a name: {node}")
        if isinstance(node.wrt, Tensor):
            self.parameters.setdefault(name, node.wrt)
        elif isinstance(node.wrt, Definition):
            self.text(node.wrt)
        inner = _Sides(self.context, node.wrt)
        inner.parameters, inner.helpers, inner.losses = self.parameters, self.helpers, self.losses
        body = inner.text(node.of.of if isinstance(node.of, Loss) else node.of)
        if isinstance(node.of, Loss):
            body = f"np.sum({self.text(Grad(node.of, node.of.of))} * {body})"
        self.has_gradient = True
        return f"gradient(lambda {name}: {body}, {name})"


def numpy_test(claim: Claim, link: Link) -> str:
    """The source of a test of one link; raises NoProgram."""
    if claim.hypotheses or claim.supposed or any(a.kind == "condition" for a in claim.context.assumptions):
        raise NoProgram("it has conditions on data")
    sizes = [dict(found) for found in generic_sizes(claim.context, claim.conditions, SIZES)]
    if not sizes:
        raise NoProgram("no sizes were found at which it says something")
    program = _Sides(claim.context)
    left, right = program.text(link.left), program.text(link.right)
    names = [*sizes[0], *program.parameters, *program.definitions, *(str(free.index) for free in link.free)]
    bad = [name for name in names if keyword.iskeyword(name) or name in OURS or name in program.helpers]
    if bad:
        raise NoProgram(f"{bad[0]} is a word of the test itself; call it something else")
    text = _written(claim, link, program, sizes, (left, right))
    try:
        ast.parse(text)
    except (SyntaxError, ValueError, RecursionError) as error:
        raise NoProgram(f"it has no NumPy form: {error}") from None
    return text


def _written(claim: Claim, link: Link, program: _Sides, sizes: list[dict[str, int]], sides: tuple[str, str]) -> str:
    positive = _needs_positive(link, claim)
    helpers = helper_sources(program)
    statement = to_text(link.left) + " == " + to_text(link.right)
    shown = f"    {statement}".replace("\\", "/").replace('"""', "'''")
    head = ['"""A formula in numbers; needs NumPy alone, runs under pytest or as a script:', "", shown, '"""', ""]
    parts = ["\n".join([*head, *head_lines(program)])]
    parts += [helper.rstrip() for helper in helpers]
    parts.append(DRAW.replace("POSITIVE", str(positive)).strip())
    parts += [GRADIENT.strip()] if program.has_gradient else []
    for name in claim.context.functions:
        if name in program.parameters:
            parts.append(f"def {name}(z):\n    return 1 + 2 * z + 3 * z**2")
        if f"{name}_prime" in program.parameters:
            parts.append(f"def {name}_prime(z):\n    return 2 + 6 * z")
    parts.append("\n".join(_test_lines(link, program, sizes, sides)))
    parts.append('if __name__ == "__main__":\n    test_formula()')
    return "\n\n\n".join(parts) + "\n"


def _needs_positive(link: Link, claim: Claim) -> bool:
    nodes: list[Any] = [link.left, link.right, *claim.context.names.values()]
    found = False
    for node in nodes:
        found = found or any(part.name in POSITIVE for part in node.atoms(Elementwise))
        found = found or any(not part.args[1].is_integer for part in node.atoms(Power))
    return found


def _test_lines(link: Link, program: _Sides, sizes: list[dict[str, int]], sides: tuple[str, str]) -> list[str]:
    names = list(sizes[0])
    lines = [
        "def test_formula():",
        f'    """{link.text}"""'.replace("\\", "/"),
        "    chance = np.random.default_rng(0)",
    ]
    if names:
        listed = ", ".join(str(tuple(at.values())) for at in sizes)
        lines.append(f"    for {', '.join(names)}{',' if len(names) == 1 else ''} in [{listed}]:")
    else:
        lines.append("    for _ in range(3):")
    indent = "        "
    for name, node in program.parameters.items():
        if node is not None:
            lines.append(f"{indent}{name} = draw(chance{''.join(f', {to_text(size)}' for size in node.shape)})")
    lines += [f"{indent}{name} = {value}" for name, value in program.definitions.items()]
    for free in link.free:
        lines.append(f"{indent}for {free.index} in range({to_text(free.size)}):")
        indent += "    "
    checked = [
        f"left = np.asarray({sides[0]}, dtype=float)",
        f"right = np.asarray({sides[1]}, dtype=float)",
        'assert left.shape == right.shape or left.size == right.size == 1, f"shapes {left.shape} and {right.shape}"',
        "scale = 1 + max(np.abs(left).max(initial=0), np.abs(right).max(initial=0))",
        "np.testing.assert_allclose(left.reshape(right.shape), right, rtol=1e-6, atol=1e-6 * scale)",
    ]
    return [*lines, *(indent + each for each in checked)]
