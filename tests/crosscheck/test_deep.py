"""Evidence for compositions of any depth: modulo a prime, by one infinitesimal step; its cost grows with the depth."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from claims import agrees, fails, judged, link
from hypothesis import given, settings
from hypothesis import strategies as st

from derivations import crosscheck
from derivations.crosscheck import derivatives as d
from derivations.crosscheck import evaluate, values
from derivations.crosscheck.infinitesimal import PRIME, Residues
from derivations.crosscheck.structure import height


def layers(depth: int) -> str:
    """Convolution and activation in turn."""
    kernels = ", ".join(f"w{k}[m]" for k in range(1, depth + 1))
    steps = [f"z{k} = corr(f(z{k - 1}), w{k})" for k in range(2, depth + 1)]
    return "\n".join([
        f"dims n, m where {depth}*(m - 1) < n", f"tensor x[n], {kernels}", "function f", "z1 = corr(x, w1)", *steps,
        f"loss J(z{depth})",
    ])  # fmt: skip


BACK = "grad(J, z1) == conv(grad(J, z2), w2, full) * f'(z1)"


def nodes(depth: int, monkeypatch: pytest.MonkeyPatch) -> int:
    """How many values of formulas the evidence for one step back through so many layers computes."""
    count = 0
    module = __import__("derivations.crosscheck.evaluate", fromlist=["_value"])
    inner = module._value

    def counted(node: Any, scope: Any) -> Any:
        nonlocal count
        count += 1
        return inner(node, scope)

    monkeypatch.setattr(module, "_value", counted)
    assert agrees(layers(depth), BACK).method == "modulo a prime"
    monkeypatch.setattr(module, "_value", inner)
    return count


def test_the_cost_is_linear_in_the_depth(monkeypatch: pytest.MonkeyPatch) -> None:
    """Twice as many layers cost about twice as many values."""
    assert nodes(8, monkeypatch) < 2.5 * nodes(4, monkeypatch)


def test_deep_evidence_sees_mistakes() -> None:
    """A missing flip eight layers deep is found at the smallest sizes, with values that a person can read."""
    witness = fails(layers(8), "grad(J, z1) == corr(grad(J, z2), w2, full) * f'(z1)")
    assert witness.sizes == {"n": 9, "m": 2}
    assert witness.left != witness.right
    assert "modulo" not in witness.reason


def test_generic_sizes_meet_sparse_conditions() -> None:
    """Sizes that chance does not meet are enumerated: eight layers are tried with kernels larger than 1."""
    it, one = link(layers(8), BACK)
    (found, witness) = crosscheck.evidence(it, one)
    assert (found.shapes, witness) == (12, None)


def test_deep_values_without_derivatives_stay_small() -> None:
    """Twelve functions in one another: exact numbers would have half a million digits."""
    text = "f(" * 12 + "x" + ")" * 12
    assert agrees("dims n\ntensor x[n], y[n]\nfunction f", f"{text} * y == y * {text}").method == "modulo a prime"


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(-9, 9), min_size=2, max_size=8), st.integers(-50, 50), st.integers(1, 3))
def test_one_step_is_the_derivative(coefficients: list[int], x: int, nested: int) -> None:
    """Modulo p, one p-adic step is the derivative of a polynomial, also of derivatives in one another."""
    scope = evaluate.__globals__["Scope"]
    from claims import claim

    text = "sum(f(x))"
    for _ in range(nested):
        text = f"sum(grad({text}, x))"
    (one,) = claim("dims n\ntensor x[n]\nfunction f", f"{text} == 0").links
    numbers = Residues(height(one.left))
    data = {"x": numbers.taken(values.number([x]))}
    place = scope({"n": 1}, data, {"f": tuple(coefficients)}, infinitesimal=numbers)
    # the polynomial itself in place of an arbitrary function
    monkey = pytest.MonkeyPatch()
    monkey.setattr(Residues, "arbitrary", lambda self, name, order, of: horner(coefficients, of, self.modulus))
    try:
        found = int(d.value_of(one.left, place).array.ravel()[0]) % PRIME
    finally:
        monkey.undo()
    wanted = coefficients
    for _ in range(nested):
        wanted = [k * c for k, c in enumerate(wanted)][1:] or [0]
    assert found == sum(c * x**k for k, c in enumerate(wanted)) % PRIME


def horner(coefficients: list[int], of: Any, modulus: int) -> Any:
    """A polynomial of residues."""
    total = np.zeros(of.shape, dtype=object)
    for coefficient in reversed(coefficients):
        total = (total * of.astype(object) + coefficient) % modulus
    return total


@settings(max_examples=30, deadline=None)
@given(st.integers(0, PRIME - 1), st.integers(0, PRIME - 1), st.integers(0, 2))
def test_an_arbitrary_function_is_one_function_with_its_slopes(x: int, step: int, order: int) -> None:
    """It has one value at a place, and its derivative of the next order is its slope there."""
    numbers = Residues(2)
    small = numbers.step(1)

    def at(place: int, k: int) -> int:
        return int(numbers.arbitrary("f", k, np.array([place], dtype=object))[0])

    assert at(x, order) == at(x, order)
    difference = (at(x + small * step, order) - at(x, order)) % numbers.modulus
    assert difference // small % PRIME == at(x, order + 1) * step % PRIME


def test_no_relation_holds_between_values_of_an_arbitrary_function() -> None:
    """Fourth differences vanish for cubic polynomials, which stand for functions; they are not taken for all."""
    text = "f(4 + x) - 4*f(3 + x) + 6*f(2 + x) - 4*f(1 + x) + f(x) == 0*x"
    it, one = link("dims n\ntensor x[n]\nfunction f", text)
    assert not crosscheck.agree_for_all(it, one, {"n": 1})
    assert crosscheck.replay(it, one, {"n": 1}) is not None


def test_residues_have_no_order() -> None:
    """Where a claim is about which number is larger, residues are not asked; an index has its order all the same."""
    given_ = "dims n\ntensor x[n]"
    assert judged(given_, "grad(sum(relu(x)/(x**2 + 1)), x) == [x > 0]*(1 - x**2)/(x**2 + 1)**2")[0].method != (
        "modulo a prime"
    )
    weight = "dims n\ntensor x[n]\nJ = sum[i](abs(i - 1)/(x[i]))"
    assert agrees(weight, "grad(J, x)[i] == -abs(i - 1)/x[i]**2").method == "modulo a prime"
