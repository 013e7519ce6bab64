"""Derivatives by perturbation: exact where they claim to be, and equal to what calculus says."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from claims import CONVOLUTION, agrees, fails, judged
from hypothesis import given, settings
from hypothesis import strategies as st

from derivations import crosscheck
from derivations.crosscheck import Tie
from derivations.crosscheck.derivatives import weights
from derivations.formulas.expressions import (
    Constant,
    Definition,
    Differential,
    Elementwise,
    Expression,
    Grad,
    Jacobian,
    Loss,
    Power,
    Tensor,
    Times,
)
from derivations.formulas.integers import integer_symbol
from derivations.operators import apply

n, m = map(integer_symbol, "nm")
x, y = Tensor("x", (n,)), Tensor("y", (n,))
X = Tensor("X", (m, n))
quick = settings(max_examples=40, deadline=None)


def total(node: Expression) -> Expression:
    return apply("sum", node)


@quick
@given(st.lists(st.integers(-9, 9), min_size=1, max_size=8))
def test_the_stencil_is_exact_for_polynomials(coefficients: list[int]) -> None:
    """weights(d) gives f'(0) exactly for every polynomial of degree at most d."""
    degree = len(coefficients)
    polynomial = [5, *coefficients]
    numerators, denominator = weights(degree)
    values = [sum(c * t**power for power, c in enumerate(polynomial)) for t in range(degree + 1)]
    found = Fraction(sum(a * b for a, b in zip(numerators, values, strict=True)), denominator)
    assert found == coefficients[0]


@quick
@given(st.integers(0, 7), st.lists(st.integers(-30, 30), min_size=1, max_size=4))
def test_powers(exponent: int, values: list[int]) -> None:
    """The gradient of sum(x**k) is k·x**(k − 1), exactly, for every k."""
    found = crosscheck.evaluate(Grad(total(Power(x, exponent)), x), {"n": len(values)}, {"x": values})
    expected = [exponent * value ** (exponent - 1) if exponent else 0 for value in values]
    assert found.tolist() == expected


@quick
@given(st.integers(1, 3), st.integers(0, 2**16))
def test_second_derivatives_of_polynomials(size: int, seed: int) -> None:
    """grad(sum(grad(sum(x³), x) ∘ y), x) is 6·x∘y: differences of differences stay exact."""
    data = {name: np.random.default_rng([seed, k]).integers(-9, 10, size) for k, name in enumerate("xy")}
    inner = Grad(total(Power(x, 3)), x)
    found = crosscheck.evaluate(Grad(total(Times(inner, y)), x), {"n": size}, data)
    assert np.array_equal(found, 6 * data["x"] * data["y"])


def test_an_arbitrary_loss_has_arbitrary_curvature() -> None:
    """grad(J, z) of an arbitrary loss depends on z: it is no constant, though its value is arbitrary."""
    _, witness = judged("dims n\ntensor z[n], v[n]\nloss J(z)", "grad(sum(grad(J, z) * v), z) == 0 * z")
    assert witness is not None
    agrees("dims n\ntensor z[n], v[n]\nloss J(z)", "d(sum(grad(J, z) * v), v) == sum(grad(J, z) * d(v))")


@quick
@given(st.integers(1, 3), st.integers(1, 3), st.integers(0, 2**16))
def test_jacobian_is_in_vec_order(rows: int, columns: int, seed: int) -> None:
    """jacobian(y, x) has entries of y as rows and of x as columns, both with the first axis fastest."""
    data = np.random.default_rng(seed).integers(-9, 10, (rows, columns))
    node = Jacobian(X.T, X)
    found = crosscheck.evaluate(node, {"m": rows, "n": columns}, {"X": data})
    expected = np.zeros((rows * columns,) * 2, dtype=int)
    for a in range(rows):
        for b in range(columns):
            expected[b + columns * a, a + rows * b] = 1
    assert np.array_equal(found, expected)


def test_a_gradient_has_the_shape_of_x_and_is_zero_without_dependence() -> None:
    """grad(J, x) has x's shape and is 0 where J does not depend on x."""
    found = crosscheck.evaluate(Grad(total(y), x), {"n": 3}, {"x": [1, 2, 3], "y": [1, 2, 3]})
    assert found.tolist() == [0, 0, 0]


def test_a_definition_is_a_variable_of_its_own() -> None:
    """The gradient by a name in the middle of a chain holds everything else fixed."""
    z = Definition("z", Times(Constant(3), x))
    J = Definition("J", total(Times(z, z, x)))
    data = {"x": [1, 2]}
    assert crosscheck.evaluate(Grad(J, z), {"n": 2}, data).tolist() == [2 * 3 * 1 * 1, 2 * 6 * 2]
    assert crosscheck.evaluate(Grad(J, x), {"n": 2}, data).tolist() == [27, 108]


def test_differentials() -> None:
    """d(y, x) is the derivative along an arbitrary dx; d(y) varies every tensor; d(x) is dx itself."""
    data = {"x": [1, 2], "y": [3, 4], "d:x": [5, 6], "d:y": [7, 8]}
    product = Times(x, x, y)
    assert crosscheck.evaluate(Differential(product, x), {"n": 2}, data).tolist() == [2 * 1 * 5 * 3, 2 * 2 * 6 * 4]
    both = [2 * 1 * 5 * 3 + 1 * 7, 2 * 2 * 6 * 4 + 4 * 8]
    assert crosscheck.evaluate(Differential(product), {"n": 2}, data).tolist() == both
    assert crosscheck.evaluate(Differential(x), {"n": 2}, data).tolist() == [5, 6]


def test_derivatives_of_an_arbitrary_function() -> None:
    """f' is the exact derivative of the polynomial that stands for f, and the chain rule holds with it."""
    functions = {"f": (3, 5, -7, 1)}
    data = {"x": [2, -1]}
    slopes = crosscheck.evaluate(Elementwise("f", 1, x), {"n": 2}, data, functions=functions)
    assert slopes.tolist() == [5 - 14 * t + 3 * t * t for t in (2, -1)]
    assert crosscheck.evaluate(Elementwise("f", 2, x), {"n": 2}, data, functions=functions).tolist() == [-2, -20]
    agrees("dims n\ntensor z[n]\nfunction f\nloss J(z)\ny = f(z)", "d(y, z) == f'(z) * d(z)")
    agrees("dims n\ntensor z[n]\nfunction f", "d(f'(z), z) == f''(z) * d(z)")
    fails("dims n\ntensor z[n]\nfunction f, g", "f(z) == g(z)")
    fails("dims n\ntensor z[n]\nfunction f", "f'(z) == f'(2 * z)")


SMOOTH = ("exp", "tanh", "sigmoid", "softplus")


@pytest.mark.parametrize("name", SMOOTH)
def test_smooth_functions_use_complex_steps(name: str) -> None:
    """Derivatives of smooth functions agree to rounding, and a relative error of 1e-5 is a failure."""
    given = "dims n\ntensor z[n]\nJ = sum(" + name + "(z))"
    found = agrees(given, f"grad(J, z) == {name}'(z)")
    assert found.method == "complex step"
    assert found.largest_error < 1e-14
    fails(given, f"grad(J, z) == 1.00001 * {name}'(z)")


def test_logarithms_and_roots_find_their_domain() -> None:
    """log and sqrt are evaluated on positive data, and x > 0 can be assumed."""
    agrees("dims n\ntensor z[n]\nassume z > 0\nJ = sum(log(z))", "grad(J, z) == 1 / z")
    agrees("dims n\ntensor z[n]\nassume z > 0\nJ = sum(sqrt(z))", "grad(J, z) == 1 / (2 * sqrt(z))")


def test_inverse_and_determinant() -> None:
    """The derivative of det is det·inv.T, exactly; values of inv are exact fractions."""
    found = agrees("dims n\ntensor A[n, n]\nJ = det(A)", "grad(J, A) == det(A) * inv(A).T")
    assert found.method == "exact"
    agrees("dims n\ntensor A[n, n]", "A @ inv(A) == eye(n)")


KINKS = "dims n\ntensor z[n], y[n]\n"


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (KINKS + "J = sum(relu(z))", "grad(J, z) == [z > 0]"),
        (KINKS + "J = sum(abs(z) * y)", "grad(J, z) == y * (2 * [z > 0] - 1)"),
        (KINKS + "J = sum(relu(z)**2 * y)", "grad(J, z) == 2 * relu(z) * y"),
        (KINKS + "J = sum([z > y] * z * z)", "grad(J, z) == 2 * [z > y] * z"),
        ("dims h, w where 2 <= h, 2 <= w\ntensor x[h, w]\nz = max_pool(x, 2, stride=1)\nloss J(z)\n"
         "assume unique_max(x, 2, stride=1)\ng = grad(J, z)", "grad(J, x) == max_unpool(g, x, 2, stride=1)"),
        ("dims n\ntensor z[n]\nfunction f\nassume unique_max(f(z), 2)\ny = f(z)\nx = max_pool(y, 2)\nloss J(x)",
         "grad(J, z) == max_unpool(grad(J, x), y, 2) * f'(z)\nwhere n >= 2"),
    ],
)  # fmt: skip
def test_kinks_are_never_crossed(given: str, text: str) -> None:
    """Maxima, relu, abs and comparisons of data are differentiated exactly on the side where the data lie."""
    found = agrees(given, text)
    assert found.method == "exact"


def test_a_small_step_where_a_whole_one_would_cross() -> None:
    """With neighbouring values 4 and 5 a step of 1 would change the maximum; a smaller one gives the derivative."""
    node = Grad(total(apply("max_pool", x, 2)), x)
    assert crosscheck.evaluate(node, {"n": 2}, {"x": [4, 5]}).tolist() == [0, 1]
    with pytest.raises(Tie):
        crosscheck.evaluate(node, {"n": 2}, {"x": [5, 5]})


GRADIENTS: list[tuple[str, str]] = [
    (CONVOLUTION, "grad(J, w) == conv(rot180(a), delta, valid)"),
    (CONVOLUTION, "grad(J, a) == conv(delta, rot180(w), full)"),
    (CONVOLUTION, "d(J, w) == tr(delta.T @ d(z, w)) "),
    (CONVOLUTION, "d(J) == sum(delta * d(z))"),
    (CONVOLUTION, "grad(J, w) == reshape(vec(delta).T @ jacobian(z, w), n, m).T"),
    (CONVOLUTION, "jacobian(J, w).T == vec(grad(J, w))"),
]


@pytest.mark.parametrize(("given", "text"), GRADIENTS)
def test_gradients_of_convolution(given: str, text: str) -> None:
    """Known gradients and differentials of a convolution layer agree exactly."""
    assert agrees(given, text).method == "exact"


LINEAR = ["rot180(a)", "a.T", "up(a, 2)", "dilate(a, 2)", "pad(a, 1)", "resize(a, 2, 3)", "sum_pool(a, 1)",
          "mean_pool(a, 1, pad=1)", "kron(a, w)", "conv(a, w, full)", "corr(a, w, same, stride=2)", "vec(a)",
          "convolve(a, w)", "outer(a, w)", "flip(a, 0)", "rot90(a)"]  # fmt: skip


@pytest.mark.parametrize("operator", LINEAR)
def test_adjoint_identity(operator: str) -> None:
    """⟨G, L(da)⟩ = ⟨grad(⟨G, L(a)⟩, a), da⟩ for every operator that is linear in a."""
    given = CONVOLUTION + f"y = {operator}\nloss K(y)"
    agrees(given, "sum(grad(K, a) * d(a)) == sum(grad(K, y) * d(y, a))")


def test_losses_by_name() -> None:
    """J(z) = c + Σ δ∘z for the given coefficients, so that grad(J, z) is δ."""
    z = Definition("z", Times(x, x))
    J = Loss("J", z)
    data: dict[str, Any] = {"x": [2, 3], "J": [5, 7], "J:constant": 1}
    assert crosscheck.evaluate(J, {"n": 2}, data).tolist() == 1 + 5 * 4 + 7 * 9
    assert crosscheck.evaluate(Grad(J, z), {"n": 2}, data).tolist() == [5, 7]
    assert crosscheck.evaluate(Grad(J, x), {"n": 2}, data).tolist() == [20, 42]
