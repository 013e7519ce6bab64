"""Parsing what is printed gives the same object, for every formula, condition, context and claim that can be read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from derivations.formulas.expressions import (
    Bracket,
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
    Minus,
    SizeTuple,
    Slice,
    Tensor,
)
from derivations.formulas.integers import (
    AllOf,
    AnyOf,
    Compare,
    Condition,
    FloorDiv,
    Maximum,
    Minimum,
    Negation,
    Remainder,
    ceiling_division,
    integer_symbol,
)
from derivations.formulas.text import to_text
from derivations.language import conditions
from derivations.language.arithmetic import Arithmetic, TooLarge
from derivations.language.document import parse_context, parse_expression
from derivations.language.elaborate import Elaborator
from derivations.language.scope import Scope
from derivations.language.source import lines_of, statements
from derivations.language.syntax import parse
from derivations.operators import apply

GIVEN = """
dims H, W, m, n, s, p >= 0 where m <= H, n <= W
tensor x[H, W], y[H, W], k[m, n], u[H], v[H], t[s, H, W]
scalar b, beta
function f
z = conv(x, k, valid) + b
loss J(z)
K = sum(x**2) / 2
"""
[(_, CONTEXT)] = parse_context(GIVEN)
ARITHMETIC = Arithmetic({dim.name: dim for dim in CONTEXT.dims}, CONTEXT.conditions)

SIZES = [dim.symbol for dim in CONTEXT.dims]


def _quotient(pair: tuple[Any, Any]) -> Any:
    return FloorDiv(pair[0], pair[1])


def integers(leaves: Any = SIZES) -> st.SearchStrategy[Any]:
    """Integer expressions; they shrink to small numbers and single sizes."""
    base = st.integers(-3, 9).map(lambda value: Constant(value).value) | st.sampled_from(list(leaves))
    positive = st.sampled_from([integer_symbol("s"), integer_symbol("m"), Constant(2).value, Constant(3).value])

    def extend(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
        pair = st.tuples(inner, inner)
        return st.one_of(
            pair.map(lambda ab: ab[0] + ab[1]),
            pair.map(lambda ab: ab[0] - ab[1]),
            pair.map(lambda ab: ab[0] * ab[1]),
            pair.map(lambda ab: Minimum(*ab)),
            pair.map(lambda ab: Maximum(*ab)),
            st.tuples(inner, positive).map(_quotient),
            st.tuples(inner, positive).map(lambda ab: Remainder(*ab)),
            inner.map(lambda value: value**2),
        )

    return st.recursive(base, extend, max_leaves=5)


def size_conditions() -> st.SearchStrategy[Condition]:
    """Conditions between sizes."""
    compare = st.builds(Compare, st.sampled_from(["==", "!=", "<=", "<", ">=", ">"]), integers(), integers())

    def extend(inner: st.SearchStrategy[Condition]) -> st.SearchStrategy[Condition]:
        several = st.lists(inner, min_size=2, max_size=3)
        return st.one_of(
            several.map(lambda parts: AllOf(*parts)), several.map(lambda parts: AnyOf(*parts)), inner.map(Negation)
        )

    return st.recursive(compare, extend, max_leaves=4)


def scalars(draw_integer: st.SearchStrategy[Any]) -> st.SearchStrategy[Expression]:
    """Formulas of rank 0 without parts."""
    names = st.sampled_from([CONTEXT.names[name] for name in ("b", "beta", "J", "K")])
    return st.one_of(names, draw_integer.map(Constant), st.fractions(-3, 3, max_denominator=7).map(_fraction))


def _fraction(value: Any) -> Expression:
    from sympy import Rational

    return Constant(Rational(value.numerator, value.denominator))


@st.composite
def formulas(draw: Callable[..., Any], rank: int | None = None, depth: int = 3) -> Expression:
    """A formula of rank 0, 1 or 2; shrinks to a declared name."""
    rank = draw(st.integers(0, 2)) if rank is None else rank
    if depth == 0 or draw(st.integers(0, 3)) == 0:
        if rank == 0:
            return draw(scalars(integers()))
        return CONTEXT.names[draw(st.sampled_from(["u", "v"] if rank == 1 else ["x", "y"]))]
    build = draw(st.sampled_from([_sum, _product, _quotient_of, _minus, _power, _elementwise, _special]))
    try:
        return build(draw, rank, depth - 1)
    except TooLarge:
        return CONTEXT.names["b"] if rank == 0 else CONTEXT.names["u" if rank == 1 else "x"]


def _parts(draw: Any, rank: int, depth: int) -> list[Expression]:
    count = draw(st.integers(2, 3))
    return [draw(formulas(draw(st.sampled_from([rank, 0])) if at else rank, depth)) for at in range(count)]


def _sum(draw: Any, rank: int, depth: int) -> Expression:
    terms = [
        ARITHMETIC.minus(term) if draw(st.booleans()) else term
        for term in draw(st.permutations(_parts(draw, rank, depth)))
    ]
    return ARITHMETIC.plus(terms)


def _product(draw: Any, rank: int, depth: int) -> Expression:
    return ARITHMETIC.times(draw(st.permutations(_parts(draw, rank, depth))))


def _quotient_of(draw: Any, rank: int, depth: int) -> Expression:
    divisor = draw(formulas(0, depth))
    if isinstance(divisor, Constant) and divisor.value == 0:
        divisor = Constant(2)
    return ARITHMETIC.over(draw(formulas(rank, depth)), divisor)


def _minus(draw: Any, rank: int, depth: int) -> Expression:
    return ARITHMETIC.minus(draw(formulas(rank, depth)))


def _power(draw: Any, rank: int, depth: int) -> Expression:
    base = draw(formulas(rank, depth))
    if isinstance(base, Constant) and base.value == 0:
        return base
    return ARITHMETIC.power(base, draw(st.integers(-2, 3)))


def _elementwise(draw: Any, rank: int, depth: int) -> Expression:
    name = draw(st.sampled_from(["f", "tanh", "relu", "abs"]))
    return Elementwise(name, draw(st.integers(0, 2)), draw(formulas(rank, depth)))


def _special(draw: Any, rank: int, depth: int) -> Expression:
    return draw(st.sampled_from([_SCALAR, _VECTOR, _MATRIX][rank]))(draw, depth)


def _index_sum(draw: Any, depth: int) -> Expression:
    i, j = integer_symbol(f"i{depth}"), integer_symbol(f"j{depth}")  # an inner sum has names of its own
    at = draw(integers([i, integer_symbol("m")]))
    body = ARITHMETIC.times([Entry(CONTEXT.names["x"], at, j), Entry(CONTEXT.names["u"], i), draw(formulas(0, depth))])
    ranges = [IndexRange(i, 0, draw(integers())) if draw(st.booleans()) else IndexRange(i), IndexRange(j)]
    return IndexSum(body, *ranges)


def _slice(draw: Any, size: Any) -> Slice:
    start, step = draw(st.sampled_from([0, 1, "m"])), draw(st.sampled_from([1, 2, "s"]))
    start = integer_symbol(start) if isinstance(start, str) else Constant(start).value
    step = integer_symbol(step) if isinstance(step, str) else Constant(step).value
    stop = draw(st.sampled_from([size, start + 3, integer_symbol("n")]))
    return Slice(start, ceiling_division(stop - start, step), step)


def _sliced(draw: Any, depth: int) -> Expression:
    node = draw(formulas(2, depth))
    return Entry(node, *[_slice(draw, size) for size in node.shape])


def _data_bracket(draw: Any, depth: int) -> Expression:
    left = draw(formulas(2, depth))
    return DataBracket(draw(st.sampled_from([">", "<=", "==", "!="])), left, draw(formulas(0, depth)))


def _convolved(draw: Any, depth: int) -> Expression:
    mode = draw(st.sampled_from(["valid", "full", "same"]))
    keywords = {
        "stride": draw(st.sampled_from([1, integer_symbol("s"), (1, 2)])),
        "pad": draw(st.sampled_from([0, 1, ((0, 1), (2, integer_symbol("p")))])),
        "dilation": draw(st.sampled_from([1, 2])),
    }
    return apply(
        draw(st.sampled_from(["conv", "corr"])), draw(formulas(2, depth)), CONTEXT.names["k"], mode, **keywords
    )


def _pooled(draw: Any, depth: int) -> Expression:
    name = draw(st.sampled_from(["mean_pool", "sum_pool", "max_pool"]))
    window = draw(st.sampled_from([2, integer_symbol("n"), (2, integer_symbol("n"))]))
    keywords: dict[str, Any] = draw(st.sampled_from([{}, {"stride": 1}, {"pad": 1}, {"ceil": True, "stride": (1, 3)}]))
    return apply(name, draw(formulas(2, depth)), window, **keywords)


_VARIABLE = st.sampled_from([CONTEXT.names[name] for name in ("x", "k", "b", "z")])
_SCALAR = [
    _index_sum,
    lambda draw, depth: apply("sum", draw(formulas(None, depth))),
    lambda draw, depth: apply("tr", draw(formulas(2, depth))),
    lambda draw, depth: Entry(draw(formulas(2, depth)), draw(integers()), draw(integers())),
    lambda draw, depth: Bracket(draw(size_conditions())),
    lambda draw, depth: Differential(draw(formulas(0, depth)), draw(_VARIABLE)),
]
_VECTOR = [
    lambda draw, depth: Entry(draw(formulas(2, depth)), draw(integers()), _slice(draw, integer_symbol("W"))),
    lambda draw, depth: apply("matmul", draw(formulas(2, depth)), draw(formulas(1, depth))),
    lambda draw, depth: Literal.of(draw(st.lists(st.integers(-3, 3), min_size=1, max_size=3))),
    lambda draw, depth: apply("flip", draw(formulas(1, depth)), 0),
]
_MATRIX = [
    _sliced,
    _data_bracket,
    _convolved,
    _pooled,
    lambda draw, depth: apply("matmul", draw(formulas(2, depth)), draw(formulas(2, depth))),
    lambda draw, depth: apply("transpose", draw(formulas(2, depth))),
    lambda draw, depth: apply("kron", draw(formulas(2, depth)), apply("ones", draw(integers()), 2)),
    lambda draw, depth: apply("pad", draw(formulas(2, depth)), draw(st.sampled_from([1, ((1, 0), (0, 2))]))),
    lambda draw, depth: apply("resize", draw(formulas(2, depth)), draw(integers()), draw(integers())),
    lambda draw, depth: apply("rot90", draw(formulas(2, depth)), draw(st.sampled_from([1, 2]))),
    lambda draw, depth: Literal.of([[1, -2], [0, 5]]),
    lambda draw, depth: Grad(draw(formulas(0, depth)), CONTEXT.names["x"]),
    lambda draw, depth: Jacobian(draw(formulas(None, depth)), draw(_VARIABLE)),
    lambda draw, depth: Entry(CONTEXT.names["t"], draw(integers()), *[Slice(0, size, 1) for size in SIZES[:2]]),
]


@settings(max_examples=150, deadline=None)
@given(formulas())
def test_formulas_survive_printing_and_parsing(node: Expression) -> None:
    """parse(print(formula)) == formula."""
    assert parse_expression(to_text(node), CONTEXT) == node


@settings(max_examples=200, deadline=None)
@given(integers())
def test_integers_survive_printing_and_parsing(value: Any) -> None:
    """parse(print(integer)) == integer."""
    assert parse_expression(to_text(value), CONTEXT) == Constant(value)


def read_condition(text: str) -> Condition:
    """The condition that a text is."""
    (statement,) = statements(lines_of(text), "condition")
    return conditions.size_condition(Elaborator(Scope.of(CONTEXT, {}), statement), parse("conditions", statement))


@settings(max_examples=200, deadline=None)
@given(size_conditions())
def test_conditions_survive_printing_and_parsing(condition: Condition) -> None:
    """parse(print(condition)) == condition."""
    assert read_condition(to_text(condition)) == condition


@settings(max_examples=60, deadline=None)
@given(formulas(2), formulas(0))
def test_printing_knows_what_was_bracketed(left: Expression, right: Expression) -> None:
    """Two formulas with different trees never print alike."""
    pairs = [(left + right) * right, left + right * right, Minus(left) * right, Minus(left * right)]
    texts = [to_text(pair) for pair in pairs]
    assert len(set(texts)) == len(texts)


SENTENCES = [
    "a / b / c", "a / (b / c)", "a - (b - c)", "a - b - c", "-a * b", "-(a * b)", "-a**2", "(-a)**2", "a * (-b)",
    "2 * a", "a * 2", "1/2 * a", "a / 2", "a / (2*n)", "n**2 * a", "a + n + 1", "n + 1 + a", "a @ b.T @ c",
    "a @ (b @ c)", "(a * b) @ c", "a * (b @ c)", "(a + b).T", "(a + b)[0, 1]", "f'(a)", "f''(a)[0]",
    "a[u, v] * b[v, u]", "sum[i, j in 0..n - 1](a[i, j])", "sum[i](sum[j](a[i, j]))", "a[1:, ::2]", "a[:n - 1, 0]",
    "[n <= m, m < 3] * a", "[n <= m or m < 3] * a", "[not (n <= m or m < 3)] * a", "[a > 0] * b", "d(a)", "d(a @ b, a)",
    "pad(a, (1, 2), (3, 4))", "conv(a, b, full, stride=2, pad=(1, 2), (0, 1), dilation=n)", "mean_pool(a, (2, 3))",
    "max_pool(a, 2, stride=1, ceil=true)", "(m, n)", "(m,)", "()", "shape(a)", "[[1, 2], [3, -4]]", "[1/2, 0]",
    "m//2", "((m + n)//2) % 3", "max(m, n) - min(m, n)", "entries[i in 0..n - 1, j in 0..m - 1](a[i, j] * i)",
    "2*(m//2) + 1", "m/2/(n + 1)", "(m + 1)*(n + 1)*2", "-((m + 1)*(n + 1))", "3/(2*m)*(n + 1)", "2*m*(n + 1)",
    "1 / (n - m)", "(n - m) / (n - m)", "m//(n - m) - m//(n - m)", "kron(a, ones(n, n)) / n**2",
]  # fmt: skip


@pytest.mark.parametrize("text", SENTENCES)
def test_texts_in_their_normal_form_are_printed_as_they_stand(text: str) -> None:
    """print(parse(text)) == text for texts that are written the printer's way."""
    given_text = "dims m, n\ntensor a[n, n], b[n, n], c[n, n]\nfunction f"
    [(_, context)] = parse_context(given_text)
    elaborator = Elaborator(Scope.of(context, {}), statements(lines_of(text), "text")[0], ("u", "v"))
    node = elaborator.node(parse("test", elaborator.statement))
    assert to_text(node) == text


def test_definitions_print_by_name() -> None:
    """A definition prints as its name wherever it is used, and as its body in its context."""
    z = CONTEXT.names["z"]
    assert isinstance(z, Definition)
    assert to_text(z * 2) == "z * 2"
    assert to_text(z.body) == "conv(x, k, valid) + b"


def test_a_tuple_of_sizes_remembers_its_formula() -> None:
    """shape(x) prints as it is written, not as the sizes it stands for."""
    x = CONTEXT.names["x"]
    assert isinstance(x, Tensor)
    assert to_text(SizeTuple.of_shape(x)) == "shape(x)"
