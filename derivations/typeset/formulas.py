r"""Formulas, conditions and integer expressions in the notation of a textbook.

Why its own printer: the nodes know no precedence, and SymPy's printer knows no Hadamard product, no
convolution and no floor that stays as written. The law kept here: two formulas that differ print
differently, and every parenthesis that a reader needs is there, so that the page says what the kernel
judged. Everything compiles with plain amsmath and converts to MathML in Pandoc (no macros of our own).

What it cannot see: line breaks. A long formula is one line; `tactic.py` and the report break at relations.

Notation: ∘ is the entrywise product, ⊗ the Kronecker product, ∗ convolution, ⋆ correlation, ⊛ the commutative
convolution, [·] Iverson's bracket, **1** a matrix of ones.

Over 500 lines: one short function for each node of the language.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import singledispatch
from typing import Any

from sympy import Basic, Expr, Integer, Symbol, Tuple
from sympy.core.symbol import Str

from derivations.formulas.claims import Claim, Link
from derivations.formulas.expressions import (
    Apply,
    Bracket,
    ByIndex,
    Constant,
    DataBracket,
    Definition,
    Differential,
    Elementwise,
    Entry,
    Expression,
    Grad,
    IndexRange,
    IndexSum,
    Jacobian,
    Literal,
    Loss,
    Minus,
    Over,
    Plus,
    Power,
    SizeTuple,
    Slice,
    Tensor,
    Times,
)
from derivations.formulas.integers import Condition, ceiling_division
from derivations.formulas.names import name_to_latex
from derivations.operators import OPERATORS
from derivations.typeset.integers import (
    RELATIONS,
    binding,
    condition_to_latex,
    counted_from,
    fence,
    integer_to_latex,
    origin_of_page,
    range_to_latex,
    small,
)

# -- pieces and parentheses ------------------------------------------------------------------------

SUM, BIG, PRODUCT, PREFIX, POWER, ATOM = range(6)


@dataclass(frozen=True)
class Piece:
    """A rendered formula: how tightly it holds together, and for a product with which sign."""

    text: str
    level: int = ATOM
    sign: str = ""


def _term(piece: Piece) -> str:
    """As a term of a sum that is not the first."""
    return fence(piece.text) if piece.text.startswith("-") else piece.text


def _factor(piece: Piece, sign: str) -> str:
    """As a factor of a product with this sign; products with different signs do not mix without
    parentheses."""
    mixed = piece.level == PRODUCT and (piece.sign != sign or sign not in ASSOCIATIVE)
    return fence(piece.text) if piece.level < PRODUCT or mixed else piece.text


def _operand(piece: Piece) -> str:
    """After a sign, before a sum's terms: only sums need parentheses."""
    return fence(piece.text) if piece.level <= SUM else piece.text


def _base(piece: Piece) -> str:
    """Under an exponent, a transposition or a subscript."""
    return piece.text if piece.level == ATOM else fence(piece.text)


JUXTAPOSED = " "
HADAMARD = r" \circ "
KRONECKER = r" \otimes "
DOT = r" \cdot "
ASSOCIATIVE = frozenset({JUXTAPOSED, HADAMARD, KRONECKER})


def _product(pieces: Sequence[Piece], sign: str) -> Piece:
    texts = [_factor(piece, sign) for piece in pieces]
    if sign == JUXTAPOSED:
        texts[1:] = [rf"\,{text}" if text.startswith(r"\mathrm{d}") else text for text in texts[1:]]
    return Piece(sign.join(texts), PRODUCT, sign)


def _list(parts: Iterable[str]) -> str:
    """Parts with a comma and a thin space between them, as in subscripts."""
    return r",\,".join(parts)


def _call(name: str, *parts: str) -> Piece:
    return Piece(rf"{name}{fence(', '.join(parts))}")


# -- formulas --------------------------------------------------------------------------------------


@singledispatch
def render(node: Basic) -> Piece:
    """The formula as a piece; raises TypeError for what is not a formula."""
    raise TypeError(f"{type(node).__name__} has no notation yet: add a rule to derivations/typeset/formulas.py")


@render.register
def _(node: Tensor) -> Piece:
    return Piece(name_to_latex(node.name))


@render.register
def _(node: Definition) -> Piece:
    return Piece(name_to_latex(node.name))


@render.register
def _(node: Loss) -> Piece:
    return Piece(name_to_latex(node.name))


@render.register
def _(node: Constant) -> Piece:
    value = node.value
    if value.is_Add or value.could_extract_minus_sign():
        level = SUM
    elif value.is_Mul or (value.is_Rational and not value.is_Integer):
        level = PRODUCT
    else:
        level = ATOM if value.is_Integer or value.is_Symbol or value.is_Function else POWER
    return Piece(integer_to_latex(value), level, JUXTAPOSED)


@render.register
def _(node: Literal) -> Piece:
    values = [integer_to_latex(value) for value in node.values]
    if node.rank == 1:
        return Piece(f"[{', '.join(values)}]")  # round brackets are a tuple of sizes
    columns = int(node.shape[1]) or 1
    rows = [" & ".join(values[start : start + columns]) for start in range(0, len(values), columns)]
    return Piece(r"\begin{pmatrix} " + r" \\ ".join(rows) + r" \end{pmatrix}")


@render.register
def _(node: Plus) -> Piece:
    text = ""
    for part in node.args:
        negative = isinstance(part, Minus)
        piece = render(part.args[0]) if negative else render(part)
        if not text:
            text = f"-{_operand(piece)}" if negative else piece.text
        else:
            text += f" - {_operand(piece)}" if negative else f" + {_term(piece)}"
    return Piece(text, SUM)


@render.register
def _(node: Minus) -> Piece:
    return Piece(f"-{_operand(render(node.args[0]))}", SUM)


@render.register
def _(node: Times) -> Piece:
    scalars = [part for part in node.args if not part.rank]
    tensors = [part for part in node.args if part.rank]
    if tensors and tuple(node.args[: len(scalars)]) != tuple(scalars):
        return _in_order(node.args)
    field = _product([render(part) for part in tensors], HADAMARD) if len(tensors) > 1 else None
    factors = [render(part) for part in scalars]
    if tensors:
        factors.append(field or render(tensors[0]))
    if len(factors) == 1:
        return factors[0]
    texts = [_factor(piece, JUXTAPOSED) for piece in factors]
    text = texts[0]
    for following in texts[1:]:
        text += (r" \cdot " if following[:1].isdigit() else r"\, ") + following
    return Piece(text, PRODUCT, JUXTAPOSED)


def _in_order(parts: Sequence[Any]) -> Piece:
    """A product with a number behind a tensor, as written: up(δ) · β ∘ f'(z)."""
    text, tensor = _factor(render(parts[0]), DOT), bool(parts[0].rank)
    for part in parts[1:]:
        text += (HADAMARD if tensor and part.rank else DOT) + _factor(render(part), DOT)
        tensor = tensor or bool(part.rank)
    return Piece(text, PRODUCT, DOT)


@render.register
def _(node: Over) -> Piece:
    left, right = node.args
    if right.rank:
        return _product([render(left), render(right)], r" \oslash ")
    return Piece(rf"\frac{{{render(left).text}}}{{{render(right).text}}}", PRODUCT, JUXTAPOSED)


@render.register
def _(node: Power) -> Piece:
    exponent = _parameter(node.args[1])
    mark = r"\circ " if node.args[0].rank else ""
    if mark and not node.args[1].is_Atom:
        exponent = f"({exponent})"
    return Piece(f"{_base(render(node.args[0]))}^{{{mark}{exponent}}}", POWER)


_FUNCTIONS = {
    "exp": r"\exp", "log": r"\log", "tanh": r"\tanh", "sigmoid": r"\operatorname{sigmoid}",
    "relu": r"\operatorname{ReLU}", "softplus": r"\operatorname{softplus}", "sin": r"\sin", "cos": r"\cos",
    "erf": r"\operatorname{erf}",
}  # fmt: skip


@render.register
def _(node: Elementwise) -> Piece:
    inner = render(node.of).text
    if not node.order and node.name == "sqrt":
        return Piece(rf"\sqrt{{{inner}}}")
    if not node.order and node.name == "abs" and not node.of.rank:  # of a matrix, bars are its determinant
        return Piece(rf"\left|{inner}\right|")
    name = _FUNCTIONS.get(node.name) or (
        rf"\operatorname{{{node.name}}}" if node.name in ("abs", "sqrt") else name_to_latex(node.name)
    )
    primes = "'" * node.order if node.order < 4 else f"^{{({node.order})}}"
    return _call(name + primes, inner)


@render.register
def _(node: Grad) -> Piece:
    of = render(node.of)
    text = of.text if of.level == ATOM and isinstance(node.of, Tensor | Definition | Loss) else fence(of.text)
    return Piece(rf"\nabla_{{{render(node.wrt).text}}} {text}", PREFIX)


@render.register
def _(node: Jacobian) -> Piece:
    above, below = (_call(r"\operatorname{vec}", render(part).text).text for part in (node.of, node.wrt))
    return Piece(rf"\frac{{\partial {above}}}{{\partial {below}^{{T}}}}", PREFIX)


@render.register
def _(node: Differential) -> Piece:
    of = render(node.of)
    if node.wrt is not None and node.wrt != node.of:
        return Piece(rf"\mathrm{{d}}{fence(of.text + '; ' + render(node.wrt).text)}", PREFIX)
    named = isinstance(node.of, Tensor | Definition | Loss)
    return Piece(rf"\mathrm{{d}} {of.text}" if named else rf"\mathrm{{d}}{fence(of.text)}", PREFIX)


@render.register
def _(node: Entry) -> Piece:
    subscripts = _subscripts(node)
    if isinstance(node.of, Differential) and isinstance(node.of.of, Tensor | Definition) and _simple(node.of):
        return Piece(rf"\mathrm{{d}} {_subscripted(render(node.of.of), subscripts)}", PREFIX)
    if isinstance(node.of, Grad) and not any(isinstance(index, Slice) for index in node.indices):
        of, wrt = render(node.of.of), render(node.of.wrt)
        return Piece(rf"\frac{{\partial {_factor(of, '')}}}{{\partial {_subscripted(wrt, subscripts)}}}", PREFIX)
    return Piece(_subscripted(render(node.of), subscripts))


def _subscripted(piece: Piece, subscripts: str) -> str:
    """A second subscript joins the first: z_{1} with i is (z_{1})_{i}, not a double subscript."""
    base = _base(piece)
    if re.search(r"_(\{[^{}]*(\{[^{}]*\})*[^{}]*\}|\w)'*$", base):
        base = fence(base)
    return f"{base}_{{{subscripts}}}"


def _simple(node: Differential) -> bool:
    return node.wrt is None or node.wrt == node.of


def _subscripts(node: Entry) -> str:
    """The indices; axes that are kept whole at the end are left out, as in x_c for a map of x."""
    parts = [
        _slice(index, size) if isinstance(index, Slice) else small(index + origin_of_page())
        for size, index in zip(node.of.shape, node.indices, strict=True)
    ]
    while len(parts) > 1 and parts[-1] == WHOLE and node.of.rank > 2:  # of a matrix, a row or a column must be seen
        parts.pop()
    return ", ".join(parts)


WHOLE = "{:}"


def _slice(part: Slice, size: Expr) -> str:
    """Python's notation; a bound that is the axis's own is left out."""
    origin = origin_of_page()
    start = "" if part.start == 0 else small(part.start + origin)
    rest = part.count == ceiling_division(size - part.start, part.step)
    stop = "" if rest else small(part.start + (part.count - 1) * part.step + 1 + origin)
    return f"{start}{{:}}{stop}" + ("" if part.step == 1 else f"{{:}}{small(part.step)}")


@render.register
def _(node: IndexSum) -> Piece:
    with binding(part.index for part in node.ranges):
        return Piece(f"{_sigma(node.ranges)} {_operand(render(node.body))}", BIG)


def _sigma(ranges: Iterable[IndexRange]) -> str:
    """Σ signs in order; neighbouring indices without a range share one."""
    parts: list[str] = []
    open_indices: list[str] = []
    origin = origin_of_page()
    for part in (*ranges, None):
        if part is not None and not part.explicit:
            open_indices.append(name_to_latex(part.index.name))
            continue
        if open_indices:
            parts.append(rf"\sum_{{{', '.join(open_indices)}}}")
            open_indices = []
        if part is not None:
            low = f"{name_to_latex(part.index.name)}={small(part.low + origin)}"
            parts.append(rf"\sum_{{{low}}}^{{{small(part.high + origin)}}}")
    return " ".join(parts)


@render.register
def _(node: ByIndex) -> Piece:
    relation = r"\le" if origin_of_page() else "<"
    with binding(part.index for part in node.ranges):
        ranges = [f"{name_to_latex(part.index.name)} {relation} {small(part.high + 1)}" for part in node.ranges]
        return Piece(rf"\left({render(node.body).text}\right)_{{{_list(ranges)}}}")


@render.register
def _(node: Bracket) -> Piece:
    return Piece(rf"\left[{condition_to_latex(node.condition)}\right]")


@render.register
def _(node: DataBracket) -> Piece:
    left, right = render(node.args[1]).text, render(node.args[2]).text
    return Piece(rf"\left[{left} {RELATIONS[node.operator]} {right}\right]")


@render.register
def _(node: SizeTuple) -> Piece:
    if node.of is not None:
        return _call(r"\operatorname{shape}", render(node.of).text)
    return Piece(fence(", ".join(integer_to_latex(size) for size in node.sizes)))


# -- operators -------------------------------------------------------------------------------------


@render.register
def _(node: Apply) -> Piece:
    if node.operator in _NOTATION:
        return _NOTATION[node.operator](*node.arguments)
    parts = [_parameter(part) for part in node.arguments]
    return Piece(OPERATORS[node.operator].latex(*parts))


def _parameter(part: Basic) -> str:
    """A parameter of an operator: a formula, a mode, an integer, or a number for each axis."""
    if isinstance(part, Expression):
        return render(part).text
    if isinstance(part, Str):
        return str(part.name)
    if isinstance(part, Tuple):
        return _axes(part)
    return small(part)


def _axes(numbers: Basic) -> str:
    """One number where all axes have the same, else a × b; padding pairs (before, after) likewise."""
    parts = [_pair(part) if isinstance(part, Tuple) else small(part) for part in numbers.args]
    if len(set(parts)) == 1:
        return parts[0]
    return r" \times ".join(rf"({part})" if " " in part and part[0] != "(" else part for part in parts)


def _pair(pair: Basic) -> str:
    before, after = (small(part) for part in pair.args)
    return before if before == after else f"({before}, {after})"


def _marks(**parameters: Basic) -> list[str]:
    """`stride s`, `pad p`, `dilation q`, where they are not the usual ones."""
    usual = {"stride": "1", "pad": "0", "dilation": "1"}
    shown = {name: _axes(value) for name, value in parameters.items()}
    return [rf"\mathrm{{{name}}}\,{value}" for name, value in shown.items() if value != usual[name]]


def _sliding(symbol: str) -> Callable[..., Piece]:
    def notation(x: Any, k: Any, mode: Any, stride: Any, pad: Any, dilation: Any) -> Piece:
        marks = [rf"\mathrm{{{mode.name}}}", *_marks(stride=stride, pad=pad, dilation=dilation)]
        return _product([render(x), render(k)], rf" {symbol}_{{{_list(marks)}}} ")

    return notation


def _commutative(a: Any, b: Any, mode: Any) -> Piece:
    return _product([render(a), render(b)], rf" \circledast_{{\mathrm{{{mode.name}}}}} ")


def _pooling(name: str) -> Callable[..., Piece]:
    def notation(x: Any, f: Any, stride: Any, pad: Any, ceil: Any) -> Piece:
        marks = [_axes(f)]
        if stride != f:
            marks.append(rf"\mathrm{{stride}}\,{_axes(stride)}")
        marks += _marks(pad=pad) + [r"\mathrm{ceil}"] * bool(ceil)
        return _call(rf"\operatorname{{{name}}}_{{{_list(marks)}}}", render(x).text)

    return notation


def _axis_marks(axis: Any) -> str:
    """`axis 0, 2`: the axes that an operator is over."""
    return rf"\mathrm{{axis}}\,{', '.join(str(number) for number in axis.args)}"


def _reduction(name: str) -> Callable[..., Piece]:
    def notation(a: Any, axis: Any) -> Piece:
        marks = "" if len(axis.args) == a.rank else rf"_{{{_axis_marks(axis)}}}"
        return _call(rf"\operatorname{{{name}}}{marks}", render(a).text)

    return notation


def _sizes(shape: Any) -> str:
    return r" \times ".join(integer_to_latex(size) for size in shape.args)


def _unpooling(delta: Any, x: Any, f: Any, stride: Any) -> Piece:
    marks = [_axes(f)] + ([rf"\mathrm{{stride}}\,{_axes(stride)}"] if stride != f else [])
    return _call(rf"\operatorname{{maxunpool}}_{{{_list(marks)}}}", f"{render(delta).text}; {render(x).text}")


def _filled(symbol: str) -> Callable[..., Piece]:
    def notation(shape: Any) -> Piece:
        sizes = list(shape.args)
        if len(sizes) == 2 and sizes[1] == 1:
            return Piece(rf"\mathbf{{{symbol}}}_{{{small(sizes[0])}}}")
        if len(sizes) == 2 and sizes[0] == 1:
            return Piece(rf"\mathbf{{{symbol}}}_{{{small(sizes[1])}}}^{{T}}", POWER)
        if len(sizes) == 1:
            return Piece(rf"\mathbf{{{symbol}}}_{{({small(sizes[0])})}}")
        return Piece(rf"\mathbf{{{symbol}}}_{{{_times(sizes)}}}")

    return notation


def _times(sizes: Iterable[Expr]) -> str:
    return r" \times ".join(f"({size_text})" if " " in size_text else size_text
                            for size_text in map(small, sizes))  # fmt: skip


def _framed(name: str) -> Callable[..., Piece]:
    """rot180(A), and operators with one parameter set as a subscript: up_n(A), pad_p(A)."""

    def notation(a: Any, *parameters: Any) -> Piece:
        subscript = _list(_parameter(part) for part in parameters)
        return _call(rf"\operatorname{{{name}}}" + (f"_{{{subscript}}}" if subscript else ""), render(a).text)

    return notation


def _shaped(name: str) -> Callable[..., Piece]:
    def notation(a: Any, shape: Any) -> Piece:
        return _call(rf"\operatorname{{{name}}}_{{{_times(shape.args)}}}", render(a).text)

    return notation


_NOTATION: dict[str, Callable[..., Piece]] = {
    "matmul": lambda a, b: _product([render(a), render(b)], JUXTAPOSED),
    "transpose": lambda a: Piece(f"{_base(render(a))}^{{T}}", POWER),
    "permute": lambda a, axes: _call(
        rf"\operatorname{{permute}}_{{({', '.join(str(number) for number in axes.args)})}}", render(a).text
    ),
    "sum": _reduction("sum"),
    "mean": _reduction("mean"),
    "max": _reduction("max"),
    "broadcast": lambda a, shape, axis: _call(
        rf"\operatorname{{broadcast}}_{{{_list([_axis_marks(axis)])}}}", f"{render(a).text}; {_sizes(shape)}"
    ),
    "inv": lambda a: Piece(f"{_base(render(a))}^{{-1}}", POWER),
    "solve": lambda a, b: _product([Piece(f"{_base(render(a))}^{{-1}}", POWER), render(b)], JUXTAPOSED),
    "kron": lambda a, b: _product([render(a), render(b)], KRONECKER),
    "tr": lambda a: _call(r"\operatorname{Tr}", render(a).text),
    "det": lambda a: _call(r"\det", render(a).text),
    "eye": lambda n: Piece(rf"I_{{{small(n)}}}"),
    "ones": _filled("1"),
    "zeros": _filled("0"),
    "conv": _sliding(r"\ast"),
    "corr": _sliding(r"\star"),
    "convolve": _commutative,
    "sum_pool": _pooling("sumpool"),
    "mean_pool": _pooling("meanpool"),
    "max_pool": _pooling("maxpool"),
    "max_unpool": _unpooling,
    "rot180": _framed("rot180"),
    "rot90": _framed("rot90"),
    "flip": _framed("flip"),
    "up": _framed("up"),
    "dilate": _framed("dilate"),
    "pad": _framed("pad"),
    "crop": _framed("crop"),
    "resize": _shaped("resize"),
    "reshape": _shaped("reshape"),
}


# -- the one entry ---------------------------------------------------------------------------------


def to_latex(value: Any, origin: int = 0, free: Iterable[Symbol] = ()) -> str:
    r"""A formula, condition, integer expression, link or claim as LaTeX for mathematics mode, without dollar
    signs.

    origin: where indices start on the page, 0 or 1 (a claim knows it by itself); free: the symbols that are indices
    although no sum binds them. Raises TypeError for anything else.

    >>> from derivations.operators import apply
    >>> a, w = Tensor("a", (5, 4)), Tensor("w", (2, 2))
    >>> print(to_latex(apply("conv", apply("rot180", a), w)))
    \operatorname{rot180}(a) \ast_{\mathrm{valid}} w
    """
    if isinstance(value, Claim):
        origin, free = value.context.origin, {part.index for link in value.links for part in link.free}
    elif isinstance(value, Link):
        free = {part.index for part in value.free}
    if origin:
        with counted_from(origin, free):
            return _to_latex(value)
    return _to_latex(value)


def _to_latex(value: Any) -> str:
    if isinstance(value, Expression):
        return render(value).text
    if isinstance(value, Condition):
        return condition_to_latex(value)
    if isinstance(value, Claim):
        return " = ".join(_to_latex(side) for side in (value.links[0].left, *(link.right for link in value.links)))
    if isinstance(value, Link):
        return _link(value)
    if isinstance(value, int):
        value = Integer(value)
    if isinstance(value, Expr):
        return integer_to_latex(value)
    raise TypeError(f"{type(value).__name__} has no notation: formulas, conditions, integers, links and claims have")


def _link(link: Link) -> str:
    text = f"{_to_latex(link.left)} = {_to_latex(link.right)}"
    for part in link.free:
        text += rf",\quad {range_to_latex(part.index, part.size)}"
    return text


__all__ = ["name_to_latex", "to_latex"]
