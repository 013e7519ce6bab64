"""The tables of rules against SymPy's own derivative, and rules that are broken on purpose."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from derivation_cases import CASES, SIZES, Case

from derivations import given
from derivations.entries.matrices import explicit_difference
from derivations.entries.operators import DoesNotExist
from derivations.formulas.claims import Link
from derivations.formulas.expressions import Apply, Expression, Tensor
from derivations.operators import OPERATORS, apply
from derivations.steps import adjoints, tactic
from derivations.steps.adjoints import ADJOINTS
from derivations.steps.derivation import Derivation
from derivations.steps.differential import RULES, NoRule, rule_for
from derivations.steps.tactic import derive

PAIRS = [(case, name) for case in CASES for name in case.names.split()]


def failing_steps(derivation: Derivation) -> list[str]:
    """The rules whose steps are false at one of the two sizes; sizes at which the left side is not there are
    none."""
    failing = []
    checked = 0
    for sizes in SIZES:
        for step in derivation.steps:
            try:
                difference = explicit_difference(Link(step.left, step.right, (), ""), sizes)
            except DoesNotExist:
                continue
            if difference.left_shape is None:
                continue
            checked += 1
            if not difference.vanishes:
                failing.append(f"{step.rule}: {step.left} == {step.right}")
    assert checked >= len(derivation.steps), "the sizes of the table must suit every case"
    return failing


@pytest.mark.parametrize(("case", "name"), PAIRS, ids=[f"{case.formula} by {name}" for case, name in PAIRS])
def test_every_step_is_true_twice(case: Case, name: str) -> None:
    """The kernel proves each step of the derivation of every case for all sizes, and SymPy's own derivative agrees at
    two non-square ones."""
    derivation = derive(given(case.given), "J", name)
    assert derivation.proved, derivation.to_text()
    assert not failing_steps(derivation)
    assert derivation.result == derivation.steps[-1].right
    assert 3 <= len(derivation.steps) <= 12


def nodes(node: Expression) -> Iterator[Apply]:
    yield from node.atoms(Apply)


def operators_of_the_cases() -> set[str]:
    return {part.operator for case in CASES for part in nodes(given(case.given).z)} - {"ones"}


WITHOUT_RULE = {
    "max_unpool": "its differential by the data whose maxima it goes by is 0",
    "ones": "a constant",
    "zeros": "a constant",
    "eye": "a constant",
    "inv": "its differential is a product, of which the adjoints are taken",
    "det": "its differential is a trace, of which the adjoints are taken",
    "softmax": "its differential is a product, of which the adjoints are taken",
}


def test_every_operator_has_its_rules() -> None:
    """An operator has a row for each of its data arguments in the table of adjoints, or a reason not to."""
    for name, row in OPERATORS.items():
        wanted = {number for number, parameter in enumerate(p for p in row.parameters if p.kind == "tensor")}
        tabulated = {rule.argument for rule in ADJOINTS if rule.operator == name}
        complete = wanted <= tabulated or name in WITHOUT_RULE or row.formula is not None
        assert complete, f"write the adjoint of {name} in derivations/steps/adjoints.py"


def test_every_tabulated_operator_is_tried() -> None:
    """The cases of this folder use each operator that has an adjoint."""
    unused = {rule.operator for rule in ADJOINTS} - operators_of_the_cases()
    assert not unused


def test_no_row_stands_twice() -> None:
    """One row for each operator and argument, so that no reachable rule hides another."""
    keys = [(rule.operator, rule.argument) for rule in ADJOINTS]
    assert len(keys) == len(set(keys))
    assert all(rule.name and rule.equation for rule in ADJOINTS)
    assert all(rule.name and rule.equation for rule in RULES.values())


def test_what_has_no_rule_says_so() -> None:
    """A padded maximum, and the gradient of a gradient, end in NoRule with the reason."""
    ctx = given("dims n\ntensor x[n]\nz = max_pool(x, 3, stride=1, pad=1)\nloss J(z)\ndelta = grad(J, z)\n"
                "K = sum(delta)")  # fmt: skip
    with pytest.raises(NoRule, match="max_unpool has no padding"):
        derive(ctx, "J", "x")
    with pytest.raises(NoRule, match="second derivative"):
        derive(ctx, "K", "x")
    with pytest.raises(NoRule):
        rule_for(Tensor("x"))


# -- broken on purpose -----------------------------------------------------------------------------


def without_rotation(g: Expression, node: Any) -> list[Expression]:
    """The misprint of many notes: ∇_w J = a ∗ δ."""
    return [apply("conv", node.tensors[0], g)]


def without_tail(g: Expression, node: Any) -> list[Expression]:
    """Zeros inserted, but no frame for the rows that no window reads."""
    return [apply("conv", apply("dilate", g, node.arguments[3].args), node.tensors[1], "full")]


def without_factor(g: Expression, node: Any) -> list[Expression]:
    """Mean pooling propagated as if it were sum pooling."""
    return [apply("resize", apply("up", g, node.arguments[1].args), node.tensors[0].shape)]


BROKEN = (
    (("conv", 1), without_rotation, "z = conv(a, w, valid)", "w", "adjoint of the convolution in its kernel"),
    (("corr", 0), without_tail, "z = corr(a, w, valid, stride=s)", "a", "adjoint of the correlation in its data"),
    (("mean_pool", 0), without_factor, "z = mean_pool(a, m)", "a", "adjoint of pooling"),
)


@pytest.mark.parametrize(("key", "rewrite", "definition", "name", "rule"), BROKEN, ids=[case[4] for case in BROKEN])
def test_a_broken_rule_is_caught_at_its_step(
    key: tuple[str, int], rewrite: Any, definition: str, name: str, rule: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The kernel and the explicit entries both refuse the step of a wrong rule, and nothing calls it
    proved."""
    dims = "dims H, W, m, n, s where m <= H, n <= W, m <= W\ntensor a[H, W], w[m, n]\n"
    ctx = given(f"{dims}{definition}\nloss J(z)")
    monkeypatch.setitem(adjoints._TABLE, key, replace(adjoints._TABLE[key], rewrite=rewrite))
    derivation = derive(ctx, "J", name)
    assert not derivation.proved
    refused = [step.rule for step in derivation.steps if not step.proved]
    assert refused == [rule, "reading off the gradient"]
    assert "not proved" in derivation.to_text()
    assert "not proved" in derivation.to_latex()
    sizes = {"H": 4, "W": 5, "m": 2, "n": 2, "s": 2}
    false = [
        step.rule
        for step in derivation.steps
        if not explicit_difference(Link(step.left, step.right, (), ""), sizes).vanishes
    ]
    assert false == refused


def test_of_several_candidates_the_kernel_takes_the_right_one() -> None:
    """For convolve(w, a) the table's first candidate is wrong where a is the larger; the kernel finds the
    second."""
    ctx = given("dims H, m where m <= H\ntensor a[H], w[m]\nz = convolve(w, a, valid)\nloss J(z)\ndelta = grad(J, z)")
    assert tactic.derive(ctx, "J", "a", judged=False).result != tactic.derive(ctx, "J", "a").result
    for name in ("a", "w"):
        assert tactic.derive(ctx, "J", name).proved
