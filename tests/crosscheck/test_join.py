"""The two meanings together: whatever the kernel said wrongly, inside a region or outside, is contradicted."""

from __future__ import annotations

import pytest
from claims import link

from derivations import crosscheck
from derivations.core import terms as k
from derivations.core.terms import Int
from derivations.judgement import judge as judging
from derivations.judgement.judge import judge_link
from derivations.judgement.means import Symbolic
from derivations.judgement.verdict import Verdict
from derivations.search.learning import Region
from derivations.search.vocabulary import Literal
from derivations.show.lines import line

GIVEN = "dims n, m\ntensor x[n]"
TRUE_WHERE_M_IS_1 = "m * x == rot180(rot180(x))"


def at(name: str, value: int) -> Literal:
    return Literal(f"{name} == {value}", k.equal(Int.symbol(name), value), 1)


def said(monkeypatch: pytest.MonkeyPatch, given: str, text: str, symbolic: Symbolic) -> Verdict:
    """The verdict if the kernel were to say this."""
    monkeypatch.setattr(judging, "decide", lambda claim, one, solver: symbolic)
    return judge_link(link(given, text)[0], 1)


def test_a_right_region_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    """Inside it both sides agree, outside they differ: the kernel's word is the verdict."""
    right = Symbolic("holds where", Region(((at("m", 1),),)), {"n": 1, "m": 2})
    found = said(monkeypatch, GIVEN, TRUE_WHERE_M_IS_1, right)
    assert (found.verdict, found.holds_where, found.contradiction) == ("holds where", "m == 1", "")


WRONG = [
    Symbolic("proved"),
    Symbolic("refuted", Region(()), {"n": 1, "m": 2}),  # it holds at m == 1
    Symbolic("holds where", Region(((at("m", 1), at("n", 1)),)), {"n": 1, "m": 2}),  # too small
    Symbolic("holds where", Region(((at("m", 1),), (at("m", 2),))), {"n": 1, "m": 3}),  # too large
]


@pytest.mark.parametrize("symbolic", WRONG)
def test_a_wrong_word_or_region_is_a_contradiction(monkeypatch: pytest.MonkeyPatch, symbolic: Symbolic) -> None:
    """Proved of the false, refuted where it holds, a region too small or too large: none becomes a verdict."""
    found = said(monkeypatch, GIVEN, TRUE_WHERE_M_IS_1, symbolic)
    assert found.verdict == "undecided"
    assert found.contradiction
    assert not found.as_expected


def test_agreement_outside_needs_all_data() -> None:
    """A claim that few data refute is not taken for true outside its region."""
    it, one = link("dims n\ntensor x[n]", "relu(x) == x")
    assert crosscheck.agrees_outside(it, one, lambda sizes: False) is None
    it, one = link("dims n, m\ntensor x[n]", "m * relu(x) == relu(x)")
    assert crosscheck.agrees_outside(it, one, lambda sizes: False) == {"n": 1, "m": 1}
    assert crosscheck.agrees_outside(it, one, lambda sizes: sizes["m"] == 1) is None


def test_proved_without_evidence_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no shape could be evaluated, the word stands with the reason, in the record and in the line."""
    given = "dims N >= 100000\ntensor a[N, N]"
    found = said(monkeypatch, given, "a.T.T == a", Symbolic("proved"))
    assert (found.verdict, found.evidence.shapes) == ("proved", 0)
    assert "by proof alone" in found.reason
    assert "entries of a" in line(found).plain


def test_a_divisor_that_is_0_for_all_data_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proof of what exists for no data contradicts the numbers."""
    assert said(monkeypatch, "dims n\ntensor x[n]", "1/(x - x) == 1/(x - x)", Symbolic("proved")).contradiction


def test_proved_of_no_data_is_undecided(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proof under conditions that no data were found to meet is no proof of anything."""
    for text in ("1/[x < x] == 1/[x < x]", "x == 2 * x\nwhere sum(x) == sum(x) + 1"):
        found = said(monkeypatch, "dims n\ntensor x[n]", text, Symbolic("proved"))
        assert found.verdict == "undecided"
        assert "none were found" in found.reason
        assert not found.contradiction
