"""Loops that are left by `break` are read where the turn is a matter of sizes; what else leaves a loop,
or calls itself, is refused with its line and what to write."""

from __future__ import annotations

from pathlib import Path

import pytest

from derivations.language.errors import InputError
from derivations.reading.prove import prove_layer

FILE = Path(__file__).parent / "layers" / "leaving.py"
POOL = "x: n; k >= 1; s >= 1; k <= n; k = k; s = s"


def prove(forward: str, backward: str, given: str):  # type: ignore[no-untyped-def]
    return prove_layer(f"{FILE}:{forward}", f"{FILE}:{backward}", given)


@pytest.mark.parametrize(
    ("forward", "backward", "given"),
    [
        ("pool", "pool_backward", POOL),
        ("both", "both_backward_ordered", "x: n; m = m; m >= 0"),
        ("items", "items_backward", "x: n"),
    ],
)
def test_a_loop_is_left_where_sizes_say(forward: str, backward: str, given: str) -> None:
    """The turns before a `break` are counted, in `for`, `while` and over items; reading and code agree."""
    found = prove(forward, backward, given)
    assert [one.word for one in found.gradients] == ["proved"], found
    assert found.agreement is not None
    assert found.agreement.difference is None
    assert found.agreement.shapes >= 20


def test_a_loop_that_is_left_too_early_is_found() -> None:
    """`>=` for `>` leaves out the window that ends with the data: the smallest size at which that is wrong is shown."""
    (data,) = prove("pool", "pool_backward_early", POOL).gradients
    assert data.word in ("holds where", "refuted", "false")
    assert data.counterexample is not None


@pytest.mark.parametrize(
    ("forward", "given", "line", "message"),
    [
        ("after", "x: n", "if i > 2", "do more than name sums and products"),
        ("on_data", "x: n", "x[i] > 2", "a branch on data"),
        ("inside", "x: n", "break", "in the loop's own body"),
        ("power", "x: n; n = m; m >= 1", "power(x, n - 1)", "power calls itself"),
    ],
)
def test_what_is_not_seen_is_refused(forward: str, given: str, line: str, message: str) -> None:
    """With the line, the reason, and what to write instead."""
    with pytest.raises(InputError) as caught:
        prove(forward, "same", given)
    said = str(caught.value)
    assert message in said
    assert line in said
    assert "fix: " in said


def test_an_equality_leaves_no_loop() -> None:
    """`if i == m: break` need not stay true, so it is refused rather than taken for `i >= m`."""
    with pytest.raises(InputError, match="does not grow with the turns"):
        prove("both", "both_backward", "x: n; m = m; m >= 0")
