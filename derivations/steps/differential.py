"""The differential of a formula, one rule at a time: the rules of matrix differential calculus as a table.

Why so: a reader follows dz = da ∗ w + a ∗ dw, not an entry-by-entry derivative. The law kept here: a rule
rewrites the differential of one node into a formula that is linear in the differentials of its parts, and
says its name; parts that do not depend on the variable are constants, so their differentials are left out.

What it cannot see: whether a rule is right. Every step made with it is judged by the kernel (`tactic.py`),
and the tests compare every rule with SymPy's own derivative at small sizes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sympy import Basic

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
    Literal,
    Loss,
    Minus,
    Over,
    Plus,
    Power,
    SizeTuple,
    Tensor,
    Times,
)
from derivations.formulas.integers import integer_symbol
from derivations.operators import OPERATORS, apply
from derivations.operators.row import NoRule

Name = Tensor | Definition


@dataclass(frozen=True)
class Rule:
    """A row: the name that is printed, the equation in words of the calculus, and the rewriting of d(node;
    x)."""

    name: str
    equation: str
    rewrite: Callable[[Expression, Name], Expression]


def depends(node: Basic, x: Name) -> bool:
    """Whether a formula contains the variable, also inside definitions. Brackets do not change with their data, except
    where they jump and nothing is differentiable."""
    if node == x:
        return True
    if isinstance(node, DataBracket):
        return False
    if isinstance(node, Grad):
        raise NoRule("the differential of a gradient needs the loss's second derivative, which is arbitrary")
    return any(depends(part, x) for part in node.args)


def d(node: Expression, x: Name) -> Expression:
    """d(node; x) without rewriting; of the variable itself, the arbitrary dx; of an entry, the entry of d."""
    if isinstance(node, Entry):
        return Entry(d(node.of, x), *node.indices)
    if node == x:
        return Differential(x) if isinstance(x, Tensor) else Differential(x, x)
    return Differential(node, x)


def is_variable(node: Expression, x: Name) -> bool:
    """Whether this is dx."""
    return isinstance(node, Differential) and node.of == x


def _sum(terms: list[Expression]) -> Expression:
    return terms[0] if len(terms) == 1 else Plus(*terms)


def _linear(node: Expression, x: Name) -> Expression:
    """Sums: the differential of each term that varies."""
    terms: list[Expression] = []
    for part in node.args:
        if depends(part, x):
            minus = isinstance(part, Minus)
            inner = d(part.args[0] if minus else part, x)
            terms.append(Minus(inner) if minus else inner)
    return _sum(terms)


def _in_each(node: Expression, x: Name) -> Expression:
    """Anything linear in each of its data arguments: one term for each argument that varies."""
    terms: list[Expression] = []
    for place, part in enumerate(node.args):
        if isinstance(part, Expression) and depends(part, x):
            terms.append(node.func(*node.args[:place], d(part, x), *node.args[place + 1 :]))
    return _sum(terms)


def _one_by_one(node: Expression, x: Name) -> Expression:
    """Anything linear in all of its data arguments together: one term for each that varies, beside zeros."""
    terms: list[Expression] = []
    for place, part in enumerate(node.args):
        if isinstance(part, Expression) and depends(part, x):
            rest = [
                apply("zeros", other.shape) if isinstance(other, Expression) and at != place else other
                for at, other in enumerate(node.args)
            ]
            terms.append(node.func(*rest[:place], d(part, x), *rest[place + 1 :]))
    return _sum(terms)


def _quotient(node: Expression, x: Name) -> Expression:
    above, below = node.args
    terms: list[Expression] = []
    if depends(above, x):
        terms.append(Over(d(above, x), below))
    if depends(below, x):
        terms.append(Minus(Over(Times(Over(above, below), d(below, x)), below)))
    return _sum(terms)


def _power(node: Expression, x: Name) -> Expression:
    base, exponent = node.args
    if exponent == 2:
        return Times(Constant(2), base, d(base, x))
    return Times(Constant(exponent), Power(base, exponent - 1), d(base, x))


# the derivatives that a textbook writes out; those of tanh, sigmoid and of an arbitrary f keep their prime
_WRITTEN_OUT: dict[str, Callable[[Elementwise, Expression], Expression]] = {
    "exp": lambda node, inner: Times(node, inner),
    "log": lambda node, inner: Over(inner, node.of),
    "sqrt": lambda node, inner: Over(inner, Times(Constant(2), node)),
    "softplus": lambda node, inner: Times(Elementwise("sigmoid", 0, node.of), inner),
}


def _elementwise(node: Expression, x: Name) -> Expression:
    assert isinstance(node, Elementwise)
    if not node.order and node.name in _WRITTEN_OUT:
        return _WRITTEN_OUT[node.name](node, d(node.of, x))
    return Times(Elementwise(node.name, node.order + 1, node.of), d(node.of, x))


def _inverse(node: Expression, x: Name) -> Expression:
    (inner,) = node.arguments
    return Minus(node @ d(inner, x) @ node)


def _determinant(node: Expression, x: Name) -> Expression:
    (inner,) = node.arguments
    return Times(node, apply("tr", apply("inv", inner) @ d(inner, x)))


def _softmax(node: Expression, x: Name) -> Expression:
    """Of a vector dp = p ∘ (dz − ⟨p, dz⟩); of a matrix, row by row; of three axes, matrix by matrix."""
    (inner,) = node.arguments
    varied = d(inner, x)
    if node.rank == 1:
        return Times(node, Plus(varied, Minus(apply("sum", Times(node, varied)))))
    columns = node.shape[-1]
    if node.rank == 2:
        return Times(node, Plus(varied, Minus(Times(node, varied) @ apply("ones", columns, columns))))
    map_ = integer_symbol("u1")
    one, varied = node[map_], varied[map_]
    row = Plus(varied, Minus(Times(one, varied) @ apply("ones", columns, columns)))
    if node.rank > 3:
        raise NoRule("the differential of softmax over more than three axes is not tabulated")
    return ByIndex(Times(one, row), IndexRange(map_, 0, node.shape[0] - 1))


def _maximum(node: Expression, x: Name) -> Expression:
    """Stays as it is: its adjoint, not its differential, has a name (max_unpool)."""
    return Differential(node, x)


def _unpooling(node: Expression, x: Name) -> Expression:
    """The places of unique maxima do not move under small changes: linear in what is placed, constant in the data."""
    placed, *data = node.arguments
    if not depends(placed, x):
        return apply("zeros", node.shape)
    return apply("max_unpool", d(placed, x), *data)


def is_maximum(node: Basic) -> bool:
    """Whether this is a maximum over windows or over all entries, whose differential stays as it is."""
    return isinstance(node, Apply) and node.operator in ("max", "max_pool")


LINEAR_IN_EACH = {
    "matmul": "product rule",
    "conv": "product rule of the convolution",
    "corr": "product rule of the correlation",
    "convolve": "product rule of the convolution",
    "kron": "product rule of the Kronecker product",
    "outer": "product rule",
}

RULES: dict[str, Rule] = {
    "Plus": Rule("linearity", "d(A + B) = dA + dB, dC = 0 for a constant C", _linear),
    "Minus": Rule("linearity", "d(−A) = −dA", _in_each),
    "Times": Rule("product rule", "d(A ∘ B) = dA ∘ B + A ∘ dB", _in_each),
    "Over": Rule("quotient rule", "d(A / B) = (dA − A / B ∘ dB) / B", _quotient),
    "Power": Rule("power rule", "d(Aⁿ) = n Aⁿ⁻¹ ∘ dA", _power),
    "Elementwise": Rule("chain rule, entry by entry", "d f(A) = f′(A) ∘ dA", _elementwise),
    "IndexSum": Rule("linearity", "d Σ Aᵢ = Σ dAᵢ", _in_each),
    "ByIndex": Rule("differential of a definition by index", "(dz)ᵢ = d(zᵢ)", _in_each),
    "inv": Rule("differential of the inverse", "d A⁻¹ = −A⁻¹ dA A⁻¹", _inverse),
    "det": Rule("differential of the determinant", "d det A = det A Tr(A⁻¹ dA)", _determinant),
    "softmax": Rule("differential of the softmax", "dp = p ∘ (dz − ⟨p, dz⟩)", _softmax),
    "max": Rule("differential of the maximum", "see its adjoint", _maximum),
    "max_pool": Rule("differential of the maximum", "see its adjoint", _maximum),
    "max_unpool": Rule("differential of max unpooling", "d maxunpool(D; A) = maxunpool(dD; A)", _unpooling),
}
PRODUCT = "d(A ∗ B) = dA ∗ B + A ∗ dB"
LINEAR = "d L(A) = L(dA) for a linear operator L"


def rule_for(node: Expression) -> Rule:
    """The row that treats this node; raises NoRule."""
    if isinstance(node, Apply):
        if node.operator in RULES:
            return RULES[node.operator]
        if node.operator in LINEAR_IN_EACH:
            return Rule(LINEAR_IN_EACH[node.operator], PRODUCT, _in_each)
        formula = OPERATORS[node.operator].formula
        if formula is not None:
            return Rule(f"definition of {node.operator}", "", lambda node, x: Differential(formula(*node.args[1:]), x))
        rewrite = _one_by_one if OPERATORS[node.operator].additive else _in_each
        return Rule(f"linearity of {node.operator}", LINEAR, rewrite)
    name = type(node).__name__
    if name in RULES:
        return RULES[name]
    if name in ("Differential", "Jacobian"):
        raise NoRule("a derivative stands in the formula: derive takes formulas without d(...) and jacobian(...)")
    raise NoRule(f"no rule for the differential of {name}")


def differentiate(node: Expression, x: Name) -> tuple[Expression, str]:
    """d(node; x) by one rule, and the rule's name. Definitions on the way are unfolded and named.

    The node must contain x and not be x. The result is linear in differentials of its parts.
    """
    name = ""
    while isinstance(node, Definition) and node != x:
        name = f"definition of {node.name}"
        node = node.body
    if isinstance(node, Loss):
        raise NoRule("the differential of a loss is its inner product with the gradient; tactic.py states it")
    if isinstance(node, Constant | Literal | Bracket | DataBracket | SizeTuple) or not depends(node, x):
        raise NoRule("a constant has no differential")
    if isinstance(node, Entry) or node == x:
        return d(node, x), name
    if name and not isinstance(node, Plus | IndexSum | ByIndex | Minus):
        return d(node, x), name
    row = rule_for(node)
    constant_divisor = isinstance(node, Over) and not depends(node.args[1], x)
    rule = "linearity" if constant_divisor else row.name
    return row.rewrite(node, x), ", ".join(part for part in (name, rule) if part)
