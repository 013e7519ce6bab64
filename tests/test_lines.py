"""Lines of a terminal: nothing is lost in folding, nothing passes the margin, and an equation is not torn."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.text import Text

from derivations.judgement.verdict import Verdict, Witness
from derivations.show.lines import details, difference, folded, line

PIECES = ("H = 1,", "W = 2", "m == 1", "(a // b)", "holds where", "proved", "   at", "entry (0):", "卷积卷积", "x" * 50)
WORDS = st.sampled_from((*PIECES, "  "))


@given(st.lists(WORDS, max_size=25).map(" ".join), st.integers(20, 100))
def test_folding_loses_nothing_and_passes_no_margin(plain: str, width: int) -> None:
    """Of any line the words come out in their order, and every line fits."""
    found = folded(Text(plain, "red"), width)
    assert re.sub(r"\s", "", "".join(part.plain for part in found)) == re.sub(r"\s", "", plain)
    assert all(cell_len(part.plain) <= width for part in found)


@given(st.integers(20, 100), st.integers(0, 12))
def test_equations_are_not_torn(width: int, count: int) -> None:
    """`n1 = 1` stands in one line."""
    plain = "  ✓ a  holds where m == 1   at " + ", ".join(f"n{k} = {k}" for k in range(count))
    assert not any(re.search(r"(=|n\d+)$", part.plain) for part in folded(Text(plain), width))


WITNESS = Witness({"H": 1, "W": 2}, index=(0, 1), left="0", right="1")
VERDICT = Verdict(
    document="a.md", id="S2-19-one-map-with-a-long-name", link=2, reading={"star": "conv", "mode": "valid"}, line=1,
    statement="x == y", verdict="holds where", holds_where="m == 1, n == 1", witness=WITNESS,
)  # fmt: skip


def test_the_counterexample_begins_a_line() -> None:
    """Where a verdict with a long name does not fit, its counterexample stands in a line of its own."""
    found = [part.plain for part in folded(line(VERDICT, 40), 80)]
    assert found[-1] == "      at H = 1, W = 2: entry (0, 1): left 0, right 1"
    assert "m == 1, n == 1" in " ".join(found[:-1])


def test_shapes_in_words() -> None:
    """What differs in shape is said as one would: a scalar, entries, rows and columns, or nothing at all."""

    def said(left: tuple[int, ...] | None, right: tuple[int, ...] | None) -> str:
        return difference(Witness({}, left_shape=left, right_shape=right, reason="why"))

    assert said((), None) == "left is a scalar, right does not exist (why)"
    assert said((1,), (3,)) == "left has 1 entry, right has 3 entries"
    assert said((2, 3), (3, 2)) == "left has shape 2 × 3, right has shape 3 × 2"


def test_a_claims_own_conditions_stand_below_it() -> None:
    """`check` and `explain` show a claim with its where lines."""
    shown = [text.plain for text in details(VERDICT, conditions=["m <= H"])]
    assert shown[2:4] == ["    x == y", "    where m <= H"]
