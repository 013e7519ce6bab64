"""Each mend of a known fault, taken out again: the fault is back.

A mend that can be taken out without anything changing is not tested, or not needed. `kept` is what is said with it;
without it something else is, or the run fails. The mends of the referee and of the laws of the kernel have their own
tests (`kernel/test_laws.py`, `test_relations.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

import derivations.crosscheck as crosscheck
from derivations.core import heads
from derivations.crosscheck import comparison
from derivations.judgement import decision
from derivations.judgement.judge import judge
from derivations.language.document import Document
from derivations.meaning import elementwise, existence

Patch = pytest.MonkeyPatch


def heads_mention_nothing(patch: Patch) -> None:
    """What a head is a function of is not asked."""
    patch.setattr(heads.Head, "mentions", property(lambda self: frozenset()))


def domains_are_supposed(patch: Patch) -> None:
    """Logarithms, roots and quotients exist always."""
    patch.setattr(existence, "_in_domain", lambda *arguments: iter(()))


def indexed_tensors_are_supposed(patch: Patch) -> None:
    """What a free index runs along exists always."""
    patch.setattr(type(claim_of("dims n\ntensor x[n]", "x[i] == x[i]").links[0]), "indexed", ())


def equal_arguments_are_not_seen(patch: Patch) -> None:
    """Functions of arguments that are equal and look different are different unknowns."""
    patch.setattr(elementwise, "known_equal", lambda lowering, name, argument, formals, guard: argument)


def unknowns_are_independent(patch: Patch) -> None:
    """Whether unknowns may depend on each other is not asked."""
    patch.setattr(decision, "independent", lambda *arguments: True)
    patch.setattr(decision, "relations_met", lambda *arguments: False)


def the_outside_is_not_tried(patch: Patch) -> None:
    """A region's outside is not evaluated; the unknowns are not asked either, or there would be nothing to catch."""
    unknowns_are_independent(patch)
    patch.setattr(crosscheck, "agrees_outside", lambda *arguments, **options: None)


def rounding_is_a_difference(patch: Patch) -> None:
    """Floating values that are not near differ."""
    original = comparison._floating

    def hasty(left: Any, right: Any) -> comparison.Comparison:
        found = original(left, right)
        return found if found.agree is not None else comparison._first(left != right, left, right, {})

    patch.setattr(comparison, "_floating", hasty)


@dataclass(frozen=True)
class Mend:
    """A mechanism that can be taken out, the fault's claim in its context, and what is said with the mechanism."""

    out: Callable[[Patch], None]
    given: str
    text: str
    kept: str


BACKWARDS = """dims p, q, r
tensor x[p], W[q, p], V[r, q]
function f
z1 = W @ x
a1 = f(z1)
z2 = V @ a1
a2 = f(z2)
loss J(a2)"""
MIRRORED = "dims n, m\ntensor x[n]\nfunction f\nu = x + flip(x, 0)"
MENDS = [
    Mend(heads_mention_nothing, BACKWARDS, "grad(J, z1) == (V.T @ grad(J, z2)) * f'(z1)", "proved"),
    Mend(domains_are_supposed, "dims n\ntensor x[n]", "log(n - 1)*x == x*log(n - 1)", "holds where n >= 2"),
    Mend(domains_are_supposed, "dims n\ntensor x[n], y[n]", "1/(x - x) == 1/(y - y)", "refuted"),
    Mend(indexed_tensors_are_supposed, "dims n, m\ntensor x[n], k[m]", "conv(x, k)[i] == conv(x, k)[i]",
         "holds where m <= n"),
    Mend(equal_arguments_are_not_seen, "dims n\ntensor x[n]\nfunction f", "f(x + x) == f(2*x)", "proved"),
    Mend(unknowns_are_independent, MIRRORED, "m * f(u) == flip(f(u), 0)", "holds where m == 1"),
    Mend(the_outside_is_not_tried, MIRRORED, "f(u) == flip(f(u), 0)", "proved"),
    Mend(rounding_is_a_difference, "dims n\ntensor x[n], y[n]", "exp(30 + x) + y - exp(30 + x) == y", "proved"),
]  # fmt: skip


def claim_of(given: str, text: str) -> Any:
    return Document.parse(f"```given\n{given}\n```\n```claim c\n{text}\n```\n").claims[0]


def said(given: str, text: str) -> str:
    """The verdict with its region and its contradiction, or the kind of failure."""
    try:
        (verdict,) = judge(claim_of(given, text))
    except Exception as error:
        return type(error).__name__
    where = f" where {verdict.holds_where}" if verdict.holds_where else ""
    return verdict.contradiction or f"{verdict.verdict.removesuffix(' where')}{where}"


@pytest.mark.parametrize("mend", MENDS, ids=lambda mend: mend.out.__name__)
def test_every_mend_is_needed(mend: Mend, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the mend the claim has its verdict, without it another."""
    assert said(mend.given, mend.text) == mend.kept
    mend.out(monkeypatch)
    assert said(mend.given, mend.text) != mend.kept


def test_a_region_outside_which_the_sides_agree_is_a_contradiction(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where search takes one unknown for two, the outside tells."""
    unknowns_are_independent(monkeypatch)
    assert "numeric/ finds both sides equal" in said(MIRRORED, "f(u) == flip(f(u), 0)")
