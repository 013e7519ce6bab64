"""Sizes in order, minimal witnesses on admissible data, evidence that says what it is worth."""

from __future__ import annotations

import itertools
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from claims import CONVOLUTION, agrees, claim, fails, judged, link
from hypothesis import given, settings
from hypothesis import strategies as st

from derivations import crosscheck
from derivations.crosscheck.data import Manner, Vacuous, data_for, ingredients, satisfied, solve_affine
from derivations.crosscheck.witness import exact_text, polynomial_text
from derivations.formulas.claims import Claim, Context, Dimension, Link
from derivations.formulas.integers import AllOf, Compare, Condition, Remainder, evaluate_condition, integer_symbol
from derivations.judgement.verdict import Witness
from derivations.language.document import Document

H, m, s = map(integer_symbol, "Hms")
quick = settings(max_examples=40, deadline=None)

CONDITIONS = [
    Compare("<=", m, H),
    Compare("==", Remainder(H, m), 0),
    Compare("<", s * (m - 1), H),
    Compare("!=", s, 2),
    AllOf(Compare(">", H, 2), Compare("==", s, m)),
]


# -- sizes ------------------------------------------------------------------------------------------------------------


@quick
@given(st.lists(st.sampled_from(CONDITIONS), max_size=3), st.tuples(*[st.integers(0, 2)] * 3), st.integers(1, 30))
def test_sizes_come_by_sum_then_in_declaration_order(
    conditions: list[Condition], least: tuple[int, ...], limit: int
) -> None:
    """sizes_by_sum is the sorted list of all admissible sizes, cut after `limit`; nothing is skipped or repeated."""
    context = Context(tuple(Dimension(symbol, low) for symbol, low in zip((H, m, s), least, strict=True)))
    found = [tuple(sizes.values()) for sizes in crosscheck.sizes_by_sum(context, conditions, limit)]

    def admissible(values: tuple[int, ...]) -> bool:
        sizes = dict(zip("Hms", values, strict=True))
        if sizes["m"] == 0 and any("Remainder" in str(type(part)) or part is CONDITIONS[1] for part in conditions):
            return False  # H % 0 does not exist
        return all(evaluate_condition(condition, sizes) for condition in conditions)

    top = max(sum(values) for values in found)
    ranges = [range(low, top + 1) for low in least]
    every = sorted(
        (v for v in itertools.product(*ranges) if sum(v) <= top and admissible(v)), key=lambda v: (sum(v), v)
    )
    assert found == every[:limit]
    assert len(found) == limit


def test_a_context_without_dims_has_one_size() -> None:
    """Claims about numbers alone are evaluated once."""
    assert list(crosscheck.sizes_by_sum(Context())) == [{}]
    found = agrees("dims n", "rot180([[1, 2], [3, 4]]) == [[4, 3], [2, 1]]")
    assert found.shapes > 0


def test_impossible_conditions_end() -> None:
    """Conditions that nothing satisfies give no sizes after a bounded search, and the evidence says so."""
    found, witness = judged("dims n, k\ntensor x[n]", "x == x\nwhere n * n == 2 * k * k")
    assert witness is None
    assert found.shapes == 0
    assert "no admissible sizes" in found.note


@quick
@given(st.integers(0, 1000))
def test_generic_sizes_are_admissible(seed: int) -> None:
    """Generic sizes satisfy the conditions, are distinct and, where possible, free of ones."""
    context = Context((Dimension(H), Dimension(m), Dimension(s)), (Compare("<=", m, H),))
    found = crosscheck.generic_sizes(context, (), 4, seed=seed)
    assert len({tuple(sizes.values()) for sizes in found}) == 4
    assert all(sizes["m"] <= sizes["H"] for sizes in found)
    assert sum(1 for sizes in found if 1 not in sizes.values()) >= 2


# -- witnesses --------------------------------------------------------------------------------------------------------

# claims that fail, with the sizes at which they hold (the region that a person would write)
FALSE: list[tuple[str, str, Any]] = [
    (CONVOLUTION, "grad(J, w) == conv(a, rot180(delta), valid)", lambda H, W, m, n: (m, n) == (1, 1)),
    (CONVOLUTION, "grad(J, w) == corr(rot180(a), delta, valid)", lambda H, W, m, n: m == H and n == W),
    (CONVOLUTION, "grad(J, a) == conv(delta, w, full)", lambda H, W, m, n: (m, n) == (1, 1)),
    (CONVOLUTION, "grad(J, b) == sum(delta) / ((H - m + 1) * (W - n + 1))", lambda H, W, m, n: m == H and n == W),
    (CONVOLUTION, "shape(z) == (H - m, W - n)", lambda H, W, m, n: False),
    (CONVOLUTION, "corr(a, w, full) == conv(a, w, full)", lambda H, W, m, n: (m, n) == (1, 1)),
    (CONVOLUTION, "corr(a, a, valid) == conv(a, a, valid)", lambda H, W, m, n: (H, W) == (1, 1)),
    (CONVOLUTION, "a == resize(a, H, 2)", lambda H, W, m, n: W == 2),
    (CONVOLUTION, "grad(J, w) == conv(rot180(a), delta, valid) * (1 + (H // 3) * (n // 2))",
     lambda H, W, m, n: H < 3 or n < 2),
]  # fmt: skip


@pytest.mark.parametrize(("given", "text", "holds"), FALSE, ids=[text for _, text, _ in FALSE])
def test_the_witness_has_the_smallest_sizes(given: str, text: str, holds: Any) -> None:
    """The witness stands at the first sizes, by sum and then in declaration order, outside the region."""
    it, one = link(given, text)
    _, witness = crosscheck.evidence(it, one)
    assert witness is not None
    first = next(sizes for sizes in crosscheck.sizes_by_sum(it.context, it.conditions, 2000) if not holds(**sizes))
    assert witness.sizes == first
    for sizes in crosscheck.sizes_by_sum(it.context, it.conditions, 25):
        assert crosscheck.agree_at(it, one, sizes) is bool(holds(**sizes))


def data_of(it: Claim, witness: Witness) -> dict[str, Any]:
    """The witness's data under the names that evaluation uses."""
    return {"J" if name == "delta" else name: values for name, values in witness.data.items()}


@pytest.mark.parametrize(("given", "text", "holds"), FALSE, ids=[text for _, text, _ in FALSE])
def test_the_witness_can_be_replayed_by_hand(given: str, text: str, holds: Any) -> None:
    """Evaluating both sides on the witness's own data gives the two values that it shows, and they differ."""
    it, one = link(given, text)
    _, witness = crosscheck.evidence(it, one)
    assert witness is not None
    if witness.index is None:
        assert witness.left_shape != witness.right_shape
        return
    for side, shown in ((one.left, witness.left), (one.right, witness.right)):
        found = crosscheck.evaluate(side, witness.sizes, data_of(it, witness))
        entry = found[witness.index] if found.ndim == len(witness.index) else found.reshape(-1)[0]
        assert exact_text(entry) == shown
    assert witness.left != witness.right


def test_data_are_one_hot_where_that_suffices() -> None:
    """For a multilinear claim every tensor of the witness has at most one entry, which is 1."""
    for context, text, _ in FALSE[:4]:
        witness = fails(context, text)
        for values in witness.data.values():
            entries = np.asarray(values).ravel().tolist()
            assert sorted(entries, reverse=True)[:1] in ([0], [1])
            assert sum(abs(entry) for entry in entries) <= 1


def test_arbitrary_functions_become_simple() -> None:
    """A witness about an arbitrary function names the polynomial that stands for it, f(t) = t where that fails."""
    witness = fails("dims n\ntensor z[n]\nfunction f\ny = f(z)\nloss J(y)", "grad(J, z) == f(z) * grad(J, y)")
    assert witness.data["f(t)"] == "t"
    witness = fails("dims n\ntensor z[n]\nfunction f", "f(z) == z")
    assert witness.data["f(t)"] == "t**2"


def test_fractions_are_printed_exactly() -> None:
    """Values of a witness are exact: 1/4, not 0.25."""
    witness = fails(
        "dims h, w, n where n <= h, n <= w\ntensor x[h, w]\nz = mean_pool(x, n)\nloss J(z)\ng = grad(J, z)",
        "grad(J, x) == resize(up(g, n), h, w)",
    )
    assert witness.sizes == {"h": 2, "w": 2, "n": 2}
    assert (witness.left, witness.right) == ("1/4", "1")


def test_replay_at_the_kernels_sizes() -> None:
    """replay gives a witness at just these sizes, or None where the sides agree."""
    it, one = link(CONVOLUTION, "grad(J, w) == conv(a, rot180(delta), valid)")
    sizes = {"H": 3, "W": 4, "m": 2, "n": 2}
    witness = crosscheck.replay(it, one, sizes)
    assert witness is not None
    assert witness.sizes == sizes
    assert crosscheck.replay(it, one, {**sizes, "m": 1, "n": 1}) is None


def test_the_answer_does_not_depend_on_the_run() -> None:
    """The same claim gives the same evidence and witness every time; another seed, the same verdict."""
    it, one = link(CONVOLUTION, "grad(J, w) == conv(a, rot180(delta), valid)")
    assert crosscheck.evidence(it, one) == crosscheck.evidence(it, one)
    first, second = crosscheck.evidence(it, one, seed=0), crosscheck.evidence(it, one, seed=1)
    assert first[1] == second[1]


@pytest.mark.parametrize(
    ("coefficients", "text"),
    [((0,), "0"), ((0, 1), "t"), ((-1, 0, 2), "2*t**2 - 1"), ((3, 5, -7, 1), "t**3 - 7*t**2 + 5*t + 3")],
)
def test_polynomials_print(coefficients: tuple[int, ...], text: str) -> None:
    """Polynomials print with their highest power first."""
    assert polynomial_text(coefficients) == text


# -- hypotheses and assumptions ---------------------------------------------------------------------------------------


@quick
@given(st.integers(1, 4), st.integers(1, 5), st.integers(0, 2**16))
def test_affine_systems_are_solved_exactly(rows: int, columns: int, seed: int) -> None:
    """solve_affine satisfies every equation exactly, or there is no solution."""
    chance = np.random.default_rng(seed)
    matrix = [[Fraction(int(v)) for v in row] for row in chance.integers(-3, 4, (rows, columns))]
    right = [Fraction(int(v)) for v in chance.integers(-3, 4, rows)]
    start = [Fraction(int(v)) for v in chance.integers(-9, 10, columns)]
    try:
        solution = solve_affine(matrix, right, start)
    except Vacuous:
        numbers = np.array(matrix, dtype=float)
        augmented = np.column_stack([numbers, np.array(right, dtype=float)])
        assert np.linalg.matrix_rank(augmented) > np.linalg.matrix_rank(numbers)
        return
    for row, value in zip(matrix, right, strict=True):
        assert sum(a * u for a, u in zip(row, solution, strict=True)) == value


HYPOTHESES = [
    ("dims n\ntensor y[n], x[n]", "sum(x) * sum(y) == sum(x)\nwhere sum(y) == 1", "sum(y) == sum(y)**2 * 2"),
    ("dims m, n\ntensor k[m, n]", "k == rot180(k)\nwhere k == rot180(k)", "k == flip(k, 0)"),
    ("dims n\ntensor A[n, n]", "A.T == A\nwhere A == A.T", "A == 2 * A"),
    ("dims n\ntensor A[n, n], u[n]", "A @ u == 0 * u\nwhere A @ u == 0 * u", "A == 0 * A"),
    ("dims n\ntensor x[n], y[n]", "x * y == x\nwhere y == ones(n)", "x == 0 * x"),
    (CONVOLUTION, "grad(J, w) == corr(rot180(a), delta, valid)\nwhere delta == rot180(delta)", "w == 0 * w"),
]  # fmt: skip


@pytest.mark.parametrize(("given", "text", "other"), HYPOTHESES)
def test_hypotheses_are_constructed(given: str, text: str, other: str) -> None:
    """Under its hypothesis a claim agrees at every size; the data satisfy it exactly and are not degenerate."""
    found = agrees(given, text)
    assert found.method == "exact"
    hypothesis = text.split("\n")[1]
    witness = fails(given, f"{other}\n{hypothesis}")  # the data are not all 0
    assert witness.data
    it, one = link(given, text)
    needs = ingredients(it, one)
    for sizes in crosscheck.sizes_by_sum(it.context, it.conditions, 6):
        for seed in range(3):
            data = data_for(needs, sizes, Manner(seed=seed))
            assert satisfied(needs, sizes, data, exact=True).all()


def test_a_witness_obeys_the_hypothesis() -> None:
    """The data of a witness satisfy the claim's hypothesis."""
    witness = fails("dims n where n >= 2\ntensor k[n, n]", "k == k.T\nwhere k == rot180(k)")
    k = np.array(witness.data["k"])
    assert np.array_equal(k, np.rot90(k, 2))
    assert not np.array_equal(k, k.T)
    witness = fails("dims n\ntensor x[n]\nassume x > 2", "x == 0 * x")
    assert all(Fraction(entry) > 2 for entry in witness.data["x"])


def test_contradictory_hypotheses_claim_nothing() -> None:
    """Where no data satisfy the hypotheses, nothing is claimed: no evidence, no witness."""
    it, one = link("dims n\ntensor x[n]", "x == 2 * x\nwhere sum(x) == sum(x) + 1")
    found, witness = crosscheck.evidence(it, one)
    assert (found.shapes, witness) == (0, None)
    assert "no data satisfy" in found.note
    assert crosscheck.agree_at(it, one, {"n": 2}) is True


def test_hypotheses_that_cannot_be_constructed_are_named() -> None:
    """A hypothesis that is not linear in any tensor gives no evidence, and the note says why."""
    found, witness = judged("dims n\ntensor x[n]", "x == 2 * x\nwhere sum(x * x * x * x) == 7")
    assert (found.shapes, witness) == (0, None)
    assert "not linear" in found.note


@pytest.mark.parametrize("operator", [">", ">=", "<", "<=", "!="])
def test_assumptions_are_built(operator: str) -> None:
    """`assume x > y` and its like hold for the data in every entry."""
    agrees(f"dims n\ntensor x[n], y[n]\nassume x {operator} y", f"[x {operator} y] == ones(n)")


def test_false_claims_need_no_ties() -> None:
    """A witness about maxima has no ties and still small data."""
    witness = fails(
        "dims h, w, n where n <= h, n <= w\ntensor x[h, w]\nassume unique_max(x, n)\nz = max_pool(x, n)\nloss J(z)\n"
        "g = grad(J, z)",
        "grad(J, x) == resize(up(g, n), h, w)",
    )
    assert witness.sizes == {"h": 2, "w": 2, "n": 2}
    x = np.array(witness.data["x"])
    assert (x == x.max()).sum() == 1
    assert np.abs(x).max() <= 4


# -- the published claims ---------------------------------------------------------------------------------------------

ACCEPTANCE = Path(__file__).resolve().parents[3] / "shared" / "acceptance"
FILES = sorted(ACCEPTANCE.glob("*.md")) if ACCEPTANCE.is_dir() else []


@pytest.mark.skipif(not FILES, reason="the acceptance files are not beside the project")
@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.name))
def test_acceptance_claims_have_the_expected_evidence(path: Path) -> None:
    """Proved claims agree at every size tried; at each size, conditional ones agree exactly in their region."""
    for it in Document.read(path).claims:
        for number, one in enumerate(it.links, 1):
            check_expected(it, one, number)


def check_expected(it: Claim, one: Link, number: int) -> None:
    expected = it.expectation(number)
    found, witness = crosscheck.evidence(it, one)
    assert found.shapes > 0, (it.id, found)
    if expected.kind == "proved":
        assert witness is None, (it.id, witness)
        assert found.agreed == found.shapes
    elif expected.kind == "refuted":
        assert found.agreed == 0, it.id
    elif expected.region is not None:
        assert witness is not None, it.id
        assert not evaluate_condition(expected.region, dict(witness.sizes)), it.id
        for sizes in crosscheck.sizes_by_sum(it.context, it.conditions, 6):
            assert crosscheck.agree_at(it, one, sizes) is evaluate_condition(expected.region, sizes), (it.id, sizes)


def test_a_chain_has_evidence_for_each_link() -> None:
    """The first wrong step of a chain is the link with a witness."""
    chain = claim(CONVOLUTION, "grad(J, b) == sum(delta) == sum[i, j](delta[i, j]) == sum(delta.T) / 2")
    witnesses = [crosscheck.evidence(chain, one)[1] for one in chain.links]
    assert [witness is None for witness in witnesses] == [True, True, False]


@pytest.mark.parametrize("least", [60, 200])
def test_large_sizes_have_a_limit(least: int) -> None:
    """Where even the smallest sizes are large, few are evaluated or none, and the note says so; nothing is guessed."""
    found, witness = judged(
        f"dims N >= {least}, m where m <= N\ntensor a[N, N], w[m, m]\nz = conv(a, w, valid)\nloss J(z)",
        "grad(J, a) == conv(grad(J, z), rot180(w), full)",
    )
    assert witness is None
    assert found.shapes == found.agreed <= 2
    assert found.shapes or "not evaluated at 1 sizes" in found.note
