"""Signs that formulas show: what is called positive is, whatever data and sizes; what verdicts suppose beside them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st

from derivations import given
from derivations.crosscheck import DoesNotExist, NotEvaluable, Tie, evaluate
from derivations.language.document import parse_context, parse_expression
from derivations.language.errors import InputError
from derivations.meaning.evident import Evident
from derivations.meaning.goal import context_condition
from derivations.meaning.lowering import Lowering
from derivations.meaning.signs import Sign, Signs, bounds_of

CONTEXT = """dims n, m where m <= n
tensor x[n], y[n], A[n, m]
scalar e, h
assume e > 0
assume h >= 0
s[i in 0..n-1] = sum[j in 0..m-1](A[i, j]**2)"""
ROWS = st.sampled_from(["x", "y", "s", "x[0:n]", "sum(A, 1)", "entries[i in 0..n-1](A[i, 0])", "softmax(x)"])
NUMBERS = st.sampled_from(["n", "m", "n - m", "1/2", "0", "-1", "e", "h", "max(x)", "mean(y)", "pi()"])


def _joined(part: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    pairs = st.tuples(part, part)
    return st.one_of(
        st.sampled_from(["exp", "log", "sqrt", "tanh", "sigmoid", "softplus", "relu", "abs"]).flatmap(
            lambda name: part.map(lambda inner: f"{name}({inner})")
        ),
        pairs.map(lambda both: f"({both[0]} + {both[1]})"),
        pairs.map(lambda both: f"({both[0]} - {both[1]})"),
        pairs.map(lambda both: f"({both[0]} * {both[1]})"),
        part.map(lambda one: f"({one} * {one})"),
        pairs.map(lambda both: f"({both[0]} / {both[1]})"),
        st.tuples(part, st.sampled_from(["2", "3", "(-2)", "(1/2)", "(-1/2)", "0"])).map(lambda p: f"({p[0]})**{p[1]}"),
    )


ROW = st.recursive(ROWS, _joined, max_leaves=5)
NUMBER = st.one_of(
    st.recursive(NUMBERS, _joined, max_leaves=4),
    ROW.map(lambda row: f"sum({row})"),
    ROW.map(lambda row: f"mean({row})"),
    ROW.map(lambda row: f"max({row})"),
)
FORMULA = st.one_of(ROW, NUMBER, st.tuples(ROW, NUMBER).map(lambda both: f"({both[0]}) * ({both[1]}) + ({both[1]})**2"))


@settings(max_examples=250, deadline=None)
@for_all(FORMULA, st.integers(0, 2**32))
def test_what_is_evident_is_so(text: str, seed: int) -> None:
    """A formula that is called positive, or not negative, has no other entries at any sizes and data."""
    ((_, context),) = parse_context(CONTEXT)
    try:
        node = parse_expression(text, context)
    except InputError:  # a root of sizes, a division by 0
        return
    lowering = Lowering()
    signs = Signs(context_condition(lowering, context), bounds_of(context.assumptions))
    sign = Evident(lowering, signs, frozenset({"n", "m"})).sign(node)
    if sign is None:
        return
    chance = np.random.default_rng(seed)
    for n, m in ((1, 1), (2, 1), (3, 3)):
        data = {name: chance.integers(-3, 4, size).astype(float) for name, size in
                (("x", n), ("y", n), ("A", (n, m)), ("e", ()), ("h", ()))}  # fmt: skip
        data["e"], data["h"] = np.abs(data["e"]) + 0.5, np.abs(data["h"])
        try:
            with np.errstate(all="ignore"):
                found = np.asarray(evaluate(node, {"n": n, "m": m}, data, exact=False), dtype=float)
        except (DoesNotExist, NotEvaluable, Tie, ZeroDivisionError, OverflowError):
            continue
        found = found[np.isfinite(found)]
        # what floating point rounds to 0 is no counterexample
        assert (found >= (0 if sign is Sign.POSITIVE else -1e-9)).all(), (sign, found)


@pytest.mark.parametrize(
    ("claim", "supposed"),
    [
        ("log(1 + exp(x[i])) == softplus(x[i])", []),
        ("x[i] / sqrt(sum[j](x[j]**2) + e) * sqrt(sum[j](x[j]**2) + e) == x[i]", ["e > 0"]),
        ("exp(x[i]) / sum[j in 0..n-1](exp(x[j])) == softmax(x)[i]", []),
        ("x[i] / sqrt(n) * sqrt(n) == x[i]", []),
        ("sqrt(x[i])**2 == x[i]", ["no entry of x[i] is negative"]),
        ("y[i] / x[i] * x[i] == y[i]", ["no entry of x[i] is 0"]),
        ("y[i] / x[i]**2 * x[i]**2 == y[i]", ["no entry of x[i]**2 is 0"]),
        ("y[i] / sqrt(h) * sqrt(h) == y[i]", ["h >= 0", "no entry of sqrt(h) is 0"]),
    ],
)
def test_a_verdict_names_what_is_not_evident(claim: str, supposed: list[str]) -> None:
    """What a formula's own writing shows is not among what a proof supposes, an assumption is where it is used."""
    found = given(CONTEXT).judge(claim, steps=False, repair=False)
    assert (found.verdict, found.contradiction) == ("proved", "")
    assert list(found.axioms) == supposed
